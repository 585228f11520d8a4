/* Items of a stream, worked on by several threads: order, bounds, and the ends. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/inorder.h"

enum { MOST = 64 };

typedef struct item {
    size_t number, square;
    bool worked;
} item;

typedef struct stream {
    size_t length;     /* take says then that there is no more */
    size_t stop_after; /* give's last; 0: never */
    size_t taken, given;
    bool out_of_order, unworked;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    size_t waiting, meet; /* work waits until so many are at work: 0, it does not */
    bool busy[MOST], shared;
} stream;

static bool take(void *ctx, void *p)
{
    stream *s = ctx;
    item *it = p;

    if (s->taken == s->length)
        return false;
    *it = (item){.number = s->taken++};
    return true;
}

static void work(void *ctx, void *p, size_t thread)
{
    stream *s = ctx;
    item *it = p;

    pthread_mutex_lock(&s->lock);
    s->shared |= s->busy[thread];
    s->busy[thread] = true;
    s->waiting++;
    pthread_cond_broadcast(&s->changed);
    while (s->waiting < s->meet)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
    it->square = it->number * it->number;
    it->worked = true;
    pthread_mutex_lock(&s->lock);
    s->busy[thread] = false;
    pthread_mutex_unlock(&s->lock);
}

static bool give(void *ctx, void *p)
{
    stream *s = ctx;
    const item *it = p;

    s->out_of_order |= it->number != s->given;
    s->unworked |= !it->worked || it->square != it->number * it->number;
    s->given++;
    return s->given != s->stop_after;
}

static void run(stream *s, size_t threads, size_t items)
{
    static item room[MOST];
    const inorder_work w = {s, room, items, sizeof *room, threads, take, work, give};

    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    assert_int_equal(inorder_run(&w, NULL), PFLD_OK);
    assert_false(s->out_of_order);
    assert_false(s->unworked);
    assert_false(s->shared);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
}

static void items_are_given_in_the_order_they_were_taken(void **state)
{
    static const size_t lengths[] = {0, 1, 2, 3, 7, 1000};

    (void)state;
    for (size_t threads = 1; threads <= 8; threads++)
        for (size_t items = 1; items <= MOST; items *= 2)
            for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
                stream s = {.length = lengths[i]};

                run(&s, threads, items);
                assert_int_equal(s.given, lengths[i]);
            }
}

static void as_many_are_worked_on_at_once_as_there_are_threads(void **state)
{
    stream s = {.length = 100, .meet = 5}; /* hangs where that is not so */

    (void)state;
    run(&s, 5, 8);
    assert_int_equal(s.given, 100);
}

static void giving_may_stop_it(void **state)
{
    (void)state;
    for (size_t threads = 1; threads <= 4; threads++) {
        stream s = {.length = 1000, .stop_after = 10};

        run(&s, threads, 4);
        assert_int_equal(s.given, 10);
        assert_true(s.taken <= 10 + 4); /* nobody ran ahead */
    }
}

/* ---- a result is given while the next item is not there yet ---- */

typedef struct slow {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t taken, given; /* guarded */
} slow;

/* As a pipe whose writer waits for the answer. */
static bool take_when_answered(void *ctx, void *p)
{
    slow *s = ctx;
    bool more;

    (void)p;
    pthread_mutex_lock(&s->lock);
    while (s->given < s->taken)
        pthread_cond_wait(&s->changed, &s->lock);
    more = s->taken < 50;
    s->taken += more;
    pthread_mutex_unlock(&s->lock);
    return more;
}

static void do_nothing(void *ctx, void *p, size_t thread)
{
    (void)ctx;
    (void)p;
    (void)thread;
}

static bool answer(void *ctx, void *p)
{
    slow *s = ctx;

    (void)p;
    pthread_mutex_lock(&s->lock);
    s->given++;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return true;
}

static void results_do_not_wait_for_the_next_item(void **state)
{
    item room[8];

    (void)state;
    for (size_t threads = 1; threads <= 3; threads++) {
        slow s = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
        const inorder_work w = {&s,         room,  8, sizeof *room, threads, take_when_answered,
                                do_nothing, answer};

        assert_int_equal(inorder_run(&w, NULL), PFLD_OK); /* hangs where they do */
        assert_int_equal(s.given, 50);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_given_in_the_order_they_were_taken),
        cmocka_unit_test(as_many_are_worked_on_at_once_as_there_are_threads),
        cmocka_unit_test(giving_may_stop_it),
        cmocka_unit_test(results_do_not_wait_for_the_next_item),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
