/* Memory that is given out piece by piece and returned all at once. */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_chunk;

typedef struct arena {
    struct arena_chunk *chunks; /* newest first */
    size_t used;                /* bytes given out, padding included: what a fixed arena needs */
    char *fixed;                /* a caller's block instead of chunks, 64-byte aligned, or NULL */
    size_t fixed_size;
} arena; /* zeroed: empty and growing */

/* Gives out of buf only, and fails when that is full; buf stays the caller's. */
void arena_use(arena *a, void *buf, size_t size);

/* n elements of size bytes, zeroed, 64-byte aligned; NULL where memory or size_t run out. */
void *arena_alloc(arena *a, size_t n, size_t size);
/* A copy of n bytes at s, 0-terminated. */
char *arena_strndup(arena *a, const char *s, size_t n);

void arena_free(arena *a);

#endif
