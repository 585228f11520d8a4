/* The mean frontal face: depth by factorisation of the training shapes, then all 68 points. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "data/facefit.h"
#include "data/facepose.h"
#include "data/factor.h"

#define POINTS      68
#define LEAST_FACES 20    /* complete ones; and half as many frontal */
#define FRONTAL     10.0f /* degrees of yaw and of pitch, either way */
#define MOST_ROUNDS 200
#define CONVERGED   1e-6f /* of the eyes' distance: what a round still moves a point */
#define OUTLIER     2.5   /* a point this many mean deviations off counts a half */

enum { RIGHT_EYE = 36, LEFT_EYE = 45 }; /* outer corners */

typedef struct view {         /* one training face */
    const pfld_point *points; /* [68] */
    double weight;
    facefit fit; /* of the present template */
    bool frontal;
} view;

typedef struct build {
    view *views;
    size_t n_views;
    const scheme *scheme;
    face_template face;       /* the present one */
    double deviation[POINTS]; /* mean, of the faces' points from it, in its unit; 0: unknown */
} build;

/* Least squares for one point of the template: A S = b, over views whose rotations are known. */
typedef struct normal {
    double a[3][3], b[3];
    double off, weight; /* for the mean deviation */
} normal;

static pfld_status gather(const data_set *set, build *b, pfld_error *err)
{
    b->views = mem_alloc(set->n ? set->n : 1, sizeof *b->views);
    if (!b->views)
        return error_nomem(err);
    for (size_t i = 0; i < set->n; i++) {
        const data_sample *s = &set->samples[i];
        bool whole = s->scheme == b->scheme && s->weight > 0.0f;
        for (int j = 0; whole && j < POINTS; j++)
            whole = s->known[j] && isfinite(s->points[j].x) && isfinite(s->points[j].y);
        if (whole)
            b->views[b->n_views++] = (view){.points = s->points, .weight = (double)s->weight};
    }
    if (b->n_views < LEAST_FACES)
        return error_set(err, PFLD_ERR_FORMAT,
                         "the mean face wants at least %d faces with all 68 points of ibug68, "
                         "there are %zu",
                         LEAST_FACES, b->n_views);
    return PFLD_OK;
}

static pfld_status too_little_turn(const build *b, pfld_error *err)
{
    return error_set(err, PFLD_ERR_FORMAT,
                     "the mean face's depth can't be told: the %zu faces turn too little",
                     b->n_views);
}

/* The face's mirror image is as much a face: both stand in the factorisation, so that the shape is
 * symmetric about a plane. */
static pfld_status rigid_shape(const build *b, double shape[TEMPLATE_RIGID][3], pfld_error *err)
{
    size_t n = 2 * b->n_views;
    pfld_point *both = mem_alloc(n, TEMPLATE_RIGID * sizeof *both);
    bool done;

    if (!both)
        return error_nomem(err);
    for (size_t i = 0; i < b->n_views; i++) {
        for (size_t j = 0; j < TEMPLATE_RIGID; j++) {
            pfld_point mirrored = b->views[i].points[b->scheme->mirror[face_rigid[j]]];
            both[2 * i * TEMPLATE_RIGID + j] = b->views[i].points[face_rigid[j]];
            both[(2 * i + 1) * TEMPLATE_RIGID + j] = (pfld_point){-mirrored.x, mirrored.y};
        }
    }
    done = factor_views(both, n, TEMPLATE_RIGID, &shape[0][0]);
    mem_free(both);
    return done ? PFLD_OK : too_little_turn(b, err);
}

static bool is_rigid(int point)
{
    return memchr(face_rigid, point, sizeof face_rigid) != NULL;
}

