/* An ONNX file of any purpose, opened and compiled: what info, bench and run share. */
#ifndef CLI_MODEL_H
#define CLI_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "cli/options.h"
#include "core/arena.h"
#include "infer/infer.h"
#include "net/graph.h"
#include "pfld/pfld.h"

typedef struct model_file {
    const char *path;
    uint8_t *data; /* [size], the file */
    size_t size;
    net_graph *graph;
    arena mem;      /* owns net */
    infer_net *net; /* NULL before model_compile() */
} model_file;       /* zeroed: nothing open */

/* Reads path ("-": stdin). Messages start with the path. */
pfld_status model_open(model_file *m, const char *path, pfld_error *err);
/* Open dimensions of inputs become what pfld_model_load() makes of them: batch 1, 3 channels where
 * the file leaves even that open, 112x112; of a detector 320x256, where a picture of 320x240 fits
 * in. */
pfld_status model_close_shapes(model_file *m, pfld_error *err);
/* Shapes, folding, compiling; every input's shape is closed. Changes graph. */
pfld_status model_compile(model_file *m, pfld_isa cap, pfld_error *err);
/* Also after a failure. */
void model_close(model_file *m);

/* What is wrong with making another model, out, of the one at path by data; NULL: nothing. */
const char *model_wrong_remake(const char *path, const cli_texts *data, const char *out);

uint64_t model_macs(const model_file *m);

#endif
