/*
 * Times the kernels on the layers of the PFLD nets and of MobileNetV2, against the multiply-add
 * roof of this core: `taskset -c 1 bench_kernels [ISA]`. One JSON line per measurement; each is
 * the fastest of many short runs, so that a busy machine does not matter much.
 */
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cpu.h"
#include "core/mem.h"
#include "fastest.h"
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)
#  include <immintrin.h>
#endif

/* The roof: independent multiply-adds on registers, ROOF_STEPS times ROOF_CHAINS vectors. */
enum { ROOF_STEPS = 1000, ROOF_CHAINS = 12 };

struct roof {
    work_fn *work;
    double flop; /* of one call; 0: not measured for this set */
    float sink;
};

#if defined(__x86_64__) && defined(__GNUC__)
#  if defined(__clang__)
#    define ROOF_UNROLL _Pragma("clang loop unroll(full)")
#  else
#    define ROOF_UNROLL _Pragma("GCC unroll 16")
#  endif

__attribute__((target("avx512f"))) static void roof_avx512(void *arg)
{
    struct roof *r = arg;
    __m512 acc[ROOF_CHAINS], x = _mm512_set1_ps(0.5f), y = _mm512_set1_ps(r->sink);

    ROOF_UNROLL
    for (int i = 0; i < ROOF_CHAINS; i++)
        acc[i] = _mm512_set1_ps((float)i);
    for (int s = 0; s < ROOF_STEPS; s++) {
        ROOF_UNROLL
        for (int i = 0; i < ROOF_CHAINS; i++)
            acc[i] = _mm512_fmadd_ps(acc[i], x, y);
    }
    ROOF_UNROLL
    for (int i = 1; i < ROOF_CHAINS; i++)
        acc[0] = _mm512_add_ps(acc[0], acc[i]);
    r->sink = _mm512_cvtss_f32(acc[0]);
}

__attribute__((target("avx2,fma"))) static void roof_avx2(void *arg)
{
    struct roof *r = arg;
    __m256 acc[ROOF_CHAINS], x = _mm256_set1_ps(0.5f), y = _mm256_set1_ps(r->sink);

    ROOF_UNROLL
    for (int i = 0; i < ROOF_CHAINS; i++)
        acc[i] = _mm256_set1_ps((float)i);
    for (int s = 0; s < ROOF_STEPS; s++) {
        ROOF_UNROLL
        for (int i = 0; i < ROOF_CHAINS; i++)
            acc[i] = _mm256_fmadd_ps(acc[i], x, y);
    }
    ROOF_UNROLL
    for (int i = 1; i < ROOF_CHAINS; i++)
        acc[0] = _mm256_add_ps(acc[0], acc[i]);
    r->sink = _mm256_cvtss_f32(acc[0]);
}
#endif

static struct roof roof_of(pfld_isa isa)
{
    struct roof r = {NULL, 0, 0.0f};

#if defined(__x86_64__) && defined(__GNUC__)
    if (isa == PFLD_ISA_AVX512) {
        r.work = roof_avx512;
        r.flop = 2.0 * 16 * ROOF_STEPS * ROOF_CHAINS;
    } else if (isa == PFLD_ISA_AVX2 || isa == PFLD_ISA_AVXVNNI) {
        r.work = roof_avx2;
        r.flop = 2.0 * 8 * ROOF_STEPS * ROOF_CHAINS;
    }
#else
    (void)isa;
#endif
    return r;
}

static float *random_floats(size_t n)
{
    float *p = mem_alloc(n, sizeof *p);
    unsigned s = 1;

    if (!p) {
        fprintf(stderr, "bench_kernels: out of memory\n");
        exit(3);
    }
    for (size_t i = 0; i < n; i++) {
        s = s * 1664525u + 1013904223u;
        p[i] = (float)(s >> 8) / 16777216.0f - 0.5f;
    }
    return p;
}

enum gemm_how { PLAIN, RELU, ADD, TRANSPOSED_A };

struct gemm_shape {
    const char *name;
    size_t m, n, k;
    enum gemm_how how;
};

