/* The models that a command takes where none was named: those inside the library. */
#include "cli/model_default.h"

#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "detect/builtin.h"
#include "net/onnx.h"

static pfld_status open_inside(model_file *m, const uint8_t *inside, size_t size, pfld_error *err)
{
    pfld_status status;

    m->data = mem_alloc(size, 1); /* model_close() frees it */
    if (!m->data)
        return error_nomem(err);
    m->size = size;
    memcpy(m->data, inside, size);
    status = net_onnx_read(m->data, m->size, &m->graph, err);
    if (status)
        error_prefix(err, m->path);
    return status;
}

pfld_status model_open_or_default(model_file *m, const char *path, pfld_error *err)
{
    const uint8_t *inside;
    size_t size;
    pfld_status status;

    if (path)
        return model_open(m, path, err);
    *m = (model_file){.path = "built-in " BUILTIN_NAME};
    status = builtin_model(&inside, &size, err);
    return status ? status : open_inside(m, inside, size, err);
}

pfld_status model_open_or_default_detector(model_file *m, const char *path, pfld_error *err)
{
    const uint8_t *inside;
    size_t size;
    pfld_status status;

    if (path)
        return model_open(m, path, err);
    *m = (model_file){.path = "built-in " BUILTIN_DETECTOR_NAME};
    status = builtin_detector(&inside, &size, err);
    return status ? status : open_inside(m, inside, size, err);
}
