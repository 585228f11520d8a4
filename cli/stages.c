/* A stream of items through a row of steps, each of them on a thread of its own. */
#define _POSIX_C_SOURCE 200809L
#include "cli/stages.h"

#include <assert.h>
#include <pthread.h>

typedef struct row {
    const stages_work *w;
    pthread_mutex_t lock; /* guards all that follows */
    pthread_cond_t changed;
    size_t done[STAGES_MOST]; /* items that each step has done with; item i is in i % n_items */
    bool ended, stopped;      /* no more items; nothing more at all */
} row;

typedef struct worker {
    row *r;
    size_t step;
    pthread_t thread;
} worker;

static void *item_at(const stages_work *w, size_t i)
{
    return (char *)w->items + i % w->n_items * w->item_size;
}

/* With the lock held. */
static bool may_go(const row *r, size_t step)
{
    size_t at = r->done[step];

    return step ? at < r->done[step - 1] : at - r->done[r->w->n_steps - 1] < r->w->n_items;
}

static bool is_over(const row *r, size_t step)
{
    return r->stopped || (r->ended && (step == 0 || r->done[step] == r->done[0]));
}

static void run_step(row *r, size_t step)
{
    pthread_mutex_lock(&r->lock);
    while (!is_over(r, step)) {
        bool good;

        if (!may_go(r, step)) {
            pthread_cond_wait(&r->changed, &r->lock);
            continue;
        }
        pthread_mutex_unlock(&r->lock);
        good = r->w->steps[step](r->w->ctx, item_at(r->w, r->done[step]));
        pthread_mutex_lock(&r->lock);
        r->done[step] += good;
        r->ended |= !good;
        r->stopped |= !good && step > 0;
        pthread_cond_broadcast(&r->changed);
    }
    pthread_mutex_unlock(&r->lock);
}

static void *run_worker(void *p)
{
    const worker *k = p;

    run_step(k->r, k->step);
    return NULL;
}

static void run_alone(const stages_work *w)
{
    for (;;)
        for (size_t step = 0; step < w->n_steps; step++)
            if (!w->steps[step](w->ctx, w->items))
                return;
}

void stages_run(const stages_work *w)
{
    row r = {.w = w, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    worker workers[STAGES_MOST];
    size_t n = 1;

    assert(w->n_items > 0 && w->n_steps > 0 && w->n_steps <= STAGES_MOST);
    if (w->alone) {
        run_alone(w);
        return;
    }
    pthread_mutex_lock(&r.lock); /* nobody begins before all are there */
    for (; n < w->n_steps; n++) {
        workers[n] = (worker){.r = &r, .step = n};
        if (pthread_create(&workers[n].thread, NULL, run_worker, &workers[n]))
            break;
    }
    r.stopped = n < w->n_steps;
    pthread_mutex_unlock(&r.lock);
    run_step(&r, 0);
    for (size_t i = 1; i < n; i++)
        pthread_join(workers[i].thread, NULL);
    pthread_cond_destroy(&r.changed);
    pthread_mutex_destroy(&r.lock);
    if (n < w->n_steps)
        run_alone(w);
}
