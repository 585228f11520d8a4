/* The training loop, whatever is trained: steps, validation, log and checkpoints, a model out. */
#define _POSIX_C_SOURCE 200809L
#include "train/run.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/error.h"
#include "core/mem.h"
#include "train/checkpoint.h"
#include "train/log.h"

#define PROGRESS_SECONDS 1.0

typedef struct meter { /* means over the steps since it was emptied */
    run_values sum;
    double grad_norm, started;
    size_t steps;
} meter;

typedef struct run {
    const run_options *opt;
    const run_task *task;
    data_options messages; /* of photos */
    const run_hooks *hooks;
    pool *pool;
    net_graph *graph;
    train_net *net;
    optim *optim;
    FILE *log;
    uint64_t step, first; /* first: where this process began */
    bool stopping;        /* seen after the last step; what is due then was done */
    double start, last_checkpoint;
    double val, best; /* NaN: not yet */
    uint64_t best_step;
    meter logged, shown;
    checkpoint_item *items; /* [n_items] of a checkpoint */
    size_t n_items;
    uint64_t saved[4]; /* numbers among the items: see fill_saved() */
    uint64_t outputs;  /* the task's */
} run;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void tell(const run *t, const char *text)
{
    if (t->hooks && t->hooks->message)
        t->hooks->message(t->hooks->ctx, text);
}

/* Files are this process's business. */
static bool writes(const run *t)
{
    return group_rank(t->opt->group) == 0;
}

static bool path_in(const run *t, const char *name, char *buf, size_t size)
{
    int n = snprintf(buf, size, "%s/%s", t->opt->dir, name);

    return n >= 0 && (size_t)n < size;
}

/* ---- meters ---- */

static void meter_add(meter *m, const run_values *v, double norm)
{
    m->sum.total += v->total;
    for (size_t i = 0; i < RUN_TERMS; i++)
        m->sum.term[i] += v->term[i];
    m->sum.samples += v->samples;
    m->grad_norm += norm;
    m->steps++;
}

static void meter_reset(meter *m)
{
    *m = (meter){.started = now()};
}

static run_status status_of(const run *t, const meter *m)
{
    double n = m->steps ? (double)m->steps : 1, seconds = now() - m->started;
    double samples = (double)m->sum.samples;
    run_status s = {.step = t->step,
                    .steps = t->opt->steps,
                    .seconds = now() - t->start,
                    .samples_per_second = seconds > 0 ? samples / seconds : 0,
                    .rate = optim_rate(t->optim),
                    .grad_norm = m->grad_norm / n,
                    .mean = {.total = m->sum.total / n, .samples = m->sum.samples},
                    .val = t->val,
                    .best = t->best,
                    .best_step = t->best_step,
                    .engine_bytes = train_bytes(t->net)};

    for (size_t i = 0; i < RUN_TERMS; i++)
        s.mean.term[i] = m->sum.term[i] / n;
    return s;
}

/* JSON has no NaN. */
static const char *json_number(double x, char *buf, size_t size)
{
    snprintf(buf, size, isfinite(x) ? "%.9g" : "null", x);
    return buf;
}

static bool write_line(const run *t, const run_status *s)
{
    const run_task *k = t->task;
    char a[32], b[32];
    bool ok = fprintf(t->log,
                      "{\"v\":1,\"step\":%llu,\"seconds\":%.1f,\"samples_per_second\":%.1f,"
                      "\"rate\":%.6g,\"loss\":%s,",
                      (unsigned long long)s->step, s->seconds, s->samples_per_second, s->rate,
                      json_number(s->mean.total, a, sizeof a)) > 0;

    for (size_t i = 0; i < RUN_TERMS && k->terms[i]; i++)
        ok = fprintf(t->log, "\"%s\":%s,", k->terms[i], json_number(s->mean.term[i], a, sizeof a)) >
                 0 &&
             ok;
    ok = fprintf(t->log, "\"grad_norm\":%s,", json_number(s->grad_norm, a, sizeof a)) > 0 && ok;
    ok = fprintf(t->log, "\"val_%s\":%s,\"best_%s\":%s,\"best_step\":%llu}\n", k->measure,
                 json_number(s->val, a, sizeof a), k->measure, json_number(s->best, b, sizeof b),
                 (unsigned long long)s->best_step) > 0 &&
         ok;
    return fflush(t->log) == 0 && ok;
}

