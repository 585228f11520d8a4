/* Overflow-safe sizes: every size from a file is hostile until one of these has computed it. */
#ifndef CORE_CHECKED_H
#define CORE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each returns false, and leaves *out alone, where the result does not fit. */
static inline bool checked_mul(size_t a, size_t b, size_t *out)
{
    if (b && a > SIZE_MAX / b)
        return false;
    *out = a * b;
    return true;
}

static inline bool checked_add(size_t a, size_t b, size_t *out)
{
    if (a > SIZE_MAX - b)
        return false;
    *out = a + b;
    return true;
}

/* The next multiple of align, a power of two. */
static inline bool checked_round_up(size_t a, size_t align, size_t *out)
{
    if (!checked_add(a, align - 1, &a))
        return false;
    *out = a & ~(align - 1);
    return true;
}

#endif
