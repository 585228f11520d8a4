/* The one fact that we want of EXIF: which way up the picture is. */
#include "media/exif.h"

#include <stdbool.h>
#include <string.h>

/* TIFF 6.0, section 2; EXIF 2.3, 4.6.4 */
#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT      3
#define TIFF_HEADER     8
#define TIFF_ENTRY      12

typedef struct tiff {
    const uint8_t *data; /* [size] */
    size_t size;
    bool big_endian;
} tiff;

static uint32_t u16(const tiff *t, size_t at)
{
    const uint8_t *p = t->data + at;
    return t->big_endian ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static uint32_t u32(const tiff *t, size_t at)
{
    uint32_t first = u16(t, at), second = u16(t, at + 2);
    return t->big_endian ? first << 16 | second : second << 16 | first;
}

int media_exif_orientation(const uint8_t *data, size_t size)
{
    static const uint8_t prefix[6] = "Exif";
    tiff t = {data, size, false};
    size_t at, n;

    if (t.size >= sizeof prefix && memcmp(t.data, prefix, sizeof prefix) == 0) {
        t.data += sizeof prefix;
        t.size -= sizeof prefix;
    }
    if (t.size < TIFF_HEADER || t.data[0] != t.data[1] || (t.data[0] != 'I' && t.data[0] != 'M'))
        return 1;
    t.big_endian = t.data[0] == 'M';
    at = u32(&t, 4);
    if (u16(&t, 2) != 42 || at > t.size - 2)
        return 1;
    n = u16(&t, at);
    for (at += 2; n > 0 && t.size - at >= TIFF_ENTRY; n--, at += TIFF_ENTRY) {
        uint32_t value;
        if (u16(&t, at) != TAG_ORIENTATION)
            continue;
        value = u16(&t, at + 8);
        return u16(&t, at + 2) == TYPE_SHORT && value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}
