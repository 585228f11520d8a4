/* data/shut: eyes that are shut have the points and the pixels of such. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/augment.h"
#include "data/shut.h"
#include "eval/clip.h"
#include "image/image.h"

enum { SIZE = 112, PHOTO = 400, SKIN = 200, EYE = 40 };

static const affine whole = {1.0f, 0.0f, 0.0f, 0.0f, 1.0f, 0.0f};

/* --- a face, and a photo of it -----------------------------------------------------------------
 */

typedef struct photo {
    data_sample s;
    pfld_point points[PFLD_MAX_LANDMARKS];
    uint8_t known[PFLD_MAX_LANDMARKS];
} photo;

static const pfld_point centre[2] = {{140.0f, 150.0f}, {260.0f, 150.0f}};
static const float half = 40.0f, upper = 16.0f, lower = 8.0f; /* an eye's length and lids */

/* Of a lid's parabola; x from -1 to 1. */
static pfld_point on_lid(int eye, float x, bool above)
{
    float y = (above ? -upper : lower) * (1.0f - x * x);

    return (pfld_point){centre[eye].x + half * x, centre[eye].y + y};
}

static const scheme_contour *ring_of(const scheme *s, int eye)
{
    const scheme_contour *c = s->contours;

    while (c->kind != SCHEME_EYE || eye-- > 0)
        c++;
    return c;
}

/* Eyes 80 pixels long, 24 high; all other points on a circle around them. */
static void take(photo *p, const char *of)
{
    *p = (photo){.s = {.scheme = scheme_find(of), .weight = 1.0f}};
    p->s.points = p->points;
    p->s.known = p->known;
    memset(p->known, 1, sizeof p->known);
    for (int i = 0; i < p->s.scheme->n; i++)
        p->points[i] = (pfld_point){200.0f + 130.0f * cosf((float)i), 200 + 130 * sinf((float)i)};
    for (int eye = 0; eye < 2; eye++) {
        const scheme_contour *c = ring_of(p->s.scheme, eye);
        for (int k = 0; k < c->n; k++) {
            bool above = k < c->n / 2;
            float along = (float)(above ? k : c->n - k) / (float)(c->n / 2);
            p->points[c->points[k]] = on_lid(eye, 2.0f * along - 1.0f, above);
        }
    }
}

static pfld_image make_image(int side, pfld_format format)
{
    int bytes = image_channels(format);
    pfld_image img = {calloc((size_t)(bytes * side), (size_t)side), side, side,
                      (ptrdiff_t)bytes * side, format};

    assert_non_null(img.data);
    return img;
}

static uint8_t *pixel(const pfld_image *img, pfld_point p)
{
    return img->data + (int)lrintf(p.y) * img->stride +
           (ptrdiff_t)image_channels(img->format) * (int)lrintf(p.x);
}

/* Skin, and eyes between the lids. */
static pfld_image make_photo(pfld_format format)
{
    pfld_image img = make_image(PHOTO, format);

    memset(img.data, SKIN, (size_t)img.stride * PHOTO);
    for (int eye = 0; eye < 2; eye++)
        for (float x = -1.0f; x <= 1.0f; x += 0.5f / half)
            for (float y = on_lid(eye, x, true).y; y <= on_lid(eye, x, false).y; y += 0.5f)
                memset(pixel(&img, (pfld_point){centre[eye].x + half * x, y}), EYE,
                       (size_t)image_channels(format));
    return img;
}

static int count_dark(const pfld_image *img, int eye)
{
    int n = 0;

    for (int y = 100; y < 200; y++)
        for (int x = -45; x <= 45; x++)
            n += *pixel(img, (pfld_point){centre[eye].x + (float)x, (float)y}) < (SKIN + EYE) / 2;
    return n;
}

