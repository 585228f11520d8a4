/* Convolutions and pools: each onto the kernel that fits it. */
#include <assert.h>
#include <string.h>

#include "core/checked.h"
#include "core/error.h"
#include "infer/lower.h"
#include "net/op_params.h"

enum {
    GATHER_FLOATS = 8 * 1024, /* scratch that an im2col block may fill: 32 KiB, within L1 */
    BAND_FLOATS = 16 * 1024,  /* and the padded lines of a band: read once, in order */
    FEW_PLANES = 4            /* are interleaved while lines are copied; more want blocks */
};

/* ---- running ---- */

typedef struct tap_source { /* one image, one group of its channels */
    const float *p;
    const uint8_t *bytes; /* of a picture, in place of p */
    size_t h, w, c;
    ptrdiff_t step_h, step_w, step_c; /* floats from line to line, pixel to pixel; 1 but in bands */
} tap_source;

static void gather_tap(const tap_source *in, ptrdiff_t y, ptrdiff_t x, float *dst)
{
    if (y < 0 || x < 0 || (size_t)y >= in->h || (size_t)x >= in->w)
        memset(dst, 0, in->c * sizeof(float));
    else
        memcpy(dst, in->p + y * in->step_h + x * in->step_w, in->c * sizeof(float));
}

/* The window of output pixel (oy, ox) as one row: [R][S][C]. */
static void gather_window(const step_conv *v, const tap_source *in, size_t oy, size_t ox,
                          float *dst)
{
    ptrdiff_t y = (ptrdiff_t)(oy * v->stride[0]) - (ptrdiff_t)v->pad[0];
    ptrdiff_t x0 = (ptrdiff_t)(ox * v->stride[1]) - (ptrdiff_t)v->pad[1];
    size_t line = v->kernel[1] * in->c, r, s;
    bool adjacent = in->step_w == (ptrdiff_t)in->c && v->dilation[1] == 1 && x0 >= 0 &&
                    (size_t)x0 + v->kernel[1] <= in->w;

    for (r = 0; r < v->kernel[0]; r++, y += (ptrdiff_t)v->dilation[0]) {
        if (adjacent && y >= 0 && (size_t)y < in->h) {
            memcpy(dst, in->p + y * in->step_h + x0 * in->step_w, line * sizeof(float));
            dst += line;
            continue;
        }
        for (s = 0; s < v->kernel[1]; s++, dst += in->c)
            gather_tap(in, y, x0 + (ptrdiff_t)(s * v->dilation[1]), dst);
    }
}

static const float *offset_or_null(const float *p, size_t offset)
{
    return p ? p + offset : NULL;
}

/* One image, one group: gather s->u.conv.rows output pixels, multiply, go on. */
static void conv_gathered(const step *s, const kernels *k, const tap_source *in, gemm_args a)
{
    const step_conv *v = &s->u.conv;
    size_t out_w = s->out.dim[3], pixels = s->out.dim[2] * out_w, at, i;
    float *rows = step_data(&s->scratch), *c = a.c;
    kernel_post post = *a.post;
    const float *residual = post.residual;

    a.a = rows;
    a.a_row = a.k;
    a.post = &post;
    for (at = 0; at < pixels; at += v->rows) {
        a.m = pixels - at < v->rows ? pixels - at : v->rows;
        for (i = 0; i < a.m; i++)
            gather_window(v, in, (at + i) / out_w, (at + i) % out_w, rows + i * a.k);
        a.c = c + at * a.c_row;
        post.residual = offset_or_null(residual, at * post.residual_ld);
        k->gemm(&a);
    }
}

static void copy_pixels(const tap_source *in, const float *src, size_t n, float *dst)
{
    if (in->c == 3 && in->step_w == 1)
        pixels_of_planes_3(src, in->step_c, n, dst);
    else if (in->step_c != 1)
        for (size_t c = 0; c < in->c; c++)
            for (size_t x = 0; x < n; x++)
                dst[x * in->c + c] = src[(ptrdiff_t)x * in->step_w + (ptrdiff_t)c * in->step_c];
    else if (in->step_w == (ptrdiff_t)in->c)
        memcpy(dst, src, n * in->c * sizeof(float));
    else
        for (size_t x = 0; x < n; x++)
            memcpy(dst + x * in->c, src + (ptrdiff_t)x * in->step_w, in->c * sizeof(float));
}

