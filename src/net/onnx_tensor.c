/* ONNX's TensorProto into a constant of ours. */
#include "net/onnx_tensor.h"

#include <string.h>

#include "core/checked.h"
#include "core/error.h"
#include "net/onnx_schema.h"
#include "net/proto.h"

enum { FLOAT16 = 10, DOUBLE = 11, BFLOAT16 = 16 };

typedef struct kind { /* how the file holds one data type */
    int64_t code;
    net_dtype dtype;
    size_t raw_size; /* bytes of an element in raw_data */
    uint32_t field;  /* that holds it otherwise, and how */
    proto_wire wire;
} kind;

static const kind kinds[] = {
    {NET_F32, NET_F32, 4, TENSOR_FLOATS, PROTO_I32},
    {NET_U8, NET_U8, 1, TENSOR_INT32S, PROTO_VARINT},
    {NET_I8, NET_I8, 1, TENSOR_INT32S, PROTO_VARINT},
    {NET_I32, NET_I32, 4, TENSOR_INT32S, PROTO_VARINT},
    {NET_I64, NET_I64, 8, TENSOR_INT64S, PROTO_VARINT},
    {NET_BOOL, NET_BOOL, 1, TENSOR_INT32S, PROTO_VARINT},
    {FLOAT16, NET_F32, 2, TENSOR_INT32S, PROTO_VARINT},
    {DOUBLE, NET_F32, 8, TENSOR_DOUBLES, PROTO_I64},
    {BFLOAT16, NET_F32, 2, TENSOR_INT32S, PROTO_VARINT},
};

typedef struct source { /* a TensorProto that was looked through once */
    bytes message, name, raw;
    int64_t code;
    const kind *kind;
    net_shape shape;
    size_t count;
    bool elsewhere; /* external or segmented */
    pfld_error *err;
} source;

static const kind *find_kind(int64_t code)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].code == code)
            return &kinds[i];
    return NULL;
}

bool net_onnx_dtype(int64_t code, net_dtype *dtype)
{
    const kind *k = find_kind(code);

    if (k)
        *dtype = k->dtype;
    return k;
}

bool net_onnx_add_dim(net_shape *shape, int64_t dim)
{
    if (shape->rank == NET_MAX_RANK)
        return false;
    shape->dim[shape->rank++] = dim;
    return true;
}

static pfld_status damaged(const source *s)
{
    return error_set(s->err, PFLD_ERR_FORMAT, "tensor '%.*s' is damaged", NET_ONNX_TEXT(s->name));
}

static pfld_status read_fields(source *s)
{
    bytes m = s->message;
    proto_field f;

    s->raw = bytes_of(NULL, 0);
    while (proto_next(&m, &f)) {
        if (f.number == TENSOR_TYPE)
            s->code = (int64_t)f.value;
        else if (f.number == TENSOR_NAME && bytes_left(&f.body))
            s->name = f.body;
        else if (f.number == TENSOR_RAW)
            s->raw = f.body;
        else if (f.number == TENSOR_SEGMENT || f.number == TENSOR_EXTERNAL ||
                 (f.number == TENSOR_LOCATION && f.value != 0))
            s->elsewhere = true;
    }
    return m.failed ? damaged(s) : PFLD_OK;
}

static pfld_status read_shape(source *s)
{
    proto_numbers it = proto_numbers_of(s->message, TENSOR_DIMS, PROTO_VARINT);
    uint64_t v;

    while (proto_numbers_next(&it, &v)) {
        if ((int64_t)v < 0)
            return error_set(s->err, PFLD_ERR_FORMAT,
                             "tensor '%.*s' has the negative dimension %lld",
                             NET_ONNX_TEXT(s->name), (long long)v);
        if (!net_onnx_add_dim(&s->shape, (int64_t)v))
            return error_set(s->err, PFLD_ERR_UNSUPPORTED,
                             "tensor '%.*s' has more than %d dimensions", NET_ONNX_TEXT(s->name),
                             NET_MAX_RANK);
    }
    if (it.message.failed)
        return damaged(s);
    if (!net_shape_count(&s->shape, &s->count))
        return error_set(s->err, PFLD_ERR_FORMAT,
                         "tensor '%.*s' claims more elements than memory "
                         "can hold",
                         NET_ONNX_TEXT(s->name));
    return PFLD_OK;
}

