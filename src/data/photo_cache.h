/* Decoded photos, kept while there is room, each decoded once for all who want it at a time. */
#ifndef DATA_PHOTO_CACHE_H
#define DATA_PHOTO_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "data/augment.h"

typedef struct photo_cache photo_cache;

typedef struct photo_want {
    const char *path; /* must outlive the cache */
    /* Pixels of the photo to one of the view: a copy shrunk by areas is kept in place of the photo
     * where this is large enough to be worth it (PHOTO_WORTH). */
    float shrink;
    bool rgb; /* grey photos become RGB8, which image_warp() is several times as fast with */
} photo_want;

#define PHOTO_WORTH 1.25f

/* The first photos that are asked for are kept, up to bytes in all; the others are decoded again
 * each time, as eviction would only make room for what random order asks for just as seldom. */
pfld_status photo_cache_create(const photo_want *photos, size_t n, size_t bytes, photo_cache **out,
                               pfld_error *err);
/* Nobody holds a photo any more. Accepts NULL. */
void photo_cache_free(photo_cache *c);

/*
 * *out stays until photo_cache_put(). What a view holds does not depend on what was asked before.
 * From any thread; threads that want the same photo wait for the one that decodes it. A photo that
 * can't be read is not tried again: same status, same message.
 */
pfld_status photo_cache_get(photo_cache *c, size_t i, const augment_photo **out, pfld_error *err);
void photo_cache_put(photo_cache *c, size_t i);

#endif
