/* The compiler's tools: views of values, fresh buffers, copies, and work absorbed by a step. */
#include "infer/lower.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "net/op_params.h"

enum { /* kernels.h on the distance between pixels */
       SAME_SETS = 512,
       FEW_SETS = 32,
       SET_GAP = 16
};

pfld_status lower_nomem(lower *l)
{
    return error_nomem(l->err);
}

pfld_status lower_unsupported(lower *l, const char *why)
{
    char text[128];

    return error_set(l->err, PFLD_ERR_UNSUPPORTED, "%s: %s",
                     net_node_text(l->g, l->node, text, sizeof text), why);
}

bool lower_has_in(const lower *l, size_t i)
{
    return i < l->node->n_in && l->node->in[i] != NET_NONE;
}

const net_value *lower_in_value(const lower *l, size_t i)
{
    return &l->g->values[l->node->in[i]];
}

const net_value *lower_out_value(const lower *l, size_t i)
{
    return &l->g->values[l->node->out[i]];
}

static infer_buffer *new_buffer(lower *l, size_t count)
{
    infer_buffer *grown =
        mem_grow(l->buffers, &l->room_buffers, l->n_buffers + 1, sizeof(*l->buffers));

    if (!grown || l->n_buffers >= INT32_MAX)
        return NULL;
    l->buffers = grown;
    grown[l->n_buffers] = (infer_buffer){.count = count, .first = INT32_MAX, .last = -1};
    return &grown[l->n_buffers++];
}

static bool shape_count(const net_shape *shape, size_t *count)
{
    bool known = net_shape_count(shape, count);

    assert(known); /* net_infer_shapes() closed them all */
    return known;
}

bool lower_new_rows(lower *l, const net_shape *shape, infer_view *v)
{
    size_t count;

    if (!shape_count(shape, &count) || !new_buffer(l, count))
        return false;
    *v = infer_view_rows((int32_t)l->n_buffers - 1, shape);
    return true;
}

bool lower_new_nhwc(lower *l, const net_shape *shape, infer_view *v)
{
    size_t count;

    if (!shape_count(shape, &count) || !new_buffer(l, count))
        return false;
    *v = infer_view_nhwc((int32_t)l->n_buffers - 1, shape);
    return true;
}

/* All that reads the value is one convolution of each channel for itself. */
static bool goes_to_depthwise(const lower *l, int32_t value)
{
    const net_node *n;

    if (l->uses[value] != 1 || l->reader[value] < 0)
        return false;
    n = &l->g->nodes[l->reader[value]];
    return n->op == NET_OP_CONV && n->in[0] == value && l->g->values[n->in[1]].shape.dim[1] == 1;
}

bool lower_new_map(lower *l, int32_t value, infer_view *v)
{
    const net_shape *shape = &l->g->values[value].shape;
    net_shape wide = *shape;

    if (wide.dim[1] % (goes_to_depthwise(l, value) ? FEW_SETS : SAME_SETS) == 0 && wide.dim[1] > 0)
        wide.dim[1] += SET_GAP;
    if (!lower_new_nhwc(l, &wide, v))
        return false;
    v->dim[1] = (size_t)shape->dim[1];
    return true;
}

bool lower_new_like(lower *l, const infer_view *like, infer_view *v)
{
    if (!new_buffer(l, infer_view_count(like)))
        return false;
    *v = infer_view_like((int32_t)l->n_buffers - 1, like);
    return true;
}

bool lower_new_scratch(lower *l, size_t count, infer_view *v)
{
    net_shape flat = {.rank = 1, .dim = {(int64_t)count}};

    return lower_new_rows(l, &flat, v);
}

bool lower_new_fixed(lower *l, const net_shape *shape, float *data, infer_view *v)
{
    if (!lower_new_rows(l, shape, v))
        return false;
    l->buffers[v->buf].fixed = data;
    return true;
}

float *lower_weights(lower *l, size_t count)
{
    float *w = arena_alloc(l->mem, count, sizeof(float));

    if (w)
        l->weight_bytes += count * sizeof(float);
    return w;
}

static packed_weights *find_packed(const lower *l, const packed_weights *want)
{
    packed_weights *p = l->packed ? *l->packed : NULL;

    while (p && !(p->of == want->of && p->used_by == want->used_by && p->groups == want->groups &&
                  p->count == want->count))
        p = p->next;
    return p;
}

