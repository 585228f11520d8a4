/* Face boxes of many pictures from a CSV file. */
#include "cli/boxes.h"

#include <string.h>

#include "cli/decimal.h"
#include "cli/paths.h"
#include "core/error.h"
#include "core/file.h"
#include "core/mem.h"

#define MAX_BYTES   ((size_t)1 << 30)
#define MAX_COLUMNS 64
#define N_WANTED    5

static const char *const wanted[N_WANTED] = {"file", "left", "top", "right", "bottom"};

typedef struct row_reader {
    const char *name; /* of the file, for messages */
    unsigned long line;
    size_t column[N_WANTED]; /* where each wanted one is */
} row_reader;

/* Cuts one field off *p, taking quotes away in place; *p is then behind the comma, or NULL. */
static char *cut_field(char **p)
{
    char *field = *p, *to = field, *s = field;
    bool quoted = *s == '"';

    if (quoted)
        s++;
    for (; *s && (quoted || *s != ','); s++) {
        if (quoted && *s == '"') {
            if (s[1] != '"') {
                quoted = false;
                continue;
            }
            s++;
        }
        *to++ = *s;
    }
    *p = *s ? s + 1 : NULL;
    *to = 0;
    return field;
}

static size_t cut_fields(char *line, char *fields[MAX_COLUMNS])
{
    size_t n = 0;

    for (char *p = line; p && n < MAX_COLUMNS;)
        fields[n++] = cut_field(&p);
    return n;
}

/* True where the fields are column names and not a row. */
static bool read_header(char *const *fields, size_t n, row_reader *r)
{
    size_t found = 0;

    for (size_t w = 0; w < N_WANTED; w++)
        for (size_t i = 0; i < n; i++)
            if (strcmp(fields[i], wanted[w]) == 0) {
                r->column[w] = i;
                found++;
                break;
            }
    return found == N_WANTED;
}

static pfld_status read_row(char *const *fields, size_t n, const row_reader *r, boxes_row *out,
                            pfld_error *err)
{
    float v[N_WANTED] = {0};

    for (size_t w = 0; w < N_WANTED; w++) {
        const char *field;

        if (r->column[w] >= n)
            return error_set(err, PFLD_ERR_FORMAT, "%.120s: line %lu has no column '%s'", r->name,
                             r->line, wanted[w]);
        field = fields[r->column[w]];
        if (w && !decimal_parse(field, &v[w]))
            return error_set(err, PFLD_ERR_FORMAT, "%.120s: line %lu: %s is '%.40s', not a number",
                             r->name, r->line, wanted[w], field);
    }
    if (!(v[3] > v[1] && v[4] > v[2]))
        return error_set(err, PFLD_ERR_FORMAT,
                         "%.120s: line %lu: right must be greater than left, bottom than top",
                         r->name, r->line);
    out->file = fields[r->column[0]];
    out->box = (pfld_box){v[1], v[2], v[3] - v[1], v[4] - v[2]};
    return PFLD_OK;
}

static pfld_status add_line(char *line, row_reader *r, boxes_table *out, pfld_error *err)
{
    char *fields[MAX_COLUMNS];
    size_t n;
    boxes_row *rows;

    if (!line[strspn(line, " \t")])
        return PFLD_OK;
    n = cut_fields(line, fields);
    if (r->line == 1 && read_header(fields, n, r))
        return PFLD_OK;
    rows = mem_grow(out->rows, &out->room, out->n + 1, sizeof *rows);
    if (!rows)
        return error_nomem(err);
    out->rows = rows;
    if (read_row(fields, n, r, &rows[out->n], err))
        return PFLD_ERR_FORMAT;
    out->n++;
    return PFLD_OK;
}

pfld_status boxes_parse(const uint8_t *data, size_t size, const char *name, boxes_table *out,
                        pfld_error *err)
{
    row_reader r = {name, 0, {0, 1, 2, 3, 4}};
    pfld_status status = PFLD_OK;

    *out = (boxes_table){0};
    out->text = mem_alloc(size + 1, 1);
    if (!out->text)
        return error_nomem(err);
    if (memchr(data, 0, size)) {
        status = error_set(err, PFLD_ERR_FORMAT, "%.120s is not a text file", name);
        goto fail;
    }
    memcpy(out->text, data, size);
    for (char *line = out->text, *next; line; line = next) {
        char *end = line + strcspn(line, "\r\n");

        next = *end ? end + 1 + (end[0] == '\r' && end[1] == '\n') : NULL;
        *end = 0;
        r.line++;
        status = add_line(line, &r, out, err);
        if (status)
            goto fail;
    }
    return PFLD_OK;
fail:
    boxes_free(out);
    return status;
}

pfld_status boxes_read(const char *path, boxes_table *out, pfld_error *err)
{
    uint8_t *data = NULL;
    size_t size = 0;
    pfld_status status = file_read(path, MAX_BYTES, &data, &size, err);

    if (status)
        return status;
    status = boxes_parse(data, size, path, out, err);
    mem_free(data);
    return status;
}

void boxes_free(boxes_table *t)
{
    mem_free(t->rows);
    mem_free(t->text);
    *t = (boxes_table){0};
}

const boxes_row *boxes_next(const boxes_table *t, const char *file, size_t *at)
{
    while (*at < t->n) {
        const boxes_row *row = &t->rows[(*at)++];

        if (strcmp(row->file, file) == 0 || strcmp(row->file, path_base(file)) == 0)
            return row;
    }
    return NULL;
}
