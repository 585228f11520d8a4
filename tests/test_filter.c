/* The filter of a face's points: steady at rest, in time when they move. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "track/filter.h"

#define NEAR(a, b, tolerance) assert_true(fabs((double)(a) - (double)(b)) <= (tolerance))

enum { N = 68, FRAMES = 300 };
#define DT    (1.0 / 30)
#define SIZE  50.0f  /* of the face, pixels: rms distance of its points from their centre */
#define NOISE 0.3f   /* standard deviation of each coordinate, pixels */
#define GATE  2.5    /* what the header promises, in deviations of the filter's own table: */
#define POINT 0.010f /* ... of a point and of the frame, in sizes */
#define FRAME 0.004f

static pfld_point face[N];

static int make_face(void **state)
{
    double square = 0;

    (void)state;
    for (int i = 0; i < N; i++) {
        double a = 6.283185307 * i / N, r = i % 2 ? 1 : 0.6;
        face[i] = (pfld_point){(float)(r * cos(a)), (float)(r * sin(a))};
        square += r * r / N;
    }
    for (int i = 0; i < N; i++) {
        face[i].x *= (float)(1 / sqrt(square));
        face[i].y *= (float)(1 / sqrt(square));
    }
    return 0;
}

typedef struct place {
    float x, y, size, roll;
} place;

static void put(const place *p, pfld_point *out)
{
    float c = p->size * cosf(p->roll), s = p->size * sinf(p->roll);

    for (int i = 0; i < N; i++)
        out[i] = (pfld_point){p->x + c * face[i].x - s * face[i].y,
                              p->y + s * face[i].x + c * face[i].y};
}

static void shiver(rng *r, pfld_point *p)
{
    for (int i = 0; i < N; i++) {
        p[i].x += NOISE * rng_normal(r);
        p[i].y += NOISE * rng_normal(r);
    }
}

/* rms of second differences over sqrt(6), of points minus truth. */
typedef struct tremble {
    pfld_point off[3][N];
    double square;
    size_t frames, n;
} tremble;

static void feel(tremble *t, const pfld_point *p, const pfld_point *truth)
{
    memmove(t->off[1], t->off[0], 2 * sizeof t->off[0]);
    for (int i = 0; i < N; i++)
        t->off[0][i] = (pfld_point){p[i].x - truth[i].x, p[i].y - truth[i].y};
    if (++t->frames < 30)
        return;
    for (int i = 0; i < N; i++) {
        float dx = t->off[0][i].x - 2 * t->off[1][i].x + t->off[2][i].x;
        float dy = t->off[0][i].y - 2 * t->off[1][i].y + t->off[2][i].y;
        t->square += (double)(dx * dx + dy * dy) / 12;
        t->n++;
    }
}

static double tremble_of(const tremble *t)
{
    return sqrt(t->square / (double)t->n);
}

/* Where the face is at t. */
typedef place motion(double t);

typedef struct outcome {
    double raw, steady; /* tremble, pixels */
    double lag;         /* frames */
} outcome;

static outcome run(motion *where, float smooth)
{
    filter f = {0};
    tremble raw = {0}, steady = {0};
    double behind = 0, speed = 0;
    rng r;

    rng_seed(&r, 7);
    for (int k = 0; k < FRAMES; k++) {
        pfld_point truth[N], before[N], measured[N], out[N];
        place now = where(k * DT), then = where((k - 1) * DT);
        put(&now, truth);
        put(&then, before);
        memcpy(measured, truth, sizeof truth);
        shiver(&r, measured);
        filter_points(&f, k * DT, smooth, measured, NULL, N, out);
        feel(&raw, measured, truth);
        feel(&steady, out, truth);
        for (int i = 0; i < N && k > 30; i++) {
            double vx = (double)(truth[i].x - before[i].x), vy = (double)(truth[i].y - before[i].y);
            behind -= (double)(out[i].x - truth[i].x) * vx + (double)(out[i].y - truth[i].y) * vy;
            speed += vx * vx + vy * vy;
        }
    }
    return (outcome){tremble_of(&raw), tremble_of(&steady), speed > 0 ? behind / speed : 0};
}

static place still(double t)
{
    (void)t;
    return (place){100, 120, SIZE, 0.1f};
}

static place shaken(double t) /* 1 Hz, a fifth of the size */
{
    return (place){100 + 10 * (float)sin(6.283185307 * t), 120, SIZE, 0.1f};
}

static place carried(double t)
{
    return (place){100 + 60 * (float)t, 120 - 20 * (float)t, SIZE, 0.1f};
}

static place spinning(double t) /* through all of the circle */
{
    return (place){100, 120, SIZE, (float)(1.5 * t)};
}

static place nearing(double t)
{
    return (place){100, 120, SIZE * (float)exp(0.2 * t), 0.1f};
}

static void faces_at_rest_stop_trembling(void **state)
{
    outcome half = run(still, 0.5f), most = run(still, 1.0f), little = run(still, 0.1f);

    (void)state;
    NEAR(half.raw, NOISE, 0.02);
    assert_true(half.steady < 0.3 * half.raw);
    assert_true(most.steady < half.steady && half.steady < little.steady);
    assert_true(little.steady < little.raw);
}

static void nothing_is_a_frame_late(void **state)
{
    motion *const all[] = {shaken, carried, spinning, nearing};

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        outcome half = run(all[i], 0.5f), most = run(all[i], 1.0f);
        assert_true(half.steady < half.raw);
        assert_true(fabs(half.lag) < 0.5);
        assert_true(fabs(most.lag) < 1.0);
    }
}

