/* Several nodes that are one operator: padding before a window, the hard activations. */
#include <float.h>
#include <math.h>

#include "net/fold_steps.h"
#include "net/op_params.h"

/* What a Pad before a window adds, if it adds the same to all channels. */
static net_node *find_pad(fold_state *s, const net_node *node, net_pad_params *p)
{
    net_node *pad = net_edit_writer(&s->edit, node->in[0]);
    if (!pad || pad->op != NET_OP_PAD || net_pad_get(s->edit.g, pad, p, NULL) != PFLD_OK ||
        p->mode != NET_PAD_CONSTANT || p->rank != 4)
        return NULL;
    for (size_t a = 0; a < 4; a++)
        if (p->before[a] < 0 || p->after[a] < 0 || (a < 2 && (p->before[a] || p->after[a])))
            return NULL;
    net_edit_resolve(&s->edit, pad);
    return pad;
}

/* The window reads what pad reads, with these pads instead of its own. */
static bool replace_pad(fold_state *s, net_node *node, const net_node *pad, const int64_t pads[4])
{
    net_attr attr = {.name = "pads", .kind = NET_ATTR_INTS, .n = 4, .ints = pads};
    if (net_attr_find(node, "auto_pad")) { /* with it, ceil_mode had no meaning */
        net_edit_drop_attr(node, "auto_pad");
        net_edit_drop_attr(node, "ceil_mode");
    }
    return net_edit_set_attr(&s->edit, node, &attr) &&
           net_edit_set_input(&s->edit, node, 0, pad->in[0]);
}

static void add_pads(const net_pad_params *p, const size_t own[4], int64_t pads[4])
{
    for (size_t a = 0; a < 2; a++) {
        pads[a] = (int64_t)own[a] + p->before[2 + a];
        pads[2 + a] = (int64_t)own[2 + a] + p->after[2 + a];
    }
}

static fold_result pad_into_conv(fold_state *s, net_node *node, const net_node *pad,
                                 const net_pad_params *p)
{
    net_conv_params conv;
    int64_t pads[4];
    if (p->value != 0.0 || net_conv_get(s->edit.g, node, &conv, NULL) != PFLD_OK)
        return FOLD_NOTHING;
    add_pads(p, conv.pad, pads);
    for (size_t i = 0; i < 4; i++)
        if (pads[i] > INT16_MAX) /* no net's: keeps the sum inside what Conv accepts */
            return FOLD_NOTHING;
    return replace_pad(s, node, pad, pads) ? FOLD_DONE : FOLD_NOMEM;
}

static bool is_never_negative(const fold_state *s, int32_t value)
{
    const net_node *writer = net_edit_writer(&s->edit, value);
    net_clip_params p;
    if (!writer)
        return false;
    if (writer->op == NET_OP_RELU || writer->op == NET_OP_CLIP)
        return net_clip_get(s->edit.g, writer, &p, NULL) == PFLD_OK && p.lo >= 0.0f;
    return writer->op == NET_OP_SIGMOID || writer->op == NET_OP_HARD_SIGMOID;
}

/* Every window must still reach into the map, and there must be as many of them: with ceil_mode a
 * pool drops the window that starts behind the map and its padding, a Pad is a part of the map. */
static bool windows_stay(const net_pool_params *pool, const net_shape *x, const int64_t pads[4])
{
    for (size_t a = 0; a < 2; a++) {
        int64_t kernel = (int64_t)pool->kernel[a];
        int64_t last = (int64_t)((pool->out[a] - 1) * pool->stride[a]);
        if (pads[a] >= kernel || pads[2 + a] >= kernel || pool->dilation[a] != 1 ||
            last >= x->dim[2 + a] + pads[a])
            return false;
    }
    return true;
}

static fold_result pad_into_pool(fold_state *s, net_node *node, const net_node *pad,
                                 const net_pad_params *p)
{
    const net_attr count = {.name = "count_include_pad", .kind = NET_ATTR_INT, .i = 1};
    net_pool_params pool;
    int64_t pads[4];
    if (net_pool_get(s->edit.g, node, &pool, NULL) != PFLD_OK)
        return FOLD_NOTHING;
    bool own = pool.pad[0] || pool.pad[1] || pool.pad[2] || pool.pad[3];
    bool zero = p->value == 0.0;
    bool equal = pool.mean
                     ? zero && (pool.count_pad || !own)
                     : p->value <= -(double)FLT_MAX || (zero && is_never_negative(s, pad->in[0]));
    add_pads(p, pool.pad, pads);
    if (!equal || !windows_stay(&pool, &s->edit.g->values[pad->in[0]].shape, pads))
        return FOLD_NOTHING;
    if (pool.mean && !net_edit_set_attr(&s->edit, node, &count))
        return FOLD_NOMEM;
    return replace_pad(s, node, pad, pads) ? FOLD_DONE : FOLD_NOMEM;
}

