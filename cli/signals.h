/* Ctrl-C and SIGTERM as a wish to end, for commands that have something to finish. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* From now on the first of them is only noted; a second one ends the process at once. What is
 * returned is the signal's number once it came, 0 before. */
const volatile sig_atomic_t *signals_catch(void);

/* The same of another signal; signals_catch() returns where its number is. */
void signals_catch_also(int number);

/* In the form that libraries call back: video_source.stop. */
bool signals_stop(void *ctx);

#endif
