/* Fuzzes what happens to a model file before it runs: reading, shapes, folding, writing. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/mem.h"
#include "net/fold.h"
#include "net/onnx.h"
#include "net/shape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OPEN_SIZE = 8 };

/* Open dimensions become small: how large a caller may choose is not the file's affair. */
static bool close_inputs(net_graph *g)
{
    for (size_t i = 0; i < g->n_inputs; i++) {
        net_shape shape = g->values[g->inputs[i]].shape;
        if (!g->values[g->inputs[i]].has_shape)
            shape = (net_shape){4, {1, 3, OPEN_SIZE, OPEN_SIZE}};
        for (int32_t k = 0; k < shape.rank; k++)
            if (shape.dim[k] == NET_DIM_OPEN)
                shape.dim[k] = k == 0 ? 1 : OPEN_SIZE;
        if (net_input_set_shape(g, i, &shape, NULL))
            return false;
    }
    return true;
}

static void write_and_reread(const net_graph *g)
{
    net_graph *back;
    uint8_t *file;
    size_t size;

    if (net_onnx_write(g, &file, &size, NULL))
        return;
    /* a graph that folded to nothing has no nodes, and is refused */
    if (net_onnx_read(file, size, &back, NULL) != PFLD_OK && g->n_nodes > 0)
        abort();
    net_graph_free(back);
    mem_free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    net_graph *g, *session;

    if (net_onnx_read(data, size, &g, NULL))
        return 0;
    write_and_reread(g);
    if (net_graph_clone(g, &session, NULL) == PFLD_OK && close_inputs(session) &&
        net_infer_shapes(session, NULL) == PFLD_OK && net_fold(session, NULL) == PFLD_OK)
        write_and_reread(session);
    net_graph_free(session);
    net_graph_free(g);
    return 0;
}
