/*
 * Every kernel of every set that this machine has against the scalar one, on noise and edge sizes:
 * int8, pooling and functions of single values to the bit, sums of floats within rounding. Needs
 * nothing but C, so that it runs where cmocka does not, as in WebAssembly; there one buffer of each
 * case ends where memory ends, and a read beyond it is a trap. Elsewhere test_kernels.c and
 * test_kernels_int8.c look closer.
 */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cpu.h"
#include "kernels/int8.h"
#include "kernels/kernels.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- buffers ---- */

enum {
    IN,
    WEIGHT,
    PACKED,
    OUT,
    BIAS,
    SCALE, /* or slope */
    RESIDUAL,
    BUFFERS, /* of those, one lies at the end of memory; the others are the scalar kernels' */
    PLAIN = BUFFERS,
    WANT,
    ALL_BUFFERS
};
enum { BYTES = 1 << 22, FENCE = 64, PAGE = 1 << 16 /* WebAssembly's */ };

typedef struct buffer {
    char *room; /* [FENCE + BYTES + FENCE] */
    char *p;    /* what was placed, up to the fence */
    size_t size;
} buffer;

typedef struct bench { /* what the cases are made on */
    const kernels *kn;
    const int8_kernels *k8;
    buffer at[ALL_BUFFERS];
    char *edge; /* BYTES that end with memory, or NULL */
    int at_edge;
    uint32_t noise;
    unsigned long cases, failed;
} bench;

static uint32_t noise(bench *b)
{
    b->noise = b->noise * 1664525u + 1013904223u;
    return b->noise >> 8;
}

static bool chance(bench *b)
{
    return noise(b) >> 12 & 1;
}

static size_t pick(bench *b, const size_t *from, size_t n)
{
    return from[noise(b) % n];
}

static char *memory_end(void)
{
#ifdef __wasm__
    size_t pages = BYTES / PAGE, old = __builtin_wasm_memory_grow(0, pages);

    return old == SIZE_MAX ? NULL : (char *)(old * PAGE);
#else
    return NULL;
#endif
}

static void make_buffers(bench *b)
{
    for (int i = 0; i < ALL_BUFFERS; i++) {
        b->at[i].room = aligned_alloc(FENCE, BYTES + 2 * FENCE);
        if (!b->at[i].room)
            exit(1);
    }
    b->edge = memory_end(); /* nothing is allocated behind it */
}

static void free_buffers(bench *b)
{
    for (int i = 0; i < ALL_BUFFERS; i++)
        free(b->at[i].room);
}

/* size bytes between fences, or in front of the end of memory. */
static void *place(bench *b, int which, size_t size)
{
    buffer *at = &b->at[which];

    if (size > BYTES) {
        fprintf(stderr, "check_kernels: a case of %zu bytes\n", size);
        exit(1);
    }
    if (b->edge && which == b->at_edge) {
        at->size = 0; /* no fences */
        return b->edge + BYTES - size;
    }
    at->p = at->room + FENCE + BYTES - size;
    at->size = size;
    memset(at->p - FENCE, 0x5a, FENCE);
    memset(at->p + size, 0x5a, FENCE);
    return at->p;
}

static float *place_floats(bench *b, int which, size_t n)
{
    return place(b, which, n * sizeof(float));
}

static bool fence_holds(const char *p)
{
    for (size_t i = 0; i < FENCE; i++)
        if (p[i] != 0x5a)
            return false;
    return true;
}

static void new_case(bench *b)
{
    b->at_edge = (int)(noise(b) % BUFFERS);
    for (int i = 0; i < ALL_BUFFERS; i++)
        b->at[i].size = 0;
}

/* ok: the results are as they must be. */
static void close_case(bench *b, bool ok, const char *what, const size_t shape[4])
{
    for (int i = 0; i < ALL_BUFFERS; i++)
        if (b->at[i].size)
            ok &= fence_holds(b->at[i].p - FENCE) && fence_holds(b->at[i].p + b->at[i].size);
    b->cases++;
    if (ok)
        return;
    b->failed++;
    printf("%s: case %lu of %s is wrong: %zu %zu %zu %zu\n", cpu_isa_name(b->kn->isa), b->cases,
           what, shape[0], shape[1], shape[2], shape[3]);
}

static size_t extent(size_t rows, size_t cols, size_t ld)
{
    return (rows - 1) * ld + cols;
}

static void fill_floats(bench *b, float *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (float)noise(b) / 8388608.0f - 1.0f;
}

