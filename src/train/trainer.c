/* The training loop: batches in, steps, validation, log and checkpoints, a trained model out. */
#define _POSIX_C_SOURCE 200809L
#include "train/trainer.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/error.h"
#include "core/mem.h"
#include "train/checkpoint.h"
#include "train/export.h"
#include "train/log.h"

#define PROGRESS_SECONDS 1.0

typedef struct meter { /* means over the steps since it was emptied */
    loss_value sum;
    double grad_norm, samples, started;
    size_t steps;
} meter;

typedef struct trainer {
    const trainer_options *opt;
    const data_set *val;
    const trainer_hooks *hooks;
    pool *pool;
    net_graph *graph;
    train_net *net;
    optim *optim;
    loader *loader, *val_loader;
    class_weights classes;
    FILE *log;
    uint64_t step, first; /* first: where this process began */
    bool stopping;        /* seen after the last step; what is due then was done */
    double start, last_checkpoint;
    double val_nme, best_nme; /* percent; NaN: not yet */
    uint64_t best_step;
    meter logged, shown;
    checkpoint_item *items; /* [n_items] of a checkpoint */
    size_t n_items;
    uint64_t saved[4]; /* numbers among the items: see fill_saved() */
    uint64_t outputs;  /* 2N: told apart first when nets don't match */
} trainer;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void tell(const trainer *t, const char *text)
{
    if (t->hooks && t->hooks->message)
        t->hooks->message(t->hooks->ctx, text);
}

static bool path_in(const trainer *t, const char *name, char *buf, size_t size)
{
    int n = snprintf(buf, size, "%s/%s", t->opt->dir, name);

    return n >= 0 && (size_t)n < size;
}

/* ---- meters ---- */

static void meter_add(meter *m, const loss_value *v, double norm, size_t samples)
{
    m->sum.total += v->total;
    m->sum.distance += v->distance;
    m->sum.geometry += v->geometry;
    m->sum.angle_error += v->angle_error;
    m->grad_norm += norm;
    m->samples += (double)samples;
    m->steps++;
}

static void meter_reset(meter *m)
{
    *m = (meter){.started = now()};
}

static trainer_status status_of(const trainer *t, const meter *m)
{
    double n = m->steps ? (double)m->steps : 1, seconds = now() - m->started;

    return (trainer_status){.step = t->step,
                            .steps = t->opt->steps,
                            .seconds = now() - t->start,
                            .samples_per_second = seconds > 0 ? m->samples / seconds : 0,
                            .rate = optim_rate(t->optim),
                            .grad_norm = m->grad_norm / n,
                            .loss = {.total = m->sum.total / n,
                                     .distance = m->sum.distance / n,
                                     .geometry = m->sum.geometry / n,
                                     .angle_error = m->sum.angle_error / n},
                            .val_nme = t->val_nme,
                            .best_nme = t->best_nme,
                            .best_step = t->best_step,
                            .engine_bytes = train_bytes(t->net)};
}

/* JSON has no NaN. */
static const char *json_number(double x, char *buf, size_t size)
{
    snprintf(buf, size, isfinite(x) ? "%.9g" : "null", x);
    return buf;
}

static pfld_status write_log(trainer *t, pfld_error *err)
{
    trainer_status s = status_of(t, &t->logged);
    char val[32], best[32], norm[32], total[32];
    int n =
        fprintf(t->log,
                "{\"v\":1,\"step\":%llu,\"seconds\":%.1f,\"samples_per_second\":%.1f,"
                "\"rate\":%.6g,\"loss\":%s,\"distance\":%.9g,\"geometry\":%.9g,"
                "\"angle_error\":%.6g,\"grad_norm\":%s,\"val_nme\":%s,\"best_nme\":%s,\"best_"
                "step\":%llu}\n",
                (unsigned long long)s.step, s.seconds, s.samples_per_second, s.rate,
                json_number(s.loss.total, total, sizeof total), s.loss.distance, s.loss.geometry,
                s.loss.angle_error, json_number(s.grad_norm, norm, sizeof norm),
                json_number(s.val_nme, val, sizeof val), json_number(s.best_nme, best, sizeof best),
                (unsigned long long)s.best_step);

    meter_reset(&t->logged);
    if (n < 0 || fflush(t->log) != 0)
        return error_sys(err, errno, "%s/log.jsonl", t->opt->dir);
    return PFLD_OK;
}

