/*
 * Every int8 kernel of every set that this CPU has against the scalar specification, to the bit.
 * All buffers end at, then begin at, a page that must not be touched, and hold noise wherever
 * nothing is to be read; outputs are compared with their gaps.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/cpu.h"
#include "kernels/int8.h"
#include "kernels/int8_sets.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
    REGION_IN,
    REGION_WEIGHT,
    REGION_PACKED,
    REGION_OUT,
    REGION_BIAS,
    REGION_SCALE,
    REGION_RESIDUAL,
    REGION_WANT,
    REGION_PLAIN, /* weights packed for the specification */
    REGIONS,
    REGION_BYTES = 1 << 22
};

/* Bytes between two forbidden pages. */
struct region {
    char *map;
    size_t bytes, page;
};

static struct region regions[REGIONS];

static int map_regions(void **state)
{
    (void)state;
    for (size_t i = 0; i < REGIONS; i++) {
        struct region *r = &regions[i];

        r->page = (size_t)sysconf(_SC_PAGESIZE);
        r->bytes = REGION_BYTES + 2 * r->page;
        r->map = mmap(NULL, r->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (r->map == MAP_FAILED || mprotect(r->map, r->page, PROT_NONE) ||
            mprotect(r->map + r->bytes - r->page, r->page, PROT_NONE))
            return -1;
    }
    return 0;
}

static int unmap_regions(void **state)
{
    (void)state;
    for (size_t i = 0; i < REGIONS; i++)
        munmap(regions[i].map, regions[i].bytes);
    return 0;
}

/* n bytes flush against the forbidden page behind or before them. */
static void *place(size_t region, size_t n, bool at_end)
{
    const struct region *r = &regions[region];

    assert_true(n <= REGION_BYTES);
    return at_end ? r->map + r->bytes - r->page - n : r->map + r->page;
}

static uint32_t noise_state;

static uint32_t noise(void)
{
    noise_state = noise_state * 1664525u + 1013904223u;
    return noise_state >> 8;
}

static bool chance(void)
{
    return noise() >> 12 & 1;
}

static size_t extent(size_t rows, size_t cols, size_t ld)
{
    return (rows - 1) * ld + cols;
}

/* Noise, or the ends of the range only, which make the largest sums. */
static void fill(void *p, size_t n)
{
    static const uint8_t ends[] = {0, 255, 127, 128};
    bool extreme = noise() % 4 == 0;
    uint8_t *to = p;

    for (size_t i = 0; i < n; i++)
        to[i] = extreme ? ends[noise() % COUNT(ends)] : (uint8_t)noise();
}

/* --- the sets --- */

struct set {
    const int8_kernels *table;
    bool (*has)(void);
};

static bool always(void)
{
    return true;
}

#if KERNELS_X86
static bool has_avx2(void)
{
    return cpu_has(PFLD_ISA_AVX2);
}
#endif

#if KERNELS_AVXVNNI
static bool has_avxvnni(void)
{
    return cpu_has(PFLD_ISA_AVXVNNI);
}
#endif

static const struct set sets[] = {
    {&int8_kernels_scalar, always},
#if KERNELS_X86
    {&int8_kernels_avx2, has_avx2},
    {&int8_kernels_avx512vnni, int8_has_avx512vnni},
#endif
#if KERNELS_AVXVNNI
    {&int8_kernels_avxvnni, has_avxvnni},
#endif
#if KERNELS_ARM
    {&int8_kernels_neon, always},
#endif
#if KERNELS_NEONDOT
    {&int8_kernels_neondot, cpu_has_arm_dot},
#endif
};

/* Runs check for each set that this CPU has. */
static void for_sets(void (*check)(const int8_kernels *kn))
{
    for (size_t i = 0; i < COUNT(sets); i++) {
        if (!sets[i].has()) {
            print_message("%s: not on this CPU\n", sets[i].table->name);
            continue;
        }
        noise_state = 1;
        check(sets[i].table);
    }
}

/* --- posts --- */

/* A scale that spreads sums of that size over the range, or one that does something else. */
static float random_scale(double size, size_t kind)
{
    static const float odd[] = {0.0f, -0.0f, 1e-30f, 1e30f, -0.01f, INFINITY, NAN, 3e38f, 1e-45f};

    if (kind == 1)
        return 0.5f; /* ties */
    if (kind == 2)
        return odd[noise() % COUNT(odd)];
    return (float)((0.2 + noise() % 1000 * 0.002) * 100.0 / size);
}

static int32_t random_bias(double size, size_t kind)
{
    if (kind == 1)
        return (int32_t)(noise() % 600) - 300;
    if (kind == 2)
        return (int32_t)(noise() << 8 ^ noise());
    return (int32_t)((noise() % 2001 / 1000.0 - 1.0) * size);
}

static void random_range(int32_t *zero, int32_t *lo, int32_t *hi)
{
    *zero = noise() % 3 == 0 ? 255 * (int32_t)(noise() & 1) : (int32_t)(noise() % 256);
    *lo = chance() ? 0 : (int32_t)(noise() % 256);
    *hi = chance() ? 255 : *lo + (int32_t)(noise() % (uint32_t)(256 - *lo));
}

/* What is done to sums of k products; rows of n. */
static void random_post(int8_post *post, size_t rows, size_t n, size_t k, bool at_end)
{
    int32_t *bias = place(REGION_BIAS, n * sizeof *bias, at_end);
    float *scale = place(REGION_SCALE, n * sizeof *scale, at_end);
    double size = 74.0 * 147.0 * sqrt((double)k) + 1.0;
    size_t kind = noise() % 8;
    int8_add *add = &post->add;
    uint8_t *residual;

    *post = (int8_post){.bias = bias, .scale = scale};
    for (size_t j = 0; j < n; j++) {
        bias[j] = random_bias(size, kind);
        scale[j] = random_scale(size, kind);
    }
    random_range(&post->zero, &post->lo, &post->hi);
    if (chance())
        return;
    add->residual_ld = n + noise() % 3;
    add->residual = residual = place(REGION_RESIDUAL, extent(rows, n, add->residual_ld), at_end);
    fill(residual, extent(rows, n, add->residual_ld));
    random_range(&add->zero, &add->lo, &add->hi);
    add->zero_r = (int32_t)(noise() % 256);
    add->own = kind == 1 ? 0.5f : 0.3f + (float)(noise() % 100) * 0.01f;
    add->other = kind == 2 ? random_scale(1.0, 2) : 0.5f;
}

/* --- gemm --- */

struct gemm_case {
    int8_gemm args;
    int8_post post;
    const int8_t *b;
    size_t b_row, b_col;
    bool at_end, in_place;
};

/* A as the windows of a convolution, or a matrix; each run is read to a multiple of 4 only. */
static void random_a(int8_gemm *g, size_t run, bool at_end)
{
    size_t slack = (4 - run % 4) % 4, runs = g->k / run, n;
    uint8_t *a;

    g->a_run = run;
    g->a_next = run + noise() % 20;
    g->a_row = runs == 1 ? g->k + noise() % 5 : 1 + noise() % (2 * run);
    n = (g->m - 1) * g->a_row + (runs - 1) * g->a_next + run + slack;
    a = place(REGION_IN, n, at_end);
    fill(a, n);
    g->a = a;
}

static void gemm_prepare(struct gemm_case *t, size_t m, size_t n, size_t run, size_t runs)
{
    int8_gemm *g = &t->args;
    size_t size;
    int8_t *b;

    *t = (struct gemm_case){.at_end = chance()};
    g->m = m;
    g->n = n;
    g->k = run * runs;
    random_a(g, run, t->at_end);
    t->b_row = chance() ? 1 : n + noise() % 3;
    t->b_col = t->b_row == 1 ? g->k + noise() % 3 : 1;
    size = (g->k - 1) * t->b_row + (n - 1) * t->b_col + 1;
    t->b = b = place(REGION_WEIGHT, size, t->at_end);
    fill(b, size);
    random_post(&t->post, m, n, g->k, t->at_end);
    g->post = &t->post;
    g->c_row = n + (chance() ? 0 : noise() % 20);
    t->in_place = t->post.add.residual && chance();
}

static bool same_floats(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof a[i]) != 0 && !(isnan(a[i]) && isnan(b[i])))
            return false;
    return true;
}

