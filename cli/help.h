/* Help, man page and shell completion, all printed from the commands' tables. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/options.h"

void help_usage(FILE *to);    /* a few lines: what one sees without arguments */
void help_overview(FILE *to); /* every command, exit codes, environment */
void help_command(FILE *to, const cli_command *c);
void help_man(FILE *to); /* pfld.1, roff */
void help_bash(FILE *to);
void help_zsh(FILE *to);
/* " One of auto, scalar, ..." for an option that takes them, else ""; returns buf. */
char *help_isa_names(const cli_option *o, char buf[160]);
/* The library's version, "0.1.0"; returns buf. */
char *help_version(char buf[16]);

/* Facts that overview and man page share; names and texts alternate, NULL ends them. */
extern const char *const help_exit_codes[];
extern const char *const help_environment[];

#endif
