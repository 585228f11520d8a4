/* net/onnx: broken and hostile ONNX files end in a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "onnx_maker.h"

void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
static size_t largest_allocation;

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    if (size > largest_allocation)
        largest_allocation = size;
    return __real_aligned_alloc(align, size);
}

static void an_unknown_operator_is_named(void **state)
{
    maker m = sound();

    (void)state;
    put_node(&m, "NonMaxSuppression", "x", "z");
    assert_refused(&m, PFLD_ERR_UNSUPPORTED,
                   "operator 'NonMaxSuppression' (node 'the_node') is not supported");
}

static void a_foreign_domain_is_named(void **state)
{
    maker m = sound();
    size_t node = node_begin(&m, "Relu", "x", "z");

    (void)state;
    proto_put_string(&m.graph, NODE_DOMAIN, "com.microsoft");
    proto_end(&m.graph, node);
    assert_refused(&m, PFLD_ERR_UNSUPPORTED, "domain 'com.microsoft'");
    m = sound();
    node = node_begin(&m, "Relu", "x", "z");
    proto_put_string(&m.graph, NODE_DOMAIN, "ai.onnx");
    proto_end(&m.graph, node);
    net_graph_free(read_sound(&m));
}

static void an_empty_operator_is_refused(void **state)
{
    maker m = sound();

    (void)state;
    put_node(&m, "", "x", "z");
    assert_refused(&m, PFLD_ERR_FORMAT, "node 'the_node' has no operator");
}

static void a_wrong_number_of_inputs_or_outputs_is_refused(void **state)
{
    static const char *cases[][3] = {
        {"Relu", "", "z"},     {"Relu", "x,w", "z"}, {"Relu", "x", ""},
        {"Relu", "x", "z,zz"}, {"Conv", "x", "z"},   {"Conv", ",w", "z"},
        {"Concat", "", "z"},   {"Split", "x", ""},   {"BatchNormalization", "x,w,w,,w", "z"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        maker m = sound();
        put_node(&m, cases[i][0], cases[i][1], cases[i][2]);
        assert_refused(&m, PFLD_ERR_FORMAT, "(node 'the_node') can't have");
    }
}

static void a_graph_attribute_is_refused(void **state)
{
    maker m = sound();
    proto_writer f = {0};
    size_t node = node_begin(&m, "Relu", "x", "z");

    (void)state;
    proto_put_string(&f, ATTR_G, "");
    put_attr(&m, "body", ATTR_KIND_GRAPH, &f);
    proto_end(&m.graph, node);
    assert_refused(&m, PFLD_ERR_UNSUPPORTED,
                   "operator 'Relu' (node 'the_node'): attribute 'body' is a graph");
}

static void opsets_beyond_ours_are_refused(void **state)
{
    static const int64_t refused[] = {1, 6, 23, INT64_MAX, -1};

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        maker m = sound();
        m.opset = refused[i];
        assert_refused(&m, PFLD_ERR_UNSUPPORTED, "opset");
    }
    for (int64_t opset = 9; opset <= 21; opset++) {
        maker m = sound();
        m.opset = opset;
        net_graph_free(read_sound(&m));
    }
    {
        maker m = sound();
        m.opset = 0;
        assert_refused(&m, PFLD_ERR_FORMAT, "no opset");
    }
}

static void a_graph_needs_nodes_and_outputs(void **state)
{
    maker m = {.opset = 11};

    (void)state;
    put_input(&m, "x");
    put_output(&m, "x");
    assert_refused(&m, PFLD_ERR_FORMAT, "no nodes");
    m.opset = 11;
    put_input(&m, "x");
    put_node(&m, "Relu", "x", "y");
    assert_refused(&m, PFLD_ERR_FORMAT, "no outputs");
}

static void names_are_unique(void **state)
{
    maker m = sound();

    (void)state;
    put_input(&m, "x");
    assert_refused(&m, PFLD_ERR_FORMAT, "two values of the graph are named 'x'");
    m = sound();
    put_weights(&m, "w");
    assert_refused(&m, PFLD_ERR_FORMAT, "two values of the graph are named 'w'");
    m = sound();
    put_output(&m, "y");
    assert_refused(&m, PFLD_ERR_FORMAT, "output 'y' twice");
    m = sound();
    put_node(&m, "Relu", "x", "y");
    assert_refused(&m, PFLD_ERR_FORMAT, "writes once more 'y'");
    m = sound();
    put_node(&m, "Relu", "x", "w");
    assert_refused(&m, PFLD_ERR_FORMAT, "writes the constant 'w'");
    m = sound();
    put_node(&m, "Relu", "w", "x");
    assert_refused(&m, PFLD_ERR_FORMAT, "writes once more 'x'");
}

static void names_are_there(void **state)
{
    maker m = sound();

    (void)state;
    put_input(&m, "");
    assert_refused(&m, PFLD_ERR_FORMAT, "an input of the graph has no name");
    m = sound();
    put_weights(&m, "");
    assert_refused(&m, PFLD_ERR_FORMAT, "a constant of the graph has no name");
    m = sound();
    put_output(&m, "");
    assert_refused(&m, PFLD_ERR_FORMAT, "an output of the graph has no name");
}

static void cycles_and_loose_ends_are_refused(void **state)
{
    maker m = sound();

    (void)state;
    put_node(&m, "Relu", "b", "a");
    put_node(&m, "Relu", "a", "b");
    assert_refused(&m, PFLD_ERR_FORMAT, "cycle");
    m = sound();
    put_node(&m, "Relu", "nobody", "a");
    assert_refused(&m, PFLD_ERR_FORMAT, "nothing writes: 'nobody'");
    m = sound();
    put_output(&m, "nobody");
    assert_refused(&m, PFLD_ERR_FORMAT, "output 'nobody'");
}

static void names_are_utf8(void **state)
{
    static const char *bad[] = {"\xff",         "\xc0\xaf",         "\xe0\x80\xaf",
                                "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82",
                                "a\x80"};
    static const char *good[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "tab\tname"};
    maker m;
    size_t node;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        m = sound();
        put_node(&m, "Relu", "x", bad[i]);
        assert_refused(&m, PFLD_ERR_FORMAT, "UTF-8");
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        net_graph *g;
        m = sound();
        put_node(&m, "Relu", "x", good[i]);
        g = read_sound(&m);
        find_value(g, good[i]);
        net_graph_free(g);
    }
    m = sound();
    node = node_begin(&m, "Relu", "x", "z");
    proto_put_bytes(&m.graph, NODE_NAME, "a\0b", 3);
    proto_end(&m.graph, node);
    assert_refused(&m, PFLD_ERR_FORMAT, "UTF-8");
}

static void a_tensor_whose_data_do_not_match_its_shape_is_refused(void **state)
{
    static const struct {
        int64_t kind, n;
        uint32_t field;
        const char *data;
        size_t size;
    } cases[] = {
        {NET_F32, 2, TENSOR_RAW, "1234", 4},
        {NET_F32, 1, TENSOR_RAW, "12345", 5},
        {NET_F32, 1, TENSOR_RAW, "12345678", 8},
        {NET_F32, 1, TENSOR_RAW, "", 0},
        {NET_F32, 2, TENSOR_FLOATS, "1234", 4},
        {NET_F32, 1, TENSOR_INT64S, "\x01", 1}, /* the field of another kind */
        {NET_I64, 1, TENSOR_INT64S, "\x01\x02", 2},
        {NET_F32, (int64_t)1 << 60, TENSOR_RAW, "1234", 4},
        {NET_F32, INT64_MAX, TENSOR_RAW, "1234", 4},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        maker m =
            with_tensor(cases[i].kind, cases[i].n, cases[i].field, cases[i].data, cases[i].size);
        assert_refused(&m, PFLD_ERR_FORMAT, "tensor 't' is ");
    }
}

