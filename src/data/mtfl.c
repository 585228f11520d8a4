/* MTFL: five points, smile and a coarse pose a row; beside it the angles of some, by AFLW. */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/file.h"
#include "core/mem.h"
#include "data/csv.h"
#include "data/reader.h"

#define POSE_FILE     "aflw_pose.csv"
#define MAX_POSE_FILE ((size_t)1 << 26) /* bytes */

enum { POINTS = 5 };

typedef enum pose_class { /* toward which side of the image the face looks */
                          LEFT_PROFILE = 1,
                          LEFT,
                          FRONTAL,
                          RIGHT,
                          RIGHT_PROFILE,
} pose_class;

typedef struct columns {
    size_t split, file, smile, pose, box[4], box_ok;
    csv_points points;
} columns;

typedef struct pose_row {
    text file;
    pfld_pose pose;
} pose_row;

typedef struct poses {
    uint8_t *data; /* of the file; the rows' names point into it */
    size_t size, n, room;
    pose_row *rows;
    data_index by_name;
} poses; /* zeroed: none */

static void poses_free(poses *p)
{
    mem_free(p->data);
    mem_free(p->rows);
    data_index_free(&p->by_name);
}

static pfld_status poses_append(poses *p, const csv *c, const size_t col[4], pfld_error *err)
{
    pose_row row = {0}, *more;
    pfld_status status = csv_check_row(c, err);

    if (!status)
        status = text_angle(c->field[col[1]], &row.pose.yaw, err);
    if (!status)
        status = text_angle(c->field[col[2]], &row.pose.pitch, err);
    if (!status)
        status = text_angle(c->field[col[3]], &row.pose.roll, err);
    if (status)
        return status;
    row.file = c->field[col[0]];
    row.pose.roll = -row.pose.roll; /* AFLW's is counter-clockwise; its yaw and pitch are ours */
    more = mem_grow(p->rows, &p->room, p->n + 1, sizeof *more);
    if (!more)
        return error_nomem(err);
    p->rows = more;
    if (!data_index_put(&p->by_name, text_hash(TEXT_HASH, row.file.at, row.file.n), (uint32_t)p->n))
        return error_nomem(err);
    p->rows[p->n++] = row;
    return PFLD_OK;
}

static pfld_status poses_parse(poses *p, pfld_error *err)
{
    static const char *const names[4] = {"file", "yaw_deg", "pitch_deg", "roll_deg"};
    csv c;
    size_t col[4];
    pfld_status status = csv_open(&c, text_of(p->data, p->size), err);

    for (int i = 0; i < 4 && !status; i++)
        status = csv_need(&c, names[i], &col[i], err);
    while (!status && csv_next(&c))
        status = poses_append(p, &c, col, err);
    if (status && status != PFLD_ERR_NOMEM) {
        char where[40];
        snprintf(where, sizeof where, POSE_FILE ":%zu", c.line);
        error_prefix(err, where);
    }
    return status;
}

/* The file is optional: most of MTFL has no angles. */
static pfld_status poses_read(reader *r, poses *p, pfld_error *err)
{
    static const text name = {POSE_FILE, sizeof POSE_FILE - 1};
    pfld_status status;

    if (r->no_files || (reader_check_file(r, name, "", err) && err->sys == ENOENT))
        return PFLD_OK;
    status = file_read(r->path, MAX_POSE_FILE, &p->data, &p->size, err);
    return status ? status : poses_parse(p, err);
}

/*
 * AFLW's angles were matched by the picture's number, and where it shows several faces they may be
 * another's: they count only where they agree with the class that MTFL saw in this face.
 */
static bool agrees(float yaw, size_t class)
{
    if (class == FRONTAL)
        return fabsf(yaw) <= 45;
    return class < FRONTAL ? yaw > 0 && yaw <= 90 : yaw < 0 && yaw >= -90;
}

static void join_pose(const poses *p, size_t class, reader_face *f)
{
    uint64_t hash = text_hash(TEXT_HASH, f->image.at, f->image.n);
    size_t cursor = 0;
    uint32_t i;

    while (data_index_next(&p->by_name, hash, &cursor, &i)) {
        const pose_row *row = &p->rows[i];
        assert(p->rows); /* what is indexed is there */
        if (row->file.n != f->image.n || memcmp(row->file.at, f->image.at, f->image.n) != 0)
            continue;
        f->has_pose = agrees(row->pose.yaw, class);
        f->pose = row->pose;
        return;
    }
}

