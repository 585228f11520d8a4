/* The training engine in floats: beside the one in doubles, beside itself, and beside inference. */
#include "train_nets.h"

#include "core/arena.h"
#include "infer/infer.h"
#include "net/arch.h"
#include "net/fold.h"
#include "net/shape.h"
#include "train/engine.h"
#include "train_double.h"

typedef struct rig {
    net_graph *g;
    pool *p;
    train_net *t;
    size_t in; /* numbers of a sample */
} rig;

static void open_graph(rig *r, net_graph *g, size_t max_batch, size_t threads)
{
    pfld_error err = {0};

    *r = (rig){.g = g, .in = 1};
    assert_int_equal(pool_create(threads, &r->p, NULL), PFLD_OK);
    if (train_net_create(r->g, max_batch, r->p, &r->t, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    for (int32_t i = 1; i < g->values[g->inputs[0]].shape.rank; i++)
        r->in *= (size_t)g->values[g->inputs[0]].shape.dim[i];
}

static void open_rig(rig *r, const char *text, size_t max_batch, size_t threads)
{
    open_graph(r, train_net_from_text(text), max_batch, threads);
}

static void close_rig(rig *r)
{
    train_net_free(r->t);
    pool_free(r->p);
    net_graph_free(r->g);
}

static void fill_input(rig *r, size_t batch, uint64_t seed)
{
    rng random;

    rng_seed(&random, seed);
    for (size_t i = 0; i < batch * r->in; i++)
        train_input(r->t)[i] = (float)train_random(&random);
}

static void forward_backward(rig *r, size_t batch, const size_t *width)
{
    rng random;

    rng_seed(&random, 99);
    train_forward(r->t, batch, true);
    for (size_t o = 0; o < train_output_count(r->t); o++)
        for (size_t i = 0; i < batch * width[o]; i++)
            train_output_grad(r->t, o)[i] = (float)train_random(&random);
    train_backward(r->t);
}

static const size_t tiny_width[] = {10, 3};

static double largest(const float *x, size_t n)
{
    double most = 0;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs((double)x[i]));
    return most;
}

static void assert_close(const char *what, const float *a, const float *b, size_t n, double share)
{
    double allowed = share * (largest(a, n) + 1e-3);

    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= allowed))
            fail_msg("%s[%zu]: %.9g and %.9g, %.3g allowed", what, i, (double)a[i], (double)b[i],
                     allowed);
}

static void assert_close_nets(const rig *a, const rig *b, size_t batch, double share)
{
    for (size_t o = 0; o < train_output_count(a->t); o++)
        assert_close("output", train_output(a->t, o), train_output(b->t, o), batch * tiny_width[o],
                     share);
    for (size_t i = 0; i < train_param_count(a->t); i++) {
        train_param p = train_param_at(a->t, i), q = train_param_at(b->t, i);

        assert_close(p.name, p.grad, q.grad, p.n, share);
    }
    for (size_t i = 0; i < train_state_count(a->t); i++) {
        train_param p = train_state_at(a->t, i), q = train_state_at(b->t, i);

        assert_close(p.name, p.value, q.value, p.n, share);
    }
}

static void assert_same_nets(const rig *a, const rig *b, size_t batch)
{
    for (size_t o = 0; o < train_output_count(a->t); o++)
        assert_memory_equal(train_output(a->t, o), train_output(b->t, o),
                            batch * tiny_width[o] * sizeof(float));
    for (size_t i = 0; i < train_param_count(a->t); i++) {
        train_param p = train_param_at(a->t, i), q = train_param_at(b->t, i);

        assert_memory_equal(p.grad, q.grad, p.n * sizeof(float));
    }
    for (size_t i = 0; i < train_state_count(a->t); i++) {
        train_param p = train_state_at(a->t, i), q = train_state_at(b->t, i);

        assert_memory_equal(p.value, q.value, p.n * sizeof(float));
    }
}

/* --- beside doubles --- */

static void assert_close_to_double(const char *what, const float *a, const double *b, size_t n)
{
    double allowed = 1e-4 * (largest(a, n) + 1e-2);

    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)a[i] - b[i]) <= allowed))
            fail_msg("%s[%zu]: %.9g in floats, %.9g in doubles, %.3g allowed", what, i,
                     (double)a[i], b[i], allowed);
}

