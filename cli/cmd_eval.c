/* pfld eval: how well a landmark model does on labelled faces. */
#define _POSIX_C_SOURCE 200809L
#include <jansson.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/threads.h"
#include "core/error.h"
#include "core/mem.h"
#include "data/facepose.h"
#include "detect/builtin.h"
#include "eval/report.h"
#include "eval/run.h"
#include "media/paths.h"

typedef struct eval_fields {
    cli_texts data;
    const char *model, *compare, *report, *scheme, *input, *output;
    float crop;
    int norm;
    long threads;
    pfld_isa isa;
    bool skip_bad;
} eval_fields;

#define FIELD(name) .field = offsetof(eval_fields, name)

static const cli_option options[] = {
    {.name = "model",
     .letter = 'm',
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(model),
     .help = "The ONNX landmark model; if not given, the one built in."},
    {.name = "data",
     .letter = 'd',
     .kind = CLI_TEXTS,
     .arg = "SPEC",
     FIELD(data),
     .help = "Labelled faces, FORMAT:PATH; can be given again, each is a line."},
    {.name = "norm",
     .kind = CLI_CHOICE,
     .arg = "NAME",
     .choices = eval_norm_names,
     FIELD(norm),
     .help = "What errors are divided by; default inter-ocular."},
    {.name = "compare",
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(compare),
     .help = "A second model, or faces.csv of its --report: the paired difference and its p."},
    {.name = "report",
     .kind = CLI_DIR,
     .arg = "DIR",
     FIELD(report),
     .help = "Writes the error curve, the worst faces and every face's error there; one SPEC."},
    {.name = "scheme",
     .kind = CLI_TEXT,
     .arg = "NAME",
     FIELD(scheme),
     .help = "The model's points, where its file does not say."},
    {.name = "input",
     .kind = CLI_TEXT,
     .arg = "SPEC",
     FIELD(input),
     .help = "The model's input, as rgb,0..1, where its file does not say."},
    {.name = "output",
     .kind = CLI_TEXT,
     .arg = "NAME",
     FIELD(output),
     .help = "The model's output that holds the points."},
    {.name = "crop",
     .kind = CLI_REAL,
     .arg = "SCALE",
     FIELD(crop),
     .help = "Side of the crop over the longer side of the box."},
    {.name = "threads",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(threads),
     .help = "Faces at a time; default: one for each CPU. The results are the same."},
    {.name = "isa",
     .kind = CLI_ISA,
     .arg = "NAME",
     FIELD(isa),
     .help = "The best instruction set to use."},
    {.name = "skip-bad",
     .kind = CLI_FLAG,
     FIELD(skip_bad),
     .help = "Leaves broken lines of data sets out instead of ending."},
    {0},
};

