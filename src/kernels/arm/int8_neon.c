/* The int8 kernels in NEON, with dot product (SDOT) and without. */
#include "kernels/int8_sets.h"

#if KERNELS_ARM

#  include "kernels/arm/int8_post_neon.h"

#  if KERNELS_NEONDOT
#    ifdef __ARM_FEATURE_DOTPROD
#      define INT8_DOT_TARGET INT8_TARGET
#    else
#      define INT8_DOT_TARGET                                                                      \
        __attribute__((target("arch=armv8.2-a+dotprod"), no_sanitize("undefined")))
#    endif
#    define INT8_DOT_INLINE static inline __attribute__((always_inline)) INT8_DOT_TARGET
#  endif

#  include "kernels/arm/int8_dwconv_neon.h"
#  include "kernels/arm/int8_gemm_neon.h"

INT8_TARGET static void quantise(const float *x, float inverse, int32_t zero, uint8_t *q, size_t n)
{
    float32x4_t lo = vdupq_n_f32((float)-zero), hi = vdupq_n_f32((float)(255 - zero));
    int16x8_t zeros = vdupq_n_s16((int16_t)zero);

    for (size_t i = 0; i < n; i += INT8_EIGHT) {
        size_t here = n - i < INT8_EIGHT ? n - i : INT8_EIGHT;
        float last[INT8_EIGHT] = {0};
        const float *from = x + i;
        float32x4_t t[2];

        if (here < INT8_EIGHT)
            from = memcpy(last, from, here * sizeof *last);
        KERNELS_UNROLL
        for (size_t j = 0; j < 2; j++)
            t[j] = int8_clamp(vmulq_n_f32(vld1q_f32(from + j * INT8_LANES), inverse), lo, hi);
        int8_store(q + i, here, int8_pack(t, zeros));
    }
}

const int8_kernels int8_kernels_neon = {
    .name = "neon",
    .gemm_mr = GEMM_ROWS,
    .gemm_packed_size = gemm_packed_size,
    .gemm_pack = gemm_pack_wide,
    .gemm = gemm_run_wide,
    .dwconv_packed_size = dwconv_packed_size,
    .dwconv_pack = dwconv_pack,
    .dwconv = dwconv_run,
    .quantise = quantise,
    .interleave3 = int8_interleave3_scalar,
};

#  if KERNELS_NEONDOT
const int8_kernels int8_kernels_neondot = {
    .name = "neondot",
    .gemm_mr = GEMM_ROWS,
    .gemm_packed_size = gemm_packed_size,
    .gemm_pack = gemm_pack_dot,
    .gemm = gemm_run_dot,
    .dwconv_packed_size = dwconv_packed_size,
    .dwconv_pack = dwconv_pack,
    .dwconv = dwconv_run,
    .quantise = quantise,
    .interleave3 = int8_interleave3_scalar,
};
#  endif

#else
typedef int int8_neon_nothing_here; /* a file of C must declare something */
#endif
