/* The number type of training: float, or double where gradients are checked (-DTRAIN_DOUBLE). */
#ifndef TRAIN_REAL_H
#define TRAIN_REAL_H

#ifdef TRAIN_DOUBLE
typedef double real;
#else
typedef float real;
#endif

#endif
