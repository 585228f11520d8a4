/* The box that a face is cropped by, framed alike whatever points its data set has. */
#include "data/face_box.h"

#include <math.h>

#include "geometry/box.h"
#include "geometry/pose.h"

/*
 * The box of 68 points from eyes, nose tip and mouth corners: with d from the middle of the eyes to
 * the middle of the mouth, e from eye to eye, and p the part across d of the way from the middle of
 * all four to the nose tip, which grows as the head turns,
 *     centre = middle of the eyes + DOWN d + ACROSS p
 *     side^2 = DD d^2 + EE e^2 + PP p^2.
 * Least squares over the 3,116 faces of 300w/train.txt and ytf/train.csv of ../shared, both
 * relative to the true longer side. Left of it: centres off by 5.0 % (300w) and 4.6 % (ytf) of the
 * side on average, without bias; sides of 1.00 +- 0.062 (300w) and 0.99 +- 0.045 (ytf) of the true
 * ones.
 */
#define DOWN   0.636f
#define ACROSS (-1.325f)
#define DD     1.699f
#define EE     3.469f
#define PP     8.642f

#define SMALLEST 1.0f /* pixel: points that coincide still need a box */

static bool mean_of(const uint8_t *index, int n, const pfld_point *points, const uint8_t *known,
                    pfld_point *out)
{
    pfld_point sum = {0.0f, 0.0f};

    for (int i = 0; i < n; i++) {
        if (!known[index[i]])
            return false;
        sum.x += points[index[i]].x;
        sum.y += points[index[i]].y;
    }
    *out = (pfld_point){sum.x / (float)n, sum.y / (float)n};
    return n > 0;
}

static bool nose_tip(const scheme *s, const pfld_point *points, const uint8_t *known,
                     pfld_point *out)
{
    for (int i = 0; i < s->n_rigid; i++)
        if (s->rigid[i].face3d == POSE_NOSE_TIP)
            return mean_of(&s->rigid[i].point, 1, points, known, out);
    return false;
}

/* The first contour of the lips: a ring that begins at the right corner, or a line between both. */
static const scheme_contour *lips(const scheme *s)
{
    for (int i = 0; i < s->n_contours; i++)
        if (s->contours[i].kind == SCHEME_LIPS)
            return &s->contours[i];
    return NULL;
}

unsigned face_anchors(const scheme *s, const pfld_point *points, const uint8_t *known,
                      pfld_point out[FACE_ANCHORS])
{
    const scheme_contour *c = lips(s);
    unsigned have = 0;

    if (mean_of(s->right_eye, s->n_right_eye, points, known, &out[FACE_RIGHT_EYE]))
        have |= 1u << FACE_RIGHT_EYE;
    if (mean_of(s->left_eye, s->n_left_eye, points, known, &out[FACE_LEFT_EYE]))
        have |= 1u << FACE_LEFT_EYE;
    if (nose_tip(s, points, known, &out[FACE_NOSE_TIP]))
        have |= 1u << FACE_NOSE_TIP;
    if (!c)
        return have;
    if (mean_of(&c->points[0], 1, points, known, &out[FACE_RIGHT_MOUTH]))
        have |= 1u << FACE_RIGHT_MOUTH;
    if (mean_of(&c->points[c->closed ? c->n / 2 : c->n - 1], 1, points, known,
                &out[FACE_LEFT_MOUTH]))
        have |= 1u << FACE_LEFT_MOUTH;
    return have;
}

static pfld_box square(float x, float y, float side)
{
    return (pfld_box){x - 0.5f * side, y - 0.5f * side, side, side};
}

static pfld_point middle(pfld_point a, pfld_point b)
{
    return (pfld_point){0.5f * (a.x + b.x), 0.5f * (a.y + b.y)};
}

static pfld_box box_of_anchors(const pfld_point a[FACE_ANCHORS])
{
    pfld_point eyes = middle(a[FACE_RIGHT_EYE], a[FACE_LEFT_EYE]);
    pfld_point mouth = middle(a[FACE_RIGHT_MOUTH], a[FACE_LEFT_MOUTH]);
    pfld_point all = middle(eyes, mouth), nose = a[FACE_NOSE_TIP];
    float dx = mouth.x - eyes.x, dy = mouth.y - eyes.y, dd = dx * dx + dy * dy;
    float ex = a[FACE_LEFT_EYE].x - a[FACE_RIGHT_EYE].x;
    float ey = a[FACE_LEFT_EYE].y - a[FACE_RIGHT_EYE].y;
    float along = dd > 0.0f ? ((nose.x - all.x) * dx + (nose.y - all.y) * dy) / dd : 0.0f;
    float px = nose.x - all.x - along * dx, py = nose.y - all.y - along * dy;
    float side = sqrtf(DD * dd + EE * (ex * ex + ey * ey) + PP * (px * px + py * py));

    return square(eyes.x + DOWN * dx + ACROSS * px, eyes.y + DOWN * dy + ACROSS * py, side);
}

/* Brows, jaw from ear to ear, chin. */
static bool outlines_the_face(const scheme *s)
{
    for (int i = 0; i < s->n_contours; i++)
        if (s->contours[i].kind == SCHEME_JAW && s->contours[i].n > 1)
            return true;
    return false;
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

    bool whole = n == s->scheme->n && outlines_the_face(s->scheme);
    bool anchored = face_anchors(s->scheme, s->points, s->known, anchors) == all;
    bool boxed = s->has_box && box_is_valid(&s->box);

    if (!whole && anchored)
        box = box_of_anchors(anchors);
    else if (n > 0 && (whole || !boxed))
        box = box_around(p, (size_t)n);
    if (!box_is_valid(&box))
        box = square(box.x + 0.5f * box.w, box.y + 0.5f * box.h,
                     fmaxf(fmaxf(box.w, box.h), SMALLEST));
    return box;
}
