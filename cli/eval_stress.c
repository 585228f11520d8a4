/* pfld eval --stress: how a landmark model's NME grows as photos get worse. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/data_sets.h"
#include "cli/eval.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/threads.h"
#include "core/error.h"
#include "core/mem.h"
#include "detect/builtin.h"
#include "eval/readable.h"
#include "eval/stress.h"
#include "media/chart.h"

#define ALL_KINDS    ((1u << STRESS_KINDS) - 1)
#define CHART_TIMES  5.0 /* of the undisturbed NME: as far as the axis goes */
#define CHART_HEIGHT 230.0
enum { SHEET_FACES = 4 };

typedef struct stress_job {
    const eval_fields *f;
    const char *spec;
    data_set set;
    size_t n_left_out; /* photos that can't be read */
    pfld_model *model[EVAL_STRESS_MODELS];
    size_t n_models;
    eval_stress_options options;
    eval_stress run;
    eval_summary summary[EVAL_STRESS_MODELS][STRESS_KINDS][STRESS_STEPS];
} stress_job;

static const char *name_of(const eval_fields *f, size_t model)
{
    if (model)
        return f->compare;
    return f->model ? f->model : "built-in " BUILTIN_NAME;
}

static bool is_asked(const stress_job *j, int kind)
{
    return j->options.kinds >> kind & 1;
}

static pfld_status stress_kinds(const char *names, uint32_t *kinds, pfld_error *err)
{
    *kinds = 0;
    if (!*names || strcmp(names, "all") == 0)
        *kinds = ALL_KINDS;
    while (*names && *kinds != ALL_KINDS) {
        size_t n = strcspn(names, ",");
        stress_kind kind;
        if (!stress_find(names, n, &kind))
            break;
        *kinds |= 1u << kind;
        names += n + (names[n] == ',' && names[n + 1]);
    }
    if (!*names || *kinds == ALL_KINDS)
        return PFLD_OK;
    return error_set(err, PFLD_ERR_ARG,
                     "eval: --stress: no disturbance '%.40s': 'pfld help eval' lists them", names);
}

/* ---- lines ---- */

static json_t *percent(double v)
{
    return output_number(v, 4);
}

/* What all lines begin with; NULL: no memory. */
static json_t *line_of(const stress_job *j, size_t model, stress_kind kind, int step)
{
    const stress_scale *s = &stress_scales[kind];

    return json_pack("{s:i,s:o,s:o,s:s,s:o,s:s,s:s,s:I}", "v", 1, "model",
                     output_string(name_of(j->f, model)), "data", output_string(j->spec), "stress",
                     s->name, "strength", output_number((double)s->strength[step], 3), "unit",
                     s->unit, "norm", eval_norm_names[j->options.norm], "n", (json_int_t)j->run.n);
}

static pfld_status put_line(const stress_job *j, json_t *line, json_t *more, pfld_error *err)
{
    if (more && j->n_left_out)
        json_object_set_new(more, "left_out", json_integer((json_int_t)j->n_left_out));
    if (!line || !more || json_object_update(line, more)) {
        json_decref(line);
        line = NULL;
    }
    json_decref(more);
    return output_json(stdout, line, err);
}

static pfld_status put_figures(stress_job *j, size_t model, stress_kind kind, int step,
                               pfld_error *err)
{
    eval_summary *s = &j->summary[model][kind][step];
    pfld_status st =
        eval_summarise(eval_stress_errors(&j->run, model, kind, step), j->run.n, s, err);

    if (st != PFLD_OK)
        return st;
    return put_line(j, line_of(j, model, kind, step),
                    json_pack("{s:o,s:[o,o],s:o,s:o,s:o,s:o}", "nme", percent(s->nme), "ci95",
                              percent(s->ci95[0]), percent(s->ci95[1]), "median",
                              percent(s->median), "fr8", percent(s->fr8), "auc10",
                              percent(s->auc10), "fr10", percent(s->fr10)),
                    err);
}

/* The first model less the second. */
static pfld_status put_difference(const stress_job *j, stress_kind kind, int step, pfld_error *err)
{
    eval_paired p;
    pfld_status st = eval_compare(eval_stress_errors(&j->run, 0, kind, step),
                                  eval_stress_errors(&j->run, 1, kind, step), j->run.n, &p, err);

    if (st != PFLD_OK)
        return st;
    return put_line(j, line_of(j, 0, kind, step),
                    json_pack("{s:o,s:o,s:[o,o],s:o,s:o}", "compare", output_string(j->f->compare),
                              "difference", percent(p.difference), "ci95", percent(p.ci95[0]),
                              percent(p.ci95[1]), "p", output_number(p.p, 5), "relative",
                              percent(100 * p.difference / j->summary[1][kind][step].nme)),
                    err);
}

static pfld_status put_kind(stress_job *j, stress_kind kind, pfld_error *err)
{
    const stress_scale *scale = &stress_scales[kind];
    pfld_status st = PFLD_OK;

    for (size_t m = 0; m < j->n_models && st == PFLD_OK; m++) {
        fprintf(stderr, "%s: %s (%s), NME:", name_of(j->f, m), scale->name, scale->unit);
        for (int step = 0; step < scale->n && st == PFLD_OK; step++) {
            st = put_figures(j, m, kind, step, err);
            fprintf(stderr, " %g: %.2f%s", (double)scale->strength[step],
                    j->summary[m][kind][step].nme, step + 1 < scale->n ? "," : "\n");
        }
    }
    for (int step = 0; step < scale->n && st == PFLD_OK && j->n_models > 1; step++)
        st = put_difference(j, kind, step, err);
    return st;
}

