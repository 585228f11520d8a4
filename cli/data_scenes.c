/* pfld data scenes: training pictures of detectors, side by side, for a person to look at. */
#include "cli/data_scenes.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/contact_sheet.h"
#include "cli/message.h"
#include "core/error.h"
#include "core/mem.h"
#include "data/scene_augment.h"
#include "data/scene_loader.h"

#define MOST     256
#define SMALLEST 32
#define PI       3.14159265358979323846

typedef struct scenes_fields {
    cli_texts data;
    const char *out;
    long n, seed, size, zoom;
    bool no_augment, no_boxes, skip_bad;
} scenes_fields;

static const cli_option options[] = {
    {.name = "data",
     .letter = 'd',
     .kind = CLI_TEXTS,
     .arg = "SPEC",
     .field = offsetof(scenes_fields, data),
     .help = "boxes:CSV, negatives:FOLDER, or a set of labelled faces; with "
             "[@WEIGHT[,part=train|held]]; can be given again."},
    {.name = "output",
     .letter = 'o',
     .kind = CLI_FILE,
     .arg = "FILE",
     .field = offsetof(scenes_fields, out),
     .help = "Where the picture goes: .png or .jpg; '-' is stdout."},
    {.name = "n",
     .letter = 'n',
     .kind = CLI_COUNT,
     .arg = "N",
     .field = offsetof(scenes_fields, n),
     .help = "How many pictures (16).",
     .min = 1},
    {.name = "size",
     .kind = CLI_COUNT,
     .arg = "N",
     .field = offsetof(scenes_fields, size),
     .help = "Side of the pictures in pixels (320).",
     .min = SMALLEST},
    {.name = "seed",
     .kind = CLI_COUNT,
     .arg = "N",
     .field = offsetof(scenes_fields, seed),
     .help = "Another seed, other pictures (1).",
     .min = 0},
    {.name = "zoom",
     .kind = CLI_COUNT,
     .arg = "N",
     .field = offsetof(scenes_fields, zoom),
     .help = "Draws each pixel N times as large (1).",
     .min = 1},
    {.name = "no-augment",
     .kind = CLI_FLAG,
     .field = offsetof(scenes_fields, no_augment),
     .help = "The first photos as they are, shrunk to fit."},
    {.name = "no-boxes",
     .kind = CLI_FLAG,
     .field = offsetof(scenes_fields, no_boxes),
     .help = "Leaves boxes and points away."},
    {.name = "skip-bad",
     .kind = CLI_FLAG,
     .field = offsetof(scenes_fields, skip_bad),
     .help = "Leaves out broken lines and photos that cannot be read."},
    {0},
};

/* The subject's right is red, the left blue, the middle green: a forgotten mirror shows. */
static void draw_face(contact_sheet *s, const scene_face *f, double left, double top)
{
    static const double colours[5][3] = {
        {1, 0.2, 0.2}, {0.3, 0.4, 1}, {0, 0.9, 0}, {1, 0.2, 0.2}, {0.3, 0.4, 1}};
    const double dashes[] = {3, 3}, z = s->zoom;

    cairo_rectangle(s->cr, left + z * ((double)f->box.x + 0.5), top + z * ((double)f->box.y + 0.5),
                    z * (double)f->box.w, z * (double)f->box.h);
    cairo_set_line_width(s->cr, 1);
    cairo_set_dash(s->cr, dashes, f->ignore ? 2 : 0, 0);
    cairo_set_source_rgb(s->cr, f->ignore, !f->ignore, 0);
    cairo_stroke(s->cr);
    for (int i = 0; i < 5; i++) {
        if (!f->known[i])
            continue;
        cairo_arc(s->cr, left + z * ((double)f->five[i].x + 0.5),
                  top + z * ((double)f->five[i].y + 0.5), 1.5, 0, 2 * PI);
        cairo_set_source_rgb(s->cr, colours[i][0], colours[i][1], colours[i][2]);
        cairo_fill(s->cr);
    }
}

