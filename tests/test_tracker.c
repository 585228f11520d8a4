/* Who is who from frame to frame, in a world of squares that two made-up nets look at. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "track/tracker.h"

/*
 * For tests/CMakeLists.txt, which wants each name and its ) on one line:
 * __wrap_faces_find()
 * __wrap_faces_follow()
 * __wrap_faces_square()
 * __wrap_faces_frame()
 */
size_t __wrap_faces_find(faces *f, const pfld_image *img, pfld_face *out, size_t cap);
bool __wrap_faces_follow(faces *f, const pfld_image *img, const face_square *near,
                         face_square *seen, pfld_face *out);
bool __wrap_faces_square(const faces *f, const pfld_face *face, face_square *out);
face_square __wrap_faces_frame(const faces *f, const face_square *seen, pfld_face *face);

/* ---- the world ---- */

enum { HEADS = 4, POINTS = 68 };
static face_square heads[HEADS];
static bool shown[HEADS];
static float score[HEADS], presence[HEADS]; /* what the nets say of them */
static size_t n_heads;
static int searches, looks;   /* looks: in the last frame */
static face_square looked_at; /* by the first of them */
static float falls_short;     /* of the way to a face: what a look at it misses */
static face_square part;      /* a misreading of the first head; side 0: there is none */
static bool part_found;       /* by the search, instead of the head */
static tracker tr;
static pfld_face out[TRACKER_MAX_FACES];
static double now;
static uint8_t scenery[480 * 640];

static void draw(const face_square *s, pfld_face *face)
{
    *face = (pfld_face){
        .score = 0.9f, .presence = 0.95f, .n_landmarks = POINTS, .pose = {.roll = s->roll}};
    face->box = (pfld_box){s->x - s->side / 2, s->y - s->side / 2, s->side, s->side};
    for (int i = 0; i < POINTS; i++) {
        float a = 6.2831853f * (float)i / POINTS;
        face->cov[i] = (pfld_cov){NAN, NAN, NAN};
        face->landmarks[i] =
            (pfld_point){s->x + s->side / 2 * cosf(a), s->y + s->side / 2 * sinf(a)};
    }
}

static void draw_head(size_t i, const face_square *at, pfld_face *face)
{
    draw(at, face);
    face->score = score[i];
    face->presence = presence[i];
}

bool __wrap_faces_square(const faces *f, const pfld_face *face, face_square *square)
{
    (void)f;
    *square = (face_square){face->box.x + face->box.w / 2, face->box.y + face->box.h / 2,
                            face->box.w, face->pose.roll};
    return true;
}

face_square __wrap_faces_frame(const faces *f, const face_square *seen, pfld_face *face)
{
    (void)f;
    (void)face;
    return *seen;
}

size_t __wrap_faces_find(faces *f, const pfld_image *img, pfld_face *found, size_t cap)
{
    size_t n = 0;

    (void)f;
    (void)img;
    searches++;
    if (part_found) {
        draw(&part, &found[0]);
        found[0].score = 0.6f;
        return 1;
    }
    for (size_t i = n_heads; i-- > 0;) /* in another order than they began */
        if (shown[i] && n < cap)
            draw_head(i, &heads[i], &found[n++]);
    return n;
}

/* The nearest head that shows, as a landmark net would be drawn to it: all the way, or less. */
bool __wrap_faces_follow(faces *f, const pfld_image *img, const face_square *near,
                         face_square *seen, pfld_face *face)
{
    float least = 0.6f;
    size_t which = HEADS;

    (void)f;
    (void)img;
    if (looks++ == 0)
        looked_at = *near;
    if (part.side > 0 && hypotf(part.x - near->x, part.y - near->y) < 5 &&
        fabsf(part.side - near->side) < 5) {
        *seen = part;
        draw(seen, face);
        return true;
    }
    for (size_t i = 0; i < n_heads; i++) {
        float off = hypotf(heads[i].x - near->x, heads[i].y - near->y) / near->side;
        if (!shown[i] || off >= least)
            continue;
        least = off;
        *seen = heads[i];
        which = i;
    }
    if (which == HEADS)
        return false;
    seen->x -= falls_short * (seen->x - near->x);
    seen->y -= falls_short * (seen->y - near->y);
    draw_head(which, seen, face);
    return true;
}

