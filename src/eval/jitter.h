/* How much the points of followed faces tremble in a video whose truth nobody knows. */
#ifndef EVAL_JITTER_H
#define EVAL_JITTER_H

#include <stddef.h>
#include <stdint.h>

#include "geometry/scheme.h"
#include "pfld/pfld.h"

enum { JITTER_FACES = 64, JITTER_SPAN = 3 }; /* span: frames of which one value is made */

typedef enum jitter_kind { JITTER_MEASURED, JITTER_STEADIED, JITTER_KINDS } jitter_kind;

typedef struct jitter_face {
    uint32_t id;
    pfld_point points[JITTER_KINDS][PFLD_MAX_LANDMARKS];
} jitter_face;

typedef struct jitter_frame {
    double t; /* seconds */
    size_t n;
    jitter_face faces[JITTER_FACES]; /* [n] */
} jitter_frame;

typedef struct jitter_sum {
    size_t n; /* faces of frames */
    double square[JITTER_KINDS];
} jitter_sum;

typedef struct jitter { /* large; zeroed but for scheme: nothing seen yet */
    const scheme *scheme;
    jitter_frame frames[JITTER_SPAN]; /* the last ones, in turn */
    size_t n_frames, n_empty, n_seen;
    uint32_t last_id;
    jitter_sum still, all;
    double behind, speed; /* of steadied centres along the measured ones' motion, and its square */
} jitter;

/* Counts as still: the centre of a face's measured points moves by less than this share of the
 * inter-ocular distance a frame. */
#define JITTER_STILL 0.01

/* The next frame, at t seconds, later than the last: its faces as pfld_track() gives them without
 * and with smoothing, [n] each, the same faces by id. More than JITTER_FACES are left out. */
void jitter_add(jitter *j, const pfld_face *measured, const pfld_face *steadied, size_t n,
                double t);

typedef struct jitter_rms { /* percent of the inter-ocular distance; NaN where n is 0 */
    size_t n; /* faces of frames that were seen in the frames before and behind, too */
    double measured, steadied;
} jitter_rms;

typedef struct jitter_score {
    size_t frames, faces; /* faces: ids */
    size_t empty, seen;   /* frames without a face; faces of frames */
    /* Rms of how far points lie from the line between where they were a frame ago and will be in a
     * frame, over what a white tremble of deviation 1 would have: at an even rate, second
     * differences over sqrt(6). Where faces move, their own acceleration is in it. */
    jitter_rms still, all;
    double lag; /* frames by which the steadied centre is behind the measured one, where it isn't
                   still; NaN: nothing moves */
} jitter_score;
jitter_score jitter_result(const jitter *j);

#endif
