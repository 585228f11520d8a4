/* How many threads a command uses. */
#define _POSIX_C_SOURCE 200809L
#include "cli/threads.h"

#include <unistd.h>

#include "core/pool.h"

size_t threads_or_cpus(long asked)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    if (asked)
        return (size_t)asked;
    return n < 1 ? 1 : n > POOL_MAX_THREADS ? POOL_MAX_THREADS : (size_t)n;
}
