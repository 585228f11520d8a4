/* infer: convolutions, pools and what is fused into them, against plain loops. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "infer_ref.h"
#include "infer_rig.h"

static const ref_window plain;

/* ---- convolutions ---- */

typedef struct conv_case {
    size_t x[4], w[4]; /* [N][C][H][W], [O][C / group][R][S] */
    ref_window p;
    bool bias;
} conv_case;

static const conv_case conv_cases[] = {
    {{1, 3, 5, 7}, {8, 3, 1, 1}, {0}, true},
    {{1, 17, 4, 4}, {33, 17, 1, 1}, {0}, false},
    {{2, 5, 3, 3}, {7, 5, 1, 1}, {0}, true},
    {{1, 4, 6, 6}, {5, 4, 1, 1}, {.stride = {2, 2}}, true},
    {{1, 4, 5, 5}, {5, 4, 1, 1}, {.pad = {1, 1, 1, 1}}, true},
    {{1, 1, 1, 1}, {1, 1, 1, 1}, {0}, true},
    {{1, 3, 9, 8}, {6, 3, 3, 3}, {.pad = {1, 1, 1, 1}}, true},
    {{2, 3, 9, 8}, {16, 3, 3, 3}, {.stride = {2, 2}, .pad = {1, 1, 1, 1}}, true},
    {{1, 3, 9, 8}, {4, 3, 3, 3}, {.stride = {2, 1}, .pad = {0, 1, 2, 0}}, true},
    {{1, 2, 9, 9}, {3, 2, 5, 5}, {.pad = {2, 2, 2, 2}}, false},
    {{1, 2, 7, 9}, {3, 2, 1, 3}, {.pad = {0, 1, 0, 1}}, true},
    {{1, 2, 7, 9}, {3, 2, 3, 1}, {.pad = {1, 0, 0, 0}, .stride = {3, 2}}, true},
    {{1, 2, 9, 11}, {3, 2, 3, 3}, {.dilation = {2, 3}, .pad = {2, 3, 2, 3}}, true},
    {{1, 2, 4, 4}, {3, 2, 3, 3}, {.pad = {4, 0, 5, 3}}, true}, /* windows in the padding alone */
    {{1, 1, 12, 12}, {4, 1, 3, 3}, {.pad = {1, 1, 1, 1}}, true},
    /* groups, depthwise, several outputs for each channel */
    {{1, 6, 5, 5}, {4, 3, 3, 3}, {.group = 2, .pad = {1, 1, 1, 1}}, true},
    {{2, 6, 5, 5}, {9, 2, 1, 1}, {.group = 3}, true},
    {{1, 6, 7, 5}, {6, 1, 3, 3}, {.group = 6, .pad = {1, 1, 1, 1}}, true},
    {{2, 19, 7, 6}, {19, 1, 3, 3}, {.group = 19, .pad = {1, 1, 1, 1}, .stride = {2, 2}}, true},
    {{1, 5, 9, 9}, {5, 1, 5, 5}, {.group = 5, .pad = {2, 1, 0, 3}}, false},
    {{1, 4, 9, 9}, {4, 1, 3, 3}, {.group = 4, .dilation = {2, 2}, .pad = {2, 2, 2, 2}}, true},
    {{1, 4, 3, 3}, {4, 1, 3, 3}, {.group = 4}, true},
    {{1, 4, 6, 5}, {8, 1, 3, 3}, {.group = 4, .pad = {1, 1, 1, 1}}, true},
    {{1, 3, 1, 9}, {3, 1, 1, 3}, {.group = 3, .pad = {0, 1, 0, 1}}, true},
    {{1, 3, 9, 1}, {3, 1, 3, 1}, {.group = 3, .pad = {1, 0, 1, 0}}, true},
    /* the whole map */
    {{1, 8, 7, 7}, {5, 8, 7, 7}, {0}, true},
    {{3, 4, 2, 5}, {6, 4, 2, 5}, {0}, true},
    {{1, 4, 3, 3}, {6, 4, 3, 3}, {.stride = {2, 2}}, true},
    {{1, 6, 4, 4}, {6, 1, 4, 4}, {.group = 6}, true},
    {{1, 6, 4, 4}, {6, 3, 4, 4}, {.group = 2}, true},
    /* more than one block of gathered rows */
    {{1, 24, 21, 23}, {9, 24, 3, 3}, {.pad = {1, 1, 1, 1}}, true},
    {{1, 150, 4, 3}, {3, 150, 3, 3}, {.pad = {1, 1, 1, 1}}, true},
    /* lines that are multiplied where they lie, in one band and in several */
    {{2, 3, 40, 50}, {16, 3, 3, 3}, {.stride = {2, 2}, .pad = {1, 1, 1, 1}}, true},
    {{1, 3, 17, 29}, {4, 3, 5, 4}, {.stride = {3, 1}, .pad = {2, 3, 1, 0}}, false},
    {{1, 6, 15, 40}, {4, 3, 3, 3}, {.group = 2, .dilation = {2, 1}, .pad = {2, 1, 2, 1}}, true},
    {{1, 2, 4, 30}, {3, 2, 3, 3}, {.pad = {4, 0, 5, 3}}, true},
    {{1, 30, 50, 40}, {5, 30, 3, 3}, {.pad = {1, 1, 1, 1}}, true},
    {{1, 2, 1, 60}, {3, 2, 1, 5}, {.stride = {1, 3}}, true},
    {{1, 400, 3, 20}, {2, 400, 3, 3}, {.pad = {1, 20, 1, 20}}, true},
};

