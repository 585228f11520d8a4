/* infer: elementwise functions, matrix products, sums and quantisation, against plain loops. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "infer_ref.h"
#include "infer_rig.h"

/* ---- functions of one element ---- */

static double relu(double x)
{
    return fmax(x, 0);
}

static double leaky(double x)
{
    return x < 0 ? (double)0.01f * x : x;
}

static double hard_sigmoid(double x)
{
    return fmin(fmax((double)0.2f * x + 0.5, 0), 1);
}

static double hard_swish(double x)
{
    return x * fmin(fmax(x / 6 + 0.5, 0), 1);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double softplus(double x)
{
    return log1p(exp(-fabs(x))) + fmax(x, 0);
}

static double elu(double x)
{
    return x < 0 ? expm1(x) : x;
}

static double negative(double x)
{
    return -x;
}

static double inverse(double x)
{
    return 1 / x;
}

static const struct {
    net_op op;
    double (*f)(double);
    double lo, hi;
} unaries[] = {
    {NET_OP_RELU, relu, -2, 2},
    {NET_OP_LEAKY_RELU, leaky, -2, 2},
    {NET_OP_HARD_SIGMOID, hard_sigmoid, -4, 4},
    {NET_OP_HARD_SWISH, hard_swish, -5, 5},
    {NET_OP_SIGMOID, sigmoid, -20, 20},
    {NET_OP_TANH, tanh, -6, 6},
    {NET_OP_EXP, exp, -4, 4},
    {NET_OP_LOG, log, 0.01, 9},
    {NET_OP_SQRT, sqrt, 0, 9},
    {NET_OP_ERF, erf, -3, 3},
    {NET_OP_SOFTPLUS, softplus, -40, 40},
    {NET_OP_ELU, elu, -4, 2},
    {NET_OP_NEG, negative, -2, 2},
    {NET_OP_FLOOR, floor, -9, 9},
    {NET_OP_CEIL, ceil, -9, 9},
    {NET_OP_RECIPROCAL, inverse, 0.1, 2},
};

/* Straight, as a mirrored view, and as a repeated one. */
static void functions_of_one_element(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unaries / sizeof *unaries; i++)
        for (int view = 0; view < 3; view++) {
            rig r;
            ref t;
            int32_t x;
            rig_open(&r, 14);
            t = ref_random(unaries[i].lo, unaries[i].hi, DIMS(2, 3, 5, 7));
            x = rig_input(&r, t);
            if (view == 1) {
                x = rig_node(&r, NET_OP_SLICE, x, rig_longs(&r, LONGS(-1, -1)),
                             rig_longs(&r, LONGS(-99, -99)), rig_longs(&r, LONGS(3, 1)),
                             rig_longs(&r, LONGS(-2, -1)));
                t = ref_slice(ref_slice(t, 3, -1, -99, -2), 1, -1, -99, -1);
            } else if (view == 2) {
                x = rig_node(&r, NET_OP_UNSQUEEZE, x, rig_longs(&r, LONGS(1)));
                x = rig_node(&r, NET_OP_EXPAND, x, rig_longs(&r, LONGS(2, 4, 1, 1, 1)));
                t = ref_expand(ref_reshape(t, DIMS(2, 1, 3, 5, 7)), DIMS(2, 4, 3, 5, 7));
            }
            rig_expect(&r, rig_node(&r, unaries[i].op, x), ref_unary(t, unaries[i].f));
            rig_check(&r);
        }
}

static double clip_low(double x)
{
    return fmax(x, -0.5);
}

static double clip_high(double x)
{
    return fmin(x, 0.5);
}

static double half_of_positive(double x)
{
    return x < 0 ? 2 * expm1(x) : x;
}

static double steep_sigmoid(double x)
{
    return fmin(fmax(0.5 * x + 0.25, 0), 1);
}

