/* Detections against true faces: matching, and figures by hand and by another program. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "eval/detection.h"

#define NEAR(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

enum { PHOTOS = 16, MOST = 128 };

/* A set and what was found in it, filled photo by photo. */
typedef struct scene {
    scene_photo photos[PHOTOS];
    scene_face faces[MOST];
    detection found[MOST];
    size_t first[PHOTOS + 1];
    bool left_out[PHOTOS];
    scene_set set;
    detection_list list;
    detection_rule rule;
    detection_table table;
} scene;

static int scene_open(void **state)
{
    static scene s;

    memset(&s, 0, sizeof s);
    s.set = (scene_set){.photos = s.photos, .faces = s.faces};
    s.list = (detection_list){.found = s.found, .first = s.first, .left_out = s.left_out};
    s.rule = (detection_rule){0.5f, 0.0f, INFINITY};
    *state = &s;
    return 0;
}

static int scene_close(void **state)
{
    scene *s = *state;

    detection_table_free(&s->table);
    return 0;
}

static void photo(scene *s)
{
    size_t i = s->set.n_photos++;

    assert_true(i < PHOTOS);
    s->photos[i] = (scene_photo){.image = "photo.jpg", .where = "x", .first = s->set.n_faces};
    s->list.n_photos++;
    s->first[i + 1] = s->first[i];
}

static void face(scene *s, pfld_box box)
{
    s->faces[s->set.n_faces++].box = box;
    s->photos[s->set.n_photos - 1].n++;
}

static void region(scene *s, pfld_box box)
{
    s->faces[s->set.n_faces].ignore = true;
    face(s, box);
}

static void found(scene *s, pfld_box box, float score)
{
    s->found[s->first[s->set.n_photos]++] = (detection){box, score};
}

static void judge(scene *s)
{
    detection_table_free(&s->table);
    assert_int_equal(detection_judge(&s->list, &s->set, &s->rule, &s->table, NULL), PFLD_OK);
    assert_int_equal(s->table.n, s->first[s->set.n_photos]);
}

/* Of the detections as they were added. */
static detection_verdict verdict(const scene *s, size_t i)
{
    for (size_t k = 0; k < s->table.n; k++)
        if (s->table.at[k].found == i)
            return s->table.at[k].verdict;
    fail();
    return DETECTION_VERDICTS;
}

static double ap(const scene *s)
{
    double v;

    assert_int_equal(detection_ap(&s->table, &v, NULL, NULL), PFLD_OK);
    return v;
}

#define IS(s, i, wanted) assert_int_equal(verdict(s, i), DETECTION_##wanted)

/* ---- figures ---- */

static void a_perfect_detector_has_an_ap_of_1(void **state)
{
    scene *s = *state;
    double ci[2], v;

    for (int i = 0; i < 3; i++) {
        photo(s);
        face(s, (pfld_box){10, 10, 30, 40});
        face(s, (pfld_box){60, 10, 30, 40});
        found(s, (pfld_box){10, 10, 30, 40}, 0.9f);
        found(s, (pfld_box){60, 10, 30, 40}, 0.8f);
    }
    judge(s);
    assert_int_equal(s->table.n_faces, 6);
    assert_int_equal(s->table.n_ignored, 0);
    assert_int_equal(detection_ap(&s->table, &v, ci, NULL), PFLD_OK);
    NEAR(v, 1, 0);
    NEAR(ci[0], 1, 0);
    NEAR(ci[1], 1, 0);
    NEAR(detection_at(&s->table, 0.85f).recall, 0.5, 0);
    NEAR(detection_at(&s->table, 0.8f).recall, 1, 0);
}

static void nothing_found_has_an_ap_of_0(void **state)
{
    scene *s = *state;
    detection_count c;

    photo(s);
    face(s, (pfld_box){10, 10, 30, 40});
    judge(s);
    NEAR(ap(s), 0, 0);
    c = detection_within(&s->table, 10);
    NEAR(c.recall, 0, 0);
    NEAR(c.alarms_100, 0, 0);
    assert_true(isnan(c.precision));
}

