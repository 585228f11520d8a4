/* The affine warp: bilinear where the map enlarges, the footprint's mean where it shrinks. */
#include "image/image.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core/cpu.h"
#include "image/warp_avx2.h"

/*
 * Source coordinates are fixed-point numbers of UNIT to a pixel, so that all CPUs agree to the bit.
 * Those of samples are clamped to a few pixels around the picture, where replicated borders have
 * made everything constant: what is huge, infinite or NaN ends there too.
 */
#define FRACTION WARP_FRACTION
#define UNIT     (1 << FRACTION)

#define WIDEST      131072.0 /* pixels: a box of it covers any picture from any pixel in it */
#define COLUMNS     64       /* of dst whose spans are worked out once for all rows */
#define COLUMN_SUMS 8192     /* of their source columns' channels, where there are so few */
#define ALONE       4.0 /* footprints narrower than this are averaged over bilinear samples ... */
#define PER_SIDE    4.0 /* ... wider ones over blocks of a quarter of their side ... */
#define BLOCK       64  /* ... but no wider than this, so that the work stays bounded ... */
#define SAMPLES     64  /* ... nor more of them than this along a side */

typedef struct source {
    const uint8_t *data;
    ptrdiff_t stride;
    int width, height;
} source;

static int clamp_int(int x, int lo, int hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* NaN becomes lo. */
static double clamp_double(double x, double lo, double hi)
{
    return x > lo ? (x < hi ? x : hi) : lo;
}

/* To the nearest; |x| is less than 2^18. floor() would be a call without SSE 4.1. */
static int32_t to_fixed(double x)
{
    const double above = (double)(1 << 28); /* positive while truncated, which then is floor */

    return (int32_t)(x * UNIT + above + 0.5) - (1 << 28);
}

/*
 * The functions below exist once for each number of bytes of a source pixel: bpp is a constant in
 * all their callers, and they read channels_of(bpp) of the bytes.
 */

static inline int channels_of(int bpp)
{
    return bpp == 1 ? 1 : 3;
}

/* Before loops over channels: in memory, where gcc's -O2 leaves their sums, a quarter slower. */
#define UNROLL _Pragma("GCC unroll 3")

/* For the innermost loops (4000 to 112 pixels in 14 ms instead of 34). */
static inline void add_pixel(uint32_t sum[3], const uint8_t *p, int bpp)
{
    sum[0] += p[0];
    if (channels_of(bpp) == 1)
        return;
    sum[1] += p[1];
    sum[2] += p[2];
}

/* --- boxes: maps that keep rows and columns ----------------------------------------------------
 *
 * A pixel of dst is the mean of src, taken as squares of constant colour, over a box as large as
 * the pixel's footprint but at least one pixel wide and high; that minimum is bilinear sampling.
 */

typedef struct span { /* of one axis: pixels first to last, whole but for the ends' weights */
    int first, last;
    uint32_t first_weight, last_weight; /* 0..UNIT */
    int from, to;           /* [from, to) of the pixels between that are inside the picture */
    uint32_t before, after; /* how many of those between are beyond its borders */
} span;

static span make_span(double centre, int32_t width, int size)
{
    double reach = 0.5 * width / UNIT + 2.0;
    int32_t start = to_fixed(clamp_double(centre, -reach, size + reach) + 0.5) - width / 2;
    int32_t end = start + width;
    int first = start >> FRACTION, last = end >> FRACTION;
    span s;

    s.first_weight = (uint32_t)(UNIT - (start & (UNIT - 1)));
    s.last_weight = (uint32_t)(end & (UNIT - 1));
    s.from = clamp_int(first + 1, 0, size);
    s.to = clamp_int(last, s.from, size);
    s.before = (uint32_t)(clamp_int(last, first + 1, 0 > first ? 0 : first + 1) - (first + 1));
    s.after = (uint32_t)(last - clamp_int(size, first + 1, last));
    s.first = clamp_int(first, 0, size - 1);
    s.last = clamp_int(last, 0, size - 1);
    return s;
}

/* sum += weight * the row over the span; all the span's weights make up its width. */
static inline void add_row(const uint8_t *row, const span *x, uint64_t weight, uint64_t sum[3],
                           int bpp, int size)
{
    const uint8_t *left = row, *right = row + (ptrdiff_t)(size - 1) * bpp;
    const uint8_t *p = row + (ptrdiff_t)x->first * bpp, *q = row + (ptrdiff_t)x->last * bpp;
    uint32_t inside[3] = {0};

    for (int i = x->from; i < x->to; i++)
        add_pixel(inside, row + (ptrdiff_t)i * bpp, bpp);
    UNROLL
    for (int c = 0; c < channels_of(bpp); c++) {
        uint64_t whole = inside[c] + (uint64_t)x->before * left[c] + (uint64_t)x->after * right[c];
        sum[c] += weight * (whole * UNIT + (uint64_t)x->first_weight * p[c] +
                            (uint64_t)x->last_weight * q[c]);
    }
}

static inline void add_box(const source *s, const span *x, const span *y, uint64_t sum[3], int bpp)
{
    const uint8_t *bottom = s->data + (ptrdiff_t)(s->height - 1) * s->stride;

    add_row(s->data + y->first * s->stride, x, y->first_weight, sum, bpp, s->width);
    for (int i = y->from; i < y->to; i++)
        add_row(s->data + i * s->stride, x, UNIT, sum, bpp, s->width);
    if (y->last_weight)
        add_row(s->data + y->last * s->stride, x, y->last_weight, sum, bpp, s->width);
    if (y->before)
        add_row(s->data, x, (uint64_t)y->before * UNIT, sum, bpp, s->width);
    if (y->after)
        add_row(bottom, x, (uint64_t)y->after * UNIT, sum, bpp, s->width);
}

/* --- samples: all other maps --------------------------------------------------------------------
 *
 * The footprint is a parallelogram. A single bilinear sample already is about one pixel wide, so
 * the n samples along a side of length s are spread over sqrt(s^2 - 1): variances add up. From
 * ALONE on, a sample is the mean of a block of whole pixels.
 */

typedef struct reach { /* of the samples of a footprint around its centre, fixed point */
    int32_t low, high;
} reach;

typedef struct grid {                 /* of samples in one footprint; offsets are fixed point */
    int nx, ny;                       /* along the footprint's two sides */
    int block;                        /* pixels along a block's side; 1: bilinear */
    int32_t xx[SAMPLES], xy[SAMPLES]; /* [nx] what the place along the first side adds to x, y */
    int32_t yx[SAMPLES], yy[SAMPLES]; /* [ny] and along the second */
    reach x, y;
} grid;

static double spread_of(double side)
{
    return side > 1.0 ? sqrt(side * side - 1.0) : 0.0;
}

static int count_samples(double spread, int block)
{
    double n = ceil(spread / block);

    if (block == 1 && spread > 0.5 && n < 2.0)
        n = 2.0;
    return (int)clamp_double(n, 1.0, SAMPLES);
}

/* n offsets, step apart and centred on 0. */
static void make_offsets(int32_t *offset, int n, double step, reach *r)
{
    for (int i = 0; i < n; i++)
        offset[i] = to_fixed(clamp_double((i - 0.5 * (n - 1)) * step, -0.5 * WIDEST, 0.5 * WIDEST));
    r->low += offset[0] < offset[n - 1] ? offset[0] : offset[n - 1];
    r->high += offset[0] < offset[n - 1] ? offset[n - 1] : offset[0];
}

static void make_grid(const affine *t, grid *g)
{
    double x = hypot((double)t->a, (double)t->d), y = hypot((double)t->b, (double)t->e);
    double narrow = x < y ? x : y, step;

    *g = (grid){.block = 1};
    if (narrow >= ALONE) /* even, so that the finest stripes cancel out */
        g->block = 2 * (int)clamp_double(narrow / (2.0 * PER_SIDE) + 0.5, 1.0, 0.5 * BLOCK);
    g->nx = count_samples(spread_of(x), g->block);
    g->ny = count_samples(spread_of(y), g->block);
    step = x > 1.0 ? spread_of(x) / x / g->nx : 0.0; /* in lengths of the side */
    make_offsets(g->xx, g->nx, step * (double)t->a, &g->x);
    make_offsets(g->xy, g->nx, step * (double)t->d, &g->y);
    step = y > 1.0 ? spread_of(y) / y / g->ny : 0.0;
    make_offsets(g->yx, g->ny, step * (double)t->b, &g->x);
    make_offsets(g->yy, g->ny, step * (double)t->e, &g->y);
}

/* x, or where it is far outside, a place whose samples all are outside too. */
static int32_t to_place(double x, const reach *r, int size)
{
    double margin = (double)(-r->low > r->high ? -r->low : r->high) / UNIT + 2.0;

    return to_fixed(clamp_double(x, -margin, size + margin));
}

/* True where blocks of this size around all samples of a footprint are inside the picture. */
static bool all_inside(int32_t place, const reach *r, int block, int size)
{
    return place + r->low >= block * UNIT && place + r->high < (size - block) * UNIT;
}

/* UNIT * UNIT times the value at (x, y); inside: no pixel needed is beyond the border. */
static inline void bilinear(const source *s, int32_t x, int32_t y, uint32_t out[3], int bpp,
                            bool inside)
{
    int x0 = x >> FRACTION, y0 = y >> FRACTION, x1 = x0 + 1, y1 = y0 + 1;
    uint32_t wx = (uint32_t)(x & (UNIT - 1)), wy = (uint32_t)(y & (UNIT - 1));
    const uint8_t *top, *low;

    if (!inside) {
        x0 = clamp_int(x0, 0, s->width - 1), x1 = clamp_int(x1, 0, s->width - 1);
        y0 = clamp_int(y0, 0, s->height - 1), y1 = clamp_int(y1, 0, s->height - 1);
    }
    top = s->data + y0 * s->stride;
    low = s->data + y1 * s->stride;
    UNROLL
    for (int c = 0; c < channels_of(bpp); c++) {
        ptrdiff_t left = (ptrdiff_t)x0 * bpp + c, right = (ptrdiff_t)x1 * bpp + c;
        uint32_t upper = (UNIT - wx) * top[left] + wx * top[right];
        uint32_t lower = (UNIT - wx) * low[left] + wx * low[right];
        out[c] = (UNIT - wy) * upper + wy * lower;
    }
}

/* From the first pixel of a block to its middle, less half a pixel, so that rounding down does. */
static int32_t to_corner(int block)
{
    return (block - 1) * (UNIT / 2) - UNIT / 2;
}

/* Adds n pixels of row y from left on, so many times; those beyond a border are the border's. */
static inline void add_pixels(const source *s, int y, int left, int n, uint32_t times,
                              uint32_t sum[3], int bpp)
{
    int before = clamp_int(-left, 0, n), after = clamp_int(left + n - s->width, 0, n);
    const uint8_t *row = s->data + y * s->stride, *last = row + (ptrdiff_t)(s->width - 1) * bpp;
    uint32_t inside[3] = {0};

    for (int i = left + before; i < left + n - after; i++)
        add_pixel(inside, row + (ptrdiff_t)i * bpp, bpp);
    UNROLL
    for (int c = 0; c < channels_of(bpp); c++)
        sum[c] += times * (inside[c] + (uint32_t)before * row[c] + (uint32_t)after * last[c]);
}

static inline void add_block_at_border(const source *s, int left, int top, int block,
                                       uint32_t sum[3], int bpp)
{
    int before = clamp_int(-top, 0, block), after = clamp_int(top + block - s->height, 0, block);

    if (before > 0)
        add_pixels(s, 0, left, block, (uint32_t)before, sum, bpp);
    for (int y = top + before; y < top + block - after; y++)
        add_pixels(s, y, left, block, 1, sum, bpp);
    if (after > 0)
        add_pixels(s, s->height - 1, left, block, (uint32_t)after, sum, bpp);
}

/* Adds UNIT * UNIT times the sum of the block of pixels nearest to (x, y). */
static inline void add_block(const source *s, int32_t x, int32_t y, int block, uint64_t sum[3],
                             int bpp, bool inside)
{
    int left = (x - to_corner(block)) >> FRACTION, top = (y - to_corner(block)) >> FRACTION;
    uint32_t part[3] = {0};

    if (!inside)
        add_block_at_border(s, left, top, block, part, bpp);
    for (int i = 0; i < block && inside; i++) {
        const uint8_t *p = s->data + (top + i) * s->stride + (ptrdiff_t)left * bpp;
        for (int j = 0; j < block; j++, p += bpp)
            add_pixel(part, p, bpp);
    }
    UNROLL
    for (int c = 0; c < channels_of(bpp); c++)
        sum[c] += (uint64_t)part[c] * UNIT * UNIT;
}

static inline void add_grid(const source *s, const grid *g, int32_t x, int32_t y, uint64_t sum[3],
                            int bpp, bool inside)
{
    for (int j = 0; j < g->ny; j++) {
        for (int i = 0; i < g->nx; i++) {
            int32_t u = x + g->xx[i] + g->yx[j], v = y + g->xy[i] + g->yy[j];
            uint32_t value[3];
            if (g->block > 1) {
                add_block(s, u, v, g->block, sum, bpp, inside);
                continue;
            }
            bilinear(s, u, v, value, bpp, inside);
            UNROLL
            for (int c = 0; c < channels_of(bpp); c++)
                sum[c] += value[c];
        }
    }
}

/* --- the loops over dst ------------------------------------------------------------------------
 */

typedef struct target {
    pfld_image *dst;
    int red;     /* index of red in a source pixel of three or four bytes */
    bool mirror; /* dst has its channels the other way round */
} target;

/* Rec. 601: 0.299 R + 0.587 G + 0.114 B, to the nearest. */
static uint8_t luma(int red, int green, int blue)
{
    return (uint8_t)((299 * red + 587 * green + 114 * blue + 500) / 1000);
}

static inline void store(const target *t, uint8_t *row, int i, const uint8_t v[3], int bpp)
{
    if (t->dst->format == PFLD_GRAY8) {
        row[i] = bpp == 1 ? v[0] : luma(v[t->red], v[1], v[2 - t->red]);
        return;
    }
    row += (ptrdiff_t)3 * i;
    for (int c = 0; c < 3; c++)
        row[c] = bpp == 1 ? v[0] : v[t->mirror ? 2 - c : c];
}

static inline void store_mean(const target *t, uint8_t *row, int i, const uint64_t sum[3],
                              double weight, int bpp)
{
    uint8_t v[3];

    /* sums stay below 2^63, and converting from signed is one instruction */
    UNROLL
    for (int c = 0; c < channels_of(bpp); c++)
        v[c] = (uint8_t)((double)(int64_t)sum[c] * weight + 0.5);
    store(t, row, i, v, bpp);
}

/* The source columns that a block of spans needs, summed over the lines of one span of rows. Sums
 * of integers: the bits of add_box(), which visits each box alone. */
typedef struct columns {
    uint32_t sum[COLUMN_SUMS + 1]; /* [x - from][bpp], and one that is read only */
    int from, n;                   /* pixels */
    bool fast, exact;              /* there is AVX2; and doubles are for colours' sums over a box */
    warp_mean means[COLUMNS];      /* of the spans, counted from `from`, where both are so */
} columns;

/* Beyond a border a span ends there: what is outside weighs on the border's column. */
static warp_mean mean_of_span(const span *x, int from)
{
    return (warp_mean){.first = x->first - from,
                       .last = x->last - from,
                       .from = x->from - from,
                       .to = x->to - from,
                       .first_weight = (double)x->first_weight + (double)x->before * UNIT,
                       .last_weight = (double)x->last_weight + (double)x->after * UNIT};
}

/* False where the block is too wide, or so high that a sum of whole lines could overflow. */
static bool plan_columns(columns *c, const span *x, int n, int32_t w, int32_t h, int bpp)
{
    int from = x[0].first, last = x[0].last;

    for (int i = 1; i < n; i++) { /* in order, but for maps that are not finite */
        from = x[i].first < from ? x[i].first : from;
        last = x[i].last > last ? x[i].last : last;
    }
    c->from = from;
    c->n = last - from + 1;
    c->fast = WARP_AVX2 && cpu_has(PFLD_ISA_AVX2);
    c->exact = bpp > 1 && 255.0 * (double)w * (double)h < 9007199254740992.0; /* 2^53 */
    for (int i = 0; i < n && c->fast && c->exact; i++)
        c->means[i] = mean_of_span(&x[i], from);
    return c->n <= COLUMN_SUMS / bpp && h <= INT32_MAX / 255;
}

static void add_line(columns *c, const source *s, int y, uint32_t weight, int bpp)
{
    const uint8_t *row = s->data + y * s->stride + (ptrdiff_t)c->from * bpp;
    size_t n = (size_t)c->n * (size_t)bpp;

    if (weight == 0)
        return;
#if WARP_AVX2
    if (c->fast && weight <= INT16_MAX) {
        warp_add_row_avx2(c->sum, row, n, weight);
        return;
    }
#endif
    for (size_t i = 0; i < n; i++)
        c->sum[i] += weight * row[i];
}

static void add_lines(columns *c, const source *s, const span *y, int bpp)
{
    memset(c->sum, 0, (size_t)c->n * (size_t)bpp * sizeof c->sum[0]);
    add_line(c, s, y->first, y->first_weight, bpp);
    for (int i = y->from; i < y->to; i++)
        add_line(c, s, i, UNIT, bpp);
    add_line(c, s, y->last, y->last_weight, bpp);
    add_line(c, s, 0, y->before * UNIT, bpp);
    add_line(c, s, s->height - 1, y->after * UNIT, bpp);
}

static inline void sum_columns(const columns *cs, const span *x, uint64_t sum[3], int bpp)
{
    const uint32_t *p = cs->sum + (ptrdiff_t)(x->first - cs->from) * bpp;
    const uint32_t *q = cs->sum + (ptrdiff_t)(x->last - cs->from) * bpp;

    for (int i = x->from; i < x->to; i++) {
        const uint32_t *between = cs->sum + (ptrdiff_t)(i - cs->from) * bpp;

        UNROLL
        for (int c = 0; c < channels_of(bpp); c++)
            sum[c] += between[c];
    }
    UNROLL
    for (int c = 0; c < channels_of(bpp); c++) { /* beyond a border the span ends there */
        uint64_t whole = sum[c] + (uint64_t)x->before * p[c] + (uint64_t)x->after * q[c];
        sum[c] = whole * UNIT + (uint64_t)x->first_weight * p[c] + (uint64_t)x->last_weight * q[c];
    }
}

#if WARP_AVX2
/* Three channels of n pixels from the one at left on. */
static inline void store_pixels(const target *t, uint8_t *row, int left, int n,
                                uint8_t (*pixels)[4])
{
    if (t->dst->format != PFLD_GRAY8 && !t->mirror)
        for (int i = 0; i < n; i++)
            memcpy(row + (ptrdiff_t)3 * (left + i), pixels[i], 3);
    else
        for (int i = 0; i < n; i++)
            store(t, row, left + i, pixels[i], 3);
}
#endif

/* The means over the n spans x of the columns' sums, from the pixel at left on. */
static inline void store_row(const columns *c, const span *x, const target *t, uint8_t *row,
                             int left, int n, double weight, int bpp)
{
#if WARP_AVX2
    uint8_t pixels[COLUMNS][4];

    if (c->fast && c->exact) {
        warp_means_avx2(c->means, n, c->sum, bpp, weight, pixels);
        store_pixels(t, row, left, n, pixels);
        return;
    }
#endif
    for (int i = 0; i < n; i++) {
        uint64_t sum[3] = {0};
        sum_columns(c, &x[i], sum, bpp);
        store_mean(t, row, left + i, sum, weight, bpp);
    }
}

static inline void warp_boxes(const source *s, const affine *m, const target *t, int bpp)
{
    int32_t w = to_fixed(clamp_double(fabs((double)m->a), 1.0, WIDEST));
    int32_t h = to_fixed(clamp_double(fabs((double)m->e), 1.0, WIDEST));
    double weight = 1.0 / ((double)w * (double)h);
    span x[COLUMNS];
    columns lines;

    for (int left = 0; left < t->dst->width; left += COLUMNS) {
        int n = clamp_int(t->dst->width - left, 0, COLUMNS);
        for (int i = 0; i < n; i++)
            x[i] = make_span((double)m->a * (left + i) + (double)m->c, w, s->width);
        bool summed = plan_columns(&lines, x, n, w, h, bpp);
        for (int j = 0; j < t->dst->height; j++) {
            uint8_t *row = t->dst->data + j * t->dst->stride;
            span y = make_span((double)m->e * j + (double)m->f, h, s->height);
            if (summed) {
                add_lines(&lines, s, &y, bpp);
                store_row(&lines, x, t, row, left, n, weight, bpp);
                continue;
            }
            for (int i = 0; i < n; i++) {
                uint64_t sum[3] = {0};
                add_box(s, &x[i], &y, sum, bpp);
                store_mean(t, row, left + i, sum, weight, bpp);
            }
        }
    }
}

/* --- stretches: what of the samples AVX2 can do, twice to ten times as fast ---------------------
 */

/* From the first pixel to any other: fit in 32 bits. */
static bool has_small_offsets(const source *s)
{
    ptrdiff_t stride = s->stride < 0 ? -s->stride : s->stride;

    return stride <= INT32_MAX / (s->height + 1);
}

/* All that is the same for every stretch of the picture. n_taps 0: there is no fast way. */
static warp_stretch plan_stretches(const source *s, const affine *m, const grid *g, int bpp)
{
    int n = g->nx * g->ny;
    int32_t corner = g->block > 1 ? to_corner(g->block) : 0;
    warp_stretch f = {.data = s->data, .stride = s->stride, .bpp = bpp, .block = g->block};

    f.dx = (double)m->a;
    f.dy = (double)m->d;
    f.weight = 1.0 / ((double)n * g->block * g->block * UNIT * UNIT);
    if (!WARP_AVX2 || bpp == 1 || n > (g->block > 1 ? WARP_TAPS : WARP_BILINEAR) ||
        !has_small_offsets(s) || !cpu_has(PFLD_ISA_AVX2))
        return f;
    f.n_taps = n;
    for (int k = 0; k < n; k++) {
        f.tap_x[k] = g->xx[k % g->nx] + g->yx[k / g->nx] - corner;
        f.tap_y[k] = g->xy[k % g->nx] + g->yy[k / g->nx] - corner;
    }
    return f;
}

/* Samples of this width are two pixels clear of the borders, so that nothing is clamped and 8 bytes
 * can be read at once. */
static bool well_inside(double from, double to, const reach *r, int block, int size)
{
    double low = (from < to ? from : to) + (double)r->low / UNIT;
    double high = (from < to ? to : from) + (double)r->high / UNIT;
    double clear = 2.0 + 0.5 * (block - 1);

    return low >= clear && high <= size - 2.0 - clear; /* false for NaN too */
}

static bool is_fast(const warp_stretch *f, const source *s, const grid *g)
{
    int last = f->first + f->n - 1;

    return f->n_taps > 0 &&
           well_inside(f->dx * f->first + f->x0, f->dx * last + f->x0, &g->x, g->block, s->width) &&
           well_inside(f->dy * f->first + f->y0, f->dy * last + f->y0, &g->y, g->block, s->height);
}

static void warp_fast(const warp_stretch *f, const target *t, uint8_t *row)
{
#if WARP_AVX2
    uint8_t pixels[WARP_STRETCH][4];

    warp_stretch_avx2(f, pixels);
    store_pixels(t, row, f->first, f->n, pixels);
#else
    (void)f, (void)t, (void)row;
#endif
}

static inline void warp_one_by_one(const warp_stretch *f, const source *s, const grid *g,
                                   const target *t, uint8_t *row, int bpp)
{
    for (int i = f->first; i < f->first + f->n; i++) {
        int32_t x = to_place(f->dx * i + f->x0, &g->x, s->width);
        int32_t y = to_place(f->dy * i + f->y0, &g->y, s->height);
        uint64_t sum[3] = {0};
        if (all_inside(x, &g->x, g->block, s->width) && all_inside(y, &g->y, g->block, s->height))
            add_grid(s, g, x, y, sum, bpp, true);
        else
            add_grid(s, g, x, y, sum, bpp, false);
        store_mean(t, row, i, sum, f->weight, bpp);
    }
}

static inline void warp_samples(const source *s, const affine *m, const target *t, int bpp)
{
    warp_stretch f;
    grid g;

    make_grid(m, &g);
    f = plan_stretches(s, m, &g, bpp);
    for (int j = 0; j < t->dst->height; j++) {
        uint8_t *row = t->dst->data + j * t->dst->stride;
        f.x0 = (double)m->b * j + (double)m->c;
        f.y0 = (double)m->e * j + (double)m->f;
        for (f.first = 0; f.first < t->dst->width; f.first += WARP_STRETCH) {
            f.n = clamp_int(t->dst->width - f.first, 0, WARP_STRETCH);
            if (is_fast(&f, s, &g))
                warp_fast(&f, t, row);
            else
                warp_one_by_one(&f, s, &g, t, row, bpp);
        }
    }
}

/* --- copies: shifts by whole pixels, flips and quarter turns that stay inside -------------------
 */

/* start + i * right + j * down is a whole number within 0..size - 1 for all pixels. */
static bool is_whole(float start, float right, float down, const pfld_image *dst, int size)
{
    double x = (double)right * (dst->width - 1), y = (double)down * (dst->height - 1);
    double low = (double)start + fmin(x, 0.0) + fmin(y, 0.0);
    double high = (double)start + fmax(x, 0.0) + fmax(y, 0.0);

    return low >= 0.0 && high <= size - 1 && (double)start == floor((double)start);
}

static bool is_copy(const source *s, const affine *m, const target *t)
{
    bool level = fabsf(m->a) == 1.0f && m->b == 0.0f && m->d == 0.0f && fabsf(m->e) == 1.0f;
    bool quarter = m->a == 0.0f && fabsf(m->b) == 1.0f && fabsf(m->d) == 1.0f && m->e == 0.0f;

    return (level || quarter) && is_whole(m->c, m->a, m->b, t->dst, s->width) &&
           is_whole(m->f, m->d, m->e, t->dst, s->height);
}

static inline void copy_pixels(const source *s, const affine *m, const target *t, int bpp)
{
    bool same = bpp == image_channels(t->dst->format) && !t->mirror;
    ptrdiff_t right = (ptrdiff_t)m->a * bpp + (ptrdiff_t)m->d * s->stride;
    ptrdiff_t down = (ptrdiff_t)m->b * bpp + (ptrdiff_t)m->e * s->stride;
    const uint8_t *p = s->data + (ptrdiff_t)m->c * bpp + (ptrdiff_t)m->f * s->stride;

    for (int j = 0; j < t->dst->height; j++) {
        uint8_t *row = t->dst->data + j * t->dst->stride;

        if (same && right == bpp)
            memcpy(row, p + j * down, (size_t)t->dst->width * (size_t)bpp);
        else
            for (int i = 0; i < t->dst->width; i++)
                store(t, row, i, p + (j * down + i * right), bpp);
    }
}

static inline void warp(const source *s, const affine *m, const target *t, int bpp)
{
    double x = hypot((double)m->a, (double)m->d), y = hypot((double)m->b, (double)m->e);

    if (is_copy(s, m, t))
        copy_pixels(s, m, t, bpp);
    else if ((x > 1.0 || y > 1.0) && m->b == 0.0f && m->d == 0.0f)
        warp_boxes(s, m, t, bpp);
    else
        warp_samples(s, m, t, bpp);
}

void image_warp(const pfld_image *src, const affine *to_src, pfld_image *dst)
{
    source s = {src->data, src->stride, src->width, src->height};
    bool red_first = src->format == PFLD_RGB8 || src->format == PFLD_RGBA8;
    target t = {dst, red_first ? 0 : 2, red_first != (dst->format == PFLD_RGB8)};

    assert(image_channels(src->format) != 0);
    assert(dst->format == PFLD_GRAY8 || dst->format == PFLD_RGB8 || dst->format == PFLD_BGR8);
    switch (image_channels(src->format)) {
    case 1:
        warp(&s, to_src, &t, 1);
        break;
    case 3:
        warp(&s, to_src, &t, 3);
        break;
    case 4:
        warp(&s, to_src, &t, 4);
        break;
    }
}