static void cross3(const double a[3], const double b[3], double out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

static void unit3(double a[3])
{
    double length = sqrt(facefit_dot(a, a));

    for (int k = 0; k < 3; k++)
        a[k] /= length;
}

/* Factorisation leaves the axes open. x goes from one outer eye corner to the other, as the shape
 * is symmetric; y and z are any two across, as set_frame() turns them. */
static void upright(double shape[TEMPLATE_RIGID][3])
{
    double axis[3][3], least[3] = {0};
    int right = 0, left = 0, smallest = 0;

    for (int j = 0; j < TEMPLATE_RIGID; j++) {
        right = face_rigid[j] == RIGHT_EYE ? j : right;
        left = face_rigid[j] == LEFT_EYE ? j : left;
    }
    for (int k = 0; k < 3; k++)
        axis[0][k] = shape[left][k] - shape[right][k];
    unit3(axis[0]);
    for (int k = 1; k < 3; k++)
        smallest = fabs(axis[0][k]) < fabs(axis[0][smallest]) ? k : smallest;
    least[smallest] = 1.0;
    cross3(axis[0], least, axis[1]);
    unit3(axis[1]);
    cross3(axis[0], axis[1], axis[2]);
    for (int j = 0; j < TEMPLATE_RIGID; j++) {
        double old[3] = {shape[j][0], shape[j][1], shape[j][2]};
        for (int k = 0; k < 3; k++)
            shape[j][k] = facefit_dot(axis[k], old);
    }
}

/* The pitch, in radians, by which the template is turned against the neutral face of geometry/pose:
 * least squares over the rigid points that both have. *distance: what is left, as a share. */
static double neutral_pitch(const build *b, double *distance)
{
    double mean[4] = {0}, dot = 0.0, cross = 0.0, own = 0.0, theirs = 0.0;
    size_t n = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < b->scheme->n_rigid; i++) {
            pose_point3 p = b->face.points[b->scheme->rigid[i].point];
            pose_point3 q = pose_neutral[b->scheme->rigid[i].face3d];
            double d[4] = {(double)p.y, (double)p.z, (double)q.y, (double)q.z};
            if (!is_rigid(b->scheme->rigid[i].point))
                continue;
            n += pass == 0;
            for (int k = 0; k < 4; k++) {
                mean[k] += pass == 0 ? d[k] : 0.0;
                d[k] -= mean[k] / (double)n;
            }
            if (pass == 0)
                continue;
            dot += d[0] * d[2] + d[1] * d[3];
            cross += d[0] * d[3] - d[1] * d[2];
            own += d[0] * d[0] + d[1] * d[1];
            theirs += d[2] * d[2] + d[3] * d[3];
        }
    }
    *distance = 1.0 - (dot * dot + cross * cross) / (own * theirs);
    return atan2(cross, dot);
}

/* Origin between the outer eye corners, their distance 1, and pitch 0. */
static void set_frame(build *b)
{
    pose_point3 *p = b->face.points, middle, r = p[RIGHT_EYE], l = p[LEFT_EYE];
    double distance, turn = neutral_pitch(b, &distance);
    float c = (float)cos(turn), s = (float)sin(turn),
          size = hypotf(hypotf(l.x - r.x, l.y - r.y), l.z - r.z);

    middle = (pose_point3){(r.x + l.x) / 2, (r.y + l.y) / 2, (r.z + l.z) / 2};
    for (int j = 0; j < POINTS; j++) {
        float x = (p[j].x - middle.x) / size, y = (p[j].y - middle.y) / size;
        float z = (p[j].z - middle.z) / size;
        p[j] = (pose_point3){x, c * y - s * z, s * y + c * z};
    }
}

/* The first template, of the rigid points alone. Of the two shapes that are each other's mirror
 * image in depth the one like the neutral face is the face, the other a mask from behind. */
static pfld_status start(build *b, pfld_error *err)
{
    double shape[TEMPLATE_RIGID][3], distance[2];
    pfld_status status = rigid_shape(b, shape, err);

    if (status)
        return status;
    upright(shape);
    for (int side = 0; side < 3; side++) {
        float sign = side == 1 || (side == 2 && distance[1] < distance[0]) ? -1.0f : 1.0f;
        for (int j = 0; j < TEMPLATE_RIGID; j++)
            b->face.points[face_rigid[j]] =
                (pose_point3){(float)shape[j][0], (float)shape[j][1], sign * (float)shape[j][2]};
        if (side < 2)
            neutral_pitch(b, &distance[side]);
    }
    set_frame(b);
    return PFLD_OK;
}

static bool fit_view(const build *b, view *w)
{
    pose_point3 face[TEMPLATE_RIGID];
    pfld_point seen[TEMPLATE_RIGID];
    bool found;

    for (int j = 0; j < TEMPLATE_RIGID; j++) {
        face[j] = b->face.points[face_rigid[j]];
        seen[j] = w->points[face_rigid[j]];
    }
    found = facefit_find(face, seen, TEMPLATE_RIGID, &w->fit);
    w->frontal = found && fabsf(w->fit.pose.yaw) < FRONTAL && fabsf(w->fit.pose.pitch) < FRONTAL;
    return found;
}

