/* eval/report: the folder for people, and its faces.csv read again for a comparison. */
#define _XOPEN_SOURCE 700
#include "reader_files.h"

#include "eval/report.h"
#include "media/codec.h"

enum { FACES = 30 };

typedef struct made {
    data_sample samples[FACES];
    pfld_point points[68];
    eval_face faces[FACES];
    char where[FACES][24], image[128];
    eval_run run;
    char dir[128];
} made;

static void make(rig *g, made *m)
{
    memset(m, 0, sizeof *m);
    rig_write(g, "p.pgm", "P2 4 4 9\n1 2 3 4 5 6 7 8 9 8 7 6 5 4 3 2\n");
    snprintf(m->image, sizeof m->image, "%s/p.pgm", g->folder);
    snprintf(m->dir, sizeof m->dir, "%s/report", g->folder);
    for (int i = 0; i < 68; i++)
        m->points[i] = (pfld_point){face_x(i), face_y(i)};
    for (int i = 0; i < FACES; i++) {
        snprintf(m->where[i], sizeof m->where[i], "a/set.csv:%d", i + 2);
        m->samples[i] = (data_sample){.image = m->image,
                                      .where = m->where[i],
                                      .scheme = scheme_find("ibug68"),
                                      .points = m->points};
        m->faces[i].sample = &m->samples[i];
        m->faces[i].error = 1 + (i * 7 % FACES) * 0.25; /* all differ */
        memcpy(m->faces[i].found.landmarks, m->points, sizeof m->points);
        m->faces[i].found.n_landmarks = 68;
    }
    m->run = (eval_run){
        .faces = m->faces, .n = FACES, .scheme = scheme_find("ibug68"), .norm = EVAL_BOX};
}

static const char *in(const made *m, const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", m->dir, name);
    return path;
}

static void write_report(rig *g, made *m)
{
    make(g, m);
    assert_int_equal(eval_report_write(&m->run, m->dir, "title", &g->err), PFLD_OK);
}

static made it;

static void a_report_has_all_its_files(void **state)
{
    rig *g = *state;
    media_image sheet;

    write_report(g, &it);
    assert_int_equal(access(in(&it, "ced.svg"), F_OK), 0);
    assert_int_equal(access(in(&it, "faces.csv"), F_OK), 0);
    assert_int_equal(media_read(in(&it, "worst.png"), &sheet, &g->err), PFLD_OK);
    assert_int_equal(sheet.view.width, 6 * 224);
    media_image_free(&sheet);
    assert_int_equal(eval_report_write(&it.run, it.dir, "again", &g->err), PFLD_OK);
}

static void the_worst_face_comes_first(void **state)
{
    rig *g = *state;
    char head[64], first[256];
    FILE *f;

    write_report(g, &it);
    f = fopen(in(&it, "faces.csv"), "r");
    assert_non_null(f);
    assert_non_null(fgets(head, sizeof head, f));
    assert_non_null(fgets(first, sizeof first, f));
    fclose(f);
    assert_string_equal(head, "box,where,image\n");
    assert_true(fabs(strtod(first, NULL) - (1 + 0.25 * (FACES - 1))) < 1e-9);
}

static void errors_come_back_in_the_order_of_the_run(void **state)
{
    rig *g = *state;
    double error[FACES];

    write_report(g, &it);
    assert_int_equal(eval_report_read(in(&it, "faces.csv"), &it.run, error, &g->err), PFLD_OK);
    for (int i = 0; i < FACES; i++)
        assert_true(fabs(error[i] - it.faces[i].error) < 1e-6);
    for (int i = 0; i < FACES; i++) /* the list lies elsewhere now */
        snprintf(it.where[i], sizeof it.where[i], "set.csv:%d", i + 2);
    assert_int_equal(eval_report_read(in(&it, "faces.csv"), &it.run, error, &g->err), PFLD_OK);
    assert_true(fabs(error[3] - it.faces[3].error) < 1e-6);
}

static void refuses(rig *g, const char *file, const char *why)
{
    double error[FACES];

    assert_int_equal(eval_report_read(in(&it, file), &it.run, error, &g->err), PFLD_ERR_FORMAT);
    if (!strstr(g->err.msg, why) || !strstr(g->err.msg, file))
        fail_msg("'%s' is not in: %s", why, g->err.msg);
}

static void unlike_normalisers_are_not_compared(void **state)
{
    rig *g = *state;

    write_report(g, &it);
    it.run.norm = EVAL_INTER_OCULAR;
    refuses(g, "faces.csv", "errors over box: unlike normalisers are not compared, inter-ocular");
}

static void other_faces_are_not_compared(void **state)
{
    rig *g = *state;

    write_report(g, &it);
    it.run.n--;
    refuses(g, "faces.csv", "set.csv:31 is not among the faces");
    it.run.n = FACES;
    rig_write(g, "report/one.csv", "box,where,image\n1.5,a/set.csv:2,x\n");
    refuses(g, "one.csv", "a/set.csv:3 is missing");
}

static void other_files_are_told_from_reports(void **state)
{
    rig *g = *state;

    write_report(g, &it);
    rig_write(g, "report/other.csv", "file,x0\na,1\n");
    refuses(g, "other.csv", "box");
    rig_write(g, "report/other.csv", "box,image\n1,a\n");
    refuses(g, "other.csv", "where");
    rig_write(g, "report/other.csv", "box,where,image\nnan,a/set.csv:2,x\n");
    refuses(g, "other.csv", "'nan' is no error");
    rig_write(g, "report/other.csv", "box,where,image\n1,2\n");
    refuses(g, "other.csv", "");
    rig_write(g, "report/other.csv", "");
    refuses(g, "other.csv", "");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_report_has_all_its_files),
        CASE(the_worst_face_comes_first),
        CASE(errors_come_back_in_the_order_of_the_run),
        CASE(unlike_normalisers_are_not_compared),
        CASE(other_faces_are_not_compared),
        CASE(other_files_are_told_from_reports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
