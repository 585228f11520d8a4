/* data/loader, sampler, photo_cache: the same batches however they are made, and no photo twice. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "data/face_box.h"
#include "data/loader.h"
#include "data/photo_cache.h"
#include "data/sampler.h"
#include "image/image.h"
#include "media/codec.h"

#define SIZE    32
#define N       68
#define PHOTOS  7
#define SAMPLES 11 /* a prime, and more than photos */
#define BATCH   4

/* --- what stands between the library and the world ---------------------------------------------
 */

static atomic_int photos_read;
static bool readers_meet; /* each waits until BATCH of them are there */
static pthread_barrier_t meeting;
static atomic_long allocations_left = -1; /* < 0: no end of them */

pfld_status __real_media_read(const char *path, media_image *out, pfld_error *err);
pfld_status __wrap_media_read(const char *path, media_image *out, pfld_error *err);
void *__real_mem_alloc(size_t n, size_t size);
void *__wrap_mem_alloc(size_t n, size_t size);

pfld_status __wrap_media_read(const char *path, media_image *out, pfld_error *err)
{
    atomic_fetch_add(&photos_read, 1);
    if (readers_meet)
        pthread_barrier_wait(&meeting);
    return __real_media_read(path, out, err);
}

void *__wrap_mem_alloc(size_t n, size_t size)
{
    if (atomic_load(&allocations_left) >= 0 && atomic_fetch_sub(&allocations_left, 1) <= 0) {
        atomic_store(&allocations_left, 0);
        return NULL;
    }
    return __real_mem_alloc(n, size);
}

/* --- a little data set -------------------------------------------------------------------------
 */

typedef struct fixture {
    char folder[64];
    char paths[PHOTOS + 2][96]; /* the last but one is missing, the last is no picture */
    data_set set;
    data_sample samples[SAMPLES];
    pfld_point points[SAMPLES][N];
    uint8_t known[SAMPLES][N];
    char where[SAMPLES][16];
} fixture;

static void write_photo(const char *path, int side, rng *r)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    fprintf(f, "P6 %d %d 255\n", side, side);
    for (int i = 0; i < 3 * side * side; i++)
        putc((int)(rng_u64(r) & 255), f);
    assert_int_equal(fclose(f), 0);
}

static int set_up(void **state)
{
    fixture *x = calloc(1, sizeof *x);
    FILE *f;
    rng r;

    assert_non_null(x);
    rng_seed(&r, 1);
    strcpy(x->folder, "/tmp/pfld-loader-XXXXXX");
    assert_non_null(mkdtemp(x->folder));
    for (int i = 0; i < PHOTOS + 2; i++)
        snprintf(x->paths[i], sizeof x->paths[i], "%s/%d.ppm", x->folder, i);
    for (int i = 0; i < PHOTOS; i++)
        write_photo(x->paths[i], 40 + 60 * i, &r);
    f = fopen(x->paths[PHOTOS + 1], "wb");
    assert_non_null(f);
    fputs("P6 40 40 255\nshort", f);
    fclose(f);
    for (int i = 0; i < SAMPLES; i++) {
        data_sample *s = &x->samples[i];
        float side = (float)(40 + 60 * (i % PHOTOS));
        snprintf(x->where[i], sizeof x->where[i], "list:%d", i + 1);
        *s = (data_sample){.image = x->paths[i % PHOTOS],
                           .where = x->where[i],
                           .scheme = scheme_find("ibug68"),
                           .points = x->points[i],
                           .known = x->known[i],
                           .classes = 1u << (i % DATA_CLASSES),
                           .pose = {.pitch = (float)i, .yaw = 10.0f, .roll = -5.0f},
                           .weight = 1.0f};
        memset(x->known[i], 1, N);
        for (int k = 0; k < N; k++)
            x->points[i][k] = (pfld_point){side * (0.2f + 0.6f * rng_float(&r)),
                                           side * (0.2f + 0.6f * rng_float(&r))};
    }
    x->set = (data_set){.samples = x->samples, .n = SAMPLES, .room = SAMPLES};
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    fixture *x = *state;

    for (int i = 0; i < PHOTOS + 2; i++)
        unlink(x->paths[i]);
    rmdir(x->folder);
    free(x);
    return 0;
}

