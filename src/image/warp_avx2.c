/* Parts of a warped row by AVX2: the same bits as the scalar code of warp.c, sooner. */
#include "image/warp_avx2.h"

#if WARP_AVX2

#  include <immintrin.h>
#  include <string.h>

#  define UNIT   (1 << WARP_FRACTION)
#  define TARGET __attribute__((target("avx2")))

/* Worked out for many samples at once, and read back one by one: loads are cheap, shuffles not. */
typedef struct taps {                         /* [pixels, a multiple of 4, times n_taps] */
    int32_t at[WARP_STRETCH * WARP_TAPS];     /* bytes from data to the upper left pixel */
    int32_t across[WARP_STRETCH * WARP_TAPS]; /* weights of left and right, 16 bits each */
    int32_t upper[WARP_STRETCH * WARP_TAPS], lower[WARP_STRETCH * WARP_TAPS];
} taps;

/* warp.c's to_fixed() of start + i * step: the same operations in the same order. */
TARGET static inline __m128i places(double start, double step, int first)
{
    const __m256d above = _mm256_set1_pd(268435456.0); /* 2^28 */
    const __m256d half = _mm256_set1_pd(0.5), unit = _mm256_set1_pd(UNIT);
    __m128i index = _mm_add_epi32(_mm_set1_epi32(first), _mm_setr_epi32(0, 1, 2, 3));
    __m256d v = _mm256_mul_pd(_mm256_set1_pd(step), _mm256_cvtepi32_pd(index));

    v = _mm256_mul_pd(_mm256_add_pd(v, _mm256_set1_pd(start)), unit);
    index = _mm256_cvttpd_epi32(_mm256_add_pd(_mm256_add_pd(v, above), half));
    return _mm_sub_epi32(index, _mm_set1_epi32(1 << 28));
}

TARGET static inline void store4(int32_t *to, __m128i v)
{
    _mm_storeu_si128((__m128i *)(void *)to, v);
}

/* Sample k of pixel i is at [4 * (i / 4 * n_taps + k) + i % 4]. */
TARGET static void make_taps(const warp_stretch *s, taps *t)
{
    const __m128i unit = _mm_set1_epi32(UNIT), low = _mm_set1_epi32(UNIT - 1);
    const __m128i stride = _mm_set1_epi32((int32_t)s->stride), bpp = _mm_set1_epi32(s->bpp);
    int n = 0;

    for (int i = 0; i < s->n; i += 4) {
        __m128i x = places(s->x0, s->dx, s->first + i), y = places(s->y0, s->dy, s->first + i);
        for (int k = 0; k < s->n_taps; k++, n += 4) {
            __m128i u = _mm_add_epi32(x, _mm_set1_epi32(s->tap_x[k]));
            __m128i v = _mm_add_epi32(y, _mm_set1_epi32(s->tap_y[k]));
            __m128i wx = _mm_and_si128(u, low), wy = _mm_and_si128(v, low);
            __m128i row = _mm_mullo_epi32(_mm_srai_epi32(v, WARP_FRACTION), stride);
            __m128i column = _mm_mullo_epi32(_mm_srai_epi32(u, WARP_FRACTION), bpp);
            store4(t->at + n, _mm_add_epi32(row, column));
            if (s->block > 1)
                continue;
            store4(t->across + n, _mm_or_si128(_mm_sub_epi32(unit, wx), _mm_slli_epi32(wx, 16)));
            store4(t->upper + n, _mm_sub_epi32(unit, wy));
            store4(t->lower + n, wy);
        }
    }
}

TARGET static inline int64_t load8(const uint8_t *p)
{
    int64_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

/* Both rows' values in the low and the high half: halves are blended, since that is no shuffle. */
TARGET static inline __m256i add_tap(__m256i sum, const warp_stretch *s, const taps *t, int i,
                                     __m256i pairs)
{
    const uint8_t *p = s->data + t->at[i];
    __m256i rows = _mm256_blend_epi32(_mm256_set1_epi64x(load8(p)),
                                      _mm256_set1_epi64x(load8(p + s->stride)), 0xf0);
    __m256i down =
        _mm256_blend_epi32(_mm256_set1_epi32(t->upper[i]), _mm256_set1_epi32(t->lower[i]), 0xf0);

    rows = _mm256_madd_epi16(_mm256_shuffle_epi8(rows, pairs), _mm256_set1_epi32(t->across[i]));
    return _mm256_add_epi32(sum, _mm256_mullo_epi32(rows, down));
}

/* The sum of the pixels of a block, two of two rows at once. */
TARGET static inline __m256i add_block(__m256i sum, const warp_stretch *s, const taps *t, int i,
                                       __m256i pairs)
{
    const __m256i ones = _mm256_set1_epi16(1);
    const uint8_t *row = s->data + t->at[i];

    for (int y = 0; y < s->block; y += 2, row += 2 * s->stride) {
        const uint8_t *p = row;
        for (int x = 0; x < s->block; x += 2, p += (ptrdiff_t)2 * s->bpp) {
            __m256i rows = _mm256_blend_epi32(_mm256_set1_epi64x(load8(p)),
                                              _mm256_set1_epi64x(load8(p + s->stride)), 0xf0);
            rows = _mm256_madd_epi16(_mm256_shuffle_epi8(rows, pairs), ones);
            sum = _mm256_add_epi32(sum, rows);
        }
    }
    return sum;
}

/* As store_mean() of warp.c. Where the number of samples is a power of two, so is the weight, and
 * rounding is a shift; else the sums are unsigned, and converted with their range shifted. */
TARGET static inline __m128i mean_of(__m128i sum, int shift, double weight)
{
    __m256d v;

    if (shift)
        return _mm_srl_epi32(_mm_add_epi32(sum, _mm_set1_epi32(1 << (shift - 1))),
                             _mm_cvtsi32_si128(shift));
    v = _mm256_cvtepi32_pd(_mm_xor_si128(sum, _mm_set1_epi32(INT32_MIN)));
    v = _mm256_add_pd(v, _mm256_set1_pd(2147483648.0)); /* exact */
    v = _mm256_add_pd(_mm256_mul_pd(v, _mm256_set1_pd(weight)), _mm256_set1_pd(0.5));
    return _mm256_cvttpd_epi32(v);
}

TARGET static inline void store_bytes(__m128i v, uint8_t out[4])
{
    int32_t packed;

    v = _mm_packus_epi16(_mm_packus_epi32(v, v), _mm_setzero_si128());
    packed = _mm_cvtsi128_si32(v);
    memcpy(out, &packed, sizeof packed);
}

TARGET static inline void finish(__m256i sum, int shift, double weight, uint8_t out[4])
{
    __m128i both = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));

    store_bytes(mean_of(both, shift, weight), out);
}

