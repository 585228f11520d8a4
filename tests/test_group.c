/* train/group, and the engine of several ranks, which are threads here. */
#include "train_nets.h"

#include <stdlib.h>

#include "core/mem.h"
#include "ranks.h"
#include "train_double.h"

/* ---- the group itself ---- */

typedef struct agreement {
    pfld_status own[RANKS_MOST], agreed[RANKS_MOST];
    pfld_error err[RANKS_MOST];
    bool any[RANKS_MOST], none[RANKS_MOST];
} agreement;

static void agree(void *ctx, const train_group *g)
{
    agreement *a = ctx;
    pfld_error *err = &a->err[g->rank];

    snprintf(err->msg, sizeof err->msg, "reason %zu", g->rank);
    a->agreed[g->rank] = group_agree(g, a->own[g->rank], err);
    a->any[g->rank] = group_any(g, g->rank == 2);
    a->none[g->rank] = group_any(g, false);
}

static void the_first_that_failed_speaks_for_all(void **state)
{
    agreement a = {.own = {PFLD_OK, PFLD_ERR_IO, PFLD_ERR_NOMEM}};

    (void)state;
    ranks_run(3, agree, &a);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(a.agreed[i], PFLD_ERR_IO);
        assert_string_equal(a.err[i].msg, "rank 1 of 3: reason 1");
        assert_true(a.any[i]);
        assert_false(a.none[i]);
    }
    a = (agreement){.own = {PFLD_ERR_FORMAT, PFLD_ERR_IO}};
    ranks_run(2, agree, &a);
    assert_int_equal(a.agreed[1], PFLD_ERR_FORMAT);
    assert_string_equal(a.err[1].msg, "reason 0"); /* whose messages need no name */
    a = (agreement){0};
    ranks_run(2, agree, &a);
    assert_int_equal(a.agreed[0], PFLD_OK);
    assert_string_equal(a.err[0].msg, "reason 0");
}

static void parts_make_up_the_batch(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 5; size++)
        for (size_t all = size; all <= 12; all++) {
            size_t next = 0, first, n;

            for (size_t rank = 0; rank < size; rank++) {
                train_group g = {.rank = rank, .size = size};
                assert_int_equal(group_part(&g, all, &first, &n, NULL), PFLD_OK);
                assert_int_equal(first, next);
                assert_true(n == all / size || n == all / size + 1);
                next += n;
            }
            assert_int_equal(next, all);
        }
}

static void a_process_alone_waits_for_nobody(void **state)
{
    double x = 3;
    size_t first, n;

    (void)state;
    group_sum(NULL, &x, 1);
    group_share(NULL, &x, sizeof x);
    assert_true(x == 3);
    assert_int_equal(group_size(NULL), 1);
    assert_int_equal(group_rank(NULL), 0);
    assert_int_equal(group_agree(NULL, PFLD_ERR_IO, NULL), PFLD_ERR_IO);
    assert_true(group_any(NULL, true));
    assert_int_equal(group_part(NULL, 7, &first, &n, NULL), PFLD_OK);
    assert_int_equal(n, 7);
}

/* ---- the engine, in doubles: what is left of a difference is one of the mathematics ---- */

enum { BATCH = 7, WIDEST = 10 };
static const size_t width[] = {10, 3};

typedef struct engine_run {
    net_graph *g;
    double_net *net[RANKS_MOST];
    pool *pool[RANKS_MOST];
    size_t in;                                              /* numbers of a sample */
    double *values;                                         /* [BATCH][in] */
    double out[2][BATCH][WIDEST], wanted[2][BATCH][WIDEST]; /* outputs, and their gradients */
} engine_run;

static void pass(void *ctx, const train_group *g)
{
    engine_run *r = ctx;
    size_t first = 0, n = 0, rank = group_rank(g);
    double_net *net = r->net[rank];

    if (group_part(g, BATCH, &first, &n, NULL) != PFLD_OK)
        abort();
    double_net_join(net, g);
    memcpy(double_net_input(net), r->values + first * r->in, n * r->in * sizeof *r->values);
    double_net_forward(net, n, true);
    for (size_t o = 0; o < 2; o++)
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < width[o]; k++) {
                r->out[o][first + i][k] = double_net_output(net, o)[i * width[o] + k];
                double_net_output_grad(net, o)[i * width[o] + k] = r->wanted[o][first + i][k];
            }
    double_net_backward(net);
}

static void open_engines(engine_run *r, size_t n)
{
    rng random;

    memset(r, 0, sizeof *r);
    rng_seed(&random, 5);
    r->g = train_net_from_text(TRAIN_TEXT_TINY);
    r->in = (size_t)3 * 13 * 11;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(pool_create(1 + i % 2, &r->pool[i], NULL), PFLD_OK);
        assert_int_equal(double_net_create(r->g, BATCH, r->pool[i], &r->net[i], NULL), PFLD_OK);
    }
    r->values = mem_alloc(BATCH * r->in, sizeof *r->values);
    assert_non_null(r->values);
    for (size_t i = 0; i < BATCH * r->in; i++)
        r->values[i] = train_random(&random);
    for (size_t i = 0; i < sizeof r->wanted / sizeof(double); i++)
        (&r->wanted[0][0][0])[i] = train_random(&random);
}

static void close_engines(engine_run *r)
{
    for (size_t i = 0; i < RANKS_MOST; i++) {
        double_net_free(r->net[i]);
        pool_free(r->pool[i]);
    }
    mem_free(r->values);
    net_graph_free(r->g);
}

static void assert_near(const char *what, double a, double b)
{
    if (!(fabs(a - b) <= 1e-11 * (1 + fabs(a))))
        fail_msg("%s: %.17g and %.17g", what, a, b);
}

static void compare_engines(const engine_run *one, const engine_run *many, size_t n)
{
    for (size_t i = 0; i < sizeof one->out / sizeof(double); i++)
        assert_near("output", (&one->out[0][0][0])[i], (&many->out[0][0][0])[i]);
    for (size_t i = 0; i < double_net_param_count(one->net[0]); i++) {
        double_param p = double_net_param(one->net[0], i);

        for (size_t k = 0; k < p.n; k++) {
            double sum = 0;

            for (size_t r = 0; r < n; r++)
                sum += double_net_param(many->net[r], i).grad[k];
            assert_near(p.name, p.grad[k], sum);
        }
    }
    for (size_t i = 0; i < double_net_state_count(one->net[0]); i++) {
        double_param p = double_net_state(one->net[0], i);

        for (size_t r = 0; r < n; r++)
            for (size_t k = 0; k < p.n; k++) {
                assert_near(p.name, p.value[k], double_net_state(many->net[r], i).value[k]);
                assert_true(double_net_state(many->net[r], i).value[k] ==
                            double_net_state(many->net[0], i).value[k]);
            }
    }
}

/* Seven samples among three: shares are not alike. */
static void gradients_of_shares_add_up_to_the_batchs(void **state)
{
    static engine_run one, many;

    (void)state;
    for (size_t n = 2; n <= 3; n++) {
        open_engines(&one, 1);
        open_engines(&many, n);
        pass(&one, NULL);
        ranks_run(n, pass, &many);
        compare_engines(&one, &many, n);
        close_engines(&one);
        close_engines(&many);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_that_failed_speaks_for_all),
        cmocka_unit_test(parts_make_up_the_batch),
        cmocka_unit_test(a_process_alone_waits_for_nobody),
        cmocka_unit_test(gradients_of_shares_add_up_to_the_batchs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
