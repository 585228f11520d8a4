/*
 * Depthwise convolution, there and back. A sample goes by in bands of output rows, so that the
 * input's values and the output's gradients, which are made on the way, stay in the cache. Rows
 * that the next band needs again are moved rather than made again.
 */
#include <math.h>
#include <string.h>

#include "train/engine_net.h"

enum { BAND_BYTES = 48 * 1024, BAND_ROWS = 4 /* as the kernel's blocks */ };

/* Some rows of a map of one sample, as they are needed for the work at hand. */
typedef const real *band_read(const train_net *t, const train_map *m, size_t row, size_t rows,
                              real *buf);

struct band {
    const train_map *map;
    size_t sample;
    band_read *read;
    real *buf;
    size_t first, end; /* rows that are in buf */
};

/* Rows first..end of the map; neither ever decreases within a sample. */
static const real *band_rows(const train_net *t, struct band *b, size_t first, size_t end)
{
    size_t width = b->map->w * b->map->c, start = b->sample * b->map->h;
    size_t keep = b->end > first ? b->end - first : 0;
    real *fresh;
    const real *made;

    memmove(b->buf, b->buf + (b->end - keep - b->first) * width, keep * width * sizeof *b->buf);
    b->first = first;
    b->end = first + keep;
    if (b->end >= end)
        return b->buf;
    fresh = b->buf + keep * width;
    made = b->read(t, b->map, (start + b->end) * b->map->w, (end - b->end) * b->map->w, fresh);
    if (made != fresh) {
        if (!keep) /* stored just so */
            return made;
        memcpy(fresh, made, (end - b->end) * width * sizeof *fresh);
    }
    b->end = end;
    return b->buf;
}

/* The rows of the input under the windows of output rows first..end. */
static void rows_under(const train_window *w, size_t first, size_t end, size_t *in_first,
                       size_t *in_end)
{
    size_t top = first * w->stride_h, bottom = (end - 1) * w->stride_h + w->kh;

    *in_first = top > w->pad_top ? top - w->pad_top : 0;
    *in_end = bottom > w->pad_top ? bottom - w->pad_top : 0;
    if (*in_end > w->in_h)
        *in_end = w->in_h;
    if (*in_first > *in_end)
        *in_first = *in_end;
}

/* The window as it moves over those rows alone. */
static train_window window_of_band(const train_window *w, size_t first, size_t end, size_t in_first,
                                   size_t in_end)
{
    train_window b = *w;

    b.out_h = end - first;
    b.in_h = in_end - in_first;
    b.pad_top = w->pad_top + in_first - first * w->stride_h;
    return b;
}

/* A chunk's scratch. */
struct dw_scratch {
    real *x, *g;
};

static size_t dw_layout(const train_step *s, real *base, struct dw_scratch *out)
{
    const train_window *w = &s->win;
    size_t x = (s->tile * w->stride_h + w->kh + w->pad_top) * w->in_w * w->c;
    size_t g = (2 * s->tile + 2 * w->kh) * w->out_w * w->c;

    x = (x + 15) / 16 * 16;
    if (out)
        *out = (struct dw_scratch){base, base + x};
    return x + g;
}

static size_t dw_scratch(const train_net *t, train_step *s)
{
    size_t rows = BAND_BYTES / (s->win.out_w * s->win.c * sizeof(real));

    (void)t;
    s->tile = rows < BAND_ROWS ? BAND_ROWS : rows / BAND_ROWS * BAND_ROWS;
    if (s->tile > s->win.out_h)
        s->tile = s->win.out_h;
    return dw_layout(s, NULL, NULL);
}

/* The window turned around: the gradient of the input is the convolution with it, at stride 1. */
static void dw_pack(const train_net *t, const train_step *s)
{
    const train_window *w = &s->win;
    size_t taps = w->kh * w->kw;

    (void)t;
    for (size_t i = 0; i < taps; i++)
        memcpy(s->packed_back + i * w->c, s->weight->shown.value + (taps - 1 - i) * w->c,
               w->c * sizeof(real));
}

static void dw_forward(const train_net *t, const train_step *s, const train_chunk *c)
{
    const train_map *in = s->in[0].map, *out = s->out;
    struct dw_scratch sc;
    real_post post = {
        .bias = s->bias ? s->bias->shown.value : NULL, .lo = (real)-INFINITY, .hi = (real)INFINITY};

    dw_layout(s, c->scratch, &sc);
    for (size_t n = c->first; n < c->end; n++) {
        struct band x = {in, n, train_map_value, sc.x, 0, 0};

        for (size_t o = 0; o < out->h; o += s->tile) {
            size_t end = o + s->tile < out->h ? o + s->tile : out->h, i, i_end;
            size_t row = (n * out->h + o) * out->w;
            train_window w;
            real_dwconv d;

            rows_under(&s->win, o, end, &i, &i_end);
            w = window_of_band(&s->win, o, end, i, i_end);
            d = (real_dwconv){.in_h = w.in_h,
                              .in_w = w.in_w,
                              .out_h = w.out_h,
                              .out_w = w.out_w,
                              .c = w.c,
                              .kh = w.kh,
                              .kw = w.kw,
                              .stride_h = w.stride_h,
                              .stride_w = w.stride_w,
                              .pad_top = w.pad_top,
                              .pad_left = w.pad_left,
                              .dilation_h = 1,
                              .dilation_w = 1,
                              .in = band_rows(t, &x, i, i_end),
                              .in_ld = w.c,
                              .weight = s->weight->shown.value,
                              .out = out->raw + row * w.c,
                              .out_ld = w.c,
                              .post = s->bias ? &post : NULL};
            t->rk->dwconv(&d);
            train_map_made(t, out, c, row, (end - o) * out->w);
        }
    }
}

