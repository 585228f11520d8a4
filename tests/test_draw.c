/* The annotated picture: where ink goes, where it never goes, and odd faces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "geometry/frontal.h"
#include "media/draw.h"

enum { W = 400, H = 300, GREY = 90 };

static uint8_t memory[W * H * 4];
static const draw_options nothing = {true, true, true, true, true, true, false, 0, 0};

static long fail_at = -1; /* counts down to 0; negative: never */

void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    if (fail_at >= 0 && fail_at-- == 0)
        return NULL;
    return __real_aligned_alloc(align, size);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

/* What mem_alloc() takes large blocks from. */
void *__wrap_calloc(size_t n, size_t size)
{
    if (fail_at >= 0 && fail_at-- == 0)
        return NULL;
    return __real_calloc(n, size);
}

static pfld_image flat_picture(pfld_format format)
{
    int channels = format == PFLD_GRAY8 ? 1 : format == PFLD_RGB8 || format == PFLD_BGR8 ? 3 : 4;

    memset(memory, GREY, sizeof memory);
    return (pfld_image){memory, W, H, W * channels, format};
}

/* A face of 100 pixels around (200, 150), its points on a spiral: all of them apart. */
static pfld_face some_face(void)
{
    pfld_face f = {.box = {150, 100, 100, 100}, .score = 0.5f, .n_landmarks = 68};

    for (int i = 0; i < 68; i++) {
        float a = (float)i * 0.7f, r = 5 + (float)i * 0.55f;
        f.landmarks[i] = (pfld_point){200 + r * cosf(a), 150 + r * sinf(a)};
    }
    for (int i = 0; i < 5; i++)
        f.five[i] = (pfld_point){170 + 15 * (float)i, 160};
    return f;
}

static void draw_ok(const pfld_image *img, const pfld_face *f, size_t n, const draw_options *opt,
                    media_image *out)
{
    pfld_error err = {0};

    if (draw_faces(img, scheme_find("ibug68"), f, n, opt, out, &err))
        fail_msg("%s", err.msg);
    if (!opt || opt->scale == 0) {
        assert_int_equal(out->view.width, img->width);
        assert_int_equal(out->view.height, img->height);
    }
    assert_int_equal(out->view.format, PFLD_RGB8);
}

static const uint8_t *pixel(const media_image *img, int x, int y)
{
    return img->view.data + y * img->view.stride + 3 * x;
}

static bool has_ink(const media_image *img, int x, int y)
{
    const uint8_t *p = pixel(img, x, y);
    return p[0] != GREY || p[1] != GREY || p[2] != GREY;
}

static int count_ink(const media_image *img)
{
    int n = 0;

    for (int y = 0; y < img->view.height; y++)
        for (int x = 0; x < img->view.width; x++)
            n += has_ink(img, x, y);
    return n;
}

static int ink_of(const pfld_face *f, const draw_options *opt)
{
    pfld_image img = flat_picture(PFLD_RGB8);
    media_image out;
    int n;

    draw_ok(&img, f, 1, opt, &out);
    n = count_ink(&out);
    media_image_free(&out);
    return n;
}

static float distance_to_points(const pfld_face *f, int x, int y)
{
    float best = INFINITY;

    for (int i = 0; i < f->n_landmarks; i++)
        best = fminf(best, hypotf((float)x - f->landmarks[i].x, (float)y - f->landmarks[i].y));
    return best;
}

static void ink_is_at_the_face_and_nowhere_far_away(void **state)
{
    pfld_image img = flat_picture(PFLD_RGB8);
    pfld_face f = some_face();
    media_image out;

    (void)state;
    draw_ok(&img, &f, 1, NULL, &out);
    for (int i = 0; i < 68; i++)
        assert_true(has_ink(&out, (int)roundf(f.landmarks[i].x), (int)roundf(f.landmarks[i].y)));
    assert_true(has_ink(&out, 150, 150) && has_ink(&out, 250, 150) && has_ink(&out, 200, 200));
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            if (x < 90 || x > 310 || y < 75 || y > 210) /* the label is wider than the box */
                assert_false(has_ink(&out, x, y));
    for (size_t i = 0; i < (size_t)W * H * 3; i++)
        assert_int_equal(memory[i], GREY); /* the source stays as it is */
    media_image_free(&out);
}

