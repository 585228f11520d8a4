/* The mean face comes back from its pictures; poses, classes and weights follow from it. */
#define _POSIX_C_SOURCE 200809L /* mkstemp */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/rng.h"
#include "data/eigen.h"
#include "data/facepose.h"

#define VIEWS 240

static rng dice;

static float even(float from, float to)
{
    return from + (to - from) * rng_float(&dice);
}

static float gauss(float sigma)
{
    return sigma * rng_normal(&dice);
}

/* --- a face, and pictures of it --------------------------------------------------------------- */

/* Symmetric, with the library's neutral rigid points, so that its pitch is 0; the rest is anywhere
 * in front of the ears. */
static face_template made_face(void)
{
    const scheme *s = scheme_find("ibug68");
    face_template f;

    rng_seed(&dice, 11);
    for (int j = 0; j < 68; j++) {
        int m = s->mirror[j];
        pose_point3 p = {even(-0.8f, 0.8f), even(-0.4f, 1.3f), even(-0.4f, 0.5f)};
        if (m < j)
            p = (pose_point3){-f.points[m].x, f.points[m].y, f.points[m].z};
        else if (m == j)
            p.x = 0.0f;
        f.points[j] = p;
    }
    for (int i = 0; i < s->n_rigid; i++)
        f.points[s->rigid[i].point] = pose_neutral[s->rigid[i].face3d];
    return f;
}

typedef struct photo { /* a sample that owns its points */
    data_sample s;
    pfld_point points[PFLD_MAX_LANDMARKS];
    uint8_t known[PFLD_MAX_LANDMARKS];
} photo;

static void photo_init(photo *p, const char *name)
{
    *p = (photo){.s = {.scheme = scheme_find(name), .weight = 1.0f, .pose = {NAN, NAN, NAN}}};
    p->s.points = p->points;
    p->s.known = p->known;
    memset(p->known, 1, sizeof p->known);
}

static pfld_point seen(pose_point3 q, const pfld_pose *pose, float scale)
{
    float r[3][3];

    pose_to_matrix(pose, r);
    return (pfld_point){100.0f + scale * (r[0][0] * q.x + r[0][1] * q.y + r[0][2] * q.z),
                        70.0f + scale * (r[1][0] * q.x + r[1][1] * q.y + r[1][2] * q.z)};
}

static void photo_take(photo *p, const face_template *f, pfld_pose pose, float scale)
{
    photo_init(p, "ibug68");
    for (int j = 0; j < 68; j++)
        p->points[j] = seen(f->points[j], &pose, scale);
}

/* Any scheme's rigid points of the library's neutral face; its other points are unknown. */
static void photo_neutral(photo *p, const char *name, pfld_pose pose)
{
    photo_init(p, name);
    memset(p->known, 0, sizeof p->known);
    for (int i = 0; i < p->s.scheme->n_rigid; i++) {
        const scheme_rigid *r = &p->s.scheme->rigid[i];
        p->points[r->point] = seen(pose_neutral[r->face3d], &pose, 80.0f);
        p->known[r->point] = 1;
    }
}

static void derive_one(photo *p, const face_template *t)
{
    data_set set = {.samples = &p->s, .n = 1};

    data_set_derive(&set, t);
}

static void assert_angles(pfld_pose a, pfld_pose b, float tolerance)
{
    assert_float_equal(a.yaw, b.yaw, tolerance);
    assert_float_equal(a.pitch, b.pitch, tolerance);
    assert_float_equal(a.roll, b.roll, tolerance);
}

static void assert_no_pose(const photo *p)
{
    assert_true(isnan(p->s.pose.yaw) && isnan(p->s.pose.pitch) && isnan(p->s.pose.roll));
}

/* --- the mean face ---------------------------------------------------------------------------- */

typedef struct album {
    photo photos[VIEWS];
    data_sample samples[VIEWS];
    data_set set;
} album;

/* Turned by so much at most; every point off by noise (of the eyes' distance), sigma. */
static album *album_make(const face_template *f, float yaw, float pitch, float noise)
{
    album *a = calloc(1, sizeof *a);

    assert_non_null(a);
    for (int i = 0; i < VIEWS; i++) {
        pfld_pose pose = {even(-yaw, yaw), even(-pitch, pitch), even(-30, 30)};
        float scale = even(30, 400);
        photo_take(&a->photos[i], f, pose, scale);
        for (int j = 0; j < 68; j++) {
            a->photos[i].points[j].x += gauss(noise * scale);
            a->photos[i].points[j].y += gauss(noise * scale);
        }
        a->samples[i] = a->photos[i].s;
    }
    a->set = (data_set){.samples = a->samples, .n = VIEWS};
    return a;
}

