/*
 * The inner loops, as a table that is filled by instruction set, and the contract of each.
 *
 * Contract of all: float32; pointers need no alignment; nothing is read or written outside what the
 * fields describe (checked against guard pages); outputs do not overlap inputs unless a field says
 * so. scalar.c is the specification; another set may sum in another order, so results differ by
 * rounding only, but each set repeats its own results to the bit.
 * A gemm or dwconv result has the same bits whatever rows and columns are computed with it, and in
 * all vector sets that fuse multiply-adds; WebAssembly has none, and its set bits of its own. pool,
 * unary and binary have the bits of scalar.c in all sets. NaN comes through every clamp, max, min
 * and pool.
 *
 * Feature maps are NHWC, dense in C unless a stride says otherwise: one pixel is C floats, and
 * `ld` is the distance from one pixel to the next, in floats. A distance that is a multiple of 512
 * floats makes depthwise convolution half as fast, one of 64 a third slower (the pixels share a few
 * cache sets): add 16.
 */
#ifndef KERNELS_KERNELS_H
#define KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pfld/pfld.h"

/* What happens to a sum before it is stored: y = min(max(x, lo), hi), then slope for x < 0. */
typedef struct kernel_post {
    const float *bias;     /* [n] of the columns or channels, or NULL */
    const float *residual; /* added after bias and before the clamp; laid out as the output,
                              or NULL; may be the output itself */
    size_t residual_ld;    /* floats from row to row (pixel to pixel) */
    const float *slope;    /* [n] PReLU: y = x < 0 ? slope * x : x, after the clamp; or NULL */
    float lo, hi;          /* -INFINITY, INFINITY: none; 0, INFINITY: ReLU; 0, 6: ReLU6 */
} kernel_post;

/*
 * C[m][n] = post(sum over k of A[m][k] * B[k][n] (+ C[m][n] where accumulate)).
 * B is packed by gemm_pack of the same table. m, n >= 1; k >= 0.
 */
typedef struct gemm_args {
    size_t m, n, k;
    const float *a; /* A[i][p] is a[i * a_row + p * a_col]: any strides, so that A may be
                       transposed or a pixel row of an NHWC map */
    size_t a_row, a_col;
    size_t a_run, a_next; /* a_run > 0: columns come in runs of so many, and A[i][p] is a[i * a_row
                             + p / a_run * a_next + p % a_run * a_col]: the lines of a window, so
                             that a convolution needs no copy of each window */
    const float *b;       /* packed */
    float *c; /* [m] rows of n, c_row apart; no more than n floats of a row are written */
    size_t c_row;
    bool accumulate;         /* then post is applied to the sum with what C held */
    const kernel_post *post; /* NULL: none */
} gemm_args;

/* One channel of the input, k by k window, gives the same channel of the output. */
typedef struct dwconv_args {
    size_t in_h, in_w, out_h, out_w, c;
    size_t kh, kw, stride_h, stride_w, pad_top, pad_left, dilation_h, dilation_w;
    const float *in; /* [in_h][in_w] pixels of c floats, in_ld apart */
    size_t in_ld;
    const float *weight; /* [kh][kw][c] */
    float *out;          /* [out_h][out_w] pixels of c floats, out_ld apart */
    size_t out_ld;
    const kernel_post *post;
} dwconv_args;

typedef enum pool_kind { POOL_MAX, POOL_MEAN } pool_kind;

/* Windows reach over the border: there max ignores, and mean divides by what count_padding says.
 * A window without a pixel gives -INFINITY and 0. */
typedef struct pool_args {
    pool_kind kind;
    bool count_padding; /* mean: divide by kh * kw less what lies beyond the padded map, else by
                           the pixels inside the map */
    size_t in_h, in_w, out_h, out_w, c;
    size_t kh, kw, stride_h, stride_w, pad_top, pad_left, pad_bottom, pad_right;
    size_t dilation_h, dilation_w;
    const float *in;
    size_t in_ld;
    float *out;
    size_t out_ld;
} pool_args;

typedef enum unary_kind { /* y = f(x); alpha and beta where the function has parameters */
                          UNARY_CLAMP,        /* min(max(x, alpha), beta) */
                          UNARY_LEAKY,        /* x < 0 ? alpha * x : x */
                          UNARY_HARD_SIGMOID, /* min(max(alpha * x + beta, 0), 1) */
                          UNARY_HARD_SWISH,   /* x * min(max(x / 6 + 1/2, 0), 1) */
                          UNARY_SIGMOID,
                          UNARY_TANH,
                          UNARY_EXP,
                          UNARY_LOG,
                          UNARY_SQRT,
                          UNARY_ERF,
                          UNARY_SOFTPLUS,
                          UNARY_ELU, /* x < 0 ? alpha * (exp(x) - 1) : x */
                          UNARY_NEG,
                          UNARY_FLOOR,
                          UNARY_CEIL,
                          UNARY_RECIPROCAL,
                          UNARY_COUNT
} unary_kind;

typedef enum binary_kind {
    BINARY_ADD,
    BINARY_SUB,
    BINARY_MUL,
    BINARY_DIV,
    BINARY_MAX,
    BINARY_MIN,
    BINARY_POW,
    BINARY_PRELU, /* a < 0 ? b * a : a */
    BINARY_COUNT
} binary_kind;

typedef struct kernels {
    pfld_isa isa;
    size_t gemm_mr, gemm_nr; /* the tile: for callers who choose block sizes; any m, n works */
    /* Floats that gemm_pack writes for B[k][n]. */
    size_t (*gemm_packed_size)(size_t k, size_t n);
    /* b[p * b_row + j * b_col] is B[p][j]: any strides, so that B may be transposed. */
    void (*gemm_pack)(float *packed, const float *b, size_t b_row, size_t b_col, size_t k,
                      size_t n);
    /* True where B[k][n], row-major and dense, is packed as it is. */
    bool (*gemm_packs_itself)(size_t n);
    void (*gemm)(const gemm_args *args);
    void (*dwconv)(const dwconv_args *args);
    void (*pool)(const pool_args *args);
    /* y may be x. */
    void (*unary)(unary_kind kind, float alpha, float beta, const float *x, float *y, size_t n);
    /* y[i] = f(a[i * a_step], b[i * b_step]), steps 0 or 1 (0: the same value for all); y may be a
     * or b where its step is 1. */
    void (*binary)(binary_kind kind, const float *a, size_t a_step, const float *b, size_t b_step,
                   float *y, size_t n);
    /* Multiply-adds on registers alone, as fast as this core can: returns how many numbers. */
    uint64_t (*roof)(size_t rounds);
} kernels;

/* The table of the best set that the CPU has and that is not above cap; static, never NULL. */
const kernels *kernels_get(pfld_isa cap);

#endif
