/* infer: quantised layers on bytes, to the bit of the contract in kernels/int8.h. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "infer_ref.h"
#include "infer_rig.h"

typedef struct level { /* one scale and zero point */
    float scale;
    int zero;
} level;

static level random_level(void)
{
    ref s = ref_random(0.01, 0.1, 0, NULL);

    return (level){(float)s.v[0], (int)ref_index(256)};
}

/* ---- values: a graph's next to what they must be ---- */

typedef struct tensor {
    int32_t value;
    ref q; /* integers */
    level at;
} tensor;

static int32_t scale_of(rig *r, level at)
{
    return rig_const(r, ref_scalar((double)at.scale));
}

static int32_t zero_of(rig *r, level at)
{
    return rig_const_as(r, NET_U8, ref_scalar(at.zero));
}

static ref floats_of(const tensor *t)
{
    ref x = ref_new(t->q.rank, t->q.dim);

    for (size_t i = 0; i < x.n; i++)
        x.v[i] = (double)((float)(t->q.v[i] - t->at.zero) * t->at.scale);
    return x;
}

static int32_t dequantised(rig *r, const tensor *t)
{
    return rig_node(r, NET_OP_DEQUANTIZE_LINEAR, t->value, scale_of(r, t->at), zero_of(r, t->at));
}

/* A graph input whose floats fall onto its levels. */
static tensor input(rig *r, size_t rank, const size_t *dim)
{
    tensor t = {.q = ref_new(rank, dim), .at = random_level()};

    for (size_t i = 0; i < t.q.n; i++)
        t.q.v[i] = (double)ref_index(256);
    t.value = rig_node(r, NET_OP_QUANTIZE_LINEAR, rig_input(r, floats_of(&t)), scale_of(r, t.at),
                       zero_of(r, t.at));
    return t;
}

static void expect(rig *r, const tensor *t)
{
    rig_expect(r, dequantised(r, t), floats_of(t));
}

/* ---- layers ---- */

typedef struct weights {
    ref q, scale, bias; /* integers; [O]; integers [O] */
    int32_t value, bias_value;
} weights;

static weights make_weights(rig *r, const tensor *x, size_t rank, const size_t *dim, int64_t axis)
{
    weights w = {.q = ref_new(rank, dim)};
    size_t o = dim[axis];
    ref unit = ref_new(1, &o), none = ref_new(1, &o);

    for (size_t i = 0; i < w.q.n; i++)
        w.q.v[i] = (double)ref_index(255) - 127;
    w.scale = ref_random(0.001, 0.01, 1, &o);
    w.bias = ref_new(1, &o);
    for (size_t i = 0; i < o; i++) {
        w.scale.v[i] = (double)(float)w.scale.v[i];
        w.bias.v[i] = (double)ref_index(4001) - 2000;
        unit.v[i] = (double)(float)((double)x->at.scale * w.scale.v[i]);
    }
    w.value = rig_node(r, NET_OP_DEQUANTIZE_LINEAR, rig_const_as(r, NET_I8, w.q),
                       rig_const(r, w.scale), rig_const_as(r, NET_I8, none));
    rig_int(r, "axis", axis);
    w.bias_value =
        rig_node(r, NET_OP_DEQUANTIZE_LINEAR, rig_const_as(r, NET_I32, w.bias), rig_const(r, unit));
    rig_int(r, "axis", 0);
    return w;
}

/* Exact sums of (x - zero) * w + bias: [N][O][H][W]. */
static ref sums(const tensor *x, const weights *w, ref_window p)
{
    ref shifted = ref_new(x->q.rank, x->q.dim);

    for (size_t i = 0; i < shifted.n; i++)
        shifted.v[i] = x->q.v[i] - x->at.zero;
    return ref_conv(shifted, w->q, &w->bias, p);
}

static double rounded(float t, int lo, int hi, int zero)
{
    t = fminf(fmaxf(t, (float)(lo - zero)), (float)(hi - zero));
    return (double)rintf(t) + zero;
}

