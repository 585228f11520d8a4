/* pfld data label: faces labelled by models, as a list to train on. */
#ifndef CLI_DATA_LABEL_H
#define CLI_DATA_LABEL_H

#include "cli/options.h"

extern const cli_command command_data_label;

#endif
