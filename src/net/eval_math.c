/* Constants computed element by element. */
#include <math.h>
#include <string.h>

#include "net/broadcast.h"
#include "net/eval_fn.h"
#include "net/op_params.h"
#include "net/tensor.h"

static double unary(net_op op, net_unary_params p, double x)
{
    double alpha = (double)p.alpha, beta = (double)p.beta;
    switch (op) {
    case NET_OP_CEIL:
        return ceil(x);
    case NET_OP_ELU:
        return x < 0 ? alpha * expm1(x) : x;
    case NET_OP_ERF:
        return erf(x);
    case NET_OP_EXP:
        return exp(x);
    case NET_OP_FLOOR:
        return floor(x);
    case NET_OP_HARD_SIGMOID:
        return fmin(fmax(alpha * x + beta, 0), 1);
    case NET_OP_HARD_SWISH:
        return x * fmin(fmax(x / 6 + 0.5, 0), 1);
    case NET_OP_LEAKY_RELU:
        return x < 0 ? alpha * x : x;
    case NET_OP_LOG:
        return log(x);
    case NET_OP_NEG:
        return -x;
    case NET_OP_RECIPROCAL:
        return 1 / x;
    case NET_OP_SIGMOID:
        return 1 / (1 + exp(-x));
    case NET_OP_SOFTPLUS:
        return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
    case NET_OP_SQRT:
        return sqrt(x);
    default:
        return tanh(x);
    }
}

pfld_status net_eval_unary(const net_at *at, net_tensor *const *out)
{
    const net_tensor *x = net_eval_in(at, 0);
    net_unary_params p = net_unary_get(at->node);
    bool whole = x->dtype != NET_F32; /* the rules let only Neg through */
    for (size_t i = 0; i < x->count; i++)
        if (whole)
            net_tensor_set_int(out[0], i, (int64_t)(0 - (uint64_t)net_tensor_int(x, i)));
        else
            net_tensor_set_number(out[0], i, unary(at->node->op, p, net_tensor_number(x, i)));
    return PFLD_OK;
}

static double binary_real(net_op op, double a, double b)
{
    switch (op) {
    case NET_OP_ADD:
        return a + b;
    case NET_OP_SUB:
        return a - b;
    case NET_OP_MUL:
        return a * b;
    case NET_OP_DIV:
        return a / b;
    case NET_OP_MAX:
        return a > b || isnan(a) ? a : b;
    case NET_OP_MIN:
        return a < b || isnan(a) ? a : b;
    case NET_OP_PRELU:
        return a < 0 ? a * b : a;
    default:
        return pow(a, b);
    }
}

static int64_t power(int64_t base, int64_t exponent)
{
    uint64_t result = 1, square = (uint64_t)base;
    if (exponent < 0)
        return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1)
            result *= square;
        square *= square;
    }
    return (int64_t)result;
}

/* Wrapping, as the kinds that ONNX has do it; b is not 0 for a division. */
static int64_t binary_whole(net_op op, int64_t a, int64_t b)
{
    uint64_t ua = (uint64_t)a, ub = (uint64_t)b;
    switch (op) {
    case NET_OP_ADD:
        return (int64_t)(ua + ub);
    case NET_OP_SUB:
        return (int64_t)(ua - ub);
    case NET_OP_MUL:
        return (int64_t)(ua * ub);
    case NET_OP_DIV:
        return b == -1 ? (int64_t)(0 - ua) : a / b;
    case NET_OP_MAX:
        return a > b ? a : b;
    case NET_OP_MIN:
        return a < b ? a : b;
    case NET_OP_PRELU:
        return a < 0 ? (int64_t)(ua * ub) : a;
    default:
        return power(a, b);
    }
}

static net_walk walk_over(const net_tensor *out)
{
    return (net_walk){.shape = out->shape};
}

static void walk_add(net_walk *w, const net_tensor *t)
{
    net_broadcast_strides(&t->shape, &w->shape, w->stride[w->n++]);
}

/* out = op(out, b), b spread to out's shape. */
static pfld_status apply(const net_at *at, net_tensor *out, const net_tensor *b)
{
    net_op op = at->node->op;
    bool real = out->dtype == NET_F32 || b->dtype == NET_F32;
    net_walk w = walk_over(out);
    walk_add(&w, b);
    for (size_t i = 0; i < out->count; i++, net_walk_step(&w)) {
        size_t k = (size_t)w.offset[0];
        if (real) {
            double y = binary_real(op, net_tensor_number(out, i), net_tensor_number(b, k));
            net_tensor_set_number(out, i, y);
            continue;
        }
        int64_t whole = net_tensor_int(b, k);
        if (op == NET_OP_DIV && whole == 0)
            return net_fail(at, PFLD_ERR_FORMAT, "it divides by 0");
        net_tensor_set_int(out, i, binary_whole(op, net_tensor_int(out, i), whole));
    }
    return PFLD_OK;
}

static void spread(net_tensor *out, const net_tensor *x)
{
    size_t size = net_dtype_size(x->dtype);
    net_walk w = walk_over(out);
    walk_add(&w, x);
    for (size_t i = 0; i < out->count; i++, net_walk_step(&w))
        memcpy((char *)out->data + i * size, (const char *)x->data + (size_t)w.offset[0] * size,
               size);
}

