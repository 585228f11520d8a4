/*
 * The int8 depthwise convolution in AVX-512 VNNI. Included once.
 *
 * A 3x3 window: of 64 bytes in each of 4 lines that lie below each other (64 channels of a pixel,
 * or several pixels that have fewer), unpacking makes 4 vectors whose 32-bit lanes hold the 4 lines
 * of one channel: what vpdpbusd multiplies with [w0 w1 w2 0] for one line of outputs and, at stride
 * 1, with [0 w0 w1 w2] for the line below. Each such column of the input serves up to 3 columns of
 * outputs. Packing the sums into bytes puts the channels in order again.
 *
 * Any other window: the same with 4 taps of one output in place of 4 lines.
 */
#include "kernels/x86/int8_post_avx512.h"

enum {
    DW_TAPS = 3,
    DW_SHIFTS = 2, /* weights that begin at the first line and at the second */
    DW_LINES = 4,
    DW_STRIP_BYTES = DW_TAPS * DW_SHIFTS * INT8_QUAD * INT8_BYTES
};

/* 64 bytes of each of 4 lines, interleaved. */
struct dw_column {
    __m512i v[INT8_QUAD];
};

struct dw_line {
    const uint8_t *p;
    ptrdiff_t step; /* from pixel to pixel; 0 beyond the map */
};

/* Else gcc stores weights on the stack, to multiply by them after the first line's outputs. */
#define DW_KEEP(v) __asm__("" : "+v"(v))

/* What is the same for all outputs of one strip of channels. */
struct dw_strip {
    const uint8_t *in; /* the strip's first channel of the first pixel; so out and residual */
    uint8_t *out;
    const uint8_t *residual;
    const int8_t *weight; /* [DW_TAPS][DW_SHIFTS][INT8_QUAD][INT8_BYTES] */
    size_t in_h, in_w, out_h, out_w;
    ptrdiff_t pad_top, pad_left;
    size_t in_ld, out_ld, residual_ld;
    size_t group, bytes; /* pixels in a vector, bytes of each; group > 1: no gaps between pixels */
    __mmask64 mask;      /* bytes of a whole vector that exist */
    __m512i beyond;      /* what all pixels beyond the map hold */
    const uint8_t *beyond_line;
    __m512i bias[INT8_QUAD];
    struct int8_scales scale;
    struct int8_finish finish;
};

/* How code is compiled: constants wherever it is inlined. */
enum dw_fill { DW_FULL, DW_REST, DW_GROUPS, DW_FILLS };

struct dw_how {
    size_t stride;
    enum dw_fill fill; /* of a vector: a pixel's channels; fewer; several pixels */
    bool add;          /* there is a residual */
    bool small;        /* see int8_is_small(); else 3x3 windows are taken like any */
};

INT8_INLINE struct dw_column dw_interleave(__m512i l0, __m512i l1, __m512i l2, __m512i l3)
{
    __m512i a = _mm512_unpacklo_epi8(l0, l1), b = _mm512_unpackhi_epi8(l0, l1);
    __m512i c = _mm512_unpacklo_epi8(l2, l3), d = _mm512_unpackhi_epi8(l2, l3);

    return (struct dw_column){{_mm512_unpacklo_epi16(a, c), _mm512_unpackhi_epi16(a, c),
                               _mm512_unpacklo_epi16(b, d), _mm512_unpackhi_epi16(b, d)}};
}

INT8_INLINE struct dw_column dw_column_beyond(const struct dw_strip *s)
{
    return (struct dw_column){{s->beyond, s->beyond, s->beyond, s->beyond}};
}

