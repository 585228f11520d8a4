/* Line charts for people: error curves, training curves. */
#ifndef MEDIA_CHART_H
#define MEDIA_CHART_H

#include <stddef.h>

#include "pfld/pfld.h"

typedef struct chart_series {
    const char *name;
    const double *x, *y; /* [n]; a point that is not finite breaks the line */
    size_t n;
} chart_series;

typedef struct chart {
    const char *title, *x_label, *y_label; /* UTF-8 */
    const chart_series *series;            /* [n]; at most CHART_SERIES */
    size_t n;
    double x_max, y_max; /* axes start at 0; these 0: at the largest value */
} chart;

#define CHART_SERIES 6

/* Writes .svg or .png by the name's ending, whole or not at all. */
pfld_status chart_write(const char *path, const chart *c, pfld_error *err);

#endif
