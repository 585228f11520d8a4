/* What every training shares on the command line: signals, the run's options, how it is told. */
#ifndef CLI_TRAIN_COMMON_H
#define CLI_TRAIN_COMMON_H

#include <jansson.h>

#include "cli/train_fields.h"
#include "data/sample.h"
#include "train/run.h"

/* Ctrl-C and SIGTERM end the run of train_run_options() behind its step. */
void train_catch_signals(void);
/* recipe (the record) and batch are the caller's. */
run_options train_run_options(const train_fields *f);
/* For log, curves and progress; f->batch is that of the run. */
run_hooks train_hooks(train_fields *f);
/* The lists that were read, with their hashes. NULL: no memory. */
json_t *train_sources_json(const data_source *sources, size_t n);
pfld_status train_print_result(const train_fields *f, const run_status *s, bool stopped,
                               pfld_error *err);
/* Makes --out; PFLD_ERR_ARG where it holds a run that isn't to be resumed. */
pfld_status train_open_dir(const train_fields *f, pfld_error *err);

#endif
