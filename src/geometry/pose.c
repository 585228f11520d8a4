/* Head pose: the neutral face, Euler angles, and weak perspective from landmarks. */
#include "geometry/pose.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define DEGREE 0.017453292519943295 /* pi / 180 */

/*
 * Printed by tools/measure_neutral: mean of eight AFLW2000-3D faces in that data set's frontal
 * frame, turned by the 5.7 degrees of pitch by which our nets' points, which are 300-W's, look up
 * against that set's on the same photos (docs/pose.md). MediaPipe's canonical face lies 3.3 % (rms,
 * of the outer eye corners' distance) from it, most at the brows (6.4 %).
 */
const pose_point3 pose_neutral[] = {
    [POSE_RIGHT_EYE_OUTER] = {-0.5000f, 0.0000f, 0.0000f},
    [POSE_RIGHT_EYE_INNER] = {-0.2187f, -0.0021f, -0.0682f},
    [POSE_LEFT_EYE_INNER] = {0.2187f, -0.0021f, -0.0682f},
    [POSE_LEFT_EYE_OUTER] = {0.5000f, 0.0000f, 0.0000f},
    [POSE_RIGHT_BROW_INNER] = {-0.2134f, -0.2385f, -0.2145f},
    [POSE_LEFT_BROW_INNER] = {0.2134f, -0.2385f, -0.2145f},
    [POSE_NOSE_ROOT] = {0.0000f, -0.0286f, -0.2782f},
    [POSE_NOSE_UPPER] = {0.0000f, 0.0977f, -0.3914f},
    [POSE_NOSE_LOWER] = {0.0000f, 0.2235f, -0.5099f},
    [POSE_NOSE_TIP] = {0.0000f, 0.3374f, -0.5481f},
    [POSE_RIGHT_NOSTRIL] = {-0.1399f, 0.4587f, -0.2999f},
    [POSE_NOSE_BASE] = {0.0000f, 0.4783f, -0.3765f},
    [POSE_LEFT_NOSTRIL] = {0.1399f, 0.4587f, -0.2999f},
    [POSE_RIGHT_EYE_CENTRE] = {-0.3655f, -0.0127f, -0.0691f},
    [POSE_LEFT_EYE_CENTRE] = {0.3655f, -0.0127f, -0.0691f},
    [POSE_RIGHT_MOUTH_CORNER] = {-0.2994f, 0.7546f, -0.1798f},
    [POSE_LEFT_MOUTH_CORNER] = {0.2994f, 0.7546f, -0.1798f},
};
const int pose_neutral_count = POSE_NEUTRAL_COUNT;
_Static_assert(sizeof pose_neutral / sizeof pose_neutral[0] == POSE_NEUTRAL_COUNT,
               "a row for each name");

void pose_to_matrix(const pfld_pose *pose, float r[3][3])
{
    double p = (double)pose->pitch * DEGREE, y = (double)pose->yaw * DEGREE;
    double l = (double)pose->roll * DEGREE;
    double cp = cos(p), sp = sin(p), cy = cos(y), sy = sin(y), cl = cos(l), sl = sin(l);

    r[0][0] = (float)(cy * cl);
    r[0][1] = (float)(-cy * sl);
    r[0][2] = (float)sy;
    r[1][0] = (float)(cp * sl - sp * sy * cl);
    r[1][1] = (float)(cp * cl + sp * sy * sl);
    r[1][2] = (float)(sp * cy);
    r[2][0] = (float)(-sp * sl - cp * sy * cl);
    r[2][1] = (float)(-sp * cl + cp * sy * sl);
    r[2][2] = (float)(cp * cy);
}

/* The angles of R's upper two rows, which fix the third. */
static pfld_pose angles(const double u[3], const double v[3])
{
    double side = hypot(u[0], u[1]);      /* |cos(yaw)| */
    double z = u[0] * v[1] - u[1] * v[0]; /* R[2][2] */
    bool locked = side <= 1e-6;
    double pitch = locked ? 0.0 : atan2(v[2], z);
    double roll = locked ? atan2(v[0], v[1]) : atan2(-u[1], u[0]);

    return (pfld_pose){
        .yaw = (float)(atan2(u[2], side) / DEGREE),
        .pitch = (float)(pitch / DEGREE),
        .roll = (float)(roll / DEGREE),
    };
}

