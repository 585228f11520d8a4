/* data/stress: the same picture for all who ask, and points that stay on the face. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/stress.h"

enum { PHOTO = 400, BYTES = 3 * STRESS_STAGE * STRESS_STAGE };
#define NEAR(a, b, tolerance) assert_true(fabs((double)(a) - (double)(b)) <= (tolerance))

typedef struct fixture {
    data_sample s;
    pfld_point points[68];
    uint8_t known[68];
    pfld_image photo;
    stress_stage as_is, out;
} fixture;

static fixture the_one;

static pfld_image picture(int side)
{
    pfld_image img = {malloc((size_t)(3 * side * side)), side, side, 3 * (ptrdiff_t)side,
                      PFLD_RGB8};

    assert_non_null(img.data);
    return img;
}

/* Points in an upright face of 100 x 120 pixels: eyes, nose and mouth where they belong. */
static void place_points(fixture *f)
{
    for (int i = 0; i < 68; i++) {
        float a = 6.2832f * (float)i / 68.0f;
        f->points[i] = (pfld_point){200.0f + 50.0f * cosf(a), 190.0f + 60.0f * sinf(a)};
    }
    for (int i = 27; i < 36; i++)
        f->points[i] = (pfld_point){200.0f, 180.0f + 3.0f * (float)(i - 27)};
    for (int i = 36; i < 48; i++)
        f->points[i] = (pfld_point){(i < 42 ? 172.0f : 222.0f) + (float)(i % 6), 175.0f};
    for (int i = 48; i < 68; i++)
        f->points[i] = (pfld_point){(i == 48 || i == 60) ? 182.0f : 218.0f, 225.0f};
    f->points[0] = (pfld_point){150.0f, 190.0f};
    f->points[16] = (pfld_point){250.0f, 190.0f};
    f->points[8] = (pfld_point){200.0f, 250.0f};
    f->points[19] = (pfld_point){180.0f, 130.0f};
}

static int make(void **state)
{
    fixture *f = &the_one;

    (void)state;
    f->s = (data_sample){
        .scheme = scheme_find("ibug68"), .points = f->points, .known = f->known, .weight = 1.0f};
    memset(f->known, 1, sizeof f->known);
    place_points(f);
    f->photo = picture(PHOTO);
    f->as_is.picture = picture(STRESS_STAGE);
    f->out.picture = picture(STRESS_STAGE);
    for (int i = 0; i < 3 * PHOTO * PHOTO; i++)
        f->photo.data[i] = (uint8_t)(100 + 60 * sin(0.05 * (i / 3 % PHOTO)) + i / 3 / PHOTO / 8);
    stress_set(&f->s, &f->photo, &f->as_is);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    free(the_one.photo.data);
    free(the_one.as_is.picture.data);
    free(the_one.out.picture.data);
    return 0;
}

static void disturb(fixture *f, stress_kind kind, float strength, int draw, uint64_t seed)
{
    const stress_what what = {kind, strength, draw, seed};

    stress_make(&f->s, &f->photo, &f->as_is, &what, &f->out);
}

static float strongest(int kind)
{
    return stress_scales[kind].strength[stress_scales[kind].n - 1];
}

static void kinds_have_names_and_strengths_that_rise_from_none(void **state)
{
    stress_kind kind;

    (void)state;
    for (int k = 0; k < STRESS_KINDS; k++) {
        const stress_scale *s = &stress_scales[k];
        assert_true(stress_find(s->name, strlen(s->name), &kind) && kind == (stress_kind)k);
        assert_in_range(s->n, 2, STRESS_STEPS);
        assert_true(s->strength[0] <= 0.0f && s->draws >= 1 && *s->unit);
        for (int i = 1; i < s->n; i++)
            assert_true(s->strength[i] > s->strength[i - 1]);
    }
    assert_false(stress_find("blurs", 5, &kind) || stress_find("blu", 3, &kind));
    assert_true(stress_find("blur,roll", 4, &kind) && kind == STRESS_BLUR);
}

static void the_stage_shows_every_face_alike(void **state)
{
    fixture *f = &the_one;
    const float scale = STRESS_STAGE / (2.4f * 120.0f);

    (void)state;
    NEAR(f->as_is.scale, scale, 1e-4);
    NEAR(f->as_is.box.h, STRESS_STAGE / 2.4, 1e-2);
    NEAR(f->as_is.box.x + 0.5f * f->as_is.box.w, 0.5 * STRESS_STAGE - 0.5, 0.51);
    for (int i = 1; i < 68; i++) {
        NEAR(f->as_is.points[i].x - f->as_is.points[0].x, scale * (f->points[i].x - f->points[0].x),
             1e-2);
        NEAR(f->as_is.points[i].y - f->as_is.points[0].y, scale * (f->points[i].y - f->points[0].y),
             1e-2);
    }
}

static bool is_as_before(const fixture *f)
{
    return memcmp(f->out.picture.data, f->as_is.picture.data, BYTES) == 0 &&
           memcmp(f->out.points, f->as_is.points, sizeof f->out.points) == 0 &&
           memcmp(&f->out.box, &f->as_is.box, sizeof f->out.box) == 0;
}

