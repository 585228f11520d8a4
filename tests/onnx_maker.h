/* Makes ONNX files for tests, field by field, so that one field can be wrong. Include after
 * cmocka.h. */
#ifndef TESTS_ONNX_MAKER_H
#define TESTS_ONNX_MAKER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "net/onnx.h"
#include "net/onnx_schema.h"
#include "net/proto.h"

typedef struct maker {
    proto_writer graph;
    int64_t opset; /* 0: none in the file */
} maker;

static inline void put_names(proto_writer *w, uint32_t field, const char *names)
{
    char copy[256], *p = copy;

    snprintf(copy, sizeof copy, "%s", names);
    while (p) { /* "a,,b" is three names, "" is none */
        char *comma = strchr(p, ',');
        if (comma)
            *comma = '\0';
        if (*names)
            proto_put_string(w, field, p);
        p = comma ? comma + 1 : NULL;
    }
}

/* Leaves the node open for attributes; node_end() closes it. */
static inline size_t node_begin(maker *m, const char *op, const char *in, const char *out)
{
    size_t begin = proto_begin(&m->graph, GRAPH_NODE);

    put_names(&m->graph, NODE_INPUT, in);
    put_names(&m->graph, NODE_OUTPUT, out);
    proto_put_string(&m->graph, NODE_NAME, "the_node");
    proto_put_string(&m->graph, NODE_OP, op);
    return begin;
}

static inline void put_node(maker *m, const char *op, const char *in, const char *out)
{
    proto_end(&m->graph, node_begin(m, op, in, out));
}

/* dims: 0 ends the list, -1 is open, -2 a name */
static inline void put_value(maker *m, uint32_t field, const char *name, int64_t kind,
                             const int64_t *dims)
{
    proto_writer *w = &m->graph;
    size_t info = proto_begin(w, field), type, tensor, shape;

    proto_put_string(w, VALUE_NAME, name);
    type = proto_begin(w, VALUE_TYPE);
    tensor = proto_begin(w, TYPE_TENSOR);
    proto_put_int(w, TENSOR_TYPE_ELEMENT, kind);
    shape = proto_begin(w, TENSOR_TYPE_SHAPE);
    for (; *dims; dims++) {
        size_t dim = proto_begin(w, SHAPE_DIM);
        if (*dims == -2)
            proto_put_string(w, DIM_PARAM, "batch");
        else if (*dims != -1)
            proto_put_int(w, DIM_VALUE, *dims);
        proto_end(w, dim);
    }
    proto_end(w, shape);
    proto_end(w, tensor);
    proto_end(w, type);
    proto_end(w, info);
}

static const int64_t one_by_three[] = {1, 3, 0};

static inline void put_input(maker *m, const char *name)
{
    put_value(m, GRAPH_INPUT, name, NET_F32, one_by_three);
}

static inline void put_output(maker *m, const char *name)
{
    put_value(m, GRAPH_OUTPUT, name, NET_F32, one_by_three);
}

/* Leaves the tensor open for its data. */
static inline size_t tensor_begin(maker *m, uint32_t field, const char *name, int64_t kind,
                                  const int64_t *dims)
{
    size_t begin = proto_begin(&m->graph, field);

    for (; *dims; dims++)
        proto_put_int(&m->graph, TENSOR_DIMS, *dims);
    proto_put_int(&m->graph, TENSOR_TYPE, kind);
    proto_put_string(&m->graph, TENSOR_NAME, name);
    return begin;
}

/* A float constant [3] of 1, 2, 3. */
static inline void put_weights(maker *m, const char *name)
{
    static const float data[] = {1.0f, 2.0f, 3.0f};
    size_t begin = tensor_begin(m, GRAPH_INITIALIZER, name, NET_F32, (int64_t[]){3, 0});

    proto_put_elements(&m->graph, TENSOR_RAW, data, 3, 4);
    proto_end(&m->graph, begin);
}

/* y = x + w: each test spoils it in one place. */
static inline maker sound(void)
{
    maker m = {.opset = 11};

    put_node(&m, "Add", "x,w", "y");
    put_weights(&m, "w");
    put_input(&m, "x");
    put_output(&m, "y");
    return m;
}

/* The model as a block of exactly its size. Frees the maker. */
static inline uint8_t *finish(maker *m, size_t *size)
{
    proto_writer w = {0};
    uint8_t *exact;
    size_t begin;

    proto_put_int(&w, MODEL_IR_VERSION, 6);
    proto_put_bytes(&w, MODEL_GRAPH, m->graph.buf, m->graph.n);
    if (m->opset) {
        begin = proto_begin(&w, MODEL_OPSET);
        proto_put_int(&w, OPSET_VERSION, m->opset);
        proto_end(&w, begin);
    }
    assert_false(w.failed || m->graph.failed);
    exact = malloc(w.n);
    assert_non_null(exact);
    memcpy(exact, w.buf, w.n);
    *size = w.n;
    mem_free(w.buf);
    mem_free(m->graph.buf);
    *m = (maker){0};
    return exact;
}

