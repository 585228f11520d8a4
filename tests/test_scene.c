/* Photos with boxes: lists, folders, sets of labelled faces, and what is wrong with them. */
#define _XOPEN_SOURCE 700
#include "reader_files.h"

#include "core/rng.h"
#include "data/scene.h"
#include "data/scene_box.h"

static long fail_at = -1; /* counts down to 0; negative: never */

void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    if (fail_at >= 0 && fail_at-- == 0)
        return NULL;
    return __real_aligned_alloc(align, size);
}

static scene_set scenes;

static int open_scenes(void **state)
{
    memset(&scenes, 0, sizeof scenes);
    return rig_open(state);
}

static int close_scenes(void **state)
{
    scene_set_free(&scenes);
    return rig_close(state);
}

static pfld_status add(rig *g, const char *format, const char *name)
{
    char spec[1200];

    snprintf(spec, sizeof spec, "%s:%s/%s", format, g->folder, name);
    memset(&g->err, 0, sizeof g->err);
    return scene_set_add(&scenes, spec, &g->opt, &g->err);
}

static void add_ok(rig *g, const char *format, const char *name)
{
    if (add(g, format, name))
        fail_msg("%s:%s: %s", format, name, g->err.msg);
}

static void assert_said(const char *said, const char *part)
{
    if (!strstr(said, part))
        fail_msg("\"%s\" is not in \"%s\"", part, said);
}

static bool is_named(const scene_photo *p, const char *name)
{
    size_t n = strlen(p->image), m = strlen(name);
    return n >= m && strcmp(p->image + n - m, name) == 0;
}

static void assert_box(const pfld_box *b, float x, float y, float w, float h)
{
    assert_float_equal(b->x, x, 1e-3);
    assert_float_equal(b->y, y, 1e-3);
    assert_float_equal(b->w, w, 1e-3);
    assert_float_equal(b->h, h, 1e-3);
}

#define HEADER "file,left,top,right,bottom,kind\n"

/* ---- lists of boxes ---- */

static void faces_of_a_photo_stand_together(void **state)
{
    rig *g = *state;
    rig_write(g, "a.jpg", "x");
    rig_write(g, "b.jpg", "x");
    rig_write(g, "l.csv",
              HEADER "a.jpg,1,2,11,22,gt\nb.jpg,5,5,6,7,auto\na.jpg,3,4,8,10,ignore\n"
                     "b.jpg,1.5,-2.5,30,40,\n");
    add_ok(g, "boxes", "l.csv@2.5");
    assert_int_equal(scenes.n_photos, 2);
    assert_int_equal(scenes.n_faces, 4);
    assert_true(is_named(&scenes.photos[0], "/a.jpg"));
    assert_true(is_named(&scenes.photos[1], "/b.jpg"));
    assert_int_equal(scenes.photos[0].first, 0);
    assert_int_equal(scenes.photos[0].n, 2);
    assert_int_equal(scenes.photos[1].first, 2);
    assert_int_equal(scenes.photos[1].n, 2);
    assert_box(&scenes.faces[0].box, 1, 2, 10, 20);
    assert_box(&scenes.faces[1].box, 3, 4, 5, 6);
    assert_box(&scenes.faces[3].box, 1.5f, -2.5f, 28.5f, 42.5f);
    assert_false(scenes.faces[0].ignore);
    assert_true(scenes.faces[1].ignore);
    assert_false(scenes.faces[2].ignore);
    for (int i = 0; i < 5; i++)
        assert_false(scenes.faces[0].known[i]);
    assert_false(scenes.photos[0].is_crop);
    assert_true(scenes.photos[0].weight == 2.5f);
    assert_said(scenes.photos[1].where, "l.csv:3");
    assert_int_equal(scenes.sources[0].n, 2);
}

static void columns_may_come_in_any_order(void **state)
{
    rig *g = *state;
    rig_write(g, "a.jpg", "x");
    rig_write(g, "l.csv", "bottom,width,left,file,right,top\n22,99,1,a.jpg,11,2\n");
    add_ok(g, "boxes", "l.csv");
    assert_box(&scenes.faces[0].box, 1, 2, 10, 20);
    assert_false(scenes.faces[0].ignore);
}

