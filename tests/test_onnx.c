/* net/onnx: ONNX files in, and out again. */
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
#include "onnx_maker.h"

void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
static long allocations_left = -1; /* < 0: any number */

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    return __real_aligned_alloc(align, size);
}

/* ---- what is read ---- */

static void a_small_model_is_read(void **state)
{
    maker m = sound();
    net_graph *g = read_sound(&m);
    const net_tensor *w = find_constant(g, "w");

    (void)state;
    assert_int_equal(g->opset, 11);
    assert_int_equal(g->n_nodes, 1);
    assert_int_equal(g->nodes[0].op, NET_OP_ADD);
    assert_string_equal(g->nodes[0].name, "the_node");
    assert_int_equal(g->n_inputs, 1);
    assert_int_equal(g->inputs[0], find_value(g, "x"));
    assert_int_equal(g->nodes[0].in[0], g->inputs[0]);
    assert_int_equal(g->outputs[0], g->nodes[0].out[0]);
    assert_int_equal(w->count, 3);
    assert_true(((const float *)w->data)[2] == 3.0f);
    assert_true(net_shape_equal(&g->values[g->inputs[0]].shape, &(net_shape){2, {1, 3}}));
    net_graph_free(g);
}

static void open_dimensions_are_open(void **state)
{
    maker m = {.opset = 11};
    net_graph *g;

    (void)state;
    put_node(&m, "Relu", "x", "y");
    put_value(&m, GRAPH_INPUT, "x", NET_F32, (int64_t[]){-2, 3, -1, -7, 0});
    put_output(&m, "y");
    g = read_sound(&m);
    assert_true(net_shape_equal(&g->values[g->inputs[0]].shape,
                                &(net_shape){4, {NET_DIM_OPEN, 3, NET_DIM_OPEN, NET_DIM_OPEN}}));
    net_graph_free(g);
}

static void an_input_with_an_initialiser_is_a_constant(void **state)
{
    maker m = {.opset = 9};
    net_graph *g;

    (void)state;
    put_input(&m, "w"); /* before and after the true one, and before its data in the file */
    put_node(&m, "Add", "x,w", "y");
    put_input(&m, "x");
    put_output(&m, "y");
    put_weights(&m, "w");
    g = read_sound(&m);
    assert_int_equal(g->n_inputs, 1);
    assert_string_equal(g->values[g->inputs[0]].name, "x");
    net_graph_free(g);
}

static void nodes_in_any_order_are_sorted(void **state)
{
    maker m = {.opset = 11};
    net_graph *g;

    (void)state;
    put_node(&m, "Relu", "b", "y");
    put_node(&m, "Sigmoid", "a", "b");
    put_node(&m, "Tanh", "x", "a");
    put_input(&m, "x");
    put_output(&m, "y");
    g = read_sound(&m);
    assert_int_equal(g->nodes[0].op, NET_OP_TANH);
    assert_int_equal(g->nodes[2].op, NET_OP_RELU);
    net_graph_free(g);
}

static void left_out_inputs_are_none(void **state)
{
    maker m = {.opset = 11};
    net_graph *g;

    (void)state;
    put_node(&m, "Clip", "x,,w", "y");
    put_node(&m, "Resize", "y,,", "z");
    put_weights(&m, "w");
    put_input(&m, "x");
    put_output(&m, "z");
    g = read_sound(&m);
    assert_int_equal(g->nodes[0].n_in, 3);
    assert_int_equal(g->nodes[0].in[1], NET_NONE);
    assert_int_equal(g->nodes[1].n_in, 1); /* none at the end: not there */
    net_graph_free(g);
}

