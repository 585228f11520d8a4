/* Landmark models over disturbed photos: every face's error, by disturbance and strength. */
#include "eval/stress.h"

#include <math.h>
#include <stdio.h>

#include "core/error.h"
#include "core/mem.h"
#include "core/pool.h"
#include "eval/sheet.h"
#include "image/image.h"
#include "media/codec.h"

#define CROP 1.2f /* side of a crop over the longer side of the box, as our models have it */

static size_t place_of(const eval_stress *s, size_t model, stress_kind kind, int step)
{
    return ((model * STRESS_KINDS + (size_t)kind) * STRESS_STEPS + (size_t)step) * s->n;
}

const double *eval_stress_errors(const eval_stress *s, size_t model, stress_kind kind, int step)
{
    return s->errors + place_of(s, model, kind, step);
}

/* Of a face, whoever asks: the same for all models and strengths. */
static uint64_t seed_of(const eval_stress_options *opt, size_t face)
{
    return opt->seed * UINT64_C(0xd1342543de82ef95) + face * UINT64_C(0x2545f4914f6cdd1d);
}

static bool is_asked(const eval_stress_options *opt, int kind)
{
    return opt->kinds >> kind & 1;
}

/* ---- one face ---- */

typedef struct stress_thread {
    pfld_session *session[EVAL_STRESS_MODELS];
    uint8_t *pixels; /* of two stages: as it is, and disturbed */
} stress_thread;

typedef struct stress_state {
    const data_set *set;
    const eval_stress_options *opt;
    eval_stress *out;
    stress_thread *threads; /* [opt->threads] */
    pfld_error *errors;     /* [n]: so that the first one in order is told, whoever met it */
} stress_state;

typedef struct stress_face {
    const stress_state *r;
    const stress_thread *t;
    const data_sample *sample;
    const pfld_image *photo;
    stress_stage as_is;
    size_t i;
    double unit; /* the normaliser, pixels of the photo */
} stress_face;

#define STAGE_PIXELS ((size_t)STRESS_STAGE * STRESS_STAGE)

static pfld_image stage_on(uint8_t *pixels)
{
    return (pfld_image){pixels, STRESS_STAGE, STRESS_STAGE, 3 * (ptrdiff_t)STRESS_STAGE, PFLD_RGB8};
}

static double error_of(const stress_face *f, const stress_stage *stage, const pfld_face *found)
{
    double sum = 0, unit = f->unit * (double)stage->scale;
    int n = f->sample->scheme->n;

    for (int i = 0; i < n; i++)
        sum += hypot((double)found->landmarks[i].x - (double)stage->points[i].x,
                     (double)found->landmarks[i].y - (double)stage->points[i].y);
    return 100 * sum / n / unit;
}

static pfld_status run_step(const stress_face *f, stress_kind kind, int step, pfld_error *err)
{
    const stress_scale *scale = &stress_scales[kind];
    int draws = step ? scale->draws : 1;
    stress_what what = {kind, scale->strength[step], 0, seed_of(f->r->opt, f->i)};
    stress_stage stage = {.picture = stage_on(f->t->pixels + 3 * STAGE_PIXELS)};
    pfld_status st = PFLD_OK;

    for (; what.draw < draws; what.draw++) {
        stress_make(f->sample, f->photo, &f->as_is, &what, &stage);
        for (size_t m = 0; m < f->r->out->n_models && st == PFLD_OK; m++) {
            double *error = &f->r->out->errors[place_of(f->r->out, m, kind, step) + f->i];
            pfld_face found;
            st = pfld_landmarks(f->t->session[m], &stage.picture, &stage.box, &found, err);
            if (st == PFLD_OK)
                *error += error_of(f, &stage, &found) / draws;
            if (st == PFLD_OK && !isfinite(*error))
                st = error_set(err, PFLD_ERR_ARG, "the model's points are not numbers");
        }
    }
    return st;
}

/* Nothing happens at strength 0, so that all kinds share its errors. */
static pfld_status run_kinds(const stress_face *f, pfld_error *err)
{
    const eval_stress *out = f->r->out;
    pfld_status st = run_step(f, (stress_kind)0, 0, err);

    for (int k = 0; k < STRESS_KINDS && st == PFLD_OK; k++) {
        for (size_t m = 0; m < out->n_models; m++)
            out->errors[place_of(out, m, (stress_kind)k, 0) + f->i] =
                out->errors[place_of(out, m, (stress_kind)0, 0) + f->i];
        if (!is_asked(f->r->opt, k))
            continue;
        for (int step = 1; step < stress_scales[k].n && st == PFLD_OK; step++)
            st = run_step(f, (stress_kind)k, step, err);
    }
    return st;
}

