/* How far the head poses that a model finds are from those that a data set states. */
#define _POSIX_C_SOURCE 200809L
#include "eval/pose.h"

#include <cairo.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/mem.h"
#include "data/face_box.h"
#include "eval/sheet.h"
#include "geometry/pose.h"
#include "media/paths.h"

enum { FOLDS = 10 };
static const sheet_size sheet = {.columns = 6, .rows = 5, .cell = 200};
#define AROUND 1.5f /* side of a cut-out over the box's longer side */

const char *const eval_angle_names[EVAL_ANGLES] = {"yaw", "pitch", "roll"};

void eval_pose_difference(const eval_pose_pair *p, double out[EVAL_ANGLES])
{
    const pfld_pose *a = &p->found, *b = &p->sample->pose;

    out[EVAL_YAW] = remainder((double)a->yaw - (double)b->yaw, 360.0);
    out[EVAL_PITCH] = remainder((double)a->pitch - (double)b->pitch, 360.0);
    out[EVAL_ROLL] = remainder((double)a->roll - (double)b->roll, 360.0);
}

/* ---- figures ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts x. */
static double median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, by_value);
    return n ? (x[(n - 1) / 2] + x[n / 2]) / 2.0 : 0.0;
}

/* Every tenth face with the offset of the others; room [n]. */
static double centred(const double *x, size_t n, double *room)
{
    double sum = 0.0;

    for (size_t fold = 0; fold < FOLDS; fold++) {
        size_t others = 0;
        double offset;
        for (size_t i = 0; i < n; i++)
            if (i % FOLDS != fold)
                room[others++] = x[i];
        offset = median(room, others);
        for (size_t i = fold; i < n; i += FOLDS)
            sum += fabs(x[i] - offset);
    }
    return sum / (double)n;
}

static eval_angle summarise(const double *x, size_t n, double *room)
{
    eval_angle a = {0};

    for (size_t i = 0; i < n; i++) {
        a.mae += fabs(x[i]) / (double)n;
        a.mean += x[i] / (double)n;
        a.over10 += 100.0 * (fabs(x[i]) > 10.0) / (double)n;
        a.over15 += 100.0 * (fabs(x[i]) > 15.0) / (double)n;
        room[i] = x[i];
    }
    a.median = median(room, n);
    a.mae_centred = centred(x, n, room);
    return a;
}

pfld_status eval_pose_compare(const eval_pose_pair *pairs, size_t n, eval_pose_errors *out,
                              pfld_error *err)
{
    const double nan = (double)NAN;
    double *x = mem_alloc(n + 1, (EVAL_ANGLES + 1) * sizeof *x), d[EVAL_ANGLES];

    if (!x)
        return error_nomem(err);
    *out = (eval_pose_errors){0};
    for (size_t i = 0; i < n; i++) {
        eval_pose_difference(&pairs[i], d);
        if (isnan(d[0] + d[1] + d[2])) {
            out->n_none++;
            continue;
        }
        for (size_t k = 0; k < EVAL_ANGLES; k++)
            x[k * n + out->n] = d[k];
        out->n++;
    }
    for (size_t k = 0; k < EVAL_ANGLES; k++) {
        out->angle[k] = out->n ? summarise(x + k * n, out->n, x + EVAL_ANGLES * n)
                               : (eval_angle){nan, nan, nan, nan, nan, nan};
        out->mae += out->angle[k].mae / EVAL_ANGLES;
        out->mae_centred += out->angle[k].mae_centred / EVAL_ANGLES;
    }
    mem_free(x);
    return PFLD_OK;
}

/* ---- the report ---- */

typedef struct ranked {
    const eval_pose_pair *pair;
    double d[EVAL_ANGLES], error; /* mean over the angles; without a pose: most */
} ranked;

static int worst_first(const void *a, const void *b)
{
    double x = ((const ranked *)a)->error, y = ((const ranked *)b)->error;

    return (x < y) - (x > y);
}

