/* geometry/pose: signs, order of the angles, and rotations found again from points. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "geometry/pose.h"
#include "geometry/scheme.h"

static uint32_t seed;

/* Even in lo..hi; the same numbers every time. */
static float even(float lo, float hi)
{
    seed = seed * 1664525u + 1013904223u;
    return lo + (hi - lo) * (float)(seed >> 8) / 16777216.0f;
}

static pfld_pose random_pose(void)
{
    return (pfld_pose){.yaw = even(-60, 60), .pitch = even(-40, 40), .roll = even(-40, 40)};
}

static void assert_pose(pfld_pose a, pfld_pose b, float within)
{
    assert_float_equal(a.yaw, b.yaw, within);
    assert_float_equal(a.pitch, b.pitch, within);
    assert_float_equal(a.roll, b.roll, within);
}

static pose_point3 rotate(const float r[3][3], pose_point3 p)
{
    return (pose_point3){
        r[0][0] * p.x + r[0][1] * p.y + r[0][2] * p.z,
        r[1][0] * p.x + r[1][1] * p.y + r[1][2] * p.z,
        r[2][0] * p.x + r[2][1] * p.y + r[2][2] * p.z,
    };
}

/* The scheme's rigid points of the turned neutral face in weak perspective; all others are NaN. */
static void project(const scheme *s, pfld_pose pose, float scale, float x, float y,
                    pfld_point *points)
{
    float r[3][3];

    pose_to_matrix(&pose, r);
    for (int i = 0; i < s->n; i++)
        points[i] = (pfld_point){NAN, NAN};
    for (int i = 0; i < s->n_rigid; i++) {
        pose_point3 p = rotate((const float(*)[3])r, pose_neutral[s->rigid[i].face3d]);
        points[s->rigid[i].point] = (pfld_point){x + scale * p.x, y + scale * p.y};
    }
}

static void each_angle_turns_the_nose_the_way_its_sign_says(void **state)
{
    const pose_point3 nose = {0, 0, -1}, right = {1, 0, 0};
    float r[3][3];

    (void)state;
    pose_to_matrix(&(pfld_pose){.pitch = 20}, r);
    assert_true(rotate((const float(*)[3])r, nose).y < -0.3f); /* up */
    pose_to_matrix(&(pfld_pose){.yaw = 20}, r);
    assert_true(rotate((const float(*)[3])r, nose).x < -0.3f); /* to the image's left */
    pose_to_matrix(&(pfld_pose){.roll = 20}, r);
    assert_true(rotate((const float(*)[3])r, right).y > 0.3f); /* clockwise */
    pose_to_matrix(&(pfld_pose){0}, r);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            assert_true(r[i][j] == (i == j ? 1.0f : 0.0f));
}

static void matrices_are_rotations_in_the_order_pitch_yaw_roll(void **state)
{
    (void)state;
    seed = 1;
    for (int n = 0; n < 100; n++) {
        pfld_pose pose = random_pose();
        float x[3][3], y[3][3], z[3][3], r[3][3];
        pose_to_matrix(&(pfld_pose){.pitch = pose.pitch}, x);
        pose_to_matrix(&(pfld_pose){.yaw = pose.yaw}, y);
        pose_to_matrix(&(pfld_pose){.roll = pose.roll}, z);
        pose_to_matrix(&pose, r);
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
                float xyz = 0, identity = 0;
                for (int k = 0; k < 3; k++)
                    for (int l = 0; l < 3; l++)
                        xyz += x[i][k] * y[k][l] * z[l][j];
                for (int k = 0; k < 3; k++)
                    identity += r[i][k] * r[j][k];
                assert_float_equal(r[i][j], xyz, 1e-5f);
                assert_float_equal(identity, (i == j ? 1.0f : 0.0f), 1e-5f);
            }
        }
    }
}

