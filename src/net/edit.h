/* Rewriting a graph in place: who reads and who writes a value, going round a node, removing it. */
#ifndef NET_EDIT_H
#define NET_EDIT_H

#include "net/graph.h"

/* Removes the nodes that were marked by the operator NET_OP_NONE; the others keep their order. */
void net_edit_compact(net_graph *g);

typedef struct net_uses { /* of one value */
    int32_t writer;       /* a node's index, or NET_NONE */
    int32_t stands_for;   /* the value that its readers are to read instead, or NET_NONE */
    uint32_t readers;     /* inputs of nodes */
    bool is_output;       /* of the graph */
} net_uses;

typedef struct net_edit {
    net_graph *g;
    net_uses *uses; /* [n_values], room for room */
    size_t room;
} net_edit;

/* Of a sorted graph. net_edit_end() also after a failure. */
pfld_status net_edit_begin(net_edit *e, net_graph *g, pfld_error *err);
/* Lets every node read what its inputs stand for, removes marked nodes and those that nobody
 * reads. */
void net_edit_end(net_edit *e);

/* Call this on each node before looking at its inputs. */
void net_edit_resolve(net_edit *e, net_node *node);
/* The node that writes value and is not marked, or NULL. */
net_node *net_edit_writer(const net_edit *e, int32_t value);
/* True where exactly one input in the whole graph reads it, and the graph does not give it out. */
bool net_edit_is_private(const net_edit *e, int32_t value);

/* Marks a node as removed; what it read has fewer readers. */
void net_edit_remove(net_edit *e, net_node *node);
/* Removes a node whose first output always equals value, which comes before it; no other output
 * is read. False where it must stay, between a graph input or another output and a graph output. */
bool net_edit_bypass(net_edit *e, net_node *node, int32_t value);
/* before, whose output node alone reads, writes node's output itself; node is removed. */
void net_edit_absorb(net_edit *e, net_node *before, net_node *node);
/* Input i of a node, which may be one behind its last, becomes value. False: out of memory. */
bool net_edit_set_input(net_edit *e, net_node *node, size_t i, int32_t value);
/* The node becomes op of x alone, without attributes. */
void net_edit_become(net_edit *e, net_node *node, net_op op, int32_t x);
/* A fresh float constant, zeroed, named after the value that it belongs to. */
int32_t net_edit_constant(net_edit *e, const char *name, const net_shape *shape, float **data);
/* A fresh value; NET_NONE: out of memory. */
int32_t net_edit_value(net_edit *e, const char *name, net_dtype dtype, const net_shape *shape);
/* A node of two inputs behind all others: pointers to nodes change, and the graph wants sorting. */
bool net_edit_append(net_edit *e, net_op op, const char *name, const int32_t in[2], int32_t out);
/* Sets an attribute in place of one of the same name. */
bool net_edit_set_attr(net_edit *e, net_node *node, const net_attr *attr);
void net_edit_drop_attr(net_node *node, const char *name);

#endif
