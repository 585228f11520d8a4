/* From the inputs' shapes to everybody's, with all that is constant computed on the way. */
#include "net/shape.h"

#include <assert.h>

#include "core/checked.h"
#include "net/edit.h"
#include "net/eval.h"
#include "net/op_input.h"
#include "net/rules.h"

pfld_status net_input_set_shape(net_graph *g, size_t i, const net_shape *shape, pfld_error *err)
{
    assert(i < g->n_inputs);
    net_value *value = &g->values[g->inputs[i]];
    char have[80], want[80];
    bool fits = !value->has_shape || value->shape.rank == shape->rank;
    for (int32_t a = 0; fits && a < shape->rank; a++)
        fits = shape->dim[a] > 0 && (!value->has_shape || value->shape.dim[a] == NET_DIM_OPEN ||
                                     value->shape.dim[a] == shape->dim[a]);
    if (!fits)
        return error_set(err, PFLD_ERR_FORMAT, "input '%.60s' is %s, not %s", value->name,
                         value->has_shape ? net_shape_text(&value->shape, have, sizeof have)
                                          : "of positive lengths",
                         net_shape_text(shape, want, sizeof want));
    value->has_shape = true;
    value->shape = *shape;
    return PFLD_OK;
}

/* Limits each axis and what all have in common, lengths of 0 left aside: so products of a shape's
 * dimensions never overflow. */
static bool within_limits(const net_shape *shape)
{
    size_t n = 1;
    if (shape->rank < 0 || shape->rank > NET_MAX_RANK)
        return false;
    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dim[i] < 0 || shape->dim[i] > (int64_t)NET_MAX_ELEMENTS ||
            !checked_mul(n, shape->dim[i] ? (size_t)shape->dim[i] : 1, &n) || n > NET_MAX_ELEMENTS)
            return false;
    return true;
}

static bool is_empty(const net_shape *shape)
{
    size_t count;
    return net_shape_count(shape, &count) && count == 0;
}

static bool is_open(const net_value *value)
{
    bool open = !value->has_shape;
    for (int32_t i = 0; !open && i < value->shape.rank; i++)
        open = value->shape.dim[i] < 0;
    return open;
}

static pfld_status check_inputs(const net_graph *g, pfld_error *err)
{
    for (size_t i = 0; i < g->n_inputs; i++) {
        const net_value *value = &g->values[g->inputs[i]];
        char text[80] = "unknown";
        if (value->has_shape)
            net_shape_text(&value->shape, text, sizeof text);
        if (is_open(value))
            return error_set(err, PFLD_ERR_FORMAT, "input '%.60s' has an open shape (%s)",
                             value->name, text);
        if (!within_limits(&value->shape) || is_empty(&value->shape))
            return error_set(err, PFLD_ERR_UNSUPPORTED, "input '%.60s' of %s is %s", value->name,
                             text, is_empty(&value->shape) ? "empty" : "too large");
    }
    return PFLD_OK;
}

static pfld_status check_arguments(const net_at *at)
{
    const net_node *node = at->node;
    const net_op_info *info = net_op_get(node->op);
    if (node->n_in < (size_t)info->min_in ||
        (info->max_in >= 0 && node->n_in > (size_t)info->max_in) ||
        node->n_out < (size_t)info->min_out ||
        (info->max_out >= 0 && node->n_out > (size_t)info->max_out))
        return net_fail(at, PFLD_ERR_FORMAT, "it has %zu inputs and %zu outputs", node->n_in,
                        node->n_out);
    for (size_t i = 0; i < node->n_in; i++) {
        const net_value *value = net_in(at, i);
        if (!value && i < (size_t)info->min_in)
            return net_fail(at, PFLD_ERR_FORMAT, "its input %zu is missing", i);
        if (value && !value->has_shape)
            return net_fail(at, PFLD_ERR_FORMAT, "it reads '%.40s' before that is known",
                            value->name);
        if (value && !within_limits(&value->shape))
            return net_fail(at, PFLD_ERR_UNSUPPORTED, "its input '%.40s' is too large",
                            value->name);
    }
    return PFLD_OK;
}

/* What the file states of inner values is replaced: edited files often kept what was once true. */
static pfld_status set_results(net_graph *g, const net_node *node, const net_result *result,
                               pfld_error *err)
{
    net_at at = {g, node, err};
    for (size_t i = 0; i < node->n_out; i++) {
        char text[96];
        if (node->out[i] == NET_NONE)
            continue;
        if (i >= result->n)
            return net_fail(&at, PFLD_ERR_UNSUPPORTED, "its output %zu is not done here", i);
        net_shape_text(&result->shape[i], text, sizeof text);
        if (!within_limits(&result->shape[i]))
            return net_fail(&at, PFLD_ERR_UNSUPPORTED, "its output of %s is too large", text);
        net_value *value = &g->values[node->out[i]];
        value->has_shape = true;
        value->shape = result->shape[i];
        value->dtype = result->dtype[i];
    }
    return PFLD_OK;
}

/* An empty list is fine among constants; an empty map is nothing that a net can run on. */
static pfld_status check_not_empty(const net_graph *g, const net_node *node, pfld_error *err)
{
    net_at at = {g, node, err};
    bool may_be = node->op == NET_OP_RESIZE; /* its region of interest */
    char text[96];
    for (size_t i = 0; i < node->n_in; i++) {
        const net_value *value = net_in(&at, i);
        if (value && value->dtype == NET_F32 && !may_be && is_empty(&value->shape))
            return net_fail(&at, PFLD_ERR_UNSUPPORTED, "its input of %s is empty",
                            net_shape_text(&value->shape, text, sizeof text));
    }
    for (size_t i = 0; i < node->n_out; i++)
        if (node->out[i] != NET_NONE && is_empty(&g->values[node->out[i]].shape))
            return net_fail(&at, PFLD_ERR_UNSUPPORTED, "its output of %s is empty",
                            net_shape_text(&g->values[node->out[i]].shape, text, sizeof text));
    return PFLD_OK;
}

static pfld_status infer_node(net_graph *g, const net_node *node, net_eval_budget *budget,
                              bool *done, pfld_error *err)
{
    net_at at = {g, node, err};
    net_result result;
    pfld_status status;
    if ((status = check_arguments(&at)) != PFLD_OK ||
        (status = net_rule_apply(g, node, &result, err)) != PFLD_OK ||
        (status = set_results(g, node, &result, err)) != PFLD_OK ||
        (status = net_eval(g, node, budget, done, err)) != PFLD_OK)
        return status;
    return *done ? PFLD_OK : check_not_empty(g, node, err);
}

pfld_status net_infer_shapes(net_graph *g, pfld_error *err)
{
    pfld_status status = net_graph_sort(g, err);
    if (status == PFLD_OK)
        status = check_inputs(g, err);
    net_eval_budget budget = net_eval_budget_for(g);
    for (size_t i = 0; status == PFLD_OK && i < g->n_nodes; i++) {
        bool done = false;
        status = infer_node(g, &g->nodes[i], &budget, &done, err);
        if (done)
            g->nodes[i].op = NET_OP_NONE;
    }
    net_edit_compact(g);
    return status;
}
