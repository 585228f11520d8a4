/*
 * Times the int8 kernels on the layers of the PFLD nets: `taskset -c 1 bench_kernels_int8 [ISA
 * [NAME]]`. NAME roof: multiply-adds on registers alone, of floats, of bfloat16 in pairs (that is
 * why the engine has no kernels of them), and of bytes. One JSON line per measurement; each is the
 * fastest of many short runs, so that a busy machine does not matter much.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cpu.h"
#include "core/mem.h"
#include "fastest.h"
#include "kernels/int8.h"
#include "kernels/kernels.h"
#include "kernels/sets.h"

#if KERNELS_X86
#  include <cpuid.h>
#  include <immintrin.h>
#endif

static void *random_bytes(size_t n)
{
    unsigned char *p = mem_alloc(n + 64, 1);
    unsigned s = 1;

    if (!p) {
        fprintf(stderr, "bench_kernels_int8: out of memory\n");
        exit(3);
    }
    for (size_t i = 0; i < n + 64; i++) {
        s = s * 1664525u + 1013904223u;
        p[i] = (unsigned char)(s >> 24);
    }
    return p;
}

/* Packed weights are aligned to 64 bytes. */
static void *aligned(size_t n)
{
    void *p = aligned_alloc(64, (n + 63) / 64 * 64);

    if (!p) {
        fprintf(stderr, "bench_kernels_int8: out of memory\n");
        exit(3);
    }
    return p;
}

typedef struct random_post {
    int8_post post;
    int32_t *bias;
    float *scale;
} random_post;

static random_post make_post(size_t n)
{
    random_post p = {.bias = random_bytes(n * sizeof *p.bias),
                     .scale = random_bytes(n * sizeof *p.scale)};

    for (size_t j = 0; j < n; j++) {
        p.bias[j] %= 1000;
        p.scale[j] = 0.001f;
    }
    p.post = (int8_post){.bias = p.bias, .scale = p.scale, .zero = 3, .lo = 3, .hi = 255};
    return p;
}

static void free_post(random_post *p)
{
    mem_free(p->bias);
    mem_free(p->scale);
}

static void set_residual(int8_post *post, const uint8_t *residual, size_t ld)
{
    post->add = (int8_add){.residual = residual,
                           .residual_ld = ld,
                           .own = 0.7f,
                           .other = 0.6f,
                           .zero_r = 100,
                           .zero = 120,
                           .lo = 0,
                           .hi = 255};
}

struct gemm_shape {
    const char *name;
    size_t m, n, k;
    bool add;
    size_t runs; /* 0: 1 */
};

static const struct gemm_shape gemm_shapes[] = {
    {"1x conv3x3", 3136, 64, 27, false, 3},
    {"1x 56 expand", 3136, 128, 64, false, 0},
    {"1x 28 expand", 784, 128, 64, false, 0},
    {"1x 28 project", 784, 64, 128, false, 0},
    {"1x 28 project add", 784, 64, 128, true, 0},
    {"1x 14 expand", 196, 512, 128, false, 0},
    {"1x 14 project", 196, 128, 512, false, 0},
    {"1x 14 project add", 196, 128, 512, true, 0},
    {"1x 14 to 16", 196, 16, 256, false, 0},
    {"1x S2", 49, 32, 144, false, 3},
    {"1x S3", 1, 128, 1568, false, 0},
    {"1x fc", 1, 136, 4832, false, 0},
    {"0.25x conv3x3", 3136, 16, 27, false, 3},
    {"0.25x 56 expand", 3136, 32, 16, false, 0},
    {"0.25x 28 expand", 784, 32, 16, false, 0},
    {"0.25x 28 project", 784, 16, 32, false, 0},
    {"0.25x 28 project add", 784, 16, 32, true, 0},
    {"0.25x 14 expand", 196, 128, 32, false, 0},
    {"0.25x 14 project", 196, 32, 128, false, 0},
    {"0.25x 14 project add", 196, 32, 128, true, 0},
    {"0.25x 14 to 4", 196, 4, 64, false, 0},
    {"0.25x S2", 49, 8, 36, false, 3},
    {"0.25x S3", 1, 32, 392, false, 0},
    {"0.25x fc", 1, 136, 1208, false, 0},
    {"odd 40", 784, 40, 120, false, 0},
    {"odd 24", 784, 24, 72, false, 0},
    {"square 1024", 1024, 1024, 1024, false, 0},
};