static pfld_status write_log(run *t, pfld_error *err)
{
    run_status s = status_of(t, &t->logged);

    meter_reset(&t->logged);
    if (!write_line(t, &s))
        return error_sys(err, errno, "%s/log.jsonl", t->opt->dir);
    return PFLD_OK;
}

/* ---- what a run consists of ---- */

static void fill_saved(run *t)
{
    t->saved[0] = t->step;
    memcpy(&t->saved[1], &t->best, sizeof t->best);
    t->saved[2] = t->best_step;
    t->saved[3] = optim_steps(t->optim);
}

static void take_saved(run *t)
{
    t->step = t->saved[0];
    memcpy(&t->best, &t->saved[1], sizeof t->best);
    t->best_step = t->saved[2];
    optim_set_steps(t->optim, t->saved[3]);
}

static void add_arrays(run *t, size_t n, train_param (*at)(const train_net *, size_t))
{
    size_t i;

    for (i = 0; i < n; i++) {
        train_param p = at(t->net, i);
        t->items[t->n_items++] =
            (checkpoint_item){.name = p.name, .kind = CHECKPOINT_REAL, .n = p.n, .data = p.value};
    }
}

static pfld_status list_items(run *t, pfld_error *err)
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

/* Rank 0's numbers, to all: at the start nobody else has read a file, and later they keep machines
 * together whose rounding differs. */
static void share_state(run *t)
{
    const train_group *g = t->opt->group;

    if (!g)
        return;
    fill_saved(t);
    for (size_t i = 0; i < t->n_items; i++) {
        const checkpoint_item *item = &t->items[i];

        if (item->kind == CHECKPOINT_REAL)
            group_share(g, item->data, item->n * sizeof(real));
        else if (item->kind == CHECKPOINT_U64)
            group_share(g, item->data, item->n * sizeof(uint64_t));
    }
    take_saved(t);
}

/* ---- steps and validation ---- */

static pfld_status train_step(run *t, pfld_error *err)
{
    run_values v = {0};
    double norm;
    real *grads;
    size_t n;
    pfld_status st = t->task->step(t->task->ctx, t->step, t->net, &v, err);

    if (st != PFLD_OK)
        return st;
    train_backward(t->net);
    grads = train_gradients(t->net, &n);
    group_sum_float(t->opt->group, grads, n);
    norm = optim_step(t->optim, t->pool);
    t->step++;
    if (!isfinite(norm) || !isfinite(v.total))
        return error_set(
            err, PFLD_ERR_ARG,
            "step %llu: the loss is %g, the gradient %g: the learning rate is too high",
            (unsigned long long)t->step, v.total, norm);
    meter_add(&t->logged, &v, norm);
    meter_add(&t->shown, &v, norm);
    return PFLD_OK;
}

static pfld_status export_as(run *t, const char *name, pfld_error *err)
{
    char path[4096], metrics[96];

    if (!path_in(t, name, path, sizeof path))
        return error_set(err, PFLD_ERR_ARG, "%.80s: the name is too long", t->opt->dir);
    snprintf(metrics, sizeof metrics, "{\"step\":%llu,\"%s\":%.4f}", (unsigned long long)t->step,
             t->task->metric, t->val);
    return t->task->export(t->task->ctx, t->net, isnan(t->val) ? NULL : metrics, path, err);
}

/* With the averaged weights, which are what is exported. */
static pfld_status validate(run *t, pfld_error *err)
{
    double val = (double)NAN;
    pfld_status st;

    share_state(t);
    optim_swap_ema(t->optim);
    st = t->task->validate(t->task->ctx, t->net, &val, err);
    t->val = val;
    if (st == PFLD_OK && !isnan(val) && !(val >= t->best)) {
        t->best = val;
        t->best_step = t->step;
        if (writes(t))
            st = export_as(t, "best.onnx", err);
    }
    optim_swap_ema(t->optim);
    return st;
}

/* ---- checkpoints ---- */

static pfld_status save(run *t, pfld_error *err)
{
    char path[4096];

    if (!path_in(t, "checkpoint", path, sizeof path))
        return error_set(err, PFLD_ERR_ARG, "%.80s: the name is too long", t->opt->dir);
    fill_saved(t);
    t->last_checkpoint = now();
    return checkpoint_write(path, t->items, t->n_items, err);
}

