/* pfld train: the options, and which net they are for. */
#include <stddef.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/data_sets.h"
#include "cli/message.h"
#include "cli/train_common.h"
#include "cli/train_detector.h"
#include "cli/train_faces.h"
#include "core/mem.h"
#include "data/augment.h"
#include "geometry/scheme.h"
#include "train/group_mpi.h"

#define FIELD(name) .field = offsetof(train_fields, name)

const char *const train_recipe_names[] = {"default", "paper", NULL};
const char *const train_tail_names[] = {"flatten", "pool", "s3", NULL};

const char *const train_loss_names[] = {
    "pfld", "l2", "l1", "smooth-l1", "wing", "soft-wing", "adaptive-wing", NULL};
static const cli_option options[] = {
    {.name = "data",
     .letter = 'd',
     .kind = CLI_TEXTS,
     .arg = "SPEC",
     FIELD(data),
     .help = "Faces to train on, FORMAT:PATH[@WEIGHT]; can be given again."},
    {.name = "val",
     .kind = CLI_TEXTS,
     .arg = "SPEC",
     FIELD(val),
     .help = "Faces to choose by; can be given again."},
    {.name = "detector",
     .kind = CLI_FLAG,
     FIELD(detector),
     .help = "Trains a face detector: SPECs are photos with boxes, and --scheme, --tail, --crop, "
             "--loss and its parts don't apply."},
    {.name = "out",
     .letter = 'o',
     .kind = CLI_DIR,
     .arg = "DIR",
     FIELD(out),
     .help = "Where best.onnx, last.onnx, log.jsonl, the curves and the checkpoint go."},
    {.name = "recipe",
     .kind = CLI_CHOICE,
     .arg = "NAME",
     .choices = train_recipe_names,
     FIELD(recipe),
     .help = "Which set of defaults: ours, or the paper to the letter."},
    {.name = "width",
     .letter = 'w',
     .kind = CLI_REAL,
     .arg = "W",
     FIELD(width),
     .help = "Channels of Table 1 times this, default 0.25; or of the detector, default 1."},
    {.name = "tail",
     .kind = CLI_CHOICE,
     .arg = "KIND",
     .choices = train_tail_names,
     FIELD(tail),
     .help = "What the last layer sees of S1, S2 and S3: all of it, or means; or S3 alone."},
    {.name = "size",
     .kind = CLI_COUNT,
     .arg = "S",
     .min = 32,
     FIELD(size),
     .help = "Side of the crop in pixels, default 112; of a detector's pictures, default 320."},
    {.name = "scheme",
     .kind = CLI_TEXT,
     .arg = "NAME",
     FIELD(scheme),
     .help = "The points that the net learns; default ibug68."},
    {.name = "crop",
     .kind = CLI_REAL,
     .arg = "SCALE",
     FIELD(crop),
     .help = "Side of the crop over the longer side of the box; default 1.2."},
    {.name = "loss",
     .kind = CLI_CHOICE,
     .arg = "NAME",
     .choices = train_loss_names,
     FIELD(loss),
     .help = "Eq. 2 of the paper, or a distance; alone or with the parts below."},
    {.name = "geometry",
     .kind = CLI_FLAG,
     FIELD(geometry),
     .help = "Multiplies the distance by the sum of 1 - cos of the angles' errors."},
    {.name = "no-geometry",
     .kind = CLI_FLAG,
     FIELD(no_geometry),
     .help = "Eq. 2 without that factor."},
    {.name = "classes",
     .kind = CLI_FLAG,
     FIELD(classes),
     .help = "Multiplies the distance by the weights of the face's classes."},
    {.name = "no-classes",
     .kind = CLI_FLAG,
     FIELD(no_classes),
     .help = "Eq. 2 without those weights."},
    {.name = "aux",
     .kind = CLI_NUMBER,
     .arg = "X",
     FIELD(aux),
     .help = "Weight of the angles' own squared error."},
    {.name = "aux-output",
     .kind = CLI_FLAG,
     FIELD(aux_output),
     .help = "The models keep the auxiliary net: a second output, angles."},
    {.name = "aux-width",
     .kind = CLI_REAL,
     .arg = "W",
     FIELD(aux_width),
     .help = "Channels of Table 2 times this; default as --width."},
    {.name = "template",
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(template),
     .help = "The mean face of 'pfld data template'; default: made from the faces to train on."},
    {.name = "steps",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(steps),
     .help = "How many batches; default 30000."},
    {.name = "batch",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(batch),
     .help = "Faces in a batch, of all ranks together; default 32, of the paper 256."},
    {.name = "rate",
     .kind = CLI_REAL,
     .arg = "R",
     FIELD(rate),
     .help = "Learning rate at its top; default 0.006, of the paper 0.0001."},
    {.name = "decay", .kind = CLI_NUMBER, .arg = "D", FIELD(decay), .help = "Weight decay."},
    {.name = "ema",
     .kind = CLI_NUMBER,
     .arg = "E",
     FIELD(ema),
     .help = "What the average of the weights keeps per step; 0: no average."},
    {.name = "warm-up",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 0,
     FIELD(warm_up),
     .help = "Steps until the rate is at its top."},
    {.name = "augment",
     .kind = CLI_CHOICE,
     .arg = "NAME",
     .choices = augment_names,
     FIELD(augment),
     .help =
         "What is done to the crops; default that of the recipe, of --freeze spun. Calm, with few "
         "effects, is for the end of a training (--start); spun, with some crops turned any way, "
         "for --freeze; none: crops as inference sees them."},
    {.name = "turn",
     .kind = CLI_NUMBER,
     .arg = "P",
     FIELD(turn),
     .help =
         "Share of the faces that are turned far to the side, 0 to 1; default 0.1, of calm 0.07, "
         "else 0."},
    {.name = "shut",
     .kind = CLI_NUMBER,
     .arg = "P",
     FIELD(shut),
     .help =
         "Share of the other faces whose eyes are shut, 0 to 1; default 0.08, of calm too, else "
         "0."},
    {.name = "seed",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 0,
     FIELD(seed),
     .help = "Same seed, data and threads: same weights, bit for bit."},
    {.name = "threads",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(threads),
     .help = "Threads of the net; default: one for each CPU. Of several ranks: of each of them."},
    {.name = "loader-threads",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 0,
     FIELD(loader_threads),
     .help = "Threads that make batches ahead; default 0: those of the net make them."},
    {.name = "log-every",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(log_every),
     .help = "Steps between lines of log.jsonl; default 100."},
    {.name = "eval-every",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(eval_every),
     .help = "Steps between validations; default 1000."},
    {.name = "checkpoint-minutes",
     .kind = CLI_REAL,
     .arg = "M",
     FIELD(checkpoint_minutes),
     .help = "Between checkpoints; default 3."},
    {.name = "start",
     .kind = CLI_FILE,
     .arg = "FILE",
     FIELD(start),
     .help = "Begins with the averaged weights of this checkpoint of another run, of the same net; "
             "parts that it lacks begin afresh."},
    {.name = "spread",
     .kind = CLI_FLAG,
     FIELD(spread),
     .help = "Adds the head that tells how far off each point may be; the points stay the same, "
             "bit for bit."},
    {.name = "freeze",
     .kind = CLI_FLAG,
     FIELD(freeze),
     .help = "Trains that head alone, on the net of --start: its points stay as they are."},
    {.name = "stop-after",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(stop_after),
     .help = "Stops after N steps of this session, as Ctrl-C does; --resume goes on."},
    {.name = "resume",
     .kind = CLI_FLAG,
     FIELD(resume),
     .help = "Goes on from the checkpoint in DIR: the same bits as without a break."},
    {.name = "skip-bad",
     .kind = CLI_FLAG,
     FIELD(skip_bad),
     .help =
         "Leaves broken lines of data sets, and photos that can't be read, out instead of ending."},
    {.name = "quiet", .letter = 'q', .kind = CLI_FLAG, FIELD(quiet), .help = "No progress line."},
    {0},
};

