/*
 * The int8 matrix product in NEON, with dot product and without. Included once.
 *
 * B lies in panels of 16 columns, the last one of 8 if that is enough; in a panel, first 4 bytes
 * for each column, what is added to its sums, and then 4 rows of a run (filled up with zeros) at a
 * time: for SDOT 4 bytes of each column, which it multiplies with 4 bytes of A; without it row by
 * row, to be widened to 16 bits and multiplied with one of A.
 *
 * SDOT takes signed bytes only. So A's are multiplied less 128, and 128 times the sum of a column
 * is what is added.
 */
#include "kernels/arm/int8_post_neon.h"

enum {
    GEMM_ROWS = 4,     /* of the tallest tile */
    GEMM_COLS = 16,    /* of the widest */
    GEMM_VECS = 4,     /* its vectors of sums */
    GEMM_FOUR = 4,     /* rows of B in one step */
    GEMM_SIXTEEN = 16, /* bytes of a row of A in four steps */
    GEMM_SHIFT = 128   /* what SDOT's A lacks */
};

/* One panel's work. */
struct gemm_panel {
    size_t a_row;
    size_t runs, steps; /* runs of so many steps of 4 */
    ptrdiff_t jump;     /* bytes from behind a run's last step to the next run */
    const int8_t *b;    /* its first step */
    int32_t start[GEMM_COLS];
    float scale[GEMM_COLS];
    size_t first, cols, width; /* in B; cols of width exist */
};

/* --- sums --- */

/* The sums of a tile: [rows][width]. They pass through memory so that what follows them, which
 * needs all registers as well, is there once for all sizes of tiles. */
typedef void gemm_sum_fn(const struct gemm_panel *p, const uint8_t *a, int32_t *sums);

INT8_INLINE void gemm_start(const struct gemm_panel *p, int32x4_t acc[][GEMM_VECS], size_t rows,
                            size_t vecs)
{
    KERNELS_UNROLL
    for (size_t i = 0; i < rows; i++) {
        KERNELS_UNROLL
        for (size_t v = 0; v < vecs; v++)
            acc[i][v] = vld1q_s32(p->start + v * INT8_LANES);
    }
}

INT8_INLINE void gemm_end(int32x4_t acc[][GEMM_VECS], int32_t *sums, size_t rows, size_t vecs)
{
    KERNELS_UNROLL
    for (size_t i = 0; i < rows; i++) {
        KERNELS_UNROLL
        for (size_t v = 0; v < vecs; v++)
            vst1q_s32(sums + (i * vecs + v) * INT8_LANES, acc[i][v]);
    }
}

INT8_INLINE uint32_t gemm_four(const uint8_t *a)
{
    uint32_t four;

    memcpy(&four, a, sizeof four);
    return four;
}

/* Between the steps of an unrolled loop: else gcc 12 loads the B of all of them before it
 * multiplies, and keeps a part of the sums in memory. */
#define GEMM_FENCE __asm__ volatile("" ::: "memory")

/* A row of B times column `lane` of 4 of A: that is to be a constant, so no loop's variable. */
#define GEMM_WIDE_ROW(lane)                                                                        \
  GEMM_FENCE;                                                                                      \
  KERNELS_UNROLL                                                                                   \
  for (size_t v = 0; v < vecs; v += 2, b += INT8_EIGHT) {                                          \
    int16x8_t w = vmovl_s8(vld1_s8(b));                                                            \
                                                                                                   \
    KERNELS_UNROLL                                                                                 \
    for (size_t i = 0; i < rows; i++) {                                                            \
      acc[i][v] = vmlal_lane_s16(acc[i][v], vget_low_s16(w), x[i], lane);                          \
      acc[i][v + 1] = vmlal_high_lane_s16(acc[i][v + 1], w, x[i], lane);                           \
    }                                                                                              \
  }

