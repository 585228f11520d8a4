/* Line charts for people: error curves, training curves. */
#ifndef MEDIA_CHART_H
#define MEDIA_CHART_H

#include <stdbool.h>
#include <stddef.h>

#include "pfld/pfld.h"

typedef struct chart_series {
    const char *name;    /* NULL: not in the legend */
    const double *x, *y; /* [n]; a point that cannot be drawn (not finite; not above 0 where the
                            axis is logarithmic) breaks the line */
    size_t n;
    bool pale; /* the noisy values of which the next series is the mean: in its colour, but faint */
} chart_series;

typedef struct chart_mark { /* a ring around a point, and words below it */
    double x, y;
    const char *text;
} chart_mark;

typedef struct chart {
    const char *title, *x_label, *y_label; /* UTF-8; other bytes are drawn as '?' */
    const chart_series *series;            /* [n]; at most CHART_SERIES */
    size_t n;
    double x_max, y_max;    /* axes start at 0; these 0: at the largest value */
    bool y_log;             /* logarithmic, around the values, whatever y_max */
    double height;          /* pixels; 0: 440 */
    const chart_mark *mark; /* NULL: none */
} chart;

#define CHART_SERIES 6

/* Writes .svg or .png by the name's ending, whole or not at all. */
pfld_status chart_write(const char *path, const chart *c, pfld_error *err);
/* Several charts in one picture, one below the other: panels [n]. */
pfld_status chart_write_stack(const char *path, const chart *panels, size_t n, pfld_error *err);
/* Several small ones, n above 0, in rows of up to three. */
pfld_status chart_write_grid(const char *path, const chart *panels, size_t n, pfld_error *err);

#endif
