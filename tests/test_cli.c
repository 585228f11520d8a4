/* The command's units: option tables, numbers, box tables, .npy files, output formats. */
#define _POSIX_C_SOURCE 200809L /* mkstemp */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/boxes.h"
#include "cli/decimal.h"
#include "cli/help.h"
#include "cli/npy.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/output_measures.h"
#include "cli/paths.h"
#include "core/mem.h"

/* ---- options ---- */

static const char *const colours[] = {"red", "green", NULL};

typedef struct fields {
    bool flag;
    const char *text, *file, *more;
    float real;
    long count;
    int choice;
    pfld_isa isa;
    cli_boxes boxes;
} fields;

static const cli_option table[] = {
    {.name = "flag", .letter = 'f', .kind = CLI_FLAG, .field = offsetof(fields, flag)},
    {.name = "text",
     .letter = 't',
     .kind = CLI_TEXT,
     .arg = "TEXT",
     .field = offsetof(fields, text)},
    {.name = "file", .kind = CLI_FILE, .arg = "FILE", .field = offsetof(fields, file)},
    {.name = "more", .kind = CLI_OPTIONAL, .arg = "TEXT", .field = offsetof(fields, more)},
    {.name = "real", .kind = CLI_REAL, .arg = "X", .field = offsetof(fields, real)},
    {.name = "count", .kind = CLI_COUNT, .arg = "N", .min = 1, .field = offsetof(fields, count)},
    {.name = "choice",
     .kind = CLI_CHOICE,
     .arg = "COLOUR",
     .choices = colours,
     .field = offsetof(fields, choice)},
    {.name = "isa", .kind = CLI_ISA, .arg = "NAME", .field = offsetof(fields, isa)},
    {.name = "box", .kind = CLI_BOX, .arg = "L,T,R,B", .field = offsetof(fields, boxes)},
    {0},
};

static const cli_command command = {.name = "try",
                                    .synopsis = "FILE... [options]",
                                    .options = table,
                                    .min_operands = 0,
                                    .max_operands = 3,
                                    .operand = "FILE"};

typedef struct parsed {
    fields f;
    cli_args args;
    char *words[16];
    char line[256];
    pfld_error err;
    pfld_status status;
} parsed;

/* Parses line, cut at its spaces. */
static void parse(parsed *p, const char *line)
{
    *p = (parsed){.f = {.choice = -1}};
    p->args.at = p->words;
    snprintf(p->line, sizeof p->line, "%s", line);
    for (char *s = strtok(p->line, " "); s; s = strtok(NULL, " "))
        p->words[p->args.n++] = s;
    p->status = cli_parse(&command, &p->args, &p->f, &p->err);
}

static void options_and_operands_may_be_mixed(void **state)
{
    parsed p;

    (void)state;
    parse(&p, "a --flag b --text=x --real 2.5 - --count 7");
    assert_int_equal(p.status, PFLD_OK);
    assert_int_equal(p.args.n, 3);
    assert_string_equal(p.args.at[0], "a");
    assert_string_equal(p.args.at[1], "b");
    assert_string_equal(p.args.at[2], "-");
    assert_true(p.f.flag);
    assert_string_equal(p.f.text, "x");
    assert_float_equal(p.f.real, 2.5f, 0);
    assert_int_equal(p.f.count, 7);
}

static void every_spelling_of_a_value_is_the_same(void **state)
{
    static const char *const spellings[] = {"--text=v", "--text v", "-t v", "-tv"};
    parsed p;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        parse(&p, spellings[i]);
        assert_int_equal(p.status, PFLD_OK);
        assert_string_equal(p.f.text, "v");
        assert_int_equal(p.args.n, 0);
    }
}

static void a_value_may_hold_an_equals_sign_and_start_with_a_dash(void **state)
{
    parsed p;

    (void)state;
    parse(&p, "--text=a=b --file=--c");
    assert_int_equal(p.status, PFLD_OK);
    assert_string_equal(p.f.text, "a=b");
    assert_string_equal(p.f.file, "--c");
}

/* It never takes the next word: that may be an operand. */
static void an_optional_value_stands_behind_an_equals_sign(void **state)
{
    parsed p;

    (void)state;
    parse(&p, "--more=a,b c");
    assert_int_equal(p.status, PFLD_OK);
    assert_string_equal(p.f.more, "a,b");
    assert_int_equal(p.args.n, 1);
    parse(&p, "--more c");
    assert_int_equal(p.status, PFLD_OK);
    assert_string_equal(p.f.more, "");
    assert_int_equal(p.args.n, 1);
    parse(&p, "c");
    assert_null(p.f.more);
    parse(&p, "--more=");
    assert_int_equal(p.status, PFLD_ERR_ARG);
    assert_string_equal(p.err.msg, "--more: TEXT wanted, nothing found");
}

static void two_dashes_end_the_options(void **state)
{
    parsed p;

    (void)state;
    parse(&p, "--flag -- --text -h");
    assert_int_equal(p.status, PFLD_OK);
    assert_int_equal(p.args.n, 2);
    assert_string_equal(p.args.at[0], "--text");
    assert_string_equal(p.args.at[1], "-h");
    assert_false(p.args.help);
}

