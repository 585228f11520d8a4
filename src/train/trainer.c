/* Landmark nets: batches of crops, the loss of eq. 2, validation by inter-ocular NME. */
#include "train/trainer.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "core/error.h"
#include "train/export.h"
#include "train/spread_loss.h"

#define SPREAD "spread" /* what the names of the head's parameters begin with */

#define OUTPUTS       "landmarks: x0 y0 x1 y1 ... in 0..1 over the crop's borders"
#define OUTPUT_ANGLES "; angles: yaw, pitch, roll of the face in the crop, radians"
#define OUTPUT_SPREAD "; spread: of each point ln sx, ln sy, atanh r, in sides of the crop"

static const char *const outputs[2][2] = {
    {OUTPUTS, OUTPUTS OUTPUT_SPREAD},
    {OUTPUTS OUTPUT_ANGLES, OUTPUTS OUTPUT_ANGLES OUTPUT_SPREAD},
};

typedef struct trainer {
    const trainer_options *opt;
    const data_set *set, *val;
    pool *pool;
    class_weights classes;
    loader *loader, *val_loader;
} trainer;

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

static void fill_input(const trainer *t, train_net *net, const batch *b)
{
    size_t side = (size_t)t->opt->arch.size;
    fill_task f = {b, train_input(net), side * side * 3};

    pool_run(t->pool, fill_sample, &f, b->n);
}

/* Of the whole batch, of which b may be a share. */
static loss_value batch_loss(const trainer *t, train_net *net, const batch *b)
{
    const train_group *g = t->opt->run.group;
    bool aux = t->opt->arch.auxiliary;
    loss_batch l = {.n = b->n,
                    .points = (size_t)t->opt->arch.points,
                    .predicted = train_output(net, 0),
                    .truth = b->points,
                    .mask = b->mask,
                    .angles = aux ? train_output(net, 1) : NULL,
                    .angles_truth = b->angles,
                    .weight = b->weight,
                    .grad = train_output_grad(net, 0),
                    .grad_angles = aux ? train_output_grad(net, 1) : NULL};
    loss_sums sums = loss_sum_up(&t->opt->loss, &l);
    loss_value v;
    double parts[2];

    group_sum(g, sums.at, LOSS_SUMS);
    v = loss_eval_part(&t->opt->loss, &l, &sums);
    parts[0] = v.total;
    parts[1] = v.distance;
    group_sum(g, parts, 2);
    v.total = parts[0];
    v.distance = parts[1];
    return v;
}

/* The loss of the spread's head, the net's last output, on this process's share; where train, on
 * all of the batch, with the gradient of its mean. */
static spread_value batch_spread(const trainer *t, train_net *net, const batch *b, bool train)
{
    size_t at = train_output_count(net) - 1;
    spread_batch s = {.n = b->n,
                      .points = (size_t)t->opt->arch.points,
                      .predicted = train_output(net, 0),
                      .truth = b->points,
                      .mask = b->mask,
                      .spread = train_output(net, at),
                      .grad = train ? train_output_grad(net, at) : NULL};
    spread_value v;
    double parts[2];

    if (!train)
        return spread_loss_eval(&s);
    s.known = spread_known(&s);
    group_sum(t->opt->run.group, &s.known, 1);
    v = spread_loss_eval(&s);
    parts[0] = v.total;
    parts[1] = v.known;
    group_sum(t->opt->run.group, parts, 2);
    return (spread_value){parts[0], parts[1]};
}

static pfld_status step(void *ctx, uint64_t at, train_net *net, run_values *v, pfld_error *err)
{
    trainer *t = ctx;
    batch b;
    loss_value l;
    pfld_status st = group_agree(t->opt->run.group, loader_get(t->loader, at, &b, err), err);

    if (st != PFLD_OK)
        return st;
    fill_input(t, net, &b);
    train_forward(net, b.n, true);
    l = batch_loss(t, net, &b);
    *v = (run_values){l.total, {l.distance, l.geometry, l.angle_error}, t->opt->loader.batch};
    if (t->opt->arch.spread) {
        spread_value s = batch_spread(t, net, &b, true);
        v->term[3] = s.known > 0 ? spread_loss_percent(s.total, s.known) : 0;
        v->total = t->opt->freeze ? v->term[3] : l.total;
    }
    return PFLD_OK;
}

