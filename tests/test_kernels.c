/*
 * Every kernel of every set that this CPU has, against sums in double (products) or the scalar
 * specification to the bit (the rest). All buffers end at, then begin at, a page that must not be
 * touched; gaps between rows hold NaN where they are read from, a mark where they are written to.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include <float.h>
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
#include "kernels/kernels.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { REGIONS = 9, REGION_FLOATS = 1 << 20 };

static const float mark = -12345.75f; /* what unwritten output holds */

/* Floats between two forbidden pages. */
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
        r->bytes = REGION_FLOATS * sizeof(float) + 2 * r->page;
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

/* n floats flush against the forbidden page behind or before them. */
static float *place(size_t region, size_t n, bool at_end)
{
    const struct region *r = &regions[region];

    assert_true(n <= REGION_FLOATS);
    if (at_end)
        return (float *)(void *)(r->map + r->bytes - r->page) - n;
    return (float *)(void *)(r->map + r->page);
}

static uint32_t noise_state;

static uint32_t noise(void)
{
    noise_state = noise_state * 1664525u + 1013904223u;
    return noise_state >> 8;
}

static float noise_float(void)
{
    return (float)noise() / 8388608.0f - 1.0f;
}

static bool chance(void)
{
    return noise() >> 12 & 1;
}

/* rows x cols random floats, ld apart, with gap in the floats between. */
static void fill(float *p, size_t rows, size_t cols, size_t ld, float gap)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < (i + 1 < rows ? ld : cols); j++)
            p[i * ld + j] = j < cols ? noise_float() : gap;
}

static size_t extent(size_t rows, size_t cols, size_t ld)
{
    return (rows - 1) * ld + cols;
}

static bool gaps_are_marked(const float *p, size_t rows, size_t cols, size_t ld)
{
    for (size_t i = 0; i + 1 < rows; i++)
        for (size_t j = cols; j < ld; j++)
            if (memcmp(&p[i * ld + j], &mark, sizeof mark) != 0)
                return false;
    return true;
}

static bool same_floats(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof a[i]) != 0 && !(isnan(a[i]) && isnan(b[i])))
            return false;
    return true;
}

/* The set that the test is run for; skips where this CPU or this build lacks it. */
static const kernels *set_of(void **state)
{
    pfld_isa isa = *(const pfld_isa *)*state;
    const kernels *kn = kernels_get(isa);

    if (kn->isa != isa) {
        print_message("%s: not on this CPU\n", cpu_isa_name(isa));
        skip();
    }
    noise_state = 1;
    return kn;
}

/* --- posts --- */

enum { REGION_BIAS = 5, REGION_SLOPE, REGION_RESIDUAL, REGION_COPY };

/* Random choice of what happens after the sums; rows of n. NULL: nothing. */
static kernel_post *random_post(kernel_post *post, size_t rows, size_t n, bool at_end)
{
    float *p;

    *post = (kernel_post){.lo = -INFINITY, .hi = INFINITY};
    if (noise() % 5 == 0)
        return NULL;
    if (chance()) {
        post->bias = p = place(REGION_BIAS, n, at_end);
        fill(p, 1, n, n, 0.0f);
    }
    if (chance()) {
        post->slope = p = place(REGION_SLOPE, n, at_end);
        fill(p, 1, n, n, 0.0f);
    }
    if (chance()) {
        post->residual_ld = n + noise() % 3;
        post->residual = p = place(REGION_RESIDUAL, extent(rows, n, post->residual_ld), at_end);
        fill(p, rows, n, post->residual_ld, NAN);
    }
    if (chance())
        post->lo = chance() ? 0.0f : -0.5f;
    if (chance())
        post->hi = 0.75f;
    return post;
}

/* The exact value and how far a float sum of terms may be off. */
struct expected {
    double value, bound;
};

/* sum and size (the sum of the terms' absolute values) come from terms products. residual is what
 * the residual held before the call. */
static struct expected expect(const kernel_post *post, double sum, double size, size_t terms,
                              double residual, size_t j)
{
    double slope = 1.0;

    if (post && post->bias) {
        sum += (double)post->bias[j];
        size += fabs((double)post->bias[j]);
    }
    if (post && post->residual) {
        sum += residual;
        size += fabs(residual);
    }
    if (post) {
        sum = fmin(fmax(sum, (double)post->lo), (double)post->hi);
        if (post->slope && sum < 0.0)
            slope = (double)post->slope[j];
    }
    /* each of the terms + 4 operations rounds by half an ulp of at most size */
    return (struct expected){sum * slope,
                             (double)FLT_EPSILON * ((double)terms + 4.0) * size + 1e-37};
}

