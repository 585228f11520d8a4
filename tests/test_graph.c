/* net/graph, net/sort, net/ops, net/names: the net as data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/graph.h"
#include "net/names.h"

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

static net_graph *new_graph(void)
{
    net_graph *g;

    assert_int_equal(net_graph_create(&g, NULL), PFLD_OK);
    return g;
}

static int32_t new_value(net_graph *g, const char *name)
{
    int32_t v = net_value_add(g, name, NET_F32, NULL);

    assert_true(v >= 0);
    return v;
}

/* in and out are values, NET_NONE for none. */
static void new_node(net_graph *g, const char *name, int32_t in, int32_t out)
{
    assert_non_null(net_node_add(g, NET_OP_RELU, name, &in, 1, &out, 1));
}

static void assert_order(const net_graph *g, const char *letters)
{
    assert_int_equal(g->n_nodes, strlen(letters));
    for (size_t i = 0; i < g->n_nodes; i++)
        assert_string_equal(g->nodes[i].name, ((char[]){letters[i], '\0'}));
}

/* x -> [a] -> 1 -> [b] -> 2 -> [c] -> 3, the nodes in the order given */
static net_graph *chain(const char *order)
{
    net_graph *g = new_graph();

    for (int i = 0; i < 4; i++)
        new_value(g, (const char *[]){"x", "v1", "v2", "v3"}[i]);
    assert_true(net_input_add(g, 0));
    assert_true(net_output_add(g, 3));
    for (; *order; order++) {
        char name[2] = {*order, 0};
        new_node(g, name, *order - 'a', *order - 'a' + 1);
    }
    return g;
}

/* ---- order ---- */

static void any_order_of_a_chain_is_put_right(void **state)
{
    static const char *orders[] = {"abc", "acb", "bac", "bca", "cab", "cba"};

    (void)state;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        net_graph *g = chain(orders[i]);
        assert_int_equal(net_graph_sort(g, NULL), PFLD_OK);
        assert_order(g, "abc");
        net_graph_free(g);
    }
}

static void independent_nodes_keep_their_order(void **state)
{
    net_graph *g = new_graph();
    int32_t x = new_value(g, "x");

    (void)state;
    assert_true(net_input_add(g, x));
    for (const char *p = "dacb"; *p; p++) {
        char name[2] = {*p, 0};
        new_node(g, name, x, new_value(g, name));
    }
    assert_int_equal(net_graph_sort(g, NULL), PFLD_OK);
    assert_order(g, "dacb");
    net_graph_free(g);
}

static void a_cycle_is_refused_and_named(void **state)
{
    net_graph *g = new_graph();
    int32_t a = new_value(g, "va"), b = new_value(g, "vb");
    pfld_error err = {0};

    (void)state;
    new_node(g, "first", a, b);
    new_node(g, "second", b, a);
    assert_int_equal(net_graph_sort(g, &err), PFLD_ERR_FORMAT);
    assert_non_null(strstr(err.msg, "cycle"));
    assert_non_null(strstr(err.msg, "'second'"));
    assert_non_null(strstr(err.msg, "Relu"));
    net_graph_free(g);
}

static void a_node_that_reads_itself_is_a_cycle(void **state)
{
    net_graph *g = new_graph();
    int32_t a = new_value(g, "va");
    pfld_error err = {0};

    (void)state;
    new_node(g, "", a, a);
    assert_int_equal(net_graph_sort(g, &err), PFLD_ERR_FORMAT);
    assert_non_null(strstr(err.msg, "'va'")); /* no name: its output stands in */
    net_graph_free(g);
}

static void a_value_is_written_once(void **state)
{
    net_graph *g = chain("abc");
    pfld_error err = {0};

    (void)state;
    new_node(g, "again", 0, 2);
    assert_int_equal(net_graph_sort(g, &err), PFLD_ERR_FORMAT);
    assert_non_null(strstr(err.msg, "'again'"));
    assert_non_null(strstr(err.msg, "'v2'"));
    net_graph_free(g);
}

static void an_input_is_not_written(void **state)
{
    net_graph *g = chain("abc");

    (void)state;
    new_node(g, "d", 3, 0);
    assert_int_equal(net_graph_sort(g, NULL), PFLD_ERR_FORMAT);
    net_graph_free(g);
}

static void what_is_read_must_be_written(void **state)
{
    net_graph *g = chain("ac");
    pfld_error err = {0};

    (void)state;
    assert_int_equal(net_graph_sort(g, &err), PFLD_ERR_FORMAT);
    assert_non_null(strstr(err.msg, "'c'"));
    assert_non_null(strstr(err.msg, "'v2'"));
    net_graph_free(g);
}