static pfld_status run_face(const stress_state *r, const stress_thread *t, size_t i,
                            pfld_error *err)
{
    const data_sample *s = &r->set->samples[i];
    media_image photo = {0};
    stress_face f = {.r = r,
                     .t = t,
                     .sample = s,
                     .photo = &photo.view,
                     .as_is.picture = stage_on(t->pixels),
                     .i = i};
    pfld_status st = media_read(s->image, &photo, err);

    if (st != PFLD_OK)
        return st;
    if (!eval_normaliser(s->scheme, s->points, r->opt->norm, &f.unit))
        st = error_set(err, PFLD_ERR_ARG, "the face has no %s distance",
                       eval_norm_names[r->opt->norm]);
    if (st == PFLD_OK) {
        stress_set(s, &photo.view, &f.as_is);
        st = run_kinds(&f, err);
    }
    if (st != PFLD_OK)
        error_prefix(err, s->where);
    media_image_free(&photo);
    return st;
}

/* ---- all faces ---- */

static void run_one(void *ctx, size_t i, size_t thread)
{
    const stress_state *r = ctx;

    (void)run_face(r, &r->threads[thread], i, &r->errors[i]); /* errors[i] tells */
}

static pfld_status make_thread(const stress_state *r, const pfld_model *const *models,
                               stress_thread *t, pfld_error *err)
{
    pfld_options o;
    pfld_status st = PFLD_OK;

    pfld_options_init(&o, sizeof o);
    o.isa = r->opt->isa;
    t->pixels = mem_alloc(STAGE_PIXELS, 6);
    if (!t->pixels)
        return error_nomem(err);
    for (size_t m = 0; m < r->out->n_models && st == PFLD_OK; m++)
        st = pfld_session_create(models[m], NULL, &o, &t->session[m], err);
    return st;
}

static pfld_status make_threads(stress_state *r, const pfld_model *const *models, pfld_error *err)
{
    size_t n = place_of(r->out, r->out->n_models, (stress_kind)0, 0);
    pfld_status st = PFLD_OK;

    r->threads = mem_alloc(r->opt->threads, sizeof *r->threads);
    r->errors = mem_alloc(r->set->n, sizeof *r->errors);
    r->out->errors = mem_alloc(n, sizeof *r->out->errors);
    if (!r->threads || !r->errors || !r->out->errors)
        return error_nomem(err);
    for (size_t i = 0; i < r->opt->threads && st == PFLD_OK; i++)
        st = make_thread(r, models, &r->threads[i], err);
    return st;
}

static void free_threads(stress_state *r)
{
    for (size_t i = 0; r->threads && i < r->opt->threads; i++) {
        for (size_t m = 0; m < EVAL_STRESS_MODELS; m++)
            pfld_session_free(r->threads[i].session[m]);
        mem_free(r->threads[i].pixels);
    }
    mem_free(r->threads);
    mem_free(r->errors);
}

static pfld_status first_error(const stress_state *r, pfld_error *err)
{
    for (size_t i = 0; i < r->set->n; i++)
        if (r->errors[i].status != PFLD_OK) {
            if (err)
                *err = r->errors[i];
            return r->errors[i].status;
        }
    return PFLD_OK;
}

pfld_status eval_stress_run(const pfld_model *const *models, size_t n_models, const data_set *set,
                            const eval_stress_options *opt, eval_stress *out, pfld_error *err)
{
    stress_state r = {.set = set, .opt = opt, .out = out};
    pool *p = NULL;
    pfld_status st = PFLD_OK;

    *out = (eval_stress){.n_models = n_models, .n = set->n};
    for (size_t m = 0; m < n_models && st == PFLD_OK; m++)
        st = eval_run_check(models[m], set, err);
    if (st == PFLD_OK)
        st = make_threads(&r, models, err);
    if (st == PFLD_OK)
        st = pool_create(opt->threads, &p, err);
    if (st == PFLD_OK) {
        pool_run(p, run_one, &r, set->n);
        st = first_error(&r, err);
    }
    pool_free(p);
    free_threads(&r);
    if (st != PFLD_OK)
        eval_stress_free(out);
    return st;
}

