/* Sums, means, and what only moves numbers, there and back. */
#include <string.h>

#include "train/engine_net.h"

enum { MOVE_BYTES = 32 * 1024 }; /* of one map in work at once: a part of L1 */

static size_t tile_of(const train_map *m)
{
    size_t rows = MOVE_BYTES / (m->c * sizeof(real));

    return rows ? rows : 1;
}

static size_t one_tile_scratch(const train_net *t, train_step *s)
{
    (void)t;
    s->tile = tile_of(s->out);
    return s->tile * s->out->c;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* --- Add: out = a + b --- */

static void add_forward(const train_net *t, const train_step *s, const train_chunk *c)
{
    const train_map *a = s->in[0].map, *b = s->in[1].map, *out = s->out;
    size_t end = c->end * out->pixels;

    for (size_t row = c->first * out->pixels; row < end; row += s->tile) {
        size_t rows = smaller(s->tile, end - row);
        const real *x = train_map_value(t, b, row, rows, c->scratch);

        train_map_value_add(t, a, row, rows, x, out->raw + row * out->c);
        train_map_made(t, out, c, row, rows);
    }
}

/* Both parts get the gradient as it is; often they share the buffer and there is nothing to do. */
static void pass_backward(const train_net *t, const train_step *s, const train_chunk *c)
{
    size_t end = c->end * s->out->pixels;

    for (size_t row = c->first * s->out->pixels; row < end; row += s->tile) {
        size_t rows = smaller(s->tile, end - row);
        const real *g = train_map_gradient(t, s->out, row, rows, c->scratch);

        for (size_t i = 0; i < s->n_in; i++)
            if (s->in[i].needed && !s->in[i].shared)
                train_edge_write(t, &s->in[i], c, row, rows, g);
    }
}

static void add_backward(const train_net *t, const train_step *s, const train_chunk *c)
{
    for (size_t i = 0; i < s->n_in; i++)
        if (s->in[i].needed && !s->in[i].shared) {
            pass_backward(t, s, c);
            return;
        }
}

const train_layer train_layer_add = {one_tile_scratch, add_forward, add_backward, NULL};

/* --- Copy: out = value --- */

static void copy_forward(const train_net *t, const train_step *s, const train_chunk *c)
{
    size_t end = c->end * s->out->pixels;

    for (size_t row = c->first * s->out->pixels; row < end; row += s->tile) {
        size_t rows = smaller(s->tile, end - row);

        train_map_value_add(t, s->in[0].map, row, rows, NULL, s->out->raw + row * s->out->c);
        train_map_made(t, s->out, c, row, rows);
    }
}

const train_layer train_layer_copy = {one_tile_scratch, copy_forward, pass_backward, NULL};

/* --- Mean over the pixels --- */

static size_t mean_scratch(const train_net *t, train_step *s)
{
    const train_map *in = s->in[0].map;

    (void)t;
    s->tile = 1;
    return (in->pixels + 1) * in->c;
}

static void mean_forward(const train_net *t, const train_step *s, const train_chunk *c)
{
    const train_map *in = s->in[0].map;

    for (size_t n = c->first; n < c->end; n++) {
        const real *x = train_map_value(t, in, n * in->pixels, in->pixels, c->scratch);
        real *out = s->out->raw + n * in->c;

        memset(out, 0, in->c * sizeof *out);
        for (size_t p = 0; p < in->pixels; p++)
            t->k->add(out, x + p * in->c, in->c);
        for (size_t i = 0; i < in->c; i++)
            out[i] /= (real)in->pixels;
        train_map_made(t, s->out, c, n, 1);
    }
}

static void mean_backward(const train_net *t, const train_step *s, const train_chunk *c)
{
    const train_map *in = s->in[0].map;
    real *spread = c->scratch, *buf = spread + in->pixels * in->c;

    if (!s->in[0].needed)
        return;
    for (size_t n = c->first; n < c->end; n++) {
        const real *g = train_map_gradient(t, s->out, n, 1, buf);

        for (size_t p = 0; p < in->pixels; p++)
            for (size_t i = 0; i < in->c; i++)
                spread[p * in->c + i] = g[i] / (real)in->pixels;
        train_edge_write(t, &s->in[0], c, n * in->pixels, in->pixels, spread);
    }
}

const train_layer train_layer_mean = {mean_scratch, mean_forward, mean_backward, NULL};

/* --- Flatten: [pixels][c] to [c][pixels], the graph's order --- */

static size_t flatten_scratch(const train_net *t, train_step *s)
{
    (void)t;
    s->tile = 1;
    return 2 * s->out->c;
}

static void turn(const real *from, size_t rows, size_t cols, real *to)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            to[j * rows + i] = from[i * cols + j];
}