static void help_is_seen_among_the_options(void **state)
{
    parsed p;

    (void)state;
    parse(&p, "a --flag -h --nonsense");
    assert_int_equal(p.status, PFLD_OK);
    assert_true(p.args.help);
    parse(&p, "--help");
    assert_true(p.args.help);
}

static void boxes_gather_and_may_be_negative(void **state)
{
    parsed p;

    (void)state;
    parse(&p, "--box -5,-2.5,10,20 --box=1,2,3,4");
    assert_int_equal(p.status, PFLD_OK);
    assert_int_equal(p.f.boxes.n, 2);
    assert_float_equal(p.f.boxes.at[0].x, -5, 0);
    assert_float_equal(p.f.boxes.at[0].y, -2.5, 0);
    assert_float_equal(p.f.boxes.at[0].w, 15, 0);
    assert_float_equal(p.f.boxes.at[0].h, 22.5, 0);
    assert_float_equal(p.f.boxes.at[1].w, 2, 0);
    mem_free(p.f.boxes.at);
}

static void choices_and_instruction_sets_go_by_name(void **state)
{
    parsed p;

    (void)state;
    parse(&p, "--choice green --isa scalar");
    assert_int_equal(p.status, PFLD_OK);
    assert_int_equal(p.f.choice, 1);
    assert_int_equal(p.f.isa, PFLD_ISA_SCALAR);
}

static void wrong_lines_say_what_is_wrong(void **state)
{
    static const char *const cases[][2] = {
        {"--box a,b", "--box: 'a,b' is not l,t,r,b: 4 numbers wanted"},
        {"--box 1,2,3", "4 numbers wanted"},
        {"--box 1,2,3,4,5", "4 numbers wanted"},
        {"--box 1,2,3,4,", "4 numbers wanted"},
        {"--box 1,2,inf,4", "4 numbers wanted"},
        {"--box 1,2,nan,4", "4 numbers wanted"},
        {"--box 1,2,1e99,4", "4 numbers wanted"},
        {"--box 9,2,9,4", "right must be greater than left"},
        {"--box 1,4,3,2", "bottom must be greater than top"},
        {"--txet x", "unknown option --txet: did you mean --text?"},
        {"--hlep", "did you mean --help?"},
        {"--zzzzzzzz", "'pfld help try' lists them"},
        {"-z", "unknown option -z"},
        {"--flag=1", "--flag takes no value"},
        {"--text", "--text: TEXT is missing"},
        {"--text --flag", "--text: TEXT wanted, '--flag' found"},
        {"--text=", "--text: TEXT wanted, nothing found"},
        {"--real 0", "--real: '0' is not a number above 0"},
        {"--real -1", "a number above 0"},
        {"--real 1x", "a number above 0"},
        {"--real 1,5", "a number above 0"},
        {"--real nan", "a number above 0"},
        {"--count 0", "a whole number from 1"},
        {"--count 1.5", "a whole number from 1"},
        {"--count 99999999999999999999", "a whole number from 1"},
        {"--choice blue", "--choice: 'blue' is not one of red, green"},
        {"--isa mmx", "--isa: 'mmx' is not an instruction set: auto, scalar"},
        {"a b c d", "'d' is one too many"},
    };
    parsed p;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        parse(&p, cases[i][0]);
        assert_int_equal(p.status, PFLD_ERR_ARG);
        if (!strstr(p.err.msg, cases[i][1]))
            fail_msg("'%s' gave '%s', not '%s'", cases[i][0], p.err.msg, cases[i][1]);
    }
}

static void too_few_operands_are_named(void **state)
{
    cli_command two = command;
    cli_args args = {0};
    pfld_error err;
    fields f = {0};

    (void)state;
    two.min_operands = 1;
    assert_int_equal(cli_parse(&two, &args, &f, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "FILE is missing"));
}

static void only_near_words_are_suggested(void **state)
{
    static const char *const names[] = {"detect", "info", "bench"};

    (void)state;
    assert_string_equal(cli_nearest("detcet", names, 3), "detect");
    assert_string_equal(cli_nearest("det", names, 3), "detect");
    assert_string_equal(cli_nearest("inof", names, 3), "info");
    assert_null(cli_nearest("train", names, 3));
    assert_null(cli_nearest("", names, 3));
    assert_null(cli_nearest("x", names, 3));
    assert_null(cli_nearest("a-word-that-is-longer-than-any-name", names, 3));
}

static void every_command_is_described_once(void **state)
{
    (void)state;
    assert_non_null(cli_commands[0]);
    for (const cli_command *const *c = cli_commands; *c; c++) {
        assert_true((*c)->name && (*c)->brief && (*c)->synopsis && (*c)->about && (*c)->run);
        for (const cli_command *const *d = cli_commands; d < c; d++)
            assert_string_not_equal((*c)->name, (*d)->name);
        for (const cli_option *o = (*c)->options; o->name; o++) {
            assert_true(o->help && o->help[strlen(o->help) - 1] == '.');
            assert_true((o->kind == CLI_FLAG) == (o->arg == NULL));
            assert_true((o->kind == CLI_CHOICE) == (o->choices != NULL));
            assert_string_not_equal(o->name, "help");
            for (const cli_option *q = (*c)->options; q < o; q++) {
                assert_string_not_equal(o->name, q->name);
                assert_true(!o->letter || o->letter != q->letter);
            }
        }
    }
}

