/* pfld detect: landmarks, head pose and annotated pictures of the faces in pictures. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/boxes.h"
#include "cli/commands.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/paths.h"
#include "core/error.h"
#include "core/mem.h"
#include "geometry/scheme.h"
#include "media/codec.h"
#include "media/draw.h"

static const char *const formats[] = {
    [OUTPUT_JSON] = "json", [OUTPUT_CSV] = "csv", [OUTPUT_PTS] = "pts", NULL};

typedef struct detect_fields {
    cli_boxes boxes;
    const char *boxes_file, *model, *picture;
    const char *scheme, *input, *landmarks; /* pfld_model_options */
    float crop;
    bool json;
    int format; /* an output_format; -1: not given */
    pfld_isa isa;
} detect_fields;

static const cli_option options[] = {
    {.name = "box",
     .letter = 'b',
     .kind = CLI_BOX,
     .arg = "L,T,R,B",
     .field = offsetof(detect_fields, boxes),
     .help = "The box of a face, in each FILE: left, top, right, bottom in pixels; once for each "
             "face."},
    {.name = "boxes",
     .kind = CLI_FILE,
     .arg = "CSV",
     .field = offsetof(detect_fields, boxes_file),
     .help = "Boxes of many files: a table with the columns file,left,top,right,bottom; a file is "
             "found by the path as given, or by its name without folders."},
    {.name = "model",
     .letter = 'm',
     .kind = CLI_FILE,
     .arg = "FILE",
     .field = offsetof(detect_fields, model),
     .help = "The landmark model, in ONNX; if not given, the one built in."},
    {.name = "json",
     .kind = CLI_FLAG,
     .field = offsetof(detect_fields, json),
     .help = "One line of JSON for each FILE: the same as --format json, and the default."},
    {.name = "format",
     .letter = 'f',
     .kind = CLI_CHOICE,
     .arg = "FORMAT",
     .choices = formats,
     .field = offsetof(detect_fields, format),
     .help = "json, csv (a row for each face) or pts (one face, 1-based)."},
    {.name = "picture",
     .letter = 'o',
     .kind = CLI_FILE,
     .arg = "PICTURE",
     .field = offsetof(detect_fields, picture),
     .help = "Draws the faces: into this .png or .jpg file, or for several FILEs into this folder, "
             "as NAME.png; '-' is PNG on stdout, in place of the results."},
    {.name = "scheme",
     .kind = CLI_TEXT,
     .arg = "NAME",
     .field = offsetof(detect_fields, scheme),
     .help = "The model's point scheme: ibug68, wflw98, lapa106, cofw29, aflw19, five."},
    {.name = "input",
     .kind = CLI_TEXT,
     .arg = "SPEC",
     .field = offsetof(detect_fields, input),
     .help = "The pixels that the model wants: rgb, bgr or gray, then 0..1, -1..1 or MEAN/STD on "
             "0..255 "
             "(of each channel: M;M;M/S;S;S), as in bgr,0..1 or rgb,127.5/128."},
    {.name = "crop",
     .kind = CLI_REAL,
     .arg = "SCALE",
     .field = offsetof(detect_fields, crop),
     .help = "The side of the square crop that the model wants, over the box's longer side."},
    {.name = "output",
     .kind = CLI_TEXT,
     .arg = "NAME",
     .field = offsetof(detect_fields, landmarks),
     .help = "The model's output that holds the landmarks, where there are several."},
    {.name = "isa",
     .kind = CLI_ISA,
     .arg = "NAME",
     .field = offsetof(detect_fields, isa),
     .help = "The best instruction set to use."},
    {0},
};

typedef struct detect {
    const detect_fields *f;
    char **files; /* [n_files] */
    size_t n_files;
    bool only_picture, into_folder; /* where the picture goes */
    boxes_table table;
    pfld_model *model;
    pfld_session *session;
    output out;
    pfld_face *faces; /* [n_faces] of the picture at hand */
    size_t n_faces, room;
    bool lost_stdout; /* nobody takes the results: nothing more to do */
    int code;         /* the worst so far */
} detect;