static void photos_are_looked_for_in_three_places(void **state)
{
    rig *g = *state;
    rig_write(g, "a.jpg", "x");
    rig_write(g, "images/a.jpg", "x");
    rig_write(g, "l/b.jpg", "x");
    rig_write(g, "images/c.jpg", "x");
    rig_write(g, "l.csv", HEADER "a.jpg,1,2,3,4,\nb.jpg,1,2,3,4,\nc.jpg,1,2,3,4,\n");
    add_ok(g, "boxes", "l.csv");
    assert_false(is_named(&scenes.photos[0], "images/a.jpg"));
    assert_true(is_named(&scenes.photos[1], "/l/b.jpg"));
    assert_true(is_named(&scenes.photos[2], "/images/c.jpg"));
}

static void top_takes_a_part_of_the_box_off(void **state)
{
    rig *g = *state;
    rig_write(g, "a.jpg", "x");
    rig_write(g, "l.csv", HEADER "a.jpg,10,100,30,140,\n");
    add_ok(g, "boxes", "l.csv@1,top=0.1");
    add_ok(g, "boxes", "l.csv@1,top=-0.5");
    assert_box(&scenes.faces[0].box, 10, 104, 20, 36);
    assert_box(&scenes.faces[1].box, 10, 80, 20, 60);
}

static const struct {
    const char *list, *said;
} broken[] = {
    {"", "l.csv:1: the file is empty"},
    {"file,left,top,right\na.jpg,1,2,3\n", "l.csv:1: no column 'bottom'"},
    {"left,top,right,bottom\n1,2,3,4\n", "l.csv:1: no column 'file'"},
    {HEADER, "l.csv: no photos in it"},
    {HEADER "a.jpg,1,2,3,4,\na.jpg,5,2,5,4,gt\n", "l.csv:3: the box is 0 x 2"},
    {HEADER "a.jpg,1,2,3,4,\n\na.jpg,5,2,6,1,gt\n", "l.csv:4: the box is 1 x -1"},
    {HEADER "a.jpg,1,2,3,nan,\n", "l.csv:2: 'nan' is not a coordinate"},
    {HEADER "a.jpg,1,2,3,1e9,\n", "l.csv:2: '1e9' is not a coordinate"},
    {HEADER "a.jpg,1,2,3,4\n", "l.csv:2: 5 values, 6 wanted"},
    {HEADER "none.jpg,1,2,3,4,\n", "l.csv:2: none.jpg: No such file"},
    {HEADER "empty.jpg,1,2,3,4,\n", "l.csv:2: empty.jpg is empty"},
    {HEADER "sub,1,2,3,4,\n", "l.csv:2: sub is no file"},
    {HEADER ",1,2,3,4,\n", "l.csv:2: a picture's name is missing"},
    {HEADER "a.jpg,1,2,3,4,\na.jpg,1,2,3,4,gt\n", "l.csv:3: the same box of a.jpg is listed twice"},
};

static void broken_lists_are_named_and_leave_the_set_alone(void **state)
{
    rig *g = *state;
    rig_write(g, "a.jpg", "x");
    rig_write(g, "empty.jpg", "");
    rig_write(g, "sub/x", "x");
    rig_write(g, "good.csv", HEADER "a.jpg,7,7,9,9,\n");
    add_ok(g, "boxes", "good.csv");
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        rig_write(g, "l.csv", broken[i].list);
        assert_int_equal(add(g, "boxes", "l.csv"), i == 9 ? PFLD_ERR_IO : PFLD_ERR_FORMAT);
        assert_said(g->err.msg, broken[i].said);
        assert_int_equal(scenes.n_photos, 1);
        assert_int_equal(scenes.n_faces, 1);
        assert_int_equal(scenes.n_sources, 1);
    }
    assert_int_equal(add(g, "boxes", "nothing.csv"), PFLD_ERR_IO);
    assert_int_equal(add(g, "negatives", "nothing"), PFLD_ERR_IO);
}

static void broken_rows_can_be_left_out(void **state)
{
    rig *g = *state;
    rig_write(g, "a.jpg", "x");
    rig_write(g, "l.csv",
              HEADER "none.jpg,1,2,3,4,\na.jpg,1,2,0,4,\na.jpg,1,2,3,4,\nnone.jpg,1,2,3,4,\n");
    g->opt.skip_bad = true;
    add_ok(g, "boxes", "l.csv");
    assert_int_equal(scenes.n_photos, 1);
    assert_int_equal(scenes.photos[0].n, 1);
    assert_int_equal(scenes.sources[0].n_skipped, 3);
    assert_int_equal(g->n_messages, 4);
    assert_said(g->message[0], "l.csv:2: none.jpg");
    assert_said(g->message[3], "3 broken of 4 left out");
}

/* ---- folders ---- */

