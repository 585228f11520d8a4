/* The field's figures for landmarks: NME under a named normaliser, AUC, failure rate, intervals. */
#ifndef EVAL_METRICS_H
#define EVAL_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "geometry/scheme.h"
#include "pfld/pfld.h"

typedef enum eval_norm {
    EVAL_INTER_OCULAR, /* distance of the outer eye corners; of five, of the eyes' centres */
    EVAL_INTER_PUPIL,  /* distance of the eyes' centres */
    EVAL_BOX,          /* sqrt(width * height) of the box around the true points */
    EVAL_NORMS
} eval_norm;

extern const char *const eval_norm_names[EVAL_NORMS + 1]; /* NULL behind the last */

/* What errors of this face are divided by, in pixels; false where it is 0 or not finite. */
bool eval_normaliser(const scheme *s, const pfld_point *truth, eval_norm norm, double *out);

typedef struct eval_summary { /* all but n in percent */
    size_t n;
    double nme, ci95[2]; /* mean, and its bootstrap interval (10,000 resamples, fixed seed) */
    double median;
    double auc8, fr8; /* area under the cumulative error curve up to 8 %, over 8 %; faces above */
    double auc10, fr10;
} eval_summary;

/* error [n]: a face's mean point error over the normaliser, in percent. n 0: all NaN. */
pfld_status eval_summarise(const double *error, size_t n, eval_summary *out, pfld_error *err);

typedef struct eval_paired { /* a minus b */
    size_t n;
    double difference, ci95[2]; /* percent; bootstrap over faces */
    double p; /* two-sided, sign-flipping permutation test, 10,000 draws: chance of a mean
                 difference at least as large if the two were the same */
} eval_paired;

/* a and b [n]: errors of the same faces. */
pfld_status eval_compare(const double *a, const double *b, size_t n, eval_paired *out,
                         pfld_error *err);

#endif
