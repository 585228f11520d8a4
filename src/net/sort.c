/* Puts a graph's nodes into running order. */
#include <assert.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "net/graph.h"

enum { NOBODY = -1, OUTSIDE = -2 };
enum { UNSEEN, OPEN, DONE };

typedef struct sorter {
    net_graph *g;
    int32_t *writer; /* [n_values] a node, NOBODY, or OUTSIDE for inputs and constants */
    size_t *next_in; /* [n_nodes] the next input of this node to look at */
    size_t *stack;   /* [n_nodes] nodes that wait for what is above them */
    size_t *order;   /* [n_nodes] the result */
    uint8_t *state;  /* [n_nodes] */
    size_t n_order;
} sorter;

static void sorter_free(sorter *s)
{
    mem_free(s->writer);
    mem_free(s->next_in);
    mem_free(s->stack);
    mem_free(s->order);
    mem_free(s->state);
}

static bool sorter_init(sorter *s, net_graph *g)
{
    *s = (sorter){.g = g};
    s->writer = mem_alloc(g->n_values, sizeof *s->writer);
    s->next_in = mem_alloc(g->n_nodes, sizeof *s->next_in);
    s->stack = mem_alloc(g->n_nodes, sizeof *s->stack);
    s->order = mem_alloc(g->n_nodes, sizeof *s->order);
    s->state = mem_alloc(g->n_nodes, sizeof *s->state);
    return s->writer && s->next_in && s->stack && s->order && s->state;
}

static pfld_status fail(const sorter *s, size_t node, const char *what, int32_t value,
                        pfld_error *err)
{
    const net_node *n = &s->g->nodes[node];
    const char *name = s->g->values[value].name;

    return error_set(err, PFLD_ERR_FORMAT, "operator '%s' (node '%.60s') %s '%.60s'",
                     net_op_get(n->op)->name, net_node_label(s->g, n), what, name);
}

/* A constant may keep the node that once computed it: readers do not wait for that node. */
static pfld_status find_writers(sorter *s, pfld_error *err)
{
    const net_graph *g = s->g;

    for (size_t v = 0; v < g->n_values; v++)
        s->writer[v] = NOBODY;
    for (size_t i = 0; i < g->n_inputs; i++)
        s->writer[g->inputs[i]] = OUTSIDE;
    for (size_t i = 0; i < g->n_nodes; i++)
        for (size_t k = 0; k < g->nodes[i].n_out; k++) {
            int32_t v = g->nodes[i].out[k];
            if (v == NET_NONE)
                continue;
            assert(v >= 0 && (size_t)v < g->n_values);
            if (s->writer[v] != NOBODY)
                return fail(s, i, "writes once more", v, err);
            s->writer[v] = (int32_t)i;
        }
    for (size_t v = 0; v < g->n_values; v++)
        if (g->values[v].constant)
            s->writer[v] = OUTSIDE;
    return PFLD_OK;
}

/* Depth first over what the node reads, on a stack of our own: the depth is the file's to choose.
 */
static pfld_status visit(sorter *s, size_t root, pfld_error *err)
{
    const net_graph *g = s->g;
    size_t depth = 0;

    s->stack[depth++] = root;
    s->state[root] = OPEN;
    while (depth > 0) {
        size_t i = s->stack[depth - 1];
        const net_node *node = &g->nodes[i];
        int32_t v, w;

        if (s->next_in[i] == node->n_in) {
            s->state[i] = DONE;
            s->order[s->n_order++] = i;
            depth--;
            continue;
        }
        v = node->in[s->next_in[i]++];
        if (v == NET_NONE)
            continue;
        assert(v >= 0 && (size_t)v < g->n_values);
        w = s->writer[v];
        if (w == NOBODY)
            return fail(s, i, "reads a value that nothing writes:", v, err);
        if (w == OUTSIDE || s->state[w] == DONE)
            continue;
        if (s->state[w] == OPEN)
            return fail(s, i, "is part of a cycle through", v, err);
        s->state[w] = OPEN;
        s->stack[depth++] = (size_t)w;
    }
    return PFLD_OK;
}

static pfld_status check_outputs(const sorter *s, pfld_error *err)
{
    const net_graph *g = s->g;

    for (size_t i = 0; i < g->n_outputs; i++)
        if (s->writer[g->outputs[i]] == NOBODY)
            return error_set(err, PFLD_ERR_FORMAT, "nothing writes the graph's output '%.100s'",
                             g->values[g->outputs[i]].name);
    return PFLD_OK;
}

static bool apply_order(sorter *s)
{
    net_graph *g = s->g;
    net_node *sorted = mem_alloc(g->n_nodes, sizeof *sorted);

    if (!sorted)
        return false;
    for (size_t i = 0; i < g->n_nodes; i++)
        sorted[i] = g->nodes[s->order[i]];
    if (g->n_nodes)
        memcpy(g->nodes, sorted, g->n_nodes * sizeof *sorted);
    mem_free(sorted);
    return true;
}

pfld_status net_graph_sort(net_graph *g, pfld_error *err)
{
    sorter s;
    pfld_status status = sorter_init(&s, g) ? PFLD_OK : error_nomem(err);

    if (!status)
        status = find_writers(&s, err);
    for (size_t i = 0; !status && i < g->n_nodes; i++)
        if (s.state[i] == UNSEEN)
            status = visit(&s, i, err);
    if (!status)
        status = check_outputs(&s, err);
    if (!status && !apply_order(&s))
        status = error_nomem(err);
    sorter_free(&s);
    return status;
}
