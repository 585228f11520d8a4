/*
 * Times training steps of PFLD: forward, wing loss, backward, AdamW; memory; and each layer.
 *
 *     bench_train [--width W] [--batch N] [--threads N] [--steps N] [--rounds] [--aux] [--stages]
 *
 * One JSON line per measurement of N steps, whose batches are random numbers. --rounds measures
 * once for each line of standard input, so that several programs can take turns while they keep
 * their memory and their warmth. GFLOP/s are those of one core.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "core/cpu.h"
#include "core/mem.h"
#include "core/rng.h"
#include "kernels/kernels.h"
#include "net/arch.h"
#include "train/engine.h"
#include "train/engine_net.h"
#include "train/loss.h"
#include "train/optim.h"

enum { SIZE = 112, POINTS = 68, WARM_UP = 3 };

struct options {
    double width;
    size_t batch, threads, steps;
    bool rounds, auxiliary, stages;
};

/* What a step is timed as; the processor's time is that of all threads together: on a machine that
 * others use too, it tells more. */
enum part { FORWARD, LOSS, BACKWARD, OPTIMISER, STEP, STEP_CPU, PARTS };
static const char *const part_names[PARTS] = {"forward",   "loss", "backward",
                                              "optimiser", "step", "cpu"};

struct training {
    struct options o;
    arch_pfld arch;
    net_graph *graph;
    pool *pool;
    train_net *net;
    optim *optim;
    real *truth, *angles; /* [batch][2 POINTS], [batch][3] */
    double *times;        /* [PARTS][steps] seconds */
};

static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double now(void)
{
    return seconds(CLOCK_MONOTONIC);
}

static double now_cpu(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* ---- options ---- */

static int usage(void)
{
    fprintf(stderr, "usage: bench_train [--width W] [--batch N] [--threads N] [--steps N]"
                    " [--rounds] [--aux] [--stages]\n");
    return 2;
}

static bool parse_flag(struct options *o, const char *arg)
{
    const struct {
        const char *name;
        bool *to;
    } flags[] = {{"--rounds", &o->rounds}, {"--aux", &o->auxiliary}, {"--stages", &o->stages}};

    for (size_t k = 0; k < sizeof flags / sizeof flags[0]; k++)
        if (!strcmp(arg, flags[k].name))
            return *flags[k].to = true;
    return false;
}

static bool parse_number(struct options *o, const char *arg, const char *text)
{
    const struct {
        const char *name;
        size_t *to;
    } numbers[] = {{"--batch", &o->batch}, {"--threads", &o->threads}, {"--steps", &o->steps}};

    if (!strcmp(arg, "--width"))
        return (o->width = strtod(text, NULL)) > 0;
    for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++)
        if (!strcmp(arg, numbers[k].name))
            return (*numbers[k].to = strtoul(text, NULL, 10)) > 0;
    return false;
}

static bool parse(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (parse_flag(o, argv[i]))
            continue;
        if (i + 1 == argc || !parse_number(o, argv[i], argv[i + 1]))
            return false;
        i++;
    }
    return true;
}

/* ---- what is trained ---- */

static void fill(rng *random, real *to, size_t n, float from)
{
    for (size_t i = 0; i < n; i++)
        to[i] = from + rng_float(random);
}

static pfld_status create(struct training *t, pfld_error *err)
{
    static const optim_options adamw = {.rate = 1e-3,
                                        .beta1 = 0.9,
                                        .beta2 = 0.999,
                                        .epsilon = 1e-8,
                                        .decay = 1e-2,
                                        .decoupled = true};
    const struct options *o = &t->o;
    pfld_status status;
    rng random;

    t->arch = (arch_pfld){.width = o->width,
                          .points = POINTS,
                          .size = SIZE,
                          .tail = ARCH_FLATTEN,
                          .auxiliary = o->auxiliary};
    if ((status = pool_create(o->threads, &t->pool, err)) != PFLD_OK ||
        (status = arch_pfld_build(&t->arch, 1, NULL, &t->graph, err)) != PFLD_OK ||
        (status = train_net_create(t->graph, o->batch, t->pool, &t->net, err)) != PFLD_OK ||
        (status = optim_create(t->net, &adamw, &t->optim, err)) != PFLD_OK)
        return status;
    t->truth = mem_alloc(o->batch, sizeof(real[2 * POINTS]));
    t->angles = mem_alloc(o->batch, sizeof(real[3]));
    t->times = mem_alloc(o->steps, sizeof(double[PARTS]));
    if (!t->truth || !t->angles || !t->times)
        return PFLD_ERR_NOMEM;
    rng_seed(&random, 1);
    fill(&random, train_input(t->net), o->batch * SIZE * SIZE * 3, -0.5f);
    fill(&random, t->truth, o->batch * 2 * POINTS, 0.0f);
    fill(&random, t->angles, o->batch * 3, -0.5f);
    return PFLD_OK;
}

static void destroy(struct training *t)
{
    mem_free(t->times);
    mem_free(t->angles);
    mem_free(t->truth);
    optim_free(t->optim);
    train_net_free(t->net);
    net_graph_free(t->graph);
    pool_free(t->pool);
}

/* ---- steps ---- */

static void eval_loss(struct training *t)
{
    bool aux = t->o.auxiliary;
    loss_options opt = {.distance = LOSS_WING, .geometry = aux, .pixels = SIZE};
    loss_batch b = {.n = t->o.batch,
                    .points = POINTS,
                    .predicted = train_output(t->net, 0),
                    .truth = t->truth,
                    .grad = train_output_grad(t->net, 0),
                    .angles = aux ? train_output(t->net, 1) : NULL,
                    .angles_truth = aux ? t->angles : NULL,
                    .grad_angles = aux ? train_output_grad(t->net, 1) : NULL};

    loss_eval(&opt, &b);
}

