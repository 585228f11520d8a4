/* From a graph to the maps and steps of training. */
#include <assert.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "net/op_params.h"
#include "train/engine_net.h"

typedef struct builder {
    train_net *t;
    const net_graph *g;
    const net_node *node;
    pfld_error *err;
    train_map **map_of; /* [n_values] NULL: not a map */
    uint32_t *readers;  /* [n_values] inputs of live nodes and graph outputs */
    bool *learns;       /* [n_values] a trained array is behind it: its readers send a gradient */
    bool *live;         /* [n_nodes] an output depends on it */
} builder;

static pfld_status refuse(const builder *b, const char *why)
{
    char text[128];

    return error_set(b->err, PFLD_ERR_UNSUPPORTED, "%s: %s",
                     net_node_text(b->g, b->node, text, sizeof text), why);
}

static const net_value *value_in(const builder *b, size_t i)
{
    return i < b->node->n_in && b->node->in[i] != NET_NONE ? &b->g->values[b->node->in[i]] : NULL;
}

static train_map *map_in(const builder *b, size_t i)
{
    return value_in(b, i) ? b->map_of[b->node->in[i]] : NULL;
}

/* --- trained arrays --- */

/* From the graph's order to ours, or back. */
static void slot_reorder(const train_slot *s, float *graph, bool back)
{
    for (size_t k = 0; k < s->k; k++)
        for (size_t c = 0; c < s->c; c++)
            for (size_t p = 0; p < s->r * s->s; p++) {
                float *there = &graph[(k * s->c + c) * s->r * s->s + p];
                real *here = &s->shown.value[(p * s->c + c) * s->k + k];

                if (back)
                    *there = (float)*here;
                else
                    *here = (real)*there;
            }
}

static bool value_is_taken(const train_net *t, int32_t value)
{
    for (size_t i = 0; i < t->n_params; i++)
        if (t->params[i].value == value)
            return true;
    for (size_t i = 0; i < t->n_states; i++)
        if (t->states[i].value == value)
            return true;
    return false;
}

enum { SLOT_PARAM, SLOT_STATE };

static bool is_trained(const train_net *t, const char *name)
{
    return !t->part || strncmp(name, t->part, strlen(t->part)) == 0;
}

/* Input i of the node, shaped [k][c][r][s] there. */
static pfld_status slot_add(builder *b, size_t i, int kind, bool decays, train_slot shape,
                            train_slot **out)
{
    train_net *t = b->t;
    const net_value *v = value_in(b, i);
    train_slot *s;
    size_t n = shape.k * shape.c * shape.r * shape.s;

    if (!v || !v->constant || v->constant->dtype != NET_F32 || v->constant->count != n)
        return refuse(b, "its weights are not constants of the wanted length");
    if (value_is_taken(t, b->node->in[i]))
        return refuse(b, "it shares weights with another node");
    if (!is_trained(t, v->name))
        kind = SLOT_STATE;
    s = kind == SLOT_PARAM ? &t->params[t->n_params++] : &t->states[t->n_states++];
    *s = shape;
    s->value = b->node->in[i];
    s->shown = (train_param){.name = v->name, .n = n, .decays = decays};
    s->shown.value = arena_alloc(&t->mem, n, sizeof(real));
    if (!s->shown.value)
        return error_nomem(b->err);
    slot_reorder(s, v->constant->data, false);
    *out = s;
    return PFLD_OK;
}

static train_slot slot_of(size_t n)
{
    return (train_slot){.k = n, .c = 1, .r = 1, .s = 1};
}

/* --- maps and steps --- */

static train_map *map_new(builder *b, size_t h, size_t w, size_t c)
{
    train_map *m = &b->t->maps[b->t->n_maps++];

    *m = (train_map){.h = h, .w = w, .c = c, .pixels = h * w};
    return m;
}

static train_step *step_new(builder *b, train_kind kind, size_t n_in, train_map *out)
{
    train_net *t = b->t;
    train_step *s = &t->steps[t->n_steps];

    *s = (train_step){.kind = kind, .name = b->node->name, .n_in = n_in, .out = out};
    s->in = arena_alloc(&t->mem, n_in, sizeof *s->in);
    assert(out);
    out->producer = t->n_steps++;
    return s->in ? s : NULL;
}

static void step_read(const builder *b, train_step *s, size_t i, int32_t value)
{
    train_map *m = b->map_of[value];

    s->in[i] = (train_edge){.map = m, .needed = !m->is_input && b->learns[value]};
    m->readers++;
}

