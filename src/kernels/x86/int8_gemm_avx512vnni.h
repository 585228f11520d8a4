/*
 * The int8 matrix product in AVX-512 VNNI: tiles of sums that stay in registers until they are
 * bytes. Included once.
 *
 * B lies in panels of 4, 2 or 1 vectors of 16 columns, the widest first; in a panel, 4 rows of a
 * run (filled up with zeros) at a time, 4 bytes for each column: what vpdpbusd multiplies with 4
 * bytes of A that are broadcast.
 *
 * Making bytes of sums keeps other units of the core busy than multiplying does, but with a
 * residual it takes so long that the core does not look far enough ahead to begin the next tile
 * meanwhile. So such tiles leave their sums, and the next one finishes them between its own steps.
 */
#include "kernels/x86/int8_post_avx512.h"

/* Else both compilers turn the addresses of a tile's rows into one long chain of additions. */
#define GEMM_HIDE(p) __asm__("" : "+r"(p))

/* Else gcc 12 stores the sums in every step, for what follows them (850 against 370 GOP/s). */
#define GEMM_KEEP(v) __asm__("" : "+v"(v))

enum {
    GEMM_VECS = 4,
    GEMM_ROWS = 12, /* of the tallest tile */
    GEMM_SUMS = 24, /* vectors of sums in the largest tiles */
    GEMM_QUADS = GEMM_SUMS / INT8_QUAD,
    GEMM_SPLIT = 4, /* a small tile sums so many parts of k apart: vpdpbusd takes 4 cycles */
    GEMM_FOUR = 4   /* rows of B in one step */
};

/* What tiles do: a constant wherever it is inlined. */
enum gemm_kind {
    GEMM_PLAIN, /* bytes; all of the panel's columns exist; int8_is_small() */
    GEMM_ADD,   /* the same with a residual */
    GEMM_ANY,   /* whatever the fields and numbers are: the panel's columns may not all exist */
    GEMM_KINDS
};

/* Tiles of one height, below each other in one panel. */
struct gemm_tiles {
    const uint8_t *a;
    const int8_t *b;
    uint8_t *c;
    float *f; /* where c is NULL */
    size_t a_row, c_row;
    size_t runs, steps; /* runs of so many steps of 4 */
    ptrdiff_t jump;     /* bytes from behind a run's last step to the next run */
    size_t count, cols; /* cols: that exist */
    const int32_t *bias;
    const float *scale;
    const uint8_t *residual;
    size_t residual_row;
    const struct int8_finish *finish; /* read by each tile: as registers it would displace sums */
};

INT8_INLINE __m512i gemm_broadcast(const uint8_t *a)
{
    int32_t four;

    memcpy(&four, a, sizeof four);
    return _mm512_set1_epi32(four);
}

INT8_INLINE __m512i gemm_load(const struct gemm_tiles *t, const void *p, size_t v,
                              enum gemm_kind kind)
{
    const int32_t *q = (const int32_t *)p + v * INT8_LANES;

    if (kind != GEMM_ANY)
        return _mm512_loadu_si512(q);
    return t->cols <= v * INT8_LANES
               ? _mm512_setzero_si512()
               : int8_load_lanes_m(int8_first_lanes(t->cols - v * INT8_LANES), q);
}

/* 16 bytes of the residual, column j of row i on, as they are added. */
INT8_INLINE __m512i gemm_residual(const struct gemm_tiles *t, const uint8_t *r, size_t i, size_t v,
                                  enum gemm_kind kind)
{
    const uint8_t *p = r + i * t->residual_row + v * INT8_LANES;
    const __m512i magic = _mm512_set1_epi32(INT8_MAGIC_BITS);

    if (kind != GEMM_ANY)
        return _mm512_or_si512(
            magic, _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p)));
    return t->cols <= v * INT8_LANES
               ? magic
               : _mm512_or_si512(magic, _mm512_cvtepu8_epi32(int8_load_16_m(
                                            int8_first_lanes(t->cols - v * INT8_LANES), p)));
}