static void an_output_must_be_written(void **state)
{
    net_graph *g = chain("ab");
    pfld_error err = {0};

    (void)state;
    assert_int_equal(net_graph_sort(g, &err), PFLD_ERR_FORMAT);
    assert_non_null(strstr(err.msg, "output 'v3'"));
    net_graph_free(g);
}

static void left_out_inputs_and_outputs_are_no_values(void **state)
{
    net_graph *g = chain("abc");
    int32_t in[3] = {3, NET_NONE, 3}, out[2] = {new_value(g, "y"), NET_NONE};

    (void)state;
    assert_non_null(net_node_add(g, NET_OP_CLIP, "d", in, 3, out, 2));
    assert_int_equal(net_graph_sort(g, NULL), PFLD_OK);
    assert_order(g, "abcd");
    net_graph_free(g);
}

static void an_empty_graph_is_sorted(void **state)
{
    net_graph *g = new_graph();

    (void)state;
    assert_int_equal(net_graph_sort(g, NULL), PFLD_OK);
    net_graph_free(g);
}

static void a_deep_chain_needs_no_deep_stack(void **state)
{
    enum { N = 200000 };
    net_graph *g = new_graph();

    (void)state;
    for (int32_t i = 0; i <= N; i++)
        new_value(g, "");
    assert_true(net_input_add(g, 0));
    for (int32_t i = N - 1; i >= 0; i--) /* the last one first */
        new_node(g, "", i, i + 1);
    assert_int_equal(net_graph_sort(g, NULL), PFLD_OK);
    for (int32_t i = 0; i < N; i++)
        assert_int_equal(g->nodes[i].in[0], i);
    net_graph_free(g);
}

/* ---- building, looking up ---- */

static void attributes_are_deep_copies(void **state)
{
    net_graph *g = chain("abc");
    int64_t ints[2] = {1, -2};
    float floats[1] = {0.5f};
    char text[] = "same", name[] = "mode";
    net_node *node = &g->nodes[1];

    (void)state;
    assert_true(net_attr_add(
        g, node, &(net_attr){.name = "pads", .kind = NET_ATTR_INTS, .ints = ints, .n = 2}));
    assert_true(net_attr_add(
        g, node, &(net_attr){.name = "scales", .kind = NET_ATTR_FLOATS, .floats = floats, .n = 1}));
    assert_true(
        net_attr_add(g, node, &(net_attr){.name = name, .kind = NET_ATTR_STRING, .s = text}));
    assert_true(net_attr_add(g, node, &(net_attr){.name = "axis", .kind = NET_ATTR_INT, .i = -1}));
    assert_true(
        net_attr_add(g, node, &(net_attr){.name = "alpha", .kind = NET_ATTR_FLOAT, .f = 0.25f}));
    ints[1] = 9;
    floats[0] = 9.0f;
    text[0] = name[0] = 'X';

    assert_int_equal(node->n_attr, 5);
    assert_int_equal(net_attr_find(node, "pads")->ints[1], -2);
    assert_true(net_attr_find(node, "scales")->floats[0] == 0.5f);
    assert_string_equal(net_attr_string(node, "mode", "?"), "same");
    assert_int_equal(net_attr_int(node, "axis", 7), -1);
    assert_true(net_attr_float(node, "alpha", 7.0f) == 0.25f);
    net_graph_free(g);
}

static void a_missing_attribute_has_its_default(void **state)
{
    net_graph *g = chain("a");
    const net_node *node = &g->nodes[0];

    (void)state;
    assert_null(net_attr_find(node, "axis"));
    assert_int_equal(net_attr_int(node, "axis", 7), 7);
    assert_true(net_attr_float(node, "axis", 7.0f) == 7.0f);
    assert_string_equal(net_attr_string(node, "axis", "none"), "none");
    net_graph_free(g);
}

static void an_attribute_of_another_kind_counts_as_missing(void **state)
{
    net_graph *g = chain("a");
    net_node *node = &g->nodes[0];

    (void)state;
    assert_true(net_attr_add(g, node, &(net_attr){.name = "a", .kind = NET_ATTR_FLOAT, .f = 1.0f}));
    assert_int_equal(net_attr_int(node, "a", 7), 7);
    net_graph_free(g);
}

