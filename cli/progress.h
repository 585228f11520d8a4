/* The line on a terminal that tells how far a long run is. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define PROGRESS_LINE 80 /* bytes that progress_text() needs: it fits a terminal of 80 columns */

typedef struct progress {
    FILE *to;       /* NULL: shows nothing */
    size_t total;   /* 0: not known */
    size_t done;    /* pictures, and with them: */
    size_t skipped; /* those that took no time */
    size_t faces;
    double start, shown; /* seconds */
    bool visible;
} progress;

/* Shows from now on, where stderr is a terminal that can move its cursor. */
void progress_start(progress *p, size_t total);
/* Counts what was done, and shows it ten times a second at most. */
void progress_step(progress *p, size_t faces, bool skipped);
/* Takes the line away: before a message, and at the end. */
void progress_clear(progress *p);

/* True where progress_start() would show: finding the total out may cost time. */
bool progress_is_possible(void);
/* The line after so many seconds; returns buf. */
char *progress_text(const progress *p, double seconds, char buf[PROGRESS_LINE]);

#endif
