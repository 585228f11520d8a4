/* pfld eval: how well a landmark model does on labelled faces, or a detector on photos. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/decimal.h"
#include "cli/eval.h"
#include "core/error.h"
#include "core/mem.h"
#include "eval/run.h"
#include "media/paths.h"

#define IOU    0.5f
#define DRAWS  4
#define SEED   1
#define ALARMS 2.0f

enum { DEFAULT_SIDE = 640, LEAST_SIDE = 64, MOST_SIDE = 4096 }; /* of pfld_options.max_side */

#define FIELD(name) .field = offsetof(eval_fields, name)

static const cli_option options[] = {
    {.name = "model",
     .letter = 'm',
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(model),
     .help = "The ONNX landmark model; if not given, the one built in."},
    {.name = "data",
     .letter = 'd',
     .kind = CLI_TEXTS,
     .arg = "SPEC",
     FIELD(data),
     .help = "Labelled faces, FORMAT:PATH; can be given again, each is a line."},
    {.name = "detector",
     .kind = CLI_TEXTS,
     .arg = "FILE",
     FIELD(detectors),
     .help = "Measures this detector (builtin: the one inside) and no landmarks; can be given "
             "again."},
    {.name = "norm",
     .kind = CLI_CHOICE,
     .arg = "NAME",
     .choices = eval_norm_names,
     FIELD(norm),
     .help = "What errors are divided by; default inter-ocular."},
    {.name = "compare",
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(compare),
     .help = "A second model, or faces.csv of its --report: the paired difference and its p."},
    {.name = "report",
     .kind = CLI_DIR,
     .arg = "DIR",
     FIELD(report),
     .help = "Writes pictures and a CSV there: the curve and the worst faces, or misses and false "
             "alarms. For one SPEC (and one detector and size)."},
    {.name = "jitter",
     .kind = CLI_REAL,
     .arg = "X",
     FIELD(jitter),
     .help = "Moves each box by up to X of its longer side in x and y, and scales it by 1 - X to "
             "1 + X; compared with the true boxes, too."},
    {.name = "jitter-draws",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(jitter_draws),
     .help = "Such boxes for each face, whose errors are averaged; default 4."},
    {.name = "seed",
     .kind = CLI_COUNT,
     .arg = "N",
     FIELD(seed),
     .help = "Of what --jitter, --stress and --motion draw at random; default 1."},
    {.name = "passes",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(passes),
     .help = "Crops of a face at most, 1 to 8, each but the first where the one before was off; "
             "default 3. Training validates with 1."},
    {.name = "stress",
     .kind = CLI_OPTIONAL,
     .arg = "NAME,...",
     FIELD(stress),
     .help = "Disturbs the photos more and more, a line for each strength, also of the model to "
             "compare: patches, glasses, mask, hand, blur, streak, coarse, noise, dark, jpeg, "
             "jitter, roll; all of them without a name."},
    {.name = "chart",
     .letter = 'o',
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(out),
     .help = "Draws the curves of --stress: .png or .svg."},
    {.name = "sheet",
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(sheet),
     .help = "Draws four faces under --stress, as a PNG."},
    {.name = "boxes-by",
     .kind = CLI_TEXT,
     .arg = "FILE",
     FIELD(boxes_by),
     .help = "A detector (or builtin) finds the faces in the photos; compared with the true boxes "
             "of the faces that it finds. With --motion and --video: what searches; default "
             "builtin."},
    {.name = "pose",
     .kind = CLI_FLAG,
     FIELD(pose),
     .help = "Measures the head pose on the faces whose data states it, in place of the points, "
             "which need not be the model's; and that of an auxiliary net, where the file has one "
             "(pfld train --aux-output)."},
    {.name = "fov",
     .kind = CLI_REAL,
     .arg = "DEG",
     FIELD(fov),
     .help = "Of --pose: the camera's angle of view across the longer side; the pose is then told "
             "in perspective."},
    {.name = "motion",
     .kind = CLI_TEXT,
     .arg = "NAME,...",
     FIELD(motion),
     .help = "Measures the tracker on clips of 3 s made of the faces' photos: still, tremble, "
             "shake, pan, zoom, roll, blink, hide; of 2 to 5 faces at once: crowd, cross, screen, "
             "cut; or all that the model and the set are fit for."},
    {.name = "video",
     .kind = CLI_TEXTS,
     .arg = "FILE",
     FIELD(video),
     .help =
         "Measures the tracker on this video, whose truth nobody knows: how much points tremble "
         "as measured and steadied, and frames without a face; can be given again, each is a "
         "line. Takes no --data."},
    {.name = "smooth",
     .kind = CLI_NUMBER,
     .arg = "S",
     FIELD(smooth),
     .help = "How steady the tracker's points are, 0 to 1; default 0.5. Compared with 0."},
    {.name = "iou",
     .kind = CLI_REAL,
     .arg = "X",
     FIELD(iou),
     .help = "Overlap by which a detection is a hit; default 0.5."},
    {.name = "min-size",
     .kind = CLI_NUMBER,
     .arg = "PX",
     FIELD(min_size),
     .help = "Smaller true faces, by the square root of the box's area, are not asked for."},
    {.name = "max-side",
     .kind = CLI_TEXT,
     .arg = "N,...",
     FIELD(max_side),
     .help = "Longer sides to which photos are shrunk for the detector, each a line; default 640."},
    {.name = "min-face",
     .kind = CLI_NUMBER,
     .arg = "PX",
     FIELD(min_face),
     .help = "Smallest face that must be found: photos are searched in tiles where that needs it."},
    {.name = "turns",
     .kind = CLI_FLAG,
     FIELD(turns),
     .help = "Photos in which no face is found are searched turned, too."},
    {.name = "threshold",
     .kind = CLI_REAL,
     .arg = "X",
     FIELD(threshold),
     .help = "Counts at this score, too, beside the default of 0.5."},
    {.name = "presence",
     .kind = CLI_NUMBER,
     .arg = "X",
     FIELD(presence),
     .help =
         "Drops detections of a lower presence; 0: no second look. Default 0.3; with --detector "
         "none is dropped, and other's detectors have no second look."},
    {.name = "negatives",
     .kind = CLI_TEXT,
     .arg = "SPEC",
     FIELD(negatives),
     .help = "Photos without faces: false alarms, and the recall of the data at a score of few."},
    {.name = "alarms",
     .kind = CLI_NUMBER,
     .arg = "N",
     FIELD(alarms),
     .help = "How few: false alarms per 100 negatives; default 2."},
    {.name = "scheme",
     .kind = CLI_TEXT,
     .arg = "NAME",
     FIELD(scheme),
     .help = "The model's points, where its file does not say."},
    {.name = "input",
     .kind = CLI_TEXT,
     .arg = "SPEC",
     FIELD(input),
     .help = "The model's input, as rgb,0..1, where its file does not say."},
    {.name = "output",
     .kind = CLI_TEXT,
     .arg = "NAME",
     FIELD(output),
     .help = "The model's output that holds the points."},
    {.name = "crop",
     .kind = CLI_REAL,
     .arg = "SCALE",
     FIELD(crop),
     .help = "Side of the crop over the longer side of the box."},
    {.name = "threads",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(threads),
     .help = "Faces at a time; default: one for each CPU. The results are the same."},
    {.name = "isa",
     .kind = CLI_ISA,
     .arg = "NAME",
     FIELD(isa),
     .help = "The best instruction set to use."},
    {.name = "skip-bad",
     .kind = CLI_FLAG,
     FIELD(skip_bad),
     .help =
         "Leaves broken lines of data sets, and photos that can't be read, out without failing."},
    {0},
};