/* The gradient of input rows in..in_end, from those of the output that reach there. */
struct dw_back {
    const real *g; /* of rows o..o_end */
    size_t o, o_end, in, in_end;
    real *grad; /* of row in */
};

static void input_by_dwconv(const train_net *t, const train_step *s, const struct dw_back *b)
{
    const train_window *w = &s->win;
    real_post post = {
        .residual = b->grad, .residual_ld = w->c, .lo = (real)-INFINITY, .hi = (real)INFINITY};
    real_dwconv d = {.in_h = b->o_end - b->o,
                     .in_w = w->out_w,
                     .out_h = b->in_end - b->in,
                     .out_w = w->in_w,
                     .c = w->c,
                     .kh = w->kh,
                     .kw = w->kw,
                     .stride_h = 1,
                     .stride_w = 1,
                     .pad_top = w->kh - 1 - (b->in + w->pad_top - b->o),
                     .pad_left = w->kw - 1 - w->pad_left,
                     .dilation_h = 1,
                     .dilation_w = 1,
                     .in = b->g,
                     .in_ld = w->c,
                     .weight = s->packed_back,
                     .out = b->grad,
                     .out_ld = w->c,
                     .post = s->in[0].first ? NULL : &post};

    t->rk->dwconv(&d);
}

static void input_by_gradient(const train_net *t, const train_step *s, const struct dw_back *b)
{
    train_depthwise d = {.win = s->win,
                         .weight = s->weight->shown.value,
                         .g = b->g,
                         .y = b->grad,
                         .accumulate = !s->in[0].first};

    d.win.in_h = b->in_end - b->in;
    d.win.out_h = b->o_end - b->o;
    d.win.pad_top = b->in + s->win.pad_top - b->o * s->win.stride_h;
    t->k->depthwise_input(&d);
}

/* Output rows o..o_end and, of the input, all rows behind *done that no later output reaches. */
static void dw_backward_band(const train_net *t, const train_step *s, const train_chunk *c,
                             struct band *x, struct band *g, size_t o, size_t o_end, size_t *done)
{
    const train_edge *e = &s->in[0];
    const train_window *w = &s->win;
    train_depthwise weight = {.y = c->weight_grad};
    struct dw_back b = {.in = *done, .o_end = o_end};
    size_t i, i_end;

    rows_under(w, o, o_end, &i, &i_end);
    weight.win = window_of_band(w, o, o_end, i, i_end);
    weight.x = band_rows(t, x, i, i_end);
    b.in_end = o_end == w->out_h ? w->in_h : i_end;
    if (o_end < w->out_h) {
        size_t next = o_end * w->stride_h;

        b.in_end = next > w->pad_top ? next - w->pad_top : 0;
        b.in_end = b.in_end < w->in_h ? b.in_end : w->in_h;
    }
    b.o = b.in + w->pad_top < w->kh ? 0 : (b.in + w->pad_top - w->kh) / w->stride_h + 1;
    b.o = b.o < o ? b.o : o;
    b.g = band_rows(t, g, b.o, o_end);
    weight.g = b.g + (o - b.o) * w->out_w * w->c;
    t->k->depthwise_weight(&weight);
    if (s->bias)
        for (size_t p = 0; p < (o_end - o) * w->out_w; p++)
            t->k->add(c->weight_grad + w->kh * w->kw * w->c, weight.g + p * w->c, w->c);
    *done = b.in_end;
    if (!e->needed || b.in_end == b.in)
        return;
    b.grad = e->map->grad + (x->sample * w->in_h + b.in) * w->in_w * w->c;
    if (w->stride_h == 1 && w->stride_w == 1)
        input_by_dwconv(t, s, &b);
    else
        input_by_gradient(t, s, &b);
    if (e->last)
        train_map_finish(t, e->map, c, (x->sample * w->in_h + b.in) * w->in_w,
                         (b.in_end - b.in) * w->in_w);
}

static void dw_backward(const train_net *t, const train_step *s, const train_chunk *c)
{
    const train_window *w = &s->win;
    struct dw_scratch sc;

    dw_layout(s, c->scratch, &sc);
    memset(c->weight_grad, 0, (w->kh * w->kw + (s->bias ? 1 : 0)) * w->c * sizeof(real));
    for (size_t n = c->first; n < c->end; n++) {
        struct band x = {s->in[0].map, n, train_map_value, sc.x, 0, 0};
        struct band g = {s->out, n, train_map_gradient, sc.g, 0, 0};
        size_t done = 0;

        for (size_t o = 0; o < w->out_h; o += s->tile)
            dw_backward_band(t, s, c, &x, &g, o, o + s->tile < w->out_h ? o + s->tile : w->out_h,
                             &done);
    }
}

const train_layer train_layer_depthwise = {dw_scratch, dw_forward, dw_backward, dw_pack};
