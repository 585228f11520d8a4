/* Per-channel multiplication and addition moved into the weights of the layer before. */
#include <math.h>
#include <stdio.h>

#include "core/mem.h"
#include "net/fold_steps.h"
#include "net/op_params.h"
#include "net/tensor.h"

typedef struct affine { /* y = x * mul + add, by channel (axis 1) */
    int32_t x;          /* a value */
    size_t constant;    /* which input of a binary node is the constant */
    size_t channels;
    double *mul, *add; /* [channels], one block at mul */
} affine;

/* True where t, spread over x, has one value for each channel or one for all. */
static bool is_per_channel(const net_shape *t, const net_shape *x)
{
    int32_t ahead = x->rank - t->rank;
    if (ahead < 0 || x->rank < 2)
        return false;
    for (int32_t i = 0; i < t->rank; i++)
        if (t->dim[i] != 1 && (i + ahead != 1 || t->dim[i] != x->dim[1]))
            return false;
    return true;
}

static bool find_binary(const net_graph *g, const net_node *node, affine *a)
{
    if (node->op != NET_OP_ADD && node->op != NET_OP_SUB && node->op != NET_OP_MUL &&
        node->op != NET_OP_DIV)
        return false;
    for (size_t k = 0; k < 2; k++) {
        const net_value *t = &g->values[node->in[k]], *x = &g->values[node->in[1 - k]];
        if (!t->constant || t->dtype != NET_F32 || (node->op == NET_OP_DIV && k == 0))
            continue;
        a->x = node->in[1 - k];
        a->constant = k;
        a->channels = x->shape.rank > 1 ? (size_t)x->shape.dim[1] : 0;
        return is_per_channel(&t->shape, &x->shape);
    }
    return false;
}

/* True where node is affine in one input by channel; says which and how many, not yet by what. */
static bool find_affine(const net_graph *g, const net_node *node, affine *a)
{
    net_batch_norm_params p;
    *a = (affine){0};
    if (node->op != NET_OP_BATCH_NORM)
        return find_binary(g, node, a);
    a->x = node->in[0];
    if (net_batch_norm_get(g, node, &p, NULL) != PFLD_OK)
        return false;
    a->channels = p.channels;
    return true;
}

static void read_batch_norm(const net_graph *g, const net_node *node, affine *a)
{
    net_batch_norm_params p;
    if (net_batch_norm_get(g, node, &p, NULL) != PFLD_OK)
        return; /* find_affine() has seen that it works */
    for (size_t c = 0; c < a->channels; c++) {
        a->mul[c] = (double)p.scale[c] / sqrt((double)p.var[c] + p.epsilon);
        a->add[c] = (double)p.bias[c] - (double)p.mean[c] * a->mul[c];
    }
}

static void read_binary(const net_graph *g, const net_node *node, affine *a)
{
    const net_tensor *t = g->values[node->in[a->constant]].constant;
    for (size_t c = 0; c < a->channels; c++) {
        double v = net_tensor_number(t, t->count == 1 ? 0 : c);
        a->mul[c] = 1;
        a->add[c] = 0;
        if (node->op == NET_OP_MUL)
            a->mul[c] = v;
        else if (node->op == NET_OP_DIV)
            a->mul[c] = 1 / v;
        else if (node->op == NET_OP_ADD)
            a->add[c] = v;
        else if (a->constant == 1)
            a->add[c] = -v;
        else { /* v - x */
            a->mul[c] = -1;
            a->add[c] = v;
        }
    }
}

/* False where memory ran out; a->mul is freed by the caller. */
static bool read_affine(const net_graph *g, const net_node *node, affine *a)
{
    a->mul = mem_alloc(a->channels, 2 * sizeof *a->mul);
    if (!a->mul)
        return false;
    a->add = a->mul + a->channels;
    if (node->op == NET_OP_BATCH_NORM)
        read_batch_norm(g, node, a);
    else
        read_binary(g, node, a);
    return true;
}

