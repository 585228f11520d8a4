/* A hash table of numbers: finds again what was read before, by the hash of its name. */
#include "data/index.h"

#include "core/checked.h"
#include "core/mem.h"

struct data_index_slot {
    uint64_t hash;
    uint32_t value;
    bool used;
};

enum { FIRST = 1024 }; /* slots; a power of two, as all sizes are */

/* The upper bits stir the lower ones, by which the place is chosen. */
static size_t home(const data_index *ix, uint64_t hash)
{
    return (size_t)(hash ^ hash >> 32) & (ix->room - 1);
}

static void place(data_index *ix, const struct data_index_slot *s)
{
    size_t i = home(ix, s->hash);

    while (ix->slots[i].used)
        i = (i + 1) & (ix->room - 1);
    ix->slots[i] = *s;
}

static bool grow(data_index *ix)
{
    data_index more = {.n = ix->n};

    if (!checked_mul(ix->room ? ix->room : FIRST / 2, 2, &more.room))
        return false;
    more.slots = mem_alloc(more.room, sizeof *more.slots);
    if (!more.slots)
        return false;
    for (size_t i = 0; i < ix->room; i++)
        if (ix->slots[i].used)
            place(&more, &ix->slots[i]);
    mem_free(ix->slots);
    *ix = more;
    return true;
}

bool data_index_put(data_index *ix, uint64_t hash, uint32_t value)
{
    if (ix->n >= ix->room / 2 && !grow(ix))
        return false;
    place(ix, &(struct data_index_slot){hash, value, true});
    ix->n++;
    return true;
}

bool data_index_next(const data_index *ix, uint64_t hash, size_t *cursor, uint32_t *value)
{
    if (ix->room == 0)
        return false;
    for (;;) {
        const struct data_index_slot *s = &ix->slots[(home(ix, hash) + *cursor) & (ix->room - 1)];
        if (!s->used)
            return false;
        ++*cursor;
        if (s->hash == hash) {
            *value = s->value;
            return true;
        }
    }
}

void data_index_free(data_index *ix)
{
    mem_free(ix->slots);
    *ix = (data_index){0};
}
