/* pfld detect: faces, their landmarks and head poses, in pictures. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/detect_job.h"
#include "cli/inorder.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/paths.h"
#include "cli/progress.h"
#include "cli/resume.h"
#include "cli/targets.h"
#include "cli/threads.h"
#include "core/error.h"
#include "core/mem.h"
#include "core/pool.h"

#define AHEAD 4 /* pictures of each thread that may wait for a slower one before them */

typedef struct detect {
    const detect_fields *f;
    detect_setup setup;
    /* whoever takes the next picture: */
    inputs *in;
    hash_set results_there; /* of --resume */
    targets drawn;
    bool into_folder;
    /* each thread: */
    detect_worker *workers; /* [n_threads] */
    size_t n_threads;
    detect_item *items; /* [n_items] */
    size_t n_items;
    /* whoever gives the first picture that is done: */
    output out; /* to is NULL: the picture goes to stdout in place of the results */
    progress bar;
    int code; /* the worst so far */
} detect;

/* ---- the way of a picture ---- */

static pfld_status take_file(detect *d, detect_item *item, const inputs_file *file, pfld_error *err)
{
    bool is_stdin = strcmp(file->path, "-") == 0;
    size_t size = strlen(file->path) + 1;
    char *grown = mem_grow(item->file, &item->file_room, size, 1);

    if (!grown)
        return error_nomem(err);
    item->file = grown;
    memcpy(grown, file->path, size);
    item->skipped = !is_stdin && resume_has(&d->results_there, d->out.format, file->path);
    /* also for what is skipped: then names don't depend on where the run before ended */
    return d->into_folder ? targets_name(&d->drawn, is_stdin ? "stdin" : file->inside,
                                         &item->target, &item->target_room, err)
                          : PFLD_OK;
}

static bool take(void *ctx, void *p)
{
    detect *d = ctx;
    detect_item *item = p;
    inputs_file file = {0};
    pfld_error err = {0};
    inputs_step step = inputs_next(d->in, &file, &err);
    pfld_status status = err.status;

    detect_item_reset(item);
    if (step == INPUTS_FILE)
        status = take_file(d, item, &file, &err);
    if (step != INPUTS_END && status)
        detect_item_fail(item, status, err.msg);
    return step != INPUTS_END;
}

static void work(void *ctx, void *item, size_t thread)
{
    detect *d = ctx;

    detect_item_work(item, &d->setup, &d->workers[thread]);
}

static void say(detect *d, const detect_item *item)
{
    for (size_t at = 0; at < item->said_used; at += strlen(item->said + at) + 1) {
        progress_clear(&d->bar);
        message("%s", item->said + at);
    }
    if (item->code > d->code)
        d->code = item->code;
}

static bool give(void *ctx, void *p)
{
    detect *d = ctx;
    detect_item *item = p;
    const output_result r = {.file = item->file,
                             .width = item->width,
                             .height = item->height,
                             .scheme = d->setup.scheme,
                             .n_landmarks = d->setup.n_landmarks,
                             .faces = item->faces,
                             .n = item->n,
                             .radii = detect_tells_spread(&d->setup) ? d->setup.radii : NULL};
    pfld_error err = {0};
    pfld_status status = PFLD_OK;

    if (item->done && d->out.to)
        status = output_write(&d->out, &r, &err);
    if (status) /* nobody takes the results: nothing more to do */
        detect_item_fail(item, status, err.msg);
    say(d, item);
    progress_step(&d->bar, item->done ? item->n : 0, item->skipped);
    return status == PFLD_OK;
}

/* ---- before and after ---- */

static bool has_results(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
}

static pfld_status open_results(detect *d, pfld_error *err)
{
    const char *path = d->f->results;
    char shown[ERROR_PATH + 1];
    const resume_file r = {path, d->out.format, d->setup.n_landmarks,
                           detect_tells_spread(&d->setup)};

    if (!path) {
        d->out.to = d->f->picture && strcmp(d->f->picture, "-") == 0 ? NULL : stdout;
        return PFLD_OK;
    }
    d->out.name = path;
    if (d->f->resume)
        return resume_open(&r, &d->results_there, &d->out.to, &d->out.has_header, err);
    if (!d->f->force && has_results(path))
        return error_set(err, PFLD_ERR_ARG,
                         "detect: %s has something in it: --resume goes on with its results, "
                         "--force replaces it",
                         error_path(path, shown));
    d->out.to = fopen(path, "wb");
    return d->out.to ? PFLD_OK : error_sys(err, errno, "%s", error_path(path, shown));
}

