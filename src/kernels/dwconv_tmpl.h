/*
 * Depthwise convolution over the vector vocabulary: channels lie along the vector. 3x3 windows are
 * made in blocks of DW_ROWS x DW_COLS outputs, which share inputs, along rows whose weights stay in
 * registers; other windows DW_COLS outputs at a time, and one by one at the left and right border.
 * Each sum runs through its taps in order, whatever the block. Included once by each instruction
 * set, which has defined DW_ROWS and DW_COLS so that their product and 9 weights fit in registers.
 */
#include <math.h>

#include "kernels/kernels.h"
#include "kernels/sets.h"
#include "kernels/window.h"

/* What is the same for all outputs. */
struct dwconv_plan {
    const float *in, *weight;
    float *out;
    const float *residual, *bias, *slope;                /* NULL: none */
    size_t c, in_row, in_col, weight_row;                /* floats from tap to tap */
    size_t out_row, out_col, residual_row, residual_col; /* floats from output to output */
    size_t in_step;                                      /* from one output's window to the next */
    size_t out_w, inner, inner_end; /* columns inner <= ox < inner_end have all their taps */
    window_axis block;              /* the columns under DW_COLS windows together */
    float lo, hi;
    bool clamp;
};

/* Some outputs and the taps that lie on the map, both counted from the first output's window. */
struct dwconv_patch {
    ptrdiff_t in;      /* floats from plan.in to that window: it may start before the map */
    size_t oy, ox;     /* the first output */
    size_t rows, cols; /* how many */
    size_t y, y_end, x, x_end;
};

VEC_INLINE vf dwconv_load(const float *p, bool full, vm m)
{
    return full ? vf_load(p) : vf_load_m(p, m);
}

VEC_INLINE void dwconv_finish(const struct dwconv_plan *d, size_t oy, size_t ox, size_t c, vf x,
                              bool full, vm m)
{
    float *out = d->out + oy * d->out_row + ox * d->out_col + c;

    if (d->bias)
        x = vf_add(x, dwconv_load(d->bias + c, full, m));
    if (d->residual)
        x = vf_add(
            x, dwconv_load(d->residual + oy * d->residual_row + ox * d->residual_col + c, full, m));
    if (d->clamp)
        x = vf_min(vf_set1(d->hi), vf_max(vf_set1(d->lo), x));
    if (d->slope)
        x = vf_if_negative(x, vf_mul(x, dwconv_load(d->slope + c, full, m)), x);
    if (full)
        vf_store(out, x);
    else
        vf_store_m(out, m, x);
}

/* Adds what input pixel (y, x) gives to the outputs of the block. */
VEC_INLINE void dwconv_3x3_tap(vf acc[DW_ROWS][DW_COLS], vf w[3][3], size_t y, size_t x,
                               size_t stride, vf v)
{
    KERNELS_UNROLL
    for (size_t r = 0; r < DW_ROWS; r++) {
        KERNELS_UNROLL
        for (size_t q = 0; q < DW_COLS; q++)
            if (y >= r * stride && y < r * stride + 3 && x >= q * stride && x < q * stride + 3)
                acc[r][q] = vf_fma(v, w[y - r * stride][x - q * stride], acc[r][q]);
    }
}

/* How code is compiled: constants wherever it is inlined. */
struct dwconv_how {
    size_t stride;
    bool inner; /* all columns of outputs exist, and all their taps */
    bool full;  /* VL channels, else the mask's */
};

VEC_INLINE void dwconv_3x3_block(const struct dwconv_plan *d, const struct dwconv_patch *p,
                                 vf w[3][3], size_t c, vm m, struct dwconv_how how)
{
    vf acc[DW_ROWS][DW_COLS];

    KERNELS_UNROLL
    for (size_t r = 0; r < DW_ROWS; r++) {
        KERNELS_UNROLL
        for (size_t q = 0; q < DW_COLS; q++)
            acc[r][q] = vf_zero();
    }
    KERNELS_UNROLL
    for (size_t y = 0; y < (DW_ROWS - 1) * how.stride + 3; y++) {
        ptrdiff_t row = p->in + (ptrdiff_t)(y * d->in_row + c);

        if (y < p->y || y >= p->y_end)
            continue;
        KERNELS_UNROLL
        for (size_t x = 0; x < (DW_COLS - 1) * how.stride + 3; x++)
            if (how.inner || (x >= p->x && x < p->x_end))
                dwconv_3x3_tap(
                    acc, w, y, x, how.stride,
                    dwconv_load(d->in + (row + (ptrdiff_t)(x * d->in_col)), how.full, m));
    }
    KERNELS_UNROLL
    for (size_t r = 0; r < DW_ROWS; r++) {
        if (r >= p->rows)
            continue;
        KERNELS_UNROLL
        for (size_t q = 0; q < DW_COLS; q++)
            if (how.inner || q < p->cols)
                dwconv_finish(d, p->oy + r, p->ox + q, c, acc[r][q], how.full, m);
    }
}