static void check_near(const char *what, float got, struct expected want, size_t i, size_t j)
{
    if (!(fabs((double)got - want.value) <= want.bound))
        fail_msg("%s: [%zu][%zu] is %.9g, not %.9g +- %.3g", what, i, j, (double)got, want.value,
                 want.bound);
}

/* --- gemm --- */

enum { REGION_A, REGION_B, REGION_PACKED, REGION_C, REGION_C2 };

struct gemm_case {
    gemm_args args;
    kernel_post post;
    const float *b; /* unpacked */
    size_t b_row, b_col, c_size;
    bool at_end;
};

/* A matrix of rows x cols in a region: dense, with gaps, transposed, or with both strides large. */
static float *random_matrix(size_t region, size_t rows, size_t cols, bool at_end, size_t *row,
                            size_t *col)
{
    size_t gap = noise() % 4 * 3, n;
    float *p;

    *row = chance() ? cols + gap : 1;
    *col = *row == 1 ? rows + gap : 1;
    if (*col == 1 && noise() % 4 == 0) {
        *col = 3;
        *row *= 3;
    }
    n = rows && cols ? (rows - 1) * *row + (cols - 1) * *col + 1 : 0;
    p = place(region, n, at_end);
    for (size_t i = 0; i < n; i++)
        p[i] = NAN;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            p[i * *row + j * *col] = noise_float();
    return p;
}

static size_t a_column(const gemm_args *g, size_t p)
{
    return g->a_run ? p / g->a_run * g->a_next + p % g->a_run * g->a_col : p * g->a_col;
}

/* Rows that overlap, columns in runs: what the windows of a convolution are. */
static void random_windows(gemm_args *g, bool at_end)
{
    size_t n = 1;
    float *p;

    g->a_run = 1 + noise() % (g->k + 3);
    g->a_col = 1 + noise() % 2;
    g->a_row = 1 + noise() % (2 * g->a_run);
    g->a_next = chance() ? noise() % (g->a_run + 1) : g->m * g->a_row + noise() % 40;
    for (size_t i = 0; i < g->k; i++)
        if (a_column(g, i) >= n)
            n = a_column(g, i) + 1;
    n += (g->m - 1) * g->a_row;
    p = place(REGION_A, n, at_end);
    for (size_t i = 0; i < n; i++)
        p[i] = noise_float();
    g->a = p;
}

static void gemm_prepare(const kernels *kn, struct gemm_case *t, size_t m, size_t n, size_t k)
{
    gemm_args *g = &t->args;
    size_t packed;
    float *p;

    *t = (struct gemm_case){.at_end = chance()};
    g->m = m;
    g->n = n;
    g->k = k;
    if (noise() % 3 == 0)
        random_windows(g, t->at_end);
    else
        g->a = random_matrix(REGION_A, m, k, t->at_end, &g->a_row, &g->a_col);
    t->b = random_matrix(REGION_B, k, n, t->at_end, &t->b_row, &t->b_col);
    packed = kn->gemm_packed_size(k, n);
    g->b = p = place(REGION_PACKED, packed, t->at_end);
    for (size_t i = 0; i < packed; i++)
        p[i] = NAN;
    kn->gemm_pack(p, t->b, t->b_row, t->b_col, k, n);
    g->c_row = n + (chance() ? 0 : 1 + noise() % 20);
    t->c_size = extent(m, n, g->c_row);
    g->c = place(REGION_C, t->c_size, t->at_end);
    fill(g->c, m, n, g->c_row, mark);
    g->accumulate = chance();
    g->post = random_post(&t->post, m, n, t->at_end);
    if (g->post && t->post.residual && noise() % 3 == 0) {
        t->post.residual = g->c;
        t->post.residual_ld = g->c_row;
    }
}

static void gemm_check(const kernels *kn, struct gemm_case *t)
{
    const gemm_args *g = &t->args;
    float *before = place(REGION_COPY, t->c_size, true);

    memcpy(before, g->c, t->c_size * sizeof *before);
    kn->gemm(g);
    for (size_t i = 0; i < g->m; i++)
        for (size_t j = 0; j < g->n; j++) {
            double sum = 0, size = 0, residual = 0;

            for (size_t p = 0; p < g->k; p++) {
                double x = (double)g->a[i * g->a_row + a_column(g, p)] *
                           (double)t->b[p * t->b_row + j * t->b_col];

                sum += x;
                size += fabs(x);
            }
            if (g->accumulate) {
                sum += (double)before[i * g->c_row + j];
                size += fabs((double)before[i * g->c_row + j]);
            }
            if (g->post && g->post->residual == g->c)
                residual = (double)before[i * g->c_row + j];
            else if (g->post && g->post->residual)
                residual = (double)g->post->residual[i * g->post->residual_ld + j];
            check_near("gemm", g->c[i * g->c_row + j],
                       expect(g->post, sum, size, g->k, residual, j), i, j);
        }
    assert_true(gaps_are_marked(g->c, g->m, g->n, g->c_row));
}

