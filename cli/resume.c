/* A file of results that a later run goes on with. */
#define _POSIX_C_SOURCE 200809L
#include "cli/resume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "core/error.h"
#include "core/utf8.h"
#include "data/text.h"

#define END (-1) /* as EOF; and a 0 byte, which a disk leaves that lost its power */

typedef struct scan {
    FILE *f;
    hash_set *done;
    const char *path;
    off_t at, keep; /* bytes read; bytes of whole results */
    unsigned long line;
} scan;

typedef enum verdict { WHOLE, TORN, ALIEN, NO_MEMORY } verdict;

static int next(scan *s)
{
    int c = getc(s->f);

    if (c == EOF || c == 0)
        return END;
    s->at++;
    return c;
}

/* wanted comes next. */
static verdict expect(scan *s, const char *wanted)
{
    for (; *wanted; wanted++) {
        int c = next(s);

        if (c == END)
            return TORN;
        if (c != (unsigned char)*wanted)
            return ALIEN;
    }
    return WHOLE;
}

/* To the line's end; *last is the byte before it. */
static verdict skip_line(scan *s, int *last)
{
    int c;

    *last = 0;
    while ((c = next(s)) != END && c != '\n')
        *last = c;
    return c == END ? TORN : WHOLE;
}

static uint64_t add_byte(uint64_t hash, int c)
{
    unsigned char byte = (unsigned char)c;
    return text_hash(hash, &byte, 1);
}

static verdict remember(scan *s, uint64_t hash)
{
    if (!hash_set_add(s->done, hash))
        return NO_MEMORY;
    s->keep = s->at;
    return WHOLE;
}

/* ---- JSON ---- */

/* A name's hash is that of its JSON text, quotes included: then nothing has to be decoded. */
static verdict scan_json_name(scan *s, uint64_t *hash)
{
    bool escaped = false;
    int c;

    *hash = add_byte(TEXT_HASH, '"');
    while ((c = next(s)) != END && c != '\n') {
        *hash = add_byte(*hash, c);
        if (c == '"' && !escaped)
            return WHOLE;
        escaped = c == '\\' && !escaped;
    }
    return c == END ? TORN : ALIEN;
}

static verdict scan_json_line(scan *s)
{
    uint64_t hash;
    int last;
    verdict v = expect(s, OUTPUT_JSON_START "\"");

    if (v == WHOLE)
        v = scan_json_name(s, &hash);
    if (v == WHOLE)
        v = skip_line(s, &last);
    if (v != WHOLE)
        return v;
    return last == '}' ? remember(s, hash) : ALIEN;
}

/* ---- CSV ---- */

/* The first cell, as it was before it was quoted. */
static verdict scan_csv_name(scan *s, uint64_t *hash)
{
    int c = next(s);
    bool quoted = c == '"';

    *hash = TEXT_HASH;
    if (quoted)
        c = next(s);
    for (; c != END; c = next(s)) {
        if (quoted && c == '"') {
            c = next(s);
            if (c != '"')
                return c == ',' ? WHOLE : c == END ? TORN : ALIEN;
        } else if (!quoted && (c == ',' || c == '\n')) {
            return c == ',' ? WHOLE : ALIEN;
        }
        *hash = add_byte(*hash, c);
    }
    return TORN;
}

static verdict scan_csv_count(scan *s, unsigned long *out)
{
    unsigned long v = 0;
    int digits = 0, c;

    while ((c = next(s)) >= '0' && c <= '9' && digits < 6) {
        v = 10 * v + (unsigned long)(c - '0');
        digits++;
    }
    *out = v;
    return c == END ? TORN : c == ',' && digits ? WHOLE : ALIEN;
}

