/* A landmark model over a data set: every face's error, by point. */
#include "eval/run.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "core/pool.h"
#include "data/face_box.h"
#include "media/codec.h"

/* ---- one face ---- */

static pfld_status find_face(pfld_session *session, const data_sample *s, pfld_face *face,
                             pfld_error *err)
{
    pfld_box box = face_box(s);
    media_image photo = {0};
    pfld_status st = media_read(s->image, &photo, err);

    if (st != PFLD_OK)
        return st;
    st = pfld_landmarks(session, &photo.view, &box, face, err);
    if (st != PFLD_OK)
        error_prefix(err, s->where);
    media_image_free(&photo);
    return st;
}

static double point_distance(const data_sample *s, const pfld_face *f, int i)
{
    return hypot((double)f->landmarks[i].x - (double)s->points[i].x,
                 (double)f->landmarks[i].y - (double)s->points[i].y);
}

static double mean_error(const data_sample *s, const pfld_face *f, eval_norm norm)
{
    double unit, sum = 0;

    if (!eval_normaliser(s->scheme, s->points, norm, &unit))
        return (double)NAN;
    for (int i = 0; i < s->scheme->n; i++)
        sum += point_distance(s, f, i);
    return 100 * sum / s->scheme->n / unit;
}

/* ---- all faces ---- */

typedef struct run_state {
    const data_set *set;
    const eval_options *opt;
    eval_run *out;
    pfld_session **sessions; /* [threads] */
    pfld_error *errors;      /* [n]: so that the first one in order is told, whoever met it */
} run_state;

static void run_one(void *ctx, size_t i, size_t thread)
{
    const run_state *r = ctx;
    const data_sample *s = &r->set->samples[i];
    eval_face *f = &r->out->faces[i];

    f->sample = s;
    if (find_face(r->sessions[thread], s, &f->found, &r->errors[i]) != PFLD_OK)
        return;
    f->error = mean_error(s, &f->found, r->opt->norm);
    if (!isfinite(f->error))
        error_set(&r->errors[i], PFLD_ERR_ARG, "%s: the face has no %s distance", s->where,
                  eval_norm_names[r->opt->norm]);
}

static pfld_status check_set(const pfld_model *model, const data_set *set, pfld_error *err)
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
    r->sessions = mem_alloc(r->opt->threads, sizeof *r->sessions);
    r->errors = mem_alloc(r->set->n, sizeof *r->errors);
    r->out->faces = mem_alloc(r->set->n, sizeof *r->out->faces);
    if (!r->sessions || !r->errors || !r->out->faces)
        return error_nomem(err);
    for (size_t i = 0; i < r->opt->threads && st == PFLD_OK; i++)
        st = pfld_session_create(model, &o, &r->sessions[i], err);
    return st;
}

static pfld_status first_error(const run_state *r, pfld_error *err)
{
    for (size_t i = 0; i < r->set->n; i++)
        if (r->errors[i].status != PFLD_OK) {
            if (err)
                *err = r->errors[i];
            return r->errors[i].status;
        }
    return PFLD_OK;
}

pfld_status eval_run_model(const pfld_model *model, const data_set *set, const eval_options *opt,
                           eval_run *out, pfld_error *err)
{
    run_state r = {.set = set, .opt = opt, .out = out};
    pool *p = NULL;
    pfld_status st = check_set(model, set, err);

    *out = (eval_run){.norm = opt->norm, .scheme = scheme_find(pfld_model_scheme(model))};
    if (st == PFLD_OK)
        st = make_sessions(&r, model, err);
    if (st == PFLD_OK)
        st = pool_create(opt->threads, &p, err);
    if (st == PFLD_OK) {
        pool_run(p, run_one, &r, set->n);
        st = first_error(&r, err);
        out->n = set->n;
    }
    pool_free(p);
    for (size_t i = 0; r.sessions && i < opt->threads; i++)
        pfld_session_free(r.sessions[i]);
    mem_free(r.sessions);
    mem_free(r.errors);
    if (st != PFLD_OK)
        eval_run_free(out);
    return st;
}

void eval_run_free(eval_run *r)
{
    mem_free(r->faces);
    *r = (eval_run){0};
}

/* ---- what comes of it ---- */

double eval_point_error(const eval_run *r, size_t face, int point)
{
    const eval_face *f = &r->faces[face];
    double unit;

    eval_normaliser(r->scheme, f->sample->points, r->norm, &unit);
    return 100 * point_distance(f->sample, &f->found, point) / unit;
}

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
                sum += eval_point_error(r, i, k->points[p]);
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
