/* Batches of augmented samples, made ahead by worker threads, the same for the same seed. */
#include "data/loader.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/mem.h"
#include "data/face_box.h"
#include "data/photo_cache.h"
#include "data/sampler.h"
#include "data/scheme_map.h"

#define AHEAD       3
#define CACHE_BYTES ((size_t)1 << 30)
#define OVERSAMPLE  1.4f /* resolution of shrunk copies over that of an average crop of them */
#define MAX_THREADS 256
#define MAX_BATCH   65536
#define TOLD        10 /* photos that can't be read */
#define RADIANS     0.017453293f
#define LEFT_OUT    UINT32_MAX /* in place of an index */

typedef struct slot {     /* of the ring; step t's is t % n_slots */
    size_t n;             /* of samples */
    size_t claimed, done; /* the first claimed are being made or done */
    uint32_t *want;       /* [batch] samples; what they became is in index */
    uint8_t *crops;
    float *points, *mask, *angles, *weight;
    uint32_t *classes, *index;
    affine *to_image;
    pfld_status status; /* of the first sample that failed, */
    size_t failed;      /* which is this one */
    pfld_error error;
} slot;

typedef struct piece { /* of work: one sample of one batch */
    slot *of;
    uint64_t step;
    size_t j;
} piece;

struct loader {
    const data_set *set;
    const class_weights *weights;
    loader_options opt;
    data_options messages;
    arena mem;
    photo_cache *photos;
    uint32_t *photo_of; /* [set->n] */
    sampler sampler;    /* in shuffled mode */
    uint64_t noise;     /* what the samples' own seeds start from */

    pthread_t *threads;
    size_t n_threads;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work, done;
    bool stop, seeking;
    bool is_held; /* the caller has been given first */
    slot *slots;  /* [n_slots] */
    size_t n_slots, at_work;
    uint64_t first, planned; /* steps in the ring: first, which the caller has, to planned - 1 */
    uint8_t *is_bad;         /* [photos] was noted */
    pfld_error bad[TOLD];    /* the first of them */
    size_t n_bad, n_told;    /* of all; of those in bad that the caller has heard of */
};

/* --- one sample --------------------------------------------------------------------------------
 */

static pfld_image crop_of(const loader *l, const slot *s, size_t j)
{
    ptrdiff_t stride = 3 * (ptrdiff_t)l->opt.size;
    size_t bytes = (size_t)stride * (size_t)l->opt.size;

    return (pfld_image){s->crops + j * bytes, l->opt.size, l->opt.size, stride, PFLD_RGB8};
}

static void write_face(const loader *l, const data_sample *sample, const augment_face *f, slot *s,
                       size_t j)
{
    size_t n = (size_t)l->opt.scheme->n;
    pfld_point points[PFLD_MAX_LANDMARKS];
    uint8_t known[PFLD_MAX_LANDMARKS];

    scheme_map_points(sample->scheme, l->opt.scheme, f->points, f->known, points, known);
    for (size_t i = 0; i < n; i++) {
        s->points[2 * (j * n + i)] = points[i].x;
        s->points[2 * (j * n + i) + 1] = points[i].y;
        s->mask[j * n + i] = known[i] ? 1.0f : 0.0f;
    }
    s->angles[3 * j] = RADIANS * f->pose.yaw;
    s->angles[3 * j + 1] = RADIANS * f->pose.pitch;
    s->angles[3 * j + 2] = RADIANS * f->pose.roll;
    s->classes[j] = f->classes;
    s->weight[j] = l->weights ? class_weight(l->weights, f->classes) : 1.0f;
    s->to_image[j] = f->to_image;
}

/* For the caller to be told, once for each photo. */
static void note_bad(loader *l, uint32_t photo, const pfld_error *err)
{
    pthread_mutex_lock(&l->lock);
    if (!l->is_bad[photo]) {
        l->is_bad[photo] = 1;
        if (l->n_bad < TOLD)
            l->bad[l->n_bad] = *err;
        l->n_bad++;
    }
    pthread_mutex_unlock(&l->lock);
}

