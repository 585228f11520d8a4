/* Composition: one training picture for detectors out of photos at random places and sizes. */
#include "data/scene_augment.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "data/scene_effects.h"
#include "geometry/box.h"
#include "image/image.h"

/* Shares of the kinds of pictures; the rest, 10 %, are photos without faces. */
#define ONE_PHOTO   0.45f
#define FOUR_PHOTOS 0.20f
#define PASTED      0.25f /* cut-out faces on a background, */
#define GROUP       0.2f  /* of which so many in rows, as on a group's photo */

#define LEAST_OF_FOUR 8 /* pixels of a picture that is divided in four */

#define SMALLEST    8.0f /* pixels: sides that are aimed at, up to ... */
#define LARGEST     0.9f /* ... this part of the picture's */
#define ENLARGED    2.5f /* pixels of the picture to one of a photo, at most: no mush */
#define LEAST_LONG  0.6f /* of a photo's longer side, to its place's: from this ... */
#define MOST_LONG   1.3f /* ... to this, drawn each time, is the least: no thumbnails */
#define CUT         0.1f /* of a face's width may be cut off by the picture's border */
#define ASPECT      0.1f /* wider or narrower by up to this */
#define PASTE_LARGE 110.0f
#define FEATHER     0.15f /* of the face's side */
#define MAX_PASTED  24
#define RADIANS     0.017453293f

typedef struct composer {
    scene_pick *pick;
    const scene_set *set;
    const scene_canvas *canvas;
    rng *r;
    scene_faces *faces;
    uint32_t *main;
    pfld_error *err;
} composer;

typedef struct place { /* a part of the canvas, a picture of its own */
    pfld_image picture;
    pfld_box window; /* the same in the canvas, borders */
} place;

static float between(rng *r, float lo, float hi)
{
    return lo + (hi - lo) * rng_float(r);
}

static float log_between(rng *r, float lo, float hi)
{
    return hi > lo ? lo * expf(rng_float(r) * logf(hi / lo)) : lo;
}

static bool chance(rng *r, float probability)
{
    return rng_float(r) < probability;
}

static int below(rng *r, int n)
{
    return (int)(rng_float(r) * (float)n);
}

/* --- how a photo is laid ------------------------------------------------------------------------
 */

/* Most faces are upright or nearly so; some lie on their side or stand on their head, as photos do
 * that nobody has turned. */
static float draw_turn(rng *r)
{
    float kind = rng_float(r), sigma = rng_normal(r);
    int quarters = 1 + below(r, 3);

    sigma = sigma < -3.0f ? -3.0f : sigma > 3.0f ? 3.0f : sigma;
    if (kind < 0.1f)
        return RADIANS * (90.0f * (float)quarters + 8.0f * sigma);
    if (kind < 0.3f)
        return RADIANS * between(r, -45.0f, 45.0f);
    return RADIANS * 15.0f * sigma;
}

/* The linear part of a map: scaled, perhaps mirrored, a little wider or narrower, turned. */
static affine draw_map(rng *r, float scale, float turn)
{
    float q = sqrtf(1.0f + between(r, -ASPECT, ASPECT));
    float x = chance(r, 0.5f) ? -scale * q : scale * q, y = scale / q;
    float c = cosf(turn), s = sinf(turn);

    return (affine){c * x, -s * y, 0.0f, s * x, c * y, 0.0f};
}

/* Shifts the map so that the photo's point p comes to q. */
static void anchor(affine *map, pfld_point p, pfld_point q)
{
    pfld_point at;

    map->c = map->f = 0.0f;
    at = affine_apply(map, p);
    map->c = q.x - at.x;
    map->f = q.y - at.y;
}

static scene_layer make_layer(const pfld_image *photo, const affine *to_picture,
                              const pfld_box *region)
{
    scene_layer l = {.photo = photo, .to_picture = *to_picture, .region = *region};

    affine_invert(to_picture, &l.to_photo); /* scales are between 1/64 and ENLARGED */
    return l;
}

