/* The vector vocabulary of the templates in AVX2 with FMA: 8 floats. */
#ifndef KERNELS_X86_VEC_AVX2_H
#define KERNELS_X86_VEC_AVX2_H

#include <immintrin.h>
#include <stddef.h>

#include "kernels/sets.h"

/* UBSan's checks of every index of the unrolled bodies multiply their size and compile time. */
#define VEC_TARGET __attribute__((target("avx2,fma"), no_sanitize("undefined")))
#define VEC_INLINE static inline __attribute__((always_inline)) VEC_TARGET
#if KERNELS_MASKED_INLINE
#  define VEC_MASKED VEC_INLINE
#else
#  define VEC_MASKED static __attribute__((noinline)) VEC_TARGET
#endif

#define VL 8 /* floats in a vector */

typedef __m256 vf;
typedef __m256i vm; /* which of the VL floats count */

/* The first n <= VL. */
VEC_INLINE vm vm_first(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

VEC_INLINE vf vf_zero(void)
{
    return _mm256_setzero_ps();
}

VEC_INLINE vf vf_set1(float x)
{
    return _mm256_set1_ps(x);
}

/* Any address. */
VEC_INLINE vf vf_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

VEC_INLINE void vf_store(float *p, vf x)
{
    _mm256_storeu_ps(p, x);
}

/* Touch nothing but the floats of the mask; the others load as 0. */
VEC_MASKED vf vf_load_m(const float *p, vm m)
{
    return _mm256_maskload_ps(p, m);
}

VEC_MASKED void vf_store_m(float *p, vm m, vf x)
{
    _mm256_maskstore_ps(p, m, x);
}

VEC_INLINE vf vf_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}

VEC_INLINE vf vf_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}

VEC_INLINE vf vf_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}

VEC_INLINE vf vf_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
}

/* a * b + c, rounded once. */
VEC_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}

/* a > b ? a : b, so b where either is NaN. */
VEC_INLINE vf vf_max(vf a, vf b)
{
    return _mm256_max_ps(a, b);
}

/* a < b ? a : b, so b where either is NaN. */
VEC_INLINE vf vf_min(vf a, vf b)
{
    return _mm256_min_ps(a, b);
}

/* x < 0 ? yes : no */
VEC_INLINE vf vf_if_negative(vf x, vf yes, vf no)
{
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_LT_OQ));
}

/* x is NaN ? x : other */
VEC_INLINE vf vf_nan_or(vf x, vf other)
{
    return _mm256_blendv_ps(other, x, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
}

VEC_INLINE vf vf_neg(vf x)
{
    return _mm256_xor_ps(x, _mm256_set1_ps(-0.0f));
}

VEC_INLINE vf vf_sqrt(vf x)
{
    return _mm256_sqrt_ps(x);
}

VEC_INLINE vf vf_floor(vf x)
{
    return _mm256_floor_ps(x);
}

VEC_INLINE vf vf_ceil(vf x)
{
    return _mm256_ceil_ps(x);
}

#endif
