/* pfld train: landmark nets from labelled faces. */
#define _POSIX_C_SOURCE 200809L
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/data_sets.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/threads.h"
#include "cli/train_curves.h"
#include "core/error.h"
#include "core/mem.h"
#include "media/paths.h"
#include "train/trainer.h"

#define LICENCE "research use only: made from face data that was collected for research"

typedef struct train_fields {
    cli_texts data, val;
    const char *out, *scheme, *template;
    int recipe, loss, tail;
    float width, rate, decay, ema, crop, crop_shift, aux, aux_width, checkpoint_minutes;
    long batch, steps, seed, threads, loader_threads, warm_up, log_every, eval_every, size,
        stop_after;
    bool geometry, no_geometry, classes, no_classes, no_augment, resume, skip_bad, quiet;
    pfld_status curves; /* what came of drawing them last */
} train_fields;

#define FIELD(name) .field = offsetof(train_fields, name)

static const char *const recipe_names[] = {"default", "paper", NULL};
static const char *const tail_names[] = {"flatten", "pool", NULL};

static const char *const loss_names[] = {
    "pfld", "l2", "l1", "smooth-l1", "wing", "soft-wing", "adaptive-wing", NULL};
static const loss_distance loss_of[] = {
    LOSS_L2, LOSS_L2, LOSS_L1, LOSS_SMOOTH_L1, LOSS_WING, LOSS_SOFT_WING, LOSS_ADAPTIVE_WING};