typedef struct eval_set_of { /* a data set, and what runs on it */
    const data_set *set;
    pfld_model *const *models; /* [2]; the second one may be NULL */
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

static const struct group {
    scheme_group_kind kind;
    const char *name;
} groups[] = {{SCHEME_JAW, "jaw"},
              {SCHEME_BROW, "brows"},
              {SCHEME_NOSE, "nose"},
              {SCHEME_EYE, "eyes"},
              {SCHEME_LIPS, "lips"}};

static json_t *groups_json(const eval_run *r)
{
    json_t *o = json_object();

    for (size_t i = 0; o && i < sizeof groups / sizeof *groups; i++)
        json_object_set_new(o, groups[i].name, percent(eval_run_group(r, groups[i].kind)));
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

static pfld_status print_run(const eval_fields *f, const char *data, const eval_run *r,
                             pfld_error *err)
{
    eval_summary s;
    pfld_status st = eval_run_summary(r, &s, err);

    if (st != PFLD_OK)
        return st;
    fprintf(stderr,
            "%s: NME %.3f %% (%.3f to %.3f) over %s, %zu faces, failures at 8 %%: %.1f %%\n", data,
            s.nme, s.ci95[0], s.ci95[1], eval_norm_names[r->norm], s.n, s.fr8);
    return output_json(
        stdout,
        json_pack("{s:i,s:o,s:o,s:s,s:I,s:o,s:[o,o],s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "v", 1,
                  "model", output_string(model_name(f)), "data", output_string(data), "norm",
                  eval_norm_names[r->norm], "n", (json_int_t)s.n, "nme", percent(s.nme), "ci95",
                  percent(s.ci95[0]), percent(s.ci95[1]), "median", percent(s.median), "auc8",
                  percent(s.auc8), "fr8", percent(s.fr8), "auc10", percent(s.auc10), "fr10",
                  percent(s.fr10), "groups", groups_json(r), "classes", classes_json(r), "pose",
                  pose_json(r)),
        err);
}

/* The other side's errors [a->n]: by a second model, or from a report on one. */
static pfld_status other_errors(const eval_fields *f, const eval_set_of *x, const eval_run *a,
                                double *error, pfld_error *err)
{
    eval_run b = {0};
    pfld_status st;

    if (!x->models[1])
        return eval_report_read(f->compare, a, error, err);
    st = eval_run_model(x->models[1], x->set, x->options, &b, err);
    for (size_t i = 0; st == PFLD_OK && i < b.n; i++)
        error[i] = b.faces[i].error;
    eval_run_free(&b);
    return st;
}

static pfld_status compare(const eval_fields *f, const eval_set_of *x, const eval_run *a,
                           eval_paired *p, pfld_error *err)
{
    double *error = mem_alloc(2 * a->n, sizeof *error);
    pfld_status st;

    if (!error)
        return error_nomem(err);
    for (size_t i = 0; i < a->n; i++)
        error[i] = a->faces[i].error;
    st = other_errors(f, x, a, error + a->n, err);
    if (st == PFLD_OK)
        st = eval_compare(error, error + a->n, a->n, p, err);
    mem_free(error);
    return st;
}

static pfld_status print_comparison(const eval_fields *f, const char *data, const eval_run *a,
                                    const eval_paired *p, pfld_error *err)
{
    fprintf(stderr, "%s: difference %+.3f (%+.3f to %+.3f), p %.4f\n", data, p->difference,
            p->ci95[0], p->ci95[1], p->p);
    return output_json(stdout,
                       json_pack("{s:i,s:o,s:o,s:o,s:s,s:I,s:o,s:[o,o],s:o}", "v", 1, "model",
                                 output_string(model_name(f)), "compare", output_string(f->compare),
                                 "data", output_string(data), "norm", eval_norm_names[a->norm], "n",
                                 (json_int_t)p->n, "difference", percent(p->difference), "ci95",
                                 percent(p->ci95[0]), percent(p->ci95[1]), "p",
                                 output_number(p->p, 5)),
                       err);
}

static pfld_status load(const eval_fields *f, const char *path, pfld_model **out, pfld_error *err)
{
    pfld_model_options o;

    pfld_model_options_init(&o, sizeof o);
    o.scheme = f->scheme;
    o.input = f->input;
    o.output = f->output;
    o.crop_scale = f->crop;
    return path ? pfld_model_load(path, &o, out, err) : pfld_model_load_default(&o, out, err);
}

static pfld_status eval_set(const eval_fields *f, const char *spec, pfld_model *const models[2],
                            pfld_error *err)
{
    eval_options o = {
        .norm = (eval_norm)f->norm, .threads = threads_or_cpus(f->threads), .isa = f->isa};
    data_options d = {.skip_bad = f->skip_bad, .message = message_hook};
    data_set set = {0};
    eval_set_of x = {&set, models, &o};
    eval_run a = {0};
    eval_paired p = {0};
    pfld_status st = data_set_add(&set, spec, &d, err);

    if (st == PFLD_OK) {
        data_set_derive(&set, NULL);
        st = eval_run_model(models[0], &set, &o, &a, err);
    }
    if (st == PFLD_OK)
        st = print_run(f, spec, &a, err);
    if (st == PFLD_OK && f->report)
        st = eval_report_write(&a, f->report, spec, err);
    if (st == PFLD_OK && f->compare) {
        st = compare(f, &x, &a, &p, err);
        if (st == PFLD_OK)
            st = print_comparison(f, spec, &a, &p, err);
    }
    eval_run_free(&a);
    data_set_free(&set);
    return st;
}

/* A set that fails is named, and the others go on. */
static int eval_all(const eval_fields *f)
{
    pfld_model *models[2] = {NULL, NULL};
    pfld_error err;
    int code = CLI_DONE;
    pfld_status st = load(f, f->model, &models[0], &err);

    if (st == PFLD_OK && f->compare && !media_path_ends(f->compare, ".csv"))
        st = load(f, f->compare, &models[1], &err);
    if (st != PFLD_OK) {
        message("%s", err.msg);
        code = message_exit(st);
    }
    for (size_t i = 0; i < f->data.n && code < CLI_INTERNAL && st == PFLD_OK; i++) {
        pfld_status one = eval_set(f, f->data.at[i], models, &err);
        if (one != PFLD_OK) {
            message("%s", err.msg);
            code = message_exit(one);
        }
    }
    pfld_model_free(models[0]);
    pfld_model_free(models[1]);
    return code;
}

static const char *missing(const eval_fields *f)
{
    if (f->data.n == 0)
        return "--data is missing";
    return f->report && f->data.n > 1 ? "--report is for one --data" : NULL;
}

static int run(const cli_command *self, int argc, char **argv)
{
    eval_fields f = {.norm = EVAL_INTER_OCULAR};
    cli_args args = {.n = (size_t)argc, .at = argv};
    int code;

    if (cli_begin(self, &args, &f, &code)) {
        const char *wrong = missing(&f);
        if (wrong)
            message("eval: %s: 'pfld help eval' tells more", wrong);
        code = wrong ? CLI_USAGE : eval_all(&f);
    }
    mem_free(f.data.at);
    return code;
}

const cli_command command_eval = {
    .name = "eval",
    .brief = "measure a landmark model on labelled faces",
    .synopsis = "--data SPEC... [--model FILE] [OPTION]...",
    .about = "Runs the model on the box around each face's true points and prints a JSON line for "
             "each data set: NME in percent of the named normaliser with a bootstrap interval, "
             "median, area under the error curve and failures at 8 and 10 percent, by point group "
             "and by class, and the pose's error where the data set states a pose. With --compare "
             "a second line tells the difference to the other model, first minus second, over the "
             "same faces and the same normaliser, and the p of a paired permutation test.",
    .examples = "pfld eval --model a.onnx --data 300w:test.txt --report build/report\n"
                "pfld eval --model a.onnx --compare b.onnx --data 300w:val.txt",
    .options = options,
    .max_operands = 0,
    .run = run,
};
