/*
 * The int8 kernels in AVX2 without VNNI. Products must be exact, so bytes are widened to 16 bits
 * and multiplied in pairs: vpmaddubsw would saturate.
 */
#include "kernels/int8_sets.h"
#include "kernels/int8_taps.h"

#if KERNELS_X86

#  include "kernels/x86/int8_post_avx2.h"

#  define INT8_TARGET INT8_AVX2

enum {
    ROWS = 6,        /* of the tallest tile */
    STEPS_MAX = 256, /* steps of 4 k that are widened at a time: 12 KB of A */
};

/* --- gemm: B lies in panels of 16 columns, two rows of a run at a time, 16 bits each --- */

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
            for (size_t i = 0; i < COLS; i++)
                for (size_t half = 0; half < 2; half++) {
                    size_t j = panel * COLS + column_at(i);
                    size_t r = pair / (steps * 2), q = pair % (steps * 2) * 2 + half;

                    *to++ = j < n && q < run ? b[(r * run + q) * b_row + j * b_col] : 0;
                }
}

/* A tile's rows as 16 bits, k as B has it. */
struct wide {
    uint16_t a[ROWS][STEPS_MAX * FOUR + COLS]; /* rows in different sets of the cache */
};

/* Steps of one run, of which from a on so many bytes exist. */
INT8_INLINE void widen_run(uint16_t *to, const uint8_t *a, size_t steps, size_t bytes)
{
    for (; steps >= COLS / FOUR && bytes >= COLS; steps -= COLS / FOUR, bytes -= COLS) {
        _mm256_storeu_si256((__m256i *)(void *)to, _mm256_cvtepu8_epi16(_mm_loadu_si128(
                                                       (const __m128i *)(const void *)a)));
        a += COLS;
        to += COLS;
    }
    for (; steps; steps--, a += FOUR, to += FOUR) {
        int32_t four;

        memcpy(&four, a, sizeof four);
        _mm_storel_epi64((__m128i *)(void *)to, _mm_cvtepu8_epi16(_mm_cvtsi32_si128(four)));
    }
}

/* Steps first to first + count of some rows of A. */
INT8_TARGET static void widen(struct wide *w, const int8_gemm *g, size_t row, size_t rows,
                              size_t first, size_t count)
{
    size_t steps = gemm_steps(g->a_run), run = first / steps, in_run = first % steps;

    for (size_t done = 0, n; done < count; done += n, run++, in_run = 0) {
        const uint8_t *a = g->a + row * g->a_row + run * g->a_next + in_run * FOUR;

        n = steps - in_run < count - done ? steps - in_run : count - done;
        for (size_t i = 0; i < rows; i++, a += g->a_row)
            widen_run(w->a[i] + done * FOUR, a, n, g->a_run - in_run * FOUR);
    }
}

/* Else gcc keeps the sums in memory. */
#  define GEMM_KEEP(v) __asm__("" : "+x"(v))

/* A tile's columns. */
struct tile {
    const int8_gemm *g;
    const struct finish *f;
    const struct wide *w;
    const int16_t *b;
    size_t pairs; /* of k, from w and b on */
    size_t row, j;
    struct sixteen bias, scale;
    int32_t (*sums)[COLS]; /* where they are not finished at once, or did not begin here */
    bool first, finish;
};

/* Inlined with a constant number of rows. */
INT8_INLINE void gemm_tile(const struct tile *t, size_t rows)
{
    const struct wide *w = t->w;
    const int16_t *b = t->b;
    __m256i acc[ROWS][2];

    KERNELS_UNROLL
    for (size_t i = 0; i < rows; i++) {
        acc[i][0] = t->first ? t->bias.a : load_256(t->sums[i]);
        acc[i][1] = t->first ? t->bias.b : load_256(t->sums[i] + LANES);
    }
    for (size_t p = 0; p < t->pairs; p++, b += (size_t)2 * COLS) {
        __m256i b0 = load_256(b), b1 = load_256(b + COLS);

        KERNELS_UNROLL
        for (size_t i = 0; i < rows; i++) {
            int32_t two;
            __m256i a;

            memcpy(&two, &w->a[i][2 * p], sizeof two);
            a = _mm256_set1_epi32(two);
            acc[i][0] = _mm256_add_epi32(acc[i][0], _mm256_madd_epi16(a, b0));
            acc[i][1] = _mm256_add_epi32(acc[i][1], _mm256_madd_epi16(a, b1));
        }
    }
    KERNELS_UNROLL
    for (size_t i = 0; i < rows; i++) {
        GEMM_KEEP(acc[i][0]);
        GEMM_KEEP(acc[i][1]);
    }
    if (t->finish) {
        const uint8_t *residual = t->g->post->add.residual;
        uint8_t *c = t->g->c + t->row * t->g->c_row + t->j;
        size_t c_row = t->g->c_row, residual_row = t->g->post->add.residual_ld;

        if (residual)
            residual += t->row * residual_row + t->j;
        KERNELS_UNROLL
        for (size_t i = 0; i < rows; i++, c += c_row) {
            finish_16(t->f, (struct sixteen){acc[i][0], acc[i][1]}, t->scale, residual, c, COLS);
            residual = residual ? residual + residual_row : NULL;
        }
        return;
    }
    KERNELS_UNROLL
    for (size_t i = 0; i < rows; i++) {
        _mm256_storeu_si256((__m256i *)(void *)t->sums[i], acc[i][0]);
        _mm256_storeu_si256((__m256i *)(void *)(t->sums[i] + LANES), acc[i][1]);
    }
}

