/* Folding: what is left of small nets, and that they still compute the same numbers. */
#include "net_text.h"

#include <float.h>
#include <math.h>

#include "net/broadcast.h"
#include "net/fold.h"
#include "net/op_params.h"
#include "net/shape.h"

/* A second, plain way to run a net, in doubles: only what the nets below use. */
typedef struct plain {
    const net_graph *g;
    const net_node *node;
    double **v; /* [n_values] of each value's elements */
} plain;

static const net_shape *shape_of(const plain *p, int32_t value)
{
    return &p->g->values[value].shape;
}

static size_t count_of(const plain *p, int32_t value)
{
    size_t n = 0;
    assert_true(net_shape_count(shape_of(p, value), &n));
    return n;
}

static size_t at4(const net_shape *s, int64_t n, int64_t c, int64_t y, int64_t x)
{
    return (size_t)(((n * s->dim[1] + c) * s->dim[2] + y) * s->dim[3] + x);
}

static bool inside(const net_shape *s, int64_t y, int64_t x)
{
    return y >= 0 && y < s->dim[2] && x >= 0 && x < s->dim[3];
}

static void run_conv(plain *p)
{
    const int32_t *in = p->node->in, out = p->node->out[0];
    const net_shape *x = shape_of(p, in[0]), *w = shape_of(p, in[1]), *y = shape_of(p, out);
    bool transposed = p->node->op == NET_OP_CONV_TRANSPOSE;
    const net_shape *from = transposed ? y : x, *to = transposed ? x : y;
    net_conv_params c;
    assert_int_equal(net_conv_get(p->g, p->node, &c, NULL), PFLD_OK);
    for (size_t i = 0; i < count_of(p, out); i++)
        p->v[out][i] = p->node->n_in > 2
                           ? p->v[in[2]][i / (size_t)(y->dim[2] * y->dim[3]) % (size_t)y->dim[1]]
                           : 0;
    int64_t wide = w->dim[1], m_per_group = to->dim[1] / (int64_t)c.groups;
    for (int64_t n = 0; n < x->dim[0]; n++)
        for (int64_t m = 0; m < to->dim[1]; m++) /* the strided side's channel */
            for (int64_t k = 0; k < wide; k++)
                for (int64_t q = 0; q < to->dim[2] * to->dim[3] * w->dim[2] * w->dim[3]; q++) {
                    int64_t kx = q % w->dim[3], ky = q / w->dim[3] % w->dim[2];
                    int64_t r = q / w->dim[3] / w->dim[2];
                    int64_t sx = r % to->dim[3], sy = r / to->dim[3];
                    int64_t fy =
                        sy * (int64_t)c.stride[0] + ky * (int64_t)c.dilation[0] - (int64_t)c.pad[0];
                    int64_t fx =
                        sx * (int64_t)c.stride[1] + kx * (int64_t)c.dilation[1] - (int64_t)c.pad[1];
                    int64_t fc = m / m_per_group * wide + k;
                    if (!inside(from, fy, fx))
                        continue;
                    double weight = p->v[in[1]][at4(w, m, k, ky, kx)];
                    size_t a = at4(to, n, m, sy, sx), b = at4(from, n, fc, fy, fx);
                    if (transposed)
                        p->v[out][b] += weight * p->v[in[0]][a];
                    else
                        p->v[out][a] += weight * p->v[in[0]][b];
                }
}

static void run_gemm(plain *p)
{
    const int32_t *in = p->node->in;
    net_gemm_params m;
    assert_int_equal(net_gemm_get(p->g, p->node, &m, NULL), PFLD_OK);
    double *y = p->v[p->node->out[0]];
    for (size_t i = 0; i < m.m; i++)
        for (size_t j = 0; j < m.n; j++) {
            double sum = 0;
            for (size_t k = 0; k < m.k; k++)
                sum += p->v[in[0]][m.trans_a ? k * m.m + i : i * m.k + k] *
                       p->v[in[1]][m.trans_b ? j * m.k + k : k * m.n + j];
            y[i * m.n + j] = sum * (double)m.alpha;
            if (p->node->n_in < 3)
                continue;
            const net_shape *c = shape_of(p, in[2]);
            int64_t stride[NET_MAX_RANK];
            net_broadcast_strides(c, shape_of(p, p->node->out[0]), stride);
            size_t at = (size_t)((int64_t)i * stride[0] + (int64_t)j * stride[1]);
            y[i * m.n + j] += p->v[in[2]][at] * (double)m.beta;
        }
}

