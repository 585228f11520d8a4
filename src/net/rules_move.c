/* The rules of operators that only move elements to other places. */
#include <inttypes.h>

#include "core/checked.h"
#include "net/broadcast.h"
#include "net/rules_fn.h"
#include "net/shape.h"
#include "net/tensor.h"

pfld_status net_rule_flatten(const net_at *at, net_result *out)
{
    size_t axis;
    pfld_status status = net_axis_get(at->g, at->node, &axis, at->err);
    if (status != PFLD_OK)
        return status;
    net_shape x = out->shape[0];
    out->shape[0] = (net_shape){.rank = 2, .dim = {1, 1}};
    for (int32_t i = 0; i < x.rank; i++)
        out->shape[0].dim[(size_t)i >= axis] *= x.dim[i];
    return PFLD_OK;
}

/* Fills in 0 (as the input) and finds -1; product is that of all the others. */
static pfld_status resolve_dims(const net_at *at, const net_ints *want, net_shape *y,
                                size_t *product, int32_t *open)
{
    const net_shape *x = net_in_shape(at, 0);
    bool zero_is_zero = at->g->opset >= 14 && net_attr_int(at->node, "allowzero", 0) != 0;
    *product = 1;
    *open = -1;
    for (int32_t i = 0; i < y->rank; i++) {
        int64_t dim = want->v[i];
        if (dim == 0 && !zero_is_zero && i < x->rank)
            dim = x->dim[i];
        else if (dim < -1 || (dim == 0 && !zero_is_zero) || (dim == -1 && *open >= 0))
            return net_fail(at, PFLD_ERR_FORMAT,
                            "%" PRId64 " is no length for axis %d of its shape", dim, (int)i);
        y->dim[i] = dim;
        if (dim == -1)
            *open = i;
        else if (!checked_mul(*product, (size_t)dim, product))
            return net_fail(at, PFLD_ERR_FORMAT, "its shape is too large");
    }
    return PFLD_OK;
}

pfld_status net_rule_reshape(const net_at *at, net_result *out)
{
    net_ints want;
    size_t count = 0, product;
    int32_t open;
    pfld_status status = net_ints_input(at, 1, &want);
    if (status != PFLD_OK)
        return status;
    if (want.n > NET_MAX_RANK)
        return net_fail(at, PFLD_ERR_UNSUPPORTED, "rank %zu is more than %d", want.n, NET_MAX_RANK);
    net_shape y = {.rank = (int32_t)want.n};
    net_shape_count(&out->shape[0], &count);
    if ((status = resolve_dims(at, &want, &y, &product, &open)) != PFLD_OK)
        return status;
    if (open >= 0 && product && count % product == 0)
        y.dim[open] = (int64_t)(count / product);
    else if (open >= 0 || product != count)
        return net_fail(at, PFLD_ERR_FORMAT, "%zu elements do not fit the shape that it gives them",
                        count);
    out->shape[0] = y;
    return PFLD_OK;
}

pfld_status net_rule_transpose(const net_at *at, net_result *out)
{
    net_transpose_params p;
    pfld_status status = net_transpose_get(at->g, at->node, &p, at->err);
    if (status != PFLD_OK)
        return status;
    const net_shape *x = net_in_shape(at, 0);
    for (size_t i = 0; i < p.rank; i++)
        out->shape[0].dim[i] = x->dim[p.perm[i]];
    return PFLD_OK;
}

pfld_status net_rule_squeeze(const net_at *at, net_result *out)
{
    net_ints axes;
    uint32_t mask = 0;
    net_shape x = out->shape[0], *y = &out->shape[0];
    pfld_status status = net_ints_since(at, 13, 1, "axes", &axes);
    if (status == PFLD_OK)
        status = net_axes_mask(at, &axes, (size_t)x.rank, &mask);
    if (status != PFLD_OK)
        return status;
    y->rank = 0;
    for (int32_t i = 0; i < x.rank; i++) {
        bool named = mask & 1u << i;
        if (named && x.dim[i] != 1)
            return net_fail(at, PFLD_ERR_FORMAT, "axis %d has length %" PRId64 ", not 1", (int)i,
                            x.dim[i]);
        if (axes.given ? !named : x.dim[i] != 1)
            y->dim[y->rank++] = x.dim[i];
    }
    return PFLD_OK;
}

