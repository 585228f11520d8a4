/* How a 3D face lies in a picture: the pose solver's rotation, and scale and shift with it. */
#include "data/facefit.h"

#include <math.h>

double facefit_dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* x and y of a picture, then of the face turned. */
static void coordinates(const facefit *f, pose_point3 s, pfld_point p, double out[4])
{
    double face[3] = {(double)s.x, (double)s.y, (double)s.z};

    out[0] = (double)p.x;
    out[1] = (double)p.y;
    out[2] = facefit_dot(f->u, face);
    out[3] = facefit_dot(f->v, face);
}

bool facefit_find(const pose_point3 *face, const pfld_point *points, size_t n, facefit *out)
{
    double mean[4] = {0}, d[4], top = 0.0, bottom = 0.0;
    float r[3][3];
    facefit f = {0};

    *out = (facefit){.pose = {NAN, NAN, NAN}};
    if (!pose_from_pairs(face, points, n, NULL, &f.pose))
        return false;
    pose_to_matrix(&f.pose, r);
    for (int k = 0; k < 3; k++) {
        f.u[k] = (double)r[0][k];
        f.v[k] = (double)r[1][k];
    }
    for (size_t i = 0; i < n; i++) {
        coordinates(&f, face[i], points[i], d);
        for (int k = 0; k < 4; k++)
            mean[k] += d[k] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        coordinates(&f, face[i], points[i], d);
        for (int k = 0; k < 4; k++)
            d[k] -= mean[k];
        top += d[0] * d[2] + d[1] * d[3];
        bottom += d[2] * d[2] + d[3] * d[3];
    }
    f.k = top / bottom;
    f.t[0] = mean[0] - f.k * mean[2];
    f.t[1] = mean[1] - f.k * mean[3];
    if (!(f.k > 0.0) || !isfinite(f.k))
        return false;
    *out = f;
    return true;
}
