/* Parameters of what slides a window over a map: convolutions and pools, auto_pad resolved. */
#include <inttypes.h>
#include <string.h>

#include "net/op_input.h"
#include "net/op_params.h"

/* Far above any net, and low enough that products of two with a map's side fit into 64 bits. */
#define WINDOW_MAX ((int64_t)1 << 24)

typedef enum auto_pad { PAD_EXPLICIT, PAD_VALID, PAD_SAME_UPPER, PAD_SAME_LOWER } auto_pad;

typedef struct window { /* height, width */
    int64_t in[2];
    int64_t kernel[2], stride[2], dilation[2];
    int64_t before[2], after[2];
    auto_pad mode;
} window;

/* How far a window reaches. */
static int64_t window_extent(const window *w, size_t axis)
{
    return w->dilation[axis] * (w->kernel[axis] - 1) + 1;
}

static pfld_status read_list(const net_at *at, const char *name, size_t n, int64_t least,
                             net_ints *list)
{
    pfld_status status = net_ints_attr(at, name, list);
    if (status != PFLD_OK || !list->given)
        return status;
    if (list->n != n)
        return net_fail(at, PFLD_ERR_FORMAT, "its %s are %zu numbers, %zu expected", name, list->n,
                        n);
    for (size_t i = 0; i < n; i++)
        if (list->v[i] < least || list->v[i] > WINDOW_MAX)
            return net_fail(at, PFLD_ERR_FORMAT,
                            "%" PRId64 " in its %s is not %" PRId64 "..%" PRId64, list->v[i], name,
                            least, WINDOW_MAX);
    return PFLD_OK;
}

static pfld_status read_pair(const net_at *at, const char *name, int64_t least, int64_t pair[2])
{
    net_ints list = {0};
    pfld_status status = read_list(at, name, 2, least, &list);
    if (status == PFLD_OK && list.given)
        memcpy(pair, list.v, 2 * sizeof *pair);
    return status;
}

static pfld_status read_auto_pad(const net_at *at, auto_pad *mode)
{
    static const char *const names[] = {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"};
    const char *text = net_attr_string(at->node, "auto_pad", "NOTSET");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(text, names[i])) {
            *mode = (auto_pad)i;
            return PFLD_OK;
        }
    return net_fail(at, PFLD_ERR_FORMAT, "its auto_pad '%.24s' is not known", text);
}

/* All but the kernel and what auto_pad means. */
static pfld_status read_window(const net_at *at, window *w)
{
    const net_shape *x = net_in_shape(at, 0);
    if (x->rank != 4)
        return net_fail(at, x->rank < 3 ? PFLD_ERR_FORMAT : PFLD_ERR_UNSUPPORTED,
                        "its input has rank %d; only maps of rank 4 are done here", (int)x->rank);
    *w = (window){.in = {x->dim[2], x->dim[3]}, .stride = {1, 1}, .dilation = {1, 1}};
    net_ints pads = {0};
    pfld_status status;
    if ((status = read_pair(at, "strides", 1, w->stride)) != PFLD_OK ||
        (status = read_pair(at, "dilations", 1, w->dilation)) != PFLD_OK ||
        (status = read_list(at, "pads", 4, 0, &pads)) != PFLD_OK ||
        (status = read_auto_pad(at, &w->mode)) != PFLD_OK)
        return status;
    if (w->mode == PAD_EXPLICIT && pads.given) {
        memcpy(w->before, pads.v, sizeof w->before);
        memcpy(w->after, pads.v + 2, sizeof w->after);
    }
    return PFLD_OK;
}

static void split_pad(window *w, size_t axis, int64_t total, bool more_after)
{
    int64_t less = total / 2, more = total - less;
    w->before[axis] = more_after ? less : more;
    w->after[axis] = more_after ? more : less;
}

/* Pads so that the output has ceil(in / stride) pixels. */
static void resolve_same(window *w)
{
    if (w->mode != PAD_SAME_UPPER && w->mode != PAD_SAME_LOWER)
        return;
    for (size_t a = 0; a < 2; a++) {
        int64_t out = (w->in[a] + w->stride[a] - 1) / w->stride[a];
        int64_t total = (out - 1) * w->stride[a] + window_extent(w, a) - w->in[a];
        split_pad(w, a, total > 0 ? total : 0, w->mode == PAD_SAME_UPPER);
    }
}