static int begin(void **state)
{
    (void)state;
    memset(&tr, 0, sizeof tr);
    tr.opt = (tracker_options){
        .max_faces = TRACKER_MAX_FACES, .smooth = 0.5f, .search_every = 0.3f, .hold = 1.5f};
    n_heads = 0;
    searches = 0;
    falls_short = 0;
    part = (face_square){0};
    part_found = false;
    memset(scenery, 0, sizeof scenery);
    now = 0;
    return 0;
}

static void head(float x, float y, float side)
{
    shown[n_heads] = true;
    score[n_heads] = 0.9f;
    presence[n_heads] = 0.95f;
    heads[n_heads++] = (face_square){x, y, side, 0};
}

static size_t frame_after(double seconds)
{
    static landmarks points;
    static detector finder;
    faces f = {.points = &points, .finder = &finder};
    const pfld_image img = {scenery, 640, 480, 640, PFLD_GRAY8};

    now += seconds;
    looks = 0;
    return tracker_step(&tr, &f, &img, now, out, TRACKER_MAX_FACES);
}

static size_t frame(void)
{
    return frame_after(1.0 / 30);
}

static void assert_at(const pfld_face *face, uint32_t id, const face_square *s)
{
    assert_int_equal(face->id, id);
    assert_true(fabsf(face->box.x + face->box.w / 2 - s->x) < 0.01f);
    assert_true(fabsf(face->landmarks[0].x - s->x - s->side / 2) < 0.1f * s->side);
}

/* ---- tests ---- */

static void faces_keep_their_ids_and_searches_are_few(void **state)
{
    (void)state;
    head(100, 100, 60);
    head(400, 200, 90);
    for (int k = 0; k < 60; k++) {
        assert_int_equal(frame(), 2);
        assert_at(&out[0], 1, &heads[1]); /* the search's first */
        assert_at(&out[1], 2, &heads[0]);
        heads[0].x += 8;
        heads[1].y += 2;
    }
    assert_true(searches >= 6 && searches <= 8); /* 2 s */
}

static void a_new_face_is_found_by_the_next_search(void **state)
{
    size_t n = 0;
    int k;

    (void)state;
    head(100, 100, 60);
    for (k = 0; k < 20; k++)
        frame();
    head(300, 300, 60);
    for (k = 0; k < 12 && n < 2; k++)
        n = frame();
    assert_int_equal(n, 2);
    assert_at(&out[1], 2, &heads[1]);
}

static void a_face_that_was_covered_is_the_same_one(void **state)
{
    (void)state;
    head(100, 100, 60);
    head(400, 200, 60);
    for (int k = 0; k < 10; k++)
        frame();
    shown[0] = false;
    for (int k = 0; k < 30; k++) {
        assert_int_equal(frame(), 1);
        assert_at(&out[0], 1, &heads[1]);
    }
    heads[0].x += 40; /* it went on behind */
    shown[0] = true;
    assert_int_equal(frame(), 2);
    assert_at(&out[1], 2, &heads[0]);
}

static void a_face_that_left_is_forgotten(void **state)
{
    (void)state;
    head(100, 100, 60);
    frame();
    shown[0] = false;
    for (int k = 0; k < 50; k++) /* more than 1.5 s */
        assert_int_equal(frame(), 0);
    assert_int_equal(tr.n, 0);
    shown[0] = true;
    assert_int_equal(frame(), 1);
    assert_int_equal(out[0].id, 2);
}

static void faces_that_cross_come_out_as_they_went_in(void **state)
{
    (void)state;
    head(100, 200, 60);
    head(400, 205, 64);
    frame();
    for (int k = 0; k < 100; k++) {
        heads[0].x += 6; /* passes in front */
        shown[1] = fabsf(heads[0].x - heads[1].x) > 30;
        frame();
    }
    assert_int_equal(frame(), 2);
    assert_at(&out[0], 1, &heads[1]);
    assert_at(&out[1], 2, &heads[0]);
}

static void a_face_that_walked_on_behind_is_the_same_one(void **state)
{
    (void)state;
    head(100, 200, 60);
    head(100, 400, 60);
    for (int k = 0; k < 10; k++) {
        frame();
        heads[0].x += 8; /* 4 of its sides a second */
    }
    shown[0] = false;
    for (int k = 0; k < 20; k++) {
        heads[0].x += 8;
        assert_int_equal(frame(), 1);
    }
    shown[0] = true;
    assert_int_equal(frame(), 2);
    assert_at(&out[1], 2, &heads[0]);
}

