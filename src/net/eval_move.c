/* Constants whose elements come from other places of other constants. */
#include <string.h>

#include "net/broadcast.h"
#include "net/eval_fn.h"
#include "net/op_params.h"
#include "net/tensor.h"

static void move(net_tensor *to, size_t i, const net_tensor *from, size_t k)
{
    size_t size = net_dtype_size(to->dtype);
    memcpy((char *)to->data + i * size, (const char *)from->data + k * size, size);
}

/* out[i] = x[offset + index of i by stride]. */
static void gather(net_tensor *out, const net_tensor *x, net_walk *w)
{
    w->shape = out->shape;
    w->n = 1;
    for (size_t i = 0; i < out->count; i++, net_walk_step(w))
        move(out, i, x, (size_t)w->offset[0]);
}

/* x is one of the pieces of out, from place `start` of an axis on. */
static void put_piece(net_tensor *out, const net_tensor *x, size_t axis, int64_t start)
{
    net_walk w = {.shape = x->shape, .n = 1};
    net_strides(&out->shape, w.stride[0]);
    w.offset[0] = start * w.stride[0][axis];
    for (size_t i = 0; i < x->count; i++, net_walk_step(&w))
        move(out, (size_t)w.offset[0], x, i);
}

static void take_piece(net_tensor *out, const net_tensor *x, size_t axis, int64_t start)
{
    net_walk w = {0};
    net_strides(&x->shape, w.stride[0]);
    w.offset[0] = start * w.stride[0][axis];
    gather(out, x, &w);
}

pfld_status net_eval_concat(const net_at *at, net_tensor *const *out)
{
    size_t axis;
    int64_t start = 0;
    pfld_status status = net_axis_get(at->g, at->node, &axis, at->err);
    for (size_t i = 0; status == PFLD_OK && i < at->node->n_in; i++) {
        const net_tensor *x = net_eval_in(at, i);
        put_piece(out[0], x, axis, start);
        start += x->shape.dim[axis];
    }
    return status;
}

pfld_status net_eval_split(const net_at *at, net_tensor *const *out)
{
    net_split_params p;
    int64_t start = 0;
    pfld_status status = net_split_get(at->g, at->node, &p, at->err);
    for (size_t i = 0; status == PFLD_OK && i < p.n; i++) {
        if (at->node->out[i] != NET_NONE)
            take_piece(out[i], net_eval_in(at, 0), p.axis, start);
        start += p.size[i];
    }
    return status;
}

pfld_status net_eval_slice(const net_at *at, net_tensor *const *out)
{
    const net_tensor *x = net_eval_in(at, 0);
    net_slice_params p;
    net_walk w = {0};
    pfld_status status = net_slice_get(at->g, at->node, &p, at->err);
    if (status != PFLD_OK || !out[0]->count)
        return status;
    net_strides(&x->shape, w.stride[0]);
    for (size_t a = 0; a < p.rank; a++) {
        w.offset[0] += p.start[a] * w.stride[0][a];
        w.stride[0][a] *= p.step[a];
    }
    gather(out[0], x, &w);
    return PFLD_OK;
}

pfld_status net_eval_transpose(const net_at *at, net_tensor *const *out)
{
    const net_tensor *x = net_eval_in(at, 0);
    net_transpose_params p;
    net_walk w = {0};
    int64_t stride[NET_MAX_RANK];
    pfld_status status = net_transpose_get(at->g, at->node, &p, at->err);
    if (status != PFLD_OK)
        return status;
    net_strides(&x->shape, stride);
    for (size_t a = 0; a < p.rank; a++)
        w.stride[0][a] = stride[p.perm[a]];
    gather(out[0], x, &w);
    return PFLD_OK;
}

pfld_status net_eval_expand(const net_at *at, net_tensor *const *out)
{
    const net_tensor *x = net_eval_in(at, 0);
    net_walk w = {0};
    net_broadcast_strides(&x->shape, &out[0]->shape, w.stride[0]);
    gather(out[0], x, &w);
    return PFLD_OK;
}

pfld_status net_eval_gather(const net_at *at, net_tensor *const *out)
{
    const net_tensor *x = net_eval_in(at, 0), *indices = net_eval_in(at, 1);
    size_t axis, inner = 1, outer = 1;
    pfld_status status = net_axis_get(at->g, at->node, &axis, at->err);
    if (status != PFLD_OK || !out[0]->count)
        return status;
    size_t dim = (size_t)x->shape.dim[axis];
    for (size_t a = 0; a < axis; a++)
        outer *= (size_t)x->shape.dim[a];
    for (size_t a = axis + 1; a < (size_t)x->shape.rank; a++)
        inner *= (size_t)x->shape.dim[a];
    size_t bytes = inner * net_dtype_size(x->dtype);
    char *to = out[0]->data;
    for (size_t o = 0; o < outer; o++)
        for (size_t k = 0; k < indices->count; k++, to += bytes) {
            int64_t index = net_tensor_int(indices, k); /* the rule checked it */
            size_t at_index = (size_t)(index < 0 ? index + (int64_t)dim : index);
            memcpy(to, (const char *)x->data + (o * dim + at_index) * bytes, bytes);
        }
    return PFLD_OK;
}

/* Where along an axis of length n index i of a padded axis reads; -1: the padding's value. */
static int64_t pad_source(net_pad_mode mode, int64_t i, int64_t n)
{
    if (i >= 0 && i < n)
        return i;
    switch (mode) {
    case NET_PAD_REFLECT:
        return i < 0 ? -i : 2 * (n - 1) - i;
    case NET_PAD_EDGE:
        return i < 0 ? 0 : n - 1;
    case NET_PAD_WRAP:
        return i < 0 ? i + n : i - n;
    default:
        return -1;
    }
}

pfld_status net_eval_pad(const net_at *at, net_tensor *const *out)
{
    const net_tensor *x = net_eval_in(at, 0);
    net_pad_params p;
    int64_t stride[NET_MAX_RANK];
    net_walk w = {.shape = out[0]->shape};
    pfld_status status = net_pad_get(at->g, at->node, &p, at->err);
    if (status != PFLD_OK)
        return status;
    net_strides(&x->shape, stride);
    for (size_t i = 0; i < out[0]->count; i++, net_walk_step(&w)) {
        int64_t from = 0;
        bool inside = true;
        for (size_t a = 0; a < p.rank; a++) { /* what is cut off is not there to be repeated */
            int64_t first = p.before[a] < 0 ? -p.before[a] : 0;
            int64_t end = x->shape.dim[a] + (p.after[a] < 0 ? p.after[a] : 0);
            int64_t k = pad_source(p.mode, w.index[a] - p.before[a] - first, end - first);
            inside &= k >= 0;
            from += (k + first) * stride[a];
        }
        if (inside)
            move(out[0], i, x, (size_t)from);
        else
            net_tensor_set_number(out[0], i, p.value);
    }
    return PFLD_OK;
}

pfld_status net_eval_tile(const net_at *at, net_tensor *const *out)
{
    const net_tensor *x = net_eval_in(at, 0);
    int64_t stride[NET_MAX_RANK];
    net_walk w = {.shape = out[0]->shape};
    net_strides(&x->shape, stride);
    for (size_t i = 0; i < out[0]->count; i++, net_walk_step(&w)) {
        int64_t from = 0;
        for (int32_t a = 0; a < x->shape.rank; a++)
            from += w.index[a] % x->shape.dim[a] * stride[a];
        move(out[0], i, x, (size_t)from);
    }
    return PFLD_OK;
}
