/* The public interface: argument checks, options, models and sessions. */
#include "pfld/pfld.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/pool.h"
#include "detect/box_from.h"
#include "detect/builtin.h"
#include "detect/detect_spec.h"
#include "detect/faces.h"
#include "detect/spec.h"
#include "geometry/box.h"
#include "geometry/measures.h"
#include "geometry/pose.h"
#include "geometry/scheme.h"
#include "image/image.h"
#include "net/fold.h"
#include "net/onnx.h"
#include "net/shape.h"
#include "track/tracker.h"

struct pfld_model {
    net_graph *graph;
    pfld_kind kind;
    spec how;         /* PFLD_KIND_LANDMARKS */
    detect_spec find; /* PFLD_KIND_DETECTOR */
};

struct pfld_session {
    arena mem; /* holds the session, too, unless it is a caller's workspace */
    faces how; /* points into the following */
    landmarks points;
    detector finder;
    infer_weights weights; /* of points, and of those of other threads */
};

struct pfld_tracker {
    tracker state;
};

typedef struct pair { /* the models of a session; one may be NULL */
    const pfld_model *landmarks, *detector;
} pair;

/* Of a box's sides and place: beyond, floats can't tell pixels apart. */
#define BOX_LEAST 1e-3f
#define BOX_MOST  1e7f

#define SCORE_MIN    0.5f
#define PRESENCE_MIN 0.3f
#define PASSES       3
#define SMOOTH       0.5f
#define SEARCH_EVERY 0.3f
#define HOLD         1.5f

enum {
    MAX_SIDE_LEAST = 64,
    MAX_SIDE_MOST = 4096,
    MAX_SIDE = 640,
    MAX_MODEL_BYTES = 1 << 30,
    DEFAULT_SIDE = 112 /* the paper's, where a file leaves the size open */
};

uint32_t pfld_version(void)
{
    return PFLD_VERSION_MAJOR << 16 | PFLD_VERSION_MINOR << 8 | PFLD_VERSION_PATCH;
}

const char *pfld_status_str(pfld_status status)
{
    switch (status) {
    case PFLD_OK:
        return "success";
    case PFLD_ERR_ARG:
        return "wrong argument";
    case PFLD_ERR_NOMEM:
        return "out of memory";
    case PFLD_ERR_IO:
        return "input or output failed";
    case PFLD_ERR_FORMAT:
        return "damaged file";
    case PFLD_ERR_UNSUPPORTED:
        return "not supported";
    }
    return "unknown status";
}

/* ---- options: structs that may be older or newer than this library ---- */

static void init_struct(void *opt, size_t size)
{
    if (!opt || size < sizeof size)
        return;
    memset(opt, 0, size);
    memcpy(opt, &size, sizeof size); /* size is the first member of each */
}

void pfld_options_init(pfld_options *opt, size_t size)
{
    init_struct(opt, size);
}

void pfld_model_options_init(pfld_model_options *opt, size_t size)
{
    init_struct(opt, size);
}

/* Copies what both sides know; what only the caller knows must be 0, or it would be ignored. */
static pfld_status take_struct(void *known, size_t n_known, const void *given, const char *what,
                               pfld_error *err)
{
    size_t size, i;

    if (!given)
        return PFLD_OK;
    memcpy(&size, given, sizeof size);
    if (size < sizeof size)
        return error_set(err, PFLD_ERR_ARG, "%s.size is %zu: call %s_init() first", what, size,
                         what);
    for (i = n_known; i < size; i++)
        if (((const unsigned char *)given)[i])
            return error_set(err, PFLD_ERR_ARG,
                             "%s asks for something that this version does not know", what);
    memcpy(known, given, size < n_known ? size : n_known);
    return PFLD_OK;
}

/* ---- models ---- */