static void assert_attributes(const net_node *n)
{
    const net_attr *a;

    assert_int_equal(n->n_attr, 7);
    assert_int_equal(net_attr_int(n, "int", 0), -3);
    assert_true(net_attr_float(n, "float", 0.0f) == 0.5f);
    assert_string_equal(net_attr_string(n, "string", ""), "same");
    a = net_attr_find(n, "ints");
    assert_int_equal(a->n, 2);
    assert_int_equal(a->ints[1], -1);
    a = net_attr_find(n, "packed");
    assert_int_equal(a->n, 2);
    assert_int_equal(a->ints[1], 128);
    a = net_attr_find(n, "floats");
    assert_int_equal(a->n, 3);
    assert_true(a->floats[0] == 1.0f && a->floats[2] == 3.0f);
    a = net_attr_find(n, "tensor");
    assert_int_equal(a->tensor->count, 2);
    assert_int_equal(((const uint8_t *)a->tensor->data)[1], 255);
}

static void attributes_of_every_kind_are_read(void **state)
{
    (void)state;
    for (int kinds = 0; kinds < 2; kinds++) {
        maker m = with_attributes(kinds);
        net_graph *g = read_sound(&m);
        assert_attributes(&g->nodes[0]);
        net_graph_free(g);
    }
}

static void constant_nodes_become_constants(void **state)
{
    maker m = {.opset = 13};
    proto_writer f = {0};
    size_t node, t;
    net_graph *g;

    (void)state;
    put_node(&m, "Max", "x,a,b,c,d,e", "y");
    node = node_begin(&m, "Constant", "", "a");
    t = proto_begin(&f, ATTR_T);
    proto_put_int(&f, TENSOR_TYPE, NET_I32);
    proto_put_int(&f, TENSOR_INT32S, -9);
    proto_end(&f, t);
    put_attr(&m, "value", NET_ATTR_TENSOR, &f);
    proto_end(&m.graph, node);
    node = node_begin(&m, "Constant", "", "b");
    proto_put_float(&f, ATTR_F, 2.5f);
    put_attr(&m, "value_float", NET_ATTR_FLOAT, &f);
    proto_end(&m.graph, node);
    node = node_begin(&m, "Constant", "", "c");
    proto_put_float(&f, ATTR_FLOATS, 3.5f);
    put_attr(&m, "value_floats", NET_ATTR_FLOATS, &f);
    proto_end(&m.graph, node);
    node = node_begin(&m, "Constant", "", "d");
    proto_put_int(&f, ATTR_I, 4);
    put_attr(&m, "value_int", NET_ATTR_INT, &f);
    proto_end(&m.graph, node);
    node = node_begin(&m, "Constant", "", "e");
    put_attr(&m, "value_ints", NET_ATTR_INTS, &f);
    proto_end(&m.graph, node);
    put_input(&m, "x");
    put_output(&m, "y");
    g = read_sound(&m);
    assert_int_equal(g->n_nodes, 1);
    assert_int_equal(find_constant(g, "a")->dtype, NET_I32);
    assert_int_equal(*(const int32_t *)find_constant(g, "a")->data, -9);
    assert_int_equal(find_constant(g, "b")->shape.rank, 0);
    assert_true(*(const float *)find_constant(g, "b")->data == 2.5f);
    assert_int_equal(find_constant(g, "c")->shape.rank, 1);
    assert_true(*(const float *)find_constant(g, "c")->data == 3.5f);
    assert_int_equal(*(const int64_t *)find_constant(g, "d")->data, 4);
    assert_int_equal(find_constant(g, "e")->count, 0);
    net_graph_free(g);
}

