/* From training form to the ONNX file that inference loads. */
#define _POSIX_C_SOURCE 200809L
#include "train/export.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/mem.h"
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

static pfld_status write_all(const char *path, const uint8_t *buf, size_t size, pfld_error *err)
{
    FILE *f = fopen(path, "wb");
    bool ok;

    if (!f)
        return error_sys(err, errno, "%s", path);
    ok = fwrite(buf, 1, size, f) == size && fflush(f) == 0 && fsync(fileno(f)) == 0;
    if (fclose(f) != 0 || !ok) {
        pfld_status st = error_sys(err, errno, "%s", path);
        remove(path);
        return st;
    }
    return PFLD_OK;
}

static pfld_status write_atomically(const char *path, const uint8_t *buf, size_t size,
                                    pfld_error *err)
{
    size_t room = strlen(path) + sizeof ".tmp";
    char *tmp = mem_alloc(room, 1);
    pfld_status st;

    if (!tmp)
        return error_nomem(err);
    snprintf(tmp, room, "%s.tmp", path);
    st = write_all(tmp, buf, size, err);
    if (st == PFLD_OK && rename(tmp, path) != 0) {
        st = error_sys(err, errno, "%s", path);
        remove(tmp);
    }
    mem_free(tmp);
    return st;
}

pfld_status export_graph(const net_graph *g, const char *path, pfld_error *err)
{
    uint8_t *buf = NULL;
    size_t size;
    pfld_status st = net_onnx_write(g, &buf, &size, err);

    if (st == PFLD_OK)
        st = write_atomically(path, buf, size, err);
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
