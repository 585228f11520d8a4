/* A file of results that a later run goes on with. */
#ifndef CLI_RESUME_H
#define CLI_RESUME_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/hash_set.h"
#include "cli/output.h"

/*
 * Opens path, which is made where it is missing, and adds the pictures whose results it holds to
 * *done. What a killed run left unfinished at its end (half a line; CSV: some of a picture's rows)
 * is cut off. *out writes behind the rest. *has_header: CSV, and there is one, which is that for so
 * many landmarks. Read once, in constant memory beside the set's.
 * PFLD_ERR_FORMAT: something else than results of this format, or other columns; it stays as it is.
 */
typedef struct resume_file {
    const char *path;
    output_format format; /* JSON or CSV */
    int32_t n_landmarks;
    bool has_error; /* as output_csv_header() has it */
} resume_file;
pfld_status resume_open(const resume_file *r, hash_set *done, FILE **out, bool *has_header,
                        pfld_error *err);

/* True where file's results are among those read. A name that JSON cannot hold (it is no UTF-8)
 * never is: nothing tells it from others. */
bool resume_has(const hash_set *done, output_format format, const char *file);

#endif
