/* ONNX's NodeProto, with its attributes, into a node of the graph. */
#include "net/onnx_node.h"

#include <assert.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "net/onnx_schema.h"
#include "net/onnx_tensor.h"
#include "net/proto.h"

typedef struct node_text { /* a NodeProto that was looked through once */
    bytes message, name, op_name, domain;
    bytes label; /* what messages call it: its name, else its first output's */
    net_op op;
    size_t n_in, n_out, n_attr;
    int32_t *in, *out; /* in net_onnx_reader.ids */
} node_text;

typedef struct attr_text { /* the same of an AttributeProto */
    bytes message, name, string, tensor;
    uint64_t kind;
    int64_t i;
    float f;
    bool has_f, has_i, has_string, has_tensor, has_graph, refers;
    size_t n_floats, n_ints;
} attr_text;

#define NODE_TEXT(t) NET_ONNX_TEXT((t)->op_name), NET_ONNX_TEXT((t)->label)

static pfld_status node_damaged(const net_onnx_reader *r, const node_text *t)
{
    return error_set(r->err, PFLD_ERR_FORMAT, "operator '%.*s' (node '%.*s') is damaged",
                     NODE_TEXT(t));
}

static pfld_status read_node_text(const net_onnx_reader *r, node_text *t)
{
    bytes m = t->message, output = bytes_of(NULL, 0);
    proto_field f;

    t->name = t->op_name = t->domain = output;
    while (proto_next(&m, &f)) {
        if (f.number == NODE_INPUT)
            t->n_in++;
        else if (f.number == NODE_OUTPUT && t->n_out++ == 0)
            output = f.body;
        else if (f.number == NODE_NAME)
            t->name = f.body;
        else if (f.number == NODE_OP)
            t->op_name = f.body;
        else if (f.number == NODE_ATTRIBUTE)
            t->n_attr++;
        else if (f.number == NODE_DOMAIN)
            t->domain = f.body;
    }
    t->label = bytes_left(&t->name) ? t->name : output;
    return m.failed ? net_onnx_damaged(r, "in a node") : PFLD_OK;
}

static bool is_text(bytes b, const char *s)
{
    return bytes_left(&b) == strlen(s) && memcmp(b.at, s, strlen(s)) == 0;
}

static pfld_status find_operator(const net_onnx_reader *r, node_text *t)
{
    if (bytes_left(&t->op_name) == 0)
        return error_set(r->err, PFLD_ERR_FORMAT, "node '%.*s' has no operator",
                         NET_ONNX_TEXT(t->label));
    if (bytes_left(&t->domain) && !is_text(t->domain, "ai.onnx"))
        return error_set(r->err, PFLD_ERR_UNSUPPORTED,
                         "operator '%.*s' (node '%.*s') of the domain '%.*s' is not supported",
                         NODE_TEXT(t), NET_ONNX_TEXT(t->domain));
    t->op = net_op_find((const char *)t->op_name.at, bytes_left(&t->op_name));
    if (t->op == NET_OP_NONE)
        return error_set(r->err, PFLD_ERR_UNSUPPORTED,
                         "operator '%.*s' (node '%.*s') is not supported", NODE_TEXT(t));
    return PFLD_OK;
}

/* The values of all fields of this number, without the left-out ones at the end. */
static pfld_status read_ids(net_onnx_reader *r, const node_text *t, uint32_t number, int32_t *ids,
                            size_t *n)
{
    bytes m = t->message;
    proto_field f;
    size_t i = 0;

    *n = 0;
    while (proto_next(&m, &f)) {
        pfld_status status = PFLD_OK;
        if (f.number != number)
            continue;
        ids[i] = NET_NONE;
        if (bytes_left(&f.body))
            status = net_onnx_value(r, f.body, &ids[i]);
        if (status)
            return status;
        if (ids[i++] != NET_NONE)
            *n = i;
    }
    return PFLD_OK;
}

static pfld_status check_arity(const net_onnx_reader *r, const node_text *t)
{
    const net_op_info *op = net_op_get(t->op);
    bool sound = t->n_in >= (size_t)op->min_in && t->n_out >= (size_t)op->min_out &&
                 (op->max_in < 0 || t->n_in <= (size_t)op->max_in) &&
                 (op->max_out < 0 || t->n_out <= (size_t)op->max_out);

    for (int i = 0; sound && i < op->min_in; i++)
        sound = t->in[i] != NET_NONE;
    for (int i = 0; sound && i < op->min_out; i++)
        sound = t->out[i] != NET_NONE;
    if (sound)
        return PFLD_OK;
    return error_set(r->err, PFLD_ERR_FORMAT,
                     "operator '%.*s' (node '%.*s') can't have %zu inputs and %zu outputs, "
                     "or lacks one of them",
                     NODE_TEXT(t), t->n_in, t->n_out);
}

