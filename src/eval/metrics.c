/* The field's figures for landmarks: NME under a named normaliser, AUC, failure rate, intervals. */
#include "eval/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "core/rng.h"
#include "geometry/box.h"

enum { DRAWS = 10000, SEED = 20261124 };

const char *const eval_norm_names[EVAL_NORMS + 1] = {"inter-ocular", "inter-pupil", "box", NULL};

static pfld_point centre(const uint8_t *index, size_t n, const pfld_point *p)
{
    pfld_point c = {0, 0};

    for (size_t i = 0; i < n; i++) {
        c.x += p[index[i]].x / (float)n;
        c.y += p[index[i]].y / (float)n;
    }
    return c;
}

static double distance(pfld_point a, pfld_point b)
{
    return hypot((double)a.x - (double)b.x, (double)a.y - (double)b.y);
}

bool eval_normaliser(const scheme *s, const pfld_point *truth, eval_norm norm, double *out)
{
    pfld_box box = box_around(truth, (size_t)s->n);
    double d;

    if (norm == EVAL_INTER_OCULAR)
        d = distance(truth[s->right_eye_outer], truth[s->left_eye_outer]);
    else if (norm == EVAL_INTER_PUPIL)
        d = distance(centre(s->right_eye, s->n_right_eye, truth),
                     centre(s->left_eye, s->n_left_eye, truth));
    else
        d = sqrt((double)box.w * (double)box.h);
    *out = d;
    return isfinite(d) && d > 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Of a sorted list, between neighbours where q falls between two. */
static double quantile(const double *sorted, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t i = (size_t)at;

    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static double mean(const double *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

/* draws [DRAWS] is room. */
static void bootstrap(const double *x, size_t n, double *draws, double ci95[2])
{
    rng r;

    rng_seed(&r, SEED);
    for (size_t d = 0; d < DRAWS; d++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += x[rng_u64(&r) % n]; /* the remainder's bias is below 2^-40 */
        draws[d] = sum / (double)n;
    }
    qsort(draws, DRAWS, sizeof *draws, by_value);
    ci95[0] = quantile(draws, DRAWS, 0.025);
    ci95[1] = quantile(draws, DRAWS, 0.975);
}

/* The curve's area up to limit is the mean of what each face leaves free below it. */
static void curve(const double *x, size_t n, double limit, double *auc, double *failures)
{
    double area = 0, above = 0;

    for (size_t i = 0; i < n; i++) {
        area += x[i] < limit ? 1 - x[i] / limit : 0;
        above += x[i] > limit;
    }
    *auc = 100 * area / (double)n;
    *failures = 100 * above / (double)n;
}

pfld_status eval_summarise(const double *error, size_t n, eval_summary *out, pfld_error *err)
{
    const double nan = (double)NAN;
    double *room;

    *out = (eval_summary){0, nan, {nan, nan}, nan, nan, nan, nan, nan};
    if (n == 0)
        return PFLD_OK;
    room = mem_alloc(n + DRAWS, sizeof *room);
    if (!room)
        return error_nomem(err);
    out->n = n;
    out->nme = mean(error, n);
    memcpy(room, error, n * sizeof *room);
    qsort(room, n, sizeof *room, by_value);
    out->median = quantile(room, n, 0.5);
    curve(error, n, 8, &out->auc8, &out->fr8);
    curve(error, n, 10, &out->auc10, &out->fr10);
    bootstrap(error, n, room + n, out->ci95);
    mem_free(room);
    return PFLD_OK;
}

/* The part of random signs whose mean is as far from 0 as the real one; the real one counts. */
static double permutation(const double *x, size_t n, double real)
{
    size_t as_far = 1;
    rng r;

    rng_seed(&r, SEED);
    for (size_t d = 0; d < DRAWS; d++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += rng_u64(&r) >> 63 ? x[i] : -x[i];
        as_far += fabs(sum / (double)n) >= fabs(real);
    }
    return (double)as_far / (DRAWS + 1);
}

pfld_status eval_compare(const double *a, const double *b, size_t n, eval_paired *out,
                         pfld_error *err)
{
    double *room;

    if (n == 0)
        return error_set(err, PFLD_ERR_ARG, "no faces to compare on");
    room = mem_alloc(n + DRAWS, sizeof *room);
    if (!room)
        return error_nomem(err);
    for (size_t i = 0; i < n; i++)
        room[i] = a[i] - b[i];
    *out = (eval_paired){.n = n, .difference = mean(room, n)};
    out->p = permutation(room, n, out->difference);
    bootstrap(room, n, room + n, out->ci95);
    mem_free(room);
    return PFLD_OK;
}
