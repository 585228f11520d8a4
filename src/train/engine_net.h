/*
 * What a graph becomes for training, for the engine's own files.
 *
 * A map is a stored feature map: what a convolution, a sum and the like has computed. Batch
 * normalisation and activation behind it are not stored: they belong to the map, and whoever reads
 * it applies them again to the few rows that it needs. A step computes one map from others, and
 * their gradients from its own.
 *
 * The gradient of a map is that of its value (behind normalisation and activation) while its
 * readers write it; the last of them finishes it: then it is the gradient before the activation,
 * and the sums that normalisation needs are taken. Whoever made the map gets from
 * train_map_gradient() the gradient of the stored numbers.
 */
#ifndef TRAIN_ENGINE_NET_H
#define TRAIN_ENGINE_NET_H

#include "core/arena.h"
#include "train/engine.h"
#include "train/kernels_real.h"

/* A trained array or a running statistic. */
typedef struct train_slot {
    train_param shown;
    int32_t value;     /* the constant in the graph */
    size_t k, c, r, s; /* [k][c][r][s] there is [r][s][c][k] here */
} train_slot;

typedef struct train_norm {
    train_slot *gamma, *beta, *mean, *var;
    double epsilon, momentum;     /* momentum: the share of the new in the running statistics */
    real *batch_mean, *deviation; /* [c] the latter as 1 / sqrt(variance + epsilon) */
    real *grad_scale, *grad_shift, *grad_center; /* [c] see blend in kernels_real.h */
} train_norm;

typedef struct train_map train_map;
struct train_map {
    size_t h, w, c, pixels;
    real *raw;        /* [max_batch][h][w][c] */
    real *grad;       /* the same; NULL: nobody needs it */
    train_norm *norm; /* NULL: none */
    train_act act;
    train_slot *slope;        /* of PRelu, else NULL */
    real *scale, *shift;      /* [c] of the normalisation, or 1 and 0 */
    real *center;             /* [c] that sums are taken around: a guess of the mean */
    double *sum;              /* [chunks][TRAIN_SUMS][c] */
    bool is_input, is_output; /* of the graph */
    bool aliased;             /* several values of the graph stand for it */
    size_t producer;          /* step */
    size_t readers;           /* inputs of steps */
    size_t writers;           /* of those, inputs that write its gradient */
    train_map *shares;        /* whose gradient buffer it uses, or NULL */
    train_map *child[2];      /* these end with this one's gradient, and share its buffer */
    size_t n_children;
};

enum { TRAIN_SUMS = 3 }; /* as the kernels' */

typedef enum train_kind {
    TRAIN_DENSE,   /* 1x1 convolution, window as large as the map, Gemm */
    TRAIN_PATCHES, /* any other convolution of all channels */
    TRAIN_DEPTHWISE,
    TRAIN_ADD,
    TRAIN_MEAN,    /* global average pool */
    TRAIN_FLATTEN, /* in the graph's channel-major order */
    TRAIN_CONCAT,
    TRAIN_UPSAMPLE, /* every pixel four times */
    TRAIN_COPY,     /* stores a value, so that something else may be applied to it */
    TRAIN_KINDS
} train_kind;

/* How a step writes the gradient of one of its inputs. */
typedef struct train_edge {
    train_map *map;
    bool needed;      /* else nobody wants it */
    bool first, last; /* the first one overwrites, the last one finishes */
    bool shared;      /* the buffer is that of the step's output: nothing to do */
} train_edge;

typedef struct train_step {
    train_kind kind;
    const char *name; /* of the graph's node */
    train_edge *in;
    size_t n_in;
    train_map *out;
    train_slot *weight, *bias; /* NULL: none */
    train_window win;
    size_t k, n;       /* weights as a matrix [k][n] */
    size_t tile;       /* rows that are in work at once */
    real *packed;      /* for gemm: [k][n] */
    real *packed_back; /* for gemm: [n][k]; depthwise: the window turned around */
} train_step;

