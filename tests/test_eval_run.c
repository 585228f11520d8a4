/* A landmark model over faces: boxes around the true points, jittered, or by a detector. */
#define _XOPEN_SOURCE 700
#include "reader_files.h"

#include "core/error.h"
#include "data/face_box.h"
#include "eval/run.h"

#define NEAR(a, b, tolerance) assert_true(fabs((double)(a) - (double)(b)) <= (tolerance))

enum { FACES = 11 };

/* ---- a model whose points are all off by as many pixels as its box is, and to its right ---- */

/*
 * For tests/CMakeLists.txt, which wants each name and its ) on one line:
 * __wrap_pfld_session_create()
 * __wrap_pfld_landmarks()
 * __wrap_pfld_detect()
 */
pfld_status __wrap_pfld_session_create(const pfld_model *landmarks, const pfld_model *detector,
                                       const pfld_options *opt, pfld_session **out,
                                       pfld_error *err);
void __wrap_pfld_session_free(pfld_session *session);
const char *__wrap_pfld_model_scheme(const pfld_model *model);
pfld_status __wrap_pfld_landmarks(pfld_session *session, const pfld_image *img, const pfld_box *box,
                                  pfld_face *face, pfld_error *err);
pfld_status __wrap_pfld_detect(pfld_session *session, const pfld_image *img, pfld_face *faces,
                               size_t cap, size_t *n, pfld_error *err);

static pfld_point truth[68];
static float off_by;                   /* NaN: the model says no numbers */
static const float found_shift = 2.0f; /* of what the detector's faces have */

pfld_status __wrap_pfld_session_create(const pfld_model *landmarks, const pfld_model *detector,
                                       const pfld_options *opt, pfld_session **out, pfld_error *err)
{
    (void)landmarks;
    (void)detector;
    (void)opt;
    (void)err;
    *out = malloc(1);
    return PFLD_OK;
}

void __wrap_pfld_session_free(pfld_session *session)
{
    free(session);
}

const char *__wrap_pfld_model_scheme(const pfld_model *model)
{
    (void)model;
    return "ibug68";
}

static void put_points(pfld_face *face, float shift)
{
    face->n_landmarks = 68;
    for (int i = 0; i < 68; i++)
        face->landmarks[i] = (pfld_point){truth[i].x + shift, truth[i].y};
}

static pfld_box true_box(void)
{
    static uint8_t known[68];
    data_sample s = {.scheme = scheme_find("ibug68"), .points = truth, .known = known};

    memset(known, 1, sizeof known);
    return face_box(&s);
}

pfld_status __wrap_pfld_landmarks(pfld_session *session, const pfld_image *img, const pfld_box *box,
                                  pfld_face *face, pfld_error *err)
{
    pfld_box b = true_box();

    (void)session;
    (void)img;
    (void)err;
    *face = (pfld_face){.box = *box};
    put_points(face, off_by + fabsf(box->x + box->w / 2 - b.x - b.w / 2));
    return PFLD_OK;
}

/* The first pixel: 0 finds nothing, 1 something elsewhere, else the face between two others. */
pfld_status __wrap_pfld_detect(pfld_session *session, const pfld_image *img, pfld_face *faces,
                               size_t cap, size_t *n, pfld_error *err)
{
    pfld_box b = true_box();

    (void)session;
    (void)err;
    assert_true(cap >= 3);
    *n = img->data[0] > 2 ? 3 : img->data[0];
    for (size_t i = 0; i < *n; i++) {
        faces[i] = (pfld_face){.box = b};
        faces[i].box.x += i == 1 ? 0.1f * b.w : 0.4f * b.w; /* IoU 0.82 and 0.43 */
        put_points(&faces[i], i == 1 ? found_shift : 50.0f);
    }
    if (*n == 1)
        faces[0].box.x += b.w; /* of the neighbour */
    return PFLD_OK;
}

/* ---- faces ---- */

typedef struct made {
    rig *g;
    data_sample samples[FACES];
    uint8_t known[68];
    char image[FACES][128], where[FACES][16];
    data_set set;
    eval_options opt;
    eval_run run;
    double ocular, side; /* of the truth, pixels */
} made;

static made the_one;

static void dot(const made *m, int face, int first)
{
    char name[16], pixels[32];

    snprintf(name, sizeof name, "%d.pgm", face);
    snprintf(pixels, sizeof pixels, "P2 2 1 255\n%d 7\n", first);
    rig_write(m->g, name, pixels);
}

