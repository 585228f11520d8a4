/* Memory by large pages: anonymous mappings that ask for them, where the system has such. */
#if defined(__linux__)
#  define _DEFAULT_SOURCE /* MAP_ANONYMOUS, madvise */
#endif

#include "train/pages.h"

#if defined(__linux__)
#  include <sys/mman.h>
#endif

#include "core/mem.h"

#if defined(__linux__)
void *pages_alloc(size_t bytes)
{
    void *p =
        mmap(NULL, bytes ? bytes : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    madvise(p, bytes, MADV_HUGEPAGE); /* refused: slower, that is all */
    return p;
}

void pages_free(void *p, size_t bytes)
{
    if (p)
        munmap(p, bytes ? bytes : 1);
}
#else
void *pages_alloc(size_t bytes)
{
    return mem_alloc(bytes, 1);
}

void pages_free(void *p, size_t bytes)
{
    (void)bytes;
    mem_free(p);
}
#endif