static loader_options options_for(size_t threads)
{
    return (loader_options){.batch = BATCH,
                            .threads = threads,
                            .size = SIZE,
                            .rule = {.scale = 1.1f},
                            .augment = augment_recipe("default"),
                            .scheme = scheme_find("ibug68"),
                            .seed = 42,
                            .shuffle = true};
}

static loader *open_loader(const data_set *set, const loader_options *opt)
{
    pfld_error err = {0};
    loader *l = NULL;

    assert_int_equal(loader_create(set, NULL, opt, NULL, &l, &err), PFLD_OK);
    assert_non_null(l);
    return l;
}

static uint64_t mix(uint64_t hash, const void *data, size_t n)
{
    for (const uint8_t *p = data, *end = p + n; p < end; p++)
        hash = (hash ^ *p) * 0x100000001b3u;
    return hash;
}

/* Of all that the batch holds. */
static uint64_t hash_of(const batch *b)
{
    uint64_t h = mix(0xcbf29ce484222325u, &b->n, sizeof b->n);

    h = mix(h, b->crops, b->n * SIZE * SIZE * 3);
    h = mix(h, b->points, b->n * N * 2 * sizeof *b->points);
    h = mix(h, b->mask, b->n * N * sizeof *b->mask);
    h = mix(h, b->angles, b->n * 3 * sizeof *b->angles);
    h = mix(h, b->weight, b->n * sizeof *b->weight);
    h = mix(h, b->classes, b->n * sizeof *b->classes);
    h = mix(h, b->index, b->n * sizeof *b->index);
    return mix(h, b->to_image, b->n * sizeof *b->to_image);
}

static uint64_t hash_at(loader *l, uint64_t step)
{
    pfld_error err = {0};
    batch b;

    assert_int_equal(loader_get(l, step, &b, &err), PFLD_OK);
    assert_int_equal(b.n, BATCH);
    return hash_of(&b);
}

/* --- the same batches --------------------------------------------------------------------------
 */

enum { STEPS = 12 };

static void batches_do_not_depend_on_how_they_are_made(void **state)
{
    static const struct {
        size_t threads, ahead, cache, pool;
    } ways[] = {{0, 0, 0, 0}, {1, 1, 1, 0},      {3, 5, 100000, 0}, {2, 2, 0, 0},
                {0, 0, 0, 1}, {0, 7, 100000, 3}, {0, 0, 1, 5},      {2, 1, 1, 2}};
    fixture *x = *state;
    uint64_t want[STEPS];

    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
        loader_options opt = options_for(ways[k].threads);
        loader *l;
        if (ways[k].pool)
            assert_int_equal(pool_create(ways[k].pool, &opt.pool, NULL), PFLD_OK);
        opt.ahead = ways[k].ahead;
        opt.cache_bytes = ways[k].cache;
        l = open_loader(&x->set, &opt);
        for (uint64_t t = 0; t < STEPS; t++) {
            uint64_t h = hash_at(l, t);
            if (k == 0)
                want[t] = h;
            assert_true(h == want[t]);
            assert_true(t == 0 || h != want[t - 1]);
        }
        loader_free(l);
        pool_free(opt.pool);
    }
}

/* Its threads wait for each other within a sample, so this ends only if each of them makes one. */
static void a_pool_shares_the_batch(void **state)
{
    fixture *x = *state;
    loader_options opt = options_for(0);
    loader *l;

    opt.shuffle = false; /* so that each sample has a photo of its own */
    assert_int_equal(pool_create(BATCH, &opt.pool, NULL), PFLD_OK);
    l = open_loader(&x->set, &opt);
    assert_int_equal(pthread_barrier_init(&meeting, NULL, BATCH), 0);
    atomic_store(&photos_read, 0);
    readers_meet = true;
    hash_at(l, 0);
    readers_meet = false;
    assert_int_equal(atomic_load(&photos_read), BATCH);
    pthread_barrier_destroy(&meeting);
    loader_free(l);
    pool_free(opt.pool);
}

static void any_step_can_be_asked_for(void **state)
{
    static const uint64_t order[] = {9, 10, 3, 3, 4, 0, 11, 1, 2};
    fixture *x = *state;
    loader_options opt = options_for(2);
    loader *l = open_loader(&x->set, &opt), *again;
    uint64_t want[STEPS];

    for (uint64_t t = 0; t < STEPS; t++)
        want[t] = hash_at(l, t);
    loader_free(l);
    again = open_loader(&x->set, &opt);
    for (size_t k = 0; k < sizeof order / sizeof *order; k++)
        assert_true(hash_at(again, order[k]) == want[order[k]]);
    hash_at(again, 1000000000000u);
    loader_free(again);
}

