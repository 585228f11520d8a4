/* Shapes that meet each other, and walking several tensors in step. */
#ifndef NET_BROADCAST_H
#define NET_BROADCAST_H

#include "net/graph.h"

/* NumPy's rule: aligned at the innermost axis, a length of 1 repeats. False where they clash. */
bool net_broadcast(const net_shape *a, const net_shape *b, net_shape *out);
/* True where a, repeated, has the shape b. */
bool net_broadcasts_to(const net_shape *a, const net_shape *b);

/* Elements from one index to the next along each axis, row-major. */
void net_strides(const net_shape *shape, int64_t stride[NET_MAX_RANK]);
/* The same seen through the larger shape `to`: 0 along repeated axes. */
void net_broadcast_strides(const net_shape *shape, const net_shape *to,
                           int64_t stride[NET_MAX_RANK]);

#define NET_WALK_MAX 3
/*
 * Goes through a shape row-major while offsets into up to three tensors follow their strides:
 * fill shape, n, stride and offset (their starts); then as many net_walk_step() as there are
 * elements, each after its element was used.
 */
typedef struct net_walk {
    net_shape shape;
    size_t n;
    int64_t stride[NET_WALK_MAX][NET_MAX_RANK];
    int64_t offset[NET_WALK_MAX];
    int64_t index[NET_MAX_RANK];
} net_walk;
void net_walk_step(net_walk *w);

#endif
