/* One picture of pfld detect: reading it, finding its faces, drawing them. */
#define _POSIX_C_SOURCE 200809L
#include "cli/detect_job.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/message.h"
#include "cli/output.h"
#include "cli/paths.h"
#include "core/error.h"
#include "core/mem.h"
#include "geometry/scheme.h"
#include "media/codec.h"
#include "media/draw.h"
#include "media/paths.h"

#define NOTHING 1e-6f /* a threshold of 0, which to pfld_options would mean the default */

/* ---- what all pictures share ---- */

static pfld_status check_kind(const pfld_model *m, const char *file, pfld_kind kind,
                              pfld_error *err)
{
    pfld_status status;

    if (pfld_model_kind(m) == kind)
        return PFLD_OK;
    status = error_set(err, PFLD_ERR_UNSUPPORTED, "a %s",
                       kind == PFLD_KIND_DETECTOR
                           ? "landmark model, not a face detector: it belongs to --model"
                           : "face detector, not a landmark model: it belongs to --detector");
    error_prefix(err, file);
    return status;
}

/* How large ellipses are. */
static pfld_status take_radii(detect_setup *s, pfld_error *err)
{
    for (size_t i = 0; i < OUTPUT_SHARES; i++)
        s->radii[i] = pfld_ellipse_radius(s->landmarks, output_shares[i] / 100);
    if (s->f->draw.ellipses == 0)
        return PFLD_OK;
    s->ellipse = pfld_ellipse_radius(s->landmarks, s->f->draw.ellipses / 100);
    return isfinite(s->ellipse)
               ? PFLD_OK
               : error_set(err, PFLD_ERR_UNSUPPORTED,
                           "--ellipses: this model does not tell how sure it is of its points");
}

static pfld_status open_landmarks(detect_setup *s, pfld_error *err)
{
    const detect_fields *f = s->f;
    pfld_model_options facts;
    pfld_status status;

    pfld_model_options_init(&facts, sizeof facts);
    facts.scheme = f->scheme;
    facts.input = f->input;
    facts.crop_scale = f->crop;
    facts.output = f->landmarks;
    status = f->model ? pfld_model_load(f->model, &facts, &s->landmarks, err)
                      : pfld_model_load_default(&facts, &s->landmarks, err);
    if (status == PFLD_ERR_ARG && !f->scheme && !f->input && f->crop == 0 && !f->landmarks)
        status = PFLD_ERR_FORMAT; /* then it is the file that states nonsense */
    if (status)
        return status;
    s->scheme = pfld_model_scheme(s->landmarks);
    s->n_landmarks = pfld_model_landmark_count(s->landmarks);
    status = f->model ? check_kind(s->landmarks, f->model, PFLD_KIND_LANDMARKS, err) : PFLD_OK;
    return status ? status : take_radii(s, err);
}

static pfld_status open_detector(detect_setup *s, pfld_error *err)
{
    const char *file = s->f->detector;
    pfld_error why = {0};
    pfld_status status;

    if (file) {
        status = pfld_model_load(file, NULL, &s->detector, err);
        return status ? status : check_kind(s->detector, file, PFLD_KIND_DETECTOR, err);
    }
    status = pfld_model_load_default_detector(NULL, &s->detector, &why);
    if (status == PFLD_ERR_UNSUPPORTED)
        return error_set(err, status, "%.120s (--detector FILE), or the faces' boxes (--box)",
                         why.msg);
    return status ? error_set(err, status, "%s", why.msg) : PFLD_OK;
}

static pfld_options session_options(const detect_fields *f)
{
    pfld_options how;

    pfld_options_init(&how, sizeof how);
    how.isa = f->isa;
    how.max_side = (int32_t)f->max_side;
    how.min_face = f->min_face;
    how.score_min = f->threshold < 0 ? 0 : f->threshold > 0 ? f->threshold : NOTHING;
    how.presence_min = f->presence < 0 ? 0 : f->presence > 0 ? f->presence : -1;
    how.turns = f->no_turns ? -1 : 1;
    return how;
}

