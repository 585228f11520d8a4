/* Each operator's rule: from the inputs' shapes and kinds to the outputs'. */
#include "net/rules.h"

#include <inttypes.h>
#include <math.h>

#include "net/broadcast.h"
#include "net/rules_fn.h"
#include "net/shape.h"
#include "net/tensor.h"

/* What the inputs have in common. */
typedef enum kinds {
    KINDS_FREE,
    KINDS_SAME,  /* all of one kind */
    KINDS_FLOAT, /* all float */
} kinds;

static pfld_status rule_same(const net_at *at, net_result *out)
{
    (void)at;
    (void)out;
    return PFLD_OK;
}

static pfld_status rule_broadcast(const net_at *at, net_result *out)
{
    for (size_t i = 1; i < at->node->n_in; i++) {
        const net_value *b = net_in(at, i);
        char have[64], meet[64];
        if (!b)
            return net_fail(at, PFLD_ERR_FORMAT, "its input %zu is missing", i);
        if (!net_broadcast(&out->shape[0], &b->shape, &out->shape[0]))
            return net_fail(at, PFLD_ERR_FORMAT, "shapes %s and %s do not go together",
                            net_shape_text(&out->shape[0], have, sizeof have),
                            net_shape_text(&b->shape, meet, sizeof meet));
    }
    return PFLD_OK;
}

static pfld_status rule_equal(const net_at *at, net_result *out)
{
    out->dtype[0] = NET_BOOL;
    return rule_broadcast(at, out);
}

static pfld_status rule_where(const net_at *at, net_result *out)
{
    const net_value *yes = net_in(at, 1), *no = net_in(at, 2);
    if (net_in(at, 0)->dtype != NET_BOOL || yes->dtype != no->dtype)
        return net_fail(at, PFLD_ERR_FORMAT, "its inputs are of the wrong kinds");
    out->dtype[0] = yes->dtype;
    return rule_broadcast(at, out);
}

static pfld_status rule_prelu(const net_at *at, net_result *out)
{
    char slope[64];
    const net_shape *s = net_in_shape(at, 1);
    if (!net_broadcasts_to(s, &out->shape[0]))
        return net_fail(at, PFLD_ERR_FORMAT, "its slope %s does not go with its input",
                        net_shape_text(s, slope, sizeof slope));
    return PFLD_OK;
}

static pfld_status rule_conv(const net_at *at, net_result *out)
{
    net_conv_params p;
    pfld_status status = net_conv_get(at->g, at->node, &p, at->err);
    if (status != PFLD_OK)
        return status;
    bool transposed = at->node->op == NET_OP_CONV_TRANSPOSE;
    const net_shape *w = net_in_shape(at, 1);
    net_shape *y = &out->shape[0];
    y->dim[1] = transposed ? w->dim[1] * (int64_t)p.groups : w->dim[0];
    for (size_t a = 0; a < 2; a++) {
        int64_t extent = (int64_t)(p.dilation[a] * (p.kernel[a] - 1) + 1);
        int64_t pads = (int64_t)(p.pad[a] + p.pad[2 + a]), stride = (int64_t)p.stride[a];
        y->dim[2 + a] = transposed
                            ? stride * (y->dim[2 + a] - 1) + extent - pads + (int64_t)p.out_pad[a]
                            : (y->dim[2 + a] + pads - extent) / stride + 1;
    }
    return PFLD_OK;
}

static pfld_status rule_pool(const net_at *at, net_result *out)
{
    net_pool_params p;
    pfld_status status = net_pool_get(at->g, at->node, &p, at->err);
    if (status != PFLD_OK)
        return status;
    for (size_t a = 0; a < 2; a++)
        out->shape[0].dim[2 + a] = (int64_t)p.out[a];
    return PFLD_OK;
}

static pfld_status rule_batch_norm(const net_at *at, net_result *out)
{
    net_batch_norm_params p;
    (void)out;
    return net_batch_norm_get(at->g, at->node, &p, at->err);
}

static pfld_status rule_gemm(const net_at *at, net_result *out)
{
    net_gemm_params p;
    pfld_status status = net_gemm_get(at->g, at->node, &p, at->err);
    if (status == PFLD_OK)
        out->shape[0] = (net_shape){.rank = 2, .dim = {(int64_t)p.m, (int64_t)p.n}};
    return status;
}

/* The axes before the matrix. */
static net_shape batch_of(const net_shape *s)
{
    net_shape batch = *s;
    batch.rank = s->rank > 2 ? s->rank - 2 : 0;
    return batch;
}

