/* Builders of our own nets as graphs: PFLD's Table 1 and the auxiliary net of Table 2. */
#ifndef NET_ARCH_H
#define NET_ARCH_H

#include "net/graph.h"

typedef enum arch_tail { ARCH_FLATTEN, ARCH_POOL, ARCH_S3 } arch_tail;

typedef struct arch_pfld {
    double width;   /* channels x width, rounded, at least 4; above 0, at most 8 */
    int points;     /* N, 1..1024: the output has 2N values */
    int size;       /* side of the input, 32..512; 112 */
    arch_tail tail; /* what the last layer sees of S1, S2 and S3: all, channel means, or S3 alone */
    bool auxiliary; /* Table 2 from the fourth block's input map; its output is "angles" [B][3] */
    double aux_width; /* of Table 2's channels; 0: width. Only training pays for them */
    bool spread;      /* a head that says how far off each point may be; its output is "spread" */
} arch_pfld;

/*
 * The training form: batch normalisation and ReLU as nodes of their own, batch dimension open.
 * Input "input" [B][3][S][S], output "landmarks" [B][2N], then "angles" [B][3] (radians), then
 * "spread" [B][3N], three numbers for each point (geometry/spread.h). Every
 * convolution is followed by batch normalisation and has no bias; ReLU follows all of them but the
 * last one of a bottleneck. The 7x7 convolutions cover the whole map whatever the input's size.
 *
 * The spread's head is that of net/arch_spread.h: its training changes nothing in the rest.
 *
 * Weights: normal with variance 2 / fan-in (He et al. 2015), from seed, the same with and without
 * the auxiliary net and the head; scale 1, bias 0, running mean 0, variance 1. The two last layers
 * have a deviation of 0.01 / sqrt(fan-in), so that with batch statistics all faces start within a
 * few hundredths of their bias: mean [2N] (the mean shape; NULL: 0.5), and 0 for the angles.
 *
 * Names: nodes "conv1", "conv1.bn", "conv1.relu", "block3.2.expand.bn" (second bottleneck of the
 * row "block3"), "aux.conv1" ...; constants NODE.weight, NODE.bias, NODE.bn.scale, .bias, .mean,
 * .var. Fails with PFLD_ERR_ARG and PFLD_ERR_NOMEM.
 */
pfld_status arch_pfld_build(const arch_pfld *a, uint64_t seed, const float *mean, net_graph **out,
                            pfld_error *err);

/* Removes a graph output ("angles", before inference) and the nodes that only it needs. The only
 * output stays: PFLD_ERR_ARG, as for a name that is none. */
pfld_status arch_strip(net_graph *g, const char *output, pfld_error *err);

typedef struct arch_row {               /* of the printed table */
    const char *name, *op;              /* "block1", "bottleneck"; static */
    int in_size, in_channels, out_size; /* of a full connection: 1, features, 1 */
    int t, c, n, s;            /* t is 0 where there is no expansion; c is the output's channels */
    uint64_t macs, parameters; /* batch normalisation folded: weights and biases */
} arch_row;
#define ARCH_ROWS 16 /* at most */
/* Rows of Table 1 (and 2, and the spread's head) for a; returns how many, at most room; 0 where a
 * can't be built. */
size_t arch_pfld_rows(const arch_pfld *a, arch_row *rows, size_t room);

#endif
