/* Photos of a scene set for training pictures: drawn by weight, each kind for itself, decoded. */
#ifndef DATA_SCENE_PICK_H
#define DATA_SCENE_PICK_H

#include "core/rng.h"
#include "data/scene.h"
#include "geometry/affine.h"

typedef enum scene_kind {
    SCENE_WHOLE, /* with faces, all of them listed */
    SCENE_CROP,  /* scene_photo.is_crop */
    SCENE_EMPTY, /* without faces */
    SCENE_KINDS
} scene_kind;

typedef struct scene_pick scene_pick;

/* Pixels of a photo to one of its small copy: where photos are shrunk by more, the copy is what is
 * quick to warp. */
#define SCENE_SMALL 2.5f

typedef struct picked_photo {
    uint32_t index;         /* in the set */
    const pfld_image *view; /* RGB8 */
    bool is_small;
    affine from_photo; /* pixels of the photo to those of the view */
} picked_photo;

/* set must outlive it. skip_bad: another photo takes the place of one that can't be read. */
pfld_status scene_pick_create(const scene_set *set, size_t cache_bytes, bool skip_bad,
                              scene_pick **out, pfld_error *err);
/* Accepts NULL. */
void scene_pick_free(scene_pick *p);

/* Whether the set has photos of this kind whose weights are above 0. */
bool scene_pick_has(const scene_pick *p, scene_kind kind);
/* From any thread; *out stays until scene_pick_put(). What is drawn depends on the set and r alone.
 * scene_pick_has(kind) */
pfld_status scene_pick_draw(scene_pick *p, scene_kind kind, rng *r, picked_photo *out,
                            pfld_error *err);
pfld_status scene_pick_get(scene_pick *p, uint32_t index, picked_photo *out, pfld_error *err);
/* The same photo's small copy; both are put back. */
pfld_status scene_pick_small(scene_pick *p, const picked_photo *photo, picked_photo *out,
                             pfld_error *err);
void scene_pick_put(scene_pick *p, const picked_photo *photo);

/* The first photos that could not be read, each told once; false: no more news. */
bool scene_pick_trouble(scene_pick *p, pfld_error *out);

#endif
