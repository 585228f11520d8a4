/*
 * Quantised parts of a graph on the int8 kernels: QuantizeLinear makes bytes, and from there to
 * DequantizeLinear convolutions and products stay in integers.
 *
 * A value between the two operators has bytes, [N][H][W][C] dense. What DequantizeLinear makes of
 * it is not computed: it stands for the bytes until an operator that knows floats only asks
 * (lower_int8_floats). So any mixture runs; what is no case for integers runs in floats.
 */
#include <math.h>

#include "core/checked.h"
#include "infer/int8_steps.h"
#include "infer/lower.h"
#include "net/op_params.h"

enum {
    READ_BEHIND = 64,       /* bytes behind a map that a kernel may read, more than it does */
    BAND_BYTES = 32 * 1024, /* padded lines that are copied at a time */
    MOST_SUMMED = 65536     /* products in a sum: 255 * 128 * 65,536 fits in 32 bits */
};

/* ---- values ---- */

static bool floats_for(size_t bytes, size_t *count)
{
    if (!checked_add(bytes, READ_BEHIND + sizeof(float) - 1, count))
        return false;
    *count /= sizeof(float);
    return true;
}

static bool byte_count(const lower_bytes *b, size_t *bytes)
{
    return checked_mul(b->n, b->h, bytes) && checked_mul(*bytes, b->w, bytes) &&
           checked_mul(*bytes, b->c, bytes);
}

static bool new_bytes(lower *l, lower_bytes *b)
{
    size_t bytes, count;

    return byte_count(b, &bytes) && floats_for(bytes, &count) && lower_new_scratch(l, count, &b->v);
}

/* Maps and lists of rows; others have no order of their own in bytes. */
static bool set_dims(lower_bytes *b, const net_shape *shape)
{
    bool map = shape->rank == 4;

    if (!map && shape->rank != 2)
        return false;
    b->n = (size_t)shape->dim[0];
    b->c = (size_t)shape->dim[1];
    b->h = map ? (size_t)shape->dim[2] : 1;
    b->w = map ? (size_t)shape->dim[3] : 1;
    return true;
}

bool lower_new_bytes(lower *l, const net_shape *shape, lower_bytes *b)
{
    return set_dims(b, shape) && new_bytes(l, b);
}

static bool same_levels(const lower_bytes *a, const lower_bytes *b)
{
    return a->scale == b->scale && a->zero == b->zero;
}

static bool same_dims(const lower_bytes *a, const lower_bytes *b)
{
    return a->n == b->n && a->h == b->h && a->w == b->w && a->c == b->c;
}

/* One scale and zero point for all of a value of unsigned bytes. */
static bool byte_scale(const lower *l, const net_node *node, lower_bytes *b)
{
    net_quant_params p;

    if (net_quant_get(l->g, node, &p, NULL) != PFLD_OK || p.per_axis || p.dtype != NET_U8 ||
        !isnormal(p.scale[0]) || p.scale[0] < 0.0f)
        return false;
    b->scale = p.scale[0];
    b->zero = p.zero ? ((const uint8_t *)p.zero->data)[0] : 0;
    return true;
}

static void describe(step_int8 *v, const lower *l, const lower_bytes *in)
{
    *v = (step_int8){.k = l->k8,
                     .n = in->n,
                     .h = in->h,
                     .w = in->w,
                     .c = in->c,
                     .zero = in->zero,
                     .scale = in->scale};
}

/* What QuantizeLinear makes of each byte of a picture; *same where that is the byte. */
static void fill_levels(const lower *l, const lower_bytes *b, uint8_t *levels, bool *same)
{
    *same = true;
    for (size_t i = 0; i < 256; i++)
        for (size_t c = 0; c < b->c; c++) {
            float x = l->pixels->scale[c] * (float)i + l->pixels->offset[c];
            l->k8->quantise(&x, 1.0f / b->scale, b->zero, &levels[i * b->c + c], 1);
            *same = *same && levels[i * b->c + c] == i;
        }
}

