/* core/pool.c without cmocka, so that it runs where there are no threads as well: every task once,
 * by a thread that the pool says it has. */
#include <stdio.h>

#include "core/pool.h"

enum { TASKS = 100, THREADS = 3 };

typedef struct tally {
    size_t threads;
    unsigned char times[TASKS], bad[TASKS];
} tally;

static void count(void *ctx, size_t task, size_t thread)
{
    tally *t = ctx;

    t->times[task]++;
    t->bad[task] = thread >= t->threads;
}

int main(void)
{
    pfld_error err;
    tally t = {0};
    pool *p;
    int wrong = 0;

    if (pool_create(THREADS, &p, &err)) {
        fprintf(stderr, "check_pool: %s\n", err.msg);
        return 1;
    }
    t.threads = pool_thread_count(p);
    for (int call = 0; call < 2; call++)
        pool_run(p, count, &t, TASKS);
    pool_free(p);
    for (int i = 0; i < TASKS; i++)
        wrong += t.times[i] != 2 || t.bad[i];
    printf("check_pool: %zu threads of %d, %d of %d tasks wrong\n", t.threads, THREADS, wrong,
           TASKS);
    return wrong ? 1 : 0;
}
