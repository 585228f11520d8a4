/* infer: inputs, outputs, the memory plan, and nets that it must refuse. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/lower.h"
#include "infer_ref.h"
#include "infer_rig.h"
#include "net/shape.h"

static double relu(double x)
{
    return fmax(x, 0);
}

static double add(double a, double b)
{
    return a + b;
}

static double multiply(double a, double b)
{
    return a * b;
}

static double negative(double x)
{
    return -x;
}

/* ---- outputs ---- */

static void an_output_may_be_an_input(void **state)
{
    (void)state;
    for (int map = 0; map < 2; map++) {
        rig r;
        ref x, t;
        int32_t v, y;
        rig_open(&r, 13);
        x = map ? ref_random(-1, 1, DIMS(1, 3, 4, 5)) : ref_random(-1, 1, DIMS(7));
        v = rig_input(&r, x);
        y = rig_node(&r, NET_OP_RELU, v);
        t = ref_unary(x, relu);
        rig_expect(&r, v, x);
        rig_expect(&r, y, t);
        rig_expect(&r, rig_node(&r, NET_OP_IDENTITY, v), x);
        rig_expect(&r, rig_node(&r, NET_OP_DROPOUT, y), t);
        rig_expect(&r, y, t);
        rig_check(&r);
    }
}

static void an_output_may_be_a_constant(void **state)
{
    rig r;
    ref x, c, m;
    int32_t v, k, w;

    (void)state;
    rig_open(&r, 13);
    x = ref_random(-1, 1, DIMS(3));
    c = ref_random(-1, 1, DIMS(2, 3));
    m = ref_random(-1, 1, DIMS(1, 2, 3, 3));
    v = rig_input(&r, x);
    k = rig_const(&r, c);
    w = rig_const(&r, m);
    rig_expect(&r, k, c);
    rig_expect(&r, rig_node(&r, NET_OP_ADD, v, k), ref_binary(x, c, add));
    rig_expect(&r, w, m);
    rig_expect(&r, rig_node(&r, NET_OP_NEG, k), ref_unary(c, negative));
    rig_check(&r);
}

/* Views of one buffer, each an output, while others go on reading it. */
static void outputs_may_share_a_buffer(void **state)
{
    rig r;
    ref x, t;
    int32_t v, half[2];

    (void)state;
    rig_open(&r, 13);
    x = ref_random(-1, 1, DIMS(4, 3));
    t = ref_unary(x, relu);
    v = rig_node(&r, NET_OP_RELU, rig_input(&r, x));
    rig_node_split(&r, NET_OP_SPLIT, 1, &v, 2, half);
    rig_expect(&r, half[1], ref_slice(t, 0, 2, 4, 1));
    rig_expect(&r, half[0], ref_slice(t, 0, 0, 2, 1));
    rig_expect(&r, v, t);
    rig_expect(&r, rig_node(&r, NET_OP_NEG, half[1]),
               ref_unary(ref_slice(t, 0, 2, 4, 1), negative));
    rig_expect(&r, rig_node(&r, NET_OP_RESHAPE, v, rig_longs(&r, LONGS(2, 6))),
               ref_reshape(t, DIMS(2, 6)));
    rig_expect(&r, rig_node(&r, NET_OP_TRANSPOSE, v), ref_transpose(t, DIMS(1, 0)));
    rig_check(&r);
}

static void an_output_in_the_middle_survives_the_rest(void **state)
{
    rig r;
    ref x, t, middle;
    int32_t v, m = NET_NONE;

    (void)state;
    rig_open(&r, 13);
    x = ref_random(-1, 1, DIMS(1, 4, 5, 6));
    v = rig_input(&r, x);
    t = middle = x;
    for (int i = 0; i < 20; i++) {
        ref c = ref_random(-1.5, 1.5, DIMS(4, 1, 1));
        v = rig_node(&r, i % 2 ? NET_OP_ADD : NET_OP_MUL, v, rig_const(&r, c));
        t = ref_binary(t, c, i % 2 ? add : multiply);
        if (i == 5) {
            m = v;
            middle = t;
        }
    }
    rig_expect(&r, v, t);
    rig_expect(&r, m, middle);
    rig_check(&r);
}

static void several_inputs_keep_their_places(void **state)
{
    rig r;
    ref a, b, c;
    int32_t va, vb, vc;

    (void)state;
    rig_open(&r, 13);
    a = ref_random(-1, 1, DIMS(1, 3, 4, 4));
    b = ref_random(-1, 1, DIMS(4));
    c = ref_random(-1, 1, DIMS(2, 2)); /* nobody reads it */
    va = rig_input(&r, a);
    vb = rig_input(&r, b);
    vc = rig_input(&r, c);
    assert_true(vc != NET_NONE);
    rig_expect(&r, rig_node(&r, NET_OP_MUL, vb, va), ref_binary(b, a, multiply));
    rig_check(&r);
}

