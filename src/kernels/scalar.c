/* The specification of every kernel: plain loops, no tricks. Vector sets are tested against it. */
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/sets.h"
#include "kernels/window.h"

/* NaN passes: both comparisons are false for it. */
static float clamp(float x, float lo, float hi)
{
    x = x < lo ? lo : x;
    return x > hi ? hi : x;
}

/* The sum x of channel (or column) j in pixel (or row) i, as it is stored. */
static float post_apply(const kernel_post *post, float x, size_t i, size_t j)
{
    if (!post)
        return x;
    if (post->bias)
        x += post->bias[j];
    if (post->residual)
        x += post->residual[i * post->residual_ld + j];
    x = clamp(x, post->lo, post->hi);
    if (post->slope && x < 0.0f)
        x *= post->slope[j];
    return x;
}

static size_t gemm_packed_size_scalar(size_t k, size_t n)
{
    return k * n;
}

static void gemm_pack_scalar(float *packed, const float *b, size_t b_row, size_t b_col, size_t k,
                             size_t n)
{
    for (size_t p = 0; p < k; p++)
        for (size_t j = 0; j < n; j++)
            packed[p * n + j] = b[p * b_row + j * b_col];
}

static bool gemm_packs_itself_scalar(size_t n)
{
    (void)n;
    return true;
}

static float gemm_a(const gemm_args *g, size_t i, size_t p)
{
    size_t run = g->a_run ? g->a_run : g->k;

    return g->a[i * g->a_row + p / run * g->a_next + p % run * g->a_col];
}

static void gemm_scalar(const gemm_args *g)
{
    for (size_t i = 0; i < g->m; i++)
        for (size_t j = 0; j < g->n; j++) {
            float *c = &g->c[i * g->c_row + j], sum = 0.0f;

            for (size_t p = 0; p < g->k; p++)
                sum += gemm_a(g, i, p) * g->b[p * g->n + j];
            if (g->accumulate)
                sum += *c;
            *c = post_apply(g->post, sum, i, j);
        }
}

static float dwconv_sum(const dwconv_args *d, window_span y, window_span x, size_t c)
{
    float sum = 0.0f;

    for (size_t r = y.first; r < y.end; r++)
        for (size_t s = x.first; s < x.end; s++) {
            size_t row = (size_t)(y.start + (ptrdiff_t)(r * d->dilation_h));
            size_t col = (size_t)(x.start + (ptrdiff_t)(s * d->dilation_w));

            sum +=
                d->in[(row * d->in_w + col) * d->in_ld + c] * d->weight[(r * d->kw + s) * d->c + c];
        }
    return sum;
}

static void dwconv_scalar(const dwconv_args *d)
{
    window_axis ay = {d->in_h, d->kh, d->stride_h, d->pad_top, d->dilation_h};
    window_axis ax = {d->in_w, d->kw, d->stride_w, d->pad_left, d->dilation_w};

    for (size_t oy = 0; oy < d->out_h; oy++)
        for (size_t ox = 0; ox < d->out_w; ox++) {
            window_span y = window_at(&ay, oy), x = window_at(&ax, ox);
            size_t pixel = oy * d->out_w + ox;

            for (size_t c = 0; c < d->c; c++)
                d->out[pixel * d->out_ld + c] =
                    post_apply(d->post, dwconv_sum(d, y, x, c), pixel, c);
        }
}

/* NaN passes from either side. */
static float maximum(float a, float b)
{
    return isnan(a) || a > b ? a : b;
}

static float minimum(float a, float b)
{
    return isnan(a) || a < b ? a : b;
}

static float pool_window(const pool_args *p, window_span y, window_span x, size_t c)
{
    float v = p->kind == POOL_MAX ? -INFINITY : 0.0f;

    for (size_t r = y.first; r < y.end; r++)
        for (size_t s = x.first; s < x.end; s++) {
            size_t row = (size_t)(y.start + (ptrdiff_t)(r * p->dilation_h));
            size_t col = (size_t)(x.start + (ptrdiff_t)(s * p->dilation_w));
            float in = p->in[(row * p->in_w + col) * p->in_ld + c];

            v = p->kind == POOL_MAX ? maximum(v, in) : v + in;
        }
    return v;
}