static void a_face_comes_back_from_its_pictures(void **state)
{
    face_template f = made_face(), found;
    pfld_error err;

    (void)state;
    for (int round = 0; round < 3; round++) {
        album *a;
        rng_seed(&dice, (uint64_t)round);
        a = album_make(&f, 45, 25, 0.0f);
        assert_int_equal(face_template_build(&a->set, &found, &err), PFLD_OK);
        for (int j = 0; j < 68; j++) {
            assert_float_equal(found.points[j].x, f.points[j].x, 1e-3f);
            assert_float_equal(found.points[j].y, f.points[j].y, 1e-3f);
            assert_float_equal(found.points[j].z, f.points[j].z, 1e-3f);
        }
        free(a);
    }
}

static double depth_correlation(const face_template *a, const face_template *b)
{
    double ma = 0, mb = 0, ab = 0, aa = 0, bb = 0;

    for (int j = 0; j < 68; j++) {
        ma += (double)a->points[j].z / 68;
        mb += (double)b->points[j].z / 68;
    }
    for (int j = 0; j < 68; j++) {
        double x = (double)a->points[j].z - ma, y = (double)b->points[j].z - mb;
        ab += x * y, aa += x * x, bb += y * y;
    }
    return ab / sqrt(aa * bb);
}

static void a_face_comes_back_from_inexact_pictures(void **state)
{
    const scheme *s = scheme_find("ibug68");
    face_template f = made_face(), found;
    pfld_error err;
    album *a;

    (void)state;
    rng_seed(&dice, 7);
    a = album_make(&f, 45, 25, 0.02f);
    for (int j = 0; j < 68; j++) /* and one that is no face at all */
        a->photos[3].points[j] = (pfld_point){even(0, 200), even(0, 200)};
    assert_int_equal(face_template_build(&a->set, &found, &err), PFLD_OK);
    assert_true(depth_correlation(&f, &found) > 0.99);
    assert_true(found.points[30].z < found.points[36].z - 0.4f); /* the nose is in front */
    for (int j = 0; j < 68; j++) {                               /* to the bit */
        pose_point3 p = found.points[j], q = found.points[s->mirror[j]];
        assert_true(p.x == -q.x && p.y == q.y && p.z == q.z);
    }
    assert_float_equal(found.points[45].x - found.points[36].x, 1, 1e-6f);
    free(a);
}

static void what_is_not_a_whole_ibug_face_is_left_out(void **state)
{
    face_template f = made_face(), with, without;
    pfld_error err;
    album *a;

    (void)state;
    rng_seed(&dice, 9);
    a = album_make(&f, 45, 25, 0.01f);
    a->set.n = VIEWS - 4;
    assert_int_equal(face_template_build(&a->set, &without, &err), PFLD_OK);
    a->set.n = VIEWS;
    a->photos[VIEWS - 4].known[50] = 0;
    a->photos[VIEWS - 3].points[10].x = NAN;
    a->samples[VIEWS - 2].scheme = scheme_find("wflw98");
    a->samples[VIEWS - 1].weight = 0.0f;
    assert_int_equal(face_template_build(&a->set, &with, &err), PFLD_OK);
    assert_memory_equal(&with, &without, sizeof with);
    free(a);
}

static void no_mean_face_without_enough_faces_that_turn(void **state)
{
    face_template f = made_face(), found = {{{1, 2, 3}}};
    pfld_error err = {0};
    album *a;

    (void)state;
    rng_seed(&dice, 13);
    a = album_make(&f, 45, 25, 0.0f);
    a->set.n = 0;
    assert_int_equal(face_template_build(&a->set, &found, &err), PFLD_ERR_FORMAT);
    a->set.n = 19;
    assert_int_equal(face_template_build(&a->set, &found, &err), PFLD_ERR_FORMAT);
    assert_non_null(strstr(err.msg, "19"));
    for (int i = 0; i < VIEWS; i++) /* all from in front */
        photo_take(&a->photos[i], &f, (pfld_pose){0, 0, even(-30, 30)}, 100);
    a->set.n = VIEWS;
    assert_int_equal(face_template_build(&a->set, &found, &err), PFLD_ERR_FORMAT);
    assert_non_null(strstr(err.msg, "turn"));
    for (int i = 0; i < VIEWS; i++) /* none */
        photo_take(&a->photos[i], &f, (pfld_pose){even(20, 45), even(-20, 20), 0}, 100);
    assert_int_equal(face_template_build(&a->set, &found, &err), PFLD_ERR_FORMAT);
    assert_non_null(strstr(err.msg, "frontal"));
    assert_true(found.points[0].x == 1);
    free(a);
}