static void without_all_options_it_is_a_copy(void **state)
{
    static const pfld_format formats[] = {PFLD_GRAY8, PFLD_RGB8, PFLD_BGR8, PFLD_RGBA8, PFLD_BGRA8};
    pfld_face f = some_face();

    (void)state;
    for (int i = 0; i < 5; i++) {
        bool bgr = formats[i] == PFLD_BGR8 || formats[i] == PFLD_BGRA8;
        pfld_image img = flat_picture(formats[i]);
        media_image out;
        ptrdiff_t channels = img.stride / W;
        for (ptrdiff_t k = 0; k < (ptrdiff_t)W * H * channels; k++)
            memory[k] = (uint8_t)(k * 31 + k / 251);
        draw_ok(&img, &f, 1, &nothing, &out);
        for (ptrdiff_t k = 0; k < (ptrdiff_t)W * H; k++)
            for (ptrdiff_t c = 0; c < 3; c++)
                assert_int_equal(out.view.data[3 * k + c], memory[channels * k + (channels == 1 ? 0
                                                                                  : bgr ? 2 - c
                                                                                        : c)]);
        media_image_free(&out);
        draw_ok(&img, &f, 0, NULL, &out);
        assert_int_equal(out.view.data[0], memory[bgr ? 2 : 0]);
        media_image_free(&out);
    }
}

static void points_are_drawn_at_the_points_alone(void **state)
{
    pfld_image img = flat_picture(PFLD_RGB8);
    draw_options opt = nothing;
    pfld_face f = some_face();
    media_image out;

    (void)state;
    opt.no_points = false;
    draw_ok(&img, &f, 1, &opt, &out);
    assert_true(count_ink(&out) > 68);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            float d = distance_to_points(&f, x, y);
            if (d < 0.7f)
                assert_true(has_ink(&out, x, y));
            if (d > 3)
                assert_false(has_ink(&out, x, y));
        }
    media_image_free(&out);
}

static void each_option_takes_its_ink_away(void **state)
{
    enum { OPTIONS = offsetof(draw_options, no_five) / sizeof(bool) + 1 };
    draw_options only[OPTIONS];
    pfld_face f = some_face();
    int all = ink_of(&f, NULL);

    (void)state;
    for (int i = 0; i < OPTIONS; i++) {
        int n;
        only[i] = nothing;
        ((bool *)&only[i])[i] = false;
        n = ink_of(&f, &only[i]);
        assert_true(n > 20 && n < all);
    }
    assert_int_equal(ink_of(&f, &nothing), 0);
}

static void axes_point_right_down_and_to_where_the_face_looks(void **state)
{
    pfld_image img = flat_picture(PFLD_RGB8);
    draw_options opt = nothing;
    pfld_face f = {.box = {100, 50, 200, 200}, .n_landmarks = 1, .landmarks = {{200, 150}}};
    media_image out;
    const uint8_t *p;

    (void)state;
    opt.no_pose = false;
    draw_ok(&img, &f, 1, &opt, &out);
    p = pixel(&out, 220, 150);
    assert_true(p[0] > 150 && p[0] > p[1] + 80 && p[0] > p[2] + 80);
    p = pixel(&out, 200, 170);
    assert_true(p[1] > 150 && p[1] > p[0] + 80 && p[1] > p[2] + 80);
    p = pixel(&out, 200, 150);
    assert_true(p[2] > 150 && p[2] > p[0] + 80);
    media_image_free(&out);
    f.pose.yaw = 80; /* toward the image's left */
    draw_ok(&img, &f, 1, &opt, &out);
    p = pixel(&out, 180, 150);
    assert_true(p[2] > 150 && p[2] > p[0] + 80);
    media_image_free(&out);
}