/* Adds tap column `tap` to a line of outputs. */
INT8_INLINE void dw_tap(const struct dw_strip *s, __m512i acc[INT8_QUAD], struct dw_column col,
                        size_t tap, size_t shift)
{
    const int8_t *w = s->weight + (tap * DW_SHIFTS + shift) * INT8_QUAD * INT8_BYTES;

    KERNELS_UNROLL
    for (size_t j = 0; j < INT8_QUAD; j++)
        acc[j] = _mm512_dpbusd_epi32(acc[j], col.v[j], _mm512_load_si512(w + j * INT8_BYTES));
    if (tap == DW_TAPS - 1) {
        KERNELS_UNROLL
        for (size_t j = 0; j < INT8_QUAD; j++)
            DW_KEEP(acc[j]);
    }
}

/* A line's outputs from output pixel `pixel` on: the bytes of the mask. */
INT8_INLINE void dw_finish(const struct dw_strip *s, const __m512i acc[INT8_QUAD], size_t pixel,
                           __mmask64 mask, bool full, struct dw_how how)
{
    uint8_t *out = s->out + pixel * s->out_ld;
    __m512i x;

    if (how.add) {
        const uint8_t *p = s->residual + pixel * s->residual_ld;
        __m512i r = full ? _mm512_loadu_si512(p) : int8_load_m(_mm512_setzero_si512(), mask, p);
        __m512i rs[INT8_QUAD];

        KERNELS_UNROLL
        for (size_t j = 0; j < INT8_QUAD; j++)
            rs[j] = int8_residual(r, j);
        x = (how.small ? int8_finish_small_add : int8_finish_quad_add)(&s->finish, acc, &s->scale,
                                                                       rs);
    } else {
        x = (how.small ? int8_finish_small : int8_finish_quad)(&s->finish, acc, &s->scale);
    }
    if (full)
        _mm512_storeu_si512(out, x);
    else
        int8_store_m(out, mask, x);
}

INT8_INLINE void dw_start(const struct dw_strip *s, __m512i acc[INT8_QUAD])
{
    KERNELS_UNROLL
    for (size_t j = 0; j < INT8_QUAD; j++)
        acc[j] = s->bias[j];
}

/* The lines from map row y on. */
INT8_INLINE void dw_lines(const struct dw_strip *s, ptrdiff_t y, struct dw_line line[DW_LINES])
{
    for (ptrdiff_t i = 0; i < DW_LINES; i++)
        if (y + i >= 0 && y + i < (ptrdiff_t)s->in_h)
            line[i] =
                (struct dw_line){s->in + (size_t)(y + i) * s->in_w * s->in_ld, (ptrdiff_t)s->in_ld};
        else
            line[i] = (struct dw_line){s->beyond_line, 0};
}

/* --- one pixel in a vector --- */

INT8_INLINE __m512i dw_pixel(const struct dw_strip *s, struct dw_line line, ptrdiff_t x, bool full)
{
    const uint8_t *p = line.p + x * line.step;

    return full ? _mm512_loadu_si512(p) : int8_load_m(_mm512_setzero_si512(), s->mask, p);
}

INT8_INLINE struct dw_column dw_column_at(const struct dw_strip *s,
                                          const struct dw_line line[DW_LINES], ptrdiff_t x,
                                          size_t lines, bool full)
{
    __m512i l[DW_LINES];

    if (x < 0 || x >= (ptrdiff_t)s->in_w)
        return dw_column_beyond(s);
    KERNELS_UNROLL
    for (size_t i = 0; i < DW_LINES; i++) /* the fourth of 3 meets weights of 0 */
        l[i] = i < lines ? dw_pixel(s, line[i], x, full) : l[i - 1];
    return dw_interleave(l[0], l[1], l[2], l[3]);
}

