/* Reading what a node was given (attributes, constant inputs, axes), and refusing it. */
#include "net/op_input.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "net/op_params.h"
#include "net/tensor.h"

char *net_node_text(const net_graph *g, const net_node *node, char *buf, size_t size)
{
    snprintf(buf, size, "node '%.72s' (%s)", net_node_label(g, node), net_op_get(node->op)->name);
    return buf;
}

pfld_status net_fail(const net_at *at, pfld_status status, const char *fmt, ...)
{
    char who[112], what[160];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    net_node_text(at->g, at->node, who, sizeof who);
    return error_set(at->err, status, "%s: %s", who, what);
}

const net_value *net_in(const net_at *at, size_t i)
{
    if (i >= at->node->n_in || at->node->in[i] == NET_NONE)
        return NULL;
    return &at->g->values[at->node->in[i]];
}

const net_shape *net_in_shape(const net_at *at, size_t i)
{
    const net_value *value = net_in(at, i);
    assert(value && value->has_shape);
    return &value->shape;
}

pfld_status net_ints_attr(const net_at *at, const char *name, net_ints *list)
{
    const net_attr *attr = net_attr_find(at->node, name);
    *list = (net_ints){.given = attr != NULL};
    if (!attr)
        return PFLD_OK;
    if (attr->kind != NET_ATTR_INTS || attr->n > NET_MAX_LIST)
        return net_fail(at, PFLD_ERR_FORMAT,
                        "its attribute '%s' is not a list of up to %d integers", name,
                        NET_MAX_LIST);
    list->n = attr->n;
    if (attr->n)
        memcpy(list->v, attr->ints, attr->n * sizeof *attr->ints);
    return PFLD_OK;
}

pfld_status net_constant_input(const net_at *at, size_t i, const net_tensor **t)
{
    const net_value *value = net_in(at, i);
    *t = value ? value->constant : NULL;
    if (value && !value->constant)
        return net_fail(at, PFLD_ERR_UNSUPPORTED,
                        "its input '%.40s' must be a constant, but depends on the net's inputs",
                        value->name);
    return PFLD_OK;
}

pfld_status net_ints_input(const net_at *at, size_t i, net_ints *list)
{
    const net_tensor *t;
    pfld_status status = net_constant_input(at, i, &t);
    *list = (net_ints){.given = t != NULL};
    if (status != PFLD_OK || !t)
        return status;
    if ((t->dtype != NET_I64 && t->dtype != NET_I32) || t->shape.rank > 1 ||
        t->count > NET_MAX_LIST)
        return net_fail(at, PFLD_ERR_FORMAT, "its input %zu is not a list of up to %d integers", i,
                        NET_MAX_LIST);
    list->n = t->count;
    for (size_t k = 0; k < t->count; k++)
        list->v[k] = net_tensor_int(t, k);
    return PFLD_OK;
}

pfld_status net_ints_since(const net_at *at, int64_t opset, size_t i, const char *name,
                           net_ints *list)
{
    return at->g->opset >= opset ? net_ints_input(at, i, list) : net_ints_attr(at, name, list);
}

pfld_status net_number_input(const net_at *at, size_t i, double *v)
{
    const net_tensor *t;
    pfld_status status = net_constant_input(at, i, &t);
    if (status != PFLD_OK || !t)
        return status;
    if (t->count != 1)
        return net_fail(at, PFLD_ERR_FORMAT, "its input %zu holds %zu numbers, 1 expected", i,
                        t->count);
    *v = net_tensor_number(t, 0);
    return PFLD_OK;
}

pfld_status net_axis_fix(const net_at *at, int64_t axis, size_t rank, size_t *fixed)
{
    int64_t n = (int64_t)rank;
    if (axis < -n || axis >= n)
        return net_fail(at, PFLD_ERR_FORMAT, "axis %" PRId64 " does not exist in rank %zu", axis,
                        rank);
    *fixed = (size_t)(axis < 0 ? axis + n : axis);
    return PFLD_OK;
}

pfld_status net_axes_mask(const net_at *at, net_ints *axes, size_t rank, uint32_t *mask)
{
    uint32_t seen = 0;
    for (size_t i = 0; i < axes->n; i++) {
        size_t axis = 0;
        pfld_status status = net_axis_fix(at, axes->v[i], rank, &axis);
        if (status != PFLD_OK)
            return status;
        if (seen & 1u << axis)
            return net_fail(at, PFLD_ERR_FORMAT, "axis %zu is named twice", axis);
        seen |= 1u << axis;
        axes->v[i] = (int64_t)axis;
    }
    *mask = seen;
    return PFLD_OK;
}
