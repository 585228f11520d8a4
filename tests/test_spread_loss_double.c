/* test_spread_loss.c again, with the loss compiled in double, where finite differences decide to
 * 1e-7. The loss is part of this file, so the float one of the library is not linked. */
#define TRAIN_DOUBLE

#include "train/spread_loss.c"

#include "test_spread_loss.c"
