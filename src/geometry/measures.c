/* What people compute from landmarks: how far eyes and mouth are open, symmetry, facing. */
#include "geometry/measures.h"

#include <math.h>
#include <string.h>

#include "geometry/affine.h"
#include "geometry/pose.h"

#define LEAST_FACING 0.3f /* cosine: beyond 72 degrees nothing can be made up for */

static float distance(pfld_point a, pfld_point b)
{
    return hypotf(a.x - b.x, a.y - b.y);
}

/* ---- as if the head faced the camera ---- */

/* The plane of the face, turned towards the camera: the inverse of how the pose shortens it. False
 * further round than LEAST_FACING, and where the pose isn't known. */
static bool straighten(float r[3][3], affine *out)
{
    affine shortened = {r[0][0], r[0][1], 0.0f, r[1][0], r[1][1], 0.0f};

    return r[2][2] >= LEAST_FACING && affine_invert(&shortened, out);
}

/* ---- openings ---- */

/* Of a ring that begins at one corner and has the other half-way: the mean distance of the points
 * that face each other over that of the corners. NaN for other rings. */
static float aspect(const scheme_contour *ring, const pfld_point *p)
{
    int half = ring->n / 2;
    float high = 0.0f, wide;

    if (!ring->closed || ring->n < 4 || ring->n % 2)
        return NAN;
    for (int k = 1; k < half; k++)
        high += distance(p[ring->points[k]], p[ring->points[ring->n - k]]);
    wide = distance(p[ring->points[0]], p[ring->points[half]]);
    return wide > 0.0f ? high / (float)(half - 1) / wide : NAN;
}

/* The scheme's contour of that kind, the i-th; NULL: there are fewer. */
static const scheme_contour *contour(const scheme *s, scheme_group_kind kind, int i)
{
    for (int c = 0; c < s->n_contours; c++)
        if (s->contours[c].kind == kind && i-- == 0)
            return &s->contours[c];
    return NULL;
}

static float opening(const scheme *s, scheme_group_kind kind, int i, const pfld_point *p)
{
    const scheme_contour *c = contour(s, kind, i);

    return c ? aspect(c, p) : NAN;
}

/* ---- the whole face ---- */

static pfld_point eye_centre(const uint8_t *of, int n, const pfld_point *p)
{
    pfld_point sum = {0.0f, 0.0f};

    for (int i = 0; i < n; i++) {
        sum.x += p[of[i]].x / (float)n;
        sum.y += p[of[i]].y / (float)n;
    }
    return sum;
}

/* The mirrored face, laid over the face itself. */
static float asymmetry(const scheme *s, const pfld_point *p)
{
    pfld_point mirrored[PFLD_MAX_LANDMARKS];
    float unit = distance(p[s->right_eye_outer], p[s->left_eye_outer]), sum = 0.0f;
    affine over;

    for (int i = 0; i < s->n; i++)
        mirrored[i] = (pfld_point){-p[s->mirror[i]].x, p[s->mirror[i]].y};
    if (!affine_fit_similarity(mirrored, p, NULL, (size_t)s->n, &over) || !(unit > 0.0f))
        return NAN;
    for (int i = 0; i < s->n; i++)
        sum += distance(affine_apply(&over, mirrored[i]), p[i]);
    return sum / (float)s->n / unit;
}

void measures_of(const scheme *s, const pfld_point *points, const pfld_pose *pose,
                 pfld_measures *out)
{
    pfld_point p[PFLD_MAX_LANDMARKS];
    affine back;
    float r[3][3];

    pose_to_matrix(pose, r);
    memset(out, 0, sizeof *out);
    out->eye_open[0] = out->eye_open[1] = out->mouth_open = out->inter_pupil = NAN;
    out->asymmetry = asymmetry(s, points);
    out->facing = r[2][2];
    if (!straighten(r, &back))
        return;
    for (int i = 0; i < s->n; i++)
        p[i] = affine_apply(&back, points[i]);
    out->eye_open[0] = opening(s, SCHEME_EYE, 0, p);
    out->eye_open[1] = opening(s, SCHEME_EYE, 1, p);
    out->mouth_open = opening(s, SCHEME_LIPS, 1, p); /* the inner lips */
    out->inter_pupil = distance(eye_centre(s->right_eye, s->n_right_eye, p),
                                eye_centre(s->left_eye, s->n_left_eye, p));
}

/* ---- events ---- */

/*
 * Eyes: closed where the openings' mean is below CLOSED of the face's own when open, open again
 * above OPEN of it: people's differ by half, so that a fixed threshold of the eye aspect ratio (as
 * of Soukupova and Cech 2016) does for few. The own is learnt: quickly upwards, slowly downwards.
 */
#define CLOSED     0.55f
#define OPEN       0.7f
#define LEARN_UP   0.5f  /* seconds */
#define LEARN_DOWN 20.0f /* seconds */
#define LONG       0.5   /* seconds: longer than a blink (0.1 to 0.4 s) */
#define YAWN       0.5f  /* of mouth_open, ... */
#define SHUT       0.35f /* ... until it is below */
#define YAWN_LONG  1.0   /* seconds: longer than a spoken sound */
#define GAP        1.0f  /* seconds without the face: what was going on is over */

static void learn(pfld_events *e, float open, float dt)
{
    float tau = open > e->eye_usual ? LEARN_UP : LEARN_DOWN;

    if (!(e->eye_usual > 0.0f))
        e->eye_usual = open;
    e->eye_usual += (1.0f - expf(-dt / tau)) * (open - e->eye_usual);
}

static uint32_t watch_eyes(pfld_events *e, float open, double t)
{
    double closed_for = t - e->eyes_since;

    if (!e->eyes_closed) {
        e->eyes_closed = open < CLOSED * e->eye_usual;
        e->eyes_since = t;
        return 0;
    }
    if (open > OPEN * e->eye_usual) {
        bool is_blink = !e->told_long && closed_for < LONG;
        e->eyes_closed = e->told_long = 0;
        e->blinks += is_blink;
        return is_blink ? PFLD_EVENT_BLINK : 0;
    }
    if (e->told_long || closed_for < LONG)
        return 0;
    e->told_long = 1;
    return PFLD_EVENT_LONG_CLOSURE;
}

static uint32_t watch_mouth(pfld_events *e, float open, double t)
{
    if (!e->mouth_wide) {
        e->mouth_wide = open > YAWN;
        e->mouth_since = t;
        return 0;
    }
    if (open < SHUT)
        e->mouth_wide = e->told_yawn = 0;
    if (!e->mouth_wide || e->told_yawn || t - e->mouth_since < YAWN_LONG)
        return 0;
    e->told_yawn = 1;
    return PFLD_EVENT_YAWN;
}

/* Of a face whose eyes and mouth can't be told for a while, as when it looks away, nothing is
 * known: t stands still meanwhile. */
uint32_t measures_events(pfld_events *e, const pfld_measures *m, double t)
{
    float eyes = 0.5f * (m->eye_open[0] + m->eye_open[1]);
    float dt = (float)(t - e->t);
    uint32_t seen;

    if (!isfinite(eyes) || !isfinite(m->mouth_open))
        return 0;
    if (!e->begun || !(dt > 0.0f && dt < GAP)) {
        e->eyes_closed = e->told_long = 0;
        e->mouth_wide = e->told_yawn = 0;
        dt = 0.0f;
    }
    learn(e, eyes, dt);
    seen = watch_eyes(e, eyes, t) | watch_mouth(e, m->mouth_open, t);
    e->begun = 1;
    e->t = t;
    return seen;
}