static bool parse(int argc, char **argv, const cli_command *self, train_fields *f, int *code)
{
    cli_args args = {.n = (size_t)argc, .at = argv};

    *f = (train_fields){.scheme = "ibug68",
                        .loss = -1,
                        .rate = -1,
                        .decay = -1,
                        .ema = -1,
                        .aux = -1,
                        .turn = -1,
                        .shut = -1,
                        .augment = -1,
                        .crop = 1.2f,
                        .checkpoint_minutes = 3,
                        .batch = 0,
                        .steps = 30000,
                        .warm_up = -1,
                        .log_every = 100,
                        .eval_every = 1000};
    if (!cli_begin(self, &args, f, code))
        return false;
    f->width = f->width > 0 ? f->width : f->detector ? 1 : 0.25f;
    f->size = f->size ? f->size : f->detector ? 320 : 112;
    return true;
}

/* Of a run that was refused nothing is left: --out, which it made, if nothing was written there. */
static void leave_dir(const train_fields *f, bool was_there)
{
    if (!was_there && train_tells(f))
        rmdir(f->out);
}

static pfld_status train(train_fields *f, const scheme *s, pfld_error *err)
{
    const bool was_there = access(f->out, F_OK) == 0;
    pfld_status st = group_agree(f->group, train_open_dir(f, err), err);

    if (st == PFLD_OK)
        st = f->detector ? train_detector(f, err) : train_faces(f, s, err);
    if (st != PFLD_OK)
        leave_dir(f, was_there);
    return st;
}

