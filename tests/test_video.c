/* Videos: what is written is read back, with its times, sizes and turns; what is no video is not.
 */
#define _POSIX_C_SOURCE 200809L
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

#include "core/file.h"
#include "core/mem.h"
#include "media/video.h"
#include "video_clip.h"

/* cmocka's own is of floats */
static void assert_near(double is, double wanted, double within)
{
    if (!(fabs(is - wanted) <= within))
        fail_msg("%.6f is not %.6f within %g", is, wanted, within);
}

static char dir[] = "/tmp/pfld-video-XXXXXX";
static char path_a[64], path_b[64];

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path_b, sizeof path_b, "%s/b.mkv", dir);
    return 0;
}

static int tear_down(void **state)
{
    char command[96];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command); /* NOLINT(cert-env33-c): our own folder */
}

static const char *named(const char *name)
{
    snprintf(path_a, sizeof path_a, "%s/%s", dir, name);
    return path_a;
}

static video_reader *opened(const char *path, bool sound)
{
    const video_source s = {.path = path, .threads = 2, .sound = sound};
    video_reader *r;
    pfld_error err = {0};

    if (video_open(&s, &r, &err))
        fail_msg("%s", err.msg);
    return r;
}

static bool next(video_reader *r, video_frame *f)
{
    pfld_error err = {0};
    bool more;

    if (video_read(r, f, &more, &err))
        fail_msg("%s", err.msg);
    return more;
}

/* Copies path_a to path by reader and writer. */
static void copied(const char *from, const char *to)
{
    video_reader *r = opened(from, true);
    const video_info *i = video_reader_info(r);
    const video_target t = {.path = to, .like = r, .width = i->width, .height = i->height};
    video_writer *w;
    video_frame f = {0};
    pfld_error err = {0};

    if (video_create(&t, &w, &err))
        fail_msg("%s", err.msg);
    while (next(r, &f))
        assert_int_equal(video_write(w, &f, &f.view, &err), PFLD_OK);
    assert_int_equal(video_write(w, &f, NULL, &err), PFLD_OK);
    if (video_finish(w, &err))
        fail_msg("%s", err.msg);
    video_frame_free(&f);
    video_close(r);
}

/* The bright square of clip_paint() is where it was painted. */
static void assert_painted(const pfld_image *img, int n)
{
    pfld_point at = clip_square(img->width, img->height, n);
    double sum = 0, x = 0, y = 0;

    for (int32_t j = 0; j < img->height; j++)
        for (int32_t i = 0; i < img->width; i++) {
            const uint8_t *p = img->data + j * img->stride + 3 * i;
            if (p[0] < 170 || p[1] > 120) /* red */
                continue;
            sum++;
            x += i;
            y += j;
        }
    assert_true(sum > 0);
    assert_near(x / sum, (double)at.x, 1.5);
    assert_near(y / sum, (double)at.y, 1.5);
}

/* ---- what is written is read back ---- */

static void read_back(const char *name, int width, int height)
{
    const clip c = {.width = width, .height = height, .frames = 31, .rate = {30000, 1001}};
    video_reader *r;
    const video_info *info;
    video_frame f = {0};
    int n = 0;
    pfld_error err = {0};

    clip_make(&c, named("source.mkv"));
    snprintf(path_b, sizeof path_b, "%s/%s", dir, name);
    copied(path_a, path_b);
    r = opened(path_b, false);
    info = video_reader_info(r);
    assert_int_equal(info->width, width + width % 2);
    assert_int_equal(info->height, height + height % 2);
    assert_near(info->rate, 29.97, 0.1);
    for (; next(r, &f); n++) {
        assert_near(f.t, n * 1001 / 30000.0, 0.0011); /* Matroska counts milliseconds */
        assert_painted(&f.view, n);
    }
    assert_int_equal(n, 31);
    assert_int_equal(f.view.width, 0);
    assert_int_equal(video_reader_check(r, &err), PFLD_OK);
    video_frame_free(&f);
    video_close(r);
}

