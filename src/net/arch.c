/* Builders of our own nets as graphs: PFLD's Table 1 and the auxiliary net of Table 2. */
#include "net/arch.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/rng.h"
#include "net/edit.h"

#define NAME_SIZE   48 /* of nodes, values and constants */
#define OPSET       13
#define BN_EPSILON  1e-5f
#define BN_MOMENTUM 0.9f /* ONNX's: the share of the running value that stays */
#define LAST_SCALE  0.01 /* of the last layers' output at the start: a hundredth of the crop */

typedef enum line_kind { CONV, DEPTHWISE, BOTTLENECK, WHOLE_MAP, HIDDEN, LAST } line_kind;

typedef struct line { /* of a table in the paper, at width 1 */
    const char *name, *op;
    line_kind kind;
    int t, c, n, s;
} line;

static const line table1[] = {
    {"conv1", "conv3x3", CONV, 0, 64, 1, 2},
    {"conv2", "depthwise conv3x3", DEPTHWISE, 0, 64, 1, 1},
    {"block1", "bottleneck", BOTTLENECK, 2, 64, 5, 2},
    {"block2", "bottleneck", BOTTLENECK, 2, 128, 1, 2},
    {"block3", "bottleneck", BOTTLENECK, 4, 128, 6, 1},
    {"block4", "bottleneck", BOTTLENECK, 2, 16, 1, 1}, /* makes S1 */
    {"s2", "conv3x3", CONV, 0, 32, 1, 2},
    {"s3", "conv7x7", WHOLE_MAP, 0, 128, 1, 1},
};
static const line last1 = {"landmarks", "full connection", LAST, 0, 0, 1, 0};
enum { N_TABLE1 = sizeof table1 / sizeof *table1, AT_AUX = 2, AT_S1 = 5, AT_S2 = 6, AT_S3 = 7 };

static const line table2[] = {
    {"aux.conv1", "conv3x3", CONV, 0, 128, 1, 2},
    {"aux.conv2", "conv3x3", CONV, 0, 128, 1, 1},
    {"aux.conv3", "conv3x3", CONV, 0, 32, 1, 2},
    {"aux.conv4", "conv7x7", WHOLE_MAP, 0, 128, 1, 1},
    {"aux.fc1", "full connection", HIDDEN, 0, 32, 1, 0},
    {"aux.fc2", "full connection", LAST, 0, 0, 1, 0},
};
enum { N_TABLE2 = sizeof table2 / sizeof *table2 };

typedef struct builder {
    net_graph *g; /* NULL: nothing is built, only counted */
    const arch_pfld *a;
    arch_row *rows, *row; /* [ARCH_ROWS]; the one that is being filled */
    size_t n_rows;
    rng random;
    bool failed; /* memory ran out; sticky */
} builder;

typedef struct map {
    int32_t value;
    int size, channels;
} map;

typedef struct conv_shape {
    int channels, kernel, stride, pad, groups;
    bool relu;
} conv_shape;

static const char *join(char buf[NAME_SIZE], const char *a, const char *b)
{
    int n = snprintf(buf, NAME_SIZE, "%s%s", a, b);
    assert(n > 0 && n < NAME_SIZE);
    (void)n;
    return buf;
}

/* ---- nodes: all of these do nothing once memory ran out, or where nothing is built ---- */

static int32_t checked_value(builder *b, int32_t value)
{
    if (value == NET_NONE)
        b->failed = true;
    return value;
}

static float *add_constant(builder *b, const char *owner, const char *what, const net_shape *shape,
                           int32_t *value)
{
    char name[NAME_SIZE];

    *value = NET_NONE;
    if (b->failed)
        return NULL;
    *value =
        checked_value(b, net_constant_add(b->g, join(name, owner, what), NET_F32, shape, NULL));
    return *value == NET_NONE ? NULL : b->g->values[*value].constant->data;
}

static int32_t add_filled(builder *b, const char *owner, const char *what, int n, float fill)
{
    net_shape shape = {1, {n}};
    int32_t value;
    float *data = add_constant(b, owner, what, &shape, &value);

    for (int i = 0; data && i < n; i++)
        data[i] = fill;
    return value;
}

/* Normal numbers of the given deviation. */
static int32_t add_weight(builder *b, const char *owner, const net_shape *shape, double deviation)
{
    size_t n;
    int32_t value;
    float *data = add_constant(b, owner, ".weight", shape, &value);

    if (data && net_shape_count(shape, &n))
        for (size_t i = 0; i < n; i++)
            data[i] = (float)((double)rng_normal(&b->random) * deviation);
    return value;
}

