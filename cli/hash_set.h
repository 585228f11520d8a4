/* A set of names, each kept as its 64-bit hash: 8 bytes a name, at most 24 with the free places. */
#ifndef CLI_HASH_SET_H
#define CLI_HASH_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct hash_set {
    uint64_t *at; /* [room], 0 where free; at most half of them are taken */
    size_t room, n;
} hash_set; /* zeroed: empty */

/* The hash comes from text_hash(). That two of a million names share one: 1 in 30 million. */
bool hash_set_has(const hash_set *s, uint64_t hash);
/* False where memory runs out; s is as before then. */
bool hash_set_add(hash_set *s, uint64_t hash);
void hash_set_free(hash_set *s);

#endif