static pfld_status read_values(net_onnx_reader *r, node_text *t)
{
    int32_t *ids = mem_grow(r->ids, &r->room_ids, t->n_in + t->n_out + 1, sizeof *ids);
    pfld_status status;

    if (!ids)
        return error_nomem(r->err);
    r->ids = ids;
    t->in = ids;
    t->out = ids + t->n_in;
    if ((status = read_ids(r, t, NODE_INPUT, t->in, &t->n_in)) ||
        (status = read_ids(r, t, NODE_OUTPUT, t->out, &t->n_out)))
        return status;
    return check_arity(r, t);
}

static pfld_status attr_refused(const net_onnx_reader *r, const node_text *t, const attr_text *a,
                                pfld_status status, const char *what)
{
    return error_set(r->err, status, "operator '%.*s' (node '%.*s'): attribute '%.*s' %s",
                     NODE_TEXT(t), NET_ONNX_TEXT(a->name), what);
}

static bool read_attr_fields(attr_text *a)
{
    bytes m = a->message;
    proto_field f;

    a->name = a->string = a->tensor = bytes_of(NULL, 0);
    while (proto_next(&m, &f)) {
        if (f.number == ATTR_NAME) {
            a->name = f.body;
        } else if (f.number == ATTR_F) {
            a->f = proto_float((uint32_t)f.value);
            a->has_f = true;
        } else if (f.number == ATTR_I) {
            a->i = (int64_t)f.value;
            a->has_i = true;
        } else if (f.number == ATTR_S) {
            a->string = f.body;
            a->has_string = true;
        } else if (f.number == ATTR_T) {
            a->tensor = f.body;
            a->has_tensor = true;
        } else if (f.number == ATTR_G || f.number == ATTR_GRAPHS) {
            a->has_graph = true;
        } else if (f.number == ATTR_TYPE) {
            a->kind = f.value;
        } else if (f.number == ATTR_REFERENCE) {
            a->refers = true;
        }
    }
    return !m.failed && proto_numbers_count(a->message, ATTR_FLOATS, PROTO_I32, &a->n_floats) &&
           proto_numbers_count(a->message, ATTR_INTS, PROTO_VARINT, &a->n_ints);
}

/* Old writers state no kind: it is that of the field that is there. */
static uint64_t guess_kind(const attr_text *a)
{
    if (a->has_graph)
        return ATTR_KIND_GRAPH;
    if (a->has_tensor)
        return NET_ATTR_TENSOR;
    if (a->n_ints)
        return NET_ATTR_INTS;
    if (a->n_floats)
        return NET_ATTR_FLOATS;
    if (a->has_string)
        return NET_ATTR_STRING;
    if (a->has_f)
        return NET_ATTR_FLOAT;
    return a->has_i ? NET_ATTR_INT : ATTR_KIND_NONE;
}

static pfld_status read_attr_text(const net_onnx_reader *r, const node_text *t, attr_text *a)
{
    if (!read_attr_fields(a))
        return node_damaged(r, t);
    if (a->kind == ATTR_KIND_NONE)
        a->kind = guess_kind(a);
    if (bytes_left(&a->name) == 0 || a->kind == ATTR_KIND_NONE)
        return attr_refused(r, t, a, PFLD_ERR_FORMAT, "has no name or no value");
    if (a->kind == ATTR_KIND_GRAPH || a->kind == ATTR_KIND_GRAPHS)
        return attr_refused(r, t, a, PFLD_ERR_UNSUPPORTED, "is a graph, which is not supported");
    if (a->refers || a->kind > NET_ATTR_INTS)
        return attr_refused(r, t, a, PFLD_ERR_UNSUPPORTED, "is of a kind that is not supported");
    if (a->kind == NET_ATTR_TENSOR && !a->has_tensor)
        return attr_refused(r, t, a, PFLD_ERR_FORMAT, "holds no tensor");
    return PFLD_OK;
}

static pfld_status read_floats(const net_onnx_reader *r, const attr_text *a, net_attr *to)
{
    proto_numbers it = proto_numbers_of(a->message, ATTR_FLOATS, PROTO_I32);
    float *v = arena_alloc(&r->g->mem, a->n_floats, sizeof *v);
    uint64_t bits;

    if (!v)
        return error_nomem(r->err);
    for (size_t i = 0; i < a->n_floats && proto_numbers_next(&it, &bits); i++)
        v[i] = proto_float((uint32_t)bits);
    to->floats = v;
    to->n = a->n_floats;
    return PFLD_OK;
}

static pfld_status read_ints(const net_onnx_reader *r, const attr_text *a, net_attr *to)
{
    proto_numbers it = proto_numbers_of(a->message, ATTR_INTS, PROTO_VARINT);
    int64_t *v = arena_alloc(&r->g->mem, a->n_ints, sizeof *v);
    uint64_t bits;

    if (!v)
        return error_nomem(r->err);
    for (size_t i = 0; i < a->n_ints && proto_numbers_next(&it, &bits); i++)
        v[i] = (int64_t)bits;
    to->ints = v;
    to->n = a->n_ints;
    return PFLD_OK;
}

