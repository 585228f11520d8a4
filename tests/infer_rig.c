/* Builds a small graph beside the answers that it must give, then runs it in every way we have. */
#include "infer_rig.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/cpu.h"
#include "net/fold.h"
#include "net/shape.h"
#include "net/tensor.h"

void rig_open(rig *r, int64_t opset)
{
    *r = (rig){.tolerance = 4e-6};
    ref_seed(17);
    assert_int_equal(net_graph_create(&r->g, NULL), PFLD_OK);
    r->g->opset = opset;
}

void rig_close(rig *r)
{
    net_graph_free(r->g);
    ref_free_all();
    *r = (rig){0};
}

/* ---- building ---- */

static net_shape shape_of(const ref *t)
{
    net_shape s = {.rank = (int32_t)t->rank};

    for (size_t i = 0; i < t->rank; i++)
        s.dim[i] = (int64_t)t->dim[i];
    return s;
}

static const char *fresh_name(const rig *r, char name[16])
{
    snprintf(name, 16, "v%zu", r->g->n_values);
    return name;
}

int32_t rig_input(rig *r, ref t)
{
    net_shape shape = shape_of(&t);
    char name[16];
    int32_t v = net_value_add(r->g, fresh_name(r, name), NET_F32, &shape);

    assert_true(v != NET_NONE && r->n_fed < RIG_MAX && net_input_add(r->g, v));
    r->fed[r->n_fed++] = t;
    return v;
}

int32_t rig_const_as(rig *r, net_dtype dtype, ref t)
{
    net_shape shape = shape_of(&t);
    char name[16];
    int32_t v = net_constant_add(r->g, fresh_name(r, name), dtype, &shape, NULL);

    assert_true(v != NET_NONE);
    for (size_t i = 0; i < t.n; i++) {
        net_tensor copy = *r->g->values[v].constant; /* its data is not const */
        net_tensor_set_number(&copy, i, t.v[i]);
    }
    return v;
}

int32_t rig_const(rig *r, ref t)
{
    return rig_const_as(r, NET_F32, t);
}

int32_t rig_longs(rig *r, size_t n, const int64_t *v)
{
    net_shape shape = {.rank = 1, .dim = {(int64_t)n}};
    char name[16];
    int32_t value = net_constant_add(r->g, fresh_name(r, name), NET_I64, &shape, v);

    assert_true(value != NET_NONE);
    return value;
}

void rig_node_split(rig *r, net_op op, size_t n_in, const int32_t *in, size_t n_out, int32_t *out)
{
    char name[16];

    for (size_t i = 0; i < n_out; i++)
        out[i] = net_value_add(r->g, fresh_name(r, name), NET_F32, NULL);
    assert_non_null(net_node_add(r->g, op, "", in, n_in, out, n_out));
}

int32_t rig_node_of(rig *r, net_op op, size_t n_in, const int32_t *in)
{
    int32_t out;

    rig_node_split(r, op, n_in, in, 1, &out);
    return out;
}

static void add_attr(rig *r, net_attr a)
{
    assert_true(net_attr_add(r->g, &r->g->nodes[r->g->n_nodes - 1], &a));
}

void rig_int(rig *r, const char *name, int64_t v)
{
    add_attr(r, (net_attr){.name = name, .kind = NET_ATTR_INT, .i = v});
}

void rig_float(rig *r, const char *name, float v)
{
    add_attr(r, (net_attr){.name = name, .kind = NET_ATTR_FLOAT, .f = v});
}

void rig_text(rig *r, const char *name, const char *v)
{
    add_attr(r, (net_attr){.name = name, .kind = NET_ATTR_STRING, .s = v});
}

void rig_ints(rig *r, const char *name, size_t n, const int64_t *v)
{
    add_attr(r, (net_attr){.name = name, .kind = NET_ATTR_INTS, .n = n, .ints = v});
}

int32_t rig_nhwc(rig *r, int32_t x)
{
    int32_t y = rig_node(r, NET_OP_MAX_POOL, x);

    rig_ints(r, "kernel_shape", LONGS(1, 1));
    return y;
}

void rig_expect(rig *r, int32_t value, ref t)
{
    assert_true(r->n_wanted < RIG_MAX && net_output_add(r->g, value));
    r->wanted[r->n_wanted++] = t;
}

static void expect_step(rig *r, const char *op, bool fused)
{
    assert_true(r->n_steps < RIG_MAX);
    r->steps[r->n_steps].op = op;
    r->steps[r->n_steps++].fused = fused;
}

void rig_expect_fused(rig *r, const char *op)
{
    expect_step(r, op, true);
}

void rig_expect_kept(rig *r, const char *op)
{
    expect_step(r, op, false);
}