/* The map of value, for something to be applied to it: it has one reader and nothing that would
 * come later; else a copy of the value. */
static pfld_status own_map(builder *b, int32_t value, bool before_norm, train_map **out)
{
    train_map *m = b->map_of[value], *copy;
    train_step *s;

    *out = m;
    if (b->readers[value] == 1 && !m->aliased && !m->is_input && !m->readers &&
        m->act == TRAIN_LINEAR && !(before_norm && m->norm))
        return PFLD_OK;
    copy = map_new(b, m->h, m->w, m->c);
    s = step_new(b, TRAIN_COPY, 1, copy);
    if (!s)
        return error_nomem(b->err);
    step_read(b, s, 0, value);
    *out = copy;
    return PFLD_OK;
}

/* [1][C][H][W], or [1][C]. */
static bool shape_hwc(const net_shape *shape, size_t hwc[3])
{
    hwc[0] = hwc[1] = 1;
    if (shape->rank != 4 && shape->rank != 2)
        return false;
    hwc[2] = (size_t)shape->dim[1];
    if (shape->rank == 4) {
        hwc[0] = (size_t)shape->dim[2];
        hwc[1] = (size_t)shape->dim[3];
    }
    return shape->dim[0] == 1;
}

static pfld_status out_map(builder *b, train_map **out)
{
    int32_t value = b->node->out[0];
    size_t hwc[3];

    if (!shape_hwc(&b->g->values[value].shape, hwc))
        return refuse(b, "its output is no feature map");
    *out = map_new(b, hwc[0], hwc[1], hwc[2]);
    b->map_of[value] = *out;
    return PFLD_OK;
}

/* --- nodes --- */

static pfld_status add_weights(builder *b, train_step *s, train_slot shape)
{
    pfld_status status = slot_add(b, 1, SLOT_PARAM, true, shape, &s->weight);

    if (status == PFLD_OK && value_in(b, 2))
        status = slot_add(b, 2, SLOT_PARAM, false, slot_of(s->n), &s->bias);
    return status;
}

static pfld_status build_conv(builder *b)
{
    train_map *in = map_in(b, 0), *out = NULL;
    net_conv_params p;
    train_step *s;
    bool depthwise, dense;
    pfld_status status = net_conv_get(b->g, b->node, &p, b->err);

    if (status != PFLD_OK || (status = out_map(b, &out)) != PFLD_OK)
        return status;
    assert(out);
    depthwise = p.groups > 1 && p.groups == in->c && out->c == in->c;
    if (p.groups > 1 && !depthwise)
        return refuse(b, "groups can't be trained, unless every channel is one");
    if (p.dilation[0] != 1 || p.dilation[1] != 1)
        return refuse(b, "a dilated window can't be trained");
    if (depthwise && (p.pad[0] >= p.kernel[0] || p.pad[1] >= p.kernel[1]))
        return refuse(b, "its pads are not smaller than its kernel");
    dense = !p.pad[0] && !p.pad[1] && !p.pad[2] && !p.pad[3] &&
            ((p.kernel[0] == in->h && p.kernel[1] == in->w) ||
             (p.kernel[0] * p.kernel[1] == 1 && p.stride[0] == 1 && p.stride[1] == 1));
    s = step_new(b, depthwise ? TRAIN_DEPTHWISE : dense ? TRAIN_DENSE : TRAIN_PATCHES, 1, out);
    if (!s)
        return error_nomem(b->err);
    step_read(b, s, 0, b->node->in[0]);
    s->win = (train_window){in->h,       in->w,       out->h,      out->w,   in->c,   p.kernel[0],
                            p.kernel[1], p.stride[0], p.stride[1], p.pad[0], p.pad[1]};
    s->n = out->c;
    s->k = p.kernel[0] * p.kernel[1] * (depthwise ? 1 : in->c);
    return add_weights(
        b, s,
        (train_slot){.k = out->c, .c = depthwise ? 1 : in->c, .r = p.kernel[0], .s = p.kernel[1]});
}

