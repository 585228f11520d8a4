/* Writes little models, tensors and a picture into a folder, for tests without ../shared.
 *
 * spot.onnx is a detector after docs/models.md whose faces are squares of 32 pixels on the grid of
 * 32 in what the net sees, the upper half green, the rest black: a picture of at most 320x240 is
 * shown twice as large, so that there they have 16 pixels. Full green scores 0.993, half of it
 * 0.73. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/rng.h"
#include "net/graph.h"
#include "net/onnx.h"

/* Conv 3x3, stride 4, padded by 1; ReLU; AveragePool 14x14; Flatten; Gemm: 68 points in 0..1, or 98
 * in wflw.onnx. */
enum { SIDE = 112, MAPS = 4, CONV_SIDE = 28, POOL = 14, POOLED = 2 };
enum { FEATURES = MAPS * POOLED * POOLED, POINTS = 68, VALUES = 2 * POINTS };
enum { MOST_POINTS = 98, MOST_VALUES = 2 * MOST_POINTS };

typedef struct weights {
    float conv[MAPS][3][3][3]; /* [K][C][R][S] */
    float conv_bias[MAPS];
    float gemm[MOST_VALUES][FEATURES];
    float gemm_bias[MOST_VALUES];
} weights;

static void die(const char *why)
{
    fprintf(stderr, "make_model: %s\n", why);
    exit(1);
}

static void fill(rng *r, float *w, size_t n, float scale)
{
    for (size_t i = 0; i < n; i++)
        w[i] = scale * (2 * rng_float(r) - 1);
}

static void make_weights(weights *w)
{
    rng r;

    rng_seed(&r, 68);
    fill(&r, &w->conv[0][0][0][0], sizeof w->conv / sizeof(float), 0.3f);
    fill(&r, w->conv_bias, MAPS, 0.1f);
    fill(&r, &w->gemm[0][0], (size_t)MOST_VALUES * FEATURES, 0.05f);
    for (int i = 0; i < MOST_POINTS; i++) { /* around a grid inside the crop */
        w->gemm_bias[2 * i] = 0.2f + 0.08f * (float)(i % 8);
        w->gemm_bias[2 * i + 1] = 0.2f + 0.07f * (float)(i / 8);
    }
}

/* ---- what the net must give, by the definition of its operators ---- */

static float conv_at(const weights *w, const float *in, int k, int y, int x)
{
    float sum = w->conv_bias[k];

    for (int c = 0; c < 3; c++)
        for (int r = 0; r < 3; r++)
            for (int s = 0; s < 3; s++) {
                int v = 4 * y + r - 1, u = 4 * x + s - 1;
                if (v >= 0 && v < SIDE && u >= 0 && u < SIDE)
                    sum += w->conv[k][c][r][s] * in[(c * SIDE + v) * SIDE + u];
            }
    return sum > 0 ? sum : 0;
}

static void run_reference(const weights *w, const float *in, float *out)
{
    float features[FEATURES];

    for (int i = 0; i < FEATURES; i++) {
        int k = i / (POOLED * POOLED), y = i / POOLED % POOLED, x = i % POOLED;
        float sum = 0;

        for (int v = 0; v < POOL; v++)
            for (int u = 0; u < POOL; u++)
                sum += conv_at(w, in, k, POOL * y + v, POOL * x + u);
        features[i] = sum / (POOL * POOL);
    }
    for (int i = 0; i < VALUES; i++) {
        out[i] = w->gemm_bias[i];
        for (int k = 0; k < FEATURES; k++)
            out[i] += w->gemm[i][k] * features[k];
    }
}

/* ---- the same as a graph ---- */

typedef struct build {
    net_graph *g;
    bool failed;
} build;

static int32_t constant(build *b, const char *name, net_shape shape, const float *data)
{
    int32_t v = net_constant_add(b->g, name, NET_F32, &shape, data);

    b->failed |= v < 0;
    return v;
}

static int32_t value(build *b, const char *name, net_shape shape)
{
    int32_t v = net_value_add(b->g, name, NET_F32, &shape);

    b->failed |= v < 0;
    return v;
}

static net_node *node(build *b, net_op op, const int32_t *in, size_t n_in, int32_t out)
{
    net_node *n = net_node_add(b->g, op, net_op_get(op)->name, in, n_in, &out, 1);

    if (!n)
        die("out of memory");
    return n;
}

static void ints(build *b, net_node *n, const char *name, const int64_t *v, size_t count)
{
    net_attr a = {.name = name, .kind = NET_ATTR_INTS, .n = count, .ints = v};

    b->failed |= !net_attr_add(b->g, n, &a);
}