typedef void gemm_tile_fn(const struct tile *t);

#  define GEMM_DEFINE(rows)                                                                        \
    INT8_TARGET static void gemm_s8_##rows##x2v_avx2(const struct tile *t)                         \
    {                                                                                              \
      gemm_tile(t, rows);                                                                          \
    }
/* clang-format off */
GEMM_DEFINE(1)
GEMM_DEFINE(2)
GEMM_DEFINE(3)
GEMM_DEFINE(4)
GEMM_DEFINE(5)
GEMM_DEFINE(6)
/* clang-format on */

static gemm_tile_fn *const gemm_tiles[ROWS + 1] = {
    [1] = gemm_s8_1x2v_avx2, [2] = gemm_s8_2x2v_avx2, [3] = gemm_s8_3x2v_avx2,
    [4] = gemm_s8_4x2v_avx2, [5] = gemm_s8_5x2v_avx2, [6] = gemm_s8_6x2v_avx2,
};

/* The results of a tile whose sums are stored: n of 16 columns. */
INT8_TARGET static void gemm_finish(const struct tile *t, size_t rows, size_t n)
{
    const int8_gemm *g = t->g;
    const int8_add *add = &g->post->add;

    for (size_t i = 0; i < rows; i++) {
        struct sixteen sum = {load_256(t->sums[i]), load_256(t->sums[i] + LANES)};
        size_t row = t->row + i, at = row * g->c_row + t->j;

        if (g->c) {
            finish_16(t->f, sum, t->scale,
                      add->residual ? add->residual + row * add->residual_ld + t->j : NULL,
                      g->c + at, n);
        } else {
            struct sixteen x = reorder(_mm256_castps_si256(scaled(sum.a, t->scale.a)),
                                       _mm256_castps_si256(scaled(sum.b, t->scale.b)));
            float out[COLS];

            _mm256_storeu_si256((__m256i *)(void *)out, x.a);
            _mm256_storeu_si256((__m256i *)(void *)(out + LANES), x.b);
            memcpy(g->f + at, out, n * sizeof *out);
        }
    }
}

/* Rows of the product: one panel after the other. */
INT8_TARGET static void gemm_rows(const int8_gemm *g, const struct finish *f, size_t row,
                                  size_t rows)
{
    size_t all = g->k / g->a_run * gemm_steps(g->a_run);
    int32_t sums[ROWS][COLS];
    struct wide w;
    struct tile t = {.g = g, .f = f, .w = &w, .row = row, .sums = sums};

    if (all <= STEPS_MAX)
        widen(&w, g, row, rows, 0, all);
    for (; t.j < g->n; t.j += COLS) {
        size_t n = g->n - t.j < COLS ? g->n - t.j : COLS;

        t.bias = load_16_words(g->post->bias + t.j, n);
        t.scale = load_16_words(g->post->scale + t.j, n);
        for (size_t s = 0; s < all; s += STEPS_MAX) {
            size_t count = all - s < STEPS_MAX ? all - s : STEPS_MAX;

            if (all > STEPS_MAX)
                widen(&w, g, row, rows, s, count);
            t.b = (const int16_t *)g->b + (t.j * all + s * COLS) * FOUR;
            t.pairs = 2 * count;
            t.first = s == 0;
            t.finish = n == COLS && g->c && s + count == all;
            gemm_tiles[rows](&t);
        }
        if (!t.finish)
            gemm_finish(&t, rows, n);
    }
}

INT8_TARGET static void gemm_run(const int8_gemm *g)
{
    struct finish f = finish_of(g->post);

    for (size_t i = 0; i < g->m; i += ROWS)
        gemm_rows(g, &f, i, g->m - i < ROWS ? g->m - i : ROWS);
}

