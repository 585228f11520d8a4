/* A landmark model over a data set: every face's error, by point. */
#include "eval/run.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "core/pool.h"
#include "core/rng.h"
#include "data/face_box.h"
#include "geometry/box.h"
#include "geometry/pose.h"
#include "media/codec.h"

const float eval_shares[EVAL_SHARES] = {0.5f, 0.9f, 0.99f};

/* ---- one face ---- */

typedef struct run_thread {
    pfld_session *session;
    pfld_face *faces; /* [PFLD_MAX_FACES], where a detector looks for them */
} run_thread;

typedef struct run_state {
    const data_set *set;
    const eval_options *opt;
    eval_run *out;
    run_thread *threads; /* [opt->threads] */
    pfld_error *errors;  /* [n]: so that the first one in order is told, whoever met it */
    bool *missed;        /* [n] */
    bool *left_out;      /* [n] */
} run_state;

static size_t draws_of(const eval_options *opt)
{
    return opt->jitter > 0.0f && opt->draws > 1 ? opt->draws : 1;
}

/* Of the detector's faces the one where s is; false where none is. */
static bool nearest_face(const run_thread *t, size_t n, const data_sample *s, pfld_face *face)
{
    pfld_box truth = face_box(s);
    float best = 0.0f;

    for (size_t i = 0; i < n; i++) {
        float iou = box_iou(&t->faces[i].box, &truth);
        if (iou < EVAL_FOUND_IOU || iou <= best)
            continue;
        best = iou;
        *face = t->faces[i];
    }
    return best > 0.0f;
}

static pfld_status detect_face(const run_thread *t, const pfld_image *photo, const data_sample *s,
                               eval_face *f, bool *missed, pfld_error *err)
{
    size_t n = 0;
    pfld_status st = pfld_detect(t->session, photo, t->faces, PFLD_MAX_FACES, &n, err);

    *missed = st == PFLD_OK && !nearest_face(t, n, s, &f->found);
    return st;
}

static double point_distance(const data_sample *s, const pfld_face *f, int i)
{
    return hypot((double)f->landmarks[i].x - (double)s->points[i].x,
                 (double)f->landmarks[i].y - (double)s->points[i].y);
}

/* Adds the errors of one of n draws. */
static void add_errors(eval_face *f, const pfld_face *found, double unit, size_t n)
{
    const data_sample *s = f->sample;
    double sum = 0;

    for (int i = 0; i < s->scheme->n; i++) {
        double d = 100 * point_distance(s, found, i) / unit;
        sum += d;
        f->by_point[i] += (float)(d / (double)n);
    }
    f->error += sum / s->scheme->n / (double)n;
}

static pfld_status boxed_face(const run_state *r, const run_thread *t, const pfld_image *photo,
                              size_t face, double unit, pfld_error *err)
{
    eval_face *f = &r->out->faces[face];
    const pfld_box truth = face_box(f->sample);
    size_t draws = draws_of(r->opt);
    rng random;
    pfld_status st = PFLD_OK;

    rng_seed(&random, r->opt->seed * UINT64_C(0x9e3779b97f4a7c15) + face); /* whoever runs it */
    for (size_t i = 0; i < draws && st == PFLD_OK; i++) {
        pfld_face found;
        pfld_box box =
            r->opt->jitter > 0.0f ? face_box_jittered(&truth, r->opt->jitter, &random) : truth;
        st = pfld_landmarks(t->session, photo, &box, &found, err);
        if (st != PFLD_OK)
            break;
        if (i == 0)
            f->found = found;
        if (!r->opt->only_pose)
            add_errors(f, &found, unit, draws);
    }
    return st;
}

static void in_perspective(const run_state *r, const pfld_image *photo, pfld_face *face)
{
    const double longer = photo->width > photo->height ? photo->width : photo->height;
    const double half = 0.5 * (double)r->opt->fov * 0.017453292519943295; /* pi / 180 */
    const pose_view camera = {
        .focal = (float)(0.5 * longer / tan(half)),
        .centre = {0.5f * (float)(photo->width - 1), 0.5f * (float)(photo->height - 1)}};

    (void)pose_from_points(r->out->scheme, face->landmarks, &camera, &face->pose);
}