pfld_status eval_sides(const eval_fields *f, int32_t side[EVAL_MAX_SIDES], size_t *n,
                       pfld_error *err)
{
    float v[EVAL_MAX_SIDES];

    *n = 1;
    side[0] = DEFAULT_SIDE;
    if (!f->max_side)
        return PFLD_OK;
    *n = decimal_parse_list(f->max_side, v, EVAL_MAX_SIDES);
    for (size_t i = 0; i < *n; i++) {
        side[i] = v[i] >= LEAST_SIDE && v[i] <= MOST_SIDE ? (int32_t)v[i] : 0;
        if ((float)side[i] != v[i])
            *n = 0;
    }
    if (*n == 0)
        return error_set(err, PFLD_ERR_ARG,
                         "eval: --max-side: '%.80s' is not whole numbers from %d to %d, at most %d",
                         f->max_side, LEAST_SIDE, MOST_SIDE, EVAL_MAX_SIDES);
    return PFLD_OK;
}

float eval_presence(const eval_fields *f, float otherwise)
{
    if (f->presence < 0.0f)
        return otherwise;
    return f->presence > 0.0f ? f->presence : -1.0f; /* 0 there is the default */
}

float eval_smooth(const eval_fields *f)
{
    return f->smooth >= 0.0f ? f->smooth : 0.5f; /* as pfld_track() has it */
}

const char *eval_number(double v, int decimals, char buf[EVAL_NUMBER])
{
    if (!isfinite(v))
        return "-";
    snprintf(buf, EVAL_NUMBER, "%.*f", decimals, v);
    return buf;
}

