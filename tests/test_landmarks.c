/* pfld.h: pfld_landmarks(), with nets whose answer is known by hand. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "geometry/five.h"
#include "geometry/spread.h"
#include "pfld/pfld.h"
#include "tiny_face.h"

/* ---- landmarks: what is refused ---- */

static void wrong_arguments_of_landmarks_are_named(void **state)
{
    pfld_model *m = tiny_load(&tiny_fixed_points, NULL);
    pfld_session *s = tiny_start(m);
    pfld_image img = tiny_plain_picture(PFLD_RGB8, 1, 2, 3);
    pfld_face face, before;
    pfld_error err = {0};

    (void)state;
    memset(&face, 0x5a, sizeof face);
    before = face;
    assert_int_equal(pfld_landmarks(NULL, &img, &tiny_box, &face, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "session"));
    assert_int_equal(pfld_landmarks(s, NULL, &tiny_box, &face, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "image"));
    assert_int_equal(pfld_landmarks(s, &img, NULL, &face, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "box"));
    assert_int_equal(pfld_landmarks(s, &img, &tiny_box, NULL, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "face"));
    assert_memory_equal(&face, &before, sizeof face);
    pfld_session_free(s);
    pfld_model_free(m);
}

static void bad_pictures_are_refused(void **state)
{
    pfld_model *m = tiny_load(&tiny_fixed_points, NULL);
    pfld_session *s = tiny_start(m);
    pfld_image good = tiny_plain_picture(PFLD_RGB8, 1, 2, 3), bad[8];
    pfld_face face, before;

    (void)state;
    memset(&face, 0x5a, sizeof face);
    before = face;
    for (size_t i = 0; i < 8; i++)
        bad[i] = good;
    bad[0].data = NULL;
    bad[1].width = 0;
    bad[2].height = -1;
    bad[3].width = 65536;
    bad[4].stride = 3 * TINY_WIDTH - 1;
    bad[5].format = (pfld_format)0;
    bad[6].format = (pfld_format)99;
    bad[7].stride = -(3 * TINY_WIDTH - 1);
    for (size_t i = 0; i < 8; i++) {
        pfld_error err = {0};
        assert_int_equal(pfld_landmarks(s, &bad[i], &tiny_box, &face, &err), PFLD_ERR_ARG);
        assert_true(strlen(err.msg) > 0);
        assert_int_equal(pfld_landmarks(s, &bad[i], &tiny_box, &face, NULL), PFLD_ERR_ARG);
    }
    assert_memory_equal(&face, &before, sizeof face);
    pfld_session_free(s);
    pfld_model_free(m);
}

static void bad_boxes_are_refused(void **state)
{
    static const pfld_box bad[] = {
        {NAN, 0, 9, 9},
        {0, NAN, 9, 9},
        {0, 0, NAN, 9},
        {0, 0, 9, NAN},
        {INFINITY, 0, 9, 9},
        {0, 0, INFINITY, 9},
        {0, 0, 0, 9},
        {0, 0, 9, 0},
        {0, 0, -1, 9},
        {0, 0, 9, -5},
        {TINY_WIDTH + 1, 0, 9, 9},
        {0, TINY_HEIGHT + 1, 9, 9},
        {-20, 0, 9, 9},
        {0, -20, 9, 9},
        {1e30f, 1e30f, 1, 1},
        {0, 0, 1e-30f, 1e-30f},
        {-1e38f, -1e38f, 2e38f, 2e38f},
    };
    pfld_model *m = tiny_load(&tiny_fixed_points, NULL);
    pfld_session *s = tiny_start(m);
    pfld_image img = tiny_plain_picture(PFLD_RGB8, 1, 2, 3);
    pfld_face face, before;

    (void)state;
    memset(&face, 0x5a, sizeof face);
    before = face;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pfld_error err = {0};
        if (pfld_landmarks(s, &img, &bad[i], &face, &err) != PFLD_ERR_ARG)
            fail_msg("box %zu was taken", i);
        assert_non_null(strstr(err.msg, "box"));
    }
    assert_memory_equal(&face, &before, sizeof face);
    pfld_session_free(s);
    pfld_model_free(m);
}