static void frames_sizes_and_times_come_back_from_each_container(void **state)
{
    (void)state;
    read_back("a.mp4", 96, 64);
    read_back("a.mkv", 96, 64);
    read_back("a.avi", 96, 64);
    read_back("A.MP4", 64, 96);
    read_back("a.mov", 64, 96);
}

static void odd_sides_are_made_even(void **state)
{
    (void)state;
    read_back("odd.mp4", 97, 63);
    read_back("odd.mkv", 96, 63);
    read_back("odd.avi", 97, 64);
}

static void a_rate_that_varies_stays_what_it_is(void **state)
{
    static const int at[] = {0, 40, 60, 300, 310, 900, 933, 2000};
    const clip c = {.width = 64, .height = 48, .frames = 8, .rate = {25, 1}, .at_ms = at};
    const char *const names[] = {"vfr.mp4", "vfr.mkv"};

    (void)state;
    clip_make(&c, named("source.mkv"));
    for (int k = 0; k < 2; k++) {
        video_reader *r;
        video_frame f = {0};
        int n = 0;

        snprintf(path_b, sizeof path_b, "%s/%s", dir, names[k]);
        copied(path_a, path_b);
        r = opened(path_b, false);
        for (; next(r, &f); n++)
            assert_near(f.t, at[n] / 1000.0, 0.00051);
        assert_int_equal(n, 8);
        video_frame_free(&f);
        video_close(r);
    }
}

static void ten_bits_and_odd_sizes_are_read_right(void **state)
{
    const clip c = {.width = 97, .height = 63, .frames = 5, .rate = {25, 1}, .ten_bits = true};
    video_reader *r;
    video_frame f = {0};
    int n = 0;

    (void)state;
    clip_make(&c, named("ten.mkv"));
    r = opened(path_a, false);
    assert_int_equal(video_reader_info(r)->width, 97);
    assert_int_equal(video_reader_info(r)->height, 63);
    for (; next(r, &f); n++)
        assert_painted(&f.view, n);
    assert_int_equal(n, 5);
    video_frame_free(&f);
    video_close(r);
}

/* ---- turns ---- */

/* The square as it must be after a turn by so many degrees clockwise. */
static void assert_turned(const pfld_image *img, const clip *c, int n)
{
    pfld_point at = clip_square(c->width, c->height, n);
    float x = at.x, y = at.y, right = (float)(c->width - 1), bottom = (float)(c->height - 1);
    pfld_point want = c->turned == 90    ? (pfld_point){bottom - y, x}
                      : c->turned == 180 ? (pfld_point){right - x, bottom - y}
                      : c->turned == 270 ? (pfld_point){y, right - x}
                                         : at;
    const uint8_t *p;

    if (c->mirrored)
        want.x = (float)(img->width - 1) - want.x;
    p = img->data + lrintf(want.y) * img->stride + 3 * lrintf(want.x);
    assert_true(p[0] > 170 && p[1] < 120);
}

static void a_rotation_in_the_file_is_applied(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        clip c = {.width = 96, .height = 64, .frames = 3, .rate = {25, 1}};
        video_reader *r;
        video_frame f = {0};
        bool swap = i & 1;

        c.turned = i % 4 * 90;
        c.mirrored = i >= 4;
        clip_make(&c, named("turned.mp4"));
        r = opened(path_a, false);
        assert_int_equal(video_reader_info(r)->width, swap ? 64 : 96);
        for (int n = 0; next(r, &f); n++) {
            assert_int_equal(f.view.width, swap ? 64 : 96);
            assert_int_equal(f.view.height, swap ? 96 : 64);
            assert_turned(&f.view, &c, n);
        }
        video_frame_free(&f);
        video_close(r);
    }
}

/* ---- sound ---- */

static size_t count_sound(const char *path, double *last)
{
    video_reader *r = opened(path, true);
    video_frame f = {0};
    size_t n = 0;

    for (bool more = true; more;) {
        more = next(r, &f);
        n += f.n_sound;
        if (more)
            *last = f.t;
    }
    video_frame_free(&f);
    video_close(r);
    return n;
}

