/* A neural net as data: building it, cloning it, looking things up in it. */
#include "net/graph.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/checked.h"
#include "core/error.h"
#include "core/mem.h"

/* Room for one more element. The old array stays behind in the arena: doubling keeps all of those
 * together smaller than the newest. */
static void *grow(net_graph *g, void *old, size_t n, size_t *room, size_t size)
{
    size_t want = *room ? *room * 2 : 4;
    void *p;

    if (n < *room)
        return old;
    p = arena_alloc(&g->mem, want, size);
    if (!p)
        return NULL;
    if (n)
        memcpy(p, old, n * size);
    *room = want;
    return p;
}

/* A copy of n elements with room for no more. n == 0 gives NULL and is no failure. */
static bool copy_array(net_graph *g, const void *from, size_t n, size_t size, void **out)
{
    *out = NULL;
    if (n == 0)
        return true;
    *out = arena_alloc(&g->mem, n, size);
    if (*out)
        memcpy(*out, from, n * size);
    return *out != NULL;
}

static const char *copy_string(net_graph *g, const char *s)
{
    if (!s || !*s)
        return ""; /* most nodes of some exporters: not worth 64 bytes each */
    return arena_strndup(&g->mem, s, strlen(s));
}

pfld_status net_graph_create(net_graph **out, pfld_error *err)
{
    *out = mem_alloc(1, sizeof **out);
    if (!*out)
        return error_nomem(err);
    (*out)->name = "";
    return PFLD_OK;
}

void net_graph_free(net_graph *g)
{
    if (!g)
        return;
    arena_free(&g->mem);
    mem_free(g);
}

/* The arrays of a node that a rewrite may change; what its attributes point to stays shared. */
static bool clone_node(net_graph *g, net_node *node)
{
    void *in, *out, *attr;

    if (!copy_array(g, node->in, node->n_in, sizeof *node->in, &in) ||
        !copy_array(g, node->out, node->n_out, sizeof *node->out, &out) ||
        !copy_array(g, node->attr, node->n_attr, sizeof *node->attr, &attr))
        return false;
    node->in = in;
    node->out = out;
    node->attr = attr;
    node->room_attr = node->n_attr;
    return true;
}

static bool clone_arrays(net_graph *g, const net_graph *src)
{
    void *values, *nodes, *inputs, *outputs, *meta;

    if (!copy_array(g, src->values, src->n_values, sizeof *src->values, &values) ||
        !copy_array(g, src->nodes, src->n_nodes, sizeof *src->nodes, &nodes) ||
        !copy_array(g, src->inputs, src->n_inputs, sizeof *src->inputs, &inputs) ||
        !copy_array(g, src->outputs, src->n_outputs, sizeof *src->outputs, &outputs) ||
        !copy_array(g, src->meta, src->n_meta, sizeof *src->meta, &meta))
        return false;
    g->values = values;
    g->n_values = g->room_values = src->n_values;
    g->nodes = nodes;
    g->n_nodes = g->room_nodes = src->n_nodes;
    g->inputs = inputs;
    g->n_inputs = g->room_inputs = src->n_inputs;
    g->outputs = outputs;
    g->n_outputs = g->room_outputs = src->n_outputs;
    g->meta = meta;
    g->n_meta = g->room_meta = src->n_meta;
    for (size_t i = 0; i < g->n_nodes; i++)
        if (!clone_node(g, &g->nodes[i]))
            return false;
    return true;
}

pfld_status net_graph_clone(const net_graph *src, net_graph **out, pfld_error *err)
{
    pfld_status status = net_graph_create(out, err);

    if (!*out)
        return status;
    (*out)->name = src->name;
    (*out)->opset = src->opset;
    if (clone_arrays(*out, src))
        return PFLD_OK;
    net_graph_free(*out);
    *out = NULL;
    return error_nomem(err);
}

