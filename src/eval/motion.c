/* The tracker on clips whose motion is known: tremble, lag, error, and who is who. */
#include "eval/motion.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "core/pool.h"
#include "eval/metrics.h"
#include "eval/run.h"
#include "geometry/box.h"
#include "image/image.h"
#include "media/codec.h"

enum {
    FACES = 16, /* of a frame: photos have others in the background */
    SHARE = 3
};                   /* faces of the set for each clip of several */
#define SETTLED 0.5  /* seconds, until filters have found their feet */
#define HIT     25.0 /* percent: mean distance of the points of a face that is this one */
#define THERE   0.6f /* sides of a face that is there, from which on another is none */

typedef struct history { /* of one face: points minus truth in its last frames */
    pfld_point off[3][PFLD_MAX_LANDMARKS], truth[3][PFLD_MAX_LANDMARKS];
    size_t n; /* frames in a row in which the face was seen */
} history;

typedef struct sums {
    double error, square, n_square;
    double behind, speed; /* of the points' off along the truth's motion, and its square */
    size_t frames, missed, switches, carried, refound, invented;
} sums;

typedef struct viewing { /* what is known of a face so far */
    double unit;         /* its inter-ocular distance; 0: it was not there yet */
    uint32_t id;         /* 0: not seen yet, in this scene */
    bool there, hidden;  /* in the frame before */
    size_t since;        /* frames since it came back, while it is not found; else 0 */
    uint32_t had;        /* its last id in any scene */
    history history;
} viewing;

typedef struct motion_thread {
    pfld_session *session;
    pfld_tracker *tracker;
    clip clip;
    clip_view views[CLIP_MOST];
    viewing seen[CLIP_MOST];
    pfld_face faces[FACES];
} motion_thread;

typedef struct motion_state {
    const data_set *set;
    const motion_options *opt;
    motion_thread *threads; /* [opt->threads] */
    size_t n;               /* clips */
    sums *sums;             /* [n]: added in order, whoever made them */
    pfld_error *errors;     /* [n] */
} motion_state;

/* ---- one frame ---- */

static double mean_off(const scheme *s, const pfld_face *face, const pfld_point *truth)
{
    double sum = 0;

    for (int i = 0; i < s->n; i++)
        sum += hypot((double)face->landmarks[i].x - (double)truth[i].x,
                     (double)face->landmarks[i].y - (double)truth[i].y);
    return sum / s->n;
}

/* Of the faces the one that is there; NULL: none. */
static const pfld_face *the_face(const scheme *s, const pfld_face *faces, size_t n,
                                 const pfld_point *truth, double unit)
{
    const pfld_face *best = NULL;
    double least = HIT * unit / 100;

    for (size_t i = 0; i < n && i < FACES; i++) {
        double off = mean_off(s, &faces[i], truth);
        if (off >= least)
            continue;
        least = off;
        best = &faces[i];
    }
    return best;
}

static void remember(history *h, const scheme *s, const pfld_face *face, const pfld_point *truth)
{
    for (int k = 2; k > 0; k--) {
        memcpy(h->off[k], h->off[k - 1], sizeof h->off[k]);
        memcpy(h->truth[k], h->truth[k - 1], sizeof h->truth[k]);
    }
    for (int i = 0; i < s->n; i++) {
        h->off[0][i] =
            (pfld_point){face->landmarks[i].x - truth[i].x, face->landmarks[i].y - truth[i].y};
        h->truth[0][i] = truth[i];
    }
    h->n++;
}

static void add_one(sums *to, const history *h, int i, double unit)
{
    double dx = (double)(h->off[0][i].x - 2 * h->off[1][i].x + h->off[2][i].x) / unit;
    double dy = (double)(h->off[0][i].y - 2 * h->off[1][i].y + h->off[2][i].y) / unit;
    double vx = (double)(h->truth[0][i].x - h->truth[2][i].x) / 2 / unit; /* a frame, at [1] */
    double vy = (double)(h->truth[0][i].y - h->truth[2][i].y) / 2 / unit;

    to->square += (dx * dx + dy * dy) / 12; /* over two axes, and 6 of second differences */
    to->n_square++;
    to->behind -= ((double)h->off[1][i].x * vx + (double)h->off[1][i].y * vy) / unit;
    to->speed += vx * vx + vy * vy;
}

/* ---- one clip ---- */

/* A face that is the first to get an id keeps it: another's is not handed on to it. */
static bool is_carried(const motion_thread *t, const viewing *v, uint32_t id)
{
    for (size_t i = 0; i < t->clip.n; i++)
        if (&t->seen[i] != v && t->seen[i].had == id)
            return true;
    return false;
}

static void identify(motion_thread *t, viewing *v, uint32_t id, sums *to)
{
    to->switches += v->id && v->id != id;
    if (v->had != id)
        to->carried += is_carried(t, v, id);
    v->id = v->had = id;
}

