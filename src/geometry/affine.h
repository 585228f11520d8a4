/* Plane maps: affine transforms, the similarity fit, and the square crop rule. */
#ifndef GEOMETRY_AFFINE_H
#define GEOMETRY_AFFINE_H

#include <stdbool.h>
#include <stddef.h>

#include "pfld/pfld.h"

typedef struct affine { /* x' = a x + b y + c, y' = d x + e y + f */
    float a, b, c, d, e, f;
} affine;

pfld_point affine_apply(const affine *t, pfld_point p);
affine affine_compose(const affine *outer, const affine *inner); /* outer after inner */
/* False, and *out untouched, where t is singular, not finite, or its inverse doesn't fit. */
bool affine_invert(const affine *t, affine *out);

/* The scale, rotation and shift (no reflection) that take src to dst with the least sum of squared
 * distances (Umeyama 1991); weight [n], none negative, or NULL. False, and *out untouched, for
 * n < 2, for src or dst points that coincide (within float rounding), for non-finite ones, and
 * where nothing better than scale 0 fits, as with a mirror image. */
bool affine_fit_similarity(const pfld_point *src, const pfld_point *dst, const float *weight,
                           size_t n, affine *out);

typedef struct crop_rule {  /* how a landmark net wants its face */
    float scale;            /* side of the square over the longer side of the box */
    float shift_x, shift_y; /* of the centre, in units of the box's longer side */
} crop_rule;

/* From the pixels of a size x size crop to those of the image: the square of rule around box,
 * turned by roll degrees (> 0 clockwise in the image) about its own centre. Borders of crop and
 * square coincide: pixel (0, 0) of the crop is centred half a crop pixel inside the square. */
affine affine_from_crop(const pfld_box *box, const crop_rule *rule, float roll, int size);

#endif
