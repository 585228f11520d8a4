/* A neural net as data: values, nodes in running order, attributes, constants, metadata. */
#ifndef NET_GRAPH_H
#define NET_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "net/ops.h"
#include "pfld/pfld.h"

#define NET_MAX_RANK 6
#define NET_DIM_OPEN (-1) /* a dimension that the file leaves to the caller, like the batch */

typedef enum net_dtype { /* the codes of ONNX's TensorProto.DataType */
                         NET_F32 = 1,
                         NET_U8 = 2,
                         NET_I8 = 3,
                         NET_I32 = 6,
                         NET_I64 = 7,
                         NET_BOOL = 9,
                         NET_F16 = 10, /* read as f32 */
                         NET_F64 = 11, /* read as f32 */
} net_dtype;

typedef struct net_shape {
    int32_t rank;
    int64_t dim[NET_MAX_RANK]; /* outermost first; >= 0 or NET_DIM_OPEN */
} net_shape;

typedef struct net_quantised { /* what DequantizeLinear made a float constant of */
    const struct net_tensor *q;
    const float *scale;            /* [count], along axis of q */
    const struct net_tensor *zero; /* [count] of q's type, or NULL: 0 */
    size_t axis, count;
} net_quantised;

typedef struct net_tensor { /* a constant */
    net_dtype dtype; /* f32, i64, i32, u8, i8 or bool: wider kinds are converted on reading */
    net_shape shape;
    size_t count;              /* product of the dimensions */
    void *data;                /* [count], row-major, never NULL unless count is 0 */
    const net_quantised *from; /* NULL: floats from the start, or something was done to them */
} net_tensor;

typedef struct net_value {
    const char *name;
    net_dtype dtype;
    bool has_shape;
    net_shape shape;
    const net_tensor *constant; /* NULL where the value depends on the inputs */
} net_value;

typedef enum net_attr_kind { /* the codes of ONNX's AttributeProto.AttributeType */
                             NET_ATTR_FLOAT = 1,
                             NET_ATTR_INT = 2,
                             NET_ATTR_STRING = 3,
                             NET_ATTR_TENSOR = 4,
                             NET_ATTR_FLOATS = 6,
                             NET_ATTR_INTS = 7,
} net_attr_kind;

typedef struct net_attr {
    const char *name;
    net_attr_kind kind;
    size_t n;      /* of ints or floats */
    int64_t i;     /* NET_ATTR_INT */
    float f;       /* NET_ATTR_FLOAT */
    const char *s; /* NET_ATTR_STRING, 0-terminated */
    const int64_t *ints;
    const float *floats;
    const net_tensor *tensor;
} net_attr;

#define NET_NONE (-1) /* an optional input that is left out */

typedef struct net_node {
    net_op op;
    const char *name; /* never NULL; "" where the file has none */
    size_t n_in, n_out, n_attr, room_attr;
    int32_t *in, *out; /* indices into net_graph.values, or NET_NONE */
    net_attr *attr;
} net_node;

typedef struct net_meta {
    const char *key, *value;
} net_meta;

typedef struct net_graph {
    arena mem; /* owns all below */
    const char *name;
    int64_t opset;
    net_value *values;
    size_t n_values, room_values;
    net_node
        *nodes; /* each behind those whose outputs it reads, once net_graph_sort() was called */
    size_t n_nodes, room_nodes;
    int32_t *inputs, *outputs; /* indices into values; inputs without the constants */
    size_t n_inputs, room_inputs, n_outputs, room_outputs;
    net_meta *meta;
    size_t n_meta, room_meta;
} net_graph;

pfld_status net_graph_create(net_graph **out, pfld_error *err);
void net_graph_free(net_graph *g);
/* The same net in a graph of its own; constants and names are shared with src, which must
 * outlive it. So one file serves sessions of several input sizes. */
pfld_status net_graph_clone(const net_graph *src, net_graph **out, pfld_error *err);

/* Building. Names and arrays are copied into the graph. Each returns NET_NONE or NULL or false
 * where memory ran out. */
int32_t net_value_add(net_graph *g, const char *name, net_dtype dtype, const net_shape *shape);
/* data: count values, copied; NULL: zeroed, to be filled through the tensor's data. */
int32_t net_constant_add(net_graph *g, const char *name, net_dtype dtype, const net_shape *shape,
                         const void *data);
/* The same as a bare tensor, for a value that exists already. NULL as well where the shape is open
 * or too large. */
net_tensor *net_tensor_add(net_graph *g, net_dtype dtype, const net_shape *shape, const void *data);
net_node *net_node_add(net_graph *g, net_op op, const char *name, const int32_t *in, size_t n_in,
                       const int32_t *out, size_t n_out);
bool net_attr_add(net_graph *g, net_node *node, const net_attr *attr); /* deep copy */
bool net_input_add(net_graph *g, int32_t value);
bool net_output_add(net_graph *g, int32_t value);
/* Replaces the value of a key that is there already. */
bool net_meta_set(net_graph *g, const char *key, const char *value);

/* Reading. */
/* What an error calls the node: its name, else its first output's, else "?". */
const char *net_node_label(const net_graph *g, const net_node *node);
const char *net_meta_get(const net_graph *g, const char *key); /* NULL: not there */
const net_attr *net_attr_find(const net_node *node, const char *name);
#define NET_STOP "stop_gradient" /* an Identity's: 1 where no gradient of training goes through */
int64_t net_attr_int(const net_node *node, const char *name, int64_t otherwise);
float net_attr_float(const net_node *node, const char *name, float otherwise);
const char *net_attr_string(const net_node *node, const char *name, const char *otherwise);
size_t net_dtype_size(net_dtype dtype);
/* False where a dimension is open or the product does not fit. */
bool net_shape_count(const net_shape *shape, size_t *count);
bool net_shape_equal(const net_shape *a, const net_shape *b);
/* "1x3x112x112", "?" for an open dimension; buf is always terminated; returns buf. */
char *net_shape_text(const net_shape *shape, char *buf, size_t size);

/* Puts the nodes into running order. Fails with PFLD_ERR_FORMAT on a cycle, on a value that two
 * nodes write, and on one that is read but never written; names the node. */
pfld_status net_graph_sort(net_graph *g, pfld_error *err);

#endif
