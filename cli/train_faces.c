/* pfld train for landmark nets: its options into the trainer's, its data, its record. */
#include "cli/train_faces.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/data_sets.h"
#include "cli/message.h"
#include "cli/train_common.h"
#include "core/error.h"
#include "train/trainer.h"

static const loss_distance loss_of[] = {
    LOSS_L2, LOSS_L2, LOSS_L1, LOSS_SMOOTH_L1, LOSS_WING, LOSS_SOFT_WING, LOSS_ADAPTIVE_WING};

static loss_options choose_loss(const train_fields *f)
{
    bool paper = f->recipe == TRAIN_PAPER, pfld = f->loss == 0 || (f->loss < 0 && paper);
    loss_options l = {.distance = f->loss < 0 ? (paper ? LOSS_L2 : LOSS_WING) : loss_of[f->loss],
                      .geometry = (pfld || f->geometry) && !f->no_geometry,
                      .classes = (pfld || f->classes) && !f->no_classes,
                      .pixels = (double)f->size};

    l.aux = f->aux >= 0 ? (double)f->aux : 0;
    return l;
}

/* What the net of --start must have been trained with, if it is to stay as it is. */
static const char *const frozen[] = {"width", "tail", "size", "scheme", "crop", NULL};

static const char *augmentation(const train_fields *f)
{
    if (f->augment >= 0)
        return augment_names[f->augment];
    return f->freeze ? "spun" : train_recipe_names[f->recipe];
}

static trainer_options choose(const train_fields *f, const scheme *s)
{
    trainer_options o = {
        .run = train_run_options(f), .loss = choose_loss(f), .seed = (uint64_t)f->seed};

    o.aux_output = f->aux_output;
    o.arch = (arch_pfld){.width = (double)f->width,
                         .points = s->n,
                         .size = (int)f->size,
                         .tail = (arch_tail)f->tail,
                         .auxiliary = o.loss.geometry || o.loss.aux > 0,
                         .aux_width = (double)f->aux_width,
                         .spread = f->spread || f->freeze};
    o.freeze = f->freeze;
    o.run.alike = f->freeze ? frozen : NULL;
    o.loader = (loader_options){.batch = (size_t)(f->batch                   ? f->batch
                                                  : f->recipe == TRAIN_PAPER ? 256
                                                                             : 32),
                                .threads = (size_t)f->loader_threads,
                                .size = (int)f->size,
                                .rule = {.scale = f->crop},
                                .augment = augment_recipe(augmentation(f)),
                                .scheme = s,
                                .seed = (uint64_t)f->seed,
                                .shuffle = true};
    return o;
}

/* ---- data ---- */

static void print_classes(const class_weights *w)
{
    fprintf(stderr, "class        faces   share  weight\n");
    for (int c = 0; c < DATA_CLASSES; c++)
        fprintf(stderr, "%-12s %5zu %6.1f%% %7.3f\n", data_class_names[c], w->count[c],
                100 * w->share[c], (double)w->weight[c]);
}

/* ---- the record of what was asked for ---- */

static json_t *classes_json(const trainer_options *opt, const data_set *set)
{
    class_weights w;
    json_t *o = json_object();

    trainer_class_weights(opt, set, &w);
    for (int c = 0; o && c < DATA_CLASSES; c++)
        json_object_set_new(
            o, data_class_names[c],
            json_pack("{s:f,s:f}", "share", w.share[c], "weight", (double)w.weight[c]));
    return o;
}

/* Of what training sees of the labels: points, and the pose that the template told. */
static json_t *labels_json(const data_set *set, const data_set *val)
{
    char hash[20];
    uint64_t h = data_set_hash(val, data_set_hash(set, 0));

    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)h);
    return json_string(hash);
}

