/* Ctrl-C and SIGTERM as a wish to end, for commands that have something to finish. */
#define _POSIX_C_SOURCE 200809L
#include "cli/signals.h"

#include <stddef.h>

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

/* The handler is for one; and a read that waits is to be woken, hence no SA_RESTART. */
void signals_catch_also(int number)
{
    struct sigaction a = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

    sigemptyset(&a.sa_mask);
    sigaction(number, &a, NULL);
}

const volatile sig_atomic_t *signals_catch(void)
{
    signals_catch_also(SIGINT);
    signals_catch_also(SIGTERM);
    return &caught;
}

bool signals_stop(void *ctx)
{
    (void)ctx;
    return caught != 0;
}
