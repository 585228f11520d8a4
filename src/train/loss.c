/* The loss of eq. 2, its parts, and the distances that later work put in its place. */
#include "train/loss.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define DEGREES 57.29577951308232 /* in a radian */

enum { ANGLES = 3 };

/* ---- distances of one coordinate ---- */

typedef struct slope { /* a function's value at x, and its derivative there */
    double value, d;
} slope;

static double sign_of(double x)
{
    return (x > 0) - (x < 0); /* 0 at 0: of all slopes that l1 has there */
}

static slope dist_l2(double x)
{
    return (slope){x * x, 2 * x};
}

static slope dist_l1(double x)
{
    return (slope){fabs(x), sign_of(x)};
}

static slope dist_smooth_l1(double x)
{
    return fabs(x) < 1 ? (slope){x * x / 2, x} : (slope){fabs(x) - 0.5, sign_of(x)};
}

static slope dist_wing(double x)
{
    const double w = 10, epsilon = 2;
    double a = fabs(x);

    if (a < w)
        return (slope){w * log(1 + a / epsilon), sign_of(x) * w / (epsilon + a)};
    return (slope){a - (w - w * log(1 + w / epsilon)), sign_of(x)};
}

static slope dist_soft_wing(double x)
{
    const double w1 = 2, w2 = 20, epsilon = 0.5;
    double a = fabs(x);

    if (a < w1)
        return (slope){a, sign_of(x)};
    return (slope){w2 * log(1 + a / epsilon) + w1 - w2 * log(1 + w1 / epsilon),
                   sign_of(x) * w2 / (epsilon + a)};
}

static slope dist_adaptive_wing(double x)
{
    const double w = 10, epsilon = 2, theta = 10, power = 1.1;
    double a = fabs(x), from = a < theta ? a : theta, raised = pow(from / epsilon, power);
    double d = from > 0 ? w * power * raised / from / (1 + raised) : 0;

    return (slope){w * log(1 + raised) + d * (a - from), sign_of(x) * d};
}

static const struct {
    slope (*of)(double x);
    bool in_pixels; /* it has a width */
} distances[] = {
    [LOSS_L2] = {dist_l2, false},
    [LOSS_L1] = {dist_l1, false},
    [LOSS_SMOOTH_L1] = {dist_smooth_l1, true},
    [LOSS_WING] = {dist_wing, true},
    [LOSS_SOFT_WING] = {dist_soft_wing, true},
    [LOSS_ADAPTIVE_WING] = {dist_adaptive_wing, true},
};

/* x in units of the points; pixels of the crop cancel out of the derivative. */
static slope distance_of(const loss_options *opt, double x)
{
    slope s;

    if (!distances[opt->distance].in_pixels)
        return distances[opt->distance].of(x);
    s = distances[opt->distance].of(x * opt->pixels);
    s.value /= opt->pixels;
    return s;
}

/* ---- the geometry factor ---- */

static double deviation(const loss_batch *b, size_t face, size_t k)
{
    size_t at = face * ANGLES + k;

    return (double)b->angles_truth[at] - (double)b->angles[at];
}

static bool has_pose(const loss_batch *b, size_t face)
{
    if (!b->angles || !b->angles_truth)
        return false;
    for (size_t k = 0; k < ANGLES; k++)
        if (isnan(b->angles_truth[face * ANGLES + k]))
            return false;
    return true;
}

/* sum over k of 1 - cos theta, which is 2 sin^2(theta / 2): small angles keep their digits. */
static double face_factor(const loss_batch *b, size_t face)
{
    double sum = 0;

    for (size_t k = 0; k < ANGLES; k++) {
        double s = sin(deviation(b, face, k) / 2);
        sum += 2 * s * s;
    }
    return sum;
}

/* ---- faces ---- */

typedef struct face_terms {
    double scale;  /* N / sum of the mask: eq. 2's 1/M */
    double weight; /* w */
    double factor; /* G */
} face_terms;

static double mask_of(const loss_batch *b, size_t face, size_t point)
{
    return b->mask ? (double)b->mask[face * b->points + point] : 1;
}

