/* log.jsonl: lines of JSON, one for each interval of a run, over all its sessions. */
#ifndef TRAIN_LOG_H
#define TRAIN_LOG_H

#include <stdint.h>
#include <stdio.h>

#include "pfld/pfld.h"

/*
 * Opens the log of a run that goes on behind step, for appending; the caller closes it. Lines of
 * later steps, which a session wrote after the checkpoint that the run goes on from, are cut off,
 * and so is a line that a power cut has torn: no step is ever told twice. step 0: an empty file.
 */
pfld_status train_log_open(const char *path, uint64_t step, FILE **out, pfld_error *err);

#endif
