/* Augmentation: from a labelled photo to one training crop, in a single warp. */
#include "data/augment.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "data/effects.h"
#include "data/face_box.h"
#include "data/occlude.h"
#include "data/shut.h"
#include "data/turn.h"
#include "geometry/box.h"
#include "geometry/pose.h"
#include "image/image.h"

/* A face with more than this share of its points painted over is occluded. */
#define OCCLUDED 0.1f

#ifdef __GNUC__
#  define PREFETCH(p) __builtin_prefetch(p)
#else
#  define PREFETCH(p) ((void)(p))
#endif

const char *const augment_names[] = {"default", "calm", "spun", "paper", "none", NULL};

static const augment_options ours = {
    .flip = 0.5f,
    .rotation = 12.0f,
    .scale = 0.06f,
    .shift = 0.035f,
    .colour = 0.6f,
    .grey = 0.2f,
    .blur = 0.3f,
    .noise = 0.2f,
    .jpeg = 0.2f,
    .low_resolution = 0.15f,
    .occlusion = 0.4f,
    .dark = 0.15f,
    .plain = 0.4f,
    .tilt = 0.15f,
    .rough = 0.12f,
    .turn = 0.1f,
    .shut = 0.08f,
};
static const augment_options papers = {.flip = 0.5f, .even_rotation = 30.0f, .cutout = 1.0f};

static augment_options calm(void)
{
    augment_options o = ours;

    o.plain = 0.75f;
    o.tilt = 0.1f;
    o.rough = 0.08f;
    o.turn = 0.07f;
    return o;
}

static augment_options spun(void)
{
    augment_options o = ours;

    o.spin = 0.12f;
    return o;
}

augment_options augment_recipe(const char *name)
{
    if (strcmp(name, "default") == 0)
        return ours;
    if (strcmp(name, "calm") == 0)
        return calm();
    if (strcmp(name, "spun") == 0)
        return spun();
    return strcmp(name, "paper") == 0 ? papers : (augment_options){0};
}

/* What is painted often covers few points: measured over 300w's training faces. */
double augment_occluded_share(const augment_options *opt)
{
    const double by_shape = 0.56, by_cutout = 0.658;
    double share = by_shape * (double)opt->occlusion;

    share += by_cutout * (double)opt->cutout * (1.0 - share);
    return share * (1.0 - (double)opt->plain);
}

double augment_can_turn(const data_set *set, const face_template *face)
{
    size_t n = 0;

    for (size_t i = 0; face && i < set->n; i++)
        n += turn_suits(&set->samples[i], face);
    return n ? (double)n / (double)set->n : 0.0;
}

double augment_can_shut(const data_set *set)
{
    size_t n = 0;

    for (size_t i = 0; i < set->n; i++)
        n += shut_suits(&set->samples[i]);
    return n ? (double)n / (double)set->n : 0.0;
}

static float between(rng *r, float lo, float hi)
{
    return lo + (hi - lo) * rng_float(r);
}

static bool chance(rng *r, float probability)
{
    return rng_float(r) < probability;
}

/* --- where the crop comes from -----------------------------------------------------------------
 */

typedef struct moves {
    bool flip;
    float turn; /* degrees by which the face turns clockwise in the crop */
    float scale, shift_x, shift_y;
} moves;

static float cut_normal(rng *r, float sigma)
{
    float x = rng_normal(r);

    return sigma * (x < -3.0f ? -3.0f : x > 3.0f ? 3.0f : x);
}

/* What the normal ones seldom reach, evenly: a face that lies on a shoulder, a detector that has
 * caught half of the head. */
static void draw_far_moves(const augment_options *opt, rng *r, moves *m)
{
    bool tilted = chance(r, opt->tilt), rough = chance(r, opt->rough);
    float turn = between(r, -55.0f, 55.0f), scale = between(r, -0.25f, 0.25f);
    float x = between(r, -0.2f, 0.2f), y = between(r, -0.2f, 0.2f);

    if (tilted)
        m->turn += turn;
    if (!rough)
        return;
    m->scale *= expf(scale);
    m->shift_x += x;
    m->shift_y += y;
}

