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
#define AGREE         0.5f  /* IoU of two squares, and ... */
#define TURN          45.0f /* ... degrees between them: so far they are one reading of a face */
#define UPSIDE_DOWN   90.0f /* degrees from how a face was: it is rather misread than turned */
#define SURE          0.8f  /* score from which on a face is where the search says */
#define BETTER        0.1f  /* by so much of the score one reading of a face beats another */
#define PATIENCE      0.5   /* seconds, at most, for which searches may deny what others backed */
#define USUAL         0.95f /* of a face's usual presence, from which on all of it is in sight */
#define FALLS         1.0f  /* seconds in which what is usual falls to what is */
#define SETTLES       0.5f /* seconds for which a face that came or came back is doubted, and ... */
#define SOONER        3.0f /* ... searched for so many times as often */
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

static bool agree(const face_square *a, const face_square *b)
{
    return overlap(a, b) > AGREE && fabsf(remainderf(a->roll - b->roll, 360.0f)) < TURN;
}

static bool is_upside_down(const face_square *a, const face_square *b)
{
    return fabsf(remainderf(a->roll - b->roll, 360.0f)) > UPSIDE_DOWN;
}

static float swollen(const face_square *a, const face_square *b)
{
    return fabsf(logf(b->side / a->side));
}

/* ---- one face ---- */

