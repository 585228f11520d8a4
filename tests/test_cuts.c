/* Cuts: another scene is told from the same one that moves, changes its light or is passed by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "track/cuts.h"

enum { WIDTH = 160, HEIGHT = 120 };

static uint8_t pixels[HEIGHT][WIDTH][3];
static const pfld_image img = {&pixels[0][0][0], WIDTH, HEIGHT, (ptrdiff_t)3 * WIDTH, PFLD_RGB8};

/* Blots of about 20 pixels. */
static int scene(int kind, int x, int y)
{
    uint32_t blot = (uint32_t)(kind * 1009 + x / 20 * 31 + y / 20 * 17) * 2654435761u;

    blot = (blot ^ blot >> 15) * 2246822519u;
    return 40 + (int)(blot >> 25); /* to 167 */
}

static void show(int kind, int shift, int lighter)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            memset(pixels[y][x], scene(kind, x + shift, y) + lighter, 3);
}

static void another_scene_is_a_cut(void **state)
{
    cuts c = {0};

    (void)state;
    for (int kind = 1; kind < 20; kind++) {
        show(kind, 0, 0);
        assert_int_equal(cuts_next(&c, &img), kind > 1);
        assert_false(cuts_next(&c, &img));
    }
}

static void pans_and_light_are_none(void **state)
{
    cuts c = {0};

    (void)state;
    for (int k = 0; k < 100; k++) {
        show(1, 3 * k, k % 20 * 4);
        assert_false(cuts_next(&c, &img));
    }
}

static void what_passes_is_none(void **state)
{
    cuts c = {0};

    (void)state;
    for (int left = -100; left < WIDTH; left += 20) {
        show(1, 0, 0);
        for (int y = 0; y < HEIGHT; y++)
            for (int x = left < 0 ? 0 : left; x < left + 100 && x < WIDTH; x++)
                memset(pixels[y][x], 200, 3);
        assert_false(cuts_next(&c, &img));
    }
}

static void black_and_flashes_are_passed_over(void **state)
{
    cuts c = {0};

    (void)state;
    memset(pixels, 0, sizeof pixels);
    assert_false(cuts_next(&c, &img));
    show(1, 0, 0);
    assert_false(cuts_next(&c, &img)); /* the first scene */
    memset(pixels, 255, sizeof pixels);
    assert_false(cuts_next(&c, &img));
    show(1, 0, 0);
    assert_false(cuts_next(&c, &img));
    memset(pixels, 0, sizeof pixels);
    assert_false(cuts_next(&c, &img));
    show(2, 0, 0);
    assert_true(cuts_next(&c, &img));
}

static void one_pixel_is_enough(void **state)
{
    cuts c = {0};
    uint8_t grey = 7;
    const pfld_image tiny = {&grey, 1, 1, 1, PFLD_GRAY8};

    (void)state;
    assert_false(cuts_next(&c, &tiny));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_scene_is_a_cut),
        cmocka_unit_test(pans_and_light_are_none),
        cmocka_unit_test(what_passes_is_none),
        cmocka_unit_test(black_and_flashes_are_passed_over),
        cmocka_unit_test(one_pixel_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
