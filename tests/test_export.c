/* train/export: the file computes what the trainer's own forward pass computes, and says what it
 * is. */
#define _XOPEN_SOURCE 700
#include "reader_files.h"

#include "cli/model.h"
#include "core/rng.h"
#include "net/arch.h"
#include "net/shape.h"
#include "train/export.h"

enum { BATCH = 3, POINTS = 68, SIDE = 48, AREA = SIDE * SIDE, PIXELS = 3 * AREA };
enum { ALL_PIXELS = BATCH * PIXELS };

typedef struct trained {
    pool *p;
    net_graph *g;
    train_net *net;
    char path[128];
} trained;

/* All parameters and statistics anew, so that each has to be in its place in the file. */
static void shake(train_net *net)
{
    rng r;

    rng_seed(&r, 4);
    for (size_t i = 0; i < train_param_count(net); i++) {
        train_param p = train_param_at(net, i);
        for (size_t k = 0; k < p.n; k++)
            p.value[k] += 0.05f * rng_normal(&r);
    }
    for (size_t i = 0; i < train_state_count(net); i++) {
        train_param p = train_state_at(net, i);
        for (size_t k = 0; k < p.n; k++)
            p.value[k] += 0.3f * rng_float(&r); /* variances stay above 0 */
    }
}

static trained make(const rig *g, arch_tail tail, bool auxiliary)
{
    arch_pfld a = {
        .width = 0.1, .points = POINTS, .size = SIDE, .tail = tail, .auxiliary = auxiliary};
    trained t = {0};

    assert_int_equal(pool_create(1, &t.p, NULL), PFLD_OK);
    assert_int_equal(arch_pfld_build(&a, 1, NULL, &t.g, NULL), PFLD_OK);
    assert_int_equal(train_net_create(t.g, BATCH, t.p, &t.net, NULL), PFLD_OK);
    shake(t.net);
    snprintf(t.path, sizeof t.path, "%s/net.onnx", g->folder);
    return t;
}

static void drop(trained *t)
{
    train_net_free(t->net);
    net_graph_free(t->g);
    pool_free(t->p);
}

static const export_facts facts = {.kind = "landmarks",
                                   .scheme = "ibug68",
                                   .training = "{\"a\":1}",
                                   .licence = "none: a test",
                                   .crop = "scale=1.25 shift=0,-0.1"};

static void make_crops(uint8_t crops[ALL_PIXELS])
{
    rng r;

    rng_seed(&r, 9);
    for (size_t i = 0; i < ALL_PIXELS; i++)
        crops[i] = (uint8_t)(rng_u64(&r) & 255);
}

/* The file's answer for one crop, by the library's own way of running it. */
static void run_file(const char *path, const uint8_t *crop, float out[2 * POINTS])
{
    model_file m;
    infer_tensor in, points;
    pfld_error err;
    net_shape shape = {4, {1, 3, SIDE, SIDE}};

    assert_int_equal(model_open(&m, path, &err), PFLD_OK);
    assert_int_equal(m.graph->n_outputs, 1);
    assert_int_equal(net_input_set_shape(m.graph, 0, &shape, &err), PFLD_OK);
    assert_int_equal(model_compile(&m, PFLD_ISA_AUTO, &err), PFLD_OK);
    in = infer_input(m.net, 0);
    assert_int_equal(in.count, PIXELS);
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < AREA; i++)
            in.data[c * (size_t)AREA + i] = export_input(crop[3 * i + c]);
    infer_run(m.net);
    points = infer_output(m.net, 0);
    assert_int_equal(points.count, 2 * POINTS);
    memcpy(out, points.data, (size_t)2 * POINTS * sizeof *out);
    model_close(&m);
}