static void angles_survive_the_matrix(void **state)
{
    (void)state;
    seed = 2;
    for (int n = 0; n < 1000; n++) {
        pfld_pose pose = {.yaw = even(-89, 89), .pitch = even(-179, 179), .roll = even(-179, 179)};
        float r[3][3];
        pose_to_matrix(&pose, r);
        assert_pose(pose_from_matrix((const float(*)[3])r), pose, 0.02f);
    }
}

/* Sideways, pitch and roll turn about the same axis: the matrix survives, the angles need not. */
static void a_profile_keeps_its_matrix(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        pfld_pose pose = {.yaw = 90.0f * (float)sign, .pitch = 20, .roll = 35}, back;
        float r[3][3], again[3][3];
        pose_to_matrix(&pose, r);
        back = pose_from_matrix((const float(*)[3])r);
        assert_float_equal(back.yaw, pose.yaw, 0.05f);
        pose_to_matrix(&back, again);
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++)
                assert_float_equal(again[i][j], r[i][j], 1e-3f);
    }
}

static void turned_neutral_faces_come_back(void **state)
{
    (void)state;
    seed = 3;
    for (int k = 0; scheme_at(k); k++) {
        const scheme *s = scheme_at(k);
        for (int n = 0; n < 500; n++) {
            pfld_point points[PFLD_MAX_LANDMARKS];
            pfld_pose pose = random_pose(), found;
            project(s, pose, even(5, 500), even(-1000, 3000), even(-1000, 3000), points);
            assert_true(pose_from_points(s, points, NULL, &found));
            assert_pose(found, pose, 0.1f);
        }
    }
}

static void profiles_come_back(void **state)
{
    const scheme *s = scheme_find("ibug68");

    (void)state;
    for (int yaw = -88; yaw <= 88; yaw += 4) {
        pfld_point points[PFLD_MAX_LANDMARKS];
        pfld_pose pose = {.yaw = (float)yaw, .pitch = 10, .roll = -15}, found;
        project(s, pose, 100, 50, 50, points);
        assert_true(pose_from_points(s, points, NULL, &found));
        assert_float_equal(found.yaw, pose.yaw, 0.2f);
    }
}

/* What the best scale and shift leave of the points, with this rotation. */
static float squares_left(const scheme *s, pfld_pose pose, const pfld_point *points)
{
    pfld_point model[PFLD_MAX_LANDMARKS];
    double m[4] = {0}, pq = 0, qq = 0, pp = 0;

    project(s, pose, 1, 0, 0, model);
    for (int i = 0; i < s->n_rigid; i++) {
        int j = s->rigid[i].point;
        m[0] += (double)points[j].x / s->n_rigid;
        m[1] += (double)points[j].y / s->n_rigid;
        m[2] += (double)model[j].x / s->n_rigid;
        m[3] += (double)model[j].y / s->n_rigid;
    }
    for (int i = 0; i < s->n_rigid; i++) {
        int j = s->rigid[i].point;
        double p[2] = {(double)points[j].x - m[0], (double)points[j].y - m[1]};
        double q[2] = {(double)model[j].x - m[2], (double)model[j].y - m[3]};
        pq += p[0] * q[0] + p[1] * q[1];
        qq += q[0] * q[0] + q[1] * q[1];
        pp += p[0] * p[0] + p[1] * p[1];
    }
    return (float)(pp - pq * pq / qq);
}

/* So little that what is robust is as good as least squares. */
static void disturbed_points_get_the_best_rotation(void **state)
{
    const scheme *s = scheme_find("ibug68");

    (void)state;
    seed = 4;
    for (int n = 0; n < 200; n++) {
        pfld_point points[PFLD_MAX_LANDMARKS];
        pfld_pose pose = random_pose(), found;
        float best;
        project(s, pose, 100, 0, 0, points);
        for (int i = 0; i < s->n_rigid; i++) {
            points[s->rigid[i].point].x += even(-0.5f, 0.5f);
            points[s->rigid[i].point].y += even(-0.5f, 0.5f);
        }
        assert_true(pose_from_points(s, points, NULL, &found));
        assert_pose(found, pose, 3);
        best = squares_left(s, found, points);
        for (int axis = 0; axis < 3; axis++) {
            for (int sign = -1; sign <= 1; sign += 2) {
                pfld_pose other = found;
                *(axis == 0   ? &other.yaw
                  : axis == 1 ? &other.pitch
                              : &other.roll) += 0.2f * (float)sign;
                assert_true(squares_left(s, other, points) > best);
            }
        }
    }
}

