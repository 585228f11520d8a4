/* The box of a labelled face as detectors learn it: of the width of its 68 points, from the chin to
 * above the brows by 0.18 of the points' height. */
#ifndef DATA_SCENE_BOX_H
#define DATA_SCENE_BOX_H

#include "data/sample.h"

/* By what the sample has: points around the face, else the five, else its own box. mtfl: the own
 * box is an older detector's, as in MTFL's list, and counts as much as the five. Always valid. */
pfld_box scene_box(const data_sample *s, bool mtfl);
/* The upright box around what was the ellipse inscribed in w x h and went through the linear map
 * a b; d e: quarter turns swap the sides, and a face that turns keeps its area, near enough. */
pfld_box scene_box_turned(pfld_point centre, float w, float h, const float map[4]);

#endif
