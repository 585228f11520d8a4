/* Faces from frame to frame: who is who, where to look next, and when to search again. */
#include "track/tracker.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "geometry/box.h"
#include "geometry/pose.h"

#define FARTHEST 0.5f /* sides: how far ahead a face is looked for, and ... */
#define AHEAD    0.1f /* ... seconds: heads do not move on as they did for longer */
#define OFF      0.2f /* sides from there, from which on points are wrong that are read but once */
#define JUMP     1.0f /* sides from there, and ... */
#define SWELL    0.7f /* ... ln of its side: what is seen so far off is another face */
#define SAME     0.3f /* IoU of two squares around one face, or ... */
#define NEAR                                                                                       \
  0.55f /* ... how far their centres are apart, in sides of the larger one: no two                 \
           heads come that close, but what a detector makes of one face may */
#define SURE          0.8f /* presence from which on a face is where it is said to be */
#define TWINS         0.7f /* IoU of two tracks that have run onto one face */
#define REACH         1.0f /* sides that a lost face may be off, and as many more for each second */
#define GROWTH        0.5f /* ln of the side of a lost face */
#define LEAST_TREMBLE 0.2f /* of the mean: no point is that much surer, ... */
#define MOST_TREMBLE  2.0f /* ... and none may be late by more than this many times the gate */
#define STEP_V        0.5f /* share of the newest speed in a track's velocity */

void tracker_reset(tracker *tr)
{
    tracker_options opt = tr->opt;
    uint32_t last_id = tr->last_id;

    memset(tr, 0, sizeof *tr);
    tr->opt = opt;
    tr->last_id = last_id;
}

/* ---- squares ---- */

static float overlap(const face_square *a, const face_square *b)
{
    pfld_box p = face_square_box(a), q = face_square_box(b);

    return box_iou(&p, &q);
}

static float apart(const face_square *a, const face_square *b) /* in sides of a */
{
    return hypotf(b->x - a->x, b->y - a->y) / a->side;
}

static bool is_same(const face_square *a, const face_square *b)
{
    return overlap(a, b) > SAME || fminf(apart(a, b), apart(b, a)) < NEAR;
}

static float swollen(const face_square *a, const face_square *b)
{
    return fabsf(logf(b->side / a->side));
}

/* ---- one face ---- */

static face_square expected(const track *k, double t)
{
    face_square s = k->square;
    float dt = fminf((float)(t - k->t), AHEAD);
    float dx = dt * k->velocity.x, dy = dt * k->velocity.y;
    float far = hypotf(dx, dy) / (FARTHEST * s.side), shrink = far > 1.0f ? 1.0f / far : 1.0f;

    s.x += shrink * dx;
    s.y += shrink * dy;
    return s;
}

static bool is_inside(const face_square *s, const pfld_image *img)
{
    return s->x > -0.5f && s->y > -0.5f && s->x < (float)img->width - 0.5f &&
           s->y < (float)img->height - 0.5f;
}

/* What the net is less sure of trembles more: each point's deviation over their mean. NULL: it does
 * not tell. */
static const float *tremble_of(const pfld_face *face, float out[PFLD_MAX_LANDMARKS])
{
    int n = face->n_landmarks;
    float mean = 0.0f;

    for (int i = 0; i < n; i++) {
        out[i] = sqrtf(0.5f * (face->cov[i].xx + face->cov[i].yy));
        mean += out[i] / (float)n;
    }
    if (!(mean > 0.0f) || !isfinite(mean))
        return NULL;
    for (int i = 0; i < n; i++)
        out[i] = fminf(fmaxf(out[i] / mean, LEAST_TREMBLE), MOST_TREMBLE);
    return out;
}