/* All blocks of p's rows, for VL channels from c on or as m says. */
VEC_INLINE void dwconv_3x3_strip(const struct dwconv_plan *d, struct dwconv_patch p, size_t c, vm m,
                                 size_t stride, bool full)
{
    vf w[3][3];

    KERNELS_UNROLL
    for (size_t i = 0; i < 3; i++) {
        KERNELS_UNROLL
        for (size_t j = 0; j < 3; j++)
            w[i][j] = dwconv_load(d->weight + i * d->weight_row + j * d->c + c, full, m);
    }
    for (; p.ox < d->out_w; p.ox += DW_COLS, p.in += (ptrdiff_t)(DW_COLS * d->in_step)) {
        if (p.ox >= d->inner && p.ox + DW_COLS <= d->inner_end) {
            dwconv_3x3_block(d, &p, w, c, m, (struct dwconv_how){stride, true, full});
        } else {
            window_span x = window_at(&d->block, p.ox);

            p.x = x.first;
            p.x_end = x.end;
            p.cols = d->out_w - p.ox;
            dwconv_3x3_block(d, &p, w, c, m, (struct dwconv_how){stride, false, full});
        }
    }
}

/* The channels that fill vectors. */
VEC_INLINE void dwconv_3x3_full(const struct dwconv_plan *plan, const struct dwconv_patch *p,
                                size_t stride)
{
    const struct dwconv_plan d = *plan; /* ours: stores through out can't change it */

    for (size_t c = 0; c + VL <= d.c; c += VL)
        dwconv_3x3_strip(&d, *p, c, vm_first(VL), stride, true);
}

/* The rest, in a function of its own: both in one take compilers several times as long. */
VEC_INLINE void dwconv_3x3_rest(const struct dwconv_plan *plan, const struct dwconv_patch *p,
                                size_t stride)
{
    const struct dwconv_plan d = *plan;
    size_t c = d.c / VL * VL;

    dwconv_3x3_strip(&d, *p, c, vm_first(d.c - c), stride, false);
}

typedef void dwconv_3x3_fn(const struct dwconv_plan *plan, const struct dwconv_patch *p);

VEC_TARGET static void dwconv_3x3_stride1(const struct dwconv_plan *d, const struct dwconv_patch *p)
{
    dwconv_3x3_full(d, p, 1);
}

VEC_TARGET static void dwconv_3x3_stride1_rest(const struct dwconv_plan *d,
                                               const struct dwconv_patch *p)
{
    dwconv_3x3_rest(d, p, 1);
}

VEC_TARGET static void dwconv_3x3_stride2(const struct dwconv_plan *d, const struct dwconv_patch *p)
{
    dwconv_3x3_full(d, p, 2);
}

VEC_TARGET static void dwconv_3x3_stride2_rest(const struct dwconv_plan *d,
                                               const struct dwconv_patch *p)
{
    dwconv_3x3_rest(d, p, 2);
}

/* count neighbouring outputs of a row with the same taps of any window; count is a constant. */
VEC_INLINE void dwconv_any_vector(const struct dwconv_plan *d, const struct dwconv_patch *p,
                                  size_t count, size_t c, bool full, vm m)
{
    vf acc[DW_COLS];

    KERNELS_UNROLL
    for (size_t i = 0; i < count; i++)
        acc[i] = vf_zero();
    for (size_t y = p->y; y < p->y_end; y++)
        for (size_t x = p->x; x < p->x_end; x++) {
            const float *in = d->in + (p->in + (ptrdiff_t)(y * d->in_row + x * d->in_col + c));
            vf w = dwconv_load(d->weight + y * d->weight_row + x * d->c + c, full, m);

            KERNELS_UNROLL
            for (size_t i = 0; i < count; i++)
                acc[i] = vf_fma(dwconv_load(in + i * d->in_step, full, m), w, acc[i]);
        }
    KERNELS_UNROLL
    for (size_t i = 0; i < count; i++)
        dwconv_finish(d, p->oy, p->ox + i, c, acc[i], full, m);
}

