/* Shuts the eyes of a photo's face, wholly or partly: new labels, and the skin drawn over them. */
#include "data/shut.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "geometry/pose.h"
#include "image/image.h"

/*
 * Across the eye's length all stays in its column; in a column, the upper lid comes down over the
 * eyeball, which stays, and the skin above is stretched; the lower lid comes up a little.
 */
#define FALLS        0.85f /* of the opening, by the upper lid: 300-W's labels of closed eyes */
#define ABOVE        0.4f  /* eye lengths: so far from a lid the skin is drawn along */
#define BELOW        0.25f
#define LASHES       0.04f /* eye lengths: so far above the upper lid's edge it is darker, ... */
#define HANG         2.5f  /* ... and so many times as far below it; ... */
#define LINE_PIXELS  0.7f  /* ... no less than this, in pixels of the crop */
#define EDGE_TAPS    3     /* samples down a pixel, at least, where eye and lid meet */
#define SAMPLE_ONE   256   /* what sample_add() multiplies levels by */
#define SAMPLE_MOST  4     /* samples along a side of what becomes one pixel */
#define LEAST        0.4f  /* degree that is drawn */
#define WINKS        0.15f /* share of them */
#define LEAST_LENGTH 12.0f /* pixels of the photo */
#define LEAST_OPEN   0.15f /* eye lengths, in the middle: a wide one has 0.4 */
#define LEAST_FACING 0.77f /* cosine */
#define SHUT         0.16f /* eye lengths, likewise: classes.c calls less closed */

/* --- by how much -------------------------------------------------------------------------------
 */

shut_degree shut_draw(rng *r)
{
    float degree = LEAST + (1.0f - LEAST) * rng_float(r), lashes = 0.3f + 0.5f * rng_float(r);
    bool wink = rng_float(r) < WINKS, right = rng_float(r) < 0.5f;

    return (shut_degree){wink && !right ? 0.0f : degree, wink && right ? 0.0f : degree, lashes};
}

/* --- where the lids are ------------------------------------------------------------------------
 */

/* A corner, n / 2 - 1 points of the upper lid, the other corner, as many of the lower. NULL: the
 * scheme has none, or the points aren't known. */
static const scheme_contour *ring_of(const data_sample *s, int eye)
{
    const scheme_contour *c = s->scheme->contours, *end = c + s->scheme->n_contours;

    while (c < end && (c->kind != SCHEME_EYE || eye-- > 0))
        c++;
    if (c == end || !c->closed || c->n < 4 || c->n % 2)
        return NULL;
    for (int k = 0; k < c->n; k++) {
        const pfld_point *p = &s->points[c->points[k]];
        if (!s->known[c->points[k]] || !isfinite(p->x) || !isfinite(p->y))
            return NULL;
    }
    return c;
}

/* What the label marks. */
static pfld_point marked(const data_sample *s, const scheme_contour *ring, int k)
{
    pfld_point p = s->points[ring->points[k]];

    return (pfld_point){p.x - s->offset, p.y};
}

/* Least squares; where a lid has but one point, or all beside one another, it is nearly even. */
static void fit_lid(const shut_eye *e, const data_sample *s, const scheme_contour *ring, int first,
                    float c[2])
{
    float aa = 0.0f, ab = 0.0f, bb = 1e-4f, ay = 0.0f, by = 0.0f, det;

    for (int k = first; k < first + ring->n / 2 - 1; k++) {
        pfld_point p = affine_apply(&e->to_eye, marked(s, ring, k));
        float a = p.x * (1.0f - p.x), b = a * (p.x - 0.5f);
        aa += a * a;
        ab += a * b;
        bb += b * b;
        ay += a * p.y;
        by += b * p.y;
    }
    det = aa * bb - ab * ab;
    c[0] = det > 0.0f ? (ay * bb - by * ab) / det : 0.0f;
    c[1] = det > 0.0f ? (by * aa - ay * ab) / det : 0.0f;
}

static bool find_eye(const data_sample *s, const scheme_contour *ring, shut_eye *e)
{
    pfld_point from = marked(s, ring, 0), to = marked(s, ring, ring->n / 2);
    float dx = to.x - from.x, dy = to.y - from.y;

    e->to_photo = (affine){dx, -dy, from.x, dy, dx, from.y};
    if (!affine_invert(&e->to_photo, &e->to_eye))
        return false;
    fit_lid(e, s, ring, 1, e->upper);
    fit_lid(e, s, ring, ring->n / 2 + 1, e->lower);
    return true;
}

static float length_of(const shut_eye *e)
{
    return hypotf(e->to_photo.a, e->to_photo.d);
}

/* In the middle. */
static float opening(const shut_eye *e)
{
    return 0.25f * (e->lower[0] - e->upper[0]);
}

bool shut_suits(const data_sample *s)
{
    shut_eye e = {0};
    float r[3][3];

    pose_to_matrix(&s->pose, r);
    if (!(r[2][2] >= LEAST_FACING)) /* nor where it isn't known */
        return false;
    for (int i = 0; i < 2; i++) {
        const scheme_contour *ring = ring_of(s, i);
        if (!ring || !find_eye(s, ring, &e) || !(length_of(&e) >= LEAST_LENGTH) ||
            !(opening(&e) >= LEAST_OPEN))
            return false;
    }
    return true;
}