static pfld_measures measure(const data_sample *s)
{
    pfld_face face = {.n_landmarks = s->scheme->n, .pose = s->pose};
    pfld_measures m;
    pfld_error err = {0};

    memcpy(face.landmarks, s->points, (size_t)s->scheme->n * sizeof *s->points);
    assert_int_equal(pfld_measure(&face, &m, &err), PFLD_OK);
    return m;
}

/* --- the labels --------------------------------------------------------------------------------
 */

static void degree_0_changes_nothing(void **state)
{
    pfld_image view = make_photo(PFLD_RGB8), crop = make_image(PHOTO, PFLD_RGB8);
    shut_face f;
    photo p;

    (void)state;
    take(&p, "ibug68");
    memcpy(crop.data, view.data, (size_t)view.stride * PHOTO);
    assert_true(shut_eyes(&p.s, &(shut_degree){0.0f, 0.0f, 1.0f}, &f));
    assert_memory_equal(f.points, p.points, 68 * sizeof *p.points);
    assert_int_equal(f.sample.classes, p.s.classes);
    shut_paint(&f, &whole, &view, &whole, &crop);
    assert_memory_equal(crop.data, view.data, (size_t)view.stride * PHOTO);
    free(view.data);
    free(crop.data);
}

static void eyes_are_measured_as_open_as_was_asked(void **state)
{
    static const char *const schemes[] = {"ibug68", "wflw98", "lapa106"};
    static const pfld_pose poses[] = {{0}, {.yaw = 30.0f, .pitch = -10.0f, .roll = 20.0f}};
    shut_face f;
    photo p;

    (void)state;
    for (int i = 0; i < 6; i++)
        for (float degree = 0.1f; degree < 1.05f; degree += 0.3f) {
            pfld_measures before, after;
            take(&p, schemes[i / 2]);
            p.s.pose = poses[i % 2];
            before = measure(&p.s);
            assert_true(shut_eyes(&p.s, &(shut_degree){degree, 0.5f * degree, 0.5f}, &f));
            after = measure(&f.sample);
            assert_true(before.eye_open[0] > 0.2f && before.eye_open[1] > 0.2f);
            assert_float_equal(after.eye_open[0], (1 - degree) * before.eye_open[0], 1e-4f);
            assert_float_equal(after.eye_open[1], (1 - 0.5f * degree) * before.eye_open[1], 1e-4f);
        }
}

/* And mostly the upper one moves, down; corners and all else stay. */
static void labels_stay_within_the_lids(void **state)
{
    shut_face f;
    photo p;

    (void)state;
    take(&p, "ibug68");
    for (float degree = 0.0f; degree < 1.05f; degree += 0.25f) {
        assert_true(shut_eyes(&p.s, &(shut_degree){degree, degree, 0.5f}, &f));
        for (int i = 0; i < 68; i++) {
            float up = p.points[i].y - f.points[i].y;
            bool is_lid = i >= 36 && i < 48 && i % 3 != 0, is_upper = (i - 36) % 6 < 3;
            assert_float_equal(f.points[i].x, p.points[i].x, 1e-4f);
            if (!is_lid)
                assert_true(up == 0.0f);
            else if (is_upper)
                assert_in_range((int)(-100.0f * up), (int)(1700 * degree), (int)(2100 * degree));
            else
                assert_in_range((int)(100.0f * up), (int)(200 * degree), (int)(500 * degree));
        }
    }
    for (int i = 37; i < 39; i++)
        assert_float_equal(f.points[i].y, f.points[78 - i].y, 1e-3f); /* they touch */
}

