/* Things in front of a face: patches, glasses, masks and hands, painted over a crop. */
#include "data/occlude.h"

#include <math.h>

static float between(rng *r, float lo, float hi)
{
    return lo + (hi - lo) * rng_float(r);
}

static int below(rng *r, int n)
{
    return (int)(rng_float(r) * (float)n);
}

/* --- shapes ------------------------------------------------------------------------------------
 */

static bool is_in_blob(const occlude_blob *b, float x, float y)
{
    float dx = x - b->x, dy = y - b->y;
    float p = (dx * b->ux + dy * b->uy) / b->rx, q = (dy * b->ux - dx * b->uy) / b->ry;

    return b->is_box ? fabsf(p) <= 1.0f && fabsf(q) <= 1.0f : p * p + q * q <= 1.0f;
}

bool occlude_covers(const occlude_shape *s, pfld_point p)
{
    for (int i = 0; i < s->n; i++)
        if (is_in_blob(&s->blob[i], p.x, p.y))
            return true;
    return false;
}

static void add_blob(occlude_shape *s, float x, float y, float angle, float rx, float ry,
                     bool is_box)
{
    occlude_blob *b = &s->blob[s->n++];

    *b = (occlude_blob){x, y, cosf(angle), sinf(angle), fmaxf(rx, 0.5f), fmaxf(ry, 0.5f), is_box};
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

static pixel_box around(const occlude_blob *b, const pfld_image *img)
{
    /* of a rectangle; a little much for an ellipse */
    float w = fabsf(b->ux) * b->rx + fabsf(b->uy) * b->ry;
    float h = fabsf(b->uy) * b->rx + fabsf(b->ux) * b->ry;

    return (pixel_box){
        .left = clamp_int((int)ceilf(b->x - w), 0, img->width),
        .top = clamp_int((int)ceilf(b->y - h), 0, img->height),
        .right = clamp_int((int)floorf(b->x + w) + 1, 0, img->width),
        .bottom = clamp_int((int)floorf(b->y + h) + 1, 0, img->height),
    };
}

static void paint_pixel(const pfld_image *img, int x, int y, const occlude_paint *paint, rng *r)
{
    uint8_t *p = img->data + y * img->stride + (ptrdiff_t)3 * x;

    if (paint->fill == OCCLUDE_FLAT) {
        float shade = paint->shade_x * (float)x / (float)img->width +
                      paint->shade_y * (float)y / (float)img->height;
        for (int c = 0; c < 3; c++)
            p[c] = (uint8_t)clamp_int(paint->colour[c] + (int)shade, 0, 255);
    } else if (paint->fill == OCCLUDE_NOISE) {
        uint64_t bits = rng_u64(r);
        for (int c = 0; c < 3; c++, bits >>= 8)
            p[c] = (uint8_t)bits;
    } else { /* wraps around, so that a piece always exists */
        int from_x = (x + paint->from_x) % img->width, from_y = (y + paint->from_y) % img->height;
        const uint8_t *q = img->data + from_y * img->stride + (ptrdiff_t)3 * from_x;
        for (int c = 0; c < 3; c++)
            p[c] = q[c];
    }
}

void occlude_paint_shape(pfld_image *crop, const occlude_shape *s, const occlude_paint *paint,
                         rng *r)
{
    for (int i = 0; i < s->n; i++) {
        pixel_box b = around(&s->blob[i], crop);
        for (int y = b.top; y < b.bottom; y++)
            for (int x = b.left; x < b.right; x++)
                if (is_in_blob(&s->blob[i], (float)x, (float)y))
                    paint_pixel(crop, x, y, paint, r);
    }
}

/* --- things ------------------------------------------------------------------------------------
 */

static void shade(occlude_paint *p, float most, rng *r)
{
    p->shade_x = between(r, -most, most);
    p->shade_y = between(r, -most, most);
}

static occlude_paint random_paint(const pfld_image *crop, rng *r)
{
    occlude_paint p = {.fill = (occlude_fill)below(r, 3)};

    for (int c = 0; c < 3; c++)
        p.colour[c] = (uint8_t)below(r, 256);
    p.from_x = below(r, crop->width);
    p.from_y = below(r, crop->height);
    shade(&p, 60.0f, r);
    return p;
}

/* Random erasing: 2 to 20 % of the crop, up to three times as long as wide. */
static void make_patch(const pfld_image *crop, bool is_box, rng *r, occlude_shape *s)
{
    float size = (float)crop->width, share = between(r, 0.02f, 0.2f);
    float root = sqrtf(expf(between(r, -1.1f, 1.1f))), angle = between(r, -0.5f, 0.5f);
    float half = 0.5f * size * sqrtf(share) * (is_box ? 1.0f : 1.128f); /* 2 / sqrt(pi) */

    add_blob(s, between(r, 0.0f, size), between(r, 0.0f, size), angle, half * root, half / root,
             is_box);
}

typedef struct frame { /* of the face: where the eyes and the mouth are, and how long a face unit */
    pfld_point eye[2], mouth;
    float unit; /* between the eyes, or, where the head is turned, what it would be */
    float angle;
} frame;

static frame face_frame(const pfld_point *a)
{
    frame f = {.eye = {a[FACE_RIGHT_EYE], a[FACE_LEFT_EYE]}};
    float ex = f.eye[1].x - f.eye[0].x, ey = f.eye[1].y - f.eye[0].y, dx, dy;

    f.mouth = (pfld_point){0.5f * (a[FACE_RIGHT_MOUTH].x + a[FACE_LEFT_MOUTH].x),
                           0.5f * (a[FACE_RIGHT_MOUTH].y + a[FACE_LEFT_MOUTH].y)};
    dx = f.mouth.x - 0.5f * (f.eye[0].x + f.eye[1].x);
    dy = f.mouth.y - 0.5f * (f.eye[0].y + f.eye[1].y);
    f.unit = fmaxf(fmaxf(hypotf(ex, ey), 0.9f * hypotf(dx, dy)), 1.0f); /* points may coincide */
    f.angle = atan2f(-dx, dy); /* of the line across the face; eyes to mouth is "down" */
    return f;
}

/* Two dark glasses and the bridge between them. */
static void put_on_glasses(pfld_image *crop, const frame *f, rng *r, occlude_shape *s)
{
    float rx = f->unit * between(r, 0.3f, 0.45f), ry = rx * between(r, 0.55f, 0.95f);
    float mx = 0.5f * (f->eye[0].x + f->eye[1].x), my = 0.5f * (f->eye[0].y + f->eye[1].y);
    bool square = rng_float(r) < 0.3f;
    occlude_paint p = {.fill = OCCLUDE_FLAT};
    int dark = below(r, 60);

    for (int i = 0; i < 2; i++)
        add_blob(s, f->eye[i].x, f->eye[i].y, f->angle, rx, ry, square);
    add_blob(s, mx, my - 0.1f * ry, f->angle, 0.4f * f->unit, 0.05f * f->unit, true);
    for (int c = 0; c < 3; c++)
        p.colour[c] = (uint8_t)(dark + below(r, 20));
    shade(&p, 50.0f, r);
    occlude_paint_shape(crop, s, &p, r);
}

/* From the middle of the nose to below the chin. */
static void put_on_mask(pfld_image *crop, const frame *f, rng *r, occlude_shape *s)
{
    static const uint8_t colours[4][3] = {
        {170, 205, 225}, {235, 235, 235}, {35, 35, 40}, {90, 120, 160}};
    float rx = f->unit * between(r, 0.8f, 1.05f), ry = f->unit * between(r, 0.55f, 0.75f);
    float down = f->unit * between(r, 0.05f, 0.2f);
    float x = f->mouth.x - down * sinf(f->angle), y = f->mouth.y + down * cosf(f->angle);
    const uint8_t *colour = colours[below(r, 4)];
    occlude_paint p = {OCCLUDE_FLAT, {colour[0], colour[1], colour[2]}, 0.0f, 0.0f, 0, 0};

    add_blob(s, x, y, f->angle, rx, ry, false);
    add_blob(s, x, y, f->angle, 0.72f * rx, 0.78f * ry, true);
    shade(&p, 50.0f, r);
    occlude_paint_shape(crop, s, &p, r);
}

/* Skin like the nose's, lighter or darker. */
static occlude_paint skin(const pfld_image *crop, pfld_point nose, rng *r)
{
    int x = clamp_int((int)lrintf(nose.x), 0, crop->width - 1);
    int y = clamp_int((int)lrintf(nose.y), 0, crop->height - 1);
    const uint8_t *p = crop->data + y * crop->stride + (ptrdiff_t)3 * x;
    float light = between(r, 0.6f, 1.25f);
    occlude_paint paint = {.fill = OCCLUDE_FLAT};

    for (int c = 0; c < 3; c++)
        paint.colour[c] = (uint8_t)clamp_int((int)(light * (float)p[c]), 0, 255);
    shade(&paint, 60.0f, r);
    return paint;
}

/* A palm and some fingers that point to the face from outside of it. */
static void raise_a_hand(pfld_image *crop, const frame *f, pfld_point nose, rng *r,
                         occlude_shape *s)
{
    float toward = between(r, 0.0f, 6.2832f), ux = cosf(toward), uy = sinf(toward);
    float away = f->unit * between(r, 0.9f, 1.8f), side = f->unit * between(r, -0.8f, 0.8f);
    float palm = f->unit * between(r, 0.35f, 0.5f), thick = 0.22f * palm;
    float x = nose.x - away * ux - side * uy, y = nose.y - away * uy + side * ux;
    int fingers = 2 + below(r, 3);
    occlude_paint p = skin(crop, nose, r);

    add_blob(s, x, y, toward, 1.15f * palm, palm, false);
    for (int i = 0; i < fingers; i++) {
        float across = ((float)i - 0.5f * (float)(fingers - 1)) * 2.1f * thick;
        float reach = palm * between(r, 1.3f, 1.7f), spread = 0.1f * across / thick;
        add_blob(s, x + reach * ux - across * uy, y + reach * uy + across * ux, toward + spread,
                 0.9f * palm, thick, false);
    }
    occlude_paint_shape(crop, s, &p, r);
}

void occlude_at_random(pfld_image *crop, const pfld_point *anchors, unsigned known, rng *r,
                       occlude_shape *out)
{
    bool has_face = known == (1u << FACE_ANCHORS) - 1;
    float kind = rng_float(r) * (has_face ? 1.0f : 0.55f);
    frame f = {0};

    out->n = 0;
    if (has_face)
        f = face_frame(anchors);
    if (kind < 0.55f) {
        occlude_paint p;
        make_patch(crop, kind < 0.35f, r, out);
        p = random_paint(crop, r);
        occlude_paint_shape(crop, out, &p, r);
    } else if (kind < 0.7f) {
        put_on_glasses(crop, &f, r, out);
    } else if (kind < 0.8f) {
        put_on_mask(crop, &f, r, out);
    } else {
        raise_a_hand(crop, &f, anchors[FACE_NOSE_TIP], r, out);
    }
}

void occlude_square(pfld_image *crop, float share, rng *r, occlude_shape *out)
{
    const occlude_paint black = {.fill = OCCLUDE_FLAT};
    float size = (float)crop->width, half = 0.5f * size * sqrtf(share);
    float x = between(r, 0.0f, size), y = between(r, 0.0f, size);

    out->n = 0;
    add_blob(out, x, y, 0.0f, half, half, true);
    occlude_paint_shape(crop, out, &black, r);
}
