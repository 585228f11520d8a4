/* Face boxes of many pictures from a CSV file. */
#define _POSIX_C_SOURCE 200809L
#include "cli/boxes.h"

#include <string.h>
#include <strings.h>

#include "cli/decimal.h"
#include "cli/paths.h"
#include "core/error.h"
#include "core/file.h"
#include "core/mem.h"

#define MAX_BYTES   ((size_t)1 << 30)
#define MAX_COLUMNS 64
#define BLANKS      " \t"
#define N_WANTED    5

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* spreadsheets put it before UTF-8 */

static const char *const wanted[N_WANTED] = {"file", "left", "top", "right", "bottom"};

typedef struct row_reader {
    const char *name; /* of the file, for messages */
    unsigned long line;
    size_t column[N_WANTED]; /* where each wanted one is */
} row_reader;

/* Cuts one field off *p, taking quotes, and blanks outside of them, away in place; *p is then
 * behind the comma, or NULL. */
static char *cut_field(char **p)
{
    char *field = *p + strspn(*p, BLANKS), *to = field, *s = field, *kept = field;
    bool quoted = *s == '"';

    if (quoted)
        s++;
    for (; *s && (quoted || *s != ','); s++) {
        if (quoted && *s == '"') {
            if (s[1] != '"') {
                quoted = false;
                kept = to;
                continue;
            }
            s++;
        }
        *to++ = *s;
    }
    *p = *s ? s + 1 : NULL;
    while (to > kept && strchr(BLANKS, to[-1]))
        to--;
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

/* A row has numbers, names of columns are none. */
static bool is_header(char *const *fields, size_t n)
{
    float v;

    for (size_t i = 0; i < n; i++)
        if (decimal_parse(fields[i], &v))
            return false;
    return true;
}

static pfld_status read_header(char *const *fields, size_t n, row_reader *r, pfld_error *err)
{
    for (size_t w = 0; w < N_WANTED; w++) {
        size_t i = 0;

        while (i < n && strcasecmp(fields[i], wanted[w]) != 0)
            i++;
        if (i == n)
            return error_set(err, PFLD_ERR_FORMAT,
                             "%.120s: line 1 has no column '%s': file,left,top,right,bottom wanted",
                             r->name, wanted[w]);
        r->column[w] = i;
    }
    return PFLD_OK;
}

static pfld_status read_row(char *const *fields, size_t n, const row_reader *r, boxes_row *out,
                            pfld_error *err)
{
    float v[N_WANTED] = {0};

    out->file = r->column[0] < n ? fields[r->column[0]] : NULL;
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
    out->box = (pfld_box){v[1], v[2], v[3] - v[1], v[4] - v[2]};
    return PFLD_OK;
}

static pfld_status add_line(char *line, row_reader *r, boxes_table *out, pfld_error *err)
{
    char *fields[MAX_COLUMNS];
    size_t n;
    boxes_row *rows, row = {0};
    pfld_error wrong = {0};

    if (!line[strspn(line, BLANKS)])
        return PFLD_OK;
    n = cut_fields(line, fields);
    if (r->line == 1 && is_header(fields, n))
        return read_header(fields, n, r, err);
    rows = mem_grow(out->rows, &out->room, out->n + 1, sizeof *rows);
    if (!rows)
        return error_nomem(err);
    out->rows = rows;
    if (read_row(fields, n, r, &row, &wrong)) {
        if (!row.file)
            return error_set(err, PFLD_ERR_FORMAT, "%s", wrong.msg);
        row.wrong = path_copy(wrong.msg);
        if (!row.wrong)
            return error_nomem(err);
    }
    rows[out->n++] = row;
    return PFLD_OK;
}

pfld_status boxes_parse(const uint8_t *data, size_t size, const char *name, boxes_table *out,
                        pfld_error *err)
{
    row_reader r = {name, 0, {0, 1, 2, 3, 4}};
    pfld_status status = PFLD_OK;
    char *first;

    *out = (boxes_table){0};
    first = out->text = mem_alloc(size + 1, 1);
    if (!out->text)
        return error_nomem(err);
    if (memchr(data, 0, size)) {
        status = error_set(err, PFLD_ERR_FORMAT, "%.120s is not a text file", name);
        goto fail;
    }
    memcpy(out->text, data, size);
    if (strncmp(out->text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
        first += strlen(BYTE_ORDER_MARK);
    for (char *line = first, *next; line; line = next) {
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
    for (size_t i = 0; i < t->n; i++)
        mem_free(t->rows[i].wrong);
    mem_free(t->rows);
    mem_free(t->text);
    *t = (boxes_table){0};
}

static const char *without_dot(const char *path)
{
    while (path[0] == '.' && path[1] == '/')
        path += 1 + strspn(path + 1, "/");
    return path;
}

const boxes_row *boxes_next(const boxes_table *t, const char *file, size_t *at)
{
    while (*at < t->n) {
        const boxes_row *row = &t->rows[(*at)++];

        const char *meant = without_dot(row->file);

        if (strcmp(meant, without_dot(file)) == 0 || strcmp(meant, path_base(file)) == 0)
            return row;
    }
    return NULL;
}
