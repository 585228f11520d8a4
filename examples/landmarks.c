/* landmarks: the faces of a picture, one landmark a line. The picture is binary PPM on stdin, which
 * any decoder gives:  djpeg photo.jpg | ./landmarks  or  convert photo.png ppm:- | ./landmarks */
#include <pfld/pfld.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char *why)
{
    fprintf(stderr, "%s\n", why);
    return 1;
}

int main(void)
{
    static pfld_face faces[16];
    pfld_image image = {.format = PFLD_RGB8};
    pfld_model *landmarks = NULL, *detector = NULL;
    pfld_session *session = NULL;
    pfld_error err;
    size_t n, size;
    int most;

    if (scanf("P6 %5d %5d %5d", &image.width, &image.height, &most) != 3 || most != 255 ||
        getchar() == EOF) /* the blank before the pixels */
        return fail("binary PPM (P6) of 8 bits without comments is wanted on stdin");
    image.stride = 3 * (ptrdiff_t)image.width; /* bytes from one row to the next */
    size = (size_t)image.stride * (size_t)image.height;
    image.data = malloc(size);
    if (!image.data || fread(image.data, 1, size, stdin) != size)
        return fail("the picture is cut short");

    if (pfld_model_load_default(NULL, &landmarks, &err) || /* 0 is PFLD_OK */
        pfld_model_load_default_detector(NULL, &detector, &err) ||
        pfld_session_create(landmarks, detector, NULL, &session, &err) ||
        pfld_detect(session, &image, faces, 16, &n, &err))
        return fail(err.msg);
    for (size_t i = 0; i < n && i < 16; i++)
        for (int k = 0; k < faces[i].n_landmarks; k++)
            printf("face %zu point %d: %.1f %.1f\n", i, k, (double)faces[i].landmarks[k].x,
                   (double)faces[i].landmarks[k].y);

    pfld_session_free(session);
    pfld_model_free(landmarks);
    pfld_model_free(detector);
    free(image.data);
    return 0;
}
