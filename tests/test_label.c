/* Labels by models: means, mirrors, what is told of their agreement, and the sets' own labels. */
#define _XOPEN_SOURCE 700
#include "reader_files.h"

#include "core/error.h"
#include "eval/label.h"

#define NEAR(a, b, tolerance) assert_true(fabs((double)(a) - (double)(b)) <= (tolerance))

enum { FACES = 7 };
static const float lean = 1.5f; /* of all answers to the right, in photos and in their mirrors */

/* ---- models that know the truth, each but for a shift of its own ---- */

/*
 * For tests/CMakeLists.txt, which wants each name and its ) on one line:
 * __wrap_pfld_session_create()
 * __wrap_pfld_session_free()
 * __wrap_pfld_model_scheme()
 * __wrap_pfld_landmarks()
 */
pfld_status __wrap_pfld_session_create(const pfld_model *landmarks, const pfld_model *detector,
                                       const pfld_options *opt, pfld_session **out,
                                       pfld_error *err);
void __wrap_pfld_session_free(pfld_session *session);
const char *__wrap_pfld_model_scheme(const pfld_model *model);
pfld_status __wrap_pfld_landmarks(pfld_session *session, const pfld_image *img, const pfld_box *box,
                                  pfld_face *face, pfld_error *err);

static struct fake_model {
    float down; /* pixels */
    const char *scheme;
} fakes[2];
static pfld_point truth[68];
static float per_box; /* how much lower an answer is for each pixel that its box is */

static const struct fake_model *fake(const void *p)
{
    return p;
}

pfld_status __wrap_pfld_session_create(const pfld_model *landmarks, const pfld_model *detector,
                                       const pfld_options *opt, pfld_session **out, pfld_error *err)
{
    const struct fake_model **s = malloc(sizeof(*s));

    (void)detector;
    (void)opt;
    (void)err;
    *s = fake(landmarks);
    *out = (pfld_session *)(void *)s;
    return PFLD_OK;
}

void __wrap_pfld_session_free(pfld_session *session)
{
    free(session);
}

const char *__wrap_pfld_model_scheme(const pfld_model *model)
{
    return fake(model)->scheme;
}

/* Photos are 9 7, their mirror images 7 9. */
pfld_status __wrap_pfld_landmarks(pfld_session *session, const pfld_image *img, const pfld_box *box,
                                  pfld_face *face, pfld_error *err)
{
    const struct fake_model *m = *(const struct fake_model **)(void *)session;
    const scheme *s = scheme_find("ibug68");

    (void)err;
    for (int i = 0; i < s->n; i++) {
        bool mirrored = img->data[0] < img->data[1];
        pfld_point p = truth[mirrored ? s->mirror[i] : i];
        face->landmarks[i].x = (mirrored ? (float)(img->width - 1) - p.x : p.x) + lean;
        face->landmarks[i].y = p.y + m->down + per_box * (box->y - truth[19].y);
    }
    return PFLD_OK;
}

/* ---- faces ---- */

typedef struct made {
    rig *g;
    data_sample samples[FACES];
    uint8_t known[68];
    char image[FACES][128], where[FACES][16];
    data_set set;
    label_options opt;
    label_run run;
    double unit; /* percent for each pixel */
} made;

static made the_one;

