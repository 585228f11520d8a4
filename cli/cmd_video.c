/* pfld video: the faces of a video, followed from frame to frame. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/message.h"
#include "cli/paths.h"
#include "cli/signals.h"
#include "cli/threads.h"
#include "cli/video_job.h"
#include "core/error.h"
#include "core/mem.h"

#define SIGNALLED 128 /* and the signal's number: how shells say it, too */

/* ---- before ---- */

static bool is_stdout(const char *path)
{
    return strcmp(path, "-") == 0;
}

static pfld_status check_new(const char *path, bool force, pfld_error *err)
{
    char shown[ERROR_PATH + 1];
    struct stat st;

    if (!path || force || is_stdout(path) || stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
        st.st_size == 0)
        return PFLD_OK;
    return error_set(err, PFLD_ERR_ARG, "video: %s is there already (--force replaces it)",
                     error_path(path, shown));
}

static pfld_status open_models(video_job *j, pfld_error *err)
{
    const detect_fields *f = &j->f->d;
    pfld_track_options track = video_track_options(j->f);
    pfld_status status = detect_setup_open(&j->setup, f, err);

    j->setup.how.turns = f->turns ? 1 : f->no_turns ? -1 : 0;
    if (status == PFLD_OK)
        status = pfld_session_create(j->setup.landmarks, j->setup.detector, &j->setup.how,
                                     &j->session, err);
    return status ? status : pfld_tracker_create(&track, &j->tracker, err);
}

static pfld_status open_reader(video_job *j, pfld_error *err)
{
    const video_source source = {.path = j->in,
                                 .threads = (int)threads_or_cpus(j->f->threads),
                                 .sound = j->f->video != NULL,
                                 .stop = signals_stop};

    return video_open(&source, &j->reader, err);
}

static pfld_status open_writer(video_job *j, pfld_error *err)
{
    const video_info *in = video_reader_info(j->reader);
    const video_target target = {j->f->video, j->reader, in->width, in->height};
    pfld_status status;

    if (!j->f->video)
        return PFLD_OK;
    j->is_new_video = !is_stdout(target.path) && !path_exists(target.path);
    status = video_create(&target, &j->writer, err);
    if (status == PFLD_OK && video_writer_left_out(j->writer))
        message("%s: its sound (%s) does not fit in there and is left out: .mkv would take it",
                target.path, video_writer_left_out(j->writer));
    return status;
}

/* What is there stays until begin_outputs(). */
static pfld_status open_output(video_job *j, const char *path, output_format format,
                               pfld_error *err)
{
    char shown[ERROR_PATH + 1];
    output o = {.format = format, .is_video = true, .to = stdout};

    if (!is_stdout(path)) {
        j->is_new[j->n_outs] = !path_exists(path);
        o.name = path;
        o.to = fopen(path, "ab");
        if (!o.to)
            return error_sys(err, errno, "%s", error_path(path, shown));
    }
    j->outs[j->n_outs++] = o;
    return PFLD_OK;
}

static pfld_status open_outputs(video_job *j, pfld_error *err)
{
    const video_fields *f = j->f;
    output_format format = f->format < 0 ? OUTPUT_JSON : (output_format)f->format;
    pfld_status status = PFLD_OK;

    if (!f->csv && !f->jsonl && !(f->video && is_stdout(f->video)))
        return open_output(j, "-", format, err);
    if (f->csv)
        status = open_output(j, f->csv, format == OUTPUT_OPENFACE ? format : OUTPUT_CSV, err);
    if (f->jsonl && status == PFLD_OK)
        status = open_output(j, f->jsonl, OUTPUT_JSON, err);
    return status;
}

static pfld_status empty_file(const output *o, pfld_error *err)
{
    char shown[ERROR_PATH + 1];
    struct stat st;

    if (o->to == stdout || fstat(fileno(o->to), &st) != 0 || !S_ISREG(st.st_mode) ||
        ftruncate(fileno(o->to), 0) == 0)
        return PFLD_OK;
    return error_sys(err, errno, "%s", error_path(o->name, shown));
}

static pfld_status begin_outputs(video_job *j, pfld_error *err)
{
    pfld_status status = PFLD_OK;

    for (size_t i = 0; i < j->n_outs && status == PFLD_OK; i++) {
        status = empty_file(&j->outs[i], err);
        if (status == PFLD_OK)
            status = output_begin(&j->outs[i], j->setup.n_landmarks, detect_tells_spread(&j->setup),
                                  err);
    }
    return status;
}

/* Nothing is written, nor emptied, before all that could be wrong has been looked at and all files
 * are open. */
static pfld_status job_open(video_job *j, pfld_error *err)
{
    const char *const files[] = {j->f->video, j->f->csv, j->f->jsonl};
    pfld_status status = PFLD_OK;

    for (size_t i = 0; i < sizeof files / sizeof *files && status == PFLD_OK; i++)
        status = check_new(files[i], j->f->force, err);
    if (status == PFLD_OK)
        status = open_models(j, err);
    if (status == PFLD_OK)
        status = open_reader(j, err);
    if (status == PFLD_OK && j->f->crops)
        status = path_make_dir(j->f->crops, err);
    if (status == PFLD_OK)
        status = open_outputs(j, err);
    if (status == PFLD_OK)
        status = open_writer(j, err);
    return status ? status : begin_outputs(j, err);
}

