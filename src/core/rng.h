/* Random numbers whose whole state the caller holds: same seed, same numbers, everywhere. */
#ifndef CORE_RNG_H
#define CORE_RNG_H

#include <stdint.h>

typedef struct rng { /* xoshiro256** (Blackman and Vigna 2018); copy it to fork or to save it */
    uint64_t s[4];   /* not all zero */
} rng;

/* Any seed will do, 0 and neighbours too. */
void rng_seed(rng *r, uint64_t seed);
uint64_t rng_u64(rng *r);
/* [0, 1), all multiples of 2^-24 alike. */
float rng_float(rng *r);
/* Mean 0, variance 1. Takes two numbers each time, so that no half-used pair hides anywhere. */
float rng_normal(rng *r);

#endif
