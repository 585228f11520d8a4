/* Compiles a graph into steps over one arena, and runs them. */
#include "infer/infer.h"

#include <assert.h>
#include <string.h>

#include "core/checked.h"
#include "core/error.h"
#include "core/mem.h"
#include "infer/lower.h"
#include "net/op_params.h"

enum { MAX_BYTES = 1 << 30 }; /* of feature maps alive at once */

typedef struct io { /* a graph input or output */
    const char *name;
    net_shape shape;
    infer_view view;
} io;

struct infer_net {
    const kernels *k;
    const int8_kernels *k8;
    step *steps; /* [n_steps] */
    size_t n_steps;
    io *inputs, *outputs; /* [n_inputs], [n_outputs] */
    size_t n_inputs, n_outputs;
    infer_view picture; /* its bytes; buf < 0: there is none */
    size_t activation_bytes, weight_bytes;
};

static const struct op_row {
    net_op op;
    lower_op *lower;
} op_table[] = {
    {NET_OP_ADD, lower_binary},
    {NET_OP_AVERAGE_POOL, lower_pool},
    {NET_OP_CEIL, lower_unary},
    {NET_OP_CLIP, lower_unary},
    {NET_OP_CONCAT, lower_concat},
    {NET_OP_CONV, lower_conv},
    {NET_OP_CONV_TRANSPOSE, lower_conv_transpose},
    {NET_OP_DEQUANTIZE_LINEAR, lower_quant},
    {NET_OP_DIV, lower_binary},
    {NET_OP_DROPOUT, lower_view},
    {NET_OP_ELU, lower_unary},
    {NET_OP_ERF, lower_unary},
    {NET_OP_EXP, lower_unary},
    {NET_OP_EXPAND, lower_view},
    {NET_OP_FLATTEN, lower_view},
    {NET_OP_FLOOR, lower_unary},
    {NET_OP_GATHER, lower_gather},
    {NET_OP_GEMM, lower_gemm},
    {NET_OP_GLOBAL_AVERAGE_POOL, lower_pool},
    {NET_OP_GLOBAL_MAX_POOL, lower_pool},
    {NET_OP_HARD_SIGMOID, lower_unary},
    {NET_OP_HARD_SWISH, lower_unary},
    {NET_OP_IDENTITY, lower_view},
    {NET_OP_LEAKY_RELU, lower_unary},
    {NET_OP_LOG, lower_unary},
    {NET_OP_MATMUL, lower_matmul},
    {NET_OP_MAX, lower_binary},
    {NET_OP_MAX_POOL, lower_pool},
    {NET_OP_MIN, lower_binary},
    {NET_OP_MUL, lower_binary},
    {NET_OP_NEG, lower_unary},
    {NET_OP_PAD, lower_pad},
    {NET_OP_POW, lower_binary},
    {NET_OP_PRELU, lower_binary},
    {NET_OP_QUANTIZE_LINEAR, lower_quant},
    {NET_OP_RECIPROCAL, lower_unary},
    {NET_OP_REDUCE_MAX, lower_reduce},
    {NET_OP_REDUCE_MEAN, lower_reduce},
    {NET_OP_REDUCE_SUM, lower_reduce},
    {NET_OP_RELU, lower_unary},
    {NET_OP_RESHAPE, lower_view},
    {NET_OP_RESIZE, lower_resize},
    {NET_OP_SIGMOID, lower_unary},
    {NET_OP_SLICE, lower_view},
    {NET_OP_SOFTMAX, lower_softmax},
    {NET_OP_SOFTPLUS, lower_unary},
    {NET_OP_SPLIT, lower_view},
    {NET_OP_SQRT, lower_unary},
    {NET_OP_SQUEEZE, lower_view},
    {NET_OP_SUB, lower_binary},
    {NET_OP_TANH, lower_unary},
    {NET_OP_TILE, lower_tile},
    {NET_OP_TRANSPOSE, lower_view},
    {NET_OP_UNSQUEEZE, lower_view},
    {NET_OP_UPSAMPLE, lower_resize},
};

/* ---- compiling ---- */

