/* Any bytes as a picture file: a clear error or a whole picture, at a pixel limit that keeps it
 * quick. */
#include <stdlib.h>
#include <string.h>

#include "media/codec_internal.h"

#define MAX_PIXELS ((uint64_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_picture(const media_image *img)
{
    const pfld_image *v = &img->view;
    ptrdiff_t channels = v->format == PFLD_GRAY8 ? 1 : 3;
    unsigned sum = 0;

    if (v->width < 1 || v->height < 1 || (uint64_t)v->width * (uint64_t)v->height > MAX_PIXELS ||
        (v->format != PFLD_GRAY8 && v->format != PFLD_RGB8) || v->stride < v->width * channels)
        abort();
    for (int32_t y = 0; y < v->height; y++) /* all of it can be read */
        sum += v->data[y * v->stride + v->width * channels - 1];
    if (sum > 255u * (unsigned)v->height)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    media_input in = {.data = data, .size = size, .max_pixels = MAX_PIXELS};
    media_image img;
    pfld_error err = {0};

    if (media_decode_limited(&in, &img, &err) == PFLD_OK)
        check_picture(&img);
    else if (img.view.data || strlen(err.msg) < 5)
        abort();
    media_image_free(&img);
    return 0;
}
