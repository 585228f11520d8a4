/* make_frames PICTURE WIDTH HEIGHT [roll|blink FRAMES]: what a decoder gives, on stdout: the
 * picture as binary PPM; or bare RGB frames, 25 a second, in which it rolls to and fro, or its face
 * blinks. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"
#include "media/codec.h"

enum { RATE = 25, CLOSED = 3 /* frames of each second */ };
#define ROLL 0.3f /* radians */
#define PI   3.14159265f

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

/* The skin below an eye (six points of ibug68) laid over it, with the lids' shaded rim in it. */
static void shut_eye(pfld_image *img, const pfld_point *eye)
{
    float x0 = 0.5f * (eye[0].x + eye[3].x), y0 = 0.5f * (eye[0].y + eye[3].y);
    float length = hypotf(eye[3].x - eye[0].x, eye[3].y - eye[0].y);
    const uint8_t *below = img->data + (int)(y0 + 0.75f * length) * img->stride + 3 * (ptrdiff_t)x0;
    const uint8_t skin[3] = {below[0], below[1], below[2]};

    for (int y = (int)(y0 - length); y < (int)(y0 + length); y++)
        for (int x = (int)(x0 - length); x < (int)(x0 + length); x++) {
            float u = ((float)x - x0) / length, v = ((float)y - y0) / length;
            float cover = 4 * (1 - u * u / 0.56f - v * v / 0.25f);
            float rim = fabsf(v - 0.25f * (1 - 4 * u * u)) / 0.1f;
            float shade = fabsf(u) < 0.52f && rim < 1 ? 0.7f + 0.3f * rim : 1;
            uint8_t *p = img->data + y * img->stride + 3 * (ptrdiff_t)x;

            cover = cover < 0 ? 0 : cover > 1 ? 1 : cover;
            for (int k = 0; k < 3; k++)
                p[k] = (uint8_t)((1 - cover) * (float)p[k] + cover * shade * (float)skin[k]);
        }
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
static void write_blinking(const pfld_image *photo, pfld_image *frame, int n)
{
    pfld_face face;

    fit(photo, 0, frame);
    face = find_face(frame);
    for (int i = 0; i < n; i++) {
        fit(photo, 0, frame);
        for (int eye = 36; eye <= 42 && i % RATE >= RATE - CLOSED; eye += 6)
            shut_eye(frame, face.landmarks + eye);
        write_all(frame);
    }
}

int main(int argc, char **argv)
{
    media_image photo = {0};
    pfld_image img = {.format = PFLD_RGB8};
    pfld_error err = {.msg = "out of memory"};

    if (argc != 4 && argc != 6) {
        fputs("usage: make_frames PICTURE WIDTH HEIGHT [roll|blink FRAMES]\n", stderr);
        return 2;
    }
    img.width = (int32_t)strtol(argv[2], NULL, 10);
    img.height = (int32_t)strtol(argv[3], NULL, 10);
    img.stride = 3 * (ptrdiff_t)img.width;
    img.data = malloc((size_t)img.stride * (size_t)img.height);
    check(img.data ? PFLD_OK : PFLD_ERR_NOMEM, &err);
    check(media_read(argv[1], &photo, &err), &err);
    if (argc == 4) {
        printf("P6 %d %d 255\n", (int)img.width, (int)img.height);
        fit(&photo.view, 0, &img);
        write_all(&img);
    } else if (strcmp(argv[4], "roll") == 0) {
        write_rolling(&photo.view, &img, (int)strtol(argv[5], NULL, 10));
    } else {
        write_blinking(&photo.view, &img, (int)strtol(argv[5], NULL, 10));
    }
    free(img.data);
    media_image_free(&photo);
    return 0;
}
