/* The options of pfld detect, and which of them go together. */
#include "cli/detect_options.h"

#include <string.h>

#include "cli/message.h"
#include "cli/output.h"
#include "cli/paths.h"
#include "media/codec.h"

#define LEAST_SIDE 64 /* of pfld_options.max_side */
#define MOST_SIDE  4096
#define LEAST_DRAW 0.05f /* of --draw-scale: less is a stamp, */
#define MOST_DRAW  16    /* and more shows nothing new */

#define FIELD(name) .field = offsetof(detect_fields, name)

static const char *const formats[] = {
    [OUTPUT_JSON] = "json", [OUTPUT_CSV] = "csv", [OUTPUT_PTS] = "pts", NULL};
static const char *const box_kinds[] = {[PFLD_BOX_LANDMARKS] = "landmarks",
                                        [PFLD_BOX_PFLD] = "pfld",
                                        [PFLD_BOX_DLIB] = "dlib",
                                        [PFLD_BOX_OPENCV] = "opencv",
                                        [PFLD_BOX_MTCNN] = "mtcnn",
                                        [PFLD_BOX_YUNET] = "yunet",
                                        NULL};

const cli_option detect_options[] = {
    {.name = "max-faces",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(max_faces),
     .help = "At most so many faces of each picture, those of the best scores."},
    {.name = "threshold",
     .letter = 't',
     .kind = CLI_NUMBER,
     .arg = "S",
     FIELD(threshold),
     .help = "Leaves out faces of a lower score, 0 to 1; default 0.5."},
    {.name = "presence",
     .kind = CLI_NUMBER,
     .arg = "S",
     FIELD(presence),
     .help = "Leaves out faces whose presence, the second look, is lower, 0 to 1; default 0.3."},
    {.name = "min-face",
     .kind = CLI_REAL,
     .arg = "PX",
     FIELD(min_face),
     .help =
         "The side of the smallest face that must be found, in pixels of the picture: large "
         "pictures are searched in tiles for it; default: about a 60th of the picture. From 224 "
         "on large JPEGs are read at a half, a quarter or an eighth of their size, which is "
         "faster."},
    {.name = "max-side",
     .kind = CLI_COUNT,
     .arg = "PX",
     .min = LEAST_SIDE,
     FIELD(max_side),
     .help = "Larger pictures are shrunk to this longer side, 64 to 4096, before faces are looked "
             "for; default 640. 320 is about four times as fast."},
    {.name = "no-turns",
     .kind = CLI_FLAG,
     FIELD(no_turns),
     .help = "Takes all faces for upright ones, or nearly so."},
    {.name = "turns",
     .kind = CLI_FLAG,
     FIELD(turns),
     .help = "Faces may lie on their side or stand on their head, as in photos that nobody has "
             "turned: the default."},
    {.name = "detector",
     .letter = 'd',
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(detector),
     .help = "The face detector, in ONNX: one of pfld's, YuNet or Ultra-Light-Fast-Generic; if not "
             "given, the one built in."},
    {.name = "no-landmarks",
     .kind = CLI_FLAG,
     FIELD(no_landmarks),
     .help = "Only the boxes and the five points of the detector."},
    {.name = "box",
     .letter = 'b',
     .kind = CLI_BOX,
     .arg = "L,T,R,B",
     FIELD(boxes),
     .help = "The box of a face, in each FILE: left, top, right, bottom in pixels; once for each "
             "face. Then no face is looked for."},
    {.name = "boxes",
     .kind = CLI_FILE,
     .arg = "CSV",
     FIELD(boxes_file),
     .help = "Boxes of many files: a table with the columns file,left,top,right,bottom; a file is "
             "found by the path as given, or by its name without folders."},
    {.name = "box-from",
     .kind = CLI_CHOICE,
     .arg = "FINDER",
     .choices = box_kinds,
     FIELD(box_from),
     .help = "Whose boxes those are: landmarks (around them, brows to chin; the default), pfld, "
             "dlib, opencv, mtcnn or yunet."},
    {.name = "model",
     .letter = 'm',
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(model),
     .help = "The landmark model, in ONNX; if not given, the one built in."},
    {.name = "files-from",
     .kind = CLI_FILE,
     .arg = "LIST",
     FIELD(list),
     .help = "More FILEs, one a line of this file, or of stdin ('-'), however many there are."},
    {.name = "null",
     .letter = '0',
     .kind = CLI_FLAG,
     FIELD(null_ended),
     .help = "The names in LIST end with a 0 byte, as those of find -print0."},
    {.name = "recursive",
     .letter = 'r',
     .kind = CLI_FLAG,
     FIELD(recursive),
     .help = "Folders with all that is below them."},
    {.name = "json",
     .kind = CLI_FLAG,
     FIELD(json),
     .help = "One line of JSON for each picture: the same as --format json, and the default."},
    {.name = "format",
     .letter = 'f',
     .kind = CLI_CHOICE,
     .arg = "FORMAT",
     .choices = formats,
     FIELD(format),
     .help = "json, csv (a row for each face) or pts (one picture of one face, 1-based)."},
    {.name = "results",
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(results),
     .help = "Writes the results into this file in place of stdout ('-')."},
    {.name = "resume",
     .kind = CLI_FLAG,
     FIELD(resume),
     .help =
         "Goes on with the file of --results: pictures that it has are skipped, what a run that "
         "was killed left unfinished is done again."},
    {.name = "picture",
     .letter = 'o',
     .kind = CLI_FILE,
     .arg = "PICTURE",
     FIELD(picture),
     .help = "Draws the faces: into this .png or .jpg file, or for several FILEs into this folder, "
             "as NAME.png; '-' is PNG on stdout, in place of the results."},
    {.name = "draw-scale",
     .kind = CLI_REAL,
     .arg = "N",
     FIELD(draw_scale),
     .help =
         "Draws the picture N times as large, 0.05 to 16, with lines and letters to suit: small "
         "faces are easy to see at 3. The results stay in pixels of FILE."},
    DRAW_FIELDS_OPTIONS(offsetof(detect_fields, draw)),
    {.name = "force",
     .kind = CLI_FLAG,
     FIELD(force),
     .help = "Replaces the file of --results, and pictures that are in the folder of --picture."},
    {.name = "jobs",
     .letter = 'j',
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(jobs),
     .help = "Works on so many pictures at once; default: one for each CPU. Of a single picture so "
             "many faces at once, where N is given. The results and their order are the same."},
    {.name = "quiet", .letter = 'q', .kind = CLI_FLAG, FIELD(quiet), .help = "No progress line."},
    {.name = "scheme",
     .kind = CLI_TEXT,
     .arg = "NAME",
     FIELD(scheme),
     .help = "The model's point scheme: ibug68, wflw98, lapa106, cofw29, aflw19, five."},
    {.name = "input",
     .kind = CLI_TEXT,
     .arg = "SPEC",
     FIELD(input),
     .help = "The pixels that the model wants: rgb, bgr or gray, then 0..1, -1..1 or MEAN/STD on "
             "0..255 "
             "(of each channel: M;M;M/S;S;S), as in bgr,0..1 or rgb,127.5/128."},
    {.name = "crop",
     .kind = CLI_REAL,
     .arg = "SCALE",
     FIELD(crop),
     .help = "The side of the square crop that the model wants, over the box's longer side."},
    {.name = "output",
     .kind = CLI_TEXT,
     .arg = "NAME",
     FIELD(landmarks),
     .help = "The model's output that holds the landmarks, where there are several."},
    {.name = "isa",
     .kind = CLI_ISA,
     .arg = "NAME",
     FIELD(isa),
     .help = "The best instruction set to use."},
    {0},
};

