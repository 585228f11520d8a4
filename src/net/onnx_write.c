/* ONNX files out: a graph as ModelProto, the same bytes for the same graph. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "net/names.h"
#include "net/onnx.h"
#include "net/onnx_schema.h"
#include "net/proto.h"

enum { IR_VERSION = 8, DEFAULT_OPSET = 13 };

typedef struct onnx_writer {
    const net_graph *g;
    proto_writer out;
    arena mem;          /* names that we made up */
    const char **names; /* [n_values] unique where used, else NULL */
    bool *is_used;      /* [n_values] a node or the graph mentions it */
    bool *is_written;   /* [n_values] by a node, or from outside */
} onnx_writer;

static void mark_values(onnx_writer *w)
{
    const net_graph *g = w->g;

    for (size_t i = 0; i < g->n_inputs; i++)
        w->is_used[g->inputs[i]] = w->is_written[g->inputs[i]] = true;
    for (size_t i = 0; i < g->n_outputs; i++)
        w->is_used[g->outputs[i]] = true;
    for (size_t i = 0; i < g->n_nodes; i++) {
        const net_node *node = &g->nodes[i];
        for (size_t k = 0; k < node->n_in; k++)
            if (node->in[k] != NET_NONE)
                w->is_used[node->in[k]] = true;
        for (size_t k = 0; k < node->n_out; k++)
            if (node->out[k] != NET_NONE)
                w->is_used[node->out[k]] = w->is_written[node->out[k]] = true;
    }
}

/* False where memory ran out; *taken tells whether another value has that name. */
static bool claim(net_names *table, const char *name, size_t value, bool *taken)
{
    int32_t *slot = net_names_at(table, name, strlen(name));

    if (!slot)
        return false;
    *taken = *slot >= 0;
    if (!*taken)
        *slot = (int32_t)value;
    return true;
}

/* ONNX knows values by name alone: what has none, or one that another has too, gets one here. */
static bool make_up_name(onnx_writer *w, net_names *table, size_t value)
{
    char text[64];
    const char *name;
    bool taken = true;

    for (unsigned i = 0; taken; i++) {
        snprintf(text, sizeof text, i ? "value_%zu_%u" : "value_%zu", value, i);
        name = arena_strndup(&w->mem, text, strlen(text));
        if (!name || !claim(table, name, value, &taken))
            return false;
        w->names[value] = name;
    }
    return true;
}

static bool name_values(onnx_writer *w, net_names *table)
{
    const net_graph *g = w->g;

    for (size_t v = 0; v < g->n_values; v++) {
        bool taken = true;
        if (!w->is_used[v] || !*g->values[v].name)
            continue;
        if (!claim(table, g->values[v].name, v, &taken))
            return false;
        w->names[v] = taken ? NULL : g->values[v].name;
    }
    for (size_t v = 0; v < g->n_values; v++)
        if (w->is_used[v] && !w->names[v] && !make_up_name(w, table, v))
            return false;
    return true;
}

static bool writer_init(onnx_writer *w)
{
    net_names table = {0};
    bool ok;

    w->names = mem_alloc(w->g->n_values, sizeof *w->names);
    w->is_used = mem_alloc(w->g->n_values, sizeof *w->is_used);
    w->is_written = mem_alloc(w->g->n_values, sizeof *w->is_written);
    if (!w->names || !w->is_used || !w->is_written)
        return false;
    mark_values(w);
    ok = name_values(w, &table);
    net_names_free(&table);
    return ok;
}

static void writer_free(onnx_writer *w)
{
    arena_free(&w->mem);
    mem_free(w->names);
    mem_free(w->is_used);
    mem_free(w->is_written);
    mem_free(w->out.buf);
}

static void put_tensor(proto_writer *out, uint32_t field, const char *name, const net_tensor *t)
{
    size_t begin = proto_begin(out, field);

    for (int32_t i = 0; i < t->shape.rank; i++)
        proto_put_int(out, TENSOR_DIMS, t->shape.dim[i]);
    proto_put_int(out, TENSOR_TYPE, (int64_t)t->dtype);
    if (name)
        proto_put_string(out, TENSOR_NAME, name);
    proto_put_elements(out, TENSOR_RAW, t->data, t->count, net_dtype_size(t->dtype));
    proto_end(out, begin);
}

static void put_attr(proto_writer *out, const net_attr *a)
{
    size_t begin = proto_begin(out, NODE_ATTRIBUTE);

    proto_put_string(out, ATTR_NAME, a->name);
    switch (a->kind) {
    case NET_ATTR_FLOAT:
        proto_put_float(out, ATTR_F, a->f);
        break;
    case NET_ATTR_INT:
        proto_put_int(out, ATTR_I, a->i);
        break;
    case NET_ATTR_STRING:
        proto_put_string(out, ATTR_S, a->s);
        break;
    case NET_ATTR_TENSOR:
        put_tensor(out, ATTR_T, NULL, a->tensor);
        break;
    case NET_ATTR_FLOATS:
        for (size_t i = 0; i < a->n; i++)
            proto_put_float(out, ATTR_FLOATS, a->floats[i]);
        break;
    case NET_ATTR_INTS:
        for (size_t i = 0; i < a->n; i++)
            proto_put_int(out, ATTR_INTS, a->ints[i]);
        break;
    }
    proto_put_int(out, ATTR_TYPE, (int64_t)a->kind);
    proto_end(out, begin);
}

