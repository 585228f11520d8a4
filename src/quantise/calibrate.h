/* The ranges of a net's maps over crops, and what of them 8 bits should cover. */
#ifndef QUANTISE_CALIBRATE_H
#define QUANTISE_CALIBRATE_H

#include "net/quantise.h"
#include "quantise/crops.h"

typedef enum calibrate_method {
    CALIBRATE_MINMAX,     /* all that was seen */
    CALIBRATE_PERCENTILE, /* but for CALIBRATE_TAIL of the numbers at each end */
    CALIBRATE_MSE,        /* the part of all whose rounding and clipping cost least, squared */
    CALIBRATE_METHODS
} calibrate_method;

extern const char *const calibrate_method_names[CALIBRATE_METHODS + 1]; /* NULL behind the last */

#define CALIBRATE_TAIL 1e-4

/*
 * How a byte of the crop is the net's first 8-bit number: *input, in place of how, sees 0 as a
 * byte, the nearest to what was 0. PFLD_ERR_UNSUPPORTED where the channels have different scales.
 */
pfld_status calibrate_input(const spec_input *how, spec_input *input, net_range *range,
                            pfld_error *err);

/* range [g->n_values]: filled in for each group of the plan but the graph's input, whose range is
 * there already. The same bits for the same crops. */
pfld_status calibrate_ranges(const net_graph *g, const net_quant_plan *p, const crops *c,
                             const spec_input *input, calibrate_method method, net_range *range,
                             pfld_error *err);

#endif
