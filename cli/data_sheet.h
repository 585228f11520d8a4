/* pfld data sheet: training samples as the net sees them, side by side, for a person to look at. */
#ifndef CLI_DATA_SHEET_H
#define CLI_DATA_SHEET_H

#include "cli/options.h"

extern const cli_command command_data_sheet;

#endif
