/* Writes a float net as a QDQ graph: 8-bit maps and weights, 32-bit biases. */
#include "net/quantise.h"

#include <math.h>
#include <stdio.h>

#include "core/error.h"
#include "core/mem.h"
#include "net/op_params.h"

#define WEIGHT_MAX 127
/* A bias must leave room in 32 bits for the sum of products that is added to it. */
#define BIAS_MAX ((double)(1 << 30))

typedef struct writer {
    const net_graph *g;
    const net_quant_plan *p;
    const net_range *range;
    net_graph *out;
    int32_t *real;          /* [g->n_values] what is read in place of a value: the numbers' reals */
    int32_t (*of_group)[2]; /* [g->n_values] constants: scale, zero; 0: not made yet */
    bool failed;            /* memory ran out */
} writer;

net_quant net_quant_of(net_range r)
{
    double lo = fmin((double)r.lo, 0), hi = fmax((double)r.hi, 0);
    net_quant q = {.scale = (float)((hi - lo) / 255)};

    if (!(q.scale > 0.0f))
        return (net_quant){.scale = 1.0f};
    q.zero = (int32_t)fmin(fmax(nearbyint(-lo / (double)q.scale), 0), 255);
    return q;
}

/* ---- pieces ---- */

static const char *join(char buf[128], const char *name, const char *part)
{
    snprintf(buf, 128, "%.100s%s", name, part);
    return buf;
}

static int32_t kept(writer *w, int32_t value)
{
    w->failed |= value == NET_NONE;
    return value;
}

static net_node *kept_node(writer *w, net_node *node)
{
    w->failed |= node == NULL;
    return node;
}

static int32_t new_value(writer *w, const char *name, const char *part, net_dtype dtype,
                         const net_shape *shape)
{
    char text[128];

    return kept(w, net_value_add(w->out, join(text, name, part), dtype, shape));
}

/* Constants of a value or tensor: NULL data is zeros. */
static int32_t new_constant(writer *w, const char *name, const char *part, const net_tensor *like)
{
    char text[128];

    return kept(
        w, net_constant_add(w->out, join(text, name, part), like->dtype, &like->shape, like->data));
}

static void set_axis(writer *w, net_node *node, int64_t axis)
{
    const net_attr a = {.name = "axis", .kind = NET_ATTR_INT, .i = axis};

    w->failed |= node && !net_attr_add(w->out, node, &a);
}

/* ---- maps ---- */

/* Scale and zero point of a group, made when its first value needs them. */
static const int32_t *group_constants(writer *w, int32_t group)
{
    int32_t *c = w->of_group[group];
    const char *name = w->g->values[group].name;
    net_quant q = net_quant_of(w->range[group]);
    uint8_t zero = (uint8_t)q.zero;
    const net_tensor scale = {.dtype = NET_F32, .data = &q.scale};
    const net_tensor point = {.dtype = NET_U8, .data = &zero};

    if (c[0] || c[1])
        return c;
    c[0] = new_constant(w, name, "/s", &scale);
    c[1] = new_constant(w, name, "/z", &point);
    return c;
}

/* v's numbers, and their reals for those who read v. */
static void put_pair(writer *w, int32_t v)
{
    const net_value value = w->g->values[v];
    const int32_t *c = group_constants(w, w->p->group[v]);
    int32_t q = new_value(w, value.name, "/q", NET_U8, &value.shape);
    int32_t real = new_value(w, value.name, "/dq", NET_F32, &value.shape);

    if (w->failed)
        return;
    kept_node(
        w, net_node_add(w->out, NET_OP_QUANTIZE_LINEAR, "", (int32_t[]){v, c[0], c[1]}, 3, &q, 1));
    kept_node(w, net_node_add(w->out, NET_OP_DEQUANTIZE_LINEAR, "", (int32_t[]){q, c[0], c[1]}, 3,
                              &real, 1));
    w->real[v] = real;
}

bool net_quant_has_weights(const net_node *node)
{
    return node->op == NET_OP_CONV || node->op == NET_OP_GEMM;
}

/* ---- weights ---- */

typedef struct rows {       /* weights as [channels] lists of numbers */
    size_t channels, count; /* of a channel */
    size_t step, stride;    /* from number to number, from channel to channel */
    int64_t axis;           /* of the channels */
} rows;

static rows rows_of(const net_graph *g, const net_node *node)
{
    const net_tensor *t = g->values[node->in[1]].constant;
    bool turned = node->op == NET_OP_GEMM && !net_attr_int(node, "transB", 0); /* [k][n] */
    size_t n = (size_t)t->shape.dim[turned];
    size_t count = n ? t->count / n : 0;

    return turned ? (rows){n, count, n, 1, 1} : (rows){n, count, 1, count, 0};
}