static pfld_status rule_matmul(const net_at *at, net_result *out)
{
    const net_shape *a = net_in_shape(at, 0), *b = net_in_shape(at, 1);
    if (a->rank == 0 || b->rank == 0)
        return net_fail(at, PFLD_ERR_FORMAT, "a scalar is no matrix");
    int64_t a_columns = a->dim[a->rank - 1], b_rows = b->dim[b->rank > 1 ? b->rank - 2 : 0];
    if (a_columns != b_rows)
        return net_fail(at, PFLD_ERR_FORMAT,
                        "a matrix of %" PRId64 " columns meets one of %" PRId64 " rows", a_columns,
                        b_rows);
    net_shape batch_a = batch_of(a), batch_b = batch_of(b), *y = &out->shape[0];
    if (!net_broadcast(&batch_a, &batch_b, y))
        return net_fail(at, PFLD_ERR_FORMAT, "its stacks of matrices do not go together");
    if (a->rank > 1)
        y->dim[y->rank++] = a->dim[a->rank - 2];
    if (b->rank > 1)
        y->dim[y->rank++] = b->dim[b->rank - 1];
    return PFLD_OK;
}

static pfld_status rule_softmax(const net_at *at, net_result *out)
{
    net_softmax_params p;
    (void)out;
    return net_softmax_get(at->g, at->node, &p, at->err);
}

static pfld_status rule_clip(const net_at *at, net_result *out)
{
    net_clip_params p;
    (void)out;
    return net_clip_get(at->g, at->node, &p, at->err);
}

static pfld_status rule_dropout(const net_at *at, net_result *out)
{
    const net_value *training = at->g->opset >= 12 ? net_in(at, 2) : NULL;
    if (training && (!training->constant || training->constant->count != 1 ||
                     net_tensor_int(training->constant, 0)))
        return net_fail(at, PFLD_ERR_UNSUPPORTED, "it is in training mode");
    out->n = at->node->n_out;
    out->shape[1] = out->shape[0];
    out->dtype[1] = NET_BOOL;
    return PFLD_OK;
}

static pfld_status rule_reduce(const net_at *at, net_result *out)
{
    net_reduce_params p;
    pfld_status status = net_reduce_get(at->g, at->node, &p, at->err);
    if (status != PFLD_OK)
        return status;
    net_shape x = out->shape[0], *y = &out->shape[0];
    y->rank = 0;
    for (int32_t i = 0; i < x.rank; i++)
        if (!(p.axes & 1u << i))
            y->dim[y->rank++] = x.dim[i];
        else if (p.keep)
            y->dim[y->rank++] = 1;
    return PFLD_OK;
}

static pfld_status rule_constant(const net_at *at, net_result *out)
{
    const net_attr *a = at->node->n_attr == 1 ? &at->node->attr[0] : NULL;
    net_shape list = {.rank = 1, .dim = {a ? (int64_t)a->n : 0}};
    if (!a || a->kind == NET_ATTR_STRING)
        return net_fail(at, PFLD_ERR_UNSUPPORTED, "its value is of a kind that is not done here");
    bool real = a->kind == NET_ATTR_FLOAT || a->kind == NET_ATTR_FLOATS;
    bool many = a->kind == NET_ATTR_INTS || a->kind == NET_ATTR_FLOATS;
    out->dtype[0] = a->kind == NET_ATTR_TENSOR ? a->tensor->dtype : real ? NET_F32 : NET_I64;
    out->shape[0] = a->kind == NET_ATTR_TENSOR ? a->tensor->shape : many ? list : (net_shape){0};
    return PFLD_OK;
}

/* How many steps from start to before limit. */
static uint64_t range_count(int64_t start, int64_t limit, int64_t delta)
{
    bool up = delta > 0;
    if (up ? limit <= start : limit >= start)
        return 0;
    uint64_t way = up ? (uint64_t)limit - (uint64_t)start : (uint64_t)start - (uint64_t)limit;
    uint64_t step = up ? (uint64_t)delta : 0 - (uint64_t)delta;
    return (way - 1) / step + 1;
}

