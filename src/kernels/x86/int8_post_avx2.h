/*
 * What follows the sums of an int8 kernel in AVX2, for the sets that have vectors of 256 bits.
 *
 * Everything is made 16 columns or channels at a time, as two vectors of sums whose order packing
 * restores: columns 0-3 and 8-11, columns 4-7 and 12-15.
 */
#ifndef KERNELS_X86_INT8_POST_AVX2_H
#define KERNELS_X86_INT8_POST_AVX2_H

#include <immintrin.h>
#include <string.h>

#include "kernels/int8.h"
#include "kernels/sets.h"

#define INT8_AVX2   __attribute__((target("avx2"), no_sanitize("undefined")))
#define INT8_INLINE static inline __attribute__((always_inline)) INT8_AVX2

enum {
    LANES = 8,
    COLS = 16,
    FOUR = 4, /* k of A that are read at a time */
};

/* 16 sums, scales or other numbers of 32 bits. */
struct sixteen {
    __m256i a, b; /* 0-3 and 8-11, 4-7 and 12-15 */
};

/* int8_post in vectors. */
struct finish {
    __m256 lo, hi; /* less the zero point */
    __m256i zero;
    __m128i lo_byte;
    __m256 own, other, add_hi;
    __m256i zero_r, add_zero;
    __m128i add_lo_byte;
};

INT8_INLINE struct finish finish_of(const int8_post *p)
{
    const int8_add *a = &p->add;

    return (struct finish){
        .lo = _mm256_set1_ps((float)(p->lo - p->zero)),
        .hi = _mm256_set1_ps((float)(p->hi - p->zero)),
        .zero = _mm256_set1_epi16((short)p->zero),
        .lo_byte = _mm_set1_epi8((char)p->lo),
        .own = _mm256_set1_ps(a->own),
        .other = _mm256_set1_ps(a->other),
        .add_hi = _mm256_set1_ps((float)(a->hi - a->zero)),
        .zero_r = _mm256_set1_epi32(a->zero_r),
        .add_zero = _mm256_set1_epi16((short)a->zero),
        .add_lo_byte = _mm_set1_epi8((char)a->lo),
    };
}

/* From vectors 0-7 and 8-15, or back. */
INT8_INLINE struct sixteen reorder(__m256i first, __m256i second)
{
    return (struct sixteen){_mm256_permute2x128_si256(first, second, 0x20),
                            _mm256_permute2x128_si256(first, second, 0x31)};
}

INT8_INLINE __m256i load_256(const void *p)
{
    return _mm256_loadu_si256(p);
}

/* n of 16 numbers of 32 bits. */
INT8_INLINE struct sixteen load_16_words(const void *p, size_t n)
{
    int32_t all[COLS] = {0};

    if (n < COLS) {
        memcpy(all, p, n * sizeof *all);
        p = all;
    }
    return reorder(load_256(p), load_256((const int32_t *)p + LANES));
}

/* n of 16 bytes. */
INT8_INLINE __m128i load_16_bytes(const uint8_t *p, size_t n)
{
    uint8_t all[COLS] = {0};

    if (n == COLS)
        return _mm_loadu_si128((const __m128i *)(const void *)p);
    if (n == COLS / 2)
        return _mm_loadl_epi64((const __m128i *)(const void *)p);
    memcpy(all, p, n);
    return _mm_loadu_si128((const __m128i *)(const void *)all);
}

INT8_INLINE void store_16_bytes(uint8_t *p, __m128i x, size_t n)
{
    uint8_t all[COLS];

    if (n == COLS) {
        _mm_storeu_si128((__m128i *)(void *)p, x);
    } else if (n == COLS / 2) {
        _mm_storel_epi64((__m128i *)(void *)p, x);
    } else {
        _mm_storeu_si128((__m128i *)(void *)all, x);
        memcpy(p, all, n);
    }
}

INT8_INLINE __m256 scaled(__m256i sum, __m256i scale)
{
    return _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_castsi256_ps(scale));
}

/*
 * The upper bound before the conversion, which turns what is too large into the lowest integer; all
 * below the lower bound, and NaN, the second operand of min, stays low until it is a byte.
 */
INT8_INLINE __m256i round_below(__m256 t, __m256 hi)
{
    return _mm256_cvtps_epi32(_mm256_min_ps(hi, t));
}

INT8_INLINE __m256 add_residual(const struct finish *f, __m256 t, __m256i r)
{
    __m256 q = _mm256_min_ps(_mm256_max_ps(t, f->lo), f->hi);
    __m256 other = _mm256_cvtepi32_ps(_mm256_sub_epi32(r, f->zero_r));

    q = _mm256_round_ps(q, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    return _mm256_add_ps(_mm256_mul_ps(q, f->own), _mm256_mul_ps(other, f->other));
}

INT8_INLINE __m128i pack(struct sixteen q, __m256i zero, __m128i lo)
{
    __m256i x = _mm256_adds_epi16(_mm256_packs_epi32(q.a, q.b), zero);

    return _mm_max_epu8(_mm_packus_epi16(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1)),
                        lo);
}

/* n of 16 results of a row or pixel; residual: at the first of them, or NULL. */
INT8_INLINE void finish_16(const struct finish *f, struct sixteen sum, struct sixteen scale,
                           const uint8_t *residual, uint8_t *out, size_t n)
{
    __m256 a = scaled(sum.a, scale.a), b = scaled(sum.b, scale.b);
    struct sixteen q;

    if (residual) {
        __m128i bytes = load_16_bytes(residual, n);
        struct sixteen r = reorder(_mm256_cvtepu8_epi32(bytes),
                                   _mm256_cvtepu8_epi32(_mm_srli_si128(bytes, LANES)));

        q.a = round_below(add_residual(f, a, r.a), f->add_hi);
        q.b = round_below(add_residual(f, b, r.b), f->add_hi);
        store_16_bytes(out, pack(q, f->add_zero, f->add_lo_byte), n);
    } else {
        q.a = round_below(a, f->hi);
        q.b = round_below(b, f->hi);
        store_16_bytes(out, pack(q, f->zero, f->lo_byte), n);
    }
}

/* Steps of 4 rows in a run of B. */
static inline size_t gemm_steps(size_t run)
{
    return (run + FOUR - 1) / FOUR;
}

static inline size_t gemm_panels(size_t n)
{
    return (n + COLS - 1) / COLS;
}

/* Where column j of a panel lies in its two vectors; see struct sixteen. */
static inline size_t column_at(size_t i)
{
    static const uint8_t at[COLS] = {0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15};

    return at[i];
}

#endif