static pfld_box bounds_of(const affine *map, const pfld_box *b)
{
    pfld_point p[4];

    for (int i = 0; i < 4; i++)
        p[i] = affine_apply(
            map, (pfld_point){b->x + (i & 1 ? b->w : 0.0f), b->y + (i & 2 ? b->h : 0.0f)});
    return box_around(p, 4);
}

/* What to add to a stretch from at so that it covers 0..room, or lies inside where it's shorter. */
static float pull(float at, float length, float room)
{
    float lo = fminf(0.0f, room - length), hi = fmaxf(0.0f, room - length);

    return at < lo ? lo - at : at > hi ? hi - at : 0.0f;
}

/* Moves the photo into its place: less of it is blank. */
static void pull_in(affine *map, const pfld_image *photo, const pfld_image *picture)
{
    pfld_box whole = scene_whole_region(photo), b = bounds_of(map, &whole);

    map->c += pull(b.x + 0.5f, b.w, (float)picture->width);
    map->f += pull(b.y + 0.5f, b.h, (float)picture->height);
}

/* Where a face's centre may be along one side. */
static float draw_centre(rng *r, float length, float room)
{
    float least = (0.5f - CUT) * length;

    return 2.0f * least < room ? between(r, least, room - least) : 0.5f * room;
}

static pfld_point centre_of(const pfld_box *b)
{
    return (pfld_point){b->x + 0.5f * b->w, b->y + 0.5f * b->h};
}

/* One of the photo's faces that are asked for, else any. */
static const scene_face *draw_face(const composer *c, uint32_t photo)
{
    const scene_photo *p = &c->set->photos[photo];
    const scene_face *faces = c->set->faces + p->first;
    size_t n = 0, k;

    assert(p->n > 0);
    for (size_t i = 0; i < p->n; i++)
        n += !faces[i].ignore;
    if (n == 0)
        return &faces[(size_t)(rng_float(c->r) * (float)p->n) % p->n];
    k = (size_t)(rng_float(c->r) * (float)n) % n;
    for (size_t i = 0;; i++)
        if (!faces[i].ignore && k-- == 0)
            return &faces[i];
}

/* Paints the layer, from the small copy where that will do. */
static pfld_status paint(composer *c, pfld_image *picture, const scene_layer *l,
                         const picked_photo *p)
{
    const affine *t = &l->to_photo;
    scene_layer small = *l;
    picked_photo copy;
    affine to_photo;
    pfld_box *r = &small.region;
    pfld_status status;

    if (fminf(hypotf(t->a, t->d), hypotf(t->b, t->e)) < SCENE_SMALL) {
        scene_paint(picture, l, c->canvas->scratch);
        return PFLD_OK;
    }
    status = scene_pick_small(c->pick, p, &copy, c->err);
    if (status)
        return status;
    small.photo = copy.view;
    small.to_photo = affine_compose(&copy.from_photo, &l->to_photo);
    affine_invert(&copy.from_photo, &to_photo);
    small.to_picture = affine_compose(&l->to_picture, &to_photo);
    *r = bounds_of(&copy.from_photo, &l->region);
    scene_paint(picture, &small, c->canvas->scratch);
    scene_pick_put(c->pick, &copy);
    return PFLD_OK;
}

/* --- what is behind -----------------------------------------------------------------------------
 */

static void fill(pfld_image *picture, const uint8_t colour[3])
{
    for (int y = 0; y < picture->height; y++) {
        uint8_t *p = picture->data + y * picture->stride;
        for (int x = 0; x < picture->width; x++)
            memcpy(p + (ptrdiff_t)3 * x, colour, 3);
    }
}

/* Black as in letterboxed pictures, mean grey, or any colour. */
static void fill_plain(composer *c, pfld_image *picture)
{
    float kind = rng_float(c->r);
    uint8_t colour[3] = {0, 0, 0};

    for (int i = 0; i < 3 && kind > 0.4f; i++)
        colour[i] = kind < 0.65f ? 127 : (uint8_t)below(c->r, 256);
    fill(picture, colour);
}