VEC_INLINE void dwconv_any(const struct dwconv_plan *plan, const struct dwconv_patch *patch,
                           size_t count)
{
    const struct dwconv_plan d = *plan; /* ours: stores through out can't change them */
    const struct dwconv_patch p = *patch;
    size_t c = 0;

    for (; c + VL <= d.c; c += VL)
        dwconv_any_vector(&d, &p, count, c, true, vm_first(VL));
    if (c < d.c)
        dwconv_any_vector(&d, &p, count, c, false, vm_first(d.c - c));
}

VEC_TARGET static void dwconv_any_one(const struct dwconv_plan *d, const struct dwconv_patch *p)
{
    dwconv_any(d, p, 1);
}

VEC_TARGET static void dwconv_any_cols(const struct dwconv_plan *d, const struct dwconv_patch *p)
{
    dwconv_any(d, p, DW_COLS);
}

static struct dwconv_plan dwconv_plan_of(const dwconv_args *a)
{
    window_axis x = {a->in_w, a->kw, a->stride_w, a->pad_left, a->dilation_w};
    struct dwconv_plan d = {.in = a->in,
                            .weight = a->weight,
                            .out = a->out,
                            .c = a->c,
                            .in_row = a->dilation_h * a->in_w * a->in_ld,
                            .in_col = a->dilation_w * a->in_ld,
                            .in_step = a->stride_w * a->in_ld,
                            .weight_row = a->kw * a->c,
                            .out_row = a->out_w * a->out_ld,
                            .out_col = a->out_ld,
                            .out_w = a->out_w,
                            .block = x};

    window_interior(&x, a->out_w, &d.inner, &d.inner_end);
    d.block.taps = (DW_COLS - 1) * a->stride_w + 3;
    if (a->post) {
        d.bias = a->post->bias;
        d.slope = a->post->slope;
        d.residual = a->post->residual;
        d.residual_row = a->out_w * a->post->residual_ld;
        d.residual_col = a->post->residual_ld;
        d.lo = a->post->lo;
        d.hi = a->post->hi;
        d.clamp = !(d.lo == -INFINITY && d.hi == INFINITY);
    }
    return d;
}

/* The outputs from (oy, ox) on, whose windows together are taps rows high. */
static struct dwconv_patch dwconv_patch_of(const dwconv_args *a, size_t oy, size_t ox, size_t taps)
{
    window_axis ay = {a->in_h, taps, a->stride_h, a->pad_top, a->dilation_h};
    window_axis ax = {a->in_w, a->kw, a->stride_w, a->pad_left, a->dilation_w};
    window_span y = window_at(&ay, oy), x = window_at(&ax, ox);

    return (struct dwconv_patch){
        .in = (y.start * (ptrdiff_t)a->in_w + x.start) * (ptrdiff_t)a->in_ld,
        .oy = oy,
        .ox = ox,
        .y = y.first,
        .y_end = y.end,
        .x = x.first,
        .x_end = x.end,
    };
}

static bool dwconv_is_3x3(const dwconv_args *a)
{
    return a->kh == 3 && a->kw == 3 && a->dilation_h == 1 && a->dilation_w == 1 &&
           a->stride_h == a->stride_w && a->stride_w <= 2;
}

static void dwconv_run_3x3(const dwconv_args *a, const struct dwconv_plan *d)
{
    bool two = a->stride_w == 2;
    dwconv_3x3_fn *full = two ? dwconv_3x3_stride2 : dwconv_3x3_stride1;
    dwconv_3x3_fn *rest = two ? dwconv_3x3_stride2_rest : dwconv_3x3_stride1_rest;

    for (size_t oy = 0; oy < a->out_h; oy += DW_ROWS) {
        struct dwconv_patch p = dwconv_patch_of(a, oy, 0, (DW_ROWS - 1) * a->stride_h + 3);

        p.rows = a->out_h - oy;
        full(d, &p);
        if (a->c % VL)
            rest(d, &p);
    }
}

static void dwconv_run_any(const dwconv_args *a, const struct dwconv_plan *d)
{
    for (size_t oy = 0; oy < a->out_h; oy++)
        for (size_t ox = 0; ox < a->out_w;) {
            struct dwconv_patch p = dwconv_patch_of(a, oy, ox, a->kh);

            if (ox >= d->inner && ox + DW_COLS <= d->inner_end) {
                dwconv_any_cols(d, &p);
                ox += DW_COLS;
            } else {
                dwconv_any_one(d, &p);
                ox++;
            }
        }
}

static void dwconv_run(const dwconv_args *a)
{
    struct dwconv_plan d = dwconv_plan_of(a);

    if (dwconv_is_3x3(a))
        dwconv_run_3x3(a, &d);
    else
        dwconv_run_any(a, &d);
}