static void window_attributes(rig *r, const ref_window *p)
{
    if (p->group)
        rig_int(r, "group", (int64_t)p->group);
    if (p->stride[0])
        rig_ints(r, "strides", LONGS((int64_t)p->stride[0], (int64_t)p->stride[1]));
    if (p->dilation[0])
        rig_ints(r, "dilations", LONGS((int64_t)p->dilation[0], (int64_t)p->dilation[1]));
    rig_ints(r, "pads",
             LONGS((int64_t)p->pad[0], (int64_t)p->pad[1], (int64_t)p->pad[2], (int64_t)p->pad[3]));
}

typedef struct map { /* a value of the graph and what it must be */
    int32_t value;
    ref t;
} map;

static map input_map(rig *r, size_t n, size_t c, size_t h, size_t w)
{
    map x = {.t = ref_random(-1, 1, DIMS(n, c, h, w))};

    x.value = rig_input(r, x.t);
    return x;
}

static map conv_map(rig *r, map x, ref w, const ref *bias, ref_window p)
{
    map y = {.t = ref_conv(x.t, w, bias, p)};
    int32_t in[3] = {x.value, rig_const(r, w)};

    if (bias)
        in[2] = rig_const(r, *bias);
    y.value = rig_node_of(r, NET_OP_CONV, bias ? 3 : 2, in);
    window_attributes(r, &p);
    return y;
}

static void convolutions_follow_the_definition(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof conv_cases / sizeof *conv_cases; i++) {
        const conv_case *c = &conv_cases[i];
        rig r;
        map x, y;
        ref w, bias;
        rig_open(&r, 13);
        x = input_map(&r, c->x[0], c->x[1], c->x[2], c->x[3]);
        w = ref_random(-1, 1, 4, c->w);
        bias = ref_random(-1, 1, 1, c->w);
        y = conv_map(&r, x, w, c->bias ? &bias : NULL, c->p);
        rig_expect(&r, y.value, y.t);
        rig_check(&r);
    }
}

