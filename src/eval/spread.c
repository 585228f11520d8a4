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

pfld_status eval_fit_add(eval_fit *f, const eval_run *r, const spread_rule *rule, pfld_error *err)
{
    double v = (double)rule->tail;

    for (int p = 0; p < r->scheme->n; p++) {
        scheme_group_kind g = scheme_group(r->scheme, p);
        double k = (double)rule->scale[g], *q;

        q = mem_grow(f->q[g], &f->room[g], f->n[g] + r->n, sizeof *q);
        if (!q)
            return error_nomem(err);
        f->q[g] = q;
        for (size_t i = 0; i < r->n; i++)
            q[f->n[g]++] = distance2(&r->faces[i], p) * k * k * v / (v - 2);
    }
    return PFLD_OK;
}

void eval_fit_free(eval_fit *f)
{
    for (int g = 0; g < SCHEME_GROUPS; g++)
        mem_free(f->q[g]);
    *f = (eval_fit){0};
}

/* Of a group: minus ln of the likelihood of its q at k = e^ln_k, but for what no parameter changes;
 * and its derivative. */
static double badness(const double *q, size_t n, double v, double ln_k, double *slope)
{
    double sum = 0, k2 = exp(2 * ln_k);

    *slope = 0;
    for (size_t i = 0; i < n; i++) {
        double x = q[i] / (k2 * v);

        sum += 2 * ln_k + (v + 2) / 2 * log1p(x);
        *slope += 2 - (v + 2) * x / (1 + x);
    }
    return sum;
}

/* The likeliest ln k: the slope grows with it, from below 0 to above. */
static double best_scale(const double *q, size_t n, double v)
{
    double low = -4, high = 4;

    for (int i = 0; i < 40; i++) {
        double middle = (low + high) / 2, slope;

        badness(q, n, v, middle, &slope);
        if (slope < 0)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* At tail e^ln_v, each group at its best; fills in out. */
static double fit_scales(const eval_fit *f, double ln_v, spread_rule *out)
{
    double sum = 0, slope, v = exp(ln_v);

    out->tail = (float)v;
    for (int g = 0; g < SCHEME_GROUPS; g++) {
        double ln_k = f->n[g] >= EVAL_FIT_LEAST ? best_scale(f->q[g], f->n[g], v) : 0;

        out->scale[g] = (float)exp(ln_k);
        sum += badness(f->q[g], f->n[g], v, ln_k, &slope);
    }
    return sum;
}

pfld_status eval_spread_fit(const eval_fit *f, spread_rule *out, pfld_error *err)
{
    const double golden = 0.6180339887498949;
    double low = log((double)SPREAD_TAIL_LEAST), high = log((double)SPREAD_TAIL_MOST);
    size_t most = 0;

    for (int g = 0; g < SCHEME_GROUPS; g++)
        most = f->n[g] > most ? f->n[g] : most;
    if (most < EVAL_FIT_LEAST)
        return error_set(err, PFLD_ERR_ARG, "%zu points of a group: %d are the least to measure by",
                         most, EVAL_FIT_LEAST);
    for (int i = 0; i < 24; i++) { /* golden section: ln v to 1e-4 */
        double a = high - golden * (high - low), b = low + golden * (high - low);

        if (fit_scales(f, a, out) < fit_scales(f, b, out))
            high = b;
        else
            low = a;
    }
    fit_scales(f, (low + high) / 2, out);
    return PFLD_OK;
}

void eval_fit_coverage(const eval_fit *f, const spread_rule *rule, double out[EVAL_SHARES])
{
    double v = (double)rule->tail;

    for (int k = 0; k < EVAL_SHARES; k++) {
        double radius = spread_radius(v, (double)eval_shares[k]), within = 0, n = 0;

        for (int g = 0; g < SCHEME_GROUPS; g++) {
            double s = (double)rule->scale[g], most = radius * radius * s * s * v / (v - 2);

            for (size_t i = 0; i < f->n[g]; i++)
                within += f->q[g][i] <= most;
            n += (double)f->n[g];
        }
        out[k] = n > 0 ? 100 * within / n : (double)NAN;
    }
}
