/* Threads in place of the processes of a training group. */
#define _POSIX_C_SOURCE 200809L
#include "ranks.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct hall { /* where all meet */
    pthread_barrier_t door;
    size_t n;
    void *data[RANKS_MOST];
    void (*work)(void *ctx, const train_group *g);
    void *ctx;
} hall;

typedef struct member {
    hall *in;
    train_group group;
    pthread_t thread;
} member;

static void meet(const member *m)
{
    pthread_barrier_wait(&m->in->door);
}

/* All see all others' x between enter and leave. */
static void *enter(const member *m, void *x, size_t bytes)
{
    void *result = malloc(bytes + 1);

    assert(result);
    m->in->data[m->group.rank] = x;
    meet(m);
    return result;
}

static void leave(const member *m, void *x, void *result, size_t bytes)
{
    meet(m);
    memcpy(x, result, bytes);
    free(result);
    meet(m); /* nobody shows the next before all have taken this */
}

static void sum_double(void *ctx, double *x, size_t n)
{
    const member *m = ctx;
    double *sum = enter(m, x, n * sizeof *x);

    for (size_t i = 0; i < n; i++) {
        sum[i] = 0;
        for (size_t r = 0; r < m->in->n; r++)
            sum[i] += ((const double *)m->in->data[r])[i];
    }
    leave(m, x, sum, n * sizeof *x);
}

static void sum_float(void *ctx, float *x, size_t n)
{
    const member *m = ctx;
    float *sum = enter(m, x, n * sizeof *x);

    for (size_t i = 0; i < n; i++) {
        sum[i] = 0;
        for (size_t r = 0; r < m->in->n; r++)
            sum[i] += ((const float *)m->in->data[r])[i];
    }
    leave(m, x, sum, n * sizeof *x);
}

static void max(void *ctx, double *x, size_t n)
{
    const member *m = ctx;
    double *most = enter(m, x, n * sizeof *x);

    for (size_t i = 0; i < n; i++) {
        most[i] = x[i];
        for (size_t r = 0; r < m->in->n; r++) {
            double other = ((const double *)m->in->data[r])[i];

            most[i] = other > most[i] ? other : most[i];
        }
    }
    leave(m, x, most, n * sizeof *x);
}

static void share(void *ctx, void *data, size_t bytes, size_t from)
{
    const member *m = ctx;
    void *copy = enter(m, data, bytes);

    memcpy(copy, m->in->data[from], bytes);
    leave(m, data, copy, bytes);
}

static void *member_main(void *arg)
{
    const member *m = arg;

    m->in->work(m->in->ctx, &m->group);
    return NULL;
}

void ranks_run(size_t n, void (*work)(void *ctx, const train_group *g), void *ctx)
{
    hall h = {.n = n, .work = work, .ctx = ctx};
    member members[RANKS_MOST];

    assert(n <= RANKS_MOST);
    pthread_barrier_init(&h.door, NULL, (unsigned)n);
    for (size_t i = 0; i < n; i++) {
        members[i] = (member){.in = &h,
                              .group = {.rank = i,
                                        .size = n,
                                        .beside = n,
                                        .ctx = &members[i],
                                        .sum_double = sum_double,
                                        .sum_float = sum_float,
                                        .max = max,
                                        .share = share}};
        if (pthread_create(&members[i].thread, NULL, member_main, &members[i]) != 0)
            abort();
    }
    for (size_t i = 0; i < n; i++)
        pthread_join(members[i].thread, NULL);
    pthread_barrier_destroy(&h.door);
}
