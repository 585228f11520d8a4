/* Builders of our own nets as graphs: PFLD's Table 1 and the auxiliary net of Table 2. */
#include "net/arch.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "net/arch_nodes.h"
#include "net/arch_spread.h"
#include "net/edit.h"

#define OPSET      13
#define LAST_SCALE 0.01 /* of the last layers' output at the start: a hundredth of the crop */

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
static const line head = {"spread", "2 full connections", LAST, 0, 0, 1, 0};
static const line last1 = {"landmarks", "full connection", LAST, 0, 0, 1, 0};
enum {
    N_TABLE1 = sizeof table1 / sizeof *table1,
    AT_BLOCK1 = 2,
    AT_BLOCK3 = 4,
    AT_S1 = 5,
    AT_S2 = 6,
    AT_S3 = 7
};

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
    arch_builder n;
    const arch_pfld *a;
    arch_row *rows, *row; /* [ARCH_ROWS]; the one that is being filled */
    size_t n_rows;
} builder;

static arch_map bottleneck(builder *b, arch_map x, const line *l, int index)
{
    int hidden = l->t * x.channels, stride = index == 1 ? l->s : 1;
    arch_conv_shape expand = {hidden, 1, 1, 0, 1, true},
                    depthwise = {hidden, 3, stride, 1, hidden, true};
    arch_conv_shape project = {b->row->c, 1, 1, 0, 1, false};
    char part[ARCH_NAME], name[ARCH_NAME];
    arch_map y;

    snprintf(part, sizeof part, "%s.%d", l->name, index);
    y = arch_conv(&b->n, x, &expand, arch_join(name, part, ".expand"));
    y = arch_conv(&b->n, y, &depthwise, arch_join(name, part, ".depthwise"));
    y = arch_conv(&b->n, y, &project, arch_join(name, part, ".project"));
    if (stride == 1 && y.channels == x.channels)
        y.value = arch_node(&b->n, NET_OP_ADD, arch_join(name, part, ".add"),
                            (int32_t[]){y.value, x.value}, 2);
    return y;
}

/* x: [B][channels]. bias NULL: 0. */
static arch_map full(builder *b, arch_map x, const line *l, const float *bias)
{
    arch_map y = {.size = 1, .channels = b->row->c};
    double gain = l->kind == LAST ? LAST_SCALE : sqrt(2);
    net_shape shape = {2, {y.channels, x.channels}}, bias_shape = {1, {y.channels}};
    int32_t in[3] = {x.value};
    char relu[ARCH_NAME];
    float *data;

    b->n.macs += arch_product(x.channels, y.channels, 1);
    b->n.parameters += arch_product(x.channels + 1, y.channels, 1);
    if (!b->n.g)
        return y;
    in[1] = arch_weight(&b->n, l->name, &shape, gain / sqrt(x.channels));
    data = arch_constant(&b->n, l->name, ".bias", &bias_shape, &in[2]);
    if (data && bias)
        memcpy(data, bias, (size_t)y.channels * sizeof *bias);
    y.value = arch_node(&b->n, NET_OP_GEMM, l->name, in, 3);
    arch_int(&b->n, "transB", 1);
    if (l->kind == HIDDEN)
        y.value = arch_node(&b->n, NET_OP_RELU, arch_join(relu, l->name, ".relu"), &y.value, 1);
    return y;
}

/* ---- tables ---- */

static int scaled(int channels, double width)
{
    int c = (int)floor(channels * width + 0.5);
    return c < 4 ? 4 : c;
}

