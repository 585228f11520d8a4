/* core/number: decimal numbers read alike in every locale. */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/number.h"
#include "core/rng.h"

static void numbers_are_read_and_the_rest_is_left(void **state)
{
    static const struct {
        const char *text;
        float value;
        const char *rest;
    } cases[] = {
        {"0", 0, ""},
        {"1.1", 1.1f, ""},
        {"+12", 12, ""},
        {"-0.25", -0.25f, ""},
        {".5", 0.5f, ""},
        {"-.5x", -0.5f, "x"},
        {"1.", 1, ""},
        {"0..1", 0, "..1"},
        {"0.5..1", 0.5f, "..1"},
        {"-1..1", -1, "..1"},
        {"127.5/128", 127.5f, "/128"},
        {"1,5", 1, ",5"},
        {"3e2", 300, ""},
        {"3E-2;", 0.03f, ";"},
        {"1e+3", 1000, ""},
        {"2e", 2, "e"},
        {"2e+", 2, "e+"},
        {"2ex", 2, "ex"},
        {"0.000000000000000000000000000000000000000000001e45", 1, ""},
        {"100000000000000000000000000000000000000000000e-44", 1, ""},
        {"1e-400", 0, ""},
        {"0e400", 0, ""},
        {"0e-400", 0, ""},
        {"16777217", 16777216, ""},
        {"0x10", 0, "x10"},
        {"1 2", 1, " 2"},
        {"3.4028235e38", 3.4028235e38f, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *p = cases[i].text;
        float v = -99;
        if (!number_parse(&p, &v) || v != cases[i].value || strcmp(p, cases[i].rest) != 0)
            fail_msg("'%s': %.9g and '%s'", cases[i].text, (double)v, p);
    }
}

static void what_is_no_number_is_left_alone(void **state)
{
    static const char *const cases[] = {"",
                                        "-",
                                        "+",
                                        ".",
                                        "..1",
                                        "-.",
                                        "e5",
                                        " 1",
                                        "x",
                                        "+-1",
                                        "--1",
                                        "nan",
                                        "inf",
                                        "-inf",
                                        "1e39",
                                        "-1e39",
                                        "1e400",
                                        "3.4028236e38",
                                        "1e99999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *p = cases[i];
        float v = -99;
        if (number_parse(&p, &v) || v != -99 || p != cases[i])
            fail_msg("'%s': %g", cases[i], (double)v);
    }
}

static void very_long_numbers_are_read(void **state)
{
    char text[2000];
    const char *p = text;
    float v = 0;

    (void)state;
    memset(text, '0', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    text[1] = '.';
    text[10] = '7'; /* 0.000000007000... */
    assert_true(number_parse(&p, &v));
    assert_true(v == 7e-9f);
    assert_int_equal(*p, '\0');
}

static void floats_survive_printing(void **state)
{
    rng r;

    (void)state;
    rng_seed(&r, 11);
    for (int i = 0; i < 20000; i++) {
        float x = rng_normal(&r) * powf(10, (float)(i % 61) - 30), y;
        char text[40];
        const char *p = text;
        snprintf(text, sizeof text, i % 2 ? "%.9g" : "%.12e", (double)x);
        assert_true(number_parse(&p, &y));
        assert_true(x == y);
    }
}

static void the_locale_does_not_matter(void **state)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR"};
    const char *p = "1.5";
    float v = 0;
    bool set = false;

    (void)state;
    for (size_t i = 0; i < 4 && !set; i++)
        set = setlocale(LC_ALL, names[i]) != NULL;
    if (!set)
        skip(); /* none with a decimal comma is installed here */
    assert_true(number_parse(&p, &v));
    setlocale(LC_ALL, "C");
    assert_true(v == 1.5f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_and_the_rest_is_left),
        cmocka_unit_test(what_is_no_number_is_left_alone),
        cmocka_unit_test(very_long_numbers_are_read),
        cmocka_unit_test(floats_survive_printing),
        cmocka_unit_test(the_locale_does_not_matter),
    };

    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
