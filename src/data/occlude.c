/* Things in front of a face: patches, glasses, masks and hands, painted over a picture of it. */
#include "data/occlude.h"

#include <assert.h>
#include <math.h>

static float between(rng *r, float lo, float hi)
{
    return lo + (hi - lo) * rng_float(r);
}

static int below(rng *r, int n)
{
    return (int)(rng_float(r) * (float)n);
}

/* C does not say which of a list's numbers is drawn first: one to a statement, here and below. */
static pfld_point point_in(rng *r, const pfld_box *box)
{
    float x = box->x + box->w * rng_float(r);
    float y = box->y + box->h * rng_float(r);

    return (pfld_point){x, y};
}

/* --- shapes ------------------------------------------------------------------------------------
 */

/* Along and across the part's own axes. */
static pfld_point in_part(const occlude_part *b, float x, float y)
{
    float dx = x - b->x, dy = y - b->y;

    return (pfld_point){dx * b->ux + dy * b->uy, dy * b->ux - dx * b->uy};
}

/* To first order: exact on the edge, which is what is blended. */
static float to_ellipse(const occlude_part *b, pfld_point p)
{
    float x = p.x / b->rx, y = p.y / b->ry, f = x * x + y * y - 1.0f;
    float slope = 2.0f * hypotf(x / b->rx, y / b->ry);

    return slope > 0.0f ? fmaxf(f / slope, -fminf(b->rx, b->ry)) : -fminf(b->rx, b->ry);
}

static float to_box(const occlude_part *b, pfld_point p)
{
    float x = fabsf(p.x) - b->rx + b->round, y = fabsf(p.y) - b->ry + b->round;

    return hypotf(fmaxf(x, 0.0f), fmaxf(y, 0.0f)) + fminf(fmaxf(x, y), 0.0f) - b->round;
}

static float to_polygon(const occlude_shape *s, float x, float y)
{
    float least = INFINITY;
    bool inside = false;

    for (int i = 0, j = s->n_corners - 1; i < s->n_corners; j = i++) {
        const pfld_point *a = &s->corner[i], *b = &s->corner[j];
        float ex = b->x - a->x, ey = b->y - a->y, dx = x - a->x, dy = y - a->y;
        float t = (dx * ex + dy * ey) / fmaxf(ex * ex + ey * ey, 1e-6f);
        t = fminf(fmaxf(t, 0.0f), 1.0f);
        least = fminf(least, hypotf(dx - t * ex, dy - t * ey));
        if ((a->y > y) != (b->y > y) && x < a->x + ex * (y - a->y) / ey)
            inside = !inside;
    }
    return inside ? -least : least;
}

/* From the part's edge, pixels; below 0 inside. */
static float distance(const occlude_shape *s, const occlude_part *b, float x, float y)
{
    if (b->form == OCCLUDE_POLYGON)
        return to_polygon(s, x, y);
    return b->form == OCCLUDE_BOX ? to_box(b, in_part(b, x, y)) : to_ellipse(b, in_part(b, x, y));
}

float occlude_distance(const occlude_shape *s, pfld_point p)
{
    float least = INFINITY;

    for (int i = 0; i < s->n; i++)
        least = fminf(least, distance(s, &s->part[i], p.x, p.y));
    return least;
}

bool occlude_covers(const occlude_shape *s, pfld_point p)
{
    return occlude_distance(s, p) <= 0.0f;
}

static void add_ellipse(occlude_shape *s, pfld_point at, float angle, float rx, float ry)
{
    assert(s->n < OCCLUDE_PARTS);
    s->part[s->n++] = (occlude_part){.form = OCCLUDE_ELLIPSE,
                                     .x = at.x,
                                     .y = at.y,
                                     .ux = cosf(angle),
                                     .uy = sinf(angle),
                                     .rx = fmaxf(rx, 0.5f),
                                     .ry = fmaxf(ry, 0.5f)};
}

/* round: of its smaller half. */
static void add_box(occlude_shape *s, pfld_point at, float angle, float rx, float ry, float round)
{
    occlude_part *b;

    add_ellipse(s, at, angle, rx, ry);
    b = &s->part[s->n - 1];
    b->form = OCCLUDE_BOX;
    b->round = round * fminf(b->rx, b->ry);
}

