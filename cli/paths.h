/* File names and folders. */
#ifndef CLI_PATHS_H
#define CLI_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pfld/pfld.h"

const char *path_base(const char *path); /* behind the last '/' */
bool path_exists(const char *path);      /* as anything, a dangling link among it */
bool path_is_dir(const char *path);      /* exists, and is a folder */
/* One file, or what would be one if it were made. "-", which is none, is the same as nothing. */
bool path_is_same(const char *a, const char *b);
/* A hash of which file it is, whatever its name here; 0: there is none. */
uint64_t path_identity(const char *path);
/* A folder, made where it is missing (not its parents). */
pfld_status path_make_dir(const char *path, pfld_error *err);
/* DIR/NAME with ending in place of name's own (NULL: kept), freed with mem_free(). NULL: no
 * memory. */
char *path_join(const char *dir, const char *name, const char *ending);
char *path_copy(const char *path); /* the same */
/* Name as a file's name that stays in its folder: whatever is not a letter, digit, '.', '-' or '_'
 * becomes '_', and so does a leading '.'; never empty; cut to size - 1 bytes. */
void path_make_safe(const char *name, char *out, size_t size);

#endif
