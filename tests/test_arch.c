/* PFLD's own nets: the sizes that the paper's tables give, and that every other part takes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "infer/infer.h"
#include "net/arch.h"
#include "net/fold.h"
#include "net/onnx.h"
#include "net/shape.h"

/* The linker sends every aligned_alloc() of the library through here. */
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

static const arch_pfld whole = {.width = 1, .points = 68, .size = 112};
static const arch_pfld quarter = {.width = 0.25, .points = 68, .size = 112};
static const arch_pfld tiny = {
    .width = 0.1, .points = 5, .size = 48, .tail = ARCH_POOL, .auxiliary = true};

static net_graph *built(const arch_pfld *a, uint64_t seed)
{
    net_graph *g;
    assert_int_equal(arch_pfld_build(a, seed, NULL, &g, NULL), PFLD_OK);
    assert_non_null(g);
    return g;
}

static const net_node *node_named(const net_graph *g, const char *name)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        if (strcmp(g->nodes[i].name, name) == 0)
            return &g->nodes[i];
    return NULL;
}

static const net_tensor *constant_named(const net_graph *g, const char *name)
{
    for (size_t i = 0; i < g->n_values; i++)
        if (g->values[i].constant && strcmp(g->values[i].name, name) == 0)
            return g->values[i].constant;
    fail_msg("no constant %s", name);
    return NULL;
}

static size_t count_op(const net_graph *g, net_op op)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n_nodes; i++)
        n += g->nodes[i].op == op;
    return n;
}

static void prepare(net_graph *g, int64_t batch, int64_t size)
{
    pfld_error err = {0};
    net_shape shape = {4, {batch, 3, size, size}};
    if (net_input_set_shape(g, 0, &shape, &err) || net_infer_shapes(g, &err) || net_fold(g, &err))
        fail_msg("%s", err.msg);
}

/* Runs g at a batch; the outputs, one behind the other, are the caller's. Faces are noise, face i
 * the same in every batch. */
static float *run(net_graph *g, int64_t batch, int64_t size)
{
    arena mem = {0};
    infer_net *net;
    pfld_error err = {0};
    uint32_t noise = 1;

    prepare(g, batch, size);
    if (infer_create(g, PFLD_ISA_SCALAR, &mem, &net, &err))
        fail_msg("%s", err.msg);
    infer_tensor in = infer_input(net, 0);
    for (size_t i = 0; i < in.count; i++) {
        noise = noise * 1664525u + 1013904223u;
        in.data[i] = (float)(noise >> 8) * 0x1p-24f;
    }
    infer_run(net);
    float *out = calloc(4096, sizeof *out);
    size_t used = 0;
    for (size_t i = 0; i < infer_output_count(net); i++) {
        infer_tensor t = infer_output(net, i);
        assert_true(used + t.count <= 4096);
        memcpy(out + used, t.data, t.count * sizeof *out);
        used += t.count;
    }
    arena_free(&mem);
    return out;
}

static arch_row total(const arch_pfld *a, size_t *n)
{
    arch_row rows[ARCH_ROWS], sum = {0};
    *n = arch_pfld_rows(a, rows, ARCH_ROWS);
    for (size_t i = 0; i < *n; i++) {
        sum.macs += rows[i].macs;
        sum.parameters += rows[i].parameters;
    }
    return sum;
}

static void the_papers_nets_have_the_papers_sizes(void **state)
{
    size_t n;
    (void)state;
    arch_row one = total(&whole, &n);
    assert_int_equal(n, 9);
    assert_int_equal(one.macs, 273413888);
    assert_int_equal(one.parameters, 1841272);
    arch_row small = total(&quarter, &n);
    assert_int_equal(small.macs, 20556128);
    assert_int_equal(small.parameters, 247588);
}

