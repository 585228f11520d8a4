/*
 * Depthwise convolution over the vector vocabulary: channels lie along the vector. 3x3 windows are
 * made in blocks of DW_ROWS x DW_COLS outputs (DW_COLS_2 for stride 2), which share inputs; other
 * windows DW_COLS outputs at a time; one column at a time at the left and right border. Each vector
 * of channels goes over the whole map, with its weights in registers: so each input comes from far
 * away but once. Each sum runs through its taps in order, whatever the block. Included once by each
 * instruction set, which has defined DW_ROWS, DW_COLS and DW_COLS_2 <= DW_COLS so that the outputs
 * of a block and 9 weights fit in registers.
 */
#include <math.h>

#include "kernels/kernels.h"
#include "kernels/sets.h"
#include "kernels/window.h"

/* Else compilers keep the address of every pixel of a block, most of them in memory. */
#define DWCONV_HIDE(x) __asm__("" : "+r"(x))

/* What is the same for all outputs. */
struct dwconv_plan {
    const float *in, *weight;
    float *out;
    const float *residual, *bias, *slope;                /* NULL: none */
    size_t c, in_row, in_col, weight_row;                /* floats from tap to tap */
    size_t out_row, out_col, residual_row, residual_col; /* floats from output to output */
    size_t in_step;                                      /* from one output's window to the next */
    size_t inner, inner_end; /* columns inner <= ox < inner_end have all their taps */
    float lo, hi;
    bool clamp, clamp_above;
};

/* Some outputs and the taps that lie on the map, both counted from the first output's window. */
struct dwconv_patch {
    ptrdiff_t in;  /* floats from plan.in to that window: it may start before the map */
    size_t oy, ox; /* the first output */
    size_t rows;   /* how many of a block's exist */
    size_t y, y_end, x, x_end;
};

/* How code is compiled: constants wherever it is inlined. */
struct dwconv_how {
    size_t stride, rows, cols; /* of outputs in a block */
    bool inner;                /* all taps exist along the line */
    bool full;                 /* VL channels, else the mask's */
};

/* Distances of columns that others are a power of two of: addresses hold such a factor. */
struct dwconv_odd {
    size_t one, three, five, seven;
};

VEC_INLINE vf dwconv_load(const float *p, bool full, vm m)
{
    return full ? vf_load(p) : vf_load_m(p, m);
}

VEC_INLINE void dwconv_add_residual(const struct dwconv_plan *d, const struct dwconv_patch *p,
                                    size_t c, vf *acc, struct dwconv_how how, vm m)
{
    const float *line = d->residual + p->oy * d->residual_row + p->ox * d->residual_col + c;

    KERNELS_UNROLL
    for (size_t r = 0; r < how.rows; r++, line += d->residual_row) {
        if (r >= p->rows)
            break;
        KERNELS_UNROLL
        for (size_t q = 0; q < how.cols; q++)
            acc[r * how.cols + q] =
                vf_add(acc[r * how.cols + q], dwconv_load(line + q * d->residual_col, how.full, m));
    }
}

/* What follows the sums [rows][cols]. */
VEC_INLINE void dwconv_post(const struct dwconv_plan *d, const struct dwconv_patch *p, size_t c,
                            vf *acc, struct dwconv_how how, vm m)
{
    const size_t n = how.rows * how.cols;

    if (d->bias) {
        vf bias = dwconv_load(d->bias + c, how.full, m);

        KERNELS_UNROLL
        for (size_t i = 0; i < n; i++)
            acc[i] = vf_add(acc[i], bias);
    }
    if (d->residual)
        dwconv_add_residual(d, p, c, acc, how, m);
    if (d->clamp) {
        vf lo = vf_set1(d->lo);

        KERNELS_UNROLL
        for (size_t i = 0; i < n; i++)
            acc[i] = vf_max(lo, acc[i]);
    }
    if (d->clamp_above) {
        vf hi = vf_set1(d->hi);

        KERNELS_UNROLL
        for (size_t i = 0; i < n; i++)
            acc[i] = vf_min(hi, acc[i]);
    }
    if (d->slope) {
        vf slope = dwconv_load(d->slope + c, how.full, m);

        KERNELS_UNROLL
        for (size_t i = 0; i < n; i++)
            acc[i] = vf_if_negative(acc[i], vf_mul(acc[i], slope), acc[i]);
    }
}