/* What print writes, freed by the caller. */
static char *captured(void (*print)(FILE *))
{
    FILE *f = tmpfile();
    long size;
    char *text;

    assert_non_null(f);
    print(f);
    size = ftell(f);
    assert_true(size > 0);
    text = calloc(1, (size_t)size + 1);
    assert_non_null(text);
    rewind(f);
    assert_int_equal(fread(text, 1, (size_t)size, f), size);
    fclose(f);
    return text;
}

static void print_all_help(FILE *to)
{
    for (const cli_command *const *c = cli_commands; *c; c++)
        help_command(to, *c);
    help_overview(to);
}

/* As roff writes it: a bare dash would be a hyphen. */
static void with_escaped_dashes(const char *name, char *to)
{
    for (; *name; name++) {
        if (*name == '-')
            *to++ = '\\';
        *to++ = *name;
    }
    *to = 0;
}

static void every_option_is_in_help_man_page_and_completions(void **state)
{
    char *text[] = {captured(print_all_help), captured(help_bash), captured(help_zsh)};
    char *man = captured(help_man), dashed[64], escaped[64];

    (void)state;
    for (const cli_command *const *c = cli_commands; *c; c++)
        for (const cli_option *o = (*c)->options; o->name; o++) {
            snprintf(dashed, sizeof dashed, "--%s", o->name);
            for (size_t i = 0; i < 3; i++)
                assert_non_null(strstr(text[i], dashed));
            with_escaped_dashes(o->name, escaped);
            assert_non_null(strstr(man, escaped));
        }
    for (size_t i = 0; i < 3; i++)
        free(text[i]);
    free(man);
}

static void help_fits_a_terminal_of_80_columns(void **state)
{
    char *text = captured(print_all_help);

    (void)state;
    for (char *s = strtok(text, "\n"); s; s = strtok(NULL, "\n"))
        if (strlen(s) > 80 && !strstr(s, "pfld ")) /* command lines are not broken */
            fail_msg("'%s' has %zu columns", s, strlen(s));
    free(text);
}

/* ---- numbers ---- */

static void only_whole_decimal_numbers_are_read(void **state)
{
    static const char *const wrong[] = {"",    " 1",  "1 ", "0x10", "inf", "nan",
                                        "1,5", "--1", "1e", "e5",   ".",   "1e39"};
    float v = 7;
    long n = 7;

    (void)state;
    assert_true(decimal_parse("-1.5e2", &v));
    assert_float_equal(v, -150, 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        v = 7;
        assert_false(decimal_parse(wrong[i], &v));
        assert_float_equal(v, 7, 0);
    }
    assert_true(decimal_parse_count("0", &n));
    assert_int_equal(n, 0);
    assert_true(decimal_parse_count("999999999", &n));
    assert_int_equal(n, 999999999);
    assert_false(decimal_parse_count("1000000000", &n));
    assert_false(decimal_parse_count("-1", &n));
    assert_false(decimal_parse_count("", &n));
}

static void numbers_print_without_noise(void **state)
{
    char buf[DECIMAL_TEXT];

    (void)state;
    assert_string_equal(decimal_text((double)12.3f, 3, buf), "12.3");
    assert_string_equal(decimal_text(-0.0004, 3, buf), "0");
    assert_string_equal(decimal_text(-0.0006, 3, buf), "-0.001");
    assert_string_equal(decimal_text(100, 3, buf), "100");
    assert_string_equal(decimal_text(65535.9996, 3, buf), "65536");
    assert_string_equal(decimal_text(1.05, 2, buf), "1.05");
    assert_string_equal(decimal_text(2.5, 0, buf), "3");
    assert_string_equal(decimal_text(1e30, 3, buf), "1e+30");
    assert_string_equal(decimal_grouped(0, buf), "0");
    assert_string_equal(decimal_grouped(999, buf), "999");
    assert_string_equal(decimal_grouped(1000, buf), "1,000");
    assert_string_equal(decimal_grouped(18446744073709551615ull, buf),
                        "18,446,744,073,709,551,615");
    assert_false(signbit(decimal_round(-0.0001, 3)));
}

/* ---- tables of boxes ---- */

static pfld_status parse_boxes(const char *text, boxes_table *t, pfld_error *err)
{
    return boxes_parse((const uint8_t *)text, strlen(text), "b.csv", t, err);
}

static void boxes_are_found_by_path_or_base_name(void **state)
{
    boxes_table t;
    const boxes_row *row;
    size_t at = 0;

    (void)state;
    assert_int_equal(parse_boxes("a.jpg,1,2,3,4\nd/b.jpg,0,0,5,6\na.jpg,5,5,7,9\r\n\n", &t, NULL),
                     PFLD_OK);
    assert_int_equal(t.n, 3);
    row = boxes_next(&t, "any/a.jpg", &at);
    assert_non_null(row);
    assert_float_equal(row->box.x, 1, 0);
    row = boxes_next(&t, "any/a.jpg", &at);
    assert_non_null(row);
    assert_float_equal(row->box.h, 4, 0);
    assert_null(boxes_next(&t, "any/a.jpg", &at));
    at = 0;
    assert_null(boxes_next(&t, "b.jpg", &at));
    at = 0;
    assert_non_null(boxes_next(&t, "d/b.jpg", &at));
    boxes_free(&t);
}

