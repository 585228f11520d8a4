/* What the command says on stderr: one printable line each. */
#include "cli/message.h"

#include <stdarg.h>

#include "cli/options.h"

/* Takes the next byte; the ASCII and the Unicode (U+0080 to U+009F) control characters are '?'. */
static char take_printable(const char **s)
{
    const unsigned char *p = (const unsigned char *)(*s)++;

    if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
        (*s)++;
    else if (p[0] >= 0x20 && p[0] != 0x7f)
        return (char)p[0];
    return '?';
}

void message(const char *fmt, ...)
{
    char line[4096 + 512]; /* room for the longest path */
    const char *from = line;
    char *to = line;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap); /* NOLINT(clang-analyzer-valist.Uninitialized): it is */
    va_end(ap);
    while (*from)
        *to++ = take_printable(&from);
    *to = 0;
    fprintf(stderr, "pfld: %s\n", line);
}

void message_put(FILE *to, const char *s)
{
    while (*s)
        fputc(take_printable(&s), to);
}

void message_hook(void *ctx, const char *text)
{
    (void)ctx;
    message("%s", text);
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
