/* align: the best face of a picture as nets for recognition (ArcFace and its kin) want it, 112x112
 * pixels, upright:  djpeg photo.jpg | ./align >face.ppm */
#include <pfld/pfld.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 112 };
/* Where such nets were shown the five points: right eye, left eye, nose tip, mouth corners. */
static const float wanted[5][2] = {{38.2946f, 51.6963f},
                                   {73.5318f, 51.5014f},
                                   {56.0252f, 71.7366f},
                                   {41.5493f, 92.3655f},
                                   {70.7299f, 92.2041f}};

/* The face's five points out of its 68 landmarks; face->five are the detector's, and rougher. */
static void five_points(const pfld_face *face, pfld_point five[5])
{
    const pfld_point *p = face->landmarks;

    five[0] = five[1] = (pfld_point){0, 0};
    for (int i = 0; i < 6; i++) { /* the eyes' centres */
        five[0].x += p[36 + i].x / 6, five[0].y += p[36 + i].y / 6;
        five[1].x += p[42 + i].x / 6, five[1].y += p[42 + i].y / 6;
    }
    five[2] = p[30], five[3] = p[48], five[4] = p[54];
}

/* The turn and scale (a, b) and shift (c, d) that take wanted[] nearest to the face's:
 * x' = a x - b y + c, y' = b x + a y + d. */
static void fit(const pfld_point five[5], float *a, float *b, float *c, float *d)
{
    float ux = 0, uy = 0, vx = 0, vy = 0, squares = 0;

    for (int i = 0; i < 5; i++) { /* centres */
        ux += wanted[i][0] / 5, uy += wanted[i][1] / 5;
        vx += five[i].x / 5, vy += five[i].y / 5;
    }
    *a = *b = 0;
    for (int i = 0; i < 5; i++) { /* least squares, which for complex numbers is one division */
        float x = wanted[i][0] - ux, y = wanted[i][1] - uy;
        *a += x * (five[i].x - vx) + y * (five[i].y - vy);
        *b += x * (five[i].y - vy) - y * (five[i].x - vx);
        squares += x * x + y * y;
    }
    *a /= squares, *b /= squares;
    *c = vx - *a * ux + *b * uy, *d = vy - *b * ux - *a * uy;
}

static float clamp(float v, float most)
{
    return v > most ? most : v > 0 ? v : 0;
}

/* The picture between its pixels; its border goes on outside of it. */
static uint8_t sample(const pfld_image *img, float x, float y, int channel)
{
    x = clamp(x, (float)(img->width - 1));
    y = clamp(y, (float)(img->height - 1));
    int x0 = (int)x, y0 = (int)y, right = x0 + 1 < img->width ? 3 : 0;
    const uint8_t *p = img->data + y0 * img->stride + 3 * (ptrdiff_t)x0 + channel;
    const uint8_t *q = y0 + 1 < img->height ? p + img->stride : p; /* the row below */
    float u = x - (float)x0, v = y - (float)y0;
    float top = (1 - u) * (float)p[0] + u * (float)p[right];
    float bottom = (1 - u) * (float)q[0] + u * (float)q[right];
    return (uint8_t)((1 - v) * top + v * bottom + 0.5f);
}

static int fail(const char *why)
{
    fprintf(stderr, "%s\n", why);
    return 1;
}

int main(void)
{
    pfld_face face;
    pfld_point five[5];
    pfld_image image = {.format = PFLD_RGB8};
    pfld_model *landmarks = NULL, *detector = NULL;
    pfld_session *session = NULL;
    pfld_error err;
    float a, b, c, d;
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
        pfld_detect(session, &image, &face, 1, &n, &err))
        return fail(err.msg);
    if (n == 0)
        return fail("no face");
    five_points(&face, five);
    fit(five, &a, &b, &c, &d);
    printf("P6 %d %d 255\n", SIDE, SIDE);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            for (int k = 0; k < 3; k++)
                putchar(sample(&image, a * (float)x - b * (float)y + c,
                               b * (float)x + a * (float)y + d, k));

    pfld_session_free(session);
    pfld_model_free(landmarks);
    pfld_model_free(detector);
    free(image.data);
    return 0;
}
