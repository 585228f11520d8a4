/*
 * The inner loops that only training needs, as a table by instruction set, and the number type's
 * view of the shared ones. In doubles (-DTRAIN_DOUBLE) all of them are plain C.
 *
 * Contract of all, as in kernels/kernels.h: pointers need no alignment, nothing is touched outside
 * what the fields describe, each set repeats its own results to the bit. Feature maps are NHWC and
 * dense: a row is the C numbers of one pixel.
 */
#ifndef TRAIN_KERNELS_REAL_H
#define TRAIN_KERNELS_REAL_H

#include "kernels/kernels.h"
#include "train/real.h"

#ifdef TRAIN_DOUBLE /* the fields that training uses of the structs in kernels/kernels.h */
typedef struct real_post {
    const real *bias, *residual;
    size_t residual_ld;
    real lo, hi;
} real_post;

typedef struct real_gemm {
    size_t m, n, k;
    const real *a;
    size_t a_row, a_col;
    const real *b;
    real *c;
    size_t c_row;
    bool accumulate;
    const real_post *post;
} real_gemm;

typedef struct real_dwconv {
    size_t in_h, in_w, out_h, out_w, c;
    size_t kh, kw, stride_h, stride_w, pad_top, pad_left, dilation_h, dilation_w;
    const real *in;
    size_t in_ld;
    const real *weight;
    real *out;
    size_t out_ld;
    const real_post *post;
} real_dwconv;

typedef struct real_kernels {
    size_t (*gemm_packed_size)(size_t k, size_t n);
    void (*gemm_pack)(real *packed, const real *b, size_t b_row, size_t b_col, size_t k, size_t n);
    bool (*gemm_packs_itself)(size_t n);
    void (*gemm)(const real_gemm *args);
    void (*dwconv)(const real_dwconv *args);
} real_kernels;
#else
typedef kernel_post real_post;
typedef gemm_args real_gemm;
typedef dwconv_args real_dwconv;
typedef kernels real_kernels;
#endif

typedef enum train_act {
    TRAIN_LINEAR,
    TRAIN_RELU,
    TRAIN_PRELU,
    TRAIN_HARD_SWISH, /* z * min(max(z / 6 + 1/2, 0), 1) */
    TRAIN_ACTS
} train_act;

/* Work on rows of c channels, x, d and y being [rows][c]; the others are [c]. z is
 * scale * x + shift, to the bit the same in all kernels of a set. */
typedef struct train_rows {
    size_t rows, c;
    const real *x, *d;
    real *y; /* may be d, or x */
    const real *scale, *shift, *slope, *center;
    train_act act;
    double *sum[3]; /* added to */
} train_rows;

/* A moving window over a map or some rows of it. */
typedef struct train_window {
    size_t in_h, in_w, out_h, out_w, c;
    size_t kh, kw, stride_h, stride_w;
    size_t pad_top, pad_left;
} train_window;

typedef struct train_depthwise {
    train_window win;
    const real *x;      /* [in_h][in_w][c] */
    const real *weight; /* [kh][kw][c] */
    const real *g;      /* [out_h][out_w][c] the gradient of the output */
    real *y;            /* what is made */
    bool accumulate;    /* depthwise_input: add to y */
} train_depthwise;

typedef struct train_patches {
    train_window win;
    size_t first, count; /* outputs of the map, counted row by row */
    real *map;           /* [in_h][in_w][c] */
    real *patches;       /* [count][kh][kw][c] */
} train_patches;

typedef struct train_kernels {
    pfld_isa isa;
    /* y = act(z) (+ d where it is given); slope only for PRelu. */
    void (*value)(const train_rows *r);
    /* sum[0] += x - center, sum[1] += (x - center)^2, over the rows. */
    void (*moments)(const train_rows *r);
    /* y = d * act'(z); sum[0] += y, sum[1] += y * (x - center), and for PRelu sum[2] += d * z where
     * z < 0. Without an activation y is left alone: it would be d. */
    void (*mask)(const train_rows *r);
    /* y = scale * d + shift * x + center. */
    void (*blend)(const train_rows *r);
    /* y[i] += x[i] */
    void (*add)(real *y, const real *x, size_t n);
    /* Asks for x [n] to come into the cache. */
    void (*fetch)(const real *x, size_t n);

    /* y[kh][kw][c] += the gradient of the weights. */
    void (*depthwise_weight)(const train_depthwise *d);
    /* y[in_h][in_w][c] = the gradient of x. */
    void (*depthwise_input)(const train_depthwise *d);

    /* From the map to the patches under the window, zeros beside the map. */
    void (*gather)(const train_patches *p);
    /* Back: adds the patches to the map. */
    void (*scatter)(const train_patches *p);
} train_kernels;

/* The best sets that the CPU has and that are not above cap. */
const train_kernels *train_kernels_get(pfld_isa cap);
const real_kernels *real_kernels_get(pfld_isa cap);

#endif
