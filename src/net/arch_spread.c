/* The head that says how far off each landmark may be. */
#include "net/arch_spread.h"

#include <math.h>
#include <stdio.h>

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

/* The map's channels' means times weights [HIDDEN][channels], as a convolution: quantisation may
 * then scale the map's channels. */
static int32_t multiply_means(arch_builder *b, arch_map x, double gain, int index)
{
    net_shape shape = {4, {HIDDEN, x.channels, 1, 1}};
    char name[ARCH_NAME], part[ARCH_NAME];
    int32_t in[2];

    snprintf(name, sizeof name, "spread.map%d", index + 1);
    x = stopped(b, x, arch_join(part, name, ".stop"));
    if (x.size > 1)
        x.value =
            arch_node(b, NET_OP_GLOBAL_AVERAGE_POOL, arch_join(part, name, ".pool"), &x.value, 1);
    in[0] = x.value;
    in[1] = arch_weight(b, name, &shape, gain);
    return arch_node(b, NET_OP_CONV, name, in, 2);
}

/* All maps' products, added up: [B][HIDDEN]. channels: of all of them. */
static int32_t add_means(arch_builder *b, const arch_map maps[ARCH_SPREAD_MAPS], int channels)
{
    const double gain = sqrt(2.0 / channels);
    int32_t sum = multiply_means(b, maps[0], gain, 0);
    char name[ARCH_NAME];

    for (int i = 1; i < ARCH_SPREAD_MAPS; i++) {
        int32_t in[2] = {sum, multiply_means(b, maps[i], gain, i)};

        snprintf(name, sizeof name, "spread.sum%d", i);
        sum = arch_node(b, NET_OP_ADD, name, in, 2);
    }
    return arch_node(b, NET_OP_FLATTEN, "spread.means", &sum, 1);
}

typedef struct product { /* numbers of the constants: [n][x.channels], [n] */
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
    arch_map y = {.size = 1, .channels = in->points.channels / 2 * 3}, x = in->points;
    arch_map hidden = {.size = 1, .channels = HIDDEN};
    product points, last;
    int channels = 0;
    int32_t parts[2];

    for (int i = 0; i < ARCH_SPREAD_MAPS; i++)
        channels += in->maps[i].channels;
    b->macs += arch_product(HIDDEN, channels + x.channels + y.channels, 1);
    b->parameters +=
        arch_product(HIDDEN, channels + x.channels + y.channels + 1, 1) + (uint64_t)y.channels;
    if (!b->g)
        return y;
    x = stopped(b, x, "spread.landmarks");
    parts[0] = add_means(b, in->maps, channels);
    points = multiply(b, x, HIDDEN, POINTS_GAIN, "spread.points");
    centre(&points, in->mean, x.channels);
    parts[1] = points.value;
    hidden.value = arch_node(b, NET_OP_ADD, "spread.add", parts, 2);
    hidden.value = arch_node(b, NET_OP_RELU, "spread.relu", &hidden.value, 1);
    last = multiply(b, hidden, y.channels, START_SCALE, "spread");
    for (int i = 0; last.bias && i < y.channels; i++)
        last.bias[i] = i % 3 < 2 ? START_LN : 0;
    y.value = last.value;
    return y;
}