static void negatives_come_in_the_order_of_their_names(void **state)
{
    rig *g = *state;
    rig_write(g, "n/c.png", "x");
    rig_write(g, "n/a.jpg", "x");
    rig_write(g, "n/b.pgm", "x");
    rig_write(g, "n/.a.jpg", "x");
    rig_write(g, "n/README", "x");
    rig_write(g, "empty/README", "x");
    add_ok(g, "negatives", "n@0.5");
    add_ok(g, "negatives", "n/");
    assert_int_equal(scenes.n_photos, 6);
    assert_int_equal(scenes.n_faces, 0);
    assert_true(is_named(&scenes.photos[0], "n/a.jpg"));
    assert_true(is_named(&scenes.photos[1], "n/b.pgm"));
    assert_true(is_named(&scenes.photos[5], "n/c.png"));
    assert_true(scenes.photos[2].weight == 0.5f);
    assert_int_equal(scenes.photos[2].n, 0);
    assert_int_equal(scenes.sources[1].n, 3);
    assert_int_equal(add(g, "negatives", "empty"), PFLD_ERR_FORMAT);
    assert_int_equal(add(g, "negatives", "n/a.jpg"), PFLD_ERR_IO);
    assert_int_equal(scenes.n_photos, 6);
}

/* ---- parts ---- */

enum { PARTED = 60 };

static void parts_share_nothing_and_miss_nothing(void **state)
{
    static const char *const parts[] = {"train", "held"};
    rig *g = *state;
    string list = {0};
    size_t n[2];

    string_add(&list, HEADER);
    for (int i = 0; i < PARTED; i++) {
        char name[32];
        snprintf(name, sizeof name, "n/%d.jpg", i);
        rig_write(g, name, "x");
        string_add(&list, "n/%d.jpg,1,2,3,4,\nn/%d.jpg,2,2,3,4,\n", i, i);
    }
    rig_write(g, "l.csv", list.at);
    for (int i = 0; i < 2; i++) {
        char name[64];
        size_t before = scenes.n_photos, faces = scenes.n_faces;
        snprintf(name, sizeof name, "l.csv@1,part=%s", parts[i]);
        add_ok(g, "boxes", name);
        n[i] = scenes.n_photos - before;
        assert_int_equal(scenes.n_faces - faces, 2 * n[i]);
        snprintf(name, sizeof name, "n@1,part=%s", parts[i]);
        add_ok(g, "negatives", name);
        assert_int_equal(scenes.n_photos - before, 2 * n[i]);
        for (size_t k = before; k < scenes.n_photos; k++) /* the same photos in both */
            for (size_t j = 0; j < before; j++)
                assert_string_not_equal(scenes.photos[k].image, scenes.photos[j].image);
    }
    assert_int_equal(n[0] + n[1], PARTED);
    assert_in_range(n[1], PARTED / 10, PARTED * 3 / 10);
    for (size_t k = 0; k < scenes.n_photos; k++)
        assert_true(scenes.photos[k].first + scenes.photos[k].n <= scenes.n_faces);
}

/* ---- specs ---- */

static void wrong_specs_are_refused(void **state)
{
    static const struct {
        const char *spec, *said;
    } all[] = {
        {"boxes", "FORMAT:PATH"},
        {"boxes:", "a path is missing"},
        {"boxes:@2", "a path is missing"},
        {"boxes:l.csv@0", "not above 0"},
        {"boxes:l.csv@-1", "not above 0"},
        {"boxes:l.csv@1,part=half", "neither part=train nor part=held"},
        {"boxes:l.csv@1,top=0.6", "within +-0.5"},
        {"boxes:l.csv@1,top=x", "within +-0.5"},
        {"boxes:l.csv@1,offset=2", "takes only part= and top="},
        {"negatives:n@1,top=0.1", "top= is for boxes"},
        {"mtfl:l.csv@1,top=0.1", "top= is for boxes"},
        {"csv68:l.csv@1,part=train,colour=2", "neither offset=PIXELS nor shift=PIXELS"},
        {"x:l.csv", "'x' is no format of data: 300w, "},
        {"x:l.csv", ", aflw2000, boxes, negatives"},
    };
    pfld_error err;

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_int_equal(scene_set_add(&scenes, all[i].spec, NULL, &err), PFLD_ERR_ARG);
        assert_said(err.msg, all[i].said);
    }
    assert_int_equal(scene_set_add(&scenes, "boxes:", NULL, NULL), PFLD_ERR_ARG);
}

