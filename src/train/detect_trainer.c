/* Face detectors: batches of composed scenes, assignment and loss, validation by AP. */
#include "train/detect_trainer.h"

#include <math.h>

#include "core/error.h"
#include "train/detect_loss.h"
#include "train/detect_val.h"
#include "train/export.h"

typedef struct trainer {
    const detect_trainer_options *opt;
    const scene_set *set, *val;
    const data_options *messages;
    pool *pool;
    scene_loader *loader;
    detect_loss *loss;
} trainer;

/* ---- one step ---- */

typedef struct fill_task {
    const uint8_t *pixels;
    real *input;
    size_t bytes; /* of one picture */
} fill_task;

static void fill_picture(void *ctx, size_t i, size_t thread)
{
    const fill_task *f = ctx;
    const uint8_t *src = f->pixels + i * f->bytes;
    real *dst = f->input + i * f->bytes;

    (void)thread;
    for (size_t j = 0; j < f->bytes; j++)
        dst[j] = export_input(src[j]);
}

static void forward(const trainer *t, train_net *net, const scene_batch *b, bool training,
                    detect_maps *m)
{
    size_t side = (size_t)t->opt->arch.size;
    fill_task f = {b->pixels, train_input(net), side * side * 3};

    pool_run(t->pool, fill_picture, &f, b->n);
    train_forward(net, b->n, training);
    for (size_t l = 0; l < DETECTOR_LEVELS; l++) {
        m->predicted[l] = train_output(net, l);
        m->grad[l] = train_output_grad(net, l);
    }
}

static pfld_status step(void *ctx, uint64_t at, train_net *net, run_values *v, pfld_error *err)
{
    trainer *t = ctx;
    scene_batch b;
    detect_maps m;
    detect_value l;
    pfld_status st = group_agree(t->opt->run.group, scene_loader_get(t->loader, at, &b, err), err);

    if (st != PFLD_OK)
        return st;
    forward(t, net, &b, true, &m);
    detect_loss_assign(t->loss, &m, &b, t->pool);
    l = detect_loss_eval(t->loss, &m, &b, t->pool);
    *v = (run_values){l.total, {l.score, l.box, l.five, l.cells}, t->opt->scenes.batch};
    return PFLD_OK;
}

/* ---- validation ---- */

static pfld_status add_batches(const trainer *t, scene_loader *l, train_net *net, detect_val *v,
                               pfld_error *err)
{
    for (uint64_t at = 0;; at++) {
        scene_batch b;
        detect_maps m;
        pfld_status st = scene_loader_get(l, at, &b, err);

        if (st != PFLD_OK || b.end)
            return st;
        if (b.n == 0) /* none of these can be read */
            continue;
        forward(t, net, &b, false, &m);
        st = detect_val_add(v, t->opt->arch.size, &m, &b, err);
        if (st != PFLD_OK)
            return st;
    }
}

static pfld_status validate_alone(const trainer *t, train_net *net, double *measure,
                                  pfld_error *err)
{
    scene_options o = t->opt->scenes;
    scene_loader *l = NULL;
    detect_val v = {0};
    double ap = (double)NAN;
    size_t first;
    pfld_status st;

    *measure = (double)NAN;
    if (!t->val || t->val->n_photos == 0)
        return PFLD_OK;
    /* Batches that the net is made for. */
    st = group_part(t->opt->run.group, o.batch, &first, &o.batch, err);
    if (st != PFLD_OK)
        return st;
    o.pool = t->pool;
    o.plain = true;
    st = scene_loader_create(t->val, &o, t->messages, &l, err);
    if (st == PFLD_OK)
        st = add_batches(t, l, net, &v, err);
    if (st == PFLD_OK && v.truth.n_photos == 0)
        st = error_set(err, PFLD_ERR_FORMAT, "none of the %zu photos of --val can be read",
                       t->val->n_photos);
    if (st == PFLD_OK)
        st = detect_val_ap(&v, DETECT_TRAINER_IOU, &ap, err);
    *measure = 100 * (1 - ap);
    detect_val_free(&v);
    scene_loader_free(l);
    return st;
}

/* Average precision is of all pictures at once: rank 0 sees them, the others wait. */
static pfld_status validate(void *ctx, train_net *net, double *measure, pfld_error *err)
{
    trainer *t = ctx;
    const train_group *g = t->opt->run.group;
    pfld_status st = group_rank(g) == 0 ? validate_alone(t, net, measure, err) : PFLD_OK;

    st = group_agree(g, st, err);
    if (st == PFLD_OK)
        group_share(g, measure, sizeof *measure);
    return st;
}

static pfld_status export(void *ctx, const train_net *net, const char *metrics, const char *path,
                          pfld_error *err)
{
    const trainer *t = ctx;
    export_facts f = {.kind = "detector",
                      .outputs = "stride8 stride16 stride32: logit, dx dy ln(w) ln(h), 5 points dx "
                                 "dy, from the cell's centre in strides",
                      .face = t->opt->face,
                      .training = t->opt->run.recipe,
                      .metrics = metrics,
                      .licence = t->opt->run.licence,
                      .any_size = true};

    return export_onnx(net, &f, path, err);
}

/* ---- before the first step ---- */

static pfld_status open_task(void *ctx, pool *p, const data_options *messages, net_graph **graph,
                             pfld_error *err)
{
    trainer *t = ctx;
    scene_options o = t->opt->scenes;
    pfld_status st = arch_detector_build(&t->opt->arch, t->opt->seed, graph, err);

    t->pool = o.pool = p;
    t->messages = messages;
    o.plain = false;
    if (st == PFLD_OK)
        st = group_part(t->opt->run.group, o.batch, &o.part_first, &o.part, err);
    if (st == PFLD_OK)
        st = detect_loss_create(o.part, t->opt->arch.size, &t->loss, err);
    if (st != PFLD_OK)
        return st;
    detect_loss_join(t->loss, t->opt->run.group);
    return scene_loader_create(t->set, &o, messages, &t->loader, err);
}

static void close_task(void *ctx)
{
    trainer *t = ctx;

    scene_loader_free(t->loader);
    detect_loss_free(t->loss);
}

pfld_status detect_trainer_run(const detect_trainer_options *opt, const scene_set *set,
                               const scene_set *val, const run_hooks *hooks, run_status *last,
                               bool *stopped, pfld_error *err)
{
    trainer t = {.opt = opt, .set = set, .val = val};
    run_options o = opt->run;
    run_task task = {.terms = {"score", "box", "five", "cells"},
                     .measure = "miss",
                     .metric = "val_miss_50",
                     .outputs = DETECTOR_CHANNELS,
                     .open = open_task,
                     .step = step,
                     .validate = validate,
                     .export = export,
                     .close = close_task,
                     .ctx = &t};

    o.batch = opt->scenes.batch;
    return run_train(&o, &task, hooks, last, stopped, err);
}
