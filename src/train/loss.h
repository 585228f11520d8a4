/* The loss of eq. 2, its parts, and the distances that later work put in its place. */
#ifndef TRAIN_LOSS_H
#define TRAIN_LOSS_H

#include <stdbool.h>
#include <stddef.h>

#include "train/real.h"

/*
 * Eq. 2, for a batch of M faces of N points:
 *
 *     L = 1/M sum_m sum_n  w_m G_m dist(p_mn - t_mn),     G_m = sum_k (1 - cos theta_mk)
 *
 * w_m: the weights of the face's classes, added up. theta_mk, k = yaw, pitch, roll: the true angle
 * minus the estimated one, in radians. dist: the squared Euclidean distance. Without geometry G_m
 * is 1, without classes w_m is 1; without both and with LOSS_L2 this is plain l2.
 *
 * Both factors of the product depend on the net, so both get their gradient, each once, none
 * stopped: the points w_m G_m dist', the estimated angles -w_m (sum_n dist) sin(theta_mk).
 *
 * What this does to training: G_m falls like theta^2 / 2, so the points of a face whose angles are
 * right teach nothing (all angles perfect: L is 0 wherever the points are), and the auxiliary net
 * learns in proportion to the points' errors. The product rewards both nets for either's success.
 * That is the paper's formula; `aux` gives the angles a reason of their own.
 *
 * Points that are not known have mask 0. Then every known point of the batch weighs the same:
 * 1/M becomes N / (sum of the mask), which is 1/M where all are known. A batch without a known
 * point has loss 0. A mask between 0 and 1 is a weight.
 *
 * A face of unknown pose has as G_m the mean over the batch's faces of known pose, so that it
 * weighs what the others weigh at that stage; as a constant: it teaches the angles nothing. Where
 * no face has a pose, G_m is 1. It is never 0 for lack of a truth.
 *
 * Distances: all but LOSS_L2 are added over x and y. Widths (wing's w and the like) are in pixels
 * of the crop; the result is divided by `pixels` again, so that all of these share a unit, the
 * crop's side, and a slope of about 1 for large errors.
 */
typedef enum loss_distance {
    LOSS_L2, /* the squared distance of eq. 2 */
    LOSS_L1,
    LOSS_SMOOTH_L1,     /* x^2 / 2 below 1 px, |x| - 1/2 above */
    LOSS_WING,          /* Feng et al. 2018: w 10 px, epsilon 2 px */
    LOSS_SOFT_WING,     /* Lin et al. 2021: |x| below 2 px, then 20 ln(1 + |x| / 0.5) + B */
    LOSS_ADAPTIVE_WING, /* Wang et al. 2019 is for heat maps; here with the exponent that it has on
                           the ridge, alpha - y = 1.1, and wing's widths: 10 ln(1 + (|x| / 2)^1.1)
                           below 10 px, a tangent above: wing without the kink at 0 */
} loss_distance;

typedef struct loss_options {
    loss_distance distance;
    bool geometry; /* the factor G; needs the batch's angles */
    bool classes;  /* the factor w */
    double pixels; /* crop pixels to a unit of the points: 112; above 0 */
    double aux;    /* adds aux * mean over faces of known pose of sum_k theta_k^2; 0: eq. 2 */
} loss_options;

typedef struct loss_batch {
    size_t n, points;         /* M and N of eq. 2 */
    const real *predicted;    /* [n][2N], 0..1 over the crop */
    const real *truth;        /* [n][2N]; not looked at where the mask is 0 */
    const real *mask;         /* [n][N]; NULL: all known */
    const real *angles;       /* [n][3] the auxiliary net's, radians; NULL without it */
    const real *angles_truth; /* [n][3], NaN: unknown; NULL: none is known */
    const real *weight;       /* [n] class weights; NULL: 1 */
    real *grad;               /* [n][2N] out: of total; 0 where the mask is 0 */
    real *grad_angles;        /* [n][3] out; may be NULL */
} loss_batch;

typedef struct loss_value {
    double total;       /* what is minimised */
    double distance;    /* the distance alone, mean over known points */
    double geometry;    /* mean over the faces of G; 1 without geometry */
    double angle_error; /* degrees, mean absolute over known poses; 0 where there is none */
    double known;       /* sum of the mask: points that count */
    size_t poses;       /* faces of known pose; 0 without angles */
} loss_value;

/* What each face's part depends on of the others: sums, which those of the parts of a batch add up
 * to. */
enum { LOSS_KNOWN, LOSS_POSES, LOSS_FACTORS, LOSS_ANGLES, LOSS_SUMS };
typedef struct loss_sums {
    double at[LOSS_SUMS]; /* of the mask; faces of known pose, and of these G; angles' errors */
} loss_sums;

/* Adds in double and in a fixed order: the same batch, the same bits. */
loss_value loss_eval(const loss_options *opt, const loss_batch *b);
/* The same in two steps, for a batch in parts: total and distance of the values of all parts add up
 * to the batch's, the rest is the batch's in each. */
loss_sums loss_sum_up(const loss_options *opt, const loss_batch *b);
loss_value loss_eval_part(const loss_options *opt, const loss_batch *b, const loss_sums *batch);

#endif
