/* A detector over photos, through the public interface: what it finds in each. */
#include "eval/detection_run.h"

#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "core/pool.h"
#include "media/codec.h"

typedef struct run_thread {
    pfld_session *session;
    pfld_face *faces; /* [PFLD_MAX_FACES] */
} run_thread;

typedef struct run_photo {
    detection *found; /* [n] */
    size_t n;
    pfld_error error;
} run_photo;

typedef struct run_state {
    const scene_set *set;
    const detection_options *opt;
    run_thread *threads; /* [opt->threads] */
    run_photo *photos;   /* [set->n_photos] */
} run_state;

/* ---- one photo ---- */

static pfld_status keep(run_photo *p, const pfld_face *faces, size_t n)
{
    p->found = mem_alloc(n, sizeof *p->found);
    if (!p->found)
        return error_nomem(&p->error);
    p->n = n;
    for (size_t i = 0; i < n; i++)
        p->found[i] = (detection){faces[i].box, faces[i].score};
    return PFLD_OK;
}

static void run_one(void *ctx, size_t i, size_t thread)
{
    const run_state *r = ctx;
    const run_thread *t = &r->threads[thread];
    run_photo *p = &r->photos[i];
    const char *path = r->set->photos[i].image;
    media_image photo = {0};
    size_t n = 0;

    if (media_read(path, &photo, &p->error) != PFLD_OK)
        return;
    if (pfld_detect(t->session, &photo.view, t->faces, PFLD_MAX_FACES, &n, &p->error) != PFLD_OK)
        error_prefix(&p->error, path);
    else
        (void)keep(p, t->faces, n); /* p->error tells */
    media_image_free(&photo);
}

/* ---- all photos ---- */

static pfld_status make_state(run_state *r, const pfld_model *detector, pfld_error *err)
{
    pfld_status st = PFLD_OK;

    r->threads = mem_alloc(r->opt->threads, sizeof *r->threads);
    r->photos = mem_alloc(r->set->n_photos, sizeof *r->photos);
    if (!r->threads || !r->photos)
        return error_nomem(err);
    for (size_t i = 0; i < r->opt->threads && st == PFLD_OK; i++) {
        run_thread *t = &r->threads[i];
        t->faces = mem_alloc(PFLD_MAX_FACES, sizeof *t->faces);
        st = t->faces ? pfld_session_create(r->opt->landmarks, detector, &r->opt->session,
                                            &t->session, err)
                      : error_nomem(err);
    }
    return st;
}

static void free_state(run_state *r)
{
    for (size_t i = 0; r->threads && i < r->opt->threads; i++) {
        pfld_session_free(r->threads[i].session);
        mem_free(r->threads[i].faces);
    }
    for (size_t i = 0; r->photos && i < r->set->n_photos; i++)
        mem_free(r->photos[i].found);
    mem_free(r->threads);
    mem_free(r->photos);
}

/* Names what failed; memory that ran out ends the run. */
static pfld_status leave_out(const run_state *r, detection_list *out, pfld_error *err)
{
    for (size_t i = 0; i < r->set->n_photos; i++) {
        const run_photo *p = &r->photos[i];
        if (p->error.status == PFLD_OK)
            continue;
        if (p->error.status == PFLD_ERR_NOMEM)
            return error_nomem(err);
        out->left_out[i] = true;
        out->n_left_out++;
        if (r->opt->message)
            r->opt->message(r->opt->ctx, p->error.msg);
    }
    if (out->n_left_out == r->set->n_photos)
        return error_set(err, PFLD_ERR_FORMAT, "not one of %zu photos could be read",
                         r->set->n_photos);
    return PFLD_OK;
}

static pfld_status collect(const run_state *r, detection_list *out, pfld_error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < r->set->n_photos; i++)
        n += r->photos[i].n;
    out->n_photos = r->set->n_photos;
    out->found = mem_alloc(n, sizeof *out->found);
    out->first = mem_alloc(out->n_photos + 1, sizeof *out->first);
    out->left_out = mem_alloc(out->n_photos, sizeof *out->left_out);
    if (!out->found || !out->first || !out->left_out)
        return error_nomem(err);
    for (size_t i = 0; i < out->n_photos; i++) {
        const run_photo *p = &r->photos[i];
        if (p->n)
            memcpy(out->found + out->first[i], p->found, p->n * sizeof *p->found);
        out->first[i + 1] = out->first[i] + p->n;
    }
    return leave_out(r, out, err);
}

pfld_status detection_run(const pfld_model *detector, const scene_set *set,
                          const detection_options *opt, detection_list *out, pfld_error *err)
{
    run_state r = {.set = set, .opt = opt};
    pool *p = NULL;
    pfld_status st = make_state(&r, detector, err);

    *out = (detection_list){0};
    if (st == PFLD_OK)
        st = pool_create(opt->threads, &p, err);
    if (st == PFLD_OK) {
        pool_run(p, run_one, &r, set->n_photos);
        st = collect(&r, out, err);
    }
    pool_free(p);
    free_state(&r);
    if (st != PFLD_OK)
        detection_list_free(out);
    return st;
}
