/* Functions of one element, or of two under broadcasting, on maps in any layout. */
#include <assert.h>
#include <math.h>

#include "infer/lower.h"
#include "net/op_params.h"

/* ---- running ---- */

typedef struct row_context {
    const kernels *k;
    const step_eltwise *e;
} row_context;

static void unary_row(const void *ctx, float *const *p, size_t n, const ptrdiff_t *stride)
{
    const row_context *r = ctx;

    (void)stride; /* both 1: lower_unary() saw to it */
    r->k->unary((unary_kind)r->e->kind, r->e->alpha, r->e->beta, p[1], p[0], n);
}

/* in[0] to out. */
static void run_unary(const step *s, const kernels *k)
{
    row_context r = {k, &s->u.eltwise};
    float *first[2] = {step_data(&s->out), step_data(&s->in[0])};

    infer_loop_run(&s->u.eltwise.loop, first, unary_row, &r);
}

static void binary_row(const void *ctx, float *const *p, size_t n, const ptrdiff_t *stride)
{
    const row_context *r = ctx;

    r->k->binary((binary_kind)r->e->kind, p[1], (size_t)stride[1], p[2], (size_t)stride[2], p[0],
                 n);
}

/* in[0] and in[1], each broadcast, to out. */
static void run_binary(const step *s, const kernels *k)
{
    row_context r = {k, &s->u.eltwise};
    float *first[3] = {step_data(&s->out), step_data(&s->in[0]), step_data(&s->in[1])};

    infer_loop_run(&s->u.eltwise.loop, first, binary_row, &r);
}

/* ---- lowering ---- */

static const struct unary_row {
    net_op op;
    unary_kind kind;
} unary_table[] = {
    {NET_OP_RELU, UNARY_CLAMP},
    {NET_OP_CLIP, UNARY_CLAMP},
    {NET_OP_LEAKY_RELU, UNARY_LEAKY},
    {NET_OP_HARD_SIGMOID, UNARY_HARD_SIGMOID},
    {NET_OP_HARD_SWISH, UNARY_HARD_SWISH},
    {NET_OP_SIGMOID, UNARY_SIGMOID},
    {NET_OP_TANH, UNARY_TANH},
    {NET_OP_EXP, UNARY_EXP},
    {NET_OP_LOG, UNARY_LOG},
    {NET_OP_SQRT, UNARY_SQRT},
    {NET_OP_ERF, UNARY_ERF},
    {NET_OP_SOFTPLUS, UNARY_SOFTPLUS},
    {NET_OP_ELU, UNARY_ELU},
    {NET_OP_NEG, UNARY_NEG},
    {NET_OP_FLOOR, UNARY_FLOOR},
    {NET_OP_CEIL, UNARY_CEIL},
    {NET_OP_RECIPROCAL, UNARY_RECIPROCAL},
};

static const struct binary_row {
    net_op op;
    binary_kind kind;
} binary_table[] = {
    {NET_OP_ADD, BINARY_ADD}, {NET_OP_SUB, BINARY_SUB},     {NET_OP_MUL, BINARY_MUL},
    {NET_OP_DIV, BINARY_DIV}, {NET_OP_MAX, BINARY_MAX},     {NET_OP_MIN, BINARY_MIN},
    {NET_OP_POW, BINARY_POW}, {NET_OP_PRELU, BINARY_PRELU},
};

static unary_kind find_unary(net_op op)
{
    size_t i = 0;

    while (unary_table[i].op != op)
        i++;
    return unary_table[i].kind;
}

static binary_kind find_binary(net_op op)
{
    size_t i = 0;

    while (binary_table[i].op != op)
        i++;
    return binary_table[i].kind;
}

static pfld_status unary_numbers(lower *l, step_eltwise *e)
{
    net_unary_params p = net_unary_get(l->node);
    net_clip_params c;
    pfld_status st;

    e->alpha = p.alpha;
    e->beta = p.beta;
    if (e->kind != UNARY_CLAMP)
        return PFLD_OK;
    st = net_clip_get(l->g, l->node, &c, l->err);
    if (st == PFLD_OK) {
        e->alpha = c.lo;
        e->beta = c.hi;
    }
    return st;
}