static void parameters_of_functions_are_used(void **state)
{
    rig r;
    ref t;
    int32_t x, y;

    (void)state;
    rig_open(&r, 13);
    t = ref_random(-2, 2, DIMS(3, 11));
    x = rig_input(&r, t);
    rig_expect(&r, rig_node(&r, NET_OP_CLIP, x, rig_const(&r, ref_scalar(-0.5))),
               ref_unary(t, clip_low));
    rig_expect(&r, rig_node(&r, NET_OP_CLIP, x, NET_NONE, rig_const(&r, ref_scalar(0.5))),
               ref_unary(t, clip_high));
    rig_expect(&r, rig_node(&r, NET_OP_CLIP, x), t);
    y = rig_node(&r, NET_OP_ELU, x);
    rig_float(&r, "alpha", 2);
    rig_expect(&r, y, ref_unary(t, half_of_positive));
    y = rig_node(&r, NET_OP_HARD_SIGMOID, x);
    rig_float(&r, "alpha", 0.5f);
    rig_float(&r, "beta", 0.25f);
    rig_expect(&r, y, ref_unary(t, steep_sigmoid));
    rig_check(&r);
}

/* ---- functions of two elements ---- */

static double add(double a, double b)
{
    return a + b;
}

static double subtract(double a, double b)
{
    return a - b;
}

static double multiply(double a, double b)
{
    return a * b;
}

static double divide(double a, double b)
{
    return a / b;
}

static double prelu(double a, double b)
{
    return a < 0 ? a * b : a;
}

static const struct binary {
    net_op op;
    double (*f)(double, double);
    double lo; /* of both operands; they reach to 2 */
} binaries[] = {
    {NET_OP_ADD, add, -2},     {NET_OP_SUB, subtract, -2}, {NET_OP_MUL, multiply, -2},
    {NET_OP_DIV, divide, 0.1}, {NET_OP_MAX, fmax, -2},     {NET_OP_MIN, fmin, -2},
    {NET_OP_POW, pow, 0.1},    {NET_OP_PRELU, prelu, -2},
};

/* How an operand comes about. */
enum { ROWS, NHWC, CONSTANT, OPERANDS };

static int32_t operand(rig *r, ref t, int kind)
{
    int32_t x = kind == CONSTANT ? rig_const(r, t) : rig_input(r, t);

    return kind == NHWC && t.rank == 4 ? rig_nhwc(r, x) : x;
}

static const struct {
    size_t rank_a, a[REF_RANK], rank_b, b[REF_RANK];
} shapes[] = {
    {4, {2, 5, 3, 4}, 4, {2, 5, 3, 4}},
    {4, {2, 5, 3, 4}, 3, {5, 1, 1}},
    {4, {2, 5, 3, 4}, 4, {1, 5, 3, 4}},
    {4, {2, 5, 3, 4}, 4, {2, 5, 1, 1}},
    {4, {2, 5, 3, 4}, 2, {3, 4}},
    {4, {2, 5, 3, 4}, 1, {4}},
    {4, {2, 5, 3, 4}, 3, {1, 3, 1}},
    {4, {2, 5, 3, 4}, 4, {2, 1, 3, 4}},
    {4, {2, 5, 3, 4}, 0, {0}},
    {4, {2, 5, 3, 4}, 1, {1}},
    {4, {1, 4, 4, 4}, 1, {4}},
    {4, {1, 4, 4, 4}, 3, {4, 1, 1}},
    {2, {3, 7}, 2, {3, 7}},
    {2, {3, 7}, 1, {7}},
    {3, {2, 3, 7}, 2, {3, 1}},
    {1, {9}, 1, {9}},
    {0, {0}, 0, {0}},
    {6, {2, 1, 3, 2, 1, 4}, 4, {3, 1, 1, 4}},
    {4, {1, 1, 1, 1}, 4, {1, 1, 1, 1}},
};

static void functions_of_two_elements_broadcast(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (size_t k = 0; k < sizeof binaries / sizeof *binaries; k++)
            for (int kinds = 0; kinds < OPERANDS * OPERANDS; kinds++) {
                const struct binary *f = &binaries[k];
                bool swapped = kinds % 2 && f->op != NET_OP_PRELU;
                rig r;
                ref a, b;
                int32_t va, vb;
                if (kinds / OPERANDS == CONSTANT && kinds % OPERANDS == CONSTANT)
                    continue; /* no input left */
                if (f->op != NET_OP_SUB && (i + (size_t)kinds) % 8 != k)
                    continue; /* the others take turns */
                rig_open(&r, 13);
                a = ref_random(f->lo, 2, shapes[i].rank_a, shapes[i].a);
                b = ref_random(f->lo, 2, shapes[i].rank_b, shapes[i].b);
                va = operand(&r, a, kinds / OPERANDS);
                vb = operand(&r, b, kinds % OPERANDS);
                rig_expect(&r, swapped ? rig_node(&r, f->op, vb, va) : rig_node(&r, f->op, va, vb),
                           swapped ? ref_binary(b, a, f->f) : ref_binary(a, b, f->f));
                rig_check(&r);
            }
}

