/* Shape from many views: the rank-3 factorisation with its metric upgrade. */
#ifndef DATA_FACTOR_H
#define DATA_FACTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "pfld/pfld.h"

#define FACTOR_MAX_POINTS 68

/*
 * The n points in 3D whose weak-perspective pictures the views come nearest to (Tomasi and Kanade
 * 1992; Poelman and Kanade 1997). views [n_views][n]; shape [n][3] is centred, and known up to its
 * scale, a rotation, and a mirror image, which no such views can tell. False where the views don't
 * turn enough to tell the depth.
 */
bool factor_views(const pfld_point *views, size_t n_views, size_t n, double *shape);

#endif
