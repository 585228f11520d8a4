/* The pictures that operands and lists mean. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/inputs.h"

static char folder[] = "/tmp/pfld-inputs-XXXXXX";

static void make_file(const char *name)
{
    FILE *f = fopen(name, "w");

    assert_non_null(f);
    fclose(f);
}

static void make_dir(const char *name)
{
    assert_int_equal(mkdir(name, 0777), 0);
}

/* The tests run inside of a folder of their own. */
static int enter_folder(void **state)
{
    static const char *const dirs[] = {"p", "p/b", "p/b/deep", "p/.hid", "p/z.png", "q", "e"};
    static const char *const files[] = {
        "p/2.PNG",    "p/1.jpg",        "p/10.jpeg", "p/x.txt",      "p/.h.jpg",
        "p/b/a.webp", "p/b/deep/k.ppm", "p/jpg",     "p/.hid/s.jpg", "p/z.png/in.bmp",
        "q/1.jpg",    "lit[1].jpg",     "lit1.jpg"};

    (void)state;
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return -1;
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
        make_dir(dirs[i]);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        make_file(files[i]);
    return symlink("..", "p/b/loop") || symlink("gone.jpg", "p/b/broken.jpg") ||
           symlink("../q/1.jpg", "p/link.jpg");
}

static int leave_folder(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return chdir("/") || system(command);
}

/* What comes of it, a line each: "path (inside)", or "! sentence". */
static char listed[1 << 16];

static void list(const inputs_spec *spec)
{
    inputs *in;
    inputs_file f;
    pfld_error err = {0};
    inputs_step step;
    size_t used = 0, files = 0;

    listed[0] = 0;
    assert_int_equal(inputs_open(spec, &in, &err), PFLD_OK);
    while ((step = inputs_next(in, &f, &err)) != INPUTS_END) {
        assert_true(used < sizeof listed - 1000);
        if (step == INPUTS_FILE)
            used += (size_t)snprintf(listed + used, sizeof listed - used, "%s (%s)\n", f.path,
                                     f.inside);
        else
            used += (size_t)snprintf(listed + used, sizeof listed - used, "! %s\n", err.msg);
        files += step == INPUTS_FILE;
    }
    assert_int_equal(inputs_next(in, &f, &err), INPUTS_END); /* and stays there */
    inputs_close(in);
    assert_int_equal(inputs_count(spec), files);
}

static void list_operand(char *operand, bool recursive)
{
    list(&(inputs_spec){.operands = &operand, .n = 1, .recursive = recursive});
}

