/* What a node really does: attributes, opset differences and constant inputs, all resolved. */
#ifndef NET_OP_PARAMS_H
#define NET_OP_PARAMS_H

#include "net/graph.h"

/*
 * Rules of all net_*_get(): the node's inputs have closed shapes (net_infer_shapes() has come that
 * far); axes are counted from the outermost, never negative; what the operator's rule forbids is
 * PFLD_ERR_FORMAT, what is sound but not done here (3-D windows, parameters that only the run
 * knows) PFLD_ERR_UNSUPPORTED, both naming the node; *p is written on success only.
 */

/* "node 'conv3' (Conv)": how every message names a node; returns buf. */
char *net_node_text(const net_graph *g, const net_node *node, char *buf, size_t size);

/* Conv and ConvTranspose over [N][C][H][W]; pairs are height, width. */
typedef struct net_conv_params {
    size_t groups;
    size_t kernel[2], stride[2], dilation[2]; /* all >= 1 */
    size_t pad[4];     /* top, left, bottom, right: auto_pad and output_shape resolved */
    size_t out_pad[2]; /* ConvTranspose only, else 0 */
} net_conv_params;
pfld_status net_conv_get(const net_graph *g, const net_node *node, net_conv_params *p,
                         pfld_error *err);

/* MaxPool, AveragePool and the global ones (then the kernel is the whole map). */
typedef struct net_pool_params {
    size_t kernel[2], stride[2], dilation[2];
    size_t pad[4];  /* top, left, bottom, right: auto_pad resolved. With ceil_mode the last window
                       may reach beyond these: what lies there is never counted */
    size_t out[2];  /* height and width of the output, ceil_mode resolved */
    bool count_pad; /* a mean divides by the window's part of the padded map, else by the part
                       inside the map */
    bool mean;
} net_pool_params;
pfld_status net_pool_get(const net_graph *g, const net_node *node, net_pool_params *p,
                         pfld_error *err);

typedef struct net_clip_params {
    float lo, hi; /* -INFINITY, INFINITY where there is no bound */
} net_clip_params;
/* Clip of either form, and Relu. */
pfld_status net_clip_get(const net_graph *g, const net_node *node, net_clip_params *p,
                         pfld_error *err);

/* The numbers of LeakyRelu, Elu (alpha) and HardSigmoid (alpha, beta), with ONNX's defaults. */
typedef struct net_unary_params {
    float alpha, beta;
} net_unary_params;
net_unary_params net_unary_get(const net_node *node);

typedef struct net_slice_params { /* of every axis of the input, those not named included */
    size_t rank;
    int64_t start[NET_MAX_RANK], step[NET_MAX_RANK]; /* output i reads input start + i * step,
                                                        always inside; step is never 0 */
    int64_t count[NET_MAX_RANK];                     /* of the output; may be 0 */
} net_slice_params;
pfld_status net_slice_get(const net_graph *g, const net_node *node, net_slice_params *p,
                          pfld_error *err);

typedef enum net_pad_mode {
    NET_PAD_CONSTANT,
    NET_PAD_REFLECT,
    NET_PAD_EDGE,
    NET_PAD_WRAP
} net_pad_mode;
typedef struct net_pad_params {
    net_pad_mode mode;
    size_t rank;
    int64_t before[NET_MAX_RANK], after[NET_MAX_RANK]; /* negative: cuts off */
    double value;                                      /* NET_PAD_CONSTANT */
} net_pad_params;
pfld_status net_pad_get(const net_graph *g, const net_node *node, net_pad_params *p,
                        pfld_error *err);