static const cli_option options[] = {
    {.name = "data",
     .letter = 'd',
     .kind = CLI_TEXTS,
     .arg = "SPEC",
     FIELD(data),
     .help = "Faces to train on, FORMAT:PATH[@WEIGHT]; can be given again."},
    {.name = "val",
     .kind = CLI_TEXTS,
     .arg = "SPEC",
     FIELD(val),
     .help = "Faces to choose by; can be given again."},
    {.name = "out",
     .letter = 'o',
     .kind = CLI_DIR,
     .arg = "DIR",
     FIELD(out),
     .help = "Where best.onnx, last.onnx, log.jsonl, the curves and the checkpoint go."},
    {.name = "recipe",
     .kind = CLI_CHOICE,
     .arg = "NAME",
     .choices = recipe_names,
     FIELD(recipe),
     .help = "Which set of defaults: ours, or the paper to the letter."},
    {.name = "width",
     .letter = 'w',
     .kind = CLI_REAL,
     .arg = "W",
     FIELD(width),
     .help = "Channels of Table 1 times this; default 0.25."},
    {.name = "tail",
     .kind = CLI_CHOICE,
     .arg = "KIND",
     .choices = tail_names,
     FIELD(tail),
     .help = "What the last layer sees of S1, S2 and S3: all of it, or means."},
    {.name = "size",
     .kind = CLI_COUNT,
     .arg = "S",
     .min = 32,
     FIELD(size),
     .help = "Side of the crop in pixels; default 112."},
    {.name = "scheme",
     .kind = CLI_TEXT,
     .arg = "NAME",
     FIELD(scheme),
     .help = "The points that the net learns; default ibug68."},
    {.name = "crop",
     .kind = CLI_REAL,
     .arg = "SCALE",
     FIELD(crop),
     .help = "Side of the crop over the longer side of the box; default 1.2."},
    {.name = "loss",
     .kind = CLI_CHOICE,
     .arg = "NAME",
     .choices = loss_names,
     FIELD(loss),
     .help = "Eq. 2 of the paper, or a distance; alone or with the parts below."},
    {.name = "geometry",
     .kind = CLI_FLAG,
     FIELD(geometry),
     .help = "Multiplies the distance by the sum of 1 - cos of the angles' errors."},
    {.name = "no-geometry",
     .kind = CLI_FLAG,
     FIELD(no_geometry),
     .help = "Eq. 2 without that factor."},
    {.name = "classes",
     .kind = CLI_FLAG,
     FIELD(classes),
     .help = "Multiplies the distance by the weights of the face's classes."},
    {.name = "no-classes",
     .kind = CLI_FLAG,
     FIELD(no_classes),
     .help = "Eq. 2 without those weights."},
    {.name = "aux",
     .kind = CLI_NUMBER,
     .arg = "X",
     FIELD(aux),
     .help = "Weight of the angles' own squared error."},
    {.name = "aux-width",
     .kind = CLI_REAL,
     .arg = "W",
     FIELD(aux_width),
     .help = "Channels of Table 2 times this; default as --width."},
    {.name = "template",
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(template),
     .help = "The mean face of 'pfld data template'; default: made from the faces to train on."},
    {.name = "steps",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(steps),
     .help = "How many batches; default 30000."},
    {.name = "batch",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(batch),
     .help = "Faces in a batch; default 32, of the paper 256."},
    {.name = "rate",
     .kind = CLI_REAL,
     .arg = "R",
     FIELD(rate),
     .help = "Learning rate at its top; default 0.006, of the paper 0.0001."},
    {.name = "decay", .kind = CLI_NUMBER, .arg = "D", FIELD(decay), .help = "Weight decay."},
    {.name = "ema",
     .kind = CLI_NUMBER,
     .arg = "E",
     FIELD(ema),
     .help = "What the average of the weights keeps per step; 0: no average."},
    {.name = "warm-up",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 0,
     FIELD(warm_up),
     .help = "Steps until the rate is at its top."},
    {.name = "no-augment",
     .kind = CLI_FLAG,
     FIELD(no_augment),
     .help = "Crops as inference sees them."},
    {.name = "seed",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 0,
     FIELD(seed),
     .help = "Same seed, data and threads: same weights, bit for bit."},
    {.name = "threads",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(threads),
     .help = "Threads of the net; default: one for each CPU."},
    {.name = "loader-threads",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 0,
     FIELD(loader_threads),
     .help = "Threads that make batches ahead; default 0: those of the net make them."},
    {.name = "log-every",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(log_every),
     .help = "Steps between lines of log.jsonl; default 100."},
    {.name = "eval-every",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(eval_every),
     .help = "Steps between validations; default 1000."},
    {.name = "checkpoint-minutes",
     .kind = CLI_REAL,
     .arg = "M",
     FIELD(checkpoint_minutes),
     .help = "Between checkpoints; default 3."},
    {.name = "stop-after",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(stop_after),
     .help = "Stops after N steps of this session, as Ctrl-C does; --resume goes on."},
    {.name = "resume",
     .kind = CLI_FLAG,
     FIELD(resume),
     .help = "Goes on from the checkpoint in DIR: the same bits as without a break."},
    {.name = "skip-bad",
     .kind = CLI_FLAG,
     FIELD(skip_bad),
     .help =
         "Leaves broken lines of data sets, and photos that can't be read, out instead of ending."},
    {.name = "quiet", .letter = 'q', .kind = CLI_FLAG, FIELD(quiet), .help = "No progress line."},
    {0},
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
    stop_signal = number;
}

/* A second Ctrl-C ends at once: the handler is for one. */
static void catch_signals(void)
{
    struct sigaction a = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
}

/* ---- options into the trainer's ---- */

static bool parse(int argc, char **argv, const cli_command *self, train_fields *f, int *code)
{
    cli_args args = {.n = (size_t)argc, .at = argv};

    *f = (train_fields){.scheme = "ibug68",
                        .loss = -1,
                        .width = 0.25f,
                        .rate = -1,
                        .decay = -1,
                        .ema = -1,
                        .aux = -1,
                        .crop = 1.2f,
                        .checkpoint_minutes = 3,
                        .batch = 0,
                        .steps = 30000,
                        .warm_up = -1,
                        .log_every = 100,
                        .eval_every = 1000,
                        .size = 112};
    return cli_begin(self, &args, f, code);
}