pfld_status eval_load_detector(const eval_fields *f, const char *name, pfld_model **out,
                               pfld_error *err)
{
    pfld_model_options o;
    pfld_status st;

    pfld_model_options_init(&o, sizeof o);
    o.input = f->detectors.n ? f->input : NULL;
    if (strcmp(name, "builtin") == 0)
        return pfld_model_load_default_detector(&o, out, err);
    st = pfld_model_load(name, &o, out, err);
    if (st != PFLD_OK || pfld_model_kind(*out) == PFLD_KIND_DETECTOR)
        return st;
    pfld_model_free(*out);
    *out = NULL;
    return error_set(err, PFLD_ERR_UNSUPPORTED, "%.100s: a landmark model, a detector is wanted",
                     name);
}

pfld_status eval_load_landmarks(const eval_fields *f, const char *path, pfld_model **out,
                                pfld_error *err)
{
    pfld_model_options o;
    pfld_status st;

    pfld_model_options_init(&o, sizeof o);
    o.scheme = f->scheme;
    o.input = f->detectors.n ? NULL : f->input;
    o.output = f->output;
    o.crop_scale = f->crop;
    st = path ? pfld_model_load(path, &o, out, err) : pfld_model_load_default(&o, out, err);
    if (st != PFLD_OK || pfld_model_kind(*out) == PFLD_KIND_LANDMARKS)
        return st;
    pfld_model_free(*out);
    *out = NULL;
    return error_set(err, PFLD_ERR_UNSUPPORTED, "%.100s: a detector: --detector measures it", path);
}

/* The same of --stress. */
static const char *wrong_stress(const eval_fields *f)
{
    if (!f->stress)
        return f->out || f->sheet ? "--chart and --sheet are for --stress" : NULL;
    if (f->detectors.n || f->jitter > 0.0f || f->boxes_by || f->report)
        return "--stress is of landmarks in true boxes: no --detector, --jitter, --boxes-by or "
               "--report";
    if (f->compare && media_path_ends(f->compare, ".csv"))
        return "--stress compares with a model, not with a report";
    if (f->out && !media_path_ends(f->out, ".svg") && !media_path_ends(f->out, ".png"))
        return "--chart: .svg or .png wanted";
    return f->data.n > 1 && (f->out || f->sheet) ? "--chart and --sheet are for one --data" : NULL;
}

/* Of what is measured in photos. --boxes-by is the detector of videos, too. */
static bool asks_of_landmarks(const eval_fields *f)
{
    return f->compare || f->report || f->stress || f->out || f->sheet || f->pose || f->passes ||
           f->fov > 0.0f || f->jitter > 0.0f || f->jitter_draws != DRAWS || f->seed != SEED ||
           f->norm != EVAL_INTER_OCULAR;
}

static bool asks_of_detectors(const eval_fields *f)
{
    return f->detectors.n || f->negatives || f->max_side || f->turns || f->min_face > 0.0f ||
           f->min_size > 0.0f || f->threshold > 0.0f || f->presence >= 0.0f || f->iou < IOU ||
           f->iou > IOU || f->alarms < ALARMS || f->alarms > ALARMS;
}

/* The same of --video. */
static const char *wrong_video(const eval_fields *f)
{
    if (f->data.n || f->skip_bad || f->motion || asks_of_landmarks(f) || asks_of_detectors(f))
        return "--video measures the tracker, and takes no --data and none of what goes with it";
    return f->smooth > 1.0f ? "--smooth: 0 to 1" : NULL;
}

