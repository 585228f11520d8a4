/* Training pictures of detectors: where faces come to lie, what is drawn, the same for a seed. */
#define _XOPEN_SOURCE 700
#include "reader_files.h"

#include "core/mem.h"
#include "core/rng.h"
#include "data/scene_augment.h"
#include "data/scene_loader.h"
#include "image/image.h"
#include "media/codec.h"

/* ---- photos of one bright ellipse with five dots, on dark ---- */

static const uint8_t dots[5][3] = {
    {255, 0, 0}, {0, 0, 255}, {0, 255, 0}, {255, 0, 255}, {0, 255, 255}};
static const float spots[5][2] = {
    {-0.25f, -0.15f}, {0.25f, -0.15f}, {0, 0.05f}, {-0.2f, 0.25f}, {0.2f, 0.25f}};

typedef struct photo {
    pfld_image view;
    scene_face face;
} photo;

static photo make_photo(int w, int h, pfld_box box)
{
    photo p = {.view = {malloc((size_t)w * (size_t)h * 3), w, h, 3 * (ptrdiff_t)w, PFLD_RGB8}};
    float cx = box.x + 0.5f * box.w, cy = box.y + 0.5f * box.h;

    p.face.box = box;
    for (int i = 0; i < 5; i++) {
        p.face.five[i] = (pfld_point){cx + spots[i][0] * box.w, cy + spots[i][1] * box.h};
        p.face.known[i] = 1;
    }
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            float u = ((float)x - cx) / (0.5f * box.w), v = ((float)y - cy) / (0.5f * box.h);
            uint8_t *at = p.view.data + y * p.view.stride + (ptrdiff_t)3 * x;
            memset(at, u * u + v * v <= 1.0f ? 230 : 20, 3);
            for (int i = 0; i < 5; i++)
                if (hypotf((float)x - p.face.five[i].x, (float)y - p.face.five[i].y) <
                    0.05f * box.w)
                    memcpy(at, dots[i], 3);
        }
    }
    return p;
}

static void write_photo(const rig *g, const char *name, int w, int h, pfld_box box)
{
    photo p = make_photo(w, h, box);
    char path[256];

    snprintf(path, sizeof path, "%s/%s", g->folder, name);
    assert_int_equal(media_write(path, &p.view, NULL), PFLD_OK);
    free(p.view.data);
}

static bool is_bright(const uint8_t *p)
{
    return p[0] + p[1] + p[2] > 220; /* dots, too */
}

/* The box of the bright pixels, borders. */
static pfld_box bright_box(const pfld_image *img)
{
    int left = img->width, top = img->height, right = -1, bottom = -1;

    for (int y = 0; y < img->height; y++)
        for (int x = 0; x < img->width; x++)
            if (is_bright(img->data + y * img->stride + (ptrdiff_t)3 * x)) {
                left = x < left ? x : left;
                right = x > right ? x : right;
                top = y < top ? y : top;
                bottom = y > bottom ? y : bottom;
            }
    return (pfld_box){(float)left - 0.5f, (float)top - 0.5f, (float)(right - left + 1),
                      (float)(bottom - top + 1)};
}

/* ---- where layers and their faces lie ---- */

enum { SIDE = 160 };

typedef struct board {
    uint8_t pixels[SIDE * SIDE * 3], scratch[SIDE * 3];
    pfld_image picture;
    scene_faces faces;
} board;

static board *board_of(board *b)
{
    memset(b->pixels, 0, sizeof b->pixels);
    b->picture = (pfld_image){b->pixels, SIDE, SIDE, 3 * (ptrdiff_t)SIDE, PFLD_RGB8};
    b->faces.n = 0;
    return b;
}

static const pfld_box all_of_board = {-0.5f, -0.5f, SIDE, SIDE};

