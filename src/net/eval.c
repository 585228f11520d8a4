/* Computing a node whose inputs are all constants (or whose output is only a matter of shapes). */
#include "net/eval.h"

#include <assert.h>

#include "core/checked.h"
#include "net/eval_fn.h"
#include "net/op_params.h"
#include "net/tensor.h"

#define BUDGET_BASE  ((size_t)64 << 20)
#define BUDGET_TIMES 8 /* the size of the constants that the file brought */

/* "small": a stack of matrices that takes longer stays a node. */
#define MATMUL_MOST ((size_t)1 << 24)

net_eval_budget net_eval_budget_for(const net_graph *g)
{
    net_eval_budget budget = {BUDGET_BASE, BUDGET_BASE};
    for (size_t i = 0; i < g->n_values; i++) {
        const net_tensor *t = g->values[i].constant;
        size_t bytes;
        if (!t || !checked_mul(t->count, net_dtype_size(t->dtype) * BUDGET_TIMES, &bytes))
            continue;
        if (!checked_add(budget.bytes, bytes, &budget.bytes) ||
            !checked_add(budget.work, bytes, &budget.work))
            budget = (net_eval_budget){SIZE_MAX, SIZE_MAX};
    }
    return budget;
}

const net_tensor *net_eval_in(const net_at *at, size_t i)
{
    const net_value *value = net_in(at, i);
    assert(value && value->constant);
    return value->constant;
}

/* Work beside writing the output. */
typedef enum cost {
    COST_OUT,  /* none */
    COST_EACH, /* every input is spread over the output */
    COST_IN,   /* every element of input 0 is read */
    COST_MATMUL,
} cost;

/* Reshape and the like have no function: their output is a view of input 0. */
static const struct {
    bool known;
    net_eval_fn *fn;
    cost cost;
} evals[NET_OP_COUNT] = {
    [NET_OP_ADD] = {true, net_eval_binary, COST_EACH},
    [NET_OP_CAST] = {true, net_eval_cast, COST_OUT},
    [NET_OP_CEIL] = {true, net_eval_unary, COST_OUT},
    [NET_OP_CLIP] = {true, net_eval_clip, COST_OUT},
    [NET_OP_CONCAT] = {true, net_eval_concat, COST_OUT},
    [NET_OP_CONSTANT] = {true, net_eval_constant, COST_OUT},
    [NET_OP_CONSTANT_OF_SHAPE] = {true, net_eval_constant_of_shape, COST_OUT},
    [NET_OP_DEQUANTIZE_LINEAR] = {true, net_eval_dequantize, COST_OUT},
    [NET_OP_DIV] = {true, net_eval_binary, COST_EACH},
    [NET_OP_ELU] = {true, net_eval_unary, COST_OUT},
    [NET_OP_EQUAL] = {true, net_eval_equal, COST_OUT},
    [NET_OP_ERF] = {true, net_eval_unary, COST_OUT},
    [NET_OP_EXP] = {true, net_eval_unary, COST_OUT},
    [NET_OP_EXPAND] = {true, net_eval_expand, COST_OUT},
    [NET_OP_FLATTEN] = {true, NULL, COST_OUT},
    [NET_OP_FLOOR] = {true, net_eval_unary, COST_OUT},
    [NET_OP_GATHER] = {true, net_eval_gather, COST_OUT},
    [NET_OP_HARD_SIGMOID] = {true, net_eval_unary, COST_OUT},
    [NET_OP_HARD_SWISH] = {true, net_eval_unary, COST_OUT},
    [NET_OP_IDENTITY] = {true, NULL, COST_OUT},
    [NET_OP_LEAKY_RELU] = {true, net_eval_unary, COST_OUT},
    [NET_OP_LOG] = {true, net_eval_unary, COST_OUT},
    [NET_OP_MATMUL] = {true, net_eval_matmul, COST_MATMUL},
    [NET_OP_MAX] = {true, net_eval_binary, COST_EACH},
    [NET_OP_MIN] = {true, net_eval_binary, COST_EACH},
    [NET_OP_MUL] = {true, net_eval_binary, COST_EACH},
    [NET_OP_NEG] = {true, net_eval_unary, COST_OUT},
    [NET_OP_PAD] = {true, net_eval_pad, COST_OUT},
    [NET_OP_POW] = {true, net_eval_binary, COST_EACH},
    [NET_OP_PRELU] = {true, net_eval_binary, COST_EACH},
    [NET_OP_QUANTIZE_LINEAR] = {true, net_eval_quantize, COST_OUT},
    [NET_OP_RANGE] = {true, net_eval_range, COST_OUT},
    [NET_OP_RECIPROCAL] = {true, net_eval_unary, COST_OUT},
    [NET_OP_REDUCE_MAX] = {true, net_eval_reduce, COST_IN},
    [NET_OP_REDUCE_MEAN] = {true, net_eval_reduce, COST_IN},
    [NET_OP_REDUCE_SUM] = {true, net_eval_reduce, COST_IN},
    [NET_OP_RELU] = {true, net_eval_clip, COST_OUT},
    [NET_OP_RESHAPE] = {true, NULL, COST_OUT},
    [NET_OP_SHAPE] = {true, net_eval_shape, COST_OUT},
    [NET_OP_SIGMOID] = {true, net_eval_unary, COST_OUT},
    [NET_OP_SLICE] = {true, net_eval_slice, COST_OUT},
    [NET_OP_SOFTPLUS] = {true, net_eval_unary, COST_OUT},
    [NET_OP_SPLIT] = {true, net_eval_split, COST_OUT},
    [NET_OP_SQRT] = {true, net_eval_unary, COST_OUT},
    [NET_OP_SQUEEZE] = {true, NULL, COST_OUT},
    [NET_OP_SUB] = {true, net_eval_binary, COST_EACH},
    [NET_OP_TANH] = {true, net_eval_unary, COST_OUT},
    [NET_OP_TILE] = {true, net_eval_tile, COST_OUT},
    [NET_OP_TRANSPOSE] = {true, net_eval_transpose, COST_OUT},
    [NET_OP_UNSQUEEZE] = {true, NULL, COST_OUT},
    [NET_OP_WHERE] = {true, net_eval_where, COST_OUT},
};