/* ---- after ---- */

static pfld_status close_outputs(video_job *j, pfld_error *err)
{
    char shown[ERROR_PATH + 1];
    pfld_status status = PFLD_OK;

    for (size_t i = 0; i < j->n_outs; i++) {
        output *o = &j->outs[i];
        bool failed = ferror(o->to) != 0; /* that has been said */
        if (o->to != stdout && fclose(o->to) != 0 && !failed && status == PFLD_OK)
            status = error_sys(err, errno, "%s", error_path(o->name, shown));
    }
    return status;
}

/* A run that didn't begin leaves no files, which would be in the way of the next. */
static void remove_new(const video_job *j)
{
    if (j->is_new_video)
        unlink(j->f->video);
    for (size_t i = 0; i < j->n_outs; i++)
        if (j->is_new[i])
            unlink(j->outs[i].name);
}

static void job_close(video_job *j)
{
    video_job_free_items(j);
    video_close(j->reader);
    pfld_tracker_free(j->tracker);
    pfld_session_free(j->session);
    detect_setup_close(&j->setup);
}

/* ---- all of it ---- */

/* Results on a terminal are progress enough, and would run into the line. */
static void start_progress(video_job *j)
{
    for (size_t i = 0; i < j->n_outs; i++)
        if (j->outs[i].to == stdout && isatty(STDOUT_FILENO))
            return;
    if (!j->f->quiet)
        progress_start(&j->bar, video_reader_info(j->reader)->frames);
}

static int worse(int code, pfld_status status, const pfld_error *err)
{
    int other = message_exit(status);

    if (status)
        message("%s", err->msg);
    return other > code ? other : code;
}

static int run_job(video_job *j)
{
    const volatile sig_atomic_t *caught = signals_catch();
    pfld_error err = {0};
    pfld_status status = job_open(j, &err);
    bool has_begun = status == PFLD_OK;
    int code;

    if (has_begun) {
        start_progress(j);
        status = video_job_run(j, &err);
        progress_clear(&j->bar);
    }
    code = worse(CLI_DONE, status, &err);
    code = worse(code, video_finish(j->writer, &err), &err);
    code = worse(code, close_outputs(j, &err), &err);
    if (!has_begun)
        remove_new(j);
    if (status == PFLD_OK && !*caught)
        code = worse(code, video_reader_check(j->reader, &err), &err);
    return *caught && code == CLI_DONE ? SIGNALLED + (int)*caught : code;
}

static int run(const cli_command *self, int argc, char **argv)
{
    video_fields f = VIDEO_FIELDS_START;
    cli_args args = {(size_t)argc, argv, false};
    video_job *j;
    int code;

    if (!cli_begin(self, &args, &f, &code))
        return code;
    if (!video_check(&f, args.at[0]))
        return CLI_USAGE;
    j = mem_alloc(1, sizeof *j);
    if (!j) {
        message("out of memory");
        return CLI_INTERNAL;
    }
    j->f = &f;
    j->in = args.at[0];
    code = run_job(j);
    job_close(j);
    mem_free(j);
    return code;
}

const cli_command command_video = {
    .name = "video",
    .brief = "follows the faces of a video: landmarks, poses, ids",
    .synopsis = "IN [-o OUT] [--csv FILE] [--jsonl FILE] [--blur] [--crop DIR]",
    .about =
        "Finds the faces of a video, and follows each from frame to frame: its landmarks and the "
        "head's pose, steadied, and an id that stays its own while it is in sight, and for a "
        "moment out of it. IN is any file that FFmpeg's libraries read, an address that they know, "
        "or '-' (stdin). It is turned as it says of itself.\n\n"
        "Prints a line of JSON for each frame, as pfld detect does for a picture, with \"frame\" "
        "(from 0), \"t\" (seconds since the beginning, by the file's own clock: rates may vary) "
        "and "
        "each face's \"id\" (from 1), how far its eyes and mouth are open, and where it blinks or "
        "yawns. docs/video.md has all columns and keys.\n\n"
        "-o draws the faces into a video (H.264, or MPEG-4 where FFmpeg has no libx264) of the "
        "same "
        "times, with the sound of IN as it is. --blur makes them unrecognisable instead: a face "
        "that is not found is not blurred, so look at what comes out. Ctrl-C ends what was begun: "
        "the video can be played, the last line is whole, and the exit code is 130 (143 after "
        "SIGTERM).\n\n"
        "What is cut short or damaged gives what can be read of it, a message, and exit code 1.",
    .examples = "pfld video talk.mp4 -o drawn.mp4 --csv faces.csv\n"
                "pfld video talk.mp4 -o drawn.mp4 --style mesh --jsonl faces.jsonl\n"
                "pfld video talk.mp4 --csv faces.csv --format openface\n"
                "pfld video street.mov -o anonymous.mp4 --blur --min-face 16 --csv -\n"
                "pfld video talk.mp4 --crop faces/ --crop-every 25 --jsonl faces.jsonl\n"
                "pfld video talk.mp4 -o - | mpv -",
    .options = video_options,
    .min_operands = 1,
    .max_operands = 1,
    .operand = "IN",
    .run = run,
};
