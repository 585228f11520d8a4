/* Which photos of a data set can be read, for work that reads each of them many times. */
#include "eval/readable.h"

#include "core/error.h"
#include "core/mem.h"
#include "core/pool.h"
#include "media/codec.h"

typedef struct reading {
    const data_set *set;
    pfld_error *errors; /* [set->n]: so that they are told in order, whoever met them */
} reading;

static void read_one(void *ctx, size_t i, size_t thread)
{
    const reading *r = ctx;
    media_image photo = {0};

    (void)thread;
    (void)media_read(r->set->samples[i].image, &photo, &r->errors[i]); /* errors[i] tells */
    media_image_free(&photo);
}

static pfld_status sort_out(const reading *r, data_set *set, const data_options *opt,
                            size_t *n_left_out, pfld_error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < set->n; i++)
        if (r->errors[i].status == PFLD_ERR_NOMEM)
            return error_nomem(err);
    for (size_t i = 0; i < set->n; i++)
        if (r->errors[i].status == PFLD_OK)
            set->samples[n++] = set->samples[i];
        else if (opt->message)
            opt->message(opt->ctx, r->errors[i].msg);
    if (n == 0 && set->n)
        return error_set(err, PFLD_ERR_FORMAT, "none of the %zu photos can be read", set->n);
    *n_left_out = set->n - n;
    set->n = n;
    return PFLD_OK;
}

pfld_status readable_only(data_set *set, const data_options *opt, size_t threads,
                          size_t *n_left_out, pfld_error *err)
{
    reading r = {.set = set};
    pool *p = NULL;
    pfld_status st;

    *n_left_out = 0;
    if (!opt->skip_bad)
        return PFLD_OK;
    r.errors = mem_alloc(set->n, sizeof *r.errors);
    st = r.errors ? pool_create(threads, &p, err) : error_nomem(err);
    if (st == PFLD_OK) {
        pool_run(p, read_one, &r, set->n);
        st = sort_out(&r, set, opt, n_left_out, err);
    }
    pool_free(p);
    mem_free(r.errors);
    return st;
}