/* The track's face is this one, at t; out: as it is to be given out. */
static void take(track *k, const face_square *at, const pfld_face *face, double t, float smooth)
{
    float dt = (float)(t - k->t), tremble[PFLD_MAX_LANDMARKS];
    const scheme *s = scheme_by_count(face->n_landmarks);

    if (k->seen && dt > 0.0f) {
        k->velocity.x += STEP_V * ((at->x - k->square.x) / dt - k->velocity.x);
        k->velocity.y += STEP_V * ((at->y - k->square.y) / dt - k->velocity.y);
    } else {
        k->velocity = (pfld_point){0.0f, 0.0f};
        k->points.n = 0;
        k->sure = *at;
    }
    k->square = *at;
    if (!(face->presence < SURE)) /* nor is NaN */
        k->sure = *at;
    k->t = t;
    k->seen = true;
    k->face = *face;
    k->face.id = k->id;
    filter_points(&k->points, t, smooth, face->landmarks, tremble_of(face, tremble),
                  (size_t)face->n_landmarks, k->face.landmarks);
    if (smooth > 0.0f && s)
        (void)pose_from_points(s, k->face.landmarks, NULL, &k->face.pose);
}

/* faces_follow(), and once more from where it came to, if that is far off: the net has seen such a
 * face at the crop's border, and reads it worse the farther off it is. */
static bool look(faces *f, const pfld_image *img, const face_square *ahead, face_square *seen,
                 pfld_face *face)
{
    face_square first;

    if (!faces_follow(f, img, ahead, seen, face))
        return false;
    first = *seen;
    return !(apart(ahead, &first) > OFF) || faces_follow(f, img, &first, seen, face);
}

/* off: how far it is from where it was expected, in sides. */
static bool follow(track *k, faces *f, const pfld_image *img, double t, float smooth, float *off)
{
    face_square ahead = expected(k, t), seen;
    pfld_face face;

    if (!look(f, img, &ahead, &seen, &face) || !is_inside(&seen, img))
        return false;
    *off = apart(&ahead, &seen);
    if (*off > JUMP || swollen(&ahead, &seen) > SWELL)
        return false;
    face.score = k->face.score; /* what the search said that found it */
    take(k, &seen, &face, t, smooth);
    return true;
}

/* ---- all of them ---- */

typedef struct step {         /* of a track, while it is not sure that it followed its own face */
    face_square square, sure; /* before */
    pfld_point velocity;
    double t;
    float off;
} step;

static void lose(track *k, const step *s)
{
    k->seen = false;
    k->square = s->square;
    k->sure = s->sure;
    k->velocity = s->velocity;
    k->t = s->t;
}

/* Of two tracks on one face the one that came the shorter way stays; the other has lost its own. */
static void part_twins(tracker *tr, const step steps[])
{
    for (size_t i = 0; i < tr->n; i++)
        for (size_t j = i + 1; j < tr->n && tr->tracks[i].seen; j++) {
            const track *a = &tr->tracks[i], *b = &tr->tracks[j];
            size_t wrong = steps[i].off > steps[j].off ? i : j;
            if (b->seen && overlap(&a->square, &b->square) > TWINS)
                lose(&tr->tracks[wrong], &steps[wrong]);
        }
}

static void follow_all(tracker *tr, faces *f, const pfld_image *img, double t)
{
    step steps[TRACKER_MAX_FACES];

    for (size_t i = 0; i < tr->n; i++) {
        track *k = &tr->tracks[i];
        steps[i] = (step){k->square, k->sure, k->velocity, k->t, 0.0f};
        if (k->seen)
            k->seen = follow(k, f, img, t, tr->opt.smooth, &steps[i].off);
    }
    part_twins(tr, steps);
}

static void forget(tracker *tr, double t)
{
    size_t n = 0;

    for (size_t i = 0; i < tr->n; i++) {
        if (!tr->tracks[i].seen && t - tr->tracks[i].t > (double)tr->opt.hold)
            continue;
        if (n < i)
            tr->tracks[n] = tr->tracks[i];
        n++;
    }
    tr->n = n;
}

/* ---- who is who ---- */

typedef struct finding { /* of a search */
    const pfld_face *face;
    face_square square;
    bool taken;
} finding;

/* How unlike the lost face it is; infinite where it can't be the same. What covers a face by and by
 * squeezes the landmarks to where it still shows: its last sure place counts. */
static float distance(const track *k, const finding *d, double t)
{
    float reach = REACH * (1.0f + (float)(t - k->t));
    float off = apart(&k->sure, &d->square), growth = swollen(&k->sure, &d->square);

    return off <= reach && growth <= GROWTH ? off + growth : INFINITY;
}