static void run_batch_norm(plain *p)
{
    net_batch_norm_params b;
    const net_shape *x = shape_of(p, p->node->in[0]);
    size_t inner = 1;
    assert_int_equal(net_batch_norm_get(p->g, p->node, &b, NULL), PFLD_OK);
    for (int32_t i = 2; i < x->rank; i++)
        inner *= (size_t)x->dim[i];
    for (size_t i = 0; i < count_of(p, p->node->in[0]); i++) {
        size_t c = i / inner % b.channels;
        double from = p->v[p->node->in[0]][i] - (double)b.mean[c];
        p->v[p->node->out[0]][i] =
            from / sqrt((double)b.var[c] + b.epsilon) * (double)b.scale[c] + (double)b.bias[c];
    }
}

static void run_binary(plain *p)
{
    net_walk w = {.shape = *shape_of(p, p->node->out[0]), .n = 2};
    for (size_t k = 0; k < 2; k++)
        net_broadcast_strides(shape_of(p, p->node->in[k]), &w.shape, w.stride[k]);
    for (size_t i = 0; i < count_of(p, p->node->out[0]); i++, net_walk_step(&w)) {
        double a = p->v[p->node->in[0]][w.offset[0]], b = p->v[p->node->in[1]][w.offset[1]];
        p->v[p->node->out[0]][i] = p->node->op == NET_OP_ADD   ? a + b
                                   : p->node->op == NET_OP_SUB ? a - b
                                   : p->node->op == NET_OP_MUL ? a * b
                                                               : a / b;
    }
}

static double unary_of(const plain *p, double x)
{
    net_unary_params u = net_unary_get(p->node);
    net_clip_params c;
    switch (p->node->op) {
    case NET_OP_RELU:
    case NET_OP_CLIP:
        assert_int_equal(net_clip_get(p->g, p->node, &c, NULL), PFLD_OK);
        return fmin(fmax(x, (double)c.lo), (double)c.hi);
    case NET_OP_HARD_SIGMOID:
        return fmin(fmax(x * (double)u.alpha + (double)u.beta, 0), 1);
    case NET_OP_HARD_SWISH:
        return x * fmin(fmax(x / 6 + 0.5, 0), 1);
    default:
        return x; /* the operators that only rename or reshape */
    }
}

static void run_unary(plain *p)
{
    assert_int_equal(count_of(p, p->node->in[0]), count_of(p, p->node->out[0]));
    for (size_t i = 0; i < count_of(p, p->node->out[0]); i++)
        p->v[p->node->out[0]][i] = unary_of(p, p->v[p->node->in[0]][i]);
}

static void run_pool(plain *p)
{
    const net_shape *x = shape_of(p, p->node->in[0]), *y = shape_of(p, p->node->out[0]);
    net_pool_params q;
    assert_int_equal(net_pool_get(p->g, p->node, &q, NULL), PFLD_OK);
    for (size_t i = 0; i < count_of(p, p->node->out[0]); i++) {
        int64_t ox = (int64_t)i % y->dim[3], oy = (int64_t)i / y->dim[3] % y->dim[2];
        size_t map = i / (size_t)(y->dim[2] * y->dim[3]);
        double sum = 0, largest = -HUGE_VAL, n = 0;
        for (int64_t t = 0; t < (int64_t)(q.kernel[0] * q.kernel[1]); t++) {
            int64_t iy = oy * (int64_t)q.stride[0] +
                         t / (int64_t)q.kernel[1] * (int64_t)q.dilation[0] - (int64_t)q.pad[0];
            int64_t ix = ox * (int64_t)q.stride[1] +
                         t % (int64_t)q.kernel[1] * (int64_t)q.dilation[1] - (int64_t)q.pad[1];
            bool counts = iy < x->dim[2] + (int64_t)q.pad[2] && ix < x->dim[3] + (int64_t)q.pad[3];
            bool real = inside(x, iy, ix);
            n += q.count_pad ? counts : real;
            if (!real)
                continue;
            double v = p->v[p->node->in[0]]
                           [map * (size_t)(x->dim[2] * x->dim[3]) + (size_t)(iy * x->dim[3] + ix)];
            sum += v;
            largest = fmax(largest, v);
        }
        p->v[p->node->out[0]][i] = q.mean ? sum / n : largest;
    }
}