float *lower_packed(lower *l, const packed_weights *want, bool *ready)
{
    packed_weights *p = find_packed(l, want);
    float *data;

    *ready = p != NULL;
    if (p) {
        l->weight_bytes += want->count * sizeof(float);
        return p->data;
    }
    data = lower_weights(l, want->count);
    if (!data || !l->packed)
        return data;
    p = arena_alloc(l->mem, 1, sizeof *p);
    if (!p)
        return NULL;
    *p = *want;
    p->next = *l->packed;
    p->data = data;
    *l->packed = p;
    return data;
}

/* Integers that reach a runtime operator (a power's exponent, say) become floats. */
static float *constant_floats(lower *l, const net_tensor *t)
{
    float *f = t->dtype == NET_F32 ? t->data : lower_weights(l, t->count);
    size_t i;

    if (!f || t->dtype == NET_F32)
        return f;
    for (i = 0; i < t->count; i++) {
        switch (t->dtype) {
        case NET_I64:
            f[i] = (float)((const int64_t *)t->data)[i];
            break;
        case NET_I32:
            f[i] = (float)((const int32_t *)t->data)[i];
            break;
        case NET_I8:
            f[i] = (float)((const int8_t *)t->data)[i];
            break;
        default: /* u8, bool */
            f[i] = (float)((const uint8_t *)t->data)[i];
            break;
        }
    }
    return f;
}

pfld_status lower_in(lower *l, size_t i, infer_view *v)
{
    int32_t value = l->node->in[i];
    const net_tensor *t = l->g->values[value].constant;

    if (l->view[value].buf < 0 && !t) {
        if (!lower_int8_floats(l, value))
            return lower_nomem(l);
    } else if (l->view[value].buf < 0) {
        float *data;
        data = constant_floats(l, t);
        if ((!data && t->count) || !lower_new_fixed(l, &t->shape, data, &l->view[value]))
            return lower_nomem(l);
    }
    *v = l->view[value];
    return PFLD_OK;
}

void lower_set_value(lower *l, int32_t value, const infer_view *v)
{
    l->view[value] = *v;
}

void lower_set_out(lower *l, size_t i, const infer_view *v)
{
    lower_set_value(l, l->node->out[i], v);
}

step *lower_step(lower *l, step_run *run)
{
    step *grown = mem_grow(l->steps, &l->room_steps, l->n_steps + 1, sizeof(*l->steps));
    step *s;
    int i;

    if (!grown || l->n_steps >= INT32_MAX)
        return NULL;
    l->steps = grown;
    s = &grown[l->n_steps++];
    *s = (step){.run = run};
    s->name = l->node ? l->node->name : "";
    s->op = l->node ? net_op_get(l->node->op)->name : "copy";
    s->post.lo = -INFINITY;
    s->post.hi = INFINITY;
    for (i = 0; i < STEP_IN; i++)
        s->in[i].buf = -1;
    s->out.buf = s->scratch.buf = -1;
    return s;
}

static void copy_row(const void *ctx, float *const *p, size_t n, const ptrdiff_t *stride)
{
    float *dst = p[0];
    const float *src = p[1];
    size_t i;

    (void)ctx;
    if (stride[0] == 1 && stride[1] == 1) {
        memcpy(dst, src, n * sizeof(float));
        return;
    }
    for (i = 0; i < n; i++)
        dst[(ptrdiff_t)i * stride[0]] = src[(ptrdiff_t)i * stride[1]];
}

/* in[0] to out, any strides. */
static void run_copy(const step *s, const kernels *k)
{
    float *first[2] = {step_data(&s->out), step_data(&s->in[0])};

    (void)k;
    infer_loop_run(&s->u.copy, first, copy_row, NULL);
}

bool lower_copy(lower *l, const infer_view *src, const infer_view *dst)
{
    const infer_view *both[2] = {dst, src};
    step *s = lower_step(l, run_copy);

    assert(infer_view_same_dims(src, dst));
    if (!s)
        return false;
    s->in[0] = *src;
    s->out = *dst;
    s->u.copy = infer_loop_over(both, 2);
    return true;
}