/* Inlined with constant rows and vecs: the accumulators are registers. */
INT8_INLINE void gemm_sum_wide(const struct gemm_panel *p, const uint8_t *a, int32_t *sums,
                               size_t rows, size_t vecs)
{
    int32x4_t acc[GEMM_ROWS][GEMM_VECS];
    const size_t a_row = p->a_row, steps = p->steps;
    const int8_t *b = p->b;

    gemm_start(p, acc, rows, vecs);
    for (size_t run = p->runs; run; run--, a += p->jump)
        for (size_t s = steps; s; s--, a += GEMM_FOUR) {
            int16x4_t x[GEMM_ROWS];

            KERNELS_UNROLL
            for (size_t i = 0; i < rows; i++)
                x[i] = vget_low_s16(
                    vreinterpretq_s16_u16(vmovl_u8(vcreate_u8(gemm_four(a + i * a_row)))));
            GEMM_WIDE_ROW(0)
            GEMM_WIDE_ROW(1)
            GEMM_WIDE_ROW(2)
            GEMM_WIDE_ROW(3)
        }
    gemm_end(acc, sums, rows, vecs);
}

#define GEMM_DEFINE_WIDE(rows, vecs)                                                               \
  INT8_TARGET static void gemm_s8_##rows##x##vecs##v_neon(const struct gemm_panel *p,              \
                                                          const uint8_t *a, int32_t *sums)         \
  {                                                                                                \
    gemm_sum_wide(p, a, sums, rows, vecs);                                                         \
  }

GEMM_DEFINE_WIDE(1, 2)
GEMM_DEFINE_WIDE(2, 2)
GEMM_DEFINE_WIDE(3, 2)
GEMM_DEFINE_WIDE(4, 2)
GEMM_DEFINE_WIDE(1, 4)
GEMM_DEFINE_WIDE(2, 4)
GEMM_DEFINE_WIDE(3, 4)
GEMM_DEFINE_WIDE(4, 4)

/* By width (8, 16) and height. */
static gemm_sum_fn *const gemm_wide[2][GEMM_ROWS] = {
    {gemm_s8_1x2v_neon, gemm_s8_2x2v_neon, gemm_s8_3x2v_neon, gemm_s8_4x2v_neon},
    {gemm_s8_1x4v_neon, gemm_s8_2x4v_neon, gemm_s8_3x4v_neon, gemm_s8_4x4v_neon},
};

#if KERNELS_NEONDOT

INT8_DOT_INLINE int8x16_t gemm_signed(uint8x16_t a)
{
    return vreinterpretq_s8_u8(veorq_u8(a, vdupq_n_u8(GEMM_SHIFT)));
}

/* Step `lane` of four: a constant, so no loop's variable. */
#  define GEMM_DOT_STEP(lane)                                                                      \
    GEMM_FENCE;                                                                                    \
    KERNELS_UNROLL                                                                                 \
    for (size_t v = 0; v < vecs; v++, b += GEMM_FOUR * INT8_LANES) {                               \
      int8x16_t w = vld1q_s8(b);                                                                   \
                                                                                                   \
      KERNELS_UNROLL                                                                               \
      for (size_t i = 0; i < rows; i++)                                                            \
        acc[i][v] = vdotq_laneq_s32(acc[i][v], w, x[i], lane);                                     \
    }

INT8_DOT_INLINE void gemm_sum_dot(const struct gemm_panel *p, const uint8_t *a, int32_t *sums,
                                  size_t rows, size_t vecs)
{
    int32x4_t acc[GEMM_ROWS][GEMM_VECS];
    const size_t a_row = p->a_row, steps = p->steps;
    const int8_t *b = p->b;
    int8x16_t x[GEMM_ROWS];

    gemm_start(p, acc, rows, vecs);
    for (size_t run = p->runs; run; run--, a += p->jump) {
        size_t s = steps;

        for (; s >= GEMM_FOUR; s -= GEMM_FOUR, a += GEMM_SIXTEEN) {
            KERNELS_UNROLL
            for (size_t i = 0; i < rows; i++)
                x[i] = gemm_signed(vld1q_u8(a + i * a_row));
            GEMM_DOT_STEP(0)
            GEMM_DOT_STEP(1)
            GEMM_DOT_STEP(2)
            GEMM_DOT_STEP(3)
        }
        for (; s; s--, a += GEMM_FOUR) {
            KERNELS_UNROLL
            for (size_t i = 0; i < rows; i++)
                x[i] = gemm_signed(vreinterpretq_u8_u32(vdupq_n_u32(gemm_four(a + i * a_row))));
            GEMM_DOT_STEP(0)
        }
    }
    gemm_end(acc, sums, rows, vecs);
}

