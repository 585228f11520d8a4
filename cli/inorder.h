/* A stream of items worked on by several threads, and given away in the order they were taken. */
#ifndef CLI_INORDER_H
#define CLI_INORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "pfld/pfld.h"

/*
 * An item goes through take, work and give. Of all calls of take there is one at a time, and so of
 * give, but one of each may run at once: they share nothing that changes. work runs for several
 * items at once, each of them on another thread's number (0 .. n_threads - 1). Memory stays the
 * same however long the stream is: take waits where the first of n_items is not done yet.
 */
typedef struct inorder_work {
    void *ctx;
    void *items; /* [n_items][item_size]; whoever holds an item alone may change it */
    size_t n_items, item_size;
    size_t n_threads;                    /* the caller's is one of them */
    bool (*take)(void *ctx, void *item); /* false: there are no more; item was not taken */
    void (*work)(void *ctx, void *item, size_t thread);
    bool (*give)(void *ctx, void *item); /* in the order of take; false: stop everything */
} inorder_work;

/* Returns when all that was taken is given, or give has stopped it. Threads that the system does
 * not give are done without. PFLD_ERR_NOMEM: nothing was taken. */
pfld_status inorder_run(const inorder_work *w, pfld_error *err);

#endif