static void rows_are_those_of_table_1_and_2(void **state)
{
    static const arch_row wanted[ARCH_ROWS] = {
        {"conv1", "conv3x3", 112, 3, 56, 0, 64, 1, 2, 0, 0},
        {"conv2", "depthwise conv3x3", 56, 64, 56, 0, 64, 1, 1, 0, 0},
        {"block1", "bottleneck", 56, 64, 28, 2, 64, 5, 2, 0, 0},
        {"block2", "bottleneck", 28, 64, 14, 2, 128, 1, 2, 0, 0},
        {"block3", "bottleneck", 14, 128, 14, 4, 128, 6, 1, 0, 0},
        {"block4", "bottleneck", 14, 128, 14, 2, 16, 1, 1, 0, 0},
        {"s2", "conv3x3", 14, 16, 7, 0, 32, 1, 2, 0, 0},
        {"s3", "conv7x7", 7, 32, 1, 0, 128, 1, 1, 0, 0},
        {"landmarks", "full connection", 1, 14 * 14 * 16 + 7 * 7 * 32 + 128, 1, 0, 136, 1, 0, 0, 0},
        {"aux.conv1", "conv3x3", 28, 64, 14, 0, 128, 1, 2, 0, 0},
        {"aux.conv2", "conv3x3", 14, 128, 14, 0, 128, 1, 1, 0, 0},
        {"aux.conv3", "conv3x3", 14, 128, 7, 0, 32, 1, 2, 0, 0},
        {"aux.conv4", "conv7x7", 7, 32, 1, 0, 128, 1, 1, 0, 0},
        {"aux.fc1", "full connection", 1, 128, 1, 0, 32, 1, 0, 0, 0},
        {"aux.fc2", "full connection", 1, 32, 1, 0, 3, 1, 0, 0, 0},
        {"spread", "2 full connections", 1, 64 + 128 + 16 + 32 + 128 + 136, 1, 0, 204, 1, 0, 0, 0},
    };
    arch_pfld a = whole;
    arch_row rows[ARCH_ROWS];
    (void)state;
    a.auxiliary = a.spread = true;
    assert_int_equal(arch_pfld_rows(&a, rows, ARCH_ROWS), ARCH_ROWS);
    for (size_t i = 0; i < ARCH_ROWS; i++) {
        const arch_row *w = &wanted[i], *r = &rows[i];
        assert_string_equal(r->name, w->name);
        assert_string_equal(r->op, w->op);
        assert_int_equal(r->in_size, w->in_size);
        assert_int_equal(r->in_channels, w->in_channels);
        assert_int_equal(r->out_size, w->out_size);
        assert_int_equal(r->t, w->t);
        assert_int_equal(r->c, w->c);
        assert_int_equal(r->n, w->n);
        assert_int_equal(r->s, w->s);
    }
    assert_int_equal(arch_pfld_rows(&a, rows, 3), 3); /* and no more is written */
    assert_int_equal(arch_pfld_rows(&a, NULL, 0), 0);
}

/* By hand, from the rows: 3x3x3x64 + 64; the first bottleneck row: 128 hidden channels, of which
 * the first expansion is at 56x56 and all else at 28x28. */
static void rows_count_as_a_person_would(void **state)
{
    arch_row rows[ARCH_ROWS];
    (void)state;
    assert_int_equal(arch_pfld_rows(&whole, rows, ARCH_ROWS), 9);
    assert_int_equal(rows[0].parameters, 27 * 64 + 64);
    assert_int_equal(rows[0].macs, 27 * 64 * 56 * 56);
    assert_int_equal(rows[1].macs, 9 * 64 * 56 * 56);
    assert_int_equal(rows[2].parameters, 5 * (64 * 128 + 128 + 9 * 128 + 128 + 128 * 64 + 64));
    assert_int_equal(rows[2].macs, 64 * 128 * 56 * 56 + 28 * 28 * (4 * 64 * 128 + 5 * 9 * 128) +
                                       28 * 28 * 5 * 128 * 64);
    assert_int_equal(rows[8].parameters, 4832 * 136 + 136);
}