pfld_status net_rule_unsqueeze(const net_at *at, net_result *out)
{
    net_ints axes;
    uint32_t mask = 0;
    net_shape x = out->shape[0], *y = &out->shape[0];
    pfld_status status = net_ints_since(at, 13, 1, "axes", &axes);
    if (status != PFLD_OK)
        return status;
    if (!axes.given)
        return net_fail(at, PFLD_ERR_FORMAT, "its axes are missing");
    size_t rank = (size_t)x.rank + axes.n;
    if (rank > NET_MAX_RANK)
        return net_fail(at, PFLD_ERR_UNSUPPORTED, "rank %zu is more than %d", rank, NET_MAX_RANK);
    if ((status = net_axes_mask(at, &axes, rank, &mask)) != PFLD_OK)
        return status;
    y->rank = (int32_t)rank;
    for (int32_t i = 0, from = 0; i < y->rank; i++)
        y->dim[i] = mask & 1u << i ? 1 : x.dim[from++];
    return PFLD_OK;
}

pfld_status net_rule_concat(const net_at *at, net_result *out)
{
    size_t axis;
    net_shape *y = &out->shape[0];
    pfld_status status = net_axis_get(at->g, at->node, &axis, at->err);
    if (status != PFLD_OK)
        return status;
    for (size_t i = 1; i < at->node->n_in; i++) {
        const net_value *value = net_in(at, i);
        if (!value)
            return net_fail(at, PFLD_ERR_FORMAT, "its input %zu is missing", i);
        net_shape rest = value->shape;
        if (rest.rank == y->rank)
            rest.dim[axis] = y->dim[axis];
        if (!net_shape_equal(&rest, y)) {
            char first[64], other[64];
            return net_fail(at, PFLD_ERR_FORMAT, "%s cannot be joined to %s along axis %zu",
                            net_shape_text(&value->shape, other, sizeof other),
                            net_shape_text(net_in_shape(at, 0), first, sizeof first), axis);
        }
        y->dim[axis] += value->shape.dim[axis];
        if (y->dim[axis] > (int64_t)NET_MAX_ELEMENTS)
            return net_fail(at, PFLD_ERR_UNSUPPORTED, "its output is too long");
    }
    return PFLD_OK;
}

pfld_status net_rule_split(const net_at *at, net_result *out)
{
    net_split_params p;
    pfld_status status = net_split_get(at->g, at->node, &p, at->err);
    if (status != PFLD_OK)
        return status;
    out->n = p.n;
    for (size_t i = p.n; i-- > 0;) { /* the first, that all are copies of, last */
        out->shape[i] = out->shape[0];
        out->shape[i].dim[p.axis] = p.size[i];
        out->dtype[i] = out->dtype[0];
    }
    return PFLD_OK;
}

pfld_status net_rule_slice(const net_at *at, net_result *out)
{
    net_slice_params p;
    pfld_status status = net_slice_get(at->g, at->node, &p, at->err);
    if (status != PFLD_OK)
        return status;
    for (size_t i = 0; i < p.rank; i++)
        out->shape[0].dim[i] = p.count[i];
    return PFLD_OK;
}

pfld_status net_rule_pad(const net_at *at, net_result *out)
{
    net_pad_params p;
    pfld_status status = net_pad_get(at->g, at->node, &p, at->err);
    if (status != PFLD_OK)
        return status;
    for (size_t i = 0; i < p.rank; i++)
        out->shape[0].dim[i] += p.before[i] + p.after[i];
    return PFLD_OK;
}

/* Constant indices are checked here: infer and eval may rely on them. */
static pfld_status check_indices(const net_at *at, int64_t dim)
{
    const net_value *value = net_in(at, 1);
    if (value->dtype != NET_I64 && value->dtype != NET_I32)
        return net_fail(at, PFLD_ERR_FORMAT, "its indices are not integers");
    for (size_t i = 0; value->constant && i < value->constant->count; i++) {
        int64_t index = net_tensor_int(value->constant, i);
        if (index < -dim || index >= dim)
            return net_fail(at, PFLD_ERR_FORMAT, "index %" PRId64 " is outside of length %" PRId64,
                            index, dim);
    }
    return PFLD_OK;
}

