/* The front of the codecs: tells the kind of a file, decodes it upright, and writes pictures. */
#define _POSIX_C_SOURCE 200809L
#include "media/codec.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/checked.h"
#include "core/error.h"
#include "core/file.h"
#include "core/mem.h"
#include "files/whole.h"
#include "image/image.h"
#include "media/codec_internal.h"

#define MAX_SIDE      65535 /* of pfld_image */
#define MAX_FILE      ((size_t)1 << 30)
#define TURN_TILE     64 /* pixels: source and target of a tile stay in L1 while it is transposed */
#define SNIFF         16
#define KNOWN_FORMATS "JPEG, PNG, WebP, BMP or PNM"

/* ---- picture memory ---- */

pfld_status media_check_size(const media_input *in, uint64_t width, uint64_t height,
                             pfld_error *err)
{
    if (width == 0 || height == 0)
        return error_set(err, PFLD_ERR_FORMAT, "the picture is empty (%llu x %llu pixels)",
                         (unsigned long long)width, (unsigned long long)height);
    if (width > MAX_SIDE || height > MAX_SIDE)
        return error_set(err, PFLD_ERR_UNSUPPORTED,
                         "the picture is too large (%llu x %llu pixels; a side is at most %d)",
                         (unsigned long long)width, (unsigned long long)height, MAX_SIDE);
    if (width * height > in->max_pixels)
        return error_set(err, PFLD_ERR_UNSUPPORTED,
                         "the picture is too large (%llu x %llu pixels; at most %llu in all)",
                         (unsigned long long)width, (unsigned long long)height,
                         (unsigned long long)in->max_pixels);
    return PFLD_OK;
}

pfld_status media_image_create(const media_input *in, uint64_t width, uint64_t height, int channels,
                               media_image *out, pfld_error *err)
{
    pfld_status st = media_check_size(in, width, height, err);
    pfld_image *v = &out->view;
    size_t row;

    assert(channels >= 1 && channels <= 4 && !v->data);
    if (st)
        return st;
    if (!checked_mul((size_t)width, (size_t)channels, &row))
        return error_nomem(err);
    v->data = mem_alloc((size_t)height, row);
    if (!v->data)
        return error_nomem(err);
    v->width = (int32_t)width;
    v->height = (int32_t)height;
    v->stride = (ptrdiff_t)row;
    v->format = channels <= 2 ? PFLD_GRAY8 : PFLD_RGB8;
    return PFLD_OK;
}