/* A photo without faces over all of the picture, at any zoom. */
static pfld_status fill_empty(composer *c, pfld_image *picture, uint32_t *index)
{
    picked_photo p;
    pfld_status status = scene_pick_draw(c->pick, SCENE_EMPTY, c->r, &p, c->err);
    float w, h, least, scale;
    affine map, back;
    pfld_point centre;

    if (status)
        return status;
    w = (float)p.view->width;
    h = (float)p.view->height;
    least = fmaxf((float)picture->width / w, (float)picture->height / h);
    scale = log_between(c->r, fminf(least, 4.0f), fmaxf(1.5f * least, 2.0f));
    map = draw_map(c->r, scale, chance(c->r, 0.7f) ? 0.0f : draw_turn(c->r));
    centre.x = between(c->r, 0.0f, w);
    centre.y = between(c->r, 0.0f, h);
    anchor(&map, centre, (pfld_point){0.5f * (float)picture->width, 0.5f * (float)picture->height});
    pull_in(&map, p.view, picture);
    affine_invert(&map, &back);
    image_warp(p.view, &back, picture);
    scene_pick_put(c->pick, &p);
    *index = p.index;
    return PFLD_OK;
}

/* What a photo leaves blank: nothing (its border goes on), plain, or a piece of another photo. */
static pfld_status fill_behind(composer *c, pfld_image *picture, const scene_layer *l)
{
    float kind = rng_float(c->r);
    uint32_t index;

    if (scene_covers(picture, l))
        return PFLD_OK;
    if (kind < 0.3f && scene_pick_has(c->pick, SCENE_EMPTY))
        return fill_empty(c, picture, &index);
    if (kind < 0.5f)
        image_warp(l->photo, &l->to_photo, picture);
    else
        fill_plain(c, picture);
    return PFLD_OK;
}

/* --- whole photos -------------------------------------------------------------------------------
 */

static affine draw_whole_map(composer *c, const place *at, const picked_photo *p)
{
    const scene_face *f = draw_face(c, p->index);
    float w = (float)at->picture.width, h = (float)at->picture.height;
    float long_side = (float)(p->view->width > p->view->height ? p->view->width : p->view->height);
    float side = log_between(c->r, SMALLEST, LARGEST * fminf(w, h));
    float scale = side / scene_side(&f->box);
    float least = between(c->r, LEAST_LONG, MOST_LONG) * fmaxf(w, h) / long_side;
    affine map;
    pfld_box box;
    pfld_point to;

    scale = fminf(fmaxf(scale, least), ENLARGED);
    map = draw_map(c->r, scale, draw_turn(c->r));
    box = bounds_of(&map, &f->box);
    to.x = draw_centre(c->r, box.w, w);
    to.y = draw_centre(c->r, box.h, h);
    anchor(&map, centre_of(&f->box), to);
    if (chance(c->r, 0.85f))
        pull_in(&map, p->view, &at->picture);
    return map;
}

static pfld_status compose_whole(composer *c, place *at)
{
    picked_photo p;
    const scene_photo *photo;
    scene_layer l;
    pfld_box region;
    affine map;
    pfld_status status = scene_pick_draw(c->pick, SCENE_WHOLE, c->r, &p, c->err);

    if (status)
        return status;
    photo = &c->set->photos[p.index];
    map = draw_whole_map(c, at, &p);
    region = scene_whole_region(p.view);
    l = make_layer(p.view, &map, &region);
    status = fill_behind(c, &at->picture, &l);
    if (!status)
        status = paint(c, &at->picture, &l, &p);
    if (!status &&
        !scene_map_faces(c->set->faces + photo->first, photo->n, &l, &at->window, c->faces))
        status = error_nomem(c->err);
    scene_pick_put(c->pick, &p);
    *c->main = p.index;
    return status;
}