/* What a layer's sums become at `at`. */
static ref quantised(ref sum, const tensor *x, const weights *w, level at, int lo)
{
    ref q = ref_new(sum.rank, sum.dim);
    size_t inner = sum.n / (sum.dim[0] * sum.dim[1]);

    for (size_t i = 0; i < q.n; i++) {
        double unit = (double)x->at.scale * w->scale.v[i / inner % sum.dim[1]];
        float scale = (float)(unit / (double)at.scale);

        q.v[i] = rounded((float)sum.v[i] * scale, lo, 255, at.zero);
    }
    return q;
}

static int32_t conv_node(rig *r, const tensor *x, const weights *w, ref_window p)
{
    int32_t value = rig_node(r, NET_OP_CONV, dequantised(r, x), w->value, w->bias_value);
    int64_t strides[2] = {(int64_t)(p.stride[0] ? p.stride[0] : 1),
                          (int64_t)(p.stride[1] ? p.stride[1] : 1)};
    int64_t pads[4] = {(int64_t)p.pad[0], (int64_t)p.pad[1], (int64_t)p.pad[2], (int64_t)p.pad[3]};
    int64_t dilations[2] = {(int64_t)(p.dilation[0] ? p.dilation[0] : 1),
                            (int64_t)(p.dilation[1] ? p.dilation[1] : 1)};

    rig_int(r, "group", p.group ? (int64_t)p.group : 1);
    rig_ints(r, "strides", 2, strides);
    rig_ints(r, "pads", 4, pads);
    rig_ints(r, "dilations", 2, dilations);
    return value;
}

/* A level at which about all results fit. */
static level level_for(ref sum, const tensor *x)
{
    double most = 1;

    for (size_t i = 0; i < sum.n; i++)
        most = fmax(most, fabs(sum.v[i]));
    return (level){(float)(most * (double)x->at.scale * 0.005 / 100), 100 + (int)ref_index(50)};
}

static tensor conv(rig *r, const tensor *x, const size_t *w_dim, ref_window p, bool relu)
{
    weights w = make_weights(r, x, 4, w_dim, 0);
    ref sum = sums(x, &w, p);
    tensor y = {.at = level_for(sum, x)};
    int32_t value = conv_node(r, x, &w, p);

    if (relu)
        value = rig_node(r, NET_OP_RELU, value);
    y.q = quantised(sum, x, &w, y.at, relu ? y.at.zero : 0);
    y.value = rig_node(r, NET_OP_QUANTIZE_LINEAR, value, scale_of(r, y.at), zero_of(r, y.at));
    return y;
}

/* ---- tests ---- */

typedef struct conv_case {
    size_t x[4], w[4];
    ref_window p;
} conv_case;

static const conv_case cases[] = {
    {{1, 16, 5, 7}, {8, 16, 1, 1}, {0}},
    {{2, 17, 4, 4}, {33, 17, 1, 1}, {0}},
    {{1, 64, 9, 9}, {70, 64, 1, 1}, {0}},
    {{1, 1, 1, 1}, {1, 1, 1, 1}, {0}},
    {{1, 8, 6, 6}, {5, 8, 1, 1}, {.stride = {2, 2}}},
    {{1, 4, 5, 5}, {5, 4, 1, 1}, {.pad = {1, 1, 1, 1}}},
    {{2, 3, 40, 50}, {16, 3, 3, 3}, {.stride = {2, 2}, .pad = {1, 1, 1, 1}}},
    {{1, 3, 9, 8}, {4, 3, 3, 3}, {.stride = {2, 1}, .pad = {0, 1, 2, 0}}},
    {{1, 2, 17, 29}, {3, 2, 5, 4}, {.stride = {3, 1}, .pad = {2, 3, 1, 0}}},
    {{1, 2, 15, 20}, {3, 2, 3, 3}, {.dilation = {2, 1}, .pad = {2, 1, 2, 1}}},
    {{1, 2, 4, 4}, {3, 2, 3, 3}, {.pad = {4, 0, 5, 3}}},
    {{1, 8, 7, 7}, {5, 8, 7, 7}, {0}},
    {{3, 4, 2, 5}, {6, 4, 2, 5}, {0}},
    {{1, 60, 90, 70}, {4, 60, 3, 3}, {.pad = {1, 1, 1, 1}}},
    /* depthwise */
    {{1, 6, 7, 5}, {6, 1, 3, 3}, {.group = 6, .pad = {1, 1, 1, 1}}},
    {{2, 19, 7, 6}, {19, 1, 3, 3}, {.group = 19, .pad = {1, 1, 1, 1}, .stride = {2, 2}}},
    {{1, 64, 14, 14}, {64, 1, 3, 3}, {.group = 64, .pad = {1, 1, 1, 1}}},
    {{1, 70, 15, 13}, {70, 1, 3, 3}, {.group = 70, .pad = {1, 1, 1, 1}, .stride = {2, 2}}},
    {{1, 5, 9, 9}, {5, 1, 5, 5}, {.group = 5, .pad = {2, 1, 0, 3}}},
};
enum { N_CASES = sizeof cases / sizeof *cases };

