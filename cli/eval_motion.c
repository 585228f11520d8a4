/* pfld eval --motion: the tracker on clips made of labelled photos, whose motion is known. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/data_sets.h"
#include "cli/eval.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/threads.h"
#include "core/error.h"
#include "eval/motion.h"
#include "eval/readable.h"

enum { RATE = 30, FRAMES = 90 };
#define NOISE 2.0f /* of 255: a webcam's by daylight */

typedef struct motion_job { /* one data set */
    const eval_fields *f;
    const char *spec;
    const pfld_model *model, *detector;
    data_set set;
    size_t n_left_out; /* photos that can't be read */
} motion_job;

static bool is_name(const char *at, size_t n, const char *name)
{
    return strlen(name) == n && memcmp(at, name, n) == 0;
}

bool eval_motions(const char *list, const bool all[CLIP_MOTIONS], bool wanted[CLIP_MOTIONS])
{
    while (list && *list) {
        size_t n = strcspn(list, ",");
        int m = 0;
        while (clip_names[m] && !is_name(list, n, clip_names[m]))
            m++;
        if (!clip_names[m] && !is_name(list, n, "all"))
            return false;
        for (int k = 0; k < CLIP_MOTIONS; k++)
            wanted[k] |= k == m || (!clip_names[m] && all[k]);
        list += n + (list[n] == ',');
    }
    return true;
}

static pfld_status print_score(const motion_job *j, const motion_options *o, const motion_score *s,
                               pfld_error *err)
{
    const char *name = clip_names[o->motion];
    char text[3][EVAL_NUMBER];
    json_t *line;

    fprintf(stderr,
            "%s: %s, smooth %.2g: error %s %%, tremble %s %%, lag %s frames, "
            "%zu of %zu missed, %zu switches of id, %zu ids carried over, "
            "%zu frames to find again, %zu false faces\n",
            j->spec, name, (double)o->smooth, eval_number(s->error, 3, text[0]),
            eval_number(s->tremble, 3, text[1]), eval_number(s->lag, 2, text[2]), s->missed,
            s->frames, s->switches, s->carried, s->refound, s->invented);
    line = json_pack("{s:i,s:o,s:o,s:s,s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o}", "v", 1,
                     "model", output_string(j->f->model ? j->f->model : "built-in"), "data",
                     output_string(j->spec), "motion", name, "smooth",
                     output_number((double)o->smooth, 3), "clips", (json_int_t)s->clips, "frames",
                     (json_int_t)s->frames, "missed", (json_int_t)s->missed, "switches",
                     (json_int_t)s->switches, "carried", (json_int_t)s->carried, "refound",
                     (json_int_t)s->refound, "false", (json_int_t)s->invented, "error",
                     output_number(s->error, 4), "tremble", output_number(s->tremble, 4), "lag",
                     output_number(s->lag, 3));
    if (line && j->n_left_out)
        json_object_set_new(line, "left_out", json_integer((json_int_t)j->n_left_out));
    return output_json(stdout, line, err);
}

/* What is named must be possible, before anything is measured; "all" is what is. */
static pfld_status choose_motions(const motion_job *j, bool wanted[CLIP_MOTIONS], pfld_error *err)
{
    bool possible[CLIP_MOTIONS], asked[CLIP_MOTIONS] = {false}, every[CLIP_MOTIONS];

    for (int m = 0; m < CLIP_MOTIONS; m++) {
        possible[m] = motion_check(j->model, &j->set, (clip_motion)m, err) == PFLD_OK;
        every[m] = true;
    }
    eval_motions(j->f->motion, possible, wanted);
    eval_motions(j->f->motion, every, asked);
    for (int m = 0; m < CLIP_MOTIONS; m++) {
        if (!asked[m] || possible[m])
            continue;
        motion_check(j->model, &j->set, (clip_motion)m, err);
        error_prefix(err, j->spec);
        if (wanted[m])
            return err->status;
        message("%s: left out", err->msg);
    }
    return PFLD_OK;
}

static pfld_status measure_set(const motion_job *j, pfld_error *err)
{
    const eval_fields *f = j->f;
    motion_options o = {.rate = RATE,
                        .frames = FRAMES,
                        .noise = NOISE,
                        .threads = threads_or_cpus(f->threads),
                        .isa = f->isa,
                        .seed = (uint64_t)f->seed};
    bool wanted[CLIP_MOTIONS] = {false};
    motion_score score;
    pfld_status st = choose_motions(j, wanted, err);

    for (int m = 0; m < CLIP_MOTIONS; m++)
        for (int steady = 0; steady < 2 && wanted[m] && st == PFLD_OK; steady++) {
            o.motion = (clip_motion)m;
            o.smooth = steady ? eval_smooth(f) : 0.0f;
            st = motion_measure(j->model, j->detector, &j->set, &o, &score, err);
            if (st == PFLD_OK)
                st = print_score(j, &o, &score, err);
        }
    return st;
}

static pfld_status motion_data(motion_job *j, pfld_error *err)
{
    data_options d = data_sets_options(j->f->skip_bad);
    pfld_status st = data_set_add(&j->set, j->spec, &d, err);

    if (st == PFLD_OK)
        st = readable_only(&j->set, &d, threads_or_cpus(j->f->threads), &j->n_left_out, err);
    if (st == PFLD_OK)
        st = measure_set(j, err);
    data_set_free(&j->set);
    return st;
}

int eval_motion(const eval_fields *f)
{
    pfld_model *model = NULL, *detector = NULL;
    pfld_error err = {0};
    pfld_status st = eval_load_landmarks(f, f->model, &model, &err);

    if (st == PFLD_OK)
        st = eval_load_detector(f, f->boxes_by ? f->boxes_by : "builtin", &detector, &err);
    for (size_t i = 0; i < f->data.n && st == PFLD_OK; i++) {
        motion_job j = {.f = f, .spec = f->data.at[i], .model = model, .detector = detector};
        st = motion_data(&j, &err);
    }
    if (st != PFLD_OK)
        message("%s", err.msg);
    pfld_model_free(model);
    pfld_model_free(detector);
    return message_exit(st);
}