/* --- the labels --------------------------------------------------------------------------------
 */

static void move_lids(const scheme_contour *ring, float degree, pfld_point *points)
{
    for (int k = 1; k < ring->n / 2; k++) {
        pfld_point *u = &points[ring->points[k]], *l = &points[ring->points[ring->n - k]];
        float x = l->x - u->x, y = l->y - u->y;
        u->x += FALLS * degree * x;
        u->y += FALLS * degree * y;
        l->x -= (1.0f - FALLS) * degree * x;
        l->y -= (1.0f - FALLS) * degree * y;
    }
}

bool shut_eyes(const data_sample *s, const shut_degree *by, shut_face *out)
{
    float open = 0.0f;

    memcpy(out->points, s->points, (size_t)s->scheme->n * sizeof *out->points);
    for (int i = 0; i < 2; i++) {
        shut_eye *e = &out->eye[i];
        const scheme_contour *ring = ring_of(s, i);
        if (!ring || !find_eye(s, ring, e))
            return false;
        e->degree = i == 0 ? by->right : by->left;
        e->lashes = by->lashes * e->degree;
        move_lids(ring, e->degree, out->points);
        open += 0.5f * (1.0f - e->degree) * opening(e);
    }
    out->sample = *s;
    out->sample.points = out->points;
    if (open < SHUT)
        out->sample.classes |= 1u << DATA_EXPRESSION;
    return true;
}

/* --- the picture -------------------------------------------------------------------------------
 */

static inline float sample_clamp(float x, float lo, float hi) /* NaN becomes lo */
{
    return x > lo ? (x < hi ? x : hi) : lo;
}

/* For one step in the new picture, which is (dx, dy) in the old one. */
static inline int sample_count(float dx, float dy)
{
    return (int)sample_clamp(hypotf(dx, dy) + 0.5f, 1.0f, SAMPLE_MOST);
}

/* Adds SAMPLE_ONE times the bilinear value at (x, y), borders replicated; bytes: of a pixel, 1 or
 * 3; a constant in the callers. */
static inline void sample_add(const pfld_image *v, int bytes, float x, float y, int sum[3])
{
    float cx = sample_clamp(x, 0.0f, (float)(v->width - 1));
    float cy = sample_clamp(y, 0.0f, (float)(v->height - 1));
    int ix = (int)cx, iy = (int)cy;
    int fx = (int)(256.0f * (cx - (float)ix)), fy = (int)(256.0f * (cy - (float)iy));
    const uint8_t *p = v->data + iy * v->stride + (ptrdiff_t)bytes * ix;
    ptrdiff_t right = ix + 1 < v->width ? bytes : 0, below = iy + 1 < v->height ? v->stride : 0;

    for (int c = 0; c < bytes; c++) {
        int top = 256 * p[c] + fx * (p[right + c] - p[c]);
        int bottom = 256 * p[below + c] + fx * (p[below + right + c] - p[below + c]);
        sum[c] += (256 * top + fy * (bottom - top)) >> 8;
    }
}

typedef struct lids { /* y of both in the photo, and as they become */
    float upper, lower, new_upper, new_lower;
} lids;

static float lid_at(const float c[2], float x)
{
    return x * (1.0f - x) * (c[0] + c[1] * (x - 0.5f));
}

static lids lids_at(const shut_eye *e, float x)
{
    float upper = lid_at(e->upper, x), lower = fmaxf(lid_at(e->lower, x), upper);
    float covered = e->degree * (lower - upper);

    return (lids){upper, lower, upper + FALLS * covered, lower - (1.0f - FALLS) * covered};
}

typedef struct patch { /* what is drawn of one eye */
    const shut_eye *eye;
    const pfld_image *view;
    affine to_eye, to_view; /* from pixels of the crop, from the eye's frame */
    int taps[2];            /* along a pixel's sides */
    float pixel, line;      /* its side, and half of the line's thickness, in the eye's frame */
} patch;

/* Where in its column what is now at y was. */
static float before(const lids *l, float y)
{
    float top = l->upper - ABOVE, bottom = l->lower + BELOW;

    if (y > top && y < l->new_upper)
        return top + (y - top) * ABOVE / (l->new_upper - top);
    if (y >= l->new_lower && y < bottom)
        return bottom - (bottom - y) * BELOW / (bottom - l->new_lower);
    return y;
}

static bool is_drawn(const lids *l, pfld_point p)
{
    return p.x > 0.0f && p.x < 1.0f && p.y > l->upper - ABOVE && p.y < l->lower + BELOW;
}

/* Lashes, and the shade below them: 1 beside them, and at the corners. */
static float shade(const patch *f, const lids *l, pfld_point p)
{
    float y = p.y - l->new_upper, away = y / (y < 0.0f ? f->line : HANG * f->line);
    float near = fmaxf(1.0f - away * away, 0.0f);
    float along = fminf(8.0f * p.x * (1.0f - p.x), 1.0f);

    return 1.0f - f->eye->lashes * along * near * near;
}

