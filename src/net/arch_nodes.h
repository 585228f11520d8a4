/* Layers of our own nets as graph nodes with fresh weights, counted while they are built. */
#ifndef NET_ARCH_NODES_H
#define NET_ARCH_NODES_H

#include "core/rng.h"
#include "net/graph.h"

#define ARCH_NAME 48 /* bytes of the names of nodes, values and constants */

typedef struct arch_builder {
    net_graph *g; /* NULL: nothing is built, only counted */
    rng random;
    bool failed;               /* memory ran out; sticky, and nothing is done any more */
    uint64_t macs, parameters; /* of the layers so far, batch normalisation folded */
} arch_builder;

typedef struct arch_map {
    int32_t value;
    int size, channels; /* [B][channels][size][size] */
} arch_map;

typedef struct arch_conv_shape {
    int channels, kernel, stride, pad, groups;
    bool relu;
} arch_conv_shape;

/* a and b behind each other, in buf. */
const char *arch_join(char buf[ARCH_NAME], const char *a, const char *b);
/* Notes a NET_NONE as memory that ran out. */
int32_t arch_checked(arch_builder *b, int32_t value);
uint64_t arch_product(int a, int b, int c);

/* OWNER.WHAT; returns its numbers, or NULL. */
float *arch_constant(arch_builder *b, const char *owner, const char *what, const net_shape *shape,
                     int32_t *value);
/* OWNER.weight: normal numbers of the given deviation. */
int32_t arch_weight(arch_builder *b, const char *owner, const net_shape *shape, double deviation);
/* A node whose one output has its name. */
int32_t arch_node(arch_builder *b, net_op op, const char *name, const int32_t *in, size_t n_in);
/* Attributes of the node that was added last. */
void arch_int(arch_builder *b, const char *name, int64_t v);
void arch_ints(arch_builder *b, const char *name, size_t n, const int64_t *v);
void arch_text(arch_builder *b, const char *name, const char *text);

/* The graph's input "input", and an output. */
int32_t arch_input(arch_builder *b, const net_shape *shape);
void arch_output(arch_builder *b, int32_t value, const net_shape *shape);

/* Convolution, batch normalisation, and ReLU where asked for: nodes NAME, NAME.bn, NAME.relu. */
arch_map arch_conv(arch_builder *b, arch_map x, const arch_conv_shape *c, const char *name);
/* A convolution with a bias of its own (all zero, in *bias) and nothing behind it. */
arch_map arch_conv_plain(arch_builder *b, arch_map x, const arch_conv_shape *c, double gain,
                         const char *name, float **bias);

#endif