static void widths_round_and_never_fall_below_4(void **state)
{
    arch_row rows[ARCH_ROWS];
    arch_pfld a = whole;
    (void)state;
    a.width = 0.1; /* 64: 6.4, 128: 12.8, 16: 1.6, 32: 3.2 */
    assert_int_equal(arch_pfld_rows(&a, rows, ARCH_ROWS), 9);
    static const int tenth[] = {6, 6, 6, 13, 13, 4, 4, 13, 136};
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(rows[i].c, tenth[i]);
    a.width = 1.5;
    a.auxiliary = a.spread = true;
    assert_int_equal(arch_pfld_rows(&a, rows, ARCH_ROWS), ARCH_ROWS);
    assert_int_equal(rows[0].c, 96);
    assert_int_equal(rows[9].c, 192); /* Table 2 follows */
    a.aux_width = 0.5;
    assert_int_equal(arch_pfld_rows(&a, rows, ARCH_ROWS), ARCH_ROWS);
    assert_int_equal(rows[0].c, 96);
    assert_int_equal(rows[9].c, 64); /* unless it has a width of its own */
}

/* What the rows say is what the engine will do and what a file will hold. */
static void rows_agree_with_the_compiled_net(void **state)
{
    static const arch_pfld nets[] = {
        {.width = 0.25, .points = 68, .size = 112},
        {.width = 0.25, .points = 98, .size = 112, .tail = ARCH_POOL, .auxiliary = true},
        {.width = 0.25, .points = 68, .size = 112, .tail = ARCH_S3},
        {.width = 0.4, .points = 5, .size = 70, .auxiliary = true, .aux_width = 0.2},
    };
    (void)state;
    for (size_t k = 0; k < sizeof nets / sizeof *nets; k++) {
        net_graph *g = built(&nets[k], 1);
        arena mem = {0};
        infer_net *net;
        uint64_t macs = 0, parameters = 0;
        size_t n;
        arch_row sum = total(&nets[k], &n);

        prepare(g, 1, nets[k].size);
        assert_int_equal(count_op(g, NET_OP_BATCH_NORM), 0); /* all folded */
        for (size_t i = 0; i < g->n_nodes; i++)
            for (size_t j = 1; j < g->nodes[i].n_in; j++)
                if (g->values[g->nodes[i].in[j]].constant)
                    parameters += g->values[g->nodes[i].in[j]].constant->count;
        assert_int_equal(parameters, sum.parameters);
        assert_int_equal(infer_create(g, PFLD_ISA_SCALAR, &mem, &net, NULL), PFLD_OK);
        for (size_t i = 0; i < infer_step_count(net); i++)
            macs += infer_step(net, i).macs;
        assert_int_equal(macs, sum.macs);
        arena_free(&mem);
        net_graph_free(g);
    }
}

static void every_layer_is_there_under_its_name(void **state)
{
    arch_pfld a = quarter;
    net_graph *g;
    (void)state;
    a.auxiliary = true;
    g = built(&a, 1);
    assert_int_equal(count_op(g, NET_OP_CONV), 2 + 13 * 3 + 2 + 4);
    assert_int_equal(count_op(g, NET_OP_BATCH_NORM), count_op(g, NET_OP_CONV));
    /* none behind a bottleneck's last convolution; one behind aux.fc1 */
    assert_int_equal(count_op(g, NET_OP_RELU), count_op(g, NET_OP_CONV) - 13 + 1);
    assert_int_equal(count_op(g, NET_OP_ADD), 4 + 6);
    assert_null(node_named(g, "block1.1.add")); /* stride 2 */
    assert_non_null(node_named(g, "block1.2.add"));
    assert_null(node_named(g, "block2.1.add"));
    assert_non_null(node_named(g, "block3.1.add")); /* 128 to 128 channels */
    assert_null(node_named(g, "block4.1.add"));     /* 128 to 16 */
    assert_int_equal(net_attr_int(node_named(g, "conv2"), "group", 0), 16);
    assert_int_equal(net_attr_find(node_named(g, "s3"), "kernel_shape")->ints[0], 7);
    assert_int_equal(constant_named(g, "aux.fc2.bias")->count, 3);
    for (size_t i = 0; i < g->n_nodes; i++) {
        assert_true(*g->nodes[i].name);
        assert_ptr_equal(node_named(g, g->nodes[i].name), &g->nodes[i]); /* the first of its name */
        if (g->nodes[i].op == NET_OP_CONV)
            assert_int_equal(g->nodes[i].n_in, 2); /* no bias: batch normalisation has one */
    }
    net_graph_free(g);
}

