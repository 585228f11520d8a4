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

#if KERNELS_X86
static const int8_kernels *best_of_256_bits(pfld_isa isa)
{
#  if KERNELS_AVXVNNI
    if (isa >= PFLD_ISA_AVXVNNI && cpu_has(PFLD_ISA_AVXVNNI))
        return &int8_kernels_avxvnni;
#  endif
    (void)isa;
    return &int8_kernels_avx2;
}
#endif

const int8_kernels *int8_kernels_get(pfld_isa cap)
{
    pfld_isa isa = cpu_best(cap);

    switch (isa) {
#if KERNELS_X86
    case PFLD_ISA_AVX512:
        return int8_has_avx512vnni() ? &int8_kernels_avx512vnni : best_of_256_bits(isa);
    case PFLD_ISA_AVXVNNI:
    case PFLD_ISA_AVX2:
        return best_of_256_bits(isa);
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