void *__real_mem_alloc(size_t n, size_t size);
void *__wrap_mem_alloc(size_t n, size_t size);

static int allocations_left = -1; /* below 0: any number */

void *__wrap_mem_alloc(size_t n, size_t size)
{
    if (allocations_left == 0)
        return NULL;
    allocations_left -= allocations_left > 0;
    return __real_mem_alloc(n, size);
}

static void memory_that_runs_out_is_said(void **state)
{
    char path[] = "/tmp/pfld_face_XXXXXX";
    face_template f = made_face(), found;
    pfld_error err;
    album *a;

    (void)state;
    a = album_make(&f, 45, 25, 0.0f);
    assert_true(mkstemp(path) >= 0);
    assert_int_equal(face_template_write(&f, path, &err), PFLD_OK);
    for (int n = 0; n < 2; n++) {
        allocations_left = n;
        assert_int_equal(face_template_build(&a->set, &found, &err), PFLD_ERR_NOMEM);
    }
    allocations_left = 2;
    assert_int_equal(face_template_build(&a->set, &found, &err), PFLD_OK);
    allocations_left = 0;
    assert_int_equal(face_template_read(path, &found, &err), PFLD_ERR_NOMEM);
    allocations_left = -1;
    assert_int_equal(face_template_read(path, &found, &err), PFLD_OK);
    unlink(path);
    free(a);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void a_face_survives_its_file(void **state)
{
    char path[] = "/tmp/pfld_face_XXXXXX", text[8192];
    face_template f = made_face(), back;
    pfld_error err;
    size_t n;
    FILE *in;

    (void)state;
    assert_true(mkstemp(path) >= 0);
    assert_int_equal(face_template_write(&f, path, &err), PFLD_OK);
    assert_int_equal(face_template_read(path, &back, &err), PFLD_OK);
    for (int j = 0; j < 68; j++) {
        assert_float_equal(back.points[j].x, f.points[j].x, 1e-6f);
        assert_float_equal(back.points[j].y, f.points[j].y, 1e-6f);
        assert_float_equal(back.points[j].z, f.points[j].z, 1e-6f);
    }
    in = fopen(path, "rb");
    assert_non_null(in);
    n = fread(text, 1, sizeof text - 16, in);
    fclose(in);
    text[n] = 0;
    back.points[0].x = 77;
    for (size_t cut = (n - 1) % 41; cut < n; cut += 41) {
        char kept = text[cut];
        text[cut] = 0;
        write_file(path, text);
        assert_int_equal(face_template_read(path, &back, &err), PFLD_ERR_FORMAT);
        assert_non_null(strstr(err.msg, path));
        text[cut] = kept;
    }
    strcpy(text + n, "68,0,0,0\n");
    write_file(path, text);
    assert_int_equal(face_template_read(path, &back, &err), PFLD_ERR_FORMAT);
    text[n] = 0;
    memcpy(text + strlen("point,x,y,z\n0,"), "nan", 3);
    write_file(path, text);
    assert_int_equal(face_template_read(path, &back, &err), PFLD_ERR_FORMAT);
    assert_true(back.points[0].x == 77);
    unlink(path);
    assert_int_equal(face_template_read(path, &back, &err), PFLD_ERR_IO);
    assert_int_equal(face_template_write(&f, "/no/such/folder/f.csv", &err), PFLD_ERR_IO);
}

static void eigenvectors_make_the_matrix_again(void **state)
{
    enum { N = 11 };
    double a[N * N], work[N * N], values[N], vectors[N * N];

    (void)state;
    rng_seed(&dice, 3);
    for (int i = 0; i < N; i++)
        for (int j = 0; j <= i; j++)
            a[i * N + j] = a[j * N + i] = (double)even(-1, 1);
    memcpy(work, a, sizeof a);
    eigen_symmetric(work, N, values, vectors);
    for (int i = 0; i < N; i++) {
        assert_true(i == 0 || values[i] <= values[i - 1]);
        for (int j = 0; j < N; j++) {
            double sum = 0, dot = 0;
            for (int k = 0; k < N; k++) {
                sum += values[k] * vectors[k * N + i] * vectors[k * N + j];
                dot += vectors[i * N + k] * vectors[j * N + k];
            }
            assert_true(fabs(sum - a[i * N + j]) < 1e-12);
            assert_true(fabs(dot - (i == j ? 1.0 : 0.0)) < 1e-12);
        }
    }
}

/* --- pose ------------------------------------------------------------------------------------- */

static void turned_faces_have_their_angles(void **state)
{
    face_template f = made_face();
    photo p;

    (void)state;
    rng_seed(&dice, 17);
    for (int n = 0; n < 2000; n++) {
        pfld_pose pose = {even(-60, 60), even(-40, 40), even(-40, 40)};
        photo_take(&p, &f, pose, even(20, 500));
        derive_one(&p, &f);
        assert_angles(p.s.pose, pose, 0.1f);
    }
}

static void a_mirrored_face_has_mirrored_angles(void **state)
{
    const scheme *s = scheme_find("ibug68");
    face_template f = made_face();
    photo p, q;

    (void)state;
    rng_seed(&dice, 19);
    for (int n = 0; n < 200; n++) {
        photo_take(&p, &f, (pfld_pose){even(-60, 60), even(-40, 40), even(-40, 40)}, 100);
        for (int j = 0; j < 68; j++) {
            p.points[j].x += gauss(3);
            p.points[j].y += gauss(3);
        }
        q = p;
        q.s.points = q.points;
        q.s.known = q.known;
        for (int j = 0; j < 68; j++)
            q.points[j] = (pfld_point){300 - p.points[s->mirror[j]].x, p.points[s->mirror[j]].y};
        derive_one(&p, &f);
        derive_one(&q, &f);
        assert_angles(q.s.pose, (pfld_pose){-p.s.pose.yaw, p.s.pose.pitch, -p.s.pose.roll}, 2e-3f);
        assert_int_equal(q.s.classes, p.s.classes);
    }
}

/* Only the jaw and the mouth move: the rigid points do not hear of it. */
static void speech_does_not_turn_the_head(void **state)
{
    face_template f = made_face();
    photo p;

    (void)state;
    photo_take(&p, &f, (pfld_pose){20, 5, -10}, 100);
    for (int j = 0; j < 68; j++)
        if (j < 17 || j >= 48)
            p.points[j].y += 15;
    derive_one(&p, &f);
    assert_angles(p.s.pose, (pfld_pose){20, 5, -10}, 0.01f);
}

static void all_schemes_but_five_have_a_pose(void **state)
{
    const pfld_pose pose = {25, -15, 10};
    photo p;

    (void)state;
    for (int k = 0; scheme_at(k); k++) {
        photo_neutral(&p, scheme_at(k)->name, pose);
        derive_one(&p, NULL);
        if (strcmp(scheme_at(k)->name, "five") == 0)
            assert_no_pose(&p);
        else
            assert_angles(p.s.pose, pose, 0.05f);
        assert_int_equal(p.s.classes, 1u << DATA_HEAD_DOWN); /* five's too */
    }
}

static void other_schemes_use_the_template_too(void **state)
{
    const pfld_pose pose = {-30, 10, 5};
    const scheme *from = scheme_find("ibug68");
    face_template f = made_face();
    photo p;

    (void)state;
    for (int j = 27; j < 36; j++) /* a longer nose than the neutral face's */
        f.points[j].z *= 1.4f;
    for (int k = 1; scheme_at(k); k++) {
        if (strcmp(scheme_at(k)->name, "five") == 0)
            continue;
        photo_neutral(&p, scheme_at(k)->name, pose);
        for (int i = 0; i < p.s.scheme->n_rigid; i++)
            for (int j = 0; j < from->n_rigid; j++)
                if (from->rigid[j].face3d == p.s.scheme->rigid[i].face3d)
                    p.points[p.s.scheme->rigid[i].point] =
                        seen(f.points[from->rigid[j].point], &pose, 80);
        derive_one(&p, &f);
        assert_angles(p.s.pose, pose, 0.05f);
    }
}

static void few_or_flat_points_have_no_pose(void **state)
{
    photo p;

    (void)state;
    photo_neutral(&p, "aflw19", (pfld_pose){10, 5, 0}); /* the eyes' corners and the nose's tip */
    p.known[2] = 0;
    p.known[3] = 0;
    derive_one(&p, NULL);
    assert_no_pose(&p);
    assert_int_equal(p.s.classes, 0);
    photo_neutral(&p, "ibug68", (pfld_pose){10, 5, 0}); /* a profile's points */
    for (int i = 0; i < 3; i++)
        p.known[(int[]){42, 45, 35}[i]] = 0;
    derive_one(&p, NULL);
    assert_angles(p.s.pose, (pfld_pose){10, 5, 0}, 0.05f);
    memset(p.known, 0, sizeof p.known);
    derive_one(&p, NULL);
    assert_no_pose(&p);
    photo_neutral(&p, "ibug68", (pfld_pose){10, 5, 0});
    p.points[30].x = NAN;
    derive_one(&p, NULL);
    assert_no_pose(&p);
}

static void the_data_sets_own_pose_stays(void **state)
{
    photo p;

    (void)state;
    photo_neutral(&p, "five", (pfld_pose){0, 0, 0});
    p.s.has_pose = true;
    p.s.pose = (pfld_pose){32, 1, 2};
    derive_one(&p, NULL);
    assert_angles(p.s.pose, (pfld_pose){32, 1, 2}, 0);
    assert_int_equal(p.s.classes, 1u << DATA_PROFILE);
}

/* --- classes ---------------------------------------------------------------------------------- */

#define BIT(c) (1u << DATA_##c)

/* A face at rest: what of it classes look at is where it should be. */
static face_template resting_face(void)
{
    static const struct {
        uint8_t point;
        pose_point3 p;
    } rest[] = {
        {37, {-0.41f, -0.05f, -0.05f}}, {38, {-0.30f, -0.05f, -0.07f}},
        {40, {-0.30f, 0.04f, -0.06f}},  {41, {-0.41f, 0.04f, -0.04f}},
        {43, {0.30f, -0.05f, -0.07f}},  {44, {0.41f, -0.05f, -0.05f}},
        {46, {0.41f, 0.04f, -0.04f}},   {47, {0.30f, 0.04f, -0.06f}},
        {48, {-0.32f, 0.75f, -0.1f}},   {54, {0.32f, 0.75f, -0.1f}},
        {62, {0.0f, 0.75f, -0.2f}},     {66, {0.0f, 0.78f, -0.2f}},
    };
    face_template f = made_face();

    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        f.points[rest[i].point] = rest[i].p;
    return f;
}

static uint32_t classes_at(const face_template *f, float yaw, float pitch, uint32_t flags)
{
    photo p;

    photo_take(&p, f, (pfld_pose){yaw, pitch, 20}, 100);
    p.s.flags = flags;
    derive_one(&p, f);
    return p.s.classes;
}

static void pose_puts_every_face_in_a_class(void **state)
{
    face_template f = resting_face();

    (void)state;
    assert_int_equal(classes_at(&f, 0, 0, 0), BIT(FRONTAL));
    assert_int_equal(classes_at(&f, 29, 11, 0), BIT(FRONTAL));
    assert_int_equal(classes_at(&f, -29, -11, 0), BIT(FRONTAL));
    assert_int_equal(classes_at(&f, 31, 0, 0), BIT(PROFILE));
    assert_int_equal(classes_at(&f, -31, 0, 0), BIT(PROFILE));
    assert_int_equal(classes_at(&f, 0, 13, 0), BIT(HEAD_UP));
    assert_int_equal(classes_at(&f, 0, -13, 0), BIT(HEAD_DOWN));
    assert_int_equal(classes_at(&f, 40, 20, 0), BIT(PROFILE) | BIT(HEAD_UP));
    for (float yaw = -55; yaw < 60; yaw += 5) /* rest stays rest at any pose */
        for (float pitch = -35; pitch < 40; pitch += 5)
            assert_false(classes_at(&f, yaw, pitch, 0) & BIT(EXPRESSION));
}

static void mouth_and_eyes_make_an_expression(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        face_template f = resting_face();
        pose_point3 *p = f.points;
        if (kind == 0) {
            p[66].y += 0.25f; /* open */
        } else if (kind == 1) {
            p[48].x = -0.42f, p[54].x = 0.42f; /* broad */
        } else if (kind == 2) {
            p[48].x = -0.22f, p[54].x = 0.22f; /* pursed */
        } else {
            p[37].y = p[38].y = p[43].y = p[44].y = 0.02f; /* closed */
        }
        assert_int_equal(classes_at(&f, 0, 0, 0), BIT(FRONTAL) | BIT(EXPRESSION));
        assert_int_equal(classes_at(&f, -35, 5, 0), BIT(PROFILE) | BIT(EXPRESSION));
    }
}