static void compare_with_double(const char *text, size_t batch, const size_t *width)
{
    double_net *d;
    rig r;

    open_rig(&r, text, batch, 2);
    assert_int_equal(double_net_create(r.g, batch, r.p, &d, NULL), PFLD_OK);
    fill_input(&r, batch, 5);
    for (size_t i = 0; i < batch * r.in; i++)
        double_net_input(d)[i] = (double)train_input(r.t)[i];
    forward_backward(&r, batch, width);
    double_net_forward(d, batch, true);
    for (size_t o = 0; o < train_output_count(r.t); o++) {
        assert_close_to_double("output", train_output(r.t, o), double_net_output(d, o),
                               batch * width[o]);
        for (size_t i = 0; i < batch * width[o]; i++)
            double_net_output_grad(d, o)[i] = (double)train_output_grad(r.t, o)[i];
    }
    double_net_backward(d);
    for (size_t i = 0; i < train_param_count(r.t); i++) {
        train_param p = train_param_at(r.t, i);

        assert_close_to_double(p.name, p.grad, double_net_param(d, i).grad, p.n);
    }
    for (size_t i = 0; i < train_state_count(r.t); i++) {
        train_param p = train_state_at(r.t, i);

        assert_close_to_double(p.name, p.value, double_net_state(d, i).value, p.n);
    }
    double_net_free(d);
    close_rig(&r);
}

static void floats_agree_with_doubles(void **state)
{
    static const size_t two[] = {2};

    (void)state;
    compare_with_double(TRAIN_TEXT_TINY, 5, tiny_width);
    /* channels beyond a vector and beyond a block of them, all the activations */
    compare_with_double(
        "in x ?x3x9x10; a=Conv(x,#r70x3x3x3) pads=[1,1,1,1];" TRAIN_TEXT_BN(
            "b", "a",
            "70") "c=PRelu(b,#r70x1x1);"
                  "d=Conv(c,#r70x1x3x3) pads=[1,1,1,1] group=70;" TRAIN_TEXT_BN(
                      "e", "d",
                      "70") "f=HardSwish(e); g=Conv(f,#r20x70x1x1,#r20); h=Relu(g);"
                            "i=Conv(h,#r20x1x3x3,#r20) pads=[1,1,1,1] strides=[2,2] group=20;"
                            "j=GlobalAveragePool(i); k=Flatten(j); y=Gemm(k,#r20x2,#r2); out y;",
        4, two);
}

/* --- beside itself --- */

static void two_runs_give_the_same_bits(void **state)
{
    rig a, b;

    (void)state;
    for (size_t threads = 1; threads <= 3; threads++) {
        open_rig(&a, TRAIN_TEXT_TINY, 5, threads);
        open_rig(&b, TRAIN_TEXT_TINY, 5, threads);
        for (size_t i = 0; i < 3; i++) {
            fill_input(&a, 5, i);
            fill_input(&b, 5, i);
            forward_backward(&a, 5, tiny_width);
            forward_backward(&b, 5, tiny_width);
            assert_same_nets(&a, &b, 5);
        }
        close_rig(&a);
        close_rig(&b);
    }
}

static void thread_counts_differ_by_rounding(void **state)
{
    rig a, b;

    (void)state;
    for (size_t threads = 2; threads <= 7; threads++) { /* more than samples, too */
        open_rig(&a, TRAIN_TEXT_TINY, 5, 1);
        open_rig(&b, TRAIN_TEXT_TINY, 5, threads);
        fill_input(&a, 5, 1);
        fill_input(&b, 5, 1);
        forward_backward(&a, 5, tiny_width);
        forward_backward(&b, 5, tiny_width);
        assert_close_nets(&a, &b, 5, 1e-3);
        close_rig(&a);
        close_rig(&b);
    }
}

static void smaller_batches_leave_no_trace(void **state)
{
    rig a, b;

    (void)state;
    open_rig(&a, TRAIN_TEXT_TINY, 6, 2);
    open_rig(&b, TRAIN_TEXT_TINY, 3, 2);
    fill_input(&a, 6, 1);
    forward_backward(&a, 6, tiny_width);
    for (size_t i = 0; i < train_state_count(a.t); i++) /* the only thing that a step leaves */
        memcpy(train_state_at(a.t, i).value, train_state_at(b.t, i).value,
               train_state_at(a.t, i).n * sizeof(float));
    fill_input(&a, 3, 2);
    fill_input(&b, 3, 2);
    forward_backward(&a, 3, tiny_width);
    forward_backward(&b, 3, tiny_width);
    assert_same_nets(&a, &b, 3);
    close_rig(&a);
    close_rig(&b);
}

