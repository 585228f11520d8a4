/* Parameters of the operators without windows: attributes, opsets, constant inputs resolved. */
#include "net/op_params.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "net/op_input.h"
#include "net/shape.h"

#define DIM_LIMIT ((int64_t)NET_MAX_ELEMENTS)

pfld_status net_clip_get(const net_graph *g, const net_node *node, net_clip_params *p,
                         pfld_error *err)
{
    net_at at = {g, node, err};
    double lo = -(double)INFINITY, hi = (double)INFINITY;
    pfld_status status;
    if (node->op == NET_OP_RELU) {
        lo = 0;
    } else if (g->opset < 11) {
        lo = (double)net_attr_float(node, "min", -INFINITY);
        hi = (double)net_attr_float(node, "max", INFINITY);
    } else if ((status = net_number_input(&at, 1, &lo)) != PFLD_OK ||
               (status = net_number_input(&at, 2, &hi)) != PFLD_OK) {
        return status;
    }
    *p = (net_clip_params){(float)lo, (float)hi};
    return PFLD_OK;
}

net_unary_params net_unary_get(const net_node *node)
{
    float alpha = node->op == NET_OP_LEAKY_RELU     ? 0.01f
                  : node->op == NET_OP_HARD_SIGMOID ? 0.2f
                                                    : 1.0f;
    return (net_unary_params){net_attr_float(node, "alpha", alpha),
                              net_attr_float(node, "beta", 0.5f)};
}

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* An index that may count from the end, as one from the start; below it all: -1. */
static int64_t from_start(int64_t v, int64_t dim)
{
    if (v >= 0)
        return v;
    return v < -dim ? -1 : v + dim;
}

static void slice_axis(net_slice_params *p, size_t axis, int64_t dim, const int64_t range[3])
{
    int64_t start = from_start(range[0], dim), end = from_start(range[1], dim);
    int64_t step = clamp(range[2], -dim - 1, dim + 1), count;
    if (step > 0) {
        start = clamp(start, 0, dim);
        end = clamp(end, 0, dim);
        count = end > start ? (end - start - 1) / step + 1 : 0;
    } else {
        start = clamp(start, 0, dim ? dim - 1 : 0);
        end = clamp(end, -1, dim - 1);
        count = dim && start > end ? (start - end - 1) / -step + 1 : 0;
    }
    p->start[axis] = start;
    p->step[axis] = step;
    p->count[axis] = count;
}

pfld_status net_slice_get(const net_graph *g, const net_node *node, net_slice_params *p,
                          pfld_error *err)
{
    net_at at = {g, node, err};
    const net_shape *x = net_in_shape(&at, 0);
    size_t rank = (size_t)x->rank;
    net_ints starts, ends, axes, steps = {0};
    pfld_status status;
    if ((status = net_ints_since(&at, 10, 1, "starts", &starts)) != PFLD_OK ||
        (status = net_ints_since(&at, 10, 2, "ends", &ends)) != PFLD_OK ||
        (status = net_ints_since(&at, 10, 3, "axes", &axes)) != PFLD_OK ||
        (g->opset >= 10 && (status = net_ints_input(&at, 4, &steps)) != PFLD_OK))
        return status;
    if (!axes.given)
        for (axes.n = 0; axes.n < starts.n; axes.n++)
            axes.v[axes.n] = (int64_t)axes.n;
    if (!starts.given || !ends.given || ends.n != starts.n || axes.n != starts.n ||
        (steps.given && steps.n != starts.n))
        return net_fail(&at, PFLD_ERR_FORMAT, "its starts, ends, axes and steps differ in number");
    uint32_t mask;
    if ((status = net_axes_mask(&at, &axes, rank, &mask)) != PFLD_OK)
        return status;
    net_slice_params out = {.rank = rank};
    for (size_t a = 0; a < rank; a++)
        slice_axis(&out, a, x->dim[a], (const int64_t[3]){0, x->dim[a], 1});
    for (size_t i = 0; i < axes.n; i++) {
        size_t a = (size_t)axes.v[i];
        int64_t range[3] = {starts.v[i], ends.v[i], steps.given ? steps.v[i] : 1};
        if (range[2] == 0)
            return net_fail(&at, PFLD_ERR_FORMAT, "its step along axis %zu is 0", a);
        slice_axis(&out, a, x->dim[a], range);
    }
    *p = out;
    return PFLD_OK;
}