static bool start(lower *l)
{
    size_t i;

    l->view = arena_alloc(&l->tmp, l->g->n_values, sizeof(*l->view));
    l->uses = arena_alloc(&l->tmp, l->g->n_values, sizeof(*l->uses));
    l->bytes = arena_alloc(&l->tmp, l->g->n_values, sizeof(*l->bytes));
    l->floats = arena_alloc(&l->tmp, l->g->n_values, sizeof(*l->floats));
    l->reader = arena_alloc(&l->tmp, l->g->n_values, sizeof(*l->reader));
    l->writer = arena_alloc(&l->tmp, l->g->n_values, sizeof(*l->writer));
    l->absorbed = arena_alloc(&l->tmp, l->g->n_nodes, sizeof(*l->absorbed));
    if (!l->view || !l->bytes || !l->floats || !l->uses || !l->reader || !l->writer || !l->absorbed)
        return false;
    l->picture = NET_NONE;
    l->shown.v.buf = -1;
    for (i = 0; i < l->g->n_values; i++) {
        l->view[i].buf = l->bytes[i].v.buf = l->floats[i].v.buf = -1;
        l->reader[i] = l->writer[i] = -1;
    }
    return true;
}

static void count_uses(lower *l)
{
    const net_graph *g = l->g;
    size_t i, j;

    for (i = 0; i < g->n_nodes; i++) {
        for (j = 0; j < g->nodes[i].n_out; j++)
            if (g->nodes[i].out[j] != NET_NONE)
                l->writer[g->nodes[i].out[j]] = (int32_t)i;
        for (j = 0; j < g->nodes[i].n_in; j++) {
            int32_t v = g->nodes[i].in[j];
            if (v == NET_NONE)
                continue;
            l->uses[v]++;
            l->reader[v] = (int32_t)i;
        }
    }
    for (i = 0; i < g->n_outputs; i++)
        l->uses[g->outputs[i]]++;
}

/* Integers may pass through a quantised net as floats that hold them; other kinds may not. */
static bool is_runnable(const net_value *v)
{
    return v->dtype == NET_F32 || v->dtype == NET_U8 || v->dtype == NET_I8;
}

static pfld_status check_value(lower *l, const net_value *v, const char *who)
{
    size_t count;
    char text[64];

    if (!v->has_shape || !net_shape_count(&v->shape, &count))
        return error_set(l->err, PFLD_ERR_ARG, "%s '%s' has the open shape %s", who, v->name,
                         v->has_shape ? net_shape_text(&v->shape, text, sizeof text) : "?");
    if (count == 0)
        return error_set(l->err, PFLD_ERR_UNSUPPORTED, "%s '%s' is empty (%s)", who, v->name,
                         net_shape_text(&v->shape, text, sizeof text));
    return PFLD_OK;
}

static void keep_input(lower *l, int32_t buf)
{
    l->buffers[buf].first = l->buffers[buf].last = 0;
    l->buffers[buf].pinned = !l->shared; /* a second run must find it again */
}

static pfld_status add_picture(lower *l, int32_t value)
{
    const net_shape *shape = &l->g->values[value].shape;

    if (shape->rank != 4 || shape->dim[1] > 3)
        return error_set(l->err, PFLD_ERR_UNSUPPORTED, "input '%s' is no picture",
                         l->g->values[value].name);
    if (!lower_new_bytes(l, shape, &l->shown))
        return lower_nomem(l);
    l->picture = value;
    keep_input(l, l->shown.v.buf);
    return PFLD_OK;
}

static pfld_status add_inputs(lower *l)
{
    size_t i;

    for (i = 0; i < l->g->n_inputs; i++) {
        int32_t value = l->g->inputs[i];
        const net_value *v = &l->g->values[value];
        bool ok;
        pfld_status st = check_value(l, v, "input");
        if (st == PFLD_OK && v->dtype != NET_F32)
            st = error_set(l->err, PFLD_ERR_UNSUPPORTED, "input '%s' is not float", v->name);
        if (st != PFLD_OK)
            return st;
        if (i == 0 && l->pixels) {
            st = add_picture(l, value);
            if (st != PFLD_OK)
                return st;
            continue;
        }
        ok = l->nhwc && v->shape.rank == 4 ? lower_new_nhwc(l, &v->shape, &l->view[value])
                                           : lower_new_rows(l, &v->shape, &l->view[value]);
        if (!ok)
            return lower_nomem(l);
        keep_input(l, l->view[value].buf);
    }
    return PFLD_OK;
}