static void running_statistics_follow_the_batch(void **state)
{
    enum { N = 3, C = 2, PIXELS = 6 };
    double sum[C] = {0}, square[C] = {0}, n = N * PIXELS;
    float old[4][C];
    rig r;

    (void)state;
    open_rig(&r,
             "in x ?x2x2x3;" TRAIN_TEXT_BN("a", "x", "2") "b=GlobalAveragePool(a); c=Flatten(b);"
                                                          "y=Gemm(c,#r2x2); out y;",
             N, 2);
    fill_input(&r, N, 3);
    for (size_t i = 0; i < N * PIXELS * C; i++) {
        double v = (double)(train_input(r.t)[i] += 30.0f); /* far from 0: digits must not be lost */

        sum[i % C] += v;
        square[i % C] += v * v;
    }
    assert_int_equal(train_state_count(r.t), 2);
    for (size_t i = 0; i < 2; i++)
        memcpy(old[i], train_state_at(r.t, i).value, sizeof old[i]);
    train_forward(r.t, N, true);
    for (size_t c = 0; c < C; c++) {
        double mean = sum[c] / n, var = (square[c] / n - mean * mean) * n / (n - 1);

        assert_true(fabs((double)train_state_at(r.t, 0).value[c] - 0.9 * (double)old[0][c] -
                         0.1 * mean) < 1e-5);
        assert_true(fabs((double)train_state_at(r.t, 1).value[c] - 0.9 * (double)old[1][c] -
                         0.1 * var) < 1e-4);
    }
    for (size_t i = 0; i < 2; i++)
        memcpy(old[i], train_state_at(r.t, i).value, sizeof old[i]);
    train_forward(r.t, N, false);
    for (size_t i = 0; i < 2; i++)
        assert_memory_equal(old[i], train_state_at(r.t, i).value, sizeof old[i]);
    close_rig(&r);
}

static void only_weights_decay(void **state)
{
    size_t decaying = 0;
    rig r;

    (void)state;
    open_rig(&r,
             "in x ?x3x4x4; const w r4x3x3x3; const v r4x2; a=Conv(x,w,#r4);" TRAIN_TEXT_BN(
                 "b", "a", "4") "c=PRelu(b,#r4x1x1); d=GlobalAveragePool(c);"
                                "e=Flatten(d); y=Gemm(e,v,#r2); out y;",
             2, 1);
    assert_int_equal(train_param_count(r.t), 7);
    assert_int_equal(train_state_count(r.t), 2);
    for (size_t i = 0; i < 7; i++) {
        train_param p = train_param_at(r.t, i);
        bool weight = !strcmp(p.name, "w") || !strcmp(p.name, "v");

        assert_int_equal(p.decays, weight);
        assert_int_equal(p.fan_in, strcmp(p.name, "v") ? 0 : 4);
        decaying += p.decays;
    }
    assert_int_equal(decaying, 2);
    close_rig(&r);
}

static void nan_comes_through(void **state)
{
    rig r;

    (void)state;
    open_rig(&r, TRAIN_TEXT_TINY, 2, 1);
    fill_input(&r, 2, 1);
    train_input(r.t)[0] = NAN;
    train_forward(r.t, 2, false);
    assert_true(isnan(train_output(r.t, 0)[0]));
    assert_true(!isnan(train_output(r.t, 0)[tiny_width[0]])); /* the other sample */
    close_rig(&r);
}

/* --- beside inference --- */

