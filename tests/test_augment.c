/* data/augment and its parts: points, pixels and pose stay together, effects do what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jpeglib.h>
#include <math.h>

#include "data/augment.h"
#include "data/effects.h"
#include "data/face_box.h"
#include "data/occlude.h"
#include "data/scheme_map.h"
#include "geometry/pose.h"
#include "image/image.h"

#define SIZE 112

static const crop_rule rule = {1.1f, 0.0f, 0.0f};
static const augment_options moving = {
    .flip = 0.5f, .rotation = 18.0f, .scale = 0.1f, .shift = 0.05f};

typedef struct face { /* a sample with room for its points */
    data_sample s;
    pfld_point points[PFLD_MAX_LANDMARKS];
    uint8_t known[PFLD_MAX_LANDMARKS];
} face;

static void face_init(face *f, const char *name)
{
    memset(f, 0, sizeof *f);
    f->s.scheme = scheme_find(name);
    assert_non_null(f->s.scheme);
    f->s.points = f->points;
    f->s.known = f->known;
    f->s.pose = (pfld_pose){NAN, NAN, NAN};
    f->s.weight = 1.0f;
    memset(f->known, 1, sizeof f->known);
}

/* Points at random in a square. */
static void scatter(face *f, float left, float top, float side, rng *r)
{
    for (int i = 0; i < f->s.scheme->n; i++) {
        f->points[i].x = left + side * rng_float(r);
        f->points[i].y = top + side * rng_float(r);
    }
}

static pfld_image make_image(int side, uint8_t value)
{
    pfld_image img = {malloc((size_t)(3 * side * side)), side, side, 3 * (ptrdiff_t)side,
                      PFLD_RGB8};

    assert_non_null(img.data);
    memset(img.data, value, (size_t)(3 * side * side));
    return img;
}

static void fill_noise(pfld_image *img, rng *r)
{
    for (int i = 0; i < img->height * (int)img->stride; i++)
        img->data[i] = (uint8_t)rng_u64(r);
}

static pfld_point to_pixels(pfld_point p)
{
    return (pfld_point){p.x * SIZE - 0.5f, p.y * SIZE - 0.5f};
}

static bool is_near(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance; /* false for NaN */
}

/* --- points and pixels -------------------------------------------------------------------------
 */

static void points_come_back_from_the_crop_exactly(void **state)
{
    pfld_image photo = make_image(16, 0), crop = make_image(SIZE, 0);
    augment_options none = {0};
    augment_face out;
    face f;
    rng r;

    (void)state;
    rng_seed(&r, 1);
    for (int n = 0; n < 50; n++) {
        face_init(&f, "ibug68");
        scatter(&f, 1800.0f, 900.0f, 60.0f + 4.0f * (float)n, &r);
        augment_make(&f.s, &photo, &rule, &none, &r, &crop, &out);
        for (int i = 0; i < 68; i++) {
            pfld_point p = affine_apply(&out.to_image, to_pixels(out.points[i]));
            assert_true(is_near((double)p.x, (double)f.points[i].x, 1e-3));
            assert_true(is_near((double)p.y, (double)f.points[i].y, 1e-3));
            assert_true(out.points[i].x > 0.0f && out.points[i].x < 1.0f);
        }
        assert_true(isnan(out.pose.yaw));
    }
    free(photo.data);
    free(crop.data);
}

static void without_augmentation_the_crop_is_what_inference_sees(void **state)
{
    pfld_image photo = make_image(300, 0), crop = make_image(SIZE, 0), want = make_image(SIZE, 1);
    crop_rule odd = {1.3f, 0.02f, -0.05f};
    augment_options none = {0};
    augment_face out;
    affine t;
    pfld_box box;
    face f;
    rng r;

    (void)state;
    rng_seed(&r, 2);
    fill_noise(&photo, &r);
    face_init(&f, "ibug68");
    scatter(&f, 70.0f, 60.0f, 160.0f, &r);
    box = face_box(&f.s);
    t = affine_from_crop(&box, &odd, 0.0f, SIZE);
    image_warp(&photo, &t, &want);
    augment_make(&f.s, &photo, &odd, &none, &r, &crop, &out);
    assert_memory_equal(crop.data, want.data, 3 * SIZE * SIZE);
    assert_true(t.a == out.to_image.a && t.c == out.to_image.c && t.f == out.to_image.f);
    free(photo.data);
    free(crop.data);
    free(want.data);
}

static void draw_dot(pfld_image *img, pfld_point p)
{
    for (int y = 0; y < img->height; y++)
        for (int x = 0; x < img->width; x++) {
            float dx = (float)x - p.x, dy = (float)y - p.y;
            float v = 255.0f * expf(-(dx * dx + dy * dy) / (2.0f * 4.0f * 4.0f));
            memset(img->data + y * img->stride + 3 * x, (int)v, 3);
        }
}

/* The centroid of what is lit. */
static pfld_point find_dot(const pfld_image *img)
{
    double sum = 0, sx = 0, sy = 0;

    for (int y = 0; y < img->height; y++)
        for (int x = 0; x < img->width; x++) {
            double v = img->data[y * img->stride + 3 * x];
            sum += v, sx += v * x, sy += v * y;
        }
    assert_true(sum > 0);
    return (pfld_point){(float)(sx / sum), (float)(sy / sum)};
}

static void a_dot_at_a_landmark_is_found_at_the_landmark(void **state)
{
    pfld_image photo = make_image(300, 0), crop = make_image(SIZE, 0);
    augment_options opt = moving;
    int seen = 0, flipped = 0;
    augment_face out;
    face f;
    rng r;

    (void)state;
    opt.blur = 0.5f; /* this must not move anything either */
    rng_seed(&r, 3);
    face_init(&f, "ibug68");
    scatter(&f, 70.0f, 60.0f, 160.0f, &r);
    for (int n = 0; n < 120; n++) {
        int i = (n * 7) % 68, at;
        double near = n % 2 ? 1.5 : 0.5; /* a dot may be less than a pixel of few */
        pfld_point want, got;
        opt.low_resolution = n % 2 ? 1.0f : 0.0f;
        draw_dot(&photo, f.points[i]);
        augment_make(&f.s, &photo, &rule, &opt, &r, &crop, &out);
        at = out.to_image.a * out.to_image.e < out.to_image.b * out.to_image.d
                 ? f.s.scheme->mirror[i]
                 : i;
        want = to_pixels(out.points[at]);
        if (want.x < 30.0f || want.y < 30.0f || want.x > SIZE - 31 || want.y > SIZE - 31)
            continue; /* a dot that is cut off has its centre elsewhere */
        got = find_dot(&crop);
        assert_true(is_near((double)got.x, (double)want.x, near));
        assert_true(is_near((double)got.y, (double)want.y, near));
        seen++;
        flipped += at != i;
    }
    assert_true(seen > 20 && flipped > 5 && flipped < seen);
    free(photo.data);
    free(crop.data);
}