void media_image_flatten(media_image *img, int channels)
{
    pfld_image *v = &img->view;
    size_t n = (size_t)v->width * (size_t)v->height;
    const uint8_t *src = v->data;
    uint8_t *dst = v->data;
    int colours = channels - 1;

    for (; n > 0; n--, src += channels, dst += colours) {
        unsigned alpha = src[colours];
        for (int c = 0; c < colours; c++)
            dst[c] = (uint8_t)((src[c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
    v->stride = (ptrdiff_t)v->width * colours;
}

void media_image_free(media_image *img)
{
    if (!img)
        return;
    mem_free(img->view.data);
    *img = (media_image){0};
}

/* ---- upright ---- */

static void turn_tile(const uint8_t *src, ptrdiff_t step_x, ptrdiff_t step_y, pfld_image *dst,
                      int32_t x0, int32_t y0)
{
    ptrdiff_t channels = image_channels(dst->format);
    int32_t x1 = dst->width - x0 < TURN_TILE ? dst->width : x0 + TURN_TILE;
    int32_t y1 = dst->height - y0 < TURN_TILE ? dst->height : y0 + TURN_TILE;

    for (int32_t y = y0; y < y1; y++) {
        uint8_t *to = dst->data + y * dst->stride + x0 * channels;
        const uint8_t *from = src + y * step_y + x0 * step_x;
        for (int32_t x = x0; x < x1; x++, to += channels, from += step_x)
            for (ptrdiff_t c = 0; c < channels; c++)
                to[c] = from[c];
    }
}

/* Where the target's pixels come from: flipped source, then x <-> y. */
static const struct {
    bool flip_x, flip_y, swap;
} turns[9] = {{0, 0, 0}, {0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0},
              {0, 0, 1}, {0, 1, 1}, {1, 1, 1}, {1, 0, 1}};

static void swap_sides(int32_t *a, int32_t *b)
{
    int32_t t = *a;

    *a = *b;
    *b = t;
}

/* stored: as the decoder has left it. */
static void note_reduction(media_reduction *r, const pfld_image *stored, int orientation)
{
    if (r->by == 0) {
        r->by = 1;
        r->width = stored->width;
        r->height = stored->height;
    }
    r->left = turns[orientation].flip_x ? r->width - r->by * stored->width : 0;
    r->top = turns[orientation].flip_y ? r->height - r->by * stored->height : 0;
    if (!turns[orientation].swap)
        return;
    swap_sides(&r->left, &r->top);
    swap_sides(&r->width, &r->height);
}

/* Replaces *img by what a viewer shows who honours EXIF's orientation. */
static pfld_status turn_upright(media_image *img, int orientation, uint64_t max_pixels,
                                pfld_error *err)
{
    const pfld_image *src = &img->view;
    const uint8_t *from = src->data;
    media_input limit = {.max_pixels = max_pixels};
    media_image out = {0};
    ptrdiff_t channels = image_channels(src->format);
    ptrdiff_t step_x = channels, step_y = src->stride;
    bool swap = turns[orientation].swap;
    pfld_status st;

    if (orientation == 1)
        return PFLD_OK;
    st = media_image_create(&limit, (uint64_t)(swap ? src->height : src->width),
                            (uint64_t)(swap ? src->width : src->height), (int)channels, &out, err);
    if (st)
        return st;
    if (turns[orientation].flip_x) {
        from += (src->width - 1) * step_x;
        step_x = -step_x;
    }
    if (turns[orientation].flip_y) {
        from += (src->height - 1) * step_y;
        step_y = -step_y;
    }
    for (int32_t y = 0; y < out.view.height; y += TURN_TILE)
        for (int32_t x = 0; x < out.view.width; x += TURN_TILE)
            turn_tile(from, swap ? step_y : step_x, swap ? step_x : step_y, &out.view, x, y);
    media_image_free(img);
    *img = out;
    return PFLD_OK;
}

/* ---- reading ---- */

typedef struct signature { /* '.' in magic matches any byte */
    const char *name;
    const char *magic;
    size_t length;
    media_decoder *decode; /* NULL: we know it, and cannot read it */
} signature;

static const signature signatures[] = {
    {"JPEG", "\xff\xd8\xff", 3, media_jpeg_decode},
    {"PNG", "\x89PNG\r\n\x1a\n", 8, media_png_decode},
    {"WebP", "RIFF....WEBP", 12, media_webp_decode},
    {"BMP", "BM", 2, media_bmp_decode},
    {"PNM", "P1", 2, media_pnm_decode},
    {"PNM", "P2", 2, media_pnm_decode},
    {"PNM", "P3", 2, media_pnm_decode},
    {"PNM", "P4", 2, media_pnm_decode},
    {"PNM", "P5", 2, media_pnm_decode},
    {"PNM", "P6", 2, media_pnm_decode},
    {"PAM", "P7", 2, NULL},
    {"GIF", "GIF8", 4, NULL},
    {"TIFF", "II*\0", 4, NULL},
    {"TIFF", "MM\0*", 4, NULL},
    {"AVIF", "....ftypavif", 12, NULL},
    {"HEIF", "....ftyphei", 11, NULL},
    {"HEIF", "....ftypmif1", 12, NULL},
    {"JPEG XL", "\xff\x0a", 2, NULL},
    {"JPEG XL", "\0\0\0\x0cJXL ", 8, NULL},
    {"JPEG 2000", "\0\0\0\x0cjP  ", 8, NULL},
    {"PDF", "%PDF", 4, NULL},
};

static const signature *sniff(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        const signature *s = &signatures[i];
        size_t n = 0;
        if (size < s->length)
            continue;
        while (n < s->length && (s->magic[n] == '.' || (uint8_t)s->magic[n] == data[n]))
            n++;
        if (n == s->length)
            return s;
    }
    return NULL;
}

pfld_status media_decode_limited(const media_input *in, media_image *out, pfld_error *err)
{
    const signature *kind;
    int orientation = 1;
    pfld_status st;

    *out = (media_image){0};
    if (in->size == 0)
        return error_set(err, PFLD_ERR_FORMAT, "the file is empty");
    kind = sniff(in->data, in->size);
    if (!kind)
        return error_set(err, PFLD_ERR_FORMAT, "not a picture (" KNOWN_FORMATS " is expected)");
    if (!kind->decode)
        return error_set(err, PFLD_ERR_UNSUPPORTED,
                         "%s is not supported: convert it to " KNOWN_FORMATS, kind->name);
    if (in->reduce)
        in->reduce->by = 0; /* so far */
    st = kind->decode(in, out, &orientation, err);
    if (!st && in->reduce)
        note_reduction(in->reduce, &out->view, orientation);
    if (!st)
        st = turn_upright(out, orientation, in->max_pixels, err);
    if (st)
        media_image_free(out);
    return st;
}

pfld_status media_decode(const uint8_t *data, size_t size, media_image *out, pfld_error *err)
{
    media_input in = {.data = data, .size = size, .max_pixels = MEDIA_MAX_PIXELS};
    return media_decode_limited(&in, out, err);
}

pfld_status media_read_reduced(const char *path, media_reduction *r, media_image *out,
                               pfld_error *err)
{
    media_input in = {.max_pixels = MEDIA_MAX_PIXELS, .reduce = r};
    uint8_t *data = NULL;
    pfld_status st;

    *out = (media_image){0};
    st = file_read(path, MAX_FILE, &data, &in.size, err);
    if (st)
        return st;
    in.data = data;
    st = media_decode_limited(&in, out, err);
    if (st)
        error_prefix(err, strcmp(path, "-") == 0 ? "stdin" : path);
    mem_free(data);
    return st;
}

pfld_status media_read(const char *path, media_image *out, pfld_error *err)
{
    return media_read_reduced(path, NULL, out, err);
}

/* ---- writing ---- */

void media_row_read(const pfld_image *img, int32_t y, uint8_t *dst)
{
    const uint8_t *src = img->data + y * img->stride;
    int channels = image_channels(img->format);
    bool bgr = img->format == PFLD_BGR8 || img->format == PFLD_BGRA8;

    if (channels == 1) {
        memcpy(dst, src, (size_t)img->width);
        return;
    }
    for (int32_t x = 0; x < img->width; x++, src += channels, dst += 3) {
        dst[0] = src[bgr ? 2 : 0];
        dst[1] = src[1];
        dst[2] = src[bgr ? 0 : 2];
    }
}

bool media_buffer_reserve(media_buffer *b, size_t more)
{
    size_t want;
    uint8_t *grown;

    if (!checked_add(b->size, more, &want))
        return false;
    grown = mem_grow(b->data, &b->room, want, 1);
    if (!grown)
        return false;
    b->data = grown;
    return true;
}

typedef pfld_status encoder(const pfld_image *img, media_buffer *out, pfld_error *err);

/* NULL where the name's ending is none of ours. */
static encoder *encoder_of(const char *path)
{
    static const struct {
        const char *ending;
        encoder *encode;
    } known[] = {
        {".png", media_png_encode}, {".jpg", media_jpeg_encode}, {".jpeg", media_jpeg_encode}};
    size_t n = strlen(path);

    if (strcmp(path, "-") == 0)
        return media_png_encode;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t m = strlen(known[i].ending);
        if (n > m && strcasecmp(path + n - m, known[i].ending) == 0)
            return known[i].encode;
    }
    return NULL;
}

bool media_is_writable(const char *path)
{
    return encoder_of(path) != NULL;
}

static pfld_status put(const char *path, const media_buffer *b, pfld_error *err)
{
    if (strcmp(path, "-") != 0)
        return files_whole_write(path, b->data, b->size, false, err);
    if (fwrite(b->data, 1, b->size, stdout) == b->size && fflush(stdout) == 0)
        return PFLD_OK;
    return error_sys(err, errno, "stdout");
}

pfld_status media_write(const char *path, const pfld_image *img, pfld_error *err)
{
    encoder *encode = encoder_of(path);
    media_buffer b = {0};
    pfld_status st;

    if (!encode) {
        st = error_set(err, PFLD_ERR_ARG, "the name must end in .png, .jpg or .jpeg");
        error_prefix(err, path);
        return st;
    }
    st = image_check(img, err);
    if (!st)
        st = encode(img, &b, err);
    if (st)
        error_prefix(err, strcmp(path, "-") == 0 ? "stdout" : path);
    else
        st = put(path, &b, err);
    mem_free(b.data);
    return st;
}