/* A picture counts from its last row on. */
static verdict scan_csv_row(scan *s)
{
    uint64_t hash;
    unsigned long face, faces;
    int last;
    verdict v = scan_csv_name(s, &hash);

    if (v == WHOLE)
        v = scan_csv_count(s, &face);
    if (v == WHOLE)
        v = scan_csv_count(s, &faces);
    if (v == WHOLE && face >= faces)
        v = ALIEN;
    if (v == WHOLE)
        v = skip_line(s, &last);
    if (v != WHOLE)
        return v;
    return face + 1 == faces ? remember(s, hash) : WHOLE;
}

/* ---- the file ---- */

static bool is_over(scan *s)
{
    int c = getc(s->f);

    if (c != EOF)
        ungetc(c, s->f);
    return c == EOF;
}

static verdict scan_all(scan *s, output_format format, const char *header)
{
    verdict v = WHOLE;

    if (format == OUTPUT_CSV && !is_over(s)) {
        v = expect(s, header);
        s->line++;
        if (v == WHOLE)
            s->keep = s->at;
    }
    while (v == WHOLE && !is_over(s)) {
        s->line++;
        v = format == OUTPUT_CSV ? scan_csv_row(s) : scan_json_line(s);
    }
    return v;
}

static pfld_status alien(const scan *s, output_format format, pfld_error *err)
{
    char shown[ERROR_PATH + 1];

    if (format == OUTPUT_CSV && s->line == 1)
        return error_set(err, PFLD_ERR_FORMAT,
                         "%s: line 1 is not the header of this run (another format or model?)",
                         error_path(s->path, shown));
    return error_set(err, PFLD_ERR_FORMAT, "%s: line %lu is no result of pfld detect --format %s",
                     error_path(s->path, shown), s->line, format == OUTPUT_CSV ? "csv" : "json");
}

/* Reads and cuts the open file. */
static pfld_status take_over(scan *s, const resume_file *r, pfld_error *err)
{
    char header[OUTPUT_HEADER], shown[ERROR_PATH + 1];
    verdict v = scan_all(s, r->format, output_csv_header(r->n_landmarks, r->has_error, header));

    if (v == NO_MEMORY)
        return error_nomem(err);
    if (ferror(s->f))
        return error_sys(err, errno, "%s", error_path(s->path, shown));
    if (v == ALIEN)
        return alien(s, r->format, err);
    if (fseeko(s->f, s->keep, SEEK_SET) != 0 || ftruncate(fileno(s->f), s->keep) != 0)
        return error_sys(err, errno, "%s", error_path(s->path, shown));
    return PFLD_OK;
}

pfld_status resume_open(const resume_file *r, hash_set *done, FILE **out, bool *has_header,
                        pfld_error *err)
{
    char shown[ERROR_PATH + 1];
    scan s = {.f = fopen(r->path, "r+b"), .done = done, .path = r->path};
    pfld_status status;

    if (!s.f && errno == ENOENT)
        s.f = fopen(r->path, "w+b");
    if (!s.f)
        return error_sys(err, errno, "%s", error_path(r->path, shown));
    status = take_over(&s, r, err);
    if (status) {
        fclose(s.f);
        return status;
    }
    *out = s.f;
    *has_header = r->format == OUTPUT_CSV && s.keep > 0;
    return PFLD_OK;
}

static bool is_utf8(const char *s)
{
    while (*s) {
        size_t n = utf8_length((const unsigned char *)s, strnlen(s, 4));

        if (!n)
            return false;
        s += n;
    }
    return true;
}

bool resume_has(const hash_set *done, output_format format, const char *file)
{
    json_t *name;
    char *json;
    bool found;

    if (!done->n)
        return false;
    if (format == OUTPUT_CSV)
        return hash_set_has(done, text_hash(TEXT_HASH, file, strlen(file)));
    name = is_utf8(file) ? output_string(file) : NULL;
    json = name ? json_dumps(name, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    found = json && hash_set_has(done, text_hash(TEXT_HASH, json, strlen(json)));
    free(json);
    json_decref(name);
    return found;
}
