/* pfld.h: options, loading, sessions and their argument checks. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/mem.h"
#include "detect/builtin.h"
#include "pfld/pfld.h"
#include "tiny_face.h"

#define DEFAULT_MODEL PFLD_SOURCE_DIR "/models/" BUILTIN_NAME ".onnx"

/* For pointers that must become NULL. */
static int somewhere;

/* ---- small things ---- */

static void version_and_phrases(void **state)
{
    (void)state;
    assert_int_equal(pfld_version(),
                     PFLD_VERSION_MAJOR << 16 | PFLD_VERSION_MINOR << 8 | PFLD_VERSION_PATCH);
    for (int st = PFLD_ERR_UNSUPPORTED - 3; st <= PFLD_OK + 3; st++)
        assert_true(strlen(pfld_status_str((pfld_status)st)) > 0);
    assert_string_not_equal(pfld_status_str(PFLD_ERR_IO), pfld_status_str(PFLD_ERR_NOMEM));
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    pfld_model_free(NULL);
    pfld_session_free(NULL);
}

static void questions_about_nothing_have_answers(void **state)
{
    pfld_model *m = tiny_load(&tiny_fixed_points, NULL);

    (void)state;
    assert_int_equal(pfld_model_landmark_count(NULL), 0);
    assert_null(pfld_model_scheme(NULL));
    assert_null(pfld_model_metadata(NULL, "pfld.scheme"));
    assert_null(pfld_model_metadata(m, NULL));
    assert_null(pfld_model_metadata(m, "pfld.nothing"));
    assert_int_equal(pfld_session_isa(NULL), PFLD_ISA_AUTO);
    assert_string_equal(pfld_model_metadata(m, "pfld.scheme"), "five");
    assert_string_equal(pfld_model_scheme(m), "five");
    assert_int_equal(pfld_model_landmark_count(m), 5);
    pfld_model_free(m);
}

/* ---- options of other sizes ---- */

static void options_start_as_defaults(void **state)
{
    pfld_options o;
    pfld_model_options m;
    unsigned char bytes[8];

    (void)state;
    memset(&o, 0xff, sizeof o);
    pfld_options_init(&o, sizeof o);
    assert_int_equal(o.size, sizeof o);
    assert_true(o.isa == PFLD_ISA_AUTO && !o.workspace && !o.workspace_size);
    memset(&m, 0xff, sizeof m);
    pfld_model_options_init(&m, sizeof m);
    assert_int_equal(m.size, sizeof m);
    assert_true(!m.scheme && !m.input && m.crop_scale == 0 && !m.output);
    pfld_options_init(NULL, 100);
    pfld_model_options_init(NULL, 100);
    memset(bytes, 0xaa, sizeof bytes); /* no room for even the size: nothing is written */
    pfld_options_init((pfld_options *)(void *)bytes, 3);
    for (size_t i = 0; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], 0xaa);
}

typedef struct newer_options { /* of a header that this library has not seen */
    pfld_options known;
    uint64_t unknown[4];
} newer_options;

static void newer_options_are_taken_while_they_ask_for_nothing_new(void **state)
{
    pfld_model *m = tiny_load(&tiny_fixed_points, NULL);
    newer_options o;
    pfld_session *s;
    pfld_error err = {0};
    size_t bytes = 7;

    (void)state;
    memset(&o, 0xff, sizeof o);
    pfld_options_init(&o.known, sizeof o);
    assert_int_equal(o.unknown[3], 0);
    assert_int_equal(pfld_session_create(m, NULL, &o.known, &s, NULL), PFLD_OK);
    pfld_session_free(s);
    o.unknown[3] = (uint64_t)1 << 56; /* the very last byte */
    assert_int_equal(pfld_session_create(m, NULL, &o.known, &s, &err), PFLD_ERR_ARG);
    assert_null(s);
    assert_non_null(strstr(err.msg, "pfld_options"));
    assert_int_equal(pfld_workspace_size(m, NULL, &o.known, &bytes, &err), PFLD_ERR_ARG);
    assert_int_equal(bytes, 7);
    pfld_model_free(m);
}

