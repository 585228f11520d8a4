/* Head pose: the neutral face, Euler angles, and weak perspective from landmarks. */
#include "geometry/pose.h"

#include <assert.h>
#include <math.h>

#define DEGREE 0.017453292519943295 /* pi / 180 */

/*
 * Printed by tools/measure_neutral: mean of eight AFLW2000-3D faces in that data set's frontal
 * frame. MediaPipe's canonical face lies 3.3 % (rms, of the outer eye corners' distance) from it,
 * most at the brows (6.4 %), and its frontal agrees within 0.1 degrees of pitch.
 */
const pose_point3 pose_neutral[] = {
    [POSE_RIGHT_EYE_OUTER] = {-0.5000f, 0.0000f, 0.0000f},
    [POSE_RIGHT_EYE_INNER] = {-0.2187f, 0.0046f, -0.0681f},
    [POSE_LEFT_EYE_INNER] = {0.2187f, 0.0046f, -0.0681f},
    [POSE_LEFT_EYE_OUTER] = {0.5000f, 0.0000f, 0.0000f},
    [POSE_RIGHT_BROW_INNER] = {-0.2134f, -0.2160f, -0.2371f},
    [POSE_LEFT_BROW_INNER] = {0.2134f, -0.2160f, -0.2371f},
    [POSE_NOSE_ROOT] = {0.0000f, -0.0008f, -0.2797f},
    [POSE_NOSE_UPPER] = {0.0000f, 0.1361f, -0.3797f},
    [POSE_NOSE_LOWER] = {0.0000f, 0.2730f, -0.4852f},
    [POSE_NOSE_TIP] = {0.0000f, 0.3902f, -0.5119f},
    [POSE_RIGHT_NOSTRIL] = {-0.1399f, 0.4862f, -0.2528f},
    [POSE_NOSE_BASE] = {0.0000f, 0.5134f, -0.3272f},
    [POSE_LEFT_NOSTRIL] = {0.1399f, 0.4862f, -0.2528f},
    [POSE_RIGHT_EYE_CENTRE] = {-0.3655f, -0.0057f, -0.0700f},
    [POSE_LEFT_EYE_CENTRE] = {0.3655f, -0.0057f, -0.0700f},
    [POSE_RIGHT_MOUTH_CORNER] = {-0.2994f, 0.7687f, -0.1039f},
    [POSE_LEFT_MOUTH_CORNER] = {0.2994f, 0.7687f, -0.1039f},
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

/*
 * Weak perspective. With S the centred neutral points and P the centred image points, the
 * rotation's upper rows u and v (orthonormal) and the scale k minimise sum |P - k (u, v) S|^2. Only
 * three sums of the points matter: G = sum S S^T and M = sum P S^T, so that every step costs the
 * same.
 */
typedef struct fit {
    double g[3][3];    /* sum of S S^T */
    double m[2][3];    /* sum of P S^T, rows for x and y */
    double spread;     /* sum of |P|^2 */
    double u[3], v[3]; /* rows of the rotation */
} fit;

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

/* a^T G b */
static double form(const fit *f, const double a[3], const double b[3])
{
    return a[0] * dot3(f->g[0], b) + a[1] * dot3(f->g[1], b) + a[2] * dot3(f->g[2], b);
}

static bool gather(const pose_point3 *face, const pfld_point *points, size_t n, fit *f)
{
    double mean[5] = {0}; /* of P and S */
    double largest = 0.0;

    *f = (fit){0};
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < n; i++) {
            pfld_point p = points[i];
            pose_point3 q = face[i];
            double d[5] = {(double)p.x, (double)p.y, (double)q.x, (double)q.y, (double)q.z};
            if (!isfinite(p.x) || !isfinite(p.y))
                return false;
            for (int j = 0; j < 5 && pass == 0; j++)
                mean[j] += d[j] / (double)n;
            if (pass == 0)
                continue;
            largest = fmax(largest, d[0] * d[0] + d[1] * d[1]);
            for (int j = 0; j < 5; j++)
                d[j] -= mean[j];
            f->spread += d[0] * d[0] + d[1] * d[1];
            for (int j = 0; j < 3; j++) {
                for (int k = 0; k < 3; k++)
                    f->g[j][k] += d[2 + j] * d[2 + k];
                f->m[0][j] += d[0] * d[2 + j];
                f->m[1][j] += d[1] * d[2 + j];
            }
        }
    }
    return f->spread > 1e-12 * largest; /* else the points differ by float rounding only */
}