static pfld_status pad_mode(const net_at *at, net_pad_mode *mode)
{
    static const char *const names[] = {"constant", "reflect", "edge", "wrap"};
    const char *text = net_attr_string(at->node, "mode", "constant");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(text, names[i])) {
            *mode = (net_pad_mode)i;
            return PFLD_OK;
        }
    return net_fail(at, PFLD_ERR_FORMAT, "its mode '%.24s' is not known", text);
}

/* What a mode takes from the map must be there. */
static pfld_status check_pad(const net_at *at, const net_pad_params *p, size_t axis, int64_t dim)
{
    int64_t before = p->before[axis], after = p->after[axis], most = DIM_LIMIT;
    int64_t left = dim + (before < 0 ? before : 0) + (after < 0 ? after : 0); /* once cut off */
    if (p->mode == NET_PAD_REFLECT)
        most = left - 1;
    else if (p->mode == NET_PAD_WRAP)
        most = left;
    else if (p->mode == NET_PAD_EDGE && left <= 0)
        most = 0;
    if (before > most || after > most || before < -dim || after < -dim || before + after + dim < 0)
        return net_fail(at, PFLD_ERR_FORMAT,
                        "pads %" PRId64 " and %" PRId64 " do not go with length %" PRId64
                        " of axis %zu",
                        before, after, dim, axis);
    return PFLD_OK;
}

pfld_status net_pad_get(const net_graph *g, const net_node *node, net_pad_params *p,
                        pfld_error *err)
{
    net_at at = {g, node, err};
    const net_shape *x = net_in_shape(&at, 0);
    size_t rank = (size_t)x->rank;
    net_pad_params out = {.rank = rank};
    net_ints pads, axes = {0};
    pfld_status status;
    if ((status = pad_mode(&at, &out.mode)) != PFLD_OK ||
        (status = net_ints_since(&at, 11, 1, "pads", &pads)) != PFLD_OK ||
        (g->opset >= 18 && (status = net_ints_input(&at, 3, &axes)) != PFLD_OK))
        return status;
    if (g->opset < 11)
        out.value = (double)net_attr_float(node, "value", 0.0f);
    else if ((status = net_number_input(&at, 2, &out.value)) != PFLD_OK)
        return status;
    if (!axes.given)
        for (axes.n = 0; axes.n < rank; axes.n++)
            axes.v[axes.n] = (int64_t)axes.n;
    uint32_t mask;
    if ((status = net_axes_mask(&at, &axes, rank, &mask)) != PFLD_OK)
        return status;
    if (pads.n != 2 * axes.n)
        return net_fail(&at, PFLD_ERR_FORMAT, "its pads are %zu numbers, %zu expected", pads.n,
                        2 * axes.n);
    for (size_t i = 0; i < axes.n; i++) {
        size_t a = (size_t)axes.v[i];
        out.before[a] = clamp(pads.v[i], -DIM_LIMIT - 1, DIM_LIMIT + 1);
        out.after[a] = clamp(pads.v[axes.n + i], -DIM_LIMIT - 1, DIM_LIMIT + 1);
    }
    for (size_t a = 0; a < rank; a++)
        if ((status = check_pad(&at, &out, a, x->dim[a])) != PFLD_OK)
            return status;
    *p = out;
    return PFLD_OK;
}

/* C is spread to m by n. */
static bool gemm_c_fits(const net_shape *c, size_t m, size_t n)
{
    size_t want[2] = {m, n};
    if (c->rank > 2)
        return false;
    for (int32_t i = 0; i < c->rank; i++)
        if (c->dim[i] != 1 && (size_t)c->dim[i] != want[2 - c->rank + i])
            return false;
    return true;
}

