/* Which values of a net become 8-bit numbers, and which of them share a scale. */
#include <math.h>

#include "core/error.h"
#include "net/op_params.h"
#include "net/quantise.h"

typedef enum role { /* of an operator among 8-bit numbers */
                    FOREIGN,
                    WEIGHTS, /* multiplies by constants */
                    CLAMP,   /* ReLU, and Clip from 0 on */
                    OWN,     /* its output has a scale of its own */
                    MOVE     /* its outputs are its inputs' numbers: all share one scale */
} role;

static const uint8_t roles[NET_OP_COUNT] = {
    [NET_OP_CONV] = WEIGHTS,
    [NET_OP_GEMM] = WEIGHTS,
    [NET_OP_RELU] = CLAMP,
    [NET_OP_CLIP] = CLAMP,
    [NET_OP_ADD] = OWN,
    [NET_OP_AVERAGE_POOL] = OWN,
    [NET_OP_GLOBAL_AVERAGE_POOL] = OWN,
    [NET_OP_CONCAT] = MOVE,
    [NET_OP_FLATTEN] = MOVE,
    [NET_OP_RESHAPE] = MOVE,
    [NET_OP_RESIZE] = MOVE,
    [NET_OP_MAX_POOL] = MOVE,
    [NET_OP_TRANSPOSE] = MOVE,
};

typedef struct planner {
    const net_graph *g;
    net_quant_plan *p;
    uint32_t *readers; /* [n_values] inputs of nodes */
    int32_t *writer;   /* [n_values] node, or NET_NONE */
    uint8_t *is_out;   /* [n_values] of the graph */
    uint8_t *positive; /* [n_values] never below 0 */
    float *most;       /* [n_values] never above that */
    uint8_t *wanted;   /* [n_values] a node that is quantised reads it */
    uint8_t *tail;     /* [n_nodes] behind the last weights: stays float */
} planner;

/* ---- what the graph looks like ---- */

static role role_of(const net_node *node)
{
    return (role)roles[node->op];
}

/* Inputs that are maps: the others are shapes, weights, sizes. */
static size_t n_maps(const net_node *node)
{
    return node->op == NET_OP_ADD || node->op == NET_OP_CONCAT ? node->n_in : 1;
}

static void look_around(planner *s)
{
    const net_graph *g = s->g;

    for (size_t v = 0; v < g->n_values; v++) {
        s->writer[v] = s->p->group[v] = NET_NONE;
        s->most[v] = INFINITY;
    }
    for (size_t i = 0; i < g->n_outputs; i++)
        s->is_out[g->outputs[i]] = 1;
    for (size_t i = 0; i < g->n_nodes; i++) {
        const net_node *node = &g->nodes[i];
        s->p->writes[i] = node->out[0];
        for (size_t k = 0; k < node->n_in; k++)
            if (node->in[k] != NET_NONE)
                s->readers[node->in[k]]++;
        for (size_t k = 0; k < node->n_out; k++)
            if (node->out[k] != NET_NONE)
                s->writer[node->out[k]] = (int32_t)i;
    }
}

static bool has_wanted_output(const planner *s, const net_node *node)
{
    for (size_t k = 0; k < node->n_out; k++)
        if (node->out[k] != NET_NONE && s->wanted[node->out[k]])
            return true;
    return false;
}

/* From the outputs back: what no weights follow is the tail. */
static void mark_tail(planner *s)
{
    for (size_t i = s->g->n_nodes; i-- > 0;) {
        const net_node *node = &s->g->nodes[i];
        s->tail[i] = role_of(node) != WEIGHTS && !has_wanted_output(s, node);
        for (size_t k = 0; !s->tail[i] && k < n_maps(node); k++)
            s->wanted[node->in[k]] = 1;
    }
}

/* ---- what can't be done ---- */

static pfld_status refuse(const planner *s, const net_node *node, const char *why, pfld_error *err)
{
    char text[160];

    return error_set(err, PFLD_ERR_UNSUPPORTED, "%s can't be quantised: %s",
                     net_node_text(s->g, node, text, sizeof text), why);
}

static bool is_floats(const net_graph *g, int32_t value)
{
    return g->values[value].constant && g->values[value].constant->dtype == NET_F32;
}

/* No bias, or one number for each output channel. */
static bool is_bias(const net_graph *g, const net_node *node, size_t channels)
{
    if (node->n_in < 3 || node->in[2] == NET_NONE)
        return true;
    return is_floats(g, node->in[2]) && g->values[node->in[2]].constant->count == channels;
}

