/* Operators that only move elements: those that are a new view of a buffer, and those that copy. */
#include <assert.h>
#include <string.h>

#include "infer/lower.h"
#include "net/op_params.h"

/* ---- running ---- */

static void fill_row(const void *ctx, float *const *p, size_t n, const ptrdiff_t *stride)
{
    size_t i;

    for (i = 0; i < n; i++)
        p[0][(ptrdiff_t)i * stride[0]] = *(const float *)ctx;
}

static void run_fill(const step *s, const kernels *k)
{
    const infer_view *out = &s->out;
    infer_loop loop = infer_loop_over(&out, 1);
    float *first[1] = {step_data(out)};

    (void)k;
    infer_loop_run(&loop, first, fill_row, &s->u.fill);
}

/* Where a padded coordinate lies on the axis that was padded. */
static int64_t unpadded(int mode, int64_t i, int64_t n)
{
    int64_t period = 2 * (n - 1);

    if (mode == NET_PAD_EDGE)
        return i < 0 ? 0 : i >= n ? n - 1 : i;
    if (mode == NET_PAD_WRAP)
        return (i % n + n) % n;
    if (period == 0)
        return 0;
    i = (i % period + period) % period; /* reflect */
    return i < n ? i : period - i;
}

/* in[0] to out, by mirrored, repeated or wrapped coordinates. */
static void run_pad(const step *s, const kernels *k)
{
    const step_pad *v = &s->u.pad;
    const infer_view *x = &s->in[0], *y = &s->out;
    size_t at[NET_MAX_RANK] = {0};
    const float *src = step_data(x);
    float *dst = step_data(y);
    int32_t i;

    (void)k;
    for (;;) {
        ptrdiff_t from = 0, to = 0;
        for (i = 0; i < y->rank; i++) {
            int64_t j = unpadded(v->mode, (int64_t)at[i] - v->before[i], (int64_t)x->dim[i]);
            from += (ptrdiff_t)j * x->stride[i];
            to += (ptrdiff_t)at[i] * y->stride[i];
        }
        dst[to] = src[from];
        for (i = y->rank - 1; i >= 0; i--) {
            if (++at[i] < y->dim[i])
                break;
            at[i] = 0;
        }
        if (i < 0)
            return;
    }
}

/* ---- lowering ---- */

/* Feature maps stay as their operands lie, the rest is row-major. */
static bool new_map(lower *l, const infer_view *like, const net_shape *shape, infer_view *y)
{
    if (shape->rank == 4 && infer_view_is_pixels(like))
        return lower_new_nhwc(l, shape, y);
    return lower_new_rows(l, shape, y);
}

pfld_status lower_concat(lower *l)
{
    infer_view x, y, part;
    size_t axis, i;
    pfld_status st = net_axis_get(l->g, l->node, &axis, l->err);

    if (st == PFLD_OK)
        st = lower_in(l, 0, &x);
    if (st != PFLD_OK)
        return st;
    if (!new_map(l, &x, &lower_out_value(l, 0)->shape, &y))
        return lower_nomem(l);
    part = y;
    for (i = 0; i < l->node->n_in; i++) {
        st = lower_in(l, i, &x);
        if (st != PFLD_OK)
            return st;
        part.dim[axis] = x.dim[axis];
        if (x.dim[axis] && !lower_copy(l, &x, &part))
            return lower_nomem(l);
        part.offset += (ptrdiff_t)x.dim[axis] * y.stride[axis];
    }
    lower_set_out(l, 0, &y);
    return PFLD_OK;
}

/* Negative padding cuts off: done on the view, so that what is left pads by 0 or more. */
static void cut_off(infer_view *x, net_pad_params *p)
{
    int32_t i;

    for (i = 0; i < x->rank; i++) {
        if (p->before[i] < 0) {
            x->offset -= (ptrdiff_t)p->before[i] * x->stride[i];
            x->dim[i] -= (size_t)-p->before[i];
            p->before[i] = 0;
        }
        if (p->after[i] < 0) {
            x->dim[i] -= (size_t)-p->after[i];
            p->after[i] = 0;
        }
    }
}