static int make(void **state)
{
    made *m = &the_one;
    int failed = rig_open(state);

    memset(m, 0, sizeof *m);
    m->g = *state;
    memset(m->known, 1, sizeof m->known);
    per_box = 0.0f;
    for (int i = 0; i < 68; i++)
        truth[i] = (pfld_point){100 + (float)(i * 17 % 68), 100 + (float)(i * 29 % 68) * 1.25f};
    for (int i = 0; i < FACES; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.pgm", i);
        rig_write(m->g, name, "P2 2 1 255\n9 7\n");
        snprintf(m->image[i], sizeof m->image[i], "%s/%d.pgm", m->g->folder, i);
        snprintf(m->where[i], sizeof m->where[i], "set:%d", i);
        m->samples[i] = (data_sample){.image = m->image[i],
                                      .where = m->where[i],
                                      .scheme = scheme_find("ibug68"),
                                      .points = truth,
                                      .known = m->known};
    }
    fakes[0] = fakes[1] = (struct fake_model){.scheme = "ibug68"};
    m->set = (data_set){.samples = m->samples, .n = FACES};
    m->opt = (label_options){.spread = 1e9f,
                             .off = 1e9f,
                             .models = {(const pfld_model *)(const void *)&fakes[0],
                                        (const pfld_model *)(const void *)&fakes[1]},
                             .n_models = 1,
                             .draws = 1,
                             .threads = 1,
                             .seed = 1};
    m->unit = 100 / hypot((double)truth[36].x - (double)truth[45].x,
                          (double)truth[36].y - (double)truth[45].y);
    return failed;
}

static int drop(void **state)
{
    label_run_free(&the_one.run);
    return rig_close(state);
}

static void run_it(made *m)
{
    label_run_free(&m->run);
    if (label_run_models(&m->set, &m->opt, &m->run, &m->g->err) != PFLD_OK)
        fail_msg("%s", m->g->err.msg);
    assert_int_equal(m->run.n, FACES);
}

/* ---- tests ---- */

static void labels_lie_as_far_right_as_the_models_do(void **state)
{
    made *m = &the_one;

    (void)state;
    run_it(m);
    NEAR(m->run.lean, m->unit * (double)lean, 1e-3);
    for (int f = 0; f < FACES; f++) {
        assert_ptr_equal(m->run.faces[f].sample, &m->samples[f]);
        NEAR(m->run.faces[f].spread, m->unit * (double)lean, 1e-3);
        NEAR(m->run.faces[f].off, 0, 1e-3);
        for (int i = 0; i < 68; i++) {
            NEAR(m->run.faces[f].points[i].x, truth[i].x + lean, 1e-3);
            NEAR(m->run.faces[f].points[i].y, truth[i].y, 1e-3);
        }
    }
}

static void models_count_alike(void **state)
{
    made *m = &the_one;

    (void)state;
    fakes[1].down = 6.0f;
    m->opt.n_models = 2;
    run_it(m);
    NEAR(m->run.faces[3].points[5].y, truth[5].y + 3.0f, 1e-3);
    NEAR(m->run.faces[3].off, m->unit * 3, 1e-3);
    NEAR(m->run.faces[3].spread, m->unit * hypot(3, (double)lean), 1e-3);
}

static void moved_boxes_tell_how_sure_a_model_is(void **state)
{
    made *m = &the_one;
    label_face before;

    (void)state;
    m->opt.draws = 4;
    m->opt.jitter = 0.1f;
    run_it(m);
    before = m->run.faces[2];
    per_box = 1.0f; /* now answers follow their boxes */
    run_it(m);
    assert_true(m->run.faces[2].spread > before.spread + 0.5);
    assert_true(m->run.faces[2].spread != m->run.faces[3].spread);
    before = m->run.faces[2];
    m->opt.threads = 3;
    run_it(m);
    assert_memory_equal(&before, &m->run.faces[2], sizeof before);
    m->opt.seed = 2;
    run_it(m);
    assert_true(before.spread != m->run.faces[2].spread);
}

static void the_sets_own_labels_pull_by_their_share(void **state)
{
    made *m = &the_one;
    pfld_point own[68];

    (void)state;
    for (int i = 0; i < 68; i++)
        own[i] = (pfld_point){truth[i].x + 2.0f, truth[i].y + 4.0f};
    m->known[7] = 0;
    m->opt.blend = 0.25f;
    for (int f = 0; f < FACES; f++) {
        m->samples[f].points = own;
        m->samples[f].offset = 2.0f; /* so x is right */
    }
    run_it(m);
    NEAR(m->run.faces[0].off, m->unit * 4, 1e-3);
    NEAR(m->run.faces[0].points[6].x, truth[6].x + lean, 1e-3);
    NEAR(m->run.faces[0].points[6].y, truth[6].y + 1.0f, 1e-3);
    NEAR(m->run.faces[0].points[7].y, truth[7].y, 1e-3);
}