static void a_flip_negates_yaw_and_roll(void **state)
{
    (void)state;
    seed = 5;
    for (int k = 0; scheme_at(k); k++) {
        const scheme *s = scheme_at(k);
        pfld_point points[PFLD_MAX_LANDMARKS], flipped[PFLD_MAX_LANDMARKS];
        pfld_pose pose = random_pose(), found;
        project(s, pose, 80, 200, 100, points);
        for (int i = 0; i < s->n; i++)
            flipped[i] = (pfld_point){400 - points[s->mirror[i]].x, points[s->mirror[i]].y};
        assert_true(pose_from_points(s, flipped, NULL, &found));
        assert_pose(found, (pfld_pose){-pose.yaw, pose.pitch, -pose.roll}, 0.1f);
    }
}

static void degenerate_points_have_no_pose(void **state)
{
    (void)state;
    for (int k = 0; scheme_at(k); k++) {
        const scheme *s = scheme_at(k);
        scheme none = *s;
        pfld_point points[PFLD_MAX_LANDMARKS];
        pfld_pose pose = {0};
        for (int i = 0; i < s->n; i++)
            points[i] = (pfld_point){1234.5f, -3};
        assert_false(pose_from_points(s, points, NULL, &pose));
        assert_true(isnan(pose.yaw) && isnan(pose.pitch) && isnan(pose.roll));
        for (int i = 0; i < s->n; i++)
            points[i] = (pfld_point){3.0f * (float)i, 7.0f * (float)i}; /* on a line */
        assert_false(pose_from_points(s, points, NULL, &pose));
        project(s, (pfld_pose){10, 10, 10}, 100, 0, 0, points);
        points[s->rigid[2].point].y = INFINITY;
        assert_false(pose_from_points(s, points, NULL, &pose));
        assert_true(isnan(pose.yaw) && isnan(pose.pitch) && isnan(pose.roll));
        points[s->rigid[2].point].y = NAN;
        assert_false(pose_from_points(s, points, NULL, &pose));
        project(s, (pfld_pose){10, 10, 10}, 100, 0, 0, points);
        assert_true(pose_from_points(s, points, NULL, &pose));
        none.n_rigid = 0;
        assert_false(pose_from_points(&none, points, NULL, &pose));
        assert_true(isnan(pose.yaw));
    }
}

static void huge_and_tiny_faces_have_a_pose(void **state)
{
    const scheme *s = scheme_find("wflw98");
    const pfld_pose pose = {20, -10, 5};
    const float scales[] = {1e-6f, 1.0f, 1e15f};

    (void)state;
    for (int i = 0; i < 3; i++) {
        pfld_point points[PFLD_MAX_LANDMARKS];
        pfld_pose found;
        project(s, pose, scales[i], 0, 0, points);
        assert_true(pose_from_points(s, points, NULL, &found));
        assert_pose(found, pose, 0.1f);
    }
}

/* ---- robust, smooth, and by a known camera ---- */

/* By how many degrees one rotation is turned against the other. */
static float apart(pfld_pose a, pfld_pose b)
{
    float r[3][3], q[3][3];
    double trace = 0;

    pose_to_matrix(&a, r);
    pose_to_matrix(&b, q);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            trace += ((double)r[i][j] - (double)q[i][j]) * ((double)r[i][j] - (double)q[i][j]);
    return (float)(2.0 * asin(fmin(sqrt(trace / 8.0), 1.0)) * 57.29578);
}

static float longest_way(float a, float b)
{
    return a > b ? a : b;
}