static void another_seed_makes_other_batches(void **state)
{
    fixture *x = *state;
    loader_options opt = options_for(1);
    loader *l = open_loader(&x->set, &opt), *other;

    opt.seed++;
    other = open_loader(&x->set, &opt);
    for (uint64_t t = 0; t < 4; t++)
        for (uint64_t u = 0; u < 4; u++)
            assert_true(hash_at(l, t) != hash_at(other, u));
    loader_free(l);
    loader_free(other);
}

static void a_batch_stays_until_the_next_call(void **state)
{
    fixture *x = *state;
    loader_options opt = options_for(2);
    loader *l;
    pfld_error err;
    batch b;
    uint64_t h;

    opt.ahead = 1;
    l = open_loader(&x->set, &opt);
    for (uint64_t t = 0; t < 20; t++) {
        assert_int_equal(loader_get(l, t, &b, &err), PFLD_OK);
        h = hash_of(&b);
        for (int i = 0; i < 100; i++) /* while the workers are busy with the ring's other slots */
            assert_true(hash_of(&b) == h);
    }
    loader_free(l);
}

static void every_sample_comes_once_in_an_epoch(void **state)
{
    fixture *x = *state;
    loader_options opt = options_for(2);
    loader *l;
    int count[SAMPLES] = {0};
    pfld_error err;
    batch b;

    opt.batch = 1;
    l = open_loader(&x->set, &opt);
    for (uint64_t t = 0; t < 3 * SAMPLES; t++) {
        assert_int_equal(loader_get(l, t, &b, &err), PFLD_OK);
        count[b.index[0]]++;
        for (int i = 0; t % SAMPLES == SAMPLES - 1 && i < SAMPLES; i++)
            assert_int_equal(count[i], (int)(t / SAMPLES) + 1);
    }
    loader_free(l);
}

static void what_a_batch_says_of_a_sample_is_true(void **state)
{
    fixture *x = *state;
    loader_options opt = options_for(1);
    class_weights w = {.weight = {1, 2, 3, 4, 5, 6}};
    loader *l = NULL;
    pfld_error err;
    batch b;

    opt.augment = (augment_options){0};
    assert_int_equal(loader_create(&x->set, &w, &opt, NULL, &l, &err), PFLD_OK);
    for (uint64_t t = 0; t < 6; t++) {
        assert_int_equal(loader_get(l, t, &b, &err), PFLD_OK);
        for (size_t j = 0; j < b.n; j++) {
            const data_sample *s = &x->samples[b.index[j]];
            assert_int_equal(b.classes[j], s->classes);
            assert_true(b.weight[j] == class_weight(&w, s->classes));
            assert_true(fabsf(b.angles[3 * j] - 0.17453293f) < 1e-6f);
            assert_true(fabsf(b.angles[3 * j + 1] - 0.017453293f * s->pose.pitch) < 1e-6f);
            assert_true(fabsf(b.angles[3 * j + 2] + 0.08726646f) < 1e-6f);
            for (int k = 0; k < N; k++) {
                const float *q = b.points + 2 * (j * N + (size_t)k);
                pfld_point p = {q[0] * SIZE - 0.5f, q[1] * SIZE - 0.5f};
                p = affine_apply(&b.to_image[j], p);
                assert_true(fabsf(p.x - s->points[k].x) < 1e-3f);
                assert_true(fabsf(p.y - s->points[k].y) < 1e-3f);
                assert_true(b.mask[j * N + (size_t)k] == 1.0f);
            }
        }
    }
    loader_free(l);
}

static void five_points_train_three_of_68(void **state)
{
    fixture *x = *state;
    loader_options opt = options_for(1);
    loader *l;
    pfld_error err;
    batch b;

    for (int i = 0; i < SAMPLES; i++)
        x->samples[i].scheme = scheme_find("five");
    l = open_loader(&x->set, &opt);
    assert_int_equal(loader_get(l, 0, &b, &err), PFLD_OK);
    for (int k = 0; k < N; k++)
        assert_true(b.mask[k] == (k == 30 || k == 48 || k == 54 ? 1.0f : 0.0f));
    loader_free(l);
}

/* --- order -------------------------------------------------------------------------------------
 */