/* ---- one step ---- */

typedef struct fill_task {
    const batch *b;
    real *input;
    size_t pixels; /* bytes of one crop */
} fill_task;

static void fill_sample(void *ctx, size_t i, size_t thread)
{
    const fill_task *f = ctx;
    const uint8_t *src = f->b->crops + i * f->pixels;
    real *dst = f->input + i * f->pixels;
    size_t j;

    (void)thread;
    for (j = 0; j < f->pixels; j++)
        dst[j] = export_input(src[j]);
}

static void fill_input(trainer *t, const batch *b)
{
    size_t side = (size_t)t->opt->arch.size;
    fill_task f = {b, train_input(t->net), side * side * 3};

    pool_run(t->pool, fill_sample, &f, b->n);
}

static loss_value batch_loss(trainer *t, const batch *b)
{
    bool aux = t->opt->arch.auxiliary;
    loss_batch l = {.n = b->n,
                    .points = (size_t)t->opt->arch.points,
                    .predicted = train_output(t->net, 0),
                    .truth = b->points,
                    .mask = b->mask,
                    .angles = aux ? train_output(t->net, 1) : NULL,
                    .angles_truth = b->angles,
                    .weight = b->weight,
                    .grad = train_output_grad(t->net, 0),
                    .grad_angles = aux ? train_output_grad(t->net, 1) : NULL};

    return loss_eval(&t->opt->loss, &l);
}

static pfld_status train_step(trainer *t, pfld_error *err)
{
    batch b;
    loss_value v;
    double norm;
    pfld_status st = loader_get(t->loader, t->step, &b, err);

    if (st != PFLD_OK)
        return st;
    fill_input(t, &b);
    train_forward(t->net, b.n, true);
    v = batch_loss(t, &b);
    train_backward(t->net);
    norm = optim_step(t->optim, t->pool);
    t->step++;
    if (!isfinite(norm) || !isfinite(v.total))
        return error_set(
            err, PFLD_ERR_ARG,
            "step %llu: the loss is %g, the gradient %g: the learning rate is too high",
            (unsigned long long)t->step, v.total, norm);
    meter_add(&t->logged, &v, norm, b.n);
    meter_add(&t->shown, &v, norm, b.n);
    return PFLD_OK;
}

/* ---- validation ---- */

/* Mean distance over the eye corners' distance, in percent; NaN where not all points are known. */
static double face_nme(const scheme *s, const float *truth, const real *predicted,
                       const float *mask)
{
    const float *r = truth + 2 * (size_t)s->right_eye_outer,
                *l = truth + 2 * (size_t)s->left_eye_outer;
    double sum = 0, eyes = hypot((double)(r[0] - l[0]), (double)(r[1] - l[1]));
    size_t i;

    for (i = 0; i < (size_t)s->n; i++) {
        if (mask[i] <= 0)
            return (double)NAN;
        sum += hypot((double)(truth[2 * i] - predicted[2 * i]),
                     (double)(truth[2 * i + 1] - predicted[2 * i + 1]));
    }
    return 100.0 * sum / s->n / eyes;
}

static pfld_status add_val_batches(trainer *t, double *sum, size_t *n, pfld_error *err)
{
    uint64_t at;
    size_t i, points = (size_t)t->opt->arch.points;

    for (at = 0;; at++) {
        batch b;
        const real *out;
        pfld_status st = loader_get(t->val_loader, at, &b, err);
        if (st != PFLD_OK || b.n == 0)
            return st;
        fill_input(t, &b);
        train_forward(t->net, b.n, false);
        out = train_output(t->net, 0);
        for (i = 0; i < b.n; i++) {
            double e = face_nme(t->opt->loader.scheme, b.points + 2 * i * points,
                                out + 2 * i * points, b.mask + i * points);
            if (isnan(e))
                continue;
            *sum += e;
            ++*n;
        }
    }
}

static pfld_status export_as(trainer *t, const char *name, pfld_error *err)
{
    char path[4096], metrics[96];
    export_facts f = {.scheme = t->opt->loader.scheme->name,
                      .training = t->opt->recipe,
                      .metrics = metrics,
                      .licence = t->opt->licence,
                      .crop = t->opt->loader.rule};

    if (!path_in(t, name, path, sizeof path))
        return error_set(err, PFLD_ERR_ARG, "%.80s: the name is too long", t->opt->dir);
    snprintf(metrics, sizeof metrics, "{\"step\":%llu,\"val_nme_inter_ocular\":%.4f}",
             (unsigned long long)t->step, t->val_nme);
    if (isnan(t->val_nme))
        f.metrics = NULL;
    return export_onnx(t->net, &f, path, err);
}

