/* What the outputs of each kind of detector mean, the best of them, and who suppresses whom. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "detect/box_from.h"
#include "detect/candidates.h"
#include "detect/decoder.h"
#include "detect/detect_spec.h"
#include "geometry/box.h"
#include "media/codec.h"
#include "tiny_detector.h"

enum { WIDTH = 96, HEIGHT = 64, MOST = 8 }; /* of the canvas; faces taken */

/* ---- a canvas whose outputs are all 0 but for what a test writes ---- */

typedef struct bench {
    const decoder *kind;
    decoder_maps maps;
    float *data[DECODER_OUTPUTS];
    detector_face faces[MOST];
    size_t n;
} bench;

static net_graph *with_outputs(const char *const *names)
{
    const net_shape shape = {4, {1, 3, HEIGHT, WIDTH}};
    net_graph *g;
    int32_t v;

    assert_int_equal(net_graph_create(&g, NULL), PFLD_OK);
    v = net_value_add(g, "input", NET_F32, &shape);
    assert_true(net_input_add(g, v));
    for (; *names; names++)
        assert_true(net_output_add(g, net_value_add(g, *names, NET_F32, NULL)));
    return g;
}

static const char *const our_names[] = {"stride32", "stride8", "other", "stride16", NULL};
static const char *const yunet_names[] = {"cls_8",  "cls_16", "cls_32",  "obj_8",   "obj_16",
                                          "obj_32", "bbox_8", "bbox_16", "bbox_32", "kps_8",
                                          "kps_16", "kps_32", NULL};
static const char *const light_names[] = {"scores", "boxes", NULL};

static void open_bench(bench *b, const char *const *names)
{
    net_graph *g = with_outputs(names);
    size_t output[DECODER_OUTPUTS];

    *b = (bench){.kind = decoder_find(g, output), .maps = {.width = WIDTH, .height = HEIGHT}};
    net_graph_free(g);
    assert_non_null(b->kind);
    for (size_t i = 0; i < DECODER_OUTPUTS && b->kind->outputs[i]; i++) {
        net_shape s = b->kind->shape(i, WIDTH, HEIGHT);
        size_t count;
        assert_true(net_shape_count(&s, &count));
        b->data[i] = calloc(count, sizeof(float));
        assert_non_null(b->data[i]);
        b->maps.out[i] = b->data[i];
    }
}

static void close_bench(bench *b)
{
    for (size_t i = 0; i < DECODER_OUTPUTS; i++)
        free(b->data[i]);
}

static void take(void *ctx, const detector_face *f)
{
    bench *b = ctx;

    assert_true(b->n < MOST);
    b->faces[b->n++] = *f;
}

static void assert_box(const pfld_box *b, float x, float y, float w, float h)
{
    if (fabsf(b->x - x) > 1e-3f || fabsf(b->y - y) > 1e-3f || fabsf(b->w - w) > 1e-3f ||
        fabsf(b->h - h) > 1e-3f)
        fail_msg("%g,%g %g x %g", (double)b->x, (double)b->y, (double)b->w, (double)b->h);
}

/* ---- the kinds ---- */

static void our_cells_are_read(void **state)
{
    bench b;
    float *v;

    (void)state;
    open_bench(&b, our_names);
    for (int i = 0; i < 12 * 8; i++)
        b.data[0][15 * i] = -20;
    for (int i = 0; i < 6 * 4; i++)
        b.data[1][15 * i] = -20;
    for (int i = 0; i < 3 * 2; i++)
        b.data[2][15 * i] = -20;
    v = b.data[1] + 15 * (3 * 6 + 4); /* stride 16, row 3, column 4: centre 71.5, 55.5 */
    v[0] = 1.5f;
    v[1] = 0.25f;
    v[2] = -0.5f;
    v[3] = logf(2);
    v[4] = logf(3);
    v[5] = -1;
    v[14] = 2;
    b.kind->decode(&b.maps, 0.5f, take, &b);
    assert_int_equal(b.n, 1);
    assert_float_equal(b.faces[0].score, 1 / (1 + expf(-1.5f)), 1e-6f);
    assert_box(&b.faces[0].box, 75.5f - 16, 47.5f - 24, 32, 48);
    assert_float_equal(b.faces[0].five[0].x, 55.5f, 1e-4f);
    assert_float_equal(b.faces[0].five[0].y, 55.5f, 1e-4f);
    assert_float_equal(b.faces[0].five[4].y, 87.5f, 1e-4f);
    b.n = 0;
    b.kind->decode(&b.maps, b.faces[0].score, take, &b); /* at least: not above */
    assert_int_equal(b.n, 1);
    b.n = 0;
    b.kind->decode(&b.maps, 0.82f, take, &b);
    assert_int_equal(b.n, 0);
    close_bench(&b);
}

