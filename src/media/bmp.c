/* BMP: 1, 4, 8, 16, 24 and 32 bits a pixel, uncompressed. */
#include <string.h>

#include "core/checked.h"
#include "core/error.h"
#include "media/codec_internal.h"

/* Sizes and places of Microsoft's BITMAPFILEHEADER, BITMAPCOREHEADER, BITMAPINFOHEADER ... V5 */
#define FILE_HEADER 14
#define CORE_HEADER 12
#define INFO_HEADER 40
#define OS2_HEADER  64
#define MASKS_AT    (FILE_HEADER + INFO_HEADER)

enum { BI_RGB, BI_RLE8, BI_RLE4, BI_BITFIELDS, BI_JPEG, BI_PNG, BI_ALPHABITFIELDS };
enum { RED, GREEN, BLUE, ALPHA };

typedef struct bmp_channel {
    uint32_t mask, max; /* max = mask >> shift */
    unsigned shift;
} bmp_channel;

typedef struct bmp {
    const media_input *in;
    size_t info_size, palette_at, pixels_at;
    uint32_t width, height; /* as stated, sign of the height taken off */
    bool top_down;
    uint32_t bits, compression, colours;
    uint8_t palette[256][3]; /* RGB; black where the file has fewer entries */
    bmp_channel channel[4];  /* mask 0: not there */
} bmp;

static pfld_status cut_short(pfld_error *err)
{
    return error_set(err, PFLD_ERR_FORMAT, "the BMP file is cut short");
}

static pfld_status read_sizes(bmp *b, pfld_error *err)
{
    const uint8_t *p = b->in->data;
    uint32_t height;

    if (b->in->size < FILE_HEADER + CORE_HEADER)
        return cut_short(err);
    b->pixels_at = media_le32(p + 10);
    b->info_size = media_le32(p + FILE_HEADER);
    if (b->info_size == CORE_HEADER) {
        b->width = media_le16(p + 18);
        b->height = media_le16(p + 20);
        b->bits = media_le16(p + 24);
        return PFLD_OK;
    }
    if (b->info_size < INFO_HEADER || b->info_size > 1024)
        return error_set(err, PFLD_ERR_UNSUPPORTED, "unsupported BMP file: header of %zu bytes",
                         b->info_size);
    if (b->in->size - FILE_HEADER < b->info_size)
        return cut_short(err);
    b->width = media_le32(p + 18); /* negative: above 65535, refused like it */
    height = media_le32(p + 22);
    b->top_down = height > INT32_MAX;
    b->height = b->top_down ? 0 - height : height;
    b->bits = media_le16(p + 28);
    b->compression = media_le32(p + 30);
    b->colours = media_le32(p + 46);
    return PFLD_OK;
}

static pfld_status check_kind(const bmp *b, pfld_error *err)
{
    static const char *const names[] = {
        [BI_RLE8] = "RLE8", [BI_RLE4] = "RLE4", [BI_JPEG] = "JPEG", [BI_PNG] = "PNG"};
    bool fields = b->compression == BI_BITFIELDS || b->compression == BI_ALPHABITFIELDS;

    if (b->compression < sizeof names / sizeof *names && names[b->compression])
        return error_set(err, PFLD_ERR_UNSUPPORTED,
                         "unsupported BMP file: compressed with %s: save it uncompressed",
                         names[b->compression]);
    if (b->compression != BI_RGB && (!fields || b->info_size == OS2_HEADER))
        return error_set(err, PFLD_ERR_UNSUPPORTED, "unsupported BMP file: compression %u",
                         (unsigned)b->compression);
    if (b->bits != 1 && b->bits != 4 && b->bits != 8 && b->bits != 16 && b->bits != 24 &&
        b->bits != 32)
        return error_set(err, PFLD_ERR_UNSUPPORTED, "unsupported BMP file: %u bits a pixel",
                         (unsigned)b->bits);
    if (fields && b->bits != 16 && b->bits != 32)
        return error_set(err, PFLD_ERR_FORMAT, "damaged BMP file: bit fields at %u bits a pixel",
                         (unsigned)b->bits);
    return PFLD_OK;
}

static pfld_status set_channel(bmp_channel *c, uint32_t mask, pfld_error *err)
{
    *c = (bmp_channel){.mask = mask, .max = mask};
    while (c->max && !(c->max & 1)) {
        c->max >>= 1;
        c->shift++;
    }
    if (c->max & (c->max + 1))
        return error_set(err, PFLD_ERR_FORMAT, "damaged BMP file: colour mask 0x%08x has holes",
                         (unsigned)mask);
    return PFLD_OK;
}

