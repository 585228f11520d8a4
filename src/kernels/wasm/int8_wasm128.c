/*
 * The int8 kernels in WebAssembly's SIMD128. Products must be exact, so bytes are widened to 16
 * bits and multiplied in pairs (i32x4.dot_i16x8_s, one instruction on x86). Everything is made 16
 * columns or channels at a time, as four vectors of sums.
 */
#include "kernels/int8_sets.h"
#include "kernels/int8_taps.h"

#if KERNELS_WASM

#  include <string.h>
#  include <wasm_simd128.h>

#  define INT8_INLINE static inline __attribute__((always_inline))

enum {
    LANES = 4,
    VECS = 4,
    COLS = VECS * LANES,
    FOUR = 4,        /* k of A that are read at a time */
    ROWS = 3,        /* of the tallest tile: with B's vectors and a value of A, what x86 can hold */
    STEPS_MAX = 256, /* steps of 4 k that are widened at a time: 6 KB of A */
};

/* 16 sums, scales or other numbers of 32 bits. */
struct sixteen {
    v128_t v[VECS];
};

/*
 * Added to a float of less than 2^22, this leaves it as an integer, rounded to the nearest and ties
 * to even, in the lowest bits: cheaper than f32x4.nearest and a conversion that saturates.
 */
#  define MAGIC      12582912.0f /* 3 * 2^22 */
#  define MAGIC_BITS 0x4b400000

/* int8_post in vectors. */
struct finish {
    v128_t lo, hi; /* less the zero point */
    v128_t zero;   /* less MAGIC_BITS */
    bool add;
    v128_t own, other, add_lo, add_hi, zero_r, add_zero;
};

static struct finish finish_of(const int8_post *p)
{
    const int8_add *a = &p->add;

    return (struct finish){
        .lo = wasm_f32x4_splat((float)(p->lo - p->zero)),
        .hi = wasm_f32x4_splat((float)(p->hi - p->zero)),
        .zero = wasm_i32x4_splat(p->zero - MAGIC_BITS),
        .add = a->residual != NULL,
        .own = wasm_f32x4_splat(a->own),
        .other = wasm_f32x4_splat(a->other),
        .add_lo = wasm_f32x4_splat((float)(a->lo - a->zero)),
        .add_hi = wasm_f32x4_splat((float)(a->hi - a->zero)),
        .zero_r = wasm_i32x4_splat(a->zero_r),
        .add_zero = wasm_i32x4_splat(a->zero - MAGIC_BITS),
    };
}

/* n of 16 numbers of 32 bits. */
INT8_INLINE struct sixteen load_16_words(const void *p, size_t n)
{
    int32_t all[COLS] = {0};
    struct sixteen x;

    if (n < COLS) {
        memcpy(all, p, n * sizeof *all);
        p = all;
    }
    KERNELS_UNROLL
    for (size_t i = 0; i < VECS; i++)
        x.v[i] = wasm_v128_load((const int32_t *)p + i * LANES);
    return x;
}

INT8_INLINE void store_16_words(void *p, struct sixteen x)
{
    KERNELS_UNROLL
    for (size_t i = 0; i < VECS; i++)
        wasm_v128_store((int32_t *)p + i * LANES, x.v[i]);
}

/* n of 16 bytes. */
INT8_INLINE v128_t load_16_bytes(const uint8_t *p, size_t n)
{
    uint8_t all[COLS] = {0};

    if (n == COLS)
        return wasm_v128_load(p);
    if (n == COLS / 2)
        return wasm_v128_load64_zero(p);
    memcpy(all, p, n);
    return wasm_v128_load(all);
}

INT8_INLINE void store_16_bytes(uint8_t *p, v128_t x, size_t n)
{
    uint8_t all[COLS];

    if (n == COLS) {
        wasm_v128_store(p, x);
    } else if (n == COLS / 2) {
        wasm_v128_store64_lane(p, x, 0);
    } else {
        wasm_v128_store(all, x);
        memcpy(p, all, n);
    }
}

