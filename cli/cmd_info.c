/* pfld info: what an ONNX file is, what it costs, and what it says of itself. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/decimal.h"
#include "cli/info_net.h"
#include "cli/message.h"
#include "cli/model_default.h"
#include "cli/output.h"
#include "core/error.h"

typedef struct info_fields {
    bool json, layers;
    pfld_isa isa;
    info_net_fields net;
} info_fields;

static const cli_option options[] = {
    {.name = "json",
     .kind = CLI_FLAG,
     .field = offsetof(info_fields, json),
     .help = "Prints one line of JSON in place of text."},
    {.name = "layers",
     .kind = CLI_FLAG,
     .field = offsetof(info_fields, layers),
     .help = "Lists the compiled steps too."},
    {.name = "isa",
     .kind = CLI_ISA,
     .arg = "NAME",
     .field = offsetof(info_fields, isa),
     .help = "The best instruction set to compile for."},
    {.name = "net",
     .kind = CLI_CHOICE,
     .arg = "NAME",
     .field = offsetof(info_fields, net.net),
     .choices = info_net_names,
     .help = "The table of a net that pfld can train, in place of a file: pfld."},
    {.name = "width",
     .kind = CLI_REAL,
     .arg = "W",
     .field = offsetof(info_fields, net.width),
     .help = "With --net: times as many channels as in the paper; 1 if not given."},
    {.name = "points",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     .field = offsetof(info_fields, net.points),
     .help = "With --net: landmarks; 68 if not given."},
    {.name = "tail",
     .kind = CLI_CHOICE,
     .arg = "KIND",
     .field = offsetof(info_fields, net.tail),
     .choices = info_net_tails,
     .help =
         "With --net: flatten, as in the paper; pool, which is smaller; or s3, without S1 and S2."},
    {.name = "size",
     .kind = CLI_COUNT,
     .arg = "S",
     .min = 1,
     .field = offsetof(info_fields, net.size),
     .help = "With --net: side of the input in pixels; 112 if not given."},
    {.name = "aux",
     .kind = CLI_FLAG,
     .field = offsetof(info_fields, net.aux),
     .help = "With --net: the auxiliary net too, which only training has."},
    {.name = "aux-width",
     .kind = CLI_REAL,
     .arg = "W",
     .field = offsetof(info_fields, net.aux_width),
     .help = "With --aux: its own width; that of the net if not given."},
    {0},
};

/* All facts are gathered in one JSON object, which is printed as it is or as text. Its builders
 * return false where memory ran out. */
static bool put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

