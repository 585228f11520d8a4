/* Faces made unrecognisable: what is levelled, what is not, and boxes that are none. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "media/blur.h"

enum { W = 90, H = 70, STRIDE = 3 * W + 5 };

static uint8_t pixels[H * STRIDE], before[H * STRIDE];
static pfld_image img = {pixels, W, H, STRIDE, PFLD_RGB8};

static int paint(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 2654435761u >> 13);
    memcpy(before, pixels, sizeof pixels);
    return 0;
}

static bool is_changed(int x, int y)
{
    return memcmp(pixels + y * STRIDE + 3 * x, before + y * STRIDE + 3 * x, 3) != 0;
}

/* All of the box but its corners, where no face is. */
static void the_face_is_levelled_and_what_is_far_stays(void **state)
{
    const pfld_box box = {30, 20, 28, 28};
    int changed = 0, all = 0;

    (void)state;
    blur_face(&img, &box);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            float far = hypotf((float)x - 44, (float)y - 34);
            if (far < 0.5f * 28) {
                all++;
                changed += is_changed(x, y);
            }
            if (far > 28)
                assert_false(is_changed(x, y));
        }
    assert_true(changed > 0.98 * all);
    for (int y = 0; y < H; y++) /* nor what lies behind the rows */
        assert_memory_equal(pixels + y * STRIDE + 3 * W, before + y * STRIDE + 3 * W, 5);
}

static void blocks_are_of_one_colour_the_mean(void **state)
{
    const pfld_box box = {30, 20, 28, 28}; /* blocks of 4 from 24, 14 on (44 - 0.68 * 28 = 24.96) */
    unsigned sum = 0;

    (void)state;
    blur_face(&img, &box);
    for (int y = 30; y < 34; y++)
        for (int x = 40; x < 44; x++) {
            assert_memory_equal(pixels + y * STRIDE + 3 * x, pixels + 30 * STRIDE + 3 * 40, 3);
            sum += before[y * STRIDE + 3 * x];
        }
    assert_int_equal(pixels[30 * STRIDE + 3 * 40], (sum + 8) / 16);
}

static void a_face_at_the_border_is_levelled_as_far_as_it_shows(void **state)
{
    static const pfld_box boxes[] = {
        {-20, -20, 40, 40}, {W - 10, H - 10, 60, 60}, {-500, -500, 2000, 2000}, {W, 0, 1, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++)
        blur_face(&img, &boxes[i]);
    assert_true(is_changed(0, 0) && is_changed(W - 1, H - 1));
}

static void what_is_no_box_changes_nothing(void **state)
{
    static const pfld_box boxes[] = {
        {NAN, 0, 10, 10}, {0, INFINITY, 10, 10}, {0, 0, NAN, NAN},       {0, 0, 0, 0},
        {0, 0, -5, -5},   {1e9f, 0, 5, 5},       {0, 0, INFINITY, 1e9f}, {-200, -200, 9, 9}};

    (void)state;
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++)
        blur_face(&img, &boxes[i]);
    assert_memory_equal(pixels, before, sizeof pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_face_is_levelled_and_what_is_far_stays, paint),
        cmocka_unit_test_setup(blocks_are_of_one_colour_the_mean, paint),
        cmocka_unit_test_setup(a_face_at_the_border_is_levelled_as_far_as_it_shows, paint),
        cmocka_unit_test_setup(what_is_no_box_changes_nothing, paint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
