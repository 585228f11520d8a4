/* A set of names, each kept as its 64-bit hash. */
#include "cli/hash_set.h"

#include "core/mem.h"

#define FIRST_ROOM 1024 /* a power of 2 */

/* FNV-1a leaves its low bits poor, which choose the place: MurmurHash3's finish spreads them. 0 is
 * what a free place holds. */
static uint64_t key_of(uint64_t h)
{
    h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    h ^= h >> 33;
    return h ? h : 1;
}

/* Where key is, or where it would go. */
static size_t place_of(const uint64_t *at, size_t room, uint64_t key)
{
    size_t i = (size_t)key & (room - 1);

    while (at[i] && at[i] != key)
        i = (i + 1) & (room - 1);
    return i;
}

bool hash_set_has(const hash_set *s, uint64_t hash)
{
    uint64_t key = key_of(hash);

    return s->n > 0 && s->at[place_of(s->at, s->room, key)] == key;
}

static bool grow(hash_set *s)
{
    size_t room = s->room ? 2 * s->room : FIRST_ROOM;
    uint64_t *at = mem_alloc(room, sizeof *at);

    if (!at)
        return false;
    for (size_t i = 0; i < s->room; i++)
        if (s->at[i])
            at[place_of(at, room, s->at[i])] = s->at[i];
    mem_free(s->at);
    s->at = at;
    s->room = room;
    return true;
}

bool hash_set_add(hash_set *s, uint64_t hash)
{
    uint64_t key = key_of(hash);
    size_t i;

    if (s->n >= s->room / 2 && !grow(s))
        return false;
    i = place_of(s->at, s->room, key);
    s->n += s->at[i] == 0;
    s->at[i] = key;
    return true;
}

void hash_set_free(hash_set *s)
{
    mem_free(s->at);
    *s = (hash_set){0};
}
