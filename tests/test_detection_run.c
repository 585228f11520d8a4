/* A detector over photos: on threads, with photos that fail, and the report on it. */
#define _XOPEN_SOURCE 700
#include "reader_files.h"

#include "core/error.h"
#include "eval/detection_report.h"
#include "eval/detection_run.h"
#include "media/codec.h"

/* ---- a detector that finds what the picture's bytes say ---- */

/*
 * For tests/CMakeLists.txt, which wants each name and its ) on one line:
 * __wrap_pfld_session_create()
 * __wrap_pfld_detect()
 */
pfld_status __wrap_pfld_session_create(const pfld_model *landmarks, const pfld_model *detector,
                                       const pfld_options *opt, pfld_session **out,
                                       pfld_error *err);
void __wrap_pfld_session_free(pfld_session *session);
pfld_status __wrap_pfld_detect(pfld_session *session, const pfld_image *img, pfld_face *faces,
                               size_t cap, size_t *n, pfld_error *err);

static int sessions; /* open */
static pfld_options asked;

pfld_status __wrap_pfld_session_create(const pfld_model *landmarks, const pfld_model *detector,
                                       const pfld_options *opt, pfld_session **out, pfld_error *err)
{
    (void)landmarks;
    (void)detector;
    (void)err;
    asked = *opt;
    sessions++;
    *out = malloc(1);
    return PFLD_OK;
}

void __wrap_pfld_session_free(pfld_session *session)
{
    sessions -= session != NULL;
    free(session);
}

/* The first pixel's value is how many; 99 fails. */
pfld_status __wrap_pfld_detect(pfld_session *session, const pfld_image *img, pfld_face *faces,
                               size_t cap, size_t *n, pfld_error *err)
{
    size_t wanted = img->data[0];

    assert_non_null(session);
    assert_true(cap >= wanted);
    if (wanted == 99)
        return error_set(err, PFLD_ERR_UNSUPPORTED, "no");
    for (size_t i = 0; i < wanted; i++)
        faces[i] = (pfld_face){.box = {(float)(10 * i), 0, 8, 8}, .score = 1.0f / (float)(i + 2)};
    *n = wanted;
    return PFLD_OK;
}

enum { RUN_PHOTOS = 13 };

typedef struct run_rig {
    rig *g;
    scene_photo photos[RUN_PHOTOS];
    char names[RUN_PHOTOS][128];
    scene_face faces[RUN_PHOTOS];
    scene_set set;
    detection_options opt;
} run_rig;

static run_rig the_run;

static run_rig *run_open(void **state)
{
    run_rig *r = &the_run;

    memset(r, 0, sizeof *r);
    r->g = *state;
    r->set = (scene_set){
        .photos = r->photos, .n_photos = RUN_PHOTOS, .faces = r->faces, .n_faces = RUN_PHOTOS};
    for (int i = 0; i < RUN_PHOTOS; i++) {
        char name[16], pixels[64];
        snprintf(name, sizeof name, "%d.pgm", i);
        snprintf(pixels, sizeof pixels, "P2 2 1 255\n%d 7\n", i % 5);
        rig_write(r->g, name, pixels);
        snprintf(r->names[i], sizeof r->names[i], "%s/%s", r->g->folder, name);
        r->photos[i] = (scene_photo){.image = r->names[i], .first = (size_t)i, .n = 1};
        r->faces[i].box = (pfld_box){10, 0, 8, 8};
    }
    pfld_options_init(&r->opt.session, sizeof r->opt.session);
    r->opt.session.score_min = DETECTION_SCORE_MIN;
    r->opt.threads = 1;
    r->opt.message = rig_hear;
    r->opt.ctx = r->g;
    return r;
}

static pfld_status run_now(run_rig *r, detection_list *out)
{
    return detection_run(NULL, &r->set, &r->opt, out, &r->g->err);
}

static void any_number_of_threads_finds_the_same(void **state)
{
    run_rig *r = run_open(state);
    detection_list one, three;

    assert_int_equal(run_now(r, &one), PFLD_OK);
    r->opt.threads = 3;
    assert_int_equal(run_now(r, &three), PFLD_OK);
    assert_int_equal(sessions, 0);
    assert_int_equal(one.n_left_out, 0);
    assert_int_equal(one.first[RUN_PHOTOS], 0 + 1 + 2 + 3 + 4 + 0 + 1 + 2 + 3 + 4 + 0 + 1 + 2);
    assert_memory_equal(one.first, three.first, sizeof *one.first * (RUN_PHOTOS + 1));
    assert_memory_equal(one.found, three.found, sizeof *one.found * one.first[RUN_PHOTOS]);
    assert_true(one.found[one.first[4] + 2].box.x == 20.0f);
    detection_list_free(&one);
    detection_list_free(&three);
}