static pfld_status quantise_picture(lower *l, lower_bytes *b, bool *done)
{
    uint8_t *levels = arena_alloc(l->mem, 256, b->c);
    bool same;
    step *s;

    *done = true;
    if (!levels)
        return lower_nomem(l);
    fill_levels(l, b, levels, &same);
    b->v = l->shown.v;
    l->bytes[l->node->out[0]] = *b;
    if (same)
        return PFLD_OK;
    if (!new_bytes(l, b))
        return lower_nomem(l);
    s = lower_step(l, run_levels);
    if (!s)
        return lower_nomem(l);
    s->in[0] = l->shown.v;
    s->out = b->v;
    describe(&s->u.int8, l, b);
    s->u.int8.levels = levels;
    l->bytes[l->node->out[0]] = *b;
    return PFLD_OK;
}

/* Planes of lines without gaps, so few that interleaving is no transposition. */
static bool has_few_planes(const infer_view *x)
{
    return x->rank == 4 && x->stride[3] == 1 && x->dim[1] <= 4 && !infer_view_is_pixels(x);
}

static pfld_status quantise(lower *l, bool *done)
{
    int32_t out = l->node->out[0];
    lower_bytes b = {0};
    infer_view x;
    step *s;
    bool planes;
    size_t count;
    pfld_status st;

    if (!set_dims(&b, &l->g->values[out].shape) || !byte_scale(l, l->node, &b))
        return PFLD_OK;
    if (l->node->in[0] == l->picture)
        return quantise_picture(l, &b, done);
    *done = true;
    st = lower_in(l, 0, &x);
    if (st != PFLD_OK)
        return st;
    planes = has_few_planes(&x);
    if ((!planes && !(x.rank == 4 ? lower_as_nhwc : lower_as_rows)(l, &x)) || !new_bytes(l, &b))
        return lower_nomem(l);
    s = lower_step(l, planes ? run_quantise_planes : run_quantise);
    if (!s ||
        (planes && (!floats_for(b.w * b.c, &count) || !lower_new_scratch(l, count, &s->scratch))))
        return lower_nomem(l);
    s->in[0] = x;
    s->out = b.v;
    describe(&s->u.int8, l, &b);
    l->bytes[out] = b;
    return PFLD_OK;
}

pfld_status lower_int8_quant(lower *l, bool *done)
{
    int32_t in = l->node->in[0], out = l->node->out[0];
    lower_bytes b;

    *done = false;
    if (l->node->op == NET_OP_QUANTIZE_LINEAR)
        return quantise(l, done);
    b = l->bytes[in];
    *done = b.v.buf >= 0 && byte_scale(l, l->node, &b);
    if (*done)
        l->floats[out] = b;
    return PFLD_OK;
}

bool lower_int8_floats(lower *l, int32_t value)
{
    const net_shape *shape = &l->g->values[value].shape;
    bool picture = value == l->picture;
    lower_bytes b = picture ? l->shown : l->floats[value];
    infer_view *v = &l->view[value];
    step *s;

    if (b.v.buf < 0) { /* asked for the integers themselves */
        b = l->bytes[value];
        b.scale = 1.0f;
        b.zero = 0;
    }
    s = lower_step(l, picture ? run_pixels : run_floats);
    if (!s || !(shape->rank == 4 ? lower_new_nhwc : lower_new_rows)(l, shape, v))
        return false;
    s->in[0] = b.v;
    s->out = *v;
    describe(&s->u.int8, l, &b);
    s->u.int8.pixels = l->pixels;
    return true;
}

/* ---- what a step absorbs ---- */

typedef struct fused { /* the nodes behind a product that its step does, too */
    const net_node *node[8];
    size_t n;
    int32_t value;         /* that the step makes */
    bool quantised;        /* then `made` says how */
    lower_bytes made, end; /* the first quantisation, and that behind the addition */
    int32_t lo, hi;        /* of the first */
    lower_bytes residual;  /* v.buf < 0: nothing is added */
} fused;

/* The only reader of a value, or NULL. */
static const net_node *only_reader(const lower *l, int32_t value)
{
    int32_t reader = l->reader[value];

    return l->uses[value] == 1 && reader >= 0 ? &l->g->nodes[reader] : NULL;
}

static void take(fused *f, const net_node *node)
{
    f->node[f->n++] = node;
    f->value = node->out[0];
}

static int32_t level(float x, const lower_bytes *b)
{
    double q = rint((double)x / (double)b->scale) + b->zero;

    return q > 0 ? (q < 255 ? (int32_t)q : 255) : 0;
}

