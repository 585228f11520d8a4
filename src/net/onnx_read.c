/* ONNX files in: ModelProto and GraphProto; nodes and tensors have files of their own. */
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "core/utf8.h"
#include "net/onnx.h"
#include "net/onnx_node.h"
#include "net/onnx_schema.h"
#include "net/onnx_tensor.h"
#include "net/proto.h"

/* Opsets 7, 8 and 22 differ from 9 and 21 in no way that matters to the operators we know. */
enum { OPSET_FIRST = 7, OPSET_LAST = 22 };

typedef struct model_text { /* a ModelProto that was looked through once */
    bytes message, graph;
    size_t n_graphs;
    int64_t opset;
} model_text;

typedef struct value_text { /* a ValueInfoProto */
    bytes name;
    bool is_tensor, has_shape, too_deep;
    int64_t element;
    net_shape shape;
} value_text;

pfld_status net_onnx_damaged(const net_onnx_reader *r, const char *where)
{
    return error_set(r->err, PFLD_ERR_FORMAT,
                     "not an ONNX model, or one that is damaged or cut short (%s)", where);
}

static bool is_utf8_without_nul(bytes b)
{
    while (b.at < b.end) {
        size_t n = *b.at ? utf8_length(b.at, (size_t)(b.end - b.at)) : 0;
        if (n == 0)
            return false;
        b.at += n;
    }
    return true;
}

pfld_status net_onnx_string(const net_onnx_reader *r, bytes text, const char **out)
{
    size_t n = bytes_left(&text);

    *out = "";
    if (n == 0)
        return PFLD_OK;
    if (!is_utf8_without_nul(text))
        return error_set(r->err, PFLD_ERR_FORMAT, "a name or string of the model is not UTF-8");
    *out = arena_strndup(&r->g->mem, (const char *)text.at, n);
    return *out ? PFLD_OK : error_nomem(r->err);
}

pfld_status net_onnx_value(net_onnx_reader *r, bytes name, int32_t *value)
{
    int32_t *slot = net_names_at(&r->values, name.at, bytes_left(&name));
    const char *copy;
    pfld_status status;

    if (!slot)
        return error_nomem(r->err);
    *value = *slot;
    if (*slot >= 0)
        return PFLD_OK;
    status = net_onnx_string(r, name, &copy);
    if (status)
        return status;
    *value = *slot = net_value_add(r->g, NULL, NET_F32, NULL);
    if (*value == NET_NONE)
        return error_nomem(r->err);
    r->g->values[*value].name = copy; /* net_value_add() would have copied it once more */
    return PFLD_OK;
}

/* The same for a name that must be new. */
static pfld_status declare(net_onnx_reader *r, bytes name, const char *what, int32_t *value)
{
    size_t before = r->g->n_values;
    pfld_status status;

    if (bytes_left(&name) == 0)
        return error_set(r->err, PFLD_ERR_FORMAT, "%s of the graph has no name", what);
    status = net_onnx_value(r, name, value);
    if (status || (size_t)*value == before)
        return status;
    return error_set(r->err, PFLD_ERR_FORMAT, "two values of the graph are named '%.100s'",
                     r->g->values[*value].name);
}

static pfld_status read_initializer(net_onnx_reader *r, bytes message)
{
    const net_tensor *t = NULL;
    bytes m = message, name = bytes_of(NULL, 0);
    proto_field f;
    int32_t value = NET_NONE;
    pfld_status status = net_onnx_tensor(message, bytes_of("?", 1), r->g, &t, r->err);

    if (status)
        return status;
    while (proto_next(&m, &f))
        if (f.number == TENSOR_NAME)
            name = f.body;
    status = declare(r, name, "a constant", &value);
    if (status)
        return status;
    r->g->values[value].dtype = t->dtype;
    r->g->values[value].has_shape = true;
    r->g->values[value].shape = t->shape;
    r->g->values[value].constant = t;
    return PFLD_OK;
}

