/* .pts: the points of one face, as 300-W stores them. */
#ifndef DATA_PTS_H
#define DATA_PTS_H

#include "data/text.h"
#include "pfld/pfld.h"

/*
 * Reads "version: 1", "n_points: N", "{", N lines "x y", "}". Exactly `want` points; they are
 * 1-based in the file and 0-based in points [want]. Messages start with the line: "line 5: 'nan'
 * is not a coordinate".
 */
pfld_status pts_parse(text all, size_t want, pfld_point *points, pfld_error *err);

#endif