static pfld_status close_results(detect *d, pfld_error *err)
{
    char shown[ERROR_PATH + 1];
    FILE *to = d->out.to;
    bool failed;

    if (!d->f->results || !to)
        return PFLD_OK; /* main() sees to stdout */
    d->out.to = NULL;
    failed = ferror(to) != 0; /* that has been said */
    return fclose(to) == 0 || failed
               ? PFLD_OK
               : error_sys(err, errno, "%s", error_path(d->f->results, shown));
}

/* Of a single picture the faces are worked on at once; only where that is asked for, since making
 * threads takes as long as a few faces. */
static pfld_status make_room(detect *d, const inputs_spec *spec, pfld_error *err)
{
    bool single = inputs_is_single(spec);
    size_t n = single && d->f->jobs == 0 ? 1 : threads_or_cpus(d->f->jobs);

    n = n < POOL_MAX_THREADS ? n : POOL_MAX_THREADS;
    if (single)
        d->setup.how.threads = (int32_t)n;
    d->n_threads = single ? 1 : n;
    d->n_items = d->n_threads == 1 ? 1 : AHEAD * d->n_threads;
    d->workers = mem_alloc(d->n_threads, sizeof *d->workers);
    d->items = mem_alloc(d->n_items, sizeof *d->items);
    return d->workers && d->items ? PFLD_OK : error_nomem(err);
}

/* With --force a picture may take the place of a file that is read later: all are looked up before.
 */
static pfld_status find_originals(detect *d, const inputs_spec *spec, pfld_error *err)
{
    inputs *in = NULL;
    inputs_file file;
    inputs_step step;
    pfld_status status;

    if (!d->into_folder || !d->f->force)
        return PFLD_OK;
    if (spec->list && !inputs_can_be_read_twice(spec))
        return error_set(err, PFLD_ERR_ARG,
                         "detect: --force could replace a picture that --files-from %.80s names "
                         "later: give the list as a file",
                         spec->list);
    status = inputs_open(spec, &in, err);
    while (status == PFLD_OK && (step = inputs_next(in, &file, NULL)) != INPUTS_END) {
        uint64_t id = step == INPUTS_FILE ? path_identity(file.path) : 0;
        if (id && !hash_set_add(&d->setup.originals, id))
            status = error_nomem(err);
    }
    inputs_close(in);
    return status;
}

/* Nothing is written before all that could be wrong has been looked at. */
static pfld_status detect_open(detect *d, const inputs_spec *spec, pfld_error *err)
{
    pfld_status status = detect_setup_open(&d->setup, d->f, err);

    if (status == PFLD_OK)
        status = make_room(d, spec, err);
    if (status == PFLD_OK)
        status = detect_worker_start(&d->workers[0], &d->setup, err);
    if (status == PFLD_OK)
        status = inputs_open(spec, &d->in, err);
    if (status == PFLD_OK)
        status = find_originals(d, spec, err);
    if (status == PFLD_OK && d->into_folder)
        status = path_make_dir(d->f->picture, err);
    return status ? status : open_results(d, err);
}

static void detect_close(detect *d)
{
    inputs_close(d->in);
    hash_set_free(&d->results_there);
    hash_set_free(&d->drawn.made);
    for (size_t i = 0; d->workers && i < d->n_threads; i++)
        detect_worker_free(&d->workers[i]);
    for (size_t i = 0; d->items && i < d->n_items; i++)
        detect_item_free(&d->items[i]);
    mem_free(d->workers);
    mem_free(d->items);
    detect_setup_close(&d->setup);
}

/* Results on a terminal are progress enough, and would run into the line. */
static void start_progress(detect *d, const inputs_spec *spec)
{
    bool alone = d->out.to != stdout || !isatty(STDOUT_FILENO);
    size_t total;

    if (d->f->quiet || !alone || inputs_is_single(spec) || !progress_is_possible())
        return;
    total = inputs_count(spec);
    if (total != 1)
        progress_start(&d->bar, total);
}

