/* detect/spec: what options, a file's metadata and the defaults make of a landmark net. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "detect/spec.h"
#include "net/graph.h"
#include "net/shape.h"
#include "tiny_net.h"

/* ---- the text of an input's order and range ---- */

static void orders_and_ranges_are_read(void **state)
{
    static const struct {
        const char *text;
        int channels;
        pfld_format order;
        float at_0[3], at_255[3]; /* what the net gets for these bytes */
    } cases[] = {
        {"rgb,0..1", 3, PFLD_RGB8, {0, 0, 0}, {1, 1, 1}},
        {"bgr,-1..1", 3, PFLD_BGR8, {-1, -1, -1}, {1, 1, 1}},
        {"gray,0..255", 1, PFLD_GRAY8, {0, 0, 0}, {255, 255, 255}},
        {"rgb,1..0", 3, PFLD_RGB8, {1, 1, 1}, {0, 0, 0}},
        {"bgr,127.5/128",
         3,
         PFLD_BGR8,
         {-0.99609375f, -0.99609375f, -0.99609375f},
         {0.99609375f, 0.99609375f, 0.99609375f}},
        {"rgb,0/255", 3, PFLD_RGB8, {0, 0, 0}, {1, 1, 1}},
        {"rgb,10;20;30/1;2;-4", 3, PFLD_RGB8, {-10, -10, 7.5f}, {245, 117.5f, -56.25f}},
        {"rgb,10;20;30/2", 3, PFLD_RGB8, {-5, -10, -15}, {122.5f, 117.5f, 112.5f}},
        {"rgb,1e2/.5e1", 3, PFLD_RGB8, {-20, -20, -20}, {31, 31, 31}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        spec_input in;
        pfld_error err = {0};
        if (spec_parse_input(cases[i].text, cases[i].channels, &in, &err) != PFLD_OK)
            fail_msg("%s: %s", cases[i].text, err.msg);
        assert_int_equal(in.order, cases[i].order);
        for (int c = 0; c < 3; c++) {
            assert_float_equal(in.offset[c], cases[i].at_0[c], 1e-5f);
            assert_float_equal(255 * in.scale[c] + in.offset[c], cases[i].at_255[c], 1e-4f);
        }
    }
}

static void nonsense_in_an_input_is_refused(void **state)
{
    static const struct {
        const char *text;
        int channels;
    } cases[] = {
        {"", 3},
        {"rgb", 3},
        {"rgb,", 3},
        {",0..1", 3},
        {"RGB,0..1", 3},
        {"rgbx,0..1", 3},
        {"rg,0..1", 3},
        {"rgb 0..1", 3},
        {"rgb,0..", 3},
        {"rgb,0..1 ", 3},
        {"rgb,0.1", 3},
        {"rgb,1..1", 3},
        {"rgb,0.. 1", 3},
        {"rgb,a..b", 3},
        {"rgb,1/0", 3},
        {"rgb,1;2/3", 3},
        {"rgb,1/2;3", 3},
        {"rgb,1;2;3;4/5", 3},
        {"rgb,1/2;3;0", 3},
        {"rgb,1;/2", 3},
        {"rgb,1;2;3/", 3},
        {"rgb,/3", 3},
        {"rgb,1/3x", 3},
        {"rgb,1e38/1e-30", 3},
        {"rgb,nan..1", 3},
        {"gray,0..1", 3},
        {"rgb,0..1", 1},
        {"bgr,0..1", 1},
        {"rgb,1//2", 3},
        {"rgb,0..1,0..1", 3},
        {"rgb,-3e38..3e38", 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        spec_input in = {.order = PFLD_RGBA8};
        pfld_error err = {0};
        if (spec_parse_input(cases[i].text, cases[i].channels, &in, &err) != PFLD_ERR_ARG)
            fail_msg("'%s' was taken", cases[i].text);
        assert_non_null(strstr(err.msg, "input"));
        assert_int_equal(in.order, PFLD_RGBA8);
    }
}

/* ---- the crop ---- */

static void squares_are_read(void **state)
{
    static const struct {
        const char *text;
        crop_rule rule;
        bool roll;
    } cases[] = {
        {"1.25", {1.25f, 0, 0}, true},
        {"scale=1.5", {1.5f, 0, 0}, true},
        {"scale=2 shift=-0.25,0.5", {2, -0.25f, 0.5f}, true},
        {"scale=2 shift=-0.25,0.5 roll=none", {2, -0.25f, 0.5f}, false},
        {"scale=2 shift=-0.25,0.5 roll=five", {2, -0.25f, 0.5f}, true},
        {"0.5 roll=none", {0.5f, 0, 0}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        crop_rule r = {9, 9, 9};
        bool roll = !cases[i].roll;
        pfld_error err = {0};
        if (spec_parse_square("pfld.crop", cases[i].text, &r, &roll, &err) != PFLD_OK)
            fail_msg("%s", err.msg);
        assert_true(r.scale == cases[i].rule.scale && r.shift_x == cases[i].rule.shift_x &&
                    r.shift_y == cases[i].rule.shift_y);
        assert_int_equal(roll, cases[i].roll);
    }
}

static void nonsense_in_a_square_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "x",
        "scale=",
        "scale=1 ",
        "scale=1 shift=1",
        "scale=0",
        "-1",
        "0.01",
        "100",
        "scale=1 shift=10,0",
        "scale=1 shift=0,-10",
        "1 2",
        "nan",
        "scale=1 shift=,",
        "scale=1shift=0,0",
        "1e30",
        "inf",
        "1 roll=",
        "1 roll=six",
        "1 roll=five ",
        "1 roll=none shift=0,0",
        "1roll=none",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        crop_rule r = {.scale = 7};
        pfld_error err = {0};
        bool roll = false;
        if (spec_parse_square("pfld.face", cases[i], &r, &roll, &err) != PFLD_ERR_FORMAT)
            fail_msg("'%s' was taken", cases[i]);
        assert_non_null(strstr(err.msg, "pfld.face"));
        assert_true(r.scale == 7 && !roll);
    }
}

/* ---- all facts of a net ---- */

static net_graph *inferred(const tiny_net *t)
{
    net_graph *g = tiny_net_graph(t);
    pfld_error err = {0};

    if (net_graph_sort(g, &err) != PFLD_OK || net_infer_shapes(g, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    return g;
}

static void a_bare_net_gets_the_defaults(void **state)
{
    net_graph *g = inferred(&(tiny_net){0});
    spec s;

    (void)state;
    assert_int_equal(spec_resolve(g, NULL, &s, NULL), PFLD_OK);
    assert_string_equal(s.points->name, "five");
    assert_int_equal(s.input.order, PFLD_RGB8);
    assert_float_equal(s.input.scale[0], 1 / 255.0f, 1e-9f);
    assert_true(s.input.offset[0] == 0);
    assert_true(s.crop.scale == 1.1f && s.crop.shift_x == 0 && s.crop.shift_y == 0 && s.roll);
    assert_int_equal(s.output, 0);
    net_graph_free(g);
}

static void a_grey_net_gets_grey(void **state)
{
    net_graph *g = inferred(&(tiny_net){.channels = 1});
    spec s;

    (void)state;
    assert_int_equal(spec_resolve(g, NULL, &s, NULL), PFLD_OK);
    assert_int_equal(s.input.order, PFLD_GRAY8);
    net_graph_free(g);
}

static void metadata_beats_defaults_and_options_beat_metadata(void **state)
{
    net_graph *g = inferred(
        &(tiny_net){.scheme = "five", .input = "bgr,-1..1", .crop = "scale=1.5 shift=0.25,0"});
    pfld_model_options opt = {.input = "rgb,0..255", .crop_scale = 2};
    spec s;

    (void)state;
    assert_int_equal(spec_resolve(g, NULL, &s, NULL), PFLD_OK);
    assert_int_equal(s.input.order, PFLD_BGR8);
    assert_true(s.input.offset[2] == -1);
    assert_true(s.crop.scale == 1.5f && s.crop.shift_x == 0.25f);
    assert_int_equal(spec_resolve(g, &opt, &s, NULL), PFLD_OK);
    assert_int_equal(s.input.order, PFLD_RGB8);
    assert_true(s.input.scale[2] == 1 && s.input.offset[2] == 0);
    assert_true(s.crop.scale == 2 && s.crop.shift_x == 0);
    net_graph_free(g);
}

/* Whose fault it is decides the status. */
static void bad_metadata_is_the_files_fault_and_bad_options_the_callers(void **state)
{
    static const struct {
        tiny_net net;
        pfld_status status;
    } files[] = {{{.scheme = "seventy"}, PFLD_ERR_UNSUPPORTED},
                 {{.scheme = "ibug68"}, PFLD_ERR_UNSUPPORTED},
                 {{.input = "rgb"}, PFLD_ERR_FORMAT},
                 {{.input = "gray,0..1"}, PFLD_ERR_FORMAT},
                 {{.crop = "0"}, PFLD_ERR_FORMAT}};
    static const pfld_model_options options[] = {{.scheme = "seventy"}, {.input = "rgb"},
                                                 {.crop_scale = -1},    {.crop_scale = NAN},
                                                 {.crop_scale = 1e9f},  {.output = "nowhere"}};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        net_graph *g = inferred(&files[i].net);
        pfld_error err = {0};
        pfld_status st;
        spec s;
        st = spec_resolve(g, NULL, &s, &err);
        assert_int_equal(st, files[i].status);
        assert_int_equal(err.status, st);
        assert_true(strlen(err.msg) > 0);
        net_graph_free(g);
    }
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        net_graph *g = inferred(&(tiny_net){0});
        pfld_error err = {0};
        spec s;
        assert_int_equal(spec_resolve(g, &options[i], &s, &err), PFLD_ERR_ARG);
        assert_true(strlen(err.msg) > 0);
        net_graph_free(g);
    }
}

/* ---- which output holds the landmarks ---- */

/* A net of one input whose outputs are constants of these lengths, named o0, o1 ... */
static net_graph *with_outputs(size_t n, const int64_t *lengths)
{
    static const net_shape input = {4, {1, 3, 8, 8}};
    net_graph *g;
    int32_t x;

    assert_int_equal(net_graph_create(&g, NULL), PFLD_OK);
    g->opset = 13;
    x = net_value_add(g, "x", NET_F32, &input);
    assert_true(x != NET_NONE && net_input_add(g, x));
    for (size_t i = 0; i < n; i++) {
        net_shape shape = {2, {1, lengths[i]}};
        char name[3] = {'o', (char)('0' + i), 0};
        assert_true(net_output_add(g, net_constant_add(g, name, NET_F32, &shape, NULL)));
    }
    return g;
}

static void the_only_fitting_output_is_found(void **state)
{
    static const int64_t lengths[] = {3, 136, 9, 137};
    static const int64_t two[] = {136, 3, 196};
    net_graph *g = with_outputs(4, lengths);
    pfld_error err = {0};
    spec s;

    (void)state;
    assert_int_equal(spec_resolve(g, NULL, &s, NULL), PFLD_OK);
    assert_int_equal(s.output, 1);
    assert_string_equal(s.points->name, "ibug68");
    net_graph_free(g);
    g = with_outputs(3, two);
    assert_int_equal(spec_resolve(g, NULL, &s, &err), PFLD_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "2 outputs"));
    assert_int_equal(spec_resolve(g, &(pfld_model_options){.output = "o2"}, &s, NULL), PFLD_OK);
    assert_int_equal(s.output, 2);
    assert_string_equal(s.points->name, "wflw98");
    assert_int_equal(spec_resolve(g, &(pfld_model_options){.scheme = "ibug68"}, &s, NULL), PFLD_OK);
    assert_int_equal(s.output, 0);
    assert_int_equal(spec_resolve(g, &(pfld_model_options){.output = "o1"}, &s, &err),
                     PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "1x3"));
    assert_int_equal(
        spec_resolve(g, &(pfld_model_options){.scheme = "wflw98", .output = "o0"}, &s, NULL),
        PFLD_ERR_ARG);
    net_graph_free(g);
}

