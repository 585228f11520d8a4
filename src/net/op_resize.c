/* Parameters of Resize and Upsample, whose inputs and rules changed with almost every opset. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "net/op_input.h"
#include "net/op_params.h"
#include "net/shape.h"

#define DIM_LIMIT ((int64_t)NET_MAX_ELEMENTS)

typedef struct choice {
    const char *name;
    int value;
} choice;

static pfld_status choose(const net_at *at, const choice *list, const char *attr,
                          const char *otherwise, int *value)
{
    const char *text = net_attr_string(at->node, attr, otherwise);
    for (; list->name; list++)
        if (!strcmp(list->name, text)) {
            *value = list->value;
            return PFLD_OK;
        }
    return net_fail(at, PFLD_ERR_UNSUPPORTED, "its %s '%.32s' is not done here", attr, text);
}

static const choice modes[] = {
    {"nearest", NET_RESIZE_NEAREST},
    {"linear", NET_RESIZE_LINEAR},
    {"cubic", NET_RESIZE_CUBIC},
    {NULL, 0},
};
static const choice coords[] = {
    {"half_pixel", NET_COORD_HALF_PIXEL},
    {"pytorch_half_pixel", NET_COORD_PYTORCH_HALF_PIXEL},
    {"align_corners", NET_COORD_ALIGN_CORNERS},
    {"asymmetric", NET_COORD_ASYMMETRIC},
    {"half_pixel_symmetric", NET_COORD_HALF_PIXEL_SYMMETRIC},
    {NULL, 0},
};
static const choice rounds[] = {
    {"round_prefer_floor", NET_ROUND_PREFER_FLOOR},
    {"round_prefer_ceil", NET_ROUND_PREFER_CEIL},
    {"floor", NET_ROUND_FLOOR},
    {"ceil", NET_ROUND_CEIL},
    {NULL, 0},
};
enum { STRETCH, NOT_LARGER, NOT_SMALLER };
static const choice policies[] = {
    {"stretch", STRETCH},
    {"not_larger", NOT_LARGER},
    {"not_smaller", NOT_SMALLER},
    {NULL, 0},
};

static pfld_status set_scale(const net_at *at, net_resize_params *p, size_t axis, float scale)
{
    float in = (float)net_in_shape(at, 0)->dim[axis], out = floorf(in * scale);
    if (!(scale > 0.0f) || !(out <= (float)DIM_LIMIT))
        return net_fail(at, PFLD_ERR_FORMAT, "its scale %g of axis %zu is not usable",
                        (double)scale, axis);
    p->scale[axis] = (double)scale;
    p->out[axis] = (int64_t)out;
    return PFLD_OK;
}

static pfld_status set_scales(const net_at *at, net_resize_params *p, const float *scales, size_t n,
                              const net_ints *axes)
{
    if (n != axes->n)
        return net_fail(at, PFLD_ERR_FORMAT, "it has %zu scales for %zu axes", n, axes->n);
    for (size_t i = 0; i < n; i++) {
        pfld_status status = set_scale(at, p, (size_t)axes->v[i], scales[i]);
        if (status != PFLD_OK)
            return status;
    }
    return PFLD_OK;
}

/* One scale for all named axes, so that the result fits into (or around) the sizes. */
static void keep_ratio(const net_at *at, net_resize_params *p, const net_ints *axes, int policy)
{
    const net_shape *x = net_in_shape(at, 0);
    double ratio = p->scale[axes->v[0]];
    for (size_t i = 1; i < axes->n; i++) {
        double s = p->scale[axes->v[i]];
        if (policy == NOT_LARGER ? s < ratio : s > ratio)
            ratio = s;
    }
    for (size_t i = 0; i < axes->n; i++) {
        size_t a = (size_t)axes->v[i];
        double out = floor(ratio * (double)x->dim[a] + 0.5);
        p->out[a] = out <= (double)DIM_LIMIT ? (int64_t)out : DIM_LIMIT + 1;
        p->scale[a] = ratio;
    }
}

static pfld_status set_sizes(const net_at *at, net_resize_params *p, const net_ints *sizes,
                             const net_ints *axes)
{
    const net_shape *x = net_in_shape(at, 0);
    int policy = STRETCH;
    if (sizes->n != axes->n)
        return net_fail(at, PFLD_ERR_FORMAT, "it has %zu sizes for %zu axes", sizes->n, axes->n);
    for (size_t i = 0; i < sizes->n; i++) {
        size_t a = (size_t)axes->v[i];
        if (sizes->v[i] < 1 || sizes->v[i] > DIM_LIMIT || x->dim[a] < 1)
            return net_fail(at, PFLD_ERR_FORMAT, "its size %" PRId64 " of axis %zu is not usable",
                            sizes->v[i], a);
        p->out[a] = sizes->v[i];
        p->scale[a] = (double)sizes->v[i] / (double)x->dim[a];
    }
    if (at->g->opset >= 18) {
        pfld_status status = choose(at, policies, "keep_aspect_ratio_policy", "stretch", &policy);
        if (status != PFLD_OK)
            return status;
    }
    if (policy != STRETCH && axes->n)
        keep_ratio(at, p, axes, policy);
    return PFLD_OK;
}