/* Two lines of outputs, the second where it exists. */
INT8_INLINE void dw_pixels_stride1(const struct dw_strip *s, size_t oy, struct dw_how how)
{
    const bool full = how.fill == DW_FULL;
    struct dw_line line[DW_LINES];
    struct dw_column c0, c1, c2;
    bool two = oy + 1 < s->out_h;
    size_t pixel = oy * s->out_w;
    ptrdiff_t x = -s->pad_left;

    dw_lines(s, (ptrdiff_t)oy - s->pad_top, line);
    c0 = dw_column_at(s, line, x, DW_LINES, full);
    c1 = dw_column_at(s, line, x + 1, DW_LINES, full);
    for (size_t ox = 0; ox < s->out_w; ox++, x++, pixel++) {
        __m512i up[INT8_QUAD], down[INT8_QUAD];

        c2 = dw_column_at(s, line, x + 2, DW_LINES, full);
        dw_start(s, up);
        dw_start(s, down);
        dw_tap(s, up, c0, 0, 0);
        dw_tap(s, down, c0, 0, 1);
        dw_tap(s, up, c1, 1, 0);
        dw_tap(s, down, c1, 1, 1);
        dw_tap(s, up, c2, 2, 0);
        dw_tap(s, down, c2, 2, 1);
        dw_finish(s, up, pixel, s->mask, full, how);
        if (two)
            dw_finish(s, down, pixel + s->out_w, s->mask, full, how);
        c0 = c1;
        c1 = c2;
    }
}

INT8_INLINE void dw_pixels_stride2(const struct dw_strip *s, size_t oy, struct dw_how how)
{
    const bool full = how.fill == DW_FULL;
    struct dw_line line[DW_LINES];
    struct dw_column c0, c1, c2;
    size_t pixel = oy * s->out_w;
    ptrdiff_t x = -s->pad_left;

    dw_lines(s, (ptrdiff_t)(2 * oy) - s->pad_top, line);
    c0 = dw_column_at(s, line, x, DW_TAPS, full);
    for (size_t ox = 0; ox < s->out_w; ox++, x += 2, pixel++) {
        __m512i acc[INT8_QUAD];

        c1 = dw_column_at(s, line, x + 1, DW_TAPS, full);
        c2 = dw_column_at(s, line, x + 2, DW_TAPS, full);
        dw_start(s, acc);
        dw_tap(s, acc, c0, 0, 0);
        dw_tap(s, acc, c1, 1, 0);
        dw_tap(s, acc, c2, 2, 0);
        dw_finish(s, acc, pixel, s->mask, full, how);
        c0 = c2;
    }
}

/* --- several pixels in a vector --- */

/* Interleaved, a pixel is one or two whole 128-bit lanes: one vector after another is shifted by a
 * pixel in its 64-bit words. */
struct dw_shifts {
    __m512i back, ahead; /* the last pixel of one vector and the others of the next; the reverse */
    __m512i even, odd;   /* every other pixel of two */
};

INT8_INLINE struct dw_shifts dw_shifts_of(size_t pixel_bytes)
{
    enum { WORDS = INT8_BYTES / 8 };
    uint64_t back[WORDS], ahead[WORDS], even[WORDS], odd[WORDS];
    size_t w = pixel_bytes / 8;

    for (size_t i = 0; i < WORDS; i++) {
        back[i] = WORDS - w + i;
        ahead[i] = w + i;
        even[i] = i / w * 2 * w + i % w;
        odd[i] = even[i] + w;
    }
    return (struct dw_shifts){_mm512_loadu_si512(back), _mm512_loadu_si512(ahead),
                              _mm512_loadu_si512(even), _mm512_loadu_si512(odd)};
}

INT8_INLINE struct dw_column dw_shifted(const struct dw_column *first, __m512i by,
                                        const struct dw_column *second)
{
    struct dw_column to;

    KERNELS_UNROLL
    for (size_t j = 0; j < INT8_QUAD; j++)
        to.v[j] = _mm512_permutex2var_epi64(first->v[j], by, second->v[j]);
    return to;
}

