/* Adam as the paper has it, AdamW, schedules, and the exponential moving average of weights. */
#ifndef TRAIN_OPTIM_H
#define TRAIN_OPTIM_H

#include "core/pool.h"
#include "train/engine.h"

/*
 * Step t = 1, 2, ... of weight w with gradient g (Kingma and Ba 2015; Loshchilov and Hutter 2019):
 *
 *     g = clipped g (+ decay w, where not decoupled)
 *     m = beta1 m + (1 - beta1) g           v = beta2 v + (1 - beta2) g^2
 *     w = w (1 - rate decay, where decoupled) - rate m' / (sqrt(v') + epsilon)
 *     m' = m / (1 - beta1^t)                v' = v / (1 - beta2^t)
 *
 * The paper's: rate 1e-4, beta1 ("momentum") 0.9, decay 1e-6, coupled, no warm-up, no cosine. Only
 * weights decay (train_param.decays), not biases and not batch normalisation.
 *
 * Adam moves each weight by up to the rate, whatever the gradient. A sum of thousands of inputs
 * moves by thousands of times that, unless a batch normalisation follows: so a Gemm's rate must
 * fall with its inputs (Yang et al. 2022, Tensor Programs V, table 3).
 * Decoupled decay stays what it is elsewhere.
 */
typedef struct optim_options {
    double rate, beta1, beta2, epsilon, decay;
    bool decoupled; /* AdamW; else decay is added to the gradient (the paper's Adam) */
    double ema;     /* 0: none; else what the average keeps per step: min(ema, (1 + t) / (10 + t)),
                       t steps having been done before */
    uint64_t warm_up, total; /* steps: the rate grows linearly, then falls like a cosine to 0 at
                                total; total 0: it stays */
    double clip;             /* global gradient norm; 0: none */
    double full_rate_fan_in; /* a Gemm's weights with more inputs than this learn at rate times this
                                over the inputs; 0: all at rate */
    const char *apart; /* parameters whose names begin so have a norm of their own: a part with a
                          loss of its own changes nothing in the rest; NULL: none */
} optim_options;

typedef struct optim optim;
/* The averages start as what net holds now: load weights before. net must outlive the result.
 * Fails with PFLD_ERR_ARG and PFLD_ERR_NOMEM. */
pfld_status optim_create(train_net *net, const optim_options *opt, optim **out, pfld_error *err);
void optim_free(optim *o);
/*
 * One step from the gradients, which stay as they are; returns their norm before clipping: of those
 * that are not apart, or where all are, of all. Where one is not finite nothing is changed and the
 * step does not count. p may be NULL. The same bits for any number of threads. Not between the two
 * calls of optim_swap_ema().
 */
double optim_step(optim *o, pool *p);
double optim_rate(const optim *o); /* of the next step */
uint64_t optim_steps(const optim *o);
/* Exchanges weights and running statistics with their averages (for evaluation, and back). Does
 * nothing where there is no average. */
void optim_swap_ema(optim *o);
/* Moments and averages, for checkpoints: "moment1.NAME", "moment2.NAME", "average.NAME"; grad is
 * NULL. While swapped the averages are in the net, so: not then. */
size_t optim_state_count(const optim *o);
train_param optim_state_at(const optim *o, size_t i);
void optim_set_steps(optim *o, uint64_t steps);

#endif
