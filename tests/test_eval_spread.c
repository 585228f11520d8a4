/* eval/spread: coverage, order of faces, and the calibration of errors whose spread is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "eval/spread.h"

#define NEAR(a, b, tolerance) assert_true(fabs((double)(a) - (double)(b)) <= (tolerance))

#define PI 3.14159265f

enum { FACES = 300, POINTS = 68, RADIUS = 100 };

typedef struct made {
    eval_run run;
    eval_face *faces;
    data_sample *samples;
    pfld_point *truth; /* [FACES][POINTS] */
} made;

/* What the net claims of each point, and how its errors really are. */
typedef struct world {
    spread_rule claimed, real;
} world;

static void make_face(made *m, const world *w, size_t i, rng *r)
{
    eval_face *f = &m->faces[i];
    const float size = expf(0.5f * rng_normal(r)); /* faces differ */

    f->sample = &m->samples[i];
    m->samples[i] = (data_sample){.scheme = m->run.scheme, .points = m->truth + i * POINTS};
    f->found.n_landmarks = POINTS;
    for (int p = 0; p < POINTS; p++) {
        const float said[3] = {logf(size), logf(2 * size), 0.5f};
        scheme_group_kind g = scheme_group(m->run.scheme, p);
        const double v = (double)w->real.tail, s2 = (double)size * (double)size;
        const double least = (double)w->real.floor * RADIUS * (double)w->real.floor * RADIUS;
        const double xx = s2 + least, xy = 2 * tanh(0.5) * s2, yy = 4 * s2 + least;
        double a = (double)rng_normal(r), b = (double)rng_normal(r), chi = 0, k, x, y;
        pfld_point *at = &f->found.landmarks[p];
        pfld_cov *c = &f->found.cov[p];

        for (int n = 0; n < (int)v; n++) {
            double z = (double)rng_normal(r);
            chi += z * z;
        }
        k = (double)w->real.scale[g] * sqrt(v / chi);
        x = k * sqrt(xx) * a;
        y = k * (xy / sqrt(xx) * a + sqrt(yy - xy * xy / xx) * b);
        *at = (pfld_point){RADIUS * cosf(2 * PI * (float)p / POINTS),
                           RADIUS * sinf(2 * PI * (float)p / POINTS)};
        m->truth[i * POINTS + (size_t)p] = (pfld_point){at->x + (float)x, at->y + (float)y};
        *c = spread_cov(&w->claimed, said, g);
        c->xx += (float)spread_floor(&w->claimed, RADIUS, g);
        c->yy += (float)spread_floor(&w->claimed, RADIUS, g);
        f->error += hypot(x, y) / POINTS;
    }
    f->found.error = size;
}

static made make_run(const world *w, uint64_t seed)
{
    made m = {.faces = calloc(FACES, sizeof *m.faces),
              .samples = calloc(FACES, sizeof *m.samples),
              .truth = calloc(FACES, POINTS * sizeof *m.truth)};
    rng r;

    rng_seed(&r, seed);
    m.run = (eval_run){.faces = m.faces, .n = FACES, .scheme = scheme_find("ibug68")};
    for (size_t i = 0; i < FACES; i++)
        make_face(&m, w, i, &r);
    for (int k = 0; k < EVAL_SHARES; k++)
        m.run.radius[k] = (float)spread_radius((double)w->claimed.tail, (double)eval_shares[k]);
    return m;
}

static void free_run(made *m)
{
    free(m->faces);
    free(m->samples);
    free(m->truth);
}

static const spread_rule right = {4, {1.5f, 0.7f, 1, 0.5f, 1.2f, 1}, 0};
static const spread_rule wrong = {9, {1, 1, 1, 1, 1, 1}, 0.03f};
static const spread_rule floored = {4, {1.5f, 0.7f, 1, 0.5f, 1.2f, 1}, 0.01f};

