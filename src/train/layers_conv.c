/*
 * Convolutions of all channels and full connections, there and back: matrix products.
 *
 *   forward   out[rows][n]     = A[rows][k] W[k][n] + bias
 *   backward  dA[rows][k]      = G[rows][n] W'
 *             dW[k][n]        += A' G
 *
 * Rows are outputs. A's row is one pixel (1x1), a whole map, or the patch under the window.
 */
#include <math.h>
#include <string.h>

#include "train/engine_net.h"

/* Bytes of A and G that are in work at once: more than L1, well within L2. */
enum { TILE_BYTES = 256 * 1024, TILE_MIN = 120, TILE_MAX = 384 };

static size_t tile_of(const train_step *s)
{
    size_t rows = TILE_BYTES / ((s->k + 2 * s->n) * sizeof(real));

    rows = rows < TILE_MIN ? TILE_MIN : rows > TILE_MAX ? TILE_MAX : rows;
    return rows / TILE_MIN * TILE_MIN; /* of which the heights of gemm's tiles are divisors */
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Where in a chunk's scratch things lie. */
struct conv_scratch {
    real *a;      /* [tile][k] */
    real *g;      /* [tile][n] */
    real *packed; /* g for gemm */
    real *da;     /* [tile][k] */
    real *map;    /* values of one sample's input */
};

static size_t aligned(size_t n)
{
    return (n + 15) / 16 * 16;
}

static size_t scratch_layout(const train_net *t, const train_step *s, real *base,
                             struct conv_scratch *out)
{
    const train_map *in = s->in[0].map;
    bool patches = s->kind == TRAIN_PATCHES;
    size_t size[] = {s->tile * s->k, s->tile * s->n, t->rk->gemm_packed_size(s->tile, s->n),
                     patches ? s->tile * s->k : 0, patches ? in->pixels * in->c : 0};
    size_t at[sizeof size / sizeof size[0]], total = 0;

    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
        at[i] = total;
        total += aligned(size[i]);
    }
    if (out)
        *out = (struct conv_scratch){base + at[0], base + at[1], base + at[2], base + at[3],
                                     base + at[4]};
    return total;
}

static size_t conv_scratch(const train_net *t, train_step *s)
{
    s->tile = tile_of(s);
    return scratch_layout(t, s, NULL, NULL);
}

static void conv_pack(const train_net *t, const train_step *s)
{
    const real *w = s->weight->shown.value;

    t->rk->gemm_pack(s->packed, w, s->n, 1, s->k, s->n);
    if (s->packed_back && t->training)
        t->rk->gemm_pack(s->packed_back, w, 1, s->n, s->n, s->k);
}

/* out rows from A's. */
static void forward_tile(const train_net *t, const train_step *s, const train_chunk *c, size_t row,
                         size_t rows, const real *a)
{
    real_post post = {
        .bias = s->bias ? s->bias->shown.value : NULL, .lo = (real)-INFINITY, .hi = (real)INFINITY};
    real_gemm g = {.m = rows,
                   .n = s->n,
                   .k = s->k,
                   .a = a,
                   .a_row = s->k,
                   .a_col = 1,
                   .b = s->packed,
                   .c = s->out->raw + row * s->n,
                   .c_row = s->n,
                   .post = s->bias ? &post : NULL};

    t->rk->gemm(&g);
    train_map_made(t, s->out, c, row, rows);
}

/* Adds to the chunk's gradients of weights and bias; the first rows overwrite what is there. */
static void weight_tile(const train_net *t, const train_step *s, const train_chunk *c, size_t rows,
                        const real *a, const real *g, real *packed, bool first)
{
    real *bias = c->weight_grad + s->k * s->n;
    real_gemm args = {.m = s->k,
                      .n = s->n,
                      .k = rows,
                      .a = a,
                      .a_row = 1,
                      .a_col = s->k,
                      .b = packed,
                      .c = c->weight_grad,
                      .c_row = s->n,
                      .accumulate = !first};

    if (t->rk->gemm_packs_itself(s->n))
        args.b = g;
    else
        t->rk->gemm_pack(packed, g, s->n, 1, rows, s->n);
    t->rk->gemm(&args);
    if (!s->bias)
        return;
    if (first)
        memset(bias, 0, s->n * sizeof *bias);
    for (size_t i = 0; i < rows; i++)
        t->k->add(bias, g + i * s->n, s->n);
}

static void input_tile(const train_net *t, const train_step *s, size_t rows, const real *g,
                       real *to, bool accumulate)
{
    real_gemm args = {.m = rows,
                      .n = s->k,
                      .k = s->n,
                      .a = g,
                      .a_row = s->n,
                      .a_col = 1,
                      .b = s->packed_back,
                      .c = to,
                      .c_row = s->k,
                      .accumulate = accumulate};

    t->rk->gemm(&args);
}

