/* pfld eval of landmark models: NME on labelled faces, and paired comparisons. */
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
#include "data/facepose.h"
#include "detect/builtin.h"
#include "eval/report.h"
#include "eval/run.h"
#include "eval/spread.h"
#include "media/paths.h"

enum { MISSED_SHOWN = 10 };

typedef struct models {
    pfld_model *model, *other; /* other: of --compare, or NULL */
    pfld_model *detector;      /* of --boxes-by, or NULL */
} models;

typedef struct eval_set_of { /* a data set, and what runs on it */
    const eval_fields *f;
    const char *spec;
    const data_set *set;
    const models *m;
    const eval_options *options;
} eval_set_of;

static const char *model_name(const eval_fields *f)
{
    return f->model ? f->model : "built-in " BUILTIN_NAME;
}

static json_t *percent(double v)
{
    return output_number(v, 4);
}

static json_t *groups_json(const eval_run *r)
{
    json_t *o = json_object();

    for (int g = 0; o && g < SCHEME_PUPIL; g++)
        json_object_set_new(o, scheme_group_names[g],
                            percent(eval_run_group(r, (scheme_group_kind)g)));
    return o;
}

static json_t *classes_json(const eval_run *r)
{
    json_t *o = json_object();
    eval_summary s;

    for (int c = 0; o && c < DATA_CLASSES; c++)
        if (eval_run_class(r, 1u << c, &s, NULL) == PFLD_OK && s.n)
            json_object_set_new(
                o, data_class_names[c],
                json_pack("{s:I,s:o}", "n", (json_int_t)s.n, "nme", percent(s.nme)));
    return o;
}

static json_t *pose_json(const eval_run *r)
{
    eval_pose p = eval_run_pose(r);

    if (p.n == 0)
        return json_null();
    return json_pack("{s:I,s:o,s:o,s:o}", "n", (json_int_t)p.n, "yaw", output_number(p.yaw, 3),
                     "pitch", output_number(p.pitch, 3), "roll", output_number(p.roll, 3));
}

/* ---- how right it is about its own error ---- */

static json_t *shares_json(const double coverage[EVAL_SHARES])
{
    json_t *o = json_object();
    char name[8];

    for (int k = 0; o && k < EVAL_SHARES; k++) {
        snprintf(name, sizeof name, "%.0f", 100 * (double)eval_shares[k]);
        json_object_set_new(o, name, output_number(coverage[k], 2));
    }
    return o;
}

static json_t *coverage_groups_json(const eval_spread *s)
{
    json_t *o = json_object();

    for (int g = 0; o && g < SCHEME_GROUPS; g++)
        if (isfinite(s->by_group[g][0]))
            json_object_set_new(o, scheme_group_names[g], shares_json(s->by_group[g]));
    return o;
}

/* {"10":…,"20":…} */
static json_t *rejected_json(const double nme[EVAL_REJECTED])
{
    json_t *o = json_object();
    char name[8];

    for (int k = 0; o && k < EVAL_REJECTED; k++) {
        snprintf(name, sizeof name, "%.0f", 100 * eval_rejected[k]);
        json_object_set_new(o, name, percent(nme[k]));
    }
    return o;
}

/* Adds it where the model can tell. */
static json_t *with_spread(json_t *o, const eval_run *r)
{
    eval_spread s;
    json_t *more;

    if (!o || r->n == 0 || !isfinite(r->radius[0]))
        return o;
    if (eval_spread_of(r, &s, NULL) != PFLD_OK)
        goto fail;
    fprintf(
        stderr,
        "ellipses of 50, 90, 99 %% hold %.1f, %.1f, %.1f %% of the points; expected and true "
        "errors: rank correlation %.2f, NME %.3f and %.3f %% without the least sure 10 and 20 %%\n",
        s.coverage[0], s.coverage[1], s.coverage[2], s.spearman, s.nme_without[0],
        s.nme_without[1]);
    more =
        json_pack("{s:o,s:o,s:o,s:o,s:o}", "coverage", shares_json(s.coverage), "coverage_groups",
                  coverage_groups_json(&s), "spearman", output_number(s.spearman, 4), "nme_without",
                  rejected_json(s.nme_without), "nme_without_worst", rejected_json(s.nme_best));
    if (!more || json_object_update(o, more)) {
        json_decref(more);
        goto fail;
    }
    json_decref(more);
    return o;
fail:
    json_decref(o);
    return NULL;
}

/* ---- which boxes ---- */

static bool has_true_boxes(const eval_options *o)
{
    return !o->detector && !(o->jitter > 0.0f);
}