/* Scaled, mirrored or not, turned by degrees, the face's centre at (x, y). */
static scene_layer layer_of(const photo *p, float scale, bool flip, float degrees, pfld_point to)
{
    float c = cosf(degrees * 0.01745329f), s = sinf(degrees * 0.01745329f);
    float x = flip ? -scale : scale, y = scale;
    scene_layer l = {.photo = &p->view, .region = scene_whole_region(&p->view)};
    const pfld_box *b = &p->face.box;
    pfld_point at;

    l.to_picture = (affine){c * x, -s * y, 0, s * x, c * y, 0};
    at = affine_apply(&l.to_picture, (pfld_point){b->x + 0.5f * b->w, b->y + 0.5f * b->h});
    l.to_picture.c = to.x - at.x;
    l.to_picture.f = to.y - at.y;
    assert_true(affine_invert(&l.to_picture, &l.to_photo));
    return l;
}

static void boxes_frame_what_is_painted(void **state)
{
    static board b;
    photo p = make_photo(90, 110, (pfld_box){22, 31, 40, 56});

    (void)state;
    for (int i = 0; i < 48; i++) {
        float scale = i % 3 == 0 ? 0.5f : i % 3 == 1 ? 1.0f : 1.6f;
        scene_layer l = layer_of(&p, scale, i & 1, 15.0f * (float)i, (pfld_point){80, 76});
        pfld_box seen;
        board_of(&b);
        l.feather = i % 5 == 0 ? 3.0f : 0.0f;
        scene_paint(&b.picture, &l, b.scratch);
        assert_true(scene_map_faces(&p.face, 1, &l, &all_of_board, &b.faces));
        assert_int_equal(b.faces.n, 1);
        seen = bright_box(&b.picture);
        assert_float_equal(seen.x, b.faces.at[0].box.x, 1.6);
        assert_float_equal(seen.y, b.faces.at[0].box.y, 1.6);
        assert_float_equal(seen.w, b.faces.at[0].box.w, 2.4);
        assert_float_equal(seen.h, b.faces.at[0].box.h, 2.4);
        assert_false(b.faces.at[0].ignore);
    }
    mem_free(b.faces.at);
    b.faces = (scene_faces){0};
    free(p.view.data);
}

static void points_stay_on_their_spots(void **state)
{
    static const int mirror[5] = {1, 0, 2, 4, 3};
    static board b;
    photo p = make_photo(160, 160, (pfld_box){20, 20, 100, 120});

    (void)state;
    for (int i = 0; i < 16; i++) {
        int eighth = i / 2;
        float turn = 45.0f * (float)eighth;
        bool flip = i & 1;
        scene_layer l = layer_of(&p, 0.8f, flip, turn, (pfld_point){80, 80});
        board_of(&b);
        scene_paint(&b.picture, &l, b.scratch);
        assert_true(scene_map_faces(&p.face, 1, &l, &all_of_board, &b.faces));
        for (int k = 0; k < 5; k++) {
            const scene_face *f = &b.faces.at[0];
            const uint8_t *seen =
                b.pixels + (lrintf(f->five[k].y) * SIDE + lrintf(f->five[k].x)) * 3;
            assert_true(f->known[k]);
            assert_memory_equal(seen, dots[flip ? mirror[k] : k], 3);
        }
    }
    mem_free(b.faces.at);
    b.faces = (scene_faces){0};
    free(p.view.data);
}