/* A bar with round ends. */
static void add_bar(occlude_shape *s, pfld_point from, pfld_point to, float half)
{
    float dx = to.x - from.x, dy = to.y - from.y;
    pfld_point at = {0.5f * (from.x + to.x), 0.5f * (from.y + to.y)};

    add_box(s, at, atan2f(dy, dx), 0.5f * hypotf(dx, dy) + half, half, 1.0f);
}

/* Around the corners. */
static void add_polygon(occlude_shape *s)
{
    pfld_point lo = s->corner[0], hi = lo;

    for (int i = 1; i < s->n_corners; i++) {
        lo = (pfld_point){fminf(lo.x, s->corner[i].x), fminf(lo.y, s->corner[i].y)};
        hi = (pfld_point){fmaxf(hi.x, s->corner[i].x), fmaxf(hi.y, s->corner[i].y)};
    }
    add_ellipse(s, (pfld_point){0.5f * (lo.x + hi.x), 0.5f * (lo.y + hi.y)}, 0.0f,
                0.5f * (hi.x - lo.x), 0.5f * (hi.y - lo.y));
    s->part[s->n - 1].form = OCCLUDE_POLYGON;
}

/* --- paint -------------------------------------------------------------------------------------
 */

typedef struct pixel_box { /* [left, right) x [top, bottom) */
    int left, top, right, bottom;
} pixel_box;