static const struct gemm_shape gemm_shapes[] = {
    {"pfld 1x conv3x3", 3136, 64, 27, RELU},
    {"pfld 1x 56 expand", 3136, 128, 64, RELU},
    {"pfld 1x 28 project", 784, 64, 128, PLAIN},
    {"pfld 1x 28 expand", 784, 128, 64, RELU},
    {"pfld 1x 28 project add", 784, 64, 128, ADD},
    {"pfld 1x 14 project", 196, 128, 128, PLAIN},
    {"pfld 1x 14 expand", 196, 512, 128, RELU},
    {"pfld 1x 14 project add", 196, 128, 512, ADD},
    {"pfld 1x 14 expand 256", 196, 256, 128, RELU},
    {"pfld 1x 14 to 16", 196, 16, 256, PLAIN},
    {"pfld 1x S1", 49, 32, 144, RELU},
    {"pfld 1x S2", 1, 128, 1568, RELU},
    {"pfld 1x fc", 1, 136, 4832, PLAIN},
    {"pfld 0.25x conv3x3", 3136, 16, 27, RELU},
    {"pfld 0.25x 56 expand", 3136, 32, 16, RELU},
    {"pfld 0.25x 28 project", 784, 16, 32, PLAIN},
    {"pfld 0.25x 28 expand", 784, 32, 16, RELU},
    {"pfld 0.25x 14 expand", 196, 128, 32, RELU},
    {"pfld 0.25x 14 project add", 196, 32, 128, ADD},
    {"pfld 0.25x 14 to 4", 196, 4, 64, PLAIN},
    {"pfld 0.25x fc", 1, 136, 1208, PLAIN},
    {"mobilenetv2 112 project", 12544, 16, 32, PLAIN},
    {"mobilenetv2 112 expand", 12544, 96, 16, RELU},
    {"mobilenetv2 56 project", 3136, 24, 96, PLAIN},
    {"mobilenetv2 56 expand", 3136, 144, 24, RELU},
    {"mobilenetv2 28 project", 784, 32, 144, ADD},
    {"mobilenetv2 14 expand", 196, 384, 64, RELU},
    {"mobilenetv2 14 project", 196, 96, 576, ADD},
    {"mobilenetv2 7 project", 49, 160, 960, ADD},
    {"mobilenetv2 7 last", 49, 1280, 320, RELU},
    {"odd 40", 784, 40, 120, RELU},
    {"odd 8", 784, 8, 120, RELU},
    {"weight gradient 1x 56", 64, 128, 3136, TRANSPOSED_A},
    {"weight gradient 1x 14", 512, 128, 784, TRANSPOSED_A},
    {"square 1024", 1024, 1024, 1024, PLAIN},
};

struct gemm_work {
    const kernels *kn;
    gemm_args args;
};

static void gemm_once(void *arg)
{
    struct gemm_work *w = arg;

    w->kn->gemm(&w->args);
}

static void bench_gemm(const kernels *kn, double roof, const struct gemm_shape *s)
{
    float *a = random_floats(s->m * s->k), *b = random_floats(s->k * s->n);
    float *packed = random_floats(kn->gemm_packed_size(s->k, s->n));
    float *c = random_floats(s->m * s->n), *bias = random_floats(s->n);
    kernel_post post = {.bias = bias, .lo = -INFINITY, .hi = INFINITY};
    struct gemm_work w = {kn,
                          {.m = s->m,
                           .n = s->n,
                           .k = s->k,
                           .a = a,
                           .a_row = s->how == TRANSPOSED_A ? 1 : s->k,
                           .a_col = s->how == TRANSPOSED_A ? s->m : 1,
                           .b = packed,
                           .c = c,
                           .c_row = s->n,
                           .accumulate = s->how == TRANSPOSED_A,
                           .post = s->how == TRANSPOSED_A ? NULL : &post}};
    float *other = random_floats(s->m * s->n);
    double t, gflops;

    if (s->how == RELU)
        post.lo = 0.0f;
    if (s->how == ADD) {
        post.residual = other;
        post.residual_ld = s->n;
    }
    kn->gemm_pack(packed, b, s->n, 1, s->k, s->n);
    t = fastest(gemm_once, &w);
    gflops = 2e-9 * (double)s->m * (double)s->n * (double)s->k / t;
    printf("{\"v\":1,\"what\":\"gemm\",\"isa\":\"%s\",\"name\":\"%s\",\"m\":%zu,\"n\":%zu,"
           "\"k\":%zu,\"min_us\":%.2f,\"gflops\":%.1f,\"of_roof\":%.3f}\n",
           cpu_isa_name(kn->isa), s->name, s->m, s->n, s->k, 1e6 * t, gflops, gflops / roof);
    mem_free(a);
    mem_free(b);
    mem_free(packed);
    mem_free(c);
    mem_free(bias);
    mem_free(other);
}

