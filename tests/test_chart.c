/* media/chart: pictures that are whole or not there, and show what they are given. */
#define _XOPEN_SOURCE 700
#include "reader_files.h"

#include "media/chart.h"
#include "media/codec.h"

static const char *in(const rig *g, const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", g->folder, name);
    return path;
}

static bool exists(const rig *g, const char *name)
{
    return access(in(g, name), F_OK) == 0;
}

static const double up[4] = {0, 1, 2, 3};

static chart one_line(const chart_series *s)
{
    return (chart){.title = "Title", .x_label = "x", .y_label = "y", .series = s, .n = 1};
}

static pfld_image draw(rig *g, const chart *panels, size_t n, media_image *img)
{
    assert_int_equal(chart_write_stack(in(g, "c.png"), panels, n, &g->err), PFLD_OK);
    assert_int_equal(media_read(in(g, "c.png"), img, &g->err), PFLD_OK);
    assert_int_equal(img->view.format, PFLD_RGB8);
    return img->view;
}

/* The first series' blue. */
static bool is_line(const pfld_image *v, int x, int y)
{
    const uint8_t *p = v->data + y * v->stride + 3 * (ptrdiff_t)x;

    return p[0] < 40 && p[1] > 80 && p[1] < 150 && p[2] > 150;
}

/* Rows in which the column has the line; the topmost one in *top. */
static int line_in_column(const pfld_image *v, int x, int *top)
{
    int n = 0;

    for (int y = v->height - 1; y >= 0; y--)
        if (is_line(v, x, y)) {
            *top = y;
            n++;
        }
    return n;
}

static void both_kinds_are_written_and_others_refused(void **state)
{
    rig *g = *state;
    chart_series s = {.name = "s", .x = up, .y = up, .n = 4};
    chart c = one_line(&s);

    assert_int_equal(chart_write(in(g, "a.svg"), &c, &g->err), PFLD_OK);
    assert_int_equal(chart_write(in(g, "a.png"), &c, &g->err), PFLD_OK);
    assert_true(exists(g, "a.svg") && exists(g, "a.png"));
    assert_int_equal(chart_write(in(g, "a.gif"), &c, &g->err), PFLD_ERR_ARG);
    assert_false(exists(g, "a.gif"));
}

static void a_file_that_cannot_be_written_is_named(void **state)
{
    rig *g = *state;
    chart_series s = {.x = up, .y = up, .n = 4};
    chart c = one_line(&s);

    assert_int_equal(chart_write(in(g, "no/a.png"), &c, &g->err), PFLD_ERR_IO);
    assert_non_null(strstr(g->err.msg, "no/a.png"));
    rig_write(g, "b.png/in", "a folder in its place");
    assert_int_equal(chart_write(in(g, "b.png"), &c, &g->err), PFLD_ERR_IO);
}

static void a_rising_line_rises(void **state)
{
    rig *g = *state;
    chart_series s = {.x = up, .y = up, .n = 4};
    chart c = one_line(&s);
    media_image img;
    pfld_image v = draw(g, &c, 1, &img);
    int left = 0, right = 0;

    assert_true(line_in_column(&v, v.width / 4, &left) > 0);
    assert_true(line_in_column(&v, v.width * 3 / 4, &right) > 0);
    assert_true(right < left - v.height / 4);
    media_image_free(&img);
}

static void a_stack_is_as_high_as_its_panels(void **state)
{
    rig *g = *state;
    chart_series s = {.x = up, .y = up, .n = 4};
    chart c[3] = {one_line(&s), one_line(&s), one_line(&s)};
    media_image img;
    pfld_image v;

    c[0].height = 200;
    c[1].height = 150;
    v = draw(g, c, 3, &img);
    assert_int_equal(v.height, 200 + 150 + 440);
    media_image_free(&img);
}

static void a_grid_has_rows_of_three(void **state)
{
    rig *g = *state;
    chart_series s = {.x = up, .y = up, .n = 4};
    chart c[5] = {one_line(&s), one_line(&s), one_line(&s), one_line(&s), one_line(&s)};

    for (size_t n = 2; n <= 5; n++) {
        int columns = n < 3 ? (int)n : 3, rows = n > 3 ? 2 : 1, blue[6] = {0};
        media_image img;
        assert_int_equal(chart_write_grid(in(g, "g.png"), c, n, &g->err), PFLD_OK);
        assert_int_equal(media_read(in(g, "g.png"), &img, &g->err), PFLD_OK);
        assert_int_equal(img.view.width, 340 * columns);
        assert_int_equal(img.view.height, 440 * rows);
        for (int y = 0; y < img.view.height; y++)
            for (int x = 0; x < img.view.width; x++)
                if (is_line(&img.view, x, y))
                    blue[x * columns / img.view.width + (y >= 440 ? 3 : 0)]++;
        for (int i = 0; i < (int)n; i++)
            assert_true(blue[i] > 50);
        for (int i = (int)n; i < 6; i++)
            assert_int_equal(blue[i], 0);
        media_image_free(&img);
    }
}