static bool is_edge(const patch *f, const lids *l, pfld_point p)
{
    return fminf(fabsf(p.y - l->new_upper), fabsf(p.y - l->new_lower)) < f->pixel;
}

/* p: the pixel in the eye's frame. */
static inline void draw_pixel(const patch *f, int bytes, pfld_point p, const lids *l, uint8_t *out,
                              int out_bytes)
{
    int across = f->taps[0], down = f->taps[1], sum[3] = {0};
    float scale;

    if (down < EDGE_TAPS && is_edge(f, l, p))
        down = EDGE_TAPS;
    scale = shade(f, l, p) / (float)(SAMPLE_ONE * across * down);
    for (int j = 0; j < down; j++)
        for (int i = 0; i < across; i++) {
            float u = ((float)i + 0.5f) / (float)across - 0.5f;
            float v = ((float)j + 0.5f) / (float)down - 0.5f;
            pfld_point q = {p.x + f->to_eye.a * u + f->to_eye.b * v,
                            p.y + f->to_eye.d * u + f->to_eye.e * v};
            lids at = lids_at(f->eye, q.x);
            q.y = before(&at, q.y);
            q = affine_apply(&f->to_view, q);
            sample_add(f->view, bytes, q.x, q.y, sum);
        }
    for (int c = 0; c < out_bytes; c++)
        out[c] = (uint8_t)(scale * (float)sum[bytes == 3 ? c : 0] + 0.5f);
}

static void draw_row(const patch *f, int from, int to, int y, pfld_image *crop)
{
    int bytes = image_channels(crop->format);

    for (int x = from; x <= to; x++) {
        uint8_t *out = crop->data + y * crop->stride + (ptrdiff_t)bytes * x;
        pfld_point p = affine_apply(&f->to_eye, (pfld_point){(float)x, (float)y});
        lids l = lids_at(f->eye, p.x);
        if (!is_drawn(&l, p))
            continue;
        if (f->view->format == PFLD_RGB8)
            draw_pixel(f, 3, p, &l, out, bytes);
        else
            draw_pixel(f, 1, p, &l, out, bytes);
    }
}

/* Pixels of the crop that may be drawn, first and last. */
typedef struct bounds {
    float left, top, right, bottom;
} bounds;

static bounds find_bounds(const shut_eye *e, const affine *eye_to_crop, const pfld_image *crop)
{
    float far = 0.25f * fmaxf(fabsf(e->upper[0]) + 0.5f * fabsf(e->upper[1]),
                              fabsf(e->lower[0]) + 0.5f * fabsf(e->lower[1]));
    bounds b = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    float right = (float)(crop->width - 1), bottom = (float)(crop->height - 1);

    for (int i = 0; i < 4; i++) {
        pfld_point corner = {i % 2 ? 1.0f : 0.0f, i / 2 ? far + BELOW : -far - ABOVE};
        pfld_point p = affine_apply(eye_to_crop, corner);
        b.left = fminf(b.left, p.x);
        b.top = fminf(b.top, p.y);
        b.right = fmaxf(b.right, p.x);
        b.bottom = fmaxf(b.bottom, p.y);
    }
    return (bounds){sample_clamp(b.left, 0.0f, right + 1.0f),
                    sample_clamp(b.top, 0.0f, bottom + 1.0f), sample_clamp(b.right, -1.0f, right),
                    sample_clamp(b.bottom, -1.0f, bottom)};
}

static void draw_eye(const shut_eye *e, const affine *to_photo, const pfld_image *view,
                     const affine *from_photo, pfld_image *crop)
{
    affine to_view = affine_compose(from_photo, to_photo), eye_to_crop;
    patch f = {.eye = e,
               .view = view,
               .to_eye = affine_compose(&e->to_eye, to_photo),
               .to_view = affine_compose(from_photo, &e->to_photo),
               .taps = {sample_count(to_view.a, to_view.d), sample_count(to_view.b, to_view.e)}};
    bounds b;

    if (!affine_invert(&f.to_eye, &eye_to_crop))
        return;
    f.pixel = hypotf(f.to_eye.a, f.to_eye.d);
    f.line = fmaxf(LASHES, LINE_PIXELS * f.pixel);
    b = find_bounds(e, &eye_to_crop, crop);
    for (int y = (int)ceilf(b.top); y <= (int)b.bottom; y++)
        draw_row(&f, (int)ceilf(b.left), (int)floorf(b.right), y, crop);
}

void shut_paint(const shut_face *f, const affine *to_photo, const pfld_image *view,
                const affine *from_photo, pfld_image *crop)
{
    assert(view->format == PFLD_RGB8 || view->format == PFLD_GRAY8);
    assert(crop->format == PFLD_RGB8 ||
           (crop->format == PFLD_GRAY8 && crop->format == view->format));
    for (int i = 0; i < 2; i++)
        if (f->eye[i].degree > 0.0f)
            draw_eye(&f->eye[i], to_photo, view, from_photo, crop);
}
