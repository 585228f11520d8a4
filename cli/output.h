/* Results on stdout: JSON lines, CSV, and .pts. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "net/graph.h"
#include "pfld/pfld.h"

typedef enum output_format { OUTPUT_JSON, OUTPUT_CSV, OUTPUT_PTS } output_format;

typedef struct output_result { /* of one picture */
    const char *file;
    int32_t width, height;
    const char *scheme;
    const pfld_face *faces; /* [n] */
    size_t n;
} output_result;

typedef struct output {
    FILE *to;
    output_format format;
    bool has_header; /* CSV: the first row was written */
} output;

/* Writes r and flushes. PFLD_ERR_IO: stdout does not take it (any more); PFLD_ERR_NOMEM. */
pfld_status output_write(output *o, const output_result *r, pfld_error *err);

/* Writes object as one line, flushes, and releases it. NULL, which jansson's builders return when
 * memory runs out, is PFLD_ERR_NOMEM. */
pfld_status output_json(FILE *to, json_t *object, pfld_error *err);

/* A JSON string even where s is not UTF-8: U+FFFD in place of each wrong byte. NULL: no memory. */
json_t *output_string(const char *s);
/* A JSON number with so many decimals at most; null where v is not finite. NULL: no memory. */
json_t *output_number(double v, int decimals);
/* [1,3,112,112]; an open dimension is "?". NULL: no memory. */
json_t *output_shape(const net_shape *shape);

#endif