struct gemm_work {
    const int8_kernels *kn;
    int8_gemm args;
};

static void gemm_once(void *arg)
{
    struct gemm_work *w = arg;

    w->kn->gemm(&w->args);
}

static void bench_gemm(const int8_kernels *kn, const struct gemm_shape *s)
{
    size_t runs = s->runs ? s->runs : 1, run = s->k / runs;
    uint8_t *a = random_bytes(s->m * s->k), *c = random_bytes(s->m * s->n);
    uint8_t *other = random_bytes(s->m * s->n);
    int8_t *b = random_bytes(s->k * s->n);
    void *packed = aligned(kn->gemm_packed_size(s->k, s->n, run));
    random_post made = make_post(s->n);
    int8_post *post = &made.post;
    struct gemm_work w = {kn,
                          {.m = s->m,
                           .n = s->n,
                           .k = s->k,
                           .a = a,
                           .a_row = s->k,
                           .a_run = run,
                           .a_next = run,
                           .b = packed,
                           .c = c,
                           .c_row = s->n,
                           .post = post}};
    double t;

    if (s->add)
        set_residual(post, other, s->n);
    kn->gemm_pack(packed, b, s->n, 1, s->k, s->n, run);
    t = fastest(gemm_once, &w);
    printf("{\"v\":1,\"what\":\"gemm\",\"set\":\"%s\",\"name\":\"%s\",\"m\":%zu,\"n\":%zu,"
           "\"k\":%zu,\"min_us\":%.2f,\"gops\":%.1f}\n",
           kn->name, s->name, s->m, s->n, s->k, 1e6 * t,
           2e-9 * (double)s->m * (double)s->n * (double)s->k / t);
    mem_free(a);
    mem_free(b);
    mem_free(c);
    mem_free(other);
    free(packed);
    free_post(&made);
}

struct dw_shape {
    const char *name;
    size_t size, c, k, stride;
};

static const struct dw_shape dw_shapes[] = {
    {"1x 56", 56, 64, 3, 1},       {"1x 56 s2", 56, 128, 3, 2},   {"1x 28", 28, 128, 3, 1},
    {"1x 28 s2", 28, 128, 3, 2},   {"1x 14", 14, 512, 3, 1},      {"1x 14 256", 14, 256, 3, 1},
    {"0.25x 56", 56, 16, 3, 1},    {"0.25x 56 s2", 56, 32, 3, 2}, {"0.25x 28", 28, 32, 3, 1},
    {"0.25x 28 s2", 28, 32, 3, 2}, {"0.25x 14", 14, 128, 3, 1},   {"0.25x 14 64", 14, 64, 3, 1},
    {"odd 40", 28, 40, 3, 1},      {"5x5 28", 28, 120, 5, 1},
};

struct dw_work {
    const int8_kernels *kn;
    int8_dwconv args;
};

static void dw_once(void *arg)
{
    struct dw_work *w = arg;

    w->kn->dwconv(&w->args);
}

static void bench_dwconv(const int8_kernels *kn, const struct dw_shape *s)
{
    size_t out = (s->size + s->stride - 1) / s->stride;
    uint8_t *in = random_bytes(s->size * s->size * s->c), *to = random_bytes(out * out * s->c);
    int8_t *weight = random_bytes(s->k * s->k * s->c);
    void *packed = aligned(kn->dwconv_packed_size(s->k, s->k, s->c));
    random_post made = make_post(s->c);
    int8_post *post = &made.post;
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
                         .in = in,
                         .in_ld = s->c,
                         .in_zero = 3,
                         .weight = packed,
                         .out = to,
                         .out_ld = s->c,
                         .post = post}};
    double t;

    kn->dwconv_pack(packed, weight, s->k, s->k, s->c);
    t = fastest(dw_once, &w);
    printf("{\"v\":1,\"what\":\"dwconv\",\"set\":\"%s\",\"name\":\"%s\",\"size\":%zu,\"c\":%zu,"
           "\"k\":%zu,\"stride\":%zu,\"min_us\":%.2f,\"gops\":%.1f}\n",
           kn->name, s->name, s->size, s->c, s->k, s->stride, 1e6 * t,
           2e-9 * (double)(out * out * s->c * s->k * s->k) / t);
    mem_free(in);
    mem_free(to);
    mem_free(weight);
    free(packed);
    free_post(&made);
}

