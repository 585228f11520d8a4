/* Which sample comes when: weighted epochs in random order, from any place on. */
#include "data/sampler.h"

#include <math.h>

#include "core/error.h"
#include "core/mem.h"
#include "core/rng.h"

#define LONGEST 1e9 /* places of an epoch; indices have 32 bits */

static double weight_of(const sampler *s, size_t i)
{
    double w = (double)s->weight[i];

    return w > 0.0 ? w : 0.0;
}

pfld_status sampler_create(sampler *s, const float *weight, size_t n, uint64_t seed,
                           pfld_error *err)
{
    *s = (sampler){.weight = weight, .n = n, .seed = seed};
    for (size_t i = 0; i < n; i++)
        s->total += weight_of(s, i);
    if (!(s->total > 0.0))
        return error_set(err, PFLD_ERR_ARG, "none of %zu samples has a weight above 0", n);
    if (!(s->total < LONGEST) || n > UINT32_MAX)
        return error_set(err, PFLD_ERR_ARG, "the samples' weights make an epoch of %.0f faces",
                         s->total);
    s->epoch_length = s->total < 1.0 ? 1 : (size_t)floor(s->total + 0.5);
    s->order = mem_alloc(n, sizeof *s->order);
    s->list = mem_alloc(s->epoch_length, sizeof *s->list);
    if (!s->order || !s->list) {
        sampler_free(s);
        return error_nomem(err);
    }
    return PFLD_OK;
}

void sampler_free(sampler *s)
{
    mem_free(s->order);
    mem_free(s->list);
    *s = (sampler){0};
}

/* Fisher and Yates. */
static void shuffle(uint32_t *at, size_t n, rng *r)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = (size_t)(((rng_u64(r) >> 32) * i) >> 32);
        uint32_t t = at[i - 1];
        at[i - 1] = at[k];
        at[k] = t;
    }
}

/* Systematic sampling: with all weights laid end to end in random order, a place every unit, the
 * first at random. The list that comes of it has copies side by side, so it is shuffled too. */
static void make_epoch(sampler *s, uint64_t epoch)
{
    double unit = s->total / (double)s->epoch_length, end = 0.0, start;
    size_t n = 0, last = 0;
    rng r;

    rng_seed(&r, s->seed); /* so that the epochs of one seed aren't those of its neighbour */
    rng_seed(&r, rng_u64(&r) + epoch);
    for (size_t i = 0; i < s->n; i++)
        s->order[i] = (uint32_t)i;
    shuffle(s->order, s->n, &r);
    start = (double)rng_float(&r);
    for (size_t i = 0; i < s->n; i++) {
        double w = weight_of(s, s->order[i]) / unit;
        if (w > 0.0)
            last = i;
        for (end += w; n < s->epoch_length && (double)n + start < end; n++)
            s->list[n] = s->order[i];
    }
    while (n < s->epoch_length) /* rounding of end */
        s->list[n++] = s->order[last];
    shuffle(s->list, n, &r);
    s->epoch = epoch;
    s->has_epoch = true;
}

size_t sampler_at(sampler *s, uint64_t place)
{
    uint64_t epoch = place / s->epoch_length;

    if (!s->has_epoch || s->epoch != epoch)
        make_epoch(s, epoch);
    return s->list[place % s->epoch_length];
}