static void gemm_matches_sums_in_double(void **state)
{
    static const size_t ms[] = {1, 2, 3, 5, 6, 7, 8, 11, 12, 13, 47, 48, 49, 97};
    static const size_t ns[] = {1,  2,  3,  7,  8,  9,  15, 16, 17, 23, 24,  25,  31,  32, 33,
                                40, 47, 48, 49, 63, 64, 65, 72, 79, 80, 127, 128, 129, 136};
    static const size_t ks[] = {0, 1, 2, 3, 16, 27, 31, 61};
    const kernels *kn = set_of(state);
    struct gemm_case t;

    for (size_t m = 0; m < COUNT(ms); m++)
        for (size_t n = 0; n < COUNT(ns); n++) {
            gemm_prepare(kn, &t, ms[m], ns[n], ks[noise() % COUNT(ks)]);
            gemm_check(kn, &t);
        }
}

static void gemm_matches_sums_in_double_over_several_blocks(void **state)
{
    static const size_t sizes[][3] = {{1, 136, 1208}, {13, 33, 256}, {13, 33, 257}, {50, 17, 513},
                                      {5, 1100, 40},  {97, 520, 9},  {3, 1031, 300}};
    const kernels *kn = set_of(state);
    struct gemm_case t;

    for (size_t i = 0; i < COUNT(sizes); i++)
        for (int repeat = 0; repeat < 6; repeat++) {
            gemm_prepare(kn, &t, sizes[i][0], sizes[i][1], sizes[i][2]);
            gemm_check(kn, &t);
        }
}

static void gemm_repeats_its_bits_in_any_part_of_the_product(void **state)
{
    const kernels *kn = set_of(state);
    struct gemm_case t;
    gemm_args row;
    float *again;

    for (int repeat = 0; repeat < 20; repeat++) {
        do
            gemm_prepare(kn, &t, 1 + noise() % 60, 1 + noise() % 150, noise() % 600);
        while (t.post.residual == t.args.c);
        again = place(REGION_C2, t.c_size, false);
        memcpy(again, t.args.c, t.c_size * sizeof *again);
        kn->gemm(&t.args);
        for (size_t i = 0; i < t.args.m; i++) {
            kernel_post post = t.post;

            row = t.args;
            row.m = 1;
            row.a += i * row.a_row;
            row.c = again + i * row.c_row;
            if (post.residual)
                post.residual += i * post.residual_ld;
            row.post = t.args.post ? &post : NULL;
            kn->gemm(&row);
        }
        assert_memory_equal(again, t.args.c, t.c_size * sizeof *again);
    }
}

/* What a post makes of a sum that has its bias, in floats. */
static float finished(const kernel_post *post, float sum, float residual, size_t j)
{
    if (post->residual)
        sum += residual;
    sum = sum > post->lo ? sum : post->lo;
    sum = sum < post->hi ? sum : post->hi;
    return post->slope && sum < 0.0f ? sum * post->slope[j] : sum;
}

/* An element of the product in the order that gives all vector sets the same bits: blocks of at
 * most 256 of k, as even as they can be, each a chain from the bias or 0 to which C is added. */
static float gemm_chain(const struct gemm_case *t, float c, size_t i, size_t j)
{
    static const kernel_post none = {.lo = -INFINITY, .hi = INFINITY};
    const gemm_args *g = &t->args;
    const kernel_post *post = g->post ? g->post : &none;
    size_t blocks = g->k ? (g->k + 255) / 256 : 1, end = 0;

    for (size_t b = 0; b < blocks; b++) {
        float sum = b == 0 && post->bias ? post->bias[j] : 0.0f;
        size_t p = end;

        end += g->k / blocks + (b < g->k % blocks);
        for (; p < end; p++)
            sum = fmaf(g->a[i * g->a_row + a_column(g, p)], t->b[p * t->b_row + j * t->b_col], sum);
        if (b || g->accumulate)
            sum += c;
        if (b == 0 && post->residual)
            sum += post->residual[i * post->residual_ld + j];
        c = sum;
    }
    return finished(&(kernel_post){.lo = post->lo, .hi = post->hi, .slope = post->slope}, c, 0, j);
}

