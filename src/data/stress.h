/* Disturbances of growing strength: what a photo of a face goes through to test a landmark model.
 */
#ifndef DATA_STRESS_H
#define DATA_STRESS_H

#include "data/sample.h"
#include "geometry/affine.h"

typedef enum stress_kind {
    STRESS_PATCHES,
    STRESS_GLASSES,
    STRESS_MASK,
    STRESS_HAND,
    STRESS_BLUR,
    STRESS_STREAK,
    STRESS_COARSE,
    STRESS_NOISE,
    STRESS_DARK,
    STRESS_JPEG,
    STRESS_JITTER,
    STRESS_ROLL,
    STRESS_KINDS
} stress_kind;

#define STRESS_STEPS 6

typedef struct stress_scale {
    const char *name, *unit; /* unit: of the strengths, for people */
    int draws;               /* of chance, whose errors are averaged */
    int n;
    float strength[STRESS_STEPS]; /* [n], rising from 0, which is none of it */
} stress_scale;

extern const stress_scale stress_scales[STRESS_KINDS];

/* True, and *out, where there is one. */
bool stress_find(const char *name, size_t length, stress_kind *out);

/*
 * The stage: the photo around one face, resampled to 448 x 448 pixels, in which the longer side of
 * the face's box is 187, so that a pixel of a crop of 1.2 times the box is two of it, whatever the
 * photo's size. The face is in the middle.
 */
#define STRESS_STAGE 448
#define STRESS_PIXEL 2.0f /* side of a crop's pixel on the stage */

typedef struct stress_what {
    stress_kind kind;
    float strength;
    int draw;
    uint64_t seed;
} stress_what;

typedef struct stress_stage {
    pfld_image picture;                    /* RGB8, STRESS_STAGE square; the caller's pixels */
    pfld_point points[PFLD_MAX_LANDMARKS]; /* truth on the stage, also where it is covered */
    pfld_box box;                          /* for the model: around them, or jittered */
    float scale;                           /* pixels of the stage for each of the photo */
} stress_stage;

/* The face on the stage as it is in the photo; out->picture is there already. */
void stress_set(const data_sample *s, const pfld_image *photo, stress_stage *out);
/*
 * *from, disturbed; out->picture is there already. photo: from's, of which turned ones are taken
 * anew. Depends on these and seed alone: same seed, same thing in the same place at every strength.
 * draw: 0 to stress_scales[kind].draws - 1. Strength 0: a copy.
 */
void stress_make(const data_sample *s, const pfld_image *photo, const stress_stage *from,
                 const stress_what *what, stress_stage *out);

#endif