static void flatten_forward(const train_net *t, const train_step *s, const train_chunk *c)
{
    const train_map *in = s->in[0].map;

    for (size_t n = c->first; n < c->end; n++) {
        turn(train_map_value(t, in, n * in->pixels, in->pixels, c->scratch), in->pixels, in->c,
             s->out->raw + n * s->out->c);
        train_map_made(t, s->out, c, n, 1);
    }
}

static void flatten_backward(const train_net *t, const train_step *s, const train_chunk *c)
{
    const train_map *in = s->in[0].map;
    real *turned = c->scratch, *buf = turned + s->out->c;

    if (!s->in[0].needed)
        return;
    for (size_t n = c->first; n < c->end; n++) {
        turn(train_map_gradient(t, s->out, n, 1, buf), in->c, in->pixels, turned);
        train_edge_write(t, &s->in[0], c, n * in->pixels, in->pixels, turned);
    }
}

const train_layer train_layer_flatten = {flatten_scratch, flatten_forward, flatten_backward, NULL};

/* --- Concat: channels side by side --- */

static size_t concat_scratch(const train_net *t, train_step *s)
{
    (void)t;
    s->tile = tile_of(s->out);
    return 2 * s->tile * s->out->c;
}

static void concat_forward(const train_net *t, const train_step *s, const train_chunk *c)
{
    const train_map *out = s->out;
    size_t end = c->end * out->pixels;

    for (size_t row = c->first * out->pixels; row < end; row += s->tile) {
        size_t rows = smaller(s->tile, end - row);
        real *to = out->raw + row * out->c;

        for (size_t i = 0; i < s->n_in; i++) {
            size_t width = s->in[i].map->c;
            const real *x = train_map_value(t, s->in[i].map, row, rows, c->scratch);

            for (size_t r = 0; r < rows; r++)
                memcpy(to + r * out->c, x + r * width, width * sizeof *to);
            to += width;
        }
        train_map_made(t, out, c, row, rows);
    }
}

static void concat_backward(const train_net *t, const train_step *s, const train_chunk *c)
{
    const train_map *out = s->out;
    real *part = c->scratch, *buf = part + s->tile * out->c;
    size_t end = c->end * out->pixels;

    for (size_t row = c->first * out->pixels; row < end; row += s->tile) {
        size_t rows = smaller(s->tile, end - row);
        const real *g = train_map_gradient(t, out, row, rows, buf);

        for (size_t i = 0; i < s->n_in; g += s->in[i].map->c, i++) {
            size_t width = s->in[i].map->c;

            if (!s->in[i].needed)
                continue;
            for (size_t r = 0; r < rows; r++)
                memcpy(part + r * width, g + r * out->c, width * sizeof *part);
            train_edge_write(t, &s->in[i], c, row, rows, part);
        }
    }
}

const train_layer train_layer_concat = {concat_scratch, concat_forward, concat_backward, NULL};

/* --- Upsample: every pixel four times --- */

static size_t upsample_scratch(const train_net *t, train_step *s)
{
    (void)t;
    s->tile = s->in[0].map->w;
    return 4 * s->tile * s->out->c;
}

/* Row of n pixels, each twice, in to. */
static void double_row(const real *x, size_t n, size_t c, real *to)
{
    for (size_t i = 0; i < n; i++, x += c, to += 2 * c) {
        memcpy(to, x, c * sizeof *to);
        memcpy(to + c, x, c * sizeof *to);
    }
}

static void upsample_forward(const train_net *t, const train_step *s, const train_chunk *c)
{
    const train_map *in = s->in[0].map, *out = s->out;
    size_t w = in->w, end = c->end * in->h;

    for (size_t line = c->first * in->h; line < end; line++) {
        real *to = out->raw + 4 * line * w * out->c;

        double_row(train_map_value(t, in, line * w, w, c->scratch), w, in->c, to);
        memcpy(to + 2 * w * out->c, to, 2 * w * out->c * sizeof *to);
        train_map_made(t, out, c, 4 * line * w, 4 * w);
    }
}

static void upsample_backward(const train_net *t, const train_step *s, const train_chunk *c)
{
    const train_map *in = s->in[0].map, *out = s->out;
    size_t w = in->w, n = in->c, end = c->end * in->h;
    real *sum = c->scratch, *buf = sum + w * n;

    if (!s->in[0].needed)
        return;
    for (size_t line = c->first * in->h; line < end; line++) {
        memset(sum, 0, w * n * sizeof *sum);
        for (size_t half = 0; half < 2; half++) {
            const real *g = train_map_gradient(t, out, (4 * line + 2 * half) * w, 2 * w, buf);

            for (size_t i = 0; i < 2 * w; i++)
                t->k->add(sum + i / 2 * n, g + i * n, n);
        }
        train_edge_write(t, &s->in[0], c, line * w, w, sum);
    }
}

const train_layer train_layer_upsample = {upsample_scratch, upsample_forward, upsample_backward,
                                          NULL};