static void list_text(const char *text, size_t n, bool null_ended)
{
    FILE *f = fopen("list", "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
    list(&(inputs_spec){.list = "list", .null_ended = null_ended});
    remove("list");
}

static char p[] = "p", p_slash[] = "p/", missing[] = "no.jpg", dash[] = "-";

static void a_folder_is_its_pictures_by_name(void **state)
{
    (void)state;
    list_operand(p, false);
    assert_string_equal(listed, "p/1.jpg (1.jpg)\n"
                                "p/10.jpeg (10.jpeg)\n"
                                "p/2.PNG (2.PNG)\n"
                                "p/link.jpg (link.jpg)\n");
    list_operand(p_slash, false);
    assert_non_null(strstr(listed, "p/1.jpg (1.jpg)\n"));
}

static void below_a_folder_its_folders_follow(void **state)
{
    (void)state;
    list_operand(p, true);
    assert_string_equal(listed, "p/1.jpg (1.jpg)\n"
                                "p/10.jpeg (10.jpeg)\n"
                                "p/2.PNG (2.PNG)\n"
                                "p/link.jpg (link.jpg)\n"
                                "p/b/a.webp (b/a.webp)\n"
                                "p/b/broken.jpg (b/broken.jpg)\n"
                                "p/b/deep/k.ppm (b/deep/k.ppm)\n"
                                "p/z.png/in.bmp (z.png/in.bmp)\n");
}

static void a_folder_without_pictures_is_told(void **state)
{
    char e[] = "e", root[] = ".";

    (void)state;
    list_operand(e, false);
    assert_string_equal(listed, "! e/: no pictures in this folder (--recursive looks below it)\n");
    list_operand(e, true);
    assert_string_equal(listed, "! e/: no pictures in this folder\n");
    list_operand(root, true);
    assert_null(strstr(listed, "!"));
    assert_non_null(strstr(listed, "./q/1.jpg (q/1.jpg)\n"));
}

static void files_and_stdin_are_taken_as_they_are(void **state)
{
    char text[] = "p/x.txt";
    char *all[] = {text, dash, missing};

    (void)state;
    list(&(inputs_spec){.operands = all, .n = 3});
    assert_string_equal(listed, "p/x.txt (x.txt)\n- (-)\nno.jpg (no.jpg)\n");
}

static void patterns_match_where_no_file_has_the_name(void **state)
{
    char jpg[] = "p/*.jp*g", literal[] = "lit[1].jpg", folders[] = "[pq]", none[] = "p/*.gif";

    (void)state;
    list_operand(jpg, false);
    assert_string_equal(listed, "p/1.jpg (1.jpg)\np/10.jpeg (10.jpeg)\np/link.jpg (link.jpg)\n");
    list_operand(literal, false);
    assert_string_equal(listed, "lit[1].jpg (lit[1].jpg)\n");
    list_operand(folders, false);
    assert_non_null(strstr(listed, "p/1.jpg (p/1.jpg)\n"));
    assert_non_null(strstr(listed, "q/1.jpg (q/1.jpg)\n"));
    list_operand(none, false);
    assert_string_equal(listed, "! p/*.gif: no file of this name, and none matches it\n");
}

static void what_fails_does_not_end_the_rest(void **state)
{
    char none[] = "*.gif", e[] = "e", q[] = "q";
    char *all[] = {none, e, q};

    (void)state;
    list(&(inputs_spec){.operands = all, .n = 3});
    assert_int_equal(strncmp(listed, "! *.gif", 7), 0);
    assert_non_null(strstr(listed, "\n! e/: no pictures"));
    assert_non_null(strstr(listed, "\nq/1.jpg (1.jpg)\n"));
}

#define TEXT(s) (s), sizeof(s) - 1

static void a_list_has_a_name_a_line(void **state)
{
    (void)state;
    list_text(TEXT("\xef\xbb\xbfq/1.jpg\r\n\n  a b.jpg\r\n*.jpg\n-\nq\n/abs/../x.jpg"), false);
    assert_string_equal(listed, "q/1.jpg (q/1.jpg)\n  a b.jpg (  a b.jpg)\n*.jpg (*.jpg)\n"
                                "./- (./-)\nq/1.jpg (q/1.jpg)\n/abs/../x.jpg (/abs/../x.jpg)\n");
    list_text(TEXT(""), false);
    assert_string_equal(listed, "");
    list_text(TEXT("\n\r\n"), false);
    assert_string_equal(listed, "");
}

static void a_list_may_end_its_names_with_a_0_byte(void **state)
{
    (void)state;
    list_text(TEXT("a\nb.jpg\0c\r\0\0d.jpg"), true);
    assert_string_equal(listed, "a\nb.jpg (a\nb.jpg)\nc\r (c\r)\nd.jpg (d.jpg)\n");
}

static void wrong_lines_are_told_by_their_number(void **state)
{
    static char text[200000];

    (void)state;
    list_text(TEXT("a.jpg\nb.jpg\0c.jpg\nd.jpg\n"), false);
    assert_string_equal(listed, "a.jpg (a.jpg)\n! list: line 2 holds a 0 byte (--null is for names "
                                "that end with one)\nd.jpg (d.jpg)\n");
    memset(text, 'x', sizeof text);
    memcpy(text + sizeof text - 6, "\ny.jpg", 6);
    list_text(text, sizeof text, false);
    assert_string_equal(listed, "! list: line 1 is too long for a name\ny.jpg (y.jpg)\n");
}

static void a_list_that_is_missing_is_refused(void **state)
{
    inputs *in;
    pfld_error err = {0};

    (void)state;
    assert_int_equal(inputs_open(&(inputs_spec){.list = "nowhere"}, &in, &err), PFLD_ERR_IO);
    assert_null(in);
    assert_int_equal(err.sys, ENOENT);
    assert_non_null(strstr(err.msg, "nowhere"));
}

static void operands_come_before_the_list(void **state)
{
    char *all[] = {missing};
    FILE *f = fopen("list", "w");

    (void)state;
    assert_non_null(f);
    fputs("z.jpg\n", f);
    fclose(f);
    list(&(inputs_spec){.operands = all, .n = 1, .list = "list"});
    assert_string_equal(listed, "no.jpg (no.jpg)\nz.jpg (z.jpg)\n");
    remove("list");
}

static bool single(char *operand)
{
    return inputs_is_single(&(inputs_spec){.operands = &operand, .n = 1});
}

static void one_file_is_told_from_more(void **state)
{
    char pattern[] = "p/*.jpg", literal[] = "lit[1].jpg", *two[] = {missing, dash}, *one[] = {dash};

    (void)state;
    assert_true(single(missing));
    assert_true(single(dash));
    assert_true(single(literal));
    assert_false(single(pattern));
    assert_false(single(p));
    assert_false(inputs_is_single(&(inputs_spec){.operands = two, .n = 2}));
    assert_false(inputs_is_single(&(inputs_spec){.operands = one, .n = 1, .list = "l"}));
    assert_false(inputs_is_single(&(inputs_spec){.list = "l"}));
}

/* A deep tree whose paths no system takes: it is told, and the rest is done. */
static void a_path_that_is_too_long_is_told(void **state)
{
    char name[201] = "", deep[] = "deep";
    int levels = 0;

    (void)state;
    memset(name, 'd', 200);
    make_dir("deep");
    make_file("deep/a.jpg");
    assert_int_equal(chdir("deep"), 0);
    for (; levels < 25; levels++) {
        make_dir(name);
        assert_int_equal(chdir(name), 0);
    }
    make_file("last.jpg");
    assert_int_equal(chdir(folder), 0);
    list_operand(deep, true);
    assert_int_equal(strncmp(listed, "deep/a.jpg (a.jpg)\n! ...", 24), 0);
    assert_non_null(strstr(listed, ": File name too long\n"));
    assert_null(strstr(listed, "last.jpg"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_its_pictures_by_name),
        cmocka_unit_test(below_a_folder_its_folders_follow),
        cmocka_unit_test(a_folder_without_pictures_is_told),
        cmocka_unit_test(files_and_stdin_are_taken_as_they_are),
        cmocka_unit_test(patterns_match_where_no_file_has_the_name),
        cmocka_unit_test(what_fails_does_not_end_the_rest),
        cmocka_unit_test(a_list_has_a_name_a_line),
        cmocka_unit_test(a_list_may_end_its_names_with_a_0_byte),
        cmocka_unit_test(wrong_lines_are_told_by_their_number),
        cmocka_unit_test(a_list_that_is_missing_is_refused),
        cmocka_unit_test(operands_come_before_the_list),
        cmocka_unit_test(one_file_is_told_from_more),
        cmocka_unit_test(a_path_that_is_too_long_is_told),
    };

    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
