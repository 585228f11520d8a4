/* Groups of processes that mpirun, or another launcher of MPI's, has started. */
#ifndef TRAIN_GROUP_MPI_H
#define TRAIN_GROUP_MPI_H

#include "train/group.h"

/* Which MPI this was built with, as it calls itself, cut to fit; "none" without. Starts nothing. */
const char *group_mpi_name(char *buf, size_t size);

/* How many processes the launcher has started, this one included, as the environment tells; 1: no
 * launcher; 0: there is one that does not tell. */
size_t group_mpi_launched(void);

/*
 * Joins those processes: call it once, from the main thread, and group_mpi_close() before the end.
 * One process alone has no use for it. PFLD_ERR_UNSUPPORTED where this was built without MPI. A
 * process that dies afterwards ends all of them; the launcher says which it was.
 */
pfld_status group_mpi_open(train_group *g, pfld_error *err);
void group_mpi_close(train_group *g);

#endif
