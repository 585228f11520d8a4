/* Shuts the eyes of a photo's face, wholly or partly: new labels, and the skin drawn over them. */
#ifndef DATA_SHUT_H
#define DATA_SHUT_H

#include "core/rng.h"
#include "data/sample.h"
#include "geometry/affine.h"

typedef struct shut_degree { /* 0 as in the photo, 1 closed: */
    float right, left;       /* of the subject */
    float lashes;            /* how dark the line where the lids meet becomes, 0 to 1 */
} shut_degree;

/* In the eye's own frame: its corners are (0, 0) and (1, 0), y runs to the lower lid. */
typedef struct shut_eye {
    affine to_eye, to_photo;
    float upper[2], lower[2]; /* lids are y = x (1 - x) (c[0] + c[1] (x - 1/2)) */
    float degree, lashes;
} shut_eye;

typedef struct shut_face {
    data_sample sample; /* as it becomes; its points are the array below */
    pfld_point points[PFLD_MAX_LANDMARKS];
    shut_eye eye[2]; /* the subject's right, left */
} shut_face;

/* Partly to wholly; both eyes alike, or one alone. */
shut_degree shut_draw(rng *r);

/* True where it will look like a closed eye: both are open and large enough in the photo, and the
 * face is turned away by no more than 40 degrees. */
bool shut_suits(const data_sample *s);

/*
 * Both lids' points go towards where they meet, so that the eye aspect ratio is 1 - degree times
 * what it was. False, and *out undefined, where the scheme has no rings around the eyes, or their
 * points aren't known. Allocates nothing.
 */
bool shut_eyes(const data_sample *s, const shut_degree *by, shut_face *out);

/* Draws the lids over crop (RGB8, or GRAY8 as view), which image_warp() has filled by to_photo;
 * view is the photo, RGB8 or GRAY8, which from_photo leads to. */
void shut_paint(const shut_face *f, const affine *to_photo, const pfld_image *view,
                const affine *from_photo, pfld_image *crop);

#endif