static void order_mode_gives_each_sample_once(void **state)
{
    fixture *x = *state;

    for (size_t threads = 0; threads < 3; threads++) {
        loader_options opt = options_for(threads);
        uint32_t next = 0;
        pfld_error err;
        loader *l;
        batch b;
        opt.shuffle = false;
        opt.augment = (augment_options){0};
        l = open_loader(&x->set, &opt);
        for (uint64_t t = 0; t < 6; t++) {
            assert_int_equal(loader_get(l, t, &b, &err), PFLD_OK);
            assert_int_equal(b.n, t < 2 ? 4 : t == 2 ? 3 : 0);
            for (size_t j = 0; j < b.n; j++)
                assert_int_equal(b.index[j], next++);
        }
        assert_int_equal(next, SAMPLES);
        assert_int_equal(loader_get(l, UINT64_MAX / 2, &b, &err), PFLD_OK);
        assert_int_equal(b.n, 0);
        loader_free(l);
    }
}

static void order_mode_crops_as_inference_does(void **state)
{
    fixture *x = *state;
    loader_options opt = options_for(1);
    uint8_t pixels[SIZE * SIZE * 3];
    pfld_image want = {pixels, SIZE, SIZE, 3 * SIZE, PFLD_RGB8};
    pfld_error err;
    loader *l;
    batch b;

    opt.shuffle = false;
    opt.augment = (augment_options){0};
    opt.batch = SAMPLES;
    l = open_loader(&x->set, &opt);
    assert_int_equal(loader_get(l, 0, &b, &err), PFLD_OK);
    for (size_t j = 0; j < b.n; j++) {
        pfld_box box = face_box(&x->samples[j]);
        affine t = affine_from_crop(&box, &opt.rule, 0.0f, SIZE);
        media_image photo;
        assert_int_equal(media_read(x->samples[j].image, &photo, &err), PFLD_OK);
        image_warp(&photo.view, &t, &want);
        assert_memory_equal(b.crops + j * sizeof pixels, pixels, sizeof pixels);
        media_image_free(&photo);
    }
    loader_free(l);
}

/* --- photos ------------------------------------------------------------------------------------
 */

static void shared_photos_are_decoded_once(void **state)
{
    fixture *x = *state;
    loader_options opt = options_for(3);
    loader *l;

    atomic_store(&photos_read, 0);
    l = open_loader(&x->set, &opt);
    for (uint64_t t = 0; t < 30; t++)
        hash_at(l, t);
    assert_int_equal(atomic_load(&photos_read), PHOTOS);
    loader_free(l);
}

static void a_missing_photo_fails_its_batch_by_name(void **state)
{
    fixture *x = *state;

    for (int bad = PHOTOS; bad < PHOTOS + 2; bad++) {
        loader_options opt = options_for(2);
        int failed = 0, done = 0;
        loader *l;
        batch b;
        x->samples[5].image = x->paths[bad];
        l = open_loader(&x->set, &opt);
        for (uint64_t t = 0; t < 11; t++) {
            pfld_error err = {0};
            pfld_status st = loader_get(l, t, &b, &err);
            if (st == PFLD_OK) {
                for (size_t j = 0; j < b.n; j++)
                    assert_int_not_equal(b.index[j], 5);
                done++;
                continue;
            }
            assert_int_equal(st, bad == PHOTOS ? PFLD_ERR_IO : PFLD_ERR_FORMAT);
            assert_non_null(strstr(err.msg, x->paths[bad]));
            assert_int_equal(b.n, 0);
            failed++;
        }
        assert_int_equal(failed, 4); /* 44 places are four epochs */
        assert_int_equal(done, 7);
        loader_free(l);
    }
}

typedef struct told {
    int n;
    char last[200];
} told;

static void listen(void *ctx, const char *text)
{
    told *t = ctx;

    t->n++;
    snprintf(t->last, sizeof t->last, "%s", text);
}