/* On a logarithmic axis 1, 10, 100 lie on a straight line. */
static void a_logarithmic_axis_makes_powers_straight(void **state)
{
    rig *g = *state;
    static const double y[3] = {1, 10, 100};
    chart_series s = {.x = up, .y = y, .n = 3};
    chart c = one_line(&s);
    media_image img;
    pfld_image v;
    int a = 0, b = 0, m = 0;

    c.y_log = true;
    v = draw(g, &c, 1, &img);
    assert_true(line_in_column(&v, 200, &a) > 0);
    assert_true(line_in_column(&v, 600, &b) > 0);
    assert_true(line_in_column(&v, 400, &m) > 0);
    assert_true(abs(a + b - 2 * m) <= 3);
    assert_true(a - b > 100);
    media_image_free(&img);
}

static void what_cannot_be_drawn_breaks_the_line(void **state)
{
    rig *g = *state;
    const double y[4] = {1, 2, (double)NAN, 2}, z[4] = {1, 2, 0, -1};
    chart_series s[2] = {{.x = up, .y = y, .n = 4}, {.x = up, .y = z, .n = 4}};
    chart c = one_line(s);
    media_image img;
    pfld_image v = draw(g, &c, 1, &img);
    int top;

    assert_int_equal(line_in_column(&v, 72 + 628 * 5 / 6 - 40, &top), 0);
    media_image_free(&img);
    c.series = s + 1;
    c.y_log = true;
    v = draw(g, &c, 1, &img);
    assert_int_equal(line_in_column(&v, 72 + 628 / 2, &top), 0);
    assert_true(line_in_column(&v, 72 + 628 / 6, &top) > 0);
    media_image_free(&img);
}

static void nothing_and_a_single_point_are_charts_too(void **state)
{
    rig *g = *state;
    static const double same[1] = {5};
    chart_series s = {.x = same, .y = same, .n = 1};
    chart c = one_line(&s);

    for (int is_log = 0; is_log < 2; is_log++) {
        media_image img;
        pfld_image v;
        int top, dots = 0;
        c.y_log = is_log;
        v = draw(g, &c, 1, &img);
        for (int x = 0; x < v.width; x++)
            dots += line_in_column(&v, x, &top) > 0;
        assert_true(dots >= 2);
        media_image_free(&img);
    }
    s.n = 0;
    assert_int_equal(chart_write(in(g, "e.png"), &c, &g->err), PFLD_OK);
    c.n = 0;
    assert_int_equal(chart_write(in(g, "e.svg"), &c, &g->err), PFLD_OK);
}

static void a_mark_shows(void **state)
{
    rig *g = *state;
    chart_series s = {.x = up, .y = up, .n = 4};
    chart_mark mark = {2, 1, "the best"};
    chart c = one_line(&s);
    media_image with, without;
    pfld_image a, b = draw(g, &c, 1, &without);
    int differ = 0;

    c.mark = &mark;
    a = draw(g, &c, 1, &with);
    for (int y = 0; y < a.height; y++)
        for (int x = 0; x < a.width; x++)
            differ += memcmp(a.data + y * a.stride + 3 * (ptrdiff_t)x,
                             b.data + y * b.stride + 3 * (ptrdiff_t)x, 3) != 0;
    assert_true(differ > 50 && differ < 2000);
    media_image_free(&with);
    media_image_free(&without);
}

/* A data set's name, in a title, is whatever the file system takes. */
static void words_that_are_no_text_do_not_spoil_the_picture(void **state)
{
    rig *g = *state;
    char title[600];
    chart_series s = {.x = up, .y = up, .n = 4, .name = "\xff\xfe"};
    chart c = one_line(&s);

    memset(title, 'x', sizeof title);
    title[sizeof title - 1] = 0;
    title[3] = '\x80';
    c.title = title;
    assert_int_equal(chart_write(in(g, "t.png"), &c, &g->err), PFLD_OK);
    assert_int_equal(chart_write(in(g, "t.svg"), &c, &g->err), PFLD_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(both_kinds_are_written_and_others_refused),
        CASE(a_file_that_cannot_be_written_is_named),
        CASE(a_rising_line_rises),
        CASE(a_stack_is_as_high_as_its_panels),
        CASE(a_grid_has_rows_of_three),
        CASE(a_logarithmic_axis_makes_powers_straight),
        CASE(what_cannot_be_drawn_breaks_the_line),
        CASE(nothing_and_a_single_point_are_charts_too),
        CASE(a_mark_shows),
        CASE(words_that_are_no_text_do_not_spoil_the_picture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