/* Noise, or the ends of the range only, which make the largest sums. */
static void fill_bytes(bench *b, void *p, size_t n)
{
    static const uint8_t ends[] = {0, 255, 127, 128};
    bool extreme = noise(b) % 4 == 0;

    for (size_t i = 0; i < n; i++)
        ((uint8_t *)p)[i] = extreme ? ends[noise(b) % COUNT(ends)] : (uint8_t)noise(b);
}

static bool same_floats(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof *a) != 0 && !(isnan(a[i]) && isnan(b[i])))
            return false;
    return true;
}

/* Sums of terms products of numbers from -1 to 1, in two orders; what is between rows is the same.
 */
static bool near_floats(const float *a, const float *b, size_t n, size_t terms)
{
    float bound = FLT_EPSILON * 2.0f * ((float)terms + 8.0f);

    for (size_t i = 0; i < n; i++)
        if (!(fabsf(a[i] - b[i]) <= bound))
            return false;
    return true;
}

/* ---- floats ---- */

static const size_t channels[] = {1,  2,  3,  4,  5,  7,  8,  9,  11, 12, 13, 15,
                                  16, 17, 23, 24, 25, 31, 32, 33, 48, 63, 64, 65};

/* What happens to the sums of rows of n; NULL: nothing. */
static const kernel_post *random_post(bench *b, kernel_post *post, size_t rows, size_t n)
{
    float *p;

    *post = (kernel_post){.lo = -INFINITY, .hi = INFINITY};
    if (noise(b) % 5 == 0)
        return NULL;
    if (chance(b)) {
        post->bias = p = place_floats(b, BIAS, n);
        fill_floats(b, p, n);
    }
    if (chance(b)) {
        post->slope = p = place_floats(b, SCALE, n);
        fill_floats(b, p, n);
    }
    if (chance(b)) {
        post->residual_ld = n + noise(b) % 3;
        post->residual = p = place_floats(b, RESIDUAL, extent(rows, n, post->residual_ld));
        fill_floats(b, p, extent(rows, n, post->residual_ld));
    }
    if (chance(b))
        post->lo = chance(b) ? 0.0f : -0.5f;
    if (chance(b))
        post->hi = 0.75f;
    return post;
}

/* A as a matrix, transposed or not, or as overlapping windows. */
static void random_a(bench *b, gemm_args *g)
{
    size_t n, last = g->k ? g->k - 1 : 0;
    float *a;

    if (noise(b) % 3 == 0 && g->k) {
        g->a_run = 1 + noise(b) % g->k;
        g->a_col = 1;
        g->a_row = 1 + noise(b) % (2 * g->a_run);
        g->a_next = g->a_run + noise(b) % 20;
        n = last / g->a_run * g->a_next + g->a_run;
    } else {
        g->a_row = chance(b) ? g->k + noise(b) % 4 : 1;
        g->a_col = g->a_row == 1 ? g->m + noise(b) % 4 : 1;
        n = last * g->a_col + 1;
    }
    n += (g->m - 1) * g->a_row;
    a = place_floats(b, IN, n);
    fill_floats(b, a, n);
    g->a = a;
}

static void run_gemm(bench *b, const kernels *kn, gemm_args g, const float *weights, int packed_in)
{
    float *packed = place_floats(b, packed_in, kn->gemm_packed_size(g.k, g.n));

    kn->gemm_pack(packed, weights, g.n, 1, g.k, g.n);
    g.b = packed;
    kn->gemm(&g);
}

static void check_gemm(bench *b, size_t m, size_t n, size_t k)
{
    gemm_args g = {.m = m, .n = n, .k = k, .c_row = n + noise(b) % 20, .accumulate = chance(b)};
    size_t size = extent(m, n, g.c_row);
    float *weights, *out, *want;
    kernel_post post;

    new_case(b);
    random_a(b, &g);
    weights = place_floats(b, WEIGHT, k * n);
    fill_floats(b, weights, k * n);
    g.post = random_post(b, &post, m, n);
    out = place_floats(b, OUT, size);
    want = place_floats(b, WANT, size);
    fill_floats(b, out, size);
    memcpy(want, out, size * sizeof *out);
    g.c = want;
    run_gemm(b, kernels_get(PFLD_ISA_SCALAR), g, weights, PLAIN);
    g.c = out;
    run_gemm(b, b->kn, g, weights, PACKED);
    close_case(b, near_floats(out, want, size, k), "gemm", (size_t[]){m, n, k, g.a_run});
}