/* ---- landmarks: what is right ---- */

static void points_of_the_crop_become_points_of_the_picture(void **state)
{
    static const pfld_box boxes[] = {{8, 6, 16, 20}, {5.25f, 3.5f, 21, 9}, {-6, -4, 20, 20}};
    static const float scales[] = {1, 1.1f, 2.5f};
    pfld_image img = tiny_plain_picture(PFLD_GRAY8, 9, 9, 9);

    (void)state;
    for (size_t k = 0; k < 3; k++) {
        pfld_model_options opt;
        pfld_model *m;
        pfld_session *s;
        pfld_model_options_init(&opt, sizeof opt);
        opt.crop_scale = scales[k];
        m = tiny_load(&tiny_fixed_points, &opt);
        s = tiny_start(m);
        for (size_t i = 0; i < 3; i++) {
            const pfld_box *b = &boxes[i];
            pfld_face face = tiny_find(s, &img, b);
            float side = scales[k] * fmaxf(b->w, b->h);
            float left = b->x + b->w / 2 - side / 2, top = b->y + b->h / 2 - side / 2;
            assert_memory_equal(&face.box, b, sizeof *b);
            assert_true(face.score == 1);
            assert_int_equal(face.n_landmarks, 5);
            for (size_t p = 0; p < 5; p++) {
                assert_float_equal(face.landmarks[p].x, left + tiny_fixed_points.bias[2 * p] * side,
                                   1e-4f);
                assert_float_equal(face.landmarks[p].y,
                                   top + tiny_fixed_points.bias[2 * p + 1] * side, 1e-4f);
            }
            for (size_t p = 0; p < sizeof face.reserved / sizeof *face.reserved; p++)
                assert_int_equal(face.reserved[p], 0);
        }
        pfld_session_free(s);
        pfld_model_free(m);
    }
}

static void the_crop_is_shifted_by_the_files_rule(void **state)
{
    tiny_net shifted = tiny_fixed_points;
    pfld_image img = tiny_plain_picture(PFLD_GRAY8, 9, 9, 9);
    pfld_model *m;
    pfld_session *s;
    pfld_face face;

    (void)state;
    shifted.crop = "scale=1.5 shift=0.25,-0.5";
    m = tiny_load(&shifted, NULL);
    s = tiny_start(m);
    face = tiny_find(s, &img, &tiny_box); /* the longer side is 20, the centre 16, 16 */
    assert_float_equal(face.landmarks[2].x, 16 + 0.25f * 20, 1e-4f);
    assert_float_equal(face.landmarks[2].y, 16 - 0.5f * 20, 1e-4f);
    assert_float_equal(face.landmarks[0].x, 21 - 15, 1e-4f);
    pfld_session_free(s);
    pfld_model_free(m);
}

