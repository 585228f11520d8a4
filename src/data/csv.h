/* CSV: a header that names the columns, then one row a line. */
#ifndef DATA_CSV_H
#define DATA_CSV_H

#include "data/text.h"
#include "pfld/pfld.h"

#define CSV_MAX_COLUMNS 512

typedef struct csv {
    text rest;
    size_t line;      /* of the row, from 1 */
    size_t n_columns; /* of the header */
    size_t n_fields;  /* of the row; those beyond CSV_MAX_COLUMNS are counted only */
    text column[CSV_MAX_COLUMNS], field[CSV_MAX_COLUMNS];
} csv;

/* Reads the header. Messages lack the file's name and line 1. */
pfld_status csv_open(csv *c, text all, pfld_error *err);
/* The next row that is not blank; false at the end. Fields are trimmed; one in double quotes may
 * hold commas, but neither a quote nor a line's end. */
bool csv_next(csv *c);
/* False where the header lacks the column. */
bool csv_find(const csv *c, const char *name, size_t *column);
/* The same, as an error that names the column. */
pfld_status csv_need(const csv *c, const char *name, size_t *column, pfld_error *err);
/* The columns x0, y0, x1, ... */
typedef struct csv_points {
    size_t n, x[PFLD_MAX_LANDMARKS], y[PFLD_MAX_LANDMARKS];
} csv_points;
pfld_status csv_need_points(const csv *c, size_t n, csv_points *p, pfld_error *err);
/* The row's points [p->n]; the row has been checked. */
pfld_status csv_read_points(const csv *c, const csv_points *p, pfld_point *points, pfld_error *err);
/* left, top, right, bottom of the row as a box, which may be empty or worse. */
pfld_status csv_read_box(const csv *c, const size_t column[4], pfld_box *box, pfld_error *err);

/* Fails where the row has more or fewer fields than the header. */
pfld_status csv_check_row(const csv *c, pfld_error *err);

#endif
