/* Openings, symmetry and events of faces that are drawn by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "geometry/measures.h"
#include "geometry/pose.h"

#define NEAR(a, b, tolerance) assert_true(fabs((double)(a) - (double)(b)) <= (tolerance))

static pfld_point face[68];
static const pfld_pose frontal = {0, 0, 0};

/* Eyes 30 wide and 2 * lids high at their middle points, 60 apart; the inner lips 40 wide. */
static void draw(float lids, float lips)
{
    static const float eye_x[6] = {-15, -5, 5, 15, 5, -5};
    static const float eye_y[6] = {0, -1, -1, 0, 1, 1};
    static const float lip_x[8] = {-20, -10, 0, 10, 20, 10, 0, -10};
    static const float lip_y[8] = {0, -1, -1, -1, 0, 1, 1, 1};

    for (int i = 0; i < 17; i++)
        face[i] = (pfld_point){100 + 10 * (float)(i - 8), 200 - (float)((i - 8) * (i - 8))};
    for (int i = 17; i < 36; i++)
        face[i] = (pfld_point){100, 110 + (float)i};
    for (int i = 0; i < 6; i++) {
        face[36 + i] = (pfld_point){70 + eye_x[i], 100 + lids * eye_y[i]};
        face[42 + i] = (pfld_point){130 + eye_x[i], 100 + lids * eye_y[i]};
    }
    for (int i = 48; i < 60; i++)
        face[i] = (pfld_point){100, 170};
    for (int i = 0; i < 8; i++)
        face[60 + i] = (pfld_point){100 + lip_x[i], 170 + lips * lip_y[i]};
}

static pfld_measures measure(const pfld_pose *pose)
{
    pfld_measures m;

    measures_of(scheme_find("ibug68"), face, pose, &m);
    return m;
}

static void openings_are_height_over_width(void **state)
{
    pfld_measures m;

    (void)state;
    draw(4.5f, 10);
    m = measure(&frontal);
    NEAR(m.eye_open[0], 0.3, 1e-5); /* (9 + 9) / (2 * 30) */
    NEAR(m.eye_open[1], 0.3, 1e-5);
    NEAR(m.mouth_open, 0.5, 1e-5);
    NEAR(m.inter_pupil, 60, 1e-4);
    NEAR(m.facing, 1, 1e-6);
    draw(0, 0);
    m = measure(&frontal);
    NEAR(m.eye_open[0], 0, 1e-6);
    NEAR(m.mouth_open, 0, 1e-6);
}

/* A head in 3D that turns; its eyes lie in one plane. */
static void turned_heads_measure_as_frontal_ones(void **state)
{
    static const pfld_pose poses[] = {{30, 0, 0}, {-40, 0, 0}, {0, 25, 0}, {0, -20, 30}};

    (void)state;
    for (size_t k = 0; k < sizeof poses / sizeof *poses; k++) {
        float r[3][3];
        pfld_measures m;
        draw(4.5f, 10);
        pose_to_matrix(&poses[k], r);
        for (int i = 0; i < 68; i++) {
            pfld_point p = face[i];
            face[i] = (pfld_point){r[0][0] * p.x + r[0][1] * p.y, r[1][0] * p.x + r[1][1] * p.y};
        }
        m = measure(&poses[k]);
        NEAR(m.eye_open[0], 0.3, 0.003);
        NEAR(m.mouth_open, 0.5, 0.005);
        NEAR(m.inter_pupil, 60, 0.1);
        assert_true(m.facing < 0.95f);
    }
}