/* 0: not a power of two. */
static int shift_for(int n_taps)
{
    for (int bits = 0; 1 << bits <= WARP_BILINEAR; bits++)
        if (n_taps == 1 << bits)
            return 2 * WARP_FRACTION + bits;
    return 0;
}

TARGET void warp_stretch_avx2(const warp_stretch *s, uint8_t (*out)[4])
{
    const char o = s->bpp == 3 ? 3 : 4, none = -1;
    const __m256i pairs = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, none, o, none, 1, none, (char)(o + 1), none, 2, none, (char)(o + 2), none,
                      none, none, none, none));
    const int shift = s->block > 1 ? 0 : shift_for(s->n_taps);
    const double weight = s->block > 1 ? s->weight * UNIT * UNIT : s->weight; /* exact */
    taps t;

    make_taps(s, &t);
    for (int i = 0; i < s->n; i++) {
        const int first = 4 * (i / 4 * s->n_taps) + i % 4;
        __m256i sum = _mm256_setzero_si256();

        for (int k = 0; k < s->n_taps; k++)
            sum = s->block > 1 ? add_block(sum, s, &t, first + 4 * k, pairs)
                               : add_tap(sum, s, &t, first + 4 * k, pairs);
        finish(sum, shift, weight, out[i]);
    }
}

/* A column's channels, exact: none is negative as a signed number. */
TARGET static inline __m256d column(const uint32_t *sums)
{
    return _mm256_cvtepi32_pd(_mm_loadu_si128((const __m128i *)(const void *)sums));
}

TARGET void warp_means_avx2(const warp_mean *means, int n, const uint32_t *sums, int bpp,
                            double weight, uint8_t (*out)[4])
{
    const __m256d unit = _mm256_set1_pd(UNIT), half = _mm256_set1_pd(0.5);

    for (int i = 0; i < n; i++) {
        const warp_mean *m = &means[i];
        const uint32_t *p = sums + (ptrdiff_t)m->from * bpp, *end = sums + (ptrdiff_t)m->to * bpp;
        __m256d sum = _mm256_setzero_pd(), v;

        for (; p < end; p += bpp)
            sum = _mm256_add_pd(sum, column(p));
        v = _mm256_mul_pd(column(sums + (ptrdiff_t)m->first * bpp),
                          _mm256_set1_pd(m->first_weight));
        sum = _mm256_add_pd(_mm256_mul_pd(sum, unit), v);
        v = _mm256_mul_pd(column(sums + (ptrdiff_t)m->last * bpp), _mm256_set1_pd(m->last_weight));
        sum = _mm256_mul_pd(_mm256_add_pd(sum, v), _mm256_set1_pd(weight));
        store_bytes(_mm256_cvttpd_epi32(_mm256_add_pd(sum, half)), out[i]);
    }
}

TARGET void warp_add_row_avx2(uint32_t *restrict sum, const uint8_t *restrict row, size_t n,
                              uint32_t weight)
{
    const __m256i w = _mm256_set1_epi32((int)weight);
    size_t i = 0;

    for (; i + 8 <= n; i += 8) {
        __m256i *to = (__m256i *)(void *)(sum + i);
        __m256i p = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(load8(row + i)));
        /* both below 2^15: multiplied as pairs of 16 bits, of which the upper ones are 0 */
        _mm256_storeu_si256(to, _mm256_add_epi32(_mm256_loadu_si256(to), _mm256_madd_epi16(p, w)));
    }
    for (; i < n; i++)
        sum[i] += weight * row[i];
}

#else
typedef int warp_avx2_is_empty; /* ISO C wants a declaration */

#endif
