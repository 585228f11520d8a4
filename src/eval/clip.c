/* Labelled photos as a short video: the motion is known, and so is each frame's truth. */
#include "eval/clip.h"

#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "data/face_box.h"
#include "data/shut.h"
#include "eval/crowd.h"
#include "geometry/affine.h"
#include "image/image.h"

#define PI         3.14159265358979323846
#define TREMBLE    0.3 /* pixels */
#define BLINK_LONG 0.2 /* seconds */
#define LASHES     0.5f

const char *const clip_names[CLIP_MOTIONS + 1] = {"still", "tremble", "shake",  "pan",
                                                  "zoom",  "roll",    "blink",  "hide",
                                                  "crowd", "cross",   "screen", "cut"};

/* ---- where the head is ---- */

typedef struct place {          /* of the head: a turn and scale about its centre, then a shift */
    double dx, dy, scale, roll; /* pixels, radians */
} place;

static double there_and_back(double t, double long_as) /* 0..1..0 */
{
    double phase = fmod(t, long_as) / long_as;

    return 1 - fabs(2 * phase - 1);
}

static place place_at(const clip *c, size_t i, double t, double side)
{
    place p = {0, 0, 1, 0};
    rng r;

    switch (c->motion) {
    case CLIP_TREMBLE:
        rng_seed(&r, c->seed * UINT64_C(0x9e3779b97f4a7c15) + i);
        p.dx = TREMBLE * (double)rng_normal(&r);
        p.dy = TREMBLE * (double)rng_normal(&r);
        break;
    case CLIP_SHAKE:
        p.dx = 0.1 * side * sin(2 * PI * t);
        break;
    case CLIP_PAN:
        p.dx = side / 3 * (there_and_back(t, 2) - 0.5);
        break;
    case CLIP_ZOOM:
        p.scale = exp(-log(1.4) * there_and_back(t, 2));
        break;
    case CLIP_ROLL:
        p.roll = 20 * PI / 180 * sin(PI * t);
        break;
    default:
        break;
    }
    return p;
}

static affine photo_to_frame(const place *p, const pfld_box *face)
{
    double x = (double)face->x + (double)face->w / 2, y = (double)face->y + (double)face->h / 2;
    double a = p->scale * cos(p->roll), d = p->scale * sin(p->roll);

    return (affine){(float)a, (float)-d, (float)(x + p->dx - a * x + d * y),
                    (float)d, (float)a,  (float)(y + p->dy - d * x - a * y)};
}

/* ---- eyes that close ---- */

static double closed_at(const clip *c, double t) /* 0..1 */
{
    double phase = fmod(t + 0.5, 1.0) - 0.5;

    if (c->motion != CLIP_BLINK || fabs(phase) > BLINK_LONG / 2)
        return 0;
    return 0.5 + 0.5 * cos(2 * PI * phase / BLINK_LONG);
}

uint8_t *clip_pixel(const pfld_image *img, int x, int y)
{
    return img->data + y * img->stride + (ptrdiff_t)x * image_channels(img->format);
}

void clip_sample(const pfld_image *img, pfld_point at, uint8_t *to)
{
    int channels = image_channels(img->format);
    float x = fminf(fmaxf(at.x, 0.0f), (float)(img->width - 1));
    float y = fminf(fmaxf(at.y, 0.0f), (float)(img->height - 1));
    int x0 = (int)x, y0 = (int)y;
    int x1 = x0 + (x0 < img->width - 1), y1 = y0 + (y0 < img->height - 1);
    float fx = x - (float)x0, fy = y - (float)y0;

    for (int k = 0; k < channels; k++) {
        float a = clip_pixel(img, x0, y0)[k];
        float b = clip_pixel(img, x1, y0)[k];
        float c = clip_pixel(img, x0, y1)[k];
        float d = clip_pixel(img, x1, y1)[k];
        float top = a + fx * (b - a), bottom = c + fx * (d - c);
        to[k] = (uint8_t)lrintf(top + fy * (bottom - top));
    }
}