/* The batch is one face; a size left open is the paper's. */
static pfld_status close_input(net_graph *g, pfld_error *err)
{
    net_shape s;
    int32_t i;

    if (g->n_inputs != 1)
        return PFLD_OK; /* spec_resolve() says it */
    s = g->values[g->inputs[0]].shape;
    if (!g->values[g->inputs[0]].has_shape || s.rank != 4)
        s = (net_shape){.rank = 4, .dim = {1, 3, DEFAULT_SIDE, DEFAULT_SIDE}};
    s.dim[0] = s.dim[0] == NET_DIM_OPEN ? 1 : s.dim[0];
    s.dim[1] = s.dim[1] == NET_DIM_OPEN ? 3 : s.dim[1];
    for (i = 2; i < 4; i++)
        s.dim[i] = s.dim[i] == NET_DIM_OPEN ? DEFAULT_SIDE : s.dim[i];
    return net_input_set_shape(g, 0, &s, err);
}

static pfld_status build_landmarks(pfld_model *m, const pfld_model_options *opt, pfld_error *err)
{
    const char *kind = net_meta_get(m->graph, "pfld.kind");
    pfld_status st;

    if (kind && strcmp(kind, "landmarks") != 0)
        return error_set(err, PFLD_ERR_UNSUPPORTED,
                         "a model of kind '%.40s', neither landmarks nor detector", kind);
    st = close_input(m->graph, err);
    if (st == PFLD_OK)
        st = net_infer_shapes(m->graph, err);
    if (st == PFLD_OK)
        st = net_fold(m->graph, err);
    if (st == PFLD_OK)
        st = spec_resolve(m->graph, opt, &m->how, err);
    return st;
}

static pfld_status build_model(pfld_model *m, const void *buf, size_t size,
                               const pfld_model_options *opt, pfld_error *err)
{
    pfld_status st = net_onnx_read(buf, size, &m->graph, err);

    if (st != PFLD_OK)
        return st;
    if (detect_spec_is_detector(m->graph)) {
        m->kind = PFLD_KIND_DETECTOR;
        return detect_spec_resolve(m->graph, opt->input, &m->find, err);
    }
    m->kind = PFLD_KIND_LANDMARKS;
    return build_landmarks(m, opt, err);
}

pfld_status pfld_model_load_memory(const void *buf, size_t size, const pfld_model_options *opt,
                                   pfld_model **out, pfld_error *err)
{
    pfld_model_options known = {0};
    pfld_model *m;
    pfld_status st;

    if (!out)
        return error_set(err, PFLD_ERR_ARG, "out is NULL");
    *out = NULL;
    if (!buf)
        return error_set(err, PFLD_ERR_ARG, "buf is NULL");
    st = take_struct(&known, sizeof known, opt, "pfld_model_options", err);
    if (st != PFLD_OK)
        return st;
    m = mem_alloc(1, sizeof *m);
    if (!m)
        return error_nomem(err);
    st = build_model(m, buf, size, &known, err);
    if (st != PFLD_OK) {
        pfld_model_free(m);
        return st;
    }
    *out = m;
    return PFLD_OK;
}

pfld_status pfld_model_load(const char *path, const pfld_model_options *opt, pfld_model **out,
                            pfld_error *err)
{
    uint8_t *data;
    size_t size;
    pfld_status st;

    if (!out)
        return error_set(err, PFLD_ERR_ARG, "out is NULL");
    *out = NULL;
    if (!path)
        return error_set(err, PFLD_ERR_ARG, "path is NULL");
    st = file_read(path, MAX_MODEL_BYTES, &data, &size, err);
    if (st != PFLD_OK)
        return st;
    st = pfld_model_load_memory(data, size, opt, out, err);
    mem_free(data);
    if (st != PFLD_OK)
        error_prefix(err, path);
    return st;
}

typedef pfld_status builtin_fn(const uint8_t **bytes, size_t *size, pfld_error *err);

static pfld_status load_builtin(builtin_fn *find, const pfld_model_options *opt, pfld_model **out,
                                pfld_error *err)
{
    const uint8_t *data;
    size_t size;
    pfld_status st;

    if (!out)
        return error_set(err, PFLD_ERR_ARG, "out is NULL");
    *out = NULL;
    st = find(&data, &size, err);
    return st == PFLD_OK ? pfld_model_load_memory(data, size, opt, out, err) : st;
}