static void spun_crops_turn_any_way_and_keep_the_rest(void **state)
{
    pfld_image photo = make_image(300, 0), crop = make_image(SIZE, 0);
    augment_options still = moving, spun = moving;
    rng r, again;
    int over = 0;
    face f;

    (void)state;
    still.flip = spun.flip = 0.0f;
    spun.spin = 1.0f;
    rng_seed(&r, 5);
    face_init(&f, "ibug68");
    scatter(&f, 70.0f, 60.0f, 160.0f, &r);
    for (int n = 0; n < 200; n++) {
        augment_face a, b;
        again = r;
        augment_make(&f.s, &photo, &rule, &still, &again, &crop, &a);
        augment_make(&f.s, &photo, &rule, &spun, &r, &crop, &b);
        assert_memory_equal(&r, &again, sizeof r);
        assert_true(is_near((double)hypotf(a.to_image.a, a.to_image.d),
                            (double)hypotf(b.to_image.a, b.to_image.d), 1e-4));
        over += b.to_image.a < 0.0f; /* more than a quarter */
        assert_true(a.to_image.a > 0.0f);
        for (int i = 0; i < 68; i++) {
            pfld_point p = affine_apply(&b.to_image, to_pixels(b.points[i]));
            assert_true(is_near((double)p.x, (double)f.points[i].x, 1e-2));
            assert_true(is_near((double)p.y, (double)f.points[i].y, 1e-2));
        }
    }
    assert_true(over > 70 && over < 130);
    free(photo.data);
    free(crop.data);
}

static void a_flip_swaps_points_by_the_schemes_mirror(void **state)
{
    pfld_image photo = make_image(16, 0), crop = make_image(SIZE, 0);
    augment_options opt = {.flip = 1.0f};
    const scheme *s;
    int schemes = 0;
    rng r;

    (void)state;
    rng_seed(&r, 4);
    for (int k = 0; (s = scheme_at(k)) != NULL; k++, schemes++) {
        augment_face plain, out;
        face f;
        face_init(&f, s->name);
        scatter(&f, 40.0f, 30.0f, 100.0f, &r);
        f.known[0] = 0;
        f.points[0] = (pfld_point){NAN, NAN};
        f.s.box = (pfld_box){40, 30, 100, 100};
        f.s.pose = (pfld_pose){.pitch = 10.0f, .yaw = 20.0f, .roll = -5.0f};
        augment_make(&f.s, &photo, &rule, &(augment_options){0}, &r, &crop, &plain);
        augment_make(&f.s, &photo, &rule, &opt, &r, &crop, &out);
        for (int i = 0; i < s->n; i++) {
            int from = s->mirror[i];
            assert_int_equal(out.known[i], from != 0);
            assert_true(is_near((double)out.points[i].y, (double)plain.points[from].y, 1e-5));
            if (from != 0)
                assert_true(
                    is_near((double)out.points[i].x, 1.0 - (double)plain.points[from].x, 1e-5));
        }
        assert_true(out.pose.yaw == -20.0f && out.pose.roll == 5.0f && out.pose.pitch == 10.0f);
    }
    assert_int_equal(schemes, 6);
    free(photo.data);
    free(crop.data);
}

/* The true place is mirrored; the label lies as far right of it as before. */
static void labels_that_lie_off_lie_off_to_the_same_side_after_a_flip(void **state)
{
    pfld_image photo = make_image(16, 0), crop = make_image(SIZE, 0);
    augment_options opt = {.flip = 1.0f};
    augment_face right, off;
    face f;
    rng r;

    (void)state;
    rng_seed(&r, 5);
    face_init(&f, "ibug68");
    scatter(&f, 40.0f, 30.0f, 100.0f, &r);
    f.points[0] = (pfld_point){40.0f, 30.0f};
    f.points[1] = (pfld_point){140.0f, 130.0f};
    augment_make(&f.s, &photo, &rule, &opt, &r, &crop, &right);
    f.s.offset = 2.0f;
    for (int i = 0; i < 68; i++)
        f.points[i].x += 2.0f;
    augment_make(&f.s, &photo, &rule, &opt, &r, &crop, &off);
    for (int i = 0; i < 68; i++) {
        double moved = (double)(off.points[i].x - right.points[i].x) * 100.0 * (double)rule.scale;
        assert_true(is_near(moved, 4.0, 1e-3)); /* the square went 2 with the labels, to the left */
        assert_true(off.points[i].y == right.points[i].y);
    }
    free(photo.data);
    free(crop.data);
}

static void recipes_tell_how_many_faces_they_occlude(void **state)
{
    augment_options all = augment_recipe("default"), paper = augment_recipe("paper");

    (void)state;
    assert_true(augment_occluded_share(&(augment_options){0}) <= 0.0);
    assert_true(is_near(augment_occluded_share(&all), 0.6 * 0.224, 0.001));
    assert_true(is_near(augment_occluded_share(&paper), 0.658, 0.001));
    all.cutout = 0.5f;
    all.plain = 0.0f;
    assert_true(is_near(augment_occluded_share(&all), 0.224 + 0.776 * 0.329, 0.001));
}

/* --- pose --------------------------------------------------------------------------------------
 */

/* The neutral face under weak perspective; what is not rigid lies among the rest. */
static void project(face *f, const pfld_pose *pose)
{
    float m[3][3];

    pose_to_matrix(pose, m);
    for (int i = 0; i < 68; i++)
        f->points[i] = (pfld_point){150.0f, 150.0f};
    for (int i = 0; i < f->s.scheme->n_rigid; i++) {
        const pose_point3 *p = &pose_neutral[f->s.scheme->rigid[i].face3d];
        f->points[f->s.scheme->rigid[i].point] =
            (pfld_point){150.0f + 60.0f * (m[0][0] * p->x + m[0][1] * p->y + m[0][2] * p->z),
                         150.0f + 60.0f * (m[1][0] * p->x + m[1][1] * p->y + m[1][2] * p->z)};
    }
    f->s.pose = *pose;
}

