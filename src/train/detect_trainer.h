/* Face detectors: batches of composed scenes, assignment and loss, validation by AP. */
#ifndef TRAIN_DETECT_TRAINER_H
#define TRAIN_DETECT_TRAINER_H

#include "data/scene_loader.h"
#include "net/arch_detector.h"
#include "train/run.h"

typedef struct detect_trainer_options {
    run_options run; /* batch is the scenes' */
    arch_detector arch;
    scene_options scenes; /* batch, size, seed; pool and plain are the trainer's */
    uint64_t seed;
    const char *face; /* pfld.face: how landmarks are cropped by this detector's boxes */
} detect_trainer_options;

#define DETECT_TRAINER_IOU 0.5f /* of a validation's hits */

/* Trains on set and validates on val (may be empty): run_train(). The measure, "miss", is 100 minus
 * the average precision in percent. */
pfld_status detect_trainer_run(const detect_trainer_options *opt, const scene_set *set,
                               const scene_set *val, const run_hooks *hooks, run_status *last,
                               bool *stopped, pfld_error *err);

#endif
