/* pfld data sheet: training samples as the net sees them, side by side, for a person to look at. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/contact_sheet.h"
#include "cli/data_sets.h"
#include "cli/data_sheet.h"
#include "cli/message.h"
#include "core/error.h"
#include "core/mem.h"
#include "data/loader.h"

#define ZOOM     2 /* of a crop's pixels */
#define MOST     1024
#define SMALLEST 16
#define PI       3.14159265358979323846

typedef struct sheet_fields {
    cli_texts data;
    const char *out, *scheme, *face;
    long n, seed, size;
    float crop, turn, shut;
    int augment;
    bool no_points, skip_bad;
} sheet_fields;

static const cli_option options[] = {
    {.name = "data",
     .letter = 'd',
     .kind = CLI_TEXTS,
     .arg = "SPEC",
     .field = offsetof(sheet_fields, data),
     .help = "A data set, FORMAT:PATH[@WEIGHT]; can be given again."},
    {.name = "output",
     .letter = 'o',
     .kind = CLI_FILE,
     .arg = "FILE",
     .field = offsetof(sheet_fields, out),
     .help = "Where the picture goes: .png or .jpg; '-' is stdout."},
    {.name = "n",
     .letter = 'n',
     .kind = CLI_COUNT,
     .arg = "N",
     .field = offsetof(sheet_fields, n),
     .help = "How many samples (64).",
     .min = 1},
    {.name = "augment",
     .kind = CLI_CHOICE,
     .arg = "NAME",
     .choices = augment_names,
     .field = offsetof(sheet_fields, augment),
     .help = "What is done to the crops: default, calm, paper, or none."},
    {.name = "turn",
     .kind = CLI_NUMBER,
     .arg = "P",
     .field = offsetof(sheet_fields, turn),
     .help = "Share of the faces that are turned far to the side, 0 to 1; the recipe's."},
    {.name = "shut",
     .kind = CLI_NUMBER,
     .arg = "P",
     .field = offsetof(sheet_fields, shut),
     .help = "Share of the other faces whose eyes are shut, 0 to 1; the recipe's."},
    {.name = "no-points",
     .kind = CLI_FLAG,
     .field = offsetof(sheet_fields, no_points),
     .help = "Leaves the points away, and the text."},
    {.name = "seed",
     .kind = CLI_COUNT,
     .arg = "N",
     .field = offsetof(sheet_fields, seed),
     .help = "Another seed, other samples (1).",
     .min = 0},
    {.name = "scheme",
     .kind = CLI_TEXT,
     .arg = "NAME",
     .field = offsetof(sheet_fields, scheme),
     .help = "Points as a net of this scheme learns them; the data set's own."},
    {.name = "template",
     .kind = CLI_FILE,
     .arg = "FILE",
     .field = offsetof(sheet_fields, face),
     .help = "The mean face by 'pfld data template'; default: made from the sets."},
    {.name = "size",
     .kind = CLI_COUNT,
     .arg = "N",
     .field = offsetof(sheet_fields, size),
     .help = "Side of the crops in pixels (112).",
     .min = SMALLEST},
    {.name = "crop",
     .kind = CLI_REAL,
     .arg = "S",
     .field = offsetof(sheet_fields, crop),
     .help = "Side of the crop over the longer side of the face's box (1.2)."},
    {.name = "skip-bad",
     .kind = CLI_FLAG,
     .field = offsetof(sheet_fields, skip_bad),
     .help = "Leaves out broken lines and photos that cannot be read."},
    {0},
};

/* --- drawing ---------------------------------------------------------------------------------- */

/* The subject's right is red, the left blue, the middle green: a forgotten mirror shows. */
static void put_point(contact_sheet *s, const scheme *of, int i, double x, double y)
{
    int side = of->mirror[i] == i ? 1 : of->mirror[i] > i ? 0 : 2;

    cairo_arc(s->cr, x, y, 1.7, 0, 2 * PI);
    cairo_set_source_rgb(s->cr, side == 0, side == 1 ? 0.9 : 0.25, side == 2);
    cairo_fill(s->cr);
}

static void put_words(contact_sheet *s, const batch *b, size_t j, int left, int top)
{
    static const char letters[DATA_CLASSES] = {'P', 'F', 'U', 'D', 'E', 'O'};
    const float *a = b->angles + 3 * j;
    char text[64];
    int n = 0;

    for (int c = 0; c < DATA_CLASSES; c++)
        if (b->classes[j] & 1u << c)
            text[n++] = letters[c];
    text[n] = 0;
    contact_sheet_text(s, text, left + 4, top + 14);
    if (!isfinite(a[0]))
        return;
    snprintf(text, sizeof text, "y%+.0f p%+.0f r%+.0f", (double)a[0] * 180 / PI,
             (double)a[1] * 180 / PI, (double)a[2] * 180 / PI);
    contact_sheet_text(s, text, left + 4, top + s->zoom * s->size - 5);
}