/* Says what happened to an input, and goes on. */
static void fail(detect *d, pfld_status status, const char *text)
{
    int code = status == PFLD_ERR_NOMEM ? CLI_INTERNAL : CLI_SOME_FAILED;

    message("%s", text);
    if (code > d->code)
        d->code = code;
}

/* What contradicts itself on the command line; false after saying so. */
static bool check_fields(const detect *d)
{
    const detect_fields *f = d->f;

    if (!f->boxes.n && !f->boxes_file)
        message("detect: where are the faces? Give the box of each with --box L,T,R,B (this "
                "version does not find them)");
    else if (f->json && f->format > OUTPUT_JSON)
        message("detect: --json and --format %s contradict each other", formats[f->format]);
    else if (d->only_picture && (f->json || f->format >= 0))
        message("detect: -o - sends the picture to stdout: %s can't go there too",
                f->json ? "--json" : "--format");
    else if (f->picture && d->n_files > 1 && !d->into_folder)
        message("detect: -o %.80s: for several files a folder is wanted (a new one ends in '/')",
                f->picture);
    else if (f->picture && !d->into_folder && !media_is_writable(f->picture))
        message("detect: --picture: '%.80s' must end in .png, .jpg or .jpeg (or in '/': a folder)",
                f->picture);
    else
        return true;
    return false;
}

/* What file is called in messages. */
static const char *name_of(const char *file)
{
    return strcmp(file, "-") == 0 ? "stdin" : file;
}

/* Where file's picture goes; freed with mem_free(). */
static char *target_of(const detect *d, const char *file)
{
    return d->into_folder ? path_join(d->f->picture, name_of(file), ".png")
                          : path_copy(d->f->picture);
}

typedef struct drawing {
    const char *file;
    char *target; /* where file is drawn into */
} drawing;

static int compare_targets(const void *a, const void *b)
{
    return strcmp(((const drawing *)a)->target, ((const drawing *)b)->target);
}

/* Two pictures drawn into one file would be one lost. list is [n], sorted. */
static pfld_status check_unique(const drawing *list, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (compare_targets(&list[i - 1], &list[i]) == 0) {
            message("detect: %.150s and %.150s would both be drawn into %.150s",
                    name_of(list[i - 1].file), name_of(list[i].file), list[i].target);
            return PFLD_ERR_ARG;
        }
    return PFLD_OK;
}

static pfld_status check_inputs_kept(const drawing *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (path_is_same(list[i].target, list[i].file)) {
            message("detect: %.150s would be overwritten by its picture: choose another -o",
                    list[i].file);
            return PFLD_ERR_ARG;
        }
    return PFLD_OK;
}

/* list [d->n_files], zeroed */
static pfld_status check_drawings(const detect *d, drawing *list)
{
    pfld_status status;

    for (size_t i = 0; i < d->n_files; i++) {
        list[i] = (drawing){d->files[i], target_of(d, d->files[i])};
        if (!list[i].target)
            return PFLD_ERR_NOMEM;
    }
    qsort(list, d->n_files, sizeof *list, compare_targets);
    status = check_unique(list, d->n_files);
    return status ? status : check_inputs_kept(list, d->n_files);
}

/* Nothing is done where a picture would be lost. Says what is wrong. */
static pfld_status check_pictures(const detect *d)
{
    drawing *list;
    pfld_status status;

    if (!d->f->picture || d->only_picture)
        return PFLD_OK;
    list = mem_alloc(d->n_files, sizeof *list);
    status = list ? check_drawings(d, list) : PFLD_ERR_NOMEM;
    for (size_t i = 0; list && i < d->n_files; i++)
        mem_free(list[i].target);
    mem_free(list);
    if (status == PFLD_ERR_NOMEM)
        message("out of memory");
    return status;
}

static size_t count_boxes(const detect *d, const char *file)
{
    size_t n = d->f->boxes.n, at = 0;

    while (boxes_next(&d->table, file, &at))
        n++;
    return n;
}