/* Maps that come as views: every second line, mirrored, one of two halves, repeated. */
static void convolutions_read_views(void **state)
{
    (void)state;
    for (int group = 1; group <= 4; group += 3)
        for (int kernel = 1; kernel <= 3; kernel += 2)
            for (int kind = 0; kind < 4; kind++) {
                rig r;
                map x, y;
                ref w;
                size_t k = (size_t)kernel, pad = k / 2;
                ref_window p = {.group = (size_t)group, .pad = {pad, pad, pad, pad}};
                rig_open(&r, 13);
                x = input_map(&r, 2, kind == 3 ? 1 : 8, 6, 6);
                if (kind == 0) {
                    x.value = rig_node(&r, NET_OP_SLICE, x.value, rig_longs(&r, LONGS(0, 0)),
                                       rig_longs(&r, LONGS(4, 6)), rig_longs(&r, LONGS(1, 2)),
                                       rig_longs(&r, LONGS(1, 2)));
                    x.t = ref_slice(ref_slice(x.t, 1, 0, 4, 1), 2, 0, 6, 2);
                } else if (kind == 1) {
                    x.value = rig_node(&r, NET_OP_SLICE, x.value, rig_longs(&r, LONGS(5, 7)),
                                       rig_longs(&r, LONGS(-7, 3)), rig_longs(&r, LONGS(3, 1)),
                                       rig_longs(&r, LONGS(-1, -1)));
                    x.t = ref_slice(ref_slice(x.t, 3, 5, -7, -1), 1, 7, 3, -1);
                } else if (kind == 2) {
                    int32_t half[2];
                    rig_node_split(&r, NET_OP_SPLIT, 1, &x.value, 2, half);
                    rig_int(&r, "axis", 1);
                    x.value = half[1];
                    x.t = ref_slice(x.t, 1, 4, 8, 1);
                } else {
                    x.value =
                        rig_node(&r, NET_OP_EXPAND, x.value, rig_longs(&r, LONGS(2, 4, 6, 6)));
                    x.t = ref_expand(x.t, DIMS(2, 4, 6, 6));
                }
                w = ref_random(-1, 1, DIMS(4, 4 / (size_t)group, k, k));
                y = conv_map(&r, x, w, NULL, p);
                rig_expect(&r, y.value, y.t);
                rig_check(&r);
            }
}

static void same_padding_is_resolved(void **state)
{
    (void)state;
    for (size_t upper = 0; upper < 2; upper++) {
        rig r;
        map x;
        ref w;
        int32_t y;
        /* 6 by 2 needs one line more, 7 by 2 two: above and below alike */
        ref_window p = {.stride = {2, 2}, .pad = {!upper, 1, upper, 1}};
        rig_open(&r, 13);
        x = input_map(&r, 1, 3, 6, 7);
        w = ref_random(-1, 1, DIMS(4, 3, 3, 3));
        y = rig_node(&r, NET_OP_CONV, x.value, rig_const(&r, w));
        rig_ints(&r, "strides", LONGS(2, 2));
        rig_text(&r, "auto_pad", upper ? "SAME_UPPER" : "SAME_LOWER");
        rig_expect(&r, y, ref_conv(x.t, w, NULL, p));
        rig_check(&r);
    }
}

/* ---- transposed ---- */

static const struct transpose_case {
    size_t x[4], w[4]; /* [C][O / group][R][S] */
    ref_window p;
    size_t out_pad[2];
    bool bias;
} transpose_cases[] = {
    {{1, 3, 4, 5}, {3, 2, 2, 2}, {.stride = {2, 2}}, {0, 0}, true},
    {{2, 3, 4, 5}, {3, 4, 3, 3}, {.stride = {2, 2}, .pad = {1, 1, 1, 1}}, {1, 1}, true},
    {{1, 2, 4, 3}, {2, 3, 3, 3}, {.pad = {1, 0, 2, 1}}, {0, 0}, false},
    {{1, 2, 3, 3}, {2, 3, 1, 1}, {0}, {0, 0}, true},
    {{1, 2, 3, 3}, {2, 3, 1, 1}, {.stride = {3, 2}}, {2, 1}, true},
    {{1, 6, 4, 4}, {6, 2, 3, 3}, {.group = 3, .stride = {2, 1}}, {0, 0}, true},
    {{2, 4, 4, 4}, {4, 1, 4, 4}, {.group = 4, .stride = {2, 2}, .pad = {1, 1, 1, 1}}, {0, 0}, true},
    {{1, 2, 3, 4}, {2, 3, 3, 2}, {.dilation = {2, 3}, .stride = {2, 2}}, {0, 0}, true},
};