static lower_op *find_op(net_op op)
{
    size_t i;

    for (i = 0; i < sizeof op_table / sizeof op_table[0]; i++)
        if (op_table[i].op == op)
            return op_table[i].lower;
    return NULL;
}

static pfld_status lower_node(lower *l)
{
    lower_op *op = find_op(l->node->op);
    size_t i;

    if (!op)
        return lower_unsupported(l, "this operator can't depend on the net's input here");
    for (i = 0; i < l->node->n_out; i++) {
        const net_value *v;
        pfld_status st;
        if (l->node->out[i] == NET_NONE)
            continue;
        v = lower_out_value(l, i);
        st = check_value(l, v, "value");
        if (st != PFLD_OK)
            return st;
        if (!is_runnable(v) && l->uses[l->node->out[i]])
            return lower_unsupported(l, "results that are not float");
    }
    return op(l);
}

static pfld_status lower_nodes(lower *l)
{
    size_t i;
    pfld_status st = PFLD_OK;

    for (i = 0; i < l->g->n_nodes && st == PFLD_OK; i++) {
        if (l->absorbed[i])
            continue;
        l->node = &l->g->nodes[i];
        st = lower_node(l);
    }
    l->node = NULL;
    return st;
}

static bool is_nhwc(const infer_view *v)
{
    net_shape shape = lower_dims(v);
    infer_view want = infer_view_nhwc(v->buf, &shape);
    int32_t i;

    for (i = 0; i < v->rank; i++)
        if (v->dim[i] > 1 && v->stride[i] != want.stride[i])
            return false;
    return true;
}

static bool is_output(const lower *l, const infer_view *v)
{
    if (l->buffers[v->buf].fixed)
        return false;
    return l->shared && v->rank == 4 ? is_nhwc(v) : infer_view_is_rows(v);
}

/* Callers read outputs row by row from memory that nothing overwrites after the last step. */
static pfld_status add_output(lower *l, size_t i, infer_view *out)
{
    const net_value *v = &l->g->values[l->g->outputs[i]];
    infer_view *have = &l->view[l->g->outputs[i]];
    net_node reader = {.op = NET_OP_IDENTITY, .name = v->name, .n_in = 1, .in = &l->g->outputs[i]};
    pfld_status st = check_value(l, v, "output");

    if (st != PFLD_OK)
        return st;
    l->node = &reader;
    st = lower_in(l, 0, have);
    *out = *have;
    if (st == PFLD_OK && !is_output(l, out)) {
        net_shape shape = lower_dims(have);
        bool pixels = l->shared && shape.rank == 4;
        if (!(pixels ? lower_new_nhwc : lower_new_rows)(l, &shape, out) ||
            !lower_copy(l, have, out))
            st = lower_nomem(l);
    }
    l->node = NULL;
    if (st == PFLD_OK)
        l->buffers[out->buf].pinned = true;
    return st;
}

static void touch(lower *l, const infer_view *v, int32_t at)
{
    infer_buffer *b;

    if (v->buf < 0)
        return;
    b = &l->buffers[v->buf];
    if (at < b->first)
        b->first = at;
    if (at > b->last)
        b->last = at;
}

static void find_lifetimes(lower *l)
{
    size_t i;
    int j;

    for (i = 0; i < l->n_steps; i++) {
        const step *s = &l->steps[i];
        for (j = 0; j < STEP_IN; j++)
            touch(l, &s->in[j], (int32_t)i);
        touch(l, &s->out, (int32_t)i);
        touch(l, &s->scratch, (int32_t)i);
    }
}

/* Offsets count from the maps' block then; p stays NULL until that is known. */
static void place_view(void *ctx, infer_view *v)
{
    const lower *l = ctx;
    const infer_buffer *b;

    if (v->buf < 0)
        return;
    b = &l->buffers[v->buf];
    v->p = b->fixed;
    if (!b->fixed)
        v->offset += (ptrdiff_t)b->offset;
}

