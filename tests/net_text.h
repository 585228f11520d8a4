/*
 * Small nets from text, for the tests of net/. Statements end with ';':
 *   in x 1x3x8x8            a graph input; "in x i64:2" of another kind; "in x ?" has no shape
 *   const w r4x3x3x3        random floats in -1..1; or any constant as below
 *   y = Conv(x,w) pads=[1,1,1,1] auto_pad=VALID alpha=0.5 axis=-1
 *   a,b = Split(x,#[2,1])   '#' starts a constant in place, '-' is an input or output left out
 *   out y
 * Constants: [1,2] int64 list, 5 int64 scalar, f[1.5,2] f2.5 float, i32 u8 i8 b the same; "@2x2"
 * behind a list shapes it; z2x3 zeros.
 */
#ifndef TESTS_NET_TEXT_H
#define TESTS_NET_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/graph.h"
#include "net/tensor.h"

typedef struct text_net {
    net_graph *g;
    const char *at;
    uint32_t random;
} text_net;

static inline void text_blank(text_net *t)
{
    while (isspace((unsigned char)*t->at))
        t->at++;
}

static inline bool text_skip(text_net *t, const char *word)
{
    text_blank(t);
    size_t n = strlen(word);
    if (strncmp(t->at, word, n) != 0)
        return false;
    t->at += n;
    return true;
}

static inline void text_word(text_net *t, char *buf, size_t size)
{
    size_t n = 0;
    text_blank(t);
    while (*t->at && !isspace((unsigned char)*t->at) && !strchr(";,()=#", *t->at)) {
        assert_true(n + 1 < size);
        buf[n++] = *t->at++;
    }
    buf[n] = '\0';
}

static inline net_shape text_shape(text_net *t)
{
    net_shape s = {0};
    char *end;
    if (!isdigit((unsigned char)*t->at) && *t->at != '?')
        return s; /* a scalar */
    do {
        if (*t->at == '?') {
            s.dim[s.rank++] = NET_DIM_OPEN;
            t->at++;
        } else {
            s.dim[s.rank++] = strtoll(t->at, &end, 10);
            t->at = end;
        }
    } while (*t->at == 'x' && t->at++);
    return s;
}

