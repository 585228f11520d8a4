/* The vector vocabulary of the templates in NEON: 4 floats; ../x86/vec_avx2.h says it in AVX2. */
#ifndef KERNELS_ARM_VEC_NEON_H
#define KERNELS_ARM_VEC_NEON_H

#include <arm_neon.h>
#include <stddef.h>

#include "kernels/sets.h"

/* UBSan's checks of every index of the unrolled bodies multiply their size and compile time. */
#define VEC_TARGET __attribute__((no_sanitize("undefined"))) /* every AArch64 CPU has NEON */
#define VEC_INLINE static inline __attribute__((always_inline)) VEC_TARGET
#if KERNELS_MASKED_INLINE
#  define VEC_MASKED VEC_INLINE
#else
#  define VEC_MASKED static __attribute__((noinline)) VEC_TARGET
#endif

#define VL 4 /* floats in a vector */

typedef float32x4_t vf;
typedef size_t vm; /* how many of the VL floats count: the first ones */

/* The first n <= VL. */
VEC_INLINE vm vm_first(size_t n)
{
    return n;
}

VEC_INLINE vf vf_zero(void)
{
    return vdupq_n_f32(0.0f);
}

VEC_INLINE vf vf_set1(float x)
{
    return vdupq_n_f32(x);
}

/* Any address. */
VEC_INLINE vf vf_load(const float *p)
{
    return vld1q_f32(p);
}

VEC_INLINE void vf_store(float *p, vf x)
{
    vst1q_f32(p, x);
}

/* Touch nothing but the floats of the mask; the others load as 0. There are no masked accesses:
 * these are a whole one, or one of two floats and one of one. */
VEC_MASKED vf vf_load_m(const float *p, vm m)
{
    float32x2_t low = vdup_n_f32(0.0f), high = low;

    if (m == VL)
        return vld1q_f32(p);
    if (m & 2) {
        low = vld1_f32(p);
        if (m & 1)
            high = vld1_lane_f32(p + 2, high, 0);
    } else if (m & 1) {
        low = vld1_lane_f32(p, low, 0);
    }
    return vcombine_f32(low, high);
}

VEC_MASKED void vf_store_m(float *p, vm m, vf x)
{
    if (m == VL) {
        vst1q_f32(p, x);
    } else if (m & 2) {
        vst1_f32(p, vget_low_f32(x));
        if (m & 1)
            vst1q_lane_f32(p + 2, x, 2);
    } else if (m & 1) {
        vst1q_lane_f32(p, x, 0);
    }
}

VEC_INLINE vf vf_add(vf a, vf b)
{
    return vaddq_f32(a, b);
}

VEC_INLINE vf vf_sub(vf a, vf b)
{
    return vsubq_f32(a, b);
}

VEC_INLINE vf vf_mul(vf a, vf b)
{
    return vmulq_f32(a, b);
}

VEC_INLINE vf vf_div(vf a, vf b)
{
    return vdivq_f32(a, b);
}

/* a * b + c, rounded once. */
VEC_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return vfmaq_f32(c, a, b);
}

/* a > b ? a : b, so b where either is NaN: FMAX would give NaN, and +0 for max(+0, -0). */
VEC_INLINE vf vf_max(vf a, vf b)
{
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}

/* a < b ? a : b, so b where either is NaN. */
VEC_INLINE vf vf_min(vf a, vf b)
{
    return vbslq_f32(vcltq_f32(a, b), a, b);
}

/* x < 0 ? yes : no */
VEC_INLINE vf vf_if_negative(vf x, vf yes, vf no)
{
    return vbslq_f32(vcltzq_f32(x), yes, no);
}

/* x is NaN ? x : other */
VEC_INLINE vf vf_nan_or(vf x, vf other)
{
    return vbslq_f32(vceqq_f32(x, x), other, x);
}

VEC_INLINE vf vf_neg(vf x)
{
    return vnegq_f32(x);
}

VEC_INLINE vf vf_sqrt(vf x)
{
    return vsqrtq_f32(x);
}

VEC_INLINE vf vf_floor(vf x)
{
    return vrndmq_f32(x);
}

VEC_INLINE vf vf_ceil(vf x)
{
    return vrndpq_f32(x);
}

#endif