/* Any number of inputs: Max and Min. */
pfld_status net_eval_binary(const net_at *at, net_tensor *const *out)
{
    pfld_status status = PFLD_OK;
    spread(out[0], net_eval_in(at, 0));
    for (size_t i = 1; i < at->node->n_in && status == PFLD_OK; i++)
        status = apply(at, out[0], net_eval_in(at, i));
    return status;
}

pfld_status net_eval_equal(const net_at *at, net_tensor *const *out)
{
    const net_tensor *a = net_eval_in(at, 0), *b = net_eval_in(at, 1);
    net_walk w = walk_over(out[0]);
    walk_add(&w, a);
    walk_add(&w, b);
    for (size_t i = 0; i < out[0]->count; i++, net_walk_step(&w)) {
        size_t ka = (size_t)w.offset[0], kb = (size_t)w.offset[1];
        bool same = a->dtype == NET_F32
                        ? ((const float *)a->data)[ka] == ((const float *)b->data)[kb]
                        : net_tensor_int(a, ka) == net_tensor_int(b, kb);
        net_tensor_set_int(out[0], i, same);
    }
    return PFLD_OK;
}

pfld_status net_eval_where(const net_at *at, net_tensor *const *out)
{
    const net_tensor *which = net_eval_in(at, 0);
    const net_tensor *from[2] = {net_eval_in(at, 2), net_eval_in(at, 1)};
    size_t size = net_dtype_size(out[0]->dtype);
    net_walk w = walk_over(out[0]);
    walk_add(&w, from[0]);
    walk_add(&w, from[1]);
    walk_add(&w, which);
    for (size_t i = 0; i < out[0]->count; i++, net_walk_step(&w)) {
        size_t yes = net_tensor_int(which, (size_t)w.offset[2]) != 0;
        memcpy((char *)out[0]->data + i * size,
               (const char *)from[yes]->data + (size_t)w.offset[yes] * size, size);
    }
    return PFLD_OK;
}

/* Compared as doubles, replaced only when outside: large integers inside stay exact. */
pfld_status net_eval_clip(const net_at *at, net_tensor *const *out)
{
    const net_tensor *x = net_eval_in(at, 0);
    net_clip_params p;
    pfld_status status = net_clip_get(at->g, at->node, &p, at->err);
    if (status != PFLD_OK)
        return status;
    if (x->count)
        memcpy(out[0]->data, x->data, x->count * net_dtype_size(x->dtype));
    for (size_t i = 0; i < x->count; i++) {
        double v = net_tensor_number(x, i);
        if (v < (double)p.lo)
            net_tensor_set_number(out[0], i, v = (double)p.lo);
        if (v > (double)p.hi)
            net_tensor_set_number(out[0], i, (double)p.hi);
    }
    return PFLD_OK;
}

pfld_status net_eval_cast(const net_at *at, net_tensor *const *out)
{
    const net_tensor *x = net_eval_in(at, 0);
    for (size_t i = 0; i < x->count; i++)
        if (x->dtype == NET_F32)
            net_tensor_set_number(out[0], i, net_tensor_number(x, i));
        else
            net_tensor_set_int(out[0], i, net_tensor_int(x, i));
    return PFLD_OK;
}

/* Which scale belongs to element i. */
typedef struct quant_index {
    size_t inner, count;
} quant_index;

static quant_index quant_index_of(const net_quant_params *p, const net_shape *x)
{
    quant_index q = {1, p->count};
    for (int32_t a = (int32_t)p->axis + 1; a < x->rank; a++)
        q.inner *= (size_t)x->dim[a];
    return q;
}

static size_t quant_channel(quant_index q, size_t i)
{
    return q.count == 1 ? 0 : i / q.inner % q.count;
}

pfld_status net_eval_quantize(const net_at *at, net_tensor *const *out)
{
    const net_tensor *x = net_eval_in(at, 0);
    net_quant_params p;
    pfld_status status = net_quant_get(at->g, at->node, &p, at->err);
    if (status != PFLD_OK)
        return status;
    quant_index q = quant_index_of(&p, &x->shape);
    for (size_t i = 0; i < x->count; i++) {
        size_t c = quant_channel(q, i);
        double zero = p.zero ? net_tensor_number(p.zero, c) : 0.0;
        /* the division in float and halves to even, as in every other engine */
        double y = (double)rintf(((const float *)x->data)[i] / p.scale[c]);
        net_tensor_set_number(out[0], i, y + zero);
    }
    return PFLD_OK;
}

pfld_status net_eval_dequantize(const net_at *at, net_tensor *const *out)
{
    const net_tensor *x = net_eval_in(at, 0);
    net_quant_params p;
    pfld_status status = net_quant_get(at->g, at->node, &p, at->err);
    if (status != PFLD_OK)
        return status;
    quant_index q = quant_index_of(&p, &x->shape);
    for (size_t i = 0; i < x->count; i++) {
        size_t c = quant_channel(q, i);
        double zero = p.zero ? net_tensor_number(p.zero, c) : 0.0;
        net_tensor_set_number(out[0], i, (net_tensor_number(x, i) - zero) * (double)p.scale[c]);
    }
    return PFLD_OK;
}
