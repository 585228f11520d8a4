/* Makes the channels of a map equally large, so that one scale suits them all. */
#ifndef QUANTISE_EQUALISE_H
#define QUANTISE_EQUALISE_H

#include "net/quantise.h"
#include "quantise/crops.h"

/* Changes weights and biases of g, which computes the same as before. Fails as
 * net_quant_plan_make() does, too. */
pfld_status equalise_channels(net_graph *g, const crops *c, const spec_input *input,
                              pfld_error *err);

#endif
