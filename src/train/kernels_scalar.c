/* The specification of the kernels of training: plain loops, in floats or doubles. */
#include <string.h>

#include "core/cpu.h"
#include "train/kernels_sets.h"

static real z_of(const train_rows *r, size_t i, size_t c)
{
    return r->scale[c] * r->x[i * r->c + c] + r->shift[c];
}

static real act_of(const train_rows *r, real z, size_t c)
{
    real gate;

    switch (r->act) {
    case TRAIN_RELU:
        return z < 0 ? 0 : z; /* NaN comes through */
    case TRAIN_PRELU:
        return z < 0 ? r->slope[c] * z : z;
    case TRAIN_HARD_SWISH:
        gate = z / 6 + (real)0.5;
        return z * (gate < 0 ? 0 : gate > 1 ? 1 : gate);
    default:
        return z;
    }
}

/* The derivative of act at z. */
static real slope_of(const train_rows *r, real z, size_t c)
{
    switch (r->act) {
    case TRAIN_RELU:
        return z > 0 ? 1 : 0;
    case TRAIN_PRELU:
        return z < 0 ? r->slope[c] : 1;
    case TRAIN_HARD_SWISH:
        return z < -3 ? 0 : z > 3 ? 1 : z / 3 + (real)0.5;
    default:
        return 1;
    }
}

static void value_scalar(const train_rows *r)
{
    for (size_t i = 0; i < r->rows; i++)
        for (size_t c = 0; c < r->c; c++) {
            real y = act_of(r, z_of(r, i, c), c);

            r->y[i * r->c + c] = r->d ? y + r->d[i * r->c + c] : y;
        }
}

static void moments_scalar(const train_rows *r)
{
    for (size_t i = 0; i < r->rows; i++)
        for (size_t c = 0; c < r->c; c++) {
            double x = (double)(r->x[i * r->c + c] - r->center[c]);

            r->sum[0][c] += x;
            r->sum[1][c] += x * x;
        }
}

static void mask_scalar(const train_rows *r)
{
    for (size_t i = 0; i < r->rows; i++)
        for (size_t c = 0; c < r->c; c++) {
            size_t at = i * r->c + c;
            real z = z_of(r, i, c), d = r->d[at], y = d * slope_of(r, z, c);

            if (r->act != TRAIN_LINEAR)
                r->y[at] = y;
            if (r->act == TRAIN_PRELU && z < 0)
                r->sum[2][c] += (double)(d * z);
            r->sum[0][c] += (double)y;
            r->sum[1][c] += (double)(y * (r->x[at] - r->center[c]));
        }
}

static void blend_scalar(const train_rows *r)
{
    for (size_t i = 0; i < r->rows; i++)
        for (size_t c = 0; c < r->c; c++) {
            size_t at = i * r->c + c;

            r->y[at] = r->scale[c] * r->d[at] + (r->shift[c] * r->x[at] + r->center[c]);
        }
}

static void add_scalar(real *y, const real *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += x[i];
}

static void fetch_scalar(const real *x, size_t n)
{
    (void)x;
    (void)n;
}

static void depthwise_weight_scalar(const train_depthwise *d)
{
    const train_window *w = &d->win;
    window_axis ay = train_axis_y(w), ax = train_axis_x(w);

    for (size_t oy = 0; oy < w->out_h; oy++)
        for (size_t ox = 0; ox < w->out_w; ox++) {
            const real *g = d->g + (oy * w->out_w + ox) * w->c;
            window_span y = window_at(&ay, oy), x = window_at(&ax, ox);

            for (size_t r = y.first; r < y.end; r++)
                for (size_t s = x.first; s < x.end; s++) {
                    size_t iy = (size_t)(y.start + (ptrdiff_t)r);
                    size_t ix = (size_t)(x.start + (ptrdiff_t)s);
                    const real *in = d->x + (iy * w->in_w + ix) * w->c;
                    real *out = d->y + (r * w->kw + s) * w->c;

                    for (size_t c = 0; c < w->c; c++)
                        out[c] += in[c] * g[c];
                }
        }
}

static void depthwise_input_scalar(const train_depthwise *d)
{
    const train_window *w = &d->win;

    for (size_t iy = 0; iy < w->in_h; iy++)
        for (size_t ix = 0; ix < w->in_w; ix++) {
            train_range ry = train_readers(iy, w->kh, w->stride_h, w->pad_top, w->out_h);
            train_range rx = train_readers(ix, w->kw, w->stride_w, w->pad_left, w->out_w);
            real *y = d->y + (iy * w->in_w + ix) * w->c;

            if (!d->accumulate)
                memset(y, 0, w->c * sizeof *y);
            for (size_t oy = ry.first; oy < ry.end; oy++)
                for (size_t ox = rx.first; ox < rx.end; ox++) {
                    size_t r = iy + w->pad_top - oy * w->stride_h;
                    size_t s = ix + w->pad_left - ox * w->stride_w;
                    const real *g = d->g + (oy * w->out_w + ox) * w->c;
                    const real *weight = d->weight + (r * w->kw + s) * w->c;

                    for (size_t c = 0; c < w->c; c++)
                        y[c] += g[c] * weight[c];
                }
        }
}

/* Calls of gather and scatter differ in the direction alone. */
static void patches_scalar(const train_patches *p, bool back)
{
    const train_window *w = &p->win;
    window_axis ay = train_axis_y(w), ax = train_axis_x(w);
    real *patch = p->patches;

    for (size_t o = p->first; o < p->first + p->count; o++) {
        window_span y = window_at(&ay, o / w->out_w), x = window_at(&ax, o % w->out_w);

        for (size_t r = 0; r < w->kh; r++)
            for (size_t s = 0; s < w->kw; s++, patch += w->c) {
                bool inside = r >= y.first && r < y.end && s >= x.first && s < x.end;
                ptrdiff_t iy = y.start + (ptrdiff_t)r, ix = x.start + (ptrdiff_t)s;
                real *in =
                    inside ? p->map + (iy * (ptrdiff_t)w->in_w + ix) * (ptrdiff_t)w->c : NULL;

                if (back && in)
                    add_scalar(in, patch, w->c);
                else if (in)
                    memcpy(patch, in, w->c * sizeof *patch);
                else if (!back)
                    memset(patch, 0, w->c * sizeof *patch);
            }
    }
}

static void gather_scalar(const train_patches *p)
{
    patches_scalar(p, false);
}

static void scatter_scalar(const train_patches *p)
{
    patches_scalar(p, true);
}

const train_kernels train_kernels_scalar = {
    .isa = PFLD_ISA_SCALAR,
    .value = value_scalar,
    .moments = moments_scalar,
    .mask = mask_scalar,
    .blend = blend_scalar,
    .add = add_scalar,
    .fetch = fetch_scalar,
    .depthwise_weight = depthwise_weight_scalar,
    .depthwise_input = depthwise_input_scalar,
    .gather = gather_scalar,
    .scatter = scatter_scalar,
};

#ifdef TRAIN_DOUBLE
const train_kernels *train_kernels_get(pfld_isa cap)
{
    (void)cap;
    return &train_kernels_scalar;
}
#else
const train_kernels *train_kernels_get(pfld_isa cap)
{
    switch (cpu_best(cap)) {
#  if KERNELS_X86
    case PFLD_ISA_AVXVNNI:
    case PFLD_ISA_AVX2:
        return &train_kernels_avx2;
    case PFLD_ISA_AVX512:
        return &train_kernels_avx512;
#  endif
    default:
        return &train_kernels_scalar;
    }
}

const real_kernels *real_kernels_get(pfld_isa cap)
{
    return kernels_get(cap);
}
#endif
