/* What this CPU can run. */
#ifndef CORE_CPU_H
#define CORE_CPU_H

#include <stdbool.h>

#include "pfld/pfld.h"

/* True where CPU and operating system both support all that our kernels of this set use. */
bool cpu_has(pfld_isa isa);
/* NEON has dot products of bytes, SDOT and UDOT, on newer CPUs only. False on other machines. */
bool cpu_has_arm_dot(void);
/* The best set that we have kernels for, is not above cap, and that cpu_has(); AUTO caps nothing.
 */
pfld_isa cpu_best(pfld_isa cap);
/* "scalar", "avx2", ...; never NULL. */
const char *cpu_isa_name(pfld_isa isa);
/* False, and *out untouched, where the name is unknown. */
bool cpu_isa_parse(const char *name, pfld_isa *out);

#endif