static void windows_shift_faces_and_cut_them(void **state)
{
    const pfld_box window = {39.5f, 19.5f, 80, 60};
    scene_faces out = {0};
    photo p = make_photo(90, 110, (pfld_box){20, 30, 40, 40});
    static const struct {
        float x, y; /* of the centre, in the window */
        int n;
        bool ignore;
    } all[] = {
        {30, 30, 1, false},     {3, 30, 1, false}, /* 57 % */
        {-7, 30, 1, true},                         /* 32 % */
        {-19.5f, 30, 0, false},                    /* 2 % */
        {76, 57, 1, true},                         /* 60 % of 57 % */
        {200, 30, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        scene_layer l = layer_of(&p, 1.0f, false, 0.0f, (pfld_point){all[i].x, all[i].y});
        out.n = 0;
        assert_true(scene_map_faces(&p.face, 1, &l, &window, &out));
        assert_int_equal(out.n, all[i].n);
        if (out.n == 0)
            continue;
        assert_int_equal(out.at[0].ignore, all[i].ignore);
        assert_float_equal(out.at[0].box.x, 40 + all[i].x - 20, 1e-3);
        assert_float_equal(out.at[0].box.y, 20 + all[i].y - 20, 1e-3);
        /* the right eye is 10 left of the centre: a little outside it is still known */
        assert_int_equal(out.at[0].known[0], all[i].x - 10 > -6.5f);
    }
    mem_free(out.at);
    free(p.view.data);
}

static void faces_too_small_or_cut_from_their_photo_are_ignored(void **state)
{
    scene_faces out = {0};
    photo p = make_photo(90, 110, (pfld_box){20, 30, 40, 40});
    scene_layer l = layer_of(&p, 6.9f / 40, false, 0.0f, (pfld_point){60, 60});

    (void)state;
    assert_true(scene_map_faces(&p.face, 1, &l, &all_of_board, &out));
    l = layer_of(&p, 7.1f / 40, false, 0.0f, (pfld_point){60, 60});
    assert_true(scene_map_faces(&p.face, 1, &l, &all_of_board, &out));
    l = layer_of(&p, 1.0f, false, 0.0f, (pfld_point){60, 60});
    l.region = (pfld_box){36, 0, 50, 100}; /* 60 % of the face: enough at a hard border */
    assert_true(scene_map_faces(&p.face, 1, &l, &all_of_board, &out));
    l.feather = 4.0f;
    assert_true(scene_map_faces(&p.face, 1, &l, &all_of_board, &out));
    p.face.ignore = true;
    l = layer_of(&p, 1.0f, false, 0.0f, (pfld_point){60, 60});
    assert_true(scene_map_faces(&p.face, 1, &l, &all_of_board, &out));
    assert_int_equal(out.n, 5);
    assert_true(out.at[0].ignore);
    assert_false(out.at[1].ignore);
    assert_false(out.at[2].ignore);
    assert_true(out.at[3].ignore);
    assert_true(out.at[4].ignore);
    mem_free(out.at);
    free(p.view.data);
}

static void layers_leave_the_rest_of_the_picture_alone(void **state)
{
    static board b;
    photo p = make_photo(40, 30, (pfld_box){5, 5, 20, 20});

    (void)state;
    for (int i = 0; i < 24; i++) {
        int twelfth = i / 2;
        float turn = 30.0f * (float)twelfth;
        scene_layer l = layer_of(&p, 2.0f, i & 1, turn, (pfld_point){70.3f, 75.8f});
        size_t painted = 0;
        board_of(&b);
        memset(b.pixels, 99, sizeof b.pixels);
        l.feather = i % 3 ? 0.0f : 5.0f;
        scene_paint(&b.picture, &l, b.scratch);
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                const uint8_t *q = b.pixels + ((ptrdiff_t)y * SIDE + x) * 3;
                pfld_point at = affine_apply(&l.to_photo, (pfld_point){(float)x, (float)y});
                bool out = at.x < -0.6f || at.x > 39.6f || at.y < -0.6f || at.y > 29.6f;
                painted += *q != 99;
                assert_false(out && *q != 99);
            }
        }
        assert_in_range(painted, l.feather > 0 ? 3000 : 4700, 4900); /* of 80 x 60 */
    }
    free(p.view.data);
}

/* ---- loaders ---- */

#define HEADER "file,left,top,right,bottom,kind\n"

static scene_set scenes;
static pool *workers[3]; /* of 1 and 3 threads */

static void add_ok(rig *g, const char *spec_of, const char *name)
{
    char spec[256];

    snprintf(spec, sizeof spec, "%s:%s/%s", spec_of, g->folder, name);
    if (scene_set_add(&scenes, spec, &g->opt, &g->err))
        fail_msg("%s: %s", spec, g->err.msg);
}

