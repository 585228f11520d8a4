/* aflw2000: file,pitch_deg,yaw_deg,roll_deg,x0,y0,z0,...: 68 points of the 3D face, and its pose.
 */
#include "core/error.h"
#include "data/csv.h"
#include "data/reader.h"

enum { POINTS = 68 };

typedef struct columns {
    size_t file, pitch, yaw, roll;
    csv_points points;
} columns;

static pfld_status find_columns(const csv *c, columns *col, pfld_error *err)
{
    pfld_status status = csv_need(c, "file", &col->file, err);

    if (!status)
        status = csv_need(c, "pitch_deg", &col->pitch, err);
    if (!status)
        status = csv_need(c, "yaw_deg", &col->yaw, err);
    if (!status)
        status = csv_need(c, "roll_deg", &col->roll, err);
    return status ? status : csv_need_points(c, POINTS, &col->points, err);
}

static pfld_status read_row(const csv *c, const columns *col, reader_face *f, pfld_error *err)
{
    pfld_status status = csv_check_row(c, err);

    if (!status)
        status = csv_read_points(c, &col->points, f->points, err);
    if (!status)
        status = text_angle(c->field[col->pitch], &f->pose.pitch, err);
    if (!status)
        status = text_angle(c->field[col->yaw], &f->pose.yaw, err);
    if (!status)
        status = text_angle(c->field[col->roll], &f->pose.roll, err);
    if (status)
        return status;
    reader_know_all(f);
    f->image = c->field[col->file];
    f->has_pose = true; /* the signs are ours: docs/conventions.md took them from this set */
    return PFLD_OK;
}

pfld_status read_aflw2000(reader *r, pfld_error *err)
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
