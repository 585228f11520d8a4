/* pfld data label: faces labelled by models, as a list to train on. */
#define _XOPEN_SOURCE 700 /* realpath() */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/data_label.h"
#include "cli/data_sets.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/paths.h"
#include "cli/threads.h"
#include "core/error.h"
#include "core/mem.h"
#include "eval/label.h"

typedef struct label_fields {
    cli_texts data, models;
    const char *out;
    float spread, off, blend, jitter, smallest;
    long draws, seed, threads;
    bool skip_bad;
} label_fields;

static const cli_option options[] = {
    {.name = "data",
     .letter = 'd',
     .kind = CLI_TEXTS,
     .arg = "SPEC",
     .field = offsetof(label_fields, data),
     .help = "Faces, FORMAT:PATH; can be given again. What their lists label frames them, and "
             "tells wrong answers."},
    {.name = "model",
     .letter = 'm',
     .kind = CLI_TEXTS,
     .arg = "FILE",
     .field = offsetof(label_fields, models),
     .help = "A landmark model of 68 points, in ONNX; can be given again: the mean counts."},
    {.name = "output",
     .letter = 'o',
     .kind = CLI_FILE,
     .arg = "FILE",
     .field = offsetof(label_fields, out),
     .help = "Where the list goes, for --data csv68:FILE."},
    {.name = "spread",
     .kind = CLI_REAL,
     .arg = "P",
     .field = offsetof(label_fields, spread),
     .help = "Leaves out faces whose answers lie further apart: mean distance from their mean, "
             "percent of the outer eye corners' distance (2)."},
    {.name = "off",
     .kind = CLI_REAL,
     .arg = "P",
     .field = offsetof(label_fields, off),
     .help = "Leaves out faces whose points lie further from the list's own, the same unit (12)."},
    {.name = "smallest",
     .kind = CLI_REAL,
     .arg = "PX",
     .field = offsetof(label_fields, smallest),
     .help = "Leaves out faces whose outer eye corners lie closer together (0)."},
    {.name = "blend",
     .kind = CLI_REAL,
     .arg = "B",
     .field = offsetof(label_fields, blend),
     .help = "How much the list's own 68 points count beside the models', 0 to 1 (0)."},
    {.name = "draws",
     .kind = CLI_COUNT,
     .arg = "N",
     .field = offsetof(label_fields, draws),
     .help = "Boxes for each face: its own, and others moved at random (4).",
     .min = 1},
    {.name = "jitter",
     .kind = CLI_REAL,
     .arg = "J",
     .field = offsetof(label_fields, jitter),
     .help = "How far these are moved and scaled, of their longer side (0.06)."},
    {.name = "seed",
     .kind = CLI_COUNT,
     .arg = "N",
     .field = offsetof(label_fields, seed),
     .help = "Another seed, other boxes (1).",
     .min = 0},
    {.name = "threads",
     .kind = CLI_COUNT,
     .arg = "N",
     .field = offsetof(label_fields, threads),
     .help = "Faces at once; default: one for each CPU.",
     .min = 1},
    {.name = "skip-bad",
     .kind = CLI_FLAG,
     .field = offsetof(label_fields, skip_bad),
     .help = "Leaves broken lines, and photos that can't be read, out without failing."},
    {0},
};

/* --- the list --------------------------------------------------------------------------------- */

/* The list can then lie anywhere. False where the name can't be said in CSV. */
static bool write_name(FILE *to, const char *path)
{
    char absolute[PATH_MAX];
    const char *name = realpath(path, absolute) ? absolute : path;

    if (strpbrk(name, "\"\r\n"))
        return false;
    fprintf(to, "\"%s\"", name);
    return true;
}

static void write_face(FILE *to, const label_run *r, const label_face *face)
{
    if (!write_name(to, face->sample->image)) {
        message("%s: its name has a quote or a line's end, and is left out", face->sample->where);
        return;
    }
    fprintf(to, ",%.3f", r->lean * face->ocular / 100);
    for (int p = 0; p < r->scheme->n; p++)
        fprintf(to, ",%.2f,%.2f", (double)face->points[p].x, (double)face->points[p].y);
    putc('\n', to);
}

static pfld_status write_list(const label_fields *f, const label_run *r, pfld_error *err)
{
    FILE *to = fopen(f->out, "w");
    bool failed;

    if (!to)
        return error_sys(err, errno, "%s", f->out);
    fputs("file,offset", to);
    for (int p = 0; p < r->scheme->n; p++)
        fprintf(to, ",x%d,y%d", p, p);
    putc('\n', to);
    for (size_t i = 0; i < r->n; i++)
        if (r->faces[i].kept)
            write_face(to, r, &r->faces[i]);
    errno = 0;
    failed = ferror(to) != 0;
    if (fclose(to) != 0 || failed)
        return error_sys(err, errno ? errno : EIO, "%s", f->out);
    return PFLD_OK;
}

/* --- what became of the faces ----------------------------------------------------------------- */

typedef struct tally {
    size_t kept, unread;
    double spread, off; /* means of those kept; off over those that have it */
    size_t n_off;
} tally;

static tally count(const label_run *r)
{
    tally t = {0};

    for (size_t i = 0; i < r->n; i++) {
        const label_face *face = &r->faces[i];
        t.unread += face->status != PFLD_OK;
        if (!face->kept)
            continue;
        t.kept++;
        t.spread += face->spread;
        if (face->off >= 0) {
            t.off += face->off;
            t.n_off++;
        }
    }
    t.spread /= t.kept ? (double)t.kept : 1;
    t.off /= t.n_off ? (double)t.n_off : 1;
    return t;
}