static pfld_status check_weights(const planner *s, const net_node *node, pfld_error *err)
{
    const net_graph *g = s->g;
    net_gemm_params p;
    size_t channels;
    pfld_status st;

    if (!is_floats(g, node->in[1]))
        return refuse(s, node, "its weights are no constant", err);
    channels = (size_t)g->values[node->in[1]].shape.dim[0];
    if (node->op == NET_OP_GEMM) {
        st = net_gemm_get(g, node, &p, err);
        if (st != PFLD_OK)
            return st;
        if (p.trans_a || p.alpha < 1.0f || p.alpha > 1.0f || p.beta < 1.0f || p.beta > 1.0f)
            return refuse(s, node, "alpha, beta and transA must be 1, 1 and 0", err);
        channels = p.n;
    }
    return is_bias(g, node, channels) ? PFLD_OK
                                      : refuse(s, node,
                                               "its bias is no constant of a number for "
                                               "each channel",
                                               err);
}

static pfld_status check_clamp(const planner *s, const net_node *node, pfld_error *err)
{
    net_clip_params p;
    pfld_status st = net_clip_get(s->g, node, &p, err);

    if (st == PFLD_OK && (p.lo < 0.0f || p.lo > 0.0f))
        return refuse(s, node, "it does not clip at 0", err);
    return st;
}

static pfld_status check_resize(const planner *s, const net_node *node, pfld_error *err)
{
    net_resize_params p;
    pfld_status st = net_resize_get(s->g, node, &p, err);

    if (st == PFLD_OK && p.mode != NET_RESIZE_NEAREST)
        return refuse(s, node, "only nearest is done in 8 bits", err);
    return st;
}

static pfld_status check_node(const planner *s, const net_node *node, pfld_error *err)
{
    if (role_of(node) == FOREIGN)
        return refuse(s, node, "this operator is not done in 8 bits", err);
    if (node->n_out > 1)
        return refuse(s, node, "it has two outputs", err);
    for (size_t k = 0; k < n_maps(node); k++)
        if (s->g->values[node->in[k]].constant)
            return refuse(s, node, "it reads a constant", err);
    switch (role_of(node)) {
    case WEIGHTS:
        return check_weights(s, node, err);
    case CLAMP:
        return check_clamp(s, node, err);
    default:
        return node->op == NET_OP_RESIZE ? check_resize(s, node, err) : PFLD_OK;
    }
}

/* The quantised net says opset 13, and an older net's operators must mean the same there. */
static bool changed_by_13(net_op op)
{
    static const uint8_t same[NET_OP_COUNT] = {
        [NET_OP_CONV] = 1,    [NET_OP_GEMM] = 1,         [NET_OP_RELU] = 1,
        [NET_OP_ADD] = 1,     [NET_OP_AVERAGE_POOL] = 1, [NET_OP_GLOBAL_AVERAGE_POOL] = 1,
        [NET_OP_CONCAT] = 1,  [NET_OP_FLATTEN] = 1,      [NET_OP_RESHAPE] = 1,
        [NET_OP_SIGMOID] = 1, [NET_OP_MAX_POOL] = 1,     [NET_OP_TRANSPOSE] = 1,
    };

    return !same[op];
}

static pfld_status check_all(const planner *s, pfld_error *err)
{
    const net_graph *g = s->g;
    bool any = false;
    pfld_status st = PFLD_OK;

    for (size_t i = 0; i < g->n_nodes; i++)
        if (g->nodes[i].op == NET_OP_QUANTIZE_LINEAR || g->nodes[i].op == NET_OP_DEQUANTIZE_LINEAR)
            return error_set(err, PFLD_ERR_UNSUPPORTED, "the model is quantised already");
    for (size_t i = 0; i < g->n_nodes && st == PFLD_OK; i++) {
        if (g->opset < 13 && changed_by_13(g->nodes[i].op))
            st = refuse(s, &g->nodes[i],
                        "its form is of an opset before 13, the first with a "
                        "scale for each channel",
                        err);
        if (s->tail[i] || st != PFLD_OK)
            continue;
        st = check_node(s, &g->nodes[i], err);
        any |= role_of(&g->nodes[i]) == WEIGHTS;
    }
    if (st == PFLD_OK && !any)
        return error_set(err, PFLD_ERR_UNSUPPORTED, "there are no weights to quantise");
    return st;
}

/* ---- scales that are one ---- */

static int32_t root_of(const net_quant_plan *p, int32_t v)
{
    while (p->group[v] != v)
        v = p->group[v];
    return v;
}

static void tie(net_quant_plan *p, int32_t a, int32_t b)
{
    a = root_of(p, a);
    b = root_of(p, b);
    p->group[a > b ? a : b] = a > b ? b : a;
}

/* A clamp whose input is a sum that nobody else sees: what is below 0 there never matters. */
static bool clamps_sum(const planner *s, const net_node *node)
{
    int32_t x = node->in[0], writer = s->writer[x];

    if (role_of(node) != CLAMP || writer == NET_NONE || s->readers[x] != 1 || s->is_out[x])
        return false;
    return role_of(&s->g->nodes[writer]) == WEIGHTS || s->g->nodes[writer].op == NET_OP_ADD;
}

