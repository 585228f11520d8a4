/* The list of commands, in the order in which help shows them, and finding one by its name. */
#include "cli/commands.h"

#include <assert.h>
#include <string.h>

#include "cli/message.h"

const cli_command *const cli_commands[] = {
    &command_detect,
    &command_video,
    &command_live,
    &command_info,
    &command_eval,
    &command_bench,
    &command_train,
    &command_quantize,
    &command_calibrate,
    &command_data,
    &command_run,
    &command_help,
    NULL,
};

#define MOST_COMMANDS 16

static const char *whole_name(const cli_command *c)
{
    return c->name;
}

const char *command_part_word(const cli_command *part)
{
    return strchr(part->name, ' ') + 1;
}

static const cli_command *find(const cli_command *const *list,
                               const char *(*name_of)(const cli_command *), const char *name,
                               const char **near)
{
    const char *names[MOST_COMMANDS];
    size_t n = 0;

    for (; list[n]; n++) {
        assert(n < MOST_COMMANDS);
        names[n] = name_of(list[n]);
        if (strcmp(names[n], name) == 0)
            return list[n];
    }
    *near = cli_nearest(name, names, n);
    return NULL;
}

const cli_command *command_find(const char *name)
{
    const char *near = NULL;
    const cli_command *c = find(cli_commands, whole_name, name, &near);

    if (!c && near)
        message("no command '%.80s': did you mean %s?", name, near);
    else if (!c)
        message("no command '%.80s': 'pfld help' lists them", name);
    return c;
}

const cli_command *command_part(const cli_command *whole, const char *name)
{
    const char *near = NULL;
    const cli_command *c = find(whole->parts, command_part_word, name, &near);

    if (!c && near)
        message("%s: no '%.80s': did you mean %s?", whole->name, name, near);
    else if (!c)
        message("%s: no '%.80s': %s is wanted", whole->name, name, whole->operand);
    return c;
}