/* Line y of the map between its pads; all zeros where y is beyond them. */
static void pad_line(const step_conv *v, const tap_source *in, ptrdiff_t y, size_t width,
                     float *dst)
{
    size_t left = v->pad[1] < width ? v->pad[1] : width, shown = width - left;

    if (y < 0 || (size_t)y >= in->h) {
        memset(dst, 0, width * in->c * sizeof(float));
        return;
    }
    if (shown > in->w)
        shown = in->w;
    memset(dst, 0, left * in->c * sizeof(float));
    dst += left * in->c;
    if (in->bytes)
        pixel_range_floats(v->pixels, in->bytes + (size_t)y * in->w * in->c, dst, shown * in->c);
    else
        copy_pixels(in, in->p + y * in->step_h, shown, dst);
    memset(dst + shown * in->c, 0, (width - left - shown) * in->c * sizeof(float));
}

/* One image, one group: copy the lines that a band of output lines sees, multiply them in place. */
static void conv_banded(const step *s, const kernels *k, const tap_source *in, gemm_args a)
{
    const step_conv *v = &s->u.conv;
    size_t out_h = s->out.dim[2], out_w = s->out.dim[3], width = step_conv_width(v, out_w);
    size_t line = width * in->c, at, i;
    float *lines = step_data(&s->scratch), *c = a.c;
    kernel_post post = *a.post;
    const float *residual = post.residual;

    a.m = out_w;
    a.a_row = v->stride[1] * in->c;
    a.a_run = v->kernel[1] * in->c;
    a.a_next = v->dilation[0] * line;
    a.post = &post;
    for (at = 0; at < out_h; at += v->band) {
        size_t n = out_h - at < v->band ? out_h - at : v->band;
        ptrdiff_t y = (ptrdiff_t)(at * v->stride[0]) - (ptrdiff_t)v->pad[0];
        for (i = 0; i < step_conv_lines(v, n); i++)
            pad_line(v, in, y + (ptrdiff_t)i, width, lines + i * line);
        for (i = 0; i < n; i++) {
            a.a = lines + i * v->stride[0] * line;
            a.c = c + (at + i) * out_w * a.c_row;
            post.residual = offset_or_null(residual, (at + i) * out_w * post.residual_ld);
            k->gemm(&a);
        }
    }
}

/* in[0]: the map; in[1]: residual or unused. */
static void run_conv(const step *s, const kernels *k)
{
    const step_conv *v = &s->u.conv;
    const infer_view *x = &s->in[0];
    size_t c = x->dim[1] / v->groups, o = s->out.dim[1] / v->groups, n, g;

    for (n = 0; n < s->out.dim[0]; n++) {
        for (g = 0; g < v->groups; g++) {
            ptrdiff_t image = (ptrdiff_t)n;
            kernel_post post = s->post;
            tap_source in = {.p = v->pixels ? NULL : step_data(x) + image * x->stride[0] + g * c,
                             .h = x->dim[2],
                             .w = x->dim[3],
                             .c = c,
                             .step_h = x->stride[2],
                             .step_w = x->stride[3],
                             .step_c = x->stride[1]};
            gemm_args a = {.m = s->out.dim[2] * s->out.dim[3],
                           .n = o,
                           .k = v->kernel[0] * v->kernel[1] * c,
                           .a = in.p,
                           .a_row = v->band ? 0 : infer_view_pixel_step(x),
                           .a_col = 1,
                           .b = v->packed + g * v->packed_size,
                           .c = step_data(&s->out) + image * s->out.stride[0] + g * o,
                           .c_row = infer_view_pixel_step(&s->out),
                           .post = &post};
            if (v->pixels)
                in.bytes = (const uint8_t *)step_data(x) + n * in.h * in.w * in.c;
            post.bias = offset_or_null(post.bias, g * o);
            post.slope = offset_or_null(post.slope, g * o);
            if (s->in[1].buf >= 0) {
                post.residual = step_data(&s->in[1]) + image * s->in[1].stride[0] + g * o;
                post.residual_ld = infer_view_pixel_step(&s->in[1]);
            }
            if (v->band)
                conv_banded(s, k, &in, a);
            else if (v->rows)
                conv_gathered(s, k, &in, a);
            else
                k->gemm(&a);
        }
    }
}

