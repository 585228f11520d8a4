/* Batches of augmented samples, made ahead by worker threads, the same for the same seed. */
#ifndef DATA_LOADER_H
#define DATA_LOADER_H

#include "core/pool.h"
#include "data/augment.h"
#include "data/facepose.h"
#include "data/sample.h"

typedef struct loader loader;

typedef struct loader_options {
    size_t batch, threads, ahead; /* threads 0: batches are made when they are asked for; ahead:
                                     batches that threads have ready at most; 0: 3 */
    pool *pool; /* of the caller: helps it with what isn't ready within loader_get(); may be NULL.
                   Where it has a thread for each CPU, threads would only be in its way. */
    int size;   /* of the crop, pixels; at most AUGMENT_MAX_SIZE */
    crop_rule rule;
    augment_options augment;
    const scheme *scheme; /* of the net; samples of another scheme know the points that both have
                             (data/scheme_map.h): of five, nose tip and mouth corners in ibug68 */
    uint64_t seed;
    size_t cache_bytes; /* of decoded photos kept; the rest is decoded again. 0: 1 GiB */
    bool shuffle;       /* weighted sampling without order; false: each once, in order */
} loader_options;

typedef struct batch {
    size_t n;
    const uint8_t *crops;    /* [n][size][size][3] RGB */
    const float *points;     /* [n][N][2], 0..1 over the crop; (0, 0) where not known */
    const float *mask;       /* [n][N]: 1 known, 0 not */
    const float *angles;     /* [n][3] yaw, pitch, roll in radians; NaN: unknown */
    const float *weight;     /* [n] class weight of eq. 2 */
    const uint32_t *classes; /* [n] */
    const uint32_t *index;   /* [n] of the sample in the set */
    const affine *to_image;  /* [n] crop pixels to photo pixels */
    bool end;                /* order mode: there are no more samples */
} batch;

/*
 * Fails where a sample's scheme has no points in common with opt->scheme. w NULL: weights of 1. set
 * and w must outlive the loader; messages is only read here.
 *
 * Order mode reads photos as inference does; if opt->augment is zeroed too, crops are what
 * detect/landmarks.c would see. Shuffled batches come from copies of large photos that are shrunk
 * to 1.4 times the crop's resolution.
 *
 * A photo that can't be read fails the batch with its name. With messages->skip_bad the next sample
 * takes its place (in order mode it is left out instead), and the first 10 are told, from within
 * loader_get().
 */
pfld_status loader_create(const data_set *set, const class_weights *w, const loader_options *opt,
                          const data_options *messages, loader **out, pfld_error *err);
/* At any time, also while batches are being made. Accepts NULL. */
void loader_free(loader *l);
/*
 * Step t's batch, counted from 0 (so that a resumed run goes on with the same bits); valid until
 * the next call. Its content depends on set, options and t alone, not on threads, ahead,
 * pool, cache_bytes, or what was asked before; asking for steps in turn is what is quick. In order
 * mode the last batch may be shorter, and under skip_bad n may be 0 before the end. A batch that
 * failed fails again when asked again, and the other ones can be asked for. One thread at a time.
 */
pfld_status loader_get(loader *l, uint64_t step, batch *out, pfld_error *err);

#endif
