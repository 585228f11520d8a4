/* A model, a session and pictures for tests of the public interface. */
#include "tiny_face.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"

pfld_model *tiny_load(const tiny_net *t, const pfld_model_options *opt)
{
    size_t size;
    uint8_t *buf = tiny_net_onnx(t, &size);
    pfld_error err = {0};
    pfld_model *m;

    if (pfld_model_load_memory(buf, size, opt, &m, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    mem_free(buf);
    return m;
}

pfld_session *tiny_start(const pfld_model *m)
{
    pfld_error err = {0};
    pfld_options o;
    pfld_session *s;

    pfld_options_init(&o, sizeof o);
    o.passes = 1;
    if (pfld_session_create(m, NULL, &o, &s, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    return s;
}

const tiny_net tiny_fixed_points = {
    .bias = {0, 0, 1, 1, 0.5f, 0.5f, 0.25f, 0.75f, -0.5f, 2},
    .scheme = "five",
};
const tiny_net tiny_channel_means = {
    .weight = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
    .scheme = "five",
};

static uint8_t pixels[4 * TINY_WIDTH * TINY_HEIGHT];

static size_t bytes_of_pixel(pfld_format f)
{
    return f == PFLD_GRAY8 ? 1 : f == PFLD_RGB8 || f == PFLD_BGR8 ? 3 : 4;
}

pfld_image tiny_plain_picture(pfld_format f, uint8_t red, uint8_t green, uint8_t blue)
{
    size_t n = bytes_of_pixel(f);
    bool reversed = f == PFLD_BGR8 || f == PFLD_BGRA8;

    for (size_t i = 0; i < TINY_WIDTH * TINY_HEIGHT; i++) {
        uint8_t *p = pixels + i * n;
        p[0] = reversed ? blue : red;
        if (n > 1) {
            p[1] = green;
            p[2] = reversed ? red : blue;
        }
        if (n > 3)
            p[3] = (uint8_t)i;
    }
    return (pfld_image){pixels, TINY_WIDTH, TINY_HEIGHT, (ptrdiff_t)(TINY_WIDTH * n), f};
}

pfld_image tiny_busy_picture(pfld_format f)
{
    pfld_image img = tiny_plain_picture(f, 0, 0, 0);
    size_t n = bytes_of_pixel(f);

    for (size_t i = 0; i < TINY_WIDTH * TINY_HEIGHT; i++)
        for (size_t c = 0; c < n; c++) {
            size_t colour = (f == PFLD_BGR8 || f == PFLD_BGRA8) && c < 3 ? 2 - c : c;
            pixels[i * n + c] = (uint8_t)(i * 37 + i / TINY_WIDTH * 11 + colour * 71);
        }
    return img;
}

const pfld_box tiny_box = {8, 6, 16, 20};

pfld_face tiny_find(pfld_session *s, const pfld_image *img, const pfld_box *box)
{
    pfld_error err = {0};
    pfld_face face;

    memset(&face, 0x5a, sizeof face);
    if (pfld_landmarks(s, img, box, &face, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    return face;
}

float tiny_value(const pfld_face *face, int k, float crop_scale)
{
    const pfld_box *b = &face->box;
    float side = crop_scale * fmaxf(b->w, b->h);
    const pfld_point *p = &face->landmarks[k / 2];

    return k % 2 ? (p->y - (b->y + b->h / 2)) / side + 0.5f
                 : (p->x - (b->x + b->w / 2)) / side + 0.5f;
}
