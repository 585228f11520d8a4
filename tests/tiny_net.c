/* A landmark net whose answer is known by hand: five points made of the crop's channel means. */
#include "tiny_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "net/onnx.h"

static int32_t add_node(net_graph *g, net_op op, size_t n_in, const int32_t *in)
{
    char name[16];
    int32_t out;

    snprintf(name, sizeof name, "v%zu", g->n_values);
    out = net_value_add(g, name, NET_F32, NULL);
    assert_true(out != NET_NONE);
    assert_non_null(net_node_add(g, op, name, in, n_in, &out, 1));
    return out;
}

static void add_attr(net_graph *g, net_attr a)
{
    assert_true(net_attr_add(g, &g->nodes[g->n_nodes - 1], &a));
}

/* 3x3 with one tap in the middle that passes each channel on. */
static int32_t add_conv(net_graph *g, int32_t x, int64_t channels)
{
    static const int64_t pads[4] = {1, 1, 1, 1};
    const net_shape shape = {4, {channels, channels, 3, 3}};
    float w[3 * 3 * 9] = {0};
    int32_t in[2] = {x};

    for (int64_t c = 0; c < channels; c++)
        w[(c * channels + c) * 9 + 4] = 1;
    in[1] = net_constant_add(g, "conv.weight", NET_F32, &shape, w);
    x = add_node(g, NET_OP_CONV, 2, in);
    add_attr(g, (net_attr){.name = "pads", .kind = NET_ATTR_INTS, .n = 4, .ints = pads});
    return x;
}

static int32_t add_gemm(net_graph *g, int32_t x, const tiny_net *t, int64_t channels)
{
    const net_shape rows = {2, {TINY_VALUES, channels}}, row = {1, {TINY_VALUES}};
    float w[TINY_VALUES * 3];
    int32_t in[3] = {x};

    for (int64_t k = 0; k < TINY_VALUES; k++)
        for (int64_t c = 0; c < channels; c++)
            w[k * channels + c] = t->weight[k][c];
    in[1] = net_constant_add(g, "gemm.weight", NET_F32, &rows, w);
    in[2] = net_constant_add(g, "gemm.bias", NET_F32, &row, t->bias);
    x = add_node(g, NET_OP_GEMM, 3, in);
    add_attr(g, (net_attr){.name = "transB", .kind = NET_ATTR_INT, .i = 1});
    return x;
}

/* The output "spread". */
static void add_spread(net_graph *g, int32_t x, const tiny_net *t, int64_t channels)
{
    const net_shape rows = {2, {TINY_SPREADS, channels}}, row = {1, {TINY_SPREADS}};
    float w[TINY_SPREADS * 3];
    int32_t in[3] = {x}, out;

    for (int64_t k = 0; k < TINY_SPREADS; k++)
        for (int64_t c = 0; c < channels; c++)
            w[k * channels + c] = k % 3 == 2 ? 0.0f : t->unsure[c];
    in[1] = net_constant_add(g, "spread.weight", NET_F32, &rows, w);
    in[2] = net_constant_add(g, "spread.bias", NET_F32, &row, t->spread);
    out = net_value_add(g, "spread", NET_F32, NULL);
    assert_true(out != NET_NONE);
    assert_non_null(net_node_add(g, NET_OP_GEMM, "spread", in, 3, &out, 1));
    add_attr(g, (net_attr){.name = "transB", .kind = NET_ATTR_INT, .i = 1});
    assert_true(net_output_add(g, out));
}

static void set_meta(net_graph *g, const char *key, const char *value)
{
    if (value)
        assert_true(net_meta_set(g, key, value));
}

net_graph *tiny_net_graph(const tiny_net *t)
{
    int64_t side = t->side ? t->side : 16, channels = t->channels ? t->channels : 3;
    const net_shape shape = {4, {side == NET_DIM_OPEN ? NET_DIM_OPEN : 1, channels, side, side}};
    net_graph *g;
    int32_t x, flat;

    assert_int_equal(net_graph_create(&g, NULL), PFLD_OK);
    g->opset = 13;
    x = net_value_add(g, "input", NET_F32, &shape);
    assert_true(x != NET_NONE && net_input_add(g, x));
    x = add_conv(g, x, channels);
    x = add_node(g, NET_OP_GLOBAL_AVERAGE_POOL, 1, &x);
    flat = add_node(g, NET_OP_FLATTEN, 1, &x);
    x = add_gemm(g, flat, t, channels);
    assert_true(net_output_add(g, x));
    if (t->rule)
        add_spread(g, flat, t, channels);
    set_meta(g, "pfld.spread", t->rule);
    set_meta(g, "pfld.scheme", t->scheme);
    set_meta(g, "pfld.input", t->input);
    set_meta(g, "pfld.crop", t->crop);
    return g;
}

uint8_t *tiny_net_onnx(const tiny_net *t, size_t *size)
{
    net_graph *g = tiny_net_graph(t);
    uint8_t *buf;

    assert_int_equal(net_onnx_write(g, &buf, size, NULL), PFLD_OK);
    net_graph_free(g);
    return buf;
}