static void older_options_are_taken(void **state)
{
    pfld_model *m = tiny_load(&tiny_fixed_points, NULL);
    pfld_options o;
    pfld_session *s;

    (void)state;
    pfld_options_init(&o, offsetof(pfld_options, workspace));
    o.isa = PFLD_ISA_SCALAR;
    o.workspace = &o; /* beyond the size that is stated */
    o.workspace_size = 1;
    assert_int_equal(pfld_session_create(m, NULL, &o, &s, NULL), PFLD_OK);
    assert_int_equal(pfld_session_isa(s), PFLD_ISA_SCALAR);
    pfld_session_free(s);
    o.size = sizeof o.size;
    o.isa = (pfld_isa)99; /* not looked at */
    assert_int_equal(pfld_session_create(m, NULL, &o, &s, NULL), PFLD_OK);
    pfld_session_free(s);
    pfld_model_free(m);
}

static void instruction_sets_that_are_none_are_refused(void **state)
{
    pfld_model *m = tiny_load(&tiny_fixed_points, NULL);
    pfld_options o;
    pfld_session *s;
    size_t bytes;

    (void)state;
    pfld_options_init(&o, sizeof o);
    o.isa = (pfld_isa)99;
    assert_int_equal(pfld_session_create(m, NULL, &o, &s, NULL), PFLD_ERR_ARG);
    assert_null(s);
    assert_int_equal(pfld_workspace_size(m, NULL, &o, &bytes, NULL), PFLD_ERR_ARG);
    pfld_model_free(m);
}

static void options_that_were_never_started_are_refused(void **state)
{
    pfld_model *m = tiny_load(&tiny_fixed_points, NULL), *other = m;
    pfld_options o = {0};
    pfld_model_options mo = {0};
    pfld_session *s = (pfld_session *)&o;
    pfld_error err = {0};
    size_t size;
    uint8_t *buf = tiny_net_onnx(&tiny_fixed_points, &size);

    (void)state;
    assert_int_equal(pfld_session_create(m, NULL, &o, &s, &err), PFLD_ERR_ARG);
    assert_null(s);
    assert_non_null(strstr(err.msg, "pfld_options_init"));
    assert_int_equal(pfld_model_load_memory(buf, size, &mo, &other, &err), PFLD_ERR_ARG);
    assert_null(other);
    assert_non_null(strstr(err.msg, "pfld_model_options_init"));
    mem_free(buf);
    pfld_model_free(m);
}

/* ---- loading ---- */

static void wrong_arguments_of_loading_are_named(void **state)
{
    pfld_model *m = (pfld_model *)&somewhere;
    pfld_error err = {0};

    (void)state;
    assert_int_equal(pfld_model_load_memory("x", 1, NULL, NULL, &err), PFLD_ERR_ARG);
    assert_true(strlen(err.msg) > 0);
    assert_int_equal(pfld_model_load_memory(NULL, 1, NULL, &m, &err), PFLD_ERR_ARG);
    assert_null(m);
    m = (pfld_model *)&somewhere;
    assert_int_equal(pfld_model_load(NULL, NULL, &m, &err), PFLD_ERR_ARG);
    assert_null(m);
    assert_int_equal(pfld_model_load("x.onnx", NULL, NULL, &err), PFLD_ERR_ARG);
    assert_int_equal(pfld_model_load(NULL, NULL, NULL, NULL), PFLD_ERR_ARG);
    assert_int_equal(pfld_model_load_default(NULL, NULL, &err), PFLD_ERR_ARG);
}