static void put_ids(onnx_writer *w, uint32_t field, const int32_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        proto_put_string(&w->out, field, ids[i] == NET_NONE ? "" : w->names[ids[i]]);
}

static void put_node(onnx_writer *w, const net_node *node)
{
    size_t begin = proto_begin(&w->out, GRAPH_NODE);

    assert(node->op != NET_OP_NONE);
    put_ids(w, NODE_INPUT, node->in, node->n_in);
    put_ids(w, NODE_OUTPUT, node->out, node->n_out);
    if (*node->name)
        proto_put_string(&w->out, NODE_NAME, node->name);
    proto_put_string(&w->out, NODE_OP, net_op_get(node->op)->name);
    for (size_t i = 0; i < node->n_attr; i++)
        put_attr(&w->out, &node->attr[i]);
    proto_end(&w->out, begin);
}

/* Open dimensions of one name are the same number to a reader: only the batch is shared. */
static void put_dim(proto_writer *out, const char *value, int32_t axis, int64_t dim)
{
    size_t begin = proto_begin(out, SHAPE_DIM);
    char text[96];

    if (dim >= 0) {
        proto_put_int(out, DIM_VALUE, dim);
    } else if (axis == 0) {
        proto_put_string(out, DIM_PARAM, "N");
    } else {
        snprintf(text, sizeof text, "%.64s_%d", value, (int)axis);
        proto_put_string(out, DIM_PARAM, text);
    }
    proto_end(out, begin);
}

static void put_value_info(onnx_writer *w, uint32_t field, int32_t value)
{
    const net_value *v = &w->g->values[value];
    size_t info = proto_begin(&w->out, field), type, tensor, shape;

    proto_put_string(&w->out, VALUE_NAME, w->names[value]);
    type = proto_begin(&w->out, VALUE_TYPE);
    tensor = proto_begin(&w->out, TYPE_TENSOR);
    proto_put_int(&w->out, TENSOR_TYPE_ELEMENT, (int64_t)v->dtype);
    if (v->has_shape) {
        shape = proto_begin(&w->out, TENSOR_TYPE_SHAPE);
        for (int32_t i = 0; i < v->shape.rank; i++)
            put_dim(&w->out, w->names[value], i, v->shape.dim[i]);
        proto_end(&w->out, shape);
    }
    proto_end(&w->out, tensor);
    proto_end(&w->out, type);
    proto_end(&w->out, info);
}

static void put_graph(onnx_writer *w)
{
    const net_graph *g = w->g;
    size_t begin = proto_begin(&w->out, MODEL_GRAPH);

    for (size_t i = 0; i < g->n_nodes; i++)
        put_node(w, &g->nodes[i]);
    proto_put_string(&w->out, GRAPH_NAME, *g->name ? g->name : "pfld");
    for (size_t v = 0; v < g->n_values; v++)
        if (w->is_used[v] && !w->is_written[v] && g->values[v].constant)
            put_tensor(&w->out, GRAPH_INITIALIZER, w->names[v], g->values[v].constant);
    for (size_t i = 0; i < g->n_inputs; i++)
        put_value_info(w, GRAPH_INPUT, g->inputs[i]);
    for (size_t i = 0; i < g->n_outputs; i++)
        put_value_info(w, GRAPH_OUTPUT, g->outputs[i]);
    proto_end(&w->out, begin);
}

static void put_model(onnx_writer *w)
{
    const net_graph *g = w->g;
    size_t begin;

    proto_put_int(&w->out, MODEL_IR_VERSION, IR_VERSION);
    proto_put_string(&w->out, MODEL_PRODUCER, "pfld");
    put_graph(w);
    begin = proto_begin(&w->out, MODEL_OPSET);
    proto_put_string(&w->out, OPSET_DOMAIN, "");
    proto_put_int(&w->out, OPSET_VERSION, g->opset ? g->opset : DEFAULT_OPSET);
    proto_end(&w->out, begin);
    for (size_t i = 0; i < g->n_meta; i++) {
        begin = proto_begin(&w->out, MODEL_META);
        proto_put_string(&w->out, META_KEY, g->meta[i].key);
        proto_put_string(&w->out, META_VALUE, g->meta[i].value);
        proto_end(&w->out, begin);
    }
}

pfld_status net_onnx_write(const net_graph *g, uint8_t **buf, size_t *size, pfld_error *err)
{
    onnx_writer w = {.g = g};
    pfld_status status = PFLD_OK;

    *buf = NULL;
    *size = 0;
    if (writer_init(&w))
        put_model(&w);
    else
        w.out.failed = true;
    if (w.out.failed) {
        status = error_nomem(err);
    } else if (w.out.n > INT32_MAX) {
        status = error_set(err, PFLD_ERR_UNSUPPORTED,
                           "the model is larger than the 2 GiB that "
                           "an ONNX file can have");
    } else {
        *buf = w.out.buf;
        *size = w.out.n;
        w.out.buf = NULL;
    }
    writer_free(&w);
    return status;
}