/* Whole photos with one or two faces, one of them ignored; photos of one face; without any. */
static int open_scenes(void **state)
{
    string list = {0}, mtfl = {0};
    rig *g;

    memset(&scenes, 0, sizeof scenes);
    if (rig_open(state) || pool_create(1, &workers[0], NULL) || pool_create(3, &workers[1], NULL))
        return -1;
    g = *state;
    string_add(&list, HEADER);
    string_add(&mtfl, MTFL_HEADER);
    for (int i = 0; i < 6; i++) {
        char name[32];
        float x = 20.0f + 9.0f * (float)i, w = 40.0f + 6.0f * (float)i;
        snprintf(name, sizeof name, "w%d.png", i);
        write_photo(g, name, 180 + 10 * i, 150, (pfld_box){x, 30, w, 1.2f * w});
        string_add(&list, "%s,%g,30,%g,%g,gt\n", name, (double)x, (double)(x + w),
                   (double)(30 + 1.2f * w));
        snprintf(name, sizeof name, "c%d.png", i);
        write_photo(g, name, 80, 80, (pfld_box){22, 18, 36, 44});
        string_add(&mtfl, "train,%s,31,49,40,32.8,47.2,33.4,33.4,42.2,51,51,1,1,2,3,%s,80,80,0\n",
                   name, "1,1,9,9");
        snprintf(name, sizeof name, "n/%d.png", i);
        rig_write(g, "n/README", "x");
        write_photo(g, name, 100 + 30 * i, 120, (pfld_box){-90, -90, 2, 2});
    }
    string_add(&list, "w5.png,5,5,9,9,ignore\n");
    rig_write(g, "list.csv", list.at);
    rig_write(g, "m.csv", mtfl.at);
    return 0;
}

static int close_scenes(void **state)
{
    scene_set_free(&scenes);
    pool_free(workers[0]);
    pool_free(workers[1]);
    return rig_close(state);
}

static void add_all(rig *g)
{
    add_ok(g, "boxes", "list.csv");
    add_ok(g, "mtfl", "m.csv");
    add_ok(g, "negatives", "n");
}

static scene_options options_of(size_t batch, int size)
{
    return (scene_options){.batch = batch, .size = size, .seed = 7, .pool = workers[0]};
}

static scene_loader *load(rig *g, const scene_options *opt)
{
    scene_loader *l = NULL;

    if (scene_loader_create(&scenes, opt, &g->opt, &l, &g->err))
        fail_msg("%s", g->err.msg);
    return l;
}

static uint64_t hash(uint64_t h, const void *data, size_t n)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

static uint64_t hash_step(scene_loader *l, uint64_t step, int size)
{
    scene_batch b;
    uint64_t h = 1;

    assert_int_equal(scene_loader_get(l, step, &b, NULL), PFLD_OK);
    h = hash(h, b.pixels, b.n * (size_t)(size * size * 3));
    h = hash(h, b.first, (b.n + 1) * sizeof *b.first);
    h = hash(h, b.index, b.n * sizeof *b.index);
    for (size_t i = 0; i < b.first[b.n]; i++) {
        h = hash(h, &b.faces[i].box, sizeof b.faces[i].box);
        h = hash(h, b.faces[i].five, sizeof b.faces[i].five);
        h = hash(h, b.faces[i].known, sizeof b.faces[i].known);
        h = hash(h, &b.faces[i].ignore, 1);
    }
    return h;
}

