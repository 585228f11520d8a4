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
    /* Several faces, see crowd.h: */
    CLIP_CROWD,  /* each moves on its own, near the others */
    CLIP_CROSS,  /* they pass one behind another */
    CLIP_SCREEN, /* a grey board goes by in front of all */
    CLIP_CUT,    /* each second another scene begins: other faces in the same places, and back */
    CLIP_MOTIONS
} clip_motion;
extern const char *const clip_names[CLIP_MOTIONS + 1]; /* "still" ...; NULL behind the last */

enum { CLIP_MOST = 10 }; /* faces of a clip */

typedef struct clip_face {
    const data_sample *sample; /* all points known */
    const pfld_image *photo;   /* GRAY8 or RGB8 */
} clip_face;

typedef struct clip {
    clip_face faces[CLIP_MOST]; /* [n]: 1, or several from CLIP_CROWD on; two scenes of n / 2 */
    size_t n;
    clip_motion motion;
    float noise;   /* standard deviation in levels of 0..255, of each channel of each frame */
    uint64_t seed; /* of noise and tremble */
} clip;

typedef struct clip_view { /* of a face in a frame */
    bool there;            /* in the scene, ... */
    bool hidden;           /* ... but something covers some of it */
    pfld_point truth[PFLD_MAX_LANDMARKS];
} clip_view;

/* The frames' size and format; no pixels. */
pfld_image clip_shape(const clip *c);

/*
 * The frame at t seconds into frame's own pixels; where the faces are in it into views [n]. noise
 * and tremble are those of frame number i. Same clip, i and t: same bits.
 */
void clip_frame(const clip *c, size_t i, double t, pfld_image *frame, clip_view views[]);

/* A pixel between the picture's, in its format; beyond its border: the border's. */
void clip_sample(const pfld_image *img, pfld_point at, uint8_t *to);
uint8_t *clip_pixel(const pfld_image *img, int x, int y);
/* Over the columns from left to right, before all that is in the frame. */
void clip_put_board(float left, float right, pfld_image *frame);

#endif
