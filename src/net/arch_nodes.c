/* Layers of our own nets as graph nodes with fresh weights, counted while they are built. */
#include "net/arch_nodes.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define BN_EPSILON  1e-5f
#define BN_MOMENTUM 0.9f /* ONNX's: the share of the running value that stays */

const char *arch_join(char buf[ARCH_NAME], const char *a, const char *b)
{
    int n = snprintf(buf, ARCH_NAME, "%s%s", a, b);
    assert(n > 0 && n < ARCH_NAME);
    (void)n;
    return buf;
}

/* ---- nodes: all of these do nothing once memory ran out, or where nothing is built ---- */

int32_t arch_checked(arch_builder *b, int32_t value)
{
    if (value == NET_NONE)
        b->failed = true;
    return value;
}

float *arch_constant(arch_builder *b, const char *owner, const char *what, const net_shape *shape,
                     int32_t *value)
{
    char name[ARCH_NAME];

    *value = NET_NONE;
    if (b->failed)
        return NULL;
    *value =
        arch_checked(b, net_constant_add(b->g, arch_join(name, owner, what), NET_F32, shape, NULL));
    return *value == NET_NONE ? NULL : b->g->values[*value].constant->data;
}

static int32_t add_filled(arch_builder *b, const char *owner, const char *what, int n, float fill)
{
    net_shape shape = {1, {n}};
    int32_t value;
    float *data = arch_constant(b, owner, what, &shape, &value);

    for (int i = 0; data && i < n; i++)
        data[i] = fill;
    return value;
}

/* Normal numbers of the given deviation. */
int32_t arch_weight(arch_builder *b, const char *owner, const net_shape *shape, double deviation)
{
    size_t n;
    int32_t value;
    float *data = arch_constant(b, owner, ".weight", shape, &value);

    if (data && net_shape_count(shape, &n))
        for (size_t i = 0; i < n; i++)
            data[i] = (float)((double)rng_normal(&b->random) * deviation);
    return value;
}

/* A node whose one output has its name. */
int32_t arch_node(arch_builder *b, net_op op, const char *name, const int32_t *in, size_t n_in)
{
    int32_t out;

    if (b->failed || !b->g)
        return 0;
    out = arch_checked(b, net_value_add(b->g, name, NET_F32, NULL));
    if (!b->failed && !net_node_add(b->g, op, name, in, n_in, &out, 1))
        b->failed = true;
    return out;
}

/* An attribute of the node that was added last. */
static void add_attr(arch_builder *b, const net_attr *attr)
{
    if (!b->failed && b->g && !net_attr_add(b->g, &b->g->nodes[b->g->n_nodes - 1], attr))
        b->failed = true;
}

void arch_int(arch_builder *b, const char *name, int64_t v)
{
    add_attr(b, &(net_attr){.name = name, .kind = NET_ATTR_INT, .i = v});
}

void arch_ints(arch_builder *b, const char *name, size_t n, const int64_t *v)
{
    add_attr(b, &(net_attr){.name = name, .kind = NET_ATTR_INTS, .n = n, .ints = v});
}

void arch_text(arch_builder *b, const char *name, const char *text)
{
    add_attr(b, &(net_attr){.name = name, .kind = NET_ATTR_STRING, .n = strlen(text), .s = text});
}

static int32_t add_batch_norm(arch_builder *b, int32_t x, int channels, const char *name)
{
    int32_t in[5] = {x};

    in[1] = add_filled(b, name, ".scale", channels, 1);
    in[2] = add_filled(b, name, ".bias", channels, 0);
    in[3] = add_filled(b, name, ".mean", channels, 0);
    in[4] = add_filled(b, name, ".var", channels, 1);
    x = arch_node(b, NET_OP_BATCH_NORM, name, in, 5);
    add_attr(b, &(net_attr){.name = "epsilon", .kind = NET_ATTR_FLOAT, .f = BN_EPSILON});
    add_attr(b, &(net_attr){.name = "momentum", .kind = NET_ATTR_FLOAT, .f = BN_MOMENTUM});
    return x;
}

typedef struct conv_weights {
    double deviation;
    int32_t bias; /* NET_NONE: none */
} conv_weights;

static int32_t add_conv(arch_builder *b, arch_map x, const arch_conv_shape *c, conv_weights w,
                        const char *name)
{
    net_shape shape = {4, {c->channels, x.channels / c->groups, c->kernel, c->kernel}};
    int32_t in[3] = {x.value, arch_weight(b, name, &shape, w.deviation), w.bias};
    int32_t out = arch_node(b, NET_OP_CONV, name, in, w.bias == NET_NONE ? 2 : 3);

    arch_ints(b, "kernel_shape", 2, (int64_t[]){c->kernel, c->kernel});
    arch_ints(b, "strides", 2, (int64_t[]){c->stride, c->stride});
    arch_ints(b, "pads", 4, (int64_t[]){c->pad, c->pad, c->pad, c->pad});
    arch_int(b, "group", c->groups);
    return out;
}

/* ---- layers: they count, and build where something is built ---- */

uint64_t arch_product(int a, int b, int c)
{
    return (uint64_t)a * (uint64_t)b * (uint64_t)c;
}

static double fan_in(arch_map x, const arch_conv_shape *c)
{
    return (double)arch_product(c->kernel, c->kernel, x.channels / c->groups);
}

static arch_map count_conv(arch_builder *b, arch_map x, const arch_conv_shape *c)
{
    arch_map y = {.size = (x.size + 2 * c->pad - c->kernel) / c->stride + 1,
                  .channels = c->channels};
    uint64_t weights =
        arch_product(c->kernel, c->kernel, x.channels / c->groups) * (uint64_t)y.channels;

    b->macs += weights * arch_product(y.size, y.size, 1);
    b->parameters += weights + (uint64_t)y.channels;
    return y;
}

arch_map arch_conv(arch_builder *b, arch_map x, const arch_conv_shape *c, const char *name)
{
    arch_map y = count_conv(b, x, c);
    conv_weights w = {sqrt(2 / fan_in(x, c)), NET_NONE};
    char bn[ARCH_NAME], relu[ARCH_NAME];

    if (!b->g)
        return y;
    y.value = add_batch_norm(b, add_conv(b, x, c, w, name), y.channels, arch_join(bn, name, ".bn"));
    if (c->relu)
        y.value = arch_node(b, NET_OP_RELU, arch_join(relu, name, ".relu"), &y.value, 1);
    return y;
}

arch_map arch_conv_plain(arch_builder *b, arch_map x, const arch_conv_shape *c, double gain,
                         const char *name, float **bias)
{
    arch_map y = count_conv(b, x, c);
    net_shape shape = {1, {c->channels}};
    conv_weights w = {gain / sqrt(fan_in(x, c)), NET_NONE};

    *bias = NULL;
    if (!b->g)
        return y;
    *bias = arch_constant(b, name, ".bias", &shape, &w.bias);
    y.value = add_conv(b, x, c, w, name);
    return y;
}

int32_t arch_input(arch_builder *b, const net_shape *shape)
{
    int32_t value;

    if (!b->g)
        return 0;
    value = arch_checked(b, net_value_add(b->g, "input", NET_F32, shape));
    b->failed = b->failed || !net_input_add(b->g, value);
    return value;
}

void arch_output(arch_builder *b, int32_t value, const net_shape *shape)
{
    net_value *v;

    if (b->failed || !b->g)
        return;
    v = &b->g->values[value];
    v->has_shape = true;
    v->shape = *shape;
    b->failed = !net_output_add(b->g, value);
}
