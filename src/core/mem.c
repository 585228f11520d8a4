/* The only place that asks the system for memory; everything is zeroed and 64-byte aligned. */
#include "core/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"

/* Blocks from here on are the system's fresh pages, zero by themselves, and cost nothing until they
 * are touched: a detector has room for its largest canvas, and mostly sees smaller pictures. */
#define LAZY ((size_t)1 << 18)

/* The line before a block holds what free() wants. */
static void *behind_its_line(void *raw)
{
    uintptr_t at = ((uintptr_t)raw + MEM_ALIGN + sizeof(void *) - 1) & ~(uintptr_t)(MEM_ALIGN - 1);
    char *p = (char *)raw + (at - (uintptr_t)raw);

    memcpy(p - sizeof raw, &raw, sizeof raw);
    return p;
}

void *mem_alloc(size_t n, size_t size)
{
    size_t bytes, total;
    char *raw;

    if (!checked_mul(n, size, &bytes) || !checked_round_up(bytes, MEM_ALIGN, &bytes) ||
        !checked_add(bytes, 2 * (size_t)MEM_ALIGN, &total))
        return NULL;
    if (bytes >= LAZY) {
        raw = calloc(1, total);
        return raw ? behind_its_line(raw) : NULL;
    }
    raw = aligned_alloc(MEM_ALIGN, total);
    return raw ? behind_its_line(memset(raw, 0, total)) : NULL;
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
    void *raw;

    if (!p)
        return;
    memcpy(&raw, (char *)p - sizeof raw, sizeof raw);
    free(raw);
}