/* Which axes scales and sizes speak of, counted from the front. */
static pfld_status read_axes(const net_at *at, size_t rank, net_ints *axes)
{
    pfld_status status = PFLD_OK;
    uint32_t mask;
    *axes = (net_ints){0};
    if (at->g->opset >= 18)
        status = net_ints_attr(at, "axes", axes);
    if (status == PFLD_OK)
        status = net_axes_mask(at, axes, rank, &mask);
    if (status != PFLD_OK)
        return status;
    if (!axes->given)
        for (axes->n = 0; axes->n < rank; axes->n++)
            axes->v[axes->n] = (int64_t)axes->n;
    return PFLD_OK;
}

static pfld_status read_scales(const net_at *at, size_t input, net_resize_params *p,
                               const net_ints *axes, bool *given)
{
    const net_tensor *t;
    pfld_status status = net_constant_input(at, input, &t);
    *given = t && t->count;
    if (status != PFLD_OK || !*given)
        return status;
    if (t->dtype != NET_F32 || t->shape.rank != 1)
        return net_fail(at, PFLD_ERR_FORMAT, "its scales are not a list of floats");
    return set_scales(at, p, t->data, t->count, axes);
}

/* Upsample and Resize-10: scales only, asymmetric, nearest cuts off; but ONNX Runtime, whose
 * results these files were made for, rounds up where it shrinks. */
static pfld_status get_old(const net_at *at, net_resize_params *p, const net_ints *axes)
{
    const net_attr *attr = net_attr_find(at->node, "scales");
    bool given = false, shrinks = false, grows = false;
    pfld_status status;
    if (at->node->n_in < 2 && attr && attr->kind == NET_ATTR_FLOATS) {
        given = true;
        status = set_scales(at, p, attr->floats, attr->n, axes);
    } else {
        status = read_scales(at, 1, p, axes, &given);
    }
    if (status != PFLD_OK)
        return status;
    if (!given)
        return net_fail(at, PFLD_ERR_FORMAT, "its scales are missing");
    if (p->mode == NET_RESIZE_CUBIC)
        return net_fail(at, PFLD_ERR_FORMAT, "its mode 'cubic' is of a later opset");
    for (size_t a = 0; a < p->rank; a++) {
        shrinks |= p->scale[a] < 1.0;
        grows |= p->scale[a] > 1.0;
    }
    if (p->mode == NET_RESIZE_NEAREST && shrinks && grows)
        return net_fail(at, PFLD_ERR_UNSUPPORTED, "it shrinks one axis and stretches another");
    p->coord = NET_COORD_ASYMMETRIC;
    p->round = shrinks ? NET_ROUND_CEIL : NET_ROUND_FLOOR;
    return PFLD_OK;
}

static pfld_status get_new(const net_at *at, net_resize_params *p, const net_ints *axes)
{
    int coord = 0, round = 0;
    net_ints sizes;
    bool scales;
    pfld_status status;
    if ((status = choose(at, coords, "coordinate_transformation_mode", "half_pixel", &coord)) !=
            PFLD_OK ||
        (status = choose(at, rounds, "nearest_mode", "round_prefer_floor", &round)) != PFLD_OK ||
        (status = read_scales(at, 2, p, axes, &scales)) != PFLD_OK ||
        (status = net_ints_input(at, 3, &sizes)) != PFLD_OK)
        return status;
    if (scales == (sizes.n > 0))
        return net_fail(at, PFLD_ERR_FORMAT, "it must have either scales or sizes");
    p->coord = (net_resize_coord)coord;
    p->round = (net_resize_round)round;
    p->cubic_a = (double)net_attr_float(at->node, "cubic_coeff_a", -0.75f);
    p->exclude_outside = net_attr_int(at->node, "exclude_outside", 0) != 0;
    return scales ? PFLD_OK : set_sizes(at, p, &sizes, axes);
}

/* Antialiasing changes a result only where something shrinks. */
static bool antialiases(const net_at *at, const net_resize_params *p)
{
    if (at->g->opset < 18 || p->mode == NET_RESIZE_NEAREST ||
        !net_attr_int(at->node, "antialias", 0))
        return false;
    for (size_t a = 0; a < p->rank; a++)
        if (p->scale[a] < 1.0)
            return true;
    return false;
}

pfld_status net_resize_get(const net_graph *g, const net_node *node, net_resize_params *p,
                           pfld_error *err)
{
    net_at at = {g, node, err};
    const net_shape *x = net_in_shape(&at, 0);
    net_resize_params out = {.rank = (size_t)x->rank};
    bool old = node->op == NET_OP_UPSAMPLE || g->opset < 11;
    int mode = 0;
    net_ints axes;
    pfld_status status;
    for (size_t a = 0; a < out.rank; a++) {
        out.out[a] = x->dim[a];
        out.scale[a] = 1.0;
    }
    if ((status = choose(&at, modes, "mode", "nearest", &mode)) != PFLD_OK ||
        (status = read_axes(&at, out.rank, &axes)) != PFLD_OK)
        return status;
    out.mode = (net_resize_mode)mode;
    status = old ? get_old(&at, &out, &axes) : get_new(&at, &out, &axes);
    if (status != PFLD_OK)
        return status;
    if (antialiases(&at, &out))
        return net_fail(&at, PFLD_ERR_UNSUPPORTED, "antialiased shrinking is not done here");
    *p = out;
    return PFLD_OK;
}
