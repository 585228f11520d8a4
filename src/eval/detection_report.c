/* A folder for people: the precision-recall curve, misses, false alarms, every detection. */
#define _POSIX_C_SOURCE 200809L
#include "eval/detection_report.h"

#include <cairo.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/mem.h"
#include "eval/sheet.h"
#include "geometry/box.h"
#include "media/chart.h"
#include "media/paths.h"

static const sheet_size sheet = {.columns = 8, .rows = 6, .cell = 168};
#define AROUND 2.2f /* side of a cut-out over the box's longer side */

typedef struct miss {
    size_t face, photo; /* indices into the set */
    float side;         /* sqrt(w h) */
} miss;

typedef struct report {
    const detection_report *in;
    const char *dir;
    miss *misses; /* [n_misses], largest first */
    size_t n_misses;
    const detection_judged **alarms; /* [n_alarms], highest score first */
    size_t n_alarms;
} report;

/* ---- what is shown ---- */

static int by_side(const void *a, const void *b)
{
    const miss *x = a, *y = b;

    if (x->side != y->side)
        return x->side < y->side ? 1 : -1;
    return (x->face > y->face) - (x->face < y->face);
}

static pfld_status find_misses(report *r, pfld_error *err)
{
    const scene_set *set = r->in->set;
    const detection_table *t = r->in->table;
    bool *hit = mem_alloc(set->n_faces, sizeof *hit);

    r->misses = mem_alloc(set->n_faces, sizeof *r->misses);
    if (!hit || !r->misses) {
        mem_free(hit);
        return error_nomem(err);
    }
    for (size_t i = 0; i < t->n && t->at[i].score >= r->in->threshold; i++)
        if (t->at[i].verdict == DETECTION_HIT)
            hit[t->at[i].face] = true;
    for (size_t i = 0; i < t->n_photos; i++) {
        const scene_photo *p = &set->photos[t->photos[i]];
        for (size_t k = p->first; k < p->first + p->n; k++)
            if (!hit[k] && detection_is_asked_for(r->in->rule, &set->faces[k]))
                r->misses[r->n_misses++] =
                    (miss){k, t->photos[i], detection_side(&set->faces[k].box)};
    }
    qsort(r->misses, r->n_misses, sizeof *r->misses, by_side);
    mem_free(hit);
    return PFLD_OK;
}

static pfld_status find_alarms(report *r, pfld_error *err)
{
    const detection_table *t = r->in->table;

    r->alarms = mem_alloc(t->n, sizeof *r->alarms);
    if (!r->alarms)
        return error_nomem(err);
    for (size_t i = 0; i < t->n; i++)
        if (t->at[i].verdict == DETECTION_ALARM)
            r->alarms[r->n_alarms++] = &t->at[i];
    return PFLD_OK;
}

/* ---- the curve ---- */

static pfld_status write_chart(const report *r, const chart *c, const char *name, pfld_error *err)
{
    char path[4096];
    pfld_status st = media_path_in(r->dir, name, path, sizeof path, err);

    return st == PFLD_OK ? chart_write(path, c, err) : st;
}

static pfld_status write_curve(const report *r, pfld_error *err)
{
    const size_t n = r->in->table->n;
    double *recall = mem_alloc(2 * n, sizeof *recall);
    chart_series s = {.x = recall, .y = recall + n};
    chart c = {.title = r->in->title,
               .x_label = "recall",
               .y_label = "precision",
               .series = &s,
               .n = 1,
               .x_max = 1,
               .y_max = 1};
    pfld_status st;

    if (!recall)
        return error_nomem(err);
    s.n = detection_curve(r->in->table, recall, recall + n);
    st = write_chart(r, &c, "pr.svg", err);
    if (st == PFLD_OK)
        st = write_chart(r, &c, "pr.png", err);
    mem_free(recall);
    return st;
}

/* ---- cut-outs ---- */

typedef struct colour {
    double r, g, b;
} colour;
static const colour true_colour = {0.2, 0.95, 0.3}, found_colour = {1, 0.3, 0.25},
                    ignored_colour = {0.6, 0.65, 0.75};

typedef struct pen {
    cairo_t *cr;
    affine to_cell;
} pen;

static void draw_box(const pen *p, const pfld_box *b, const colour *c, double width)
{
    pfld_point a = affine_apply(&p->to_cell, (pfld_point){b->x, b->y});
    pfld_point z = affine_apply(&p->to_cell, (pfld_point){b->x + b->w, b->y + b->h});

    cairo_rectangle(p->cr, (double)a.x + 0.5, (double)a.y + 0.5, (double)(z.x - a.x),
                    (double)(z.y - a.y));
    cairo_set_source_rgb(p->cr, c->r, c->g, c->b);
    cairo_set_line_width(p->cr, width);
    cairo_stroke(p->cr);
}

/* What is known of the photo, and what was found at the threshold, thinly. */
static void draw_photo(const report *r, const pen *p, size_t photo)
{
    const scene_photo *s = &r->in->set->photos[photo];
    const detection_list *l = r->in->found;

    for (size_t i = s->first; i < s->first + s->n; i++) {
        const scene_face *f = &r->in->set->faces[i];
        draw_box(p, &f->box,
                 detection_is_asked_for(r->in->rule, f) ? &true_colour : &ignored_colour, 1);
    }
    for (size_t i = l->first[photo]; i < l->first[photo + 1]; i++)
        if (l->found[i].score >= r->in->threshold)
            draw_box(p, &l->found[i].box, &found_colour, 1);
}

