/* The tracker on clips whose motion is known: tremble, lag, error, and who is who. */
#ifndef EVAL_MOTION_H
#define EVAL_MOTION_H

#include "data/sample.h"
#include "eval/clip.h"

typedef struct motion_options {
    clip_motion motion;
    double rate;    /* frames a second */
    size_t frames;  /* of each clip */
    float noise;    /* as clip.noise */
    float smooth;   /* as of pfld_track_options, but 0 is off */
    size_t threads; /* at least 1 */
    pfld_isa isa;
    uint64_t seed;
} motion_options;

typedef struct motion_score { /* over all clips; distances in percent of the inter-ocular distance
                               */
    size_t clips, frames; /* frames: in which the face was in sight, after the first half second */
    size_t missed;        /* of these, without a face where it is: in no error */
    size_t switches;      /* a face in sight that got another id than before, but at a cut */
    size_t carried;       /* a face that got an id that was another's before, at a cut, too */
    size_t invented;      /* faces in a frame where nobody is; 0 in clips of one face, whose photos
                           * may have others in the background */
    size_t refound;       /* most frames that it took after a face had come back, or had come by a
                           * cut; 1: at once */
    double error;         /* mean over points and frames */
    /* Tremble: rms of the second differences in time of point minus truth, over sqrt(6): the
     * standard deviation of a white tremble. */
    double tremble;
    double lag; /* frames by which points are behind the truth; NaN where it stands still */
} motion_score;

/* Whether this motion can be measured: PFLD_ERR_ARG says that the model's points are of no scheme
 * whose eyes can be shut, or the set has too few faces for several in a clip. */
pfld_status motion_check(const pfld_model *model, const data_set *set, clip_motion motion,
                         pfld_error *err);

/*
 * Makes a clip of each face of the set, or one of several faces for every third, and follows it by
 * pfld_track(). Every sample has the
 * model's scheme with all points known (PFLD_ERR_ARG names the first that has not), and
 * motion_check() holds. A photo that can't be read ends it with its name. Same results for any
 * threads.
 */
pfld_status motion_measure(const pfld_model *model, const pfld_model *detector, const data_set *set,
                           const motion_options *opt, motion_score *out, pfld_error *err);

#endif