/* The rows of a quad: vecs * 16 bytes each, one after the other. */
INT8_INLINE void gemm_store(const struct gemm_tiles *t, uint8_t *c, __m512i x, size_t vecs,
                            size_t rows, enum gemm_kind kind)
{
    static const int32_t order[INT8_LANES] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};

    x = _mm512_permutexvar_epi32(_mm512_loadu_si512(order), x);
    KERNELS_UNROLL
    for (size_t i = 0; i < rows; i++, c += t->c_row) {
        if (kind == GEMM_ANY)
            int8_store_m(c, int8_first_bytes(t->cols), x);
        else if (vecs == 4)
            _mm512_storeu_si512(c, x);
        else if (vecs == 2)
            _mm256_storeu_si256((__m256i *)(void *)c, _mm512_castsi512_si256(x));
        else
            _mm_storeu_si128((__m128i *)(void *)c, _mm512_castsi512_si128(x));
        if (vecs == 2)
            x = _mm512_shuffle_i64x2(x, x, 0xee);
        else if (vecs == 1)
            x = _mm512_shuffle_i64x2(x, x, 0x39);
    }
}

/* The quad of rows i to i + 4 / vecs, those of them that exist; c, residual: at the first row. */
INT8_INLINE void gemm_finish_quad(const struct gemm_tiles *t, const __m512i sum[INT8_QUAD],
                                  uint8_t *c, const uint8_t *residual, size_t rows, size_t vecs,
                                  enum gemm_kind kind)
{
    const bool small = kind != GEMM_ANY;
    struct int8_scales s;
    __m512i r[INT8_QUAD], x;

    KERNELS_UNROLL
    for (size_t q = 0; q < INT8_QUAD; q++)
        s.v[q] = _mm512_castsi512_ps(gemm_load(t, t->scale, q % vecs, kind));
    if (kind == GEMM_ADD || (kind == GEMM_ANY && residual)) {
        KERNELS_UNROLL
        for (size_t q = 0; q < INT8_QUAD; q++)
            r[q] = q / vecs < rows ? gemm_residual(t, residual, q / vecs, q % vecs, kind)
                                   : _mm512_setzero_si512();
        x = (small ? int8_finish_small_add : int8_finish_quad_add)(t->finish, sum, &s, r);
    } else {
        x = (small ? int8_finish_small : int8_finish_quad)(t->finish, sum, &s);
    }
    gemm_store(t, c, x, vecs, rows, kind);
}

/* A tile's sums that wait to become bytes, quad by quad. */
struct gemm_late {
    __m512i sum[GEMM_SUMS]; /* [rows][vecs] */
    const __m512i *next;    /* quad; so c and residual */
    uint8_t *c;
    const uint8_t *residual;
    size_t quads; /* left */
};

INT8_INLINE void gemm_finish_late(const struct gemm_tiles *t, struct gemm_late *l, size_t vecs)
{
    const size_t rows = GEMM_VECS / vecs;

    gemm_finish_quad(t, l->next, l->c, l->residual, rows, vecs, GEMM_ADD);
    l->next += INT8_QUAD;
    l->c += rows * t->c_row;
    l->residual += rows * t->residual_row;
    l->quads--;
}

/* The sums of a tile as floats. Rare (a net's last layer), so not inlined: sums: [rows][vecs]. */
INT8_TARGET static __attribute__((noinline)) void
gemm_floats(const struct gemm_tiles *t, const __m512i *sums, float *f, size_t rows, size_t vecs)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < vecs && v * INT8_LANES < t->cols; v++) {
            __m512 scale = _mm512_castsi512_ps(gemm_load(t, t->scale, v, GEMM_ANY));
            float out[INT8_LANES];
            size_t left = t->cols - v * INT8_LANES;

            _mm512_storeu_ps(out, int8_scaled(sums[i * vecs + v], scale));
            memcpy(f + i * t->c_row + v * INT8_LANES, out,
                   (left < INT8_LANES ? left : INT8_LANES) * sizeof *f);
        }
}

