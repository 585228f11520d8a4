/* A picture's bytes as the floats that a net sees. */
#include "infer/pixels.h"

#ifdef __SSE__
#  include <immintrin.h>
#endif

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

#ifdef __SSE__

/* A store for each 4 floats in place of 4: how many of n were done. */
static size_t planes_by_fours(const float *const p[3], size_t n, float *dst)
{
    size_t x = 0;

    for (; x + 4 <= n; x += 4, dst += 12) {
        __m128 a = _mm_loadu_ps(p[0] + x), b = _mm_loadu_ps(p[1] + x), c = _mm_loadu_ps(p[2] + x);
        __m128 ab = _mm_unpacklo_ps(a, b);                            /* a0 b0 a1 b1 */
        __m128 bc = _mm_unpackhi_ps(b, c);                            /* b2 c2 b3 c3 */
        __m128 ca = _mm_shuffle_ps(c, a, _MM_SHUFFLE(3, 1, 2, 0));    /* c0 c2 a1 a3 */
        __m128 bc1 = _mm_shuffle_ps(b, c, _MM_SHUFFLE(1, 1, 1, 1));   /* b1 b1 c1 c1 */
        __m128 ab2 = _mm_shuffle_ps(a, b, _MM_SHUFFLE(2, 2, 2, 2));   /* a2 a2 b2 b2 */
        __m128 ca3 = _mm_shuffle_ps(ca, bc, _MM_SHUFFLE(3, 2, 3, 1)); /* c2 a3 b3 c3 */

        _mm_storeu_ps(dst, _mm_shuffle_ps(ab, ca, _MM_SHUFFLE(2, 0, 1, 0)));
        _mm_storeu_ps(dst + 4, _mm_shuffle_ps(bc1, ab2, _MM_SHUFFLE(2, 0, 2, 0)));
        _mm_storeu_ps(dst + 8, ca3);
    }
    return x;
}

#else

static size_t planes_by_fours(const float *const p[3], size_t n, float *dst)
{
    (void)p;
    (void)n;
    (void)dst;
    return 0;
}

#endif

void pixels_of_planes_3(const float *planes, ptrdiff_t plane, size_t n, float *pixels)
{
    const float *const p[3] = {planes, planes + plane, planes + 2 * plane};
    size_t x = planes_by_fours(p, n, pixels);

    for (; x < n; x++)
        for (size_t c = 0; c < 3; c++)
            pixels[3 * x + c] = p[c][x];
}