static void flags_count(void **state)
{
    face_template f = resting_face();
    photo p;

    (void)state;
    assert_int_equal(classes_at(&f, 0, 0, DATA_FLAG_OCCLUSION), BIT(FRONTAL) | BIT(OCCLUSION));
    assert_int_equal(classes_at(&f, 0, 0, DATA_FLAG_EXPRESSION), BIT(FRONTAL) | BIT(EXPRESSION));
    assert_int_equal(classes_at(&f, 0, 0, DATA_FLAG_POSE | DATA_FLAG_BLUR), BIT(FRONTAL));
    photo_init(&p, "ibug68");
    memset(p.known, 0, sizeof p.known);
    p.s.flags = DATA_FLAG_POSE;
    derive_one(&p, NULL);
    assert_int_equal(p.s.classes, BIT(PROFILE));
}

/* --- weights ---------------------------------------------------------------------------------- */

#define CROWD 5000

static double mean_weight(const class_weights *w, const data_set *set)
{
    double sum = 0;

    for (size_t i = 0; i < set->n; i++) {
        float weight = class_weight(w, set->samples[i].classes);
        assert_true(weight > 0 && isfinite(weight));
        sum += (double)weight / (double)set->n;
    }
    return sum;
}

/* A set whose faces are in class c with the probability parts[c]. */
static data_set crowd(const float parts[DATA_CLASSES])
{
    data_set set = {.samples = calloc(CROWD, sizeof(data_sample)), .n = CROWD};

    assert_non_null(set.samples);
    for (size_t i = 0; i < set.n; i++)
        for (int c = 0; c < DATA_CLASSES; c++)
            set.samples[i].classes |= rng_float(&dice) < parts[c] ? 1u << c : 0;
    return set;
}

