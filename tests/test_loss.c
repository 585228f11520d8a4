/* The loss: by hand, against a plain second version of it, and against finite differences. Built
 * twice: see test_loss_double.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "train/loss.h"

enum { FACES = 5, POINTS = 7, COORDS = FACES * POINTS * 2, ALL_ANGLES = FACES * 3 };

/* In double the derivatives must be right, in float the same but for rounding. */
static const double tolerance = sizeof(real) == sizeof(double) ? 1e-6 : 1e-3;
static const double exact = sizeof(real) == sizeof(double) ? 1e-13 : 2e-6;

/* A batch in double, from which the one for loss_eval() is made. */
typedef struct faces {
    double predicted[COORDS], truth[COORDS], mask[FACES * POINTS];
    double angles[ALL_ANGLES], angles_truth[ALL_ANGLES], weight[FACES];
} faces;

typedef struct answer {
    loss_value value;
    real grad[COORDS], grad_angles[ALL_ANGLES];
} answer;

static void to_real(const double *from, real *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (real)from[i];
}

static answer eval_part(const loss_options *opt, const faces *f, size_t n)
{
    static real predicted[COORDS], truth[COORDS], mask[FACES * POINTS], angles[ALL_ANGLES],
        angles_truth[ALL_ANGLES], weight[FACES];
    answer a;
    loss_batch b = {n,      POINTS,       predicted, truth,  mask,
                    angles, angles_truth, weight,    a.grad, a.grad_angles};

    to_real(f->predicted, predicted, COORDS);
    to_real(f->truth, truth, COORDS);
    to_real(f->mask, mask, FACES * POINTS);
    to_real(f->angles, angles, ALL_ANGLES);
    to_real(f->angles_truth, angles_truth, ALL_ANGLES);
    to_real(f->weight, weight, FACES);
    memset(a.grad, 0xff, sizeof a.grad); /* NaN: all must be written */
    memset(a.grad_angles, 0xff, sizeof a.grad_angles);
    a.value = loss_eval(opt, &b);
    return a;
}

static answer eval(const loss_options *opt, const faces *f)
{
    return eval_part(opt, f, FACES);
}

/* ---- a second version, as the formulas are written ---- */

static double plain_distance(loss_distance kind, double x, double y, double pixels)
{
    double sum = 0, d[2] = {fabs(x) * pixels, fabs(y) * pixels};

    for (int i = 0; i < 2; i++) {
        double a = d[i], big = 1.1 * 5 * pow(5, 0.1) / (1 + pow(5, 1.1));
        switch (kind) {
        case LOSS_L2:
            sum += a * a / pixels;
            break;
        case LOSS_L1:
            sum += a;
            break;
        case LOSS_SMOOTH_L1:
            sum += a < 1 ? 0.5 * a * a : a - 0.5;
            break;
        case LOSS_WING:
            sum += a < 10 ? 10 * log(1 + a / 2) : a - (10 - 10 * log(6));
            break;
        case LOSS_SOFT_WING:
            sum += a < 2 ? a : 20 * log(1 + a / 0.5) + 2 - 20 * log(5);
            break;
        case LOSS_ADAPTIVE_WING: /* A and C as in the paper: C = theta A - w ln(...) */
            sum += a < 10 ? 10 * log(1 + pow(a / 2, 1.1))
                          : big * a - (10 * big - 10 * log(1 + pow(5, 1.1)));
            break;
        }
    }
    return sum / pixels;
}

static bool pose_is_known(const faces *f, int m)
{
    return !isnan(f->angles_truth[m * 3] + f->angles_truth[m * 3 + 1] + f->angles_truth[m * 3 + 2]);
}

static double plain_factor(const faces *f, int m)
{
    double sum = 0;
    for (int k = 0; k < 3; k++)
        sum += 1 - cos(f->angles_truth[m * 3 + k] - f->angles[m * 3 + k]);
    return sum;
}