static inline net_dtype text_kind(text_net *t, net_dtype otherwise)
{
    static const struct {
        const char *name;
        net_dtype dtype;
    } kinds[] = {{"f", NET_F32}, {"i64", NET_I64}, {"i32", NET_I32},
                 {"u8", NET_U8}, {"i8", NET_I8},   {"b", NET_BOOL}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (text_skip(t, kinds[i].name))
            return kinds[i].dtype;
    return otherwise;
}

static inline int32_t text_filled(text_net *t, const char *name)
{
    bool random = *t->at == 'r';
    t->at++;
    net_shape shape = text_shape(t);
    int32_t v = net_constant_add(t->g, name, NET_F32, &shape, NULL);
    assert_int_not_equal(v, NET_NONE);
    float *data = t->g->values[v].constant->data;
    for (size_t i = 0; random && i < t->g->values[v].constant->count; i++) {
        t->random = t->random * 1664525u + 1013904223u;
        data[i] = (float)(t->random >> 8) / (float)(1 << 23) - 1.0f;
    }
    return v;
}

static inline int32_t text_constant(text_net *t, const char *name)
{
    double number[64];
    int64_t whole[64];
    char *end;
    size_t n = 0;
    text_blank(t);
    if (*t->at == 'r' || *t->at == 'z')
        return text_filled(t, name);
    net_dtype dtype = text_kind(t, NET_I64);
    bool list = text_skip(t, "[");
    while (*t->at != ']') {
        assert_true(n < 64);
        number[n] = strtod(t->at, &end);
        whole[n] = strtoll(t->at, NULL, 10);
        assert_ptr_not_equal(end, t->at);
        t->at = end;
        n++;
        if (!list || (*t->at == ',' && !t->at++))
            break;
    }
    net_shape shape = {.rank = list, .dim = {(int64_t)n}};
    if (list)
        t->at++;
    if (*t->at == '@' && t->at++)
        shape = text_shape(t);
    int32_t v = net_constant_add(t->g, name, dtype, &shape, NULL);
    assert_int_not_equal(v, NET_NONE);
    net_tensor copy = *t->g->values[v].constant; /* shares the data, which are not const */
    assert_int_equal(copy.count, n);
    for (size_t i = 0; i < n; i++)
        if (dtype == NET_I64)
            net_tensor_set_int(&copy, i, whole[i]);
        else
            net_tensor_set_number(&copy, i, number[i]);
    return v;
}

static inline int32_t text_value(const net_graph *g, const char *name)
{
    for (size_t i = 0; i < g->n_values; i++)
        if (!strcmp(g->values[i].name, name))
            return (int32_t)i;
    return NET_NONE;
}

/* Reads names up to `end`; unknown ones become values. */
static inline size_t text_names(text_net *t, char end, int32_t list[64])
{
    char name[80];
    size_t n = 0;
    text_blank(t);
    if (*t->at == end) {
        t->at++;
        return 0;
    }
    for (;;) {
        assert_true(n < 64);
        if (text_skip(t, "#")) {
            snprintf(name, sizeof name, "constant%zu", t->g->n_values);
            list[n++] = text_constant(t, name);
        } else {
            text_word(t, name, sizeof name);
            int32_t v = strcmp(name, "-") ? text_value(t->g, name) : NET_NONE;
            if (v == NET_NONE && strcmp(name, "-"))
                v = net_value_add(t->g, name, NET_F32, NULL);
            list[n++] = v;
        }
        text_blank(t);
        if (*t->at == end)
            break;
        assert_int_equal(*t->at, ',');
        t->at++;
    }
    t->at++;
    return n;
}

static inline void text_attr(text_net *t, net_node *node)
{
    char name[48], text[48];
    int64_t ints[64];
    char *end;
    net_attr a = {.name = name};
    text_word(t, name, sizeof name);
    assert_true(text_skip(t, "="));
    if (text_skip(t, "#")) {
        int32_t v = text_constant(t, "attribute");
        a.kind = NET_ATTR_TENSOR;
        a.tensor = t->g->values[v].constant;
    } else if (text_skip(t, "[")) {
        a.kind = NET_ATTR_INTS;
        a.ints = ints;
        while (*t->at != ']') {
            ints[a.n++] = strtoll(t->at, &end, 10);
            t->at = *end == ',' ? end + 1 : end;
        }
        t->at++;
    } else {
        text_word(t, text, sizeof text);
        bool number = isdigit((unsigned char)text[0]) || text[0] == '-';
        a.kind = !number ? NET_ATTR_STRING : strchr(text, '.') ? NET_ATTR_FLOAT : NET_ATTR_INT;
        a.s = text;
        a.f = strtof(text, NULL);
        a.i = strtoll(text, NULL, 10);
    }
    assert_true(net_attr_add(t->g, node, &a));
}

static inline void text_node(text_net *t)
{
    int32_t in[64], out[64];
    char op[48];
    size_t n_out = text_names(t, '=', out);
    text_word(t, op, sizeof op);
    assert_true(text_skip(t, "("));
    size_t n_in = text_names(t, ')', in);
    net_op code = net_op_find(op, strlen(op));
    assert_int_not_equal(code, NET_OP_NONE);
    const char *name = out[0] == NET_NONE ? "" : t->g->values[out[0]].name;
    net_node *node = net_node_add(t->g, code, name, in, n_in, out, n_out);
    assert_non_null(node);
    for (text_blank(t); *t->at && *t->at != ';'; text_blank(t))
        text_attr(t, node);
}

static inline void text_statement(text_net *t)
{
    char name[80];
    if (text_skip(t, "in ")) {
        text_word(t, name, sizeof name);
        text_blank(t);
        net_dtype dtype = text_kind(t, NET_F32);
        text_skip(t, ":");
        bool known = *t->at != '?' || t->at[1] == 'x';
        net_shape shape = text_shape(t);
        assert_true(net_input_add(t->g, net_value_add(t->g, name, dtype, known ? &shape : NULL)));
    } else if (text_skip(t, "const ")) {
        text_word(t, name, sizeof name);
        text_constant(t, name);
    } else if (text_skip(t, "out ")) {
        text_word(t, name, sizeof name);
        assert_true(net_output_add(t->g, text_value(t->g, name)));
    } else {
        text_node(t);
    }
    text_blank(t);
    if (*t->at == ';')
        t->at++;
    text_blank(t);
}

/* Freed with net_graph_free(). */
static inline net_graph *net_from_text(int64_t opset, const char *text)
{
    text_net t = {.at = text, .random = 12345};
    assert_int_equal(net_graph_create(&t.g, NULL), PFLD_OK);
    t.g->opset = opset;
    for (text_blank(&t); *t.at;)
        text_statement(&t);
    return t.g;
}

#endif