static void absurd_shapes_are_refused_without_asking_for_memory(void **state)
{
    static const struct {
        int64_t dims[8];
        pfld_status status;
        const char *says;
    } cases[] = {
        {{(int64_t)1 << 60}, PFLD_ERR_FORMAT, "1152921504606846976"},
        {{(int64_t)1 << 40, (int64_t)1 << 40}, PFLD_ERR_FORMAT, "more elements than memory"},
        {{3, -1}, PFLD_ERR_FORMAT, "negative dimension -1"},
        {{1, 1, 1, 1, 1, 1, 1}, PFLD_ERR_UNSUPPORTED, "more than 6 dimensions"},
    };

    (void)state;
    largest_allocation = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        maker m = sound();
        size_t begin = tensor_begin(&m, GRAPH_INITIALIZER, "big", NET_F32, cases[i].dims);
        proto_put_elements(&m.graph, TENSOR_RAW, (float[]){1.0f}, 1, 4);
        proto_end(&m.graph, begin);
        assert_refused(&m, cases[i].status, "tensor 'big'");
        m = sound();
        begin = tensor_begin(&m, GRAPH_INITIALIZER, "big", NET_F32, cases[i].dims);
        proto_end(&m.graph, begin);
        assert_refused(&m, cases[i].status, cases[i].says);
    }
    assert_true(largest_allocation > 0 && largest_allocation < 1 << 20);
}

