/* A float landmark net and crops to a net in 8 bits: calibration, and the QDQ graph. */
#include "quantise/quantise.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "quantise/equalise.h"
#include "quantise/probe.h"

static double square_difference(const infer_tensor *a, const infer_tensor *b)
{
    double sum = 0;

    for (size_t i = 0; i < a->count; i++)
        sum +=
            ((double)a->data[i] - (double)b->data[i]) * ((double)a->data[i] - (double)b->data[i]);
    return sum;
}

/* The numbers of the spread and the auxiliary net's angles are no places. */
static bool is_place(const net_graph *g, size_t output)
{
    const char *name = g->values[g->outputs[output]].name;

    return strcmp(name, "spread") != 0 && strcmp(name, "angles") != 0;
}

/* before: the float net, as it was. */
static pfld_status measure_drift(probe *before, const crops *c, quantised *q, pfld_error *err)
{
    probe after;
    double sum = 0;
    size_t n = 0, outputs = q->graph->n_outputs;
    pfld_status st = probe_create(q->graph, q->graph->outputs, outputs, &q->input, &after, err);

    for (size_t i = 0; i < c->n && st == PFLD_OK; i++) {
        pfld_image crop = crops_at(c, i);
        probe_run(before, &crop);
        probe_run(&after, &crop);
        for (size_t k = 0; k < outputs; k++) {
            if (!is_place(q->graph, k))
                continue;
            infer_tensor a = probe_value(before, k), b = probe_value(&after, k);
            sum += square_difference(&a, &b);
            n += a.count;
        }
    }
    q->drift = n ? sqrt(sum / (double)n) : 0;
    probe_free(&after);
    return st;
}

pfld_status quantise_net(net_graph *g, const spec_input *how, const crops *c,
                         calibrate_method method, quantised *out, pfld_error *err)
{
    net_quant_plan plan = {0};
    net_range of_input, *range = NULL;
    probe before = {0};
    pfld_status st = probe_create(g, g->outputs, g->n_outputs, how, &before, err);

    *out = (quantised){0};
    if (st == PFLD_OK)
        st = calibrate_input(how, &out->input, &of_input, err);
    if (st == PFLD_OK)
        st = net_quant_shift_input(g, (double)how->offset[0] - (double)out->input.offset[0], err);
    if (st == PFLD_OK)
        st = equalise_channels(g, c, &out->input, err);
    if (st == PFLD_OK)
        st = net_quant_plan_make(g, &plan, err); /* no value is added to g from here on */
    if (st == PFLD_OK && !(range = mem_alloc(g->n_values, sizeof *range)))
        st = error_nomem(err);
    if (st == PFLD_OK) {
        range[g->inputs[0]] = of_input;
        st = calibrate_ranges(g, &plan, c, &out->input, method, range, err);
    }
    if (st == PFLD_OK)
        st = net_quantise(g, &plan, range, &out->graph, err);
    if (st == PFLD_OK)
        st = measure_drift(&before, c, out, err);
    probe_free(&before);
    mem_free(range);
    net_quant_plan_free(&plan);
    return st;
}