/* ---- the plan ---- */

/* A long chain needs two maps, not twenty; many branches alive at once all their maps. */
static size_t activations_of(bool branches)
{
    rig r;
    arena mem = {0};
    infer_net *net;
    int32_t v[16];
    size_t bytes;

    rig_open(&r, 13);
    v[0] = rig_input(&r, ref_random(-1, 1, DIMS(1, 8, 16, 16)));
    for (int i = 1; i < 16; i++)
        v[i] = rig_node(&r, NET_OP_SIGMOID, branches ? v[0] : v[i - 1]);
    for (int i = 2; i < 16 && branches; i++)
        v[15] = rig_node(&r, NET_OP_ADD, v[15], v[i - 1]);
    rig_expect(&r, v[15], ref_scalar(0));
    rig_infer_shapes(&r);
    assert_int_equal(infer_create(r.g, PFLD_ISA_AUTO, &mem, &net, NULL), PFLD_OK);
    bytes = infer_activation_bytes(net);
    arena_free(&mem);
    rig_close(&r);
    return bytes / (8 * 16 * 16 * sizeof(float));
}

static void maps_that_are_done_make_room(void **state)
{
    (void)state;
    assert_in_range(activations_of(false), 3, 4); /* input and output stay */
    assert_in_range(activations_of(true), 16, 18);
}

/* Buffers at random: those alive at the same time never overlap, and all lie below the top. */
static void buffers_alive_together_never_overlap(void **state)
{
    enum { N = 200 };
    static infer_buffer b[N];
    static float constant;

    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        size_t count = 0, sum = 0;
        ref_seed(seed);
        for (size_t i = 0; i < N; i++) {
            int32_t first = (int32_t)ref_index(100);
            b[i] = (infer_buffer){.count = ref_index(8) ? 1 + ref_index(5000) : ref_index(3),
                                  .first = first,
                                  .last = first + (int32_t)ref_index(1 + (size_t)seed),
                                  .fixed = ref_index(10) ? NULL : &constant,
                                  .pinned = ref_index(30) == 0};
        }
        assert_true(plan_place(b, N, &count));
        for (size_t i = 0; i < N; i++) {
            if (b[i].fixed || !b[i].count)
                continue;
            sum += b[i].count;
            assert_int_equal(b[i].offset * sizeof(float) % 64, 0);
            assert_true(b[i].offset + b[i].count <= count);
            for (size_t j = 0; j < i; j++) {
                bool together = b[i].pinned || b[j].pinned ||
                                (b[i].first <= b[j].last && b[j].first <= b[i].last);
                if (together && !b[j].fixed && b[j].count)
                    assert_true(b[i].offset + b[i].count <= b[j].offset ||
                                b[j].offset + b[j].count <= b[i].offset);
            }
        }
        assert_true(seed > 5 || count < sum / 2); /* short lives share */
    }
}

static void a_plan_that_overflows_is_refused(void **state)
{
    infer_buffer b[2] = {{.count = SIZE_MAX / 8, .first = 0, .last = 1},
                         {.count = SIZE_MAX / 4, .first = 0, .last = 1}};
    infer_buffer one = {.count = SIZE_MAX - 3, .first = 0, .last = 1};
    size_t count;

    (void)state;
    assert_false(plan_place(b, 2, &count));
    assert_false(plan_place(&one, 1, &count));
}

static void a_plan_of_nothing_is_empty(void **state)
{
    size_t count = 99;

    (void)state;
    assert_true(plan_place(NULL, 0, &count));
    assert_int_equal(count, 0);
}

/* More buffers than the plan compares pair by pair. */
static void a_very_long_net_runs(void **state)
{
    rig r;
    ref x;
    int32_t v;
    arena mem = {0};
    infer_net *net;

    (void)state;
    rig_open(&r, 13);
    x = ref_random(-1, 1, DIMS(3));
    v = rig_input(&r, x);
    for (int i = 0; i < 5000; i++)
        v = rig_node(&r, NET_OP_NEG, v);
    rig_expect(&r, v, x);
    rig_infer_shapes(&r);
    assert_int_equal(infer_create(r.g, PFLD_ISA_AUTO, &mem, &net, NULL), PFLD_OK);
    for (size_t i = 0; i < 3; i++)
        infer_input(net, 0).data[i] = (float)x.v[i];
    infer_run(net);
    for (size_t i = 0; i < 3; i++)
        assert_true(infer_output(net, 0).data[i] == (float)x.v[i]);
    arena_free(&mem);
    rig_close(&r);
}