static void sound_is_copied(void **state)
{
    const clip c = {.width = 64, .height = 48, .frames = 50, .rate = {25, 1}, .sound = true};
    double last = 0;
    size_t n;

    (void)state;
    clip_make(&c, named("sound.mkv"));
    n = count_sound(path_a, &last);
    assert_true(n > 10);
    snprintf(path_b, sizeof path_b, "%s/copy.mkv", dir);
    copied(path_a, path_b);
    assert_int_equal(count_sound(path_b, &last), n);
    assert_near(last, 49 / 25.0, 0.002);
}

static void sound_that_does_not_fit_is_told(void **state)
{
    const clip c = {.width = 64, .height = 48, .frames = 5, .rate = {25, 1}, .sound = true};
    video_reader *r;
    video_writer *w;
    pfld_error err = {0};

    (void)state;
    clip_make(&c, named("pcm.mkv")); /* bare samples, which MP4 does not take */
    r = opened(path_a, true);
    snprintf(path_b, sizeof path_b, "%s/copy.mp4", dir);
    assert_int_equal(video_create(&(video_target){path_b, r, 64, 48}, &w, &err), PFLD_OK);
    assert_string_equal(video_writer_left_out(w), "pcm_s16le");
    assert_int_equal(video_finish(w, &err), PFLD_OK);
    video_close(r);
}

/* ---- the same again ---- */

static void the_same_frames_make_the_same_bytes(void **state)
{
    const clip c = {.width = 160, .height = 120, .frames = 40, .rate = {25, 1}};
    const char *const names[] = {"one.mp4", "two.mp4"};
    uint8_t *bytes[2];
    size_t sizes[2];
    pfld_error err = {0};

    (void)state;
    clip_make(&c, named("source.mkv"));
    for (int k = 0; k < 2; k++) {
        snprintf(path_b, sizeof path_b, "%s/%s", dir, names[k]);
        copied(path_a, path_b);
        assert_int_equal(file_read(path_b, SIZE_MAX, &bytes[k], &sizes[k], &err), PFLD_OK);
    }
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(bytes[0], bytes[1], sizes[0]);
    mem_free(bytes[0]);
    mem_free(bytes[1]);
}

/* ---- what is no video, or only part of one ---- */

static void assert_refused(const char *path, pfld_status wanted, const char *words)
{
    video_reader *r;
    pfld_error err = {0};

    assert_int_equal(video_open(&(video_source){.path = path, .sound = true}, &r, &err), wanted);
    assert_null(r);
    assert_non_null(strstr(err.msg, path));
    if (!strstr(err.msg, words))
        fail_msg("'%s' is not in '%s'", words, err.msg);
}

