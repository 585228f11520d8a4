/* pfld quantize: a float landmark model to one of 8-bit numbers, calibrated on faces. */
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/data_sets.h"
#include "cli/message.h"
#include "cli/model.h"
#include "cli/output.h"
#include "cli/threads.h"
#include "core/error.h"
#include "core/mem.h"
#include "detect/detect_spec.h"
#include "eval/readable.h"
#include "image/image.h"
#include "net/fold.h"
#include "net/shape.h"
#include "quantise/quantise.h"
#include "train/export.h"

typedef struct quantize_fields {
    cli_texts data;
    const char *out, *input;
    float crop;
    int method;
    long crops, seed;
    bool skip_bad;
} quantize_fields;

#define FIELD(name) .field = offsetof(quantize_fields, name)

static const cli_option options[] = {
    {.name = "data",
     .letter = 'd',
     .kind = CLI_TEXTS,
     .arg = "SPEC",
     FIELD(data),
     .help = "Labelled faces, FORMAT:PATH, to calibrate on; can be given again."},
    {.name = "out",
     .letter = 'o',
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(out),
     .help = "Where the ONNX file of the quantised model goes."},
    {.name = "method",
     .kind = CLI_CHOICE,
     .arg = "NAME",
     .choices = calibrate_method_names,
     FIELD(method),
     .help = "How a map's range comes of its numbers; default mse."},
    {.name = "crops",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(crops),
     .help = "Faces to calibrate on, drawn from all that are given; default 512."},
    {.name = "seed", .kind = CLI_COUNT, .arg = "N", FIELD(seed), .help = "Of the draw; default 1."},
    {.name = "input",
     .kind = CLI_TEXT,
     .arg = "SPEC",
     FIELD(input),
     .help = "The model's input, as rgb,0..1, where its file does not say."},
    {.name = "crop",
     .kind = CLI_REAL,
     .arg = "SCALE",
     FIELD(crop),
     .help = "Side of the crop over the longer side of the box, where the file does not say."},
    {.name = "skip-bad",
     .kind = CLI_FLAG,
     FIELD(skip_bad),
     .help =
         "Leaves broken lines of data sets, and photos that can't be read, out without failing."},
    {0},
};

/* ---- what the file says of itself ---- */

/* {"quantised":…,"from":…}: what the float model's own key said stays in it. */
static json_t *training_json(const quantize_fields *f, const data_set *set, const crops *c,
                             const char *before)
{
    json_t *data = json_array(), *from = before ? json_loads(before, 0, NULL) : json_null();

    for (size_t i = 0; data && i < set->n_sources; i++) {
        char hash[17];
        snprintf(hash, sizeof hash, "%016llx", (unsigned long long)set->sources[i].hash);
        json_array_append_new(data, json_pack("{s:o,s:I,s:s}", "spec",
                                              output_string(set->sources[i].spec), "faces",
                                              (json_int_t)set->sources[i].n, "fnv1a", hash));
    }
    if (!from)
        from = output_string(before); /* of somebody else, and no JSON */
    return json_pack("{s:{s:i,s:s,s:I,s:I,s:o},s:o}", "quantised", "bits", 8, "method",
                     calibrate_method_names[f->method], "crops", (json_int_t)c->n, "seed",
                     (json_int_t)f->seed, "data", data, "from", from);
}

static pfld_status set_training(net_graph *q, const quantize_fields *f, const data_set *set,
                                const crops *c, pfld_error *err)
{
    json_t *o = training_json(f, set, c, net_meta_get(q, "pfld.training"));
    char *text = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    bool ok = text && net_meta_set(q, "pfld.training", text);

    free(text);
    json_decref(o);
    return ok ? PFLD_OK : error_nomem(err);
}

/* "rgb,128/127.5": in the words of docs/models.md. */
static pfld_status set_input(net_graph *q, const spec_input *in, pfld_error *err)
{
    const char *order = in->order == PFLD_RGB8 ? "rgb" : in->order == PFLD_BGR8 ? "bgr" : "gray";
    char text[80];

    snprintf(text, sizeof text, "%s,%.6g/%.6g", order,
             -(double)in->offset[0] / (double)in->scale[0], 1 / (double)in->scale[0]);
    return net_meta_set(q, "pfld.input", text) ? PFLD_OK : error_nomem(err);
}

static pfld_status set_crop(net_graph *q, float scale, pfld_error *err)
{
    char text[32];

    if (!(scale > 0.0f))
        return PFLD_OK;
    snprintf(text, sizeof text, "%.6g", (double)scale);
    return net_meta_set(q, "pfld.crop", text) ? PFLD_OK : error_nomem(err);
}

static bool has_op(const net_graph *g, net_op op)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        if (g->nodes[i].op == op)
            return true;
    return false;
}

/* The batch that the file left open is open again, unless a Reshape has it by number. */
static void open_batch(net_graph *q)
{
    if (has_op(q, NET_OP_RESHAPE))
        return;
    for (size_t i = 0; i < q->n_inputs; i++)
        q->values[q->inputs[i]].shape.dim[0] = NET_DIM_OPEN;
    for (size_t i = 0; i < q->n_outputs; i++)
        q->values[q->outputs[i]].shape.dim[0] = NET_DIM_OPEN;
}

/* ---- the work ---- */

typedef struct job {
    const quantize_fields *f;
    model_file model;
    spec how;
    data_set set;
    crops crops;
    quantised out;
    bool open; /* the file leaves the batch open */
} job;

static bool is_quantised(const net_graph *g)
{
    return has_op(g, NET_OP_QUANTIZE_LINEAR) || has_op(g, NET_OP_DEQUANTIZE_LINEAR);
}

