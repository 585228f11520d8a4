/* Boxes: left, top, width, height in pixels, floats. */
#ifndef GEOMETRY_BOX_H
#define GEOMETRY_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pfld/pfld.h"

/* Finite, and wider and higher than 0. */
bool box_is_valid(const pfld_box *b);
/* Intersection over union, 0..1; 0 where a box is not valid. */
float box_iou(const pfld_box *a, const pfld_box *b);
/* The smallest box around n >= 1 points, from centre to centre: one point gives width 0. */
pfld_box box_around(const pfld_point *p, size_t n);
/* Greedy non-maximum suppression: of boxes [n], best first, those stay that overlap no better one
 * that stays by more than iou. Writes the places of the first cap that do to keep; returns how
 * many. */
size_t box_suppress(const pfld_box *boxes, size_t n, float iou, uint32_t *keep, size_t cap);

#endif
