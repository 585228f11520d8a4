/*
 * Passes over the rows of a feature map, over the vector vocabulary. Up to ROWS_VECS vectors of
 * channels go down the rows together, their parameters and sums in registers. Maps of few channels
 * are taken as maps of fewer and wider rows (the channels repeat), so that vectors are full and
 * memory is read in order. Included once by each instruction set.
 */
#include <string.h>

#include "train/kernels_sets.h"

enum {
    ROWS_VECS = 4,
    ROWS_WIDTH = ROWS_VECS * VL,
    ROWS_AHEAD = 512, /* floats */
    ROWS_PARAMS = 4,  /* scale, shift, slope, center */
    ROWS_SUMS = 3
};

enum rows_kind { ROWS_VALUE, ROWS_VALUE_ADD, ROWS_MOMENTS, ROWS_MASK, ROWS_BLEND };

/* Rows of vecs vectors each, ld floats apart. */
struct rows_job {
    size_t rows, ld;
    const float *x, *d;
    float *y;
    const float *param[ROWS_PARAMS]; /* NULL: not used */
    double *sum[ROWS_SUMS];
    size_t last; /* channels that exist in the last vector */
};

VEC_INLINE vf rows_load(const float *p, size_t v, size_t vecs, vm last)
{
    return v + 1 < vecs ? vf_load(p + v * VL) : vf_load_m(p + v * VL, last);
}

VEC_INLINE void rows_store(float *p, size_t v, size_t vecs, vm last, vf x)
{
    if (v + 1 < vecs)
        vf_store(p + v * VL, x);
    else
        vf_store_m(p + v * VL, last, x);
}

/* x < 0 ? 0 : x > 1 ? 1 : x */
VEC_INLINE vf rows_gate(vf x)
{
    return vf_min(vf_set1(1.0f), vf_max(vf_zero(), x));
}

VEC_INLINE vf rows_act(train_act act, vf z, vf slope)
{
    switch (act) {
    case TRAIN_RELU:
        return vf_max(vf_zero(), z); /* this way NaN comes through */
    case TRAIN_PRELU:
        return vf_if_negative(z, vf_mul(slope, z), z);
    case TRAIN_HARD_SWISH:
        return vf_mul(z, rows_gate(vf_fma(z, vf_set1(1.0f / 6.0f), vf_set1(0.5f))));
    default:
        return z;
    }
}

/* d times the derivative of act at z. */
VEC_INLINE vf rows_masked(train_act act, vf z, vf slope, vf d)
{
    vf three = vf_set1(3.0f), inner;

    switch (act) {
    case TRAIN_RELU:
        return vf_if_negative(vf_neg(z), d, vf_zero());
    case TRAIN_PRELU:
        return vf_if_negative(z, vf_mul(slope, d), d);
    case TRAIN_HARD_SWISH:
        inner = vf_mul(d, vf_fma(z, vf_set1(1.0f / 3.0f), vf_set1(0.5f)));
        inner = vf_if_negative(vf_add(z, three), vf_zero(), inner);
        return vf_if_negative(vf_sub(three, z), d, inner);
    default:
        return d;
    }
}

/* Adds the first n numbers of vectors to a sum: what comes behind it belongs to others. */
VEC_INLINE void rows_flush(double *sum, const vf *acc, size_t vecs, size_t n)
{
    float lane[ROWS_WIDTH];

    KERNELS_UNROLL
    for (size_t v = 0; v < vecs; v++)
        vf_store(lane + v * VL, acc[v]);
    for (size_t i = 0; i < n; i++)
        sum[i] += (double)lane[i];
}

/* Brings what comes ROWS_AHEAD later into the cache: the hardware guesses late, and across the
 * blocks of wide rows not at all. The address may lie beyond the map: that is no access. */
VEC_INLINE void rows_fetch(const float *p, size_t ahead, size_t vecs)
{
    KERNELS_UNROLL
    for (size_t v = 0; v < vecs; v++)
        __builtin_prefetch((const char *)p + (ahead + v * VL) * sizeof *p);
}