static void a_symmetric_face_is_symmetric_wherever_it_is(void **state)
{
    pfld_measures m;

    (void)state;
    draw(4.5f, 10);
    for (int i = 17; i < 36; i++) /* draw() stacks brows and nose, which have sides */
        face[i] = (pfld_point){100 + 3 * (float)(scheme_find("ibug68")->mirror[i] - i), 120};
    for (int i = 48; i < 60; i++)
        face[i] = (pfld_point){100 + 3 * (float)(scheme_find("ibug68")->mirror[i] - i), 170};
    m = measure(&frontal);
    NEAR(m.asymmetry, 0, 1e-5);
    for (int i = 0; i < 68; i++)
        face[i] = (pfld_point){2 * face[i].x - face[i].y, face[i].x + 2 * face[i].y};
    m = measure(&frontal);
    NEAR(m.asymmetry, 0, 1e-5);
    face[60].y += 20;
    m = measure(&frontal);
    assert_true(m.asymmetry > 0.001f);
}

/* The mirrored nose is 8 px off; the similarity shares that out to 12.78 px among the points. */
static void without_eye_corners_asymmetry_is_over_the_eye_centres(void **state)
{
    const pfld_point five[5] = {{30, 30}, {70, 30}, {54, 50}, {30, 70}, {70, 70}};
    pfld_measures m;

    (void)state;
    measures_of(scheme_find("five"), five, &frontal, &m);
    NEAR(m.asymmetry, 12.78 / 5 / 40, 2e-4);
}

static void what_a_scheme_has_not_is_nan(void **state)
{
    pfld_measures m;

    (void)state;
    draw(4.5f, 10);
    measures_of(scheme_find("five"), face, &frontal, &m);
    assert_true(isnan(m.eye_open[0]) && isnan(m.mouth_open));
    NEAR(m.facing, 1, 1e-6);
    measures_of(scheme_find("ibug68"), face, &(pfld_pose){NAN, NAN, NAN}, &m);
    assert_true(isnan(m.eye_open[0]) && isnan(m.inter_pupil) && isnan(m.facing));
    measures_of(scheme_find("ibug68"), face, &(pfld_pose){80, 0, 0}, &m); /* as good as a profile */
    assert_true(isnan(m.eye_open[0]) && isnan(m.inter_pupil) && m.facing > 0);
}

/* ---- events ---- */

static pfld_events events;
static double now;

/* seconds of eyes and mouth open so far, at 30 frames a second; all that happened. */
static uint32_t spend(double seconds, float eyes, float mouth)
{
    pfld_measures m = {.eye_open = {eyes, eyes}, .mouth_open = mouth};
    uint32_t seen = 0;

    for (int k = 0; k < (int)(seconds * 30 + 0.5); k++, now += 1.0 / 30)
        seen |= pfld_events_update(&events, &m, now);
    return seen;
}

static int begin(void **state)
{
    (void)state;
    memset(&events, 0, sizeof events);
    now = 10;
    return 0;
}

static void blinks_are_counted_when_they_are_over(void **state)
{
    (void)state;
    assert_int_equal(spend(2, 0.3f, 0), 0);
    for (int k = 0; k < 5; k++) {
        assert_int_equal(spend(0.15, 0.05f, 0), 0);
        assert_int_equal(spend(1, 0.3f, 0), PFLD_EVENT_BLINK);
    }
    assert_int_equal(events.blinks, 5);
}

static void small_eyes_blink_too(void **state)
{
    (void)state;
    spend(2, 0.18f, 0);
    spend(0.15, 0.08f, 0);
    assert_int_equal(spend(1, 0.18f, 0), PFLD_EVENT_BLINK);
}

static void eyes_that_stay_closed_are_told_once(void **state)
{
    (void)state;
    spend(2, 0.3f, 0);
    assert_int_equal(spend(0.4, 0.05f, 0), 0);
    assert_int_equal(spend(0.2, 0.05f, 0), PFLD_EVENT_LONG_CLOSURE);
    assert_int_equal(spend(3, 0.05f, 0), 0);
    assert_int_equal(spend(1, 0.3f, 0), 0);
    assert_int_equal(events.blinks, 0);
}

static void half_closed_eyes_do_not_flicker(void **state)
{
    (void)state;
    spend(2, 0.3f, 0);
    for (int k = 0; k < 10; k++) {
        assert_int_equal(spend(0.1, 0.18f, 0), 0); /* 0.6 of what is usual */
        assert_int_equal(spend(0.1, 0.2f, 0), 0);
    }
}

