/* Which sample comes when: weighted epochs in random order, from any place on. */
#ifndef DATA_SAMPLER_H
#define DATA_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pfld/pfld.h"

/*
 * An epoch is as long as the weights' sum, rounded (at least 1). A sample of weight w comes
 * floor(w) or ceil(w) times in each, w times on average; one of weight 1 exactly once if all are
 * whole.
 */
typedef struct sampler {
    const float *weight; /* [n], the caller's */
    size_t n, epoch_length;
    uint64_t seed;
    double total;
    uint64_t epoch; /* the one in list */
    bool has_epoch;
    uint32_t *order; /* [n] */
    uint32_t *list;  /* [epoch_length] */
} sampler;

/* Weights of 0 or less, or NaN, never come; if none is left, PFLD_ERR_ARG. */
pfld_status sampler_create(sampler *s, const float *weight, size_t n, uint64_t seed,
                           pfld_error *err);
void sampler_free(sampler *s);
/* The sample at this place of the endless sequence: depends on nothing but weights, seed, place.
 * Cheap while places go on within an epoch; makes the epoch otherwise. */
size_t sampler_at(sampler *s, uint64_t place);

#endif
