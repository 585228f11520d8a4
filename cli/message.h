/* What the command says on stderr: one printable line each. */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include "core/error.h"
#include "pfld/pfld.h"

/* "pfld: ..." and a line's end; control characters, as names of files may hold, become '?'. */
void message(const char *fmt, ...) CORE_PRINTF(1, 2);

/* The exit code that a failure asks for. */
int message_exit(pfld_status status);

#endif
