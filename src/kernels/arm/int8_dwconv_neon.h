/*
 * The int8 depthwise convolution in NEON: 8 channels at a time, widened to 16 bits. Included once.
 *
 * An input counts less its zero point, so that taps beyond the map count for nothing and are left
 * out; the zero point times the sum of a channel's weights is added to its sums. Packed weights
 * are, for each 8 channels, those 8 sums, and then 16 bits of each channel for each tap.
 */
#include "kernels/arm/int8_post_neon.h"
#include "kernels/window.h"

enum {
    DW_TAPS = 3,
    DW_COLS = 4 /* outputs of a row that are made together */
};

/* What is the same for all outputs. */
struct dw_plan {
    int8_dwconv d;
    size_t residual_ld;
    struct int8_finish finish;
    window_axis y, x, block; /* block: the columns under DW_COLS windows together, 3 wide each */
    size_t inner, inner_end; /* columns inner <= ox < inner_end have all their taps */
    uint8x8_t zero;
    size_t strip_bytes; /* of packed weights */
};

/* 8 channels of one row of outputs. */
struct dw_strip {
    const uint8_t *in; /* those channels of the first pixel */
    uint8_t *out;      /* of the row's first output */
    const uint8_t *residual;
    const char *weight; /* [kh][kw][8] of int16_t, at any address */
    int32x4_t start[2];
    struct int8_scales scale;
    size_t n; /* channels that exist */
    size_t y, y_end;
    ptrdiff_t row; /* pixels to the first of tap 0, if that were on the map */
};

INT8_INLINE int16x8_t dw_weight(const struct dw_strip *s, size_t tap)
{
    int16x8_t w;

    memcpy(&w, s->weight + tap * sizeof w, sizeof w);
    return w;
}

/* The input `pixel` pixels behind the first, less the zero point. */
INT8_INLINE int16x8_t dw_input(const struct dw_plan *p, const struct dw_strip *s, ptrdiff_t pixel,
                               bool full)
{
    const uint8_t *in = s->in + pixel * (ptrdiff_t)p->d.in_ld;

    return vreinterpretq_s16_u16(vsubl_u8(full ? vld1_u8(in) : int8_load(in, s->n), p->zero));
}

INT8_INLINE void dw_tap(int32x4_t acc[2], int16x8_t x, int16x8_t w)
{
    acc[0] = vmlal_s16(acc[0], vget_low_s16(x), vget_low_s16(w));
    acc[1] = vmlal_high_s16(acc[1], x, w);
}

INT8_INLINE void dw_finish(const struct dw_plan *p, const struct dw_strip *s,
                           const int32x4_t acc[2], size_t ox, bool full)
{
    uint8_t *out = s->out + ox * p->d.out_ld;
    uint8x8_t x = vdup_n_u8(0);

    if (s->residual) {
        const uint8_t *r = s->residual + ox * p->residual_ld;

        x = full ? vld1_u8(r) : int8_load(r, s->n);
    }
    x = int8_finish_eight(&p->finish, acc, &s->scale, x);
    if (full)
        vst1_u8(out, x);
    else
        int8_store(out, s->n, x);
}

/* How code is compiled: constants wherever it is inlined. */
struct dw_how {
    size_t stride;
    bool inner; /* all columns of outputs exist, and all their taps */
    bool full;  /* 8 channels */
};

/* DW_COLS outputs of a row from ox on, those that exist; their windows share columns. The weights
 * are loaded for each block, as registers for them all would be too many. */
INT8_INLINE void dw_block(const struct dw_plan *p, const struct dw_strip *s, size_t ox,
                          struct dw_how how)
{
    window_span x = window_at(&p->block, ox);
    int32x4_t acc[DW_COLS][2];