/* Where a tile reads: the rows of A by fours, and B. */
struct gemm_at {
    const uint8_t *a, *a4, *a8;
    const int8_t *b;
};

INT8_INLINE void gemm_step(struct gemm_at *at, size_t a_row, __m512i acc[][GEMM_VECS], size_t rows,
                           size_t vecs)
{
    __m512i bv[GEMM_VECS];

    KERNELS_UNROLL
    for (size_t v = 0; v < vecs; v++)
        bv[v] = _mm512_loadu_si512(at->b + v * INT8_BYTES);
    KERNELS_UNROLL
    for (size_t i = 0; i < rows; i++) {
        __m512i ai = gemm_broadcast((i < 4 ? at->a : i < 8 ? at->a4 : at->a8) + i % 4 * a_row);

        KERNELS_UNROLL
        for (size_t v = 0; v < vecs; v++)
            acc[i][v] = _mm512_dpbusd_epi32(acc[i][v], ai, bv[v]);
    }
    at->a += GEMM_FOUR;
    at->a4 += GEMM_FOUR;
    at->a8 += GEMM_FOUR;
    at->b += vecs * INT8_BYTES;
}

/* Inlined with constant rows and vecs: the accumulators are registers. late, or NULL: what is
 * finished on the way. */
INT8_INLINE void gemm_sum(const struct gemm_tiles *t, const uint8_t *a, __m512i acc[][GEMM_VECS],
                          size_t rows, size_t vecs, struct gemm_late *late)
{
    const size_t a_row = t->a_row, runs = t->runs, steps = t->steps;
    const ptrdiff_t jump = t->jump;
    const size_t apart = runs * steps / GEMM_QUADS; /* steps from quad to quad, at most */
    const size_t mask = apart >= 4 ? 3 : apart >= 2 ? 1 : 0;
    size_t quads = late ? late->quads : 0;
    struct gemm_at at = {a, a + (rows > 4 ? 4 * a_row : 0), a + (rows > 8 ? 8 * a_row : 0), t->b};

    GEMM_HIDE(at.a4);
    GEMM_HIDE(at.a8);
    for (size_t run = runs; run; run--) {
        for (size_t s = steps; s; s--) {
            gemm_step(&at, a_row, acc, rows, vecs);
            if (late && quads && !(s & mask)) {
                gemm_finish_late(t, late, vecs);
                quads--;
            }
        }
        at.a += jump;
        at.a4 += jump;
        at.a8 += jump;
    }
}

/* The same for a tile whose sums are too few to hide how long each takes: in parts. */
INT8_INLINE void gemm_sum_split(const struct gemm_tiles *t, const uint8_t *a,
                                __m512i acc[][GEMM_VECS], size_t rows, size_t vecs)
{
    __m512i part[GEMM_SPLIT][2][GEMM_VECS];
    const int8_t *b = t->b;

    KERNELS_UNROLL
    for (size_t p = 0; p < GEMM_SPLIT; p++) {
        KERNELS_UNROLL
        for (size_t i = 0; i < rows; i++) {
            KERNELS_UNROLL
            for (size_t v = 0; v < vecs; v++)
                part[p][i][v] = p ? _mm512_setzero_si512() : acc[i][v];
        }
    }
    for (size_t run = t->runs; run; run--) {
        size_t s = t->steps;

        for (; s >= GEMM_SPLIT; s -= GEMM_SPLIT) {
            KERNELS_UNROLL
            for (size_t p = 0; p < GEMM_SPLIT; p++) {
                KERNELS_UNROLL
                for (size_t i = 0; i < rows; i++) {
                    __m512i ai = gemm_broadcast(a + i * t->a_row + p * GEMM_FOUR);

                    KERNELS_UNROLL
                    for (size_t v = 0; v < vecs; v++)
                        part[p][i][v] = _mm512_dpbusd_epi32(
                            part[p][i][v], ai, _mm512_loadu_si512(b + (p * vecs + v) * INT8_BYTES));
                }
            }
            a += (size_t)GEMM_SPLIT * GEMM_FOUR;
            b += GEMM_SPLIT * vecs * INT8_BYTES;
        }
        for (; s; s--, a += GEMM_FOUR, b += vecs * INT8_BYTES) {
            KERNELS_UNROLL
            for (size_t i = 0; i < rows; i++) {
                __m512i ai = gemm_broadcast(a + i * t->a_row);

                KERNELS_UNROLL
                for (size_t v = 0; v < vecs; v++)
                    part[0][i][v] = _mm512_dpbusd_epi32(part[0][i][v], ai,
                                                        _mm512_loadu_si512(b + v * INT8_BYTES));
            }
        }
        a += t->jump;
    }
    KERNELS_UNROLL
    for (size_t i = 0; i < rows; i++) {
        KERNELS_UNROLL
        for (size_t v = 0; v < vecs; v++)
            acc[i][v] = _mm512_add_epi32(_mm512_add_epi32(part[0][i][v], part[1][i][v]),
                                         _mm512_add_epi32(part[2][i][v], part[3][i][v]));
    }
}