static void claim_seen(tracker *tr, finding *d)
{
    for (size_t i = 0; i < tr->n && !d->taken; i++) {
        track *k = &tr->tracks[i];
        if (!k->seen || !is_same(&k->square, &d->square))
            continue;
        k->face.score = d->face->score;
        d->taken = true;
    }
}

/* The likest pair first, until none is left that can be the same. */
static void claim_lost(tracker *tr, finding *found, size_t n, double t)
{
    for (;;) {
        track *who = NULL;
        finding *what = NULL;
        float best = INFINITY;
        for (size_t i = 0; i < tr->n; i++)
            for (size_t j = 0; j < n && !tr->tracks[i].seen; j++) {
                float d = found[j].taken ? INFINITY : distance(&tr->tracks[i], &found[j], t);
                if (d >= best)
                    continue;
                best = d;
                who = &tr->tracks[i];
                what = &found[j];
            }
        if (!who)
            return;
        take(who, &what->square, what->face, t, tr->opt.smooth);
        what->taken = true;
    }
}

/* A face that is in sight counts more than one that may come back. */
static bool make_room(tracker *tr)
{
    size_t oldest = tr->n;

    if (tr->n < (size_t)tr->opt.max_faces)
        return true;
    for (size_t i = 0; i < tr->n; i++)
        if (!tr->tracks[i].seen && (oldest == tr->n || tr->tracks[i].t < tr->tracks[oldest].t))
            oldest = i;
    if (oldest == tr->n)
        return false;
    tr->n--;
    for (size_t i = oldest; i < tr->n; i++)
        tr->tracks[i] = tr->tracks[i + 1];
    return true;
}

static void begin_tracks(tracker *tr, finding *found, size_t n, double t)
{
    for (size_t j = 0; j < n; j++) {
        track *k;
        claim_seen(tr, &found[j]); /* those that have just begun or come back, too */
        if (found[j].taken)
            continue;
        if (!make_room(tr))
            return;
        k = &tr->tracks[tr->n];
        *k = (track){.id = ++tr->last_id};
        take(k, &found[j].square, found[j].face, t, tr->opt.smooth);
        tr->n++;
    }
}

static void search(tracker *tr, faces *f, const pfld_image *img, double t)
{
    finding found[TRACKER_MAX_FACES];
    size_t n = 0, all = faces_find(f, img, tr->found, TRACKER_MAX_FACES);

    for (size_t i = 0; i < all && i < TRACKER_MAX_FACES; i++) {
        finding d = {.face = &tr->found[i]};
        if (!faces_square(f, d.face, &d.square))
            continue;
        faces_frame(f, &d.square, &tr->found[i]);
        claim_seen(tr, &d);
        found[n++] = d;
    }
    claim_lost(tr, found, n, t);
    begin_tracks(tr, found, n, t);
    tr->searched = t;
}

static bool all_seen(const tracker *tr)
{
    for (size_t i = 0; i < tr->n; i++)
        if (!tr->tracks[i].seen)
            return false;
    return tr->n > 0;
}

size_t tracker_step(tracker *tr, faces *f, const pfld_image *img, double t, pfld_face *out,
                    size_t cap)
{
    size_t n = 0;

    assert(f->points && f->finder);
    if (tr->begun && !(t > tr->t && t - tr->t <= (double)tr->opt.hold))
        tracker_reset(tr); /* nor is anybody known after so long a gap */
    if (cuts_next(&tr->cuts, img))
        tr->n = 0; /* whoever comes now, in the same place or not, is another */
    follow_all(tr, f, img, t);
    forget(tr, t);
    if (!tr->begun || !all_seen(tr) || t - tr->searched >= (double)tr->opt.search_every)
        search(tr, f, img, t);
    tr->begun = true;
    tr->t = t;
    for (size_t i = 0; i < tr->n; i++) {
        if (!tr->tracks[i].seen)
            continue;
        if (n < cap)
            out[n] = tr->tracks[i].face;
        n++;
    }
    return n;
}