static void constants_of_every_kind_are_read(void **state)
{
    enum { F16 = NET_F16, F64 = NET_F64, BF16 = 16 };
    static const uint8_t f16[] = {0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff,
                                  0x03, 0xff, 0x7b, 0x00, 0xfc, 0x00, 0x80};
    static const float f16_want[] = {1.0f,     -2.0f,     0x1p-24f, 0x1.ff8p-15f,
                                     65504.0f, -INFINITY, -0.0f};
    static const uint8_t f64[] = {0, 0, 0, 0, 0, 0, 0xf8, 0x3f}, bf16[] = {0x40, 0xc0};
    static const float half = 1.5f, minus = -3.0f;
    static const int8_t i8[] = {-1, 5};
    static const int32_t i32 = -7;
    static const int64_t i64 = INT64_MIN;
    static const uint8_t i64_raw[] = {0, 0, 0, 0, 0, 0, 0, 0x80}, boolean[] = {0, 1};
    static const uint8_t minus_seven[] = {0xf9, 0xff, 0xff, 0xff, 0xff,
                                          0xff, 0xff, 0xff, 0xff, 0x01};
    const struct {
        int64_t kind;
        size_t n;
        uint32_t field;
        const void *data;
        size_t size;
        net_dtype dtype;
        const void *want;
    } cases[] = {
        {NET_F32, 1, TENSOR_RAW, "\x00\x00\xc0\x3f", 4, NET_F32, &half},
        {NET_F32, 1, TENSOR_FLOATS, "\x00\x00\xc0\x3f", 4, NET_F32, &half},
        {F16, 7, TENSOR_RAW, f16, sizeof f16, NET_F32, f16_want},
        {F16, 1, TENSOR_INT32S, "\x80\x78", 2, NET_F32, (const float[]){1.0f}},
        {F64, 1, TENSOR_RAW, f64, 8, NET_F32, &half},
        {F64, 1, TENSOR_DOUBLES, f64, 8, NET_F32, &half},
        {BF16, 1, TENSOR_RAW, bf16, 2, NET_F32, &minus},
        {NET_U8, 2, TENSOR_RAW, "\xff\x01", 2, NET_U8, "\xff\x01"},
        {NET_U8, 2, TENSOR_INT32S, "\xff\x01\x01", 3, NET_U8, "\xff\x01"},
        {NET_I8, 2, TENSOR_RAW, i8, 2, NET_I8, i8},
        {NET_I32, 1, TENSOR_RAW, "\xf9\xff\xff\xff", 4, NET_I32, &i32},
        {NET_I32, 1, TENSOR_INT32S, minus_seven, 10, NET_I32, &i32},
        {NET_I64, 1, TENSOR_RAW, i64_raw, 8, NET_I64, &i64},
        {NET_BOOL, 2, TENSOR_RAW, "\x00\x02", 2, NET_BOOL, boolean},
        {NET_BOOL, 2, TENSOR_INT32S, "\x00\x01", 2, NET_BOOL, boolean},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        maker m = with_tensor(cases[i].kind, (int64_t)cases[i].n, cases[i].field, cases[i].data,
                              cases[i].size);
        net_graph *g = read_sound(&m);
        const net_tensor *t = find_constant(g, "t");
        assert_int_equal(t->dtype, cases[i].dtype);
        assert_int_equal(t->count, cases[i].n);
        assert_memory_equal(t->data, cases[i].want, t->count * net_dtype_size(t->dtype));
        net_graph_free(g);
    }
}

static void metadata_is_read_and_the_last_of_a_key_counts(void **state)
{
    static const char *entries[][2] = {{"a", "1"}, {"b", "two\nlines"}, {"a", "3"}, {"c", ""}};
    maker m = sound();
    proto_writer w = {0};
    size_t size;
    uint8_t *file = finish(&m, &size);
    net_graph *g;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        size_t begin = proto_begin(&w, MODEL_META);
        proto_put_string(&w, META_KEY, entries[i][0]);
        proto_put_string(&w, META_VALUE, entries[i][1]);
        proto_end(&w, begin);
    }
    w.buf = mem_grow(w.buf, &w.room, w.n + size, 1);
    assert_non_null(w.buf);
    memcpy(w.buf + w.n, file, size); /* before the graph: fields have no order */
    assert_int_equal(net_onnx_read(w.buf, w.n + size, &g, NULL), PFLD_OK);
    mem_free(w.buf);
    free(file);
    assert_int_equal(g->n_meta, 3);
    assert_string_equal(net_meta_get(g, "a"), "3");
    assert_string_equal(net_meta_get(g, "b"), "two\nlines");
    assert_string_equal(net_meta_get(g, "c"), "");
    net_graph_free(g);
}

/* ---- writing ---- */

static void assert_tensors_equal(const net_tensor *a, const net_tensor *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (!a || !b)
        return;
    assert_int_equal(a->dtype, b->dtype);
    assert_true(net_shape_equal(&a->shape, &b->shape));
    assert_memory_equal(a->data, b->data, a->count * net_dtype_size(a->dtype));
}

