/* Meshes: Delaunay's property, what is no triangle, and those of the schemes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "geometry/frontal.h"
#include "geometry/mesh.h"

enum { GRID = 8191, MOST = PFLD_MAX_LANDMARKS };

/* Whole numbers from 0 to GRID in both, so that nothing is rounded. */
static int64_t turn(const pfld_point *p, int a, int b, int c)
{
    return (int64_t)(p[b].x - p[a].x) * (int64_t)(p[c].y - p[a].y) -
           (int64_t)(p[b].y - p[a].y) * (int64_t)(p[c].x - p[a].x);
}

static int64_t in_circle(const pfld_point *p, const uint8_t at[3], int d)
{
    int64_t sum = 0;

    for (int i = 0; i < 3; i++) {
        const pfld_point *a = &p[at[i]], *b = &p[at[(i + 1) % 3]], *c = &p[at[(i + 2) % 3]];
        int64_t x = (int64_t)(a->x - p[d].x), y = (int64_t)(a->y - p[d].y);
        sum += (x * x + y * y) * ((int64_t)(b->x - p[d].x) * (int64_t)(c->y - p[d].y) -
                                  (int64_t)(c->x - p[d].x) * (int64_t)(b->y - p[d].y));
    }
    return sum;
}

/* Of n points that are apart: each directed edge belongs to one triangle at most, those without a
 * partner have all points on one side (they are the hull), Euler's formula holds, every point is a
 * corner, and all circles are empty. */
static void check_delaunay(const pfld_point *p, int n)
{
    static bool edge[MOST][MOST];
    mesh_triangle t[MESH_MOST];
    bool used[MOST] = {false};
    size_t count = mesh_delaunay(p, n, t);
    int hull = 0;

    memset(edge, 0, sizeof edge);
    for (size_t i = 0; i < count; i++) {
        assert_true(turn(p, t[i].at[0], t[i].at[1], t[i].at[2]) > 0);
        for (int k = 0; k < 3; k++) {
            int a = t[i].at[k], b = t[i].at[(k + 1) % 3];
            assert_false(edge[a][b]);
            edge[a][b] = used[a] = true;
        }
        for (int d = 0; d < n; d++)
            assert_true(in_circle(p, t[i].at, d) <= 0);
    }
    for (int a = 0; a < n; a++) {
        assert_true(used[a]);
        for (int b = 0; b < n; b++) {
            if (!edge[a][b] || edge[b][a])
                continue;
            hull++;
            for (int d = 0; d < n; d++)
                assert_true(turn(p, a, b, d) >= 0);
        }
    }
    assert_int_equal(count, 2 * n - 2 - hull);
}

static void circles_of_random_points_are_empty(void **state)
{
    static const int counts[] = {4, 5, 17, 68, 127, 128};
    pfld_point p[MOST];
    rng r;

    (void)state;
    rng_seed(&r, 1);
    for (int round = 0; round < 60; round++) {
        int n = counts[round % 6];
        p[0] = (pfld_point){0, 0};
        p[1] = (pfld_point){GRID, GRID};
        for (int i = 2; i < n; i++)
            p[i] =
                (pfld_point){(float)(rng_u64(&r) % (GRID + 1)), (float)(rng_u64(&r) % (GRID + 1))};
        check_delaunay(p, n);
    }
}

/* Rows and columns: half of all is on lines and circles with other points. */
static void points_on_a_grid_are_no_trouble(void **state)
{
    pfld_point p[121];

    (void)state;
    for (int i = 0; i < 121; i++)
        p[i] = (pfld_point){(float)(819 * (i % 11)), (float)(819 * (i / 11))};
    p[120] = (pfld_point){GRID, GRID};
    check_delaunay(p, 121);
}

static void of_points_that_coincide_the_first_is_taken(void **state)
{
    const pfld_point p[] = {{0, 0}, {10, 0}, {10, 0}, {0, 10}, {NAN, 5}, {0, 0}, {INFINITY, 0}};
    mesh_triangle t[MESH_MOST];

    (void)state;
    assert_int_equal(mesh_delaunay(p, 7, t), 1);
    assert_memory_equal(t[0].at, ((uint8_t[]){0, 1, 3}), 3);
}

static void there_are_no_triangles_on_a_line_nor_of_a_point(void **state)
{
    pfld_point line[20];
    mesh_triangle t[MESH_MOST];

    (void)state;
    for (int i = 0; i < 20; i++)
        line[i] = (pfld_point){(float)i, (float)i};
    for (int n = 0; n <= 20; n++)
        assert_int_equal(mesh_delaunay(line, n, t), 0);
    line[7].x += 1;
    assert_int_equal(mesh_delaunay(line, 20, t), 18);
    for (int i = 0; i < 20; i++)
        line[i] = (pfld_point){4, 4};
    assert_int_equal(mesh_delaunay(line, 20, t), 0);
}

