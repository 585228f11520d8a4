/* train/trainer and train/log: what a run leaves behind, and where it stops. */
#define _XOPEN_SOURCE 700
#include "train_runs.h"

#include "core/file.h"
#include "core/mem.h"
#include "train/log.h"
#include "train/trainer.h"

/* ---- the log ---- */

#define LINE(step) "{\"v\":1,\"step\":" #step ",\"loss\":1}\n"

typedef struct log_case {
    const char *before; /* NULL: no file */
    uint64_t step;
    const char *after; /* with LINE(99) written behind */
} log_case;

static const log_case log_cases[] = {
    {NULL, 0, LINE(99)},
    {NULL, 5, LINE(99)},
    {"", 5, LINE(99)},
    {LINE(100) LINE(150), 0, LINE(99)},
    {LINE(100) LINE(150), 120, LINE(100) LINE(99)},
    {LINE(100) LINE(150), 150, LINE(100) LINE(150) LINE(99)},
    {LINE(100) LINE(150), 99, LINE(99)},
    {LINE(100) LINE(150) "{\"v\":1,\"st", 200, LINE(100) LINE(150) LINE(99)},
    {LINE(100) "{\"v\":1,\"step\":110", 200, LINE(100) LINE(99)},
    {LINE(100) "nonsense\n" LINE(110), 200, LINE(100) LINE(99)},
    {LINE(100) "{\"v\":1,\"step\":x}\n", 200, LINE(100) LINE(99)},
};

static void a_log_goes_on_behind_the_step_of_the_checkpoint(void **state)
{
    rig *g = *state;
    char path[128];

    snprintf(path, sizeof path, "%s/log.jsonl", g->folder);
    for (size_t i = 0; i < sizeof log_cases / sizeof *log_cases; i++) {
        const log_case *c = &log_cases[i];
        uint8_t *data;
        size_t size;
        FILE *f;

        remove(path);
        if (c->before)
            rig_write(g, "log.jsonl", c->before);
        assert_int_equal(train_log_open(path, c->step, &f, &g->err), PFLD_OK);
        fputs(LINE(99), f);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(file_read(path, 4096, &data, &size, &g->err), PFLD_OK);
        assert_int_equal(size, strlen(c->after));
        assert_memory_equal(data, c->after, size);
        mem_free(data);
    }
}

static void a_log_that_cannot_be_written_is_named(void **state)
{
    rig *g = *state;
    char path[128];
    FILE *f;

    snprintf(path, sizeof path, "%s/no/log.jsonl", g->folder);
    assert_int_equal(train_log_open(path, 0, &f, &g->err), PFLD_ERR_IO);
    assert_non_null(strstr(g->err.msg, "no/log.jsonl"));
    assert_int_equal(train_log_open(path, 7, &f, &g->err), PFLD_ERR_IO);
}

/* ---- runs ---- */

enum { FACES = 5 };

typedef struct witness {
    int logged;
    uint64_t last_progress;
    char said[400];
} witness;

static void count_logged(void *ctx)
{
    ((witness *)ctx)->logged++;
}

static void take_progress(void *ctx, const run_status *s)
{
    ((witness *)ctx)->last_progress = s->step;
}

static void hear(void *ctx, const char *words)
{
    snprintf(((witness *)ctx)->said, sizeof((witness *)ctx)->said, "%s", words);
}

typedef struct run {
    trainer_options opt;
    run_status last;
    bool stopped;
    witness w;
    pfld_status status;
} run;

static run small_run(const rig *g)
{
    run r = {.opt = {.loss = {.distance = LOSS_L2, .pixels = 32},
                     .run = {.optim = {.rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8},
                             .threads = 1,
                             .steps = 4,
                             .log_every = 100,
                             .eval_every = 2,
                             .checkpoint_seconds = 1e9,
                             .dir = g->folder,
                             .recipe = "{}",
                             .licence = "none"}}};

    r.opt.arch = (arch_pfld){.width = 0.05, .points = 68, .size = 32, .tail = ARCH_POOL};
    r.opt.loader = (loader_options){.batch = 2,
                                    .size = 32,
                                    .rule = {.scale = 1.2f},
                                    .scheme = scheme_find("ibug68"),
                                    .shuffle = true};
    return r;
}

static void go(rig *g, run *r)
{
    run_hooks h = {
        .progress = take_progress, .message = hear, .logged = count_logged, .ctx = &r->w};

    r->status = trainer_run(&r->opt, &g->set, &g->set, &h, &r->last, &r->stopped, &g->err);
}