pfld_pose pose_from_matrix(const float r[3][3])
{
    double u[3] = {(double)r[0][0], (double)r[0][1], (double)r[0][2]};
    double v[3] = {(double)r[1][0], (double)r[1][1], (double)r[1][2]};

    return angles(u, v);
}

/* ---- the view that explains the points ---- */

/*
 * A point S of the face is seen, with X = R S, k pixels to a unit at the face's origin, t where
 * that is seen, c the pixel that the camera looks at and f its focal length, all in pixels, at
 *
 *     x = c + (k X_xy + t - c) / (1 + X_z k / f).
 *
 * Weak perspective is 1 / f = 0. Minimised is the sum of rho(e^T A e) over the points' errors e, in
 * units of the face, by Gauss-Newton over turns of the head, log k and t. A is the error's weight:
 * the identity where nothing is known of it, else (1 + cov / SHAPE^2)^-1, as what lies between a
 * mean face and a person's is there anyhow.
 *
 * rho(s) = 2 REACH^2 (sqrt(1 + s / REACH^2) - 1): squares below REACH, distances above. Distances
 * that stop growing (Geman and McClure's, Cauchy's) bear wrong points better, two of eleven that
 * are 0.3 off by 0.4 degrees in place of 2.0, but have several valleys: as one point wanders off,
 * the head turned by 13 degrees within a tenth of a pixel. This one's least moves smoothly.
 */
#define SHAPE                                                                                      \
  0.03 /* rms of the 11 points' distance from the turned mean face: docs/training.md               \
        */
#define REACH   0.02
#define ROUNDED 1.0001 /* a covariance of one direction alone may be beyond by rounding */
#define BEHIND  0.05   /* the least depth, of the face's own from the camera */

enum { UNKNOWNS = 6, ROUNDS = 60, HALVINGS = 8 };

typedef struct problem { /* pixels are centred, and of the size that makes the points' rms 1 */
    size_t n;
    double face[PFLD_MAX_LANDMARKS][3], seen[PFLD_MAX_LANDMARKS][2];
    double a[PFLD_MAX_LANDMARKS][3]; /* xx, xy, yy of A */
    double per_focal, centre[2];     /* 1 / f, c */
    double unit;                     /* pixels to a unit of the face, for the errors */
    bool robust;                     /* else least squares */
} problem;

typedef struct attitude {
    double r[3][3];
    double k, t[2];
} attitude;

static double dot3(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void cross3(const double a[3], const double b[3], double out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

/* b becomes x of A x = b for a symmetric positive definite A (Cholesky, in place); false where it
 * isn't. */
static bool solve(int n, double a[UNKNOWNS][UNKNOWNS], double b[UNKNOWNS])
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = a[i][j];
            for (int k = 0; k < j; k++)
                sum -= a[i][k] * a[j][k];
            if (i == j && !(sum > 1e-9 * a[i][i]))
                return false;
            a[i][j] = i == j ? sqrt(sum) : sum / a[j][j];
        }
    }
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++)
            b[i] -= a[i][k] * b[k];
        b[i] /= a[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++)
            b[i] -= a[k][i] * b[k];
        b[i] /= a[i][i];
    }
    return true;
}

/* u and v become the nearest orthonormal pair: (A A^T)^(-1/2) A; *length: what was the mean of
 * theirs. False where they are parallel. */
static bool orthonormalise(double u[3], double v[3], double *length)
{
    double uu = dot3(u, u), vv = dot3(v, v), uv = dot3(u, v);
    double root = sqrt(fmax(uu * vv - uv * uv, 0.0)); /* of the determinant */
    double trace = sqrt(uu + vv + 2.0 * root);        /* of the square root of A A^T */

    if (!(root > 1e-6 * (uu + vv)))
        return false;
    for (int i = 0; i < 3; i++) {
        double a = u[i], b = v[i];
        u[i] = ((vv + root) * a - uv * b) / (root * trace);
        v[i] = ((uu + root) * b - uv * a) / (root * trace);
    }
    *length = trace / 2.0;
    return true;
}

/* What changes pixels into the problem's, and back. */
typedef struct frame {
    double mean[2], size;
} frame;

