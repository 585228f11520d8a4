/*
 * The most that a core can do: multiply-adds on registers, with nothing to load and no result that
 * waits for another. Included once by each instruction set, which has defined ROOF_SUMS: as many
 * vectors as there are registers for.
 */
#include <stdint.h>

#include "kernels/sets.h"

VEC_TARGET static uint64_t roof_run(size_t rounds)
{
    vf sum[ROOF_SUMS], by = vf_set1(0.999f), and_add = vf_set1(0.001f), all = vf_zero();
    float keep[VL];

    KERNELS_UNROLL
    for (size_t i = 0; i < ROOF_SUMS; i++)
        sum[i] = vf_set1((float)i);
    for (size_t r = 0; r < rounds; r++) {
        KERNELS_UNROLL
        for (size_t i = 0; i < ROOF_SUMS; i++)
            sum[i] = vf_fma(sum[i], by, and_add);
    }
    KERNELS_UNROLL
    for (size_t i = 0; i < ROOF_SUMS; i++)
        all = vf_add(all, sum[i]);
    vf_store(keep, all);
    __asm__ volatile("" : : "r"(keep) : "memory"); /* or all of it is dropped */
    return (uint64_t)rounds * ROOF_SUMS * VL;
}
