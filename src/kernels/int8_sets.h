/* The int8 kernel sets that this build has, for int8.c and for tests of each. */
#ifndef KERNELS_INT8_SETS_H
#define KERNELS_INT8_SETS_H

#include "kernels/int8.h"
#include "kernels/sets.h"

extern const int8_kernels int8_kernels_scalar;
#if KERNELS_X86
extern const int8_kernels int8_kernels_avx2;
extern const int8_kernels int8_kernels_avx512vnni;
bool int8_has_avx512vnni(void);
#endif
#if KERNELS_WASM
extern const int8_kernels int8_kernels_wasm128;
#endif

#endif