/* [{"name":…,"shape":[…]|null}] */
static json_t *ports(const net_graph *g, const int32_t *values, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < n; i++) {
        const net_value *v = &g->values[values[i]];
        json_t *shape = v->has_shape ? output_shape(&v->shape) : json_null();
        json_t *port = json_pack("{s:o,s:o}", "name", output_string(v->name), "shape", shape);

        if (json_array_append_new(list, port)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *operators(const net_graph *g)
{
    size_t count[NET_OP_COUNT] = {0};
    json_t *object = json_object();

    for (size_t i = 0; i < g->n_nodes; i++)
        count[g->nodes[i].op]++;
    for (int op = 0; object && op < NET_OP_COUNT; op++)
        if (count[op] &&
            !put(object, net_op_get((net_op)op)->name, json_integer((json_int_t)count[op]))) {
            json_decref(object);
            return NULL;
        }
    return object;
}

static json_t *metadata(const net_graph *g)
{
    json_t *object = json_object();

    for (size_t i = 0; object && i < g->n_meta; i++) {
        json_t *key = output_string(g->meta[i].key); /* only to make it UTF-8 */
        bool done = key && put(object, json_string_value(key), output_string(g->meta[i].value));

        json_decref(key);
        if (!done) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

/* Integer constants of 64 bits are shapes and axes, not something that was learnt. */
static json_t *parameters(const net_graph *g)
{
    size_t sum = 0;

    for (size_t i = 0; i < g->n_values; i++) {
        const net_tensor *t = g->values[i].constant;
        if (t && t->dtype != NET_I64 && t->dtype != NET_BOOL)
            sum += t->count;
    }
    return json_integer((json_int_t)sum);
}

static bool put_graph(json_t *o, const net_graph *g)
{
    return put(o, "opset", json_integer(g->opset)) &&
           put(o, "inputs", ports(g, g->inputs, g->n_inputs)) &&
           put(o, "outputs", ports(g, g->outputs, g->n_outputs)) &&
           put(o, "operators", operators(g)) && put(o, "parameters", parameters(g));
}

static bool put_stated(json_t *o, const char *key, const pfld_model *model, const char *meta)
{
    const char *value = pfld_model_metadata(model, meta);

    return put(o, key, value ? output_string(value) : json_null());
}

/* What a model does not state is null: the defaults of pfld_model_options hold then. */
static bool put_model(json_t *o, const pfld_model *model)
{
    bool is_detector = pfld_model_kind(model) == PFLD_KIND_DETECTOR;

    return put(o, "scheme", output_string(pfld_model_scheme(model))) &&
           put(o, "points", json_integer(pfld_model_landmark_count(model))) &&
           (is_detector ? put_stated(o, "face", model, "pfld.face")
                        : put_stated(o, "crop", model, "pfld.crop")) &&
           put_stated(o, "input", model, "pfld.input") &&
           put(o, "kind", json_string(is_detector ? "detector" : "landmarks"));
}

static json_t *layers(const infer_net *net)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < infer_step_count(net); i++) {
        infer_step_info step = infer_step(net, i);
        json_t *layer = json_pack("{s:o,s:s,s:I}", "name", output_string(step.name), "op", step.op,
                                  "macs", (json_int_t)step.macs);

        if (json_array_append_new(list, layer)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* Shapes of outputs that the file leaves out are known now. */
static bool fill_shapes(json_t *outputs, const infer_net *net)
{
    for (size_t i = 0; i < infer_output_count(net); i++) {
        infer_tensor t = infer_output(net, i);
        json_t *port = json_array_get(outputs, i);

        if (json_is_null(json_object_get(port, "shape")) &&
            !put(port, "shape", output_shape(&t.shape)))
            return false;
    }
    return true;
}

static bool put_compiled(json_t *o, const model_file *m, bool with_layers)
{
    const infer_net *net = m->net;

    return fill_shapes(json_object_get(o, "outputs"), net) &&
           put(o, "macs", json_integer((json_int_t)model_macs(m))) &&
           put(o, "activation_bytes", json_integer((json_int_t)infer_activation_bytes(net))) &&
           put(o, "weight_bytes", json_integer((json_int_t)infer_weight_bytes(net))) &&
           (!with_layers || put(o, "layers", layers(net)));
}

static void print_string(const json_t *string)
{
    message_put(stdout, json_string_value(string));
}

static void print_value(const char *label, const json_t *value)
{
    char number[DECIMAL_TEXT];

    if (json_is_integer(value))
        printf("  %-14s %s\n", label,
               decimal_grouped((unsigned long long)json_integer_value(value), number));
    else if (json_is_string(value)) {
        printf("  %-14s ", label);
        print_string(value);
        putchar('\n');
    }
}

static void print_ports(const char *label, const json_t *list)
{
    size_t i, k;
    json_t *port, *dim;

    json_array_foreach(list, i, port)
    {
        const json_t *shape = json_object_get(port, "shape");

        printf("  %-14s ", label);
        print_string(json_object_get(port, "name"));
        printf("%s", json_array_size(shape) ? " " : "");
        json_array_foreach(shape, k, dim)
        {
            if (json_is_integer(dim))
                printf("%s%" JSON_INTEGER_FORMAT, k ? "x" : "", json_integer_value(dim));
            else
                printf("%s?", k ? "x" : "");
        }
        putchar('\n');
    }
}

static void print_operators(json_t *object)
{
    const char *key, *gap = "";
    json_t *count;

    printf("  %-14s ", "operators");
    json_object_foreach(object, key, count)
    {
        printf("%s%s %" JSON_INTEGER_FORMAT, gap, key, json_integer_value(count));
        gap = ", ";
    }
    putchar('\n');
}

static void print_layers(json_t *list)
{
    char number[DECIMAL_TEXT];
    size_t i;
    json_t *layer;

    if (!list)
        return;
    printf("  layers: multiply-adds, operator, node\n");
    json_array_foreach(list, i, layer)
    {
        json_int_t macs = json_integer_value(json_object_get(layer, "macs"));

        printf("  %4zu %14s  %-20s ", i, decimal_grouped((unsigned long long)macs, number),
               json_string_value(json_object_get(layer, "op")));
        print_string(json_object_get(layer, "name"));
        putchar('\n');
    }
}

static const char *kind_text(const char *kind)
{
    return !kind                           ? "an ONNX model"
           : strcmp(kind, "detector") == 0 ? "a face detector"
                                           : "a landmark model";
}

static void print_text(json_t *o)
{
    const char *key;
    json_t *value, *meta = json_object_get(o, "metadata");

    print_string(json_object_get(o, "file"));
    printf(": %s\n", kind_text(json_string_value(json_object_get(o, "kind"))));
    print_value("scheme", json_object_get(o, "scheme"));
    print_value("points", json_object_get(o, "points"));
    print_value("crop", json_object_get(o, "crop"));
    print_value("face", json_object_get(o, "face"));
    print_value("pixels", json_object_get(o, "input"));
    print_value("opset", json_object_get(o, "opset"));
    print_ports("input", json_object_get(o, "inputs"));
    print_ports("output", json_object_get(o, "outputs"));
    print_operators(json_object_get(o, "operators"));
    print_value("parameters", json_object_get(o, "parameters"));
    print_value("multiply-adds", json_object_get(o, "macs"));
    print_value("map bytes", json_object_get(o, "activation_bytes"));
    print_value("weight bytes", json_object_get(o, "weight_bytes"));
    if (json_object_size(meta))
        printf("  metadata\n");
    json_object_foreach(meta, key, value)
    {
        printf("    ");
        message_put(stdout, key);
        printf(": ");
        print_string(value);
        putchar('\n');
    }
    print_layers(json_object_get(o, "layers"));
}

/* Fills o. What is known before a failure stays in it: a model that we can't run can still be
 * told about. */
static pfld_status gather(json_t *o, model_file *m, const info_fields *f, pfld_error *err)
{
    pfld_model *model = NULL;
    pfld_error of_another_kind;
    pfld_status status;
    bool done = put_graph(o, m->graph);

    status = pfld_model_load_memory(m->data, m->size, NULL, &model, &of_another_kind);
    if (status == PFLD_ERR_NOMEM)
        done = false;
    if (model)
        done = done && put_model(o, model);
    pfld_model_free(model);
    done = done && put(o, "metadata", metadata(m->graph));
    if (!done)
        return error_nomem(err);
    status = model_close_shapes(m, err);
    if (status == PFLD_OK)
        status = model_compile(m, f->isa, err);
    if (status == PFLD_OK && !put_compiled(o, m, f->layers))
        return error_nomem(err);
    return status;
}

/* path NULL: of the model inside the library. */
static pfld_status inform(const char *path, const info_fields *f, pfld_error *err)
{
    pfld_error trouble = {0};
    model_file m = {0};
    json_t *o = NULL;
    pfld_status status = model_open_or_default(&m, path, err), written = PFLD_OK;

    if (status)
        goto end;
    o = json_pack("{s:i,s:o}", "v", 1, "file", output_string(m.path));
    status = o ? gather(o, &m, f, err) : error_nomem(err);
    if (status == PFLD_ERR_NOMEM)
        goto end;
    if (f->json)
        written = output_json(stdout, json_incref(o), &trouble);
    else
        print_text(o);
    if (status == PFLD_OK && written) {
        status = written;
        *err = trouble;
    }
end:
    json_decref(o);
    model_close(&m);
    return status;
}

/* What belongs to a net, of which there is none. */
static const char *stray_option(const info_fields *f)
{
    return f->net.width > 0       ? "--width"
           : f->net.points        ? "--points"
           : f->net.tail >= 0     ? "--tail"
           : f->net.size          ? "--size"
           : f->net.aux           ? "--aux"
           : f->net.aux_width > 0 ? "--aux-width"
                                  : NULL;
}

static pfld_status check_use(const info_fields *f, const cli_args *args, pfld_error *err)
{
    if (f->net.net < 0 && stray_option(f))
        return error_set(err, PFLD_ERR_ARG, "%s is for --net", stray_option(f));
    if (f->net.net >= 0 && args->n)
        return error_set(err, PFLD_ERR_ARG, "'%.80s' is one too many: --net is in place of a file",
                         args->at[0]);
    if (f->net.net >= 0 && f->layers)
        return error_set(err, PFLD_ERR_ARG, "--layers is for a file: --net has rows of its own");
    if (f->net.aux_width > 0 && !f->net.aux)
        return error_set(err, PFLD_ERR_ARG, "--aux-width is for --aux");
    return PFLD_OK;
}

static int run(const cli_command *self, int argc, char **argv)
{
    info_fields f = {.net = {.net = -1, .tail = -1}};
    cli_args args = {(size_t)argc, argv, false};
    pfld_error err = {0};
    pfld_status status;
    int code;

    if (!cli_begin(self, &args, &f, &code))
        return code;
    status = check_use(&f, &args, &err);
    if (status) {
        message("%s: %s", self->name, err.msg);
        return message_exit(status);
    }
    status = f.net.net >= 0 ? info_net(&f.net, f.json, &err)
                            : inform(args.n ? args.at[0] : NULL, &f, &err);
    if (status)
        message("%s", err.msg);
    return message_exit(status);
}

const cli_command command_info = {
    .name = "info",
    .brief = "tells what an ONNX model is and what it costs",
    .synopsis = "[MODEL | --net NAME] [OPTION]...",
    .about =
        "Tells of an ONNX model, of landmarks, a face detector or another, and without MODEL of "
        "the landmark model built in: its inputs and outputs ('?' stands for a "
        "dimension that it leaves open), its operators, parameters, multiply-adds, the bytes of "
        "feature maps alive at once and of packed weights, and its metadata; of a landmark model "
        "also the point scheme, and crop and pixels as far as the file states them; of a detector "
        "pixels and, as \"face\", how its boxes lie to the landmarks.\n\n"
        "Open dimensions count as batch 1, 3 channels and 112x112, of a detector 320x256: a "
        "picture "
        "of 320x240 in multiples of 32. A sound model that cannot be compiled is told about as far "
        "as possible, with the reason on stderr and exit code 1.\n\n"
        "With --net it prints the table of a net that pfld can train, as the paper has it: input "
        "and output of each row, expansion t, channels c, repeats n, stride s, and what it costs.",
    .examples = "pfld info model.onnx --layers\n"
                "pfld info --net pfld --width 0.25 --aux\n"
                "pfld info model.onnx --json | jq .macs",
    .options = options,
    .min_operands = 0,
    .max_operands = 1,
    .operand = "MODEL",
    .run = run,
};
