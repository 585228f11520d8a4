/*
 * What follows the sums of an int8 kernel in AVX-512: four vectors of sums become 64 bytes.
 *
 * The upper bound is applied to the float, before it is converted: a conversion turns what is too
 * large into the lowest integer. All below the lower bound, and NaN, survives conversion and
 * saturating packs as something low, and is lifted to the bound as a byte. Where the scales are so
 * small that nothing is too large (int8_is_small), both bounds are those of bytes: a minimum of 64
 * in place of four of 16.
 */
#ifndef KERNELS_X86_INT8_POST_AVX512_H
#define KERNELS_X86_INT8_POST_AVX512_H

#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/int8.h"
#include "kernels/sets.h"

/* UBSan's checks of every index of the unrolled bodies multiply their size and compile time. */
#define INT8_TARGET                                                                                \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"), no_sanitize("undefine"   \
                                                                                      "d")))
#define INT8_INLINE static inline __attribute__((always_inline)) INT8_TARGET
#if KERNELS_MASKED_INLINE
#  define INT8_MASKED INT8_INLINE
#else
#  define INT8_MASKED static __attribute__((noinline)) INT8_TARGET
#endif

enum { INT8_LANES = 16, INT8_QUAD = 4, INT8_BYTES = 64 };

enum { INT8_MAGIC = 1 << 23, INT8_MAGIC_BITS = 0x4b000000 }; /* bits | byte is 2^23 + byte */

/* int8_post in vectors. */
struct int8_finish {
    __m512 lo, hi; /* less the zero point */
    __m512i zero, lo_byte, hi_byte;
    __m512 own, other, add_hi;
    __m512 zero_r; /* plus INT8_MAGIC */
    __m512i add_zero, add_lo_byte, add_hi_byte;
};

/* Four vectors of 16 scales. */
struct int8_scales {
    __m512 v[INT8_QUAD];
};

INT8_INLINE __mmask64 int8_first_bytes(size_t n)
{
    return n >= INT8_BYTES ? ~(__mmask64)0 : ((__mmask64)1 << n) - 1;
}

INT8_INLINE __mmask16 int8_first_lanes(size_t n)
{
    return n >= INT8_LANES ? (__mmask16)0xffff : (__mmask16)((1u << n) - 1u);
}

INT8_MASKED __m512i int8_load_m(__m512i other, __mmask64 m, const void *p)
{
    return _mm512_mask_loadu_epi8(other, m, p);
}

INT8_MASKED __m128i int8_load_16_m(__mmask16 m, const void *p)
{
    return _mm_maskz_loadu_epi8(m, p);
}

INT8_MASKED void int8_store_m(void *p, __mmask64 m, __m512i x)
{
    _mm512_mask_storeu_epi8(p, m, x);
}

INT8_MASKED __m512i int8_load_lanes_m(__mmask16 m, const void *p)
{
    return _mm512_maskz_loadu_epi32(m, p);
}

INT8_INLINE struct int8_finish int8_finish_of(const int8_post *p)
{
    const int8_add *a = &p->add;

    return (struct int8_finish){
        .lo = _mm512_set1_ps((float)(p->lo - p->zero)),
        .hi = _mm512_set1_ps((float)(p->hi - p->zero)),
        .zero = _mm512_set1_epi16((short)p->zero),
        .lo_byte = _mm512_set1_epi8((char)p->lo),
        .hi_byte = _mm512_set1_epi8((char)p->hi),
        .own = _mm512_set1_ps(a->own),
        .other = _mm512_set1_ps(a->other),
        .add_hi = _mm512_set1_ps((float)(a->hi - a->zero)),
        .zero_r = _mm512_set1_ps((float)(INT8_MAGIC + a->zero_r)),
        .add_zero = _mm512_set1_epi16((short)a->zero),
        .add_lo_byte = _mm512_set1_epi8((char)a->lo),
        .add_hi_byte = _mm512_set1_epi8((char)a->hi),
    };
}

/* Sums to floats in units of the result. */
INT8_INLINE __m512 int8_scaled(__m512i sum, __m512 scale)
{
    return _mm512_mul_ps(_mm512_cvtepi32_ps(sum), scale);
}

/* The second operand comes through where one is NaN. */
INT8_INLINE __m512i int8_round_below(__m512 t, __m512 hi)
{
    return _mm512_cvtps_epi32(_mm512_min_ps(hi, t));
}

