/* Tremble and lag of faces whose points are made up. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "eval/jitter.h"

enum { UNIT = 50, FRAMES = 2000 }; /* unit: pixels between the outer eye corners */

static jitter j;

static void start(void)
{
    memset(&j, 0, sizeof j);
    j.scheme = scheme_find("ibug68");
}

/* All points of a face are at x, 100, but for the eye corners; each trembles by so many pixels. */
static pfld_face face_at(float x, float tremble, rng *r)
{
    pfld_face f = {.id = 1, .n_landmarks = 68};

    for (int i = 0; i < 68; i++)
        f.landmarks[i] = (pfld_point){x + tremble * rng_normal(r), 100 + tremble * rng_normal(r)};
    f.landmarks[36].x -= 0.5f * UNIT;
    f.landmarks[45].x += 0.5f * UNIT;
    return f;
}

static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%g is not %g within %g", a, b, tolerance);
}

/* At any times of the frames: 1 % is half a pixel, of which smoothing leaves a fifth. */
static void a_white_tremble_is_its_deviation(void **state)
{
    rng r;
    double t = 0;
    jitter_score score;

    (void)state;
    for (int uneven = 0; uneven < 2; uneven++) {
        start();
        rng_seed(&r, 1);
        for (int i = 0; i < FRAMES; i++) {
            pfld_face measured = face_at(200, 0.5f, &r), steadied = face_at(200, 0.1f, &r);
            t += uneven && i % 3 ? 0.2 : 0.04;
            jitter_add(&j, &measured, &steadied, 1, t);
        }
        score = jitter_result(&j);
        assert_int_equal(score.all.n, FRAMES - 2);
        assert_int_equal(score.still.n, FRAMES - 2); /* the centre moves by an eighth of it */
        assert_near(score.still.measured, 1, 0.02);
        assert_near(score.still.steadied, 0.2, 0.005);
        assert_true(isnan(score.lag));
    }
}

/* Steady motion is no tremble; three frames late are three frames. */
static void motion_has_lag_and_no_tremble(void **state)
{
    jitter_score score;
    double t = 0;
    rng r;

    (void)state;
    start();
    rng_seed(&r, 1);
    for (int i = 0; i < 50; i++) {
        float uneven = i % 2 ? 0.5f : 0.0f; /* of a frame, in place and time */
        pfld_face measured = face_at((float)i + uneven, 0, &r);
        pfld_face steadied = face_at((float)i + uneven - 3, 0, &r);
        t = 0.04 * (i + (double)uneven);
        jitter_add(&j, &measured, &steadied, 1, t);
    }
    score = jitter_result(&j);
    assert_int_equal(score.still.n, 0);
    assert_true(isnan(score.still.measured));
    assert_near(score.all.measured, 0, 1e-4);
    assert_near(score.all.steadied, 0, 1e-4);
    assert_near(score.lag, 3, 1e-4);
}

/* A jump of one frame: 10 pixels off its line, of 50, over sqrt(1.5) and of one axis of two. */
static void a_jump_counts_whole(void **state)
{
    rng r;

    (void)state;
    start();
    rng_seed(&r, 1);
    for (int i = 0; i < 3; i++) {
        pfld_face f = face_at(i == 1 ? 210 : 200, 0, &r);
        jitter_add(&j, &f, &f, 1, i);
    }
    assert_near(jitter_result(&j).still.measured, 100 * sqrt(0.04 / 1.5 / 2), 1e-3);
}

/* Seen in frames 0, 1, -, 3, 4, 5 (as another from 4 on), with a second face in frame 5. */
static void faces_are_told_apart_by_their_ids(void **state)
{
    static const uint32_t ids[] = {1, 1, 0, 1, 2, 2};
    jitter_score score;
    rng r;

    (void)state;
    start();
    rng_seed(&r, 1);
    for (int i = 0; i < 6; i++) {
        pfld_face f[2] = {face_at(200, 0, &r), face_at(300, 0, &r)};
        f[0].id = ids[i];
        f[1].id = 3;
        jitter_add(&j, f, f, (size_t)(ids[i] != 0) + (i == 5), i);
    }
    score = jitter_result(&j);
    assert_int_equal(score.frames, 6);
    assert_int_equal(score.empty, 1);
    assert_int_equal(score.faces, 3);
    assert_int_equal(score.seen, 6);
    assert_int_equal(score.all.n, 0); /* never three frames in a row */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_white_tremble_is_its_deviation),
        cmocka_unit_test(motion_has_lag_and_no_tremble),
        cmocka_unit_test(a_jump_counts_whole),
        cmocka_unit_test(faces_are_told_apart_by_their_ids),
    };

    return cmocka_run_group_tests_name("jitter", tests, NULL, NULL);
}
