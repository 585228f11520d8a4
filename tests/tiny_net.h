/* A landmark net whose answer is known by hand: five points made of the crop's channel means. */
#ifndef TESTS_TINY_NET_H
#define TESTS_TINY_NET_H

#include <stddef.h>
#include <stdint.h>

#include "net/graph.h"

enum { TINY_POINTS = 5, TINY_VALUES = 2 * TINY_POINTS, TINY_SPREADS = 3 * TINY_POINTS };

typedef struct tiny_net {
    int64_t side, channels;            /* of the input; 0: 16 and 3; NET_DIM_OPEN: left open */
    const char *scheme, *input, *crop; /* values of the pfld.* keys, or NULL */
    /* value k is bias[k] + sum over c of weight[k][c] * mean of channel c */
    float weight[TINY_VALUES][3], bias[TINY_VALUES];
    const char *rule; /* pfld.spread, or NULL; then there is the output "spread": */
    float spread[TINY_SPREADS];
    float unsure[3]; /* per mean of channel c, added to all of ln sx and ln sy */
} tiny_net;

/* Conv (which changes nothing), GlobalAveragePool, Flatten, Gemm; freed by the caller. */
net_graph *tiny_net_graph(const tiny_net *t);
/* The same as an ONNX file in memory, freed with mem_free(). */
uint8_t *tiny_net_onnx(const tiny_net *t, size_t *size);

#endif
