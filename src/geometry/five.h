/* Five points of a face that every scheme has: eye centres, nose tip, mouth corners. */
#ifndef GEOMETRY_FIVE_H
#define GEOMETRY_FIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "geometry/scheme.h"
#include "pfld/pfld.h"

enum { /* in the order of the scheme "five"; right and left are the subject's */
       FIVE_RIGHT_EYE,
       FIVE_LEFT_EYE,
       FIVE_NOSE_TIP,
       FIVE_RIGHT_MOUTH,
       FIVE_LEFT_MOUTH,
       FIVE_POINTS
};
#define FIVE_ALL ((1u << FIVE_POINTS) - 1)

/* Where they are among a scheme's points (eye centres as the scheme's means), and as bits
 * 1 << FIVE_..., which are known; the others are undefined. points [s->n]; known [s->n], or NULL:
 * all are. */
unsigned five_from_points(const scheme *s, const pfld_point *points, const uint8_t *known,
                          pfld_point out[FIVE_POINTS]);

/* The square of the size and place that a box around ibug68's points would have. */
pfld_box five_box(const pfld_point five[FIVE_POINTS]);

/* Degrees, > 0 clockwise in the image: what turns a frontal face into this one, by the eyes and
 * mouth corners. False, and *degrees untouched, where points coincide or are not finite. */
bool five_roll(const pfld_point five[FIVE_POINTS], float *degrees);

#endif