static pfld_status read_attr(const net_onnx_reader *r, const node_text *t, bytes message,
                             net_attr *to)
{
    attr_text a = {.message = message};
    pfld_status status = read_attr_text(r, t, &a);

    if (status || (status = net_onnx_string(r, a.name, &to->name)))
        return status;
    to->kind = (net_attr_kind)a.kind;
    switch (to->kind) {
    case NET_ATTR_FLOAT:
        to->f = a.f;
        return PFLD_OK;
    case NET_ATTR_INT:
        to->i = a.i;
        return PFLD_OK;
    case NET_ATTR_STRING:
        return net_onnx_string(r, a.string, &to->s);
    case NET_ATTR_TENSOR:
        return net_onnx_tensor(a.tensor, t->label, r->g, &to->tensor, r->err);
    case NET_ATTR_FLOATS:
        return read_floats(r, &a, to);
    case NET_ATTR_INTS:
        return read_ints(r, &a, to);
    }
    return node_damaged(r, t);
}

/* [n_attr] into the graph's memory; NULL for none. */
static pfld_status read_attrs(const net_onnx_reader *r, const node_text *t, net_attr **out)
{
    bytes m = t->message;
    net_attr *attrs;
    proto_field f;
    size_t i = 0;

    *out = NULL;
    if (t->n_attr == 0)
        return PFLD_OK;
    attrs = arena_alloc(&r->g->mem, t->n_attr, sizeof *attrs);
    if (!attrs)
        return error_nomem(r->err);
    while (i < t->n_attr && proto_next(&m, &f)) {
        pfld_status status;
        if (f.number != NODE_ATTRIBUTE)
            continue;
        status = read_attr(r, t, f.body, &attrs[i++]);
        if (status)
            return status;
    }
    *out = attrs;
    return PFLD_OK;
}

/* The value of a Constant: a tensor, or a number or list of numbers. */
static pfld_status constant_tensor(const net_onnx_reader *r, const node_text *t, const net_attr *a,
                                   const net_tensor **out)
{
    net_shape scalar = {0}, list = {.rank = 1, .dim = {a ? (int64_t)a->n : 0}};

    *out = NULL;
    if (t->n_attr != 1 || !a)
        return PFLD_ERR_UNSUPPORTED;
    if (a->kind == NET_ATTR_TENSOR && strcmp(a->name, "value") == 0)
        *out = a->tensor;
    else if (a->kind == NET_ATTR_FLOAT && strcmp(a->name, "value_float") == 0)
        *out = net_tensor_add(r->g, NET_F32, &scalar, &a->f);
    else if (a->kind == NET_ATTR_FLOATS && strcmp(a->name, "value_floats") == 0)
        *out = net_tensor_add(r->g, NET_F32, &list, a->floats);
    else if (a->kind == NET_ATTR_INT && strcmp(a->name, "value_int") == 0)
        *out = net_tensor_add(r->g, NET_I64, &scalar, &a->i);
    else if (a->kind == NET_ATTR_INTS && strcmp(a->name, "value_ints") == 0)
        *out = net_tensor_add(r->g, NET_I64, &list, a->ints);
    else
        return PFLD_ERR_UNSUPPORTED;
    return *out ? PFLD_OK : error_nomem(r->err);
}

static pfld_status add_constant(const net_onnx_reader *r, const node_text *t, const net_attr *a)
{
    net_value *v = &r->g->values[t->out[0]];
    const net_tensor *tensor;
    pfld_status status = constant_tensor(r, t, a, &tensor);

    if (status == PFLD_ERR_UNSUPPORTED)
        return error_set(r->err, status,
                         "operator 'Constant' (node '%.*s') has no value of a kind that is "
                         "supported",
                         NET_ONNX_TEXT(t->label));
    if (status)
        return status;
    if (v->constant)
        return error_set(r->err, PFLD_ERR_FORMAT,
                         "operator 'Constant' (node '%.*s') writes once more '%.60s'",
                         NET_ONNX_TEXT(t->label), v->name);
    v->constant = tensor;
    v->dtype = tensor->dtype;
    v->has_shape = true;
    v->shape = tensor->shape;
    return PFLD_OK;
}

pfld_status net_onnx_node(net_onnx_reader *r, bytes message)
{
    node_text t = {.message = message};
    net_attr *attrs = NULL;
    net_node *node;
    pfld_status status;

    if ((status = read_node_text(r, &t)) || (status = find_operator(r, &t)) ||
        (status = read_values(r, &t)) || (status = read_attrs(r, &t, &attrs)))
        return status;
    assert(t.in && t.out);
    if (t.op == NET_OP_CONSTANT)
        return add_constant(r, &t, attrs);
    node = net_node_add(r->g, t.op, NULL, t.in, t.n_in, t.out, t.n_out);
    if (!node)
        return error_nomem(r->err);
    node->attr = attrs;
    node->n_attr = node->room_attr = t.n_attr;
    return net_onnx_string(r, t.name, &node->name);
}