/* Slice, Pad and Transpose: each output element comes from one place, or is the padding. */
static void run_move(plain *p)
{
    const net_shape *x = shape_of(p, p->node->in[0]);
    net_walk w = {.shape = *shape_of(p, p->node->out[0])};
    net_slice_params s;
    net_pad_params d;
    net_transpose_params t;
    int64_t stride[NET_MAX_RANK];
    net_strides(x, stride);
    for (size_t i = 0; i < count_of(p, p->node->out[0]); i++, net_walk_step(&w)) {
        int64_t from = 0;
        bool real = true;
        for (int32_t a = 0; a < x->rank; a++) {
            int64_t k = w.index[a];
            if (p->node->op == NET_OP_SLICE) {
                assert_int_equal(net_slice_get(p->g, p->node, &s, NULL), PFLD_OK);
                k = s.start[a] + k * s.step[a];
            } else if (p->node->op == NET_OP_PAD) {
                assert_int_equal(net_pad_get(p->g, p->node, &d, NULL), PFLD_OK);
                k -= d.before[a];
            } else {
                assert_int_equal(net_transpose_get(p->g, p->node, &t, NULL), PFLD_OK);
                from += k * stride[t.perm[a]];
                continue;
            }
            real &= k >= 0 && k < x->dim[a];
            from += k * stride[a];
        }
        p->v[p->node->out[0]][i] = real ? p->v[p->node->in[0]][from] : d.value;
    }
}

static void run_node(plain *p)
{
    switch (p->node->op) {
    case NET_OP_CONV:
    case NET_OP_CONV_TRANSPOSE:
        run_conv(p);
        break;
    case NET_OP_GEMM:
        run_gemm(p);
        break;
    case NET_OP_BATCH_NORM:
        run_batch_norm(p);
        break;
    case NET_OP_ADD:
    case NET_OP_SUB:
    case NET_OP_MUL:
    case NET_OP_DIV:
        run_binary(p);
        break;
    case NET_OP_AVERAGE_POOL:
    case NET_OP_MAX_POOL:
        run_pool(p);
        break;
    case NET_OP_SLICE:
    case NET_OP_PAD:
    case NET_OP_TRANSPOSE:
        run_move(p);
        break;
    default:
        run_unary(p);
    }
}

/* Fills the inputs with the same numbers for every graph, -2..4 so that clamps matter. */
static void run_plain(plain *p, const net_graph *g)
{
    *p = (plain){.g = g, .v = calloc(g->n_values, sizeof *p->v)};
    for (size_t i = 0; i < g->n_values; i++) {
        const net_tensor *t = g->values[i].constant;
        if (!g->values[i].has_shape)
            continue; /* left behind by a rewrite */
        p->v[i] = calloc(count_of(p, (int32_t)i) + 1, sizeof **p->v);
        for (size_t k = 0; t && k < t->count; k++)
            p->v[i][k] = net_tensor_number(t, k);
    }
    for (size_t i = 0; i < g->n_inputs; i++)
        for (size_t k = 0; k < count_of(p, g->inputs[i]); k++)
            p->v[g->inputs[i]][k] = (double)((k * 7919 + i * 31 + 17) % 601) / 100.0 - 2.0;
    for (size_t i = 0; i < g->n_nodes; i++) {
        p->node = &g->nodes[i];
        run_node(p);
    }
}

static void free_plain(plain *p)
{
    for (size_t i = 0; i < p->g->n_values; i++)
        free(p->v[i]);
    free(p->v);
}