static void a_header_tells_which_column_is_what(void **state)
{
    boxes_table t;

    (void)state;
    assert_int_equal(
        parse_boxes("width,file,bottom,left,top,right\n9,\"a,\"\"1\"\".jpg\",8,1,2,5\n", &t, NULL),
        PFLD_OK);
    assert_int_equal(t.n, 1);
    assert_string_equal(t.rows[0].file, "a,\"1\".jpg");
    assert_float_equal(t.rows[0].box.y, 2, 0);
    assert_float_equal(t.rows[0].box.w, 4, 0);
    assert_float_equal(t.rows[0].box.h, 6, 0);
    boxes_free(&t);
}

static void tables_from_spreadsheets_are_read(void **state)
{
    boxes_table t;
    size_t at = 0;

    (void)state;
    assert_int_equal(parse_boxes("\xef\xbb\xbf"
                                 "File, LEFT ,Top,Right,\tbottom\r\n"
                                 " ./a b.jpg , 1,2 ,3,4 \r\n\" c.jpg \" ,1,2,3,4\r\n",
                                 &t, NULL),
                     PFLD_OK);
    assert_int_equal(t.n, 2);
    assert_float_equal(t.rows[0].box.x, 1, 0);
    assert_string_equal(t.rows[1].file, " c.jpg "); /* quotes keep blanks */
    assert_non_null(boxes_next(&t, "a b.jpg", &at));
    at = 0;
    assert_non_null(boxes_next(&t, "././/a b.jpg", &at));
    at = 0;
    assert_non_null(boxes_next(&t, "d/a b.jpg", &at));
    at = 0;
    assert_null(boxes_next(&t, ".a b.jpg", &at));
    boxes_free(&t);
    assert_int_equal(parse_boxes("\xef\xbb\xbf"
                                 "a,1,2,3,4",
                                 &t, NULL),
                     PFLD_OK);
    assert_string_equal(t.rows[0].file, "a");
    boxes_free(&t);
}

static void a_wrong_row_is_wrong_for_its_file_alone(void **state)
{
    static const char *const cases[][2] = {
        {"b,1,2,x,4", "b.csv: line 2: right is 'x', not a number"},
        {"b,1,2,3", "line 2 has no column 'bottom'"},
        {"b", "line 2 has no column 'left'"},
        {"b,3,2,3,4", "line 2: right must be greater than left"},
        {"b,left,top,right,bottom", "line 2: left is 'left', not a number"},
    };
    char text[64];
    boxes_table t;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text, "a,1,2,3,4\n%s\nc,1,2,3,4\n", cases[i][0]);
        assert_int_equal(parse_boxes(text, &t, NULL), PFLD_OK);
        assert_int_equal(t.n, 3);
        assert_null(t.rows[0].wrong);
        assert_null(t.rows[2].wrong);
        assert_string_equal(t.rows[1].file, "b");
        assert_non_null(t.rows[1].wrong);
        assert_non_null(strstr(t.rows[1].wrong, cases[i][1]));
        boxes_free(&t);
    }
}

static void tables_without_the_columns_are_refused(void **state)
{
    static const char *const cases[][2] = {
        {"file,left,top,right\na,1,2,3", "line 1 has no column 'bottom'"},
        {"name,x,y,w,h\na,1,2,3,4", "line 1 has no column 'file': file,left,top,right,bottom"},
        {"left,top,right,bottom,file\n1,2,3,4,a\n1,2,3,4", "line 3 has no column 'file'"},
    };
    boxes_table t;
    pfld_error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(parse_boxes(cases[i][0], &t, &err), PFLD_ERR_FORMAT);
        assert_non_null(strstr(err.msg, cases[i][1]));
        assert_null(t.rows);
    }
    assert_int_equal(boxes_parse((const uint8_t *)"a\0b", 3, "b.csv", &t, &err), PFLD_ERR_FORMAT);
    assert_int_equal(parse_boxes("", &t, &err), PFLD_OK);
    assert_int_equal(t.n, 0);
    boxes_free(&t);
}

/* ---- .npy ---- */

/* A version 1.0 file in buf; its size. */
static size_t make_npy(uint8_t *buf, const char *dict, const void *data, size_t n)
{
    size_t length = strlen(dict);

    memcpy(buf, "\x93NUMPY\x01\x00", 8);
    buf[8] = (uint8_t)(length & 255);
    buf[9] = (uint8_t)(length >> 8);
    memcpy(buf + 10, dict, length);
    memcpy(buf + 10 + length, data, n);
    return 10 + length + n;
}

#define DICT(descr, order, shape)                                                                  \
  "{'descr': '" descr "', 'fortran_order': " order ", 'shape': (" shape "), }  \n"

