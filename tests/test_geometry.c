/* geometry/box, geometry/affine: overlaps, fits, inverses, and the crop rule's half pixels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>

#include "geometry/affine.h"
#include "geometry/box.h"

static uint32_t seed;

/* Even in lo..hi; the same numbers every time. */
static float even(float lo, float hi)
{
    seed = seed * 1664525u + 1013904223u;
    return lo + (hi - lo) * (float)(seed >> 8) / 16777216.0f;
}

static void assert_point(pfld_point p, float x, float y, float within)
{
    assert_float_equal(p.x, x, within);
    assert_float_equal(p.y, y, within);
}

static void only_finite_boxes_with_an_area_are_valid(void **state)
{
    (void)state;
    assert_true(box_is_valid(&(pfld_box){-5, -5, 0.25f, 1e6f}));
    assert_false(box_is_valid(&(pfld_box){0, 0, 0, 1}));
    assert_false(box_is_valid(&(pfld_box){0, 0, 1, -1}));
    assert_false(box_is_valid(&(pfld_box){NAN, 0, 1, 1}));
    assert_false(box_is_valid(&(pfld_box){0, -INFINITY, 1, 1}));
    assert_false(box_is_valid(&(pfld_box){0, 0, INFINITY, 1}));
    assert_false(box_is_valid(&(pfld_box){0, 0, 1, NAN}));
}

static void overlap_is_shared_over_joint_area(void **state)
{
    const pfld_box a = {0, 0, 4, 2}, b = {2, 0, 4, 2}, inside = {1, 0.5f, 2, 1};
    const pfld_box touching = {4, 0, 1, 2}, bad = {0, 0, -1, 2};
    const pfld_box huge = {-1e30f, -1e30f, 3e30f, 3e30f};

    (void)state;
    assert_float_equal(box_iou(&a, &a), 1, 0);
    assert_float_equal(box_iou(&a, &b), 1.0f / 3.0f, 1e-6f);
    assert_float_equal(box_iou(&b, &a), 1.0f / 3.0f, 1e-6f);
    assert_float_equal(box_iou(&a, &inside), 0.25f, 1e-6f);
    assert_float_equal(box_iou(&a, &touching), 0, 0);
    assert_float_equal(box_iou(&a, &bad), 0, 0);
    assert_float_equal(box_iou(&huge, &huge), 1, 1e-6f);
}

static void a_box_reaches_around_its_points(void **state)
{
    const pfld_point p[] = {{3, 4}, {-1, 6}, {2, -2}};
    pfld_box b = box_around(p, 3);

    (void)state;
    assert_true(b.x == -1 && b.y == -2 && b.w == 4 && b.h == 8);
    b = box_around(p, 1);
    assert_true(b.x == 3 && b.y == 4 && b.w == 0 && b.h == 0);
}

static void composing_applies_the_inner_map_first(void **state)
{
    const affine twice = {2, 0, 0, 0, 2, 0}, right = {1, 0, 5, 0, 1, 0};
    affine t = affine_compose(&twice, &right);

    (void)state;
    assert_point(affine_apply(&t, (pfld_point){1, 1}), 12, 2, 0);
    t = affine_compose(&right, &twice);
    assert_point(affine_apply(&t, (pfld_point){1, 1}), 7, 2, 0);
}

static void an_inverse_leads_back(void **state)
{
    (void)state;
    seed = 1;
    for (int n = 0; n < 200; n++) {
        affine t = {even(1, 3),  even(-1, 1),  even(-900, 900),
                    even(-1, 1), even(-3, -2), even(-900, 900)},
               back, both;
        assert_true(affine_invert(&t, &back));
        both = affine_compose(&back, &t);
        assert_point(affine_apply(&both, (pfld_point){100, -50}), 100, -50, 0.01f);
    }
}

