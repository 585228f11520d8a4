/* A graph compiled for running: packed weights, steps, and one arena for all feature maps. */
#ifndef INFER_INFER_H
#define INFER_INFER_H

#include "core/arena.h"
#include "net/graph.h"
#include "pfld/pfld.h"

typedef struct infer_net infer_net;

typedef struct infer_tensor { /* a graph input or output */
    const char *name;
    net_shape shape;
    size_t count;
    float *data; /* [count], row-major in the graph's own (NCHW) order, but see below */
} infer_tensor;

/*
 * Compiles g (after net_infer_shapes() and net_fold()), whose constants and names must outlive the
 * result; g itself may go where it is a clone. All memory comes from mem: an arena that the caller
 * frees after the last run. Nothing is allocated while running.
 */
pfld_status infer_create(const net_graph *g, pfld_isa cap, arena *mem, infer_net **out,
                         pfld_error *err);

/* What a byte of a picture means to the net, by its channel: scale * byte + offset. */
typedef struct infer_pixels {
    float scale[3], offset[3];
} infer_pixels;

/* The same, but inputs of rank 4 are [N][H][W][C] in memory: what a picture is anyway. With
 * `pixels` the first input, of 1 to 3 channels, is such a picture: write infer_bytes(). */
pfld_status infer_create_nhwc(const net_graph *g, pfld_isa cap, const infer_pixels *pixels,
                              arena *mem, infer_net **out, pfld_error *err);

/*
 * For nets that never run at the same time, and so can share the memory of their maps: before the
 * first run infer_place() gives them a block of infer_activation_bytes() or more, zeroed and
 * aligned to MEM_ALIGN. Inputs and outputs of rank 4 are [N][H][W][C]; an input is overwritten by
 * running, so fill it every time. Of clones of one graph, which differ in their inputs' shapes
 * only, convolutions are packed once: cap, weights (zeroed before the first) and mem are the same
 * for all.
 */
typedef struct infer_weights {
    struct packed_weights *first;
} infer_weights;
pfld_status infer_create_shared(const net_graph *g, pfld_isa cap, const infer_pixels *pixels,
                                infer_weights *weights, arena *mem, infer_net **out,
                                pfld_error *err);
void infer_place(infer_net *net, void *block);

/* Write an input's data before infer_run(); read an output's after it, until the next run. */
size_t infer_input_count(const infer_net *net);
size_t infer_output_count(const infer_net *net);
infer_tensor infer_input(const infer_net *net, size_t i);
infer_tensor infer_output(const infer_net *net, size_t i);
/* The picture [N][H][W][C] of a net that was created with pixels; its first input has no data. */
uint8_t *infer_bytes(const infer_net *net);

void infer_run(infer_net *net);

pfld_isa infer_isa(const infer_net *net);
/* Bytes of feature maps and scratch alive at once, and of packed weights. */
size_t infer_activation_bytes(const infer_net *net);
size_t infer_weight_bytes(const infer_net *net);

/* The compiled steps, for `pfld bench --layers` and `pfld info`. */
size_t infer_step_count(const infer_net *net);
/* Name of the graph node, operator, multiply-adds, and whether these are of bytes. */
typedef struct infer_step_info {
    const char *name, *op;
    uint64_t macs;
    bool int8;
} infer_step_info;
infer_step_info infer_step(const infer_net *net, size_t i);
void infer_run_step(infer_net *net, size_t i);
/* Multiply-adds on registers alone, of floats or of bytes, as fast as this core can: their number;
 * 0: nobody knows how. Time it for the roof that steps are under. */
uint64_t infer_roof(const infer_net *net, bool int8, size_t rounds);

#endif