/* Of eleven points two are 30 % of the eyes' distance off. */
static void two_wrong_points_of_eleven_hardly_count(void **state)
{
    const scheme *s = scheme_find("ibug68");
    float sum = 0, most = 0;

    (void)state;
    seed = 7;
    assert_int_equal(s->n_rigid, 11);
    for (int n = 0; n < 500; n++) {
        pfld_point points[PFLD_MAX_LANDMARKS];
        pfld_pose pose = random_pose(), found;
        int first = (int)even(0, 10.999f), second = (first + 1 + (int)even(0, 9.999f)) % 11;
        project(s, pose, 100, 300, 200, points);
        for (int i = 0; i < 2; i++) {
            pfld_point *p = &points[s->rigid[i ? second : first].point];
            float way = even(0, 6.2831853f);
            p->x += 30 * cosf(way);
            p->y += 30 * sinf(way);
        }
        assert_true(pose_from_points(s, points, NULL, &found));
        sum += apart(found, pose) / 500;
        most = longest_way(most, apart(found, pose));
    }
    print_message("two of eleven points off by 0.3: mean %.2f, most %.2f degrees\n", (double)sum,
                  (double)most);
    assert_true(sum < 3.0f); /* least squares: 13 */
}

/* A face whose points are 3 % off, as a net's are; profiles, too. */
static void noisy_face(const scheme *s, pfld_point *points)
{
    pfld_pose pose = {.yaw = even(-85, 85), .pitch = even(-40, 40), .roll = even(-40, 40)};

    project(s, pose, 100, 300, 200, points);
    for (int i = 0; i < s->n_rigid; i++) {
        points[s->rigid[i].point].x += even(-5, 5);
        points[s->rigid[i].point].y += even(-5, 5);
    }
}

static void a_tenth_of_a_pixel_turns_no_head(void **state)
{
    (void)state;
    seed = 8;
    for (int k = 0; scheme_at(k); k++) {
        const scheme *s = scheme_at(k);
        float most = 0;
        for (int n = 0; n < 300; n++) {
            pfld_point points[PFLD_MAX_LANDMARKS];
            pfld_pose before, after;
            noisy_face(s, points);
            assert_true(pose_from_points(s, points, NULL, &before));
            for (int i = 0; i < s->n_rigid; i++) {
                float way = even(0, 6.2831853f);
                points[s->rigid[i].point].x += 0.1f * cosf(way);
                points[s->rigid[i].point].y += 0.1f * sinf(way);
            }
            assert_true(pose_from_points(s, points, NULL, &after));
            most = longest_way(most, apart(before, after));
        }
        print_message("%s: 0.1 px at 100 px between the eyes: %.2f degrees at most\n", s->name,
                      (double)most);
        assert_true(most < (s->n_rigid > 8 ? 0.5f : 1.5f));
    }
}

/* From where it belongs to far off and from counting to not: without a jump. */
static void a_point_that_wanders_off_is_let_go_smoothly(void **state)
{
    const scheme *s = scheme_find("ibug68");
    float most = 0;

    (void)state;
    seed = 9;
    for (int n = 0; n < 60; n++) {
        pfld_point points[PFLD_MAX_LANDMARKS];
        pfld_pose before, after;
        pfld_point *p = &points[s->rigid[n % s->n_rigid].point];
        float way = even(0, 6.2831853f);
        noisy_face(s, points);
        assert_true(pose_from_points(s, points, NULL, &before));
        for (int step = 0; step < 600; step++, before = after) {
            p->x += 0.1f * cosf(way);
            p->y += 0.1f * sinf(way);
            assert_true(pose_from_points(s, points, NULL, &after));
            most = longest_way(most, apart(before, after));
        }
    }
    print_message("a point moved by 60 px in steps of 0.1: %.2f degrees a step at most\n",
                  (double)most);
    assert_true(most < 0.5f);
}

