/* Names of drawn pictures, and the line that tells how far a run is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/progress.h"
#include "cli/targets.h"
#include "core/mem.h"

typedef struct name {
    const char *inside, *target;
} name;

static void check_names(const char *folder, const name *list, size_t n)
{
    targets t = {.folder = folder};
    char *out = NULL;
    size_t room = 0;

    for (size_t i = 0; i < n; i++) {
        assert_int_equal(targets_name(&t, list[i].inside, &out, &room, NULL), PFLD_OK);
        assert_string_equal(out, list[i].target);
    }
    mem_free(out);
    hash_set_free(&t.made);
}

#define CHECK_NAMES(folder, list) check_names(folder, list, sizeof list / sizeof *list)

static void folders_are_kept_and_the_ending_is_png(void **state)
{
    static const name list[] = {
        {"a.jpg", "out/a.png"},
        {"x/y/b.tar.JPG", "out/x/y/b.tar.png"},
        {"x.y/noending", "out/x.y/noending.png"},
        {"x/.dot", "out/x/.dot.png"},
        {"/abs/c.png", "out/abs/c.png"},
        {"//./x/./d.webp", "out/x/d.png"},
    };

    (void)state;
    CHECK_NAMES("out", list);
    CHECK_NAMES("out/", list);
}

static void nothing_leaves_the_folder(void **state)
{
    static const name list[] = {
        {"../a.jpg", "/o/__/a.png"}, {"x/../../../a.jpg", "/o/x/__/__/__/a.png"},
        {"..", "/o/__.png"},         {"x/..", "/o/x/__.png"},
        {"...", "/o/...png"},
    };

    (void)state;
    CHECK_NAMES("/o/", list);
}

static void no_name_is_given_out_twice(void **state)
{
    static const name list[] = {
        {"a.jpg", "o/a.png"},
        {"a.png", "o/a.png.png"},
        {"x/a.jpg", "o/x/a.png"},
        {"./a.jpg", "o/a.jpg.png"},
        {"a.jpg", "o/a.jpg-2.png"},
        {"a.jpg", "o/a.jpg-3.png"},
        {"a.jpg-2.ppm", "o/a.jpg-2.ppm.png"},
        {"b", "o/b.png"},
        {"b.png", "o/b.png.png"},
        {"b", "o/b-2.png"},
        {"a.png.bmp", "o/a.png.bmp.png"},
    };

    (void)state;
    CHECK_NAMES("o", list);
}

static void progress_tells_what_is_known(void **state)
{
    static const struct {
        progress p;
        double seconds;
        const char *text;
    } cases[] = {
        {{.done = 1234, .faces = 1}, 100, "1,234  12/s  1 face"},
        {{.done = 5, .faces = 0}, 2, "5  2.5/s  0 faces"},
        {{.total = 200, .done = 50, .faces = 7},
         5,
         "[####------------] 50/200  10/s  7 faces  0:00:15 left"},
        {{.total = 100, .done = 50, .skipped = 40, .faces = 7},
         10, /* what was skipped took no time */
         "[########--------] 50/100  1.0/s  7 faces  0:00:50 left"},
        {{.total = 8, .done = 8}, 4, "[################] 8/8  2.0/s  0 faces"},
        {{.total = 8, .done = 9}, 4, "[################] 9/8  2.2/s  0 faces"},
        {{.total = 8, .done = 1}, 0, "[##--------------] 1/8  0.0/s  0 faces"},
        {{.total = 8, .done = 4, .skipped = 4}, 4, "[########--------] 4/8  0.0/s  0 faces"},
    };
    char line[PROGRESS_LINE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(progress_text(&cases[i].p, cases[i].seconds, line), cases[i].text);
}

static void the_line_fits_a_terminal(void **state)
{
    progress p = {.total = 999999999, .done = 888888888, .faces = 777777777};
    char line[PROGRESS_LINE];

    (void)state;
    assert_true(strlen(progress_text(&p, 1e6, line)) < 80);
    p.total = p.done = p.faces = SIZE_MAX;
    assert_true(strlen(progress_text(&p, 1e-6, line)) < 80);
}

static void without_a_terminal_nothing_is_shown(void **state)
{
    progress p = {0};

    (void)state;
    progress_step(&p, 3, false);
    progress_step(&p, 0, true);
    assert_int_equal(p.done, 2);
    assert_int_equal(p.faces, 3);
    assert_int_equal(p.skipped, 1);
    assert_false(p.visible);
    progress_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders_are_kept_and_the_ending_is_png),
        cmocka_unit_test(nothing_leaves_the_folder),
        cmocka_unit_test(no_name_is_given_out_twice),
        cmocka_unit_test(progress_tells_what_is_known),
        cmocka_unit_test(the_line_fits_a_terminal),
        cmocka_unit_test(without_a_terminal_nothing_is_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
