/* Batches of square training pictures for detectors, composed of scenes: the same for a seed. */
#include "data/scene_loader.h"

#include <string.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/mem.h"
#include "data/scene_augment.h"

#define CACHE_BYTES ((size_t)1 << 30)
#define MAX_BATCH   65536

typedef struct piece { /* one picture of the batch */
    scene_faces faces;
    pfld_status status;
    pfld_error error;
} piece;

struct scene_loader {
    const scene_set *set;
    scene_options opt;
    data_options messages;
    arena mem;
    scene_pick *pick;
    uint64_t noise; /* what the pictures' own seeds start from */
    uint64_t step;
    uint8_t *pixels;
    uint8_t *scratch; /* [threads][size][size][3] */
    piece *pieces;    /* [part] */
    scene_face *faces;
    size_t room_faces, *first; /* [part + 1] */
    uint32_t *index;           /* [part] */
};

static size_t picture_bytes(const scene_loader *l)
{
    return 3 * (size_t)l->opt.size * (size_t)l->opt.size;
}

/* --- pictures -----------------------------------------------------------------------------------
 */

static void make_picture(void *ctx, size_t task, size_t thread)
{
    scene_loader *l = ctx;
    piece *p = &l->pieces[task];
    uint64_t place = l->step * l->opt.batch + l->opt.part_first + task;
    scene_canvas canvas = {{l->pixels + task * picture_bytes(l), l->opt.size, l->opt.size,
                            3 * (ptrdiff_t)l->opt.size, PFLD_RGB8},
                           l->scratch + thread * picture_bytes(l)};
    rng r;

    if (l->opt.plain) {
        l->index[task] = (uint32_t)place;
        p->status = scene_plain(l->pick, l->set, (uint32_t)place, &canvas, &p->faces, &p->error);
        return;
    }
    rng_seed(&r, l->noise + place);
    p->status = scene_augment(l->pick, l->set, &canvas, &r, &p->faces, &l->index[task], &p->error);
}

static void tell(scene_loader *l)
{
    pfld_error note;

    while (scene_pick_trouble(l->pick, &note))
        if (l->messages.message)
            l->messages.message(l->messages.ctx, note.msg);
}

/* In plain mode photos that can't be read may be left out; what follows moves up. */
static pfld_status close_gaps(scene_loader *l, size_t *n, pfld_error *err)
{
    size_t kept = 0, bytes = picture_bytes(l);

    for (size_t i = 0; i < *n; i++) {
        piece *p = &l->pieces[i], hole;
        bool can_skip = l->opt.plain && l->messages.skip_bad && p->status != PFLD_ERR_NOMEM;
        if (p->status && !can_skip) {
            if (err)
                *err = p->error;
            return p->status;
        }
        if (p->status)
            continue;
        if (kept < i) {
            memcpy(l->pixels + kept * bytes, l->pixels + i * bytes, bytes);
            l->index[kept] = l->index[i];
            hole = l->pieces[kept];
            l->pieces[kept] = *p;
            *p = hole;
        }
        kept++;
    }
    *n = kept;
    return PFLD_OK;
}

static pfld_status gather_faces(scene_loader *l, size_t n, pfld_error *err)
{
    scene_face *more;
    size_t total = 0;

    for (size_t i = 0; i < n; i++)
        total += l->pieces[i].faces.n;
    more = mem_grow(l->faces, &l->room_faces, total + 1, sizeof *more);
    if (!more)
        return error_nomem(err);
    l->faces = more;
    l->first[0] = 0;
    for (size_t i = 0; i < n; i++) {
        const scene_faces *f = &l->pieces[i].faces;
        if (f->n)
            memcpy(l->faces + l->first[i], f->at, f->n * sizeof *f->at);
        l->first[i + 1] = l->first[i] + f->n;
    }
    return PFLD_OK;
}

