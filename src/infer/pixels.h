/* A picture's bytes as the floats that a net sees. */
#ifndef INFER_PIXELS_H
#define INFER_PIXELS_H

#include <stddef.h>
#include <stdint.h>

#include "infer/infer.h"

enum { PIXELS_BLOCK = 48 }; /* values of any number of channels up to 4 */

typedef struct pixel_range { /* infer_pixels, repeated so that a loop of constant length does it */
    size_t channels;         /* 1 to 3 */
    float scale[PIXELS_BLOCK], offset[PIXELS_BLOCK];
} pixel_range;

void pixel_range_set(pixel_range *p, const infer_pixels *how, size_t channels);
/* n values, from a pixel's first channel on. */
void pixel_range_floats(const pixel_range *p, const uint8_t *src, float *dst, size_t n);

/* [3] planes of floats, so far apart, to n pixels. */
void pixels_of_planes_3(const float *planes, ptrdiff_t plane, size_t n, float *pixels);

#endif
