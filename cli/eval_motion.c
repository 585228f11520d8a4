/* pfld eval --motion: the tracker on clips made of labelled photos, whose motion is known. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/eval.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/threads.h"
#include "core/error.h"
#include "eval/motion.h"

enum { RATE = 30, FRAMES = 90 };
#define SMOOTH 0.5f /* pfld_track()'s default */
#define NOISE  2.0f /* of 255: a webcam's by daylight */

static bool is_name(const char *at, size_t n, const char *name)
{
    return strlen(name) == n && memcmp(at, name, n) == 0;
}

bool eval_motions(const char *list, bool wanted[CLIP_MOTIONS])
{
    while (list && *list) {
        size_t n = strcspn(list, ",");
        int m = 0;
        while (clip_names[m] && !is_name(list, n, clip_names[m]))
            m++;
        if (!clip_names[m] && !is_name(list, n, "all"))
            return false;
        for (int k = 0; k < CLIP_MOTIONS; k++)
            wanted[k] |= k == m || !clip_names[m];
        list += n + (list[n] == ',');
    }
    return true;
}

static pfld_status print_score(const eval_fields *f, const char *spec, const motion_options *o,
                               const motion_score *s, pfld_error *err)
{
    const char *name = clip_names[o->motion];

    fprintf(stderr,
            "%s: %s, smooth %.2g: error %.3f %%, tremble %.3f %%, lag %.2f frames, "
            "%zu of %zu missed, %zu switches of id, %zu frames to find again\n",
            spec, name, (double)o->smooth, s->error, s->tremble, s->lag, s->missed, s->frames,
            s->switches, s->refound);
    return output_json(
        stdout,
        json_pack("{s:i,s:o,s:o,s:s,s:o,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o}", "v", 1, "model",
                  output_string(f->model ? f->model : "built-in"), "data", output_string(spec),
                  "motion", name, "smooth", output_number((double)o->smooth, 3), "clips",
                  (json_int_t)s->clips, "frames", (json_int_t)s->frames, "missed",
                  (json_int_t)s->missed, "switches", (json_int_t)s->switches, "refound",
                  (json_int_t)s->refound, "error", output_number(s->error, 4), "tremble",
                  output_number(s->tremble, 4), "lag", output_number(s->lag, 3)),
        err);
}

static pfld_status measure_set(const eval_fields *f, const char *spec, const pfld_model *model,
                               const pfld_model *detector, const data_set *set, pfld_error *err)
{
    motion_options o = {.rate = RATE,
                        .frames = FRAMES,
                        .noise = NOISE,
                        .threads = threads_or_cpus(f->threads),
                        .isa = f->isa,
                        .seed = (uint64_t)f->seed};
    bool wanted[CLIP_MOTIONS] = {false};
    motion_score score;
    pfld_status st = PFLD_OK;

    eval_motions(f->motion, wanted);
    for (int m = 0; m < CLIP_MOTIONS; m++)
        for (int steady = 0; steady < 2 && wanted[m] && st == PFLD_OK; steady++) {
            o.motion = (clip_motion)m;
            o.smooth = !steady ? 0.0f : f->smooth >= 0.0f ? f->smooth : SMOOTH;
            st = motion_measure(model, detector, set, &o, &score, err);
            if (st == PFLD_OK)
                st = print_score(f, spec, &o, &score, err);
        }
    return st;
}

int eval_motion(const eval_fields *f)
{
    data_options d = {.skip_bad = f->skip_bad, .message = message_hook};
    pfld_model *model = NULL, *detector = NULL;
    pfld_error err = {0};
    pfld_status st = eval_load_landmarks(f, f->model, &model, &err);

    if (st == PFLD_OK)
        st = eval_load_detector(f, f->boxes_by ? f->boxes_by : "builtin", &detector, &err);
    for (size_t i = 0; i < f->data.n && st == PFLD_OK; i++) {
        data_set set = {0};
        st = data_set_add(&set, f->data.at[i], &d, &err);
        if (st == PFLD_OK)
            st = measure_set(f, f->data.at[i], model, detector, &set, &err);
        data_set_free(&set);
    }
    if (st != PFLD_OK)
        message("%s", err.msg);
    pfld_model_free(model);
    pfld_model_free(detector);
    return message_exit(st);
}