/* That as many elements are there as the shape claims: nothing is allocated before. */
static pfld_status check_count(const source *s)
{
    size_t n, size = bytes_left(&s->raw), want;
    char text[128];

    if (size == 0) {
        if (!proto_numbers_count(s->message, s->kind->field, s->kind->wire, &n))
            return damaged(s);
        if (n == s->count)
            return PFLD_OK;
    } else {
        n = size / s->kind->raw_size;
        if (checked_mul(s->count, s->kind->raw_size, &want) && want == size)
            return PFLD_OK;
    }
    return error_set(s->err, PFLD_ERR_FORMAT, "tensor '%.*s' is %s but holds %zu elements",
                     NET_ONNX_TEXT(s->name), net_shape_text(&s->shape, text, sizeof text), n);
}

static float float_of_half(uint32_t h)
{
    uint32_t sign = (h & 0x8000u) << 16, exponent = h >> 10 & 0x1f, fraction = h & 0x3ff;
    float v;

    if (exponent == 0x1f)
        return proto_float(sign | 0x7f800000u | fraction << 13);
    if (exponent != 0)
        return proto_float(sign | (exponent + 112) << 23 | fraction << 13);
    v = (float)fraction * 0x1p-24f; /* subnormal: exact in a float */
    return sign ? -v : v;
}

static float float_of_double(uint64_t bits)
{
    double v;

    memcpy(&v, &bits, sizeof v);
    return (float)v;
}

/* bits: the element as raw_data has it, or the number from a field of int32s. */
static bool store(const net_tensor *t, size_t i, int64_t code, uint64_t bits)
{
    int32_t v = (int32_t)(uint32_t)bits; /* protobuf cuts its int32 so too */

    switch (code) {
    case NET_F32:
        ((float *)t->data)[i] = proto_float((uint32_t)bits);
        return true;
    case FLOAT16:
        ((float *)t->data)[i] = float_of_half((uint32_t)bits & 0xffff);
        return v >= 0 && v <= 0xffff;
    case BFLOAT16:
        ((float *)t->data)[i] = proto_float((uint32_t)bits << 16);
        return v >= 0 && v <= 0xffff;
    case DOUBLE:
        ((float *)t->data)[i] = float_of_double(bits);
        return true;
    case NET_I32:
        ((int32_t *)t->data)[i] = v;
        return true;
    case NET_I64:
        ((int64_t *)t->data)[i] = (int64_t)bits;
        return true;
    case NET_BOOL:
        ((uint8_t *)t->data)[i] = v != 0;
        return true;
    default: /* u8 or i8, raw or as a number */
        ((uint8_t *)t->data)[i] = (uint8_t)v;
        return v >= -128 && v <= 255;
    }
}

static uint64_t raw_element(bytes *raw, size_t size)
{
    uint64_t low;

    if (size == 8)
        return bytes_le64(raw);
    if (size == 4)
        return bytes_le32(raw);
    low = bytes_u8(raw);
    return size == 1 ? low : low | (uint64_t)bytes_u8(raw) << 8;
}

static bool fill(const source *s, const net_tensor *t)
{
    proto_numbers it = proto_numbers_of(s->message, s->kind->field, s->kind->wire);
    bytes raw = s->raw;
    bool from_raw = bytes_left(&raw) > 0;

    for (size_t i = 0; i < s->count; i++) {
        uint64_t v = 0;
        if (from_raw)
            v = raw_element(&raw, s->kind->raw_size);
        else
            proto_numbers_next(&it, &v); /* check_count() walked there already */
        if (!store(t, i, s->code, v))
            return false;
    }
    return true;
}

static pfld_status check_kind(source *s)
{
    s->kind = find_kind(s->code);
    if (!s->kind)
        return error_set(s->err, PFLD_ERR_UNSUPPORTED,
                         "tensor '%.*s' has the data type %lld, which is not supported",
                         NET_ONNX_TEXT(s->name), (long long)s->code);
    if (s->elsewhere)
        return error_set(s->err, PFLD_ERR_UNSUPPORTED,
                         "tensor '%.*s' is kept in another file; save the model as one file",
                         NET_ONNX_TEXT(s->name));
    return PFLD_OK;
}

pfld_status net_onnx_tensor(bytes message, bytes label, net_graph *g, const net_tensor **out,
                            pfld_error *err)
{
    source s = {.message = message, .name = label, .err = err};
    net_tensor *t;
    pfld_status status;

    if ((status = read_fields(&s)) || (status = check_kind(&s)) || (status = read_shape(&s)) ||
        (status = check_count(&s)))
        return status;
    t = net_tensor_add(g, s.kind->dtype, &s.shape, NULL);
    if (!t)
        return error_nomem(err);
    if (!fill(&s, t))
        return error_set(err, PFLD_ERR_FORMAT,
                         "tensor '%.*s' holds a number that does not fit its data type",
                         NET_ONNX_TEXT(s.name));
    *out = t;
    return PFLD_OK;
}
