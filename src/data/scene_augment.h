/* Composition: one training picture for detectors out of photos at random places and sizes. */
#ifndef DATA_SCENE_AUGMENT_H
#define DATA_SCENE_AUGMENT_H

#include "data/scene_paint.h"
#include "data/scene_pick.h"

#define SCENE_MAX_SIZE 512 /* pixels, of a picture's side: what effects.h takes */

typedef struct scene_canvas { /* of one thread */
    pfld_image picture;       /* RGB8, square, overwritten */
    uint8_t *scratch;         /* [side][side][3] */
} scene_canvas;

/*
 * All randomness from r. faces: emptied, then what the picture shows. *main: the photo that most of
 * it is made of. Allocates nothing but what faces grows.
 */
pfld_status scene_augment(scene_pick *pick, const scene_set *set, const scene_canvas *canvas,
                          rng *r, scene_faces *faces, uint32_t *main, pfld_error *err);
/* For validation: the photo as it is, shrunk to fit (or enlarged, at most 2 times) at the top left,
 * the rest black. */
pfld_status scene_plain(scene_pick *pick, const scene_set *set, uint32_t photo,
                        const scene_canvas *canvas, scene_faces *faces, pfld_error *err);

#endif
