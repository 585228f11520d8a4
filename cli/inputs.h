/* The pictures that a command line means: files, folders, patterns, and lists of any length. */
#ifndef CLI_INPUTS_H
#define CLI_INPUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "pfld/pfld.h"

typedef struct inputs_spec {
    char *const *operands; /* [n] */
    size_t n;
    const char *list; /* a file that names more of them ("-": stdin), or NULL */
    bool null_ended;  /* its names end with a 0 byte, not with the line */
    bool recursive;   /* folders with all that is below them */
} inputs_spec;

typedef struct inputs inputs;

typedef enum inputs_step {
    INPUTS_END,
    INPUTS_FILE,
    INPUTS_FAILED, /* err tells what could not be looked into; there may be more */
} inputs_step;

typedef struct inputs_file {
    const char *path;   /* until the next call; "-": stdin */
    const char *inside; /* the end of path that tells it from others of the same operand: below the
                           folder or the fixed part of the pattern; a list's line: all of it */
} inputs_file;

/*
 * An operand is "-" (stdin), a folder (its pictures by their endings, sorted by name; then, if
 * recursive, those of its folders, sorted by name; what is hidden is left out, and links to folders
 * are not followed, so that none is seen twice), a pattern for glob() where there is no file of
 * that name (what it matches that is neither file nor folder is left out), or a file. A list's
 * lines are files or folders; empty ones and a '\r' before the line's end don't count. Lists are
 * read as they come and never held. PFLD_ERR_IO: there is no such list.
 */
pfld_status inputs_open(const inputs_spec *spec, inputs **out, pfld_error *err);
inputs_step inputs_next(inputs *in, inputs_file *out, pfld_error *err);
void inputs_close(inputs *in);

/* True where the operands are one file or stdin, without a list: what follows is one picture. */
bool inputs_is_single(const inputs_spec *spec);
/* False where the list is a pipe, say, which would be empty the second time. */
bool inputs_can_be_read_twice(const inputs_spec *spec);
/* How many files inputs_next() is going to give; 0 where the list is no file that can be read twice
 * ("-", or a pipe). */
size_t inputs_count(const inputs_spec *spec);

#endif