static void gemm_has_the_bits_of_all_vector_sets(void **state)
{
    const kernels *kn = set_of(state);
    struct gemm_case t;

    if (kn->isa == PFLD_ISA_SCALAR)
        skip();
    for (int repeat = 0; repeat < 50; repeat++) {
        float *before;

        do
            gemm_prepare(kn, &t, 1 + noise() % 30, 1 + noise() % 80, noise() % 600);
        while (t.post.residual == t.args.c);
        before = place(REGION_COPY, t.c_size, true);
        memcpy(before, t.args.c, t.c_size * sizeof *before);
        kn->gemm(&t.args);
        for (size_t i = 0; i < t.args.m; i++)
            for (size_t j = 0; j < t.args.n; j++) {
                size_t at = i * t.args.c_row + j;
                float want = gemm_chain(&t, before[at], i, j);

                if (memcmp(&t.args.c[at], &want, sizeof want) != 0)
                    fail_msg("gemm: [%zu][%zu] is %a, not %a", i, j, (double)t.args.c[at],
                             (double)want);
            }
    }
}

static void nan_passes_through_a_clamped_product(void **state)
{
    const kernels *kn = set_of(state);
    float a[3] = {1.0f, NAN, 1.0f}, b[4] = {1.0f, 1.0f, 1.0f, 1.0f}, packed[64], c[12];
    kernel_post post = {.lo = 0.0f, .hi = 6.0f};
    gemm_args g = {.m = 3,
                   .n = 4,
                   .k = 1,
                   .a = a,
                   .a_row = 1,
                   .a_col = 1,
                   .b = packed,
                   .c = c,
                   .c_row = 4,
                   .post = &post};

    assert_true(kn->gemm_packed_size(1, 4) <= COUNT(packed));
    kn->gemm_pack(packed, b, 4, 1, 1, 4);
    kn->gemm(&g);
    for (size_t i = 0; i < 12; i++)
        assert_true(i / 4 == 1 ? isnan(c[i]) : c[i] >= 1.0f && c[i] <= 1.0f);
}

/* --- dwconv --- */

struct window {
    size_t in_h, in_w, kh, kw, stride_h, stride_w, top, left, bottom, right, dil_h, dil_w;
};