static void convolutions_stay_in_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_CASES; i++)
        for (int relu = 0; relu < 2; relu++) {
            rig r;
            tensor x, y;

            rig_open(&r, 13);
            x = input(&r, 4, cases[i].x);
            y = conv(&r, &x, cases[i].w, cases[i].p, relu);
            expect(&r, &y);
            rig_expect_fused(&r, "Relu");
            rig_expect_fused(&r, "DequantizeLinear");
            rig_check(&r);
        }
}

/* Where maps share their levels a clamp stands behind the quantisation. */
static void a_clamp_between_equal_levels_is_a_bound(void **state)
{
    static const size_t x_dim[] = {1, 8, 6, 6}, w_dim[] = {8, 8, 1, 1};
    rig r;
    tensor x, y;
    int32_t relu;

    (void)state;
    rig_open(&r, 13);
    x = input(&r, 4, x_dim);
    y = conv(&r, &x, w_dim, (ref_window){0}, false);
    relu = rig_node(&r, NET_OP_RELU, dequantised(&r, &y));
    y.value = rig_node(&r, NET_OP_QUANTIZE_LINEAR, relu, scale_of(&r, y.at), zero_of(&r, y.at));
    for (size_t i = 0; i < y.q.n; i++)
        y.q.v[i] = fmax(y.q.v[i], y.at.zero);
    expect(&r, &y);
    rig_expect_fused(&r, "Relu");
    rig_expect_fused(&r, "DequantizeLinear");
    rig_check(&r);
}

/* A scale of the bias's own, as after a change of the map's, and an upper bound below the lower. */
static void numbers_that_no_writer_of_ours_writes(void **state)
{
    static const size_t x_dim[] = {1, 8, 6, 6}, w_dim[] = {8, 8, 1, 1};
    rig r;
    tensor x, y;
    weights w;
    ref sum;
    size_t o = 8;
    int32_t value;

    (void)state;
    rig_open(&r, 13);
    x = input(&r, 4, x_dim);
    w = make_weights(&r, &x, 4, w_dim, 0);
    w.bias_value = rig_node(&r, NET_OP_DEQUANTIZE_LINEAR, rig_const_as(&r, NET_I32, w.bias),
                            rig_const(&r, ref_scalar(0.5)));
    for (size_t i = 0; i < o; i++)
        w.bias.v[i] = rint(w.bias.v[i] * 0.5 / ((double)x.at.scale * w.scale.v[i]));
    sum = sums(&x, &w, (ref_window){0});
    y.at = level_for(sum, &x);
    value = conv_node(&r, &x, &w, (ref_window){0});
    value = rig_node(&r, NET_OP_CLIP, value, rig_const(&r, ref_scalar(1)),
                     rig_const(&r, ref_scalar(-1)));
    y.q = quantised(sum, &x, &w, y.at, 0);
    for (size_t i = 0; i < y.q.n; i++)
        y.q.v[i] = fmax(0, fmin(255, rint(-1 / (double)y.at.scale) + y.at.zero));
    y.value = rig_node(&r, NET_OP_QUANTIZE_LINEAR, value, scale_of(&r, y.at), zero_of(&r, y.at));
    expect(&r, &y);
    rig_check(&r);
}

