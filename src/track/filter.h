/* Steady points: a face's landmarks over time, freed of tremble and not late when it moves. */
#ifndef TRACK_FILTER_H
#define TRACK_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "pfld/pfld.h"

/*
 * A face's motion is parted in two. The *frame*, a similarity that carries the head, is followed
 * by a Kalman filter of constant velocity for each of its four numbers; the *shape* within the
 * frame, which is what eyes and mouth do, by one of constant position for each coordinate. What is
 * measured away from what was expected by more than a gate of 2.5 standard deviations is motion and
 * no tremble: the filter's doubt grows until it is explained. So an output is never further from
 * its measurement than that, however fast the face moves or an eye closes.
 */
typedef struct filter_number { /* a Kalman filter of one number; v is 0 where position is all */
    float x, v;                /* value, and its change a second */
    float xx, xv, vv;          /* their covariance */
} filter_number;

enum { FILTER_X, FILTER_Y, FILTER_SIZE, FILTER_ROLL, FILTER_FRAME };

typedef struct filter {
    size_t n;                             /* points; 0: nothing seen yet */
    double t;                             /* of the last measurement, seconds */
    filter_number frame[FILTER_FRAME];    /* centre in pixels, ln of the size in pixels, radians */
    pfld_point shape[PFLD_MAX_LANDMARKS]; /* in the frame: mean 0, rms distance from it 1 */
    float doubt[2 * PFLD_MAX_LANDMARKS];  /* variance of each coordinate of the shape */
} filter;                                 /* zeroed: a face not seen before */

/*
 * Measurement at t seconds, later than the one before, to steady points (may be one array).
 * smooth: 0 leaves the points as they are, 1 is steadiest. tremble: of each point over what is
 * usual, [n], or NULL: all are alike. Points that coincide or are not finite come
 * back as they are, and begin a new face; so does another n.
 */
void filter_points(filter *f, double t, float smooth, const pfld_point *points,
                   const float *tremble, size_t n, pfld_point *out);

#endif