static void the_pose_is_that_of_the_moved_points(void **state)
{
    pfld_image photo = make_image(16, 0), crop = make_image(SIZE, 0);
    double most_yaw = 0;
    augment_face out;
    face f;
    rng r;

    (void)state;
    rng_seed(&r, 5);
    for (int n = 0; n < 100; n++) {
        pfld_pose truth = {.pitch = 60.0f * rng_float(&r) - 30.0f,
                           .yaw = 100.0f * rng_float(&r) - 50.0f,
                           .roll = 40.0f * rng_float(&r) - 20.0f};
        pfld_pose seen;
        pfld_point pixels[68];
        face_init(&f, "ibug68");
        project(&f, &truth);
        augment_make(&f.s, &photo, &rule, &moving, &r, &crop, &out);
        for (int i = 0; i < 68; i++)
            pixels[i] = to_pixels(out.points[i]);
        assert_true(pose_from_points(f.s.scheme, pixels, NULL, &seen));
        assert_true(is_near((double)seen.yaw, (double)out.pose.yaw, 0.1));
        assert_true(is_near((double)seen.pitch, (double)out.pose.pitch, 0.1));
        assert_true(is_near((double)seen.roll, (double)out.pose.roll, 0.1));
        most_yaw = fmax(most_yaw, fabs(fabs((double)out.pose.yaw) - fabs((double)truth.yaw)));
    }
    assert_true(most_yaw > 1.0); /* turning the picture does change yaw: it was done by matrices */
    free(photo.data);
    free(crop.data);
}

/* The far moves come as often as they shall, and fill their range. */
static void some_faces_lie_far_over_and_some_boxes_far_off(void **state)
{
    pfld_image photo = make_image(16, 0), crop = make_image(SIZE, 0);
    augment_options opt = {.tilt = 0.25f, .rough = 0.25f};
    int tilted = 0, rough = 0;
    double most_roll = 0, most_shift = 0;
    augment_face out;
    face f;
    rng r;

    (void)state;
    rng_seed(&r, 16);
    face_init(&f, "ibug68");
    scatter(&f, 40.0f, 30.0f, 100.0f, &r);
    f.points[0] = (pfld_point){40.0f, 30.0f};
    f.points[1] = (pfld_point){140.0f, 130.0f};
    f.s.pose = (pfld_pose){0};
    for (int n = 0; n < 800; n++) {
        pfld_point middle = {0.5f * SIZE - 0.5f, 0.5f * SIZE - 0.5f};
        augment_make(&f.s, &photo, &rule, &opt, &r, &crop, &out);
        middle = affine_apply(&out.to_image, middle);
        tilted += fabsf(out.pose.roll) > 0.01f;
        rough += fabsf(middle.x - 90.0f) > 0.01f;
        most_roll = fmax(most_roll, fabs((double)out.pose.roll));
        most_shift = fmax(most_shift, fabs((double)middle.x - 90.0) / 100.0);
    }
    assert_in_range(tilted, 160, 240);
    assert_in_range(rough, 160, 240);
    assert_true(most_roll > 50.0 && most_roll < 55.1);
    assert_true(most_shift > 0.18 && most_shift < 0.2001);
    free(photo.data);
    free(crop.data);
}

static void the_papers_rotations_are_multiples_of_5_up_to_30(void **state)
{
    pfld_image photo = make_image(16, 0), crop = make_image(SIZE, 0);
    augment_options opt = {.even_rotation = 30.0f};
    int count[13] = {0};
    augment_face out;
    face f;
    rng r;

    (void)state;
    rng_seed(&r, 6);
    face_init(&f, "ibug68");
    scatter(&f, 40.0f, 30.0f, 100.0f, &r);
    f.s.pose = (pfld_pose){0};
    for (int n = 0; n < 400; n++) {
        augment_make(&f.s, &photo, &rule, &opt, &r, &crop, &out);
        assert_true(fabsf(out.pose.roll) < 30.1f);
        assert_true(is_near((double)out.pose.roll / 5.0, round((double)out.pose.roll / 5.0), 1e-3));
        count[(int)lrintf(out.pose.roll / 5.0f) + 6]++;
    }
    for (int i = 0; i < 13; i++)
        assert_true(count[i] > 8);
    free(photo.data);
    free(crop.data);
}

/* --- randomness --------------------------------------------------------------------------------
 */

static void the_same_numbers_make_the_same_sample(void **state)
{
    pfld_image photo = make_image(200, 0), a = make_image(SIZE, 0), b = make_image(SIZE, 1);
    augment_options opt = augment_recipe("default");
    augment_face fa, fb;
    int differ = 0;
    face f;
    rng r, again;

    (void)state;
    rng_seed(&r, 7);
    fill_noise(&photo, &r);
    face_init(&f, "ibug68");
    scatter(&f, 40.0f, 30.0f, 100.0f, &r);
    for (int n = 0; n < 60; n++) {
        again = r;
        augment_make(&f.s, &photo, &rule, &opt, &r, &a, &fa);
        augment_make(&f.s, &photo, &rule, &opt, &again, &b, &fb);
        assert_memory_equal(a.data, b.data, 3 * SIZE * SIZE);
        assert_memory_equal(fa.points, fb.points, 68 * sizeof *fa.points);
        assert_memory_equal(&r, &again, sizeof r);
        augment_make(&f.s, &photo, &rule, &opt, &r, &b, &fb);
        differ += memcmp(a.data, b.data, 3 * SIZE * SIZE) != 0;
    }
    assert_int_equal(differ, 60);
    free(photo.data);
    free(a.data);
    free(b.data);
}

static void recipes_have_the_literatures_strengths(void **state)
{
    augment_options d = augment_recipe("default"), p = augment_recipe("paper");
    augment_options n = augment_recipe("none"), zero = {0}, calm = augment_recipe("calm");

    (void)state;
    for (int i = 0; augment_names[i]; i++) {
        augment_options named = augment_recipe(augment_names[i]);
        assert_int_equal(memcmp(&named, &zero, sizeof zero) == 0,
                         strcmp(augment_names[i], "none") == 0);
    }
    assert_true(d.rotation == 12.0f && d.scale == 0.06f && d.shift == 0.035f && d.grey == 0.2f);
    assert_true(d.occlusion == 0.4f && d.blur == 0.3f && d.flip == 0.5f);
    assert_true(d.spin == 0.0f && calm.spin == 0.0f && augment_recipe("spun").spin == 0.12f);
    assert_true(d.plain == 0.4f && calm.plain == 0.75f && calm.occlusion == d.occlusion);
    assert_true(p.flip == 0.5f && p.even_rotation == 30.0f && p.cutout == 1.0f && p.blur == 0.0f);
    assert_memory_equal(&n, &zero, sizeof n);
}