static pfld_status build_gemm(builder *b)
{
    train_map *in = map_in(b, 0), *out = NULL;
    net_gemm_params p;
    train_step *s;
    pfld_status status = net_gemm_get(b->g, b->node, &p, b->err);

    if (status != PFLD_OK || (status = out_map(b, &out)) != PFLD_OK)
        return status;
    assert(out);
    if (!in || in->pixels != 1 || p.trans_a || p.alpha < 1 || p.alpha > 1 ||
        (value_in(b, 2) && (p.beta < 1 || p.beta > 1)))
        return refuse(b, "only x * W + b can be trained");
    s = step_new(b, TRAIN_DENSE, 1, out);
    if (!s)
        return error_nomem(b->err);
    step_read(b, s, 0, b->node->in[0]);
    s->n = p.n;
    s->k = p.k;
    status = add_weights(b, s,
                         p.trans_b ? (train_slot){.k = p.n, .c = p.k, .r = 1, .s = 1}
                                   : (train_slot){.k = 1, .c = 1, .r = p.k, .s = p.n});
    if (status == PFLD_OK)
        s->weight->shown.fan_in = s->k;
    return status;
}

static pfld_status build_batch_norm(builder *b)
{
    train_net *t = b->t;
    train_norm *n = arena_alloc(&t->mem, 1, sizeof *n);
    train_map *m;
    pfld_status status = n ? own_map(b, b->node->in[0], true, &m) : error_nomem(b->err);

    if (status != PFLD_OK)
        return status;
    if ((status = slot_add(b, 1, SLOT_PARAM, false, slot_of(m->c), &n->gamma)) != PFLD_OK ||
        (status = slot_add(b, 2, SLOT_PARAM, false, slot_of(m->c), &n->beta)) != PFLD_OK ||
        (status = slot_add(b, 3, SLOT_STATE, false, slot_of(m->c), &n->mean)) != PFLD_OK ||
        (status = slot_add(b, 4, SLOT_STATE, false, slot_of(m->c), &n->var)) != PFLD_OK)
        return status;
    n->batch_mean = arena_alloc(&t->mem, m->c, sizeof(real));
    n->deviation = arena_alloc(&t->mem, m->c, sizeof(real));
    n->grad_scale = arena_alloc(&t->mem, m->c, sizeof(real));
    n->grad_shift = arena_alloc(&t->mem, m->c, sizeof(real));
    n->grad_center = arena_alloc(&t->mem, m->c, sizeof(real));
    if (!n->batch_mean || !n->deviation || !n->grad_scale || !n->grad_shift || !n->grad_center)
        return error_nomem(b->err);
    n->epsilon = (double)net_attr_float(b->node, "epsilon", 1e-5f);
    n->momentum = 1 - (double)net_attr_float(b->node, "momentum", 0.9f);
    m->norm = n;
    b->map_of[b->node->out[0]] = m;
    return PFLD_OK;
}

static pfld_status build_act(builder *b)
{
    train_map *m;
    pfld_status status = own_map(b, b->node->in[0], false, &m);

    if (status != PFLD_OK)
        return status;
    m->act = b->node->op == NET_OP_RELU    ? TRAIN_RELU
             : b->node->op == NET_OP_PRELU ? TRAIN_PRELU
                                           : TRAIN_HARD_SWISH;
    b->map_of[b->node->out[0]] = m;
    return m->act == TRAIN_PRELU ? slot_add(b, 1, SLOT_PARAM, false, slot_of(m->c), &m->slope)
                                 : PFLD_OK;
}

/* A step without weights that reads all of the node's inputs. */
static pfld_status build_plain(builder *b, train_kind kind, train_step **out)
{
    train_map *m = NULL;
    train_step *s;
    pfld_status status;

    for (size_t i = 0; i < b->node->n_in; i++)
        if (!map_in(b, i))
            return refuse(b, "only feature maps can be trained, not constants");
    status = out_map(b, &m);
    if (status != PFLD_OK)
        return status;
    s = step_new(b, kind, b->node->n_in, m);
    if (!s)
        return error_nomem(b->err);
    for (size_t i = 0; i < s->n_in; i++)
        step_read(b, s, i, b->node->in[i]);
    if (out)
        *out = s;
    return PFLD_OK;
}

static pfld_status build_add(builder *b)
{
    train_step *s;
    pfld_status status = build_plain(b, TRAIN_ADD, &s);

    for (size_t i = 0; status == PFLD_OK && i < 2; i++)
        if (s->in[i].map->c != s->out->c || s->in[i].map->h != s->out->h ||
            s->in[i].map->w != s->out->w)
            return refuse(b, "only maps of the same shape can be added");
    return status;
}

static pfld_status build_mean(builder *b)
{
    return build_plain(b, TRAIN_MEAN, NULL);
}