/* What is not a positive number is open: a name, nothing, or the 0 and -1 of some exporters. */
static bool read_dim(bytes m, int64_t *dim)
{
    proto_field f;

    *dim = NET_DIM_OPEN;
    while (proto_next(&m, &f))
        if (f.number == DIM_VALUE && (int64_t)f.value > 0)
            *dim = (int64_t)f.value;
    return !m.failed;
}

static bool read_shape(bytes m, value_text *v)
{
    proto_field f;
    int64_t dim;

    v->has_shape = true;
    v->shape.rank = 0;
    while (proto_next(&m, &f)) {
        if (f.number != SHAPE_DIM)
            continue;
        if (!read_dim(f.body, &dim))
            return false;
        if (!net_onnx_add_dim(&v->shape, dim))
            v->too_deep = true;
    }
    return !m.failed;
}

static bool read_type(bytes m, value_text *v)
{
    proto_field f, g;

    while (proto_next(&m, &f)) {
        if (f.number != TYPE_TENSOR)
            continue;
        v->is_tensor = true;
        while (proto_next(&f.body, &g)) {
            if (g.number == TENSOR_TYPE_ELEMENT)
                v->element = (int64_t)g.value;
            else if (g.number == TENSOR_TYPE_SHAPE && !read_shape(g.body, v))
                return false;
        }
        if (f.body.failed)
            return false;
    }
    return !m.failed;
}

static pfld_status read_value_text(const net_onnx_reader *r, bytes m, value_text *v)
{
    proto_field f;

    v->name = bytes_of(NULL, 0);
    while (proto_next(&m, &f)) {
        if (f.number == VALUE_NAME)
            v->name = f.body;
        else if (f.number == VALUE_TYPE && !read_type(f.body, v))
            return net_onnx_damaged(r, "in an input or output");
    }
    return m.failed ? net_onnx_damaged(r, "in an input or output") : PFLD_OK;
}

static pfld_status read_input(net_onnx_reader *r, bytes message)
{
    value_text v = {0};
    net_dtype dtype;
    int32_t value = NET_NONE, *known;
    pfld_status status = read_value_text(r, message, &v);

    if (status)
        return status;
    known = net_names_at(&r->values, v.name.at, bytes_left(&v.name));
    if (!known)
        return error_nomem(r->err);
    if (*known >= 0 && r->g->values[*known].constant)
        return PFLD_OK; /* an initialiser's default, which before IR 4 had to be listed here */
    status = declare(r, v.name, "an input", &value);
    if (status)
        return status;
    if (!v.is_tensor || !net_onnx_dtype(v.element, &dtype))
        return error_set(r->err, PFLD_ERR_UNSUPPORTED,
                         "input '%.*s' has a data type (%lld) that is not supported",
                         NET_ONNX_TEXT(v.name), (long long)v.element);
    if (v.too_deep)
        return error_set(r->err, PFLD_ERR_UNSUPPORTED, "input '%.*s' has more than %d dimensions",
                         NET_ONNX_TEXT(v.name), NET_MAX_RANK);
    r->g->values[value].dtype = dtype;
    r->g->values[value].has_shape = v.has_shape;
    r->g->values[value].shape = v.shape;
    return net_input_add(r->g, value) ? PFLD_OK : error_nomem(r->err);
}

/* What the file says of an output's kind is only a note: inference has the last word. */
static pfld_status read_output(net_onnx_reader *r, net_names *seen, bytes message)
{
    value_text v = {0};
    net_value *to;
    int32_t value = NET_NONE, *before;
    pfld_status status = read_value_text(r, message, &v);

    if (status)
        return status;
    if (bytes_left(&v.name) == 0)
        return error_set(r->err, PFLD_ERR_FORMAT, "an output of the graph has no name");
    before = net_names_at(seen, v.name.at, bytes_left(&v.name));
    if (!before)
        return error_nomem(r->err);
    if (*before >= 0)
        return error_set(r->err, PFLD_ERR_FORMAT, "the graph lists the output '%.*s' twice",
                         NET_ONNX_TEXT(v.name));
    *before = 0;
    status = net_onnx_value(r, v.name, &value);
    if (status)
        return status;
    to = &r->g->values[value];
    if (!to->has_shape && net_onnx_dtype(v.element, &to->dtype) && v.has_shape && !v.too_deep) {
        to->has_shape = true;
        to->shape = v.shape;
    }
    return net_output_add(r->g, value) ? PFLD_OK : error_nomem(r->err);
}

