/* The optimiser against Adam as it is written down, in double. Built twice: test_optim_double.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/optim.h"

/* The linker sends every aligned_alloc() of the library through here. */
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
static long allocations_left = -1; /* < 0: any number */

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    return __real_aligned_alloc(align, size);
}

/* ---- a net that has nothing but its arrays ---- */

enum { BIG = 20011, SMALL = 5, PARAMS = 2, STATES = 1, ALL = BIG + SMALL, FAN_IN = 40 };

struct train_net {
    real weight[BIG], weight_grad[BIG], bias[SMALL], bias_grad[SMALL], mean[SMALL];
};

size_t train_param_count(const train_net *t)
{
    (void)t;
    return PARAMS;
}

static train_net *mutable_net(const train_net *t)
{
    return (train_net *)(uintptr_t)t;
}

train_param train_param_at(const train_net *t, size_t i)
{
    train_net *net = mutable_net(t);
    return i == 0 ? (train_param){"c.weight", net->weight, net->weight_grad, BIG, true, FAN_IN}
                  : (train_param){"c.bias", net->bias, net->bias_grad, SMALL, false, 0};
}

size_t train_state_count(const train_net *t)
{
    (void)t;
    return STATES;
}

train_param train_state_at(const train_net *t, size_t i)
{
    assert_int_equal(i, 0);
    return (train_param){"c.bn.mean", mutable_net(t)->mean, NULL, SMALL, false, 0};
}

static uint32_t noise_state = 1;

static real noise(void)
{
    noise_state = noise_state * 1664525u + 1013904223u;
    return (real)((double)(noise_state >> 8) / 8388608.0 - 1);
}

static void fill(real *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = noise();
}

static train_net *fresh_net(uint32_t seed)
{
    train_net *net = malloc(sizeof *net);
    assert_non_null(net);
    noise_state = seed;
    fill(net->weight, BIG);
    fill(net->bias, SMALL);
    fill(net->mean, SMALL);
    return net;
}

/* Gradients of every size, and running statistics that move. */
static void fresh_gradients(train_net *net)
{
    for (size_t i = 0; i < BIG; i++)
        net->weight_grad[i] = noise() * noise() * noise();
    fill(net->bias_grad, SMALL);
    for (size_t i = 0; i < SMALL; i++)
        net->mean[i] += noise() / 16;
}

static const optim_options paper = {1e-4, 0.9, 0.999, 1e-8, 1e-6, false, 0, 0, 0, 0, 0, NULL};
static const optim_options modern = {2e-3, 0.9, 0.99, 1e-8, 0.05, true, 0.9, 4, 12, 3, 0, NULL};

static optim *made(train_net *net, const optim_options *opt)
{
    optim *o;
    pfld_error err = {0};
    if (optim_create(net, opt, &o, &err))
        fail_msg("%s", err.msg);
    return o;
}

/* ---- Adam as it is written down ---- */

typedef struct reference {
    double w[ALL], m[ALL], v[ALL], average[ALL + SMALL];
    double beta1_t, beta2_t;
} reference;

static double weight_at(const train_net *net, size_t i)
{
    return (double)(i < BIG ? net->weight[i] : net->bias[i - BIG]);
}

static double grad_at(const train_net *net, size_t i)
{
    return (double)(i < BIG ? net->weight_grad[i] : net->bias_grad[i - BIG]);
}

static reference *reference_of(const train_net *net)
{
    reference *r = calloc(1, sizeof *r);
    assert_non_null(r);
    for (size_t i = 0; i < ALL; i++)
        r->w[i] = r->average[i] = weight_at(net, i);
    for (size_t i = 0; i < SMALL; i++)
        r->average[ALL + i] = (double)net->mean[i];
    r->beta1_t = r->beta2_t = 1;
    return r;
}

static double norm_of(const train_net *net)
{
    double sum = 0;
    for (size_t i = 0; i < ALL; i++)
        sum += grad_at(net, i) * grad_at(net, i);
    return sqrt(sum);
}

