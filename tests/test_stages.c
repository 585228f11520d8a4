/* Items through a row of steps: their order, bounds, and the ends. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/stages.h"

typedef struct item {
    size_t number, seen; /* seen: a bit for each step so far */
} item;

typedef struct stream {
    size_t length, stop_at; /* step 1 ends it all at that item; SIZE_MAX: never */
    size_t at[3];           /* of each step */
    bool wrong[3];          /* out of order, or not yet through the step before */
    pthread_mutex_t lock;   /* guards what follows */
    pthread_cond_t changed;
    size_t given; /* by the first step, and not done by the last */
    size_t most;
    bool meet; /* step 2 waits for the first item until the first step has begun the second */
} stream;

static bool first(void *ctx, void *p)
{
    stream *s = ctx;
    item *it = p;

    if (s->at[0] == s->length)
        return false;
    *it = (item){s->at[0]++, 1};
    pthread_mutex_lock(&s->lock);
    s->given++;
    s->most = s->given > s->most ? s->given : s->most;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return true;
}

static void look(stream *s, item *it, size_t step)
{
    s->wrong[step] |= it->number != s->at[step]++ || it->seen != (1u << step) - 1;
    it->seen |= (size_t)1 << step;
}

static bool second(void *ctx, void *p)
{
    stream *s = ctx;
    item *it = p;

    look(s, it, 1);
    return it->number != s->stop_at;
}

static bool third(void *ctx, void *p)
{
    stream *s = ctx;

    look(s, p, 2);
    pthread_mutex_lock(&s->lock);
    while (s->meet && s->given < 2 && s->at[2] == 1)
        pthread_cond_wait(&s->changed, &s->lock);
    s->given--;
    pthread_mutex_unlock(&s->lock);
    return true;
}

static void run(stream *s, size_t n_items, bool alone)
{
    static stages_step *const steps[] = {first, second, third};
    item items[8] = {{0, 0}};

    assert_true(n_items <= 8);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    stages_run(&(stages_work){.ctx = s,
                              .items = items,
                              .n_items = n_items,
                              .item_size = sizeof *items,
                              .steps = steps,
                              .n_steps = 3,
                              .alone = alone});
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    assert_false(s->wrong[1] || s->wrong[2]);
}

static void every_step_sees_every_item_in_order(void **state)
{
    static const size_t lengths[] = {0, 1, 2, 7, 8, 9, 1000};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (size_t n = 1; n <= 8; n += n < 3 ? 1 : 5)
            for (int alone = 0; alone < 2; alone++) {
                stream s = {.length = lengths[i], .stop_at = SIZE_MAX};
                run(&s, n, alone);
                for (int k = 0; k < 3; k++)
                    assert_int_equal(s.at[k], lengths[i]);
                assert_true(s.most <= (alone ? 1 : n));
            }
}

static void steps_work_at_the_same_time(void **state)
{
    stream s = {.length = 20, .stop_at = SIZE_MAX, .meet = true};

    (void)state;
    run(&s, 2, false); /* else the last step waits for ever */
    assert_int_equal(s.at[2], 20);
}

static void a_step_that_fails_ends_everything(void **state)
{
    (void)state;
    for (int alone = 0; alone < 2; alone++) {
        stream s = {.length = SIZE_MAX, .stop_at = 30};
        run(&s, 4, alone);
        assert_int_equal(s.at[1], 31);
        assert_in_range(s.at[2], 30 - 4, 30);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_sees_every_item_in_order),
        cmocka_unit_test(steps_work_at_the_same_time),
        cmocka_unit_test(a_step_that_fails_ends_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
