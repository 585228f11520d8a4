/* The steps on bytes. Their views are buffers of floats that hold bytes, from the first on. */
#ifndef INFER_INT8_STEPS_H
#define INFER_INT8_STEPS_H

#include "infer/step.h"

/* in[0], floats: dense in the order of the bytes, or a picture's planes (with scratch for a line of
 * all of them); out: bytes. */
void run_quantise(const step *s, const kernels *k);
void run_quantise_planes(const step *s, const kernels *k);
/* in[0]: a picture; out: bytes by its levels, or floats by its range. */
void run_levels(const step *s, const kernels *k);
void run_pixels(const step *s, const kernels *k);
/* in[0]: bytes; out: the floats that they stand for. */
void run_floats(const step *s, const kernels *k);
/* in[0] times weights to out, bytes or floats; in[1]: what is added, or unused. A map that is a
 * matrix as it lies; one whose lines are copied with their pads to scratch; depthwise. */
void run_int8_gemm(const step *s, const kernels *k);
void run_int8_band(const step *s, const kernels *k);
void run_int8_dwconv(const step *s, const kernels *k);

#endif
