/* Landmark models over disturbed photos: every face's error, by disturbance and strength. */
#ifndef EVAL_STRESS_H
#define EVAL_STRESS_H

#include "data/stress.h"
#include "eval/run.h"

#define EVAL_STRESS_MODELS 2

typedef struct eval_stress_options {
    eval_norm norm;
    size_t threads; /* at least 1 */
    pfld_isa isa;
    uint64_t seed;
    uint32_t kinds; /* 1u << stress_kind */
} eval_stress_options;

typedef struct eval_stress { /* zeroed: empty */
    size_t n_models, n;      /* n: faces */
    double *errors;          /* percent; by eval_stress_errors() */
} eval_stress;

/*
 * models [n_models], of one scheme, EVAL_STRESS_MODELS at most, all see the same pictures. Boxes
 * are those around the true points, but for STRESS_JITTER. Demands on the samples as
 * eval_run_model()'s. A photo that can't be read ends the run with its name. Same results for any
 * threads.
 */
pfld_status eval_stress_run(const pfld_model *const *models, size_t n_models, const data_set *set,
                            const eval_stress_options *opt, eval_stress *out, pfld_error *err);
void eval_stress_free(eval_stress *s);

/* [s->n], in the set's order: mean over points and draws, percent of the normaliser. */
const double *eval_stress_errors(const eval_stress *s, size_t model, stress_kind kind, int step);

/* Rows of faces from all over the set, one for each kind, columns of growing strength: crops as the
 * net sees them in the stress, with the true points. faces: rows of each kind. */
pfld_status eval_stress_sheet(const char *path, const data_set *set, const eval_stress_options *opt,
                              size_t faces, pfld_error *err);

#endif
