/* A landmark model over a data set: every face's error, by point. */
#ifndef EVAL_RUN_H
#define EVAL_RUN_H

#include "data/sample.h"
#include "eval/metrics.h"

typedef struct eval_options {
    eval_norm norm;
    size_t threads; /* at least 1 */
    pfld_isa isa;
    /*
     * Boxes are those around the true points ("true-landmark boxes"), unless one of these is set.
     * jitter: each is moved and scaled `draws` times (0: once), evenly: by up to +-jitter of its
     * longer side in x and in y, and to 1 +- jitter of its size; at most EVAL_MAX_JITTER.
     */
    float jitter;
    size_t draws;
    uint64_t seed;
    /* As a user's photo goes: pfld_detect() with this detector, and of what it finds the face whose
     * box overlaps the true one best, if by IoU EVAL_FOUND_IOU or more. */
    const pfld_model *detector;
    int32_t max_side, passes; /* these three as in pfld_options; 0: its defaults */
    float presence_min;
    bool skip_bad; /* photos that can't be read are left out, and told */
    void (*message)(void *ctx, const char *text); /* may be NULL */
    /* Only the pose is asked for: the points need be neither the model's nor known, and have no
     * error. With fov above 0 (degrees, across the photo's longer side) it is told in perspective
     * by a camera that looks at the photo's middle. */
    bool only_pose;
    float fov;
} eval_options;

#define EVAL_MAX_JITTER 0.5f
#define EVAL_FOUND_IOU  0.3f /* the true box has no forehead: 0.7 is what a good detection has */

typedef struct eval_face {
    const data_sample *sample;
    double error;    /* mean over the points (and draws), percent of the normaliser */
    pfld_face found; /* of the first draw */
    float by_point[PFLD_MAX_LANDMARKS]; /* percent, mean over the draws */
} eval_face;

enum { EVAL_SHARES = 3 };
extern const float eval_shares[EVAL_SHARES]; /* of a model's ellipses: 0.5, 0.9, 0.99 */

typedef struct eval_run {
    eval_face *faces; /* [n], in the set's order, without those missed */
    size_t n;
    const data_sample **missed; /* [n_missed], by the detector: in no error */
    size_t n_missed;
    size_t n_left_out; /* photos that can't be read */
    const scheme *scheme;
    eval_norm norm;
    float radius[EVAL_SHARES]; /* of the model's ellipses; NaN where it has none */
} eval_run;                    /* zeroed: empty */

/* What the functions below ask of model and set. */
pfld_status eval_run_check(const pfld_model *model, const data_set *set, pfld_error *err);

/*
 * Every sample must have the model's scheme, and all points that the normaliser needs: PFLD_ERR_ARG
 * names the first that has not. A photo that can't be read ends the run with its name, unless
 * skip_bad. Same results for any threads.
 */
pfld_status eval_run_model(const pfld_model *model, const data_set *set, const eval_options *opt,
                           eval_run *out, pfld_error *err);
void eval_run_free(eval_run *r);

/* The summary over all faces, or those in a class (1u << data_class), or points of one group. */
pfld_status eval_run_summary(const eval_run *r, eval_summary *out, pfld_error *err);
pfld_status eval_run_class(const eval_run *r, uint32_t classes, eval_summary *out, pfld_error *err);
/* Mean over faces and the group's points, percent; NaN where the scheme has none. */
double eval_run_group(const eval_run *r, scheme_group_kind group);

/* Mean absolute error of yaw, pitch, roll in degrees over the faces whose pose the data set itself
 * states; n of them. */
typedef struct eval_pose {
    size_t n;
    double yaw, pitch, roll;
} eval_pose;
eval_pose eval_run_pose(const eval_run *r);

#endif
