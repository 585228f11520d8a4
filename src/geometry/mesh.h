/* Landmarks as a mesh of triangles. */
#ifndef GEOMETRY_MESH_H
#define GEOMETRY_MESH_H

#include "geometry/scheme.h"

typedef struct mesh_triangle {
    uint8_t at[3]; /* points, the least one first, clockwise in the image */
} mesh_triangle;

enum { MESH_MOST = 2 * PFLD_MAX_LANDMARKS }; /* triangles */

/*
 * Delaunay's triangulation of n points, PFLD_MAX_LANDMARKS at most: no point lies within the circle
 * of a triangle. Of points that coincide the first is taken, and none that is not finite; on a line
 * there are no triangles. Places are rounded to 1/8192 of the points' extent, and all that follows
 * is exact, so the same points give the same triangles everywhere. Returns how many; in the order
 * of their points.
 */
size_t mesh_delaunay(const pfld_point *points, int n, mesh_triangle out[MESH_MOST]);

/*
 * The triangles of a scheme: Delaunay's of a frontal face whose mouth is open, so that each face of
 * a video has the same, and none joins the lips but at their corners. None between points of a
 * single contour, which lie over the eyes and the open mouth or beside the jaw; none between both
 * brows, which are needles above the face; none of a pupil.
 */
size_t mesh_of_scheme(const scheme *s, mesh_triangle out[MESH_MOST]);

#endif