/* A node whose one output has its name. */
static int32_t add_node(builder *b, net_op op, const char *name, const int32_t *in, size_t n_in)
{
    int32_t out;

    if (b->failed || !b->g)
        return 0;
    out = checked_value(b, net_value_add(b->g, name, NET_F32, NULL));
    if (!b->failed && !net_node_add(b->g, op, name, in, n_in, &out, 1))
        b->failed = true;
    return out;
}

/* An attribute of the node that was added last. */
static void add_attr(builder *b, const net_attr *attr)
{
    if (!b->failed && b->g && !net_attr_add(b->g, &b->g->nodes[b->g->n_nodes - 1], attr))
        b->failed = true;
}

static void add_int(builder *b, const char *name, int64_t v)
{
    add_attr(b, &(net_attr){.name = name, .kind = NET_ATTR_INT, .i = v});
}

static void add_ints(builder *b, const char *name, size_t n, const int64_t *v)
{
    add_attr(b, &(net_attr){.name = name, .kind = NET_ATTR_INTS, .n = n, .ints = v});
}

static int32_t add_batch_norm(builder *b, int32_t x, int channels, const char *name)
{
    int32_t in[5] = {x};

    in[1] = add_filled(b, name, ".scale", channels, 1);
    in[2] = add_filled(b, name, ".bias", channels, 0);
    in[3] = add_filled(b, name, ".mean", channels, 0);
    in[4] = add_filled(b, name, ".var", channels, 1);
    x = add_node(b, NET_OP_BATCH_NORM, name, in, 5);
    add_attr(b, &(net_attr){.name = "epsilon", .kind = NET_ATTR_FLOAT, .f = BN_EPSILON});
    add_attr(b, &(net_attr){.name = "momentum", .kind = NET_ATTR_FLOAT, .f = BN_MOMENTUM});
    return x;
}

static int32_t add_conv(builder *b, map x, const conv_shape *c, const char *name)
{
    net_shape shape = {4, {c->channels, x.channels / c->groups, c->kernel, c->kernel}};
    double fan_in = (double)shape.dim[1] * c->kernel * c->kernel;
    int32_t in[2] = {x.value, add_weight(b, name, &shape, sqrt(2 / fan_in))};
    int32_t out = add_node(b, NET_OP_CONV, name, in, 2);

    add_ints(b, "kernel_shape", 2, (int64_t[]){c->kernel, c->kernel});
    add_ints(b, "strides", 2, (int64_t[]){c->stride, c->stride});
    add_ints(b, "pads", 4, (int64_t[]){c->pad, c->pad, c->pad, c->pad});
    add_int(b, "group", c->groups);
    return out;
}

/* ---- layers: they count into the row, and build where something is built ---- */

static uint64_t product(int a, int b, int c)
{
    return (uint64_t)a * (uint64_t)b * (uint64_t)c;
}

/* Convolution, batch normalisation, and ReLU where asked for. */
static map conv(builder *b, map x, const conv_shape *c, const char *name)
{
    map y = {.size = (x.size + 2 * c->pad - c->kernel) / c->stride + 1, .channels = c->channels};
    uint64_t weights = product(c->kernel, c->kernel, x.channels / c->groups) * (uint64_t)y.channels;
    char bn[NAME_SIZE], relu[NAME_SIZE];

    b->row->macs += weights * product(y.size, y.size, 1);
    b->row->parameters += weights + (uint64_t)y.channels;
    if (!b->g)
        return y;
    y.value = add_batch_norm(b, add_conv(b, x, c, name), y.channels, join(bn, name, ".bn"));
    if (c->relu)
        y.value = add_node(b, NET_OP_RELU, join(relu, name, ".relu"), &y.value, 1);
    return y;
}

static map bottleneck(builder *b, map x, const line *l, int index)
{
    int hidden = l->t * x.channels, stride = index == 1 ? l->s : 1;
    conv_shape expand = {hidden, 1, 1, 0, 1, true},
               depthwise = {hidden, 3, stride, 1, hidden, true};
    conv_shape project = {b->row->c, 1, 1, 0, 1, false};
    char part[NAME_SIZE], name[NAME_SIZE];
    map y;

    snprintf(part, sizeof part, "%s.%d", l->name, index);
    y = conv(b, x, &expand, join(name, part, ".expand"));
    y = conv(b, y, &depthwise, join(name, part, ".depthwise"));
    y = conv(b, y, &project, join(name, part, ".project"));
    if (stride == 1 && y.channels == x.channels)
        y.value =
            add_node(b, NET_OP_ADD, join(name, part, ".add"), (int32_t[]){y.value, x.value}, 2);
    return y;
}