static void check_gemms(bench *b)
{
    static const size_t ms[] = {1, 2, 3, 5, 6, 7, 8, 11, 12, 13, 47, 48, 49, 97};
    static const size_t ks[] = {0, 1, 2, 3, 16, 27, 31, 61};
    static const size_t large[][3] = {{1, 136, 1208}, {13, 33, 257}, {5, 530, 40}, {97, 71, 300}};

    for (size_t m = 0; m < COUNT(ms); m++)
        for (size_t n = 0; n < COUNT(channels); n++)
            check_gemm(b, ms[m], channels[n], pick(b, ks, COUNT(ks)));
    for (size_t i = 0; i < 3 * COUNT(large); i++)
        check_gemm(b, large[i / 3][0], large[i / 3][1], large[i / 3][2]);
}

typedef struct window { /* one axis */
    size_t in, out, k, stride, pad, after, dilation;
} window;

/* A map of a few pixels under windows of k, which may reach over its border. */
static window random_window(bench *b, size_t k, size_t stride, size_t dilation)
{
    size_t reach = (k - 1) * dilation + 1;
    window w = {.k = k, .stride = stride, .dilation = dilation};

    w.pad = noise(b) % reach;
    w.after = noise(b) % reach;
    w.in = 1 + noise(b) % 12;
    if (w.in + w.pad + w.after < reach)
        w.in = reach;
    w.out = (w.in + w.pad + w.after - reach) / stride + 1;
    return w;
}

/* kernel height, width, strides, dilation */
static const size_t windows[][5] = {{3, 3, 1, 1, 1}, {3, 3, 2, 2, 1}, {3, 3, 1, 1, 2},
                                    {3, 3, 1, 2, 1}, {5, 5, 1, 1, 1}, {7, 7, 2, 2, 1},
                                    {1, 1, 1, 1, 1}, {2, 3, 1, 1, 1}, {2, 2, 2, 2, 1}};

static void check_dwconv(bench *b, const size_t shape[5], size_t c)
{
    window y = random_window(b, shape[0], shape[2], shape[4]);
    window x = random_window(b, shape[1], shape[3], shape[4]);
    dwconv_args d = {.in_h = y.in,
                     .in_w = x.in,
                     .out_h = y.out,
                     .out_w = x.out,
                     .c = c,
                     .kh = y.k,
                     .kw = x.k,
                     .stride_h = y.stride,
                     .stride_w = x.stride,
                     .pad_top = y.pad,
                     .pad_left = x.pad,
                     .dilation_h = y.dilation,
                     .dilation_w = x.dilation,
                     .in_ld = c + noise(b) % 3,
                     .out_ld = c + noise(b) % 3};
    size_t size, taps = y.k * x.k;
    float *in, *weight, *out, *want;
    kernel_post post;

    new_case(b);
    size = extent(y.in * x.in, c, d.in_ld);
    d.in = in = place_floats(b, IN, size);
    fill_floats(b, in, size);
    d.weight = weight = place_floats(b, WEIGHT, taps * c);
    fill_floats(b, weight, taps * c);
    d.post = random_post(b, &post, y.out * x.out, c);
    size = extent(y.out * x.out, c, d.out_ld);
    out = place_floats(b, OUT, size);
    want = place_floats(b, WANT, size);
    fill_floats(b, out, size);
    memcpy(want, out, size * sizeof *out);
    d.out = want;
    kernels_get(PFLD_ISA_SCALAR)->dwconv(&d);
    d.out = out;
    b->kn->dwconv(&d);
    close_case(b, near_floats(out, want, size, taps), "dwconv", (size_t[]){y.in, x.in, c, y.k});
}

static void check_pool(bench *b, const size_t shape[5], size_t c, pool_kind kind)
{
    window y = random_window(b, shape[0], shape[2], shape[4]);
    window x = random_window(b, shape[1], shape[3], shape[4]);
    pool_args p = {.kind = kind,
                   .count_padding = chance(b),
                   .in_h = y.in,
                   .in_w = x.in,
                   .out_h = y.out,
                   .out_w = x.out,
                   .c = c,
                   .kh = y.k,
                   .kw = x.k,
                   .stride_h = y.stride,
                   .stride_w = x.stride,
                   .pad_top = y.pad,
                   .pad_left = x.pad,
                   .pad_bottom = y.after,
                   .pad_right = x.after,
                   .dilation_h = y.dilation,
                   .dilation_w = x.dilation,
                   .in_ld = c + noise(b) % 3,
                   .out_ld = c + noise(b) % 3};
    size_t size;
    float *in, *out, *want;

    new_case(b);
    size = extent(y.in * x.in, c, p.in_ld);
    p.in = in = place_floats(b, IN, size);
    fill_floats(b, in, size);
    if (chance(b))
        in[noise(b) % c] = NAN;
    size = extent(y.out * x.out, c, p.out_ld);
    out = place_floats(b, OUT, size);
    want = place_floats(b, WANT, size);
    fill_floats(b, out, size);
    memcpy(want, out, size * sizeof *out);
    p.out = want;
    kernels_get(PFLD_ISA_SCALAR)->pool(&p);
    p.out = out;
    b->kn->pool(&p);
    close_case(b, same_floats(out, want, size), "pool", (size_t[]){y.in, x.in, c, y.k});
}

