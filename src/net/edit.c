/* Rewriting a graph in place: who reads and who writes a value, going round a node, removing it. */
#include "net/edit.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"

void net_edit_compact(net_graph *g)
{
    size_t kept = 0;
    for (size_t i = 0; i < g->n_nodes; i++)
        if (g->nodes[i].op != NET_OP_NONE)
            g->nodes[kept++] = g->nodes[i];
    g->n_nodes = kept;
}

pfld_status net_edit_begin(net_edit *e, net_graph *g, pfld_error *err)
{
    *e = (net_edit){.g = g, .room = g->n_values};
    e->uses = mem_alloc(g->n_values, sizeof *e->uses);
    if (!e->uses)
        return error_nomem(err);
    for (size_t v = 0; v < g->n_values; v++)
        e->uses[v] = (net_uses){.writer = NET_NONE, .stands_for = NET_NONE};
    for (size_t i = 0; i < g->n_outputs; i++)
        e->uses[g->outputs[i]].is_output = true;
    for (size_t i = 0; i < g->n_nodes; i++) {
        const net_node *node = &g->nodes[i];
        for (size_t k = 0; k < node->n_in; k++)
            if (node->in[k] != NET_NONE)
                e->uses[node->in[k]].readers++;
        for (size_t k = 0; k < node->n_out; k++)
            if (node->out[k] != NET_NONE)
                e->uses[node->out[k]].writer = (int32_t)i;
    }
    return PFLD_OK;
}

static bool is_wanted(const net_edit *e, const net_node *node)
{
    for (size_t k = 0; k < node->n_out; k++)
        if (node->out[k] != NET_NONE &&
            (e->uses[node->out[k]].readers || e->uses[node->out[k]].is_output))
            return true;
    return false;
}

void net_edit_end(net_edit *e)
{
    net_graph *g = e->g;
    for (size_t i = 0; e->uses && i < g->n_nodes; i++)
        net_edit_resolve(e, &g->nodes[i]);
    for (size_t i = e->uses ? g->n_nodes : 0; i-- > 0;)
        if (g->nodes[i].op != NET_OP_NONE && !is_wanted(e, &g->nodes[i]))
            net_edit_remove(e, &g->nodes[i]);
    net_edit_compact(g);
    mem_free(e->uses);
    *e = (net_edit){0};
}

void net_edit_resolve(net_edit *e, net_node *node)
{
    for (size_t k = 0; k < node->n_in; k++)
        while (node->in[k] != NET_NONE && e->uses[node->in[k]].stands_for != NET_NONE)
            node->in[k] = e->uses[node->in[k]].stands_for;
}

net_node *net_edit_writer(const net_edit *e, int32_t value)
{
    int32_t writer = value == NET_NONE ? NET_NONE : e->uses[value].writer;
    return writer == NET_NONE ? NULL : &e->g->nodes[writer];
}

bool net_edit_is_private(const net_edit *e, int32_t value)
{
    return e->uses[value].readers == 1 && !e->uses[value].is_output;
}

void net_edit_remove(net_edit *e, net_node *node)
{
    for (size_t k = 0; k < node->n_in; k++)
        if (node->in[k] != NET_NONE)
            e->uses[node->in[k]].readers--;
    for (size_t k = 0; k < node->n_out; k++)
        if (node->out[k] != NET_NONE && net_edit_writer(e, node->out[k]) == node)
            e->uses[node->out[k]].writer = NET_NONE;
    node->op = NET_OP_NONE;
}

/* All readers of `from` read `to` from now on. */
static void redirect(net_edit *e, int32_t from, int32_t to)
{
    e->uses[to].readers += e->uses[from].readers;
    e->uses[from].readers = 0;
    e->uses[from].stands_for = to;
}

/* writer gives out `to` in place of `from`. */
static void rename_output(net_edit *e, net_node *writer, int32_t from, int32_t to)
{
    for (size_t k = 0; k < writer->n_out; k++)
        if (writer->out[k] == from)
            writer->out[k] = to;
    e->uses[to].writer = e->uses[from].writer;
    e->uses[from].writer = NET_NONE;
}