/* Calls fn for every view that the compiled net keeps. */
static void each_view(infer_net *net, void (*fn)(void *ctx, infer_view *v), void *ctx)
{
    size_t i;
    int j;

    for (i = 0; i < net->n_steps; i++) {
        step *s = &net->steps[i];
        for (j = 0; j < STEP_IN; j++)
            fn(ctx, &s->in[j]);
        fn(ctx, &s->out);
        fn(ctx, &s->scratch);
    }
    fn(ctx, &net->picture);
    for (i = 0; i < net->n_inputs; i++)
        fn(ctx, &net->inputs[i].view);
    for (i = 0; i < net->n_outputs; i++)
        fn(ctx, &net->outputs[i].view);
}

static pfld_status new_io(lower *l, const int32_t *values, size_t n, io **out)
{
    size_t i;

    *out = arena_alloc(l->mem, n, sizeof(**out));
    if (!*out)
        return lower_nomem(l);
    for (i = 0; i < n; i++) {
        const net_value *v = &l->g->values[values[i]];
        (*out)[i] = (io){.name = v->name, .shape = v->shape, .view = l->view[values[i]]};
    }
    return PFLD_OK;
}

static pfld_status finish(lower *l, infer_net *net)
{
    const net_graph *g = l->g;
    size_t i, count;
    pfld_status st = new_io(l, g->inputs, g->n_inputs, &net->inputs);

    if (st == PFLD_OK)
        st = new_io(l, g->outputs, g->n_outputs, &net->outputs);
    for (i = 0; i < g->n_outputs && st == PFLD_OK; i++)
        st = add_output(l, i, &net->outputs[i].view);
    if (st != PFLD_OK)
        return st;
    net->picture = l->shown.v;
    if (l->picture != NET_NONE) /* what reads it as floats has floats of its own */
        net->inputs[0].view = (infer_view){.buf = -1};
    net->n_inputs = g->n_inputs;
    net->n_outputs = g->n_outputs;
    find_lifetimes(l);
    if (!plan_place(l->buffers, l->n_buffers, &count))
        return lower_nomem(l);
    if (count > MAX_BYTES / sizeof(float)) /* a hostile file of a few bytes can ask for this */
        return error_set(l->err, PFLD_ERR_UNSUPPORTED,
                         "the net's maps take %zu MiB at once: more than %d", count >> 18,
                         MAX_BYTES >> 20);
    net->steps = arena_alloc(l->mem, l->n_steps, sizeof(*net->steps));
    if (!net->steps)
        return lower_nomem(l);
    if (l->n_steps)
        memcpy(net->steps, l->steps, l->n_steps * sizeof(*net->steps));
    net->n_steps = l->n_steps;
    net->activation_bytes = count * sizeof(float);
    net->weight_bytes = l->weight_bytes;
    each_view(net, place_view, l);
    return PFLD_OK;
}

static pfld_status compile(lower *l, infer_net **out)
{
    infer_net *net = arena_alloc(l->mem, 1, sizeof(*net));
    pfld_status st = PFLD_OK;

    *out = NULL;
    if (!net)
        return lower_nomem(l);
    if (!start(l))
        st = lower_nomem(l);
    if (st == PFLD_OK) {
        net->k = l->k;
        net->k8 = l->k8 = int8_kernels_get(l->cap);
        count_uses(l);
        st = add_inputs(l);
    }
    if (st == PFLD_OK)
        st = lower_nodes(l);
    if (st == PFLD_OK)
        st = finish(l, net);
    mem_free(l->steps);
    mem_free(l->buffers);
    arena_free(&l->tmp);
    if (st == PFLD_OK)
        *out = net;
    return st;
}

static void find_base(void *ctx, infer_view *v)
{
    if (v->buf >= 0 && !v->p)
        v->p = ctx;
}

void infer_place(infer_net *net, void *block)
{
    each_view(net, find_base, block);
}

static pfld_status create(lower *l, infer_net **out)
{
    pfld_status st = compile(l, out);
    void *block;

    if (st != PFLD_OK)
        return st;
    assert(*out);
    block = arena_alloc(l->mem, 1, (*out)->activation_bytes);
    if (!block) {
        *out = NULL;
        return lower_nomem(l);
    }
    infer_place(*out, block);
    return PFLD_OK;
}