static pfld_status open_boxes(detect *d, pfld_error *err)
{
    pfld_status status = PFLD_OK;

    if (d->f->boxes_file)
        status = boxes_read(d->f->boxes_file, &d->table, err);
    if (status == PFLD_OK && d->out.format == OUTPUT_PTS &&
        (d->n_files > 1 || count_boxes(d, d->files[0]) > 1))
        status = error_set(err, PFLD_ERR_ARG,
                           "detect: --format pts holds one face: give one FILE "
                           "and one box, or take csv or json");
    return status;
}

static pfld_status open_model(detect *d, pfld_error *err)
{
    const detect_fields *f = d->f;
    pfld_model_options facts;
    pfld_options how;
    pfld_status status;

    pfld_model_options_init(&facts, sizeof facts);
    facts.scheme = f->scheme;
    facts.input = f->input;
    facts.crop_scale = f->crop;
    facts.output = f->landmarks;
    pfld_options_init(&how, sizeof how);
    how.isa = f->isa;
    status = f->model ? pfld_model_load(f->model, &facts, &d->model, err)
                      : pfld_model_load_default(&facts, &d->model, err);
    if (status == PFLD_ERR_ARG && !f->scheme && !f->input && f->crop == 0 && !f->landmarks)
        status = PFLD_ERR_FORMAT; /* then it is the file that states nonsense */
    return status ? status : pfld_session_create(d->model, &how, &d->session, err);
}

static void detect_face(detect *d, const char *file, const pfld_image *img, const pfld_box *box)
{
    pfld_error err = {0};
    pfld_status status;
    pfld_face *grown = mem_grow(d->faces, &d->room, d->n_faces + 1, sizeof *grown);

    if (!grown) {
        fail(d, PFLD_ERR_NOMEM, "out of memory");
        return;
    }
    d->faces = grown;
    status = pfld_landmarks(d->session, img, box, &grown[d->n_faces], &err);
    if (status) {
        error_prefix(&err, name_of(file));
        fail(d, status, err.msg);
        return;
    }
    d->n_faces++;
}

static void fail_row(detect *d, const char *file, const boxes_row *row)
{
    pfld_error err = {0};

    error_set(&err, PFLD_ERR_FORMAT, "%s", row->wrong);
    error_prefix(&err, name_of(file));
    fail(d, PFLD_ERR_FORMAT, err.msg);
}

static void detect_faces(detect *d, const char *file, const pfld_image *img)
{
    const boxes_row *row;
    size_t at = 0;

    d->n_faces = 0;
    for (size_t i = 0; i < d->f->boxes.n; i++)
        detect_face(d, file, img, &d->f->boxes.at[i]);
    while ((row = boxes_next(&d->table, file, &at)))
        if (row->wrong)
            fail_row(d, file, row);
        else
            detect_face(d, file, img, &row->box);
}

static void write_result(detect *d, const char *file, const pfld_image *img)
{
    const output_result r = {.file = file,
                             .width = img->width,
                             .height = img->height,
                             .scheme = pfld_model_scheme(d->model),
                             .faces = d->faces,
                             .n = d->n_faces};
    pfld_error err = {0};
    pfld_status status = output_write(&d->out, &r, &err);

    if (status) {
        fail(d, status, err.msg);
        d->lost_stdout = true;
    }
}

static void write_picture(detect *d, const char *file, const pfld_image *img)
{
    pfld_error err = {0};
    media_image drawn = {0};
    char *target = target_of(d, file);
    pfld_status status = target ? draw_faces(img, scheme_find(pfld_model_scheme(d->model)),
                                             d->faces, d->n_faces, &(draw_options){0}, &drawn, &err)
                                : error_nomem(&err);

    if (status)
        error_prefix(&err, name_of(file));
    else
        status = media_write(target, &drawn.view, &err); /* names the target */
    if (status)
        fail(d, status, err.msg);
    media_image_free(&drawn);
    mem_free(target);
}