static void compare(const char *net, const net_graph *before, const net_graph *after)
{
    plain a, b;
    run_plain(&a, before);
    run_plain(&b, after);
    for (size_t i = 0; i < before->n_outputs; i++) {
        int32_t from = before->outputs[i], to = after->outputs[i];
        double spread = 0, worst = 0;
        assert_true(net_shape_equal(shape_of(&a, from), shape_of(&b, to)));
        for (size_t k = 0; k < count_of(&a, from); k++) {
            spread = fmax(spread, fabs(a.v[from][k]));
            double off = fabs(a.v[from][k] - b.v[to][k]);
            worst = off <= worst ? worst : off; /* NaN too */
        }
        if (!(worst <= 1e-6 * spread) || spread == 0)
            fail_msg("%s: output %d is off by %g of %g", net, (int)i, worst, spread);
    }
    free_plain(&a);
    free_plain(&b);
}

typedef struct fold_case {
    int64_t opset;
    const char *net;
    const char *want; /* the operators that are left, in running order */
} fold_case;

static void check_case(const fold_case *c)
{
    pfld_error err = {0};
    net_graph *g = net_from_text(c->opset, c->net), *folded = NULL;
    char got[256] = "";
    if (net_infer_shapes(g, &err) != PFLD_OK || net_graph_clone(g, &folded, &err) != PFLD_OK ||
        net_fold(folded, &err) != PFLD_OK)
        fail_msg("%s: %s", c->net, err.msg);
    for (size_t i = 0; i < folded->n_nodes; i++) {
        if (i)
            strcat(got, " ");
        strcat(got, net_op_get(folded->nodes[i].op)->name);
    }
    if (strcmp(got, c->want) != 0)
        fail_msg("opset %d: %s\n    leaves '%s', not '%s'", (int)c->opset, c->net, got, c->want);
    compare(c->net, g, folded);
    assert_int_equal(net_graph_sort(folded, &err), PFLD_OK);
    assert_int_equal(net_infer_shapes(folded, &err), PFLD_OK); /* still a sound net */
    net_graph_free(folded);
    net_graph_free(g);
}

static void check_cases(const fold_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_case(&cases[i]);
}
#define CHECK(cases) check_cases(cases, sizeof(cases) / sizeof *(cases))

#define X    "in x 2x4x5x6; "
#define NORM "#f[1.5,-2,0.5,1],#f[1,2,-3,0.25],#f[0.5,-1,2,0],#f[1,0.25,4,0.01]"

static void batch_norm_goes_into_the_layer_before(void **state)
{
    static const fold_case cases[] = {
        {9, X "c = Conv(x,#r4x4x3x3); y = BatchNormalization(c," NORM "); out y", "Conv"},
        {9, X "c = Conv(x,#r4x4x3x3,#r4); y = BatchNormalization(c," NORM ") epsilon=0.1; out y",
         "Conv"},
        {9,
         X "c = Conv(x,#r4x1x3x3) group=4; b = BatchNormalization(c," NORM "); y = Relu(b); out y",
         "Conv Relu"},
        {9, X "c = Conv(x,#r4x2x1x1) group=2; y = BatchNormalization(c," NORM "); out y", "Conv"},
        {11,
         X "c = ConvTranspose(x,#r4x4x2x2) strides=[2,2]; y = BatchNormalization(c," NORM
           "); out y",
         "ConvTranspose"},
        {11,
         X "c = ConvTranspose(x,#r4x2x3x2,#r4) group=2 dilations=[1,2] output_padding=[0,0];"
           "y = BatchNormalization(c," NORM "); out y",
         "ConvTranspose"},
        {9, "in x 3x5; c = Gemm(x,#r5x4,#r4); y = BatchNormalization(c," NORM "); out y", "Gemm"},
        {9,
         "in x 3x5; c = Gemm(x,#r4x5,#r1x4) transB=1 alpha=0.5 beta=3.0;"
         "y = BatchNormalization(c," NORM "); out y",
         "Gemm"},
        {9,
         "in x 5x3; c = Gemm(x,#r5x4,#f2.5) transA=1 beta=0.5; y = BatchNormalization(c," NORM
         "); out y",
         "Gemm"},
        {11, "in x 3x5; c = Gemm(x,#r5x4); y = BatchNormalization(c," NORM "); out y", "Gemm"},
        /* a bias for each row is none of the channels' */
        {11, "in x 4x5; c = Gemm(x,#r5x4,#r4x1); y = BatchNormalization(c," NORM "); out y",
         "Gemm Mul Add"},
        /* somebody else needs the layer's own output */
        {9, X "c = Conv(x,#r4x4x1x1); b = BatchNormalization(c," NORM "); y = Add(b,c); out y",
         "Conv Mul Add Add"},
        {9, X "c = Conv(x,#r4x4x1x1); y = BatchNormalization(c," NORM "); out y; out c",
         "Conv Mul Add"},
        {9, X "in w 4x4x1x1; c = Conv(x,w); y = BatchNormalization(c," NORM "); out y",
         "Conv Mul Add"},
        {9, X "y = BatchNormalization(x," NORM "); z = Relu(y); out z", "Mul Add Relu"},
        {9, "in x 3x4; y = BatchNormalization(x," NORM "); out y", "Mul Add"},
        {9, "in x 3x4x2; y = BatchNormalization(x," NORM "); out y", "Mul Add"},
    };
    (void)state;
    CHECK(cases);
}