/* The node's output is another name of its input. */
static pfld_status build_alias(builder *b)
{
    int32_t from = b->node->in[0];

    b->map_of[b->node->out[0]] = b->map_of[from];
    if (b->readers[from] > 1)
        b->map_of[from]->aliased = true;
    return PFLD_OK;
}

static pfld_status build_flatten(builder *b)
{
    const train_map *in = map_in(b, 0);

    if (net_attr_int(b->node, "axis", 1) != 1)
        return refuse(b, "only an axis of 1 can be trained");
    return in && in->pixels == 1 ? build_alias(b) : build_plain(b, TRAIN_FLATTEN, NULL);
}

static pfld_status build_concat(builder *b)
{
    int64_t axis = net_attr_int(b->node, "axis", 0), rank;

    rank = b->g->values[b->node->out[0]].shape.rank;
    if (axis != 1 && axis + rank != 1)
        return refuse(b, "only channels (axis 1) can be concatenated in training");
    return build_plain(b, TRAIN_CONCAT, NULL);
}

/* Of the many ways of Resize the one that the detector's neck needs; scales are a constant. */
static pfld_status build_upsample(builder *b)
{
    const train_map *in = map_in(b, 0);
    net_resize_params p;
    train_map *m = NULL;
    train_step *s;
    pfld_status status = net_resize_get(b->g, b->node, &p, b->err);

    if (status == PFLD_OK)
        status = out_map(b, &m);
    if (status != PFLD_OK)
        return status;
    assert(m);
    if (p.mode != NET_RESIZE_NEAREST || p.coord != NET_COORD_ASYMMETRIC ||
        p.round != NET_ROUND_FLOOR || m->h != 2 * in->h || m->w != 2 * in->w || m->c != in->c)
        return refuse(b, "only every pixel four times (nearest, asymmetric, floor, times 2) can be "
                         "trained");
    s = step_new(b, TRAIN_UPSAMPLE, 1, m);
    if (!s)
        return error_nomem(b->err);
    step_read(b, s, 0, b->node->in[0]);
    return PFLD_OK;
}

typedef pfld_status build_fn(builder *b);

static build_fn *build_of(net_op op)
{
    static const struct {
        net_op op;
        build_fn *fn;
    } table[] = {
        {NET_OP_CONV, build_conv},
        {NET_OP_GEMM, build_gemm},
        {NET_OP_BATCH_NORM, build_batch_norm},
        {NET_OP_RELU, build_act},
        {NET_OP_PRELU, build_act},
        {NET_OP_HARD_SWISH, build_act},
        {NET_OP_ADD, build_add},
        {NET_OP_GLOBAL_AVERAGE_POOL, build_mean},
        {NET_OP_FLATTEN, build_flatten},
        {NET_OP_CONCAT, build_concat},
        {NET_OP_IDENTITY, build_alias},
        {NET_OP_RESIZE, build_upsample},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].op == op)
            return table[i].fn;
    return NULL;
}

/* Of the node's outputs: whether anything that is trained is behind them. */
static pfld_status note_learning(const builder *b)
{
    const net_node *node = b->node;
    bool trained = false, fixed = false, behind = false;

    for (size_t i = 0; i < node->n_in; i++) {
        const net_value *v = value_in(b, i);

        if (!v || (v->constant && v->constant->dtype != NET_F32))
            continue;
        if (!v->constant)
            behind |= b->learns[node->in[i]];
        else if (is_trained(b->t, v->name))
            trained = true;
        else
            fixed = true;
    }
    if (fixed && (behind || trained))
        return refuse(b, "its weights are not to be trained, but others in or before it are");
    b->learns[node->out[0]] = (trained || behind) && !net_attr_int(node, NET_STOP, 0);
    return PFLD_OK;
}

static pfld_status build_node(builder *b)
{
    build_fn *fn = build_of(b->node->op);
    pfld_status status;

    if (!fn)
        return refuse(b, "this operator can't be trained");
    if (!map_in(b, 0))
        return refuse(b, "its first input is no feature map");
    status = note_learning(b);
    return status == PFLD_OK ? fn(b) : status;
}

/* --- the whole --- */

/* Marks what the outputs depend on, and counts readers among that. */
static void find_live(builder *b)
{
    const net_graph *g = b->g;

    for (size_t i = 0; i < g->n_outputs; i++)
        b->readers[g->outputs[i]]++;
    for (size_t i = g->n_nodes; i-- > 0;) {
        const net_node *node = &g->nodes[i];

        for (size_t o = 0; o < node->n_out; o++)
            if (node->out[o] != NET_NONE && b->readers[node->out[o]])
                b->live[i] = true;
        for (size_t k = 0; b->live[i] && k < node->n_in; k++)
            if (node->in[k] != NET_NONE)
                b->readers[node->in[k]]++;
    }
}