/* The net's own view of a pixel of 200, 100, 50: its channels' order and range. */
static void channels_come_in_the_order_and_range_asked_for(void **state)
{
    static const struct {
        const char *input;
        float want[3];
    } cases[] = {
        {"rgb,0..1", {200 / 255.0f, 100 / 255.0f, 50 / 255.0f}},
        {"bgr,0..1", {50 / 255.0f, 100 / 255.0f, 200 / 255.0f}},
        {"bgr,-1..1", {100 / 255.0f - 1, 200 / 255.0f - 1, 400 / 255.0f - 1}},
        {"rgb,127.5/128", {72.5f / 128, -27.5f / 128, -77.5f / 128}},
        {"bgr,10;20;30/100;50;25", {0.4f, 1.6f, 6.8f}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int from_file = 0; from_file < 2; from_file++) {
            tiny_net t = tiny_channel_means;
            pfld_model_options opt;
            pfld_image img = tiny_plain_picture(PFLD_RGB8, 200, 100, 50);
            pfld_model *m;
            pfld_session *s;
            pfld_face face;
            pfld_model_options_init(&opt, sizeof opt);
            t.input = from_file ? cases[i].input : "rgb,5/5";
            opt.input = from_file ? NULL : cases[i].input;
            m = tiny_load(&t, &opt);
            s = tiny_start(m);
            face = tiny_find(s, &img, &tiny_box);
            for (int c = 0; c < 3; c++)
                assert_float_equal(tiny_value(&face, c, 1.1f), cases[i].want[c], 5e-5f);
            pfld_session_free(s);
            pfld_model_free(m);
        }
}

static void a_grey_net_sees_luma(void **state)
{
    tiny_net t = tiny_channel_means;
    pfld_image img = tiny_plain_picture(PFLD_BGR8, 200, 100, 50);
    pfld_model *m;
    pfld_session *s;
    pfld_face face;

    (void)state;
    t.channels = 1;
    t.input = "gray,0..255";
    m = tiny_load(&t, NULL);
    s = tiny_start(m);
    face = tiny_find(s, &img, &tiny_box);
    assert_float_equal(tiny_value(&face, 0, 1.1f), 0.299f * 200 + 0.587f * 100 + 0.114f * 50, 0.6f);
    pfld_session_free(s);
    pfld_model_free(m);
}

static void formats_of_one_picture_give_the_same_bits(void **state)
{
    static const pfld_format formats[] = {PFLD_BGR8, PFLD_RGBA8, PFLD_BGRA8};
    pfld_model *m = tiny_load(&tiny_channel_means, NULL);
    pfld_session *s = tiny_start(m);
    pfld_image img = tiny_busy_picture(PFLD_RGB8);
    pfld_face want = tiny_find(s, &img, &tiny_box);

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        pfld_face got;
        img = tiny_busy_picture(formats[i]);
        got = tiny_find(s, &img, &tiny_box);
        assert_memory_equal(&got, &want, sizeof got);
    }
    pfld_session_free(s);
    pfld_model_free(m);
}

static void rows_may_run_upwards_and_have_gaps(void **state)
{
    pfld_model *m = tiny_load(&tiny_channel_means, NULL);
    pfld_session *s = tiny_start(m);
    pfld_image img = tiny_busy_picture(PFLD_RGB8), other = img;
    pfld_face want = tiny_find(s, &img, &tiny_box), got;
    size_t row = 3 * TINY_WIDTH, gap = row + 13;
    uint8_t *copy = malloc((TINY_HEIGHT - 1) * gap + row); /* not one byte more */

    (void)state;
    assert_non_null(copy);
    for (size_t y = 0; y < TINY_HEIGHT; y++)
        memcpy(copy + y * gap, img.data + y * row, row);
    other.data = copy;
    other.stride = (ptrdiff_t)gap;
    got = tiny_find(s, &other, &tiny_box);
    assert_memory_equal(&got, &want, sizeof got);
    for (size_t y = 0; y < TINY_HEIGHT; y++)
        memcpy(copy + (TINY_HEIGHT - 1 - y) * gap, img.data + y * row, row);
    other.data = copy + (TINY_HEIGHT - 1) * gap;
    other.stride = -(ptrdiff_t)gap;
    got = tiny_find(s, &other, &tiny_box);
    assert_memory_equal(&got, &want, sizeof got);
    free(copy);
    pfld_session_free(s);
    pfld_model_free(m);
}

static void calls_do_not_leave_traces(void **state)
{
    pfld_model *m = tiny_load(&tiny_channel_means, NULL);
    pfld_session *s = tiny_start(m);
    pfld_image img = tiny_busy_picture(PFLD_RGB8), grey;
    pfld_box other = {20, 10, 30, 30};
    pfld_face want = tiny_find(s, &img, &tiny_box), got;

    (void)state;
    tiny_find(s, &img, &other);
    grey = tiny_plain_picture(PFLD_GRAY8, 200, 0, 0);
    tiny_find(s, &grey, &other);
    img = tiny_busy_picture(PFLD_RGB8);
    got = tiny_find(s, &img, &tiny_box);
    assert_memory_equal(&got, &want, sizeof got);
    pfld_session_free(s);
    pfld_model_free(m);
}