static place part_of(const scene_canvas *canvas, int left, int top, int right, int bottom)
{
    place p = {
        canvas->picture,
        {(float)left - 0.5f, (float)top - 0.5f, (float)(right - left), (float)(bottom - top)}};

    p.picture.width = right - left;
    p.picture.height = bottom - top;
    p.picture.data += top * p.picture.stride + (ptrdiff_t)3 * left;
    return p;
}

static place all_of(const scene_canvas *canvas)
{
    return part_of(canvas, 0, 0, canvas->picture.width, canvas->picture.height);
}

/* Four photos side by side; now and then one without faces. */
static pfld_status compose_mosaic(composer *c)
{
    int size = c->canvas->picture.width;
    int x = (int)((float)size * between(c->r, 0.3f, 0.7f));
    int y = (int)((float)size * between(c->r, 0.3f, 0.7f));
    pfld_status status = PFLD_OK;
    uint32_t index;

    for (int i = 0; i < 4 && !status; i++) {
        place p =
            part_of(c->canvas, i & 1 ? x : 0, i & 2 ? y : 0, i & 1 ? size : x, i & 2 ? size : y);
        if (scene_pick_has(c->pick, SCENE_EMPTY) && chance(c->r, 0.1f))
            status = fill_empty(c, &p.picture, &index);
        else
            status = compose_whole(c, &p);
    }
    return status;
}

/* --- pasted faces -------------------------------------------------------------------------------
 */

/* What is taken along around the face, inside the photo. */
static pfld_box region_around(const pfld_box *face, float times, const pfld_image *photo)
{
    pfld_box all = scene_whole_region(photo);
    float reach = 0.5f * times * fmaxf(face->w, face->h);
    pfld_point p = centre_of(face);
    float left = fmaxf(p.x - reach, all.x), top = fmaxf(p.y - reach, all.y);
    float right = fminf(p.x + reach, all.x + all.w), bottom = fminf(p.y + reach, all.y + all.h);

    return (pfld_box){left, top, right - left, bottom - top};
}

/* Whether the layer would hide faces that are there already. */
static bool hides(const composer *c, const scene_layer *l)
{
    pfld_box b = bounds_of(&l->to_picture, &l->region);

    for (size_t i = 0; i < c->faces->n; i++)
        if (scene_covered(&c->faces->at[i].box, &b) > 0.1f)
            return true;
    return false;
}

typedef struct paste { /* a face that is to come: its side, turn, and where; NULL: anywhere */
    float side, turn;
    const pfld_point *at;
} paste;

static bool lay_paste(composer *c, const paste *want, const scene_face *f, scene_layer *l)
{
    float scale = fminf(want->side / scene_side(&f->box), ENLARGED);
    float size = (float)c->canvas->picture.width;
    affine map = draw_map(c->r, scale, want->turn);
    pfld_box box = bounds_of(&map, &f->box);

    l->feather = fmaxf(FEATHER * scale * scene_side(&f->box), 1.5f);
    for (int tries = 0; tries < 8; tries++) {
        pfld_point to;
        to.x = want->at ? want->at->x : draw_centre(c->r, box.w, size) - 0.5f;
        to.y = want->at ? want->at->y : draw_centre(c->r, box.h, size) - 0.5f;
        anchor(&map, centre_of(&f->box), to);
        l->to_picture = map;
        if (!affine_invert(&map, &l->to_photo))
            return false;
        if (want->at || !hides(c, l))
            return true;
    }
    return false;
}

