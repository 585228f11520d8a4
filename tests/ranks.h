/* Threads in place of the processes of a training group. */
#ifndef TESTS_RANKS_H
#define TESTS_RANKS_H

#include "train/group.h"

enum { RANKS_MOST = 4 };

/* Calls work(ctx, group) from n threads at once, each of which is a rank of the group. Sums are
 * added in the order of the ranks. */
void ranks_run(size_t n, void (*work)(void *ctx, const train_group *g), void *ctx);

#endif