static void npy_of_every_sound_kind_is_read(void **state)
{
    static const struct {
        const char *dict;
        int rank;
        bool wide;
    } cases[] = {
        {DICT("<f4", "False", "2, 3"), 2, false},
        {DICT("<f8", "False", "2, 3"), 2, true},
        {DICT("<f4", "False", "6,"), 1, false},
        {DICT("<f4", "True", "6,"), 1, false},
        {DICT("<f4", "False", "1, 2, 1, 3"), 4, false},
        {DICT("<f4", "False", "6"), 1, false}, /* not Python's tuple, but clear */
        {"{\"shape\":(6,),\"fortran_order\":False,\"descr\":\"<f4\"}", 1, false},
    };
    const float narrow[6] = {0, 1, 2, -3, 4.5f, 5};
    const double wide[6] = {0, 1, 2, -3, 4.5, 5};
    uint8_t buf[256];
    npy_array a;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = cases[i].wide ? make_npy(buf, cases[i].dict, wide, sizeof wide)
                                 : make_npy(buf, cases[i].dict, narrow, sizeof narrow);

        assert_int_equal(npy_parse(buf, n, &a, NULL), PFLD_OK);
        assert_int_equal(a.shape.rank, cases[i].rank);
        assert_int_equal(a.count, 6);
        assert_memory_equal(a.data, narrow, sizeof narrow);
        npy_free(&a);
    }
}

static void npy_in_fortran_order_is_turned(void **state)
{
    const float data[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    uint8_t buf[256];
    size_t n = make_npy(buf, DICT("<f4", "True", "2, 3, 2"), data, sizeof data);
    npy_array a;

    (void)state;
    assert_int_equal(npy_parse(buf, n, &a, NULL), PFLD_OK);
    assert_int_equal(a.count, 12);
    for (size_t i = 0; i < 12; i++) /* [i / 6][i / 2 % 3][i % 2]; the first axis is the nearest */
        assert_float_equal(a.data[i], data[i / 6 + 2 * (i / 2 % 3) + 6 * (i % 2)], 0);
    npy_free(&a);
    n = make_npy(buf, DICT("<f4", "True", "0, 3"), data, 0);
    assert_int_equal(npy_parse(buf, n, &a, NULL), PFLD_OK);
    assert_int_equal(a.count, 0);
    npy_free(&a);
}

static void npy_version_2_has_a_longer_header_length(void **state)
{
    const char *dict = DICT("<f4", "False", "");
    const float one = 1.5f;
    uint8_t buf[256] = "\x93NUMPY\x02";
    npy_array a;

    (void)state;
    buf[8] = (uint8_t)strlen(dict);
    memcpy(buf + 12, dict, strlen(dict));
    memcpy(buf + 12 + strlen(dict), &one, 4);
    assert_int_equal(npy_parse(buf, 12 + strlen(dict) + 4, &a, NULL), PFLD_OK);
    assert_int_equal(a.shape.rank, 0);
    assert_int_equal(a.count, 1);
    assert_float_equal(a.data[0], 1.5f, 0);
    npy_free(&a);
}

static void damaged_npy_is_refused(void **state)
{
    static const char *const dicts[] = {
        "",
        "{",
        "{}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (6,)}",
        "{'descr': <f4, 'fortran_order': False, 'shape': (6,)}",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (6,)}",
        DICT("<f4", "False", "-6,"),
        DICT("<f4", "False", "5,"),
        DICT("<f4", "False", "7,"),
        DICT("<f4", "False", "1,1,1,1,1,1,6"),
        DICT("<f4", "False", "9223372036854775807, 9223372036854775807"),
        DICT("<f4", "False", "99999999999999999999999"),
        DICT("<f4", "False", "4611686018427387904, 4"),
        DICT(">f4", "False", "6,"),
        DICT("<i4", "False", "6,"),
        DICT("|O", "False", "6,"),
        DICT("<f4444444444444444", "False", "6,"),
    };
    const float data[6] = {0};
    uint8_t buf[256];
    npy_array a;
    pfld_error err;

    (void)state;
    for (size_t i = 0; i < sizeof dicts / sizeof *dicts; i++) {
        size_t n = make_npy(buf, dicts[i], data, sizeof data);

        if (npy_parse(buf, n, &a, &err) == PFLD_OK)
            fail_msg("case %zu was read", i);
        assert_null(a.data);
        assert_true(err.msg[0]);
    }
}

static void npy_cut_anywhere_is_refused(void **state)
{
    const float data[6] = {1, 2, 3, 4, 5, 6};
    uint8_t buf[256];
    size_t n = make_npy(buf, DICT("<f4", "False", "2, 3"), data, sizeof data);
    npy_array a;

    (void)state;
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *exact = malloc(cut ? cut : 1); /* so that a sanitizer sees each byte too many */

        assert_non_null(exact);
        memcpy(exact, buf, cut);
        assert_int_not_equal(npy_parse(exact, cut, &a, NULL), PFLD_OK);
        free(exact);
    }
}

