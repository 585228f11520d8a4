/* The photo of a turned face: its mesh's triangles, painted from the back to the front. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "data/turn.h"

#define FRACTION 16   /* bits of the view's coordinates behind the point */
#define FAR      1e6f /* pixels: beyond this all is border */

enum { MOST_TAPS = 16 };

typedef struct corner { /* in crop and view */
    pfld_point crop, view;
} corner;

/* NaN becomes lo. */
static float clamp_float(float x, float lo, float hi)
{
    return x > lo ? (x < hi ? x : hi) : lo;
}

static int64_t to_fixed(float x)
{
    return (int64_t)(clamp_float(x, -FAR, FAR) * (float)(1 << FRACTION));
}

/* --- pixels ------------------------------------------------------------------------------------
 *
 * One is the mean of bilinear samples, spread over what becomes that pixel: 1, 2 or 4 along each of
 * its sides.
 */

typedef struct source { /* a view, and the coordinates that are inside of it */
    const pfld_image *view;
    int64_t most_x, most_y;
    ptrdiff_t right, below; /* from a pixel to its neighbours */
} source;

typedef struct fill { /* of one triangle */
    source from;
    affine to_view;                     /* of crop pixels */
    int n_taps, shift;                  /* n_taps is 1 << shift */
    int64_t x[MOST_TAPS], y[MOST_TAPS]; /* of the taps, from the pixel's centre */
} fill;

static source source_of(const pfld_image *view)
{
    bool wide = view->width > 1, high = view->height > 1;

    return (source){view, wide ? ((int64_t)(view->width - 1) << FRACTION) - 1 : 0,
                    high ? ((int64_t)(view->height - 1) << FRACTION) - 1 : 0,
                    wide ? (view->format == PFLD_RGB8 ? 3 : 1) : 0, high ? view->stride : 0};
}

/* bytes: of a pixel, 1 or 3; a constant in the callers. */
static inline void add_sample(const source *s, int bytes, int64_t x, int64_t y, uint32_t sum[3])
{
    int64_t in_x = x < 0 ? 0 : x > s->most_x ? s->most_x : x;
    int64_t in_y = y < 0 ? 0 : y > s->most_y ? s->most_y : y;
    const uint8_t *p =
        s->view->data + (in_y >> FRACTION) * s->view->stride + (in_x >> FRACTION) * bytes;
    const uint8_t *q = p + s->below;
    uint32_t fx = (uint32_t)(in_x >> (FRACTION - 8)) & 255;
    uint32_t fy = (uint32_t)(in_y >> (FRACTION - 8)) & 255;
    uint32_t both = fx * fy, only_x = 256 * fx - both, only_y = 256 * fy - both;
    uint32_t none = 65536 - only_x - only_y - both;

    for (int c = 0; c < bytes; c++)
        sum[c] += none * p[c] + only_x * p[s->right + c] + only_y * q[c] + both * q[s->right + c];
}

static inline void fill_span(const fill *f, int bytes, int n, int64_t x, int64_t y, uint8_t *out)
{
    int64_t step_x = to_fixed(f->to_view.a), step_y = to_fixed(f->to_view.d);
    uint32_t half = (uint32_t)1 << (15 + f->shift);
    int shift = 16 + f->shift;

    for (int i = 0; i < n; i++, out += 3, x += step_x, y += step_y) {
        uint32_t sum[3] = {half, half, half};
        for (int k = 0; k < f->n_taps; k++)
            add_sample(&f->from, bytes, x + f->x[k], y + f->y[k], sum);
        for (int c = 0; c < 3; c++)
            out[c] = (uint8_t)(sum[bytes == 3 ? c : 0] >> shift);
    }
}

static void fill_row(const fill *f, int from, int to, int y, pfld_image *crop)
{
    pfld_point p = affine_apply(&f->to_view, (pfld_point){(float)from, (float)y});
    uint8_t *out = crop->data + y * crop->stride + (ptrdiff_t)3 * from;

    if (f->from.view->format == PFLD_RGB8)
        fill_span(f, 3, to - from + 1, to_fixed(p.x), to_fixed(p.y), out);
    else
        fill_span(f, 1, to - from + 1, to_fixed(p.x), to_fixed(p.y), out);
}

/* How many, as a power of 2. */
static int taps_for(float side)
{
    return side < 1.5f ? 0 : side < 3.0f ? 1 : 2;
}