/* Half axes of 2 * 20 and 2 * 10 pixels, the long one turned by 45 degrees, towards right below. */
static void ellipses_are_those_of_the_covariance(void **state)
{
    pfld_image img = flat_picture(PFLD_RGB8);
    draw_options opt = nothing;
    pfld_face f = {.box = {100, 50, 200, 200},
                   .n_landmarks = 2,
                   .landmarks = {{200, 150}, {60, 60}},
                   .cov = {{250, 150, 250}, {NAN, NAN, NAN}}};
    media_image out;

    (void)state;
    draw_ok(&img, &f, 1, &opt, &out);
    assert_false(has_ink(&out, 200, 150));
    media_image_free(&out);
    opt.ellipse = 2;
    draw_ok(&img, &f, 1, &opt, &out);
    assert_true(has_ink(&out, 200, 150));
    assert_true(has_ink(&out, 200 + 26, 150 + 26) && has_ink(&out, 200 - 26, 150 - 26));
    assert_false(has_ink(&out, 200 + 32, 150 + 32) || has_ink(&out, 200 - 32, 150 - 32));
    assert_true(has_ink(&out, 200 + 12, 150 - 12));
    assert_false(has_ink(&out, 200 + 18, 150 - 18) || has_ink(&out, 200 - 18, 150 + 18));
    assert_false(has_ink(&out, 60, 60)); /* nothing is known of it */
    media_image_free(&out);
}

/* As far to the left as to the right, and up as down. */
static void an_ellipse_is_around_its_landmark(void **state)
{
    pfld_image img = flat_picture(PFLD_RGB8);
    draw_options opt = nothing;
    pfld_face f = {.box = {100, 50, 200, 200},
                   .n_landmarks = 1,
                   .landmarks = {{200, 150}},
                   .cov = {{36, 0, 36}}};
    media_image out;

    (void)state;
    opt.ellipse = 2;
    draw_ok(&img, &f, 1, &opt, &out);
    for (int d = 0; d < 20; d++) {
        assert_true(abs(pixel(&out, 200 - d, 150)[0] - pixel(&out, 200 + d, 150)[0]) < 4);
        assert_true(abs(pixel(&out, 200, 150 - d)[0] - pixel(&out, 200, 150 + d)[0]) < 4);
    }
    media_image_free(&out);
}

static void styles_leave_what_they_are_named_after(void **state)
{
    static const bool labels[DRAW_STYLES] = {[DRAW_FULL] = true};
    pfld_face f = some_face();
    int ink[DRAW_STYLES];

    (void)state;
    for (int i = 0; i < DRAW_STYLES; i++) {
        draw_options opt = {.scale = 1, .ellipse = 3, .no_pose = true, .mesh = true};
        draw_set_style(&opt, (draw_style)i);
        assert_true(opt.scale == 1 && opt.ellipse == 3);
        assert_int_equal(!opt.no_label, labels[i]);
        assert_int_equal(opt.mesh, i == DRAW_MESH);
        opt.ellipse = 0;
        ink[i] = ink_of(&f, &opt);
        assert_non_null(draw_style_names[i]);
    }
    assert_null(draw_style_names[DRAW_STYLES]);
    assert_true(ink[DRAW_FULL] > ink[DRAW_MINIMAL]);
    assert_true(ink[DRAW_MINIMAL] > ink[DRAW_POINTS] && ink[DRAW_POINTS] > 68);
}

/* The frontal face of 255 pixels, at (60, 20). */
static pfld_face frontal_face(const scheme *s)
{
    pfld_face f = {.box = {60, 20, 255, 255}, .n_landmarks = s->n};

    frontal_points(s, f.landmarks);
    for (int i = 0; i < s->n; i++)
        f.landmarks[i] = (pfld_point){f.landmarks[i].x + 60, f.landmarks[i].y + 20};
    return f;
}

