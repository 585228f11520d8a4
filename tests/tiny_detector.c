/* A face detector whose answer is known by hand: a face is where a cell is red in its upper half
 * and black in its lower one. */
#include "tiny_detector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "net/onnx.h"

enum { CHANNELS = 15, SCORE = 0 };

const tiny_detector tiny_marks = {
    .box = {0, 0, 1.7917595f, 1.7917595f}, /* ln 6: 48 pixels */
    .five = {-1.5f, -1, 1.5f, -1, 0, 0, -1, 1.5f, 1, 1.5f},
};

/* One convolution of the stride's size: one cell, one answer. */
static void add_level(net_graph *g, int32_t x, const tiny_detector *t, int64_t s)
{
    const net_shape shape = {4, {CHANNELS, 3, s, s}}, row = {1, {CHANNELS}};
    const int64_t strides[2] = {s, s};
    float *w = calloc((size_t)(CHANNELS * 3 * s * s), sizeof *w), bias[CHANNELS] = {0};
    float sharp = t->sharp != 0 ? t->sharp : 40, top = t->top != 0 ? t->top : 4;
    bool sees = s == TINY_CELL;
    char name[16];
    int32_t in[3] = {x}, out;
    net_node *node;
    net_attr attr = {.name = "strides", .kind = NET_ATTR_INTS, .n = 2, .ints = strides};

    assert_non_null(w);
    for (int64_t i = 0; i < s * s && sees; i++)
        w[i] = (t->all_red ? 1.0f : i < s * s / 2 ? 2.0f : -2.0f) * sharp / (float)(s * s);
    for (int64_t i = 0; i < s * s && sees; i++)
        w[s * s + i] = t->green / (float)(s * s);
    bias[SCORE] = sees ? top - sharp - t->green : -30;
    memcpy(bias + 1, t->box, sizeof t->box);
    memcpy(bias + 5, t->five, sizeof t->five);
    snprintf(name, sizeof name, "stride%d", (int)s);
    in[1] = net_constant_add(g, "weight", NET_F32, &shape, w);
    in[2] = net_constant_add(g, "bias", NET_F32, &row, bias);
    out = net_value_add(g, name, NET_F32, NULL);
    node = net_node_add(g, NET_OP_CONV, name, in, 3, &out, 1);
    assert_true(node && net_attr_add(g, node, &attr) && net_output_add(g, out));
    free(w);
}

net_graph *tiny_detector_graph(const tiny_detector *t)
{
    int64_t w = t->width ? t->width : NET_DIM_OPEN, h = t->height ? t->height : NET_DIM_OPEN;
    const net_shape shape = {4, {NET_DIM_OPEN, 3, h, w}};
    net_graph *g;
    int32_t x;

    assert_int_equal(net_graph_create(&g, NULL), PFLD_OK);
    g->opset = 13;
    x = net_value_add(g, "input", NET_F32, &shape);
    assert_true(x != NET_NONE && net_input_add(g, x));
    for (int64_t s = 8; s <= 32; s *= 2)
        add_level(g, x, t, s);
    assert_true(net_meta_set(g, "pfld.kind", t->kind ? t->kind : "detector"));
    if (t->face)
        assert_true(net_meta_set(g, "pfld.face", t->face));
    return g;
}

uint8_t *tiny_detector_onnx(const tiny_detector *t, size_t *size)
{
    net_graph *g = tiny_detector_graph(t);
    uint8_t *buf;

    assert_int_equal(net_onnx_write(g, &buf, size, NULL), PFLD_OK);
    net_graph_free(g);
    return buf;
}

pfld_model *tiny_detector_load(const tiny_detector *t)
{
    size_t size;
    uint8_t *buf = tiny_detector_onnx(t, &size);
    pfld_error err = {0};
    pfld_model *m;

    if (pfld_model_load_memory(buf, size, NULL, &m, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    mem_free(buf);
    return m;
}

pfld_image tiny_black(int32_t width, int32_t height)
{
    uint8_t *data = calloc((size_t)width * (size_t)height, 3);

    assert_non_null(data);
    return (pfld_image){data, width, height, (ptrdiff_t)width * 3, PFLD_RGB8};
}

static bool is_red(int32_t u, int32_t v, int32_t side, int quarters)
{
    switch (quarters) { /* where the mark's top is */
    case TINY_ALL_RED:
        return true;
    case 1:
        return 2 * u >= side;
    case 2:
        return 2 * v >= side;
    case 3:
        return 2 * u < side;
    default:
        return 2 * v < side;
    }
}

void tiny_mark(pfld_image *img, int32_t x, int32_t y, int32_t side, int quarters)
{
    for (int32_t v = 0; v < side; v++)
        for (int32_t u = 0; u < side; u++)
            img->data[(y + v) * img->stride + (ptrdiff_t)3 * (x + u)] =
                is_red(u, v, side, quarters) ? 255 : 0;
}