/* What is wrong with the options taken together; NULL: nothing. */
static const char *wrong(const eval_fields *f)
{
    const bool detects = f->detectors.n > 0;
    const bool all[CLIP_MOTIONS] = {false};
    bool motions[CLIP_MOTIONS] = {false};

    if (f->video.n)
        return wrong_video(f);
    if (f->data.n == 0)
        return "--data is missing";
    if (f->report && (f->data.n > 1 || f->detectors.n > 1 ||
                      (detects && f->max_side && strchr(f->max_side, ','))))
        return detects ? "--report is for one --data, --detector and size"
                       : "--report is for one --data";
    if (detects && (f->compare || f->jitter > 0.0f || f->boxes_by))
        return "--detector measures no landmarks: --compare, --jitter and --boxes-by are of those";
    if (!detects && (f->negatives || f->threshold > 0.0f))
        return "--negatives and --threshold are for a --detector";
    if (!detects && !f->boxes_by && f->presence >= 0.0f)
        return "--presence is for --detector and --boxes-by";
    if (f->pose && (detects || f->compare || f->jitter > 0.0f))
        return "--pose goes without --detector, --compare and --jitter";
    if (f->fov > 0.0f && !f->pose)
        return "--fov is of --pose";
    if (f->fov >= 180.0f)
        return "--fov: below 180";
    if (f->boxes_by && f->jitter > 0.0f)
        return "either --boxes-by or --jitter";
    if (f->jitter > EVAL_MAX_JITTER)
        return "--jitter: at most 0.5";
    if ((f->motion != NULL) + (f->stress != NULL) + f->pose + detects > 1)
        return "one of --detector, --stress, --pose and --motion at a time";
    if (f->passes && (detects || f->stress || f->motion))
        return "--passes goes without --detector, --stress and --motion";
    if (f->motion && (f->max_side || f->presence >= 0.0f))
        return "--motion takes no --max-side or --presence";
    if (f->smooth >= 0.0f && !f->motion)
        return "--smooth is for --motion and --video";
    if (f->motion && (detects || f->compare || f->report || f->jitter > 0.0f))
        return "--motion measures the tracker, and takes no --detector, --compare, --report or "
               "--jitter";
    if (!eval_motions(f->motion, all, motions))
        return "--motion: a name that is none of still, tremble, shake, pan, zoom, roll, blink, "
               "hide, crowd, cross, screen, cut and all";
    if (f->smooth > 1.0f)
        return "--smooth: 0 to 1";
    _Static_assert(PFLD_MAX_PASSES == 8, "what is said of --passes");
    if (f->passes > PFLD_MAX_PASSES)
        return "--passes: at most 8";
    return f->iou > 1.0f ? "--iou: at most 1" : wrong_stress(f);
}

static int run(const cli_command *self, int argc, char **argv)
{
    eval_fields f = {.norm = EVAL_INTER_OCULAR,
                     .jitter_draws = DRAWS,
                     .seed = SEED,
                     .iou = IOU,
                     .smooth = -1.0f,
                     .presence = -1.0f,
                     .alarms = ALARMS};
    cli_args args = {.n = (size_t)argc, .at = argv};
    int code;

    if (cli_begin(self, &args, &f, &code)) {
        const char *why = wrong(&f);
        if (why)
            code = cli_wrong(self, why);
        else if (f.stress)
            code = eval_stresses(&f);
        else if (f.motion)
            code = eval_motion(&f);
        else if (f.video.n)
            code = eval_video(&f);
        else
            code = f.detectors.n ? eval_detectors(&f) : eval_landmarks(&f);
    }
    mem_free((void *)f.data.at);
    mem_free((void *)f.detectors.at);
    mem_free((void *)f.video.at);
    return code;
}

const cli_command command_eval = {
    .name = "eval",
    .brief = "measure a landmark model or detectors on labelled photos",
    .synopsis = "--data SPEC... | --video FILE... [--model FILE] [OPTION]...",
    .about = "Runs the model on the box around each face's true points and prints a JSON line for "
             "each data set: NME in percent of the named normaliser with a bootstrap interval, "
             "median, area under the error curve and failures at 8 and 10 percent, by point group "
             "and by class, and the pose's error where the data set states a pose; of a model that "
             "tells how far off its points may be, how right it is about that. With --compare a "
             "second line tells the difference to the other model, first minus second, over the "
             "same faces and the same normaliser, and the p of a paired permutation test.\n\n"
             "With --stress the photos are disturbed around the faces, from not at all to "
             "strongly, the same for all models, and each kind and strength is a line: NME, "
             "interval, failures. docs/robustness.md says what the strengths mean.\n\n"
             "With --detector it runs detectors over whole photos instead, and prints a line for "
             "each data set, detector and size: average precision with a bootstrap interval, "
             "recall at 1 false alarm in 10 photos, and by size of the faces; a table of all goes "
             "to stderr, each detector's best size marked. docs/detection.md says how detections "
             "are matched.\n\n"
             "With --motion or --video it measures how faces are followed: docs/tracking.md.",
    .examples = "pfld eval --model a.onnx --data 300w:test.txt --report build/report\n"
                "pfld eval --model a.onnx --compare b.onnx --data 300w:val.txt\n"
                "pfld eval --boxes-by builtin --data 300w:test.txt\n"
                "pfld eval --pose --data mtfl-test:mtfl80.csv --data aflw2000:pose.csv\n"
                "pfld eval --stress=blur,dark --compare b.onnx --data 300w:val.txt -o curves.svg\n"
                "pfld eval --video talk.mp4 --video street.mov\n"
                "pfld eval --detector builtin --detector yunet.onnx --max-side 320,640 --iou 0.4 "
                "--data boxes:test.csv --negatives negatives:dir@1,part=held",
    .options = options,
    .max_operands = 0,
    .run = run,
};
