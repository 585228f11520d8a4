/* What every training shares on the command line: signals, the run's options, how it is told. */
#define _POSIX_C_SOURCE 200809L
#include "cli/train_common.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/data_sets.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "cli/threads.h"
#include "cli/train_curves.h"
#include "core/error.h"
#include "media/paths.h"
#include "train/group_mpi.h"

#define LICENCE "research use only: made from face data that was collected for research"

/* ---- processes ---- */

static const volatile sig_atomic_t *catch_signals(void)
{
    signals_catch_also(SIGUSR1); /* mpirun passes it on, and kills a second after the others */
    return signals_catch();
}

pfld_status train_join(train_fields *f, train_group *room, pfld_error *err)
{
    char name[64];
    pfld_status st;

    if (group_mpi_launched() == 1) /* starting MPI takes longer than most commands run */
        return PFLD_OK;
    st = group_mpi_open(room, err);
    if (st != PFLD_OK)
        return st;
    if (group_mpi_launched() > 1 && room->size != group_mpi_launched()) {
        size_t size = room->size;
        group_mpi_close(room);
        return error_set(err, PFLD_ERR_UNSUPPORTED,
                         "train: the launcher started %zu processes, %s knows of %zu: is it that "
                         "MPI's own?",
                         group_mpi_launched(), group_mpi_name(name, sizeof name), size);
    }
    f->group = room;
    catch_signals();
    group_any(room, false); /* all have, before one says that it runs */
    if (!f->quiet && train_tells(f))
        fprintf(stderr, "%zu ranks, %s\n", room->size, group_mpi_name(name, sizeof name));
    return PFLD_OK;
}

bool train_tells(const train_fields *f)
{
    return group_rank(f->group) == 0;
}

data_options train_data_options(const train_fields *f)
{
    data_options o = data_sets_options(f->skip_bad);

    if (!train_tells(f)) /* of the same lists */
        o.message = NULL;
    return o;
}

/* The same in all processes, as the recipe has it. */
static size_t choose_threads(const train_fields *f)
{
    size_t n =
        f->group && !f->threads ? threads_beside(f->group->beside) : threads_or_cpus(f->threads);

    group_share(f->group, &n, sizeof n);
    return n;
}

/* ---- options ---- */

/* The paper's numbers, section 4, or ours. */
static optim_options choose_optim(const train_fields *f)
{
    bool paper = f->recipe == TRAIN_PAPER;
    optim_options o = {.rate = paper ? 1e-4 : 6e-3,
                       .beta1 = 0.9,
                       .beta2 = 0.999,
                       .epsilon = 1e-8,
                       .decay = paper ? 1e-6 : 1e-4,
                       .decoupled = !paper,
                       .ema = paper       ? 0
                              : f->freeze ? 0.998
                                          : 0.9995,
                       .warm_up = paper ? 0 : (uint64_t)(f->steps < 3000 ? f->steps / 10 : 300),
                       .total = paper ? 0 : (uint64_t)f->steps,
                       .clip = paper ? 0 : 5,
                       .full_rate_fan_in = paper ? 0 : 64};

    o.rate = f->rate > 0 ? (double)f->rate : o.rate;
    o.decay = f->decay >= 0 ? (double)f->decay : o.decay;
    o.ema = f->ema >= 0 ? (double)f->ema : o.ema;
    o.warm_up = f->warm_up >= 0 ? (uint64_t)f->warm_up : o.warm_up;
    return o;
}

run_options train_run_options(const train_fields *f)
{
    return (run_options){.optim = choose_optim(f),
                         .group = f->group,
                         .threads = choose_threads(f),
                         .steps = (uint64_t)f->steps,
                         .log_every = (uint64_t)f->log_every,
                         .eval_every = (uint64_t)f->eval_every,
                         .checkpoint_seconds = 60.0 * (double)f->checkpoint_minutes,
                         .dir = f->out,
                         .start = f->start,
                         .skip_bad = f->skip_bad,
                         .resume = f->resume,
                         .licence = LICENCE,
                         .stop = catch_signals(),
                         .stop_after = (uint64_t)f->stop_after};
}