static loss_options choose_loss(const train_fields *f)
{
    bool paper = f->recipe == 1, pfld = f->loss == 0 || (f->loss < 0 && paper);
    loss_options l = {.distance = f->loss < 0 ? (paper ? LOSS_L2 : LOSS_WING) : loss_of[f->loss],
                      .geometry = (pfld || f->geometry) && !f->no_geometry,
                      .classes = (pfld || f->classes) && !f->no_classes,
                      .pixels = (double)f->size};

    l.aux = f->aux >= 0 ? (double)f->aux : 0;
    return l;
}

/* The paper's numbers, section 4, or ours. */
static optim_options choose_optim(const train_fields *f)
{
    bool paper = f->recipe == 1;
    optim_options o = {.rate = paper ? 1e-4 : 6e-3,
                       .beta1 = 0.9,
                       .beta2 = 0.999,
                       .epsilon = 1e-8,
                       .decay = paper ? 1e-6 : 1e-4,
                       .decoupled = !paper,
                       .ema = paper ? 0 : 0.9995,
                       .warm_up = paper ? 0 : (uint64_t)(f->steps < 3000 ? f->steps / 10 : 300),
                       .total = paper ? 0 : (uint64_t)f->steps,
                       .clip = paper ? 0 : 5,
                       .full_rate_fan_in = paper ? 0 : 64};

    o.rate = f->rate > 0 ? (double)f->rate : o.rate;
    o.decay = f->decay >= 0 ? (double)f->decay : o.decay;
    o.ema = f->ema >= 0 ? (double)f->ema : o.ema;
    o.warm_up = f->warm_up >= 0 ? (uint64_t)f->warm_up : o.warm_up;
    return o;
}

static trainer_options choose(const train_fields *f, const scheme *s)
{
    const char *recipe = recipe_names[f->recipe];
    trainer_options o = {.loss = choose_loss(f),
                         .optim = choose_optim(f),
                         .threads = threads_or_cpus(f->threads),
                         .steps = (uint64_t)f->steps,
                         .seed = (uint64_t)f->seed,
                         .log_every = (uint64_t)f->log_every,
                         .eval_every = (uint64_t)f->eval_every,
                         .checkpoint_seconds = 60.0 * (double)f->checkpoint_minutes,
                         .dir = f->out,
                         .skip_bad = f->skip_bad,
                         .resume = f->resume,
                         .licence = LICENCE,
                         .stop = &stop_signal,
                         .stop_after = (uint64_t)f->stop_after};

    o.arch = (arch_pfld){.width = (double)f->width,
                         .points = s->n,
                         .size = (int)f->size,
                         .tail = (arch_tail)f->tail,
                         .auxiliary = o.loss.geometry || o.loss.aux > 0,
                         .aux_width = (double)f->aux_width};
    o.loader = (loader_options){.batch = (size_t)(f->batch         ? f->batch
                                                  : f->recipe == 1 ? 256
                                                                   : 32),
                                .threads = (size_t)f->loader_threads,
                                .size = (int)f->size,
                                .rule = {.scale = f->crop},
                                .augment = augment_recipe(f->no_augment ? "none" : recipe),
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

static json_t *sources_json(const data_set *set)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < set->n_sources; i++) {
        const data_source *s = &set->sources[i];
        char hash[20];
        snprintf(hash, sizeof hash, "%016llx", (unsigned long long)s->hash);
        json_array_append_new(list, json_pack("{s:o,s:I,s:I,s:s}", "spec", output_string(s->spec),
                                              "faces", (json_int_t)s->n, "skipped",
                                              (json_int_t)s->n_skipped, "fnv1a", hash));
    }
    return list;
}

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
        "{s:s,s:f,s:s,s:i,s:s,s:f,s:s,s:b,s:b,s:f,s:f,s:f,s:f,s:f,s:I,s:I,s:I,s:I,s:I,s:I,s:b,"
        "s:f,s:f,s:f,s:o,s:o,s:o,s:o}",
        "recipe", recipe_names[f->recipe], "width", o->arch.width, "tail", tail_names[f->tail],
        "size", o->arch.size, "scheme", o->loader.scheme->name, "crop", (double)f->crop, "loss",
        f->loss < 0 ? (f->recipe == 1 ? "pfld" : "wing") : loss_names[f->loss], "geometry",
        o->loss.geometry, "classes", o->loss.classes, "aux", o->loss.aux, "aux_width",
        o->arch.aux_width, "rate", o->optim.rate, "decay", o->optim.decay, "ema", o->optim.ema,
        "warm_up", (json_int_t)o->optim.warm_up, "batch", (json_int_t)o->loader.batch, "steps",
        (json_int_t)o->steps, "seed", (json_int_t)o->seed, "eval_every", (json_int_t)o->eval_every,
        "threads", (json_int_t)o->threads, "augment", !f->no_augment, "beta2", o->optim.beta2,
        "clip", o->optim.clip, "full_rate_fan_in", o->optim.full_rate_fan_in, "data",
        sources_json(set), "val", sources_json(val), "labels_fnv1a", labels_json(set, val),
        "class_weights", classes_json(o, set));
    char *text = j ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(7)) : NULL;

    json_decref(j);
    return text;
}

