/* Whether a landmark model is right about how far off it is, and what makes it right. */
#include "eval/spread.h"

#include <math.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/mem.h"

const double eval_rejected[EVAL_REJECTED] = {0.1, 0.2};

/* e' C^-1 e of the error of a face's point. */
static double distance2(const eval_face *f, int point)
{
    const pfld_point *t = &f->sample->points[point], *p = &f->found.landmarks[point];

    return spread_distance2(f->found.cov[point], (double)t->x - (double)p->x,
                            (double)t->y - (double)p->y);
}

/* ---- coverage ---- */

static void count_coverage(const eval_run *r, eval_spread *out)
{
    double within[SCHEME_GROUPS][EVAL_SHARES] = {0}, all[EVAL_SHARES] = {0}, n[SCHEME_GROUPS] = {0};

    for (size_t i = 0; i < r->n; i++)
        for (int p = 0; p < r->scheme->n; p++) {
            scheme_group_kind g = scheme_group(r->scheme, p);
            double q = distance2(&r->faces[i], p);

            n[g]++;
            for (int k = 0; k < EVAL_SHARES; k++)
                within[g][k] += q <= (double)r->radius[k] * (double)r->radius[k];
        }
    for (int k = 0; k < EVAL_SHARES; k++) {
        for (int g = 0; g < SCHEME_GROUPS; g++) {
            all[k] += within[g][k];
            out->by_group[g][k] = n[g] > 0 ? 100 * within[g][k] / n[g] : (double)NAN;
        }
        out->coverage[k] = 100 * all[k] / (double)(r->n * (size_t)r->scheme->n);
    }
}

/* ---- faces in order ---- */

typedef struct ranked {
    double value, other, rank;
} ranked;

static int by_value(const void *a, const void *b)
{
    double x = ((const ranked *)a)->value, y = ((const ranked *)b)->value;

    return (x > y) - (x < y);
}

static int by_other(const void *a, const void *b)
{
    double x = ((const ranked *)a)->other, y = ((const ranked *)b)->other;

    return (x > y) - (x < y);
}

/* Sorts by value; equal ones share the mean of their ranks. */
static void rank(ranked *x, size_t n)
{
    qsort(x, n, sizeof *x, by_value);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && x[end].value <= x[i].value;)
            end++;
        for (size_t k = i; k < end; k++)
            x[k].rank = (double)(i + end - 1) / 2;
    }
}

/* NaN where all are alike: ranks that differ do so by a half at least. */
static double correlation(const ranked *x, size_t n)
{
    double mx = 0, my = 0, xx = 0, xy = 0, yy = 0;

    for (size_t i = 0; i < n; i++) {
        mx += x[i].rank / (double)n;
        my += x[i].other / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        double a = x[i].rank - mx, b = x[i].other - my;
        xx += a * a;
        xy += a * b;
        yy += b * b;
    }
    return xx > 1e-6 && yy > 1e-6 ? xy / sqrt(xx * yy) : (double)NAN;
}

static double mean_other(const ranked *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += x[i].other;
    return n ? sum / (double)n : (double)NAN;
}

static size_t kept(size_t n, double rejected)
{
    return n - (size_t)floor(rejected * (double)n + 0.5);
}

/* x [r->n] is room. */
static void order_faces(const eval_run *r, ranked *x, eval_spread *out)
{
    for (size_t i = 0; i < r->n; i++)
        x[i] = (ranked){.value = (double)r->faces[i].found.error, .other = r->faces[i].error};
    qsort(x, r->n, sizeof *x, by_value);
    for (int k = 0; k < EVAL_REJECTED; k++)
        out->nme_without[k] = mean_other(x, kept(r->n, eval_rejected[k]));
    qsort(x, r->n, sizeof *x, by_other);
    for (int k = 0; k < EVAL_REJECTED; k++)
        out->nme_best[k] = mean_other(x, kept(r->n, eval_rejected[k]));
    rank(x, r->n); /* of what was expected; then of what was true */
    for (size_t i = 0; i < r->n; i++)
        x[i] = (ranked){.value = x[i].other, .other = x[i].rank};
    rank(x, r->n);
    out->spearman = correlation(x, r->n);
}

pfld_status eval_spread_of(const eval_run *r, eval_spread *out, pfld_error *err)
{
    ranked *x = mem_alloc(r->n, sizeof *x);

    if (!x)
        return error_nomem(err);
    count_coverage(r, out);
    order_faces(r, x, out);
    mem_free(x);
    return PFLD_OK;
}

/* ---- calibration ---- */

static eval_fit_point fit_point(const eval_face *f, int p, const spread_rule *rule,
                                scheme_group_kind g)
{
    double size = spread_size(f->found.landmarks, f->found.n_landmarks);
    double least = spread_floor(rule, size, g), unit = spread_scale(rule, g);
    const pfld_cov *c = &f->found.cov[p];
    const pfld_point *t = &f->sample->points[p], *at = &f->found.landmarks[p];

    return (eval_fit_point){((double)c->xx - least) / unit, (double)c->xy / unit,
                            ((double)c->yy - least) / unit, (double)t->x - (double)at->x,
                            (double)t->y - (double)at->y,   size};
}

pfld_status eval_fit_add(eval_fit *f, const eval_run *r, const spread_rule *rule, pfld_error *err)
{
    for (int p = 0; p < r->scheme->n; p++) {
        scheme_group_kind g = scheme_group(r->scheme, p);
        eval_fit_point *points =
            mem_grow(f->points[g], &f->room[g], f->n[g] + r->n, sizeof *points);

        if (!points)
            return error_nomem(err);
        f->points[g] = points;
        for (size_t i = 0; i < r->n; i++)
            points[f->n[g]++] = fit_point(&r->faces[i], p, rule, g);
    }
    return PFLD_OK;
}