static void a_model_that_is_right_has_its_coverage(void **state)
{
    const world w = {right, right};
    made m = make_run(&w, 1);
    eval_spread s;

    (void)state;
    assert_int_equal(eval_spread_of(&m.run, &s, NULL), PFLD_OK);
    for (int k = 0; k < EVAL_SHARES; k++) {
        NEAR(s.coverage[k], 100 * eval_shares[k], 1);
        for (int g = 0; g < SCHEME_PUPIL; g++)
            NEAR(s.by_group[g][k], 100 * eval_shares[k], 2.5);
        assert_true(isnan(s.by_group[SCHEME_PUPIL][k]));
    }
    assert_true(s.spearman > 0.9 && s.spearman <= 1);
    assert_true(s.nme_without[1] < s.nme_without[0]);
    assert_true(s.nme_best[0] <= s.nme_without[0] && s.nme_best[1] <= s.nme_without[1]);
    free_run(&m);
}

static void a_model_that_is_too_sure_is_found_out(void **state)
{
    const world w = {{5, {0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 1}, 0}, {5, {1, 1, 1, 1, 1, 1}, 0}};
    made m = make_run(&w, 2);
    eval_spread s;

    (void)state;
    assert_int_equal(eval_spread_of(&m.run, &s, NULL), PFLD_OK);
    assert_true(s.coverage[0] < 25 && s.coverage[1] < 70);
    free_run(&m);
}

/* The scales, the tail and the floor come back, whatever the model has claimed so far. */
static void assert_found(const spread_rule *real)
{
    const world w = {wrong, *real};
    made m = make_run(&w, 3), other;
    eval_fit f = {0};
    spread_rule r;
    double within[EVAL_SHARES];

    assert_int_equal(eval_fit_add(&f, &m.run, &w.claimed, NULL), PFLD_OK);
    assert_int_equal(eval_spread_fit(&f, &r, NULL), PFLD_OK);
    NEAR(r.tail, real->tail, 0.3);
    NEAR(r.floor, real->floor, 0.001);
    for (int g = 0; g < SCHEME_PUPIL; g++)
        NEAR(r.scale[g], real->scale[g], 0.03 * (double)real->scale[g]);
    NEAR(r.scale[SCHEME_PUPIL], 1, 1e-6); /* no such points */
    eval_fit_coverage(&f, &r, within);
    for (int k = 0; k < EVAL_SHARES; k++)
        NEAR(within[k], 100 * eval_shares[k], 0.7);
    eval_fit_free(&f);

    /* and holds on faces that it has not seen; calibrating again changes nothing */
    other = make_run(&(world){r, *real}, 4);
    assert_int_equal(eval_fit_add(&f, &other.run, &r, NULL), PFLD_OK);
    eval_fit_coverage(&f, &r, within);
    for (int k = 0; k < EVAL_SHARES; k++)
        NEAR(within[k], 100 * eval_shares[k], 1);
    eval_fit_free(&f);
    free_run(&other);
    free_run(&m);
}

static void calibration_finds_what_the_errors_were_made_by(void **state)
{
    (void)state;
    assert_found(&right);
    assert_found(&floored);
}

static void too_few_points_are_refused(void **state)
{
    const world w = {wrong, right};
    made m = make_run(&w, 3);
    eval_fit f = {0};
    spread_rule r;
    pfld_error err;

    (void)state;
    m.run.n = 2; /* 34 points of the jaw */
    assert_int_equal(eval_fit_add(&f, &m.run, &w.claimed, NULL), PFLD_OK);
    assert_int_equal(eval_spread_fit(&f, &r, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "least"));
    eval_fit_free(&f);
    free_run(&m);
}

static void equal_expectations_share_their_rank(void **state)
{
    const world w = {right, right};
    made m = make_run(&w, 1);
    eval_spread s;

    (void)state;
    for (size_t i = 0; i < FACES; i++) {
        m.faces[i].found.error = (float)(i % 2);
        m.faces[i].error = (double)(i % 2);
    }
    assert_int_equal(eval_spread_of(&m.run, &s, NULL), PFLD_OK);
    NEAR(s.spearman, 1, 1e-9);
    for (size_t i = 0; i < FACES; i++)
        m.faces[i].found.error = 3;
    assert_int_equal(eval_spread_of(&m.run, &s, NULL), PFLD_OK);
    assert_true(isnan(s.spearman));
    free_run(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_that_is_right_has_its_coverage),
        cmocka_unit_test(a_model_that_is_too_sure_is_found_out),
        cmocka_unit_test(calibration_finds_what_the_errors_were_made_by),
        cmocka_unit_test(too_few_points_are_refused),
        cmocka_unit_test(equal_expectations_share_their_rank),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
