/* The detector's loss: who finds whom, and gradients against finite differences. Built twice: see
 * test_detect_loss_double.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "train/detect_loss.h"

enum { SIZE = 64, CELLS = 64 + 16 + 4, PICTURES = 3, N = PICTURES * CELLS * DETECTOR_CHANNELS };

static const double tolerance = sizeof(real) == sizeof(double) ? 1e-6 : 5e-3;
static const size_t level_cells[DETECTOR_LEVELS] = {64, 16, 4};

typedef struct rig {
    detect_loss *d;
    real out[N], grad[N]; /* level by level, each [PICTURES][cells][channels] */
    detect_maps m;
    scene_face faces[8];
    size_t first[PICTURES + 1];
    scene_batch b;
} rig;

static void open_rig(rig *r)
{
    rng random;
    size_t at = 0;

    memset(r, 0, sizeof *r);
    rng_seed(&random, 3);
    assert_int_equal(detect_loss_create(PICTURES, SIZE, &r->d, NULL), PFLD_OK);
    for (size_t i = 0; i < N; i++) {
        r->out[i] = (real)(rng_float(&random) - 0.5f);
        r->grad[i] = (real)NAN; /* all must be written */
    }
    for (size_t l = 0; l < DETECTOR_LEVELS; l++) {
        r->m.predicted[l] = r->out + at;
        r->m.grad[l] = r->grad + at;
        at += PICTURES * level_cells[l] * DETECTOR_CHANNELS;
    }
    r->b = (scene_batch){.n = PICTURES, .faces = r->faces, .first = r->first};
}

/* Faces are added to the last picture; the others have none. */
static scene_face *add_face(rig *r, float x, float y, float w, float h)
{
    scene_face *f = &r->faces[r->first[PICTURES]++];

    *f = (scene_face){.box = {x, y, w, h}};
    return f;
}

static detect_value eval(rig *r)
{
    return detect_loss_eval(r->d, &r->m, &r->b, NULL);
}

static real *cell_at(const rig *r, real *base, size_t level, size_t i)
{
    size_t at = 0;

    (void)r;
    for (size_t l = 0; l < level; l++)
        at += PICTURES * level_cells[l] * DETECTOR_CHANNELS;
    return base + at + ((PICTURES - 1) * level_cells[level] + i) * DETECTOR_CHANNELS;
}

/* ---- who finds whom ---- */

/* Cells of the last picture whose box has a gradient. */
static size_t assigned(const rig *r, size_t level)
{
    size_t n = 0;

    for (size_t i = 0; i < level_cells[level]; i++) {
        const real *g = cell_at(r, (real *)(uintptr_t)r->grad, level, i);
        n += g[DETECTOR_BOX] != 0 || g[DETECTOR_BOX + 2] != 0;
    }
    return n;
}

static void a_small_face_is_for_stride_8_and_a_large_one_for_stride_32(void **state)
{
    rig r;

    (void)state;
    open_rig(&r);
    add_face(&r, 20, 20, 9, 11);
    detect_loss_assign(r.d, &r.m, &r.b, NULL);
    eval(&r);
    assert_true(assigned(&r, 0) >= 1);
    assert_int_equal(assigned(&r, 1) + assigned(&r, 2), 0);
    detect_loss_free(r.d);

    open_rig(&r);
    add_face(&r, -100, -100, 260, 260);
    detect_loss_assign(r.d, &r.m, &r.b, NULL);
    eval(&r);
    assert_true(assigned(&r, 2) >= 1);
    assert_int_equal(assigned(&r, 0), 0);
    detect_loss_free(r.d);
}

static void a_face_smaller_than_a_cell_is_found(void **state)
{
    rig r;

    (void)state;
    open_rig(&r);
    add_face(&r, 25, 33, 1, 1);
    detect_loss_assign(r.d, &r.m, &r.b, NULL);
    eval(&r);
    assert_int_equal(assigned(&r, 0), 1);
    detect_loss_free(r.d);
}

static void two_faces_at_one_place_are_both_found(void **state)
{
    rig r;
    detect_value v;

    (void)state;
    open_rig(&r);
    add_face(&r, 16, 16, 24, 24);
    add_face(&r, 22, 18, 24, 24);
    detect_loss_assign(r.d, &r.m, &r.b, NULL);
    v = eval(&r);
    assert_true(v.cells * 2 >= 2); /* cells per face */
    detect_loss_free(r.d);
}

static void a_better_prediction_is_preferred(void **state)
{
    rig r;
    real *good;

    (void)state;
    open_rig(&r);
    add_face(&r, 16.0f, 16.0f, 16, 16);
    good = cell_at(&r, r.out, 0, 2 * 8 + 2); /* centre 19.5, 19.5 */
    memset(good, 0, DETECTOR_CHANNELS * sizeof *good);
    good[DETECTOR_BOX] = good[DETECTOR_BOX + 1] = (real)(4.5 / 8);
    good[DETECTOR_BOX + 2] = good[DETECTOR_BOX + 3] = (real)log(2.0);
    detect_loss_assign(r.d, &r.m, &r.b, NULL);
    eval(&r);
    good = cell_at(&r, r.grad, 0, 2 * 8 + 2);
    assert_true(good[DETECTOR_SCORE] < 0); /* its score shall rise */
    detect_loss_free(r.d);
}