static void open_row(builder *b, const line *l, arch_map x, int channels)
{
    assert(b->n_rows < ARCH_ROWS);
    b->n.macs = b->n.parameters = 0;
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

static void close_row(builder *b, int out_size)
{
    b->row->out_size = out_size;
    b->row->macs = b->n.macs;
    b->row->parameters = b->n.parameters;
}

static arch_map build_line(builder *b, const line *l, arch_map x, double width)
{
    int c = l->kind == DEPTHWISE ? x.channels : scaled(l->c, width);

    open_row(b, l, x, c);
    switch (l->kind) {
    case CONV:
        x = arch_conv(&b->n, x, &(arch_conv_shape){c, 3, l->s, 1, 1, true}, l->name);
        break;
    case DEPTHWISE:
        x = arch_conv(&b->n, x, &(arch_conv_shape){c, 3, l->s, 1, c, true}, l->name);
        break;
    case BOTTLENECK:
        for (int i = 1; i <= l->n; i++)
            x = bottleneck(b, x, l, i);
        break;
    case WHOLE_MAP:
        x = arch_conv(&b->n, x, &(arch_conv_shape){c, x.size, 1, 0, 1, true}, l->name);
        break;
    case HIDDEN:
    case LAST:
        x = full(b, x, l, NULL);
        break;
    }
    close_row(b, x.size);
    return x;
}

/* [B][C][H][W] as [B][features], in the graph's order or as the channels' means. */
static arch_map flatten(builder *b, arch_map x, const char *name)
{
    bool pools = b->a->tail == ARCH_POOL && x.size > 1;
    arch_map y = {.size = 1, .channels = pools ? x.channels : x.channels * x.size * x.size};
    char part[ARCH_NAME];

    if (pools)
        x.value = arch_node(&b->n, NET_OP_GLOBAL_AVERAGE_POOL, arch_join(part, name, ".pool"),
                            &x.value, 1);
    y.value = arch_node(&b->n, NET_OP_FLATTEN, arch_join(part, name, ".flatten"), &x.value, 1);
    return y;
}

static void add_vector(builder *b, arch_map y)
{
    arch_output(&b->n, y.value, &(net_shape){2, {NET_DIM_OPEN, y.channels}});
}

/* What the last layer sees: S1, S2 and S3 in one row, or S3. */
static arch_map build_tail(builder *b, const arch_map *at)
{
    arch_map part[3], all = {.size = 1};
    int32_t in[3];

    if (b->a->tail == ARCH_S3)
        return flatten(b, at[AT_S3], "tail");
    for (int i = 0; i < 3; i++) {
        char name[ARCH_NAME];
        snprintf(name, sizeof name, "tail%d", i + 1);
        part[i] = flatten(b, at[AT_S1 + i], name);
        in[i] = part[i].value;
        all.channels += part[i].channels;
    }
    all.value = arch_node(&b->n, NET_OP_CONCAT, "tail", in, 3);
    arch_int(&b->n, "axis", 1);
    return all;
}

/* x becomes what the auxiliary net begins with; what the spread's head does. */
static arch_spread_inputs build_table1(builder *b, arch_map *aux, const float *mean)
{
    arch_map at[N_TABLE1], x = *aux, all, points;

    for (int i = 0; i < N_TABLE1; i++)
        x = at[i] = build_line(b, &table1[i], x, b->a->width);
    all = build_tail(b, at);
    open_row(b, &last1, all, 2 * b->a->points);
    points = full(b, all, &last1, mean);
    add_vector(b, points);
    close_row(b, 1);
    *aux = at[AT_BLOCK1];
    return (arch_spread_inputs){
        {at[AT_BLOCK1], at[AT_BLOCK3], at[AT_S1], at[AT_S2], at[AT_S3]}, points, mean};
}

static void build_table2(builder *b, arch_map x)
{
    double width = b->a->aux_width > 0 ? b->a->aux_width : b->a->width;

    for (int i = 0; i < N_TABLE2 - 1; i++) {
        if (table2[i].kind == HIDDEN)
            x = flatten(b, x, "aux");
        x = build_line(b, &table2[i], x, width);
    }
    open_row(b, &table2[N_TABLE2 - 1], x, 3);
    x = full(b, x, &table2[N_TABLE2 - 1], NULL);
    close_row(b, 1);
    if (b->n.g && !b->n.failed)
        b->n.g->values[x.value].name = "angles";
    add_vector(b, x);
}

static void build_spread(builder *b, const arch_spread_inputs *in)
{
    arch_map x = {.size = 1, .channels = in->points.channels};

    for (int i = 0; i < ARCH_SPREAD_MAPS; i++)
        x.channels += in->maps[i].channels;
    open_row(b, &head, x, in->points.channels / 2 * 3);
    add_vector(b, arch_spread(&b->n, in));
    close_row(b, 1);
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
    arch_map x = {.size = b->a->size, .channels = 3};
    arch_spread_inputs in;

    x.value = arch_input(&b->n, &shape);
    in = build_table1(b, &x, mean);
    if (b->a->auxiliary)
        build_table2(b, x);
    if (b->a->spread)
        build_spread(b, &in);
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
        status = net_graph_create(&b.n.g, err);
    if (status)
        return status;
    for (int i = 0; i < 2 * a->points; i++)
        middle[i] = 0.5f;
    rng_seed(&b.n.random, seed);
    b.n.g->name = "pfld";
    b.n.g->opset = OPSET;
    build(&b, mean ? mean : middle);
    if (b.n.failed) {
        net_graph_free(b.n.g);
        return error_nomem(err);
    }
    *out = b.n.g;
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