static bool inputs_constant(const net_at *at)
{
    for (size_t i = 0; i < at->node->n_in; i++) {
        const net_value *value = net_in(at, i);
        if (value && !value->constant)
            return false;
    }
    return true;
}

/* Elements to read beside those to write; SIZE_MAX: too many to be worth it. */
static size_t extra_work(const net_at *at)
{
    const net_value *x = net_in(at, 0);
    size_t n = 0, outer = 0;
    switch (evals[at->node->op].cost) {
    case COST_OUT:
        return 0;
    case COST_IN:
        return net_shape_count(&x->shape, &n) ? n : SIZE_MAX;
    case COST_EACH:
        if (!net_shape_count(&at->g->values[at->node->out[0]].shape, &outer) ||
            !checked_mul(outer, at->node->n_in, &n))
            return SIZE_MAX;
        return n;
    case COST_MATMUL:
        if (!net_shape_count(&at->g->values[at->node->out[0]].shape, &outer) ||
            !checked_mul(outer, (size_t)x->shape.dim[x->shape.rank - 1], &n) || n > MATMUL_MOST)
            return SIZE_MAX;
        return n;
    }
    return SIZE_MAX;
}

static bool spend(size_t *budget, size_t n)
{
    if (n > *budget)
        return false;
    *budget -= n;
    return true;
}

static pfld_status make_views(net_graph *g, const net_node *node, pfld_error *err)
{
    net_value *y = &g->values[node->out[0]];
    y->constant = net_tensor_view(g, g->values[node->in[0]].constant, &y->shape);
    return y->constant ? PFLD_OK : error_nomem(err);
}

static pfld_status make_tensors(net_graph *g, const net_node *node, net_eval_budget *budget,
                                net_tensor **out, pfld_error *err)
{
    net_at at = {g, node, err};
    for (size_t i = 0; i < node->n_out; i++) {
        net_shape none = {.rank = 1}; /* for an output that nobody asked for */
        const net_value *y = node->out[i] == NET_NONE ? NULL : &g->values[node->out[i]];
        size_t count = 0, size = y ? net_dtype_size(y->dtype) : 1;
        if (y && !net_shape_count(&y->shape, &count))
            return net_fail(&at, PFLD_ERR_UNSUPPORTED, "its output is too large");
        if (!spend(&budget->bytes, count * size) || !spend(&budget->work, count))
            return net_fail(&at, PFLD_ERR_UNSUPPORTED,
                            "the constants that the net computes become too large");
        out[i] = net_tensor_add(g, y ? y->dtype : NET_U8, y ? &y->shape : &none, NULL);
        if (!out[i])
            return error_nomem(err);
    }
    return PFLD_OK;
}

/* Whoever computes with integers wants those that the floats were made of. */
static pfld_status remember_levels(net_graph *g, const net_node *node, net_tensor *out,
                                   pfld_error *err)
{
    net_quant_params p;
    net_quantised *from = arena_alloc(&g->mem, 1, sizeof *from);
    pfld_status status = net_quant_get(g, node, &p, err);
    if (!from)
        return error_nomem(err);
    if (status != PFLD_OK)
        return status;
    *from = (net_quantised){g->values[node->in[0]].constant, p.scale, p.zero, p.axis, p.count};
    out->from = from;
    return PFLD_OK;
}

pfld_status net_eval(net_graph *g, const net_node *node, net_eval_budget *budget, bool *done,
                     pfld_error *err)
{
    net_at at = {g, node, err};
    net_tensor *out[NET_MAX_LIST];
    *done = false;
    if (!evals[node->op].known || node->n_out > NET_MAX_LIST ||
        (node->op != NET_OP_SHAPE && !inputs_constant(&at)))
        return PFLD_OK;
    size_t extra = extra_work(&at);
    if (extra == SIZE_MAX)
        return PFLD_OK;
    if (!spend(&budget->work, extra))
        return net_fail(&at, PFLD_ERR_UNSUPPORTED, "computing the net's constants takes too long");
    pfld_status status;
    if (!evals[node->op].fn) {
        status = make_views(g, node, err);
    } else {
        status = make_tensors(g, node, budget, out, err);
        if (status == PFLD_OK)
            status = evals[node->op].fn(&at, out);
        if (status == PFLD_OK && node->op == NET_OP_DEQUANTIZE_LINEAR)
            status = remember_levels(g, node, out[0], err);
        for (size_t i = 0; status == PFLD_OK && i < node->n_out; i++)
            if (node->out[i] != NET_NONE)
                g->values[node->out[i]].constant = out[i];
    }
    *done = status == PFLD_OK;
    return status;
}
