/* From the inputs' shapes to everybody's, with all that is constant computed on the way. */
#ifndef NET_SHAPE_H
#define NET_SHAPE_H

#include "net/graph.h"

/* Fixes the shape of graph input i; fails where it contradicts what the file states. */
pfld_status net_input_set_shape(net_graph *g, size_t i, const net_shape *shape, pfld_error *err);

/*
 * Gives every value its shape and dtype, and turns into a constant what depends on constants and
 * shapes only (exporters' Shape/Gather/Concat/Reshape chains, transposed weights, dequantised
 * weights): those nodes leave the graph; a graph output among them keeps its constant, without a
 * node. All inputs must have closed shapes. What a file states of inner values is replaced. A shape
 * that disagrees with the operator's rule is PFLD_ERR_FORMAT; one that grows beyond
 * NET_MAX_ELEMENTS, an empty map and constants that together take more than 64 MiB plus eight times
 * those of the file are PFLD_ERR_UNSUPPORTED; the message names the node. After a failure the graph
 * is of no use.
 */
pfld_status net_infer_shapes(net_graph *g, pfld_error *err);

#define NET_MAX_ELEMENTS ((size_t)1 << 28) /* of one value: 1 GiB of floats */

#endif