static void a_face_that_was_misread_is_corrected(void **state)
{
    (void)state;
    head(200, 200, 100);
    part = (face_square){180, 185, 50, 0};
    part_found = true; /* what hides the rest goes by */
    assert_int_equal(frame(), 1);
    assert_at(&out[0], 1, &part);
    part_found = false;
    for (int k = 0; k < 4; k++)
        frame();
    assert_int_equal(frame(), 1);
    assert_at(&out[0], 1, &heads[0]);
}

static void a_face_known_for_long_is_not_corrected_at_once(void **state)
{
    (void)state;
    head(200, 200, 100);
    for (int k = 0; k < 30; k++)
        frame();
    heads[0].side = 50; /* what the search sees, and no look */
    part = (face_square){200, 200, 100, 0};
    for (int k = 0; k < 10; k++) {
        assert_int_equal(frame(), 1);
        assert_at(&out[0], 1, &part);
    }
    for (int k = 0; k < 20; k++)
        frame();
    assert_at(&out[0], 1, &heads[0]);
}

static void a_part_of_a_lost_face_is_no_new_one(void **state)
{
    (void)state;
    head(200, 200, 100);
    for (int k = 0; k < 10; k++)
        frame();
    shown[0] = false;
    frame();
    part = (face_square){230, 260, 40, 0};
    part_found = true;
    for (int k = 0; k < 5; k++)
        assert_int_equal(frame(), 0);
    part_found = false;
    shown[0] = true;
    assert_int_equal(frame(), 1);
    assert_at(&out[0], 1, &heads[0]);
}

/* The head goes away, and after a frame a search finds this instead of it. */
static size_t hide_behind(float x, float y, float side, float roll)
{
    for (int k = 0; k < 10; k++)
        frame();
    shown[0] = false;
    assert_int_equal(frame(), 0);
    part = (face_square){x, y, side, roll};
    part_found = true;
    return frame();
}

static void come_out(void)
{
    part_found = false;
    part.side = 0;
    shown[0] = true;
}

static void a_face_misread_as_it_comes_back_is_found_where_it_was(void **state)
{
    (void)state;
    head(200, 200, 100);
    assert_int_equal(hide_behind(150, 195, 30, 0), 1);
    assert_at(&out[0], 1, &part);
    for (int k = 0; k < 5; k++) /* followed by a look that believes in it */
        assert_int_equal(frame(), 1);
    come_out();
    assert_int_equal(frame(), 1);
    assert_at(&out[0], 1, &heads[0]);
}

static void a_part_that_is_read_upside_down_is_no_new_face(void **state)
{
    (void)state;
    head(200, 200, 100);
    assert_int_equal(hide_behind(250, 180, 110, 180), 0);
    come_out();
    assert_int_equal(frame(), 1);
    assert_at(&out[0], 1, &heads[0]);
}

static void what_was_never_sure_gives_way_to_a_lost_face(void **state)
{
    (void)state;
    head(200, 200, 100);
    assert_int_equal(hide_behind(330, 200, 170, 0), 1);
    assert_at(&out[0], 2, &part);
    come_out();
    heads[0].x = 300; /* it went on behind */
    assert_int_equal(frame(), 1);
    assert_at(&out[0], 1, &heads[0]);
    assert_int_equal(tr.n, 1);
}

static void a_track_that_gives_way_claims_nothing(void **state)
{
    (void)state;
    head(200, 200, 100);
    assert_int_equal(hide_behind(300, 200, 170, 0), 1);
    assert_at(&out[0], 2, &part);
    come_out();
    heads[0] = (face_square){250, 200, 140, 0}; /* likest to the track that gives way */
    assert_int_equal(frame(), 1);
    assert_at(&out[0], 1, &heads[0]);
}

static void a_face_beside_one_that_comes_back_keeps_its_id(void **state)
{
    (void)state;
    head(200, 200, 100);
    for (int k = 0; k < 10; k++)
        frame();
    shown[0] = false;
    for (int k = 0; k < 5; k++)
        assert_int_equal(frame(), 0);
    head(310, 200, 190); /* larger than the lost face could be, at first, and the search not sure */
    score[1] = 0.6f;
    assert_int_equal(frame(), 1);
    assert_at(&out[0], 2, &heads[1]);
    heads[1].side = 160;
    score[1] = 0.9f;
    shown[0] = true;
    assert_int_equal(frame(), 2);
    assert_at(&out[0], 1, &heads[0]);
    assert_at(&out[1], 2, &heads[1]);
}

