/* The box that a face is cropped by, framed alike whatever points its data set has. */
#include "data/face_box.h"

#include <math.h>

#include "geometry/box.h"
#include "geometry/five.h"

#define SMALLEST 1.0f /* pixel: points that coincide still need a box */

unsigned face_anchors(const scheme *s, const pfld_point *points, const uint8_t *known,
                      pfld_point out[FACE_ANCHORS])
{
    return five_from_points(s, points, known, out);
}

static pfld_box square(float x, float y, float side)
{
    return (pfld_box){x - 0.5f * side, y - 0.5f * side, side, side};
}

static int known_points(const data_sample *s, pfld_point out[PFLD_MAX_LANDMARKS])
{
    int n = 0;

    for (int i = 0; i < s->scheme->n; i++)
        if (s->known[i])
            out[n++] = s->points[i];
    return n;
}

pfld_box face_box(const data_sample *s)
{
    const unsigned all = (1u << FACE_ANCHORS) - 1;
    pfld_point p[PFLD_MAX_LANDMARKS], anchors[FACE_ANCHORS];
    int n = known_points(s, p);
    pfld_box box = s->box;

    bool whole = n == s->scheme->n && scheme_outlines_face(s->scheme);
    bool anchored = face_anchors(s->scheme, s->points, s->known, anchors) == all;
    bool boxed = s->has_box && box_is_valid(&s->box);

    if (!whole && anchored)
        box = five_box(anchors);
    else if (n > 0 && (whole || !boxed))
        box = box_around(p, (size_t)n);
    if (!box_is_valid(&box))
        box = square(box.x + 0.5f * box.w, box.y + 0.5f * box.h,
                     fmaxf(fmaxf(box.w, box.h), SMALLEST));
    return box;
}

static float evenly(rng *r, float limit)
{
    return limit * (2.0f * rng_float(r) - 1.0f);
}

pfld_box face_box_jittered(const pfld_box *b, float limit, rng *r)
{
    float side = fmaxf(b->w, b->h);
    float x = b->x + 0.5f * b->w + side * evenly(r, limit);
    float y = b->y + 0.5f * b->h + side * evenly(r, limit);
    float scale = 1.0f + evenly(r, limit);
    pfld_box out = {0.0f, 0.0f, scale * b->w, scale * b->h};

    out.x = x - 0.5f * out.w;
    out.y = y - 0.5f * out.h;
    return out;
}