pfld_status detect_setup_open(detect_setup *s, const detect_fields *f, pfld_error *err)
{
    pfld_status status = PFLD_OK;

    s->f = f;
    s->how = session_options(f);
    if (f->boxes_file)
        status = boxes_read(f->boxes_file, &s->table, err);
    if (status == PFLD_OK && !f->no_landmarks)
        status = open_landmarks(s, err);
    if (status == PFLD_OK && (f->detector || !detect_has_boxes(f)))
        status = open_detector(s, err);
    return status;
}

void detect_setup_close(detect_setup *s)
{
    pfld_model_free(s->landmarks);
    pfld_model_free(s->detector);
    boxes_free(&s->table);
    hash_set_free(&s->originals);
    *s = (detect_setup){0};
}

pfld_status detect_worker_start(detect_worker *w, const detect_setup *s, pfld_error *err)
{
    long most = s->f->max_faces;

    if (w->session)
        return PFLD_OK;
    if (!w->found) {
        w->room = most > 0 && most < PFLD_MAX_FACES ? (size_t)most : PFLD_MAX_FACES;
        w->found = mem_alloc(w->room, sizeof *w->found);
        if (!w->found)
            return error_nomem(err);
    }
    return pfld_session_create(s->landmarks, s->detector, &s->how, &w->session, err);
}

void detect_worker_free(detect_worker *w)
{
    pfld_session_free(w->session);
    mem_free(w->found);
    *w = (detect_worker){0};
}

/* ---- a picture ---- */

void detect_item_reset(detect_item *item)
{
    item->skipped = item->done = false;
    item->n = item->said_used = 0;
    item->width = item->height = 0;
    item->code = CLI_DONE;
}

void detect_item_free(detect_item *item)
{
    mem_free(item->file);
    mem_free(item->target);
    mem_free(item->faces);
    mem_free(item->said);
    *item = (detect_item){0};
}

void detect_item_fail(detect_item *item, pfld_status status, const char *text)
{
    int code = status == PFLD_ERR_NOMEM ? CLI_INTERNAL : CLI_SOME_FAILED;
    size_t n = strlen(text) + 1;
    char *grown = mem_grow(item->said, &item->said_room, item->said_used + n, 1);

    if (code > item->code)
        item->code = code;
    if (!grown) { /* the exit code tells it */
        item->code = CLI_INTERNAL;
        return;
    }
    item->said = grown;
    memcpy(grown + item->said_used, text, n);
    item->said_used += n;
}

/* What the file is called in messages. */
static const char *name_of(const detect_item *item)
{
    return strcmp(item->file, "-") == 0 ? "stdin" : item->file;
}

/* The same where err's sentence does not name the file yet. */
static void fail_named(detect_item *item, pfld_status status, pfld_error *err)
{
    error_prefix(err, name_of(item));
    detect_item_fail(item, status, err->msg);
}

/* Room for one more face, or NULL after noting that there is none. */
static pfld_face *next_face(detect_item *item)
{
    pfld_face *grown = mem_grow(item->faces, &item->faces_room, item->n + 1, sizeof *grown);

    if (!grown) {
        detect_item_fail(item, PFLD_ERR_NOMEM, "out of memory");
        return NULL;
    }
    item->faces = grown;
    return &grown[item->n];
}

/* ---- faces whose boxes are given ---- */

static size_t count_boxes(const detect_setup *s, const char *file)
{
    size_t n = s->f->boxes.n, at = 0;

    while (boxes_next(&s->table, file, &at))
        n++;
    return n;
}

static void take_box(detect_item *item, const detect_setup *s, detect_worker *w,
                     const pfld_image *img, const pfld_box *given)
{
    int kind = s->f->box_from;
    pfld_box box = kind < 0 ? *given : pfld_box_from((pfld_box_kind)kind, given);
    pfld_face *face = next_face(item);
    pfld_error err = {0};
    pfld_status status;

    if (!face)
        return;
    status = pfld_landmarks(w->session, img, &box, face, &err);
    if (status) {
        fail_named(item, status, &err);
        return;
    }
    face->box = *given; /* as the caller knows it */
    item->n++;
}