/* Both operands are smaller than the result. */
static void both_sides_may_be_repeated(void **state)
{
    (void)state;
    for (int nhwc = 0; nhwc < 2; nhwc++) {
        rig r;
        ref a, b;
        int32_t va, vb;
        rig_open(&r, 13);
        a = ref_random(-2, 2, DIMS(1, 5, 1, 4));
        b = ref_random(-2, 2, DIMS(2, 1, 3, 1));
        va = operand(&r, a, nhwc ? NHWC : ROWS);
        vb = operand(&r, b, ROWS);
        rig_expect(&r, rig_node(&r, NET_OP_SUB, va, vb), ref_binary(a, b, subtract));
        rig_expect(&r, rig_node(&r, NET_OP_DIV, vb, rig_node(&r, NET_OP_EXP, va)),
                   ref_binary(b, ref_unary(a, exp), divide));
        rig_check(&r);
    }
}

static void views_meet_in_functions_of_two_elements(void **state)
{
    rig r;
    ref a, b, ta, tb;
    int32_t va, vb;

    (void)state;
    rig_open(&r, 13);
    a = ref_random(-2, 2, DIMS(2, 4, 3, 6));
    b = ref_random(-2, 2, DIMS(3, 6, 4, 1));
    va = rig_node(&r, NET_OP_SLICE, rig_input(&r, a), rig_longs(&r, LONGS(-1)),
                  rig_longs(&r, LONGS(-99)), rig_longs(&r, LONGS(2)), rig_longs(&r, LONGS(-1)));
    ta = ref_slice(a, 2, -1, -99, -1);
    vb = rig_node(&r, NET_OP_TRANSPOSE, rig_input(&r, b));
    rig_ints(&r, "perm", LONGS(3, 2, 0, 1));
    tb = ref_transpose(b, DIMS(3, 2, 0, 1));
    rig_expect(&r, rig_node(&r, NET_OP_MUL, va, vb), ref_binary(ta, tb, multiply));
    rig_expect(&r, rig_node(&r, NET_OP_SUB, vb, va), ref_binary(tb, ta, subtract));
    va = rig_node(&r, NET_OP_SLICE, va, rig_longs(&r, LONGS(1)), rig_longs(&r, LONGS(99)),
                  rig_longs(&r, LONGS(3)), rig_longs(&r, LONGS(2)));
    ta = ref_slice(ta, 3, 1, 99, 2);
    b = ref_random(-2, 2, DIMS(2, 4, 3, 3));
    rig_expect(&r, rig_node(&r, NET_OP_SUB, rig_input(&r, b), va), ref_binary(b, ta, subtract));
    rig_check(&r);
}

static void max_and_min_take_any_number(void **state)
{
    rig r;
    ref a, b, c;
    int32_t va, vb, vc;

    (void)state;
    rig_open(&r, 13);
    a = ref_random(-2, 2, DIMS(1));
    b = ref_random(-2, 2, DIMS(3, 1, 1));
    c = ref_random(-2, 2, DIMS(2, 3, 4, 5));
    va = rig_input(&r, a);
    vb = rig_const(&r, b);
    vc = rig_input(&r, c);
    rig_expect(&r, rig_node(&r, NET_OP_MAX, va, vb, vc),
               ref_binary(ref_binary(a, b, fmax), c, fmax));
    rig_expect(&r, rig_node(&r, NET_OP_MIN, vc, vb, va),
               ref_binary(ref_binary(a, b, fmin), c, fmin));
    rig_expect(&r, rig_node(&r, NET_OP_MAX, vc), c);
    rig_check(&r);
}

static void an_exponent_may_be_an_integer(void **state)
{
    static const double square[] = {2};
    rig r;
    ref x;

    (void)state;
    rig_open(&r, 13);
    x = ref_random(-2, 2, DIMS(2, 3));
    rig_expect(&r, rig_node(&r, NET_OP_POW, rig_input(&r, x), rig_longs(&r, LONGS(2))),
               ref_binary(x, ref_values(1, square), pow));
    rig_check(&r);
}

