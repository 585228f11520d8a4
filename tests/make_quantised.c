/*
 * Writes one of our landmark models in 8 bits with ranges that nobody measured: no good for faces,
 * but it runs through the int8 kernels as a calibrated one does. The file has the same bytes
 * wherever this runs. Usage: make_quantised MODEL.onnx OUT.onnx
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/file.h"
#include "core/mem.h"
#include "net/fold.h"
#include "net/onnx.h"
#include "net/quantise.h"
#include "net/shape.h"

#define LARGEST_FILE ((size_t)1 << 26)

static const net_range pixels = {-128 / 127.5f, 127 / 127.5f}, maps = {-3.0f, 3.0f};

static void check(pfld_status status, const pfld_error *err)
{
    if (status == PFLD_OK)
        return;
    fprintf(stderr, "make_quantised: %s\n", err->msg);
    exit(1);
}

static net_graph *read_model(const char *path)
{
    net_graph *g;
    net_shape shape;
    pfld_error err;
    uint8_t *bytes;
    size_t size;

    check(file_read(path, LARGEST_FILE, &bytes, &size, &err), &err);
    check(net_onnx_read(bytes, size, &g, &err), &err);
    mem_free(bytes);
    shape = g->values[g->inputs[0]].shape;
    shape.dim[0] = 1;
    check(net_input_set_shape(g, 0, &shape, &err), &err);
    check(net_infer_shapes(g, &err), &err);
    check(net_fold(g, &err), &err);
    return g;
}

static net_graph *quantised(const net_graph *g)
{
    net_quant_plan plan;
    net_range *range = mem_alloc(g->n_values, sizeof *range);
    net_graph *q;
    pfld_error err;

    if (!range)
        exit(1);
    for (size_t i = 0; i < g->n_values; i++)
        range[i] = maps;
    range[g->inputs[0]] = pixels;
    check(net_quant_plan_make(g, &plan, &err), &err);
    check(net_quantise(g, &plan, range, &q, &err), &err);
    net_quant_plan_free(&plan);
    mem_free(range);
    if (!net_meta_set(q, "pfld.input", "rgb,128/127.5"))
        exit(1);
    return q;
}

static void write_model(const net_graph *q, const char *path)
{
    FILE *f = fopen(path, "wb");
    pfld_error err;
    uint8_t *bytes;
    size_t size;

    check(net_onnx_write(q, &bytes, &size, &err), &err);
    if (!f || fwrite(bytes, 1, size, f) != size || fclose(f)) {
        perror(path);
        exit(1);
    }
    mem_free(bytes);
}

int main(int argc, char **argv)
{
    net_graph *g, *q;

    if (argc != 3) {
        fprintf(stderr, "usage: make_quantised MODEL.onnx OUT.onnx\n");
        return 2;
    }
    g = read_model(argv[1]);
    q = quantised(g);
    write_model(q, argv[2]);
    net_graph_free(q); /* its constants are g's */
    net_graph_free(g);
    return 0;
}