/* --- depthwise, any window: two taps at a time; weights as [c / 16][pairs of taps][2 vectors] of
 * 16 bits, behind the plain ones --- */

static size_t dw_plain_size(size_t kh, size_t kw, size_t c)
{
    return (kh * kw * c + 63) / 64 * 64;
}

static size_t dw_pairs(size_t kh, size_t kw)
{
    return (kh * kw + 1) / 2;
}

static size_t dw_any_size(size_t kh, size_t kw, size_t c)
{
    return gemm_panels(c) * dw_pairs(kh, kw) * 2 * COLS * sizeof(int16_t);
}

static void dw_pack_any(int16_t *to, const int8_t *w, size_t taps, size_t c)
{
    for (size_t block = 0; block < gemm_panels(c); block++)
        for (size_t pair = 0; pair < (taps + 1) / 2; pair++)
            for (size_t i = 0; i < COLS; i++)
                for (size_t t = 2 * pair; t < 2 * pair + 2; t++) {
                    size_t channel = block * COLS + column_at(i);

                    *to++ = channel < c && t < taps ? w[t * c + channel] : 0;
                }
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

    for (size_t p = 0; p < pairs; p++, w += (size_t)2 * COLS) {
        const uint8_t *even = t->p[2 * p] + (c & t->mask[2 * p]);
        const uint8_t *odd = t->p[2 * p + 1] + (c & t->mask[2 * p + 1]);
        __m256i x = _mm256_cvtepu8_epi16(load_16_bytes(even, n));
        __m256i y = _mm256_cvtepu8_epi16(load_16_bytes(odd, n));

        sum.a =
            _mm256_add_epi32(sum.a, _mm256_madd_epi16(_mm256_unpacklo_epi16(x, y), load_256(w)));
        sum.b = _mm256_add_epi32(
            sum.b, _mm256_madd_epi16(_mm256_unpackhi_epi16(x, y), load_256(w + COLS)));
    }
    finish_16(f, sum, load_16_words(d->post->scale + c, n),
              add->residual ? add->residual + pixel * add->residual_ld + c : NULL,
              d->out + pixel * d->out_ld + c, n);
}

/* All channels of one output. */
INT8_TARGET static void dw_pixel(const int8_dwconv *args, const struct finish *finish,
                                 const struct taps *t, size_t pixel)
{
    const int8_dwconv d = *args; /* ours: stores through out can't change them */
    const struct finish f = *finish;
    size_t c = 0;

    for (; c + COLS <= d.c; c += COLS)
        dw_output(&d, &f, t, pixel, c, COLS);
    if (c < d.c)
        dw_output(&d, &f, t, pixel, c, d.c - c);
}

INT8_TARGET static void dw_run_any(const int8_dwconv *d)
{
    struct finish f = finish_of(d->post);
    uint8_t beyond[COLS];
    struct taps t;

    for (size_t i = 0; i <= TAPS_MAX; i++) { /* all of them, for whoever can't count the window's */
        t.p[i] = beyond;
        t.mask[i] = 0;
    }
    memset(beyond, d->in_zero, sizeof beyond);
    for (size_t oy = 0; oy < d->out_h; oy++)
        for (size_t ox = 0; ox < d->out_w; ox++) {
            taps_of(&t, d, beyond, oy, ox);
            dw_pixel(d, &f, &t, oy * d->out_w + ox);
        }
}

/* --- depthwise, 3x3 at stride 1 or 2: 4 lines of the map at a time, in pairs; each column of them
 * serves up to 3 columns of outputs and, at stride 1, 2 lines --- */

enum { TAPS = 3, SHIFTS = 2, LINES = 4, STRIP = TAPS * SHIFTS * LINES * COLS };

/* Of 16 channels: lines 0 and 1 in two vectors, see struct sixteen; lines 2 and 3. */
struct column {
    __m256i v[LINES];
};

struct line {
    const uint8_t *p;
    ptrdiff_t step; /* from pixel to pixel; 0 beyond the map */
};

struct strip {
    const int8_dwconv *d;
    const struct finish *f;
    const uint8_t *beyond;
    const int16_t *weight; /* [TAPS][SHIFTS][LINES][COLS] */
    struct sixteen bias, scale;
    size_t c, n; /* channels c to c + n */
};

