/* Strided views of feature maps: how one buffer is seen as NCHW while it lies as NHWC. */
#ifndef INFER_VIEW_H
#define INFER_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/graph.h"

typedef struct infer_view { /* element (i0, i1, ...) is p[offset + i0 * stride[0] + ...] */
    float *p;               /* of the buffer; known once the plan has placed it */
    int32_t buf;            /* index of the buffer */
    int32_t rank;
    size_t dim[NET_MAX_RANK];       /* of the graph, so NCHW for feature maps */
    ptrdiff_t stride[NET_MAX_RANK]; /* floats; 0 repeats, < 0 runs backwards */
    ptrdiff_t offset;               /* floats */
} infer_view;

/* The same dimensions in one dense buffer: row-major, or rank 4 with the channel innermost. */
infer_view infer_view_rows(int32_t buf, const net_shape *shape);
infer_view infer_view_nhwc(int32_t buf, const net_shape *shape);
/* Dense, in the order of like's strides: what elementwise results look like. */
infer_view infer_view_like(int32_t buf, const infer_view *like);

size_t infer_view_count(const infer_view *v);
bool infer_view_same_dims(const infer_view *a, const infer_view *b);
/* Every element once, row-major, without gaps. */
bool infer_view_is_rows(const infer_view *v);
/* Every element once, without gaps, in whatever order of the axes. */
bool infer_view_is_dense(const infer_view *v);
/* Rank 4, channels adjacent, all pixels of an image one distance apart. */
bool infer_view_is_pixels(const infer_view *v);
/* From one pixel of such a view to the next, in floats. */
size_t infer_view_pixel_step(const infer_view *v);

/* The same elements under other dimensions, where strides can say it; else false. */
bool infer_view_reshape(const infer_view *v, const net_shape *shape, infer_view *out);
infer_view infer_view_permute(const infer_view *v, const int32_t *perm);
/* Repeats v over dims [rank] by numpy's broadcasting, which is known to fit. */
infer_view infer_view_broadcast(const infer_view *v, int32_t rank, const size_t *dim);

#define INFER_LOOP_VIEWS 3

/* A walk over several views of equal dimensions at once, axes merged where all of them allow,
 * and the innermost axis of the first view last. */
typedef struct infer_loop {
    int32_t rank, n_views; /* rank >= 1 */
    size_t dim[NET_MAX_RANK];
    ptrdiff_t stride[INFER_LOOP_VIEWS][NET_MAX_RANK];
} infer_loop;

infer_loop infer_loop_over(const infer_view *const *views, int32_t n_views);

/* Calls row(ctx, pointers, n, strides) for every innermost row; p[i] starts at the view's own
 * first element. */
typedef void infer_loop_row(const void *ctx, float *const *p, size_t n, const ptrdiff_t *stride);
void infer_loop_run(const infer_loop *loop, float *const *first, infer_loop_row *row,
                    const void *ctx);

#endif