static void an_at_sign_without_a_number_belongs_to_the_path(void **state)
{
    rig *g = *state;
    rig_write(g, "a.jpg", "x");
    rig_write(g, "l@home.csv", HEADER "a.jpg,1,2,3,4,\n");
    add_ok(g, "boxes", "l@home.csv");
    add_ok(g, "boxes", "l@home.csv@3");
    assert_true(scenes.photos[0].weight == 1.0f);
    assert_true(scenes.photos[1].weight == 3.0f);
}

/* ---- labelled faces ---- */

static void boxes_of_68_points_are_raised_by_the_forehead(void **state)
{
    rig *g = *state;
    string list = {0};
    rig_write(g, "a.jpg", "x");
    rig_write(g, "b.jpg", "x");
    string_csv_header(&list, 68);
    string_csv_row(&list, "a.jpg", 68);
    string_csv_row(&list, "b.jpg", 68);
    rig_write(g, "l.csv", list.at);
    add_ok(g, "csv68", "l.csv@2,shift=3,offset=1");
    assert_int_equal(scenes.n_photos, 2);
    assert_int_equal(scenes.photos[1].n, 1);
    assert_true(scenes.photos[1].is_crop);
    assert_true(scenes.photos[1].weight == 2.0f);
    /* 134 pixels high from 20.25; 3 to the right, of which 1 is not the face's */
    assert_box(&scenes.faces[0].box, 12, 20.25f - 0.18f * 134, 67, 1.18f * 134);
    assert_true(scenes.faces[1].known[4]);
    assert_float_equal(scenes.faces[0].five[2].x, face_x(30) + 2, 1e-3);
    assert_float_equal(scenes.faces[0].five[2].y, face_y(30), 1e-3);
}

static const char *const mtfl_row = /* an upright face, eyes 20 apart, mouth 22 below */
    "train,%s,30,50,40,32,48,40,40,52,62,62,1,1,2,3,%s,250,250,%d\n";

static void boxes_of_five_points_and_of_mtfl_agree(void **state)
{
    rig *g = *state;
    string list = {0};
    rig_write(g, "a.jpg", "x");
    rig_write(g, "b.jpg", "x");
    string_add(&list, MTFL_HEADER);
    string_add(&list, mtfl_row, "a.jpg", "20,10,60,74", 0);
    string_add(&list, mtfl_row, "b.jpg", "18,20,63,76", 1);
    rig_write(g, "l.csv", list.at);
    add_ok(g, "mtfl", "l.csv");
    for (int i = 0; i < 2; i++) { /* face_box()'s neighbour: chin below the mouth, brows inside */
        const pfld_box *b = &scenes.faces[i].box;
        assert_float_equal(b->x + 0.5f * b->w, 40, 1.0);
        assert_in_range((int)b->w, 40, 50);
        assert_in_range((int)b->h, 45, 58);
        assert_true(b->y < 32 && b->y > 18);
        assert_true(b->y + b->h > 68 && b->y + b->h < 80);
    }
    assert_true(scenes.faces[0].box.w != scenes.faces[1].box.w);
    assert_float_equal(scenes.faces[0].five[3].y, 62, 1e-4);
}

static void a_turned_face_has_a_turned_box(void **state)
{
    static const pfld_point upright[5] = {{30, 40}, {50, 40}, {40, 52}, {32, 62}, {48, 62}};
    pfld_point turned[5];
    uint8_t known[5] = {1, 1, 1, 1, 1};
    data_sample s = {.scheme = scheme_find("five"), .known = known};
    pfld_point points[5];
    pfld_box a, b;

    (void)state;
    for (int i = 0; i < 5; i++) {
        points[i] = upright[i];
        turned[i] = (pfld_point){-upright[i].y, upright[i].x};
    }
    s.points = points;
    a = scene_box(&s, false);
    s.points = turned;
    b = scene_box(&s, false);
    assert_float_equal(a.w, b.h, 1e-3);
    assert_float_equal(a.h, b.w, 1e-3);
    assert_float_equal(b.x + 0.5f * b.w, -(a.y + 0.5f * a.h), 1e-3);
    assert_true(fabsf(a.w - a.h) > 2.0f);
}

static void boxes_are_valid_whatever_the_points(void **state)
{
    uint8_t known[5] = {1, 1, 1, 1, 1};
    data_sample s = {.scheme = scheme_find("five"), .known = known};
    pfld_point points[5] = {{7, 7}, {7, 7}, {7, 7}, {7, 7}, {7, 7}};
    pfld_box b;

    (void)state;
    s.points = points;
    for (int i = 0; i < 6; i++) {
        b = scene_box(&s, i % 2);
        assert_true(b.w > 0 && b.h > 0 && isfinite(b.x) && isfinite(b.y));
        known[i % 5] = 0;
    }
}

