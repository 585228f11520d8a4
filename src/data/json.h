/* JSON, read piece by piece where it lies: no tree, no copies, any size. */
#ifndef DATA_JSON_H
#define DATA_JSON_H

#include "data/text.h"
#include "pfld/pfld.h"

/*
 * A place in front of a value. A copy is a second place: to come back to a value, keep one. The
 * first thing that is not JSON sets `wrong` to what was wanted and `at` stays there; every further
 * call then fails, so that a sequence of calls needs one check at its end.
 */
typedef struct json {
    const char *at, *end;
    const char *wrong; /* "',' or ']'"; NULL: nothing so far */
} json;

json scan_json_of(text t);

/* Goes into an object or array; false where the value is none. */
bool scan_json_enter(json *j, char bracket); /* '{' or '[' */
/* In front of the next member's value, its key without the quotes, or of the next item; *first
 * starts true. False behind the closing bracket, and when the text is wrong. */
bool scan_json_member(json *j, bool *first, text *key);
bool scan_json_item(json *j, bool *first);

/* Steps over one value of any kind, at most 64 brackets deep. *value, if wanted: its text. */
bool scan_json_skip(json *j, text *value);
/* The same, with a key or a value that is a string decoded to UTF-8; false where it is none, or
 * does not fit into out [size], or holds a zero byte. */
bool scan_json_string(text value, char *out, size_t size);

#endif