static void constants_by_channel_go_into_the_layer_before(void **state)
{
    static const fold_case cases[] = {
        {9, X "c = Conv(x,#r3x4x3x3); y = Mul(c,#r3x1x1); out y", "Conv"},
        {9, X "c = Conv(x,#r3x4x3x3,#r3); y = Add(#r1x3x1x1,c); out y", "Conv"},
        {9, X "c = Conv(x,#r3x4x3x3); y = Sub(c,#f0.5); out y", "Conv"},
        {9, X "c = Conv(x,#r3x4x3x3,#r3); y = Sub(#r3x1x1,c); out y", "Conv"},
        {9, X "c = Conv(x,#r3x4x3x3,#r3); y = Div(c,#f[127.5]); out y", "Conv"},
        {9, X "c = Conv(x,#r3x4x3x3,#r3); d = Div(#f1.0,c); y = Clip(d) min=-9.0 max=9.0; out y",
         "Conv Div Clip"},
        {9,
         X "c = Conv(x,#r3x4x3x3); m = Mul(c,#r3x1x1); a = Add(m,#r3x1x1); s = Sub(a,#f1.5);"
           "y = Relu(s); out y",
         "Conv Relu"},
        {9, X "c = Conv(x,#r3x4x3x3); y = Mul(c,#r4); out y", "Conv Mul"}, /* by column */
        {9, X "c = Conv(x,#r3x4x3x3); y = Mul(c,#r1x3x3x4); out y", "Conv Mul"},
        {9, "in x 1x4x3x3; c = Conv(x,#r3x4x3x3); y = Mul(c,#r2x3x1x1); out y", "Conv Mul"},
        {9, "in x 1x4x3x3; c = Conv(x,#r1x4x3x3); y = Mul(c,#r5x1x1); out y", "Conv Mul"},
        {9, X "c = Conv(x,#r3x4x3x3); y = Mul(c,c); out y", "Conv Mul"},
        {9, X "c = Conv(x,#r3x4x3x3); r = Relu(c); y = Mul(r,#f2.0); out y", "Conv Relu Mul"},
        {9, "in x 3x5; c = Gemm(x,#r5x4,#r4); y = Add(c,#r4); out y", "Gemm"},
        {9, "in x 3x5; c = Gemm(x,#r5x4,#r4); y = Add(c,#r3x1); out y", "Gemm Add"},
        /* a shared weight is changed for one reader only */
        {9,
         X
         "const w r3x4x1x1; a = Conv(x,w); b = Mul(a,#r3x1x1); c = Conv(x,w); y = Add(b,c); out y",
         "Conv Conv Add"},
    };
    (void)state;
    CHECK(cases);
}

