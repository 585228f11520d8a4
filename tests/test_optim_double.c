/* test_optim.c again, with the optimiser compiled in double: there it agrees with the formulas to
 * 1e-13. The optimiser is part of this file, so the float one of the library is not linked. */
#define TRAIN_DOUBLE

#include "train/optim.c"

#include "test_optim.c"

/* What CMakeLists.txt looks for in a test's own file:
void *__wrap_aligned_alloc(size_t align, size_t size)
*/
