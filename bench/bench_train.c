/*
 * Times forward and backward passes of PFLD over a batch: samples a second, by kind of layer, and
 * memory. `bench_train [--width W] [--batch N] [--threads N] [--steps N] [--aux] [--stages]`. One
 * JSON line per measurement; GFLOP/s are those of one core.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/cpu.h"
#include "core/rng.h"
#include "kernels/kernels.h"
#include "net/arch.h"
#include "train/engine.h"
#include "train/engine_net.h"

struct options {
    double width;
    size_t batch, threads, steps;
    bool auxiliary, stages;
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

/* Of all threads together: on a machine that others use too, what tells the truth. */
static double now_cpu(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int usage(void)
{
    fprintf(stderr, "usage: bench_train [--width W] [--batch N] [--threads N] [--steps N] [--aux]"
                    " [--stages]\n");
    return 2;
}

static bool parse(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const struct {
            const char *name;
            size_t *to;
        } numbers[] = {{"--batch", &o->batch}, {"--threads", &o->threads}, {"--steps", &o->steps}};
        bool known = false;

        if (!strcmp(argv[i], "--aux")) {
            o->auxiliary = known = true;
        } else if (!strcmp(argv[i], "--stages")) {
            o->stages = known = true;
        } else if (!strcmp(argv[i], "--width") && i + 1 < argc) {
            o->width = strtod(argv[++i], NULL);
            known = o->width > 0;
        }
        for (size_t k = 0; !known && k < sizeof numbers / sizeof numbers[0]; k++)
            if (!strcmp(argv[i], numbers[k].name) && i + 1 < argc) {
                *numbers[k].to = strtoul(argv[++i], NULL, 10);
                known = *numbers[k].to > 0;
            }
        if (!known)
            return false;
    }
    return true;
}

/* Gradients of the outputs that are of a training's size. */
static void fill_grads(train_net *t, const struct options *o)
{
    size_t width[] = {136, 3};

    for (size_t i = 0; i < train_output_count(t); i++)
        for (size_t k = 0; k < o->batch * width[i]; k++)
            train_output_grad(t, i)[k] = train_output(t, i)[k] / (real)o->batch;
}

static void bench(train_net *t, const struct options *o)
{
    double *step = calloc(3 * o->steps, sizeof *step), *forward = step + o->steps;
    double *cpu = forward + o->steps;
    rng random;

    if (!step)
        return;
    rng_seed(&random, 1);
    for (size_t i = 0; i < o->batch * 112 * 112 * 3; i++)
        train_input(t)[i] = rng_float(&random) - 0.5f;
    for (size_t i = 0; i < o->steps; i++) {
        double start = now(), start_cpu = now_cpu();

        train_forward(t, o->batch, true);
        forward[i] = now() - start;
        fill_grads(t, o);
        train_backward(t);
        step[i] = now() - start;
        cpu[i] = now_cpu() - start_cpu;
    }
    qsort(step, o->steps, sizeof *step, compare);
    qsort(forward, o->steps, sizeof *forward, compare);
    qsort(cpu, o->steps, sizeof *cpu, compare);
    printf("{\"v\":1,\"what\":\"train\",\"model\":\"pfld-%gx\",\"isa\":\"%s\",\"threads\":%zu,"
           "\"batch\":%zu,\"min_ms\":%.2f,\"median_ms\":%.2f,\"forward_min_ms\":%.2f,"
           "\"cpu_min_ms\":%.2f,\"cpu_median_ms\":%.2f,\"samples_per_s\":%.1f,"
           "\"median_samples_per_s\":%.1f,\"mbytes\":%.1f}\n",
           o->width, cpu_isa_name(kernels_get(PFLD_ISA_AUTO)->isa), o->threads, o->batch,
           1e3 * step[0], 1e3 * step[o->steps / 2], 1e3 * forward[0], 1e3 * cpu[0],
           1e3 * cpu[o->steps / 2], (double)o->batch / step[0],
           (double)o->batch / step[o->steps / 2], 1e-6 * (double)train_bytes(t));
    free(step);
}

static void bench_stages(train_net *t, const struct options *o)
{
    double *best = calloc(2 * t->n_steps, sizeof *best), total = 0;

    if (!best)
        return;
    for (size_t i = 0; i < o->steps; i++)
        train_time_steps(t, o->batch, now_cpu, best, i == 0);
    for (size_t i = 0; i < t->n_steps; i++) {
        const train_step *s = &t->steps[i];
        double macs = (double)(s->out->pixels * s->n * s->k) * (double)o->batch;

        total += best[2 * i] + best[2 * i + 1];
        printf(
            "{\"v\":1,\"what\":\"train-step\",\"name\":\"%s\",\"kind\":%d,\"out\":\"%zux%zux%zu\","
            "\"k\":%zu,\"forward_cpu_ms\":%.3f,\"backward_cpu_ms\":%.3f,\"gflops\":[%.0f,%.0f]}\n",
            s->name, (int)s->kind, s->out->h, s->out->w, s->out->c, s->k, 1e3 * best[2 * i],
            1e3 * best[2 * i + 1], 2e-9 * macs / best[2 * i], 4e-9 * macs / best[2 * i + 1]);
    }
    printf("{\"v\":1,\"what\":\"train-steps\",\"sum_cpu_ms\":%.2f}\n", 1e3 * total);
    free(best);
}

int main(int argc, char **argv)
{
    struct options o = {.width = 0.25, .batch = 64, .threads = 2, .steps = 20};
    arch_pfld arch;
    net_graph *g = NULL;
    pool *p = NULL;
    train_net *t = NULL;
    pfld_error err = {0};
    int status = 3;

    if (!parse(&o, argc, argv))
        return usage();
    arch = (arch_pfld){.width = o.width,
                       .points = 68,
                       .size = 112,
                       .tail = ARCH_FLATTEN,
                       .auxiliary = o.auxiliary};
    if (pool_create(o.threads, &p, &err) == PFLD_OK &&
        arch_pfld_build(&arch, 1, NULL, &g, &err) == PFLD_OK &&
        train_net_create(g, o.batch, p, &t, &err) == PFLD_OK) {
        bench(t, &o);
        if (o.stages)
            bench_stages(t, &o);
        status = 0;
    } else {
        fprintf(stderr, "bench_train: %s\n", err.msg);
    }
    train_net_free(t);
    pool_free(p);
    net_graph_free(g);
    return status;
}