/* One product by one table into out, which is filled for it. */
static void gemm_by(const int8_kernels *kn, struct gemm_case *t, size_t packed_in, void *out,
                    bool floats)
{
    int8_gemm *g = &t->args;
    size_t size = kn->gemm_packed_size(g->k, g->n, g->a_run);
    char *packed = place(packed_in, (size + 63) / 64 * 64, true);

    memset(packed, 0x55, size);
    kn->gemm_pack(packed, t->b, t->b_row, t->b_col, g->k, g->n, g->a_run);
    g->b = packed;
    g->c = floats ? NULL : out;
    g->f = floats ? out : NULL;
    if (t->in_place && !floats) {
        t->post.add.residual = out;
        t->post.add.residual_ld = g->c_row;
    }
    kn->gemm(g);
}

static void gemm_check(const int8_kernels *kn, struct gemm_case *t, bool floats)
{
    const int8_gemm *g = &t->args;
    size_t n = extent(g->m, g->n, g->c_row), bytes = floats ? n * sizeof(float) : n;
    void *out = place(REGION_OUT, bytes, t->at_end), *want = place(REGION_WANT, bytes, true);
    bool same;

    fill(out, bytes);
    memcpy(want, out, bytes);
    gemm_by(&int8_kernels_scalar, t, REGION_PLAIN, want, floats);
    gemm_by(kn, t, REGION_PACKED, out, floats);
    same = floats ? same_floats(out, want, n) : memcmp(out, want, n) == 0;
    for (size_t i = 0; !same && !floats && i < n; i++)
        if (((uint8_t *)out)[i] != ((uint8_t *)want)[i])
            fail_msg("%s: gemm m %zu n %zu k %zu run %zu: [%zu][%zu] is %d, not %d", kn->name, g->m,
                     g->n, g->k, g->a_run, i / g->c_row, i % g->c_row, ((uint8_t *)out)[i],
                     ((uint8_t *)want)[i]);
    if (!same)
        fail_msg("%s: gemm to floats m %zu n %zu k %zu run %zu", kn->name, g->m, g->n, g->k,
                 g->a_run);
}