static void a_deep_input_is_refused(void **state)
{
    maker m = sound();

    (void)state;
    put_value(&m, GRAPH_INPUT, "deep", NET_F32, (int64_t[]){1, 1, 1, 1, 1, 1, 1, 0});
    assert_refused(&m, PFLD_ERR_UNSUPPORTED, "input 'deep' has more than 6 dimensions");
}

static void kinds_that_we_lack_are_named(void **state)
{
    maker m = with_tensor(8, 1, TENSOR_RAW, "1", 1);

    (void)state;
    assert_refused(&m, PFLD_ERR_UNSUPPORTED, "tensor 't' has the data type 8");
    m = sound();
    put_value(&m, GRAPH_INPUT, "text", 8, one_by_three);
    assert_refused(&m, PFLD_ERR_UNSUPPORTED, "input 'text' has a data type (8)");
}

static void numbers_that_do_not_fit_their_kind_are_refused(void **state)
{
    maker m = with_tensor(NET_U8, 1, TENSOR_INT32S, "\x80\x02", 2); /* 256 */

    (void)state;
    assert_refused(&m, PFLD_ERR_FORMAT, "tensor 't' holds a number");
    m = with_tensor(NET_F16, 1, TENSOR_INT32S, "\x80\x80\x04", 3); /* 65536 */
    assert_refused(&m, PFLD_ERR_FORMAT, "tensor 't' holds a number");
}

static void data_in_another_file_is_refused(void **state)
{
    maker m = sound();
    size_t begin = tensor_begin(&m, GRAPH_INITIALIZER, "t", NET_F32, (int64_t[]){1, 0});

    (void)state;
    proto_put_string(&m.graph, TENSOR_EXTERNAL, "");
    proto_put_int(&m.graph, TENSOR_LOCATION, 1);
    proto_end(&m.graph, begin);
    assert_refused(&m, PFLD_ERR_UNSUPPORTED, "tensor 't' is kept in another file");
}

static void sparse_constants_are_refused(void **state)
{
    maker m = sound();

    (void)state;
    proto_put_string(&m.graph, GRAPH_SPARSE_INITIALIZER, "");
    assert_refused(&m, PFLD_ERR_UNSUPPORTED, "sparse");
}

static void other_files_are_not_onnx(void **state)
{
    static const char *files[] = {"",
                                  "\x08",
                                  "\x08\x06",
                                  "\xff\xd8\xff\xe0 a photo",
                                  "\x89PNG\r\n\x1a\n",
                                  "{\"json\": 1}",
                                  "<html>"};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        pfld_error err = {0};
        net_graph *g;
        assert_int_equal(net_onnx_read(files[i], strlen(files[i]), &g, &err), PFLD_ERR_FORMAT);
        assert_null(g);
        assert_non_null(strstr(err.msg, "not an ONNX model"));
    }
}

