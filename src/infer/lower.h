/* The compiler's state, and its parts: one function for each family of operators. */
#ifndef INFER_LOWER_H
#define INFER_LOWER_H

#include "core/arena.h"
#include "infer/pixels.h"
#include "infer/step.h"
#include "kernels/int8.h"
#include "net/graph.h"
#include "net/op_params.h"

typedef struct infer_buffer {
    size_t count;        /* floats */
    float *fixed;        /* a constant, or NULL: placed in the arena by the plan */
    int32_t first, last; /* steps between which it holds something */
    bool pinned;         /* from before the first step to after the last */
    size_t offset;       /* floats, in the arena */
} infer_buffer;

typedef struct packed_weights { /* of a constant, in the form that one kind of step wants */
    struct packed_weights *next;
    const net_tensor *of;
    step_run *used_by;
    size_t groups, count;
    float *data; /* [count] */
} packed_weights;

typedef struct lower_bytes { /* a quantised value; see int8.c */
    infer_view v;            /* the buffer, as a list of floats; buf < 0: none */
    size_t n, h, w, c;       /* bytes, dense in this order */
    float scale;
    int32_t zero; /* 0..255 */
} lower_bytes;

typedef struct lower {
    const net_graph *g;
    const kernels *k;
    const int8_kernels *k8;
    pfld_isa cap;
    bool nhwc;                 /* inputs of rank 4 are pixels */
    bool shared;               /* outputs, too, and the maps' memory is not the net's own */
    const pixel_range *pixels; /* the first input is a picture; NULL: floats */
    int32_t picture;           /* its value, or NET_NONE ... */
    lower_bytes shown;         /* ... and its bytes */
    arena *mem;                /* what the compiled net keeps */
    arena tmp;                 /* what compiling needs */
    pfld_error *err;
    const net_node *node; /* that is being lowered */
    infer_view *view;     /* [n_values]; buf < 0: not computed yet */
    lower_bytes *bytes;   /* [n_values]: integers that are kept as bytes ... */
    lower_bytes *floats; /* [n_values]: ... and floats that bytes stand for, until they are asked */
    uint32_t *uses;      /* [n_values]; a graph output counts as one */
    int32_t *reader;     /* [n_values]: the last node that reads it, or -1 */
    int32_t *writer;     /* [n_values]: the node that makes it, or -1 */
    bool *absorbed;      /* [n_nodes]: another step does its work already */
    step *steps;
    size_t n_steps, room_steps;
    infer_buffer *buffers;
    size_t n_buffers, room_buffers;
    size_t weight_bytes;
    packed_weights **packed; /* what nets compiled before have packed, or NULL */
} lower;

typedef pfld_status lower_op(lower *l);

/* Families. */
pfld_status lower_conv(lower *l);
/* Of steps that copy lines by bands: the window, and then how many output lines a band has whose
 * lines of `line` elements fit in room, or 1; count: the elements of its lines. False: too many. */
void lower_set_window(step_conv *v, const net_conv_params *p);
bool lower_set_band(step_conv *v, size_t out_h, size_t line, size_t room, size_t *count);
pfld_status lower_conv_transpose(lower *l);
pfld_status lower_pool(lower *l);
pfld_status lower_gemm(lower *l);
pfld_status lower_matmul(lower *l);
pfld_status lower_unary(lower *l);
pfld_status lower_binary(lower *l);
pfld_status lower_reduce(lower *l);
pfld_status lower_softmax(lower *l);
pfld_status lower_quant(lower *l);
/* The same and convolutions and products on bytes: *done false where the node is no case for it. */
pfld_status lower_int8_quant(lower *l, bool *done);
pfld_status lower_int8_conv(lower *l, bool *done);
pfld_status lower_int8_gemm(lower *l, bool *done);
/* A step that gives the floats of a value that has bytes. */
bool lower_int8_floats(lower *l, int32_t value);
/* Room for a value of these dimensions as bytes; false where it has too many. */
bool lower_new_bytes(lower *l, const net_shape *shape, lower_bytes *b);
pfld_status lower_concat(lower *l);
pfld_status lower_pad(lower *l);
pfld_status lower_resize(lower *l);
pfld_status lower_tile(lower *l);
pfld_status lower_gather(lower *l);
pfld_status lower_view(lower *l); /* what only renames elements: Reshape, Transpose, Slice ... */

/* Tools. All that return a bool return false where memory ran out. */
pfld_status lower_nomem(lower *l);
pfld_status lower_unsupported(lower *l, const char *why);
const net_value *lower_in_value(const lower *l, size_t i);
const net_value *lower_out_value(const lower *l, size_t i);
bool lower_has_in(const lower *l, size_t i);
/* The i-th input as a view; constants must be float. */
pfld_status lower_in(lower *l, size_t i, infer_view *v);
void lower_set_out(lower *l, size_t i, const infer_view *v);
void lower_set_value(lower *l, int32_t value, const infer_view *v);
/* A fresh buffer in the named layout. */
bool lower_new_rows(lower *l, const net_shape *shape, infer_view *v);
bool lower_new_nhwc(lower *l, const net_shape *shape, infer_view *v);
/* NHWC for a value, whose pixels lie so far apart that they don't share a few cache sets where its
 * reader would mind: with gaps, maybe. */
bool lower_new_map(lower *l, int32_t value, infer_view *v);
bool lower_new_like(lower *l, const infer_view *like, infer_view *v);
bool lower_new_scratch(lower *l, size_t count, infer_view *v);
bool lower_new_fixed(lower *l, const net_shape *shape, float *data, infer_view *v);
/* Weights that the compiled net keeps. */
float *lower_weights(lower *l, size_t count);
/* The same for what is made of one constant alone (of, used_by, groups and count are given): *ready
 * where it was made before. */
float *lower_packed(lower *l, const packed_weights *want, bool *ready);
/* Appends a step for the node at hand; every view unused. NULL: no memory. */
step *lower_step(lower *l, step_run *run);
/* A step that copies src to dst (equal dimensions). */
bool lower_copy(lower *l, const infer_view *src, const infer_view *dst);
/* v itself if fit for the use, else a copy that is. */
bool lower_as_rows(lower *l, infer_view *v);
bool lower_as_pixels(lower *l, infer_view *v);
bool lower_as_nhwc(lower *l, infer_view *v); /* dense, offset and all */
net_shape lower_dims(const infer_view *v);

/*
 * Lets the step that makes `value` do the work of the nodes behind it: adding a map that is there
 * already, clamping, PReLU. Returns the value that the step then makes. channels: of the output; a
 * slope vector of that length is made. residual: NULL where the step makes a matrix, not a map.
 * NET_NONE: no memory.
 */
int32_t lower_absorb(lower *l, int32_t value, size_t channels, kernel_post *post,
                     infer_view *residual);

/* Places all buffers into one block; returns its size in floats, false on overflow. */
bool plan_place(infer_buffer *buffers, size_t n, size_t *count);

#endif