static void false_alarms_alone_have_an_ap_of_0(void **state)
{
    scene *s = *state;
    detection_count c;

    photo(s);
    face(s, (pfld_box){10, 10, 30, 40});
    found(s, (pfld_box){100, 10, 30, 40}, 0.9f);
    found(s, (pfld_box){10, 100, 30, 40}, 0.4f);
    judge(s);
    NEAR(ap(s), 0, 0);
    c = detection_at(&s->table, 0.5f);
    assert_int_equal(c.alarms, 1);
    NEAR(c.alarms_100, 100, 0);
    NEAR(c.precision, 0, 0);
}

static void without_true_faces_there_is_no_ap(void **state)
{
    scene *s = *state;
    double v = 0, ci[2] = {0, 0};

    photo(s);
    found(s, (pfld_box){100, 10, 30, 40}, 0.9f);
    photo(s);
    judge(s);
    assert_int_equal(detection_ap(&s->table, &v, ci, NULL), PFLD_OK);
    assert_true(isnan(v) && isnan(ci[0]) && isnan(ci[1]));
    assert_true(isnan(detection_at(&s->table, 0.5f).recall));
    NEAR(detection_at(&s->table, 0.5f).alarms_100, 50, 0);
}

/* Hits at ranks 1 and 3 of 4 faces: 1/4 * 1 + 1/4 * 2/3; a late alarm costs nothing. */
static void ap_is_the_area_under_the_best_precision_from_there_on(void **state)
{
    scene *s = *state;
    double recall[4], precision[4];

    photo(s);
    for (int i = 0; i < 4; i++)
        face(s, (pfld_box){(float)i * 50, 0, 40, 40});
    found(s, (pfld_box){0, 0, 40, 40}, 0.9f);
    found(s, (pfld_box){0, 90, 40, 40}, 0.8f);
    found(s, (pfld_box){50, 0, 40, 40}, 0.7f);
    found(s, (pfld_box){90, 90, 40, 40}, 0.6f);
    judge(s);
    NEAR(ap(s), 0.25 + 0.25 * 2 / 3, 1e-12);
    assert_int_equal(detection_curve(&s->table, recall, precision), 4);
    NEAR(recall[2], 0.5, 0);
    NEAR(precision[2], 2.0 / 3, 1e-12);
    NEAR(precision[3], 0.5, 1e-12);
}

/* The generator of the reference: the figures below are those of a brute-force program of its own
 * (Python, VOC 2010's way of adding up) over the same numbers. */
static uint32_t dice_state;
static int dice(int n)
{
    dice_state = (dice_state * 1103515245u + 12345u) & 0x7fffffffu;
    return (int)((dice_state >> 8) % (uint32_t)n);
}

static pfld_box dice_box(int x0, int xn, int yn, int side0, int siden)
{
    pfld_box b;

    b.x = (float)(x0 + dice(xn));
    b.y = (float)dice(yn);
    b.w = (float)(side0 + dice(siden));
    b.h = (float)(side0 + dice(siden));
    return b;
}

static void dice_photo(scene *s)
{
    int n_faces = dice(4), n_found;
    const scene_face *faces = s->faces + s->set.n_faces;

    photo(s);
    for (int i = 0; i < n_faces; i++)
        face(s, dice_box(i * 100, 20, 20, 20, 60));
    n_found = dice(7);
    for (int i = 0; i < n_found; i++) {
        pfld_box b;
        if (n_faces && dice(3)) {
            b = faces[dice(n_faces)].box;
            b.x += (float)(dice(21) - 10);
            b.y += (float)(dice(21) - 10);
            b.w += (float)dice(9);
            b.h += (float)dice(9);
        } else {
            b = dice_box(0, 300, 100, 20, 50);
        }
        found(s, b, (float)(1 + dice(90)) / 100.0f);
    }
}

static void figures_are_those_of_another_program(void **state)
{
    static const struct {
        float iou;
        double ap;
        size_t hits;
    } cases[] = {{0.3f, 0.355743727599, 11},
                 {0.4f, 0.345006127451, 11},
                 {0.5f, 0.318131127451, 10},
                 {0.7f, 0.116015625000, 5}};
    scene *s = *state;

    dice_state = 7;
    for (int i = 0; i < 12; i++)
        dice_photo(s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s->rule.iou = cases[i].iou;
        judge(s);
        assert_int_equal(s->table.n, 32);
        assert_int_equal(s->table.n_faces, 16);
        assert_int_equal(detection_at(&s->table, 0.0f).hits, cases[i].hits);
        NEAR(ap(s), cases[i].ap, 1e-11);
    }
}

