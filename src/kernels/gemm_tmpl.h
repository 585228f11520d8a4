/*
 * Matrix product over the vector vocabulary: tiles that stay in registers, the packing that they
 * read, and the blocking around them. Included once by each instruction set, which has defined
 *   GEMM_ISA        the last word of the tiles' names
 *   GEMM_VECS       vectors in the widest tile, 2 or 4
 *   GEMM_ROWS_1 ... rows of the tile that is 1, 2, ... GEMM_VECS vectors wide
 *
 * B lies in panels of 1 to GEMM_VECS vectors, as even as n allows, k rows each, the last column
 * filled up with zeros: so the panel of column j (a multiple of VL) starts at k * j.
 *
 * The sum of an element runs through k in order, in blocks whose size depends on k alone: its
 * bits depend neither on m and n, nor on where in the matrix it lies, nor on the width of VL.
 */
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/sets.h"

/* Else both compilers turn the addresses of a tile's rows into one long chain of additions. */
#define GEMM_HIDE(p) __asm__("" : "+r"(p))

enum {
    GEMM_ROWS_MAX = GEMM_ROWS_1,
    GEMM_FOURS = (GEMM_ROWS_MAX + 3) / 4,
    GEMM_BLOCK_M = 56,  /* rows of A that stay in L1 while the panels pass by */
    GEMM_BLOCK_K = 256, /* a panel of so many rows fits in L1 or close to it */
    GEMM_BLOCK_N = 512, /* columns of B that stay in L2 while the rows pass by */
    GEMM_ADDS = 2       /* what C held, residual */
};

/* Something laid out as C that is added to the sum. */
struct gemm_addend {
    const float *p;
    size_t row;
};

/* One tile's work: [rows][k] of A times [k][vecs * VL] of B. */
struct gemm_tile {
    const float *a, *b;
    float *c;
    size_t a_row, a_col, c_row, k;
    size_t first_run, run; /* columns of A until it jumps, at first and then */
    size_t jump;           /* floats from behind a run to the next */
    bool full;             /* all columns of the last vector exist: a plain store is faster */
    vm last;               /* those that exist */
    struct gemm_addend add[GEMM_ADDS];
    size_t adds;
    const float *bias, *slope; /* NULL: none */
    float lo, hi;
    bool clamp_below, clamp_above;
};

/* Vector v of a row of n floats. */
VEC_INLINE vf gemm_load(const struct gemm_tile *t, const float *p, size_t v, size_t vecs)
{
    return v + 1 < vecs ? vf_load(p + v * VL) : vf_load_m(p + v * VL, t->last);
}

VEC_INLINE void gemm_tile_finish(const struct gemm_tile *t, vf acc[][GEMM_VECS], size_t rows,
                                 size_t vecs)
{
    for (size_t s = 0; s < t->adds; s++) {
        const float *p = t->add[s].p;

        KERNELS_UNROLL
        for (size_t i = 0; i < rows; i++, p += t->add[s].row) {
            KERNELS_UNROLL
            for (size_t v = 0; v < vecs; v++)
                acc[i][v] = vf_add(acc[i][v], gemm_load(t, p, v, vecs));
        }
    }
    if (t->clamp_below) {
        vf lo = vf_set1(t->lo);

        KERNELS_UNROLL
        for (size_t i = 0; i < rows; i++) {
            KERNELS_UNROLL
            for (size_t v = 0; v < vecs; v++)
                acc[i][v] = vf_max(lo, acc[i][v]);
        }
    }
    if (t->clamp_above) {
        vf hi = vf_set1(t->hi);

        KERNELS_UNROLL
        for (size_t i = 0; i < rows; i++) {
            KERNELS_UNROLL
            for (size_t v = 0; v < vecs; v++)
                acc[i][v] = vf_min(hi, acc[i][v]);
        }
    }
    if (t->slope) {
        KERNELS_UNROLL
        for (size_t v = 0; v < vecs; v++) {
            vf slope = gemm_load(t, t->slope, v, vecs);

            KERNELS_UNROLL
            for (size_t i = 0; i < rows; i++)
                acc[i][v] = vf_if_negative(acc[i][v], vf_mul(acc[i][v], slope), acc[i][v]);
        }
    }
}

