/* What pfld video remembers of faces: places by their ids, measures and events. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/face_watch.h"

static void a_face_keeps_its_place(void **state)
{
    static recent_ids r;
    bool is_new;
    size_t first = recent_ids_place(&r, 7, 0, &is_new), second;

    (void)state;
    assert_true(is_new);
    second = recent_ids_place(&r, 9, 0, &is_new);
    assert_true(is_new && second != first);
    assert_int_equal(recent_ids_place(&r, 7, 1, &is_new), first);
    assert_false(is_new);
    assert_true(r.t[first] == 1 && r.t[second] == 0);
}

static void the_one_seen_longest_ago_makes_room(void **state)
{
    static recent_ids r;
    bool is_new;
    size_t left;

    (void)state;
    for (uint32_t i = 0; i < RECENT_IDS; i++)
        recent_ids_place(&r, i + 1, i, &is_new);
    left = recent_ids_place(&r, 3, 0.5, &is_new); /* between those of 1 and 2 */
    assert_false(is_new);
    recent_ids_place(&r, 1, RECENT_IDS, &is_new);
    assert_int_equal(recent_ids_place(&r, 1000, RECENT_IDS, &is_new), left);
    assert_true(is_new);
    recent_ids_place(&r, 3, RECENT_IDS, &is_new);
    assert_true(is_new);
    assert_int_equal(r.n, RECENT_IDS);
}

/* Of 68 points the eyes, 30 wide, and the inner lips; lids: half of how far the eyes are open. */
static pfld_face face_with(uint32_t id, float lids)
{
    static const float eye_x[6] = {-15, -5, 5, 15, 5, -5}, eye_y[6] = {0, -1, -1, 0, 1, 1};
    pfld_face f = {.id = id, .n_landmarks = 68};

    for (int i = 0; i < 6; i++) {
        f.landmarks[36 + i] = (pfld_point){70 + eye_x[i], 100 + lids * eye_y[i]};
        f.landmarks[42 + i] = (pfld_point){130 + eye_x[i], 100 + lids * eye_y[i]};
    }
    for (int i = 60; i < 68; i++)
        f.landmarks[i] = (pfld_point){120 - 10 * (float)abs(i - 64), 170};
    return f;
}

/* Two faces at once: the first blinks from 1.0 to 1.2 s, the other doesn't. */
static void each_face_has_its_own_events(void **state)
{
    static face_watch w;
    unsigned blinks = 0;

    (void)state;
    for (int i = 0; i < 50; i++) {
        double t = i / 25.0;
        pfld_face a = face_with(1, i >= 25 && i < 30 ? 1 : 5), b = face_with(2, 5);
        output_measures of_a = face_watch_add(&w, &a, t), of_b = face_watch_add(&w, &b, t);

        assert_int_equal(of_a.events.eyes_closed, i >= 25 && i < 30);
        assert_int_equal(of_a.happened, i == 30 ? PFLD_EVENT_BLINK : 0);
        assert_true(i != 30 || of_a.events.eyes_since == 1.0);
        assert_int_equal(of_b.happened | of_b.events.eyes_closed, 0);
        blinks = of_a.events.blinks;
    }
    assert_int_equal(blinks, 1);
}

static void points_of_no_scheme_have_no_measures(void **state)
{
    static face_watch w;
    const pfld_face f = {.id = 1, .n_landmarks = 3};
    output_measures m = face_watch_add(&w, &f, 0);

    (void)state;
    assert_true(isnan(m.m.eye_open[0]) && isnan(m.m.eye_open[1]) && isnan(m.m.mouth_open));
    assert_true(isnan(m.m.asymmetry) && isnan(m.m.inter_pupil) && isnan(m.m.facing));
    assert_int_equal(m.happened, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_face_keeps_its_place),
        cmocka_unit_test(the_one_seen_longest_ago_makes_room),
        cmocka_unit_test(each_face_has_its_own_events),
        cmocka_unit_test(points_of_no_scheme_have_no_measures),
    };

    return cmocka_run_group_tests_name("face_watch", tests, NULL, NULL);
}