/* Whether the results of columns first to first + n, sums of k products, always fit an integer. */
INT8_INLINE bool int8_is_small(const int8_post *p, size_t first, size_t n, size_t k)
{
    const float most_added = 1 << 20; /* of -255 to 255, twice */
    const __m512 most = _mm512_set1_ps((float)(1 << 30)),
                 products = _mm512_set1_ps(255.0f * 128 * (float)k);
    bool small = true;

    if (p->add.residual) /* before the addition t has bounds of its own */
        return fabsf(p->add.own) <= most_added && fabsf(p->add.other) <= most_added;
    for (size_t i = 0; i < n; i += INT8_LANES) {
        __mmask16 m = int8_first_lanes(n - i);
        __m512 scale = _mm512_castsi512_ps(int8_load_lanes_m(m, p->scale + first + i));
        __m512 bias = _mm512_cvtepi32_ps(int8_load_lanes_m(m, p->bias + first + i));
        __m512 x =
            _mm512_mul_ps(_mm512_abs_ps(scale), _mm512_add_ps(_mm512_abs_ps(bias), products));

        small = small && _mm512_cmp_ps_mask(x, most, _CMP_LE_OQ) == 0xffff;
    }
    return small;
}

/* Four residuals of each 128-bit lane of bytes, 4 * i on, as int8_add_residual() wants them. */
INT8_INLINE __m512i int8_residual(__m512i bytes, size_t i)
{
    const __m512i from = _mm512_broadcast_i32x4(
        _mm_setr_epi32((int)(4 * i), (int)(4 * i + 1), (int)(4 * i + 2), (int)(4 * i + 3)));

    return _mm512_mask_shuffle_epi8(_mm512_set1_epi32(INT8_MAGIC_BITS), 0x1111111111111111, bytes,
                                    from);
}

/* t as the result's integer, plus the residual's 16: bytes in the bits of INT8_MAGIC. */
INT8_INLINE __m512 int8_add_residual(const struct int8_finish *f, __m512 t, __m512i r)
{
    __m512 q = _mm512_min_ps(_mm512_max_ps(t, f->lo), f->hi);
    __m512 other = _mm512_sub_ps(_mm512_castsi512_ps(r), f->zero_r);

    q = _mm512_roundscale_ps(q, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    return _mm512_add_ps(_mm512_mul_ps(q, f->own), _mm512_mul_ps(other, f->other));
}

/* Each lane of the result: 4 bytes of the same lane of q[0], of q[1], q[2], q[3]. */
INT8_INLINE __m512i int8_pack(const __m512i q[INT8_QUAD], __m512i zero, __m512i lo)
{
    __m512i low = _mm512_adds_epi16(_mm512_packs_epi32(q[0], q[1]), zero);
    __m512i high = _mm512_adds_epi16(_mm512_packs_epi32(q[2], q[3]), zero);

    return _mm512_max_epu8(_mm512_packus_epi16(low, high), lo);
}

INT8_INLINE __m512i int8_finish_quad(const struct int8_finish *f, const __m512i sum[INT8_QUAD],
                                     const struct int8_scales *s)
{
    __m512i q[INT8_QUAD];

    KERNELS_UNROLL
    for (size_t i = 0; i < INT8_QUAD; i++)
        q[i] = int8_round_below(int8_scaled(sum[i], s->v[i]), f->hi);
    return int8_pack(q, f->zero, f->lo_byte);
}

/* The same of small scales. */
INT8_INLINE __m512i int8_finish_small(const struct int8_finish *f, const __m512i sum[INT8_QUAD],
                                      const struct int8_scales *s)
{
    __m512i q[INT8_QUAD];

    KERNELS_UNROLL
    for (size_t i = 0; i < INT8_QUAD; i++)
        q[i] = _mm512_cvtps_epi32(int8_scaled(sum[i], s->v[i]));
    return _mm512_min_epu8(int8_pack(q, f->zero, f->lo_byte), f->hi_byte);
}

/* r: the residual's bytes as int8_residual() gives them, beside the sums that they are added to. */
INT8_INLINE __m512i int8_finish_quad_add(const struct int8_finish *f, const __m512i sum[INT8_QUAD],
                                         const struct int8_scales *s, const __m512i r[INT8_QUAD])
{
    __m512i q[INT8_QUAD];

    KERNELS_UNROLL
    for (size_t i = 0; i < INT8_QUAD; i++) {
        __m512 t = int8_add_residual(f, int8_scaled(sum[i], s->v[i]), r[i]);

        q[i] = int8_round_below(t, f->add_hi);
    }
    return int8_pack(q, f->add_zero, f->add_lo_byte);
}

INT8_INLINE __m512i int8_finish_small_add(const struct int8_finish *f, const __m512i sum[INT8_QUAD],
                                          const struct int8_scales *s, const __m512i r[INT8_QUAD])
{
    __m512i q[INT8_QUAD];

    KERNELS_UNROLL
    for (size_t i = 0; i < INT8_QUAD; i++)
        q[i] = _mm512_cvtps_epi32(int8_add_residual(f, int8_scaled(sum[i], s->v[i]), r[i]));
    return _mm512_min_epu8(int8_pack(q, f->add_zero, f->add_lo_byte), f->add_hi_byte);
}

#endif
