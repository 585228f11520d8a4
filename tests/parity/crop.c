/* The middle of a photo as a net's input, for the parity test: usage crop PHOTO SHAPE OUT.npy,
 * SHAPE as 1x3x112x112; RGB or grey in 0..1. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/npy.h"
#include "image/image.h"
#include "media/codec.h"

#define KEPT                                                                                       \
  0.55f /* of the photo: 300-W's crops are twice the face's box, a net wants 1.1 times             \
         */

/* floats [C][H][W] from pixels [H][W][C] */
static void to_planes(const pfld_image *img, float *to)
{
    size_t c = (size_t)image_channels(img->format), plane = (size_t)(img->width * img->height);

    for (size_t i = 0; i < plane; i++)
        for (size_t k = 0; k < c; k++)
            to[k * plane + i] = (float)img->data[i * c + k] / 255.0f;
}

static pfld_status crop(const char *photo, const net_shape *shape, const char *out, pfld_error *err)
{
    int32_t h = (int32_t)shape->dim[2], w = (int32_t)shape->dim[3];
    int c = (int)shape->dim[1];
    media_image src = {0};
    pfld_image dst = {NULL, w, h, w * c, c == 1 ? PFLD_GRAY8 : PFLD_RGB8};
    float *planes = calloc((size_t)(c * h * w), sizeof *planes);
    pfld_status status = media_read(photo, &src, err);

    dst.data = calloc((size_t)(c * h * w), 1);
    if (!status && dst.data && planes) {
        float sx = KEPT * (float)src.view.width / (float)w;
        float sy = KEPT * (float)src.view.height / (float)h;
        affine to_src = {.a = sx,
                         .c = 0.5f * ((1 - KEPT) * (float)src.view.width + sx) - 0.5f,
                         .e = sy,
                         .f = 0.5f * ((1 - KEPT) * (float)src.view.height + sy) - 0.5f};
        image_warp(&src.view, &to_src, &dst);
        to_planes(&dst, planes);
        status = npy_write(out, shape, planes, err);
    }
    media_image_free(&src);
    free(dst.data);
    free(planes);
    return status;
}

int main(int argc, char **argv)
{
    net_shape shape = {.rank = 4};
    int n[4] = {0};
    pfld_error err = {0};

    if (argc != 4 || sscanf(argv[2], "%dx%dx%dx%d", &n[0], &n[1], &n[2], &n[3]) != 4 || n[0] != 1 ||
        (n[1] != 1 && n[1] != 3) || n[2] < 1 || n[2] > 4096 || n[3] < 1 || n[3] > 4096) {
        fprintf(stderr, "usage: crop PHOTO 1xCxHxW OUT.npy\n");
        return 2;
    }
    for (int i = 0; i < 4; i++)
        shape.dim[i] = n[i];
    if (crop(argv[1], &shape, argv[3], &err)) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    return 0;
}