static void constants_hold_a_copy_of_the_data(void **state)
{
    net_graph *g = new_graph();
    float data[6] = {1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f};
    net_shape shape = {2, {2, 3}}, empty = {1, {0}}, open = {1, {NET_DIM_OPEN}};
    int32_t v = net_constant_add(g, "w", NET_F32, &shape, data), none, zero;
    const net_tensor *t;

    (void)state;
    data[5] = 0.0f;
    assert_true(v >= 0);
    t = g->values[v].constant;
    assert_int_equal(t->count, 6);
    assert_true(((const float *)t->data)[5] == 6.0f);
    assert_true(g->values[v].has_shape && net_shape_equal(&g->values[v].shape, &shape));
    none = net_constant_add(g, "empty", NET_I64, &empty, NULL);
    assert_int_equal(g->values[none].constant->count, 0);
    zero = net_constant_add(g, "zero", NET_F32, &shape, NULL);
    assert_true(((const float *)g->values[zero].constant->data)[3] == 0.0f);
    assert_int_equal(net_constant_add(g, "open", NET_F32, &open, NULL), NET_NONE);
    net_graph_free(g);
}

static void metadata_is_replaced_by_key(void **state)
{
    net_graph *g = new_graph();

    (void)state;
    assert_null(net_meta_get(g, "pfld.kind"));
    assert_true(net_meta_set(g, "pfld.kind", "landmarks"));
    assert_true(net_meta_set(g, "pfld.scheme", "ibug68"));
    assert_true(net_meta_set(g, "pfld.kind", "detector"));
    assert_int_equal(g->n_meta, 2);
    assert_string_equal(net_meta_get(g, "pfld.kind"), "detector");
    assert_string_equal(net_meta_get(g, "pfld.scheme"), "ibug68");
    net_graph_free(g);
}

static void a_clone_can_be_changed_alone(void **state)
{
    net_graph *g = chain("abc"), *copy;
    net_attr attr = {.name = "axis", .kind = NET_ATTR_INT, .i = 1};

    (void)state;
    assert_true(net_attr_add(g, &g->nodes[0], &attr));
    g->opset = 13;
    assert_true(net_meta_set(g, "k", "v"));
    assert_int_equal(net_graph_clone(g, &copy, NULL), PFLD_OK);
    assert_int_equal(copy->opset, 13);
    assert_string_equal(net_meta_get(copy, "k"), "v");

    copy->nodes[0].attr[0].i = 2;
    attr.name = "more";
    assert_true(net_attr_add(copy, &copy->nodes[0], &attr));
    copy->nodes[1].in[0] = 3;
    copy->values[0].has_shape = true;
    copy->outputs[0] = 1;
    assert_true(net_meta_set(copy, "k", "w"));
    new_value(copy, "extra");

    assert_int_equal(net_attr_int(&g->nodes[0], "axis", 0), 1);
    assert_int_equal(g->nodes[0].n_attr, 1);
    assert_int_equal(g->nodes[1].in[0], 1);
    assert_false(g->values[0].has_shape);
    assert_int_equal(g->outputs[0], 3);
    assert_string_equal(net_meta_get(g, "k"), "v");
    assert_int_equal(g->n_values, 4);
    net_graph_free(copy);
    net_graph_free(g);
}

static void shapes_count_only_when_closed_and_small(void **state)
{
    size_t n = 7;

    (void)state;
    assert_false(net_shape_count(&(net_shape){2, {2, NET_DIM_OPEN}}, &n));
    assert_false(net_shape_count(&(net_shape){2, {INT64_MAX, 3}}, &n));
    assert_int_equal(n, 7);
    assert_true(net_shape_count(&(net_shape){3, {2, 3, 4}}, &n));
    assert_int_equal(n, 24);
    assert_true(net_shape_count(&(net_shape){0}, &n));
    assert_int_equal(n, 1);
    assert_true(net_shape_count(&(net_shape){2, {5, 0}}, &n));
    assert_int_equal(n, 0);
}

static void shapes_are_equal_by_rank_and_dimensions(void **state)
{
    net_shape a = {2, {2, 3, 9}}, b = {2, {2, 3, 8}}, c = {3, {2, 3, 9}}, d = {2, {2, 4}};

    (void)state;
    assert_true(net_shape_equal(&a, &b)); /* what is beyond the rank does not count */
    assert_false(net_shape_equal(&a, &c));
    assert_false(net_shape_equal(&a, &d));
}

static void shape_text_is_short_and_terminated(void **state)
{
    net_shape s = {4, {1, 3, NET_DIM_OPEN, 112}};
    char buf[32], tiny[6] = "zzzzz", one[1] = {'z'};

    (void)state;
    assert_string_equal(net_shape_text(&s, buf, sizeof buf), "1x3x?x112");
    assert_string_equal(net_shape_text(&s, tiny, sizeof tiny), "1x3x?");
    assert_string_equal(net_shape_text(&s, one, sizeof one), "");
    assert_string_equal(net_shape_text(&(net_shape){0}, buf, sizeof buf), "scalar");
}

