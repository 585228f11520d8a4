/* Nodes that change nothing are gone round. */
#include <float.h>

#include "net/fold_steps.h"
#include "net/op_params.h"
#include "net/tensor.h"

static bool same_window(const net_graph *g, const net_node *node)
{
    net_pool_params p;
    if (net_pool_get(g, node, &p, NULL) != PFLD_OK)
        return false;
    for (size_t a = 0; a < 2; a++)
        if (p.kernel[a] != 1 || p.stride[a] != 1 || p.pad[a] || p.pad[2 + a])
            return false;
    return true;
}

static bool same_slice(const net_graph *g, const net_node *node)
{
    net_slice_params p;
    if (net_slice_get(g, node, &p, NULL) != PFLD_OK)
        return false;
    for (size_t a = 0; a < p.rank; a++)
        if (p.start[a] != 0 || (p.step[a] != 1 && p.count[a] != 1))
            return false;
    return true;
}

static bool same_pad(const net_graph *g, const net_node *node)
{
    net_pad_params p;
    if (net_pad_get(g, node, &p, NULL) != PFLD_OK)
        return false;
    for (size_t a = 0; a < p.rank; a++)
        if (p.before[a] || p.after[a])
            return false;
    return true;
}

static bool same_resize(const net_graph *g, const net_node *node)
{
    net_resize_params p;
    if (net_resize_get(g, node, &p, NULL) != PFLD_OK)
        return false;
    for (size_t a = 0; a < p.rank; a++)
        if (p.scale[a] < 1.0 || p.scale[a] > 1.0)
            return false;
    return true;
}

/* Axes longer than 1 stay in order. */
static bool same_order(const net_graph *g, const net_node *node)
{
    const net_shape *x = &g->values[node->in[0]].shape;
    net_transpose_params p;
    size_t last = 0;
    if (net_transpose_get(g, node, &p, NULL) != PFLD_OK)
        return false;
    for (size_t i = 0; i < p.rank; i++) {
        if (x->dim[p.perm[i]] == 1)
            continue;
        if (p.perm[i] < last)
            return false;
        last = p.perm[i];
    }
    return true;
}

static bool same_clip(const net_graph *g, const net_node *node)
{
    net_clip_params p;
    return net_clip_get(g, node, &p, NULL) == PFLD_OK && p.lo <= -FLT_MAX && p.hi >= FLT_MAX;
}

/* Of nodes whose output has the shape and kind of input 0. */
static bool is_noop(const net_edit *e, const net_node *node)
{
    const net_graph *g = e->g;
    switch (node->op) {
    case NET_OP_CAST:
    case NET_OP_EXPAND:
    case NET_OP_FLATTEN:
    case NET_OP_GLOBAL_AVERAGE_POOL:
    case NET_OP_GLOBAL_MAX_POOL:
    case NET_OP_IDENTITY:
    case NET_OP_REDUCE_MAX: /* only axes of length 1 leave the shape alone */
    case NET_OP_REDUCE_MEAN:
    case NET_OP_REDUCE_SUM:
    case NET_OP_RESHAPE:
    case NET_OP_SQUEEZE:
    case NET_OP_TILE:
    case NET_OP_UNSQUEEZE:
        return true;
    case NET_OP_CONCAT:
    case NET_OP_MAX:
    case NET_OP_MIN:
        return node->n_in == 1;
    case NET_OP_SPLIT:
        return node->n_out == 1;
    case NET_OP_DROPOUT:
        return node->n_out == 1 || node->out[1] == NET_NONE ||
               (!e->uses[node->out[1]].readers && !e->uses[node->out[1]].is_output);
    case NET_OP_AVERAGE_POOL:
    case NET_OP_MAX_POOL:
        return same_window(g, node);
    case NET_OP_CLIP:
        return same_clip(g, node);
    case NET_OP_PAD:
        return same_pad(g, node);
    case NET_OP_RESIZE:
    case NET_OP_UPSAMPLE:
        return same_resize(g, node);
    case NET_OP_SLICE:
        return same_slice(g, node);
    case NET_OP_TRANSPOSE:
        return same_order(g, node);
    default:
        return false;
    }
}

bool fold_scalar_operand(const net_graph *g, const net_node *node, int32_t *x, double *scalar)
{
    const net_shape *y = &g->values[node->out[0]].shape;
    for (size_t k = 0; k < 2 && node->n_in == 2; k++) {
        const net_value *t = &g->values[node->in[k]];
        bool swaps = node->op == NET_OP_ADD || node->op == NET_OP_MUL;
        if (!t->constant || t->constant->count != 1 || (k == 0 && !swaps) ||
            !net_shape_equal(&g->values[node->in[1 - k]].shape, y))
            continue;
        *x = node->in[1 - k];
        *scalar = net_tensor_number(t->constant, 0);
        return true;
    }
    return false;
}

/* Adding 0, multiplying by 1. */
static bool neutral(const net_graph *g, const net_node *node, int32_t *x)
{
    double v;
    bool sum = node->op == NET_OP_ADD || node->op == NET_OP_SUB;
    bool product = node->op == NET_OP_MUL || node->op == NET_OP_DIV;
    return (sum || product) && fold_scalar_operand(g, node, x, &v) && v == (sum ? 0.0 : 1.0);
}

/* A transposition of a transposition that puts everything back: *x is what it was. */
static bool undoes(net_edit *e, const net_node *node, int32_t *x)
{
    net_node *before = node->op == NET_OP_TRANSPOSE ? net_edit_writer(e, node->in[0]) : NULL;
    net_transpose_params first, second;
    if (!before || before->op != NET_OP_TRANSPOSE)
        return false;
    net_edit_resolve(e, before);
    if (net_transpose_get(e->g, before, &first, NULL) != PFLD_OK ||
        net_transpose_get(e->g, node, &second, NULL) != PFLD_OK)
        return false;
    for (size_t i = 0; i < second.rank; i++)
        if (first.perm[second.perm[i]] != i)
            return false;
    *x = before->in[0];
    return true;
}

fold_result fold_noop(fold_state *s, net_node *node)
{
    const net_graph *g = s->edit.g;
    int32_t x;
    if (neutral(g, node, &x) || undoes(&s->edit, node, &x))
        return net_edit_bypass(&s->edit, node, x) ? FOLD_DONE : FOLD_NOTHING;
    if (!node->n_in || node->in[0] == NET_NONE || node->out[0] == NET_NONE)
        return FOLD_NOTHING;
    const net_value *from = &g->values[node->in[0]], *to = &g->values[node->out[0]];
    if (from->dtype != to->dtype || !net_shape_equal(&from->shape, &to->shape) ||
        !is_noop(&s->edit, node))
        return FOLD_NOTHING;
    return net_edit_bypass(&s->edit, node, node->in[0]) ? FOLD_DONE : FOLD_NOTHING;
}
