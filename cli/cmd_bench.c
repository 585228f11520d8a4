/* pfld bench: how long a model takes on this machine, on one thread. */
#define _POSIX_C_SOURCE 200809L
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/decimal.h"
#include "cli/message.h"
#include "cli/model.h"
#include "cli/model_default.h"
#include "cli/output.h"
#include "cli/pin.h"
#include "core/cpu.h"
#include "core/error.h"
#include "core/mem.h"
#include "core/rng.h"

#define WARM_UP_RUNS  3     /* caches and page faults; the CPU's clock wants time too: */
#define WARM_UP_MS    200.0 /* unless --runs asks for few */
#define DEFAULT_S     2.0
#define PICTURE_SIDE  320 /* of the synthetic picture, with a face of half its side */
#define PICTURE_BYTES ((size_t)PICTURE_SIDE * PICTURE_SIDE * 3)

typedef struct bench_fields {
    const char *model;
    pfld_isa isa;
    long runs, cpu;
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
    double *ms; /* [n] of the runs */
    size_t n, room;
} bench;

typedef struct pace {     /* when to stop */
    double start, budget; /* milliseconds; a budget of 0 is none */
    size_t wanted;        /* 0: no limit but the budget */
} pace;

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static pace begin(const bench_fields *f)
{
    pace p = {now_ms(), (double)f->seconds * 1e3, (size_t)f->runs};

    if (p.budget == 0 && p.wanted == 0)
        p.budget = DEFAULT_S * 1e3;
    return p;
}

static bool goes_on(const pace *p, size_t done)
{
    if (done == 0)
        return true;
    return (!p->wanted || done < p->wanted) && (p->budget == 0 || now_ms() - p->start < p->budget);
}

static void run_net(bench *b)
{
    infer_run(b->model.net);
}

static void run_landmarks(bench *b)
{
    const float side = PICTURE_SIDE;
    const pfld_box box = {side / 4, side / 4, side / 2, side / 2};
    pfld_face face;

    pfld_landmarks(b->session, &b->picture, &box, &face, NULL);
}

