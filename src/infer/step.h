/* One compiled step: what to run, on which views, and the numbers its operator needs. */
#ifndef INFER_STEP_H
#define INFER_STEP_H

#include "infer/pixels.h"
#include "infer/view.h"
#include "kernels/int8.h"
#include "kernels/kernels.h"

enum { STEP_IN = 3 }; /* operands; what they are is said beside each run function */

typedef struct step_conv { /* through gemm; see conv.c */
    size_t groups, kernel[2], stride[2], dilation[2], pad[4];
    size_t rows; /* output pixels gathered at a time; 0: nothing is gathered */
    size_t band; /* output lines whose padded input lines are copied at a time; 0: none are,
                    the map itself is the matrix or is gathered */
    const pixel_range *pixels; /* of bands: the map is a picture; NULL: floats */
    const float *packed;       /* [groups] matrices, packed_size floats apart */
    size_t packed_size;
} step_conv;

typedef struct step_eltwise {
    int kind; /* unary_kind or binary_kind */
    float alpha, beta;
    infer_loop loop;
} step_eltwise;

typedef struct step_gemm {
    size_t m, n, k;
    size_t batch_rank, batch[NET_MAX_RANK]; /* matrices behind each other in all three operands */
    const float *packed; /* B where it is constant, else NULL: packed in scratch */
} step_gemm;

typedef struct step_resize {
    size_t taps[2];          /* input lines (columns) that each output line (column) is made of */
    const int32_t *index[2]; /* [out][taps] */
    const float *weight[2];  /* [out][taps] */
} step_resize;

typedef enum reduce_kind { REDUCE_MEAN, REDUCE_SUM, REDUCE_MAX } reduce_kind;

typedef struct step_reduce { /* axes that are summed over, and those that stay */
    reduce_kind kind;
    infer_view reduced; /* dims and strides of the input's reduced axes */
    infer_loop loop;    /* over the output and the input's other axes */
} step_reduce;

typedef struct step_softmax {
    size_t n; /* elements that sum to 1 */
    ptrdiff_t in_step, out_step;
    infer_loop loop; /* over all other axes */
} step_softmax;

typedef struct step_quant {
    const float *scale, *zero; /* [count] */
    float lo, hi;              /* of the integer type */
    bool quantise;
    infer_loop loop; /* output, input, and a view of 0, 1, ... count - 1 */
} step_quant;

typedef struct step_int8 { /* on bytes; see int8.c */
    const int8_kernels *k;
    int8_gemm gemm;
    int8_dwconv dwconv;
    int8_post post;
    step_conv window;  /* of a convolution that is copied by bands */
    size_t n, h, w, c; /* the input, in bytes */
    size_t out_h, out_w;
    int32_t zero;              /* of the input */
    float scale;               /* quantise, dequantise */
    bool as_floats;            /* the result is not quantised */
    const uint8_t *levels;     /* [256][c] */
    const pixel_range *pixels; /* of a picture */
} step_int8;

typedef struct step_pad {
    int mode; /* net_pad_mode */
    int64_t before[NET_MAX_RANK];
} step_pad;

typedef struct step step;
typedef void step_run(const step *s, const kernels *k);

struct step {
    step_run *run;
    const char *name, *op; /* of the graph's node; owned by the graph */
    uint64_t macs;
    bool int8;                            /* of bytes */
    infer_view in[STEP_IN], out, scratch; /* buf < 0: not used */
    kernel_post post;
    union {
        step_conv conv;
        dwconv_args dwconv;
        pool_args pool;
        step_eltwise eltwise;
        step_gemm gemm;
        step_resize resize;
        step_reduce reduce;
        step_softmax softmax;
        step_quant quant;
        step_pad pad;
        step_int8 int8;
        infer_loop copy;
        float fill;
    } u;
};

/* What of a line the windows of all output columns see: as if the map were so wide. */
static inline size_t step_conv_width(const step_conv *v, size_t out_w)
{
    return (out_w - 1) * v->stride[1] + v->kernel[1];
}

/* The lines that n output lines see, pads among them. */
static inline size_t step_conv_lines(const step_conv *v, size_t n)
{
    return (n - 1) * v->stride[0] + (v->kernel[0] - 1) * v->dilation[0] + 1;
}

/* Where a view's first element lies; NULL where the view is not used. */
static inline float *step_data(const infer_view *v)
{
    return v->buf < 0 ? NULL : v->p + v->offset;
}

#endif
