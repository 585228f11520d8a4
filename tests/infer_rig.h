/* Builds a small graph beside the answers that it must give, then runs it in every way we have. */
#ifndef TESTS_INFER_RIG_H
#define TESTS_INFER_RIG_H

#include "infer/infer.h"
#include "infer_ref.h"
#include "net/graph.h"

enum { RIG_MAX = 8 };

typedef struct rig {
    net_graph *g;
    ref fed[RIG_MAX], wanted[RIG_MAX]; /* of the graph's inputs and outputs */
    size_t n_fed, n_wanted;
    struct {
        const char *op;
        bool fused;
    } steps[RIG_MAX]; /* operators that have no step of their own, or must have one */
    size_t n_steps;
    double tolerance; /* of the largest output, or absolute where that is below 1 */
} rig;

void rig_open(rig *r, int64_t opset);

/* Values; every function returns what to pass to the next. */
int32_t rig_input(rig *r, ref t);
int32_t rig_const(rig *r, ref t);
int32_t rig_const_as(rig *r, net_dtype dtype, ref t);
int32_t rig_longs(rig *r, size_t n, const int64_t *v); /* a list of i64 */
/* The same elements; as the output of a pool, so they lie as NHWC. */
int32_t rig_nhwc(rig *r, int32_t x);

int32_t rig_node_of(rig *r, net_op op, size_t n_in, const int32_t *in);
#define rig_node(r, op, ...) rig_node_of(r, op, LIST_OF(int32_t, __VA_ARGS__))
void rig_node_split(rig *r, net_op op, size_t n_in, const int32_t *in, size_t n_out, int32_t *out);
/* Attributes of the node added last. */
void rig_int(rig *r, const char *name, int64_t v);
void rig_float(rig *r, const char *name, float v);
void rig_text(rig *r, const char *name, const char *v);
void rig_ints(rig *r, const char *name, size_t n, const int64_t *v);
#define LONGS(...) LIST_OF(int64_t, __VA_ARGS__)

void rig_expect(rig *r, int32_t value, ref t);
/* Of the compiled net, before net_fold(): no step is of this operator, or some are. */
void rig_expect_fused(rig *r, const char *op);
void rig_expect_kept(rig *r, const char *op);

/*
 * Runs the net by every instruction set, from row-major and from NHWC inputs, as built and after
 * net_fold(); after a run on NaN it must give the first run's bits again (nothing stale is read),
 * and inputs must stay as they were. Frees everything.
 */
void rig_check(rig *r);
/* Shapes or compiling must fail so, with a message that contains text. Frees everything. */
void rig_refused(rig *r, pfld_status status, const char *text);
/* The graph with its shapes inferred; freed by rig_close(). */
void rig_infer_shapes(rig *r);
void rig_close(rig *r);

#endif