static void warm_up(bench *b, void (*body)(bench *))
{
    double start = now_ms();

    for (int i = 0; i < WARM_UP_RUNS || (!b->f->runs && now_ms() - start < WARM_UP_MS); i++)
        body(b);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static pfld_status measure(bench *b, void (*body)(bench *), pfld_error *err)
{
    pace p;

    warm_up(b, body);
    p = begin(b->f);
    for (b->n = 0; goes_on(&p, b->n);) {
        double before, *grown = mem_grow(b->ms, &b->room, b->n + 1, sizeof *grown);

        if (!grown)
            return error_nomem(err);
        b->ms = grown;
        before = now_ms();
        body(b);
        b->ms[b->n++] = now_ms() - before;
    }
    qsort(b->ms, b->n, sizeof *b->ms, compare);
    return PFLD_OK;
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

static pfld_status bench_one(bench *b, const char *what, void (*body)(bench *), pfld_error *err)
{
    const char *isa = cpu_isa_name(infer_isa(b->model.net));
    pfld_status status = measure(b, body, err);
    double median;

    if (status)
        return status;
    median = (b->ms[(b->n - 1) / 2] + b->ms[b->n / 2]) / 2;
    fprintf(stderr, "%-10s %9.4f ms at best, %9.4f median of %zu runs, %.1f GFLOP/s, %s\n", what,
            b->ms[0], median, b->n, gflops(b->macs, b->ms[0]), isa);
    return output_json(stdout,
                       json_pack("{s:i,s:s,s:o,s:s,s:i,s:I,s:o,s:o,s:I,s:I}", "v", 1, "what", what,
                                 "model", output_string(b->model.path), "isa", isa, "threads", 1,
                                 "batch", batch_of(b->model.net), "min_ms",
                                 output_number(b->ms[0], 5), "median_ms", output_number(median, 5),
                                 "macs", (json_int_t)b->macs, "runs", (json_int_t)b->n),
                       err);
}

/* Whole runs, step by step, so that each step finds the caches as it does in earnest. */
static void measure_steps(bench *b, double *least, size_t n)
{
    pace p;

    warm_up(b, run_net);
    p = begin(b->f);
    for (size_t runs = 0; goes_on(&p, runs); runs++)
        for (size_t i = 0; i < n; i++) {
            double before = now_ms(), ms;

            infer_run_step(b->model.net, i);
            ms = now_ms() - before;
            if (runs == 0 || ms < least[i])
                least[i] = ms;
        }
}

static pfld_status write_step(const bench *b, size_t i, double ms, pfld_error *err)
{
    char text[DECIMAL_TEXT];
    infer_step_info step = infer_step(b->model.net, i);
    double speed = gflops(step.macs, ms);

    decimal_text(speed, 1, text);
    fprintf(stderr, "%4zu %9.4f ms %8s %-8s %-20s ", i, ms, step.macs ? text : "",
            step.macs ? "GFLOP/s" : "", step.op);
    message_put(stderr, step.name);
    fputc('\n', stderr);
    return output_json(stdout,
                       json_pack("{s:i,s:s,s:o,s:s,s:I,s:o,s:s,s:o,s:I,s:o}", "v", 1, "what",
                                 "layer", "model", output_string(b->model.path), "isa",
                                 cpu_isa_name(infer_isa(b->model.net)), "step", (json_int_t)i,
                                 "name", output_string(step.name), "op", step.op, "min_ms",
                                 output_number(ms, 5), "macs", (json_int_t)step.macs, "gflops",
                                 output_number(speed, 2)),
                       err);
}

static pfld_status bench_steps(bench *b, pfld_error *err)
{
    size_t n = infer_step_count(b->model.net);
    double *least = mem_alloc(n, sizeof *least);
    pfld_status status = PFLD_OK;

    if (!least)
        return error_nomem(err);
    measure_steps(b, least, n);
    for (size_t i = 0; i < n && status == PFLD_OK; i++)
        status = write_step(b, i, least[i], err);
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
    if (status) {
        message("bench: only \"net\" is measured, not \"landmarks\": %s", err->msg);
        return PFLD_OK;
    }
    pfld_options_init(&options_of_session, sizeof options_of_session);
    options_of_session.isa = b->f->isa;
    status = pfld_session_create(b->landmarks, &options_of_session, &b->session, err);
    return status ? status : make_picture(b, err);
}

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
    status = bench_one(b, "net", run_net, err);
    if (status == PFLD_OK && b->session)
        status = bench_one(b, "landmarks", run_landmarks, err);
    if (status == PFLD_OK && b->f->layers)
        status = bench_steps(b, err);
    return status;
}

static int run(const cli_command *self, int argc, char **argv)
{
    bench_fields f = {.cpu = -1};
    cli_args args = {(size_t)argc, argv, false};
    bench b = {.f = &f};
    pfld_error err = {0};
    pfld_status status = PFLD_OK;
    int code;

    if (!cli_begin(self, &args, &f, &code))
        return code;
    if (f.cpu >= 0)
        status = pin_to_cpu(f.cpu, &err);
    if (status == PFLD_OK)
        status = bench_model(&b, &err);
    if (status)
        message("%s", err.msg);
    pfld_session_free(b.session);
    pfld_model_free(b.landmarks);
    mem_free(b.pixels);
    mem_free(b.ms);
    model_close(&b.model);
    return message_exit(status);
}

const cli_command command_bench = {
    .name = "bench",
    .brief = "measures how fast a model runs here",
    .synopsis = "[--model FILE] [--runs N | --seconds S] [--layers] [--isa NAME] [--pin CPU]",
    .about =
        "Measures a model on one thread, after warming up, with the monotonic clock, and "
        "prints a line of JSON for each thing measured; a summary goes to stderr.\n\n"
        "\"net\" is one run of the net; \"landmarks\", of landmark models only, one whole call "
        "for a face: crop, net, mapping back, and pose. With --layers, \"layer\" is one "
        "compiled step, timed within whole runs.",
    .examples = "pfld bench\n"
                "pfld bench --model model.onnx --isa scalar --runs 100 --pin 0",
    .options = options,
    .operand = "nothing",
    .run = run,
};