static void maps_that_lose_something_have_no_inverse(void **state)
{
    affine out = {7, 7, 7, 7, 7, 7};

    (void)state;
    assert_false(affine_invert(&(affine){1, 2, 0, 2, 4, 0}, &out));
    assert_false(affine_invert(&(affine){0, 0, 0, 0, 0, 0}, &out));
    assert_false(affine_invert(&(affine){NAN, 0, 0, 0, 1, 0}, &out));
    assert_false(affine_invert(&(affine){1, 0, INFINITY, 0, 1, 0}, &out));
    assert_false(affine_invert(&(affine){1e-39f, 0, FLT_MAX, 0, 1e-39f, 0}, &out));
    assert_true(out.a == 7 && out.f == 7);
}

static void a_similarity_is_found_again(void **state)
{
    (void)state;
    seed = 2;
    for (int n = 0; n < 200; n++) {
        float scale = even(0.01f, 20), angle = even(-3.1f, 3.1f);
        float c = scale * cosf(angle), s = scale * sinf(angle);
        affine t = {c, -s, even(-2000, 2000), s, c, even(-2000, 2000)}, found;
        pfld_point src[7], dst[7];
        size_t count = 2 + (size_t)n % 6;
        for (size_t i = 0; i < count; i++) {
            src[i] = (pfld_point){even(0, 300), even(0, 300)};
            dst[i] = affine_apply(&t, src[i]);
        }
        assert_true(affine_fit_similarity(src, dst, NULL, count, &found));
        for (size_t i = 0; i < count; i++)
            assert_point(affine_apply(&found, src[i]), dst[i].x, dst[i].y, 0.02f);
    }
}

static float squares(const affine *t, const pfld_point *src, const pfld_point *dst, const float *w,
                     int n)
{
    float sum = 0;

    for (int i = 0; i < n; i++) {
        pfld_point p = affine_apply(t, src[i]);
        sum += w[i] * ((p.x - dst[i].x) * (p.x - dst[i].x) + (p.y - dst[i].y) * (p.y - dst[i].y));
    }
    return sum;
}

static void the_fit_is_the_least_of_weighted_squares(void **state)
{
    (void)state;
    seed = 3;
    for (int n = 0; n < 50; n++) {
        pfld_point src[9], dst[9];
        float w[9], best;
        affine t;
        for (int i = 0; i < 9; i++) {
            src[i] = (pfld_point){even(-1, 1), even(-1, 1)};
            dst[i] = (pfld_point){src[i].x + even(-0.2f, 0.2f), src[i].y + even(-0.2f, 0.2f)};
            w[i] = even(0, 2);
        }
        assert_true(affine_fit_similarity(src, dst, w, 9, &t));
        assert_true(t.a == t.e && t.b == -t.d);
        best = squares(&t, src, dst, w, 9);
        for (int k = 0; k < 8; k++) {
            float step = k % 2 ? 0.01f : -0.01f;
            affine other = t;
            if (k < 2)
                other.a += step, other.e += step;
            else if (k < 4)
                other.b += step, other.d -= step;
            else
                *(k < 6 ? &other.c : &other.f) += step;
            assert_true(squares(&other, src, dst, w, 9) > best);
        }
    }
}

static void points_of_weight_0_do_not_count(void **state)
{
    const pfld_point src[] = {{0, 0}, {1, 0}, {0, 1}, {5, 5}};
    const pfld_point dst[] = {{1, 1}, {3, 1}, {1, 3}, {-900, 40}};
    const float w[] = {1, 1, 1, 0};
    affine t;

    (void)state;
    assert_true(affine_fit_similarity(src, dst, w, 4, &t));
    assert_point(affine_apply(&t, (pfld_point){2, 2}), 5, 5, 1e-5f);
}

