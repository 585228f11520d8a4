/* Places for what is remembered of faces: each id has its own while it comes by and by. */
#include "cli/recent_ids.h"

static size_t oldest(const recent_ids *r)
{
    size_t at = 0;

    for (size_t i = 1; i < r->n; i++)
        if (r->t[i] < r->t[at])
            at = i;
    return at;
}

size_t recent_ids_place(recent_ids *r, uint32_t id, double t, bool *is_new)
{
    size_t at = 0;

    while (at < r->n && r->id[at] != id)
        at++;
    *is_new = at == r->n;
    if (at == RECENT_IDS)
        at = oldest(r);
    else if (at == r->n)
        r->n++;
    r->id[at] = id;
    r->t[at] = t;
    return at;
}