#  define GEMM_DEFINE_DOT(rows, vecs)                                                              \
    INT8_DOT_TARGET static void gemm_s8_##rows##x##vecs##v_neondot(                                \
        const struct gemm_panel *p, const uint8_t *a, int32_t *sums)                               \
    {                                                                                              \
      gemm_sum_dot(p, a, sums, rows, vecs);                                                        \
    }

GEMM_DEFINE_DOT(1, 2)
GEMM_DEFINE_DOT(2, 2)
GEMM_DEFINE_DOT(3, 2)
GEMM_DEFINE_DOT(4, 2)
GEMM_DEFINE_DOT(1, 4)
GEMM_DEFINE_DOT(2, 4)
GEMM_DEFINE_DOT(3, 4)
GEMM_DEFINE_DOT(4, 4)

static gemm_sum_fn *const gemm_dot[2][GEMM_ROWS] = {
    {gemm_s8_1x2v_neondot, gemm_s8_2x2v_neondot, gemm_s8_3x2v_neondot, gemm_s8_4x2v_neondot},
    {gemm_s8_1x4v_neondot, gemm_s8_2x4v_neondot, gemm_s8_3x4v_neondot, gemm_s8_4x4v_neondot},
};

#endif

/* --- packing --- */

static size_t gemm_steps(size_t run)
{
    return (run + GEMM_FOUR - 1) / GEMM_FOUR;
}

/* Of the panel that begins at column first of n. */
static size_t gemm_width(size_t n, size_t first)
{
    return n - first > INT8_EIGHT ? GEMM_COLS : INT8_EIGHT;
}

static size_t gemm_packed_size(size_t k, size_t n, size_t run)
{
    size_t columns = (n + INT8_EIGHT - 1) / INT8_EIGHT * INT8_EIGHT;

    return columns * (sizeof(int32_t) + k / run * gemm_steps(run) * GEMM_FOUR);
}

/* B as it comes, and where in a step the byte of (row, column) goes. */
struct gemm_source {
    const int8_t *b;
    size_t row, col, k, n, run;
    bool dot;
};

/* What is added to the sums of column j. */
static int32_t gemm_added(const struct gemm_source *s, size_t j)
{
    int32_t sum = 0;

    if (s->dot && j < s->n)
        for (size_t p = 0; p < s->k; p++)
            sum += s->b[p * s->row + j * s->col];
    return GEMM_SHIFT * sum;
}

/* Four rows of a run, from row q of it on. */
static void gemm_pack_step(const struct gemm_source *s, int8_t *to, size_t run, size_t q,
                           size_t first, size_t width)
{
    for (size_t i = 0; i < GEMM_FOUR; i++)
        for (size_t j = 0; j < width; j++) {
            bool real = q + i < s->run && first + j < s->n;

            to[s->dot ? j * GEMM_FOUR + i : i * width + j] =
                real ? s->b[(run * s->run + q + i) * s->row + (first + j) * s->col] : 0;
        }
}

static void gemm_pack_as(const struct gemm_source *s, int8_t *to)
{
    for (size_t first = 0, width; first < s->n; first += width) {
        width = gemm_width(s->n, first);
        for (size_t j = 0; j < width; j++, to += sizeof(int32_t)) {
            int32_t added = gemm_added(s, first + j);

            memcpy(to, &added, sizeof added);
        }
        for (size_t run = 0; run < s->k / s->run; run++)
            for (size_t q = 0; q < s->run; q += GEMM_FOUR, to += GEMM_FOUR * width)
                gemm_pack_step(s, to, run, q, first, width);
    }
}

