/*
 * Times augmentation: each effect alone on a crop, whole samples, and the loader's batches with its
 * threads: `bench_augment 300w:LIST [RECIPE [THREADS]]`. One JSON line per measurement. Effects and
 * samples are timed on one core; a time is the fastest of a few dozen runs. "cpu_us" is what all
 * threads spend on a sample: the figure that a busy machine does not change much.
 */
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "data/effects.h"
#include "data/face_box.h"
#include "data/loader.h"
#include "data/occlude.h"
#include "data/shut.h"
#include "image/image.h"

enum { SIZE = 112, RUNS = 40, BATCH = 64, BATCHES = 60 };

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

typedef struct bench {
    pfld_image source, crop; /* what a shrunk copy looks like; a crop of it */
    affine turned;           /* of the crop into the source, as after augmentation */
    rng r;
} bench;

static void do_warp(bench *b)
{
    image_warp(&b->source, &b->turned, &b->crop);
}
static void do_colours(bench *b)
{
    const effect_light light = {0.8f, {1.0f, 1.1f, 0.9f}, 1.1f, 0.01f};
    effect_colours(&b->crop, &light);
}
static void do_gamma(bench *b)
{
    effect_gamma(&b->crop, 1.01f, 1.0f);
}
static void do_blur(bench *b)
{
    effect_blur(&b->crop, 1.2f, 1.2f);
}
static void do_streak(bench *b)
{
    effect_streak(&b->crop, 9.0f, 0.7f);
}
static void do_darkness(bench *b)
{
    effect_darkness(&b->crop, 0.01f, &b->r);
}
static void do_low_resolution(bench *b)
{
    effect_low_resolution(&b->crop, 44);
}
static void do_noise(bench *b)
{
    effect_noise(&b->crop, 8.0f, false, &b->r);
}
static void do_jpeg(bench *b)
{
    effect_jpeg(&b->crop, 45);
}
static void do_occlude(bench *b)
{
    static const pfld_point at[FACE_ANCHORS] = {{38, 42}, {74, 40}, {57, 62}, {42, 82}, {72, 81}};
    occlude_shape shape;
    occlude_at_random(&b->crop, at, 31, &b->r, &shape);
}

/* Eyes of a fifth of the crop's side, as in training. */
static void do_shut(bench *b)
{
    static const affine same = {1.0f, 0.0f, 0.0f, 0.0f, 1.0f, 0.0f};
    static const pfld_point ring[6] = {{0, 0}, {8, -6}, {16, -6}, {24, 0}, {16, 3}, {8, 3}};
    static const affine eyes[2] = {{1.4f, -0.4f, 60, 0.4f, 1.4f, 70},
                                   {1.4f, -0.4f, 110, 0.4f, 1.4f, 85}};
    uint8_t known[68];
    pfld_point points[68];
    data_sample s = {.scheme = scheme_find("ibug68"), .points = points, .known = known};
    shut_face f;

    memset(points, 0, sizeof points);
    memset(known, 1, sizeof known);
    for (int i = 0; i < 12; i++)
        points[36 + i] = affine_apply(&eyes[i / 6], ring[i % 6]);
    if (shut_suits(&s) && shut_eyes(&s, &(shut_degree){0.7f, 0.7f, 0.5f}, &f))
        shut_paint(&f, &b->turned, &b->source, &same, &b->crop);
}

static const struct {
    const char *name;
    void (*work)(bench *b);
} effects[] = {
    {"warp", do_warp},
    {"colours", do_colours},
    {"gamma", do_gamma},
    {"blur", do_blur},
    {"streak", do_streak},
    {"darkness", do_darkness},
    {"low resolution", do_low_resolution},
    {"noise", do_noise},
    {"jpeg", do_jpeg},
    {"occlusion", do_occlude},
    {"shut", do_shut},
};

