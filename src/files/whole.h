/* Files that are there whole or not at all: written beside their name, which they take at the end.
 */
#ifndef FILES_WHOLE_H
#define FILES_WHOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "pfld/pfld.h"

typedef struct files_whole {
    FILE *to; /* write here; what fails is told at the end */
    /* By files_whole_end() the bytes are on the disk before they take the name: for what took hours
     * to make. False at first. */
    bool sync;
    const char *path;   /* as the caller wrote it: for messages */
    char *name, *until; /* where links lead; the name until the end, NULL: written as it is */
} files_whole;

/*
 * Begins path, which outlives w. A link stays one: what it leads to is replaced, or made. The new
 * file has the rights of the old one. What is neither a file nor a folder (a pipe, /dev/stdout) is
 * written as it is. Messages name path. After a failure there is nothing to end.
 */
pfld_status files_whole_begin(files_whole *w, const char *path, pfld_error *err);

/* so_far: what came of the writing, else than by w->to. Returns it where it is a failure, which
 * leaves path as it was; as does one of the system's. */
pfld_status files_whole_end(files_whole *w, pfld_status so_far, pfld_error *err);

/* All of it at once; sync as above. */
pfld_status files_whole_write(const char *path, const void *bytes, size_t n, bool sync,
                              pfld_error *err);

#endif
