/* Batches of square training pictures for detectors, composed of scenes: the same for a seed. */
#ifndef DATA_SCENE_LOADER_H
#define DATA_SCENE_LOADER_H

#include "core/pool.h"
#include "data/scene.h"

typedef struct scene_loader scene_loader;

typedef struct scene_options {
    size_t batch;
    int size; /* side of the pictures, pixels; at most 512 */
    uint64_t seed;
    pool *pool;         /* of the caller: makes the pictures within scene_loader_get() */
    size_t cache_bytes; /* of decoded photos kept; 0: 1 GiB */
    bool plain; /* no augmentation, each photo once and in order: shrunk to fit, the rest black */
    size_t part_first, part; /* only pictures part_first .. part_first + part - 1 of each batch are
                                made, the same as in the whole batch; part 0, and plain: all */
} scene_options;

typedef struct scene_batch {
    size_t n;
    const uint8_t *pixels;   /* [n][size][size][3] RGB */
    const scene_face *faces; /* of picture i: first[i] .. first[i + 1] - 1; in its pixels */
    const size_t *first;     /* [n + 1] */
    const uint32_t *index;   /* [n] of the (main) photo in the set */
    bool end;                /* plain: there are no more photos */
} scene_batch;

/*
 * set must outlive the loader; messages (its skip_bad, too) as in loader_create(). Weights say how
 * often a photo is drawn among those of its kind: whole ones, crops, and those without faces, whose
 * shares are scene_augment's.
 */
pfld_status scene_loader_create(const scene_set *set, const scene_options *opt,
                                const data_options *messages, scene_loader **out, pfld_error *err);
/* Accepts NULL. */
void scene_loader_free(scene_loader *l);
/* Step t's batch, valid until the next call; depends on set, options and t alone, not on pool or
 * cache_bytes. plain under skip_bad: n may be 0 before the end, where no photo can be read. */
pfld_status scene_loader_get(scene_loader *l, uint64_t step, scene_batch *out, pfld_error *err);

#endif