static void the_mean_weight_is_1(void **state)
{
    static const float parts[][DATA_CLASSES] = {
        {0.1f, 0.7f, 0.1f, 0.05f, 0.2f, 0.02f},
        {0.1f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f},   /* many are in none */
        {0.001f, 0.9f, 0.0f, 0.0f, 0.3f, 0.0f}, /* a rare class, and empty ones */
        {0, 0, 0, 0, 0, 0},
        {1, 1, 1, 1, 1, 1},
    };

    (void)state;
    rng_seed(&dice, 23);
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        data_set set = crowd(parts[k]);
        class_weights w;
        class_weights_of(&set, &w);
        assert_int_equal(w.total, CROWD);
        assert_true(fabs(mean_weight(&w, &set) - 1.0) < 1e-4);
        for (int c = 0; c < DATA_CLASSES; c++)
            assert_true(w.weight[c] > 0 && w.weight[c] <= 101.0f);
        free(set.samples);
    }
}

static void weights_are_inverse_to_shares(void **state)
{
    data_sample samples[8] = {{0}};
    data_set set = {.samples = samples, .n = 8};
    class_weights w;

    (void)state;
    for (int i = 0; i < 8; i++)
        samples[i].classes = i < 6 ? BIT(FRONTAL) : BIT(PROFILE) | (i == 7 ? BIT(OCCLUSION) : 0);
    class_weights_of(&set, &w);
    assert_int_equal(w.count[DATA_FRONTAL], 6);
    assert_int_equal(w.count[DATA_PROFILE], 2);
    assert_int_equal(w.count[DATA_OCCLUSION], 1);
    assert_true(w.none == 0.0 && w.share[DATA_PROFILE] == 0.25);
    assert_float_equal(w.weight[DATA_PROFILE], 3 * w.weight[DATA_FRONTAL], 1e-5f);
    assert_float_equal(w.weight[DATA_OCCLUSION], 6 * w.weight[DATA_FRONTAL], 1e-5f);
    assert_float_equal(class_weight(&w, samples[7].classes),
                       w.weight[DATA_PROFILE] + w.weight[DATA_OCCLUSION], 1e-6f);
    set.n = 0;
    class_weights_of(&set, &w);
    assert_float_equal(class_weight(&w, BIT(FRONTAL)), 1, 0);
    assert_float_equal(class_weight(&w, 0), 1, 0);
}

