/* What the codecs share: their input, picture memory, the buffer that they encode into. */
#ifndef MEDIA_CODEC_INTERNAL_H
#define MEDIA_CODEC_INTERNAL_H

#include <stdbool.h>

#include "media/codec.h"

typedef struct media_input {
    const uint8_t *data; /* [size] */
    size_t size;
    uint64_t max_pixels;
    media_reduction *reduce; /* NULL: not asked for */
} media_input;

/* media_decode() with a lower limit than MEDIA_MAX_PIXELS: fuzzers want to be quick. */
pfld_status media_decode_limited(const media_input *in, media_image *out, pfld_error *err);

/*
 * One decoder for each kind of file. *out is empty before; after a failure it holds whatever was
 * allocated so far, and the caller frees it. *orientation is EXIF's 1..8, and 1 before.
 */
typedef pfld_status media_decoder(const media_input *in, media_image *out, int *orientation,
                                  pfld_error *err);
media_decoder media_jpeg_decode, media_png_decode, media_webp_decode;
media_decoder media_bmp_decode, media_pnm_decode;

/* Refuses sizes that are 0, too large, or beyond in->max_pixels. */
pfld_status media_check_size(const media_input *in, uint64_t width, uint64_t height,
                             pfld_error *err);
/* Checks the size and allocates. channels is 1 or 3, or 2 or 4 for a picture with alpha behind its
 * colours that media_image_flatten() is going to blend. */
pfld_status media_image_create(const media_input *in, uint64_t width, uint64_t height, int channels,
                               media_image *out, pfld_error *err);
/* Blends [height][width][channels] over white in place, and drops the alpha. */
void media_image_flatten(media_image *img, int channels);

/* Row y of a valid image of any format as RGB8, or as GRAY8 where the image is grey. */
void media_row_read(const pfld_image *img, int32_t y, uint8_t *dst);

typedef struct media_buffer { /* grows; zeroed is empty; data is freed with mem_free() */
    uint8_t *data;
    size_t size, room;
} media_buffer;

/* False: out of memory, the buffer is as before. */
bool media_buffer_reserve(media_buffer *b, size_t more);

/* img is valid. */
pfld_status media_jpeg_encode(const pfld_image *img, media_buffer *out, pfld_error *err);
pfld_status media_png_encode(const pfld_image *img, media_buffer *out, pfld_error *err);

static inline uint32_t media_le16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static inline uint32_t media_le32(const uint8_t *p)
{
    return media_le16(p) | media_le16(p + 2) << 16;
}

#endif