static void another_schemes_eyes_and_mouth_tell_wrong_answers(void **state)
{
    made *m = &the_one;
    pfld_point five[5] = {{0, 0}};
    uint8_t known[5] = {0, 0, 0, 1, 1};

    (void)state;
    five[3] = (pfld_point){truth[48].x, truth[48].y + 3.0f};
    five[4] = (pfld_point){truth[54].x, truth[54].y + 5.0f};
    for (int f = 0; f < FACES; f++) {
        m->samples[f].scheme = scheme_find("five");
        m->samples[f].points = five;
        m->samples[f].known = known;
        m->samples[f].box = (pfld_box){100, 100, 70, 90};
    }
    run_it(m);
    NEAR(m->run.faces[1].off, m->unit * 4, 1e-3);
    known[3] = known[4] = 0;
    run_it(m);
    assert_true(isnan(m->run.faces[1].off));
}

/* Answers that nobody trusts must not move those that are. */
static void faces_that_are_left_out_have_no_part_in_the_lean(void **state)
{
    made *m = &the_one;

    (void)state;
    m->opt.smallest = 1000; /* pixels */
    run_it(m);
    assert_false(m->run.faces[0].kept);
    NEAR(m->run.lean, 0, 0);
    m->opt.smallest = 0;
    m->opt.off = 1;
    m->samples[2].offset = 300; /* its own labels are elsewhere */
    run_it(m);
    assert_true(m->run.faces[0].kept && !m->run.faces[2].kept);
}

static void photos_that_cannot_be_read_are_told(void **state)
{
    made *m = &the_one;

    (void)state;
    m->opt.threads = 2;
    rig_write(m->g, "4.pgm", "no picture");
    run_it(m);
    assert_int_equal(m->run.faces[4].status, PFLD_ERR_FORMAT);
    assert_int_equal(m->run.faces[5].status, PFLD_OK);
    NEAR(m->run.lean, m->unit * (double)lean, 1e-3);
}

static void what_makes_no_sense_is_refused(void **state)
{
    made *m = &the_one;
    const label_options good = m->opt;

    (void)state;
#define REFUSED(field, value)                                                                      \
  do {                                                                                             \
    m->opt = good;                                                                                 \
    m->opt.field = (value);                                                                        \
    assert_int_equal(label_run_models(&m->set, &m->opt, &m->run, &m->g->err), PFLD_ERR_ARG);       \
    assert_int_equal(m->run.n, 0);                                                                 \
  } while (0)
    REFUSED(n_models, 0);
    REFUSED(n_models, LABEL_MAX_MODELS + 1);
    REFUSED(draws, 0);
    REFUSED(draws, LABEL_MAX_DRAWS + 1);
    REFUSED(blend, 1.1f);
    REFUSED(jitter, NAN);
    fakes[1].scheme = "wflw98";
    REFUSED(n_models, 2);
    assert_non_null(strstr(m->g->err.msg, "wflw98"));
    m->opt = good;
    m->set.n = 0;
    assert_int_equal(label_run_models(&m->set, &m->opt, &m->run, &m->g->err), PFLD_ERR_ARG);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(labels_lie_as_far_right_as_the_models_do),
        CASE(models_count_alike),
        CASE(moved_boxes_tell_how_sure_a_model_is),
        CASE(the_sets_own_labels_pull_by_their_share),
        CASE(another_schemes_eyes_and_mouth_tell_wrong_answers),
        CASE(faces_that_are_left_out_have_no_part_in_the_lean),
        CASE(photos_that_cannot_be_read_are_told),
        CASE(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