static pfld_status find_face(const run_state *r, const run_thread *t, size_t face, pfld_error *err)
{
    eval_face *f = &r->out->faces[face];
    media_image photo = {0};
    double unit = 1;
    pfld_status st = media_read(f->sample->image, &photo, err);

    r->left_out[face] = st != PFLD_OK && st != PFLD_ERR_NOMEM && r->opt->skip_bad;
    if (st != PFLD_OK)
        return st;
    if (!r->opt->only_pose &&
        !eval_normaliser(f->sample->scheme, f->sample->points, r->opt->norm, &unit))
        st = error_set(err, PFLD_ERR_ARG, "the face has no %s distance",
                       eval_norm_names[r->opt->norm]);
    else if (!r->opt->detector)
        st = boxed_face(r, t, &photo.view, face, unit, err);
    else
        st = detect_face(t, &photo.view, f->sample, f, &r->missed[face], err);
    if (st == PFLD_OK && r->opt->detector && !r->missed[face] && !r->opt->only_pose)
        add_errors(f, &f->found, unit, 1);
    if (st == PFLD_OK && r->opt->fov > 0.0f && !r->missed[face])
        in_perspective(r, &photo.view, &f->found);
    if (st == PFLD_OK && !isfinite(f->error))
        st = error_set(err, PFLD_ERR_ARG, "the model's points are not numbers");
    if (st != PFLD_OK)
        error_prefix(err, f->sample->where);
    media_image_free(&photo);
    return st;
}

/* ---- all faces ---- */

static void run_one(void *ctx, size_t i, size_t thread)
{
    const run_state *r = ctx;

    r->out->faces[i].sample = &r->set->samples[i];
    (void)find_face(r, &r->threads[thread], i, &r->errors[i]); /* errors[i] tells */
}

pfld_status eval_run_check(const pfld_model *model, const data_set *set, pfld_error *err)
{
    const char *name = pfld_model_scheme(model);

    for (size_t i = 0; i < set->n; i++) {
        const data_sample *s = &set->samples[i];
        if (strcmp(s->scheme->name, name) != 0)
            return error_set(err, PFLD_ERR_ARG, "%s: points of %s, the model's are %s", s->where,
                             s->scheme->name, name);
        for (int p = 0; p < s->scheme->n; p++)
            if (!s->known[p])
                return error_set(err, PFLD_ERR_ARG, "%s: point %d is not labelled", s->where, p);
    }
    return set->n ? PFLD_OK : error_set(err, PFLD_ERR_ARG, "no faces to evaluate on");
}

static pfld_status make_sessions(run_state *r, const pfld_model *model, pfld_error *err)
{
    pfld_options o;
    pfld_status st = PFLD_OK;

    pfld_options_init(&o, sizeof o);
    o.isa = r->opt->isa;
    o.max_side = r->opt->max_side;
    o.passes = r->opt->passes;
    o.presence_min = r->opt->presence_min;
    r->threads = mem_alloc(r->opt->threads, sizeof *r->threads);
    r->errors = mem_alloc(r->set->n, sizeof *r->errors);
    r->missed = mem_alloc(r->set->n, sizeof *r->missed);
    r->left_out = mem_alloc(r->set->n, sizeof *r->left_out);
    r->out->faces = mem_alloc(r->set->n, sizeof *r->out->faces);
    r->out->missed = mem_alloc(r->set->n, sizeof *r->out->missed);
    if (!r->threads || !r->errors || !r->missed || !r->left_out || !r->out->faces ||
        !r->out->missed)
        return error_nomem(err);
    for (size_t i = 0; i < r->opt->threads && st == PFLD_OK; i++) {
        run_thread *t = &r->threads[i];
        t->faces = mem_alloc(r->opt->detector ? PFLD_MAX_FACES : 0, sizeof *t->faces);
        st = t->faces ? pfld_session_create(model, r->opt->detector, &o, &t->session, err)
                      : error_nomem(err);
    }
    return st;
}

static void free_sessions(run_state *r)
{
    for (size_t i = 0; r->threads && i < r->opt->threads; i++) {
        pfld_session_free(r->threads[i].session);
        mem_free(r->threads[i].faces);
    }
    mem_free(r->threads);
    mem_free(r->errors);
    mem_free(r->missed);
    mem_free(r->left_out);
}