/* The photo of sample *i, or of the next that has one. */
static pfld_status get_photo(loader *l, uint32_t *i, const augment_photo **photo, pfld_error *err)
{
    pfld_status st = PFLD_OK;

    for (size_t tries = 0; tries < l->set->n; tries++) {
        st = photo_cache_get(l->photos, l->photo_of[*i], photo, err);
        if (st == PFLD_OK || st == PFLD_ERR_NOMEM || !l->messages.skip_bad)
            return st;
        note_bad(l, l->photo_of[*i], err);
        if (!l->opt.shuffle)
            return st;
        *i = (uint32_t)((*i + 1) % l->set->n);
    }
    return st;
}

static pfld_status make_sample(loader *l, const piece *p, pfld_error *err)
{
    slot *s = p->of;
    uint32_t i = s->want[p->j];
    pfld_image crop = crop_of(l, s, p->j);
    const augment_photo *photo = NULL;
    augment_face face;
    pfld_status st = get_photo(l, &i, &photo, err);
    rng r;

    s->index[p->j] = LEFT_OUT;
    if (st != PFLD_OK)
        return st;
    rng_seed(&r, l->noise + p->step * l->opt.batch + p->j);
    augment_make_from(&l->set->samples[i], photo, &l->opt.rule, &l->opt.augment, &r, &crop, &face);
    photo_cache_put(l->photos, l->photo_of[i]);
    s->index[p->j] = i;
    write_face(l, &l->set->samples[i], &face, s, p->j);
    return PFLD_OK;
}

/* --- the ring; all of it with the lock ---------------------------------------------------------
 */

static slot *slot_of(loader *l, uint64_t step)
{
    return &l->slots[step % l->n_slots];
}

/* Samples of the step's batch, before any is left out; 0: behind the last. */
static size_t count_of(const loader *l, uint64_t step)
{
    uint64_t place = step * l->opt.batch, left;

    if (l->opt.shuffle)
        return l->opt.batch;
    left = step <= l->set->n && place < l->set->n ? l->set->n - place : 0;
    return left < l->opt.batch ? (size_t)left : l->opt.batch;
}

static void plan_step(loader *l, uint64_t step)
{
    slot *s = slot_of(l, step);
    uint64_t place = step * l->opt.batch;

    s->n = count_of(l, step);
    s->claimed = s->done = 0;
    s->status = PFLD_OK;
    for (size_t j = 0; j < s->n; j++)
        s->want[j] =
            l->opt.shuffle ? (uint32_t)sampler_at(&l->sampler, place + j) : (uint32_t)(place + j);
}

static bool claim_from(loader *l, uint64_t step, piece *out)
{
    slot *s = slot_of(l, step);

    if (s->claimed == s->n)
        return false;
    *out = (piece){s, step, s->claimed++};
    l->at_work++;
    return true;
}

/* False: there is nothing to do until the caller gives a batch back. */
static bool claim(loader *l, piece *out)
{
    if (l->seeking)
        return false;
    for (uint64_t step = l->first; step < l->first + l->n_slots; step++) {
        if (step == l->planned)
            plan_step(l, l->planned++);
        if (claim_from(l, step, out))
            return true;
    }
    return false;
}

/* The caller hears of the sample that comes first in the batch, whichever failed first. In order
 * mode a bad photo is no trouble where it may be left out. */
static void note_trouble(const loader *l, const piece *p, pfld_status st, const pfld_error *err)
{
    slot *s = p->of;

    if (l->messages.skip_bad && !l->opt.shuffle && st != PFLD_ERR_NOMEM)
        return;
    if (s->status == PFLD_OK || p->j < s->failed) {
        s->status = st;
        s->failed = p->j;
        s->error = *err;
    }
}

/* Called and returns with the lock, which it gives up meanwhile. */
static void do_piece(loader *l, const piece *p)
{
    pfld_error err = {0};
    pfld_status st;

    pthread_mutex_unlock(&l->lock);
    st = make_sample(l, p, &err);
    pthread_mutex_lock(&l->lock);
    if (st != PFLD_OK)
        note_trouble(l, p, st, &err);
    p->of->done++;
    l->at_work--;
    if (p->of->done == p->of->n || l->at_work == 0)
        pthread_cond_broadcast(&l->done);
}

