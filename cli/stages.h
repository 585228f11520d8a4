/* A stream of items through a row of steps, each of them on a thread of its own. */
#ifndef CLI_STAGES_H
#define CLI_STAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "pfld/pfld.h"

enum { STAGES_MOST = 8 };

/* False: of the first step, that there are no more items; of another, that everything is to end. */
typedef bool stages_step(void *ctx, void *item);

/*
 * Every step sees all items in their order, one at a time, so that a step may remember what it
 * likes; different steps work on different items at once, and share nothing that changes but the
 * items. Memory stays the same however long the stream is: the first step waits for an item that
 * the last one has done with.
 */
typedef struct stages_work {
    void *ctx;
    void *items; /* [n_items][item_size] */
    size_t n_items, item_size;
    stages_step *const *steps; /* [n_steps], at most STAGES_MOST */
    size_t n_steps;
    bool alone; /* all steps on the caller's thread, in turn: the same, later */
} stages_work;

/* Returns when all items have gone through, or a step has ended it. Where the system gives no
 * threads, it works alone. */
void stages_run(const stages_work *w);

#endif
