/* NumPy's .npy files: float tensors in and out. */
#include "cli/npy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/checked.h"
#include "core/error.h"
#include "core/file.h"
#include "core/mem.h"
#include "files/whole.h"

#define MAX_BYTES ((size_t)1 << 32)

static const uint8_t magic[8] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}; /* version 1.0 */

typedef struct cursor { /* the header: a Python dict in text */
    const char *at, *end;
} cursor;

typedef struct header {
    char descr[16];
    bool has_descr, has_order, has_shape, fortran;
    net_shape shape;
} header;

static void skip_space(cursor *c)
{
    while (c->at < c->end && *c->at && strchr(" \n\t\r", *c->at))
        c->at++;
}

static bool take(cursor *c, char wanted)
{
    skip_space(c);
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static bool take_word(cursor *c, const char *word)
{
    size_t n = strlen(word);

    skip_space(c);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
        return false;
    c->at += n;
    return true;
}

static bool take_string(cursor *c, char *out, size_t size)
{
    char quote;
    size_t n = 0;

    skip_space(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
        return false;
    quote = *c->at++;
    while (c->at < c->end && *c->at != quote && n + 1 < size)
        out[n++] = *c->at++;
    out[n] = 0;
    return take(c, quote);
}

static bool take_dimension(cursor *c, int64_t *out)
{
    int64_t v = 0;
    const char *start;

    skip_space(c);
    for (start = c->at; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        if (v > INT64_MAX / 10 - 1)
            return false;
        v = v * 10 + (*c->at - '0');
    }
    *out = v;
    return c->at > start;
}

static bool take_shape(cursor *c, net_shape *shape)
{
    shape->rank = 0;
    if (!take(c, '('))
        return false;
    while (!take(c, ')')) {
        if (shape->rank == NET_MAX_RANK || !take_dimension(c, &shape->dim[shape->rank]))
            return false;
        shape->rank++;
        if (!take(c, ','))
            return take(c, ')');
    }
    return true;
}

static bool take_item(cursor *c, header *h)
{
    char key[16];

    if (!take_string(c, key, sizeof key) || !take(c, ':'))
        return false;
    if (strcmp(key, "descr") == 0)
        return h->has_descr = take_string(c, h->descr, sizeof h->descr);
    if (strcmp(key, "fortran_order") == 0) {
        h->fortran = take_word(c, "True");
        return h->has_order = h->fortran || take_word(c, "False");
    }
    if (strcmp(key, "shape") == 0)
        return h->has_shape = take_shape(c, &h->shape);
    return false;
}

static bool parse_dict(cursor *c, header *h)
{
    if (!take(c, '{'))
        return false;
    while (!take(c, '}')) {
        if (!take_item(c, h))
            return false;
        if (!take(c, ',')) {
            if (!take(c, '}'))
                return false;
            break;
        }
    }
    return h->has_descr && h->has_order && h->has_shape;
}

/* Where the data starts; 0 where the file is not .npy or ends before that. */
static size_t find_header(const uint8_t *buf, size_t size, cursor *c)
{
    size_t start, n;

    if (size < 10 || memcmp(buf, magic, 6) != 0 || buf[6] < 1 || buf[6] > 3)
        return 0;
    start = buf[6] == 1 ? 10 : 12;
    if (size < start)
        return 0;
    n = (size_t)buf[8] | (size_t)buf[9] << 8;
    if (buf[6] > 1)
        n |= (size_t)buf[10] << 16 | (size_t)buf[11] << 24;
    if (n > size - start)
        return 0;
    c->at = (const char *)buf + start;
    c->end = c->at + n;
    return start + n;
}

static float load_f32(const uint8_t *p)
{
    uint32_t bits =
        (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    float v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

static float load_f64(const uint8_t *p)
{
    uint64_t bits = 0;
    double v;

    for (int i = 0; i < 8; i++)
        bits |= (uint64_t)p[i] << 8 * i;
    memcpy(&v, &bits, sizeof v);
    return (float)v;
}

/* How far it is in the file from one element to the next along each axis. */
static void find_strides(const header *h, size_t stride[NET_MAX_RANK])
{
    size_t step = 1;

    for (int i = 0; i < h->shape.rank; i++) {
        int axis = h->fortran ? i : h->shape.rank - 1 - i;

        stride[axis] = step;
        step *= (size_t)h->shape.dim[axis];
    }
}

static void load_elements(const header *h, const uint8_t *data, size_t item, npy_array *out)
{
    size_t stride[NET_MAX_RANK] = {0}, index[NET_MAX_RANK] = {0}, at = 0;

    find_strides(h, stride);
    for (size_t i = 0; i < out->count; i++) {
        out->data[i] = item == 4 ? load_f32(data + 4 * at) : load_f64(data + 8 * at);
        for (int axis = h->shape.rank; axis-- > 0;) { /* to the next in row-major order */
            at += stride[axis];
            if (++index[axis] < (size_t)h->shape.dim[axis])
                break;
            at -= stride[axis] * index[axis];
            index[axis] = 0;
        }
    }
}

pfld_status npy_parse(const uint8_t *buf, size_t size, npy_array *out, pfld_error *err)
{
    header h = {0};
    cursor c;
    size_t start = find_header(buf, size, &c), item, bytes;

    *out = (npy_array){0};
    if (!start)
        return error_set(err, PFLD_ERR_FORMAT, "not a .npy file, or cut short in its header");
    if (!parse_dict(&c, &h))
        return error_set(err, PFLD_ERR_FORMAT, "the .npy header is damaged");
    if (strcmp(h.descr, "<f4") != 0 && strcmp(h.descr, "<f8") != 0)
        return error_set(err, PFLD_ERR_UNSUPPORTED, "elements are '%s'; '<f4' or '<f8' wanted",
                         h.descr);
    item = h.descr[2] == '4' ? 4 : 8;
    if (!net_shape_count(&h.shape, &out->count) || !checked_mul(out->count, item, &bytes))
        return error_set(err, PFLD_ERR_FORMAT, "the array's shape is absurdly large");
    if (bytes != size - start)
        return error_set(err, PFLD_ERR_FORMAT, "%zu bytes of data, %zu expected", size - start,
                         bytes);
    out->data = mem_alloc(out->count, sizeof *out->data);
    if (!out->data)
        return error_nomem(err);
    out->shape = h.shape;
    load_elements(&h, buf + start, item, out);
    return PFLD_OK;
}

pfld_status npy_read(const char *path, npy_array *out, pfld_error *err)
{
    uint8_t *data = NULL;
    size_t size = 0;
    pfld_status status;

    *out = (npy_array){0};
    status = file_read(path, MAX_BYTES, &data, &size, err);
    if (status)
        return status;
    status = npy_parse(data, size, out, err);
    mem_free(data);
    if (status)
        error_prefix(err, path);
    return status;
}

void npy_free(npy_array *a)
{
    mem_free(a->data);
    *a = (npy_array){0};
}

/* The header, padded with spaces so that the data starts at a multiple of 64; its length. */
static size_t make_header(const net_shape *shape, char out[320])
{
    size_t n = 10, total;

    memcpy(out, magic, sizeof magic);
    n += (size_t)snprintf(out + n, 320 - n, "{'descr': '<f4', 'fortran_order': False, 'shape': (");
    for (int i = 0; i < shape->rank; i++)
        n += (size_t)snprintf(out + n, 320 - n, "%s%" PRId64 "%s", i ? " " : "", shape->dim[i],
                              i + 1 < shape->rank || shape->rank == 1 ? "," : "");
    n += (size_t)snprintf(out + n, 320 - n, "), }");
    total = (n + 1 + 63) / 64 * 64;
    memset(out + n, ' ', total - n);
    out[total - 1] = '\n';
    out[8] = (char)((total - 10) & 255);
    out[9] = (char)((total - 10) >> 8);
    return total;
}

static void put_floats(FILE *f, const float *data, size_t count)
{
    uint8_t block[4096];
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t bits;

        memcpy(&bits, &data[i], sizeof bits);
        for (int b = 0; b < 4; b++)
            block[used++] = (uint8_t)(bits >> 8 * b);
        if (used == sizeof block || i + 1 == count) {
            fwrite(block, 1, used, f);
            used = 0;
        }
    }
}

pfld_status npy_write(const char *path, const net_shape *shape, const float *data, pfld_error *err)
{
    char start[320];
    size_t count;
    files_whole w;
    pfld_status st;

    if (!net_shape_count(shape, &count))
        return error_set(err, PFLD_ERR_ARG, "%.150s: the shape is open", path);
    st = files_whole_begin(&w, path, err);
    if (st != PFLD_OK)
        return st;
    fwrite(start, 1, make_header(shape, start), w.to);
    put_floats(w.to, data, count);
    return files_whole_end(&w, PFLD_OK, err);
}
