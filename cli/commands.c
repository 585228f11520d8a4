/* The list of commands, in the order in which help shows them, and finding one by its name. */
#include "cli/commands.h"

#include <string.h>

#include "cli/message.h"

const cli_command *const cli_commands[] = {
    &command_detect, &command_info, &command_eval, &command_bench, &command_train,
    &command_data,   &command_run,  &command_help, NULL,
};

const cli_command *command_find(const char *name)
{
    const char *names[sizeof cli_commands / sizeof *cli_commands], *near;
    size_t n = 0;

    for (const cli_command *const *c = cli_commands; *c; c++) {
        if (strcmp((*c)->name, name) == 0)
            return *c;
        names[n++] = (*c)->name;
    }
    near = cli_nearest(name, names, n);
    if (near)
        message("no command '%.80s': did you mean %s?", name, near);
    else
        message("no command '%.80s': 'pfld help' lists them", name);
    return NULL;
}