static const float *bias_of(const net_graph *g, const net_node *node)
{
    return node->n_in > 2 && node->in[2] != NET_NONE ? g->values[node->in[2]].constant->data : NULL;
}

size_t net_quant_channels(const net_graph *g, const net_node *node)
{
    return rows_of(g, node).channels;
}

bool net_quant_add_bias(net_graph *g, size_t at, const double *more)
{
    net_node *node = &g->nodes[at];
    size_t channels = net_quant_channels(g, node);
    net_shape shape = {.rank = 1, .dim = {(int64_t)channels}};
    const float *old = bias_of(g, node);
    char text[128];
    int32_t value = net_constant_add(g, join(text, g->values[node->in[1]].name, "/bias"), NET_F32,
                                     &shape, NULL);
    int32_t *in = arena_alloc(&g->mem, 3, sizeof *in);
    float *bias;

    if (value == NET_NONE || !in)
        return false;
    bias = g->values[value].constant->data;
    for (size_t c = 0; c < channels; c++)
        bias[c] = (float)((old ? (double)old[c] : 0) + more[c]);
    in[0] = node->in[0];
    in[1] = node->in[1];
    in[2] = value;
    node->in = in;
    node->n_in = 3;
    return true;
}

static pfld_status shift_node(net_graph *g, size_t i, double shift, pfld_error *err)
{
    const rows r = rows_of(g, &g->nodes[i]);
    const float *w = g->values[g->nodes[i].in[1]].constant->data;
    double *more = mem_alloc(r.channels, sizeof *more);
    bool ok = more != NULL;

    for (size_t c = 0; ok && c < r.channels; c++)
        for (size_t k = 0; k < r.count; k++)
            more[c] += shift * (double)w[c * r.stride + k * r.step];
    ok = ok && net_quant_add_bias(g, i, more);
    mem_free(more);
    return ok ? PFLD_OK : error_nomem(err);
}

pfld_status net_quant_shift_input(net_graph *g, double shift, pfld_error *err)
{
    char text[160];
    pfld_status st = PFLD_OK;

    for (size_t i = 0; i < g->n_nodes && st == PFLD_OK; i++) {
        const net_node *node = &g->nodes[i];
        bool reads = false;
        for (size_t k = 0; k < node->n_in; k++)
            reads |= node->in[k] == g->inputs[0];
        if (!reads)
            continue;
        if (net_quant_has_weights(node) && g->values[node->in[1]].constant)
            st = shift_node(g, i, shift, err);
        else
            st = error_set(err, PFLD_ERR_UNSUPPORTED,
                           "%s reads the input: only what has weights is quantised there",
                           net_node_text(g, node, text, sizeof text));
    }
    return st;
}

/* Of one channel: the largest weight becomes 127, unless the bias would not fit. */
static float weight_scale(const float *w, const rows *r, double bias, double input)
{
    float top = 0.0f;
    double scale;

    for (size_t i = 0; i < r->count; i++)
        top = fmaxf(top, fabsf(w[i * r->step]));
    scale = fmax((double)top / WEIGHT_MAX, fabs(bias) / (input * BIAS_MAX));
    return (float)scale > 0.0f ? (float)scale : 1.0f; /* the double may be too small for a float */
}

static void fill_weights(const float *w, const rows *r, float scale, int8_t *out)
{
    for (size_t i = 0; i < r->count; i++) {
        double q = nearbyint((double)w[i * r->step] / (double)scale);
        out[i * r->step] = (int8_t)fmin(fmax(q, -WEIGHT_MAX), WEIGHT_MAX);
    }
}

/* numbers behind a DequantizeLinear with a scale for each channel; the value of their reals. */
static int32_t put_dequantised(writer *w, int32_t of, const net_tensor *numbers,
                               const net_tensor *scale, int64_t axis)
{
    const char *name = w->g->values[of].name;
    const net_tensor zero = {.dtype = numbers->dtype, .shape = scale->shape};
    int32_t in[3] = {new_constant(w, name, "/q", numbers), new_constant(w, name, "/s", scale),
                     new_constant(w, name, "/z", &zero)};
    int32_t real = new_value(w, name, "/dq", NET_F32, &numbers->shape);
    net_node *node = NULL;

    if (!w->failed)
        node = kept_node(w, net_node_add(w->out, NET_OP_DEQUANTIZE_LINEAR, "", in, 3, &real, 1));
    set_axis(w, node, axis);
    return real;
}

