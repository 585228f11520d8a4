/* The models inside the library: ONNX files among the constants. */
#ifndef DETECT_BUILTIN_H
#define DETECT_BUILTIN_H

#include <stddef.h>
#include <stdint.h>

#include "pfld/pfld.h"

/* What they are called, without the .onnx of their files in models/. */
#define BUILTIN_NAME          "pfld-0.25x-ibug68"
#define BUILTIN_DETECTOR_NAME "pfld-detect"

/* The file: [*size] bytes of static storage. PFLD_ERR_UNSUPPORTED where there is none inside. */
pfld_status builtin_model(const uint8_t **bytes, size_t *size, pfld_error *err);
pfld_status builtin_detector(const uint8_t **bytes, size_t *size, pfld_error *err);

#endif
