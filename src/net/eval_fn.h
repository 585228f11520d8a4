/* What eval.c knows of the functions that fill an output. */
#ifndef NET_EVAL_FN_H
#define NET_EVAL_FN_H

#include "net/op_input.h"

/* Fills the outputs, which have the kinds and shapes that the rules found; data is zeroed. */
typedef pfld_status net_eval_fn(const net_at *at, net_tensor *const *out);

/* eval_math.c: element by element. */
net_eval_fn net_eval_unary, net_eval_binary, net_eval_equal, net_eval_where, net_eval_clip,
    net_eval_cast, net_eval_quantize, net_eval_dequantize;
/* eval_reduce.c: sums over elements, and numbers from nothing. */
net_eval_fn net_eval_reduce, net_eval_matmul, net_eval_range, net_eval_shape,
    net_eval_constant_of_shape, net_eval_constant;
/* eval_move.c: elements to other places. */
net_eval_fn net_eval_concat, net_eval_expand, net_eval_gather, net_eval_pad, net_eval_slice,
    net_eval_split, net_eval_tile, net_eval_transpose;

/* The constant behind input i, which is there. */
const net_tensor *net_eval_in(const net_at *at, size_t i);

#endif
