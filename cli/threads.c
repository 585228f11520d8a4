/* How many threads a command uses. */
#if defined(__linux__)
#  define _GNU_SOURCE /* sched_getaffinity(): Linux's own */
#else
#  define _POSIX_C_SOURCE 200809L
#endif
#include "cli/threads.h"

#include <sched.h>
#include <unistd.h>

#include "core/pool.h"

size_t threads_or_cpus(long asked)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    if (asked)
        return (size_t)asked;
    return n < 1 ? 1 : n > POOL_MAX_THREADS ? POOL_MAX_THREADS : (size_t)n;
}

static size_t cpus_bound_to(void)
{
#if defined(__linux__)
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return (size_t)CPU_COUNT(&set);
#endif
    return POOL_MAX_THREADS;
}

size_t threads_beside(size_t processes)
{
    size_t share = threads_or_cpus(0) / processes, bound = cpus_bound_to();

    share = share < bound ? share : bound;
    return share < 1 ? 1 : share;
}