bool net_edit_bypass(net_edit *e, net_node *node, int32_t value)
{
    int32_t from = value, to = node->out[0];
    net_node *writer = net_edit_writer(e, from);
    if (!e->uses[to].is_output) {
        net_edit_remove(e, node);
        redirect(e, to, from);
        return true;
    }
    if (!writer || e->uses[from].is_output)
        return false;
    net_edit_remove(e, node);
    rename_output(e, writer, from, to);
    redirect(e, from, to);
    return true;
}

void net_edit_absorb(net_edit *e, net_node *before, net_node *node)
{
    int32_t from = before->out[0], to = node->out[0];
    assert(net_edit_is_private(e, from));
    net_edit_remove(e, node);
    rename_output(e, before, from, to);
}

bool net_edit_set_input(net_edit *e, net_node *node, size_t i, int32_t value)
{
    assert(i <= node->n_in);
    if (i == node->n_in) {
        int32_t *in = arena_alloc(&e->g->mem, node->n_in + 1, sizeof *in);
        if (!in)
            return false;
        memcpy(in, node->in, node->n_in * sizeof *in);
        in[node->n_in++] = NET_NONE;
        node->in = in;
    }
    if (node->in[i] != NET_NONE)
        e->uses[node->in[i]].readers--;
    node->in[i] = value;
    e->uses[value].readers++;
    return true;
}

void net_edit_become(net_edit *e, net_node *node, net_op op, int32_t x)
{
    e->uses[x].readers++;
    for (size_t k = 0; k < node->n_in; k++)
        if (node->in[k] != NET_NONE)
            e->uses[node->in[k]].readers--;
    node->in[0] = x;
    node->n_in = 1;
    node->n_attr = 0;
    node->op = op;
}

/* Room in uses for a value that was just added. */
static int32_t track(net_edit *e, int32_t value)
{
    if (value == NET_NONE)
        return NET_NONE;
    if ((size_t)value >= e->room) {
        net_uses *uses = mem_grow(e->uses, &e->room, (size_t)value + 1, sizeof *uses);
        if (!uses)
            return NET_NONE;
        e->uses = uses;
    }
    e->uses[value] = (net_uses){.writer = NET_NONE, .stands_for = NET_NONE};
    return value;
}

/* Names in a file must differ; the number of values makes them. */
static void fresh_name(const net_edit *e, const char *name, char *buf, size_t size)
{
    snprintf(buf, size, "%.100s/fold%zu", name, e->g->n_values);
}

int32_t net_edit_constant(net_edit *e, const char *name, const net_shape *shape, float **data)
{
    char fresh[136];
    fresh_name(e, name, fresh, sizeof fresh);
    net_tensor *t = net_tensor_add(e->g, NET_F32, shape, NULL);
    int32_t value = t ? track(e, net_value_add(e->g, fresh, NET_F32, shape)) : NET_NONE;
    if (value == NET_NONE)
        return NET_NONE;
    e->g->values[value].constant = t;
    *data = t->data;
    return value;
}

int32_t net_edit_value(net_edit *e, const char *name, net_dtype dtype, const net_shape *shape)
{
    char fresh[136];
    fresh_name(e, name, fresh, sizeof fresh);
    return track(e, net_value_add(e->g, fresh, dtype, shape));
}

bool net_edit_append(net_edit *e, net_op op, const char *name, const int32_t in[2], int32_t out)
{
    if (!net_node_add(e->g, op, name, in, 2, &out, 1))
        return false;
    for (size_t k = 0; k < 2; k++)
        e->uses[in[k]].readers++;
    e->uses[out].writer = (int32_t)(e->g->n_nodes - 1);
    return true;
}

void net_edit_drop_attr(net_node *node, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < node->n_attr; i++)
        if (strcmp(node->attr[i].name, name) != 0)
            node->attr[kept++] = node->attr[i];
    node->n_attr = kept;
}

bool net_edit_set_attr(net_edit *e, net_node *node, const net_attr *attr)
{
    net_edit_drop_attr(node, attr->name);
    return net_attr_add(e->g, node, attr);
}
