/* Things in front of a face: patches, glasses, masks and hands, painted over a picture of it. */
#ifndef DATA_OCCLUDE_H
#define DATA_OCCLUDE_H

#include "core/rng.h"
#include "data/face_box.h"

#define OCCLUDE_PARTS   8
#define OCCLUDE_CORNERS 12

typedef enum occlude_form {
    OCCLUDE_ELLIPSE,
    OCCLUDE_BOX,     /* a rectangle with round corners */
    OCCLUDE_POLYGON, /* the shape's corners */
} occlude_form;

typedef struct occlude_part { /* turned as it is */
    occlude_form form;
    float x, y;   /* centre, pixels */
    float ux, uy; /* unit vector along its first axis */
    float rx, ry; /* half its length along that and across */
    float round;  /* radius of a box's corners */
} occlude_part;

typedef struct occlude_shape { /* one thing: the union of its parts */
    int n, n_corners;
    occlude_part part[OCCLUDE_PARTS];
    pfld_point corner[OCCLUDE_CORNERS]; /* [n_corners] of the one polygon among the parts */
} occlude_shape;

typedef enum occlude_fill {
    OCCLUDE_FLAT,  /* colour, shaded from one side to the other */
    OCCLUDE_NOISE, /* every pixel at random (random erasing, Zhong et al. 2017) */
    OCCLUDE_PIECE, /* another piece of the same picture */
} occlude_fill;

typedef struct occlude_paint {
    occlude_fill fill;
    uint8_t colour[3];
    float shade_x,
        shade_y;          /* what the colour gains to the picture's right, and downwards, 0..255 */
    int from_x, from_y;   /* OCCLUDE_PIECE: where the piece is, from the painted pixel */
    float clear;          /* share of what is behind that shows through */
    float rim, rim_width; /* how much darker the edge is, of 1; pixels over which that fades */
    float wave, wave_x, wave_y; /* folds: height in 0..255, and their phase for each pixel */
} occlude_paint;

/* From the nearest edge, pixels, to first order; below 0 where it is covered. */
float occlude_distance(const occlude_shape *s, pfld_point p);
bool occlude_covers(const occlude_shape *s, pfld_point p);
/* Each part over the one before. Edges are blended with what is there. */
void occlude_paint_shape(pfld_image *img, const occlude_shape *s, const occlude_paint *paint,
                         rng *r);

typedef struct occlude_frame {              /* where things are put on; pixels of the picture */
    pfld_point eye[2], nose, mouth, middle; /* middle: between the eyes */
    float unit;  /* between the eyes, or, where the head is turned, what it would be */
    float angle; /* of the line across the face: 0 is upright */
    float turn;  /* how far the nose is from the middle line, of a unit, to the left eye's side */
} occlude_frame;

/* anchors [FACE_ANCHORS], all known. */
occlude_frame occlude_frame_from(const pfld_point *anchors);

/*
 * What hides the face is said by one number, all else is at random; *out is the thing's shape. img
 * is RGB8.
 */
/* Patches that cover this share of box, 0..0.7. */
void occlude_with_patches(pfld_image *img, const pfld_box *box, float share, rng *r,
                          occlude_shape *out);
/* Sunglasses whose lenses let this share of the light through. */
void occlude_with_glasses(pfld_image *img, const occlude_frame *f, float clear, rng *r,
                          occlude_shape *out);
/* A mask up to this part of the way from the chin, 0, to the eyes, 1. */
void occlude_with_mask(pfld_image *img, const occlude_frame *f, float top, rng *r,
                       occlude_shape *out);
/* A hand whose fingers reach so far over the face, from its edge, 0, to that across, 1. */
void occlude_with_hand(pfld_image *img, const occlude_frame *f, float reach, rng *r,
                       occlude_shape *out);

/* A thing at random, where the face is: anchors [FACE_ANCHORS], crop pixels, and which are known
 * (bits, as from face_anchors()). It is painted over crop (RGB8, square); *out is its shape. */
void occlude_at_random(pfld_image *crop, const pfld_point *anchors, unsigned known, rng *r,
                       occlude_shape *out);
/* A black square of this share of the crop's area, its centre anywhere in the crop. */
void occlude_square(pfld_image *crop, float share, rng *r, occlude_shape *out);

#endif