static void gemm_pack_wide(void *packed, const int8_t *b, size_t b_row, size_t b_col, size_t k,
                           size_t n, size_t run)
{
    gemm_pack_as(&(struct gemm_source){b, b_row, b_col, k, n, run, false}, packed);
}

/* --- products --- */

/* Row i of C from the panel's sums. */
INT8_TARGET static void gemm_bytes(const int8_gemm *g, const struct int8_finish *f,
                                   const struct gemm_panel *p, const int32_t *sums, size_t i)
{
    const uint8_t *residual = g->post->add.residual;
    uint8_t *c = g->c + i * g->c_row + p->first;

    if (residual)
        residual += i * g->post->add.residual_ld + p->first;
    for (size_t j = 0; j < p->cols; j += INT8_EIGHT) {
        size_t n = p->cols - j;
        int32x4_t sum[2] = {vld1q_s32(sums + j), vld1q_s32(sums + j + INT8_LANES)};
        struct int8_scales s = {{vld1q_f32(p->scale + j), vld1q_f32(p->scale + j + INT8_LANES)}};

        int8_store(
            c + j, n,
            int8_finish_eight(f, sum, &s, residual ? int8_load(residual + j, n) : vdup_n_u8(0)));
    }
}

static void gemm_floats(const int8_gemm *g, const struct gemm_panel *p, const int32_t *sums,
                        size_t i)
{
    for (size_t j = 0; j < p->cols; j++)
        g->f[i * g->c_row + p->first + j] = (float)sums[j] * p->scale[j];
}

static struct gemm_panel gemm_panel_at(const int8_gemm *g, size_t first, const int8_t *packed)
{
    struct gemm_panel p = {.a_row = g->a_row,
                           .runs = g->k / g->a_run,
                           .steps = gemm_steps(g->a_run),
                           .first = first,
                           .width = gemm_width(g->n, first)};

    p.jump = (ptrdiff_t)g->a_next - (ptrdiff_t)(p.steps * GEMM_FOUR);
    p.b = packed + p.width * sizeof(int32_t);
    p.cols = g->n - first < p.width ? g->n - first : p.width;
    for (size_t j = 0; j < p.cols; j++) {
        int32_t added;

        memcpy(&added, packed + j * sizeof added, sizeof added);
        p.start[j] = (int32_t)((uint32_t)added + (uint32_t)g->post->bias[first + j]);
        p.scale[j] = g->post->scale[first + j];
    }
    return p;
}

static void gemm_run_by(const int8_gemm *g, gemm_sum_fn *const sum[2][GEMM_ROWS])
{
    struct int8_finish finish = int8_finish_of(g->post);
    const int8_t *packed = g->b;

    for (size_t first = 0; first < g->n;) {
        struct gemm_panel p = gemm_panel_at(g, first, packed);

        for (size_t i = 0, rows; i < g->m; i += rows) {
            int32_t sums[GEMM_ROWS * GEMM_COLS];

            rows = g->m - i < GEMM_ROWS ? g->m - i : GEMM_ROWS;
            sum[p.width == GEMM_COLS][rows - 1](&p, g->a + i * g->a_row, sums);
            for (size_t r = 0; r < rows; r++)
                if (g->c)
                    gemm_bytes(g, &finish, &p, sums + r * p.width, i + r);
                else
                    gemm_floats(g, &p, sums + r * p.width, i + r);
        }
        packed = p.b + p.runs * p.steps * GEMM_FOUR * p.width;
        first += p.width;
    }
}

static void gemm_run_wide(const int8_gemm *g)
{
    gemm_run_by(g, gemm_wide);
}

#if KERNELS_NEONDOT
static void gemm_pack_dot(void *packed, const int8_t *b, size_t b_row, size_t b_col, size_t k,
                          size_t n, size_t run)
{
    gemm_pack_as(&(struct gemm_source){b, b_row, b_col, k, n, run, true}, packed);
}

static void gemm_run_dot(const int8_gemm *g)
{
    gemm_run_by(g, gemm_dot);
}
#endif