static void take_boxes(detect_item *item, const detect_setup *s, detect_worker *w,
                       const pfld_image *img)
{
    const boxes_row *row;
    size_t at = 0;

    for (size_t i = 0; i < s->f->boxes.n; i++)
        take_box(item, s, w, img, &s->f->boxes.at[i]);
    while ((row = boxes_next(&s->table, item->file, &at))) {
        pfld_error err = {0};

        if (!row->wrong) {
            take_box(item, s, w, img, &row->box);
            continue;
        }
        error_set(&err, PFLD_ERR_FORMAT, "%s", row->wrong);
        fail_named(item, PFLD_ERR_FORMAT, &err);
    }
    item->done = item->n > 0;
}

/* ---- pictures that are read smaller ---- */

/*
 * Where only large faces are asked for, a JPEG file's decoder may shrink the picture: a face that
 * keeps FACE_LEFT pixels loses nothing that a crop of 112 would show (docs/detection.md); a model
 * that is named may want a larger one. Not where the picture is drawn.
 */
#define FACE_LEFT 112
#define MOST_BY   8
#define MAX_SIDE  640 /* as pfld_options.max_side */
#define WHOLE     32  /* times the smallest face: larger pictures are searched in tiles, ... */
#define SMALLEST  10  /* ... as far as faces keep so many pixels of --max-side */

static media_reduction reduction_for(const detect_fields *f)
{
    media_reduction r = {.most = 1, .least_side = f->max_side ? (int32_t)f->max_side : MAX_SIDE};
    int left = f->model ? 2 * FACE_LEFT : FACE_LEFT;

    r.most_side = (int32_t)fminf(fminf(WHOLE, (float)r.least_side / SMALLEST) * f->min_face,
                                 (float)(INT32_MAX / 2));
    while (r.most < MOST_BY && !f->picture && f->min_face >= (float)(2 * r.most * left))
        r.most *= 2;
    return r;
}

static pfld_point to_whole(const media_reduction *r, pfld_point p)
{
    float by = (float)r->by;

    return (pfld_point){(float)r->left + by * (p.x + 0.5f) - 0.5f,
                        (float)r->top + by * (p.y + 0.5f) - 0.5f};
}

static void face_to_whole(const media_reduction *r, pfld_face *f)
{
    pfld_point corner = to_whole(r, (pfld_point){f->box.x, f->box.y});

    if (r->by == 1)
        return;
    f->box = (pfld_box){corner.x, corner.y, (float)r->by * f->box.w, (float)r->by * f->box.h};
    for (int i = 0; i < 5; i++)
        f->five[i] = to_whole(r, f->five[i]);
    for (int32_t i = 0; i < f->n_landmarks; i++) {
        pfld_cov *c = &f->cov[i];
        f->landmarks[i] = to_whole(r, f->landmarks[i]);
        c->xx *= (float)(r->by * r->by);
        c->xy *= (float)(r->by * r->by);
        c->yy *= (float)(r->by * r->by);
    }
}

/* ---- faces that are found ---- */

static void find_faces(detect_item *item, const detect_worker *w, const pfld_image *img)
{
    size_t n = 0;
    pfld_error err = {0};
    pfld_status status = pfld_detect(w->session, img, w->found, w->room, &n, &err);

    if (status) {
        fail_named(item, status, &err);
        return;
    }
    if (n > w->room)
        n = w->room;
    for (; item->n < n; item->n++) {
        pfld_face *face = next_face(item);

        if (!face)
            return;
        *face = w->found[item->n];
    }
    item->done = true;
}

/* A .pts file holds one face. */
static void check_one(detect_item *item)
{
    pfld_error err = {0};

    if (!item->done || item->n == 1)
        return;
    if (item->n)
        error_set(&err, PFLD_ERR_ARG,
                  "%zu faces, but --format pts holds one (--max-faces 1 takes the best)", item->n);
    else
        error_set(&err, PFLD_ERR_ARG, "no face found for --format pts");
    fail_named(item, PFLD_ERR_ARG, &err);
    item->done = false;
}

