/* Cuts: when a video goes on with another scene. */
#ifndef TRACK_CUTS_H
#define TRACK_CUTS_H

#include <stdbool.h>

#include "pfld/pfld.h"

enum { CUTS_COLUMNS = 16, CUTS_ROWS = 12, CUTS_CELLS = CUTS_COLUMNS * CUTS_ROWS };

typedef struct cuts {         /* zeroed: nothing seen yet */
    float before[CUTS_CELLS]; /* mean levels of the cells of the last frame that showed something */
    float contrast;           /* their standard deviation; 0: there was none */
} cuts;

/*
 * The next frame, a valid picture: true where it shows another scene than the one before. A picture
 * of one colour is no scene: what comes after black or a flash is compared with what was before.
 * Lighter and darker is the same scene; so is what has most in common with it: something passes, or
 * the camera turns. A scene that is dissolved into another is not told.
 */
bool cuts_next(cuts *c, const pfld_image *img);

#endif