fold_result fold_pad(fold_state *s, net_node *node)
{
    net_pad_params p;
    bool conv = node->op == NET_OP_CONV;
    if (!conv && node->op != NET_OP_AVERAGE_POOL && node->op != NET_OP_MAX_POOL)
        return FOLD_NOTHING;
    const net_node *pad = find_pad(s, node, &p);
    if (!pad)
        return FOLD_NOTHING;
    return conv ? pad_into_conv(s, node, pad, &p) : pad_into_pool(s, node, pad, &p);
}

#define SIXTH (1.0 / 6.0)

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-6;
}

/* node is x / 6. */
static bool is_sixth(const net_graph *g, const net_node *node, int32_t *x)
{
    double v;
    if ((node->op != NET_OP_DIV && node->op != NET_OP_MUL) || !fold_scalar_operand(g, node, x, &v))
        return false;
    return near(v, node->op == NET_OP_DIV ? 6.0 : SIXTH);
}

/* value is clip(x + 3, 0, 6), and nothing else needs the steps to it. */
static bool is_hard_ramp(fold_state *s, int32_t value, int32_t *x)
{
    const net_graph *g = s->edit.g;
    const net_node *clip = net_edit_writer(&s->edit, value);
    net_clip_params p;
    double v;
    if (!clip || clip->op != NET_OP_CLIP || !net_edit_is_private(&s->edit, value) ||
        net_clip_get(g, clip, &p, NULL) != PFLD_OK || !near((double)p.lo, 0) ||
        !near((double)p.hi, 6))
        return false;
    net_node *add = net_edit_writer(&s->edit, clip->in[0]);
    if (!add || add->op != NET_OP_ADD || !net_edit_is_private(&s->edit, clip->in[0]))
        return false;
    net_edit_resolve(&s->edit, add);
    return fold_scalar_operand(g, add, x, &v) && near(v, 3);
}

/* node multiplies its input k by x. */
static bool has_factor(const net_node *node, size_t k, int32_t x)
{
    return node->op == NET_OP_MUL && node->in[1 - k] == x;
}

static bool is_hard_sigmoid(fold_state *s, int32_t value, int32_t *x)
{
    net_node *f = net_edit_writer(&s->edit, value);
    if (!f || f->op != NET_OP_HARD_SIGMOID)
        return false;
    net_unary_params p = net_unary_get(f);
    net_edit_resolve(&s->edit, f);
    *x = f->in[0];
    return near((double)p.alpha, SIXTH) && near((double)p.beta, 0.5);
}

/* x * hardsigmoid(x). */
static bool is_swish_product(fold_state *s, const net_node *node, int32_t *x)
{
    for (size_t k = 0; k < 2 && node->op == NET_OP_MUL; k++)
        if (is_hard_sigmoid(s, node->in[k], x) && has_factor(node, k, *x))
            return true;
    return false;
}

/* x * clip(x + 3, 0, 6) / 6. */
static bool is_swish_quotient(fold_state *s, const net_node *node, int32_t *x)
{
    int32_t product;
    if (!is_sixth(s->edit.g, node, &product) || !net_edit_is_private(&s->edit, product))
        return false;
    net_node *mul = net_edit_writer(&s->edit, product);
    if (!mul || mul->op != NET_OP_MUL)
        return false;
    net_edit_resolve(&s->edit, mul);
    for (size_t k = 0; k < 2; k++)
        if (is_hard_ramp(s, mul->in[k], x) && has_factor(mul, k, *x))
            return true;
    return false;
}

fold_result fold_hard_unary(fold_state *s, net_node *node)
{
    const net_attr alpha = {.name = "alpha", .kind = NET_ATTR_FLOAT, .f = (float)SIXTH};
    const net_attr beta = {.name = "beta", .kind = NET_ATTR_FLOAT, .f = 0.5f};
    int32_t x, ramp;
    if (is_swish_product(s, node, &x) || is_swish_quotient(s, node, &x)) {
        net_edit_become(&s->edit, node, NET_OP_HARD_SWISH, x);
        return FOLD_DONE;
    }
    if (!is_sixth(s->edit.g, node, &ramp) || !is_hard_ramp(s, ramp, &x))
        return FOLD_NOTHING;
    net_edit_become(&s->edit, node, NET_OP_HARD_SIGMOID, x);
    return net_edit_set_attr(&s->edit, node, &alpha) && net_edit_set_attr(&s->edit, node, &beta)
               ? FOLD_DONE
               : FOLD_NOMEM;
}
