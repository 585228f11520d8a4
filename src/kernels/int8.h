/*
 * The inner loops of quantised nets, as a table that is filled by instruction set.
 *
 * Contract of all: activations are u8 with a zero point, weights are s8 without one, sums are int32
 * (they wrap, which products alone can't reach for k up to 65,536). Pointers need no alignment,
 * packed weights that of 64 bytes. Nothing is written outside what the fields describe, and nothing
 * read but for what a field allows. int8_scalar.c is the specification, and every set gives its
 * bits: sums are of integers, and what follows them is single IEEE operations in a fixed order (no
 * fused multiply-add), rounded to the nearest, ties to even.
 *
 * A sum becomes a result in these steps, s being the sum with its bias, all floats single:
 *     t = (float)s * scale
 *     q = zero + round(clamp(t, lo - zero, hi - zero)), NaN counting as the lower bound,
 * and where there is a residual r
 *     t = (float)(q - zero) * add.own + (float)(r - add.zero_r) * add.other
 *     q = add.zero + round(clamp(t, add.lo - add.zero, add.hi - add.zero))
 */
#ifndef KERNELS_INT8_H
#define KERNELS_INT8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pfld/pfld.h"

/* One more quantised operand, added to the quantised result: ONNX's Add between QDQ pairs. */
typedef struct int8_add {
    const uint8_t *residual; /* laid out as the output, or NULL: nothing is added; may be the output
                                itself */
    size_t residual_ld;      /* bytes from row to row (pixel to pixel) */
    float own, other;        /* scales of both in units of the sum's */
    int32_t zero_r, zero, lo, hi; /* zero points 0 to 255; 0 <= lo <= hi <= 255 */
} int8_add;

typedef struct int8_post {
    const int32_t *bias;  /* [n] of the columns or channels: that of the layer less the input's zero
                             point times the sum of the weights */
    const float *scale;   /* [n] of input times weights, in units of the result's */
    int32_t zero, lo, hi; /* zero 0 to 255; 0 <= lo <= hi <= 255 */
    int8_add add;
} int8_post;

/*
 * C[m][n] = post(sum over k of A[m][k] * B[k][n]). B is packed by gemm_pack of the same table.
 * A's columns come in runs: A[i][p] is a[i * a_row + p / a_run * a_next + p % a_run]; a_run is k
 * for a plain matrix, else a divisor of k; all are at least 1. Where it is no multiple of 4, up to
 * 3 bytes behind each run's end are read (to the next multiple; they count for nothing).
 */
typedef struct int8_gemm {
    size_t m, n, k;
    const uint8_t *a;
    size_t a_row, a_run, a_next; /* bytes */
    const void *b;               /* packed for this a_run */
    uint8_t *c;                  /* [m] rows of n, c_row bytes apart; or NULL */
    float *f;                    /* where c is NULL: (float)s * scale, not quantised */
    size_t c_row;                /* elements of c or f from row to row */
    const int8_post *post;
} int8_gemm;

/* Depthwise. Beyond the map every pixel holds in_zero. */
typedef struct int8_dwconv {
    size_t in_h, in_w, out_h, out_w, c;
    size_t kh, kw, stride_h, stride_w, pad_top, pad_left;
    const uint8_t *in; /* [in_h][in_w] pixels of c bytes, in_ld apart */
    size_t in_ld;
    uint8_t in_zero;
    const void *weight; /* packed by dwconv_pack of the same table */
    uint8_t *out;       /* [out_h][out_w] pixels of c bytes, out_ld apart */
    size_t out_ld;
    const int8_post *post;
} int8_dwconv;

typedef struct int8_kernels {
    const char *name; /* "scalar", "avxvnni", "avx512vnni", "neon", "neondot", ... */
    size_t gemm_mr;   /* rows of the tile */
    /* Bytes that gemm_pack writes for B[k][n] whose rows come in runs of run. */
    size_t (*gemm_packed_size)(size_t k, size_t n, size_t run);
    /* b[p * b_row + j * b_col] is B[p][j]. packed is aligned to 64 bytes. */
    void (*gemm_pack)(void *packed, const int8_t *b, size_t b_row, size_t b_col, size_t k, size_t n,
                      size_t run);
    void (*gemm)(const int8_gemm *args);
    size_t (*dwconv_packed_size)(size_t kh, size_t kw, size_t c);
    void (*dwconv_pack)(void *packed, const int8_t *w, size_t kh, size_t kw,
                        size_t c); /* [kh][kw][c] */
    void (*dwconv)(const int8_dwconv *args);
    /* q = zero + round(clamp(x * inverse, -zero, 255 - zero)); NaN gives 0. */
    void (*quantise)(const float *x, float inverse, int32_t zero, uint8_t *q, size_t n);
    /* Three lines of n bytes, behind each other, to n pixels of three bytes. */
    void (*interleave3)(const uint8_t *lines, uint8_t *pixels, size_t n);
    /* As that of kernels.h; NULL: nobody has measured here. */
    uint64_t (*roof)(size_t rounds);
} int8_kernels;

/* The table of the best set that the CPU has and that is not above cap; static, never NULL. */
const int8_kernels *int8_kernels_get(pfld_isa cap);

#endif
