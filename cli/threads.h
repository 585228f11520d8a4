/* How many threads a command uses. */
#ifndef CLI_THREADS_H
#define CLI_THREADS_H

#include <stddef.h>

/* asked, or where that is 0 one for each CPU; at most POOL_MAX_THREADS then. */
size_t threads_or_cpus(long asked);
/* For each of so many processes on this machine: its share of the CPUs, and no more than those that
 * it is bound to. */
size_t threads_beside(size_t processes);

#endif