static void padding_goes_into_the_window_behind_it(void **state)
{
    static const fold_case cases[] = {
        {9, X "p = Pad(x) pads=[0,0,1,2,0,0,3,4]; y = Conv(p,#r3x4x3x3) strides=[2,1]; out y",
         "Conv"},
        {11, X "p = Pad(x,#[0,0,1,2,0,0,3,4],#f0); y = Conv(p,#r3x4x3x3) pads=[1,0,0,2]; out y",
         "Conv"},
        {11,
         X
         "p = Pad(x,#[0,0,0,0,0,0,1,1]); y = Conv(p,#r3x4x3x3) strides=[2,2] auto_pad=VALID; out y",
         "Conv"},
        {11,
         X "p = Pad(x,#[0,0,0,0,0,0,1,1]); y = Conv(p,#r3x4x3x3) strides=[2,2] "
           "auto_pad=SAME_UPPER; out y",
         "Conv"},
        {18, X "p = Pad(x,#[1,1],-,#[2]); y = Conv(p,#r3x4x3x3); out y", "Conv"},
        /* two readers: both do without it */
        {9,
         X "p = Pad(x) pads=[0,0,1,1,0,0,1,1]; a = Conv(p,#r3x4x3x3); b = Conv(p,#r3x4x3x3);"
           "y = Add(a,b); out y",
         "Conv Conv Add"},
        {9, X "p = Pad(x) pads=[0,0,1,1,0,0,1,1]; y = Conv(p,#r3x4x3x3); out y; out p", "Pad Conv"},
        {9, X "p = Pad(x) pads=[0,0,1,1,0,0,1,1] value=0.5; y = Conv(p,#r3x4x3x3); out y",
         "Pad Conv"},
        {9, X "p = Pad(x) pads=[0,0,-1,1,0,0,0,0]; y = Conv(p,#r3x4x3x3); out y", "Pad Conv"},
        {9, X "p = Pad(x) pads=[0,1,0,0,0,0,1,1]; y = Conv(p,#r3x5x3x3); out y", "Pad Conv"},
        {9, X "p = Pad(x) pads=[0,0,1,1,0,0,1,1]; y = AveragePool(p) kernel_shape=[3,3]; out y",
         "AveragePool"},
        {9,
         X "p = Pad(x) pads=[0,0,1,0,0,0,0,1];"
           "y = AveragePool(p) kernel_shape=[3,3] pads=[1,1,1,1] count_include_pad=1; out y",
         "AveragePool"},
        /* its own padding is not counted, the Pad's is */
        {9,
         X "p = Pad(x) pads=[0,0,1,1,0,0,1,1]; y = AveragePool(p) kernel_shape=[3,3] "
           "pads=[1,1,1,1]; out y",
         "Pad AveragePool"},
        {9, X "p = Pad(x) pads=[0,0,2,2,0,0,2,2]; y = AveragePool(p) kernel_shape=[2,2]; out y",
         "Pad AveragePool"},
        /* with ceil_mode the last window starts in what the Pad added */
        {10,
         "in x 1x1x3x4; p = Pad(x) pads=[0,0,0,0,0,0,1,1];"
         "y = AveragePool(p) kernel_shape=[2,2] strides=[3,3] ceil_mode=1; out y",
         "Pad AveragePool"},
        {10, X "p = Pad(x) pads=[0,0,1,1,0,0,1,1]; y = MaxPool(p) kernel_shape=[3,3]; out y",
         "Pad MaxPool"},
        {10,
         X
         "r = Relu(x); p = Pad(r) pads=[0,0,1,1,0,0,1,1]; y = MaxPool(p) kernel_shape=[3,3]; out y",
         "Relu MaxPool"},
        {11, X "p = Pad(x,#[0,0,1,1,0,0,1,1],#f-inf); y = MaxPool(p) kernel_shape=[3,3]; out y",
         "MaxPool"},
    };
    (void)state;
    CHECK(cases);
}

