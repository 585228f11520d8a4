/* Several faces in one clip, cut out of their photos: each moves on its own. */
#ifndef EVAL_CROWD_H
#define EVAL_CROWD_H

#include "eval/clip.h"

enum { CROWD_WIDTH = 640, CROWD_HEIGHT = 480 };

/* The frame at t seconds, RGB8 and of the size above, and where each face is in it, [c->n]. */
void crowd_draw(const clip *c, double t, pfld_image *frame, clip_view views[]);

#endif