static void a_face_may_go_far_while_it_is_half_covered(void **state)
{
    (void)state;
    head(100, 200, 60);
    for (int k = 0; k < 10; k++)
        frame();
    presence[0] = 0.5f;
    for (int k = 0; k < 45; k++) { /* a side a second */
        heads[0].x += 2;
        assert_int_equal(frame(), 1);
    }
    shown[0] = false;
    assert_int_equal(frame(), 0);
    shown[0] = true;
    assert_int_equal(frame(), 1);
    assert_at(&out[0], 1, &heads[0]);
}

static void who_is_found_beside_a_face_that_comes_back_stays_in_sight(void **state)
{
    (void)state;
    head(310, 200, 170); /* larger than the lost face could be */
    score[0] = 0.6f;
    shown[0] = false;
    head(200, 200, 100);
    for (int k = 0; k < 10; k++)
        frame();
    shown[0] = true;
    shown[1] = false;
    for (int k = 0; k < 3; k++)
        assert_int_equal(frame(), 1);
    assert_at(&out[0], 2, &heads[0]);
    shown[1] = true;
    heads[1].x = 234; /* where the other's points lag behind a search that finds both */
    heads[0].x = 330;
    falls_short = 0.3f;
    assert_int_equal(frame(), 2);
    assert_at(&out[0], 1, &heads[1]);
    assert_int_equal(out[1].id, 2);
}

static void who_comes_far_from_a_face_that_stayed_half_covered_is_another(void **state)
{
    (void)state;
    head(100, 200, 60);
    for (int k = 0; k < 10; k++)
        frame();
    presence[0] = 0.5f;
    for (int k = 0; k < 70; k++)
        assert_int_equal(frame(), 1);
    shown[0] = false;
    assert_int_equal(frame(), 0);
    head(270, 200, 60);
    assert_int_equal(frame(), 1);
    assert_at(&out[0], 2, &heads[1]);
    shown[0] = true;
    presence[0] = 0.95f;
    assert_int_equal(frame(), 2);
    assert_at(&out[0], 1, &heads[0]);
}

static void what_is_too_far_from_a_lost_face_by_now_keeps_its_id(void **state)
{
    (void)state;
    head(100, 200, 60);
    for (int k = 0; k < 10; k++) {
        frame();
        heads[0].x += 8; /* 4 of its sides a second */
    }
    shown[0] = false;
    for (int k = 0; k < 14; k++)
        assert_int_equal(frame(), 0);
    part = (face_square){352, 200, 103, 0}; /* 3 sides on, where the lost face may be just now */
    part_found = true;
    for (int k = 0; k < 27; k++)
        assert_int_equal(frame(), 1);
    assert_at(&out[0], 2, &part);
    come_out();
    heads[0] = (face_square){352, 200, 96, 0};
    assert_int_equal(frame(), 1);
    assert_at(&out[0], 2, &heads[0]);
}

static void after_a_cut_nobody_is_known(void **state)
{
    (void)state;
    head(100, 200, 60);
    memset(scenery, 200, sizeof scenery / 2);
    for (int k = 0; k < 5; k++)
        frame();
    memset(scenery, 0, sizeof scenery);
    for (int y = 0; y < 480; y++)
        memset(scenery + 640 * (ptrdiff_t)y, 200, 320);
    assert_int_equal(frame(), 1);
    assert_at(&out[0], 2, &heads[0]);
}

static void what_overlaps_a_face_is_no_other_face(void **state)
{
    (void)state;
    head(100, 200, 60);
    head(100, 228, 50); /* a detector may see mouth and chin as one more */
    for (int k = 0; k < 20; k++)
        assert_int_equal(frame(), 1);
}

static void another_face_at_a_cut_gets_another_id(void **state)
{
    (void)state;
    head(100, 200, 60);
    for (int k = 0; k < 5; k++)
        frame();
    heads[0] = (face_square){500, 300, 150, 0};
    assert_int_equal(frame(), 1);
    assert_at(&out[0], 2, &heads[0]);
}

static void there_are_no_more_faces_than_asked_for(void **state)
{
    (void)state;
    tr.opt.max_faces = 2;
    for (int i = 0; i < HEADS; i++)
        head(80 + 150 * (float)i, 200, 60);
    for (int k = 0; k < 20; k++)
        assert_int_equal(frame(), 2);
    assert_int_equal(tr.last_id, 2);
}

