/* Memory by large pages: feature maps of a batch are far beyond what small ones' tables hold. */
#ifndef TRAIN_PAGES_H
#define TRAIN_PAGES_H

#include <stddef.h>

/* Zeroed, aligned for vectors; NULL where memory runs out. */
void *pages_alloc(size_t bytes);
void pages_free(void *p, size_t bytes);

#endif