static void judge(motion_thread *t, size_t i, const pfld_face *face, double seconds, sums *to)
{
    const scheme *s = t->clip.faces[i].sample->scheme;
    const clip_view *view = &t->views[i];
    viewing *v = &t->seen[i];

    if (v->hidden && !view->hidden)
        v->since = 1;
    v->hidden = view->hidden;
    if (view->hidden || !face) {
        v->history.n = 0;
        v->since += v->since > 0 && !view->hidden;
        to->missed += !view->hidden && seconds >= SETTLED;
        to->frames += !view->hidden && seconds >= SETTLED;
        return;
    }
    if (v->since > to->refound)
        to->refound = v->since;
    v->since = 0;
    identify(t, v, face->id, to);
    remember(&v->history, s, face, view->truth);
    if (seconds < SETTLED)
        return;
    to->frames++;
    to->error += mean_off(s, face, view->truth) / v->unit;
    if (v->history.n < 3)
        return;
    for (int k = 0; k < s->n; k++)
        add_one(to, &v->history, k, v->unit);
}

/* A cut: who was there is gone, and who comes must be found. */
static void change_scene(motion_thread *t, size_t i, bool begun)
{
    const clip_face *f = &t->clip.faces[i];
    viewing *v = &t->seen[i];

    if (t->views[i].there == v->there)
        return;
    v->there = !v->there;
    v->id = 0;
    v->history.n = 0;
    v->hidden = false;
    v->since = v->there && begun;
    if (v->there && v->unit == 0)
        eval_normaliser(f->sample->scheme, t->views[i].truth, EVAL_INTER_OCULAR, &v->unit);
}

/* True where nobody is whom this could be. */
static bool is_invented(const motion_thread *t, const pfld_face *face)
{
    float x = face->box.x + 0.5f * face->box.w, y = face->box.y + 0.5f * face->box.h;

    for (size_t i = 0; i < t->clip.n; i++) {
        const clip_view *v = &t->views[i];
        pfld_box b;
        if (!v->there)
            continue;
        b = box_around(v->truth, (size_t)t->clip.faces[i].sample->scheme->n);
        if (hypotf(b.x + 0.5f * b.w - x, b.y + 0.5f * b.h - y) < THERE * fmaxf(b.w, b.h))
            return false;
    }
    return true;
}

static void judge_all(motion_thread *t, size_t n, double seconds, bool begun, sums *to)
{
    for (size_t i = 0; i < t->clip.n; i++) {
        const scheme *s = t->clip.faces[i].sample->scheme;
        change_scene(t, i, begun);
        if (t->seen[i].there)
            judge(t, i, the_face(s, t->faces, n, t->views[i].truth, t->seen[i].unit), seconds, to);
    }
    for (size_t i = 0; i < n && i < FACES && t->clip.n > 1; i++)
        to->invented += is_invented(t, &t->faces[i]);
}

static pfld_status play(const motion_state *st, motion_thread *t, pfld_image *frame, sums *to,
                        pfld_error *err)
{
    pfld_tracker_reset(t->tracker);
    memset(t->seen, 0, sizeof t->seen);
    for (size_t i = 0; i < st->opt->frames; i++) {
        double seconds = (double)i / st->opt->rate;
        size_t n = 0;
        pfld_status status;
        clip_frame(&t->clip, i, seconds, frame, t->views);
        status = pfld_track(t->tracker, t->session, frame, seconds, t->faces, FACES, &n, err);
        if (status)
            return status;
        judge_all(t, n, seconds, i > 0, to);
    }
    for (size_t i = 0; i < t->clip.n; i++)
        if (t->seen[i].since > to->refound) /* it never was */
            to->refound = t->seen[i].since;
    return PFLD_OK;
}

static pfld_status measure_clip(const motion_state *st, motion_thread *t, sums *to, pfld_error *err)
{
    pfld_image frame = clip_shape(&t->clip);
    pfld_status status;

    frame.data = mem_alloc((size_t)frame.height, (size_t)frame.stride);
    status = frame.data ? play(st, t, &frame, to, err) : error_nomem(err);
    mem_free(frame.data);
    return status;
}

/* Faces of clip i: one, or those from the i-th on, 2 to 5 at once, as far as the set has so many.
 */
static size_t faces_of(const motion_state *st, size_t i)
{
    size_t scenes = st->opt->motion == CLIP_CUT ? 2 : 1, at_once = 2 + i % 4;

    if (st->opt->motion < CLIP_CROWD)
        return 1;
    return scenes * (at_once * scenes < st->set->n ? at_once : st->set->n / scenes);
}

