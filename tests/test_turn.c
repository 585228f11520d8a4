/* data/turn: faces that are turned further have the points, the pose and the pixels of such. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/augment.h"
#include "data/face_box.h"
#include "data/turn.h"
#include "image/image.h"

enum { SIZE = 112, PHOTO = 400 };

/* --- a face, and a photo of it -----------------------------------------------------------------
 */

/* Roughly a mean face: point, x, y, z of its right half and its middle. */
static const float half_face[][4] = {
    {0, -0.80f, -0.01f, 0.49f},   {1, -0.78f, 0.20f, 0.45f},    {2, -0.76f, 0.41f, 0.43f},
    {3, -0.72f, 0.62f, 0.42f},    {4, -0.64f, 0.81f, 0.37f},    {5, -0.51f, 0.98f, 0.28f},
    {6, -0.36f, 1.12f, 0.16f},    {7, -0.19f, 1.23f, 0.04f},    {8, 0.0f, 1.26f, 0.0f},
    {17, -0.67f, -0.13f, 0.07f},  {18, -0.57f, -0.22f, -0.06f}, {19, -0.42f, -0.25f, -0.15f},
    {20, -0.27f, -0.23f, -0.23f}, {21, -0.13f, -0.17f, -0.28f}, {27, 0.0f, -0.01f, -0.27f},
    {28, 0.0f, 0.13f, -0.34f},    {29, 0.0f, 0.28f, -0.42f},    {30, 0.0f, 0.42f, -0.50f},
    {31, -0.17f, 0.50f, -0.26f},  {32, -0.09f, 0.53f, -0.30f},  {33, 0.0f, 0.55f, -0.33f},
    {36, -0.50f, 0.0f, 0.0f},     {37, -0.41f, -0.05f, -0.05f}, {38, -0.30f, -0.05f, -0.07f},
    {39, -0.21f, 0.03f, -0.07f},  {40, -0.31f, 0.04f, -0.06f},  {41, -0.42f, 0.04f, -0.04f},
    {48, -0.32f, 0.73f, 0.01f},   {49, -0.20f, 0.69f, -0.16f},  {50, -0.08f, 0.67f, -0.25f},
    {51, 0.0f, 0.69f, -0.25f},    {57, 0.0f, 0.91f, -0.19f},    {58, -0.09f, 0.90f, -0.18f},
    {59, -0.21f, 0.85f, -0.10f},  {60, -0.27f, 0.74f, -0.01f},  {61, -0.08f, 0.74f, -0.22f},
    {62, 0.0f, 0.75f, -0.23f},    {66, 0.0f, 0.80f, -0.21f},    {67, -0.09f, 0.79f, -0.19f},
};

static face_template make_face(void)
{
    const scheme *s = scheme_find("ibug68");
    face_template f;

    for (size_t i = 0; i < sizeof half_face / sizeof *half_face; i++) {
        const float *p = half_face[i];
        int point = (int)p[0];
        f.points[s->mirror[point]] = (pose_point3){-p[1], p[2], p[3]};
        f.points[point] = (pose_point3){p[1], p[2], p[3]};
    }
    return f;
}

typedef struct photo {
    face_template face;
    data_sample s;
    pfld_point points[68];
    uint8_t known[68];
} photo;

/* The face in the middle of a photo of 400 pixels, 100 between its eyes. */
static void take(photo *p, pfld_pose pose)
{
    float r[3][3];

    *p = (photo){.face = make_face(),
                 .s = {.scheme = scheme_find("ibug68"), .weight = 1.0f, .pose = pose}};
    p->s.points = p->points;
    p->s.known = p->known;
    memset(p->known, 1, sizeof p->known);
    pose_to_matrix(&pose, r);
    for (int i = 0; i < 68; i++) {
        pose_point3 q = p->face.points[i];
        p->points[i].x = 200.0f + 100.0f * (r[0][0] * q.x + r[0][1] * q.y + r[0][2] * q.z);
        p->points[i].y = 150.0f + 100.0f * (r[1][0] * q.x + r[1][1] * q.y + r[1][2] * q.z);
    }
}