static face_square expected(const track *k, double t)
{
    face_square s = k->now.square;
    float dt = fminf((float)(t - k->now.t), AHEAD);
    float dx = dt * k->now.velocity.x, dy = dt * k->now.velocity.y;
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

/* Rises at once and falls by and by: so it tells a face that is being covered. */
static float usual_presence(const track *k, float presence, float dt)
{
    float fall = fminf(dt / FALLS, 1.0f) * (k->usual - presence);

    return presence > k->usual ? presence : k->usual - fall;
}

/* A search has found it, where it is, with this score. */
static void back(track *k, float score, double t)
{
    if (score < SURE || is_upside_down(&k->sure.square, &k->now.square))
        return;
    k->backed = t;
    k->known = true;
}

/* A known face that has come back is believed once a search is sure of it, or after a while. */
static bool is_unsettled(const track *k)
{
    return k->known && k->backed < k->since && k->now.t - k->since < (double)SETTLES;
}

/* The track's face is this one, at t; out: as it is to be given out. */
static void take(track *k, const face_square *at, const pfld_face *face, double t, float smooth)
{
    float dt = (float)(t - k->now.t), tremble[PFLD_MAX_LANDMARKS];
    const scheme *s = scheme_by_count(face->n_landmarks);

    if (k->seen && dt > 0.0f) {
        k->now.velocity.x += STEP_V * ((at->x - k->now.square.x) / dt - k->now.velocity.x);
        k->now.velocity.y += STEP_V * ((at->y - k->now.square.y) / dt - k->now.velocity.y);
    } else {
        k->now.velocity = (pfld_point){0.0f, 0.0f};
        k->points.n = 0;
        k->since = t;
        k->backed = -(double)INFINITY;
    }
    k->now.square = *at;
    if (!k->seen)
        back(k, face->score, t);
    k->usual = usual_presence(k, face->presence, dt);
    k->now.t = t;
    k->doubted = face->presence < USUAL * k->usual || is_unsettled(k); /* NaN is not */
    if (!k->doubted)
        k->sure = k->now;
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

typedef struct step {      /* of a track, while it is not sure that it followed its own face */
    track_place now, sure; /* before */
    float off;
} step;

static void lose(track *k, const step *s)
{
    k->seen = false;
    k->now = s->now;
    k->sure = s->sure;
}

/* Of two tracks on one face that which a search backed stays, or else that which came the shorter
 * way; the other has lost its own. */
static void part_twins(tracker *tr, const step steps[])
{
    for (size_t i = 0; i < tr->n; i++)
        for (size_t j = i + 1; j < tr->n && tr->tracks[i].seen; j++) {
            const track *a = &tr->tracks[i], *b = &tr->tracks[j];
            bool nearer = steps[j].off < steps[i].off;
            size_t wrong = (a->backed == b->backed ? nearer : b->backed > a->backed) ? i : j;
            if (b->seen && overlap(&a->now.square, &b->now.square) > TWINS)
                lose(&tr->tracks[wrong], &steps[wrong]);
        }
}

static void follow_all(tracker *tr, faces *f, const pfld_image *img, double t)
{
    step steps[TRACKER_MAX_FACES];

    for (size_t i = 0; i < tr->n; i++) {
        track *k = &tr->tracks[i];
        steps[i] = (step){k->now, k->sure, 0.0f};
        if (k->seen)
            k->seen = follow(k, f, img, t, tr->opt.smooth, &steps[i].off);
    }
    part_twins(tr, steps);
}

/* What a search was never sure of, and was in sight for a moment, may have been none. */
static double held(const tracker *tr, const track *k)
{
    double hold = (double)tr->opt.hold;

    return k->known ? hold : fmin(hold, 2 * (k->now.t - k->born));
}

static void forget(tracker *tr, double t)
{
    size_t n = 0;

    for (size_t i = 0; i < tr->n; i++) {
        const track *k = &tr->tracks[i];
        if (!k->seen && t - k->now.t > held(tr, k))
            continue;
        if (n < i)
            tr->tracks[n] = tr->tracks[i];
        n++;
    }
    tr->n = n;
}

static void drop(tracker *tr, size_t i)
{
    tr->n--;
    for (; i < tr->n; i++)
        tr->tracks[i] = tr->tracks[i + 1];
}

/* ---- who is who ---- */

typedef struct finding { /* of a search */
    const pfld_face *face;
    face_square square;
    uint32_t rival; /* a track on it that is dropped if a lost face takes it: its id; 0: none is */
    bool taken;
} finding;

/* How unlike the lost face it is; infinite where it can't be the same. What covers a face by and by
 * squeezes the landmarks to where it still shows: its last sure place counts. But it may have gone
 * elsewhere in sight since: where it was seen last counts, too. */
static float distance(const track *k, const finding *d, double t)
{
    float reach = REACH * (1.0f + (float)(t - k->now.t)), since = (float)(t - k->sure.t);
    float off, growth = swollen(&k->sure.square, &d->square);
    face_square on = k->sure.square; /* it may have stopped, or gone on behind */
    face_square last = k->sure.square;

    on.x += since * k->sure.velocity.x;
    on.y += since * k->sure.velocity.y;
    last.x = k->now.square.x;
    last.y = k->now.square.y;
    off = fminf(apart(&k->sure.square, &d->square), apart(&on, &d->square));
    off = fminf(off, apart(&last, &d->square));
    if (off > reach || (growth > GROWTH && !is_same(&k->sure.square, &d->square)))
        return INFINITY; /* in its very place it may well show but in part */
    if (is_upside_down(&k->sure.square, &d->square) && d->face->score < SURE)
        return INFINITY;
    return off + growth;
}

/* The search says where its face is. */
static void take_found(track *k, finding *d, double t, float smooth)
{
    take(k, &d->square, d->face, t, smooth);
    k->confirmed = t;
    d->taken = true;
}

static bool is_head_of(const track *k, const finding *d)
{
    return is_same(&k->now.square, &d->square) ||
           (k->doubted && is_same(&k->sure.square, &d->square));
}

/* The track in sight that this is: at best one that was followed to just there. */
static track *whose(tracker *tr, const finding *d)
{
    track *near = NULL;

    for (size_t i = 0; i < tr->n; i++) {
        track *k = &tr->tracks[i];
        if (k->seen && agree(&k->now.square, &d->square))
            return k;
        if (k->seen && !near && is_head_of(k, d))
            near = k;
    }
    return near;
}

/* True where a lost face was just where the finding is: a track that began after that, or is of
 * another size, was a part of it, misread. So was one of which a search is sure for the first time,
 * where the lost face would have come back in its place, had the search that it began by been sure.
 * Either way the lost face can still claim the finding: else the id would be lost for nothing. */
static bool is_of_lost(const tracker *tr, const track *k, const finding *d, double t)
{
    bool fits = k->known || swollen(&k->now.square, &d->square) <= GROWTH;
    bool sure_now = !k->known && d->face->score >= SURE;

    for (size_t i = 0; i < tr->n; i++) {
        const track *lost = &tr->tracks[i];
        bool before = lost->now.t < k->born;
        if (lost->seen || isinf(distance(lost, d, t)))
            continue;
        if (before && sure_now && distance(lost, d, k->born) < INFINITY)
            return true;
        if ((before || !fits) && is_same(&lost->sure.square, &d->square) &&
            swollen(&lost->sure.square, &d->square) <= GROWTH)
            return true;
    }
    return false;
}

/* True where the finding is a better reading of the track's head than the track. */
static bool is_better(const track *k, const finding *d, const finding *found, size_t n)
{
    float beyond = is_upside_down(&k->sure.square, &d->square) ? BETTER : 0.0f;

    for (size_t i = 0; i < n; i++) /* best first */
        if (agree(&k->now.square, &found[i].square))
            return d->face->score > found[i].face->score + BETTER + beyond;
    return d->face->score > fminf(k->face.score, SURE) + beyond;
}

/* What searches were sure of for some time must be denied for as long. */
static bool may_be_wrong(const track *k, double t)
{
    return t - k->backed > fmin(PATIENCE, k->backed - k->since);
}

/*
 * Of faces in sight. They may have been misread: landmarks hold on to the part of a face that
 * showed first when what covered it went by, and presence believes in them. The search, which sees
 * the whole, knows better.
 */
static void claim_seen(tracker *tr, finding *d, const finding *found, size_t n, double t)
{
    track *k = whose(tr, d);

    if (k && k->confirmed < t && is_of_lost(tr, k, d, t)) {
        d->rival = k->id; /* if the lost face is not found elsewhere */
        return;
    }
    d->taken |= k != NULL;
    if (!k || k->confirmed == t)
        return;
    if (agree(&k->now.square, &d->square)) {
        k->face.score = d->face->score;
        k->confirmed = t;
        back(k, d->face->score, t);
    } else if (is_better(k, d, found, n) && may_be_wrong(k, t)) {
        k->seen = false; /* nothing of what was misread goes on */
        take_found(k, d, t, tr->opt.smooth);
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
        take_found(who, what, t, tr->opt.smooth);
    }
}

/* True where the search found the track's head apart from d, which a lost face took. */
static bool is_found_beside(const track *k, const finding *d, const finding *found, size_t n,
                            double t)
{
    for (size_t i = 0; i < n && k->confirmed == t; i++)
        if (found[i].taken && agree(&k->now.square, &found[i].square) &&
            !is_same(&d->square, &found[i].square))
            return true;
    return false;
}

static bool gives_way(const track *k, const finding *found, size_t n, double t)
{
    for (size_t i = 0; i < n; i++)
        if (found[i].taken && found[i].rival == k->id &&
            !is_found_beside(k, &found[i], found, n, t))
            return true;
    return false;
}

static void drop_rivals(tracker *tr, const finding *found, size_t n, double t)
{
    for (size_t i = tr->n; i-- > 0;)
        if (gives_way(&tr->tracks[i], found, n, t))
            drop(tr, i);
}

/* A face that is in sight counts more than one that may come back. */
static bool make_room(tracker *tr)
{
    size_t oldest = tr->n;

    if (tr->n < (size_t)tr->opt.max_faces)
        return true;
    for (size_t i = 0; i < tr->n; i++)
        if (!tr->tracks[i].seen &&
            (oldest == tr->n || tr->tracks[i].now.t < tr->tracks[oldest].now.t))
            oldest = i;
    if (oldest == tr->n)
        return false;
    drop(tr, oldest);
    return true;
}

/* A lost face that comes back by and by may first be found by a part of it that is read as a whole
 * one, and so as smaller or upside down, elsewhere. What may be that is no new face. */
static bool is_part_of_lost(const tracker *tr, const finding *d)
{
    for (size_t i = 0; i < tr->n && d->face->score < SURE; i++) {
        const track *k = &tr->tracks[i];
        bool odd =
            d->square.side < k->sure.square.side || is_upside_down(&k->sure.square, &d->square);
        if (!k->seen && odd && apart(&k->sure.square, &d->square) < REACH)
            return true;
    }
    return false;
}

static void begin_tracks(tracker *tr, finding *found, size_t n, double t)
{
    for (size_t j = 0; j < n; j++) {
        track *k;
        claim_seen(tr, &found[j], found, n, t); /* those that have just begun or come back, too */
        if (found[j].taken || is_part_of_lost(tr, &found[j]))
            continue;
        if (!make_room(tr))
            return;
        k = &tr->tracks[tr->n];
        *k = (track){.id = ++tr->last_id, .born = t, .sure.square = found[j].square};
        take_found(k, &found[j], t, tr->opt.smooth);
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
        found[n++] = d;
    }
    for (size_t i = 0; i < n; i++)
        claim_seen(tr, &found[i], found, n, t);
    claim_lost(tr, found, n, t);
    drop_rivals(tr, found, n, t);
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

/* A face that has just come or come back may have been misread. */
static double next_search(const tracker *tr, double t)
{
    double every = (double)tr->opt.search_every;

    for (size_t i = 0; i < tr->n; i++)
        if (t - tr->tracks[i].since < (double)SETTLES)
            return tr->searched + every / (double)SOONER;
    return tr->searched + every;
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
    if (!tr->begun || !all_seen(tr) || t >= next_search(tr, t))
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
