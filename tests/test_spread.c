/* geometry/spread: covariances, how they turn with the picture, and ellipses of a heavy tail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "geometry/spread.h"

#define NEAR(a, b, tolerance) assert_true(fabs((double)(a) - (double)(b)) <= (tolerance))

#define PI 3.14159265358979

static const spread_rule plain = {.tail = 6, .scale = {1, 1, 1, 1, 1, 1}};

static void assert_cov(pfld_cov c, double xx, double xy, double yy)
{
    double within = 2e-6 * (fabs(xx) + fabs(yy));

    assert_true(fabs((double)c.xx - xx) <= within);
    assert_true(fabs((double)c.xy - xy) <= within);
    assert_true(fabs((double)c.yy - yy) <= within);
}

static void what_the_head_says_becomes_a_covariance(void **state)
{
    const float said[3] = {logf(0.02f), logf(0.05f), atanhf(-0.6f)};
    spread_rule r = plain;
    pfld_cov c = spread_cov(&r, said, SCHEME_NOSE);
    double all = 6.0 / 4.0;

    (void)state;
    assert_cov(c, all * 4e-4, all * -0.6 * 1e-3, all * 25e-4);
    r.scale[SCHEME_EYE] = 2;
    assert_cov(spread_cov(&r, said, SCHEME_EYE), 4 * all * 4e-4, 4 * all * -6e-4, 4 * all * 25e-4);
    assert_cov(spread_cov(&r, said, SCHEME_JAW), all * 4e-4, all * -6e-4, all * 25e-4);
}

static void nothing_that_a_net_says_breaks_it(void **state)
{
    static const float wild[] = {-1e30f, -20.0f, 0.0f, 7.0f, 1e30f, INFINITY, -INFINITY, NAN};

    (void)state;
    for (int i = 0; i < 8 * 8 * 8; i++) {
        const float said[3] = {wild[i % 8], wild[i / 8 % 8], wild[i / 64]};
        pfld_cov c = spread_cov(&plain, said, SCHEME_LIPS);
        double half[2], angle;

        assert_true(isfinite(c.xx) && isfinite(c.xy) && isfinite(c.yy));
        assert_true(c.xx > 0 && c.yy > 0 &&
                    (double)c.xx * (double)c.yy > (double)c.xy * (double)c.xy);
        spread_axes(c, half, &angle);
        assert_true(half[0] >= half[1] && half[1] >= 0 && isfinite(angle));
    }
}

static void the_floor_grows_with_the_face(void **state)
{
    const pfld_point square[4] = {{3, 1}, {3, 5}, {7, 1}, {7, 5}};
    spread_rule r = plain;
    double size = spread_size(square, 4);

    (void)state;
    NEAR(size, sqrt(8), 1e-9);
    NEAR(spread_size(square, 0), 0, 0);
    NEAR(spread_floor(&r, size, SCHEME_EYE), 0, 0);
    r.floor = 0.1f;
    r.scale[SCHEME_EYE] = 2;
    NEAR(spread_floor(&r, size, SCHEME_EYE), 4 * 1.5 * 0.01 * 8, 1e-7);
}

/* A flip changes the sign of xy, a turn turns the axes, a scale squares. */
static void covariances_follow_the_picture(void **state)
{
    const pfld_cov c = {4, 1.5f, 2};
    const affine flip = {-1, 0, 111, 0, 1, 0}, twice = {2, 0, 5, 0, 2, 5},
                 quarter = {0, -1, 0, 1, 0, 0};
    double half[2], turned[2], before, angle;

    (void)state;
    assert_cov(spread_map(&flip, c), 4, -1.5, 2);
    assert_cov(spread_map(&twice, c), 16, 6, 8);
    assert_cov(spread_map(&quarter, c), 2, -1.5, 4);
    spread_axes(c, half, &before);
    for (int degrees = -170; degrees < 180; degrees += 25) {
        double t = degrees * PI / 180;
        const affine turn = {(float)cos(t), (float)-sin(t), 3, (float)sin(t), (float)cos(t), 4};

        spread_axes(spread_map(&turn, c), turned, &angle);
        NEAR(turned[0], half[0], 1e-5);
        NEAR(turned[1], half[1], 1e-5);
        assert_true(fabs(remainder(angle - before - t, PI)) < 1e-5);
    }
}

/* The same however the picture is turned or sheared: the error turns as well. */
static void distances_do_not_depend_on_the_frame(void **state)
{
    const pfld_cov c = {4, 1.5f, 2};
    const affine t = {0.7f, -1.1f, 0, 0.4f, 2, 0};
    double before = spread_distance2(c, 1, -2);
    double after = spread_distance2(spread_map(&t, c), 0.7 + 2.2, 0.4 - 4);

    (void)state;
    NEAR(before, (2.0 + 2 * 1.5 * 2 + 4 * 4) / (8 - 2.25), 1e-6);
    NEAR(after, before, 1e-4);
}

/* A point of a bivariate Student's t with matrix S: a Gaussian's over the root of a chi-square / v.
 */
