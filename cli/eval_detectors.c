/* pfld eval of detectors: AP, recalls and false alarms on photos, side by side. */
#define _POSIX_C_SOURCE 200809L
#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "cli/eval.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/threads.h"
#include "core/error.h"
#include "core/mem.h"
#include "eval/detection_report.h"
#include "eval/detection_run.h"

/* False alarms per 100 photos of the figure recall_01: 1 in 10 photos. */
#define FEW_ALARMS        10.0
#define DEFAULT_THRESHOLD 0.5f /* pfld_options.score_min */

enum { MOST_THRESHOLDS = 2 };

typedef struct line { /* of the table on stderr */
    const char *detector;
    int32_t side;
    double ap, ci95[2], recall_01;
    double alarms_100; /* on the negatives, or on the data where that has no faces; NaN */
    double recall;     /* within --alarms on the negatives; NaN */
} line;

typedef struct eval_state { /* all data sets */
    const eval_fields *f;
    float thresholds[MOST_THRESHOLDS]; /* [n_thresholds]: the default, and --threshold */
    size_t n_thresholds;
    int32_t sides[EVAL_MAX_SIDES]; /* [n_sides] */
    size_t n_sides;
    pfld_model **models;     /* [f->detectors.n] */
    pfld_model *landmarks;   /* for the second look, or NULL */
    detection_table *alarms; /* [f->detectors.n][n_sides], on the negatives; else empty */
    line *lines;             /* [f->detectors.n][n_sides], of one data set */
    size_t n_left_out;       /* photos, in all runs */
} eval_state;

typedef struct measured { /* one detector at one size on one data set */
    const eval_state *e;
    const char *spec;
    const scene_set *set;
    const line *line;
    detection_rule rule;
    detection_list found;
    detection_table table;         /* on the data */
    const detection_table *alarms; /* on the negatives */
} measured;

/* ---- JSON ---- */

static json_t *rate(double v)
{
    return output_number(v, 4);
}

static json_t *count_json(const detection_count *c)
{
    json_t *o = json_pack("{s:o,s:o}", "threshold", output_number((double)c->threshold, 6),
                          "alarms_100", output_number(c->alarms_100, 3));

    if (!isnan(c->recall) && json_object_set_new(o, "recall", rate(c->recall)) == 0)
        json_object_set_new(o, "precision", rate(c->precision));
    return o;
}

