/* What the command says on stderr: one printable line each. */
#include "cli/message.h"

#include <stdarg.h>
#include <stdio.h>

#include "cli/options.h"

void message(const char *fmt, ...)
{
    char line[4096 + 512]; /* room for the longest path */
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    for (char *p = line; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    fprintf(stderr, "pfld: %s\n", line);
}

int message_exit(pfld_status status)
{
    switch (status) {
    case PFLD_OK:
        return CLI_DONE;
    case PFLD_ERR_ARG:
        return CLI_USAGE;
    case PFLD_ERR_NOMEM:
        return CLI_INTERNAL;
    case PFLD_ERR_IO:
    case PFLD_ERR_FORMAT:
    case PFLD_ERR_UNSUPPORTED:
        break;
    }
    return CLI_SOME_FAILED;
}