static void check_gemm(const int8_kernels *kn)
{
    static const size_t ms[] = {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 23, 24, 25, 49};
    static const size_t ns[] = {1,  2,  4,  7,  8,  9,  15, 16, 17, 24, 31,  32,  33,
                                40, 47, 48, 49, 63, 64, 65, 80, 96, 97, 127, 128, 136};
    static const size_t runs[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 32, 61, 64};
    struct gemm_case t;

    for (size_t m = 0; m < COUNT(ms); m++)
        for (size_t n = 0; n < COUNT(ns); n++)
            for (int repeat = 0; repeat < 4; repeat++) {
                gemm_prepare(&t, ms[m], ns[n], runs[noise() % COUNT(runs)],
                             chance() ? 1 : 1 + noise() % 5);
                gemm_check(kn, &t, noise() % 6 == 0);
            }
}

static void gemm_has_the_bits_of_the_specification(void **state)
{
    (void)state;
    for_sets(check_gemm);
}

static void check_gemm_long(const int8_kernels *kn)
{
    static const size_t shapes[][4] = {{1, 136, 1208, 1}, {2, 33, 1031, 3}, {13, 17, 2053, 1},
                                       {5, 520, 40, 1},   {97, 70, 9, 3},   {1, 3, 65536, 1},
                                       {7, 16, 4099, 1},  {3, 64, 1024, 2}};
    struct gemm_case t;

    for (size_t i = 0; i < COUNT(shapes); i++)
        for (int repeat = 0; repeat < 6; repeat++) {
            gemm_prepare(&t, shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3]);
            gemm_check(kn, &t, repeat == 5);
        }
}

static void long_products_have_the_bits_of_the_specification(void **state)
{
    (void)state;
    for_sets(check_gemm_long);
}