/* ---- progress ---- */

static void print_progress(void *ctx, const trainer_status *s)
{
    const train_fields *f = ctx;
    bool terminal = isatty(STDERR_FILENO);
    char val[64] = "";
    double left = s->samples_per_second > 0
                      ? (double)(s->steps - s->step) * (double)f->batch / s->samples_per_second
                      : 0;

    if (f->quiet || (!terminal && s->step % 500 != 0 && s->step != s->steps))
        return;
    if (isfinite(s->val_nme))
        snprintf(val, sizeof val, "val %.3f %% (best %.3f)  ", s->val_nme, s->best_nme);
    fprintf(stderr, "%s%llu/%llu  loss %.5f  %.0f faces/s  %s%.0f min left%s", terminal ? "\r" : "",
            (unsigned long long)s->step, (unsigned long long)s->steps, s->loss.total,
            s->samples_per_second, val, left / 60, terminal ? "  " : "\n");
    fflush(stderr);
}

/* A run is worth more than its curves: it goes on without them, and ends with exit code 1. */
static void draw_curves(void *ctx)
{
    train_fields *f = ctx;
    pfld_error err;
    pfld_status st = train_curves_write(f->out, &err);

    if (st != PFLD_OK && f->curves == PFLD_OK) /* told once, not at each validation */
        message("%s", err.msg);
    f->curves = st;
}

static pfld_status print_result(const train_fields *f, const trainer_status *s, bool stopped,
                                pfld_error *err)
{
    return output_json(stdout,
                       json_pack("{s:i,s:o,s:I,s:b,s:o,s:o,s:I,s:o,s:I}", "v", 1, "out",
                                 output_string(f->out), "step", (json_int_t)s->step, "stopped",
                                 stopped, "val_nme", output_number(s->val_nme, 4), "best_nme",
                                 output_number(s->best_nme, 4), "best_step",
                                 (json_int_t)s->best_step, "seconds", output_number(s->seconds, 1),
                                 "engine_bytes", (json_int_t)s->engine_bytes),
                       err);
}

/* ---- the command ---- */