typedef struct recipe_value { /* as the recipe has it, quotes included; at NULL: it has none */
    const char *at;
    int n;
} recipe_value;

/* What is behind "key":, and no list, in a recipe. Texts in it, whose quotes have backslashes,
 * can't look like that. */
static recipe_value value_in(const char *recipe, const char *key)
{
    char name[32];
    const char *at;

    snprintf(name, sizeof name, "\"%s\":", key);
    at = strstr(recipe, name);
    at = at ? at + strlen(name) : NULL;
    return (recipe_value){at, at ? (int)strcspn(at, ",}") : 0};
}

static unsigned long number_in(const char *recipe, const char *key, unsigned long other)
{
    recipe_value v = value_in(recipe, key);

    return v.at ? strtoul(v.at, NULL, 10) : other;
}

/* Takes "key":NUMBER, out of the text. */
static void take_out(char *recipe, const char *key)
{
    char name[32], *at, *end;

    snprintf(name, sizeof name, "\"%s\":", key);
    at = strstr(recipe, name);
    end = at ? strchr(at, ',') : NULL;
    if (end)
        memmove(at, end + 1, strlen(end + 1) + 1);
}

/* Both without what other processes bring with them. */
static pfld_status compare_but_for_ranks(const char *a, const char *b, bool *same, pfld_error *err)
{
    size_t n = strlen(a) + 1, m = strlen(b) + 1;
    char *x = mem_alloc(n + m, 1), *y = x + n;

    if (!x)
        return error_nomem(err);
    memcpy(x, a, n);
    memcpy(y, b, m);
    take_out(x, "ranks");
    take_out(x, "threads");
    take_out(y, "ranks");
    take_out(y, "threads");
    *same = strcmp(x, y) == 0;
    mem_free(x);
    return PFLD_OK;
}

/* Another number of processes goes on with a run, and says so. */
static pfld_status check_recipe(const run *t, const char *saved, pfld_error *err)
{
    const char *own = t->opt->recipe;
    unsigned long before = number_in(saved, "ranks", 1), here = number_in(own, "ranks", 1);
    bool same = strcmp(saved, own) == 0;
    pfld_status st = PFLD_OK;
    char text[120];

    if (before != here)
        st = compare_but_for_ranks(saved, own, &same, err);
    if (st == PFLD_OK && !same)
        st = error_set(err, PFLD_ERR_ARG, "%s/checkpoint is of a run with other options or data",
                       t->opt->dir);
    if (st == PFLD_OK && before != here) {
        snprintf(text, sizeof text,
                 "%lu ranks go on with a run of %lu: the same to rounding, not to the bit", here,
                 before);
        tell(t, text);
    }
    return st;
}

static pfld_status restore(run *t, const checkpoint *c, pfld_error *err)
{
    const checkpoint_item *recipe = checkpoint_find(c, "recipe");
    pfld_status st = PFLD_OK;

    if (recipe && recipe->kind == CHECKPOINT_TEXT)
        st = check_recipe(t, recipe->data, err);
    if (st != PFLD_OK)
        return st;
    st = checkpoint_restore(c, t->items, t->n_items, err);
    if (st == PFLD_OK)
        take_saved(t);
    return st;
}

static pfld_status resume(run *t, pfld_error *err)
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

/* ---- another run's weights to begin with ---- */

/* What the other run would export: the average where it kept one. */
static const checkpoint_item *find_weights(const checkpoint *c, const char *name)
{
    const checkpoint_item *averaged;
    char text[CHECKPOINT_NAME + 1];

    snprintf(text, sizeof text, "average.%s", name);
    averaged = checkpoint_find(c, text);
    return averaged ? averaged : checkpoint_find(c, name);
}

