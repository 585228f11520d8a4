/* pfld help: help pages, the man page, shell completion. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/message.h"

static const char *const shells[] = {"bash", "zsh", NULL};

typedef struct help_fields {
    bool man;
    int shell; /* index into shells, or -1 */
} help_fields;

static const cli_option options[] = {
    {.name = "man",
     .kind = CLI_FLAG,
     .field = offsetof(help_fields, man),
     .help = "Prints the man page, in roff."},
    {.name = "completion",
     .kind = CLI_CHOICE,
     .arg = "SHELL",
     .choices = shells,
     .field = offsetof(help_fields, shell),
     .help = "Prints what makes a shell complete pfld's command lines: bash or zsh."},
    {0},
};

/* "detect", or "data sheet" in two words. */
static const cli_command *find_command(const cli_args *words)
{
    const cli_command *c = command_find(words->at[0]);

    if (!c || words->n == 1)
        return c;
    if (c->parts)
        return command_part(c, words->at[1]);
    message("help: '%.80s' is one too many: pfld help %s", words->at[1], c->name);
    return NULL;
}

static int run(const cli_command *self, int argc, char **argv)
{
    help_fields f = {.shell = -1};
    cli_args args = {(size_t)argc, argv, false};
    const cli_command *about;
    int code;

    if (!cli_begin(self, &args, &f, &code))
        return code;
    if (f.man + (f.shell >= 0) + (args.n > 0) > 1) {
        message("help: --man, --completion and COMMAND do not go together");
        return CLI_USAGE;
    }
    if (f.man) {
        help_man(stdout);
    } else if (f.shell >= 0) {
        (strcmp(shells[f.shell], "bash") == 0 ? help_bash : help_zsh)(stdout);
    } else if (args.n == 0) {
        help_overview(stdout);
    } else {
        about = find_command(&args);
        if (!about)
            return CLI_USAGE;
        help_command(stdout, about);
    }
    return CLI_DONE;
}

const cli_command command_help = {
    .name = "help",
    .brief = "tells how to use all this",
    .synopsis = "[COMMAND | --man | --completion SHELL]",
    .about = "Prints the help of one command, or what commands there are.",
    .examples = "pfld help detect\n"
                "pfld help data sheet\n"
                "pfld help --man | man -l -\n"
                "source <(pfld help --completion bash)",
    .options = options,
    .max_operands = 2,
    .operand = "COMMAND",
    .run = run,
};