static pfld_status measure_one(const motion_state *st, motion_thread *t, size_t i, pfld_error *err)
{
    media_image photos[CLIP_MOST] = {0};
    size_t first = st->opt->motion < CLIP_CROWD ? i : i * SHARE;
    pfld_status status = PFLD_OK;

    t->clip = (clip){.n = faces_of(st, i),
                     .motion = st->opt->motion,
                     .noise = st->opt->noise,
                     .seed = st->opt->seed + i};
    for (size_t k = 0; k < t->clip.n && status == PFLD_OK; k++) {
        const data_sample *s = &st->set->samples[(first + k) % st->set->n];
        double unit;
        t->clip.faces[k] = (clip_face){s, &photos[k].view};
        if (eval_normaliser(s->scheme, s->points, EVAL_INTER_OCULAR, &unit))
            status = media_read(s->image, &photos[k], err);
        else
            status = error_set(err, PFLD_ERR_ARG, "the face has no inter-ocular distance");
        if (status)
            error_prefix(err, s->where);
    }
    if (status == PFLD_OK)
        status = measure_clip(st, t, &st->sums[i], err);
    for (size_t k = 0; k < t->clip.n; k++)
        media_image_free(&photos[k]);
    return status;
}

static void run_one(void *ctx, size_t i, size_t thread)
{
    const motion_state *st = ctx;

    measure_one(st, &st->threads[thread], i, &st->errors[i]);
}

/* ---- all of them ---- */

static pfld_status make_threads(motion_state *st, const pfld_model *model,
                                const pfld_model *detector, pfld_error *err)
{
    pfld_options o;
    pfld_track_options how;
    pfld_status status = PFLD_OK;

    pfld_options_init(&o, sizeof o);
    o.isa = st->opt->isa;
    pfld_track_options_init(&how, sizeof how);
    how.smooth = st->opt->smooth > 0.0f ? st->opt->smooth : -1.0f;
    st->threads = mem_alloc(st->opt->threads, sizeof *st->threads);
    st->sums = mem_alloc(st->n, sizeof *st->sums);
    st->errors = mem_alloc(st->n, sizeof *st->errors);
    if (!st->threads || !st->sums || !st->errors)
        return error_nomem(err);
    for (size_t i = 0; i < st->opt->threads && !status; i++) {
        status = pfld_session_create(model, detector, &o, &st->threads[i].session, err);
        if (!status)
            status = pfld_tracker_create(&how, &st->threads[i].tracker, err);
    }
    return status;
}

static void free_threads(motion_state *st)
{
    for (size_t i = 0; st->threads && i < st->opt->threads; i++) {
        pfld_session_free(st->threads[i].session);
        pfld_tracker_free(st->threads[i].tracker);
    }
    mem_free(st->threads);
    mem_free(st->sums);
    mem_free(st->errors);
}

pfld_status motion_check(const pfld_model *model, const data_set *set, clip_motion motion,
                         pfld_error *err)
{
    const char *name = clip_names[motion], *points = pfld_model_scheme(model);

    if (motion == CLIP_BLINK && strcmp(points, "ibug68") != 0)
        return error_set(err, PFLD_ERR_ARG, "%s is of ibug68, the model's points are of %s", name,
                         points);
    if (motion >= CLIP_CROWD && set->n < 2)
        return error_set(err, PFLD_ERR_ARG, "%s needs two faces, the set has one", name);
    return PFLD_OK;
}

static pfld_status first_error(const motion_state *st, pfld_error *err)
{
    for (size_t i = 0; i < st->n; i++)
        if (st->errors[i].status != PFLD_OK) {
            *err = st->errors[i];
            return err->status;
        }
    return PFLD_OK;
}

static void sum_up(const motion_state *st, motion_score *out)
{
    sums all = {0};

    for (size_t i = 0; i < st->n; i++) {
        const sums *s = &st->sums[i];
        all.error += s->error;
        all.square += s->square;
        all.n_square += s->n_square;
        all.behind += s->behind;
        all.speed += s->speed;
        all.frames += s->frames;
        all.missed += s->missed;
        all.switches += s->switches;
        all.carried += s->carried;
        all.invented += s->invented;
        if (s->refound > all.refound)
            all.refound = s->refound;
    }
    *out = (motion_score){.clips = st->n,
                          .frames = all.frames,
                          .missed = all.missed,
                          .switches = all.switches,
                          .carried = all.carried,
                          .invented = all.invented,
                          .refound = all.refound,
                          .error = 100 * all.error / (double)(all.frames - all.missed),
                          .tremble = 100 * sqrt(all.square / all.n_square),
                          .lag = all.speed > 0 ? all.behind / all.speed : (double)NAN};
}

pfld_status motion_measure(const pfld_model *model, const pfld_model *detector, const data_set *set,
                           const motion_options *opt, motion_score *out, pfld_error *err)
{
    motion_state st = {.set = set, .opt = opt, .n = set->n};
    pool *p = NULL;
    pfld_status status = eval_run_check(model, set, err);

    if (!status)
        status = motion_check(model, set, opt->motion, err);
    if (status)
        return status;
    if (opt->motion >= CLIP_CROWD)
        st.n = (set->n + SHARE - 1) / SHARE;
    status = make_threads(&st, model, detector, err);
    if (!status)
        status = pool_create(opt->threads, &p, err);
    if (!status) {
        pool_run(p, run_one, &st, st.n);
        status = first_error(&st, err);
    }
    if (!status)
        sum_up(&st, out);
    pool_free(p);
    free_threads(&st);
    return status;
}
