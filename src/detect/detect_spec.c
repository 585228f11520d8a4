/* How a face detector wants its picture and frames its faces: from metadata keys or options. */
#include "detect/detect_spec.h"

#include <string.h>

#include "core/error.h"
#include "detect/box_from.h"
#include "net/fold.h"
#include "net/shape.h"

enum {
    OPEN_SIDE = 320, /* of the canvas that shapes are checked with where the file leaves it open */
    MOST_SIDE = 4096
};

bool detect_spec_is_detector(const net_graph *g)
{
    const char *kind = net_meta_get(g, "pfld.kind");
    size_t output[DECODER_OUTPUTS];

    return kind ? strcmp(kind, "detector") == 0 : decoder_find(g, output) != NULL;
}

static pfld_status find_kind(const net_graph *g, detect_spec *out, pfld_error *err)
{
    out->kind = decoder_find(g, out->output);
    if (!out->kind)
        return error_set(err, PFLD_ERR_UNSUPPORTED,
                         "a detector without the outputs stride8, stride16 and stride32");
    for (size_t i = 0; i < g->n_nodes; i++)
        if (g->nodes[i].op == NET_OP_EXP && !out->kind->has_five)
            return error_set(err, PFLD_ERR_UNSUPPORTED,
                             "%s with its boxes decoded inside: the file without postprocessing is "
                             "wanted",
                             out->kind->name);
    return PFLD_OK;
}

/* The batch is one picture, a size left open is OPEN_SIDE. */
static pfld_status close_input(net_graph *g, detect_spec *out, pfld_error *err)
{
    net_value *v;
    net_shape s;
    char text[64];

    if (g->n_inputs != 1)
        return error_set(err, PFLD_ERR_UNSUPPORTED, "a detector has one input, this has %zu",
                         g->n_inputs);
    v = &g->values[g->inputs[0]];
    if (v->has_shape && v->shape.rank == 4 && out->kind->any_size)
        v->shape.dim[2] = v->shape.dim[3] = NET_DIM_OPEN;
    s = v->has_shape ? v->shape : (net_shape){4, {-1, 3, NET_DIM_OPEN, NET_DIM_OPEN}};
    if (s.rank == 4) {
        out->fixed = s.dim[2] != NET_DIM_OPEN || s.dim[3] != NET_DIM_OPEN;
        s.dim[0] = s.dim[0] == NET_DIM_OPEN ? 1 : s.dim[0];
        s.dim[1] = s.dim[1] == NET_DIM_OPEN ? 3 : s.dim[1];
        for (int i = 2; i < 4; i++)
            s.dim[i] = s.dim[i] == NET_DIM_OPEN ? OPEN_SIDE : s.dim[i];
    }
    if (s.rank != 4 || s.dim[0] != 1 || (s.dim[1] != 1 && s.dim[1] != 3) ||
        s.dim[2] % DECODER_STEP || s.dim[3] % DECODER_STEP || s.dim[2] > MOST_SIDE ||
        s.dim[3] > MOST_SIDE)
        return error_set(err, PFLD_ERR_UNSUPPORTED,
                         "input is %s: 1x3xHxW wanted, multiples of %d up to %d",
                         net_shape_text(&s, text, sizeof text), DECODER_STEP, MOST_SIDE);
    return net_input_set_shape(g, 0, &s, err);
}

static pfld_status check_outputs(const net_graph *g, const detect_spec *d, pfld_error *err)
{
    const net_shape *in = &g->values[g->inputs[0]].shape;
    int height = (int)in->dim[2], width = (int)in->dim[3];
    const net_value *v;
    char have[64], want[64];
    net_shape s;
    size_t i;

    if (decoder_fits(d->kind, g, d->output, width, height, &i))
        return PFLD_OK;
    v = &g->values[g->outputs[d->output[i]]];
    s = d->kind->shape(i, width, height);
    return error_set(err, PFLD_ERR_UNSUPPORTED, "output %s is %s, floats of %s expected from %s",
                     d->kind->outputs[i],
                     v->has_shape ? net_shape_text(&v->shape, have, sizeof have) : "?",
                     net_shape_text(&s, want, sizeof want), d->kind->name);
}

static pfld_status resolve_face(const net_graph *g, detect_spec *out, pfld_error *err)
{
    const char *text = net_meta_get(g, "pfld.face");

    out->roll = true;
    box_from_rule(out->kind->frame, &out->face);
    return text ? spec_parse_square("pfld.face", text, &out->face, &out->roll, err) : PFLD_OK;
}

pfld_status detect_spec_resolve(net_graph *g, const char *given, detect_spec *out, pfld_error *err)
{
    pfld_status st;

    *out = (detect_spec){0};
    st = find_kind(g, out, err);
    if (st == PFLD_OK)
        st = close_input(g, out, err);
    if (st == PFLD_OK)
        st = net_infer_shapes(g, err);
    if (st == PFLD_OK)
        st = net_fold(g, err);
    if (st == PFLD_OK)
        st = check_outputs(g, out, err);
    if (st == PFLD_OK)
        st = spec_resolve_input(g, given, out->kind->input, &out->input, err);
    return st == PFLD_OK ? resolve_face(g, out, err) : st;
}
