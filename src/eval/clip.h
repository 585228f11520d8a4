/* A labelled photo as a short video: the motion is known, and so is each frame's truth. */
#ifndef EVAL_CLIP_H
#define EVAL_CLIP_H

#include "data/sample.h"
#include "pfld/pfld.h"

typedef enum clip_motion {
    CLIP_STILL,   /* nothing but the camera's noise, as all have it */
    CLIP_TREMBLE, /* of the camera: 0.3 pixels rms a frame */
    CLIP_SHAKE,   /* of the head: 1 Hz, a tenth of the face's side to the left and right */
    CLIP_PAN,     /* a third of the side in a second, there and back */
    CLIP_ZOOM,    /* to 1 / 1.4 of its size and back in two seconds */
    CLIP_ROLL,    /* +-20 degrees at 0.5 Hz */
    CLIP_BLINK,   /* both eyes close and open within 0.2 s, each second */
    CLIP_HIDE,    /* a grey board goes by in front: the face is covered for half a second */
    CLIP_MOTIONS
} clip_motion;
extern const char *const clip_names[CLIP_MOTIONS + 1]; /* "still" ...; NULL behind the last */

typedef struct clip {
    const data_sample *sample; /* all points known */
    const pfld_image *photo;   /* GRAY8 or RGB8 */
    clip_motion motion;
    float noise;   /* standard deviation in levels of 0..255, of each channel of each frame */
    uint64_t seed; /* of noise and tremble */
} clip;

/*
 * The frame at t seconds, of the photo's size and format, into frame's own pixels; where the points
 * are in it into truth [scheme->n]. noise and tremble are those of frame number i. Same clip, i and
 * t: same bits.
 */
void clip_frame(const clip *c, size_t i, double t, pfld_image *frame, pfld_point *truth);

/* True where the face can't be seen, wholly or in part. */
bool clip_is_hidden(const clip *c, double t);

#endif
