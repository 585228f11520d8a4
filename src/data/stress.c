/* Disturbances of growing strength: what a photo of a face goes through to test a landmark model.
 */
#include "data/stress.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "data/effects.h"
#include "data/face_box.h"
#include "data/occlude.h"
#include "image/image.h"

#define AROUND 2.4f /* side of the stage over the longer side of the box */

const stress_scale stress_scales[STRESS_KINDS] = {
    [STRESS_PATCHES] = {"patches", "percent of the box", 1, 6, {0, 10, 20, 30, 40, 50}},
    [STRESS_GLASSES] = {"glasses", "percent of light taken", 1, 4, {0, 50, 80, 100}},
    [STRESS_MASK] = {"mask", "percent from chin to eyes", 1, 6, {0, 20, 40, 55, 70, 85}},
    [STRESS_HAND] = {"hand", "percent of the way across", 1, 6, {0, 20, 40, 60, 80, 100}},
    [STRESS_BLUR] = {"blur", "sigma, pixels of the crop", 1, 5, {0, 1, 2, 3, 4}},
    [STRESS_STREAK] = {"streak", "length, pixels of the crop", 1, 6, {0, 4, 8, 12, 16, 20}},
    [STRESS_COARSE] = {"coarse", "times fewer pixels along a side", 1, 6, {0, 2, 3, 4, 6, 8}},
    [STRESS_NOISE] = {"noise", "sigma of 255, of the crop's pixels", 1, 6, {0, 5, 10, 20, 30, 40}},
    [STRESS_DARK] = {"dark", "stops less light", 1, 6, {0, 2, 4, 6, 8, 9}},
    [STRESS_JPEG] = {"jpeg", "100 - quality", 1, 6, {0, 50, 80, 90, 95, 98}},
    [STRESS_JITTER] = {"jitter", "percent of the box", 4, 6, {0, 5, 10, 15, 20, 30}},
    [STRESS_ROLL] = {"roll", "degrees, either way", 2, 6, {0, 30, 60, 90, 135, 180}},
};

bool stress_find(const char *name, size_t length, stress_kind *out)
{
    for (int i = 0; i < STRESS_KINDS; i++)
        if (strlen(stress_scales[i].name) == length &&
            memcmp(stress_scales[i].name, name, length) == 0) {
            *out = (stress_kind)i;
            return true;
        }
    return false;
}

/* --- the stage ---------------------------------------------------------------------------------
 */

/* roll: degrees by which the face turns clockwise. */
static void turn_stage(const data_sample *s, const pfld_image *photo, float roll, stress_stage *out)
{
    const crop_rule rule = {.scale = AROUND};
    pfld_box box = face_box(s);
    affine to_photo = affine_from_crop(&box, &rule, -roll, STRESS_STAGE), to_stage;
    data_sample turned = *s;

    assert(out->picture.width == STRESS_STAGE && out->picture.height == STRESS_STAGE);
    assert(out->picture.format == PFLD_RGB8);
    image_warp(photo, &to_photo, &out->picture);
    out->scale = (float)STRESS_STAGE / (AROUND * fmaxf(box.w, box.h));
    if (!affine_invert(&to_photo, &to_stage)) /* not where the points are absurd */
        to_stage = (affine){0};
    for (int i = 0; i < s->scheme->n; i++)
        out->points[i] = s->known[i] ? affine_apply(&to_stage, s->points[i]) : (pfld_point){0};
    turned.points = out->points;
    turned.has_box = false;
    out->box = face_box(&turned);
}

/* --- what happens on it ------------------------------------------------------------------------
 */

/* A part of 1. */
static void occlude(const data_sample *s, stress_kind kind, float part, rng *r, stress_stage *out)
{
    const unsigned all = (1u << FACE_ANCHORS) - 1;
    pfld_point anchors[FACE_ANCHORS];
    occlude_shape shape;
    occlude_frame face;

    if (kind == STRESS_PATCHES) {
        occlude_with_patches(&out->picture, &out->box, part, r, &shape);
        return;
    }
    if (face_anchors(s->scheme, out->points, s->known, anchors) != all)
        return;
    face = occlude_frame_from(anchors);
    if (kind == STRESS_GLASSES)
        occlude_with_glasses(&out->picture, &face, 1.0f - part, r, &shape);
    else if (kind == STRESS_MASK)
        occlude_with_mask(&out->picture, &face, part, r, &shape);
    else
        occlude_with_hand(&out->picture, &face, part, r, &shape);
}

/* Lengths are told in pixels of the crop. One of those is the mean of four of the stage's, so that
 * each of these has twice the noise. */
static void disturb(stress_kind kind, float strength, rng *r, stress_stage *out)
{
    pfld_image *p = &out->picture;

    if (kind == STRESS_BLUR)
        effect_blur(p, STRESS_PIXEL * strength, STRESS_PIXEL * strength);
    else if (kind == STRESS_STREAK)
        effect_streak(p, STRESS_PIXEL * strength, 3.1416f * rng_float(r));
    else if (kind == STRESS_COARSE)
        effect_low_resolution(p, (int)lrintf(STRESS_STAGE / (STRESS_PIXEL * strength)));
    else if (kind == STRESS_NOISE)
        effect_noise(p, STRESS_PIXEL * strength, false, r);
    else if (kind == STRESS_DARK)
        effect_darkness(p, strength, r);
    else if (kind == STRESS_JPEG)
        effect_jpeg(p, 100 - (int)strength);
    else if (kind == STRESS_JITTER)
        out->box = face_box_jittered(&out->box, 0.01f * strength, r);
}

void stress_set(const data_sample *s, const pfld_image *photo, stress_stage *out)
{
    turn_stage(s, photo, 0.0f, out);
}

static void copy_stage(const stress_stage *from, stress_stage *to)
{
    pfld_image picture = to->picture;

    assert(picture.stride == (ptrdiff_t)3 * STRESS_STAGE && from->picture.stride == picture.stride);
    memcpy(picture.data, from->picture.data, 3 * (size_t)STRESS_STAGE * STRESS_STAGE);
    *to = *from;
    to->picture = picture;
}

void stress_make(const data_sample *s, const pfld_image *photo, const stress_stage *from,
                 const stress_what *what, stress_stage *out)
{
    uint64_t place = (uint64_t)what->kind * 16 + (uint64_t)what->draw + 1;
    rng r;

    if (what->kind == STRESS_ROLL && what->strength > 0.0f) {
        turn_stage(s, photo, what->draw ? -what->strength : what->strength, out);
        return;
    }
    copy_stage(from, out);
    if (!(what->strength > 0.0f))
        return;
    rng_seed(&r, what->seed + UINT64_C(0x9e3779b97f4a7c15) * place);
    if (what->kind <= STRESS_HAND)
        occlude(s, what->kind, 0.01f * what->strength, &r, out);
    else
        disturb(what->kind, what->strength, &r, out);
}
