/* What people compute from landmarks: how far eyes and mouth are open, symmetry, facing. */
#ifndef GEOMETRY_MEASURES_H
#define GEOMETRY_MEASURES_H

#include "geometry/scheme.h"
#include "pfld/pfld.h"

/* All that the scheme can tell of points [s->n] and their pose, as pfld_measure() documents it; the
 * rest is NaN. */
void measures_of(const scheme *s, const pfld_point *points, const pfld_pose *pose,
                 pfld_measures *out);

/* pfld_events_update(): bits of pfld_event for what has just happened. */
uint32_t measures_events(pfld_events *e, const pfld_measures *m, double t);

#endif
