/* geometry/five: the five points of any scheme, how they are turned, the box told from them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "geometry/affine.h"
#include "geometry/five.h"
#include "geometry/pose.h"

/* A frontal face, 100 pixels between the outer eye corners. */
static void make_face(pfld_point five[FIVE_POINTS])
{
    static const int face3d[FIVE_POINTS] = {POSE_RIGHT_EYE_CENTRE, POSE_LEFT_EYE_CENTRE,
                                            POSE_NOSE_TIP, POSE_RIGHT_MOUTH_CORNER,
                                            POSE_LEFT_MOUTH_CORNER};

    for (int i = 0; i < FIVE_POINTS; i++)
        five[i] = (pfld_point){300 + 100 * pose_neutral[face3d[i]].x,
                               200 + 100 * pose_neutral[face3d[i]].y};
}

static void turn(pfld_point five[FIVE_POINTS], float degrees, float scale)
{
    float c = scale * cosf(degrees * 0.017453293f), s = scale * sinf(degrees * 0.017453293f);
    const affine t = {c, -s, 40, s, c, -30};

    for (int i = 0; i < FIVE_POINTS; i++)
        five[i] = affine_apply(&t, five[i]);
}

static void the_roll_is_the_turn(void **state)
{
    static const float angles[] = {0, 0.5f, -17, 90, 179, -135};

    (void)state;
    for (size_t i = 0; i < sizeof angles / sizeof angles[0]; i++) {
        pfld_point five[FIVE_POINTS];
        float roll = 999;
        make_face(five);
        turn(five, angles[i], 0.3f);
        five[FIVE_NOSE_TIP].x += 20; /* a head that looks aside is not rolled */
        assert_true(five_roll(five, &roll));
        assert_float_equal(roll, angles[i], 0.01f);
    }
}

static void points_that_cannot_tell_a_roll_say_so(void **state)
{
    pfld_point five[FIVE_POINTS];
    float roll = 7;

    (void)state;
    for (int i = 0; i < FIVE_POINTS; i++)
        five[i] = (pfld_point){5, 6};
    assert_false(five_roll(five, &roll));
    make_face(five);
    five[FIVE_LEFT_MOUTH].y = NAN;
    assert_false(five_roll(five, &roll));
    five[FIVE_LEFT_MOUTH].y = INFINITY;
    assert_false(five_roll(five, &roll));
    assert_true(roll == 7);
}

static void the_box_turns_and_grows_with_the_face(void **state)
{
    pfld_point five[FIVE_POINTS];
    pfld_box a, b;
    float cx, cy;

    (void)state;
    make_face(five);
    a = five_box(five);
    assert_true(a.w == a.h && a.w > 130 && a.w < 220);
    assert_true(a.x < five[FIVE_RIGHT_EYE].x && a.x + a.w > five[FIVE_LEFT_EYE].x);
    assert_true(a.y < five[FIVE_RIGHT_EYE].y && a.y + a.h > five[FIVE_LEFT_MOUTH].y);
    turn(five, 90, 2);
    b = five_box(five);
    cx = a.x + 0.5f * a.w, cy = a.y + 0.5f * a.h;
    assert_float_equal(b.w, 2 * a.w, 0.01f);
    assert_float_equal(b.x + 0.5f * b.w, 40 - 2 * cy, 0.01f);
    assert_float_equal(b.y + 0.5f * b.h, -30 + 2 * cx, 0.01f);
}

static void every_scheme_has_them(void **state)
{
    pfld_point points[PFLD_MAX_LANDMARKS], five[FIVE_POINTS];
    const scheme *s = scheme_find("five");

    (void)state;
    for (int i = 0; i < PFLD_MAX_LANDMARKS; i++)
        points[i] = (pfld_point){(float)i, (float)(i * i)};
    assert_int_equal(five_from_points(s, points, NULL, five), FIVE_ALL);
    assert_memory_equal(five, points, sizeof five);
    for (int i = 0; (s = scheme_at(i)) != NULL; i++) {
        uint8_t known[PFLD_MAX_LANDMARKS];
        assert_int_equal(five_from_points(s, points, NULL, five), FIVE_ALL);
        memset(known, 1, sizeof known);
        assert_int_equal(five_from_points(s, points, known, five), FIVE_ALL);
        known[s->right_eye[0]] = 0;
        assert_int_equal(five_from_points(s, points, known, five),
                         FIVE_ALL & ~(1u << FIVE_RIGHT_EYE));
    }
    s = scheme_find("ibug68");
    assert_int_equal(five_from_points(s, points, NULL, five), FIVE_ALL);
    assert_true(five[FIVE_NOSE_TIP].x == 30);
    assert_true(five[FIVE_RIGHT_MOUTH].x == 48 && five[FIVE_LEFT_MOUTH].x == 54);
    assert_float_equal(five[FIVE_RIGHT_EYE].x, 38.5f, 1e-6f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_roll_is_the_turn),
        cmocka_unit_test(points_that_cannot_tell_a_roll_say_so),
        cmocka_unit_test(the_box_turns_and_grows_with_the_face),
        cmocka_unit_test(every_scheme_has_them),
    };

    return cmocka_run_group_tests_name("five", tests, NULL, NULL);
}
