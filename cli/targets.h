/* Where the drawn pictures go: a name of its own for each, in a folder. */
#ifndef CLI_TARGETS_H
#define CLI_TARGETS_H

#include <stddef.h>

#include "cli/hash_set.h"
#include "pfld/pfld.h"

typedef struct targets {
    const char *folder;
    hash_set made; /* the names that were given out */
} targets;

/*
 * The name for the picture of inside (inputs_file.inside), which grows into (*out)[*room]. Its
 * folders are kept below the targets' folder ("." and a leading '/' fall away, ".." becomes "__"),
 * and its ending becomes .png: a/b.jpg is FOLDER/a/b.png. Where another has that name, it is
 * a/b.jpg.png, then a/b.jpg-2.png and so on; the same inputs in the same order have the same names
 * in every run. PFLD_ERR_NOMEM.
 */
pfld_status targets_name(targets *t, const char *inside, char **out, size_t *room, pfld_error *err);

#endif
