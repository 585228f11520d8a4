/* pfld.h: whichever way a face is up in its box, its landmarks are found. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/mem.h"
#include "geometry/affine.h"
#include "geometry/box.h"
#include "image/image.h"
#include "media/codec.h"
#include "pfld/pfld.h"

enum { SIDE = 400, MIDDLE = SIDE / 2, BOX = 180 };

typedef struct fixture {
    pfld_model *points;
    media_image portrait;
    pfld_box box; /* in the portrait: around the landmarks */
} fixture;

/* The surest face that the library finds. */
static pfld_face find_face(const pfld_model *points, const pfld_image *img)
{
    pfld_model *finder = NULL;
    pfld_error err = {0};
    pfld_session *s = NULL;
    pfld_face face = {0};
    size_t n = 0;

    if (pfld_model_load_default_detector(NULL, &finder, &err) != PFLD_OK ||
        pfld_session_create(points, finder, NULL, &s, &err) != PFLD_OK ||
        pfld_detect(s, img, &face, 1, &n, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    assert_true(n > 0);
    pfld_session_free(s);
    pfld_model_free(finder);
    return face;
}

/* Around the landmarks of that face. */
static pfld_box find_box(const pfld_model *points, const pfld_image *img)
{
    pfld_face face = find_face(points, img);

    return box_around(face.landmarks, (size_t)face.n_landmarks);
}

static int set_up(void **state)
{
    static fixture f;
    pfld_error err = {0};

    *state = &f;
    if (pfld_model_load_default(NULL, &f.points, &err) == PFLD_ERR_UNSUPPORTED)
        return 0; /* each test skips itself */
    if (err.status ||
        media_read(PFLD_SOURCE_DIR "/docs/portrait.png", &f.portrait, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    f.box = find_box(f.points, &f.portrait.view);
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    pfld_model_free(f->points);
    media_image_free(&f->portrait);
    return 0;
}

/* From a picture in which the box's longer side is BOX, its middle in the picture's, and the face
 * turned by degrees, to the portrait. */
static affine to_portrait(const pfld_box *b, float degrees)
{
    float turn = degrees * 0.017453293f, scale = fmaxf(b->w, b->h) / BOX;
    float c = scale * cosf(turn), s = scale * sinf(turn);
    float x = b->x + 0.5f * b->w, y = b->y + 0.5f * b->h;

    return (affine){c,  s, x - (c + s) * MIDDLE, /* */
                    -s, c, y - (c - s) * MIDDLE};
}

/* Freed by the caller. */
static pfld_image turned_picture(const fixture *f, const affine *back)
{
    pfld_image img = {mem_alloc((size_t)SIDE * SIDE, 3), SIDE, SIDE, (ptrdiff_t)SIDE * 3,
                      PFLD_RGB8};

    assert_non_null(img.data);
    image_warp(&f->portrait.view, back, &img);
    return img;
}

/* Landmarks in the box around the middle of the turned picture, in the portrait's pixels. */
static void read_turned(const fixture *f, const pfld_options *opt, float degrees, pfld_face *out)
{
    const pfld_box box = {MIDDLE - 0.5f * BOX, MIDDLE - 0.5f * BOX, BOX, BOX};
    affine back = to_portrait(&f->box, degrees);
    pfld_image img = turned_picture(f, &back);
    pfld_error err = {0};
    pfld_session *s = NULL;

    if (pfld_session_create(f->points, NULL, opt, &s, &err) != PFLD_OK ||
        pfld_landmarks(s, &img, &box, out, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    for (int i = 0; i < out->n_landmarks; i++)
        out->landmarks[i] = affine_apply(&back, out->landmarks[i]);
    pfld_session_free(s);
    mem_free(img.data);
}

/* Mean over the points, of the box's longer side. */
static float mean_distance(const fixture *f, const pfld_face *a, const pfld_face *b)
{
    float sum = 0;

    for (int i = 0; i < a->n_landmarks; i++)
        sum += hypotf(a->landmarks[i].x - b->landmarks[i].x, a->landmarks[i].y - b->landmarks[i].y);
    return sum / (float)a->n_landmarks / fmaxf(f->box.w, f->box.h);
}

static void landmarks_turn_with_the_face(void **state)
{
    const fixture *f = *state;
    pfld_face upright, turned;

    if (!f->points)
        skip();
    read_turned(f, NULL, 0.0f, &upright);
    for (float degrees = -165.0f; degrees <= 180.0f; degrees += 15.0f) {
        read_turned(f, NULL, degrees, &turned);
        assert_true(mean_distance(f, &upright, &turned) < 0.02f);
    }
}

/* Eyes and corners of the mouth are where the landmarks have them. */
static void assert_five_fit(const pfld_face *face)
{
    const pfld_point *p = face->landmarks;

    for (int eye = 0; eye < 2; eye++) {
        float x = 0.5f * (p[36 + 6 * eye].x + p[39 + 6 * eye].x);
        float y = 0.5f * (p[36 + 6 * eye].y + p[39 + 6 * eye].y);
        assert_true(hypotf(face->five[eye].x - x, face->five[eye].y - y) < 0.15f * BOX);
        x = p[48 + 6 * eye].x;
        y = p[48 + 6 * eye].y;
        assert_true(hypotf(face->five[3 + eye].x - x, face->five[3 + eye].y - y) < 0.15f * BOX);
    }
}

static void five_points_turn_with_the_landmarks(void **state)
{
    const fixture *f = *state;

    if (!f->points)
        skip();
    for (float degrees = -90.0f; degrees <= 180.0f; degrees += 90.0f) {
        affine back = to_portrait(&f->box, degrees);
        pfld_image img = turned_picture(f, &back);
        pfld_face face = find_face(f->points, &img);

        assert_five_fit(&face);
        mem_free(img.data);
    }
}

static void who_wants_upright_faces_gets_no_others(void **state)
{
    const fixture *f = *state;
    pfld_face upright, turned;
    pfld_options opt;

    if (!f->points)
        skip();
    pfld_options_init(&opt, sizeof opt);
    opt.turns = -1;
    read_turned(f, &opt, 0.0f, &upright);
    read_turned(f, &opt, 180.0f, &turned);
    assert_true(mean_distance(f, &upright, &turned) > 0.2f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(landmarks_turn_with_the_face),
        cmocka_unit_test(five_points_turn_with_the_landmarks),
        cmocka_unit_test(who_wants_upright_faces_gets_no_others),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