static void a_yawn_is_longer_than_a_word(void **state)
{
    (void)state;
    spend(1, 0.3f, 0.1f);
    assert_int_equal(spend(0.6, 0.3f, 0.7f), 0);
    assert_int_equal(spend(1, 0.3f, 0.1f), 0);
    assert_int_equal(spend(0.9, 0.3f, 0.7f), 0);
    assert_int_equal(spend(0.3, 0.3f, 0.4f), PFLD_EVENT_YAWN);
    assert_int_equal(spend(2, 0.3f, 0.7f), 0);
}

static void a_face_that_was_away_has_not_blinked(void **state)
{
    (void)state;
    spend(2, 0.3f, 0);
    spend(0.1, 0.05f, 0);
    now += 5;
    assert_int_equal(spend(1, 0.3f, 0), 0);
    assert_int_equal(events.blinks, 0);
    assert_int_equal(pfld_events_update(NULL, NULL, 1), 0);
}

static void a_head_that_looked_away_has_neither_blinked_nor_slept(void **state)
{
    (void)state;
    spend(5, 0.3f, 0);
    spend(0.1, 0.05f, 0);
    assert_int_equal(spend(2, NAN, NAN), 0);
    assert_int_equal(spend(3, 0.3f, 0), 0);
    assert_int_equal(events.blinks, 0);
}

/* At 1.5 frames a second no blink can be told from a longer closure. */
static void what_lasted_longer_is_no_blink(void **state)
{
    pfld_measures m = {.eye_open = {0.3f, 0.3f}};
    static const float open[] = {0.3f, 0.3f, 0.05f, 0.3f, 0.3f};

    (void)state;
    for (int k = 0; k < 5; k++) {
        m.eye_open[0] = m.eye_open[1] = open[k];
        assert_int_equal(pfld_events_update(&events, &m, 1 + 0.66 * k), 0);
    }
    assert_int_equal(events.blinks, 0);
}

static void only_landmarks_can_be_measured(void **state)
{
    static pfld_face f = {.n_landmarks = 68};
    pfld_measures m;
    pfld_error err;

    (void)state;
    draw(4.5f, 10);
    memcpy(f.landmarks, face, sizeof face);
    assert_int_equal(pfld_measure(&f, &m, &err), PFLD_OK);
    NEAR(m.eye_open[1], 0.3, 1e-5);
    f.n_landmarks = 0;
    assert_int_equal(pfld_measure(&f, &m, &err), PFLD_ERR_ARG);
    assert_int_equal(pfld_measure(NULL, &m, &err), PFLD_ERR_ARG);
    assert_int_equal(pfld_measure(&f, NULL, &err), PFLD_ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openings_are_height_over_width),
        cmocka_unit_test(turned_heads_measure_as_frontal_ones),
        cmocka_unit_test(a_symmetric_face_is_symmetric_wherever_it_is),
        cmocka_unit_test(without_eye_corners_asymmetry_is_over_the_eye_centres),
        cmocka_unit_test(what_a_scheme_has_not_is_nan),
        cmocka_unit_test_setup(blinks_are_counted_when_they_are_over, begin),
        cmocka_unit_test_setup(small_eyes_blink_too, begin),
        cmocka_unit_test_setup(eyes_that_stay_closed_are_told_once, begin),
        cmocka_unit_test_setup(half_closed_eyes_do_not_flicker, begin),
        cmocka_unit_test_setup(a_yawn_is_longer_than_a_word, begin),
        cmocka_unit_test_setup(a_face_that_was_away_has_not_blinked, begin),
        cmocka_unit_test_setup(a_head_that_looked_away_has_neither_blinked_nor_slept, begin),
        cmocka_unit_test_setup(what_lasted_longer_is_no_blink, begin),
        cmocka_unit_test(only_landmarks_can_be_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