/* With the averaged weights, which are what is exported. */
static pfld_status validate(trainer *t, pfld_error *err)
{
    double sum = 0;
    size_t n = 0;
    pfld_status st;

    if (!t->val_loader)
        return PFLD_OK;
    optim_swap_ema(t->optim);
    st = add_val_batches(t, &sum, &n, err);
    t->val_nme = n ? sum / (double)n : (double)NAN;
    if (st == PFLD_OK && n && !(t->val_nme >= t->best_nme)) {
        t->best_nme = t->val_nme;
        t->best_step = t->step;
        st = export_as(t, "best.onnx", err);
    }
    optim_swap_ema(t->optim);
    return st;
}

/* ---- checkpoints ---- */

static void fill_saved(trainer *t)
{
    t->saved[0] = t->step;
    memcpy(&t->saved[1], &t->best_nme, sizeof t->best_nme);
    t->saved[2] = t->best_step;
    t->saved[3] = optim_steps(t->optim);
}

static void take_saved(trainer *t)
{
    t->step = t->saved[0];
    memcpy(&t->best_nme, &t->saved[1], sizeof t->best_nme);
    t->best_step = t->saved[2];
    optim_set_steps(t->optim, t->saved[3]);
}

static void add_arrays(trainer *t, size_t n, train_param (*at)(const train_net *, size_t))
{
    size_t i;

    for (i = 0; i < n; i++) {
        train_param p = at(t->net, i);
        t->items[t->n_items++] =
            (checkpoint_item){.name = p.name, .kind = CHECKPOINT_REAL, .n = p.n, .data = p.value};
    }
}

static pfld_status list_items(trainer *t, pfld_error *err)
{
    size_t params = train_param_count(t->net), states = train_state_count(t->net);
    size_t moments = optim_state_count(t->optim), i;
    void *recipe;

    t->items = mem_alloc(params + states + moments + 4, sizeof *t->items);
    if (!t->items)
        return error_nomem(err);
    t->items[t->n_items++] = (checkpoint_item){
        .name = "outputs", .kind = CHECKPOINT_U64, .n = 1, .data = &t->outputs, .what = "outputs"};
    t->items[t->n_items++] =
        (checkpoint_item){.name = "run", .kind = CHECKPOINT_U64, .n = 4, .data = t->saved};
    /* A text is only read.  NOLINTNEXTLINE(performance-no-int-to-ptr) */
    recipe = (void *)(uintptr_t)t->opt->recipe;
    t->items[t->n_items++] = (checkpoint_item){
        .name = "recipe", .kind = CHECKPOINT_TEXT, .n = strlen(t->opt->recipe), .data = recipe};
    add_arrays(t, params, train_param_at);
    add_arrays(t, states, train_state_at);
    for (i = 0; i < moments; i++) {
        train_param p = optim_state_at(t->optim, i);
        t->items[t->n_items++] =
            (checkpoint_item){.name = p.name, .kind = CHECKPOINT_REAL, .n = p.n, .data = p.value};
    }
    return PFLD_OK;
}

static pfld_status save(trainer *t, pfld_error *err)
{
    char path[4096];

    if (!path_in(t, "checkpoint", path, sizeof path))
        return error_set(err, PFLD_ERR_ARG, "%.80s: the name is too long", t->opt->dir);
    fill_saved(t);
    t->last_checkpoint = now();
    return checkpoint_write(path, t->items, t->n_items, err);
}

static pfld_status restore(trainer *t, const checkpoint *c, pfld_error *err)
{
    const checkpoint_item *recipe = checkpoint_find(c, "recipe");
    pfld_status st;

    if (recipe && recipe->kind == CHECKPOINT_TEXT && strcmp(recipe->data, t->opt->recipe) != 0)
        return error_set(err, PFLD_ERR_ARG, "%s/checkpoint is of a run with other options or data",
                         t->opt->dir);
    st = checkpoint_restore(c, t->items, t->n_items, err);
    if (st == PFLD_OK)
        take_saved(t);
    return st;
}