pfld_status pfld_model_load_default(const pfld_model_options *opt, pfld_model **out,
                                    pfld_error *err)
{
    return load_builtin(builtin_model, opt, out, err);
}

pfld_status pfld_model_load_default_detector(const pfld_model_options *opt, pfld_model **out,
                                             pfld_error *err)
{
    return load_builtin(builtin_detector, opt, out, err);
}

void pfld_model_free(pfld_model *m)
{
    if (!m)
        return;
    net_graph_free(m->graph);
    mem_free(m);
}

pfld_kind pfld_model_kind(const pfld_model *m)
{
    return m ? m->kind : PFLD_KIND_NONE;
}

static const scheme *points_of(const pfld_model *m)
{
    return m->kind == PFLD_KIND_DETECTOR ? scheme_find("five") : m->how.points;
}

int32_t pfld_model_landmark_count(const pfld_model *m)
{
    return m ? points_of(m)->n : 0;
}

const char *pfld_model_scheme(const pfld_model *m)
{
    return m ? points_of(m)->name : NULL;
}

float pfld_ellipse_radius(const pfld_model *m, float share)
{
    if (!m || m->kind != PFLD_KIND_LANDMARKS || !m->how.has_spread ||
        !(share > 0.0f && share < 1.0f))
        return NAN;
    return (float)spread_radius((double)m->how.rule.tail, (double)share);
}

const char *pfld_model_metadata(const pfld_model *m, const char *key)
{
    return m && key ? net_meta_get(m->graph, key) : NULL;
}

/* ---- sessions ---- */

static pfld_status take_workspace(const pfld_options *opt, arena *mem, pfld_error *err)
{
    if (!opt->workspace)
        return PFLD_OK;
    if ((uintptr_t)opt->workspace % MEM_ALIGN)
        return error_set(err, PFLD_ERR_ARG, "the workspace is not aligned to %d bytes", MEM_ALIGN);
    arena_use(mem, opt->workspace, opt->workspace_size);
    return PFLD_OK;
}

/* What the other threads need for a face of their own. */
typedef struct helper {
    landmarks points;
    detector finder;
} helper;

static pfld_status build_helper(pfld_session *s, const pair *m, const pfld_options *opt, arena *mem,
                                faces *out, pfld_error *err)
{
    helper *h = arena_alloc(mem, 1, sizeof *h);
    pfld_status st = h ? PFLD_OK : error_nomem(err);

    *out = s->how;
    if (st == PFLD_OK && m->landmarks) {
        out->points = &h->points;
        st = landmarks_create(m->landmarks->graph, &m->landmarks->how, opt->isa, &s->weights, mem,
                              &h->points, err);
    }
    if (st == PFLD_OK) {
        out->finder = &h->finder;
        st = detector_create_close(&s->finder, m->detector->graph, mem, &h->finder, err);
    }
    return st;
}

/* Several faces of one picture, one on each thread: there is a detector that finds them. */
static pfld_status build_helpers(pfld_session *s, const pair *m, const pfld_options *opt,
                                 arena *mem, pfld_error *err)
{
    size_t n = pool_threads_of((size_t)opt->threads) - 1;
    faces *helpers = arena_alloc(mem, n, sizeof *helpers);
    pfld_status st = helpers ? PFLD_OK : error_nomem(err);

    for (size_t i = 0; i < n && st == PFLD_OK; i++)
        st = build_helper(s, m, opt, mem, &helpers[i], err);
    s->how.helpers = helpers;
    return st;
}

static bool has_threads(const pair *m, const pfld_options *opt)
{
    return opt->threads > 1 && m->detector;
}