static void a_point_of_large_covariance_hardly_counts(void **state)
{
    const scheme *s = scheme_find("ibug68");
    pfld_cov cov[PFLD_MAX_LANDMARKS];
    const pose_view view = {.cov = cov};

    (void)state;
    seed = 10;
    for (int n = 0; n < 100; n++) {
        pfld_point points[PFLD_MAX_LANDMARKS];
        pfld_pose pose = random_pose(), alike, told;
        int unsure = s->rigid[n % s->n_rigid].point;
        project(s, pose, 100, 300, 200, points);
        for (int i = 0; i < s->n; i++)
            cov[i] = (pfld_cov){1, 0, 1};
        points[unsure].x += 6; /* and only along x is it unsure */
        cov[unsure].xx = 10000;
        assert_true(pose_from_points(s, points, NULL, &alike));
        assert_true(pose_from_points(s, points, &view, &told));
        assert_true(apart(told, pose) < 0.1f);
        assert_true(apart(told, pose) < apart(alike, pose));
    }
}

static void what_is_no_covariance_gives_no_pose(void **state)
{
    static const pfld_cov wrong[] = {{-1, 0, 1},  {1, 0, -1},  {1, 500, 1},
                                     {NAN, 0, 1}, {1, NAN, 1}, {1, 0, INFINITY}};
    const scheme *s = scheme_find("ibug68");
    pfld_point points[PFLD_MAX_LANDMARKS];
    pfld_cov cov[PFLD_MAX_LANDMARKS] = {{0}}; /* 0 is one */
    const pose_view view = {.cov = cov};
    pfld_pose pose;

    (void)state;
    project(s, (pfld_pose){10, 10, 10}, 100, 300, 200, points);
    assert_true(pose_from_points(s, points, &view, &pose));
    assert_pose(pose, (pfld_pose){10, 10, 10}, 0.1f);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cov[s->rigid[3].point] = wrong[i];
        assert_false(pose_from_points(s, points, &view, &pose));
        assert_true(isnan(pose.yaw));
    }
}

/* The neutral face's rigid points as a camera at the origin sees them, the face at this place in
 * units of its own. */
static void photograph(const scheme *s, pfld_pose pose, pose_point3 at, const pose_view *camera,
                       pfld_point *points)
{
    float r[3][3];

    pose_to_matrix(&pose, r);
    for (int i = 0; i < s->n; i++)
        points[i] = (pfld_point){NAN, NAN};
    for (int i = 0; i < s->n_rigid; i++) {
        pose_point3 p = rotate((const float(*)[3])r, pose_neutral[s->rigid[i].face3d]);
        float scale = camera->focal / (p.z + at.z);
        points[s->rigid[i].point] = (pfld_point){camera->centre.x + scale * (p.x + at.x),
                                                 camera->centre.y + scale * (p.y + at.y)};
    }
}

static void a_known_camera_gives_the_angles_back(void **state)
{
    float without = 0;

    (void)state;
    seed = 11;
    for (int k = 0; scheme_at(k); k++) {
        const scheme *s = scheme_at(k);
        for (int n = 0; n < 200; n++) {
            pfld_point points[PFLD_MAX_LANDMARKS];
            const pose_view camera = {.focal = even(300, 3000),
                                      .centre = {even(0, 2000), even(0, 1000)}};
            float distance = even(4, 40);
            pose_point3 at = {even(-0.5f, 0.5f) * distance, even(-0.3f, 0.3f) * distance, distance};
            pfld_pose pose = random_pose(), found;
            photograph(s, pose, at, &camera, points);
            assert_true(pose_from_points(s, points, &camera, &found));
            assert_true(apart(found, pose) < 0.1f);
            assert_true(pose_from_points(s, points, NULL, &found));
            without += apart(found, pose) / 200;
        }
    }
    assert_true(without > 5.0f); /* at the picture's border the line of sight is another */
}