static void what_cannot_be_loaded_says_why(void **state)
{
    pfld_model *m = (pfld_model *)&somewhere;
    pfld_error err = {0};
    size_t size;
    uint8_t *buf = tiny_net_onnx(&tiny_fixed_points, &size);

    (void)state;
    assert_int_equal(pfld_model_load("no/such/file.onnx", NULL, &m, &err), PFLD_ERR_IO);
    assert_null(m);
    assert_true(err.sys != 0 && strstr(err.msg, "no/such/file.onnx") == err.msg);
    assert_int_equal(pfld_model_load_memory(buf, 0, NULL, &m, &err), PFLD_ERR_FORMAT);
    assert_null(m);
    for (size_t cut = 1; cut < size; cut++) { /* of 1.5 KB */
        err = (pfld_error){0};
        m = (pfld_model *)&somewhere;
        if (pfld_model_load_memory(buf, cut, NULL, &m, &err) == PFLD_OK) {
            assert_true(cut > size - 200); /* only the metadata, which come last, are gone */
            pfld_model_free(m);
            continue;
        }
        assert_null(m);
        assert_true(err.status < 0 && strlen(err.msg) > 0);
    }
    mem_free(buf);
}

static void a_model_is_read_from_a_file(void **state)
{
    static const char path[] = "test_api.onnx";
    size_t size;
    uint8_t *buf = tiny_net_onnx(&tiny_fixed_points, &size);
    FILE *f = fopen(path, "wb");
    pfld_model *m;
    pfld_error err = {0};

    (void)state;
    assert_non_null(f);
    assert_int_equal(fwrite(buf, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(pfld_model_load(path, NULL, &m, NULL), PFLD_OK);
    pfld_model_free(m);
    f = fopen(path, "wb"); /* now cut short: the file is named */
    assert_non_null(f);
    assert_int_equal(fwrite(buf, 1, size / 2, f), size / 2);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(pfld_model_load(path, NULL, &m, &err), PFLD_ERR_FORMAT);
    assert_null(m);
    assert_ptr_equal(strstr(err.msg, path), err.msg);
    remove(path);
    mem_free(buf);
}

static pfld_face default_face(const char *path)
{
    pfld_image img = tiny_busy_picture(PFLD_RGB8);
    pfld_model *m;
    pfld_session *s;
    pfld_face face;
    pfld_error err = {0};
    pfld_status st =
        path ? pfld_model_load(path, NULL, &m, &err) : pfld_model_load_default(NULL, &m, &err);

    assert_string_equal(err.msg, "");
    assert_int_equal(st, PFLD_OK);
    assert_string_equal(pfld_model_scheme(m), "ibug68");
    assert_string_equal(pfld_model_metadata(m, "pfld.kind"), "landmarks");
    s = tiny_start(m);
    face = tiny_find(s, &img, &tiny_box);
    pfld_session_free(s);
    pfld_model_free(m);
    return face;
}

static void the_default_model_is_the_file_to_the_bit(void **state)
{
#ifdef PFLD_NO_MODEL
    (void)state;
    (void)default_face;
    skip();
#else
    const uint8_t *inside;
    uint8_t *file;
    size_t n_inside, n_file;
    pfld_face a, b;

    (void)state;
    assert_int_equal(builtin_model(&inside, &n_inside, NULL), PFLD_OK);
    assert_int_equal(file_read(DEFAULT_MODEL, SIZE_MAX, &file, &n_file, NULL), PFLD_OK);
    assert_int_equal(n_inside, n_file);
    assert_memory_equal(inside, file, n_file);
    mem_free(file);
    a = default_face(NULL);
    b = default_face(DEFAULT_MODEL);
    assert_int_equal(a.n_landmarks, 68);
    assert_memory_equal(&a, &b, sizeof a);
#endif
}

static void options_override_what_the_default_model_says(void **state)
{
#ifdef PFLD_NO_MODEL
    (void)state;
    skip();
#else
    pfld_model_options opt;
    pfld_model *m = (pfld_model *)&somewhere;
    pfld_error err = {0};

    (void)state;
    pfld_model_options_init(&opt, sizeof opt);
    opt.scheme = "moon";
    assert_int_equal(pfld_model_load_default(&opt, &m, &err), PFLD_ERR_ARG);
    assert_null(m);
    assert_non_null(strstr(err.msg, "'moon'"));
    opt.scheme = NULL;
    opt.crop_scale = 1.5f;
    assert_int_equal(pfld_model_load_default(&opt, &m, NULL), PFLD_OK);
    pfld_model_free(m);
#endif
}

static void a_model_of_another_kind_is_refused(void **state)
{
    tiny_net wide = tiny_fixed_points;
    size_t size;
    uint8_t *buf;
    pfld_model *m;
    pfld_error err = {0};
    pfld_model_options opt;

    (void)state;
    wide.channels = 2;
    buf = tiny_net_onnx(&wide, &size);
    assert_int_equal(pfld_model_load_memory(buf, size, NULL, &m, &err), PFLD_ERR_UNSUPPORTED);
    assert_null(m);
    assert_non_null(strstr(err.msg, "1x2x16x16"));
    mem_free(buf);
    buf = tiny_net_onnx(&tiny_fixed_points, &size);
    pfld_model_options_init(&opt, sizeof opt);
    opt.scheme = "ibug68";
    assert_int_equal(pfld_model_load_memory(buf, size, &opt, &m, &err), PFLD_ERR_UNSUPPORTED);
    opt.scheme = "ibug";
    assert_int_equal(pfld_model_load_memory(buf, size, &opt, &m, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "'ibug'"));
    mem_free(buf);
}

static void an_open_size_becomes_112(void **state)
{
    tiny_net open = tiny_fixed_points;
    pfld_image img = tiny_plain_picture(PFLD_RGB8, 1, 2, 3);
    pfld_model *m;
    pfld_session *s;
    pfld_face face;

    (void)state;
    open.side = NET_DIM_OPEN;
    m = tiny_load(&open, NULL);
    s = tiny_start(m);
    face = tiny_find(s, &img, &tiny_box);
    assert_float_equal(tiny_value(&face, 7, 1.1f), 0.75f, 1e-5f);
    pfld_session_free(s);
    pfld_model_free(m);
}

/* ---- sessions and workspaces ---- */

static void wrong_arguments_of_sessions_are_named(void **state)
{
    pfld_model *m = tiny_load(&tiny_fixed_points, NULL);
    pfld_session *s = (pfld_session *)&somewhere;
    pfld_error err = {0};
    size_t bytes = 7;

    (void)state;
    assert_int_equal(pfld_session_create(m, NULL, NULL, NULL, &err), PFLD_ERR_ARG);
    assert_true(strlen(err.msg) > 0);
    assert_int_equal(pfld_session_create(NULL, NULL, NULL, &s, &err), PFLD_ERR_ARG);
    assert_null(s);
    assert_non_null(strstr(err.msg, "model"));
    assert_int_equal(pfld_workspace_size(NULL, NULL, NULL, &bytes, &err), PFLD_ERR_ARG);
    assert_int_equal(pfld_workspace_size(m, NULL, NULL, NULL, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "bytes"));
    assert_int_equal(bytes, 7);
    pfld_model_free(m);
}

static void the_instruction_set_is_capped(void **state)
{
    pfld_model *m = tiny_load(&tiny_fixed_points, NULL);
    pfld_options o;
    pfld_session *s;

    (void)state;
    pfld_options_init(&o, sizeof o);
    o.isa = PFLD_ISA_SCALAR;
    assert_int_equal(pfld_session_create(m, NULL, &o, &s, NULL), PFLD_OK);
    assert_int_equal(pfld_session_isa(s), PFLD_ISA_SCALAR);
    pfld_session_free(s);
    s = tiny_start(m);
    assert_int_not_equal(pfld_session_isa(s), PFLD_ISA_AUTO);
    pfld_session_free(s);
    pfld_model_free(m);
}

static void a_workspace_gives_the_same_bits_as_the_heap(void **state)
{
    pfld_model *m = tiny_load(&tiny_channel_means, NULL);
    pfld_session *heap = tiny_start(m), *own;
    pfld_image img = tiny_busy_picture(PFLD_RGB8);
    pfld_face want = tiny_find(heap, &img, &tiny_box), got;
    pfld_options o;
    size_t bytes = 0;
    unsigned char *block;

    (void)state;
    pfld_options_init(&o, sizeof o);
    o.passes = 1;
    assert_int_equal(pfld_workspace_size(m, NULL, &o, &bytes, NULL), PFLD_OK);
    assert_true(bytes > 0);
    block = aligned_alloc(64, (bytes + 127) / 64 * 64);
    assert_non_null(block);
    memset(block, 0xff, bytes + 64); /* NaN, were it read; and a fence */
    o.workspace = block;
    o.workspace_size = bytes;
    assert_int_equal(pfld_session_create(m, NULL, &o, &own, NULL), PFLD_OK);
    got = tiny_find(own, &img, &tiny_box);
    assert_memory_equal(&got, &want, sizeof got);
    for (size_t i = bytes; i < bytes + 64; i++)
        assert_int_equal(block[i], 0xff);
    pfld_session_free(own);
    free(block);
    pfld_session_free(heap);
    pfld_model_free(m);
}

static void a_workspace_that_does_not_fit_is_refused(void **state)
{
    pfld_model *m = tiny_load(&tiny_fixed_points, NULL);
    pfld_session *s;
    pfld_options o;
    size_t bytes = 0, asked = 0;
    unsigned char *block;
    pfld_error err = {0};

    (void)state;
    pfld_options_init(&o, sizeof o);
    assert_int_equal(pfld_workspace_size(m, NULL, NULL, &bytes, NULL), PFLD_OK);
    block = aligned_alloc(64, (bytes + 127) / 64 * 64);
    assert_non_null(block);
    o.workspace = block + 1; /* how much is needed can be asked all the same */
    assert_int_equal(pfld_workspace_size(m, NULL, &o, &asked, NULL), PFLD_OK);
    assert_int_equal(asked, bytes);
    o.workspace_size = bytes;
    assert_int_equal(pfld_session_create(m, NULL, &o, &s, &err), PFLD_ERR_ARG);
    assert_null(s);
    assert_non_null(strstr(err.msg, "aligned"));
    o.workspace = block;
    for (size_t i = 0; i < bytes; i += i + 1 < bytes && i > 256 ? bytes / 13 : 1) {
        o.workspace_size = i;
        s = (pfld_session *)&somewhere;
        assert_int_equal(pfld_session_create(m, NULL, &o, &s, &err), PFLD_ERR_NOMEM);
        assert_null(s);
        assert_non_null(strstr(err.msg, "pfld_workspace_size"));
    }
    o.workspace_size = bytes - 1;
    assert_int_equal(pfld_session_create(m, NULL, &o, &s, NULL), PFLD_ERR_NOMEM);
    free(block);
    pfld_model_free(m);
}

static void a_faces_pose_is_that_of_its_points(void **state)
{
    pfld_model *m = tiny_load(&tiny_fixed_points, NULL);
    pfld_session *s = tiny_start(m);
    pfld_image img = tiny_busy_picture(PFLD_RGB8);
    pfld_face face = tiny_find(s, &img, &tiny_box);
    pfld_camera camera = {.focal = 30, .centre = {20, 15}};
    pfld_cov cov[5];
    pfld_pose pose, other;

    (void)state;
    assert_int_equal(pfld_pose_from("five", face.landmarks, NULL, NULL, &pose, NULL), PFLD_OK);
    assert_memory_equal(&pose, &face.pose, sizeof pose);
    assert_int_equal(pfld_pose_from("five", face.landmarks, NULL, &camera, &other, NULL), PFLD_OK);
    assert_true(isfinite(other.yaw) && other.yaw != pose.yaw);
    for (int i = 0; i < 5; i++)
        cov[i] = (pfld_cov){(float)(3 * i), 0, (float)(3 * i + 2)};
    assert_int_equal(pfld_pose_from("five", face.landmarks, cov, NULL, &other, NULL), PFLD_OK);
    assert_true(isfinite(other.yaw) && other.yaw != pose.yaw);
    face.landmarks[2].x = NAN;
    assert_int_equal(pfld_pose_from("five", face.landmarks, NULL, NULL, &pose, NULL), PFLD_OK);
    assert_true(isnan(pose.yaw) && isnan(pose.pitch) && isnan(pose.roll));
    pfld_session_free(s);
    pfld_model_free(m);
}

static void wrong_arguments_of_poses_are_named(void **state)
{
    const pfld_point p[5] = {{30, 30}, {70, 30}, {50, 50}, {35, 70}, {65, 70}};
    const pfld_camera cameras[] = {{.focal = 0},
                                   {.focal = -1},
                                   {.focal = NAN},
                                   {.focal = INFINITY},
                                   {.focal = 1, .centre = {NAN, 0}}};
    const pfld_cov wrong[5] = {[4] = {1, 2, 1}};
    const pfld_pose before = {1, 2, 3};
    pfld_pose pose = before;
    pfld_error err;

    (void)state;
    assert_int_equal(pfld_pose_from("five", NULL, NULL, NULL, &pose, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "landmarks"));
    assert_int_equal(pfld_pose_from("five", p, NULL, NULL, NULL, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "pose"));
    assert_int_equal(pfld_pose_from("six", p, NULL, NULL, &pose, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "'six'"));
    assert_int_equal(pfld_pose_from(NULL, p, NULL, NULL, &pose, &err), PFLD_ERR_ARG);
    for (size_t i = 0; i < sizeof cameras / sizeof *cameras; i++)
        assert_int_equal(pfld_pose_from("five", p, NULL, &cameras[i], &pose, &err), PFLD_ERR_ARG);
    assert_int_equal(pfld_pose_from("five", p, wrong, NULL, &pose, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "cov[4]"));
    assert_memory_equal(&pose, &before, sizeof pose);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_and_phrases),
        cmocka_unit_test(freeing_nothing_is_fine),
        cmocka_unit_test(questions_about_nothing_have_answers),
        cmocka_unit_test(options_start_as_defaults),
        cmocka_unit_test(newer_options_are_taken_while_they_ask_for_nothing_new),
        cmocka_unit_test(older_options_are_taken),
        cmocka_unit_test(instruction_sets_that_are_none_are_refused),
        cmocka_unit_test(options_that_were_never_started_are_refused),
        cmocka_unit_test(wrong_arguments_of_loading_are_named),
        cmocka_unit_test(what_cannot_be_loaded_says_why),
        cmocka_unit_test(a_model_is_read_from_a_file),
        cmocka_unit_test(the_default_model_is_the_file_to_the_bit),
        cmocka_unit_test(options_override_what_the_default_model_says),
        cmocka_unit_test(a_model_of_another_kind_is_refused),
        cmocka_unit_test(an_open_size_becomes_112),
        cmocka_unit_test(wrong_arguments_of_sessions_are_named),
        cmocka_unit_test(the_instruction_set_is_capped),
        cmocka_unit_test(a_workspace_gives_the_same_bits_as_the_heap),
        cmocka_unit_test(a_workspace_that_does_not_fit_is_refused),
        cmocka_unit_test(a_faces_pose_is_that_of_its_points),
        cmocka_unit_test(wrong_arguments_of_poses_are_named),
    };

    return cmocka_run_group_tests_name("api", tests, NULL, NULL);
}