static void labels_that_lie_beside_what_they_mark_do_so_afterwards(void **state)
{
    pfld_image view = make_photo(PFLD_RGB8), one = make_image(PHOTO, PFLD_RGB8),
               other = make_image(PHOTO, PFLD_RGB8);
    const shut_degree by = {0.8f, 0.6f, 0.5f};
    shut_face plain, offset;
    photo p;

    (void)state;
    take(&p, "ibug68");
    assert_true(shut_eyes(&p.s, &by, &plain));
    p.s.offset = 2.0f;
    for (int i = 0; i < 68; i++)
        p.points[i].x += 2.0f;
    assert_true(shut_eyes(&p.s, &by, &offset));
    for (int i = 0; i < 68; i++) {
        assert_float_equal(offset.points[i].x, plain.points[i].x + 2.0f, 1e-3f);
        assert_float_equal(offset.points[i].y, plain.points[i].y, 1e-3f);
    }
    shut_paint(&plain, &whole, &view, &whole, &one);
    shut_paint(&offset, &whole, &view, &whole, &other);
    assert_memory_equal(one.data, other.data, (size_t)one.stride * PHOTO);
    free(view.data);
    free(one.data);
    free(other.data);
}

static void two_closed_eyes_are_an_expression_and_a_wink_is_none(void **state)
{
    shut_face f;
    photo p;

    (void)state;
    take(&p, "ibug68");
    assert_true(shut_eyes(&p.s, &(shut_degree){0.9f, 0.9f, 0.5f}, &f));
    assert_int_equal(f.sample.classes, 1u << DATA_EXPRESSION);
    assert_true(shut_eyes(&p.s, &(shut_degree){0.0f, 0.5f, 0.5f}, &f));
    assert_int_equal(f.sample.classes, 0);
}

/* --- which faces -------------------------------------------------------------------------------
 */

static void faces_whose_eyes_are_not_known_are_left_alone(void **state)
{
    static const shut_degree by = {1.0f, 1.0f, 0.5f};
    shut_face f;
    photo p;

    (void)state;
    take(&p, "ibug68");
    p.known[3] = 0; /* of the jaw */
    assert_true(shut_suits(&p.s) && shut_eyes(&p.s, &by, &f));
    p.known[46] = 0;
    assert_false(shut_suits(&p.s) || shut_eyes(&p.s, &by, &f));
    take(&p, "ibug68");
    p.points[38].y = NAN;
    assert_false(shut_suits(&p.s) || shut_eyes(&p.s, &by, &f));
    take(&p, "ibug68");
    p.points[39] = p.points[36];
    assert_false(shut_suits(&p.s) || shut_eyes(&p.s, &by, &f));
    take(&p, "ibug68");
    p.s.scheme = scheme_find("five");
    assert_false(shut_suits(&p.s) || shut_eyes(&p.s, &by, &f));
}

static void profiles_small_faces_and_closed_eyes_do_not_suit(void **state)
{
    photo p;

    (void)state;
    take(&p, "ibug68");
    p.s.pose = (pfld_pose){.yaw = 35.0f};
    assert_true(shut_suits(&p.s));
    p.s.pose = (pfld_pose){.yaw = -45.0f};
    assert_false(shut_suits(&p.s));
    p.s.pose = (pfld_pose){.yaw = NAN, .pitch = NAN, .roll = NAN};
    assert_false(shut_suits(&p.s));
    take(&p, "ibug68");
    for (int i = 0; i < 68; i++)
        p.points[i] = (pfld_point){0.14f * p.points[i].x, 0.14f * p.points[i].y};
    assert_false(shut_suits(&p.s));
    take(&p, "ibug68");
    for (int i = 36; i < 48; i++)
        p.points[i].y = 150.0f + 0.4f * (p.points[i].y - 150.0f);
    assert_false(shut_suits(&p.s));
}

static void degrees_are_even_and_some_eyes_wink(void **state)
{
    int right = 0, left = 0, low = 0;
    rng r;

    (void)state;
    rng_seed(&r, 1);
    for (int n = 0; n < 4000; n++) {
        shut_degree d = shut_draw(&r);
        float most = fmaxf(d.right, d.left);
        assert_true(most >= 0.4f && most <= 1.0f);
        assert_true(d.right == d.left || fminf(d.right, d.left) == 0.0f);
        assert_true(d.lashes > 0.0f && d.lashes < 1.0f);
        right += d.left == 0.0f;
        left += d.right == 0.0f;
        low += most < 0.7f;
    }
    assert_in_range(right, 230, 370);
    assert_in_range(left, 230, 370);
    assert_in_range(low, 1880, 2120);
}