static pfld_status read_masks(bmp *b, pfld_error *err)
{
    uint32_t mask[4] = {0xff0000, 0xff00, 0xff, 0};
    size_t n = 0;
    pfld_status st = PFLD_OK;

    if (b->bits == 16) {
        mask[RED] = 0x7c00;
        mask[GREEN] = 0x3e0;
        mask[BLUE] = 0x1f;
    }
    if (b->compression == BI_BITFIELDS)
        n = b->info_size >= INFO_HEADER + 16 ? 4 : 3;
    if (b->compression == BI_ALPHABITFIELDS)
        n = 4;
    if (n && b->in->size < MASKS_AT + 4 * n)
        return cut_short(err);
    for (size_t i = 0; i < n; i++)
        mask[i] = media_le32(b->in->data + MASKS_AT + 4 * i);
    for (size_t i = 0; i < 4 && !st; i++)
        st = set_channel(&b->channel[i], mask[i], err);
    return st;
}

static pfld_status read_palette(bmp *b, pfld_error *err)
{
    size_t entry = b->info_size == CORE_HEADER ? 3 : 4;
    size_t at = FILE_HEADER + b->info_size;
    size_t n = (size_t)1 << b->bits;

    if (b->colours && b->colours < n)
        n = b->colours;
    if (b->pixels_at < at + n * entry) /* old programs left out what the picture does not use */
        n = (b->pixels_at - at) / entry;
    if (b->in->size < at + n * entry)
        return cut_short(err);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            b->palette[i][c] = b->in->data[at + i * entry + 2 - c];
    return PFLD_OK;
}

static void unpack_palette(const bmp *b, const uint8_t *src, uint8_t *dst)
{
    uint32_t per_byte = 8 / b->bits;
    uint32_t index_mask = (1u << b->bits) - 1;

    for (uint32_t x = 0; x < b->width; x++, dst += 3) {
        uint32_t shift = 8 - b->bits * (x % per_byte + 1);
        memcpy(dst, b->palette[(uint32_t)src[x / per_byte] >> shift & index_mask], 3);
    }
}

static void unpack_bgr(const bmp *b, const uint8_t *src, uint8_t *dst)
{
    for (uint32_t x = 0; x < b->width; x++, src += 3, dst += 3) {
        dst[0] = src[2];
        dst[1] = src[1];
        dst[2] = src[0];
    }
}

static void unpack_masked(const bmp *b, const uint8_t *src, uint8_t *dst)
{
    int channels = b->channel[ALPHA].mask ? 4 : 3;
    size_t bytes = b->bits / 8;

    for (uint32_t x = 0; x < b->width; x++, src += bytes, dst += channels) {
        uint32_t pixel = bytes == 2 ? media_le16(src) : media_le32(src);
        for (int c = 0; c < channels; c++) {
            const bmp_channel *ch = &b->channel[c];
            uint64_t v = (pixel & ch->mask) >> ch->shift;
            dst[c] = (uint8_t)(ch->max ? (v * 255 + ch->max / 2) / ch->max : 0);
        }
    }
}

/* Programs that know nothing of alpha leave its byte at 0: such a picture is not invisible. */
static void make_opaque_if_invisible(media_image *img)
{
    size_t n = (size_t)img->view.width * (size_t)img->view.height;

    for (size_t i = 0; i < n; i++)
        if (img->view.data[4 * i + 3])
            return;
    for (size_t i = 0; i < n; i++)
        img->view.data[4 * i + 3] = 255;
}

static pfld_status read_pixels(const bmp *b, media_image *out, pfld_error *err)
{
    size_t row_bytes = ((size_t)b->width * b->bits + 7) / 8; /* sizes were checked: no overflow */
    size_t stride = (row_bytes + 3) / 4 * 4;
    size_t need = stride * (b->height - 1) + row_bytes; /* the last row's padding may be missing */
    bool alpha = b->channel[ALPHA].mask != 0;
    pfld_status st;

    if (b->pixels_at > b->in->size || need > b->in->size - b->pixels_at)
        return cut_short(err);
    st = media_image_create(b->in, b->width, b->height, alpha ? 4 : 3, out, err);
    if (st)
        return st;
    for (uint32_t y = 0; y < b->height; y++) {
        const uint8_t *src = b->in->data + b->pixels_at + stride * y;
        uint32_t row = b->top_down ? y : b->height - 1 - y;
        uint8_t *dst = out->view.data + (ptrdiff_t)row * out->view.stride;
        if (b->bits <= 8)
            unpack_palette(b, src, dst);
        else if (b->bits == 24)
            unpack_bgr(b, src, dst);
        else
            unpack_masked(b, src, dst);
    }
    if (alpha) {
        make_opaque_if_invisible(out);
        media_image_flatten(out, 4);
    }
    return PFLD_OK;
}

pfld_status media_bmp_decode(const media_input *in, media_image *out, int *orientation,
                             pfld_error *err)
{
    bmp b = {.in = in};
    pfld_status st;

    (void)orientation;
    if ((st = read_sizes(&b, err)) || (st = check_kind(&b, err)))
        return st;
    if ((st = media_check_size(in, b.width, b.height, err)))
        return st;
    if (b.pixels_at < FILE_HEADER + b.info_size)
        return error_set(err, PFLD_ERR_FORMAT, "damaged BMP file: its pixels overlap its header");
    st = b.bits <= 8 ? read_palette(&b, err) : read_masks(&b, err);
    return st ? st : read_pixels(&b, out, err);
}
