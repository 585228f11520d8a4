/* Pieces of a text file, by pointer and length: nothing is copied, nothing needs a final 0. */
#ifndef DATA_TEXT_H
#define DATA_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pfld/pfld.h"

#define TEXT_MAX_COORDINATE 1e6f /* far beyond any picture: no float is lost, no int overflows */

typedef struct text {
    const char *at;
    size_t n; /* bytes */
} text;

/* For "%.*s" in a message: enough to recognise it by, not enough to push the reason out. */
#define TEXT_SHOWN(t) (int)((t).n < 60 ? (t).n : 60), (t).n ? (t).at : ""

/* All of a file; a byte order mark is left out. */
text text_of(const void *data, size_t size);
bool text_is(text t, const char *s);
bool text_ends(text t, const char *s);
/* Without blanks and line ends at both sides. */
text text_trim(text t);
/* Cuts the next line (trimmed, so CR LF will do) off *rest; false at the end. */
bool text_line(text *rest, text *line);
/* Cuts the next word between blanks off *rest; false where only blanks are left. */
bool text_word(text *rest, text *word);
/* True where all of t is one finite number. */
bool text_number(text t, float *out);
/* A number that can lie in or about a picture; else "'nan' is not a coordinate". */
pfld_status text_coordinate(text t, float *out, pfld_error *err);
/* Degrees within +-180. */
pfld_status text_angle(text t, float *out, pfld_error *err);
/* True where all of t is decimal digits, and no more than max. */
bool text_count(text t, size_t max, size_t *out);

/* The character as UTF-8, 1 to 4 bytes. */
size_t text_utf8(uint32_t c, char out[4]);

/* FNV-1a, 64 bits; h goes on from an earlier piece, or TEXT_HASH. */
#define TEXT_HASH UINT64_C(0xcbf29ce484222325)
uint64_t text_hash(uint64_t h, const void *data, size_t size);

/* Which line of whole a place is in, from 1. *seen and *line hold the last answer (start with
 * whole.at and 1), so that asking on and on through a file stays linear. */
typedef struct text_place {
    const char *seen;
    size_t line;
} text_place;
size_t text_line_at(text whole, text_place *p, const char *at);

#endif
