/* From the points of one scheme to those of another: which are the same spot of the face. */
#ifndef DATA_SCHEME_MAP_H
#define DATA_SCHEME_MAP_H

#include <stdbool.h>

#include "geometry/scheme.h"

/* Everything onto itself; wflw98, lapa106, cofw29, aflw19 and five onto ibug68. */
bool scheme_map_exists(const scheme *from, const scheme *to);

/*
 * points, known [from->n] to out, out_known [to->n]. A point without counterpart, or whose
 * counterpart is not known, is (0, 0) and not known. False, and nothing written, where
 * scheme_map_exists() is false.
 */
bool scheme_map_points(const scheme *from, const scheme *to, const pfld_point *points,
                       const uint8_t *known, pfld_point *out, uint8_t *out_known);

#endif