static void run_dwconv(const step *s, const kernels *k)
{
    size_t n;

    for (n = 0; n < s->out.dim[0]; n++) {
        dwconv_args a = s->u.dwconv;
        kernel_post post = s->post;
        a.in = step_data(&s->in[0]) + (ptrdiff_t)n * s->in[0].stride[0];
        a.out = step_data(&s->out) + (ptrdiff_t)n * s->out.stride[0];
        a.out_ld = infer_view_pixel_step(&s->out);
        a.post = &post;
        if (s->in[1].buf >= 0) {
            post.residual = step_data(&s->in[1]) + (ptrdiff_t)n * s->in[1].stride[0];
            post.residual_ld = infer_view_pixel_step(&s->in[1]);
        }
        k->dwconv(&a);
    }
}

static void run_pool(const step *s, const kernels *k)
{
    size_t n;

    for (n = 0; n < s->out.dim[0]; n++) {
        pool_args a = s->u.pool;
        a.in = step_data(&s->in[0]) + (ptrdiff_t)n * s->in[0].stride[0];
        a.out = step_data(&s->out) + (ptrdiff_t)n * s->out.stride[0];
        k->pool(&a);
    }
}

/* One image, one group of a transposed convolution: products of every input pixel with every tap,
 * scattered over the output, which holds the bias already. */
static void scatter(const step *s, const float *cols, float *out, size_t o)
{
    const step_conv *v = &s->u.conv;
    size_t h = s->in[0].dim[2], w = s->in[0].dim[3], oh = s->out.dim[2], ow = s->out.dim[3];
    size_t y, x, r, q, c;

    for (y = 0; y < h; y++)
        for (x = 0; x < w; x++)
            for (r = 0; r < v->kernel[0]; r++)
                for (q = 0; q < v->kernel[1]; q++, cols += o) {
                    size_t oy = y * v->stride[0] + r * v->dilation[0] - v->pad[0];
                    size_t ox = x * v->stride[1] + q * v->dilation[1] - v->pad[1];
                    float *dst;
                    if (oy >= oh || ox >= ow) /* below 0 wraps to huge */
                        continue;
                    dst = out + (oy * ow + ox) * s->out.dim[1];
                    for (c = 0; c < o; c++)
                        dst[c] += cols[c];
                }
}

static void run_conv_transpose(const step *s, const kernels *k)
{
    const step_conv *v = &s->u.conv;
    const infer_view *x = &s->in[0];
    size_t c = x->dim[1] / v->groups, total = s->out.dim[1], o = total / v->groups;
    size_t pixels = s->out.dim[2] * s->out.dim[3], n, g, i;

    for (n = 0; n < s->out.dim[0]; n++) {
        float *out = step_data(&s->out) + (ptrdiff_t)n * s->out.stride[0];
        for (i = 0; i < pixels; i++) {
            if (s->post.bias)
                memcpy(out + i * total, s->post.bias, total * sizeof(float));
            else
                memset(out + i * total, 0, total * sizeof(float));
        }
        for (g = 0; g < v->groups; g++) {
            gemm_args a = {.m = x->dim[2] * x->dim[3],
                           .n = v->kernel[0] * v->kernel[1] * o,
                           .k = c,
                           .a = step_data(x) + (ptrdiff_t)n * x->stride[0] + g * c,
                           .a_row = infer_view_pixel_step(x),
                           .a_col = 1,
                           .b = v->packed + g * v->packed_size,
                           .c = step_data(&s->scratch),
                           .c_row = v->kernel[0] * v->kernel[1] * o};
            k->gemm(&a);
            scatter(s, a.c, out + g * o, o);
        }
    }
}

/* ---- lowering ---- */

void lower_set_window(step_conv *v, const net_conv_params *p)
{
    assert(p->groups);
    v->groups = p->groups;
    memcpy(v->kernel, p->kernel, sizeof v->kernel);
    memcpy(v->stride, p->stride, sizeof v->stride);
    memcpy(v->dilation, p->dilation, sizeof v->dilation);
    memcpy(v->pad, p->pad, sizeof v->pad);
}

