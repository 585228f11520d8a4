/*
 * Times training steps of PFLD by several ranks, and what of them is adding up over the ranks.
 *
 *     [mpirun -n N] bench_ranks [--width W] [--batch N] [--threads N] [--steps N]
 *
 * batch is that of all ranks, threads are those of each. Rank 0 prints one JSON line: the step, the
 * sums within it (which contain waiting for the slower rank), and the same sums alone, one behind
 * the other, which is what the network costs.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/mem.h"
#include "core/rng.h"
#include "net/arch.h"
#include "train/engine.h"
#include "train/group_mpi.h"
#include "train/loss.h"
#include "train/optim.h"

enum { SIZE = 112, POINTS = 68, WARM_UP = 3, MOST_SUMS = 512 };

struct options {
    double width;
    size_t batch, threads, steps;
};

/* A group that notes what it is asked for. */
struct meter {
    const train_group *of;
    size_t doubles[MOST_SUMS], n; /* numbers of each sum of a step */
    double seconds;
};

struct training {
    struct options o;
    size_t batch; /* this rank's */
    train_group group, metered;
    struct meter meter;
    net_graph *graph;
    pool *pool;
    train_net *net;
    optim *optim;
    real *truth;
    double *scratch; /* for sums alone */
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void metered_sum(void *ctx, double *x, size_t n)
{
    struct meter *m = ctx;
    double start = now();

    m->of->sum_double(m->of->ctx, x, n);
    m->seconds += now() - start;
    if (m->n < MOST_SUMS)
        m->doubles[m->n++] = n;
}

static bool parse(struct options *o, int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        const struct {
            const char *name;
            size_t *to;
        } numbers[] = {{"--batch", &o->batch}, {"--threads", &o->threads}, {"--steps", &o->steps}};
        bool known = false;

        if (!strcmp(argv[i], "--width"))
            known = (o->width = strtod(argv[i + 1], NULL)) > 0;
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
            if (!strcmp(argv[i], numbers[k].name))
                known = (*numbers[k].to = strtoul(argv[i + 1], NULL, 10)) > 0;
        if (!known)
            return false;
    }
    return argc % 2 == 1;
}

static pfld_status join(struct training *t, pfld_error *err)
{
    const train_group *g = NULL;
    size_t first;

    if (group_mpi_launched() != 1) {
        pfld_status status = group_mpi_open(&t->group, err);
        if (status != PFLD_OK)
            return status;
        g = &t->group;
        t->meter.of = g;
        t->metered = *g;
        t->metered.ctx = &t->meter;
        t->metered.sum_double = metered_sum;
    }
    return group_part(g, t->o.batch, &first, &t->batch, err);
}

static pfld_status create(struct training *t, pfld_error *err)
{
    static const optim_options adamw = {
        .rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .decoupled = true};
    const arch_pfld arch = {.width = t->o.width, .points = POINTS, .size = SIZE};
    pfld_status status;
    size_t n;
    rng random;

    if ((status = join(t, err)) != PFLD_OK ||
        (status = pool_create(t->o.threads, &t->pool, err)) != PFLD_OK ||
        (status = arch_pfld_build(&arch, 1, NULL, &t->graph, err)) != PFLD_OK ||
        (status = train_net_create(t->graph, t->batch, t->pool, &t->net, err)) != PFLD_OK ||
        (status = optim_create(t->net, &adamw, &t->optim, err)) != PFLD_OK)
        return status;
    train_net_join(t->net, t->meter.of ? &t->metered : NULL);
    train_gradients(t->net, &n);
    t->truth = mem_alloc(t->batch, sizeof(real[2 * POINTS]));
    t->scratch = mem_alloc(n, sizeof *t->scratch);
    if (!t->truth || !t->scratch)
        return PFLD_ERR_NOMEM;
    rng_seed(&random, group_rank(t->meter.of));
    for (size_t i = 0; i < t->batch * SIZE * SIZE * 3; i++)
        train_input(t->net)[i] = rng_float(&random) - 0.5f;
    for (size_t i = 0; i < t->batch * 2 * POINTS; i++)
        t->truth[i] = rng_float(&random);
    return PFLD_OK;
}