static pfld_status rule_range(const net_at *at, net_result *out)
{
    const net_tensor *t[3];
    double count;
    for (size_t i = 0; i < 3; i++) {
        pfld_status status = net_constant_input(at, i, &t[i]);
        if (status != PFLD_OK)
            return status;
        if (t[i]->count != 1)
            return net_fail(at, PFLD_ERR_FORMAT, "its input %zu is not one number", i);
    }
    if (net_tensor_number(t[2], 0) == 0.0)
        return net_fail(at, PFLD_ERR_FORMAT, "its step is 0");
    if (out->dtype[0] == NET_F32)
        count = ceil((net_tensor_number(t[1], 0) - net_tensor_number(t[0], 0)) /
                     net_tensor_number(t[2], 0));
    else
        count = (double)range_count(net_tensor_int(t[0], 0), net_tensor_int(t[1], 0),
                                    net_tensor_int(t[2], 0));
    if (!(count <= (double)NET_MAX_ELEMENTS))
        return net_fail(at, PFLD_ERR_UNSUPPORTED, "it counts %g numbers", count);
    out->shape[0] = (net_shape){.rank = 1, .dim = {count > 0 ? (int64_t)count : 0}};
    return PFLD_OK;
}

static pfld_status rule_cast(const net_at *at, net_result *out)
{
    int64_t to = net_attr_int(at->node, "to", 0);
    if (to == NET_F16 || to == NET_F64)
        to = NET_F32; /* as everywhere: wider and narrower floats are read as f32 */
    if (to != NET_F32 && to != NET_U8 && to != NET_I8 && to != NET_I32 && to != NET_I64 &&
        to != NET_BOOL)
        return net_fail(at, PFLD_ERR_UNSUPPORTED, "it casts to ONNX kind %" PRId64, to);
    out->dtype[0] = (net_dtype)to;
    return PFLD_OK;
}

static pfld_status rule_quant(const net_at *at, net_result *out)
{
    net_quant_params p;
    bool to = at->node->op == NET_OP_QUANTIZE_LINEAR;
    pfld_status status = net_quant_get(at->g, at->node, &p, at->err);
    if (status != PFLD_OK)
        return status;
    if (to && net_in(at, 0)->dtype != NET_F32)
        return net_fail(at, PFLD_ERR_FORMAT, "it quantises what is not float");
    out->dtype[0] = to ? p.dtype : NET_F32;
    return PFLD_OK;
}

static pfld_status rule_resize(const net_at *at, net_result *out)
{
    net_resize_params p;
    pfld_status status = net_resize_get(at->g, at->node, &p, at->err);
    if (status != PFLD_OK)
        return status;
    for (size_t i = 0; i < p.rank; i++)
        out->shape[0].dim[i] = p.out[i];
    return PFLD_OK;
}

