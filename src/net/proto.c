/* Protobuf's wire format, both ways: fields with numbers, no schema. */
#include "net/proto.h"

#include <string.h>

#include "core/checked.h"
#include "core/mem.h"

enum { MAX_VARINT = 10 };

bool proto_next(bytes *m, proto_field *f)
{
    uint64_t key;

    if (bytes_left(m) == 0)
        return false;
    key = bytes_varint(m);
    *f = (proto_field){.body = bytes_of(NULL, 0)};
    if (key >> 3 == 0 || key >> 3 > 0x1fffffff) /* 29 bits, and 0 is no number */
        return bytes_fail(m);
    f->number = (uint32_t)(key >> 3);
    f->wire = (proto_wire)(key & 7);
    switch (f->wire) {
    case PROTO_VARINT:
        f->value = bytes_varint(m);
        break;
    case PROTO_I64:
        f->value = bytes_le64(m);
        break;
    case PROTO_LEN:
        f->body = bytes_sub(m, bytes_varint(m));
        break;
    case PROTO_I32:
        f->value = bytes_le32(m);
        break;
    default: /* groups: ONNX has none, and they would nest without bound */
        return bytes_fail(m);
    }
    return !m->failed;
}

float proto_float(uint32_t bits)
{
    float v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

proto_numbers proto_numbers_of(bytes message, uint32_t number, proto_wire wire)
{
    return (proto_numbers){message, bytes_of(NULL, 0), number, wire};
}

static uint64_t read_number(bytes *b, proto_wire wire)
{
    if (wire == PROTO_VARINT)
        return bytes_varint(b);
    return wire == PROTO_I64 ? bytes_le64(b) : bytes_le32(b);
}

bool proto_numbers_next(proto_numbers *it, uint64_t *v)
{
    proto_field f;

    while (bytes_left(&it->packed) == 0) {
        if (!proto_next(&it->message, &f))
            return false;
        if (f.number != it->number)
            continue;
        if (f.wire == it->wire) {
            *v = f.value;
            return true;
        }
        if (f.wire != PROTO_LEN)
            return bytes_fail(&it->message);
        it->packed = f.body;
    }
    *v = read_number(&it->packed, it->wire);
    return !it->packed.failed || bytes_fail(&it->message);
}

bool proto_numbers_count(bytes message, uint32_t number, proto_wire wire, size_t *n)
{
    proto_numbers it = proto_numbers_of(message, number, wire);
    uint64_t v;

    for (*n = 0; proto_numbers_next(&it, &v);)
        ++*n;
    return !it.message.failed;
}

/* Where n more bytes go; NULL where memory ran out. */
static uint8_t *extend(proto_writer *w, size_t n)
{
    size_t want;
    uint8_t *buf;

    if (w->failed)
        return NULL;
    buf = checked_add(w->n, n, &want) ? mem_grow(w->buf, &w->room, want, 1) : NULL;
    if (!buf) {
        w->failed = true;
        return NULL;
    }
    w->buf = buf;
    w->n = want;
    return buf + want - n;
}

static size_t encode_varint(uint8_t out[MAX_VARINT], uint64_t v)
{
    size_t n = 0;

    for (; v >= 0x80; v >>= 7)
        out[n++] = (uint8_t)(v | 0x80);
    out[n++] = (uint8_t)v;
    return n;
}

static void put_raw(proto_writer *w, const void *data, size_t n)
{
    uint8_t *to = extend(w, n);

    if (to && n)
        memcpy(to, data, n);
}

static void put_varint(proto_writer *w, uint64_t v)
{
    uint8_t out[MAX_VARINT];

    put_raw(w, out, encode_varint(out, v));
}

static void put_key(proto_writer *w, uint32_t number, proto_wire wire)
{
    put_varint(w, (uint64_t)number << 3 | (uint64_t)wire);
}

static void put_float_bits(proto_writer *w, float v)
{
    uint32_t bits;
    uint8_t out[4];

    memcpy(&bits, &v, sizeof bits);
    for (unsigned i = 0; i < sizeof out; i++)
        out[i] = (uint8_t)(bits >> 8 * i);
    put_raw(w, out, sizeof out);
}

void proto_put_int(proto_writer *w, uint32_t number, int64_t v)
{
    put_key(w, number, PROTO_VARINT);
    put_varint(w, (uint64_t)v);
}

void proto_put_float(proto_writer *w, uint32_t number, float v)
{
    put_key(w, number, PROTO_I32);
    put_float_bits(w, v);
}

void proto_put_bytes(proto_writer *w, uint32_t number, const void *data, size_t n)
{
    put_key(w, number, PROTO_LEN);
    put_varint(w, n);
    put_raw(w, data, n);
}

void proto_put_string(proto_writer *w, uint32_t number, const char *s)
{
    proto_put_bytes(w, number, s, strlen(s));
}

static uint64_t element_at(const uint8_t *p, size_t size)
{
    uint32_t v4;
    uint64_t v8;

    if (size == 1)
        return *p;
    if (size == 4) {
        memcpy(&v4, p, sizeof v4);
        return v4;
    }
    memcpy(&v8, p, sizeof v8);
    return v8;
}

void proto_put_elements(proto_writer *w, uint32_t number, const void *data, size_t n, size_t size)
{
    const uint8_t *from = data;
    uint8_t *to;

    put_key(w, number, PROTO_LEN);
    put_varint(w, n * size);
    to = extend(w, n * size);
    if (!to)
        return;
    for (size_t i = 0; i < n; i++) {
        uint64_t v = element_at(from + i * size, size);
        for (size_t k = 0; k < size; k++)
            to[i * size + k] = (uint8_t)(v >> 8 * k);
    }
}

size_t proto_begin(proto_writer *w, uint32_t number)
{
    put_key(w, number, PROTO_LEN);
    return w->n;
}

/* The length stands before the message but is known after it: the message moves up. */
void proto_end(proto_writer *w, size_t begin)
{
    uint8_t out[MAX_VARINT];
    size_t body = w->n - begin, n = encode_varint(out, body);

    if (!extend(w, n))
        return;
    memmove(w->buf + begin + n, w->buf + begin, body);
    memcpy(w->buf + begin, out, n);
}