/* x of A x = b for a symmetric positive definite A (Cholesky); false where it isn't. */
static bool solve3(const double a[3][3], const double b[3], double x[3])
{
    double l[3][3] = {{0}}, y[3];

    for (int i = 0; i < 3; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = a[i][j];
            for (int k = 0; k < j; k++)
                sum -= l[i][k] * l[j][k];
            if (i == j && !(sum > 1e-9 * a[i][i]))
                return false;
            l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
        }
    }
    for (int i = 0; i < 3; i++) {
        y[i] = b[i];
        for (int k = 0; k < i; k++)
            y[i] -= l[i][k] * y[k];
        y[i] /= l[i][i];
    }
    for (int i = 2; i >= 0; i--) {
        x[i] = y[i];
        for (int k = i + 1; k < 3; k++)
            x[i] -= l[k][i] * x[k];
        x[i] /= l[i][i];
    }
    return true;
}

/* u and v become the nearest orthonormal pair: (A A^T)^(-1/2) A. False where they are parallel. */
static bool orthonormalise(double u[3], double v[3])
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
    return true;
}

/* The best scale for the rotation (u, v), and the sum of squares that is left. */
static double best_scale(const fit *f, const double u[3], const double v[3], double *left)
{
    double top = dot3(f->m[0], u) + dot3(f->m[1], v);
    double bottom = form(f, u, u) + form(f, v, v);
    double k = fmax(top / bottom, 0.0);

    *left = f->spread - k * (2.0 * top - k * bottom);
    return k;
}

/*
 * One Gauss-Newton step over turns t about the head's own axes and the relative scale. A turn
 * moves u by t x u, hence k u S by k (t x u) S = t . k (u x S): the Jacobian's columns are
 * k (u x S) and k (v x S), and k u S and k v S for the scale, which is eliminated.
 */
static bool step(const fit *f, double k, const double u[3], const double v[3], double t[3])
{
    double e[3][2][3]; /* e_i x u, e_i x v: what a turn about axis i adds to the rows */
    double h[3][3], rhs[3], with_scale[3];
    double ss = form(f, u, u) + form(f, v, v);

    for (int i = 0; i < 3; i++) {
        double axis[3] = {i == 0, i == 1, i == 2};
        cross3(axis, u, e[i][0]);
        cross3(axis, v, e[i][1]);
        with_scale[i] = form(f, e[i][0], u) + form(f, e[i][1], v);
        rhs[i] = (dot3(f->m[0], e[i][0]) + dot3(f->m[1], e[i][1])) / k - with_scale[i];
    }
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            h[i][j] = form(f, e[i][0], e[j][0]) + form(f, e[i][1], e[j][1]) -
                      with_scale[i] * with_scale[j] / ss;
    return solve3((const double(*)[3])h, rhs, t);
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

/* From the start in f down to the minimum: steps are halved until they help. */
static void descend(fit *f)
{
    double left, t[3], u[3], v[3], k = best_scale(f, f->u, f->v, &left);

    for (int round = 0; round < 30 && k > 0.0; round++) {
        double now = left;
        if (!step(f, k, f->u, f->v, t))
            return;
        for (int halving = 0; halving < 8; halving++) {
            turn(t, f->u, u);
            turn(t, f->v, v);
            k = best_scale(f, u, v, &now);
            if (now < left)
                break;
            for (int i = 0; i < 3; i++)
                t[i] *= 0.5;
        }
        if (!(now < left))
            return;
        left = now;
        for (int i = 0; i < 3; i++) {
            f->u[i] = u[i];
            f->v[i] = v[i];
        }
    }
}

bool pose_from_pairs(const pose_point3 *face, const pfld_point *points, size_t n, pfld_pose *pose)
{
    fit f;

    *pose = (pfld_pose){NAN, NAN, NAN};
    if (n < 4 || !gather(face, points, n, &f))
        return false;
    /* start: the best affine map, then the rotation next to it */
    if (!solve3((const double(*)[3])f.g, f.m[0], f.u) ||
        !solve3((const double(*)[3])f.g, f.m[1], f.v) || !orthonormalise(f.u, f.v))
        return false;
    descend(&f);
    *pose = angles(f.u, f.v);
    return isfinite(pose->yaw) && isfinite(pose->pitch) && isfinite(pose->roll);
}

bool pose_from_points(const scheme *s, const pfld_point *points, pfld_pose *pose)
{
    pose_point3 face[PFLD_MAX_LANDMARKS];
    pfld_point seen[PFLD_MAX_LANDMARKS];

    assert(s->n_rigid <= PFLD_MAX_LANDMARKS);
    for (int i = 0; i < s->n_rigid; i++) {
        face[i] = pose_neutral[s->rigid[i].face3d];
        seen[i] = points[s->rigid[i].point];
    }
    return pose_from_pairs(face, seen, (size_t)s->n_rigid, pose);
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
