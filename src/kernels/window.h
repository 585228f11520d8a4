/* Which taps of a moving window lie on the map: for depthwise convolution and pooling. */
#ifndef KERNELS_WINDOW_H
#define KERNELS_WINDOW_H

#include <stddef.h>

#include "kernels/kernels.h"

/* One axis of a window's movement over a map. */
typedef struct window_axis {
    size_t in, taps, stride, pad, dilation;
} window_axis;

/* Taps first <= t < end lie on the map; tap t is at start + t * dilation. */
typedef struct window_span {
    ptrdiff_t start;
    size_t first, end;
} window_span;

/* The taps on positions 0 <= x < limit of an axis whose tap 0 is at start. */
static inline window_span window_clip(ptrdiff_t start, ptrdiff_t limit, size_t taps,
                                      size_t dilation)
{
    window_span s = {start, 0, 0};
    ptrdiff_t step = (ptrdiff_t)dilation;

    if (start < 0)
        s.first = (size_t)((-start + step - 1) / step);
    if (start < limit)
        s.end = (size_t)((limit - start - 1) / step) + 1;
    if (s.end > taps)
        s.end = taps;
    if (s.first > s.end)
        s.first = s.end;
    return s;
}

static inline window_span window_at(const window_axis *axis, size_t out)
{
    ptrdiff_t start = (ptrdiff_t)(out * axis->stride) - (ptrdiff_t)axis->pad;

    return window_clip(start, (ptrdiff_t)axis->in, axis->taps, axis->dilation);
}

/* Outputs first <= x < end have their whole window on the map; first == end: none. */
static inline void window_interior(const window_axis *axis, size_t outs, size_t *first, size_t *end)
{
    size_t span = (axis->taps - 1) * axis->dilation + 1, reach = axis->in + axis->pad;

    *first = (axis->pad + axis->stride - 1) / axis->stride;
    *end = reach < span ? 0 : (reach - span) / axis->stride + 1;
    if (*end > outs)
        *end = outs;
    if (*first > *end)
        *first = *end;
}

static inline size_t window_taps(ptrdiff_t start, ptrdiff_t limit, size_t taps, size_t dilation)
{
    window_span s = window_clip(start, limit, taps, dilation);

    return s.end - s.first;
}

/* What the mean of output (oy, ox) divides by; 1 where no tap counts. */
static inline float window_divisor(const pool_args *p, size_t oy, size_t ox)
{
    ptrdiff_t y = (ptrdiff_t)(oy * p->stride_h) - (ptrdiff_t)p->pad_top;
    ptrdiff_t x = (ptrdiff_t)(ox * p->stride_w) - (ptrdiff_t)p->pad_left;
    size_t h = p->in_h, w = p->in_w, count;

    if (p->count_padding) {
        y += (ptrdiff_t)p->pad_top;
        x += (ptrdiff_t)p->pad_left;
        h += p->pad_top + p->pad_bottom;
        w += p->pad_left + p->pad_right;
    }
    count = window_taps(y, (ptrdiff_t)h, p->kh, p->dilation_h) *
            window_taps(x, (ptrdiff_t)w, p->kw, p->dilation_w);
    return count ? (float)count : 1.0f;
}

#endif