static json_t *counts_json(const eval_state *e, const detection_table *t)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < e->n_thresholds; i++) {
        detection_count c = detection_at(t, e->thresholds[i]);
        if (json_array_append_new(list, count_json(&c))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static const struct size_class {
    const char *name;
    float from, to; /* pixels */
} size_classes[] = {{"0-16", 0.0f, 16.0f},
                    {"16-32", 16.0f, 32.0f},
                    {"32-64", 32.0f, 64.0f},
                    {"64-128", 64.0f, 128.0f},
                    {"128+", 128.0f, INFINITY}};

static pfld_status class_json(const measured *m, const struct size_class *c, json_t *into,
                              pfld_error *err)
{
    const detection_rule rule = {m->rule.iou, fmaxf(c->from, m->rule.min_side), c->to};
    detection_table t;
    double ap;
    pfld_status st = detection_judge(&m->found, m->set, &rule, &t, err);

    if (st != PFLD_OK)
        return st;
    st = detection_ap(&t, &ap, NULL, err);
    if (st == PFLD_OK && t.n_faces) {
        detection_count at = detection_at(&t, m->e->thresholds[0]);
        json_t *o = json_pack("{s:I,s:o,s:o}", "faces", (json_int_t)t.n_faces, "ap", rate(ap),
                              "recall", rate(at.recall));
        if (json_object_set_new(into, c->name, o))
            st = error_nomem(err);
    }
    detection_table_free(&t);
    return st;
}

static json_t *by_size_json(const measured *m)
{
    json_t *o = json_object();

    for (size_t i = 0; o && i < sizeof size_classes / sizeof *size_classes; i++)
        if (class_json(m, &size_classes[i], o, NULL) != PFLD_OK) {
            json_decref(o);
            return NULL;
        }
    return o;
}

static json_t *negatives_json(const measured *m)
{
    const eval_fields *f = m->e->f;
    detection_count few = detection_within(m->alarms, (double)f->alarms);
    detection_count there = detection_at(&m->table, few.threshold);

    return json_pack("{s:o,s:I,s:o,s:{s:o,s:o,s:o,s:o}}", "data", output_string(f->negatives),
                     "photos", (json_int_t)m->alarms->n_photos, "at", counts_json(m->e, m->alarms),
                     "within", "alarms_100", output_number((double)f->alarms, 3), "threshold",
                     output_number((double)few.threshold, 6), "recall", rate(there.recall),
                     "precision", rate(there.precision));
}

static int with(json_t *o, const char *name, json_t *value)
{
    return json_object_set_new(o, name, value);
}

static json_t *line_json(const measured *m)
{
    const detection_table *t = &m->table;
    const line *l = m->line;
    detection_count usual = detection_at(t, m->e->thresholds[0]);
    json_t *o = json_pack("{s:i,s:o,s:o,s:I,s:o}", "v", 1, "detector", output_string(l->detector),
                          "data", output_string(m->spec), "max_side", (json_int_t)l->side, "iou",
                          rate((double)m->rule.iou));
    int failed = !o;

    if (m->rule.min_side > 0.0f)
        failed |= with(o, "min_size", rate((double)m->rule.min_side));
    failed |= with(o, "photos", json_integer((json_int_t)t->n_photos));
    if (m->found.n_left_out)
        failed |= with(o, "left_out", json_integer((json_int_t)m->found.n_left_out));
    failed |= with(o, "faces", json_integer((json_int_t)t->n_faces));
    failed |= with(o, "ignored", json_integer((json_int_t)t->n_ignored));
    failed |= with(o, "ap", rate(l->ap));
    failed |= with(o, "ap_ci95", json_pack("[o,o]", rate(l->ci95[0]), rate(l->ci95[1])));
    failed |= with(o, "recall_01", rate(l->recall_01));
    failed |= with(o, "alarms_100", output_number(usual.alarms_100, 3));
    failed |= with(o, "at", counts_json(m->e, t));
    failed |= with(o, "by_size", by_size_json(m));
    if (m->alarms->n_photos)
        failed |= with(o, "negatives", negatives_json(m));
    if (!failed)
        return o;
    json_decref(o);
    return NULL;
}

/* ---- the table for people ---- */

static size_t best_size(const line *lines, size_t n)
{
    size_t best = 0;

    for (size_t i = 1; i < n; i++)
        if (lines[i].ap > lines[best].ap)
            best = i;
    return best;
}

/* Right-aligned in width; "-" where there is no such figure. */
static void put_figure(double v, int width, int decimals)
{
    if (isnan(v))
        fprintf(stderr, "%*s", width, "-");
    else
        fprintf(stderr, "%*.*f", width, decimals, v);
}

static void put_line(const eval_state *e, const line *l, bool best)
{
    fprintf(stderr, "  %5d%c", (int)l->side, best ? '*' : ' ');
    put_figure(l->ap, 8, 4);
    put_figure(l->ci95[0], 8, 3);
    put_figure(l->ci95[1], 7, 3);
    put_figure(l->recall_01, 12, 4);
    put_figure(l->alarms_100, 12, 1);
    if (e->f->negatives)
        put_figure(l->recall, 9, 4);
    fputs("  ", stderr);
    message_put(stderr, l->detector);
    fputc('\n', stderr);
}

static void put_table(const eval_state *e, const char *spec)
{
    message_put(stderr, spec);
    fprintf(stderr,
            ": IoU %g\n   side       AP     95 %% interval  recall@0.1  alarms/100%s  detector\n",
            (double)e->f->iou, e->f->negatives ? "   within" : "");
    for (size_t i = 0; i < e->f->detectors.n; i++) {
        const line *lines = e->lines + i * e->n_sides;
        for (size_t k = 0; k < e->n_sides; k++)
            put_line(e, &lines[k], e->n_sides > 1 && k == best_size(lines, e->n_sides));
    }
}

/* ---- runs ---- */

#define ANY_PRESENCE 1e-6f /* the curve is whole */

/* Below 0: no second look. Detectors of ours are made for it; others are measured as they are. */
static float presence_min(const eval_state *e, size_t detector)
{
    bool ours = pfld_model_metadata(e->models[detector], "pfld.kind") != NULL;

    return eval_presence(e->f, ours ? ANY_PRESENCE : -1.0f);
}

static pfld_status run_detector(eval_state *e, size_t detector, size_t side, const scene_set *set,
                                detection_list *out, pfld_error *err)
{
    const eval_fields *f = e->f;
    float presence = presence_min(e, detector);
    detection_options o = {.threads = threads_or_cpus(f->threads),
                           .landmarks = presence < 0.0f ? NULL : e->landmarks,
                           .message = message_hook};
    pfld_status st;

    pfld_options_init(&o.session, sizeof o.session);
    o.session.isa = f->isa;
    o.session.max_side = e->sides[side];
    o.session.min_face = f->min_face;
    o.session.turns = f->turns;
    o.session.score_min = DETECTION_SCORE_MIN;
    o.session.presence_min = presence;
    st = detection_run(e->models[detector], set, &o, out, err);
    e->n_left_out += out->n_left_out;
    return st;
}

static pfld_status report(const measured *m, pfld_error *err)
{
    const float *t = m->e->thresholds;
    const detection_report r = {.set = m->set,
                                .found = &m->found,
                                .table = &m->table,
                                .rule = &m->rule,
                                .threshold = t[m->e->n_thresholds - 1],
                                .title = m->spec};

    return detection_report_write(&r, m->e->f->report, err);
}

static pfld_status measure(const measured *m, line *l, pfld_error *err)
{
    const detection_table *t = &m->table;
    detection_count few;
    pfld_status st = detection_ap(t, &l->ap, l->ci95, err);

    l->recall_01 = detection_within(t, FEW_ALARMS).recall;
    l->alarms_100 = l->recall = (double)NAN;
    if (m->alarms->n_photos) {
        few = detection_within(m->alarms, (double)m->e->f->alarms);
        l->recall = detection_at(t, few.threshold).recall;
        l->alarms_100 = detection_at(m->alarms, m->e->thresholds[0]).alarms_100;
    } else if (t->n_faces == 0) {
        l->alarms_100 = detection_at(t, m->e->thresholds[0]).alarms_100;
    }
    return st;
}

static pfld_status eval_one(eval_state *e, size_t detector, size_t side, measured *m,
                            pfld_error *err)
{
    line *l = &e->lines[detector * e->n_sides + side];
    pfld_status st = run_detector(e, detector, side, m->set, &m->found, err);

    *l = (line){.detector = e->f->detectors.at[detector], .side = e->sides[side]};
    m->line = l;
    m->alarms = &e->alarms[detector * e->n_sides + side];
    if (st == PFLD_OK)
        st = detection_judge(&m->found, m->set, &m->rule, &m->table, err);
    if (st == PFLD_OK)
        st = measure(m, l, err);
    if (st == PFLD_OK)
        st = output_json(stdout, line_json(m), err);
    if (st == PFLD_OK && e->f->report)
        st = report(m, err);
    detection_table_free(&m->table);
    detection_list_free(&m->found);
    return st;
}

static pfld_status read_scenes(const eval_fields *f, const char *spec, scene_set *set,
                               pfld_error *err)
{
    const data_options d = {.skip_bad = f->skip_bad, .message = message_hook};

    return scene_set_add(set, spec, &d, err);
}

static pfld_status eval_set(eval_state *e, const char *spec, pfld_error *err)
{
    scene_set set = {0};
    measured m = {.e = e,
                  .spec = spec,
                  .set = &set,
                  .rule = {.iou = e->f->iou, .min_side = e->f->min_size, .max_side = INFINITY}};
    pfld_status st = read_scenes(e->f, spec, &set, err);

    for (size_t i = 0; i < e->f->detectors.n && st == PFLD_OK; i++)
        for (size_t k = 0; k < e->n_sides && st == PFLD_OK; k++)
            st = eval_one(e, i, k, &m, err);
    if (st == PFLD_OK)
        put_table(e, spec);
    scene_set_free(&set);
    return st;
}

/* ---- what all data sets share ---- */

/* Alarms of any size: --min-size is about the faces of the data. */
static pfld_status run_negatives(eval_state *e, const scene_set *set, pfld_error *err)
{
    const detection_rule rule = {.iou = e->f->iou, .min_side = 0.0f, .max_side = INFINITY};
    pfld_status st = PFLD_OK;

    for (size_t i = 0; i < e->f->detectors.n && st == PFLD_OK; i++)
        for (size_t k = 0; k < e->n_sides && st == PFLD_OK; k++) {
            detection_list found = {0};
            st = run_detector(e, i, k, set, &found, err);
            if (st == PFLD_OK)
                st = detection_judge(&found, set, &rule, &e->alarms[i * e->n_sides + k], err);
            detection_list_free(&found);
        }
    return st;
}

static pfld_status take_negatives(eval_state *e, pfld_error *err)
{
    scene_set set = {0};
    pfld_status st = read_scenes(e->f, e->f->negatives, &set, err);

    if (st == PFLD_OK && set.n_faces > 0)
        st = error_set(err, PFLD_ERR_ARG,
                       "--negatives %.120s: %zu faces are in it, which are no false alarms",
                       e->f->negatives, set.n_faces);
    if (st == PFLD_OK)
        st = run_negatives(e, &set, err);
    scene_set_free(&set);
    return st;
}

static pfld_status make_state(eval_state *e, pfld_error *err)
{
    const eval_fields *f = e->f;
    pfld_status st = eval_sides(f, e->sides, &e->n_sides, err);

    if (st != PFLD_OK)
        return st;
    e->thresholds[e->n_thresholds++] = DEFAULT_THRESHOLD;
    if (f->threshold > 0.0f)
        e->thresholds[e->n_thresholds++] = f->threshold;
    e->models = mem_alloc(f->detectors.n, sizeof *e->models);
    e->alarms = mem_alloc(f->detectors.n * e->n_sides, sizeof *e->alarms);
    e->lines = mem_alloc(f->detectors.n * e->n_sides, sizeof *e->lines);
    if (!e->models || !e->alarms || !e->lines)
        return error_nomem(err);
    for (size_t i = 0; i < f->detectors.n && st == PFLD_OK; i++)
        st = eval_load_detector(f, f->detectors.at[i], &e->models[i], err);
    for (size_t i = 0; i < f->detectors.n && st == PFLD_OK && !e->landmarks; i++)
        if (presence_min(e, i) > 0.0f)
            st = eval_load_landmarks(f, f->model, &e->landmarks, err);
    if (st == PFLD_OK && f->negatives)
        st = take_negatives(e, err);
    return st;
}

static void free_state(eval_state *e)
{
    for (size_t i = 0; i < e->f->detectors.n; i++) {
        if (e->models)
            pfld_model_free(e->models[i]);
        for (size_t k = 0; e->alarms && k < e->n_sides; k++)
            detection_table_free(&e->alarms[i * e->n_sides + k]);
    }
    mem_free((void *)e->models);
    mem_free(e->alarms);
    mem_free(e->lines);
    pfld_model_free(e->landmarks);
}

/* A set that fails is named, and the others go on. */
int eval_detectors(const eval_fields *f)
{
    eval_state e = {.f = f};
    pfld_error err;
    int code = CLI_DONE;
    pfld_status st = make_state(&e, &err);

    if (st != PFLD_OK) {
        message("%s", err.msg);
        code = message_exit(st);
    }
    for (size_t i = 0; i < f->data.n && code < CLI_INTERNAL && st == PFLD_OK; i++) {
        pfld_status one = eval_set(&e, f->data.at[i], &err);
        if (one != PFLD_OK) {
            message("%s", err.msg);
            code = message_exit(one);
        }
    }
    if (code == CLI_DONE && e.n_left_out && !f->skip_bad)
        code = CLI_SOME_FAILED;
    free_state(&e);
    return code;
}