INT8_INLINE void gemm_start(__m512i acc[][GEMM_VECS], const __m512i bias[GEMM_VECS], size_t rows,
                            size_t vecs)
{
    KERNELS_UNROLL
    for (size_t i = 0; i < rows; i++) {
        KERNELS_UNROLL
        for (size_t v = 0; v < vecs; v++)
            acc[i][v] = bias[v];
    }
}

/* Tiles that finish each other; see the top of this file. */
INT8_INLINE void gemm_tiles_late(const struct gemm_tiles *t, size_t rows, size_t vecs)
{
    const uint8_t *a = t->a, *residual = t->residual;
    uint8_t *c = t->c;
    struct gemm_late late; /* as a whole never set: its sums are many */
    __m512i bias[GEMM_VECS];

    late.quads = 0;
    KERNELS_UNROLL
    for (size_t v = 0; v < vecs; v++)
        bias[v] = gemm_load(t, t->bias, v, GEMM_ADD);
    for (size_t n = 0; n < t->count; n++) {
        __m512i acc[GEMM_ROWS][GEMM_VECS];

        gemm_start(acc, bias, rows, vecs);
        gemm_sum(t, a, acc, rows, vecs, &late);
        while (late.quads)
            gemm_finish_late(t, &late, vecs);
        KERNELS_UNROLL
        for (size_t i = 0; i < rows; i++) {
            KERNELS_UNROLL
            for (size_t v = 0; v < vecs; v++) {
                GEMM_KEEP(acc[i][v]);
                late.sum[i * vecs + v] = acc[i][v];
            }
        }
        late.c = c;
        late.residual = residual;
        late.next = late.sum;
        late.quads = GEMM_QUADS;
        a += rows * t->a_row;
        c += rows * t->c_row;
        residual += rows * t->residual_row;
    }
    while (late.quads)
        gemm_finish_late(t, &late, vecs);
}

INT8_INLINE void gemm_tiles_run(const struct gemm_tiles *t, size_t rows, size_t vecs,
                                enum gemm_kind kind)
{
    const uint8_t *a = t->a, *residual = t->residual;
    uint8_t *c = t->c;
    __m512i bias[GEMM_VECS];

