/* CSV: a header that names the columns, then one row a line. */
#include "data/csv.h"

#include <stdio.h>
#include <string.h>

#include "core/error.h"

/* Cuts the field off *rest; false behind the last one. *more: a comma followed, so even an empty
 * rest is a field. */
static bool next_field(text *rest, bool *more, text *field)
{
    const char *comma, *quote = NULL;
    size_t n, behind = 0;

    if (!*more)
        return false;
    *rest = text_trim(*rest);
    if (rest->n > 1 && *rest->at == '"')
        quote = memchr(rest->at + 1, '"', rest->n - 1);
    if (quote)
        behind = (size_t)(quote + 1 - rest->at);
    comma = rest->n > behind ? memchr(rest->at + behind, ',', rest->n - behind) : NULL;
    n = comma ? (size_t)(comma - rest->at) : rest->n;
    *field = text_trim((text){rest->at, n});
    if (quote && field->n == behind) /* nothing between the second quote and the comma */
        *field = (text){field->at + 1, field->n - 2};
    *more = comma != NULL;
    *rest = comma ? (text){comma + 1, rest->n - n - 1} : (text){rest->at + n, 0};
    return true;
}

static size_t split(text line, text *fields)
{
    text field;
    size_t n = 0;
    bool more = true;

    while (next_field(&line, &more, &field)) {
        if (n < CSV_MAX_COLUMNS)
            fields[n] = field;
        n++;
    }
    return n;
}

/* The next line that is not blank. */
static bool next_line(csv *c, text *line)
{
    while (text_line(&c->rest, line)) {
        c->line++;
        if (line->n)
            return true;
    }
    return false;
}

pfld_status csv_open(csv *c, text all, pfld_error *err)
{
    text line;

    c->rest = all;
    c->line = c->n_columns = c->n_fields = 0;
    if (!next_line(c, &line))
        return error_set(err, PFLD_ERR_FORMAT, "the file is empty, a header wanted");
    c->n_columns = split(line, c->column);
    if (c->n_columns > CSV_MAX_COLUMNS)
        return error_set(err, PFLD_ERR_FORMAT, "%zu columns, at most %d are read", c->n_columns,
                         CSV_MAX_COLUMNS);
    return PFLD_OK;
}

bool csv_next(csv *c)
{
    text line;

    if (!next_line(c, &line))
        return false;
    c->n_fields = split(line, c->field);
    return true;
}

bool csv_find(const csv *c, const char *name, size_t *column)
{
    for (size_t i = 0; i < c->n_columns; i++)
        if (text_is(c->column[i], name)) {
            *column = i;
            return true;
        }
    return false;
}

pfld_status csv_need(const csv *c, const char *name, size_t *column, pfld_error *err)
{
    if (csv_find(c, name, column))
        return PFLD_OK;
    return error_set(err, PFLD_ERR_FORMAT, "no column '%s' in the header", name);
}

pfld_status csv_check_row(const csv *c, pfld_error *err)
{
    if (c->n_fields == c->n_columns)
        return PFLD_OK;
    return error_set(err, PFLD_ERR_FORMAT, "%zu values, %zu wanted", c->n_fields, c->n_columns);
}

pfld_status csv_need_points(const csv *c, size_t n, csv_points *p, pfld_error *err)
{
    p->n = n;
    for (size_t i = 0; i < n; i++) {
        char name[24];
        pfld_status status;
        snprintf(name, sizeof name, "x%zu", i);
        status = csv_need(c, name, &p->x[i], err);
        name[0] = 'y';
        if (!status)
            status = csv_need(c, name, &p->y[i], err);
        if (status)
            return status;
    }
    return PFLD_OK;
}

pfld_status csv_read_points(const csv *c, const csv_points *p, pfld_point *points, pfld_error *err)
{
    for (size_t i = 0; i < p->n; i++) {
        pfld_status status = text_coordinate(c->field[p->x[i]], &points[i].x, err);
        if (!status)
            status = text_coordinate(c->field[p->y[i]], &points[i].y, err);
        if (status)
            return status;
    }
    return PFLD_OK;
}

pfld_status csv_read_box(const csv *c, const size_t column[4], pfld_box *box, pfld_error *err)
{
    float e[4];

    for (int i = 0; i < 4; i++) {
        pfld_status status = text_coordinate(c->field[column[i]], &e[i], err);
        if (status)
            return status;
    }
    *box = (pfld_box){e[0], e[1], e[2] - e[0], e[3] - e[1]};
    return PFLD_OK;
}
