/* make_frames PICTURE WIDTH HEIGHT [roll|blink FRAMES]: what a decoder gives, on stdout: the
 * picture as binary PPM; or bare RGB frames, 25 a second, in which it rolls to and fro, or its face
 * blinks. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/shut.h"
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

/* Both eyes of the face, as training shuts them; open is the frame as it is. */
static void shut_face_of(const pfld_face *face, const pfld_image *open, pfld_image *frame)
{
    const affine same = {1, 0, 0, 0, 1, 0};
    const shut_degree wholly = {1, 1, 0.5f};
    pfld_point points[68];
    uint8_t known[68];
    data_sample s = {
        .scheme = scheme_find("ibug68"), .points = points, .known = known, .pose = face->pose};
    shut_face shut;

    memcpy(points, face->landmarks, sizeof points);
    memset(known, 1, sizeof known);
    check(shut_eyes(&s, &wholly, &shut) ? PFLD_OK : PFLD_ERR_ARG, &(pfld_error){.msg = "no eyes"});
    shut_paint(&shut, &same, open, &same, frame);
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
    size_t size = (size_t)frame->stride * (size_t)frame->height;
    pfld_image closed = *frame;
    pfld_face face;

    fit(photo, 0, frame);
    closed.data = malloc(size);
    check(closed.data ? PFLD_OK : PFLD_ERR_NOMEM, &(pfld_error){.msg = "out of memory"});
    memcpy(closed.data, frame->data, size);
    face = find_face(frame);
    shut_face_of(&face, frame, &closed);
    for (int i = 0; i < n; i++)
        write_all(i % RATE >= RATE - CLOSED ? &closed : frame);
    free(closed.data);
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