static void check_windows(bench *b)
{
    for (size_t w = 0; w < COUNT(windows); w++)
        for (size_t c = 0; c < COUNT(channels); c++) {
            for (int repeat = 0; repeat < 8; repeat++)
                check_dwconv(b, windows[w], channels[c]);
            check_pool(b, windows[w], channels[c], POOL_MAX);
            check_pool(b, windows[w], channels[c], POOL_MEAN);
        }
}

static void fill_special(bench *b, float *p, size_t n)
{
    static const float special[] = {0.0f, -0.0f,     1.0f,     -1.0f, 0.5f,   2.5f,  -2.5f,
                                    NAN,  -INFINITY, INFINITY, 1e30f, -1e30f, 1e-40f};

    fill_floats(b, p, n);
    for (size_t i = 0; i < n; i++)
        p[i] = noise(b) % 4 ? 4.0f * p[i] : special[noise(b) % COUNT(special)];
}

static void check_unary(bench *b, unary_kind kind, size_t n)
{
    float *x, *out, *want;

    new_case(b);
    x = place_floats(b, IN, n);
    out = place_floats(b, OUT, n);
    want = place_floats(b, WANT, n);
    fill_special(b, x, n);
    kernels_get(PFLD_ISA_SCALAR)->unary(kind, 0.25f, 0.5f, x, want, n);
    b->kn->unary(kind, 0.25f, 0.5f, x, out, n);
    close_case(b, same_floats(out, want, n), "unary", (size_t[]){(size_t)kind, n, 0, 0});
}

static void check_binary(bench *b, binary_kind kind, size_t n)
{
    size_t a_step = noise(b) % 3 > 0, b_step = noise(b) % 3 > 0;
    float *x, *y, *out, *want;

    new_case(b);
    x = place_floats(b, IN, a_step ? n : 1);
    y = place_floats(b, WEIGHT, b_step ? n : 1);
    out = place_floats(b, OUT, n);
    want = place_floats(b, WANT, n);
    fill_special(b, x, a_step ? n : 1);
    fill_special(b, y, b_step ? n : 1);
    kernels_get(PFLD_ISA_SCALAR)->binary(kind, x, a_step, y, b_step, want, n);
    b->kn->binary(kind, x, a_step, y, b_step, out, n);
    close_case(b, same_floats(out, want, n), "binary", (size_t[]){(size_t)kind, n, a_step, b_step});
}

static void check_functions(bench *b)
{
    for (size_t i = 0; i < COUNT(channels); i++) {
        for (int kind = 0; kind < UNARY_COUNT; kind++)
            check_unary(b, (unary_kind)kind, channels[i]);
        for (int kind = 0; kind < BINARY_COUNT; kind++)
            check_binary(b, (binary_kind)kind, channels[i]);
    }
}

/* ---- int8 ---- */

static void random_range(bench *b, int32_t *zero, int32_t *lo, int32_t *hi)
{
    *zero = noise(b) % 3 ? (int32_t)(noise(b) % 256) : 255 * (int32_t)chance(b);
    *lo = chance(b) ? 0 : (int32_t)(noise(b) % 256);
    *hi = chance(b) ? 255 : *lo + (int32_t)(noise(b) % (uint32_t)(256 - *lo));
}

