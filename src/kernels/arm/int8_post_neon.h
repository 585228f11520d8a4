/* What follows the sums of an int8 kernel in NEON: 8 sums become 8 bytes. Tails are 1 to 7 bytes.
 */
#ifndef KERNELS_ARM_INT8_POST_NEON_H
#define KERNELS_ARM_INT8_POST_NEON_H

#include <arm_neon.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/int8.h"
#include "kernels/sets.h"

/* UBSan's checks of every index of the unrolled bodies multiply their size and compile time. */
#define INT8_TARGET __attribute__((no_sanitize("undefined")))
#define INT8_INLINE static inline __attribute__((always_inline)) INT8_TARGET

enum { INT8_LANES = 4, INT8_EIGHT = 8 };

/* The first n of 8 bytes, the others 0; touches no other. */
INT8_INLINE uint8x8_t int8_load(const uint8_t *p, size_t n)
{
    uint64_t x = 0;
    uint32_t four;
    uint16_t two;
    size_t at = 0;

    if (n >= INT8_EIGHT)
        return vld1_u8(p);
    if (n & 4) {
        memcpy(&four, p, sizeof four);
        x = four;
        at = 4;
    }
    if (n & 2) {
        memcpy(&two, p + at, sizeof two);
        x |= (uint64_t)two << 8 * at;
        at += 2;
    }
    if (n & 1)
        x |= (uint64_t)p[at] << 8 * at;
    return vcreate_u8(x);
}

INT8_INLINE void int8_store(uint8_t *p, size_t n, uint8x8_t bytes)
{
    uint64_t x = vget_lane_u64(vreinterpret_u64_u8(bytes), 0);
    uint32_t four = (uint32_t)x;
    uint16_t two;

    if (n >= INT8_EIGHT) {
        vst1_u8(p, bytes);
        return;
    }
    if (n & 4) {
        memcpy(p, &four, sizeof four);
        p += 4;
        x >>= 32;
    }
    two = (uint16_t)x;
    if (n & 2) {
        memcpy(p, &two, sizeof two);
        p += 2;
        x >>= 16;
    }
    if (n & 1)
        *p = (uint8_t)x;
}

/* int8_post in vectors. */
struct int8_finish {
    float32x4_t lo, hi; /* less the zero point */
    int16x8_t zero;
    bool add;
    float32x4_t own, other, add_lo, add_hi;
    uint8x8_t zero_r;
    int16x8_t add_zero;
};

INT8_INLINE struct int8_finish int8_finish_of(const int8_post *p)
{
    const int8_add *a = &p->add;

    return (struct int8_finish){
        .lo = vdupq_n_f32((float)(p->lo - p->zero)),
        .hi = vdupq_n_f32((float)(p->hi - p->zero)),
        .zero = vdupq_n_s16((int16_t)p->zero),
        .add = a->residual != NULL,
        .own = vdupq_n_f32(a->own),
        .other = vdupq_n_f32(a->other),
        .add_lo = vdupq_n_f32((float)(a->lo - a->zero)),
        .add_hi = vdupq_n_f32((float)(a->hi - a->zero)),
        .zero_r = vdup_n_u8((uint8_t)a->zero_r),
        .add_zero = vdupq_n_s16((int16_t)a->zero),
    };
}

/* What 8 sums are multiplied with. */
struct int8_scales {
    float32x4_t v[2];
};

/* FMAXNM gives the number where one is NaN. */
INT8_INLINE float32x4_t int8_clamp(float32x4_t t, float32x4_t lo, float32x4_t hi)
{
    return vminnmq_f32(vmaxnmq_f32(t, lo), hi);
}

/* Rounded and as bytes, once the zero point is added. */
INT8_INLINE uint8x8_t int8_pack(const float32x4_t t[2], int16x8_t zero)
{
    int16x8_t q = vcombine_s16(vmovn_s32(vcvtnq_s32_f32(t[0])), vmovn_s32(vcvtnq_s32_f32(t[1])));

    return vmovn_u16(vreinterpretq_u16_s16(vaddq_s16(q, zero)));
}

/* t as the result's integers, plus the residual's. */
INT8_INLINE void int8_add_residual(const struct int8_finish *f, float32x4_t t[2], uint8x8_t r)
{
    int16x8_t less = vreinterpretq_s16_u16(vsubl_u8(r, f->zero_r));
    int32x4_t wide[2] = {vmovl_s16(vget_low_s16(less)), vmovl_s16(vget_high_s16(less))};

    KERNELS_UNROLL
    for (size_t i = 0; i < 2; i++) {
        float32x4_t own = vmulq_f32(vrndnq_f32(t[i]), f->own);
        float32x4_t other = vmulq_f32(vcvtq_f32_s32(wide[i]), f->other);

        t[i] = int8_clamp(vaddq_f32(own, other), f->add_lo, f->add_hi);
    }
}

/* r: the residual's bytes, where there is one. */
INT8_INLINE uint8x8_t int8_finish_eight(const struct int8_finish *f, const int32x4_t sum[2],
                                        const struct int8_scales *s, uint8x8_t r)
{
    float32x4_t t[2];

    KERNELS_UNROLL
    for (size_t i = 0; i < 2; i++)
        t[i] = int8_clamp(vmulq_f32(vcvtq_f32_s32(sum[i]), s->v[i]), f->lo, f->hi);
    if (!f->add)
        return int8_pack(t, f->zero);
    int8_add_residual(f, t, r);
    return int8_pack(t, f->add_zero);
}

#endif