static pfld_status check_fits(const net_at *at, const window *w)
{
    for (size_t a = 0; a < 2; a++) {
        int64_t padded = w->in[a] + w->before[a] + w->after[a];
        if (window_extent(w, a) > padded)
            return net_fail(at, PFLD_ERR_FORMAT,
                            "its window of %" PRId64
                            " pixels is larger than the padded input of %" PRId64,
                            window_extent(w, a), padded);
    }
    return PFLD_OK;
}

static pfld_status check_weights(const net_at *at, int64_t groups)
{
    const net_shape *x = net_in_shape(at, 0), *w = net_in_shape(at, 1);
    bool transposed = at->node->op == NET_OP_CONV_TRANSPOSE;
    if (w->rank != 4)
        return net_fail(at, PFLD_ERR_FORMAT, "its weights have rank %d, 4 expected", (int)w->rank);
    if (groups < 1 || groups > WINDOW_MAX || x->dim[1] % groups || w->dim[0] % groups)
        return net_fail(at, PFLD_ERR_FORMAT,
                        "%" PRId64 " groups do not divide %" PRId64 " channels and %" PRId64
                        " filters",
                        groups, x->dim[1], w->dim[0]);
    int64_t have = transposed ? w->dim[0] : w->dim[1];
    int64_t need = transposed ? x->dim[1] : x->dim[1] / groups;
    if (have != need)
        return net_fail(at, PFLD_ERR_FORMAT,
                        "its weights are for %" PRId64 " input channels, %" PRId64 " expected",
                        have, need);
    const net_value *bias = net_in(at, 2);
    int64_t filters = transposed ? w->dim[1] * groups : w->dim[0];
    if (bias && (bias->shape.rank != 1 || bias->shape.dim[0] != filters))
        return net_fail(at, PFLD_ERR_FORMAT, "its bias is not a list of %" PRId64 " numbers",
                        filters);
    return PFLD_OK;
}

static pfld_status read_conv_kernel(const net_at *at, window *w)
{
    const net_shape *weights = net_in_shape(at, 1);
    for (size_t a = 0; a < 2; a++) {
        int64_t side = weights->dim[2 + a];
        if (side < 1 || side > WINDOW_MAX)
            return net_fail(at, PFLD_ERR_FORMAT,
                            "its weights are %" PRId64 " by %" PRId64 " pixels", weights->dim[2],
                            weights->dim[3]);
        w->kernel[a] = side;
    }
    int64_t stated[2] = {w->kernel[0], w->kernel[1]};
    pfld_status status = read_pair(at, "kernel_shape", 1, stated);
    if (status == PFLD_OK && memcmp(stated, w->kernel, sizeof stated) != 0)
        return net_fail(at, PFLD_ERR_FORMAT, "its kernel_shape contradicts its weights");
    return status;
}

/* From the output's size to the pads; where even none leave too little, to out_pad: what lies
 * there gets no term but the bias. */
static pfld_status resolve_transposed(const net_at *at, window *w, int64_t out_pad[2])
{
    net_ints shape = {0};
    pfld_status status = read_list(at, "output_shape", 2, 1, &shape);
    if (status != PFLD_OK)
        return status;
    bool same = w->mode == PAD_SAME_UPPER || w->mode == PAD_SAME_LOWER;
    for (size_t a = 0; a < 2; a++) {
        int64_t full = w->stride[a] * (w->in[a] - 1) + out_pad[a] + window_extent(w, a);
        if (shape.given || same) {
            int64_t total = full - (shape.given ? shape.v[a] : w->in[a] * w->stride[a]);
            split_pad(w, a, total > 0 ? total : 0, w->mode == PAD_SAME_UPPER);
            if (total < 0)
                out_pad[a] -= total;
        } else if (full <= w->before[a] + w->after[a]) {
            return net_fail(at, PFLD_ERR_FORMAT, "its pads leave nothing of the output");
        }
    }
    return PFLD_OK;
}

static void copy_window(const window *w, size_t kernel[2], size_t stride[2], size_t dilation[2],
                        size_t pad[4])
{
    for (size_t a = 0; a < 2; a++) {
        kernel[a] = (size_t)w->kernel[a];
        stride[a] = (size_t)w->stride[a];
        dilation[a] = (size_t)w->dilation[a];
        pad[a] = (size_t)w->before[a];
        pad[2 + a] = (size_t)w->after[a];
    }
}