int32_t net_value_add(net_graph *g, const char *name, net_dtype dtype, const net_shape *shape)
{
    net_value *values, v = {.name = copy_string(g, name), .dtype = dtype, .has_shape = shape};

    if (!v.name || g->n_values >= INT32_MAX)
        return NET_NONE;
    values = grow(g, g->values, g->n_values, &g->room_values, sizeof *values);
    if (!values)
        return NET_NONE;
    if (shape)
        v.shape = *shape;
    g->values = values;
    values[g->n_values] = v;
    return (int32_t)g->n_values++;
}

net_tensor *net_tensor_add(net_graph *g, net_dtype dtype, const net_shape *shape, const void *data)
{
    size_t size = net_dtype_size(dtype);
    net_tensor *t = arena_alloc(&g->mem, 1, sizeof *t);

    if (!t || !size || !net_shape_count(shape, &t->count))
        return NULL;
    t->dtype = dtype;
    t->shape = *shape;
    t->data = arena_alloc(&g->mem, t->count, size);
    if (t->data && data && t->count)
        memcpy(t->data, data, t->count * size);
    return t->data ? t : NULL;
}

int32_t net_constant_add(net_graph *g, const char *name, net_dtype dtype, const net_shape *shape,
                         const void *data)
{
    const net_tensor *t = net_tensor_add(g, dtype, shape, data);
    int32_t value = t ? net_value_add(g, name, dtype, shape) : NET_NONE;

    if (value != NET_NONE)
        g->values[value].constant = t;
    return value;
}

net_node *net_node_add(net_graph *g, net_op op, const char *name, const int32_t *in, size_t n_in,
                       const int32_t *out, size_t n_out)
{
    net_node *nodes, node = {.op = op, .n_in = n_in, .n_out = n_out};
    size_t n;

    node.name = copy_string(g, name);
    if (!node.name || g->n_nodes >= INT32_MAX || !checked_add(n_in, n_out, &n))
        return NULL;
    node.in = arena_alloc(&g->mem, n, sizeof *node.in); /* both lists in one piece */
    if (!node.in)
        return NULL;
    node.out = node.in + n_in;
    if (n_in)
        memcpy(node.in, in, n_in * sizeof *in);
    if (n_out)
        memcpy(node.out, out, n_out * sizeof *out);
    nodes = grow(g, g->nodes, g->n_nodes, &g->room_nodes, sizeof *nodes);
    if (!nodes)
        return NULL;
    g->nodes = nodes;
    nodes[g->n_nodes] = node;
    return &nodes[g->n_nodes++];
}

static bool copy_attr(net_graph *g, const net_attr *from, net_attr *to)
{
    void *ints = NULL, *floats = NULL;

    *to = (net_attr){.kind = from->kind, .i = from->i, .f = from->f};
    to->name = copy_string(g, from->name);
    if (!to->name)
        return false;
    if (from->kind == NET_ATTR_STRING)
        return (to->s = copy_string(g, from->s)) != NULL;
    if (from->kind == NET_ATTR_TENSOR) {
        const net_tensor *t = from->tensor;
        return (to->tensor = net_tensor_add(g, t->dtype, &t->shape, t->data)) != NULL;
    }
    if (from->kind == NET_ATTR_INTS && !copy_array(g, from->ints, from->n, sizeof(int64_t), &ints))
        return false;
    if (from->kind == NET_ATTR_FLOATS &&
        !copy_array(g, from->floats, from->n, sizeof(float), &floats))
        return false;
    to->ints = ints;
    to->floats = floats;
    to->n = ints || floats ? from->n : 0;
    return true;
}

bool net_attr_add(net_graph *g, net_node *node, const net_attr *attr)
{
    net_attr *attrs = grow(g, node->attr, node->n_attr, &node->room_attr, sizeof *attrs);

    if (!attrs)
        return false;
    node->attr = attrs;
    if (!copy_attr(g, attr, &attrs[node->n_attr]))
        return false;
    node->n_attr++;
    return true;
}

