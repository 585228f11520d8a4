/* Faces made unrecognisable. */
#ifndef MEDIA_BLUR_H
#define MEDIA_BLUR_H

#include "pfld/pfld.h"

/*
 * Pixelates, in place, the disc around box that holds all of a head's face: box is pfld_detect()'s,
 * forehead to chin. The blocks are a seventh of the box's side, which leaves nothing of eyes and
 * mouth. img is RGB8. What is not finite, or outside of the picture, changes nothing.
 */
void blur_face(pfld_image *img, const pfld_box *box);

#endif