static void nodes_that_change_nothing_go(void **state)
{
    static const fold_case cases[] = {
        {9, X "i = Identity(x); y = Relu(i); out y", "Relu"},
        {9, X "r = Relu(x); y = Identity(r); out y", "Relu"},
        {9, X "r = Relu(x); y = Identity(r); z = Identity(r); out y; out z", "Relu Identity"},
        {9, X "r = Relu(x); a = Add(r,x); y = Identity(r); out y; out a", "Relu Add"},
        {9, X "y = Identity(x); out y", "Identity"}, /* from an input to an output */
        {9, X "r = Relu(x); d,m = Dropout(r); y = Clip(d) min=0.0 max=1.0; out y", "Relu Clip"},
        {9, X "r = Cast(x) to=1; y = Relu(r); out y", "Relu"},
        {9, X "s = Slice(x) starts=[0,0] ends=[4,99] axes=[1,2]; y = Relu(s); out y", "Relu"},
        {9, X "s = Slice(x) starts=[1] ends=[4] axes=[1]; y = Relu(s); out y", "Slice Relu"},
        {10, X "s = Slice(x,#[-1],#[-9],#[1],#[-1]); y = Relu(s); out y", "Slice Relu"},
        {9, X "r = Reshape(x,#[0,4,0,-1]); y = Relu(r); out y", "Relu"},
        {9, X "r = Reshape(x,#[2,-1]); y = Relu(r); out y", "Reshape Relu"},
        {9, X "t = Transpose(x) perm=[0,1,2,3]; y = Relu(t); out y", "Relu"},
        {9, "in x 1x1x5; t = Transpose(x) perm=[1,0,2]; y = Relu(t); out y", "Relu"},
        {9, "in x 3x3; t = Transpose(x); y = Relu(t); out y", "Transpose Relu"},
        {9,
         X "a = Transpose(x) perm=[0,2,3,1]; b = Transpose(a) perm=[0,3,1,2]; y = Relu(b); out y",
         "Relu"},
        {9,
         X "a = Transpose(x) perm=[0,2,3,1]; b = Transpose(a) perm=[0,2,3,1]; y = Relu(b); out y",
         "Transpose Transpose Relu"},
        {9, X "c = Concat(x) axis=1; s = Split(c); y = Relu(s); out y", "Relu"},
        {9, X "p = AveragePool(x) kernel_shape=[1,1]; y = Relu(p); out y", "Relu"},
        {9, X "p = AveragePool(x) kernel_shape=[1,1] strides=[2,2]; y = Relu(p); out y",
         "AveragePool Relu"},
        {9, X "p = Pad(x) pads=[0,0,0,0,0,0,0,0]; y = Relu(p); out y", "Relu"},
        {9, X "p = Pad(x) pads=[0,0,1,0,0,0,-1,0]; y = Relu(p); out y", "Pad Relu"},
        {11, X "p = Resize(x,#z0,#f[1,1,1,1]); y = Relu(p); out y", "Relu"},
        {11, X "p = Clip(x); y = Relu(p); out y", "Relu"},
        {9, X "p = Add(x,#f0.0); q = Mul(#f1.0,p); r = Div(q,#f1.0); y = Relu(r); out y", "Relu"},
        {9, X "p = Sub(#f0.0,x); y = Relu(p); out y", "Sub Relu"},
        {9, X "a = Relu(x); b = Conv(a,#r4x4x1x1); y = Relu(x); out y",
         "Relu"}, /* nobody reads b */
        {9, X "i = Identity(x); j = Identity(i); k = Identity(j); y = Add(k,i); out y", "Add"},
    };
    (void)state;
    CHECK(cases);
}