static void place_taps(fill *f)
{
    const affine *t = &f->to_view;
    int along = taps_for(hypotf(t->a, t->d)), down = taps_for(hypotf(t->b, t->e));

    f->shift = along + down;
    f->n_taps = 1 << f->shift;
    for (int k = 0; k < f->n_taps; k++) {
        float x = ((float)(k & ((1 << along) - 1)) + 0.5f) / (float)(1 << along) - 0.5f;
        float y = ((float)(k >> along) + 0.5f) / (float)(1 << down) - 0.5f;
        f->x[k] = to_fixed(t->a * x + t->b * y);
        f->y[k] = to_fixed(t->d * x + t->e * y);
    }
}

/* --- triangles ---------------------------------------------------------------------------------
 */

/* False where the triangle is too thin to have a map. */
static bool map_triangle(const corner p[3], affine *t)
{
    affine a = {p[1].crop.x - p[0].crop.x, p[2].crop.x - p[0].crop.x, p[0].crop.x,
                p[1].crop.y - p[0].crop.y, p[2].crop.y - p[0].crop.y, p[0].crop.y};
    affine b = {p[1].view.x - p[0].view.x, p[2].view.x - p[0].view.x, p[0].view.x,
                p[1].view.y - p[0].view.y, p[2].view.y - p[0].view.y, p[0].view.y};
    affine back;

    if (!affine_invert(&a, &back))
        return false;
    *t = affine_compose(&b, &back);
    return true;
}

typedef struct edge { /* from its upper to its lower end */
    float top, bottom, x, slope;
} edge;

static edge edge_between(pfld_point a, pfld_point b)
{
    pfld_point upper = a.y < b.y ? a : b, lower = a.y < b.y ? b : a;

    return (edge){upper.y, lower.y, upper.x, (lower.x - upper.x) / (lower.y - upper.y)};
}

/* Pixels of row y whose centres are inside: *from to *to. */
static void cross_row(const edge e[3], int y, int width, int *from, int *to)
{
    float left = INFINITY, right = -INFINITY;

    for (int k = 0; k < 3; k++) {
        float x = e[k].x + ((float)y - e[k].top) * e[k].slope;
        if ((float)y < e[k].top || (float)y > e[k].bottom || e[k].top == e[k].bottom)
            continue;
        left = x < left ? x : left;
        right = x > right ? x : right;
    }
    *from = (int)ceilf(clamp_float(left, 0.0f, (float)width));
    *to = (int)floorf(clamp_float(right, -1.0f, (float)(width - 1)));
}

static void fill_triangle(const corner p[3], const source *from, pfld_image *crop)
{
    edge e[3];
    float top = INFINITY, bottom = -INFINITY;
    fill f = {.from = *from};
    int last;

    for (int k = 0; k < 3; k++) {
        e[k] = edge_between(p[k].crop, p[(k + 1) % 3].crop);
        top = e[k].top < top ? e[k].top : top;
        bottom = e[k].bottom > bottom ? e[k].bottom : bottom;
    }
    last = (int)floorf(clamp_float(bottom, -1.0f, (float)(crop->height - 1)));
    if (!map_triangle(p, &f.to_view))
        return;
    place_taps(&f);
    for (int y = (int)ceilf(clamp_float(top, 0.0f, (float)crop->height)); y <= last; y++) {
        int left, right;
        cross_row(e, y, crop->width, &left, &right);
        if (left <= right)
            fill_row(&f, left, right, y, crop);
    }
}

/* --- outlines -----------------------------------------------------------------------------------
 *
 * A triangle has all of a pixel or nothing. Where the face ends before what is behind it that would
 * be stairs, which no photo has, so there a pixel is mixed with its neighbour, by how much of it is
 * beyond.
 */

/* at: where the outline is, from the pixel's centre, -0.5 to 0.5. What is beyond belongs to the
 * neighbour there. */
static void blend(uint8_t *pixel, ptrdiff_t to_next, float at)
{
    const uint8_t *other = at < 0.0f ? pixel - to_next : pixel + to_next;
    int own = (int)(256.0f * (0.5f + fabsf(at)));

    for (int c = 0; c < 3; c++)
        pixel[c] = (uint8_t)((own * pixel[c] + (256 - own) * other[c]) >> 8);
}