/* ---- validation ---- */

/* Mean distance over the eye corners' distance, in percent; NaN where not all points are known
 * or the corners are one, infinite where the net's are no numbers. */
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
    if (!(eyes > 0))
        return (double)NAN;
    return isfinite(sum) ? 100.0 * sum / s->n / eyes : (double)INFINITY;
}

/* Of faces' errors, or of points' losses; and photos that could be read, of any faces. */
enum { VAL_SUM, VAL_N, VAL_READ, VAL_SUMS };

static pfld_status add_errors(const trainer *t, train_net *net, const batch *b, double m[VAL_SUMS],
                              pfld_error *err)
{
    size_t points = (size_t)t->opt->arch.points;
    const real *out = train_output(net, 0);

    for (size_t i = 0; i < b->n; i++) {
        double e = face_nme(t->opt->loader.scheme, b->points + 2 * i * points, out + 2 * i * points,
                            b->mask + i * points);
        if (isnan(e)) /* not all of its points are known */
            continue;
        if (!isfinite(e))
            return error_set(err, PFLD_ERR_FORMAT,
                             "the net's points of a face to validate on are not numbers");
        m[VAL_SUM] += e;
        m[VAL_N]++;
    }
    return PFLD_OK;
}

static pfld_status add_spreads(const trainer *t, train_net *net, const batch *b, double m[VAL_SUMS])
{
    spread_value s = batch_spread(t, net, b, false);

    m[VAL_SUM] += s.total;
    m[VAL_N] += s.known;
    return PFLD_OK;
}

/* Of the faces that are this process's share. */
static pfld_status add_val_batches(trainer *t, train_net *net, double m[VAL_SUMS], pfld_error *err)
{
    for (uint64_t at = 0;; at++) {
        batch b;
        pfld_status st = loader_get(t->val_loader, at, &b, err);
        if (st != PFLD_OK || b.end)
            return st;
        if (b.n == 0) /* none of these can be read */
            continue;
        m[VAL_READ] += (double)b.n;
        fill_input(t, net, &b);
        train_forward(net, b.n, false);
        st = t->opt->freeze ? add_spreads(t, net, &b, m) : add_errors(t, net, &b, m, err);
        if (st != PFLD_OK)
            return st;
    }
}

static pfld_status validate(void *ctx, train_net *net, double *out, pfld_error *err)
{
    trainer *t = ctx;
    const train_group *g = t->opt->run.group;
    double m[VAL_SUMS] = {0};
    pfld_status st = t->val_loader ? add_val_batches(t, net, m, err) : PFLD_OK;

    st = group_agree(g, st, err);
    if (st != PFLD_OK)
        return st;
    group_sum(g, m, VAL_SUMS);
    if (t->val && t->val->n && !(m[VAL_READ] > 0))
        return error_set(err, PFLD_ERR_FORMAT, "no photo of --val can be read");
    *out = m[VAL_N] > 0 ? m[VAL_SUM] / m[VAL_N] : (double)NAN;
    if (t->opt->freeze)
        *out = spread_loss_percent(m[VAL_SUM], m[VAL_N]);
    return st;
}

