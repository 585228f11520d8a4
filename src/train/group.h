/* Processes that train one net together, each with its share of every batch. */
#ifndef TRAIN_GROUP_H
#define TRAIN_GROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "pfld/pfld.h"

/*
 * What training needs of them, whatever carries it: MPI (group_mpi.h), or threads in tests. All
 * processes call the same functions in the same order, each from one thread; a call returns when
 * all have called. Failures of the carrier itself end the process: nobody could go on.
 *
 * Sums come out with the same bits in all processes, and again for the same size.
 */
typedef struct train_group {
    size_t rank, size; /* this process is rank of 0 .. size - 1; 0 writes the files */
    size_t beside;     /* processes of the group on this machine, with this one */
    void *ctx;         /* of the functions */
    void (*sum_double)(void *ctx, double *x, size_t n); /* over the processes, in place */
    void (*sum_float)(void *ctx, float *x, size_t n);
    void (*max)(void *ctx, double *x, size_t n);
    void (*share)(void *ctx, void *data, size_t bytes, size_t from); /* from's, to all */
} train_group;

/* All of these take NULL: one process alone, which waits for nobody. */

size_t group_rank(const train_group *g);
size_t group_size(const train_group *g);
void group_sum(const train_group *g, double *x, size_t n);
void group_sum_float(const train_group *g, float *x, size_t n);
/* Rank 0's bytes, to all. */
void group_share(const train_group *g, void *data, size_t bytes);

/* Items first .. first + n - 1 of a batch are this process's; processes' shares differ by one at
 * most. PFLD_ERR_ARG where there are fewer items than processes. */
pfld_status group_part(const train_group *g, size_t batch, size_t *first, size_t *n,
                       pfld_error *err);

/* What became of this process's work, to all: PFLD_OK, or the failure of the first that failed,
 * whose message names its rank. */
pfld_status group_agree(const train_group *g, pfld_status status, pfld_error *err);
/* True where it is so for any of them. */
bool group_any(const train_group *g, bool own);

#endif