typedef struct given { /* NULL ends a list */
    const char *name;
    bool is;
} given;

static const char *first_given(const given *list)
{
    while (list->name && !list->is)
        list++;
    return list->name;
}

static bool contradict(const char *a, const char *b)
{
    message("detect: %s and %s contradict each other", a, b);
    return false;
}

/* Options of the search have nothing to do where the boxes are given, and those of the landmark
 * model where there are none. */
static bool check_purpose(const detect_fields *f)
{
    const given search[] = {{"--max-faces", f->max_faces > 0},   {"--threshold", f->threshold >= 0},
                            {"--presence", f->presence >= 0},    {"--min-face", f->min_face > 0},
                            {"--max-side", f->max_side > 0},     {"--turns", f->turns},
                            {"--no-landmarks", f->no_landmarks}, {NULL, true}};
    const given landmarks[] = {{"--model", f->model != NULL},
                               {"--scheme", f->scheme != NULL},
                               {"--input", f->input != NULL},
                               {"--crop", f->crop > 0},
                               {"--output", f->landmarks != NULL},
                               {"--style", f->draw.style > DRAW_FULL},
                               {"--ellipses", f->draw.ellipses > 0},
                               {"--format pts", f->format == OUTPUT_PTS},
                               {NULL, true}};

    if (detect_has_boxes(f) && first_given(search))
        return contradict(f->boxes.n ? "--box" : "--boxes", first_given(search));
    if (f->no_landmarks && first_given(landmarks))
        return contradict("--no-landmarks", first_given(landmarks));
    if (f->turns && f->no_turns)
        return contradict("--turns", "--no-turns");
    if (f->box_from >= 0 && !detect_has_boxes(f)) {
        message("detect: --box-from tells whose boxes --box or --boxes gives: there are none");
        return false;
    }
    return true;
}