static void written_npy_is_read_back(void **state)
{
    static const net_shape shapes[] = {{0, {0}}, {1, {1500}}, {2, {3, 500}}, {4, {1, 3, 20, 25}}};
    char path[] = "/tmp/pfld_test_cli_XXXXXX";
    int file = mkstemp(path);
    float data[1500];
    npy_array a;

    (void)state;
    assert_true(file >= 0);
    close(file);
    for (size_t i = 0; i < 1500; i++)
        data[i] = (float)i * 0.1f;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        assert_int_equal(npy_write(path, &shapes[i], data, NULL), PFLD_OK);
        assert_int_equal(npy_read(path, &a, NULL), PFLD_OK);
        assert_true(net_shape_equal(&a.shape, &shapes[i]));
        assert_memory_equal(a.data, data, a.count * sizeof *data);
        npy_free(&a);
    }
    remove(path);
}

/* ---- output ---- */

static char written[1 << 16];

/* What output_write() gives for one face, with the picture named file. */
static void write_face(output_format format, const char *file, const pfld_face *face, size_t n)
{
    output_result r = {.file = file,
                       .width = 640,
                       .height = 480,
                       .scheme = "five",
                       .n_landmarks = 2,
                       .faces = face,
                       .n = n};
    output o = {.to = tmpfile(), .format = format};
    size_t used;

    assert_non_null(o.to);
    assert_int_equal(output_write(&o, &r, NULL), PFLD_OK);
    rewind(o.to);
    used = fread(written, 1, sizeof written - 1, o.to);
    written[used] = 0;
    fclose(o.to);
}

static const pfld_face sample = {.box = {10, 20.5f, 100.1f, 50},
                                 .score = 0.98767f,
                                 .presence = NAN,
                                 .five = {{1, 2}, {3, 4}, {5, 6}, {7, 8}, {9, 10.5f}},
                                 .pose = {-3.14159f, NAN, 0},
                                 .n_landmarks = 2,
                                 .landmarks = {{0.1f, -0.00001f}, {12345.678f, 7}}};

static void json_is_one_line_of_rounded_numbers(void **state)
{
    (void)state;
    write_face(OUTPUT_JSON, "a \"b\".jpg", &sample, 1);
    assert_string_equal(
        written, "{\"v\":1,\"file\":\"a \\\"b\\\".jpg\",\"width\":640,\"height\":480,\"faces\":[{"
                 "\"box\":[10.0,20.5,100.1,50.0],\"score\":0.9877,\"presence\":null,"
                 "\"five\":[[1.0,2.0],[3.0,4.0],[5.0,6.0],[7.0,8.0],[9.0,10.5]],"
                 "\"scheme\":\"five\",\"landmarks\":[[0.1,0.0],[12345.678,7.0]],"
                 "\"pose\":{\"yaw\":-3.142,\"pitch\":null,\"roll\":0.0}}]}\n");
}

static void json_has_every_key_whatever_is_known(void **state)
{
    pfld_face f = {.score = 1, .presence = 0.25f, .pose = {NAN, NAN, NAN}};
    output_result r = {.file = "a.jpg", .width = 8, .height = 9, .faces = &f, .n = 1};
    char text[512] = "";
    output o = {.to = fmemopen(text, sizeof text, "w")};

    (void)state;
    for (int i = 0; i < 5; i++)
        f.five[i] = (pfld_point){NAN, NAN};
    assert_non_null(o.to);
    assert_int_equal(output_write(&o, &r, NULL), PFLD_OK);
    r.n = 0;
    assert_int_equal(output_write(&o, &r, NULL), PFLD_OK);
    fclose(o.to);
    assert_string_equal(text,
                        "{\"v\":1,\"file\":\"a.jpg\",\"width\":8,\"height\":9,\"faces\":[{"
                        "\"box\":[0.0,0.0,0.0,0.0],\"score\":1.0,\"presence\":0.25,\"five\":null,"
                        "\"scheme\":null,\"landmarks\":[],"
                        "\"pose\":{\"yaw\":null,\"pitch\":null,\"roll\":null}}]}\n"
                        "{\"v\":1,\"file\":\"a.jpg\",\"width\":8,\"height\":9,\"faces\":[]}\n");
}