static void plain_samples_have_no_effects(void **state)
{
    pfld_image photo = make_image(200, 0), a = make_image(SIZE, 0), b = make_image(SIZE, 1);
    augment_options moves, opt = augment_recipe("default");
    augment_face out;
    face f;
    rng r, again;

    (void)state;
    rng_seed(&r, 11);
    fill_noise(&photo, &r);
    face_init(&f, "ibug68");
    scatter(&f, 40.0f, 30.0f, 100.0f, &r);
    moves = (augment_options){.rotation = opt.rotation, .scale = opt.scale, .shift = opt.shift};
    opt = moves;
    opt.occlusion = opt.cutout = opt.dark = opt.blur = opt.noise = opt.jpeg = 1.0f;
    opt.low_resolution = opt.plain = 1.0f;
    for (int n = 0; n < 20; n++) {
        again = r;
        augment_make(&f.s, &photo, &rule, &moves, &again, &a, &out);
        augment_make(&f.s, &photo, &rule, &opt, &r, &b, &out);
        assert_memory_equal(a.data, b.data, 3 * SIZE * SIZE);
    }
    opt.plain = 0.0f;
    augment_make(&f.s, &photo, &rule, &opt, &r, &b, &out);
    assert_memory_not_equal(a.data, b.data, 3 * SIZE * SIZE);
    free(photo.data);
    free(a.data);
    free(b.data);
}

static void points_that_coincide_or_are_not_known_do_no_harm(void **state)
{
    pfld_image photo = make_image(9, 77), crop = make_image(SIZE, 0);
    augment_options opt = augment_recipe("default");
    augment_face out;
    face f;
    rng r;

    (void)state;
    rng_seed(&r, 8);
    for (int n = 0; n < 40; n++) {
        face_init(&f, n % 2 ? "ibug68" : "five");
        if (n % 4 < 2)
            memset(f.known, 0, sizeof f.known);
        augment_make(&f.s, &photo, &rule, &opt, &r, &crop, &out);
        for (int i = 0; i < f.s.scheme->n; i++)
            assert_true(isfinite(out.points[i].x) && isfinite(out.points[i].y));
        assert_int_equal(out.known[0], n % 4 >= 2);
    }
    free(photo.data);
    free(crop.data);
}

/* --- occlusion ---------------------------------------------------------------------------------
 */

static const pfld_point upright_anchors[FACE_ANCHORS] = {
    {38, 42}, {74, 42}, {56, 62}, {42, 82}, {70, 82}};

static void only_what_the_shape_covers_is_painted(void **state)
{
    static const pfld_point anchors[FACE_ANCHORS] = {
        {38, 42}, {74, 40}, {57, 62}, {42, 82}, {72, 81}};
    pfld_image crop = make_image(SIZE, 0), before = make_image(SIZE, 0);
    int painted = 0, large = 0;
    occlude_shape s;
    rng r;

    (void)state;
    rng_seed(&r, 9);
    for (int n = 0; n < 200; n++) {
        int here = 0;
        fill_noise(&before, &r);
        memcpy(crop.data, before.data, 3 * SIZE * SIZE);
        if (n % 10)
            occlude_at_random(&crop, anchors, n % 2 ? 31u : 30u, &r, &s);
        else
            occlude_square(&crop, 0.2f, &r, &s);
        assert_in_range(s.n, 1, OCCLUDE_PARTS);
        for (int y = 0; y < SIZE; y++)
            for (int x = 0; x < SIZE; x++) {
                ptrdiff_t at = y * crop.stride + 3 * x;
                bool same = memcmp(crop.data + at, before.data + at, 3) == 0;
                float far = occlude_distance(&s, (pfld_point){(float)x, (float)y});
                here += far <= 0.0f;
                assert_true(same || far < 0.5f); /* edges are blended */
            }
        painted += here > 0;
        large += here > SIZE * SIZE / 2;
    }
    assert_true(painted > 150); /* hands can end before the face */
    assert_int_equal(large, 0);
    free(crop.data);
    free(before.data);
}

static int covered_pixels(const occlude_shape *s)
{
    int n = 0;

    for (int i = 0; i < SIZE * SIZE; i++)
        n += occlude_covers(s, (pfld_point){(float)(i % SIZE), (float)(i / SIZE)});
    return n;
}

/* A part of a pixel is as much of the colour: what is painted is as bright as the shape is large.
 */
static void edges_are_as_bright_as_what_they_cover(void **state)
{
    pfld_image img = make_image(SIZE, 0);
    const occlude_paint white = {.fill = OCCLUDE_FLAT, .colour = {255, 255, 255}};
    rng r;

    (void)state;
    rng_seed(&r, 14);
    for (int n = 0; n < 20; n++) {
        float angle = 0.37f * (float)n, rx = 12.3f + (float)n, ry = 7.7f;
        occlude_shape s = {.n = 1,
                           .part = {{.form = n % 2 ? OCCLUDE_ELLIPSE : OCCLUDE_BOX,
                                     .x = 55.3f,
                                     .y = 58.9f,
                                     .ux = cosf(angle),
                                     .uy = sinf(angle),
                                     .rx = rx,
                                     .ry = ry}}};
        double area = (n % 2 ? 3.14159 : 4.0) * (double)(rx * ry), sum = 0;
        int between = 0;
        memset(img.data, 0, 3 * SIZE * SIZE);
        occlude_paint_shape(&img, &s, &white, &r);
        for (int i = 0; i < 3 * SIZE * SIZE; i += 3) {
            sum += img.data[i] / 255.0;
            between += img.data[i] > 20 && img.data[i] < 235;
        }
        assert_true(is_near(sum, area, 0.02 * area));
        assert_true(between > 20 || fabsf(sinf(2.0f * angle)) < 0.1f);
    }
    free(img.data);
}

static void patches_cover_what_they_shall_and_grow_around_themselves(void **state)
{
    const pfld_box box = {30, 25, 52, 66};
    pfld_image img = make_image(SIZE, 0);

    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        occlude_shape less = {0}, more;
        for (int step = 1; step < 7; step++) {
            int inside = 0, n = 0;
            rng r;
            rng_seed(&r, seed);
            occlude_with_patches(&img, &box, 0.1f * (float)step, &r, &more);
            for (int y = 25; y < 91; y++)
                for (int x = 30; x < 82; x++, n++) {
                    pfld_point p = {(float)x + 0.5f, (float)y + 0.5f};
                    inside += occlude_covers(&more, p);
                    assert_true(occlude_covers(&more, p) || !occlude_covers(&less, p));
                }
            assert_true(is_near((double)inside / n, 0.1 * step, 0.03));
            less = more;
        }
    }
    free(img.data);
}

