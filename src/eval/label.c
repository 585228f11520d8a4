/* Labels that models give to faces: means over models, mirrors and boxes, and how far these agree.
 */
#include "eval/label.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "core/pool.h"
#include "core/rng.h"
#include "data/face_box.h"
#include "media/codec.h"

enum { MAX_ANSWERS = 2 * LABEL_MAX_MODELS * LABEL_MAX_DRAWS, TOLD = 10 };

typedef struct answers { /* of one face; the second half of them is the mirrored photo's */
    pfld_point at[MAX_ANSWERS][PFLD_MAX_LANDMARKS];
    size_t n;
} answers;

typedef struct label_thread {
    pfld_session *sessions[LABEL_MAX_MODELS]; /* [n_models] */
    answers answers;
} label_thread;

typedef struct label_state {
    const data_set *set;
    const label_options *opt;
    label_run *out;
    label_thread *threads; /* [opt->threads] */
    pfld_error *errors;    /* [set->n] */
} label_state;

/* ---- the mirror ---- */

static void mirror_row(const uint8_t *from, uint8_t *to, int32_t width, int32_t channels)
{
    for (int32_t x = 0; x < width; x++)
        memcpy(to + (size_t)x * (size_t)channels, from + (size_t)(width - 1 - x) * (size_t)channels,
               (size_t)channels);
}

/* What media_read() gives is grey or RGB. out->data is freed with mem_free(). */
static pfld_status mirror_photo(const pfld_image *photo, pfld_image *out, pfld_error *err)
{
    int32_t channels = photo->format == PFLD_GRAY8 ? 1 : 3;
    size_t row = (size_t)photo->width * (size_t)channels;

    *out = *photo;
    out->stride = (ptrdiff_t)row;
    out->data = mem_alloc((size_t)photo->height, row);
    if (!out->data)
        return error_nomem(err);
    for (int32_t y = 0; y < photo->height; y++)
        mirror_row(photo->data + y * photo->stride, out->data + (size_t)y * row, photo->width,
                   channels);
    return PFLD_OK;
}

static float mirror_x(const pfld_image *photo, float x)
{
    return (float)(photo->width - 1) - x;
}

static void mirror_points(const scheme *s, const pfld_image *photo, const pfld_point *from,
                          pfld_point *to)
{
    for (int i = 0; i < s->n; i++)
        to[i] = (pfld_point){mirror_x(photo, from[s->mirror[i]].x), from[s->mirror[i]].y};
}

/* ---- the answers ---- */

/* Every model's answer to every box; of the mirrored photo the boxes and answers are mirrored. */
static pfld_status ask(const label_state *st, label_thread *t, const pfld_image *photo,
                       const pfld_box boxes[], bool mirrored, pfld_error *err)
{
    const scheme *s = st->out->scheme;
    pfld_face face;

    for (size_t d = 0; d < st->opt->draws; d++) {
        pfld_box box = boxes[d];
        if (mirrored)
            box.x = mirror_x(photo, box.x + box.w);
        for (size_t m = 0; m < st->opt->n_models; m++) {
            pfld_point *to = t->answers.at[t->answers.n];
            pfld_status status = pfld_landmarks(t->sessions[m], photo, &box, &face, err);
            if (status)
                return status;
            if (mirrored)
                mirror_points(s, photo, face.landmarks, to);
            else
                memcpy(to, face.landmarks, (size_t)s->n * sizeof *to);
            t->answers.n++;
        }
    }
    return PFLD_OK;
}

static pfld_status ask_all(const label_state *st, label_thread *t, size_t i, pfld_error *err)
{
    const data_sample *s = &st->set->samples[i];
    pfld_box boxes[LABEL_MAX_DRAWS] = {face_box(s)};
    media_image photo = {0};
    pfld_image mirror = {0};
    rng random;
    pfld_status status = media_read(s->image, &photo, err);

    rng_seed(&random, st->opt->seed * UINT64_C(0x9e3779b97f4a7c15) + i); /* whoever runs it */
    for (size_t d = 1; d < st->opt->draws; d++)
        boxes[d] = face_box_jittered(&boxes[0], st->opt->jitter, &random);
    t->answers.n = 0;
    if (!status)
        status = mirror_photo(&photo.view, &mirror, err);
    if (!status)
        status = ask(st, t, &photo.view, boxes, false, err);
    if (!status)
        status = ask(st, t, &mirror, boxes, true, err);
    mem_free(mirror.data);
    media_image_free(&photo);
    return status;
}