static pfld_status resume(trainer *t, pfld_error *err)
{
    char path[4096], text[400];
    checkpoint *c = NULL;
    pfld_error note = {0};
    pfld_status st;

    if (!path_in(t, "checkpoint", path, sizeof path))
        return error_set(err, PFLD_ERR_ARG, "%.80s: the name is too long", t->opt->dir);
    st = checkpoint_read(path, &c, &note, err);
    if (st == PFLD_ERR_IO && err->sys == ENOENT) {
        tell(t, "no checkpoint yet: starting from the beginning");
        return PFLD_OK;
    }
    if (st == PFLD_OK && note.msg[0]) {
        snprintf(text, sizeof text, "%s: going on from the one before", note.msg);
        tell(t, text);
    }
    if (st == PFLD_OK)
        st = restore(t, c, err);
    if (st == PFLD_OK) {
        snprintf(text, sizeof text, "going on from step %llu", (unsigned long long)t->step);
        tell(t, text);
    }
    checkpoint_free(c);
    return st;
}

/* ---- the run ---- */

static bool wants_stop(const trainer *t)
{
    const trainer_options *o = t->opt;

    return (o->stop && *o->stop) || (o->stop_after && t->step - t->first >= o->stop_after);
}

static void show_progress(trainer *t)
{
    trainer_status s = status_of(t, &t->shown);

    if (t->hooks && t->hooks->progress)
        t->hooks->progress(t->hooks->ctx, &s);
    meter_reset(&t->shown);
}

/* What is due after a step: validation, log line, checkpoint, curves, progress line. */
static pfld_status after_step(trainer *t, pfld_error *err)
{
    const trainer_options *o = t->opt;
    bool end = t->step == o->steps;
    bool validated = end || (o->eval_every && t->step % o->eval_every == 0);
    pfld_status st = PFLD_OK;

    t->stopping = wants_stop(t); /* asked once: a later signal is for the next step */
    if (validated)
        st = validate(t, err);
    if (st == PFLD_OK && (validated || t->stopping || t->step % o->log_every == 0))
        st = write_log(t, err);
    if (st == PFLD_OK && (end || t->stopping || now() - t->last_checkpoint > o->checkpoint_seconds))
        st = save(t, err);
    if (st == PFLD_OK && (validated || t->stopping) && t->hooks && t->hooks->logged)
        t->hooks->logged(t->hooks->ctx);
    if (end || t->stopping || now() - t->shown.started >= PROGRESS_SECONDS)
        show_progress(t);
    return st;
}

static pfld_status run_steps(trainer *t, pfld_error *err)
{
    pfld_status st = PFLD_OK;

    meter_reset(&t->logged);
    meter_reset(&t->shown);
    t->start = t->last_checkpoint = now();
    t->first = t->step;
    if (t->step == t->opt->steps) /* ended between the last checkpoint and last.onnx */
        st = validate(t, err);
    while (st == PFLD_OK && t->step < t->opt->steps && !t->stopping) {
        st = train_step(t, err);
        if (st == PFLD_OK)
            st = after_step(t, err);
    }
    return st;
}

/* What becomes of photos that can't be decoded, which reading the lists does not tell. */
static data_options photo_messages(const trainer *t)
{
    const trainer_hooks *h = t->hooks;

    return (data_options){
        .skip_bad = t->opt->skip_bad, .message = h ? h->message : NULL, .ctx = h ? h->ctx : NULL};
}

/* Mean of the known points over the training crops without augmentation: where all faces start. */
static pfld_status mean_shape(const trainer *t, const data_set *set, float *mean, pfld_error *err)
{
    loader_options o = t->opt->loader;
    data_options messages = photo_messages(t);
    loader *l = NULL;
    double sum[2 * PFLD_MAX_LANDMARKS] = {0}, n[PFLD_MAX_LANDMARKS] = {0};
    size_t points = (size_t)t->opt->arch.points, i, j;
    batch b;
    uint64_t at;
    pfld_status st;

    o.augment = (augment_options){0};
    o.threads = 0;
    o.pool = t->pool;
    messages.message = NULL; /* the loaders that follow tell it */
    st = loader_create(set, NULL, &o, &messages, &l, err);
    for (at = 0; st == PFLD_OK && at < 16; at++) {
        st = loader_get(l, at, &b, err);
        for (i = 0; st == PFLD_OK && i < b.n; i++)
            for (j = 0; j < points; j++) {
                double m = (double)b.mask[i * points + j];
                sum[2 * j] += m * (double)b.points[2 * (i * points + j)];
                sum[2 * j + 1] += m * (double)b.points[2 * (i * points + j) + 1];
                n[j] += m;
            }
    }
    for (j = 0; j < 2 * points; j++)
        mean[j] = n[j / 2] > 0 ? (float)(sum[j] / n[j / 2]) : 0.5f;
    loader_free(l);
    return st;
}

