/* ONNX's TensorProto into a constant of ours. */
#ifndef NET_ONNX_TENSOR_H
#define NET_ONNX_TENSOR_H

#include "core/bytes.h"
#include "net/graph.h"

/* The first bytes of a string of the file, for "%.*s" in a message. */
#define NET_ONNX_TEXT(b) (int)(bytes_left(&(b)) < 60 ? bytes_left(&(b)) : 60), (const char *)(b).at

/* What a data type of the file becomes in memory; false where we have no use for it. */
bool net_onnx_dtype(int64_t code, net_dtype *dtype);
/* Appends a dimension. False where the rank is at its limit. */
bool net_onnx_add_dim(net_shape *shape, int64_t dim);

/* Into a tensor of the graph's. label: what messages call one that has no name of its own. */
pfld_status net_onnx_tensor(bytes message, bytes label, net_graph *g, const net_tensor **out,
                            pfld_error *err);

#endif