/* [c / 16] strips of weights: a column's w0 w1, w2 0, and 0 w0, w1 w2 for the line below. */
static void dw_pack_3x3(int16_t *to, const int8_t *w, size_t c)
{
    memset(to, 0, gemm_panels(c) * STRIP * sizeof *to);
    for (size_t block = 0; block < gemm_panels(c); block++, to += STRIP)
        for (size_t x = 0; x < TAPS; x++)
            for (size_t shift = 0; shift < SHIFTS; shift++)
                for (size_t y = 0; y < TAPS; y++)
                    for (size_t i = 0; i < COLS; i++) {
                        size_t line = y + shift, channel = block * COLS + column_at(i);
                        size_t at = (x * SHIFTS + shift) * LINES * COLS;

                        at += line / 2 * 2 * COLS + 2 * i + line % 2;
                        if (channel < c)
                            to[at] = (int16_t)w[(y * TAPS + x) * c + channel];
                    }
}

size_t int8_dwconv_packed_size_avx2(size_t kh, size_t kw, size_t c)
{
    size_t size = dw_plain_size(kh, kw, c) + dw_any_size(kh, kw, c);

    return kh == TAPS && kw == TAPS ? size + gemm_panels(c) * STRIP * sizeof(int16_t) : size;
}

void int8_dwconv_pack_avx2(void *packed, const int8_t *w, size_t kh, size_t kw, size_t c)
{
    char *to = packed;

    memcpy(to, w, kh * kw * c);
    to += dw_plain_size(kh, kw, c);
    dw_pack_any((int16_t *)(void *)to, w, kh * kw, c);
    if (kh == TAPS && kw == TAPS)
        dw_pack_3x3((int16_t *)(void *)(to + dw_any_size(kh, kw, c)), w, c);
}

INT8_INLINE struct column dw_column_at(const struct strip *s, const struct line line[LINES],
                                       ptrdiff_t x, size_t n)
{
    __m256i l[LINES];

    if (x < 0 || x >= (ptrdiff_t)s->d->in_w) {
        l[0] = _mm256_set1_epi16(s->d->in_zero);
        return (struct column){{l[0], l[0], l[0], l[0]}};
    }
    KERNELS_UNROLL
    for (size_t i = 0; i < LINES; i++)
        l[i] = _mm256_cvtepu8_epi16(load_16_bytes(line[i].p + x * line[i].step, n));
    return (struct column){{_mm256_unpacklo_epi16(l[0], l[1]), _mm256_unpackhi_epi16(l[0], l[1]),
                            _mm256_unpacklo_epi16(l[2], l[3]), _mm256_unpackhi_epi16(l[2], l[3])}};
}

INT8_INLINE void dw_add(struct sixteen *sum, const struct column *c, const int16_t *w)
{
    __m256i a = _mm256_madd_epi16(c->v[0], load_256(w));
    __m256i b = _mm256_madd_epi16(c->v[1], load_256(w + COLS));
    __m256i a2 = _mm256_madd_epi16(c->v[2], load_256(w + (size_t)2 * COLS));
    __m256i b2 = _mm256_madd_epi16(c->v[3], load_256(w + (size_t)3 * COLS));

    sum->a = _mm256_add_epi32(sum->a, _mm256_add_epi32(a, a2));
    sum->b = _mm256_add_epi32(sum->b, _mm256_add_epi32(b, b2));
}

/* An output of the line of that shift. */
INT8_INLINE void dw_3x3_output(const struct strip *s, const struct column c[TAPS], size_t shift,
                               size_t pixel, size_t n)
{
    const int8_add *add = &s->d->post->add;
    const int16_t *w = s->weight + shift * LINES * COLS;
    struct sixteen sum = s->bias;

    KERNELS_UNROLL
    for (size_t x = 0; x < TAPS; x++)
        dw_add(&sum, &c[x], w + x * SHIFTS * LINES * COLS);
    finish_16(s->f, sum, s->scale,
              add->residual ? add->residual + pixel * add->residual_ld + s->c : NULL,
              s->d->out + pixel * s->d->out_ld + s->c, n);
}

INT8_INLINE void dw_lines(const struct strip *s, ptrdiff_t y, struct line line[LINES])
{
    const int8_dwconv *d = s->d;

    for (ptrdiff_t i = 0; i < LINES; i++)
        if (y + i >= 0 && y + i < (ptrdiff_t)d->in_h)
            line[i] = (struct line){d->in + (size_t)(y + i) * d->in_w * d->in_ld + s->c,
                                    (ptrdiff_t)d->in_ld};
        else
            line[i] = (struct line){s->beyond, 0};
}