pfld_status net_gemm_get(const net_graph *g, const net_node *node, net_gemm_params *p,
                         pfld_error *err)
{
    net_at at = {g, node, err};
    const net_shape *a = net_in_shape(&at, 0), *b = net_in_shape(&at, 1);
    net_gemm_params out = {
        .trans_a = net_attr_int(node, "transA", 0) != 0,
        .trans_b = net_attr_int(node, "transB", 0) != 0,
        .alpha = net_attr_float(node, "alpha", 1.0f),
        .beta = net_attr_float(node, "beta", 1.0f),
    };
    if (a->rank != 2 || b->rank != 2)
        return net_fail(&at, PFLD_ERR_FORMAT, "its inputs have rank %d and %d, 2 expected",
                        (int)a->rank, (int)b->rank);
    int64_t inner = b->dim[out.trans_b];
    out.m = (size_t)a->dim[out.trans_a];
    out.k = (size_t)a->dim[!out.trans_a];
    out.n = (size_t)b->dim[!out.trans_b];
    if (out.k != (size_t)inner)
        return net_fail(&at, PFLD_ERR_FORMAT,
                        "a matrix of %zu columns meets one of %" PRId64 " rows", out.k, inner);
    const net_value *c = net_in(&at, 2);
    if (c && !gemm_c_fits(&c->shape, out.m, out.n))
        return net_fail(&at, PFLD_ERR_FORMAT, "its third input cannot be spread to %zux%zu", out.m,
                        out.n);
    *p = out;
    return PFLD_OK;
}

pfld_status net_reduce_get(const net_graph *g, const net_node *node, net_reduce_params *p,
                           pfld_error *err)
{
    net_at at = {g, node, err};
    size_t rank = (size_t)net_in_shape(&at, 0)->rank;
    int64_t since = node->op == NET_OP_REDUCE_SUM ? 13 : 18;
    net_ints axes;
    uint32_t mask;
    pfld_status status;
    if ((status = net_ints_since(&at, since, 1, "axes", &axes)) != PFLD_OK ||
        (status = net_axes_mask(&at, &axes, rank, &mask)) != PFLD_OK)
        return status;
    bool nothing = g->opset >= since && net_attr_int(node, "noop_with_empty_axes", 0) != 0;
    if (axes.n == 0 && !nothing)
        mask = (1u << rank) - 1;
    *p = (net_reduce_params){mask, net_attr_int(node, "keepdims", 1) != 0};
    return PFLD_OK;
}

pfld_status net_softmax_get(const net_graph *g, const net_node *node, net_softmax_params *p,
                            pfld_error *err)
{
    net_at at = {g, node, err};
    size_t rank = (size_t)net_in_shape(&at, 0)->rank, axis;
    bool old = g->opset < 13;
    pfld_status status = net_axis_fix(&at, net_attr_int(node, "axis", old ? 1 : -1), rank, &axis);
    if (status == PFLD_OK)
        *p = (net_softmax_params){axis, old && axis + 1 < rank};
    return status;
}

pfld_status net_transpose_get(const net_graph *g, const net_node *node, net_transpose_params *p,
                              pfld_error *err)
{
    net_at at = {g, node, err};
    net_transpose_params out = {.rank = (size_t)net_in_shape(&at, 0)->rank};
    net_ints perm;
    pfld_status status = net_ints_attr(&at, "perm", &perm);
    uint32_t seen = 0;
    if (status != PFLD_OK)
        return status;
    if (perm.given && perm.n != out.rank)
        return net_fail(&at, PFLD_ERR_FORMAT, "its perm has %zu axes, its input %zu", perm.n,
                        out.rank);
    for (size_t i = 0; i < out.rank; i++) {
        int64_t axis = perm.given ? perm.v[i] : (int64_t)(out.rank - 1 - i);
        if (axis < 0 || (size_t)axis >= out.rank || seen & 1u << axis)
            return net_fail(&at, PFLD_ERR_FORMAT, "its perm does not name every axis once");
        seen |= 1u << axis;
        out.perm[i] = (size_t)axis;
    }
    *p = out;
    return PFLD_OK;
}