/* ---- matrices ---- */

static void gemm_in_every_form(void **state)
{
    (void)state;
    for (int form = 0; form < 64; form++) {
        bool trans_a = form & 1, trans_b = form & 2, constant = !(form & 4);
        int bias = form >> 3 & 3; /* none, one for each column, one for all, [1][n] */
        size_t m = form & 32 ? 1 : 5, k = 7, n = 9;
        float alpha = constant && form % 3 == 0 ? 0.5f : 1, beta = form % 2 ? -2 : 1;
        rig r;
        ref a, b, y;
        int32_t in[3];
        int32_t out;
        rig_open(&r, 11);
        a = trans_a ? ref_random(-1, 1, DIMS(k, m)) : ref_random(-1, 1, DIMS(m, k));
        b = trans_b ? ref_random(-1, 1, DIMS(n, k)) : ref_random(-1, 1, DIMS(k, n));
        in[0] = rig_input(&r, a);
        in[1] = constant ? rig_const(&r, b) : rig_input(&r, b);
        y = ref_matmul(trans_a ? ref_transpose(a, DIMS(1, 0)) : a,
                       trans_b ? ref_transpose(b, DIMS(1, 0)) : b);
        y = ref_binary(y, ref_scalar((double)alpha), multiply);
        if (bias) {
            ref c = bias == 1   ? ref_random(-1, 1, DIMS(n))
                    : bias == 2 ? ref_random(-1, 1, DIMS(1))
                                : ref_random(-1, 1, DIMS(1, n));
            in[2] = rig_const(&r, c);
            y = ref_binary(y, ref_binary(c, ref_scalar((double)beta), multiply), add);
        }
        out = rig_node_of(&r, NET_OP_GEMM, bias ? 3 : 2, in);
        rig_int(&r, "transA", trans_a);
        rig_int(&r, "transB", trans_b);
        rig_float(&r, "alpha", alpha);
        rig_float(&r, "beta", beta);
        rig_expect(&r, out, y);
        rig_check(&r);
    }
}

static void relu_is_part_of_the_product(void **state)
{
    rig r;
    ref a, b, c, y;
    int32_t v;

    (void)state;
    rig_open(&r, 13);
    a = ref_random(-1, 1, DIMS(3, 20));
    b = ref_random(-1, 1, DIMS(20, 10));
    c = ref_random(-1, 1, DIMS(10));
    v = rig_node(&r, NET_OP_GEMM, rig_input(&r, a), rig_const(&r, b), rig_const(&r, c));
    y = ref_unary(ref_binary(ref_matmul(a, b), c, add), relu);
    rig_expect(&r, rig_node(&r, NET_OP_RELU, v), y);
    rig_expect_fused(&r, "Relu");
    rig_check(&r);
}

/* The columns of a product are not the channels of a map, even where there are as many. */
static void slopes_by_batch_are_not_slopes_by_column(void **state)
{
    (void)state;
    for (int rank = 3; rank <= 4; rank++) {
        rig r;
        ref a, b, slope, y;
        int32_t v;
        rig_open(&r, 13);
        a = rank == 3 ? ref_random(-1, 1, DIMS(4, 5, 6)) : ref_random(-1, 1, DIMS(2, 4, 5, 6));
        b = ref_random(-1, 1, DIMS(6, 4));
        slope = ref_random(-1, 1, DIMS(4, 1, 1));
        v = rig_node(&r, NET_OP_MATMUL, rig_input(&r, a), rig_const(&r, b));
        y = ref_binary(ref_matmul(a, b), slope, prelu);
        rig_expect(&r, rig_node(&r, NET_OP_PRELU, v, rig_const(&r, slope)), y);
        rig_check(&r);
    }
}