struct dw_shape {
    const char *name;
    size_t size, c, k, stride;
};

static const struct dw_shape dw_shapes[] = {
    {"pfld 1x 56", 56, 64, 3, 1},    {"pfld 1x 56 s2", 56, 128, 3, 2},
    {"pfld 1x 28", 28, 128, 3, 1},   {"pfld 1x 28 s2", 28, 128, 3, 2},
    {"pfld 1x 14", 14, 512, 3, 1},   {"pfld 1x 14 256", 14, 256, 3, 1},
    {"pfld 0.25x 56", 56, 16, 3, 1}, {"pfld 0.25x 56 s2", 56, 32, 3, 2},
    {"pfld 0.25x 28", 28, 32, 3, 1}, {"pfld 0.25x 14", 14, 128, 3, 1},
    {"mobilenetv2 7", 7, 960, 3, 1}, {"5x5 28", 28, 120, 5, 1},
    {"5x5 28 s2", 28, 120, 5, 2},    {"odd channels", 28, 40, 3, 1},
};

struct dw_work {
    const kernels *kn;
    dwconv_args args;
};

static void dw_once(void *arg)
{
    struct dw_work *w = arg;

    w->kn->dwconv(&w->args);
}

static void bench_dwconv(const kernels *kn, double roof, const struct dw_shape *s)
{
    size_t out = (s->size + s->stride - 1) / s->stride;
    float *in = random_floats(s->size * s->size * s->c), *to = random_floats(out * out * s->c);
    float *weight = random_floats(s->k * s->k * s->c), *bias = random_floats(s->c);
    kernel_post post = {.bias = bias, .lo = 0.0f, .hi = INFINITY};
    struct dw_work w = {kn,
                        {.in_h = s->size,
                         .in_w = s->size,
                         .out_h = out,
                         .out_w = out,
                         .c = s->c,
                         .kh = s->k,
                         .kw = s->k,
                         .stride_h = s->stride,
                         .stride_w = s->stride,
                         .pad_top = s->k / 2,
                         .pad_left = s->k / 2,
                         .dilation_h = 1,
                         .dilation_w = 1,
                         .in = in,
                         .in_ld = s->c,
                         .weight = weight,
                         .out = to,
                         .out_ld = s->c,
                         .post = &post}};
    double t = fastest(dw_once, &w);
    double gflops = 2e-9 * (double)(out * out * s->c * s->k * s->k) / t;

    printf("{\"v\":1,\"what\":\"dwconv\",\"isa\":\"%s\",\"name\":\"%s\",\"size\":%zu,\"c\":%zu,"
           "\"k\":%zu,\"stride\":%zu,\"min_us\":%.2f,\"gflops\":%.1f,\"of_roof\":%.3f}\n",
           cpu_isa_name(kn->isa), s->name, s->size, s->c, s->k, s->stride, 1e6 * t, gflops,
           gflops / roof);
    mem_free(in);
    mem_free(to);
    mem_free(weight);
    mem_free(bias);
}

static void bench_set(pfld_isa isa)
{
    const kernels *kn = kernels_get(isa);
    struct roof roof = roof_of(isa);
    double gflops = HUGE_VAL; /* unknown: no share of it */

    if (kn->isa != isa)
        return;
    if (roof.work) {
        gflops = 1e-9 * roof.flop / fastest(roof.work, &roof);
        printf("{\"v\":1,\"what\":\"roof\",\"isa\":\"%s\",\"gflops\":%.1f}\n", cpu_isa_name(isa),
               gflops);
    }
    for (size_t i = 0; i < sizeof gemm_shapes / sizeof gemm_shapes[0]; i++)
        bench_gemm(kn, gflops, &gemm_shapes[i]);
    for (size_t i = 0; i < sizeof dw_shapes / sizeof dw_shapes[0]; i++)
        if (kn->dwconv)
            bench_dwconv(kn, gflops, &dw_shapes[i]);
}

int main(int argc, char **argv)
{
    pfld_isa only = PFLD_ISA_AUTO;

    if (argc > 2 || (argc == 2 && !cpu_isa_parse(argv[1], &only))) {
        fprintf(stderr, "usage: %s [ISA]\n", argv[0]);
        return 2;
    }
    for (int isa = PFLD_ISA_SSE2; isa <= PFLD_ISA_WASM128; isa++)
        if (only == PFLD_ISA_AUTO || only == (pfld_isa)isa)
            bench_set((pfld_isa)isa);
    return 0;
}