static bool has(const rig *g, const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", g->folder, name);
    return access(path, F_OK) == 0;
}

static void each_validation_is_logged_and_told(void **state)
{
    rig *g = *state;
    run r;

    train_runs_add_faces(g, FACES);
    r = small_run(g);
    go(g, &r);
    assert_int_equal(r.status, PFLD_OK);
    assert_false(r.stopped);
    assert_int_equal(r.w.logged, 2);
    assert_int_equal(r.w.last_progress, 4);
    assert_int_equal(r.last.step, 4);
    assert_true(r.last.val > 0 && r.last.best <= r.last.val);
    assert_true(r.last.best_step == 2 || r.last.best_step == 4);
    assert_true(has(g, "last.onnx") && has(g, "best.onnx") && has(g, "checkpoint"));
}

/* The signal is there before the first step: one step is made, and saved. */
static void a_signal_saves_and_ends(void **state)
{
    rig *g = *state;
    volatile sig_atomic_t stop = 1;
    run r;

    train_runs_add_faces(g, FACES);
    r = small_run(g);
    r.opt.run.stop = &stop;
    go(g, &r);
    assert_int_equal(r.status, PFLD_OK);
    assert_true(r.stopped);
    assert_int_equal(r.last.step, 1);
    assert_int_equal(r.w.logged, 1);
    assert_int_equal(r.w.last_progress, 1);
    assert_true(has(g, "checkpoint"));
    assert_false(has(g, "last.onnx"));

    stop = 0;
    r.opt.run.resume = true;
    go(g, &r);
    assert_int_equal(r.status, PFLD_OK);
    assert_false(r.stopped);
    assert_string_equal(r.w.said, "going on from step 1");
    assert_true(has(g, "last.onnx"));
}

static void stop_after_counts_the_steps_of_this_session(void **state)
{
    rig *g = *state;
    run r;

    train_runs_add_faces(g, FACES);
    r = small_run(g);
    r.opt.run.resume = true;
    r.opt.run.steps = 5;
    r.opt.run.stop_after = 2;
    for (int i = 1; i <= 2; i++) {
        go(g, &r);
        assert_int_equal(r.status, PFLD_OK);
        assert_true(r.stopped);
        assert_int_equal(r.last.step, 2 * i);
    }
    go(g, &r);
    assert_false(r.stopped);
    assert_int_equal(r.last.step, 5);
}

static void a_loss_that_is_no_number_ends_the_run(void **state)
{
    rig *g = *state;
    run r;

    train_runs_add_faces(g, FACES);
    r = small_run(g);
    r.opt.run.optim.rate = 1e30;
    go(g, &r);
    assert_int_equal(r.status, PFLD_ERR_ARG);
    assert_non_null(strstr(g->err.msg, "the learning rate is too high"));
    assert_false(has(g, "last.onnx"));
}

/* The first number of conv1's weights that the folder's checkpoint holds. */
static float saved_weight(const char *path)
{
    checkpoint *c = NULL;
    float w;

    assert_int_equal(checkpoint_read(path, &c, NULL, NULL), PFLD_OK);
    assert_non_null(checkpoint_find(c, "conv1.weight"));
    w = *(const float *)checkpoint_find(c, "conv1.weight")->data;
    checkpoint_free(c);
    return w;
}

static void a_run_can_start_from_anothers_weights(void **state)
{
    rig *g = *state;
    run r;
    char path[160];
    float first;

    train_runs_add_faces(g, FACES);
    r = small_run(g);
    go(g, &r);
    assert_int_equal(r.status, PFLD_OK);
    snprintf(path, sizeof path, "%s/checkpoint", g->folder);
    first = saved_weight(path);
    r.opt.run.optim.rate = 1e-12; /* nothing is learnt */
    r.opt.seed = 77;              /* and fresh weights would be others */
    r.opt.run.start = path;
    go(g, &r);
    assert_int_equal(r.status, PFLD_OK);
    assert_true(fabsf(saved_weight(path) - first) < 1e-6f);
    r.opt.run.start = NULL;
    go(g, &r);
    assert_false(fabsf(saved_weight(path) - first) < 1e-3f);

    r.opt.run.start = path; /* of the last run, which was of this width */
    r.opt.arch.width = 0.1;
    go(g, &r);
    assert_int_equal(r.status, PFLD_ERR_ARG);
    assert_non_null(strstr(g->err.msg, "checkpoint: "));
    snprintf(path, sizeof path, "%s/nothing", g->folder);
    go(g, &r);
    assert_int_equal(r.status, PFLD_ERR_IO);
}