static bool frame_of(const pfld_point *points, size_t n, frame *f)
{
    double largest = 0.0, spread = 0.0;

    *f = (frame){0};
    for (size_t i = 0; i < n; i++) {
        double x = (double)points[i].x, y = (double)points[i].y;
        if (!isfinite(x) || !isfinite(y))
            return false;
        f->mean[0] += x / (double)n;
        f->mean[1] += y / (double)n;
        largest = fmax(largest, x * x + y * y);
    }
    for (size_t i = 0; i < n; i++) {
        double x = (double)points[i].x - f->mean[0], y = (double)points[i].y - f->mean[1];
        spread += x * x + y * y;
    }
    f->size = sqrt(spread / (double)n);
    return spread > 1e-12 * largest; /* else the points differ by float rounding only */
}

static void take_points(const pose_point3 *face, const pfld_point *points, const frame *f,
                        problem *p)
{
    for (size_t i = 0; i < p->n; i++) {
        p->face[i][0] = (double)face[i].x;
        p->face[i][1] = (double)face[i].y;
        p->face[i][2] = (double)face[i].z;
        p->seen[i][0] = ((double)points[i].x - f->mean[0]) / f->size;
        p->seen[i][1] = ((double)points[i].y - f->mean[1]) / f->size;
        p->a[i][0] = p->a[i][2] = 1.0;
        p->a[i][1] = 0.0;
    }
}

/* Start: the best affine map, then the rotation next to it. */
static bool start(const problem *p, attitude *s)
{
    double g[UNKNOWNS][UNKNOWNS] = {{0}}, m[2][UNKNOWNS] = {{0}}, mean[3] = {0};

    for (size_t i = 0; i < p->n; i++)
        for (int j = 0; j < 3; j++)
            mean[j] += p->face[i][j] / (double)p->n;
    for (size_t i = 0; i < p->n; i++) {
        for (int j = 0; j < 3; j++) {
            double d = p->face[i][j] - mean[j];
            for (int k = 0; k < 3; k++)
                g[j][k] += d * (p->face[i][k] - mean[k]);
            m[0][j] += d * p->seen[i][0];
            m[1][j] += d * p->seen[i][1];
        }
    }
    for (int row = 0; row < 2; row++) {
        double copy[UNKNOWNS][UNKNOWNS];
        memcpy(copy, g, sizeof copy);
        if (!solve(3, copy, m[row]))
            return false;
        memcpy(s->r[row], m[row], sizeof s->r[row]);
    }
    if (!orthonormalise(s->r[0], s->r[1], &s->k))
        return false;
    cross3(s->r[0], s->r[1], s->r[2]);
    for (int row = 0; row < 2; row++)
        s->t[row] = -s->k * dot3(s->r[row], mean); /* the points' mean is 0 */
    return true;
}

/* With cov [n] in pixels of the picture. False where one is no covariance. */
static bool weigh(problem *p, const pfld_cov *cov, const frame *f)
{
    double own = SHAPE * p->unit * f->size;

    for (size_t i = 0; i < p->n && cov; i++) {
        double xx = (double)cov[i].xx, yy = (double)cov[i].yy, most = sqrt(xx * yy);
        double xy = fabs((double)cov[i].xy) <= ROUNDED * most /* else it is none */
                        ? fmin(fmax((double)cov[i].xy, -most), most)
                        : (double)NAN;
        double a = 1.0 + xx / (own * own), b = xy / (own * own), c = 1.0 + yy / (own * own);
        double det = a * c - b * b;
        if (!(xx >= 0.0 && yy >= 0.0 && det > 0.0) || !isfinite(det))
            return false;
        p->a[i][0] = c / det;
        p->a[i][1] = -b / det;
        p->a[i][2] = a / det;
    }
    return true;
}

/* Where point i is seen, and what X is there; false where that is behind the camera. */
static bool see(const problem *p, const attitude *s, size_t i, double x[3], double out[2],
                double *shrink)
{
    double depth;

    for (int k = 0; k < 3; k++)
        x[k] = dot3(s->r[k], p->face[i]);
    depth = 1.0 + x[2] * s->k * p->per_focal;
    if (!(depth > BEHIND))
        return false;
    *shrink = 1.0 / depth;
    for (int k = 0; k < 2; k++)
        out[k] = p->centre[k] + (s->k * x[k] + s->t[k] - p->centre[k]) * *shrink;
    return true;
}

/* e^T A e in units of the face, squared. */
static double squared_error(const problem *p, size_t i, const double e[2])
{
    const double *a = p->a[i];

    return (a[0] * e[0] * e[0] + 2.0 * a[1] * e[0] * e[1] + a[2] * e[1] * e[1]) /
           (p->unit * p->unit);
}

