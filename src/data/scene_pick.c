/* Photos of a scene set for training pictures: drawn by weight, each kind for itself, decoded. */
#include "data/scene_pick.h"

#include <assert.h>
#include <pthread.h>

#include "core/error.h"
#include "core/mem.h"
#include "data/photo_cache.h"

#define TOLD 10 /* photos that can't be read */

typedef struct kind_list {
    uint32_t *photo; /* [n] */
    double *until;   /* [n]: the weights' sums */
    size_t n;
} kind_list;

struct scene_pick {
    const scene_set *set;
    bool skip_bad;
    arena mem;
    photo_cache *cache;
    kind_list lists[SCENE_KINDS];
    pthread_mutex_t lock; /* of all below */
    uint8_t *is_bad;      /* [n_photos] was noted */
    pfld_error bad[TOLD];
    size_t n_bad, n_told;
};

static scene_kind kind_of(const scene_photo *p)
{
    return p->n == 0 ? SCENE_EMPTY : p->is_crop ? SCENE_CROP : SCENE_WHOLE;
}

static pfld_status fill_lists(scene_pick *p, pfld_error *err)
{
    double sum[SCENE_KINDS] = {0};

    for (int k = 0; k < SCENE_KINDS; k++) {
        kind_list *l = &p->lists[k];
        l->photo = arena_alloc(&p->mem, p->set->n_photos, sizeof *l->photo);
        l->until = arena_alloc(&p->mem, p->set->n_photos, sizeof *l->until);
        if (!l->photo || !l->until)
            return error_nomem(err);
    }
    for (size_t i = 0; i < p->set->n_photos; i++) {
        scene_kind k = kind_of(&p->set->photos[i]);
        kind_list *l = &p->lists[k];
        if (!(p->set->photos[i].weight > 0.0f))
            continue;
        sum[k] += (double)p->set->photos[i].weight;
        l->photo[l->n] = (uint32_t)i;
        l->until[l->n++] = sum[k];
    }
    return PFLD_OK;
}

/* The photos, then their small copies. */
static pfld_status create_cache(scene_pick *p, size_t bytes, pfld_error *err)
{
    size_t n = p->set->n_photos;
    photo_want *want = arena_alloc(&p->mem, 2 * n, sizeof *want);

    if (!want)
        return error_nomem(err);
    for (size_t i = 0; i < n; i++) {
        want[i] = (photo_want){p->set->photos[i].image, 1.0f, true};
        want[n + i] = (photo_want){p->set->photos[i].image, SCENE_SMALL, true};
    }
    return photo_cache_create(want, 2 * n, bytes, &p->cache, err);
}

pfld_status scene_pick_create(const scene_set *set, size_t cache_bytes, bool skip_bad,
                              scene_pick **out, pfld_error *err)
{
    scene_pick *p = mem_alloc(1, sizeof *p);
    pfld_status status;

    *out = NULL;
    if (!p)
        return error_nomem(err);
    pthread_mutex_init(&p->lock, NULL); /* Linux' cannot fail with these defaults */
    p->set = set;
    p->skip_bad = skip_bad;
    p->is_bad = arena_alloc(&p->mem, set->n_photos, 1);
    status = p->is_bad ? fill_lists(p, err) : error_nomem(err);
    if (!status)
        status = create_cache(p, cache_bytes, err);
    if (status) {
        scene_pick_free(p);
        return status;
    }
    *out = p;
    return PFLD_OK;
}

void scene_pick_free(scene_pick *p)
{
    if (!p)
        return;
    photo_cache_free(p->cache);
    pthread_mutex_destroy(&p->lock);
    arena_free(&p->mem);
    mem_free(p);
}

bool scene_pick_has(const scene_pick *p, scene_kind kind)
{
    return p->lists[kind].n > 0;
}

/* The first whose sum of weights is above the place. */
static size_t find_place(const kind_list *l, double place)
{
    size_t lo = 0, hi = l->n - 1;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (l->until[mid] > place)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

static void note_bad(scene_pick *p, uint32_t index, const pfld_error *err)
{
    pthread_mutex_lock(&p->lock);
    if (!p->is_bad[index]) {
        p->is_bad[index] = 1;
        if (p->n_bad < TOLD)
            p->bad[p->n_bad++] = *err;
    }
    pthread_mutex_unlock(&p->lock);
}

bool scene_pick_trouble(scene_pick *p, pfld_error *out)
{
    bool has;

    pthread_mutex_lock(&p->lock);
    has = p->n_told < p->n_bad;
    if (has)
        *out = p->bad[p->n_told++];
    pthread_mutex_unlock(&p->lock);
    return has;
}

static pfld_status get(scene_pick *p, uint32_t index, bool is_small, picked_photo *out,
                       pfld_error *err)
{
    const augment_photo *photo;
    pfld_error local = {0};
    size_t at = is_small ? p->set->n_photos + index : index;
    pfld_status status = photo_cache_get(p->cache, at, &photo, &local);

    if (status) {
        if (status != PFLD_ERR_NOMEM && p->skip_bad)
            note_bad(p, index, &local);
        if (err)
            *err = local;
        return status;
    }
    *out = (picked_photo){index, &photo->view, is_small, photo->from_photo};
    return PFLD_OK;
}

pfld_status scene_pick_get(scene_pick *p, uint32_t index, picked_photo *out, pfld_error *err)
{
    return get(p, index, false, out, err);
}

pfld_status scene_pick_small(scene_pick *p, const picked_photo *photo, picked_photo *out,
                             pfld_error *err)
{
    return get(p, photo->index, true, out, err);
}

pfld_status scene_pick_draw(scene_pick *p, scene_kind kind, rng *r, picked_photo *out,
                            pfld_error *err)
{
    const kind_list *l = &p->lists[kind];
    pfld_status status = PFLD_OK;
    size_t at;

    assert(l->n > 0);
    at = find_place(l, (double)rng_float(r) * l->until[l->n - 1]);
    for (size_t tries = 0; tries < l->n; tries++, at = (at + 1) % l->n) {
        status = scene_pick_get(p, l->photo[at], out, err);
        if (status == PFLD_OK || status == PFLD_ERR_NOMEM || !p->skip_bad)
            return status;
    }
    return status;
}

void scene_pick_put(scene_pick *p, const picked_photo *photo)
{
    photo_cache_put(p->cache, photo->is_small ? p->set->n_photos + photo->index : photo->index);
}