static float farthest(const pfld_point *a, const pfld_point *b, int from)
{
    float most = 0.0f;

    for (int i = from; i < 68; i++)
        most = fmaxf(most, hypotf(a[i].x - b[i].x, a[i].y - b[i].y));
    return most;
}

static pfld_pose refit(const turned_face *t, const face_template *face)
{
    pose_point3 rigid[TEMPLATE_RIGID];
    pfld_point seen[TEMPLATE_RIGID];
    pfld_pose pose;

    for (int i = 0; i < TEMPLATE_RIGID; i++) {
        rigid[i] = face->points[face_rigid[i]];
        seen[i] = t->points[face_rigid[i]];
    }
    assert_true(pose_from_pairs(rigid, seen, TEMPLATE_RIGID, NULL, &pose));
    return pose;
}

static void assert_angles(const pfld_pose *a, const pfld_pose *b, float tolerance)
{
    assert_float_equal(a->yaw, b->yaw, tolerance);
    assert_float_equal(a->pitch, b->pitch, tolerance);
    assert_float_equal(a->roll, b->roll, tolerance);
}

/* --- points and pose ---------------------------------------------------------------------------
 */

static void no_turn_leaves_points_and_pose_alone(void **state)
{
    static const pfld_pose poses[] = {{0, 0, 0}, {20, 10, -15}, {-28, -5, 30}};
    turned_face t;
    photo p;

    (void)state;
    for (int i = 0; i < 3; i++) {
        take(&p, poses[i]);
        assert_true(turn_face(&p.s, &p.face, &(turn_angles){0.0f, 0.0f}, &t));
        /* the jaw of this face is the bone's, not the contour, where it is turned already */
        assert_true(farthest(t.points, p.points, i == 0 ? 0 : 17) < 0.02f);
        assert_angles(&t.sample.pose, &poses[i], 0.02f);
    }
}

static void the_points_have_the_pose_that_is_said(void **state)
{
    turned_face t;
    photo p;

    (void)state;
    for (int i = 0; i < 36; i++) {
        float yaw = 20.0f * (float)(i % 9 - 4), roll = 20.0f * (float)(i % 4 - 2);
        pfld_pose found;
        take(&p, (pfld_pose){.yaw = 0.2f * yaw, .pitch = 8.0f, .roll = roll});
        assert_true(turn_face(&p.s, &p.face, &(turn_angles){0.8f * yaw, -3.0f}, &t));
        found = refit(&t, &p.face);
        assert_angles(&found, &t.sample.pose, 0.5f);
    }
}

/* Of the eye whose first corner this is. */
static float width(const turned_face *t, int eye)
{
    return hypotf(t->points[eye].x - t->points[eye + 3].x, t->points[eye].y - t->points[eye + 3].y);
}

/* Yaw above 0 turns towards the image's left: the nose goes there, and behind it the right eye. */
static void the_nose_goes_to_where_yaw_says(void **state)
{
    turned_face t;
    photo p;

    (void)state;
    for (int i = 0; i < 2; i++) {
        float side = i ? 1.0f : -1.0f, nose;
        take(&p, (pfld_pose){0, 0, 0});
        assert_true(turn_face(&p.s, &p.face, &(turn_angles){60.0f * side, 0.0f}, &t));
        assert_float_equal(t.sample.pose.yaw, 60.0f * side, 0.5f);
        nose = t.points[30].x - 0.5f * (t.points[36].x + t.points[45].x);
        assert_true(side * nose < -30.0f);
        assert_true(width(&t, side > 0.0f ? 36 : 42) < 0.5f * width(&t, side > 0.0f ? 42 : 36));
    }
}

static void what_the_data_set_says_of_the_pose_turns_with_it(void **state)
{
    turned_face t;
    photo p;

    (void)state;
    take(&p, (pfld_pose){0, 0, 0});
    p.s.has_pose = true;
    p.s.pose = (pfld_pose){.yaw = 6.0f};
    assert_true(turn_face(&p.s, &p.face, &(turn_angles){50.0f, 0.0f}, &t));
    assert_float_equal(t.sample.pose.yaw, 56.0f, 0.5f);
}

