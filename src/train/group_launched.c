/* What launchers of MPI's leave in the environment: known without starting MPI, which is slow. */
#include <stdlib.h>

#include "train/group_mpi.h"

size_t group_mpi_launched(void)
{
    static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", /* Open MPI */
                                        "PMI_SIZE" /* MPICH, Intel, Slurm */};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char *text = getenv(sizes[i]);
        unsigned long n = text ? strtoul(text, NULL, 10) : 0;

        if (n > 0)
            return (size_t)n;
    }
    return getenv("PMIX_RANK") ? 0 : 1;
}