/* Takes the same number of random numbers whatever the options are, so that switching one off
 * leaves the others' draws alone. */
static moves draw_moves(const augment_options *opt, rng *r)
{
    int steps = (int)(opt->even_rotation / 5.0f);
    moves m = {.flip = chance(r, opt->flip), .turn = cut_normal(r, opt->rotation)};

    m.scale = expf(cut_normal(r, opt->scale));
    m.shift_x = cut_normal(r, opt->shift);
    m.shift_y = cut_normal(r, opt->shift);
    draw_far_moves(opt, r, &m);
    m.turn += 5.0f * floorf(rng_float(r) * (float)(2 * steps + 1)) - 5.0f * (float)steps;
    return m;
}

static affine map_to_image(const pfld_box *box, const crop_rule *rule, const moves *m, int size)
{
    crop_rule moved = {rule->scale * m->scale, rule->shift_x + m->shift_x,
                       rule->shift_y + m->shift_y};
    /* the square turns the other way than what is seen through it */
    affine t = affine_from_crop(box, &moved, -m->turn, size);
    affine flip = {-1.0f, 0.0f, (float)(size - 1), 0.0f, 1.0f, 0.0f};

    return m->flip ? affine_compose(&t, &flip) : t;
}

/* Weak perspective: turning the picture turns the head about the line of sight, R' = Rz(turn) R,
 * which changes all three angles of our order. A flip mirrors R from both sides. */
static pfld_pose move_pose(const pfld_pose *pose, const moves *m)
{
    float c = cosf(m->turn * 0.017453293f), s = sinf(m->turn * 0.017453293f);
    float r[3][3], q[3][3];
    pfld_pose out = *pose;

    if (m->turn != 0.0f) {
        pose_to_matrix(pose, r);
        for (int k = 0; k < 3; k++) {
            q[0][k] = c * r[0][k] - s * r[1][k];
            q[1][k] = s * r[0][k] + c * r[1][k];
            q[2][k] = r[2][k];
        }
        out = pose_from_matrix((const float(*)[3])q);
    }
    if (m->flip) {
        out.yaw = -out.yaw;
        out.roll = -out.roll;
    }
    return out;
}

/* Labels that lie a pixel right of what they mark do so in a mirrored photo, too, and the net shall
 * find them where the data set would have put them. */
static void move_points(const data_sample *s, const moves *m, int size, augment_face *out)
{
    float side = (float)size;
    affine to_crop;
    bool can = affine_invert(&out->to_image, &to_crop); /* not if the sample's points are absurd */

    for (int i = 0; i < s->scheme->n; i++) {
        int from = m->flip ? s->scheme->mirror[i] : i;
        out->known[i] = can && s->known[from];
        out->points[i] = (pfld_point){0.0f, 0.0f};
        if (out->known[i]) {
            pfld_point p = s->points[from];
            p.x -= m->flip ? 2.0f * s->offset : 0.0f;
            p = affine_apply(&to_crop, p);
            out->points[i] = (pfld_point){(p.x + 0.5f) / side, (p.y + 0.5f) / side};
        }
    }
}

/*
 * Photos come from memory, not from the caches, and a turned crop goes across their rows, which the
 * CPU does not foresee. Asking for the rows around it first, line by line, takes 300w's samples
 * from 195 to 140 us of CPU (moves alone, threads 0, EPYC, bench_augment).
 */
static void fetch_rows(const pfld_image *view, const affine *to_view, int size)
{
    enum { LINE = 64 };
    float far = (float)(size - 1);
    const pfld_point corner[4] = {{0.0f, 0.0f}, {far, 0.0f}, {0.0f, far}, {far, far}};
    pfld_point p[4];
    pfld_box box;
    float right = (float)view->width, bottom = (float)view->height;
    int bytes = image_channels(view->format);

    for (int i = 0; i < 4; i++) {
        p[i] = affine_apply(to_view, corner[i]);
        p[i].x = fminf(fmaxf(p[i].x, 0.0f), right);
        p[i].y = fminf(fmaxf(p[i].y, 0.0f), bottom);
    }
    box = box_around(p, 4);
    for (int y = (int)box.y; y < (int)(box.y + box.h); y++) {
        const uint8_t *row = view->data + y * view->stride;
        for (int i = bytes * (int)box.x; i < bytes * (int)(box.x + box.w); i += LINE)
            PREFETCH(row + i);
    }
}

