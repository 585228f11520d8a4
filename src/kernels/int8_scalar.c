/* The specification of the int8 kernels: plain loops, no tricks. */
#include <math.h>
#include <string.h>

#include "kernels/int8.h"
#include "kernels/int8_sets.h"

/* NaN becomes lo. */
static float clamp(float x, float lo, float hi)
{
    x = x > lo ? x : lo;
    return x < hi ? x : hi;
}

/* x as a multiple of the scale, limited so that with its zero point it is lo to hi. */
static int32_t round_to(float x, int32_t zero, int32_t lo, int32_t hi)
{
    return (int32_t)lrintf(clamp(x, (float)(lo - zero), (float)(hi - zero)));
}

/* The sum of products as it is stored; i counts rows or pixels, j columns or channels. */
static uint8_t post_apply(const int8_post *post, uint32_t sum, size_t i, size_t j)
{
    const int8_add *add = &post->add;
    float t = (float)(int32_t)(sum + (uint32_t)post->bias[j]) * post->scale[j];
    int32_t q = round_to(t, post->zero, post->lo, post->hi), r;

    if (!add->residual)
        return (uint8_t)(post->zero + q);
    r = add->residual[i * add->residual_ld + j] - add->zero_r;
    t = (float)q * add->own + (float)r * add->other;
    return (uint8_t)(add->zero + round_to(t, add->zero, add->lo, add->hi));
}

static size_t gemm_packed_size(size_t k, size_t n, size_t run)
{
    (void)run;
    return k * n;
}

static void gemm_pack(void *packed, const int8_t *b, size_t b_row, size_t b_col, size_t k, size_t n,
                      size_t run)
{
    int8_t *to = packed;

    (void)run;
    for (size_t p = 0; p < k; p++)
        for (size_t j = 0; j < n; j++)
            to[p * n + j] = b[p * b_row + j * b_col];
}

static uint32_t gemm_sum(const int8_gemm *g, size_t i, size_t j)
{
    const int8_t *b = g->b;
    uint32_t sum = 0;

    for (size_t p = 0; p < g->k; p++) {
        int32_t a = g->a[i * g->a_row + p / g->a_run * g->a_next + p % g->a_run];

        sum += (uint32_t)(a * b[p * g->n + j]);
    }
    return sum;
}

static void gemm(const int8_gemm *g)
{
    const int8_post *post = g->post;

    for (size_t i = 0; i < g->m; i++)
        for (size_t j = 0; j < g->n; j++) {
            uint32_t sum = gemm_sum(g, i, j);

            if (g->c)
                g->c[i * g->c_row + j] = post_apply(post, sum, i, j);
            else
                g->f[i * g->c_row + j] =
                    (float)(int32_t)(sum + (uint32_t)post->bias[j]) * post->scale[j];
        }
}

static size_t dwconv_packed_size(size_t kh, size_t kw, size_t c)
{
    return kh * kw * c;
}

static void dwconv_pack(void *packed, const int8_t *w, size_t kh, size_t kw, size_t c)
{
    memcpy(packed, w, kh * kw * c);
}

/* What channel c of the input holds at tap (r, s) of output (oy, ox). */
static int32_t dwconv_in(const int8_dwconv *d, size_t oy, size_t ox, size_t r, size_t s, size_t c)
{
    ptrdiff_t y = (ptrdiff_t)(oy * d->stride_h + r) - (ptrdiff_t)d->pad_top;
    ptrdiff_t x = (ptrdiff_t)(ox * d->stride_w + s) - (ptrdiff_t)d->pad_left;

    if (y < 0 || x < 0 || (size_t)y >= d->in_h || (size_t)x >= d->in_w)
        return d->in_zero;
    return d->in[((size_t)y * d->in_w + (size_t)x) * d->in_ld + c];
}

static uint32_t dwconv_sum(const int8_dwconv *d, size_t oy, size_t ox, size_t c)
{
    const int8_t *w = d->weight;
    uint32_t sum = 0;

    for (size_t r = 0; r < d->kh; r++)
        for (size_t s = 0; s < d->kw; s++)
            sum += (uint32_t)(dwconv_in(d, oy, ox, r, s, c) * w[(r * d->kw + s) * d->c + c]);
    return sum;
}

static void dwconv(const int8_dwconv *d)
{
    for (size_t oy = 0; oy < d->out_h; oy++)
        for (size_t ox = 0; ox < d->out_w; ox++) {
            size_t pixel = oy * d->out_w + ox;

            for (size_t c = 0; c < d->c; c++)
                d->out[pixel * d->out_ld + c] =
                    post_apply(d->post, dwconv_sum(d, oy, ox, c), pixel, c);
        }
}

static void quantise(const float *x, float inverse, int32_t zero, uint8_t *q, size_t n)
{
    for (size_t i = 0; i < n; i++)
        q[i] = (uint8_t)(zero + round_to(x[i] * inverse, zero, 0, 255));
}

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#  define LITTLE_ENDIAN_STORES 1
#else
#  define LITTLE_ENDIAN_STORES 0
#endif

/* A pixel is one store, whose fourth byte the next pixel overwrites. */
void int8_interleave3_scalar(const uint8_t *lines, uint8_t *pixels, size_t n)
{
    size_t i = 0;

    if (LITTLE_ENDIAN_STORES)
        for (; i + 1 < n; i++, pixels += 3) {
            uint32_t pixel =
                lines[i] | (uint32_t)lines[n + i] << 8 | (uint32_t)lines[2 * n + i] << 16;
            memcpy(pixels, &pixel, sizeof pixel);
        }
    for (; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            *pixels++ = lines[c * n + i];
}

const int8_kernels int8_kernels_scalar = {
    .name = "scalar",
    .gemm_mr = 1,
    .gemm_packed_size = gemm_packed_size,
    .gemm_pack = gemm_pack,
    .gemm = gemm,
    .dwconv_packed_size = dwconv_packed_size,
    .dwconv_pack = dwconv_pack,
    .dwconv = dwconv,
    .quantise = quantise,
    .interleave3 = int8_interleave3_scalar,
};
