/* Random numbers whose whole state the caller holds: same seed, same numbers, everywhere. */
#include "core/rng.h"

#include <math.h>

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

/* splitmix64: spreads a seed of few bits over the state, which it never leaves all zero. */
static uint64_t spread(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void rng_seed(rng *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        r->s[i] = spread(&seed);
}

uint64_t rng_u64(rng *r)
{
    uint64_t *s = r->s, result = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

float rng_float(rng *r)
{
    return (float)(rng_u64(r) >> 40) * 0x1p-24f;
}

/* Box and Muller, in double: 1 - u is never 0, and the tail reaches 8.5 sigma. */
float rng_normal(rng *r)
{
    double u = (double)(rng_u64(r) >> 11) * 0x1p-53, v = (double)(rng_u64(r) >> 11) * 0x1p-53;

    return (float)(sqrt(-2.0 * log(1.0 - u)) * cos(6.283185307179586 * v));
}
