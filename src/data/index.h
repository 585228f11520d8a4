/* A hash table of numbers: finds again what was read before, by the hash of its name. */
#ifndef DATA_INDEX_H
#define DATA_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct data_index {
    struct data_index_slot *slots;
    size_t room, n;
} data_index; /* zeroed: empty */

/* False where memory runs out. The same hash may be put again. */
bool data_index_put(data_index *ix, uint64_t hash, uint32_t value);
/* The next value of this hash; *cursor starts at 0. The caller compares what stands behind it:
 * two names may share a hash. */
bool data_index_next(const data_index *ix, uint64_t hash, size_t *cursor, uint32_t *value);
void data_index_free(data_index *ix);

#endif