/* Everything that the weights depend on. */
static char *recipe_json(const train_fields *f, const trainer_options *o, const data_set *set,
                         const data_set *val)
{
    json_t *j = json_pack(
        "{s:s,s:f,s:s,s:i,s:s,s:f,s:s,s:b,s:b,s:f,s:f,s:f,s:f,s:f,s:I,s:I,s:I,s:I,s:I,s:I,s:o*,s:s,"
        "s:f,s:f,s:f,s:f,s:f,s:s*,s:s*,s:o,s:o,s:o,s:o}",
        "recipe", train_recipe_names[f->recipe], "width", o->arch.width, "tail",
        train_tail_names[f->tail], "size", o->arch.size, "scheme", o->loader.scheme->name, "crop",
        (double)f->crop, "loss",
        f->loss < 0 ? (f->recipe == TRAIN_PAPER ? "pfld" : "wing") : train_loss_names[f->loss],
        "geometry", o->loss.geometry, "classes", o->loss.classes, "aux", o->loss.aux, "aux_width",
        o->arch.aux_width, "rate", o->run.optim.rate, "decay", o->run.optim.decay, "ema",
        o->run.optim.ema, "warm_up", (json_int_t)o->run.optim.warm_up, "batch",
        (json_int_t)o->loader.batch, "steps", (json_int_t)o->run.steps, "seed", (json_int_t)o->seed,
        "eval_every", (json_int_t)o->run.eval_every, "threads", (json_int_t)o->run.threads, "ranks",
        train_ranks_json(f), "augment", augmentation(f), "turn", (double)o->loader.augment.turn,
        "shut", (double)o->loader.augment.shut, "beta2", o->run.optim.beta2, "clip",
        o->run.optim.clip, "full_rate_fan_in", o->run.optim.full_rate_fan_in, "spread",
        f->freeze   ? "alone"
        : f->spread ? "beside"
                    : NULL,
        "start", f->start, "data", train_sources_json(set->sources, set->n_sources), "val",
        train_sources_json(val->sources, val->n_sources), "labels_fnv1a", labels_json(set, val),
        "class_weights", classes_json(o, set));
    char *text = j ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(7)) : NULL;

    json_decref(j);
    return text;
}

/* face: of the data sets; NULL: none */
static pfld_status train(train_fields *f, const scheme *s, const face_template *face, data_set *set,
                         data_set *val, pfld_error *err)
{
    trainer_options o = choose(f, s);
    data_options told = train_data_options(f);
    run_hooks hooks = train_hooks(f);
    run_status last = {0};
    class_weights w;
    bool stopped = false;
    char *recipe;
    pfld_status st;

    data_sets_shares(&o.loader.augment, set, face, f->turn, f->shut, &told);
    recipe = recipe_json(f, &o, set, val);
    st = group_agree(f->group, recipe ? PFLD_OK : error_nomem(err), err);
    if (st != PFLD_OK)
        goto end;
    o.run.recipe = recipe;
    f->batch = (long)o.loader.batch;
    trainer_class_weights(&o, set, &w);
    if (!f->quiet && train_tells(f))
        print_classes(&w);
    st = o.aux_output && !o.arch.auxiliary
             ? error_set(err, PFLD_ERR_ARG,
                         "train: --aux-output: there is no auxiliary net without --aux or "
                         "--geometry")
             : PFLD_OK;
    if (st == PFLD_OK)
        st = trainer_run(&o, set, val, &hooks, &last, &stopped, err);
    if (!train_tells(f))
        goto end;
    if (!f->quiet && isatty(STDERR_FILENO))
        fputc('\n', stderr);
    if (st == PFLD_OK && !stopped && !isfinite(last.best))
        message("%s: best.onnx was not written",
                val->n ? "no face to validate on has all points" : "there is no --val");
    if (st == PFLD_OK)
        st = train_print_result(f, &last, stopped, err);
end:
    free(recipe);
    return st;
}

pfld_status train_faces(train_fields *f, const scheme *s, pfld_error *err)
{
    data_set set = {0}, val = {0};
    face_template room;
    const face_template *face = NULL;
    data_options opt = train_data_options(f);
    pfld_status st = data_sets_read(&set, &f->data, &opt, err);

    if (st == PFLD_OK)
        st = data_sets_read(&val, &f->val, &opt, err);
    if (st == PFLD_OK)
        st = data_sets_face(&set, f->template, &opt, &room, &face, err);
    st = group_agree(f->group, st, err);
    if (st == PFLD_OK) {
        data_set_derive(&set, face);
        data_set_derive(&val, face);
        st = train(f, s, face, &set, &val, err);
    }
    data_set_free(&set);
    data_set_free(&val);
    return st;
}
