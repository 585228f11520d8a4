/* The newest frame of a camera: who is slower than the camera misses frames, and is not late. */
#define _POSIX_C_SOURCE 200809L
#include "cli/latest.h"

#include <pthread.h>
#include <time.h>

#include "core/error.h"
#include "core/mem.h"

/* Three frames: one is being read, one waits, one is the caller's; they change places. */
struct latest {
    video_reader *reader;
    bool paced;
    pthread_t thread;
    pthread_mutex_t
        lock; /* guards all that follows, but for frames that are read or the caller's */
    pthread_cond_t changed;
    video_frame *reading, *waiting, *taken;
    bool is_new, ended, stopping;
    pfld_error err;
    video_frame frames[3];
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void sleep_until(double t)
{
    struct timespec at = {(time_t)t, (long)(1e9 * (t - (double)(time_t)t))};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0 && now() < t)
        ;
}

/* False: that is enough. */
static bool put(latest *l, bool more)
{
    bool goes_on;

    pthread_mutex_lock(&l->lock);
    if (more) {
        video_frame *read = l->reading;
        l->reading = l->waiting;
        l->waiting = read;
        l->is_new = true;
    }
    l->ended = !more;
    goes_on = more && !l->stopping;
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->lock);
    return goes_on;
}

static void *run(void *p)
{
    latest *l = p;
    double start = now();
    bool more;

    do {
        if (video_read(l->reader, l->reading, &more, &l->err))
            more = false;
        if (more && l->paced)
            sleep_until(start + l->reading->t);
    } while (put(l, more));
    return NULL;
}

pfld_status latest_start(video_reader *reader, bool paced, latest **out, pfld_error *err)
{
    latest *l = mem_alloc(1, sizeof *l);

    *out = NULL;
    if (!l)
        return error_nomem(err);
    l->reader = reader;
    l->paced = paced;
    l->reading = &l->frames[0];
    l->waiting = &l->frames[1];
    l->taken = &l->frames[2];
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    if (pthread_create(&l->thread, NULL, run, l)) {
        pthread_cond_destroy(&l->changed);
        pthread_mutex_destroy(&l->lock);
        mem_free(l);
        return error_set(err, PFLD_ERR_NOMEM, "the system gives no thread");
    }
    *out = l;
    return PFLD_OK;
}

static struct timespec in_ms(int ms)
{
    struct timespec t;
    long ns;

    clock_gettime(CLOCK_REALTIME, &t); /* the condition's clock */
    ns = t.tv_nsec + 1000000L * (ms % 1000);
    t.tv_sec += ms / 1000 + ns / 1000000000L;
    t.tv_nsec = ns % 1000000000L;
    return t;
}

latest_state latest_take(latest *l, int wait_ms, video_frame **frame, pfld_error *err)
{
    struct timespec until = in_ms(wait_ms);
    latest_state state = LATEST_NONE;

    pthread_mutex_lock(&l->lock);
    while (!l->is_new && !l->ended && pthread_cond_timedwait(&l->changed, &l->lock, &until) == 0)
        ;
    if (l->is_new) {
        video_frame *newest = l->waiting;
        l->waiting = l->taken;
        l->taken = newest;
        l->is_new = false;
        *frame = newest;
        state = LATEST_FRAME;
    } else if (l->ended) {
        *err = l->err;
        state = LATEST_END;
    }
    pthread_mutex_unlock(&l->lock);
    return state;
}

void latest_stop(latest *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    for (int i = 0; i < 3; i++)
        video_frame_free(&l->frames[i]);
    mem_free(l);
}