pfld_status net_axis_get(const net_graph *g, const net_node *node, size_t *axis, pfld_error *err)
{
    assert(node->op == NET_OP_CONCAT || node->op == NET_OP_GATHER || node->op == NET_OP_FLATTEN);
    net_at at = {g, node, err};
    size_t rank = (size_t)net_in_shape(&at, 0)->rank;
    int64_t otherwise = node->op == NET_OP_FLATTEN ? 1 : 0;
    if (node->op == NET_OP_CONCAT && !net_attr_find(node, "axis"))
        return net_fail(&at, PFLD_ERR_FORMAT, "its axis is missing");
    int64_t given = net_attr_int(node, "axis", otherwise);
    if (node->op == NET_OP_FLATTEN && given == (int64_t)rank) {
        *axis = rank;
        return PFLD_OK;
    }
    return net_axis_fix(&at, given, rank, axis);
}

static pfld_status split_evenly(const net_at *at, int64_t dim, net_split_params *p)
{
    int64_t n = (int64_t)p->n, part = (dim + n - 1) / n;
    if (dim % n && at->g->opset < 18)
        return net_fail(at, PFLD_ERR_FORMAT, "%" PRId64 " is not divisible into %zu equal parts",
                        dim, p->n);
    if (part * (n - 1) > dim)
        return net_fail(at, PFLD_ERR_FORMAT, "%" PRId64 " is too little for %zu parts", dim, p->n);
    for (size_t i = 0; i < p->n; i++)
        p->size[i] = part;
    p->size[p->n - 1] = dim - part * (n - 1);
    return PFLD_OK;
}

static pfld_status split_as_given(const net_at *at, int64_t dim, const net_ints *sizes,
                                  net_split_params *p)
{
    int64_t left = dim;
    if (sizes->n != p->n)
        return net_fail(at, PFLD_ERR_FORMAT, "it has %zu sizes for %zu outputs", sizes->n, p->n);
    for (size_t i = 0; i < p->n; i++) {
        if (sizes->v[i] < 0 || sizes->v[i] > left)
            return net_fail(at, PFLD_ERR_FORMAT, "its sizes do not add up to %" PRId64, dim);
        left -= sizes->v[i];
        p->size[i] = sizes->v[i];
    }
    if (left)
        return net_fail(at, PFLD_ERR_FORMAT, "its sizes do not add up to %" PRId64, dim);
    return PFLD_OK;
}

pfld_status net_split_get(const net_graph *g, const net_node *node, net_split_params *p,
                          pfld_error *err)
{
    net_at at = {g, node, err};
    const net_shape *x = net_in_shape(&at, 0);
    net_split_params out = {.n = node->n_out};
    net_ints sizes;
    pfld_status status;
    if (node->n_out > NET_MAX_SPLIT)
        return net_fail(&at, PFLD_ERR_UNSUPPORTED, "it has %zu outputs, %d are the limit",
                        node->n_out, NET_MAX_SPLIT);
    if ((status = net_axis_fix(&at, net_attr_int(node, "axis", 0), (size_t)x->rank, &out.axis)) !=
            PFLD_OK ||
        (status = net_ints_since(&at, 13, 1, "split", &sizes)) != PFLD_OK)
        return status;
    if (g->opset >= 18 && net_attr_int(node, "num_outputs", (int64_t)out.n) != (int64_t)out.n)
        return net_fail(&at, PFLD_ERR_FORMAT, "its num_outputs contradicts its %zu outputs", out.n);
    int64_t dim = x->dim[out.axis];
    status = sizes.given ? split_as_given(&at, dim, &sizes, &out) : split_evenly(&at, dim, &out);
    if (status == PFLD_OK)
        *p = out;
    return status;
}