INT8_INLINE struct sixteen widen_16_bytes(v128_t x)
{
    v128_t lo = wasm_u16x8_extend_low_u8x16(x), hi = wasm_u16x8_extend_high_u8x16(x);

    return (struct sixteen){{wasm_u32x4_extend_low_u16x8(lo), wasm_u32x4_extend_high_u16x8(lo),
                             wasm_u32x4_extend_low_u16x8(hi), wasm_u32x4_extend_high_u16x8(hi)}};
}

/* Numbers of 0 to 255 to bytes. */
INT8_INLINE v128_t narrow_16(struct sixteen x)
{
    return wasm_u8x16_narrow_i16x8(wasm_i16x8_narrow_i32x4(x.v[0], x.v[1]),
                                   wasm_i16x8_narrow_i32x4(x.v[2], x.v[3]));
}

INT8_INLINE v128_t scaled(v128_t sum, v128_t scale)
{
    return wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sum), scale);
}

/* NaN becomes lo: pmax(x, y) is x < y ? y : x, pmin(x, y) is y < x ? y : x. */
INT8_INLINE v128_t clamped(v128_t x, v128_t lo, v128_t hi)
{
    return wasm_f32x4_pmin(hi, wasm_f32x4_pmax(lo, x));
}

/* The clamped number with its zero point. */
INT8_INLINE v128_t rounded(v128_t x, v128_t lo, v128_t hi, v128_t zero)
{
    return wasm_i32x4_add(wasm_f32x4_add(clamped(x, lo, hi), wasm_f32x4_splat(MAGIC)), zero);
}

INT8_INLINE v128_t add_residual(const struct finish *f, v128_t t, v128_t r)
{
    v128_t magic = wasm_f32x4_splat(MAGIC);
    v128_t q = wasm_f32x4_sub(wasm_f32x4_add(clamped(t, f->lo, f->hi), magic), magic);
    v128_t other = wasm_f32x4_convert_i32x4(wasm_i32x4_sub(r, f->zero_r));

    return wasm_f32x4_add(wasm_f32x4_mul(q, f->own), wasm_f32x4_mul(other, f->other));
}

/* n of 16 results of a row or pixel; residual: at the first of them, or NULL. */
INT8_INLINE void finish_16(const struct finish *f, struct sixteen sum, struct sixteen scale,
                           const uint8_t *residual, uint8_t *out, size_t n)
{
    struct sixteen q;

    if (residual) {
        struct sixteen r = widen_16_bytes(load_16_bytes(residual, n));

        KERNELS_UNROLL
        for (size_t i = 0; i < VECS; i++)
            q.v[i] = rounded(add_residual(f, scaled(sum.v[i], scale.v[i]), r.v[i]), f->add_lo,
                             f->add_hi, f->add_zero);
    } else {
        KERNELS_UNROLL
        for (size_t i = 0; i < VECS; i++)
            q.v[i] = rounded(scaled(sum.v[i], scale.v[i]), f->lo, f->hi, f->zero);
    }
    store_16_bytes(out, narrow_16(q), n);
}

/* --- gemm: B lies in panels of 16 columns, two rows of a run at a time, 16 bits each --- */

static size_t gemm_steps(size_t run)
{
    return (run + FOUR - 1) / FOUR;
}

static size_t gemm_panels(size_t n)
{
    return (n + COLS - 1) / COLS;
}

static size_t gemm_packed_size(size_t k, size_t n, size_t run)
{
    return k / run * gemm_steps(run) * FOUR * gemm_panels(n) * COLS * sizeof(int16_t);
}

static void gemm_pack(void *packed, const int8_t *b, size_t b_row, size_t b_col, size_t k, size_t n,
                      size_t run)
{
    size_t steps = gemm_steps(run);
    int16_t *to = packed;

    for (size_t panel = 0; panel < gemm_panels(n); panel++)
        for (size_t pair = 0; pair < k / run * steps * 2; pair++)
            for (size_t j = panel * COLS; j < (panel + 1) * COLS; j++)
                for (size_t half = 0; half < 2; half++) {
                    size_t r = pair / (steps * 2), q = pair % (steps * 2) * 2 + half;

                    *to++ = j < n && q < run ? b[(r * run + q) * b_row + j * b_col] : 0;
                }
}