/* ---- what comes of them ---- */

static double distance(pfld_point a, pfld_point b)
{
    return hypot((double)a.x - (double)b.x, (double)a.y - (double)b.y);
}

static void mean_of(const answers *a, int n, pfld_point *out)
{
    for (int p = 0; p < n; p++) {
        double x = 0, y = 0;
        for (size_t k = 0; k < a->n; k++) {
            x += (double)a->at[k][p].x;
            y += (double)a->at[k][p].y;
        }
        out[p] = (pfld_point){(float)(x / (double)a->n), (float)(y / (double)a->n)};
    }
}

static double spread_of(const answers *a, int n, const pfld_point *mean)
{
    double sum = 0;

    for (size_t k = 0; k < a->n; k++)
        for (int p = 0; p < n; p++)
            sum += distance(a->at[k][p], mean[p]);
    return sum / (double)a->n / n;
}

static double lean_of(const answers *a, int n)
{
    double sum = 0;

    for (size_t k = 0; k < a->n; k++)
        for (int p = 0; p < n; p++)
            sum += k < a->n / 2 ? (double)a->at[k][p].x : -(double)a->at[k][p].x;
    return sum / (double)a->n / n; /* of the halves' difference, half */
}

/* What its label marks. */
static pfld_point marked(const data_sample *s, pfld_point label)
{
    return (pfld_point){label.x - s->offset, label.y};
}

static double off_by_points(const data_sample *s, const pfld_point *mean)
{
    double sum = 0;
    int n = 0;

    for (int p = 0; p < s->scheme->n; p++)
        if (s->known[p]) {
            sum += distance(marked(s, s->points[p]), mean[p]);
            n++;
        }
    return n ? sum / n : (double)NAN;
}

static double off_by_anchors(const data_sample *s, const scheme *of, const pfld_point *mean)
{
    pfld_point theirs[FACE_ANCHORS], ours[FACE_ANCHORS];
    unsigned known = face_anchors(s->scheme, s->points, s->known, theirs);
    double sum = 0;
    int n = 0;

    known &= face_anchors(of, mean, NULL, ours);
    for (int i = 0; i < FACE_ANCHORS; i++)
        if (known >> i & 1) {
            sum += distance(marked(s, theirs[i]), ours[i]);
            n++;
        }
    return n ? sum / n : (double)NAN;
}

static void conclude(const label_state *st, const answers *a, label_face *f)
{
    const scheme *s = st->out->scheme;
    double unit;

    mean_of(a, s->n, f->points);
    f->ocular = distance(f->points[s->right_eye_outer], f->points[s->left_eye_outer]);
    unit = 100 / f->ocular;
    f->spread = unit * spread_of(a, s->n, f->points);
    f->lean = unit * lean_of(a, s->n);
    f->off = unit * (f->sample->scheme == s ? off_by_points(f->sample, f->points)
                                            : off_by_anchors(f->sample, s, f->points));
    f->kept = f->spread <= (double)st->opt->spread && !(f->off > (double)st->opt->off) &&
              f->ocular >= (double)st->opt->smallest;
}

static void label_one(void *ctx, size_t i, size_t thread)
{
    const label_state *st = ctx;
    label_face *f = &st->out->faces[i];

    f->sample = &st->set->samples[i];
    f->status = ask_all(st, &st->threads[thread], i, &st->errors[i]);
    if (f->status == PFLD_OK)
        conclude(st, &st->threads[thread].answers, f);
}

/* ---- all of them ---- */

static void find_lean(label_run *r)
{
    double sum = 0;
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++)
        if (r->faces[i].kept) {
            sum += r->faces[i].lean;
            n++;
        }
    r->lean = n ? sum / (double)n : 0;
}

/* Where the models' labels would lie, then towards the set's. */
static void place(const label_run *r, float blend, label_face *f)
{
    const data_sample *s = f->sample;
    float lean = (float)(r->lean * f->ocular / 100);

    for (int p = 0; p < r->scheme->n; p++) {
        if (s->scheme == r->scheme && s->known[p]) {
            pfld_point theirs = marked(s, s->points[p]);
            f->points[p].x += blend * (theirs.x - f->points[p].x);
            f->points[p].y += blend * (theirs.y - f->points[p].y);
        }
        f->points[p].x += lean;
    }
}