static pfld_status build_input(builder *b)
{
    const net_graph *g = b->g;
    size_t hwc[3];

    if (g->n_inputs != 1 || !shape_hwc(&g->values[g->inputs[0]].shape, hwc))
        return error_set(b->err, PFLD_ERR_UNSUPPORTED,
                         "a net to be trained needs one input of the shape Nx3xHxW");
    b->t->input = map_new(b, hwc[0], hwc[1], hwc[2]);
    b->t->input->is_input = true;
    b->map_of[g->inputs[0]] = b->t->input;
    return PFLD_OK;
}

/* Outputs are stored as they are, and have no other reader. */
static pfld_status build_output(builder *b, size_t i)
{
    int32_t value = b->g->outputs[i];
    train_map *m;
    pfld_status status;
    static const net_node none = {.op = NET_OP_NONE, .name = ""};

    b->node = &none;
    if (!b->map_of[value])
        return error_set(b->err, PFLD_ERR_UNSUPPORTED, "output '%.60s' depends on no input",
                         b->g->values[value].name);
    status = own_map(b, value, true, &m);
    if (status != PFLD_OK)
        return status;
    m->is_output = true;
    b->t->outputs[i] = m;
    return PFLD_OK;
}

/* As many of everything as there can be. */
static pfld_status alloc_lists(builder *b)
{
    train_net *t = b->t;
    const net_graph *g = b->g;
    size_t steps = 2 * g->n_nodes + g->n_outputs + 1;

    t->maps = arena_alloc(&t->mem, steps + 1, sizeof *t->maps);
    t->steps = arena_alloc(&t->mem, steps, sizeof *t->steps);
    t->params = arena_alloc(&t->mem, 2 * g->n_nodes, sizeof *t->params);
    t->states = arena_alloc(&t->mem, 4 * g->n_nodes, sizeof *t->states);
    t->outputs = arena_alloc(&t->mem, g->n_outputs, sizeof *t->outputs);
    b->map_of = mem_alloc(g->n_values, sizeof(train_map *));
    b->readers = mem_alloc(g->n_values, sizeof *b->readers);
    b->live = mem_alloc(g->n_nodes, sizeof *b->live);
    b->learns = mem_alloc(g->n_values, sizeof *b->learns);
    t->n_outputs = g->n_outputs;
    return t->maps && t->steps && t->params && t->states && t->outputs && b->map_of && b->readers &&
                   b->live && b->learns
               ? PFLD_OK
               : error_nomem(b->err);
}

static pfld_status build_all(builder *b)
{
    pfld_status status = alloc_lists(b);

    if (status != PFLD_OK)
        return status;
    find_live(b);
    status = build_input(b);
    for (size_t i = 0; status == PFLD_OK && i < b->g->n_nodes; i++)
        if (b->live[i]) {
            b->node = &b->g->nodes[i];
            status = build_node(b);
        }
    for (size_t i = 0; status == PFLD_OK && i < b->g->n_outputs; i++)
        status = build_output(b, i);
    return status;
}

pfld_status train_build(train_net *t, pfld_error *err)
{
    builder b = {.t = t, .g = t->g, .err = err};
    pfld_status status = build_all(&b);

    mem_free(b.map_of);
    mem_free(b.readers);
    mem_free(b.live);
    mem_free(b.learns);
    return status;
}

pfld_status train_export(const train_net *t, net_graph **out, pfld_error *err)
{
    pfld_status status = net_graph_clone(t->source, out, err);
    size_t n = t->n_params + t->n_states;

    for (size_t i = 0; status == PFLD_OK && i < n; i++) {
        const train_slot *s = i < t->n_params ? &t->params[i] : &t->states[i - t->n_params];
        net_value *v = &(*out)->values[s->value];
        net_tensor *fresh = net_tensor_add(*out, NET_F32, &v->constant->shape, NULL);

        if (fresh) {
            slot_reorder(s, fresh->data, true);
            v->constant = fresh;
        } else {
            status = error_nomem(err);
        }
    }
    if (status != PFLD_OK) {
        net_graph_free(*out);
        *out = NULL;
    }
    return status;
}