static void json_is_utf8_whatever_the_file_is_called(void **state)
{
    static const char *const cases[][2] = {
        {"gr\xc3\xbc\xc3\x9f.jpg", "gr\xc3\xbc\xc3\x9f.jpg"},
        {"\xfc.jpg", "\xef\xbf\xbd.jpg"},
        {"\xc3", "\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf0\x9f\x99\x82", "\xf0\x9f\x99\x82"},
        {"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *s = output_string(cases[i][0]);

        assert_non_null(s);
        assert_string_equal(json_string_value(s), cases[i][1]);
        json_decref(s);
    }
}

#define CSV_HEADER                                                                                 \
  "file,face,faces,left,top,right,bottom,score,presence,yaw,pitch,roll,five_x0,five_y0,"           \
  "five_x1,five_y1,five_x2,five_y2,five_x3,five_y3,five_x4,five_y4,x0,y0,x1,y1\n"
#define CSV_REST "2,10,20.5,110.1,70.5,0.9877,,-3.142,,0,1,2,3,4,5,6,7,8,9,10.5,0.1,0,12345.678,7\n"

static void csv_has_one_header_and_empty_cells_for_nan(void **state)
{
    const pfld_face two[2] = {sample, sample};

    (void)state;
    write_face(OUTPUT_CSV, "a,\"b\".jpg", two, 2);
    assert_string_equal(written, CSV_HEADER "\"a,\"\"b\"\".jpg\",0," CSV_REST
                                            "\"a,\"\"b\"\".jpg\",1," CSV_REST);
    write_face(OUTPUT_CSV, "a.jpg", two, 0);
    assert_string_equal(written, CSV_HEADER); /* a table without rows is still one */
}

/* Frame, time and id, and how far off the points may be. */
static void frames_have_what_pictures_have_and_more(void **state)
{
    static const float radii[OUTPUT_SHARES] = {1, 2, 3};
    const output_moment moment = {7, 0.28};
    pfld_face f = {.id = 4, .score = 1, .error = 1.5f, .n_landmarks = 1, .cov = {{1, 0.5f, 2}}};
    const output_measures measures = {.m = {.eye_open = {0.25f, 0.30004f},
                                            .mouth_open = 0.5f,
                                            .asymmetry = 0.02f,
                                            .inter_pupil = 61.5f,
                                            .facing = 1},
                                      .happened = PFLD_EVENT_BLINK | PFLD_EVENT_YAWN,
                                      .events = {.mouth_wide = 1, .eyes_since = 0.04}};
    const output_result r = {.file = "a.mp4",
                             .width = 8,
                             .height = 9,
                             .n_landmarks = 1,
                             .faces = &f,
                             .n = 1,
                             .radii = radii,
                             .moment = &moment,
                             .measures = &measures};
    char text[1536] = "";
    output json = {.to = fmemopen(text, sizeof text, "w"), .is_video = true}, csv = json;

    (void)state;
    csv.format = OUTPUT_CSV;
    assert_non_null(json.to);
    assert_int_equal(output_write(&json, &r, NULL), PFLD_OK);
    assert_int_equal(output_begin(&csv, 1, true, NULL), PFLD_OK);
    assert_int_equal(output_write(&csv, &r, NULL), PFLD_OK);
    fclose(json.to);
    assert_string_equal(
        text,
        "{\"v\":1,\"file\":\"a.mp4\",\"frame\":7,\"t\":0.28,\"width\":8,\"height\":9,"
        "\"faces\":[{\"box\":[0.0,0.0,0.0,0.0],\"score\":1.0,\"presence\":0.0,"
        "\"five\":[[0.0,0.0],[0.0,0.0],[0.0,0.0],[0.0,0.0],[0.0,0.0]],\"scheme\":null,"
        "\"landmarks\":[[0.0,0.0]],\"pose\":{\"yaw\":0.0,\"pitch\":0.0,\"roll\":0.0},"
        "\"error\":1.5,\"cov\":[[1.0,0.5,2.0]],\"radii\":{\"50\":1.0,\"90\":2.0,\"99\":3.0},"
        "\"measures\":{\"eye_open\":[0.25,0.3],\"mouth_open\":0.5,\"asymmetry\":0.02,"
        "\"inter_pupil\":61.5,\"facing\":1.0},\"eyes_closed\":false,\"mouth_wide\":true,"
        "\"events\":[{\"event\":\"blink\",\"since\":0.04},{\"event\":\"yawn\",\"since\":0.0}],"
        "\"id\":4}]}\n"
        "file,frame,t,id,faces,left,top,right,bottom,score,presence,yaw,pitch,roll,error,"
        "eye_open0,eye_open1,mouth_open,asymmetry,inter_pupil,facing,eyes_closed,mouth_wide,"
        "blink,long_closure,yawn,"
        "five_x0,five_y0,five_x1,five_y1,five_x2,five_y2,five_x3,five_y3,five_x4,five_y4,"
        "x0,y0\n"
        "a.mp4,7,0.28,4,1,0,0,0,0,1,0,0,0,0,1.5,0.25,0.3,0.5,0.02,61.5,1,0,1,1,0,1,"
        "0,0,0,0,0,0,0,0,0,0,0,0\n");
}

/* A head that looks away, or a scheme without lids and lips. */
static void what_cannot_be_measured_is_empty(void **state)
{
    const output_measures m = {.m = {.eye_open = {NAN, NAN},
                                     .mouth_open = NAN,
                                     .asymmetry = 0.5f,
                                     .inter_pupil = NAN,
                                     .facing = 0.25f},
                               .events = {.eyes_closed = 1}};
    char text[512] = "";
    FILE *to = fmemopen(text, sizeof text, "w");
    json_t *face = json_object();

    (void)state;
    assert_non_null(to);
    output_csv_measures(to, &m);
    fputc('\n', to);
    assert_true(output_put_measures(face, &m, 3));
    assert_int_equal(output_json(to, face, NULL), PFLD_OK);
    fclose(to);
    assert_string_equal(text, ",,,,0.5,,0.25,,,,,\n"
                              "{\"measures\":{\"eye_open\":[null,null],\"mouth_open\":null,"
                              "\"asymmetry\":0.5,\"inter_pupil\":null,\"facing\":0.25},"
                              "\"eyes_closed\":null,\"mouth_wide\":null,\"events\":[],"
                              "\"id\":3}\n");
}

static void the_longest_header_fits(void **state)
{
    char header[OUTPUT_HEADER];
    size_t n = strlen(output_csv_header(PFLD_MAX_LANDMARKS, true, header));

    (void)state;
    assert_true(n < OUTPUT_HEADER - 1);
    assert_string_equal(header + n - 11, ",x127,y127\n");
}

static void pts_counts_from_one(void **state)
{
    (void)state;
    write_face(OUTPUT_PTS, "a.jpg", &sample, 1);
    assert_string_equal(written, "version: 1\nn_points: 2\n{\n1.1 1\n12346.678 8\n}\n");
}

static void a_full_disk_is_noticed(void **state)
{
    output_result r = {.file = "a.jpg",
                       .width = 640,
                       .height = 480,
                       .scheme = "five",
                       .n_landmarks = 2,
                       .faces = &sample,
                       .n = 1};
    pfld_error err = {0};

    (void)state;
    for (int format = OUTPUT_JSON; format <= OUTPUT_PTS; format++) {
        output o = {.to = fopen("/dev/full", "w"), .format = (output_format)format};

        if (!o.to)
            skip();
        assert_int_equal(output_write(&o, &r, &err), PFLD_ERR_IO);
        assert_non_null(strstr(err.msg, "stdout: "));
        o.name = "faces.txt";
        assert_int_equal(output_write(&o, &r, &err), PFLD_ERR_IO);
        assert_non_null(strstr(err.msg, "faces.txt: "));
        fclose(o.to);
    }
}

/* ---- paths ---- */

static void names_from_a_model_stay_in_their_folder(void **state)
{
    static const char *const cases[][2] = {
        {"out", "out"},
        {"../../etc/passwd", "_._.._etc_passwd"},
        {"/abs", "_abs"},
        {"..", "_."},
        {".", "_"},
        {"", "_"},
        {"a b:c\\d\n", "a_b_c_d_"},
        {"\xc3\xa4", "__"},
        {"0123456789abcdefghij", "0123456789abcdefghi"},
    };
    char out[20];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        path_make_safe(cases[i][0], out, sizeof out);
        assert_string_equal(out, cases[i][1]);
    }
}