/* [clamp] -> QuantizeLinear. */
static void fuse_quantise(const lower *l, fused *f)
{
    const net_node *n = only_reader(l, f->value), *clamp = NULL;
    net_clip_params p = {-INFINITY, INFINITY};

    if (n && (n->op == NET_OP_RELU || n->op == NET_OP_CLIP) && n->in[0] == f->value &&
        net_clip_get(l->g, n, &p, NULL) == PFLD_OK) {
        clamp = n;
        n = only_reader(l, n->out[0]);
    }
    if (!n || n->op != NET_OP_QUANTIZE_LINEAR || !byte_scale(l, n, &f->made) ||
        !set_dims(&f->made, &l->g->values[n->out[0]].shape))
        return;
    if (clamp)
        take(f, clamp);
    take(f, n);
    f->quantised = true;
    f->lo = level(p.lo, &f->made);
    f->hi = level(p.hi, &f->made);
    if (f->lo > f->hi) /* ONNX: the maximum has the last word */
        f->lo = f->hi;
    f->end = f->made;
}

/* DequantizeLinear -> Relu -> QuantizeLinear at the same levels: the zero point is the lower bound.
 */
static void fuse_relu(const lower *l, fused *f)
{
    const net_node *from = only_reader(l, f->value), *relu, *to;
    lower_bytes own, end;

    if (!from || from->op != NET_OP_DEQUANTIZE_LINEAR || !byte_scale(l, from, &own) ||
        !same_levels(&own, &f->made))
        return;
    relu = only_reader(l, from->out[0]);
    to = relu && relu->op == NET_OP_RELU ? only_reader(l, relu->out[0]) : NULL;
    if (!to || to->op != NET_OP_QUANTIZE_LINEAR || !byte_scale(l, to, &end) ||
        !same_levels(&end, &f->made))
        return;
    take(f, from);
    take(f, relu);
    take(f, to);
    if (f->lo < f->made.zero)
        f->lo = f->made.zero;
    if (f->hi < f->lo)
        f->hi = f->lo;
}

/* The bytes that a value stands for, if they are there: its node may come later. */
static bool find_bytes(const lower *l, int32_t value, lower_bytes *b)
{
    const net_node *from = l->writer[value] < 0 ? NULL : &l->g->nodes[l->writer[value]];

    if (!from || from->op != NET_OP_DEQUANTIZE_LINEAR)
        return false;
    *b = l->bytes[from->in[0]];
    return b->v.buf >= 0 && byte_scale(l, from, b);
}

/* DequantizeLinear -> Add with a value that has bytes already -> QuantizeLinear. */
static void fuse_add(const lower *l, fused *f)
{
    const net_node *from = only_reader(l, f->value), *add, *to;
    lower_bytes own, other, end;

    if (!from || from->op != NET_OP_DEQUANTIZE_LINEAR || !byte_scale(l, from, &own) ||
        !same_levels(&own, &f->made))
        return;
    add = only_reader(l, from->out[0]);
    if (!add || add->op != NET_OP_ADD || add->n_in != 2 || add->in[0] == add->in[1])
        return;
    to = only_reader(l, add->out[0]);
    if (!find_bytes(l, add->in[add->in[0] == from->out[0]], &other) ||
        !same_dims(&other, &f->made) || !to || to->op != NET_OP_QUANTIZE_LINEAR ||
        !byte_scale(l, to, &end) || !set_dims(&end, &l->g->values[to->out[0]].shape) ||
        !same_dims(&end, &f->made))
        return;
    take(f, from);
    take(f, add);
    take(f, to);
    f->end = end;
    f->residual = other;
}

static fused fuse(const lower *l)
{
    fused f = {.value = l->node->out[0], .residual.v.buf = -1};

    fuse_quantise(l, &f);
    if (f.quantised) {
        fuse_relu(l, &f);
        fuse_add(l, &f);
    }
    return f;
}

/* ---- weights ---- */

typedef struct layer { /* a product's constants as the kernels want them */
    const net_quantised *w;
    const net_tensor *bias; /* floats, or NULL */
    size_t o, k;            /* results, and products in each */
    size_t group, step;     /* weight p of result i is q[i * group + p * step] */
    const lower_bytes *in;
} layer;

/* Signed weights without zero points, one scale for each of `count` results along axis or for all.
 */