/* --- what happens to its pixels ----------------------------------------------------------------
 */

static void occlude(const data_sample *s, pfld_image *crop, bool square, rng *r, augment_face *face)
{
    pfld_point pixels[PFLD_MAX_LANDMARKS], anchors[FACE_ANCHORS];
    float size = (float)crop->width;
    occlude_shape shape;
    int known = 0, covered = 0;

    for (int i = 0; i < s->scheme->n; i++)
        pixels[i] = (pfld_point){face->points[i].x * size - 0.5f, face->points[i].y * size - 0.5f};
    if (square)
        occlude_square(crop, 0.2f, r, &shape);
    else
        occlude_at_random(crop, anchors, face_anchors(s->scheme, pixels, face->known, anchors), r,
                          &shape);
    for (int i = 0; i < s->scheme->n; i++) {
        known += face->known[i];
        covered += face->known[i] && occlude_covers(&shape, pixels[i]);
    }
    if ((float)covered > OCCLUDED * (float)known)
        face->classes |= 1u << DATA_OCCLUSION;
}

static void change_light(const augment_options *opt, pfld_image *crop, rng *r)
{
    effect_light light = {1.0f, {1.0f, 1.0f, 1.0f}, 1.0f, 0.0f};
    bool colour = chance(r, opt->colour), grey = chance(r, opt->grey);

    if (colour) {
        light.brightness = between(r, -0.15f, 0.15f);
        light.contrast = between(r, 0.7f, 1.35f);
        light.saturation = between(r, 0.5f, 1.5f);
        for (int c = 0; c < 3; c++)
            light.gain[c] = between(r, 0.88f, 1.12f);
    }
    if (grey) {
        light.saturation = 0.0f;
        light.gain[0] = light.gain[2] = light.gain[1];
    }
    if (colour || grey)
        effect_colours(crop, &light);
}

/* By what falls on the face, or by how much of it the camera takes. */
static void darken(pfld_image *crop, rng *r)
{
    bool contrasty = chance(r, 0.6f);
    float gamma = between(r, 1.2f, 2.2f), gain = between(r, 0.6f, 1.0f);
    float stops = between(r, 1.0f, 7.5f);

    if (contrasty)
        effect_gamma(crop, gamma, gain);
    else
        effect_darkness(crop, stops, r);
}

/* Little is common, much is seen at times. */
static float mostly_low(rng *r, float lo, float hi)
{
    float x = rng_float(r);

    return lo + (hi - lo) * x * x;
}

/* Defocus, or a shaken camera. Sigmas and lengths are for 112 pixels, as all of these. */
static void blur(pfld_image *crop, rng *r)
{
    float pixel = fminf((float)crop->width / 112.0f, 2.0f);
    bool shaken = chance(r, 0.35f);
    float sigma = mostly_low(r, 0.4f, 3.6f), angle = between(r, 0.0f, 3.1416f);
    float length = between(r, 3.0f, 16.0f);

    if (shaken)
        effect_streak(crop, pixel * length, angle);
    else
        effect_blur(crop, pixel * sigma, pixel * sigma);
}

/* Faces from 12 pixels on; as many from 15 to 20 as from 30 to 40. */
static void low_resolution(pfld_image *crop, rng *r)
{
    float faraway = 14.0f * expf(between(r, 0.0f, 1.6f));
    int side = (int)(faraway / 112.0f * (float)crop->width);

    effect_low_resolution(crop, side < 1 ? 1 : side > 128 ? 128 : side);
}

/* In the order in which it happens: something is before the face, light falls on both, the lens
 * blurs, the sensor has few pixels and noise, the file is compressed. */