/* Where the output channels are in a layer's weights: channel (i / outer) * part + i / inner % part
 * of element i. */
typedef struct layout {
    size_t inner, part, outer;
} layout;

static bool weight_layout(const net_graph *g, const net_node *layer, layout *l)
{
    const net_shape *w = &g->values[layer->in[1]].shape;
    net_conv_params conv;
    net_gemm_params gemm;
    if (layer->op == NET_OP_GEMM) {
        if (net_gemm_get(g, layer, &gemm, NULL) != PFLD_OK)
            return false;
        *l = (layout){gemm.trans_b ? gemm.k : 1, gemm.n, gemm.k * gemm.n};
        return true;
    }
    if (net_conv_get(g, layer, &conv, NULL) != PFLD_OK)
        return false;
    size_t pixels = conv.kernel[0] * conv.kernel[1];
    if (layer->op == NET_OP_CONV) {
        size_t filters = (size_t)w->dim[0], inner = (size_t)w->dim[1] * pixels;
        *l = (layout){inner, filters, filters * inner};
    } else {
        size_t part = (size_t)w->dim[1];
        *l = (layout){pixels, part, (size_t)w->dim[0] / conv.groups * part * pixels};
    }
    return true;
}

static bool is_list_of(const net_shape *s, size_t n)
{
    for (int32_t i = 0; i < s->rank; i++)
        if (s->dim[i] != 1 && (i != s->rank - 1 || (size_t)s->dim[i] != n))
            return false;
    return true;
}

/* The layer's numbers are constants, one bias for each channel or none. */
static bool can_take(const net_graph *g, const net_node *layer, size_t channels)
{
    if (layer->op != NET_OP_CONV && layer->op != NET_OP_CONV_TRANSPOSE && layer->op != NET_OP_GEMM)
        return false;
    if (!g->values[layer->in[1]].constant ||
        g->values[layer->out[0]].shape.dim[1] != (int64_t)channels)
        return false;
    if (layer->n_in < 3 || layer->in[2] == NET_NONE)
        return true;
    const net_value *bias = &g->values[layer->in[2]];
    return bias->constant && is_list_of(&bias->shape, channels);
}

static bool take(fold_state *s, size_t n)
{
    if (n > s->budget)
        return false;
    s->budget -= n;
    return true;
}

static bool scale_weights(fold_state *s, net_node *layer, const layout *l, const affine *a)
{
    const net_graph *g = s->edit.g;
    const net_tensor *old = g->values[layer->in[1]].constant;
    const float *from = old->data;
    float *to;
    int32_t value = net_edit_constant(&s->edit, g->values[layer->in[1]].name, &old->shape, &to);
    if (value == NET_NONE)
        return false;
    for (size_t i = 0; i < old->count; i++) {
        size_t c = i / l->outer * l->part + i / l->inner % l->part;
        to[i] = (float)((double)from[i] * a->mul[c]);
    }
    return net_edit_set_input(&s->edit, layer, 1, value);
}

static bool shift_bias(fold_state *s, net_node *layer, const affine *a)
{
    const net_graph *g = s->edit.g;
    bool has = layer->n_in > 2 && layer->in[2] != NET_NONE;
    const net_tensor *old = has ? g->values[layer->in[2]].constant : NULL;
    const char *name = g->values[has ? layer->in[2] : layer->out[0]].name;
    double beta = layer->op == NET_OP_GEMM ? (double)net_attr_float(layer, "beta", 1.0f) : 1.0;
    net_shape shape = {.rank = 1, .dim = {(int64_t)a->channels}};
    float *to;
    int32_t value = net_edit_constant(&s->edit, name, &shape, &to);
    if (value == NET_NONE)
        return false;
    for (size_t c = 0; c < a->channels; c++) {
        double b = has ? beta * net_tensor_number(old, old->count == 1 ? 0 : c) : 0;
        to[c] = (float)(b * a->mul[c] + a->add[c]);
    }
    net_edit_drop_attr(layer, "beta");
    return net_edit_set_input(&s->edit, layer, 2, value);
}