static bool check_ranges(const detect_fields *f)
{
    if (f->threshold > 1 || f->presence > 1)
        message("detect: %s: %g is not from 0 to 1",
                f->threshold > 1 ? "--threshold" : "--presence",
                (double)(f->threshold > 1 ? f->threshold : f->presence));
    else if (f->max_side > MOST_SIDE)
        message("detect: --max-side: %ld is more than %d", f->max_side, MOST_SIDE);
    else if (f->draw_scale > 0 && !(f->draw_scale >= LEAST_DRAW && f->draw_scale <= MOST_DRAW))
        message("detect: --draw-scale: %g is not from %g to %d", (double)f->draw_scale,
                (double)LEAST_DRAW, MOST_DRAW);
    else
        return draw_fields_check("detect", &f->draw);
    return false;
}

/* Who reads stdin to its end leaves nothing for another. */
static bool check_stdin(const detect_fields *f, const inputs_spec *in)
{
    const char *const files[] = {f->list, f->boxes_file, f->model, f->detector};
    size_t n = 0;

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        n += files[i] && strcmp(files[i], "-") == 0;
    for (size_t i = 0; i < in->n; i++)
        n += strcmp(in->operands[i], "-") == 0;
    if (n > 1)
        message("detect: '-' is given twice, but stdin can be read once");
    return n <= 1;
}

static bool check_format(const detect_fields *f, const inputs_spec *in)
{
    bool on_stdout = f->picture && strcmp(f->picture, "-") == 0;

    if (f->json && f->format > OUTPUT_JSON)
        message("detect: --json and --format %s contradict each other", formats[f->format]);
    else if (on_stdout && !f->results && (f->json || f->format >= 0))
        message("detect: -o - sends the picture to stdout: %s can't go there too",
                f->json ? "--json" : "--format");
    else if (f->format == OUTPUT_PTS && (!inputs_is_single(in) || f->boxes.n > 1))
        message("detect: --format pts holds one face: give one FILE and one box at most, or take "
                "csv or json");
    else if (f->resume && !f->results)
        message("detect: --resume goes on with a file: name it by --results FILE");
    else if (f->resume && (f->force || f->format == OUTPUT_PTS))
        return contradict("--resume", f->force ? "--force" : "--format pts");
    else
        return true;
    return false;
}

static bool check_picture(const detect_fields *f, const inputs_spec *in)
{
    const char *to = f->picture, *what = draw_fields_given(&f->draw);

    if (!to && (f->draw_scale > 0 || what)) {
        message("detect: --%s tells %s to draw: name the picture by -o PICTURE",
                what ? what : "draw-scale", what ? "what" : "how large");
        return false;
    }
    if (!to || to[strlen(to) - 1] == '/' || path_is_dir(to))
        return true;
    if (!inputs_is_single(in))
        message("detect: -o %.80s: for several files a folder is wanted (a new one ends in '/')",
                to);
    else if (!media_is_writable(to))
        message("detect: --picture: '%.80s' must end in .png, .jpg or .jpeg (or in '/': a folder)",
                to);
    else if (path_is_same(to, in->operands[0]))
        message("detect: %.150s would be overwritten by its picture: choose another -o", to);
    else
        return true;
    return false;
}

bool detect_check(const detect_fields *f, const inputs_spec *in)
{
    if (f->null_ended && !f->list) {
        message("detect: --null tells how names end in a list: name it by --files-from LIST");
        return false;
    }
    return check_purpose(f) && check_ranges(f) && check_stdin(f, in) && check_format(f, in) &&
           check_picture(f, in);
}
