/* Landmark schemes by name: how many points, what they are, who mirrors whom. */
#ifndef GEOMETRY_SCHEME_H
#define GEOMETRY_SCHEME_H

#include <stdbool.h>
#include <stdint.h>

#include "pfld/pfld.h"

typedef enum scheme_group_kind {
    SCHEME_JAW,
    SCHEME_BROW,
    SCHEME_NOSE,
    SCHEME_EYE,
    SCHEME_LIPS,
    SCHEME_PUPIL,
    SCHEME_GROUPS
} scheme_group_kind;

extern const char *const scheme_group_names[SCHEME_GROUPS]; /* "jaw", "brows" ... */

typedef struct scheme_contour { /* a polyline; a lone point where n is 1 */
    scheme_group_kind kind;
    bool closed;
    uint8_t n;
    const uint8_t *points; /* [n] */
} scheme_contour;

typedef struct scheme_rigid { /* a point that also exists on the neutral 3D face */
    uint8_t point;
    uint8_t face3d; /* index into pose_neutral[]; two points may share one: their mean is meant */
} scheme_rigid;

typedef struct scheme {
    const char *name; /* "ibug68" */
    int n;
    const uint8_t *mirror; /* [n]: the point that takes i's place when the picture is flipped */
    uint8_t right_eye_outer, left_eye_outer; /* the subject's; inter-ocular distance; the eye
                                                centres where the scheme has no corners */
    uint8_t n_right_eye, n_left_eye;
    /* Points whose mean is the eye's centre, for the inter-pupil distance: what the set's own
     * papers use, so the pupil where the scheme has one, else all points of the eye's contour. */
    const uint8_t *right_eye, *left_eye;
    int n_contours;
    const scheme_contour *contours; /* every point is on at least one */
    int n_rigid;                    /* 0: pose cannot be told */
    const scheme_rigid *rigid;
} scheme;

/* NULL where the name is unknown. */
const scheme *scheme_find(const char *name);
/* The scheme that alone has n points; NULL where none has. */
const scheme *scheme_by_count(int n);
/* Jaw from ear to ear, chin and brows are among the points: their box frames the face. */
bool scheme_outlines_face(const scheme *s);
/* Of the first contour that has the point. */
scheme_group_kind scheme_group(const scheme *s, int point);
/* All of them, in a fixed order; NULL behind the last. */
const scheme *scheme_at(int i);

#endif
