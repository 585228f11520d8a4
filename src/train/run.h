/* The training loop, whatever is trained: steps, validation, log and checkpoints, a model out. */
#ifndef TRAIN_RUN_H
#define TRAIN_RUN_H

#include <signal.h>

#include "data/sample.h"
#include "train/group.h"
#include "train/optim.h"

typedef struct run_options {
    optim_options optim;      /* total: the steps of the run */
    size_t batch;             /* samples in a step, at most; of all processes together */
    const train_group *group; /* of the processes; NULL: this one alone */
    size_t threads;           /* of the engine, and of what the loader's own have not made ahead */
    uint64_t steps;
    uint64_t log_every, eval_every; /* steps */
    double checkpoint_seconds;
    const char *dir;    /* log.jsonl, checkpoint, last.onnx, best.onnx go here; exists */
    const char *part;   /* only parameters whose names begin so are trained; NULL: all */
    const char *start;  /* a checkpoint whose averaged weights it begins with; NULL: fresh ones */
    bool skip_bad;      /* photos that can't be decoded are left out, with a message each */
    bool resume;        /* goes on from dir's checkpoint, where there is one */
    const char *recipe; /* JSON of all that was asked for; checkpoint and models carry it, and a
                           run resumes only under the same. Where "ranks" is another number
                           (none: 1), "threads" may be, too. */
    const char *const *alike; /* keys of it that start's run must share; NULL behind the last; or
                                 NULL: none */
    const char *licence;      /* of the data, for the models */
    const volatile sig_atomic_t *stop; /* set by a signal: saves and ends; may be NULL */
    uint64_t stop_after;               /* does as if stop were set after so many steps; 0: never */
} run_options;

#define RUN_TERMS 4
typedef struct run_values { /* of a step */
    double total;           /* the loss: what is minimised */
    double term[RUN_TERMS]; /* its parts, as run_task.terms names them */
    size_t samples;
} run_values;

typedef struct run_status { /* for progress lines and the log */
    uint64_t step, steps;
    double seconds; /* of this process */
    double samples_per_second, rate, grad_norm;
    run_values mean;  /* since the last status of its kind */
    double val, best; /* run_task.measure; NaN before the first validation */
    uint64_t best_step;
    size_t engine_bytes;
} run_status;

typedef struct run_hooks {
    void (*progress)(void *ctx, const run_status *s); /* about once a second */
    void (*message)(void *ctx, const char *text);
    void (*logged)(void *ctx); /* log.jsonl has a line with a validation, or its last one */
    void *ctx;
} run_hooks;

typedef struct run_task {         /* what is trained; every function takes ctx */
    const char *terms[RUN_TERMS]; /* names in the log; NULL: no more */
    const char *measure; /* of a validation, less is better: "nme" is val_nme and best_nme in the
                            log */
    const char *metric;  /* its key in the model's pfld.metrics */
    uint64_t outputs;    /* told apart first where a checkpoint doesn't fit: "outputs" */
    /* The net in training form, which the run frees. messages: of photos; outlives the task. */
    pfld_status (*open)(void *ctx, pool *p, const data_options *messages, net_graph **graph,
                        pfld_error *err);
    /* Step's batch, or this process's share of it, through the net, and the gradients of its
     * outputs; v is of the whole batch. This and validate fail in all processes or in none. */
    pfld_status (*step)(void *ctx, uint64_t step, train_net *net, run_values *v, pfld_error *err);
    /* NaN where there is nothing to validate on. */
    pfld_status (*validate)(void *ctx, train_net *net, double *measure, pfld_error *err);
    /* metrics: JSON, or NULL. */
    pfld_status (*export)(void *ctx, const train_net *net, const char *metrics, const char *path,
                          pfld_error *err);
    void (*close)(void *ctx); /* also where open failed */
    void *ctx;
} run_task;

/*
 * Writes dir/last.onnx at the end, and dir/best.onnx whenever a validation, which is done with the
 * averaged weights, is better than all before. dir/log.jsonl has a line every log_every steps, for
 * each validation, and where the run stops. *stopped: the signal (or stop_after) came before the
 * last step; then a checkpoint holds everything and no last.onnx is written.
 *
 * Of a group, all processes call this with the same options, but for stop, which one suffices for.
 * Rank 0 alone reads and writes dir and start, and is told by progress and logged; status, error
 * and *last are the same for all.
 */
pfld_status run_train(const run_options *opt, const run_task *task, const run_hooks *hooks,
                      run_status *last, bool *stopped, pfld_error *err);

#endif