/* Adds how the boxes came about, where they are not those around the true points. */
static json_t *with_boxes(json_t *o, const eval_set_of *x, const eval_run *r)
{
    json_t *more = NULL;

    if (!o || has_true_boxes(x->options))
        return o;
    if (x->options->detector)
        more = json_pack("{s:s,s:o,s:I}", "boxes", "detector", "detector",
                         output_string(x->f->boxes_by), "missed", (json_int_t)r->n_missed);
    else
        more = json_pack("{s:s,s:o,s:I,s:I}", "boxes", "jitter", "jitter",
                         output_number((double)x->options->jitter, 4), "draws",
                         (json_int_t)x->options->draws, "seed", (json_int_t)x->options->seed);
    if (!more || json_object_update(o, more)) {
        json_decref(o);
        o = NULL;
    }
    json_decref(more);
    return o;
}

static void name_missed(const eval_run *r)
{
    for (size_t i = 0; i < r->n_missed && i < MISSED_SHOWN; i++)
        message("%s: %s: the detector misses this face", r->missed[i]->where, r->missed[i]->image);
    if (r->n_missed > MISSED_SHOWN)
        message("and %zu more", r->n_missed - MISSED_SHOWN);
}

/* ---- lines ---- */

static pfld_status print_run(const eval_set_of *x, const eval_run *r, pfld_error *err)
{
    eval_summary s;
    json_t *o;
    pfld_status st = eval_run_summary(r, &s, err);

    if (st != PFLD_OK)
        return st;
    if (s.n)
        fprintf(stderr,
                "%s: NME %.3f %% (%.3f to %.3f) over %s, %zu faces, failures at 8 %%: %.1f %%\n",
                x->spec, s.nme, s.ci95[0], s.ci95[1], eval_norm_names[r->norm], s.n, s.fr8);
    o = json_pack("{s:i,s:o,s:o,s:s,s:I,s:o,s:[o,o],s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "v", 1,
                  "model", output_string(model_name(x->f)), "data", output_string(x->spec), "norm",
                  eval_norm_names[r->norm], "n", (json_int_t)s.n, "nme", percent(s.nme), "ci95",
                  percent(s.ci95[0]), percent(s.ci95[1]), "median", percent(s.median), "auc8",
                  percent(s.auc8), "fr8", percent(s.fr8), "auc10", percent(s.auc10), "fr10",
                  percent(s.fr10), "groups", groups_json(r), "classes", classes_json(r), "pose",
                  pose_json(r));
    if (o && r->n_left_out)
        json_object_set_new(o, "left_out", json_integer((json_int_t)r->n_left_out));
    return output_json(stdout, with_spread(with_boxes(o, x, r), r), err);
}

/* Errors of the same faces by two runs, [n] each; room for n of both is pair->a's. */
typedef struct paired_errors {
    double *a, *b;
    size_t n;
} paired_errors;

static pfld_status make_room(paired_errors *p, const eval_run *a, pfld_error *err)
{
    p->a = mem_alloc(2 * a->n, sizeof *p->a);
    p->b = p->a + a->n;
    return p->a ? PFLD_OK : error_nomem(err);
}

/* Both are in the set's order; each may lack faces. */
static void pair(const eval_run *a, const eval_run *b, paired_errors *p)
{
    for (size_t i = 0, k = 0; i < a->n; i++) {
        while (k < b->n && b->faces[k].sample < a->faces[i].sample)
            k++;
        if (k == b->n || b->faces[k].sample != a->faces[i].sample)
            continue;
        p->a[p->n] = a->faces[i].error;
        p->b[p->n++] = b->faces[k].error;
    }
}

static pfld_status pair_by_report(const char *path, const eval_run *a, paired_errors *p,
                                  pfld_error *err)
{
    for (size_t i = 0; i < a->n; i++)
        p->a[i] = a->faces[i].error;
    p->n = a->n;
    return eval_report_read(path, a, p->b, err);
}

typedef struct other_side { /* what a run is compared with */
    const char *name;
    const pfld_model *model;     /* NULL: name is a report's faces.csv */
    const eval_options *options; /* of the model */
} other_side;

