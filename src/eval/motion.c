/* The tracker on clips whose motion is known: tremble, lag, error, and who is who. */
#include "eval/motion.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "core/pool.h"
#include "eval/metrics.h"
#include "eval/run.h"
#include "image/image.h"
#include "media/codec.h"

enum { FACES = 16 }; /* of a frame: photos have others in the background */
#define SETTLED 0.5  /* seconds, until filters have found their feet */
#define HIT     25.0 /* percent: mean distance of the points of a face that is this one */

typedef struct history { /* of one clip: points minus truth in its last frames */
    pfld_point off[3][PFLD_MAX_LANDMARKS], truth[3][PFLD_MAX_LANDMARKS];
    size_t n; /* frames in a row in which the face was seen */
} history;

typedef struct sums {
    double error, square, n_square;
    double behind, speed; /* of the points' off along the truth's motion, and its square */
    size_t frames, missed, switches, refound;
} sums;

typedef struct motion_thread {
    pfld_session *session;
    pfld_tracker *tracker;
    history history;
    pfld_face faces[FACES];
} motion_thread;

typedef struct motion_state {
    const data_set *set;
    const motion_options *opt;
    motion_thread *threads; /* [opt->threads] */
    sums *sums;             /* [set->n]: added in order, whoever made them */
    pfld_error *errors;     /* [set->n] */
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

typedef struct viewing { /* what is known of the face so far */
    uint32_t id;         /* 0: not seen yet */
    bool hidden;         /* in the frame before */
    size_t since;        /* frames since it came back, while it is not found; else 0 */
} viewing;

static void judge(motion_thread *t, const clip *c, const pfld_face *face, const pfld_point *truth,
                  double unit, double seconds, viewing *v, sums *to)
{
    const scheme *s = c->sample->scheme;
    bool hidden = clip_is_hidden(c, seconds);

    if (v->hidden && !hidden)
        v->since = 1;
    v->hidden = hidden;
    if (hidden || !face) {
        t->history.n = 0;
        v->since += v->since > 0 && !hidden;
        to->missed += !hidden && seconds >= SETTLED;
        to->frames += !hidden && seconds >= SETTLED;
        return;
    }
    if (v->since > to->refound)
        to->refound = v->since;
    v->since = 0;
    to->switches += v->id && v->id != face->id;
    v->id = face->id;
    remember(&t->history, s, face, truth);
    if (seconds < SETTLED)
        return;
    to->frames++;
    to->error += mean_off(s, face, truth) / unit;
    if (t->history.n < 3)
        return;
    for (int i = 0; i < s->n; i++)
        add_one(to, &t->history, i, unit);
}

static pfld_status play(const motion_state *st, motion_thread *t, const clip *c, pfld_image *frame,
                        sums *to, pfld_error *err)
{
    const scheme *s = c->sample->scheme;
    pfld_point truth[PFLD_MAX_LANDMARKS];
    viewing v = {0};
    double unit;

    if (!eval_normaliser(s, c->sample->points, EVAL_INTER_OCULAR, &unit))
        return error_set(err, PFLD_ERR_ARG, "the face has no inter-ocular distance");
    pfld_tracker_reset(t->tracker);
    t->history.n = 0;
    for (size_t i = 0; i < st->opt->frames; i++) {
        double seconds = (double)i / st->opt->rate;
        size_t n = 0;
        pfld_status status;
        clip_frame(c, i, seconds, frame, truth);
        status = pfld_track(t->tracker, t->session, frame, seconds, t->faces, FACES, &n, err);
        if (status)
            return status;
        judge(t, c, the_face(s, t->faces, n, truth, unit), truth, unit, seconds, &v, to);
    }
    if (v.since > to->refound) /* it never was */
        to->refound = v.since;
    return PFLD_OK;
}

static pfld_status measure_one(const motion_state *st, motion_thread *t, size_t i, pfld_error *err)
{
    media_image photo = {0};
    clip c = {.sample = &st->set->samples[i],
              .motion = st->opt->motion,
              .noise = st->opt->noise,
              .seed = st->opt->seed + i};
    pfld_image frame;
    pfld_status status = media_read(c.sample->image, &photo, err);

    if (status)
        return status;
    c.photo = &photo.view;
    frame = photo.view;
    frame.stride = (ptrdiff_t)frame.width * image_channels(frame.format);
    frame.data = mem_alloc((size_t)frame.height, (size_t)frame.stride);
    status = frame.data ? play(st, t, &c, &frame, &st->sums[i], err) : error_nomem(err);
    mem_free(frame.data);
    media_image_free(&photo);
    return status;
}

static void run_one(void *ctx, size_t i, size_t thread)
{
    const motion_state *st = ctx;

    if (measure_one(st, &st->threads[thread], i, &st->errors[i]) != PFLD_OK)
        error_prefix(&st->errors[i], st->set->samples[i].where);
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
    st->sums = mem_alloc(st->set->n, sizeof *st->sums);
    st->errors = mem_alloc(st->set->n, sizeof *st->errors);
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

static pfld_status check(const pfld_model *model, const data_set *set, clip_motion motion,
                         pfld_error *err)
{
    pfld_status status = eval_run_check(model, set, err);

    if (status == PFLD_OK && motion == CLIP_BLINK &&
        strcmp(pfld_model_scheme(model), "ibug68") != 0)
        return error_set(err, PFLD_ERR_ARG, "blinks are of ibug68, the model's points are %s",
                         pfld_model_scheme(model));
    return status;
}

static pfld_status first_error(const motion_state *st, pfld_error *err)
{
    for (size_t i = 0; i < st->set->n; i++)
        if (st->errors[i].status != PFLD_OK) {
            *err = st->errors[i];
            return err->status;
        }
    return PFLD_OK;
}

static void sum_up(const motion_state *st, motion_score *out)
{
    sums all = {0};

    for (size_t i = 0; i < st->set->n; i++) {
        const sums *s = &st->sums[i];
        all.error += s->error;
        all.square += s->square;
        all.n_square += s->n_square;
        all.behind += s->behind;
        all.speed += s->speed;
        all.frames += s->frames;
        all.missed += s->missed;
        all.switches += s->switches;
        if (s->refound > all.refound)
            all.refound = s->refound;
    }
    *out = (motion_score){.clips = st->set->n,
                          .frames = all.frames,
                          .missed = all.missed,
                          .switches = all.switches,
                          .refound = all.refound,
                          .error = 100 * all.error / (double)(all.frames - all.missed),
                          .tremble = 100 * sqrt(all.square / all.n_square),
                          .lag = all.speed > 0 ? all.behind / all.speed : (double)NAN};
}

pfld_status motion_measure(const pfld_model *model, const pfld_model *detector, const data_set *set,
                           const motion_options *opt, motion_score *out, pfld_error *err)
{
    motion_state st = {.set = set, .opt = opt};
    pool *p = NULL;
    pfld_status status = check(model, set, opt->motion, err);

    if (status)
        return status;
    status = make_threads(&st, model, detector, err);
    if (!status)
        status = pool_create(opt->threads, &p, err);
    if (!status) {
        pool_run(p, run_one, &st, set->n);
        status = first_error(&st, err);
    }
    if (!status)
        sum_up(&st, out);
    pool_free(p);
    free_threads(&st);
    return status;
}