    KERNELS_UNROLL
    for (size_t v = 0; v < vecs; v++)
        bias[v] = gemm_load(t, t->bias, v, kind);
    for (size_t n = 0; n < t->count; n++) {
        const size_t high = GEMM_VECS / vecs; /* rows of a quad */
        __m512i acc[GEMM_ROWS][GEMM_VECS];

        gemm_start(acc, bias, rows, vecs);
        if (rows <= 2)
            gemm_sum_split(t, a, acc, rows, vecs);
        else
            gemm_sum(t, a, acc, rows, vecs, NULL);
        KERNELS_UNROLL
        for (size_t i = 0; i < rows; i++) {
            KERNELS_UNROLL
            for (size_t v = 0; v < vecs; v++)
                GEMM_KEEP(acc[i][v]);
        }
        a += rows * t->a_row;
        if (kind == GEMM_ANY && t->f) {
            __m512i sums[GEMM_ROWS * GEMM_VECS];

            KERNELS_UNROLL
            for (size_t i = 0; i < rows; i++) {
                KERNELS_UNROLL
                for (size_t v = 0; v < vecs; v++)
                    sums[i * vecs + v] = acc[i][v];
            }
            gemm_floats(t, sums, t->f + n * rows * t->c_row, rows, vecs);
            continue;
        }
        KERNELS_UNROLL
        for (size_t i = 0; i < rows; i += high) {
            size_t here = high < rows - i ? high : rows - i;
            __m512i sum[INT8_QUAD];

            KERNELS_UNROLL
            for (size_t q = 0; q < INT8_QUAD; q++)
                sum[q] = q / vecs < here ? acc[i + q / vecs][q % vecs] : _mm512_setzero_si512();
            gemm_finish_quad(t, sum, c + i * t->c_row,
                             residual ? residual + i * t->residual_row : NULL, here, vecs, kind);
        }
        c += rows * t->c_row;
        if (kind == GEMM_ADD || (kind == GEMM_ANY && residual))
            residual += rows * t->residual_row;
    }
}

typedef void gemm_tiles_fn(const struct gemm_tiles *t);

#define GEMM_NAME(rows, vecs, kind) gemm_s8_##rows##x##vecs##v_##kind##_avx512vnni
#define GEMM_DEFINE_KIND(rows, vecs, kind)                                                         \
  INT8_TARGET static void GEMM_NAME(rows, vecs, kind)(const struct gemm_tiles *t)                  \
  {                                                                                                \
    if ((rows) * (vecs) == GEMM_SUMS && (kind) == GEMM_ADD)                                        \
      gemm_tiles_late(t, rows, vecs);                                                              \
    else                                                                                           \
      gemm_tiles_run(t, rows, vecs, kind);                                                         \
  }
/* clang-format off */
#define GEMM_DEFINE(rows, vecs)                                                                    \
    GEMM_DEFINE_KIND(rows, vecs, GEMM_PLAIN)                                                       \
    GEMM_DEFINE_KIND(rows, vecs, GEMM_ADD)                                                         \
    GEMM_DEFINE_KIND(rows, vecs, GEMM_ANY)
#define GEMM_HEIGHT(rows, vecs)                                                                    \
    {                                                                                              \
        rows, {GEMM_NAME(rows, vecs, GEMM_PLAIN), GEMM_NAME(rows, vecs, GEMM_ADD),                 \
               GEMM_NAME(rows, vecs, GEMM_ANY)}                                                    \
    }

GEMM_DEFINE(12, 1)
GEMM_DEFINE(4, 1)
GEMM_DEFINE(2, 1)
GEMM_DEFINE(1, 1)
GEMM_DEFINE(12, 2)
GEMM_DEFINE(4, 2)
GEMM_DEFINE(2, 2)
GEMM_DEFINE(1, 2)
GEMM_DEFINE(6, 4)
GEMM_DEFINE(3, 4)
GEMM_DEFINE(1, 4)

/* The tiles of each width, from the tallest to one row. */
struct gemm_height {
    size_t rows;
    gemm_tiles_fn *run[GEMM_KINDS];
};

enum { GEMM_HEIGHTS = 4 };

static const struct gemm_height gemm_heights[GEMM_VECS + 1][GEMM_HEIGHTS] = {
    [1] = {GEMM_HEIGHT(12, 1), GEMM_HEIGHT(4, 1), GEMM_HEIGHT(2, 1), GEMM_HEIGHT(1, 1)},
    [2] = {GEMM_HEIGHT(12, 2), GEMM_HEIGHT(4, 2), GEMM_HEIGHT(2, 2), GEMM_HEIGHT(1, 2)},
    [4] = {GEMM_HEIGHT(6, 4), GEMM_HEIGHT(3, 4), GEMM_HEIGHT(1, 4)},
};
/* clang-format on */

