/* The shared kernels in doubles, for checking gradients: nothing of it is in a float build. */
#include "train/kernels_sets.h"

#ifdef TRAIN_DOUBLE

static size_t packed_size_double(size_t k, size_t n)
{
    return k * n;
}

static void pack_double(real *packed, const real *b, size_t b_row, size_t b_col, size_t k, size_t n)
{
    for (size_t p = 0; p < k; p++)
        for (size_t j = 0; j < n; j++)
            packed[p * n + j] = b[p * b_row + j * b_col];
}

static bool packs_itself_double(size_t n)
{
    (void)n;
    return true;
}

static void gemm_double(const real_gemm *g)
{
    for (size_t i = 0; i < g->m; i++)
        for (size_t j = 0; j < g->n; j++) {
            real *c = &g->c[i * g->c_row + j], sum = g->accumulate ? *c : 0;

            for (size_t p = 0; p < g->k; p++)
                sum += g->a[i * g->a_row + p * g->a_col] * g->b[p * g->n + j];
            *c = g->post && g->post->bias ? sum + g->post->bias[j] : sum;
        }
}

static void dwconv_double(const real_dwconv *d)
{
    window_axis ay = {d->in_h, d->kh, d->stride_h, d->pad_top, d->dilation_h};
    window_axis ax = {d->in_w, d->kw, d->stride_w, d->pad_left, d->dilation_w};

    for (size_t o = 0; o < d->out_h * d->out_w; o++) {
        window_span y = window_at(&ay, o / d->out_w), x = window_at(&ax, o % d->out_w);

        for (size_t c = 0; c < d->c; c++) {
            real sum = d->post && d->post->bias ? d->post->bias[c] : 0;

            for (size_t r = y.first; r < y.end; r++)
                for (size_t s = x.first; s < x.end; s++) {
                    size_t row = (size_t)(y.start + (ptrdiff_t)r);
                    size_t col = (size_t)(x.start + (ptrdiff_t)s);

                    sum += d->in[(row * d->in_w + col) * d->in_ld + c] *
                           d->weight[(r * d->kw + s) * d->c + c];
                }
            if (d->post && d->post->residual)
                sum += d->post->residual[o * d->post->residual_ld + c];
            d->out[o * d->out_ld + c] = sum;
        }
    }
}

const real_kernels *real_kernels_get(pfld_isa cap)
{
    static const real_kernels table = {packed_size_double, pack_double, packs_itself_double,
                                       gemm_double, dwconv_double};

    (void)cap;
    return &table;
}

#else
typedef int kernels_double_nothing_here; /* a file of C must declare something */
#endif