static inline net_graph *read_sound(maker *m)
{
    pfld_error err = {0};
    net_graph *g;
    size_t size;
    uint8_t *file = finish(m, &size);
    pfld_status status = net_onnx_read(file, size, &g, &err);

    free(file); /* the graph keeps nothing of it */
    assert_string_equal(err.msg, "");
    assert_int_equal(status, PFLD_OK);
    return g;
}

static inline void assert_refused(maker *m, pfld_status want, const char *says)
{
    pfld_error err = {0};
    net_graph *g = (net_graph *)m;
    size_t size;
    uint8_t *file = finish(m, &size);
    pfld_status status = net_onnx_read(file, size, &g, &err);

    free(file);
    assert_null(g);
    if (status != want || !strstr(err.msg, says))
        fail_msg("status %d, \"%s\"; \"%s\" expected", (int)status, err.msg, says);
    assert_int_equal(err.status, want);
}

static inline int32_t find_value(const net_graph *g, const char *name)
{
    for (size_t i = 0; i < g->n_values; i++)
        if (strcmp(g->values[i].name, name) == 0)
            return (int32_t)i;
    fail_msg("no value '%s'", name);
    return NET_NONE;
}

static inline const net_tensor *find_constant(const net_graph *g, const char *name)
{
    const net_tensor *t = g->values[find_value(g, name)].constant;

    assert_non_null(t);
    return t;
}

static inline void put_attr(maker *m, const char *name, int64_t kind, proto_writer *fields)
{
    size_t begin = proto_begin(&m->graph, NODE_ATTRIBUTE);
    uint8_t *at;

    proto_put_string(&m->graph, ATTR_NAME, name);
    if (kind)
        proto_put_int(&m->graph, ATTR_TYPE, kind);
    for (size_t i = 0; i < fields->n; i++) { /* as they are: there is no call for that */
        at = mem_grow(m->graph.buf, &m->graph.room, m->graph.n + 1, 1);
        assert_non_null(at);
        m->graph.buf = at;
        at[m->graph.n++] = fields->buf[i];
    }
    proto_end(&m->graph, begin);
    mem_free(fields->buf);
    *fields = (proto_writer){0};
}

/* A node "Relu" with one attribute of every kind; kinds: whether those are stated. */
static inline maker with_attributes(bool kinds)
{
    maker m = {.opset = 11};
    proto_writer f = {0};
    size_t node = node_begin(&m, "Relu", "x", "y"), t;

    proto_put_int(&f, ATTR_I, -3);
    put_attr(&m, "int", kinds ? NET_ATTR_INT : 0, &f);
    proto_put_float(&f, ATTR_F, 0.5f);
    put_attr(&m, "float", kinds ? NET_ATTR_FLOAT : 0, &f);
    proto_put_string(&f, ATTR_S, "same");
    put_attr(&m, "string", kinds ? NET_ATTR_STRING : 0, &f);
    proto_put_int(&f, ATTR_INTS, 1);
    proto_put_int(&f, ATTR_INTS, -1);
    put_attr(&m, "ints", kinds ? NET_ATTR_INTS : 0, &f);
    proto_put_bytes(&f, ATTR_INTS, "\x02\x80\x01", 3);
    put_attr(&m, "packed", kinds ? NET_ATTR_INTS : 0, &f);
    proto_put_elements(&f, ATTR_FLOATS, (float[]){1.0f, 2.0f}, 2, 4);
    proto_put_float(&f, ATTR_FLOATS, 3.0f);
    put_attr(&m, "floats", kinds ? NET_ATTR_FLOATS : 0, &f);
    t = proto_begin(&f, ATTR_T);
    proto_put_int(&f, TENSOR_DIMS, 2);
    proto_put_int(&f, TENSOR_TYPE, NET_U8);
    proto_put_bytes(&f, TENSOR_RAW, "\x07\xff", 2);
    proto_end(&f, t);
    put_attr(&m, "tensor", kinds ? NET_ATTR_TENSOR : 0, &f);
    proto_end(&m.graph, node);
    put_input(&m, "x");
    put_output(&m, "y");
    return m;
}

/* A graph whose constant "t" [n] of that kind has its data in that field. */
static inline maker with_tensor(int64_t kind, int64_t n, uint32_t field, const void *data,
                                size_t size)
{
    maker m = sound();
    size_t begin = tensor_begin(&m, GRAPH_INITIALIZER, "t", kind, (int64_t[]){n, 0});

    proto_put_bytes(&m.graph, field, data, size);
    proto_end(&m.graph, begin);
    return m;
}

#endif