static void a_net_without_landmarks_is_refused(void **state)
{
    static const int64_t lengths[] = {3, 200, 137};
    net_graph *g = with_outputs(3, lengths);
    pfld_error err = {0};
    spec s;

    (void)state;
    assert_int_equal(spec_resolve(g, NULL, &s, &err), PFLD_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "landmark"));
    net_graph_free(g);
}

static void only_one_square_picture_goes_in(void **state)
{
    static const net_shape shapes[] = {
        {4, {2, 3, 8, 8}}, {4, {1, 2, 8, 8}},       {4, {1, 3, 8, 9}},
        {3, {3, 8, 8}},    {4, {1, 3, 5000, 5000}},
    };
    static const int64_t lengths[] = {136};
    pfld_error err = {0};
    net_graph *g;
    spec s;

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        g = with_outputs(1, lengths);
        g->values[g->inputs[0]].shape = shapes[i];
        assert_int_equal(spec_resolve(g, NULL, &s, &err), PFLD_ERR_UNSUPPORTED);
        assert_non_null(strstr(err.msg, "1x3xSxS"));
        net_graph_free(g);
    }
    g = with_outputs(1, lengths);
    assert_true(net_input_add(g, net_value_add(g, "y", NET_F32, &shapes[0])));
    assert_int_equal(spec_resolve(g, NULL, &s, &err), PFLD_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "one input"));
    net_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_and_ranges_are_read),
        cmocka_unit_test(nonsense_in_an_input_is_refused),
        cmocka_unit_test(squares_are_read),
        cmocka_unit_test(nonsense_in_a_square_is_refused),
        cmocka_unit_test(a_bare_net_gets_the_defaults),
        cmocka_unit_test(a_grey_net_gets_grey),
        cmocka_unit_test(metadata_beats_defaults_and_options_beat_metadata),
        cmocka_unit_test(bad_metadata_is_the_files_fault_and_bad_options_the_callers),
        cmocka_unit_test(the_only_fitting_output_is_found),
        cmocka_unit_test(a_net_without_landmarks_is_refused),
        cmocka_unit_test(only_one_square_picture_goes_in),
    };

    return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