static void a_face_in_sight_takes_the_place_of_a_lost_one(void **state)
{
    (void)state;
    tr.opt.max_faces = 1;
    head(100, 200, 60);
    frame();
    shown[0] = false;
    head(500, 300, 150);
    assert_int_equal(frame(), 1);
    assert_at(&out[0], 2, &heads[1]);
}

static void after_a_long_gap_nobody_is_known(void **state)
{
    (void)state;
    head(100, 200, 60);
    frame();
    now += 1e13;
    assert_int_equal(frame(), 1);
    assert_at(&out[0], 2, &heads[0]);
}

static void time_that_goes_back_begins_anew(void **state)
{
    (void)state;
    head(100, 200, 60);
    frame();
    frame();
    now -= 1;
    assert_int_equal(frame(), 1);
    assert_int_equal(out[0].id, 2);
    now -= 1.0 / 30; /* the same again */
    assert_int_equal(frame(), 1);
    assert_int_equal(out[0].id, 3);
}

static void a_face_that_jumps_is_not_followed_by_its_old_points(void **state)
{
    (void)state;
    head(100, 200, 60);
    for (int k = 0; k < 30; k++) {
        frame();
        heads[0].x += k % 2 ? 25 : -25;
        assert_int_equal(frame(), 1);
        assert_at(&out[0], 1, &heads[0]);
    }
}

static void a_face_is_not_looked_for_far_ahead_after_a_gap(void **state)
{
    (void)state;
    head(100, 200, 60);
    for (int k = 0; k < 10; k++) {
        frame();
        heads[0].x += 4; /* 120 pixels a second */
    }
    heads[0].x -= 4; /* and stands still from now on */
    assert_int_equal(frame_after(0.4), 1);
    assert_true(looked_at.x > heads[0].x + 8 && looked_at.x < heads[0].x + 13); /* not 48, nor 30 */
    assert_at(&out[0], 1, &heads[0]);
}

static void a_face_far_off_is_looked_at_twice(void **state)
{
    (void)state;
    falls_short = 0.3f;
    head(100, 200, 60);
    for (int k = 0; k < 3; k++)
        frame();
    assert_int_equal(looks, 1);
    heads[0].x += 25;
    assert_int_equal(frame(), 1);
    assert_int_equal(looks, 2);
    assert_true(fabsf(out[0].box.x + out[0].box.w / 2 - heads[0].x) < 0.3f * 0.3f * 25 + 0.01f);
}

#define CASE(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(faces_keep_their_ids_and_searches_are_few),
        CASE(a_new_face_is_found_by_the_next_search),
        CASE(a_face_that_was_covered_is_the_same_one),
        CASE(a_face_that_left_is_forgotten),
        CASE(faces_that_cross_come_out_as_they_went_in),
        CASE(a_face_that_walked_on_behind_is_the_same_one),
        CASE(a_face_that_was_misread_is_corrected),
        CASE(a_face_known_for_long_is_not_corrected_at_once),
        CASE(a_part_of_a_lost_face_is_no_new_one),
        CASE(a_face_misread_as_it_comes_back_is_found_where_it_was),
        CASE(a_part_that_is_read_upside_down_is_no_new_face),
        CASE(what_was_never_sure_gives_way_to_a_lost_face),
        CASE(a_track_that_gives_way_claims_nothing),
        CASE(a_face_beside_one_that_comes_back_keeps_its_id),
        CASE(a_face_may_go_far_while_it_is_half_covered),
        CASE(who_is_found_beside_a_face_that_comes_back_stays_in_sight),
        CASE(who_comes_far_from_a_face_that_stayed_half_covered_is_another),
        CASE(what_is_too_far_from_a_lost_face_by_now_keeps_its_id),
        CASE(after_a_cut_nobody_is_known),
        CASE(what_overlaps_a_face_is_no_other_face),
        CASE(another_face_at_a_cut_gets_another_id),
        CASE(there_are_no_more_faces_than_asked_for),
        CASE(a_face_in_sight_takes_the_place_of_a_lost_one),
        CASE(after_a_long_gap_nobody_is_known),
        CASE(time_that_goes_back_begins_anew),
        CASE(a_face_that_jumps_is_not_followed_by_its_old_points),
        CASE(a_face_is_not_looked_for_far_ahead_after_a_gap),
        CASE(a_face_far_off_is_looked_at_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