/* A tile's rows as 16 bits, k as B has it. */
struct wide {
    uint16_t a[ROWS][STEPS_MAX * FOUR];
};

/* Steps first to first + count of one row of A, from its start on. */
static void widen_row(uint16_t *to, const int8_gemm *g, const uint8_t *row, size_t first,
                      size_t count)
{
    size_t steps = gemm_steps(g->a_run);

    for (size_t s = first; s < first + count;) {
        size_t in_run = s % steps, left = steps - in_run;
        const uint8_t *a = row + s / steps * g->a_next + in_run * FOUR;

        left = left < first + count - s ? left : first + count - s;
        s += left;
        for (; left >= 4; left -= 4, a += COLS, to += COLS) { /* to the next multiple of 4 only */
            v128_t x = wasm_v128_load(a);

            wasm_v128_store(to, wasm_u16x8_extend_low_u8x16(x));
            wasm_v128_store(to + COLS / 2, wasm_u16x8_extend_high_u8x16(x));
        }
        for (; left; left--, a += FOUR, to += FOUR)
            wasm_v128_store64_lane(to, wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(a)), 0);
    }
}

static void widen(struct wide *w, const int8_gemm *g, size_t row, size_t rows, size_t first,
                  size_t count)
{
    for (size_t i = 0; i < rows; i++)
        widen_row(w->a[i], g, g->a + (row + i) * g->a_row, first, count);
}

/* Adds to the sums, [rows] of 16; inlined with a constant number of rows. */
INT8_INLINE void gemm_tile(int32_t sums[][COLS], const struct wide *w, const int16_t *b,
                           size_t pairs, size_t rows)
{
    v128_t acc[ROWS][VECS];

    KERNELS_UNROLL
    for (size_t i = 0; i < rows; i++) {
        KERNELS_UNROLL
        for (size_t v = 0; v < VECS; v++)
            acc[i][v] = wasm_v128_load(sums[i] + v * LANES);
    }
    for (size_t p = 0; p < pairs; p++, b += 2 * COLS) {
        v128_t a[ROWS];

        KERNELS_UNROLL
        for (size_t i = 0; i < rows; i++)
            a[i] = wasm_v128_load32_splat(&w->a[i][2 * p]);
        KERNELS_UNROLL
        for (size_t v = 0; v < VECS; v++) {
            v128_t bv = wasm_v128_load(b + 2 * v * LANES);

            KERNELS_UNROLL
            for (size_t i = 0; i < rows; i++)
                acc[i][v] = wasm_i32x4_add(acc[i][v], wasm_i32x4_dot_i16x8(a[i], bv));
        }
    }
    KERNELS_UNROLL
    for (size_t i = 0; i < rows; i++) {
        KERNELS_UNROLL
        for (size_t v = 0; v < VECS; v++)
            wasm_v128_store(sums[i] + v * LANES, acc[i][v]);
    }
}

typedef void gemm_tile_fn(int32_t sums[][COLS], const struct wide *w, const int16_t *b,
                          size_t pairs);

#  define GEMM_DEFINE(rows)                                                                        \
    static void gemm_s8_##rows##x4v_wasm128(int32_t sums[][COLS], const struct wide *w,            \
                                            const int16_t *b, size_t pairs)                        \
    {                                                                                              \
      gemm_tile(sums, w, b, pairs, rows);                                                          \
    }
/* clang-format off */
GEMM_DEFINE(1)
GEMM_DEFINE(2)
GEMM_DEFINE(3)
/* clang-format on */

static gemm_tile_fn *const gemm_tiles[ROWS + 1] = {
    [1] = gemm_s8_1x4v_wasm128,
    [2] = gemm_s8_2x4v_wasm128,
    [3] = gemm_s8_3x4v_wasm128,
};