static int make(void **state)
{
    made *m = &the_one;
    int failed = rig_open(state);
    pfld_box box;

    memset(m, 0, sizeof *m);
    m->g = *state;
    memset(m->known, 1, sizeof m->known);
    for (int i = 0; i < 68; i++)
        truth[i] = (pfld_point){100 + (float)(i * 17 % 68), 100 + (float)(i * 29 % 68) * 1.25f};
    for (int i = 0; i < FACES; i++) {
        dot(m, i, 9);
        snprintf(m->image[i], sizeof m->image[i], "%s/%d.pgm", m->g->folder, i);
        snprintf(m->where[i], sizeof m->where[i], "set:%d", i);
        m->samples[i] = (data_sample){.image = m->image[i],
                                      .where = m->where[i],
                                      .scheme = scheme_find("ibug68"),
                                      .points = truth,
                                      .known = m->known};
    }
    m->set = (data_set){.samples = m->samples, .n = FACES};
    m->opt = (eval_options){.norm = EVAL_INTER_OCULAR, .threads = 1, .seed = 1};
    eval_normaliser(m->samples[0].scheme, truth, EVAL_INTER_OCULAR, &m->ocular);
    box = true_box();
    m->side = fmax((double)box.w, (double)box.h);
    return failed;
}

static int drop(void **state)
{
    eval_run_free(&the_one.run);
    return rig_close(state);
}

static void run_it(made *m)
{
    eval_run_free(&m->run);
    if (eval_run_model(NULL, &m->set, &m->opt, &m->run, &m->g->err) != PFLD_OK)
        fail_msg("%s", m->g->err.msg);
}

/* ---- boxes around the true points ---- */

static void boxes_are_those_around_the_true_points(void **state)
{
    made *m = &the_one;
    pfld_box b = true_box();

    (void)state;
    run_it(m);
    assert_int_equal(m->run.n, FACES);
    assert_int_equal(m->run.n_missed, 0);
    for (int i = 0; i < FACES; i++) {
        assert_ptr_equal(m->run.faces[i].sample, &m->samples[i]);
        assert_memory_equal(&m->run.faces[i].found.box, &b, sizeof b);
        NEAR(m->run.faces[i].error, 0, 0);
    }
}

/* ---- jitter ---- */

static void jitter_stays_within_its_limits_and_fills_them(void **state)
{
    made *m = &the_one;
    const pfld_box b = true_box();
    double most_x = 0, most_y = 0, least = 9, most = 0;

    (void)state;
    m->opt.jitter = 0.15f;
    m->opt.draws = 1;
    for (uint64_t seed = 0; seed < 30; seed++) {
        m->opt.seed = seed;
        run_it(m);
        for (int i = 0; i < FACES; i++) {
            pfld_box f = m->run.faces[i].found.box;
            double x = (double)(f.x + f.w / 2 - b.x - b.w / 2) / m->side;
            double y = (double)(f.y + f.h / 2 - b.y - b.h / 2) / m->side;
            NEAR(f.w / f.h, b.w / b.h, 1e-5);
            most_x = fmax(most_x, fabs(x));
            most_y = fmax(most_y, fabs(y));
            least = fmin(least, (double)(f.w / b.w));
            most = fmax(most, (double)(f.w / b.w));
        }
    }
    assert_true(most_x > 0.14 && most_x <= 0.1501);
    assert_true(most_y > 0.14 && most_y <= 0.1501);
    assert_true(least < 0.86 && least >= 0.8499);
    assert_true(most > 1.14 && most <= 1.1501);
}

/* The mean of |shift| that is even within +-X is X / 2. */
static void an_error_is_the_mean_over_the_draws(void **state)
{
    made *m = &the_one;
    double sum = 0, jaw;

    (void)state;
    m->opt.jitter = 0.2f;
    m->opt.draws = 500;
    run_it(m);
    jaw = eval_run_group(&m->run, SCHEME_JAW);
    for (int i = 0; i < FACES; i++)
        sum += m->run.faces[i].error / FACES;
    NEAR(sum, 100 * 0.1 * m->side / m->ocular, 0.05 * sum);
    NEAR(jaw, sum, 1e-3 * sum); /* all points are off alike */
}

static void jitter_is_that_of_the_seed_whatever_the_threads(void **state)
{
    made *m = &the_one;
    double error[FACES];

    (void)state;
    m->opt.jitter = 0.1f;
    m->opt.draws = 3;
    run_it(m);
    for (int i = 0; i < FACES; i++)
        error[i] = m->run.faces[i].error;
    assert_true(error[0] != error[1] && error[1] != error[2]);
    m->opt.threads = 3;
    run_it(m);
    for (int i = 0; i < FACES; i++)
        NEAR(error[i], m->run.faces[i].error, 0);
    m->opt.seed = 2;
    run_it(m);
    assert_true(error[0] != m->run.faces[0].error);
}

/* ---- what can't be measured ---- */