/* ---- the chart ---- */

typedef struct curves {
    double x[STRESS_KINDS][STRESS_STEPS], y[EVAL_STRESS_MODELS][STRESS_KINDS][STRESS_STEPS];
    chart_series series[STRESS_KINDS][EVAL_STRESS_MODELS];
    chart panel[STRESS_KINDS];
    size_t n;
    double y_max;
} curves;

/* Folders have no room in a legend. */
static const char *short_name(const stress_job *j, size_t model)
{
    const char *name = name_of(j->f, model), *slash = strrchr(name, '/');

    return slash ? slash + 1 : name;
}

static void add_panel(curves *c, const stress_job *j, stress_kind kind)
{
    const stress_scale *scale = &stress_scales[kind];

    for (int step = 0; step < scale->n; step++) {
        c->x[kind][step] = (double)scale->strength[step];
        for (size_t m = 0; m < j->n_models; m++) {
            double nme = j->summary[m][kind][step].nme;
            c->y[m][kind][step] = nme;
            c->y_max = nme > c->y_max ? nme : c->y_max;
        }
    }
    for (size_t m = 0; m < j->n_models; m++)
        c->series[kind][m] =
            (chart_series){.name = c->n || j->n_models < 2 ? NULL : short_name(j, m),
                           .x = c->x[kind],
                           .y = c->y[m][kind],
                           .n = (size_t)scale->n};
    c->panel[c->n++] = (chart){.title = scale->name,
                               .x_label = scale->unit,
                               .y_label = "NME, percent",
                               .series = c->series[kind],
                               .n = j->n_models,
                               .height = CHART_HEIGHT};
}

/* One axis for all, so that they can be compared; what is far beyond use is cut off. */
static pfld_status draw_curves(const stress_job *j, pfld_error *err)
{
    curves *c = mem_alloc(1, sizeof *c);
    double none = 0;
    pfld_status st;

    if (!c)
        return error_nomem(err);
    for (int k = 0; k < STRESS_KINDS; k++)
        if (is_asked(j, k)) {
            add_panel(c, j, (stress_kind)k);
            none = c->y[0][k][0];
        }
    c->y_max = c->y_max > CHART_TIMES * none ? CHART_TIMES * none : 1.05 * c->y_max;
    for (size_t i = 0; i < c->n; i++)
        c->panel[i].y_max = c->y_max;
    st = chart_write_grid(j->f->out, c->panel, c->n, err);
    mem_free(c);
    return st;
}

/* ---- data sets ---- */

static pfld_status stress_loaded(stress_job *j, pfld_error *err)
{
    const pfld_model *models[EVAL_STRESS_MODELS] = {j->model[0], j->model[1]};
    pfld_status st = PFLD_OK;

    if (j->f->sheet)
        st = eval_stress_sheet(j->f->sheet, &j->set, &j->options, SHEET_FACES, err);
    if (st == PFLD_OK)
        st = eval_stress_run(models, j->n_models, &j->set, &j->options, &j->run, err);
    for (int k = 0; k < STRESS_KINDS && st == PFLD_OK; k++)
        if (is_asked(j, k))
            st = put_kind(j, (stress_kind)k, err);
    if (st == PFLD_OK && j->f->out)
        st = draw_curves(j, err);
    eval_stress_free(&j->run);
    return st;
}

static pfld_status stress_data(stress_job *j, const char *spec, pfld_error *err)
{
    data_options d = data_sets_options(j->f->skip_bad);
    pfld_status st;

    j->spec = spec;
    st = data_set_add(&j->set, spec, &d, err);
    if (st == PFLD_OK)
        st = readable_only(&j->set, &d, j->options.threads, &j->n_left_out, err);
    if (st == PFLD_OK)
        st = stress_loaded(j, err);
    data_set_free(&j->set);
    return st;
}

static pfld_status load_models(stress_job *j, pfld_error *err)
{
    const eval_fields *f = j->f;
    pfld_status st = eval_load_landmarks(f, f->model, &j->model[0], err);

    j->n_models = f->compare ? 2 : 1;
    if (st == PFLD_OK && f->compare)
        st = eval_load_landmarks(f, f->compare, &j->model[1], err);
    return st;
}

/* A set that fails is named, and the others go on. */
int eval_stresses(const eval_fields *f)
{
    stress_job j = {.f = f,
                    .options = {.norm = (eval_norm)f->norm,
                                .threads = threads_or_cpus(f->threads),
                                .isa = f->isa,
                                .seed = (uint64_t)f->seed}};
    pfld_error err;
    int code = CLI_DONE;
    pfld_status st = stress_kinds(f->stress, &j.options.kinds, &err);

    if (st == PFLD_OK)
        st = load_models(&j, &err);
    if (st != PFLD_OK) {
        message("%s", err.msg);
        code = message_exit(st);
    }
    for (size_t i = 0; i < f->data.n && code < CLI_INTERNAL && st == PFLD_OK; i++) {
        pfld_status one = stress_data(&j, f->data.at[i], &err);
        if (one != PFLD_OK) {
            message("%s", err.msg);
            code = message_exit(one);
        }
    }
    pfld_model_free(j.model[0]);
    pfld_model_free(j.model[1]);
    return code;
}