static pfld_status build_nets(pfld_session *s, const pair *m, const pfld_options *opt, arena *mem,
                              pfld_error *err)
{
    detector_options how = {opt->isa, opt->max_side, opt->min_face,
                            faces_first_score(opt->score_min, opt->presence_min)};
    pfld_status st = PFLD_OK;

    s->how = (faces){.score_min = opt->score_min,

                     .presence_min = opt->presence_min,
                     .turns = opt->turns > 0,
                     .upright = opt->turns < 0,
                     .most_crops = opt->passes};
    if (m->landmarks) {
        s->how.points = &s->points;
        st = landmarks_create(m->landmarks->graph, &m->landmarks->how, opt->isa, &s->weights, mem,
                              &s->points, err);
    }
    if (st == PFLD_OK && m->detector) {
        s->how.finder = &s->finder;
        st = detector_create(m->detector->graph, &m->detector->find, &how, mem, &s->finder, err);
        if (st == PFLD_OK && !faces_add_room(&s->how, mem))
            st = error_nomem(err);
    }
    return st == PFLD_OK && has_threads(m, opt) ? build_helpers(s, m, opt, mem, err) : st;
}

/* The session lies in its own arena, so that a workspace holds all of it. */
static pfld_status build_session(const pair *m, const pfld_options *opt, arena *mem,
                                 pfld_session **out, pfld_error *err)
{
    pfld_session *s;
    pfld_status st = take_workspace(opt, mem, err);

    if (st != PFLD_OK)
        return st;
    s = arena_alloc(mem, 1, sizeof *s);
    st = s ? build_nets(s, m, opt, mem, err) : error_nomem(err);
    if (st == PFLD_OK)
        *out = s;
    else if (st == PFLD_ERR_NOMEM && opt->workspace)
        error_set(err, st,
                  "out of memory: is the workspace of %zu bytes as large as pfld_workspace_size() "
                  "says?",
                  opt->workspace_size);
    return st;
}

/* 0 is the default; NaN is refused with what is too small or too large. name: "struct.field". */
static pfld_status take_number(float *v, float otherwise, float least, float most, const char *name,
                               pfld_error *err)
{
    if (*v == 0.0f)
        *v = otherwise;
    if (*v >= least && *v <= most)
        return PFLD_OK;
    return error_set(err, PFLD_ERR_ARG, "%s is %g: %g to %g wanted", name, (double)*v,
                     (double)least, (double)most);
}

static pfld_status take_options(pfld_options *known, const pfld_options *opt, pfld_error *err)
{
    pfld_status st = take_struct(known, sizeof *known, opt, "pfld_options", err);

    if (st != PFLD_OK)
        return st;
    if (known->isa < PFLD_ISA_AUTO || known->isa > PFLD_ISA_WASM128)
        return error_set(err, PFLD_ERR_ARG, "pfld_options.isa is %d: no such instruction set",
                         (int)known->isa);
    if (known->max_side == 0)
        known->max_side = MAX_SIDE;
    if (known->max_side < MAX_SIDE_LEAST || known->max_side > MAX_SIDE_MOST)
        return error_set(err, PFLD_ERR_ARG, "pfld_options.max_side is %d: %d to %d wanted",
                         (int)known->max_side, MAX_SIDE_LEAST, MAX_SIDE_MOST);
    if (known->turns < -1 || known->turns > 1)
        return error_set(err, PFLD_ERR_ARG, "pfld_options.turns is %d: -1 to 1 wanted",
                         (int)known->turns);
    if (known->passes == 0)
        known->passes = PASSES;
    if (known->passes < 1 || known->passes > PFLD_MAX_PASSES)
        return error_set(err, PFLD_ERR_ARG, "pfld_options.passes is %d: 1 to %d wanted",
                         (int)known->passes, PFLD_MAX_PASSES);
    if (known->threads < 0 || known->threads > POOL_MAX_THREADS)
        return error_set(err, PFLD_ERR_ARG, "pfld_options.threads is %d: 0 to %d wanted",
                         (int)known->threads, POOL_MAX_THREADS);
    st = take_number(&known->min_face, 0.0f, 0.0f, BOX_MOST, "pfld_options.min_face", err);
    if (st == PFLD_OK)
        st = take_number(&known->score_min, SCORE_MIN, 0.0f, 1.0f, "pfld_options.score_min", err);
    return st != PFLD_OK ? st
                         : take_number(&known->presence_min, PRESENCE_MIN, -BOX_MOST, 1.0f,
                                       "pfld_options.presence_min", err);
}