/* The largest sums there are: 65,536 products of 255 and -128 or 127. */
static void check_gemm_extremes(const int8_kernels *kn)
{
    struct gemm_case t;

    for (int repeat = 0; repeat < 4; repeat++) {
        size_t a_size, b_size;

        gemm_prepare(&t, 3, 19, 65536, 1);
        a_size = extent(3, 65536, t.args.a_row);
        b_size = 65535 * t.b_row + 18 * t.b_col + 1;
        memset(place(REGION_IN, a_size, t.at_end), 255, a_size);
        memset(place(REGION_WEIGHT, b_size, t.at_end), repeat & 1 ? 127 : -128, b_size);
        memset(place(REGION_BIAS, 19 * sizeof(int32_t), t.at_end), 0, 19 * sizeof(int32_t));
        gemm_check(kn, &t, repeat & 2);
    }
}

static void the_largest_sums_do_not_saturate(void **state)
{
    (void)state;
    for_sets(check_gemm_extremes);
}

/* --- depthwise --- */

struct dw_case {
    int8_dwconv args;
    int8_post post;
    const int8_t *w;
    bool at_end, in_place;
};

static void dw_prepare(struct dw_case *t, const int8_dwconv *shape)
{
    int8_dwconv *d = &t->args;
    size_t n;
    void *p;

    *t = (struct dw_case){.args = *shape, .at_end = chance()};
    d->in_ld = d->c + (chance() ? 0 : noise() % 20);
    d->out_ld = d->c + (chance() ? 0 : noise() % 20);
    d->in_zero = (uint8_t)noise();
    n = extent(d->in_h * d->in_w, d->c, d->in_ld);
    p = place(REGION_IN, n, t->at_end);
    fill(p, n);
    d->in = p;
    n = d->kh * d->kw * d->c;
    p = place(REGION_WEIGHT, n, t->at_end);
    fill(p, n);
    t->w = p;
    random_post(&t->post, d->out_h * d->out_w, d->c, d->kh * d->kw, t->at_end);
    d->post = &t->post;
    t->in_place = t->post.add.residual && chance();
}

static void dw_by(const int8_kernels *kn, struct dw_case *t, size_t packed_in, uint8_t *out)
{
    int8_dwconv *d = &t->args;
    size_t size = kn->dwconv_packed_size(d->kh, d->kw, d->c);
    char *packed = place(packed_in, (size + 63) / 64 * 64, true);

    memset(packed, 0x55, size);
    kn->dwconv_pack(packed, t->w, d->kh, d->kw, d->c);
    d->weight = packed;
    d->out = out;
    if (t->in_place) {
        t->post.add.residual = out;
        t->post.add.residual_ld = d->out_ld;
    }
    kn->dwconv(d);
}

static void dw_check(const int8_kernels *kn, struct dw_case *t)
{
    const int8_dwconv *d = &t->args;
    size_t n = extent(d->out_h * d->out_w, d->c, d->out_ld);
    uint8_t *out = place(REGION_OUT, n, t->at_end), *want = place(REGION_WANT, n, true);

    fill(out, n);
    memcpy(want, out, n);
    dw_by(&int8_kernels_scalar, t, REGION_PLAIN, want);
    dw_by(kn, t, REGION_PACKED, out);
    for (size_t i = 0; i < n; i++)
        if (out[i] != want[i])
            fail_msg("%s: dwconv %zux%zu c %zu, %zux%zu stride %zu,%zu pad %zu,%zu ld %zu,%zu: "
                     "pixel %zu channel %zu is %d, not %d",
                     kn->name, d->in_h, d->in_w, d->c, d->kh, d->kw, d->stride_h, d->stride_w,
                     d->pad_top, d->pad_left, d->in_ld, d->out_ld, i / d->out_ld, i % d->out_ld,
                     out[i], want[i]);
}

static size_t outputs(size_t in, size_t k, size_t stride, size_t pad_before, size_t pad_after)
{
    return (in + pad_before + pad_after - k) / stride + 1;
}

