/* The model that a command takes where none was named: the one inside the library. */
#include "cli/model_default.h"

#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "detect/builtin.h"
#include "net/onnx.h"

pfld_status model_open_or_default(model_file *m, const char *path, pfld_error *err)
{
    const uint8_t *inside;
    size_t size;
    pfld_status status;

    if (path)
        return model_open(m, path, err);
    *m = (model_file){.path = "built-in " BUILTIN_NAME};
    status = builtin_model(&inside, &size, err);
    if (status)
        return status;
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
