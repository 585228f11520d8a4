/* A reader over bytes that someone else supplied: it never looks past their end. */
#include "core/bytes.h"

bytes bytes_of(const void *data, size_t size)
{
    bytes b = {.at = data, .end = data};

    if (size)
        b.end = b.at + size;
    return b;
}

size_t bytes_left(const bytes *b)
{
    return b->failed ? 0 : (size_t)(b->end - b->at);
}

bool bytes_fail(bytes *b)
{
    b->at = b->end;
    b->failed = true;
    return false;
}

uint8_t bytes_u8(bytes *b)
{
    if (b->at == b->end)
        return bytes_fail(b);
    return *b->at++;
}

static uint64_t little_endian(bytes *b, unsigned n)
{
    uint64_t v = 0;

    if (bytes_left(b) < n)
        return bytes_fail(b);
    for (unsigned i = 0; i < n; i++)
        v |= (uint64_t)b->at[i] << 8 * i;
    b->at += n;
    return v;
}

uint32_t bytes_le32(bytes *b)
{
    return (uint32_t)little_endian(b, 4);
}

uint64_t bytes_le64(bytes *b)
{
    return little_endian(b, 8);
}

uint64_t bytes_varint(bytes *b)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = bytes_u8(b);
        if (shift == 63 && byte > 1) /* the tenth byte has room for one bit */
            return bytes_fail(b);
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return b->failed ? 0 : v;
    }
    return bytes_fail(b);
}

bytes bytes_sub(bytes *b, uint64_t n)
{
    bytes sub = {.at = b->at, .end = b->at};

    if (b->failed || n > bytes_left(b)) {
        bytes_fail(b);
        sub.failed = true;
        return sub;
    }
    sub.end = sub.at + n;
    b->at = sub.end;
    return sub;
}