static void a_bad_photo_can_be_skipped_and_is_told_once(void **state)
{
    static const struct {
        size_t threads, pool;
    } ways[] = {{0, 0}, {3, 0}, {0, 3}, {2, 2}};
    fixture *x = *state;
    uint64_t want[8] = {0};

    x->samples[5].image = x->paths[PHOTOS];
    for (int k = 0; k < 4; k++) {
        loader_options opt = options_for(ways[k].threads);
        told heard = {0};
        data_options messages = {.skip_bad = true, .message = listen, .ctx = &heard};
        int sixth = 0;
        loader *l = NULL;
        pfld_error err;
        batch b;
        if (ways[k].pool)
            assert_int_equal(pool_create(ways[k].pool, &opt.pool, NULL), PFLD_OK);
        assert_int_equal(loader_create(&x->set, NULL, &opt, &messages, &l, &err), PFLD_OK);
        for (uint64_t t = 0; t < 8; t++) {
            assert_int_equal(loader_get(l, t, &b, &err), PFLD_OK);
            assert_int_equal(b.n, BATCH);
            if (k == 0)
                want[t] = hash_of(&b);
            assert_true(hash_of(&b) == want[t]);
            for (size_t j = 0; j < b.n; j++) {
                assert_int_not_equal(b.index[j], 5);
                sixth += b.index[j] == 6;
            }
        }
        assert_true(sixth >= 5); /* of 32 places of nearly three epochs */
        assert_int_equal(heard.n, 1);
        assert_non_null(strstr(heard.last, x->paths[PHOTOS]));
        loader_free(l);
        pool_free(opt.pool);
    }
}

static void order_mode_leaves_bad_photos_out(void **state)
{
    static const uint32_t want[] = {0, 2, 3, 4, 6, 7, 8, 9, 10};
    fixture *x = *state;
    loader_options opt = options_for(2);
    told heard = {0};
    data_options messages = {.skip_bad = true, .message = listen, .ctx = &heard};
    loader *l = NULL;
    pfld_error err;
    size_t n = 0;
    batch b;

    opt.shuffle = false;
    opt.augment = (augment_options){0};
    x->samples[1].image = x->samples[5].image = x->paths[PHOTOS];
    assert_int_equal(loader_create(&x->set, NULL, &opt, &messages, &l, &err), PFLD_OK);
    for (uint64_t t = 0; t < 3; t++) {
        assert_int_equal(loader_get(l, t, &b, &err), PFLD_OK);
        for (size_t j = 0; j < b.n; j++, n++) {
            const data_sample *s = &x->samples[b.index[j]];
            pfld_point p = {b.points[2 * j * N] * SIZE - 0.5f,
                            b.points[2 * j * N + 1] * SIZE - 0.5f};
            assert_int_equal(b.index[j], want[n]);
            p = affine_apply(&b.to_image[j], p);
            assert_true(fabsf(p.x - s->points[0].x) < 1e-3f);
            assert_int_equal(b.classes[j], s->classes);
        }
    }
    assert_int_equal(n, 9);
    assert_int_equal(heard.n, 1);
    loader_free(l);
}

/* A whole batch of broken photos is no end. */
static void order_mode_goes_on_behind_a_batch_of_bad_photos(void **state)
{
    fixture *x = *state;
    loader_options opt = options_for(2);
    data_options messages = {.skip_bad = true};
    loader *l = NULL;
    pfld_error err;
    size_t n = 0;
    uint64_t t = 0;
    batch b;

    opt.shuffle = false;
    opt.augment = (augment_options){0};
    for (size_t i = 0; i < opt.batch; i++)
        x->samples[opt.batch + i].image = x->paths[PHOTOS];
    assert_int_equal(loader_create(&x->set, NULL, &opt, &messages, &l, &err), PFLD_OK);
    for (;; t++) {
        for (int again = 0; again < 2; again++)
            assert_int_equal(loader_get(l, t, &b, &err), PFLD_OK);
        if (b.end)
            break;
        assert_true(t == 1 ? b.n == 0 : b.n > 0);
        n += b.n;
    }
    assert_int_equal(b.n, 0);
    assert_int_equal(t, (SAMPLES + opt.batch - 1) / opt.batch);
    assert_int_equal(n, SAMPLES - opt.batch);
    loader_free(l);
}

static void a_set_without_a_single_photo_is_told(void **state)
{
    fixture *x = *state;
    data_options messages = {.skip_bad = true};
    pfld_error err;
    batch b;

    for (int i = 0; i < SAMPLES; i++)
        x->samples[i].image = x->paths[PHOTOS + i % 2];
    for (int shuffle = 0; shuffle < 2; shuffle++) {
        loader_options opt = options_for(2);
        loader *l = NULL;
        opt.shuffle = shuffle;
        assert_int_equal(loader_create(&x->set, NULL, &opt, &messages, &l, &err), PFLD_OK);
        if (shuffle) {
            assert_int_not_equal(loader_get(l, 0, &b, &err), PFLD_OK);
            assert_non_null(strstr(err.msg, x->folder));
        } else {
            assert_int_equal(loader_get(l, 0, &b, &err), PFLD_OK);
            assert_true(b.n == 0 && !b.end);
        }
        loader_free(l);
    }
}