/* As many pixels of lines as fit, from x on; those beyond the map as they are there. */
INT8_INLINE void dw_group_load(const struct dw_strip *s, const struct dw_line line[DW_LINES],
                               ptrdiff_t x, __m512i to[DW_LINES], size_t lines)
{
    ptrdiff_t group = (ptrdiff_t)s->group, w = (ptrdiff_t)s->in_w;

    if (x >= 0 && x + group <= w) {
        KERNELS_UNROLL
        for (size_t i = 0; i < lines; i++)
            to[i] = _mm512_loadu_si512(line[i].p + x * line[i].step);
    } else {
        ptrdiff_t first = x < 0 ? -x : 0, end = w - x < group ? w - x : group;
        __mmask64 mask = first < end ? int8_first_bytes((size_t)end * s->bytes) &
                                           ~int8_first_bytes((size_t)first * s->bytes)
                                     : 0;

        KERNELS_UNROLL
        for (size_t i = 0; i < lines; i++)
            to[i] = mask ? int8_load_m(s->beyond, mask, line[i].p + x * line[i].step) : s->beyond;
    }
}

INT8_INLINE struct dw_column dw_group_column(const struct dw_strip *s,
                                             const struct dw_line line[DW_LINES], ptrdiff_t x)
{
    __m512i l[DW_LINES];

    dw_group_load(s, line, x, l, DW_LINES);
    return dw_interleave(l[0], l[1], l[2], l[3]);
}

INT8_INLINE void dw_group_finish(const struct dw_strip *s, const __m512i acc[INT8_QUAD],
                                 size_t pixel, size_t left, struct dw_how how)
{
    if (left >= s->group)
        dw_finish(s, acc, pixel, 0, true, how);
    else
        dw_finish(s, acc, pixel, int8_first_bytes(left * s->bytes), false, how);
}

/* Two lines of outputs; the middle tap's inputs are interleaved, the others shifted from them. */
INT8_INLINE void dw_groups_stride1(const struct dw_strip *s, const struct dw_shifts *shifts,
                                   size_t oy, struct dw_how how)
{
    struct dw_line line[DW_LINES];
    struct dw_column c0, c1, c2;
    bool two = oy + 1 < s->out_h;
    ptrdiff_t x = 1 - s->pad_left, group = (ptrdiff_t)s->group;
    size_t pixel = oy * s->out_w;

    dw_lines(s, (ptrdiff_t)oy - s->pad_top, line);
    c0 = dw_group_column(s, line, x - group);
    c1 = dw_group_column(s, line, x);
    for (size_t ox = 0; ox < s->out_w; ox += s->group, x += group) {
        __m512i up[INT8_QUAD], down[INT8_QUAD];
        struct dw_column side = dw_shifted(&c0, shifts->back, &c1);

        dw_start(s, up);
        dw_start(s, down);
        dw_tap(s, up, side, 0, 0);
        dw_tap(s, down, side, 0, 1);
        dw_tap(s, up, c1, 1, 0);
        dw_tap(s, down, c1, 1, 1);
        c2 = dw_group_column(s, line, x + group);
        side = dw_shifted(&c1, shifts->ahead, &c2);
        dw_tap(s, up, side, 2, 0);
        dw_tap(s, down, side, 2, 1);
        dw_group_finish(s, up, pixel + ox, s->out_w - ox, how);
        if (two)
            dw_group_finish(s, down, pixel + s->out_w + ox, s->out_w - ox, how);
        c0 = c1;
        c1 = c2;
    }
}

/* Every other pixel from x on, and from x + 1 on. */
INT8_INLINE void dw_group_halves(const struct dw_strip *s, const struct dw_shifts *shifts,
                                 const struct dw_line line[DW_LINES], ptrdiff_t x,
                                 struct dw_column *even, struct dw_column *odd)
{
    __m512i a[DW_LINES], b[DW_LINES], e[DW_TAPS], o[DW_TAPS];

    dw_group_load(s, line, x, a, DW_TAPS);
    dw_group_load(s, line, x + (ptrdiff_t)s->group, b, DW_TAPS);
    KERNELS_UNROLL
    for (size_t i = 0; i < DW_TAPS; i++) {
        e[i] = _mm512_permutex2var_epi64(a[i], shifts->even, b[i]);
        o[i] = _mm512_permutex2var_epi64(a[i], shifts->odd, b[i]);
    }
    *even = dw_interleave(e[0], e[1], e[2], e[2]); /* the fourth line meets weights of 0 */
    *odd = dw_interleave(o[0], o[1], o[2], o[2]);
}