/* ---- what a compiled net tells ---- */

static void steps_tell_names_and_work(void **state)
{
    rig r;
    arena mem = {0};
    infer_net *net;
    int32_t in[2], v, w;
    uint64_t macs = 0;

    (void)state;
    rig_open(&r, 13);
    in[0] = rig_input(&r, ref_random(-1, 1, DIMS(1, 8, 6, 5)));
    in[1] = rig_const(&r, ref_random(-1, 1, DIMS(4, 8, 3, 3)));
    v = net_value_add(r.g, "mapped", NET_F32, NULL);
    assert_non_null(net_node_add(r.g, NET_OP_CONV, "first", in, 2, &v, 1));
    v = rig_node(&r, NET_OP_FLATTEN, v);
    w = rig_const(&r, ref_random(-1, 1, DIMS(48, 7)));
    v = rig_node(&r, NET_OP_GEMM, v, w);
    rig_expect(&r, v, ref_scalar(0));
    rig_infer_shapes(&r);
    assert_int_equal(infer_create_nhwc(r.g, PFLD_ISA_AUTO, NULL, &mem, &net, NULL), PFLD_OK);
    assert_true(infer_step_count(net) >= 2);
    for (size_t i = 0; i < infer_step_count(net); i++)
        macs += infer_step(net, i).macs;
    assert_int_equal(macs, 4 * 3 * (4 * 8 * 9) + 48 * 7);
    assert_string_equal(infer_step(net, 0).name, "first");
    assert_string_equal(infer_step(net, 0).op, "Conv");
    assert_int_equal(infer_step(net, 0).macs, 4 * 3 * (4 * 8 * 9));
    assert_true(infer_weight_bytes(net) >= (4 * 72 + 48 * 7) * sizeof(float));
    assert_string_equal(infer_input(net, 0).name, r.g->values[in[0]].name);
    arena_free(&mem);
    rig_close(&r);
}

static void steps_one_by_one_are_a_run(void **state)
{
    rig r;
    arena mem = {0};
    infer_net *net;
    int32_t v;
    float whole[60];

    (void)state;
    rig_open(&r, 13);
    v = rig_input(&r, ref_random(-1, 1, DIMS(1, 3, 4, 5)));
    v = rig_node(&r, NET_OP_CONV, v, rig_const(&r, ref_random(-1, 1, DIMS(3, 3, 1, 1))));
    v = rig_node(&r, NET_OP_SIGMOID, v);
    rig_expect(&r, v, ref_scalar(0));
    rig_infer_shapes(&r);
    assert_int_equal(infer_create(r.g, PFLD_ISA_AUTO, &mem, &net, NULL), PFLD_OK);
    for (size_t i = 0; i < 60; i++)
        infer_input(net, 0).data[i] = (float)r.fed[0].v[i];
    infer_run(net);
    memcpy(whole, infer_output(net, 0).data, sizeof whole);
    memset(infer_output(net, 0).data, 0, sizeof whole);
    for (size_t i = 0; i < infer_step_count(net); i++)
        infer_run_step(net, i);
    assert_memory_equal(infer_output(net, 0).data, whole, sizeof whole);
    arena_free(&mem);
    rig_close(&r);
}

static void the_instruction_set_is_capped(void **state)
{
    rig r;
    arena mem = {0};
    infer_net *net;

    (void)state;
    rig_open(&r, 13);
    rig_expect(&r, rig_node(&r, NET_OP_NEG, rig_input(&r, ref_random(-1, 1, DIMS(3)))),
               ref_scalar(0));
    rig_infer_shapes(&r);
    assert_int_equal(infer_create(r.g, PFLD_ISA_SCALAR, &mem, &net, NULL), PFLD_OK);
    assert_int_equal(infer_isa(net), PFLD_ISA_SCALAR);
    arena_free(&mem);
    rig_close(&r);
}

/* ---- what is refused ---- */

static void an_open_input_is_refused(void **state)
{
    static const net_shape open = {4, {NET_DIM_OPEN, 3, 4, 4}};
    rig r;
    arena mem = {0};
    infer_net *net = (infer_net *)&r;
    pfld_error err = {0};
    int32_t in, out;

    (void)state;
    rig_open(&r, 13);
    in = net_value_add(r.g, "picture", NET_F32, &open);
    assert_true(net_input_add(r.g, in));
    out = rig_node(&r, NET_OP_RELU, in);
    assert_true(net_output_add(r.g, out));
    assert_int_equal(infer_create(r.g, PFLD_ISA_AUTO, &mem, &net, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "picture"));
    assert_null(net);
    arena_free(&mem);
    rig_close(&r);
}

