/* The landmark model inside the library: an ONNX file among the constants. */
#ifndef DETECT_BUILTIN_H
#define DETECT_BUILTIN_H

#include <stddef.h>
#include <stdint.h>

#include "pfld/pfld.h"

/* What it is called, without the .onnx of its file in models/. */
#define BUILTIN_NAME "pfld-0.25x-ibug68"

/* The file: [*size] bytes of static storage. PFLD_ERR_UNSUPPORTED where there is none inside. */
pfld_status builtin_model(const uint8_t **bytes, size_t *size, pfld_error *err);

#endif