static void place_and_size_change_nothing(void **state)
{
    const scheme *s = scheme_find("ibug68");
    pfld_point p[68];
    mesh_triangle t[MESH_MOST], moved[MESH_MOST];
    size_t n;

    (void)state;
    frontal_points(s, p);
    n = mesh_delaunay(p, 68, t);
    for (int i = 0; i < 68; i++)
        p[i] = (pfld_point){p[i].x / 4 - 1000, p[i].y / 4 + 500};
    assert_int_equal(mesh_delaunay(p, 68, moved), n);
    assert_memory_equal(moved, t, n * sizeof *t);
}

/* Every scheme has its frontal face: eyes above the nose above the mouth, as its mirror says. */
static void frontal_faces_are_symmetric(void **state)
{
    (void)state;
    for (int i = 0; scheme_at(i); i++) {
        const scheme *s = scheme_at(i);
        pfld_point p[MOST];
        float middle;

        frontal_points(s, p);
        middle = p[s->right_eye_outer].x + p[s->left_eye_outer].x;
        assert_true(p[s->right_eye_outer].x < p[s->left_eye_outer].x);
        for (int k = 0; k < s->n; k++) {
            assert_true(fabsf(p[k].x + p[s->mirror[k]].x - middle) <= 2.0f);
            assert_true(fabsf(p[k].y - p[s->mirror[k]].y) <= 1.0f);
            if (scheme_group(s, k) == SCHEME_LIPS)
                assert_true(p[k].y > p[s->right_eye_outer].y + 80);
        }
    }
}

static void schemes_have_skin_and_neither_eyes_nor_mouths(void **state)
{
    static const int counts[] = {93, 115, 125, 33, 27, 4}; /* of schemes, in their order */
    const scheme *s = scheme_find("ibug68");
    mesh_triangle t[MESH_MOST];
    size_t n = mesh_of_scheme(s, t);
    bool cheek = false;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *at = t[i].at; /* in order: the least is first */
        bool in_eye = at[0] >= 36 && at[1] < 42 && at[2] < 42;
        bool in_mouth = at[0] >= 60;
        assert_false(in_eye || in_mouth || (at[1] < 17 && at[2] < 17));
        cheek |= at[0] < 4 && (at[1] == 31 || at[2] == 31 || at[1] == 48 || at[2] == 48);
    }
    assert_true(cheek);
    for (int i = 0; scheme_at(i); i++)
        assert_int_equal(mesh_of_scheme(scheme_at(i), t), counts[i]);
}

enum { CORNER, UPPER, LOWER };

/* What a point of a ring of lips is, on a face whose mouth is almost shut. */
static int side_of_mouth(const scheme_contour *c, const pfld_point *p, int point)
{
    float left = HUGE_VALF, right = -HUGE_VALF;

    for (int i = 0; i < c->n; i++) {
        left = fminf(left, p[c->points[i]].x);
        right = fmaxf(right, p[c->points[i]].x);
    }
    if (p[point].x == left || p[point].x == right)
        return CORNER;
    for (int i = 0; i < c->n; i++)
        if (p[c->points[i]].x == left)
            return p[point].y < p[c->points[i]].y ? UPPER : LOWER;
    return CORNER;
}

static void lips_are_joined_at_their_corners_alone(void **state)
{
    (void)state;
    for (int k = 0; scheme_at(k); k++) {
        const scheme *s = scheme_at(k);
        int side[MOST] = {CORNER}, count[3] = {0};
        pfld_point p[MOST];
        mesh_triangle t[MESH_MOST];
        size_t n = mesh_of_scheme(s, t);

        frontal_points(s, p);
        for (int c = 0; c < s->n_contours; c++)
            for (int i = 0; i < s->contours[c].n; i++)
                if (s->contours[c].kind == SCHEME_LIPS && s->contours[c].closed) {
                    int point = s->contours[c].points[i];
                    side[point] = side_of_mouth(&s->contours[c], p, point);
                    count[side[point]]++;
                }
        assert_true(s->n < 29 || (count[UPPER] >= 2 && count[LOWER] >= 2));
        for (size_t i = 0; i < n; i++)
            for (int a = 0; a < 9; a++)
                assert_false(side[t[i].at[a / 3]] == UPPER && side[t[i].at[a % 3]] == LOWER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(circles_of_random_points_are_empty),
        cmocka_unit_test(points_on_a_grid_are_no_trouble),
        cmocka_unit_test(of_points_that_coincide_the_first_is_taken),
        cmocka_unit_test(there_are_no_triangles_on_a_line_nor_of_a_point),
        cmocka_unit_test(place_and_size_change_nothing),
        cmocka_unit_test(frontal_faces_are_symmetric),
        cmocka_unit_test(schemes_have_skin_and_neither_eyes_nor_mouths),
        cmocka_unit_test(lips_are_joined_at_their_corners_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