/* Sums of k products become numbers about as large as a byte, ties among them, or far larger. */
static void random_int8_post(bench *b, int8_post *post, size_t rows, size_t n, size_t k)
{
    uint32_t kind = noise(b) % 4;
    int32_t *bias = place(b, BIAS, n * sizeof *bias);
    float *scale = place_floats(b, SCALE, n);
    int8_add *add = &post->add;
    uint8_t *residual;

    *post = (int8_post){.bias = bias, .scale = scale};
    for (size_t j = 0; j < n; j++) {
        float size = 0.0001f * (float)(1 + noise(b) % 100);

        bias[j] = (int32_t)(noise(b) % 65536) - 32768;
        scale[j] = kind == 0 ? 0.5f : kind == 1 ? 1e30f : size / sqrtf((float)k);
        if (kind == 1 && noise(b) % 8 == 0)
            scale[j] = NAN;
    }
    random_range(b, &post->zero, &post->lo, &post->hi);
    if (chance(b))
        return;
    add->residual_ld = n + noise(b) % 3;
    add->residual = residual = place(b, RESIDUAL, extent(rows, n, add->residual_ld));
    fill_bytes(b, residual, extent(rows, n, add->residual_ld));
    random_range(b, &add->zero, &add->lo, &add->hi);
    add->zero_r = (int32_t)(noise(b) % 256);
    add->own = kind == 0 ? 0.5f : 0.3f + (float)(noise(b) % 100) * 0.01f;
    add->other = kind == 1 ? 1e30f : 0.5f;
}

static void run_int8_gemm(bench *b, const int8_kernels *kn, int8_gemm g, const int8_t *weights,
                          int packed_in)
{
    size_t size = kn->gemm_packed_size(g.k, g.n, g.a_run);
    char *packed = place(b, packed_in, (size + 63) / 64 * 64);

    kn->gemm_pack(packed, weights, g.n, 1, g.k, g.n, g.a_run);
    g.b = packed;
    kn->gemm(&g);
}

static void give_output(int8_gemm *g, void *out, bool floats)
{
    g->c = floats ? NULL : out;
    g->f = floats ? out : NULL;
}

static void check_int8_gemm(bench *b, size_t m, size_t n, size_t run, size_t runs)
{
    int8_gemm g = {.m = m, .n = n, .k = run * runs, .a_run = run, .c_row = n + noise(b) % 20};
    bool floats = noise(b) % 6 == 0;
    size_t size = extent(m, n, g.c_row) * (floats ? sizeof(float) : 1), a_size;
    int8_post post;
    int8_t *weights;
    uint8_t *a;
    void *out, *want;

    new_case(b);
    g.a_next = run + noise(b) % 20;
    g.a_row = runs == 1 ? g.k + noise(b) % 5 : 1 + noise(b) % (2 * run);
    a_size = (m - 1) * g.a_row + (runs - 1) * g.a_next + (run + 3) / 4 * 4;
    g.a = a = place(b, IN, a_size);
    fill_bytes(b, a, a_size);
    weights = place(b, WEIGHT, g.k * n);
    fill_bytes(b, weights, g.k * n);
    random_int8_post(b, &post, m, n, g.k);
    g.post = &post;
    out = place(b, OUT, size);
    want = place(b, WANT, size);
    fill_bytes(b, out, size);
    memcpy(want, out, size);
    give_output(&g, want, floats);
    run_int8_gemm(b, int8_kernels_get(PFLD_ISA_SCALAR), g, weights, PLAIN);
    give_output(&g, out, floats);
    run_int8_gemm(b, b->k8, g, weights, PACKED);
    close_case(b,
               floats ? same_floats(out, want, size / sizeof(float)) : memcmp(out, want, size) == 0,
               "int8 gemm", (size_t[]){m, n, run, runs});
}

static void check_int8_gemms(bench *b)
{
    static const size_t ms[] = {1, 2, 3, 4, 5, 6, 7, 12, 13, 25};
    static const size_t runs[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 32, 61, 64};
    static const size_t large[][4] = {{1, 136, 1208, 1}, {2, 33, 1031, 3}, {13, 17, 2053, 1},
                                      {5, 200, 40, 1},   {97, 70, 9, 3},   {3, 17, 65536, 1}};

    for (size_t m = 0; m < COUNT(ms); m++)
        for (size_t n = 0; n < COUNT(channels); n++)
            for (int repeat = 0; repeat < 3; repeat++)
                check_int8_gemm(b, ms[m], channels[n], pick(b, runs, COUNT(runs)),
                                chance(b) ? 1 : 1 + noise(b) % 5);
    for (size_t i = 0; i < 4 * COUNT(large); i++)
        check_int8_gemm(b, large[i / 4][0], large[i / 4][1], large[i / 4][2], large[i / 4][3]);
}

