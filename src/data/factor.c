/* Shape from many views: the rank-3 factorisation with its metric upgrade. */
#include "data/factor.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "data/eigen.h"

#define TOO_FLAT  1e-6 /* third eigenvalue over the first: no depth seen; real faces have 0.03 */
#define TOO_LOOSE 1e-4 /* the same of the metric */

/* Every picture centred, and of one size, so that large ones don't outweigh the others. */
static bool normalise(const pfld_point *view, size_t n, double out[2][FACTOR_MAX_POINTS])
{
    double mean[2] = {0}, spread = 0.0;

    for (size_t j = 0; j < n; j++) {
        mean[0] += (double)view[j].x / (double)n;
        mean[1] += (double)view[j].y / (double)n;
    }
    for (size_t j = 0; j < n; j++) {
        out[0][j] = (double)view[j].x - mean[0];
        out[1][j] = (double)view[j].y - mean[1];
        spread += out[0][j] * out[0][j] + out[1][j] * out[1][j];
    }
    if (!(spread > 0.0) || !isfinite(spread))
        return false;
    for (size_t j = 0; j < n; j++) {
        out[0][j] /= sqrt(spread);
        out[1][j] /= sqrt(spread);
    }
    return true;
}

/* The three directions that explain most of the pictures: basis [3][n], scaled so that the views'
 * coordinates along them have variances of one order. */
static bool rank_three(const pfld_point *views, size_t n_views, size_t n, double *basis)
{
    double row[2][FACTOR_MAX_POINTS], values[FACTOR_MAX_POINTS];
    double c[FACTOR_MAX_POINTS * FACTOR_MAX_POINTS], vectors[FACTOR_MAX_POINTS * FACTOR_MAX_POINTS];

    memset(c, 0, sizeof c);
    for (size_t i = 0; i < n_views; i++) {
        if (!normalise(views + i * n, n, row))
            continue;
        for (size_t j = 0; j < n; j++)
            for (size_t k = 0; k < n; k++)
                c[j * n + k] += row[0][j] * row[0][k] + row[1][j] * row[1][k];
    }
    eigen_symmetric(c, n, values, vectors);
    if (!(values[2] > TOO_FLAT * values[0]))
        return false;
    for (size_t a = 0; a < 3; a++)
        for (size_t j = 0; j < n; j++)
            basis[a * n + j] = vectors[a * n + j] / sqrt(values[a] / (double)n_views);
    return true;
}

/* The coefficients of the six entries of a symmetric A in x^T A y. */
static void form_row(const double x[3], const double y[3], double row[6])
{
    row[0] = x[0] * y[0];
    row[1] = x[1] * y[1];
    row[2] = x[2] * y[2];
    row[3] = x[0] * y[1] + x[1] * y[0];
    row[4] = x[0] * y[2] + x[2] * y[0];
    row[5] = x[1] * y[2] + x[2] * y[1];
}

/* The A for which the two rows x and y of every view are orthogonal and of one length,
 * x^T A y = 0 and x^T A x = y^T A y, in least squares. */
static void metric(const pfld_point *views, size_t n_views, size_t n, const double *basis,
                   double a[9])
{
    static const size_t entry[9] = {0, 3, 4, 3, 1, 5, 4, 5, 2};
    double normal[6 * 6] = {0}, values[6], vectors[6 * 6];

    for (size_t i = 0; i < n_views; i++) {
        double row[2][FACTOR_MAX_POINTS], m[2][3] = {{0}}, e[3][6];
        if (!normalise(views + i * n, n, row))
            continue;
        for (size_t d = 0; d < 3; d++) {
            for (size_t j = 0; j < n; j++) {
                m[0][d] += row[0][j] * basis[d * n + j];
                m[1][d] += row[1][j] * basis[d * n + j];
            }
        }
        form_row(m[0], m[0], e[0]);
        form_row(m[1], m[1], e[1]);
        form_row(m[0], m[1], e[2]);
        for (size_t k = 0; k < 6; k++)
            e[0][k] =
                (e[0][k] - e[1][k]) / 2.0; /* as heavy as x^T A y: a turn of both by 45 degrees */
        for (size_t k = 0; k < 6; k++)
            for (size_t l = 0; l < 6; l++)
                normal[k * 6 + l] += e[0][k] * e[0][l] + e[2][k] * e[2][l];
    }
    eigen_symmetric(normal, 6, values, vectors);
    for (size_t k = 0; k < 9; k++)
        a[k] = vectors[(size_t)5 * 6 + entry[k]];
}

bool factor_views(const pfld_point *views, size_t n_views, size_t n, double *shape)
{
    double basis[3 * FACTOR_MAX_POINTS], a[9], values[3], v[9];
    double sign;

    assert(n >= 4 && n <= FACTOR_MAX_POINTS);
    if (!rank_three(views, n_views, n, basis))
        return false;
    metric(views, n_views, n, basis, a);
    sign = a[0] + a[4] + a[8] < 0.0 ? -1.0 : 1.0; /* an eigenvector's own is arbitrary */
    for (int k = 0; k < 9; k++)
        a[k] *= sign;
    eigen_symmetric(a, 3, values, v);
    if (!(values[2] > TOO_LOOSE * values[0]))
        return false;
    /* With A = L L^T the views' rows are m L, so the shape is L^-1 S; S = basis of unit vectors
     * times what rank_three() divided by, squared. */
    for (size_t j = 0; j < n; j++) {
        for (size_t k = 0; k < 3; k++) {
            shape[j * 3 + k] = 0.0;
            for (size_t d = 0; d < 3; d++) {
                double length = 0.0;
                for (size_t l = 0; l < n; l++)
                    length += basis[d * n + l] * basis[d * n + l];
                shape[j * 3 + k] += v[k * 3 + d] * basis[d * n + j] / length / sqrt(values[k]);
            }
        }
    }
    return true;
}