static void yunet_s_cells_are_read(void **state)
{
    bench b;
    size_t n = 1 * 3 + 2; /* stride 32, row 1, column 2 */

    (void)state;
    open_bench(&b, yunet_names);
    b.data[2][n] = 0.81f;
    b.data[5][n] = 0.64f;
    b.data[8][4 * n] = 0.5f;
    b.data[8][4 * n + 2] = logf(0.5f);
    b.data[11][10 * n + 9] = 0.25f;
    b.data[0][7] = 2; /* of a class alone comes nothing */
    b.kind->decode(&b.maps, 0.5f, take, &b);
    assert_int_equal(b.n, 1);
    assert_float_equal(b.faces[0].score, 0.72f, 1e-6f);
    assert_box(&b.faces[0].box, 80 - 8 - 0.5f, 32 - 16 - 0.5f, 16, 32);
    assert_float_equal(b.faces[0].five[0].x, 63.5f, 1e-4f);
    assert_float_equal(b.faces[0].five[4].y, 39.5f, 1e-4f);
    close_bench(&b);
}

static void ultra_light_s_boxes_are_read(void **state)
{
    bench b;
    size_t n = 12 * 8 * 3 + 2 * (2 * 6 + 1) + 1; /* stride 16, row 2, column 1, side 48 */

    (void)state;
    open_bench(&b, light_names);
    b.data[0][2 * n + 1] = 0.9f;
    b.data[1][4 * n] = 1;
    b.data[1][4 * n + 3] = 5 * logf(2);
    n = 12 * 8 * 3 + 6 * 4 * 2 + 3 * 2 * 2 + 3 + 2; /* the last cell of stride 64, side 256 */
    b.data[0][2 * n + 1] = 0.8f;
    b.kind->decode(&b.maps, 0.5f, take, &b);
    assert_int_equal(b.n, 2);
    assert_box(&b.faces[0].box, 24 + 4.8f - 24 - 0.5f, 40 - 48 - 0.5f, 48, 96);
    assert_true(isnan(b.faces[0].five[2].x));
    assert_box(&b.faces[1].box, 96 - 128 - 0.5f, 32 - 128 - 0.5f, 256, 256);
    close_bench(&b);
}

static void what_is_no_number_is_no_face(void **state)
{
    const char *const *const kinds[] = {our_names, yunet_names, light_names};

    (void)state;
    for (size_t k = 0; k < 3; k++) {
        bench b;
        open_bench(&b, kinds[k]);
        for (size_t i = 0; i < DECODER_OUTPUTS && b.kind->outputs[i]; i++) {
            net_shape s = b.kind->shape(i, WIDTH, HEIGHT);
            size_t count = 0;
            assert_true(net_shape_count(&s, &count));
            for (size_t j = 0; j < count; j++)
                b.data[i][j] = NAN;
        }
        b.kind->decode(&b.maps, 0.01f, take, &b);
        assert_int_equal(b.n, 0);
        close_bench(&b);
    }
}

static void unknown_outputs_are_no_detector(void **state)
{
    static const char *const names[] = {"stride8", "stride16", "stride64", NULL};
    net_graph *g = with_outputs(names);
    size_t output[DECODER_OUTPUTS];
    detect_spec d;
    pfld_error err = {0};

    (void)state;
    assert_null(decoder_find(g, output));
    assert_false(detect_spec_is_detector(g));
    assert_true(net_meta_set(g, "pfld.kind", "detector"));
    assert_true(detect_spec_is_detector(g));
    assert_int_equal(detect_spec_resolve(g, NULL, &d, &err), PFLD_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "stride32"));
    net_graph_free(g);
}

/* ---- the facts of one file ---- */

static pfld_status resolve(const tiny_detector *t, const char *key, const char *value,
                           detect_spec *out, pfld_error *err)
{
    net_graph *g = tiny_detector_graph(t);
    pfld_status st;

    if (key)
        assert_true(net_meta_set(g, key, value));
    st = detect_spec_resolve(g, NULL, out, err);
    net_graph_free(g);
    return st;
}

