/* Things in front of a face: patches, glasses, masks and hands, painted over a crop. */
#ifndef DATA_OCCLUDE_H
#define DATA_OCCLUDE_H

#include "core/rng.h"
#include "data/face_box.h"

#define OCCLUDE_BLOBS 8

typedef struct occlude_blob { /* an ellipse or a rectangle, turned */
    float x, y;               /* centre, pixels */
    float ux, uy;             /* unit vector along its first axis */
    float rx, ry;             /* half its length along that and across */
    bool is_box;
} occlude_blob;

typedef struct occlude_shape { /* one thing: the union of its blobs */
    int n;
    occlude_blob blob[OCCLUDE_BLOBS];
} occlude_shape;

typedef enum occlude_fill {
    OCCLUDE_FLAT,  /* colour, shaded from one side to the other */
    OCCLUDE_NOISE, /* every pixel at random (random erasing, Zhong et al. 2017) */
    OCCLUDE_PIECE, /* another piece of the same crop */
} occlude_fill;

typedef struct occlude_paint {
    occlude_fill fill;
    uint8_t colour[3];
    float shade_x,
        shade_y;        /* what the colour gains to the crop's right, and downwards, in 0..255 */
    int from_x, from_y; /* OCCLUDE_PIECE: where the piece is, from the painted pixel */
} occlude_paint;

bool occlude_covers(const occlude_shape *s, pfld_point p);
void occlude_paint_shape(pfld_image *crop, const occlude_shape *s, const occlude_paint *paint,
                         rng *r);

/* A thing at random, where the face is: anchors [FACE_ANCHORS], crop pixels, and which are known
 * (bits, as from face_anchors()). It is painted over crop (RGB8, square); *out is its shape. */
void occlude_at_random(pfld_image *crop, const pfld_point *anchors, unsigned known, rng *r,
                       occlude_shape *out);
/* A black square of this share of the crop's area, its centre anywhere in the crop. */
void occlude_square(pfld_image *crop, float share, rng *r, occlude_shape *out);

#endif