static void draw(rng *r, int tail, double sx, double sy, double rho, double e[2])
{
    double u = (double)rng_normal(r), w = (double)rng_normal(r), chi = 0;

    for (int i = 0; i < tail; i++) {
        double n = (double)rng_normal(r);
        chi += n * n;
    }
    chi = sqrt((double)tail / chi);
    e[0] = sx * u * chi;
    e[1] = sy * (rho * u + sqrt(1 - rho * rho) * w) * chi;
}

static void ellipses_hold_their_share(void **state)
{
    enum { N = 100000 };
    static const double shares[] = {0.1, 0.5, 0.9, 0.99};
    const float said[3] = {logf(0.02f), logf(0.01f), atanhf(0.7f)};
    pfld_cov c = spread_cov(&plain, said, SCHEME_JAW);
    double within[4] = {0}, sum = 0, xy = 0, e[2];
    rng r;

    (void)state;
    rng_seed(&r, 5);
    for (int i = 0; i < N; i++) {
        draw(&r, 6, 0.02, 0.01, 0.7, e);
        for (int k = 0; k < 4; k++)
            within[k] += sqrt(spread_distance2(c, e[0], e[1])) <= spread_radius(6, shares[k]);
        sum += hypot(e[0], e[1]) / N;
        xy += e[0] * e[1] / N;
    }
    for (int k = 0; k < 4; k++)
        NEAR(within[k] / N, shares[k], 0.004);
    NEAR(xy, (double)c.xy, 0.03 * (double)c.xy);
    NEAR(spread_expected(spread_of_tail(6), c), sum, 0.01 * sum);
}

static void a_long_tail_becomes_a_gaussian(void **state)
{
    (void)state;
    NEAR(spread_radius(100, 0.9), sqrt(-2 * log(0.1)), 0.02);
    NEAR(spread_expected(spread_of_tail(100), (pfld_cov){1, 0, 1}), sqrt(PI / 2), 0.005);
    /* a line: the mean of |x| */
    NEAR(spread_expected(spread_of_tail(100), (pfld_cov){1, 0, 1e-12f}), sqrt(2 / PI), 0.005);
}

static void the_rule_survives_its_text(void **state)
{
    spread_rule r = {4.25f, {1.5f, 0.75f, 1, 2, 0.5f, 1}, 0};
    spread_rule back;
    char text[SPREAD_TEXT];

    (void)state;
    spread_text(&r, scheme_find("ibug68"), text);
    assert_string_equal(text, "tail=4.25 jaw=1.5 brows=0.75 nose=1 eyes=2 lips=0.5");
    assert_int_equal(spread_parse(text, &back, NULL), PFLD_OK);
    assert_memory_equal(&back, &r, sizeof r);
    r.floor = 0.015f;
    spread_text(&r, scheme_find("ibug68"), text);
    assert_string_equal(text, "tail=4.25 floor=0.015 jaw=1.5 brows=0.75 nose=1 eyes=2 lips=0.5");
    assert_int_equal(spread_parse(text, &back, NULL), PFLD_OK);
    assert_memory_equal(&back, &r, sizeof r);
    assert_int_equal(spread_parse("tail=5", &back, NULL), PFLD_OK);
    assert_true(back.scale[SCHEME_LIPS] <= 1 && back.scale[SCHEME_LIPS] >= 1);
}

static void nonsense_in_its_place_is_told(void **state)
{
    static const char *const bad[] = {"",
                                      "5",
                                      "tail",
                                      "tail=",
                                      "tail=x",
                                      "tail=2",
                                      "tail=1e9",
                                      "tail=nan",
                                      "jaw=1",
                                      "tail=5 ",
                                      "tail=5  jaw=1",
                                      "tail=5 jaw=0",
                                      "tail=5 jaw=-1",
                                      "tail=5 ears=1",
                                      "tail=5,jaw=1",
                                      "tail=5 jaw=1000",
                                      "tail=5jaw=1",
                                      "tail=5 floor=-0.1",
                                      "tail=5 floor=0.3",
                                      "tail=5 floor=nan",
                                      "floor=0.1",
                                      "=",
                                      " tail=5",
                                      "tail=5 jaw"};
    pfld_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        spread_rule r = {.tail = 77};
        if (spread_parse(bad[i], &r, &err) != PFLD_ERR_FORMAT)
            fail_msg("'%s' is taken", bad[i]);
        assert_non_null(strstr(err.msg, "pfld.spread"));
        assert_true(r.tail > 76); /* untouched */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_head_says_becomes_a_covariance),
        cmocka_unit_test(nothing_that_a_net_says_breaks_it),
        cmocka_unit_test(the_floor_grows_with_the_face),
        cmocka_unit_test(covariances_follow_the_picture),
        cmocka_unit_test(distances_do_not_depend_on_the_frame),
        cmocka_unit_test(ellipses_hold_their_share),
        cmocka_unit_test(a_long_tail_becomes_a_gaussian),
        cmocka_unit_test(the_rule_survives_its_text),
        cmocka_unit_test(nonsense_in_its_place_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