VEC_INLINE void dwconv_finish(const struct dwconv_plan *d, const struct dwconv_patch *p, size_t c,
                              vf *acc, struct dwconv_how how, vm m)
{
    float *line = d->out + p->oy * d->out_row + p->ox * d->out_col + c;

    dwconv_post(d, p, c, acc, how, m);
    KERNELS_UNROLL
    for (size_t r = 0; r < how.rows; r++, line += d->out_row) {
        if (r >= p->rows)
            break;
        KERNELS_UNROLL
        for (size_t q = 0; q < how.cols; q++)
            if (how.full)
                vf_store(line + q * d->out_col, acc[r * how.cols + q]);
            else
                vf_store_m(line + q * d->out_col, m, acc[r * how.cols + q]);
    }
}

/* Adds what input pixel (y, x) gives to the outputs of the block. */
VEC_INLINE void dwconv_3x3_tap(vf *acc, vf w[3][3], size_t y, size_t x, struct dwconv_how how, vf v)
{
    KERNELS_UNROLL
    for (size_t r = 0; r < how.rows; r++) {
        KERNELS_UNROLL
        for (size_t q = 0; q < how.cols; q++) {
            size_t i = y - r * how.stride, j = x - q * how.stride; /* below 0 wraps to huge */

            if (i < 3 && j < 3)
                acc[r * how.cols + q] = vf_fma(v, w[i][j], acc[r * how.cols + q]);
        }
    }
}

/* Floats to column x <= 8; x is a constant. */
VEC_INLINE ptrdiff_t dwconv_column(const struct dwconv_odd *k, size_t x)
{
    size_t twos = x % 8 == 0 ? 8 : x % 4 == 0 ? 4 : x % 2 == 0 ? 2 : 1;
    size_t odd = x / twos;

    return (ptrdiff_t)(twos * (odd == 0   ? 0
                               : odd == 1 ? k->one
                               : odd == 3 ? k->three
                               : odd == 5 ? k->five
                                          : k->seven));
}

VEC_INLINE void dwconv_3x3_block(const struct dwconv_plan *d, const struct dwconv_patch *p,
                                 const struct dwconv_odd *k, vf w[3][3], size_t c, vm m,
                                 struct dwconv_how how)
{
    vf acc[DW_ROWS * DW_COLS];
    ptrdiff_t at = p->in + (ptrdiff_t)c;

    KERNELS_UNROLL
    for (size_t i = 0; i < how.rows * how.cols; i++)
        acc[i] = vf_zero();
    KERNELS_UNROLL
    for (size_t y = 0; y < (how.rows - 1) * how.stride + 3; y++, at += (ptrdiff_t)d->in_row) {
        DWCONV_HIDE(at);
        if (y < p->y || y >= p->y_end)
            continue;
        KERNELS_UNROLL
        for (size_t x = 0; x < (how.cols - 1) * how.stride + 3; x++)
            if (how.inner || (x >= p->x && x < p->x_end))
                dwconv_3x3_tap(acc, w, y, x, how,
                               dwconv_load(d->in + (at + dwconv_column(k, x)), how.full, m));
    }
    dwconv_finish(d, p, c, acc, how, m);
}

/* The outputs of p's rows, for VL channels from c on or as m says: blocks where all taps exist. */
VEC_INLINE void dwconv_3x3_line(const struct dwconv_plan *d, struct dwconv_patch p,
                                const dwconv_args *a, vf w[3][3], size_t c, vm m,
                                struct dwconv_how how)
{
    window_axis axis = {a->in_w, 3, how.stride, a->pad_left, 1};
    struct dwconv_odd k = {d->in_col, 3 * d->in_col, 5 * d->in_col, 7 * d->in_col};
    struct dwconv_how one = how;

    DWCONV_HIDE(k.three);
    DWCONV_HIDE(k.five);
    DWCONV_HIDE(k.seven);
    one.cols = 1;
    one.inner = false;
    while (p.ox < a->out_w) {
        if (p.ox >= d->inner && p.ox + how.cols <= d->inner_end) {
            dwconv_3x3_block(d, &p, &k, w, c, m, how);
            p.ox += how.cols;
            p.in += (ptrdiff_t)(how.cols * d->in_step);
        } else {
            window_span x = window_at(&axis, p.ox);

            p.x = x.first;
            p.x_end = x.end;
            dwconv_3x3_block(d, &p, &k, w, c, m, one);
            p.ox++;
            p.in += (ptrdiff_t)d->in_step;
        }
    }
}