void eval_stress_free(eval_stress *s)
{
    mem_free(s->errors);
    *s = (eval_stress){0};
}

/* ---- a sheet of them ---- */

enum { CELL = 160, MOST_ROWS = 192 }; /* cairo's pictures end at 32767 pixels */

typedef struct stress_sheet {
    const data_set *set;
    const eval_stress_options *opt;
    stress_kind kind[STRESS_KINDS]; /* those asked for */
    size_t faces;                   /* of each */
    uint8_t *stage, *cell;
} stress_sheet;

static void draw_points(cairo_t *cr, const stress_stage *stage, int n, const affine *to_cell)
{
    cairo_set_source_rgb(cr, 0.2, 0.95, 0.3);
    for (int i = 0; i < n; i++) {
        pfld_point p = affine_apply(to_cell, stage->points[i]);
        cairo_arc(cr, (double)p.x + 0.5, (double)p.y + 0.5, 1.0, 0, 6.2831853);
        cairo_fill(cr);
    }
}

static pfld_status draw_stage(cairo_t *cr, const stress_sheet *x, const stress_stage *stage, int n,
                              pfld_error *err)
{
    const crop_rule rule = {.scale = CROP};
    affine to_stage = affine_from_crop(&stage->box, &rule, 0.0f, CELL), to_cell;
    pfld_image cell = {x->cell, CELL, CELL, 3 * (ptrdiff_t)CELL, PFLD_RGB8};

    if (!affine_invert(&to_stage, &to_cell))
        return error_set(err, PFLD_ERR_ARG, "a box without a size");
    image_warp(&stage->picture, &to_stage, &cell);
    sheet_picture(cr, &cell);
    draw_points(cr, stage, n, &to_cell);
    return PFLD_OK;
}

static pfld_status draw_cell(void *ctx, size_t i, cairo_t *cr, pfld_error *err)
{
    const stress_sheet *x = ctx;
    size_t row = i / STRESS_STEPS, step = i % STRESS_STEPS;
    stress_kind kind = x->kind[row / x->faces];
    const stress_scale *scale = &stress_scales[kind];
    size_t face = row % x->faces * x->set->n / x->faces;
    const data_sample *s = &x->set->samples[face];
    stress_stage as_is = {.picture = stage_on(x->stage)};
    stress_stage stage = {.picture = stage_on(x->stage + 3 * STAGE_PIXELS)};
    stress_what what = {kind, scale->strength[step], 0, seed_of(x->opt, face)};
    media_image photo = {0};
    char words[64];
    pfld_status st;

    if (step >= (size_t)scale->n)
        return PFLD_OK;
    st = media_read(s->image, &photo, err);
    if (st == PFLD_OK) {
        stress_set(s, &photo.view, &as_is);
        stress_make(s, &photo.view, &as_is, &what, &stage);
        st = draw_stage(cr, x, &stage, s->scheme->n, err);
    }
    snprintf(words, sizeof words, "%s %g", scale->name, (double)scale->strength[step]);
    sheet_words(cr, CELL, words);
    media_image_free(&photo);
    return st;
}

pfld_status eval_stress_sheet(const char *path, const data_set *set, const eval_stress_options *opt,
                              size_t faces, pfld_error *err)
{
    stress_sheet x = {.set = set, .opt = opt, .faces = faces < set->n ? faces : set->n};
    sheet_size size = {.columns = STRESS_STEPS, .rows = MOST_ROWS, .cell = CELL};
    size_t kinds = 0;
    pfld_status st;

    for (int k = 0; k < STRESS_KINDS; k++)
        if (is_asked(opt, k))
            x.kind[kinds++] = (stress_kind)k;
    x.stage = mem_alloc(STAGE_PIXELS, 6);
    x.cell = mem_alloc((size_t)CELL * CELL, 3);
    st = x.stage && x.cell
             ? sheet_write(path, &size, kinds * x.faces * STRESS_STEPS, draw_cell, &x, err)
             : error_nomem(err);
    mem_free(x.stage);
    mem_free(x.cell);
    return st;
}