/* What lies beyond the border is the border's colour. */
static void boxes_may_reach_beyond_the_picture(void **state)
{
    static const pfld_box boxes[] = {
        {-10, -10, 20, 20},         {TINY_WIDTH - 5, TINY_HEIGHT - 5, 30, 10},
        {-1000, -1000, 2000, 2000}, {TINY_WIDTH - 0.5f, 3, 5, 5},
        {-5.5f, 3, 5, 5},           {10, 10, 0.01f, 0.01f},
        {-1e6f, -1e6f, 2e6f, 2e6f},
    };
    pfld_model *m = tiny_load(&tiny_channel_means, NULL);
    pfld_session *s = tiny_start(m);
    pfld_image img = tiny_plain_picture(PFLD_RGB8, 200, 100, 50);

    (void)state;
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        pfld_face face = tiny_find(s, &img, &boxes[i]);
        float exact = fmaxf(boxes[i].w, boxes[i].h) > 1e5f ? 0.01f : 2e-3f;
        assert_float_equal(tiny_value(&face, 0, 1.1f), 200 / 255.0f, exact);
        assert_float_equal(tiny_value(&face, 2, 1.1f), 50 / 255.0f, exact);
    }
    pfld_session_free(s);
    pfld_model_free(m);
}

static void absurd_boxes_are_survived(void **state)
{
    static const pfld_box boxes[] = {
        {-FLT_MAX / 2, -FLT_MAX / 2, FLT_MAX, FLT_MAX},
        {-1e20f, -1e20f, 2e20f, 2e20f},
        {1, 1, FLT_MAX, 1},
        {1, 1, FLT_MIN, FLT_MIN},
        {1, 1, 1e-40f, 1e-40f},
    };
    pfld_model *m = tiny_load(&tiny_channel_means, NULL);
    pfld_session *s = tiny_start(m);
    pfld_image img = tiny_plain_picture(PFLD_RGB8, 200, 100, 50);

    (void)state;
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        pfld_face face;
        pfld_error err = {0};
        pfld_status st = pfld_landmarks(s, &img, &boxes[i], &face, &err);
        assert_true(st == PFLD_OK || (st == PFLD_ERR_ARG && strlen(err.msg) > 0));
    }
    pfld_session_free(s);
    pfld_model_free(m);
}

static void one_pixel_is_a_picture(void **state)
{
    pfld_model *m = tiny_load(&tiny_channel_means, NULL);
    pfld_session *s = tiny_start(m);
    uint8_t one[3] = {200, 100, 50};
    pfld_image img = {one, 1, 1, 3, PFLD_RGB8};
    pfld_box box = {-0.5f, -0.5f, 1, 1};
    pfld_face face = tiny_find(s, &img, &box);

    (void)state;
    assert_float_equal(tiny_value(&face, 0, 1.1f), 200 / 255.0f, 1e-5f);
    pfld_session_free(s);
    pfld_model_free(m);
}

/* The five points of no face: no pose can be told, and it says so. */
static void a_pose_that_cannot_be_told_is_nan(void **state)
{
    static const tiny_net one_place = {.bias = {.5f, .5f, .5f, .5f, .5f, .5f, .5f, .5f, .5f, .5f}};
    pfld_model *m = tiny_load(&one_place, NULL);
    pfld_session *s = tiny_start(m);
    pfld_image img = tiny_plain_picture(PFLD_RGB8, 1, 2, 3);
    pfld_face face = tiny_find(s, &img, &tiny_box);

    (void)state;
    assert_true(isnan(face.pose.yaw) && isnan(face.pose.pitch) && isnan(face.pose.roll));
    pfld_session_free(s);
    pfld_model_free(m);
}

/* ---- several passes ---- */

static pfld_face of_passes(const pfld_model *m, int32_t passes, const pfld_box *box)
{
    pfld_image img = tiny_plain_picture(PFLD_RGB8, 1, 2, 3);
    pfld_options o;
    pfld_session *s;
    pfld_face face;

    pfld_options_init(&o, sizeof o);
    o.passes = passes;
    assert_int_equal(pfld_session_create(m, NULL, &o, &s, NULL), PFLD_OK);
    face = tiny_find(s, &img, box);
    pfld_session_free(s);
    return face;
}