static bool pad_constant(lower *l, const net_pad_params *p, const infer_view *x,
                         const infer_view *y)
{
    infer_view inside = *y;
    step *s = lower_step(l, run_fill);
    int32_t i;

    if (!s)
        return false;
    s->out = *y;
    s->u.fill = (float)p->value;
    for (i = 0; i < y->rank; i++) {
        inside.offset += (ptrdiff_t)p->before[i] * y->stride[i];
        inside.dim[i] = x->dim[i];
    }
    return lower_copy(l, x, &inside);
}

pfld_status lower_pad(lower *l)
{
    net_pad_params p;
    infer_view x, y;
    step *s;
    pfld_status st = net_pad_get(l->g, l->node, &p, l->err);

    if (st == PFLD_OK)
        st = lower_in(l, 0, &x);
    if (st != PFLD_OK)
        return st;
    if (!new_map(l, &x, &lower_out_value(l, 0)->shape, &y))
        return lower_nomem(l);
    cut_off(&x, &p);
    if (p.mode != NET_PAD_CONSTANT && infer_view_count(&x) == 0)
        return lower_unsupported(l, "repeating what its negative pads cut off");
    lower_set_out(l, 0, &y);
    if (p.mode == NET_PAD_CONSTANT)
        return pad_constant(l, &p, &x, &y) ? PFLD_OK : lower_nomem(l);
    s = lower_step(l, run_pad);
    if (!s)
        return lower_nomem(l);
    s->in[0] = x;
    s->out = y;
    s->u.pad.mode = (int)p.mode;
    memcpy(s->u.pad.before, p.before, sizeof p.before);
    return PFLD_OK;
}

/* One copy for each repetition along each axis would be many: the output is seen with every axis
 * split in two, repetition and element, and the input repeats along the former. */
pfld_status lower_tile(lower *l)
{
    const net_shape *shape = &lower_out_value(l, 0)->shape;
    infer_view x, y, from, to;
    int32_t i, r = 0;
    pfld_status st = lower_in(l, 0, &x);

    if (st != PFLD_OK)
        return st;
    if (!new_map(l, &x, shape, &y))
        return lower_nomem(l);
    from = x;
    to = y;
    for (i = 0; i < x.rank; i++) {
        size_t times = y.dim[i] / x.dim[i];
        if (times > 1) {
            if (r + 1 >= NET_MAX_RANK)
                return lower_unsupported(l, "repetition along so many axes");
            from.dim[r] = to.dim[r] = times;
            from.stride[r] = 0;
            to.stride[r++] = y.stride[i] * (ptrdiff_t)x.dim[i];
        }
        if (r >= NET_MAX_RANK)
            return lower_unsupported(l, "repetition along so many axes");
        from.dim[r] = to.dim[r] = x.dim[i];
        from.stride[r] = x.stride[i];
        to.stride[r++] = y.stride[i];
    }
    from.rank = to.rank = r;
    lower_set_out(l, 0, &y);
    return lower_copy(l, &from, &to) ? PFLD_OK : lower_nomem(l);
}

static infer_view at_index(const infer_view *x, size_t axis, int64_t index, size_t count)
{
    infer_view v = *x;

    v.offset += (ptrdiff_t)index * x->stride[axis];
    v.dim[axis] = count;
    return v;
}

static pfld_status gather_index(lower *l, const net_tensor *t, size_t i, size_t n, int64_t *index)
{
    *index = t->dtype == NET_I64 ? ((const int64_t *)t->data)[i] : ((const int32_t *)t->data)[i];
    if (*index < 0)
        *index += (int64_t)n;
    if (*index < 0 || *index >= (int64_t)n)
        return lower_unsupported(l, "an index outside the axis");
    return PFLD_OK;
}

