/* Processes that train one net together: what can be said without knowing what carries it. */
#include "train/group.h"

#include <stdio.h>

#include "core/error.h"

size_t group_rank(const train_group *g)
{
    return g ? g->rank : 0;
}

size_t group_size(const train_group *g)
{
    return g ? g->size : 1;
}

void group_sum(const train_group *g, double *x, size_t n)
{
    if (g)
        g->sum_double(g->ctx, x, n);
}

void group_sum_float(const train_group *g, float *x, size_t n)
{
    if (g)
        g->sum_float(g->ctx, x, n);
}

void group_share(const train_group *g, void *data, size_t bytes)
{
    if (g)
        g->share(g->ctx, data, bytes, 0);
}

pfld_status group_part(const train_group *g, size_t batch, size_t *first, size_t *n,
                       pfld_error *err)
{
    size_t rank = group_rank(g), size = group_size(g);

    if (batch < size)
        return error_set(err, PFLD_ERR_ARG, "a batch of %zu is too small for %zu processes", batch,
                         size);
    *first = batch * rank / size;
    *n = batch * (rank + 1) / size - *first;
    return PFLD_OK;
}

/* Rank 0 is where messages are expected from; the others' say whose they are. */
static void name_rank(const train_group *g, size_t rank, pfld_error *err)
{
    pfld_error said = *err;

    if (rank > 0)
        snprintf(err->msg, sizeof err->msg, "rank %zu of %zu: %.200s", rank, g->size, said.msg);
}

pfld_status group_agree(const train_group *g, pfld_status status, pfld_error *err)
{
    double first; /* counted from the end: 0 is nobody */
    pfld_error told = {0};
    size_t from;

    if (!g)
        return status;
    first = status == PFLD_OK ? 0 : (double)(g->size - g->rank);
    g->max(g->ctx, &first, 1);
    if (first == 0)
        return PFLD_OK;
    from = g->size - (size_t)first;
    if (err)
        told = *err;
    told.status = status;
    g->share(g->ctx, &told, sizeof told, from);
    name_rank(g, from, &told);
    if (err)
        *err = told;
    return told.status;
}

bool group_any(const train_group *g, bool own)
{
    double x = own;

    if (g)
        g->max(g->ctx, &x, 1);
    return x > 0;
}