static void turned_faces_keep_the_mean(void **state)
{
    static const float parts[DATA_CLASSES] = {0, 0, 0.1f, 0.05f, 0.2f, 0.01f};
    class_weights before, w;
    data_set set;

    (void)state;
    rng_seed(&dice, 31);
    set = crowd(parts);
    for (size_t i = 0; i < set.n; i++)
        set.samples[i].classes |= rng_float(&dice) < 0.05f ? BIT(PROFILE) : BIT(FRONTAL);
    class_weights_of(&set, &before);
    w = before;
    class_weights_turn(&w, 0.1);
    for (size_t i = 0; i < set.n; i++)
        if (rng_float(&dice) < 0.1f)
            set.samples[i].classes = (set.samples[i].classes & ~BIT(FRONTAL)) | BIT(PROFILE);
    assert_true(fabs(mean_weight(&w, &set) - 1.0) < 0.02);
    assert_true(mean_weight(&before, &set) > 1.2); /* what turned faces weigh uncounted */
    assert_true(w.weight[DATA_PROFILE] < 0.5f * before.weight[DATA_PROFILE]);
    free(set.samples);
}

static void painted_occlusions_keep_the_mean(void **state)
{
    static const float parts[DATA_CLASSES] = {0.1f, 0.6f, 0.1f, 0.05f, 0.2f, 0.01f};
    class_weights w;
    data_set set;

    (void)state;
    rng_seed(&dice, 29);
    set = crowd(parts);
    class_weights_of(&set, &w);
    class_weights_paint(&w, 0.4);
    for (size_t i = 0; i < set.n; i++)
        set.samples[i].classes |= rng_float(&dice) < 0.4f ? BIT(OCCLUSION) : 0;
    assert_true(fabs(mean_weight(&w, &set) - 1.0) < 0.02);
    assert_true(w.weight[DATA_OCCLUSION] < w.weight[DATA_PROFILE]);
    free(set.samples);
}

