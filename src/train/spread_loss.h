/* The loss of the head that says how far off each landmark may be: a likelihood. */
#ifndef TRAIN_SPREAD_LOSS_H
#define TRAIN_SPREAD_LOSS_H

#include <stddef.h>

#include "train/real.h"

/*
 * What the head says of a point, (a, b, c) = (ln sx, ln sy, atanh r), makes the matrix
 *
 *     S = | sx^2     r sx sy |        sx, sy in units of the points, r between -1 and 1
 *         | r sx sy  sy^2    |
 *
 * and the truth lies at e from the point with the density of a bivariate Student's t,
 *
 *     p(e) = (1 + q / v)^(-(v + 2) / 2) / (2 pi sqrt(det S)),       q = e' S^-1 e,
 *
 * v being its tail: errors of landmarks are no Gaussian's. The loss is the mean over known points
 * of -ln p, without ln 2 pi: a + b + ln(1 - r^2) / 2 + (v + 2) / 2 ln(1 + q / v).
 *
 * With x = ex / sx, y = ey / sy and h = (v + 2) / (v + q), so that h q stays below v + 2 however
 * far the point is off:
 *
 *     d/da = 1 - h (x^2 - r x y) / (1 - r^2),   d/db = 1 - h (y^2 - r x y) / (1 - r^2),
 *     d/dc = h (r q - x y) - r.
 *
 * The points themselves are constants here.
 */
#define SPREAD_TRAIN_TAIL 5.0 /* v of training; calibration fits the one that is used */

typedef struct spread_batch {
    size_t n, points;      /* M and N */
    const real *predicted; /* [n][2N] */
    const real *truth;     /* [n][2N]; not looked at where the mask is 0 */
    const real *mask;      /* [n][N]; NULL: all known */
    const real *spread;    /* [n][3N] */
    real *grad;            /* [n][3N] out, 0 where the mask is 0; NULL: not wanted */
    double known;          /* what the mean is over, where the batch is a part of one; 0: its own */
} spread_batch;

typedef struct spread_value {
    double total; /* added up over the known points */
    double known; /* sum of the mask */
} spread_value;

/* The sum of the batch's own mask. */
double spread_known(const spread_batch *b);
/* Gradients are of total / known, the mean; adds in a fixed order. */
spread_value spread_loss_eval(const spread_batch *b);

/* The mean loss as people can read it: 100 e^(total / known / 2), the deviation in percent of a
 * unit of the points that round errors as likely would have. NaN where no point is known. */
double spread_loss_percent(double total, double known);

#endif
