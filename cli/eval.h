/* What pfld eval was asked for, and its kinds of work. */
#ifndef CLI_EVAL_H
#define CLI_EVAL_H

#include "cli/options.h"
#include "eval/clip.h"

typedef struct eval_fields {
    cli_texts data;
    /* landmarks */
    const char *model, *compare, *scheme, *input, *output, *boxes_by;
    const char *stress, *out, *sheet; /* stress: NULL: not asked for; "": all */
    float crop, jitter, fov;
    bool pose;
    long jitter_draws, seed, passes;
    int norm;
    /* motion, in clips that are made or videos that are there */
    const char *motion;
    cli_texts video;
    float smooth; /* below 0: not given */
    /* detectors */
    cli_texts detectors;
    const char *negatives, *max_side;
    float iou, min_size, threshold, alarms, min_face;
    float presence; /* below 0: not given; also for boxes_by */
    bool turns;
    /* both */
    const char *report;
    long threads;
    pfld_isa isa;
    bool skip_bad;
} eval_fields;

enum { EVAL_MAX_SIDES = 8 };

/* The numbers of --max-side, [*n]: one 0, the library's default, where it is not given.
 * PFLD_ERR_ARG: wrong or too many. */
pfld_status eval_sides(const eval_fields *f, int32_t side[EVAL_MAX_SIDES], size_t *n,
                       pfld_error *err);
/* pfld_options.presence_min, or otherwise where --presence is not given. */
float eval_presence(const eval_fields *f, float otherwise);
/* Of the tracker, 0 to 1; its default where --smooth is not given. */
float eval_smooth(const eval_fields *f);
/* "builtin" or a file. */
pfld_status eval_load_detector(const eval_fields *f, const char *name, pfld_model **out,
                               pfld_error *err);
pfld_status eval_load_landmarks(const eval_fields *f, const char *path, pfld_model **out,
                                pfld_error *err);

/* A figure with so many decimals, in buf; "-" where it is not finite. */
enum { EVAL_NUMBER = 32 };
const char *eval_number(double v, int decimals, char buf[EVAL_NUMBER]);

/* NME of a landmark model, a line for each data set; the exit code. What fails is named. */
int eval_landmarks(const eval_fields *f);
/* Its head pose on one data set, a line, and one for an auxiliary net that the file keeps.
 * detector: of --boxes-by, or NULL. */
pfld_status eval_pose_of(const eval_fields *f, const char *name, const pfld_model *model,
                         const pfld_model *detector, pfld_error *err);
/* NME of landmark models over disturbed photos, a line for each disturbance and strength. */
int eval_stresses(const eval_fields *f);
/* The tracker on clips of labelled faces, lines for each motion; the exit code. */
int eval_motion(const eval_fields *f);
/* The tracker on videos, a line for each that can be read; the exit code. What fails is named. */
int eval_video(const eval_fields *f);
/* The names of --motion: "shake,blink", or "all", which is those of all. False: there is another
 * name. */
bool eval_motions(const char *list, const bool all[CLIP_MOTIONS], bool wanted[CLIP_MOTIONS]);
/* AP and its kin of detectors, a line for each, data set and size; the exit code. */
int eval_detectors(const eval_fields *f);

#endif
