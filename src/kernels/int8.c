/* Picks the int8 kernel set: what the CPU has below the cap, else the specification. */
#include "kernels/int8.h"

#include "core/cpu.h"
#include "kernels/int8_sets.h"

#if KERNELS_X86
/* cpu_has() speaks of what the float kernels use; this set needs one extension more. */
bool int8_has_avx512vnni(void)
{
    return cpu_has(PFLD_ISA_AVX512) && __builtin_cpu_supports("avx512vnni");
}
#endif

const int8_kernels *int8_kernels_get(pfld_isa cap)
{
    switch (cpu_best(cap)) {
#if KERNELS_X86
    case PFLD_ISA_AVX512:
        return int8_has_avx512vnni() ? &int8_kernels_avx512vnni : &int8_kernels_avx2;
    case PFLD_ISA_AVX2:
        return &int8_kernels_avx2;
#endif
#if KERNELS_WASM
    case PFLD_ISA_WASM128:
        return &int8_kernels_wasm128;
#endif
#if KERNELS_ARM
    case PFLD_ISA_NEON:
#  if KERNELS_NEONDOT
        if (cpu_has_arm_dot())
            return &int8_kernels_neondot;
#  endif
        return &int8_kernels_neon;
#endif
    default:
        return &int8_kernels_scalar;
    }
}
