/* Operators as ONNX defines them, written for reading: plain loops in double over NCHW tensors. */
#ifndef TESTS_INFER_REF_H
#define TESTS_INFER_REF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REF_RANK = 6 };

typedef struct ref {
    size_t rank, dim[REF_RANK], n;
    double *v; /* [n], row-major; lives until ref_free_all() */
} ref;

/* A list for the functions below: its length and its elements. */
#define LIST_OF(type, ...)                                                                         \
  sizeof((const type[]){__VA_ARGS__}) / sizeof(type), (const type[])                               \
  {                                                                                                \
    __VA_ARGS__                                                                                    \
  }
#define DIMS(...) LIST_OF(size_t, __VA_ARGS__)

void ref_free_all(void);
void ref_seed(uint64_t seed);
size_t ref_index(size_t n); /* 0 .. n - 1, at random */

ref ref_new(size_t rank, const size_t *dim);                          /* zeros */
ref ref_random(double lo, double hi, size_t rank, const size_t *dim); /* floats */
ref ref_values(size_t n, const double *v);                            /* rank 1 */
ref ref_scalar(double v);

ref ref_unary(ref x, double (*f)(double));
ref ref_binary(ref a, ref b, double (*f)(double, double));

typedef struct ref_window { /* height, width; pads: top, left, bottom, right; 0 steps count as 1 */
    size_t group, stride[2], pad[4], dilation[2];
} ref_window;

ref ref_conv(ref x, ref w, const ref *bias, ref_window p);
ref ref_conv_transpose(ref x, ref w, const ref *bias, ref_window p, const size_t out_pad[2]);

typedef struct ref_pooling {
    size_t kernel[2];
    ref_window window;
    bool max, count_pad, ceil;
} ref_pooling;
ref ref_pool(ref x, ref_pooling p);

ref ref_matmul(ref a, ref b); /* numpy's matmul */
ref ref_reshape(ref x, size_t rank, const size_t *dim);
ref ref_transpose(ref x, size_t rank, const size_t *perm);
ref ref_slice(ref x, size_t axis, int64_t start, int64_t end, int64_t step); /* as Python has it */
ref ref_concat(size_t n, const ref *parts, size_t axis);
ref ref_expand(ref x, size_t rank, const size_t *dim);
ref ref_tile(ref x, size_t rank, const size_t *times);
ref ref_gather(ref x, size_t axis, size_t n, const size_t *index);

typedef enum ref_pad_mode { REF_CONSTANT, REF_REFLECT, REF_EDGE, REF_WRAP } ref_pad_mode;
ref ref_pad(ref x, ref_pad_mode mode, double value, size_t n, const int64_t *pads);

typedef enum ref_reduction { REF_MEAN, REF_SUM, REF_MAX } ref_reduction;
ref ref_reduce(ref x, ref_reduction kind, uint32_t axes, bool keep);
ref ref_softmax(ref x, size_t axis);

typedef struct ref_resizing {
    const char *mode, *coord, *nearest; /* as ONNX spells them; NULL: its default */
    double cubic_a;                     /* 0: -0.75 */
    bool exclude_outside;
} ref_resizing;
/* Of height and width, by scales; out is floor(length * scale). */
ref ref_resize(ref x, ref_resizing how, const double scale[2]);

/* One scale and zero point for all, or one for each index of axis. */
ref ref_quantize(ref x, ref scale, ref zero, size_t axis, double lo, double hi);
ref ref_dequantize(ref x, ref scale, ref zero, size_t axis);

#endif