/* Channels c, windows k by k2, both strides; maps of any size that the windows fit on. */
static void dw_random(const int8_kernels *kn, size_t c, size_t kh, size_t kw, size_t sh, size_t sw)
{
    size_t after_h = noise() % kh, after_w = noise() % kw;
    int8_dwconv d = {.c = c,
                     .kh = kh,
                     .kw = kw,
                     .stride_h = sh,
                     .stride_w = sw,
                     .pad_top = noise() % kh,
                     .pad_left = noise() % kw};
    struct dw_case t;

    d.in_h = kh + noise() % 7;
    d.in_w = noise() % 4 == 0 ? kw + noise() % 30 : kw + noise() % 9;
    if (noise() % 8 == 0)
        d.in_h = d.in_w = 1;
    if (d.in_h == 1) {
        d.pad_top = kh / 2;
        d.pad_left = kw / 2;
        after_h = kh - 1;
        after_w = kw - 1;
    }
    d.out_h = outputs(d.in_h, kh, sh, d.pad_top, after_h);
    d.out_w = outputs(d.in_w, kw, sw, d.pad_left, after_w);
    dw_prepare(&t, &d);
    dw_check(kn, &t);
}

static const size_t channels[] = {1,  2,  3,  4,  7,  8,  9,  13, 15, 16,  17,  24,  31,  32,
                                  33, 40, 48, 63, 64, 65, 72, 80, 96, 127, 128, 129, 144, 200};

static void check_dwconv_3x3(const int8_kernels *kn)
{
    for (size_t i = 0; i < COUNT(channels); i++)
        for (size_t repeat = 0; repeat < 40; repeat++)
            dw_random(kn, channels[i], 3, 3, 1 + repeat % 2, 1 + repeat % 2);
}

static void dwconv_3x3_has_the_bits_of_the_specification(void **state)
{
    (void)state;
    for_sets(check_dwconv_3x3);
}

static void check_dwconv_any(const int8_kernels *kn)
{
    static const size_t windows[][4] = {{5, 5, 1, 1}, {5, 5, 2, 2}, {3, 3, 1, 2}, {3, 3, 3, 3},
                                        {1, 1, 1, 1}, {7, 7, 7, 7}, {1, 3, 1, 1}, {4, 2, 2, 1}};

    for (size_t i = 0; i < COUNT(channels); i++)
        for (size_t j = 0; j < COUNT(windows); j++)
            for (int repeat = 0; repeat < 4; repeat++)
                dw_random(kn, channels[i], windows[j][0], windows[j][1], windows[j][2],
                          windows[j][3]);
}

static void dwconv_of_any_window_has_the_bits_of_the_specification(void **state)
{
    (void)state;
    for_sets(check_dwconv_any);
}

/* --- quantise --- */

static void check_quantise(const int8_kernels *kn)
{
    static const float special[] = {0.0f, -0.0f,     0.5f,  1.5f,   2.5f, -0.5f,   -1.5f,
                                    NAN,  -INFINITY, 1e30f, -1e30f, 3e9f, INFINITY};
    static const size_t lengths[] = {0, 1, 2, 7, 15, 16, 17, 31, 63, 64, 65, 127, 128, 200, 1000};

    for (size_t i = 0; i < 20 * COUNT(lengths); i++) {
        size_t n = lengths[i / 20];
        bool at_end = i & 1;
        float *x = place(REGION_IN, n * sizeof *x, at_end);
        uint8_t *q = place(REGION_OUT, n, at_end), *want = place(REGION_WANT, n, at_end);
        float inverse = i % 3 ? 0.5f + (float)(noise() % 100) : 1.0f;
        int32_t zero = i % 5 ? (int32_t)(noise() % 256) : 255 * (int32_t)(i / 5 & 1);

        for (size_t j = 0; j < n; j++)
            x[j] = noise() % 4 ? ((float)noise() / 8388608.0f - 1.0f) * 4.0f
                               : special[noise() % COUNT(special)];
        int8_kernels_scalar.quantise(x, inverse, zero, want, n);
        kn->quantise(x, inverse, zero, q, n);
        if (memcmp(q, want, n) != 0)
            fail_msg("%s: quantise %zu", kn->name, n);
    }
}

static void check_interleave(const int8_kernels *kn)
{
    for (size_t n = 1; n < 150; n++) {
        uint8_t *lines = place(REGION_IN, 3 * n, true), *pixels = place(REGION_OUT, 3 * n, true);

        for (size_t i = 0; i < 3 * n; i++)
            lines[i] = (uint8_t)(i * 37 + n);
        kn->interleave3(lines, pixels, n);
        for (size_t i = 0; i < n; i++)
            for (size_t c = 0; c < 3; c++)
                assert_int_equal(pixels[3 * i + c], lines[c * n + i]);
    }
}

