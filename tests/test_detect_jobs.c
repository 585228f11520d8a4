/* pfld detect with several threads, inside one process: for the sanitizer that sees races. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "core/mem.h"
#include "media/codec.h"
#include "tiny_detector.h"
#include "tiny_net.h"

enum { PICTURES = 12, ROUNDS = 4, SIDE = 64 };

static char folder[] = "/tmp/pfld-jobs-XXXXXX";

static void put(const char *name, uint8_t *data, size_t size)
{
    FILE *f = fopen(name, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    fclose(f);
    mem_free(data);
}

static int make_files(void **state)
{
    static const tiny_net points = {.scheme = "five",
                                    .bias = {.3f, .3f, .7f, .3f, .5f, .5f, .4f, .7f, .6f, .7f}};
    tiny_detector marks = tiny_marks;
    size_t size;
    uint8_t *data;
    FILE *list;

    (void)state;
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return -1;
    data = tiny_net_onnx(&points, &size);
    put("points.onnx", data, size);
    marks.sharp = 6; /* the marks are enlarged, which blurs them */
    data = tiny_detector_onnx(&marks, &size);
    put("marks.onnx", data, size);
    for (int i = 0; i < PICTURES; i++) { /* JPEG and PNG, of which every third shows nothing */
        char name[16];
        pfld_image img = tiny_black(SIDE - i, SIDE);
        if (i % 3)
            tiny_mark(&img, 16, 16, TINY_CELL / 2, 0); /* it is shown twice as large */
        snprintf(name, sizeof name, "%02d.%s", i, i % 2 ? "jpg" : "png");
        if (media_write(name, &img, NULL))
            return -1;
        free(img.data);
    }
    list = fopen("list", "w");
    for (int i = 0; list && i < PICTURES * ROUNDS; i++)
        fprintf(list, i % 7 == 6 ? "missing-%02d.jpg\n" : "%02d.%s\n", i % PICTURES,
                i % PICTURES % 2 ? "jpg" : "png");
    return list ? fclose(list) : -1;
}

static int remove_files(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return chdir("/") || system(command);
}

static char *read_all(const char *name, size_t *size)
{
    static char held[2][1 << 17];
    static int next;
    char *to = held[next++ % 2];
    FILE *f = fopen(name, "rb");

    assert_non_null(f);
    *size = fread(to, 1, sizeof held[0] - 1, f);
    to[*size] = 0;
    fclose(f);
    return to;
}

static int detect(const char *line)
{
    static char words[256];
    char *argv[32];
    int argc = 0;

    snprintf(words, sizeof words, "%s", line);
    for (char *s = strtok(words, " "); s; s = strtok(NULL, " "))
        argv[argc++] = s;
    return command_detect.run(&command_detect, argc, argv);
}

#define DETECT                                                                                     \
  "--files-from list -d marks.onnx -m points.onnx --presence 0 --max-side 128 --force --quiet "

static void threads_change_nothing(void **state)
{
    size_t n_one, n_four;
    const char *one, *four;

    (void)state;
    assert_int_equal(detect(DETECT "--results one -j 1 -o one-drawn/"), CLI_SOME_FAILED);
    assert_int_equal(detect(DETECT "--results four -j 4 -o four-drawn/"), CLI_SOME_FAILED);
    one = read_all("one", &n_one);
    four = read_all("four", &n_four);
    assert_int_equal(n_one, n_four);
    assert_memory_equal(one, four, n_one);
    assert_non_null(strstr(one, "\"five\":[["));
    assert_non_null(strstr(one, "\"faces\":[]"));
    one = read_all("one-drawn/01.jpg-2.png", &n_one);
    four = read_all("four-drawn/01.jpg-2.png", &n_four);
    assert_int_equal(n_one, n_four);
    assert_memory_equal(one, four, n_one);
}

static void nobody_takes_the_results_of_threads(void **state)
{
    (void)state;
    if (access("/dev/full", W_OK) != 0)
        skip();
    assert_int_equal(detect(DETECT "--results /dev/full -j 4"), CLI_SOME_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(nobody_takes_the_results_of_threads),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
