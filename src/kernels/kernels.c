/* Picks the kernel set: scalar first, then what the CPU has below the cap. */
#include "kernels/kernels.h"

#include "core/cpu.h"
#include "kernels/sets.h"

const kernels *kernels_get(pfld_isa cap)
{
    const kernels *best = &kernels_scalar;

    switch (cpu_best(cap)) {
#if KERNELS_X86
    case PFLD_ISA_AVX2:
        best = &kernels_avx2;
        break;
    case PFLD_ISA_AVXVNNI:
        best = &kernels_avxvnni;
        break;
    case PFLD_ISA_AVX512:
        best = &kernels_avx512;
        break;
#endif
#if KERNELS_WASM
    case PFLD_ISA_WASM128:
        best = &kernels_wasm128;
        break;
#endif
#if KERNELS_ARM
    case PFLD_ISA_NEON:
        best = &kernels_neon;
        break;
#endif
    default: /* no set of our own there yet: the specification runs everywhere */
        break;
    }
    return best;
}
