/* How much the points of followed faces tremble in a video whose truth nobody knows. */
#include "eval/jitter.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "eval/metrics.h"

/* ---- three frames of a face ---- */

typedef struct span {
    const scheme *scheme;
    const jitter_face *at[JITTER_SPAN]; /* the oldest first */
    double share; /* of the oldest in where the middle one is expected; the newest has the rest */
    double unit;  /* pixels */
} span;

static pfld_point centre(const span *s, int frame, jitter_kind kind)
{
    const pfld_point *p = s->at[frame]->points[kind];
    pfld_point sum = {0, 0};

    for (int i = 0; i < s->scheme->n; i++) {
        sum.x += p[i].x / (float)s->scheme->n;
        sum.y += p[i].y / (float)s->scheme->n;
    }
    return sum;
}

/* Mean square of the middle one's points off their line, of a white tremble its variance. */
static double tremble(const span *s, jitter_kind kind)
{
    double a = s->share, b = 1 - a, sum = 0;

    for (int i = 0; i < s->scheme->n; i++) {
        const pfld_point *p = &s->at[0]->points[kind][i], *q = &s->at[1]->points[kind][i];
        const pfld_point *r = &s->at[2]->points[kind][i];
        double dx = (double)q->x - a * (double)p->x - b * (double)r->x;
        double dy = (double)q->y - a * (double)p->y - b * (double)r->y;
        sum += dx * dx + dy * dy;
    }
    return sum / (2 * s->scheme->n) / (1 + a * a + b * b) / (s->unit * s->unit);
}

static void add_to(jitter_sum *sum, const span *s)
{
    for (int k = 0; k < JITTER_KINDS; k++)
        sum->square[k] += tremble(s, (jitter_kind)k);
    sum->n++;
}

static void add_span(jitter *j, const span *s)
{
    pfld_point from = centre(s, 0, JITTER_MEASURED), to = centre(s, 2, JITTER_MEASURED);
    pfld_point is = centre(s, 1, JITTER_STEADIED), was = centre(s, 1, JITTER_MEASURED);
    double vx = (double)(to.x - from.x) / 2 / s->unit, vy = (double)(to.y - from.y) / 2 / s->unit;

    add_to(&j->all, s);
    if (hypot(vx, vy) < JITTER_STILL) {
        add_to(&j->still, s);
        return;
    }
    j->behind -= ((double)(is.x - was.x) * vx + (double)(is.y - was.y) * vy) / s->unit;
    j->speed += vx * vx + vy * vy;
}

/* ---- frames ---- */

static const jitter_face *find(const jitter_frame *f, uint32_t id)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->faces[i].id == id)
            return &f->faces[i];
    return NULL;
}

static void keep(jitter_frame *f, const pfld_face *measured, const pfld_face *steadied)
{
    jitter_face *to = &f->faces[f->n++];

    assert(measured->id == steadied->id);
    to->id = measured->id;
    memcpy(to->points[JITTER_MEASURED], measured->landmarks, sizeof measured->landmarks);
    memcpy(to->points[JITTER_STEADIED], steadied->landmarks, sizeof steadied->landmarks);
}

void jitter_add(jitter *j, const pfld_face *measured, const pfld_face *steadied, size_t n, double t)
{
    jitter_frame *now = &j->frames[j->n_frames % JITTER_SPAN];
    const jitter_frame *last = &j->frames[(j->n_frames + 2) % JITTER_SPAN];
    const jitter_frame *first = &j->frames[(j->n_frames + 1) % JITTER_SPAN];
    span s = {.scheme = j->scheme, .share = (t - last->t) / (t - first->t)};

    now->t = t;
    now->n = 0;
    for (size_t i = 0; i < n && i < JITTER_FACES; i++) {
        keep(now, &measured[i], &steadied[i]);
        s.at[0] = find(first, measured[i].id);
        s.at[1] = find(last, measured[i].id);
        s.at[2] = &now->faces[i];
        if (s.at[0] && s.at[1] &&
            eval_normaliser(s.scheme, s.at[1]->points[JITTER_MEASURED], EVAL_INTER_OCULAR, &s.unit))
            add_span(j, &s);
        if (measured[i].id > j->last_id)
            j->last_id = measured[i].id;
    }
    j->n_frames++;
    j->n_empty += n == 0;
    j->n_seen += n;
}

/* ---- all of them ---- */

static jitter_rms rms_of(const jitter_sum *s)
{
    double n = (double)s->n; /* 0: NaN */

    return (jitter_rms){s->n, 100 * sqrt(s->square[JITTER_MEASURED] / n),
                        100 * sqrt(s->square[JITTER_STEADIED] / n)};
}

jitter_score jitter_result(const jitter *j)
{
    return (jitter_score){.frames = j->n_frames,
                          .faces = j->last_id,
                          .empty = j->n_empty,
                          .seen = j->n_seen,
                          .still = rms_of(&j->still),
                          .all = rms_of(&j->all),
                          .lag = j->behind / j->speed};
}