/* The outputs from (oy, ox) on, whose windows together are taps rows high. */
static inline struct dwconv_patch dwconv_patch_of(const dwconv_args *a, size_t oy, size_t ox,
                                                  size_t taps)
{
    window_axis ay = {a->in_h, taps, a->stride_h, a->pad_top, a->dilation_h};
    window_axis ax = {a->in_w, a->kw, a->stride_w, a->pad_left, a->dilation_w};
    window_span y = window_at(&ay, oy), x = window_at(&ax, ox);

    return (struct dwconv_patch){
        .in = (y.start * (ptrdiff_t)a->in_w + x.start) * (ptrdiff_t)a->in_ld,
        .oy = oy,
        .ox = ox,
        .rows = a->out_h - oy,
        .y = y.first,
        .y_end = y.end,
        .x = x.first,
        .x_end = x.end,
    };
}

/* The whole map, for VL channels from c on or as m says. */
VEC_INLINE void dwconv_3x3_strip(const struct dwconv_plan *d, const dwconv_args *a, size_t c, vm m,
                                 size_t stride, bool full)
{
    /* NOLINTNEXTLINE(bugprone-branch-clone): one number for both in some sets */
    const size_t cols = stride == 1 ? DW_COLS : DW_COLS_2;
    const struct dwconv_how how = {stride, DW_ROWS, cols, true, full};
    vf w[3][3];

    KERNELS_UNROLL
    for (size_t i = 0; i < 3; i++) {
        KERNELS_UNROLL
        for (size_t j = 0; j < 3; j++)
            w[i][j] = dwconv_load(d->weight + i * d->weight_row + j * d->c + c, full, m);
    }
    for (size_t oy = 0; oy < a->out_h; oy += DW_ROWS)
        dwconv_3x3_line(d, dwconv_patch_of(a, oy, 0, (DW_ROWS - 1) * stride + 3), a, w, c, m, how);
}

/* The channels that fill vectors. */
VEC_INLINE void dwconv_3x3_full(const struct dwconv_plan *plan, const dwconv_args *args,
                                size_t stride)
{
    const struct dwconv_plan d = *plan; /* ours: stores through out can't change it */
    const dwconv_args a = *args;

    for (size_t c = 0; c + VL <= d.c; c += VL)
        dwconv_3x3_strip(&d, &a, c, vm_first(VL), stride, true);
}

/* The rest, in a function of its own: both in one take compilers several times as long. */
VEC_INLINE void dwconv_3x3_rest(const struct dwconv_plan *plan, const dwconv_args *args,
                                size_t stride)
{
    const struct dwconv_plan d = *plan;
    const dwconv_args a = *args;
    size_t c = d.c / VL * VL;

    dwconv_3x3_strip(&d, &a, c, vm_first(d.c - c), stride, false);
}

typedef void dwconv_3x3_fn(const struct dwconv_plan *plan, const dwconv_args *args);

VEC_TARGET static void dwconv_3x3_stride1(const struct dwconv_plan *d, const dwconv_args *a)
{
    dwconv_3x3_full(d, a, 1);
}

VEC_TARGET static void dwconv_3x3_stride1_rest(const struct dwconv_plan *d, const dwconv_args *a)
{
    dwconv_3x3_rest(d, a, 1);
}

VEC_TARGET static void dwconv_3x3_stride2(const struct dwconv_plan *d, const dwconv_args *a)
{
    dwconv_3x3_full(d, a, 2);
}

VEC_TARGET static void dwconv_3x3_stride2_rest(const struct dwconv_plan *d, const dwconv_args *a)
{
    dwconv_3x3_rest(d, a, 2);
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
    dwconv_finish(d, p, c, acc, (struct dwconv_how){.rows = 1, .cols = count, .full = full}, m);
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
                            .out_col = a->out_ld};

    window_interior(&x, a->out_w, &d.inner, &d.inner_end);
    if (a->post) {
        d.bias = a->post->bias;
        d.slope = a->post->slope;
        d.residual = a->post->residual;
        d.residual_row = a->out_w * a->post->residual_ld;
        d.residual_col = a->post->residual_ld;
        d.lo = a->post->lo;
        d.hi = a->post->hi;
        d.clamp = d.lo != -INFINITY;
        d.clamp_above = d.hi != INFINITY;
    }
    return d;
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

    full(d, a);
    if (a->c % VL)
        rest(d, a);
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
