/* A folder for people: the error curve, the worst faces, every face's error. */
#define _POSIX_C_SOURCE 200809L
#include "eval/report.h"

#include <cairo.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/file.h"
#include "core/mem.h"
#include "data/csv.h"
#include "data/index.h"
#include "eval/sheet.h"
#include "geometry/box.h"
#include "media/chart.h"
#include "media/paths.h"

enum { CED_POINTS = 201 };
static const sheet_size sheet = {.columns = 6, .rows = 4, .cell = 224};
#define AROUND         1.4f              /* side of a cut-out over the box's longer side */
#define CED_MAX        10.0              /* percent */
#define MAX_FACES_FILE ((size_t)1 << 30) /* bytes */

typedef struct report {
    const eval_run *run;
    const char *dir;
    const eval_face **order; /* [run->n], worst first */
} report;

static int by_error(const void *a, const void *b)
{
    double x = (*(const eval_face *const *)a)->error, y = (*(const eval_face *const *)b)->error;

    return (x < y) - (x > y);
}

/* ---- the curve ---- */

static pfld_status write_curve(const report *r, const char *title, pfld_error *err)
{
    double x[CED_POINTS], y[CED_POINTS];
    chart_series s = {.name = eval_norm_names[r->run->norm], .x = x, .y = y, .n = CED_POINTS};
    chart c = {.title = title,
               .x_label = "NME, percent",
               .y_label = "faces below, percent",
               .series = &s,
               .n = 1,
               .x_max = CED_MAX,
               .y_max = 100};
    char path[4096];
    size_t below = r->run->n;
    pfld_status st = media_path_in(r->dir, "ced.svg", path, sizeof path, err);

    for (int i = CED_POINTS - 1; i >= 0; i--) { /* order is worst first */
        x[i] = CED_MAX * i / (CED_POINTS - 1);
        while (below > 0 && r->order[r->run->n - below]->error > x[i])
            below--;
        y[i] = 100.0 * (double)below / (double)r->run->n;
    }
    return st == PFLD_OK ? chart_write(path, &c, err) : st;
}

/* ---- every face ---- */

/* The first column's name is the normaliser: eval_report_read() compares like with like. */
static pfld_status write_faces(const report *r, pfld_error *err)
{
    char path[4096];
    FILE *f;
    bool failed;
    pfld_status st = media_path_in(r->dir, "faces.csv", path, sizeof path, err);

    if (st != PFLD_OK)
        return st;
    f = fopen(path, "w");
    if (!f)
        return error_sys(err, errno, "%s", path);
    fprintf(f, "%s,where,image\n", eval_norm_names[r->run->norm]);
    for (size_t i = 0; i < r->run->n; i++)
        fprintf(f, "%.6f,\"%s\",\"%s\"\n", r->order[i]->error, r->order[i]->sample->where,
                r->order[i]->sample->image);
    failed = ferror(f) != 0;
    if (fclose(f) != 0 || failed)
        return error_sys(err, errno, "%s", path);
    return PFLD_OK;
}

/* What a face is known by: its list and line, wherever the list lay. */
static text face_key(text where)
{
    for (size_t i = where.n; i-- > 0;)
        if (where.at[i] == '/')
            return (text){where.at + i + 1, where.n - i - 1};
    return where;
}

static text string_text(const char *s)
{
    return (text){s, strlen(s)};
}

static bool same_text(text a, text b)
{
    return a.n == b.n && memcmp(a.at, b.at, a.n) == 0;
}

typedef struct faces_file {
    csv rows;
    size_t norm, where;
    data_index lines; /* the run's faces by their keys */
    const eval_run *run;
    double *error;
} faces_file;

static pfld_status open_faces(faces_file *f, text all, pfld_error *err)
{
    const char *wanted = eval_norm_names[f->run->norm];
    pfld_status st = csv_open(&f->rows, all, err);

    for (int i = 0; st == PFLD_OK && i < EVAL_NORMS; i++)
        if (csv_find(&f->rows, eval_norm_names[i], &f->norm) && i != (int)f->run->norm)
            return error_set(err, PFLD_ERR_FORMAT,
                             "errors over %s: unlike normalisers are not compared, %s is wanted",
                             eval_norm_names[i], wanted);
    if (st == PFLD_OK)
        st = csv_need(&f->rows, wanted, &f->norm, err);
    if (st == PFLD_OK)
        st = csv_need(&f->rows, "where", &f->where, err);
    for (size_t i = 0; st == PFLD_OK && i < f->run->n; i++) {
        text key = face_key(string_text(f->run->faces[i].sample->where));
        f->error[i] = (double)NAN;
        if (!data_index_put(&f->lines, text_hash(TEXT_HASH, key.at, key.n), (uint32_t)i))
            st = error_nomem(err);
    }
    return st;
}

