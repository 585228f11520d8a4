/* pfld eval --pose: the head pose of a landmark model, and of an auxiliary net beside it. */
#define _POSIX_C_SOURCE 200809L
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/data_sets.h"
#include "cli/eval.h"
#include "cli/model.h"
#include "cli/output.h"
#include "cli/threads.h"
#include "core/error.h"
#include "core/mem.h"
#include "data/face_box.h"
#include "detect/builtin.h"
#include "detect/landmarks.h"
#include "eval/pose.h"
#include "eval/readable.h"
#include "media/codec.h"

#define DEGREES 57.29577951308232f /* in a radian */

typedef struct pose_run { /* one data set */
    const eval_fields *f;
    const char *spec;
    data_set set; /* those of its samples that state a pose come first: [n] */
    size_t n;
    size_t n_left_out;     /* photos that can't be read */
    eval_pose_pair *pairs; /* [n] */
} pose_run;

/* ---- which faces ---- */

static size_t posed_first(data_set *set)
{
    size_t n = 0;

    for (size_t i = 0; i < set->n; i++)
        if (set->samples[i].has_pose) {
            data_sample s = set->samples[n];
            set->samples[n++] = set->samples[i];
            set->samples[i] = s;
        }
    return n;
}

static pfld_status open_set(pose_run *r, pfld_error *err)
{
    data_options d = data_sets_options(r->f->skip_bad);
    pfld_status st = data_set_add(&r->set, r->spec, &d, err);

    if (st != PFLD_OK)
        return st;
    r->set.n = posed_first(&r->set); /* the arena holds the others' points until it is freed */
    if (r->set.n == 0)
        return error_set(err, PFLD_ERR_ARG, "%.150s: no face of it states a pose", r->spec);
    st = readable_only(&r->set, &d, threads_or_cpus(r->f->threads), &r->n_left_out, err);
    if (st != PFLD_OK)
        return st;
    r->n = r->set.n;
    r->pairs = mem_alloc(r->n, sizeof *r->pairs);
    return r->pairs ? PFLD_OK : error_nomem(err);
}

/* ---- lines ---- */

static json_t *angle_json(const eval_angle *a)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "mae", output_number(a->mae, 3), "mean",
                     output_number(a->mean, 3), "median", output_number(a->median, 3), "over10",
                     output_number(a->over10, 2), "over15", output_number(a->over15, 2),
                     "mae_centred", output_number(a->mae_centred, 3));
}

static pfld_status print_line(const pose_run *r, const char *by, size_t n, size_t missed,
                              pfld_error *err)
{
    const char *model = r->f->model ? r->f->model : "built-in " BUILTIN_NAME;
    eval_pose_errors e;
    json_t *o;
    pfld_status st = eval_pose_compare(r->pairs, n, &e, err);

    if (st != PFLD_OK)
        return st;
    fprintf(stderr,
            "%s: pose by the %s: mean error %.2f degrees (yaw %.2f, pitch %.2f, roll %.2f), "
            "%.2f without the offset, %zu faces\n",
            r->spec, by, e.mae, e.angle[0].mae, e.angle[1].mae, e.angle[2].mae, e.mae_centred, e.n);
    o = json_pack("{s:i,s:o,s:o,s:s,s:I,s:I,s:I,s:o,s:o}", "v", 1, "model", output_string(model),
                  "data", output_string(r->spec), "pose_by", by, "n", (json_int_t)e.n, "none",
                  (json_int_t)e.n_none, "missed", (json_int_t)missed, "mae",
                  output_number(e.mae, 3), "mae_centred", output_number(e.mae_centred, 3));
    for (int k = 0; o && k < EVAL_ANGLES; k++)
        json_object_set_new(o, eval_angle_names[k], angle_json(&e.angle[k]));
    if (o && r->n_left_out)
        json_object_set_new(o, "left_out", json_integer((json_int_t)r->n_left_out));
    return output_json(stdout, o, err);
}

/* ---- by the landmarks ---- */

