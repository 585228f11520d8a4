/* A stream of items worked on by several threads, and given away in the order they were taken. */
#define _POSIX_C_SOURCE 200809L
#include "cli/inorder.h"

#include <assert.h>
#include <pthread.h>

#include "core/error.h"
#include "core/mem.h"

typedef struct inorder {
    const inorder_work *w;
    pthread_mutex_t lock; /* guards all that follows */
    pthread_cond_t changed;
    bool *done;          /* [n_items]: worked on, not given yet */
    size_t taken, given; /* since the start; item i lies in place i % n_items */
    bool taking, giving; /* some thread is at it */
    bool ended, stopped;
} inorder;

typedef struct helper {
    inorder *o;
    size_t number;
    pthread_t thread;
} helper;

static void *item_at(const inorder *o, size_t i)
{
    return (char *)o->w->items + i % o->w->n_items * o->w->item_size;
}

/* The three steps are called with the lock held, and let go of it while they work. */

static void give_one(inorder *o)
{
    void *item = item_at(o, o->given);
    bool more;

    o->giving = true;
    pthread_mutex_unlock(&o->lock);
    more = o->w->give(o->w->ctx, item);
    pthread_mutex_lock(&o->lock);
    o->giving = false;
    o->done[o->given % o->w->n_items] = false;
    o->given++;
    o->stopped |= !more;
    pthread_cond_broadcast(&o->changed);
}

static void take_and_work(inorder *o, size_t thread)
{
    size_t i = o->taken;
    bool more;

    o->taking = true;
    pthread_mutex_unlock(&o->lock);
    more = o->w->take(o->w->ctx, item_at(o, i));
    pthread_mutex_lock(&o->lock);
    o->taking = false;
    o->taken += more;
    o->ended = !more;
    pthread_cond_broadcast(&o->changed);
    if (!more)
        return;
    pthread_mutex_unlock(&o->lock);
    o->w->work(o->w->ctx, item_at(o, i), thread);
    pthread_mutex_lock(&o->lock);
    o->done[i % o->w->n_items] = true;
    pthread_cond_broadcast(&o->changed);
}

static void run_thread(inorder *o, size_t thread)
{
    pthread_mutex_lock(&o->lock);
    while (!o->stopped && !(o->ended && o->given == o->taken)) {
        bool ready = o->given < o->taken && o->done[o->given % o->w->n_items];

        if (ready && !o->giving) /* first: a result must not wait for the next item */
            give_one(o);
        else if (!o->ended && !o->taking && o->taken - o->given < o->w->n_items)
            take_and_work(o, thread);
        else
            pthread_cond_wait(&o->changed, &o->lock);
    }
    pthread_mutex_unlock(&o->lock);
}

static void *run_helper(void *p)
{
    const helper *h = p;

    run_thread(h->o, h->number);
    return NULL;
}

static size_t start_helpers(helper *helpers, inorder *o)
{
    size_t n = 0;

    for (; n + 1 < o->w->n_threads; n++) {
        helpers[n] = (helper){.o = o, .number = n + 1};
        if (pthread_create(&helpers[n].thread, NULL, run_helper, &helpers[n]))
            break;
    }
    return n;
}

pfld_status inorder_run(const inorder_work *w, pfld_error *err)
{
    inorder o = {.w = w, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    helper *helpers;
    size_t n;

    assert(w->n_items > 0 && w->n_threads > 0);
    o.done = mem_alloc(w->n_items, sizeof *o.done);
    helpers = mem_alloc(w->n_threads, sizeof *helpers);
    if (!o.done || !helpers) {
        mem_free(o.done);
        mem_free(helpers);
        return error_nomem(err);
    }
    n = start_helpers(helpers, &o);
    run_thread(&o, 0);
    for (size_t i = 0; i < n; i++)
        pthread_join(helpers[i].thread, NULL);
    pthread_cond_destroy(&o.changed);
    pthread_mutex_destroy(&o.lock);
    mem_free(helpers);
    mem_free(o.done);
    return PFLD_OK;
}