/* Images that lie inside out are put in order before they are bytes. */
static void a_batch_may_lie_in_any_order(void **state)
{
    static const size_t lying[] = {3, 4, 2, 5}, perm[] = {2, 3, 0, 1};
    static const int64_t axes[] = {2, 3, 0, 1};
    rig r;
    tensor t = {.at = random_level()};
    int32_t value;
    ref x;

    (void)state;
    rig_open(&r, 13);
    t.q = ref_new(4, lying);
    for (size_t i = 0; i < t.q.n; i++)
        t.q.v[i] = (double)ref_index(256);
    x = floats_of(&t);
    value = rig_node(&r, NET_OP_TRANSPOSE, rig_input(&r, x));
    rig_ints(&r, "perm", 4, axes);
    t.q = ref_transpose(t.q, 4, perm);
    t.value = rig_node(&r, NET_OP_QUANTIZE_LINEAR, value, scale_of(&r, t.at), zero_of(&r, t.at));
    expect(&r, &t);
    rig_check(&r);
}

/* expand, depthwise, project, and what went in is added: MobileNet-v2's block. */
static void a_bottleneck_adds_in_bytes(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        static const size_t x_dim[] = {1, 16, 11, 9}, expand[] = {40, 16, 1, 1};
        static const size_t spread[] = {40, 1, 3, 3}, project[] = {16, 40, 1, 1};
        const ref_window plain = {0}, window = {.group = 40, .pad = {1, 1, 1, 1}};
        tensor x, y, z = {.at = random_level()};
        int32_t sum;
        rig r;

        rig_open(&r, 13);
        x = input(&r, 4, x_dim);
        y = conv(&r, &x, expand, plain, true);
        y = conv(&r, &y, spread, window, true);
        y = conv(&r, &y, project, plain, false);
        sum = first ? rig_node(&r, NET_OP_ADD, dequantised(&r, &y), dequantised(&r, &x))
                    : rig_node(&r, NET_OP_ADD, dequantised(&r, &x), dequantised(&r, &y));
        z.value = rig_node(&r, NET_OP_QUANTIZE_LINEAR, sum, scale_of(&r, z.at), zero_of(&r, z.at));
        z.q = ref_new(4, x_dim);
        for (size_t i = 0; i < z.q.n; i++) {
            float own = (float)((double)y.at.scale / (double)z.at.scale);
            float other = (float)((double)x.at.scale / (double)z.at.scale);
            float a = (float)(y.q.v[i] - y.at.zero) * own;
            float b = (float)(x.q.v[i] - x.at.zero) * other;

            z.q.v[i] = rounded(a + b, 0, 255, z.at.zero);
        }
        expect(&r, &z);
        rig_expect_fused(&r, "Add");
        rig_expect_fused(&r, "DequantizeLinear");
        rig_check(&r);
    }
}

static void the_last_layers_give_floats(void **state)
{
    static const size_t x_dim[] = {2, 20, 6, 5}, w_dim[] = {15, 20, 1, 1};
    rig r;
    tensor x;
    weights w;
    ref sum, y;

    (void)state;
    rig_open(&r, 13);
    x = input(&r, 4, x_dim);
    w = make_weights(&r, &x, 4, w_dim, 0);
    sum = sums(&x, &w, (ref_window){0});
    y = ref_new(4, sum.dim);
    for (size_t i = 0; i < y.n; i++)
        y.v[i] = (double)((float)sum.v[i] * (float)((double)x.at.scale * w.scale.v[i / 30 % 15]));
    rig_expect(&r, conv_node(&r, &x, &w, (ref_window){0}), y);
    rig_expect_fused(&r, "DequantizeLinear");
    rig_check(&r);
}