static void the_interval_is_around_the_ap_and_repeats(void **state)
{
    scene *s = *state;
    double v, ci[2], again[2];

    dice_state = 7;
    for (int i = 0; i < 12; i++)
        dice_photo(s);
    judge(s);
    assert_int_equal(detection_ap(&s->table, &v, ci, NULL), PFLD_OK);
    assert_true(0 <= ci[0] && ci[0] < v && v < ci[1] && ci[1] <= 1);
    assert_int_equal(detection_ap(&s->table, &v, again, NULL), PFLD_OK);
    assert_memory_equal(ci, again, sizeof ci);
}

/* ---- matching ---- */

static void an_overlap_of_just_the_threshold_is_a_hit(void **state)
{
    scene *s = *state;

    photo(s);
    face(s, (pfld_box){0, 0, 10, 10});
    found(s, (pfld_box){0, 0, 10, 5}, 0.9f); /* 50 of 100 */
    judge(s);
    IS(s, 0, HIT);
    s->rule.iou = 0.501f;
    judge(s);
    IS(s, 0, ALARM);
}

static void a_second_detection_of_a_face_is_a_false_alarm(void **state)
{
    scene *s = *state;

    photo(s);
    face(s, (pfld_box){0, 0, 40, 40});
    found(s, (pfld_box){0, 0, 40, 40}, 0.5f);
    found(s, (pfld_box){1, 1, 40, 40}, 0.9f); /* the better score takes it */
    judge(s);
    IS(s, 0, ALARM);
    IS(s, 1, HIT);
}

static void one_detection_over_two_faces_hits_the_one_that_it_overlaps_best(void **state)
{
    scene *s = *state;

    photo(s);
    face(s, (pfld_box){0, 0, 40, 40});
    face(s, (pfld_box){10, 0, 40, 40});
    found(s, (pfld_box){8, 0, 40, 40}, 0.9f);
    judge(s);
    IS(s, 0, HIT);
    assert_int_equal(s->table.at[0].face, 1);
    NEAR(detection_at(&s->table, 0.1f).recall, 0.5, 0);
}

static void a_detection_whose_best_face_is_taken_gets_the_next_one(void **state)
{
    scene *s = *state;

    photo(s);
    face(s, (pfld_box){0, 0, 40, 40});
    face(s, (pfld_box){10, 0, 40, 40});
    found(s, (pfld_box){9, 0, 40, 40}, 0.9f);
    found(s, (pfld_box){7, 0, 40, 40}, 0.8f); /* overlaps the second one best, too */
    judge(s);
    IS(s, 0, HIT);
    IS(s, 1, HIT);
    assert_int_equal(s->table.at[1].face, 0);
}

static void a_face_is_hit_in_its_own_photo_only(void **state)
{
    scene *s = *state;

    photo(s);
    face(s, (pfld_box){0, 0, 40, 40});
    photo(s);
    found(s, (pfld_box){0, 0, 40, 40}, 0.9f);
    judge(s);
    IS(s, 0, ALARM);
}

static void equal_scores_go_by_photo_and_place(void **state)
{
    scene *s = *state;

    for (int i = 0; i < 3; i++) {
        photo(s);
        face(s, (pfld_box){0, 0, 40, 40});
        found(s, (pfld_box){0, 0, 40, 40}, 0.5f);
        found(s, (pfld_box){2, 0, 40, 40}, i == 2 ? 0.75f : 0.5f);
    }
    judge(s);
    assert_int_equal(s->table.at[0].found, 5);
    for (size_t i = 1; i < 6; i++)
        assert_int_equal(s->table.at[i].found, i - 1);
    IS(s, 0, HIT);
    IS(s, 1, ALARM);
    IS(s, 4, ALARM);
    IS(s, 5, HIT);
}

