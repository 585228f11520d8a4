/* pfld eval --video: the tracker on videos whose truth nobody knows: tremble, lag, lost faces. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/eval.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/threads.h"
#include "core/error.h"
#include "core/mem.h"
#include "eval/jitter.h"
#include "media/video.h"

typedef struct watching { /* one video after another */
    const eval_fields *f;
    pfld_model *model, *detector;
    pfld_session *session;
    pfld_tracker *trackers[JITTER_KINDS];
    pfld_face faces[JITTER_KINDS][JITTER_FACES];
    jitter jitter;
} watching;

static pfld_status make_trackers(watching *w, pfld_error *err)
{
    pfld_track_options how;
    pfld_status status;

    pfld_track_options_init(&how, sizeof how);
    how.smooth = -1;
    status = pfld_tracker_create(&how, &w->trackers[JITTER_MEASURED], err);
    how.smooth = eval_smooth(w->f) > 0.0f ? eval_smooth(w->f) : -1.0f;
    return status ? status : pfld_tracker_create(&how, &w->trackers[JITTER_STEADIED], err);
}

static void free_trackers(watching *w)
{
    for (int k = 0; k < JITTER_KINDS; k++) {
        pfld_tracker_free(w->trackers[k]);
        w->trackers[k] = NULL;
    }
}

/* Smoothing changes neither which faces are seen nor where they are looked for. */
static pfld_status follow(watching *w, const video_frame *frame, pfld_error *err)
{
    size_t n = 0;
    pfld_status status = PFLD_OK;

    for (int k = 0; k < JITTER_KINDS && status == PFLD_OK; k++)
        status = pfld_track(w->trackers[k], w->session, &frame->view, frame->t, w->faces[k],
                            JITTER_FACES, &n, err);
    if (status == PFLD_OK)
        jitter_add(&w->jitter, w->faces[JITTER_MEASURED], w->faces[JITTER_STEADIED], n, frame->t);
    return status;
}

static pfld_status read_video(watching *w, const char *path, pfld_error *err)
{
    const video_source source = {.path = path, .threads = (int)threads_or_cpus(w->f->threads)};
    video_reader *reader = NULL;
    video_frame frame = {.n_sound = 0};
    bool more = true;
    pfld_status status = video_open(&source, &reader, err);

    while (status == PFLD_OK && more) {
        status = video_read(reader, &frame, &more, err);
        if (status == PFLD_OK && more)
            status = follow(w, &frame, err);
    }
    if (status == PFLD_OK)
        status = video_reader_check(reader, err);
    video_frame_free(&frame);
    video_close(reader);
    return status;
}

static json_t *rms_object(const jitter_rms *r)
{
    return json_pack("{s:I,s:o,s:o}", "n", (json_int_t)r->n, "measured",
                     output_number(r->measured, 4), "steadied", output_number(r->steadied, 4));
}

static pfld_status print_score(const watching *w, const char *path, pfld_error *err)
{
    const eval_fields *f = w->f;
    const jitter_score s = jitter_result(&w->jitter);
    char text[5][EVAL_NUMBER];

    message_put(stderr, path);
    fprintf(stderr,
            ": %zu frames, %zu without a face, faces: %zu; jitter of %zu still ones %s %%, "
            "steadied %s %%; of all %zu %s %%, steadied %s %%; lag %s frames\n",
            s.frames, s.empty, s.faces, s.still.n, eval_number(s.still.measured, 3, text[0]),
            eval_number(s.still.steadied, 3, text[1]), s.all.n,
            eval_number(s.all.measured, 3, text[2]), eval_number(s.all.steadied, 3, text[3]),
            eval_number(s.lag, 2, text[4]));
    return output_json(
        stdout,
        json_pack("{s:i,s:o,s:o,s:o,s:I,s:I,s:I,s:I,s:o,s:o,s:o}", "v", 1, "model",
                  output_string(f->model ? f->model : "built-in"), "video", output_string(path),
                  "smooth", output_number((double)eval_smooth(f), 3), "frames",
                  (json_int_t)s.frames, "empty", (json_int_t)s.empty, "faces", (json_int_t)s.faces,
                  "seen", (json_int_t)s.seen, "still", rms_object(&s.still), "all",
                  rms_object(&s.all), "lag", output_number(s.lag, 3)),
        err);
}

/* Of what can't be read, or not to its end, there is no line. */
static pfld_status measure(watching *w, const char *path, pfld_error *err)
{
    pfld_status status = make_trackers(w, err);

    memset(&w->jitter, 0, sizeof w->jitter);
    w->jitter.scheme = scheme_find(pfld_model_scheme(w->model));
    if (status == PFLD_OK)
        status = read_video(w, path, err);
    if (status == PFLD_OK)
        status = print_score(w, path, err);
    free_trackers(w);
    return status;
}

static pfld_status open_models(watching *w, pfld_error *err)
{
    const eval_fields *f = w->f;
    pfld_options o;
    pfld_status status = eval_load_landmarks(f, f->model, &w->model, err);

    pfld_options_init(&o, sizeof o);
    o.isa = f->isa;
    if (status == PFLD_OK)
        status = eval_load_detector(f, f->boxes_by ? f->boxes_by : "builtin", &w->detector, err);
    return status ? status : pfld_session_create(w->model, w->detector, &o, &w->session, err);
}

static int measure_all(watching *w)
{
    pfld_error err = {0};
    pfld_status status = open_models(w, &err);
    int code = message_exit(status);

    if (status != PFLD_OK)
        message("%s", err.msg);
    for (size_t i = 0; i < w->f->video.n && w->session && code <= CLI_SOME_FAILED; i++) {
        status = measure(w, w->f->video.at[i], &err);
        if (status == PFLD_OK)
            continue;
        message("%s", err.msg);
        code = message_exit(status);
    }
    return code;
}

int eval_video(const eval_fields *f)
{
    watching *w = mem_alloc(1, sizeof *w);
    int code;

    if (!w) {
        message("out of memory");
        return CLI_INTERNAL;
    }
    w->f = f;
    code = measure_all(w);
    pfld_session_free(w->session);
    pfld_model_free(w->model);
    pfld_model_free(w->detector);
    mem_free(w);
    return code;
}