static void assert_values_equal(const net_graph *a, const int32_t *x, const net_graph *b,
                                const int32_t *y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const net_value *v, *w;
        assert_int_equal(x[i] == NET_NONE, y[i] == NET_NONE);
        if (x[i] == NET_NONE)
            continue;
        v = &a->values[x[i]];
        w = &b->values[y[i]];
        assert_string_equal(v->name, w->name);
        assert_int_equal(v->dtype, w->dtype);
        assert_int_equal(v->has_shape, w->has_shape);
        assert_true(net_shape_equal(&v->shape, &w->shape));
        assert_tensors_equal(v->constant, w->constant);
    }
}

static void assert_attrs_equal(const net_attr *a, const net_attr *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->i, b->i);
    assert_memory_equal(&a->f, &b->f, sizeof a->f);
    assert_string_equal(a->s ? a->s : "", b->s ? b->s : "");
    if (a->n && a->kind == NET_ATTR_INTS)
        assert_memory_equal(a->ints, b->ints, a->n * sizeof *a->ints);
    if (a->n && a->kind == NET_ATTR_FLOATS)
        assert_memory_equal(a->floats, b->floats, a->n * sizeof *a->floats);
    assert_tensors_equal(a->tensor, b->tensor);
}

static void assert_graphs_equal(const net_graph *a, const net_graph *b)
{
    assert_int_equal(a->opset, b->opset);
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->n_nodes, b->n_nodes);
    assert_int_equal(a->n_inputs, b->n_inputs);
    assert_int_equal(a->n_outputs, b->n_outputs);
    assert_int_equal(a->n_meta, b->n_meta);
    assert_values_equal(a, a->inputs, b, b->inputs, a->n_inputs);
    assert_values_equal(a, a->outputs, b, b->outputs, a->n_outputs);
    for (size_t i = 0; i < a->n_nodes; i++) {
        const net_node *n = &a->nodes[i], *m = &b->nodes[i];
        assert_int_equal(n->op, m->op);
        assert_string_equal(n->name, m->name);
        assert_int_equal(n->n_in, m->n_in);
        assert_int_equal(n->n_out, m->n_out);
        assert_int_equal(n->n_attr, m->n_attr);
        assert_values_equal(a, n->in, b, m->in, n->n_in);
        assert_values_equal(a, n->out, b, m->out, n->n_out);
        for (size_t k = 0; k < n->n_attr; k++)
            assert_attrs_equal(&n->attr[k], &m->attr[k]);
    }
    for (size_t i = 0; i < a->n_meta; i++) {
        assert_string_equal(a->meta[i].key, b->meta[i].key);
        assert_string_equal(a->meta[i].value, b->meta[i].value);
    }
}

/* One that uses everything the writer knows. */
static net_graph *rich_graph(void)
{
    maker m = with_attributes(true);
    net_graph *g;
    net_shape open = {4, {NET_DIM_OPEN, 3, NET_DIM_OPEN, 5}}, empty = {1, {0}}, scalar = {0};
    int32_t x, b, e, s, z, ids[3];

    g = read_sound(&m);
    x = net_value_add(g, "second", NET_I64, &open);
    b = net_constant_add(g, "bytes", NET_I8, &(net_shape){2, {1, 2}}, (int8_t[]){-1, 2});
    e = net_constant_add(g, "empty", NET_F32, &empty, NULL);
    s = net_constant_add(g, "scalar", NET_BOOL, &scalar, "\x01");
    z = net_value_add(g, "z", NET_F32, NULL);
    assert_true(x >= 0 && b >= 0 && e >= 0 && s >= 0 && z >= 0);
    ids[0] = x;
    ids[1] = NET_NONE;
    ids[2] = b;
    assert_non_null(net_node_add(g, NET_OP_CLIP, "", ids, 3, &z, 1));
    ids[0] = e;
    ids[1] = s;
    z = net_value_add(g, "zz", NET_F32, &scalar);
    assert_non_null(net_node_add(g, NET_OP_CONCAT, "c", ids, 2, &z, 1));
    assert_true(net_input_add(g, x) && net_output_add(g, z));
    assert_true(net_meta_set(g, "pfld.kind", "landmarks") && net_meta_set(g, "pfld.x", ""));
    g->name = "rich";
    return g;
}

