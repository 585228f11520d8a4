/* Constants that sum over others, and those that come from numbers and shapes alone. */
#include <math.h>
#include <string.h>

#include "core/mem.h"
#include "net/broadcast.h"
#include "net/eval_fn.h"
#include "net/op_params.h"
#include "net/tensor.h"

typedef union sum { /* integers stay exact */
    double real;
    int64_t whole;
} sum;

/* The output's strides seen from the input: 0 along what is reduced. */
static void reduce_strides(const net_shape *x, uint32_t axes, int64_t stride[NET_MAX_RANK])
{
    int64_t step = 1;
    for (int32_t i = x->rank - 1; i >= 0; i--) {
        bool reduced = axes & 1u << i;
        stride[i] = reduced ? 0 : step;
        if (!reduced)
            step *= x->dim[i];
    }
}

static void accumulate(sum *s, bool largest, bool real, const net_tensor *x, size_t i)
{
    if (real) {
        double v = net_tensor_number(x, i);
        s->real = !largest ? s->real + v : v > s->real || isnan(v) ? v : s->real;
    } else {
        int64_t v = net_tensor_int(x, i);
        s->whole = !largest       ? (int64_t)((uint64_t)s->whole + (uint64_t)v)
                   : v > s->whole ? v
                                  : s->whole;
    }
}

pfld_status net_eval_reduce(const net_at *at, net_tensor *const *out)
{
    const net_tensor *x = net_eval_in(at, 0);
    net_reduce_params p;
    pfld_status status = net_reduce_get(at->g, at->node, &p, at->err);
    if (status != PFLD_OK)
        return status;
    bool largest = at->node->op == NET_OP_REDUCE_MAX, mean = at->node->op == NET_OP_REDUCE_MEAN;
    bool real = x->dtype == NET_F32 || mean;
    sum *sums = mem_alloc(out[0]->count, sizeof *sums);
    if (!sums)
        return error_nomem(at->err);
    for (size_t i = 0; largest && i < out[0]->count; i++)
        sums[i] = real ? (sum){.real = -(double)INFINITY} : (sum){.whole = INT64_MIN};
    net_walk w = {.shape = x->shape, .n = 1};
    reduce_strides(&x->shape, p.axes, w.stride[0]);
    for (size_t i = 0; i < x->count; i++, net_walk_step(&w))
        accumulate(&sums[w.offset[0]], largest, real, x, i);
    size_t each = out[0]->count ? x->count / out[0]->count : 1;
    for (size_t i = 0; i < out[0]->count; i++)
        if (real)
            net_tensor_set_number(out[0], i, mean ? sums[i].real / (double)each : sums[i].real);
        else
            net_tensor_set_int(out[0], i, sums[i].whole);
    mem_free(sums);
    return PFLD_OK;
}

typedef struct product { /* of one pair of matrices: m by k times k by n */
    const net_tensor *a, *b;
    net_tensor *y;
    size_t m, k, n;
    size_t a_at, b_at, y_at;
} product;

static void multiply(const product *p)
{
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            bool real = p->y->dtype == NET_F32;
            sum s = real ? (sum){.real = 0} : (sum){.whole = 0};
            for (size_t q = 0; q < p->k; q++) {
                size_t ia = p->a_at + i * p->k + q, ib = p->b_at + q * p->n + j;
                if (real)
                    s.real += net_tensor_number(p->a, ia) * net_tensor_number(p->b, ib);
                else
                    s.whole = (int64_t)((uint64_t)s.whole + (uint64_t)net_tensor_int(p->a, ia) *
                                                                (uint64_t)net_tensor_int(p->b, ib));
            }
            size_t at = p->y_at + i * p->n + j;
            if (real)
                net_tensor_set_number(p->y, at, s.real);
            else
                net_tensor_set_int(p->y, at, s.whole);
        }
}