/* Weights [O][C/G][R][S] of group g as the matrix B[(r, s, c)][o]. */
static bool pack_conv(lower *l, const net_tensor *w, step_conv *v)
{
    size_t o = (size_t)w->shape.dim[0] / v->groups, c = (size_t)w->shape.dim[1];
    size_t taps = v->kernel[0] * v->kernel[1], k = taps * c, g, i, t, ci;
    const float *src = w->data;
    float *b, *packed;
    bool ready;

    v->packed_size = l->k->gemm_packed_size(k, o);
    packed = lower_packed(
        l,
        &(packed_weights){
            .of = w, .used_by = run_conv, .groups = v->groups, .count = v->packed_size * v->groups},
        &ready);
    v->packed = packed;
    if (ready || !packed)
        return packed != NULL;
    b = arena_alloc(&l->tmp, k * o, sizeof(float));
    if (!b)
        return false;
    for (g = 0; g < v->groups; g++, src += o * k) {
        for (i = 0; i < o; i++)
            for (ci = 0; ci < c; ci++)
                for (t = 0; t < taps; t++)
                    b[(t * c + ci) * o + i] = src[(i * c + ci) * taps + t];
        l->k->gemm_pack(packed + g * v->packed_size, b, o, 1, k, o);
    }
    return true;
}

static pfld_status float_constant(lower *l, size_t i, const net_tensor **t)
{
    *t = lower_in_value(l, i)->constant;
    if (!*t || (*t)->dtype != NET_F32)
        return lower_unsupported(l, "weights that are not float constants");
    return PFLD_OK;
}

/* What all convolutions share: bias, absorbed followers, output, multiply-adds. */
static pfld_status finish_conv(lower *l, step *s, bool absorb)
{
    const net_tensor *bias = NULL;
    int32_t value = l->node->out[0];
    const net_shape *shape = &l->g->values[value].shape;
    pfld_status st = PFLD_OK;

    if (lower_has_in(l, 2))
        st = float_constant(l, 2, &bias);
    if (st != PFLD_OK)
        return st;
    s->post.bias = bias ? bias->data : NULL;
    if (absorb)
        value = lower_absorb(l, value, (size_t)shape->dim[1], &s->post, &s->in[1]);
    if (value == NET_NONE ||
        !(absorb ? lower_new_map(l, value, &s->out) : lower_new_nhwc(l, shape, &s->out)))
        return lower_nomem(l);
    lower_set_value(l, value, &s->out);
    return PFLD_OK;
}

static uint64_t conv_macs(const net_shape *map, const net_conv_params *p, int64_t per_group)
{
    return (uint64_t)map->dim[0] * (uint64_t)map->dim[1] * (uint64_t)map->dim[2] *
           (uint64_t)map->dim[3] * p->kernel[0] * p->kernel[1] * (uint64_t)per_group;
}

static pfld_status lower_dwconv(lower *l, const net_conv_params *p, const net_tensor *w,
                                const infer_view *x)
{
    const net_shape *out = &lower_out_value(l, 0)->shape;
    size_t c = x->dim[1], taps = p->kernel[0] * p->kernel[1], i, t;
    bool ready;
    float *weight = lower_packed(
        l, &(packed_weights){.of = w, .used_by = run_dwconv, .count = taps * c}, &ready);
    const float *src = w->data;
    step *s;

    if (!weight)
        return lower_nomem(l);
    for (i = 0; i < c && !ready; i++)
        for (t = 0; t < taps; t++)
            weight[t * c + i] = src[i * taps + t];
    s = lower_step(l, run_dwconv);
    if (!s)
        return lower_nomem(l);
    s->in[0] = *x;
    s->macs = conv_macs(out, p, 1);
    s->u.dwconv = (dwconv_args){.in_h = x->dim[2],
                                .in_w = x->dim[3],
                                .out_h = (size_t)out->dim[2],
                                .out_w = (size_t)out->dim[3],
                                .c = c,
                                .kh = p->kernel[0],
                                .kw = p->kernel[1],
                                .stride_h = p->stride[0],
                                .stride_w = p->stride[1],
                                .pad_top = p->pad[0],
                                .pad_left = p->pad[1],
                                .dilation_h = p->dilation[0],
                                .dilation_w = p->dilation[1],
                                .in_ld = infer_view_pixel_step(x),
                                .weight = weight,
                                .out_ld = c};
    return finish_conv(l, s, true);
}

/* 1x1 on adjacent pixels, or a window that is the whole map: no gathering. */
static bool map_is_matrix(const step_conv *v, const infer_view *x)
{
    bool unpadded = !v->pad[0] && !v->pad[1] && !v->pad[2] && !v->pad[3];

    if (!unpadded)
        return false;
    if (v->kernel[0] == 1 && v->kernel[1] == 1)
        return v->stride[0] == 1 && v->stride[1] == 1;
    return v->groups == 1 && v->kernel[0] == x->dim[2] && v->kernel[1] == x->dim[3] &&
           v->dilation[0] == 1 && v->dilation[1] == 1 && infer_view_pixel_step(x) == x->dim[1];
}

