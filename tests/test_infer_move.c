/* infer: operators that move, repeat, pad and resize, against plain loops. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "infer_ref.h"
#include "infer_rig.h"

enum { LAYOUTS = 2 };

/* A map that lies row by row or as NHWC. */
static int32_t map_in(rig *r, ref t, int layout)
{
    int32_t x = rig_input(r, t);

    return layout ? rig_nhwc(r, x) : x;
}

/* ---- slice, split, concat ---- */

static void slices_of_one_axis(void **state)
{
    static const int64_t ranges[][3] = {
        {0, 3, 1},   {1, INT64_MAX, 2},  {-3, -1, 1}, {-1, INT64_MIN, -1}, {4, 0, -2},
        {99, 1, -1}, {INT64_MIN, 99, 3}, {2, 3, 99},  {3, 2, -99},         {-2, INT64_MIN, -3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        for (int64_t axis = 0; axis < 4; axis++)
            for (int layout = 0; layout < LAYOUTS; layout++) {
                const int64_t *s = ranges[i];
                /* clipped for plain arithmetic, which 99 does not overflow */
                int64_t start = s[0] < -99 ? -99 : s[0], end = s[1] > 99 ? 99 : s[1];
                rig r;
                ref x;
                int32_t y;
                rig_open(&r, 13);
                x = ref_random(-1, 1, DIMS(5, 6, 5, 7));
                y = rig_node(&r, NET_OP_SLICE, map_in(&r, x, layout), rig_longs(&r, 1, &s[0]),
                             rig_longs(&r, 1, &s[1]), rig_longs(&r, 1, &axis),
                             rig_longs(&r, 1, &s[2]));
                rig_expect(&r, y, ref_slice(x, (size_t)axis, start, end < -99 ? -99 : end, s[2]));
                rig_check(&r);
            }
}

static void slices_by_attributes_and_of_slices(void **state)
{
    rig r;
    ref x, t;
    int32_t y;

    (void)state;
    rig_open(&r, 9);
    x = ref_random(-1, 1, DIMS(2, 6, 9));
    y = rig_node(&r, NET_OP_SLICE, rig_input(&r, x));
    rig_ints(&r, "starts", LONGS(1, -4));
    rig_ints(&r, "ends", LONGS(5, 100));
    rig_ints(&r, "axes", LONGS(1, 2));
    t = ref_slice(ref_slice(x, 1, 1, 5, 1), 2, -4, 100, 1);
    rig_expect(&r, y, t);
    y = rig_node(&r, NET_OP_SLICE, y);
    rig_ints(&r, "starts", LONGS(0, 2));
    rig_ints(&r, "ends", LONGS(1, 3));
    rig_expect(&r, y, ref_slice(ref_slice(t, 0, 0, 1, 1), 1, 2, 3, 1));
    rig_check(&r);
}

static void splits_along_any_axis(void **state)
{
    (void)state;
    for (int layout = 0; layout < LAYOUTS; layout++)
        for (int64_t axis = 0; axis < 4; axis++) {
            rig r;
            ref x;
            int32_t in[2], out[3];
            rig_open(&r, 13);
            x = ref_random(-1, 1, DIMS(6, 6, 6, 6));
            in[0] = map_in(&r, x, layout);
            in[1] = rig_longs(&r, LONGS(1, 3, 2));
            rig_node_split(&r, NET_OP_SPLIT, 2, in, 3, out);
            rig_int(&r, "axis", axis);
            rig_expect(&r, out[2], ref_slice(x, (size_t)axis, 4, 6, 1));
            rig_expect(&r, out[0], ref_slice(x, (size_t)axis, 0, 1, 1));
            rig_expect(&r, out[1], ref_slice(x, (size_t)axis, 1, 4, 1));
            in[0] = out[1];
            rig_node_split(&r, NET_OP_SPLIT, 1, in, 3, out);
            rig_int(&r, "axis", axis - 4);
            rig_expect(&r, out[1], ref_slice(x, (size_t)axis, 2, 3, 1));
            rig_check(&r);
        }
}

static void concats_along_any_axis(void **state)
{
    (void)state;
    for (int layout = 0; layout < LAYOUTS * LAYOUTS; layout++)
        for (size_t axis = 0; axis < 4; axis++) {
            rig r;
            size_t dim[4] = {2, 3, 4, 5};
            ref part[4];
            int32_t v[4], y;
            rig_open(&r, 13);
            part[0] = ref_random(-1, 1, 4, dim);
            dim[axis] = 1;
            part[1] = ref_random(-1, 1, 4, dim);
            dim[axis] = 4;
            part[2] = ref_random(-1, 1, 4, dim);
            part[3] = part[0];
            v[0] = map_in(&r, part[0], layout % LAYOUTS);
            v[1] = rig_const(&r, part[1]);
            v[2] = map_in(&r, part[2], layout / LAYOUTS);
            v[3] = v[0];
            y = rig_node_of(&r, NET_OP_CONCAT, 4, v);
            rig_int(&r, "axis", axis % 2 ? (int64_t)axis - 4 : (int64_t)axis);
            rig_expect(&r, y, ref_concat(4, part, axis));
            rig_check(&r);
        }
}

/* ShuffleNet: halves, one through a view, joined, groups of channels interleaved. */
static void channels_are_shuffled(void **state)
{
    rig r;
    ref x, t, parts[2];
    int32_t v, half[2];

    (void)state;
    rig_open(&r, 13);
    x = ref_random(-1, 1, DIMS(2, 6, 3, 4));
    v = map_in(&r, x, 1);
    rig_node_split(&r, NET_OP_SPLIT, 1, &v, 2, half);
    rig_int(&r, "axis", 1);
    v = rig_node(&r, NET_OP_CONCAT, half[1], half[0]);
    rig_int(&r, "axis", 1);
    parts[0] = ref_slice(x, 1, 3, 6, 1);
    parts[1] = ref_slice(x, 1, 0, 3, 1);
    t = ref_concat(2, parts, 1);
    v = rig_node(&r, NET_OP_RESHAPE, v, rig_longs(&r, LONGS(2, 2, 3, 3, 4)));
    v = rig_node(&r, NET_OP_TRANSPOSE, v);
    rig_ints(&r, "perm", LONGS(0, 2, 1, 3, 4));
    v = rig_node(&r, NET_OP_RESHAPE, v, rig_longs(&r, LONGS(0, -1, 3, 4)));
    t = ref_transpose(ref_reshape(t, DIMS(2, 2, 3, 3, 4)), DIMS(0, 2, 1, 3, 4));
    rig_expect(&r, v, ref_reshape(t, DIMS(2, 6, 3, 4)));
    rig_check(&r);
}

/* ---- transpose, reshape, flatten, squeeze ---- */

static void transposes_of_every_order(void **state)
{
    (void)state;
    for (int layout = 0; layout < LAYOUTS; layout++)
        for (size_t code = 0; code < 256; code++) {
            size_t perm[4] = {code >> 6, code >> 4 & 3, code >> 2 & 3, code & 3};
            int64_t list[4];
            rig r;
            ref x;
            int32_t y;
            if ((1u << perm[0] | 1u << perm[1] | 1u << perm[2] | 1u << perm[3]) != 15)
                continue;
            rig_open(&r, 13);
            x = ref_random(-1, 1, DIMS(2, 3, 4, 5));
            for (size_t i = 0; i < 4; i++)
                list[i] = (int64_t)perm[i];
            y = rig_node(&r, NET_OP_TRANSPOSE, map_in(&r, x, layout));
            rig_ints(&r, "perm", 4, list);
            rig_expect(&r, y, ref_transpose(x, 4, perm));
            rig_check(&r);
        }
}

static void a_transpose_without_order_reverses(void **state)
{
    rig r;
    ref x;

    (void)state;
    rig_open(&r, 13);
    x = ref_random(-1, 1, DIMS(2, 3, 4));
    rig_expect(&r, rig_node(&r, NET_OP_TRANSPOSE, rig_input(&r, x)),
               ref_transpose(x, DIMS(2, 1, 0)));
    rig_check(&r);
}

/* As detectors end: NHWC maps of several sizes, flattened and joined. */
static void detector_heads_are_joined(void **state)
{
    rig r;
    ref part[2];
    int32_t v[2], y;

    (void)state;
    rig_open(&r, 11);
    for (size_t i = 0; i < 2; i++) {
        ref x = ref_random(-1, 1, DIMS(1, 8, 4 >> i, 6 >> i));
        v[i] = rig_node(&r, NET_OP_TRANSPOSE, map_in(&r, x, 1));
        rig_ints(&r, "perm", LONGS(0, 2, 3, 1));
        v[i] = rig_node(&r, NET_OP_RESHAPE, v[i], rig_longs(&r, LONGS(1, -1, 4)));
        part[i] =
            ref_reshape(ref_transpose(x, DIMS(0, 2, 3, 1)), DIMS(1, x.dim[2] * x.dim[3] * 2, 4));
    }
    y = rig_node(&r, NET_OP_CONCAT, v[0], v[1]);
    rig_int(&r, "axis", 1);
    rig_expect(&r, y, ref_concat(2, part, 1));
    y = rig_node(&r, NET_OP_SOFTMAX, y);
    rig_int(&r, "axis", 2);
    rig_expect(&r, y, ref_softmax(ref_concat(2, part, 1), 2));
    rig_check(&r);
}

static void reshapes_see_row_order(void **state)
{
    (void)state;
    for (int layout = 0; layout < LAYOUTS; layout++) {
        rig r;
        ref x;
        int32_t v;
        rig_open(&r, 13);
        x = ref_random(-1, 1, DIMS(2, 6, 4, 5));
        v = map_in(&r, x, layout);
        rig_expect(&r, rig_node(&r, NET_OP_RESHAPE, v, rig_longs(&r, LONGS(-1))),
                   ref_reshape(x, DIMS(240)));
        rig_expect(&r, rig_node(&r, NET_OP_RESHAPE, v, rig_longs(&r, LONGS(0, 0, -1))),
                   ref_reshape(x, DIMS(2, 6, 20)));
        rig_expect(&r, rig_node(&r, NET_OP_RESHAPE, v, rig_longs(&r, LONGS(2, 2, 3, 2, 2, 5))),
                   ref_reshape(x, DIMS(2, 2, 3, 2, 2, 5)));
        rig_expect(&r, rig_node(&r, NET_OP_RESHAPE, v, rig_longs(&r, LONGS(5, 1, 48))),
                   ref_reshape(x, DIMS(5, 1, 48)));
        v = rig_node(&r, NET_OP_RESHAPE, v, rig_longs(&r, LONGS(1, 2, 6, 20)));
        v = rig_nhwc(&r, v); /* a map again, whose layout is not the first one's */
        rig_expect(&r, v, ref_reshape(x, DIMS(1, 2, 6, 20)));
        rig_check(&r);
    }
}

static void flattening_a_map_sees_row_order(void **state)
{
    (void)state;
    for (int layout = 0; layout < LAYOUTS; layout++)
        for (int64_t axis = 0; axis <= 4; axis++) {
            rig r;
            ref x, w;
            size_t dim[2] = {1, 1};
            int32_t y;
            rig_open(&r, 13);
            x = ref_random(-1, 1, DIMS(2, 3, 4, 5));
            y = rig_node(&r, NET_OP_FLATTEN, map_in(&r, x, layout));
            if (axis != 1)
                rig_int(&r, "axis", axis);
            for (size_t i = 0; i < 4; i++)
                dim[i >= (size_t)axis] *= x.dim[i];
            x = ref_reshape(x, 2, dim);
            w = ref_random(-1, 1, DIMS(dim[1], 3));
            rig_expect(&r, y, x);
            rig_expect(&r, rig_node(&r, NET_OP_GEMM, y, rig_const(&r, w)), ref_matmul(x, w));
            rig_check(&r);
        }
}

static void axes_of_one_come_and_go(void **state)
{
    (void)state;
    for (int64_t opset = 11; opset <= 13; opset += 2) {
        rig r;
        ref x;
        int32_t v, y;
        rig_open(&r, opset);
        x = ref_random(-1, 1, DIMS(1, 5, 1, 1));
        v = map_in(&r, x, 1);
        if (opset == 13) {
            y = rig_node(&r, NET_OP_SQUEEZE, v, rig_longs(&r, LONGS(-1, 2)));
        } else {
            y = rig_node(&r, NET_OP_SQUEEZE, v);
            rig_ints(&r, "axes", LONGS(-1, 2));
        }
        rig_expect(&r, y, ref_reshape(x, DIMS(1, 5)));
        rig_expect(&r, rig_node(&r, NET_OP_SQUEEZE, v), ref_reshape(x, DIMS(5)));
        if (opset == 13) {
            y = rig_node(&r, NET_OP_UNSQUEEZE, y, rig_longs(&r, LONGS(3, 0)));
        } else {
            y = rig_node(&r, NET_OP_UNSQUEEZE, y);
            rig_ints(&r, "axes", LONGS(3, 0));
        }
        rig_expect(&r, y, ref_reshape(x, DIMS(1, 1, 5, 1)));
        rig_check(&r);
    }
}

static void unsqueezed_axes_count_in_the_result(void **state)
{
    rig r;
    ref x;
    int32_t v;

    (void)state;
    rig_open(&r, 13);
    x = ref_random(-1, 1, DIMS(2, 3));
    v = rig_node(&r, NET_OP_UNSQUEEZE, rig_input(&r, x), rig_longs(&r, LONGS(-1, 0, 2)));
    rig_expect(&r, v, ref_reshape(x, DIMS(1, 2, 1, 3, 1)));
    rig_check(&r);
}

/* ---- pad ---- */

static const char *const pad_modes[] = {"constant", "reflect", "edge", "wrap"};

static void pads_of_every_mode(void **state)
{
    static const int64_t pads[][8] = {
        {0, 0, 1, 2, 0, 0, 3, 0},   {0, 2, 0, 0, 0, 1, 0, 0},    {1, 0, 0, 0, 1, 0, 0, 0},
        {0, 0, -1, 2, 0, 0, 0, -2}, {0, -1, 0, -2, 0, 2, -2, 2}, {0, 0, 0, 0, 0, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof pads / sizeof *pads; i++)
        for (int mode = REF_CONSTANT; mode <= REF_WRAP; mode++)
            for (int layout = 0; layout < LAYOUTS; layout++) {
                rig r;
                ref x, cut;
                int64_t grow[8];
                int32_t y;
                rig_open(&r, 19);
                x = ref_random(-1, 1, DIMS(2, 5, 6, 7));
                y = rig_node(&r, NET_OP_PAD, map_in(&r, x, layout), rig_longs(&r, 8, pads[i]),
                             rig_const(&r, ref_scalar(mode ? 0 : 0.75)));
                rig_text(&r, "mode", pad_modes[mode]);
                cut = x; /* what is cut off goes first */
                for (size_t k = 0; k < 4; k++) {
                    int64_t first = pads[i][k] < 0 ? -pads[i][k] : 0;
                    int64_t end = pads[i][4 + k] < 0 ? pads[i][4 + k] : 0;
                    cut = ref_slice(cut, k, first, (int64_t)x.dim[k] + end, 1);
                    grow[k] = pads[i][k] < 0 ? 0 : pads[i][k];
                    grow[4 + k] = pads[i][4 + k] < 0 ? 0 : pads[i][4 + k];
                }
                rig_expect(&r, y, ref_pad(cut, (ref_pad_mode)mode, 0.75, 8, grow));
                rig_check(&r);
            }
}

static void pads_by_attributes_and_by_axes(void **state)
{
    static const int64_t all[] = {0, 0, 1, 0, 0, 2}, some[] = {1, 0, 0, 2, 0, 0};
    rig r;
    ref x;
    int32_t y;

    (void)state;
    rig_open(&r, 9);
    x = ref_random(-1, 1, DIMS(2, 3, 4));
    y = rig_node(&r, NET_OP_PAD, rig_input(&r, x));
    rig_ints(&r, "pads", 6, all);
    rig_float(&r, "value", -0.5f);
    rig_expect(&r, y, ref_pad(x, REF_CONSTANT, -0.5, 6, all));
    rig_check(&r);
    rig_open(&r, 18);
    x = ref_random(-1, 1, DIMS(2, 3, 4));
    y = rig_node(&r, NET_OP_PAD, rig_input(&r, x), rig_longs(&r, LONGS(1, 2)), NET_NONE,
                 rig_longs(&r, LONGS(-3)));
    rig_expect(&r, y, ref_pad(x, REF_CONSTANT, 0, 6, some));
    rig_check(&r);
}

/* All is cut off, and then there is nothing to mirror, repeat or wrap. */
static void pads_of_nothing_are_refused(void **state)
{
    (void)state;
    for (int mode = REF_REFLECT; mode <= REF_WRAP; mode++) {
        rig r;
        ref x;
        int32_t y;
        rig_open(&r, 19);
        x = ref_random(-1, 1, DIMS(2, 5));
        y = rig_node(&r, NET_OP_PAD, rig_input(&r, x), rig_longs(&r, LONGS(0, -5, 0, 4)));
        rig_text(&r, "mode", pad_modes[mode]);
        rig_expect(&r, y, ref_slice(x, 1, 0, 4, 1));
        rig_refused(&r, PFLD_ERR_FORMAT, "(Pad)");
    }
}

/* ---- repetition ---- */

static void tiles_and_expansions(void **state)
{
    (void)state;
    for (int layout = 0; layout < LAYOUTS; layout++) {
        rig r;
        ref x;
        int32_t v;
        rig_open(&r, 13);
        x = ref_random(-1, 1, DIMS(1, 3, 1, 4));
        v = map_in(&r, x, layout);
        rig_expect(&r, rig_node(&r, NET_OP_TILE, v, rig_longs(&r, LONGS(2, 1, 3, 1))),
                   ref_tile(x, DIMS(2, 1, 3, 1)));
        rig_expect(&r, rig_node(&r, NET_OP_TILE, v, rig_longs(&r, LONGS(1, 2, 1, 3))),
                   ref_tile(x, DIMS(1, 2, 1, 3)));
        rig_expect(&r, rig_node(&r, NET_OP_TILE, v, rig_longs(&r, LONGS(1, 1, 1, 1))), x);
        rig_expect(&r, rig_node(&r, NET_OP_EXPAND, v, rig_longs(&r, LONGS(2, 3, 5, 4))),
                   ref_expand(x, DIMS(2, 3, 5, 4)));
        rig_expect(&r, rig_node(&r, NET_OP_EXPAND, v, rig_longs(&r, LONGS(5, 1))),
                   ref_expand(x, DIMS(1, 3, 5, 4)));
        rig_expect(&r, rig_node(&r, NET_OP_EXPAND, v, rig_longs(&r, LONGS(2, 1, 1, 1, 1))),
                   ref_expand(x, DIMS(2, 1, 3, 1, 4)));
        rig_check(&r);
    }
}

static void tiles_of_a_vector(void **state)
{
    rig r;
    ref x;

    (void)state;
    rig_open(&r, 13);
    x = ref_random(-1, 1, DIMS(5));
    rig_expect(&r, rig_node(&r, NET_OP_TILE, rig_input(&r, x), rig_longs(&r, LONGS(3))),
               ref_tile(x, DIMS(3)));
    rig_check(&r);
}

static void gathers_by_constant_indices(void **state)
{
    static const size_t picked[] = {2, 0, 2, 1};

    (void)state;
    for (int layout = 0; layout < LAYOUTS; layout++)
        for (int64_t axis = 0; axis < 4; axis++) {
            static const double one[] = {1};
            rig r;
            ref x, t;
            size_t dim[3], n = 0;
            int32_t v, y;
            rig_open(&r, 13);
            x = ref_random(-1, 1, DIMS(3, 3, 3, 3));
            v = map_in(&r, x, layout);
            y = rig_node(&r, NET_OP_GATHER, v, rig_longs(&r, LONGS(2, 0, -1, -2)));
            rig_int(&r, "axis", axis);
            rig_expect(&r, y, ref_gather(x, (size_t)axis, 4, picked));
            y = rig_node(&r, NET_OP_GATHER, v,
                         rig_const_as(&r, NET_I32, ref_reshape(ref_values(1, one), 0, NULL)));
            rig_int(&r, "axis", axis);
            t = ref_slice(x, (size_t)axis, 1, 2, 1);
            for (size_t i = 0; i < 4; i++)
                if (i != (size_t)axis)
                    dim[n++] = x.dim[i];
            rig_expect(&r, y, ref_reshape(t, 3, dim));
            rig_check(&r);
        }
}

/* ---- resize ---- */

static void resize_attributes(rig *r, const ref_resizing *how)
{
    if (how->mode)
        rig_text(r, "mode", how->mode);
    if (how->coord)
        rig_text(r, "coordinate_transformation_mode", how->coord);
    if (how->nearest)
        rig_text(r, "nearest_mode", how->nearest);
    if (how->cubic_a != 0)
        rig_float(r, "cubic_coeff_a", (float)how->cubic_a);
    if (how->exclude_outside)
        rig_int(r, "exclude_outside", 1);
}

static void check_resize(const ref_resizing *how, const double scale[2], int layout)
{
    const double scales[4] = {1, 1, scale[0], scale[1]};
    rig r;
    ref x;
    int32_t y;

    rig_open(&r, 19);
    x = ref_random(-1, 1, DIMS(2, 3, 6, 5));
    y = rig_node(&r, NET_OP_RESIZE, map_in(&r, x, layout), NET_NONE,
                 rig_const(&r, ref_values(4, scales)));
    resize_attributes(&r, how);
    rig_expect(&r, y, ref_resize(x, *how, scale));
    rig_check(&r);
}

static const char *const coords[] = {"half_pixel", "pytorch_half_pixel", "align_corners",
                                     "asymmetric", "half_pixel_symmetric"};
/* Powers of two, so that which pixel is nearest does not hang on rounding. */
static const double scales[][2] = {{2, 2}, {0.5, 1}, {1.5, 0.5}, {4, 0.25}, {0.25, 2.5}};

static void resizes_to_the_nearest(void **state)
{
    static const char *const rounds[] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                         "ceil"};

    (void)state;
    for (size_t c = 0; c < 5; c++)
        for (size_t n = 0; n < 4; n++)
            for (size_t s = 0; s < 5; s++) {
                ref_resizing how = {.mode = "nearest", .coord = coords[c], .nearest = rounds[n]};
                if (!strcmp(coords[c], "align_corners") && scales[s][0] != 2)
                    continue; /* there the ratio of lengths decides, not the scale */
                if (scales[s][0] == 1.5 || scales[s][1] == 2.5)
                    continue;
                check_resize(&how, scales[s], (int)(c + n + s) % LAYOUTS);
            }
}

static void resizes_by_lines_and_cubics(void **state)
{
    (void)state;
    for (size_t c = 0; c < 5; c++)
        for (size_t s = 0; s < 5; s++)
            for (int kind = 0; kind < 4; kind++) {
                ref_resizing how = {.mode = kind ? "cubic" : "linear",
                                    .coord = coords[c],
                                    .cubic_a = kind == 2 ? -0.5 : 0,
                                    .exclude_outside = kind == 3};
                check_resize(&how, scales[s], (int)(c + s) % LAYOUTS);
            }
}

static void a_plain_resize_is_by_half_pixels(void **state)
{
    static const ref_resizing how = {0};

    (void)state;
    check_resize(&how, scales[0], 0);
}

/* Sizes, not scales; one of the axes named; the old Upsample; the old Resize. */
static void resizes_in_other_words(void **state)
{
    static const double twice[] = {1, 1, 2, 2}, both[] = {2, 2};
    ref_resizing old = {.mode = "nearest", .coord = "asymmetric", .nearest = "floor"};
    ref_resizing linear = {.mode = "linear", .coord = "asymmetric"}, now = {.mode = "linear"};

    (void)state;
    for (int kind = 0; kind < 6; kind++) {
        rig r;
        ref x, y;
        int32_t v;
        rig_open(&r, kind < 2 ? 9 : kind < 4 ? 10 : 18);
        x = ref_random(-1, 1, DIMS(1, 3, 4, 5));
        y = ref_resize(x, kind < 4 ? (kind % 2 ? linear : old) : now, both);
        v = rig_input(&r, x);
        if (kind < 4)
            v = rig_node(&r, kind < 2 ? NET_OP_UPSAMPLE : NET_OP_RESIZE, v,
                         rig_const(&r, ref_values(4, twice)));
        else if (kind == 4)
            v = rig_node(&r, NET_OP_RESIZE, v, NET_NONE, NET_NONE,
                         rig_longs(&r, LONGS(1, 3, 8, 10)));
        else
            v = rig_node(&r, NET_OP_RESIZE, v, NET_NONE, NET_NONE, rig_longs(&r, LONGS(8, 10)));
        rig_text(&r, "mode", kind % 2 == 0 && kind < 4 ? "nearest" : "linear");
        if (kind == 5)
            rig_ints(&r, "axes", LONGS(2, 3));
        rig_expect(&r, v, y);
        rig_check(&r);
    }
}

static void resizing_channels_is_refused(void **state)
{
    static const double scale[] = {1, 2, 1, 1};
    rig r;
    ref x;

    (void)state;
    rig_open(&r, 13);
    x = ref_random(-1, 1, DIMS(1, 3, 4, 5));
    rig_expect(&r,
               rig_node(&r, NET_OP_RESIZE, rig_input(&r, x), NET_NONE,
                        rig_const(&r, ref_values(4, scale))),
               x);
    rig_refused(&r, PFLD_ERR_UNSUPPORTED, "(Resize)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_of_one_axis),
        cmocka_unit_test(slices_by_attributes_and_of_slices),
        cmocka_unit_test(splits_along_any_axis),
        cmocka_unit_test(concats_along_any_axis),
        cmocka_unit_test(channels_are_shuffled),
        cmocka_unit_test(transposes_of_every_order),
        cmocka_unit_test(a_transpose_without_order_reverses),
        cmocka_unit_test(detector_heads_are_joined),
        cmocka_unit_test(reshapes_see_row_order),
        cmocka_unit_test(flattening_a_map_sees_row_order),
        cmocka_unit_test(axes_of_one_come_and_go),
        cmocka_unit_test(unsqueezed_axes_count_in_the_result),
        cmocka_unit_test(pads_of_every_mode),
        cmocka_unit_test(pads_by_attributes_and_by_axes),
        cmocka_unit_test(pads_of_nothing_are_refused),
        cmocka_unit_test(tiles_and_expansions),
        cmocka_unit_test(tiles_of_a_vector),
        cmocka_unit_test(gathers_by_constant_indices),
        cmocka_unit_test(resizes_to_the_nearest),
        cmocka_unit_test(resizes_by_lines_and_cubics),
        cmocka_unit_test(a_plain_resize_is_by_half_pixels),
        cmocka_unit_test(resizes_in_other_words),
        cmocka_unit_test(resizing_channels_is_refused),
    };

    return cmocka_run_group_tests_name("infer_move", tests, NULL, NULL);
}
