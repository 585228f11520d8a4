/* Forward and backward passes of a graph over a batch, on the kernels that inference uses. */
#ifndef TRAIN_ENGINE_H
#define TRAIN_ENGINE_H

#include "core/pool.h"
#include "net/graph.h"
#include "train/group.h"
#include "train/real.h"

typedef struct train_net train_net;

/* Convolution weights, [k][c][r][s] in the graph, are [r][s][c][k] here; those of a Gemm [in][out].
 */
typedef struct train_param {
    const char *name;   /* of the graph's constant */
    real *value, *grad; /* [n] grad is NULL for running statistics */
    size_t n;
    bool decays; /* weight decay applies: weights, not biases and not batch norm */
    size_t
        fan_in; /* of a Gemm's weights, which no normalisation follows: inputs of a sum; else 0 */
} train_param;

/*
 * g: arch's training form (Conv, BatchNormalization, Relu, PRelu, HardSwish, Add, Concat, Flatten,
 * GlobalAveragePool, Gemm, Resize by 2), one input, constants for weights; anything else is
 * PFLD_ERR_UNSUPPORTED, and the message names the node. An Identity whose NET_STOP is 1 lets no
 * gradient through: what is behind it is to its readers as if it were input. g and p must outlive
 * it. Samples are divided among the pool's threads in a fixed way: the same threads, the same bits.
 * Nothing is allocated after this.
 */
pfld_status train_net_create(const net_graph *g, size_t max_batch, pool *p, train_net **out,
                             pfld_error *err);
/* The same, but only parameters whose names begin with part (which must outlive it; NULL: all) are
 * trained. The others are among the states, and the running statistics of a batch normalisation
 * whose scale is among them stand still and are used in training, too. */
pfld_status train_net_create_part(const net_graph *g, const char *part, size_t max_batch, pool *p,
                                  train_net **out, pfld_error *err);
void train_net_free(train_net *t);
/* Batches are shared with other processes from now on: batch normalisation takes the statistics of
 * all samples, wherever they are. All processes must then make the same calls. Gradients are of the
 * own samples: see train_gradients(). NULL: as before. */
void train_net_join(train_net *t, const train_group *g);

real *train_input(train_net *t); /* [batch][H][W][C] */
size_t train_output_count(const train_net *t);
const real *train_output(const train_net *t, size_t i); /* [batch][width], or [batch][H][W][C] */
/* Filled by the caller before every train_backward(), which may change it. */
real *train_output_grad(train_net *t, size_t i);

/* training: batch statistics, running ones updated (by the node's momentum, else a tenth of the
 * way); else the running ones. Parameters and statistics may be changed between calls. */
void train_forward(train_net *t, size_t batch, bool training);
/* After train_forward(t, batch, true), once: overwrites the gradients of all parameters. */
void train_backward(train_net *t);

size_t train_param_count(const train_net *t);
train_param train_param_at(const train_net *t, size_t i);
/* All parameters' gradients, which lie one after the other with zeros between: for adding up. */
real *train_gradients(train_net *t, size_t *n);
/* Running means and variances, and what is not to be trained: part of a checkpoint. */
size_t train_state_count(const train_net *t);
train_param train_state_at(const train_net *t, size_t i);

/* All memory. Feature maps of samples that never come are reserved, but not touched. */
size_t train_bytes(const train_net *t);

/* Copies values (as float) into the constants of a clone of the graph that g was made of. */
pfld_status train_export(const train_net *t, net_graph **out, pfld_error *err);

#endif