static double rho(double s, bool robust)
{
    return robust ? 2.0 * REACH * REACH * (sqrt(1.0 + s / (REACH * REACH)) - 1.0) : s;
}

static double slope_of_rho(double s, bool robust)
{
    return robust ? 1.0 / sqrt(1.0 + s / (REACH * REACH)) : 1.0;
}

/* What is minimised; INFINITY where the face is not before the camera. */
static double cost_of(const problem *p, const attitude *s)
{
    double sum = 0.0, x[3], at[2], shrink;

    for (size_t i = 0; i < p->n; i++) {
        if (!see(p, s, i, x, at, &shrink))
            return (double)INFINITY;
        double e[2] = {p->seen[i][0] - at[0], p->seen[i][1] - at[1]};
        double d = squared_error(p, i, e);
        sum += rho(d, p->robust);
    }
    return sum;
}

/* The columns of the Jacobian of where a point is seen: a turn w about the picture's axes moves X
 * by w x X. */
static void derive(const problem *p, const attitude *s, const double x[3], double shrink,
                   double j[2][UNKNOWNS])
{
    double toward = s->k * p->per_focal * shrink; /* of a way along z, relative */

    for (int row = 0; row < 2; row++) {
        double off = (s->k * x[row] + s->t[row] - p->centre[row]) * shrink;
        for (int axis = 0; axis < 3; axis++) {
            double w[3] = {axis == 0, axis == 1, axis == 2}, d[3];
            cross3(w, x, d);
            j[row][axis] = s->k * d[row] * shrink - off * toward * d[2];
        }
        j[row][3] = s->k * x[row] * shrink - off * toward * x[2];
        j[row][4] = row == 0 ? shrink : 0.0;
        j[row][5] = row == 1 ? shrink : 0.0;
    }
}

/* One Gauss-Newton step from s, whose face is before the camera. */
static bool step_from(const problem *p, const attitude *s, double step[UNKNOWNS])
{
    double h[UNKNOWNS][UNKNOWNS] = {{0}}, x[3], at[2], shrink, j[2][UNKNOWNS];

    memset(step, 0, UNKNOWNS * sizeof *step);
    for (size_t i = 0; i < p->n; i++) {
        if (!see(p, s, i, x, at, &shrink))
            return false;
        derive(p, s, x, shrink, j);
        double e[2] = {p->seen[i][0] - at[0], p->seen[i][1] - at[1]};
        double weight = slope_of_rho(squared_error(p, i, e), p->robust);
        const double *a = p->a[i];
        for (int k = 0; k < UNKNOWNS; k++) {
            double ax = weight * (a[0] * j[0][k] + a[1] * j[1][k]);
            double ay = weight * (a[1] * j[0][k] + a[2] * j[1][k]);
            step[k] += ax * e[0] + ay * e[1];
            for (int l = 0; l <= k; l++)
                h[k][l] += ax * j[0][l] + ay * j[1][l];
        }
    }
    return solve(UNKNOWNS, h, step);
}

/* Turns a by the rotation vector t (Rodrigues). */
static void turn(const double t[3], const double a[3], double out[3])
{
    double angle = sqrt(dot3(t, t)), c = cos(angle), n[3], x[3];

    if (!(angle > 0.0)) {
        out[0] = a[0], out[1] = a[1], out[2] = a[2];
        return;
    }
    for (int i = 0; i < 3; i++)
        n[i] = t[i] / angle;
    cross3(n, a, x);
    for (int i = 0; i < 3; i++)
        out[i] = c * a[i] + sin(angle) * x[i] + (1.0 - c) * dot3(n, a) * n[i];
}

/* s after a part of the step; the turn is of the picture's axes, so of the matrix's columns. */
static attitude moved(const attitude *s, const double step[UNKNOWNS], double part)
{
    attitude out = {.k = s->k * exp(fmin(fmax(part * step[3], -1.0), 1.0)),
                    .t = {s->t[0] + part * step[4], s->t[1] + part * step[5]}};
    const double w[3] = {part * step[0], part * step[1], part * step[2]};

    for (int column = 0; column < 3; column++) {
        double a[3] = {s->r[0][column], s->r[1][column], s->r[2][column]}, b[3];
        turn(w, a, b);
        for (int row = 0; row < 3; row++)
            out.r[row][column] = b[row];
    }
    return out;
}

