/* Eigenvalues of small symmetric matrices: cyclic Jacobi rotations. */
#include "data/eigen.h"

#include <float.h>
#include <math.h>

#define MOST_SWEEPS 60 /* it converges quadratically: about 8 for n = 11 */

static double off_diagonal(const double *a, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            sum += a[i * n + j] * a[i * n + j];
    return sum;
}

/* Turns in the plane of axes p and q so that a[p][q] becomes 0. */
static void rotate(double *a, double *vectors, size_t n, size_t p, size_t q)
{
    double apq = a[p * n + q], half, t, c, s;

    if (fabs(apq) < DBL_MIN)
        return;
    half = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
    t = (half < 0.0 ? -1.0 : 1.0) / (fabs(half) + hypot(1.0, half)); /* the smaller angle's tan */
    c = 1.0 / hypot(1.0, t);
    s = t * c;
    for (size_t k = 0; k < n; k++) { /* A J */
        double x = a[k * n + p], y = a[k * n + q];
        a[k * n + p] = c * x - s * y;
        a[k * n + q] = s * x + c * y;
    }
    for (size_t k = 0; k < n; k++) { /* J^T A, and the vectors, which are rows */
        double x = a[p * n + k], y = a[q * n + k];
        double v = vectors[p * n + k], w = vectors[q * n + k];
        a[p * n + k] = c * x - s * y;
        a[q * n + k] = s * x + c * y;
        vectors[p * n + k] = c * v - s * w;
        vectors[q * n + k] = s * v + c * w;
    }
}

static void sort(double *values, double *vectors, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t best = i;
        double swap;
        for (size_t j = i + 1; j < n; j++)
            if (values[j] > values[best])
                best = j;
        swap = values[i], values[i] = values[best], values[best] = swap;
        for (size_t k = 0; k < n; k++) {
            swap = vectors[i * n + k];
            vectors[i * n + k] = vectors[best * n + k];
            vectors[best * n + k] = swap;
        }
    }
}

void eigen_symmetric(double *a, size_t n, double *values, double *vectors)
{
    double total = 0.0;

    for (size_t i = 0; i < n * n; i++) {
        vectors[i] = i % (n + 1) == 0 ? 1.0 : 0.0;
        total += a[i] * a[i];
    }
    for (int sweep = 0; sweep < MOST_SWEEPS && off_diagonal(a, n) > 1e-30 * total; sweep++)
        for (size_t p = 0; p + 1 < n; p++)
            for (size_t q = p + 1; q < n; q++)
                rotate(a, vectors, n, p, q);
    for (size_t i = 0; i < n; i++)
        values[i] = a[i * n + i];
    sort(values, vectors, n);
}