pfld_status net_batch_norm_get(const net_graph *g, const net_node *node, net_batch_norm_params *p,
                               pfld_error *err)
{
    net_at at = {g, node, err};
    const net_shape *x = net_in_shape(&at, 0);
    int64_t channels = x->rank > 1 ? x->dim[1] : 1;
    const float *lists[4];
    if (net_attr_int(node, "training_mode", 0))
        return net_fail(&at, PFLD_ERR_UNSUPPORTED, "it is in training mode");
    for (size_t i = 0; i < 4; i++) {
        const net_tensor *t;
        pfld_status status = net_constant_input(&at, 1 + i, &t);
        if (status != PFLD_OK)
            return status;
        if (!t || t->dtype != NET_F32 || t->shape.rank != 1 || t->shape.dim[0] != channels)
            return net_fail(&at, PFLD_ERR_FORMAT,
                            "its input %zu is not a list of %" PRId64 " floats", 1 + i, channels);
        lists[i] = t->data;
    }
    *p = (net_batch_norm_params){(size_t)channels, lists[0],
                                 lists[1],         lists[2],
                                 lists[3],         (double)net_attr_float(node, "epsilon", 1e-5f)};
    return PFLD_OK;
}

/* Which numbers the quantised side has. */
static pfld_status quant_dtype(const net_at *at, const net_tensor *zero, net_dtype *dtype)
{
    bool to = at->node->op == NET_OP_QUANTIZE_LINEAR;
    int64_t stated = to ? net_attr_int(at->node, "output_dtype", 0) : 0;
    *dtype = !to ? net_in(at, 0)->dtype : zero ? zero->dtype : stated ? (net_dtype)stated : NET_U8;
    if (zero && (zero->dtype != *dtype || (stated && stated != (int64_t)zero->dtype)))
        return net_fail(at, PFLD_ERR_FORMAT, "its zero point is of another kind than its numbers");
    if (*dtype != NET_U8 && *dtype != NET_I8 && (to || *dtype != NET_I32))
        return net_fail(at, PFLD_ERR_UNSUPPORTED,
                        "its quantised numbers are of ONNX kind %d; only 8-bit ones are done here",
                        (int)*dtype);
    return PFLD_OK;
}

pfld_status net_quant_get(const net_graph *g, const net_node *node, net_quant_params *p,
                          pfld_error *err)
{
    net_at at = {g, node, err};
    const net_shape *x = net_in_shape(&at, 0);
    net_quant_params out = {.count = 1};
    const net_tensor *scale;
    pfld_status status;
    if ((status = net_constant_input(&at, 1, &scale)) != PFLD_OK ||
        (status = net_constant_input(&at, 2, &out.zero)) != PFLD_OK ||
        (status = quant_dtype(&at, out.zero, &out.dtype)) != PFLD_OK)
        return status;
    if (net_attr_int(node, "block_size", 0))
        return net_fail(&at, PFLD_ERR_UNSUPPORTED, "quantisation by blocks is not done here");
    if (!scale || scale->dtype != NET_F32 || scale->shape.rank > 1 || scale->count == 0)
        return net_fail(&at, PFLD_ERR_FORMAT, "its scale is not a float or a list of floats");
    if (out.zero && (out.zero->shape.rank > 1 || out.zero->count != scale->count))
        return net_fail(&at, PFLD_ERR_FORMAT, "it has %zu scales and %zu zero points", scale->count,
                        out.zero->count);
    out.scale = scale->data;
    if (scale->count > 1) {
        status = net_axis_fix(&at, net_attr_int(node, "axis", 1), (size_t)x->rank, &out.axis);
        if (status != PFLD_OK)
            return status;
        if ((size_t)x->dim[out.axis] != scale->count)
            return net_fail(&at, PFLD_ERR_FORMAT, "it has %zu scales for %" PRId64 " channels",
                            scale->count, x->dim[out.axis]);
        out.per_axis = true;
        out.count = scale->count;
    }
    *p = out;
    return PFLD_OK;
}