static pfld_status make_sessions(label_state *st, pfld_error *err)
{
    const label_options *opt = st->opt;
    pfld_options o;
    pfld_status status = PFLD_OK;

    pfld_options_init(&o, sizeof o);
    o.isa = opt->isa;
    st->threads = mem_alloc(opt->threads, sizeof *st->threads);
    st->errors = mem_alloc(st->set->n, sizeof *st->errors);
    st->out->faces = mem_alloc(st->set->n, sizeof *st->out->faces);
    st->out->n = st->set->n;
    if (!st->threads || !st->errors || !st->out->faces)
        return error_nomem(err);
    for (size_t i = 0; i < opt->threads; i++)
        for (size_t m = 0; m < opt->n_models && status == PFLD_OK; m++)
            status =
                pfld_session_create(opt->models[m], NULL, &o, &st->threads[i].sessions[m], err);
    return status;
}

static void free_sessions(label_state *st)
{
    for (size_t i = 0; st->threads && i < st->opt->threads; i++)
        for (size_t m = 0; m < st->opt->n_models; m++)
            pfld_session_free(st->threads[i].sessions[m]);
    mem_free(st->threads);
    mem_free(st->errors);
}

static pfld_status check(const data_set *set, const label_options *opt, pfld_error *err)
{
    if (set->n == 0)
        return error_set(err, PFLD_ERR_ARG, "no faces to label");
    if (opt->n_models < 1 || opt->n_models > LABEL_MAX_MODELS)
        return error_set(err, PFLD_ERR_ARG, "1 to %d models", LABEL_MAX_MODELS);
    if (opt->draws < 1 || opt->draws > LABEL_MAX_DRAWS)
        return error_set(err, PFLD_ERR_ARG, "1 to %d boxes for each face", LABEL_MAX_DRAWS);
    if (!(opt->jitter >= 0.0f && opt->jitter <= 0.5f && opt->blend >= 0.0f && opt->blend <= 1.0f))
        return error_set(err, PFLD_ERR_ARG, "boxes move by 0 to 0.5, and a blend is 0 to 1");
    for (size_t m = 1; m < opt->n_models; m++)
        if (strcmp(pfld_model_scheme(opt->models[m]), pfld_model_scheme(opt->models[0])) != 0)
            return error_set(err, PFLD_ERR_ARG, "models of %s and of %s points",
                             pfld_model_scheme(opt->models[0]), pfld_model_scheme(opt->models[m]));
    return PFLD_OK;
}

/* What is wrong with a photo or a box is that face's matter, and told; memory is everyone's. */
static pfld_status tell_failures(const label_state *st, pfld_error *err)
{
    size_t told = 0;

    for (size_t i = 0; i < st->set->n; i++) {
        pfld_error *e = &st->errors[i];
        if (e->status == PFLD_OK)
            continue;
        error_prefix(e, st->set->samples[i].where);
        if (e->status == PFLD_ERR_NOMEM) {
            *err = *e;
            return err->status;
        }
        if (told++ < TOLD && st->opt->message)
            st->opt->message(NULL, e->msg);
    }
    return PFLD_OK;
}

pfld_status label_run_models(const data_set *set, const label_options *opt, label_run *out,
                             pfld_error *err)
{
    label_state st = {.set = set, .opt = opt, .out = out};
    pool *p = NULL;
    pfld_status status = check(set, opt, err);

    *out = (label_run){0};
    if (status)
        return status;
    out->scheme = scheme_find(pfld_model_scheme(opt->models[0]));
    status = make_sessions(&st, err);
    if (!status)
        status = pool_create(opt->threads, &p, err);
    if (!status) {
        pool_run(p, label_one, &st, set->n);
        status = tell_failures(&st, err);
    }
    if (!status) {
        find_lean(out);
        for (size_t i = 0; i < out->n; i++)
            if (out->faces[i].status == PFLD_OK)
                place(out, opt->blend, &out->faces[i]);
    }
    pool_free(p);
    free_sessions(&st);
    if (status)
        label_run_free(out);
    return status;
}

void label_run_free(label_run *r)
{
    mem_free(r->faces);
    *r = (label_run){0};
}