/* Mean factor of known poses, or 1. */
static double plain_mean_factor(const faces *f)
{
    double sum = 0, n = 0;
    for (int m = 0; m < FACES; m++)
        if (pose_is_known(f, m)) {
            sum += plain_factor(f, m);
            n++;
        }
    return n > 0 ? sum / n : 1;
}

/* unknown: the factor of faces without a pose, which has no derivative. */
static double plain_loss(const loss_options *opt, const faces *f, double unknown)
{
    double points = 0, known = 0, own = 0, poses = 0;

    for (int m = 0; m < FACES; m++) {
        double sum = 0, w = opt->classes ? f->weight[m] : 1;
        for (int n = m * POINTS; n < (m + 1) * POINTS; n++) {
            known += f->mask[n];
            if (f->mask[n] > 0)
                sum += f->mask[n] *
                       plain_distance(opt->distance, f->predicted[2 * n] - f->truth[2 * n],
                                      f->predicted[2 * n + 1] - f->truth[2 * n + 1], opt->pixels);
        }
        if (opt->geometry)
            w *= pose_is_known(f, m) ? plain_factor(f, m) : unknown;
        points += w * sum;
        if (!pose_is_known(f, m))
            continue;
        poses++;
        for (int k = 0; k < 3; k++)
            own += pow(f->angles_truth[m * 3 + k] - f->angles[m * 3 + k], 2);
    }
    return (known > 0 ? points * POINTS / known : 0) + (poses > 0 ? opt->aux * own / poses : 0);
}

/* ---- finite differences ---- */

static uint32_t noise_state;

static double noise(double lo, double hi)
{
    noise_state = noise_state * 1664525u + 1013904223u;
    return lo + (hi - lo) * (noise_state >> 8) / 16777216.0;
}

/* An error of up to 22 pixels of 112, away from where a distance has a kink. */
static double some_error(void)
{
    for (;;) {
        double px = noise(-22, 22), a = fabs(px);
        if (a > 0.3 && fabs(a - 1) > 0.05 && fabs(a - 2) > 0.05 && fabs(a - 10) > 0.05)
            return px / 112;
    }
}

static faces some_faces(bool masks, bool unknown)
{
    faces f;

    noise_state = 17;
    for (int i = 0; i < COORDS; i++) {
        f.truth[i] = noise(0, 1);
        f.predicted[i] = f.truth[i] + some_error();
    }
    for (int i = 0; i < ALL_ANGLES; i++) {
        f.angles_truth[i] = noise(-1.2, 1.2);
        f.angles[i] = noise(-1.2, 1.2);
    }
    for (int m = 0; m < FACES; m++)
        f.weight[m] = noise(0.3, 3);
    for (int n = 0; n < FACES * POINTS; n++) {
        f.mask[n] = !masks || n < POINTS || n % 3 ? 1 : 0;
        if (f.mask[n] == 0)
            f.truth[2 * n] = f.truth[2 * n + 1] = (double)NAN;
    }
    if (masks)
        f.mask[1] = 0.25;
    if (unknown)
        f.angles_truth[4] = f.angles_truth[12] = (double)NAN; /* faces 1 and 4 */
    return f;
}

static void assert_near(double a, double b, double relative)
{
    if (!(fabs(a - b) <= relative * fmax(1e-2, fabs(b))))
        fail_msg("%.17g is not %.17g", a, b);
}

/* Five points: the error falls with the fourth power of the step. */
static double difference(const loss_options *opt, faces *f, double *x, double unknown)
{
    static const double at[4] = {-2, -1, 1, 2}, factor[4] = {1, -8, 8, -1};
    double keep = *x, sum = 0, h = 1e-5;

    for (int i = 0; i < 4; i++) {
        *x = keep + at[i] * h;
        sum += factor[i] * plain_loss(opt, f, unknown);
    }
    *x = keep;
    return sum / (12 * h);
}