typedef enum net_resize_mode {
    NET_RESIZE_NEAREST,
    NET_RESIZE_LINEAR,
    NET_RESIZE_CUBIC
} net_resize_mode;
typedef enum net_resize_coord { /* input x of output i, at scale s = output / input length */
                                NET_COORD_HALF_PIXEL,         /* (i + 0.5) / s - 0.5 */
                                NET_COORD_PYTORCH_HALF_PIXEL, /* the same; 0 where the output's
                                                                 length is 1 */
                                NET_COORD_ALIGN_CORNERS, /* i * (in - 1) / (out - 1); 0 where out is
                                                            1 */
                                NET_COORD_ASYMMETRIC,    /* i / s */
                                NET_COORD_HALF_PIXEL_SYMMETRIC, /* (i + 0.5) / s - 0.5, centred: in
                                                                   / 2 * (1 - out / (s * in)) is
                                                                   added */
} net_resize_coord;
typedef enum net_resize_round {                         /* which pixel is nearest to x */
                                NET_ROUND_PREFER_FLOOR, /* ceil(x - 0.5) */
                                NET_ROUND_PREFER_CEIL,  /* floor(x + 0.5) */
                                NET_ROUND_FLOOR,
                                NET_ROUND_CEIL,
} net_resize_round;
typedef struct net_resize_params { /* Resize and Upsample */
    net_resize_mode mode;
    net_resize_coord coord;
    net_resize_round round; /* NET_RESIZE_NEAREST */
    double cubic_a;         /* NET_RESIZE_CUBIC */
    bool exclude_outside;
    size_t rank;
    double scale[NET_MAX_RANK]; /* as given, or output / input length where sizes were given */
    int64_t out[NET_MAX_RANK];  /* the output's dimensions */
} net_resize_params;
pfld_status net_resize_get(const net_graph *g, const net_node *node, net_resize_params *p,
                           pfld_error *err);

typedef struct net_gemm_params { /* Y = alpha * A' * B' + beta * C */
    bool trans_a, trans_b;
    float alpha, beta;
    size_t m, n, k; /* A' is m by k, B' k by n */
} net_gemm_params;
pfld_status net_gemm_get(const net_graph *g, const net_node *node, net_gemm_params *p,
                         pfld_error *err);

typedef struct net_reduce_params {
    uint32_t axes; /* bit i: axis i is reduced; 0: nothing is, the output is the input */
    bool keep;     /* reduced axes stay with length 1 */
} net_reduce_params;
pfld_status net_reduce_get(const net_graph *g, const net_node *node, net_reduce_params *p,
                           pfld_error *err);

typedef struct net_softmax_params {
    size_t axis;
    bool flattened; /* opset < 13: the sum runs over axis and all behind it together; false where
                       that makes no difference */
} net_softmax_params;
pfld_status net_softmax_get(const net_graph *g, const net_node *node, net_softmax_params *p,
                            pfld_error *err);

typedef struct net_transpose_params {
    size_t rank;
    size_t perm[NET_MAX_RANK]; /* output axis i is input axis perm[i] */
} net_transpose_params;
pfld_status net_transpose_get(const net_graph *g, const net_node *node, net_transpose_params *p,
                              pfld_error *err);

/* Of Concat, Gather, Flatten (0..rank there); of nodes with another operator it is an assert. */
pfld_status net_axis_get(const net_graph *g, const net_node *node, size_t *axis, pfld_error *err);

#define NET_MAX_SPLIT 64
typedef struct net_split_params {
    size_t axis, n;
    int64_t size[NET_MAX_SPLIT]; /* [n], along axis */
} net_split_params;
pfld_status net_split_get(const net_graph *g, const net_node *node, net_split_params *p,
                          pfld_error *err);

typedef struct net_batch_norm_params { /* y = (x - mean) / sqrt(var + epsilon) * scale + bias */
    size_t channels;                   /* axis 1 of the input; 1 where that has rank 1 */
    const float *scale, *bias, *mean, *var; /* [channels] */
    double epsilon;
} net_batch_norm_params;
pfld_status net_batch_norm_get(const net_graph *g, const net_node *node, net_batch_norm_params *p,
                               pfld_error *err);

typedef struct net_quant_params { /* QuantizeLinear and DequantizeLinear */
    bool per_axis;                /* false: one scale for all */
    size_t axis, count;           /* of scales; count is 1 where there is one for all */
    const float *scale;           /* [count] */
    const net_tensor *zero;       /* [count] of the quantised dtype, or NULL: 0 */
    net_dtype dtype;              /* of the quantised side: u8, i8 or (dequantised only) i32 */
} net_quant_params;
pfld_status net_quant_get(const net_graph *g, const net_node *node, net_quant_params *p,
                          pfld_error *err);

#endif
