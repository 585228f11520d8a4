/* Strided views of feature maps: how one buffer is seen as NCHW while it lies as NHWC. */
#include "infer/view.h"

#include <assert.h>

static infer_view with_dims(int32_t buf, const net_shape *shape)
{
    infer_view v = {.buf = buf, .rank = shape->rank};
    int32_t i;

    for (i = 0; i < shape->rank; i++)
        v.dim[i] = (size_t)shape->dim[i];
    return v;
}

/* Dense strides in which order[rank - 1] is the innermost axis. */
static void stride_by(infer_view *v, const int32_t *order)
{
    ptrdiff_t step = 1;
    int32_t i;

    for (i = v->rank - 1; i >= 0; i--) {
        v->stride[order[i]] = step;
        step *= (ptrdiff_t)v->dim[order[i]];
    }
}

infer_view infer_view_rows(int32_t buf, const net_shape *shape)
{
    static const int32_t order[NET_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    infer_view v = with_dims(buf, shape);

    stride_by(&v, order);
    return v;
}

infer_view infer_view_nhwc(int32_t buf, const net_shape *shape)
{
    static const int32_t order[4] = {0, 2, 3, 1};
    infer_view v = with_dims(buf, shape);

    assert(v.rank == 4);
    stride_by(&v, order);
    return v;
}

/* Axes of v, the one with the widest step first; equal steps keep their order. */
static void axes_by_stride(const infer_view *v, int32_t *order)
{
    int32_t i, j;

    for (i = 0; i < v->rank; i++) {
        for (j = i; j > 0 && v->stride[order[j - 1]] < v->stride[i]; j--)
            order[j] = order[j - 1];
        order[j] = i;
    }
}

infer_view infer_view_like(int32_t buf, const infer_view *like)
{
    infer_view v = *like;
    int32_t order[NET_MAX_RANK];

    v.buf = buf;
    v.offset = 0;
    v.p = NULL;
    axes_by_stride(like, order);
    stride_by(&v, order);
    return v;
}

size_t infer_view_count(const infer_view *v)
{
    size_t n = 1;
    int32_t i;

    for (i = 0; i < v->rank; i++)
        n *= v->dim[i];
    return n;
}

bool infer_view_same_dims(const infer_view *a, const infer_view *b)
{
    int32_t i;

    if (a->rank != b->rank)
        return false;
    for (i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

bool infer_view_is_rows(const infer_view *v)
{
    ptrdiff_t step = 1;
    int32_t i;

    for (i = v->rank - 1; i >= 0; i--) {
        if (v->dim[i] != 1 && v->stride[i] != step)
            return false;
        step *= (ptrdiff_t)v->dim[i];
    }
    return true;
}

bool infer_view_is_dense(const infer_view *v)
{
    int32_t order[NET_MAX_RANK], i;
    ptrdiff_t step = 1;

    axes_by_stride(v, order);
    for (i = v->rank - 1; i >= 0; i--) {
        if (v->dim[order[i]] == 1)
            continue;
        if (v->stride[order[i]] != step)
            return false;
        step *= (ptrdiff_t)v->dim[order[i]];
    }
    return true;
}

size_t infer_view_pixel_step(const infer_view *v)
{
    if (v->dim[3] > 1)
        return (size_t)v->stride[3];
    return v->dim[2] > 1 ? (size_t)v->stride[2] : v->dim[1];
}

bool infer_view_is_pixels(const infer_view *v)
{
    ptrdiff_t step;

    if (v->rank != 4 || (v->dim[1] > 1 && v->stride[1] != 1))
        return false;
    step = (ptrdiff_t)infer_view_pixel_step(v);
    if (step < (ptrdiff_t)v->dim[1])
        return false; /* repeats or runs backwards */
    return v->dim[2] == 1 || v->stride[2] == step * (ptrdiff_t)v->dim[3];
}

/*
 * Both lists of dimensions are walked from the inside; a group of old axes that a group of new
 * axes replaces must itself be gapless, or its strides can't be told in the new dimensions.
 */
bool infer_view_reshape(const infer_view *v, const net_shape *shape, infer_view *out)
{
    infer_view r = with_dims(v->buf, shape);
    int32_t i = v->rank - 1, j = r.rank - 1;

    r.offset = v->offset;
    while (i >= 0 && v->dim[i] == 1)
        i--;
    while (j >= 0) {
        size_t have, want = r.dim[j];
        ptrdiff_t step;
        int32_t first = j;
        if (want == 1) {
            r.stride[j--] = 0; /* fixed below: only one index, so any step does */
            continue;
        }
        if (i < 0)
            return false;
        have = v->dim[i];
        step = v->stride[i];
        while (have != want) {
            if (have < want) { /* take one more old axis */
                int32_t outer = i - 1;
                while (outer >= 0 && v->dim[outer] == 1)
                    outer--;
                if (outer < 0 || v->stride[outer] != v->stride[i] * (ptrdiff_t)v->dim[i])
                    return false;
                i = outer;
                have *= v->dim[i];
            } else { /* take one more new axis */
                if (j == 0)
                    return false;
                want *= r.dim[--j];
            }
        }
        for (; first >= j; first--) {
            r.stride[first] = step;
            step *= (ptrdiff_t)r.dim[first];
        }
        j--;
        for (i--; i >= 0 && v->dim[i] == 1;)
            i--;
    }
    for (j = r.rank - 1; j >= 0; j--)
        if (r.dim[j] == 1)
            r.stride[j] = j == r.rank - 1 ? 1 : r.stride[j + 1] * (ptrdiff_t)r.dim[j + 1];
    *out = r;
    return true;
}

infer_view infer_view_permute(const infer_view *v, const int32_t *perm)
{
    infer_view r = *v;
    int32_t i;

    for (i = 0; i < v->rank; i++) {
        r.dim[i] = v->dim[perm[i]];
        r.stride[i] = v->stride[perm[i]];
    }
    return r;
}

infer_view infer_view_broadcast(const infer_view *v, int32_t rank, const size_t *dim)
{
    infer_view r = *v;
    int32_t i, lead = rank - v->rank;

    assert(lead >= 0);
    r.rank = rank;
    for (i = 0; i < rank; i++) {
        bool repeats = i < lead || v->dim[i - lead] != dim[i];
        r.dim[i] = dim[i];
        r.stride[i] = repeats ? 0 : v->stride[i - lead];
    }
    return r;
}

static bool can_merge(const infer_loop *l, int32_t outer, int32_t inner)
{
    int32_t i;

    for (i = 0; i < l->n_views; i++)
        if (l->stride[i][outer] != l->stride[i][inner] * (ptrdiff_t)l->dim[inner])
            return false;
    return true;
}

infer_loop infer_loop_over(const infer_view *const *views, int32_t n_views)
{
    infer_loop all = {.n_views = n_views}, l = {.n_views = n_views};
    int32_t order[NET_MAX_RANK], i, k;

    axes_by_stride(views[0], order);
    for (i = 0; i < views[0]->rank; i++) {
        if (views[0]->dim[order[i]] == 1)
            continue;
        all.dim[all.rank] = views[0]->dim[order[i]];
        for (k = 0; k < n_views; k++)
            all.stride[k][all.rank] = views[k]->stride[order[i]];
        all.rank++;
    }
    for (i = 0; i < all.rank; i++) {
        bool merged = l.rank > 0;
        l.dim[l.rank] = all.dim[i];
        for (k = 0; k < n_views; k++)
            l.stride[k][l.rank] = all.stride[k][i];
        merged = merged && can_merge(&l, l.rank - 1, l.rank);
        if (!merged) {
            l.rank++;
            continue;
        }
        l.dim[l.rank - 1] *= all.dim[i];
        for (k = 0; k < n_views; k++)
            l.stride[k][l.rank - 1] = all.stride[k][i];
    }
    if (l.rank == 0) { /* one element */
        l.rank = 1;
        l.dim[0] = 1;
        for (k = 0; k < n_views; k++)
            l.stride[k][0] = 1;
    }
    return l;
}

void infer_loop_run(const infer_loop *loop, float *const *first, infer_loop_row *row,
                    const void *ctx)
{
    int32_t inner = loop->rank - 1, i, k;
    size_t at[NET_MAX_RANK] = {0};
    ptrdiff_t stride[INFER_LOOP_VIEWS];
    float *p[INFER_LOOP_VIEWS];

    for (i = 0; i < loop->rank; i++)
        if (loop->dim[i] == 0)
            return;
    for (k = 0; k < loop->n_views; k++) {
        p[k] = first[k];
        stride[k] = loop->stride[k][inner];
    }
    for (;;) {
        row(ctx, p, loop->dim[inner], stride);
        for (i = inner - 1; i >= 0; i--) {
            for (k = 0; k < loop->n_views; k++)
                p[k] += loop->stride[k][i];
            if (++at[i] < loop->dim[i])
                break;
            at[i] = 0;
            for (k = 0; k < loop->n_views; k++)
                p[k] -= loop->stride[k][i] * (ptrdiff_t)loop->dim[i];
        }
        if (i < 0)
            return;
    }
}