static double mean_of(const double *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

static pfld_status print_comparison(const eval_set_of *x, const other_side *side,
                                    const paired_errors *e, pfld_error *err)
{
    eval_paired p;
    double relative = 0;
    json_t *o;
    pfld_status st = eval_compare(e->a, e->b, e->n, &p, err);

    if (st != PFLD_OK)
        return st;
    relative = 100 * p.difference / mean_of(e->b, e->n);
    fprintf(stderr, "%s: difference to %s %+.3f (%+.3f to %+.3f), %+.2f %% of it, p %.4f\n",
            x->spec, side->name, p.difference, p.ci95[0], p.ci95[1], relative, p.p);
    o = json_pack("{s:i,s:o,s:o,s:o,s:s,s:I,s:o,s:[o,o],s:o,s:o}", "v", 1, "model",
                  output_string(model_name(x->f)), "compare", output_string(side->name), "data",
                  output_string(x->spec), "norm", eval_norm_names[x->options->norm], "n",
                  (json_int_t)p.n, "difference", percent(p.difference), "ci95", percent(p.ci95[0]),
                  percent(p.ci95[1]), "p", output_number(p.p, 5), "relative", percent(relative));
    return output_json(stdout, o, err);
}

static pfld_status compare(const eval_set_of *x, const other_side *side, const eval_run *a,
                           pfld_error *err)
{
    paired_errors p = {0};
    eval_run b = {0};
    pfld_status st = make_room(&p, a, err);

    if (st == PFLD_OK && side->model) {
        st = eval_run_model(side->model, x->set, side->options, &b, err);
        if (st == PFLD_OK)
            pair(a, &b, &p);
        eval_run_free(&b);
    } else if (st == PFLD_OK) {
        st = pair_by_report(side->name, a, &p, err);
    }
    if (st == PFLD_OK)
        st = print_comparison(x, side, &p, err);
    mem_free(p.a);
    return st;
}

/* ---- data sets ---- */

static pfld_status compare_all(const eval_set_of *x, const eval_run *a, pfld_error *err)
{
    eval_options true_boxes = {.norm = x->options->norm,
                               .threads = x->options->threads,
                               .isa = x->options->isa,
                               .passes = x->options->passes,
                               .skip_bad = x->options->skip_bad};
    const other_side boxes = {"true boxes", x->m->model, &true_boxes};
    const other_side other = {x->f->compare, x->m->other, x->options};
    pfld_status st = PFLD_OK;

    if (!has_true_boxes(x->options))
        st = compare(x, &boxes, a, err);
    if (st == PFLD_OK && x->f->compare)
        st = compare(x, &other, a, err);
    return st;
}

static pfld_status eval_loaded(const eval_set_of *x, pfld_error *err)
{
    eval_run a = {0};
    pfld_status st = eval_run_model(x->m->model, x->set, x->options, &a, err);

    if (st == PFLD_OK) {
        name_missed(&a);
        st = print_run(x, &a, err);
    }
    if (st == PFLD_OK && a.n == 0)
        st = error_set(err, PFLD_ERR_FORMAT, "%.100s: the detector misses all faces", x->spec);
    if (st == PFLD_OK && x->f->report)
        st = eval_report_write(&a, x->f->report, x->spec, err);
    if (st == PFLD_OK)
        st = compare_all(x, &a, err);
    eval_run_free(&a);
    return st;
}

static pfld_status eval_set(const eval_fields *f, const char *spec, const models *m,
                            pfld_error *err)
{
    eval_options o = {.norm = (eval_norm)f->norm,
                      .threads = threads_or_cpus(f->threads),
                      .isa = f->isa,
                      .jitter = f->jitter,
                      .draws = (size_t)f->jitter_draws,
                      .seed = (uint64_t)f->seed,
                      .passes = (int32_t)f->passes,
                      .detector = m->detector,
                      .presence_min = eval_presence(f, 0.0f),
                      .skip_bad = f->skip_bad,
                      .message = message_hook};
    data_options d = {.skip_bad = f->skip_bad, .message = message_hook};
    int32_t sides[EVAL_MAX_SIDES];
    size_t n;
    data_set set = {0};
    eval_set_of x = {f, spec, &set, m, &o};
    pfld_status st = eval_sides(f, sides, &n, err);

    o.max_side = st == PFLD_OK ? sides[0] : 0;
    if (st == PFLD_OK)
        st = data_set_add(&set, spec, &d, err);
    if (st == PFLD_OK) {
        data_set_derive(&set, NULL);
        st = eval_loaded(&x, err);
    }
    data_set_free(&set);
    return st;
}

static pfld_status load_models(const eval_fields *f, models *m, pfld_error *err)
{
    pfld_status st = eval_load_landmarks(f, f->model, &m->model, err);

    if (st == PFLD_OK && f->compare && !media_path_ends(f->compare, ".csv"))
        st = eval_load_landmarks(f, f->compare, &m->other, err);
    if (st == PFLD_OK && f->boxes_by)
        st = eval_load_detector(f, f->boxes_by, &m->detector, err);
    return st;
}

/* A set that fails is named, and the others go on. */
int eval_landmarks(const eval_fields *f)
{
    models m = {0};
    pfld_error err;
    int code = CLI_DONE;
    pfld_status st = load_models(f, &m, &err);

    if (st != PFLD_OK) {
        message("%s", err.msg);
        code = message_exit(st);
    }
    for (size_t i = 0; i < f->data.n && code < CLI_INTERNAL && st == PFLD_OK; i++) {
        pfld_status one = f->pose ? eval_pose_of(f, f->data.at[i], m.model, m.detector, &err)
                                  : eval_set(f, f->data.at[i], &m, &err);
        if (one != PFLD_OK) {
            message("%s", err.msg);
            code = message_exit(one);
        }
    }
    pfld_model_free(m.model);
    pfld_model_free(m.other);
    pfld_model_free(m.detector);
    return code;
}