static void check_gradients(const loss_options *opt, faces *f)
{
    answer a = eval(opt, f);
    double unknown = plain_mean_factor(f);

    assert_near(a.value.total, plain_loss(opt, f, unknown), exact * 10);
    for (int i = 0; i < COORDS; i++) {
        if (f->mask[i / 2] == 0)
            assert_true(a.grad[i] == 0);
        else
            assert_near((double)a.grad[i], difference(opt, f, &f->predicted[i], unknown),
                        tolerance);
    }
    for (int i = 0; i < ALL_ANGLES; i++)
        assert_near((double)a.grad_angles[i], difference(opt, f, &f->angles[i], unknown),
                    tolerance);
}

static void every_combination_has_the_gradient_of_finite_differences(void **state)
{
    int n = 0;
    (void)state;
    for (int distance = LOSS_L2; distance <= LOSS_ADAPTIVE_WING; distance++)
        for (unsigned bits = 0; bits < 32; bits++) {
            faces f = some_faces(bits & 1, bits & 2);
            loss_options opt = {(loss_distance)distance, bits & 4, bits & 8, 112,
                                bits & 16 ? 0.7 : 0};
            check_gradients(&opt, &f);
            n++;
        }
    assert_int_equal(n, 6 * 32);
}

/* ---- by hand ---- */

static const loss_options equation2 = {LOSS_L2, true, true, 112, 0};
static const loss_options plain_l2 = {LOSS_L2, false, false, 112, 0};

/* One point of one face is off by (0.1, -0.2), its angles by 0.3 and -0.1, its weight is 2. */
static loss_value one_point(const loss_options *opt, real grad[2], real grad_angles[3])
{
    static const real predicted[2] = {(real)0.5, (real)0.4}, truth[2] = {(real)0.4, (real)0.6};
    static const real angles[3] = {(real)0.2, (real)0.1, 0}, right[3] = {(real)0.5, 0, 0};
    static const real weight[1] = {2};
    loss_batch b = {1, 1, predicted, truth, NULL, angles, right, weight, grad, grad_angles};

    return loss_eval(opt, &b);
}

static void equation_2_is_what_a_person_computes(void **state)
{
    real grad[2], grad_angles[3];
    (void)state;
    loss_value v = one_point(&equation2, grad, grad_angles);
    /* G = (1 - cos 0.3) + (1 - cos 0.1) + 0; L = 2 G (0.1^2 + 0.2^2) */
    double factor = 0.044663510874394 + 0.004995834721974;
    assert_near(v.geometry, factor, exact);
    assert_near(v.total, 0.00496593455963680, exact);
    assert_near(v.distance, 0.05, exact);
    assert_near(v.angle_error, 0.4 / 3 * 180 / 3.14159265358979, exact);
    assert_near((double)grad[0], 2 * factor * 0.2, exact);
    assert_near((double)grad[1], 2 * factor * -0.4, exact);
    /* -w |d|^2 sin theta: the estimate moves towards the truth */
    assert_near((double)grad_angles[0], -0.1 * 0.295520206661340, exact);
    assert_near((double)grad_angles[1], 0.1 * 0.0998334166468282, exact);
    assert_true(grad_angles[2] == 0);
}

static void without_its_factors_equation_2_is_l2(void **state)
{
    real grad[2], grad_angles[3];
    (void)state;
    loss_value v = one_point(&plain_l2, grad, grad_angles);
    assert_near(v.total, 0.05, exact);
    assert_near((double)grad[0], 0.2, exact);
    assert_near((double)grad[1], -0.4, exact);
    for (int k = 0; k < 3; k++)
        assert_true(grad_angles[k] == 0);
    assert_true(v.geometry == 1);
}

static void each_factor_can_be_switched_off_alone(void **state)
{
    loss_options opt = equation2;
    real grad[2], grad_angles[3];
    (void)state;
    opt.classes = false;
    assert_near(one_point(&opt, grad, grad_angles).total, 0.00248296727981840, exact);
    opt = equation2;
    opt.geometry = false;
    assert_near(one_point(&opt, grad, grad_angles).total, 0.1, exact);
    opt.aux = 0.5; /* + 0.5 (0.3^2 + 0.1^2) */
    assert_near(one_point(&opt, grad, grad_angles).total, 0.1 + 0.05, exact);
    assert_near((double)grad_angles[0], -0.3, exact);
    assert_near((double)grad_angles[1], 0.1, exact);
}

