/* Results on stdout or in a file: JSON lines, CSV, and .pts. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "net/graph.h"
#include "pfld/pfld.h"

typedef enum output_format {
    OUTPUT_JSON,
    OUTPUT_CSV,
    OUTPUT_PTS,      /* of pictures only */
    OUTPUT_OPENFACE, /* of videos only */
} output_format;

enum { OUTPUT_SHARES = 3 };
extern const float output_shares[OUTPUT_SHARES]; /* percent: 50, 90, 99 */

typedef struct output_moment { /* of a video's frame */
    size_t frame;              /* from 0 */
    double t;                  /* seconds */
} output_moment;

typedef struct output_measures { /* of a face of a video */
    pfld_measures m;
    uint32_t happened;  /* bits of pfld_event: told in this frame */
    pfld_events events; /* behind it */
} output_measures;

typedef struct output_result { /* of one picture or frame */
    const char *file;
    int32_t width, height;
    const char *scheme;     /* NULL: there was no landmark model */
    int32_t n_landmarks;    /* of the model; 0 without one */
    const pfld_face *faces; /* [n] */
    size_t n;
    const float *radii; /* [OUTPUT_SHARES] pfld_ellipse_radius() of output_shares; NULL: the model
                           can't tell how far off its points are, and nothing is written of it */
    const output_moment *moment;     /* NULL: a picture, which has no measures */
    const output_measures *measures; /* [n] */
} output_result;

typedef struct output {
    FILE *to;
    const char *name; /* of to, for messages; NULL: "stdout" */
    output_format format;
    bool has_header; /* CSV: it was written */
    bool is_video;   /* CSV: results have a moment */
} output;

/* How every line of JSON about a picture starts, up to its name. */
#define OUTPUT_JSON_START "{\"v\":1,\"file\":"

/* Writes r and flushes; .pts: r->n is 1. PFLD_ERR_IO: nobody takes it (any more);
 * PFLD_ERR_NOMEM. */
pfld_status output_write(output *o, const output_result *r, pfld_error *err);

/* Writes the first line of a CSV, unless it is there; the first result would, too. error: with the
 * column of that name. */
pfld_status output_begin(output *o, int32_t n_landmarks, bool error, pfld_error *err);

/* CSV's first line about pictures, with its end; returns buf. error: as above. */
#define OUTPUT_HEADER 2048
char *output_csv_header(int32_t n_landmarks, bool error, char buf[OUTPUT_HEADER]);

/* Writes object as one line, flushes, and releases it. NULL, which jansson's builders return when
 * memory runs out, is PFLD_ERR_NOMEM. */
pfld_status output_json(FILE *to, json_t *object, pfld_error *err);

/* A JSON string even where s is not UTF-8: U+FFFD in place of each wrong byte. NULL: no memory. */
json_t *output_string(const char *s);
/* A JSON number with so many decimals at most; null where v is not finite. NULL: no memory. */
json_t *output_number(double v, int decimals);
/* ",12.5"; nothing behind the comma where v is not finite. */
void output_csv_number(FILE *to, float v, int decimals);
/* [1,3,112,112]; an open dimension is "?". NULL: no memory. */
json_t *output_shape(const net_shape *shape);

#endif