/* Inlined with constant rows and vecs: the accumulators are rows * vecs registers. */
VEC_INLINE void gemm_tile_run(const struct gemm_tile *t, size_t rows, size_t vecs)
{
    vf acc[GEMM_ROWS_MAX][GEMM_VECS];
    const float *a = t->a, *b = t->b;
    const size_t a_row = t->a_row, a_col = t->a_col, c_row = t->c_row, jump = t->jump;
    const float *fours[GEMM_FOURS]; /* every fourth row of A */
    float *c = t->c;

    KERNELS_UNROLL
    for (size_t j = 0; 4 * j < rows; j++) {
        fours[j] = a + 4 * j * a_row;
        GEMM_HIDE(fours[j]);
    }
    KERNELS_UNROLL
    for (size_t v = 0; v < vecs; v++) {
        vf start = vf_zero();

        if (t->bias)
            start = gemm_load(t, t->bias, v, vecs);
        KERNELS_UNROLL
        for (size_t i = 0; i < rows; i++)
            acc[i][v] = start;
    }
    for (size_t left = t->k, run = t->first_run; left;) {
        size_t p = run < left ? run : left;

        left -= p;
        for (; p; p--, b += vecs * VL) {
            vf bv[GEMM_VECS];

            KERNELS_UNROLL
            for (size_t v = 0; v < vecs; v++)
                bv[v] = vf_load(b + v * VL);
            KERNELS_UNROLL
            for (size_t i = 0; i < rows; i++) {
                vf ai = vf_set1(fours[i / 4][i % 4 * a_row]);

                KERNELS_UNROLL
                for (size_t v = 0; v < vecs; v++)
                    acc[i][v] = vf_fma(ai, bv[v], acc[i][v]);
            }
            KERNELS_UNROLL
            for (size_t j = 0; 4 * j < rows; j++)
                fours[j] += a_col;
        }
        KERNELS_UNROLL
        for (size_t j = 0; 4 * j < rows; j++)
            fours[j] += jump;
        run = t->run;
    }
    gemm_tile_finish(t, acc, rows, vecs);
    KERNELS_UNROLL
    for (size_t i = 0; i < rows; i++) {
        KERNELS_UNROLL
        for (size_t v = 0; v + 1 < vecs; v++)
            vf_store(c + i * c_row + v * VL, acc[i][v]);
    }
    c += (vecs - 1) * VL;
    if (t->full) {
        KERNELS_UNROLL
        for (size_t i = 0; i < rows; i++)
            vf_store(c + i * c_row, acc[i][vecs - 1]);
    } else {
        KERNELS_UNROLL
        for (size_t i = 0; i < rows; i++)
            vf_store_m(c + i * c_row, t->last, acc[i][vecs - 1]);
    }
}

typedef void gemm_tile_fn(const struct gemm_tile *t);

/* clang-format takes the calls for one long expression. */
/* clang-format off */

/* One function for each height and width, as their accumulators need constant numbers. */
#define GEMM_PASTE(rows, vecs, isa)  gemm_f32_##rows##x##vecs##v_##isa
#define GEMM_EXPAND(rows, vecs, isa) GEMM_PASTE(rows, vecs, isa)
#define GEMM_NAME(rows, vecs)        GEMM_EXPAND(rows, vecs, GEMM_ISA)
#define GEMM_DEFINE(rows, vecs)                                                                    \
    VEC_TARGET static void GEMM_NAME(rows, vecs)(const struct gemm_tile *t)                        \
    {                                                                                              \
        gemm_tile_run(t, rows, vecs);                                                              \
    }

#define GEMM_DEFINE_5(v)                                                                           \
    GEMM_DEFINE(1, v) GEMM_DEFINE(2, v) GEMM_DEFINE(3, v) GEMM_DEFINE(4, v) GEMM_DEFINE(5, v)
#define GEMM_DEFINE_6(v) GEMM_DEFINE_5(v) GEMM_DEFINE(6, v)
#define GEMM_DEFINE_8(v) GEMM_DEFINE_6(v) GEMM_DEFINE(7, v) GEMM_DEFINE(8, v)
#define GEMM_DEFINE_12(v)                                                                          \
    GEMM_DEFINE_8(v)                                                                               \
    GEMM_DEFINE(9, v) GEMM_DEFINE(10, v) GEMM_DEFINE(11, v) GEMM_DEFINE(12, v)
#define GEMM_DEFINE_14(v) GEMM_DEFINE_12(v) GEMM_DEFINE(13, v) GEMM_DEFINE(14, v)
#define GEMM_DEFINE_28(v)                                                                          \
    GEMM_DEFINE_14(v)                                                                              \
    GEMM_DEFINE(15, v) GEMM_DEFINE(16, v) GEMM_DEFINE(17, v) GEMM_DEFINE(18, v)                    \
    GEMM_DEFINE(19, v) GEMM_DEFINE(20, v) GEMM_DEFINE(21, v) GEMM_DEFINE(22, v)                    \
    GEMM_DEFINE(23, v) GEMM_DEFINE(24, v) GEMM_DEFINE(25, v) GEMM_DEFINE(26, v)                    \
    GEMM_DEFINE(27, v) GEMM_DEFINE(28, v)