static void steps_depend_on_the_seed_alone(void **state)
{
    rig *g = *state;
    scene_options opt = options_of(6, 96);
    uint64_t want[5];
    scene_loader *l;

    add_all(g);
    l = load(g, &opt);
    for (uint64_t t = 0; t < 5; t++)
        want[t] = hash_step(l, t, 96);
    for (uint64_t t = 0; t < 5; t++) {
        assert_true(want[t] == hash_step(l, t, 96));
        assert_true(t == 0 || want[t] != want[t - 1]);
    }
    scene_loader_free(l);
    opt.pool = workers[1]; /* another pool, nothing kept, another order */
    opt.cache_bytes = 1;
    l = load(g, &opt);
    for (uint64_t t = 5; t-- > 0;)
        assert_true(want[t] == hash_step(l, t, 96));
    scene_loader_free(l);
    opt.seed = 8;
    l = load(g, &opt);
    for (uint64_t t = 0; t < 5; t++)
        for (uint64_t k = 0; k < 5; k++)
            assert_true(want[k] != hash_step(l, t, 96));
    scene_loader_free(l);
}

static void a_part_is_that_part_of_the_whole_batch(void **state)
{
    rig *g = *state;
    scene_options opt = options_of(6, 96), half = opt;
    scene_loader *whole, *l;
    scene_batch a, b;

    add_all(g);
    half.part_first = 2;
    half.part = 3;
    whole = load(g, &opt);
    l = load(g, &half);
    for (uint64_t t = 0; t < 5; t++) {
        assert_int_equal(scene_loader_get(whole, t, &a, NULL), PFLD_OK);
        assert_int_equal(scene_loader_get(l, t, &b, NULL), PFLD_OK);
        assert_int_equal(b.n, 3);
        assert_memory_equal(a.pixels + 2 * 96 * 96 * 3, b.pixels, 3 * 96 * 96 * 3);
        assert_memory_equal(a.index + 2, b.index, 3 * sizeof *b.index);
        for (size_t i = 0; i <= 3; i++)
            assert_int_equal(a.first[2 + i] - a.first[2], b.first[i]);
    }
    scene_loader_free(l);
    scene_loader_free(whole);
    half.part_first = 4;
    assert_int_equal(scene_loader_create(&scenes, &half, NULL, &l, NULL), PFLD_ERR_ARG);
}

/* Mean over the box's middle, and over a frame around it. */
static bool stands_out(const uint8_t *pixels, int size, const pfld_box *b)
{
    double in = 0, out = 0;
    int n_in = 0, n_out = 0;

    for (int y = 0; y < size; y++) {
        for (int x = 0; x < size; x++) {
            float u = fabsf((float)x - b->x - 0.5f * b->w) / b->w;
            float v = fabsf((float)y - b->y - 0.5f * b->h) / b->h, far = u > v ? u : v;
            const uint8_t *p = pixels + ((ptrdiff_t)y * size + x) * 3;
            if (far < 0.25f)
                in += p[0] + p[1] + p[2], n_in++;
            else if (far > 0.53f && far < 0.6f)
                out += p[0] + p[1] + p[2], n_out++;
        }
    }
    return n_in == 0 || n_out == 0 || in / n_in > out / n_out;
}

/* Backgrounds may be brighter, and things may be before faces; a box beside its face is neither. */
static void training_boxes_lie_on_faces(void **state)
{
    rig *g = *state;
    scene_options opt = options_of(40, 128);
    size_t n = 0, good = 0, empty = 0;
    scene_loader *l;
    scene_batch b;

    add_all(g);
    l = load(g, &opt);
    for (uint64_t t = 0; t < 5; t++) {
        assert_int_equal(scene_loader_get(l, t, &b, &g->err), PFLD_OK);
        for (size_t j = 0; j < b.n; j++) {
            empty += b.first[j] == b.first[j + 1];
            for (size_t i = b.first[j]; i < b.first[j + 1]; i++) {
                if (b.faces[i].ignore || scene_side(&b.faces[i].box) < 12.0f)
                    continue;
                n++;
                good += stands_out(b.pixels + j * 128 * 128 * 3, 128, &b.faces[i].box);
            }
        }
    }
    assert_true(n > 150);
    assert_true(good > n * 85 / 100);
    assert_in_range(empty, 5, 60);
    scene_loader_free(l);
}

static size_t count_faces(scene_loader *l)
{
    scene_batch b;

    assert_int_equal(scene_loader_get(l, 0, &b, NULL), PFLD_OK);
    assert_int_equal(b.n, 20);
    return b.first[b.n];
}

