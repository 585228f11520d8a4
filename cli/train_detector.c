/* pfld train --detector: its options into the trainer's, its data, its record. */
#include "cli/train_detector.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/decimal.h"
#include "cli/message.h"
#include "cli/train_common.h"
#include "core/error.h"
#include "train/detect_trainer.h"

#define CACHE_BYTES                                                                                \
  ((size_t)3 << 30) /* tens of thousands of photos of 512 pixels: decoded once                     \
                     */

/* How the box of the landmarks follows from the detector's: medians over 300w/train.txt, about as
 * bench/box_maps --only pfld prints them. */
#define FACE_RULE "scale=0.885 shift=0,0.08 roll=five"

/* Which of the landmarks' options were given that a detector has no use for; NULL: none. */
static const char *useless(const train_fields *f)
{
    const struct {
        bool given;
        const char *name;
    } all[] = {{f->tail != 0, "--tail"},
               {f->loss >= 0, "--loss"},
               {f->geometry || f->no_geometry, "--geometry"},
               {f->classes || f->no_classes, "--classes"},
               {f->aux >= 0, "--aux"},
               {f->aux_width > 0, "--aux-width"},
               {f->template != NULL, "--template"},
               {f->augment >= 0, "--augment"},
               {f->turn >= 0, "--turn"},
               {f->shut >= 0, "--shut"},
               {f->recipe != TRAIN_DEFAULT, "--recipe paper"},
               {f->loader_threads > 0, "--loader-threads"}};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].given)
            return all[i].name;
    return NULL;
}

static detect_trainer_options choose(const train_fields *f)
{
    return (detect_trainer_options){.run = train_run_options(f),
                                    .arch = {.width = (double)f->width, .size = (int)f->size},
                                    .scenes = {.batch = (size_t)(f->batch ? f->batch : 32),
                                               .cache_bytes = CACHE_BYTES,
                                               .size = (int)f->size,
                                               .seed = (uint64_t)f->seed},
                                    .seed = (uint64_t)f->seed,
                                    .face = FACE_RULE};
}

/* Everything that the weights depend on. */
static char *recipe_json(const train_fields *f, const detect_trainer_options *o,
                         const scene_set *set, const scene_set *val)
{
    const optim_options *a = &o->run.optim;
    json_t *j = json_pack(
        "{s:s,s:f,s:i,s:f,s:f,s:f,s:I,s:I,s:I,s:I,s:I,s:I,s:o*,s:f,s:f,s:s*,s:o,s:o}", "recipe",
        "detector", "width", o->arch.width, "size", o->arch.size, "rate", a->rate, "decay",
        a->decay, "ema", a->ema, "warm_up", (json_int_t)a->warm_up, "batch",
        (json_int_t)o->scenes.batch, "steps", (json_int_t)o->run.steps, "seed", (json_int_t)o->seed,
        "eval_every", (json_int_t)o->run.eval_every, "threads", (json_int_t)o->run.threads, "ranks",
        train_ranks_json(f), "beta2", a->beta2, "clip", a->clip, "start", o->run.start, "data",
        train_sources_json(set->sources, set->n_sources), "val",
        train_sources_json(val->sources, val->n_sources));
    char *text = j ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(7)) : NULL;

    json_decref(j);
    return text;
}

static void print_start(const arch_detector *a, const scene_set *set)
{
    uint64_t macs = 0, parameters = 0;
    char text[2][DECIMAL_TEXT];

    if (arch_detector_cost(a, &macs, &parameters)) /* else the trainer says why */
        fprintf(stderr, "%zu photos, %zu faces; %s parameters, %s multiply-adds for %dx%d\n",
                set->n_photos, set->n_faces, decimal_grouped(parameters, text[0]),
                decimal_grouped(macs, text[1]), a->size, a->size);
}

static pfld_status train(train_fields *f, const scene_set *set, const scene_set *val,
                         pfld_error *err)
{
    detect_trainer_options o = choose(f);
    run_hooks hooks = train_hooks(f);
    run_status last = {0};
    bool stopped = false;
    char *recipe = recipe_json(f, &o, set, val);
    pfld_status st;

    st = group_agree(f->group, recipe ? PFLD_OK : error_nomem(err), err);
    if (st != PFLD_OK)
        goto end;
    o.run.recipe = recipe;
    f->batch = (long)o.scenes.batch;
    if (!f->quiet && train_tells(f))
        print_start(&o.arch, set);
    st = detect_trainer_run(&o, set, val, &hooks, &last, &stopped, err);
    if (!train_tells(f))
        goto end;
    if (!f->quiet && isatty(STDERR_FILENO))
        fputc('\n', stderr);
    if (st == PFLD_OK && !stopped && !isfinite(last.best))
        message("%s: best.onnx was not written",
                val->n_photos ? "no face of --val is large enough at this --size"
                              : "there is no --val");
    if (st == PFLD_OK)
        st = train_print_result(f, &last, stopped, err);
end:
    free(recipe);
    return st;
}

static pfld_status read_sets(scene_set *set, const cli_texts *specs, const data_options *opt,
                             pfld_error *err)
{
    pfld_status st = PFLD_OK;

    for (size_t i = 0; i < specs->n && st == PFLD_OK; i++)
        st = scene_set_add(set, specs->at[i], opt, err);
    return st;
}

pfld_status train_detector(train_fields *f, pfld_error *err)
{
    data_options d = train_data_options(f);
    scene_set set = {0}, val = {0};
    const char *wrong = useless(f);
    pfld_status st = PFLD_OK;

    if (wrong)
        return error_set(err, PFLD_ERR_ARG, "train: %s is not for --detector", wrong);
    st = read_sets(&set, &f->data, &d, err);
    if (st == PFLD_OK)
        st = read_sets(&val, &f->val, &d, err);
    st = group_agree(f->group, st, err);
    if (st == PFLD_OK)
        st = train(f, &set, &val, err);
    scene_set_free(&set);
    scene_set_free(&val);
    return st;
}