    KERNELS_UNROLL
    for (size_t q = 0; q < DW_COLS; q++) {
        acc[q][0] = s->start[0];
        acc[q][1] = s->start[1];
    }
    for (size_t y = s->y; y < s->y_end; y++) {
        ptrdiff_t row = s->row + (ptrdiff_t)(y * p->d.in_w) + x.start;
        int16x8_t w[DW_TAPS];

        KERNELS_UNROLL
        for (size_t i = 0; i < DW_TAPS; i++)
            w[i] = dw_weight(s, y * DW_TAPS + i);
        KERNELS_UNROLL
        for (size_t i = 0; i < (DW_COLS - 1) * how.stride + DW_TAPS; i++) {
            int16x8_t in;

            if (!how.inner && (i < x.first || i >= x.end))
                continue;
            in = dw_input(p, s, row + (ptrdiff_t)i, how.full);
            KERNELS_UNROLL
            for (size_t q = 0; q < DW_COLS; q++)
                if (i >= q * how.stride && i < q * how.stride + DW_TAPS)
                    dw_tap(acc[q], in, w[i - q * how.stride]);
        }
    }
    KERNELS_UNROLL
    for (size_t q = 0; q < DW_COLS; q++)
        if (how.inner || ox + q < p->d.out_w)
            dw_finish(p, s, acc[q], ox + q, how.full);
}

INT8_INLINE void dw_row_3x3(const struct dw_plan *plan, const struct dw_strip *strip, size_t stride,
                            bool full)
{
    const struct dw_plan p = *plan; /* ours: stores through out can't change them */
    const struct dw_strip s = *strip;

    for (size_t ox = 0; ox < p.d.out_w; ox += DW_COLS)
        if (ox >= p.inner && ox + DW_COLS <= p.inner_end)
            dw_block(&p, &s, ox, (struct dw_how){stride, true, full});
        else
            dw_block(&p, &s, ox, (struct dw_how){stride, false, full});
}

/* Any window, an output at a time. */
INT8_INLINE void dw_row_any(const struct dw_plan *plan, const struct dw_strip *strip, bool full)
{
    const struct dw_plan p = *plan;
    const struct dw_strip s = *strip;

    for (size_t ox = 0; ox < p.d.out_w; ox++) {
        window_span x = window_at(&p.x, ox);
        int32x4_t acc[2] = {s.start[0], s.start[1]};

        for (size_t y = s.y; y < s.y_end; y++)
            for (size_t i = x.first; i < x.end; i++) {
                ptrdiff_t pixel = s.row + (ptrdiff_t)(y * p.d.in_w + i) + x.start;

                dw_tap(acc, dw_input(&p, &s, pixel, full), dw_weight(&s, y * p.d.kw + i));
            }
        dw_finish(&p, &s, acc, ox, full);
    }
}

typedef void dw_row_fn(const struct dw_plan *p, const struct dw_strip *s);

INT8_TARGET static void dw_row_stride1(const struct dw_plan *p, const struct dw_strip *s)
{
    dw_row_3x3(p, s, 1, true);
}

INT8_TARGET static void dw_row_stride1_rest(const struct dw_plan *p, const struct dw_strip *s)
{
    dw_row_3x3(p, s, 1, false);
}

INT8_TARGET static void dw_row_stride2(const struct dw_plan *p, const struct dw_strip *s)
{
    dw_row_3x3(p, s, 2, true);
}

INT8_TARGET static void dw_row_stride2_rest(const struct dw_plan *p, const struct dw_strip *s)
{
    dw_row_3x3(p, s, 2, false);
}

INT8_TARGET static void dw_row_whole(const struct dw_plan *p, const struct dw_strip *s)
{
    dw_row_any(p, s, true);
}

INT8_TARGET static void dw_row_rest(const struct dw_plan *p, const struct dw_strip *s)
{
    dw_row_any(p, s, false);
}

/* For the strips with 8 channels, and for the last one. */
static void dw_rows_of(const int8_dwconv *d, dw_row_fn *row[2])
{
    bool is_3x3 = d->kh == DW_TAPS && d->kw == DW_TAPS;

    row[0] = dw_row_whole;
    row[1] = dw_row_rest;
    if (is_3x3 && d->stride_w == 1) {
        row[0] = dw_row_stride1;
        row[1] = dw_row_stride1_rest;
    } else if (is_3x3 && d->stride_w == 2) {
        row[0] = dw_row_stride2;
        row[1] = dw_row_stride2_rest;
    }
}

