/* Keeping a measurement on one CPU. */
#if defined(__linux__)
#  define _GNU_SOURCE /* sched_setaffinity(): Linux's own */
#endif
#include "cli/pin.h"

#include <errno.h>
#include <sched.h>

#include "core/error.h"

#if defined(__linux__)
pfld_status pin_to_cpu(long cpu, pfld_error *err)
{
    cpu_set_t set;

    if (cpu < 0 || cpu >= CPU_SETSIZE)
        return error_set(err, PFLD_ERR_ARG, "--pin: there is no CPU %ld", cpu);
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set))
        return errno == EINVAL ? error_set(err, PFLD_ERR_ARG, "--pin: there is no CPU %ld", cpu)
                               : error_sys(err, errno, "--pin %ld", cpu);
    return PFLD_OK;
}
#else
pfld_status pin_to_cpu(long cpu, pfld_error *err)
{
    return error_set(err, PFLD_ERR_UNSUPPORTED, "--pin %ld: not on this system", cpu);
}
#endif