static void reference_step(reference *r, const train_net *net, const optim_options *opt,
                           double rate, int step)
{
    double norm = norm_of(net), scale = opt->clip > 0 && norm > opt->clip ? opt->clip / norm : 1;
    double keep = fmin(opt->ema, (1.0 + step) / (10.0 + step));

    r->beta1_t *= opt->beta1;
    r->beta2_t *= opt->beta2;
    for (size_t i = 0; i < ALL; i++) {
        double g = grad_at(net, i) * scale, decay = i < BIG ? opt->decay : 0;
        if (!opt->decoupled)
            g += decay * r->w[i];
        r->m[i] = opt->beta1 * r->m[i] + (1 - opt->beta1) * g;
        r->v[i] = opt->beta2 * r->v[i] + (1 - opt->beta2) * g * g;
        if (opt->decoupled)
            r->w[i] -= rate * decay * r->w[i];
        r->w[i] -=
            rate * (r->m[i] / (1 - r->beta1_t)) / (sqrt(r->v[i] / (1 - r->beta2_t)) + opt->epsilon);
        r->average[i] = keep * r->average[i] + (1 - keep) * r->w[i];
    }
    for (size_t i = 0; i < SMALL; i++)
        r->average[ALL + i] = keep * r->average[ALL + i] + (1 - keep) * (double)net->mean[i];
}

static void assert_near(double a, double b, double by)
{
    if (!(fabs(a - b) <= by))
        fail_msg("%.17g is not %.17g", a, b);
}

static const double rounding = sizeof(real) == sizeof(double) ? 1e-13 : 2e-6;

static void steps_match(const optim_options *opt, const double *rates, int steps)
{
    train_net *net = fresh_net(3);
    reference *r = reference_of(net);
    optim *o = made(net, opt);

    for (int t = 0; t < steps; t++) {
        fresh_gradients(net);
        assert_near(optim_rate(o), rates ? rates[t] : opt->rate, 1e-12 * opt->rate);
        reference_step(r, net, opt, optim_rate(o), t);
        assert_near(optim_step(o, NULL), norm_of(net), 1e-9);
        assert_int_equal(optim_steps(o), t + 1);
        for (size_t i = 0; i < ALL; i++)
            assert_near(weight_at(net, i), r->w[i], rounding);
    }
    optim_swap_ema(o);
    if (opt->ema > 0) {
        for (size_t i = 0; i < ALL; i++)
            assert_near(weight_at(net, i), r->average[i], rounding);
        for (size_t i = 0; i < SMALL; i++)
            assert_near((double)net->mean[i], r->average[ALL + i], rounding);
    }
    optim_free(o);
    free(r);
    free(net);
}

static void the_papers_adam_is_adam(void **state)
{
    optim_options strong = paper;
    (void)state;
    steps_match(&paper, NULL, 20);
    strong.decay = 0.1; /* visible in 20 steps; the bias has none of it */
    strong.rate = 1e-2;
    steps_match(&strong, NULL, 20);
}

static void adamw_warms_up_cools_down_clips_and_averages(void **state)
{
    /* 4 steps up, 8 down: 2e-3 (1 + cos(pi k / 8)) / 2 */
    static const double rates[] = {0.5e-3,
                                   1e-3,
                                   1.5e-3,
                                   2e-3,
                                   2e-3,
                                   0.0019238795325112868,
                                   0.0017071067811865475,
                                   0.0013826834323650898,
                                   1e-3,
                                   0.00061731656763491019,
                                   0.00029289321881345248,
                                   7.6120467488713262e-05};
    (void)state;
    steps_match(&modern, rates, 12);
}

static void the_rate_stays_at_nothing_behind_the_last_step(void **state)
{
    train_net *net = fresh_net(1);
    optim *o = made(net, &modern);
    (void)state;
    optim_set_steps(o, 12);
    assert_true(optim_rate(o) == 0);
    optim_set_steps(o, 1000);
    assert_true(optim_rate(o) == 0);
    optim_free(o);
    free(net);
}

/* The first step is as long as the rate; what has four times the inputs goes a quarter of it. */
static void weights_of_many_inputs_learn_more_slowly(void **state)
{
    train_net *net = fresh_net(5);
    optim_options opt = paper;
    real weight = net->weight[7], bias = net->bias[1];
    optim *o;

    (void)state;
    opt.decay = 0;
    opt.rate = 0.125;
    opt.full_rate_fan_in = (double)FAN_IN / 4;
    o = made(net, &opt);
    fresh_gradients(net);
    optim_step(o, NULL);
    assert_near(fabs((double)(net->weight[7] - weight)), 0.125 / 4, 1e-6);
    assert_near(fabs((double)(net->bias[1] - bias)), 0.125, 1e-6);
    optim_free(o);
    free(net);
}