static void what_is_written_reads_back_as_it_was(void **state)
{
    net_graph *g = rich_graph(), *back;
    pfld_error err = {0};
    uint8_t *file, *again;
    size_t size, size_again;

    (void)state;
    assert_int_equal(net_onnx_write(g, &file, &size, NULL), PFLD_OK);
    assert_int_equal(net_onnx_read(file, size, &back, &err), PFLD_OK);
    assert_graphs_equal(g, back);
    assert_int_equal(net_onnx_write(back, &again, &size_again, NULL), PFLD_OK);
    assert_int_equal(size, size_again);
    assert_memory_equal(file, again, size);
    mem_free(file);
    mem_free(again);
    net_graph_free(g);
    net_graph_free(back);
}

static void values_without_a_name_of_their_own_get_one(void **state)
{
    net_graph *g, *back;
    net_shape shape = {1, {1}};
    int32_t x, a, b, y;
    uint8_t *file;
    size_t size;

    (void)state;
    assert_int_equal(net_graph_create(&g, NULL), PFLD_OK);
    x = net_value_add(g, "same", NET_F32, &shape);
    a = net_constant_add(g, "same", NET_F32, &shape, (float[]){4.0f});
    b = net_value_add(g, "", NET_F32, NULL);
    y = net_value_add(g, "value_2", NET_F32, NULL); /* what b would have been called */
    assert_non_null(net_node_add(g, NET_OP_ADD, "", (int32_t[]){x, a}, 2, &b, 1));
    assert_non_null(net_node_add(g, NET_OP_RELU, "", &b, 1, &y, 1));
    assert_true(net_input_add(g, x) && net_output_add(g, y));
    assert_int_equal(net_onnx_write(g, &file, &size, NULL), PFLD_OK);
    assert_int_equal(net_onnx_read(file, size, &back, NULL), PFLD_OK);
    assert_int_equal(back->opset, 13);
    assert_int_equal(back->n_nodes, 2);
    assert_string_equal(back->values[back->inputs[0]].name, "same");
    assert_string_equal(back->values[back->outputs[0]].name, "value_2");
    assert_true(*(float *)back->values[back->nodes[0].in[1]].constant->data == 4.0f);
    mem_free(file);
    net_graph_free(g);
    net_graph_free(back);
}

static void constants_that_nobody_reads_are_not_written(void **state)
{
    maker m = sound();
    net_graph *g = read_sound(&m);
    net_shape shape = {1, {1000}};
    uint8_t *file;
    size_t with, without;

    (void)state;
    assert_int_equal(net_onnx_write(g, &file, &without, NULL), PFLD_OK);
    mem_free(file);
    assert_true(net_constant_add(g, "dead", NET_F32, &shape, NULL) >= 0);
    assert_int_equal(net_onnx_write(g, &file, &with, NULL), PFLD_OK);
    mem_free(file);
    assert_int_equal(with, without);
    net_graph_free(g);
}

/* ---- memory that runs out ---- */

static pfld_status round_trip(const uint8_t *file, size_t size)
{
    net_graph *g, *back = NULL;
    uint8_t *again = NULL;
    size_t n;
    pfld_status status = net_onnx_read(file, size, &g, NULL);

    if (!status)
        status = net_onnx_write(g, &again, &n, NULL);
    if (!status)
        status = net_onnx_read(again, n, &back, NULL);
    mem_free(again);
    net_graph_free(g);
    net_graph_free(back);
    return status;
}