static void no_camera_is_inside_a_face(void **state)
{
    const scheme *s = scheme_find("ibug68");
    const pose_view camera = {.focal = 1, .centre = {300, 200}};
    pfld_point points[PFLD_MAX_LANDMARKS];
    pfld_pose pose;

    (void)state;
    project(s, (pfld_pose){10, 10, 10}, 100, 300, 200, points);
    assert_false(pose_from_points(s, points, &camera, &pose));
    assert_true(isnan(pose.yaw) && isnan(pose.pitch) && isnan(pose.roll));
}

static void far_from_a_camera_perspective_is_weak(void **state)
{
    const scheme *s = scheme_find("ibug68");

    (void)state;
    seed = 12;
    for (int n = 0; n < 50; n++) {
        pfld_point points[PFLD_MAX_LANDMARKS];
        const pose_view camera = {.focal = 1e6f, .centre = {300, 200}};
        pfld_pose weak, perspective;
        noisy_face(s, points);
        assert_true(pose_from_points(s, points, NULL, &weak));
        assert_true(pose_from_points(s, points, &camera, &perspective));
        assert_true(apart(weak, perspective) < 0.1f);
    }
}

/* --- other conventions ------------------------------------------------------------------------ */

/* out = Rx, Ry or Rz, the right-handed turn about axis by degrees */
static void axis_turn(int axis, float degrees, float out[3][3])
{
    float c = cosf(degrees * 0.0174532925f), s = sinf(degrees * 0.0174532925f);
    int i = (axis + 1) % 3, j = (axis + 2) % 3;

    memset(out, 0, 9 * sizeof(float));
    out[axis][axis] = 1;
    out[i][i] = out[j][j] = c;
    out[i][j] = -s;
    out[j][i] = s;
}

/* out = the product of the three turns in this order of axes ("xyz": Rx Ry Rz) */
static void product(const char *order, pfld_pose p, float out[3][3])
{
    float angles[3] = {p.pitch, p.yaw, p.roll};

    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            out[i][j] = i == j ? 1.0f : 0.0f;
    for (int n = 0; n < 3; n++) {
        float t[3][3], old[3][3];
        axis_turn(order[n] - 'x', angles[order[n] - 'x'], t);
        memcpy(old, out, sizeof old);
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
                out[i][j] = 0;
                for (int k = 0; k < 3; k++)
                    out[i][j] += old[i][k] * t[k][j];
            }
        }
    }
}

/* y and z are turned round in MediaPipe's axes: sign is then -1 for what mixes them with x. */
static void assert_same_rotation(pfld_pose ours, pfld_pose theirs, const char *order, bool y_up)
{
    float r[3][3], q[3][3];

    pose_to_matrix(&ours, r);
    product(order, theirs, q);
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            float sign = y_up && (i == 0) != (j == 0) ? -1.0f : 1.0f;
            assert_float_equal(q[i][j], sign * r[i][j], 1e-4f);
        }
    }
}

static void other_libraries_get_the_same_rotation(void **state)
{
    (void)state;
    seed = 6;
    for (int n = 0; n < 200; n++) {
        pfld_pose p = random_pose();
        assert_same_rotation(p, pose_convert(&p, POSE_OPENCV), "zyx", false);
        assert_same_rotation(p, pose_convert(&p, POSE_MEDIAPIPE), "xyz", true);
        assert_same_rotation(p, pose_convert(&p, POSE_OPENFACE), "xyz", false);
    }
}

