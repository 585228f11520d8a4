/* A net that gives out chosen inner values, run on crops. */
#ifndef QUANTISE_PROBE_H
#define QUANTISE_PROBE_H

#include "core/arena.h"
#include "infer/infer.h"
#include "quantise/crops.h"

typedef struct probe {
    arena mem;
    net_graph *graph;
    infer_net *net;
    spec_input input;
} probe; /* zeroed: empty */

/* values [n] of g, which is folded and must outlive the probe: its outputs, in this order. What
 * they don't need is not run. input: how crops become the net's numbers. */
pfld_status probe_create(const net_graph *g, const int32_t *values, size_t n,
                         const spec_input *input, probe *out, pfld_error *err);
void probe_free(probe *p);

void probe_run(probe *p, const pfld_image *crop);
/* Of the last run, in the graph's order (NCHW). */
infer_tensor probe_value(const probe *p, size_t i);

#endif
