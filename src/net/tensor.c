/* The elements of a constant, read and written whatever their kind. */
#include "net/tensor.h"

#include <assert.h>

net_tensor *net_tensor_view(net_graph *g, const net_tensor *t, const net_shape *shape)
{
    net_tensor *view = arena_alloc(&g->mem, 1, sizeof *view);
    if (!view)
        return NULL;
    *view = *t;
    view->shape = *shape;
    view->from = NULL; /* its axis was of the other shape */
    return view;
}

static int64_t saturate(double v)
{
    if (!(v >= -0x1p63)) /* NaN too */
        return v < 0 ? INT64_MIN : 0;
    return v >= 0x1p63 ? INT64_MAX : (int64_t)v;
}

int64_t net_tensor_int(const net_tensor *t, size_t i)
{
    assert(i < t->count);
    switch (t->dtype) {
    case NET_I64:
        return ((const int64_t *)t->data)[i];
    case NET_I32:
        return ((const int32_t *)t->data)[i];
    case NET_I8:
        return ((const int8_t *)t->data)[i];
    case NET_U8:
    case NET_BOOL:
        return ((const uint8_t *)t->data)[i];
    default:
        return saturate((double)((const float *)t->data)[i]);
    }
}

double net_tensor_number(const net_tensor *t, size_t i)
{
    assert(i < t->count);
    if (t->dtype == NET_F32)
        return (double)((const float *)t->data)[i];
    return (double)net_tensor_int(t, i);
}

void net_tensor_set_int(net_tensor *t, size_t i, int64_t v)
{
    assert(i < t->count);
    switch (t->dtype) {
    case NET_I64:
        ((int64_t *)t->data)[i] = v;
        break;
    case NET_I32:
        ((int32_t *)t->data)[i] = (int32_t)(uint32_t)(uint64_t)v;
        break;
    case NET_I8:
        ((int8_t *)t->data)[i] = (int8_t)(uint8_t)(uint64_t)v;
        break;
    case NET_U8:
        ((uint8_t *)t->data)[i] = (uint8_t)(uint64_t)v;
        break;
    case NET_BOOL:
        ((uint8_t *)t->data)[i] = v != 0;
        break;
    default:
        ((float *)t->data)[i] = (float)v;
        break;
    }
}

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

void net_tensor_set_number(net_tensor *t, size_t i, double v)
{
    assert(i < t->count);
    int64_t whole = t->dtype == NET_F32 ? 0 : saturate(v);
    switch (t->dtype) {
    case NET_I64:
        ((int64_t *)t->data)[i] = whole;
        break;
    case NET_I32:
        ((int32_t *)t->data)[i] = (int32_t)clamp(whole, INT32_MIN, INT32_MAX);
        break;
    case NET_I8:
        ((int8_t *)t->data)[i] = (int8_t)clamp(whole, INT8_MIN, INT8_MAX);
        break;
    case NET_U8:
        ((uint8_t *)t->data)[i] = (uint8_t)clamp(whole, 0, UINT8_MAX);
        break;
    case NET_BOOL:
        ((uint8_t *)t->data)[i] = v != 0.0;
        break;
    default:
        ((float *)t->data)[i] = (float)v;
        break;
    }
}
