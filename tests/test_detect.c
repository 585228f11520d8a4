/* Faces in pictures: where a box of the canvas lands, turned, tiled, twice seen, looked at again.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "geometry/affine.h"
#include "pfld/pfld.h"
#include "tiny_detector.h"
#include "tiny_face.h"

enum { SIDE = 128, CAP = 16 }; /* of the canvas in these tests; faces asked for */

/* ---- threads: the linker sends whoever starts one through here ---- */

int __real_pthread_create(pthread_t *t, const pthread_attr_t *how, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *how, void *(*fn)(void *), void *arg);

static int started, threads_left = 1000; /* until one can't be started */

int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *how, void *(*fn)(void *), void *arg)
{
    started++;
    return threads_left-- > 0 ? __real_pthread_create(t, how, fn, arg) : EAGAIN;
}

/* ---- a session, a search ---- */

static pfld_options small_canvas(void)
{
    pfld_options o;

    pfld_options_init(&o, sizeof o);
    o.max_side = SIDE;
    o.presence_min = -1; /* marks are no faces at a second look */
    o.passes = 1;
    return o;
}

static pfld_session *start(const pfld_model *points, const pfld_model *finder,
                           const pfld_options *o)
{
    pfld_error err = {0};
    pfld_session *s;

    if (pfld_session_create(points, finder, o, &s, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    return s;
}

static size_t search(pfld_session *s, const pfld_image *img, pfld_face faces[CAP])
{
    pfld_error err = {0};
    size_t n = 99;

    if (pfld_detect(s, img, faces, CAP, &n, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    return n;
}

/* One search in one session. */
static size_t search_once(const tiny_detector *t, const pfld_options *o, const pfld_image *img,
                          pfld_face faces[CAP])
{
    pfld_model *m = tiny_detector_load(t);
    pfld_session *s = start(NULL, m, o);
    size_t n = search(s, img, faces);

    pfld_session_free(s);
    pfld_model_free(m);
    return n;
}

static void assert_box(const pfld_box *b, float cx, float cy, float side, float within)
{
    if (fabsf(b->x + 0.5f * b->w - cx) > within || fabsf(b->y + 0.5f * b->h - cy) > within ||
        fabsf(b->w - side) > within || fabsf(b->h - side) > within)
        fail_msg("%g,%g %g x %g; centre %g,%g and side %g expected", (double)b->x, (double)b->y,
                 (double)b->w, (double)b->h, (double)cx, (double)cy, (double)side);
}

static void assert_point(pfld_point p, float x, float y, float within)
{
    if (!(fabsf(p.x - x) <= within && fabsf(p.y - y) <= within))
        fail_msg("%g,%g; %g,%g expected", (double)p.x, (double)p.y, (double)x, (double)y);
}

/* The mark's cell, 8 canvas pixels, is 8 / scale pixels of the picture. */
static void finds_it_at(int32_t width, int32_t height, int32_t x, int32_t y, float scale)
{
    pfld_options o = small_canvas();
    pfld_image img = tiny_black(width, height);
    float cell = 8 / scale, cx = (float)x + 0.5f * cell - 0.5f, cy = (float)y + 0.5f * cell - 0.5f;
    pfld_face f[CAP];

    tiny_mark(&img, x, y, (int32_t)cell, 0);
    assert_int_equal(search_once(&tiny_marks, &o, &img, f), 1);
    assert_box(&f[0].box, cx, cy, 6 * cell, 1e-3f * cell);
    assert_float_equal(f[0].score, 1 / (1 + expf(-4)), 1e-4f);
    assert_point(f[0].five[0], cx - 1.5f * cell, cy - cell, 1e-3f * cell);
    assert_point(f[0].five[3], cx - cell, cy + 1.5f * cell, 1e-3f * cell);
    assert_int_equal(f[0].n_landmarks, 0);
    assert_true(isnan(f[0].pose.yaw) && isnan(f[0].pose.roll));
    free(img.data);
}

static void a_box_lands_where_the_face_is(void **state)
{
    (void)state;
    finds_it_at(SIDE, SIDE, 40, 64, 1);
    finds_it_at(SIDE, 96, 0, 88, 1); /* another canvas; in its corner */
    finds_it_at(72, SIDE, 64, 8, 1);
    finds_it_at(2 * SIDE, 192, 96, 80, 0.5f);
    finds_it_at(1024, 576, 256, 448, 0.125f);
}

/* By 2 at most; the mark's borders are blurred. */
static void small_pictures_are_enlarged(void **state)
{
    tiny_detector t = tiny_marks;
    pfld_options o = small_canvas();
    pfld_image img = tiny_black(50, 40);
    pfld_face f[CAP];

    (void)state;
    t.sharp = 6;
    tiny_mark(&img, 24, 16, 4, 0);
    assert_int_equal(search_once(&t, &o, &img, f), 1);
    assert_box(&f[0].box, 25.5f, 17.5f, 24, 1e-3f);
    free(img.data);
}

static void fractions_of_pixels_are_kept(void **state)
{
    pfld_options o = small_canvas();
    pfld_image img = tiny_black(160, 120); /* at 0.8: a cell is 10 pixels */
    pfld_face f[CAP];

    (void)state;
    tiny_mark(&img, 50, 70, 10, 0);
    assert_int_equal(search_once(&tiny_marks, &o, &img, f), 1);
    assert_box(&f[0].box, 54.5f, 74.5f, 60, 0.01f);
    free(img.data);
}

static void every_pixel_format_is_searched(void **state)
{
    static uint8_t bgra[SIDE * SIDE * 4];
    pfld_image rgb = tiny_black(SIDE, SIDE), img = {bgra, SIDE, SIDE, SIDE * 4, PFLD_BGRA8};
    pfld_options o = small_canvas();
    pfld_face a[CAP], b[CAP];

    (void)state;
    tiny_mark(&rgb, 32, 48, 8, 0);
    for (size_t i = 0; i < (size_t)SIDE * SIDE; i++)
        bgra[4 * i + 2] = rgb.data[3 * i];
    assert_int_equal(search_once(&tiny_marks, &o, &rgb, a), 1);
    assert_int_equal(search_once(&tiny_marks, &o, &img, b), 1);
    assert_memory_equal(&a[0], &b[0], sizeof a[0]);
    free(rgb.data);
}

static void a_net_of_a_fixed_size_has_one_canvas(void **state)
{
    tiny_detector t = tiny_marks;
    pfld_image img = tiny_black(256, 256); /* 96 x 64: the scale is 0.25 */
    pfld_options o = small_canvas();
    pfld_face f[CAP];

    (void)state;
    t.width = 96;
    t.height = 64;
    tiny_mark(&img, 64, 160, 32, 0);
    assert_int_equal(search_once(&t, &o, &img, f), 1);
    assert_box(&f[0].box, 79.5f, 175.5f, 192, 0.1f);
    free(img.data);
}

/* ---- what there is to find ---- */

static void pictures_without_faces_give_none(void **state)
{
    static const int32_t sizes[][2] = {{1, 1}, {SIDE, SIDE}, {5000, 1}, {1, 5000}, {31, 33}};
    pfld_options o = small_canvas();
    pfld_face f[CAP];

    (void)state;
    o.min_face = 8;
    o.turns = 1;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        pfld_image img = tiny_black(sizes[i][0], sizes[i][1]);
        assert_int_equal(search_once(&tiny_marks, &o, &img, f), 0);
        free(img.data);
    }
}

/* Marks of three sharpnesses: shades of red. */
static pfld_image three_faces(void)
{
    static const uint8_t red[3] = {253, 255, 250};
    pfld_image img = tiny_black(SIDE, SIDE);

    for (int i = 0; i < 3; i++) {
        int32_t x = 8 + 48 * i, y = 8 + 40 * i;
        for (int32_t v = 0; v < 4; v++)
            for (int32_t u = 0; u < 8; u++)
                img.data[(y + v) * img.stride + 3 * (x + u)] = red[i];
    }
    return img;
}

static void faces_come_best_first_and_only_as_many_as_asked_for(void **state)
{
    pfld_image img = three_faces();
    pfld_options o = small_canvas();
    pfld_model *m = tiny_detector_load(&tiny_marks);
    pfld_session *s = start(NULL, m, &o);
    pfld_face all[CAP], some[3], untouched;
    size_t n = 99;

    (void)state;
    assert_int_equal(search(s, &img, all), 3);
    assert_true(all[0].score > all[1].score && all[1].score > all[2].score);
    assert_true(all[0].box.x > all[1].box.x && all[2].box.x > all[0].box.x);
    assert_int_equal(pfld_detect(s, &img, NULL, 0, &n, NULL), PFLD_OK);
    assert_int_equal(n, 3);
    memset(some, 0x5a, sizeof some);
    memset(&untouched, 0x5a, sizeof untouched);
    assert_int_equal(pfld_detect(s, &img, some, 2, &n, NULL), PFLD_OK);
    assert_int_equal(n, 3);
    assert_memory_equal(some, all, 2 * sizeof *all);
    assert_memory_equal(&some[2], &untouched, sizeof untouched);
    free(img.data);
    pfld_session_free(s);
    pfld_model_free(m);
}

static void the_least_score_is_the_caller_s(void **state)
{
    pfld_image img = three_faces();
    pfld_options o = small_canvas();
    pfld_face f[CAP];

    (void)state;
    assert_int_equal(search_once(&tiny_marks, &o, &img, f), 3);
    o.score_min = f[1].score;
    assert_int_equal(search_once(&tiny_marks, &o, &img, f), 2);
    o.score_min = 0.99f;
    assert_int_equal(search_once(&tiny_marks, &o, &img, f), 0);
    free(img.data);
}

/* All red: every cell is a face, and 48 x 48 pixels are one's share. */
static void one_face_has_one_box(void **state)
{
    tiny_detector t = tiny_marks;
    pfld_image img = tiny_black(SIDE, SIDE);
    pfld_options o = small_canvas();
    pfld_face f[CAP];

    (void)state;
    t.all_red = true;
    tiny_mark(&img, 40, 48, 16, TINY_ALL_RED);
    assert_int_equal(search_once(&t, &o, &img, f), 1);
    tiny_mark(&img, 104, 48, 8, TINY_ALL_RED);
    assert_int_equal(search_once(&t, &o, &img, f), 2);
    free(img.data);
}

/* ---- turned pictures ---- */

static void faces_are_found_in_turned_pictures(void **state)
{
    static const float roll[4] = {0, 90, 180, -90};

    (void)state;
    for (int q = 1; q < 4; q++) {
        pfld_options o = small_canvas();
        pfld_image img = tiny_black(SIDE, 96);
        float c = cosf(roll[q] * 0.017453293f), s = sinf(roll[q] * 0.017453293f);
        pfld_face f[CAP];
        tiny_mark(&img, 32, 56, 8, q);
        assert_int_equal(search_once(&tiny_marks, &o, &img, f), 0);
        o.turns = 1;
        assert_int_equal(search_once(&tiny_marks, &o, &img, f), 1);
        assert_box(&f[0].box, 35.5f, 59.5f, 48, 0.01f);
        for (int k = 0; k < 5; k++) {
            float x = 8 * tiny_marks.five[2 * k], y = 8 * tiny_marks.five[2 * k + 1];
            assert_point(f[0].five[k], 35.5f + c * x - s * y, 59.5f + s * x + c * y, 0.01f);
        }
        tiny_mark(&img, 104, 8, 8, 0); /* an upright face is there: no turning */
        assert_int_equal(search_once(&tiny_marks, &o, &img, f), 1);
        assert_box(&f[0].box, 107.5f, 11.5f, 48, 0.01f);
        free(img.data);
    }
}

static void a_turned_face_must_be_surer(void **state)
{
    tiny_detector t = tiny_marks;
    pfld_options o = small_canvas();
    pfld_image img = tiny_black(SIDE, SIDE);
    pfld_face f[CAP];

    (void)state;
    t.top = 0.3f; /* 0.574 */
    o.turns = 1;
    tiny_mark(&img, 32, 56, 8, 2);
    assert_int_equal(search_once(&t, &o, &img, f), 0);
    t.top = 0.5f; /* 0.622 */
    assert_int_equal(search_once(&t, &o, &img, f), 1);
    free(img.data);
}

/* ---- tiles ---- */

/* 15 red pixels hold one whole cell wherever they are, and at half that size none. */
static void small_faces_are_found_in_tiles(void **state)
{
    static const int32_t at[][2] = {{0, 0}, {625, 465}, {301, 222}, {120, 60}, {59, 331}, {540, 7}};
    tiny_detector t = tiny_marks;
    pfld_options o = small_canvas();
    pfld_face f[CAP];

    (void)state;
    t.all_red = true;
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        pfld_image img = tiny_black(640, 480);
        tiny_mark(&img, at[i][0], at[i][1], 15, TINY_ALL_RED);
        o.min_face = 0;
        assert_int_equal(search_once(&t, &o, &img, f), 0);
        o.min_face = 10;
        assert_int_equal(search_once(&t, &o, &img, f), 1);
        assert_box(&f[0].box, (float)at[i][0] + 7, (float)at[i][1] + 7, 48, 4);
        o.turns = 1; /* nothing changes: it was found */
        assert_int_equal(search_once(&t, &o, &img, f), 1);
        free(img.data);
    }
}

/* Between the whole picture and the finest tiles: a face that those cut is seen whole. */
static void faces_of_every_size_are_found_in_tiles(void **state)
{
    tiny_detector t = tiny_marks;
    pfld_options o = small_canvas();
    pfld_face f[CAP];

    (void)state;
    o.min_face = 10;
    t.width = t.height = SIDE;
    t.box[2] = t.box[3] = 2.0794415f; /* ln 8: 64 canvas pixels, as much as tiles overlap */
    for (int32_t cell = 8; cell <= 64; cell *= 2) {
        pfld_image img = tiny_black(1024, 1024);
        tiny_mark(&img, 512, 384, cell, 0);
        assert_int_equal(search_once(&t, &o, &img, f), 1);
        assert_box(&f[0].box, 511.5f + 0.5f * (float)cell, 383.5f + 0.5f * (float)cell,
                   8 * (float)cell, 0.51f * (float)cell);
        free(img.data);
    }
}

/* ---- with landmarks ---- */

/* What tiny_fixed_points says of a crop, in the picture. */
static void assert_landmarks(const pfld_face *f, const affine *crop, float size)
{
    assert_int_equal(f->n_landmarks, TINY_POINTS);
    for (int k = 0; k < TINY_POINTS; k++) {
        pfld_point p = {tiny_fixed_points.bias[2 * k] * size - 0.5f,
                        tiny_fixed_points.bias[2 * k + 1] * size - 0.5f};
        p = affine_apply(crop, p);
        assert_point(f->landmarks[k], p.x, p.y, 0.02f);
    }
}

/* The rule of the detector's file and the crop's of the landmarks' one, in the face's own axes. */
static void the_crop_follows_the_box_and_turns_with_the_five_points(void **state)
{
    static const struct {
        const char *face, *crop;
        float scale, dx, dy, roll; /* of the box's 48 pixels; where the face's roll is 180 */
    } cases[] = {
        {"scale=0.5 shift=0,0.25", "1.1", 0.5f * 1.1f, 0, -0.25f, 180},
        {"scale=0.5 shift=0.125,0.25 roll=five", "scale=2 shift=0.5,0", 1, -0.375f, -0.25f, 180},
        {"scale=2 shift=0.25,0 roll=five", "scale=1 shift=0,0 roll=none", 2, -0.25f, 0, 0},
    };
    pfld_image img = tiny_black(SIDE, SIDE);
    pfld_options o = small_canvas();

    (void)state;
    o.turns = 1;
    tiny_mark(&img, 56, 64, 8, 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tiny_detector t = tiny_marks;
        tiny_net net = tiny_fixed_points;
        pfld_model *finder, *points;
        pfld_session *s;
        pfld_face f[CAP];
        const crop_rule rule = {.scale = cases[i].scale};
        pfld_box box = {59.5f - 24 + 48 * cases[i].dx, 67.5f - 24 + 48 * cases[i].dy, 48, 48};
        affine crop;
        t.face = cases[i].face;
        net.crop = cases[i].crop;
        finder = tiny_detector_load(&t);
        points = tiny_load(&net, NULL);
        s = start(points, finder, &o);
        assert_int_equal(search(s, &img, f), 1);
        crop = affine_from_crop(&box, &rule, cases[i].roll, 16);
        assert_landmarks(&f[0], &crop, 16);
        assert_box(&f[0].box, 59.5f, 67.5f, 48, 0.01f);
        pfld_session_free(s);
        pfld_model_free(points);
        pfld_model_free(finder);
    }
    free(img.data);
}

/* Where the points coincide nothing can be told from them: the face counts as upright. */
static void points_that_say_nothing_are_harmless(void **state)
{
    tiny_detector t = tiny_marks;
    pfld_image img = tiny_black(SIDE, SIDE);
    pfld_options o = small_canvas();
    pfld_model *finder, *points = tiny_load(&tiny_fixed_points, NULL);
    const crop_rule rule = {.scale = 1.1f};
    const pfld_box box = {59.5f - 24, 67.5f - 24, 48, 48};
    const affine crop = affine_from_crop(&box, &rule, 0, 16);
    pfld_session *s;
    pfld_face f[CAP];

    (void)state;
    memset(t.five, 0, sizeof t.five);
    t.face = "1";
    finder = tiny_detector_load(&t);
    s = start(points, finder, &o);
    tiny_mark(&img, 56, 64, 8, 0);
    assert_int_equal(search(s, &img, f), 1);
    assert_landmarks(&f[0], &crop, 16);
    pfld_session_free(s);
    pfld_model_free(points);
    pfld_model_free(finder);
    free(img.data);
}

/* Crops that are large beside what is between the boxes end at about the same landmarks. */
static void faces_with_the_same_landmarks_are_one(void **state)
{
    static const char *const crops[] = {"scale=1", "scale=9"};
    pfld_image img = tiny_black(SIDE, SIDE);
    pfld_options o = small_canvas();
    pfld_face f[CAP];

    (void)state;
    tiny_mark(&img, 24, 64, 8, 0);
    tiny_mark(&img, 56, 64, 8, 0);
    assert_int_equal(search_once(&tiny_marks, &o, &img, f), 2);
    for (size_t i = 0; i < 2; i++) {
        tiny_detector t = tiny_marks;
        pfld_model *finder, *points = tiny_load(&tiny_fixed_points, NULL);
        pfld_session *s;
        t.face = crops[i];
        finder = tiny_detector_load(&t);
        s = start(points, finder, &o);
        assert_int_equal(search(s, &img, f), 2 - i);
        assert_box(&f[0].box, 27.5f, 67.5f, 48, 0.01f);
        pfld_session_free(s);
        pfld_model_free(points);
        pfld_model_free(finder);
    }
    free(img.data);
}

/* ---- the second look ---- */

/*
 * It shows the face 64 pixels large, in the middle of 128: there 20 red pixels of a box of 48 hold
 * whole cells, and 8 do not.
 */
static void what_is_no_face_at_a_second_look_is_dropped(void **state)
{
    tiny_detector t = tiny_marks;
    pfld_options o = small_canvas();
    pfld_image img = tiny_black(SIDE, SIDE);
    pfld_face f[CAP];

    (void)state;
    t.all_red = true;
    t.face = "1";
    tiny_mark(&img, 16, 64, 8, TINY_ALL_RED);
    assert_int_equal(search_once(&t, &o, &img, f), 1);
    assert_true(isnan(f[0].presence)); /* not looked at */
    o.presence_min = 0;
    assert_int_equal(search_once(&t, &o, &img, f), 0);
    tiny_mark(&img, 74, 58, 20, TINY_ALL_RED); /* around the middle of the cell at 80, 64 */
    assert_int_equal(search_once(&t, &o, &img, f), 1);
    assert_true(f[0].presence > 0.9f);
    assert_true(f[0].box.x > 50);
    o.presence_min = 0.99f;
    assert_int_equal(search_once(&t, &o, &img, f), 0);
    free(img.data);
}

/* The left mark is the redder one, the right one the larger: at a second look the surer. */
static void of_faces_with_the_same_landmarks_the_surer_stays(void **state)
{
    static const char *const crops[] = {"scale=1", "scale=9"};
    pfld_image img = tiny_black(SIDE, SIDE);
    pfld_options o = small_canvas();
    tiny_net net = tiny_fixed_points;
    /* don't say how it is turned: the second look is at the box */
    const float no_face[TINY_VALUES] = {0.1f, 0.1f, 0.1f, 0.1f, 0.9f, 0.9f, 0.1f, 0.1f, 0.1f, 0.1f};
    pfld_face f[CAP];

    (void)state;
    memcpy(net.bias, no_face, sizeof no_face);
    o.turns = -1;
    tiny_mark(&img, 32, 64, 8, TINY_ALL_RED);
    for (int32_t v = 0; v < 20; v++)
        for (int32_t u = 0; u < 20; u++)
            img.data[(58 + v) * img.stride + 3 * (66 + u)] = 245;
    for (size_t i = 0; i < 2; i++) {
        tiny_detector t = tiny_marks;
        pfld_model *finder, *points = tiny_load(&net, NULL);
        pfld_session *s;
        t.all_red = true;
        t.sharp = 12;
        t.face = crops[i];
        finder = tiny_detector_load(&t);
        o.score_min = 0.9f; /* of the first look, without a second */
        o.presence_min = -1;
        s = start(NULL, finder, &o);
        assert_int_equal(search(s, &img, f), 2);
        assert_box(&f[0].box, 35.5f, 67.5f, 48, 0.01f);
        pfld_session_free(s);
        o.score_min = o.presence_min = 1e-3f;
        s = start(points, finder, &o);
        assert_int_equal(search(s, &img, f), 2 - i);
        assert_box(&f[0].box, 75.5f, 67.5f, 48, 0.01f);
        pfld_session_free(s);
        pfld_model_free(points);
        pfld_model_free(finder);
    }
    free(img.data);
}

static void presence_is_told_of_the_caller_s_boxes_too(void **state)
{
    tiny_detector t = tiny_marks;
    pfld_options o = small_canvas();
    pfld_image red = tiny_black(SIDE, SIDE), black = tiny_black(SIDE, SIDE);
    pfld_model *finder, *points;
    pfld_session *s;
    const pfld_box box = {40, 40, 48, 48};
    tiny_net net = tiny_fixed_points;
    const float upright[TINY_VALUES] = {0.3f, 0.3f,  0.7f, 0.3f,  0.5f,
                                        0.5f, 0.35f, 0.7f, 0.65f, 0.7f};
    pfld_face f;

    (void)state;
    o.presence_min = 0;
    t.all_red = true;
    t.face = "1";
    memcpy(net.bias, upright, sizeof upright);
    finder = tiny_detector_load(&t);
    points = tiny_load(&net, NULL);
    s = start(points, finder, &o);
    tiny_mark(&red, 0, 0, SIDE, TINY_ALL_RED);
    assert_int_equal(pfld_landmarks(s, &red, &box, &f, NULL), PFLD_OK);
    assert_true(f.presence > 0.9f);
    assert_true(isnan(f.five[0].x) && isnan(f.five[4].y));
    assert_int_equal(pfld_landmarks(s, &black, &box, &f, NULL), PFLD_OK);
    assert_true(f.presence == 0);
    pfld_session_free(s);
    s = tiny_start(points);
    assert_int_equal(pfld_landmarks(s, &red, &box, &f, NULL), PFLD_OK);
    assert_true(isnan(f.presence));
    pfld_session_free(s);
    pfld_model_free(points);
    pfld_model_free(finder);
    free(red.data);
    free(black.data);
}

/* ---- which way is up ---- */

/* A green mark is a face, and the redder it is toward its top, the surer: logits are about top + 1
 * where it is upright, top where it lies on its side, and top - 1 on its head. */
static tiny_detector shaded_marks(float top)
{
    tiny_detector t = tiny_marks;

    t.green = 60;
    t.sharp = 30;
    t.top = 30 + top;
    t.face = "1";
    return t;
}

/* 20 x 20 pixels around the middle of the cell at (x, y), its top turned clockwise by quarters. */
static void shaded_mark(pfld_image *img, int32_t x, int32_t y, int quarters)
{
    for (int32_t v = 0; v < 20; v++)
        for (int32_t u = 0; u < 20; u++) {
            const int32_t up[4] = {19 - v, u, v, 19 - u};
            uint8_t *p = img->data + (y - 6 + v) * img->stride + (ptrdiff_t)3 * (x - 6 + u);
            p[0] = (uint8_t)(3 * up[quarters]);
            p[1] = 255;
        }
}

/* The eyes are above the mouth, by the face's own up. */
static void assert_up(const pfld_face *f, int quarters)
{
    static const float roll[4] = {0, 90, 180, -90};
    float dx = f->five[1].x - f->five[0].x, dy = f->five[1].y - f->five[0].y;
    float seen = atan2f(dy, dx) / 0.017453293f;

    if (!(fabsf(remainderf(seen - roll[quarters], 360)) < 1))
        fail_msg("%g degrees; %g expected", (double)seen, (double)roll[quarters]);
}

static void a_second_look_tells_which_way_is_up(void **state)
{
    tiny_detector t = shaded_marks(2);
    pfld_options o = small_canvas();
    pfld_face f[CAP];

    (void)state;
    for (int q = 0; q < 4; q++) {
        pfld_image img = tiny_black(SIDE, SIDE);
        shaded_mark(&img, 56, 64, q);
        for (o.turns = -1; o.turns <= 1; o.turns++) {
            o.presence_min = 0;
            assert_int_equal(search_once(&t, &o, &img, f), 1);
            assert_box(&f[0].box, 59.5f, 67.5f, 48, 0.01f);
            assert_up(&f[0], o.turns < 0 ? 0 : q);
            o.presence_min = -1; /* there is no second look */
            assert_int_equal(search_once(&t, &o, &img, f), 1);
            assert_up(&f[0], 0);
        }
        free(img.data);
    }
}

static void a_face_that_is_upright_stays_as_it_was_found(void **state)
{
    tiny_detector t = shaded_marks(1);
    pfld_options o = small_canvas();
    pfld_image img = tiny_black(SIDE, SIDE);
    pfld_face asked[CAP], f[CAP];

    (void)state;
    memset(asked, 0, sizeof asked);
    memset(f, 0, sizeof f);
    o.presence_min = 0;
    shaded_mark(&img, 56, 64, 0);
    assert_int_equal(search_once(&t, &o, &img, asked), 1);
    assert_true(asked[0].score < 0.92f); /* else it is not asked */
    o.turns = -1;
    assert_int_equal(search_once(&t, &o, &img, f), 1);
    assert_memory_equal(asked, f, sizeof *f);
    free(img.data);
}

static void a_face_that_is_sure_is_not_asked(void **state)
{
    tiny_detector t = shaded_marks(5);
    pfld_options o = small_canvas();
    pfld_image img = tiny_black(SIDE, SIDE);
    pfld_face f[CAP];

    (void)state;
    o.presence_min = 0;
    shaded_mark(&img, 56, 64, 2);
    assert_int_equal(search_once(&t, &o, &img, f), 1);
    assert_true(f[0].score > 0.92f);
    assert_up(&f[0], 0);
    free(img.data);
}

/* Each face is asked for itself. */
static void a_face_lies_among_upright_ones(void **state)
{
    tiny_detector t = shaded_marks(2);
    pfld_options o = small_canvas();
    pfld_image img = tiny_black(SIDE, SIDE);
    pfld_face f[CAP];

    (void)state;
    o.presence_min = 0;
    shaded_mark(&img, 24, 24, 0);
    shaded_mark(&img, 96, 80, 3);
    assert_int_equal(search_once(&t, &o, &img, f), 2);
    assert_box(&f[0].box, 27.5f, 27.5f, 48, 0.01f);
    assert_up(&f[0], 0);
    assert_box(&f[1].box, 99.5f, 83.5f, 48, 0.01f);
    assert_up(&f[1], 3);
    free(img.data);
}

/* Five points in the middle of the detector's box, in a crop of twice its side that shows what is
 * above it: of the blue that is there the net becomes unsure. */
static tiny_net unsure_of_blue(float sigma, float blue)
{
    tiny_net t = {
        .bias = {0.3855f, 0.6228f, 0.6145f, 0.6228f, 0.5f, 0.72f, 0.4f, 0.8228f, 0.6f, 0.8228f},
        .scheme = "five",
        .crop = "scale=2 shift=0,-0.5",
        .rule = "tail=4",
        .unsure = {0, 0, blue}};

    for (int i = 0; i < TINY_POINTS; i++)
        t.spread[3 * i] = t.spread[3 * i + 1] = logf(sigma);
    return t;
}

/* To all that is in the upper third of a picture. */
static void add_blue(pfld_image *img)
{
    for (int i = 0; i < SIDE * SIDE / 3; i++)
        img->data[3 * i + 2] = 255;
}

/* Of a picture with a mark that stands on its head, blue above it. */
static pfld_face find_below_blue(const tiny_detector *t, const tiny_net *net)
{
    pfld_options o = small_canvas();
    pfld_image img = tiny_black(SIDE, SIDE);
    pfld_model *finder = tiny_detector_load(t), *points = tiny_load(net, NULL);
    pfld_session *s;
    pfld_face f[CAP];

    o.presence_min = 0;
    shaded_mark(&img, 56, 64, 2);
    add_blue(&img);
    s = start(points, finder, &o);
    assert_int_equal(search(s, &img, f), 1);
    pfld_session_free(s);
    pfld_model_free(points);
    pfld_model_free(finder);
    free(img.data);
    return f[0];
}

/* Whatever the detector says, by however much. */
static void of_two_readings_the_surer_one_counts(void **state)
{
    (void)state;
    for (int top = 2; top <= 5; top += 3) {
        const tiny_detector t = shaded_marks((float)top);
        const tiny_net turned = unsure_of_blue(0.03f, 2), upright = unsure_of_blue(0.05f, -2);
        pfld_face f = find_below_blue(&t, &turned);

        assert_up(&f, 2);
        assert_true(f.error > 6);
        f = find_below_blue(&t, &upright);
        assert_up(&f, 0);
        assert_true(f.error > 6); /* else it is not asked */
    }
}

static void a_face_that_is_read_well_is_not_asked(void **state)
{
    const tiny_detector t = shaded_marks(2);
    const tiny_net net = unsure_of_blue(0.003f, 2);
    pfld_face f = find_below_blue(&t, &net);

    (void)state;
    assert_up(&f, 0);
    assert_true(f.error < 6);
}

/* Of crops that are never turned a net says the same whichever way a face is up: its error tells
 * nothing, and scores that are so close together don't either. */
static void an_error_of_crops_that_are_not_turned_is_not_asked(void **state)
{
    const tiny_detector t = shaded_marks(5);
    tiny_net net = unsure_of_blue(0.03f, 2);
    pfld_face f;

    (void)state;
    net.crop = "scale=2 shift=0,-0.5 roll=none";
    f = find_below_blue(&t, &net);
    assert_up(&f, 0);
    assert_true(f.error > 6);
}

/* ---- nets that say anything ---- */

static void numbers_that_are_none_are_no_faces(void **state)
{
    const float bad[] = {NAN, INFINITY, -INFINITY, 3e38f, 90, -90};
    pfld_options o = small_canvas();
    pfld_image img = tiny_black(SIDE, SIDE);
    pfld_face f[CAP];

    (void)state;
    o.presence_min = 0;
    o.min_face = 5;
    o.turns = 1;
    tiny_mark(&img, 32, 56, 8, 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        for (int k = 0; k < 4; k++) {
            tiny_detector t = tiny_marks;
            t.box[k] = bad[i];
            assert_int_equal(search_once(&t, &o, &img, f), 0);
        }
    }
    for (size_t i = 0; i < 3; i++) {
        tiny_detector t = tiny_marks;
        t.top = i == 1 ? NAN : bad[i];
        assert_int_equal(search_once(&t, &o, &img, f), 0);
    }
    free(img.data);
}

static void points_that_are_none_are_nan(void **state)
{
    tiny_detector t = tiny_marks;
    pfld_options o = small_canvas();
    pfld_image img = tiny_black(SIDE, SIDE);
    pfld_face f[CAP];

    (void)state;
    tiny_mark(&img, 32, 56, 8, 0);
    t.five[3] = INFINITY;
    assert_int_equal(search_once(&t, &o, &img, f), 1);
    for (int k = 0; k < 5; k++)
        assert_true(isnan(f[0].five[k].x) && isnan(f[0].five[k].y));
    free(img.data);
}

/* Every cell is a face, and none overlaps another. */
static void there_are_never_more_faces_than_the_most(void **state)
{
    tiny_detector t = tiny_marks;
    pfld_options o = small_canvas();
    pfld_image img = tiny_black(512, 512);
    pfld_model *m;
    pfld_session *s;
    pfld_face *f = calloc(PFLD_MAX_FACES, sizeof *f);
    size_t n;

    (void)state;
    assert_non_null(f);
    o.max_side = 512;
    t.all_red = true;
    t.box[2] = t.box[3] = 0;
    tiny_mark(&img, 0, 0, 512, TINY_ALL_RED);
    m = tiny_detector_load(&t);
    s = start(NULL, m, &o);
    assert_int_equal(pfld_detect(s, &img, f, PFLD_MAX_FACES, &n, NULL), PFLD_OK);
    assert_int_equal(n, PFLD_MAX_FACES);
    free(f);
    free(img.data);
    pfld_session_free(s);
    pfld_model_free(m);
}

/* ---- sessions ---- */

static void threads_agree(const pfld_model *points, const pfld_model *finder, pfld_options o,
                          const pfld_image *img)
{
    pfld_face want[CAP], got[CAP];
    size_t found;
    pfld_session *s;

    memset(want, 0, sizeof want);
    o.threads = 0;
    s = start(points, finder, &o);
    found = search(s, img, want);
    pfld_session_free(s);
    assert_true(found > 0);
    for (o.threads = 1; o.threads <= 5; o.threads++) {
        s = start(points, finder, &o);
        for (int again = 0; again < 3; again++) {
            memset(got, 0, sizeof got);
            assert_int_equal(search(s, img, got), found);
            assert_memory_equal(got, want, sizeof got);
        }
        pfld_session_free(s);
    }
}

/* More faces than threads, and fewer; with landmarks; and of those that lie on their side the best
 * one decides whether the others are asked. */
static void threads_find_the_same_bits(void **state)
{
    const tiny_detector shaded = shaded_marks(2);
    const tiny_net of_blue = unsure_of_blue(0.03f, 2);
    pfld_model *lying = tiny_detector_load(&shaded), *upright = tiny_detector_load(&tiny_marks),
               *points = tiny_load(&tiny_channel_means, NULL), *unsure = tiny_load(&of_blue, NULL);
    pfld_options with_a_look = small_canvas(), o = small_canvas();

    (void)state;
    with_a_look.presence_min = 0;
    for (int n = 1; n <= 6; n++) {
        pfld_image marks = tiny_black(SIDE, SIDE), faces = tiny_black(SIDE, SIDE);

        for (int i = 0; i < n; i++) {
            tiny_mark(&marks, 8 + 32 * (i % 4), 32 + 56 * (i / 4), 8, 0);
            shaded_mark(&faces, 16 + 40 * (i % 3), 32 + 56 * (i / 3), (i + n) % 4);
        }
        threads_agree(points, upright, o, &marks);
        threads_agree(NULL, lying, with_a_look, &faces);
        add_blue(&faces);
        threads_agree(unsure, lying, with_a_look, &faces);
        free(marks.data);
        free(faces.data);
    }
    pfld_model_free(points);
    pfld_model_free(unsure);
    pfld_model_free(upright);
    pfld_model_free(lying);
}

/* Who gives a workspace gets all but the threads themselves into it. */
static void threads_fit_into_a_workspace(void **state)
{
    pfld_image img = three_faces();
    pfld_options o = small_canvas();
    pfld_model *finder = tiny_detector_load(&tiny_marks),
               *points = tiny_load(&tiny_channel_means, NULL);
    pfld_face want[CAP], got[CAP];
    size_t one = 0, bytes = 0;
    pfld_session *s = start(points, finder, &o);
    unsigned char *block;

    (void)state;
    assert_int_equal(search(s, &img, want), 3);
    pfld_session_free(s);
    assert_int_equal(pfld_workspace_size(points, finder, &o, &one, NULL), PFLD_OK);
    o.threads = 3;
    assert_int_equal(pfld_workspace_size(points, finder, &o, &bytes, NULL), PFLD_OK);
    assert_true(bytes > one);
    block = aligned_alloc(64, bytes);
    assert_non_null(block);
    memset(block, 0xff, bytes);
    o.workspace = block;
    o.workspace_size = bytes - 64;
    assert_int_equal(pfld_session_create(points, finder, &o, &s, NULL), PFLD_ERR_NOMEM);
    o.workspace_size = bytes;
    s = start(points, finder, &o);
    assert_int_equal(search(s, &img, got), 3);
    assert_memory_equal(got, want, 3 * sizeof *got);
    pfld_session_free(s);
    free(block);
    pfld_model_free(points);
    pfld_model_free(finder);
    free(img.data);
}

static void to_ask_for_the_size_of_a_workspace_starts_no_thread(void **state)
{
    pfld_options o = small_canvas();
    pfld_model *finder = tiny_detector_load(&tiny_marks);
    size_t bytes = 0;

    (void)state;
    o.threads = 3;
    started = 0;
    assert_int_equal(pfld_workspace_size(NULL, finder, &o, &bytes, NULL), PFLD_OK);
    assert_int_equal(started, 0);
    pfld_session_free(start(NULL, finder, &o));
    assert_int_equal(started, 2);
    pfld_model_free(finder);
}

static void threads_that_do_not_start_are_told(void **state)
{
    pfld_options o = small_canvas();
    pfld_model *finder = tiny_detector_load(&tiny_marks);
    pfld_session *s;
    pfld_error err = {0};

    (void)state;
    o.threads = 3;
    threads_left = 1;
    assert_int_equal(pfld_session_create(NULL, finder, &o, &s, &err), PFLD_ERR_IO);
    threads_left = 1000;
    assert_null(s);
    assert_non_null(strstr(err.msg, "thread 3 of 3"));
    pfld_model_free(finder);
}

static void the_same_picture_gives_the_same_bits(void **state)
{
    pfld_image img = three_faces(), other = tiny_black(300, 200);
    pfld_options o = small_canvas();
    pfld_model *finder = tiny_detector_load(&tiny_marks),
               *points = tiny_load(&tiny_channel_means, NULL);
    pfld_session *s, *own;
    pfld_face a[CAP], b[CAP];
    size_t bytes = 0;
    unsigned char *block;

    (void)state;
    memset(a, 0, sizeof a);
    memset(b, 0, sizeof b);
    o.turns = 1;
    o.min_face = 9;
    s = start(points, finder, &o);
    assert_int_equal(search(s, &img, a), 3);
    search(s, &other, b);
    assert_int_equal(search(s, &img, b), 3);
    assert_memory_equal(a, b, 3 * sizeof *a);
    assert_int_equal(pfld_workspace_size(points, finder, &o, &bytes, NULL), PFLD_OK);
    block = aligned_alloc(64, bytes + 64);
    assert_non_null(block);
    memset(block, 0xff, bytes + 64);
    o.workspace = block;
    o.workspace_size = bytes - 64;
    assert_int_equal(pfld_session_create(points, finder, &o, &own, NULL), PFLD_ERR_NOMEM);
    o.workspace_size = bytes;
    own = start(points, finder, &o);
    assert_int_equal(search(own, &img, b), 3);
    assert_memory_equal(a, b, 3 * sizeof *a);
    for (size_t i = bytes; i < bytes + 64; i++)
        assert_int_equal(block[i], 0xff);
    pfld_session_free(own);
    free(block);
    pfld_session_free(s);
    pfld_model_free(points);
    pfld_model_free(finder);
    free(img.data);
    free(other.data);
}

static void all_instruction_sets_find_the_same(void **state)
{
    pfld_image img = three_faces();
    pfld_options o = small_canvas();
    pfld_face a[CAP], b[CAP];

    (void)state;
    assert_int_equal(search_once(&tiny_marks, &o, &img, a), 3);
    o.isa = PFLD_ISA_SCALAR;
    assert_int_equal(search_once(&tiny_marks, &o, &img, b), 3);
    for (int i = 0; i < 3; i++) {
        assert_float_equal(a[i].score, b[i].score, 1e-4f);
        assert_box(&a[i].box, b[i].box.x + 0.5f * b[i].box.w, b[i].box.y + 0.5f * b[i].box.h,
                   b[i].box.w, 1e-3f);
    }
    free(img.data);
}

static void options_beyond_reason_are_refused(void **state)
{
    static const struct {
        int32_t max_side;
        float min_face, score_min, presence_min;
        const char *name;
    } cases[] = {
        {63, 0, 0, 0, "max_side"},      {4097, 0, 0, 0, "max_side"},
        {-1, 0, 0, 0, "max_side"},      {0, -1, 0, 0, "min_face"},
        {0, NAN, 0, 0, "min_face"},     {0, INFINITY, 0, 0, "min_face"},
        {0, 0, 1.01f, 0, "score_min"},  {0, 0, -0.1f, 0, "score_min"},
        {0, 0, NAN, 0, "score_min"},    {0, 0, 0, 1.01f, "presence_min"},
        {0, 0, 0, NAN, "presence_min"}, {0, 0, 0, -INFINITY, "presence_min"},
    };
    pfld_model *m = tiny_detector_load(&tiny_marks);

    (void)state;
    for (int32_t passes = -1; passes <= 9; passes += 10) {
        pfld_options o;
        pfld_session *s;
        pfld_error err = {0};
        pfld_options_init(&o, sizeof o);
        o.passes = passes;
        assert_int_equal(pfld_session_create(NULL, m, &o, &s, &err), PFLD_ERR_ARG);
        assert_non_null(strstr(err.msg, "passes"));
    }
    for (int32_t threads = -1; threads <= 257; threads += 258) {
        pfld_options o;
        pfld_session *s;
        pfld_error err = {0};
        pfld_options_init(&o, sizeof o);
        o.threads = threads;
        assert_int_equal(pfld_session_create(NULL, m, &o, &s, &err), PFLD_ERR_ARG);
        assert_non_null(strstr(err.msg, "threads"));
    }
    for (int32_t turns = -2; turns <= 2; turns += 4) {
        pfld_options o;
        pfld_session *s;
        pfld_error err = {0};
        pfld_options_init(&o, sizeof o);
        o.turns = turns;
        assert_int_equal(pfld_session_create(NULL, m, &o, &s, &err), PFLD_ERR_ARG);
        assert_non_null(strstr(err.msg, "turns"));
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pfld_options o;
        pfld_session *s = (pfld_session *)&o;
        pfld_error err = {0};
        size_t bytes = 7;
        pfld_options_init(&o, sizeof o);
        o.max_side = cases[i].max_side;
        o.min_face = cases[i].min_face;
        o.score_min = cases[i].score_min;
        o.presence_min = cases[i].presence_min;
        assert_int_equal(pfld_session_create(NULL, m, &o, &s, &err), PFLD_ERR_ARG);
        assert_null(s);
        assert_non_null(strstr(err.msg, cases[i].name));
        assert_int_equal(pfld_workspace_size(NULL, m, &o, &bytes, &err), PFLD_ERR_ARG);
        assert_int_equal(bytes, 7);
    }
    pfld_model_free(m);
}

static void a_session_does_what_its_models_can(void **state)
{
    pfld_model *finder = tiny_detector_load(&tiny_marks),
               *points = tiny_load(&tiny_fixed_points, NULL);
    pfld_image img = tiny_plain_picture(PFLD_RGB8, 1, 2, 3);
    pfld_options o = small_canvas();
    pfld_session *s = (pfld_session *)&img;
    pfld_error err = {0};
    pfld_face f;
    size_t n = 7;

    (void)state;
    assert_int_equal(pfld_session_create(finder, NULL, &o, &s, &err), PFLD_ERR_ARG);
    assert_null(s);
    assert_non_null(strstr(err.msg, "detector"));
    assert_int_equal(pfld_session_create(points, points, &o, &s, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "landmark"));
    s = start(NULL, finder, &o);
    assert_int_equal(pfld_landmarks(s, &img, &tiny_box, &f, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "landmark"));
    assert_int_equal(pfld_detect(s, NULL, &f, 1, &n, &err), PFLD_ERR_ARG);
    assert_int_equal(pfld_detect(s, &img, NULL, 1, &n, &err), PFLD_ERR_ARG);
    assert_int_equal(pfld_detect(s, &img, &f, 1, NULL, &err), PFLD_ERR_ARG);
    assert_int_equal(pfld_detect(NULL, &img, &f, 1, &n, &err), PFLD_ERR_ARG);
    img.width = 0;
    assert_int_equal(pfld_detect(s, &img, &f, 1, &n, &err), PFLD_ERR_ARG);
    assert_int_equal(n, 7);
    assert_int_not_equal(pfld_session_isa(s), PFLD_ISA_AUTO);
    pfld_session_free(s);
    s = tiny_start(points);
    img.width = TINY_WIDTH;
    assert_int_equal(pfld_detect(s, &img, &f, 1, &n, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "detector"));
    pfld_session_free(s);
    pfld_model_free(points);
    pfld_model_free(finder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_box_lands_where_the_face_is),
        cmocka_unit_test(small_pictures_are_enlarged),
        cmocka_unit_test(fractions_of_pixels_are_kept),
        cmocka_unit_test(every_pixel_format_is_searched),
        cmocka_unit_test(a_net_of_a_fixed_size_has_one_canvas),
        cmocka_unit_test(pictures_without_faces_give_none),
        cmocka_unit_test(faces_come_best_first_and_only_as_many_as_asked_for),
        cmocka_unit_test(the_least_score_is_the_caller_s),
        cmocka_unit_test(one_face_has_one_box),
        cmocka_unit_test(faces_are_found_in_turned_pictures),
        cmocka_unit_test(a_turned_face_must_be_surer),
        cmocka_unit_test(small_faces_are_found_in_tiles),
        cmocka_unit_test(faces_of_every_size_are_found_in_tiles),
        cmocka_unit_test(the_crop_follows_the_box_and_turns_with_the_five_points),
        cmocka_unit_test(points_that_say_nothing_are_harmless),
        cmocka_unit_test(faces_with_the_same_landmarks_are_one),
        cmocka_unit_test(what_is_no_face_at_a_second_look_is_dropped),
        cmocka_unit_test(of_faces_with_the_same_landmarks_the_surer_stays),
        cmocka_unit_test(presence_is_told_of_the_caller_s_boxes_too),
        cmocka_unit_test(a_second_look_tells_which_way_is_up),
        cmocka_unit_test(a_face_that_is_upright_stays_as_it_was_found),
        cmocka_unit_test(a_face_that_is_sure_is_not_asked),
        cmocka_unit_test(of_two_readings_the_surer_one_counts),
        cmocka_unit_test(a_face_that_is_read_well_is_not_asked),
        cmocka_unit_test(an_error_of_crops_that_are_not_turned_is_not_asked),
        cmocka_unit_test(a_face_lies_among_upright_ones),
        cmocka_unit_test(numbers_that_are_none_are_no_faces),
        cmocka_unit_test(points_that_are_none_are_nan),
        cmocka_unit_test(there_are_never_more_faces_than_the_most),
        cmocka_unit_test(threads_find_the_same_bits),
        cmocka_unit_test(threads_fit_into_a_workspace),
        cmocka_unit_test(to_ask_for_the_size_of_a_workspace_starts_no_thread),
        cmocka_unit_test(threads_that_do_not_start_are_told),
        cmocka_unit_test(the_same_picture_gives_the_same_bits),
        cmocka_unit_test(all_instruction_sets_find_the_same),
        cmocka_unit_test(options_beyond_reason_are_refused),
        cmocka_unit_test(a_session_does_what_its_models_can),
    };

    return cmocka_run_group_tests_name("detect", tests, NULL, NULL);
}