#define GEMM_LIST_5(v)                                                                             \
    GEMM_NAME(1, v), GEMM_NAME(2, v), GEMM_NAME(3, v), GEMM_NAME(4, v), GEMM_NAME(5, v)
#define GEMM_LIST_6(v) GEMM_LIST_5(v), GEMM_NAME(6, v)
#define GEMM_LIST_8(v) GEMM_LIST_6(v), GEMM_NAME(7, v), GEMM_NAME(8, v)
#define GEMM_LIST_12(v)                                                                            \
    GEMM_LIST_8(v), GEMM_NAME(9, v), GEMM_NAME(10, v), GEMM_NAME(11, v), GEMM_NAME(12, v)
#define GEMM_LIST_14(v) GEMM_LIST_12(v), GEMM_NAME(13, v), GEMM_NAME(14, v)
#define GEMM_LIST_28(v)                                                                            \
    GEMM_LIST_14(v), GEMM_NAME(15, v), GEMM_NAME(16, v), GEMM_NAME(17, v), GEMM_NAME(18, v),       \
        GEMM_NAME(19, v), GEMM_NAME(20, v), GEMM_NAME(21, v), GEMM_NAME(22, v), GEMM_NAME(23, v),  \
        GEMM_NAME(24, v), GEMM_NAME(25, v), GEMM_NAME(26, v), GEMM_NAME(27, v), GEMM_NAME(28, v)

#define GEMM_CALL2(what, rows, v) what##rows(v) /* rows is expanded first */
#define GEMM_CALL(what, rows, v)  GEMM_CALL2(what, rows, v)

GEMM_CALL(GEMM_DEFINE_, GEMM_ROWS_1, 1)
GEMM_CALL(GEMM_DEFINE_, GEMM_ROWS_2, 2)
#if GEMM_VECS == 4
GEMM_CALL(GEMM_DEFINE_, GEMM_ROWS_3, 3)
GEMM_CALL(GEMM_DEFINE_, GEMM_ROWS_4, 4)
#endif

static gemm_tile_fn *const gemm_tiles[GEMM_VECS][GEMM_ROWS_MAX] = {
    {GEMM_CALL(GEMM_LIST_, GEMM_ROWS_1, 1)},
    {GEMM_CALL(GEMM_LIST_, GEMM_ROWS_2, 2)},
#if GEMM_VECS == 4
    {GEMM_CALL(GEMM_LIST_, GEMM_ROWS_3, 3)},
    {GEMM_CALL(GEMM_LIST_, GEMM_ROWS_4, 4)},
#endif
};

static const size_t gemm_rows[GEMM_VECS] = {
    GEMM_ROWS_1,
    GEMM_ROWS_2,
#if GEMM_VECS == 4
    GEMM_ROWS_3,
    GEMM_ROWS_4,
#endif
};
/* clang-format on */

/* Where part i begins when total is cut into parts that differ by one at most. */
static size_t gemm_cut(size_t total, size_t parts, size_t i)
{
    size_t rest = total % parts;

    return total / parts * i + (i < rest ? i : rest);
}

static size_t gemm_ceil_div(size_t a, size_t b)
{
    return a / b + (a % b != 0);
}

/* One product's B as panels. */
struct gemm_panels {
    size_t n, vecs, count;
};

static struct gemm_panels gemm_panels_of(size_t n)
{
    size_t vecs = gemm_ceil_div(n, VL);

    return (struct gemm_panels){n, vecs, gemm_ceil_div(vecs, GEMM_VECS)};
}

static size_t gemm_packed_size(size_t k, size_t n)
{
    return k * gemm_panels_of(n).vecs * VL;
}

static void gemm_pack(float *packed, const float *b, size_t b_row, size_t b_col, size_t k, size_t n)
{
    struct gemm_panels ps = gemm_panels_of(n);

    for (size_t i = 0; i < ps.count; i++) {
        size_t first = gemm_cut(ps.vecs, ps.count, i) * VL;
        size_t width = gemm_cut(ps.vecs, ps.count, i + 1) * VL - first;
        size_t real = first + width <= n ? width : n - first;

        for (size_t p = 0; p < k; p++, packed += width) {
            const float *row = b + p * b_row + first * b_col;

            if (b_col == 1)
                memcpy(packed, row, real * sizeof *packed);
            else
                for (size_t j = 0; j < real; j++)
                    packed[j] = row[j * b_col];
            memset(packed + real, 0, (width - real) * sizeof *packed);
        }
    }
}