static void a_file_says_how_it_is_used(void **state)
{
    detect_spec d;
    crop_rule rule;
    pfld_error err = {0};
    tiny_detector fixed = tiny_marks;

    (void)state;
    assert_int_equal(resolve(&tiny_marks, NULL, NULL, &d, &err), PFLD_OK);
    assert_int_equal(d.input.order, PFLD_RGB8);
    assert_true(box_from_rule(PFLD_BOX_PFLD, &rule));
    assert_memory_equal(&d.face, &rule, sizeof rule);
    assert_true(d.roll && !d.fixed);
    assert_int_equal(resolve(&tiny_marks, "pfld.input", "bgr,0..255", &d, &err), PFLD_OK);
    assert_int_equal(d.input.order, PFLD_BGR8);
    assert_int_equal(resolve(&tiny_marks, "pfld.face", "0.5 roll=none", &d, &err), PFLD_OK);
    assert_true(d.face.scale == 0.5f && !d.roll);
    fixed.width = 64;
    fixed.height = 96;
    assert_int_equal(resolve(&fixed, NULL, NULL, &d, &err), PFLD_OK);
    assert_true(d.fixed);
}

static void a_file_that_is_wrong_says_why(void **state)
{
    detect_spec d;
    pfld_error err = {0};
    tiny_detector odd = tiny_marks;

    (void)state;
    assert_int_equal(resolve(&tiny_marks, "pfld.face", "x", &d, &err), PFLD_ERR_FORMAT);
    assert_non_null(strstr(err.msg, "pfld.face"));
    assert_int_equal(resolve(&tiny_marks, "pfld.input", "gray,0..1", &d, &err), PFLD_ERR_FORMAT);
    assert_non_null(strstr(err.msg, "input"));
    odd.width = 64;
    odd.height = 100;
    assert_int_equal(resolve(&odd, NULL, NULL, &d, &err), PFLD_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "multiples"));
}

/* ---- the best ones ---- */

static void the_best_candidates_stay_whatever_their_order(void **state)
{
    enum { N = 200, BEST = 37 };
    static detector_face all[N];
    arena mem = {0};
    candidates a, b;
    rng r;

    (void)state;
    rng_seed(&r, 1);
    assert_true(candidates_create(&a, BEST, &mem) && candidates_create(&b, BEST, &mem));
    for (int i = 0; i < N; i++) { /* several of each score */
        all[i] = (detector_face){.score = (float)(i % 50) / 50};
        all[i].box = (pfld_box){rng_float(&r), rng_float(&r), 1, 1};
    }
    for (int i = 0; i < N; i++) {
        candidates_add(&a, &all[i]);
        candidates_add(&b, &all[N - 1 - i]);
    }
    candidates_sort(&a);
    candidates_sort(&b);
    assert_int_equal(a.n, BEST);
    assert_int_equal(b.n, BEST);
    assert_memory_equal(a.face, b.face, BEST * sizeof *a.face);
    for (int i = 0; i < BEST; i++)
        assert_float_equal(a.face[i].score, (float)(49 - i / 4) / 50, 1e-6f);
    arena_free(&mem);
}

static void worse_boxes_are_suppressed_from_a_limit_on(void **state)
{
    /* IoU with the first: 1, 1/3, 0; with the second box the last shares nothing */
    static const pfld_box boxes[] = {{0, 0, 4, 4}, {0, 0, 4, 4},   {2, 0, 4, 4},
                                     {4, 0, 4, 4}, {NAN, 0, 4, 4}, {0, 0, 0, 4}};
    uint32_t keep[6] = {9, 9, 9, 9, 9, 9};
    float third = box_iou(&boxes[0], &boxes[2]);

    (void)state;
    assert_int_equal(box_suppress(boxes, 0, 0.5f, keep, 6), 0);
    assert_int_equal(box_suppress(boxes, 6, 0.5f, keep, 6), 5);
    assert_true(keep[0] == 0 && keep[1] == 2 && keep[2] == 3 && keep[3] == 4 && keep[4] == 5);
    assert_int_equal(box_suppress(boxes, 4, third, keep, 6), 3);
    assert_int_equal(box_suppress(boxes, 4, 0.3f, keep, 6), 2); /* the third is gone, so the last */
    assert_true(keep[0] == 0 && keep[1] == 3);
    assert_int_equal(box_suppress(boxes, 4, 1, keep, 6), 4);
    assert_int_equal(box_suppress(boxes, 4, 0.5f, keep, 2), 2);
}

/* ---- boxes of others ---- */

static void boxes_of_others_become_squares_for_landmarks(void **state)
{
    const pfld_box box = {10, 20, 30, 40};

    (void)state;
    for (int k = PFLD_BOX_PFLD; k <= PFLD_BOX_YUNET; k++) {
        pfld_box a = pfld_box_from((pfld_box_kind)k, &box), b;
        const pfld_box twice = {20, 40, 60, 80};
        assert_true(a.w == a.h && a.w > 20 && a.w < 80);
        assert_true(fabsf(a.x + 0.5f * a.w - 25) < 8 && fabsf(a.y + 0.5f * a.h - 40) < 16);
        b = pfld_box_from((pfld_box_kind)k, &twice);
        assert_box(&b, 2 * a.x, 2 * a.y, 2 * a.w, 2 * a.h);
    }
}