/* Fills the points' gradients; returns the face's sum of distances, without any factor. */
static double eval_points(const loss_options *opt, const loss_batch *b, size_t face, face_terms t)
{
    double sum = 0;

    for (size_t n = 0; n < b->points; n++) {
        size_t at = (face * b->points + n) * 2;
        double mask = mask_of(b, face, n);

        b->grad[at] = b->grad[at + 1] = 0;
        if (mask == 0) /* the truth may be NaN */
            continue;
        for (size_t axis = 0; axis < 2; axis++, at++) {
            slope s = distance_of(opt, (double)b->predicted[at] - (double)b->truth[at]);

            sum += mask * s.value;
            b->grad[at] = (real)(t.scale * t.weight * t.factor * mask * s.d);
        }
    }
    return sum;
}

/* Fills the angles' gradients; returns the face's part of the term of their own. */
static double eval_angles(const loss_options *opt, const loss_batch *b, size_t face, double product,
                          double aux)
{
    double sum = 0;

    for (size_t k = 0; k < ANGLES; k++) {
        double theta = deviation(b, face, k), d = -2 * aux * theta; /* d theta / d estimate: -1 */

        if (opt->geometry)
            d -= product * sin(theta);
        if (b->grad_angles)
            b->grad_angles[face * ANGLES + k] = (real)d;
        sum += aux * theta * theta;
    }
    return sum;
}

static double known_points(const loss_batch *b)
{
    double sum = 0;

    for (size_t m = 0; m < b->n; m++)
        for (size_t n = 0; n < b->points; n++)
            sum += mask_of(b, m, n);
    return sum;
}

loss_sums loss_sum_up(const loss_options *opt, const loss_batch *b)
{
    loss_sums s = {{[LOSS_KNOWN] = known_points(b)}};

    for (size_t m = 0; m < b->n; m++) {
        if (!has_pose(b, m))
            continue;
        s.at[LOSS_POSES]++;
        if (opt->geometry)
            s.at[LOSS_FACTORS] += face_factor(b, m);
        for (size_t k = 0; k < ANGLES; k++)
            s.at[LOSS_ANGLES] += fabs(deviation(b, m, k));
    }
    return s;
}

/* What the sums say of the whole batch. */
static loss_value value_of(const loss_options *opt, const loss_sums *s)
{
    double poses = s->at[LOSS_POSES];
    loss_value v = {.known = s->at[LOSS_KNOWN], .poses = (size_t)poses, .geometry = 1};

    if (poses > 0)
        v.angle_error = s->at[LOSS_ANGLES] * (DEGREES / (ANGLES * poses));
    if (poses > 0 && opt->geometry)
        v.geometry = s->at[LOSS_FACTORS] / poses;
    return v;
}

loss_value loss_eval_part(const loss_options *opt, const loss_batch *b, const loss_sums *batch)
{
    loss_value v = value_of(opt, batch);
    double scale = v.known > 0 ? (double)b->points / v.known : 0, distance = 0, aux;

    assert(b->angles || !opt->geometry);
    assert(opt->pixels > 0 || !distances[opt->distance].in_pixels);
    aux = v.poses ? opt->aux / (double)v.poses : 0;
    if (b->grad_angles)
        memset(b->grad_angles, 0, b->n * ANGLES * sizeof *b->grad_angles);
    for (size_t m = 0; m < b->n; m++) {
        face_terms t = {scale, 1, v.geometry}; /* the mean, for a face of unknown pose */
        double sum;

        if (opt->classes && b->weight)
            t.weight = (double)b->weight[m];
        if (opt->geometry && has_pose(b, m))
            t.factor = face_factor(b, m);
        sum = eval_points(opt, b, m, t);
        distance += sum;
        v.total += scale * t.weight * t.factor * sum;
        if (has_pose(b, m))
            v.total += eval_angles(opt, b, m, scale * t.weight * sum, aux);
    }
    v.distance = v.known > 0 ? distance / v.known : 0;
    return v;
}

loss_value loss_eval(const loss_options *opt, const loss_batch *b)
{
    loss_sums s = loss_sum_up(opt, b);

    return loss_eval_part(opt, b, &s);
}