static bool has_levels(const lower *l, size_t axis, size_t count, const net_quantised **out)
{
    const net_tensor *t = lower_in_value(l, 1)->constant;
    const net_quantised *w = t ? t->from : NULL;

    if (!w || w->q->dtype != NET_I8 || (w->count != 1 && (w->count != count || w->axis != axis)))
        return false;
    for (size_t i = 0; i < w->count; i++)
        if ((w->zero && ((const int8_t *)w->zero->data)[i] != 0) || !isfinite(w->scale[i]))
            return false;
    *out = w;
    return true;
}

static bool has_bias(const lower *l, size_t count, const net_tensor **out)
{
    const net_tensor *t = lower_has_in(l, 2) ? lower_in_value(l, 2)->constant : NULL;

    *out = t;
    if (!lower_has_in(l, 2))
        return true;
    return t && t->dtype == NET_F32 && t->count == count &&
           (t->shape.rank == 0 || t->shape.dim[t->shape.rank - 1] == (int64_t)count);
}

static double weight_scale(const layer *a, size_t i)
{
    return (double)a->w->scale[a->w->count == 1 ? 0 : i];
}

/* The bias in units of the sums; NaN where weights of scale 0 leave it none. */
static double bias_level(const layer *a, size_t i)
{
    double unit = (double)a->in->scale * weight_scale(a, i);
    double bias = a->bias ? (double)((const float *)a->bias->data)[i] : 0;

    if (bias == 0)
        return 0;
    return unit != 0 ? rint(bias / unit) : (double)NAN;
}

static double weight_sum(const layer *a, size_t i)
{
    const int8_t *q = (const int8_t *)a->w->q->data + i * a->group;
    int64_t sum = 0;

    for (size_t p = 0; p < a->k; p++)
        sum += q[p * a->step];
    return (double)sum;
}

/* Where a sum would not fit the layer is no case for integers: *fits. */
static bool set_post(lower *l, const layer *a, const fused *f, int8_post *post, bool *fits)
{
    int32_t *bias = arena_alloc(l->mem, a->o, sizeof *bias);
    float *scale = arena_alloc(l->mem, a->o, sizeof *scale);

    *fits = true;
    if (!bias || !scale)
        return false;
    for (size_t i = 0; i < a->o; i++) {
        double b = bias_level(a, i) - a->in->zero * weight_sum(a, i);
        double s = (double)a->in->scale * weight_scale(a, i);

        *fits = *fits && fabs(b) <= INT32_MAX - 255.0 * 128 * (double)a->k;
        bias[i] = *fits ? (int32_t)b : 0;
        scale[i] = (float)(f->quantised ? s / (double)f->made.scale : s);
    }
    l->weight_bytes += a->o * (sizeof *bias + sizeof *scale);
    *post =
        (int8_post){.bias = bias, .scale = scale, .zero = f->made.zero, .lo = f->lo, .hi = f->hi};
    if (f->residual.v.buf >= 0)
        post->add = (int8_add){.own = (float)((double)f->made.scale / (double)f->end.scale),
                               .other = (float)((double)f->residual.scale / (double)f->end.scale),
                               .zero_r = f->residual.zero,
                               .zero = f->end.zero,
                               .lo = 0,
                               .hi = 255,
                               .residual_ld = a->o};
    return true;
}

/* ---- steps ---- */

/* The step's output, residual and what it absorbed. */
static bool finish(lower *l, step *s, const fused *f)
{
    const net_shape *shape = &l->g->values[f->value].shape;

    for (size_t i = 0; i < f->n; i++)
        l->absorbed[f->node[i] - l->g->nodes] = true;
    s->in[1] = f->residual.v;
    if (f->quantised) {
        lower_bytes b = f->end;
        if (!new_bytes(l, &b))
            return false;
        s->out = b.v;
        l->bytes[f->value] = b;
        return true;
    }
    if (!(shape->rank == 4 ? lower_new_nhwc : lower_new_rows)(l, shape, &s->out))
        return false;
    lower_set_value(l, f->value, &s->out);
    return true;
}

/* a->step: of one matrix a net may want both ways. */
static void *packed_bytes(lower *l, const layer *a, step_run *run, size_t bytes, bool *ready)
{
    size_t count;

    if (!floats_for(bytes, &count))
        return NULL;
    return lower_packed(
        l, &(packed_weights){.of = a->w->q, .used_by = run, .groups = a->step, .count = count},
        ready);
}

