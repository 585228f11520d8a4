/* What a detector's canvas shows of a picture: how large, from where on, turned by what. */
#include "detect/canvas.h"

#include <math.h>
#include <string.h>

#include "geometry/box.h"
#include "image/image.h"

canvas_size canvas_turned(const pfld_image *img, int quarters)
{
    return quarters % 2 ? (canvas_size){img->height, img->width}
                        : (canvas_size){img->width, img->height};
}

affine canvas_to_image(const canvas_view *v, const pfld_image *img)
{
    double step = 1.0 / v->scale, right = img->width - 1, bottom = img->height - 1;
    /* of the turned picture: pixel (0, 0) of the canvas, both at their borders */
    double x = (v->x + 0.5) * step - 0.5, y = (v->y + 0.5) * step - 0.5;
    float s = (float)step;

    switch (v->quarters) {
    case 1:
        return (affine){0.0f, -s, (float)(right - y), s, 0.0f, (float)x};
    case 2:
        return (affine){-s, 0.0f, (float)(right - x), 0.0f, -s, (float)(bottom - y)};
    case 3:
        return (affine){0.0f, s, (float)y, -s, 0.0f, (float)(bottom - x)};
    default:
        return (affine){s, 0.0f, (float)x, 0.0f, s, (float)y};
    }
}

pfld_box canvas_box(const affine *to_image, const pfld_box *b)
{
    const pfld_point corners[2] = {affine_apply(to_image, (pfld_point){b->x, b->y}),
                                   affine_apply(to_image, (pfld_point){b->x + b->w, b->y + b->h})};

    return box_around(corners, 2);
}

int canvas_windows(int length, int window, int margin)
{
    int step = window - margin;

    return length <= window ? 1 : (length - margin + step - 1) / step;
}

int canvas_window_start(int length, int window, int n, int i)
{
    return n < 2 ? 0 : (int)((int64_t)(length - window) * i / (n - 1));
}

void canvas_draw(const pfld_image *img, const affine *to_image, const canvas_view *v,
                 pfld_image *pixels)
{
    size_t channels = (size_t)image_channels(pixels->format);
    size_t row = (size_t)pixels->width * channels, shown = (size_t)v->width * channels;
    pfld_image part = *pixels;

    part.width = v->width;
    part.height = v->height;
    image_warp(img, to_image, &part);
    for (int y = 0; y < pixels->height; y++) {
        uint8_t *p = pixels->data + y * pixels->stride;
        if (y < v->height)
            memset(p + shown, 0, row - shown);
        else
            memset(p, 0, row);
    }
}
