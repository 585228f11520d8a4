/* From the boxes of face finders to the box around the landmarks. */
#ifndef DETECT_BOX_FROM_H
#define DETECT_BOX_FROM_H

#include <stdbool.h>

#include "geometry/affine.h"
#include "pfld/pfld.h"

/* The square around the landmarks: scale times the longer side of the finder's box, its centre
 * shifted by parts of that side. False, and *out untouched, where the kind is unknown. */
bool box_from_rule(pfld_box_kind kind, crop_rule *out);
pfld_box box_from_apply(const crop_rule *rule, const pfld_box *box);

#endif
