/* Runs of several ranks, which are threads here, beside those of one process. */
#define _XOPEN_SOURCE 700
#include "train_runs.h"

#include <math.h>

#include "ranks.h"
#include "train/trainer.h"

enum { FACES = 7 };

typedef struct ranks_trained {
    rig *g;
    trainer_options opt;            /* of all */
    const char *recipe[RANKS_MOST]; /* of one, two, three ranks; and the odd one's */
    size_t odd;                     /* rank that was started otherwise; 0: none */
    data_set set[RANKS_MOST];
    const volatile sig_atomic_t *stop[RANKS_MOST];
    run_status last[RANKS_MOST];
    bool stopped[RANKS_MOST];
    pfld_status status[RANKS_MOST];
    pfld_error err[RANKS_MOST];
    char said[400]; /* by rank 0 */
    int told[RANKS_MOST];
} ranks_trained;

/* Adam with a large epsilon goes along the gradient, not its sign: rounding stays rounding. */
static ranks_trained twenty_steps(rig *g)
{
    static const char *const recipes[] = {
        "{\"a\":\"\\\"ranks\\\":9,\",\"threads\":1,\"b\":0}",
        "{\"a\":\"\\\"ranks\\\":9,\",\"threads\":2,\"ranks\":2,\"b\":0}",
        "{\"a\":\"\\\"ranks\\\":9,\",\"threads\":1,\"ranks\":3,\"b\":0}",
        "{\"a\":\"\\\"ranks\\\":9,\",\"threads\":1,\"ranks\":3,\"b\":1}"};
    ranks_trained r = {
        .g = g,
        .opt = {.loss = {.distance = LOSS_WING, .pixels = 32, .geometry = true, .classes = true},
                .run = {.optim = {.rate = 1e-3,
                                  .beta1 = 0.9,
                                  .beta2 = 0.999,
                                  .epsilon = 1,
                                  .decay = 1e-4,
                                  .decoupled = true,
                                  .ema = 0.9,
                                  .clip = 5},
                        .threads = 1,
                        .steps = 20,
                        .log_every = 5,
                        .eval_every = 10,
                        .checkpoint_seconds = 1e9,
                        .dir = g->folder,
                        .licence = "none"}}};

    r.opt.arch =
        (arch_pfld){.width = 0.05, .points = 68, .size = 32, .tail = ARCH_POOL, .auxiliary = true};
    r.opt.loader = (loader_options){.batch = 5,
                                    .size = 32,
                                    .rule = {.scale = 1.2f},
                                    .augment = augment_recipe("default"),
                                    .scheme = scheme_find("ibug68"),
                                    .shuffle = true};
    for (size_t i = 0; i < RANKS_MOST; i++) {
        r.set[i] = g->set;
        r.recipe[i] = recipes[i];
    }
    return r;
}

static void hear(void *ctx, const char *words)
{
    snprintf(((ranks_trained *)ctx)->said, sizeof((ranks_trained *)ctx)->said, "%s", words);
}

static void count(void *ctx)
{
    ++*(int *)ctx;
}

/* All but rank 0 have a folder that does not exist: they must not want it. */
static void train(void *ctx, const train_group *g)
{
    ranks_trained *r = ctx;
    size_t rank = group_rank(g), size = group_size(g);
    trainer_options o = r->opt;
    run_hooks h = {.logged = count, .ctx = &r->told[rank]};

    o.run.group = g;
    o.run.stop = r->stop[rank];
    o.run.recipe = r->odd == rank && rank > 0 ? r->recipe[3] : r->recipe[size - 1];
    if (rank > 0) {
        o.run.dir = "/nowhere/at/all";
        o.run.start = o.run.start ? "/nor/here" : NULL;
    } else {
        h = (run_hooks){.message = hear, .ctx = r};
    }
    r->status[rank] = trainer_run(&o, &r->set[rank], &r->set[rank], &h, &r->last[rank],
                                  &r->stopped[rank], &r->err[rank]);
}

static void go(ranks_trained *r, size_t ranks)
{
    memset(r->said, 0, sizeof r->said);
    if (ranks == 1)
        train(r, NULL);
    else
        ranks_run(ranks, train, r);
}

static void go_well(ranks_trained *r, size_t ranks)
{
    go(r, ranks);
    for (size_t i = 0; i < ranks; i++) {
        if (r->status[i] != PFLD_OK)
            fail_msg("rank %zu of %zu: %s", i, ranks, r->err[i].msg);
        assert_int_equal(r->last[i].step, r->last[0].step);
        assert_true(isnan(r->last[0].val) || r->last[i].val == r->last[0].val);
        assert_true(i == 0 || r->told[i] == 0);
    }
}

/* Of weights, statistics and averages, rms: one ReLU that rounding has switched moves few of them,
 * far. */
