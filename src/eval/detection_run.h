/* A detector over photos, through the public interface: what it finds in each. */
#ifndef EVAL_DETECTION_RUN_H
#define EVAL_DETECTION_RUN_H

#include "eval/detection.h"

/* Low enough for the whole precision-recall curve. */
#define DETECTION_SCORE_MIN 0.02f

typedef struct detection_options {
    size_t threads; /* at least 1 */
    /* isa, max_side, min_face, score_min, presence_min, turns; no workspace */
    pfld_options session;
    const pfld_model *landmarks;                  /* NULL: boxes alone */
    void (*message)(void *ctx, const char *text); /* names each photo that is left out; or NULL */
    void *ctx;
} detection_options;

/*
 * Photos that can't be read are left out and named, in the order of the set; there being no other
 * ones is PFLD_ERR_FORMAT. Same results for any threads.
 */
pfld_status detection_run(const pfld_model *detector, const scene_set *set,
                          const detection_options *opt, detection_list *out, pfld_error *err);

#endif
