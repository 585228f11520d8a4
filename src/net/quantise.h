/* Post-training quantisation: a float net and its maps' ranges to 8-bit numbers, as ONNX's QDQ. */
#ifndef NET_QUANTISE_H
#define NET_QUANTISE_H

#include "core/arena.h"
#include "net/graph.h"

/*
 * What becomes of a graph's values and nodes: from the graph alone, before any range is known.
 * Between the inputs and the last Conv or Gemm every value is u8; what comes behind those, and so
 * every output, stays float.
 */
typedef struct net_quant_plan {
    int32_t *group;  /* [n_values] the value whose scale it shares; NET_NONE: stays float */
    uint8_t *counts; /* [n_values] 1: what it holds makes its group's range; a value in front of a
                        ReLU does not, since its negative half is of no use */
    int32_t *writes; /* [n_nodes] what the node writes in the quantised graph: its first output, or
                        that of a ReLU behind it, which a clamp at zero point 0 replaces; NET_NONE:
                        it is such a ReLU */
    arena mem;
} net_quant_plan; /* zeroed: empty */

/*
 * g is folded (net_fold()), so its shapes are known. PFLD_ERR_UNSUPPORTED: quantised already, an
 * operator that is not done in 8 bits here (the message names the node), or no weights at all.
 */
pfld_status net_quant_plan_make(const net_graph *g, net_quant_plan *out, pfld_error *err);
void net_quant_plan_free(net_quant_plan *p);

/* Conv and Gemm: input 1 is weights, input 2, where there is one, a bias. */
bool net_quant_has_weights(const net_node *node);

/* Of its output, whose number of elements is that of a bias. */
size_t net_quant_channels(const net_graph *g, const net_node *node);

/* Adds more [channels] to the bias of a float graph's Conv or Gemm, in a constant of its own.
 * False: memory ran out. */
bool net_quant_add_bias(net_graph *g, size_t node, const double *more);

/* Turns a net of x into one of x - shift: what reads the input gets its share by the bias. At
 * borders that are padded, what stands for 0 there is moved by shift. PFLD_ERR_UNSUPPORTED where
 * the input is read by something without weights. */
pfld_status net_quant_shift_input(net_graph *g, double shift, pfld_error *err);

typedef struct net_range {
    float lo, hi; /* 0 counts in whatever these are: it must be exact */
} net_range;

typedef struct net_quant { /* real = scale * (number - zero) */
    float scale;           /* > 0 */
    int32_t zero;          /* 0..255 */
} net_quant;

/* The u8 numbers that cover the range; of what is not negative, zero is 0. */
net_quant net_quant_of(net_range r);

/*
 * A graph of its own, whose values of g have the same indices, and whose constants and names may be
 * g's, which must outlive it. range [n_values]: only those of groups are read. Weights are s8, -127
 * to 127, with a scale for each output channel; biases are s32 at scale input * weight.
 */
pfld_status net_quantise(const net_graph *g, const net_quant_plan *p, const net_range *range,
                         net_graph **out, pfld_error *err);

#endif