static void every_operator_is_found_by_its_name(void **state)
{
    (void)state;
    for (int op = NET_OP_NONE + 1; op < NET_OP_COUNT; op++) {
        const net_op_info *info = net_op_get((net_op)op);
        assert_non_null(info->name);
        assert_int_equal(net_op_find(info->name, strlen(info->name)), op);
        assert_true(info->max_in == -1 || info->max_in >= info->min_in);
        assert_true(info->max_out == -1 || info->max_out >= info->min_out);
        assert_true(info->min_out >= 1);
    }
    assert_int_equal(net_op_find("NonMaxSuppression", 17), NET_OP_NONE);
    assert_int_equal(net_op_find("Con", 3), NET_OP_NONE);
    assert_int_equal(net_op_find("", 0), NET_OP_NONE);
    assert_int_equal(net_op_find("?", 1), NET_OP_NONE);
    assert_string_equal(net_op_get(NET_OP_NONE)->name, "?");
}

static void a_hundred_thousand_names_stay_apart(void **state)
{
    enum { N = 100000 };
    static char keys[N][8];
    net_names t = {0};

    (void)state;
    for (int32_t i = 0; i < N; i++) {
        int n = snprintf(keys[i], sizeof keys[i], "v%d", i);
        int32_t *at = net_names_at(&t, keys[i], (size_t)n);
        assert_non_null(at);
        assert_int_equal(*at, -1);
        *at = i;
    }
    for (int32_t i = 0; i < N; i++)
        assert_int_equal(*net_names_at(&t, keys[i], strlen(keys[i])), i);
    assert_int_equal(*net_names_at(&t, NULL, 0), -1);
    assert_int_equal(t.n, N + 1);
    net_names_free(&t);
}

/* Everything that allocates, once; false where memory ran out somewhere. */
static bool build_all(void)
{
    net_graph *g = NULL, *copy = NULL;
    net_shape shape = {1, {20000}};
    int64_t ints[3] = {1, 2, 3};
    net_attr attr = {.name = "ints", .kind = NET_ATTR_INTS, .ints = ints, .n = 3};
    net_node *node;
    int32_t x, w, y;
    bool ok = false;

    if (net_graph_create(&g, NULL))
        return false;
    x = net_value_add(g, "x", NET_F32, NULL);
    w = net_constant_add(g, "w", NET_F32, &shape, NULL);
    y = net_value_add(g, "y", NET_F32, NULL);
    if (x < 0 || w < 0 || y < 0)
        goto end;
    node = net_node_add(g, NET_OP_ADD, "n", (int32_t[]){x, w}, 2, &y, 1);
    if (!node || !net_attr_add(g, node, &attr) || !net_input_add(g, x) || !net_output_add(g, y) ||
        !net_meta_set(g, "k", "v"))
        goto end;
    ok = !net_graph_sort(g, NULL) && !net_graph_clone(g, &copy, NULL);
end:
    net_graph_free(copy);
    net_graph_free(g);
    return ok;
}

static void every_failing_allocation_is_survived(void **state)
{
    int n = 0;

    (void)state;
    for (;; n++) {
        bool ok;
        allocations_left = n;
        ok = build_all();
        allocations_left = -1;
        if (ok)
            break;
        assert_true(n < 1000);
    }
    assert_true(n >= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_of_a_chain_is_put_right),
        cmocka_unit_test(independent_nodes_keep_their_order),
        cmocka_unit_test(a_cycle_is_refused_and_named),
        cmocka_unit_test(a_node_that_reads_itself_is_a_cycle),
        cmocka_unit_test(a_value_is_written_once),
        cmocka_unit_test(an_input_is_not_written),
        cmocka_unit_test(what_is_read_must_be_written),
        cmocka_unit_test(an_output_must_be_written),
        cmocka_unit_test(left_out_inputs_and_outputs_are_no_values),
        cmocka_unit_test(an_empty_graph_is_sorted),
        cmocka_unit_test(a_deep_chain_needs_no_deep_stack),
        cmocka_unit_test(attributes_are_deep_copies),
        cmocka_unit_test(a_missing_attribute_has_its_default),
        cmocka_unit_test(an_attribute_of_another_kind_counts_as_missing),
        cmocka_unit_test(constants_hold_a_copy_of_the_data),
        cmocka_unit_test(metadata_is_replaced_by_key),
        cmocka_unit_test(a_clone_can_be_changed_alone),
        cmocka_unit_test(shapes_count_only_when_closed_and_small),
        cmocka_unit_test(shapes_are_equal_by_rank_and_dimensions),
        cmocka_unit_test(shape_text_is_short_and_terminated),
        cmocka_unit_test(every_operator_is_found_by_its_name),
        cmocka_unit_test(a_hundred_thousand_names_stay_apart),
        cmocka_unit_test(every_failing_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
