/* test_detect_loss.c again, with the loss compiled in double: there finite differences decide. The
 * loss is part of this file, so the float one of the library is not linked. */
#define TRAIN_DOUBLE

#include "train/detect_loss.c"

#include "test_detect_loss.c"
