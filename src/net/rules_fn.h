/* What the table in rules.c knows of the rules in other files. */
#ifndef NET_RULES_FN_H
#define NET_RULES_FN_H

#include "net/op_input.h"
#include "net/rules.h"

/* On entry out is one output with the shape and kind of input 0. */
typedef pfld_status net_rule_fn(const net_at *at, net_result *out);

/* rules_move.c */
net_rule_fn net_rule_concat, net_rule_constant_of_shape, net_rule_expand, net_rule_flatten,
    net_rule_gather, net_rule_pad, net_rule_reshape, net_rule_shape, net_rule_slice, net_rule_split,
    net_rule_squeeze, net_rule_tile, net_rule_transpose, net_rule_unsqueeze;

#endif
