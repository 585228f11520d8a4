/* pfld calibrate: makes a landmark model right about how far off its points may be. */
#include <jansson.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/data_sets.h"
#include "cli/message.h"
#include "cli/model.h"
#include "cli/output.h"
#include "cli/threads.h"
#include "cli/train_common.h"
#include "core/error.h"
#include "core/mem.h"
#include "eval/spread.h"
#include "train/export.h"

typedef struct calibrate_fields {
    cli_texts data;
    const char *out;
    float jitter;
    long threads;
    bool skip_bad;
} calibrate_fields;

#define FIELD(name) .field = offsetof(calibrate_fields, name)

static const cli_option options[] = {
    {.name = "data",
     .letter = 'd',
     .kind = CLI_TEXTS,
     .arg = "SPEC",
     FIELD(data),
     .help = "Labelled faces that the model has not learnt from, FORMAT:PATH; can be given again."},
    {.name = "out",
     .letter = 'o',
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(out),
     .help = "Where the ONNX file of the calibrated model goes."},
    {.name = "jitter",
     .kind = CLI_REAL,
     .arg = "X",
     FIELD(jitter),
     .help = "Moves and scales each box as pfld eval does."},
    {.name = "threads",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(threads),
     .help = "Faces at a time; default: one for each CPU. The result is the same."},
    {.name = "skip-bad",
     .kind = CLI_FLAG,
     FIELD(skip_bad),
     .help =
         "Leaves broken lines of data sets, and photos that can't be read, out without failing."},
    {0},
};

typedef struct job {
    const calibrate_fields *f;
    const char *path;
    pfld_model *model;
    spread_rule before, after;
    eval_fit fit;
    json_t *data; /* what was measured on */
    size_t faces;
} job;

/* ---- measuring ---- */

static pfld_status open_model(job *j, pfld_error *err)
{
    const char *text;
    pfld_status st = pfld_model_load(j->path, NULL, &j->model, err);

    if (st != PFLD_OK)
        return st;
    text = pfld_model_metadata(j->model, "pfld.spread");
    if (pfld_model_kind(j->model) != PFLD_KIND_LANDMARKS || !text)
        return error_set(err, PFLD_ERR_UNSUPPORTED,
                         "%.100s: the model does not tell how far off its points are (pfld train "
                         "--spread makes such ones)",
                         j->path);
    return spread_parse(text, &j->before, err);
}

static pfld_status measure(job *j, const char *spec, pfld_error *err)
{
    const eval_options o = {.norm = EVAL_INTER_OCULAR,
                            .threads = threads_or_cpus(j->f->threads),
                            .jitter = j->f->jitter,
                            .seed = 1,
                            .skip_bad = j->f->skip_bad,
                            .message = message_hook};
    data_options d = data_sets_options(j->f->skip_bad);
    data_set set = {0};
    eval_run run = {0};
    pfld_status st = data_set_add(&set, spec, &d, err);

    if (st == PFLD_OK)
        st = eval_run_model(j->model, &set, &o, &run, err);
    if (st == PFLD_OK)
        st = eval_fit_add(&j->fit, &run, &j->before, err);
    if (st == PFLD_OK) {
        json_t *sources = train_sources_json(set.sources, set.n_sources);
        j->faces += run.n;
        if (!sources || json_array_extend(j->data, sources))
            st = error_nomem(err);
        json_decref(sources);
    }
    eval_run_free(&run);
    data_set_free(&set);
    return st;
}

/* ---- what comes of it ---- */

static pfld_status set_metadata(const job *j, net_graph *g, pfld_error *err)
{
    char rule[SPREAD_TEXT], *text;
    json_t *o = json_pack("{s:O,s:I}", "data", j->data, "faces", (json_int_t)j->faces);
    bool ok;

    if (o && j->f->jitter > 0.0f)
        json_object_set_new(o, "jitter", output_number((double)j->f->jitter, 4));
    text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    spread_text(&j->after, scheme_find(pfld_model_scheme(j->model)), rule);
    ok = text && net_meta_set(g, "pfld.spread", rule) && net_meta_set(g, "pfld.calibration", text);
    free(text);
    json_decref(o);
    return ok ? PFLD_OK : error_nomem(err);
}