static void every_shorter_file_is_refused(void **state)
{
    maker m = with_attributes(true);
    size_t size;
    uint8_t *file;
    net_graph *g;

    (void)state;
    put_weights(&m, "w");
    file = finish(&m, &size);
    for (size_t n = 0; n < size; n++) {
        uint8_t *cut = malloc(n ? n : 1); /* exactly n: a sanitizer sees a read beyond */
        assert_non_null(cut);
        memcpy(cut, file, n);
        assert_int_equal(net_onnx_read(cut, n, &g, NULL), PFLD_ERR_FORMAT);
        assert_null(g);
        free(cut);
    }
    assert_int_equal(net_onnx_read(file, size, &g, NULL), PFLD_OK);
    net_graph_free(g);
    free(file);
}

/* Whatever a byte becomes, reading ends in a graph or a sentence. */
static void every_changed_byte_is_survived(void **state)
{
    maker m = with_attributes(true);
    size_t size, refused = 0;
    uint8_t *file;

    (void)state;
    put_weights(&m, "w");
    file = finish(&m, &size);
    for (size_t i = 0; i < size; i++)
        for (int bit = 0; bit < 8; bit++) {
            pfld_error err = {0};
            net_graph *g;
            file[i] ^= (uint8_t)(1 << bit);
            if (net_onnx_read(file, size, &g, &err)) {
                assert_true(err.msg[0] && !g);
                refused++;
            }
            net_graph_free(g);
            file[i] ^= (uint8_t)(1 << bit);
        }
    free(file);
    assert_true(refused > size);
}

static void many_small_nodes_take_linear_time(void **state)
{
    enum { N = 200000 };
    maker m = {.opset = 11};
    net_graph *g;

    (void)state;
    for (int i = N; i > 0; i--) { /* the last one first, so that all of them wait */
        char in[16], out[16];
        size_t begin = proto_begin(&m.graph, GRAPH_NODE);
        snprintf(in, sizeof in, "%d", i - 1);
        snprintf(out, sizeof out, "%d", i);
        proto_put_string(&m.graph, NODE_INPUT, in);
        proto_put_string(&m.graph, NODE_OUTPUT, out);
        proto_put_string(&m.graph, NODE_OP, "Relu");
        proto_end(&m.graph, begin);
    }
    put_input(&m, "0");
    put_output(&m, "200000");
    g = read_sound(&m);
    assert_int_equal(g->n_nodes, N);
    assert_int_equal(g->nodes[0].in[0], g->inputs[0]);
    net_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_operator_is_named),
        cmocka_unit_test(a_foreign_domain_is_named),
        cmocka_unit_test(an_empty_operator_is_refused),
        cmocka_unit_test(a_wrong_number_of_inputs_or_outputs_is_refused),
        cmocka_unit_test(a_graph_attribute_is_refused),
        cmocka_unit_test(opsets_beyond_ours_are_refused),
        cmocka_unit_test(a_graph_needs_nodes_and_outputs),
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(names_are_there),
        cmocka_unit_test(cycles_and_loose_ends_are_refused),
        cmocka_unit_test(names_are_utf8),
        cmocka_unit_test(a_tensor_whose_data_do_not_match_its_shape_is_refused),
        cmocka_unit_test(absurd_shapes_are_refused_without_asking_for_memory),
        cmocka_unit_test(a_deep_input_is_refused),
        cmocka_unit_test(kinds_that_we_lack_are_named),
        cmocka_unit_test(numbers_that_do_not_fit_their_kind_are_refused),
        cmocka_unit_test(data_in_another_file_is_refused),
        cmocka_unit_test(sparse_constants_are_refused),
        cmocka_unit_test(other_files_are_not_onnx),
        cmocka_unit_test(every_shorter_file_is_refused),
        cmocka_unit_test(every_changed_byte_is_survived),
        cmocka_unit_test(many_small_nodes_take_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