static struct dw_plan dw_plan_of(const int8_dwconv *d)
{
    struct dw_plan p = {.d = *d,
                        .residual_ld = d->post->add.residual_ld,
                        .finish = int8_finish_of(d->post),
                        .y = {d->in_h, d->kh, d->stride_h, d->pad_top, 1},
                        .x = {d->in_w, d->kw, d->stride_w, d->pad_left, 1},
                        .zero = vdup_n_u8(d->in_zero),
                        .strip_bytes =
                            INT8_EIGHT * (sizeof(int32_t) + d->kh * d->kw * sizeof(int16_t))};

    p.block = p.x;
    p.block.taps = (DW_COLS - 1) * d->stride_w + DW_TAPS;
    window_interior(&p.x, d->out_w, &p.inner, &p.inner_end);
    return p;
}

/* The strip from channel c on of row oy. */
static struct dw_strip dw_strip_of(const struct dw_plan *p, size_t oy, size_t c)
{
    const int8_dwconv *d = &p->d;
    const int8_add *add = &d->post->add;
    const char *packed = (const char *)d->weight + c / INT8_EIGHT * p->strip_bytes;
    window_span y = window_at(&p->y, oy);
    struct dw_strip s = {.in = d->in + c,
                         .out = d->out + oy * d->out_w * d->out_ld + c,
                         .weight = packed + INT8_EIGHT * sizeof(int32_t),
                         .n = d->c - c < INT8_EIGHT ? d->c - c : INT8_EIGHT,
                         .y = y.first,
                         .y_end = y.end,
                         .row = y.start * (ptrdiff_t)d->in_w};
    int32_t sums[INT8_EIGHT], bias[INT8_EIGHT] = {0};
    float scale[INT8_EIGHT] = {0};

    if (add->residual)
        s.residual = add->residual + oy * d->out_w * add->residual_ld + c;
    memcpy(sums, packed, sizeof sums);
    memcpy(bias, d->post->bias + c, s.n * sizeof *bias);
    memcpy(scale, d->post->scale + c, s.n * sizeof *scale);
    for (size_t i = 0; i < 2; i++) {
        s.start[i] = vmlaq_n_s32(vld1q_s32(bias + i * INT8_LANES), vld1q_s32(sums + i * INT8_LANES),
                                 d->in_zero);
        s.scale.v[i] = vld1q_f32(scale + i * INT8_LANES);
    }
    return s;
}

static void dwconv_run(const int8_dwconv *d)
{
    struct dw_plan p = dw_plan_of(d);
    dw_row_fn *row[2];

    dw_rows_of(d, row);
    for (size_t oy = 0; oy < d->out_h; oy++)
        for (size_t c = 0; c < d->c; c += INT8_EIGHT) {
            struct dw_strip s = dw_strip_of(&p, oy, c);

            row[s.n < INT8_EIGHT](&p, &s);
        }
}

static size_t dwconv_packed_size(size_t kh, size_t kw, size_t c)
{
    return (c + INT8_EIGHT - 1) / INT8_EIGHT * INT8_EIGHT *
           (sizeof(int32_t) + kh * kw * sizeof(int16_t));
}

static void dwconv_pack(void *packed, const int8_t *w, size_t kh, size_t kw, size_t c)
{
    char *to = packed;

    for (size_t first = 0; first < c; first += INT8_EIGHT) {
        int32_t sums[INT8_EIGHT] = {0};
        char *at = to + sizeof sums;

        for (size_t t = 0; t < kh * kw; t++) {
            int16_t wide[INT8_EIGHT] = {0};

            for (size_t i = 0; i < INT8_EIGHT && first + i < c; i++) {
                wide[i] = w[t * c + first + i];
                sums[i] += wide[i];
            }
            memcpy(at, wide, sizeof wide);
            at += sizeof wide;
        }
        memcpy(to, sums, sizeof sums);
        to = at;
    }
}