static pfld_status check_kind(const pfld_model *m, pfld_kind want, const char *as, pfld_error *err)
{
    if (!m || m->kind == want)
        return PFLD_OK;
    return error_set(err, PFLD_ERR_ARG, "a %s was given as the %s",
                     m->kind == PFLD_KIND_DETECTOR ? "face detector" : "landmark model", as);
}

static pfld_status check_models(const pair *m, pfld_error *err)
{
    pfld_status st = check_kind(m->landmarks, PFLD_KIND_LANDMARKS, "landmark model", err);

    if (st == PFLD_OK)
        st = check_kind(m->detector, PFLD_KIND_DETECTOR, "detector", err);
    if (st == PFLD_OK && !m->landmarks && !m->detector)
        return error_set(err, PFLD_ERR_ARG, "both models are NULL");
    return st;
}

static pfld_status create_session(const pair *m, const pfld_options *opt, pfld_session **out,
                                  pfld_error *err)
{
    arena mem = {0};
    pfld_session *s = NULL;
    pfld_status st = build_session(m, opt, &mem, &s, err);

    assert(s || st != PFLD_OK);
    if (st == PFLD_OK && has_threads(m, opt))
        st = pool_create((size_t)opt->threads, &s->how.threads, err);
    if (st != PFLD_OK) {
        arena_free(&mem);
        return st;
    }
    s->mem = mem;
    *out = s;
    return PFLD_OK;
}

pfld_status pfld_session_create(const pfld_model *points, const pfld_model *finder,
                                const pfld_options *opt, pfld_session **out, pfld_error *err)
{
    const pair models = {points, finder};
    pfld_options known = {0};
    pfld_status st;

    if (!out)
        return error_set(err, PFLD_ERR_ARG, "out is NULL");
    *out = NULL;
    st = check_models(&models, err);
    if (st == PFLD_OK)
        st = take_options(&known, opt, err);
    return st == PFLD_OK ? create_session(&models, &known, out, err) : st;
}

void pfld_session_free(pfld_session *s)
{
    arena mem;

    if (!s)
        return;
    pool_free(s->how.threads);
    mem = s->mem; /* s goes with it */
    arena_free(&mem);
}

/* Built once for real, but for the threads: the only way that can't disagree with
 * pfld_session_create(). */
pfld_status pfld_workspace_size(const pfld_model *points, const pfld_model *finder,
                                const pfld_options *opt, size_t *bytes, pfld_error *err)
{
    const pair models = {points, finder};
    pfld_options known = {0};
    arena mem = {0};
    pfld_session *s = NULL;
    pfld_status st;

    if (!bytes)
        return error_set(err, PFLD_ERR_ARG, "bytes is NULL");
    st = check_models(&models, err);
    if (st == PFLD_OK)
        st = take_options(&known, opt, err);
    known.workspace = NULL;
    if (st == PFLD_OK)
        st = build_session(&models, &known, &mem, &s, err);
    if (st == PFLD_OK)
        *bytes = mem.used;
    arena_free(&mem);
    return st;
}

pfld_isa pfld_session_isa(const pfld_session *s)
{
    if (!s)
        return PFLD_ISA_AUTO;
    return s->how.points ? infer_isa(s->points.net) : detector_isa(&s->finder);
}

/* ---- faces ---- */

static bool is_sensible(const pfld_box *b)
{
    return box_is_valid(b) && b->w >= BOX_LEAST && b->h >= BOX_LEAST && b->w <= BOX_MOST &&
           b->h <= BOX_MOST && fabsf(b->x) <= BOX_MOST && fabsf(b->y) <= BOX_MOST;
}