static void transposed_convolutions_follow_the_definition(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof transpose_cases / sizeof *transpose_cases; i++) {
        const struct transpose_case *c = &transpose_cases[i];
        size_t outs = c->w[1] * (c->p.group ? c->p.group : 1);
        rig r;
        map x;
        ref w, bias;
        int32_t in[3], y;
        rig_open(&r, 13);
        x = input_map(&r, c->x[0], c->x[1], c->x[2], c->x[3]);
        w = ref_random(-1, 1, 4, c->w);
        bias = ref_random(-1, 1, 1, &outs);
        in[0] = x.value;
        in[1] = rig_const(&r, w);
        in[2] = rig_const(&r, bias);
        y = rig_node_of(&r, NET_OP_CONV_TRANSPOSE, c->bias ? 3 : 2, in);
        window_attributes(&r, &c->p);
        rig_ints(&r, "output_padding", LONGS((int64_t)c->out_pad[0], (int64_t)c->out_pad[1]));
        rig_expect(&r, y, ref_conv_transpose(x.t, w, c->bias ? &bias : NULL, c->p, c->out_pad));
        rig_check(&r);
    }
}

/* ---- pools ---- */

static const ref_pooling pool_cases[] = {
    {.kernel = {2, 2}, .window = {.stride = {2, 2}}},
    {.kernel = {3, 3}, .window = {.stride = {2, 2}, .pad = {1, 1, 1, 1}}},
    {.kernel = {3, 3}, .window = {.stride = {2, 2}, .pad = {1, 1, 1, 1}}, .count_pad = true},
    {.kernel = {3, 3}, .window = {.stride = {2, 2}}, .ceil = true},
    {.kernel = {3, 3},
     .window = {.stride = {2, 2}, .pad = {1, 1, 1, 1}},
     .ceil = true,
     .count_pad = true},
    {.kernel = {2, 2}, .window = {.stride = {3, 3}, .pad = {1, 1, 1, 1}}, .ceil = true},
    {.kernel = {3, 2}, .window = {.stride = {1, 3}, .pad = {2, 0, 0, 1}}, .count_pad = true},
    {.kernel = {5, 6}},
    {.kernel = {1, 1}, .window = {.stride = {2, 2}}},
};

static int32_t pool_node(rig *r, int32_t x, const ref_pooling *p)
{
    int32_t y = rig_node(r, p->max ? NET_OP_MAX_POOL : NET_OP_AVERAGE_POOL, x);

    rig_ints(r, "kernel_shape", LONGS((int64_t)p->kernel[0], (int64_t)p->kernel[1]));
    window_attributes(r, &p->window);
    rig_int(r, "ceil_mode", p->ceil);
    if (!p->max)
        rig_int(r, "count_include_pad", p->count_pad);
    return y;
}

static void pools_follow_the_definition(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pool_cases / sizeof *pool_cases; i++)
        for (int max = 0; max < 2; max++) {
            ref_pooling p = pool_cases[i];
            rig r;
            map x;
            p.max = max;
            rig_open(&r, 13);
            x = input_map(&r, 2, 5, 8, 9);
            rig_expect(&r, pool_node(&r, x.value, &p), ref_pool(x.t, p));
            rig_check(&r);
        }
}

static void dilated_max_pools_skip(void **state)
{
    ref_pooling p = {.kernel = {2, 3},
                     .window = {.dilation = {3, 2}, .pad = {1, 1, 1, 2}, .stride = {1, 2}},
                     .max = true};
    rig r;
    map x;

    (void)state;
    rig_open(&r, 13);
    x = input_map(&r, 1, 3, 7, 9);
    rig_expect(&r, pool_node(&r, x.value, &p), ref_pool(x.t, p));
    rig_check(&r);
}

