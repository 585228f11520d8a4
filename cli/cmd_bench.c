/* pfld bench: how long models and whole pictures take on this machine, on one thread. */
#include <stddef.h>
#include <stdio.h>

#include "cli/bench_frames.h"
#include "cli/commands.h"
#include "cli/decimal.h"
#include "cli/message.h"
#include "cli/model.h"
#include "cli/model_default.h"
#include "cli/output.h"
#include "cli/pin.h"
#include "cli/stopwatch.h"
#include "core/cpu.h"
#include "core/error.h"
#include "core/mem.h"
#include "core/pool.h"
#include "core/rng.h"
#include "detect/builtin.h"

#define DEFAULT_S     2.0
#define PICTURE_SIDE  320 /* of the synthetic picture, with a face of half its side */
#define PICTURE_BYTES ((size_t)PICTURE_SIDE * PICTURE_SIDE * 3)

enum what { WHAT_ANY = -1, WHAT_NET, WHAT_LANDMARKS, WHAT_DETECTOR, WHAT_FRAME };
static const char *const what_names[] = {"net", "landmarks", "detector", "frame", NULL};

typedef struct bench_fields {
    const char *model, *detector, *photo;
    cli_texts frames;
    int what;
    pfld_isa isa;
    long runs, cpu, threads;
    float seconds;
    bool layers;
} bench_fields;

static const cli_option options[] = {
    {.name = "model",
     .letter = 'm',
     .kind = CLI_FILE,
     .arg = "FILE",
     .field = offsetof(bench_fields, model),
     .help = "The ONNX model, of landmarks or not; if not given, the landmark model built in."},
    {.name = "detector",
     .letter = 'd',
     .kind = CLI_FILE,
     .arg = "FILE",
     .field = offsetof(bench_fields, detector),
     .help = "The face detector, in ONNX; if not given, the one built in."},
    {.name = "what",
     .kind = CLI_CHOICE,
     .arg = "NAME",
     .field = offsetof(bench_fields, what),
     .choices = what_names,
     .help = "Measures only this: net, landmarks, detector or frame."},
    {.name = "frame",
     .kind = CLI_TEXTS,
     .arg = "WxH",
     .field = offsetof(bench_fields, frames),
     .help =
         "The size of the picture that is searched for faces; once for each size. If not given, "
         "320x240 and 640x480."},
    {.name = "photo",
     .kind = CLI_FILE,
     .arg = "FILE",
     .field = offsetof(bench_fields, photo),
     .help = "The picture that is searched for faces, scaled to fit; if not given, noise."},
    {.name = "isa",
     .kind = CLI_ISA,
     .arg = "NAME",
     .field = offsetof(bench_fields, isa),
     .help = "The best instruction set to use."},
    {.name = "runs",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     .field = offsetof(bench_fields, runs),
     .help = "How often each thing is measured."},
    {.name = "seconds",
     .kind = CLI_REAL,
     .arg = "S",
     .field = offsetof(bench_fields, seconds),
     .help = "How long each thing is measured at most; default 2 where --runs is not given."},
    {.name = "threads",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     .field = offsetof(bench_fields, threads),
     .help = "Of a frame so many faces are read at once; default 1. All else is one thread's."},
    {.name = "layers",
     .kind = CLI_FLAG,
     .field = offsetof(bench_fields, layers),
     .help = "Measures each compiled step too."},
    {.name = "pin",
     .kind = CLI_COUNT,
     .arg = "CPU",
     .field = offsetof(bench_fields, cpu),
     .help = "Stays on this CPU; they count from 0."},
    {0},
};

typedef struct bench {
    const bench_fields *f;
    model_file model;
    pfld_model *landmarks; /* NULL: the file is no landmark model */
    pfld_session *session;
    uint8_t *pixels;
    pfld_image picture;
    uint64_t macs;
    stopwatch watch;
    bench_frames frames;
} bench;

static void run_net(void *with)
{
    infer_run(((bench *)with)->model.net);
}

static void run_landmarks(void *with)
{
    bench *b = with;
    const float side = PICTURE_SIDE;
    const pfld_box box = {side / 4, side / 4, side / 2, side / 2};
    pfld_face face;

    pfld_landmarks(b->session, &b->picture, &box, &face, NULL);
}

/* 2 floating-point operations for each multiply-add. */
static double gflops(uint64_t macs, double ms)
{
    return ms > 0 ? 2e-6 * (double)macs / ms : 0;
}

/* What one run takes at once: the first dimension of the first input. */
static json_int_t batch_of(const infer_net *net)
{
    infer_tensor in = {0};

    if (infer_input_count(net))
        in = infer_input(net, 0);
    return in.shape.rank ? in.shape.dim[0] : 1;
}