/* ---- the drawn picture ---- */

bool detect_draws_into_folder(const detect_fields *f)
{
    return f->picture && (f->picture[strlen(f->picture) - 1] == '/' || path_is_dir(f->picture));
}

static pfld_status make_folder_of(char *path, pfld_error *err)
{
    char *slash = strrchr(path, '/');
    pfld_status status = PFLD_OK;

    if (!slash || slash == path)
        return PFLD_OK;
    *slash = 0;
    if (!path_is_dir(path))
        status = media_make_dirs(path, err);
    *slash = '/';
    return status;
}

/* False where the picture that is there stays as it is. */
static bool may_write(detect_item *item, const detect_setup *s)
{
    struct stat st;
    pfld_error err = {0};
    char shown[ERROR_PATH + 1];

    if (path_is_same(item->target, item->file) ||
        hash_set_has(&s->originals, path_identity(item->target))) {
        error_set(&err, PFLD_ERR_ARG,
                  "%s would be overwritten by the picture of %.80s: choose another -o",
                  error_path(item->target, shown), name_of(item));
        detect_item_fail(item, PFLD_ERR_ARG, err.msg);
        return false;
    }
    if (s->f->force || lstat(item->target, &st) != 0)
        return true;
    if (!s->f->resume) { /* else the run before has drawn it */
        error_set(&err, PFLD_ERR_ARG, "%s is there already (--force replaces it)",
                  error_path(item->target, shown));
        detect_item_fail(item, PFLD_ERR_ARG, err.msg);
    }
    return false;
}

static void draw(detect_item *item, const detect_setup *s, const pfld_image *img)
{
    bool into_folder = detect_draws_into_folder(s->f);
    draw_options how = draw_fields_options(&s->f->draw, s->ellipse);
    pfld_error err = {0};
    media_image drawn = {0};
    pfld_status status;

    if (into_folder && !may_write(item, s))
        return;
    how.scale = s->f->draw_scale;
    status = draw_faces(img, s->scheme ? scheme_find(s->scheme) : NULL, item->faces, item->n, &how,
                        &drawn, &err);
    if (status) {
        fail_named(item, status, &err);
        return;
    }
    if (into_folder)
        status = make_folder_of(item->target, &err);
    if (status == PFLD_OK) /* names the target */
        status = media_write(into_folder ? item->target : s->f->picture, &drawn.view, &err);
    if (status)
        detect_item_fail(item, status, err.msg);
    media_image_free(&drawn);
}

/* ---- all of it ---- */

static void work_on_picture(detect_item *item, const detect_setup *s, detect_worker *w,
                            const pfld_image *img, const media_reduction *shown)
{
    item->width = shown->width;
    item->height = shown->height;
    if (detect_has_boxes(s->f))
        take_boxes(item, s, w, img);
    else
        find_faces(item, w, img);
    for (size_t i = 0; i < item->n; i++)
        face_to_whole(shown, &item->faces[i]);
    if (s->f->format == OUTPUT_PTS)
        check_one(item);
    if (s->f->picture && (item->done || item->n))
        draw(item, s, img);
}

void detect_item_work(detect_item *item, const detect_setup *s, detect_worker *w)
{
    media_reduction shown = reduction_for(s->f);
    media_image img = {0};
    pfld_error err = {0};
    pfld_status status;

    if (item->skipped || item->code != CLI_DONE)
        return;
    if (detect_has_boxes(s->f) && !count_boxes(s, item->file)) {
        error_set(&err, PFLD_ERR_ARG, "%.120s: %.100s has no box for it", name_of(item),
                  s->f->boxes_file);
        detect_item_fail(item, PFLD_ERR_ARG, err.msg);
        return;
    }
    status = detect_worker_start(w, s, &err);
    if (status == PFLD_OK)
        status = media_read_reduced(item->file, &shown, &img, &err);
    if (status) {
        detect_item_fail(item, status, err.msg);
        return;
    }
    work_on_picture(item, s, w, &img.view, &shown);
    media_image_free(&img);
}