/* The photo is where the frame's open face is: the head does not move while it blinks. */
static void blink(const clip *c, float closed, pfld_image *frame, pfld_point *truth)
{
    static const affine same = {1.0f, 0.0f, 0.0f, 0.0f, 1.0f, 0.0f};
    const data_sample *s = c->faces[0].sample;
    shut_degree by = {closed, closed, LASHES};
    shut_face shut;

    if (!shut_eyes(s, &by, &shut))
        return;
    shut_paint(&shut, &same, c->faces[0].photo, &same, frame);
    memcpy(truth, shut.points, (size_t)s->scheme->n * sizeof *truth);
}

/* ---- what is in front ---- */

/* Left edge of a board as wide as the face's box, which passes within each 2 s; side: the box's. */
static double board_at(double t)
{
    return -2.5 + 4 * fmod(t, 2.0); /* sides, from the face's centre */
}

static bool is_hidden(const clip *c, double t)
{
    double left = board_at(t);

    return c->motion == CLIP_HIDE && left < 0.6 && left + 1.5 > -0.6;
}

void clip_put_board(float left, float right, pfld_image *frame)
{
    size_t channels = (size_t)image_channels(frame->format);

    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++)
            if ((float)x >= left && (float)x < right)
                memset(clip_pixel(frame, x, y), 110 + (x + y) % 16, channels);
}

static void hide(const clip *c, double t, pfld_image *frame)
{
    pfld_box face = face_box(c->faces[0].sample);
    float side = fmaxf(face.w, face.h), x = face.x + 0.5f * face.w;
    float left = x + side * (float)board_at(t);

    clip_put_board(left, left + 1.5f * side, frame);
}

/* ---- the camera ---- */

/* Nearly normal, mean 0, variance 1, and quick: of four bytes the sum. */
static float rough_normal(uint32_t bits)
{
    int sum =
        (int)(bits & 255) + (int)(bits >> 8 & 255) + (int)(bits >> 16 & 255) + (int)(bits >> 24);

    return (float)(sum - 510) * (1.0f / 147.8f);
}

static void add_noise(const clip *c, size_t i, pfld_image *frame)
{
    int n = frame->width * image_channels(frame->format);
    uint64_t bits = 0;
    rng r;

    rng_seed(&r, c->seed * UINT64_C(0xbf58476d1ce4e5b9) + i);
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < n; x++) {
            uint8_t *p = frame->data + y * frame->stride + x;
            float v = (float)*p;
            bits = x % 2 ? bits >> 32 : rng_u64(&r);
            v += c->noise * rough_normal((uint32_t)bits);
            *p = (uint8_t)lrintf(fminf(fmaxf(v, 0.0f), 255.0f));
        }
}

static void draw_one(const clip *c, size_t i, double t, pfld_image *frame, clip_view *view)
{
    const clip_face *f = &c->faces[0];
    pfld_box face = face_box(f->sample);
    place p = place_at(c, i, t, fmax((double)face.w, (double)face.h));
    affine to_frame = photo_to_frame(&p, &face), to_photo;
    float closed = (float)closed_at(c, t);

    if (!affine_invert(&to_frame, &to_photo))
        to_photo = to_frame = (affine){1, 0, 0, 0, 1, 0};
    image_warp(f->photo, &to_photo, frame);
    view->there = true;
    view->hidden = is_hidden(c, t);
    for (int k = 0; k < f->sample->scheme->n; k++)
        view->truth[k] = affine_apply(&to_frame, f->sample->points[k]);
    if (closed > 0.0f)
        blink(c, closed, frame, view->truth);
    if (c->motion == CLIP_HIDE)
        hide(c, t, frame);
}

pfld_image clip_shape(const clip *c)
{
    pfld_image shape = *c->faces[0].photo;

    if (c->motion >= CLIP_CROWD)
        shape = (pfld_image){.width = CROWD_WIDTH, .height = CROWD_HEIGHT, .format = PFLD_RGB8};
    shape.stride = (ptrdiff_t)shape.width * image_channels(shape.format);
    shape.data = NULL;
    return shape;
}

void clip_frame(const clip *c, size_t i, double t, pfld_image *frame, clip_view views[])
{
    if (c->motion < CLIP_CROWD)
        draw_one(c, i, t, frame, views);
    else
        crowd_draw(c, t, frame, views);
    if (c->noise > 0.0f)
        add_noise(c, i, frame);
}