/* Radians: a quarter turn makes 1, half a turn 2. In degrees both would be somewhere in between. */
static void angles_are_radians(void **state)
{
    faces f = some_faces(false, false);
    (void)state;
    memset(f.angles, 0, sizeof f.angles);
    memset(f.angles_truth, 0, sizeof f.angles_truth);
    for (int m = 0; m < FACES; m++)
        f.angles[m * 3] = 1.57079632679489662;
    assert_near(eval(&equation2, &f).value.geometry, 1, exact);
    assert_near(eval(&equation2, &f).value.angle_error, 30, exact);
    for (int m = 0; m < FACES; m++)
        f.angles[m * 3 + 1] = -3.14159265358979;
    assert_near(eval(&equation2, &f).value.geometry, 3, exact);
}

/* The paper's formula says so. */
static void perfect_angles_make_equation_2_nothing(void **state)
{
    faces f = some_faces(false, false);
    (void)state;
    memcpy(f.angles, f.angles_truth, sizeof f.angles);
    answer a = eval(&equation2, &f);
    assert_true(a.value.total == 0);
    assert_true(a.value.distance > 0);
    for (int i = 0; i < COORDS; i++)
        assert_true(a.grad[i] == 0);
    for (int i = 0; i < ALL_ANGLES; i++)
        assert_true(a.grad_angles[i] == 0);
}

static void tiny_deviations_still_count(void **state)
{
    faces f = some_faces(false, false);
    (void)state;
    memset(f.angles_truth, 0, sizeof f.angles_truth);
    for (int i = 0; i < ALL_ANGLES; i++)
        f.angles[i] = 1e-9; /* 1 - cos would be 0 in double */
    double g = eval(&equation2, &f).value.geometry;
    assert_true(fabs(g - 1.5e-18) < 1e-22);
}

/* M is the batch's number of images: the same images twice have the same mean. */
static void the_loss_is_a_mean_over_images(void **state)
{
    faces f = some_faces(false, false);
    (void)state;
    for (int m = 1; m < 4; m++) {
        memcpy(&f.predicted[m * POINTS * 2], f.predicted, POINTS * 2 * sizeof(double));
        memcpy(&f.truth[m * POINTS * 2], f.truth, POINTS * 2 * sizeof(double));
        memcpy(&f.angles[m * 3], f.angles, 3 * sizeof(double));
        memcpy(&f.angles_truth[m * 3], f.angles_truth, 3 * sizeof(double));
        f.weight[m] = f.weight[0];
    }
    answer one = eval_part(&equation2, &f, 1), four = eval_part(&equation2, &f, 4);
    assert_near(four.value.total, one.value.total, exact);
    assert_near(four.value.distance, one.value.distance, exact);
    for (int i = 0; i < POINTS * 2; i++)
        assert_near(4 * (double)four.grad[i], (double)one.grad[i], exact);
    /* the sum over the points, not their mean */
    assert_near(eval_part(&plain_l2, &f, 1).value.total, one.value.distance * POINTS, exact);
}

