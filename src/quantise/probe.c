/* A net that gives out chosen inner values, run on crops. */
#include "quantise/probe.h"

#include "core/error.h"
#include "detect/canvas.h"
#include "net/edit.h"
#include "net/shape.h"

static pfld_status give_out(net_graph *g, const int32_t *values, size_t n, pfld_error *err)
{
    net_edit e;
    pfld_status st;

    g->n_outputs = 0;
    for (size_t i = 0; i < n; i++)
        if (!net_output_add(g, values[i]))
            return error_nomem(err);
    st = net_infer_shapes(g, err); /* weights behind a DequantizeLinear become constants */
    if (st != PFLD_OK)
        return st;
    st = net_edit_begin(&e, g, err);
    net_edit_end(&e);
    return st;
}

pfld_status probe_create(const net_graph *g, const int32_t *values, size_t n,
                         const spec_input *input, probe *out, pfld_error *err)
{
    pfld_status st;

    *out = (probe){.input = *input};
    st = net_graph_clone(g, &out->graph, err);
    if (st == PFLD_OK)
        st = give_out(out->graph, values, n, err);
    if (st == PFLD_OK)
        st = infer_create_nhwc(out->graph, PFLD_ISA_AUTO, &out->mem, &out->net, err);
    if (st != PFLD_OK)
        probe_free(out);
    return st;
}

void probe_free(probe *p)
{
    arena_free(&p->mem);
    net_graph_free(p->graph);
    *p = (probe){0};
}

void probe_run(probe *p, const pfld_image *crop)
{
    canvas_fill_input(&p->input, crop, infer_input(p->net, 0).data);
    infer_run(p->net);
}

infer_tensor probe_value(const probe *p, size_t i)
{
    return infer_output(p->net, i);
}
