/* How many threads a command uses. */
#ifndef CLI_THREADS_H
#define CLI_THREADS_H

#include <stddef.h>

/* asked, or where that is 0 one for each CPU; at most POOL_MAX_THREADS then. */
size_t threads_or_cpus(long asked);

#endif
