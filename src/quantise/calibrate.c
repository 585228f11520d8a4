/* The ranges of a net's maps over crops, and what of them 8 bits should cover. */
#include "quantise/calibrate.h"

#include <math.h>

#include "core/error.h"
#include "core/mem.h"
#include "quantise/probe.h"

enum { BINS = 4096 };

const char *const calibrate_method_names[CALIBRATE_METHODS + 1] = {"minmax", "percentile", "mse"};

typedef struct histogram { /* of a group */
    float lo, hi;          /* 0 is inside */
    uint64_t *bin;         /* [BINS] */
    uint64_t total;
} histogram;

typedef struct census {
    probe net;
    int32_t *values; /* [n] that are looked at */
    size_t n;
    histogram *group; /* [n_values], at the groups' indices */
    const net_quant_plan *plan;
    const crops *crops;
} census;

/* ---- counting ---- */

static void widen(histogram *h, const infer_tensor *t)
{
    for (size_t i = 0; i < t->count; i++) {
        h->lo = fminf(h->lo, t->data[i]);
        h->hi = fmaxf(h->hi, t->data[i]);
    }
}

static double bin_width(const histogram *h)
{
    return ((double)h->hi - (double)h->lo) / BINS;
}

static void count(histogram *h, const infer_tensor *t)
{
    double per_unit = h->hi > h->lo ? 1 / bin_width(h) : 0;

    for (size_t i = 0; i < t->count; i++) {
        double at = ((double)t->data[i] - (double)h->lo) * per_unit;
        h->bin[at < BINS ? (size_t)at : BINS - 1]++;
    }
    h->total += t->count;
}

static void look(census *s, void (*at)(histogram *h, const infer_tensor *t))
{
    for (size_t i = 0; i < s->crops->n; i++) {
        pfld_image crop = crops_at(s->crops, i);
        probe_run(&s->net, &crop);
        for (size_t k = 0; k < s->n; k++) {
            infer_tensor t = probe_value(&s->net, k);
            at(&s->group[s->plan->group[s->values[k]]], &t);
        }
    }
}

/* ---- choosing ---- */

static net_range whole_range(const histogram *h)
{
    return (net_range){h->lo, h->hi};
}

static net_range percentile_range(const histogram *h)
{
    uint64_t most = (uint64_t)(CALIBRATE_TAIL * (double)h->total), n = 0;
    net_range r = whole_range(h);
    size_t i;

    for (i = 0; i < BINS && (n += h->bin[i]) <= most; i++)
        ;
    r.lo = fminf(0.0f, (float)((double)h->lo + (double)i * bin_width(h)));
    for (i = BINS, n = 0; i > 0 && (n += h->bin[i - 1]) <= most; i--)
        ;
    r.hi = fmaxf(0.0f, (float)((double)h->lo + (double)i * bin_width(h)));
    return r;
}

/* Sum of squared errors of all numbers, each in its bin's middle. */
static double cost_of(const histogram *h, net_range r)
{
    net_quant q = net_quant_of(r);
    double sum = 0, width = bin_width(h);

    for (size_t i = 0; i < BINS; i++) {
        double x = (double)h->lo + ((double)i + 0.5) * width;
        double n = nearbyint(x / (double)q.scale) + q.zero;
        double e = (fmin(fmax(n, 0), 255) - q.zero) * (double)q.scale - x;
        sum += (double)h->bin[i] * e * e;
    }
    return sum;
}

/* Ends are cut by the same share: tails of a map are alike. */
static net_range mse_range(const histogram *h)
{
    net_range best = whole_range(h);
    double least = cost_of(h, best);

    for (int percent = 99; percent >= 20; percent--) {
        float share = (float)percent / 100.0f;
        net_range r = {share * h->lo, share * h->hi};
        double cost = cost_of(h, r);
        if (cost >= least)
            continue;
        least = cost;
        best = r;
    }
    return best;
}

static net_range (*const choose[CALIBRATE_METHODS])(const histogram *) = {
    whole_range, percentile_range, mse_range};

/* ---- all together ---- */

static bool is_input(const net_graph *g, int32_t v)
{
    for (size_t i = 0; i < g->n_inputs; i++)
        if (g->inputs[i] == v)
            return true;
    return false;
}

static pfld_status begin(census *s, const net_graph *g, const spec_input *input, pfld_error *err)
{
    s->values = mem_alloc(g->n_values, sizeof *s->values);
    s->group = mem_alloc(g->n_values, sizeof *s->group);
    if (!s->values || !s->group)
        return error_nomem(err);
    for (size_t v = 0; v < g->n_values; v++) {
        int32_t group = s->plan->group[v];
        if (group == NET_NONE || !s->plan->counts[v] || is_input(g, (int32_t)v))
            continue;
        s->values[s->n++] = (int32_t)v;
        if (!s->group[group].bin)
            s->group[group].bin = mem_alloc(BINS, sizeof *s->group->bin);
        if (!s->group[group].bin)
            return error_nomem(err);
    }
    return probe_create(g, s->values, s->n, input, &s->net, err);
}

static void end(census *s, const net_graph *g)
{
    for (size_t v = 0; s->group && v < g->n_values; v++)
        mem_free(s->group[v].bin);
    mem_free(s->group);
    mem_free(s->values);
    probe_free(&s->net);
}

static pfld_status check_finite(const net_graph *g, const census *s, pfld_error *err)
{
    for (size_t v = 0; v < g->n_values; v++)
        if (!isfinite(s->group[v].hi - s->group[v].lo))
            return error_set(err, PFLD_ERR_UNSUPPORTED, "value '%.60s' is not finite",
                             g->values[v].name);
    return PFLD_OK;
}

pfld_status calibrate_ranges(const net_graph *g, const net_quant_plan *p, const crops *c,
                             const spec_input *input, calibrate_method method, net_range *range,
                             pfld_error *err)
{
    census s = {.plan = p, .crops = c};
    pfld_status st = begin(&s, g, input, err);

    if (st == PFLD_OK) {
        look(&s, widen);
        st = check_finite(g, &s, err);
    }
    if (st == PFLD_OK) {
        look(&s, count);
        for (size_t v = 0; v < g->n_values; v++)
            if (s.group[v].bin)
                range[v] = choose[method](&s.group[v]);
    }
    end(&s, g);
    return st;
}

static bool differs(float a, float b)
{
    return a < b || a > b;
}

pfld_status calibrate_input(const spec_input *how, spec_input *input, net_range *range,
                            pfld_error *err)
{
    double scale = (double)how->scale[0], zero = -(double)how->offset[0] / scale;

    for (int c = 1; c < 3 && how->order != PFLD_GRAY8; c++)
        if (differs(how->scale[c], how->scale[0]) || differs(how->offset[c], how->offset[0]))
            return error_set(err, PFLD_ERR_UNSUPPORTED,
                             "the input's channels have different scales");
    if (!(scale > 0))
        return error_set(err, PFLD_ERR_UNSUPPORTED, "the input's scale is not above 0");
    /* upwards from a half, also where floats come out below it: 127.5 of -1..1 */
    zero = fmin(fmax(floor(zero + 0.5 + 1e-3), 0), 255);
    *input = *how;
    for (int c = 0; c < 3; c++)
        input->offset[c] = (float)(-zero * scale);
    *range = (net_range){(float)(-zero * scale), (float)((255 - zero) * scale)};
    return PFLD_OK;
}