/* ---- the record of what was asked for ---- */

json_t *train_ranks_json(const train_fields *f)
{
    return group_size(f->group) > 1 ? json_integer((json_int_t)f->group->size) : NULL;
}

json_t *train_sources_json(const data_source *sources, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < n; i++) {
        const data_source *s = &sources[i];
        char hash[20];
        snprintf(hash, sizeof hash, "%016llx", (unsigned long long)s->hash);
        json_array_append_new(list, json_pack("{s:o,s:I,s:I,s:s}", "spec", output_string(s->spec),
                                              "faces", (json_int_t)s->n, "skipped",
                                              (json_int_t)s->n_skipped, "fnv1a", hash));
    }
    return list;
}

/* ---- how it goes ---- */

static void print_progress(void *ctx, const run_status *s)
{
    const train_fields *f = ctx;
    bool terminal = isatty(STDERR_FILENO);
    char val[64] = "";
    double left = s->samples_per_second > 0
                      ? (double)(s->steps - s->step) * (double)f->batch / s->samples_per_second
                      : 0;

    if (f->quiet || (!terminal && s->step % 500 != 0 && s->step != s->steps))
        return;
    if (isfinite(s->val))
        snprintf(val, sizeof val, "val %.3f %% (best %.3f)  ", s->val, s->best);
    fprintf(stderr, "%s%llu/%llu  loss %.5f  %.0f %s/s  %s%.0f min left%s", terminal ? "\r" : "",
            (unsigned long long)s->step, (unsigned long long)s->steps, s->mean.total,
            s->samples_per_second, f->detector ? "pictures" : "faces", val, left / 60,
            terminal ? "  " : "\n");
    fflush(stderr);
}

/* A run is worth more than its curves: it goes on without them, and ends with exit code 1. */
static void draw_curves(void *ctx)
{
    train_fields *f = ctx;
    pfld_error err;
    pfld_status st = train_curves_write(f->out, &err);

    if (st != PFLD_OK && f->curves == PFLD_OK) /* told once, not at each validation */
        message("%s", err.msg);
    f->curves = st;
}

/* Of photos: each process has its own. */
static void tell(void *ctx, const char *text)
{
    const train_fields *f = ctx;

    if (train_tells(f))
        message("%s", text);
    else
        message("rank %zu of %zu: %s", f->group->rank, f->group->size, text);
}

run_hooks train_hooks(train_fields *f)
{
    return (run_hooks){
        .progress = print_progress, .message = tell, .logged = draw_curves, .ctx = f};
}

pfld_status train_print_result(const train_fields *f, const run_status *s, bool stopped,
                               pfld_error *err)
{
    const char *val = f->detector ? "val_miss" : f->freeze ? "val_spread" : "val_nme";
    const char *best = f->detector ? "best_miss" : f->freeze ? "best_spread" : "best_nme";

    return output_json(
        stdout,
        json_pack("{s:i,s:o,s:I,s:b,s:o,s:o,s:I,s:o,s:I}", "v", 1, "out", output_string(f->out),
                  "step", (json_int_t)s->step, "stopped", stopped, val, output_number(s->val, 4),
                  best, output_number(s->best, 4), "best_step", (json_int_t)s->best_step, "seconds",
                  output_number(s->seconds, 1), "engine_bytes", (json_int_t)s->engine_bytes),
        err);
}

/* So that a run is never lost to a forgotten --resume. */
pfld_status train_open_dir(const train_fields *f, pfld_error *err)
{
    char path[4096];
    pfld_status st;

    if (!train_tells(f))
        return PFLD_OK;
    st = media_make_dirs(f->out, err);
    if (st != PFLD_OK || f->resume)
        return st;
    if (snprintf(path, sizeof path, "%s/checkpoint", f->out) < (int)sizeof path &&
        access(path, F_OK) == 0)
        return error_set(err, PFLD_ERR_ARG,
                         "%.3000s holds a run already: --resume goes on with it, another --out "
                         "begins a new one",
                         f->out);
    return PFLD_OK;
}