static pfld_status open_log(trainer *t, pfld_error *err)
{
    char path[4096];

    if (!path_in(t, "log.jsonl", path, sizeof path))
        return error_set(err, PFLD_ERR_ARG, "%.80s: the name is too long", t->opt->dir);
    return train_log_open(path, t->step, &t->log, err);
}

static pfld_status prepare_net(trainer *t, const data_set *set, pfld_error *err)
{
    const trainer_options *o = t->opt;
    float mean[2 * PFLD_MAX_LANDMARKS];
    pfld_status st = pool_create(o->threads, &t->pool, err);

    if (st == PFLD_OK)
        st = mean_shape(t, set, mean, err);
    if (st == PFLD_OK)
        st = arch_pfld_build(&o->arch, o->seed, mean, &t->graph, err);
    if (st == PFLD_OK)
        st = train_net_create(t->graph, o->loader.batch, t->pool, &t->net, err);
    if (st == PFLD_OK)
        st = optim_create(t->net, &o->optim, &t->optim, err);
    return st;
}

void trainer_class_weights(const trainer_options *opt, const data_set *set, class_weights *w)
{
    class_weights_of(set, w);
    class_weights_paint(w, augment_occluded_share(&opt->loader.augment));
}

static pfld_status prepare_loaders(trainer *t, const data_set *set, pfld_error *err)
{
    loader_options o = t->opt->loader, val;
    data_options messages = photo_messages(t);
    pfld_status st;

    o.pool = t->pool;
    val = o;
    trainer_class_weights(t->opt, set, &t->classes);
    st = loader_create(set, &t->classes, &o, &messages, &t->loader, err);
    if (st != PFLD_OK || !t->val || t->val->n == 0)
        return st;
    val.augment = (augment_options){0};
    val.shuffle = false;
    val.threads = 0; /* one would go on making batches while the net trains */
    return loader_create(t->val, NULL, &val, &messages, &t->val_loader, err);
}

static pfld_status prepare(trainer *t, const data_set *set, pfld_error *err)
{
    pfld_status st = prepare_net(t, set, err);

    if (st == PFLD_OK)
        st = prepare_loaders(t, set, err);
    if (st == PFLD_OK)
        st = list_items(t, err);
    if (st == PFLD_OK && t->opt->resume)
        st = resume(t, err);
    return st == PFLD_OK ? open_log(t, err) : st;
}

/* The averaged weights, as they are validated. */
static pfld_status export_last(trainer *t, pfld_error *err)
{
    pfld_status st;

    optim_swap_ema(t->optim);
    st = export_as(t, "last.onnx", err);
    optim_swap_ema(t->optim);
    return st;
}

static void trainer_free(trainer *t)
{
    if (t->log)
        fclose(t->log);
    loader_free(t->loader);
    loader_free(t->val_loader);
    optim_free(t->optim);
    train_net_free(t->net);
    net_graph_free(t->graph);
    pool_free(t->pool);
    mem_free(t->items);
}

pfld_status trainer_run(const trainer_options *opt, const data_set *set, const data_set *val,
                        const trainer_hooks *hooks, trainer_status *last, bool *stopped,
                        pfld_error *err)
{
    trainer t = {.opt = opt,
                 .val = val,
                 .hooks = hooks,
                 .val_nme = (double)NAN,
                 .best_nme = (double)NAN,
                 .outputs = 2 * (uint64_t)opt->arch.points};
    pfld_error local;
    pfld_status st;

    assert(opt->arch.points <= PFLD_MAX_LANDMARKS && opt->log_every > 0);
    err = err ? err : &local;
    st = prepare(&t, set, err);
    if (st == PFLD_OK)
        st = run_steps(&t, err);
    *stopped = t.step < opt->steps;
    if (st == PFLD_OK && !*stopped)
        st = export_last(&t, err);
    if (st == PFLD_OK)
        *last = status_of(&t, &t.logged);
    trainer_free(&t);
    return st;
}
