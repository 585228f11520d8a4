/* The training loop: batches in, steps, validation, log and checkpoints, a trained model out. */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include <signal.h>

#include "data/loader.h"
#include "net/arch.h"
#include "train/loss.h"
#include "train/optim.h"

typedef struct trainer_options {
    arch_pfld arch; /* auxiliary and points included */
    loss_options loss;
    optim_options optim;   /* total: the steps of the run */
    loader_options loader; /* batch, size, crop rule, augmentation, scheme, seed */
    size_t threads;        /* of the engine, and of what the loader's own have not made ahead */
    uint64_t steps, seed;
    uint64_t log_every, eval_every; /* steps */
    double checkpoint_seconds;
    const char *dir;     /* log.jsonl, checkpoint, last.onnx, best.onnx go here; exists */
    bool skip_bad;       /* photos that can't be decoded are left out, with a message each */
    bool resume;         /* goes on from dir's checkpoint, where there is one */
    const char *recipe;  /* JSON of all that was asked for; checkpoint and models carry it, and a
                            run resumes only under the same */
    const char *licence; /* of the data, for the models */
    const volatile sig_atomic_t *stop; /* set by a signal: saves and ends; may be NULL */
    uint64_t stop_after;               /* does as if stop were set after so many steps; 0: never */
} trainer_options;

typedef struct trainer_status { /* for progress lines and the log */
    uint64_t step, steps;
    double seconds; /* of this process */
    double samples_per_second, rate, grad_norm;
    loss_value loss;          /* mean since the last status of its kind */
    double val_nme, best_nme; /* percent, inter-ocular; NaN before the first validation */
    uint64_t best_step;
    size_t engine_bytes;
} trainer_status;

typedef struct trainer_hooks {
    void (*progress)(void *ctx, const trainer_status *s); /* about once a second */
    void (*message)(void *ctx, const char *text);
    void (*logged)(void *ctx); /* log.jsonl has a line with a validation, or its last one */
    void *ctx;
} trainer_hooks;

/* The weights of eq. 2's classes over set as opt's augmentation occludes it. */
void trainer_class_weights(const trainer_options *opt, const data_set *set, class_weights *w);

/*
 * Trains on set and validates on val (may be empty) with the averaged weights. Writes dir/last.onnx
 * at the end, and dir/best.onnx whenever a validation is better than all before. dir/log.jsonl has
 * a line every log_every steps, for each validation, and where the run stops. *stopped: the signal
 * (or stop_after) came before the last step; then a checkpoint holds everything and no last.onnx is
 * written.
 */
pfld_status trainer_run(const trainer_options *opt, const data_set *set, const data_set *val,
                        const trainer_hooks *hooks, trainer_status *last, bool *stopped,
                        pfld_error *err);

#endif
