/* The box that a face is cropped by, framed alike whatever points its data set has. */
#ifndef DATA_FACE_BOX_H
#define DATA_FACE_BOX_H

#include "core/rng.h"
#include "data/sample.h"

enum { /* spots that every scheme has, as in the scheme "five" */
       FACE_RIGHT_EYE,
       FACE_LEFT_EYE,
       FACE_NOSE_TIP,
       FACE_RIGHT_MOUTH,
       FACE_LEFT_MOUTH,
       FACE_ANCHORS
};

/* Where they are (eye centres as the scheme's means), and as bits 1 << FACE_..., which are known;
 * the others are undefined. points, known [s->n]. */
unsigned face_anchors(const scheme *s, const pfld_point *points, const uint8_t *known,
                      pfld_point out[FACE_ANCHORS]);

/*
 * The box around all points where the scheme outlines the face (ibug68, wflw98, lapa106) and all
 * are known; else a square of the size and place that a box around ibug68's points would have,
 * told from the five anchors; else the data set's own, or one around what is known. Valid, also
 * where the points coincide.
 */
pfld_box face_box(const data_sample *s);

/* Moved by up to +-limit of its longer side in x and in y, and scaled to 1 +- limit about its
 * centre, all three evenly. */
pfld_box face_box_jittered(const pfld_box *box, float limit, rng *r);

#endif
