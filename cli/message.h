/* What the command says on stderr: one printable line each. */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include <stdio.h>

#include "core/error.h"
#include "pfld/pfld.h"

/* "pfld: ..." and a line's end; control characters, as names of files may hold, become '?'. */
void message(const char *fmt, ...) CORE_PRINTF(1, 2);

/* Only s, which comes from a file, with '?' in place of each control character: what a stranger
 * wrote must not steer the terminal. */
void message_put(FILE *to, const char *s);

/* message() in the form that libraries call back: data_options.message, trainer_hooks.message. */
void message_hook(void *ctx, const char *text);

/* The exit code that a failure asks for. */
int message_exit(pfld_status status);

#endif
