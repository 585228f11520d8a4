/* The command pfld: runs the command that the first word names. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/message.h"

/* Results that never reached the disk or the reader are a failure, also when only the last flush
 * finds out. */
static int close_stdout(int code)
{
    bool failed = ferror(stdout) != 0;

    errno = 0;
    if (fclose(stdout) == 0 && !failed)
        return code;
    if (code == CLI_DONE) { /* else it has been said, or something worse has */
        message(errno ? "stdout: %s" : "stdout: writing failed%s", errno ? strerror(errno) : "");
        code = CLI_SOME_FAILED;
    }
    return code;
}

static int version(void)
{
    char text[16];

    printf("pfld %s\n", help_version(text));
    return CLI_DONE;
}

static int overview(void)
{
    help_overview(stdout);
    return CLI_DONE;
}

static int one_too_many(char **argv)
{
    message("'%.80s' is one too many: pfld %s", argv[2], argv[1]);
    return CLI_USAGE;
}

static int dispatch(int argc, char **argv)
{
    const cli_command *c;

    if (argc < 2) {
        help_usage(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0)
        return argc > 2 ? one_too_many(argv) : version();
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return argc > 2 ? one_too_many(argv) : overview();
    if (argv[1][0] == '-') {
        message("a command is wanted before %.80s: 'pfld help' lists them", argv[1]);
        return CLI_USAGE;
    }
    c = command_find(argv[1]);
    return c ? c->run(c, argc - 2, argv + 2) : CLI_USAGE;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a reader that left is an error to report, not a silent death */
    return close_stdout(dispatch(argc, argv));
}
