/* pfld.h: threads that share a model, each with a session of its own. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "pfld/pfld.h"
#include "tiny_net.h"

enum { THREADS = 8, BOXES = 6, ROUNDS = 3, SIDE = 48 };

static uint8_t pixels[3 * SIDE * SIDE];
static const pfld_image picture = {pixels, SIDE, SIDE, 3 * SIDE, PFLD_RGB8};

typedef struct worker {
    const pfld_model *model;
    pfld_status status;
    pfld_face face[BOXES];
} worker;

static pfld_box box_at(int i)
{
    return (pfld_box){(float)(3 * i) - 4, (float)(2 * i), 20 + (float)i, 30 - (float)i};
}

/* A session from its creation to its end, in the thread. */
static void *work(void *p)
{
    worker *w = p;
    pfld_session *s;

    w->status = pfld_session_create(w->model, NULL, NULL, &s, NULL);
    if (w->status != PFLD_OK)
        return NULL;
    for (int i = 0; i < BOXES * ROUNDS && w->status == PFLD_OK; i++) {
        pfld_box box = box_at(i % BOXES);
        w->status = pfld_landmarks(s, &picture, &box, &w->face[i % BOXES], NULL);
    }
    pfld_session_free(s);
    return NULL;
}

static pfld_model *load(void)
{
    static const tiny_net net = {
        .side = 32,
        .scheme = "five",
        .weight = {{1, 2, 3}, {-1, .5f, .2f}, {.3f, -.4f, 1}, {2, 0, 1}, {.1f, .1f, 3}},
        .bias = {.1f, .2f, .3f, .4f, .5f, .6f, .7f, .8f, .9f, 1},
    };
    size_t size;
    uint8_t *buf = tiny_net_onnx(&net, &size);
    pfld_model *m;

    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * i / 7 + i);
    assert_int_equal(pfld_model_load_memory(buf, size, NULL, &m, NULL), PFLD_OK);
    mem_free(buf);
    return m;
}

static void sessions_in_many_threads_give_the_bits_of_one(void **state)
{
    static worker workers[THREADS], alone;
    pthread_t thread[THREADS];
    pfld_model *m = load();

    (void)state;
    alone.model = m;
    work(&alone);
    assert_int_equal(alone.status, PFLD_OK);
    assert_memory_not_equal(&alone.face[0], &alone.face[1], sizeof alone.face[0]);
    for (int i = 0; i < THREADS; i++) {
        workers[i].model = m;
        assert_int_equal(pthread_create(&thread[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].status, PFLD_OK);
        assert_memory_equal(workers[i].face, alone.face, sizeof alone.face);
    }
    pfld_model_free(m);
}

static void *load_and_work(void *p)
{
    worker *w = p;
    pfld_model *m;

    w->status = pfld_model_load("test_threads.onnx", NULL, &m, NULL);
    if (w->status != PFLD_ERR_IO)
        return NULL;
    return work(w);
}

/* Failing calls write their errors to the caller, not to a place that threads share. */
static void failures_in_many_threads_stay_apart(void **state)
{
    static worker workers[THREADS];
    pthread_t thread[THREADS];
    pfld_model *m = load();

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        workers[i].model = m;
        assert_int_equal(pthread_create(&thread[i], NULL, load_and_work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_int_equal(workers[i].status, PFLD_OK);
    }
    pfld_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_in_many_threads_give_the_bits_of_one),
        cmocka_unit_test(failures_in_many_threads_stay_apart),
    };

    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