/* x: [B][channels]. bias NULL: 0. */
static map full(builder *b, map x, const line *l, const float *bias)
{
    map y = {.size = 1, .channels = b->row->c};
    double gain = l->kind == LAST ? LAST_SCALE : sqrt(2);
    net_shape shape = {2, {y.channels, x.channels}}, bias_shape = {1, {y.channels}};
    int32_t in[3] = {x.value};
    char relu[NAME_SIZE];
    float *data;

    b->row->macs += product(x.channels, y.channels, 1);
    b->row->parameters += product(x.channels + 1, y.channels, 1);
    if (!b->g)
        return y;
    in[1] = add_weight(b, l->name, &shape, gain / sqrt(x.channels));
    data = add_constant(b, l->name, ".bias", &bias_shape, &in[2]);
    if (data && bias)
        memcpy(data, bias, (size_t)y.channels * sizeof *bias);
    y.value = add_node(b, NET_OP_GEMM, l->name, in, 3);
    add_int(b, "transB", 1);
    if (l->kind == HIDDEN)
        y.value = add_node(b, NET_OP_RELU, join(relu, l->name, ".relu"), &y.value, 1);
    return y;
}

/* ---- tables ---- */

static int scaled(int channels, double width)
{
    int c = (int)floor(channels * width + 0.5);
    return c < 4 ? 4 : c;
}

static void open_row(builder *b, const line *l, map x, int channels)
{
    assert(b->n_rows < ARCH_ROWS);
    b->row = &b->rows[b->n_rows++];
    *b->row = (arch_row){.name = l->name,
                         .op = l->op,
                         .in_size = x.size,
                         .in_channels = x.channels,
                         .t = l->t,
                         .c = channels,
                         .n = l->n,
                         .s = l->s};
}

static map build_line(builder *b, const line *l, map x, double width)
{
    int c = l->kind == DEPTHWISE ? x.channels : scaled(l->c, width);

    open_row(b, l, x, c);
    switch (l->kind) {
    case CONV:
        x = conv(b, x, &(conv_shape){c, 3, l->s, 1, 1, true}, l->name);
        break;
    case DEPTHWISE:
        x = conv(b, x, &(conv_shape){c, 3, l->s, 1, c, true}, l->name);
        break;
    case BOTTLENECK:
        for (int i = 1; i <= l->n; i++)
            x = bottleneck(b, x, l, i);
        break;
    case WHOLE_MAP:
        x = conv(b, x, &(conv_shape){c, x.size, 1, 0, 1, true}, l->name);
        break;
    case HIDDEN:
    case LAST:
        x = full(b, x, l, NULL);
        break;
    }
    b->row->out_size = x.size;
    return x;
}

/* [B][C][H][W] as [B][features], in the graph's order or as the channels' means. */
static map flatten(builder *b, map x, const char *name)
{
    bool pools = b->a->tail == ARCH_POOL && x.size > 1;
    map y = {.size = 1, .channels = pools ? x.channels : x.channels * x.size * x.size};
    char part[NAME_SIZE];

    if (pools)
        x.value = add_node(b, NET_OP_GLOBAL_AVERAGE_POOL, join(part, name, ".pool"), &x.value, 1);
    y.value = add_node(b, NET_OP_FLATTEN, join(part, name, ".flatten"), &x.value, 1);
    return y;
}

static void add_output(builder *b, map y)
{
    net_value *v;

    if (b->failed || !b->g)
        return;
    v = &b->g->values[y.value];
    v->has_shape = true;
    v->shape = (net_shape){2, {NET_DIM_OPEN, y.channels}};
    b->failed = !net_output_add(b->g, y.value);
}

