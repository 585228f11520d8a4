/* Picks the int8 kernel set: what the CPU has below the cap, else the specification. */
#include "kernels/int8.h"
#include "kernels/int8_sets.h"

const int8_kernels *int8_kernels_get(pfld_isa cap)
{
    (void)cap; /* no set of our own yet: the specification runs everywhere */
    return &int8_kernels_scalar;
}