INT8_INLINE void dw_groups_stride2(const struct dw_strip *s, const struct dw_shifts *shifts,
                                   size_t oy, struct dw_how how)
{
    struct dw_line line[DW_LINES];
    struct dw_column even, odd, next_even, next_odd;
    ptrdiff_t x = -s->pad_left, ahead = 2 * (ptrdiff_t)s->group;
    size_t pixel = oy * s->out_w;

    dw_lines(s, (ptrdiff_t)(2 * oy) - s->pad_top, line);
    dw_group_halves(s, shifts, line, x, &even, &odd);
    for (size_t ox = 0; ox < s->out_w; ox += s->group, x += ahead) {
        __m512i acc[INT8_QUAD];

        dw_start(s, acc);
        dw_tap(s, acc, even, 0, 0);
        dw_tap(s, acc, odd, 1, 0);
        dw_group_halves(s, shifts, line, x + ahead, &next_even, &next_odd);
        dw_tap(s, acc, dw_shifted(&even, shifts->ahead, &next_even), 2, 0);
        dw_group_finish(s, acc, pixel + ox, s->out_w - ox, how);
        even = next_even;
        odd = next_odd;
    }
}

/* --- strips --- */

INT8_INLINE void dw_rows(const struct dw_strip *strip, struct dw_how how)
{
    const struct dw_strip s = *strip; /* ours: stores through out can't change it */
    const struct dw_shifts shifts =
        how.fill == DW_GROUPS ? dw_shifts_of(s.bytes) : (struct dw_shifts){{0}, {0}, {0}, {0}};

    for (size_t oy = 0; oy < s.out_h; oy += how.stride == 1 ? 2 : 1)
        if (how.fill == DW_GROUPS && how.stride == 1)
            dw_groups_stride1(&s, &shifts, oy, how);
        else if (how.fill == DW_GROUPS)
            dw_groups_stride2(&s, &shifts, oy, how);
        else if (how.stride == 1)
            dw_pixels_stride1(&s, oy, how);
        else
            dw_pixels_stride2(&s, oy, how);
}

typedef void dw_rows_fn(const struct dw_strip *s);

#define DW_NAME(stride, fill, add) dw_stride##stride##_##fill##_##add
#define DW_DEFINE(stride, fill, add)                                                               \
  INT8_TARGET static void DW_NAME(stride, fill, add)(const struct dw_strip *s)                     \
  {                                                                                                \
    dw_rows(s, (struct dw_how){stride, fill, add, true});                                          \
  }
/* clang-format off */
#define DW_DEFINE_FILLS(stride, add)                                                               \
    DW_DEFINE(stride, DW_FULL, add)                                                                \
    DW_DEFINE(stride, DW_REST, add)                                                                \
    DW_DEFINE(stride, DW_GROUPS, add)
#define DW_LIST_FILLS(stride, add)                                                                 \
    {                                                                                              \
        DW_NAME(stride, DW_FULL, add), DW_NAME(stride, DW_REST, add),                              \
        DW_NAME(stride, DW_GROUPS, add)                                                            \
    }

DW_DEFINE_FILLS(1, 0)
DW_DEFINE_FILLS(1, 1)
DW_DEFINE_FILLS(2, 0)
DW_DEFINE_FILLS(2, 1)

/* By stride, whether there is a residual, and what fills a vector. */
static dw_rows_fn *const dw_strips[2][2][DW_FILLS] = {
    {DW_LIST_FILLS(1, 0), DW_LIST_FILLS(1, 1)},
    {DW_LIST_FILLS(2, 0), DW_LIST_FILLS(2, 1)},
};
/* clang-format on */