static void ignored_regions_pass_whatever_lies_on_them(void **state)
{
    scene *s = *state;

    photo(s);
    face(s, (pfld_box){0, 0, 40, 40});
    region(s, (pfld_box){100, 0, 60, 60});
    region(s, (pfld_box){200, 0, 10, 10});
    found(s, (pfld_box){100, 0, 60, 60}, 0.9f);
    found(s, (pfld_box){105, 5, 20, 20}, 0.8f); /* IoU 0.11, but all of it lies there */
    found(s, (pfld_box){150, 0, 20, 60}, 0.7f); /* half of it does */
    found(s, (pfld_box){151, 0, 20, 60}, 0.6f); /* a little less */
    found(s, (pfld_box){200, 0, 25, 10}, 0.5f); /* neither by area nor IoU */
    judge(s);
    IS(s, 0, PASSED);
    IS(s, 1, PASSED);
    IS(s, 2, PASSED);
    IS(s, 3, ALARM);
    IS(s, 4, ALARM);
    s->rule.iou = 0.4f; /* and now by IoU */
    judge(s);
    IS(s, 4, PASSED);
    assert_int_equal(s->table.n_faces, 1);
    assert_int_equal(s->table.n_ignored, 2);
}

static void a_face_comes_before_the_region_around_it(void **state)
{
    scene *s = *state;

    photo(s);
    region(s, (pfld_box){0, 0, 40, 40});
    face(s, (pfld_box){5, 0, 40, 40});
    found(s, (pfld_box){0, 0, 40, 40}, 0.9f);
    found(s, (pfld_box){5, 0, 40, 40}, 0.8f);
    judge(s);
    IS(s, 0, HIT);
    IS(s, 1, PASSED);
}

/* ---- sizes ---- */

static void faces_of_another_size_are_neither_missed_nor_hit(void **state)
{
    scene *s = *state;

    s->rule.min_side = 16;
    s->rule.max_side = 32;
    photo(s);
    face(s, (pfld_box){0, 0, 16, 16});   /* just asked for */
    face(s, (pfld_box){100, 0, 32, 32}); /* just not */
    face(s, (pfld_box){200, 0, 15, 15}); /* too small */
    found(s, (pfld_box){0, 0, 16, 16}, 0.9f);
    found(s, (pfld_box){100, 0, 31, 31}, 0.8f); /* itself of the size */
    found(s, (pfld_box){200, 0, 16, 16}, 0.7f);
    found(s, (pfld_box){200, 1, 16, 16}, 0.6f); /* again: that face is used up */
    judge(s);
    assert_int_equal(s->table.n_faces, 1);
    assert_int_equal(s->table.n_ignored, 2);
    IS(s, 0, HIT);
    IS(s, 1, PASSED);
    IS(s, 2, PASSED);
    IS(s, 3, ALARM);
}

static void loose_detections_of_another_size_pass(void **state)
{
    scene *s = *state;

    s->rule.min_side = 16;
    s->rule.max_side = 32;
    photo(s);
    found(s, (pfld_box){0, 0, 15.9f, 15.9f}, 0.9f);
    found(s, (pfld_box){50, 0, 8, 32}, 0.8f); /* side 16 */
    found(s, (pfld_box){90, 0, 32, 32}, 0.7f);
    judge(s);
    IS(s, 0, PASSED);
    IS(s, 1, ALARM);
    IS(s, 2, PASSED);
}

static void a_hit_of_another_size_counts(void **state)
{
    scene *s = *state;

    s->rule.min_side = 16;
    photo(s);
    face(s, (pfld_box){0, 0, 16, 16});
    found(s, (pfld_box){0, 0, 14, 14}, 0.9f);
    judge(s);
    IS(s, 0, HIT);
}

static void faces_asked_for_come_before_better_overlaps_of_another_size(void **state)
{
    scene *s = *state;

    s->rule.max_side = 40;
    photo(s);
    face(s, (pfld_box){0, 0, 40, 40});
    face(s, (pfld_box){0, 0, 39, 39});
    found(s, (pfld_box){0, 0, 40, 40}, 0.9f);
    judge(s);
    IS(s, 0, HIT);
    assert_int_equal(s->table.at[0].face, 1);
}