/* Faces in two parts, as two machines have them. */
static void parts_of_a_batch_add_up_to_it(void **state)
{
    enum { FIRST = 2, PARTS = 2 };
    const loss_options opt = {LOSS_WING, true, true, 112, 0.5};
    const faces f = some_faces(true, true);
    const answer whole = eval(&opt, &f);
    real predicted[COORDS], truth[COORDS], mask[FACES * POINTS], angles[ALL_ANGLES];
    real angles_truth[ALL_ANGLES], weight[FACES], grad[COORDS], grad_angles[ALL_ANGLES];
    loss_batch part[PARTS] = {
        {FIRST, POINTS, predicted, truth, mask, angles, angles_truth, weight, grad, grad_angles}};
    loss_sums sums = {0};
    loss_value v[PARTS];

    (void)state;
    to_real(f.predicted, predicted, COORDS);
    to_real(f.truth, truth, COORDS);
    to_real(f.mask, mask, FACES * POINTS);
    to_real(f.angles, angles, ALL_ANGLES);
    to_real(f.angles_truth, angles_truth, ALL_ANGLES);
    to_real(f.weight, weight, FACES);
    part[1] = (loss_batch){FACES - FIRST,
                           POINTS,
                           predicted + FIRST * POINTS * 2,
                           truth + FIRST * POINTS * 2,
                           mask + FIRST * POINTS,
                           angles + FIRST * 3,
                           angles_truth + FIRST * 3,
                           weight + FIRST,
                           grad + FIRST * POINTS * 2,
                           grad_angles + FIRST * 3};
    for (int k = 0; k < PARTS; k++) {
        loss_sums own = loss_sum_up(&opt, &part[k]);

        for (int i = 0; i < LOSS_SUMS; i++)
            sums.at[i] += own.at[i];
    }
    for (int k = 0; k < PARTS; k++)
        v[k] = loss_eval_part(&opt, &part[k], &sums);
    assert_near(v[0].total + v[1].total, whole.value.total, exact);
    assert_near(v[0].distance + v[1].distance, whole.value.distance, exact);
    for (int k = 0; k < PARTS; k++) {
        assert_near(v[k].geometry, whole.value.geometry, exact);
        assert_near(v[k].angle_error, whole.value.angle_error, exact);
        assert_true(v[k].known == whole.value.known && v[k].poses == whole.value.poses);
    }
    for (int i = 0; i < COORDS; i++)
        assert_near((double)grad[i], (double)whole.grad[i], exact);
    for (int i = 0; i < ALL_ANGLES; i++)
        assert_near((double)grad_angles[i], (double)whole.grad_angles[i], exact);
}

static void a_mask_of_ones_is_no_mask(void **state)
{
    faces f = some_faces(false, false);
    real predicted[COORDS], truth[COORDS], grad[COORDS], ones[FACES * POINTS];
    loss_batch b = {.n = FACES, .points = POINTS, .predicted = predicted, .truth = truth};
    (void)state;
    to_real(f.predicted, predicted, COORDS);
    to_real(f.truth, truth, COORDS);
    to_real(f.mask, ones, FACES * POINTS);
    b.grad = grad;
    loss_value without = loss_eval(&plain_l2, &b);
    b.mask = ones;
    loss_value with = loss_eval(&plain_l2, &b);
    assert_memory_equal(&without, &with, sizeof with);
    assert_true(with.known == FACES * POINTS);
    assert_int_equal(with.poses, 0);
}

/* 5-point faces among 68-point ones: every point that is known weighs the same. */
static void known_points_weigh_alike_in_all_faces(void **state)
{
    faces f = some_faces(false, false);
    (void)state;
    for (int i = 0; i < COORDS; i++)
        f.predicted[i] = f.truth[i] + 0.125;
    for (int n = POINTS; n < FACES * POINTS; n++)
        if (n % POINTS > 1) { /* two points are known of all faces but the first */
            f.mask[n] = 0;
            f.truth[2 * n] = (double)NAN;
            f.predicted[2 * n] = 7;
        }
    answer a = eval(&plain_l2, &f);
    double known = POINTS + 2 * (FACES - 1);
    for (int i = 0; i < COORDS; i++)
        assert_near((double)a.grad[i], f.mask[i / 2] > 0 ? 0.25 * POINTS / known : 0, exact);
    assert_near(a.value.distance, 2 * 0.125 * 0.125, exact);
    assert_near(a.value.total, POINTS * 2 * 0.125 * 0.125, exact); /* as if all were known */
    assert_near(a.value.known, known, exact);
}

