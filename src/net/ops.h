/* The ONNX operators that we know, by name and number. */
#ifndef NET_OPS_H
#define NET_OPS_H

typedef enum net_op {
    NET_OP_NONE, /* not known */
    NET_OP_ADD,
    NET_OP_AVERAGE_POOL,
    NET_OP_BATCH_NORM,
    NET_OP_CAST,
    NET_OP_CEIL,
    NET_OP_CLIP,
    NET_OP_CONCAT,
    NET_OP_CONSTANT,
    NET_OP_CONSTANT_OF_SHAPE,
    NET_OP_CONV,
    NET_OP_CONV_TRANSPOSE,
    NET_OP_DEQUANTIZE_LINEAR,
    NET_OP_DIV,
    NET_OP_DROPOUT,
    NET_OP_ELU,
    NET_OP_EQUAL,
    NET_OP_ERF,
    NET_OP_EXP,
    NET_OP_EXPAND,
    NET_OP_FLATTEN,
    NET_OP_FLOOR,
    NET_OP_GATHER,
    NET_OP_GEMM,
    NET_OP_GLOBAL_AVERAGE_POOL,
    NET_OP_GLOBAL_MAX_POOL,
    NET_OP_HARD_SIGMOID,
    NET_OP_HARD_SWISH,
    NET_OP_IDENTITY,
    NET_OP_LEAKY_RELU,
    NET_OP_LOG,
    NET_OP_MATMUL,
    NET_OP_MAX,
    NET_OP_MAX_POOL,
    NET_OP_MIN,
    NET_OP_MUL,
    NET_OP_NEG,
    NET_OP_PAD,
    NET_OP_POW,
    NET_OP_PRELU,
    NET_OP_QUANTIZE_LINEAR,
    NET_OP_RANGE,
    NET_OP_RECIPROCAL,
    NET_OP_REDUCE_MAX,
    NET_OP_REDUCE_MEAN,
    NET_OP_REDUCE_SUM,
    NET_OP_RELU,
    NET_OP_RESHAPE,
    NET_OP_RESIZE,
    NET_OP_SHAPE,
    NET_OP_SIGMOID,
    NET_OP_SLICE,
    NET_OP_SOFTMAX,
    NET_OP_SOFTPLUS,
    NET_OP_SPLIT,
    NET_OP_SQRT,
    NET_OP_SQUEEZE,
    NET_OP_SUB,
    NET_OP_TANH,
    NET_OP_TILE,
    NET_OP_TRANSPOSE,
    NET_OP_UNSQUEEZE,
    NET_OP_UPSAMPLE,
    NET_OP_WHERE,
    NET_OP_COUNT
} net_op;

typedef struct net_op_info {
    const char *name;   /* as ONNX spells it */
    int min_in, max_in; /* -1: any number */
    int min_out, max_out;
} net_op_info;

/* Never NULL; the entry of NET_OP_NONE has the name "?". */
const net_op_info *net_op_get(net_op op);
/* NET_OP_NONE where the name is unknown. */
net_op net_op_find(const char *name, unsigned long length);

#endif