/* Inlined with constant kind, act and vecs. */
VEC_INLINE void rows_block(const struct rows_job *job, enum rows_kind kind, train_act act,
                           size_t vecs)
{
    const struct rows_job j = *job; /* ours: stores through y can't change it */
    const float *x = j.x, *d = j.d;
    float *y = j.y;
    const vm last = vm_first(j.last);
    const size_t channels = (vecs - 1) * VL + j.last;
    const size_t ahead = (ROWS_AHEAD + j.ld - 1) / j.ld * j.ld; /* whole rows */
    vf p[ROWS_PARAMS][ROWS_VECS], s[ROWS_SUMS][ROWS_VECS];

    KERNELS_UNROLL
    for (size_t v = 0; v < vecs; v++) {
        KERNELS_UNROLL
        for (size_t i = 0; i < ROWS_PARAMS; i++)
            p[i][v] = j.param[i] ? rows_load(j.param[i], v, vecs, last) : vf_zero();
        KERNELS_UNROLL
        for (size_t i = 0; i < ROWS_SUMS; i++)
            s[i][v] = vf_zero();
    }
    for (size_t r = 0; r < j.rows; r++, x += j.ld, d = d ? d + j.ld : d, y = y ? y + j.ld : y) {
        rows_fetch(x, ahead, vecs);
        if (kind != ROWS_VALUE && kind != ROWS_MOMENTS)
            rows_fetch(d, ahead, vecs);
        KERNELS_UNROLL
        for (size_t v = 0; v < vecs; v++) {
            vf xv = rows_load(x, v, vecs, last), dv = vf_zero(), z, c;

            if (kind != ROWS_VALUE && kind != ROWS_MOMENTS)
                dv = rows_load(d, v, vecs, last);
            c = vf_sub(xv, p[3][v]);
            z = vf_fma(xv, p[0][v], p[1][v]);
            if (kind == ROWS_MOMENTS) {
                s[0][v] = vf_add(s[0][v], c);
                s[1][v] = vf_fma(c, c, s[1][v]);
            } else if (kind == ROWS_BLEND) {
                z = vf_fma(dv, p[0][v], vf_fma(xv, p[1][v], p[3][v]));
                rows_store(y, v, vecs, last, z);
            } else if (kind == ROWS_MASK) {
                if (act == TRAIN_PRELU)
                    s[2][v] = vf_add(s[2][v], vf_if_negative(z, vf_mul(dv, z), vf_zero()));
                dv = rows_masked(act, z, p[2][v], dv);
                if (act != TRAIN_LINEAR)
                    rows_store(y, v, vecs, last, dv);
                s[0][v] = vf_add(s[0][v], dv);
                s[1][v] = vf_fma(dv, c, s[1][v]);
            } else {
                z = rows_act(act, z, p[2][v]);
                rows_store(y, v, vecs, last, kind == ROWS_VALUE ? z : vf_add(z, dv));
            }
        }
    }
    if (kind != ROWS_MOMENTS && kind != ROWS_MASK)
        return;
    rows_flush(j.sum[0], s[0], vecs, channels);
    rows_flush(j.sum[1], s[1], vecs, channels);
    if (kind == ROWS_MASK && act == TRAIN_PRELU)
        rows_flush(j.sum[2], s[2], vecs, channels);
}

VEC_INLINE void rows_block_any(const struct rows_job *j, enum rows_kind kind, train_act act,
                               size_t vecs)
{
    switch (vecs) {
    case 1:
        rows_block(j, kind, act, 1);
        break;
    case 2:
        rows_block(j, kind, act, 2);
        break;
    case 3:
        rows_block(j, kind, act, 3);
        break;
    default:
        rows_block(j, kind, act, 4);
        break;
    }
}

typedef void rows_fn(const struct rows_job *j, size_t vecs);

#define ROWS_DEFINE(name, kind, act)                                                               \
  VEC_TARGET static void name(const struct rows_job *j, size_t vecs)                               \
  {                                                                                                \
    rows_block_any(j, kind, act, vecs);                                                            \
  }
