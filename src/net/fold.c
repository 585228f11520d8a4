/* Rewrites that leave the function as it is and the work smaller. */
#include "net/fold.h"

#include "core/error.h"
#include "net/fold_steps.h"

/* One pass does almost all, since a node sees what became of those before it; the limit keeps a
 * hostile file from asking for as many passes as it has nodes. */
#define PASSES 8

#define BUDGET_BASE  ((size_t)16 << 20)
#define BUDGET_TIMES 4 /* the elements of the constants that are there */

static fold_step *const steps[] = {fold_noop, fold_pad, fold_hard_unary, fold_affine};

static size_t budget_for(const net_graph *g)
{
    size_t budget = BUDGET_BASE;
    for (size_t i = 0; i < g->n_values; i++)
        if (g->values[i].constant)
            budget += g->values[i].constant->count * BUDGET_TIMES;
    return budget;
}

static fold_result fold_node(fold_state *s, net_node *node)
{
    fold_result all = FOLD_NOTHING;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && node->op != NET_OP_NONE; i++) {
        fold_result result = steps[i](s, node);
        if (result == FOLD_NOMEM)
            return FOLD_NOMEM;
        if (result == FOLD_DONE)
            all = FOLD_DONE;
    }
    return all;
}

static pfld_status fold_pass(fold_state *s, net_graph *g, bool *changed, pfld_error *err)
{
    pfld_status status = net_edit_begin(&s->edit, g, err);
    *changed = false;
    for (size_t i = 0; status == PFLD_OK && i < g->n_nodes; i++) {
        net_edit_resolve(&s->edit, &g->nodes[i]);
        fold_result result = fold_node(s, &g->nodes[i]);
        if (result == FOLD_NOMEM)
            status = error_nomem(err);
        *changed |= result == FOLD_DONE;
    }
    net_edit_end(&s->edit);
    return status;
}

static pfld_status split_batch_norms(fold_state *s, net_graph *g, pfld_error *err)
{
    size_t n = g->n_nodes; /* what is added behind is none */
    pfld_status status = net_edit_begin(&s->edit, g, err);
    for (size_t i = 0; status == PFLD_OK && i < n; i++)
        if (g->nodes[i].op == NET_OP_BATCH_NORM && fold_split_batch_norm(s, i) == FOLD_NOMEM)
            status = error_nomem(err);
    net_edit_end(&s->edit);
    return status == PFLD_OK ? net_graph_sort(g, err) : status;
}

pfld_status net_fold(net_graph *g, pfld_error *err)
{
    fold_state s = {.budget = budget_for(g)};
    bool changed = true;
    pfld_status status = PFLD_OK;
    for (int pass = 0; pass < PASSES && changed && status == PFLD_OK; pass++)
        status = fold_pass(&s, g, &changed, err);
    return status == PFLD_OK ? split_batch_norms(&s, g, err) : status;
}