/* One kind of the graph's fields after the other: writers may put them in any order, and a node's
 * inputs are only told from constants once those are known. */
static pfld_status read_all(net_onnx_reader *r, bytes m, uint32_t number)
{
    net_names outputs = {0};
    pfld_status status = PFLD_OK;
    proto_field f;

    while (!status && proto_next(&m, &f)) {
        if (f.number != number)
            continue;
        switch (number) {
        case GRAPH_NAME:
            status = net_onnx_string(r, f.body, &r->g->name);
            break;
        case GRAPH_INITIALIZER:
            status = read_initializer(r, f.body);
            break;
        case GRAPH_INPUT:
            status = read_input(r, f.body);
            break;
        case GRAPH_NODE:
            status = net_onnx_node(r, f.body);
            break;
        case GRAPH_OUTPUT:
            status = read_output(r, &outputs, f.body);
            break;
        default:
            status = error_set(r->err, PFLD_ERR_UNSUPPORTED,
                               "the model has sparse constants, which are not supported");
        }
    }
    net_names_free(&outputs);
    return status;
}

static pfld_status check_graph(const net_onnx_reader *r, bytes m)
{
    bool has_node = false;
    proto_field f;

    while (proto_next(&m, &f))
        has_node = has_node || f.number == GRAPH_NODE;
    if (m.failed)
        return net_onnx_damaged(r, "in the graph");
    if (!has_node)
        return error_set(r->err, PFLD_ERR_FORMAT, "the model's graph has no nodes");
    return PFLD_OK;
}

/* A constant must stay what the file says: net_graph_sort() would let a node write it too. */
static pfld_status check_writers(const net_onnx_reader *r)
{
    const net_graph *g = r->g;

    for (size_t i = 0; i < g->n_inputs; i++)
        if (g->values[g->inputs[i]].constant)
            return error_set(r->err, PFLD_ERR_FORMAT, "a node writes the input '%.100s'",
                             g->values[g->inputs[i]].name);
    for (size_t i = 0; i < g->n_nodes; i++)
        for (size_t k = 0; k < g->nodes[i].n_out; k++) {
            int32_t v = g->nodes[i].out[k];
            if (v != NET_NONE && g->values[v].constant)
                return error_set(r->err, PFLD_ERR_FORMAT,
                                 "operator '%s' (node '%.60s') writes the constant '%.60s'",
                                 net_op_get(g->nodes[i].op)->name, net_node_label(g, &g->nodes[i]),
                                 g->values[v].name);
        }
    return PFLD_OK;
}

static pfld_status read_graph(net_onnx_reader *r, bytes m)
{
    static const uint32_t order[] = {GRAPH_NAME,        GRAPH_SPARSE_INITIALIZER,
                                     GRAPH_INITIALIZER, GRAPH_INPUT,
                                     GRAPH_NODE,        GRAPH_OUTPUT};
    pfld_status status = check_graph(r, m);

    for (size_t i = 0; !status && i < sizeof order / sizeof *order; i++)
        status = read_all(r, m, order[i]);
    if (status)
        return status;
    if (r->g->n_outputs == 0)
        return error_set(r->err, PFLD_ERR_FORMAT, "the model's graph has no outputs");
    status = check_writers(r);
    return status ? status : net_graph_sort(r->g, r->err);
}

