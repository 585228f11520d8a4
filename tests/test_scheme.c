/* geometry/scheme: tables that are sound in themselves and fit real annotations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "geometry/affine.h"
#include "geometry/pose.h"
#include "geometry/scheme.h"

static void schemes_are_found_by_name_and_by_count(void **state)
{
    const char *names[] = {"ibug68", "wflw98", "lapa106", "cofw29", "aflw19", "five"};
    const int counts[] = {68, 98, 106, 29, 19, 5};

    (void)state;
    for (int i = 0; i < 6; i++) {
        const scheme *s = scheme_find(names[i]);
        assert_non_null(s);
        assert_int_equal(s->n, counts[i]);
        assert_ptr_equal(scheme_by_count(counts[i]), s);
        assert_ptr_equal(scheme_at(i), s);
    }
    assert_null(scheme_at(6));
    assert_null(scheme_at(-1));
    assert_null(scheme_find("ibug"));
    assert_null(scheme_find(""));
    assert_null(scheme_by_count(0));
    assert_null(scheme_by_count(67));
}

static void mirrors_undo_themselves(void **state)
{
    (void)state;
    for (int k = 0; scheme_at(k); k++) {
        const scheme *s = scheme_at(k);
        for (int i = 0; i < s->n; i++) {
            assert_in_range(s->mirror[i], 0, s->n - 1);
            assert_int_equal(s->mirror[s->mirror[i]], i);
        }
        assert_int_equal(s->mirror[s->right_eye_outer], s->left_eye_outer);
        assert_int_equal(s->n_right_eye, s->n_left_eye);
    }
}

static bool holds(const uint8_t *points, int n, int point)
{
    return memchr(points, point, (size_t)n) != NULL;
}

static void eyes_and_rigid_points_are_each_others_mirror(void **state)
{
    static const uint8_t face_mirror[POSE_NEUTRAL_COUNT] = {
        POSE_LEFT_EYE_OUTER,    POSE_LEFT_EYE_INNER,    POSE_RIGHT_EYE_INNER,
        POSE_RIGHT_EYE_OUTER,   POSE_LEFT_BROW_INNER,   POSE_RIGHT_BROW_INNER,
        POSE_NOSE_ROOT,         POSE_NOSE_UPPER,        POSE_NOSE_LOWER,
        POSE_NOSE_TIP,          POSE_LEFT_NOSTRIL,      POSE_NOSE_BASE,
        POSE_RIGHT_NOSTRIL,     POSE_LEFT_EYE_CENTRE,   POSE_RIGHT_EYE_CENTRE,
        POSE_LEFT_MOUTH_CORNER, POSE_RIGHT_MOUTH_CORNER};

    (void)state;
    for (int k = 0; scheme_at(k); k++) {
        const scheme *s = scheme_at(k);
        for (int i = 0; i < s->n_right_eye; i++)
            assert_true(holds(s->left_eye, s->n_left_eye, s->mirror[s->right_eye[i]]));
        assert_true(s->n_rigid >= 5);
        for (int i = 0; i < s->n_rigid; i++) {
            int partners = 0;
            assert_in_range(s->rigid[i].point, 0, s->n - 1);
            assert_in_range(s->rigid[i].face3d, 0, pose_neutral_count - 1);
            for (int j = 0; j < s->n_rigid; j++)
                partners += s->rigid[j].point == s->mirror[s->rigid[i].point] &&
                            s->rigid[j].face3d == face_mirror[s->rigid[i].face3d];
            assert_int_equal(partners, 1);
        }
    }
}

static void contours_cover_every_point_once_in_their_group(void **state)
{
    (void)state;
    for (int k = 0; scheme_at(k); k++) {
        const scheme *s = scheme_at(k);
        for (int point = 0; point < s->n; point++) {
            int kinds = 0;
            for (int kind = SCHEME_JAW; kind <= SCHEME_PUPIL; kind++) {
                bool here = false;
                for (int c = 0; c < s->n_contours; c++)
                    here = here || ((int)s->contours[c].kind == kind &&
                                    holds(s->contours[c].points, s->contours[c].n, point));
                kinds += here;
            }
            assert_int_equal(kinds, 1);
        }
        for (int c = 0; c < s->n_contours; c++)
            for (int i = 0; i < s->contours[c].n; i++)
                assert_in_range(s->contours[c].points[i], 0, s->n - 1);
    }
}

/* A flip turns each contour into one of the same kind, whatever its direction. */
static void contours_survive_a_flip(void **state)
{
    (void)state;
    for (int k = 0; scheme_at(k); k++) {
        const scheme *s = scheme_at(k);
        for (int c = 0; c < s->n_contours; c++) {
            const scheme_contour *a = &s->contours[c];
            int same = 0;
            for (int d = 0; d < s->n_contours; d++) {
                const scheme_contour *b = &s->contours[d];
                int shared = 0;
                for (int i = 0; i < a->n; i++)
                    shared += holds(b->points, b->n, s->mirror[a->points[i]]);
                same +=
                    a->kind == b->kind && a->closed == b->closed && a->n == b->n && shared == a->n;
            }
            assert_int_equal(same, 1);
        }
    }
}

