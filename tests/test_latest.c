/* The newest frame of a video that plays as a camera does: order, the end, and stopping early. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/latest.h"
#include "video_clip.h"

static char path[] = "/tmp/pfld-latest-XXXXXX";

static int set_up(void **state)
{
    const clip c = {.width = 64, .height = 48, .frames = 20, .rate = {100, 1}};
    int fd = mkstemp(path);

    (void)state;
    if (fd < 0)
        return -1;
    close(fd);
    clip_make(&c, path);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static video_reader *opened(void)
{
    video_reader *r;
    pfld_error err = {0};

    if (video_open(&(video_source){.path = path, .threads = 1}, &r, &err))
        fail_msg("%s", err.msg);
    return r;
}

/* Each is newer than the one before, whole, and the last one is never missed. */
static void play(bool paced)
{
    video_reader *r = opened();
    latest *l;
    video_frame *f = NULL;
    latest_state state;
    double last = -1;
    size_t n = 0;
    pfld_error err = {0};

    assert_int_equal(latest_start(r, paced, &l, &err), PFLD_OK);
    while ((state = latest_take(l, 1000, &f, &err)) != LATEST_END) {
        if (state == LATEST_NONE) /* a slow machine */
            continue;
        assert_true(f->t > last);
        assert_int_equal(f->view.width, 64);
        last = f->t;
        n++;
    }
    assert_int_equal(err.status, PFLD_OK);
    assert_in_range(n, 1, 20);
    assert_true(last > 0.189);
    assert_int_equal(latest_take(l, 0, &f, &err), LATEST_END);
    latest_stop(l);
    video_close(r);
}

static void the_newest_frame_is_given_until_the_end(void **state)
{
    (void)state;
    play(false);
    play(true);
}

static void it_can_be_stopped_at_any_time(void **state)
{
    (void)state;
    for (int taken = 0; taken < 3; taken++) {
        video_reader *r = opened();
        latest *l;
        video_frame *f;
        pfld_error err = {0};

        assert_int_equal(latest_start(r, true, &l, &err), PFLD_OK);
        for (int i = 0; i < taken; i++)
            latest_take(l, 1000, &f, &err);
        latest_stop(l);
        video_close(r);
    }
    latest_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_frame_is_given_until_the_end),
        cmocka_unit_test(it_can_be_stopped_at_any_time),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