/* --- real faces ------------------------------------------------------------------------------- */

static const char *shared(const char *format, const char *name, char path[512])
{
    const char *folder = getenv("PFLD_SHARED");
    FILE *f;

    if (!folder)
        folder = PFLD_SOURCE_DIR "/../shared";
    snprintf(path, 512, "%s/data/%s", folder, name);
    f = fopen(path, "r");
    if (!f)
        skip();
    fclose(f);
    snprintf(path, 512, "%s%s/data/%s", format, folder, name);
    return path;
}

static void assert_same_sign(float found, float given)
{
    if (fabsf(given) > 5.0f)
        assert_true(found * given > 0.0f);
}

/* What AFLW2000-3D's points look like to a face of 300-W's: docs/pose.md. */
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

static void check_aflw2000(const face_template *f)
{
    data_set set = {0};
    pfld_pose given[8], sum = {0};
    pfld_error err;
    char path[512];

    assert_int_equal(
        data_set_add(&set, shared("aflw2000:", "pose/pose.csv", path), &(data_options){0}, &err),
        PFLD_OK);
    assert_int_equal(set.n, 8);
    for (int i = 0; i < 8; i++) {
        given[i] = as_its_points_look(set.samples[i].pose);
        set.samples[i].has_pose = false;
    }
    data_set_derive(&set, f);
    for (int i = 0; i < 8; i++) {
        pfld_pose p = set.samples[i].pose;
        assert_same_sign(p.yaw, given[i].yaw);
        assert_same_sign(p.roll, given[i].roll);
        assert_angles(p, given[i], 8.0f);
        sum.yaw += fabsf(p.yaw - given[i].yaw) / 8;
        sum.pitch += fabsf(p.pitch - given[i].pitch) / 8;
        sum.roll += fabsf(p.roll - given[i].roll) / 8;
    }
    print_message("AFLW2000's 8: mean absolute error yaw %.2f, pitch %.2f, roll %.2f degrees\n",
                  (double)sum.yaw, (double)sum.pitch, (double)sum.roll);
    assert_true(sum.yaw < 2 && sum.pitch < 4 && sum.roll < 4);
    data_set_free(&set);
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* People look to both sides alike. */
static void check_distribution(const data_set *set)
{
    float *v[3], at[3][5];

    for (int k = 0; k < 3; k++) {
        v[k] = malloc(set->n * sizeof *v[k]);
        assert_non_null(v[k]);
        for (size_t i = 0; i < set->n; i++) {
            pfld_pose p = set->samples[i].pose;
            v[k][i] = k == 0 ? p.yaw : k == 1 ? p.pitch : p.roll;
            assert_true(isfinite(v[k][i]));
        }
        qsort(v[k], set->n, sizeof *v[k], by_size);
        for (int q = 0; q < 5; q++)
            at[k][q] = v[k][(set->n - 1) * (size_t)(int[]){5, 25, 50, 75, 95}[q] / 100];
        free(v[k]);
    }
    assert_true(fabsf(at[0][2]) < 3 && fabsf(at[0][0] + at[0][4]) < 6);
    assert_true(at[0][4] > 20 && at[1][4] > 10 && at[1][0] < -5);
    assert_true(fabsf(at[1][2]) < 6 && fabsf(at[2][2]) < 3);
}

static void check_neutral(const face_template *f)
{
    const scheme *s = scheme_find("ibug68");

    for (int j = 0; j < TEMPLATE_RIGID; j++)
        for (int i = 0; i < s->n_rigid; i++)
            if (s->rigid[i].point == face_rigid[j]) {
                pose_point3 p = f->points[face_rigid[j]], q = pose_neutral[s->rigid[i].face3d];
                assert_float_equal(p.x, q.x, 0.09f);
                assert_float_equal(p.y, q.y, 0.09f);
                assert_float_equal(p.z, q.z, 0.09f);
            }
}

static void the_mean_face_of_real_faces_tells_their_pose(void **state)
{
    data_set set = {0};
    face_template f;
    class_weights w;
    pfld_error err;
    char path[512];

    (void)state;
    shared("300w:", "landmarks68/300w/train.txt", path);
    assert_int_equal(data_set_add(&set, path, &(data_options){0}, &err), PFLD_OK);
    assert_int_equal(face_template_build(&set, &f, &err), PFLD_OK);
    check_neutral(&f);
    data_set_derive(&set, &f);
    check_distribution(&set);
    class_weights_of(&set, &w);
    assert_true(w.none == 0.0 && fabs(mean_weight(&w, &set) - 1.0) < 1e-4);
    for (int c = DATA_PROFILE; c <= DATA_EXPRESSION; c++)
        assert_true(w.share[c] > 0.02 && w.share[c] < 0.9);
    data_set_free(&set);
    check_aflw2000(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_face_comes_back_from_its_pictures),
        cmocka_unit_test(a_face_comes_back_from_inexact_pictures),
        cmocka_unit_test(what_is_not_a_whole_ibug_face_is_left_out),
        cmocka_unit_test(no_mean_face_without_enough_faces_that_turn),
        cmocka_unit_test(memory_that_runs_out_is_said),
        cmocka_unit_test(a_face_survives_its_file),
        cmocka_unit_test(eigenvectors_make_the_matrix_again),
        cmocka_unit_test(turned_faces_have_their_angles),
        cmocka_unit_test(a_mirrored_face_has_mirrored_angles),
        cmocka_unit_test(speech_does_not_turn_the_head),
        cmocka_unit_test(all_schemes_but_five_have_a_pose),
        cmocka_unit_test(other_schemes_use_the_template_too),
        cmocka_unit_test(few_or_flat_points_have_no_pose),
        cmocka_unit_test(the_data_sets_own_pose_stays),
        cmocka_unit_test(pose_puts_every_face_in_a_class),
        cmocka_unit_test(mouth_and_eyes_make_an_expression),
        cmocka_unit_test(flags_count),
        cmocka_unit_test(the_mean_weight_is_1),
        cmocka_unit_test(weights_are_inverse_to_shares),
        cmocka_unit_test(turned_faces_keep_the_mean),
        cmocka_unit_test(painted_occlusions_keep_the_mean),
        cmocka_unit_test(the_mean_face_of_real_faces_tells_their_pose),
    };
    return cmocka_run_group_tests_name("facepose", tests, NULL, NULL);
}