static double longest(const double step[UNKNOWNS])
{
    double most = 0.0;

    for (int k = 0; k < UNKNOWNS; k++)
        most = fmax(most, fabs(step[k]));
    return most;
}

/* Down to the minimum, until steps are smaller than enough (radians, and alike): they are halved
 * until they help. */
static void descend(const problem *p, attitude *s, double enough)
{
    double cost = cost_of(p, s), step[UNKNOWNS];

    for (int round = 0; round < ROUNDS && isfinite(cost); round++) {
        double part = 2.0, now = cost;
        attitude next = *s;
        if (!step_from(p, s, step))
            return;
        for (int halving = 0; halving < HALVINGS && !(now < cost); halving++) {
            part *= 0.5;
            next = moved(s, step, part);
            now = cost_of(p, &next);
        }
        if (!(now < cost))
            return;
        *s = next;
        cost = now;
        if (part * longest(step) < enough)
            return;
    }
}

bool pose_from_pairs(const pose_point3 *face, const pfld_point *points, size_t n,
                     const pose_view *view, pfld_pose *pose)
{
    static const pose_view alike = {0};
    problem p = {.n = n};
    attitude s;
    frame f;

    view = view ? view : &alike;
    *pose = (pfld_pose){NAN, NAN, NAN};
    if (n < 4 || n > PFLD_MAX_LANDMARKS || !frame_of(points, n, &f))
        return false;
    take_points(face, points, &f, &p);
    if (!start(&p, &s))
        return false;
    p.unit = s.k;
    if (view->focal > 0.0f) {
        p.per_focal = f.size / (double)view->focal;
        p.centre[0] = ((double)view->centre.x - f.mean[0]) / f.size;
        p.centre[1] = ((double)view->centre.y - f.mean[1]) / f.size;
    }
    if (!weigh(&p, view->cov, &f))
        return false;
    descend(&p, &s, 1e-3);
    p.robust = true;
    descend(&p, &s, 1e-6);
    if (!isfinite(cost_of(&p, &s)))
        return false; /* so near the camera that a part of the face is behind it */
    *pose = angles(s.r[0], s.r[1]);
    return isfinite(pose->yaw) && isfinite(pose->pitch) && isfinite(pose->roll);
}

bool pose_from_points(const scheme *s, const pfld_point *points, const pose_view *view,
                      pfld_pose *pose)
{
    pose_point3 face[PFLD_MAX_LANDMARKS];
    pfld_point seen[PFLD_MAX_LANDMARKS];
    pfld_cov cov[PFLD_MAX_LANDMARKS];
    pose_view picked = view ? *view : (pose_view){0};

    assert(s->n_rigid <= PFLD_MAX_LANDMARKS);
    for (int i = 0; i < s->n_rigid; i++) {
        face[i] = pose_neutral[s->rigid[i].face3d];
        seen[i] = points[s->rigid[i].point];
        if (picked.cov)
            cov[i] = picked.cov[s->rigid[i].point];
    }
    if (picked.cov)
        picked.cov = cov;
    return pose_from_pairs(face, seen, (size_t)s->n_rigid, &picked, pose);
}

/* The angles of R = Rz Ry Rx, in our axes. */
static pfld_pose angles_zyx(const float r[3][3])
{
    double x0 = (double)r[0][0], y0 = (double)r[1][0], z0 = (double)r[2][0];
    double side = hypot(x0, y0); /* |cos(yaw)| */
    bool locked = side <= 1e-6;

    return (pfld_pose){
        .yaw = (float)(atan2(-z0, side) / DEGREE),
        .pitch = locked ? 0.0f : (float)(atan2((double)r[2][1], (double)r[2][2]) / DEGREE),
        .roll =
            (float)((locked ? atan2(-(double)r[0][1], (double)r[1][1]) : atan2(y0, x0)) / DEGREE),
    };
}

pfld_pose pose_convert(const pfld_pose *pose, pose_convention to)
{
    pfld_pose out = *pose;
    float r[3][3];

    switch (to) {
    case POSE_OPENCV:
        pose_to_matrix(pose, r);
        return angles_zyx((const float(*)[3])r);
    case POSE_MEDIAPIPE:
        out = (pfld_pose){.yaw = -pose->yaw, .pitch = -pose->pitch, .roll = -pose->roll};
        break;
    case POSE_OPENFACE:
        out.pitch = -pose->pitch;
        break;
    }
    return out;
}
