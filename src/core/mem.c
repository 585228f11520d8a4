/* The only place that asks the system for memory; everything is zeroed and 64-byte aligned. */
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

#include "core/checked.h"

void *mem_alloc(size_t n, size_t size)
{
    size_t bytes;
    void *p;

    if (!checked_mul(n, size, &bytes) || !checked_round_up(bytes, MEM_ALIGN, &bytes))
        return NULL;
    if (bytes == 0)
        bytes = MEM_ALIGN;
    p = aligned_alloc(MEM_ALIGN, bytes);
    if (p)
        memset(p, 0, bytes);
    return p;
}

void *mem_grow(void *old, size_t *n, size_t want, size_t size)
{
    size_t room = *n > SIZE_MAX / 2 ? want : *n * 2;
    void *p;

    if (want <= *n)
        return old;
    if (room < want)
        room = want;
    p = mem_alloc(room, size);
    if (!p)
        return NULL;
    if (old)
        memcpy(p, old, *n * size);
    mem_free(old);
    *n = room;
    return p;
}

void mem_free(void *p)
{
    free(p);
}