static void an_input_of_integers_is_refused(void **state)
{
    static const net_shape shape = {1, {4}};
    rig r;
    int32_t in;

    (void)state;
    rig_open(&r, 13);
    in = net_value_add(r.g, "ids", NET_I64, &shape);
    assert_true(net_input_add(r.g, in));
    rig_expect(&r, rig_node(&r, NET_OP_IDENTITY, in), ref_scalar(0));
    rig_refused(&r, PFLD_ERR_UNSUPPORTED, "ids");
}

static void an_empty_value_is_refused(void **state)
{
    rig r;
    int32_t v;

    (void)state;
    rig_open(&r, 13);
    v = rig_node(&r, NET_OP_SLICE, rig_input(&r, ref_random(-1, 1, DIMS(4))),
                 rig_longs(&r, LONGS(2)), rig_longs(&r, LONGS(2)));
    rig_expect(&r, rig_node(&r, NET_OP_RELU, v), ref_scalar(0));
    rig_refused(&r, PFLD_ERR_UNSUPPORTED, "empty");
}

/* A file of a few bytes; what it asks for must not be tried. */
static void maps_beyond_a_gibibyte_are_refused(void **state)
{
    rig r;
    int32_t v;

    (void)state;
    rig_open(&r, 13);
    v = rig_node(&r, NET_OP_PAD, rig_input(&r, ref_random(-1, 1, DIMS(1, 1))),
                 rig_longs(&r, LONGS(0, 0, 16383, 9999)));
    v = rig_node(&r, NET_OP_RELU, v);
    rig_expect(&r, rig_node(&r, NET_OP_NEG, v), ref_scalar(0));
    rig_refused(&r, PFLD_ERR_UNSUPPORTED, "MiB");
}

/* Nothing to add up over: no crash, whatever the answer. */
static void empty_constants_are_survived(void **state)
{
    static const size_t empty_map[] = {1, 0, 4, 4}, empty_weights[] = {2, 0, 3, 3};
    static const size_t empty_rows[] = {3, 0}, empty_columns[] = {0, 2}, empty_part[] = {0, 3};

    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        rig r;
        ref x;
        int32_t v, w;
        arena mem = {0};
        infer_net *net = NULL;
        pfld_error err = {0};
        rig_open(&r, 13);
        x = ref_random(-1, 1, DIMS(2, 3));
        v = rig_input(&r, x);
        if (kind == 0)
            w = rig_node(&r, NET_OP_CONV, rig_const(&r, ref_new(4, empty_map)),
                         rig_const(&r, ref_new(4, empty_weights)));
        else if (kind == 1)
            w = rig_node(&r, NET_OP_MATMUL, rig_const(&r, ref_new(2, empty_rows)),
                         rig_const(&r, ref_new(2, empty_columns)));
        else {
            w = rig_node(&r, NET_OP_CONCAT, rig_const(&r, ref_new(2, empty_part)), v);
            rig_int(&r, "axis", 0);
        }
        rig_expect(&r, w, x);
        rig_expect(&r, v, x);
        assert_int_equal(net_graph_sort(r.g, NULL), PFLD_OK);
        if (net_infer_shapes(r.g, &err) == PFLD_OK &&
            infer_create(r.g, PFLD_ISA_AUTO, &mem, &net, &err) == PFLD_OK)
            infer_run(net);
        else
            assert_int_not_equal(err.msg[0], '\0');
        arena_free(&mem);
        rig_close(&r);
    }
}

/* ---- nets that share their maps' memory and their weights ---- */

/* Two convolutions; their map is one output, a flat copy of it the other. */
static net_graph *two_convolutions(rig *r)
{
    int32_t x;

    rig_open(r, 13);
    x = rig_input(r, ref_random(-1, 1, DIMS(1, 3, 6, 4)));
    x = rig_node(r, NET_OP_CONV, x, rig_const(r, ref_random(-1, 1, DIMS(8, 3, 3, 3))));
    rig_ints(r, "pads", LONGS(1, 1, 1, 1));
    x = rig_node(r, NET_OP_CONV, x, rig_const(r, ref_random(-1, 1, DIMS(8, 1, 3, 3))));
    rig_int(r, "group", 8);
    rig_expect(r, x, ref_scalar(0));
    rig_expect(r, rig_node(r, NET_OP_FLATTEN, x), ref_scalar(0));
    return r->g;
}

