/* The vector vocabulary of the templates in AVX-512: 16 floats; vec_avx2.h says it in AVX2. */
#ifndef KERNELS_X86_VEC_AVX512_H
#define KERNELS_X86_VEC_AVX512_H

#include <immintrin.h>
#include <stddef.h>

#include "kernels/sets.h"

/* UBSan's checks of every index of the unrolled bodies multiply their size and compile time. */
#define VEC_TARGET                                                                                 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"), no_sanitize("undefined")))
#define VEC_INLINE static inline __attribute__((always_inline)) VEC_TARGET
#if KERNELS_MASKED_INLINE
#  define VEC_MASKED VEC_INLINE
#else
#  define VEC_MASKED static __attribute__((noinline)) VEC_TARGET
#endif

#define VL 16 /* floats in a vector */

typedef __m512 vf;
typedef __mmask16 vm; /* which of the VL floats count */

/* The first n <= VL. */
VEC_INLINE vm vm_first(size_t n)
{
    return (vm)((1u << n) - 1u);
}

VEC_INLINE vf vf_zero(void)
{
    return _mm512_setzero_ps();
}

VEC_INLINE vf vf_set1(float x)
{
    return _mm512_set1_ps(x);
}

/* Any address. */
VEC_INLINE vf vf_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

VEC_INLINE void vf_store(float *p, vf x)
{
    _mm512_storeu_ps(p, x);
}

/* Touch nothing but the floats of the mask; the others load as 0. */
VEC_MASKED vf vf_load_m(const float *p, vm m)
{
    return _mm512_maskz_loadu_ps(m, p);
}

VEC_MASKED void vf_store_m(float *p, vm m, vf x)
{
    _mm512_mask_storeu_ps(p, m, x);
}

VEC_INLINE vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}

VEC_INLINE vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}

VEC_INLINE vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}

VEC_INLINE vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}

/* a * b + c, rounded once. */
VEC_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}

/* a > b ? a : b, so b where either is NaN. */
VEC_INLINE vf vf_max(vf a, vf b)
{
    return _mm512_max_ps(a, b);
}

/* a < b ? a : b, so b where either is NaN. */
VEC_INLINE vf vf_min(vf a, vf b)
{
    return _mm512_min_ps(a, b);
}

/* x < 0 ? yes : no */
VEC_INLINE vf vf_if_negative(vf x, vf yes, vf no)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ), no, yes);
}

/* x is NaN ? x : other */
VEC_INLINE vf vf_nan_or(vf x, vf other)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), other, x);
}

VEC_INLINE vf vf_neg(vf x)
{
    return _mm512_xor_ps(x, _mm512_set1_ps(-0.0f));
}

VEC_INLINE vf vf_sqrt(vf x)
{
    return _mm512_sqrt_ps(x);
}

VEC_INLINE vf vf_floor(vf x)
{
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}

VEC_INLINE vf vf_ceil(vf x)
{
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
}

#endif
