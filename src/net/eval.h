/* Computing a node whose inputs are all constants (or whose output is only a matter of shapes). */
#ifndef NET_EVAL_H
#define NET_EVAL_H

#include "net/graph.h"

typedef struct net_eval_budget { /* what a hostile file may still make us spend */
    size_t bytes;                /* of constants made */
    size_t work;                 /* elements read or written, multiply-adds */
} net_eval_budget;

/*
 * Allows for small nets' arithmetic, and for each constant being transformed a few times over at
 * four times its size (int8 weights become floats).
 */
net_eval_budget net_eval_budget_for(const net_graph *g);

/*
 * The outputs have their shapes and kinds. If the node can be computed now, gives each output its
 * constant and sets *done; the node itself stays. PFLD_ERR_UNSUPPORTED where the budget is spent,
 * PFLD_ERR_FORMAT where the arithmetic has no result (integer division by 0).
 */
pfld_status net_eval(net_graph *g, const net_node *node, net_eval_budget *budget, bool *done,
                     pfld_error *err);

#endif