static const struct {
    size_t rank_a, a[REF_RANK], rank_b, b[REF_RANK];
} products[] = {
    {2, {3, 5}, 2, {5, 4}},
    {1, {5}, 1, {5}},
    {1, {5}, 2, {5, 4}},
    {2, {3, 5}, 1, {5}},
    {3, {2, 3, 5}, 3, {2, 5, 4}},
    {3, {2, 3, 5}, 2, {5, 4}},
    {2, {3, 5}, 3, {2, 5, 4}},
    {3, {1, 3, 5}, 3, {4, 5, 2}},
    {4, {2, 3, 4, 5}, 4, {2, 3, 5, 6}},
    {4, {2, 1, 4, 5}, 3, {3, 5, 6}},
    {4, {2, 3, 4, 5}, 1, {5}},
    {1, {5}, 3, {2, 5, 4}},
    {4, {2, 3, 4, 5}, 2, {5, 6}},
    {6, {2, 1, 2, 1, 3, 4}, 5, {3, 1, 2, 4, 2}},
    {2, {1, 300}, 2, {300, 40}},
    {2, {1, 1}, 2, {1, 1}},
};

static void products_broadcast_their_stacks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof products / sizeof *products; i++)
        for (int kind = 0; kind < 4; kind++) {
            rig r;
            ref a, b;
            int32_t va, vb;
            rig_open(&r, 13);
            a = ref_random(-1, 1, products[i].rank_a, products[i].a);
            b = ref_random(-1, 1, products[i].rank_b, products[i].b);
            va = operand(&r, a, kind == 0 ? ROWS : kind == 3 ? CONSTANT : NHWC);
            vb = operand(&r, b, kind == 1 ? CONSTANT : kind == 2 ? NHWC : ROWS);
            rig_expect(&r, rig_node(&r, NET_OP_MATMUL, va, vb), ref_matmul(a, b));
            rig_check(&r);
        }
}

/* Operands that are mirrored, repeated or transposed. */
static void products_of_views(void **state)
{
    rig r;
    ref a, b, c, ta, tb, tc;
    int32_t va, vb, vc;

    (void)state;
    rig_open(&r, 13);
    a = ref_random(-1, 1, DIMS(2, 5, 3));
    b = ref_random(-1, 1, DIMS(2, 5, 4));
    c = ref_random(-1, 1, DIMS(1, 4));
    va = rig_node(&r, NET_OP_TRANSPOSE, rig_input(&r, a));
    rig_ints(&r, "perm", LONGS(0, 2, 1));
    ta = ref_transpose(a, DIMS(0, 2, 1));
    vb = rig_node(&r, NET_OP_SLICE, rig_input(&r, b), rig_longs(&r, LONGS(-1, -1)),
                  rig_longs(&r, LONGS(-99, -99)), rig_longs(&r, LONGS(2, 0)),
                  rig_longs(&r, LONGS(-1, -1)));
    tb = ref_slice(ref_slice(b, 2, -1, -99, -1), 0, -1, -99, -1);
    vc = rig_node(&r, NET_OP_EXPAND, rig_input(&r, c), rig_longs(&r, LONGS(4, 4)));
    tc = ref_expand(c, DIMS(4, 4));
    rig_expect(&r, rig_node(&r, NET_OP_MATMUL, va, vb), ref_matmul(ta, tb));
    rig_expect(&r, rig_node(&r, NET_OP_MATMUL, vb, vc), ref_matmul(tb, tc));
    rig_expect(&r, rig_node(&r, NET_OP_MATMUL, vc, rig_const(&r, ref_transpose(tc, DIMS(1, 0)))),
               ref_matmul(tc, ref_transpose(tc, DIMS(1, 0))));
    rig_check(&r);
}

static void a_gemm_of_what_is_not_done_says_so(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        rig r;
        ref a, b, c;
        int32_t va, vb, vc, y;
        rig_open(&r, 13);
        a = ref_random(-1, 1, DIMS(3, 3));
        b = ref_random(-1, 1, DIMS(3, 3));
        c = ref_random(-1, 1, DIMS(3, 1));
        va = rig_input(&r, a);
        vb = rig_input(&r, b);
        vc = rig_const(&r, c);
        y = kind ? rig_node(&r, NET_OP_GEMM, va, vb) : rig_node(&r, NET_OP_GEMM, va, vb, vc);
        rig_float(&r, "alpha", kind ? 0.5f : 1);
        rig_expect(&r, y, a);
        rig_refused(&r, PFLD_ERR_UNSUPPORTED, "(Gemm)");
    }
}

/* ---- sums ---- */