static void a_batch_of_unknown_points_teaches_nothing(void **state)
{
    faces f = some_faces(false, false);
    (void)state;
    memset(f.mask, 0, sizeof f.mask);
    for (int i = 0; i < COORDS; i++)
        f.truth[i] = (double)NAN;
    answer a = eval(&equation2, &f);
    assert_true(a.value.total == 0 && a.value.distance == 0 && a.value.known == 0);
    for (int i = 0; i < COORDS; i++)
        assert_true(a.grad[i] == 0);
    for (int i = 0; i < ALL_ANGLES; i++)
        assert_true(a.grad_angles[i] == 0);
}

static void faces_of_unknown_pose_take_the_mean_factor(void **state)
{
    faces f = some_faces(false, true);
    (void)state;
    double mean = (plain_factor(&f, 0) + plain_factor(&f, 2) + plain_factor(&f, 3)) / 3;
    answer a = eval(&equation2, &f);
    assert_near(a.value.geometry, mean, exact);
    assert_int_equal(a.value.poses, 3);
    /* face 1, point 0, x */
    int at = POINTS * 2;
    assert_near((double)a.grad[at],
                2 * (f.predicted[at] - f.truth[at]) * f.weight[1] * mean / FACES, exact * 10);
    for (int k = 0; k < 3; k++) {
        assert_true(a.grad_angles[3 + k] == 0); /* nothing is known, nothing is taught */
        assert_true(a.grad_angles[k] != 0);
    }
}

static void without_any_pose_the_factor_is_1(void **state)
{
    faces f = some_faces(false, false);
    loss_options opt = equation2, l2 = plain_l2;
    (void)state;
    for (int m = 0; m < FACES; m++)
        f.angles_truth[m * 3 + m % 3] = (double)NAN; /* one of three is enough */
    opt.aux = 1;
    l2.classes = true;
    answer a = eval(&opt, &f), b = eval(&l2, &f);
    assert_true(a.value.total > 0 && a.value.total == b.value.total);
    assert_true(a.value.geometry == 1);
    assert_true(a.value.angle_error == 0 && a.value.poses == 0);
    assert_memory_equal(a.grad, b.grad, sizeof a.grad);
}

/* ---- distances ---- */

/* The distance of an error of so many pixels in x alone, in pixels, and its slope. */
static double at_pixels(loss_distance kind, double px, double pixels, double *steep)
{
    real predicted[2] = {(real)(0.25 + px / pixels), (real)0.5}, truth[2] = {(real)0.25, (real)0.5};
    real grad[2];
    loss_options opt = {.distance = kind, .pixels = pixels};
    loss_batch b = {.n = 1, .points = 1, .predicted = predicted, .truth = truth, .grad = grad};
    loss_value v = loss_eval(&opt, &b);

    assert_true(grad[1] == 0);
    if (steep)
        *steep = (double)grad[0];
    return v.total * pixels;
}

