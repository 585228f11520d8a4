/* The best of what a net believes to be faces: a bounded set, whatever order they come in. */
#ifndef DETECT_CANDIDATES_H
#define DETECT_CANDIDATES_H

#include <stddef.h>

#include "core/arena.h"
#include "pfld/pfld.h"

typedef struct detector_face {
    pfld_box box;
    float score;
    float roll;         /* degrees by which the picture was turned to find it: 0, 90, 180 or -90 */
    pfld_point five[5]; /* NaN where the net has none */
} detector_face;

typedef struct candidates {
    detector_face *face; /* [n]; a heap with the worst at its root until they are sorted */
    size_t n, cap;
} candidates;

/* Room for cap >= 1 of them from mem; false where it ran out. */
bool candidates_create(candidates *c, size_t cap, arena *mem);
/* What is worse than all cap that are there is left out. No number of f is NaN, five's aside. */
void candidates_add(candidates *c, const detector_face *f);
/* Best first; equal scores by place and size, so that the order of adding does not matter. Nothing
 * is added afterwards. */
void candidates_sort(candidates *c);

#endif