static void what_is_no_box_of_others_is_nothing(void **state)
{
    const pfld_box box = {10, 20, 30, 40}, nothing = {0};
    pfld_box b = pfld_box_from(PFLD_BOX_LANDMARKS, &box);

    (void)state;
    assert_memory_equal(&b, &box, sizeof box);
    b = pfld_box_from((pfld_box_kind)99, &box);
    assert_memory_equal(&b, &nothing, sizeof b);
    b = pfld_box_from(PFLD_BOX_DLIB, NULL);
    assert_memory_equal(&b, &nothing, sizeof b);
}

/* ---- real nets ---- */

static const char *shared_file(char path[1024], const char *name)
{
    const char *folder = getenv("PFLD_SHARED");

    path[0] = '\0';
    strncat(path, folder ? folder : PFLD_SOURCE_DIR "/../shared", 500);
    strncat(path, "/data/", 7);
    strncat(path, name, 500);
    return path;
}

static bool finds(pfld_session *s, const char *photo, const pfld_box *want)
{
    static pfld_face faces[64];
    media_image img = {0};
    pfld_error err = {0};
    size_t n = 0;
    bool found = false;

    if (media_read(photo, &img, &err) != PFLD_OK ||
        pfld_detect(s, &img.view, faces, 64, &n, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    media_image_free(&img);
    for (size_t i = 0; i < n && i < 64; i++)
        found = found || box_iou(&faces[i].box, want) > 0.4f;
    return found;
}

/* Of the first labelled faces of faces/photos; a wrong channel order or half a cell would show. */
static void a_foreign_detector_finds_what_it_should(const char *model)
{
    enum { FACES = 12 };
    char path[1024], name[256], kind[16], line[512], photo[1024];
    int asked = 0, found = 0;
    pfld_model *m;
    pfld_session *s;
    pfld_options o;
    FILE *csv = fopen(shared_file(path, "faces/photos/test.csv"), "r");

    if (!csv) {
        skip();
        return;
    }
    pfld_options_init(&o, sizeof o);
    o.max_side = 320;
    assert_int_equal(pfld_model_load(shared_file(path, model), NULL, &m, NULL), PFLD_OK);
    assert_int_equal(pfld_model_kind(m), PFLD_KIND_DETECTOR);
    assert_int_equal(pfld_model_landmark_count(m), 5);
    assert_string_equal(pfld_model_scheme(m), "five");
    assert_int_equal(pfld_session_create(NULL, m, &o, &s, NULL), PFLD_OK);
    while (asked < FACES && fgets(line, sizeof line, csv)) {
        pfld_box b;
        if (sscanf(line, "%255[^,],%f,%f,%f,%f,%15s", name, &b.x, &b.y, &b.w, &b.h, kind) != 6 ||
            strcmp(kind, "gt") != 0)
            continue;
        b.w -= b.x;
        b.h -= b.y;
        snprintf(line, sizeof line, "faces/photos/test/%.255s", name);
        asked++;
        found += finds(s, shared_file(photo, line), &b);
    }
    fclose(csv);
    assert_int_equal(asked, FACES);
    assert_true(found >= FACES - 1);
    pfld_session_free(s);
    pfld_model_free(m);
}

static void yunet_runs(void **state)
{
    (void)state;
    a_foreign_detector_finds_what_it_should("models/yunet_n_640.onnx");
}

static void ultra_light_runs(void **state)
{
    (void)state;
    a_foreign_detector_finds_what_it_should("models/ultralight_rfb_320.onnx");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_cells_are_read),
        cmocka_unit_test(yunet_s_cells_are_read),
        cmocka_unit_test(ultra_light_s_boxes_are_read),
        cmocka_unit_test(what_is_no_number_is_no_face),
        cmocka_unit_test(unknown_outputs_are_no_detector),
        cmocka_unit_test(a_file_says_how_it_is_used),
        cmocka_unit_test(a_file_that_is_wrong_says_why),
        cmocka_unit_test(the_best_candidates_stay_whatever_their_order),
        cmocka_unit_test(worse_boxes_are_suppressed_from_a_limit_on),
        cmocka_unit_test(boxes_of_others_become_squares_for_landmarks),
        cmocka_unit_test(what_is_no_box_of_others_is_nothing),
        cmocka_unit_test(yunet_runs),
        cmocka_unit_test(ultra_light_runs),
    };

    return cmocka_run_group_tests_name("decoder", tests, NULL, NULL);
}