/* One tile's results: rows of the sums, columns j and on, n of 16. */
static void gemm_finish(const int8_gemm *g, const struct finish *f, int32_t sums[][COLS],
                        size_t row, size_t rows, size_t j, size_t n)
{
    struct sixteen scale = load_16_words(g->post->scale + j, n);
    const int8_add *add = &g->post->add;

    for (size_t i = 0; i < rows; i++) {
        struct sixteen sum = load_16_words(sums[i], COLS);
        size_t at = (row + i) * g->c_row + j;

        if (g->c) {
            finish_16(f, sum, scale,
                      f->add ? add->residual + (row + i) * add->residual_ld + j : NULL, g->c + at,
                      n);
        } else {
            float out[COLS];

            KERNELS_UNROLL
            for (size_t v = 0; v < VECS; v++)
                wasm_v128_store(out + v * LANES, scaled(sum.v[v], scale.v[v]));
            memcpy(g->f + at, out, n * sizeof *out);
        }
    }
}

/* Rows of the product: one panel after the other. */
static void gemm_rows(const int8_gemm *g, const struct finish *f, size_t row, size_t rows)
{
    size_t all = g->k / g->a_run * gemm_steps(g->a_run);
    int32_t sums[ROWS][COLS];
    struct wide w;

    if (all <= STEPS_MAX)
        widen(&w, g, row, rows, 0, all);
    for (size_t j = 0; j < g->n; j += COLS) {
        const int16_t *b = (const int16_t *)g->b + j * all * FOUR;
        size_t n = g->n - j < COLS ? g->n - j : COLS;
        struct sixteen bias = load_16_words(g->post->bias + j, n);

        for (size_t i = 0; i < rows; i++)
            store_16_words(sums[i], bias);
        for (size_t s = 0; s < all; s += STEPS_MAX) {
            size_t count = all - s < STEPS_MAX ? all - s : STEPS_MAX;

            if (all > STEPS_MAX)
                widen(&w, g, row, rows, s, count);
            gemm_tiles[rows](sums, &w, b + s * FOUR * COLS, 2 * count);
        }
        gemm_finish(g, f, sums, row, rows, j, n);
    }
}

static void gemm_run(const int8_gemm *g)
{
    struct finish f = finish_of(g->post);

    for (size_t i = 0; i < g->m; i += ROWS)
        gemm_rows(g, &f, i, g->m - i < ROWS ? g->m - i : ROWS);
}

/* --- depthwise: two taps at a time; weights as [c / 16][pairs of taps][16 channels][2] of 16 bits,
 * behind the plain ones --- */

static size_t dw_plain_size(size_t kh, size_t kw, size_t c)
{
    return (kh * kw * c + 63) / 64 * 64;
}

static size_t dw_pairs(size_t kh, size_t kw)
{
    return (kh * kw + 1) / 2;
}

static size_t dwconv_packed_size(size_t kh, size_t kw, size_t c)
{
    return dw_plain_size(kh, kw, c) +
           gemm_panels(c) * dw_pairs(kh, kw) * 2 * COLS * sizeof(int16_t);
}

static void dwconv_pack(void *packed, const int8_t *w, size_t kh, size_t kw, size_t c)
{
    int16_t *to = (int16_t *)(void *)((char *)packed + dw_plain_size(kh, kw, c));

    memcpy(packed, w, kh * kw * c);
    for (size_t block = 0; block < gemm_panels(c); block++)
        for (size_t pair = 0; pair < dw_pairs(kh, kw); pair++)
            for (size_t channel = block * COLS; channel < (block + 1) * COLS; channel++)
                for (size_t t = 2 * pair; t < 2 * pair + 2; t++)
                    *to++ = channel < c && t < kh * kw ? w[t * c + channel] : 0;
}

