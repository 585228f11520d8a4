/* Pictures to files and back: whole or not at all. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media_files.h"

/* ---- the n-th allocation fails ---- */

static long fail_at = -1; /* counts down to 0; negative: never */
static long n_asked;

void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    n_asked++;
    if (fail_at >= 0 && fail_at-- == 0)
        return NULL;
    return __real_aligned_alloc(align, size);
}

/* ---- files ---- */

typedef struct folder {
    char path[64];
} folder;

static int folder_open(void **state)
{
    static folder f;
    snprintf(f.path, sizeof f.path, "/tmp/test_media.XXXXXX");
    *state = &f;
    return mkdtemp(f.path) ? 0 : -1;
}

static int folder_close(void **state)
{
    folder *f = *state;
    DIR *d = opendir(f->path);
    struct dirent *e;

    while (d && (e = readdir(d)))
        unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    return rmdir(f->path);
}

static int count_entries(const folder *f)
{
    DIR *d = opendir(f->path);
    int n = -2; /* . and .. */

    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static const char *in(const folder *f, const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    return path;
}

/* RGB samples as a view of the given format, with rows apart and, if wished, bottom up. */
static pfld_image view_of(const uint8_t *rgb, int w, int h, pfld_format format, bool bottom_up,
                          uint8_t *memory)
{
    int channels = format == PFLD_GRAY8 ? 1 : format == PFLD_RGB8 || format == PFLD_BGR8 ? 3 : 4;
    bool bgr = format == PFLD_BGR8 || format == PFLD_BGRA8;
    ptrdiff_t stride = w * channels + 5;
    pfld_image v = {memory, w, h, stride, format};

    memset(memory, 0x5a, (size_t)(stride * h));
    if (bottom_up) {
        v.data = memory + stride * (h - 1);
        v.stride = -stride;
    }
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int c = 0; c < (channels < 3 ? 1 : 3); c++)
                v.data[y * v.stride + x * channels + (bgr ? 2 - c : c)] = rgb[(y * w + x) * 3 + c];
    return v;
}