static void *worker_main(void *arg)
{
    loader *l = arg;
    piece p;

    pthread_mutex_lock(&l->lock);
    while (!l->stop) {
        if (claim(l, &p))
            do_piece(l, &p);
        else
            pthread_cond_wait(&l->work, &l->lock);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* --- the caller's side -------------------------------------------------------------------------
 */

/* Makes step the first of the ring: the usual next one, or, once the workers rest, any. */
static void turn_to(loader *l, uint64_t step)
{
    if (step != l->first + (l->is_held ? 1 : 0)) {
        l->seeking = true;
        while (l->at_work > 0)
            pthread_cond_wait(&l->done, &l->lock);
        l->seeking = false;
        l->planned = step;
    }
    l->first = step;
    l->is_held = true;
    if (l->planned == step)
        plan_step(l, l->planned++);
    pthread_cond_broadcast(&l->work);
}

static void tell(loader *l)
{
    while (l->n_told < l->n_bad && l->n_told < TOLD) {
        pfld_error note = l->bad[l->n_told++];
        if (!l->messages.message)
            continue;
        pthread_mutex_unlock(&l->lock);
        l->messages.message(l->messages.ctx, note.msg);
        pthread_mutex_lock(&l->lock);
    }
}

static void move_sample(const loader *l, slot *s, size_t to, size_t from)
{
    size_t n = (size_t)l->opt.scheme->n, bytes = 3 * (size_t)l->opt.size * (size_t)l->opt.size;

    memcpy(s->crops + to * bytes, s->crops + from * bytes, bytes);
    memcpy(s->points + 2 * to * n, s->points + 2 * from * n, 2 * n * sizeof *s->points);
    memcpy(s->mask + to * n, s->mask + from * n, n * sizeof *s->mask);
    memcpy(s->angles + 3 * to, s->angles + 3 * from, 3 * sizeof *s->angles);
    s->weight[to] = s->weight[from];
    s->classes[to] = s->classes[from];
    s->index[to] = s->index[from];
    s->to_image[to] = s->to_image[from];
}

/* Closes the gaps of samples that were left out. */
static void close_gaps(const loader *l, slot *s)
{
    size_t n = 0;

    for (size_t j = 0; j < s->n; j++) {
        if (s->index[j] == LEFT_OUT)
            continue;
        if (n < j)
            move_sample(l, s, n, j);
        n++;
    }
    s->n = s->claimed = s->done = n;
}

/* Those of the step's samples that nobody has begun: rather than to wait. */
static void help_with(loader *l, uint64_t step)
{
    piece p;

    pthread_mutex_lock(&l->lock);
    while (claim_from(l, step, &p))
        do_piece(l, &p);
    pthread_mutex_unlock(&l->lock);
}

typedef struct help {
    loader *with;
    uint64_t step;
} help;

static void help_task(void *ctx, size_t task, size_t thread)
{
    const help *h = ctx;

    (void)task;
    (void)thread;
    help_with(h->with, h->step);
}

/* Called and returns with the lock, which it gives up meanwhile. */
static void complete(loader *l, uint64_t step)
{
    slot *s = slot_of(l, step);
    help h = {l, step};

    if (s->claimed < s->n) {
        pthread_mutex_unlock(&l->lock);
        if (l->opt.pool)
            pool_run(l->opt.pool, help_task, &h, pool_thread_count(l->opt.pool));
        else
            help_with(l, step);
        pthread_mutex_lock(&l->lock);
    }
    while (s->done < s->n)
        pthread_cond_wait(&l->done, &l->lock);
}

pfld_status loader_get(loader *l, uint64_t step, batch *out, pfld_error *err)
{
    pfld_status st;
    slot *s;
    bool end;

    *out = (batch){0};
    pthread_mutex_lock(&l->lock);
    turn_to(l, step);
    s = slot_of(l, step);
    end = count_of(l, step) == 0;
    complete(l, step);
    tell(l);
    st = s->status;
    if (st != PFLD_OK && err)
        *err = s->error;
    if (st == PFLD_OK)
        close_gaps(l, s);
    pthread_mutex_unlock(&l->lock);
    if (st == PFLD_OK)
        *out = (batch){s->n,      s->crops,   s->points, s->mask,     s->angles,
                       s->weight, s->classes, s->index,  s->to_image, end};
    return st;
}

/* --- making and unmaking -----------------------------------------------------------------------
 */

static pfld_status check(const data_set *set, const loader_options *opt, pfld_error *err)
{
    if (set->n == 0 || set->n >= LEFT_OUT)
        return error_set(err, PFLD_ERR_ARG, "a set of %zu faces cannot be loaded", set->n);
    if (opt->batch < 1 || opt->batch > MAX_BATCH)
        return error_set(err, PFLD_ERR_ARG, "batches of %zu faces: 1 to %d wanted", opt->batch,
                         MAX_BATCH);
    if (opt->size < 1 || opt->size > AUGMENT_MAX_SIZE)
        return error_set(err, PFLD_ERR_ARG, "crops of %d pixels: 1 to %d wanted", opt->size,
                         AUGMENT_MAX_SIZE);
    if (opt->threads > MAX_THREADS || opt->ahead > MAX_BATCH)
        return error_set(err, PFLD_ERR_ARG, "%zu threads, %zu batches ahead: at most %d, %d",
                         opt->threads, opt->ahead, MAX_THREADS, MAX_BATCH);
    if (!(opt->rule.scale > 0.0f) || !isfinite(opt->rule.scale))
        return error_set(err, PFLD_ERR_ARG, "crop scale %g: a number above 0 wanted",
                         (double)opt->rule.scale);
    for (size_t i = 0; i < set->n; i++)
        if (!scheme_map_exists(set->samples[i].scheme, opt->scheme))
            return error_set(err, PFLD_ERR_ARG, "%s: points of scheme %s do not fit a net of %s",
                             set->samples[i].where, set->samples[i].scheme->name,
                             opt->scheme->name);
    return PFLD_OK;
}

typedef struct named { /* to sort samples by their photo */
    const char *path;
    uint32_t sample;
} named;

static int compare_named(const void *a, const void *b)
{
    const named *x = a, *y = b;

    return x->path == y->path ? 0 : strcmp(x->path, y->path);
}

static float shrink_of(const loader *l, const data_sample *s)
{
    pfld_box box = face_box(s);
    float side = l->opt.rule.scale * (box.w > box.h ? box.w : box.h);

    return l->opt.shuffle ? side / (OVERSAMPLE * (float)l->opt.size) : 1.0f;
}

/* Numbers the photos; one shared by faces of all sizes is shrunk for the smallest. */
static pfld_status list_photos(loader *l, photo_want *want, size_t *n, pfld_error *err)
{
    named *names = mem_alloc(l->set->n, sizeof *names);

    if (!names)
        return error_nomem(err);
    for (size_t i = 0; i < l->set->n; i++)
        names[i] = (named){l->set->samples[i].image, (uint32_t)i};
    qsort(names, l->set->n, sizeof *names, compare_named);
    *n = 0;
    for (size_t i = 0; i < l->set->n; i++) {
        float by = shrink_of(l, &l->set->samples[names[i].sample]);
        if (i == 0 || compare_named(&names[i - 1], &names[i]) != 0)
            want[(*n)++] = (photo_want){.path = names[i].path, .shrink = by};
        else if (by < want[*n - 1].shrink)
            want[*n - 1].shrink = by;
        l->photo_of[names[i].sample] = (uint32_t)(*n - 1);
    }
    mem_free(names);
    return PFLD_OK;
}

static pfld_status create_photos(loader *l, pfld_error *err)
{
    photo_want *want = arena_alloc(&l->mem, l->set->n, sizeof *want);
    size_t n = 0, bytes = l->opt.cache_bytes ? l->opt.cache_bytes : CACHE_BYTES;
    pfld_status st;

    l->photo_of = arena_alloc(&l->mem, l->set->n, sizeof *l->photo_of);
    l->is_bad = arena_alloc(&l->mem, l->set->n, sizeof *l->is_bad);
    if (!want || !l->photo_of || !l->is_bad)
        return error_nomem(err);
    st = list_photos(l, want, &n, err);
    return st == PFLD_OK ? photo_cache_create(want, n, bytes, &l->photos, err) : st;
}

static pfld_status create_sampler(loader *l, pfld_error *err)
{
    float *weight = arena_alloc(&l->mem, l->set->n, sizeof *weight);

    if (!weight)
        return error_nomem(err);
    for (size_t i = 0; i < l->set->n; i++)
        weight[i] = l->set->samples[i].weight;
    return sampler_create(&l->sampler, weight, l->set->n, l->opt.seed, err);
}

static bool alloc_slot(loader *l, slot *s)
{
    size_t b = l->opt.batch, n = (size_t)l->opt.scheme->n, size = (size_t)l->opt.size;
    arena *m = &l->mem;

    return (s->want = arena_alloc(m, b, sizeof *s->want)) != NULL &&
           (s->crops = arena_alloc(m, b, 3 * size * size)) != NULL &&
           (s->points = arena_alloc(m, b, 2 * n * sizeof *s->points)) != NULL &&
           (s->mask = arena_alloc(m, b, n * sizeof *s->mask)) != NULL &&
           (s->angles = arena_alloc(m, b, 3 * sizeof *s->angles)) != NULL &&
           (s->weight = arena_alloc(m, b, sizeof *s->weight)) != NULL &&
           (s->classes = arena_alloc(m, b, sizeof *s->classes)) != NULL &&
           (s->index = arena_alloc(m, b, sizeof *s->index)) != NULL &&
           (s->to_image = arena_alloc(m, b, sizeof *s->to_image)) != NULL;
}

static pfld_status create_ring(loader *l, pfld_error *err)
{
    l->n_slots = 1; /* the one that the caller has */
    if (l->opt.threads)
        l->n_slots += l->opt.ahead ? l->opt.ahead : AHEAD;
    l->slots = arena_alloc(&l->mem, l->n_slots, sizeof *l->slots);
    l->threads = arena_alloc(&l->mem, l->opt.threads, sizeof *l->threads);
    if (!l->slots || !l->threads)
        return error_nomem(err);
    for (size_t i = 0; i < l->n_slots; i++)
        if (!alloc_slot(l, &l->slots[i]))
            return error_nomem(err);
    return PFLD_OK;
}

static pfld_status start_threads(loader *l, pfld_error *err)
{
    for (; l->n_threads < l->opt.threads; l->n_threads++) {
        int sys = pthread_create(&l->threads[l->n_threads], NULL, worker_main, l);
        if (sys)
            return error_sys(err, sys, "cannot start thread %zu of %zu", l->n_threads + 1,
                             l->opt.threads);
    }
    return PFLD_OK;
}

pfld_status loader_create(const data_set *set, const class_weights *w, const loader_options *opt,
                          const data_options *messages, loader **out, pfld_error *err)
{
    pfld_status st = check(set, opt, err);
    loader *l;
    rng r;

    *out = NULL;
    if (st != PFLD_OK)
        return st;
    l = mem_alloc(1, sizeof *l);
    if (!l)
        return error_nomem(err);
    pthread_mutex_init(&l->lock, NULL); /* Linux' implementations cannot fail with these defaults */
    pthread_cond_init(&l->work, NULL);
    pthread_cond_init(&l->done, NULL);
    l->set = set;
    l->weights = w;
    l->opt = *opt;
    if (messages)
        l->messages = *messages;
    rng_seed(&r, opt->seed); /* neighbouring seeds must not share the samples' seeds */
    l->noise = rng_u64(&r);
    st = create_photos(l, err);
    if (st == PFLD_OK && opt->shuffle)
        st = create_sampler(l, err);
    if (st == PFLD_OK)
        st = create_ring(l, err);
    if (st == PFLD_OK)
        st = start_threads(l, err);
    if (st != PFLD_OK) {
        loader_free(l);
        return st;
    }
    *out = l;
    return PFLD_OK;
}

void loader_free(loader *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->lock);
    for (size_t i = 0; i < l->n_threads; i++)
        pthread_join(l->threads[i], NULL);
    photo_cache_free(l->photos);
    sampler_free(&l->sampler);
    pthread_cond_destroy(&l->done);
    pthread_cond_destroy(&l->work);
    pthread_mutex_destroy(&l->lock);
    arena_free(&l->mem);
    mem_free(l);
}
