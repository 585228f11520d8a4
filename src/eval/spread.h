/* Whether a landmark model is right about how far off it is, and what makes it right. */
#ifndef EVAL_SPREAD_H
#define EVAL_SPREAD_H

#include "eval/run.h"
#include "geometry/spread.h"

enum { EVAL_REJECTED = 2 };
extern const double eval_rejected[EVAL_REJECTED]; /* 0.1, 0.2 */

typedef struct eval_spread {
    /* Percent of the true points within the ellipses of eval_shares: of all, and of a group; NaN
     * where the scheme has no such points. */
    double coverage[EVAL_SHARES], by_group[SCHEME_GROUPS][EVAL_SHARES];
    double spearman; /* rank correlation of the faces' expected errors and their true ones */
    /* NME without the share eval_rejected of the faces whose expected error is the largest, and
     * what it would be if the true errors were known. */
    double nme_without[EVAL_REJECTED], nme_best[EVAL_REJECTED];
} eval_spread;

/* The run has faces, and its model ellipses. */
pfld_status eval_spread_of(const eval_run *r, eval_spread *out, pfld_error *err);

typedef struct eval_fit_point {
    double xx, xy, yy; /* S as the head said it, without a floor */
    double x, y;       /* the error */
    double size;       /* of its face, spread_size() */
} eval_fit_point;

typedef struct eval_fit {                  /* what eval_spread_fit() works on */
    eval_fit_point *points[SCHEME_GROUPS]; /* [n] */
    size_t n[SCHEME_GROUPS], room[SCHEME_GROUPS];
} eval_fit; /* zeroed: empty */

/* Adds a run's points; rule: what the model said its covariances by. */
pfld_status eval_fit_add(eval_fit *f, const eval_run *r, const spread_rule *rule, pfld_error *err);
void eval_fit_free(eval_fit *f);
/* The tail and the floor, one for all, and a scale for each group that are likeliest: groups of
 * less than EVAL_FIT_LEAST points keep a scale of 1. PFLD_ERR_ARG: no group has as many. */
#define EVAL_FIT_LEAST 100
pfld_status eval_spread_fit(const eval_fit *f, spread_rule *out, pfld_error *err);
/* Percent of the points that rule's ellipses of eval_shares hold. */
void eval_fit_coverage(const eval_fit *f, const spread_rule *rule, double out[EVAL_SHARES]);

#endif
