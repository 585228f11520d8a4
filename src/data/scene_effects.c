/* What happens to the pixels of a composed training picture: things before faces, light, lens,
 * sensor, file. */
#include "data/scene_effects.h"

#include <math.h>

#include "data/effects.h"
#include "data/occlude.h"
#include "image/image.h"

/* Probabilities, each for itself. */
#define COLOUR   0.6f
#define GREY     0.2f  /* photos of groups often are */
#define TINTED   0.25f /* of the grey ones: old prints */
#define DARK     0.15f
#define BLUR     0.15f
#define COARSE   0.12f
#define NOISE    0.2f
#define JPEG     0.25f
#define OCCLUDED 0.1f /* of each face */

#define LEAST_OCCLUDED 16.0f /* pixels, of a face's side */
#define LEAST_SIGMAS   5.0f  /* of blur, across a face that can still be told */

static float between(rng *r, float lo, float hi)
{
    return lo + (hi - lo) * rng_float(r);
}

static bool chance(rng *r, float probability)
{
    return rng_float(r) < probability;
}

/* Too small, after the picture has lost detail. */
static void ignore_below(scene_faces *faces, float side)
{
    for (size_t i = 0; i < faces->n; i++)
        faces->at[i].ignore |= scene_side(&faces->at[i].box) < side;
}

/* A patch, glasses, a mask, a hand, within a square around the face where that is in the picture.
 */
static void occlude_face(const pfld_image *picture, const scene_face *f, rng *r)
{
    float half = 0.6f * fmaxf(f->box.w, f->box.h);
    int left = (int)floorf(f->box.x + 0.5f * f->box.w - half);
    int top = (int)floorf(f->box.y + 0.5f * f->box.h - half), side = (int)(2.0f * half);
    pfld_image square = *picture;
    pfld_point five[FACE_ANCHORS];
    unsigned known = 0;
    occlude_shape shape;

    if (left < 0 || top < 0 || left + side > picture->width || top + side > picture->height)
        return;
    square.data += top * square.stride + (ptrdiff_t)3 * left;
    square.width = square.height = side;
    for (int i = 0; i < FACE_ANCHORS; i++) {
        five[i] = (pfld_point){f->five[i].x - (float)left, f->five[i].y - (float)top};
        known |= (unsigned)(f->known[i] != 0) << i;
    }
    occlude_at_random(&square, five, known, r, &shape);
}

static void occlude(const pfld_image *picture, const scene_faces *faces, rng *r)
{
    for (size_t i = 0; i < faces->n; i++) {
        const scene_face *f = &faces->at[i];
        bool wanted = chance(r, OCCLUDED);
        if (wanted && !f->ignore && scene_side(&f->box) >= LEAST_OCCLUDED)
            occlude_face(picture, f, r);
    }
}

static void change_light(pfld_image *picture, rng *r)
{
    effect_light light = {1.0f, {1.0f, 1.0f, 1.0f}, 1.0f, 0.0f};
    bool colour = chance(r, COLOUR), grey = chance(r, GREY);

    if (colour) {
        light.brightness = between(r, -0.15f, 0.15f);
        light.contrast = between(r, 0.65f, 1.35f);
        light.saturation = between(r, 0.4f, 1.5f);
        for (int c = 0; c < 3; c++)
            light.gain[c] = between(r, 0.88f, 1.12f);
    }
    if (grey) {
        bool tinted = chance(r, TINTED);
        light.saturation = 0.0f;
        light.gain[0] = light.gain[1] * (tinted ? between(r, 1.0f, 1.2f) : 1.0f);
        light.gain[2] = light.gain[1] * (tinted ? between(r, 0.7f, 1.0f) : 1.0f);
    }
    if (colour || grey)
        effect_colours(picture, &light);
    if (chance(r, DARK)) {
        float gamma = between(r, 1.2f, 2.2f);
        effect_gamma(picture, gamma, between(r, 0.6f, 1.0f));
    }
}

/* Defocus, or a shaken camera. */
static void blur(pfld_image *picture, scene_faces *faces, rng *r)
{
    float x = between(r, 0.4f, 1.8f), y = x, shake = rng_float(r);

    ignore_below(faces, LEAST_SIGMAS * x);
    if (shake < 0.25f)
        x *= 0.2f;
    else if (shake < 0.5f)
        y *= 0.2f;
    effect_blur(picture, x, y);
}

/* A small picture that somebody has enlarged. */
static void make_coarse(const scene_canvas *canvas, scene_faces *faces, rng *r)
{
    pfld_image picture = canvas->picture, small = {.data = canvas->scratch, .format = PFLD_RGB8};
    int side = (int)(between(r, 0.4f, 0.8f) * (float)picture.width);
    float by = (float)picture.width / (float)(side < 1 ? 1 : side);
    affine down = {by, 0.0f, 0.5f * by - 0.5f, 0.0f, by, 0.5f * by - 0.5f}, up;

    if (side < 1 || !affine_invert(&down, &up))
        return;
    small.width = small.height = side;
    small.stride = (ptrdiff_t)3 * side;
    image_warp(&picture, &down, &small);
    image_warp(&small, &up, &picture);
    ignore_below(faces, SCENE_MIN_SIDE * by);
}

/* In the order in which it happens: something is before the face, light falls on both, the lens
 * blurs, the sensor has few pixels and noise, the file is compressed. */
void scene_effects(const scene_canvas *canvas, scene_faces *faces, rng *r)
{
    pfld_image picture = canvas->picture;

    occlude(&picture, faces, r);
    change_light(&picture, r);
    if (chance(r, BLUR))
        blur(&picture, faces, r);
    if (chance(r, COARSE))
        make_coarse(canvas, faces, r);
    if (chance(r, NOISE)) {
        float sigma = between(r, 2.0f, 12.0f);
        effect_noise(&picture, sigma, chance(r, 0.4f), r);
    }
    if (chance(r, JPEG))
        effect_jpeg(&picture, (int)between(r, 30.0f, 86.0f));
}