static int32_t reduce_node(rig *r, net_op op, int32_t x, uint32_t axes, bool keep)
{
    int64_t list[REF_RANK];
    size_t n = 0;
    int32_t y;
    bool as_input = r->g->opset >= (op == NET_OP_REDUCE_SUM ? 13 : 18);

    for (int64_t i = 0; i < REF_RANK; i++)
        if (axes >> i & 1)
            list[n++] = i;
    y = as_input ? rig_node(r, op, x, rig_longs(r, n, list)) : rig_node(r, op, x);
    if (!as_input)
        rig_ints(r, "axes", n, list);
    rig_int(r, "keepdims", keep);
    return y;
}

static void reductions_over_any_axes(void **state)
{
    static const net_op ops[] = {NET_OP_REDUCE_MEAN, NET_OP_REDUCE_SUM, NET_OP_REDUCE_MAX};
    static const ref_reduction kinds[] = {REF_MEAN, REF_SUM, REF_MAX};

    (void)state;
    for (int64_t opset = 11; opset <= 18; opset += 7)
        for (size_t k = 0; k < 3; k++)
            for (uint32_t axes = 1; axes < 16; axes++) {
                bool keep = (axes + k) % 2;
                rig r;
                ref x;
                rig_open(&r, opset);
                x = ref_random(-2, 2, DIMS(2, 5, 3, 4));
                rig_expect(&r, reduce_node(&r, ops[k], rig_input(&r, x), axes, keep),
                           ref_reduce(x, kinds[k], axes, keep));
                rig_check(&r);
            }
}

static void reductions_of_views_and_of_nothing(void **state)
{
    rig r;
    ref x, t;
    int32_t v, y;

    (void)state;
    rig_open(&r, 18);
    x = ref_random(-2, 2, DIMS(2, 3, 4));
    v = rig_node(&r, NET_OP_SLICE, rig_input(&r, x), rig_longs(&r, LONGS(-1)),
                 rig_longs(&r, LONGS(-99)), rig_longs(&r, LONGS(2)), rig_longs(&r, LONGS(-2)));
    t = ref_slice(x, 2, -1, -99, -2);
    rig_expect(&r, reduce_node(&r, NET_OP_REDUCE_SUM, v, 6, false),
               ref_reduce(t, REF_SUM, 6, false));
    v = rig_node(&r, NET_OP_EXPAND, v, rig_longs(&r, LONGS(3, 2, 3, 2)));
    t = ref_expand(t, DIMS(3, 2, 3, 2));
    rig_expect(&r, reduce_node(&r, NET_OP_REDUCE_SUM, v, 9, true), ref_reduce(t, REF_SUM, 9, true));
    y = rig_node(&r, NET_OP_REDUCE_MEAN, v); /* all */
    rig_expect(&r, y, ref_reduce(t, REF_MEAN, 15, true));
    y = rig_node(&r, NET_OP_REDUCE_MEAN, v); /* none */
    rig_int(&r, "noop_with_empty_axes", 1);
    rig_expect(&r, y, t);
    rig_check(&r);
}

static void softmax_along_any_axis(void **state)
{
    (void)state;
    for (int64_t axis = -4; axis < 4; axis++) {
        rig r;
        ref x;
        int32_t y;
        rig_open(&r, 13);
        x = ref_random(-20, 20, DIMS(2, 5, 3, 4));
        y = rig_node(&r, NET_OP_SOFTMAX, rig_input(&r, x));
        rig_int(&r, "axis", axis);
        rig_expect(&r, y, ref_softmax(x, (size_t)(axis + 4) % 4));
        rig_check(&r);
    }
}

/* Before opset 13 the sum runs over the axis and all behind it, by default from axis 1. */
static void an_old_softmax_is_of_a_flattened_map(void **state)
{
    (void)state;
    for (int64_t axis = 0; axis <= 4; axis++) {
        rig r;
        ref x, flat;
        size_t dim[2] = {1, 1}, at = axis == 4 ? 1 : (size_t)axis;
        int32_t y;
        rig_open(&r, 11);
        x = ref_random(-20, 20, DIMS(2, 5, 3, 4));
        y = rig_node(&r, NET_OP_SOFTMAX, rig_input(&r, x));
        if (axis < 4)
            rig_int(&r, "axis", axis);
        for (size_t i = 0; i < 4; i++)
            dim[i >= at] *= x.dim[i];
        flat = ref_softmax(ref_reshape(x, 2, dim), 1);
        rig_expect(&r, y, ref_reshape(flat, 4, x.dim));
        rig_check(&r);
    }
}