static pfld_status paste_face(composer *c, const paste *want)
{
    bool whole = scene_pick_has(c->pick, SCENE_WHOLE) &&
                 (!scene_pick_has(c->pick, SCENE_CROP) || chance(c->r, 0.3f));
    picked_photo p;
    pfld_status status =
        scene_pick_draw(c->pick, whole ? SCENE_WHOLE : SCENE_CROP, c->r, &p, c->err);
    const scene_photo *photo;
    const scene_face *f;
    place all = all_of(c->canvas);
    scene_layer l;

    if (status)
        return status;
    photo = &c->set->photos[p.index];
    f = draw_face(c, p.index);
    l = (scene_layer){.photo = p.view};
    l.region = region_around(&f->box, between(c->r, 1.4f, whole ? 2.6f : 1.8f), p.view);
    if (l.region.w >= 1.0f && l.region.h >= 1.0f && lay_paste(c, want, f, &l)) {
        status = paint(c, &all.picture, &l, &p);
        if (!status &&
            !scene_map_faces(c->set->faces + photo->first, photo->n, &l, &all.window, c->faces))
            status = error_nomem(c->err);
    }
    scene_pick_put(c->pick, &p);
    *c->main = p.index;
    return status;
}

/* A piece of a photo without faces, pasted as faces are: soft borders alone mean nothing. */
static pfld_status paste_nothing(composer *c)
{
    picked_photo p;
    pfld_status status = scene_pick_draw(c->pick, SCENE_EMPTY, c->r, &p, c->err);
    place all = all_of(c->canvas);
    paste want = {0};
    scene_face piece = {0};
    scene_layer l;

    if (status)
        return status;
    want.side = log_between(c->r, 12.0f, 140.0f);
    want.turn = draw_turn(c->r);
    piece.box.w = piece.box.h =
        fminf(between(c->r, 20.0f, 120.0f),
              0.7f * (float)(p.view->width < p.view->height ? p.view->width : p.view->height));
    piece.box.x = between(c->r, 0.0f, (float)p.view->width - piece.box.w);
    piece.box.y = between(c->r, 0.0f, (float)p.view->height - piece.box.h);
    l = (scene_layer){.photo = p.view};
    l.region = region_around(&piece.box, 1.6f, p.view);
    if (l.region.w >= 1.0f && l.region.h >= 1.0f && lay_paste(c, &want, &piece, &l))
        status = paint(c, &all.picture, &l, &p);
    scene_pick_put(c->pick, &p);
    return status;
}

/* Rows of faces of nearly one size, close to each other. */
static pfld_status paste_group(composer *c)
{
    float size = (float)c->canvas->picture.width, side = log_between(c->r, 10.0f, 0.16f * size);
    float step_x = side * between(c->r, 1.3f, 2.2f), step_y = side * between(c->r, 1.4f, 2.5f);
    int columns = (int)(size / step_x), rows = (int)(size / step_y);
    float left = between(c->r, 0.0f, size), top = between(c->r, 0.0f, size);
    pfld_status status = PFLD_OK;

    columns = columns > 8 ? 8 : columns < 1 ? 1 : columns;
    rows = rows > MAX_PASTED / columns ? MAX_PASTED / columns : rows < 1 ? 1 : rows;
    left *= 1.0f - fminf(step_x * (float)columns / size, 1.0f);
    top *= 1.0f - fminf(step_y * (float)rows / size, 1.0f);
    for (int i = 0; i < rows * columns && !status; i++) {
        int column = i % columns, row = i / columns;
        float dx = between(c->r, -0.15f, 0.15f), dy = between(c->r, -0.25f, 0.25f);
        pfld_point at = {left + step_x * ((float)column + 0.5f + dx),
                         top + step_y * ((float)row + 0.5f + dy)};
        paste want = {.at = &at};
        want.side = side * between(c->r, 0.85f, 1.15f);
        want.turn = RADIANS * 10.0f * rng_normal(c->r);
        if (chance(c->r, 0.9f))
            status = paste_face(c, &want);
    }
    return status;
}

