/* Memory that is given out piece by piece and returned all at once. */
#include "core/arena.h"

#include <string.h>

#include "core/checked.h"
#include "core/mem.h"

struct arena_chunk {
    struct arena_chunk *next;
    size_t size, used; /* bytes, of the part behind this header's own MEM_ALIGN bytes */
};

enum { CHUNK = 64 * 1024 }; /* large enough that a graph's many small pieces share few chunks */

void arena_use(arena *a, void *buf, size_t size)
{
    *a = (arena){.fixed = buf, .fixed_size = size};
}

static void *from_fixed(arena *a, size_t bytes)
{
    void *p = a->fixed + a->used;

    if (bytes > a->fixed_size - a->used)
        return NULL;
    memset(p, 0, bytes);
    return p;
}

static void *from_chunks(arena *a, size_t bytes)
{
    struct arena_chunk *c = a->chunks;
    char *base;

    if (!c || bytes > c->size - c->used) {
        size_t size = bytes > CHUNK ? bytes : CHUNK, total;
        if (!checked_add(size, MEM_ALIGN, &total))
            return NULL;
        c = mem_alloc(1, total);
        if (!c)
            return NULL;
        c->size = size;
        c->next = a->chunks;
        a->chunks = c;
    }
    base = (char *)c + MEM_ALIGN + c->used;
    c->used += bytes;
    return base; /* mem_alloc zeroed it */
}

void *arena_alloc(arena *a, size_t n, size_t size)
{
    size_t bytes;
    void *p;

    if (!checked_mul(n, size, &bytes) || !checked_round_up(bytes, MEM_ALIGN, &bytes))
        return NULL;
    if (bytes == 0)
        bytes = MEM_ALIGN;
    p = a->fixed ? from_fixed(a, bytes) : from_chunks(a, bytes);
    if (p)
        a->used += bytes;
    return p;
}

char *arena_strndup(arena *a, const char *s, size_t n)
{
    size_t bytes;
    char *p;

    if (!checked_add(n, 1, &bytes))
        return NULL;
    p = arena_alloc(a, bytes, 1);
    if (p && n)
        memcpy(p, s, n);
    return p;
}

void arena_free(arena *a)
{
    while (a->chunks) {
        struct arena_chunk *next = a->chunks->next;
        mem_free(a->chunks);
        a->chunks = next;
    }
    *a = (arena){0};
}
