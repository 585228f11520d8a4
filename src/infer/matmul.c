/* Matrix products: Gemm with a constant or computed B, and MatMul with batches. */
#include <assert.h>

#include "core/checked.h"
#include "infer/lower.h"
#include "net/op_params.h"

/* ---- running ---- */

static ptrdiff_t batch_offset(const infer_view *v, const size_t *at, size_t batch_rank)
{
    ptrdiff_t off = 0;
    size_t i;

    for (i = 0; i < batch_rank; i++)
        off += (ptrdiff_t)at[i] * v->stride[i];
    return off;
}

static void multiply(const step *s, const kernels *k, const size_t *at)
{
    const step_gemm *v = &s->u.gemm;
    size_t r = v->batch_rank;
    const infer_view *a = &s->in[0], *b = &s->in[1];
    gemm_args g = {.m = v->m,
                   .n = v->n,
                   .k = v->k,
                   .a = step_data(a) + batch_offset(a, at, r),
                   .a_row = (size_t)a->stride[r],
                   .a_col = (size_t)a->stride[r + 1],
                   .b = v->packed,
                   .c = step_data(&s->out) + batch_offset(&s->out, at, r),
                   .c_row = (size_t)s->out.stride[r],
                   .post = &s->post};

    if (!v->packed) {
        float *packed = step_data(&s->scratch);
        k->gemm_pack(packed, step_data(b) + batch_offset(b, at, r), (size_t)b->stride[r],
                     (size_t)b->stride[r + 1], v->k, v->n);
        g.b = packed;
    }
    k->gemm(&g);
}

/* in[0]: A, in[1]: B where it isn't packed yet; all with the same batch axes in front. */
static void run_gemm(const step *s, const kernels *k)
{
    const step_gemm *v = &s->u.gemm;
    size_t at[NET_MAX_RANK] = {0}, i;

    for (;;) {
        multiply(s, k, at);
        for (i = v->batch_rank; i > 0; i--) {
            if (++at[i - 1] < v->batch[i - 1])
                break;
            at[i - 1] = 0;
        }
        if (i == 0)
            return;
    }
}

/* ---- lowering ---- */

/* Negative or repeated strides are for views; the kernel takes matrices. */
static bool as_matrix(lower *l, infer_view *v)
{
    int32_t r = v->rank - 2;
    bool fits = v->stride[r] >= 0 && v->stride[r + 1] >= 0 &&
                (v->dim[r] == 1 || v->stride[r] > 0) &&
                (v->dim[r + 1] == 1 || v->stride[r + 1] > 0);
    infer_view rows;
    net_shape shape = lower_dims(v);

    if (fits)
        return true;
    if (!lower_new_rows(l, &shape, &rows) || !lower_copy(l, v, &rows))
        return false;
    *v = rows;
    return true;
}

/* A constant B of rank 2, scaled, is packed once. */
static const float *pack_constant(lower *l, const infer_view *b, size_t k, size_t n, float scale)
{
    size_t count, i, j;
    float *packed, *scaled = NULL;
    const float *src = l->buffers[b->buf].fixed;

    if (!checked_mul(k, n, &count))
        return NULL;
    scaled = arena_alloc(&l->tmp, count, sizeof(float));
    packed = lower_weights(l, l->k->gemm_packed_size(k, n));
    if (!scaled || !packed)
        return NULL;
    for (i = 0; i < k; i++)
        for (j = 0; j < n; j++)
            scaled[i * n + j] =
                scale * src[b->offset + (ptrdiff_t)i * b->stride[0] + (ptrdiff_t)j * b->stride[1]];
    l->k->gemm_pack(packed, scaled, n, 1, k, n);
    return packed;
}

static float *scaled_copy(lower *l, const float *src, size_t n, float scale)
{
    float *dst = lower_weights(l, n);
    size_t i;

    for (i = 0; dst && i < n; i++)
        dst[i] = scale * src[i];
    return dst;
}

/* C may be one number for each column (the usual bias) or for all; anything else is refused. */
static pfld_status gemm_bias(lower *l, const net_gemm_params *p, step *s)
{
    const net_tensor *c;
    const float *src;
    float *bias;
    size_t i;

    if (!lower_has_in(l, 2))
        return PFLD_OK;
    c = lower_in_value(l, 2)->constant;
    if (!c || c->dtype != NET_F32 || (c->count != 1 && c->count != p->n) ||
        (c->count == p->n && c->shape.rank > 0 && c->shape.dim[c->shape.rank - 1] != (int64_t)p->n))
        return lower_unsupported(l, "a third operand that is not a constant row");
    src = c->data;
    if (c->count == p->n) {
        bias = scaled_copy(l, src, p->n, p->beta);
    } else {
        bias = lower_weights(l, p->n);
        for (i = 0; bias && i < p->n; i++)
            bias[i] = p->beta * src[0];
    }
    s->post.bias = bias;
    return bias ? PFLD_OK : lower_nomem(l);
}