static void global_pools_take_the_whole_map(void **state)
{
    (void)state;
    for (int max = 0; max < 2; max++) {
        ref_pooling p = {.kernel = {4, 7}, .max = max};
        rig r;
        map x;
        rig_open(&r, 13);
        x = input_map(&r, 2, 19, 4, 7);
        rig_expect(&r,
                   rig_node(&r, max ? NET_OP_GLOBAL_MAX_POOL : NET_OP_GLOBAL_AVERAGE_POOL, x.value),
                   ref_pool(x.t, p));
        rig_check(&r);
    }
}

/* ---- fusion ---- */

static double relu(double x)
{
    return fmax(x, 0);
}

static double relu_half(double x)
{
    return fmin(fmax(x, -0.25), 0.5);
}

static double leaky(double x)
{
    return x < 0 ? (double)0.1f * x : x;
}

static double add(double a, double b)
{
    return a + b;
}

static double prelu(double x, double slope)
{
    return x < 0 ? slope * x : x;
}

/* A convolution by gather, by plain product, depthwise, in two groups; channels in and out are 4.
 */
enum { KINDS = 4 };
static map some_conv(rig *r, map x, int kind)
{
    static const ref_window windows[KINDS] = {{.pad = {1, 1, 1, 1}},
                                              {0},
                                              {.group = 4, .pad = {1, 1, 1, 1}},
                                              {.group = 2, .pad = {1, 1, 1, 1}}};
    static const size_t dims[KINDS][4] = {{4, 4, 3, 3}, {4, 4, 1, 1}, {4, 1, 3, 3}, {4, 2, 3, 3}};
    ref w = ref_random(-1, 1, 4, dims[kind]), bias = ref_random(-1, 1, DIMS(4));

    return conv_map(r, x, w, &bias, windows[kind]);
}

static map clamped(rig *r, map x)
{
    map y = {.t = ref_unary(x.t, relu)};

    y.value = rig_node(r, NET_OP_RELU, x.value);
    return y;
}

static map added(rig *r, map a, map b)
{
    map y = {.t = ref_binary(a.t, b.t, add)};

    y.value = rig_node(r, NET_OP_ADD, a.value, b.value);
    return y;
}

static void relu_is_part_of_the_convolution(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        rig r;
        map y;
        rig_open(&r, 13);
        y = clamped(&r, some_conv(&r, input_map(&r, 2, 4, 5, 6), kind));
        rig_expect(&r, y.value, y.t);
        rig_expect_fused(&r, "Relu");
        rig_check(&r);
    }
}

static void clip_of_either_form_is_part_of_the_convolution(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (int64_t opset = 9; opset <= 13; opset += 4) {
            rig r;
            map y;
            int32_t v;
            rig_open(&r, opset);
            y = some_conv(&r, input_map(&r, 1, 4, 5, 6), kind);
            if (opset == 9) {
                v = rig_node(&r, NET_OP_CLIP, y.value);
                rig_float(&r, "min", -0.25f);
                rig_float(&r, "max", 0.5f);
            } else {
                v = rig_node(&r, NET_OP_CLIP, y.value, rig_const(&r, ref_scalar(-0.25)),
                             rig_const(&r, ref_scalar(0.5)));
            }
            rig_expect(&r, v, ref_unary(y.t, relu_half));
            rig_expect_fused(&r, "Clip");
            rig_check(&r);
        }
}

static void leaky_relu_is_part_of_the_convolution(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        rig r;
        map y;
        int32_t v;
        rig_open(&r, 13);
        y = some_conv(&r, input_map(&r, 2, 4, 5, 6), kind);
        v = rig_node(&r, NET_OP_LEAKY_RELU, y.value);
        rig_float(&r, "alpha", 0.1f);
        rig_expect(&r, v, ref_unary(y.t, leaky));
        rig_expect_fused(&r, "LeakyRelu");
        rig_check(&r);
    }
}

