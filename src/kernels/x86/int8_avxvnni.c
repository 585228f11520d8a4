/*
 * The int8 kernels in AVX2 with AVX-VNNI: vpdpbusd on 256 bits, for CPUs without AVX-512 (Alder
 * Lake and later ones of Intel's). Only products differ from AVX2's.
 */
#include "kernels/int8_sets.h"

#if KERNELS_AVXVNNI

#  include "kernels/x86/int8_post_avx2.h"

#  define INT8_TARGET __attribute__((target("avx2,avxvnni"), no_sanitize("undefined")))
#  define VNNI_INLINE static inline __attribute__((always_inline)) INT8_TARGET

enum {
    ROWS = 6, /* of the tallest tile */
    STEP_BYTES = COLS * FOUR
};

/* --- gemm: B lies in panels of 16 columns, four rows of a run at a time, filled up with zeros ---
 */

static size_t gemm_packed_size(size_t k, size_t n, size_t run)
{
    return k / run * gemm_steps(run) * gemm_panels(n) * STEP_BYTES;
}

static void gemm_pack(void *packed, const int8_t *b, size_t b_row, size_t b_col, size_t k, size_t n,
                      size_t run)
{
    size_t steps = gemm_steps(run);
    int8_t *to = packed;

    for (size_t panel = 0; panel < gemm_panels(n); panel++)
        for (size_t s = 0; s < k / run * steps; s++)
            for (size_t i = 0; i < COLS; i++)
                for (size_t q = s % steps * FOUR; q < (s % steps + 1) * FOUR; q++) {
                    size_t j = panel * COLS + column_at(i);

                    *to++ = j < n && q < run ? b[(s / steps * run + q) * b_row + j * b_col] : 0;
                }
}

/* Else gcc keeps the sums in memory. */
#  define GEMM_KEEP(v) __asm__("" : "+x"(v))

/* 16 columns of some rows. */
struct tile {
    const int8_gemm *g;
    const struct finish *f;
    const int8_t *b;
    size_t row, j, n; /* n of 16 columns exist */
    size_t runs, steps;
    struct sixteen bias, scale;
};

INT8_INLINE void gemm_finish(const struct tile *t, struct sixteen sum, size_t row)
{
    const int8_gemm *g = t->g;
    const int8_add *add = &g->post->add;

    if (g->c) {
        const uint8_t *r = add->residual ? add->residual + row * add->residual_ld + t->j : NULL;

        if (t->n == COLS)
            finish_16(t->f, sum, t->scale, r, g->c + row * g->c_row + t->j, COLS);
        else
            finish_16(t->f, sum, t->scale, r, g->c + row * g->c_row + t->j, t->n);
    } else {
        struct sixteen x = reorder(_mm256_castps_si256(scaled(sum.a, t->scale.a)),
                                   _mm256_castps_si256(scaled(sum.b, t->scale.b)));
        float out[COLS];

        _mm256_storeu_si256((__m256i *)(void *)out, x.a);
        _mm256_storeu_si256((__m256i *)(void *)(out + LANES), x.b);
        memcpy(g->f + row * g->c_row + t->j, out, t->n * sizeof *out);
    }
}