static pfld_status by_landmarks(pose_run *r, const pfld_model *model, const pfld_model *detector,
                                pfld_error *err)
{
    int32_t sides[EVAL_MAX_SIDES];
    size_t n_sides;
    eval_options o = {.threads = threads_or_cpus(r->f->threads),
                      .isa = r->f->isa,
                      .detector = detector,
                      .passes = (int32_t)r->f->passes,
                      .presence_min = eval_presence(r->f, 0.0f),
                      .only_pose = true,
                      .fov = r->f->fov};
    eval_run run = {0};
    pfld_status st = eval_sides(r->f, sides, &n_sides, err);

    o.max_side = st == PFLD_OK ? sides[0] : 0;
    if (st == PFLD_OK)
        st = eval_run_model(model, &r->set, &o, &run, err);
    for (size_t i = 0; st == PFLD_OK && i < run.n; i++)
        r->pairs[i] = (eval_pose_pair){run.faces[i].sample, run.faces[i].found.pose};
    if (st == PFLD_OK)
        st = print_line(r, "landmarks", run.n, run.n_missed, err);
    if (st == PFLD_OK && r->f->report)
        st = eval_pose_report(r->pairs, run.n, r->f->report, err);
    eval_run_free(&run);
    return st;
}

/* ---- by the auxiliary net, where the file keeps it: boxes around the true points only ---- */

typedef struct auxiliary {
    model_file file;
    spec how;
    size_t angles; /* index of the output; n_outputs: there is none */
    landmarks net;
    infer_weights weights;
} auxiliary;

static pfld_status auxiliary_open(const eval_fields *f, auxiliary *a, pfld_error *err)
{
    pfld_status st = model_open(&a->file, f->model, err);
    net_graph *g = a->file.graph;
    size_t numbers;

    if (st != PFLD_OK)
        return st;
    while (a->angles < g->n_outputs && strcmp(g->values[g->outputs[a->angles]].name, "angles") != 0)
        a->angles++;
    if (a->angles == g->n_outputs)
        return PFLD_OK;
    st = model_close_shapes(&a->file, err);
    if (st == PFLD_OK)
        st = model_compile(&a->file, f->isa, err);
    if (st == PFLD_OK)
        st = spec_resolve(g, NULL, &a->how, err);
    if (st == PFLD_OK &&
        (!net_shape_count(&g->values[g->outputs[a->angles]].shape, &numbers) || numbers != 3))
        return error_set(err, PFLD_ERR_UNSUPPORTED, "%.150s: 'angles' are not three numbers",
                         f->model);
    if (st == PFLD_OK)
        st = landmarks_create(g, &a->how, f->isa, &a->weights, &a->file.mem, &a->net, err);
    return st;
}

static pfld_status auxiliary_find(auxiliary *a, eval_pose_pair *p, pfld_error *err)
{
    const pfld_box box = face_box(p->sample);
    media_image photo = {0};
    pfld_face face;
    const float *v;
    pfld_status st = media_read(p->sample->image, &photo, err);

    if (st != PFLD_OK)
        return st;
    landmarks_find(&a->net, &photo.view, &box, 0.0f, &face);
    v = infer_output(a->net.net, a->angles).data;
    p->found = (pfld_pose){.yaw = DEGREES * v[0], .pitch = DEGREES * v[1], .roll = DEGREES * v[2]};
    media_image_free(&photo);
    return PFLD_OK;
}

static pfld_status by_auxiliary(pose_run *r, pfld_error *err)
{
    auxiliary a = {0};
    pfld_status st = r->f->model ? auxiliary_open(r->f, &a, err) : PFLD_OK;

    if (st == PFLD_OK && a.net.net) {
        for (size_t i = 0; i < r->n && st == PFLD_OK; i++) {
            r->pairs[i].sample = &r->set.samples[i];
            st = auxiliary_find(&a, &r->pairs[i], err);
        }
        if (st == PFLD_OK)
            st = print_line(r, "auxiliary net", r->n, 0, err);
    }
    model_close(&a.file);
    return st;
}

pfld_status eval_pose_of(const eval_fields *f, const char *name, const pfld_model *model,
                         const pfld_model *detector, pfld_error *err)
{
    pose_run r = {.f = f, .spec = name};
    pfld_status st = open_set(&r, err);

    if (st == PFLD_OK)
        st = by_landmarks(&r, model, detector, err);
    if (st == PFLD_OK && !detector)
        st = by_auxiliary(&r, err);
    data_set_free(&r.set);
    mem_free(r.pairs);
    return st;
}