static void glasses_hide_the_eyes_as_far_as_they_are_dark(void **state)
{
    pfld_image img = make_image(SIZE, 0);
    occlude_frame f = occlude_frame_from(upright_anchors);

    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++)
        for (int step = 0; step < 3; step++) {
            occlude_shape s;
            rng r;
            int eye;
            rng_seed(&r, seed);
            memset(img.data, 200, 3 * SIZE * SIZE);
            occlude_with_glasses(&img, &f, 0.5f * (float)step, &r, &s);
            assert_true(occlude_covers(&s, upright_anchors[FACE_RIGHT_EYE]));
            assert_true(occlude_covers(&s, upright_anchors[FACE_LEFT_EYE]));
            assert_false(occlude_covers(&s, upright_anchors[FACE_NOSE_TIP]));
            eye = img.data[46 * img.stride + 3 * 38]; /* below the bridge */
            assert_in_range(eye, step ? 95 * step : 0, step ? 100 * step + 60 : 150);
        }
    free(img.data);
}

static void masks_rise_from_the_chin_to_the_eyes_however_the_face_lies(void **state)
{
    pfld_image img = make_image(SIZE, 0);

    (void)state;
    for (uint64_t seed = 0; seed < 16; seed++) {
        float angle = 0.4f * (float)seed, c = cosf(angle), s = sinf(angle);
        pfld_point at[FACE_ANCHORS];
        int before = 0;
        for (int i = 0; i < FACE_ANCHORS; i++) {
            float x = upright_anchors[i].x - 56.0f, y = upright_anchors[i].y - 62.0f;
            at[i] = (pfld_point){56.0f + c * x - s * y, 62.0f + s * x + c * y};
        }
        for (int step = 0; step < 4; step++) {
            static const float top[4] = {0.2f, 0.5f, 0.75f, 0.9f};
            occlude_frame f = occlude_frame_from(at);
            occlude_shape shape;
            rng r;
            rng_seed(&r, seed);
            occlude_with_mask(&img, &f, top[step], &r, &shape);
            assert_int_equal(occlude_covers(&shape, f.mouth), step > 0);
            assert_int_equal(occlude_covers(&shape, at[FACE_NOSE_TIP]), step > 1);
            assert_false(occlude_covers(&shape, at[FACE_RIGHT_EYE]));
            assert_false(occlude_covers(&shape, at[FACE_LEFT_EYE]));
            assert_true(covered_pixels(&shape) > before);
            before = covered_pixels(&shape);
        }
    }
    free(img.data);
}

static void a_hand_reaches_over_the_face(void **state)
{
    const pfld_point middle = {56, 67};
    pfld_image img = make_image(SIZE, 0);
    occlude_frame f = occlude_frame_from(upright_anchors);
    int hidden[3] = {0};

    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++)
        for (int step = 0; step < 3; step++) {
            occlude_shape s;
            rng r;
            rng_seed(&r, seed);
            occlude_with_hand(&img, &f, 0.5f * (float)step, &r, &s);
            for (int i = 0; i < 36; i++) { /* within the inner face */
                pfld_point p = {middle.x + (float)(i % 6 - 3) * 6.0f,
                                middle.y + (float)(i / 6 - 3) * 6.0f};
                hidden[step] += occlude_covers(&s, p);
            }
        }
    assert_int_equal(hidden[0], 0);
    assert_true(hidden[1] > 200 && hidden[2] > 2 * hidden[1]);
    free(img.data);
}

static void a_face_painted_over_gets_the_class(void **state)
{
    pfld_image photo = make_image(300, 90), crop = make_image(SIZE, 0);
    augment_options opt = {.cutout = 1.0f};
    const uint32_t occluded = 1u << DATA_OCCLUSION, frontal = 1u << DATA_FRONTAL;
    int with = 0, without = 0;
    augment_face out;
    face f;
    rng r;

    (void)state;
    rng_seed(&r, 10);
    face_init(&f, "ibug68");
    scatter(&f, 70.0f, 60.0f, 160.0f, &r);
    f.s.classes = frontal;
    for (int n = 0; n < 400; n++) {
        int covered = 0;
        augment_make(&f.s, &photo, &rule, &opt, &r, &crop, &out);
        for (int i = 0; i < 68; i++) {
            pfld_point p = to_pixels(out.points[i]);
            int x = (int)lrintf(p.x), y = (int)lrintf(p.y);
            covered += crop.data[y * crop.stride + 3 * x] == 0;
        }
        assert_true(out.classes & frontal);
        if (covered > 9)
            assert_true(out.classes & occluded), with++;
        if (covered < 5)
            assert_false(out.classes & occluded), without++;
    }
    assert_true(with > 20 && without > 5);
    free(photo.data);
    free(crop.data);
}

/* --- effects -----------------------------------------------------------------------------------
 */

static double mean_of(const pfld_image *img)
{
    double sum = 0;
    int n = img->height * (int)img->stride;

    for (int i = 0; i < n; i++)
        sum += img->data[i];
    return sum / n;
}

static void light_changes_as_it_says(void **state)
{
    effect_light light = {1.0f, {1.0f, 1.0f, 1.0f}, 1.0f, 0.0f};
    pfld_image img = make_image(20, 0), before = make_image(20, 0);
    rng r;

    (void)state;
    rng_seed(&r, 11);
    fill_noise(&before, &r);
    memcpy(img.data, before.data, 1200);
    effect_colours(&img, &light);
    assert_memory_equal(img.data, before.data, 1200);
    effect_gamma(&img, 1.0f, 1.0f);
    assert_memory_equal(img.data, before.data, 1200);
    light.saturation = 0.0f;
    effect_colours(&img, &light);
    for (int i = 0; i < 1200; i += 3) {
        const uint8_t *p = before.data + i;
        double luma = 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
        assert_int_equal(img.data[i], img.data[i + 1]);
        assert_int_equal(img.data[i], img.data[i + 2]);
        assert_true(is_near((double)img.data[i], luma, 1.0));
    }
    light = (effect_light){1.0f, {1.0f, 0.5f, 2.0f}, 1.0f, 0.1f};
    memset(img.data, 100, 1200);
    effect_colours(&img, &light);
    assert_in_range(img.data[0], 125, 126);
    assert_in_range(img.data[1], 75, 76);
    assert_in_range(img.data[2], 225, 226);
    light = (effect_light){1.0f, {1.0f, 1.0f, 1.0f}, 9.0f, 0.0f};
    effect_colours(&img, &light);
    assert_in_range(img.data[0], 101, 110);
    assert_int_equal(img.data[1], 0); /* clamped, not wrapped */
    assert_int_equal(img.data[2], 255);
    free(img.data);
    free(before.data);
}