/* The share of a batch that one task works on. */
typedef struct train_chunk {
    size_t index, first, end; /* samples */
    real *scratch;
    real *weight_grad; /* [weight][bias] of this share */
} train_chunk;

struct train_net {
    arena mem;
    const net_graph *source;
    net_graph *g; /* a clone with shapes, for one sample */
    pool *pool;
    const train_kernels *k;
    const real_kernels *rk;
    const char *part; /* what the names of trained arrays begin with; NULL: all are */
    size_t max_batch, batch, n_chunks;
    bool training;
    train_map *maps;
    size_t n_maps;
    train_step *steps; /* each behind those whose maps it reads */
    size_t n_steps;
    train_slot *params, *states;
    size_t n_params, n_states;
    train_map **outputs;
    size_t n_outputs;
    train_map *input;
    train_chunk *chunks; /* [n_chunks] */
    double *sums;        /* of all maps */
    size_t n_sums;
    real *grads; /* [n_grads] of all parameters */
    size_t n_grads;
    const train_group *group; /* NULL: this process alone */
    double *norm_sums;        /* [2 c + 1] of one map, over the group: see sums_of_all() */
    real *pages;              /* maps and gradients */
    size_t pages_bytes;
};

/* engine_build.c: fills steps, maps and slots of t from t->g. */
pfld_status train_build(train_net *t, pfld_error *err);
/* engine_plan.c: who writes gradients when, and where they lie: sets grad of all maps, and raw. */
pfld_status train_plan(train_net *t, pfld_error *err);

/* One training step, each part of it timed: best [n_steps][2] is of forward and backward the least
 * so far, or this time's where it's fresh. For the benchmark. */
void train_time_steps(train_net *t, size_t batch, double (*now)(void), double *best, bool fresh);

/* A kind of step. Both work on the samples of one chunk. */
typedef struct train_layer {
    /* Numbers of scratch that a chunk needs; also chooses the tile. */
    size_t (*scratch)(const train_net *t, train_step *s);
    void (*forward)(const train_net *t, const train_step *s, const train_chunk *c);
    void (*backward)(const train_net *t, const train_step *s, const train_chunk *c);
    void (*pack)(const train_net *t, const train_step *s); /* NULL: has no weights */
} train_layer;

extern const train_layer train_layer_dense, train_layer_patches, train_layer_depthwise,
    train_layer_add, train_layer_mean, train_layer_flatten, train_layer_concat,
    train_layer_upsample, train_layer_copy;

/* Rows are pixels, counted through the whole batch. */

/* The value of rows, in buf [rows][c] unless the map stores them just so. */
const real *train_map_value(const train_net *t, const train_map *m, size_t row, size_t rows,
                            real *buf);
/* The same into to, which may be where add lies; add [rows][c] may be NULL. */
void train_map_value_add(const train_net *t, const train_map *m, size_t row, size_t rows,
                         const real *add, real *to);
/* Rows of raw were written: takes the sums of normalisation. */
void train_map_made(const train_net *t, const train_map *m, const train_chunk *c, size_t row,
                    size_t rows);
/* The gradient of raw, in buf unless it is stored just so. */
const real *train_map_gradient(const train_net *t, const train_map *m, size_t row, size_t rows,
                               real *buf);
/* Rows of the gradient have all their parts. */
void train_map_finish(const train_net *t, const train_map *m, const train_chunk *c, size_t row,
                      size_t rows);
/* from [rows][c] is part of the gradient of an input; finishes it where it's the last. */
void train_edge_write(const train_net *t, const train_edge *e, const train_chunk *c, size_t row,
                      size_t rows, const real *from);

/* Between the steps, on one thread: from sums to parameters. */
void train_norm_forward(const train_net *t, const train_map *m);
void train_norm_running(const train_map *m);
void train_norm_backward(const train_net *t, const train_map *m);

#endif