/* Lines of outputs oy and, at stride 1, oy + 1. */
INT8_INLINE void dw_3x3_row(const struct strip *s, size_t oy, size_t stride, size_t n)
{
    const int8_dwconv *d = s->d;
    const size_t out_w = d->out_w, out_h = d->out_h;
    struct line line[LINES];
    struct column c[TAPS];
    size_t pixel = oy * out_w;
    ptrdiff_t x = -(ptrdiff_t)d->pad_left;

    dw_lines(s, (ptrdiff_t)(oy * stride) - (ptrdiff_t)d->pad_top, line);
    if (stride == 2)
        line[3] = line[2]; /* it meets weights of 0, and may lie behind the map */
    c[0] = dw_column_at(s, line, x, n);
    if (stride == 1)
        c[1] = dw_column_at(s, line, x + 1, n);
    for (size_t ox = 0; ox < out_w; ox++, x += (ptrdiff_t)stride, pixel++) {
        if (stride == 2)
            c[1] = dw_column_at(s, line, x + 1, n);
        c[2] = dw_column_at(s, line, x + 2, n);
        dw_3x3_output(s, c, 0, pixel, n);
        if (stride == 1 && oy + 1 < out_h)
            dw_3x3_output(s, c, 1, pixel + out_w, n);
        c[0] = c[stride];
        c[1] = c[2];
    }
}

INT8_TARGET static void dw_strip_stride1(const struct strip *strip)
{
    const struct strip s = *strip; /* ours: stores through out can't change it */

    for (size_t oy = 0; oy < s.d->out_h; oy += 2)
        if (s.n == COLS)
            dw_3x3_row(&s, oy, 1, COLS);
        else
            dw_3x3_row(&s, oy, 1, s.n);
}

INT8_TARGET static void dw_strip_stride2(const struct strip *strip)
{
    const struct strip s = *strip;

    for (size_t oy = 0; oy < s.d->out_h; oy++)
        if (s.n == COLS)
            dw_3x3_row(&s, oy, 2, COLS);
        else
            dw_3x3_row(&s, oy, 2, s.n);
}

INT8_TARGET static void dw_run_3x3(const int8_dwconv *args)
{
    const int8_dwconv d = *args;
    const struct finish f = finish_of(d.post);
    uint8_t beyond[COLS];
    struct strip s = {.d = &d, .f = &f, .beyond = beyond};

    memset(beyond, d.in_zero, sizeof beyond);
    s.weight =
        (const int16_t *)(const void *)((const char *)d.weight + dw_plain_size(TAPS, TAPS, d.c) +
                                        dw_any_size(TAPS, TAPS, d.c));
    for (; s.c < d.c; s.c += COLS, s.weight += STRIP) {
        s.n = d.c - s.c < COLS ? d.c - s.c : COLS;
        s.bias = load_16_words(d.post->bias + s.c, s.n);
        s.scale = load_16_words(d.post->scale + s.c, s.n);
        if (d.stride_h == 1)
            dw_strip_stride1(&s);
        else
            dw_strip_stride2(&s);
    }
}

void int8_dwconv_avx2(const int8_dwconv *d)
{
    if (d->kh == TAPS && d->kw == TAPS && d->stride_h == d->stride_w && d->stride_h <= 2)
        dw_run_3x3(d);
    else if (d->kh * d->kw <= TAPS_MAX)
        dw_run_any(d);
    else
        int8_kernels_scalar.dwconv(d);
}

INT8_TARGET void int8_quantise_avx2(const float *x, float inverse, int32_t zero, uint8_t *q,
                                    size_t n)
{
    __m256 scale = _mm256_set1_ps(inverse), hi = _mm256_set1_ps((float)(255 - zero));
    __m256i zeros = _mm256_set1_epi16((short)zero);
    size_t i = 0;

    for (; i + COLS <= n; i += COLS) {
        __m256i a = round_below(_mm256_mul_ps(_mm256_loadu_ps(x + i), scale), hi);
        __m256i b = round_below(_mm256_mul_ps(_mm256_loadu_ps(x + i + LANES), scale), hi);

        store_16_bytes(q + i, pack(reorder(a, b), zeros, _mm_setzero_si128()), COLS);
    }
    int8_kernels_scalar.quantise(x + i, inverse, zero, q + i, n - i);
}

const int8_kernels int8_kernels_avx2 = {
    .name = "avx2",
    .gemm_mr = ROWS,
    .gemm_packed_size = gemm_packed_size,
    .gemm_pack = gemm_pack,
    .gemm = gemm_run,
    .dwconv_packed_size = int8_dwconv_packed_size_avx2,
    .dwconv_pack = int8_dwconv_pack_avx2,
    .dwconv = int8_dwconv_avx2,
    .quantise = int8_quantise_avx2,
    .interleave3 = int8_interleave3_scalar,
};

#else
typedef int int8_avx2_nothing_here; /* a file of C must declare something */
#endif