/* The auxiliary net reads the 28x28 map behind the first row of bottlenecks. */
static void the_auxiliary_net_reads_the_fourth_blocks_map(void **state)
{
    arch_pfld a = quarter;
    (void)state;
    a.auxiliary = true;
    net_graph *g = built(&a, 1);
    const net_node *first = node_named(g, "aux.conv1");
    assert_string_equal(g->values[first->in[0]].name, "block1.5.add");
    assert_string_equal(g->values[node_named(g, "block2.1.expand")->in[0]].name, "block1.5.add");
    net_graph_free(g);
}

static void the_last_layers_start_at_the_mean_shape(void **state)
{
    float mean[10];
    net_graph *g;
    (void)state;
    for (int i = 0; i < 10; i++)
        mean[i] = 0.1f * (float)i;
    assert_int_equal(arch_pfld_build(&tiny, 3, mean, &g, NULL), PFLD_OK);
    assert_memory_equal(constant_named(g, "landmarks.bias")->data, mean, sizeof mean);
    for (int i = 0; i < 3; i++)
        assert_true(((float *)constant_named(g, "aux.fc2.bias")->data)[i] == 0);
    net_graph_free(g);
    g = built(&tiny, 3);
    for (int i = 0; i < 10; i++)
        assert_true(((float *)constant_named(g, "landmarks.bias")->data)[i] == 0.5f);
    net_graph_free(g);
}

static double deviation(const net_graph *g, const char *name)
{
    const net_tensor *t = constant_named(g, name);
    const float *v = t->data;
    double sum = 0;
    for (size_t i = 0; i < t->count; i++)
        sum += (double)v[i] * (double)v[i];
    return sqrt(sum / (double)t->count);
}

static void close_to(double a, double b, double relative)
{
    if (!(fabs(a - b) <= relative * fabs(b)))
        fail_msg("%g is not %g", a, b);
}

static void weights_start_with_the_variance_of_he(void **state)
{
    net_graph *g = built(&whole, 5);
    (void)state;
    close_to(deviation(g, "conv1.weight"), sqrt(2.0 / 27), 0.1);
    close_to(deviation(g, "conv2.weight"), sqrt(2.0 / 9), 0.15); /* depthwise: 9 inputs each */
    close_to(deviation(g, "block1.1.expand.weight"), sqrt(2.0 / 64), 0.05);
    close_to(deviation(g, "block3.2.project.weight"), sqrt(2.0 / 512), 0.05);
    close_to(deviation(g, "s3.weight"), sqrt(2.0 / (49 * 32)), 0.05);
    close_to(deviation(g, "landmarks.weight"), 0.01 / sqrt(4832), 0.05);
    assert_true(deviation(g, "block1.1.expand.bn.bias") == 0);
    assert_true(deviation(g, "block1.1.expand.bn.mean") == 0);
    assert_true(deviation(g, "block1.1.expand.bn.scale") == 1);
    assert_true(deviation(g, "block1.1.expand.bn.var") == 1);
    net_graph_free(g);
}

static bool same_constants(const net_graph *a, const net_graph *b)
{
    for (size_t i = 0; i < a->n_values; i++) {
        const net_tensor *t = a->values[i].constant;
        if (t && memcmp(t->data, constant_named(b, a->values[i].name)->data, t->count * 4) != 0)
            return false;
    }
    return true;
}

static void the_seed_alone_decides_on_the_weights(void **state)
{
    arch_pfld with = quarter;
    (void)state;
    with.auxiliary = with.spread = true;
    net_graph *a = built(&quarter, 7), *b = built(&quarter, 7), *c = built(&quarter, 8);
    net_graph *d = built(&with, 7);
    assert_true(same_constants(a, b));
    assert_false(same_constants(a, c));
    assert_true(same_constants(a, d)); /* a's are all among d's */
    net_graph_free(a);
    net_graph_free(b);
    net_graph_free(c);
    net_graph_free(d);
}

