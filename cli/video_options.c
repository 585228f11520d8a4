/* The options of pfld video, and which of them go together. */
#include "cli/video_options.h"

#include <string.h>

#include "cli/message.h"
#include "cli/output.h"
#include "cli/paths.h"
#include "media/video.h"

#define LEAST_SIDE 64 /* of pfld_options.max_side */
#define MOST_SIDE  4096
#define MOST_FACES 64 /* of pfld_track_options.max_faces */
#define LEAST_CROP 16 /* pixels */
#define MOST_CROP  1024
#define NOTHING    1e-6f /* a time of 0, which to pfld_track_options would mean the default */

#define FIELD(name) .field = offsetof(video_fields, name)

static const char *const formats[] = {[OUTPUT_JSON] = "json",
                                      [OUTPUT_CSV] = "csv",
                                      [OUTPUT_PTS] = "pts",
                                      [OUTPUT_OPENFACE] = "openface",
                                      NULL};

const cli_option video_options[] = {
    {.name = "video",
     .letter = 'o',
     .kind = CLI_FILE,
     .arg = "OUT",
     FIELD(video),
     .help = "Draws the faces into this video: .mp4, .m4v, .mov, .mkv or .avi, with the sound of "
             "IN; '-' is Matroska on stdout."},
    DRAW_FIELDS_OPTIONS(offsetof(video_fields, d.draw)),
    {.name = "csv",
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(csv),
     .help = "Writes a row for each face of each frame into this file ('-': stdout)."},
    {.name = "jsonl",
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(jsonl),
     .help = "Writes a line of JSON for each frame into this file ('-': stdout, which it goes to "
             "where neither --csv nor --jsonl is given)."},
    {.name = "format",
     .letter = 'f',
     .kind = CLI_CHOICE,
     .arg = "FORMAT",
     .choices = formats,
     FIELD(format),
     .help = "What goes to stdout without --csv and --jsonl: json, csv or openface; with --csv, "
             "openface gives it the columns of OpenFace 2.2."},
    {.name = "blur",
     .kind = CLI_FLAG,
     FIELD(blur),
     .help =
         "Makes the faces in OUT unrecognisable in place of drawing on them; then each frame is "
         "searched, unless --search-every says otherwise."},
    {.name = "crop",
     .kind = CLI_DIR,
     .arg = "DIR",
     FIELD(crops),
     .help = "Writes each face of each frame into this folder as FRAME-ID.png, upright, its eyes "
             "and mouth where nets for recognition want them."},
    {.name = "crop-every",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(crop_every),
     .help = "Only those of each Nth frame."},
    {.name = "crop-size",
     .kind = CLI_COUNT,
     .arg = "PX",
     .min = LEAST_CROP,
     FIELD(crop_size),
     .help = "The side of these pictures, 16 to 1024; default 112."},
    {.name = "faces",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(faces),
     .help = "Follows at most so many faces at once, 64 at most, which is the default."},
    {.name = "smooth",
     .kind = CLI_NUMBER,
     .arg = "S",
     FIELD(smooth),
     .help = "How steady landmarks and angles are: 0, as they were measured, to 1; default 0.5."},
    {.name = "search-every",
     .kind = CLI_NUMBER,
     .arg = "SECONDS",
     FIELD(search_every),
     .help = "Searches the whole picture for new faces this often while those known are all seen; "
             "default 0.3; 0 is each frame."},
    {.name = "hold",
     .kind = CLI_NUMBER,
     .arg = "SECONDS",
     FIELD(hold),
     .help = "A face that is out of sight no longer than this keeps its id; default 1.5."},
    {.name = "threshold",
     .letter = 't',
     .kind = CLI_NUMBER,
     .arg = "S",
     FIELD(d.threshold),
     .help = "Leaves out faces of a lower score, 0 to 1; default 0.5."},
    {.name = "presence",
     .kind = CLI_NUMBER,
     .arg = "S",
     FIELD(d.presence),
     .help = "Leaves out faces whose presence, the second look, is lower, 0 to 1; default 0.3."},
    {.name = "min-face",
     .kind = CLI_REAL,
     .arg = "PX",
     FIELD(d.min_face),
     .help =
         "The side of the smallest face that must be found, in pixels; default: about a 60th of "
         "the picture."},
    {.name = "max-side",
     .kind = CLI_COUNT,
     .arg = "PX",
     .min = LEAST_SIDE,
     FIELD(d.max_side),
     .help = "Larger frames are shrunk to this longer side, 64 to 4096, before faces are looked "
             "for; default 640."},
    {.name = "turns",
     .kind = CLI_FLAG,
     FIELD(d.turns),
     .help = "Faces may lie on their side or stand on their head: frames without a face are "
             "searched turned as well."},
    {.name = "no-turns",
     .kind = CLI_FLAG,
     FIELD(d.no_turns),
     .help = "Takes all faces for upright ones, or nearly so."},
    {.name = "detector",
     .letter = 'd',
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(d.detector),
     .help = "The face detector, in ONNX; if not given, the one built in."},
    {.name = "model",
     .letter = 'm',
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(d.model),
     .help = "The landmark model, in ONNX; if not given, the one built in."},
    {.name = "scheme",
     .kind = CLI_TEXT,
     .arg = "NAME",
     FIELD(d.scheme),
     .help = "The model's point scheme, where it does not state it: ibug68, wflw98, lapa106 ..."},
    {.name = "input",
     .kind = CLI_TEXT,
     .arg = "SPEC",
     FIELD(d.input),
     .help = "The pixels that the model wants, as in pfld detect: bgr,0..1 or rgb,127.5/128."},
    {.name = "model-crop",
     .kind = CLI_REAL,
     .arg = "SCALE",
     FIELD(d.crop),
     .help = "The side of the square crop that the model wants, over the box's longer side: "
             "pfld detect's --crop."},
    {.name = "output",
     .kind = CLI_TEXT,
     .arg = "NAME",
     FIELD(d.landmarks),
     .help = "The model's output that holds the landmarks, where there are several."},
    {.name = "force", .kind = CLI_FLAG, FIELD(force), .help = "Replaces files that are there."},
    {.name = "threads",
     .letter = 'j',
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(threads),
     .help = "1: decoding, finding, drawing and encoding take turns; else they go on at once, and "
             "decoding takes N threads; default: one for each CPU. The results are the same."},
    {.name = "quiet", .letter = 'q', .kind = CLI_FLAG, FIELD(quiet), .help = "No progress line."},
    {.name = "isa",
     .kind = CLI_ISA,
     .arg = "NAME",
     FIELD(d.isa),
     .help = "The best instruction set to use."},
    {0},
};

