/* pfld data: the mean face, the classes, the samples and new labels of data sets. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/data_label.h"
#include "cli/data_scenes.h"
#include "cli/data_sets.h"
#include "cli/data_sheet.h"
#include "cli/message.h"
#include "cli/output.h"
#include "core/error.h"
#include "core/mem.h"
#include "data/facepose.h"

typedef struct data_fields {
    cli_texts data;
    const char *out, *face;
    bool skip_bad, json;
} data_fields;

#define DATA_OPTION                                                                                \
  {                                                                                                \
    .name = "data", .letter = 'd', .kind = CLI_TEXTS, .arg = "SPEC",                               \
    .field = offsetof(data_fields, data),                                                          \
    .help = "A data set, FORMAT:PATH[@WEIGHT]; can be given again."                                \
  }
#define SKIP_OPTION                                                                                \
  {                                                                                                \
    .name = "skip-bad", .kind = CLI_FLAG, .field = offsetof(data_fields, skip_bad),                \
    .help = "Leaves broken lines out, with a message, in place of failing."                        \
  }

static const cli_option template_options[] = {
    DATA_OPTION,
    {.name = "output",
     .letter = 'o',
     .kind = CLI_FILE,
     .arg = "FILE",
     .field = offsetof(data_fields, out),
     .help = "Where the face goes, as CSV; '-', stdout, by default."},
    SKIP_OPTION,
    {0},
};

static const cli_option classes_options[] = {
    DATA_OPTION,
    {.name = "template",
     .kind = CLI_FILE,
     .arg = "FILE",
     .field = offsetof(data_fields, face),
     .help = "The mean face by 'pfld data template'; default: made from the sets."},
    {.name = "json",
     .kind = CLI_FLAG,
     .field = offsetof(data_fields, json),
     .help = "Prints one line of JSON in place of text."},
    SKIP_OPTION,
    {0},
};

/* --- template --------------------------------------------------------------------------------- */

static pfld_status make_template(data_set *set, const data_fields *f, pfld_error *err)
{
    face_template face;
    pfld_status status = face_template_build(set, &face, err);

    return status ? status : face_template_write(&face, f->out ? f->out : "-", err);
}

/* --- classes ---------------------------------------------------------------------------------- */

enum { YAW, PITCH, ROLL, ANGLES };
static const char *const angle_names[ANGLES] = {"yaw", "pitch", "roll"};

#define RANKS 7
static const int percent[RANKS] = {0, 1, 5, 50, 95, 99, 100};

typedef struct table { /* what is said of a data set */
    class_weights w;
    size_t n_poses;
    double angles[ANGLES][RANKS]; /* degrees; percentiles */
} table;

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static pfld_status tabulate(const data_set *set, table *t, pfld_error *err)
{
    float *v = mem_alloc(set->n, sizeof *v);

    if (!v)
        return error_nomem(err);
    class_weights_of(set, &t->w);
    for (int a = 0; a < ANGLES; a++) {
        t->n_poses = 0;
        for (size_t i = 0; i < set->n; i++) {
            const pfld_pose *p = &set->samples[i].pose;
            if (!isnan(p->yaw))
                v[t->n_poses++] = a == YAW ? p->yaw : a == PITCH ? p->pitch : p->roll;
        }
        qsort(v, t->n_poses, sizeof *v, by_size);
        for (int r = 0; r < RANKS && t->n_poses; r++)
            t->angles[a][r] = (double)v[(t->n_poses - 1) * (size_t)percent[r] / 100];
    }
    mem_free(v);
    return PFLD_OK;
}

static void print_table(const table *t)
{
    printf("%zu faces, %zu with a pose\n\n%-12s %7s %7s %7s\n", t->w.total, t->n_poses, "class",
           "faces", "share", "weight");
    for (int c = 0; c < DATA_CLASSES; c++)
        printf("%-12s %7zu %5.1f %% %7.3f\n", data_class_names[c], t->w.count[c],
               100.0 * t->w.share[c], (double)t->w.weight[c]);
    printf("%-12s %7.0f %5.1f %% %7.3f\n", "(none)", t->w.none * (double)t->w.total,
           100.0 * t->w.none, (double)class_weight(&t->w, 0));
    if (!t->n_poses)
        return;
    printf("\n%-12s", "percentile");
    for (int r = 0; r < RANKS; r++)
        printf(" %7d", percent[r]);
    putchar('\n');
    for (int a = 0; a < ANGLES; a++) {
        printf("%-12s", angle_names[a]);
        for (int r = 0; r < RANKS; r++)
            printf(" %7.1f", t->angles[a][r]);
        putchar('\n');
    }
}

static json_t *class_json(const class_weights *w, int c)
{
    return json_pack("{s:I,s:o,s:o}", "n", (json_int_t)w->count[c], "share",
                     output_number(w->share[c], 6), "weight",
                     output_number((double)w->weight[c], 6));
}

