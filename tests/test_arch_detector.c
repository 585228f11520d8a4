/* net/arch_detector: sizes, cost, and how it starts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "core/pool.h"
#include "core/rng.h"
#include "net/arch_detector.h"
#include "net/shape.h"
#include "train/engine.h"

static void cost_stays_within_the_budget(void **state)
{
    arch_detector a = {.width = 1, .size = 320};
    uint64_t macs = 0, parameters = 0;

    (void)state;
    assert_true(arch_detector_cost(&a, &macs, &parameters));
    assert_int_equal(parameters, 92621); /* by a second program */
    assert_true(macs * 240 / 320 <= 66000000);
    assert_true(macs * 240 / 320 >= 60000000);
}

static void outputs_are_maps_of_each_stride(void **state)
{
    static const int sizes[] = {64, 320, 512};
    static const double widths[] = {0.25, 1, 1.5};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        arch_detector a = {.width = widths[i], .size = sizes[i]};
        net_shape one = {4, {1, 3, sizes[i], sizes[i]}};
        net_graph *g;

        assert_int_equal(arch_detector_build(&a, 1, &g, NULL), PFLD_OK);
        assert_int_equal(net_input_set_shape(g, 0, &one, NULL), PFLD_OK);
        assert_int_equal(net_infer_shapes(g, NULL), PFLD_OK);
        assert_int_equal(g->n_outputs, DETECTOR_LEVELS);
        for (size_t l = 0; l < DETECTOR_LEVELS; l++) {
            const net_shape *s = &g->values[g->outputs[l]].shape;

            assert_int_equal(s->rank, 4);
            assert_int_equal(s->dim[1], DETECTOR_CHANNELS);
            assert_int_equal(s->dim[2], sizes[i] / detector_strides[l]);
            assert_int_equal(s->dim[3], sizes[i] / detector_strides[l]);
        }
        net_graph_free(g);
    }
}

static void all_cells_start_as_background_of_three_strides(void **state)
{
    arch_detector a = {.width = 1, .size = 64};
    net_graph *g;
    pool *p;
    train_net *t;
    rng r;

    (void)state;
    rng_seed(&r, 5);
    assert_int_equal(arch_detector_build(&a, 2, &g, NULL), PFLD_OK);
    assert_int_equal(pool_create(1, &p, NULL), PFLD_OK);
    assert_int_equal(train_net_create(g, 2, p, &t, NULL), PFLD_OK);
    for (size_t i = 0; i < (size_t)2 * 64 * 64 * 3; i++)
        train_input(t)[i] = 2 * rng_float(&r) - 1;
    train_forward(t, 2, true);
    for (size_t l = 0; l < DETECTOR_LEVELS; l++) {
        size_t n = (size_t)(64 / detector_strides[l]);
        const float *out = train_output(t, l);

        for (size_t i = 0; i < 2 * n * n; i++, out += DETECTOR_CHANNELS) {
            assert_true(out[DETECTOR_SCORE] < -2 && out[DETECTOR_SCORE] > -8);
            assert_true(fabsf(out[DETECTOR_BOX]) < 2);
            assert_true(fabsf(expf(out[DETECTOR_BOX + 2]) - 3) < 6);
        }
    }
    train_net_free(t);
    pool_free(p);
    net_graph_free(g);
}

static void wrong_sizes_are_refused(void **state)
{
    const arch_detector wrong[] = {
        {.width = 0, .size = 320},  {.width = 9, .size = 320}, {.width = (double)NAN, .size = 320},
        {.width = 1, .size = 32},   {.width = 1, .size = 544}, {.width = 1, .size = 300},
        {.width = 1, .size = -320},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        net_graph *g = (net_graph *)(uintptr_t)1;
        uint64_t macs, parameters;

        assert_int_equal(arch_detector_build(&wrong[i], 1, &g, NULL), PFLD_ERR_ARG);
        assert_null(g);
        assert_false(arch_detector_cost(&wrong[i], &macs, &parameters));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cost_stays_within_the_budget),
        cmocka_unit_test(outputs_are_maps_of_each_stride),
        cmocka_unit_test(all_cells_start_as_background_of_three_strides),
        cmocka_unit_test(wrong_sizes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
