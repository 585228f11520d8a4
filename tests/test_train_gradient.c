/*
 * Every kind of layer, in doubles, against central finite differences of a random linear function
 * of the outputs. Where two step lengths disagree with each other, a ReLU bends in between and the
 * difference says nothing; that this is rare is checked.
 */
#include "train_nets.h"

#include "train_double.h"

enum { MAX_BATCH = 5 };

typedef struct rig {
    net_graph *g;
    pool *p;
    double_net *t;
    double *seed[4]; /* of each output, what the function multiplies it with */
    size_t batch, width[4];
    rng random;
} rig;

/* The number of an output's values to a sample: its last batch row ends where the graph says. */
static size_t width_of(const net_graph *g, size_t out)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        if (g->nodes[i].out[0] == g->outputs[out]) {
            const net_node *n = &g->nodes[i];
            const net_tensor *w = n->n_in > 1 ? g->values[n->in[1]].constant : NULL;

            assert_non_null(w); /* tests end with Gemm */
            return (size_t)w->shape.dim[net_attr_int(n, "transB", 0) ? 0 : 1];
        }
    fail();
    return 0;
}

static void open_rig(rig *r, const char *text, size_t batch, size_t threads)
{
    pfld_error err = {0};
    size_t in = 1;

    *r = (rig){.g = train_net_from_text(text), .batch = batch};
    rng_seed(&r->random, 7);
    assert_int_equal(pool_create(threads, &r->p, NULL), PFLD_OK);
    if (double_net_create(r->g, MAX_BATCH, r->p, &r->t, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    for (int32_t i = 1; i < r->g->values[r->g->inputs[0]].shape.rank; i++)
        in *= (size_t)r->g->values[r->g->inputs[0]].shape.dim[i];
    for (size_t i = 0; i < batch * in; i++)
        double_net_input(r->t)[i] = train_random(&r->random);
    for (size_t o = 0; o < double_net_output_count(r->t); o++) {
        r->width[o] = width_of(r->g, o);
        r->seed[o] = malloc(batch * r->width[o] * sizeof(double));
        for (size_t i = 0; i < batch * r->width[o]; i++)
            r->seed[o][i] = train_random(&r->random);
    }
}

static void close_rig(rig *r)
{
    for (size_t i = 0; i < 4; i++)
        free(r->seed[i]);
    double_net_free(r->t);
    pool_free(r->p);
    net_graph_free(r->g);
}

static double function_at(rig *r, double *at, double x)
{
    double old = *at, sum = 0;

    *at = x;
    double_net_forward(r->t, r->batch, true);
    for (size_t o = 0; o < double_net_output_count(r->t); o++)
        for (size_t i = 0; i < r->batch * r->width[o]; i++)
            sum += r->seed[o][i] * double_net_output(r->t, o)[i];
    *at = old;
    return sum;
}

static double difference(rig *r, double *at, double h)
{
    return (function_at(r, at, *at + h) - function_at(r, at, *at - h)) / (2 * h);
}

static void backward(rig *r)
{
    double_net_forward(r->t, r->batch, true);
    for (size_t o = 0; o < double_net_output_count(r->t); o++)
        memcpy(double_net_output_grad(r->t, o), r->seed[o],
               r->batch * r->width[o] * sizeof(double));
    double_net_backward(r->t);
}

/* Of a parameter's gradients, every step-th; counts those that say nothing. */
static size_t check_param(rig *r, double_param p, size_t step, size_t *skipped)
{
    double largest = 0, *grad = malloc(p.n * sizeof(double));
    size_t n = 0;

    backward(r);
    memcpy(grad, p.grad, p.n * sizeof *grad);
    for (size_t i = 0; i < p.n; i++)
        largest = fmax(largest, fabs(grad[i]));
    for (size_t i = 0; i < p.n; i += step, n++) {
        double h = 1e-5 * fmax(1, fabs(p.value[i]));
        double wide = difference(r, &p.value[i], h), close = difference(r, &p.value[i], h / 2);
        double allowed = 1e-6 * (largest + fabs(close)) + 1e-8; /* what rounding leaves */

        if (fabs(wide - close) > allowed)
            ++*skipped;
        else if (!(fabs(close - grad[i]) <= allowed))
            fail_msg("%s[%zu]: %.12g, but the difference is %.12g", p.name, i, grad[i], close);
    }
    free(grad);
    return n;
}

static void check(const char *text, size_t batch, size_t threads)
{
    rig r;
    size_t n = 0, skipped = 0, params;

    open_rig(&r, text, batch, threads);
    params = double_net_param_count(r.t);
    assert_true(params > 0);
    for (size_t i = 0; i < params; i++) {
        double_param p = double_net_param(r.t, i);

        /* threads wake up for each of the thousand tiny passes, which is slow on a busy machine */
        n += check_param(&r, p, p.n / (threads > 1 ? 4 : 12) + 1, &skipped);
    }
    assert_true(n >= params);
    if (skipped * 10 > n)
        fail_msg("%zu of %zu differences say nothing", skipped, n);
    close_rig(&r);
}

/* What is tested stands between layers with weights: gradients come to it and leave it. */
#define TEST_NET(name, size, body, last)                                                           \
  static void name(void **state)                                                                   \
  {                                                                                                \
    static const char text[] = "in x ?x2x" size "; a=Conv(x,#r4x2x1x1);" body                      \
                               "p=GlobalAveragePool(" last "); q=Flatten(p);" TAIL;                \
    (void)state;                                                                                   \
    check(text, 1, 1);                                                                             \
    check(text, 3, 2);                                                                             \
    check(text, 5, 1);                                                                             \
  }
#define TAIL         "y=Gemm(q,#r4x3,#r3); out y;"
#define BN(name, of) TRAIN_TEXT_BN(name, of, "4")

TEST_NET(pointwise_convolution, "3x5", "b=Conv(a,#r4x4x1x1,#r4);", "b")
TEST_NET(pointwise_convolution_with_stride, "5x4", "b=Conv(a,#r4x4x1x1) strides=[2,2];", "b")
TEST_NET(convolution_3x3, "5x4", "b=Conv(a,#r4x4x3x3,#r4) pads=[1,1,1,1];", "b")
TEST_NET(convolution_3x3_stride_2_odd_sizes, "7x5",
         "b=Conv(a,#r4x4x3x3) pads=[1,1,1,1] strides=[2,2];", "b")
TEST_NET(convolution_with_uneven_pads, "6x5", "b=Conv(a,#r4x4x3x2) pads=[0,1,2,0] strides=[2,1];",
         "b")
TEST_NET(convolution_1x5, "3x6", "b=Conv(a,#r4x4x1x5) pads=[0,2,0,2];", "b")
TEST_NET(convolution_of_the_whole_map, "3x4", "b=Conv(a,#r4x4x3x4,#r4);", "b")
TEST_NET(depthwise_3x3, "5x4", "b=Conv(a,#r4x1x3x3,#r4) pads=[1,1,1,1] group=4;", "b")
TEST_NET(depthwise_3x3_stride_2_odd_sizes, "7x5",
         "b=Conv(a,#r4x1x3x3) pads=[1,1,1,1] strides=[2,2] group=4;", "b")
TEST_NET(depthwise_3x3_stride_2_even_sizes, "8x6",
         "b=Conv(a,#r4x1x3x3) pads=[0,0,1,1] strides=[2,2] group=4;", "b")
TEST_NET(depthwise_without_pads, "6x5", "b=Conv(a,#r4x1x3x3) group=4;", "b")
TEST_NET(depthwise_5x5, "7x6", "b=Conv(a,#r4x1x5x5) pads=[2,2,2,2] group=4;", "b")
TEST_NET(depthwise_5x3_stride_2x1, "9x6",
         "b=Conv(a,#r4x1x5x3) pads=[2,1,2,1] strides=[2,1] group=4;", "b")
TEST_NET(depthwise_stride_beyond_the_window, "10x9", "b=Conv(a,#r4x1x2x2) strides=[3,3] group=4;",
         "b")
TEST_NET(depthwise_in_bands, "61x19",
         "b=Relu(a); c=Conv(b,#r4x1x3x3) pads=[1,1,1,1] group=4;" BN(
             "d", "c") "e=Relu(d);"
                       "f=Conv(e,#r4x1x3x3) pads=[1,1,1,1] strides=[2,2] group=4;",
         "f")
TEST_NET(relu, "4x3", "b=Relu(a); c=Conv(b,#r4x4x1x1);", "c")
TEST_NET(prelu, "4x3", "b=PRelu(a,#r4x1x1); c=Conv(b,#r4x4x1x1);", "c")
TEST_NET(hard_swish, "4x3", "b=HardSwish(a); c=Conv(b,#r4x4x1x1);", "c")
TEST_NET(sum_of_two_layers, "3x3", "b=Conv(a,#r4x4x1x1); c=Conv(a,#r4x4x1x1); d=Add(b,c);", "d")
TEST_NET(sum_with_itself, "3x3", "b=Relu(a); d=Add(b,b);", "d")
TEST_NET(sum_past_a_layer, "3x3", "b=Conv(a,#r4x4x1x1); d=Add(a,b); e=Relu(d);", "e")
TEST_NET(sum_past_a_layer_that_comes_first, "3x3",
         "b=Conv(a,#r4x4x3x3) pads=[1,1,1,1]; d=Add(b,a); e=Conv(d,#r4x4x1x1);", "e")
TEST_NET(sums_one_after_the_other, "3x3",
         "b=Conv(a,#r4x4x1x1); c=Add(b,a); d=Conv(c,#r4x4x1x1); e=Add(d,c);"
         "f=Conv(e,#r4x4x1x1); g=Add(e,f);",
         "g")
TEST_NET(
    sum_of_sums, "3x3",
    "b=Conv(a,#r4x4x1x1); c=Conv(a,#r4x4x1x1); d=Add(b,c); e=Add(a,b); f=Add(d,e); g=Add(f,a);",
    "g")
TEST_NET(sum_whose_part_is_read_later, "3x3",
         "b=Conv(a,#r4x4x1x1); c=Add(a,b); d=Conv(a,#r4x4x1x1); e=Add(c,d); f=Add(e,b);", "f")
TEST_NET(map_with_many_readers, "4x3",
         "b=Relu(a); c=Conv(b,#r4x4x1x1); d=Conv(b,#r4x1x3x3) pads=[1,1,1,1] group=4;"
         "e=Conv(b,#r4x4x3x3) pads=[1,1,1,1]; f=Add(c,d); g=Add(e,f); h=Add(g,b);",
         "h")
TEST_NET(maps_side_by_side, "3x2",
         "b=Conv(a,#r3x4x1x1); c=Relu(a); d=Concat(b,c,a) axis=1; e=Conv(d,#r4x11x1x1);", "e")
TEST_NET(mean_of_an_activation, "3x5", "b=Conv(a,#r4x4x1x1); c=Relu(b);", "c")
#define TWICE                                                                                      \
  ",-,#f[1,1,2,2]) mode=nearest coordinate_transformation_mode=asymmetric nearest_mode=floor;"
TEST_NET(upsample, "3x4", "b=Relu(a); c=Resize(b" TWICE "d=Conv(c,#r4x4x3x3) pads=[1,1,1,1];", "d")
TEST_NET(
    upsample_past_a_layer, "4x6",
    "b=Conv(a,#r4x4x3x3) pads=[1,1,1,1] strides=[2,2];" BN(
        "c",
        "b") "d=Relu(c); e=Resize(d" TWICE
             "f=Add(a,e);" BN(
                 "g",
                 "f") "h=Relu(g);"
                      "i=Conv(h,#r4x4x3x3) pads=[1,1,1,1]; j=Conv(d,#r4x4x2x3); k=Resize(j" TWICE
                      "l=Conv(k,#r4x4x1x1); m=GlobalAveragePool(l); n=GlobalAveragePool(i);"
                      "o=Add(m,n);",
    "o")
TEST_NET(identity, "3x3", "b=Identity(a); c=Relu(b); d=Add(c,a);", "d")

/* A batch of one has one number to a channel only where there is one pixel. */
TEST_NET(norm, "3x4", BN("b", "a") "c=Conv(b,#r4x4x1x1);" BN("d", "c"), "d")
TEST_NET(norm_and_relu, "3x4", BN("b", "a") "c=Relu(b); d=Conv(c,#r4x4x1x1);", "d")
TEST_NET(norm_and_prelu, "3x4", BN("b", "a") "c=PRelu(b,#r4); d=Conv(c,#r4x4x1x1);", "d")
TEST_NET(norm_and_hard_swish, "3x4", BN("b", "a") "c=HardSwish(b); d=Conv(c,#r4x4x1x1);", "d")
TEST_NET(norm_of_a_shared_map, "3x4", BN("b", "a") "c=Conv(a,#r4x4x1x1); d=Add(b,c); e=Relu(d);",
         "e")
TEST_NET(norm_read_before_and_behind_relu, "3x4",
         BN("b", "a") "c=Relu(b); d=Conv(c,#r4x4x1x1); e=Add(d,b); f=Conv(e,#r4x4x1x1);", "f")
TEST_NET(norm_of_a_sum, "3x4", "b=Conv(a,#r4x4x1x1); c=Add(a,b);" BN("d", "c") "e=Relu(d);", "e")
TEST_NET(norm_behind_relu, "3x4", "b=Relu(a);" BN("c", "b") BN("d", "c"), "d")
TEST_NET(norm_of_a_depthwise, "5x4",
         BN("b", "a") "c=Relu(b); d=Conv(c,#r4x1x3x3) pads=[1,1,1,1] strides=[2,2] group=4;" BN(
             "e", "d") "f=Relu(e); g=Conv(f,#r4x4x3x3) pads=[1,1,1,1];" BN("h", "g"),
         "h")
TEST_NET(norms_of_both_parts, "3x4",
         BN("b", "a") "c=Conv(b,#r4x4x1x1);" BN("d", "c") "e=Add(d,b); f=Conv(e,#r4x4x1x1);" BN(
             "g", "f") "h=Add(g,e);",
         "h")

static void full_connection(void **state)
{
    (void)state;
    check("in x ?x5; a=Gemm(x,#r7x5,#r7) transB=1; b=Relu(a); c=Gemm(b,#r7x6); out c;", 4, 2);
    check("in x ?x5; a=Gemm(x,#r5x7,#r7);" TRAIN_TEXT_BN("b", "a", "7") "c=Gemm(b,#r7x6); out c;",
          5, 1);
}

static void flatten_keeps_the_graphs_order(void **state)
{
    (void)state;
    check("in x ?x2x3x4; a=Conv(x,#r3x2x1x1); b=Relu(a); c=Flatten(b); d=Flatten(a);"
          "e=Concat(c,d) axis=1; y=Gemm(e,#r72x5); out y;",
          3, 2);
}

static void two_outputs(void **state)
{
    (void)state;
    check("in x ?x5; a=Gemm(x,#r5x4); b=Relu(a); c=Gemm(b,#r4x3); d=Gemm(b,#r4x2); out c; out d;",
          3, 2);
}

static void output_that_is_read_as_well(void **state)
{
    (void)state;
    check("in x ?x5; a=Gemm(x,#r5x4); b=Relu(a); c=Gemm(b,#r4x3); d=Relu(c); e=Gemm(d,#r3x2);"
          "out c; out e;",
          3, 1);
}

static void sum_with_the_input(void **state)
{
    (void)state;
    check("in x ?x2x3x3; a=Conv(x,#r2x2x1x1); b=Add(a,x); c=Relu(b); p=GlobalAveragePool(c);"
          "q=Flatten(p); y=Gemm(q,#r2x3); out y;",
          3, 2);
}

static void norm_and_relu_of_the_input(void **state)
{
    (void)state;
    check("in x ?x2x3x3;" TRAIN_TEXT_BN(
              "a", "x", "2") "b=Relu(a); c=Conv(b,#r2x2x1x1);"
                             "p=GlobalAveragePool(c); q=Flatten(p); y=Gemm(q,#r2x3); out y;",
          3, 2);
}

/* What learns behind a stop has its gradient; nothing else hears of it. */
static void head_behind_a_stop(void **state)
{
    static const char trunk[] = "in x ?x2x3x4; a=Conv(x,#r4x2x1x1);" BN(
        "b", "a") "c=Relu(b); p=GlobalAveragePool(c); q=Flatten(p); y=Gemm(q,#r4x3,#r3);";
    static const char head[] = "s=Identity(c) stop_gradient=1; t=Identity(y) stop_gradient=1;"
                               "u=GlobalAveragePool(s); v=Flatten(u); w=Concat(v,t) axis=1;"
                               "h=Gemm(w,#r7x5,#r5); i=Gemm(t,#r3x5); j=Add(h,i); k=Relu(j);"
                               "z=Gemm(k,#r5x2,#r2);";
    char text[1024];
    rig with, without;

    (void)state;
    snprintf(text, sizeof text, "%s%s out y;", trunk, "");
    open_rig(&without, text, 3, 2);
    snprintf(text, sizeof text, "%s%s out y; out z;", trunk, head);
    open_rig(&with, text, 3, 2);
    for (size_t i = 0; i < double_net_param_count(without.t); i++) { /* the same seed's */
        double_param a = double_net_param(with.t, i), b = double_net_param(without.t, i);
        memcpy(a.value, b.value, b.n * sizeof *b.value);
    }
    memcpy(with.seed[0], without.seed[0], 3 * with.width[0] * sizeof(double));
    memcpy(double_net_input(with.t), double_net_input(without.t), 72 * sizeof(double));
    backward(&with);
    backward(&without);
    for (size_t i = 0; i < double_net_param_count(with.t); i++) {
        double_param a = double_net_param(with.t, i);
        size_t skipped = 0;

        if (i >= double_net_param_count(without.t)) {
            check_param(&with, a, 1, &skipped);
            assert_true(skipped * 4 <= a.n);
            continue;
        }
        assert_memory_equal(a.grad, double_net_param(without.t, i).grad, a.n * sizeof *a.grad);
    }
    close_rig(&with);
    close_rig(&without);
}

static void tiny_net(void **state)
{
    (void)state;
    check(TRAIN_TEXT_TINY, 1, 1);
    check(TRAIN_TEXT_TINY, 4, 2);
    check(TRAIN_TEXT_TINY, 5, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pointwise_convolution),
        cmocka_unit_test(pointwise_convolution_with_stride),
        cmocka_unit_test(convolution_3x3),
        cmocka_unit_test(convolution_3x3_stride_2_odd_sizes),
        cmocka_unit_test(convolution_with_uneven_pads),
        cmocka_unit_test(convolution_1x5),
        cmocka_unit_test(convolution_of_the_whole_map),
        cmocka_unit_test(depthwise_3x3),
        cmocka_unit_test(depthwise_3x3_stride_2_odd_sizes),
        cmocka_unit_test(depthwise_3x3_stride_2_even_sizes),
        cmocka_unit_test(depthwise_without_pads),
        cmocka_unit_test(depthwise_5x5),
        cmocka_unit_test(depthwise_5x3_stride_2x1),
        cmocka_unit_test(depthwise_stride_beyond_the_window),
        cmocka_unit_test(depthwise_in_bands),
        cmocka_unit_test(relu),
        cmocka_unit_test(prelu),
        cmocka_unit_test(hard_swish),
        cmocka_unit_test(sum_of_two_layers),
        cmocka_unit_test(sum_with_itself),
        cmocka_unit_test(sum_past_a_layer),
        cmocka_unit_test(sum_past_a_layer_that_comes_first),
        cmocka_unit_test(sums_one_after_the_other),
        cmocka_unit_test(sum_of_sums),
        cmocka_unit_test(sum_whose_part_is_read_later),
        cmocka_unit_test(map_with_many_readers),
        cmocka_unit_test(maps_side_by_side),
        cmocka_unit_test(mean_of_an_activation),
        cmocka_unit_test(upsample),
        cmocka_unit_test(upsample_past_a_layer),
        cmocka_unit_test(identity),
        cmocka_unit_test(norm),
        cmocka_unit_test(norm_and_relu),
        cmocka_unit_test(norm_and_prelu),
        cmocka_unit_test(norm_and_hard_swish),
        cmocka_unit_test(norm_of_a_shared_map),
        cmocka_unit_test(norm_read_before_and_behind_relu),
        cmocka_unit_test(norm_of_a_sum),
        cmocka_unit_test(norm_behind_relu),
        cmocka_unit_test(norm_of_a_depthwise),
        cmocka_unit_test(norms_of_both_parts),
        cmocka_unit_test(full_connection),
        cmocka_unit_test(flatten_keeps_the_graphs_order),
        cmocka_unit_test(two_outputs),
        cmocka_unit_test(output_that_is_read_as_well),
        cmocka_unit_test(sum_with_the_input),
        cmocka_unit_test(norm_and_relu_of_the_input),
        cmocka_unit_test(head_behind_a_stop),
        cmocka_unit_test(tiny_net),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
