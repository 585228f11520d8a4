/* Sums, means and maxima over whole axes, and the softmax along one. */
#include <assert.h>
#include <math.h>

#include "infer/lower.h"
#include "net/op_params.h"

/* ---- running ---- */

typedef struct reduce_context {
    const step_reduce *r;
    infer_loop inner; /* over the reduced axes alone */
} reduce_context;

typedef struct accumulator {
    reduce_kind kind;
    double sum;
    float max;
} accumulator;

static void accumulate_row(const void *ctx, float *const *p, size_t n, const ptrdiff_t *stride)
{
    accumulator *a = *(accumulator *const *)ctx;
    size_t i;

    for (i = 0; i < n; i++) {
        float x = p[0][(ptrdiff_t)i * stride[0]];
        a->sum += (double)x;
        if (x > a->max || x != x)
            a->max = x;
    }
}

static float reduce_one(const reduce_context *c, float *first)
{
    accumulator a = {.kind = c->r->kind, .max = -INFINITY}, *pa = &a;
    float *p[1] = {first};

    infer_loop_run(&c->inner, p, accumulate_row, &pa);
    if (a.kind == REDUCE_MAX)
        return a.max;
    if (a.kind == REDUCE_MEAN)
        a.sum /= (double)infer_view_count(&c->r->reduced);
    return (float)a.sum;
}

static void reduce_row(const void *ctx, float *const *p, size_t n, const ptrdiff_t *stride)
{
    size_t i;

    for (i = 0; i < n; i++)
        p[0][(ptrdiff_t)i * stride[0]] = reduce_one(ctx, p[1] + (ptrdiff_t)i * stride[1]);
}

/* in[0] to out. */
static void run_reduce(const step *s, const kernels *k)
{
    const infer_view *reduced = &s->u.reduce.reduced;
    reduce_context c = {&s->u.reduce, infer_loop_over(&reduced, 1)};
    float *first[2] = {step_data(&s->out), step_data(&s->in[0])};

    (void)k;
    infer_loop_run(&s->u.reduce.loop, first, reduce_row, &c);
}

/* Shifted by the maximum, so that no exponent overflows. */
static void softmax_one(const step_softmax *v, float *y, const float *x)
{
    float max = -INFINITY;
    double sum = 0;
    size_t i;

    for (i = 0; i < v->n; i++)
        max = fmaxf(max, x[(ptrdiff_t)i * v->in_step]);
    for (i = 0; i < v->n; i++) {
        float e = expf(x[(ptrdiff_t)i * v->in_step] - max);
        y[(ptrdiff_t)i * v->out_step] = e;
        sum += (double)e;
    }
    for (i = 0; i < v->n; i++)
        y[(ptrdiff_t)i * v->out_step] = (float)((double)y[(ptrdiff_t)i * v->out_step] / sum);
}

static void softmax_row(const void *ctx, float *const *p, size_t n, const ptrdiff_t *stride)
{
    size_t i;

    for (i = 0; i < n; i++)
        softmax_one(ctx, p[0] + (ptrdiff_t)i * stride[0], p[1] + (ptrdiff_t)i * stride[1]);
}

static void run_softmax(const step *s, const kernels *k)
{
    float *first[2] = {step_data(&s->out), step_data(&s->in[0])};

    (void)k;
    infer_loop_run(&s->u.softmax.loop, first, softmax_row, &s->u.softmax);
}

/* ---- lowering ---- */

/* The axes of v that mask names (or does not name), as a view of their own. */
static infer_view pick_axes(const infer_view *v, uint32_t mask, bool named)
{
    infer_view r = *v;
    int32_t i;

    r.rank = 0;
    for (i = 0; i < v->rank; i++) {
        if (((mask >> i & 1u) != 0) != named)
            continue;
        r.dim[r.rank] = v->dim[i];
        r.stride[r.rank++] = v->stride[i];
    }
    return r;
}

static reduce_kind find_reduce(net_op op)
{
    if (op == NET_OP_REDUCE_MAX)
        return REDUCE_MAX;
    return op == NET_OP_REDUCE_MEAN ? REDUCE_MEAN : REDUCE_SUM;
}

pfld_status lower_reduce(lower *l)
{
    net_reduce_params p;
    infer_view x, y, kept_x, kept_y;
    const infer_view *both[2] = {&kept_y, &kept_x};
    step *s;
    const net_shape *shape = &lower_out_value(l, 0)->shape;
    pfld_status st = net_reduce_get(l->g, l->node, &p, l->err);

    if (st == PFLD_OK)
        st = lower_in(l, 0, &x);
    if (st != PFLD_OK)
        return st;
    if (!lower_new_rows(l, shape, &y))
        return lower_nomem(l);
    kept_x = pick_axes(&x, p.axes, false);
    kept_y = p.keep ? pick_axes(&y, p.axes, false) : y;
    s = lower_step(l, run_reduce);
    if (!s)
        return lower_nomem(l);
    s->in[0] = x;
    s->out = y;
    s->u.reduce.kind = find_reduce(l->node->op);
    s->u.reduce.reduced = pick_axes(&x, p.axes, true);
    s->u.reduce.loop = infer_loop_over(both, 2);
    lower_set_out(l, 0, &y);
    return PFLD_OK;
}

/* Before opset 13 everything from the axis on was one row. */
static bool flatten_from(lower *l, infer_view *x, size_t axis)
{
    net_shape flat = {.rank = 2, .dim = {1, 1}};
    int32_t i;

    if (!lower_as_rows(l, x))
        return false;
    for (i = 0; i < x->rank; i++)
        flat.dim[i >= (int32_t)axis] *= (int64_t)x->dim[i];
    return infer_view_reshape(x, &flat, x);
}

pfld_status lower_softmax(lower *l)
{
    net_softmax_params p;
    infer_view x, y, rest_x, rest_y;
    const infer_view *both[2] = {&rest_y, &rest_x};
    step *s;
    size_t axis;
    pfld_status st = net_softmax_get(l->g, l->node, &p, l->err);

    if (st == PFLD_OK)
        st = lower_in(l, 0, &x);
    if (st != PFLD_OK)
        return st;
    if (p.flattened && !flatten_from(l, &x, p.axis))
        return lower_nomem(l);
    axis = p.flattened ? 1 : p.axis;
    if (!lower_new_like(l, &x, &y))
        return lower_nomem(l);
    rest_x = pick_axes(&x, 1u << axis, false);
    rest_y = pick_axes(&y, 1u << axis, false);
    s = lower_step(l, run_softmax);
    if (!s)
        return lower_nomem(l);
    s->in[0] = x;
    s->out = y;
    s->u.softmax = (step_softmax){.n = x.dim[axis],
                                  .in_step = x.stride[axis],
                                  .out_step = y.stride[axis],
                                  .loop = infer_loop_over(both, 2)};
    if (p.flattened)
        y = infer_view_rows(y.buf, &lower_out_value(l, 0)->shape);
    lower_set_out(l, 0, &y);
    return PFLD_OK;
}