/* ---- thresholds ---- */

/* 20 photos would be needed for 2 alarms in 10 photos each; here 10 photos allow 1. */
static void few_alarms_are_counted_against_photos(void **state)
{
    scene *s = *state;
    detection_count c;

    for (int i = 0; i < 10; i++) {
        photo(s);
        face(s, (pfld_box){0, 0, 40, 40});
        found(s, (pfld_box){0, 0, 40, 40}, 0.9f - 0.05f * (float)i);
        if (i % 3 == 0)
            found(s, (pfld_box){90, 0, 40, 40}, 0.88f - 0.05f * (float)i);
    }
    judge(s); /* alarms at 0.88, 0.73, 0.58, 0.43; hits at 0.9, 0.85, 0.8, 0.75, 0.7 ... */
    c = detection_within(&s->table, 10);
    assert_int_equal(c.alarms, 1);
    assert_int_equal(c.hits, 4);
    assert_true(c.threshold > 0.73f && c.threshold < 0.7301f);
    c = detection_within(&s->table, 9.9);
    assert_int_equal(c.alarms, 0);
    assert_int_equal(c.hits, 1);
    c = detection_within(&s->table, 40);
    assert_int_equal(c.hits, 10);
    NEAR((double)c.threshold, 0, 0);
}

static void alarms_of_one_score_stay_or_go_together(void **state)
{
    scene *s = *state;
    detection_count c;

    for (int i = 0; i < 10; i++) {
        photo(s);
        if (i < 3)
            found(s, (pfld_box){90, 0, 40, 40}, 0.5f);
    }
    judge(s);
    c = detection_within(&s->table, 20);
    assert_int_equal(c.alarms, 0);
    assert_true(c.threshold > 0.5f);
    c = detection_within(&s->table, 30);
    assert_int_equal(c.alarms, 3);
}

static void photos_left_out_count_nowhere(void **state)
{
    scene *s = *state;
    double v, ci[2];

    photo(s);
    face(s, (pfld_box){0, 0, 40, 40});
    found(s, (pfld_box){0, 0, 40, 40}, 0.9f);
    photo(s);
    face(s, (pfld_box){0, 0, 40, 40});
    region(s, (pfld_box){0, 0, 4, 4});
    s->left_out[1] = true;
    judge(s);
    assert_int_equal(s->table.n_photos, 1);
    assert_int_equal(s->table.n_faces, 1);
    assert_int_equal(s->table.n_ignored, 0);
    assert_int_equal(detection_ap(&s->table, &v, ci, NULL), PFLD_OK);
    NEAR(v, 1, 0);
    NEAR(ci[0], 1, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scene_open, scene_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_perfect_detector_has_an_ap_of_1),
        CASE(nothing_found_has_an_ap_of_0),
        CASE(false_alarms_alone_have_an_ap_of_0),
        CASE(without_true_faces_there_is_no_ap),
        CASE(ap_is_the_area_under_the_best_precision_from_there_on),
        CASE(figures_are_those_of_another_program),
        CASE(the_interval_is_around_the_ap_and_repeats),
        CASE(an_overlap_of_just_the_threshold_is_a_hit),
        CASE(a_second_detection_of_a_face_is_a_false_alarm),
        CASE(one_detection_over_two_faces_hits_the_one_that_it_overlaps_best),
        CASE(a_detection_whose_best_face_is_taken_gets_the_next_one),
        CASE(a_face_is_hit_in_its_own_photo_only),
        CASE(equal_scores_go_by_photo_and_place),
        CASE(ignored_regions_pass_whatever_lies_on_them),
        CASE(a_face_comes_before_the_region_around_it),
        CASE(faces_of_another_size_are_neither_missed_nor_hit),
        CASE(loose_detections_of_another_size_pass),
        CASE(a_hit_of_another_size_counts),
        CASE(faces_asked_for_come_before_better_overlaps_of_another_size),
        CASE(few_alarms_are_counted_against_photos),
        CASE(alarms_of_one_score_stay_or_go_together),
        CASE(photos_left_out_count_nowhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
