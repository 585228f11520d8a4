/*
 * Windows over the vector vocabulary: the gradients of 3x3 depthwise convolutions, channels along
 * the vector; and patches under any window. Included once by each instruction set.
 */
#include <string.h>

#include "train/kernels_sets.h"

enum { GRAD_COLS = 4 }; /* outputs side by side that share what they read of the input */

struct grad_how {
    size_t stride; /* constant wherever this is inlined */
    bool inner;    /* all taps of all columns are on the map */
};

/* Some outputs of one row, and their taps that lie on the map. */
struct grad_spot {
    const float *x, *g; /* of tap (0, 0), which may lie beside the map, and of the first output */
    size_t in_row, c;
    window_span y, xs;
    vm m;
};

/* Products of cols outputs with all inputs under their windows. */
VEC_INLINE void grad_weight_spot(vf acc[3][3], const struct grad_spot *p, size_t cols,
                                 struct grad_how how)
{
    vf g[GRAD_COLS];

    KERNELS_UNROLL
    for (size_t q = 0; q < cols; q++)
        g[q] = vf_load_m(p->g + q * p->c, p->m);
    KERNELS_UNROLL
    for (size_t r = 0; r < 3; r++) {
        const float *row = p->x + r * p->in_row;

        if (r < p->y.first || r >= p->y.end)
            continue;
        KERNELS_UNROLL
        for (size_t i = 0; i < (GRAD_COLS - 1) * 2 + 3; i++) {
            vf x;

            if (i >= (cols - 1) * how.stride + 3)
                continue;
            if (!how.inner && (i < p->xs.first || i >= p->xs.end))
                continue;
            x = vf_load_m(row + i * p->c, p->m);
            KERNELS_UNROLL
            for (size_t q = 0; q < cols; q++)
                if (i >= q * how.stride && i < q * how.stride + 3)
                    acc[r][i - q * how.stride] = vf_fma(x, g[q], acc[r][i - q * how.stride]);
        }
    }
}

/* The VL channels from c on. */
VEC_INLINE void grad_weight_3x3(const train_depthwise *d, size_t c, size_t stride)
{
    const train_window w = d->win;
    window_axis ay = train_axis_y(&w), ax = train_axis_x(&w);
    struct grad_spot p = {
        .in_row = w.in_w * w.c, .c = w.c, .m = vm_first(w.c - c < VL ? w.c - c : VL)};
    vf acc[3][3];
    size_t inner, inner_end;

    window_interior(&ax, w.out_w, &inner, &inner_end);
    KERNELS_UNROLL
    for (size_t i = 0; i < 9; i++)
        acc[i / 3][i % 3] = vf_zero();
    for (size_t oy = 0; oy < w.out_h; oy++) {
        p.y = window_at(&ay, oy);
        for (size_t ox = 0; ox < w.out_w;) {
            p.xs = window_at(&ax, ox);
            p.g = d->g + (oy * w.out_w + ox) * w.c + c;
            p.x = d->x +
                  ((p.y.start * (ptrdiff_t)w.in_w + p.xs.start) * (ptrdiff_t)w.c + (ptrdiff_t)c);
            if (ox >= inner && ox + GRAD_COLS <= inner_end) {
                grad_weight_spot(acc, &p, GRAD_COLS, (struct grad_how){stride, true});
                ox += GRAD_COLS;
            } else {
                grad_weight_spot(acc, &p, 1, (struct grad_how){stride, false});
                ox++;
            }
        }
    }
    KERNELS_UNROLL
    for (size_t i = 0; i < 9; i++) {
        float *y = d->y + i * w.c + c;

        vf_store_m(y, p.m, vf_add(acc[i / 3][i % 3], vf_load_m(y, p.m)));
    }
}

VEC_TARGET static void grad_weight_stride1(const train_depthwise *d)
{
    for (size_t c = 0; c < d->win.c; c += VL)
        grad_weight_3x3(d, c, 1);
}

VEC_TARGET static void grad_weight_stride2(const train_depthwise *d)
{
    for (size_t c = 0; c < d->win.c; c += VL)
        grad_weight_3x3(d, c, 2);
}

