/* Landmark nets: batches of crops, the loss of eq. 2, validation by inter-ocular NME. */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include "data/loader.h"
#include "net/arch.h"
#include "train/loss.h"
#include "train/run.h"

typedef struct trainer_options {
    run_options run; /* batch is the loader's */
    arch_pfld arch;  /* auxiliary and points included */
    bool aux_output; /* the files keep the auxiliary net and its angles */
    loss_options loss;
    loader_options loader; /* batch, size, crop rule, augmentation, scheme, seed */
    uint64_t seed;
    bool freeze; /* only the spread's head is trained, and its loss is the run's and its measure */
} trainer_options;

/* The weights of eq. 2's classes over set as opt's augmentation occludes it. */
void trainer_class_weights(const trainer_options *opt, const data_set *set, class_weights *w);

/* Trains on set and validates on val (may be empty): run_train(). */
pfld_status trainer_run(const trainer_options *opt, const data_set *set, const data_set *val,
                        const run_hooks *hooks, run_status *last, bool *stopped, pfld_error *err);

#endif
