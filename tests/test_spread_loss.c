/* The loss of the spread's head: as the density is written, and against finite differences. Built
 * twice: see test_spread_loss_double.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "train/spread_loss.h"

enum { FACES = 3, POINTS = 5, ALL = FACES * POINTS };

static const double tolerance = sizeof(real) == sizeof(double) ? 1e-7 : 2e-3;

typedef struct faces {
    real predicted[2 * ALL], truth[2 * ALL], mask[ALL], spread[3 * ALL], grad[3 * ALL];
} faces;

static uint32_t seed;

/* Even in lo..hi; the same numbers every time. */
static real even(double lo, double hi)
{
    seed = seed * 1664525u + 1013904223u;
    return (real)(lo + (hi - lo) * (double)(seed >> 8) / 16777216.0);
}

static void make(faces *f)
{
    seed = 1;
    for (int i = 0; i < 2 * ALL; i++) {
        f->truth[i] = even(0, 1);
        f->predicted[i] = f->truth[i] + even(-0.08, 0.08);
    }
    for (int i = 0; i < ALL; i++) {
        f->mask[i] = i % 4 ? 1 : 0;
        f->spread[3 * i] = even(-5, -2);
        f->spread[3 * i + 1] = even(-5, -2);
        f->spread[3 * i + 2] = even(-1.5, 1.5);
    }
    f->truth[2 * 8] = (real)NAN; /* nobody looks where the mask is 0 */
}

static spread_value eval(faces *f, bool masked)
{
    spread_batch b = {.n = FACES,
                      .points = POINTS,
                      .predicted = f->predicted,
                      .truth = f->truth,
                      .mask = masked ? f->mask : NULL,
                      .spread = f->spread,
                      .grad = f->grad};

    memset(f->grad, 0xff, sizeof f->grad); /* NaN: all must be written */
    return spread_loss_eval(&b);
}

/* -ln of the density, by the matrix and its inverse. */
static double plain(const faces *f, int i)
{
    const double v = SPREAD_TRAIN_TAIL;
    double sx = exp((double)f->spread[3 * i]), sy = exp((double)f->spread[3 * i + 1]);
    double r = tanh((double)f->spread[3 * i + 2]), xx = sx * sx, xy = r * sx * sy, yy = sy * sy;
    double ex = (double)f->truth[2 * i] - (double)f->predicted[2 * i];
    double ey = (double)f->truth[2 * i + 1] - (double)f->predicted[2 * i + 1];
    double det = xx * yy - xy * xy, q = (yy * ex * ex - 2 * xy * ex * ey + xx * ey * ey) / det;

    return -log(pow(1 + q / v, -(v + 2) / 2) / sqrt(det));
}

static void loss_is_minus_the_logarithm_of_the_density(void **state)
{
    static faces f;
    spread_value v;
    double sum = 0, known = 0;

    (void)state;
    make(&f);
    v = eval(&f, true);
    for (int i = 0; i < ALL; i++)
        if (f.mask[i] > 0) {
            sum += plain(&f, i);
            known++;
        }
    assert_true(fabs(v.total - sum) < 1e-5 * fabs(sum));
    assert_true(fabs(v.known - known) < 0.5);
    assert_true(fabs(spread_loss_percent(sum, known) - 100 * exp(sum / known / 2)) < 1e-9);
    assert_true(isnan(spread_loss_percent(0, 0)));
}

static void gradients_are_those_of_the_loss(void **state)
{
    static faces f, g;

    (void)state;
    make(&f);
    eval(&f, true);
    for (int i = 0; i < 3 * ALL; i++) {
        const double h = sizeof(real) == sizeof(double) ? 1e-5 : 1e-2;
        double up, down, known, d;

        g = f;
        g.spread[i] = (real)((double)f.spread[i] + h);
        up = eval(&g, true).total;
        g.spread[i] = (real)((double)f.spread[i] - h);
        down = eval(&g, true).total;
        known = eval(&g, true).known;
        d = (up - down) / (2 * h) / known;
        if (!(fabs(d - (double)f.grad[i]) <= tolerance * (1 + fabs(d))))
            fail_msg("%d: %.9g, but the difference is %.9g", i, (double)f.grad[i], d);
        assert_true(f.mask[i / 3] > 0 || fabs((double)f.grad[i]) <= 0);
    }
}

/* However far a point is off, it pulls at most v + 2 times as hard as one that is right. */
static void far_points_pull_with_a_bounded_force(void **state)
{
    static faces f;

    (void)state;
    make(&f);
    f.mask[8] = 1;
    for (int i = 0; i < 2 * ALL; i++)
        f.truth[i] = (real)(i % 3 ? 1e3 : -1e3);
    eval(&f, false);
    for (int i = 0; i < 3 * ALL; i++)
        assert_true(fabs((double)f.grad[i]) * ALL <
                    (SPREAD_TRAIN_TAIL + 2) / (1 - pow(tanh(1.5), 2)));
}

/* Of several processes each has some of the batch's faces. */
static void a_part_has_its_share_of_the_gradients(void **state)
{
    static faces f;
    spread_value all, part = {0};
    real whole[3 * ALL];

    (void)state;
    make(&f);
    all = eval(&f, true);
    memcpy(whole, f.grad, sizeof whole);
    memset(f.grad, 0xff, sizeof f.grad);
    for (int i = 0; i < FACES; i++) {
        spread_batch b = {.n = 1,
                          .points = POINTS,
                          .predicted = f.predicted + 2 * POINTS * i,
                          .truth = f.truth + 2 * POINTS * i,
                          .mask = f.mask + POINTS * i,
                          .spread = f.spread + 3 * POINTS * i,
                          .grad = f.grad + 3 * POINTS * i,
                          .known = all.known};
        spread_value v = spread_loss_eval(&b);
        assert_true(fabs(v.known - spread_known(&b)) <= 0);
        part.total += v.total;
        part.known += v.known;
    }
    assert_memory_equal(f.grad, whole, sizeof whole);
    assert_true(fabs(part.total - all.total) < 1e-9 * fabs(all.total));
    assert_true(fabs(part.known - all.known) <= 0);
}

static void a_batch_without_points_has_no_loss(void **state)
{
    static faces f;
    spread_value v;

    (void)state;
    make(&f);
    memset(f.mask, 0, sizeof f.mask);
    v = eval(&f, true);
    assert_true(fabs(v.total) + fabs(v.known) <= 0);
    for (int i = 0; i < 3 * ALL; i++)
        assert_true(fabs((double)f.grad[i]) <= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_is_minus_the_logarithm_of_the_density),
        cmocka_unit_test(gradients_are_those_of_the_loss),
        cmocka_unit_test(far_points_pull_with_a_bounded_force),
        cmocka_unit_test(a_part_has_its_share_of_the_gradients),
        cmocka_unit_test(a_batch_without_points_has_no_loss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
