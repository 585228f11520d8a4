/* Photos laid into a training picture, and where their faces come to lie. */
#include "data/scene_paint.h"

#include <math.h>
#include <string.h>

#include "core/mem.h"
#include "data/scene_box.h"
#include "geometry/box.h"
#include "image/image.h"

#define SEEN    0.4f  /* of a face's box; less is neither face nor background */
#define WHOLE   0.7f  /* the same, of a cut-out photo that fades away there */
#define GONE    0.03f /* less is background */
#define OUTSIDE 0.15f /* of the side: how far outside of the window points are still known */

pfld_box scene_whole_region(const pfld_image *photo)
{
    return (pfld_box){-0.5f, -0.5f, (float)photo->width, (float)photo->height};
}

/* --- painting -----------------------------------------------------------------------------------
 */

typedef struct pixels { /* [left, right) x [top, bottom) */
    int left, top, right, bottom;
} pixels;

static int clamp_int(float v, int lo, int hi)
{
    return v > (float)lo ? (v < (float)hi ? (int)v : hi) : lo;
}

/* The picture's pixels that may show the region. */
static pixels bounds_of(const pfld_image *picture, const scene_layer *l)
{
    pfld_point p[4];
    pfld_box b;

    for (int i = 0; i < 4; i++)
        p[i] =
            affine_apply(&l->to_picture, (pfld_point){l->region.x + (i & 1 ? l->region.w : 0.0f),
                                                      l->region.y + (i & 2 ? l->region.h : 0.0f)});
    b = box_around(p, 4);
    return (pixels){clamp_int(floorf(b.x), 0, picture->width),
                    clamp_int(floorf(b.y), 0, picture->height),
                    clamp_int(ceilf(b.x + b.w) + 1.0f, 0, picture->width),
                    clamp_int(ceilf(b.y + b.h) + 1.0f, 0, picture->height)};
}

/* Cuts [*from, *to) to where lo <= at + step x < hi. */
static void cut_range(float at, float step, float lo, float hi, int *from, int *to)
{
    float a, b;

    if (fabsf(step) < 1e-6f) {
        if (!(at >= lo && at < hi))
            *to = *from;
        return;
    }
    a = (lo - at) / step;
    b = (hi - at) / step;
    *from = clamp_int(ceilf(fminf(a, b)), *from, *to);
    *to = clamp_int(ceilf(fmaxf(a, b)), *from, *to);
}

static bool shows(const scene_layer *l, int x, int y)
{
    pfld_point p = affine_apply(&l->to_photo, (pfld_point){(float)x, (float)y});

    p.x -= l->region.x;
    p.y -= l->region.y;
    return p.x >= 0.0f && p.x < l->region.w && p.y >= 0.0f && p.y < l->region.h;
}

static float fade(float x)
{
    x = x < 0.0f ? 0.0f : x > 1.0f ? 1.0f : x;
    return x * x * (3.0f - 2.0f * x);
}

typedef struct row_place { /* of a row's first pixel in the photo, from the region's corner */
    float u, v, du, dv;    /* and what the next pixel adds */
} row_place;

/* Rounded at the corners: the product of both fades. */
static void blend_row(const scene_layer *l, const row_place *at, int n, const uint8_t *from,
                      uint8_t *to)
{
    float scale = hypotf(l->to_picture.a, l->to_picture.d) / l->feather;

    for (int x = 0; x < n; x++, from += 3, to += 3) {
        float u = at->u + at->du * (float)x, v = at->v + at->dv * (float)x;
        float a = fade(scale * fminf(u, l->region.w - u)) * fade(scale * fminf(v, l->region.h - v));
        int part = (int)(256.0f * a);
        for (int c = 0; c < 3; c++)
            to[c] = (uint8_t)(to[c] + ((from[c] - to[c]) * part + 128) / 256);
    }
}

/* The pixels of row y that show the region. */
static void find_ends(const scene_layer *l, int y, int *from, int *to)
{
    const affine *t = &l->to_photo;
    float u = t->b * (float)y + t->c - l->region.x, v = t->e * (float)y + t->f - l->region.y;

    cut_range(u, t->a, 0.0f, l->region.w, from, to);
    cut_range(v, t->d, 0.0f, l->region.h, from, to);
}

/* Row by row: what is beyond the photo is slow to warp, and not wanted. */
static void paint_row(pfld_image *picture, const scene_layer *l, int y, int from, int to,
                      uint8_t *scratch)
{
    const affine *t = &l->to_photo;
    affine shift = {1.0f, 0.0f, (float)from, 0.0f, 1.0f, (float)y}, map = affine_compose(t, &shift);
    uint8_t *out = picture->data + y * picture->stride + 3 * (ptrdiff_t)from;
    bool fades = l->feather > 0.0f;
    pfld_image row = {fades ? scratch : out, to - from, 1, 3 * (ptrdiff_t)(to - from), PFLD_RGB8};

    image_warp(l->photo, &map, &row);
    if (fades) {
        row_place at = {map.c - l->region.x, map.f - l->region.y, t->a, t->d};
        blend_row(l, &at, to - from, scratch, out);
    }
}