static const struct window windows[] = {
    {1, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, /* a map smaller than the kernel */
    {1, 1, 7, 7, 1, 1, 3, 3, 3, 3, 1, 1},   {2, 3, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1},
    {7, 7, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1},   {14, 14, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1},
    {14, 14, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1}, {13, 9, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1},
    {14, 15, 3, 3, 2, 2, 0, 0, 1, 1, 1, 1}, /* as TensorFlow pads */
    {9, 9, 3, 3, 1, 1, 0, 0, 0, 0, 1, 1},   {6, 11, 3, 3, 1, 1, 2, 3, 0, 1, 1, 1},
    {5, 5, 3, 3, 1, 1, 4, 5, 6, 7, 1, 1}, /* windows beside the map */
    {8, 8, 3, 3, 2, 2, 4, 4, 4, 5, 1, 1},   {12, 10, 3, 3, 1, 1, 2, 2, 2, 2, 2, 2},
    {9, 12, 3, 3, 2, 2, 2, 1, 2, 3, 2, 3},  {9, 9, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1},
    {9, 9, 3, 3, 1, 2, 1, 1, 1, 1, 1, 1},   {11, 13, 5, 5, 1, 1, 2, 2, 2, 2, 1, 1},
    {11, 13, 5, 5, 2, 2, 2, 1, 2, 2, 1, 1}, {7, 7, 7, 7, 1, 1, 0, 0, 0, 0, 1, 1},
    {6, 9, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1},   {6, 20, 2, 3, 1, 1, 0, 1, 1, 1, 1, 1},
    {10, 4, 4, 1, 3, 1, 1, 0, 2, 0, 1, 1},  {2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 1, 1},
};

static const size_t channels[] = {1, 3, 7, 8, 9, 15, 16, 17, 24, 33, 47};

static size_t out_size(size_t in, size_t before, size_t after, size_t k, size_t dil, size_t stride)
{
    return (in + before + after - (k - 1) * dil - 1) / stride + 1;
}

static void dwconv_prepare(dwconv_args *d, kernel_post *post, const struct window *w, size_t c)
{
    bool at_end = chance();
    float *p;

    *d = (dwconv_args){.in_h = w->in_h,
                       .in_w = w->in_w,
                       .out_h = out_size(w->in_h, w->top, w->bottom, w->kh, w->dil_h, w->stride_h),
                       .out_w = out_size(w->in_w, w->left, w->right, w->kw, w->dil_w, w->stride_w),
                       .c = c,
                       .kh = w->kh,
                       .kw = w->kw,
                       .stride_h = w->stride_h,
                       .stride_w = w->stride_w,
                       .pad_top = w->top,
                       .pad_left = w->left,
                       .dilation_h = w->dil_h,
                       .dilation_w = w->dil_w,
                       .in_ld = c + noise() % 3,
                       .out_ld = c + noise() % 3};
    d->in = p = place(REGION_A, extent(d->in_h * d->in_w, c, d->in_ld), at_end);
    fill(p, d->in_h * d->in_w, c, d->in_ld, NAN);
    d->weight = p = place(REGION_B, d->kh * d->kw * c, at_end);
    fill(p, 1, d->kh * d->kw * c, 0, 0.0f);
    d->out = place(REGION_C, extent(d->out_h * d->out_w, c, d->out_ld), at_end);
    fill(d->out, d->out_h * d->out_w, c, d->out_ld, mark);
    d->post = random_post(post, d->out_h * d->out_w, c, at_end);
    if (d->post && post->residual && noise() % 3 == 0) {
        post->residual = d->out;
        post->residual_ld = d->out_ld;
    }
}

static struct expected dwconv_expect(const dwconv_args *d, size_t oy, size_t ox, size_t c,
                                     double residual)
{
    double sum = 0, size = 0;

    for (size_t r = 0; r < d->kh; r++)
        for (size_t s = 0; s < d->kw; s++) {
            size_t y = oy * d->stride_h + r * d->dilation_h;
            size_t x = ox * d->stride_w + s * d->dilation_w;
            double v;

            if (y < d->pad_top || y - d->pad_top >= d->in_h || x < d->pad_left ||
                x - d->pad_left >= d->in_w)
                continue;
            v = (double)d->in[((y - d->pad_top) * d->in_w + x - d->pad_left) * d->in_ld + c] *
                (double)d->weight[(r * d->kw + s) * d->c + c];
            sum += v;
            size += fabs(v);
        }
    return expect(d->post, sum, size, d->kh * d->kw, residual, c);
}

static void dwconv_matches_sums_in_double(void **state)
{
    const kernels *kn = set_of(state);
    dwconv_args d;
    kernel_post post;

    for (size_t w = 0; w < COUNT(windows); w++)
        for (size_t i = 0; i < 3 * COUNT(channels); i++) {
            size_t c = channels[i % COUNT(channels)], pixels, size;
            float *before;

            dwconv_prepare(&d, &post, &windows[w], c);
            pixels = d.out_h * d.out_w;
            size = extent(pixels, c, d.out_ld);
            before = place(REGION_COPY, size, true);
            memcpy(before, d.out, size * sizeof *before);
            kn->dwconv(&d);
            for (size_t p = 0; p < pixels; p++)
                for (size_t j = 0; j < c; j++) {
                    double residual = 0;

                    if (d.post && post.residual)
                        residual = (double)(post.residual == d.out
                                                ? before
                                                : post.residual)[p * post.residual_ld + j];
                    check_near("dwconv", d.out[p * d.out_ld + j],
                               dwconv_expect(&d, p / d.out_w, p % d.out_w, j, residual), p, j);
                }
            assert_true(gaps_are_marked(d.out, pixels, c, d.out_ld));
        }
}

static void dwconv_repeats_its_bits(void **state)
{
    const kernels *kn = set_of(state);
    dwconv_args d;
    kernel_post post;

    for (size_t w = 0; w < COUNT(windows); w++) {
        size_t size;
        float *first;

        dwconv_prepare(&d, &post, &windows[w], 21);
        if (d.post && post.residual == d.out)
            post.residual = NULL;
        size = extent(d.out_h * d.out_w, d.c, d.out_ld);
        first = place(REGION_COPY, size, true);
        kn->dwconv(&d);
        memcpy(first, d.out, size * sizeof *first);
        kn->dwconv(&d);
        assert_memory_equal(first, d.out, size * sizeof *first);
    }
}

/* An output as a chain through the taps on the map, in order. */
static float dwconv_chain(const dwconv_args *d, size_t oy, size_t ox, size_t c)
{
    size_t pixel = oy * d->out_w + ox;
    float sum = 0.0f;

    for (size_t r = 0; r < d->kh; r++)
        for (size_t s = 0; s < d->kw; s++) {
            size_t y = oy * d->stride_h + r * d->dilation_h - d->pad_top;
            size_t x = ox * d->stride_w + s * d->dilation_w - d->pad_left;

            if (y < d->in_h && x < d->in_w) /* before the map they have wrapped */
                sum = fmaf(d->in[(y * d->in_w + x) * d->in_ld + c],
                           d->weight[(r * d->kw + s) * d->c + c], sum);
        }
    if (!d->post)
        return sum;
    if (d->post->bias)
        sum += d->post->bias[c];
    return finished(d->post, sum,
                    d->post->residual ? d->post->residual[pixel * d->post->residual_ld + c] : 0, c);
}

static void dwconv_has_the_bits_of_all_vector_sets(void **state)
{
    const kernels *kn = set_of(state);
    dwconv_args d;
    kernel_post post;

    if (kn->isa == PFLD_ISA_SCALAR)
        skip();
    for (size_t w = 0; w < COUNT(windows); w++)
        for (size_t i = 0; i < COUNT(channels); i++) {
            dwconv_prepare(&d, &post, &windows[w], channels[i]);
            if (d.post && post.residual == d.out)
                post.residual = NULL;
            kn->dwconv(&d);
            for (size_t p = 0; p < d.out_h * d.out_w; p++)
                for (size_t c = 0; c < d.c; c++) {
                    float got = d.out[p * d.out_ld + c];
                    float want = dwconv_chain(&d, p / d.out_w, p % d.out_w, c);

                    if (memcmp(&got, &want, sizeof want) != 0)
                        fail_msg("dwconv: [%zu][%zu] is %a, not %a", p, c, (double)got,
                                 (double)want);
                }
        }
}

/* --- pool --- */

static pool_args pool_prepare(const struct window *w, size_t c, pool_kind kind, bool count_padding)
{
    bool at_end = chance();
    pool_args p = {.kind = kind,
                   .count_padding = count_padding,
                   .in_h = w->in_h,
                   .in_w = w->in_w,
                   .out_h = out_size(w->in_h, w->top, w->bottom, w->kh, w->dil_h, w->stride_h),
                   .out_w = out_size(w->in_w, w->left, w->right, w->kw, w->dil_w, w->stride_w),
                   .c = c,
                   .kh = w->kh,
                   .kw = w->kw,
                   .stride_h = w->stride_h,
                   .stride_w = w->stride_w,
                   .pad_top = w->top,
                   .pad_left = w->left,
                   .pad_bottom = w->bottom,
                   .pad_right = w->right,
                   .dilation_h = w->dil_h,
                   .dilation_w = w->dil_w,
                   .in_ld = c + noise() % 3,
                   .out_ld = c + noise() % 3};
    float *in = place(REGION_A, extent(p.in_h * p.in_w, c, p.in_ld), at_end);

    fill(in, p.in_h * p.in_w, c, p.in_ld, mark);
    if (noise() % 4 == 0)
        in[noise() % c] = NAN;
    p.in = in;
    p.out = place(REGION_C, extent(p.out_h * p.out_w, c, p.out_ld), at_end);
    fill(p.out, p.out_h * p.out_w, c, p.out_ld, mark);
    return p;
}

static void pool_has_the_bits_of_the_specification(void **state)
{
    const kernels *kn = set_of(state), *scalar = kernels_get(PFLD_ISA_SCALAR);

    for (size_t w = 0; w < COUNT(windows); w++)
        for (size_t i = 0; i < 3 * COUNT(channels); i++) {
            pool_args p = pool_prepare(&windows[w], channels[i / 3], i % 3 ? POOL_MEAN : POOL_MAX,
                                       i % 3 == 2);
            size_t size = extent(p.out_h * p.out_w, p.c, p.out_ld);
            float *got = p.out;

            kn->pool(&p);
            assert_true(gaps_are_marked(got, p.out_h * p.out_w, p.c, p.out_ld));
            p.out = place(REGION_C2, size, true);
            fill(p.out, p.out_h * p.out_w, p.c, p.out_ld, mark);
            scalar->pool(&p);
            assert_true(same_floats(got, p.out, size));
        }
}

static float pool_at(pool_kind kind, bool count_padding, size_t y, size_t x)
{
    static const float in[4] = {1.0f, 2.0f, 3.0f, 5.0f}; /* 2 x 2 */
    float out[9];
    pool_args p = {.kind = kind,
                   .count_padding = count_padding,
                   .in_h = 2,
                   .in_w = 2,
                   .out_h = 3,
                   .out_w = 3,
                   .c = 1,
                   .kh = 2,
                   .kw = 2,
                   .stride_h = 1,
                   .stride_w = 1,
                   .pad_top = 1,
                   .pad_left = 1,
                   .pad_bottom = 1,
                   .pad_right = 1,
                   .dilation_h = 1,
                   .dilation_w = 1,
                   .in = in,
                   .in_ld = 1,
                   .out = out,
                   .out_ld = 1};

    kernels_get(PFLD_ISA_SCALAR)->pool(&p);
    return out[y * 3 + x];
}

static void the_specification_of_pooling_treats_borders_as_documented(void **state)
{
    (void)state;
    assert_float_equal(pool_at(POOL_MAX, false, 0, 0), 1.0f, 0.0f);
    assert_float_equal(pool_at(POOL_MAX, false, 1, 1), 5.0f, 0.0f);
    assert_float_equal(pool_at(POOL_MEAN, false, 1, 1), 2.75f, 0.0f);
    assert_float_equal(pool_at(POOL_MEAN, false, 2, 2), 5.0f, 0.0f);
    assert_float_equal(pool_at(POOL_MEAN, true, 2, 2), 1.25f, 0.0f);
    assert_float_equal(pool_at(POOL_MEAN, true, 0, 1), 0.75f, 0.0f);
}

/* --- functions of single values --- */

static const float special[] = {0.0f,    -0.0f,    1.0f,     -1.0f,     0.5f,   -0.5f,
                                3.0f,    -3.0f,    6.0f,     -6.0f,     1e-40f, -1e-40f,
                                FLT_MAX, -FLT_MAX, INFINITY, -INFINITY, NAN,    2.5f,
                                -2.5f,   100.0f,   -100.0f,  FLT_MIN,   1e10f,  -1e10f};

static void fill_special(float *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = chance() ? special[noise() % COUNT(special)] : 4.0f * noise_float();
}

static const size_t lengths[] = {0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 101};

static void unary_has_the_bits_of_the_specification(void **state)
{
    const kernels *kn = set_of(state), *scalar = kernels_get(PFLD_ISA_SCALAR);
    float want[128];

    for (int kind = 0; kind < UNARY_COUNT; kind++)
        for (size_t i = 0; i < 4 * COUNT(lengths); i++) {
            size_t n = lengths[i / 4];
            bool at_end = i & 1, in_place = i & 2;
            float *x = place(REGION_A, n, at_end);
            float *y = in_place ? x : place(REGION_C, n, at_end);

            fill_special(x, n);
            scalar->unary((unary_kind)kind, 0.3f, 0.6f, x, want, n);
            kn->unary((unary_kind)kind, 0.3f, 0.6f, x, y, n);
            assert_true(same_floats(y, want, n));
        }
}

static void binary_has_the_bits_of_the_specification(void **state)
{
    const kernels *kn = set_of(state), *scalar = kernels_get(PFLD_ISA_SCALAR);
    float want[128];

    for (int kind = 0; kind < BINARY_COUNT; kind++)
        for (size_t i = 0; i < 24 * COUNT(lengths); i++) {
            size_t n = lengths[i / 24], a_step = i & 1, b_step = i >> 1 & 1, where = i % 24 / 8;
            bool at_end = i >> 2 & 1;
            float *a = place(REGION_A, a_step ? n : 1, at_end);
            float *b = place(REGION_B, b_step ? n : 1, at_end);
            float *y = place(REGION_C, n, at_end);

            if (where == 1 && a_step)
                y = a;
            else if (where == 2 && b_step)
                y = b;
            fill_special(a, a_step ? n : 1);
            fill_special(b, b_step ? n : 1);
            scalar->binary((binary_kind)kind, a, a_step, b, b_step, want, n);
            kn->binary((binary_kind)kind, a, a_step, b, b_step, y, n);
            assert_true(same_floats(y, want, n));
        }
}

static void the_specification_of_functions_gives_known_values(void **state)
{
    static const struct {
        unary_kind kind;
        float x, want;
    } cases[] = {
        {UNARY_CLAMP, -2.0f, -1.0f},      {UNARY_CLAMP, 7.0f, 0.5f},
        {UNARY_CLAMP, 0.25f, 0.25f},      {UNARY_LEAKY, -2.0f, 2.0f},
        {UNARY_LEAKY, 2.0f, 2.0f},        {UNARY_HARD_SIGMOID, -0.25f, 0.75f},
        {UNARY_HARD_SIGMOID, 5.0f, 0.0f}, {UNARY_HARD_SWISH, 3.0f, 3.0f},
        {UNARY_HARD_SWISH, -3.0f, 0.0f},  {UNARY_HARD_SWISH, 1.0f, 2.0f / 3.0f},
        {UNARY_SIGMOID, 0.0f, 0.5f},      {UNARY_SIGMOID, -200.0f, 0.0f},
        {UNARY_TANH, 0.5f, 0.46211716f},  {UNARY_EXP, 1.0f, 2.71828183f},
        {UNARY_LOG, 2.0f, 0.69314718f},   {UNARY_SQRT, 2.25f, 1.5f},
        {UNARY_ERF, 0.5f, 0.52049988f},   {UNARY_SOFTPLUS, 0.0f, 0.69314718f},
        {UNARY_SOFTPLUS, 100.0f, 100.0f}, {UNARY_ELU, -1.0f, 0.63212056f},
        {UNARY_ELU, 2.0f, 2.0f},          {UNARY_NEG, 2.0f, -2.0f},
        {UNARY_FLOOR, -1.5f, -2.0f},      {UNARY_CEIL, -1.5f, -1.0f},
        {UNARY_RECIPROCAL, 4.0f, 0.25f},
    };
    float y;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kernels_get(PFLD_ISA_SCALAR)->unary(cases[i].kind, -1.0f, 0.5f, &cases[i].x, &y, 1);
        if (!(fabsf(y - cases[i].want) <= 1e-6f * fabsf(cases[i].want)))
            fail_msg("unary case %zu gives %.9g", i, (double)y);
    }
}