static void run_int8_dwconv(bench *b, const int8_kernels *kn, int8_dwconv d, const int8_t *weights,
                            int packed_in)
{
    size_t size = kn->dwconv_packed_size(d.kh, d.kw, d.c);
    char *packed = place(b, packed_in, (size + 63) / 64 * 64);

    kn->dwconv_pack(packed, weights, d.kh, d.kw, d.c);
    d.weight = packed;
    kn->dwconv(&d);
}

static void check_int8_dwconv(bench *b, const size_t shape[5], size_t c)
{
    window y = random_window(b, shape[0], shape[2], 1);
    window x = random_window(b, shape[1], shape[3], 1);
    int8_dwconv d = {.in_h = y.in,
                     .in_w = x.in,
                     .out_h = y.out,
                     .out_w = x.out,
                     .c = c,
                     .kh = y.k,
                     .kw = x.k,
                     .stride_h = y.stride,
                     .stride_w = x.stride,
                     .pad_top = y.pad,
                     .pad_left = x.pad,
                     .in_ld = c + noise(b) % 20,
                     .out_ld = c + noise(b) % 20,
                     .in_zero = (uint8_t)noise(b)};
    size_t size;
    int8_post post;
    int8_t *weights;
    uint8_t *in, *out, *want;

    new_case(b);
    size = extent(y.in * x.in, c, d.in_ld);
    d.in = in = place(b, IN, size);
    fill_bytes(b, in, size);
    weights = place(b, WEIGHT, y.k * x.k * c);
    fill_bytes(b, weights, y.k * x.k * c);
    random_int8_post(b, &post, y.out * x.out, c, y.k * x.k);
    d.post = &post;
    size = extent(y.out * x.out, c, d.out_ld);
    out = place(b, OUT, size);
    want = place(b, WANT, size);
    fill_bytes(b, out, size);
    memcpy(want, out, size);
    d.out = want;
    run_int8_dwconv(b, int8_kernels_get(PFLD_ISA_SCALAR), d, weights, PLAIN);
    d.out = out;
    run_int8_dwconv(b, b->k8, d, weights, PACKED);
    close_case(b, memcmp(out, want, size) == 0, "int8 dwconv", (size_t[]){y.in, x.in, c, y.k});
}

static void check_quantise(bench *b, size_t n)
{
    float inverse = chance(b) ? 1.0f : 0.5f + (float)(noise(b) % 100);
    int32_t zero = (int32_t)(noise(b) % 256);
    uint8_t *out, *want;
    float *x;

    new_case(b);
    x = place_floats(b, IN, n);
    out = place(b, OUT, n);
    want = place(b, WANT, n);
    fill_special(b, x, n);
    int8_kernels_get(PFLD_ISA_SCALAR)->quantise(x, inverse, zero, want, n);
    b->k8->quantise(x, inverse, zero, out, n);
    close_case(b, memcmp(out, want, n) == 0, "quantise", (size_t[]){n, 0, 0, 0});
}

static void check_int8(bench *b)
{
    check_int8_gemms(b);
    for (size_t c = 0; c < COUNT(channels); c++) {
        for (size_t w = 0; w < COUNT(windows); w++)
            for (int repeat = 0; repeat < 12; repeat++)
                check_int8_dwconv(b, windows[w], channels[c]);
        for (int repeat = 0; repeat < 20; repeat++)
            check_quantise(b, channels[c]);
    }
}

/* ---- all of it ---- */

/* False: a kernel is wrong. */
static bool check_set(bench *b, pfld_isa isa)
{
    b->kn = kernels_get(isa);
    b->k8 = int8_kernels_get(isa);
    b->cases = b->failed = 0;
    b->noise = 1;
    check_gemms(b);
    check_windows(b);
    check_functions(b);
    check_int8(b);
    printf("check_kernels: %s, int8 %s: %lu cases, %lu failed\n", cpu_isa_name(isa), b->k8->name,
           b->cases, b->failed);
    return b->failed == 0;
}

int main(void)
{
    static const pfld_isa sets[] = {PFLD_ISA_AVX2, PFLD_ISA_AVXVNNI, PFLD_ISA_AVX512, PFLD_ISA_NEON,
                                    PFLD_ISA_WASM128};
    static bench b;
    bool ok = true;

    make_buffers(&b);
    for (size_t i = 0; i < COUNT(sets); i++)
        if (cpu_best(sets[i]) == sets[i])
            ok &= check_set(&b, sets[i]);
    if (b.cases == 0)
        printf("check_kernels: the scalar kernels are all that there is\n");
    free_buffers(&b);
    return ok ? 0 : 1;
}