static void apply_effects(const data_sample *s, const augment_options *opt, pfld_image *crop,
                          rng *r, augment_face *face)
{
    bool plain = chance(r, opt->plain);

    if (!plain && chance(r, opt->cutout))
        occlude(s, crop, true, r, face);
    if (!plain && chance(r, opt->occlusion))
        occlude(s, crop, false, r, face);
    change_light(opt, crop, r);
    if (plain)
        return;
    if (chance(r, opt->dark))
        darken(crop, r);
    if (chance(r, opt->blur))
        blur(crop, r);
    if (chance(r, opt->low_resolution))
        low_resolution(crop, r);
    if (chance(r, opt->noise)) {
        float sigma = mostly_low(r, 2.0f, 28.0f);
        effect_noise(crop, sigma, chance(r, 0.4f), r);
    }
    if (chance(r, opt->jpeg))
        effect_jpeg(crop, (int)between(r, 6.0f, 71.0f));
}

/* For draws that leave all others alone. */
static rng apart(const rng *r, uint64_t which)
{
    rng own = *r;

    rng_seed(&own, rng_u64(&own) ^ which);
    return own;
}

static void spin_at_random(const augment_options *opt, const rng *r, moves *m)
{
    rng own = apart(r, UINT64_C(0x7370696e)); /* "spin" */

    if (chance(&own, opt->spin))
        m->turn = between(&own, -180.0f, 180.0f);
}

/* Where fewer than all points or no pose are known, the face stays as it is. */
static bool turn_at_random(const data_sample *s, const augment_photo *photo,
                           const augment_options *opt, const rng *r, turned_face *out)
{
    rng own = apart(r, UINT64_MAX);
    turn_angles by;

    if (!opt->face || !turn_paints(photo->view.format) || !chance(&own, opt->turn))
        return false;
    by = turn_draw(&s->pose, &own);
    return turn_face(s, opt->face, &by, out);
}

static bool shut_at_random(const data_sample *s, const augment_photo *photo,
                           const augment_options *opt, const rng *r, shut_face *out)
{
    rng own = apart(r, UINT64_C(0x73687574)); /* "shut" */
    shut_degree by;

    if (!turn_paints(photo->view.format) || !chance(&own, opt->shut) || !shut_suits(s))
        return false;
    by = shut_draw(&own);
    return shut_eyes(s, &by, out);
}

void augment_make_from(const data_sample *s, const augment_photo *photo, const crop_rule *rule,
                       const augment_options *opt, rng *r, pfld_image *crop, augment_face *out)
{
    turned_face turned;
    shut_face shut;
    bool turns = turn_at_random(s, photo, opt, r, &turned);
    bool shuts = !turns && shut_at_random(s, photo, opt, r, &shut);
    const data_sample *seen = turns ? &turned.sample : shuts ? &shut.sample : s;
    pfld_box box = face_box(seen);
    const rng before = *r;
    moves m = draw_moves(opt, r);
    affine to_view;

    assert(crop->width == crop->height && crop->width <= AUGMENT_MAX_SIZE);
    assert(crop->format == PFLD_RGB8);
    spin_at_random(opt, &before, &m);
    out->to_image = map_to_image(&box, rule, &m, crop->width);
    out->pose = move_pose(&seen->pose, &m);
    out->classes = seen->classes;
    to_view = affine_compose(&photo->from_photo, &out->to_image);
    if (turns) {
        turn_paint(&turned, &out->to_image, &photo->view, &photo->from_photo, crop);
    } else {
        fetch_rows(&photo->view, &to_view, crop->width);
        image_warp(&photo->view, &to_view, crop);
    }
    if (shuts)
        shut_paint(&shut, &out->to_image, &photo->view, &photo->from_photo, crop);
    move_points(seen, &m, crop->width, out);
    apply_effects(seen, opt, crop, r, out);
}

void augment_make(const data_sample *s, const pfld_image *image, const crop_rule *rule,
                  const augment_options *opt, rng *r, pfld_image *crop, augment_face *out)
{
    augment_photo photo = {*image, {1.0f, 0.0f, 0.0f, 0.0f, 1.0f, 0.0f}};

    augment_make_from(s, &photo, rule, opt, r, crop, out);
}
