/* The int8 kernels in AVX-512 with VNNI. */
#include "kernels/int8_sets.h"

#if KERNELS_X86

#  include "kernels/x86/int8_dwconv_avx512vnni.h"
#  include "kernels/x86/int8_gemm_avx512vnni.h"
#  include "kernels/x86/int8_post_avx512.h"

/* 16 floats, those of the mask. */
INT8_INLINE __m512i quantise_vector(const float *x, __mmask16 m, __m512 inverse, __m512 hi)
{
    __m512 v = _mm512_castsi512_ps(int8_load_lanes_m(m, x));

    return int8_round_below(_mm512_mul_ps(v, inverse), hi);
}

INT8_TARGET static void quantise(const float *x, float inverse, int32_t zero, uint8_t *q, size_t n)
{
    __m512 scale = _mm512_set1_ps(inverse), hi = _mm512_set1_ps((float)(255 - zero));
    __m512i zeros = _mm512_set1_epi16((short)zero), lo = _mm512_setzero_si512();
    __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);

    for (size_t i = 0; i < n; i += INT8_BYTES) {
        size_t here = n - i < INT8_BYTES ? n - i : INT8_BYTES;
        __m512i v[INT8_QUAD], bytes;

        KERNELS_UNROLL
        for (size_t j = 0; j < INT8_QUAD; j++) {
            size_t first = j * INT8_LANES, left = here > first ? here - first : 0;

            v[j] = left ? quantise_vector(x + i + first, int8_first_lanes(left), scale, hi)
                        : _mm512_setzero_si512();
        }
        bytes = _mm512_permutexvar_epi32(order, int8_pack(v, zeros, lo));
        int8_store_m(q + i, int8_first_bytes(here), bytes);
    }
}

/* Of each lane's 4 pixels the 12 bytes that count, then of all lanes 12 words. */
INT8_TARGET static void interleave3(const uint8_t *lines, uint8_t *pixels, size_t n)
{
    const __m512i three = _mm512_broadcast_i32x4(
        _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    const __m512i words = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15);

    for (size_t i = 0; i < n; i += INT8_LANES) {
        size_t here = n - i < INT8_LANES ? n - i : INT8_LANES;
        __mmask16 m = int8_first_lanes(here);
        __m512i x = _mm512_cvtepu8_epi32(int8_load_16_m(m, lines + i));
        __m512i y = _mm512_cvtepu8_epi32(int8_load_16_m(m, lines + n + i));
        __m512i z = _mm512_cvtepu8_epi32(int8_load_16_m(m, lines + 2 * n + i));

        x = _mm512_or_si512(x, _mm512_slli_epi32(y, 8));
        x = _mm512_shuffle_epi8(_mm512_or_si512(x, _mm512_slli_epi32(z, 16)), three);
        x = _mm512_permutexvar_epi32(words, x);
        int8_store_m(pixels + 3 * i, int8_first_bytes(3 * here), x);
    }
}

enum { ROOF_SUMS = 12 };

INT8_TARGET static uint64_t roof(size_t rounds)
{
    __m512i sum[ROOF_SUMS], a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(-5);
    __m512i all = _mm512_setzero_si512();
    int32_t keep[INT8_LANES];

    KERNELS_UNROLL
    for (size_t i = 0; i < ROOF_SUMS; i++)
        sum[i] = _mm512_set1_epi32((int)i);
    for (size_t r = 0; r < rounds; r++) {
        KERNELS_UNROLL
        for (size_t i = 0; i < ROOF_SUMS; i++)
            sum[i] = _mm512_dpbusd_epi32(sum[i], a, b);
    }
    KERNELS_UNROLL
    for (size_t i = 0; i < ROOF_SUMS; i++)
        all = _mm512_add_epi32(all, sum[i]);
    _mm512_storeu_si512(keep, all);
    __asm__ volatile("" : : "r"(keep) : "memory"); /* or all of it is dropped */
    return (uint64_t)rounds * ROOF_SUMS * INT8_BYTES;
}

const int8_kernels int8_kernels_avx512vnni = {
    .name = "avx512vnni",
    .gemm_mr = GEMM_ROWS,
    .gemm_packed_size = gemm_packed_size,
    .gemm_pack = gemm_pack,
    .gemm = gemm_run,
    .dwconv_packed_size = dwconv_packed_size,
    .dwconv_pack = dwconv_pack,
    .dwconv = dwconv_run,
    .quantise = quantise,
    .interleave3 = interleave3,
    .roof = roof,
};

#else
typedef int int8_avx512vnni_nothing_here; /* a file of C must declare something */
#endif