static void draw_picture(contact_sheet *s, const scene_batch *b, size_t j, bool boxes)
{
    size_t side = (size_t)s->size;
    int left, top;

    contact_sheet_put(s, j, b->pixels + j * 3 * side * side);
    contact_sheet_place(s, j, &left, &top);
    cairo_save(s->cr);
    cairo_rectangle(s->cr, left, top, s->zoom * s->size, s->zoom * s->size);
    cairo_clip(s->cr);
    for (size_t i = b->first[j]; boxes && i < b->first[j + 1]; i++)
        draw_face(s, &b->faces[i], left, top);
    cairo_restore(s->cr);
}

static pfld_status draw_batch(const scene_batch *b, const scenes_fields *f, pfld_error *err)
{
    contact_sheet s = {0};
    pfld_status st = contact_sheet_create(&s, b->n, (int)f->size, (int)f->zoom, err);

    for (size_t j = 0; j < b->n && st == PFLD_OK; j++)
        draw_picture(&s, b, j, !f->no_boxes);
    if (st == PFLD_OK)
        st = contact_sheet_write(&s, f->out, err);
    contact_sheet_free(&s);
    return st;
}

static pfld_status make_sheet(const scenes_fields *f, pfld_error *err)
{
    data_options messages = {.skip_bad = f->skip_bad, .message = message_hook};
    scene_options opt = {.batch = (size_t)f->n,
                         .size = (int)f->size,
                         .seed = (uint64_t)f->seed,
                         .plain = f->no_augment};
    scene_set set = {0};
    scene_loader *l = NULL;
    scene_batch b;
    pfld_status st = pool_create(1, &opt.pool, err);

    for (size_t i = 0; i < f->data.n && st == PFLD_OK; i++)
        st = scene_set_add(&set, f->data.at[i], &messages, err);
    if (st == PFLD_OK)
        st = scene_loader_create(&set, &opt, &messages, &l, err);
    if (st == PFLD_OK)
        st = scene_loader_get(l, 0, &b, err);
    if (st == PFLD_OK && b.n == 0)
        st = error_set(err, PFLD_ERR_FORMAT, "none of these photos can be read");
    if (st == PFLD_OK)
        st = draw_batch(&b, f, err);
    scene_loader_free(l);
    scene_set_free(&set);
    pool_free(opt.pool);
    return st;
}

/* What the table of options cannot check. */
static bool is_usage(const scenes_fields *f)
{
    if (f->data.n == 0 || !f->out)
        message(
            "data scenes: --data SPEC and -o FILE are wanted: 'pfld help data scenes' tells more");
    else if (f->n > MOST || f->size > SCENE_MAX_SIZE || f->zoom > 4)
        message("data scenes: at most %d pictures of %d pixels, at most 4 times as large", MOST,
                SCENE_MAX_SIZE);
    else
        return true;
    return false;
}

static int draw(const scenes_fields *f)
{
    pfld_error err = {0};
    pfld_status status;

    if (!is_usage(f))
        return CLI_USAGE;
    status = make_sheet(f, &err);
    if (status)
        message("%s", err.msg);
    return message_exit(status);
}

static int run(const cli_command *self, int argc, char **argv)
{
    scenes_fields f = {.n = 16, .seed = 1, .size = 320, .zoom = 1};
    cli_args args = {(size_t)argc, argv, false};
    int code;

    if (cli_begin(self, &args, &f, &code))
        code = draw(&f);
    mem_free(f.data.at);
    return code;
}

const cli_command command_data_scenes = {
    .name = "data scenes",
    .brief = "draws training pictures of detectors as the net sees them",
    .synopsis = "--data SPEC... -o FILE [-n N] [--size N] [--seed N] [--no-augment]",
    .about = "Draws pictures that a detector is trained on: photos of the sets at random sizes "
             "and places, four of them side by side, faces pasted on other photos, and photos "
             "without faces. Boxes are green, those of faces that are neither asked for nor false "
             "alarms red and dashed; of the five points, the subject's right side is red, the "
             "left blue, the nose green.",
    .examples = "pfld data scenes --data boxes:boxes.csv --data negatives:empty -o sheet.png\n"
                "pfld data scenes --data mtfl:mtfl80.csv --no-augment -n 64 -o sheet.png",
    .options = options,
    .run = run,
};
