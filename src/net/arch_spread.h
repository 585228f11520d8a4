/* The head that says how far off each landmark may be. */
#ifndef NET_ARCH_SPREAD_H
#define NET_ARCH_SPREAD_H

#include "net/arch_nodes.h"

enum { ARCH_SPREAD_MAPS = 5 };

typedef struct arch_spread_inputs {
    arch_map maps[ARCH_SPREAD_MAPS];
    arch_map points;   /* [B][2N] */
    const float *mean; /* [2N] the points' mean */
} arch_spread_inputs;

/*
 * Two full connections with ReLU between them, from the channels' means of the maps and the points
 * to [B][3N]: the node "spread", in front of it "spread.map1", "spread.points" and so on. At the
 * start every point has the same spread, 2 % of the crop. By Identities with NET_STOP it takes its
 * inputs as they are: its training changes nothing in the rest of the net.
 */
arch_map arch_spread(arch_builder *b, const arch_spread_inputs *in);

#endif