/* The float net, ready to be looked into. */
static pfld_status open_model(job *j, const char *path, pfld_error *err)
{
    pfld_model_options o;
    net_graph *g;
    pfld_status st = model_open(&j->model, path, err);

    if (st != PFLD_OK)
        return st;
    g = j->model.graph;
    if (is_quantised(g))
        return error_set(err, PFLD_ERR_UNSUPPORTED, "%.100s: the model is quantised already", path);
    if (detect_spec_is_detector(g))
        return error_set(err, PFLD_ERR_UNSUPPORTED,
                         "%.100s: a detector: only landmark models are quantised", path);
    if (g->n_inputs && g->values[g->inputs[0]].has_shape && g->values[g->inputs[0]].shape.rank)
        j->open = g->values[g->inputs[0]].shape.dim[0] == NET_DIM_OPEN;
    st = model_close_shapes(&j->model, err);
    if (st != PFLD_OK)
        return st;
    pfld_model_options_init(&o, sizeof o);
    o.input = j->f->input;
    o.crop_scale = j->f->crop;
    st = net_infer_shapes(g, err);
    if (st == PFLD_OK)
        st = net_fold(g, err);
    if (st == PFLD_OK)
        st = spec_resolve(g, &o, &j->how, err);
    if (st != PFLD_OK)
        error_prefix(err, path);
    return st;
}

static pfld_status read_crops(job *j, pfld_error *err)
{
    const net_graph *g = j->model.graph;
    int32_t side = (int32_t)g->values[g->inputs[0]].shape.dim[2];
    data_options opt = data_sets_options(j->f->skip_bad);
    size_t n_left_out; /* each is told */
    pfld_status st = data_sets_read(&j->set, &j->f->data, &opt, err);

    if (st == PFLD_OK)
        st = readable_only(&j->set, &opt, threads_or_cpus(0), &n_left_out, err);
    if (st == PFLD_OK)
        st = crops_make(&j->set, &j->how, side, (size_t)j->f->crops, (uint64_t)j->f->seed,
                        &j->crops, err);
    return st;
}

static pfld_status write_model(job *j, pfld_error *err)
{
    net_graph *q = j->out.graph;
    pfld_status st = set_input(q, &j->out.input, err);

    if (st == PFLD_OK)
        st = set_crop(q, j->f->crop, err);
    if (st == PFLD_OK)
        st = set_training(q, j->f, &j->set, &j->crops, err);
    if (st != PFLD_OK)
        return st;
    if (j->open)
        open_batch(q);
    return export_graph(q, j->f->out, err);
}

static pfld_status report(const job *j, pfld_error *err)
{
    return output_json(stdout,
                       json_pack("{s:i,s:o,s:o,s:s,s:I,s:o}", "v", 1, "model",
                                 output_string(j->model.path), "out", output_string(j->f->out),
                                 "method", calibrate_method_names[j->f->method], "crops",
                                 (json_int_t)j->crops.n, "drift", output_number(j->out.drift, 6)),
                       err);
}

static pfld_status quantize(job *j, const char *path, pfld_error *err)
{
    pfld_status st = open_model(j, path, err);

    if (st == PFLD_OK)
        st = read_crops(j, err);
    if (st != PFLD_OK)
        return st;
    st = quantise_net(j->model.graph, &j->how.input, &j->crops, (calibrate_method)j->f->method,
                      &j->out, err);
    if (st != PFLD_OK)
        error_prefix(err, path);
    if (st == PFLD_OK)
        st = write_model(j, err);
    return st == PFLD_OK ? report(j, err) : st;
}

static void free_job(job *j)
{
    net_graph_free(j->out.graph); /* its constants are the model's */
    model_close(&j->model);
    crops_free(&j->crops);
    data_set_free(&j->set);
}

static int work(const quantize_fields *f, const char *path)
{
    job j = {.f = f};
    pfld_error err = {0};
    pfld_status st = quantize(&j, path, &err);

    if (st != PFLD_OK)
        message("%s", err.msg);
    free_job(&j);
    return message_exit(st);
}

static int run(const cli_command *self, int argc, char **argv)
{
    quantize_fields f = {.method = CALIBRATE_MSE, .crops = 512, .seed = 1};
    cli_args args = {.n = (size_t)argc, .at = argv};
    int code;

    if (cli_begin(self, &args, &f, &code)) {
        const char *why = model_wrong_remake(args.at[0], &f.data, f.out);
        code = why ? cli_wrong(self, why) : work(&f, args.at[0]);
    }
    mem_free((void *)f.data.at);
    return code;
}

const cli_command command_quantize = {
    .name = "quantize",
    .brief = "turn a landmark model into one of 8-bit numbers",
    .synopsis = "MODEL --data SPEC... -o FILE [OPTION]...",
    .about =
        "Writes the model with 8-bit weights and maps, as a standard QDQ ONNX file: weights with a "
        "scale for each output channel, maps with a scale and a zero point each, biases of 32 "
        "bits. The ranges of the maps are those of the float model on the crops of labelled faces; "
        "the same faces and seed give the same file on the same kind of CPU. Its input is the "
        "crop's bytes themselves: "
        "pfld.input in its metadata says so.\n\n"
        "Prints a line of JSON: drift is the root mean square of what the outputs differ by from "
        "the float model's on these crops, in crop sides. Detectors, and nets with operators that "
        "are not done in 8 bits, are refused.",
    .examples = "pfld quantize a.onnx --data 300w:train.txt -o a-int8.onnx\n"
                "pfld eval --model a-int8.onnx --compare a.onnx --data 300w:val.txt",
    .options = options,
    .min_operands = 1,
    .max_operands = 1,
    .operand = "MODEL",
    .run = run,
};