static pfld_status detect_run(detect *d, const inputs_spec *spec, pfld_error *err)
{
    const inorder_work w = {.ctx = d,
                            .items = d->items,
                            .n_items = d->n_items,
                            .item_size = sizeof *d->items,
                            .n_threads = d->n_threads,
                            .take = take,
                            .work = work,
                            .give = give};
    pfld_status status;

    start_progress(d, spec);
    status = inorder_run(&w, err);
    progress_clear(&d->bar);
    return status;
}

static int detect_all(const detect_fields *f, const inputs_spec *spec)
{
    detect d = {.f = f, .into_folder = detect_draws_into_folder(f)};
    pfld_error err = {0}, last = {0};
    pfld_status status;

    d.out.format = f->format < 0 ? OUTPUT_JSON : (output_format)f->format;
    d.drawn.folder = f->picture;
    status = detect_open(&d, spec, &err);
    if (status == PFLD_OK)
        status = detect_run(&d, spec, &err);
    if (status) {
        message("%s", err.msg);
        d.code = message_exit(status);
    }
    if (close_results(&d, &last)) {
        message("%s", last.msg);
        d.code = d.code > CLI_SOME_FAILED ? d.code : CLI_SOME_FAILED;
    }
    detect_close(&d);
    return d.code;
}

static int run(const cli_command *self, int argc, char **argv)
{
    detect_fields f = DETECT_FIELDS_START;
    cli_args args = {(size_t)argc, argv, false};
    int code;

    if (cli_begin(self, &args, &f, &code)) {
        const inputs_spec spec = {.operands = args.at,
                                  .n = args.n,
                                  .list = f.list,
                                  .null_ended = f.null_ended,
                                  .recursive = f.recursive};
        if (f.results && strcmp(f.results, "-") == 0)
            f.results = NULL;
        if (!args.n && !f.list)
            message("detect: FILE is missing: pfld detect %s", self->synopsis);
        code = (args.n || f.list) && detect_check(&f, &spec) ? detect_all(&f, &spec) : CLI_USAGE;
    }
    mem_free(f.boxes.at);
    return code;
}

const cli_command command_detect = {
    .name = "detect",
    .brief = "finds faces, their landmarks and head poses in pictures",
    .synopsis = "FILE... [--format json|csv|pts] [-o PICTURE] [--results FILE]",
    .about =
        "Finds the faces in pictures, and of each face its landmarks and the head's pose. The "
        "pictures are JPEG, PNG, WebP, BMP or PNM. FILE is a picture, '-' (stdin), a folder (all "
        "in it that ends in .jpg, .jpeg, .png, .webp, .bmp, .pbm, .pgm, .ppm or .pnm, by name; "
        "--recursive: below it, too), or a pattern in quotes, as 'a/*.jpg'.\n\n"
        "Prints a line of JSON for each picture, its faces by score, the best first; a picture "
        "without a face has an empty list, and is no failure. Coordinates are pixels of the "
        "upright picture (EXIF orientation is applied, and what is transparent is blended over "
        "white), x right and y down, the centre of the top-left pixel at 0,0; "
        "boxes are left,top,right,bottom on the command line and [x,y,width,height] in JSON; "
        "angles are degrees: yaw > 0 turns toward the image's left, pitch > 0 looks up, roll > 0 "
        "is clockwise; null where the scheme cannot tell.\n\n"
        "Where the faces are known, --box or --boxes tells their boxes, and none is looked for.\n\n"
        "Millions of pictures take no more memory than a few: give their names by --files-from, "
        "and --results with --resume goes on where a run ended.\n\n"
        "What a foreign landmark model does not state about itself is told by --scheme, --input, "
        "--crop and --output.",
    .examples = "pfld detect photo.jpg -o drawn.png\n"
                "pfld detect group.jpg -o drawn.png --draw-scale 3 --style mesh\n"
                "pfld detect photos/ --recursive --format csv > faces.csv\n"
                "pfld detect 'a/*.jpg' --min-face 20 --max-faces 10 -o drawn/\n"
                "find / -name '*.jpg' | pfld detect --files-from - --results r.jsonl --resume\n"
                "pfld detect face.jpg --box 52,80,277,346\n"
                "pfld detect *.jpg --boxes boxes.csv --box-from dlib --format csv\n"
                "pfld detect a.jpg -m foreign.onnx --input bgr,0..1 --crop 1.1",
    .options = detect_options,
    .min_operands = 0,
    .max_operands = SIZE_MAX,
    .operand = "FILE",
    .run = run,
};
