/* What cameras, light and files do to a picture: pixel effects, in place, that move no point. */
#ifndef DATA_EFFECTS_H
#define DATA_EFFECTS_H

#include <stdbool.h>

#include "core/rng.h"
#include "pfld/pfld.h"

#define EFFECTS_MAX_SIDE   512 /* pixels, of every picture below; all are RGB8 */
#define EFFECTS_MAX_BLUR   8.0f
#define EFFECTS_MAX_STREAK 40.0f

typedef struct effect_light { /* v is a pixel's channel in 0..255, in this order */
    float saturation;         /* v = grey + saturation (v - grey); 0: grey picture */
    float gain[3];            /* v = gain v, of red, green, blue */
    float contrast;           /* v = 128 + contrast (v - 128) */
    float brightness;         /* v = v + 255 brightness */
} effect_light;

void effect_colours(pfld_image *img, const effect_light *light);
/* v = 255 gain (v / 255)^gamma: gamma > 1 is darker. */
void effect_gamma(pfld_image *img, float gamma, float gain);
/* As if so many stops less light had reached the camera, which saw the rest by its own noise. */
void effect_darkness(pfld_image *img, float stops, rng *r);
/* Gaussian, borders replicated; sigmas in pixels, at most EFFECTS_MAX_BLUR. */
void effect_blur(pfld_image *img, float sigma_x, float sigma_y);
/* The mean along a line of this length through the pixel, at most EFFECTS_MAX_STREAK pixels, angle
 * radians from the picture's x towards its y: a shaken camera's. Borders replicated. */
void effect_streak(pfld_image *img, float length, float angle);
/* Of this sigma in 0..255, nearly normal; grey: the same for all channels. */
void effect_noise(pfld_image *img, float sigma, bool grey, rng *r);
/* Down to side x side pixels (by areas, at most 128) and back up (bilinear). */
void effect_low_resolution(pfld_image *img, int side);
/*
 * What is left of the picture in a JPEG file of quality 1..100, colours at half resolution:
 * libjpeg's colour transform, tables and rounding without its entropy coding, which loses nothing.
 * Takes no memory, and the same bits come out whichever libjpeg is installed.
 */
void effect_jpeg(pfld_image *img, int quality);

#endif
