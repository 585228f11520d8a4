/* NumPy's .npy files: float tensors in and out. */
#ifndef CLI_NPY_H
#define CLI_NPY_H

#include <stddef.h>
#include <stdint.h>

#include "net/graph.h"
#include "pfld/pfld.h"

typedef struct npy_array {
    net_shape shape;
    size_t count;
    float *data; /* [count], row-major; freed with npy_free() */
} npy_array;

/* Reads little-endian float32, or float64, which is rounded; in C or Fortran order. */
pfld_status npy_parse(const uint8_t *buf, size_t size, npy_array *out, pfld_error *err);
/* The same from a file ("-": stdin); messages name it. */
pfld_status npy_read(const char *path, npy_array *out, pfld_error *err);
void npy_free(npy_array *a);

/* Writes float32 of a closed shape; path never holds half of it. */
pfld_status npy_write(const char *path, const net_shape *shape, const float *data, pfld_error *err);

#endif