static void bench_effects(void)
{
    static uint8_t source[200 * 200 * 3], crop[SIZE * SIZE * 3];
    const float c = 1.4f * 0.95f, s = 1.4f * 0.31f; /* turned by 18 degrees */
    bench b = {.source = {source, 200, 200, 600, PFLD_RGB8},
               .crop = {crop, SIZE, SIZE, sizeof crop / SIZE, PFLD_RGB8},
               .turned = {c, -s, 100 - (c - s) * 55.5f, s, c, 100 - (c + s) * 55.5f}};

    rng_seed(&b.r, 1);
    for (size_t i = 0; i < sizeof source; i++)
        source[i] = (uint8_t)(rng_u64(&b.r) >> 56);
    for (size_t k = 0; k < sizeof effects / sizeof *effects; k++) {
        double best = HUGE_VAL;
        do_warp(&b);
        for (int run = 0; run < RUNS; run++) {
            double t = now();
            for (int i = 0; i < 20; i++)
                effects[k].work(&b);
            best = fmin(best, (now() - t) / 20);
        }
        printf("{\"what\":\"%s\",\"us\":%.1f}\n", effects[k].name, 1e6 * best);
    }
}

typedef struct cost { /* of a sample, seconds */
    double wall, cpu;
} cost;

static void get(loader *l, uint64_t *step, int n)
{
    pfld_error err = {0};
    batch b;

    for (int i = 0; i < n; i++)
        if (loader_get(l, (*step)++, &b, &err) != PFLD_OK) {
            fprintf(stderr, "bench_augment: %s\n", err.msg);
            exit(1);
        }
}

/* Photos are in the cache. */
static cost time_loader(loader *l, size_t samples)
{
    cost best = {HUGE_VAL, HUGE_VAL};
    uint64_t step = 0;

    get(l, &step, (int)(samples / BATCH) + 1);
    for (int k = 0; k < BATCHES / 10; k++) {
        double wall = now(), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
        get(l, &step, 10);
        best.wall = fmin(best.wall, (now() - wall) / (10 * BATCH));
        best.cpu = fmin(best.cpu, (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (10 * BATCH));
    }
    return best;
}

static pfld_status bench_loader(const data_set *set, const char *recipe, size_t threads,
                                pfld_error *err)
{
    loader_options opt = {.batch = BATCH,
                          .threads = threads,
                          .size = SIZE,
                          .rule = {.scale = 1.1f},
                          .augment = augment_recipe(recipe),
                          .scheme = set->samples[0].scheme,
                          .seed = 1,
                          .shuffle = true};
    loader *l = NULL;
    pfld_status st = loader_create(set, NULL, &opt, NULL, &l, err);
    cost c;

    if (st != PFLD_OK)
        return st;
    c = time_loader(l, set->n);
    printf("{\"what\":\"loader\",\"recipe\":\"%s\",\"threads\":%zu,\"us\":%.1f,\"cpu_us\":%.1f,"
           "\"samples_a_second\":%.0f}\n",
           recipe, threads, 1e6 * c.wall, 1e6 * c.cpu, 1.0 / c.wall);
    loader_free(l);
    return PFLD_OK;
}

int main(int argc, char **argv)
{
    const char *recipe = argc > 2 ? argv[2] : "default";
    size_t threads = argc > 3 ? (size_t)strtoul(argv[3], NULL, 10) : 2;
    data_set set = {0};
    pfld_error err = {0};
    pfld_status st = PFLD_OK;

    bench_effects();
    if (argc > 1)
        st = data_set_add(&set, argv[1], NULL, &err);
    if (argc > 1 && st == PFLD_OK)
        st = bench_loader(&set, recipe, 0, &err);
    if (argc > 1 && st == PFLD_OK)
        st = bench_loader(&set, recipe, threads, &err);
    if (st != PFLD_OK)
        fprintf(stderr, "bench_augment: %s\n", err.msg);
    data_set_free(&set);
    return st != PFLD_OK;
}