/* A bright square of a large photo is where it should be in the small copy. */
static void shrunk_copies_keep_places(void **state)
{
    fixture *x = *state;
    pfld_image img = {NULL, 301, 223, 903, PFLD_RGB8};
    char path[128];
    photo_want want = {path, 1.0f, false};
    const float by[] = {1.0f, 1.3f, 2.0f, 3.7f};

    snprintf(path, sizeof path, "%s/square.png", x->folder);
    img.data = calloc(223, 903);
    assert_non_null(img.data);
    for (int y = 120; y < 161; y++)
        memset(img.data + y * 903 + 3 * 80, 255, 3 * 31);
    assert_int_equal(media_write(path, &img, NULL), PFLD_OK);
    for (int k = 0; k < 4; k++) {
        const augment_photo *p = NULL;
        photo_cache *c = NULL;
        double sum = 0, sx = 0, sy = 0;
        pfld_point at;
        want.shrink = by[k];
        assert_int_equal(photo_cache_create(&want, 1, 0, &c, NULL), PFLD_OK);
        assert_int_equal(photo_cache_get(c, 0, &p, NULL), PFLD_OK);
        assert_int_equal(p->view.width, (int)ceilf(301.0f / by[k]));
        for (int y = 0; y < p->view.height; y++)
            for (int i = 0; i < p->view.width; i++) {
                double v = p->view.data[y * p->view.stride + 3 * i];
                sum += v, sx += v * i, sy += v * y;
            }
        at = affine_apply(&p->from_photo, (pfld_point){95.0f, 140.0f});
        assert_true(fabs(sx / sum - (double)at.x) < 0.02);
        assert_true(fabs(sy / sum - (double)at.y) < 0.02);
        photo_cache_put(c, 0);
        photo_cache_free(c);
    }
    free(img.data);
    unlink(path);
}

/* --- the end, and what is refused --------------------------------------------------------------
 */

static void a_loader_can_be_freed_at_any_time(void **state)
{
    fixture *x = *state;

    loader_free(NULL);
    for (uint64_t n = 0; n < 40; n++) {
        loader_options opt = options_for((size_t)(n % 4));
        loader *l;
        opt.cache_bytes = n % 3 ? 0 : 1;
        l = open_loader(&x->set, &opt);
        if (n % 5)
            hash_at(l, n / 5);
        loader_free(l);
    }
}

static void lack_of_memory_is_an_error_at_any_allocation(void **state)
{
    fixture *x = *state;
    long n = 0;
    bool done = false;

    for (; !done; n++) {
        loader_options opt = options_for(1);
        pfld_error err = {0};
        loader *l = NULL;
        pfld_status st;
        batch b;
        atomic_store(&allocations_left, n);
        st = loader_create(&x->set, NULL, &opt, NULL, &l, &err);
        if (st == PFLD_OK)
            st = loader_get(l, 0, &b, &err);
        atomic_store(&allocations_left, -1);
        assert_true(st == PFLD_OK || st == PFLD_ERR_NOMEM);
        done = st == PFLD_OK;
        if (l) { /* the photo was not to blame: it is tried again */
            assert_int_equal(loader_get(l, 0, &b, &err), PFLD_OK);
            loader_free(l);
        }
        assert_true(n < 1000);
    }
    assert_true(n > 6); /* an arena asks seldom */
}

static void what_cannot_be_loaded_is_refused(void **state)
{
    fixture *x = *state;
    loader_options good = options_for(1), bad[6];
    data_set empty = {0};
    pfld_error err;
    loader *l;

    for (int i = 0; i < 6; i++)
        bad[i] = good;
    bad[0].batch = 0;
    bad[1].size = 0;
    bad[2].size = AUGMENT_MAX_SIZE + 1;
    bad[3].rule.scale = 0.0f;
    bad[4].threads = 100000;
    bad[5].scheme = scheme_find("wflw98");
    for (int i = 0; i < 6; i++) {
        memset(&err, 0, sizeof err);
        assert_int_equal(loader_create(&x->set, NULL, &bad[i], NULL, &l, &err), PFLD_ERR_ARG);
        assert_null(l);
        assert_true(strlen(err.msg) > 10);
    }
    assert_non_null(strstr(err.msg, "list:1"));
    assert_non_null(strstr(err.msg, "wflw98"));
    assert_int_equal(loader_create(&empty, NULL, &good, NULL, &l, &err), PFLD_ERR_ARG);
    for (int i = 0; i < SAMPLES; i++)
        x->samples[i].weight = 0.0f;
    assert_int_equal(loader_create(&x->set, NULL, &good, NULL, &l, &err), PFLD_ERR_ARG);
}

