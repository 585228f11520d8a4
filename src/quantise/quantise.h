/* A float landmark net and crops to a net in 8 bits: calibration, and the QDQ graph. */
#ifndef QUANTISE_QUANTISE_H
#define QUANTISE_QUANTISE_H

#include "quantise/calibrate.h"

/*
 * g is folded for batch 1; it is changed, and must outlive *out, whose input is then the crop's
 * bytes by *input. how: its own input. *drift: root mean square of what the outputs over the crops
 * differ by.
 */
typedef struct quantised {
    net_graph *graph; /* freed with net_graph_free() */
    spec_input input;
    double drift;
} quantised;
pfld_status quantise_net(net_graph *g, const spec_input *how, const crops *c,
                         calibrate_method method, quantised *out, pfld_error *err);

#endif