static void write_bytes(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void what_is_no_video_is_refused_in_one_sentence(void **state)
{
    const clip c = {.frames = 50, .rate = {25, 1}, .sound = true}; /* no pictures */

    (void)state;
    assert_refused(named("none.mp4"), PFLD_ERR_IO, "No such file");
    assert_refused(dir, PFLD_ERR_IO, "Is a directory");
    write_bytes(named("empty.mp4"), "", 0);
    assert_refused(path_a, PFLD_ERR_FORMAT, "is empty");
    write_bytes(named("text.mp4"), "no video at all, but some words of text", 39);
    assert_refused(path_a, PFLD_ERR_FORMAT, "no video that can be read");
    clip_make(&c, named("sound.mkv"));
    assert_refused(path_a, PFLD_ERR_FORMAT, "there is no video in it, only sound");
}

static void a_file_that_is_cut_short_gives_its_frames_and_says_so(void **state)
{
    const clip c = {.width = 160, .height = 120, .frames = 200, .rate = {25, 1}};
    const char *const names[] = {"cut.mkv", "cut.avi"};
    pfld_error err = {0};

    (void)state;
    clip_make(&c, named("whole.mkv"));
    for (int k = 0; k < 2; k++) {
        video_reader *r;
        video_frame f = {0};
        uint8_t *bytes;
        size_t size, n = 0;

        snprintf(path_b, sizeof path_b, "%s/%s", dir, names[k]);
        copied(path_a, path_b);
        assert_int_equal(file_read(path_b, SIZE_MAX, &bytes, &size, &err), PFLD_OK);
        write_bytes(path_b, bytes, size / 2);
        mem_free(bytes);
        r = opened(path_b, false);
        for (; next(r, &f); n++)
            if (f.t < 3) /* the last one is only there in part */
                assert_painted(&f.view, (int)lrint(25 * f.t));
        assert_in_range(n, 20, 180);
        assert_int_equal(video_reader_check(r, &err), PFLD_ERR_FORMAT);
        assert_non_null(strstr(err.msg, "cut short"));
        video_frame_free(&f);
        video_close(r);
    }
}

static void an_mp4_without_its_end_is_refused(void **state)
{
    const clip c = {.width = 64, .height = 48, .frames = 20, .rate = {25, 1}};
    uint8_t *bytes;
    size_t size;
    pfld_error err = {0};

    (void)state;
    clip_make(&c, named("whole.mkv"));
    snprintf(path_b, sizeof path_b, "%s/cut.mp4", dir);
    copied(path_a, path_b);
    assert_int_equal(file_read(path_b, SIZE_MAX, &bytes, &size, &err), PFLD_OK);
    write_bytes(path_b, bytes, size / 2);
    mem_free(bytes);
    assert_refused(path_b, PFLD_ERR_FORMAT, "no video that can be read");
}

/* Every byte of a short file is changed in turn: the answers are frames or a sentence, never a
 * crash, and never an endless loop. */
static void damaged_files_are_survived(void **state)
{
    const clip c = {.width = 32, .height = 32, .frames = 3, .rate = {25, 1}};
    uint8_t *bytes;
    size_t size;
    pfld_error err = {0};

    (void)state;
    clip_make(&c, named("whole.mkv"));
    snprintf(path_b, sizeof path_b, "%s/bad.mp4", dir);
    copied(path_a, path_b);
    assert_int_equal(file_read(path_b, SIZE_MAX, &bytes, &size, &err), PFLD_OK);
    for (size_t at = 0; at < size; at += 7) {
        video_reader *r;
        video_frame f = {0};
        bool more = true;

        bytes[at] ^= 0xff;
        write_bytes(path_b, bytes, size);
        bytes[at] ^= 0xff;
        if (video_open(&(video_source){.path = path_b, .threads = 1}, &r, &err))
            continue;
        for (int n = 0; more && n < 1000; n++)
            if (video_read(r, &f, &more, &err))
                break;
        video_frame_free(&f);
        video_close(r);
    }
    mem_free(bytes);
}

static void names_that_cannot_be_written_are_refused(void **state)
{
    const clip c = {.width = 64, .height = 48, .frames = 2, .rate = {25, 1}};
    video_reader *r;
    video_writer *w;
    pfld_error err = {0};

    (void)state;
    assert_true(video_is_writable("-") && video_is_writable("a/b.MKV"));
    assert_false(video_is_writable("a.webm") || video_is_writable(".mp4"));
    clip_make(&c, named("a.mkv"));
    r = opened(path_a, false);
    assert_int_equal(video_create(&(video_target){"/none/a.mp4", r, 64, 48}, &w, &err),
                     PFLD_ERR_IO);
    assert_int_equal(video_create(&(video_target){"a.txt", r, 64, 48}, &w, &err), PFLD_ERR_ARG);
    video_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_sizes_and_times_come_back_from_each_container),
        cmocka_unit_test(odd_sides_are_made_even),
        cmocka_unit_test(a_rate_that_varies_stays_what_it_is),
        cmocka_unit_test(ten_bits_and_odd_sizes_are_read_right),
        cmocka_unit_test(a_rotation_in_the_file_is_applied),
        cmocka_unit_test(sound_is_copied),
        cmocka_unit_test(sound_that_does_not_fit_is_told),
        cmocka_unit_test(the_same_frames_make_the_same_bytes),
        cmocka_unit_test(what_is_no_video_is_refused_in_one_sentence),
        cmocka_unit_test(a_file_that_is_cut_short_gives_its_frames_and_says_so),
        cmocka_unit_test(an_mp4_without_its_end_is_refused),
        cmocka_unit_test(damaged_files_are_survived),
        cmocka_unit_test(names_that_cannot_be_written_are_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