static pfld_status bench_one(bench *b, const char *what, void (*body)(void *), pfld_error *err)
{
    const char *isa = cpu_isa_name(infer_isa(b->model.net));
    pfld_status status = stopwatch_measure(&b->watch, body, b, err);
    double least, median;

    if (status)
        return status;
    least = stopwatch_min(&b->watch);
    median = stopwatch_median(&b->watch);
    fprintf(stderr, "%-10s %9.4f ms at best, %9.4f median of %zu runs, %.1f GFLOP/s, %s\n", what,
            least, median, b->watch.n, gflops(b->macs, least), isa);
    return output_json(stdout,
                       json_pack("{s:i,s:s,s:o,s:s,s:i,s:I,s:o,s:o,s:I,s:I}", "v", 1, "what", what,
                                 "model", output_string(b->model.path), "isa", isa, "threads", 1,
                                 "batch", batch_of(b->model.net), "min_ms", output_number(least, 5),
                                 "median_ms", output_number(median, 5), "macs", (json_int_t)b->macs,
                                 "runs", (json_int_t)b->watch.n),
                       err);
}

enum { ROOF_ROUNDS = 4096 }; /* some 10 microseconds */

typedef struct roof {
    bench *b;
    bool int8;
    uint64_t macs; /* of one round of measuring */
    double gflops; /* 0: not known */
} roof;

static void run_roof(void *with)
{
    roof *r = with;

    r->macs = infer_roof(r->b->model.net, r->int8, ROOF_ROUNDS);
}

/* What this core does at best when nothing has to be fetched: its own, measured, and not a number
 * from a data sheet. */
static pfld_status measure_roof(bench *b, bool int8, double *roof_gflops, pfld_error *err)
{
    roof r = {.b = b, .int8 = int8};
    pfld_status status;

    *roof_gflops = 0;
    if (infer_roof(b->model.net, int8, 1) == 0)
        return PFLD_OK;
    status = stopwatch_measure(&b->watch, run_roof, &r, err);
    if (status)
        return status;
    *roof_gflops = gflops(r.macs, stopwatch_min(&b->watch));
    fprintf(stderr, "roof       %9.1f G%s/s\n", *roof_gflops, int8 ? "OP" : "FLOP");
    return output_json(stdout,
                       json_pack("{s:i,s:s,s:s,s:s,s:o}", "v", 1, "what", "roof", "isa",
                                 cpu_isa_name(infer_isa(b->model.net)), "of",
                                 int8 ? "int8" : "float", "gflops", output_number(*roof_gflops, 2)),
                       err);
}

/* Whole runs, step by step, so that each step finds the caches as it does in earnest. */
static void measure_steps(bench *b, double *least, size_t n)
{
    stopwatch_pace pace;

    stopwatch_warm_up(&b->watch, run_net, b);
    pace = stopwatch_begin();
    for (size_t runs = 0; stopwatch_goes_on(&b->watch, pace, runs); runs++)
        for (size_t i = 0; i < n; i++) {
            double before = stopwatch_now_ms(), ms;

            infer_run_step(b->model.net, i);
            ms = stopwatch_now_ms() - before;
            if (runs == 0 || ms < least[i])
                least[i] = ms;
        }
}

static pfld_status write_step(const bench *b, const double roofs[2], size_t i, double ms,
                              pfld_error *err)
{
    char text[DECIMAL_TEXT], share[DECIMAL_TEXT];
    infer_step_info step = infer_step(b->model.net, i);
    double speed = gflops(step.macs, ms), top = roofs[step.int8];
    double percent = top > 0 ? 100 * speed / top : 0;

    decimal_text(speed, 1, text);
    decimal_text(percent, 0, share);
    fprintf(stderr, "%4zu %9.4f ms %8s %-8s %4s%s %-20s ", i, ms, step.macs ? text : "",
            step.macs ? (step.int8 ? "GOP/s" : "GFLOP/s") : "", step.macs && top > 0 ? share : "",
            step.macs && top > 0 ? " %" : "  ", step.op);
    message_put(stderr, step.name);
    fputc('\n', stderr);
    return output_json(stdout,
                       json_pack("{s:i,s:s,s:o,s:s,s:I,s:o,s:s,s:o,s:I,s:o,s:o}", "v", 1, "what",
                                 "layer", "model", output_string(b->model.path), "isa",
                                 cpu_isa_name(infer_isa(b->model.net)), "step", (json_int_t)i,
                                 "name", output_string(step.name), "op", step.op, "min_ms",
                                 output_number(ms, 5), "macs", (json_int_t)step.macs, "gflops",
                                 output_number(speed, 2), "of_roof",
                                 top > 0 && step.macs ? output_number(percent, 1) : json_null()),
                       err);
}

