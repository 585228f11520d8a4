/* test_loss.c again, with the loss compiled in double: there finite differences decide to 1e-6. The
 * loss is part of this file, so the float one of the library is not linked. */
#define TRAIN_DOUBLE

#include "train/loss.c"

#include "test_loss.c"