/* Bias correction: with any gradient, the first step is as long as the rate. */
static void the_first_step_has_the_length_of_the_rate(void **state)
{
    train_net *net = fresh_net(5), *before = malloc(sizeof *before);
    optim_options opt = paper;
    (void)state;
    opt.decay = 0;
    opt.rate = 0.125;
    optim *o = made(net, &opt);
    fresh_gradients(net);
    net->weight_grad[0] = (real)1e-3;
    net->weight_grad[1] = (real)-1e3;
    net->weight_grad[2] = 0;
    memcpy(before, net, sizeof *net);
    optim_step(o, NULL);
    assert_near((double)(before->weight[0] - net->weight[0]), 0.125, 1e-5);
    assert_near((double)(before->weight[1] - net->weight[1]), -0.125, 1e-5);
    assert_true(net->weight[2] == before->weight[2]);
    assert_memory_equal(net->weight_grad, before->weight_grad, sizeof net->weight_grad);
    optim_free(o);
    free(before);
    free(net);
}

static void threads_do_not_change_a_bit(void **state)
{
    train_net *nets[4];
    (void)state;
    for (size_t threads = 0; threads < 4; threads++) {
        pool *p = NULL;
        train_net *net = nets[threads] = fresh_net(9);
        optim *o = made(net, &modern);
        double norms = 0;
        if (threads)
            assert_int_equal(pool_create(threads, &p, NULL), PFLD_OK);
        for (int t = 0; t < 10; t++) {
            fresh_gradients(net);
            norms = optim_step(o, p);
        }
        optim_swap_ema(o);
        net->bias_grad[0] = (real)norms; /* compared as well */
        assert_memory_equal(net, nets[0], sizeof *net);
        optim_free(o);
        pool_free(p);
    }
    for (size_t i = 0; i < 4; i++)
        free(nets[i]);
}

/* The last three weights are no whole vector, the first three are part of one. */
static void vectors_and_what_is_left_of_them_agree_to_the_bit(void **state)
{
    train_net *net = fresh_net(6);
    optim *o = made(net, &modern);
    (void)state;
    memcpy(net->weight + BIG - 3, net->weight, 3 * sizeof(real));
    for (int t = 0; t < 12; t++) {
        fresh_gradients(net);
        memcpy(net->weight_grad + BIG - 3, net->weight_grad, 3 * sizeof(real));
        optim_step(o, NULL);
        assert_memory_equal(net->weight + BIG - 3, net->weight, 3 * sizeof(real));
    }
    optim_free(o);
    free(net);
}

static void a_gradient_that_is_no_number_changes_nothing(void **state)
{
    static const double bad[] = {(double)NAN, (double)INFINITY};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        train_net *net = fresh_net(2), *before = malloc(sizeof *before), *other = fresh_net(2);
        optim *o = made(net, &modern), *without = made(other, &modern);
        fresh_gradients(net);
        memcpy(other, net, sizeof *net);
        net->weight_grad[BIG - 1] = (real)bad[i];
        memcpy(before, net, sizeof *net);
        assert_true(!isfinite(optim_step(o, NULL)));
        assert_memory_equal(net, before, sizeof *net);
        assert_int_equal(optim_steps(o), 0);
        net->weight_grad[BIG - 1] = other->weight_grad[BIG - 1];
        assert_true(!!isfinite(optim_step(o, NULL)));
        optim_step(without, NULL);
        assert_memory_equal(net, other, sizeof *net); /* as if it had not been */
        optim_free(o);
        optim_free(without);
        free(net);
        free(before);
        free(other);
    }
}

static void swapping_twice_is_nothing(void **state)
{
    train_net *net = fresh_net(4), *before = malloc(sizeof *before);
    optim *o = made(net, &modern);
    (void)state;
    for (int t = 0; t < 3; t++) {
        fresh_gradients(net);
        optim_step(o, NULL);
    }
    memcpy(before, net, sizeof *net);
    optim_swap_ema(o);
    assert_memory_not_equal(net->weight, before->weight, sizeof net->weight);
    assert_memory_not_equal(net->mean, before->mean, sizeof net->mean);
    optim_swap_ema(o);
    assert_memory_equal(net, before, sizeof *net);
    optim_free(o);
    o = made(net, &paper); /* no average: nothing to swap, and training goes on */
    optim_swap_ema(o);
    assert_memory_equal(net, before, sizeof *net);
    optim_step(o, NULL);
    optim_free(o);
    free(before);
    free(net);
}

static void the_states_have_names_of_their_own(void **state)
{
    static const char *const wanted[] = {
        "moment1.c.weight", "moment2.c.weight", "average.c.weight",  "moment1.c.bias",
        "moment2.c.bias",   "average.c.bias",   "average.c.bn.mean",
    };
    train_net *net = fresh_net(4);
    optim *o = made(net, &modern);
    (void)state;
    assert_int_equal(optim_state_count(o), 7);
    for (size_t i = 0; i < 7; i++) {
        train_param s = optim_state_at(o, i);
        assert_string_equal(s.name, wanted[i]);
        assert_int_equal(s.n, i < 3 ? BIG : SMALL);
        assert_non_null(s.value);
        assert_null(s.grad);
    }
    optim_free(o);
    o = made(net, &paper);
    assert_int_equal(optim_state_count(o), 4);
    optim_free(o);
    free(net);
}

