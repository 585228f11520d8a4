/* The curves of a training run, drawn from its log. */
#ifndef CLI_TRAIN_CURVES_H
#define CLI_TRAIN_CURVES_H

#include "pfld/pfld.h"

/* Reads all of dir/log.jsonl and writes dir/curves.svg and dir/curves.png: training loss,
 * validation NME with the best one marked (where there was a validation), learning rate. */
pfld_status train_curves_write(const char *dir, pfld_error *err);

#endif