static void hopeless_fits_are_refused(void **state)
{
    const pfld_point a[] = {{0, 0}, {1, 0}, {0, 1}, {1, 1}};
    const pfld_point same[] = {{1e5f, 3}, {1e5f, 3}, {1e5f, 3}, {1e5f, 3}};
    const pfld_point mirror[] = {{0, 0}, {-1, 0}, {0, 1}, {-1, 1}};
    const pfld_point bad[] = {{0, 0}, {1, NAN}, {0, 1}, {1, 1}};
    const float none[] = {0, 0, 0, 0}, negative[] = {1, 1, 1, -1}, one[] = {0, 1, 0, 0};
    affine t = {7, 7, 7, 7, 7, 7};

    (void)state;
    assert_false(affine_fit_similarity(a, a, NULL, 0, &t));
    assert_false(affine_fit_similarity(a, a, NULL, 1, &t));
    assert_false(affine_fit_similarity(same, a, NULL, 4, &t));
    assert_false(affine_fit_similarity(a, same, NULL, 4, &t));
    assert_false(affine_fit_similarity(a, mirror, NULL, 4, &t));
    assert_false(affine_fit_similarity(a, bad, NULL, 4, &t));
    assert_false(affine_fit_similarity(bad, a, NULL, 4, &t));
    assert_false(affine_fit_similarity(a, a, none, 4, &t));
    assert_false(affine_fit_similarity(a, a, negative, 4, &t));
    assert_false(affine_fit_similarity(a, a, one, 4, &t));
    assert_true(t.a == 7 && t.f == 7);
}

static void a_crop_has_the_borders_of_its_square(void **state)
{
    const crop_rule rule = {.scale = 1.5f, .shift_x = 0.125f, .shift_y = -0.25f};
    const pfld_box box = {100, 200, 80, 40}; /* square of side 120 around (150, 200) */

    (void)state;
    for (int size = 1; size <= 224; size += 37) {
        float last = (float)size - 0.5f; /* outer border of the last pixel */
        affine t = affine_from_crop(&box, &rule, 0, size);
        assert_point(affine_apply(&t, (pfld_point){-0.5f, -0.5f}), 90, 140, 1e-3f);
        assert_point(affine_apply(&t, (pfld_point){last, last}), 210, 260, 1e-3f);
        assert_true(t.b == 0 && t.d == 0);
        assert_float_equal(t.a, 120.0f / (float)size, 1e-5f);
    }
}

static void a_crop_of_the_picture_itself_is_the_identity(void **state)
{
    const crop_rule rule = {.scale = 1};
    affine t = affine_from_crop(&(pfld_box){-0.5f, -0.5f, 112, 112}, &rule, 0, 112);

    (void)state;
    assert_true(t.a == 1 && t.b == 0 && t.c == 0 && t.d == 0 && t.e == 1 && t.f == 0);
}

static void a_crop_turns_clockwise_about_its_centre(void **state)
{
    const crop_rule rule = {.scale = 2};
    const pfld_box box = {10, 20, 50, 50};
    affine t = affine_from_crop(&box, &rule, 90, 100);

    (void)state;
    assert_point(affine_apply(&t, (pfld_point){49.5f, 49.5f}), 35, 45, 1e-3f);
    /* what is right of the crop's centre is below the image's */
    assert_point(affine_apply(&t, (pfld_point){59.5f, 49.5f}), 35, 55, 1e-3f);
    t = affine_from_crop(&box, &rule, 30, 100);
    assert_point(affine_apply(&t, (pfld_point){59.5f, 49.5f}), 35 + 8.6602540f, 50, 1e-3f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_finite_boxes_with_an_area_are_valid),
        cmocka_unit_test(overlap_is_shared_over_joint_area),
        cmocka_unit_test(a_box_reaches_around_its_points),
        cmocka_unit_test(composing_applies_the_inner_map_first),
        cmocka_unit_test(an_inverse_leads_back),
        cmocka_unit_test(maps_that_lose_something_have_no_inverse),
        cmocka_unit_test(a_similarity_is_found_again),
        cmocka_unit_test(the_fit_is_the_least_of_weighted_squares),
        cmocka_unit_test(points_of_weight_0_do_not_count),
        cmocka_unit_test(hopeless_fits_are_refused),
        cmocka_unit_test(a_crop_has_the_borders_of_its_square),
        cmocka_unit_test(a_crop_of_the_picture_itself_is_the_identity),
        cmocka_unit_test(a_crop_turns_clockwise_about_its_centre),
    };
    return cmocka_run_group_tests_name("geometry", tests, NULL, NULL);
}
