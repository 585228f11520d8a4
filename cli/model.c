/* An ONNX file of any purpose, opened and compiled: what info, bench and run share. */
#include "cli/model.h"

#include "cli/paths.h"
#include "core/error.h"
#include "core/file.h"
#include "core/mem.h"
#include "detect/detect_spec.h"
#include "net/fold.h"
#include "net/onnx.h"
#include "net/shape.h"

#define MAX_BYTES ((size_t)1 << 31) /* protobuf's own limit */

pfld_status model_open(model_file *m, const char *path, pfld_error *err)
{
    pfld_status status;

    *m = (model_file){.path = path};
    status = file_read(path, MAX_BYTES, &m->data, &m->size, err);
    if (status)
        return status;
    status = net_onnx_read(m->data, m->size, &m->graph, err);
    if (status)
        error_prefix(err, path);
    return status;
}

/* [N][C][H][W] */
static const int64_t closed_face[4] = {1, 3, 112, 112};
static const int64_t closed_picture[4] = {1, 3, 256, 320};

static int64_t closed_dim(const net_shape *shape, int i, bool is_detector)
{
    if (shape->dim[i] >= 0)
        return shape->dim[i];
    if (shape->rank != 4)
        return 1;
    return is_detector ? closed_picture[i] : closed_face[i];
}

pfld_status model_close_shapes(model_file *m, pfld_error *err)
{
    bool is_detector = detect_spec_is_detector(m->graph);

    for (size_t i = 0; i < m->graph->n_inputs; i++) {
        const net_value *value = &m->graph->values[m->graph->inputs[i]];
        net_shape shape = value->shape;
        pfld_status status;

        if (!value->has_shape)
            return error_set(err, PFLD_ERR_UNSUPPORTED, "%.100s: input %.60s has no shape", m->path,
                             value->name);
        for (int d = 0; d < shape.rank; d++)
            shape.dim[d] = closed_dim(&shape, d, is_detector);
        status = net_input_set_shape(m->graph, i, &shape, err);
        if (status) {
            error_prefix(err, m->path);
            return status;
        }
    }
    return PFLD_OK;
}

pfld_status model_compile(model_file *m, pfld_isa cap, pfld_error *err)
{
    pfld_status status = net_infer_shapes(m->graph, err);

    if (status == PFLD_OK)
        status = net_fold(m->graph, err);
    if (status == PFLD_OK)
        status = infer_create(m->graph, cap, &m->mem, &m->net, err);
    if (status)
        error_prefix(err, m->path);
    return status;
}

void model_close(model_file *m)
{
    arena_free(&m->mem);
    net_graph_free(m->graph);
    mem_free(m->data);
    *m = (model_file){0};
}

const char *model_wrong_remake(const char *path, const cli_texts *data, const char *out)
{
    if (data->n == 0)
        return "--data is missing";
    if (!out)
        return "where does the model go? Give -o FILE";
    return path_is_same(out, path) ? "-o would overwrite the model" : NULL;
}

uint64_t model_macs(const model_file *m)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < infer_step_count(m->net); i++)
        sum += infer_step(m->net, i).macs;
    return sum;
}