/* [O][C][R][S] as the matrix B[(r, s, c)][o]. */
static const void *pack_conv(lower *l, const layer *a, step_run *run, size_t c, size_t taps,
                             size_t a_run)
{
    const int8_t *q = a->w->q->data;
    bool ready;
    void *packed = packed_bytes(l, a, run, l->k8->gemm_packed_size(a->k, a->o, a_run), &ready);
    int8_t *b;

    if (!packed || ready)
        return packed;
    b = arena_alloc(&l->tmp, a->k, a->o);
    if (!b)
        return NULL;
    for (size_t o = 0; o < a->o; o++)
        for (size_t i = 0; i < c; i++)
            for (size_t t = 0; t < taps; t++)
                b[(t * c + i) * a->o + o] = q[(o * c + i) * taps + t];
    l->k8->gemm_pack(packed, b, a->o, 1, a->k, a->o, a_run);
    return packed;
}

static bool is_matrix(const net_conv_params *p, const lower_bytes *in)
{
    if (p->pad[0] || p->pad[1] || p->pad[2] || p->pad[3])
        return false;
    if (p->kernel[0] == 1 && p->kernel[1] == 1)
        return p->stride[0] == 1 && p->stride[1] == 1;
    return p->kernel[0] == in->h && p->kernel[1] == in->w && p->dilation[0] == 1 &&
           p->dilation[1] == 1;
}

/* Lines of `line` bytes each. */
static bool set_band(lower *l, step *s, size_t line)
{
    step_int8 *v = &s->u.int8;
    size_t bytes, count;

    return lower_set_band(&v->window, v->out_h, line, BAND_BYTES, &bytes) &&
           floats_for(bytes, &count) && lower_new_scratch(l, count, &s->scratch);
}

static bool set_conv(lower *l, step *s, const net_conv_params *p, const layer *a)
{
    step_int8 *v = &s->u.int8;
    size_t taps = p->kernel[0] * p->kernel[1], line;
    int8_gemm *g = &v->gemm;

    g->n = g->c_row = a->o;
    g->k = a->k;
    if (is_matrix(p, a->in)) {
        g->m = v->n * v->out_h * v->out_w;
        g->a_row = g->a_run = a->k;
    } else {
        s->run = run_int8_band;
        g->m = v->out_w;
        g->a_row = p->stride[1] * v->c;
        g->a_run = p->kernel[1] * v->c;
        lower_set_window(&v->window, p);
        if (!checked_mul(step_conv_width(&v->window, v->out_w), v->c, &line) ||
            !checked_mul(p->dilation[0], line, &g->a_next) || !set_band(l, s, line))
            return false;
    }
    g->b = pack_conv(l, a, s->run, v->c, taps, g->a_run);
    return g->b != NULL;
}

static bool set_dwconv(lower *l, step *s, const net_conv_params *p, const layer *a)
{
    step_int8 *v = &s->u.int8;
    size_t taps = a->k;
    const int8_t *q = a->w->q->data;
    int8_t *w = arena_alloc(&l->tmp, taps, v->c);
    bool ready;
    void *packed;

    s->run = run_int8_dwconv;
    packed = packed_bytes(l, a, s->run, l->k8->dwconv_packed_size(p->kernel[0], p->kernel[1], v->c),
                          &ready);
    if (!w || !packed)
        return false;
    for (size_t c = 0; c < v->c; c++)
        for (size_t t = 0; t < taps; t++)
            w[t * v->c + c] = q[c * taps + t];
    if (!ready)
        l->k8->dwconv_pack(packed, w, p->kernel[0], p->kernel[1], v->c);
    v->dwconv = (int8_dwconv){.in_h = v->h,
                              .in_w = v->w,
                              .out_h = v->out_h,
                              .out_w = v->out_w,
                              .c = v->c,
                              .kh = p->kernel[0],
                              .kw = p->kernel[1],
                              .stride_h = p->stride[0],
                              .stride_w = p->stride[1],
                              .pad_top = p->pad[0],
                              .pad_left = p->pad[1],
                              .in_ld = v->c,
                              .in_zero = (uint8_t)v->zero,
                              .weight = packed,
                              .out_ld = v->c};
    return true;
}

/* Depthwise that stays in bytes, or dense with adjacent columns. */
static bool is_depthwise(const net_conv_params *p, const lower_bytes *in, size_t o)
{
    return p->groups > 1 && p->groups == in->c && o == in->c;
}

