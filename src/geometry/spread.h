/* How far off landmarks may be: from what a net's head says to covariances and ellipses. */
#ifndef GEOMETRY_SPREAD_H
#define GEOMETRY_SPREAD_H

#include "geometry/affine.h"
#include "geometry/scheme.h"

/*
 * Of each point the head says (ln sx, ln sy, atanh r), in sides of the crop: the matrix
 * S = [sx^2, r sx sy; r sx sy, sy^2] + (f size)^2 I of a bivariate Student's t around the point,
 * whose tail v, floor f and a scale k for each group of points are measured after training
 * (calibration). q = e' S^-1 e / k^2 of an error e is at most Q with probability
 * 1 - (1 + Q / v)^(-v / 2), and the covariance is C = k^2 v / (v - 2) S.
 *
 * The floor is there since a net has learnt its training faces by heart to some degree, the easy
 * ones most: of faces like those it is too sure. size is that of the face, spread_size().
 */
typedef struct spread_rule {
    float tail;                 /* v, SPREAD_TAIL_LEAST to SPREAD_TAIL_MOST */
    float scale[SCHEME_GROUPS]; /* k, by scheme_group_kind */
    float floor;                /* f, 0 to SPREAD_FLOOR_MOST */
} spread_rule;

#define SPREAD_TAIL_LEAST 2.1f   /* at 2 there is no covariance any more */
#define SPREAD_TAIL_MOST  100.0f /* nobody can tell it from a Gaussian's */
#define SPREAD_FLOOR_MOST 0.2f

/* "tail=4.2 floor=0.01 jaw=1.1 brows=0.9", as pfld.spread says it; a group that is missing has 1,
 * the floor 0. PFLD_ERR_FORMAT for all else. */
pfld_status spread_parse(const char *text, spread_rule *out, pfld_error *err);
/* The same the other way round, of the groups that s has. */
#define SPREAD_TEXT 128
const char *spread_text(const spread_rule *rule, const scheme *s, char buf[SPREAD_TEXT]);

/* What the head said of a point, without the floor, as a covariance in units of the crop's side;
 * finite and positive whatever it said. */
pfld_cov spread_cov(const spread_rule *rule, const float said[3], scheme_group_kind group);
/* From S to the covariance: k^2 v / (v - 2). */
double spread_scale(const spread_rule *rule, scheme_group_kind group);
/* The root mean square of the points' distances from their mean. */
double spread_size(const pfld_point *p, int32_t n);
/* What the floor adds to the variances xx and yy of a point of a face of this size. */
double spread_floor(const spread_rule *rule, double size, scheme_group_kind group);
/* The covariance of mapped points. */
pfld_cov spread_map(const affine *t, pfld_cov c);
/* e' C^-1 e of an error (x, y). */
double spread_distance2(pfld_cov c, double x, double y);
/* The ellipse around a point that holds the share (0..1, below 1) of the truths: the root of
 * e' C^-1 e on its border. */
double spread_radius(double tail, double share);
/* Expected distance of the truth from the point, of_tail being spread_of_tail(). */
double spread_expected(double of_tail, pfld_cov c);
double spread_of_tail(double tail);
/* Half axes of e' C^-1 e = 1, the longer one first, and the angle of that one from the x axis
 * towards y, radians. */
void spread_axes(pfld_cov c, double half[2], double *angle);

#endif