static void blur_spreads_by_its_sigma_and_keeps_the_place(void **state)
{
    static const float sigma[] = {0.4f, 1.0f, 2.0f, 3.0f, 8.0f};

    (void)state;
    for (int k = 0; k < 10; k++) {
        pfld_image img = make_image(SIZE + k, 0); /* widths that are no multiple of a vector */
        float s = sigma[k / 2], sy = k % 2 ? 0.0f : s;
        double sum = 0, sx = 0, sxx = 0, syy = 0;
        for (int y = 50; y < 54; y++)
            memset(img.data + y * img.stride + 3 * 40, 200, 12);
        effect_blur(&img, s, sy);
        for (int y = 0; y < img.height; y++)
            for (int x = 0; x < img.width; x++) {
                double v = img.data[y * img.stride + 3 * x + 2];
                sum += v, sx += v * x;
                sxx += v * (x - 41.5) * (x - 41.5), syy += v * (y - 51.5) * (y - 51.5);
            }
        assert_true(is_near(sum, 16 * 200, 16 * 200 * 0.06));
        assert_true(is_near(sx / sum, 41.5, 0.02));
        assert_true(is_near(sxx / sum, 1.25 + (double)(s * s), 0.15 + 0.2 * (double)(s * s)));
        assert_true(is_near(syy / sum, 1.25 + (double)(sy * sy), 0.15 + 0.2 * (double)(sy * sy)));
        memset(img.data, 201, (size_t)(img.stride * img.height));
        effect_blur(&img, s, s);
        assert_true(mean_of(&img) == 201.0);
        free(img.data);
    }
}

static void a_streak_runs_along_its_angle(void **state)
{
    static const float length[] = {5.0f, 13.0f, 40.0f};

    (void)state;
    for (int k = 0; k < 12; k++) {
        pfld_image img = make_image(SIZE + k, 0);
        float n = length[k % 3], angle = 0.6f * (float)k, c = cosf(angle), s = sinf(angle);
        double sum = 0, sx = 0, sy = 0, along = 0, across = 0;
        for (int y = 50; y < 54; y++)
            memset(img.data + y * img.stride + 3 * 50, 200, 12);
        effect_streak(&img, n, angle);
        for (int y = 0; y < img.height; y++)
            for (int x = 0; x < img.width; x++) {
                double v = img.data[y * img.stride + 3 * x + 1];
                double dx = x - 51.5, dy = y - 51.5;
                double u = (double)c * dx + (double)s * dy, w = (double)c * dy - (double)s * dx;
                sum += v, sx += v * dx, sy += v * dy;
                along += v * u * u, across += v * w * w;
            }
        assert_true(is_near(sum, 16 * 200, 16 * 200 * 0.06));
        assert_true(is_near(sx / sum, 0, 0.1) && is_near(sy / sum, 0, 0.1));
        assert_true(is_near(across / sum, 1.25, 0.25));
        assert_true(is_near(along / sum, 1.25 + (double)(n * n) / 12, 1.0 + (double)(n * n) / 100));
        memset(img.data, 201, (size_t)(img.stride * img.height));
        effect_streak(&img, n, angle);
        assert_true(mean_of(&img) == 201.0);
        free(img.data);
    }
}

static void darkness_takes_light_and_adds_noise(void **state)
{
    pfld_image img = make_image(SIZE, 200);
    int values = 0;
    bool seen[256] = {false};
    rng r;

    (void)state;
    rng_seed(&r, 15);
    effect_darkness(&img, 0.0f, &r);
    assert_true(mean_of(&img) == 200.0);
    effect_darkness(&img, 2.2f, &r);
    assert_true(is_near(mean_of(&img), 100.0, 0.5));
    for (int i = 0; i < 3 * SIZE * SIZE; i++) {
        values += !seen[img.data[i]];
        seen[img.data[i]] = true;
    }
    assert_in_range(values, 3, 20);
    effect_darkness(&img, 9.0f, &r);
    assert_true(mean_of(&img) < 8.0 && mean_of(&img) > 3.0);
    free(img.data);
}

static void noise_has_its_sigma_and_no_bias(void **state)
{
    (void)state;
    for (int grey = 0; grey < 2; grey++) {
        pfld_image img = make_image(SIZE + 1, 128);
        double square = 0;
        int n = img.height * (int)img.stride, unlike = 0;
        rng r;
        rng_seed(&r, 12);
        effect_noise(&img, 10.0f, grey, &r);
        for (int i = 0; i < n; i++)
            square += (img.data[i] - 128.0) * (img.data[i] - 128.0);
        for (int i = 0; i < n; i += 3)
            unlike += img.data[i] != img.data[i + 1];
        assert_true(is_near(mean_of(&img), 128.0, 0.3));
        assert_true(is_near(sqrt(square / n), 10.0, 0.3));
        assert_true(grey ? unlike == 0 : unlike > n / 4);
        free(img.data);
    }
}

static void low_resolution_loses_detail_but_not_the_place(void **state)
{
    static const int sides[] = {1, 24, 37, 64, 128};

    (void)state;
    for (int k = 0; k < 5; k++) {
        pfld_image img = make_image(SIZE, 0);
        pfld_point want = {51.3f, 60.8f}, got;
        rng r;
        draw_dot(&img, want);
        effect_low_resolution(&img, sides[k]);
        got = find_dot(&img);
        if (sides[k] > 1) {
            assert_true(is_near((double)got.x, (double)want.x, 0.2));
            assert_true(is_near((double)got.y, (double)want.y, 0.2));
        }
        rng_seed(&r, 13);
        fill_noise(&img, &r);
        effect_low_resolution(&img, sides[k]);
        assert_true(is_near(mean_of(&img), 127.5, 1.5));
        free(img.data);
    }
}