static const struct {
    net_rule_fn *fn;
    kinds in;
} rules[NET_OP_COUNT] = {
    [NET_OP_ADD] = {rule_broadcast, KINDS_SAME},
    [NET_OP_AVERAGE_POOL] = {rule_pool, KINDS_FLOAT},
    [NET_OP_BATCH_NORM] = {rule_batch_norm, KINDS_FLOAT},
    [NET_OP_CAST] = {rule_cast, KINDS_FREE},
    [NET_OP_CEIL] = {rule_same, KINDS_FLOAT},
    [NET_OP_CLIP] = {rule_clip, KINDS_SAME},
    [NET_OP_CONCAT] = {net_rule_concat, KINDS_SAME},
    [NET_OP_CONSTANT] = {rule_constant, KINDS_FREE},
    [NET_OP_CONSTANT_OF_SHAPE] = {net_rule_constant_of_shape, KINDS_FREE},
    [NET_OP_CONV] = {rule_conv, KINDS_FLOAT},
    [NET_OP_CONV_TRANSPOSE] = {rule_conv, KINDS_FLOAT},
    [NET_OP_DEQUANTIZE_LINEAR] = {rule_quant, KINDS_FREE},
    [NET_OP_DIV] = {rule_broadcast, KINDS_SAME},
    [NET_OP_DROPOUT] = {rule_dropout, KINDS_FREE},
    [NET_OP_ELU] = {rule_same, KINDS_FLOAT},
    [NET_OP_EQUAL] = {rule_equal, KINDS_SAME},
    [NET_OP_ERF] = {rule_same, KINDS_FLOAT},
    [NET_OP_EXP] = {rule_same, KINDS_FLOAT},
    [NET_OP_EXPAND] = {net_rule_expand, KINDS_FREE},
    [NET_OP_FLATTEN] = {net_rule_flatten, KINDS_FREE},
    [NET_OP_FLOOR] = {rule_same, KINDS_FLOAT},
    [NET_OP_GATHER] = {net_rule_gather, KINDS_FREE},
    [NET_OP_GEMM] = {rule_gemm, KINDS_FLOAT},
    [NET_OP_GLOBAL_AVERAGE_POOL] = {rule_pool, KINDS_FLOAT},
    [NET_OP_GLOBAL_MAX_POOL] = {rule_pool, KINDS_FLOAT},
    [NET_OP_HARD_SIGMOID] = {rule_same, KINDS_FLOAT},
    [NET_OP_HARD_SWISH] = {rule_same, KINDS_FLOAT},
    [NET_OP_IDENTITY] = {rule_same, KINDS_FREE},
    [NET_OP_LEAKY_RELU] = {rule_same, KINDS_FLOAT},
    [NET_OP_LOG] = {rule_same, KINDS_FLOAT},
    [NET_OP_MATMUL] = {rule_matmul, KINDS_SAME},
    [NET_OP_MAX] = {rule_broadcast, KINDS_SAME},
    [NET_OP_MAX_POOL] = {rule_pool, KINDS_SAME},
    [NET_OP_MIN] = {rule_broadcast, KINDS_SAME},
    [NET_OP_MUL] = {rule_broadcast, KINDS_SAME},
    [NET_OP_NEG] = {rule_same, KINDS_FREE},
    [NET_OP_PAD] = {net_rule_pad, KINDS_FREE},
    [NET_OP_POW] = {rule_broadcast, KINDS_FREE},
    [NET_OP_PRELU] = {rule_prelu, KINDS_SAME},
    [NET_OP_QUANTIZE_LINEAR] = {rule_quant, KINDS_FREE},
    [NET_OP_RANGE] = {rule_range, KINDS_SAME},
    [NET_OP_RECIPROCAL] = {rule_same, KINDS_FLOAT},
    [NET_OP_REDUCE_MAX] = {rule_reduce, KINDS_FREE},
    [NET_OP_REDUCE_MEAN] = {rule_reduce, KINDS_FREE},
    [NET_OP_REDUCE_SUM] = {rule_reduce, KINDS_FREE},
    [NET_OP_RELU] = {rule_same, KINDS_FREE},
    [NET_OP_RESHAPE] = {net_rule_reshape, KINDS_FREE},
    [NET_OP_RESIZE] = {rule_resize, KINDS_FREE},
    [NET_OP_SHAPE] = {net_rule_shape, KINDS_FREE},
    [NET_OP_SIGMOID] = {rule_same, KINDS_FLOAT},
    [NET_OP_SLICE] = {net_rule_slice, KINDS_FREE},
    [NET_OP_SOFTMAX] = {rule_softmax, KINDS_FLOAT},
    [NET_OP_SOFTPLUS] = {rule_same, KINDS_FLOAT},
    [NET_OP_SPLIT] = {net_rule_split, KINDS_FREE},
    [NET_OP_SQRT] = {rule_same, KINDS_FLOAT},
    [NET_OP_SQUEEZE] = {net_rule_squeeze, KINDS_FREE},
    [NET_OP_SUB] = {rule_broadcast, KINDS_SAME},
    [NET_OP_TANH] = {rule_same, KINDS_FLOAT},
    [NET_OP_TILE] = {net_rule_tile, KINDS_FREE},
    [NET_OP_TRANSPOSE] = {net_rule_transpose, KINDS_FREE},
    [NET_OP_UNSQUEEZE] = {net_rule_unsqueeze, KINDS_FREE},
    [NET_OP_UPSAMPLE] = {rule_resize, KINDS_FREE},
    [NET_OP_WHERE] = {rule_where, KINDS_FREE},
};

static pfld_status check_kinds(const net_at *at, kinds want)
{
    const net_value *first = net_in(at, 0);
    for (size_t i = 0; want != KINDS_FREE && i < at->node->n_in; i++) {
        const net_value *value = net_in(at, i);
        if (!value)
            continue;
        if (want == KINDS_FLOAT && value->dtype != NET_F32)
            return net_fail(at, PFLD_ERR_FORMAT, "its input %zu is not of kind float", i);
        if (value->dtype != first->dtype)
            return net_fail(at, PFLD_ERR_FORMAT, "its inputs 0 and %zu are of different kinds", i);
    }
    return PFLD_OK;
}

pfld_status net_rule_apply(const net_graph *g, const net_node *node, net_result *out,
                           pfld_error *err)
{
    net_at at = {g, node, err};
    if (!rules[node->op].fn)
        return net_fail(&at, PFLD_ERR_UNSUPPORTED, "this operator is not done here");
    const net_value *first = net_in(&at, 0);
    out->n = 1;
    out->shape[0] = first ? first->shape : (net_shape){0};
    out->dtype[0] = first ? first->dtype : NET_F32;
    pfld_status status = check_kinds(&at, rules[node->op].in);
    return status == PFLD_OK ? rules[node->op].fn(&at, out) : status;
}
