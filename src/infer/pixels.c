/* A picture's bytes as the floats that a net sees. */
#include "infer/pixels.h"

void pixel_range_set(pixel_range *p, const infer_pixels *how, size_t channels)
{
    p->channels = channels;
    for (size_t k = 0; k < PIXELS_BLOCK; k++) {
        p->scale[k] = how->scale[k % channels];
        p->offset[k] = how->offset[k % channels];
    }
}

/* Of constant length, or nothing is vectorised. */
static void convert_block(const float *restrict scale, const float *restrict offset,
                          const uint8_t *restrict src, float *restrict dst)
{
    for (size_t k = 0; k < PIXELS_BLOCK; k++)
        dst[k] = scale[k] * (float)src[k] + offset[k];
}

void pixel_range_floats(const pixel_range *p, const uint8_t *src, float *dst, size_t n)
{
    size_t i = 0;

    for (; i + PIXELS_BLOCK <= n; i += PIXELS_BLOCK)
        convert_block(p->scale, p->offset, src + i, dst + i);
    for (size_t k = 0; i < n; i++, k++)
        dst[i] = p->scale[k] * (float)src[i] + p->offset[k];
}
