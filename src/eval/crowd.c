/* Several faces in one clip, cut out of their photos: each moves on its own. */
#include "eval/crowd.h"

#include <math.h>

#include "data/face_box.h"
#include "geometry/affine.h"
#include "image/image.h"

#define TURN   6.28318530717958647692 /* radians */
#define CELL   2.1                    /* sides of a face's box that it has for itself */
#define RADIUS 0.9f                   /* sides: so far a face's surroundings are cut out, ... */
#define SOFT   0.2f                   /* ... of which the outermost fade */
#define REACH  0.6f                   /* sides: what comes so near covers some of the face */
#define SCENE  1.0                    /* seconds between two cuts */
enum { BLOTS_X = 8, BLOTS_Y = 6 };

typedef struct actor { /* a face in the scene */
    size_t face;       /* index into clip.faces */
    double x, y;       /* of its box's centre, in the frame */
    double side, roll; /* pixels, radians */
    double depth;      /* smaller is nearer */
    affine to_frame, to_photo;
} actor;

/* How many there are in a scene. */
static size_t at_once(const clip *c)
{
    return c->motion == CLIP_CUT ? c->n / 2 : c->n;
}

static size_t first_of_scene(const clip *c, double t)
{
    return c->motion == CLIP_CUT && (size_t)(t / SCENE) % 2 ? at_once(c) : 0;
}

/* ---- where they are ---- */

static double full_side(size_t n, size_t *columns, size_t *rows)
{
    *rows = n < 4 ? 1 : 2;
    *columns = (n + *rows - 1) / *rows;
    return fmin((double)CROWD_WIDTH / (double)*columns, (double)CROWD_HEIGHT / (double)*rows) /
           CELL;
}

/* Each sways in its own cell; amount: 1 brings neighbours as near as they come without touching. */
static void sway(actor *a, size_t i, size_t n, double t, double amount)
{
    size_t columns, rows;
    double side = full_side(n, &columns, &rows), phase = TURN * (double)i / (double)n;
    size_t column = i % columns, row = i / columns;

    a->x = ((double)column + 0.5) * CROWD_WIDTH / (double)columns +
           amount * 0.25 * side * sin(TURN * 0.5 * t + phase);
    a->y = ((double)row + 0.5) * CROWD_HEIGHT / (double)rows +
           amount * 0.12 * side * sin(TURN * 0.37 * t + 2 * phase);
    a->side = side * exp(amount * 0.1 * sin(TURN * 0.4 * t + phase));
    a->roll = amount * 8 / 360 * TURN * sin(TURN * 0.6 * t + phase);
}

/* As on a roundabout: who is near goes to the left, and passes in front of who goes to the right.
 */
static void go_round(actor *a, size_t i, size_t n, double t)
{
    double angle = TURN * ((double)i / (double)n + t / 6);

    a->x = CROWD_WIDTH * (0.5 + 0.36 * cos(angle));
    a->y = CROWD_HEIGHT * (0.5 + 0.03 * sin(angle));
    a->side = 90 * exp(0.15 * sin(angle));
    a->depth = -sin(angle);
}

static void place_actor(const clip *c, size_t i, size_t n, double t, actor *a)
{
    const data_sample *s = c->faces[a->face].sample;
    pfld_box box = face_box(s);
    double scale, x = (double)(box.x + 0.5f * box.w), y = (double)(box.y + 0.5f * box.h), p, q;

    if (c->motion == CLIP_CROSS)
        go_round(a, i, n, t);
    else
        sway(a, i, n, t, c->motion == CLIP_CROWD ? 1 : 0.5);
    scale = a->side / (double)fmaxf(box.w, box.h);
    p = scale * cos(a->roll);
    q = scale * sin(a->roll);
    a->to_frame = (affine){(float)p, (float)-q, (float)(a->x - p * x + q * y),
                           (float)q, (float)p,  (float)(a->y - q * x - p * y)};
    if (!affine_invert(&a->to_frame, &a->to_photo))
        a->to_photo = a->to_frame = (affine){1, 0, 0, 0, 1, 0};
}

/* Farthest first. */
static size_t place_all(const clip *c, double t, actor *actors)
{
    size_t n = at_once(c), first = first_of_scene(c, t);

    for (size_t i = 0; i < n; i++) {
        actor a = {.face = first + i};
        size_t at = i;
        place_actor(c, i, n, t, &a);
        for (; at > 0 && actors[at - 1].depth < a.depth; at--)
            actors[at] = actors[at - 1];
        actors[at] = a;
    }
    return n;
}