/* --- sampler -----------------------------------------------------------------------------------
 */

static void weights_are_repetitions_on_average(void **state)
{
    const float weight[6] = {1.0f, 3.0f, 0.5f, 0.0f, -1.0f, 2.25f}; /* 6.75 in all: 7 places */
    int count[6] = {0}, epoch[6];
    sampler s;

    (void)state;
    assert_int_equal(sampler_create(&s, weight, 6, 9, NULL), PFLD_OK);
    assert_int_equal(s.epoch_length, 7);
    for (uint64_t e = 0; e < 4000; e++) {
        memset(epoch, 0, sizeof epoch);
        for (uint64_t k = 0; k < 7; k++)
            epoch[sampler_at(&s, 7 * e + k)]++;
        for (int i = 0; i < 6; i++) {
            double w = weight[i] > 0.0f ? (double)weight[i] * 7.0 / 6.75 : 0.0;
            assert_in_range(epoch[i], (int)floor(w), (int)ceil(w));
            count[i] += epoch[i];
        }
    }
    for (int i = 0; i < 6; i++) {
        double w = weight[i] > 0.0f ? (double)weight[i] * 7.0 / 6.75 : 0.0;
        assert_true(fabs(count[i] / 4000.0 - w) < 0.04);
    }
    sampler_free(&s);
}

static void epochs_differ_and_can_be_entered_anywhere(void **state)
{
    float weight[100];
    size_t first[300];
    int same = 0;
    sampler s, t;

    (void)state;
    for (int i = 0; i < 100; i++)
        weight[i] = 1.0f;
    assert_int_equal(sampler_create(&s, weight, 100, 3, NULL), PFLD_OK);
    assert_int_equal(sampler_create(&t, weight, 100, 3, NULL), PFLD_OK);
    for (uint64_t k = 0; k < 300; k++)
        first[k] = sampler_at(&s, k);
    for (uint64_t k = 300; k-- > 0;)
        assert_int_equal(sampler_at(&t, k), first[k]);
    for (int k = 0; k < 200; k++)
        same += first[k] == first[k + 100];
    assert_true(same < 20);
    sampler_free(&s);
    sampler_free(&t);
}

#define LOADER_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOADER_TEST(batches_do_not_depend_on_how_they_are_made),
        LOADER_TEST(a_pool_shares_the_batch),
        LOADER_TEST(any_step_can_be_asked_for),
        LOADER_TEST(another_seed_makes_other_batches),
        LOADER_TEST(a_batch_stays_until_the_next_call),
        LOADER_TEST(every_sample_comes_once_in_an_epoch),
        LOADER_TEST(what_a_batch_says_of_a_sample_is_true),
        LOADER_TEST(five_points_train_three_of_68),
        LOADER_TEST(order_mode_gives_each_sample_once),
        LOADER_TEST(order_mode_crops_as_inference_does),
        LOADER_TEST(shared_photos_are_decoded_once),
        LOADER_TEST(a_missing_photo_fails_its_batch_by_name),
        LOADER_TEST(a_bad_photo_can_be_skipped_and_is_told_once),
        LOADER_TEST(order_mode_leaves_bad_photos_out),
        LOADER_TEST(order_mode_goes_on_behind_a_batch_of_bad_photos),
        LOADER_TEST(a_set_without_a_single_photo_is_told),
        LOADER_TEST(shrunk_copies_keep_places),
        LOADER_TEST(a_loader_can_be_freed_at_any_time),
        LOADER_TEST(lack_of_memory_is_an_error_at_any_allocation),
        LOADER_TEST(what_cannot_be_loaded_is_refused),
        cmocka_unit_test(weights_are_repetitions_on_average),
        cmocka_unit_test(epochs_differ_and_can_be_entered_anywhere),
    };
    return cmocka_run_group_tests_name("loader", tests, NULL, NULL);
}