static pfld_status first_error(const run_state *r, pfld_error *err)
{
    for (size_t i = 0; i < r->set->n; i++)
        if (r->errors[i].status != PFLD_OK && !r->left_out[i]) {
            if (err)
                *err = r->errors[i];
            return r->errors[i].status;
        }
    return PFLD_OK;
}

static void leave_out(run_state *r, size_t i)
{
    r->out->n_left_out++;
    if (r->opt->message)
        r->opt->message(NULL, r->errors[i].msg);
}

/* Parts those found from those missed, both in order, and from those whose photo can't be read. */
static void sort_out(run_state *r)
{
    eval_run *out = r->out;

    for (size_t i = 0; i < r->set->n; i++)
        if (r->left_out[i])
            leave_out(r, i);
        else if (r->missed[i])
            out->missed[out->n_missed++] = out->faces[i].sample;
        else if (out->n++ < i)
            out->faces[out->n - 1] = out->faces[i];
}

pfld_status eval_run_model(const pfld_model *model, const data_set *set, const eval_options *opt,
                           eval_run *out, pfld_error *err)
{
    run_state r = {.set = set, .opt = opt, .out = out};
    pool *p = NULL;
    pfld_status st = opt->only_pose ? PFLD_OK : eval_run_check(model, set, err);

    *out = (eval_run){.norm = opt->norm, .scheme = scheme_find(pfld_model_scheme(model))};
    for (int k = 0; k < EVAL_SHARES; k++)
        out->radius[k] = pfld_ellipse_radius(model, eval_shares[k]);
    if (st == PFLD_OK)
        st = make_sessions(&r, model, err);
    if (st == PFLD_OK)
        st = pool_create(opt->threads, &p, err);
    if (st == PFLD_OK) {
        pool_run(p, run_one, &r, set->n);
        st = first_error(&r, err);
    }
    if (st == PFLD_OK)
        sort_out(&r);
    if (st == PFLD_OK && out->n_left_out == set->n)
        st = error_set(err, PFLD_ERR_FORMAT, "none of the %zu photos can be read", set->n);
    pool_free(p);
    free_sessions(&r);
    if (st != PFLD_OK)
        eval_run_free(out);
    return st;
}

void eval_run_free(eval_run *r)
{
    mem_free(r->faces);
    mem_free((void *)r->missed);
    *r = (eval_run){0};
}

/* ---- what comes of it ---- */

pfld_status eval_run_class(const eval_run *r, uint32_t classes, eval_summary *out, pfld_error *err)
{
    double *error = mem_alloc(r->n, sizeof *error);
    size_t n = 0;
    pfld_status st;

    if (!error)
        return error_nomem(err);
    for (size_t i = 0; i < r->n; i++)
        if (!classes || (r->faces[i].sample->classes & classes))
            error[n++] = r->faces[i].error;
    st = eval_summarise(error, n, out, err);
    mem_free(error);
    return st;
}

pfld_status eval_run_summary(const eval_run *r, eval_summary *out, pfld_error *err)
{
    return eval_run_class(r, 0, out, err);
}

double eval_run_group(const eval_run *r, scheme_group_kind group)
{
    double sum = 0;
    size_t n = 0;

    for (int c = 0; c < r->scheme->n_contours; c++) {
        const scheme_contour *k = &r->scheme->contours[c];
        if (k->kind != group)
            continue;
        for (size_t i = 0; i < r->n; i++)
            for (int p = 0; p < k->n; p++, n++)
                sum += (double)r->faces[i].by_point[k->points[p]];
    }
    return n ? sum / (double)n : (double)NAN;
}

eval_pose eval_run_pose(const eval_run *r)
{
    eval_pose e = {0};

    for (size_t i = 0; i < r->n; i++) {
        const pfld_pose *t = &r->faces[i].sample->pose, *p = &r->faces[i].found.pose;
        if (!r->faces[i].sample->has_pose)
            continue;
        e.yaw += fabs((double)t->yaw - (double)p->yaw);
        e.pitch += fabs((double)t->pitch - (double)p->pitch);
        e.roll += fabs((double)t->roll - (double)p->roll);
        e.n++;
    }
    if (e.n) {
        e.yaw /= (double)e.n;
        e.pitch /= (double)e.n;
        e.roll /= (double)e.n;
    }
    return e;
}
