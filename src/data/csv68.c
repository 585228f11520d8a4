/* csv68: file,x0,y0,...,x67,y67, 0-based, one face a row; with left,top,right,bottom and offset if
 * it likes. */
#include "core/error.h"
#include "data/csv.h"
#include "data/reader.h"

enum { POINTS = 68 };

typedef struct columns {
    size_t file, box[4], offset;
    csv_points points;
    bool has_box, has_offset;
} columns;

static pfld_status find_columns(const csv *c, columns *col, pfld_error *err)
{
    static const char *const box[4] = {"left", "top", "right", "bottom"};
    pfld_status status = csv_need(c, "file", &col->file, err);

    col->has_box = true;
    for (int i = 0; i < 4; i++)
        col->has_box &= csv_find(c, box[i], &col->box[i]);
    col->has_offset = csv_find(c, "offset", &col->offset);
    return status ? status : csv_need_points(c, POINTS, &col->points, err);
}

/* Pairs that are missing or too many are told in points: that is how people count. */
static pfld_status check_row(const csv *c, pfld_error *err)
{
    size_t without = c->n_columns - (size_t)2 * POINTS;

    if (c->n_fields != c->n_columns && c->n_fields >= without && (c->n_fields - without) % 2 == 0)
        return error_set(err, PFLD_ERR_FORMAT, "%zu points, %d wanted", (c->n_fields - without) / 2,
                         POINTS);
    return csv_check_row(c, err);
}

static pfld_status read_row(const csv *c, const columns *col, reader_face *f, pfld_error *err)
{
    pfld_status status = check_row(c, err);

    if (!status)
        status = csv_read_points(c, &col->points, f->points, err);
    if (!status && col->has_box)
        status = csv_read_box(c, col->box, &f->box, err);
    if (!status && col->has_offset)
        status = text_coordinate(c->field[col->offset], &f->offset, err);
    if (status)
        return status;
    reader_know_all(f);
    f->image = c->field[col->file];
    f->has_box = col->has_box;
    return PFLD_OK;
}

pfld_status read_csv68(reader *r, pfld_error *err)
{
    csv c;
    columns col;
    pfld_status status = csv_open(&c, r->all, err);

    if (!status)
        status = find_columns(&c, &col, err);
    if (status)
        return reader_fail(r, 1, status, err);
    while (csv_next(&c)) {
        reader_face f;
        reader_face_init(&f, scheme_find("ibug68"));
        status = reader_take(r, c.line, read_row(&c, &col, &f, err), &f, err);
        if (status)
            return status;
    }
    return PFLD_OK;
}