pfld_status net_rule_gather(const net_at *at, net_result *out)
{
    size_t axis;
    pfld_status status = net_axis_get(at->g, at->node, &axis, at->err);
    const net_shape *x = net_in_shape(at, 0), *indices = net_in_shape(at, 1);
    if (status != PFLD_OK || (status = check_indices(at, x->dim[axis])) != PFLD_OK)
        return status;
    net_shape *y = &out->shape[0];
    int32_t rank = x->rank - 1 + indices->rank;
    if (rank > NET_MAX_RANK)
        return net_fail(at, PFLD_ERR_UNSUPPORTED, "rank %d is more than %d", (int)rank,
                        NET_MAX_RANK);
    y->rank = (int32_t)axis;
    for (int32_t i = 0; i < indices->rank; i++)
        y->dim[y->rank++] = indices->dim[i];
    for (int32_t i = (int32_t)axis + 1; i < x->rank; i++)
        y->dim[y->rank++] = x->dim[i];
    return PFLD_OK;
}

/* A list of lengths as a shape. */
static pfld_status read_shape(const net_at *at, size_t input, net_shape *shape)
{
    net_ints dims;
    pfld_status status = net_ints_input(at, input, &dims);
    if (status != PFLD_OK)
        return status;
    if (dims.n > NET_MAX_RANK)
        return net_fail(at, PFLD_ERR_UNSUPPORTED, "rank %zu is more than %d", dims.n, NET_MAX_RANK);
    *shape = (net_shape){.rank = (int32_t)dims.n};
    for (size_t i = 0; i < dims.n; i++) {
        if (dims.v[i] < 0)
            return net_fail(at, PFLD_ERR_FORMAT, "%" PRId64 " is no length of axis %zu", dims.v[i],
                            i);
        shape->dim[i] = dims.v[i];
    }
    return PFLD_OK;
}

pfld_status net_rule_expand(const net_at *at, net_result *out)
{
    net_shape want;
    char from[64], to[64];
    pfld_status status = read_shape(at, 1, &want);
    if (status == PFLD_OK && !net_broadcast(&out->shape[0], &want, &out->shape[0]))
        return net_fail(at, PFLD_ERR_FORMAT, "%s cannot be spread to %s",
                        net_shape_text(&out->shape[0], from, sizeof from),
                        net_shape_text(&want, to, sizeof to));
    return status;
}

pfld_status net_rule_tile(const net_at *at, net_result *out)
{
    net_shape times;
    net_shape *y = &out->shape[0];
    pfld_status status = read_shape(at, 1, &times);
    if (status != PFLD_OK)
        return status;
    if (times.rank != y->rank)
        return net_fail(at, PFLD_ERR_FORMAT, "it has %d repeats for rank %d", (int)times.rank,
                        (int)y->rank);
    for (int32_t i = 0; i < y->rank; i++) {
        if (times.dim[i] && y->dim[i] > (int64_t)NET_MAX_ELEMENTS / times.dim[i])
            return net_fail(at, PFLD_ERR_UNSUPPORTED, "its output is too long");
        y->dim[i] *= times.dim[i];
    }
    return PFLD_OK;
}

pfld_status net_rule_shape(const net_at *at, net_result *out)
{
    int64_t rank = out->shape[0].rank, start = 0, end = rank;
    if (at->g->opset >= 15) {
        start = net_attr_int(at->node, "start", 0);
        end = net_attr_int(at->node, "end", rank);
    }
    start = start < -rank ? 0 : start < 0 ? start + rank : start > rank ? rank : start;
    end = end < -rank ? 0 : end < 0 ? end + rank : end > rank ? rank : end;
    out->shape[0] = (net_shape){.rank = 1, .dim = {end > start ? end - start : 0}};
    out->dtype[0] = NET_I64;
    return PFLD_OK;
}

pfld_status net_rule_constant_of_shape(const net_at *at, net_result *out)
{
    const net_attr *value = net_attr_find(at->node, "value");
    if (value && (value->kind != NET_ATTR_TENSOR || value->tensor->count != 1))
        return net_fail(at, PFLD_ERR_FORMAT, "its value is not one number");
    out->dtype[0] = value ? value->tensor->dtype : NET_F32;
    return read_shape(at, 0, &out->shape[0]);
}