static void other_libraries_get_their_signs(void **state)
{
    const pfld_pose up = {.pitch = 20}, left = {.yaw = 20}, clockwise = {.roll = 20};

    (void)state;
    assert_pose(pose_convert(&up, POSE_OPENCV), (pfld_pose){.pitch = -20}, 1e-3f);
    assert_pose(pose_convert(&left, POSE_OPENCV), (pfld_pose){.yaw = 20}, 1e-3f);
    assert_pose(pose_convert(&clockwise, POSE_OPENCV), (pfld_pose){.roll = 20}, 1e-3f);
    assert_pose(pose_convert(&up, POSE_MEDIAPIPE), (pfld_pose){.pitch = -20}, 1e-3f);
    assert_pose(pose_convert(&left, POSE_MEDIAPIPE), (pfld_pose){.yaw = -20}, 1e-3f);
    assert_pose(pose_convert(&clockwise, POSE_MEDIAPIPE), (pfld_pose){.roll = -20}, 1e-3f);
    assert_pose(pose_convert(&up, POSE_OPENFACE), (pfld_pose){.pitch = -20}, 1e-3f);
    assert_pose(pose_convert(&left, POSE_OPENFACE), (pfld_pose){.yaw = 20}, 1e-3f);
    assert_pose(pose_convert(&clockwise, POSE_OPENFACE), (pfld_pose){.roll = 20}, 1e-3f);
}

/* --- eight faces of AFLW2000-3D ----------------------------------------------------------------
 */

typedef struct truth {
    pfld_pose pose;
    pfld_point points[68];
    float z[68]; /* away from the camera */
} truth;

static int read_truth(truth *faces, int max)
{
    const char *folder = getenv("PFLD_SHARED");
    char path[512], line[16384];
    FILE *f;
    int n = 0;

    snprintf(path, sizeof path, "%s/data/pose/pose.csv",
             folder ? folder : PFLD_SOURCE_DIR "/../shared");
    f = fopen(path, "r");
    if (!f)
        skip();
    assert_non_null(fgets(line, sizeof line, f));
    while (n < max && fgets(line, sizeof line, f)) {
        float v[3 + 3 * 68];
        char *p = strchr(line, ',');
        for (int i = 0; i < 3 + 3 * 68; i++) {
            assert_non_null(p);
            v[i] = strtof(p + 1, &p);
        }
        faces[n].pose = (pfld_pose){.pitch = v[0], .yaw = v[1], .roll = v[2]};
        for (int i = 0; i < 68; i++) {
            faces[n].points[i] = (pfld_point){v[3 + 3 * i], v[4 + 3 * i]};
            faces[n].z[i] = -v[5 + 3 * i];
        }
        n++;
    }
    fclose(f);
    return n;
}

static void assert_sign(float found, float given)
{
    if (fabsf(given) > 5.0f)
        assert_true(found * given > 0.0f);
}

/* What its points look like, as the neutral face is turned for 300-W's: tools/measure_neutral. */
static pfld_pose as_its_points_look(pfld_pose stated)
{
    float r[3][3], style[3][3], out[3][3];

    pose_to_matrix(&stated, r);
    pose_to_matrix(&(pfld_pose){.pitch = -5.7f}, style);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            out[i][j] = r[i][0] * style[0][j] + r[i][1] * style[1][j] + r[i][2] * style[2][j];
    return pose_from_matrix((const float(*)[3])out);
}

static void angles_of_aflw2000_come_from_2d_points(void **state)
{
    const scheme *s = scheme_find("ibug68");
    truth faces[8];
    pfld_pose sum = {0};
    int n = read_truth(faces, 8);

    (void)state;
    assert_int_equal(n, 8);
    for (int i = 0; i < n; i++) {
        pfld_pose found, given = as_its_points_look(faces[i].pose);
        assert_true(pose_from_points(s, faces[i].points, NULL, &found));
        assert_sign(found.yaw, given.yaw);
        assert_sign(found.pitch, given.pitch);
        assert_sign(found.roll, given.roll);
        assert_pose(found, given, 4.0f);
        sum.yaw += fabsf(found.yaw - given.yaw) / (float)n;
        sum.pitch += fabsf(found.pitch - given.pitch) / (float)n;
        sum.roll += fabsf(found.roll - given.roll) / (float)n;
    }
    print_message("mean absolute error: yaw %.2f, pitch %.2f, roll %.2f degrees\n", (double)sum.yaw,
                  (double)sum.pitch, (double)sum.roll);
    assert_true(sum.yaw < 1.5f && sum.pitch < 2 && sum.roll < 2);
}