static void any_kind_of_photos_will_do_alone(void **state)
{
    static const char *const kinds[][2] = {
        {"boxes", "list.csv"}, {"mtfl", "m.csv"}, {"negatives", "n"}};
    static const int sizes[] = {1, 2, 33, 64};
    rig *g = *state;

    for (size_t k = 0; k < 3; k++) {
        scene_set_free(&scenes);
        add_ok(g, kinds[k][0], kinds[k][1]);
        for (size_t i = 0; i < 4; i++) {
            scene_options opt = options_of(20, sizes[i]);
            scene_loader *l = load(g, &opt);
            size_t n = count_faces(l);
            assert_true(k == 2 ? n == 0 : n > 0 || sizes[i] < 3);
            scene_loader_free(l);
        }
    }
}

static void weights_say_how_often_a_photo_is_drawn(void **state)
{
    rig *g = *state;
    scene_options opt = options_of(200, 16);
    size_t heavy = 0;
    scene_loader *l;
    scene_batch b;

    rig_write(g, "heavy.csv", HEADER "w0.png,20,30,60,78,\n");
    rig_write(g, "light.csv", HEADER "w1.png,29,30,75,85,\n");
    add_ok(g, "boxes", "heavy.csv@3");
    add_ok(g, "boxes", "light.csv");
    l = load(g, &opt);
    assert_int_equal(scene_loader_get(l, 0, &b, NULL), PFLD_OK);
    for (size_t i = 0; i < b.n; i++)
        heavy += b.index[i] == 0;
    assert_in_range(heavy, 130, 170); /* 150, sigma 6.1 */
    scene_loader_free(l);
}

/* ---- plain ---- */

#define PLAIN ((size_t)3 * 90 * 90) /* bytes */

static void plain_pictures_are_the_photos_in_order(void **state)
{
    rig *g = *state;
    scene_options opt = options_of(4, 90);
    size_t seen = 0;
    scene_loader *l;
    scene_batch b;

    opt.plain = true;
    add_ok(g, "boxes", "list.csv"); /* 180 .. 230 x 150 */
    l = load(g, &opt);
    for (uint64_t t = 0; t < 3; t++) {
        assert_int_equal(scene_loader_get(l, t, &b, NULL), PFLD_OK);
        assert_int_equal(b.n, t == 0 ? 4 : t == 1 ? 2 : 0);
        for (size_t j = 0; j < b.n; j++, seen++) {
            pfld_image img = {(uint8_t *)malloc(PLAIN), 90, 90, 270, PFLD_RGB8};
            float scale = 90.0f / (180.0f + 10.0f * (float)seen), w = 40.0f + 6.0f * (float)seen;
            pfld_box lit;
            memcpy(img.data, b.pixels + j * PLAIN, PLAIN);
            assert_int_equal(b.index[j], seen);
            lit = bright_box(&img);
            assert_float_equal(lit.x, b.faces[b.first[j]].box.x, 1.1);
            assert_float_equal(lit.w, b.faces[b.first[j]].box.w, 1.6);
            assert_float_equal(lit.h, b.faces[b.first[j]].box.h, 1.6);
            assert_float_equal(b.faces[b.first[j]].box.w, scale * w, 1e-3);
            assert_int_equal(img.data[(ptrdiff_t)270 * 89], 0); /* below the photo */
            assert_in_range(img.data[(ptrdiff_t)270 * (int)(148 * scale)], 1, 30);
            free(img.data);
        }
    }
    assert_int_equal(seen, 6);
    assert_int_equal(scene_loader_get(l, UINT64_MAX, &b, NULL), PFLD_OK);
    assert_int_equal(b.n, 0);
    scene_loader_free(l);
}