/* The same for a map that keeps rows and columns, whose columns are worked out once for all rows.
 */
static void paint_straight(pfld_image *picture, const scene_layer *l, const pixels *b)
{
    affine shift = {1.0f, 0.0f, (float)b->left, 0.0f, 1.0f, (float)b->top};
    affine map = affine_compose(&l->to_photo, &shift);
    pfld_image part = *picture;

    part.data += b->top * picture->stride + 3 * (ptrdiff_t)b->left;
    part.width = b->right - b->left;
    part.height = b->bottom - b->top;
    image_warp(l->photo, &map, &part);
}

void scene_paint(pfld_image *picture, const scene_layer *l, uint8_t *scratch)
{
    pixels b = bounds_of(picture, l);
    bool straight = l->to_photo.b == 0.0f && l->to_photo.d == 0.0f && !(l->feather > 0.0f);

    if (straight) { /* the first row and column that show the region, and the last */
        find_ends(l, (b.top + b.bottom) / 2, &b.left, &b.right);
        while (b.top < b.bottom && !shows(l, b.left, b.top))
            b.top++;
        while (b.top < b.bottom && !shows(l, b.left, b.bottom - 1))
            b.bottom--;
        if (b.left < b.right && b.top < b.bottom)
            paint_straight(picture, l, &b);
        return;
    }
    for (int y = b.top; y < b.bottom; y++) {
        int from = b.left, to = b.right;
        find_ends(l, y, &from, &to);
        if (from < to)
            paint_row(picture, l, y, from, to, scratch);
    }
}

bool scene_covers(const pfld_image *picture, const scene_layer *l)
{
    int right = picture->width - 1, bottom = picture->height - 1;

    return shows(l, 0, 0) && shows(l, right, 0) && shows(l, 0, bottom) && shows(l, right, bottom);
}

/* --- faces --------------------------------------------------------------------------------------
 */

float scene_side(const pfld_box *box)
{
    return sqrtf(box->w * box->h);
}

float scene_covered(const pfld_box *a, const pfld_box *b)
{
    float w = fminf(a->x + a->w, b->x + b->w) - fmaxf(a->x, b->x);
    float h = fminf(a->y + a->h, b->y + b->h) - fmaxf(a->y, b->y);

    return w > 0.0f && h > 0.0f ? w * h / (a->w * a->h) : 0.0f;
}

/* A mirrored face's right eye is its left one. */
static void map_points(const scene_face *f, const scene_layer *l, const pfld_box *window,
                       scene_face *out)
{
    static const uint8_t mirror[5] = {1, 0, 2, 4, 3};
    const affine *t = &l->to_picture;
    bool flip = t->a * t->e - t->b * t->d < 0.0f;
    float far = OUTSIDE * scene_side(&out->box);

    for (int i = 0; i < 5; i++) {
        int from = flip ? mirror[i] : i;
        pfld_point p = affine_apply(t, f->five[from]);
        p.x += window->x + 0.5f;
        p.y += window->y + 0.5f;
        out->known[i] = f->known[from] && p.x >= window->x - far &&
                        p.x <= window->x + window->w + far && p.y >= window->y - far &&
                        p.y <= window->y + window->h + far;
        out->five[i] = out->known[i] ? p : (pfld_point){0.0f, 0.0f};
    }
}

bool scene_map_faces(const scene_face *faces, size_t n, const scene_layer *l,
                     const pfld_box *window, scene_faces *out)
{
    const affine *t = &l->to_picture;
    const float map[4] = {t->a, t->b, t->d, t->e};
    scene_face *more = mem_grow(out->at, &out->room, out->n + n + 1, sizeof *more);

    if (!more)
        return false;
    out->at = more;
    for (size_t i = 0; i < n; i++) {
        const pfld_box *b = &faces[i].box;
        pfld_point centre = affine_apply(t, (pfld_point){b->x + 0.5f * b->w, b->y + 0.5f * b->h});
        scene_face f = {.ignore = faces[i].ignore};
        float seen, left;
        centre.x += window->x + 0.5f;
        centre.y += window->y + 0.5f;
        f.box = scene_box_turned(centre, b->w, b->h, map);
        seen = scene_covered(&f.box, window);
        left = scene_covered(b, &l->region);
        if (!(seen * left > GONE))
            continue;
        f.ignore |= seen * left < SEEN || (l->feather > 0.0f && left < WHOLE) ||
                    scene_side(&f.box) < SCENE_MIN_SIDE;
        map_points(&faces[i], l, window, &f);
        out->at[out->n++] = f;
    }
    return true;
}
