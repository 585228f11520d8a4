/* Where the drawn pictures go: a name of its own for each, in a folder. */
#include "cli/targets.h"

#include <stdio.h>
#include <string.h>

#include "cli/paths.h"
#include "core/error.h"
#include "core/mem.h"
#include "data/text.h"

#define LONGEST_TAIL 32 /* "-18446744073709551615.png" */

/* FOLDER/ and the parts of inside that may stay; its length. to has room for it. */
static size_t put_parts(const char *folder, const char *inside, char *to)
{
    size_t n = strlen(folder);

    memcpy(to, folder, n);
    while (*inside) {
        size_t k = strcspn(inside, "/");

        if (k > 0 && !(k == 1 && inside[0] == '.')) {
            bool up = k == 2 && inside[0] == '.' && inside[1] == '.';

            if (n && to[n - 1] != '/')
                to[n++] = '/';
            memcpy(to + n, up ? "__" : inside, k);
            n += k;
        }
        inside += k + (inside[k] == '/');
    }
    to[n] = 0;
    return n;
}

/* Without its ending, as path_join() cuts it. */
static size_t stem_length(const char *path)
{
    const char *base = path_base(path), *dot = strrchr(base, '.');

    return dot && dot > base ? (size_t)(dot - path) : strlen(path);
}

pfld_status targets_name(targets *t, const char *inside, char **out, size_t *room, pfld_error *err)
{
    size_t want = strlen(t->folder) + 1 + strlen(inside) + LONGEST_TAIL, whole, stem;
    char *name = mem_grow(*out, room, want, 1), tail[LONGEST_TAIL] = ".png";
    uint64_t hash;

    if (!name)
        return error_nomem(err);
    *out = name;
    whole = put_parts(t->folder, inside, name);
    stem = stem_length(name);
    memcpy(name + stem, tail, 5);
    hash = text_hash(TEXT_HASH, name, strlen(name));
    for (unsigned long k = 1; hash_set_has(&t->made, hash); k++) {
        if (k > 1)
            snprintf(tail, sizeof tail, "-%lu.png", k);
        put_parts(t->folder, inside, name);
        memcpy(name + whole, tail, strlen(tail) + 1);
        hash = text_hash(TEXT_HASH, name, strlen(name));
    }
    return hash_set_add(&t->made, hash) ? PFLD_OK : error_nomem(err);
}