/* Nothing of the cheek is further out than the jaw's far points (which lie between those of its
 * outline); the near ones stay where they are on the head. */
static void the_far_jaw_is_the_outline_of_the_cheek(void **state)
{
    turned_face t;
    photo p;

    (void)state;
    take(&p, (pfld_pose){0, 0, 0});
    for (int yaw = 30; yaw <= 75; yaw += 15) {
        assert_true(turn_face(&p.s, &p.face, &(turn_angles){(float)yaw, 0.0f}, &t));
        for (int spot = 0; spot < TURN_CHEEK * TURN_CHEEKS / 2; spot++)
            assert_true(t.vertex[68 + spot].to.x > t.points[spot / TURN_CHEEK].x - 4.0f);
        for (int i = 9; i < 17; i++)
            assert_true(t.points[i].x == t.vertex[i].to.x && t.points[i].y == t.vertex[i].to.y);
    }
}

static void classes_are_those_of_the_new_pose(void **state)
{
    turned_face t;
    photo p;

    (void)state;
    take(&p, (pfld_pose){0, 0, 0});
    p.s.classes = 1u << DATA_FRONTAL | 1u << DATA_EXPRESSION;
    assert_true(turn_face(&p.s, &p.face, &(turn_angles){50.0f, 0.0f}, &t));
    assert_int_equal(t.sample.classes, 1u << DATA_PROFILE | 1u << DATA_EXPRESSION);
}

static void labels_that_lie_beside_what_they_mark_do_so_afterwards(void **state)
{
    turned_face plain, offset;
    photo p;

    (void)state;
    take(&p, (pfld_pose){0, 0, 0});
    assert_true(turn_face(&p.s, &p.face, &(turn_angles){40.0f, 0.0f}, &plain));
    p.s.offset = 2.0f;
    for (int i = 0; i < 68; i++)
        p.points[i].x += 2.0f;
    assert_true(turn_face(&p.s, &p.face, &(turn_angles){40.0f, 0.0f}, &offset));
    for (int i = 0; i < 68; i++)
        plain.points[i].x += 2.0f;
    assert_true(farthest(plain.points, offset.points, 0) < 0.01f);
}

static void faces_of_which_too_little_is_known_are_not_turned(void **state)
{
    static const turn_angles by = {40.0f, 0.0f};
    turned_face t;
    photo p;

    (void)state;
    take(&p, (pfld_pose){NAN, NAN, NAN});
    assert_false(turn_face(&p.s, &p.face, &by, &t));
    take(&p, (pfld_pose){0, 0, 0});
    p.known[60] = 0;
    assert_false(turn_face(&p.s, &p.face, &by, &t));
    take(&p, (pfld_pose){0, 0, 0});
    p.points[3].y = INFINITY;
    assert_false(turn_face(&p.s, &p.face, &by, &t));
    take(&p, (pfld_pose){0, 0, 0});
    p.s.scheme = scheme_find("wflw98");
    assert_false(turn_face(&p.s, &p.face, &by, &t));
    take(&p, (pfld_pose){80, 0, 0});
    assert_false(turn_face(&p.s, &p.face, &by, &t));
    take(&p, (pfld_pose){0, 0, 0});
    for (int i = 0; i < 68; i++)
        p.points[i] = (pfld_point){5.0f, 5.0f};
    assert_false(turn_face(&p.s, &p.face, &by, &t));
}

/* --- by how much -------------------------------------------------------------------------------
 */

static void the_share_that_can_be_turned_is_counted(void **state)
{
    data_sample s[4];
    photo p;
    data_set set = {.samples = s, .n = 4};

    (void)state;
    take(&p, (pfld_pose){0});
    for (int i = 0; i < 4; i++)
        s[i] = p.s;
    s[1].pose.yaw = NAN;
    assert_true(augment_can_turn(&set, &p.face) == 0.75);
    assert_true(augment_can_turn(&set, NULL) == 0.0);
    set.n = 0;
    assert_true(augment_can_turn(&set, &p.face) == 0.0);
}

