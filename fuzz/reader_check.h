/* Any bytes as a list file of one format: a clear error, or a set that holds what it promises. */
#ifndef READER_CHECK_H
#define READER_CHECK_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/reader.h"

static inline void reader_check_sample(const data_sample *s)
{
    int n_known = 0;

    for (int i = 0; i < s->scheme->n; i++) {
        if (s->known[i] > 1)
            abort();
        if (s->known[i] && !(fabsf(s->points[i].x) <= TEXT_MAX_COORDINATE &&
                             fabsf(s->points[i].y) <= TEXT_MAX_COORDINATE))
            abort();
        n_known += s->known[i];
    }
    if (n_known == 0 || !(s->box.w > 0 || s->box.h > 0) || !isfinite(s->box.x + s->box.y) ||
        !*s->image || strlen(s->where) < 3) /* an absolute name can be as short as "/" */
        abort();
    if (s->has_pose == isnan(s->pose.yaw))
        abort();
}

static inline void reader_check(const char *format, const uint8_t *data, size_t size, bool skip_bad)
{
    data_set set = {0};
    data_options opt = {.skip_bad = skip_bad};
    pfld_error err = {0};
    reader_file file = {.format = format,
                        .path = "d/x",
                        .spec = "x",
                        .data = data,
                        .size = size,
                        .terms = {.weight = 1},
                        .no_files = true};
    pfld_status status = reader_run(&set, &file, &opt, &err);

    if (status ? set.n || set.n_sources || strlen(err.msg) < 5 : !set.n || set.n_sources != 1)
        abort();
    for (size_t i = 0; i < set.n; i++)
        reader_check_sample(&set.samples[i]);
    data_set_free(&set);
}

#endif