static int clamp_int(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static pixel_box around(const occlude_part *b, const pfld_image *img)
{
    /* of a rectangle; a little much for an ellipse; and half a pixel of a blended edge */
    float w = fabsf(b->ux) * b->rx + fabsf(b->uy) * b->ry + 0.5f;
    float h = fabsf(b->uy) * b->rx + fabsf(b->ux) * b->ry + 0.5f;

    return (pixel_box){
        .left = clamp_int((int)ceilf(b->x - w), 0, img->width),
        .top = clamp_int((int)ceilf(b->y - h), 0, img->height),
        .right = clamp_int((int)floorf(b->x + w) + 1, 0, img->width),
        .bottom = clamp_int((int)floorf(b->y + h) + 1, 0, img->height),
    };
}

/* What the paint is like there, without light. */
static void pick_colour(const pfld_image *img, int x, int y, const occlude_paint *paint, rng *r,
                        float colour[3])
{
    const uint8_t *p = paint->colour;
    uint64_t bits = 0;

    if (paint->fill == OCCLUDE_NOISE)
        bits = rng_u64(r);
    if (paint->fill == OCCLUDE_PIECE) /* wraps around, so that a piece always exists */
        p = img->data + (y + paint->from_y) % img->height * img->stride +
            (ptrdiff_t)3 * ((x + paint->from_x) % img->width);
    for (int c = 0; c < 3; c++, bits >>= 8)
        colour[c] = paint->fill == OCCLUDE_NOISE ? (float)(uint8_t)bits : (float)p[c];
}

/* depth: pixels from the edge inwards. */
static void paint_pixel(const pfld_image *img, int x, int y, float depth,
                        const occlude_paint *paint, rng *r)
{
    uint8_t *p = img->data + y * img->stride + (ptrdiff_t)3 * x;
    float cover = fminf(depth + 0.5f, 1.0f) * (1.0f - paint->clear);
    float light = 1.0f, shade = 0.0f, colour[3];

    pick_colour(img, x, y, paint, r, colour);
    if (paint->fill == OCCLUDE_FLAT)
        shade = paint->shade_x * (float)x / (float)img->width +
                paint->shade_y * (float)y / (float)img->height;
    if (paint->wave > 0.0f)
        shade += paint->wave * sinf(paint->wave_x * (float)x + paint->wave_y * (float)y);
    if (paint->rim > 0.0f)
        light -= paint->rim * expf(-fmaxf(depth, 0.0f) / paint->rim_width);
    for (int c = 0; c < 3; c++) {
        float v = fminf(fmaxf(light * (colour[c] + shade), 0.0f), 255.0f);
        p[c] = (uint8_t)((float)p[c] + cover * (v - (float)p[c]) + 0.5f);
    }
}

static void paint_part(pfld_image *img, const occlude_shape *s, int part,
                       const occlude_paint *paint, rng *r)
{
    const occlude_part *b = &s->part[part];
    pixel_box box = around(b, img);

    for (int y = box.top; y < box.bottom; y++)
        for (int x = box.left; x < box.right; x++) {
            float depth = -distance(s, b, (float)x, (float)y);
            if (depth > -0.5f)
                paint_pixel(img, x, y, depth, paint, r);
        }
}

void occlude_paint_shape(pfld_image *img, const occlude_shape *s, const occlude_paint *paint,
                         rng *r)
{
    for (int i = 0; i < s->n; i++)
        paint_part(img, s, i, paint, r);
}

static void shade(occlude_paint *p, float most, rng *r)
{
    p->shade_x = between(r, -most, most);
    p->shade_y = between(r, -most, most);
}

static occlude_paint flat(const uint8_t colour[3], float gain, int more)
{
    occlude_paint p = {.fill = OCCLUDE_FLAT};

    for (int c = 0; c < 3; c++)
        p.colour[c] = (uint8_t)clamp_int((int)(gain * (float)colour[c]) + more, 0, 255);
    return p;
}

/* From dark to so much lighter; hardly coloured. */
static occlude_paint blackish(int range, rng *r)
{
    occlude_paint p = {.fill = OCCLUDE_FLAT};
    int dark = below(r, range);

    for (int c = 0; c < 3; c++)
        p.colour[c] = (uint8_t)(dark + below(r, 25));
    return p;
}

/* --- patches -----------------------------------------------------------------------------------
 */

static occlude_paint random_paint(const pfld_image *img, rng *r)
{
    occlude_paint p = {.fill = (occlude_fill)below(r, 3)};

    for (int c = 0; c < 3; c++)
        p.colour[c] = (uint8_t)below(r, 256);
    p.from_x = below(r, img->width);
    p.from_y = below(r, img->height);
    shade(&p, 60.0f, r);
    return p;
}

/* Random erasing: 2 to 20 % of the crop, up to three times as long as wide. */
static void make_patch(const pfld_image *crop, bool is_box, rng *r, occlude_shape *s)
{
    float size = (float)crop->width, share = between(r, 0.02f, 0.2f);
    float root = sqrtf(expf(between(r, -1.1f, 1.1f))), angle = between(r, -0.5f, 0.5f);
    float half = 0.5f * size * sqrtf(share) * (is_box ? 1.0f : 1.128f); /* 2 / sqrt(pi) */
    pfld_point at = point_in(r, &(pfld_box){0.0f, 0.0f, size, size});

    if (is_box)
        add_box(s, at, angle, half * root, half / root, 0.0f);
    else
        add_ellipse(s, at, angle, half * root, half / root);
}

/* By a grid of points. */
static float share_covered(const occlude_shape *s, const pfld_box *box)
{
    enum { GRID = 24 };
    int covered = 0;

    for (int row = 0; row < GRID; row++)
        for (int column = 0; column < GRID; column++) {
            pfld_point p = {box->x + box->w * ((float)column + 0.5f) / GRID,
                            box->y + box->h * ((float)row + 0.5f) / GRID};
            covered += occlude_covers(s, p);
        }
    return (float)covered / (float)(GRID * GRID);
}

static occlude_shape scaled(const occlude_shape *s, float by)
{
    occlude_shape out = *s;

    for (int i = 0; i < s->n; i++) {
        out.part[i].rx = fmaxf(by * s->part[i].rx, 0.5f);
        out.part[i].ry = fmaxf(by * s->part[i].ry, 0.5f);
    }
    return out;
}

void occlude_with_patches(pfld_image *img, const pfld_box *box, float share, rng *r,
                          occlude_shape *out)
{
    enum { PATCHES = 3 };
    float side = sqrtf(box->w * box->h), lo = 0.0f, hi = 4.0f;
    occlude_shape one = {0};
    occlude_paint paint[PATCHES];

    for (int i = 0; i < PATCHES; i++) {
        float rx = side * between(r, 0.3f, 0.7f), ry = side * between(r, 0.2f, 0.5f);
        float angle = between(r, -0.5f, 0.5f);
        add_box(&one, point_in(r, box), angle, rx, ry, 0.0f);
        paint[i] = random_paint(img, r);
    }
    for (int i = 0; i < 20; i++) { /* grown until they cover it: more is always around less */
        float middle = 0.5f * (lo + hi);
        *out = scaled(&one, middle);
        if (share_covered(out, box) < share)
            lo = middle;
        else
            hi = middle;
    }
    for (int i = 0; i < PATCHES; i++)
        paint_part(img, out, i, &paint[i], r);
}

/* --- where the face is -------------------------------------------------------------------------
 */

occlude_frame occlude_frame_from(const pfld_point *a)
{
    occlude_frame f = {.eye = {a[FACE_RIGHT_EYE], a[FACE_LEFT_EYE]}, .nose = a[FACE_NOSE_TIP]};
    float ex = f.eye[1].x - f.eye[0].x, ey = f.eye[1].y - f.eye[0].y, dx, dy;

    f.middle = (pfld_point){0.5f * (f.eye[0].x + f.eye[1].x), 0.5f * (f.eye[0].y + f.eye[1].y)};
    f.mouth = (pfld_point){0.5f * (a[FACE_RIGHT_MOUTH].x + a[FACE_LEFT_MOUTH].x),
                           0.5f * (a[FACE_RIGHT_MOUTH].y + a[FACE_LEFT_MOUTH].y)};
    dx = f.mouth.x - f.middle.x;
    dy = f.mouth.y - f.middle.y;
    f.unit = fmaxf(fmaxf(hypotf(ex, ey), 0.9f * hypotf(dx, dy)), 1.0f); /* points may coincide */
    f.angle = atan2f(-dx, dy); /* eyes to mouth is "down" */
    f.turn = ((f.nose.x - f.middle.x) * cosf(f.angle) + (f.nose.y - f.middle.y) * sinf(f.angle)) /
             f.unit;
    f.turn = fminf(fmaxf(f.turn, -0.5f), 0.5f);
    return f;
}

/* Across the face and down from between the eyes, in units, to pixels. */
static pfld_point on_face(const occlude_frame *f, float across, float down)
{
    float c = cosf(f->angle), s = sinf(f->angle);

    return (pfld_point){f->middle.x + f->unit * (across * c - down * s),
                        f->middle.y + f->unit * (across * s + down * c)};
}

/* The cheek on the far side of a turned head is foreshortened. side: -1 right, 1 left. */
static float half_width(const occlude_frame *f, float side)
{
    return 1.0f - 0.9f * fmaxf(side * f->turn, 0.0f) + 0.2f * fmaxf(-side * f->turn, 0.0f);
}

/* --- glasses -----------------------------------------------------------------------------------
 */

/* Two lenses, the bridge between them and the arms to the ears. */
void occlude_with_glasses(pfld_image *img, const occlude_frame *f, float clear, rng *r,
                          occlude_shape *out)
{
    float rx = f->unit * between(r, 0.34f, 0.46f), ry = rx * between(r, 0.6f, 0.95f);
    float round = between(r, 0.3f, 1.0f), thick = f->unit * between(r, 0.025f, 0.06f);
    occlude_paint frame = blackish(60, r), lens = blackish(40, r);
    int lens_at;

    *out = (occlude_shape){0};
    for (int i = 0; i < 2; i++) { /* to where the hair is, or the far cheek ends */
        float side = i ? 1.0f : -1.0f, width = half_width(f, side);
        pfld_point ear = on_face(f, 1.15f * side * width, 0.02f);
        add_bar(out, f->eye[i], ear, thick);
    }
    add_bar(out, f->eye[0], f->eye[1], thick);
    lens_at = out->n;
    for (int i = 0; i < 2; i++)
        add_box(out, f->eye[i], f->angle, rx * fminf(half_width(f, i ? 1.0f : -1.0f), 1.0f), ry,
                round);
    for (int i = 0; i < lens_at; i++)
        paint_part(img, out, i, &frame, r);
    lens.clear = clear;
    lens.rim = 0.5f;
    lens.rim_width = thick;
    shade(&lens, 70.0f, r); /* what mirrors in them */
    for (int i = lens_at; i < out->n; i++)
        paint_part(img, out, i, &lens, r);
}

/* --- masks -------------------------------------------------------------------------------------
 */

/* Across and down, in units of the face; x is for the left half of a frontal one. The chin is 1.85
 * below the eyes, the mouth 1.1. */
#define CHIN 1.85f
static const pfld_point mask_edge[] = {
    {1.00f, 0.30f}, {0.98f, 1.00f}, {0.75f, 1.55f}, {0.35f, 1.92f}};
enum { EDGE = sizeof mask_edge / sizeof *mask_edge };

/* Down the left side from the bridge of the nose, and up the right one. */
static void cut_mask(const occlude_frame *f, float top, occlude_shape *s)
{
    float from = (1.0f - top) * CHIN;

    for (int i = 0; i < 2 * EDGE; i++) {
        const pfld_point *e = &mask_edge[i < EDGE ? i : 2 * EDGE - 1 - i];
        float side = i < EDGE ? 1.0f : -1.0f, down = fmaxf(e->y, from + 0.2f * e->x);
        float across = side * e->x * half_width(f, side) + 0.5f * f->turn;
        s->corner[s->n_corners++] = on_face(f, across, down);
    }
    s->corner[s->n_corners++] = on_face(f, -0.3f + 0.9f * f->turn, from + 0.06f);
    s->corner[s->n_corners++] = on_face(f, 0.9f * f->turn, from);
    s->corner[s->n_corners++] = on_face(f, 0.3f + 0.9f * f->turn, from + 0.06f);
    add_polygon(s);
}

static void tie_straps(const occlude_frame *f, float top, occlude_shape *s)
{
    float from = (1.0f - top) * CHIN + 0.2f;

    for (int i = 0; i < 4; i++) {
        float side = i % 2 ? 1.0f : -1.0f, width = side * half_width(f, side);
        float down = fmaxf(i < 2 ? mask_edge[0].y : mask_edge[2].y, from);
        pfld_point corner = on_face(f, (i < 2 ? 0.95f : 0.72f) * width + 0.5f * f->turn, down);
        add_bar(s, corner, on_face(f, 1.2f * width, 0.25f), 0.02f * f->unit);
    }
}

void occlude_with_mask(pfld_image *img, const occlude_frame *f, float top, rng *r,
                       occlude_shape *out)
{
    static const uint8_t colours[][3] = {{170, 205, 225}, {150, 190, 215}, {235, 235, 235},
                                         {35, 35, 40},    {90, 120, 160},  {160, 200, 170}};
    static const uint8_t white[3] = {210, 210, 210};
    const uint8_t *colour = colours[below(r, sizeof colours / sizeof *colours)];
    float folds = 6.2832f / (f->unit * between(r, 0.22f, 0.4f));
    occlude_paint cloth = flat(colour, 1.0f, below(r, 30) - 15), strap = flat(white, 1.0f, 0);

    *out = (occlude_shape){0};
    tie_straps(f, top, out);
    for (int i = 0; i < out->n; i++)
        paint_part(img, out, i, &strap, r);
    cut_mask(f, top, out);
    shade(&cloth, 50.0f, r);
    cloth.rim = 0.35f;
    cloth.rim_width = 0.18f * f->unit;
    cloth.wave = rng_float(r) < 0.6f ? between(r, 3.0f, 12.0f) : 0.0f;
    cloth.wave_x = -folds * sinf(f->angle);
    cloth.wave_y = folds * cosf(f->angle);
    paint_part(img, out, out->n - 1, &cloth, r);
}

/* --- hands -------------------------------------------------------------------------------------
 */

/* Skin like the nose's, lighter or darker. */
static occlude_paint skin(const pfld_image *img, const occlude_frame *f, rng *r)
{
    int x = clamp_int((int)lrintf(f->nose.x), 0, img->width - 1);
    int y = clamp_int((int)lrintf(f->nose.y), 0, img->height - 1);
    const uint8_t *p = img->data + y * img->stride + (ptrdiff_t)3 * x;
    occlude_paint paint = flat(p, between(r, 0.6f, 1.15f), 0);

    shade(&paint, 40.0f, r);
    paint.rim = between(r, 0.3f, 0.5f);
    paint.rim_width = 0.06f * f->unit;
    return paint;
}

typedef struct hand { /* tip: of the middle finger */
    pfld_point tip;
    float angle; /* where it points to */
    float unit;  /* the face's */
    float thumb; /* the side that it is on: -1 or 1 */
} hand;

/* Back from the tip and across, in units. */
static pfld_point on_hand(const hand *h, float back, float across)
{
    float c = cosf(h->angle), s = sinf(h->angle);

    return (pfld_point){h->tip.x + h->unit * (-back * c - across * s),
                        h->tip.y + h->unit * (-back * s + across * c)};
}

/* A hand is as long as the face from chin to brows: palm, arm, four fingers and the thumb. */
static void make_hand(const hand *h, rng *r, occlude_shape *s)
{
    static const float short_by[4] = {0.12f, 0.0f, 0.05f, 0.25f}; /* from the index finger on */
    float spread = between(r, 0.0f, 0.12f), thumb = between(r, 0.3f, 0.7f);

    add_bar(s, on_hand(h, 3.8f, 0.0f), on_hand(h, 1.8f, 0.0f), 0.32f * h->unit);
    add_box(s, on_hand(h, 1.4f, 0.0f), h->angle, 0.5f * h->unit, 0.46f * h->unit, 0.7f);
    for (int i = 0; i < 4; i++) {
        float across = h->thumb * (1.5f - (float)i);
        add_bar(s, on_hand(h, 1.1f, 0.23f * across),
                on_hand(h, short_by[i] + 0.11f, (0.23f + spread) * across), 0.11f * h->unit);
    }
    add_bar(s, on_hand(h, 1.5f, 0.4f * h->thumb),
            on_hand(h, 1.05f - 0.2f * thumb, (0.55f + 0.3f * thumb) * h->thumb), 0.13f * h->unit);
}

void occlude_with_hand(pfld_image *img, const occlude_frame *f, float reach, rng *r,
                       occlude_shape *out)
{
    const float half_face = 1.15f; /* units from the middle to an edge, in whichever direction */
    float side = between(r, -0.6f, 0.6f), size = between(r, 0.85f, 1.1f);
    pfld_point middle = on_face(f, 0.3f * f->turn, 0.7f);
    hand h = {.angle = between(r, 0.0f, 6.2832f), .unit = size * f->unit};
    float along = half_face * f->unit * (2.0f * reach - 1.0f);
    occlude_paint paint;

    h.thumb = rng_float(r) < 0.5f ? -1.0f : 1.0f;
    h.tip = (pfld_point){middle.x + along * cosf(h.angle) - side * f->unit * sinf(h.angle),
                         middle.y + along * sinf(h.angle) + side * f->unit * cosf(h.angle)};
    paint = skin(img, f, r);
    *out = (occlude_shape){0};
    make_hand(&h, r, out);
    occlude_paint_shape(img, out, &paint, r);
}

/* --- at random ---------------------------------------------------------------------------------
 */

void occlude_at_random(pfld_image *crop, const pfld_point *anchors, unsigned known, rng *r,
                       occlude_shape *out)
{
    bool has_face = known == (1u << FACE_ANCHORS) - 1;
    float kind = rng_float(r) * (has_face ? 1.0f : 0.55f);
    occlude_frame f;

    *out = (occlude_shape){0};
    if (kind < 0.55f) {
        occlude_paint p;
        make_patch(crop, kind < 0.35f, r, out);
        p = random_paint(crop, r);
        occlude_paint_shape(crop, out, &p, r);
        return;
    }
    f = occlude_frame_from(anchors);
    if (kind < 0.7f) {
        float clear = between(r, 0.0f, 0.3f);
        occlude_with_glasses(crop, &f, clear, r, out);
    } else if (kind < 0.82f) {
        float top = between(r, 0.3f, 0.8f);
        occlude_with_mask(crop, &f, top, r, out);
    } else {
        float reach = between(r, 0.0f, 0.7f);
        occlude_with_hand(crop, &f, reach, r, out);
    }
}

void occlude_square(pfld_image *crop, float share, rng *r, occlude_shape *out)
{
    const occlude_paint black = {.fill = OCCLUDE_FLAT};
    float size = (float)crop->width, half = 0.5f * size * sqrtf(share);
    pfld_point at = point_in(r, &(pfld_box){0.0f, 0.0f, size, size});

    *out = (occlude_shape){0};
    add_box(out, at, 0.0f, half, half, 0.0f);
    occlude_paint_shape(crop, out, &black, r);
}
