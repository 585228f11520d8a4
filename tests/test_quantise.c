/* Quantising small nets: which values share a scale, what weights become, and that 0 stays 0. */
#include "net_text.h"

#include <math.h>

#include "core/arena.h"
#include "core/mem.h"
#include "infer/infer.h"
#include "net/channels.h"
#include "net/onnx.h"
#include "net/quantise.h"
#include "net/shape.h"
#include "quantise/calibrate.h"

#define BLOCK                                                                                      \
  "in x 1x3x8x8; const w1 r4x3x3x3; const b1 r4; const w2 r4x1x3x3; const w3 r4x4x1x1;"            \
  "a = Conv(x,w1,b1) pads=[1,1,1,1]; b = Relu(a); c = Conv(b,w2) pads=[1,1,1,1] group=4;"          \
  "d = Relu(c); e = Conv(d,w3); f = Add(e,b); g = Flatten(f); const w4 r5x256; const b4 r5;"       \
  "h = Gemm(g,w4,b4) transB=1; out h"

static net_graph *shaped(const char *text)
{
    net_graph *g = net_from_text(13, text);

    assert_int_equal(net_infer_shapes(g, NULL), PFLD_OK);
    return g;
}

static net_quant_plan plan_of(const net_graph *g)
{
    net_quant_plan p;
    pfld_error err = {0};

    if (net_quant_plan_make(g, &p, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    return p;
}

/* Of x -1..1; of b and d, which are ReLUs', 0..limit; of all else -limit..limit. */
static net_range range_of(const char *name, float limit)
{
    if (*name == 'x')
        return (net_range){-1.0f, 1.0f};
    return (net_range){*name == 'b' || *name == 'd' ? 0.0f : -limit, limit};
}

static net_graph *quantised(const net_graph *g, const net_quant_plan *p, float limit)
{
    net_range *range = mem_alloc(g->n_values, sizeof *range);
    net_graph *q;

    for (size_t v = 0; v < g->n_values; v++)
        range[v] = range_of(g->values[v].name, limit);
    assert_int_equal(net_quantise(g, p, range, &q, NULL), PFLD_OK);
    mem_free(range);
    return q;
}

static size_t count_op(const net_graph *g, net_op op)
{
    size_t n = 0;

    for (size_t i = 0; i < g->n_nodes; i++)
        n += g->nodes[i].op == op;
    return n;
}

static const net_tensor *constant(const net_graph *g, const char *name)
{
    const net_tensor *t = g->values[text_value(g, name)].constant;

    assert_non_null(t);
    return t;
}

static int32_t group(const net_graph *g, const net_quant_plan *p, const char *name)
{
    return p->group[text_value(g, name)];
}

/* First output of g, in which everything has shapes, for a wave. */
static void run_wave(net_graph *g, float *out, size_t n)
{
    arena mem = {0};
    infer_net *net;
    pfld_error err = {0};
    infer_tensor x, y;

    if (net_infer_shapes(g, &err) != PFLD_OK ||
        infer_create(g, PFLD_ISA_SCALAR, &mem, &net, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    x = infer_input(net, 0);
    for (size_t i = 0; i < x.count; i++)
        x.data[i] = sinf(0.3f * (float)i);
    infer_run(net);
    y = infer_output(net, 0);
    assert_int_equal(y.count, n);
    memcpy(out, y.data, n * sizeof *out);
    arena_free(&mem);
}

static void real_0_is_a_number_of_every_range(void **state)
{
    static const net_range ranges[] = {{0.0f, 6.0f},   {-1.0f, 1.0f}, {-0.37f, 2.9f},
                                       {-3.0f, -1.0f}, {2.0f, 5.0f},  {0.0f, 0.0f}};

    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        net_quant q = net_quant_of(ranges[i]);
        assert_true(q.scale > 0.0f && q.zero >= 0 && q.zero <= 255);
        if (ranges[i].lo >= 0.0f)
            assert_int_equal(q.zero, 0);
        if (ranges[i].hi > 0.0f) /* the top is reached, by half a step at most */
            assert_true(fabsf(q.scale * (float)(255 - q.zero) - ranges[i].hi) <= 0.51f * q.scale);
    }
    assert_int_equal(net_quant_of((net_range){-128 / 127.5f, 127 / 127.5f}).zero, 128);
}

static void relus_become_clamps_at_0(void **state)
{
    net_graph *g = shaped(BLOCK);
    net_quant_plan p = plan_of(g);
    net_graph *q = quantised(g, &p, 4.0f);

    (void)state;
    assert_int_equal(count_op(q, NET_OP_RELU), 0);
    assert_int_equal(group(g, &p, "a"), NET_NONE);
    assert_int_equal(group(g, &p, "h"), NET_NONE);              /* the output is float */
    assert_int_equal(group(g, &p, "f"), group(g, &p, "g"));     /* only moved */
    assert_int_not_equal(group(g, &p, "e"), group(g, &p, "b")); /* Add takes any scales */
    assert_int_equal(*(const uint8_t *)constant(q, "b/z")->data, 0);
    assert_int_equal(count_op(q, NET_OP_QUANTIZE_LINEAR), 6); /* x b d e f g */
    net_graph_free(q);
    net_quant_plan_free(&p);
    net_graph_free(g);
}

#define TIED(second)                                                                               \
  "in x 1x3x4x4; a = Conv(x,#r4x3x1x1); b = Clip(a,#f0,#f6); c = Conv(x,#r4x3x1x1);"               \
  "d = " second "; e = Concat(b,d) axis=1; f = Conv(e,#r2x8x1x1); out f"

/* Concat gives b and d one scale: where d reaches higher than 6, it can't be b's upper bound. */
static void a_clamp_stays_where_its_scale_reaches_higher(void **state)
{
    static const struct {
        const char *net;
        size_t clips;
    } cases[] = {
        {TIED("Relu(c)"), 1},
        {TIED("Clip(c,#f0,#f9)"), 1}, /* 9 is the scale's */
        {TIED("Clip(c,#f0,#f6)"), 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        net_graph *g = shaped(cases[i].net);
        net_quant_plan p = plan_of(g);
        net_graph *q = quantised(g, &p, 6.0f);

        assert_int_equal(count_op(q, NET_OP_RELU), 0);
        assert_int_equal(count_op(q, NET_OP_CLIP), cases[i].clips);
        net_graph_free(q);
        net_quant_plan_free(&p);
        net_graph_free(g);
    }
}

static void weights_have_a_scale_for_each_channel(void **state)
{
    net_graph *g = shaped(BLOCK);
    net_quant_plan p = plan_of(g);
    net_graph *q = quantised(g, &p, 4.0f);
    const net_tensor *w = constant(q, "w1/q"), *s = constant(q, "w1/s"), *b = constant(q, "b1/s");
    const float *real = constant(g, "w1")->data;
    float input = *(const float *)constant(q, "x/s")->data;

    (void)state;
    assert_int_equal(w->dtype, NET_I8);
    assert_int_equal(constant(q, "b1/q")->dtype, NET_I32);
    assert_int_equal(s->count, 4);
    for (size_t c = 0; c < 4; c++) {
        int top = 0;
        float scale = ((const float *)s->data)[c];
        for (size_t i = c * 27; i < (c + 1) * 27; i++) {
            int n = ((const int8_t *)w->data)[i];
            top = abs(n) > top ? abs(n) : top;
            assert_true(fabsf((float)n * scale - real[i]) <= 0.501f * scale);
        }
        assert_int_equal(top, 127);
        assert_true(fabsf(((const float *)b->data)[c] - input * scale) < 1e-6f * scale);
    }
    net_graph_free(q);
    net_quant_plan_free(&p);
    net_graph_free(g);
}

static void a_gemm_of_either_layout_keeps_its_channels(void **state)
{
    static const char *const texts[] = {
        "in x 1x3; const w f[1,2,3,-400,500,600]@2x3; y = Gemm(x,w) transB=1; out y",
        "in x 1x3; const w f[1,-400,2,500,3,600]@3x2; y = Gemm(x,w); out y"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        net_graph *g = shaped(texts[i]);
        net_quant_plan p = plan_of(g);
        net_graph *q = quantised(g, &p, 1.0f);
        const float *s = constant(q, "w/s")->data;
        float y[2], want[2];
        assert_true(fabsf(s[0] - 3.0f / 127) < 1e-6f && fabsf(s[1] - 600.0f / 127) < 1e-4f);
        run_wave(q, y, 2);
        run_wave(g, want, 2);
        for (int k = 0; k < 2; k++)
            assert_true(fabsf(y[k] - want[k]) < 3.0f * s[k]);
        net_graph_free(q);
        net_quant_plan_free(&p);
        net_graph_free(g);
    }
}

static void a_large_bias_widens_the_scale_of_its_weights(void **state)
{
    net_graph *g = shaped("in x 1x1x2x2; const w f[1e-6]@1x1x1x1; const b f[1000];"
                          "y = Conv(x,w,b); out y");
    net_quant_plan p = plan_of(g);
    net_graph *q = quantised(g, &p, 1.0f);
    float y[4];

    (void)state;
    run_wave(q, y, 4);
    for (int i = 0; i < 4; i++)
        assert_true(fabsf(y[i] - 1000.0f) < 0.01f);
    net_graph_free(q);
    net_quant_plan_free(&p);
    net_graph_free(g);
}

static void what_is_joined_shares_a_scale_and_keeps_its_relu(void **state)
{
    net_graph *g = shaped("in x 1x2x2x2; const w r2x2x1x1; const v r2x2x1x1; const u r1x2x1x1;"
                          "c = Conv(x,w); r = Conv(x,v); b = Relu(r); j = Concat(c,b) axis=1;"
                          "const t r1x4x1x1; y = Conv(j,t); out y");
    net_quant_plan p = plan_of(g);
    net_graph *q = quantised(g, &p, 4.0f);

    (void)state;
    assert_int_equal(group(g, &p, "c"), group(g, &p, "j"));
    assert_int_equal(group(g, &p, "b"), group(g, &p, "j"));
    assert_int_equal(group(g, &p, "r"), group(g, &p, "j"));
    assert_int_equal(p.counts[text_value(g, "r")], 0); /* its negative half is of no use */
    assert_int_equal(p.counts[text_value(g, "b")], 1);
    assert_int_equal(count_op(q, NET_OP_RELU), 1);
    net_graph_free(q);
    net_quant_plan_free(&p);
    net_graph_free(g);
}

/* What every value holds on the wave. */
static void measure(const net_graph *g, net_range *range)
{
    for (size_t v = 0; v < g->n_values; v++) {
        net_graph *one;
        float y[256];
        size_t n;
        if (g->values[v].constant || (int32_t)v == g->inputs[0])
            continue;
        assert_int_equal(net_graph_clone(g, &one, NULL), PFLD_OK);
        one->outputs[0] = (int32_t)v;
        assert_true(net_shape_count(&g->values[v].shape, &n) && n <= 256);
        run_wave(one, y, n);
        for (size_t i = 0; i < n; i++) {
            range[v].lo = fminf(range[v].lo, y[i]);
            range[v].hi = fmaxf(range[v].hi, y[i]);
        }
        net_graph_free(one);
    }
}

static void a_quantised_net_is_a_file_that_computes_nearly_the_same(void **state)
{
    net_graph *g = shaped(BLOCK), *back;
    net_quant_plan p = plan_of(g);
    net_graph *q;
    net_range *range = mem_alloc(g->n_values, sizeof *range);
    float y[5], want[5], top = 0.0f;
    uint8_t *buf;
    size_t size;

    (void)state;
    measure(g, range);
    range[g->inputs[0]] = (net_range){-1.0f, 1.0f};
    range[p.group[text_value(g, "f")]] = range[text_value(g, "f")];
    assert_int_equal(net_quantise(g, &p, range, &q, NULL), PFLD_OK);
    mem_free(range);
    assert_int_equal(net_onnx_write(q, &buf, &size, NULL), PFLD_OK);
    assert_int_equal(net_onnx_read(buf, size, &back, NULL), PFLD_OK);
    run_wave(back, y, 5);
    run_wave(g, want, 5);
    for (int i = 0; i < 5; i++)
        top = fmaxf(top, fabsf(want[i]));
    for (int i = 0; i < 5; i++)
        if (fabsf(y[i] - want[i]) >= 0.05f * top)
            fail_msg("%g, not %g", (double)y[i], (double)want[i]);
    mem_free(buf);
    net_graph_free(back);
    net_graph_free(q);
    net_quant_plan_free(&p);
    net_graph_free(g);
}

static void a_shifted_input_changes_biases_only(void **state)
{
    net_graph *g = shaped("in x 1x2x2x2; const w r3x2x1x1; y = Conv(x,w); out y");
    net_graph *h = shaped("in x 1x2x2x2; const w r3x2x1x1; const s f0.25; z = Sub(x,s);"
                          "y = Conv(z,w); out y");
    float y[12], want[12];

    (void)state;
    assert_int_equal(net_quant_shift_input(h, 0.25, NULL), PFLD_ERR_UNSUPPORTED);
    assert_int_equal(net_quant_shift_input(g, -0.25, NULL), PFLD_OK);
    run_wave(g, y, 12);
    run_wave(h, want, 12);
    for (int i = 0; i < 12; i++)
        assert_true(fabsf(y[i] - want[i]) < 1e-5f);
    net_graph_free(g);
    net_graph_free(h);
}

static void scaled_channels_leave_the_net_as_it_was(void **state)
{
    net_graph *g =
        shaped("in x 1x3x8x8; const w r4x3x3x3; const v r4; a = Conv(x,w,v); b = Relu(a);"
               "const d r4x1x3x3; c = Conv(b,d) group=4 pads=[1,1,1,1]; const p r4x4x1x1;"
               "e = Conv(c,p); f = Add(e,b); const q r1x4x1x1; h = Conv(f,q); out h");
    int32_t *set = mem_alloc(g->n_values, sizeof *set);
    const double k[4] = {2, 0.5, 3, 1};
    float want[36], y[36];

    (void)state;
    run_wave(g, want, 36);
    assert_true(net_channel_sets(g, set));
    assert_int_equal(set[text_value(g, "x")], NET_NONE);
    assert_int_equal(set[text_value(g, "h")], NET_NONE);
    assert_int_equal(set[text_value(g, "a")], set[text_value(g, "f")]); /* by ReLU and Add */
    assert_int_not_equal(set[text_value(g, "c")], set[text_value(g, "b")]);
    assert_false(net_channels_are_free(g, set, set[text_value(g, "b")]));
    assert_true(net_channels_scale(g, set, set[text_value(g, "b")], k));
    assert_true(net_channels_scale(g, set, set[text_value(g, "c")], k));
    run_wave(g, y, 36);
    for (int i = 0; i < 36; i++)
        assert_true(fabsf(y[i] - want[i]) < 1e-4f * (1.0f + fabsf(want[i])));
    mem_free(set);
    net_graph_free(g);
}

static void depthwise_readers_take_any_scale(void **state)
{
    net_graph *g = shaped("in x 1x2x4x4; const w r2x2x1x1; a = Conv(x,w); const d r2x1x3x3;"
                          "b = Conv(a,d) group=2; c = Flatten(b); out c");
    int32_t *set = mem_alloc(g->n_values, sizeof *set);

    (void)state;
    assert_true(net_channel_sets(g, set));
    assert_int_equal(set[text_value(g, "b")], NET_NONE); /* flattened */
    assert_true(net_channels_are_free(g, set, set[text_value(g, "a")]));
    mem_free(set);
    net_graph_free(g);
}

/* The range's numbers are the crop's bytes, and the net's input is that of before, moved. */
static void bytes_are_the_first_numbers(void **state)
{
    static const struct {
        const char *text;
        int zero;
    } inputs[] = {{"rgb,-1..1", 128}, {"bgr,0..1", 0}, {"rgb,127/128", 127}, {"rgb,0..255", 0}};
    spec_input how, input;
    net_range range;

    (void)state;
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        net_quant q;
        assert_int_equal(spec_parse_input(inputs[i].text, 3, &how, NULL), PFLD_OK);
        assert_int_equal(calibrate_input(&how, &input, &range, NULL), PFLD_OK);
        q = net_quant_of(range);
        assert_int_equal(q.zero, inputs[i].zero);
        for (int byte = 0; byte < 256; byte++) {
            float x = input.scale[0] * (float)byte + input.offset[0];
            assert_int_equal((int)lrintf(x / q.scale) + q.zero, byte);
        }
    }
    assert_int_equal(spec_parse_input("rgb,1;2;3/4;5;6", 3, &how, NULL), PFLD_OK);
    assert_int_equal(calibrate_input(&how, &input, &range, NULL), PFLD_ERR_UNSUPPORTED);
}

static void assert_refused(const char *text, const char *says)
{
    net_graph *g = shaped(text);
    net_quant_plan p;
    pfld_error err = {0};

    assert_int_equal(net_quant_plan_make(g, &p, &err), PFLD_ERR_UNSUPPORTED);
    if (!strstr(err.msg, says))
        fail_msg("\"%s\" without \"%s\"", err.msg, says);
    net_graph_free(g);
}

static void what_cannot_be_done_is_named(void **state)
{
    (void)state;
    assert_refused("in x 1x2x2x2; const w r2x2x1x1; a = Conv(x,w); s = Sigmoid(a); y = Conv(s,w);"
                   "out y",
                   "(Sigmoid) can't be quantised");
    assert_refused("in x 1x2x2x2; const w r2x2x1x1; c = Add(x,#f1); y = Conv(c,w); out y",
                   "reads a constant");
    assert_refused("in x 1x2x2x2; y = Relu(x); out y", "no weights");
    assert_refused(
        "in x 1x2x2x2; q = QuantizeLinear(x,#f1,#u8 0); y = DequantizeLinear(q,#f1,#u8 0)"
        "; out y",
        "quantised already");
}

static void what_follows_the_last_weights_stays_float(void **state)
{
    net_graph *g = shaped("in x 1x2x2x2; const w r2x2x1x1; a = Conv(x,w); s = Sigmoid(a); out s");
    net_quant_plan p = plan_of(g);

    (void)state;
    assert_int_equal(group(g, &p, "a"), NET_NONE);
    assert_int_not_equal(group(g, &p, "x"), NET_NONE);
    net_quant_plan_free(&p);
    net_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_0_is_a_number_of_every_range),
        cmocka_unit_test(relus_become_clamps_at_0),
        cmocka_unit_test(a_clamp_stays_where_its_scale_reaches_higher),
        cmocka_unit_test(weights_have_a_scale_for_each_channel),
        cmocka_unit_test(a_gemm_of_either_layout_keeps_its_channels),
        cmocka_unit_test(a_large_bias_widens_the_scale_of_its_weights),
        cmocka_unit_test(what_is_joined_shares_a_scale_and_keeps_its_relu),
        cmocka_unit_test(a_quantised_net_is_a_file_that_computes_nearly_the_same),
        cmocka_unit_test(a_shifted_input_changes_biases_only),
        cmocka_unit_test(bytes_are_the_first_numbers),
        cmocka_unit_test(scaled_channels_leave_the_net_as_it_was),
        cmocka_unit_test(depthwise_readers_take_any_scale),
        cmocka_unit_test(what_cannot_be_done_is_named),
        cmocka_unit_test(what_follows_the_last_weights_stays_float),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