/* --- the picture -------------------------------------------------------------------------------
 */

static void skin_covers_as_much_of_the_eye_as_was_asked(void **state)
{
    static const pfld_format formats[][2] = {
        {PFLD_RGB8, PFLD_RGB8}, {PFLD_GRAY8, PFLD_RGB8}, {PFLD_GRAY8, PFLD_GRAY8}};
    shut_face f;
    photo p;

    (void)state;
    take(&p, "ibug68");
    for (int i = 0; i < 3; i++)
        for (float degree = 0.25f; degree < 1.05f; degree += 0.25f) {
            pfld_image view = make_photo(formats[i][0]), crop = make_photo(formats[i][1]);
            float open = (float)count_dark(&view, 0), other = (float)count_dark(&view, 1);
            assert_true(shut_eyes(&p.s, &(shut_degree){degree, 0.0f, 0.0f}, &f));
            shut_paint(&f, &whole, &view, &whole, &crop);
            assert_float_equal((float)count_dark(&crop, 0) / open, 1.0f - degree, 0.09f);
            assert_float_equal((float)count_dark(&crop, 1), other, 0.0f);
            free(view.data);
            free(crop.data);
        }
}

static void labels_are_where_the_lids_are_seen(void **state)
{
    pfld_image view = make_photo(PFLD_RGB8), crop = make_photo(PFLD_RGB8);
    shut_face f;
    photo p;

    (void)state;
    take(&p, "ibug68");
    assert_true(shut_eyes(&p.s, &(shut_degree){0.6f, 0.6f, 0.0f}, &f));
    shut_paint(&f, &whole, &view, &whole, &crop);
    for (int i = 36; i < 48; i++) {
        float in = (i - 36) % 6 < 3 ? 2.0f : -2.0f;
        pfld_point eye = {f.points[i].x, f.points[i].y + in};
        pfld_point skin = {f.points[i].x, f.points[i].y - in};
        if (i % 3 == 0)
            continue;
        assert_in_range(*pixel(&crop, eye), EYE - 10, EYE + 10);
        assert_in_range(*pixel(&crop, skin), SKIN - 10, SKIN + 10);
    }
    free(view.data);
    free(crop.data);
}

static void a_line_is_darker_where_the_lids_meet(void **state)
{
    pfld_image view = make_photo(PFLD_RGB8), crop = make_photo(PFLD_RGB8);
    shut_face f;
    photo p;

    (void)state;
    take(&p, "ibug68");
    assert_true(shut_eyes(&p.s, &(shut_degree){1.0f, 1.0f, 0.5f}, &f));
    shut_paint(&f, &whole, &view, &whole, &crop);
    assert_in_range(*pixel(&crop, f.points[37]), 1, 6 * SKIN / 10);
    assert_in_range(*pixel(&crop, (pfld_point){140.0f, 140.0f}), SKIN - 3, SKIN);
    free(view.data);
    free(crop.data);
}

/* The crop is a quarter of the photo's size, and the view half: turned, and across its border. */
static void crops_are_drawn_as_large_photos_are(void **state)
{
    static const affine to_photo = {3.6f, 1.6f, 20.0f, -1.6f, 3.6f, 150.0f};
    pfld_image view = make_photo(PFLD_RGB8), all = make_photo(PFLD_RGB8);
    pfld_image crop = make_image(SIZE, PFLD_RGB8), want = make_image(SIZE, PFLD_RGB8);
    shut_face f;
    photo p;

    (void)state;
    take(&p, "ibug68");
    assert_true(shut_eyes(&p.s, &(shut_degree){0.7f, 0.7f, 0.0f}, &f));
    shut_paint(&f, &whole, &view, &whole, &all);
    image_warp(&all, &to_photo, &want);
    image_warp(&view, &to_photo, &crop);
    shut_paint(&f, &to_photo, &view, &whole, &crop);
    for (int k = 0; k < 3 * SIZE * SIZE; k++)
        assert_in_range(crop.data[k] + 256, want.data[k] + 256 - 40, want.data[k] + 256 + 40);
    free(view.data);
    free(all.data);
    free(crop.data);
    free(want.data);
}