static void the_specification_of_two_arguments_gives_known_values(void **state)
{
    static const float want[BINARY_COUNT] = {
        [BINARY_ADD] = -1.0f, [BINARY_SUB] = -5.0f, [BINARY_MUL] = -6.0f, [BINARY_DIV] = -1.5f,
        [BINARY_MAX] = 2.0f,  [BINARY_MIN] = -3.0f, [BINARY_POW] = 9.0f,  [BINARY_PRELU] = -6.0f,
    };
    const kernels *kn = kernels_get(PFLD_ISA_SCALAR);
    float a = -3.0f, b = 2.0f, nan = NAN, y;

    (void)state;
    for (int kind = 0; kind < BINARY_COUNT; kind++) {
        kn->binary((binary_kind)kind, &a, 1, &b, 1, &y, 1);
        assert_float_equal(y, want[kind], 0.0f);
    }
    kn->binary(BINARY_MAX, &a, 1, &nan, 1, &y, 1);
    assert_true(isnan(y));
    kn->binary(BINARY_MIN, &nan, 1, &b, 1, &y, 1);
    assert_true(isnan(y));
}

static void the_cap_is_respected(void **state)
{
    (void)state;
    assert_int_equal(kernels_get(PFLD_ISA_SCALAR)->isa, PFLD_ISA_SCALAR);
    assert_true(kernels_get(PFLD_ISA_AVX2)->isa <= PFLD_ISA_AVX2);
    assert_int_equal(kernels_get(PFLD_ISA_NEON)->isa, cpu_best(PFLD_ISA_NEON));
    assert_int_equal(kernels_get(PFLD_ISA_AUTO)->isa, cpu_best(PFLD_ISA_AUTO));
}