/* At the start every point has the same spread, whatever the face; and it costs little. */
static void the_spreads_head_begins_alike(void **state)
{
    arch_pfld a = quarter;
    arch_row rows[ARCH_ROWS];
    (void)state;
    a.spread = true;
    assert_int_equal(arch_pfld_rows(&a, rows, ARCH_ROWS), 10);
    assert_int_equal(rows[9].macs, 13824);
    assert_int_equal(rows[9].parameters, 14060);
    net_graph *g = built(&a, 3);
    const float *bias = constant_named(g, "spread.bias")->data;
    for (int i = 0; i < 68; i++)
        assert_true(fabsf(bias[3 * i] + 3.9f) < 1e-6f && fabsf(bias[3 * i + 1] + 3.9f) < 1e-6f &&
                    fabsf(bias[3 * i + 2]) < 1e-6f);
    const net_tensor *w = constant_named(g, "spread.weight");
    for (size_t i = 0; i < w->count; i++)
        assert_true(fabsf(((const float *)w->data)[i]) < 0.02f);
    assert_int_equal(g->n_outputs, 2);
    assert_string_equal(g->values[g->outputs[1]].name, "spread");
    net_graph_free(g);
}

static void a_batch_gives_what_its_faces_give_alone(void **state)
{
    (void)state;
    for (int tail = ARCH_FLATTEN; tail <= ARCH_S3; tail++) {
        arch_pfld a = tiny;
        a.tail = (arch_tail)tail;
        a.auxiliary = false;
        net_graph *one = built(&a, 2), *three = built(&a, 2);
        float *alone = run(one, 1, a.size), *together = run(three, 3, a.size);
        for (int i = 0; i < 10; i++)
            assert_true(fabsf(alone[i] - together[i]) < 1e-6f);
        assert_true(fabsf(together[0] - together[10]) > 1e-7f); /* faces differ */
        free(alone);
        free(together);
        net_graph_free(one);
        net_graph_free(three);
    }
}

static void nets_survive_onnx(void **state)
{
    net_graph *g = built(&tiny, 4), *back;
    uint8_t *file;
    size_t size;
    pfld_error err = {0};
    (void)state;
    assert_int_equal(net_onnx_write(g, &file, &size, &err), PFLD_OK);
    if (net_onnx_read(file, size, &back, &err))
        fail_msg("%s", err.msg);
    mem_free(file);
    assert_int_equal(back->n_nodes, g->n_nodes);
    assert_int_equal(back->values[back->inputs[0]].shape.dim[0], NET_DIM_OPEN);
    assert_int_equal(back->values[back->outputs[0]].shape.dim[1], 10);
    assert_string_equal(back->values[back->outputs[1]].name, "angles");
    assert_true(same_constants(g, back));
    float *a = run(g, 2, tiny.size), *b = run(back, 2, tiny.size);
    assert_memory_equal(a, b, 4096 * sizeof *a);
    free(a);
    free(b);
    net_graph_free(g);
    net_graph_free(back);
}

static void stripping_leaves_the_landmarks_as_they_were(void **state)
{
    arch_pfld plain = tiny;
    net_graph *whole_net = built(&tiny, 6), *g = built(&tiny, 6), *never;
    (void)state;
    plain.auxiliary = false;
    never = built(&plain, 6);
    assert_int_equal(arch_strip(g, "angles", NULL), PFLD_OK);
    assert_int_equal(g->n_outputs, 1);
    assert_int_equal(g->n_nodes, never->n_nodes);
    for (size_t i = 0; i < g->n_nodes; i++)
        assert_string_equal(g->nodes[i].name, never->nodes[i].name);
    float *a = run(whole_net, 1, tiny.size), *b = run(g, 1, tiny.size);
    assert_memory_equal(a, b, 10 * sizeof *a);
    free(a);
    free(b);
    net_graph_free(whole_net);
    net_graph_free(g);
    net_graph_free(never);
}

static void stripping_the_other_output_leaves_the_angles(void **state)
{
    net_graph *g = built(&tiny, 6);
    (void)state;
    assert_int_equal(arch_strip(g, "landmarks", NULL), PFLD_OK);
    assert_string_equal(g->values[g->outputs[0]].name, "angles");
    assert_null(node_named(g, "block2.1.expand"));
    assert_non_null(node_named(g, "block1.5.add"));
    net_graph_free(g);
}

