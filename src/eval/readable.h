/* Which photos of a data set can be read, for work that reads each of them many times. */
#ifndef EVAL_READABLE_H
#define EVAL_READABLE_H

#include "data/sample.h"

/*
 * Leaves out the samples whose photo can't be read; the others keep their order. opt's message
 * tells each; without opt->skip_bad nothing is looked at, and n_left_out is 0. threads: at least 1.
 * PFLD_ERR_FORMAT: none can be read.
 */
pfld_status readable_only(data_set *set, const data_options *opt, size_t threads,
                          size_t *n_left_out, pfld_error *err);

#endif
