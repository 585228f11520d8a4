/* What the taps of a depthwise window read, for sets that take windows tap by tap. */
#ifndef KERNELS_INT8_TAPS_H
#define KERNELS_INT8_TAPS_H

#include "kernels/int8.h"

enum { TAPS_MAX = 64 }; /* a window with more is left to the specification */

struct taps {
    const uint8_t *p[TAPS_MAX + 1];
    size_t mask[TAPS_MAX + 1]; /* of the channel's number: 0 beyond the map */
};

static inline void taps_of(struct taps *t, const int8_dwconv *d, const uint8_t *beyond, size_t oy,
                           size_t ox)
{
    size_t n = 0;

    for (size_t r = 0; r < d->kh; r++)
        for (size_t s = 0; s < d->kw; s++, n++) {
            ptrdiff_t y = (ptrdiff_t)(oy * d->stride_h + r) - (ptrdiff_t)d->pad_top;
            ptrdiff_t x = (ptrdiff_t)(ox * d->stride_w + s) - (ptrdiff_t)d->pad_left;
            bool in = y >= 0 && x >= 0 && (size_t)y < d->in_h && (size_t)x < d->in_w;

            t->p[n] = in ? d->in + ((size_t)y * d->in_w + (size_t)x) * d->in_ld : beyond;
            t->mask[n] = in ? SIZE_MAX : 0;
        }
    t->p[n] = beyond; /* the second of an odd last pair, whose weights are 0 */
    t->mask[n] = 0;
}

#endif