static int run(const cli_command *self, int argc, char **argv)
{
    train_fields f;
    pfld_error err = {0};
    train_group room;
    const scheme *s = NULL;
    int code = CLI_DONE;
    pfld_status st;

    if (!parse(argc, argv, self, &f, &code))
        goto end;
    s = scheme_find(f.scheme);
    if (!s)
        code = cli_wrong(self, "--scheme: no such scheme");
    else if (f.data.n == 0)
        code = cli_wrong(self, "--data is missing");
    else if (!f.out)
        code = cli_wrong(self, "--out is missing");
    else if (f.geometry && f.no_geometry)
        code = cli_wrong(self, "--geometry and --no-geometry contradict each other");
    else if (f.classes && f.no_classes)
        code = cli_wrong(self, "--classes and --no-classes contradict each other");
    else if (f.freeze && !f.start)
        code = cli_wrong(self, "--freeze: on which net? Give --start");
    else if (data_sets_wrong_shares(f.turn, f.shut))
        code = cli_wrong(self, data_sets_wrong_shares(f.turn, f.shut));
    else if (f.detector && (f.freeze || f.spread))
        code = cli_wrong(self, "--spread and --freeze are for landmarks");
    if (code != CLI_DONE)
        goto end;
    st = train_join(&f, &room, &err);
    if (st == PFLD_OK)
        st = train(&f, s, &err);
    if (st != PFLD_OK && train_tells(&f))
        message("%s", err.msg);
    if (f.group)
        group_mpi_close(&room);
    code = message_exit(st ? st : f.curves);
end:
    mem_free(f.data.at);
    mem_free(f.val.at);
    return code;
}

const cli_command command_train = {
    .name = "train",
    .brief = "train a landmark net",
    .synopsis = "--data SPEC... --val SPEC... --out DIR [OPTION]...",
    .about =
        "Trains PFLD (Table 1 of the paper at any width) on labelled faces. DIR/best.onnx has the "
        "averaged weights at the best validation, DIR/last.onnx those of the end; both run "
        "anywhere. DIR/log.jsonl and DIR/curves.png (and .svg) tell how it went, from the first "
        "validation on.\n\n"
        "Ctrl-C, or the end of the machine's patience, loses nothing: the checkpoint in DIR is "
        "whole at any moment, and --resume with the same options goes on from it, bit for bit.\n\n"
        "'mpirun -n N pfld train' trains on several machines, or with several processes on one: "
        "the "
        "same net to rounding, each rank with its share of every batch. Rank 0 reads and writes "
        "DIR.",
    .examples =
        "pfld train --data 300w:train.txt --val 300w:val.txt --out runs/a\n"
        "pfld train --recipe paper --width 1 --data 300w:train.txt --out runs/paper\n"
        "mpirun -n 4 --map-by node --bind-to none pfld train --data 300w:train.txt --out runs/a",
    .options = options,
    .max_operands = 0,
    .run = run,
};
