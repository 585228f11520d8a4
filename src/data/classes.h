/* Which classes of eq. 2 a face is in. */
#ifndef DATA_CLASSES_H
#define DATA_CLASSES_H

#include "data/sample.h"

/* pose: NaN where unknown. scale: pixels in the outer eye corners' distance, seen frontally; 0:
 * unknown. 1u << data_class bits; 0 where nothing is known of the face. */
uint32_t classes_of(const data_sample *s, const pfld_pose *pose, float scale);
/* The same face's once it has this pose. */
uint32_t classes_turned(uint32_t classes, const pfld_pose *pose);

#endif
