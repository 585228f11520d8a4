/* Fork and join: a fixed set of threads that work off the tasks of one call after the other. */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <stddef.h>

#include "pfld/pfld.h"

#define POOL_MAX_THREADS 256

typedef struct pool pool;

/* thread is 0 .. n_threads - 1, different for tasks that run at the same time (0 is the caller). */
typedef void (*pool_fn)(void *ctx, size_t task, size_t thread);

/* How many threads a pool made for n_threads has: 1, the caller, where the system has none
 * (WebAssembly). */
size_t pool_threads_of(size_t n_threads);

/* n_threads counts the caller, so 1 starts none. Idle threads sleep. */
pfld_status pool_create(size_t n_threads, pool **out, pfld_error *err);
void pool_free(pool *p);
size_t pool_thread_count(const pool *p);

/*
 * Calls fn once for every task 0 .. n_tasks - 1, in any order, and returns when all are done; what
 * they wrote is then visible to the caller. One call at a time: not from within a task, nor from
 * two threads at once.
 */
void pool_run(pool *p, pool_fn fn, void *ctx, size_t n_tasks);

#endif