static bool is_stdout(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

static bool check_ranges(const video_fields *f)
{
    if (f->d.threshold > 1 || f->d.presence > 1)
        message("video: %s: %g is not from 0 to 1",
                f->d.threshold > 1 ? "--threshold" : "--presence",
                (double)(f->d.threshold > 1 ? f->d.threshold : f->d.presence));
    else if (f->smooth > 1)
        message("video: --smooth: %g is not from 0 to 1", (double)f->smooth);
    else if (f->d.max_side > MOST_SIDE)
        message("video: --max-side: %ld is more than %d", f->d.max_side, MOST_SIDE);
    else if (f->faces > MOST_FACES)
        message("video: --faces: %ld is more than %d", f->faces, MOST_FACES);
    else if (f->crop_size > MOST_CROP)
        message("video: --crop-size: %ld is more than %d", f->crop_size, MOST_CROP);
    else
        return draw_fields_check("video", &f->d.draw);
    return false;
}

static bool check_outputs(const video_fields *f, const char *in)
{
    const char *const files[] = {f->video, f->csv, f->jsonl};
    int on_stdout = is_stdout(f->video) + is_stdout(f->csv) + is_stdout(f->jsonl);

    if (on_stdout > 1) {
        message("video: '-' is given twice, but stdout can hold one of them");
        return false;
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (size_t k = 0; k <= i && files[i]; k++) {
            const char *other = k == i ? in : files[k];
            if (!other || !path_is_same(files[i], other))
                continue;
            message("video: %.150s would be overwritten: choose another name", files[i]);
            return false;
        }
    if (!f->video || video_is_writable(f->video) || !video_is_built_in())
        return true;
    message("video: --video: '%.80s' must end in .mp4, .m4v, .mov, .mkv or .avi", f->video);
    return false;
}

static bool check_format(const video_fields *f)
{
    if (f->format == OUTPUT_PTS)
        message("video: --format: pts holds one face of one picture: json, csv or openface is "
                "wanted");
    else if (f->format >= 0 && !f->csv && (f->jsonl || is_stdout(f->video)))
        message("video: --format %s is for stdout or --csv: neither is written",
                formats[f->format]);
    else if (f->format == OUTPUT_JSON && f->csv)
        message("video: --format json and --csv contradict each other");
    else
        return true;
    return false;
}

bool video_check(const video_fields *f, const char *in)
{
    const char *what = draw_fields_given(&f->d.draw);

    if (f->d.turns && f->d.no_turns)
        message("video: --turns and --no-turns contradict each other");
    else if (f->blur && !f->video)
        message("video: --blur makes faces in a video unrecognisable: name it by -o OUT");
    else if (what && !f->video)
        message("video: --%s tells what to draw: name the video by -o OUT", what);
    else if (what && f->blur)
        message("video: --blur and --%s contradict each other", what);
    else if ((f->crop_every || f->crop_size) && !f->crops)
        message("video: %s is about the pictures of --crop DIR",
                f->crop_every ? "--crop-every" : "--crop-size");
    else
        return check_ranges(f) && check_outputs(f, in) && check_format(f);
    return false;
}

pfld_track_options video_track_options(const video_fields *f)
{
    pfld_track_options o;
    float every = f->search_every < 0 && f->blur ? 0 : f->search_every;

    pfld_track_options_init(&o, sizeof o);
    o.max_faces = (int32_t)f->faces;
    o.smooth = f->smooth < 0 ? 0 : f->smooth > 0 ? f->smooth : -1;
    o.search_every = every < 0 ? 0 : every > 0 ? every : NOTHING;
    o.hold = f->hold < 0 ? 0 : f->hold > 0 ? f->hold : NOTHING;
    return o;
}