static void depthwise_weight_run(const train_depthwise *d)
{
    const train_window *w = &d->win;
    bool fits = w->kh == 3 && w->kw == 3 && w->stride_h == w->stride_w;

    if (fits && w->stride_w == 1)
        grad_weight_stride1(d);
    else if (fits && w->stride_w == 2)
        grad_weight_stride2(d);
    else
        train_kernels_scalar.depthwise_weight(d);
}

/* One row of the input, stride 2: pixels u = ix + pad_left in pairs, which hear of outputs m by tap
 * 0, m - 1 by tap 2 (even) and m by tap 1 (odd). rows of outputs, whose weights are w[0..rows). */
struct grad_line {
    const float *g[2]; /* [out_w][c] from channel c on */
    float *y;          /* pixel u = 0: may lie before the map */
    size_t rows, c, in_w, out_w, pad;
    bool accumulate;
    vm m;
};

VEC_INLINE void grad_put(const struct grad_line *l, size_t u, vf v)
{
    float *y = l->y + u * l->c;

    if (u < l->pad || u - l->pad >= l->in_w)
        return;
    if (l->accumulate)
        v = vf_add(v, vf_load_m(y, l->m));
    vf_store_m(y, l->m, v);
}

VEC_INLINE void grad_input_line(const struct grad_line *line, vf w[2][3], size_t rows)
{
    const struct grad_line l = *line; /* ours: stores through y can't change it */
    vf before[2] = {vf_zero(), vf_zero()};

    for (size_t m = 0; 2 * m < l.in_w + l.pad; m++) {
        vf even = vf_zero(), odd = vf_zero();

        KERNELS_UNROLL
        for (size_t i = 0; i < rows; i++) {
            vf g = m < l.out_w ? vf_load_m(l.g[i] + m * l.c, l.m) : vf_zero();

            even = vf_fma(g, w[i][0], vf_fma(before[i], w[i][2], even));
            odd = vf_fma(g, w[i][1], odd);
            before[i] = g;
        }
        grad_put(&l, 2 * m, even);
        grad_put(&l, 2 * m + 1, odd);
    }
}

/* The VL channels from c on. */
VEC_INLINE void grad_input_3x3(const train_depthwise *d, size_t c)
{
    const train_window *w = &d->win;
    vm m = vm_first(w->c - c < VL ? w->c - c : VL);
    struct grad_line l = {.c = w->c,
                          .in_w = w->in_w,
                          .out_w = w->out_w,
                          .pad = w->pad_left,
                          .accumulate = d->accumulate,
                          .m = m};
    vf taps[3][3], two[2][3];

    KERNELS_UNROLL
    for (size_t i = 0; i < 9; i++)
        taps[i / 3][i % 3] = vf_load_m(d->weight + i * w->c + c, m);
    for (size_t iy = 0; iy < w->in_h; iy++) {
        train_range oy = train_readers(iy, 3, 2, w->pad_top, w->out_h);

        l.y = d->y + ((ptrdiff_t)(iy * w->in_w) - (ptrdiff_t)l.pad) * (ptrdiff_t)w->c + c;
        l.rows = oy.end - oy.first;
        for (size_t i = 0; i < l.rows; i++) {
            size_t r = iy + w->pad_top - 2 * (oy.first + i);

            l.g[i] = d->g + (oy.first + i) * w->out_w * w->c + c;
            KERNELS_UNROLL
            for (size_t s = 0; s < 3; s++)
                two[i][s] = taps[r][s];
        }
        if (l.rows == 2)
            grad_input_line(&l, two, 2);
        else if (l.rows == 1)
            grad_input_line(&l, two, 1);
        else
            grad_input_line(&l, two, 0);
    }
}

VEC_TARGET static void grad_input_stride2(const train_depthwise *d)
{
    for (size_t c = 0; c < d->win.c; c += VL)
        grad_input_3x3(d, c);
}

static void depthwise_input_run(const train_depthwise *d)
{
    const train_window *w = &d->win;

    if (w->kh == 3 && w->kw == 3 && w->stride_h == 2 && w->stride_w == 2)
        grad_input_stride2(d);
    else
        train_kernels_scalar.depthwise_input(d);
}