/* The image's left comes first, which is the subject's right, as in our scheme "five". */
static pfld_status find_columns(const csv *c, columns *col, pfld_error *err)
{
    const struct {
        const char *name;
        size_t *column;
    } all[] = {
        {"split", &col->split},        {"file", &col->file},          {"x_le", &col->points.x[0]},
        {"x_re", &col->points.x[1]},   {"x_nose", &col->points.x[2]}, {"x_lm", &col->points.x[3]},
        {"x_rm", &col->points.x[4]},   {"y_le", &col->points.y[0]},   {"y_re", &col->points.y[1]},
        {"y_nose", &col->points.y[2]}, {"y_lm", &col->points.y[3]},   {"y_rm", &col->points.y[4]},
        {"smile", &col->smile},        {"pose", &col->pose},          {"bx1", &col->box[0]},
        {"by1", &col->box[1]},         {"bx2", &col->box[2]},         {"by2", &col->box[3]},
        {"box_ok", &col->box_ok},
    };
    pfld_status status = PFLD_OK;

    col->points.n = POINTS;
    for (size_t i = 0; i < sizeof all / sizeof *all && !status; i++)
        status = csv_need(c, all[i].name, all[i].column, err);
    return status;
}

static pfld_status read_box(const csv *c, const columns *col, reader_face *f, pfld_error *err)
{
    size_t ok;

    if (!text_count(c->field[col->box_ok], 1, &ok))
        return error_set(err, PFLD_ERR_FORMAT, "box_ok is '%.*s', 0 or 1 wanted",
                         TEXT_SHOWN(c->field[col->box_ok]));
    if (!ok)
        return PFLD_OK; /* around another face, or nothing */
    f->has_box = true;
    return csv_read_box(c, col->box, &f->box, err);
}

static pfld_status read_classes(const csv *c, const columns *col, reader_face *f, size_t *class,
                                pfld_error *err)
{
    size_t smile;

    if (!text_count(c->field[col->smile], 2, &smile) || smile == 0)
        return error_set(err, PFLD_ERR_FORMAT, "smile is '%.*s', 1 (yes) or 2 wanted",
                         TEXT_SHOWN(c->field[col->smile]));
    if (!text_count(c->field[col->pose], RIGHT_PROFILE, class) || *class == 0)
        return error_set(err, PFLD_ERR_FORMAT, "pose is '%.*s', 1 to 5 wanted",
                         TEXT_SHOWN(c->field[col->pose]));
    if (smile == 1)
        f->flags |= DATA_FLAG_EXPRESSION;
    if (*class == LEFT_PROFILE || *class == RIGHT_PROFILE)
        f->flags |= DATA_FLAG_POSE;
    return PFLD_OK;
}

static pfld_status read_row(const csv *c, const columns *col, const poses *p, reader_face *f,
                            pfld_error *err)
{
    size_t class = 0;
    pfld_status status = csv_read_points(c, &col->points, f->points, err);

    if (!status)
        status = read_box(c, col, f, err);
    if (!status)
        status = read_classes(c, col, f, &class, err);
    if (status)
        return status;
    reader_know_all(f);
    f->image = c->field[col->file];
    join_pose(p, class, f);
    return PFLD_OK;
}

/* Rows of the other part are not looked into: nothing of a test list may reach a training. */
static pfld_status check_split(const reader *r, const csv *c, const columns *col, bool *wanted,
                               pfld_error *err)
{
    pfld_status status = csv_check_row(c, err);
    text split;

    *wanted = true; /* a broken row is reported whichever part it belongs to */
    if (status)
        return status;
    split = c->field[col->split];
    if (!text_is(split, "train") && !text_is(split, "test"))
        return error_set(err, PFLD_ERR_FORMAT, "split is '%.*s', train or test wanted",
                         TEXT_SHOWN(split));
    *wanted = text_is(split, r->test_part ? "test" : "train");
    return PFLD_OK;
}

static pfld_status read_rows(reader *r, csv *c, const columns *col, const poses *p, pfld_error *err)
{
    while (csv_next(c)) {
        reader_face f;
        bool wanted;
        pfld_status status = check_split(r, c, col, &wanted, err);
        if (!wanted)
            continue;
        reader_face_init(&f, scheme_find("five"));
        if (!status)
            status = read_row(c, col, p, &f, err);
        status = reader_take(r, c->line, status, &f, err);
        if (status)
            return status;
    }
    return PFLD_OK;
}

pfld_status read_mtfl(reader *r, pfld_error *err)
{
    csv c;
    columns col;
    poses p = {0};
    pfld_status status = csv_open(&c, r->all, err);

    if (!status)
        status = find_columns(&c, &col, err);
    if (status)
        return reader_fail(r, 1, status, err);
    status = poses_read(r, &p, err);
    if (status)
        reader_fail(r, 0, status, err);
    else
        status = read_rows(r, &c, &col, &p, err);
    poses_free(&p);
    return status;
}
