/* How a 3D face lies in a picture, by weak perspective. */
#ifndef DATA_FACEFIT_H
#define DATA_FACEFIT_H

#include <stdbool.h>
#include <stddef.h>

#include "geometry/pose.h"

typedef struct facefit { /* point S of the face is seen at k (u, v) S + t */
    pfld_pose pose;
    double u[3], v[3]; /* the rotation's upper rows */
    double k, t[2];    /* pixels to a unit, pixels */
} facefit;

double facefit_dot(const double a[3], const double b[3]);

/* face and points [n]: pose_from_pairs(), and the scale and shift that go with its rotation. False,
 * with a pose of NaN and k 0, where they have no pose. */
bool facefit_find(const pose_point3 *face, const pfld_point *points, size_t n, facefit *out);

#endif