static void one_step(struct training *t, double part[PARTS])
{
    double cpu = now_cpu(), at[OPTIMISER + 2];

    at[FORWARD] = now();
    train_forward(t->net, t->o.batch, true);
    at[LOSS] = now();
    eval_loss(t);
    at[BACKWARD] = now();
    train_backward(t->net);
    at[OPTIMISER] = now();
    optim_step(t->optim, t->pool);
    at[OPTIMISER + 1] = now();
    for (size_t i = 0; i <= OPTIMISER; i++)
        part[i] = at[i + 1] - at[i];
    part[STEP] = at[OPTIMISER + 1] - at[FORWARD];
    part[STEP_CPU] = now_cpu() - cpu;
}

/* Feature maps are touched for the first time, caches fill, the processor's clock rises. */
static void warm_up(struct training *t)
{
    double part[PARTS];

    for (int i = 0; i < WARM_UP; i++)
        one_step(t, part);
}

static uint64_t count_macs(const struct training *t)
{
    arch_row rows[ARCH_ROWS];
    uint64_t macs = 0;

    for (size_t i = arch_pfld_rows(&t->arch, rows, ARCH_ROWS); i-- > 0;)
        macs += rows[i].macs;
    return macs;
}

static size_t count_parameters(const struct training *t)
{
    size_t n = 0;

    for (size_t i = 0; i < train_param_count(t->net); i++)
        n += train_param_at(t->net, i).n;
    return n;
}

/* The most that this process ever held, in MB. */
static double peak_mbytes(void)
{
    struct rusage r;

    getrusage(RUSAGE_SELF, &r);
    return (double)r.ru_maxrss * 1024e-6;
}

static void measure(struct training *t)
{
    size_t n = t->o.steps;
    double *step = t->times + STEP * n, part[PARTS];

    for (size_t i = 0; i < n; i++) {
        one_step(t, part);
        for (size_t k = 0; k < PARTS; k++)
            t->times[k * n + i] = part[k];
    }
    for (size_t k = 0; k < PARTS; k++)
        qsort(t->times + k * n, n, sizeof *t->times, compare);
    printf("{\"v\":1,\"what\":\"train\",\"model\":\"pfld-%gx\",\"isa\":\"%s\",\"threads\":%zu,"
           "\"batch\":%zu,\"min_ms\":%.2f,\"median_ms\":%.2f,\"macs\":%llu,\"parameters\":%zu,"
           "\"steps\":%zu,\"samples_per_s\":%.1f,\"median_samples_per_s\":%.1f",
           t->o.width, cpu_isa_name(kernels_get(PFLD_ISA_AUTO)->isa), t->o.threads, t->o.batch,
           1e3 * step[0], 1e3 * step[n / 2], (unsigned long long)count_macs(t), count_parameters(t),
           n, (double)t->o.batch / step[0], (double)t->o.batch / step[n / 2]);
    for (size_t k = 0; k < PARTS; k++)
        if (k != STEP)
            printf(",\"%s_min_ms\":%.2f", part_names[k], 1e3 * t->times[k * n]);
    printf(",\"engine_mbytes\":%.1f,\"peak_mbytes\":%.1f}\n", 1e-6 * (double)train_bytes(t->net),
           peak_mbytes());
    fflush(stdout);
}

static void measure_rounds(struct training *t)
{
    char line[64];

    while (fgets(line, sizeof line, stdin))
        measure(t);
}

static void measure_stages(struct training *t)
{
    train_net *net = t->net;
    double *best = mem_alloc(2 * net->n_steps, sizeof *best), total = 0;

    if (!best)
        return;
    for (size_t i = 0; i < t->o.steps; i++)
        train_time_steps(net, t->o.batch, now_cpu, best, i == 0);
    for (size_t i = 0; i < net->n_steps; i++) {
        const train_step *s = &net->steps[i];
        double macs = (double)(s->out->pixels * s->n * s->k) * (double)t->o.batch;

        total += best[2 * i] + best[2 * i + 1];
        printf(
            "{\"v\":1,\"what\":\"train-step\",\"name\":\"%s\",\"kind\":%d,\"out\":\"%zux%zux%zu\","
            "\"k\":%zu,\"forward_cpu_ms\":%.3f,\"backward_cpu_ms\":%.3f,\"gflops\":[%.0f,%.0f]}\n",
            s->name, (int)s->kind, s->out->h, s->out->w, s->out->c, s->k, 1e3 * best[2 * i],
            1e3 * best[2 * i + 1], 2e-9 * macs / best[2 * i], 4e-9 * macs / best[2 * i + 1]);
    }
    printf("{\"v\":1,\"what\":\"train-steps\",\"sum_cpu_ms\":%.2f}\n", 1e3 * total);
    mem_free(best);
}

int main(int argc, char **argv)
{
    struct training t = {.o = {.width = 0.25, .batch = 64, .threads = 2, .steps = 20}};
    pfld_error err = {0};
    pfld_status status;

    if (!parse(&t.o, argc, argv))
        return usage();
    status = create(&t, &err);
    if (status != PFLD_OK) {
        fprintf(stderr, "bench_train: %s\n", err.msg[0] ? err.msg : "out of memory");
    } else {
        warm_up(&t);
        if (t.o.rounds)
            measure_rounds(&t);
        else
            measure(&t);
        if (t.o.stages)
            measure_stages(&t);
    }
    destroy(&t);
    return status == PFLD_OK ? 0 : 3;
}