/* One panel without filling. */
static bool gemm_packs_itself(size_t n)
{
    return n % VL == 0 && n / VL <= GEMM_VECS;
}

/* A part of the product: all that is the same for the tiles of one m, n, k block. */
struct gemm_block {
    const gemm_args *g;
    struct gemm_panels panels;
    size_t panel, panel_end, m, m_end, k, k_end;
};

/* What is added to the sums of this block, and what is applied to them. */
static void gemm_tile_post(struct gemm_tile *t, const struct gemm_block *b, size_t i, size_t j)
{
    const gemm_args *g = b->g;
    const kernel_post *post = g->post;

    t->adds = 0;
    if (g->accumulate || b->k)
        t->add[t->adds++] = (struct gemm_addend){g->c + i * g->c_row + j, g->c_row};
    /* with the first block, as the residual may be C, which later blocks have overwritten */
    t->bias = post && post->bias && !b->k ? post->bias + j : NULL;
    if (post && post->residual && !b->k)
        t->add[t->adds++] =
            (struct gemm_addend){post->residual + i * post->residual_ld + j, post->residual_ld};
    if (post && b->k_end == g->k) {
        t->lo = post->lo;
        t->hi = post->hi;
        t->clamp_below = post->lo != -INFINITY;
        t->clamp_above = post->hi != INFINITY;
        t->slope = post->slope ? post->slope + j : NULL;
    }
}

/* One panel against the rows of the block, in tiles that are as even as their number allows. */
VEC_TARGET static void gemm_panel(const struct gemm_block *b, size_t panel)
{
    const gemm_args *g = b->g;
    size_t v0 = gemm_cut(b->panels.vecs, b->panels.count, panel);
    size_t vecs = gemm_cut(b->panels.vecs, b->panels.count, panel + 1) - v0;
    size_t j = v0 * VL, last = g->n - (v0 + vecs - 1) * VL, rows = b->m_end - b->m;
    size_t tiles = gemm_ceil_div(rows, gemm_rows[vecs - 1]);
    size_t run = g->a_run ? g->a_run : g->k + 1, in_run = b->k % run;
    size_t first_a = b->k / run * g->a_next + in_run * g->a_col;
    struct gemm_tile t = {.a_row = g->a_row,
                          .a_col = g->a_col,
                          .first_run = run - in_run,
                          .run = run,
                          .jump = g->a_next - run * g->a_col,
                          .b = g->b + g->k * j + b->k * vecs * VL,
                          .c_row = g->c_row,
                          .k = b->k_end - b->k,
                          .full = last >= VL,
                          .last = vm_first(last < VL ? last : VL)};

    for (size_t tile = 0, i = b->m; tile < tiles; tile++) {
        size_t height = rows / tiles + (tile < rows % tiles);

        t.a = g->a + i * g->a_row + first_a;
        t.c = g->c + i * g->c_row + j;
        gemm_tile_post(&t, b, i, j);
        gemm_tiles[vecs - 1][height - 1](&t);
        i += height;
    }
}

/* Tall tiles of the first panel, which is among the widest. */
static size_t gemm_block_rows(const struct gemm_panels *p)
{
    size_t rows = gemm_rows[gemm_cut(p->vecs, p->count, 1) - 1];

    return GEMM_BLOCK_M / rows * rows;
}

static void gemm_run(const gemm_args *g)
{
    struct gemm_block b = {.g = g, .panels = gemm_panels_of(g->n)};
    size_t n_blocks = gemm_ceil_div(b.panels.count, GEMM_BLOCK_N / (GEMM_VECS * VL));
    size_t k_blocks = g->k ? gemm_ceil_div(g->k, GEMM_BLOCK_K) : 1;
    size_t block_m = gemm_block_rows(&b.panels);

    for (size_t n = 0; n < n_blocks; n++) {
        b.panel = gemm_cut(b.panels.count, n_blocks, n);
        b.panel_end = gemm_cut(b.panels.count, n_blocks, n + 1);
        for (size_t k = 0; k < k_blocks; k++) {
            b.k = gemm_cut(g->k, k_blocks, k);
            b.k_end = gemm_cut(g->k, k_blocks, k + 1);
            for (b.m = 0; b.m < g->m; b.m = b.m_end) {
                b.m_end = g->m - b.m < block_m ? g->m : b.m + block_m;
                for (size_t p = b.panel; p < b.panel_end; p++)
                    gemm_panel(&b, p);
            }
        }
    }
}
