/* The only place that asks the system for memory; everything is zeroed and 64-byte aligned. */
#ifndef CORE_MEM_H
#define CORE_MEM_H

#include <stddef.h>

#define MEM_ALIGN 64 /* a cache line, and the widest vector */

/* n elements of size bytes, zeroed; NULL where memory or size_t run out. n == 0 gives a block. */
void *mem_alloc(size_t n, size_t size);
/* Moves *n elements to room for at least want (doubling); the new part is zeroed. NULL: failed,
 * the old block is untouched. */
void *mem_grow(void *old, size_t *n, size_t want, size_t size);
void mem_free(void *p);

#endif