static void options_reach_the_session(void **state)
{
    run_rig *r = run_open(state);
    detection_list l;

    r->opt.session.max_side = 416;
    r->opt.session.presence_min = -1;
    assert_int_equal(run_now(r, &l), PFLD_OK);
    assert_int_equal(asked.max_side, 416);
    assert_true(asked.presence_min < 0 && asked.score_min == DETECTION_SCORE_MIN);
    detection_list_free(&l);
}

static void photos_that_fail_are_named_in_order_and_left_out(void **state)
{
    run_rig *r = run_open(state);
    detection_list l;

    rig_write(r->g, "3.pgm", "no picture");
    rig_write(r->g, "8.pgm", "P2 2 1 255\n99 7\n");
    r->opt.threads = 3;
    assert_int_equal(run_now(r, &l), PFLD_OK);
    assert_int_equal(l.n_left_out, 2);
    assert_true(l.left_out[3] && l.left_out[8] && !l.left_out[4]);
    assert_int_equal(l.first[4] - l.first[3], 0);
    assert_int_equal(r->g->n_messages, 2);
    assert_non_null(strstr(r->g->message[0], "/3.pgm: "));
    assert_non_null(strstr(r->g->message[1], "/8.pgm: no"));
    detection_list_free(&l);
}

static void photos_that_all_fail_are_an_error(void **state)
{
    run_rig *r = run_open(state);
    detection_list l;

    for (int i = 0; i < RUN_PHOTOS; i++)
        snprintf(r->names[i], sizeof r->names[i], "%s/gone", r->g->folder);
    assert_int_equal(run_now(r, &l), PFLD_ERR_FORMAT);
    assert_int_equal(sessions, 0);
    assert_null(l.found);
}

/* ---- the report ---- */

static void report_is_written(run_rig *r, const char *dir)
{
    const detection_rule rule = {0.5f, 0.0f, INFINITY};
    detection_list l;
    detection_table t;
    detection_report report = {
        .set = &r->set, .found = &l, .table = &t, .rule = &rule, .threshold = 0.3f, .title = "t"};

    assert_int_equal(run_now(r, &l), PFLD_OK);
    assert_int_equal(detection_judge(&l, &r->set, &rule, &t, &r->g->err), PFLD_OK);
    if (detection_report_write(&report, dir, &r->g->err) != PFLD_OK)
        fail_msg("%s", r->g->err.msg);
    detection_table_free(&t);
    detection_list_free(&l);
}

/* The photos' second detections (score 1/3) are hits. */
static void a_report_has_every_detection_and_every_miss(void **state)
{
    run_rig *r = run_open(state);
    char dir[128], path[160], row[200];
    int hits = 0, alarms = 0, misses = 0, rows = 0;
    FILE *f;

    snprintf(dir, sizeof dir, "%s/report", r->g->folder);
    report_is_written(r, dir);
    snprintf(path, sizeof path, "%s/detections.csv", dir);
    f = fopen(path, "r");
    assert_non_null(f);
    for (; fgets(row, sizeof row, f); rows++) {
        hits += strstr(row, ",hit\n") != NULL;
        alarms += strstr(row, ",alarm\n") != NULL;
        misses += strstr(row, ",,miss\n") != NULL;
    }
    fclose(f);
    assert_int_equal(hits, 7);        /* photos with 2, 3 or 4 detections */
    assert_int_equal(alarms, 23 - 7); /* all others */
    assert_int_equal(misses, 13 - 7);
    assert_int_equal(rows, 1 + hits + alarms + misses);
}

static void a_report_shows_misses_and_alarms(void **state)
{
    static const char *const names[] = {"pr.svg", "pr.png", "misses.png", "alarms.png"};
    run_rig *r = run_open(state);
    char dir[128], path[160];
    media_image sheet;

    snprintf(dir, sizeof dir, "%s/report", r->g->folder);
    report_is_written(r, dir);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        assert_int_equal(access(path, F_OK), 0);
    }
    assert_int_equal(media_read(path, &sheet, &r->g->err), PFLD_OK);
    assert_int_equal(sheet.view.width, 8 * 168);
    assert_int_equal(sheet.view.height, 2 * 168); /* 16 alarms */
    media_image_free(&sheet);
}

static void a_report_on_nothing_is_written_too(void **state)
{
    run_rig *r = run_open(state);
    char dir[128];

    r->set.n_photos = 1;
    r->photos[0].n = 0;
    snprintf(dir, sizeof dir, "%s/empty", r->g->folder);
    report_is_written(r, dir);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(any_number_of_threads_finds_the_same),
        CASE(options_reach_the_session),
        CASE(photos_that_fail_are_named_in_order_and_left_out),
        CASE(photos_that_all_fail_are_an_error),
        CASE(a_report_has_every_detection_and_every_miss),
        CASE(a_report_shows_misses_and_alarms),
        CASE(a_report_on_nothing_is_written_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