/* How often a pixel's channels fit into a vector as whole 128-bit lanes side by side. */
static size_t dw_repeats(size_t c)
{
    return c == 16 || c == 32 ? INT8_BYTES / c : 1;
}

/* 64 numbers, of which n <= 64 are given, repeated, in the order of interleaved channels. */
INT8_INLINE void dw_spread(__m512i to[INT8_QUAD], const void *from, size_t n, size_t repeats)
{
    int32_t all[INT8_BYTES];
    __m512i q[INT8_QUAD], low, high, low2, high2;

    for (size_t i = 0; i < repeats; i++)
        memcpy(all + i * n, from, n * sizeof *all);
    memset(all + repeats * n, 0, (INT8_BYTES - repeats * n) * sizeof *all);
    for (size_t l = 0; l < INT8_QUAD; l++)
        q[l] = _mm512_loadu_si512(all + l * INT8_LANES);
    /* to[j] has 128-bit lane j of q[0], q[1], q[2], q[3] */
    low = _mm512_shuffle_i32x4(q[0], q[1], 0x44);
    high = _mm512_shuffle_i32x4(q[2], q[3], 0x44);
    low2 = _mm512_shuffle_i32x4(q[0], q[1], 0xee);
    high2 = _mm512_shuffle_i32x4(q[2], q[3], 0xee);
    to[0] = _mm512_shuffle_i32x4(low, high, 0x88);
    to[1] = _mm512_shuffle_i32x4(low, high, 0xdd);
    to[2] = _mm512_shuffle_i32x4(low2, high2, 0x88);
    to[3] = _mm512_shuffle_i32x4(low2, high2, 0xdd);
}

static size_t dw_strip_count(size_t c)
{
    return (c + INT8_BYTES - 1) / INT8_BYTES;
}

/* Bytes of a strip's weights, 4 taps at a time, for windows moved in any way. */
static size_t dw_any_bytes(size_t kh, size_t kw)
{
    return (kh * kw + 3) / 4 * INT8_QUAD * INT8_BYTES;
}

/* Bytes that stand before them, for a 3x3 window at stride 1 or 2. */
static size_t dw_3x3_size(size_t kh, size_t kw, size_t c)
{
    return kh == DW_TAPS && kw == DW_TAPS ? dw_strip_count(c) * DW_STRIP_BYTES : 0;
}

static size_t dwconv_packed_size(size_t kh, size_t kw, size_t c)
{
    return dw_3x3_size(kh, kw, c) + dw_strip_count(c) * dw_any_bytes(kh, kw);
}

/* Where byte i of 64 lies in the 4 vectors: quarter i / 4 % 4, lane i / 16, and so on. */
static size_t dw_byte_at(size_t i)
{
    return i / 4 % INT8_QUAD * INT8_BYTES + (i / 16 * 4 + i % 4) * 4;
}

/* The weights of n channels from w on, [3][3][c], as a strip. */
static void dw_pack_strip(int8_t *to, const int8_t *w, size_t c, size_t n, size_t repeats)
{
    memset(to, 0, DW_STRIP_BYTES);
    for (size_t i = 0; i < repeats * n; i++)
        for (size_t y = 0; y < DW_TAPS; y++)
            for (size_t x = 0; x < DW_TAPS; x++)
                for (size_t shift = 0; shift < DW_SHIFTS; shift++)
                    to[(x * DW_SHIFTS + shift) * INT8_QUAD * INT8_BYTES + dw_byte_at(i) + y +
                       shift] = w[(y * DW_TAPS + x) * c + i % n];
}

/* The same of a window of any size. */
static void dw_pack_any(int8_t *to, const int8_t *w, size_t taps, size_t c, size_t n)
{
    memset(to, 0, dw_any_bytes(taps, 1));
    for (size_t t = 0; t < taps; t++)
        for (size_t i = 0; i < n; i++)
            to[t / 4 * INT8_QUAD * INT8_BYTES + dw_byte_at(i) + t % 4] = w[t * c + i];
}