static bool conv_fits(const net_conv_params *p, const lower_bytes *in, const layer *a,
                      const fused *f)
{
    if (a->k > MOST_SUMMED || p->dilation[1] != 1)
        return false;
    if (is_depthwise(p, in, a->o))
        return p->dilation[0] == 1 && f->quantised;
    return p->groups == 1;
}

pfld_status lower_int8_conv(lower *l, bool *done)
{
    const net_shape *out = &lower_out_value(l, 0)->shape;
    layer a = {.in = &l->floats[l->node->in[0]]};
    net_conv_params p;
    int8_post post;
    fused f;
    step *s;
    bool fits;

    *done = false;
    if (a.in->v.buf < 0 || net_conv_get(l->g, l->node, &p, NULL) != PFLD_OK)
        return PFLD_OK;
    a.o = (size_t)out->dim[1];
    a.k = p.kernel[0] * p.kernel[1] * (a.in->c / p.groups);
    a.group = a.k;
    a.step = 1;
    f = fuse(l);
    if (!has_levels(l, 0, a.o, &a.w) || !has_bias(l, a.o, &a.bias) || !conv_fits(&p, a.in, &a, &f))
        return PFLD_OK;
    if (!set_post(l, &a, &f, &post, &fits))
        return lower_nomem(l);
    if (!fits)
        return PFLD_OK;
    *done = true;
    s = lower_step(l, run_int8_gemm);
    if (!s)
        return lower_nomem(l);
    describe(&s->u.int8, l, a.in);
    s->u.int8.post = post;
    s->u.int8.out_h = (size_t)out->dim[2];
    s->u.int8.out_w = (size_t)out->dim[3];
    s->u.int8.gemm.n = a.o;
    s->u.int8.as_floats = !f.quantised;
    s->int8 = true;
    s->macs = (uint64_t)a.in->n * a.o * (uint64_t)out->dim[2] * (uint64_t)out->dim[3] * a.k;
    s->in[0] = a.in->v;
    if (!(is_depthwise(&p, a.in, a.o) ? set_dwconv : set_conv)(l, s, &p, &a) || !finish(l, s, &f))
        return lower_nomem(l);
    return PFLD_OK;
}

/* A row of bytes times a constant matrix, to floats: a net's last layer. */
pfld_status lower_int8_gemm(lower *l, bool *done)
{
    layer a = {.in = &l->floats[l->node->in[0]]};
    net_gemm_params p;
    int8_post post;
    fused f;
    int8_gemm *g;
    step *s;
    bool fits, ready;
    void *packed;

    *done = false;
    if (a.in->v.buf < 0 || net_gemm_get(l->g, l->node, &p, NULL) != PFLD_OK || p.trans_a ||
        p.alpha != 1.0f || (lower_has_in(l, 2) && p.beta != 1.0f) || p.k > MOST_SUMMED)
        return PFLD_OK;
    a.o = p.n;
    a.k = p.k;
    a.group = p.trans_b ? p.k : 1;
    a.step = p.trans_b ? 1 : p.n;
    f = fuse(l);
    if (!has_levels(l, p.trans_b ? 0 : 1, a.o, &a.w) || !has_bias(l, a.o, &a.bias))
        return PFLD_OK;
    if (!set_post(l, &a, &f, &post, &fits))
        return lower_nomem(l);
    if (!fits)
        return PFLD_OK;
    *done = true;
    s = lower_step(l, run_int8_gemm);
    packed = packed_bytes(l, &a, run_int8_gemm, l->k8->gemm_packed_size(a.k, a.o, a.k), &ready);
    if (!s || !packed)
        return lower_nomem(l);
    if (!ready)
        l->k8->gemm_pack(packed, a.w->q->data, a.step, a.group, a.k, a.o, a.k);
    describe(&s->u.int8, l, a.in);
    s->u.int8.post = post;
    s->u.int8.out_h = s->u.int8.out_w = 1;
    s->u.int8.as_floats = !f.quantised;
    g = &s->u.int8.gemm;
    *g = (int8_gemm){.m = p.m, .n = p.n, .k = p.k, .a_row = p.k, .a_run = p.k, .b = packed};
    g->c_row = p.n;
    s->int8 = true;
    s->macs = (uint64_t)p.m * p.n * p.k;
    s->in[0] = a.in->v;
    return finish(l, s, &f) ? PFLD_OK : lower_nomem(l);
}