/* Vectors of the panel that begins with so many left. */
static size_t gemm_panel_vecs(size_t left)
{
    return left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

static size_t gemm_vectors(size_t n)
{
    return (n + INT8_LANES - 1) / INT8_LANES;
}

/* Steps of 4 rows in a run. */
static size_t gemm_steps(size_t run)
{
    return (run + GEMM_FOUR - 1) / GEMM_FOUR;
}

static size_t gemm_packed_size(size_t k, size_t n, size_t run)
{
    return k / run * gemm_steps(run) * gemm_vectors(n) * INT8_BYTES;
}

static void gemm_pack(void *packed, const int8_t *b, size_t b_row, size_t b_col, size_t k, size_t n,
                      size_t run)
{
    size_t vectors = gemm_vectors(n), steps = gemm_steps(run);
    int8_t *to = packed;

    for (size_t v = 0, vecs; v < vectors; v += vecs) {
        size_t first = v * INT8_LANES;

        vecs = gemm_panel_vecs(vectors - v);
        for (size_t s = 0; s < k / run * steps; s++)
            for (size_t j = first; j < first + vecs * INT8_LANES; j++)
                for (size_t q = s % steps * GEMM_FOUR; q < (s % steps + 1) * GEMM_FOUR; q++)
                    *to++ = j < n && q < run ? b[(s / steps * run + q) * b_row + j * b_col] : 0;
    }
}

/* One panel against all rows of A. */
INT8_TARGET static void gemm_panel(const int8_gemm *g, struct gemm_tiles *t, size_t vecs,
                                   enum gemm_kind kind)
{
    const struct gemm_height *h = gemm_heights[vecs];

    for (size_t i = 0; i < g->m; h++) {
        t->count = (g->m - i) / h->rows;
        if (!t->count)
            continue;
        t->a = g->a + i * g->a_row;
        t->c = g->c ? g->c + i * g->c_row + (size_t)(t->bias - g->post->bias) : NULL;
        t->f = g->c ? NULL : g->f + i * g->c_row + (size_t)(t->bias - g->post->bias);
        if (g->c && g->post->add.residual)
            t->residual =
                g->post->add.residual + i * t->residual_row + (size_t)(t->bias - g->post->bias);
        h->run[kind](t);
        i += t->count * h->rows;
    }
}

INT8_TARGET static void gemm_run(const int8_gemm *g)
{
    size_t vectors = gemm_vectors(g->n), steps = gemm_steps(g->a_run), runs = g->k / g->a_run;
    struct int8_finish finish = int8_finish_of(g->post);
    struct gemm_tiles t = {.b = g->b,
                           .a_row = g->a_row,
                           .c_row = g->c_row,
                           .runs = runs,
                           .steps = steps,
                           .jump = (ptrdiff_t)g->a_next - (ptrdiff_t)(steps * GEMM_FOUR),
                           .residual_row = g->post->add.residual_ld,
                           .finish = &finish};

    for (size_t v = 0, vecs; v < vectors; v += vecs) {
        vecs = gemm_panel_vecs(vectors - v);
        t.bias = g->post->bias + v * INT8_LANES;
        t.scale = g->post->scale + v * INT8_LANES;
        t.cols = g->n - v * INT8_LANES;
        if (t.cols > vecs * INT8_LANES)
            t.cols = vecs * INT8_LANES;
        gemm_panel(g, &t, vecs,
                   !g->c || t.cols < vecs * INT8_LANES ||
                           !int8_is_small(g->post, v * INT8_LANES, t.cols, g->k)
                       ? GEMM_ANY
                   : g->post->add.residual ? GEMM_ADD
                                           : GEMM_PLAIN);
        t.b += runs * steps * vecs * INT8_BYTES;
    }
}