static pfld_status start_arrays(const run *t, const checkpoint *c, size_t n,
                                train_param (*at)(const train_net *, size_t), size_t *taken,
                                pfld_error *err)
{
    for (size_t i = 0; i < n; i++) {
        train_param p = at(t->net, i);
        const checkpoint_item *item = find_weights(c, p.name);

        if (!item && t->opt->part && strncmp(p.name, t->opt->part, strlen(t->opt->part)) != 0)
            return error_set(err, PFLD_ERR_ARG,
                             "%.100s has no %.60s, which nothing would train: of another net",
                             t->opt->start, p.name);
        if (!item) /* a part that the other net did not have */
            continue;
        if (item->kind != CHECKPOINT_REAL || item->n != p.n)
            return error_set(err, PFLD_ERR_ARG,
                             "%.100s: %.60s has %zu numbers, %zu wanted: of another net",
                             t->opt->start, p.name, item->n, p.n);
        memcpy(p.value, item->data, p.n * sizeof *p.value);
        ++*taken;
    }
    return PFLD_OK;
}

/* Weights fit a net that sees faces otherwise, too, and are of no use to it. */
static pfld_status check_origin(const run *t, const checkpoint *c, pfld_error *err)
{
    const checkpoint_item *recipe = checkpoint_find(c, "recipe");

    for (const char *const *key = t->opt->alike; recipe && key && *key; key++) {
        recipe_value there = value_in(recipe->data, *key), here = value_in(t->opt->recipe, *key);
        if (there.at && here.at &&
            (there.n != here.n || memcmp(there.at, here.at, (size_t)here.n) != 0))
            return error_set(err, PFLD_ERR_ARG,
                             "%.100s is of a run with %s %.*s, not %.*s: what it has learnt can't "
                             "be kept as it is",
                             t->opt->start, *key, there.n, there.at, here.n, here.at);
    }
    return PFLD_OK;
}

static pfld_status start_from(const run *t, pfld_error *err)
{
    checkpoint *c = NULL;
    size_t taken = 0;
    pfld_status st = checkpoint_read(t->opt->start, &c, NULL, err);

    if (st == PFLD_OK)
        st = check_origin(t, c, err);
    if (st == PFLD_OK)
        st = start_arrays(t, c, train_param_count(t->net), train_param_at, &taken, err);
    if (st == PFLD_OK)
        st = start_arrays(t, c, train_state_count(t->net), train_state_at, &taken, err);
    if (st == PFLD_OK && taken == 0)
        st = error_set(err, PFLD_ERR_ARG, "%.100s holds none of this net's weights", t->opt->start);
    checkpoint_free(c);
    return st;
}

/* ---- the run ---- */

static bool wants_stop(const run *t)
{
    const run_options *o = t->opt;

    return (o->stop && *o->stop) || (o->stop_after && t->step - t->first >= o->stop_after);
}

static void show_progress(run *t)
{
    run_status s = status_of(t, &t->shown);

    if (t->hooks && t->hooks->progress)
        t->hooks->progress(t->hooks->ctx, &s);
    meter_reset(&t->shown);
}

/* Log line, checkpoint, curves, progress line: what of them is due. */
static pfld_status write_due(run *t, bool validated, pfld_error *err)
{
    const run_options *o = t->opt;
    bool end = t->step == o->steps;
    pfld_status st = PFLD_OK;

    if (validated || t->stopping || t->step % o->log_every == 0)
        st = write_log(t, err);
    if (st == PFLD_OK && (end || t->stopping || now() - t->last_checkpoint > o->checkpoint_seconds))
        st = save(t, err);
    if (st == PFLD_OK && (validated || t->stopping) && t->hooks && t->hooks->logged)
        t->hooks->logged(t->hooks->ctx);
    if (end || t->stopping || now() - t->shown.started >= PROGRESS_SECONDS)
        show_progress(t);
    return st;
}

static pfld_status after_step(run *t, pfld_error *err)
{
    const run_options *o = t->opt;
    bool validated = t->step == o->steps || (o->eval_every && t->step % o->eval_every == 0);
    pfld_status st = PFLD_OK;

    t->stopping = group_any(o->group, wants_stop(t)); /* asked once: a later one is for the next */
    if (validated)
        st = validate(t, err);
    if (st == PFLD_OK && writes(t))
        st = write_due(t, validated, err);
    return group_agree(o->group, st, err);
}

static pfld_status run_steps(run *t, pfld_error *err)
{
    pfld_status st = PFLD_OK;

    meter_reset(&t->logged);
    meter_reset(&t->shown);
    t->start = t->last_checkpoint = now();
    t->first = t->step;
    if (t->step == t->opt->steps) /* ended between the last checkpoint and last.onnx */
        st = group_agree(t->opt->group, validate(t, err), err);
    while (st == PFLD_OK && t->step < t->opt->steps && !t->stopping) {
        st = train_step(t, err);
        if (st == PFLD_OK)
            st = after_step(t, err);
    }
    return st;
}