static void strength_0_is_nothing_and_the_strongest_something(void **state)
{
    fixture *f = &the_one;

    (void)state;
    for (int k = 0; k < STRESS_KINDS; k++) {
        disturb(f, (stress_kind)k, 0.0f, 0, 7);
        assert_true(is_as_before(f));
        disturb(f, (stress_kind)k, strongest(k), 0, 7);
        assert_false(is_as_before(f));
    }
}

/* What models are compared on: the seed's, whatever was before. */
static void the_same_seed_makes_the_same_picture(void **state)
{
    static const bool is_random[STRESS_KINDS] = {
        [STRESS_PATCHES] = true, [STRESS_GLASSES] = true, [STRESS_MASK] = true,
        [STRESS_HAND] = true,    [STRESS_STREAK] = true,  [STRESS_NOISE] = true,
        [STRESS_DARK] = true,    [STRESS_JITTER] = true};
    fixture *f = &the_one;
    uint8_t *first = malloc(BYTES);
    pfld_box box;

    (void)state;
    assert_non_null(first);
    for (int k = 0; k < STRESS_KINDS; k++) {
        bool same;
        disturb(f, (stress_kind)k, strongest(k), 0, 7);
        memcpy(first, f->out.picture.data, BYTES);
        box = f->out.box;
        disturb(f, (stress_kind)k, strongest(k), 0, 8);
        same = memcmp(first, f->out.picture.data, BYTES) == 0 &&
               memcmp(&box, &f->out.box, sizeof box) == 0;
        assert_int_equal(same, !is_random[k]);
        disturb(f, (stress_kind)k, strongest(k), 0, 7);
        assert_memory_equal(first, f->out.picture.data, BYTES);
        assert_memory_equal(&box, &f->out.box, sizeof box);
    }
    free(first);
}

/* Truth is known where it is covered, too. */
static void points_stay_where_they_are_but_for_a_roll(void **state)
{
    fixture *f = &the_one;

    (void)state;
    for (int k = 0; k < STRESS_KINDS; k++) {
        disturb(f, (stress_kind)k, strongest(k), 0, 9);
        assert_int_equal(memcmp(f->out.points, f->as_is.points, sizeof f->out.points) != 0,
                         k == STRESS_ROLL);
    }
}

static void a_roll_turns_points_and_pixels_together_either_way(void **state)
{
    fixture *f = &the_one;
    int at_x = (int)f->points[16].x, at_y = (int)f->points[16].y;

    (void)state;
    for (int y = at_y - 4; y <= at_y + 4; y++) /* what is to be found again */
        memset(f->photo.data + 3 * (PHOTO * y + at_x - 4), 255, 27);
    for (int draw = 0; draw < 2; draw++) {
        const pfld_point *p = f->out.points;
        pfld_point lo = {1e9f, 1e9f}, hi = {0, 0};
        int x, y;
        disturb(f, STRESS_ROLL, 30.0f, draw, 3);
        NEAR(atan2f(p[16].y - p[0].y, p[16].x - p[0].x) * 57.29578f, draw ? -30 : 30, 0.1);
        for (int i = 0; i < 68; i++) {
            lo = (pfld_point){fminf(lo.x, p[i].x), fminf(lo.y, p[i].y)};
            hi = (pfld_point){fmaxf(hi.x, p[i].x), fmaxf(hi.y, p[i].y)};
        }
        NEAR(f->out.box.x, lo.x, 1e-3);
        NEAR(f->out.box.w, hi.x - lo.x, 1e-3);
        NEAR(f->out.box.h, hi.y - lo.y, 1e-3);
        x = (int)lrintf(p[16].x), y = (int)lrintf(p[16].y);
        assert_int_equal(f->out.picture.data[3 * (STRESS_STAGE * y + x)], 255);
    }
}

static void jitter_moves_the_box_within_its_limits(void **state)
{
    fixture *f = &the_one;
    const pfld_box b = f->as_is.box;
    double most = 0, largest = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        const pfld_box *o = &f->out.box;
        disturb(f, STRESS_JITTER, 20.0f, (int)(seed % 4), seed);
        most = fmax(most, fabs((double)(o->x + o->w / 2 - b.x - b.w / 2)) / (double)b.h);
        largest = fmax(largest, fabs((double)(o->w / b.w) - 1));
        NEAR(o->w / o->h, b.w / b.h, 1e-4);
        assert_memory_equal(f->out.picture.data, f->as_is.picture.data, BYTES);
    }
    assert_true(most > 0.19 && most < 0.2001);
    assert_true(largest > 0.19 && largest < 0.2001);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(kinds_have_names_and_strengths_that_rise_from_none),
        CASE(the_stage_shows_every_face_alike),
        CASE(strength_0_is_nothing_and_the_strongest_something),
        CASE(the_same_seed_makes_the_same_picture),
        CASE(points_stay_where_they_are_but_for_a_roll),
        CASE(a_roll_turns_points_and_pixels_together_either_way),
        CASE(jitter_moves_the_box_within_its_limits),
    };

    return cmocka_run_group_tests_name("stress", tests, NULL, NULL);
}
