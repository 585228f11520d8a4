/* What the parts of the ONNX reader share. */
#ifndef NET_ONNX_NODE_H
#define NET_ONNX_NODE_H

#include "core/bytes.h"
#include "net/graph.h"
#include "net/names.h"

typedef struct net_onnx_reader {
    net_graph *g;
    net_names values; /* a value's name in the file to its index */
    int32_t *ids;     /* scratch: a node's inputs and outputs */
    size_t room_ids;
    pfld_error *err;
} net_onnx_reader;

/* A string of the file, copied; it must be UTF-8 without a 0 byte, as protobuf has it. */
pfld_status net_onnx_string(const net_onnx_reader *r, bytes text, const char **out);
/* The value of that name, new where nobody has mentioned it yet. */
pfld_status net_onnx_value(net_onnx_reader *r, bytes name, int32_t *value);
pfld_status net_onnx_damaged(const net_onnx_reader *r, const char *where);

/* One NodeProto into the graph. A Constant gives its value at once and leaves no node. */
pfld_status net_onnx_node(net_onnx_reader *r, bytes message);

#endif