static void prelu_by_channel_is_part_of_the_convolution(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (int single = 0; single < 2; single++) {
            rig r;
            map y;
            ref slope;
            rig_open(&r, 13);
            y = some_conv(&r, input_map(&r, 2, 4, 5, 6), kind);
            slope = single ? ref_random(-1, 1, DIMS(1)) : ref_random(-1, 1, DIMS(4, 1, 1));
            rig_expect(&r, rig_node(&r, NET_OP_PRELU, y.value, rig_const(&r, slope)),
                       ref_binary(y.t, slope, prelu));
            rig_expect_fused(&r, "PRelu");
            rig_check(&r);
        }
}

/* Slopes along H, along W, and for every element, on a map where all of these are 4. */
static void prelu_by_other_axes_is_not(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        rig r;
        map y;
        ref slope;
        rig_open(&r, 13);
        y = some_conv(&r, input_map(&r, 1, 4, 4, 4), 1);
        slope = kind == 0   ? ref_random(-1, 1, DIMS(4))
                : kind == 1 ? ref_random(-1, 1, DIMS(4, 1))
                            : ref_random(-1, 1, DIMS(4, 4, 4));
        rig_expect(&r, rig_node(&r, NET_OP_PRELU, y.value, rig_const(&r, slope)),
                   ref_binary(y.t, slope, prelu));
        rig_expect_kept(&r, "PRelu");
        rig_check(&r);
    }
}

static void a_residual_is_part_of_the_convolution(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (int swapped = 0; swapped < 2; swapped++)
            for (int relus = 0; relus < 2; relus++) {
                rig r;
                map x, a, b, y;
                rig_open(&r, 13);
                x = input_map(&r, 2, 4, 5, 6);
                a = some_conv(&r, x, 0);
                b = some_conv(&r, a, kind);
                y = swapped ? added(&r, b, a) : added(&r, a, b);
                y = relus ? clamped(&r, y) : y;
                rig_expect(&r, y.value, y.t);
                rig_expect_fused(&r, "Add");
                rig_expect_fused(&r, "Relu");
                rig_check(&r);
            }
}

/* So large that rows are gathered in several blocks, each with its part of the residual. */
static void a_residual_goes_along_with_every_block(void **state)
{
    rig r;
    map x, y;

    (void)state;
    rig_open(&r, 13);
    x = conv_map(&r, input_map(&r, 1, 3, 21, 23), ref_random(-1, 1, DIMS(24, 3, 1, 1)), NULL,
                 plain);
    y = conv_map(&r, x, ref_random(-1, 1, DIMS(24, 24, 3, 3)), NULL,
                 (ref_window){.pad = {1, 1, 1, 1}});
    y = added(&r, x, y);
    rig_expect(&r, y.value, y.t);
    rig_expect_fused(&r, "Add");
    rig_check(&r);
}

/* The sum's other side is computed after the convolution: that one takes the sum. */
static void the_later_convolution_takes_the_sum(void **state)
{
    rig r;
    map x, a, b, y;

    (void)state;
    rig_open(&r, 13);
    x = input_map(&r, 1, 4, 5, 6);
    a = some_conv(&r, x, 0);
    b = some_conv(&r, x, 2);
    y = clamped(&r, added(&r, a, b));
    rig_expect(&r, y.value, y.t);
    rig_expect_fused(&r, "Add");
    rig_check(&r);
}

static void a_sum_with_a_later_pool_stays(void **state)
{
    ref_pooling p = {.kernel = {1, 1}, .max = true};
    rig r;
    map x, a, b, y;

    (void)state;
    rig_open(&r, 13);
    x = input_map(&r, 1, 4, 5, 6);
    a = some_conv(&r, x, 0);
    b.value = pool_node(&r, x.value, &p);
    b.t = x.t;
    y = added(&r, a, b);
    rig_expect(&r, y.value, y.t);
    rig_expect_kept(&r, "Add");
    rig_check(&r);
}