/* Through a file in memory, with libjpeg. */
static void jpeg_round_trip(pfld_image *img, int quality)
{
    struct jpeg_compress_struct c;
    struct jpeg_decompress_struct d;
    struct jpeg_error_mgr trap;
    unsigned char *file = NULL;
    unsigned long size = 0;

    c.err = d.err = jpeg_std_error(&trap);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &file, &size);
    c.image_width = (JDIMENSION)img->width;
    c.image_height = (JDIMENSION)img->height;
    c.input_components = 3;
    c.in_color_space = JCS_RGB;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, quality, TRUE);
    jpeg_start_compress(&c, TRUE);
    while (c.next_scanline < c.image_height) {
        JSAMPROW row = img->data + (ptrdiff_t)c.next_scanline * img->stride;
        jpeg_write_scanlines(&c, &row, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    jpeg_create_decompress(&d);
    jpeg_mem_src(&d, file, size);
    jpeg_read_header(&d, TRUE);
    d.do_fancy_upsampling = FALSE;
    jpeg_start_decompress(&d);
    while (d.output_scanline < d.output_height) {
        JSAMPROW row = img->data + (ptrdiff_t)d.output_scanline * img->stride;
        jpeg_read_scanlines(&d, &row, 1);
    }
    jpeg_finish_decompress(&d);
    jpeg_destroy_decompress(&d);
    free(file);
}

static void jpeg_loses_what_libjpeg_loses(void **state)
{
    static const int qualities[] = {20, 45, 50, 70, 95};

    (void)state;
    for (int k = 0; k < 10; k++) {
        int side = k % 2 ? SIZE : 101; /* units at the edges are not whole */
        pfld_image img = make_image(side, 0), before = make_image(side, 0), ref = before;
        double wrong = 0, loss = 0;
        int n = side * side * 3;
        ref.data = malloc((size_t)n);
        assert_non_null(ref.data);
        for (int i = 0; i < n; i++) { /* smooth, with edges and colours */
            int x = i / 3 % side, y = i / 3 / side, c = i % 3;
            before.data[i] =
                (uint8_t)(105 + 60 * sin(0.08 * x * (c + 1)) + 40 * cos(0.05 * y * y / 9) +
                          ((x / 13 + y / 17) % 2 ? 40 : 0));
        }
        memcpy(img.data, before.data, (size_t)n);
        memcpy(ref.data, before.data, (size_t)n);
        effect_jpeg(&img, qualities[k / 2]);
        jpeg_round_trip(&ref, qualities[k / 2]);
        for (int i = 0; i < n; i++) {
            wrong += abs(img.data[i] - ref.data[i]);
            loss += abs(before.data[i] - ref.data[i]);
        }
        assert_true(wrong / n < 0.25 * loss / n + 0.6);
        free(img.data);
        free(before.data);
        free(ref.data);
    }
}

/* --- schemes and boxes -------------------------------------------------------------------------
 */

/* The source of each point of to, -1: none. */
static int map_of(const scheme *from, const scheme *to, int source[PFLD_MAX_LANDMARKS])
{
    pfld_point points[PFLD_MAX_LANDMARKS], out[PFLD_MAX_LANDMARKS];
    uint8_t known[PFLD_MAX_LANDMARKS], out_known[PFLD_MAX_LANDMARKS];
    int n = 0;

    for (int i = 0; i < from->n; i++) {
        points[i] = (pfld_point){(float)i, 0.0f};
        known[i] = 1;
    }
    assert_true(scheme_map_points(from, to, points, known, out, out_known));
    for (int i = 0; i < to->n; i++) {
        source[i] = out_known[i] ? (int)out[i].x : -1;
        n += out_known[i];
    }
    return n;
}

static void maps_of_schemes_are_symmetric(void **state)
{
    const scheme *to = scheme_find("ibug68"), *from;
    static const struct {
        const char *name;
        int n;
    } want[] = {{"ibug68", 68}, {"wflw98", 68}, {"lapa106", 68},
                {"cofw29", 17}, {"aflw19", 14}, {"five", 3}};

    (void)state;
    for (int k = 0; k < 6; k++) {
        int source[PFLD_MAX_LANDMARKS];
        from = scheme_find(want[k].name);
        assert_true(scheme_map_exists(from, to));
        assert_int_equal(map_of(from, to, source), want[k].n);
        for (int i = 0; i < 68; i++) {
            int mirrored = source[to->mirror[i]];
            assert_int_equal(mirrored, source[i] < 0 ? -1 : from->mirror[source[i]]);
            for (int j = 0; j < i; j++)
                assert_true(source[i] < 0 || source[i] != source[j]);
        }
    }
    assert_false(scheme_map_exists(to, scheme_find("wflw98")));
}

static scheme_group_kind kind_of(const scheme *s, int point)
{
    for (int i = 0; i < s->n_contours; i++)
        for (int j = 0; j < s->contours[i].n; j++)
            if (s->contours[i].points[j] == point)
                return s->contours[i].kind;
    fail();
    return SCHEME_JAW;
}

static void maps_of_schemes_keep_the_parts_of_the_face(void **state)
{
    static const char *const names[] = {"wflw98", "lapa106", "cofw29", "aflw19", "five"};
    const scheme *to = scheme_find("ibug68");
    int source[PFLD_MAX_LANDMARKS];

    (void)state;
    for (int k = 0; k < 5; k++) {
        const scheme *from = scheme_find(names[k]);
        map_of(from, to, source);
        for (int i = 0; i < 68; i++)
            if (source[i] >= 0)
                assert_int_equal(kind_of(from, source[i]), kind_of(to, i));
    }
    assert_int_equal(source[30], 2);
    assert_int_equal(source[48], 3);
    assert_int_equal(source[54], 4);
    map_of(scheme_find("wflw98"), to, source);
    assert_int_equal(source[16], 32);
    assert_int_equal(source[36], 60);
    assert_int_equal(source[41], 67);
    assert_int_equal(source[67], 95);
}

static void unknown_points_stay_unknown_in_a_map(void **state)
{
    const scheme *five = scheme_find("five"), *to = scheme_find("ibug68");
    pfld_point points[5] = {{1, 1}, {2, 1}, {NAN, NAN}, {4, 3}, {5, 3}}, out[68];
    uint8_t known[5] = {1, 1, 0, 1, 1}, out_known[68];

    (void)state;
    assert_true(scheme_map_points(five, to, points, known, out, out_known));
    assert_int_equal(out_known[30], 0);
    assert_true(out[30].x == 0.0f && out[30].y == 0.0f);
    assert_int_equal(out_known[48] + out_known[54], 2);
    assert_true(out[54].x == 5.0f && out[54].y == 3.0f);
}

static face upright_five(void)
{
    static const pfld_point at[5] = {{80, 80}, {120, 80}, {100, 102}, {85, 122}, {115, 122}};
    face f;

    face_init(&f, "five");
    memcpy(f.points, at, sizeof at);
    return f;
}

static void boxes_from_five_points_move_with_the_face(void **state)
{
    face f = upright_five();
    pfld_box box, moved;
    float cx, cy;

    (void)state;
    f.s.points = f.points, f.s.known = f.known;
    box = face_box(&f.s);
    assert_true(box.w == box.h && box.w > 80.0f && box.w < 130.0f);
    cx = box.x + 0.5f * box.w, cy = box.y + 0.5f * box.h;
    assert_true(is_near((double)cx, 100.0, 0.01) && cy > 95.0f && cy < 120.0f);
    for (int i = 0; i < 5; i++) /* a quarter turn, twice as large */
        f.points[i] = (pfld_point){-2.0f * f.points[i].y, 2.0f * f.points[i].x};
    moved = face_box(&f.s);
    assert_true(is_near((double)moved.w, 2.0 * (double)box.w, 1e-3));
    assert_true(is_near((double)(moved.x + 0.5f * moved.w), -2.0 * (double)cy, 1e-2));
    assert_true(is_near((double)(moved.y + 0.5f * moved.h), 2.0 * (double)cx, 1e-2));
}

static void boxes_fall_back_on_what_is_there(void **state)
{
    face f = upright_five();
    pfld_box box;

    (void)state;
    f.s.points = f.points, f.s.known = f.known;
    f.known[2] = 0;
    f.s.box = (pfld_box){1, 2, 30, 40};
    f.s.has_box = true;
    box = face_box(&f.s);
    assert_memory_equal(&box, &f.s.box, sizeof box);
    f.s.has_box = false;
    box = face_box(&f.s);
    assert_true(box.x == 80.0f && box.w == 40.0f && box.h == 42.0f);
}

/* One face of 300w's list, or false. */
static bool read_pts(const char *folder, const char *name, face *f)
{
    char path[1024], line[128];
    int n = 0;
    FILE *file;

    snprintf(path, sizeof path, "%s/%s.pts", folder, name);
    file = fopen(path, "r");
    if (!file)
        return false;
    face_init(f, "ibug68");
    while (n < 68 && fgets(line, sizeof line, file))
        if (sscanf(line, "%f %f", &f->points[n].x, &f->points[n].y) == 2)
            n++;
    fclose(file);
    return n == 68;
}

static void five_points_frame_real_faces_as_68_do(void **state)
{
    const char *shared = getenv("PFLD_SHARED");
    char folder[512], list[600], name[256];
    double side = 0, off = 0;
    int n = 0;
    FILE *file;

    (void)state;
    snprintf(folder, sizeof folder, "%s/data/landmarks68/300w",
             shared ? shared : PFLD_SOURCE_DIR "/../shared");
    snprintf(list, sizeof list, "%s/val.txt", folder);
    file = fopen(list, "r");
    if (!file)
        skip();
    while (fscanf(file, "%255s", name) == 1) {
        face f, five = upright_five();
        pfld_box a, b;
        float longer;
        assert_true(read_pts(folder, name, &f));
        f.s.points = f.points, f.s.known = f.known;
        five.s.points = five.points, five.s.known = five.known;
        face_anchors(f.s.scheme, f.points, f.known, five.points);
        a = face_box(&f.s), b = face_box(&five.s);
        longer = a.w > a.h ? a.w : a.h;
        side += (double)(b.w / longer);
        off += hypot((double)(a.x + a.w / 2 - b.x - b.w / 2),
                     (double)(a.y + a.h / 2 - b.y - b.h / 2)) /
               (double)longer;
        n++;
    }
    fclose(file);
    assert_int_equal(n, 177);
    assert_true(is_near(side / n, 1.0, 0.02)); /* val was not fitted to */
    assert_true(off / n < 0.06);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_come_back_from_the_crop_exactly),
        cmocka_unit_test(without_augmentation_the_crop_is_what_inference_sees),
        cmocka_unit_test(a_dot_at_a_landmark_is_found_at_the_landmark),
        cmocka_unit_test(spun_crops_turn_any_way_and_keep_the_rest),
        cmocka_unit_test(a_flip_swaps_points_by_the_schemes_mirror),
        cmocka_unit_test(recipes_tell_how_many_faces_they_occlude),
        cmocka_unit_test(labels_that_lie_off_lie_off_to_the_same_side_after_a_flip),
        cmocka_unit_test(the_pose_is_that_of_the_moved_points),
        cmocka_unit_test(some_faces_lie_far_over_and_some_boxes_far_off),
        cmocka_unit_test(the_papers_rotations_are_multiples_of_5_up_to_30),
        cmocka_unit_test(the_same_numbers_make_the_same_sample),
        cmocka_unit_test(recipes_have_the_literatures_strengths),
        cmocka_unit_test(plain_samples_have_no_effects),
        cmocka_unit_test(points_that_coincide_or_are_not_known_do_no_harm),
        cmocka_unit_test(only_what_the_shape_covers_is_painted),
        cmocka_unit_test(edges_are_as_bright_as_what_they_cover),
        cmocka_unit_test(patches_cover_what_they_shall_and_grow_around_themselves),
        cmocka_unit_test(glasses_hide_the_eyes_as_far_as_they_are_dark),
        cmocka_unit_test(masks_rise_from_the_chin_to_the_eyes_however_the_face_lies),
        cmocka_unit_test(a_hand_reaches_over_the_face),
        cmocka_unit_test(a_face_painted_over_gets_the_class),
        cmocka_unit_test(light_changes_as_it_says),
        cmocka_unit_test(blur_spreads_by_its_sigma_and_keeps_the_place),
        cmocka_unit_test(a_streak_runs_along_its_angle),
        cmocka_unit_test(darkness_takes_light_and_adds_noise),
        cmocka_unit_test(noise_has_its_sigma_and_no_bias),
        cmocka_unit_test(low_resolution_loses_detail_but_not_the_place),
        cmocka_unit_test(jpeg_loses_what_libjpeg_loses),
        cmocka_unit_test(maps_of_schemes_are_symmetric),
        cmocka_unit_test(maps_of_schemes_keep_the_parts_of_the_face),
        cmocka_unit_test(unknown_points_stay_unknown_in_a_map),
        cmocka_unit_test(boxes_from_five_points_move_with_the_face),
        cmocka_unit_test(boxes_fall_back_on_what_is_there),
        cmocka_unit_test(five_points_frame_real_faces_as_68_do),
    };
    return cmocka_run_group_tests_name("augment", tests, NULL, NULL);
}