/* Along the axis in which the outline is longer: `along` is x (or y), the other across; from is the
 * end that comes first. */
static void soften(const float along[2], const float across[2], const int size[2],
                   const ptrdiff_t step[2], uint8_t *data)
{
    int from = along[0] < along[1] ? 0 : 1;
    float slope = (across[1] - across[0]) / (along[1] - along[0]);
    int last = (int)floorf(clamp_float(along[1 - from], -1.0f, (float)(size[0] - 1)));

    for (int i = (int)ceilf(clamp_float(along[from], 0.0f, (float)size[0])); i <= last; i++) {
        float at = across[0] + ((float)i - along[0]) * slope;
        int j = (int)floorf(clamp_float(at, -1.0f, (float)size[1]) + 0.5f);
        if (j >= 1 && j < size[1] - 1)
            blend(data + i * step[0] + j * step[1], step[1], at - (float)j);
    }
}

static void soften_outline(pfld_point a, pfld_point b, pfld_image *crop)
{
    const float x[2] = {a.x, b.x}, y[2] = {a.y, b.y};
    const int size[2] = {crop->width, crop->height}, turned_size[2] = {crop->height, crop->width};
    const ptrdiff_t step[2] = {3, crop->stride}, turned_step[2] = {crop->stride, 3};

    if (fabsf(a.x - b.x) > fabsf(a.y - b.y))
        soften(x, y, size, step, crop->data);
    else if (a.y != b.y)
        soften(y, x, turned_size, turned_step, crop->data);
}

/* --- the mesh ----------------------------------------------------------------------------------
 */

typedef struct triangle {
    int index;
    float depth;
} triangle;

static bool faces_camera(const turn_vertex *v, const uint8_t t[3])
{
    pfld_point a = v[t[0]].to, b = v[t[1]].to, c = v[t[2]].to;

    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x) > 0.0f;
}

/* Those that can be seen, the furthest first. */
static int sort_triangles(const turn_vertex *v, triangle *out)
{
    int n = 0;

    for (int i = 0; i < TURN_TRIANGLES; i++) {
        const uint8_t *t = turn_triangles[i];
        float depth = v[t[0]].depth + v[t[1]].depth + v[t[2]].depth;
        int at = n;
        if (!faces_camera(v, t))
            continue;
        for (; at > 0 && out[at - 1].depth < depth; at--)
            out[at] = out[at - 1];
        out[at] = (triangle){i, depth};
        n++;
    }
    return n;
}

static int corner_of(const triangle *t, int k)
{
    return turn_triangles[t->index][k % 3];
}

/* The sides of triangles that can be seen whose neighbours can't. */
static void soften_outlines(const triangle *seen, int n, const corner *at, pfld_image *crop)
{
    bool is_side[TURN_VERTICES][TURN_VERTICES] = {{0}};

    for (int i = 0; i < n; i++)
        for (int k = 0; k < 3; k++)
            is_side[corner_of(&seen[i], k)][corner_of(&seen[i], k + 1)] = true;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 3; k++) {
            int from = corner_of(&seen[i], k), to = corner_of(&seen[i], k + 1);
            if (!is_side[to][from])
                soften_outline(at[from].crop, at[to].crop, crop);
        }
}

bool turn_paints(pfld_format format)
{
    return format == PFLD_RGB8 || format == PFLD_GRAY8;
}

void turn_paint(const turned_face *t, const affine *to_plane, const pfld_image *view,
                const affine *from_photo, pfld_image *crop)
{
    corner at[TURN_VERTICES], p[3];
    triangle order[TURN_TRIANGLES];
    int n = sort_triangles(t->vertex, order);
    source from = source_of(view);
    affine to_crop;

    assert(turn_paints(view->format) && crop->format == PFLD_RGB8);
    for (int y = 0; y < crop->height; y++)
        memset(crop->data + y * crop->stride, 0, 3 * (size_t)crop->width);
    if (!affine_invert(to_plane, &to_crop))
        return;
    for (int i = 0; i < TURN_VERTICES; i++)
        at[i] = (corner){affine_apply(&to_crop, t->vertex[i].to),
                         affine_apply(from_photo, t->vertex[i].from)};
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < 3; k++)
            p[k] = at[corner_of(&order[i], k)];
        fill_triangle(p, &from, crop);
    }
    soften_outlines(order, n, at, crop);
}