static void a_picture_without_faces_teaches_scores_only(void **state)
{
    rig r;
    detect_value v;

    (void)state;
    open_rig(&r);
    detect_loss_assign(r.d, &r.m, &r.b, NULL);
    v = eval(&r);
    assert_true(v.score > 0);
    assert_true(v.box <= 0 && v.five <= 0 && v.cells <= 0);
    for (size_t i = 0; i < N; i++)
        assert_true(i % DETECTOR_CHANNELS == DETECTOR_SCORE ? r.grad[i] > 0 : r.grad[i] == 0);
    detect_loss_free(r.d);
}

static void ignored_boxes_teach_nothing(void **state)
{
    rig r;
    size_t silent = 0;

    (void)state;
    open_rig(&r);
    add_face(&r, 0, 0, 32, 64)->ignore = true;
    detect_loss_assign(r.d, &r.m, &r.b, NULL);
    eval(&r);
    for (size_t i = 0; i < level_cells[0]; i++) {
        real g = cell_at(&r, r.grad, 0, i)[DETECTOR_SCORE];
        assert_true(i % 8 < 4 ? g == 0 : g > 0);
        silent += g == 0;
    }
    assert_int_equal(silent, 32);
    detect_loss_free(r.d);
}

/* ---- gradients ---- */

static void make_hard_batch(rig *r)
{
    scene_face *f;

    open_rig(r);
    r->first[1] = r->first[2] = r->first[3] = 1; /* one in the first picture */
    r->faces[0] = (scene_face){.box = {10.3f, 6.1f, 31.7f, 40.9f}, .known = {1, 1, 1, 1, 1}};
    for (int i = 0; i < 5; i++)
        r->faces[0].five[i] = (pfld_point){18.3f + 3.1f * (float)i, 20.7f + 2.3f * (float)(i % 3)};
    f = add_face(r, 41.3f, 9.7f, 12.1f, 13.9f);
    f->known[2] = 1;
    f->five[2] = (pfld_point){46.9f, 17.3f};
    add_face(r, 5.9f, 43.7f, 9.3f, 10.1f);
    add_face(r, 30.3f, 30.3f, 30.3f, 30.3f)->ignore = true;
}

static void gradients_are_those_of_finite_differences(void **state)
{
    const double h = sizeof(real) == sizeof(double) ? 1e-6 : 1e-3;
    rig r;
    size_t tried = 0;

    (void)state;
    make_hard_batch(&r);
    detect_loss_assign(r.d, &r.m, &r.b, NULL);
    eval(&r);
    for (size_t i = 0; i < N; i++) {
        real was = r.out[i], g = r.grad[i];
        double up, down, want;

        assert_true((double)g <= 0 || (double)g > 0); /* no NaN */
        if (i % DETECTOR_CHANNELS == DETECTOR_SCORE && i % 7)
            continue; /* they are all alike */
        r.out[i] = (real)((double)was + h);
        up = eval(&r).total;
        r.out[i] = (real)((double)was - h);
        down = eval(&r).total;
        r.out[i] = was;
        want = (up - down) / (2 * h);
        if (fabs(want - (double)g) > tolerance * (1 + fabs(want)))
            fail_msg("number %zu (channel %zu): %g, %g wanted", i, i % DETECTOR_CHANNELS, (double)g,
                     want);
        tried += g != 0;
    }
    assert_true(tried > 40);
    detect_loss_free(r.d);
}

static void wild_predictions_give_finite_losses(void **state)
{
    rig r;
    detect_value v;

    (void)state;
    make_hard_batch(&r);
    for (size_t i = 0; i < N; i++)
        r.out[i] *= (real)1e4;
    detect_loss_assign(r.d, &r.m, &r.b, NULL);
    v = eval(&r);
    assert_true(isfinite(v.total));
    for (size_t i = 0; i < N; i++)
        assert_true(isfinite((double)r.grad[i]));
    detect_loss_free(r.d);
}

static void threads_change_no_bit(void **state)
{
    static real alone[N];
    rig r;
    pool *p;
    detect_value a, b;

    (void)state;
    make_hard_batch(&r);
    assert_int_equal(pool_create(3, &p, NULL), PFLD_OK);
    detect_loss_assign(r.d, &r.m, &r.b, NULL);
    a = eval(&r);
    memcpy(alone, r.grad, sizeof alone);
    detect_loss_assign(r.d, &r.m, &r.b, p);
    b = detect_loss_eval(r.d, &r.m, &r.b, p);
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_equal(alone, r.grad, sizeof alone);
    pool_free(p);
    detect_loss_free(r.d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_face_is_for_stride_8_and_a_large_one_for_stride_32),
        cmocka_unit_test(a_face_smaller_than_a_cell_is_found),
        cmocka_unit_test(two_faces_at_one_place_are_both_found),
        cmocka_unit_test(a_better_prediction_is_preferred),
        cmocka_unit_test(a_picture_without_faces_teaches_scores_only),
        cmocka_unit_test(ignored_boxes_teach_nothing),
        cmocka_unit_test(gradients_are_those_of_finite_differences),
        cmocka_unit_test(wild_predictions_give_finite_losses),
        cmocka_unit_test(threads_change_no_bit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