/* --- roofs --- */

enum { ROOF_ROUNDS = 2000 };

struct roof_work {
    uint64_t (*run)(size_t rounds);
    uint64_t macs;
};

static void roof_once(void *arg)
{
    struct roof_work *w = arg;

    w->macs = w->run(ROOF_ROUNDS);
}

static void bench_roof(const char *of, uint64_t (*run)(size_t rounds))
{
    struct roof_work w = {run, 0};
    double t;

    if (!run)
        return;
    t = fastest(roof_once, &w);
    printf("{\"v\":1,\"what\":\"roof\",\"of\":\"%s\",\"gops\":%.1f}\n", of,
           2e-9 * (double)w.macs / t);
}

#if KERNELS_X86 && (defined(__clang__) || __GNUC__ >= 10)
enum { BF16_SUMS = 12 };

__attribute__((target("avx512f,avx512bf16"))) static uint64_t roof_bf16(size_t rounds)
{
    __m512 sum[BF16_SUMS], all = _mm512_setzero_ps();
    __m512bh by = (__m512bh)_mm512_setzero_si512();
    float keep[16];

    KERNELS_UNROLL
    for (size_t i = 0; i < BF16_SUMS; i++)
        sum[i] = _mm512_set1_ps((float)i);
    for (size_t r = 0; r < rounds; r++) {
        KERNELS_UNROLL
        for (size_t i = 0; i < BF16_SUMS; i++)
            sum[i] = _mm512_dpbf16_ps(sum[i], by, by);
    }
    KERNELS_UNROLL
    for (size_t i = 0; i < BF16_SUMS; i++)
        all = _mm512_add_ps(all, sum[i]);
    _mm512_storeu_ps(keep, all);
    __asm__ volatile("" : : "r"(keep) : "memory"); /* or all of it is dropped */
    return (uint64_t)rounds * BF16_SUMS * 32;
}

static void bench_roof_bf16(void)
{
    const unsigned bf16 = 1u << 5; /* CPUID 7, second page, EAX */
    unsigned a, b, c, d;

    if (cpu_has(PFLD_ISA_AVX512) && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & bf16))
        bench_roof("bf16", roof_bf16);
}
#else
static void bench_roof_bf16(void) {}
#endif

int main(int argc, char **argv)
{
    pfld_isa cap = PFLD_ISA_AUTO;
    const int8_kernels *kn;

    if (argc > 3 || (argc >= 2 && !cpu_isa_parse(argv[1], &cap))) {
        fprintf(stderr, "usage: %s [ISA [NAME]]\n", argv[0]);
        return 2;
    }
    kn = int8_kernels_get(cap);
    if (argc < 3 || strcmp(argv[2], "roof") == 0) {
        bench_roof("float", kernels_get(cap)->roof);
        bench_roof_bf16();
        bench_roof("int8", kn->roof);
    }
    for (size_t i = 0; i < sizeof gemm_shapes / sizeof gemm_shapes[0]; i++)
        if (argc < 3 || strcmp(argv[2], gemm_shapes[i].name) == 0)
            bench_gemm(kn, &gemm_shapes[i]);
    for (size_t i = 0; i < sizeof dw_shapes / sizeof dw_shapes[0]; i++)
        if (argc < 3 || strcmp(argv[2], dw_shapes[i].name) == 0)
            bench_dwconv(kn, &dw_shapes[i]);
    return 0;
}
