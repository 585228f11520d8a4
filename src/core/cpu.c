/* What this CPU can run. */
#include "core/cpu.h"

#include <string.h>

#if defined(__aarch64__) && defined(__linux__)
#  include <sys/auxv.h>
#endif
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
#  include <cpuid.h>
#endif

static const char *const names[] = {
    [PFLD_ISA_AUTO] = "auto", [PFLD_ISA_SCALAR] = "scalar",   [PFLD_ISA_SSE2] = "sse2",
    [PFLD_ISA_AVX2] = "avx2", [PFLD_ISA_AVXVNNI] = "avxvnni", [PFLD_ISA_AVX512] = "avx512",
    [PFLD_ISA_NEON] = "neon", [PFLD_ISA_WASM128] = "wasm128",
};
enum { N_NAMES = sizeof names / sizeof *names };

/* The sets that src/kernels has code for, best first. Only sets of this machine's own family can
 * pass cpu_has(), so their order against those of other families does not matter. */
static const pfld_isa with_kernels[] = {PFLD_ISA_AVX512, PFLD_ISA_AVXVNNI, PFLD_ISA_AVX2,
                                        PFLD_ISA_NEON,   PFLD_ISA_WASM128, PFLD_ISA_SCALAR};
enum { N_KERNELS = sizeof with_kernels / sizeof *with_kernels };

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
/* What not all compilers' builtins know: CPUID 7, second page, EAX. */
static bool has_avxvnni(void)
{
    const unsigned avxvnni = 1u << 4;
    unsigned a, b, c, d;

    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & avxvnni);
}
#endif

/* The builtins ask CPUID, and XGETBV for whether the system saves the registers. AArch64 always has
 * NEON; lanes in memory order are what our kernels for it expect besides. */
bool cpu_has(pfld_isa isa)
{
    switch (isa) {
    case PFLD_ISA_SCALAR:
        return true;
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
    case PFLD_ISA_SSE2:
        return __builtin_cpu_supports("sse2");
    case PFLD_ISA_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case PFLD_ISA_AVXVNNI:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_avxvnni();
    case PFLD_ISA_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
#if defined(__wasm_simd128__) /* the module would not load where the engine had it not */
    case PFLD_ISA_WASM128:
        return true;
#endif
#if defined(__GNUC__) && defined(__aarch64__) && !defined(__AARCH64EB__)
    case PFLD_ISA_NEON:
        return true;
#endif
    default:
        return false;
    }
}

bool cpu_has_arm_dot(void)
{
#if defined(__ARM_FEATURE_DOTPROD)
    return true; /* the compiler was told so, or knows: all of Apple's have it */
#elif defined(__aarch64__) && defined(__linux__)
    const unsigned long asimddp = 1ul << 20; /* HWCAP_ASIMDDP, which old headers lack */

    return getauxval(AT_HWCAP) & asimddp;
#else
    return false;
#endif
}

/* Sets of one family are numbered upwards; a set of another family lets nothing but scalar pass. */
static bool is_within(pfld_isa isa, pfld_isa cap)
{
    bool x86_cap = cap >= PFLD_ISA_SSE2 && cap <= PFLD_ISA_AVX512;

    return isa == PFLD_ISA_SCALAR || cap == PFLD_ISA_AUTO || isa == cap || (x86_cap && isa <= cap);
}

pfld_isa cpu_best(pfld_isa cap)
{
    for (size_t i = 0; i < N_KERNELS; i++)
        if (is_within(with_kernels[i], cap) && cpu_has(with_kernels[i]))
            return with_kernels[i];
    return PFLD_ISA_SCALAR;
}

const char *cpu_isa_name(pfld_isa isa)
{
    return (size_t)isa < N_NAMES ? names[isa] : "?";
}

bool cpu_isa_parse(const char *name, pfld_isa *out)
{
    for (size_t i = 0; i < N_NAMES; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (pfld_isa)i;
            return true;
        }
    return false;
}