static void distances_of_pixels_are_what_a_person_computes(void **state)
{
    static const struct {
        loss_distance kind;
        double px, value, slope;
    } t[] = {
        {LOSS_L1, 3, 3, 1},
        {LOSS_L1, -3, 3, -1},
        {LOSS_L1, 0, 0, 0},
        {LOSS_SMOOTH_L1, 0.5, 0.125, 0.5},
        {LOSS_SMOOTH_L1, -4, 3.5, -1},
        {LOSS_WING, 3, 9.16290731874155, 2},    /* 10 ln 2.5, 10 / 5 */
        {LOSS_WING, -20, 27.9175946922806, -1}, /* 20 - 10 + 10 ln 6 */
        {LOSS_SOFT_WING, 1.5, 1.5, 1},
        {LOSS_SOFT_WING, 4.5, 15.8629436111989, 4},      /* 20 ln 10 + 2 - 20 ln 5, 20 / 5 */
        {LOSS_ADAPTIVE_WING, 2, 6.93147180559945, 2.75}, /* 10 ln 2, 10 1.1 / 2 / 2 */
        {LOSS_ADAPTIVE_WING, 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        double steep;
        assert_near(at_pixels(t[i].kind, t[i].px, 112, &steep), t[i].value, exact * 100);
        assert_near(steep, t[i].slope, exact * 100);
    }
    /* of the crop, squared */
    assert_near(at_pixels(LOSS_L2, 28, 112, NULL), 0.25 * 0.25 * 112, exact * 100);
}

static void a_pixel_is_a_pixel_at_any_crop_size(void **state)
{
    (void)state;
    for (int kind = LOSS_L1; kind <= LOSS_ADAPTIVE_WING; kind++)
        for (double px = -30.5; px < 31; px += 7) {
            double a, b;
            assert_near(at_pixels((loss_distance)kind, px, 256, &b),
                        at_pixels((loss_distance)kind, px, 112, &a), exact * 100);
            assert_near(b, a, exact * 100);
        }
}

static void distances_have_no_step(void **state)
{
    static const struct {
        loss_distance kind;
        double px;
        bool smooth; /* the slope has no step either */
    } t[] = {{LOSS_SMOOTH_L1, 1, true},
             {LOSS_WING, 10, false},
             {LOSS_SOFT_WING, 2, false},
             {LOSS_ADAPTIVE_WING, 10, true},
             {LOSS_ADAPTIVE_WING, 1e-9, true}};
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        double h = sizeof(real) == sizeof(double) ? 1e-7 : 1e-3, below, above;
        double a = at_pixels(t[i].kind, t[i].px - h, 112, &below);
        double b = at_pixels(t[i].kind, t[i].px + h, 112, &above);
        assert_true(fabs(a - b) < 20 * h);
        if (t[i].smooth && sizeof(real) == sizeof(double) && t[i].px > 0.1)
            assert_near(below, above, 1e-6);
        if (!t[i].smooth)
            assert_true(fabs(below - above) > 0.1); /* both sides were looked at */
    }
}

static void distances_are_even_and_grow(void **state)
{
    (void)state;
    for (int kind = LOSS_L2; kind <= LOSS_ADAPTIVE_WING; kind++) {
        double last = -1;
        for (double px = 0.25; px < 40; px++) { /* never at a kink */
            double left, right;
            double v = at_pixels((loss_distance)kind, px, 112, &right);
            assert_near(at_pixels((loss_distance)kind, -px, 112, &left), v, exact * 100);
            assert_near(left, -right, exact * 100);
            assert_true(v > last);
            last = v;
        }
    }
}

static void angles_without_a_place_for_gradients_are_fine(void **state)
{
    real grad[2], grad_angles[3];
    (void)state;
    loss_value a = one_point(&equation2, grad, grad_angles), b = one_point(&equation2, grad, NULL);
    assert_memory_equal(&a, &b, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_has_the_gradient_of_finite_differences),
        cmocka_unit_test(equation_2_is_what_a_person_computes),
        cmocka_unit_test(without_its_factors_equation_2_is_l2),
        cmocka_unit_test(each_factor_can_be_switched_off_alone),
        cmocka_unit_test(angles_are_radians),
        cmocka_unit_test(perfect_angles_make_equation_2_nothing),
        cmocka_unit_test(tiny_deviations_still_count),
        cmocka_unit_test(the_loss_is_a_mean_over_images),
        cmocka_unit_test(parts_of_a_batch_add_up_to_it),
        cmocka_unit_test(a_mask_of_ones_is_no_mask),
        cmocka_unit_test(known_points_weigh_alike_in_all_faces),
        cmocka_unit_test(a_batch_of_unknown_points_teaches_nothing),
        cmocka_unit_test(faces_of_unknown_pose_take_the_mean_factor),
        cmocka_unit_test(without_any_pose_the_factor_is_1),
        cmocka_unit_test(distances_of_pixels_are_what_a_person_computes),
        cmocka_unit_test(a_pixel_is_a_pixel_at_any_crop_size),
        cmocka_unit_test(distances_have_no_step),
        cmocka_unit_test(distances_are_even_and_grow),
        cmocka_unit_test(angles_without_a_place_for_gradients_are_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