/* The points, wherever the crop is, fill less than half of it: their box asks for a smaller one. */
static void a_crop_that_was_off_is_made_anew(void **state)
{
    const tiny_net small = {
        .bias = {0.4f, 0.4f, 0.6f, 0.4f, 0.5f, 0.5f, 0.42f, 0.6f, 0.58f, 0.6f},
        .scheme = "five",
    };
    pfld_model *m = tiny_load(&small, NULL);
    pfld_face first = of_passes(m, 1, &tiny_box), both = of_passes(m, 2, &tiny_box), again;
    pfld_box seen = five_box(first.landmarks);

    (void)state;
    again = of_passes(m, 1, &seen);
    assert_true(fabsf(first.landmarks[0].x - both.landmarks[0].x) > 1);
    for (int i = 0; i < TINY_POINTS; i++) {
        assert_float_equal(both.landmarks[i].x, again.landmarks[i].x, 1e-3f);
        assert_float_equal(both.landmarks[i].y, again.landmarks[i].y, 1e-3f);
    }
    seen = five_box(both.landmarks);
    both = of_passes(m, 3, &tiny_box); /* this net finds every crop to be off */
    again = of_passes(m, 1, &seen);
    for (int i = 0; i < TINY_POINTS; i++)
        assert_float_equal(both.landmarks[i].x, again.landmarks[i].x, 1e-3f);
    again = of_passes(m, 0, &tiny_box); /* the default */
    assert_memory_equal(&again, &both, sizeof both);
    assert_memory_equal(&again.box, &tiny_box, sizeof tiny_box);
    pfld_model_free(m);
}

/* ---- how far off they may be ---- */

static tiny_net sure_of(const char *rule)
{
    tiny_net t = tiny_fixed_points;

    t.rule = rule;
    for (int i = 0; i < TINY_POINTS; i++) {
        t.spread[3 * i] = logf(0.02f);
        t.spread[3 * i + 1] = logf(0.04f);
        t.spread[3 * i + 2] = atanhf(0.5f);
    }
    return t;
}

/* 0.02 of a crop of 1.1 * 20 pixels is 0.44 pixels. */
static void spreads_are_in_pixels_of_the_picture(void **state)
{
    const tiny_net t = sure_of("tail=4 eyes=2");
    pfld_model *m = tiny_load(&t, NULL);
    pfld_session *s = tiny_start(m);
    pfld_image img = tiny_plain_picture(PFLD_GRAY8, 9, 9, 9);
    pfld_face face = tiny_find(s, &img, &tiny_box);
    const float unit = 2 * 0.44f * 0.44f; /* v / (v - 2) */

    (void)state;
    for (int i = 0; i < TINY_POINTS; i++) {
        float k = face.cov[i].xx / unit; /* 4 in the group of the eyes */
        assert_true(fabsf(k - 1) < 1e-3f || fabsf(k - 4) < 1e-3f);
        assert_float_equal(face.cov[i].yy, 4 * k * unit, 1e-3f);
        assert_float_equal(face.cov[i].xy, k * unit, 1e-3f);
    }
    /* some 0.9 pixels in percent of the eyes' 22 * sqrt(2), and more for the tail */
    assert_true(face.error > 3 && face.error < 12);
    /* v (0.1^(-2 / v) - 1) is 8.65, half of it for the covariance's sake */
    assert_float_equal(pfld_ellipse_radius(m, 0.9f), sqrtf(4.3246f), 1e-3f);
    assert_true(pfld_ellipse_radius(m, 0.99f) > pfld_ellipse_radius(m, 0.9f));
    assert_true(isnan(pfld_ellipse_radius(m, 0)) && isnan(pfld_ellipse_radius(m, 1)) &&
                isnan(pfld_ellipse_radius(m, NAN)) && isnan(pfld_ellipse_radius(NULL, 0.5f)));
    pfld_session_free(s);
    pfld_model_free(m);
}