/* Indices must be constant: one (then the axis goes) or a list (one copy for each). */
pfld_status lower_gather(lower *l)
{
    const net_tensor *t = lower_in_value(l, 1)->constant;
    infer_view x, y;
    size_t axis, i;
    int64_t index;
    pfld_status st = net_axis_get(l->g, l->node, &axis, l->err);

    if (st == PFLD_OK)
        st = lower_in(l, 0, &x);
    if (st != PFLD_OK)
        return st;
    if (!t || (t->dtype != NET_I64 && t->dtype != NET_I32) || t->shape.rank > 1)
        return lower_unsupported(l, "indices that are not one constant or a constant list");
    if (t->shape.rank == 0) {
        st = gather_index(l, t, 0, x.dim[axis], &index);
        if (st != PFLD_OK)
            return st;
        y = at_index(&x, axis, index, 1);
        if (!infer_view_reshape(&y, &lower_out_value(l, 0)->shape, &y)) {
            y = at_index(&x, axis, index, 1);
            if (!lower_as_rows(l, &y) || !infer_view_reshape(&y, &lower_out_value(l, 0)->shape, &y))
                return lower_nomem(l);
        }
        lower_set_out(l, 0, &y);
        return PFLD_OK;
    }
    if (!new_map(l, &x, &lower_out_value(l, 0)->shape, &y))
        return lower_nomem(l);
    for (i = 0; i < t->count; i++) {
        infer_view from, to = at_index(&y, axis, (int64_t)i, 1);
        st = gather_index(l, t, i, x.dim[axis], &index);
        if (st != PFLD_OK)
            return st;
        from = at_index(&x, axis, index, 1);
        if (!lower_copy(l, &from, &to))
            return lower_nomem(l);
    }
    lower_set_out(l, 0, &y);
    return PFLD_OK;
}

static pfld_status slice_view(lower *l, infer_view *v)
{
    net_slice_params p;
    int32_t i;
    pfld_status st = net_slice_get(l->g, l->node, &p, l->err);

    if (st != PFLD_OK)
        return st;
    for (i = 0; i < v->rank; i++) {
        v->offset += (ptrdiff_t)p.start[i] * v->stride[i];
        v->stride[i] *= (ptrdiff_t)p.step[i];
        v->dim[i] = (size_t)p.count[i];
    }
    return PFLD_OK;
}

static pfld_status split_views(lower *l, const infer_view *x)
{
    net_split_params p;
    size_t i;
    int64_t at = 0;
    pfld_status st = net_split_get(l->g, l->node, &p, l->err);

    if (st != PFLD_OK)
        return st;
    for (i = 0; i < p.n; i++) {
        infer_view v = at_index(x, p.axis, at, (size_t)p.size[i]);
        if (i < l->node->n_out && l->node->out[i] != NET_NONE)
            lower_set_out(l, i, &v);
        at += p.size[i];
    }
    return PFLD_OK;
}

static pfld_status transpose_view(lower *l, infer_view *v)
{
    net_transpose_params p;
    int32_t perm[NET_MAX_RANK], i;
    pfld_status st = net_transpose_get(l->g, l->node, &p, l->err);

    if (st != PFLD_OK)
        return st;
    for (i = 0; i < v->rank; i++)
        perm[i] = (int32_t)p.perm[i];
    *v = infer_view_permute(v, perm);
    return PFLD_OK;
}

/* Reshape, Flatten, Squeeze, Unsqueeze: the same row-major elements under other dimensions. */
static pfld_status reshape_view(lower *l, infer_view *v)
{
    const net_shape *shape = &lower_out_value(l, 0)->shape;

    if (infer_view_reshape(v, shape, v))
        return PFLD_OK;
    if (!lower_as_rows(l, v) || !infer_view_reshape(v, shape, v))
        return lower_nomem(l);
    return PFLD_OK;
}

pfld_status lower_view(lower *l)
{
    infer_view v;
    size_t dim[NET_MAX_RANK];
    const net_shape *shape = &lower_out_value(l, 0)->shape;
    int32_t i;
    pfld_status st = lower_in(l, 0, &v);

    if (st != PFLD_OK)
        return st;
    switch (l->node->op) {
    case NET_OP_SPLIT:
        return split_views(l, &v);
    case NET_OP_SLICE:
        st = slice_view(l, &v);
        break;
    case NET_OP_TRANSPOSE:
        st = transpose_view(l, &v);
        break;
    case NET_OP_EXPAND:
        for (i = 0; i < shape->rank; i++)
            dim[i] = (size_t)shape->dim[i];
        v = infer_view_broadcast(&v, shape->rank, dim);
        break;
    case NET_OP_IDENTITY:
    case NET_OP_DROPOUT:
        break;
    default:
        st = reshape_view(l, &v);
        break;
    }
    if (st == PFLD_OK)
        lower_set_out(l, 0, &v);
    return st;
}