void eval_fit_free(eval_fit *f)
{
    for (int g = 0; g < SCHEME_GROUPS; g++)
        mem_free(f->points[g]);
    *f = (eval_fit){0};
}

/* e' S^-1 e with a floor, and S's determinant. */
static double floored(const eval_fit_point *p, double floor, double *det)
{
    double least = floor * p->size * floor * p->size, xx = p->xx + least, yy = p->yy + least;

    *det = xx * yy - p->xy * p->xy;
    return (yy * p->x * p->x - 2 * p->xy * p->x * p->y + xx * p->y * p->y) / *det;
}

typedef struct trial { /* of a floor */
    const eval_fit *f;
    double *q[SCHEME_GROUPS]; /* [f->n] */
    double ln_area;           /* half of the sum of ln det S */
    double floor, ln_tail;
} trial;

static void set_floor(trial *t, double floor)
{
    t->floor = floor;
    t->ln_area = 0;
    for (int g = 0; g < SCHEME_GROUPS; g++)
        for (size_t i = 0; i < t->f->n[g]; i++) {
            double det;
            t->q[g][i] = floored(&t->f->points[g][i], floor, &det);
            t->ln_area += log(det) / 2;
        }
}

/* The likeliest ln k of a group: the derivative by it grows, from below 0 to above. */
static double best_scale(const double *q, size_t n, double v)
{
    double low = -4, high = 4;

    for (int i = 0; i < 40; i++) {
        double middle = (low + high) / 2, k2v = exp(2 * middle) * v, slope = 0;

        for (size_t k = 0; k < n; k++)
            slope += 2 - (v + 2) * q[k] / (k2v + q[k]);
        if (slope < 0)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* Minus ln of the likelihood with this tail and floor and each group's best scale, but for what no
 * parameter changes; fills in out. */
static double fit_scales(const trial *t, spread_rule *out)
{
    double v = exp(t->ln_tail), sum = t->ln_area;

    out->tail = (float)v;
    out->floor = (float)t->floor;
    for (int g = 0; g < SCHEME_GROUPS; g++) {
        size_t n = t->f->n[g];
        double ln_k = n >= EVAL_FIT_LEAST ? best_scale(t->q[g], n, v) : 0, k2v = exp(2 * ln_k) * v;

        out->scale[g] = (float)exp(ln_k);
        for (size_t i = 0; i < n; i++)
            sum += 2 * ln_k + (v + 2) / 2 * log1p(t->q[g][i] / k2v);
    }
    return sum;
}

static double with_tail(trial *t, double ln_tail)
{
    spread_rule any;

    t->ln_tail = ln_tail;
    return fit_scales(t, &any);
}

static double with_floor(trial *t, double floor)
{
    spread_rule any;

    set_floor(t, floor);
    return fit_scales(t, &any);
}

/* Golden section, from low to high, until it is shorter by 10^5. */
static double least_of(double (*f)(trial *, double), trial *t, double low, double high)
{
    const double golden = 0.6180339887498949;

    for (int i = 0; i < 24; i++) {
        double a = high - golden * (high - low), b = low + golden * (high - low);

        if (f(t, a) < f(t, b))
            high = b;
        else
            low = a;
    }
    return (low + high) / 2;
}

/* One parameter after the other, in turns; after two, another moves the tail by less than 0.01. */
static void fit_trial(trial *t, spread_rule *out)
{
    set_floor(t, 0);
    for (int turn = 0; turn < 3; turn++) {
        double floor;

        with_tail(t, least_of(with_tail, t, log((double)SPREAD_TAIL_LEAST),
                              log((double)SPREAD_TAIL_MOST)));
        floor = least_of(with_floor, t, 0, (double)SPREAD_FLOOR_MOST);
        set_floor(t, with_floor(t, 0) <= with_floor(t, floor) ? 0 : floor);
    }
    fit_scales(t, out);
}

pfld_status eval_spread_fit(const eval_fit *f, spread_rule *out, pfld_error *err)
{
    trial t = {.f = f};
    size_t most = 0;
    bool ok = true;

    for (int g = 0; g < SCHEME_GROUPS; g++)
        most = f->n[g] > most ? f->n[g] : most;
    if (most < EVAL_FIT_LEAST)
        return error_set(err, PFLD_ERR_ARG, "%zu points of a group: %d are the least to measure by",
                         most, EVAL_FIT_LEAST);
    for (int g = 0; g < SCHEME_GROUPS; g++)
        ok = (t.q[g] = mem_alloc(f->n[g] + 1, sizeof *t.q[g])) && ok;
    if (ok)
        fit_trial(&t, out);
    for (int g = 0; g < SCHEME_GROUPS; g++)
        mem_free(t.q[g]);
    return ok ? PFLD_OK : error_nomem(err);
}

void eval_fit_coverage(const eval_fit *f, const spread_rule *rule, double out[EVAL_SHARES])
{
    for (int k = 0; k < EVAL_SHARES; k++) {
        double radius = spread_radius((double)rule->tail, (double)eval_shares[k]);
        double within = 0, n = 0, det;

        for (int g = 0; g < SCHEME_GROUPS; g++) {
            double most = radius * radius * spread_scale(rule, (scheme_group_kind)g);

            for (size_t i = 0; i < f->n[g]; i++)
                within += floored(&f->points[g][i], (double)rule->floor, &det) <= most;
            n += (double)f->n[g];
        }
        out[k] = n > 0 ? 100 * within / n : (double)NAN;
    }
}