static void smooth_0_changes_nothing(void **state)
{
    filter f = {0};
    pfld_point p[N], out[N];
    rng r;

    (void)state;
    rng_seed(&r, 1);
    for (int k = 0; k < 5; k++) {
        place now = shaken(k * DT);
        put(&now, p);
        shiver(&r, p);
        filter_points(&f, k * DT, 0.0f, p, NULL, N, out);
        assert_memory_equal(p, out, sizeof p);
    }
}

/* However a face jumps, and whatever one point does. */
static void points_stay_within_the_gate_of_what_was_measured(void **state)
{
    const float most = (float)GATE * SIZE * (POINT + 3 * FRAME); /* shift, size and roll */
    filter f = {0};
    pfld_point p[N], out[N];
    rng r;

    (void)state;
    rng_seed(&r, 3);
    for (int k = 0; k < 200; k++) {
        place now = {100 + 20 * rng_float(&r), 100 + 20 * rng_float(&r),
                     SIZE * (1 + 0.1f * rng_float(&r)), rng_float(&r)};
        put(&now, p);
        p[k % N].x += 30 * rng_float(&r);
        filter_points(&f, k * DT, 1.0f, p, NULL, N, out);
        for (int i = 0; i < N; i++) {
            NEAR(out[i].x, p[i].x, (double)most * 1.3);
            NEAR(out[i].y, p[i].y, (double)most * 1.3);
        }
    }
}

static void a_blink_is_not_smoothed_away(void **state)
{
    const place here = still(0);
    filter f = {0};
    pfld_point p[N], out[N];
    float least = 0;

    (void)state;
    for (int k = 0; k < 60; k++) {
        float closed = k == 31 || k == 33 ? 3.0f : k == 32 ? 5.0f : 0.0f; /* pixels, 0.1 s */
        put(&here, p);
        for (int i = 40; i < 44; i++)
            p[i].y += closed;
        filter_points(&f, k * DT, 0.5f, p, NULL, N, out);
        put(&here, p);
        if (k == 32)
            least = out[41].y - p[41].y;
    }
    assert_true(least > 4.0f);
    NEAR(out[41].y, p[41].y, 0.1);
}

static void frames_may_be_left_out(void **state)
{
    filter f = {0};
    pfld_point p[N], out[N], truth[N];
    rng r;
    double t = 0;

    (void)state;
    rng_seed(&r, 5);
    for (int k = 0; k < 100; k++) {
        place now = carried(t);
        put(&now, truth);
        memcpy(p, truth, sizeof p);
        shiver(&r, p);
        filter_points(&f, t, 0.5f, p, NULL, N, out);
        for (int i = 0; i < N; i++)
            NEAR(out[i].x, truth[i].x, 2.0);
        t += DT * (1 + (int)(5 * rng_float(&r)));
    }
    NEAR(f.frame[FILTER_X].v, 60, 6);
    NEAR(f.frame[FILTER_Y].v, -20, 6);
}

static void surer_points_are_followed_closer(void **state)
{
    const place here = still(0);
    filter f = {0};
    pfld_point p[N], out[N];
    float shares[N];

    (void)state;
    for (int i = 0; i < N; i++)
        shares[i] = i < N / 2 ? 0.1f : 2.0f;
    for (int k = 0; k < 30; k++) {
        put(&here, p);
        p[10].y += k == 29 ? 0.4f : 0.0f;
        p[60].y += k == 29 ? 0.4f : 0.0f;
        filter_points(&f, k * DT, 0.5f, p, shares, N, out);
    }
    put(&here, p);
    assert_true(out[10].y - p[10].y > 0.2f);
    assert_true(out[60].y - p[60].y < 0.1f);
}

static void what_cannot_be_followed_begins_anew(void **state)
{
    const place here = still(0), there = {300, 10, 2 * SIZE, 2};
    filter f = {0};
    pfld_point p[N], q[N], out[N];

    (void)state;
    put(&here, p);
    put(&there, q);
    filter_points(&f, 1, 0.5f, p, NULL, N, out);
    filter_points(&f, 1, 0.5f, q, NULL, N, out); /* no time has gone by */
    assert_memory_equal(q, out, sizeof q);
    filter_points(&f, 0.5, 0.5f, p, NULL, N, out); /* nor backwards */
    assert_memory_equal(p, out, sizeof p);
    filter_points(&f, 2, 0.5f, q, NULL, N - 1, out);
    assert_memory_equal(q, out, (N - 1) * sizeof *q);
    for (int i = 0; i < N; i++)
        q[i] = p[0];
    filter_points(&f, 3, 0.5f, q, NULL, N, out);
    assert_memory_equal(q, out, sizeof q);
    q[3].x = NAN;
    filter_points(&f, 4, 0.5f, q, NULL, N, out);
    assert_int_equal(f.n, 0);
    filter_points(&f, 5, 0.5f, p, NULL, N, p); /* one array */
    filter_points(&f, 6, 0.5f, p, NULL, N, p);
    assert_int_equal(f.n, N);
    assert_true(isfinite(p[0].x));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faces_at_rest_stop_trembling),
        cmocka_unit_test(nothing_is_a_frame_late),
        cmocka_unit_test(smooth_0_changes_nothing),
        cmocka_unit_test(points_stay_within_the_gate_of_what_was_measured),
        cmocka_unit_test(a_blink_is_not_smoothed_away),
        cmocka_unit_test(frames_may_be_left_out),
        cmocka_unit_test(surer_points_are_followed_closer),
        cmocka_unit_test(what_cannot_be_followed_begins_anew),
    };
    return cmocka_run_group_tests(tests, make_face, NULL);
}
