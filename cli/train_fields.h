/* What `pfld train` was asked for: the fields that its option table fills. */
#ifndef CLI_TRAIN_FIELDS_H
#define CLI_TRAIN_FIELDS_H

#include "cli/options.h"
#include "train/group.h"

typedef struct train_fields {
    cli_texts data, val;
    const char *out, *scheme, *template, *start;
    int recipe, loss, tail, augment;
    float width, rate, decay, ema, crop, turn, shut, aux, aux_width, checkpoint_minutes;
    long batch, steps, seed, threads, loader_threads, warm_up, log_every, eval_every, size,
        stop_after;
    bool detector, geometry, no_geometry, classes, no_classes, resume, spread, freeze, skip_bad,
        quiet, aux_output;
    const train_group *group; /* of the processes that train together; NULL: this one alone */
    pfld_status curves;       /* what came of drawing them last */
} train_fields;

enum { TRAIN_DEFAULT, TRAIN_PAPER }; /* recipe */
extern const char *const train_recipe_names[], *const train_tail_names[], *const train_loss_names[];

#endif