static void products_of_rows_give_floats(void **state)
{
    (void)state;
    for (int trans = 0; trans < 2; trans++) {
        static const size_t x_dim[] = {3, 37};
        size_t w_dim[2] = {trans ? 11 : 37, trans ? 37 : 11};
        rig r;
        tensor x;
        weights w;
        ref y = ref_new(2, (const size_t[]){3, 11});

        rig_open(&r, 13);
        x = input(&r, 2, x_dim);
        w = make_weights(&r, &x, 2, w_dim, trans ? 0 : 1);
        for (size_t i = 0; i < 3; i++)
            for (size_t j = 0; j < 11; j++) {
                double sum = w.bias.v[j];
                float scale = (float)((double)x.at.scale * w.scale.v[j]);

                for (size_t k = 0; k < 37; k++)
                    sum += (x.q.v[i * 37 + k] - x.at.zero) * w.q.v[trans ? j * 37 + k : k * 11 + j];
                y.v[i * 11 + j] = (double)((float)sum * scale);
            }
        rig_expect(&r, rig_node(&r, NET_OP_GEMM, dequantised(&r, &x), w.value, w.bias_value), y);
        rig_int(&r, "transB", trans);
        rig_expect_fused(&r, "DequantizeLinear");
        rig_check(&r);
    }
}

/* Between two layers in bytes a node that knows floats only; and the integers themselves. */
static void floats_are_there_where_they_are_asked_for(void **state)
{
    static const size_t x_dim[] = {1, 8, 6, 6}, w_dim[] = {8, 8, 1, 1};
    rig r;
    tensor x, y, z;
    ref pooled;
    ref_pooling how = {.kernel = {6, 6}};

    (void)state;
    rig_open(&r, 13);
    x = input(&r, 4, x_dim);
    y = conv(&r, &x, w_dim, (ref_window){0}, true);
    pooled = ref_pool(floats_of(&y), how);
    rig_expect(&r, rig_node(&r, NET_OP_GLOBAL_AVERAGE_POOL, dequantised(&r, &y)), pooled);
    rig_expect(&r, y.value, y.q);
    z = conv(&r, &y, w_dim, (ref_window){0}, false);
    expect(&r, &z);
    rig_check(&r);
}

/* An output that others read, too, is not swallowed. */
static double negated(double x)
{
    return -x;
}

static void what_is_no_case_for_bytes_runs_in_floats(void **state)
{
    static const size_t x_dim[] = {1, 8, 6, 6}, w_dim[] = {8, 8, 1, 1};
    rig r;
    tensor x;
    weights w;
    int32_t value;
    ref sum, floats;

    (void)state;
    rig_open(&r, 13);
    x = input(&r, 4, x_dim);
    w = make_weights(&r, &x, 4, w_dim, 0);
    sum = sums(&x, &w, (ref_window){0});
    value = conv_node(&r, &x, &w, (ref_window){0});
    floats = ref_new(4, x_dim);
    for (size_t i = 0; i < sum.n; i++) {
        float scale = (float)((double)x.at.scale * w.scale.v[i / 36 % 8]);

        floats.v[i] = (double)((float)sum.v[i] * scale);
    }
    rig_expect(&r, value, floats);
    rig_expect(&r, rig_node(&r, NET_OP_NEG, value), ref_unary(floats, negated));
    rig_check(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_stay_in_bytes),
        cmocka_unit_test(a_clamp_between_equal_levels_is_a_bound),
        cmocka_unit_test(numbers_that_no_writer_of_ours_writes),
        cmocka_unit_test(a_batch_may_lie_in_any_order),
        cmocka_unit_test(a_bottleneck_adds_in_bytes),
        cmocka_unit_test(the_last_layers_give_floats),
        cmocka_unit_test(products_of_rows_give_floats),
        cmocka_unit_test(floats_are_there_where_they_are_asked_for),
        cmocka_unit_test(what_is_no_case_for_bytes_runs_in_floats),
    };

    return cmocka_run_group_tests_name("infer_int8", tests, NULL, NULL);
}
