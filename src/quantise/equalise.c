/* Makes the channels of a map equally large, so that one scale suits them all. */
#include "quantise/equalise.h"

#include <math.h>

#include "core/error.h"
#include "core/mem.h"
#include "net/channels.h"
#include "quantise/probe.h"

/*
 * A weight of a channel's reader shrinks as the channel grows, and rounds worse. Of the powers 0,
 * 0.5 and 1 of what is missing to the largest channel, 0.5 lets the outputs of pfld-0.25x-ibug68
 * drift least: 1.16, 1.14, 1.25 thousandths of the crop, 1.30 without any of this (--method mse
 * --crops 256, 300w train). Where readers don't mind, all of it.
 */
#define POWER 0.5
#define MOST  64.0 /* a channel that is hardly ever alive stays small */

typedef struct equaliser {
    net_graph *g;
    net_quant_plan plan;
    int32_t *set;    /* [n_values] as of net_channel_sets() */
    int32_t *values; /* [n] that are quantised and in a set */
    double **top;    /* [n_values] at the sets: [channels] largest number, whatever its sign */
    size_t n;
    arena mem;
} equaliser;

static size_t channels_of(const equaliser *s, int32_t v)
{
    return (size_t)s->g->values[v].shape.dim[1];
}

static pfld_status begin(equaliser *s, pfld_error *err)
{
    size_t n = s->g->n_values;

    s->set = arena_alloc(&s->mem, n, sizeof *s->set);
    s->values = arena_alloc(&s->mem, n, sizeof *s->values);
    s->top = arena_alloc(&s->mem, n, sizeof *s->top);
    if (!s->set || !s->values || !s->top || !net_channel_sets(s->g, s->set))
        return error_nomem(err);
    for (size_t v = 0; v < n; v++) {
        int32_t set = s->set[v];
        if (set == NET_NONE || s->plan.group[v] == NET_NONE || !s->plan.counts[v])
            continue;
        s->values[s->n++] = (int32_t)v;
        if (!s->top[set])
            s->top[set] = arena_alloc(&s->mem, channels_of(s, (int32_t)v), sizeof(double));
        if (!s->top[set])
            return error_nomem(err);
    }
    return PFLD_OK;
}

static void note_tops(const infer_tensor *t, size_t channels, double *top)
{
    size_t count = t->count / channels;

    for (size_t c = 0; c < channels; c++)
        for (size_t i = 0; i < count; i++)
            top[c] = fmax(top[c], fabs((double)t->data[c * count + i]));
}

static pfld_status measure(equaliser *s, const crops *faces, const spec_input *input,
                           pfld_error *err)
{
    probe p;
    pfld_status st = probe_create(s->g, s->values, s->n, input, &p, err);

    for (size_t i = 0; i < faces->n && st == PFLD_OK; i++) {
        pfld_image crop = crops_at(faces, i);
        probe_run(&p, &crop);
        for (size_t k = 0; k < s->n; k++) {
            infer_tensor t = probe_value(&p, k);
            note_tops(&t, channels_of(s, s->values[k]), s->top[s->set[s->values[k]]]);
        }
    }
    probe_free(&p);
    return st;
}

/* top becomes factors. */
static void choose(double *top, size_t channels, double power)
{
    double all = 0;

    for (size_t c = 0; c < channels; c++)
        all = fmax(all, top[c]);
    for (size_t c = 0; c < channels; c++)
        top[c] = top[c] > 0 ? fmin(pow(all / top[c], power), MOST) : 1;
}

pfld_status equalise_channels(net_graph *g, const crops *c, const spec_input *input,
                              pfld_error *err)
{
    equaliser s = {.g = g};
    size_t n = g->n_values; /* scaling adds more */
    pfld_status st = net_quant_plan_make(g, &s.plan, err);

    if (st == PFLD_OK)
        st = begin(&s, err);
    if (st == PFLD_OK)
        st = measure(&s, c, input, err);
    for (size_t v = 0; v < n && st == PFLD_OK; v++) {
        if (!s.top[v])
            continue;
        choose(s.top[v], channels_of(&s, (int32_t)v),
               net_channels_are_free(g, s.set, (int32_t)v) ? 1 : POWER);
        if (!net_channels_scale(g, s.set, (int32_t)v, s.top[v]))
            st = error_nomem(err);
    }
    net_quant_plan_free(&s.plan);
    arena_free(&s.mem);
    return st;
}