static pfld_status print_tally(const label_fields *f, const label_run *r, pfld_error *err)
{
    tally t = count(r);

    return output_json(stdout,
                       json_pack("{s:i,s:o,s:I,s:I,s:I,s:o,s:o,s:o}", "v", 1, "output",
                                 output_string(f->out), "n", (json_int_t)r->n, "kept",
                                 (json_int_t)t.kept, "unread", (json_int_t)t.unread, "spread",
                                 output_number(t.spread, 4), "off",
                                 t.n_off ? output_number(t.off, 4) : json_null(), "lean",
                                 output_number(r->lean, 4)),
                       err);
}

/* --- the command ------------------------------------------------------------------------------ */

static pfld_status refuse_own_input(const label_fields *f, const data_set *set, pfld_error *err)
{
    int32_t source = -1;

    for (size_t i = 0; i < set->n; i++) {
        const char *where = set->samples[i].where, *end = strrchr(where, ':');
        char list[PATH_MAX];
        if (set->samples[i].source == source || !end)
            continue;
        source = set->samples[i].source;
        snprintf(list, sizeof list, "%.*s", (int)(end - where), where);
        if (path_is_same(list, f->out))
            return error_set(err, PFLD_ERR_ARG, "%.150s is a list of --data, and is not replaced",
                             f->out);
    }
    return PFLD_OK;
}

/* What is loaded is in m, also after a failure. */
static pfld_status load_models(const label_fields *f, pfld_model *m[LABEL_MAX_MODELS],
                               pfld_error *err)
{
    for (size_t i = 0; i < f->models.n; i++) {
        pfld_status status = pfld_model_load(f->models.at[i], NULL, &m[i], err);
        if (status)
            return status;
        if (strcmp(pfld_model_scheme(m[i]), "ibug68") != 0)
            return error_set(err, PFLD_ERR_UNSUPPORTED, "%.120s: points of %s; lists have ibug68's",
                             f->models.at[i], pfld_model_scheme(m[i]));
    }
    return PFLD_OK;
}

static pfld_status label(const label_fields *f, size_t *unread, pfld_error *err)
{
    label_options opt = {.n_models = f->models.n,
                         .draws = (size_t)f->draws,
                         .jitter = f->jitter,
                         .blend = f->blend,
                         .spread = f->spread,
                         .off = f->off,
                         .smallest = f->smallest,
                         .message = message_hook,
                         .threads = threads_or_cpus(f->threads),
                         .seed = (uint64_t)f->seed};
    data_options messages = data_sets_options(f->skip_bad);
    pfld_model *models[LABEL_MAX_MODELS] = {NULL};
    data_set set = {0};
    label_run run = {0};
    pfld_status status = load_models(f, models, err);

    for (size_t i = 0; i < LABEL_MAX_MODELS; i++)
        opt.models[i] = models[i];
    if (!status)
        status = data_sets_read(&set, &f->data, &messages, err);
    if (!status)
        status = refuse_own_input(f, &set, err);
    if (!status)
        status = label_run_models(&set, &opt, &run, err);
    if (!status)
        status = write_list(f, &run, err);
    if (!status)
        status = print_tally(f, &run, err);
    *unread = 0;
    for (size_t i = 0; i < run.n; i++)
        *unread += run.faces[i].status != PFLD_OK;
    label_run_free(&run);
    data_set_free(&set);
    for (size_t i = 0; i < f->models.n; i++)
        pfld_model_free(models[i]);
    return status;
}

static bool is_usage(const label_fields *f)
{
    if (f->data.n == 0 || f->models.n == 0 || !f->out)
        message("data label: --data SPEC, --model FILE and -o FILE are wanted: 'pfld help data "
                "label' tells more");
    else if (f->models.n > LABEL_MAX_MODELS || f->draws > LABEL_MAX_DRAWS)
        message("data label: at most %d models and %d draws", LABEL_MAX_MODELS, LABEL_MAX_DRAWS);
    else if (!(f->blend >= 0.0f && f->blend <= 1.0f && f->jitter >= 0.0f && f->jitter <= 0.5f))
        message("data label: --blend is 0 to 1, --jitter 0 to 0.5");
    else
        return true;
    return false;
}

static int run(const cli_command *self, int argc, char **argv)
{
    label_fields f = {
        .spread = 2.0f, .off = 12.0f, .jitter = 0.06f, .draws = 4, .seed = 1, .threads = 0};
    cli_args args = {(size_t)argc, argv, false};
    pfld_error err = {0};
    int code;

    if (cli_begin(self, &args, &f, &code)) {
        pfld_status status = PFLD_OK;
        code = CLI_USAGE;
        if (is_usage(&f)) {
            size_t unread = 0;
            status = label(&f, &unread, &err);
            code = !status && unread && !f.skip_bad ? CLI_SOME_FAILED : message_exit(status);
        }
        if (status)
            message("%s", err.msg);
    }
    mem_free(f.data.at);
    mem_free(f.models.at);
    return code;
}

const cli_command command_data_label = {
    .name = "data label",
    .brief = "labels faces with models, for training",
    .synopsis = "--data SPEC... --model FILE... -o FILE [--spread P] [--off P] [--blend B]",
    .about = "Writes a list of faces whose 68 points are what models say: the mean over the "
             "models, over the photo and its mirror image, and over boxes moved a little. Faces "
             "for which these disagree are left out, and so are those whose points are not where "
             "the data set has eyes, nose and mouth. Faces that no list labels come from 'pfld "
             "detect --format csv', whose output is a list, too. With --blend, labels that are "
             "rough become better, and stay near what they are.",
    .examples = "pfld data label --data mtfl:mtfl80.csv -m runs/a/best.onnx -o mtfl68.csv\n"
                "pfld detect photos --format csv > found.csv && pfld data label --data "
                "csv68:found.csv -m a.onnx -m b.onnx -o photos68.csv",
    .options = options,
    .run = run,
};
