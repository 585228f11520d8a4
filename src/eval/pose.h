/* How far the head poses that a model finds are from those that a data set states. */
#ifndef EVAL_POSE_H
#define EVAL_POSE_H

#include "eval/run.h"

enum { EVAL_YAW, EVAL_PITCH, EVAL_ROLL, EVAL_ANGLES };
extern const char *const eval_angle_names[EVAL_ANGLES];

typedef struct eval_pose_pair { /* of one face, degrees */
    const data_sample *sample;  /* its pose is the truth */
    pfld_pose found;            /* NaN: none */
} eval_pose_pair;

typedef struct eval_angle { /* degrees; of found minus stated, the shorter way round */
    double mae, mean, median;
    double over10, over15; /* percent of the faces */
    /* What is left where the two mean different things by 0: the mean absolute error without an
     * offset, which for each face is the median error of the other nine tenths of the set. */
    double mae_centred;
} eval_angle;

typedef struct eval_pose_errors {
    size_t n, n_none; /* faces; those left out because no pose was found */
    eval_angle angle[EVAL_ANGLES];
    double mae, mae_centred; /* means over the angles */
} eval_pose_errors;

/* NaN in all figures where no face has a pose. */
pfld_status eval_pose_compare(const eval_pose_pair *pairs, size_t n, eval_pose_errors *out,
                              pfld_error *err);

/* found minus stated, degrees within +-180; NaN where none was found. */
void eval_pose_difference(const eval_pose_pair *p, double out[EVAL_ANGLES]);

/* Writes pose.csv (every face, the largest mean error first) and worst.png (the first of them: the
 * pose found as coloured axes, the stated one as white ones) into dir, which is made where it is
 * missing. */
pfld_status eval_pose_report(const eval_pose_pair *pairs, size_t n, const char *dir,
                             pfld_error *err);

#endif