/* Adds the products of two taps: bytes of 16 channels each, w [16][2]. */
INT8_INLINE void dw_two_taps(struct sixteen *sum, v128_t x, v128_t y, const int16_t *w)
{
    v128_t lo = wasm_i8x16_shuffle(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    v128_t hi =
        wasm_i8x16_shuffle(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    v128_t pairs[VECS] = {wasm_u16x8_extend_low_u8x16(lo), wasm_u16x8_extend_high_u8x16(lo),
                          wasm_u16x8_extend_low_u8x16(hi), wasm_u16x8_extend_high_u8x16(hi)};

    KERNELS_UNROLL
    for (size_t v = 0; v < VECS; v++)
        sum->v[v] = wasm_i32x4_add(
            sum->v[v], wasm_i32x4_dot_i16x8(pairs[v], wasm_v128_load(w + 2 * v * LANES)));
}

/* n of 16 channels of one output, from c on. */
INT8_INLINE void dw_output(const int8_dwconv *d, const struct finish *f, const struct taps *t,
                           size_t pixel, size_t c, size_t n)
{
    size_t pairs = dw_pairs(d->kh, d->kw);
    const int16_t *w = (const int16_t *)(const void *)((const char *)d->weight +
                                                       dw_plain_size(d->kh, d->kw, d->c)) +
                       c * 2 * pairs;
    const int8_add *add = &d->post->add;
    struct sixteen sum = load_16_words(d->post->bias + c, n);

    for (size_t p = 0; p < pairs; p++, w += 2 * COLS) {
        const uint8_t *even = t->p[2 * p] + (c & t->mask[2 * p]);
        const uint8_t *odd = t->p[2 * p + 1] + (c & t->mask[2 * p + 1]);

        dw_two_taps(&sum, load_16_bytes(even, n), load_16_bytes(odd, n), w);
    }
    finish_16(f, sum, load_16_words(d->post->scale + c, n),
              f->add ? add->residual + pixel * add->residual_ld + c : NULL,
              d->out + pixel * d->out_ld + c, n);
}

/* All channels of one output. */
static void dw_pixel(const int8_dwconv *args, const struct finish *finish, const struct taps *t,
                     size_t pixel)
{
    const int8_dwconv d = *args; /* ours: stores through out can't change them */
    const struct finish f = *finish;
    size_t c = 0;

    for (; c + COLS <= d.c; c += COLS)
        dw_output(&d, &f, t, pixel, c, COLS);
    if (c < d.c)
        dw_output(&d, &f, t, pixel, c, d.c - c);
}

static void dwconv_run(const int8_dwconv *d)
{
    struct finish f = finish_of(d->post);
    uint8_t beyond[COLS];
    struct taps t;

    if (d->kh * d->kw > TAPS_MAX) {
        int8_kernels_scalar.dwconv(d);
        return;
    }
    memset(beyond, d->in_zero, sizeof beyond);
    for (size_t i = 0; i <= TAPS_MAX; i++) { /* all of them, for whoever can't count the window's */
        t.p[i] = beyond;
        t.mask[i] = 0;
    }
    for (size_t oy = 0; oy < d->out_h; oy++)
        for (size_t ox = 0; ox < d->out_w; ox++) {
            taps_of(&t, d, beyond, oy, ox);
            dw_pixel(d, &f, &t, oy * d->out_w + ox);
        }
}

static void quantise(const float *x, float inverse, int32_t zero, uint8_t *q, size_t n)
{
    v128_t scale = wasm_f32x4_splat(inverse), zeros = wasm_i32x4_splat(zero - MAGIC_BITS);
    v128_t lo = wasm_f32x4_splat((float)-zero), hi = wasm_f32x4_splat((float)(255 - zero));
    size_t i = 0;

    for (; i + COLS <= n; i += COLS) {
        struct sixteen all = load_16_words(x + i, COLS);

        KERNELS_UNROLL
        for (size_t v = 0; v < VECS; v++)
            all.v[v] = rounded(wasm_f32x4_mul(all.v[v], scale), lo, hi, zeros);
        wasm_v128_store(q + i, narrow_16(all));
    }
    int8_kernels_scalar.quantise(x + i, inverse, zero, q + i, n - i);
}

const int8_kernels int8_kernels_wasm128 = {
    .name = "wasm128",
    .gemm_mr = ROWS,
    .gemm_packed_size = gemm_packed_size,
    .gemm_pack = gemm_pack,
    .gemm = gemm_run,
    .dwconv_packed_size = dwconv_packed_size,
    .dwconv_pack = dwconv_pack,
    .dwconv = dwconv_run,
    .quantise = quantise,
    .interleave3 = int8_interleave3_scalar,
};

#else
typedef int int8_wasm128_nothing_here; /* a file of C must declare something */
#endif
