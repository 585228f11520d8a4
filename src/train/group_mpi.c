/* Groups of processes that mpirun, or another launcher of MPI's, has started. */
#include "train/group_mpi.h"

#include <mpi.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"

#define LONGEST (1 << 28) /* numbers of one call: MPI counts them by int */

/* Every call of MPI's ends the job where it fails: that is MPI_ERRORS_ARE_FATAL, the default. */

const char *group_mpi_name(char *buf, size_t size)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int n = 0;

    MPI_Get_library_version(text, &n); /* "Open MPI v4.1.4, package: ..." */
    snprintf(buf, size, "%.*s", n, text);
    buf[strcspn(buf, ",\n")] = 0;
    return buf;
}

typedef struct mpi_type {
    MPI_Datatype type;
    MPI_Op op;
    size_t bytes;
} mpi_type;

static void reduce(mpi_type t, void *data, size_t n)
{
    for (char *x = data; n > 0;) {
        size_t part = n < LONGEST ? n : LONGEST;

        MPI_Allreduce(MPI_IN_PLACE, x, (int)part, t.type, t.op, MPI_COMM_WORLD);
        x += part * t.bytes;
        n -= part;
    }
}

static void sum_double(void *ctx, double *x, size_t n)
{
    (void)ctx;
    reduce((mpi_type){MPI_DOUBLE, MPI_SUM, sizeof *x}, x, n);
}

static void sum_float(void *ctx, float *x, size_t n)
{
    (void)ctx;
    reduce((mpi_type){MPI_FLOAT, MPI_SUM, sizeof *x}, x, n);
}

static void max(void *ctx, double *x, size_t n)
{
    (void)ctx;
    reduce((mpi_type){MPI_DOUBLE, MPI_MAX, sizeof *x}, x, n);
}

static void share(void *ctx, void *data, size_t bytes, size_t from)
{
    (void)ctx;
    for (char *x = data; bytes > 0;) {
        size_t part = bytes < LONGEST ? bytes : LONGEST;

        MPI_Bcast(x, (int)part, MPI_BYTE, (int)from, MPI_COMM_WORLD);
        x += part;
        bytes -= part;
    }
}

static size_t count_beside(void)
{
    MPI_Comm machine;
    int n = 1;

    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine);
    MPI_Comm_size(machine, &n);
    MPI_Comm_free(&machine);
    return (size_t)n;
}

pfld_status group_mpi_open(train_group *g, pfld_error *err)
{
    int given = MPI_THREAD_SINGLE, rank = 0, size = 1;

    /* The main thread alone calls MPI, while those of pool and loader compute. */
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &given) != MPI_SUCCESS)
        return error_set(err, PFLD_ERR_UNSUPPORTED, "MPI cannot be started");
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    *g = (train_group){.rank = (size_t)rank,
                       .size = (size_t)size,
                       .beside = count_beside(),
                       .sum_double = sum_double,
                       .sum_float = sum_float,
                       .max = max,
                       .share = share};
    return PFLD_OK;
}

void group_mpi_close(train_group *g)
{
    *g = (train_group){0};
    MPI_Finalize();
}
