/* Photos laid into a training picture, and where their faces come to lie. */
#ifndef DATA_SCENE_PAINT_H
#define DATA_SCENE_PAINT_H

#include "data/scene.h"
#include "geometry/affine.h"

#define SCENE_MIN_SIDE 7.0f /* pixels: smaller faces are ignored; sides are sqrt(w h) */

typedef struct scene_layer {
    const pfld_image *photo;
    affine to_picture, to_photo; /* one the other's inverse */
    pfld_box region;             /* what is seen of the photo, its pixels; borders, not centres */
    float feather;               /* pixels of the picture over which the region's borders fade */
} scene_layer;

typedef struct scene_faces { /* zeroed: empty; at is freed with mem_free() */
    scene_face *at;
    size_t n, room;
} scene_faces;

/* All of a photo: its region. */
pfld_box scene_whole_region(const pfld_image *photo);
/* picture: RGB8; scratch: a row of it, where the layer fades. */
void scene_paint(pfld_image *picture, const scene_layer *l, uint8_t *scratch);
/* True where scene_paint() without feather would leave nothing of the picture. */
bool scene_covers(const pfld_image *picture, const scene_layer *l);

/*
 * Appends the photo's faces as they are seen in window, a part of the picture that the layer was
 * painted into (borders; the layer's (0, 0) is its top left pixel). Faces of which less than 40 %
 * is seen, and smaller ones than SCENE_MIN_SIDE, are set to ignore; those of which next to nothing
 * is seen are left out. Points are known where they are in the window or about to be. False: no
 * memory.
 */
bool scene_map_faces(const scene_face *faces, size_t n, const scene_layer *l,
                     const pfld_box *window, scene_faces *out);
/* The side of a face, for all rules on sizes. */
float scene_side(const pfld_box *box);
/* The part of a's area that b covers. */
float scene_covered(const pfld_box *a, const pfld_box *b);

#endif