/* What one face says of one point; the further off, the less it counts. */
static void add_view(const build *b, const view *w, int j, normal *e)
{
    pose_point3 p = b->face.points[j];
    double s[3] = {(double)p.x, (double)p.y, (double)p.z};
    const double *u = w->fit.u, *v = w->fit.v;
    double x = ((double)w->points[j].x - w->fit.t[0]) / w->fit.k;
    double y = ((double)w->points[j].y - w->fit.t[1]) / w->fit.k;
    double off = hypot(x - facefit_dot(u, s), y - facefit_dot(v, s));
    double far = b->deviation[j] > 0.0 ? off / (OUTLIER * b->deviation[j]) : 0.0;
    double weight = w->weight / (1.0 + far * far);

    for (int k = 0; k < 3; k++) {
        for (int l = 0; l < 3; l++)
            e->a[k][l] += weight * (u[k] * u[l] + v[k] * v[l]);
        e->b[k] += weight * (u[k] * x + v[k] * y);
    }
    e->off += weight * off;
    e->weight += weight;
}

/* The same of the mirrored faces: what they say of j is what the others say of its partner, with x
 * negated. So the template is symmetric to the bit. */
static normal with_mirrored(const normal *e, const normal *partner)
{
    static const double sign[3] = {-1.0, 1.0, 1.0};
    normal sum = *e;

    for (int k = 0; k < 3; k++) {
        for (int l = 0; l < 3; l++)
            sum.a[k][l] += sign[k] * sign[l] * partner->a[k][l];
        sum.b[k] += sign[k] * partner->b[k];
    }
    sum.off += partner->off;
    sum.weight += partner->weight;
    return sum;
}

/* a[0..2] times the unknowns 0..2 is b; Cramer's rule: the matrices are far from singular. */
static double determinant(const double a[3], const double b[3], const double c[3])
{
    double x[3];

    cross3(b, c, x);
    return facefit_dot(a, x);
}

/* Depth from all faces, x and y from the frontal ones: contours of the jaw are what is seen, and
 * slide over the skin as the head turns. */
static pose_point3 solve_point(const normal *all, const normal *frontal)
{
    const double(*a)[3] = all->a, (*f)[3] = frontal->a;
    double z = determinant(a[0], a[1], all->b) / determinant(a[0], a[1], a[2]);
    double bx = frontal->b[0] - f[0][2] * z, by = frontal->b[1] - f[1][2] * z;
    double d = f[0][0] * f[1][1] - f[0][1] * f[1][0];

    return (pose_point3){(float)((bx * f[1][1] - by * f[0][1]) / d),
                         (float)((by * f[0][0] - bx * f[1][0]) / d), (float)z};
}

/* Rotations from the template, a template from the rotations. *moved: the furthest point's way. */
static pfld_status improve(build *b, float *moved, pfld_error *err)
{
    normal all[POINTS] = {0}, frontal[POINTS] = {0};
    face_template old = b->face;
    size_t n_frontal = 0;

    for (size_t i = 0; i < b->n_views; i++) {
        view *w = &b->views[i];
        bool found = fit_view(b, w);
        n_frontal += w->frontal;
        for (int j = 0; j < POINTS && found; j++) {
            add_view(b, w, j, &all[j]);
            if (w->frontal)
                add_view(b, w, j, &frontal[j]);
        }
    }
    if (n_frontal < LEAST_FACES / 2)
        return error_set(err, PFLD_ERR_FORMAT,
                         "the mean face wants at least %d frontal faces, there are %zu",
                         LEAST_FACES / 2, n_frontal);
    for (int j = 0; j < POINTS; j++) {
        int m = b->scheme->mirror[j];
        normal a = with_mirrored(&all[j], &all[m]), f = with_mirrored(&frontal[j], &frontal[m]);
        b->face.points[j] = solve_point(&a, &f);
        b->deviation[j] = a.off / a.weight;
    }
    set_frame(b);
    *moved = 0.0f;
    for (int j = 0; j < POINTS; j++) {
        pose_point3 p = b->face.points[j], q = old.points[j];
        *moved = fmaxf(*moved, hypotf(hypotf(p.x - q.x, p.y - q.y), p.z - q.z));
    }
    return PFLD_OK;
}

pfld_status face_template_build(const data_set *set, face_template *out, pfld_error *err)
{
    build b = {.scheme = scheme_find("ibug68")};
    pfld_status status = gather(set, &b, err);
    float moved = INFINITY;

    if (status == PFLD_OK)
        status = start(&b, err);
    for (int round = 0; status == PFLD_OK && moved > CONVERGED && round < MOST_ROUNDS; round++)
        status = improve(&b, &moved, err);
    for (int j = 0; j < POINTS && status == PFLD_OK; j++)
        if (!isfinite(b.face.points[j].x + b.face.points[j].y + b.face.points[j].z))
            status = too_little_turn(&b, err);
    if (status == PFLD_OK)
        *out = b.face;
    mem_free(b.views);
    return status;
}