pfld_status lower_unary(lower *l)
{
    step_eltwise e = {.kind = (int)find_unary(l->node->op)};
    infer_view x, y;
    const infer_view *both[2] = {&y, &x};
    step *s;
    pfld_status st = unary_numbers(l, &e);

    if (st == PFLD_OK)
        st = lower_in(l, 0, &x);
    if (st != PFLD_OK)
        return st;
    if (!lower_new_like(l, &x, &y))
        return lower_nomem(l);
    e.loop = infer_loop_over(both, 2);
    if (e.loop.stride[1][e.loop.rank - 1] != 1) { /* strided or backwards: once straight */
        infer_view straight;
        if (!lower_new_like(l, &y, &straight) || !lower_copy(l, &x, &straight))
            return lower_nomem(l);
        x = straight;
        e.loop = infer_loop_over(both, 2);
    }
    s = lower_step(l, run_unary);
    if (!s)
        return lower_nomem(l);
    s->in[0] = x;
    s->out = y;
    s->u.eltwise = e;
    lower_set_out(l, 0, &y);
    return PFLD_OK;
}

/* The layout of the result: that of the first operand of the full size, else the usual one. */
static bool new_result(lower *l, const infer_view *a, const infer_view *b, infer_view *y)
{
    const net_shape *shape = &lower_out_value(l, 0)->shape;
    infer_view rows = infer_view_rows(-1, shape);
    bool a_const = l->buffers[a->buf].fixed != NULL;

    if (infer_view_same_dims(a, &rows) && !(a_const && infer_view_same_dims(b, &rows)))
        return lower_new_like(l, a, y);
    if (infer_view_same_dims(b, &rows))
        return lower_new_like(l, b, y);
    return shape->rank == 4 ? lower_new_nhwc(l, shape, y) : lower_new_rows(l, shape, y);
}

/* Along the innermost axis of y an operand must stand still or go on by one. */
static bool fit_operand(lower *l, const infer_view *y, infer_view *v)
{
    const infer_view *both[2] = {y, v};
    infer_view copy;
    infer_loop loop;
    ptrdiff_t inner;

    *v = infer_view_broadcast(v, y->rank, y->dim);
    loop = infer_loop_over(both, 2);
    inner = loop.stride[1][loop.rank - 1];
    if (inner == 0 || inner == 1)
        return true;
    if (!lower_new_like(l, y, &copy) || !lower_copy(l, v, &copy))
        return false;
    *v = copy;
    return true;
}

static bool add_binary(lower *l, binary_kind kind, infer_view *a, infer_view *b, infer_view *y)
{
    const infer_view *all[3] = {y, a, b};
    step *s;

    if (!new_result(l, a, b, y) || !fit_operand(l, y, a) || !fit_operand(l, y, b))
        return false;
    s = lower_step(l, run_binary);
    if (!s)
        return false;
    s->in[0] = *a;
    s->in[1] = *b;
    s->out = *y;
    s->u.eltwise.kind = (int)kind;
    s->u.eltwise.loop = infer_loop_over(all, 3);
    return true;
}

/* Max and Min take any number of operands: one step for each after the first. */
pfld_status lower_binary(lower *l)
{
    binary_kind kind = find_binary(l->node->op);
    infer_view a, b, y;
    size_t i;
    pfld_status st = lower_in(l, 0, &a);

    y = a;
    for (i = 1; i < l->node->n_in && st == PFLD_OK; i++) {
        st = lower_in(l, i, &b);
        if (st == PFLD_OK && !add_binary(l, kind, &a, &b, &y))
            st = lower_nomem(l);
        a = y;
    }
    if (st == PFLD_OK)
        lower_set_out(l, 0, &y);
    return st;
}