static double difference(const checkpoint *a, const checkpoint *b)
{
    double sum = 0, n = 0;

    assert_int_equal(checkpoint_count(a), checkpoint_count(b));
    for (size_t i = 0; i < checkpoint_count(a); i++) {
        const checkpoint_item *x = checkpoint_at(a, i), *y = checkpoint_find(b, x->name);

        assert_non_null(y);
        if (x->kind != CHECKPOINT_F32 || strncmp(x->name, "moment", 6) == 0)
            continue;
        for (size_t k = 0; k < x->n; k++) {
            double d = (double)((float *)x->data)[k] - (double)((float *)y->data)[k];
            sum += d * d;
        }
        n += (double)x->n;
    }
    return sqrt(sum / n);
}

/* 20 steps on what one process does; and a seed's difference is no rounding. */
static void ranks_train_what_one_process_trains(void **state)
{
    rig *g = *state;
    ranks_trained one, many;
    checkpoint *first, *other;

    train_runs_add_faces(g, FACES);
    one = twenty_steps(g);
    go_well(&one, 1);
    first = train_runs_saved(g);
    for (size_t n = 2; n <= 3; n++) {
        many = twenty_steps(g);
        go_well(&many, n);
        other = train_runs_saved(g);
        assert_true(difference(first, other) < 1e-4);
        checkpoint_free(other);
        assert_true(fabs(one.last[0].val - many.last[n - 1].val) < 1e-3);
        assert_true(fabs(one.last[0].best - many.last[n - 1].best) < 1e-3);
    }
    many = twenty_steps(g);
    many.opt.loader.seed = 1;
    go_well(&many, 2);
    other = train_runs_saved(g);
    assert_true(difference(first, other) > 1e-2);
    checkpoint_free(other);
    checkpoint_free(first);
}

static void the_same_ranks_give_the_same_bits(void **state)
{
    rig *g = *state;
    ranks_trained r;
    checkpoint *a, *b;

    train_runs_add_faces(g, FACES);
    r = twenty_steps(g);
    go_well(&r, 3);
    a = train_runs_saved(g);
    r.opt.run.stop_after = 7;
    go_well(&r, 3);
    assert_true(r.stopped[0] && r.stopped[2]);
    r.opt.run.stop_after = 0;
    r.opt.run.resume = true;
    go_well(&r, 3);
    assert_string_equal(r.said, "going on from step 7");
    b = train_runs_saved(g);
    assert_true(difference(a, b) == 0);
    checkpoint_free(a);
    checkpoint_free(b);
}

static void a_signal_to_one_stops_all_and_others_go_on(void **state)
{
    rig *g = *state;
    volatile sig_atomic_t stop = 1;
    ranks_trained r;
    checkpoint *whole, *parts;

    train_runs_add_faces(g, FACES);
    r = twenty_steps(g);
    go_well(&r, 1);
    whole = train_runs_saved(g);
    r.stop[1] = &stop;
    go_well(&r, 2);
    assert_true(r.stopped[0] && r.stopped[1]);
    assert_int_equal(r.last[0].step, 1);
    r.stop[1] = NULL;
    r.opt.run.resume = true;
    r.opt.run.stop_after = 9;
    go_well(&r, 3);
    assert_string_equal(r.said, "going on from step 1");
    r.opt.run.stop_after = 0;
    go_well(&r, 1);
    assert_int_equal(r.last[0].step, 20);
    parts = train_runs_saved(g);
    assert_true(difference(whole, parts) < 2e-5);
    checkpoint_free(whole);
    checkpoint_free(parts);

    r.recipe[2] = r.recipe[3]; /* other options, not only other ranks */
    go(&r, 3);
    assert_int_equal(r.status[0], PFLD_ERR_ARG);
    assert_non_null(strstr(r.err[0].msg, "is of a run with other options or data"));
}

static void what_one_cannot_read_ends_all(void **state)
{
    rig *g = *state;
    static data_sample moved[FACES];
    ranks_trained r;

    train_runs_add_faces(g, FACES);
    r = twenty_steps(g);
    assert_int_equal(g->set.n, FACES);
    memcpy(moved, g->set.samples, sizeof moved);
    for (size_t i = 0; i < FACES; i++)
        moved[i].image = "elsewhere.jpg";
    r.set[1].samples = moved;
    go(&r, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(r.status[i], PFLD_ERR_IO);
        assert_non_null(strstr(r.err[i].msg, "rank 1 of 2: elsewhere.jpg: "));
    }
}

static void ranks_that_do_not_belong_together_are_refused(void **state)
{
    rig *g = *state;
    ranks_trained r;

    train_runs_add_faces(g, FACES);
    r = twenty_steps(g);
    r.odd = 2;
    go(&r, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(r.status[i], PFLD_ERR_ARG);
        assert_string_equal(r.err[i].msg, "rank 2 of 3: other options or data than rank 0");
    }
    r.odd = 0;
    r.opt.loader.batch = 2;
    go(&r, 3);
    assert_int_equal(r.status[0], PFLD_ERR_ARG);
    assert_non_null(strstr(r.err[2].msg, "a batch of 2 is too small for 3 processes"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(ranks_train_what_one_process_trains),
        CASE(the_same_ranks_give_the_same_bits),
        CASE(a_signal_to_one_stops_all_and_others_go_on),
        CASE(what_one_cannot_read_ends_all),
        CASE(ranks_that_do_not_belong_together_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
