/* Builder of our face detector: a fully convolutional net with heads at strides 8, 16 and 32. */
#include "net/arch_detector.h"

#include <math.h>
#include <stdio.h>

#include "core/error.h"
#include "net/arch_nodes.h"

#define OPSET       13
#define FIRST_SCORE 0.01 /* of every cell, before training */
#define FIRST_SIDE  3.0f /* of every cell's box, in strides */
#define HEAD_GAIN   0.1  /* of the last layers' deviation: they start near their biases */

const int detector_strides[DETECTOR_LEVELS] = {8, 16, 32};

enum { STEM = 16, NECK = 64 };

/* At width 1. The first block of a stage halves the map. */
static const struct stage {
    const char *name;
    int channels, blocks;
} stages[] = {{"stage4", 32, 3}, {"stage8", 64, 4}, {"stage16", 96, 3}, {"stage32", 64, 3}};
enum { N_STAGES = sizeof stages / sizeof *stages };

typedef struct detector_builder {
    arch_builder n;
    const arch_detector *a;
} detector_builder;

static int channels(const detector_builder *b, int at_width_1)
{
    int c = 8 * (int)floor(at_width_1 * b->a->width / 8 + 0.5);

    return c < 8 ? 8 : c;
}

/* Depthwise 3x3, then 1x1; the sum's ReLU is the block's last. */
static arch_map add_block(detector_builder *b, arch_map x, int c, int stride, const char *name)
{
    bool sums = stride == 1 && c == x.channels;
    arch_conv_shape depthwise = {x.channels, 3, stride, 1, x.channels, true};
    arch_conv_shape point = {c, 1, 1, 0, 1, !sums};
    char part[ARCH_NAME];
    arch_map y = arch_conv(&b->n, x, &depthwise, arch_join(part, name, ".depthwise"));

    y = arch_conv(&b->n, y, &point, arch_join(part, name, ".point"));
    if (!sums)
        return y;
    y.value = arch_node(&b->n, NET_OP_ADD, arch_join(part, name, ".add"),
                        (int32_t[]){y.value, x.value}, 2);
    y.value = arch_node(&b->n, NET_OP_RELU, arch_join(part, name, ".relu"), &y.value, 1);
    return y;
}

static arch_map add_stage(detector_builder *b, arch_map x, const struct stage *s)
{
    char name[ARCH_NAME];

    for (int i = 1; i <= s->blocks; i++) {
        snprintf(name, sizeof name, "%s.%d", s->name, i);
        x = add_block(b, x, channels(b, s->channels), i == 1 ? 2 : 1, name);
    }
    return x;
}

/* Each cell four times: nothing is computed, and every engine knows it. */
static arch_map add_upsample(detector_builder *b, arch_map x, const char *name)
{
    net_shape shape = {1, {4}};
    int32_t in[3] = {x.value, NET_NONE, NET_NONE};
    float *scales;

    x.size *= 2;
    if (!b->n.g)
        return x;
    scales = arch_constant(&b->n, name, ".scales", &shape, &in[2]);
    if (scales) {
        scales[0] = scales[1] = 1;
        scales[2] = scales[3] = 2;
    }
    x.value = arch_node(&b->n, NET_OP_RESIZE, name, in, 3);
    arch_text(&b->n, "mode", "nearest");
    arch_text(&b->n, "coordinate_transformation_mode", "asymmetric");
    arch_text(&b->n, "nearest_mode", "floor");
    return x;
}

/* The map at the neck's width; above NULL: it is the coarsest. */
static arch_map add_lateral(detector_builder *b, arch_map x, const arch_map *above, int level)
{
    int c = channels(b, NECK);
    char name[ARCH_NAME], part[ARCH_NAME];
    arch_map up;

    snprintf(name, sizeof name, "neck%d", detector_strides[level]);
    if (!above || x.channels != c)
        x = arch_conv(&b->n, x, &(arch_conv_shape){c, 1, 1, 0, 1, !above}, name);
    if (!above)
        return x;
    up = add_upsample(b, *above, arch_join(part, name, ".up"));
    x.value = arch_node(&b->n, NET_OP_ADD, arch_join(part, name, ".add"),
                        (int32_t[]){x.value, up.value}, 2);
    x.value = arch_node(&b->n, NET_OP_RELU, arch_join(part, name, ".relu"), &x.value, 1);
    return x;
}

static void add_head(detector_builder *b, arch_map x, int level)
{
    char name[ARCH_NAME], out[ARCH_NAME];
    float *bias;
    arch_map y;

    snprintf(name, sizeof name, "head%d", detector_strides[level]);
    snprintf(out, sizeof out, "stride%d", detector_strides[level]);
    y = add_block(b, x, x.channels, 1, name);
    y = arch_conv_plain(&b->n, y, &(arch_conv_shape){DETECTOR_CHANNELS, 1, 1, 0, 1, false},
                        HEAD_GAIN, out, &bias);
    if (bias) {
        bias[DETECTOR_SCORE] = (float)log(FIRST_SCORE / (1 - FIRST_SCORE));
        bias[DETECTOR_BOX + 2] = bias[DETECTOR_BOX + 3] = logf(FIRST_SIDE);
    }
    arch_output(&b->n, y.value, &(net_shape){4, {NET_DIM_OPEN, DETECTOR_CHANNELS, y.size, y.size}});
}

static void build(detector_builder *b)
{
    net_shape shape = {4, {NET_DIM_OPEN, 3, b->a->size, b->a->size}};
    arch_conv_shape stem = {channels(b, STEM), 3, 2, 1, 1, true};
    arch_map x = {.size = b->a->size, .channels = 3}, at[DETECTOR_LEVELS];

    x.value = arch_input(&b->n, &shape);
    x = arch_conv(&b->n, x, &stem, "stem");
    for (int i = 0; i < N_STAGES; i++) {
        x = add_stage(b, x, &stages[i]);
        if (i > 0)
            at[i - 1] = x;
    }
    for (int i = DETECTOR_LEVELS; i-- > 0;)
        at[i] = add_lateral(b, at[i], i + 1 < DETECTOR_LEVELS ? &at[i + 1] : NULL, i);
    for (int i = 0; i < DETECTOR_LEVELS; i++)
        add_head(b, at[i], i);
}

static pfld_status check(const arch_detector *a, pfld_error *err)
{
    if (!(a->width > 0 && a->width <= 8))
        return error_set(err, PFLD_ERR_ARG, "the width of a net must be above 0 and at most 8");
    if (a->size < 64 || a->size > 512 || a->size % 32)
        return error_set(err, PFLD_ERR_ARG,
                         "input of %dx%d: a detector trains on multiples of 32 from 64 to 512",
                         a->size, a->size);
    return PFLD_OK;
}

pfld_status arch_detector_build(const arch_detector *a, uint64_t seed, net_graph **out,
                                pfld_error *err)
{
    detector_builder b = {.a = a};
    pfld_status status = check(a, err);

    *out = NULL;
    if (status == PFLD_OK)
        status = net_graph_create(&b.n.g, err);
    if (status)
        return status;
    rng_seed(&b.n.random, seed);
    b.n.g->name = "pfld-detect";
    b.n.g->opset = OPSET;
    build(&b);
    if (b.n.failed) {
        net_graph_free(b.n.g);
        return error_nomem(err);
    }
    *out = b.n.g;
    return PFLD_OK;
}

bool arch_detector_cost(const arch_detector *a, uint64_t *macs, uint64_t *parameters)
{
    detector_builder b = {.a = a};

    if (check(a, NULL))
        return false;
    build(&b);
    *macs = b.n.macs;
    *parameters = b.n.parameters;
    return true;
}