static void put_sample(contact_sheet *s, const batch *b, size_t j, int size, const scheme *of)
{
    size_t n = (size_t)of->n;
    int left, top;

    contact_sheet_place(s, j, &left, &top);
    cairo_save(s->cr);
    cairo_rectangle(s->cr, left, top, ZOOM * size, ZOOM * size);
    cairo_clip(s->cr);
    for (size_t i = 0; i < n; i++)
        if (b->mask[j * n + i] > 0.0f)
            put_point(s, of, (int)i, left + (double)b->points[2 * (j * n + i)] * ZOOM * size,
                      top + (double)b->points[2 * (j * n + i) + 1] * ZOOM * size);
    put_words(s, b, j, left, top);
    cairo_restore(s->cr);
}

/* --- samples ---------------------------------------------------------------------------------- */

static pfld_status draw_batch(const batch *b, const sheet_fields *f, const scheme *of,
                              pfld_error *err)
{
    contact_sheet s = {0};
    pfld_status st = contact_sheet_create(&s, b->n, (int)f->size, ZOOM, err);

    if (st == PFLD_OK) {
        for (size_t j = 0; j < b->n; j++) {
            contact_sheet_put(&s, j, b->crops + j * 3 * (size_t)(f->size * f->size));
            if (!f->no_points)
                put_sample(&s, b, j, (int)f->size, of);
        }
        st = contact_sheet_write(&s, f->out, err);
    }
    contact_sheet_free(&s);
    return st;
}

static pfld_status make_sheet(const sheet_fields *f, pfld_error *err)
{
    data_options messages = data_sets_options(f->skip_bad);
    loader_options opt = {.batch = (size_t)f->n,
                          .threads = 1,
                          .ahead = 1,
                          .size = (int)f->size,
                          .rule = {.scale = f->crop},
                          .seed = (uint64_t)f->seed,
                          .shuffle = true};
    data_set set = {0};
    face_template room;
    const face_template *face;
    loader *l = NULL;
    batch b;
    pfld_status st = data_sets_read(&set, &f->data, &messages, err);

    if (st == PFLD_OK)
        st = data_sets_face(&set, f->face, &messages, &room, &face, err);
    if (st != PFLD_OK)
        goto end;
    data_set_derive(&set, face);
    opt.scheme = f->scheme ? scheme_find(f->scheme) : set.samples[0].scheme;
    opt.augment = augment_recipe(augment_names[f->augment]);
    data_sets_shares(&opt.augment, &set, face, f->turn, f->shut, &messages);
    st = loader_create(&set, NULL, &opt, &messages, &l, err);
    if (st == PFLD_OK)
        st = loader_get(l, 0, &b, err);
    if (st == PFLD_OK && b.n == 0)
        st = error_set(err, PFLD_ERR_FORMAT, "none of these photos can be read");
    if (st == PFLD_OK)
        st = draw_batch(&b, f, opt.scheme, err);
end:
    loader_free(l);
    data_set_free(&set);
    return st;
}

/* What is wrong with the options taken together; NULL: nothing. */
static const char *wrong(const sheet_fields *f)
{
    _Static_assert(MOST == 1024 && AUGMENT_MAX_SIZE == 512, "what is said of -n and --size");
    if (f->data.n == 0 || !f->out)
        return "--data SPEC and -o FILE are wanted";
    if (f->n > MOST || f->size > AUGMENT_MAX_SIZE)
        return "at most 1024 samples of 512 pixels";
    if (f->scheme && !scheme_find(f->scheme))
        return "--scheme: no such scheme";
    return data_sets_wrong_shares(f->turn, f->shut);
}

static int draw(const sheet_fields *f)
{
    pfld_error err = {0};
    pfld_status status = make_sheet(f, &err);

    if (status)
        message("%s", err.msg);
    return message_exit(status);
}

static int run(const cli_command *self, int argc, char **argv)
{
    sheet_fields f = {.n = 64, .seed = 1, .size = 112, .crop = 1.2f, .turn = -1.0f, .shut = -1.0f};
    cli_args args = {(size_t)argc, argv, false};
    int code;

    if (cli_begin(self, &args, &f, &code)) {
        const char *why = wrong(&f);
        code = why ? cli_wrong(self, why) : draw(&f);
    }
    mem_free(f.data.at);
    return code;
}

const cli_command command_data_sheet = {
    .name = "data sheet",
    .brief = "draws training samples as the net sees them",
    .synopsis = "--data SPEC... -o FILE [-n N] [--augment NAME] [--turn P] [--seed N]",
    .about = "Draws samples of a data set, cropped and augmented as in training, twice as large, "
             "with their points (the subject's right side in red, the left in blue, the middle in "
             "green), their classes (P profile, F frontal, U head up, D head down, E expression, "
             "O occlusion) and the angles yaw, pitch, roll in degrees.",
    .examples = "pfld data sheet --data 300w:train.txt -o sheet.png\n"
                "pfld data sheet --data mtfl:mtfl80.csv --scheme ibug68 -n 100 -o sheet.png",
    .options = options,
    .run = run,
};