static json_t *angle_json(const table *t, int a)
{
    json_t *list = json_array();

    for (int r = 0; list && r < RANKS; r++) {
        if (json_array_append_new(list, output_number(t->angles[a][r], 2))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static pfld_status write_json(const table *t, pfld_error *err)
{
    json_t *classes = json_object(), *percentiles = json_object();
    bool done = classes && percentiles;

    for (int c = 0; done && c < DATA_CLASSES; c++)
        done = json_object_set_new(classes, data_class_names[c], class_json(&t->w, c)) == 0;
    for (int a = 0; done && a < ANGLES && t->n_poses; a++)
        done = json_object_set_new(percentiles, angle_names[a], angle_json(t, a)) == 0;
    if (!done) {
        json_decref(classes);
        json_decref(percentiles);
        return error_nomem(err);
    }
    return output_json(stdout,
                       json_pack("{s:i,s:I,s:I,s:o,s:o,s:o}", "v", 1, "n", (json_int_t)t->w.total,
                                 "poses", (json_int_t)t->n_poses, "classes", classes, "none",
                                 output_number(t->w.none, 6), "percentiles", percentiles),
                       err);
}

static pfld_status make_classes(data_set *set, const data_fields *f, pfld_error *err)
{
    face_template room;
    const face_template *face;
    table t = {0};
    data_options opt = data_sets_options(f->skip_bad);
    pfld_status status = data_sets_face(set, f->face, &opt, &room, &face, err);

    if (status)
        return status;
    data_set_derive(set, face);
    status = tabulate(set, &t, err);
    if (status)
        return status;
    if (f->json)
        return write_json(&t, err);
    print_table(&t);
    return PFLD_OK;
}

/* --- the commands ----------------------------------------------------------------------------- */

typedef pfld_status (*maker)(data_set *set, const data_fields *f, pfld_error *err);

static int make_from(const cli_command *self, const data_fields *f, maker make)
{
    data_options opt = data_sets_options(f->skip_bad);
    data_set set = {0};
    pfld_error err = {0};
    pfld_status status;

    if (f->data.n == 0)
        return cli_wrong(self, "--data SPEC is wanted");
    status = data_sets_read(&set, &f->data, &opt, &err);
    if (status == PFLD_OK)
        status = make(&set, f, &err);
    if (status)
        message("%s", err.msg);
    data_set_free(&set);
    return message_exit(status);
}

static int run_maker(const cli_command *self, cli_args *args, maker make)
{
    data_fields f = {0};
    int code;

    if (cli_begin(self, args, &f, &code))
        code = make_from(self, &f, make);
    mem_free(f.data.at);
    return code;
}

static int run_template(const cli_command *self, int argc, char **argv)
{
    return run_maker(self, &(cli_args){(size_t)argc, argv, false}, make_template);
}

static int run_classes(const cli_command *self, int argc, char **argv)
{
    return run_maker(self, &(cli_args){(size_t)argc, argv, false}, make_classes);
}

static const cli_command command_data_template = {
    .name = "data template",
    .brief = "computes the mean frontal face",
    .synopsis = "--data SPEC... [-o FILE] [--skip-bad]",
    .about =
        "Computes the mean frontal face with depth from the shapes of a training set alone: faces "
        "with all 68 points of ibug68. The CSV has a line for each point: x to the image's right, "
        "y down, z away from the camera; the outer eye corners are at distance 1, the origin is "
        "half-way between them.",
    .examples = "pfld data template --data 300w:train.txt -o face.csv",
    .options = template_options,
    .run = run_template,
};

static const cli_command command_data_classes = {
    .name = "data classes",
    .brief = "counts the classes of eq. 2, and tells their weights",
    .synopsis = "--data SPEC... [--template FILE] [--json] [--skip-bad]",
    .about =
        "Derives the pose of every face and the classes that it is in; prints each class's share "
        "of the faces, the weight that training gives it (inverse of the share, so scaled that "
        "the mean over the faces is 1), and how yaw, pitch and roll are distributed, in degrees.",
    .examples = "pfld data classes --data 300w:train.txt --data csv68:more.csv\n"
                "pfld data classes --data wflw:train.txt --json | jq .classes",
    .options = classes_options,
    .run = run_classes,
};

static const cli_command *const parts[] = {
    &command_data_template, &command_data_classes, &command_data_sheet,
    &command_data_scenes,   &command_data_label,   NULL,
};

static const cli_option options[] = {{0}}; /* each part has its own */

static int run(const cli_command *self, int argc, char **argv)
{
    cli_args args = {argc > 0 ? 1 : 0, argv, false};
    const cli_command *part;
    int code;

    if (argc > 0 && (argv[0][0] != '-' || !argv[0][1])) {
        part = command_part(self, argv[0]);
        return part ? part->run(part, argc - 1, argv + 1) : CLI_USAGE;
    }
    return cli_begin(self, &args, NULL, &code) ? CLI_USAGE : code;
}

const cli_command command_data = {
    .name = "data",
    .brief = "mean face, classes, samples, scenes and labels of data sets",
    .synopsis = "template|classes|sheet|scenes|label --data SPEC ...",
    .about = "Looks into data sets, as training sees them. A data set is given as "
             "FORMAT:PATH[@WEIGHT]: 300w:LIST, csv68:FILE, mtfl:FILE, wflw:FILE, coco:FILE, "
             "imglab:FILE, aflw2000:FILE; --data can be given again for more of them.",
    .examples = "pfld data template --data 300w:train.txt -o face.csv\n"
                "pfld data classes --data 300w:train.txt --template face.csv\n"
                "pfld data sheet --data 300w:train.txt -o sheet.png\n"
                "pfld data scenes --data boxes:boxes.csv -o sheet.png\n"
                "pfld data label --data mtfl:mtfl80.csv -m a.onnx -o mtfl68.csv",
    .options = options,
    .min_operands = 1,
    .max_operands = 1,
    .operand = "template, classes, sheet, scenes or label",
    .parts = parts,
    .run = run,
};
