/* pfld run: .npy tensors through any ONNX model, outputs as .npy. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/message.h"
#include "cli/model.h"
#include "cli/npy.h"
#include "cli/output.h"
#include "cli/paths.h"
#include "core/error.h"
#include "core/mem.h"
#include "net/shape.h"

#define NAME_SIZE 200 /* of an output's file name, ending left out */
#define ENDING    ".npy"

typedef struct run_fields {
    const char *dir;
    pfld_isa isa;
} run_fields;

static const cli_option options[] = {
    {.name = "dir",
     .letter = 'o',
     .kind = CLI_DIR,
     .arg = "DIR",
     .field = offsetof(run_fields, dir),
     .help = "Where OUTPUT_NAME.npy of each output goes; made if it is missing."},
    {.name = "isa",
     .kind = CLI_ISA,
     .arg = "NAME",
     .field = offsetof(run_fields, isa),
     .help = "The best instruction set to use."},
    {0},
};

typedef struct tensors { /* what the command line gives the inputs */
    npy_array *arrays;   /* [n], in the order of the graph's inputs */
    const char **paths;  /* [n], NULL: none yet */
    size_t n;
} tensors;

typedef struct outputs {
    char **paths; /* [n], in the order of the graph's outputs; owned */
    size_t n;
} outputs;

/* Which input "NAME=FILE" means; n where arg is a plain FILE. *path is then the file. */
static size_t find_named(const net_graph *g, const char *arg, const char **path)
{
    *path = arg;
    for (size_t i = 0; i < g->n_inputs; i++) {
        const char *name = g->values[g->inputs[i]].name;
        size_t length = strlen(name);

        if (strncmp(arg, name, length) == 0 && arg[length] == '=') {
            *path = arg + length + 1;
            return i;
        }
    }
    return g->n_inputs;
}

static pfld_status assign(const net_graph *g, tensors *t, char *const *args, size_t n,
                          pfld_error *err)
{
    for (size_t i = 0; i < n; i++) {
        const char *path;
        size_t at = find_named(g, args[i], &path);

        if (at == g->n_inputs) /* unnamed: the first that is free */
            for (at = 0; at < g->n_inputs && t->paths[at]; at++)
                ;
        if (at == g->n_inputs)
            return error_set(err, PFLD_ERR_ARG,
                             "%.80s is one file too many: the model has %zu input%s", args[i],
                             g->n_inputs, g->n_inputs == 1 ? "" : "s");
        if (t->paths[at])
            return error_set(err, PFLD_ERR_ARG, "input %.60s is given twice",
                             g->values[g->inputs[at]].name);
        t->paths[at] = path;
    }
    for (size_t i = 0; i < g->n_inputs; i++)
        if (!t->paths[i])
            return error_set(err, PFLD_ERR_ARG, "no file for input %.60s: give its .npy too",
                             g->values[g->inputs[i]].name);
    return PFLD_OK;
}

/* Reads the files; their shapes close the graph's. */
static pfld_status read_inputs(net_graph *g, tensors *t, pfld_error *err)
{
    for (size_t i = 0; i < t->n; i++) {
        pfld_status status = npy_read(t->paths[i], &t->arrays[i], err);

        if (status)
            return status;
        status = net_input_set_shape(g, i, &t->arrays[i].shape, err);
        if (status) {
            error_prefix(err, t->paths[i]);
            return status;
        }
    }
    return PFLD_OK;
}

/* Where each output goes; refuses two that would be one. */
static pfld_status plan_outputs(const net_graph *g, const char *dir, outputs *o, pfld_error *err)
{
    o->paths = mem_alloc(g->n_outputs, sizeof *o->paths);
    if (!o->paths)
        return error_nomem(err);
    o->n = g->n_outputs;
    for (size_t i = 0; i < o->n; i++) {
        char file[NAME_SIZE + sizeof ENDING];

        path_make_safe(g->values[g->outputs[i]].name, file, NAME_SIZE);
        memcpy(file + strlen(file), ENDING, sizeof ENDING);
        o->paths[i] = path_join(dir, file, NULL);
        if (!o->paths[i])
            return error_nomem(err);
        for (size_t k = 0; k < i; k++)
            if (strcmp(o->paths[k], o->paths[i]) == 0)
                return error_set(err, PFLD_ERR_UNSUPPORTED,
                                 "outputs %.60s and %.60s would both be written to %.60s",
                                 g->values[g->outputs[k]].name, g->values[g->outputs[i]].name,
                                 file);
    }
    return PFLD_OK;
}