/* Lines wide enough to fill tiles are multiplied where they lie; short ones would waste them. */
static bool has_long_lines(const lower *l, const step_conv *v, size_t out_w)
{
    return v->dilation[1] == 1 && out_w > l->k->gemm_mr;
}

bool lower_set_band(step_conv *v, size_t out_h, size_t line, size_t room, size_t *count)
{
    size_t reach = step_conv_lines(v, 1), lines;

    assert(line); /* no map is empty */
    lines = room / line;
    v->band = lines > reach ? (lines - reach) / v->stride[0] + 1 : 1;
    if (v->band > out_h)
        v->band = out_h;
    return checked_mul(step_conv_lines(v, v->band), line, count);
}

static bool set_band(lower *l, step *s, bool *banded)
{
    step_conv *v = &s->u.conv;
    size_t out_w = s->out.dim[3], c = s->in[0].dim[1] / v->groups, line, count;

    *banded = has_long_lines(l, v, out_w);
    if (!*banded)
        return true;
    return checked_mul(step_conv_width(v, out_w), c, &line) &&
           lower_set_band(v, s->out.dim[2], line, BAND_FLOATS, &count) &&
           lower_new_scratch(l, count, &s->scratch);
}

static bool set_gather(lower *l, step *s)
{
    step_conv *v = &s->u.conv;
    size_t k = v->kernel[0] * v->kernel[1] * (s->in[0].dim[1] / v->groups);
    size_t pixels = s->out.dim[2] * s->out.dim[3], count;
    bool banded = false;

    if (map_is_matrix(v, &s->in[0]))
        return true;
    if (!set_band(l, s, &banded))
        return false;
    if (banded)
        return true;
    v->rows = GATHER_FLOATS / k;
    v->rows = v->rows / l->k->gemm_mr * l->k->gemm_mr;
    if (v->rows < l->k->gemm_mr)
        v->rows = l->k->gemm_mr;
    if (v->rows > pixels)
        v->rows = pixels;
    return checked_mul(v->rows, k, &count) && lower_new_scratch(l, count, &s->scratch);
}

/* Such a step copies lines anyway: of a picture's bytes, or of its planes, as well. */
static bool copies_lines(const lower *l, const step_conv *v, const infer_view *x)
{
    return v->groups == 1 && x->dim[1] <= FEW_PLANES && !map_is_matrix(v, x) &&
           has_long_lines(l, v, (size_t)lower_out_value(l, 0)->shape.dim[3]);
}

static pfld_status conv_input(lower *l, step_conv *v, infer_view *x)
{
    pfld_status st;

    if (l->node->in[0] == l->picture) {
        *x = infer_view_nhwc(l->shown.v.buf, &lower_in_value(l, 0)->shape);
        if (copies_lines(l, v, x)) {
            v->pixels = l->pixels;
            return PFLD_OK;
        }
    }
    st = lower_in(l, 0, x);
    if (st != PFLD_OK || copies_lines(l, v, x))
        return st;
    return lower_as_pixels(l, x) ? PFLD_OK : lower_nomem(l);
}

pfld_status lower_conv(lower *l)
{
    net_conv_params p;
    const net_tensor *w;
    infer_view x;
    step_conv conv = {0};
    step *s;
    bool done;
    pfld_status st = lower_int8_conv(l, &done);

    if (st != PFLD_OK || done)
        return st;
    st = net_conv_get(l->g, l->node, &p, l->err);
    if (st == PFLD_OK)
        st = float_constant(l, 1, &w);
    if (st != PFLD_OK)
        return st;
    lower_set_window(&conv, &p);
    st = conv_input(l, &conv, &x);
    if (st != PFLD_OK)
        return st;
    if (p.groups == x.dim[1] && p.groups > 1 && w->shape.dim[0] == (int64_t)p.groups)
        return lower_dwconv(l, &p, w, &x);
    if (!pack_conv(l, w, &conv))
        return lower_nomem(l);
    s = lower_step(l, run_conv);
    if (!s)
        return lower_nomem(l);
    s->in[0] = x;
    s->u.conv = conv;
    s->macs = conv_macs(&lower_out_value(l, 0)->shape, &p, w->shape.dim[1]);
    st = finish_conv(l, s, true);
    if (st == PFLD_OK && !set_gather(l, s))
        st = lower_nomem(l);
    return st;
}