#define ROWS_DEFINE_ACTS(name, kind)                                                               \
  ROWS_DEFINE(name##_linear, kind, TRAIN_LINEAR)                                                   \
  ROWS_DEFINE(name##_relu, kind, TRAIN_RELU)                                                       \
  ROWS_DEFINE(name##_prelu, kind, TRAIN_PRELU)                                                     \
  ROWS_DEFINE(name##_hard_swish, kind, TRAIN_HARD_SWISH)                                           \
  static rows_fn *const name##_of[TRAIN_ACTS] = {                                                  \
      [TRAIN_LINEAR] = name##_linear,                                                              \
      [TRAIN_RELU] = name##_relu,                                                                  \
      [TRAIN_PRELU] = name##_prelu,                                                                \
      [TRAIN_HARD_SWISH] = name##_hard_swish,                                                      \
  };

/* clang-format off: it takes the calls for one long expression */
ROWS_DEFINE_ACTS(rows_value, ROWS_VALUE)
ROWS_DEFINE_ACTS(rows_value_add, ROWS_VALUE_ADD)
ROWS_DEFINE_ACTS(rows_mask, ROWS_MASK)
ROWS_DEFINE(rows_moments, ROWS_MOMENTS, TRAIN_LINEAR)
ROWS_DEFINE(rows_blend, ROWS_BLEND, TRAIN_LINEAR)
/* clang-format on */

/* All blocks of channels of rows of width floats. */
static void rows_wide(rows_fn *fn, struct rows_job j, size_t width)
{
    j.ld = width;
    for (size_t c = 0; c < width; c += ROWS_WIDTH) {
        size_t n = width - c < ROWS_WIDTH ? width - c : ROWS_WIDTH, vecs = (n + VL - 1) / VL;
        struct rows_job part = j;

        part.last = n - (vecs - 1) * VL;
        part.x += c;
        part.d = j.d ? j.d + c : NULL;
        part.y = j.y ? j.y + c : NULL;
        for (size_t i = 0; i < ROWS_PARAMS; i++)
            part.param[i] = j.param[i] ? j.param[i] + c : NULL;
        for (size_t i = 0; i < ROWS_SUMS; i++)
            part.sum[i] = j.sum[i] ? j.sum[i] + c : NULL;
        fn(&part, vecs);
    }
}

/* fold rows as one: parameters are repeated, sums come together again. */
static void rows_folded(rows_fn *fn, const struct rows_job *job, size_t c, size_t fold)
{
    float param[ROWS_PARAMS][ROWS_WIDTH];
    double sum[ROWS_SUMS][ROWS_WIDTH] = {{0}};
    struct rows_job j = *job;

    for (size_t i = 0; i < ROWS_PARAMS; i++) {
        for (size_t k = 0; job->param[i] && k < fold; k++)
            memcpy(&param[i][k * c], job->param[i], c * sizeof(float));
        j.param[i] = job->param[i] ? param[i] : NULL;
    }
    for (size_t i = 0; i < ROWS_SUMS; i++)
        j.sum[i] = job->sum[i] ? sum[i] : NULL;
    j.rows = job->rows / fold;
    rows_wide(fn, j, fold * c);
    for (size_t i = 0; i < ROWS_SUMS; i++)
        for (size_t k = 0; job->sum[i] && k < fold; k++)
            for (size_t n = 0; n < c; n++)
                job->sum[i][n] += sum[i][k * c + n];
}

static void rows_run(rows_fn *fn, const train_rows *r)
{
    struct rows_job j = {.rows = r->rows,
                         .x = r->x,
                         .d = r->d,
                         .y = r->y,
                         .param = {r->scale, r->shift, r->slope, r->center},
                         .sum = {r->sum[0], r->sum[1], r->sum[2]}};
    size_t fold = ROWS_WIDTH / r->c, done = 0;

    if (fold > 1 && r->rows >= fold) {
        rows_folded(fn, &j, r->c, fold);
        done = r->rows / fold * fold;
    }
    j.rows -= done;
    if (!j.rows)
        return;
    j.x += done * r->c;
    j.d = j.d ? j.d + done * r->c : NULL;
    j.y = j.y ? j.y + done * r->c : NULL;
    rows_wide(fn, j, r->c);
}

static void value_run(const train_rows *r)
{
    rows_run((r->d ? rows_value_add_of : rows_value_of)[r->act], r);
}

static void moments_run(const train_rows *r)
{
    rows_run(rows_moments, r);
}

static void mask_run(const train_rows *r)
{
    rows_run(rows_mask_of[r->act], r);
}

static void blend_run(const train_rows *r)
{
    rows_run(rows_blend, r);
}

VEC_TARGET static void add_run(float *y, const float *x, size_t n)
{
    size_t i = 0;

    for (; i + VL <= n; i += VL)
        vf_store(y + i, vf_add(vf_load(y + i), vf_load(x + i)));
    if (i < n) {
        vm m = vm_first(n - i);

        vf_store_m(y + i, m, vf_add(vf_load_m(y + i, m), vf_load_m(x + i, m)));
    }
}

static void fetch_run(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 16)
        __builtin_prefetch(x + i);
}