/* ---- the board ---- */

/* It passes before all of them within two seconds, from half a second on. */
static bool board(const clip *c, double t, float *left, float *right)
{
    size_t columns, rows;
    double width = 1.5 * full_side(c->n, &columns, &rows);

    *left = (float)((t - 0.5) / 2 * (CROWD_WIDTH + width) - width);
    *right = *left + (float)width;
    return c->motion == CLIP_SCREEN;
}

/* ---- the picture ---- */

/* A photo so small that nobody is left of it. */
static void put_background(const pfld_image *photo, pfld_image *frame)
{
    uint8_t blots[BLOTS_Y * BLOTS_X * 3];
    pfld_image small = {.data = blots,
                        .width = BLOTS_X,
                        .height = BLOTS_Y,
                        .stride = (ptrdiff_t)3 * BLOTS_X,
                        .format = PFLD_RGB8};
    float x = (float)photo->width / BLOTS_X, y = (float)photo->height / BLOTS_Y;
    affine shrink = {x, 0, 0.5f * x - 0.5f, 0, y, 0.5f * y - 0.5f};
    affine grow = {(float)BLOTS_X / CROWD_WIDTH, 0, 0, 0, (float)BLOTS_Y / CROWD_HEIGHT, 0};

    image_warp(photo, &shrink, &small);
    image_warp(&small, &grow, frame);
}

/* How much of a cut-out shows so many sides from its middle. */
static float alpha(float far)
{
    return fminf(fmaxf((RADIUS - far) / SOFT, 0.0f), 1.0f);
}

static void put_pixel(const pfld_image *photo, pfld_point from, float share, uint8_t *to)
{
    int channels = image_channels(photo->format);
    uint8_t seen[4];

    clip_sample(photo, from, seen);
    for (int k = 0; k < 3; k++) {
        float old = (float)to[k], new = (float)seen[channels < 3 ? 0 : k];
        to[k] = (uint8_t)lrintf(old + share * (new - old));
    }
}

static void put_actor(const clip *c, const actor *a, pfld_image *frame)
{
    float side = (float)a->side, far = RADIUS * side;
    int top = (int)fmaxf((float)a->y - far, 0.0f), left = (int)fmaxf((float)a->x - far, 0.0f);

    for (int y = top; y < frame->height && (float)y < (float)a->y + far; y++)
        for (int x = left; x < frame->width && (float)x < (float)a->x + far; x++) {
            float share = alpha(hypotf((float)x - (float)a->x, (float)y - (float)a->y) / side);
            pfld_point p = {(float)x, (float)y};
            if (share > 0.0f)
                put_pixel(c->faces[a->face].photo, affine_apply(&a->to_photo, p), share,
                          clip_pixel(frame, x, y));
        }
}

/* ---- who can be seen ---- */

/* front: those nearer. */
static bool is_hidden(const clip *c, double t, const actor *a, const actor *front, size_t n)
{
    double reach = (double)REACH * a->side;
    float left, right;

    if (board(c, t, &left, &right) && (double)left < a->x + reach && (double)right > a->x - reach)
        return true;
    for (size_t i = 0; i < n; i++)
        if (hypot(front[i].x - a->x, front[i].y - a->y) < reach + (double)RADIUS * front[i].side)
            return true;
    return false;
}

void crowd_draw(const clip *c, double t, pfld_image *frame, clip_view views[])
{
    actor actors[CLIP_MOST];
    size_t n = place_all(c, t, actors);
    float left, right;

    for (size_t i = 0; i < c->n; i++)
        views[i].there = false;
    put_background(c->faces[first_of_scene(c, t)].photo, frame);
    for (size_t i = 0; i < n; i++) {
        const actor *a = &actors[i];
        const data_sample *s = c->faces[a->face].sample;
        clip_view *v = &views[a->face];
        put_actor(c, a, frame);
        v->there = true;
        v->hidden = is_hidden(c, t, a, a + 1, n - i - 1);
        for (int k = 0; k < s->scheme->n; k++)
            v->truth[k] = affine_apply(&a->to_frame, s->points[k]);
    }
    if (board(c, t, &left, &right))
        clip_put_board(left, right, frame);
}