static pfld_face found_by(const char *rule)
{
    const tiny_net t = sure_of(rule);
    pfld_model *m = tiny_load(&t, NULL);
    pfld_session *s = tiny_start(m);
    pfld_image img = tiny_plain_picture(PFLD_GRAY8, 9, 9, 9);
    pfld_face face = tiny_find(s, &img, &tiny_box);

    pfld_session_free(s);
    pfld_model_free(m);
    return face;
}

static void a_floor_widens_them_by_the_face_s_size(void **state)
{
    pfld_face plain = found_by("tail=4 eyes=2"), floored = found_by("tail=4 floor=0.1 eyes=2");
    float deviation = 0.1f * (float)spread_size(plain.landmarks, TINY_POINTS);

    (void)state;
    assert_true(deviation > 0.1f);
    for (int i = 0; i < TINY_POINTS; i++) {
        float k2 = plain.cov[i].xx / (2 * 0.44f * 0.44f), least = k2 * 2 * deviation * deviation;
        assert_float_equal(floored.cov[i].xx - plain.cov[i].xx, least, 1e-3f);
        assert_float_equal(floored.cov[i].yy - plain.cov[i].yy, least, 1e-3f);
        assert_float_equal(floored.cov[i].xy, plain.cov[i].xy, 1e-6f);
    }
    assert_true(floored.error > plain.error);
}

static void a_model_without_spread_says_so(void **state)
{
    pfld_model *m = tiny_load(&tiny_fixed_points, NULL);
    pfld_session *s = tiny_start(m);
    pfld_image img = tiny_plain_picture(PFLD_GRAY8, 9, 9, 9);
    pfld_face face = tiny_find(s, &img, &tiny_box);

    (void)state;
    assert_true(isnan(face.error) && isnan(pfld_ellipse_radius(m, 0.5f)));
    for (int i = 0; i < TINY_POINTS; i++)
        assert_true(isnan(face.cov[i].xx) && isnan(face.cov[i].xy) && isnan(face.cov[i].yy));
    pfld_session_free(s);
    pfld_model_free(m);
}

static void a_spread_that_makes_no_sense_is_refused(void **state)
{
    static const char *const rules[] = {"", "tail=1", "tail=5 ears=2", "5"};
    pfld_model *m;

    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const tiny_net t = sure_of(rules[i]);
        size_t size;
        uint8_t *buf = tiny_net_onnx(&t, &size);
        pfld_error err;

        assert_int_equal(pfld_model_load_memory(buf, size, NULL, &m, &err), PFLD_ERR_FORMAT);
        assert_non_null(strstr(err.msg, "pfld.spread"));
        assert_null(m);
        mem_free(buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_arguments_of_landmarks_are_named),
        cmocka_unit_test(bad_pictures_are_refused),
        cmocka_unit_test(bad_boxes_are_refused),
        cmocka_unit_test(points_of_the_crop_become_points_of_the_picture),
        cmocka_unit_test(the_crop_is_shifted_by_the_files_rule),
        cmocka_unit_test(channels_come_in_the_order_and_range_asked_for),
        cmocka_unit_test(a_grey_net_sees_luma),
        cmocka_unit_test(formats_of_one_picture_give_the_same_bits),
        cmocka_unit_test(rows_may_run_upwards_and_have_gaps),
        cmocka_unit_test(calls_do_not_leave_traces),
        cmocka_unit_test(boxes_may_reach_beyond_the_picture),
        cmocka_unit_test(absurd_boxes_are_survived),
        cmocka_unit_test(one_pixel_is_a_picture),
        cmocka_unit_test(a_pose_that_cannot_be_told_is_nan),
        cmocka_unit_test(a_crop_that_was_off_is_made_anew),
        cmocka_unit_test(spreads_are_in_pixels_of_the_picture),
        cmocka_unit_test(a_floor_widens_them_by_the_face_s_size),
        cmocka_unit_test(a_model_without_spread_says_so),
        cmocka_unit_test(a_spread_that_makes_no_sense_is_refused),
    };

    return cmocka_run_group_tests_name("landmarks", tests, NULL, NULL);
}
