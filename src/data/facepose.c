/* The pose truth of eq. 2: which points tell it, and how it is told for each scheme. */
#include "data/facepose.h"

#include <math.h>

#include "data/classes.h"
#include "data/eigen.h"
#include "data/facefit.h"

/*
 * The corners of the eyes, the bridge and the base of the nose: bone and cartilage. They move least
 * within a person (docs/training.md has the figures): mouth and jaw move with speech, the brows
 * with a frown, and annotators disagree about where the brows end.
 */
const uint8_t face_rigid[TEMPLATE_RIGID] = {36, 39, 42, 45, 27, 28, 29, 30, 31, 33, 35};

#define FEWEST 5    /* pairs of points */
#define FLAT   0.05 /* rms distance from a plane; the 11 points: 0.11 */

enum { FIRM, SOFT, LOOSE };

/* The points of ibug68 whose mean is a point of the neutral face. Soft ones help out where a scheme
 * has too few firm ones; what took loose ones classes a face but is no truth to train on. */
typedef struct spot {
    uint8_t first, n, kind;
} spot;

static const spot spots[POSE_NEUTRAL_COUNT] = {
    [POSE_RIGHT_EYE_OUTER] = {36, 1, FIRM},    [POSE_RIGHT_EYE_INNER] = {39, 1, FIRM},
    [POSE_LEFT_EYE_INNER] = {42, 1, FIRM},     [POSE_LEFT_EYE_OUTER] = {45, 1, FIRM},
    [POSE_RIGHT_BROW_INNER] = {21, 1, SOFT},   [POSE_LEFT_BROW_INNER] = {22, 1, SOFT},
    [POSE_NOSE_ROOT] = {27, 1, FIRM},          [POSE_NOSE_UPPER] = {28, 1, FIRM},
    [POSE_NOSE_LOWER] = {29, 1, FIRM},         [POSE_NOSE_TIP] = {30, 1, FIRM},
    [POSE_RIGHT_NOSTRIL] = {31, 1, FIRM},      [POSE_NOSE_BASE] = {33, 1, FIRM},
    [POSE_LEFT_NOSTRIL] = {35, 1, FIRM},       [POSE_RIGHT_EYE_CENTRE] = {36, 6, FIRM},
    [POSE_LEFT_EYE_CENTRE] = {42, 6, FIRM},    [POSE_RIGHT_MOUTH_CORNER] = {48, 1, LOOSE},
    [POSE_LEFT_MOUTH_CORNER] = {54, 1, LOOSE},
};

typedef struct pairs { /* the same spots in 3D and in the image */
    pose_point3 face[PFLD_MAX_LANDMARKS];
    pfld_point seen[PFLD_MAX_LANDMARKS];
    size_t n;
} pairs;

static pose_point3 spot_of(const face_template *t, int face3d)
{
    const spot *s = &spots[face3d];
    pose_point3 sum = {0};

    if (!t)
        return pose_neutral[face3d];
    for (int i = 0; i < s->n; i++) {
        sum.x += t->points[s->first + i].x / (float)s->n;
        sum.y += t->points[s->first + i].y / (float)s->n;
        sum.z += t->points[s->first + i].z / (float)s->n;
    }
    return sum;
}

static void pair_up(const data_sample *s, const face_template *t, int softest, pairs *p)
{
    p->n = 0;
    for (int i = 0; i < s->scheme->n_rigid; i++) {
        const scheme_rigid *r = &s->scheme->rigid[i];
        if (spots[r->face3d].kind > softest || !s->known[r->point])
            continue;
        p->face[p->n] = spot_of(t, r->face3d);
        p->seen[p->n++] = s->points[r->point];
    }
}

/* Points of one plane look the same from two sides, and near one a pixel decides between them: the
 * corners of the eyes and the tip of the nose alone are 12 degrees of pitch off on average. */
static bool is_flat(const pairs *p)
{
    double mean[3] = {0}, c[9] = {0}, values[3], vectors[9];

    for (size_t i = 0; i < p->n; i++) {
        mean[0] += (double)p->face[i].x / (double)p->n;
        mean[1] += (double)p->face[i].y / (double)p->n;
        mean[2] += (double)p->face[i].z / (double)p->n;
    }
    for (size_t i = 0; i < p->n; i++) {
        pose_point3 q = p->face[i];
        double d[3] = {(double)q.x - mean[0], (double)q.y - mean[1], (double)q.z - mean[2]};
        for (int k = 0; k < 9; k++)
            c[k] += d[k / 3] * d[k % 3] / (double)p->n;
    }
    eigen_symmetric(c, 3, values, vectors);
    return !(values[2] > FLAT * FLAT);
}

/* The fit by the firmest points that suffice; *kind tells of the softest that were let in. */
static bool fit_sample(const data_sample *s, const face_template *t, facefit *fit, int *kind)
{
    pairs p;

    *fit = (facefit){.pose = {NAN, NAN, NAN}};
    for (*kind = FIRM; *kind <= LOOSE; ++*kind) {
        pair_up(s, t, *kind, &p);
        if (p.n >= FEWEST && !is_flat(&p))
            return facefit_find(p.face, p.seen, p.n, fit);
    }
    return false;
}

void data_set_derive(data_set *set, const face_template *t)
{
    for (size_t i = 0; i < set->n; i++) {
        data_sample *s = &set->samples[i];
        facefit fit;
        int kind;
        bool found = fit_sample(s, t, &fit, &kind);

        if (!s->has_pose)
            s->pose = found && kind < LOOSE ? fit.pose : (pfld_pose){NAN, NAN, NAN};
        s->classes = classes_of(s, s->has_pose ? &s->pose : &fit.pose, (float)fit.k);
    }
}