/* --- real annotations, of COCO's JSON: x, y, visibility of each point ------------------------- */

#define MAX_FACES 4

typedef struct sample_set {
    int n;
    pfld_point faces[MAX_FACES][PFLD_MAX_LANDMARKS];
} sample_set;

static const char *shared(void)
{
    const char *folder = getenv("PFLD_SHARED");
    return folder ? folder : PFLD_SOURCE_DIR "/../shared";
}

static char *slurp(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text;
    size_t n;

    if (!f)
        return NULL;
    text = malloc(1 << 20);
    assert_non_null(text);
    n = fread(text, 1, (1 << 20) - 1, f);
    text[n] = 0;
    fclose(f);
    return text;
}

static void read_samples(const char *set, int points, sample_set *out)
{
    char path[512];
    char *text, *p;

    snprintf(path, sizeof path, "%s/data/formats/%s/test_%s.json", shared(), set, set);
    text = slurp(path);
    if (!text)
        skip();
    out->n = 0;
    for (p = text; (p = strstr(p, "\"keypoints\": [")) != NULL && out->n < MAX_FACES;) {
        p += strlen("\"keypoints\": [");
        for (int i = 0; i < 3 * points; i++) {
            char *end;
            float v = strtof(p, &end);
            if (end == p)
                break; /* the category's own, empty list */
            p = end + strspn(end, " \n,");
            if (i % 3 == 0)
                out->faces[out->n][i / 3].x = v;
            else if (i % 3 == 1)
                out->faces[out->n][i / 3].y = v;
            if (i == 3 * points - 1)
                out->n++;
        }
    }
    free(text);
}

static float distance(pfld_point a, pfld_point b)
{
    return hypotf(a.x - b.x, a.y - b.y);
}

/* How far a face is from another's mirror image (or its own) after the best similarity, rms, in
 * percent of the outer eye corners' distance. */
static float misfit(const scheme *s, const uint8_t *mirror, const pfld_point *face,
                    const pfld_point *other)
{
    pfld_point flipped[PFLD_MAX_LANDMARKS];
    float unit = distance(face[s->right_eye_outer], face[s->left_eye_outer]) / 100.0f, sum = 0.0f;
    affine t;

    for (int i = 0; i < s->n; i++)
        flipped[i] = (pfld_point){-other[mirror[i]].x, other[mirror[i]].y};
    assert_true(affine_fit_similarity(flipped, face, NULL, (size_t)s->n, &t));
    for (int i = 0; i < s->n; i++) {
        float d = distance(affine_apply(&t, flipped[i]), face[i]) / unit;
        sum += d * d;
    }
    return sqrtf(sum / (float)s->n);
}