static net_tensor *temporary(writer *w, net_dtype dtype, const net_shape *shape)
{
    net_tensor *t = net_tensor_add(w->out, dtype, shape, NULL);

    w->failed |= t == NULL;
    return t;
}

/* in[1] and in[2] of a Conv or Gemm become reals of quantised weights and bias. */
static void put_weights(writer *w, const net_node *node, int32_t *in)
{
    const net_graph *g = w->g;
    const net_tensor *float_w = g->values[node->in[1]].constant;
    const float *data = float_w->data, *bias = bias_of(g, node);
    double input = (double)net_quant_of(w->range[w->p->group[node->in[0]]]).scale;
    const rows r = rows_of(g, node);
    const net_shape list = {.rank = 1, .dim = {(int64_t)r.channels}};
    net_tensor *q = temporary(w, NET_I8, &float_w->shape), *s = temporary(w, NET_F32, &list);
    net_tensor *b = temporary(w, NET_I32, &list), *sb = temporary(w, NET_F32, &list);

    if (w->failed)
        return;
    for (size_t c = 0; c < r.channels; c++) {
        double real = bias ? (double)bias[c] : 0;
        float scale = weight_scale(data + c * r.stride, &r, real, input);
        double both = input * (double)scale;
        ((float *)s->data)[c] = scale;
        fill_weights(data + c * r.stride, &r, scale, (int8_t *)q->data + c * r.stride);
        ((float *)sb->data)[c] = (float)both;
        ((int32_t *)b->data)[c] = (int32_t)fmin(fmax(nearbyint(real / both), -BIAS_MAX), BIAS_MAX);
    }
    in[1] = put_dequantised(w, node->in[1], q, s, r.axis);
    if (bias)
        in[2] = put_dequantised(w, node->in[2], b, sb, 0);
}

/* ---- nodes ---- */

static void put_node(writer *w, size_t i)
{
    const net_node *node = &w->g->nodes[i];
    int32_t first = w->p->writes[i];
    int32_t *in = arena_alloc(&w->out->mem, node->n_in, sizeof *in);
    net_node *copy = NULL;

    w->failed |= in == NULL;
    if (w->failed)
        return;
    for (size_t k = 0; k < node->n_in; k++) {
        int32_t v = node->in[k];
        in[k] = v != NET_NONE && w->real[v] != NET_NONE ? w->real[v] : v;
    }
    if (net_quant_has_weights(node))
        put_weights(w, node, in);
    if (!w->failed)
        copy = kept_node(
            w, net_node_add(w->out, node->op, node->name, in, node->n_in, node->out, node->n_out));
    if (!copy)
        return;
    copy->out[0] = first;
    for (size_t k = 0; k < node->n_attr; k++)
        w->failed |= !net_attr_add(w->out, copy, &node->attr[k]);
    for (size_t k = 0; k < node->n_out && !w->failed; k++) {
        int32_t v = k ? node->out[k] : first;
        if (v != NET_NONE && w->p->group[v] != NET_NONE)
            put_pair(w, v);
    }
}

static void put_all(writer *w)
{
    const net_graph *g = w->g;

    w->out->n_nodes = 0;
    w->out->nodes = NULL; /* the clone's, which had room for the old ones only */
    w->out->room_nodes = 0;
    for (size_t i = 0; i < g->n_inputs && !w->failed; i++)
        if (w->p->group[g->inputs[i]] != NET_NONE)
            put_pair(w, g->inputs[i]);
    for (size_t i = 0; i < g->n_nodes && !w->failed; i++)
        if (w->p->writes[i] != NET_NONE)
            put_node(w, i);
}

pfld_status net_quantise(const net_graph *g, const net_quant_plan *p, const net_range *range,
                         net_graph **out, pfld_error *err)
{
    writer w = {.g = g, .p = p, .range = range};
    pfld_status st = net_graph_clone(g, out, err);

    if (st != PFLD_OK)
        return st;
    w.out = *out;
    w.real = arena_alloc(&w.out->mem, g->n_values, sizeof *w.real);
    w.of_group = arena_alloc(&w.out->mem, g->n_values, sizeof *w.of_group);
    w.failed = !w.real || !w.of_group;
    for (size_t v = 0; v < g->n_values && !w.failed; v++)
        w.real[v] = NET_NONE;
    if (!w.failed)
        put_all(&w);
    if (w.out->opset < 13)
        w.out->opset = 13; /* the first whose DequantizeLinear has an axis */
    if (!w.failed)
        return PFLD_OK;
    net_graph_free(*out);
    *out = NULL;
    return error_nomem(err);
}