static pfld_isa sets[] = {PFLD_ISA_SCALAR, PFLD_ISA_AVX2, PFLD_ISA_AVX512, PFLD_ISA_NEON};

#define FOR_SETS(f)                                                                                \
  {#f "_scalar", f, NULL, NULL, &sets[0]}, {#f "_avx2", f, NULL, NULL, &sets[1]},                  \
      {#f "_avx512", f, NULL, NULL, &sets[2]},                                                     \
  {                                                                                                \
#    f "_neon", f, NULL, NULL, &sets[3]                                                            \
  }

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOR_SETS(gemm_matches_sums_in_double),
        FOR_SETS(gemm_matches_sums_in_double_over_several_blocks),
        FOR_SETS(gemm_repeats_its_bits_in_any_part_of_the_product),
        FOR_SETS(gemm_has_the_bits_of_all_vector_sets),
        FOR_SETS(nan_passes_through_a_clamped_product),
        FOR_SETS(dwconv_matches_sums_in_double),
        FOR_SETS(dwconv_repeats_its_bits),
        FOR_SETS(dwconv_has_the_bits_of_all_vector_sets),
        FOR_SETS(pool_has_the_bits_of_the_specification),
        FOR_SETS(unary_has_the_bits_of_the_specification),
        FOR_SETS(binary_has_the_bits_of_the_specification),
        cmocka_unit_test(the_specification_of_pooling_treats_borders_as_documented),
        cmocka_unit_test(the_specification_of_functions_gives_known_values),
        cmocka_unit_test(the_specification_of_two_arguments_gives_known_values),
        cmocka_unit_test(the_cap_is_respected),
    };

    return cmocka_run_group_tests(tests, map_regions, unmap_regions);
}