static void yaws_come_out_far_from_the_camera(void **state)
{
    static const pfld_pose poses[] = {{3, 0, 0}, {-20, 0, 0}, {45, 0, 0}, {74, 0, 0}};
    int right = 0;
    rng r;

    (void)state;
    rng_seed(&r, 1);
    for (int n = 0; n < 4000; n++) {
        float before = poses[n % 4].yaw, yaw = before + turn_draw(&poses[n % 4], &r).yaw;
        assert_true(fabsf(yaw) > 29.9f && fabsf(yaw) < 79.1f);
        assert_true(n % 4 == 0 || yaw * before > 0.0f);
        assert_true(fabsf(yaw) > fabsf(before) + 4.9f);
        right += n % 4 == 0 && yaw > 0.0f;
    }
    assert_in_range(right, 440, 560);
}

/* --- the picture -------------------------------------------------------------------------------
 */

static pfld_image make_image(int side, pfld_format format)
{
    int bytes = image_channels(format);
    pfld_image img = {calloc((size_t)bytes * (size_t)side, (size_t)side), side, side,
                      (ptrdiff_t)bytes * side, format};

    assert_non_null(img.data);
    return img;
}

/* Smooth, so that pixels tell where they come from. */
static void fill_slopes(pfld_image *img)
{
    int bytes = image_channels(img->format);

    for (int y = 0; y < img->height; y++)
        for (int x = 0; x < img->width; x++) {
            uint8_t *p = img->data + y * img->stride + (ptrdiff_t)bytes * x;
            p[0] = (uint8_t)(x / 2);
            if (bytes == 1)
                continue;
            p[1] = (uint8_t)(y / 2);
            p[2] = 200;
        }
}

static const affine whole = {1.0f, 0.0f, 0.0f, 0.0f, 1.0f, 0.0f};
static const affine to_plane = {2.2f, 0.3f, 60.0f, -0.3f, 2.2f, 90.0f};

static void no_turn_leaves_the_picture_alone(void **state)
{
    static const pfld_format formats[] = {PFLD_RGB8, PFLD_GRAY8};

    (void)state;
    for (int i = 0; i < 2; i++) {
        pfld_image view = make_image(PHOTO, formats[i]);
        pfld_image crop = make_image(SIZE, PFLD_RGB8), want = make_image(SIZE, PFLD_RGB8);
        turned_face t;
        photo p;
        take(&p, (pfld_pose){12, 4, -9});
        fill_slopes(&view);
        image_warp(&view, &to_plane, &want);
        assert_true(turn_face(&p.s, &p.face, &(turn_angles){0.0f, 0.0f}, &t));
        turn_paint(&t, &to_plane, &view, &whole, &crop);
        for (int k = 0; k < 3 * SIZE * SIZE; k++)
            assert_true(abs(crop.data[k] - want.data[k]) <= 2);
        free(view.data);
        free(crop.data);
        free(want.data);
    }
}

/* What is seen at a point of the turned face is what was there before: but for hidden ones, and for
 * outlines, which are mixed with what is behind. */
static void pixels_go_with_their_points(void **state)
{
    static const uint8_t shown[] = {22, 24, 27, 33, 42, 45, 54, 57};
    pfld_image view = make_image(PHOTO, PFLD_RGB8), crop = make_image(PHOTO, PFLD_RGB8);
    turned_face t;
    photo p;

    (void)state;
    take(&p, (pfld_pose){0, 0, 0});
    fill_slopes(&view);
    assert_true(turn_face(&p.s, &p.face, &(turn_angles){45.0f, 0.0f}, &t));
    turn_paint(&t, &whole, &view, &whole, &crop);
    for (size_t i = 0; i < sizeof shown; i++) {
        pfld_point from = p.points[shown[i]], to = t.points[shown[i]];
        const uint8_t *q = crop.data + lrintf(to.y) * crop.stride + 3 * lrintf(to.x);
        assert_true(fabsf((float)q[0] - from.x / 2) < 4.0f);
        assert_true(fabsf((float)q[1] - from.y / 2) < 4.0f);
    }
    for (int k = 0; k < PHOTO * PHOTO; k++) /* no pixel is left out */
        assert_true(crop.data[3 * k + 2] == 200);
    free(view.data);
    free(crop.data);
}