static void a_mesh_covers_the_skin_and_no_eyes(void **state)
{
    pfld_image img = flat_picture(PFLD_RGB8);
    draw_options opt = nothing;
    pfld_face f = frontal_face(scheme_find("ibug68"));
    media_image out;

    (void)state;
    opt.mesh = true;
    draw_ok(&img, &f, 1, &opt, &out);
    assert_true(has_ink(&out, 60 + 40, 20 + 90) && has_ink(&out, 60 + 215, 20 + 90)); /* cheeks */
    assert_true(has_ink(&out, 60 + 127, 20 + 205));                                   /* the chin */
    assert_false(has_ink(&out, 60 + 73, 20 + 39) || has_ink(&out, 60 + 182, 20 + 39)); /* eyes */
    assert_false(has_ink(&out, 60 + 127, 20 + 155)); /* the mouth */
    assert_false(has_ink(&out, 60 + 5, 20 + 200));   /* beside the jaw */
    media_image_free(&out);
    for (int i = 0; i < 68; i++)
        f.landmarks[i].x = 400 - f.landmarks[i].x; /* from behind */
    assert_int_equal(ink_of(&f, &opt), 0);
}

/* Whatever the scheme: none, one without a contour of its jaw, landmarks that are nowhere. */
static void styles_draw_every_scheme(void **state)
{
    (void)state;
    for (int style = 0; style < DRAW_STYLES; style++)
        for (int i = -1; i < 0 || scheme_at(i); i++) {
            const scheme *s = i < 0 ? NULL : scheme_at(i);
            pfld_image img = flat_picture(PFLD_RGB8);
            pfld_face f = s ? frontal_face(s) : some_face();
            draw_options opt = nothing;
            media_image out;

            draw_set_style(&opt, (draw_style)style);
            f.landmarks[1] = (pfld_point){NAN, 0};
            f.landmarks[2] = (pfld_point){3e9f, 0};
            assert_int_equal(draw_faces(&img, s, &f, 1, &opt, &out, NULL), PFLD_OK);
            assert_true(count_ink(&out) > 20);
            media_image_free(&out);
        }
}

static void the_five_points_are_rings_or_without_landmarks_discs(void **state)
{
    pfld_image img = flat_picture(PFLD_RGB8);
    draw_options opt = nothing;
    pfld_face f = some_face();
    media_image out;

    (void)state;
    opt.no_five = false;
    f.box.w = f.box.h = 400; /* rings of a size that pixels tell from discs */
    for (int i = 0; i < 5; i++)
        f.five[i] = (pfld_point){100 + 50 * (float)i, 160};
    draw_ok(&img, &f, 1, &opt, &out);
    for (int i = 0; i < 5; i++) {
        assert_false(has_ink(&out, 100 + 50 * i, 160));
        assert_true(has_ink(&out, 100 + 50 * i + 9, 160));
    }
    media_image_free(&out);
    f.n_landmarks = 0;
    draw_ok(&img, &f, 1, &opt, &out);
    for (int i = 0; i < 5; i++)
        assert_true(has_ink(&out, 100 + 50 * i, 160));
    media_image_free(&out);
    for (int i = 0; i < 5; i++)
        f.five[i] = (pfld_point){NAN, NAN}; /* the caller gave the box */
    assert_int_equal(ink_of(&f, &opt), 0);
}

/* The columns that a label takes, among n copies of the same face. */
static int label_columns(const pfld_face *f, size_t n)
{
    pfld_image img = flat_picture(PFLD_RGB8);
    pfld_face faces[2] = {*f, *f};
    draw_options opt = nothing;
    media_image out;
    int columns = 0;

    opt.no_label = false;
    draw_ok(&img, faces, n, &opt, &out);
    for (int x = 0; x < W; x++) {
        int y = 0;
        while (y < H && !has_ink(&out, x, y))
            y++;
        columns += y < H;
    }
    media_image_free(&out);
    return columns;
}

static void a_face_among_others_has_a_label_of_its_own_width(void **state)
{
    pfld_face f = some_face();
    int alone, scored;

    (void)state;
    f.presence = NAN;
    assert_int_equal(label_columns(&f, 2), label_columns(&f, 1)); /* it is large enough */
    f.box.w = f.box.h = 70;
    alone = label_columns(&f, 1);
    scored = label_columns(&f, 2);
    assert_true(alone > 100);
    assert_true(scored > 10 && scored < alone / 2);
    f.presence = 0.75f;
    assert_true(label_columns(&f, 2) > scored + 10);
    f.box.w = f.box.h = 12; /* no room for readable letters */
    assert_int_equal(label_columns(&f, 2), 0);
    assert_true(label_columns(&f, 1) > 0);
}

