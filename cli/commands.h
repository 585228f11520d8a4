/* Every command of pfld, and which of them a word means; each is in its cmd_NAME.c. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/options.h"

extern const cli_command command_bench;
extern const cli_command command_calibrate;
extern const cli_command command_data;
extern const cli_command command_detect;
extern const cli_command command_eval;
extern const cli_command command_help;
extern const cli_command command_info;
extern const cli_command command_live;
extern const cli_command command_quantize;
extern const cli_command command_run;
extern const cli_command command_train;
extern const cli_command command_video;

/* NULL, and a message with what may have been meant, where there is no such command. */
const cli_command *command_find(const char *name);
/* The same among the parts of whole, which has some. */
const cli_command *command_part(const cli_command *whole, const char *name);
/* The second word of a part's name: "sheet". */
const char *command_part_word(const cli_command *part);

#endif