bool net_input_add(net_graph *g, int32_t value)
{
    int32_t *p = grow(g, g->inputs, g->n_inputs, &g->room_inputs, sizeof *p);

    if (!p)
        return false;
    g->inputs = p;
    p[g->n_inputs++] = value;
    return true;
}

bool net_output_add(net_graph *g, int32_t value)
{
    int32_t *p = grow(g, g->outputs, g->n_outputs, &g->room_outputs, sizeof *p);

    if (!p)
        return false;
    g->outputs = p;
    p[g->n_outputs++] = value;
    return true;
}

static net_meta *find_meta(const net_graph *g, const char *key)
{
    for (size_t i = 0; i < g->n_meta; i++)
        if (strcmp(g->meta[i].key, key) == 0)
            return &g->meta[i];
    return NULL;
}

bool net_meta_set(net_graph *g, const char *key, const char *value)
{
    net_meta *all, *m = find_meta(g, key), fresh = {.value = copy_string(g, value)};

    if (!fresh.value)
        return false;
    if (m) {
        m->value = fresh.value;
        return true;
    }
    fresh.key = copy_string(g, key);
    all = fresh.key ? grow(g, g->meta, g->n_meta, &g->room_meta, sizeof *all) : NULL;
    if (!all)
        return false;
    g->meta = all;
    all[g->n_meta++] = fresh;
    return true;
}

const char *net_meta_get(const net_graph *g, const char *key)
{
    const net_meta *m = find_meta(g, key);

    return m ? m->value : NULL;
}

const char *net_node_label(const net_graph *g, const net_node *node)
{
    if (*node->name)
        return node->name;
    for (size_t i = 0; i < node->n_out; i++)
        if (node->out[i] != NET_NONE && *g->values[node->out[i]].name)
            return g->values[node->out[i]].name;
    return "?";
}

const net_attr *net_attr_find(const net_node *node, const char *name)
{
    for (size_t i = 0; i < node->n_attr; i++)
        if (strcmp(node->attr[i].name, name) == 0)
            return &node->attr[i];
    return NULL;
}

int64_t net_attr_int(const net_node *node, const char *name, int64_t otherwise)
{
    const net_attr *a = net_attr_find(node, name);

    return a && a->kind == NET_ATTR_INT ? a->i : otherwise;
}

float net_attr_float(const net_node *node, const char *name, float otherwise)
{
    const net_attr *a = net_attr_find(node, name);

    return a && a->kind == NET_ATTR_FLOAT ? a->f : otherwise;
}

const char *net_attr_string(const net_node *node, const char *name, const char *otherwise)
{
    const net_attr *a = net_attr_find(node, name);

    return a && a->kind == NET_ATTR_STRING ? a->s : otherwise;
}

size_t net_dtype_size(net_dtype dtype)
{
    switch (dtype) {
    case NET_U8:
    case NET_I8:
    case NET_BOOL:
        return 1;
    case NET_F16:
        return 2;
    case NET_F32:
    case NET_I32:
        return 4;
    case NET_I64:
    case NET_F64:
        return 8;
    }
    return 0;
}

bool net_shape_count(const net_shape *shape, size_t *count)
{
    size_t n = 1;

    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dim[i] < 0 || (uint64_t)shape->dim[i] > SIZE_MAX ||
            !checked_mul(n, (size_t)shape->dim[i], &n))
            return false;
    *count = n;
    return true;
}

bool net_shape_equal(const net_shape *a, const net_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

char *net_shape_text(const net_shape *shape, char *buf, size_t size)
{
    size_t used = 0;

    if (size == 0)
        return buf;
    buf[0] = '\0';
    if (shape->rank == 0)
        snprintf(buf, size, "scalar");
    for (int32_t i = 0; i < shape->rank && used < size; i++) {
        const char *x = i ? "x" : "";
        int n = shape->dim[i] < 0
                    ? snprintf(buf + used, size - used, "%s?", x)
                    : snprintf(buf + used, size - used, "%s%lld", x, (long long)shape->dim[i]);
        used += (size_t)n;
    }
    return buf;
}
