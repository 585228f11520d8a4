/* Shapes that meet each other, and walking several tensors in step. */
#include "net/broadcast.h"

#include <assert.h>

/* The length of the axis that is `back` from the innermost; 1 where there is none. */
static int64_t dim_from_back(const net_shape *s, int32_t back)
{
    return back < s->rank ? s->dim[s->rank - 1 - back] : 1;
}

bool net_broadcast(const net_shape *a, const net_shape *b, net_shape *out)
{
    net_shape r = {.rank = a->rank > b->rank ? a->rank : b->rank};
    for (int32_t back = 0; back < r.rank; back++) {
        int64_t da = dim_from_back(a, back), db = dim_from_back(b, back);
        if (da != db && da != 1 && db != 1)
            return false;
        r.dim[r.rank - 1 - back] = da == 1 ? db : da;
    }
    *out = r;
    return true;
}

bool net_broadcasts_to(const net_shape *a, const net_shape *b)
{
    net_shape both;
    return net_broadcast(a, b, &both) && net_shape_equal(&both, b);
}

void net_strides(const net_shape *shape, int64_t stride[NET_MAX_RANK])
{
    int64_t step = 1;
    for (int32_t i = shape->rank - 1; i >= 0; i--) {
        stride[i] = step;
        step *= shape->dim[i];
    }
}

void net_broadcast_strides(const net_shape *shape, const net_shape *to,
                           int64_t stride[NET_MAX_RANK])
{
    int64_t own[NET_MAX_RANK] = {0};
    int32_t ahead = to->rank - shape->rank;
    assert(ahead >= 0);
    net_strides(shape, own);
    for (int32_t i = 0; i < to->rank; i++)
        stride[i] = i < ahead || shape->dim[i - ahead] == 1 ? 0 : own[i - ahead];
}

void net_walk_step(net_walk *w)
{
    for (int32_t a = w->shape.rank - 1; a >= 0; a--) {
        for (size_t k = 0; k < w->n; k++)
            w->offset[k] += w->stride[k][a];
        if (++w->index[a] < w->shape.dim[a])
            return;
        for (size_t k = 0; k < w->n; k++)
            w->offset[k] -= w->stride[k][a] * w->shape.dim[a];
        w->index[a] = 0;
    }
}
