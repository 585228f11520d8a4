/* Resize and Upsample of height and width: every output line is a weighted sum of input lines. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "infer/lower.h"
#include "net/op_params.h"

/* ---- running ---- */

/* in[0] to out, both adjacent pixels. */
static void run_resize(const step *s, const kernels *k)
{
    const step_resize *v = &s->u.resize;
    const infer_view *x = &s->in[0], *y = &s->out;
    size_t c = x->dim[1], n, i, j, ty, tx, ch;

    (void)k;
    for (n = 0; n < y->dim[0]; n++) {
        const float *src = step_data(x) + (ptrdiff_t)n * x->stride[0];
        float *dst = step_data(y) + (ptrdiff_t)n * y->stride[0];
        for (i = 0; i < y->dim[2]; i++)
            for (j = 0; j < y->dim[3]; j++, dst += c) {
                memset(dst, 0, c * sizeof(float));
                for (ty = i * v->taps[0]; ty < (i + 1) * v->taps[0]; ty++)
                    for (tx = j * v->taps[1]; tx < (j + 1) * v->taps[1]; tx++) {
                        const float *p =
                            src + v->index[0][ty] * x->stride[2] + v->index[1][tx] * x->stride[3];
                        float w = v->weight[0][ty] * v->weight[1][tx];
                        for (ch = 0; ch < c; ch++)
                            dst[ch] += w * p[ch];
                    }
            }
    }
}

/* The same where each output pixel is a copy of one input pixel, which is what detectors' necks do:
 * a line that repeats is copied whole. */
static void run_nearest(const step *s, const kernels *k)
{
    const step_resize *v = &s->u.resize;
    const infer_view *x = &s->in[0], *y = &s->out;
    size_t c = x->dim[1], line = y->dim[3] * c, n, i, j;

    (void)k;
    for (n = 0; n < y->dim[0]; n++) {
        const float *image = step_data(x) + (ptrdiff_t)n * x->stride[0];
        float *dst = step_data(y) + (ptrdiff_t)n * y->stride[0];
        assert(y->buf >= 0);
        for (i = 0; i < y->dim[2]; i++, dst += line) {
            const float *src = image + v->index[0][i] * x->stride[2];
            if (i > 0 && v->index[0][i] == v->index[0][i - 1]) {
                memcpy(dst, dst - line, line * sizeof(float));
                continue;
            }
            for (j = 0; j < y->dim[3]; j++)
                memcpy(dst + j * c, src + v->index[1][j] * x->stride[3], c * sizeof(float));
        }
    }
}

/* ---- lowering ---- */

/* In float, as other engines have it: at the ties of "nearest" rounding decides. */
static float source(const net_resize_params *p, size_t axis, int64_t in, int64_t i)
{
    float scale = (float)p->scale[axis], out = (float)p->out[axis], x = (float)i;

    switch (p->coord) {
    case NET_COORD_ASYMMETRIC:
        return x / scale;
    case NET_COORD_ALIGN_CORNERS:
        return out == 1 ? 0 : x * (float)(in - 1) / (out - 1);
    case NET_COORD_PYTORCH_HALF_PIXEL:
        return out == 1 ? 0 : (x + 0.5f) / scale - 0.5f;
    case NET_COORD_HALF_PIXEL_SYMMETRIC:
        return (float)in / 2 * (1 - out / (scale * (float)in)) + (x + 0.5f) / scale - 0.5f;
    case NET_COORD_HALF_PIXEL:
        break;
    }
    return (x + 0.5f) / scale - 0.5f;
}

static double nearest(const net_resize_params *p, double x)
{
    switch (p->round) {
    case NET_ROUND_PREFER_CEIL:
        return floor(x + 0.5);
    case NET_ROUND_FLOOR:
        return floor(x);
    case NET_ROUND_CEIL:
        return ceil(x);
    case NET_ROUND_PREFER_FLOOR:
        break;
    }
    return ceil(x - 0.5);
}

/* Keys' cubic kernel at distance d. */
static double cubic(double a, double d)
{
    d = fabs(d);
    if (d <= 1)
        return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

typedef struct tap {
    double at, weight; /* an input coordinate, perhaps outside */
} tap;

static size_t taps_at(const net_resize_params *p, double x, tap *t)
{
    double base = floor(x), f = x - base;
    int i;

    if (p->mode == NET_RESIZE_NEAREST) {
        t[0] = (tap){nearest(p, x), 1};
        return 1;
    }
    if (p->mode == NET_RESIZE_LINEAR) {
        t[0] = (tap){base, 1 - f};
        t[1] = (tap){base + 1, f};
        return 2;
    }
    for (i = 0; i < 4; i++)
        t[i] = (tap){base - 1 + i, cubic(p->cubic_a, f + 1 - i)};
    return 4;
}

/* Taps outside count for the border's pixel, or for nothing where the file says so. */
static void weigh(const net_resize_params *p, tap *t, size_t n, int64_t in)
{
    double sum = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        bool outside = t[i].at < 0 || t[i].at > (double)(in - 1);
        if (outside && p->exclude_outside && p->mode == NET_RESIZE_CUBIC)
            t[i].weight = 0;
        t[i].at = fmin(fmax(t[i].at, 0), (double)(in - 1));
        sum += t[i].weight;
    }
    for (i = 0; i < n && sum != 0; i++)
        t[i].weight /= sum;
}

/* Tables of axis 2 + d. */
static bool make_taps(lower *l, const net_resize_params *p, size_t d, int64_t in, step_resize *v)
{
    static const size_t n_taps[] = {
        [NET_RESIZE_NEAREST] = 1, [NET_RESIZE_LINEAR] = 2, [NET_RESIZE_CUBIC] = 4};
    size_t out = (size_t)p->out[2 + d], n = n_taps[p->mode], i, j;
    int32_t *index = arena_alloc(l->mem, out * n, sizeof(int32_t));
    float *weight = arena_alloc(l->mem, out * n, sizeof(float));

    if (!index || !weight)
        return false;
    for (i = 0; i < out; i++) {
        tap t[4] = {{0, 0}};
        taps_at(p, (double)source(p, 2 + d, in, (int64_t)i), t);
        weigh(p, t, n, in);
        for (j = 0; j < n; j++) {
            index[i * n + j] = (int32_t)t[j].at;
            weight[i * n + j] = (float)t[j].weight;
        }
    }
    v->taps[d] = n;
    v->index[d] = index;
    v->weight[d] = weight;
    return true;
}

pfld_status lower_resize(lower *l)
{
    net_resize_params p;
    infer_view x;
    step *s;
    const net_shape *in = &lower_in_value(l, 0)->shape;
    pfld_status st = net_resize_get(l->g, l->node, &p, l->err);

    if (st == PFLD_OK)
        st = lower_in(l, 0, &x);
    if (st != PFLD_OK)
        return st;
    if (p.rank != 4 || p.out[0] != in->dim[0] || p.out[1] != in->dim[1])
        return lower_unsupported(l, "resizing of other axes than height and width");
    if (!lower_as_pixels(l, &x))
        return lower_nomem(l);
    s = lower_step(l, p.mode == NET_RESIZE_NEAREST ? run_nearest : run_resize);
    if (!s || !make_taps(l, &p, 0, in->dim[2], &s->u.resize) ||
        !make_taps(l, &p, 1, in->dim[3], &s->u.resize) ||
        !lower_new_nhwc(l, &lower_out_value(l, 0)->shape, &s->out))
        return lower_nomem(l);
    s->in[0] = x;
    lower_set_out(l, 0, &s->out);
    return PFLD_OK;
}