/* Of a node's output: its sign and its upper bound, from those of its inputs. */
static void note_bounds(planner *s, const net_node *node)
{
    net_clip_params p = {.hi = INFINITY};
    bool positive = true;
    float most = role_of(node) == MOVE ? -INFINITY : INFINITY;

    for (size_t k = 0; k < n_maps(node); k++) {
        positive &= s->positive[node->in[k]];
        if (role_of(node) == MOVE)
            most = fmaxf(most, s->most[node->in[k]]);
    }
    if (role_of(node) == WEIGHTS)
        positive = false;
    if (role_of(node) == CLAMP) /* checked before */
        (void)net_clip_get(s->g, node, &p, NULL);
    s->positive[node->out[0]] = positive || role_of(node) == CLAMP;
    s->most[node->out[0]] = fminf(most, p.hi);
}

static void make_groups(planner *s)
{
    const net_graph *g = s->g;
    net_quant_plan *p = s->p;

    for (size_t v = 0; v < g->n_values; v++)
        if (s->wanted[v]) {
            p->group[v] = (int32_t)v;
            p->counts[v] = 1;
        }
    for (size_t i = 0; i < g->n_nodes; i++) {
        const net_node *node = &g->nodes[i];
        if (s->tail[i])
            continue;
        note_bounds(s, node);
        if (clamps_sum(s, node)) {
            p->counts[node->in[0]] = 0;
            p->group[node->in[0]] = node->out[0]; /* nobody else has tied it */
        }
        for (size_t k = 0; role_of(node) == MOVE && k < n_maps(node); k++)
            tie(p, node->in[k], node->out[0]);
    }
    for (size_t v = 0; v < g->n_values; v++)
        if (p->group[v] != NET_NONE)
            p->group[v] = root_of(p, (int32_t)v);
}

/* What is known of a group. */
typedef struct bounds {
    bool negative; /* it may be */
    float most;
} bounds;

static void bound_groups(const planner *s, bounds *of)
{
    const net_quant_plan *p = s->p;

    for (size_t v = 0; v < s->g->n_values; v++)
        if (p->group[v] != NET_NONE && p->counts[v]) {
            bounds *b = &of[p->group[v]];
            b->negative |= !s->positive[v];
            b->most = fmaxf(b->most, s->most[v]);
        }
}

/* In a group that is never negative, zero is 0, and the clamp there is the ReLU. Where others of
 * the group may be larger than a clamp lets through, its upper bound is not the group's. */
static void drop_clamps(planner *s, bounds *of)
{
    const net_graph *g = s->g;
    net_quant_plan *p = s->p;

    bound_groups(s, of);
    for (size_t i = 0; i < g->n_nodes; i++) {
        const net_node *node = &g->nodes[i];
        int32_t out = node->out[0];
        if (s->tail[i] || !clamps_sum(s, node) || s->is_out[out] || of[p->group[out]].negative ||
            of[p->group[out]].most > s->most[out])
            continue;
        p->writes[s->writer[node->in[0]]] = out;
        p->writes[i] = NET_NONE;
        p->group[node->in[0]] = NET_NONE;
    }
}

static bool start(planner *s)
{
    size_t n = s->g->n_values, nodes = s->g->n_nodes;
    arena *mem = &s->p->mem;

    s->p->group = arena_alloc(mem, n, sizeof *s->p->group);
    s->p->counts = arena_alloc(mem, n, 1);
    s->p->writes = arena_alloc(mem, nodes, sizeof *s->p->writes);
    s->readers = arena_alloc(mem, n, sizeof *s->readers);
    s->writer = arena_alloc(mem, n, sizeof *s->writer);
    s->is_out = arena_alloc(mem, n, 1);
    s->positive = arena_alloc(mem, n, 1);
    s->most = arena_alloc(mem, n, sizeof *s->most);
    s->wanted = arena_alloc(mem, n, 1);
    s->tail = arena_alloc(mem, nodes, 1);
    return s->p->group && s->p->counts && s->p->writes && s->readers && s->writer && s->is_out &&
           s->positive && s->most && s->wanted && s->tail;
}

pfld_status net_quant_plan_make(const net_graph *g, net_quant_plan *out, pfld_error *err)
{
    planner s = {.g = g, .p = out};
    bounds *of;
    pfld_status st;

    *out = (net_quant_plan){0};
    of = arena_alloc(&out->mem, g->n_values, sizeof *of);
    if (!of || !start(&s)) {
        net_quant_plan_free(out);
        return error_nomem(err);
    }
    look_around(&s);
    mark_tail(&s);
    st = check_all(&s, err);
    if (st == PFLD_OK) {
        make_groups(&s);
        drop_clamps(&s, of);
    } else {
        net_quant_plan_free(out);
    }
    return st;
}

void net_quant_plan_free(net_quant_plan *p)
{
    arena_free(&p->mem);
    *p = (net_quant_plan){0};
}