pfld_status scene_loader_get(scene_loader *l, uint64_t step, scene_batch *out, pfld_error *err)
{
    size_t n = l->opt.part;
    uint64_t batches = (l->set->n_photos + n - 1) / n;
    bool end = l->opt.plain && step >= batches;
    pfld_status status;

    *out = (scene_batch){0};
    if (end)
        n = 0;
    else if (l->opt.plain && step == batches - 1)
        n = l->set->n_photos - (size_t)step * n;
    l->step = step;
    pool_run(l->opt.pool, make_picture, l, n);
    tell(l);
    status = close_gaps(l, &n, err);
    if (!status)
        status = gather_faces(l, n, err);
    if (!status)
        *out = (scene_batch){n, l->pixels, l->faces, l->first, l->index, end};
    return status;
}

/* --- making and unmaking ------------------------------------------------------------------------
 */

static pfld_status check(const scene_set *set, const scene_options *opt, pfld_error *err)
{
    if (set->n_photos == 0)
        return error_set(err, PFLD_ERR_ARG, "a set without photos cannot be loaded");
    if (opt->batch < 1 || opt->batch > MAX_BATCH)
        return error_set(err, PFLD_ERR_ARG, "batches of %zu pictures: 1 to %d wanted", opt->batch,
                         MAX_BATCH);
    if (opt->part > opt->batch || opt->part_first > opt->batch - opt->part)
        return error_set(err, PFLD_ERR_ARG,
                         "%zu pictures from %zu on are no part of a batch of %zu", opt->part,
                         opt->part_first, opt->batch);
    if (opt->size < 1 || opt->size > SCENE_MAX_SIZE)
        return error_set(err, PFLD_ERR_ARG, "pictures of %d pixels: 1 to %d wanted", opt->size,
                         SCENE_MAX_SIZE);
    for (size_t i = 0; i < set->n_photos; i++)
        if (set->photos[i].weight > 0.0f)
            return PFLD_OK;
    return error_set(err, PFLD_ERR_ARG, "none of %zu photos has a weight above 0", set->n_photos);
}

static bool alloc_batch(scene_loader *l)
{
    size_t n = l->opt.part, threads = pool_thread_count(l->opt.pool);
    arena *m = &l->mem;

    return (l->pixels = arena_alloc(m, n, picture_bytes(l))) != NULL &&
           (l->scratch = arena_alloc(m, threads, picture_bytes(l))) != NULL &&
           (l->pieces = arena_alloc(m, n, sizeof *l->pieces)) != NULL &&
           (l->first = arena_alloc(m, n + 1, sizeof *l->first)) != NULL &&
           (l->index = arena_alloc(m, n, sizeof *l->index)) != NULL;
}

pfld_status scene_loader_create(const scene_set *set, const scene_options *opt,
                                const data_options *messages, scene_loader **out, pfld_error *err)
{
    pfld_status status = check(set, opt, err);
    scene_loader *l;
    rng r;

    *out = NULL;
    if (status)
        return status;
    l = mem_alloc(1, sizeof *l);
    if (!l)
        return error_nomem(err);
    l->set = set;
    l->opt = *opt;
    if (!opt->part || opt->plain) {
        l->opt.part_first = 0;
        l->opt.part = opt->batch;
    }
    if (messages)
        l->messages = *messages;
    rng_seed(&r, opt->seed); /* neighbouring seeds must not share the pictures' seeds */
    l->noise = rng_u64(&r);
    status = scene_pick_create(set, opt->cache_bytes ? opt->cache_bytes : CACHE_BYTES,
                               l->messages.skip_bad, &l->pick, err);
    if (!status && !alloc_batch(l))
        status = error_nomem(err);
    if (status) {
        scene_loader_free(l);
        return status;
    }
    *out = l;
    return PFLD_OK;
}

void scene_loader_free(scene_loader *l)
{
    if (!l)
        return;
    for (size_t i = 0; l->pieces && i < l->opt.part; i++)
        mem_free(l->pieces[i].faces.at);
    mem_free(l->faces);
    scene_pick_free(l->pick);
    arena_free(&l->mem);
    mem_free(l);
}
