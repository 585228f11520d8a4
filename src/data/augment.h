/* Augmentation: from a labelled photo to one training crop, in a single warp. */
#ifndef DATA_AUGMENT_H
#define DATA_AUGMENT_H

#include "core/rng.h"
#include "data/facepose.h"
#include "geometry/affine.h"

#define AUGMENT_MAX_SIZE 512 /* pixels, of the crop's side */

typedef struct augment_options { /* zeroed: none */
    float flip;                  /* probability */
    float rotation;              /* sigma, degrees; cut at 3 sigma */
    float scale, shift; /* sigma, of 1 (log-normal) and of the box's side; cut at 3 sigma */
    float colour, grey, blur, noise, jpeg, low_resolution, occlusion, dark; /* probabilities */
    float plain;         /* probability that of all these nothing but colour and grey is done */
    float tilt, rough;   /* probabilities of a far larger turn, and of a far worse box */
    float spin;          /* probability that the crop is turned by any angle instead */
    float even_rotation; /* degrees: evenly among the multiples of 5 up to this, both ways */
    float cutout;        /* probability of a black square of 20 % of the face's area */
    float turn;          /* probability of a face turned far to the side (data/turn.h) ... */
    const face_template *face; /* ... whose depth is that of this mean face; NULL: none is turned */
    float shut; /* probability that one that isn't turned shuts its eyes (data/shut.h) */
} augment_options;

/* Strengths of the named recipes: "default"; "calm", which is for the end of a training, with three
 * quarters of the crops plain; "spun", the default with some crops turned by any angle, from which
 * the head of covariances learns what lost points look like; "paper" (section 4: flip, +-30 degrees
 * in steps of 5, a region of 20 % of the face occluded); "none", as for all other names. */
extern const char *const augment_names[]; /* these, then NULL */
augment_options augment_recipe(const char *name);

/* Of the faces that are not occluded by themselves, the share that these options occlude. */
double augment_occluded_share(const augment_options *opt);

/* Of the set's faces, the shares that can be turned, and whose eyes can be shut; face: NULL, none
 * is turned. */
double augment_can_turn(const data_set *set, const face_template *face);
double augment_can_shut(const data_set *set);

typedef struct augment_photo { /* a decoded photo, or a smaller copy */
    pfld_image view;
    affine from_photo; /* pixels of the photo, which samples are in, to those of the view */
} augment_photo;

typedef struct augment_face {              /* what becomes of one sample */
    pfld_point points[PFLD_MAX_LANDMARKS]; /* in 0..1 over the crop: 0 and 1 are its borders */
    uint8_t known[PFLD_MAX_LANDMARKS];
    pfld_pose pose;   /* follows flip, rotation and turn */
    uint32_t classes; /* painted occlusion is added */
    affine to_image;  /* crop pixels to the photo's; of a turned face, to the photo as it becomes */
} augment_face;

/*
 * crop: RGB8 square, overwritten. image: the decoded photo. All randomness from r. The square is
 * rule's around face_box(), whichever points the sample has; points are of the sample's own scheme,
 * and those that aren't known are (0, 0).
 */
void augment_make(const data_sample *s, const pfld_image *image, const crop_rule *rule,
                  const augment_options *opt, rng *r, pfld_image *crop, augment_face *out);
/* The same from a smaller copy. */
void augment_make_from(const data_sample *s, const augment_photo *photo, const crop_rule *rule,
                       const augment_options *opt, rng *r, pfld_image *crop, augment_face *out);

#endif