static void a_map_added_to_itself_is_doubled(void **state)
{
    rig r;
    map y;

    (void)state;
    rig_open(&r, 13);
    y = some_conv(&r, input_map(&r, 1, 4, 5, 6), 0);
    y = added(&r, y, y);
    rig_expect(&r, y.value, y.t);
    rig_expect_kept(&r, "Add");
    rig_check(&r);
}

/* The residual has one channel, or is larger than the convolution's result. */
static void a_broadcast_sum_is_not_a_residual(void **state)
{
    (void)state;
    for (int larger = 0; larger < 2; larger++) {
        rig r;
        map x, a, b, y;
        rig_open(&r, 13);
        x = input_map(&r, 1, 4, 5, 6);
        a = larger ? input_map(&r, 2, 4, 5, 6) : input_map(&r, 1, 1, 5, 6);
        a = clamped(&r, a);
        b = some_conv(&r, x, 1);
        y = added(&r, a, b);
        rig_expect(&r, y.value, y.t);
        rig_expect_kept(&r, "Add");
        rig_check(&r);
    }
}

/* A value in the middle of the chain that is an output, or that something else reads. */
static void a_value_that_others_want_is_not_absorbed(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (int output = 0; output < 2; output++) {
            rig r;
            map x, a, b, c;
            rig_open(&r, 13);
            x = input_map(&r, 1, 4, 5, 6);
            a = some_conv(&r, x, kind);
            b = clamped(&r, a);
            c = output ? a : clamped(&r, added(&r, a, x));
            rig_expect(&r, b.value, b.t);
            rig_expect(&r, c.value, c.t);
            rig_expect_kept(&r, "Relu");
            rig_check(&r);
        }
}

/* What comes in another order than the kernel's sum, clamp, slope must not be reordered. */
static void only_what_the_kernel_does_next_is_absorbed(void **state)
{
    rig r;
    map x, y;
    ref slope;

    (void)state;
    rig_open(&r, 13);
    x = input_map(&r, 1, 4, 5, 6);
    y = some_conv(&r, x, 0); /* slope, then sum, then clamp */
    slope = ref_random(-1, 1, DIMS(4, 1, 1));
    y.value = rig_node(&r, NET_OP_PRELU, y.value, rig_const(&r, slope));
    y.t = ref_binary(y.t, slope, prelu);
    y = added(&r, y, x);
    y = clamped(&r, y);
    y.value = rig_node(&r, NET_OP_CLIP, y.value, rig_const(&r, ref_scalar(-0.25)),
                       rig_const(&r, ref_scalar(0.5)));
    y.t = ref_unary(y.t, relu_half);
    y = some_conv(&r, y, 1); /* clamp, then another, then sum */
    y.value = rig_node(&r, NET_OP_CLIP, y.value, rig_const(&r, ref_scalar(-0.25)),
                       rig_const(&r, ref_scalar(0.5)));
    y.t = ref_unary(y.t, relu_half);
    y = added(&r, clamped(&r, y), x);
    y = some_conv(&r, y, 2); /* two slopes */
    for (int i = 0; i < 2; i++) {
        y.value = rig_node(&r, NET_OP_PRELU, y.value, rig_const(&r, slope));
        y.t = ref_binary(y.t, slope, prelu);
    }
    rig_expect(&r, y.value, y.t);
    rig_check(&r);
}

static void a_second_residual_stays(void **state)
{
    rig r;
    map x, a, y;

    (void)state;
    rig_open(&r, 13);
    x = input_map(&r, 1, 4, 5, 6);
    a = some_conv(&r, x, 1);
    y = added(&r, added(&r, some_conv(&r, a, 0), a), a);
    rig_expect(&r, y.value, y.t);
    rig_expect_kept(&r, "Add");
    rig_check(&r);
}

