/* Views of pictures: what a format needs, and whether a view can be trusted. */
#include "image/image.h"

#include <stdint.h>

#include "core/error.h"

#define MAX_SIDE 65535

int image_channels(pfld_format format)
{
    switch (format) {
    case PFLD_GRAY8:
        return 1;
    case PFLD_RGB8:
    case PFLD_BGR8:
        return 3;
    case PFLD_RGBA8:
    case PFLD_BGRA8:
        return 4;
    }
    return 0;
}

pfld_status image_check(const pfld_image *img, pfld_error *err)
{
    int channels;
    ptrdiff_t row, stride;

    if (!img || !img->data)
        return error_set(err, PFLD_ERR_ARG, "the image has no pixels");
    channels = image_channels(img->format);
    if (channels == 0)
        return error_set(err, PFLD_ERR_ARG, "the image has the unknown pixel format %d",
                         (int)img->format);
    if (img->width < 1 || img->height < 1 || img->width > MAX_SIDE || img->height > MAX_SIDE)
        return error_set(err, PFLD_ERR_ARG, "the image is %dx%d pixels, 1 to %d expected each way",
                         (int)img->width, (int)img->height, MAX_SIDE);
    row = (ptrdiff_t)img->width * channels;
    if (img->stride < -PTRDIFF_MAX / MAX_SIDE || img->stride > PTRDIFF_MAX / MAX_SIDE)
        return error_set(err, PFLD_ERR_ARG, "the image's stride of %td bytes is absurd",
                         img->stride);
    stride = img->stride < 0 ? -img->stride : img->stride;
    if (stride < row)
        return error_set(err, PFLD_ERR_ARG,
                         "the image's stride of %td bytes is less than a row of %td", img->stride,
                         row);
    return PFLD_OK;
}