/* The rows that the ink of img takes, from the first to the last. */
static void inked_rows(const media_image *img, int *first, int *last)
{
    *first = H;
    *last = -1;
    for (int y = 0; y < img->view.height; y++)
        for (int x = 0; x < img->view.width; x++)
            if (has_ink(img, x, y)) {
                *first = y < *first ? y : *first;
                *last = y;
            }
}

static void a_label_hides_no_other_face(void **state)
{
    pfld_image img = flat_picture(PFLD_RGB8);
    pfld_face rows[2] = {{.box = {150, 120, 60, 60}}, {.box = {150, 40, 60, 72}}};
    draw_options opt = nothing;
    media_image out;
    int first, last;

    (void)state;
    opt.no_label = false;
    draw_ok(&img, &rows[0], 1, &opt, &out);
    inked_rows(&out, &first, &last);
    assert_true(first > 90 && last < 120); /* above its face */
    media_image_free(&out);
    draw_ok(&img, rows, 2, &opt, &out);
    inked_rows(&out, &first, &last);
    assert_true(first > 10 && last > 180 && last < 210); /* there's another: below it */
    for (int y = 40; y < 180; y++)
        for (int x = 0; x < W; x++)
            assert_false(has_ink(&out, x, y));
    media_image_free(&out);
    rows[1].box.x = NAN; /* a face that is nowhere hides nothing */
    draw_ok(&img, rows, 2, &opt, &out);
    inked_rows(&out, &first, &last);
    assert_true(first > 90 && last < 120);
    media_image_free(&out);
}

static void a_small_face_has_no_rings_over_its_landmarks(void **state)
{
    draw_options opt = nothing;
    pfld_face f = some_face();

    (void)state;
    opt.no_five = false;
    assert_true(ink_of(&f, &opt) > 0);
    f.box.w = f.box.h = 40;
    assert_int_equal(ink_of(&f, &opt), 0);
    f.n_landmarks = 0;
    assert_true(ink_of(&f, &opt) > 0);
}

static void a_face_is_where_it_was_on_an_enlarged_picture(void **state)
{
    static const float scales[] = {0.5f, 1, 2.5f, 3};

    (void)state;
    for (size_t k = 0; k < sizeof scales / sizeof *scales; k++) {
        pfld_image img = flat_picture(PFLD_RGB8);
        draw_options opt = {.no_label = true, .scale = scales[k]};
        pfld_face f = some_face();
        media_image out;
        draw_ok(&img, &f, 1, &opt, &out);
        assert_int_equal(out.view.width, (int)roundf(W * scales[k]));
        assert_int_equal(out.view.height, (int)roundf(H * scales[k]));
        for (int i = 0; i < 68; i++)
            assert_true(has_ink(&out, (int)roundf((f.landmarks[i].x + 0.5f) * scales[k] - 0.5f),
                                (int)roundf((f.landmarks[i].y + 0.5f) * scales[k] - 0.5f)));
        for (int y = 0; y < out.view.height; y++)
            for (int x = 0; x < out.view.width; x++)
                if ((float)x < 145 * scales[k] || (float)x > 255 * scales[k] ||
                    (float)y < 95 * scales[k] || (float)y > 205 * scales[k])
                    assert_false(has_ink(&out, x, y));
        media_image_free(&out);
    }
}

static void an_enlarged_picture_is_the_picture(void **state)
{
    pfld_image img = flat_picture(PFLD_RGB8);
    draw_options opt = nothing;
    media_image out;

    (void)state;
    memset(memory, 0, (size_t)W * H * 3 / 2); /* the upper half is black */
    opt.scale = 3;
    draw_ok(&img, NULL, 0, &opt, &out);
    for (int y = 0; y < 3 * H; y++)
        if (y < 3 * H / 2 - 2 || y > 3 * H / 2 + 1)
            assert_int_equal(pixel(&out, 7, y)[1], y < 3 * H / 2 ? 0 : GREY);
    media_image_free(&out);
    opt.scale = 0.001f;
    draw_ok(&img, NULL, 0, &opt, &out);
    assert_int_equal(out.view.width, 1);
    assert_int_equal(out.view.height, 1);
    media_image_free(&out);
}