/* ---- the head of the spread ---- */

/* Of all arrays of a, but those whose names have the word: the same bits in b. */
static void assert_same_but(const checkpoint *a, const checkpoint *b, const char *word)
{
    for (size_t i = 0; i < checkpoint_count(a); i++) {
        const checkpoint_item *x = checkpoint_at(a, i), *y = checkpoint_find(b, x->name);

        if (x->kind != CHECKPOINT_REAL || (word && strstr(x->name, word)))
            continue;
        if (!y || y->n != x->n || memcmp(x->data, y->data, x->n * sizeof(real)) != 0)
            fail_msg("%s is another", x->name);
    }
}

/* Steps from the first one; clipping is at work, and averages are kept. */
static run head_run(const rig *g, uint64_t steps)
{
    run r = small_run(g);

    r.opt.run.steps = steps;
    r.opt.run.optim.clip = 1e-3;
    r.opt.run.optim.ema = 0.9;
    r.opt.run.optim.decay = 0.1;
    r.opt.run.optim.decoupled = true;
    return r;
}

static void a_head_beside_changes_no_bit_of_the_rest(void **state)
{
    rig *g = *state;
    checkpoint *with, *without;
    run r;

    train_runs_add_faces(g, FACES);
    r = head_run(g, 4);
    go(g, &r);
    without = train_runs_saved(g);
    r.opt.arch.spread = true;
    go(g, &r);
    with = train_runs_saved(g);
    assert_same_but(without, with, NULL);
    assert_non_null(checkpoint_find(with, "average.spread.weight"));
    assert_null(checkpoint_find(without, "spread.weight"));
    assert_non_null(checkpoint_find(with, "moment1.spread.weight"));
    checkpoint_free(with);
    checkpoint_free(without);
}

static void a_head_is_trained_alone_and_resumes(void **state)
{
    rig *g = *state;
    checkpoint *net, *whole, *halves;
    char path[160], copy[168];
    run r;

    train_runs_add_faces(g, FACES);
    r = head_run(g, 3);
    r.opt.run.optim.ema = 0;
    go(g, &r);
    net = train_runs_saved(g);
    snprintf(path, sizeof path, "%s/checkpoint", g->folder);
    snprintf(copy, sizeof copy, "%s/net", g->folder);
    assert_int_equal(rename(path, copy), 0);

    r = head_run(g, 4);
    r.opt.arch.spread = r.opt.freeze = true;
    r.opt.run.start = copy;
    go(g, &r);
    assert_int_equal(r.status, PFLD_OK);
    assert_true(r.last.val > 0 && r.last.best <= r.last.val); /* of the spread */
    whole = train_runs_saved(g);
    assert_same_but(net, whole, "moment");
    assert_null(checkpoint_find(whole, "moment1.conv1.weight"));
    assert_non_null(checkpoint_find(whole, "moment1.spread.weight"));

    assert_int_equal(remove(path), 0);
    r.opt.run.resume = true;
    r.opt.run.stop_after = 2;
    for (int i = 0; i < 2; i++) {
        go(g, &r);
        assert_int_equal(r.status, PFLD_OK);
        assert_int_equal(r.stopped, i == 0);
    }
    halves = train_runs_saved(g);
    assert_same_but(whole, halves, NULL);
    checkpoint_free(net);
    checkpoint_free(whole);
    checkpoint_free(halves);
    assert_int_equal(remove(copy), 0);
}

static void a_run_without_validation_has_no_best(void **state)
{
    rig *g = *state;
    run_status last;
    bool stopped;
    run r;

    train_runs_add_faces(g, FACES);
    r = small_run(g);
    assert_int_equal(trainer_run(&r.opt, &g->set, NULL, NULL, &last, &stopped, &g->err), PFLD_OK);
    assert_true(isnan(last.val) && isnan(last.best));
    assert_true(has(g, "last.onnx"));
    assert_false(has(g, "best.onnx"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_log_goes_on_behind_the_step_of_the_checkpoint),
        CASE(a_log_that_cannot_be_written_is_named),
        CASE(each_validation_is_logged_and_told),
        CASE(a_signal_saves_and_ends),
        CASE(stop_after_counts_the_steps_of_this_session),
        CASE(a_loss_that_is_no_number_ends_the_run),
        CASE(a_run_can_start_from_anothers_weights),
        CASE(a_run_without_validation_has_no_best),
        CASE(a_head_beside_changes_no_bit_of_the_rest),
        CASE(a_head_is_trained_alone_and_resumes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