static void softmax_of_huge_values_stays_finite(void **state)
{
    static const double huge[] = {3e38, 3e38, -3e38, 1};
    rig r;
    ref x;

    (void)state;
    rig_open(&r, 13);
    x = ref_values(4, huge);
    rig_expect(&r, rig_node(&r, NET_OP_SOFTMAX, rig_input(&r, x)), ref_softmax(x, 0));
    rig_check(&r);
}

/* ---- quantisation ---- */

static void quantisation_by_tensor_and_by_axis(void **state)
{
    (void)state;
    for (int64_t axis = -1; axis < 4; axis++)
        for (int sign = 0; sign < 2; sign++) {
            rig r;
            ref x, scale, zero, q;
            int32_t vs, vz, vq, vx;
            size_t n;
            rig_open(&r, 13);
            x = ref_random(-9, 9, DIMS(2, 5, 3, 4));
            n = axis < 0 ? 1 : x.dim[axis];
            scale = axis < 0 ? ref_random(0.02, 0.1, 0, NULL) : ref_random(0.02, 0.1, 1, &n);
            zero = ref_new(scale.rank, scale.dim);
            for (size_t i = 0; i < n; i++)
                zero.v[i] = (double)ref_index(200) - (sign ? 100 : 0);
            vs = rig_const(&r, scale);
            vz = rig_const_as(&r, sign ? NET_I8 : NET_U8, zero);
            vx = rig_input(&r, x);
            vq = rig_node(&r, NET_OP_QUANTIZE_LINEAR, vx, vs, vz);
            rig_int(&r, "axis", axis);
            q = ref_quantize(x, scale, zero, (size_t)axis, sign ? -128 : 0, sign ? 127 : 255);
            rig_expect(&r, vq, q);
            vx = rig_node(&r, NET_OP_DEQUANTIZE_LINEAR, vq, vs, vz);
            rig_int(&r, "axis", axis);
            rig_expect(&r, vx, ref_dequantize(q, scale, zero, (size_t)axis));
            rig_check(&r);
        }
}

static void quantisation_rounds_ties_to_even_and_saturates(void **state)
{
    static const double v[] = {-1e9, -1.5, -0.5, 0.5, 1.5, 2.5, 254.5, 255.5, 1e9};
    static const double want[] = {0, 0, 0, 0, 2, 2, 254, 255, 255};
    rig r;
    int32_t q;

    (void)state;
    rig_open(&r, 10);
    q = rig_node(&r, NET_OP_QUANTIZE_LINEAR, rig_input(&r, ref_values(9, v)),
                 rig_const(&r, ref_scalar(1)));
    rig_expect(&r, q, ref_values(9, want));
    rig_check(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_of_one_element),
        cmocka_unit_test(parameters_of_functions_are_used),
        cmocka_unit_test(functions_of_two_elements_broadcast),
        cmocka_unit_test(both_sides_may_be_repeated),
        cmocka_unit_test(views_meet_in_functions_of_two_elements),
        cmocka_unit_test(max_and_min_take_any_number),
        cmocka_unit_test(an_exponent_may_be_an_integer),
        cmocka_unit_test(gemm_in_every_form),
        cmocka_unit_test(relu_is_part_of_the_product),
        cmocka_unit_test(slopes_by_batch_are_not_slopes_by_column),
        cmocka_unit_test(products_broadcast_their_stacks),
        cmocka_unit_test(products_of_views),
        cmocka_unit_test(a_gemm_of_what_is_not_done_says_so),
        cmocka_unit_test(reductions_over_any_axes),
        cmocka_unit_test(reductions_of_views_and_of_nothing),
        cmocka_unit_test(softmax_along_any_axis),
        cmocka_unit_test(an_old_softmax_is_of_a_flattened_map),
        cmocka_unit_test(softmax_of_huge_values_stays_finite),
        cmocka_unit_test(quantisation_by_tensor_and_by_axis),
        cmocka_unit_test(quantisation_rounds_ties_to_even_and_saturates),
    };

    return cmocka_run_group_tests_name("infer_math", tests, NULL, NULL);
}