/* The step writes [batch][m][n]; readers see the same rows in the shape that the graph gives. */
static pfld_status finish(lower *l, step *s, const infer_view *b, float scale)
{
    step_gemm *v = &s->u.gemm;
    net_shape shape = {.rank = (int32_t)v->batch_rank + 2};
    infer_view out;
    int32_t value = lower_absorb(l, l->node->out[0], v->n, &s->post, NULL);
    size_t i;

    if (value == NET_NONE || !lower_new_rows(l, &lower_out_value(l, 0)->shape, &out))
        return lower_nomem(l);
    lower_set_value(l, value, &out);
    s->macs = (uint64_t)v->m * v->n * v->k;
    for (i = 0; i < v->batch_rank; i++) {
        s->macs *= v->batch[i];
        shape.dim[i] = (int64_t)v->batch[i];
    }
    shape.dim[i] = (int64_t)v->m;
    shape.dim[i + 1] = (int64_t)v->n;
    s->out = infer_view_rows(out.buf, &shape);
    if (l->buffers[b->buf].fixed && v->batch_rank == 0) {
        v->packed = pack_constant(l, b, v->k, v->n, scale);
        return v->packed ? PFLD_OK : lower_nomem(l);
    }
    if (scale != 1.0f)
        return lower_unsupported(l, "alpha with a second operand that is not a constant");
    s->in[1] = *b;
    return lower_new_scratch(l, l->k->gemm_packed_size(v->k, v->n), &s->scratch) ? PFLD_OK
                                                                                 : lower_nomem(l);
}

pfld_status lower_gemm(lower *l)
{
    static const int32_t swap[2] = {1, 0};
    net_gemm_params p;
    infer_view a, b;
    step *s;
    bool done;
    pfld_status st = lower_int8_gemm(l, &done);

    if (st != PFLD_OK || done)
        return st;
    st = net_gemm_get(l->g, l->node, &p, l->err);
    if (st == PFLD_OK)
        st = lower_in(l, 0, &a);
    if (st == PFLD_OK)
        st = lower_in(l, 1, &b);
    if (st != PFLD_OK)
        return st;
    if (p.trans_a)
        a = infer_view_permute(&a, swap);
    if (p.trans_b)
        b = infer_view_permute(&b, swap);
    if (!as_matrix(l, &a) || (!l->buffers[b.buf].fixed && !as_matrix(l, &b)))
        return lower_nomem(l);
    s = lower_step(l, run_gemm);
    if (!s)
        return lower_nomem(l);
    s->in[0] = a;
    s->u.gemm = (step_gemm){.m = p.m, .n = p.n, .k = p.k};
    st = gemm_bias(l, &p, s);
    return st == PFLD_OK ? finish(l, s, &b, p.alpha) : st;
}

/* Rank 1 becomes a row (column) matrix: numpy's rule; the result's shape is set elsewhere. */
static void to_matrix(infer_view *v, bool column)
{
    if (v->rank != 1)
        return;
    v->rank = 2;
    v->dim[1] = column ? 1 : v->dim[0];
    v->stride[1] = column ? 1 : v->stride[0];
    if (!column) {
        v->dim[0] = 1;
        v->stride[0] = (ptrdiff_t)v->dim[1];
    }
}

/* A constant matrix on the right makes all batches of A one tall matrix, where A lies so. */
static bool flatten_a(infer_view *a)
{
    net_shape flat = {.rank = 2};
    size_t k = a->dim[a->rank - 1];

    if (a->rank == 2)
        return true;
    flat.dim[0] = (int64_t)(infer_view_count(a) / k);
    flat.dim[1] = (int64_t)k;
    return infer_view_reshape(a, &flat, a);
}

static pfld_status matmul_dims(lower *l, infer_view *a, infer_view *b, step_gemm *v)
{
    size_t dim[NET_MAX_RANK];
    int32_t rank = a->rank > b->rank ? a->rank : b->rank, i;

    v->batch_rank = (size_t)rank - 2;
    for (i = 0; i < rank - 2; i++) {
        int32_t ia = i - (rank - a->rank), ib = i - (rank - b->rank);
        size_t da = ia < 0 ? 1 : a->dim[ia], db = ib < 0 ? 1 : b->dim[ib];
        dim[i] = da > db ? da : db;
        v->batch[i] = dim[i];
    }
    v->m = a->dim[a->rank - 2];
    v->k = a->dim[a->rank - 1];
    v->n = b->dim[b->rank - 1];
    dim[rank - 2] = v->m;
    dim[rank - 1] = v->k;
    if (!as_matrix(l, a) || !as_matrix(l, b))
        return lower_nomem(l);
    *a = infer_view_broadcast(a, rank, dim);
    dim[rank - 2] = v->k;
    dim[rank - 1] = v->n;
    *b = infer_view_broadcast(b, rank, dim);
    return PFLD_OK;
}

pfld_status lower_matmul(lower *l)
{
    infer_view a, b;
    step *s;
    step_gemm v = {0};
    pfld_status st = lower_in(l, 0, &a);

    if (st == PFLD_OK)
        st = lower_in(l, 1, &b);
    if (st != PFLD_OK)
        return st;
    to_matrix(&a, false);
    to_matrix(&b, true);
    if (b.rank == 2 && !flatten_a(&a) && (!lower_as_rows(l, &a) || !flatten_a(&a)))
        return lower_nomem(l);
    st = matmul_dims(l, &a, &b, &v);
    if (st != PFLD_OK)
        return st;
    s = lower_step(l, run_gemm);
    if (!s)
        return lower_nomem(l);
    s->in[0] = a;
    s->u.gemm = v;
    return finish(l, s, &b, 1.0f);
}