net_shape lower_dims(const infer_view *v)
{
    net_shape s = {.rank = v->rank};
    int32_t i;

    for (i = 0; i < v->rank; i++)
        s.dim[i] = (int64_t)v->dim[i];
    return s;
}

static bool copied(lower *l, bool (*make)(lower *, const net_shape *, infer_view *), infer_view *v)
{
    net_shape shape = lower_dims(v);
    infer_view dst;

    if (!make(l, &shape, &dst) || !lower_copy(l, v, &dst))
        return false;
    *v = dst;
    return true;
}

bool lower_as_rows(lower *l, infer_view *v)
{
    return infer_view_is_rows(v) || copied(l, lower_new_rows, v);
}

bool lower_as_pixels(lower *l, infer_view *v)
{
    return infer_view_is_pixels(v) || copied(l, lower_new_nhwc, v);
}

bool lower_as_nhwc(lower *l, infer_view *v)
{
    size_t image = v->dim[1] * v->dim[2] * v->dim[3];
    bool in_order = v->dim[0] == 1 || v->stride[0] == (ptrdiff_t)image;

    return (infer_view_is_pixels(v) && infer_view_is_dense(v) && in_order) ||
           copied(l, lower_new_nhwc, v);
}

static bool is_clamp(const net_node *n)
{
    return n->op == NET_OP_RELU || n->op == NET_OP_CLIP;
}

/* Slopes of a LeakyRelu, or of a PRelu with one constant slope for all or for each channel of a
 * map. (Columns of a product are not what three axes of slopes speak of.) */
static const float *slopes(lower *l, const net_node *n, size_t channels, bool map, bool *fits)
{
    const net_tensor *t = NULL;
    float *slope, *made;
    float alpha = 0;
    size_t i;

    *fits = n->op == NET_OP_LEAKY_RELU;
    if (*fits) {
        alpha = net_unary_get(n).alpha;
    } else if (n->op == NET_OP_PRELU && n->in[1] != NET_NONE) {
        t = l->g->values[n->in[1]].constant;
        *fits = t && t->dtype == NET_F32 &&
                (t->count == 1 || (map && t->count == channels && t->shape.rank == 3 &&
                                   t->shape.dim[0] == (int64_t)channels));
    }
    if (!*fits)
        return NULL;
    slope = t ? t->data : NULL;
    if (t && t->count == channels)
        return slope;
    made = lower_weights(l, channels);
    for (i = 0; made && i < channels; i++)
        made[i] = slope ? slope[0] : alpha;
    return made;
}

/* The other operand of an Add, if it is a map of the same dimensions that is there already. */
static bool find_residual(lower *l, const net_node *n, int32_t value, infer_view *residual)
{
    int32_t other = n->in[0] == value ? n->in[1] : n->in[0];
    const infer_view *v = &l->view[other];

    if (v->buf < 0 || !infer_view_is_pixels(v) ||
        !net_shape_equal(&l->g->values[other].shape, &l->g->values[n->out[0]].shape) ||
        !net_shape_equal(&l->g->values[value].shape, &l->g->values[n->out[0]].shape))
        return false;
    *residual = *v;
    return true;
}

int32_t lower_absorb(lower *l, int32_t value, size_t channels, kernel_post *post,
                     infer_view *residual)
{
    for (;;) {
        int32_t reader = l->reader[value];
        const net_node *n;
        if (l->uses[value] != 1 || reader < 0)
            return value;
        n = &l->g->nodes[reader];
        if (is_clamp(n)) {
            net_clip_params p;
            if (post->slope || post->lo != -INFINITY || post->hi != INFINITY ||
                net_clip_get(l->g, n, &p, NULL) != PFLD_OK || n->in[0] != value)
                return value;
            post->lo = p.lo;
            post->hi = p.hi;
        } else if (n->op == NET_OP_ADD) {
            if (!residual || residual->buf >= 0 || post->slope || post->lo != -INFINITY ||
                post->hi != INFINITY || !find_residual(l, n, value, residual))
                return value;
        } else {
            bool fits;
            const float *slope = slopes(l, n, channels, residual != NULL, &fits);
            if (!fits || post->slope || n->in[0] != value)
                return value;
            if (!slope)
                return NET_NONE;
            post->slope = slope;
        }
        l->absorbed[reader] = true;
        value = n->out[0];
    }
}
