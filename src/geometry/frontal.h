/* Where each scheme has its points on a face that looks into the camera. */
#ifndef GEOMETRY_FRONTAL_H
#define GEOMETRY_FRONTAL_H

#include "geometry/scheme.h"

/* A mean face, symmetric, in 0..255 of its longer side, y down; out [s->n]. */
void frontal_points(const scheme *s, pfld_point *out);

#endif
