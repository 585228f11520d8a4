/* Timing one thing again and again: for so many runs, or for so long. */
#define _POSIX_C_SOURCE 200809L
#include "cli/stopwatch.h"

#include <stdlib.h>
#include <time.h>

#include "core/error.h"
#include "core/mem.h"

#define WARM_UP_RUNS 3
#define WARM_UP_MS   200.0 /* until the CPU's clock is up */

double stopwatch_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

void stopwatch_warm_up(const stopwatch *w, void (*body)(void *), void *with)
{
    double start = stopwatch_now_ms();

    for (int i = 0; i < WARM_UP_RUNS || (!w->runs && stopwatch_now_ms() - start < WARM_UP_MS); i++)
        body(with);
}

stopwatch_pace stopwatch_begin(void)
{
    return (stopwatch_pace){stopwatch_now_ms()};
}

bool stopwatch_goes_on(const stopwatch *w, stopwatch_pace pace, size_t done)
{
    if (done == 0)
        return true;
    return (!w->runs || done < w->runs) &&
           (w->budget_ms == 0 || stopwatch_now_ms() - pace.start < w->budget_ms);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

pfld_status stopwatch_measure(stopwatch *w, void (*body)(void *), void *with, pfld_error *err)
{
    stopwatch_pace pace;

    stopwatch_warm_up(w, body, with);
    pace = stopwatch_begin();
    for (w->n = 0; stopwatch_goes_on(w, pace, w->n);) {
        double before, *grown = mem_grow(w->ms, &w->room, w->n + 1, sizeof *grown);

        if (!grown)
            return error_nomem(err);
        w->ms = grown;
        before = stopwatch_now_ms();
        body(with);
        w->ms[w->n++] = stopwatch_now_ms() - before;
    }
    qsort(w->ms, w->n, sizeof *w->ms, compare);
    return PFLD_OK;
}

double stopwatch_min(const stopwatch *w)
{
    return w->ms[0];
}

double stopwatch_median(const stopwatch *w)
{
    return (w->ms[(w->n - 1) / 2] + w->ms[w->n / 2]) / 2;
}

void stopwatch_free(stopwatch *w)
{
    mem_free(w->ms);
    *w = (stopwatch){0};
}