static bool has_int8_steps(const bench *b)
{
    for (size_t i = 0; i < infer_step_count(b->model.net); i++)
        if (infer_step(b->model.net, i).int8)
            return true;
    return false;
}

static pfld_status bench_steps(bench *b, pfld_error *err)
{
    size_t n = infer_step_count(b->model.net);
    double *least = mem_alloc(n, sizeof *least), roofs[2] = {0};
    pfld_status status = PFLD_OK;

    if (!least)
        return error_nomem(err);
    status = measure_roof(b, false, &roofs[false], err);
    if (status == PFLD_OK && has_int8_steps(b))
        status = measure_roof(b, true, &roofs[true], err);
    measure_steps(b, least, n);
    for (size_t i = 0; i < n && status == PFLD_OK; i++)
        status = write_step(b, roofs, i, least[i], err);
    mem_free(least);
    return status;
}

static void fill_inputs(infer_net *net)
{
    rng r;

    rng_seed(&r, 1);
    for (size_t i = 0; i < infer_input_count(net); i++) {
        infer_tensor in = infer_input(net, i);
        for (size_t k = 0; k < in.count; k++)
            in.data[k] = rng_float(&r);
    }
}

static pfld_status make_picture(bench *b, pfld_error *err)
{
    rng r;

    rng_seed(&r, 2);
    b->pixels = mem_alloc(PICTURE_BYTES, 1);
    if (!b->pixels)
        return error_nomem(err);
    for (size_t i = 0; i < PICTURE_BYTES; i++)
        b->pixels[i] = (uint8_t)(rng_u64(&r) >> 56);
    b->picture =
        (pfld_image){b->pixels, PICTURE_SIDE, PICTURE_SIDE, (ptrdiff_t)3 * PICTURE_SIDE, PFLD_RGB8};
    return PFLD_OK;
}

/* The whole call is measured too where the file is a landmark model; where not, that's said. */
static pfld_status open_session(bench *b, pfld_error *err)
{
    pfld_options options_of_session;
    pfld_status status =
        pfld_model_load_memory(b->model.data, b->model.size, NULL, &b->landmarks, err);

    if (status == PFLD_ERR_NOMEM)
        return status;
    if (status == PFLD_OK && pfld_model_kind(b->landmarks) == PFLD_KIND_DETECTOR) {
        pfld_model_free(b->landmarks);
        b->landmarks = NULL;
        message("bench: %s is a face detector: --detector measures what it does to pictures",
                b->model.path);
        return PFLD_OK;
    }
    if (status) {
        message("bench: only \"net\" is measured, not \"landmarks\": %s", err->msg);
        return PFLD_OK;
    }
    pfld_options_init(&options_of_session, sizeof options_of_session);
    options_of_session.isa = b->f->isa;
    options_of_session.passes = 1; /* no face is there to be found more exactly */
    status = pfld_session_create(b->landmarks, NULL, &options_of_session, &b->session, err);
    return status ? status : make_picture(b, err);
}

static bool wants(const bench_fields *f, enum what what)
{
    return f->what == WHAT_ANY || f->what == (int)what;
}

/* Everything that is measured of the landmark model needs it; so does a frame. */
static pfld_status bench_model(bench *b, pfld_error *err)
{
    pfld_status status = model_open_or_default(&b->model, b->f->model, err);

    if (status == PFLD_OK)
        status = open_session(b, err);
    if (status == PFLD_OK)
        status = model_close_shapes(&b->model, err);
    if (status == PFLD_OK)
        status = model_compile(&b->model, b->f->isa, err);
    if (status)
        return status;
    b->macs = model_macs(&b->model);
    fill_inputs(b->model.net);
    if (wants(b->f, WHAT_NET))
        status = bench_one(b, "net", run_net, err);
    if (status == PFLD_OK && b->session && wants(b->f, WHAT_LANDMARKS))
        status = bench_one(b, "landmarks", run_landmarks, err);
    if (status == PFLD_OK && b->f->layers)
        status = bench_steps(b, err);
    return status;
}

