/* From training form to the ONNX file that inference loads. */
#include "train/export.h"

#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "files/whole.h"
#include "net/arch.h"
#include "net/fold.h"
#include "net/onnx.h"
#include "net/shape.h"

static void open_value(net_graph *g, int32_t value, bool any_size)
{
    net_shape *s = &g->values[value].shape;

    s->dim[0] = NET_DIM_OPEN;
    if (any_size && s->rank == 4)
        s->dim[2] = s->dim[3] = NET_DIM_OPEN;
}

/* Shapes have to be closed for folding; they are opened again behind it. */
static void open_shapes(net_graph *g, bool any_size)
{
    for (size_t i = 0; i < g->n_inputs; i++)
        open_value(g, g->inputs[i], any_size);
    for (size_t i = 0; i < g->n_outputs; i++)
        open_value(g, g->outputs[i], any_size);
}

static bool has_output(const net_graph *g, const char *name)
{
    for (size_t i = 0; i < g->n_outputs; i++)
        if (strcmp(g->values[g->outputs[i]].name, name) == 0)
            return true;
    return false;
}

static pfld_status fold_for_inference(net_graph *g, const export_facts *facts, pfld_error *err)
{
    net_shape shape = g->values[g->inputs[0]].shape;
    pfld_status st = PFLD_OK;

    if (!facts->angles && has_output(g, "angles"))
        st = arch_strip(g, "angles", err);
    shape.dim[0] = 1;
    if (st == PFLD_OK)
        st = net_input_set_shape(g, 0, &shape, err);
    if (st == PFLD_OK)
        st = net_infer_shapes(g, err);
    if (st == PFLD_OK)
        st = net_fold(g, err);
    if (st == PFLD_OK)
        open_shapes(g, facts->any_size);
    return st;
}

static bool set_facts(net_graph *g, const export_facts *f)
{
    const struct {
        const char *key, *value;
    } meta[] = {{"pfld.kind", f->kind},       {"pfld.scheme", f->scheme},
                {"pfld.crop", f->crop},       {"pfld.face", f->face},
                {"pfld.input", EXPORT_INPUT}, {"pfld.outputs", f->outputs},
                {"pfld.spread", f->spread},   {"pfld.training", f->training},
                {"pfld.metrics", f->metrics}, {"pfld.licence", f->licence}};

    for (size_t i = 0; i < sizeof meta / sizeof meta[0]; i++)
        if (meta[i].value && !net_meta_set(g, meta[i].key, meta[i].value))
            return false;
    return true;
}

pfld_status export_graph(const net_graph *g, const char *path, pfld_error *err)
{
    uint8_t *buf = NULL;
    size_t size;
    pfld_status st = net_onnx_write(g, &buf, &size, err);

    if (st == PFLD_OK)
        st = files_whole_write(path, buf, size, true, err);
    mem_free(buf);
    return st;
}

pfld_status export_onnx(const train_net *net, const export_facts *facts, const char *path,
                        pfld_error *err)
{
    net_graph *g = NULL;
    pfld_status st = train_export(net, &g, err);

    if (st == PFLD_OK)
        st = fold_for_inference(g, facts, err);
    if (st == PFLD_OK && !set_facts(g, facts))
        st = error_nomem(err);
    if (st == PFLD_OK)
        st = export_graph(g, path, err);
    net_graph_free(g);
    return st;
}
