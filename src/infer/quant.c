/* QuantizeLinear and DequantizeLinear on maps of floats that hold the integers. */
#include "infer/lower.h"
#include "net/op_params.h"

/* ---- running ---- */

/* Adding and taking away 1.5 * 2^23 rounds halves to even, as rintf() does, which gcc calls for
 * each number where the CPU may lack SSE4.1; so do fminf() and fmaxf(). NaN becomes lo. */
static float quantised(const step_quant *v, size_t c, float x)
{
    const float whole = 12582912.0f, lo = v->lo - v->zero[c], hi = v->hi - v->zero[c];
    float y = x / v->scale[c];

    y = y > lo ? y : lo;
    y = y < hi ? y : hi;
    return (y + whole) - whole + v->zero[c];
}

static void quant_row(const void *ctx, float *const *p, size_t n, const ptrdiff_t *stride)
{
    const step_quant *v = ctx;
    size_t i, c = (size_t)p[2][0];

    for (i = 0; i < n; i++) {
        float x = p[1][(ptrdiff_t)i * stride[1]];
        if (stride[2])
            c = (size_t)p[2][(ptrdiff_t)i * stride[2]];
        p[0][(ptrdiff_t)i * stride[0]] =
            v->quantise ? quantised(v, c, x) : (x - v->zero[c]) * v->scale[c];
    }
}

/* in[0] to out; in[1] tells which scale is whose. */
static void run_quant(const step *s, const kernels *k)
{
    float *first[3] = {step_data(&s->out), step_data(&s->in[0]), step_data(&s->in[1])};

    (void)k;
    infer_loop_run(&s->u.quant.loop, first, quant_row, &s->u.quant);
}

/* ---- lowering ---- */

static float zero_point(const net_quant_params *p, size_t i)
{
    if (!p->zero)
        return 0;
    if (p->zero->dtype == NET_I8)
        return (float)((const int8_t *)p->zero->data)[i];
    if (p->zero->dtype == NET_I32)
        return (float)((const int32_t *)p->zero->data)[i];
    return (float)((const uint8_t *)p->zero->data)[i];
}

/* 0, 1, ... count - 1 along the axis of the scales, standing still along all others. */
static bool scale_index(lower *l, const net_quant_params *p, const infer_view *x, infer_view *v)
{
    net_shape shape = {.rank = 1, .dim = {(int64_t)p->count}};
    float *index = arena_alloc(l->mem, p->count, sizeof(float));
    int32_t i;
    size_t j;

    if (!index || !lower_new_fixed(l, &shape, index, v))
        return false;
    for (j = 0; j < p->count; j++)
        index[j] = (float)j;
    v->rank = x->rank;
    for (i = 0; i < x->rank; i++) {
        v->dim[i] = x->dim[i];
        v->stride[i] = p->per_axis && i == (int32_t)p->axis;
    }
    return true;
}

pfld_status lower_quant(lower *l)
{
    net_quant_params p;
    infer_view x, y, index;
    const infer_view *all[3] = {&y, &x, &index};
    step_quant q = {.quantise = l->node->op == NET_OP_QUANTIZE_LINEAR};
    step *s;
    float *zero;
    size_t i;
    pfld_status st = net_quant_get(l->g, l->node, &p, l->err);

    if (st == PFLD_OK)
        st = lower_in(l, 0, &x);
    if (st != PFLD_OK)
        return st;
    zero = lower_weights(l, p.count);
    if (!zero || !lower_new_like(l, &x, &y) || !scale_index(l, &p, &x, &index))
        return lower_nomem(l);
    for (i = 0; i < p.count; i++)
        zero[i] = zero_point(&p, i);
    q.zero = zero;
    q.scale = p.scale;
    q.lo = p.dtype == NET_I8 ? -128.0f : 0.0f;
    q.hi = p.dtype == NET_I8 ? 127.0f : 255.0f;
    q.loop = infer_loop_over(all, 3);
    s = lower_step(l, run_quant);
    if (!s)
        return lower_nomem(l);
    s->in[0] = x;
    s->in[1] = index;
    s->out = y;
    s->u.quant = q;
    lower_set_out(l, 0, &y);
    return PFLD_OK;
}