static net_graph *of_size(const net_graph *g, int64_t h, int64_t w)
{
    const net_shape shape = {4, {1, 3, h, w}};
    net_graph *clone;

    assert_int_equal(net_graph_clone(g, &clone, NULL), PFLD_OK);
    clone->values[clone->inputs[0]].has_shape = false;
    assert_int_equal(net_input_set_shape(clone, 0, &shape, NULL), PFLD_OK);
    assert_int_equal(net_infer_shapes(clone, NULL), PFLD_OK);
    return clone;
}

/* Runs both on the same picture and compares: the shared one has pixels on both ends. */
static void assert_same_answers(infer_net *shared, infer_net *plain)
{
    infer_tensor a = infer_input(shared, 0), b = infer_input(plain, 0);
    size_t pixels = a.count / 3, i, c;

    for (c = 0; c < 3; c++)
        for (i = 0; i < pixels; i++)
            a.data[i * 3 + c] = b.data[c * pixels + i] = (float)((i * 7 + c * 5) % 11) - 5;
    infer_run(shared);
    infer_run(plain);
    a = infer_output(shared, 0);
    b = infer_output(plain, 0);
    pixels = a.count / 8;
    assert_true(net_shape_equal(&a.shape, &b.shape));
    for (c = 0; c < 8; c++)
        for (i = 0; i < pixels; i++)
            assert_float_equal(a.data[i * 8 + c], b.data[c * pixels + i], 1e-4f);
    a = infer_output(shared, 1);
    b = infer_output(plain, 1);
    for (i = 0; i < b.count; i++)
        assert_float_equal(a.data[i], b.data[i], 1e-4f);
}

static void nets_of_several_sizes_share_their_memory(void **state)
{
    static const int64_t sizes[3][2] = {{6, 4}, {5, 9}, {3, 3}};
    rig r;
    const net_graph *g = two_convolutions(&r);
    infer_net *shared[3], *plain[3];
    infer_weights weights = {0};
    arena mem = {0}, other = {0};
    size_t most = 0, most_weights, used[3] = {0}; /* packed once */
    void *block;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        net_graph *clone = of_size(g, sizes[i][0], sizes[i][1]);
        size_t before = mem.used;
        assert_int_equal(
            infer_create_shared(clone, PFLD_ISA_AUTO, NULL, &weights, &mem, &shared[i], NULL),
            PFLD_OK);
        used[i] = mem.used - before;
        assert_int_equal(infer_create(clone, PFLD_ISA_AUTO, &other, &plain[i], NULL), PFLD_OK);
        if (infer_activation_bytes(shared[i]) > most)
            most = infer_activation_bytes(shared[i]);
        net_graph_free(clone); /* only what it shares with g is needed */
    }
    assert_int_equal(infer_weight_bytes(shared[0]), infer_weight_bytes(shared[1]));
    most_weights = infer_weight_bytes(shared[0]) / 2;
    assert_true(used[0] > used[1] + most_weights && used[0] > used[2] + most_weights);
    block = arena_alloc(&mem, 1, most);
    assert_non_null(block);
    for (size_t i = 0; i < 3; i++)
        infer_place(shared[i], block);
    for (size_t i = 0; i < 6; i++)
        assert_same_answers(shared[i % 3], plain[i % 3]);
    arena_free(&mem);
    arena_free(&other);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_output_may_be_an_input),
        cmocka_unit_test(an_output_may_be_a_constant),
        cmocka_unit_test(outputs_may_share_a_buffer),
        cmocka_unit_test(an_output_in_the_middle_survives_the_rest),
        cmocka_unit_test(several_inputs_keep_their_places),
        cmocka_unit_test(maps_that_are_done_make_room),
        cmocka_unit_test(buffers_alive_together_never_overlap),
        cmocka_unit_test(a_plan_that_overflows_is_refused),
        cmocka_unit_test(a_plan_of_nothing_is_empty),
        cmocka_unit_test(a_very_long_net_runs),
        cmocka_unit_test(steps_tell_names_and_work),
        cmocka_unit_test(steps_one_by_one_are_a_run),
        cmocka_unit_test(the_instruction_set_is_capped),
        cmocka_unit_test(an_open_input_is_refused),
        cmocka_unit_test(an_input_of_integers_is_refused),
        cmocka_unit_test(an_empty_value_is_refused),
        cmocka_unit_test(maps_beyond_a_gibibyte_are_refused),
        cmocka_unit_test(empty_constants_are_survived),
        cmocka_unit_test(nets_of_several_sizes_share_their_memory),
    };

    return cmocka_run_group_tests_name("infer", tests, NULL, NULL);
}
