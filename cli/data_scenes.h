/* pfld data scenes: training pictures of detectors, side by side, for a person to look at. */
#ifndef CLI_DATA_SCENES_H
#define CLI_DATA_SCENES_H

#include "cli/options.h"

extern const cli_command command_data_scenes;

#endif