/* Sample n of the input as the graph has it, through the exported, folded net. */
static void compare_with_inference(const rig *r, net_graph *g, size_t n, const size_t *width)
{
    net_value *in = &g->values[g->inputs[0]];
    net_shape shape = in->shape;
    arena mem = {0};
    infer_net *net;

    shape.dim[0] = 1;
    assert_int_equal(net_input_set_shape(g, 0, &shape, NULL), PFLD_OK);
    assert_int_equal(net_infer_shapes(g, NULL), PFLD_OK);
    assert_int_equal(net_fold(g, NULL), PFLD_OK);
    assert_int_equal(infer_create_nhwc(g, PFLD_ISA_AUTO, NULL, &mem, &net, NULL), PFLD_OK);
    memcpy(infer_input(net, 0).data, train_input(r->t) + n * r->in, r->in * sizeof(float));
    infer_run(net);
    for (size_t o = 0; o < train_output_count(r->t); o++) {
        const float *here = train_output(r->t, o) + n * width[o];

        assert_int_equal(infer_output(net, o).count, width[o]);
        for (size_t i = 0; i < width[o]; i++)
            if (!(fabs((double)(here[i] - infer_output(net, o).data[i])) <= 1e-4))
                fail_msg("output %zu of sample %zu: %.9g in training, %.9g in inference", i, n,
                         (double)here[i], (double)infer_output(net, o).data[i]);
    }
    arena_free(&mem);
}

static void check_export(rig *r, size_t batch, const size_t *width)
{
    net_graph *g;

    for (size_t step = 0; step < 5; step++) { /* so that statistics and weights move */
        fill_input(r, batch, step);
        forward_backward(r, batch, width);
        for (size_t i = 0; i < train_param_count(r->t); i++) {
            train_param p = train_param_at(r->t, i);
            double by = 0.02 / (largest(p.grad, p.n) + 1e-9);

            for (size_t k = 0; k < p.n; k++)
                p.value[k] -= (float)by * p.grad[k];
        }
    }
    train_forward(r->t, batch, false);
    for (size_t n = 0; n < batch; n += batch - 1) {
        assert_int_equal(train_export(r->t, &g, NULL), PFLD_OK);
        compare_with_inference(r, g, n, width);
        net_graph_free(g);
    }
}

static void exported_net_infers_the_same(void **state)
{
    rig r;

    (void)state;
    open_rig(&r, TRAIN_TEXT_TINY, 4, 2);
    check_export(&r, 4, tiny_width);
    close_rig(&r);
}

static net_graph *pfld_graph(double width, arch_tail tail)
{
    arch_pfld a = {.width = width, .points = 68, .size = 112, .tail = tail, .auxiliary = true};
    net_graph *g;

    assert_int_equal(arch_pfld_build(&a, 1, NULL, &g, NULL), PFLD_OK);
    return g;
}

static void exported_pfld_infers_the_same(void **state)
{
    static const size_t width[] = {136, 3};
    rig r;

    (void)state;
    open_graph(&r, pfld_graph(0.25, ARCH_FLATTEN), 3, 2);
    check_export(&r, 3, width);
    close_rig(&r);
    open_graph(&r, pfld_graph(0.1, ARCH_POOL), 3, 1);
    check_export(&r, 3, width);
    close_rig(&r);
}

static void memory_of_a_batch_of_64_is_bounded(void **state)
{
    rig r;

    (void)state;
    open_graph(&r, pfld_graph(0.25, ARCH_FLATTEN), 64, 2);
    assert_in_range(train_bytes(r.t), 100000000, 400000000);
    close_rig(&r);
    open_graph(&r, pfld_graph(1, ARCH_FLATTEN), 64, 2); /* mapped, but not touched */
    assert_in_range(train_bytes(r.t), 400000000, 1400000000);
    close_rig(&r);
}

/* --- what can't be trained --- */

static void refused(const char *text, const char *word)
{
    net_graph *g = net_from_text(14, text);
    pfld_error err = {0};
    train_net *t;
    pool *p;

    assert_int_equal(pool_create(1, &p, NULL), PFLD_OK);
    if (train_net_create(g, 2, p, &t, &err) != PFLD_ERR_UNSUPPORTED)
        fail_msg("%s: %s", text, err.msg);
    assert_null(t);
    if (!strstr(err.msg, word))
        fail_msg("'%s' does not name '%s'", err.msg, word);
    pool_free(p);
    net_graph_free(g);
}

static void what_cannot_be_trained_is_named(void **state)
{
    (void)state;
    refused("in x ?x2x4x4; a=Sigmoid(x); out a;", "'a'");
    refused("in x ?x2x6x6; a=Conv(x,#r2x2x3x3) dilations=[2,2]; out a;", "dilated");
    refused("in x ?x4x4x4; a=Conv(x,#r4x2x1x1) group=2; out a;", "groups");
    refused("in x ?x2x4x4; const w r2x2x1x1; a=Conv(x,w); b=Conv(a,w); out b;", "'b'");
    refused("in x ?x2x4x4; a=Add(x,#r1x2x4x4); out a;", "constants");
    refused("in x ?x2x4x4; a=Conv(x,#r1x2x1x1); b=Add(x,a); out b;", "same shape");
    refused("in x ?x2; in z ?x2; a=Add(x,z); out a;", "one input");
    refused("in x ?x2; a=Gemm(x,#r2x2) alpha=0.5; out a;", "'a'");
}