static pfld_status write_csv(const ranked *r, size_t n, const char *dir, pfld_error *err)
{
    char path[4096];
    FILE *f;
    bool failed;
    pfld_status st = media_path_in(dir, "pose.csv", path, sizeof path, err);

    if (st != PFLD_OK)
        return st;
    f = fopen(path, "w");
    if (!f)
        return error_sys(err, errno, "%s", path);
    fputs("error,yaw,pitch,roll,true_yaw,true_pitch,true_roll,where,image\n", f);
    for (size_t i = 0; i < n; i++) {
        const data_sample *s = r[i].pair->sample;
        const pfld_pose *p = &r[i].pair->found;
        fprintf(f, "%.3f,%.3f,%.3f,%.3f,%.3f,%.3f,%.3f,\"%s\",\"%s\"\n", r[i].error, (double)p->yaw,
                (double)p->pitch, (double)p->roll, (double)s->pose.yaw, (double)s->pose.pitch,
                (double)s->pose.roll, s->where, s->image);
    }
    failed = ferror(f) != 0;
    if (fclose(f) != 0 || failed)
        return error_sys(err, errno, "%s", path);
    return PFLD_OK;
}

/* x red, y (down) green, and blue where the face looks; white: all three. */
static void draw_axes(cairo_t *cr, const pfld_pose *pose, double length, bool white)
{
    float r[3][3];

    pose_to_matrix(pose, r);
    cairo_set_line_width(cr, white ? 1.5 : 3);
    for (int k = 0; k < 3; k++) {
        double way = (k == 2 ? -1 : 1) * length;
        cairo_set_source_rgb(cr, white || k == 0, white || k == 1, white || k == 2);
        cairo_move_to(cr, 0, 0);
        cairo_line_to(cr, way * (double)r[0][k], way * (double)r[1][k]);
        cairo_stroke(cr);
    }
}

static pfld_status draw_face(void *ctx, size_t i, cairo_t *cr, pfld_error *err)
{
    const ranked *r = (const ranked *)ctx + i;
    const data_sample *s = r->pair->sample;
    const double half = sheet.cell / 2.0;
    pfld_box box = face_box(s);
    affine to_cell;
    char words[64];
    pfld_status st = sheet_photo(cr, s->image, &box, AROUND, sheet.cell, &to_cell, err);

    if (st != PFLD_OK)
        return st;
    cairo_translate(cr, half, half);
    if (!isnan(r->d[0]))
        draw_axes(cr, &r->pair->found, 0.7 * half, false);
    draw_axes(cr, &s->pose, 0.7 * half, true);
    cairo_translate(cr, -half, -half);
    snprintf(words, sizeof words, "%+.0f %+.0f %+.0f", r->d[0], r->d[1], r->d[2]);
    sheet_words(cr, sheet.cell, words);
    return PFLD_OK;
}

pfld_status eval_pose_report(const eval_pose_pair *pairs, size_t n, const char *dir,
                             pfld_error *err)
{
    char path[4096];
    ranked *r;
    pfld_status st = media_make_dirs(dir, err);

    if (st != PFLD_OK)
        return st;
    r = mem_alloc(n, sizeof *r);
    if (!r)
        return error_nomem(err);
    for (size_t i = 0; i < n; i++) {
        r[i].pair = &pairs[i];
        eval_pose_difference(&pairs[i], r[i].d);
        r[i].error = (fabs(r[i].d[0]) + fabs(r[i].d[1]) + fabs(r[i].d[2])) / EVAL_ANGLES;
        r[i].error = isnan(r[i].error) ? 180.0 : r[i].error;
    }
    qsort(r, n, sizeof *r, worst_first);
    st = write_csv(r, n, dir, err);
    if (st == PFLD_OK)
        st = media_path_in(dir, "worst.png", path, sizeof path, err);
    if (st == PFLD_OK)
        st = sheet_write(path, &sheet, n, draw_face, r, err);
    mem_free(r);
    return st;
}