static pfld_status export(void *ctx, const train_net *net, const char *metrics, const char *path,
                          pfld_error *err)
{
    const trainer *t = ctx;
    char crop[96], spread[32];
    const crop_rule *r = &t->opt->loader.rule;
    export_facts f = {.kind = "landmarks",
                      .outputs = outputs[t->opt->aux_output][t->opt->arch.spread],
                      .angles = t->opt->aux_output,
                      .scheme = t->opt->loader.scheme->name,
                      .crop = crop,
                      .training = t->opt->run.recipe,
                      .metrics = metrics,
                      .licence = t->opt->run.licence};

    snprintf(crop, sizeof crop, "scale=%.6g shift=%.6g,%.6g", (double)r->scale, (double)r->shift_x,
             (double)r->shift_y);
    snprintf(spread, sizeof spread, "tail=%g", SPREAD_TRAIN_TAIL);
    f.spread = t->opt->arch.spread ? spread : NULL;
    return export_onnx(net, &f, path, err);
}

/* ---- before the first step ---- */

/* Mean of the known points over the training crops without augmentation: where all faces start. */
static pfld_status mean_shape(const trainer *t, const data_options *told, float *mean,
                              pfld_error *err)
{
    loader_options o = t->opt->loader;
    data_options messages = *told;
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
    st = loader_create(t->set, NULL, &o, &messages, &l, err);
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

void trainer_class_weights(const trainer_options *opt, const data_set *set, class_weights *w)
{
    const augment_options *a = &opt->loader.augment;

    class_weights_of(set, w);
    class_weights_turn(w, (double)a->turn * augment_can_turn(set, a->face));
    class_weights_paint(w, augment_occluded_share(a));
}

static pfld_status open_loaders(trainer *t, const data_options *messages, pfld_error *err)
{
    loader_options o = t->opt->loader, val;
    pfld_status st;

    o.pool = t->pool;
    st = group_part(t->opt->run.group, o.batch, &o.part_first, &o.part, err);
    if (st != PFLD_OK)
        return st;
    val = o;
    trainer_class_weights(t->opt, t->set, &t->classes);
    st = loader_create(t->set, &t->classes, &o, messages, &t->loader, err);
    if (st != PFLD_OK || !t->val || t->val->n == 0)
        return st;
    val.augment = (augment_options){0};
    val.shuffle = false;
    val.threads = 0; /* one would go on making batches while the net trains */
    return loader_create(t->val, NULL, &val, messages, &t->val_loader, err);
}

static pfld_status open_task(void *ctx, pool *p, const data_options *messages, net_graph **graph,
                             pfld_error *err)
{
    trainer *t = ctx;
    float mean[2 * PFLD_MAX_LANDMARKS] = {0};
    pfld_status st = PFLD_OK;

    t->pool = p;
    if (group_rank(t->opt->run.group) == 0) /* whose weights all begin with */
        st = mean_shape(t, messages, mean, err);
    if (st == PFLD_OK)
        st = arch_pfld_build(&t->opt->arch, t->opt->seed, mean, graph, err);
    return st == PFLD_OK ? open_loaders(t, messages, err) : st;
}

static void close_task(void *ctx)
{
    trainer *t = ctx;

    loader_free(t->loader);
    loader_free(t->val_loader);
}

pfld_status trainer_run(const trainer_options *opt, const data_set *set, const data_set *val,
                        const run_hooks *hooks, run_status *last, bool *stopped, pfld_error *err)
{
    trainer t = {.opt = opt, .set = set, .val = val};
    run_options o = opt->run;
    const bool freeze = opt->freeze;
    run_task task = {
        .terms = {"distance", "geometry", "angle_error", opt->arch.spread ? "spread" : NULL},
        .measure = freeze ? "spread" : "nme",
        .metric = freeze ? "val_spread" : "val_nme_inter_ocular",
        .outputs = 2 * (uint64_t)opt->arch.points,
        .open = open_task,
        .step = step,
        .validate = validate,
        .export = export,
        .close = close_task,
        .ctx = &t};

    assert(opt->arch.points <= PFLD_MAX_LANDMARKS);
    assert(opt->arch.spread || !freeze);
    o.batch = opt->loader.batch;
    o.part = freeze ? SPREAD : NULL;
    o.optim.apart = SPREAD; /* a clipped gradient of the head's must not shorten the others' */
    return run_train(&o, &task, hooks, last, stopped, err);
}