static void enlarging_has_bounds(void **state)
{
    static const float bad[] = {-1, NAN, INFINITY};
    pfld_image img = flat_picture(PFLD_GRAY8);
    draw_options opt = nothing;
    media_image out;
    pfld_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        opt.scale = bad[i];
        assert_int_equal(draw_faces(&img, NULL, NULL, 0, &opt, &out, &err), PFLD_ERR_ARG);
        assert_null(out.view.data);
    }
    opt.scale = 24; /* 9600 x 7200 */
    assert_int_equal(draw_faces(&img, NULL, NULL, 0, &opt, &out, &err), PFLD_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "9600 x 7200"));
    assert_non_null(strstr(err.msg, "64 megapixels"));
    img.height = 1;
    opt.scale = 3e38f;
    assert_int_equal(draw_faces(&img, NULL, NULL, 0, &opt, &out, &err), PFLD_ERR_UNSUPPORTED);
    assert_null(out.view.data);
}

static void unknown_pose_is_not_drawn(void **state)
{
    draw_options opt = nothing;
    pfld_face f = some_face();

    (void)state;
    opt.no_pose = false;
    assert_true(ink_of(&f, &opt) > 0);
    f.pose.pitch = NAN;
    assert_int_equal(ink_of(&f, &opt), 0);
    opt.no_label = false;
    assert_true(ink_of(&f, &opt) > 0); /* its score is known */
}

static void without_their_scheme_points_take_the_place_of_contours(void **state)
{
    draw_options opt = nothing;
    pfld_face f = some_face();
    pfld_image img = flat_picture(PFLD_RGB8);
    media_image out;

    (void)state;
    opt.no_contours = false;
    f.n_landmarks = 67;
    draw_ok(&img, &f, 1, &opt, &out);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            if (distance_to_points(&f, x, y) > 3)
                assert_false(has_ink(&out, x, y));
    assert_true(has_ink(&out, (int)roundf(f.landmarks[9].x), (int)roundf(f.landmarks[9].y)));
    media_image_free(&out);
}

static void the_label_stays_inside_the_picture(void **state)
{
    static const pfld_box boxes[] = {{-50, -50, 100, 100}, {350, 250, 100, 100},
                                     {0, 0, W, H},         {380, -80, 90, 90},
                                     {-99, 280, 100, 90},  {-500, 20, 90, 90}};
    draw_options opt = nothing;

    (void)state;
    opt.no_label = false;
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        pfld_image img = flat_picture(PFLD_RGB8);
        pfld_face f = {.box = {150, 100, boxes[i].w, boxes[i].h}};
        media_image out;
        int whole, shown;
        draw_ok(&img, &f, 1, &opt, &out);
        whole = count_ink(&out);
        media_image_free(&out);
        f.box = boxes[i];
        draw_ok(&img, &f, 1, &opt, &out);
        shown = count_ink(&out);
        media_image_free(&out);
        assert_true(whole > 500);
        assert_true(abs(shown - whole) < whole / 20); /* but for where edges fall in pixels */
    }
}

static void small_faces_and_pictures_are_drawn(void **state)
{
    (void)state;
    for (int size = 1; size <= 60; size += size < 8 ? 1 : 13) {
        pfld_image img = flat_picture(PFLD_RGB8);
        pfld_face f = some_face();
        float scale = (float)size / 100;
        media_image out;
        img.width = img.height = size;
        f.box = (pfld_box){0, 0, (float)size, (float)size};
        for (int i = 0; i < 68; i++) {
            f.landmarks[i].x = (f.landmarks[i].x - 150) * scale;
            f.landmarks[i].y = (f.landmarks[i].y - 100) * scale;
        }
        draw_ok(&img, &f, 1, NULL, &out);
        assert_true(count_ink(&out) > 0);
        media_image_free(&out);
    }
}