static pfld_status open_log(run *t, pfld_error *err)
{
    char path[4096];

    if (!path_in(t, "log.jsonl", path, sizeof path))
        return error_set(err, PFLD_ERR_ARG, "%.80s: the name is too long", t->opt->dir);
    return train_log_open(path, t->step, &t->log, err);
}

/* Rank 0's part: what the files say. */
static pfld_status prepare_files(run *t, pfld_error *err)
{
    pfld_status st = PFLD_OK;

    if (t->opt->resume)
        st = resume(t, err);
    return st == PFLD_OK ? open_log(t, err) : st;
}

static pfld_status prepare_net(run *t, pfld_error *err)
{
    const run_options *o = t->opt;
    size_t first, batch;
    pfld_status st = group_part(o->group, o->batch, &first, &batch, err);

    if (st == PFLD_OK)
        st = pool_create(o->threads, &t->pool, err);
    if (st == PFLD_OK)
        st = t->task->open(t->task->ctx, t->pool, &t->messages, &t->graph, err);
    if (st == PFLD_OK)
        st = train_net_create_part(t->graph, o->part, batch, t->pool, &t->net, err);
    if (st != PFLD_OK)
        return st;
    train_net_join(t->net, o->group);
    if (o->start && writes(t))
        st = start_from(t, err);
    if (st == PFLD_OK)
        st = optim_create(t->net, &o->optim, &t->optim, err);
    return st == PFLD_OK ? list_items(t, err) : st;
}

/* Machines whose files differ would not train one net. */
static pfld_status check_alike(const run *t, pfld_error *err)
{
    const train_group *g = t->opt->group;
    uint64_t own = 0xcbf29ce484222325u, first;

    for (const char *c = t->opt->recipe; *c; c++)
        own = (own ^ (unsigned char)*c) * 0x100000001b3u;
    first = own;
    group_share(g, &first, sizeof first);
    return own == first ? PFLD_OK
                        : error_set(err, PFLD_ERR_ARG, "other options or data than rank 0");
}

static pfld_status prepare(run *t, pfld_error *err)
{
    const train_group *g = t->opt->group;
    pfld_status st = group_agree(g, check_alike(t, err), err);

    if (st == PFLD_OK)
        st = group_agree(g, prepare_net(t, err), err);
    if (st == PFLD_OK && writes(t))
        st = prepare_files(t, err);
    st = group_agree(g, st, err);
    if (st == PFLD_OK)
        share_state(t);
    return st;
}

/* The averaged weights, as they are validated. */
static pfld_status export_last(run *t, pfld_error *err)
{
    pfld_status st;

    optim_swap_ema(t->optim);
    st = export_as(t, "last.onnx", err);
    optim_swap_ema(t->optim);
    return st;
}

static void run_free(run *t)
{
    if (t->log)
        fclose(t->log);
    t->task->close(t->task->ctx);
    optim_free(t->optim);
    train_net_free(t->net);
    net_graph_free(t->graph);
    pool_free(t->pool);
    mem_free(t->items);
}

pfld_status run_train(const run_options *opt, const run_task *task, const run_hooks *hooks,
                      run_status *last, bool *stopped, pfld_error *err)
{
    run t = {.opt = opt,
             .task = task,
             .messages = {.skip_bad = opt->skip_bad,
                          .message = hooks ? hooks->message : NULL,
                          .ctx = hooks ? hooks->ctx : NULL},
             .hooks = hooks,
             .val = (double)NAN,
             .best = (double)NAN,
             .outputs = task->outputs};
    pfld_error local;
    pfld_status st;

    assert(opt->log_every > 0);
    err = err ? err : &local;
    st = prepare(&t, err);
    if (st == PFLD_OK)
        st = run_steps(&t, err);
    *stopped = t.step < opt->steps;
    if (st == PFLD_OK && !*stopped && writes(&t))
        st = export_last(&t, err);
    st = group_agree(opt->group, st, err);
    if (st == PFLD_OK)
        *last = status_of(&t, &t.logged);
    run_free(&t);
    return st;
}