/* --- as augmentation ---------------------------------------------------------------------------
 */

static void augmentation_turns_its_share_and_draws_the_rest_alike(void **state)
{
    static const crop_rule rule = {1.2f, 0.0f, 0.0f};
    pfld_image view = make_image(PHOTO, PFLD_RGB8), crop = make_image(SIZE, PFLD_RGB8);
    augment_options with = {.rotation = 10.0f, .turn = 0.5f}, without = {.rotation = 10.0f};
    augment_face turned, plain;
    int far = 0;
    photo p;

    (void)state;
    take(&p, (pfld_pose){2, 0, 0});
    with.face = &p.face;
    for (uint64_t seed = 0; seed < 400; seed++) {
        rng a, b;
        rng_seed(&a, seed);
        rng_seed(&b, seed);
        augment_make(&p.s, &view, &rule, &with, &a, &crop, &turned);
        augment_make(&p.s, &view, &rule, &without, &b, &crop, &plain);
        assert_memory_equal(&a, &b, sizeof a);
        far += fabsf(turned.pose.yaw) > 25.0f;
        assert_true(fabsf(plain.pose.yaw) < 25.0f);
    }
    assert_in_range(far, 160, 240);
    with.face = NULL;
    augment_make(&p.s, &view, &rule, &with, &(rng){{1, 2, 3, 4}}, &crop, &turned);
    assert_true(fabsf(turned.pose.yaw) < 25.0f);
    free(view.data);
    free(crop.data);
}

/* Whatever a data set says, no pixel outside is read or written (under the sanitizers). */
static void absurd_points_do_no_harm(void **state)
{
    static const float sizes[] = {1e-6f, 1e5f, 1e15f, 1e36f};
    static const crop_rule rule = {1.2f, 0.0f, 0.0f};
    pfld_image view = make_image(PHOTO, PFLD_RGB8), crop = make_image(SIZE, PFLD_RGB8);
    pfld_image tiny = make_image(1, PFLD_GRAY8);
    int turned = 0;
    photo p;

    (void)state;
    for (int n = 0; n < 32; n++) {
        turned_face t;
        affine plane;
        pfld_box box;
        take(&p, (pfld_pose){.yaw = 2.0f * (float)n - 30.0f});
        p.points[2 * n].x -= 3.0f * (float)PHOTO * (float)(n % 3);
        for (int i = 0; i < 68 && n % 2; i++) {
            p.points[i].x *= sizes[n / 2 % 4];
            p.points[i].y *= sizes[n / 8 % 4];
        }
        if (!turn_face(&p.s, &p.face, &(turn_angles){50.0f, 5.0f}, &t))
            continue;
        box = face_box(&t.sample);
        plane = affine_from_crop(&box, &rule, 20.0f, SIZE);
        turn_paint(&t, &plane, n % 5 ? &view : &tiny, &whole, &crop);
        turn_paint(&t, &whole, n % 5 ? &view : &tiny, &whole, &crop);
        turned++;
    }
    assert_in_range(turned, 16, 32);
    free(view.data);
    free(crop.data);
    free(tiny.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_turn_leaves_points_and_pose_alone),
        cmocka_unit_test(the_points_have_the_pose_that_is_said),
        cmocka_unit_test(the_nose_goes_to_where_yaw_says),
        cmocka_unit_test(what_the_data_set_says_of_the_pose_turns_with_it),
        cmocka_unit_test(the_far_jaw_is_the_outline_of_the_cheek),
        cmocka_unit_test(classes_are_those_of_the_new_pose),
        cmocka_unit_test(labels_that_lie_beside_what_they_mark_do_so_afterwards),
        cmocka_unit_test(faces_of_which_too_little_is_known_are_not_turned),
        cmocka_unit_test(the_share_that_can_be_turned_is_counted),
        cmocka_unit_test(yaws_come_out_far_from_the_camera),
        cmocka_unit_test(no_turn_leaves_the_picture_alone),
        cmocka_unit_test(pixels_go_with_their_points),
        cmocka_unit_test(absurd_points_do_no_harm),
        cmocka_unit_test(augmentation_turns_its_share_and_draws_the_rest_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
