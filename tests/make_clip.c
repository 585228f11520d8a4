/* make_clip PICTURE OUT [FRAMES [WIDTH HEIGHT]]: a video in which a picture goes to and fro, with
 * sound where OUT is Matroska. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"
#include "media/codec.h"
#include "video_clip.h"

enum { RATE = 25 };
#define SWING 0.06f /* of the frame's width, to each side, in a second */
#define ROLL  0.12f /* radians */
#define PI    3.14159265f

/* The picture fits the frame's height, and its centre moves by a sine. */
static void paint(void *ctx, int n, pfld_image *rgb)
{
    const media_image *photo = ctx;
    float k = (float)photo->view.height / (float)rgb->height;
    float phase = 2 * PI * (float)n / RATE, roll = ROLL * sinf(phase / 2);
    float c = k * cosf(roll), s = k * sinf(roll);
    float x = 0.5f * (float)rgb->width + SWING * (float)rgb->width * sinf(phase);
    float y = 0.5f * (float)rgb->height;
    affine to_photo = {c,  s, 0.5f * (float)photo->view.width - c * x - s * y,
                       -s, c, 0.5f * (float)photo->view.height + s * x - c * y};

    image_warp(&photo->view, &to_photo, rgb);
}

static int number(char **argv, int argc, int i, int otherwise)
{
    long v = argc > i ? strtol(argv[i], NULL, 10) : otherwise;

    return v > 0 && v < 100000 ? (int)v : otherwise;
}

int main(int argc, char **argv)
{
    media_image photo = {0};
    pfld_error err;
    clip c = {.rate = {RATE, 1}, .paint = paint, .ctx = &photo};

    if (argc < 3) {
        fputs("usage: make_clip PICTURE OUT [FRAMES [WIDTH HEIGHT]]\n", stderr);
        return 2;
    }
    if (media_read(argv[1], &photo, &err)) {
        fprintf(stderr, "make_clip: %s\n", err.msg);
        return 1;
    }
    c.frames = number(argv, argc, 3, 50);
    c.width = number(argv, argc, 4, 320);
    c.height = number(argv, argc, 5, 240);
    c.sound = strstr(argv[2], ".mkv") != NULL;
    clip_make(&c, argv[2]);
    media_image_free(&photo);
    return 0;
}