/* A file of --model alone is measured alone; a detector that nobody named may be missing. */
static pfld_status bench_pictures(bench *b, pfld_error *err)
{
    const bench_fields *f = b->f;
    bool asked =
        f->detector || f->what == WHAT_DETECTOR || f->what == WHAT_FRAME || f->frames.n || f->photo;
    const uint8_t *inside;
    size_t size;

    if (!asked && (f->model || builtin_detector(&inside, &size, NULL)))
        return PFLD_OK;
    b->frames.detector_path = f->detector;
    b->frames.landmarks_path = b->model.path;
    b->frames.photo = f->photo;
    b->frames.isa = f->isa;
    b->frames.threads = (int32_t)f->threads;
    b->frames.has_detector = wants(f, WHAT_DETECTOR);
    b->frames.has_frame = wants(f, WHAT_FRAME) && b->landmarks;
    if (!b->frames.has_detector && !b->frames.has_frame)
        return PFLD_OK;
    return bench_frames_run(&b->frames, b->landmarks, b->macs, &b->watch, err);
}

static pfld_status check_use(bench *b, pfld_error *err)
{
    const bench_fields *f = b->f;
    bool pictures = wants(f, WHAT_DETECTOR) || wants(f, WHAT_FRAME);

    if (f->layers && f->what != WHAT_ANY && f->what != WHAT_NET)
        return error_set(err, PFLD_ERR_ARG,
                         "--layers are those of the net: it is measured with "
                         "--what net, or without --what");
    if (!pictures && (f->detector || f->frames.n || f->photo))
        return error_set(err, PFLD_ERR_ARG, "%s is for a detector or a frame",
                         f->detector ? "--detector"
                         : f->photo  ? "--photo"
                                     : "--frame");
    if (f->threads > POOL_MAX_THREADS)
        return error_set(err, PFLD_ERR_ARG, "--threads: %ld is more than %d", f->threads,
                         POOL_MAX_THREADS);
    for (size_t i = 0; i < f->frames.n; i++) {
        pfld_status status = bench_frames_add(&b->frames, f->frames.at[i], err);
        if (status)
            return status;
    }
    return PFLD_OK;
}

static pfld_status bench_all(bench *b, pfld_error *err)
{
    pfld_status status = PFLD_OK;

    if (b->f->cpu >= 0)
        status = pin_to_cpu(b->f->cpu, err);
    if (status == PFLD_OK && b->f->what != WHAT_DETECTOR)
        status = bench_model(b, err);
    if (status == PFLD_OK && b->f->what == WHAT_FRAME && !b->landmarks)
        return error_set(err, PFLD_ERR_ARG, "%.100s is no landmark model: a frame needs one",
                         b->model.path);
    return status ? status : bench_pictures(b, err);
}

static int run(const cli_command *self, int argc, char **argv)
{
    bench_fields f = {.what = WHAT_ANY, .cpu = -1, .threads = 1};
    cli_args args = {(size_t)argc, argv, false};
    bench b = {.f = &f};
    pfld_error err = {0};
    pfld_status status;
    int code;

    if (!cli_begin(self, &args, &f, &code))
        return code;
    b.watch.runs = (size_t)f.runs;
    b.watch.budget_ms = 1e3 * (f.seconds > 0 ? (double)f.seconds : f.runs ? 0 : DEFAULT_S);
    status = check_use(&b, &err);
    if (status == PFLD_OK)
        status = bench_all(&b, &err);
    if (status)
        message("%s", err.msg);
    pfld_session_free(b.session);
    pfld_model_free(b.landmarks);
    mem_free(b.pixels);
    mem_free(f.frames.at);
    stopwatch_free(&b.watch);
    model_close(&b.model);
    return message_exit(status);
}

const cli_command command_bench = {
    .name = "bench",
    .brief = "measures how fast models run here, and whole pictures",
    .synopsis = "[--model FILE] [--detector FILE] [--what NAME] [OPTION]...",
    .about =
        "Measures on one thread (but for --threads), after warming up, with the monotonic clock, "
        "and prints a line of "
        "JSON for each thing measured; a summary goes to stderr.\n\n"
        "\"net\" is one run of the net; \"landmarks\", of landmark models only, one whole call "
        "for a face: crop, net, mapping back, and pose. With --layers, \"layer\" is one "
        "compiled step, timed within whole runs, and \"roof\" what this core does at best "
        "on registers alone, of which each step has its share.\n\n"
        "\"detector\" is the search of a picture for faces, at the picture's own size; \"frame\" "
        "that, and the landmarks of all faces found: of one face in the middle, without the second "
        "look that tells false alarms, where none was. Their multiply-adds are those of one search "
        "and one face. A --model alone is measured alone.",
    .examples = "pfld bench\n"
                "pfld bench --model model.onnx --isa scalar --runs 100 --pin 0\n"
                "pfld bench --what detector --photo group.jpg --frame 640x480",
    .options = options,
    .operand = "nothing",
    .run = run,
};