static void detect_file(detect *d, const char *file)
{
    media_image img = {0};
    pfld_error err = {0};
    pfld_status status;

    if (!count_boxes(d, file)) {
        error_set(&err, PFLD_ERR_ARG, "%.120s: %.100s has no box for it", name_of(file),
                  d->f->boxes_file);
        fail(d, PFLD_ERR_ARG, err.msg);
        return;
    }
    status = media_read(file, &img, &err);
    if (status) {
        fail(d, status, err.msg);
        return;
    }
    detect_faces(d, file, &img.view);
    if (d->n_faces && !d->only_picture)
        write_result(d, file, &img.view);
    if (d->n_faces && d->f->picture)
        write_picture(d, file, &img.view);
    media_image_free(&img);
}

static pfld_status detect_open(detect *d, pfld_error *err)
{
    pfld_status status = open_boxes(d, err);

    if (status == PFLD_OK)
        status = open_model(d, err);
    if (status == PFLD_OK && d->into_folder)
        status = path_make_dir(d->f->picture, err);
    return status;
}

static void detect_close(detect *d)
{
    pfld_session_free(d->session);
    pfld_model_free(d->model);
    boxes_free(&d->table);
    mem_free(d->faces);
}

static int detect_all(const detect_fields *f, const cli_args *args)
{
    detect d = {.f = f, .files = args->at, .n_files = args->n};
    pfld_error err = {0};
    pfld_status status;

    d.out =
        (output){.to = stdout, .format = f->format < 0 ? OUTPUT_JSON : (output_format)f->format};
    if (f->picture) {
        size_t n = strlen(f->picture);
        d.only_picture = strcmp(f->picture, "-") == 0;
        d.into_folder = f->picture[n - 1] == '/' || path_is_dir(f->picture);
    }
    if (!check_fields(&d))
        return CLI_USAGE;
    status = check_pictures(&d);
    if (status)
        return message_exit(status);
    status = detect_open(&d, &err);
    if (status) {
        message("%s", err.msg);
        d.code = message_exit(status);
    }
    for (size_t i = 0; i < d.n_files && status == PFLD_OK && !d.lost_stdout; i++)
        detect_file(&d, d.files[i]);
    detect_close(&d);
    return d.code;
}

static int run(const cli_command *self, int argc, char **argv)
{
    detect_fields f = {.format = -1};
    cli_args args = {(size_t)argc, argv, false};
    int code;

    if (cli_begin(self, &args, &f, &code))
        code = detect_all(&f, &args);
    mem_free(f.boxes.at);
    return code;
}

const cli_command command_detect = {
    .name = "detect",
    .brief = "finds landmarks and head pose of faces in pictures",
    .synopsis = "FILE... --box L,T,R,B [--model FILE] [--format json|csv|pts] [-o PICTURE]",
    .about =
        "Finds the landmarks and the head pose of faces in pictures: JPEG, PNG, WebP, BMP, PNM; "
        "'-' is stdin. This version is told where the faces are, by --box for every FILE or by "
        "--boxes for many.\n\n"
        "Prints a line of JSON for each FILE. Coordinates are pixels of the upright picture (EXIF "
        "orientation is applied, and what is transparent is blended over white), x right and y "
        "down, the centre of the top-left pixel at 0,0; "
        "boxes are left,top,right,bottom on the command line and [x,y,width,height] in JSON; "
        "angles are degrees: yaw > 0 turns toward the image's left, pitch > 0 looks up, roll > 0 "
        "is clockwise; null where the scheme cannot tell.\n\n"
        "What a foreign model does not state about itself is told by --scheme, --input, --crop and "
        "--output.",
    .examples = "pfld detect face.jpg --box 52,80,277,346 -o drawn.png\n"
                "pfld detect *.jpg --boxes boxes.csv --format csv > faces.csv\n"
                "pfld detect a.jpg --box=10,10,90,90 -m foreign.onnx --input bgr,0..1 --crop 1.1",
    .options = options,
    .min_operands = 1,
    .max_operands = SIZE_MAX,
    .operand = "FILE",
    .run = run,
};