/* --- A's rows are the input's own --- */

/* Rows of the input map in one of A. */
static size_t dense_span(const train_step *s)
{
    return s->k / s->in[0].map->c;
}

static void dense_forward(const train_net *t, const train_step *s, const train_chunk *c)
{
    size_t span = dense_span(s), end = c->end * s->out->pixels;
    struct conv_scratch sc;

    scratch_layout(t, s, c->scratch, &sc);
    for (size_t row = c->first * s->out->pixels; row < end; row += s->tile) {
        size_t rows = smaller(s->tile, end - row);

        forward_tile(t, s, c, row, rows,
                     train_map_value(t, s->in[0].map, row * span, rows * span, sc.a));
    }
}

static void dense_backward(const train_net *t, const train_step *s, const train_chunk *c)
{
    const train_edge *e = &s->in[0];
    size_t span = dense_span(s), end = c->end * s->out->pixels;
    size_t first = c->first * s->out->pixels;
    struct conv_scratch sc;

    scratch_layout(t, s, c->scratch, &sc);
    for (size_t row = first; row < end; row += s->tile) {
        size_t rows = smaller(s->tile, end - row);
        const real *g = train_map_gradient(t, s->out, row, rows, sc.g);
        const real *a = train_map_value(t, e->map, row * span, rows * span, sc.a);

        weight_tile(t, s, c, rows, a, g, sc.packed, row == first);
        if (!e->needed)
            continue;
        input_tile(t, s, rows, g, e->map->grad + row * s->k, !e->first);
        if (e->last)
            train_map_finish(t, e->map, c, row * span, rows * span);
    }
}

const train_layer train_layer_dense = {conv_scratch, dense_forward, dense_backward, conv_pack};

/* --- A's rows are patches --- */

static void patches_forward(const train_net *t, const train_step *s, const train_chunk *c)
{
    const train_map *in = s->in[0].map;
    size_t outs = s->out->pixels;
    struct conv_scratch sc;

    scratch_layout(t, s, c->scratch, &sc);
    for (size_t n = c->first; n < c->end; n++) {
        const real *value = train_map_value(t, in, n * in->pixels, in->pixels, sc.map);
        train_patches p = {.win = s->win, .patches = sc.a};

        p.map = (real *)(uintptr_t)value; /* only read; NOLINT(performance-no-int-to-ptr) */

        for (p.first = 0; p.first < outs; p.first += s->tile) {
            p.count = smaller(s->tile, outs - p.first);
            t->k->gather(&p);
            forward_tile(t, s, c, n * outs + p.first, p.count, sc.a);
        }
    }
}

static void patches_backward_sample(const train_net *t, const train_step *s, const train_chunk *c,
                                    size_t n, const struct conv_scratch *sc)
{
    const train_edge *e = &s->in[0];
    size_t ins = e->map->pixels, outs = s->out->pixels;
    real *grad = e->needed ? e->map->grad + n * ins * e->map->c : NULL;
    const real *value = train_map_value(t, e->map, n * ins, ins, sc->map);
    train_patches p = {.win = s->win, .patches = sc->a};
    train_patches back = {.win = s->win, .map = grad, .patches = sc->da};

    p.map = (real *)(uintptr_t)value; /* only read; NOLINT(performance-no-int-to-ptr) */
    if (grad && e->first)
        memset(grad, 0, ins * e->map->c * sizeof *grad);
    for (size_t o = 0; o < outs; o += s->tile) {
        size_t rows = smaller(s->tile, outs - o);
        const real *g = train_map_gradient(t, s->out, n * outs + o, rows, sc->g);

        p.first = back.first = o;
        p.count = back.count = rows;
        t->k->gather(&p);
        weight_tile(t, s, c, rows, sc->a, g, sc->packed, n == c->first && o == 0);
        if (!grad)
            continue;
        input_tile(t, s, rows, g, sc->da, false);
        t->k->scatter(&back);
    }
    if (grad && e->last)
        train_map_finish(t, e->map, c, n * ins, ins);
}

static void patches_backward(const train_net *t, const train_step *s, const train_chunk *c)
{
    struct conv_scratch sc;

    scratch_layout(t, s, c->scratch, &sc);
    for (size_t n = c->first; n < c->end; n++)
        patches_backward_sample(t, s, c, n, &sc);
}

const train_layer train_layer_patches = {conv_scratch, patches_forward, patches_backward,
                                         conv_pack};
