/* pfld train --detector: its options into the trainer's, its data, its record. */
#ifndef CLI_TRAIN_DETECTOR_H
#define CLI_TRAIN_DETECTOR_H

#include "cli/train_fields.h"

pfld_status train_detector(train_fields *f, pfld_error *err);

#endif