static void expect_file(const char *path, int w, int h, pfld_format format, const uint8_t *rgb,
                        int tolerance)
{
    media_image img;
    pfld_error err;
    int channels = format == PFLD_GRAY8 ? 1 : 3;

    if (media_read(path, &img, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(img.view.width, w);
    assert_int_equal(img.view.height, h);
    assert_int_equal(img.view.format, format);
    for (int i = 0; i < w * h; i++)
        for (int c = 0; c < channels; c++)
            assert_true(abs(img.view.data[i * channels + c] - rgb[3 * i + c]) <= tolerance);
    media_image_free(&img);
}

static void written_pictures_are_read_back(void **state)
{
    static const pfld_format formats[] = {PFLD_GRAY8, PFLD_RGB8, PFLD_BGR8, PFLD_RGBA8, PFLD_BGRA8};
    static const struct {
        const char *name;
        int tolerance;
    } names[] = {{"a.png", 0}, {"a.PNG", 0}, {"a.jpg", 12}, {"a.jpeg", 12}, {"a.JpG", 12}};
    static uint8_t rgb[29 * 21 * 3], memory[29 * 21 * 8];
    pfld_error err;

    paint(rgb, 29, 21);
    for (int i = 0; i < 10; i++)
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            pfld_format format = formats[i % 5];
            pfld_image v = view_of(rgb, 29, 21, format, i >= 5, memory);
            const char *path = in(*state, names[k].name);
            if (media_write(path, &v, &err))
                fail_msg("%s", err.msg);
            expect_file(path, 29, 21, format == PFLD_GRAY8 ? PFLD_GRAY8 : PFLD_RGB8, rgb,
                        names[k].tolerance);
        }
    assert_int_equal(count_entries(*state), 5);
}

static void stdout_gets_a_png(void **state)
{
    uint8_t rgb[3 * 2 * 3];
    pfld_image v = {rgb, 3, 2, 9, PFLD_RGB8};
    const char *path = in(*state, "out");
    int saved, fd = open(path, O_RDWR | O_CREAT, 0600);
    pfld_status st;

    paint(rgb, 3, 2);
    fflush(stdout);
    saved = dup(1);
    assert_true(fd >= 0 && saved >= 0);
    dup2(fd, 1);
    st = media_write("-", &v, NULL);
    dup2(saved, 1);
    close(saved);
    close(fd);
    assert_int_equal(st, PFLD_OK);
    expect_file(path, 3, 2, PFLD_RGB8, rgb, 0);
}

static void expect_write_error(const char *path, const pfld_image *img, pfld_status status,
                               const char *words)
{
    pfld_error err = {0};

    assert_int_equal(media_write(path, img, &err), status);
    assert_memory_equal(err.msg, path, strlen(path));
    if (!strstr(err.msg, words))
        fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
}

static void failed_writes_leave_nothing_behind(void **state)
{
    uint8_t rgb[3 * 2 * 3];
    pfld_image v = {rgb, 3, 2, 9, PFLD_RGB8}, none = {0};
    char dir[256];

    paint(rgb, 3, 2);
    expect_write_error(in(*state, "a.gif"), &v, PFLD_ERR_ARG, ".png");
    expect_write_error(in(*state, "png"), &v, PFLD_ERR_ARG, ".png");
    expect_write_error(".png", &v, PFLD_ERR_ARG, ".png");
    expect_write_error(in(*state, "a.png"), &none, PFLD_ERR_ARG, "");
    expect_write_error(in(*state, "no/such/folder.png"), &v, PFLD_ERR_IO, "No such file");
    assert_int_equal(count_entries(*state), 0);
    snprintf(dir, sizeof dir, "%s", in(*state, "folder.png"));
    assert_int_equal(mkdir(dir, 0700), 0);
    expect_write_error(dir, &v, PFLD_ERR_IO, "directory");
    assert_int_equal(count_entries(*state), 1);
    assert_int_equal(rmdir(dir), 0);
}

static void each_failing_allocation_of_a_write_is_reported(void **state)
{
    static uint8_t rgb[400 * 300 * 3]; /* noise: the output outgrows its first buffer */
    pfld_image v = {rgb, 400, 300, 1200, PFLD_RGB8};
    uint32_t seed = 1;
    pfld_error err;

    for (size_t i = 0; i < sizeof rgb; i++) {
        seed = seed * 1664525 + 1013904223;
        rgb[i] = (uint8_t)(seed >> 24);
    }
    for (int k = 0; k < 2; k++) {
        const char *path = in(*state, k ? "a.png" : "a.jpg");
        long n;
        n_asked = 0;
        assert_int_equal(media_write(path, &v, &err), PFLD_OK);
        n = n_asked;
        assert_true(n >= 3);
        assert_int_equal(unlink(path), 0);
        for (long i = 0; i < n; i++) {
            fail_at = i;
            assert_int_equal(media_write(path, &v, &err), PFLD_ERR_NOMEM);
            fail_at = -1;
            assert_int_equal(count_entries(*state), 0);
        }
    }
}

static void read_errors_name_the_file(void **state)
{
    const char *path = in(*state, "a.jpg");
    FILE *f = fopen(path, "wb");
    media_image img;
    pfld_error err;

    assert_non_null(f);
    fclose(f);
    assert_int_equal(media_read(path, &img, &err), PFLD_ERR_FORMAT);
    assert_memory_equal(err.msg, path, strlen(path));
    assert_non_null(strstr(err.msg, "empty"));
    path = in(*state, "missing.jpg");
    assert_int_equal(media_read(path, &img, &err), PFLD_ERR_IO);
    assert_memory_equal(err.msg, path, strlen(path));
    assert_null(img.view.data);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_open, folder_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(written_pictures_are_read_back),
        IN_FOLDER(stdout_gets_a_png),
        IN_FOLDER(failed_writes_leave_nothing_behind),
        IN_FOLDER(each_failing_allocation_of_a_write_is_reported),
        IN_FOLDER(read_errors_name_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