static void every_failing_allocation_is_survived(void **state)
{
    net_graph *g = rich_graph();
    uint8_t *file;
    size_t size;
    int n = 0;

    (void)state;
    /* larger than a chunk of the arena, so that it is asked for alone */
    g->nodes[1].in[2] = net_constant_add(g, "big", NET_F32, &(net_shape){1, {50000}}, NULL);
    assert_true(g->nodes[1].in[2] >= 0);
    assert_int_equal(net_onnx_write(g, &file, &size, NULL), PFLD_OK);
    net_graph_free(g);
    for (;; n++) {
        pfld_status status;
        allocations_left = n;
        status = round_trip(file, size);
        allocations_left = -1;
        if (!status)
            break;
        assert_int_equal(status, PFLD_ERR_NOMEM);
        assert_true(n < 1000);
    }
    assert_true(n >= 20);
    mem_free(file);
}

/* ---- real models ---- */

static const char *const models[] = {"pfld_cunjian_68", "pfld_ghostnet_slim_98", "pfld_lite_106",
                                     "ultralight_rfb_320", "yunet_n_640"};
enum { N_MODELS = sizeof models / sizeof *models };

/* False where the shared data are not on this machine. */
static bool read_model_file(const char *name, uint8_t **file, size_t *size)
{
    const char *shared = getenv("PFLD_SHARED");
    char path[1024];

    snprintf(path, sizeof path, "%s%s/data/models/%s.onnx", shared ? shared : PFLD_SOURCE_DIR,
             shared ? "" : "/../shared", name);
    return file_read(path, (size_t)1 << 28, file, size, NULL) == PFLD_OK;
}

static void real_models_survive_a_round_trip(void **state)
{
    int n = 0;

    (void)state;
    for (int i = 0; i < N_MODELS; i++) {
        pfld_error err = {0};
        net_graph *g, *back;
        uint8_t *file, *again;
        size_t size, size_again;
        if (!read_model_file(models[i], &file, &size))
            continue;
        if (net_onnx_read(file, size, &g, &err))
            fail_msg("%s: %s", models[i], err.msg);
        assert_true(g->n_nodes > 50);
        assert_int_equal(g->n_inputs, 1);
        assert_int_equal(net_onnx_write(g, &again, &size_again, &err), PFLD_OK);
        assert_int_equal(net_onnx_read(again, size_again, &back, &err), PFLD_OK);
        assert_graphs_equal(g, back);
        mem_free(file);
        mem_free(again);
        net_graph_free(g);
        net_graph_free(back);
        n++;
    }
    if (n == 0)
        skip();
    assert_int_equal(n, N_MODELS);
}

static void real_models_cut_at_every_thousandth_byte_are_refused(void **state)
{
    int n = 0;

    (void)state;
    for (int i = 0; i < N_MODELS; i++) {
        uint8_t *file;
        size_t size;
        if (!read_model_file(models[i], &file, &size))
            continue;
        for (size_t cut = 0; cut < size; cut += 1000) {
            pfld_error err = {0};
            net_graph *g;
            assert_int_equal(net_onnx_read(file, cut, &g, &err), PFLD_ERR_FORMAT);
            assert_true(err.msg[0] && !g);
        }
        mem_free(file);
        n++;
    }
    if (n == 0)
        skip();
    assert_int_equal(n, N_MODELS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_model_is_read),
        cmocka_unit_test(open_dimensions_are_open),
        cmocka_unit_test(an_input_with_an_initialiser_is_a_constant),
        cmocka_unit_test(nodes_in_any_order_are_sorted),
        cmocka_unit_test(left_out_inputs_are_none),
        cmocka_unit_test(attributes_of_every_kind_are_read),
        cmocka_unit_test(constant_nodes_become_constants),
        cmocka_unit_test(constants_of_every_kind_are_read),
        cmocka_unit_test(metadata_is_read_and_the_last_of_a_key_counts),
        cmocka_unit_test(what_is_written_reads_back_as_it_was),
        cmocka_unit_test(values_without_a_name_of_their_own_get_one),
        cmocka_unit_test(constants_that_nobody_reads_are_not_written),
        cmocka_unit_test(every_failing_allocation_is_survived),
        cmocka_unit_test(real_models_survive_a_round_trip),
        cmocka_unit_test(real_models_cut_at_every_thousandth_byte_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