static void joining_takes_the_name_and_changes_the_ending(void **state)
{
    static const char *const cases[][4] = {
        {"d", "x/a.jpg", ".png", "d/a.png"}, {"d/", "a.tar.gz", ".png", "d/a.tar.png"},
        {"d", "a", ".png", "d/a.png"},       {"d", ".a", ".png", "d/.a.png"},
        {"d", "a.npy", NULL, "d/a.npy"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *joined = path_join(cases[i][0], cases[i][1], cases[i][2]);

        assert_non_null(joined);
        assert_string_equal(joined, cases[i][3]);
        mem_free(joined);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_operands_may_be_mixed),
        cmocka_unit_test(every_spelling_of_a_value_is_the_same),
        cmocka_unit_test(a_value_may_hold_an_equals_sign_and_start_with_a_dash),
        cmocka_unit_test(an_optional_value_stands_behind_an_equals_sign),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(help_is_seen_among_the_options),
        cmocka_unit_test(boxes_gather_and_may_be_negative),
        cmocka_unit_test(choices_and_instruction_sets_go_by_name),
        cmocka_unit_test(wrong_lines_say_what_is_wrong),
        cmocka_unit_test(too_few_operands_are_named),
        cmocka_unit_test(only_near_words_are_suggested),
        cmocka_unit_test(every_command_is_described_once),
        cmocka_unit_test(every_option_is_in_help_man_page_and_completions),
        cmocka_unit_test(help_fits_a_terminal_of_80_columns),
        cmocka_unit_test(only_whole_decimal_numbers_are_read),
        cmocka_unit_test(numbers_print_without_noise),
        cmocka_unit_test(boxes_are_found_by_path_or_base_name),
        cmocka_unit_test(a_header_tells_which_column_is_what),
        cmocka_unit_test(tables_from_spreadsheets_are_read),
        cmocka_unit_test(a_wrong_row_is_wrong_for_its_file_alone),
        cmocka_unit_test(tables_without_the_columns_are_refused),
        cmocka_unit_test(npy_of_every_sound_kind_is_read),
        cmocka_unit_test(npy_in_fortran_order_is_turned),
        cmocka_unit_test(npy_version_2_has_a_longer_header_length),
        cmocka_unit_test(damaged_npy_is_refused),
        cmocka_unit_test(npy_cut_anywhere_is_refused),
        cmocka_unit_test(written_npy_is_read_back),
        cmocka_unit_test(json_is_one_line_of_rounded_numbers),
        cmocka_unit_test(json_is_utf8_whatever_the_file_is_called),
        cmocka_unit_test(json_has_every_key_whatever_is_known),
        cmocka_unit_test(csv_has_one_header_and_empty_cells_for_nan),
        cmocka_unit_test(frames_have_what_pictures_have_and_more),
        cmocka_unit_test(what_cannot_be_measured_is_empty),
        cmocka_unit_test(the_longest_header_fits),
        cmocka_unit_test(pts_counts_from_one),
        cmocka_unit_test(a_full_disk_is_noticed),
        cmocka_unit_test(names_from_a_model_stay_in_their_folder),
        cmocka_unit_test(joining_takes_the_name_and_changes_the_ending),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