static pfld_status paste_some(composer *c)
{
    float size = (float)c->canvas->picture.width;
    bool large = chance(c->r, 0.3f), empty = scene_pick_has(c->pick, SCENE_EMPTY);
    int n = large ? 1 : 1 + below(c->r, 6);
    pfld_status status = PFLD_OK;

    for (int i = 0; empty && i < 2 && !status; i++)
        if (chance(c->r, 0.4f))
            status = paste_nothing(c);
    for (int i = 0; i < n && !status; i++) {
        paste want = {.turn = draw_turn(c->r)};
        want.side = large ? log_between(c->r, 60.0f, LARGEST * size)
                          : log_between(c->r, SMALLEST, PASTE_LARGE);
        status = paste_face(c, &want);
    }
    return status;
}

static pfld_status compose_pasted(composer *c)
{
    place all = all_of(c->canvas);
    pfld_status status = PFLD_OK;
    uint32_t index;

    if (scene_pick_has(c->pick, SCENE_EMPTY) && chance(c->r, 0.88f))
        status = fill_empty(c, &all.picture, &index);
    else
        fill_plain(c, &all.picture);
    if (status)
        return status;
    return chance(c->r, GROUP) ? paste_group(c) : paste_some(c);
}

/* --- pictures -----------------------------------------------------------------------------------
 */

/* A kind that the set has no photos for becomes another. */
static pfld_status compose(composer *c)
{
    bool whole = scene_pick_has(c->pick, SCENE_WHOLE), crop = scene_pick_has(c->pick, SCENE_CROP);
    bool empty = scene_pick_has(c->pick, SCENE_EMPTY);
    float kind = rng_float(c->r);
    place all = all_of(c->canvas);

    if (empty && (kind >= ONE_PHOTO + FOUR_PHOTOS + PASTED || (!whole && !crop)))
        return fill_empty(c, &all.picture, c->main);
    if (!whole || (kind >= ONE_PHOTO + FOUR_PHOTOS && kind < ONE_PHOTO + FOUR_PHOTOS + PASTED))
        return compose_pasted(c);
    if (kind >= ONE_PHOTO && kind < ONE_PHOTO + FOUR_PHOTOS && all.picture.width >= LEAST_OF_FOUR)
        return compose_mosaic(c);
    return compose_whole(c, &all);
}

pfld_status scene_augment(scene_pick *pick, const scene_set *set, const scene_canvas *canvas,
                          rng *r, scene_faces *faces, uint32_t *main, pfld_error *err)
{
    composer c = {pick, set, canvas, r, faces, main, err};
    pfld_status status;

    assert(canvas->picture.width == canvas->picture.height);
    assert(canvas->picture.width <= SCENE_MAX_SIZE && canvas->picture.format == PFLD_RGB8);
    faces->n = 0;
    *main = 0;
    status = compose(&c);
    if (!status)
        scene_effects(canvas, faces, r);
    return status;
}

pfld_status scene_plain(scene_pick *pick, const scene_set *set, uint32_t photo,
                        const scene_canvas *canvas, scene_faces *faces, pfld_error *err)
{
    static const uint8_t black[3] = {0, 0, 0};
    const scene_photo *s = &set->photos[photo];
    float size = (float)canvas->picture.width, scale;
    place all = all_of(canvas);
    picked_photo p;
    scene_layer l;
    pfld_box region;
    affine map;
    pfld_status status = scene_pick_get(pick, photo, &p, err);

    faces->n = 0;
    if (status)
        return status;
    scale = size / (float)(p.view->width > p.view->height ? p.view->width : p.view->height);
    scale = fminf(scale, 2.0f);
    map = (affine){scale, 0.0f, 0.5f * scale - 0.5f, 0.0f, scale, 0.5f * scale - 0.5f};
    region = scene_whole_region(p.view);
    l = make_layer(p.view, &map, &region);
    fill(&all.picture, black);
    scene_paint(&all.picture, &l, canvas->scratch);
    if (!scene_map_faces(set->faces + s->first, s->n, &l, &all.window, faces))
        status = error_nomem(err);
    scene_pick_put(pick, &p);
    return status;
}