static void dwconv_pack(void *packed, const int8_t *w, size_t kh, size_t kw, size_t c)
{
    int8_t *to = packed, *any = to + dw_3x3_size(kh, kw, c);

    for (size_t first = 0; first < c; first += INT8_BYTES, w += INT8_BYTES) {
        size_t n = c - first < INT8_BYTES ? c - first : INT8_BYTES;

        if (any != packed)
            dw_pack_strip(to, w, c, n, dw_repeats(c));
        to += DW_STRIP_BYTES;
        dw_pack_any(any + first / INT8_BYTES * dw_any_bytes(kh, kw), w, kh * kw, c, n);
    }
}

/* All but the strip's own fields. */
INT8_INLINE struct dw_strip dw_strip_of(const int8_dwconv *d, const uint8_t *beyond_line)
{
    return (struct dw_strip){.in_h = d->in_h,
                             .in_w = d->in_w,
                             .out_h = d->out_h,
                             .out_w = d->out_w,
                             .pad_top = (ptrdiff_t)d->pad_top,
                             .pad_left = (ptrdiff_t)d->pad_left,
                             .in_ld = d->in_ld,
                             .out_ld = d->out_ld,
                             .residual_ld = d->post->add.residual_ld,
                             .bytes = d->c,
                             .beyond = _mm512_set1_epi8((char)d->in_zero),
                             .beyond_line = beyond_line,
                             .finish = int8_finish_of(d->post)};
}

/* Channels c to c + n. */
INT8_INLINE void dw_strip_set(struct dw_strip *s, const int8_dwconv *d, size_t c, size_t n)
{
    const int8_post *post = d->post;
    __m512i scale[INT8_QUAD];

    s->in = d->in + c;
    s->out = d->out + c;
    s->residual = post->add.residual ? post->add.residual + c : NULL;
    s->mask = int8_first_bytes(n);
    dw_spread(s->bias, post->bias + c, n, dw_repeats(d->c));
    dw_spread(scale, post->scale + c, n, dw_repeats(d->c));
    for (size_t j = 0; j < INT8_QUAD; j++)
        s->scale.v[j] = _mm512_castsi512_ps(scale[j]);
}

/* --- any window --- */

/* Where a window's next tap is read. */
struct dw_walk {
    ptrdiff_t y, x; /* of the window on the map */
    size_t r, s;    /* of the tap in the window */
};

INT8_INLINE const uint8_t *dw_walk_on(const struct dw_strip *s, const int8_dwconv *d,
                                      struct dw_walk *at)
{
    size_t y = (size_t)(at->y + (ptrdiff_t)at->r), x = (size_t)(at->x + (ptrdiff_t)at->s);
    bool on_map = at->r < d->kh && y < s->in_h && x < s->in_w; /* what is negative is large here */

    if (++at->s == d->kw) {
        at->s = 0;
        at->r++;
    }
    return on_map ? s->in + (y * s->in_w + x) * s->in_ld : s->beyond_line;
}

INT8_INLINE void dw_any_output(const struct dw_strip *s, const int8_dwconv *d, size_t oy, size_t ox,
                               struct dw_how how)
{
    const bool full = how.fill == DW_FULL;
    struct dw_walk at = {(ptrdiff_t)(oy * d->stride_h) - s->pad_top,
                         (ptrdiff_t)(ox * d->stride_w) - s->pad_left, 0, 0};
    const int8_t *w = s->weight;
    __m512i acc[INT8_QUAD];

    dw_start(s, acc);
    for (; at.r < d->kh; w += (size_t)INT8_QUAD * INT8_BYTES) {
        struct dw_column c;
        __m512i l[DW_LINES];

        KERNELS_UNROLL
        for (size_t i = 0; i < DW_LINES; i++) {
            const uint8_t *p = dw_walk_on(s, d, &at);

            l[i] = full ? _mm512_loadu_si512(p) : int8_load_m(_mm512_setzero_si512(), s->mask, p);
        }
        c = dw_interleave(l[0], l[1], l[2], l[3]);
        KERNELS_UNROLL
        for (size_t j = 0; j < INT8_QUAD; j++)
            acc[j] = _mm512_dpbusd_epi32(acc[j], c.v[j], _mm512_loadu_si512(w + j * INT8_BYTES));
    }
    dw_finish(s, acc, oy * s->out_w + ox, s->mask, full, how);
}