static void destroy(struct training *t)
{
    mem_free(t->scratch);
    mem_free(t->truth);
    optim_free(t->optim);
    train_net_free(t->net);
    net_graph_free(t->graph);
    pool_free(t->pool);
    if (t->meter.of)
        group_mpi_close(&t->group);
}

static void one_step(struct training *t, double *gradient)
{
    loss_options opt = {.distance = LOSS_WING, .pixels = SIZE};
    loss_batch b = {.n = t->batch,
                    .points = POINTS,
                    .predicted = train_output(t->net, 0),
                    .truth = t->truth,
                    .grad = train_output_grad(t->net, 0)};
    double start;
    real *grads;
    size_t n;

    train_forward(t->net, t->batch, true);
    loss_eval(&opt, &b);
    train_backward(t->net);
    start = now();
    grads = train_gradients(t->net, &n);
    group_sum_float(t->meter.of, grads, n);
    *gradient += now() - start;
    optim_step(t->optim, t->pool);
}

/* The sums of one step's normalisation, and then that of its gradients. */
static void sums_alone(struct training *t, double seconds[2])
{
    const train_group *g = t->meter.of;
    double start = now();
    real *grads;
    size_t n;

    for (size_t i = 0; i < t->meter.n; i++)
        group_sum(g, t->scratch, t->meter.doubles[i]);
    seconds[0] += now() - start;
    start = now();
    grads = train_gradients(t->net, &n);
    group_sum_float(g, grads, n);
    seconds[1] += now() - start;
}

static void measure(struct training *t)
{
    double gradient = 0, alone[2] = {0}, ms = 1e3 / (double)t->o.steps, norm, step;
    size_t n, bytes = 0;

    for (size_t i = 0; i < WARM_UP; i++)
        one_step(t, &gradient);
    gradient = t->meter.seconds = 0;
    step = now();
    for (size_t i = 0; i < t->o.steps; i++) {
        t->meter.n = 0;
        one_step(t, &gradient);
    }
    step = now() - step;
    norm = t->meter.seconds;
    memset(t->scratch, 0, sizeof *t->scratch);
    for (size_t i = 0; i < t->o.steps; i++)
        sums_alone(t, alone);
    train_gradients(t->net, &n);
    for (size_t i = 0; i < t->meter.n; i++)
        bytes += t->meter.doubles[i] * sizeof(double);
    if (group_rank(t->meter.of) > 0)
        return;
    printf("{\"v\":1,\"what\":\"ranks\",\"model\":\"pfld-%gx\",\"ranks\":%zu,\"threads\":%zu,"
           "\"batch\":%zu,\"steps\":%zu,\"samples_per_s\":%.1f,\"step_ms\":%.2f,"
           "\"norm_sums\":%zu,\"norm_bytes\":%zu,\"gradient_bytes\":%zu,\"norm_ms\":%.2f,"
           "\"gradient_ms\":%.2f,\"norm_alone_ms\":%.3f,\"gradient_alone_ms\":%.3f}\n",
           t->o.width, group_size(t->meter.of), t->o.threads, t->o.batch, t->o.steps,
           (double)(t->o.batch * t->o.steps) / step, ms * step, t->meter.n, bytes, n * sizeof(real),
           ms * norm, ms * gradient, ms * alone[0], ms * alone[1]);
}

int main(int argc, char **argv)
{
    struct training t = {.o = {.width = 0.25, .batch = 32, .threads = 1, .steps = 20}};
    pfld_error err = {0};
    pfld_status status;

    if (!parse(&t.o, argc, argv)) {
        fprintf(stderr, "usage: bench_ranks [--width W] [--batch N] [--threads N] [--steps N]\n");
        return 2;
    }
    status = create(&t, &err);
    if (status == PFLD_OK)
        measure(&t);
    else
        fprintf(stderr, "bench_ranks: %s\n", err.msg[0] ? err.msg : "out of memory");
    destroy(&t);
    return status != PFLD_OK;
}