pfld_status infer_create(const net_graph *g, pfld_isa cap, arena *mem, infer_net **out,
                         pfld_error *err)
{
    lower l = {.g = g, .cap = cap, .k = kernels_get(cap), .mem = mem, .err = err};

    return create(&l, out);
}

/* In mem, as steps keep it. NULL: no memory. */
static const pixel_range *new_pixels(arena *mem, const net_graph *g, const infer_pixels *how)
{
    const net_shape *shape = &g->values[g->inputs[0]].shape;
    pixel_range *p = arena_alloc(mem, 1, sizeof *p);

    if (p)
        pixel_range_set(p, how,
                        shape->rank == 4 && shape->dim[1] >= 1 && shape->dim[1] <= 3
                            ? (size_t)shape->dim[1]
                            : 1);
    return p;
}

pfld_status infer_create_nhwc(const net_graph *g, pfld_isa cap, const infer_pixels *pixels,
                              arena *mem, infer_net **out, pfld_error *err)
{
    lower l = {.g = g, .cap = cap, .k = kernels_get(cap), .nhwc = true, .mem = mem, .err = err};

    if (pixels && !(l.pixels = new_pixels(mem, g, pixels)))
        return error_nomem(err);
    return create(&l, out);
}

pfld_status infer_create_shared(const net_graph *g, pfld_isa cap, const infer_pixels *pixels,
                                infer_weights *weights, arena *mem, infer_net **out,
                                pfld_error *err)
{
    lower l = {.g = g,
               .cap = cap,
               .k = kernels_get(cap),
               .nhwc = true,
               .shared = true,
               .mem = mem,
               .err = err,
               .packed = &weights->first};

    if (pixels && !(l.pixels = new_pixels(mem, g, pixels)))
        return error_nomem(err);
    return compile(&l, out);
}

/* ---- running ---- */

size_t infer_input_count(const infer_net *net)
{
    return net->n_inputs;
}

size_t infer_output_count(const infer_net *net)
{
    return net->n_outputs;
}

static infer_tensor tensor(const io *of)
{
    size_t count = 0;

    net_shape_count(&of->shape, &count);
    return (infer_tensor){.name = of->name,
                          .shape = of->shape,
                          .count = count,
                          .data = of->view.buf < 0 ? NULL : of->view.p + of->view.offset};
}

infer_tensor infer_input(const infer_net *net, size_t i)
{
    assert(i < net->n_inputs);
    return tensor(&net->inputs[i]);
}

uint8_t *infer_bytes(const infer_net *net)
{
    assert(net->picture.buf >= 0);
    return (uint8_t *)(net->picture.p + net->picture.offset);
}

infer_tensor infer_output(const infer_net *net, size_t i)
{
    assert(i < net->n_outputs);
    return tensor(&net->outputs[i]);
}

void infer_run(infer_net *net)
{
    size_t i;

    for (i = 0; i < net->n_steps; i++)
        net->steps[i].run(&net->steps[i], net->k);
}

pfld_isa infer_isa(const infer_net *net)
{
    return net->k->isa;
}

size_t infer_activation_bytes(const infer_net *net)
{
    return net->activation_bytes;
}

size_t infer_weight_bytes(const infer_net *net)
{
    return net->weight_bytes;
}

size_t infer_step_count(const infer_net *net)
{
    return net->n_steps;
}

infer_step_info infer_step(const infer_net *net, size_t i)
{
    const step *s;

    assert(i < net->n_steps);
    s = &net->steps[i];
    return (infer_step_info){.name = s->name, .op = s->op, .macs = s->macs, .int8 = s->int8};
}

uint64_t infer_roof(const infer_net *net, bool int8, size_t rounds)
{
    uint64_t (*roof)(size_t) = int8 ? net->k8->roof : net->k->roof;

    return roof ? roof(rounds) : 0;
}

void infer_run_step(infer_net *net, size_t i)
{
    assert(i < net->n_steps);
    net->steps[i].run(&net->steps[i], net->k);
}
