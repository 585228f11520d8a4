/* A table from names to numbers, for files that name things a million times. */
#ifndef NET_NAMES_H
#define NET_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct net_names {
    struct net_names_slot *slots; /* [room], a power of two, at most half full */
    size_t n, room;
} net_names; /* zeroed: empty */

/*
 * The number stored for the n bytes at key, to be read or set; a new key's is -1. The bytes must
 * outlive the table. Valid until the next call; NULL where memory ran out.
 */
int32_t *net_names_at(net_names *t, const void *key, size_t n);
void net_names_free(net_names *t);

#endif