static pfld_status take_row(faces_file *f, pfld_error *err)
{
    float error;
    size_t cursor = 0;
    uint32_t i;
    text key;

    if (csv_check_row(&f->rows, err) != PFLD_OK)
        return PFLD_ERR_FORMAT;
    key = face_key(f->rows.field[f->where]);
    if (!text_number(f->rows.field[f->norm], &error))
        return error_set(err, PFLD_ERR_FORMAT, "'%.*s' is no error",
                         TEXT_SHOWN(f->rows.field[f->norm]));
    while (data_index_next(&f->lines, text_hash(TEXT_HASH, key.at, key.n), &cursor, &i))
        if (same_text(key, face_key(string_text(f->run->faces[i].sample->where)))) {
            f->error[i] = (double)error;
            return PFLD_OK;
        }
    return error_set(err, PFLD_ERR_FORMAT, "%.*s is not among the faces", TEXT_SHOWN(key));
}

static pfld_status read_faces(faces_file *f, text all, pfld_error *err)
{
    pfld_status st = open_faces(f, all, err);

    while (st == PFLD_OK && csv_next(&f->rows))
        st = take_row(f, err);
    for (size_t i = 0; st == PFLD_OK && i < f->run->n; i++)
        if (isnan(f->error[i]))
            st = error_set(err, PFLD_ERR_FORMAT, "%s is missing", f->run->faces[i].sample->where);
    return st;
}

pfld_status eval_report_read(const char *path, const eval_run *run, double *error, pfld_error *err)
{
    faces_file *f = mem_alloc(1, sizeof *f);
    char where[ERROR_PATH + 1];
    uint8_t *data = NULL;
    size_t size;
    pfld_status st = f ? file_read(path, MAX_FACES_FILE, &data, &size, err) : error_nomem(err);

    if (st == PFLD_OK) {
        f->run = run;
        f->error = error;
        st = read_faces(f, text_of(data, size), err);
        if (st == PFLD_ERR_FORMAT)
            error_prefix(err, error_path(path, where));
    }
    if (f)
        data_index_free(&f->lines);
    mem_free(data);
    mem_free(f);
    return st;
}

/* ---- the worst ---- */

static void draw_points(cairo_t *cr, const pfld_point *p, int n, const affine *to_cell)
{
    for (int i = 0; i < n; i++) {
        pfld_point q = affine_apply(to_cell, p[i]);
        cairo_arc(cr, (double)q.x + 0.5, (double)q.y + 0.5, 1.7, 0, 6.2831853);
        cairo_fill(cr);
    }
}

/* The true points green, those found red, and the error. */
static pfld_status draw_face(void *ctx, size_t i, cairo_t *cr, pfld_error *err)
{
    const report *r = ctx;
    const eval_face *f = r->order[i];
    const data_sample *s = f->sample;
    pfld_box box = box_around(s->points, (size_t)s->scheme->n);
    affine to_cell;
    char words[32];
    pfld_status st = sheet_photo(cr, s->image, &box, AROUND, sheet.cell, &to_cell, err);

    if (st != PFLD_OK)
        return st;
    cairo_set_source_rgb(cr, 0.2, 0.95, 0.3);
    draw_points(cr, s->points, s->scheme->n, &to_cell);
    cairo_set_source_rgb(cr, 1, 0.25, 0.2);
    draw_points(cr, f->found.landmarks, f->found.n_landmarks, &to_cell);
    snprintf(words, sizeof words, "%.1f %%", f->error);
    sheet_words(cr, sheet.cell, words);
    return PFLD_OK;
}

static pfld_status write_worst(report *r, pfld_error *err)
{
    char path[4096];
    pfld_status st = media_path_in(r->dir, "worst.png", path, sizeof path, err);

    return st == PFLD_OK ? sheet_write(path, &sheet, r->run->n, draw_face, r, err) : st;
}

pfld_status eval_report_write(const eval_run *run, const char *dir, const char *title,
                              pfld_error *err)
{
    report r = {.run = run, .dir = dir};
    pfld_status st;

    if ((st = media_make_dirs(dir, err)) != PFLD_OK)
        return st;
    r.order = mem_alloc(run->n, sizeof *r.order);
    if (!r.order)
        return error_nomem(err);
    for (size_t i = 0; i < run->n; i++)
        r.order[i] = &run->faces[i];
    qsort(r.order, run->n, sizeof *r.order, by_error);
    st = write_curve(&r, title, err);
    if (st == PFLD_OK)
        st = write_faces(&r, err);
    if (st == PFLD_OK)
        st = write_worst(&r, err);
    mem_free((void *)r.order);
    return st;
}