static bool touches(const pfld_image *img, const pfld_box *b)
{
    return b->x < (float)img->width && b->y < (float)img->height && b->x + b->w > -1.0f &&
           b->y + b->h > -1.0f;
}

pfld_status pfld_landmarks(pfld_session *s, const pfld_image *img, const pfld_box *box,
                           pfld_face *face, pfld_error *err)
{
    pfld_status st;

    if (!s || !img || !box || !face)
        return error_set(err, PFLD_ERR_ARG, "%s is NULL",
                         !s     ? "session"
                         : !img ? "image"
                         : !box ? "box"
                                : "face");
    if (!s->how.points)
        return error_set(err, PFLD_ERR_ARG, "the session has no landmark model");
    st = image_check(img, err);
    if (st != PFLD_OK)
        return st;
    if (!is_sensible(box))
        return error_set(err, PFLD_ERR_ARG,
                         "a box of %g x %g at %g,%g: sides from 0.001 to 10000000 pixels wanted",
                         (double)box->w, (double)box->h, (double)box->x, (double)box->y);
    if (!touches(img, box))
        return error_set(err, PFLD_ERR_ARG, "the box %g,%g,%g,%g lies outside the %d x %d image",
                         (double)box->x, (double)box->y, (double)(box->x + box->w),
                         (double)(box->y + box->h), img->width, img->height);
    faces_measure(&s->how, img, box, face);
    return PFLD_OK;
}

pfld_status pfld_detect(pfld_session *s, const pfld_image *img, pfld_face *out, size_t cap,
                        size_t *n, pfld_error *err)
{
    pfld_status st;

    if (!s || !img || !n || (cap && !out))
        return error_set(err, PFLD_ERR_ARG, "%s is NULL",
                         !s     ? "session"
                         : !img ? "image"
                         : !n   ? "n"
                                : "faces");
    if (!s->how.finder)
        return error_set(err, PFLD_ERR_ARG, "the session has no detector");
    st = image_check(img, err);
    if (st == PFLD_OK)
        *n = faces_find(&s->how, img, out, cap);
    return st;
}

/* ---- pose ---- */

static bool is_covariance(const pfld_cov *c)
{
    return isfinite(c->xx) && isfinite(c->xy) && isfinite(c->yy) && c->xx >= 0.0f &&
           c->yy >= 0.0f && (double)c->xy * (double)c->xy <= 1.0001 * (double)c->xx * (double)c->yy;
}

pfld_status pfld_pose_from(const char *name, const pfld_point *points, const pfld_cov *cov,
                           const pfld_camera *camera, pfld_pose *pose, pfld_error *err)
{
    const scheme *s = name ? scheme_find(name) : NULL;
    pose_view view = {.cov = cov};

    if (!points || !pose)
        return error_set(err, PFLD_ERR_ARG, "%s is NULL", points ? "pose" : "landmarks");
    if (!s)
        return error_set(err, PFLD_ERR_ARG, "'%.40s' is no scheme of landmarks",
                         name ? name : "NULL");
    for (int i = 0; i < s->n && cov; i++)
        if (!is_covariance(&cov[i]))
            return error_set(err, PFLD_ERR_ARG, "cov[%d] is no covariance", i);
    if (camera) {
        if (!(camera->focal > 0.0f) || !isfinite(camera->focal) || !isfinite(camera->centre.x) ||
            !isfinite(camera->centre.y))
            return error_set(
                err, PFLD_ERR_ARG, "a camera of focal length %g that looks at (%g, %g) is none",
                (double)camera->focal, (double)camera->centre.x, (double)camera->centre.y);
        view.focal = camera->focal;
        view.centre = camera->centre;
    }
    (void)pose_from_points(s, points, &view, pose); /* else NaN */
    return PFLD_OK;
}

/* ---- faces in motion ---- */

enum { LONGEST = 3600 }; /* seconds: of search_every and hold */

void pfld_track_options_init(pfld_track_options *opt, size_t size)
{
    init_struct(opt, size);
}