static bool any_is_not(const double *v, size_t n, double x)
{
    for (size_t i = 0; i < n; i++)
        if (v[i] != x)
            return true;
    return false;
}

static fold_result merge(fold_state *s, net_node *layer, net_node *node, const affine *a)
{
    const net_graph *g = s->edit.g;
    bool scales = any_is_not(a->mul, a->channels, 1.0);
    layout l;
    if (!weight_layout(g, layer, &l) ||
        (scales && !take(s, g->values[layer->in[1]].constant->count)))
        return FOLD_NOTHING;
    if ((scales && !scale_weights(s, layer, &l, a)) || !shift_bias(s, layer, a))
        return FOLD_NOMEM;
    net_edit_absorb(&s->edit, layer, node);
    return FOLD_DONE;
}

fold_result fold_affine(fold_state *s, net_node *node)
{
    const net_graph *g = s->edit.g;
    affine a;
    if (!find_affine(g, node, &a))
        return FOLD_NOTHING;
    net_node *layer = net_edit_writer(&s->edit, a.x);
    if (!layer || !net_edit_is_private(&s->edit, a.x) || !can_take(g, layer, a.channels) ||
        !net_shape_equal(&g->values[a.x].shape, &g->values[node->out[0]].shape) ||
        !take(s, a.channels))
        return FOLD_NOTHING;
    fold_result result = read_affine(g, node, &a) ? merge(s, layer, node, &a) : FOLD_NOMEM;
    mem_free(a.mul);
    return result;
}

/* [C][1][1] for a map, so that it spreads over rows and columns. */
static int32_t add_channel_constant(fold_state *s, const net_node *node, const double *v, size_t n)
{
    const net_value *x = &s->edit.g->values[node->in[0]];
    net_shape shape = {.rank = x->shape.rank > 1 ? x->shape.rank - 1 : 1};
    for (int32_t i = 0; i < shape.rank; i++)
        shape.dim[i] = i ? 1 : (int64_t)n;
    float *to;
    const char *name = s->edit.g->values[node->out[0]].name;
    int32_t value = net_edit_constant(&s->edit, name, &shape, &to);
    for (size_t c = 0; value != NET_NONE && c < n; c++)
        to[c] = (float)v[c];
    return value;
}

static bool split(fold_state *s, size_t index, const affine *a)
{
    net_graph *g = s->edit.g;
    net_node *node = &g->nodes[index];
    int32_t x = node->in[0], y = node->out[0];
    int32_t mul = add_channel_constant(s, node, a->mul, a->channels);
    int32_t add = add_channel_constant(s, node, a->add, a->channels);
    int32_t middle = net_edit_value(&s->edit, g->values[y].name, NET_F32, &g->values[x].shape);
    char name[96];
    if (mul == NET_NONE || add == NET_NONE || middle == NET_NONE)
        return false;
    net_edit_become(&s->edit, node, NET_OP_MUL, x);
    if (!net_edit_set_input(&s->edit, node, 1, mul))
        return false;
    node->out[0] = middle;
    node->n_out = 1;
    snprintf(name, sizeof name, "%.80s/add", node->name);
    return net_edit_append(&s->edit, NET_OP_ADD, name, (const int32_t[]){middle, add}, y);
}

fold_result fold_split_batch_norm(fold_state *s, size_t index)
{
    const net_node *node = &s->edit.g->nodes[index];
    affine a;
    if (!find_affine(s->edit.g, node, &a) || !take(s, 2 * a.channels))
        return FOLD_NOTHING;
    bool done = read_affine(s->edit.g, node, &a) && split(s, index, &a);
    mem_free(a.mul);
    return done ? FOLD_DONE : FOLD_NOMEM;
}
