/* Five points of a face that every scheme has: eye centres, nose tip, mouth corners. */
#include "geometry/five.h"

#include <math.h>

#include "geometry/affine.h"
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

#define DEGREE 0.017453292519943295 /* pi / 180 */

static bool mean_of(const uint8_t *index, int n, const pfld_point *points, const uint8_t *known,
                    pfld_point *out)
{
    pfld_point sum = {0.0f, 0.0f};

    for (int i = 0; i < n; i++) {
        if (known && !known[index[i]])
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

unsigned five_from_points(const scheme *s, const pfld_point *points, const uint8_t *known,
                          pfld_point out[FIVE_POINTS])
{
    const scheme_contour *c = lips(s);
    unsigned have = 0;

    if (mean_of(s->right_eye, s->n_right_eye, points, known, &out[FIVE_RIGHT_EYE]))
        have |= 1u << FIVE_RIGHT_EYE;
    if (mean_of(s->left_eye, s->n_left_eye, points, known, &out[FIVE_LEFT_EYE]))
        have |= 1u << FIVE_LEFT_EYE;
    if (nose_tip(s, points, known, &out[FIVE_NOSE_TIP]))
        have |= 1u << FIVE_NOSE_TIP;
    if (!c)
        return have;
    if (mean_of(&c->points[0], 1, points, known, &out[FIVE_RIGHT_MOUTH]))
        have |= 1u << FIVE_RIGHT_MOUTH;
    if (mean_of(&c->points[c->closed ? c->n / 2 : c->n - 1], 1, points, known,
                &out[FIVE_LEFT_MOUTH]))
        have |= 1u << FIVE_LEFT_MOUTH;
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

pfld_box five_box(const pfld_point five[FIVE_POINTS])
{
    pfld_point eyes = middle(five[FIVE_RIGHT_EYE], five[FIVE_LEFT_EYE]);
    pfld_point mouth = middle(five[FIVE_RIGHT_MOUTH], five[FIVE_LEFT_MOUTH]);
    pfld_point all = middle(eyes, mouth), nose = five[FIVE_NOSE_TIP];
    float dx = mouth.x - eyes.x, dy = mouth.y - eyes.y, dd = dx * dx + dy * dy;
    float ex = five[FIVE_LEFT_EYE].x - five[FIVE_RIGHT_EYE].x;
    float ey = five[FIVE_LEFT_EYE].y - five[FIVE_RIGHT_EYE].y;
    float along = dd > 0.0f ? ((nose.x - all.x) * dx + (nose.y - all.y) * dy) / dd : 0.0f;
    float px = nose.x - all.x - along * dx, py = nose.y - all.y - along * dy;
    float side = sqrtf(DD * dd + EE * (ex * ex + ey * ey) + PP * (px * px + py * py));

    return square(eyes.x + DOWN * dx + ACROSS * px, eyes.y + DOWN * dy + ACROSS * py, side);
}

bool five_roll(const pfld_point five[FIVE_POINTS], float *degrees)
{
    /* not by the nose tip, which goes sideways as the head turns */
    static const int face3d[4] = {POSE_RIGHT_EYE_CENTRE, POSE_LEFT_EYE_CENTRE,
                                  POSE_RIGHT_MOUTH_CORNER, POSE_LEFT_MOUTH_CORNER};
    const pfld_point seen[4] = {five[FIVE_RIGHT_EYE], five[FIVE_LEFT_EYE], five[FIVE_RIGHT_MOUTH],
                                five[FIVE_LEFT_MOUTH]};
    pfld_point frontal[4];
    affine t;

    for (int i = 0; i < 4; i++)
        frontal[i] = (pfld_point){pose_neutral[face3d[i]].x, pose_neutral[face3d[i]].y};
    if (!affine_fit_similarity(frontal, seen, NULL, 4, &t))
        return false;
    *degrees = (float)(atan2((double)t.d, (double)t.a) / DEGREE);
    return true;
}