static void stripping_refuses_what_is_not_there_and_the_last_output(void **state)
{
    net_graph *g = built(&tiny, 6);
    pfld_error err = {0};
    (void)state;
    assert_int_equal(arch_strip(g, "pose", &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "'pose'"));
    assert_int_equal(g->n_outputs, 2);
    assert_int_equal(arch_strip(g, "angles", &err), PFLD_OK);
    assert_int_equal(arch_strip(g, "landmarks", &err), PFLD_ERR_ARG);
    assert_int_equal(g->n_outputs, 1);
    net_graph_free(g);
}

static void nets_that_make_no_sense_are_refused(void **state)
{
    static const arch_pfld bad[] = {
        {.width = 0, .points = 68, .size = 112},
        {.width = -1, .points = 68, .size = 112},
        {.width = (double)NAN, .points = 68, .size = 112},
        {.width = 8.1, .points = 68, .size = 112},
        {.width = 1, .points = 0, .size = 112},
        {.width = 1, .points = 1025, .size = 112},
        {.width = 1, .points = 68, .size = 31},
        {.width = 1, .points = 68, .size = 513},
        {.width = 1, .points = 68, .size = 112, .aux_width = 9},
    };
    arch_row rows[ARCH_ROWS];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pfld_error err = {0};
        net_graph *g = (net_graph *)(void *)rows;
        assert_int_equal(arch_pfld_build(&bad[i], 1, NULL, &g, &err), PFLD_ERR_ARG);
        assert_null(g);
        assert_true(strlen(err.msg) > 10);
        assert_int_equal(arch_pfld_rows(&bad[i], rows, ARCH_ROWS), 0);
    }
}

static void the_smallest_and_odd_sizes_are_built_and_run(void **state)
{
    static const int sizes[] = {32, 33, 47, 64};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        arch_pfld a = {.width = 0.01, .points = 1, .size = sizes[i], .auxiliary = true};
        net_graph *g = built(&a, 1);
        float *out = run(g, 1, a.size);
        for (int k = 0; k < 5; k++)
            assert_true(isfinite(out[k]));
        free(out);
        net_graph_free(g);
    }
}

static void building_survives_every_failing_allocation(void **state)
{
    arch_pfld a = {.width = 0.01, .points = 2, .size = 32, .auxiliary = true};
    pfld_status status = PFLD_ERR_NOMEM;
    long n = 0;
    (void)state;
    for (; status == PFLD_ERR_NOMEM; n++) {
        net_graph *g;
        allocations_left = n;
        status = arch_pfld_build(&a, 1, NULL, &g, NULL);
        if (status == PFLD_OK) {
            allocations_left = 0;
            assert_int_equal(arch_strip(g, "angles", NULL), PFLD_ERR_NOMEM);
        } else {
            assert_null(g);
        }
        allocations_left = -1;
        net_graph_free(g);
    }
    assert_int_equal(status, PFLD_OK);
    assert_true(n > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_papers_nets_have_the_papers_sizes),
        cmocka_unit_test(rows_are_those_of_table_1_and_2),
        cmocka_unit_test(rows_count_as_a_person_would),
        cmocka_unit_test(widths_round_and_never_fall_below_4),
        cmocka_unit_test(rows_agree_with_the_compiled_net),
        cmocka_unit_test(every_layer_is_there_under_its_name),
        cmocka_unit_test(the_auxiliary_net_reads_the_fourth_blocks_map),
        cmocka_unit_test(the_last_layers_start_at_the_mean_shape),
        cmocka_unit_test(weights_start_with_the_variance_of_he),
        cmocka_unit_test(the_seed_alone_decides_on_the_weights),
        cmocka_unit_test(the_spreads_head_begins_alike),
        cmocka_unit_test(a_batch_gives_what_its_faces_give_alone),
        cmocka_unit_test(nets_survive_onnx),
        cmocka_unit_test(stripping_leaves_the_landmarks_as_they_were),
        cmocka_unit_test(stripping_the_other_output_leaves_the_angles),
        cmocka_unit_test(stripping_refuses_what_is_not_there_and_the_last_output),
        cmocka_unit_test(nets_that_make_no_sense_are_refused),
        cmocka_unit_test(the_smallest_and_odd_sizes_are_built_and_run),
        cmocka_unit_test(building_survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