static void hard_activations_are_recognised(void **state)
{
    static const fold_case cases[] = {
        {9, X "h = HardSigmoid(x) alpha=0.16666667 beta=0.5; y = Mul(x,h); out y", "HardSwish"},
        {9, X "h = HardSigmoid(x) alpha=0.2 beta=0.5; y = Mul(x,h); out y", "HardSigmoid Mul"},
        {9, X "a = Add(x,#f3); c = Clip(a) min=0.0 max=6.0; m = Mul(x,c); y = Div(m,#f6); out y",
         "HardSwish"},
        {11, X "a = Add(#f3,x); c = Clip(a,#f0,#f6); d = Div(c,#f6); y = Mul(d,x); out y",
         "HardSwish"},
        {11, X "a = Add(x,#f3); c = Clip(a,#f0,#f6); y = Mul(c,#f0.16666667); out y",
         "HardSigmoid"},
        {11, X "a = Add(x,#f3); c = Clip(a,#f0,#f6); m = Mul(x,c); y = Div(m,#f6); out y; out c",
         "Add Clip Mul Div"},
        {11, X "a = Add(x,#f3); c = Clip(a,#f0,#f6); m = Mul(a,c); y = Div(m,#f6); out y",
         "Add Clip Mul Div"},
        {11, X "a = Add(x,#f3); c = Clip(a,#f0,#f5); y = Div(c,#f6); out y", "Add Clip Div"},
        {11,
         X "c = Conv(x,#r4x4x1x1); a = Add(c,#f3); r = Clip(a,#f0,#f6); m = Mul(c,r);"
           "y = Div(m,#f6); out y",
         "Conv HardSwish"},
    };
    (void)state;
    CHECK(cases);
}

static void folding_leaves_shared_constants_alone(void **state)
{
    net_graph *g = net_from_text(
        9, X "const w r4x4x1x1; c = Conv(x,w); y = BatchNormalization(c," NORM "); out y");
    net_graph *folded;
    (void)state;
    const net_tensor *w = g->values[text_value(g, "w")].constant;
    float *was = malloc(w->count * sizeof *was);
    assert_non_null(was);
    memcpy(was, w->data, w->count * sizeof *was);
    assert_int_equal(net_infer_shapes(g, NULL), PFLD_OK);
    assert_int_equal(net_graph_clone(g, &folded, NULL), PFLD_OK);
    assert_int_equal(net_fold(folded, NULL), PFLD_OK);
    assert_memory_equal(was, w->data, w->count * sizeof *was);
    assert_int_equal(g->n_nodes, 2);
    assert_int_equal(folded->n_nodes, 1);
    const net_tensor *fresh = folded->values[folded->nodes[0].in[1]].constant;
    assert_ptr_not_equal(fresh, w);
    assert_true(memcmp(was, fresh->data, w->count * sizeof *was) != 0);
    free(was);
    net_graph_free(folded);
    net_graph_free(g);
}

/* A small file must not become a large net: one weight that a thousand layers scale. */
static void folding_has_a_budget(void **state)
{
    enum { LAYERS = 400 };
    net_graph *g = net_from_text(9, "in x 1x512x1x1; const w z512x512x1x1");
    net_shape shape = {4, {1, 512, 1, 1}};
    const float two = 2;
    int32_t w = text_value(g, "w"), from = text_value(g, "x");
    int32_t by = net_constant_add(g, "by", NET_F32, &(net_shape){0}, &two);
    (void)state;
    for (int i = 0; i < LAYERS; i++) {
        char name[32];
        int32_t out[2];
        for (int k = 0; k < 2; k++) {
            snprintf(name, sizeof name, "%c%d", "cm"[k], i);
            out[k] = net_value_add(g, name, NET_F32, &shape);
        }
        assert_non_null(net_node_add(g, NET_OP_CONV, "", (int32_t[]){from, w}, 2, &out[0], 1));
        assert_non_null(net_node_add(g, NET_OP_MUL, "", (int32_t[]){out[0], by}, 2, &out[1], 1));
        from = out[1];
    }
    assert_true(net_output_add(g, from));
    assert_int_equal(net_infer_shapes(g, NULL), PFLD_OK);
    size_t before = g->mem.used;
    assert_int_equal(net_fold(g, NULL), PFLD_OK);
    assert_true(g->mem.used - before < (size_t)96 << 20);
    assert_true(g->n_nodes > LAYERS && g->n_nodes < 2 * LAYERS);
    net_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_norm_goes_into_the_layer_before),
        cmocka_unit_test(constants_by_channel_go_into_the_layer_before),
        cmocka_unit_test(padding_goes_into_the_window_behind_it),
        cmocka_unit_test(nodes_that_change_nothing_go),
        cmocka_unit_test(hard_activations_are_recognised),
        cmocka_unit_test(folding_leaves_shared_constants_alone),
        cmocka_unit_test(folding_has_a_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
