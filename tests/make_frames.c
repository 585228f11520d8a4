/* make_frames PICTURE WIDTH HEIGHT [roll FRAMES | blink FRAMES SHUT]: what a decoder gives, on
 * stdout: the picture as binary PPM; or bare RGB frames, 25 a second, in which it rolls to and fro,
 * or its face blinks: SHUT is a picture of another, whose eyes are shut. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"
#include "media/codec.h"

enum { RATE = 25, CLOSED = 3 /* frames of each second */ };
#define ROLL   0.3f /* radians */
#define PI     3.14159265f
#define BORDER 0.6f /* of the ellipse that is a face, in sides of its box, ... */
#define SOFT   0.1f /* ... and how much of that fades */

static void check(pfld_status status, const pfld_error *err)
{
    if (!status)
        return;
    fprintf(stderr, "make_frames: %s\n", err->msg);
    exit(1); /* NOLINT(concurrency-mt-unsafe): one thread */
}

/* The whole picture, its centre in the middle, turned by roll. */
static void fit(const pfld_image *photo, float roll, pfld_image *out)
{
    float kx = (float)photo->width / (float)out->width;
    float ky = (float)photo->height / (float)out->height;
    float k = kx > ky ? kx : ky, c = k * cosf(roll), s = k * sinf(roll);
    float x = 0.5f * (float)out->width, y = 0.5f * (float)out->height;
    affine to_photo = {c,  s, 0.5f * (float)photo->width - c * x - s * y,
                       -s, c, 0.5f * (float)photo->height + s * x - c * y};

    image_warp(photo, &to_photo, out);
}

static pfld_face find_face(const pfld_image *img)
{
    pfld_model *landmarks = NULL, *detector = NULL;
    pfld_session *session = NULL;
    pfld_error err = {0};
    pfld_face face;
    size_t n = 0;

    check(pfld_model_load_default(NULL, &landmarks, &err), &err);
    check(pfld_model_load_default_detector(NULL, &detector, &err), &err);
    check(pfld_session_create(landmarks, detector, NULL, &session, &err), &err);
    check(pfld_detect(session, img, &face, 1, &n, &err), &err);
    check(n ? PFLD_OK : PFLD_ERR_ARG, &(pfld_error){.msg = "no face"});
    pfld_session_free(session);
    pfld_model_free(landmarks);
    pfld_model_free(detector);
    return face;
}

/* Frame becomes over, whose stride is the same, within an ellipse in the box, by a soft border. */
static void blend(const pfld_image *over, const pfld_box *box, pfld_image *frame)
{
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++) {
            float dx = ((float)x - box->x) / box->w - 0.5f;
            float dy = ((float)y - box->y) / box->h - 0.5f;
            float k = fminf(fmaxf((BORDER - hypotf(dx, dy)) / SOFT, 0), 1);
            for (int c = 0; c < 3; c++) {
                ptrdiff_t i = y * frame->stride + 3 * (ptrdiff_t)x + c;
                float from = (float)frame->data[i], to = (float)over->data[i];
                frame->data[i] = (uint8_t)(from + k * (to - from) + 0.5f);
            }
        }
}

/* Another picture's face in place of this one: all of it, as the net reads eyes by what is around
 * them. Eyes alone, or lids that are drawn, it takes for open. */
static void swap_face(const pfld_face *face, const pfld_image *picture, pfld_image *frame)
{
    const pfld_face other = find_face(picture);
    pfld_image moved = *frame;
    affine to_picture;
    bool fits = affine_fit_similarity(face->landmarks, other.landmarks, NULL, 68, &to_picture);

    check(fits ? PFLD_OK : PFLD_ERR_ARG, &(pfld_error){.msg = "no such faces"});
    moved.data = malloc((size_t)frame->stride * (size_t)frame->height);
    check(moved.data ? PFLD_OK : PFLD_ERR_NOMEM, &(pfld_error){.msg = "out of memory"});
    image_warp(picture, &to_picture, &moved);
    blend(&moved, &face->box, frame);
    free(moved.data);
}

static void write_all(const pfld_image *img)
{
    fwrite(img->data, 1, (size_t)img->stride * (size_t)img->height, stdout);
}

static void write_rolling(const pfld_image *photo, pfld_image *frame, int n)
{
    for (int i = 0; i < n; i++) {
        fit(photo, ROLL * sinf(PI * (float)i / RATE), frame);
        write_all(frame);
    }
}

/* The last frames of each second have closed eyes. */
static void write_blinking(const pfld_image *photo, const pfld_image *shut, pfld_image *frame,
                           int n)
{
    size_t size = (size_t)frame->stride * (size_t)frame->height;
    pfld_image closed = *frame;
    pfld_face face;

    fit(photo, 0, frame);
    closed.data = malloc(size);
    check(closed.data ? PFLD_OK : PFLD_ERR_NOMEM, &(pfld_error){.msg = "out of memory"});
    memcpy(closed.data, frame->data, size);
    face = find_face(frame);
    swap_face(&face, shut, &closed);
    for (int i = 0; i < n; i++)
        write_all(i % RATE >= RATE - CLOSED ? &closed : frame);
    free(closed.data);
}

static int usage(void)
{
    fputs("usage: make_frames PICTURE WIDTH HEIGHT [roll FRAMES | blink FRAMES SHUT]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    bool rolls = argc == 6 && strcmp(argv[4], "roll") == 0;
    bool blinks = argc == 7 && strcmp(argv[4], "blink") == 0;
    int n = rolls || blinks ? (int)strtol(argv[5], NULL, 10) : 0;
    media_image photo = {0}, shut = {0};
    pfld_image img = {.format = PFLD_RGB8};
    pfld_error err = {.msg = "out of memory"};

    if (argc != 4 && !rolls && !blinks)
        return usage();
    img.width = (int32_t)strtol(argv[2], NULL, 10);
    img.height = (int32_t)strtol(argv[3], NULL, 10);
    img.stride = 3 * (ptrdiff_t)img.width;
    img.data = malloc((size_t)img.stride * (size_t)img.height);
    check(img.data ? PFLD_OK : PFLD_ERR_NOMEM, &err);
    check(media_read(argv[1], &photo, &err), &err);
    if (blinks) {
        check(media_read(argv[6], &shut, &err), &err);
        write_blinking(&photo.view, &shut.view, &img, n);
    } else if (rolls) {
        write_rolling(&photo.view, &img, n);
    } else {
        printf("P6 %d %d 255\n", (int)img.width, (int)img.height);
        fit(&photo.view, 0, &img);
        write_all(&img);
    }
    free(img.data);
    media_image_free(&photo);
    media_image_free(&shut);
    return 0;
}
