/* Reading what a node was given (attributes, constant inputs, axes), and refusing it. */
#ifndef NET_OP_INPUT_H
#define NET_OP_INPUT_H

#include "core/error.h"
#include "net/graph.h"

typedef struct net_at { /* where we are, for reading and for complaining */
    const net_graph *g;
    const net_node *node;
    pfld_error *err;
} net_at;

/* "node 'conv3' (Conv): " before the sentence. */
pfld_status net_fail(const net_at *at, pfld_status status, const char *fmt, ...) CORE_PRINTF(3, 4);

/* NULL where input i is left out. */
const net_value *net_in(const net_at *at, size_t i);
/* Of an input that is there. */
const net_shape *net_in_shape(const net_at *at, size_t i);

#define NET_MAX_LIST 64
typedef struct net_ints {
    bool given; /* false: left out, n is 0 */
    size_t n;
    int64_t v[NET_MAX_LIST];
} net_ints;

pfld_status net_ints_attr(const net_at *at, const char *name, net_ints *list);
/* From a constant i64 or i32 input of rank 0 or 1. */
pfld_status net_ints_input(const net_at *at, size_t i, net_ints *list);
/* As input i since an opset, as an attribute before. */
pfld_status net_ints_since(const net_at *at, int64_t opset, size_t i, const char *name,
                           net_ints *list);
/* The one number of a constant input; *v stays where the input is left out. */
pfld_status net_number_input(const net_at *at, size_t i, double *v);
/* The constant behind input i, or NULL where it is left out. */
pfld_status net_constant_input(const net_at *at, size_t i, const net_tensor **t);

/* -rank..rank-1 to 0..rank-1. */
pfld_status net_axis_fix(const net_at *at, int64_t axis, size_t rank, size_t *fixed);
/* A list of axes, fixed in place, and as bits; each may be there once. */
pfld_status net_axes_mask(const net_at *at, net_ints *axes, size_t rank, uint32_t *mask);

#endif
