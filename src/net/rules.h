/* Each operator's rule: from the inputs' shapes and kinds to the outputs'. */
#ifndef NET_RULES_H
#define NET_RULES_H

#include "net/op_params.h"

typedef struct net_result { /* of one node */
    size_t n;               /* of the entries; outputs beyond them have no rule */
    net_shape shape[NET_MAX_SPLIT];
    net_dtype dtype[NET_MAX_SPLIT];
} net_result;

/* The inputs that are there have closed shapes. Dimensions may still be beyond every limit. */
pfld_status net_rule_apply(const net_graph *g, const net_node *node, net_result *out,
                           pfld_error *err);

#endif
