/* The steps on bytes: what they do with the views that int8.c gives them. */
#include "infer/int8_steps.h"

#include <string.h>

static uint8_t *step_bytes(const infer_view *v)
{
    return (uint8_t *)step_data(v);
}

/* ---- running: between floats and bytes ---- */

/* in[0], dense, to out. */
void run_quantise(const step *s, const kernels *k)
{
    const step_int8 *v = &s->u.int8;

    (void)k;
    v->k->quantise(step_data(&s->in[0]), 1.0f / v->scale, v->zero, step_bytes(&s->out),
                   v->n * v->h * v->w * v->c);
}

/* Lines [c][w] to pixels [w][c]. */
static void interleave(const int8_kernels *k, const uint8_t *lines, size_t w, size_t c,
                       uint8_t *out)
{
    if (c == 3)
        k->interleave3(lines, out, w);
    else
        for (size_t x = 0; x < w; x++)
            for (size_t i = 0; i < c; i++)
                *out++ = lines[i * w + x];
}

/* The same of few planes: line by line, interleaved. */
void run_quantise_planes(const step *s, const kernels *k)
{
    const step_int8 *v = &s->u.int8;
    const infer_view *x = &s->in[0];
    uint8_t *out = step_bytes(&s->out), *lines = step_bytes(&s->scratch);

    (void)k;
    for (size_t n = 0; n < v->n; n++)
        for (size_t y = 0; y < v->h; y++, out += v->w * v->c) {
            for (size_t c = 0; c < v->c; c++)
                v->k->quantise(step_data(x) + (ptrdiff_t)n * x->stride[0] +
                                   (ptrdiff_t)c * x->stride[1] + (ptrdiff_t)y * x->stride[2],
                               1.0f / v->scale, v->zero, lines + c * v->w, v->w);
            interleave(v->k, lines, v->w, v->c, out);
        }
}

/* Byte by byte, as a table says for each channel. */
void run_levels(const step *s, const kernels *k)
{
    const step_int8 *v = &s->u.int8;
    const uint8_t *in = step_bytes(&s->in[0]);
    uint8_t *out = step_bytes(&s->out);

    (void)k;
    for (size_t i = 0; i < v->n * v->h * v->w; i++)
        for (size_t c = 0; c < v->c; c++, in++, out++)
            *out = v->levels[*in * v->c + c];
}

void run_floats(const step *s, const kernels *k)
{
    const step_int8 *v = &s->u.int8;
    const uint8_t *q = step_bytes(&s->in[0]);
    float *x = step_data(&s->out);

    (void)k;
    for (size_t i = 0; i < v->n * v->h * v->w * v->c; i++)
        x[i] = (float)(q[i] - v->zero) * v->scale;
}

/* ---- running: products and convolutions ---- */

typedef struct place { /* where an image's results go, and what is added to them */
    uint8_t *bytes;
    float *floats;
    const uint8_t *residual;
} place;

static place place_of(const step *s, size_t image)
{
    const step_int8 *v = &s->u.int8;
    size_t at = image * v->out_h * v->out_w * v->gemm.n;
    place p = {0};

    if (v->as_floats)
        p.floats = step_data(&s->out) + at;
    else
        p.bytes = step_bytes(&s->out) + at;
    if (s->in[1].buf >= 0)
        p.residual = step_bytes(&s->in[1]) + at;
    return p;
}

/* Rows of results from `at` on. */
static void multiply(const int8_kernels *k, int8_gemm *g, int8_post *post, const place *p,
                     size_t at)
{
    g->c = p->bytes ? p->bytes + at * g->n : NULL;
    g->f = p->floats ? p->floats + at * g->n : NULL;
    post->add.residual = p->residual ? p->residual + at * g->n : NULL;
    g->post = post;
    k->gemm(g);
}

/* A map that is a matrix as it lies: one product for all images. */
void run_int8_gemm(const step *s, const kernels *k)
{
    const step_int8 *v = &s->u.int8;
    int8_gemm g = v->gemm;
    int8_post post = v->post;
    place p = place_of(s, 0);

    (void)k;
    g.a = step_bytes(&s->in[0]);
    multiply(v->k, &g, &post, &p, 0);
}

/* Line y of an image between its pads, which hold the zero point. */
static void pad_line(const step_int8 *v, const uint8_t *image, ptrdiff_t y, size_t width,
                     uint8_t *dst)
{
    size_t left = v->window.pad[1] < width ? v->window.pad[1] : width, shown = width - left;

    memset(dst, v->zero, width * v->c);
    if (y < 0 || (size_t)y >= v->h)
        return;
    if (shown > v->w)
        shown = v->w;
    memcpy(dst + left * v->c, image + (size_t)y * v->w * v->c, shown * v->c);
}

/* As conv.c's bands: lines are copied with their pads, then multiplied where they lie. */
void run_int8_band(const step *s, const kernels *k)
{
    const step_int8 *v = &s->u.int8;
    const step_conv *win = &v->window;
    size_t width = step_conv_width(win, v->out_w), line = width * v->c;
    uint8_t *lines = step_bytes(&s->scratch);
    int8_gemm g = v->gemm;
    int8_post post = v->post;

    (void)k;
    for (size_t image = 0; image < v->n; image++) {
        const uint8_t *in = step_bytes(&s->in[0]) + image * v->h * v->w * v->c;
        place p = place_of(s, image);
        for (size_t at = 0; at < v->out_h; at += win->band) {
            size_t n = v->out_h - at < win->band ? v->out_h - at : win->band;
            ptrdiff_t y = (ptrdiff_t)(at * win->stride[0]) - (ptrdiff_t)win->pad[0];
            for (size_t i = 0; i < step_conv_lines(win, n); i++)
                pad_line(v, in, y + (ptrdiff_t)i, width, lines + i * line);
            for (size_t i = 0; i < n; i++) {
                g.a = lines + i * win->stride[0] * line;
                multiply(v->k, &g, &post, &p, (at + i) * v->out_w);
            }
        }
    }
}

void run_int8_dwconv(const step *s, const kernels *k)
{
    const step_int8 *v = &s->u.int8;
    int8_dwconv d = v->dwconv;
    int8_post post = v->post;

    (void)k;
    d.post = &post;
    for (size_t image = 0; image < v->n; image++) {
        size_t at = image * v->out_h * v->out_w * v->c;
        d.in = step_bytes(&s->in[0]) + image * v->h * v->w * v->c;
        d.out = step_bytes(&s->out) + at;
        post.add.residual = s->in[1].buf < 0 ? NULL : step_bytes(&s->in[1]) + at;
        v->k->dwconv(&d);
    }
}

/* A picture's as pixels says. */
void run_pixels(const step *s, const kernels *k)
{
    const step_int8 *v = &s->u.int8;

    (void)k;
    pixel_range_floats(v->pixels, step_bytes(&s->in[0]), step_data(&s->out),
                       v->n * v->h * v->w * v->c);
}
