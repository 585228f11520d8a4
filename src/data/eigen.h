/* Eigenvalues of small symmetric matrices. */
#ifndef DATA_EIGEN_H
#define DATA_EIGEN_H

#include <stddef.h>

/* Jacobi's rotations. a [n][n] is destroyed; values [n], largest first; vectors [n][n], of length
 * 1, those of values[i] in row i. Same matrix, same bits. */
void eigen_symmetric(double *a, size_t n, double *values, double *vectors);

#endif