/* A bottleneck of MobileNet with everything that is fused in one chain. */
static void a_bottleneck_is_three_steps(void **state)
{
    static const ref_window depthwise = {.group = 24, .pad = {1, 1, 1, 1}};
    rig r;
    map x, y, first;
    ref bias;

    (void)state;
    rig_open(&r, 13);
    x = input_map(&r, 1, 3, 9, 9);
    bias = ref_random(-1, 1, DIMS(8));
    first = conv_map(&r, x, ref_random(-1, 1, DIMS(8, 3, 1, 1)), &bias, plain);
    y = clamped(&r, conv_map(&r, first, ref_random(-1, 1, DIMS(24, 8, 1, 1)), NULL, plain));
    y = clamped(&r, conv_map(&r, y, ref_random(-1, 1, DIMS(24, 1, 3, 3)), NULL, depthwise));
    y = conv_map(&r, y, ref_random(-1, 1, DIMS(8, 24, 1, 1)), NULL, plain);
    y = added(&r, first, y);
    rig_expect(&r, y.value, y.t);
    rig_expect_fused(&r, "Relu");
    rig_expect_fused(&r, "Add");
    rig_check(&r);
}

/* ---- what is refused ---- */

static void weights_that_are_computed_are_refused(void **state)
{
    rig r;
    map x, w;

    (void)state;
    rig_open(&r, 13);
    x = input_map(&r, 1, 3, 5, 5);
    w = input_map(&r, 4, 3, 1, 1);
    rig_expect(&r, rig_node(&r, NET_OP_CONV, x.value, w.value), x.t);
    rig_refused(&r, PFLD_ERR_UNSUPPORTED, "(Conv)");
}

static void indices_of_maxima_are_refused(void **state)
{
    rig r;
    map x;
    int32_t out[2];

    (void)state;
    rig_open(&r, 13);
    x = input_map(&r, 1, 3, 4, 4);
    rig_node_split(&r, NET_OP_MAX_POOL, 1, &x.value, 2, out);
    rig_ints(&r, "kernel_shape", LONGS(2, 2));
    rig_expect(&r, out[0], x.t);
    rig_refused(&r, PFLD_ERR_UNSUPPORTED, "(MaxPool)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_follow_the_definition),
        cmocka_unit_test(convolutions_read_views),
        cmocka_unit_test(same_padding_is_resolved),
        cmocka_unit_test(transposed_convolutions_follow_the_definition),
        cmocka_unit_test(pools_follow_the_definition),
        cmocka_unit_test(dilated_max_pools_skip),
        cmocka_unit_test(global_pools_take_the_whole_map),
        cmocka_unit_test(relu_is_part_of_the_convolution),
        cmocka_unit_test(clip_of_either_form_is_part_of_the_convolution),
        cmocka_unit_test(leaky_relu_is_part_of_the_convolution),
        cmocka_unit_test(prelu_by_channel_is_part_of_the_convolution),
        cmocka_unit_test(prelu_by_other_axes_is_not),
        cmocka_unit_test(a_residual_is_part_of_the_convolution),
        cmocka_unit_test(a_residual_goes_along_with_every_block),
        cmocka_unit_test(the_later_convolution_takes_the_sum),
        cmocka_unit_test(a_sum_with_a_later_pool_stays),
        cmocka_unit_test(a_map_added_to_itself_is_doubled),
        cmocka_unit_test(a_broadcast_sum_is_not_a_residual),
        cmocka_unit_test(a_value_that_others_want_is_not_absorbed),
        cmocka_unit_test(only_what_the_kernel_does_next_is_absorbed),
        cmocka_unit_test(a_second_residual_stays),
        cmocka_unit_test(a_bottleneck_is_three_steps),
        cmocka_unit_test(weights_that_are_computed_are_refused),
        cmocka_unit_test(indices_of_maxima_are_refused),
    };

    return cmocka_run_group_tests_name("infer_conv", tests, NULL, NULL);
}