static void pool_scalar(const pool_args *p)
{
    window_axis ay = {p->in_h, p->kh, p->stride_h, p->pad_top, p->dilation_h};
    window_axis ax = {p->in_w, p->kw, p->stride_w, p->pad_left, p->dilation_w};

    for (size_t oy = 0; oy < p->out_h; oy++)
        for (size_t ox = 0; ox < p->out_w; ox++) {
            window_span y = window_at(&ay, oy), x = window_at(&ax, ox);
            float *out = p->out + (oy * p->out_w + ox) * p->out_ld;
            float count = window_divisor(p, oy, ox);

            for (size_t c = 0; c < p->c; c++) {
                float v = pool_window(p, y, x, c);

                out[c] = p->kind == POOL_MAX ? v : v / count;
            }
        }
}

static float unary_one(unary_kind kind, float alpha, float beta, float x)
{
    switch (kind) {
    case UNARY_CLAMP:
        return clamp(x, alpha, beta);
    case UNARY_LEAKY:
        return x < 0.0f ? alpha * x : x;
    case UNARY_HARD_SIGMOID:
        return clamp(alpha * x + beta, 0.0f, 1.0f);
    case UNARY_HARD_SWISH:
        return x * clamp(x * (1.0f / 6.0f) + 0.5f, 0.0f, 1.0f);
    case UNARY_SIGMOID:
        return 1.0f / (1.0f + expf(-x));
    case UNARY_TANH:
        return tanhf(x);
    case UNARY_EXP:
        return expf(x);
    case UNARY_LOG:
        return logf(x);
    case UNARY_SQRT:
        return sqrtf(x);
    case UNARY_ERF:
        return erff(x);
    case UNARY_SOFTPLUS: /* ln(1 + exp(x)) without its overflow */
        return clamp(x, 0.0f, INFINITY) + log1pf(expf(-fabsf(x)));
    case UNARY_ELU:
        return x < 0.0f ? alpha * expm1f(x) : x;
    case UNARY_NEG:
        return -x;
    case UNARY_FLOOR:
        return floorf(x);
    case UNARY_CEIL:
        return ceilf(x);
    case UNARY_RECIPROCAL:
        return 1.0f / x;
    case UNARY_COUNT:
        break;
    }
    return x;
}

static void unary_scalar(unary_kind kind, float alpha, float beta, const float *x, float *y,
                         size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = unary_one(kind, alpha, beta, x[i]);
}

static float binary_one(binary_kind kind, float a, float b)
{
    switch (kind) {
    case BINARY_ADD:
        return a + b;
    case BINARY_SUB:
        return a - b;
    case BINARY_MUL:
        return a * b;
    case BINARY_DIV:
        return a / b;
    case BINARY_MAX:
        return maximum(a, b);
    case BINARY_MIN:
        return minimum(a, b);
    case BINARY_POW:
        return powf(a, b);
    case BINARY_PRELU:
        return a < 0.0f ? b * a : a;
    case BINARY_COUNT:
        break;
    }
    return a;
}

static void binary_scalar(binary_kind kind, const float *a, size_t a_step, const float *b,
                          size_t b_step, float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = binary_one(kind, a[i * a_step], b[i * b_step]);
}

static uint64_t roof_scalar(size_t rounds)
{
    volatile float keep;
    float sum[4] = {0.0f, 1.0f, 2.0f, 3.0f};

    for (size_t r = 0; r < rounds; r++)
        for (size_t i = 0; i < 4; i++)
            sum[i] = sum[i] * 0.999f + 0.001f;
    keep = sum[0] + sum[1] + sum[2] + sum[3];
    (void)keep;
    return (uint64_t)rounds * 4;
}

const kernels kernels_scalar = {
    .isa = PFLD_ISA_SCALAR,
    .gemm_mr = 1,
    .gemm_nr = 1,
    .gemm_packed_size = gemm_packed_size_scalar,
    .gemm_packs_itself = gemm_packs_itself_scalar,
    .gemm_pack = gemm_pack_scalar,
    .gemm = gemm_scalar,
    .dwconv = dwconv_scalar,
    .pool = pool_scalar,
    .unary = unary_scalar,
    .binary = binary_scalar,
    .roof = roof_scalar,
};