/* Weights, states and the step are all that a resumed run needs, to the bit. */
static void resuming_is_the_same_as_never_stopping(void **state)
{
    train_net *net = fresh_net(8), *copy = malloc(sizeof *copy);
    optim *o = made(net, &modern), *resumed;
    (void)state;
    for (int t = 0; t < 5; t++) {
        fresh_gradients(net);
        optim_step(o, NULL);
    }
    memcpy(copy, net, sizeof *net);
    resumed = made(copy, &modern);
    for (size_t i = 0; i < optim_state_count(o); i++)
        memcpy(optim_state_at(resumed, i).value, optim_state_at(o, i).value,
               optim_state_at(o, i).n * sizeof(real));
    optim_set_steps(resumed, optim_steps(o));
    for (int t = 0; t < 5; t++) {
        fresh_gradients(net);
        memcpy(copy->weight_grad, net->weight_grad, sizeof net->weight_grad);
        memcpy(copy->bias_grad, net->bias_grad, sizeof net->bias_grad);
        memcpy(copy->mean, net->mean, sizeof net->mean);
        assert_true(optim_step(o, NULL) == optim_step(resumed, NULL));
    }
    assert_memory_equal(net, copy, sizeof *net);
    optim_swap_ema(o);
    optim_swap_ema(resumed);
    assert_memory_equal(net, copy, sizeof *net);
    optim_free(o);
    optim_free(resumed);
    free(net);
    free(copy);
}

static void options_that_make_no_sense_are_refused(void **state)
{
    train_net *net = fresh_net(1);
    (void)state;
    for (int i = 0; i < 12; i++) {
        optim_options opt = modern;
        pfld_error err = {0};
        optim *o = (optim *)net;
        double nan = (double)NAN;
        switch (i) {
        case 0:
            opt.rate = 0;
            break;
        case 1:
            opt.rate = (double)INFINITY;
            break;
        case 2:
            opt.beta1 = 1;
            break;
        case 3:
            opt.beta2 = -0.1;
            break;
        case 4:
            opt.epsilon = 0;
            break;
        case 5:
            opt.decay = -1;
            break;
        case 6:
            opt.decay = 600;
            break; /* times the rate: more than all */
        case 7:
            opt.ema = 1;
            break;
        case 8:
            opt.clip = nan;
            break;
        case 9:
            opt.total = 4;
            break; /* the warm-up's length */
        case 10:
            opt.rate = nan;
            break;
        default:
            opt.ema = nan;
            break;
        }
        assert_int_equal(optim_create(net, &opt, &o, &err), PFLD_ERR_ARG);
        assert_null(o);
        assert_true(strlen(err.msg) > 10);
        if (i == 6) /* either may be the wrong one */
            assert_non_null(strstr(err.msg, "600 makes no sense at a learning rate of 0.0"));
    }
    free(net);
}

static void creation_survives_every_failing_allocation(void **state)
{
    train_net *net = fresh_net(1);
    pfld_status status = PFLD_ERR_NOMEM;
    long n = 0;
    (void)state;
    for (; status == PFLD_ERR_NOMEM; n++) {
        optim *o;
        allocations_left = n;
        status = optim_create(net, &modern, &o, NULL);
        allocations_left = -1;
        assert_true(!o == (status != PFLD_OK));
        optim_free(o);
    }
    assert_int_equal(status, PFLD_OK);
    assert_true(n > 3);
    free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_papers_adam_is_adam),
        cmocka_unit_test(adamw_warms_up_cools_down_clips_and_averages),
        cmocka_unit_test(the_rate_stays_at_nothing_behind_the_last_step),
        cmocka_unit_test(the_first_step_has_the_length_of_the_rate),
        cmocka_unit_test(weights_of_many_inputs_learn_more_slowly),
        cmocka_unit_test(threads_do_not_change_a_bit),
        cmocka_unit_test(vectors_and_what_is_left_of_them_agree_to_the_bit),
        cmocka_unit_test(a_gradient_that_is_no_number_changes_nothing),
        cmocka_unit_test(swapping_twice_is_nothing),
        cmocka_unit_test(the_states_have_names_of_their_own),
        cmocka_unit_test(resuming_is_the_same_as_never_stopping),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(creation_survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
