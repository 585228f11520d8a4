/* The vector vocabulary of the templates in WebAssembly's SIMD128: 4 floats. */
#ifndef KERNELS_WASM_VEC_WASM128_H
#define KERNELS_WASM_VEC_WASM128_H

#include <stddef.h>
#include <wasm_simd128.h>

#include "kernels/sets.h"

/* A target attribute would be of no use: a module is for SIMD or not, as a whole. */
#define VEC_TARGET
#define VEC_INLINE static inline __attribute__((always_inline))

#define VL 4 /* floats in a vector */

typedef v128_t vf;
typedef size_t vm; /* how many of the VL floats count */

/* The first n <= VL. */
VEC_INLINE vm vm_first(size_t n)
{
    return n;
}

VEC_INLINE vf vf_zero(void)
{
    return wasm_f32x4_const_splat(0.0f);
}

VEC_INLINE vf vf_set1(float x)
{
    return wasm_f32x4_splat(x);
}

/* Any address. */
VEC_INLINE vf vf_load(const float *p)
{
    return wasm_v128_load(p);
}

VEC_INLINE void vf_store(float *p, vf x)
{
    wasm_v128_store(p, x);
}

/* There are no masks: 1 to 3 floats are moved by functions, as inlining these cases everywhere
 * would multiply the code. */
__attribute__((noinline)) static vf vf_load_some(const float *p, vm m)
{
    vf two;

    if (m == 0)
        return vf_zero();
    if (m == 1)
        return wasm_v128_load32_zero(p);
    two = wasm_v128_load64_zero(p);
    return m == 2 ? two : wasm_v128_load32_lane(p + 2, two, 2);
}

__attribute__((noinline)) static void vf_store_some(float *p, vm m, vf x)
{
    if (m == 1) {
        wasm_v128_store32_lane(p, x, 0);
    } else if (m >= 2) {
        wasm_v128_store64_lane(p, x, 0);
        if (m == 3)
            wasm_v128_store32_lane(p + 2, x, 2);
    }
}

/* Touch nothing but the floats of the mask; the others load as 0. */
VEC_INLINE vf vf_load_m(const float *p, vm m)
{
    return m == VL ? vf_load(p) : vf_load_some(p, m);
}

VEC_INLINE void vf_store_m(float *p, vm m, vf x)
{
    if (m == VL)
        vf_store(p, x);
    else
        vf_store_some(p, m, x);
}

VEC_INLINE vf vf_add(vf a, vf b)
{
    return wasm_f32x4_add(a, b);
}

VEC_INLINE vf vf_sub(vf a, vf b)
{
    return wasm_f32x4_sub(a, b);
}

VEC_INLINE vf vf_mul(vf a, vf b)
{
    return wasm_f32x4_mul(a, b);
}

VEC_INLINE vf vf_div(vf a, vf b)
{
    return wasm_f32x4_div(a, b);
}

/* a * b + c, rounded twice: what would round once is in relaxed SIMD only, where an engine may do
 * either. */
VEC_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return wasm_f32x4_add(wasm_f32x4_mul(a, b), c);
}

/* a > b ? a : b, so b where either is NaN: pmax(x, y) is x < y ? y : x. */
VEC_INLINE vf vf_max(vf a, vf b)
{
    return wasm_f32x4_pmax(b, a);
}

/* a < b ? a : b, so b where either is NaN: pmin(x, y) is y < x ? y : x. */
VEC_INLINE vf vf_min(vf a, vf b)
{
    return wasm_f32x4_pmin(b, a);
}

/* x < 0 ? yes : no */
VEC_INLINE vf vf_if_negative(vf x, vf yes, vf no)
{
    return wasm_v128_bitselect(yes, no, wasm_f32x4_lt(x, vf_zero()));
}

/* x is NaN ? x : other */
VEC_INLINE vf vf_nan_or(vf x, vf other)
{
    return wasm_v128_bitselect(x, other, wasm_f32x4_ne(x, x));
}

VEC_INLINE vf vf_neg(vf x)
{
    return wasm_f32x4_neg(x);
}

VEC_INLINE vf vf_sqrt(vf x)
{
    return wasm_f32x4_sqrt(x);
}

VEC_INLINE vf vf_floor(vf x)
{
    return wasm_f32x4_floor(x);
}

VEC_INLINE vf vf_ceil(vf x)
{
    return wasm_f32x4_ceil(x);
}

#endif