/* Weights [C][O/G][R][S]: of group g as the matrix B[c][(r, s, o)]. */
static bool pack_conv_transpose(lower *l, const net_tensor *w, step_conv *v)
{
    size_t c = (size_t)w->shape.dim[0] / v->groups, o = (size_t)w->shape.dim[1];
    size_t taps = v->kernel[0] * v->kernel[1], n = taps * o, g, i, t, ci;
    const float *src = w->data;
    float *b, *packed;
    bool ready;

    v->packed_size = l->k->gemm_packed_size(c, n);
    packed = lower_packed(l,
                          &(packed_weights){.of = w,
                                            .used_by = run_conv_transpose,
                                            .groups = v->groups,
                                            .count = v->packed_size * v->groups},
                          &ready);
    v->packed = packed;
    if (ready || !packed)
        return packed != NULL;
    b = arena_alloc(&l->tmp, c * n, sizeof(float));
    if (!b)
        return false;
    for (g = 0; g < v->groups; g++, src += c * n) {
        for (ci = 0; ci < c; ci++)
            for (i = 0; i < o; i++)
                for (t = 0; t < taps; t++)
                    b[ci * n + t * o + i] = src[(ci * o + i) * taps + t];
        l->k->gemm_pack(packed + g * v->packed_size, b, n, 1, c, n);
    }
    return true;
}

pfld_status lower_conv_transpose(lower *l)
{
    net_conv_params p;
    const net_tensor *w;
    infer_view x;
    step_conv conv = {0};
    step *s;
    size_t count;
    pfld_status st = net_conv_get(l->g, l->node, &p, l->err);

    if (st == PFLD_OK)
        st = float_constant(l, 1, &w);
    if (st == PFLD_OK)
        st = lower_in(l, 0, &x);
    if (st != PFLD_OK)
        return st;
    lower_set_window(&conv, &p);
    if (!lower_as_pixels(l, &x) || !pack_conv_transpose(l, w, &conv))
        return lower_nomem(l);
    s = lower_step(l, run_conv_transpose);
    if (!s)
        return lower_nomem(l);
    s->in[0] = x;
    s->u.conv = conv;
    s->macs = conv_macs(&lower_in_value(l, 0)->shape, &p, w->shape.dim[1]);
    st = finish_conv(l, s, false); /* sums are complete only after the scatter */
    if (st == PFLD_OK &&
        (!checked_mul(x.dim[2] * x.dim[3], p.kernel[0] * p.kernel[1] * (size_t)w->shape.dim[1],
                      &count) ||
         !lower_new_scratch(l, count, &s->scratch)))
        st = lower_nomem(l);
    return st;
}

pfld_status lower_pool(lower *l)
{
    net_pool_params p;
    infer_view x;
    step *s;
    pfld_status st = net_pool_get(l->g, l->node, &p, l->err);

    if (st == PFLD_OK)
        st = lower_in(l, 0, &x);
    if (st != PFLD_OK)
        return st;
    if (l->node->n_out > 1 && l->node->out[1] != NET_NONE)
        return lower_unsupported(l, "the indices of the maxima");
    if (!lower_as_pixels(l, &x))
        return lower_nomem(l);
    s = lower_step(l, run_pool);
    if (!s || !lower_new_nhwc(l, &lower_out_value(l, 0)->shape, &s->out))
        return lower_nomem(l);
    s->in[0] = x;
    s->u.pool = (pool_args){.kind = p.mean ? POOL_MEAN : POOL_MAX,
                            .count_padding = p.count_pad,
                            .in_h = x.dim[2],
                            .in_w = x.dim[3],
                            .out_h = p.out[0],
                            .out_w = p.out[1],
                            .c = x.dim[1],
                            .kh = p.kernel[0],
                            .kw = p.kernel[1],
                            .stride_h = p.stride[0],
                            .stride_w = p.stride[1],
                            .pad_top = p.pad[0],
                            .pad_left = p.pad[1],
                            .pad_bottom = p.pad[2],
                            .pad_right = p.pad[3],
                            .dilation_h = p.dilation[0],
                            .dilation_w = p.dilation[1],
                            .in_ld = infer_view_pixel_step(&x),
                            .out_ld = x.dim[1]};
    lower_set_out(l, 0, &s->out);
    return PFLD_OK;
}
