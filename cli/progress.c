/* The line on a terminal that tells how far a long run is. */
#define _POSIX_C_SOURCE 200809L
#include "cli/progress.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/decimal.h"

#define BAR       16 /* columns */
#define INTERVAL  0.1
#define MOST_LEFT (1000.0 * 3600) /* seconds; beyond, it is a guess that helps nobody */

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool progress_is_possible(void)
{
    const char *term = getenv("TERM");

    return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

void progress_start(progress *p, size_t total)
{
    *p = (progress){.total = total};
    if (!progress_is_possible())
        return;
    p->to = stderr;
    p->start = now(); /* shown is 0: the first picture shows that something happens */
}

static size_t put_bar(const progress *p, char *buf)
{
    size_t full = p->done < p->total ? BAR * p->done / p->total : BAR;

    buf[0] = '[';
    memset(buf + 1, '#', full);
    memset(buf + 1 + full, '-', BAR - full);
    memcpy(buf + 1 + BAR, "] ", 3);
    return BAR + 3;
}

/* "  1:02:03 left", or nothing. */
static void put_left(const progress *p, double rate, char *buf, size_t room)
{
    double left = rate > 0 && p->done < p->total ? (double)(p->total - p->done) / rate : -1;
    unsigned long s = left >= 0 && left < MOST_LEFT ? (unsigned long)(left + 0.5) : 0;

    buf[0] = 0;
    if (left >= 0 && left < MOST_LEFT)
        snprintf(buf, room, "  %lu:%02lu:%02lu left", s / 3600, s / 60 % 60, s % 60);
}

char *progress_text(const progress *p, double seconds, char buf[PROGRESS_LINE])
{
    char done[DECIMAL_TEXT], total[DECIMAL_TEXT + 1] = "", faces[DECIMAL_TEXT], left[40];
    char whole[4 * PROGRESS_LINE];
    double rate = seconds > 0 ? (double)(p->done - p->skipped) / seconds : 0;
    size_t at = p->total ? put_bar(p, whole) : 0;

    if (p->total) {
        total[0] = '/';
        decimal_grouped(p->total, total + 1);
    }
    put_left(p, rate, left, sizeof left);
    snprintf(whole + at, sizeof whole - at, "%s%s  %.*f/s  %s face%s%s",
             decimal_grouped(p->done, done), total, rate < 10, rate,
             decimal_grouped(p->faces, faces), p->faces == 1 ? "" : "s", left);
    at = strlen(whole);
    at = at < PROGRESS_LINE ? at : PROGRESS_LINE - 1;
    memcpy(buf, whole, at);
    buf[at] = 0;
    return buf;
}

void progress_step(progress *p, size_t faces, bool skipped)
{
    char line[PROGRESS_LINE];
    double t;

    p->done++;
    p->skipped += skipped;
    p->faces += faces;
    if (!p->to || (t = now()) - p->shown < INTERVAL)
        return;
    p->shown = t;
    fprintf(p->to, "\r%s\033[K", progress_text(p, t - p->start, line));
    fflush(p->to);
    p->visible = true;
}

void progress_clear(progress *p)
{
    if (!p->visible)
        return;
    fputs("\r\033[K", p->to);
    fflush(p->to);
    p->visible = false;
    p->shown = 0; /* back at the next step */
}