static void a_photo_that_cannot_be_read_can_be_left_out(void **state)
{
    made *m = &the_one;

    (void)state;
    rig_write(m->g, "0.pgm", "no picture");
    rig_write(m->g, "5.pgm", "P2 2 1 255\n7");
    m->opt.threads = 3;
    assert_int_equal(eval_run_model(NULL, &m->set, &m->opt, &m->run, &m->g->err), PFLD_ERR_FORMAT);
    assert_non_null(strstr(m->g->err.msg, "0.pgm"));
    m->opt.skip_bad = true;
    run_it(m);
    assert_int_equal(m->run.n, FACES - 2);
    assert_int_equal(m->run.n_left_out, 2);
    assert_ptr_equal(m->run.faces[0].sample, &m->samples[1]);
    assert_ptr_equal(m->run.faces[4].sample, &m->samples[6]);
    eval_run_free(&m->run);
    for (int i = 0; i < FACES; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.pgm", i);
        rig_write(m->g, name, "no picture");
    }
    assert_int_equal(eval_run_model(NULL, &m->set, &m->opt, &m->run, &m->g->err), PFLD_ERR_FORMAT);
    assert_non_null(strstr(m->g->err.msg, "none of the 11 photos can be read"));
}

/* Not the face is to blame, as where it has no normaliser. */
static void a_model_that_says_no_numbers_is_told(void **state)
{
    made *m = &the_one;

    (void)state;
    off_by = NAN;
    assert_int_equal(eval_run_model(NULL, &m->set, &m->opt, &m->run, &m->g->err), PFLD_ERR_ARG);
    assert_non_null(strstr(m->g->err.msg, "the model's points are not numbers"));
    off_by = 0;
}

/* ---- a detector's boxes ---- */

static void a_detectors_face_is_the_one_that_overlaps_best(void **state)
{
    made *m = &the_one;

    (void)state;
    m->opt.detector = (const pfld_model *)(const void *)m; /* wrapped functions look at none */
    run_it(m);
    assert_int_equal(m->run.n, FACES);
    for (int i = 0; i < FACES; i++)
        NEAR(m->run.faces[i].error, 100 * (double)found_shift / m->ocular, 1e-4);
}

static void faces_missed_are_listed_and_in_no_error(void **state)
{
    made *m = &the_one;
    eval_summary s;

    (void)state;
    m->opt.detector = (const pfld_model *)(const void *)m;
    m->opt.threads = 3;
    dot(m, 0, 0);
    dot(m, 4, 1);
    dot(m, 10, 0);
    run_it(m);
    assert_int_equal(m->run.n, FACES - 3);
    assert_int_equal(m->run.n_missed, 3);
    assert_ptr_equal(m->run.missed[0], &m->samples[0]);
    assert_ptr_equal(m->run.missed[1], &m->samples[4]);
    assert_ptr_equal(m->run.missed[2], &m->samples[10]);
    assert_ptr_equal(m->run.faces[0].sample, &m->samples[1]);
    assert_ptr_equal(m->run.faces[3].sample, &m->samples[5]);
    assert_int_equal(eval_run_summary(&m->run, &s, NULL), PFLD_OK);
    NEAR(s.nme, 100 * (double)found_shift / m->ocular, 1e-4);
}

static void all_faces_may_be_missed(void **state)
{
    made *m = &the_one;
    eval_summary s;

    (void)state;
    m->opt.detector = (const pfld_model *)(const void *)m;
    for (int i = 0; i < FACES; i++)
        dot(m, i, 0);
    run_it(m);
    assert_int_equal(m->run.n, 0);
    assert_int_equal(m->run.n_missed, FACES);
    assert_int_equal(eval_run_summary(&m->run, &s, NULL), PFLD_OK);
    assert_true(isnan(s.nme));
}

static void a_photo_that_fails_is_named_and_ends_the_run(void **state)
{
    made *m = &the_one;

    (void)state;
    m->opt.threads = 3;
    rig_write(m->g, "7.pgm", "no picture");
    rig_write(m->g, "5.pgm", "no picture");
    assert_int_equal(eval_run_model(NULL, &m->set, &m->opt, &m->run, &m->g->err), PFLD_ERR_FORMAT);
    assert_non_null(strstr(m->g->err.msg, "/5.pgm: "));
    assert_int_equal(m->run.n, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(boxes_are_those_around_the_true_points),
        CASE(jitter_stays_within_its_limits_and_fills_them),
        CASE(an_error_is_the_mean_over_the_draws),
        CASE(jitter_is_that_of_the_seed_whatever_the_threads),
        CASE(a_detectors_face_is_the_one_that_overlaps_best),
        CASE(faces_missed_are_listed_and_in_no_error),
        CASE(all_faces_may_be_missed),
        CASE(a_photo_that_fails_is_named_and_ends_the_run),
        CASE(a_photo_that_cannot_be_read_can_be_left_out),
        CASE(a_model_that_says_no_numbers_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
