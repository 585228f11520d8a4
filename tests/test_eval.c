/* The field's figures: hand-computed values, intervals, paired tests. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "eval/metrics.h"

#define NEAR(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

static void summary_of_four_faces_is_what_a_hand_computes(void **state)
{
    const double e[4] = {2, 4, 6, 12};
    eval_summary s;

    (void)state;
    assert_int_equal(eval_summarise(e, 4, &s, NULL), PFLD_OK);
    assert_int_equal(s.n, 4);
    NEAR(s.nme, 6, 1e-12);
    NEAR(s.median, 5, 1e-12);
    NEAR(s.fr8, 25, 1e-12);
    NEAR(s.fr10, 25, 1e-12);
    NEAR(s.auc8, 100 * (6.0 + 4 + 2) / 8 / 4, 1e-9);
    NEAR(s.auc10, 100 * (8.0 + 6 + 4) / 10 / 4, 1e-9);
    assert_true(s.ci95[0] < s.nme && s.nme < s.ci95[1]);
}

static void an_error_at_the_limit_is_no_failure(void **state)
{
    const double e[2] = {8, 10};
    eval_summary s;

    (void)state;
    assert_int_equal(eval_summarise(e, 2, &s, NULL), PFLD_OK);
    NEAR(s.fr8, 50, 1e-12);
    NEAR(s.fr10, 0, 1e-12);
}

static void no_faces_have_no_figures(void **state)
{
    eval_summary s;

    (void)state;
    assert_int_equal(eval_summarise(NULL, 0, &s, NULL), PFLD_OK);
    assert_int_equal(s.n, 0);
    assert_true(isnan(s.nme) && isnan(s.ci95[0]) && isnan(s.auc8) && isnan(s.fr10));
}

/* Of n normal errors the mean's 95 % interval is 1.96 sigma / sqrt(n) to both sides. */
static void the_bootstrap_interval_is_as_wide_as_theory_says(void **state)
{
    enum { N = 400 };
    static double e[N];
    eval_summary s;
    rng r;
    double half = 1.96 * 1.0 / sqrt(N);

    (void)state;
    rng_seed(&r, 1);
    for (int i = 0; i < N; i++)
        e[i] = 5 + (double)rng_normal(&r);
    assert_int_equal(eval_summarise(e, N, &s, NULL), PFLD_OK);
    NEAR(s.ci95[1] - s.ci95[0], 2 * half, 0.3 * half);
}

static void the_same_errors_give_the_same_interval(void **state)
{
    const double e[5] = {1, 2, 3, 4, 9};
    eval_summary a, b;

    (void)state;
    assert_int_equal(eval_summarise(e, 5, &a, NULL), PFLD_OK);
    assert_int_equal(eval_summarise(e, 5, &b, NULL), PFLD_OK);
    assert_memory_equal(a.ci95, b.ci95, sizeof a.ci95);
}

static void a_model_does_not_differ_from_itself(void **state)
{
    const double e[3] = {3, 1, 2};
    eval_paired p;

    (void)state;
    assert_int_equal(eval_compare(e, e, 3, &p, NULL), PFLD_OK);
    NEAR(p.difference, 0, 0);
    NEAR(p.p, 1, 1e-12);
}

/* 20 faces, each better by a little: 2^-19 is the chance of that. */
static void a_small_but_steady_gain_is_found(void **state)
{
    double a[20], b[20];
    eval_paired p;

    (void)state;
    for (int i = 0; i < 20; i++) {
        a[i] = 3 + 0.5 * i;
        b[i] = a[i] + 0.1 + 0.001 * i;
    }
    assert_int_equal(eval_compare(a, b, 20, &p, NULL), PFLD_OK);
    NEAR(p.difference, -0.1095, 1e-9);
    assert_true(p.p < 0.001);
    assert_true(p.ci95[1] < 0);
}

/* Differences of both signs and the same size: nothing can be said. */
static void noise_is_no_gain(void **state)
{
    double a[20], b[20];
    eval_paired p;

    (void)state;
    for (int i = 0; i < 20; i++) {
        a[i] = 4;
        b[i] = i % 2 ? 4.3 : 3.7;
    }
    assert_int_equal(eval_compare(a, b, 20, &p, NULL), PFLD_OK);
    assert_true(p.p > 0.5);
}

static void normalisers_are_the_distances_that_they_are_called(void **state)
{
    const scheme *s = scheme_find("ibug68");
    pfld_point p[68];
    double d;

    (void)state;
    for (int i = 0; i < 68; i++)
        p[i] = (pfld_point){50, 40};
    p[0] = (pfld_point){10, 20};
    p[8] = (pfld_point){90, 120}; /* the box: 80 x 100 */
    for (int i = 36; i < 42; i++)
        p[i] = (pfld_point){40, 50};
    for (int i = 42; i < 48; i++)
        p[i] = (pfld_point){70, 50};
    p[36].x = 34; /* the mean of the six moves by 1 */
    p[45].x = 76;
    assert_true(eval_normaliser(s, p, EVAL_INTER_OCULAR, &d));
    NEAR(d, 42, 1e-4);
    assert_true(eval_normaliser(s, p, EVAL_INTER_PUPIL, &d));
    NEAR(d, 32, 1e-4);
    assert_true(eval_normaliser(s, p, EVAL_BOX, &d));
    NEAR(d, sqrt(8000), 1e-4);
}

static void without_eye_corners_the_eye_centres_normalise(void **state)
{
    const pfld_point p[5] = {{30, 30}, {70, 30}, {50, 50}, {35, 70}, {65, 70}};
    double d;

    (void)state;
    assert_true(eval_normaliser(scheme_find("five"), p, EVAL_INTER_OCULAR, &d));
    NEAR(d, 40, 1e-4);
}

static void a_face_without_eyes_apart_has_no_normaliser(void **state)
{
    const scheme *s = scheme_find("ibug68");
    pfld_point p[68] = {{0, 0}};
    double d;

    (void)state;
    assert_false(eval_normaliser(s, p, EVAL_INTER_OCULAR, &d));
    p[36].x = NAN;
    assert_false(eval_normaliser(s, p, EVAL_INTER_OCULAR, &d));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(summary_of_four_faces_is_what_a_hand_computes),
        cmocka_unit_test(an_error_at_the_limit_is_no_failure),
        cmocka_unit_test(no_faces_have_no_figures),
        cmocka_unit_test(the_bootstrap_interval_is_as_wide_as_theory_says),
        cmocka_unit_test(the_same_errors_give_the_same_interval),
        cmocka_unit_test(a_model_does_not_differ_from_itself),
        cmocka_unit_test(a_small_but_steady_gain_is_found),
        cmocka_unit_test(noise_is_no_gain),
        cmocka_unit_test(normalisers_are_the_distances_that_they_are_called),
        cmocka_unit_test(without_eye_corners_the_eye_centres_normalise),
        cmocka_unit_test(a_face_without_eyes_apart_has_no_normaliser),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