/* Inlined with a constant number of rows. */
VNNI_INLINE void gemm_tile(const struct tile *t, size_t rows)
{
    const size_t a_row = t->g->a_row, a_next = t->g->a_next;
    const uint8_t *run = t->g->a + t->row * a_row;
    const int8_t *b = t->b;
    __m256i acc[ROWS][2];

    KERNELS_UNROLL
    for (size_t i = 0; i < rows; i++) {
        acc[i][0] = t->bias.a;
        acc[i][1] = t->bias.b;
    }
    for (size_t r = t->runs; r; r--, run += a_next) {
        const uint8_t *a = run, *a3 = run + (rows > 3 ? 3 * a_row : 0);

        for (size_t s = t->steps; s; s--, a += FOUR, a3 += FOUR, b += STEP_BYTES) {
            __m256i b0 = load_256(b), b1 = load_256(b + STEP_BYTES / 2);

            KERNELS_UNROLL
            for (size_t i = 0; i < rows; i++) {
                int32_t four;
                __m256i ai;

                memcpy(&four, (i < 3 ? a : a3) + i % 3 * a_row, sizeof four);
                ai = _mm256_set1_epi32(four);
                acc[i][0] = _mm256_dpbusd_avx_epi32(acc[i][0], ai, b0);
                acc[i][1] = _mm256_dpbusd_avx_epi32(acc[i][1], ai, b1);
            }
        }
    }
    KERNELS_UNROLL
    for (size_t i = 0; i < rows; i++) {
        GEMM_KEEP(acc[i][0]);
        GEMM_KEEP(acc[i][1]);
    }
    KERNELS_UNROLL
    for (size_t i = 0; i < rows; i++)
        gemm_finish(t, (struct sixteen){acc[i][0], acc[i][1]}, t->row + i);
}

typedef void gemm_tile_fn(const struct tile *t);

#  define GEMM_DEFINE(rows)                                                                        \
    INT8_TARGET static void gemm_s8_##rows##x2v_avxvnni(const struct tile *t)                      \
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
    [1] = gemm_s8_1x2v_avxvnni, [2] = gemm_s8_2x2v_avxvnni, [3] = gemm_s8_3x2v_avxvnni,
    [4] = gemm_s8_4x2v_avxvnni, [5] = gemm_s8_5x2v_avxvnni, [6] = gemm_s8_6x2v_avxvnni,
};

INT8_TARGET static void gemm_run(const int8_gemm *g)
{
    struct finish f = finish_of(g->post);
    struct tile t = {
        .g = g, .f = &f, .b = g->b, .runs = g->k / g->a_run, .steps = gemm_steps(g->a_run)};

    for (; t.j < g->n; t.j += COLS) {
        t.n = g->n - t.j < COLS ? g->n - t.j : COLS;
        t.bias = load_16_words(g->post->bias + t.j, t.n);
        t.scale = load_16_words(g->post->scale + t.j, t.n);
        for (t.row = 0; t.row < g->m; t.row += ROWS)
            gemm_tiles[g->m - t.row < ROWS ? g->m - t.row : ROWS](&t);
        t.b += t.runs * t.steps * STEP_BYTES;
    }
}

enum { ROOF_SUMS = 12 };

INT8_TARGET static uint64_t roof(size_t rounds)
{
    __m256i sum[ROOF_SUMS], a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(-5);
    __m256i all = _mm256_setzero_si256();
    int32_t keep[LANES];

    KERNELS_UNROLL
    for (size_t i = 0; i < ROOF_SUMS; i++)
        sum[i] = _mm256_set1_epi32((int)i);
    for (size_t r = 0; r < rounds; r++) {
        KERNELS_UNROLL
        for (size_t i = 0; i < ROOF_SUMS; i++)
            sum[i] = _mm256_dpbusd_avx_epi32(sum[i], a, b);
    }
    KERNELS_UNROLL
    for (size_t i = 0; i < ROOF_SUMS; i++)
        all = _mm256_add_epi32(all, sum[i]);
    _mm256_storeu_si256((__m256i *)(void *)keep, all);
    __asm__ volatile("" : : "r"(keep) : "memory"); /* or all of it is dropped */
    return (uint64_t)rounds * ROOF_SUMS * LANES * FOUR;
}

const int8_kernels int8_kernels_avxvnni = {
    .name = "avxvnni",
    .gemm_mr = ROWS,
    .gemm_packed_size = gemm_packed_size,
    .gemm_pack = gemm_pack,
    .gemm = gemm_run,
    .dwconv_packed_size = int8_dwconv_packed_size_avx2,
    .dwconv_pack = int8_dwconv_pack_avx2,
    .dwconv = int8_dwconv_avx2,
    .quantise = int8_quantise_avx2,
    .interleave3 = int8_interleave3_scalar,
    .roof = roof,
};

#else
typedef int int8_avxvnni_nothing_here; /* a file of C must declare something */
#endif
