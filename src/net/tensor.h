/* The elements of a constant, read and written whatever their kind. */
#ifndef NET_TENSOR_H
#define NET_TENSOR_H

#include "net/graph.h"

/* The same elements under another shape of the same count. */
net_tensor *net_tensor_view(net_graph *g, const net_tensor *t, const net_shape *shape);

/* Element i; floats are cut to integers, saturating, NaN to 0. */
int64_t net_tensor_int(const net_tensor *t, size_t i);
double net_tensor_number(const net_tensor *t, size_t i);
/* Integers wrap around as C's unsigned kinds do; bool becomes 0 or 1. */
void net_tensor_set_int(net_tensor *t, size_t i, int64_t v);
/* Into an integer kind as C does it, saturating, NaN to 0. */
void net_tensor_set_number(net_tensor *t, size_t i, double v);

#endif
