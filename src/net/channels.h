/* Scaling the channels of maps inside a net, while what it computes stays the same. */
#ifndef NET_CHANNELS_H
#define NET_CHANNELS_H

#include "net/graph.h"

/*
 * set [n_values] of a folded graph: values that have to be scaled alike, channel by channel, have
 * the same number, one of theirs; NET_NONE where scaling would change what the net computes. It
 * does not where only convolutions write the set's values and only convolutions read them, ReLU,
 * Add, Resize and pools in between. False: memory ran out.
 */
bool net_channel_sets(const net_graph *g, int32_t *set);

/* True where only depthwise convolutions read the set: then scaling costs the weights nothing, as
 * each of their channels has its own scale. */
bool net_channels_are_free(const net_graph *g, const int32_t *set, int32_t which);

/* Multiplies the channels of a set's values by k [channels], in fresh weights and biases. False:
 * memory ran out. */
bool net_channels_scale(net_graph *g, const int32_t *set, int32_t which, const double *k);

#endif
