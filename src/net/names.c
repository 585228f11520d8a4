/* A table from names to numbers, for files that name things a million times. */
#include "net/names.h"

#include <string.h>

#include "core/mem.h"

struct net_names_slot {
    const void *key; /* NULL: free */
    size_t n;
    uint64_t hash;
    int32_t value;
};

enum { FIRST_ROOM = 64 };

/* FNV-1a, with the table's own address mixed in: a file can't be made whose names collide. */
static uint64_t hash_of(const net_names *t, const uint8_t *key, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u ^ (uint64_t)(uintptr_t)t;

    for (size_t i = 0; i < n; i++)
        h = (h ^ key[i]) * 0x100000001b3u;
    return h ^ h >> 32;
}

static struct net_names_slot *probe(struct net_names_slot *slots, size_t room,
                                    const struct net_names_slot *want)
{
    size_t i = (size_t)want->hash & (room - 1);

    for (;; i = (i + 1) & (room - 1)) {
        struct net_names_slot *s = &slots[i];
        if (!s->key)
            return s;
        if (s->hash == want->hash && s->n == want->n && memcmp(s->key, want->key, s->n) == 0)
            return s;
    }
}

static bool make_room(net_names *t)
{
    size_t room = t->room ? t->room * 2 : FIRST_ROOM;
    struct net_names_slot *slots;

    if (t->n < t->room / 2)
        return true;
    slots = room < t->room ? NULL : mem_alloc(room, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < t->room; i++)
        if (t->slots[i].key)
            *probe(slots, room, &t->slots[i]) = t->slots[i];
    mem_free(t->slots);
    t->slots = slots;
    t->room = room;
    return true;
}

int32_t *net_names_at(net_names *t, const void *key, size_t n)
{
    struct net_names_slot want = {.key = n ? key : "", .n = n, .value = -1}, *s;

    want.hash = hash_of(t, key, n);
    if (!make_room(t))
        return NULL;
    s = probe(t->slots, t->room, &want);
    if (!s->key) {
        *s = want;
        t->n++;
    }
    return &s->value;
}

void net_names_free(net_names *t)
{
    mem_free(t->slots);
    *t = (net_names){0};
}