typedef struct variant {
    const char *file, *output;
    int64_t batch, values;
    const char *scheme; /* NULL: it has no metadata */
} variant;

static void add_nodes(build *b, const weights *w, const variant *v, int32_t image,
                      int32_t landmarks)
{
    static const int64_t three[] = {3, 3}, four[] = {4, 4}, ones[] = {1, 1, 1, 1},
                         pool[] = {POOL, POOL};
    const int64_t batch = v->batch;
    const net_attr transposed = {.name = "transB", .kind = NET_ATTR_INT, .i = 1};
    int32_t conv = value(b, "conv", (net_shape){4, {batch, MAPS, CONV_SIDE, CONV_SIDE}});
    int32_t relu = value(b, "relu", (net_shape){4, {batch, MAPS, CONV_SIDE, CONV_SIDE}});
    int32_t mean = value(b, "mean", (net_shape){4, {batch, MAPS, POOLED, POOLED}});
    int32_t flat = value(b, "flat", (net_shape){2, {batch, FEATURES}});
    int32_t conv_in[] = {
        image, constant(b, "conv.weight", (net_shape){4, {MAPS, 3, 3, 3}}, &w->conv[0][0][0][0]),
        constant(b, "conv.bias", (net_shape){1, {MAPS}}, w->conv_bias)};
    int32_t gemm_in[] = {
        flat, constant(b, "gemm.weight", (net_shape){2, {v->values, FEATURES}}, &w->gemm[0][0]),
        constant(b, "gemm.bias", (net_shape){1, {v->values}}, w->gemm_bias)};
    net_node *n = node(b, NET_OP_CONV, conv_in, 3, conv);

    ints(b, n, "kernel_shape", three, 2);
    ints(b, n, "strides", four, 2);
    ints(b, n, "pads", ones, 4);
    node(b, NET_OP_RELU, &conv, 1, relu);
    n = node(b, NET_OP_AVERAGE_POOL, &relu, 1, mean);
    ints(b, n, "kernel_shape", pool, 2);
    ints(b, n, "strides", pool, 2);
    node(b, NET_OP_FLATTEN, &mean, 1, flat);
    n = node(b, NET_OP_GEMM, gemm_in, 3, landmarks);
    b->failed |= !net_attr_add(b->g, n, &transposed);
}

/* ---- a detector ---- */

enum { HEADS = 3, CHANNELS = 15, COARSEST = 32 }; /* 5 .. 14 are the five points */

/* [CHANNELS][3][stride][stride]: all zero, but for the score of the coarsest head. */
static void make_head(int stride, float *w, float bias[CHANNELS])
{
    static const float five[10] = {-0.2f, -0.2f, 0.2f, -0.2f, 0, 0, -0.15f, 0.2f, 0.15f, 0.2f};
    const float half = (float)(COARSEST * COARSEST / 2);

    memset(w, 0, sizeof(float) * CHANNELS * 3 * (size_t)stride * (size_t)stride);
    memset(bias, 0, CHANNELS * sizeof *bias);
    memcpy(bias + 5, five, sizeof five);
    bias[0] = stride == COARSEST ? -3 : -20;
    for (int c = 0; c < 3 && stride == COARSEST; c++)
        for (int y = 0; y < COARSEST; y++)
            for (int x = 0; x < COARSEST; x++)
                w[(c * COARSEST + y) * COARSEST + x] =
                    (c == 1 ? 8.0f : -8.0f) * (y < COARSEST / 2 ? 1.0f : -1.0f) / half;
}

static void add_head(build *b, int32_t image, int stride)
{
    static float w[CHANNELS * 3 * COARSEST * COARSEST];
    float bias[CHANNELS];
    const int64_t step[] = {stride, stride};
    char name[16], weight[24], shift[24];
    int32_t in[3] = {image}, out;
    net_node *n;

    snprintf(name, sizeof name, "stride%d", stride);
    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(shift, sizeof shift, "%s.bias", name);
    make_head(stride, w, bias);
    in[1] = constant(b, weight, (net_shape){4, {CHANNELS, 3, stride, stride}}, w);
    in[2] = constant(b, shift, (net_shape){1, {CHANNELS}}, bias);
    out = value(b, name, (net_shape){4, {1, CHANNELS, NET_DIM_OPEN, NET_DIM_OPEN}});
    n = node(b, NET_OP_CONV, in, 3, out);
    ints(b, n, "kernel_shape", step, 2);
    ints(b, n, "strides", step, 2);
    b->failed |= !net_output_add(b->g, out);
}

/* ---- files ---- */