INT8_INLINE void dw_any_rows(const struct dw_strip *strip, const int8_dwconv *args,
                             struct dw_how how)
{
    const struct dw_strip s = *strip; /* ours: stores through out can't change them */
    const int8_dwconv d = *args;

    for (size_t oy = 0; oy < s.out_h; oy++)
        for (size_t ox = 0; ox < s.out_w; ox++)
            dw_any_output(&s, &d, oy, ox, how);
}

INT8_TARGET static void dw_any_full(const struct dw_strip *s, const int8_dwconv *d)
{
    dw_any_rows(s, d, (struct dw_how){0, DW_FULL, false, false});
}

INT8_TARGET static void dw_any_full_add(const struct dw_strip *s, const int8_dwconv *d)
{
    dw_any_rows(s, d, (struct dw_how){0, DW_FULL, true, false});
}

INT8_TARGET static void dw_any_rest(const struct dw_strip *s, const int8_dwconv *d)
{
    dw_any_rows(s, d, (struct dw_how){0, DW_REST, false, false});
}

INT8_TARGET static void dw_any_rest_add(const struct dw_strip *s, const int8_dwconv *d)
{
    dw_any_rows(s, d, (struct dw_how){0, DW_REST, true, false});
}

/* --- all windows --- */

static bool dw_is_dense(const int8_dwconv *d)
{
    const int8_add *add = &d->post->add;

    return d->in_ld == d->c && d->out_ld == d->c && (!add->residual || add->residual_ld == d->c);
}

INT8_TARGET static void dw_run_3x3(const int8_dwconv *d, struct dw_strip *s)
{
    s->weight = d->weight;
    s->group = dw_is_dense(d) ? dw_repeats(d->c) : 1;
    for (size_t c = 0; c < d->c; c += INT8_BYTES, s->weight += DW_STRIP_BYTES) {
        size_t n = d->c - c < INT8_BYTES ? d->c - c : INT8_BYTES;
        enum dw_fill fill = s->group > 1 ? DW_GROUPS : n < INT8_BYTES ? DW_REST : DW_FULL;

        dw_strip_set(s, d, c, n);
        dw_strips[d->stride_h - 1][s->residual != NULL][fill](s);
    }
}

INT8_TARGET static void dw_run_any(const int8_dwconv *d, struct dw_strip *s)
{
    s->weight = (const int8_t *)d->weight + dw_3x3_size(d->kh, d->kw, d->c);
    for (size_t c = 0; c < d->c; c += INT8_BYTES, s->weight += dw_any_bytes(d->kh, d->kw)) {
        size_t n = d->c - c < INT8_BYTES ? d->c - c : INT8_BYTES;

        dw_strip_set(s, d, c, n);
        if (n == INT8_BYTES)
            (s->residual ? dw_any_full_add : dw_any_full)(s, d);
        else
            (s->residual ? dw_any_rest_add : dw_any_rest)(s, d);
    }
}

INT8_TARGET static void dwconv_run(const int8_dwconv *d)
{
    uint8_t beyond_line[INT8_BYTES];
    struct dw_strip s = dw_strip_of(d, beyond_line);

    memset(beyond_line, d->in_zero, sizeof beyond_line);
    if (d->kh == DW_TAPS && d->kw == DW_TAPS && d->stride_h == d->stride_w && d->stride_h <= 2 &&
        int8_is_small(d->post, 0, d->c, d->kh * d->kw))
        dw_run_3x3(d, &s);
    else
        dw_run_any(d, &s);
}