static void compare(const rig *g, arch_tail tail, bool auxiliary)
{
    static uint8_t crops[ALL_PIXELS];
    float file[2 * POINTS];
    pfld_error err;
    trained t = make(g, tail, auxiliary);
    double most = 0, spread = 0;

    make_crops(crops);
    for (size_t i = 0; i < ALL_PIXELS; i++)
        train_input(t.net)[i] = export_input(crops[i]);
    train_forward(t.net, BATCH, false);
    assert_int_equal(export_onnx(t.net, &facts, t.path, &err), PFLD_OK);
    for (size_t b = 0; b < BATCH; b++) {
        const real *own = train_output(t.net, 0) + (size_t)2 * POINTS * b;
        run_file(t.path, crops + b * (size_t)PIXELS, file);
        for (size_t i = 0; i < (size_t)2 * POINTS; i++) {
            most = fmax(most, fabs((double)own[i] - (double)file[i]));
            spread = fmax(spread, fabs((double)own[i] - (double)train_output(t.net, 0)[i]));
        }
    }
    assert_true(most < 1e-5);
    assert_true(spread > 1e-3); /* the net looks at its input */
    drop(&t);
}

static void the_file_answers_as_the_trainer_does(void **state)
{
    compare(*state, ARCH_FLATTEN, false);
    compare(*state, ARCH_POOL, false);
}

static void the_auxiliary_net_leaves_the_file_and_changes_nothing(void **state)
{
    compare(*state, ARCH_FLATTEN, true);
}

static void the_auxiliary_net_stays_where_it_is_asked_for(void **state)
{
    rig *g = *state;
    trained t = make(g, ARCH_FLATTEN, true);
    export_facts with = facts;
    model_file m;
    pfld_model *loaded;
    pfld_error err;

    with.angles = true;
    assert_int_equal(export_onnx(t.net, &with, t.path, &err), PFLD_OK);
    assert_int_equal(model_open(&m, t.path, &err), PFLD_OK);
    assert_int_equal(m.graph->n_outputs, 2);
    assert_string_equal(m.graph->values[m.graph->outputs[1]].name, "angles");
    model_close(&m);
    assert_int_equal(pfld_model_load(t.path, NULL, &loaded, &err), PFLD_OK); /* finds its points */
    assert_int_equal(pfld_model_landmark_count(loaded), POINTS);
    pfld_model_free(loaded);
    drop(&t);
}

static void the_file_says_what_it_is(void **state)
{
    rig *g = *state;
    trained t = make(g, ARCH_POOL, false);
    pfld_model *m;
    pfld_error err;

    assert_int_equal(export_onnx(t.net, &facts, t.path, &err), PFLD_OK);
    assert_int_equal(pfld_model_load(t.path, NULL, &m, &err), PFLD_OK);
    assert_string_equal(pfld_model_scheme(m), "ibug68");
    assert_int_equal(pfld_model_landmark_count(m), POINTS);
    assert_string_equal(pfld_model_metadata(m, "pfld.kind"), "landmarks");
    assert_string_equal(pfld_model_metadata(m, "pfld.crop"), "scale=1.25 shift=0,-0.1");
    assert_string_equal(pfld_model_metadata(m, "pfld.input"), EXPORT_INPUT);
    assert_string_equal(pfld_model_metadata(m, "pfld.training"), "{\"a\":1}");
    assert_string_equal(pfld_model_metadata(m, "pfld.licence"), "none: a test");
    assert_null(pfld_model_metadata(m, "pfld.metrics")); /* not given */
    pfld_model_free(m);
    drop(&t);
}

static void bytes_become_minus_one_to_one(void **state)
{
    (void)state;
    assert_float_equal(export_input(0), -1.0f, 0);
    assert_float_equal(export_input(255), 1.0f, 1e-6f);
}

static void a_file_that_cannot_be_written_is_named(void **state)
{
    rig *g = *state;
    trained t = make(g, ARCH_POOL, false);
    pfld_error err;
    char no[160];

    snprintf(no, sizeof no, "%s/no/net.onnx", g->folder);
    assert_int_equal(export_onnx(t.net, &facts, no, &err), PFLD_ERR_IO);
    assert_non_null(strstr(err.msg, "no/net.onnx"));
    drop(&t);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_file_answers_as_the_trainer_does),
        CASE(the_auxiliary_net_leaves_the_file_and_changes_nothing),
        CASE(the_auxiliary_net_stays_where_it_is_asked_for),
        CASE(the_file_says_what_it_is),
        CASE(bytes_become_minus_one_to_one),
        CASE(a_file_that_cannot_be_written_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