static void write_file(const char *dir, const char *name, const void *head, size_t n_head,
                       const void *body, size_t n_body)
{
    char path[4096];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "wb");
    if (!f || fwrite(head, 1, n_head, f) != n_head || fwrite(body, 1, n_body, f) != n_body ||
        fclose(f))
        die(path);
}

static void write_model(const char *dir, const weights *w, const variant *v)
{
    build b = {0};
    pfld_error err;
    uint8_t *bytes;
    size_t size;
    int32_t image, landmarks;

    if (net_graph_create(&b.g, &err))
        die(err.msg);
    b.g->opset = 13;
    image = value(&b, "image", (net_shape){4, {v->batch, 3, SIDE, SIDE}});
    landmarks = value(&b, v->output, (net_shape){2, {v->batch, v->values}});
    add_nodes(&b, w, v, image, landmarks);
    b.failed |= !net_input_add(b.g, image) || !net_output_add(b.g, landmarks);
    if (v->scheme)
        b.failed |= !net_meta_set(b.g, "pfld.kind", "landmarks") ||
                    !net_meta_set(b.g, "pfld.scheme", v->scheme) ||
                    !net_meta_set(b.g, "pfld.input", "rgb,0..1") ||
                    !net_meta_set(b.g, "pfld.licence", "none: a test");
    if (b.failed)
        die("out of memory");
    if (net_onnx_write(b.g, &bytes, &size, &err))
        die(err.msg);
    write_file(dir, v->file, "", 0, bytes, size);
    mem_free(bytes);
    net_graph_free(b.g);
}

static void write_detector(const char *dir)
{
    build b = {0};
    pfld_error err;
    uint8_t *bytes;
    size_t size;
    int32_t image;

    if (net_graph_create(&b.g, &err))
        die(err.msg);
    b.g->opset = 13;
    image = value(&b, "input", (net_shape){4, {1, 3, NET_DIM_OPEN, NET_DIM_OPEN}});
    b.failed |= !net_input_add(b.g, image);
    for (int stride = COARSEST >> (HEADS - 1); stride <= COARSEST; stride *= 2)
        add_head(&b, image, stride);
    b.failed |= !net_meta_set(b.g, "pfld.kind", "detector") ||
                !net_meta_set(b.g, "pfld.input", "rgb,0..1") ||
                !net_meta_set(b.g, "pfld.licence", "none: a test");
    if (b.failed)
        die("out of memory");
    if (net_onnx_write(b.g, &bytes, &size, &err))
        die(err.msg);
    write_file(dir, "spot.onnx", "", 0, bytes, size);
    mem_free(bytes);
    net_graph_free(b.g);
}

static void write_npy(const char *dir, const char *name, const char *shape, const float *data,
                      size_t count)
{
    char head[128];
    size_t used;

    memcpy(head, "\x93NUMPY\x01\x00\x76\x00", 10); /* 0x76: 118 bytes follow */
    used =
        10 + (size_t)snprintf(head + 10, 118,
                              "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", shape);
    memset(head + used, ' ', sizeof head - used);
    head[127] = '\n';
    write_file(dir, name, head, sizeof head, data, count * sizeof *data);
}

static void write_picture(const char *dir)
{
    static const char head[] = "P6\n160 120\n255\n";
    static unsigned char pixels[120][160][3];

    for (int y = 0; y < 120; y++)
        for (int x = 0; x < 160; x++) {
            pixels[y][x][0] = (unsigned char)(x + y / 2);
            pixels[y][x][1] = (unsigned char)(2 * y);
            pixels[y][x][2] = (unsigned char)((x / 8 + y / 8) % 2 * 200);
        }
    write_file(dir, "face.ppm", head, sizeof head - 1, pixels, sizeof pixels);
}

int main(int argc, char **argv)
{
    static const variant variants[] = {
        {"tiny.onnx", "landmarks", 1, VALUES, "ibug68"},
        {"wflw.onnx", "landmarks", 1, MOST_VALUES, "wflw98"},
        {"open.onnx", "landmarks", NET_DIM_OPEN, VALUES, NULL},
        {"evil.onnx", "../../evil/out", 1, VALUES, NULL},
    };
    static weights w;
    static float in[3 * SIDE * SIDE], out[VALUES];
    rng r;

    if (argc != 2)
        die("usage: make_model DIR");
    make_weights(&w);
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        write_model(argv[1], &w, &variants[i]);
    write_detector(argv[1]);
    rng_seed(&r, 112);
    fill(&r, in, sizeof in / sizeof *in, 1.0f);
    run_reference(&w, in, out);
    write_npy(argv[1], "in.npy", "1, 3, 112, 112", in, sizeof in / sizeof *in);
    write_npy(argv[1], "expected.npy", "1, 136", out, VALUES);
    write_picture(argv[1]);
    return 0;
}
