/* The sets of training kernels that this build has, and the index arithmetic that they share. */
#ifndef TRAIN_KERNELS_SETS_H
#define TRAIN_KERNELS_SETS_H

#include "kernels/sets.h"
#include "kernels/window.h"
#include "train/kernels_real.h"

extern const train_kernels train_kernels_scalar;
#if KERNELS_X86 && !defined(TRAIN_DOUBLE)
extern const train_kernels train_kernels_avx2;
extern const train_kernels train_kernels_avx512;
#endif

static inline window_axis train_axis_y(const train_window *w)
{
    return (window_axis){w->in_h, w->kh, w->stride_h, w->pad_top, 1};
}

static inline window_axis train_axis_x(const train_window *w)
{
    return (window_axis){w->in_w, w->kw, w->stride_w, w->pad_left, 1};
}

/* Outputs first <= o < end read input i through a window of k taps, o by tap i + pad - o * stride.
 */
typedef struct train_range {
    size_t first, end;
} train_range;

static inline train_range train_readers(size_t i, size_t k, size_t stride, size_t pad, size_t outs)
{
    train_range r = {i + pad < k ? 0 : (i + pad - k) / stride + 1, (i + pad) / stride + 1};

    if (r.end > outs)
        r.end = outs;
    if (r.first > r.end)
        r.first = r.end;
    return r;
}

#endif
