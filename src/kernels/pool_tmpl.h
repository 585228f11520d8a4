/* Pooling over the vector vocabulary: channels lie along the vector. Included once by each set. */
#include <math.h>

#include "kernels/kernels.h"
#include "kernels/window.h"

/* What lies under one output's window. */
struct pool_patch {
    const float *in; /* at the first tap on the map */
    size_t taps_h, taps_w, in_row, in_col;
    float divisor;
};

/* Max and mean of VL channels or as m says, the same as the scalar specification to the bit. */
VEC_INLINE vf pool_vector(const struct pool_patch *p, bool max, size_t c, bool full, vm m)
{
    vf acc = max ? vf_set1(-INFINITY) : vf_zero();

    for (size_t y = 0; y < p->taps_h; y++)
        for (size_t x = 0; x < p->taps_w; x++) {
            const float *in = p->in + y * p->in_row + x * p->in_col + c;
            vf v = full ? vf_load(in) : vf_load_m(in, m);

            acc = max ? vf_nan_or(acc, vf_max(acc, v)) : vf_add(acc, v);
        }
    return max ? acc : vf_div(acc, vf_set1(p->divisor));
}

VEC_INLINE void pool_channels(const struct pool_patch *patch, bool max, float *out, size_t n)
{
    const struct pool_patch p = *patch; /* ours: stores through out can't change it */
    size_t c = 0;

    for (; c + VL <= n; c += VL)
        vf_store(out + c, pool_vector(&p, max, c, true, vm_first(VL)));
    if (c < n) {
        vm m = vm_first(n - c);

        vf_store_m(out + c, m, pool_vector(&p, max, c, false, m));
    }
}

VEC_TARGET static void pool_max(const struct pool_patch *p, float *out, size_t n)
{
    pool_channels(p, true, out, n);
}

VEC_TARGET static void pool_mean(const struct pool_patch *p, float *out, size_t n)
{
    pool_channels(p, false, out, n);
}

static struct pool_patch pool_patch_of(const pool_args *p, window_span y, window_span x)
{
    struct pool_patch patch = {.in = p->in,
                               .taps_h = y.end - y.first,
                               .taps_w = x.end - x.first,
                               .in_row = p->dilation_h * p->in_w * p->in_ld,
                               .in_col = p->dilation_w * p->in_ld};

    if (patch.taps_h && patch.taps_w) {
        size_t row = (size_t)(y.start + (ptrdiff_t)(y.first * p->dilation_h));
        size_t col = (size_t)(x.start + (ptrdiff_t)(x.first * p->dilation_w));

        patch.in += (row * p->in_w + col) * p->in_ld;
    }
    return patch;
}

static void pool_run(const pool_args *p)
{
    window_axis ay = {p->in_h, p->kh, p->stride_h, p->pad_top, p->dilation_h};
    window_axis ax = {p->in_w, p->kw, p->stride_w, p->pad_left, p->dilation_w};

    for (size_t oy = 0; oy < p->out_h; oy++)
        for (size_t ox = 0; ox < p->out_w; ox++) {
            struct pool_patch patch = pool_patch_of(p, window_at(&ay, oy), window_at(&ax, ox));
            float *out = p->out + (oy * p->out_w + ox) * p->out_ld;

            if (p->kind == POOL_MAX) {
                pool_max(&patch, out, p->c);
            } else {
                patch.divisor = window_divisor(p, oy, ox);
                pool_mean(&patch, out, p->c);
            }
        }
}