/* Two faces of each set (or one, twice) that are turned alike once one of them is flipped, and how
 * much they may differ: a little more than measured. A wrong row of points costs 20 and more. */
typedef struct expectation {
    const char *set, *scheme;
    int a, b;
    float limit; /* percent */
} expectation;

static const expectation expected[] = {
    {"wflw", "wflw98", 1, 1, 7.0f},    {"lapa", "lapa106", 0, 1, 6.0f},
    {"cofw", "cofw29", 0, 0, 11.0f},   {"aflw", "aflw19", 0, 0, 6.0f},
    {"300wlp", "ibug68", 0, 1, 11.0f},
};

#define EXPECTED ((int)(sizeof expected / sizeof expected[0]))

static void real_faces_look_like_their_mirror_image(void **state)
{
    (void)state;
    for (int e = 0; e < EXPECTED; e++) {
        const scheme *s = scheme_find(expected[e].scheme);
        sample_set set;
        float rms;
        read_samples(expected[e].set, s->n, &set);
        assert_true(set.n > expected[e].b);
        rms = misfit(s, s->mirror, set.faces[expected[e].a], set.faces[expected[e].b]);
        print_message("%s: %.1f %% of the eye distance\n", s->name, (double)rms);
        assert_true(rms < expected[e].limit);
    }
}

/* No two entries of the table are swapped: that would make the mirror images less alike. */
static void no_swap_improves_a_mirror(void **state)
{
    (void)state;
    for (int e = 0; e < EXPECTED; e++) {
        const scheme *s = scheme_find(expected[e].scheme);
        uint8_t mirror[PFLD_MAX_LANDMARKS];
        sample_set set;
        float right;
        read_samples(expected[e].set, s->n, &set);
        assert_true(set.n > expected[e].b);
        right = misfit(s, s->mirror, set.faces[expected[e].a], set.faces[expected[e].b]);
        for (int i = 0; i < s->n; i++) {
            for (int j = 0; j < i; j++) {
                float swapped;
                memcpy(mirror, s->mirror, (size_t)s->n);
                mirror[i] = s->mirror[j];
                mirror[j] = s->mirror[i];
                swapped = misfit(s, mirror, set.faces[expected[e].a], set.faces[expected[e].b]);
                assert_true(swapped > right - 0.001f); /* equal where points coincide */
            }
        }
    }
}

/* Consecutive points of a contour are neighbours on the face. */
static void contours_step_from_neighbour_to_neighbour(void **state)
{
    (void)state;
    for (int e = 0; e < EXPECTED; e++) {
        const scheme *s = scheme_find(expected[e].scheme);
        const pfld_point *face;
        sample_set set;
        read_samples(expected[e].set, s->n, &set);
        face = set.faces[expected[e].a];
        for (int c = 0; c < s->n_contours; c++) {
            const scheme_contour *line = &s->contours[c];
            for (int i = line->closed ? 0 : 1; i < line->n; i++) {
                int before = i > 0 ? i - 1 : line->n - 1;
                float d = distance(face[line->points[i]], face[line->points[before]]);
                assert_true(d < 0.7f * distance(face[s->right_eye_outer], face[s->left_eye_outer]));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schemes_are_found_by_name_and_by_count),
        cmocka_unit_test(mirrors_undo_themselves),
        cmocka_unit_test(eyes_and_rigid_points_are_each_others_mirror),
        cmocka_unit_test(contours_cover_every_point_once_in_their_group),
        cmocka_unit_test(contours_survive_a_flip),
        cmocka_unit_test(real_faces_look_like_their_mirror_image),
        cmocka_unit_test(no_swap_improves_a_mirror),
        cmocka_unit_test(contours_step_from_neighbour_to_neighbour),
    };
    return cmocka_run_group_tests_name("scheme", tests, NULL, NULL);
}