void rig_infer_shapes(rig *r)
{
    pfld_error err = {0};

    if (net_graph_sort(r->g, &err) != PFLD_OK || net_infer_shapes(r->g, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
}

/* ---- running ---- */

typedef struct run { /* one compiled net */
    const rig *r;
    infer_net *net;
    bool nhwc;
    const char *what; /* for messages */
} run;

/* Where element i of a tensor lies in an input. */
static size_t input_position(const run *n, const ref *t, size_t i)
{
    size_t c, pixels;

    if (!n->nhwc || t->rank != 4)
        return i;
    pixels = t->dim[2] * t->dim[3];
    c = i / pixels % t->dim[1];
    return (i / (pixels * t->dim[1]) * pixels + i % pixels) * t->dim[1] + c;
}

static void feed(const run *n, bool nan)
{
    for (size_t k = 0; k < n->r->n_fed; k++) {
        infer_tensor in = infer_input(n->net, k);
        const ref *t = &n->r->fed[k];
        assert_int_equal(in.count, t->n);
        for (size_t i = 0; i < t->n; i++)
            in.data[input_position(n, t, i)] = nan ? NAN : (float)t->v[i];
    }
}

static void check_fed(const run *n)
{
    for (size_t k = 0; k < n->r->n_fed; k++) {
        infer_tensor in = infer_input(n->net, k);
        const ref *t = &n->r->fed[k];
        for (size_t i = 0; i < t->n; i++)
            if (in.data[input_position(n, t, i)] != (float)t->v[i])
                fail_msg("%s: input %zu changed at %zu", n->what, k, i);
    }
}

static void check_shape(const run *n, const infer_tensor *out, const ref *want)
{
    bool same = out->shape.rank == (int32_t)want->rank && out->count == want->n;

    for (size_t i = 0; i < want->rank && same; i++)
        same = out->shape.dim[i] == (int64_t)want->dim[i];
    if (!same) {
        char text[64];
        fail_msg("%s: output '%s' is %s", n->what, out->name,
                 net_shape_text(&out->shape, text, sizeof text));
    }
}

static void check_output(const run *n, size_t k)
{
    infer_tensor out = infer_output(n->net, k);
    const ref *want = &n->r->wanted[k];
    double largest = 1;

    check_shape(n, &out, want);
    for (size_t i = 0; i < want->n; i++)
        largest = fmax(largest, fabs(want->v[i]));
    for (size_t i = 0; i < want->n; i++)
        if (!(fabs((double)out.data[i] - want->v[i]) <= n->r->tolerance * largest))
            fail_msg("%s: output %zu is %.9g at %zu of %zu, %.9g wanted", n->what, k,
                     (double)out.data[i], i, want->n, want->v[i]);
}

static void check_steps(const run *n)
{
    for (size_t k = 0; k < n->r->n_steps; k++) {
        size_t count = 0;
        for (size_t i = 0; i < infer_step_count(n->net); i++)
            count += strcmp(infer_step(n->net, i).op, n->r->steps[k].op) == 0;
        if (n->r->steps[k].fused != (count == 0))
            fail_msg("%s: %zu steps of %s", n->what, count, n->r->steps[k].op);
    }
}

static float *copy_output(const run *n, size_t k)
{
    infer_tensor out = infer_output(n->net, k);
    float *copy = malloc(out.count * sizeof *copy);

    assert_non_null(copy);
    memcpy(copy, out.data, out.count * sizeof *copy);
    return copy;
}

static void check_run(const run *n)
{
    float *first[RIG_MAX];

    feed(n, false);
    infer_run(n->net);
    check_fed(n);
    for (size_t k = 0; k < n->r->n_wanted; k++) {
        check_output(n, k);
        first[k] = copy_output(n, k);
    }
    feed(n, true);
    infer_run(n->net);
    feed(n, false);
    infer_run(n->net);
    for (size_t k = 0; k < n->r->n_wanted; k++) {
        infer_tensor out = infer_output(n->net, k);
        if (memcmp(first[k], out.data, out.count * sizeof *out.data) != 0)
            fail_msg("%s: output %zu differs after a run on NaN", n->what, k);
        free(first[k]);
    }
}

static void check_graph(const rig *r, const net_graph *g, bool folded)
{
    static const struct {
        pfld_isa isa;
        const char *name;
    } sets[] = {{PFLD_ISA_SCALAR, "scalar"},
                {PFLD_ISA_AVX2, "avx2"},
                {PFLD_ISA_AVX512, "avx512"},
                {PFLD_ISA_NEON, "neon"}};

    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        for (int nhwc = 0; nhwc < 2 && cpu_best(sets[i].isa) == sets[i].isa; nhwc++) {
            char what[64];
            arena mem = {0};
            pfld_error err = {0};
            run n = {.r = r, .nhwc = nhwc, .what = what};
            snprintf(what, sizeof what, "%s, %s input%s", sets[i].name, nhwc ? "NHWC" : "NCHW",
                     folded ? ", folded" : "");
            if ((nhwc ? infer_create_nhwc(g, sets[i].isa, NULL, &mem, &n.net, &err)
                      : infer_create(g, sets[i].isa, &mem, &n.net, &err)) != PFLD_OK)
                fail_msg("%s: %s", what, err.msg);
            assert_int_equal(infer_input_count(n.net), r->n_fed);
            assert_int_equal(infer_output_count(n.net), r->n_wanted);
            check_run(&n);
            if (!folded)
                check_steps(&n);
            arena_free(&mem);
        }
}

void rig_check(rig *r)
{
    net_graph *folded;
    pfld_error err = {0};

    assert_true(r->n_wanted > 0);
    rig_infer_shapes(r);
    check_graph(r, r->g, false);
    assert_int_equal(net_graph_clone(r->g, &folded, NULL), PFLD_OK);
    if (net_fold(folded, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    check_graph(r, folded, true);
    net_graph_free(folded);
    rig_close(r);
}

void rig_refused(rig *r, pfld_status status, const char *text)
{
    pfld_error err = {0};
    arena mem = {0};
    infer_net *net = NULL;
    pfld_status st = net_graph_sort(r->g, &err);

    if (st == PFLD_OK)
        st = net_infer_shapes(r->g, &err);
    if (st == PFLD_OK)
        st = infer_create(r->g, PFLD_ISA_AUTO, &mem, &net, &err);
    assert_null(net);
    arena_free(&mem);
    rig_close(r);
    if (st != status || !strstr(err.msg, text))
        fail_msg("status %d: %s", (int)st, err.msg);
    assert_int_equal(err.status, status);
}
