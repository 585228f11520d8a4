/* The table of the ONNX operators that we know. */
#include "net/ops.h"

#include <string.h>

enum { ANY = -1 };

/* Counts are the widest over opsets 7 to 22; which of the optional ones an operator takes in a
 * given opset is for shape inference to say. */
static const net_op_info table[NET_OP_COUNT] = {
    [NET_OP_NONE] = {"?", 0, ANY, 0, ANY},
    [NET_OP_ADD] = {"Add", 2, 2, 1, 1},
    [NET_OP_AVERAGE_POOL] = {"AveragePool", 1, 1, 1, 1},
    [NET_OP_BATCH_NORM] = {"BatchNormalization", 5, 5, 1, 5},
    [NET_OP_CAST] = {"Cast", 1, 1, 1, 1},
    [NET_OP_CEIL] = {"Ceil", 1, 1, 1, 1},
    [NET_OP_CLIP] = {"Clip", 1, 3, 1, 1},
    [NET_OP_CONCAT] = {"Concat", 1, ANY, 1, 1},
    [NET_OP_CONSTANT] = {"Constant", 0, 0, 1, 1},
    [NET_OP_CONSTANT_OF_SHAPE] = {"ConstantOfShape", 1, 1, 1, 1},
    [NET_OP_CONV] = {"Conv", 2, 3, 1, 1},
    [NET_OP_CONV_TRANSPOSE] = {"ConvTranspose", 2, 3, 1, 1},
    [NET_OP_DEQUANTIZE_LINEAR] = {"DequantizeLinear", 2, 3, 1, 1},
    [NET_OP_DIV] = {"Div", 2, 2, 1, 1},
    [NET_OP_DROPOUT] = {"Dropout", 1, 3, 1, 2},
    [NET_OP_ELU] = {"Elu", 1, 1, 1, 1},
    [NET_OP_EQUAL] = {"Equal", 2, 2, 1, 1},
    [NET_OP_ERF] = {"Erf", 1, 1, 1, 1},
    [NET_OP_EXP] = {"Exp", 1, 1, 1, 1},
    [NET_OP_EXPAND] = {"Expand", 2, 2, 1, 1},
    [NET_OP_FLATTEN] = {"Flatten", 1, 1, 1, 1},
    [NET_OP_FLOOR] = {"Floor", 1, 1, 1, 1},
    [NET_OP_GATHER] = {"Gather", 2, 2, 1, 1},
    [NET_OP_GEMM] = {"Gemm", 2, 3, 1, 1},
    [NET_OP_GLOBAL_AVERAGE_POOL] = {"GlobalAveragePool", 1, 1, 1, 1},
    [NET_OP_GLOBAL_MAX_POOL] = {"GlobalMaxPool", 1, 1, 1, 1},
    [NET_OP_HARD_SIGMOID] = {"HardSigmoid", 1, 1, 1, 1},
    [NET_OP_HARD_SWISH] = {"HardSwish", 1, 1, 1, 1},
    [NET_OP_IDENTITY] = {"Identity", 1, 1, 1, 1},
    [NET_OP_LEAKY_RELU] = {"LeakyRelu", 1, 1, 1, 1},
    [NET_OP_LOG] = {"Log", 1, 1, 1, 1},
    [NET_OP_MATMUL] = {"MatMul", 2, 2, 1, 1},
    [NET_OP_MAX] = {"Max", 1, ANY, 1, 1},
    [NET_OP_MAX_POOL] = {"MaxPool", 1, 1, 1, 2},
    [NET_OP_MIN] = {"Min", 1, ANY, 1, 1},
    [NET_OP_MUL] = {"Mul", 2, 2, 1, 1},
    [NET_OP_NEG] = {"Neg", 1, 1, 1, 1},
    [NET_OP_PAD] = {"Pad", 1, 4, 1, 1},
    [NET_OP_POW] = {"Pow", 2, 2, 1, 1},
    [NET_OP_PRELU] = {"PRelu", 2, 2, 1, 1},
    [NET_OP_QUANTIZE_LINEAR] = {"QuantizeLinear", 2, 3, 1, 1},
    [NET_OP_RANGE] = {"Range", 3, 3, 1, 1},
    [NET_OP_RECIPROCAL] = {"Reciprocal", 1, 1, 1, 1},
    [NET_OP_REDUCE_MAX] = {"ReduceMax", 1, 2, 1, 1},
    [NET_OP_REDUCE_MEAN] = {"ReduceMean", 1, 2, 1, 1},
    [NET_OP_REDUCE_SUM] = {"ReduceSum", 1, 2, 1, 1},
    [NET_OP_RELU] = {"Relu", 1, 1, 1, 1},
    [NET_OP_RESHAPE] = {"Reshape", 2, 2, 1, 1},
    [NET_OP_RESIZE] = {"Resize", 1, 4, 1, 1},
    [NET_OP_SHAPE] = {"Shape", 1, 1, 1, 1},
    [NET_OP_SIGMOID] = {"Sigmoid", 1, 1, 1, 1},
    [NET_OP_SLICE] = {"Slice", 1, 5, 1, 1},
    [NET_OP_SOFTMAX] = {"Softmax", 1, 1, 1, 1},
    [NET_OP_SOFTPLUS] = {"Softplus", 1, 1, 1, 1},
    [NET_OP_SPLIT] = {"Split", 1, 2, 1, ANY},
    [NET_OP_SQRT] = {"Sqrt", 1, 1, 1, 1},
    [NET_OP_SQUEEZE] = {"Squeeze", 1, 2, 1, 1},
    [NET_OP_SUB] = {"Sub", 2, 2, 1, 1},
    [NET_OP_TANH] = {"Tanh", 1, 1, 1, 1},
    [NET_OP_TILE] = {"Tile", 2, 2, 1, 1},
    [NET_OP_TRANSPOSE] = {"Transpose", 1, 1, 1, 1},
    [NET_OP_UNSQUEEZE] = {"Unsqueeze", 1, 2, 1, 1},
    [NET_OP_UPSAMPLE] = {"Upsample", 1, 2, 1, 1},
    [NET_OP_WHERE] = {"Where", 3, 3, 1, 1},
};

const net_op_info *net_op_get(net_op op)
{
    if ((unsigned)op >= NET_OP_COUNT)
        op = NET_OP_NONE;
    return &table[op];
}

net_op net_op_find(const char *name, unsigned long length)
{
    for (int i = NET_OP_NONE + 1; i < NET_OP_COUNT; i++)
        if (strlen(table[i].name) == length && memcmp(table[i].name, name, length) == 0)
            return (net_op)i;
    return NET_OP_NONE;
}