static pfld_status train(train_fields *f, const scheme *s, data_set *set, data_set *val,
                         pfld_error *err)
{
    trainer_options o = choose(f, s);
    trainer_hooks hooks = {
        .progress = print_progress, .message = message_hook, .logged = draw_curves, .ctx = f};
    trainer_status last = {0};
    class_weights w;
    bool stopped = false;
    char *recipe = recipe_json(f, &o, set, val);
    pfld_status st;

    if (!recipe)
        return error_nomem(err);
    o.recipe = recipe;
    f->batch = (long)o.loader.batch;
    trainer_class_weights(&o, set, &w);
    catch_signals();
    if (!f->quiet)
        print_classes(&w);
    st = trainer_run(&o, set, val, &hooks, &last, &stopped, err);
    if (!f->quiet && isatty(STDERR_FILENO))
        fputc('\n', stderr);
    if (st == PFLD_OK && !stopped && !isfinite(last.best_nme))
        message("%s: best.onnx was not written",
                val->n ? "no face to validate on has all points" : "there is no --val");
    if (st == PFLD_OK)
        st = print_result(f, &last, stopped, err);
    free(recipe);
    return st;
}

static pfld_status load_and_train(train_fields *f, const scheme *s, pfld_error *err)
{
    data_set set = {0}, val = {0};
    face_template room;
    const face_template *face;
    pfld_status st = data_sets_read(&set, &f->data, f->skip_bad, err);

    if (st == PFLD_OK)
        st = data_sets_read(&val, &f->val, f->skip_bad, err);
    if (st == PFLD_OK)
        st = data_sets_face(&set, f->template, &room, &face, err);
    if (st == PFLD_OK) {
        data_set_derive(&set, face);
        data_set_derive(&val, face);
        st = train(f, s, &set, &val, err);
    }
    data_set_free(&set);
    data_set_free(&val);
    return st;
}

/* So that a run is never lost to a forgotten --resume. */
static pfld_status open_dir(const train_fields *f, pfld_error *err)
{
    char path[4096];
    pfld_status st = media_make_dirs(f->out, err);

    if (st != PFLD_OK || f->resume)
        return st;
    if (snprintf(path, sizeof path, "%s/checkpoint", f->out) < (int)sizeof path &&
        access(path, F_OK) == 0)
        return error_set(err, PFLD_ERR_ARG,
                         "%.3000s holds a run already: --resume goes on with it, another --out "
                         "begins a new one",
                         f->out);
    return PFLD_OK;
}

static int usage(const char *text)
{
    message("train: %s: 'pfld help train' tells more", text);
    return CLI_USAGE;
}

static int run(const cli_command *self, int argc, char **argv)
{
    train_fields f;
    pfld_error err = {0};
    const scheme *s = NULL;
    int code = CLI_DONE;
    pfld_status st;

    if (!parse(argc, argv, self, &f, &code))
        goto end;
    s = scheme_find(f.scheme);
    if (!s)
        code = usage("--scheme: no such scheme");
    else if (f.data.n == 0)
        code = usage("--data is missing");
    else if (!f.out)
        code = usage("--out is missing");
    if (code != CLI_DONE)
        goto end;
    st = open_dir(&f, &err);
    if (st == PFLD_OK)
        st = load_and_train(&f, s, &err);
    if (st != PFLD_OK)
        message("%s", err.msg);
    code = message_exit(st ? st : f.curves);
end:
    mem_free(f.data.at);
    mem_free(f.val.at);
    return code;
}

const cli_command command_train = {
    .name = "train",
    .brief = "train a landmark net",
    .synopsis = "--data SPEC... --val SPEC... --out DIR [OPTION]...",
    .about =
        "Trains PFLD (Table 1 of the paper at any width) on labelled faces. DIR/best.onnx has the "
        "averaged weights at the best validation, DIR/last.onnx those of the end; both run "
        "anywhere. DIR/log.jsonl and DIR/curves.png (and .svg) tell how it went, from the first "
        "validation on.\n\n"
        "Ctrl-C, or the end of the machine's patience, loses nothing: the checkpoint in DIR is "
        "whole at any moment, and --resume with the same options goes on from it, bit for bit.",
    .examples = "pfld train --data 300w:train.txt --val 300w:val.txt --out runs/a\n"
                "pfld train --recipe paper --width 1 --data 300w:train.txt --out runs/paper",
    .options = options,
    .max_operands = 0,
    .run = run,
};