/* ---- hostile lists ---- */

static void assert_sound(void)
{
    for (size_t i = 0; i < scenes.n_photos; i++) {
        const scene_photo *p = &scenes.photos[i];
        assert_true(p->first + p->n <= scenes.n_faces);
        assert_true(p->image && p->where && p->weight > 0);
        for (size_t k = p->first; k < p->first + p->n; k++)
            assert_true(scenes.faces[k].box.w > 0 && scenes.faces[k].box.h > 0);
    }
}

static void damaged_lists_never_break_the_set(void **state)
{
    static const char sound[] = HEADER "a.jpg,1,2,11,22,gt\nb.jpg,5,5,6,7,auto\n"
                                       "\"a.jpg\",3,4,8,10,ignore\nb.jpg,1.5,-2.5,30,40,\n";
    rig *g = *state;
    size_t taken = 0, refused = 0;
    rng r;

    rig_write(g, "a.jpg", "x");
    rig_write(g, "b.jpg", "x");
    rng_seed(&r, 5);
    for (int i = 0; i < 600; i++) {
        char bytes[sizeof sound];
        size_t n = sizeof sound - 1, changes = 1 + rng_u64(&r) % 6;
        memcpy(bytes, sound, sizeof sound);
        for (size_t k = 0; k < changes; k++)
            bytes[rng_u64(&r) % n] = k % 2 ? ",\n\"-.0e9"[rng_u64(&r) % 9] : (char)rng_u64(&r);
        if (i % 7 == 0)
            n = rng_u64(&r) % n;
        rig_write_bytes(g, "l.csv", bytes, n);
        g->opt.skip_bad = i % 2;
        if (add(g, "boxes", "l.csv") == PFLD_OK)
            taken++;
        else
            refused++;
        assert_true(strlen(g->err.msg) < sizeof g->err.msg && !strchr(g->err.msg, '\n'));
        assert_sound();
    }
    assert_true(taken > 50 && refused > 50);
}

static void memory_that_runs_out_anywhere_leaves_the_set_alone(void **state)
{
    static const char *const specs[][2] = {
        {"boxes", "l.csv@1,part=train,top=0.1"}, {"negatives", "n"}, {"mtfl", "m.csv@1"}};
    rig *g = *state;
    string list = {0};

    rig_write(g, "a.jpg", "x");
    rig_write(g, "n/a.jpg", "x");
    rig_write(g, "l.csv", HEADER "a.jpg,1,2,3,4,\na.jpg,1,2,3,5,\n");
    string_add(&list, MTFL_HEADER);
    string_add(&list, mtfl_row, "a.jpg", "20,10,60,74", 1);
    rig_write(g, "m.csv", list.at);
    for (size_t i = 0; i < 3; i++) {
        pfld_status status = PFLD_ERR_NOMEM;
        long n = 0;
        for (; status; n++) {
            scene_set_free(&scenes);
            fail_at = n;
            status = add(g, specs[i][0], specs[i][1]);
            fail_at = -1;
            assert_true(status == PFLD_OK || status == PFLD_ERR_NOMEM);
            assert_int_equal(scenes.n_photos, status ? 0 : 1);
        }
        assert_true(n > 4);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_scenes, close_scenes)
    const struct CMUnitTest tests[] = {
        T(faces_of_a_photo_stand_together),
        T(columns_may_come_in_any_order),
        T(photos_are_looked_for_in_three_places),
        T(top_takes_a_part_of_the_box_off),
        T(broken_lists_are_named_and_leave_the_set_alone),
        T(broken_rows_can_be_left_out),
        T(negatives_come_in_the_order_of_their_names),
        T(parts_share_nothing_and_miss_nothing),
        T(wrong_specs_are_refused),
        T(an_at_sign_without_a_number_belongs_to_the_path),
        T(boxes_of_68_points_are_raised_by_the_forehead),
        T(boxes_of_five_points_and_of_mtfl_agree),
        T(a_turned_face_has_a_turned_box),
        T(boxes_are_valid_whatever_the_points),
        T(damaged_lists_never_break_the_set),
        T(memory_that_runs_out_anywhere_leaves_the_set_alone),
    };
    return cmocka_run_group_tests_name("scene", tests, NULL, NULL);
}