/* --- as augmentation ---------------------------------------------------------------------------
 */

static void augmentation_shuts_its_share_and_draws_the_rest_alike(void **state)
{
    static const crop_rule rule = {1.2f, 0.0f, 0.0f};
    pfld_image view = make_photo(PFLD_RGB8), crop = make_image(SIZE, PFLD_RGB8);
    augment_options with = {.rotation = 10.0f, .noise = 0.5f, .shut = 0.5f}, without = with;
    augment_face shut, plain;
    int n = 0;
    photo p;

    (void)state;
    take(&p, "ibug68");
    without.shut = 0.0f;
    for (uint64_t seed = 0; seed < 400; seed++) {
        rng a, b;
        rng_seed(&a, seed);
        rng_seed(&b, seed);
        augment_make(&p.s, &view, &rule, &with, &a, &crop, &shut);
        augment_make(&p.s, &view, &rule, &without, &b, &crop, &plain);
        assert_memory_equal(&a, &b, sizeof a);
        assert_memory_equal(&shut.to_image, &plain.to_image, sizeof shut.to_image);
        n += memcmp(shut.points, plain.points, 68 * sizeof *plain.points) != 0;
    }
    assert_in_range(n, 160, 240);
    free(view.data);
    free(crop.data);
}

/* --- as a clip ---------------------------------------------------------------------------------
 */

static void a_clip_blinks_as_its_points_say(void **state)
{
    pfld_image view = make_photo(PFLD_RGB8), frame = make_image(PHOTO, PFLD_RGB8);
    clip_view seen;
    photo p;
    clip c = {.faces = {{&p.s, &view}}, .n = 1, .motion = CLIP_BLINK};

    (void)state;
    take(&p, "ibug68");
    clip_frame(&c, 0, 1.5, &frame, &seen);
    assert_memory_equal(seen.truth, p.points, 68 * sizeof *p.points);
    assert_memory_equal(frame.data, view.data, (size_t)view.stride * PHOTO);
    clip_frame(&c, 0, 2.0, &frame, &seen);
    assert_float_equal(seen.truth[37].y, seen.truth[41].y, 1e-3f);
    assert_true(seen.truth[37].y > p.points[37].y + 10.0f);
    assert_true(*pixel(&view, centre[0]) == EYE && *pixel(&frame, centre[0]) == SKIN);
    free(view.data);
    free(frame.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(degree_0_changes_nothing),
        cmocka_unit_test(eyes_are_measured_as_open_as_was_asked),
        cmocka_unit_test(labels_stay_within_the_lids),
        cmocka_unit_test(labels_that_lie_beside_what_they_mark_do_so_afterwards),
        cmocka_unit_test(two_closed_eyes_are_an_expression_and_a_wink_is_none),
        cmocka_unit_test(faces_whose_eyes_are_not_known_are_left_alone),
        cmocka_unit_test(profiles_small_faces_and_closed_eyes_do_not_suit),
        cmocka_unit_test(degrees_are_even_and_some_eyes_wink),
        cmocka_unit_test(skin_covers_as_much_of_the_eye_as_was_asked),
        cmocka_unit_test(labels_are_where_the_lids_are_seen),
        cmocka_unit_test(a_line_is_darker_where_the_lids_meet),
        cmocka_unit_test(crops_are_drawn_as_large_photos_are),
        cmocka_unit_test(augmentation_shuts_its_share_and_draws_the_rest_alike),
        cmocka_unit_test(a_clip_blinks_as_its_points_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