/* No output takes the place of what it is made from. */
static pfld_status check_kept(const outputs *o, const char *file, pfld_error *err)
{
    for (size_t i = 0; i < o->n; i++)
        if (path_is_same(o->paths[i], file))
            return error_set(err, PFLD_ERR_ARG,
                             "run: %.150s would be overwritten by an output: choose another -o",
                             file);
    return PFLD_OK;
}

static pfld_status check_all_kept(const outputs *o, const model_file *m, const tensors *t,
                                  pfld_error *err)
{
    pfld_status status = check_kept(o, m->path, err);

    for (size_t i = 0; i < t->n && status == PFLD_OK; i++)
        status = check_kept(o, t->paths[i], err);
    return status;
}

static pfld_status write_output(const infer_tensor *t, const char *path, pfld_error *err)
{
    pfld_status status = npy_write(path, &t->shape, t->data, err);

    if (status)
        return status;
    return output_json(stdout,
                       json_pack("{s:i,s:o,s:o,s:o}", "v", 1, "output", output_string(t->name),
                                 "shape", output_shape(&t->shape), "file", output_string(path)),
                       err);
}

static pfld_status write_outputs(const infer_net *net, const char *dir, const outputs *o,
                                 pfld_error *err)
{
    pfld_status status = path_make_dir(dir, err);

    for (size_t i = 0; i < o->n && status == PFLD_OK; i++) {
        infer_tensor t = infer_output(net, i);
        status = write_output(&t, o->paths[i], err);
    }
    return status;
}

static pfld_status run_model(model_file *m, tensors *t, pfld_isa isa, pfld_error *err)
{
    pfld_status status = read_inputs(m->graph, t, err);

    if (status == PFLD_OK)
        status = model_compile(m, isa, err);
    if (status)
        return status;
    for (size_t i = 0; i < t->n; i++) {
        infer_tensor in = infer_input(m->net, i);
        memcpy(in.data, t->arrays[i].data, in.count * sizeof *in.data);
    }
    infer_run(m->net);
    return PFLD_OK;
}

static int run(const cli_command *self, int argc, char **argv)
{
    run_fields f = {0};
    cli_args args = {(size_t)argc, argv, false};
    model_file m = {0};
    tensors t = {0};
    outputs o = {0};
    pfld_error err = {0};
    pfld_status status;
    int code;

    if (!cli_begin(self, &args, &f, &code))
        return code;
    if (!f.dir) {
        message("run: where do the outputs go? Give -o DIR");
        return CLI_USAGE;
    }
    status = model_open(&m, args.at[0], &err);
    if (status)
        goto end;
    t.n = m.graph->n_inputs;
    t.arrays = mem_alloc(t.n, sizeof *t.arrays);
    t.paths = mem_alloc(t.n, sizeof *t.paths);
    if (!t.arrays || !t.paths) {
        status = error_nomem(&err);
        goto end;
    }
    status = assign(m.graph, &t, args.at + 1, args.n - 1, &err);
    if (status == PFLD_OK)
        status = plan_outputs(m.graph, f.dir, &o, &err);
    if (status == PFLD_OK)
        status = check_all_kept(&o, &m, &t, &err);
    if (status == PFLD_OK)
        status = run_model(&m, &t, f.isa, &err);
    if (status == PFLD_OK)
        status = write_outputs(m.net, f.dir, &o, &err);
end:
    if (status)
        message("%s", err.msg);
    for (size_t i = 0; t.arrays && i < t.n; i++)
        npy_free(&t.arrays[i]);
    mem_free(t.arrays);
    mem_free(t.paths);
    for (size_t i = 0; i < o.n; i++)
        mem_free(o.paths[i]);
    mem_free(o.paths);
    model_close(&m);
    return message_exit(status);
}

const cli_command command_run = {
    .name = "run",
    .brief = "runs any ONNX model on NumPy tensors",
    .synopsis = "MODEL [NAME=]IN.npy... -o DIR [--isa NAME]",
    .about =
        "Runs an ONNX model, of landmarks or not, on float tensors from .npy files, and writes "
        "each output as .npy: for debugging, and for comparing with other engines.\n\n"
        "The files are taken in the order of the model's inputs, or by name: NAME=FILE.npy. They "
        "hold float32 or float64. Their shapes close the dimensions that the model "
        "leaves open. Each output is also reported as a line of JSON.",
    .examples = "pfld run model.onnx in.npy -o out\n"
                "pfld run model.onnx --dir=out image=a.npy scale=b.npy",
    .options = options,
    .min_operands = 2,
    .max_operands = SIZE_MAX,
    .operand = "MODEL or IN.npy",
    .run = run,
};
