/* Scaling the channels of maps inside a net, while what it computes stays the same. */
#include "net/channels.h"

#include "core/mem.h"
#include "net/op_params.h"

typedef enum effect {        /* of an operator on the scale of a channel */
                      OTHER, /* it is not known to keep it */
                      MIX,   /* none: its weights take any */
                      SAME   /* all its maps have the same */
} effect;

static effect effect_of(const net_graph *g, const net_node *node)
{
    net_conv_params p;
    const net_shape *w;

    switch (node->op) {
    case NET_OP_RELU:
    case NET_OP_ADD:
    case NET_OP_RESIZE:
    case NET_OP_MAX_POOL:
    case NET_OP_AVERAGE_POOL:
    case NET_OP_GLOBAL_AVERAGE_POOL:
        return SAME;
    case NET_OP_CONV:
        if (!g->values[node->in[1]].constant || net_conv_get(g, node, &p, NULL) != PFLD_OK)
            return OTHER;
        w = &g->values[node->in[1]].shape;
        return p.groups == 1 || (w->dim[1] == 1 && w->dim[0] == (int64_t)p.groups) ? MIX : OTHER;
    default:
        return OTHER;
    }
}

static bool is_depthwise(const net_graph *g, const net_node *node)
{
    return node->op == NET_OP_CONV && g->values[node->in[1]].shape.dim[1] == 1 &&
           g->values[node->in[0]].shape.dim[1] == g->values[node->in[1]].shape.dim[0];
}

static int32_t root_of(const int32_t *set, int32_t v)
{
    while (set[v] != v)
        v = set[v];
    return v;
}

static size_t n_maps(const net_node *node)
{
    return node->op == NET_OP_ADD || node->op == NET_OP_CONCAT ? node->n_in : 1;
}

static void join(int32_t *set, int32_t a, int32_t b)
{
    set[root_of(set, a)] = root_of(set, b);
}

static void join_all(const net_graph *g, int32_t *set)
{
    for (size_t i = 0; i < g->n_nodes; i++) {
        const net_node *node = &g->nodes[i];
        for (size_t k = 0; effect_of(g, node) == SAME && k < n_maps(node); k++)
            join(set, node->in[k], node->out[0]);
    }
}

static void block_all(const net_graph *g, const int32_t *set, uint8_t *blocked)
{
    for (size_t v = 0; v < g->n_values; v++) /* also an Add's constant */
        if (g->values[v].constant || !g->values[v].has_shape || g->values[v].shape.rank != 4)
            blocked[root_of(set, (int32_t)v)] = 1;
    for (size_t i = 0; i < g->n_inputs; i++)
        blocked[root_of(set, g->inputs[i])] = 1;
    for (size_t i = 0; i < g->n_outputs; i++)
        blocked[root_of(set, g->outputs[i])] = 1;
    for (size_t i = 0; i < g->n_nodes; i++) {
        const net_node *node = &g->nodes[i];
        if (effect_of(g, node) != OTHER)
            continue;
        for (size_t k = 0; k < node->n_in; k++)
            if (node->in[k] != NET_NONE)
                blocked[root_of(set, node->in[k])] = 1;
        for (size_t k = 0; k < node->n_out; k++)
            if (node->out[k] != NET_NONE)
                blocked[root_of(set, node->out[k])] = 1;
    }
}

bool net_channel_sets(const net_graph *g, int32_t *set)
{
    uint8_t *blocked = mem_alloc(g->n_values, 1);

    if (!blocked)
        return false;
    for (size_t v = 0; v < g->n_values; v++)
        set[v] = (int32_t)v;
    join_all(g, set);
    block_all(g, set, blocked);
    for (size_t v = 0; v < g->n_values; v++) /* before any link is cut */
        blocked[v] = blocked[root_of(set, (int32_t)v)];
    for (size_t v = 0; v < g->n_values; v++)
        if (!blocked[v])
            set[v] = root_of(set, (int32_t)v);
    for (size_t v = 0; v < g->n_values; v++)
        if (blocked[v])
            set[v] = NET_NONE;
    mem_free(blocked);
    return true;
}

bool net_channels_are_free(const net_graph *g, const int32_t *set, int32_t which)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        if (g->nodes[i].op == NET_OP_CONV && set[g->nodes[i].in[0]] == which &&
            !is_depthwise(g, &g->nodes[i]))
            return false;
    return true;
}

/* Input i of node as a constant of its own; NULL: memory ran out. */
static float *own_constant(net_graph *g, net_node *node, size_t i)
{
    const net_value *old = &g->values[node->in[i]];
    const net_tensor *t = old->constant;
    int32_t v = net_constant_add(g, old->name, NET_F32, &t->shape, t->data);

    if (v == NET_NONE)
        return NULL;
    node->in[i] = v;
    return g->values[v].constant->data;
}

static bool scale_outputs(net_graph *g, net_node *node, const double *k)
{
    const net_shape w = g->values[node->in[1]].shape;
    size_t channels = (size_t)w.dim[0], count = g->values[node->in[1]].constant->count / channels;
    float *data = own_constant(g, node, 1), *bias = NULL;
    bool has_bias = node->n_in > 2 && node->in[2] != NET_NONE;

    if (data && has_bias)
        bias = own_constant(g, node, 2);
    if (!data || (has_bias && !bias))
        return false;
    for (size_t c = 0; c < channels; c++) {
        for (size_t i = 0; i < count; i++)
            data[c * count + i] = (float)((double)data[c * count + i] * k[c]);
        if (bias)
            bias[c] = (float)((double)bias[c] * k[c]);
    }
    return true;
}

static bool scale_inputs(net_graph *g, net_node *node, const double *k)
{
    const net_shape w = g->values[node->in[1]].shape;
    bool deep = is_depthwise(g, node);
    size_t out = (size_t)w.dim[0], in = (size_t)w.dim[1], taps = (size_t)(w.dim[2] * w.dim[3]);
    float *data = own_constant(g, node, 1);

    if (!data)
        return false;
    for (size_t m = 0; m < out; m++)
        for (size_t c = 0; c < in; c++)
            for (size_t i = 0; i < taps; i++) {
                float *x = &data[(m * in + c) * taps + i];
                *x = (float)((double)*x / k[deep ? m : c]);
            }
    return true;
}

bool net_channels_scale(net_graph *g, const int32_t *set, int32_t which, const double *k)
{
    bool ok = true;

    for (size_t i = 0; i < g->n_nodes && ok; i++) {
        net_node *node = &g->nodes[i];
        if (node->op != NET_OP_CONV)
            continue;
        if (set[node->out[0]] == which)
            ok = scale_outputs(g, node, k);
        if (ok && set[node->in[0]] == which)
            ok = scale_inputs(g, node, k);
    }
    return ok;
}
