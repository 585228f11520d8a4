/* Decoded photos, kept while there is room, each decoded once for all who want it at a time. */
#include "data/photo_cache.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "image/image.h"
#include "media/codec.h"

typedef enum photo_state { PHOTO_ABSENT, PHOTO_LOADING, PHOTO_READY, PHOTO_BAD } photo_state;

typedef struct photo {
    photo_state state;
    pfld_status status; /* of PHOTO_BAD, and its message */
    char *message;      /* NULL: there was no memory for it */
    bool keep;          /* counted in used */
    size_t holders;
    media_image image;
    augment_photo view; /* of image */
} photo;

struct photo_cache {
    const photo_want *want; /* [n] */
    photo *photos;          /* [n] */
    size_t n, room, used;
    pthread_mutex_t lock; /* of all photos; views are only read while somebody holds them */
    pthread_cond_t loaded;
};

pfld_status photo_cache_create(const photo_want *photos, size_t n, size_t bytes, photo_cache **out,
                               pfld_error *err)
{
    photo_cache *c = mem_alloc(1, sizeof *c);

    *out = NULL;
    if (!c)
        return error_nomem(err);
    pthread_mutex_init(&c->lock, NULL); /* Linux' implementations cannot fail with these defaults */
    pthread_cond_init(&c->loaded, NULL);
    c->want = photos;
    c->n = n;
    c->room = bytes;
    c->photos = mem_alloc(n, sizeof *c->photos);
    if (!c->photos) {
        photo_cache_free(c);
        return error_nomem(err);
    }
    *out = c;
    return PFLD_OK;
}

void photo_cache_free(photo_cache *c)
{
    if (!c)
        return;
    for (size_t i = 0; c->photos && i < c->n; i++) {
        assert(c->photos[i].holders == 0);
        media_image_free(&c->photos[i].image);
        mem_free(c->photos[i].message);
    }
    mem_free(c->photos);
    pthread_cond_destroy(&c->loaded);
    pthread_mutex_destroy(&c->lock);
    mem_free(c);
}

/* Borders of photo and view coincide at the left and the top; the last column and row of the view
 * may reach beyond the photo, where its border is replicated. */
static pfld_status shrink(media_image *image, float by, augment_photo *view, pfld_error *err)
{
    const pfld_image *from = &image->view;
    affine to_photo = {by, 0.0f, 0.5f * by - 0.5f, 0.0f, by, 0.5f * by - 0.5f};
    media_image small = {0};

    small.view.width = (int32_t)ceilf((float)from->width / by);
    small.view.height = (int32_t)ceilf((float)from->height / by);
    small.view.format = from->format;
    small.view.stride = (ptrdiff_t)small.view.width * image_channels(from->format);
    small.view.data = mem_alloc((size_t)small.view.height, (size_t)small.view.stride);
    if (!small.view.data)
        return error_nomem(err);
    image_warp(from, &to_photo, &small.view);
    media_image_free(image);
    *image = small;
    view->from_photo =
        (affine){1.0f / by, 0.0f, 0.5f / by - 0.5f, 0.0f, 1.0f / by, 0.5f / by - 0.5f};
    return PFLD_OK;
}

static pfld_status colour(media_image *image, pfld_error *err)
{
    const affine identity = {1.0f, 0.0f, 0.0f, 0.0f, 1.0f, 0.0f};
    media_image wide = {image->view};

    wide.view.format = PFLD_RGB8;
    wide.view.stride = 3 * (ptrdiff_t)wide.view.width;
    wide.view.data = mem_alloc((size_t)wide.view.height, (size_t)wide.view.stride);
    if (!wide.view.data)
        return error_nomem(err);
    image_warp(&image->view, &identity, &wide.view);
    media_image_free(image);
    *image = wide;
    return PFLD_OK;
}

static pfld_status load(const photo_want *want, media_image *image, augment_photo *view,
                        pfld_error *err)
{
    pfld_status st = media_read(want->path, image, err);

    view->from_photo = (affine){1.0f, 0.0f, 0.0f, 0.0f, 1.0f, 0.0f};
    if (st == PFLD_OK && want->shrink >= PHOTO_WORTH)
        st = shrink(image, want->shrink, view, err);
    if (st == PFLD_OK && want->rgb && image->view.format == PFLD_GRAY8)
        st = colour(image, err);
    view->view = image->view;
    return st;
}

static size_t size_of(const photo *p)
{
    return (size_t)p->view.view.stride * (size_t)p->view.view.height;
}

/* Running out of memory is no fault of the photo's. */
static void note_failure(photo *p, pfld_status st, const pfld_error *err)
{
    size_t n = strlen(err->msg) + 1;

    media_image_free(&p->image);
    p->status = st;
    p->state = st == PFLD_ERR_NOMEM ? PHOTO_ABSENT : PHOTO_BAD;
    if (p->state == PHOTO_BAD && (p->message = mem_alloc(n, 1)) != NULL)
        memcpy(p->message, err->msg, n);
}

/* Called and returns with the lock, which it gives up meanwhile. */
static pfld_status load_unlocked(photo_cache *c, size_t i, pfld_error *err)
{
    photo *p = &c->photos[i];
    media_image image = {0};
    augment_photo view = {0};
    pfld_error trouble = {0};
    pfld_status st;

    p->state = PHOTO_LOADING;
    pthread_mutex_unlock(&c->lock);
    st = load(&c->want[i], &image, &view, &trouble);
    pthread_mutex_lock(&c->lock);
    p->image = image;
    p->view = view;
    if (st == PFLD_OK) {
        p->state = PHOTO_READY;
        p->keep = size_of(p) <= c->room - c->used;
        if (p->keep)
            c->used += size_of(p);
    } else {
        note_failure(p, st, &trouble);
        if (err)
            *err = trouble;
    }
    pthread_cond_broadcast(&c->loaded);
    return st;
}

pfld_status photo_cache_get(photo_cache *c, size_t i, const augment_photo **out, pfld_error *err)
{
    photo *p = &c->photos[i];
    pfld_status st = PFLD_OK;

    assert(i < c->n);
    *out = NULL;
    pthread_mutex_lock(&c->lock);
    while (p->state == PHOTO_LOADING)
        pthread_cond_wait(&c->loaded, &c->lock);
    if (p->state == PHOTO_BAD)
        st = error_set(err, p->status, "%s", p->message ? p->message : c->want[i].path);
    else if (p->state == PHOTO_ABSENT)
        st = load_unlocked(c, i, err);
    if (st == PFLD_OK) {
        p->holders++;
        *out = &p->view;
    }
    pthread_mutex_unlock(&c->lock);
    return st;
}

void photo_cache_put(photo_cache *c, size_t i)
{
    photo *p = &c->photos[i];
    media_image gone = {0};

    pthread_mutex_lock(&c->lock);
    assert(p->state == PHOTO_READY && p->holders > 0);
    if (--p->holders == 0 && !p->keep) {
        gone = p->image;
        p->image = (media_image){0};
        p->state = PHOTO_ABSENT;
    }
    pthread_mutex_unlock(&c->lock);
    media_image_free(&gone);
}
