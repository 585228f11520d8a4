/* Timing one thing again and again: for so many runs, or for so long. */
#ifndef CLI_STOPWATCH_H
#define CLI_STOPWATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "pfld/pfld.h"

typedef struct stopwatch {
    size_t runs;      /* at most so many; 0: no limit but the time */
    double budget_ms; /* at most for so long; 0: no limit but the runs; not both 0 */
    double *ms;       /* [n] of the runs, ascending */
    size_t n, room;
} stopwatch;

typedef struct stopwatch_pace {
    double start;
} stopwatch_pace;

double stopwatch_now_ms(void);

/* Runs body several times unmeasured: caches, page faults, and the CPU's clock, unless w->runs asks
 * for few. */
void stopwatch_warm_up(const stopwatch *w, void (*body)(void *), void *with);

/* For measurements of the caller's own: is there time for another run after `done` ones? One is
 * always made. */
stopwatch_pace stopwatch_begin(void);
bool stopwatch_goes_on(const stopwatch *w, stopwatch_pace pace, size_t done);

/* Warms up and measures. Only PFLD_ERR_NOMEM. */
pfld_status stopwatch_measure(stopwatch *w, void (*body)(void *), void *with, pfld_error *err);
/* After stopwatch_measure(). */
double stopwatch_min(const stopwatch *w);
double stopwatch_median(const stopwatch *w);
void stopwatch_free(stopwatch *w);

#endif