static void numbers_from_nowhere_are_left_out(void **state)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY, 3e38f, -1e9f};
    pfld_face good = some_face();
    int all = ink_of(&good, NULL);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pfld_face f = good;
        f.landmarks[3].x = f.landmarks[40].y = f.landmarks[66].x = bad[i];
        assert_true(ink_of(&f, NULL) > all / 2);
        f = good;
        f.five[0].x = f.five[4].y = f.presence = bad[i];
        assert_true(ink_of(&f, NULL) > all / 2);
        f = good;
        f.box.x = bad[i];
        assert_int_equal(ink_of(&f, NULL), 0);
        f = good;
        f.box.w = bad[i];
        assert_int_equal(ink_of(&f, NULL), 0);
        f = good;
        f.pose.yaw = f.score = bad[i];
        assert_true(ink_of(&f, NULL) > all / 2);
    }
    good.box.h = 0;
    assert_int_equal(ink_of(&good, NULL), 0);
}

static void what_cannot_be_drawn_is_an_error(void **state)
{
    pfld_image img = flat_picture(PFLD_RGB8), wide = {memory, 40000, 1, 40000, PFLD_GRAY8};
    pfld_face f = some_face();
    media_image out = {.view = {.width = 7}};
    pfld_error err;

    (void)state;
    f.n_landmarks = PFLD_MAX_LANDMARKS + 1;
    assert_int_equal(draw_faces(&img, NULL, &f, 1, NULL, &out, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "129 landmarks"));
    f.n_landmarks = -1;
    assert_int_equal(draw_faces(&img, NULL, &f, 1, NULL, &out, &err), PFLD_ERR_ARG);
    f.n_landmarks = 0;
    assert_int_equal(draw_faces(&wide, NULL, &f, 1, NULL, &out, &err), PFLD_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "40000 x 1"));
    img.width = 0;
    assert_int_equal(draw_faces(&img, NULL, &f, 1, NULL, &out, &err), PFLD_ERR_ARG);
    assert_null(out.view.data);
}

static void each_failing_allocation_is_reported(void **state)
{
    pfld_image img = flat_picture(PFLD_RGB8);
    pfld_face f = some_face();
    media_image out;
    pfld_error err;
    int n = 0;

    (void)state;
    for (;; n++) {
        pfld_status st;
        fail_at = n;
        st = draw_faces(&img, NULL, &f, 1, NULL, &out, &err);
        if (st == PFLD_OK)
            break;
        assert_int_equal(st, PFLD_ERR_NOMEM);
        assert_null(out.view.data);
    }
    fail_at = -1;
    media_image_free(&out);
    assert_true(n >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ink_is_at_the_face_and_nowhere_far_away),
        cmocka_unit_test(without_all_options_it_is_a_copy),
        cmocka_unit_test(points_are_drawn_at_the_points_alone),
        cmocka_unit_test(each_option_takes_its_ink_away),
        cmocka_unit_test(ellipses_are_those_of_the_covariance),
        cmocka_unit_test(axes_point_right_down_and_to_where_the_face_looks),
        cmocka_unit_test(an_ellipse_is_around_its_landmark),
        cmocka_unit_test(styles_leave_what_they_are_named_after),
        cmocka_unit_test(a_mesh_covers_the_skin_and_no_eyes),
        cmocka_unit_test(styles_draw_every_scheme),
        cmocka_unit_test(the_five_points_are_rings_or_without_landmarks_discs),
        cmocka_unit_test(a_face_among_others_has_a_label_of_its_own_width),
        cmocka_unit_test(a_label_hides_no_other_face),
        cmocka_unit_test(a_small_face_has_no_rings_over_its_landmarks),
        cmocka_unit_test(a_face_is_where_it_was_on_an_enlarged_picture),
        cmocka_unit_test(an_enlarged_picture_is_the_picture),
        cmocka_unit_test(enlarging_has_bounds),
        cmocka_unit_test(unknown_pose_is_not_drawn),
        cmocka_unit_test(without_their_scheme_points_take_the_place_of_contours),
        cmocka_unit_test(the_label_stays_inside_the_picture),
        cmocka_unit_test(small_faces_and_pictures_are_drawn),
        cmocka_unit_test(numbers_from_nowhere_are_left_out),
        cmocka_unit_test(what_cannot_be_drawn_is_an_error),
        cmocka_unit_test(each_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