static void plain_pictures_are_enlarged_twice_at_most(void **state)
{
    rig *g = *state;
    scene_options opt = options_of(1, 512);
    scene_loader *l;
    scene_batch b;

    opt.plain = true;
    add_ok(g, "mtfl", "m.csv");
    l = load(g, &opt);
    assert_int_equal(scene_loader_get(l, 0, &b, NULL), PFLD_OK);
    assert_float_equal(b.faces[0].five[0].x, 62.5f, 1e-3);
    assert_int_equal(b.faces[0].known[4], 1);
    assert_int_equal(b.pixels[480], 0);
    assert_in_range(b.pixels[477], 1, 40);
    scene_loader_free(l);
}

/* ---- what goes wrong ---- */

static void photos_that_cannot_be_read_are_named_or_left_out(void **state)
{
    rig *g = *state;
    scene_options opt = options_of(8, 32);
    scene_loader *l;
    scene_batch b;

    rig_write(g, "bad.png", "no picture");
    rig_write(g, "bad.csv", HEADER "bad.png,20,30,60,78,\nw0.png,20,30,60,78,\n");
    add_ok(g, "boxes", "bad.csv");
    for (int plain = 0; plain < 2; plain++) {
        opt.plain = plain;
        g->opt.skip_bad = false;
        l = load(g, &opt);
        assert_int_equal(scene_loader_get(l, 0, &b, &g->err), PFLD_ERR_FORMAT);
        assert_non_null(strstr(g->err.msg, "bad.png"));
        assert_int_equal(b.n, 0);
        scene_loader_free(l);
        g->opt.skip_bad = true;
        g->n_messages = 0;
        l = load(g, &opt);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(scene_loader_get(l, 0, &b, &g->err), PFLD_OK);
            assert_int_equal(b.n, plain ? 1 : 8);
            for (size_t j = 0; j < b.n; j++)
                assert_int_equal(b.index[j], 1);
        }
        assert_int_equal(g->n_messages, 1);
        assert_non_null(strstr(g->message[0], "bad.png"));
        scene_loader_free(l);
    }
    opt.batch = 1;
    l = load(g, &opt);
    for (uint64_t t = 0; t < 3; t++) { /* the first batch is empty, and not the end */
        assert_int_equal(scene_loader_get(l, t, &b, &g->err), PFLD_OK);
        assert_int_equal(b.n, t == 1);
        assert_int_equal(b.end, t == 2);
    }
    scene_loader_free(l);
}

static void wrong_options_are_refused(void **state)
{
    static const struct {
        size_t batch;
        int size;
    } all[] = {{0, 64}, {70000, 64}, {1, 0}, {1, -5}, {1, 513}};
    scene_options opt;
    scene_loader *l;

    opt = options_of(1, 64);
    assert_int_equal(scene_loader_create(&scenes, &opt, NULL, &l, NULL), PFLD_ERR_ARG);
    assert_null(l);
    add_all(*state);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        opt = options_of(all[i].batch, all[i].size);
        assert_int_equal(scene_loader_create(&scenes, &opt, NULL, &l, NULL), PFLD_ERR_ARG);
        assert_null(l);
    }
    scene_loader_free(NULL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_scenes, close_scenes)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes_frame_what_is_painted),
        cmocka_unit_test(points_stay_on_their_spots),
        cmocka_unit_test(windows_shift_faces_and_cut_them),
        cmocka_unit_test(faces_too_small_or_cut_from_their_photo_are_ignored),
        cmocka_unit_test(layers_leave_the_rest_of_the_picture_alone),
        T(steps_depend_on_the_seed_alone),
        T(a_part_is_that_part_of_the_whole_batch),
        T(training_boxes_lie_on_faces),
        T(any_kind_of_photos_will_do_alone),
        T(weights_say_how_often_a_photo_is_drawn),
        T(plain_pictures_are_the_photos_in_order),
        T(plain_pictures_are_enlarged_twice_at_most),
        T(photos_that_cannot_be_read_are_named_or_left_out),
        T(wrong_options_are_refused),
    };
    return cmocka_run_group_tests_name("scene_loader", tests, NULL, NULL);
}
