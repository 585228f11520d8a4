/* WebP by libwebp. */
#include <string.h>

#include <webp/decode.h>

#include "core/error.h"
#include "media/codec_internal.h"
#include "media/exif.h"

#define RIFF_HEADER 12 /* "RIFF", size, "WEBP" */
#define RIFF_CHUNK  8  /* name, size */

/* data [size] ends where the RIFF header says. */
static int orientation_of(const uint8_t *data, size_t size)
{
    size_t at = RIFF_HEADER;

    while (size - at >= RIFF_CHUNK) {
        size_t n = media_le32(data + at + 4);
        bool found = memcmp(data + at, "EXIF", 4) == 0;
        at += RIFF_CHUNK;
        if (n > size - at)
            break;
        if (found)
            return media_exif_orientation(data + at, n);
        n += n & 1; /* chunks are padded to even sizes */
        if (n > size - at)
            break;
        at += n;
    }
    return 1;
}

static pfld_status failure(VP8StatusCode code, pfld_error *err)
{
    switch (code) {
    case VP8_STATUS_OUT_OF_MEMORY:
        return error_nomem(err);
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
        return error_set(err, PFLD_ERR_FORMAT, "the WebP file is cut short");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return error_set(err, PFLD_ERR_UNSUPPORTED,
                         "the WebP file uses a feature that libwebp does not support");
    default:
        return error_set(err, PFLD_ERR_FORMAT, "damaged WebP file");
    }
}

/* Decodes straight into the rows of v. */
static VP8StatusCode decode_into(const uint8_t *data, size_t size, const pfld_image *v, bool alpha)
{
    WebPDecoderConfig config;
    VP8StatusCode code;

    if (!WebPInitDecoderConfig(&config))
        return VP8_STATUS_INVALID_PARAM; /* header and library are of different versions */
    config.output.colorspace = alpha ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = v->data;
    config.output.u.RGBA.stride = (int)v->stride;
    config.output.u.RGBA.size = (size_t)v->stride * (size_t)v->height;
    code = WebPDecode(data, size, &config);
    WebPFreeDecBuffer(&config.output);
    return code;
}

pfld_status media_webp_decode(const media_input *in, media_image *out, int *orientation,
                              pfld_error *err)
{
    WebPBitstreamFeatures features;
    VP8StatusCode code;
    size_t size;
    pfld_status st;

    size = (size_t)media_le32(in->data + 4) + RIFF_CHUNK; /* sniffed: the header is there */
    if (size > in->size || size < RIFF_HEADER)
        return error_set(err, PFLD_ERR_FORMAT, "the WebP file is cut short");
    code = WebPGetFeatures(in->data, size, &features);
    if (code != VP8_STATUS_OK)
        return failure(code, err);
    if (features.has_animation)
        return error_set(err, PFLD_ERR_UNSUPPORTED,
                         "an animated WebP is not supported: extract a frame of it");
    st = media_image_create(in, (uint64_t)features.width, (uint64_t)features.height,
                            features.has_alpha ? 4 : 3, out, err);
    if (st)
        return st;
    code = decode_into(in->data, size, &out->view, features.has_alpha);
    if (code != VP8_STATUS_OK)
        return failure(code, err);
    if (features.has_alpha)
        media_image_flatten(out, 4);
    *orientation = orientation_of(in->data, size);
    return PFLD_OK;
}
