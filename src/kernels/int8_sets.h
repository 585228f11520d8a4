/* The int8 kernel sets that this build has, for int8.c and for tests of each. */
#ifndef KERNELS_INT8_SETS_H
#define KERNELS_INT8_SETS_H

#include "kernels/int8.h"
#include "kernels/sets.h"

/* Before its version 16, clang's header hides the dot product where it may not be used everywhere.
 */
#if KERNELS_ARM && (defined(__ARM_FEATURE_DOTPROD) || !defined(__clang__) || __clang_major__ >= 16)
#  define KERNELS_NEONDOT 1
#else
#  define KERNELS_NEONDOT 0
#endif

/* Compilers before these don't know the extension. */
#if KERNELS_X86 && (defined(__clang__) ? __clang_major__ >= 13 : __GNUC__ >= 11)
#  define KERNELS_AVXVNNI 1
#else
#  define KERNELS_AVXVNNI 0
#endif

extern const int8_kernels int8_kernels_scalar;
/* For sets that have no better one. */
void int8_interleave3_scalar(const uint8_t *lines, uint8_t *pixels, size_t n);
#if KERNELS_X86
extern const int8_kernels int8_kernels_avx2;
extern const int8_kernels int8_kernels_avx512vnni;
bool int8_has_avx512vnni(void);
/* What AVX-VNNI has no better one for. */
size_t int8_dwconv_packed_size_avx2(size_t kh, size_t kw, size_t c);
void int8_dwconv_pack_avx2(void *packed, const int8_t *w, size_t kh, size_t kw, size_t c);
void int8_dwconv_avx2(const int8_dwconv *d);
void int8_quantise_avx2(const float *x, float inverse, int32_t zero, uint8_t *q, size_t n);
#endif
#if KERNELS_AVXVNNI
extern const int8_kernels int8_kernels_avxvnni;
#endif
#if KERNELS_WASM
extern const int8_kernels int8_kernels_wasm128;
#endif
#if KERNELS_ARM
extern const int8_kernels int8_kernels_neon;
#endif
#if KERNELS_NEONDOT
extern const int8_kernels int8_kernels_neondot;
#endif

#endif