/* Keeps the version of ONNX's own domain; others may be listed, as long as no node uses them. */
static bool read_opset(bytes m, int64_t *opset)
{
    bytes domain = bytes_of(NULL, 0);
    int64_t version = 0;
    proto_field f;

    while (proto_next(&m, &f)) {
        if (f.number == OPSET_DOMAIN)
            domain = f.body;
        else if (f.number == OPSET_VERSION)
            version = (int64_t)f.value;
    }
    if (bytes_left(&domain) == 0 ||
        (bytes_left(&domain) == 7 && memcmp(domain.at, "ai.onnx", 7) == 0))
        *opset = version;
    return !m.failed;
}

static pfld_status read_model_text(const net_onnx_reader *r, model_text *t)
{
    bytes m = t->message;
    proto_field f;

    while (proto_next(&m, &f)) {
        if (f.number == MODEL_GRAPH) {
            t->graph = f.body;
            t->n_graphs++;
        } else if (f.number == MODEL_OPSET && !read_opset(f.body, &t->opset)) {
            return net_onnx_damaged(r, "in the opset");
        }
    }
    if (m.failed)
        return net_onnx_damaged(r, "in the model");
    if (t->n_graphs != 1)
        return net_onnx_damaged(r, t->n_graphs ? "more than one graph" : "no graph");
    if (t->opset == 0)
        return net_onnx_damaged(r, "no opset");
    if (t->opset < OPSET_FIRST || t->opset > OPSET_LAST)
        return error_set(r->err, PFLD_ERR_UNSUPPORTED,
                         "the model uses ONNX opset %lld; 9 to 21 are supported",
                         (long long)t->opset);
    return PFLD_OK;
}

static pfld_status read_meta_entry(const net_onnx_reader *r, net_names *keys, bytes m)
{
    bytes key = bytes_of(NULL, 0), value = key;
    net_meta entry;
    int32_t *slot;
    proto_field f;
    pfld_status status;

    while (proto_next(&m, &f)) {
        if (f.number == META_KEY)
            key = f.body;
        else if (f.number == META_VALUE)
            value = f.body;
    }
    if (m.failed)
        return net_onnx_damaged(r, "in the metadata");
    if ((status = net_onnx_string(r, key, &entry.key)) ||
        (status = net_onnx_string(r, value, &entry.value)))
        return status;
    slot = net_names_at(keys, key.at, bytes_left(&key));
    if (!slot)
        return error_nomem(r->err);
    if (*slot < 0)
        *slot = (int32_t)r->g->n_meta++;
    r->g->meta[*slot] = entry;
    return PFLD_OK;
}

/* Not through net_meta_set(), which looks at all keys for each. */
static pfld_status read_meta(const net_onnx_reader *r, bytes message)
{
    net_names keys = {0};
    size_t n = 0;
    bytes m = message;
    pfld_status status = PFLD_OK;
    proto_field f;

    while (proto_next(&m, &f))
        n += f.number == MODEL_META;
    if (n == 0)
        return PFLD_OK;
    r->g->meta = arena_alloc(&r->g->mem, n, sizeof *r->g->meta);
    if (!r->g->meta)
        return error_nomem(r->err);
    r->g->room_meta = n;
    while (!status && proto_next(&message, &f))
        if (f.number == MODEL_META)
            status = read_meta_entry(r, &keys, f.body);
    net_names_free(&keys);
    return status;
}

pfld_status net_onnx_read(const void *buf, size_t size, net_graph **out, pfld_error *err)
{
    model_text t = {.message = bytes_of(buf, size)};
    net_onnx_reader r = {.err = err};
    pfld_status status = net_graph_create(&r.g, err);

    *out = NULL;
    if (status)
        return status;
    if ((status = read_model_text(&r, &t)) || (status = read_meta(&r, t.message)) ||
        (r.g->opset = t.opset, status = read_graph(&r, t.graph)))
        net_graph_free(r.g);
    else
        *out = r.g;
    net_names_free(&r.values);
    mem_free(r.ids);
    return status;
}