static map build_table1(builder *b, map x, const float *mean)
{
    map at[N_TABLE1], s1, s2, s3, all = {.size = 1};

    for (int i = 0; i < N_TABLE1; i++)
        x = at[i] = build_line(b, &table1[i], x, b->a->width);
    s1 = flatten(b, at[AT_S1], "tail1");
    s2 = flatten(b, at[AT_S2], "tail2");
    s3 = flatten(b, at[AT_S3], "tail3");
    all.channels = s1.channels + s2.channels + s3.channels;
    all.value = add_node(b, NET_OP_CONCAT, "tail", (int32_t[]){s1.value, s2.value, s3.value}, 3);
    add_int(b, "axis", 1);
    open_row(b, &last1, all, 2 * b->a->points);
    add_output(b, full(b, all, &last1, mean));
    b->row->out_size = 1;
    return at[AT_AUX];
}

static void build_table2(builder *b, map x)
{
    double width = b->a->aux_width > 0 ? b->a->aux_width : b->a->width;

    for (int i = 0; i < N_TABLE2 - 1; i++) {
        if (table2[i].kind == HIDDEN)
            x = flatten(b, x, "aux");
        x = build_line(b, &table2[i], x, width);
    }
    open_row(b, &table2[N_TABLE2 - 1], x, 3);
    x = full(b, x, &table2[N_TABLE2 - 1], NULL);
    b->row->out_size = 1;
    if (b->g && !b->failed)
        b->g->values[x.value].name = "angles";
    add_output(b, x);
}

static pfld_status check(const arch_pfld *a, pfld_error *err)
{
    double aux = a->aux_width > 0 ? a->aux_width : 1;

    if (!(a->width > 0 && a->width <= 8) || !(aux <= 8))
        return error_set(err, PFLD_ERR_ARG, "the width of a net must be above 0 and at most 8");
    if (a->points < 1 || a->points > 1024)
        return error_set(err, PFLD_ERR_ARG, "%d points: a net has 1 to 1024", a->points);
    if (a->size < 32 || a->size > 512)
        return error_set(err, PFLD_ERR_ARG, "input of %dx%d: a net takes 32x32 to 512x512", a->size,
                         a->size);
    return PFLD_OK;
}

static void build(builder *b, const float *mean)
{
    net_shape shape = {4, {NET_DIM_OPEN, 3, b->a->size, b->a->size}};
    map x = {.size = b->a->size, .channels = 3};

    if (b->g) {
        x.value = checked_value(b, net_value_add(b->g, "input", NET_F32, &shape));
        b->failed = b->failed || !net_input_add(b->g, x.value);
    }
    x = build_table1(b, x, mean);
    if (b->a->auxiliary)
        build_table2(b, x);
}

pfld_status arch_pfld_build(const arch_pfld *a, uint64_t seed, const float *mean, net_graph **out,
                            pfld_error *err)
{
    arch_row rows[ARCH_ROWS];
    builder b = {.a = a, .rows = rows};
    float middle[2 * 1024];
    pfld_status status = check(a, err);

    *out = NULL;
    if (status == PFLD_OK)
        status = net_graph_create(&b.g, err);
    if (status)
        return status;
    for (int i = 0; i < 2 * a->points; i++)
        middle[i] = 0.5f;
    rng_seed(&b.random, seed);
    b.g->name = "pfld";
    b.g->opset = OPSET;
    build(&b, mean ? mean : middle);
    if (b.failed) {
        net_graph_free(b.g);
        return error_nomem(err);
    }
    *out = b.g;
    return PFLD_OK;
}

pfld_status arch_strip(net_graph *g, const char *output, pfld_error *err)
{
    net_edit e = {0};
    size_t at = 0;
    pfld_status status = net_graph_sort(g, err);

    if (status)
        return status;
    while (at < g->n_outputs && strcmp(g->values[g->outputs[at]].name, output) != 0)
        at++;
    if (at == g->n_outputs)
        return error_set(err, PFLD_ERR_ARG, "the net has no output '%.80s'", output);
    if (g->n_outputs == 1)
        return error_set(err, PFLD_ERR_ARG, "'%.80s' is the net's only output", output);
    memmove(&g->outputs[at], &g->outputs[at + 1], (--g->n_outputs - at) * sizeof *g->outputs);
    status = net_edit_begin(&e, g, err);
    net_edit_end(&e);
    return status;
}

size_t arch_pfld_rows(const arch_pfld *a, arch_row *rows, size_t room)
{
    arch_row all[ARCH_ROWS];
    builder b = {.a = a, .rows = all};
    size_t n;

    if (check(a, NULL))
        return 0;
    build(&b, NULL);
    n = b.n_rows < room ? b.n_rows : room;
    if (n)
        memcpy(rows, all, n * sizeof *rows);
    return n;
}
