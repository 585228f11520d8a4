/* The single rewrites that net_fold() tries on every node. */
#ifndef NET_FOLD_STEPS_H
#define NET_FOLD_STEPS_H

#include "net/edit.h"

typedef enum fold_result { FOLD_NOTHING, FOLD_DONE, FOLD_NOMEM } fold_result;

typedef struct fold_state {
    net_edit edit;
    size_t budget; /* elements of constants that may still be made: without it, many nodes that
                      share one large constant would grow a small file without limit */
} fold_state;

/* The node's inputs are resolved; after FOLD_DONE its operator may be NET_OP_NONE. */
typedef fold_result fold_step(fold_state *s, net_node *node);

fold_step fold_noop;       /* goes round a node that changes nothing */
fold_step fold_affine;     /* per-channel multiplication and addition into the weights before */
fold_step fold_pad;        /* zero padding into the window that reads it */
fold_step fold_hard_unary; /* clip(x + 3, 0, 6) / 6 and x times that, as exporters spell them */

/* The BatchNormalization at that index becomes Mul, in its place, and Add, behind all nodes. */
fold_result fold_split_batch_norm(fold_state *s, size_t index);

/* True where node is op with one constant of a single element, which does not change the shape:
 * *x is the other input. */
bool fold_scalar_operand(const net_graph *g, const net_node *node, int32_t *x, double *scalar);

#endif
