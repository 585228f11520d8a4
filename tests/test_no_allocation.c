/* pfld.h: once a session is made, nothing that is asked of it asks the system for memory. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "image/image.h"
#include "media/codec.h"
#include "pfld/pfld.h"

/* The linker sends whatever the library asks of the system through here. */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void __real_free(void *p);
void __wrap_free(void *p);

static long asked; /* for memory, and to take it back */

void *__wrap_malloc(size_t size)
{
    asked++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    asked++;
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    asked++;
    return __real_realloc(p, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    asked++;
    return __real_aligned_alloc(align, size);
}

void __wrap_free(void *p)
{
    asked++;
    __real_free(p);
}

/* ---- the models, and pictures made of one portrait ---- */

enum { CAP = 16 };

typedef struct fixture {
    pfld_model *points, *finder;
    media_image portrait;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    pfld_error err = {0};

    *state = &f;
    if (pfld_model_load_default(NULL, &f.points, &err) == PFLD_ERR_UNSUPPORTED ||
        pfld_model_load_default_detector(NULL, &f.finder, &err) == PFLD_ERR_UNSUPPORTED)
        return 0; /* each test skips itself */
    if (err.status ||
        media_read(PFLD_SOURCE_DIR "/docs/portrait.png", &f.portrait, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    pfld_model_free(f->points);
    pfld_model_free(f->finder);
    media_image_free(&f->portrait);
    return 0;
}

static pfld_image grey(int32_t width, int32_t height)
{
    uint8_t *data = mem_alloc((size_t)width * (size_t)height, 3);

    assert_non_null(data);
    memset(data, 128, (size_t)width * (size_t)height * 3);
    return (pfld_image){data, width, height, (ptrdiff_t)width * 3, PFLD_RGB8};
}

/* The portrait, of that width, turned counter-clockwise by quarters, its corner at x, y. */
static void paste(pfld_image *img, const pfld_image *portrait, int32_t x, int32_t y, int32_t width,
                  int quarters)
{
    const int32_t height = width * portrait->height / portrait->width;
    const float step = (float)portrait->width / (float)width;
    const float right = (float)portrait->width - 1, bottom = (float)portrait->height - 1;
    const affine how[] = {{step, 0, 0, 0, step, 0},
                          {0, -step, right, step, 0, 0},
                          {-step, 0, right, 0, -step, bottom}};
    pfld_image part = *img;

    part.data += y * img->stride + (ptrdiff_t)3 * x;
    part.width = quarters == 1 ? height : width;
    part.height = quarters == 1 ? width : height;
    image_warp(portrait, &how[quarters], &part);
}

/* ---- what is counted ---- */

static pfld_session *start(const fixture *f, const pfld_options *o)
{
    pfld_error err = {0};
    pfld_session *s;

    if (pfld_session_create(f->points, f->finder, o, &s, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    return s;
}

/* Faces of the picture; *first is the best of them. */
static size_t detect(pfld_session *s, const pfld_image *img, pfld_face *first)
{
    static pfld_face faces[CAP];
    pfld_error err = {0};
    size_t n = 0;
    long before = asked;

    if (pfld_detect(s, img, faces, CAP, &n, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(asked, before);
    *first = faces[0];
    return n;
}

static void measure(pfld_session *s, const pfld_image *img, const pfld_box *box)
{
    pfld_error err = {0};
    pfld_face face;
    long before = asked;

    if (pfld_landmarks(s, img, box, &face, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(asked, before);
}

/* One session for all: small pictures first, larger ones than it has seen after them. */
static void use(const fixture *f, const pfld_options *o)
{
    const pfld_image *portrait = &f->portrait.view;
    const pfld_box off = {60, 20, 180, 200}; /* the second pass mends it */
    pfld_session *s = start(f, o);
    pfld_image img = grey(900, 700), none = grey(64, 48), large;
    pfld_face face;

    assert_int_equal(detect(s, &none, &face), 0);
    assert_int_equal(detect(s, portrait, &face), 1);
    measure(s, portrait, &face.box);
    measure(s, portrait, &off);

    paste(&img, portrait, 0, 0, 440, 0);
    paste(&img, portrait, 450, 0, 220, 0);
    paste(&img, portrait, 700, 10, 110, 0);
    paste(&img, portrait, 450, 360, 330, 2);
    paste(&img, portrait, 0, 370, 330, 1);
    assert_true(detect(s, &img, &face) >= 5); /* tall and wide, upright and turned */

    large = grey(2300, 1800);
    paste(&large, portrait, 100, 90, 1320, 0);
    paste(&large, portrait, 1500, 1200, 440, 0);
    assert_true(detect(s, &large, &face) >= 2);
    measure(s, &large, &face.box);

    large.format = PFLD_BGR8; /* any other look at it */
    detect(s, &large, &face);
    assert_int_equal(detect(s, &none, &face), 0); /* searched turned as well, where that is asked */
    pfld_session_free(s);
    mem_free(large.data);
    mem_free(none.data);
    mem_free(img.data);
}

static void skip_without_models(const fixture *f)
{
    if (!f->points || !f->finder)
        skip();
}

static void a_session_allocates_nothing(void **state)
{
    const fixture *f = *state;

    skip_without_models(f);
    use(f, NULL);
}

/* Searched turned by quarters; in tiles; its faces read by several threads. */
static void no_option_makes_it_allocate(void **state)
{
    const fixture *f = *state;
    pfld_options o;

    skip_without_models(f);
    pfld_options_init(&o, sizeof o);
    o.turns = 1;
    use(f, &o);
    o.min_face = 12;
    use(f, &o);
    o.max_side = 320;
    o.min_face = 0;
    use(f, &o);
    pfld_options_init(&o, sizeof o);
    o.threads = 3;
    use(f, &o);
}

static void without_a_second_look_neither(void **state)
{
    const fixture *f = *state;
    pfld_session *s;
    pfld_options o;
    pfld_face face;

    skip_without_models(f);
    pfld_options_init(&o, sizeof o);
    o.presence_min = -1;
    o.passes = 1;
    s = start(f, &o);
    assert_int_equal(detect(s, &f->portrait.view, &face), 1);
    pfld_session_free(s);
}

static void nor_do_nets_of_bytes(void **state)
{
    fixture f = *(const fixture *)*state;
    pfld_error err = {0};

    skip_without_models(&f);
    if (pfld_model_load(PFLD_SOURCE_DIR "/models/pfld-0.25x-ibug68-int8.onnx", NULL, &f.points,
                        &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    use(&f, NULL);
    pfld_model_free(f.points);
}

/* A face that comes, goes to the side, is lost and comes again. */
static void nor_does_following_and_measuring(void **state)
{
    const fixture *f = *state;
    static pfld_face faces[CAP];
    pfld_error err = {0};
    pfld_tracker *tracker;
    pfld_session *s;
    pfld_measures m;
    pfld_events events = {0};
    size_t seen = 0;
    long before;

    skip_without_models(f);
    s = start(f, NULL);
    assert_int_equal(pfld_tracker_create(NULL, &tracker, &err), PFLD_OK);
    before = asked;
    for (int i = 0; i < 60; i++) {
        pfld_image part = f->portrait.view;
        size_t n = 0;

        part.data += 3 * (ptrdiff_t)(i % 20);
        part.width -= 20;
        if (i / 15 % 2)
            part.height = 40; /* hair */
        assert_int_equal(pfld_track(tracker, s, &part, i / 25.0, faces, CAP, &n, &err), PFLD_OK);
        seen += n;
        for (size_t k = 0; k < n && k < CAP; k++) {
            assert_int_equal(pfld_measure(&faces[k], &m, &err), PFLD_OK);
            pfld_events_update(&events, &m, i / 25.0);
        }
    }
    pfld_tracker_reset(tracker);
    assert_int_equal(asked, before);
    assert_true(seen > 20 && seen < 60);
    pfld_tracker_free(tracker);
    pfld_session_free(s);
}

static void refused_calls_allocate_nothing(void **state)
{
    const fixture *f = *state;
    const pfld_box outside = {-500, -500, 100, 100};
    pfld_error err = {0};
    pfld_session *s;
    pfld_face face;
    pfld_image broken = f->portrait.view;
    size_t n;
    long before;

    skip_without_models(f);
    s = start(f, NULL);
    broken.width = 0;
    before = asked;
    assert_int_equal(pfld_detect(s, &broken, &face, 1, &n, &err), PFLD_ERR_ARG);
    assert_int_equal(pfld_landmarks(s, &f->portrait.view, &outside, &face, &err), PFLD_ERR_ARG);
    assert_int_equal(asked, before);
    pfld_session_free(s);
}

/* Or the others would pass whatever happens. */
static void what_is_allocated_is_counted(void **state)
{
    long before = asked;

    (void)state;
    mem_free(mem_alloc(1, 1));
    assert_true(asked == before + 2);
    mem_free(mem_alloc(1, 1 << 20));
    assert_true(asked == before + 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_allocated_is_counted),
        cmocka_unit_test(a_session_allocates_nothing),
        cmocka_unit_test(no_option_makes_it_allocate),
        cmocka_unit_test(without_a_second_look_neither),
        cmocka_unit_test(nor_do_nets_of_bytes),
        cmocka_unit_test(nor_does_following_and_measuring),
        cmocka_unit_test(refused_calls_allocate_nothing),
    };

    return cmocka_run_group_tests_name("no_allocation", tests, set_up, tear_down);
}
