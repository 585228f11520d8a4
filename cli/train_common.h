/* What every training shares on the command line: signals, the run's options, how it is told. */
#ifndef CLI_TRAIN_COMMON_H
#define CLI_TRAIN_COMMON_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/train_fields.h"
#include "data/sample.h"
#include "train/run.h"

/* Joins the processes that mpirun has started, where it has: sets f->group, which room is for. */
pfld_status train_join(train_fields *f, train_group *room, pfld_error *err);
/* Of several processes one tells what all would. */
bool train_tells(const train_fields *f);
/* Of the lists that are read. */
data_options train_data_options(const train_fields *f);
/* recipe (the record) and batch are the caller's. Ctrl-C, SIGTERM and SIGUSR1 end the run behind
 * its step, from now on. */
run_options train_run_options(const train_fields *f);
/* For log, curves and progress; f->batch is that of the run. */
run_hooks train_hooks(train_fields *f);
/* How many processes train together; NULL for one, which is not said. */
json_t *train_ranks_json(const train_fields *f);
/* The lists that were read, with their hashes. NULL: no memory. */
json_t *train_sources_json(const data_source *sources, size_t n);
pfld_status train_print_result(const train_fields *f, const run_status *s, bool stopped,
                               pfld_error *err);
/* Makes --out; PFLD_ERR_ARG where it holds a run that isn't to be resumed. */
pfld_status train_open_dir(const train_fields *f, pfld_error *err);

#endif
