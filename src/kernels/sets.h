/* The kernel sets that this build has, for kernels.c, and what they share. */
#ifndef KERNELS_SETS_H
#define KERNELS_SETS_H

#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)
#  define KERNELS_X86 1
#else
#  define KERNELS_X86 0
#endif
#if defined(__wasm_simd128__) && defined(__GNUC__)
#  define KERNELS_WASM 1
#else
#  define KERNELS_WASM 0
#endif
#if defined(__aarch64__) && defined(__GNUC__) && !defined(__AARCH64EB__)
#  define KERNELS_ARM 1
#else
#  define KERNELS_ARM 0
#endif

/*
 * For loops over an array of vectors that is to live in registers: unless all of them are unrolled
 * by order, gcc 12 at -O2 keeps it in memory (37 against 125 GFLOP/s).
 */
#if defined(__clang__)
#  define KERNELS_UNROLL _Pragma("clang loop unroll(full)")
#else
#  define KERNELS_UNROLL _Pragma("GCC unroll 32")
#endif

/* Clang's ASan checks a masked access float by float, which multiplies the code of all that inlines
 * one, and the time to compile it: there such an access stays a function. */
#define KERNELS_MASKED_INLINE 1
#if defined(__has_feature)
#  if __has_feature(address_sanitizer)
#    undef KERNELS_MASKED_INLINE
#    define KERNELS_MASKED_INLINE 0
#  endif
#endif

extern const kernels kernels_scalar;
#if KERNELS_X86
extern const kernels kernels_avx2;
extern const kernels kernels_avxvnni; /* the same: only bytes have another set */
extern const kernels kernels_avx512;
#endif
#if KERNELS_WASM
extern const kernels kernels_wasm128;
#endif
#if KERNELS_ARM
extern const kernels kernels_neon;
#endif

#endif
