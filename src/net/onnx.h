/* ONNX files in and out: protobuf's wire format read with bounds, no generated code. */
#ifndef NET_ONNX_H
#define NET_ONNX_H

#include "net/graph.h"

/*
 * Reads a model of opset 9 to 21 (7, 8 and 22 happen to be the same to us); buf may go afterwards.
 * The graph is sorted; Constant nodes and initialisers are constants, also those that the file
 * lists among its inputs. Inputs and outputs have the shapes that the file states, other values
 * none: those are for inference to find. Every failure is PFLD_ERR_FORMAT, _UNSUPPORTED (the
 * message names operator and node) or _NOMEM. Memory stays below a small multiple of size.
 */
pfld_status net_onnx_read(const void *buf, size_t size, net_graph **out, pfld_error *err);

/*
 * Writes an ONNX file (ir 8, the graph's opset) into *buf, freed with mem_free(). Constants that
 * nobody reads are left out; values without a name of their own get one. Some readers insist on
 * the shapes of inputs and outputs: give them before. Fails with PFLD_ERR_NOMEM, and with
 * _UNSUPPORTED beyond protobuf's 2 GiB.
 */
pfld_status net_onnx_write(const net_graph *g, uint8_t **buf, size_t *size, pfld_error *err);

#endif