static pfld_status take_track_options(const pfld_track_options *opt, tracker_options *out,
                                      pfld_error *err)
{
    pfld_track_options known = {0};
    pfld_status st = take_struct(&known, sizeof known, opt, "pfld_track_options", err);

    if (st == PFLD_OK && known.max_faces == 0)
        known.max_faces = TRACKER_MAX_FACES;
    if (st == PFLD_OK && (known.max_faces < 1 || known.max_faces > TRACKER_MAX_FACES))
        return error_set(err, PFLD_ERR_ARG, "pfld_track_options.max_faces is %d: 1 to %d wanted",
                         (int)known.max_faces, TRACKER_MAX_FACES);
    if (st == PFLD_OK)
        st = take_number(&known.smooth, SMOOTH, -BOX_MOST, 1.0f, "pfld_track_options.smooth", err);
    if (st == PFLD_OK)
        st = take_number(&known.search_every, SEARCH_EVERY, 0.0f, LONGEST,
                         "pfld_track_options.search_every", err);
    if (st == PFLD_OK)
        st = take_number(&known.hold, HOLD, 0.0f, LONGEST, "pfld_track_options.hold", err);
    *out = (tracker_options){known.max_faces, fmaxf(known.smooth, 0.0f), known.search_every,
                             known.hold};
    return st;
}

pfld_status pfld_tracker_create(const pfld_track_options *opt, pfld_tracker **out, pfld_error *err)
{
    tracker_options known;
    pfld_status st;

    if (!out)
        return error_set(err, PFLD_ERR_ARG, "out is NULL");
    *out = NULL;
    st = take_track_options(opt, &known, err);
    if (st != PFLD_OK)
        return st;
    *out = mem_alloc(1, sizeof **out);
    if (!*out)
        return error_nomem(err);
    (*out)->state.opt = known;
    return PFLD_OK;
}

void pfld_tracker_reset(pfld_tracker *t)
{
    if (t)
        tracker_reset(&t->state);
}

void pfld_tracker_free(pfld_tracker *t)
{
    mem_free(t);
}

pfld_status pfld_track(pfld_tracker *t, pfld_session *s, const pfld_image *img, double seconds,
                       pfld_face *out, size_t cap, size_t *n, pfld_error *err)
{
    pfld_status st;

    if (!t || !s || !img || !n || (cap && !out))
        return error_set(err, PFLD_ERR_ARG, "%s is NULL",
                         !t     ? "tracker"
                         : !s   ? "session"
                         : !img ? "image"
                         : !n   ? "n"
                                : "faces");
    if (!s->how.finder || !s->how.points)
        return error_set(err, PFLD_ERR_ARG, "the session has no %s",
                         s->how.points ? "detector" : "landmark model");
    if (!isfinite(seconds))
        return error_set(err, PFLD_ERR_ARG, "the frame's time is not a number");
    st = image_check(img, err);
    if (st == PFLD_OK)
        *n = tracker_step(&t->state, &s->how, img, seconds, out, cap);
    return st;
}

/* ---- measures ---- */

pfld_status pfld_measure(const pfld_face *face, pfld_measures *out, pfld_error *err)
{
    const scheme *s;

    if (!face || !out)
        return error_set(err, PFLD_ERR_ARG, "%s is NULL", face ? "out" : "face");
    s = scheme_by_count(face->n_landmarks);
    if (!s)
        return error_set(err, PFLD_ERR_ARG, "the face has %d landmarks, as no scheme has",
                         (int)face->n_landmarks);
    measures_of(s, face->landmarks, &face->pose, out);
    return PFLD_OK;
}

uint32_t pfld_events_update(pfld_events *events, const pfld_measures *m, double t)
{
    return events && m ? measures_events(events, m, t) : 0;
}

pfld_box pfld_box_from(pfld_box_kind kind, const pfld_box *box)
{
    crop_rule rule;

    if (!box || !box_from_rule(kind, &rule))
        return (pfld_box){0};
    return kind == PFLD_BOX_LANDMARKS ? *box : box_from_apply(&rule, box);
}