static void lines_become_pixels(void **state)
{
    (void)state;
    for_sets(check_interleave);
}

static void quantise_has_the_bits_of_the_specification(void **state)
{
    (void)state;
    for_sets(check_quantise);
}

/* --- the specification itself --- */

static void the_specification_rounds_ties_to_even_and_clamps(void **state)
{
    static const float x[] = {0.5f, 1.5f, -0.5f, -1.5f, 2.5f, 300.0f, -300.0f, NAN, -INFINITY};
    static const uint8_t want[] = {10, 12, 10, 8, 12, 255, 0, 0, 0};
    uint8_t q[COUNT(x)];

    (void)state;
    int8_kernels_scalar.quantise(x, 1.0f, 10, q, COUNT(x));
    assert_memory_equal(q, want, sizeof want);
}

/* 2 * 3 + 4 * -5 + 100 = 86; 86 / 4 = 21.5 gives 22 and 10 more; 22 / 2 + (7 - 3) * 3 = 23. */
static void the_specification_gives_a_known_value(void **state)
{
    static const int8_t b[] = {3, -5};
    static const uint8_t a[] = {2, 4, 0, 0, 0}, residual = 7;
    static const int32_t bias = 100;
    static const float scale = 0.25f;
    int8_post post = {.bias = &bias, .scale = &scale, .zero = 10, .lo = 0, .hi = 255};
    int8_gemm g = {.m = 1, .n = 1, .k = 2, .a = a, .a_row = 2, .a_run = 2, .a_next = 2, .b = b};
    uint8_t c;
    float f;

    (void)state;
    g.c = &c;
    g.c_row = 1;
    g.post = &post;
    int8_kernels_scalar.gemm(&g);
    assert_int_equal(c, 32);
    post.add = (int8_add){.residual = &residual,
                          .residual_ld = 1,
                          .own = 0.5f,
                          .other = 3.0f,
                          .zero_r = 3,
                          .zero = 1,
                          .lo = 0,
                          .hi = 255};
    int8_kernels_scalar.gemm(&g);
    assert_int_equal(c, 24);
    post.add.residual = NULL;
    g.c = NULL;
    g.f = &f;
    int8_kernels_scalar.gemm(&g);
    assert_float_equal(f, 21.5f, 0.0f);
}

static void the_cap_is_respected(void **state)
{
    (void)state;
    assert_ptr_equal(int8_kernels_get(PFLD_ISA_SCALAR), &int8_kernels_scalar);
#if KERNELS_X86
    if (has_avx2())
        assert_ptr_equal(int8_kernels_get(PFLD_ISA_AVX2), &int8_kernels_avx2);
#  if KERNELS_AVXVNNI
    if (has_avxvnni())
        assert_ptr_equal(int8_kernels_get(PFLD_ISA_AVXVNNI), &int8_kernels_avxvnni);
#  endif
    if (int8_has_avx512vnni())
        assert_ptr_equal(int8_kernels_get(PFLD_ISA_AUTO), &int8_kernels_avx512vnni);
#endif
#if KERNELS_NEONDOT
    assert_ptr_equal(int8_kernels_get(PFLD_ISA_NEON),
                     cpu_has_arm_dot() ? &int8_kernels_neondot : &int8_kernels_neon);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_specification_rounds_ties_to_even_and_clamps),
        cmocka_unit_test(the_specification_gives_a_known_value),
        cmocka_unit_test(gemm_has_the_bits_of_the_specification),
        cmocka_unit_test(long_products_have_the_bits_of_the_specification),
        cmocka_unit_test(the_largest_sums_do_not_saturate),
        cmocka_unit_test(dwconv_3x3_has_the_bits_of_the_specification),
        cmocka_unit_test(dwconv_of_any_window_has_the_bits_of_the_specification),
        cmocka_unit_test(quantise_has_the_bits_of_the_specification),
        cmocka_unit_test(lines_become_pixels),
        cmocka_unit_test(the_cap_is_respected),
    };

    return cmocka_run_group_tests(tests, map_regions, unmap_regions);
}