/* The matrix of the given angles takes the neutral face to the given 3D points, up to the person.
 */
static void matrices_of_aflw2000_turn_the_neutral_face(void **state)
{
    const scheme *s = scheme_find("ibug68");
    truth faces[8];
    int n = read_truth(faces, 8);

    (void)state;
    for (int i = 0; i < n; i++) {
        float r[3][3];
        pose_point3 q[16], p[16], mq = {0}, mp = {0};
        float pq = 0, qq = 0, left = 0;
        faces[i].pose = as_its_points_look(faces[i].pose);
        pose_to_matrix(&faces[i].pose, r);
        for (int j = 0; j < s->n_rigid; j++) {
            int k = s->rigid[j].point;
            q[j] = rotate((const float(*)[3])r, pose_neutral[s->rigid[j].face3d]);
            p[j] = (pose_point3){faces[i].points[k].x, faces[i].points[k].y, faces[i].z[k]};
            mq.x += q[j].x / (float)s->n_rigid, mp.x += p[j].x / (float)s->n_rigid;
            mq.y += q[j].y / (float)s->n_rigid, mp.y += p[j].y / (float)s->n_rigid;
            mq.z += q[j].z / (float)s->n_rigid, mp.z += p[j].z / (float)s->n_rigid;
        }
        for (int j = 0; j < s->n_rigid; j++) {
            q[j] = (pose_point3){q[j].x - mq.x, q[j].y - mq.y, q[j].z - mq.z};
            p[j] = (pose_point3){p[j].x - mp.x, p[j].y - mp.y, p[j].z - mp.z};
            pq += p[j].x * q[j].x + p[j].y * q[j].y + p[j].z * q[j].z;
            qq += q[j].x * q[j].x + q[j].y * q[j].y + q[j].z * q[j].z;
        }
        for (int j = 0; j < s->n_rigid; j++) { /* in units of the eye corners' distance */
            float x = p[j].x * qq / pq - q[j].x, y = p[j].y * qq / pq - q[j].y;
            float z = p[j].z * qq / pq - q[j].z;
            left += (x * x + y * y + z * z) / (float)s->n_rigid;
        }
        assert_true(sqrtf(left) < 0.05f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_angle_turns_the_nose_the_way_its_sign_says),
        cmocka_unit_test(matrices_are_rotations_in_the_order_pitch_yaw_roll),
        cmocka_unit_test(angles_survive_the_matrix),
        cmocka_unit_test(a_profile_keeps_its_matrix),
        cmocka_unit_test(turned_neutral_faces_come_back),
        cmocka_unit_test(profiles_come_back),
        cmocka_unit_test(disturbed_points_get_the_best_rotation),
        cmocka_unit_test(a_flip_negates_yaw_and_roll),
        cmocka_unit_test(degenerate_points_have_no_pose),
        cmocka_unit_test(huge_and_tiny_faces_have_a_pose),
        cmocka_unit_test(two_wrong_points_of_eleven_hardly_count),
        cmocka_unit_test(a_tenth_of_a_pixel_turns_no_head),
        cmocka_unit_test(a_point_that_wanders_off_is_let_go_smoothly),
        cmocka_unit_test(a_point_of_large_covariance_hardly_counts),
        cmocka_unit_test(what_is_no_covariance_gives_no_pose),
        cmocka_unit_test(a_known_camera_gives_the_angles_back),
        cmocka_unit_test(no_camera_is_inside_a_face),
        cmocka_unit_test(far_from_a_camera_perspective_is_weak),
        cmocka_unit_test(other_libraries_get_the_same_rotation),
        cmocka_unit_test(other_libraries_get_their_signs),
        cmocka_unit_test(angles_of_aflw2000_come_from_2d_points),
        cmocka_unit_test(matrices_of_aflw2000_turn_the_neutral_face),
    };
    return cmocka_run_group_tests_name("pose", tests, NULL, NULL);
}