static pfld_status write_model(const job *j, pfld_error *err)
{
    model_file m = {0};
    pfld_status st = model_open(&m, j->path, err);

    if (st == PFLD_OK)
        st = set_metadata(j, m.graph, err);
    if (st == PFLD_OK)
        st = export_graph(m.graph, j->f->out, err);
    model_close(&m);
    return st;
}

static json_t *coverage_json(const eval_fit *f, const spread_rule *rule)
{
    double within[EVAL_SHARES];
    json_t *list = json_array();

    eval_fit_coverage(f, rule, within);
    for (int k = 0; list && k < EVAL_SHARES; k++)
        json_array_append_new(list, output_number(within[k], 2));
    return list;
}

static json_t *scales_json(const job *j)
{
    json_t *o = json_object();

    for (int g = 0; o && g < SCHEME_GROUPS; g++)
        if (j->fit.n[g])
            json_object_set_new(o, scheme_group_names[g],
                                output_number((double)j->after.scale[g], 4));
    return o;
}

static pfld_status report(const job *j, pfld_error *err)
{
    return output_json(stdout,
                       json_pack("{s:i,s:o,s:o,s:I,s:o,s:o,s:o,s:o,s:o}", "v", 1, "model",
                                 output_string(j->path), "out", output_string(j->f->out), "faces",
                                 (json_int_t)j->faces, "tail",
                                 output_number((double)j->after.tail, 3), "floor",
                                 output_number((double)j->after.floor, 5), "scales", scales_json(j),
                                 "coverage_before", coverage_json(&j->fit, &j->before), "coverage",
                                 coverage_json(&j->fit, &j->after)),
                       err);
}

static pfld_status calibrate(job *j, pfld_error *err)
{
    pfld_status st = open_model(j, err);

    j->data = json_array();
    if (st == PFLD_OK && !j->data)
        st = error_nomem(err);
    for (size_t i = 0; i < j->f->data.n && st == PFLD_OK; i++)
        st = measure(j, j->f->data.at[i], err);
    if (st == PFLD_OK)
        st = eval_spread_fit(&j->fit, &j->after, err);
    if (st == PFLD_OK)
        st = write_model(j, err);
    return st == PFLD_OK ? report(j, err) : st;
}

static int work(const calibrate_fields *f, const char *path)
{
    job j = {.f = f, .path = path};
    pfld_error err = {0};
    pfld_status st = calibrate(&j, &err);

    if (st != PFLD_OK)
        message("%s", err.msg);
    eval_fit_free(&j.fit);
    json_decref(j.data);
    pfld_model_free(j.model);
    return message_exit(st);
}

static int run(const cli_command *self, int argc, char **argv)
{
    calibrate_fields f = {0};
    cli_args args = {.n = (size_t)argc, .at = argv};
    int code;

    if (cli_begin(self, &args, &f, &code)) {
        const char *why = model_wrong_remake(args.at[0], &f.data, f.out);
        if (!why && f.jitter > EVAL_MAX_JITTER)
            why = "--jitter: at most 0.5";
        code = why ? cli_wrong(self, why) : work(&f, args.at[0]);
    }
    mem_free((void *)f.data.at);
    return code;
}

const cli_command command_calibrate = {
    .name = "calibrate",
    .brief = "make a landmark model right about its own error",
    .synopsis = "MODEL --data SPEC... -o FILE [OPTION]...",
    .about =
        "A model that pfld train --spread has made says of each point how far off it may be. On "
        "the "
        "faces that it has learnt from it is less far off than on others, so it is too sure of "
        "itself. This measures it on labelled faces that it has not seen and writes the model "
        "again, with a scale for each group of points, a floor of the deviations in sizes of the "
        "face, and the tail of the errors' distribution in its metadata (pfld.spread); the points "
        "stay as they are. Models in 8 bits are calibrated the same way, after pfld quantize.\n\n"
        "Prints a line of JSON: the tail, the floor, the scales, and what share of the points the "
        "ellipses of 50, 90 and 99 percent hold, before and after. pfld eval tells the same for "
        "other faces.",
    .examples = "pfld calibrate a.onnx --data 300w:val.txt -o b.onnx",
    .options = options,
    .min_operands = 1,
    .max_operands = 1,
    .operand = "MODEL",
    .run = run,
};
