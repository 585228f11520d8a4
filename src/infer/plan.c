/* Lifetimes to offsets: buffers that are never alive together share memory. */
#include <stdlib.h>

#include "core/checked.h"
#include "core/mem.h"
#include "infer/lower.h"

enum {
    LINE = MEM_ALIGN / sizeof(float), /* buffers start on cache lines */
    MOST_SHARED = 4096                /* above, placing is quadratic in vain: a hostile file */
};

static bool alive_together(const infer_buffer *a, const infer_buffer *b)
{
    return a->pinned || b->pinned || (a->first <= b->last && b->first <= a->last);
}

static int by_offset(const void *pa, const void *pb)
{
    const infer_buffer *a = *(infer_buffer *const *)pa, *b = *(infer_buffer *const *)pb;

    return (a->offset > b->offset) - (a->offset < b->offset);
}

/* Largest first; equal ones in the order of their making, so that the plan repeats. */
static int by_size(const void *pa, const void *pb)
{
    const infer_buffer *a = *(infer_buffer *const *)pa, *b = *(infer_buffer *const *)pb;

    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    return (a > b) - (a < b);
}

/* The lowest gap between the placed buffers alive at the same time; near is room for [n]. */
static bool place_one(infer_buffer *b, infer_buffer *const *placed, size_t n, infer_buffer **near,
                      size_t *top)
{
    size_t i, n_near = 0, at = 0, end;

    for (i = 0; i < n; i++)
        if (alive_together(b, placed[i]))
            near[n_near++] = placed[i];
    qsort(near, n_near, sizeof(*near), by_offset);
    for (i = 0; i < n_near; i++) {
        if (near[i]->offset >= at && near[i]->offset - at >= b->count)
            break;
        if (near[i]->offset + near[i]->count > at)
            at = near[i]->offset + near[i]->count;
    }
    b->offset = at;
    if (!checked_add(at, b->count, &end) || end > SIZE_MAX / sizeof(float))
        return false;
    if (end > *top)
        *top = end;
    return true;
}

bool plan_place(infer_buffer *buffers, size_t n, size_t *count)
{
    infer_buffer **order = mem_alloc(n * 2, sizeof(infer_buffer *));
    size_t i, n_order = 0, top = 0;
    bool ok = order != NULL;

    for (i = 0; i < n && ok; i++) {
        if (buffers[i].fixed || buffers[i].count == 0)
            continue;
        ok = checked_round_up(buffers[i].count, LINE, &buffers[i].count);
        order[n_order++] = &buffers[i];
    }
    if (ok)
        qsort(order, n_order, sizeof(*order), by_size);
    for (i = 0; i < n_order && ok; i++) {
        if (n_order > MOST_SHARED) {
            order[i]->offset = top;
            ok = checked_add(top, order[i]->count, &top);
        } else {
            ok = place_one(order[i], order, i, order + n, &top);
        }
    }
    mem_free(order);
    *count = top;
    return ok;
}