static pfld_status draw_miss(void *ctx, size_t i, cairo_t *cr, pfld_error *err)
{
    const report *r = ctx;
    const miss *m = &r->misses[i];
    const pfld_box *box = &r->in->set->faces[m->face].box;
    const detection_list *l = r->in->found;
    pen p = {.cr = cr};
    char words[48];
    float best = 0.0f, score = 0.0f;
    pfld_status st = sheet_photo(cr, r->in->set->photos[m->photo].image, box, AROUND, sheet.cell,
                                 &p.to_cell, err);

    if (st != PFLD_OK)
        return st;
    draw_photo(r, &p, m->photo);
    draw_box(&p, box, &true_colour, 2.5);
    for (size_t k = l->first[m->photo]; k < l->first[m->photo + 1]; k++) {
        float iou = box_iou(&l->found[k].box, box);
        if (iou <= best)
            continue;
        best = iou;
        score = l->found[k].score;
    }
    snprintf(words, sizeof words, "%.0f px", (double)m->side);
    if (best > 0.0f)
        snprintf(words, sizeof words, "%.0f px; IoU %.2f at %.2f", (double)m->side, (double)best,
                 (double)score);
    sheet_words(cr, sheet.cell, words);
    return PFLD_OK;
}

static pfld_status draw_alarm(void *ctx, size_t i, cairo_t *cr, pfld_error *err)
{
    const report *r = ctx;
    const detection_judged *d = r->alarms[i];
    const pfld_box *box = &r->in->found->found[d->found].box;
    pen p = {.cr = cr};
    char words[48];
    pfld_status st = sheet_photo(cr, r->in->set->photos[d->photo].image, box, AROUND, sheet.cell,
                                 &p.to_cell, err);

    if (st != PFLD_OK)
        return st;
    draw_photo(r, &p, d->photo);
    draw_box(&p, box, &found_colour, 2.5);
    snprintf(words, sizeof words, "%.2f; %.0f px", (double)d->score, (double)detection_side(box));
    sheet_words(cr, sheet.cell, words);
    return PFLD_OK;
}

static pfld_status write_sheet(report *r, const char *name, size_t n, sheet_draw *draw,
                               pfld_error *err)
{
    char path[4096];
    pfld_status st = media_path_in(r->dir, name, path, sizeof path, err);

    return st == PFLD_OK ? sheet_write(path, &sheet, n, draw, r, err) : st;
}

/* ---- every detection ---- */

static void put_row(FILE *to, const char *image, const pfld_box *b)
{
    fprintf(to, "\"%s\",%.2f,%.2f,%.2f,%.2f,", image, (double)b->x, (double)b->y,
            (double)(b->x + b->w), (double)(b->y + b->h));
}

/* Scores with all digits of a float: they are thresholds. */
static void put_detections(const report *r, FILE *to)
{
    const detection_table *t = r->in->table;

    fprintf(to, "file,left,top,right,bottom,score,verdict\n");
    for (size_t i = 0; i < t->n; i++) {
        const detection_judged *d = &t->at[i];
        put_row(to, r->in->set->photos[d->photo].image, &r->in->found->found[d->found].box);
        fprintf(to, "%.9g,%s\n", (double)d->score, detection_verdict_names[d->verdict]);
    }
    for (size_t i = 0; i < r->n_misses; i++) {
        const miss *m = &r->misses[i];
        put_row(to, r->in->set->photos[m->photo].image, &r->in->set->faces[m->face].box);
        fprintf(to, ",miss\n");
    }
}

static pfld_status write_detections(const report *r, pfld_error *err)
{
    char path[4096];
    FILE *f;
    bool failed;
    pfld_status st = media_path_in(r->dir, "detections.csv", path, sizeof path, err);

    if (st != PFLD_OK)
        return st;
    f = fopen(path, "w");
    if (!f)
        return error_sys(err, errno, "%s", path);
    put_detections(r, f);
    failed = ferror(f) != 0;
    if (fclose(f) != 0 || failed)
        return error_sys(err, errno, "%s", path);
    return PFLD_OK;
}

pfld_status detection_report_write(const detection_report *in, const char *dir, pfld_error *err)
{
    report r = {.in = in, .dir = dir};
    pfld_status st = media_make_dirs(dir, err);

    if (st == PFLD_OK)
        st = find_misses(&r, err);
    if (st == PFLD_OK)
        st = find_alarms(&r, err);
    if (st == PFLD_OK)
        st = write_curve(&r, err);
    if (st == PFLD_OK)
        st = write_detections(&r, err);
    if (st == PFLD_OK)
        st = write_sheet(&r, "misses.png", r.n_misses, draw_miss, err);
    if (st == PFLD_OK)
        st = write_sheet(&r, "alarms.png", r.n_alarms, draw_alarm, err);
    mem_free(r.misses);
    mem_free((void *)r.alarms);
    return st;
}
