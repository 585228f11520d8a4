/* What happens to the pixels of a composed training picture: things before faces, light, lens,
 * sensor, file. */
#ifndef DATA_SCENE_EFFECTS_H
#define DATA_SCENE_EFFECTS_H

#include "data/scene_augment.h"

/* Faces that it leaves too few pixels of are set to ignore. */
void scene_effects(const scene_canvas *canvas, scene_faces *faces, rng *r);

#endif
