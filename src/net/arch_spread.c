/* The head that says how far off each landmark may be. */
#include "net/arch_spread.h"

#include <math.h>

#define HIDDEN      32
#define START_LN    (-3.9f) /* of the deviations at the start: 2 % of the crop */
#define START_SCALE 0.01    /* of what the inputs add to that */
/* Landmarks vary by a tenth of the crop, channels' means by about 1. */
#define POINTS_GAIN 10

/* x without the gradient of what reads it. */
static arch_map stopped(arch_builder *b, arch_map x, const char *name)
{
    x.value = arch_node(b, NET_OP_IDENTITY, name, &x.value, 1);
    arch_int(b, NET_STOP, 1);
    return x;
}

static arch_map channel_means(arch_builder *b, const arch_map maps[ARCH_SPREAD_MAPS])
{
    static const char *const names[] = {"spread.map1", "spread.map2", "spread.map3", "spread.map4",
                                        "spread.map5"};
    arch_map y = {.size = 1};
    int32_t in[ARCH_SPREAD_MAPS];
    char part[ARCH_NAME];

    for (int i = 0; i < ARCH_SPREAD_MAPS; i++) {
        arch_map x = stopped(b, maps[i], names[i]);

        y.channels += x.channels;
        if (x.size > 1)
            x.value = arch_node(b, NET_OP_GLOBAL_AVERAGE_POOL, arch_join(part, names[i], ".pool"),
                                &x.value, 1);
        in[i] = arch_node(b, NET_OP_FLATTEN, arch_join(part, names[i], ".flatten"), &x.value, 1);
    }
    y.value = arch_node(b, NET_OP_CONCAT, "spread.concat", in, ARCH_SPREAD_MAPS);
    arch_int(b, "axis", 1);
    return y;
}

/* bias NULL: none; else its numbers, to be filled in; and those of the weights, [n][x.channels]. */
typedef struct product {
    int32_t value;
    float *weight, *bias;
} product;

static product multiply(arch_builder *b, arch_map x, int n, double gain, const char *name)
{
    net_shape shape = {2, {n, x.channels}}, bias_shape = {1, {n}};
    int32_t in[3] = {x.value};
    product y = {0};

    in[1] = arch_weight(b, name, &shape, gain / sqrt(x.channels));
    y.bias = arch_constant(b, name, ".bias", &bias_shape, &in[2]);
    y.value = arch_node(b, NET_OP_GEMM, name, in, 3);
    arch_int(b, "transB", 1);
    if (!b->failed)
        y.weight = b->g->values[in[1]].constant->data;
    return y;
}

/* So that the mean shape gives 0. */
static void centre(const product *y, const float *mean, int inputs)
{
    for (int i = 0; y->weight && i < HIDDEN; i++)
        for (int k = 0; k < inputs; k++)
            y->bias[i] -= y->weight[i * inputs + k] * mean[k];
}

arch_map arch_spread(arch_builder *b, const arch_spread_inputs *in)
{
    arch_map y = {.size = 1, .channels = in->points.channels / 2 * 3}, x = {.size = 1};
    arch_map hidden = {.size = 1, .channels = HIDDEN};
    product means, points, last;

    for (int i = 0; i < ARCH_SPREAD_MAPS; i++)
        x.channels += in->maps[i].channels;
    b->macs += arch_product(HIDDEN, x.channels + in->points.channels + y.channels, 1);
    b->parameters += arch_product(HIDDEN, x.channels + in->points.channels + y.channels, 1) +
                     arch_product(2, HIDDEN, 1) + (uint64_t)y.channels;
    if (!b->g)
        return y;
    x = channel_means(b, in->maps);
    means = multiply(b, x, HIDDEN, sqrt(2), "spread.means");
    x = stopped(b, in->points, "spread.landmarks");
    points = multiply(b, x, HIDDEN, POINTS_GAIN, "spread.points");
    centre(&points, in->mean, x.channels);
    hidden.value =
        arch_node(b, NET_OP_ADD, "spread.add", (int32_t[]){means.value, points.value}, 2);
    hidden.value = arch_node(b, NET_OP_RELU, "spread.relu", &hidden.value, 1);
    last = multiply(b, hidden, y.channels, START_SCALE, "spread");
    for (int i = 0; last.bias && i < y.channels; i++)
        last.bias[i] = i % 3 < 2 ? START_LN : 0;
    y.value = last.value;
    return y;
}
