/* How long a piece of work takes at its best: the fastest of many short runs, so that a busy
 * machine does not matter much. The includer defines _POSIX_C_SOURCE. */
#ifndef BENCH_FASTEST_H
#define BENCH_FASTEST_H

#include <math.h>
#include <stddef.h>
#include <time.h>

enum { FASTEST_OF = 300 };
#define FASTEST_RUN 200e-6 /* seconds: a run repeats its work until it takes this long */

typedef void work_fn(void *arg);

static inline double fastest_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds of n calls. */
static inline double fastest_run(work_fn *work, void *arg, size_t n)
{
    double start = fastest_now();

    for (size_t i = 0; i < n; i++)
        work(arg);
    return fastest_now() - start;
}

/* Seconds of one call. */
static inline double fastest(work_fn *work, void *arg)
{
    size_t reps = 1;
    double best = HUGE_VAL;

    while (fastest_run(work, arg, reps) < FASTEST_RUN)
        reps *= 2;
    for (int run = 0; run < FASTEST_OF; run++)
        best = fmin(best, fastest_run(work, arg, reps) / (double)reps);
    return best;
}

#endif
