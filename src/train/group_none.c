/* In place of group_mpi.c, where there is no MPI. */
#include <stdio.h>

#include "core/error.h"
#include "train/group_mpi.h"

const char *group_mpi_name(char *buf, size_t size)
{
    snprintf(buf, size, "none");
    return buf;
}

pfld_status group_mpi_open(train_group *g, pfld_error *err)
{
    (void)g;
    return error_set(err, PFLD_ERR_UNSUPPORTED,
                     "started as several processes, but this pfld was built without MPI "
                     "(-DPFLD_MPI=ON), so that each would train for itself");
}

void group_mpi_close(train_group *g)
{
    (void)g;
}