/* The axes before the matrix; of a vector none. */
static net_shape stack_of(const net_shape *s)
{
    net_shape stack = *s;
    stack.rank = s->rank > 2 ? s->rank - 2 : 0;
    return stack;
}

pfld_status net_eval_matmul(const net_at *at, net_tensor *const *out)
{
    product p = {.a = net_eval_in(at, 0), .b = net_eval_in(at, 1), .y = out[0]};
    const net_shape *a = &p.a->shape, *b = &p.b->shape;
    if (!out[0]->count)
        return PFLD_OK;
    p.m = a->rank > 1 ? (size_t)a->dim[a->rank - 2] : 1;
    p.k = (size_t)a->dim[a->rank - 1];
    p.n = b->rank > 1 ? (size_t)b->dim[b->rank - 1] : 1;
    net_shape stack_a = stack_of(a), stack_b = stack_of(b);
    net_walk w = {.n = 2};
    size_t stacks = 0;
    if (!net_broadcast(&stack_a, &stack_b, &w.shape) || !net_shape_count(&w.shape, &stacks))
        return net_fail(at, PFLD_ERR_FORMAT, "its stacks of matrices do not go together");
    net_broadcast_strides(&stack_a, &w.shape, w.stride[0]);
    net_broadcast_strides(&stack_b, &w.shape, w.stride[1]);
    for (size_t i = 0; i < stacks; i++, net_walk_step(&w)) {
        p.a_at = (size_t)w.offset[0] * p.m * p.k;
        p.b_at = (size_t)w.offset[1] * p.k * p.n;
        p.y_at = i * p.m * p.n;
        multiply(&p);
    }
    return PFLD_OK;
}

pfld_status net_eval_range(const net_at *at, net_tensor *const *out)
{
    const net_tensor *start = net_eval_in(at, 0), *delta = net_eval_in(at, 2);
    for (size_t i = 0; i < out[0]->count; i++)
        if (out[0]->dtype == NET_F32)
            net_tensor_set_number(
                out[0], i, net_tensor_number(start, 0) + (double)i * net_tensor_number(delta, 0));
        else
            net_tensor_set_int(out[0], i,
                               (int64_t)((uint64_t)net_tensor_int(start, 0) +
                                         i * (uint64_t)net_tensor_int(delta, 0)));
    return PFLD_OK;
}

pfld_status net_eval_shape(const net_at *at, net_tensor *const *out)
{
    const net_shape *x = net_in_shape(at, 0);
    int64_t start = at->g->opset >= 15 ? net_attr_int(at->node, "start", 0) : 0;
    if (start < 0)
        start = start < -x->rank ? 0 : start + x->rank;
    for (size_t i = 0; i < out[0]->count; i++)
        net_tensor_set_int(out[0], i, x->dim[(size_t)start + i]);
    return PFLD_OK;
}

pfld_status net_eval_constant_of_shape(const net_at *at, net_tensor *const *out)
{
    const net_attr *value = net_attr_find(at->node, "value");
    size_t size = net_dtype_size(out[0]->dtype);
    for (size_t i = 0; value && i < out[0]->count; i++)
        memcpy((char *)out[0]->data + i * size, value->tensor->data, size);
    return PFLD_OK;
}

pfld_status net_eval_constant(const net_at *at, net_tensor *const *out)
{
    const net_attr *a = &at->node->attr[0];
    if (a->kind == NET_ATTR_INT)
        net_tensor_set_int(out[0], 0, a->i);
    else if (a->kind == NET_ATTR_FLOAT)
        net_tensor_set_number(out[0], 0, (double)a->f);
    const void *from = a->kind == NET_ATTR_TENSOR   ? a->tensor->data
                       : a->kind == NET_ATTR_INTS   ? (const void *)a->ints
                       : a->kind == NET_ATTR_FLOATS ? (const void *)a->floats
                                                    : NULL;
    if (from && out[0]->count)
        memcpy(out[0]->data, from, out[0]->count * net_dtype_size(out[0]->dtype));
    return PFLD_OK;
}