pfld_status net_conv_get(const net_graph *g, const net_node *node, net_conv_params *p,
                         pfld_error *err)
{
    net_at at = {g, node, err};
    window w = {0};
    int64_t groups = net_attr_int(node, "group", 1), out_pad[2] = {0, 0};
    pfld_status status;
    if ((status = read_window(&at, &w)) != PFLD_OK ||
        (status = check_weights(&at, groups)) != PFLD_OK ||
        (status = read_conv_kernel(&at, &w)) != PFLD_OK)
        return status;
    if (node->op == NET_OP_CONV) {
        resolve_same(&w);
        status = check_fits(&at, &w);
    } else if ((status = read_pair(&at, "output_padding", 0, out_pad)) == PFLD_OK) {
        status = resolve_transposed(&at, &w, out_pad);
    }
    if (status != PFLD_OK)
        return status;
    p->groups = (size_t)groups;
    copy_window(&w, p->kernel, p->stride, p->dilation, p->pad);
    for (size_t a = 0; a < 2; a++)
        p->out_pad[a] = (size_t)out_pad[a];
    return PFLD_OK;
}

static int64_t pool_out(const window *w, size_t axis, bool ceil)
{
    int64_t stride = w->stride[axis];
    int64_t room = w->in[axis] + w->before[axis] + w->after[axis] - window_extent(w, axis);
    int64_t out = (room + (ceil ? stride - 1 : 0)) / stride + 1;
    /* a last window that would start behind the map has nothing to pool */
    if (ceil && (out - 1) * stride >= w->in[axis] + w->before[axis])
        out--;
    return out;
}

/* A window that lies in the padding altogether has no maximum and no mean. */
static pfld_status check_pool_pads(const net_at *at, const window *w)
{
    for (size_t a = 0; a < 2; a++)
        if (w->mode == PAD_EXPLICIT &&
            (w->before[a] >= w->kernel[a] || w->after[a] >= w->kernel[a]))
            return net_fail(at, PFLD_ERR_FORMAT, "its pads are not smaller than its kernel");
    return PFLD_OK;
}

static pfld_status get_window_pool(const net_at *at, window *w)
{
    net_ints kernel = {0};
    pfld_status status;
    if ((status = read_window(at, w)) != PFLD_OK ||
        (status = read_list(at, "kernel_shape", 2, 1, &kernel)) != PFLD_OK)
        return status;
    if (!kernel.given)
        return net_fail(at, PFLD_ERR_FORMAT, "its kernel_shape is missing");
    memcpy(w->kernel, kernel.v, sizeof w->kernel);
    resolve_same(w);
    if ((status = check_fits(at, w)) != PFLD_OK)
        return status;
    return check_pool_pads(at, w);
}

static pfld_status get_global_pool(const net_at *at, window *w)
{
    const net_shape *x = net_in_shape(at, 0);
    if (x->rank != 4)
        return net_fail(at, x->rank < 3 ? PFLD_ERR_FORMAT : PFLD_ERR_UNSUPPORTED,
                        "its input has rank %d; only maps of rank 4 are done here", (int)x->rank);
    *w = (window){.in = {x->dim[2], x->dim[3]},
                  .kernel = {x->dim[2], x->dim[3]},
                  .stride = {1, 1},
                  .dilation = {1, 1}};
    if (x->dim[2] < 1 || x->dim[3] < 1)
        return net_fail(at, PFLD_ERR_FORMAT, "its input is an empty map");
    return PFLD_OK;
}

pfld_status net_pool_get(const net_graph *g, const net_node *node, net_pool_params *p,
                         pfld_error *err)
{
    net_at at = {g, node, err};
    window w = {.stride = {1, 1}};
    bool windowed = node->op == NET_OP_MAX_POOL || node->op == NET_OP_AVERAGE_POOL;
    pfld_status status = windowed ? get_window_pool(&at, &w) : get_global_pool(&at, &w);
    if (status != PFLD_OK)
        return status;
    bool ceil = windowed && w.mode == PAD_EXPLICIT && net_attr_int(node, "ceil_mode", 0) != 0;
    copy_window(&w, p->kernel, p->stride, p->dilation, p->pad);
    for (size_t a = 0; a < 2; a++)
        p->out[a] = (size_t)pool_out(&w, a, ceil);
    p->mean = node->op == NET_OP_AVERAGE_POOL || node->op == NET_OP_GLOBAL_AVERAGE_POOL;
    p->count_pad =
        node->op == NET_OP_AVERAGE_POOL && net_attr_int(node, "count_include_pad", 0) != 0;
    return PFLD_OK;
}