/* What is frozen is among the states, stays as it is, and is used as inference does. */
static void a_part_is_trained_alone(void **state)
{
    const size_t width[] = {136, 204};
    arch_pfld a = {.width = 0.1, .points = 68, .size = 48, .spread = true};
    rig whole, part = {0};

    (void)state;
    assert_int_equal(arch_pfld_build(&a, 1, NULL, &part.g, NULL), PFLD_OK);
    assert_int_equal(arch_pfld_build(&a, 1, NULL, &whole.g, NULL), PFLD_OK);
    open_graph(&whole, whole.g, 3, 2);
    part.in = whole.in;
    assert_int_equal(pool_create(2, &part.p, NULL), PFLD_OK);
    assert_int_equal(train_net_create_part(part.g, "spread", 3, part.p, &part.t, NULL), PFLD_OK);
    assert_int_equal(train_param_count(part.t) + train_state_count(part.t),
                     train_param_count(whole.t) + train_state_count(whole.t));
    for (size_t i = 0; i < train_param_count(part.t); i++)
        assert_memory_equal(train_param_at(part.t, i).name, "spread", 6);
    assert_int_equal(train_param_count(part.t), 9);

    fill_input(&whole, 3, 1);
    fill_input(&part, 3, 1);
    train_forward(whole.t, 3, false);
    forward_backward(&part, 3, width); /* as in training */
    for (size_t o = 0; o < 2; o++)
        assert_memory_equal(train_output(part.t, o), train_output(whole.t, o),
                            3 * width[o] * sizeof(real));
    for (size_t i = 0; i < train_param_count(part.t); i++) {
        train_param p = train_param_at(part.t, i);
        real most = 0;
        for (size_t k = 0; k < p.n; k++)
            most = fmaxf(most, fabsf(p.grad[k]));
        assert_true(most > 0 && isfinite(most));
    }
    close_rig(&whole);
    close_rig(&part);
}

static void what_is_before_a_frozen_layer_cannot_be_trained(void **state)
{
    net_graph *g = net_from_text(
        14, "in x ?x4; const p.w r4x3; const w r3x2; a=Gemm(x,p.w); y=Gemm(a,w); out y;");
    pfld_error err = {0};
    train_net *t;
    pool *p;

    (void)state;
    assert_int_equal(pool_create(1, &p, NULL), PFLD_OK);
    assert_int_equal(train_net_create_part(g, "p.", 2, p, &t, &err), PFLD_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "'y'"));
    assert_int_equal(train_net_create_part(g, "w", 2, p, &t, &err), PFLD_OK);
    assert_int_equal(train_param_count(t), 1);
    train_net_free(t);
    pool_free(p);
    net_graph_free(g);
}

static void what_no_output_needs_is_left_out(void **state)
{
    rig r;

    (void)state;
    open_rig(&r,
             "in x ?x4; a=Gemm(x,#r4x3); b=Gemm(a,#r3x3); c=Sigmoid(b); y=Gemm(a,#r3x2); out y;", 2,
             1);
    assert_int_equal(train_param_count(r.t), 2);
    close_rig(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_agree_with_doubles),
        cmocka_unit_test(two_runs_give_the_same_bits),
        cmocka_unit_test(thread_counts_differ_by_rounding),
        cmocka_unit_test(smaller_batches_leave_no_trace),
        cmocka_unit_test(running_statistics_follow_the_batch),
        cmocka_unit_test(only_weights_decay),
        cmocka_unit_test(nan_comes_through),
        cmocka_unit_test(exported_net_infers_the_same),
        cmocka_unit_test(exported_pfld_infers_the_same),
        cmocka_unit_test(memory_of_a_batch_of_64_is_bounded),
        cmocka_unit_test(what_cannot_be_trained_is_named),
        cmocka_unit_test(what_no_output_needs_is_left_out),
        cmocka_unit_test(a_part_is_trained_alone),
        cmocka_unit_test(what_is_before_a_frozen_layer_cannot_be_trained),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