/* y = x or 0 (x NULL) or, with add, y += x. */
VEC_INLINE void patch_move(float *y, const float *x, size_t n, bool add)
{
    for (size_t i = 0; i < n; i += VL) {
        vm m = vm_first(n - i < VL ? n - i : VL);
        vf v = x ? vf_load_m(x + i, m) : vf_zero();

        if (add)
            v = vf_add(v, vf_load_m(y + i, m));
        vf_store_m(y + i, m, v);
    }
}

/* One row of taps of a patch: those that lie on the map are neighbours there as here. */
VEC_INLINE void patch_row(float *patch, float *map, const train_window *w, window_span x, bool back)
{
    size_t before = x.first * w->c, n = (x.end - x.first) * w->c;

    if (back) {
        patch_move(map + before, patch + before, n, true);
        return;
    }
    patch_move(patch, NULL, before, false);
    patch_move(patch + before, map + before, n, false);
    patch_move(patch + before + n, NULL, w->kw * w->c - before - n, false);
}

/* Outputs ox to end of one row. */
struct patch_line {
    float *patch;
    float *map; /* the row of the first tap that is on the map, at column 0 */
    window_span y;
    size_t ox, end;
};

/* One patch whose columns on the map are those of x. */
VEC_INLINE void patch_one(const struct patch_line *l, const train_window *w, float *patch,
                          window_span x, bool back)
{
    size_t width = w->kw * w->c;
    float *map = l->map + x.start * (ptrdiff_t)w->c;

    if (!back) {
        patch_move(patch, NULL, l->y.first * width, false);
        patch_move(patch + l->y.end * width, NULL, (w->kh - l->y.end) * width, false);
    }
    for (size_t r = l->y.first; r < l->y.end; r++, map += w->in_w * w->c)
        if (x.first < x.end)
            patch_row(patch + r * width, map, w, x, back);
        else if (!back)
            patch_move(patch + r * width, NULL, width, false);
}

/* Rows of taps that fit into a vector, as those of a picture do. */
VEC_INLINE void patch_one_narrow(const struct patch_line *l, const train_window *w, float *patch,
                                 size_t ox, bool back, vm m)
{
    size_t width = w->kw * w->c, pitch = w->in_w * w->c;
    float *map = l->map + (ox * w->stride_w - w->pad_left) * w->c;

    patch += l->y.first * width;
    for (size_t r = l->y.first; r < l->y.end; r++, map += pitch, patch += width) {
        float *to = back ? map : patch;
        vf v = vf_load_m(back ? patch : map, m);

        vf_store_m(to, m, back ? vf_add(v, vf_load_m(to, m)) : v);
        __builtin_prefetch(map + pitch); /* the next row of outputs reads on from here */
    }
}

VEC_INLINE void patch_line_move(const struct patch_line *line, const train_window *w, bool back)
{
    const struct patch_line l = *line;
    window_axis ax = train_axis_x(w);
    size_t inner, inner_end, width = w->kw * w->c;
    bool narrow = width <= VL && l.y.first == 0 && l.y.end == w->kh;
    vm m = vm_first(narrow ? width : 0);
    float *patch = l.patch;

    window_interior(&ax, w->out_w, &inner, &inner_end);
    for (size_t ox = l.ox; ox < l.end; ox++, patch += w->kh * width)
        if (narrow && ox >= inner && ox < inner_end)
            patch_one_narrow(&l, w, patch, ox, back, m);
        else
            patch_one(&l, w, patch, window_at(&ax, ox), back);
}

VEC_INLINE void patches_move(const train_patches *p, bool back)
{
    const train_window w = p->win;
    window_axis ay = train_axis_y(&w);
    struct patch_line l = {.patch = p->patches};
    size_t left = p->count;

    for (size_t oy = p->first / w.out_w, ox = p->first % w.out_w; left; oy++, ox = 0) {
        l.y = window_at(&ay, oy);
        l.map = p->map + (l.y.start + (ptrdiff_t)l.y.first) * (ptrdiff_t)(w.in_w * w.c);
        l.ox = ox;
        l.end = w.out_w - ox < left ? w.out_w : ox + left;
        patch_line_move(&l, &w, back);
        l.patch += (l.end - ox) * w.kh * w.kw * w.c;
        left -= l.end - ox;
    }
}

VEC_TARGET static void gather_run(const train_patches *p)
{
    patches_move(p, false);
}

VEC_TARGET static void scatter_run(const train_patches *p)
{
    patches_move(p, true);
}
