/* pfld live: a window that shows the faces before a camera. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/detect_job.h"
#include "cli/latest.h"
#include "cli/message.h"
#include "cli/signals.h"
#include "core/error.h"
#include "core/mem.h"
#include "geometry/affine.h"
#include "geometry/scheme.h"
#include "image/image.h"
#include "media/draw.h"
#include "media/video.h"
#include "media/window.h"

enum { FACES = 64, WAIT_MS = 50 };
#define ELLIPSES 0.9f /* of the key e where --ellipses does not tell */
#define SETTLE   0.1  /* of the newest frame in the rate that is shown */

typedef struct live_fields {
    detect_fields d; /* models, and how faces are found: as in pfld detect */
    const char *camera;
    long faces, frames;
    float smooth; /* below 0: not given */
    bool mirror;
    const char *picture;
} live_fields;

#define FIELD(name) .field = offsetof(live_fields, name)

static const cli_option options[] = {
    {.name = "camera",
     .letter = 'c',
     .kind = CLI_FILE,
     .arg = "N|FILE",
     FIELD(camera),
     .help = "The camera /dev/videoN, or a video that is played as if it were one; default 0."},
    {.name = "mirror",
     .kind = CLI_FLAG,
     FIELD(mirror),
     .help = "Left and right are swapped, as in a mirror; the key m does it, too."},
    DRAW_FIELDS_OPTIONS(offsetof(live_fields, d.draw)),
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
    {.name = "max-side",
     .kind = CLI_COUNT,
     .arg = "PX",
     .min = 64,
     FIELD(d.max_side),
     .help = "Larger frames are shrunk to this longer side, 64 to 4096, before faces are looked "
             "for; default 640."},
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
    {.name = "picture",
     .letter = 'o',
     .kind = CLI_FILE,
     .arg = "PICTURE",
     FIELD(picture),
     .help = "Where the key s saves what is shown, .png or .jpg; default pfld-live.png. At the end "
             "of --frames it is saved, too."},
    {.name = "frames",
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     FIELD(frames),
     .help = "Ends after so many frames; default: with q, Escape, Ctrl-C, or the end of FILE."},
    {.name = "isa",
     .kind = CLI_ISA,
     .arg = "NAME",
     FIELD(d.isa),
     .help = "The best instruction set to use."},
    {0},
};

typedef struct live {
    const live_fields *f;
    detect_setup setup;
    pfld_session *session;
    pfld_tracker *tracker;
    video_reader *reader;
    latest *camera;
    window *w;
    draw_style style;
    bool no_landmarks; /* in whatever style: neither points nor lines */
    float ellipse;     /* the radius that the key e switches on; NaN where the model can't tell */
    draw_options how;
    bool mirror, paused, done;
    const video_frame *frame; /* the one that is shown; NULL: none is yet */
    const pfld_image *seen;   /* its picture, or that mirrored */
    bool forgot;              /* its faces, since they were followed */
    pfld_face faces[FACES];   /* [n], of that frame */
    size_t n, frames;
    pfld_image mirrored;  /* room for a frame, and: */
    size_t mirrored_room; /* its bytes */
    media_image drawn;    /* what is shown */
    double last, rate;    /* when the last frame was shown; frames a second */
} live;

/* ---- keys ---- */

static bool save(const live *l)
{
    const char *path = l->f->picture ? l->f->picture : "pfld-live.png";
    pfld_error err = {0};

    if (!l->drawn.view.data || media_write(path, &l->drawn.view, &err) == PFLD_OK)
        return true;
    message("%s", err.msg);
    return false;
}

static void next_style(live *l)
{
    l->style = (l->style + 1) % DRAW_STYLES;
    draw_set_style(&l->how, l->style);
}

static draw_options drawing(const live *l)
{
    draw_options how = l->how;

    if (l->no_landmarks) {
        how.no_points = how.no_contours = true;
        how.mesh = false;
    }
    return how;
}

static void switch_ellipses(live *l)
{
    if (!(l->ellipse > 0))
        message("this model does not tell how sure it is of its points: no ellipses");
    else
        l->how.ellipse = l->how.ellipse > 0 ? 0 : l->ellipse;
}

static void forget(live *l)
{
    pfld_tracker_reset(l->tracker);
    l->forgot = true;
}

static void press(live *l, int key)
{
    switch (key) {
    case WINDOW_QUIT:
    case 'q':
        l->done = true;
        break;
    case ' ':
        l->paused = !l->paused;
        break;
    case 'd':
        next_style(l);
        break;
    case 'e':
        switch_ellipses(l);
        break;
    case 'b':
        l->how.no_box = !l->how.no_box;
        break;
    case 'l':
        l->no_landmarks = !l->no_landmarks;
        break;
    case 'f':
        l->how.no_five = !l->how.no_five;
        break;
    case 'p':
        l->how.no_pose = !l->how.no_pose;
        break;
    case 'i':
        l->how.no_label = !l->how.no_label;
        break;
    case 'm':
        l->mirror = !l->mirror;
        forget(l);
        break;
    case 'r':
        forget(l);
        break;
    case 's':
        save(l);
        break;
    default:
        break;
    }
}

/* ---- a frame ---- */

static pfld_status mirror(live *l, const pfld_image *img, pfld_error *err)
{
    const affine flip = {-1, 0, (float)(img->width - 1), 0, 1, 0};
    size_t size = (size_t)img->width * (size_t)img->height;

    if (size > l->mirrored_room) {
        mem_free(l->mirrored.data);
        l->mirrored_room = 0;
        l->mirrored.data = mem_alloc(size, 3);
        if (!l->mirrored.data)
            return error_nomem(err);
        l->mirrored_room = size;
    }
    l->mirrored = (pfld_image){l->mirrored.data, img->width, img->height, 3 * (ptrdiff_t)img->width,
                               PFLD_RGB8};
    image_warp(img, &flip, &l->mirrored);
    return PFLD_OK;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void measure_rate(live *l)
{
    double t = now();

    if (l->last > 0 && t > l->last)
        l->rate += (l->rate > 0 ? SETTLE : 1) * (1 / (t - l->last) - l->rate);
    l->last = t;
}

static void tell(live *l)
{
    char title[96];

    snprintf(title, sizeof title, "pfld live: %.0f frames/s, %zu face%s", l->rate, l->n,
             l->n == 1 ? "" : "s");
    window_title(l->w, title);
}

static pfld_status follow(live *l, pfld_error *err)
{
    pfld_status status = PFLD_OK;

    l->seen = &l->frame->view;
    if (l->mirror) {
        status = mirror(l, l->seen, err);
        l->seen = &l->mirrored;
    }
    if (status == PFLD_OK)
        status =
            pfld_track(l->tracker, l->session, l->seen, l->frame->t, l->faces, FACES, &l->n, err);
    l->n = l->n < FACES ? l->n : FACES;
    l->forgot = false;
    return status;
}

static pfld_status draw(live *l, pfld_error *err)
{
    const draw_options how = drawing(l);
    pfld_status status;

    media_image_free(&l->drawn);
    status =
        draw_faces(l->seen, scheme_find(l->setup.scheme), l->faces, l->n, &how, &l->drawn, err);
    return status ? status : window_show(l->w, &l->drawn.view, err);
}

/* The frame that is shown, as the keys want it now. */
static pfld_status show_again(live *l, pfld_error *err)
{
    pfld_status status = PFLD_OK;

    if (!l->frame)
        return PFLD_OK;
    if (l->forgot) {
        status = follow(l, err);
        tell(l);
    }
    return status ? status : draw(l, err);
}

static pfld_status take_keys(live *l, pfld_error *err)
{
    pfld_status status = PFLD_OK;

    for (int key; !l->done && !status && (key = window_key(l->w)) != WINDOW_NOTHING;) {
        press(l, key);
        if (l->paused)
            status = show_again(l, err);
    }
    return status;
}

static pfld_status next_frame(live *l, pfld_error *err)
{
    video_frame *frame = NULL;
    latest_state state = latest_take(l->camera, WAIT_MS, &frame, err);
    pfld_status status;

    if (state == LATEST_END)
        l->done = true;
    if (state != LATEST_FRAME)
        return l->done ? err->status : PFLD_OK;
    l->frame = frame;
    status = follow(l, err);
    if (status == PFLD_OK)
        status = draw(l, err);
    measure_rate(l);
    tell(l);
    l->frames++;
    l->done |= l->f->frames && l->frames == (size_t)l->f->frames;
    return status;
}

static void wait_a_little(void)
{
    const struct timespec t = {0, 1000000L * WAIT_MS};

    nanosleep(&t, NULL);
}

/* While it is paused no frame is taken: the one that is shown stays, and may be drawn again. */
static pfld_status play(live *l, pfld_error *err)
{
    pfld_status status = PFLD_OK;

    while (!l->done && !signals_stop(NULL) && status == PFLD_OK) {
        if (l->paused)
            wait_a_little();
        else
            status = next_frame(l, err);
        if (status == PFLD_OK)
            status = take_keys(l, err);
    }
    return status;
}

/* ---- before and after ---- */

static bool is_number(const char *s)
{
    return *s && strspn(s, "0123456789") == strlen(s) && strlen(s) < 4;
}

static bool is_device(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISCHR(st.st_mode);
}

static pfld_status open_camera(live *l, char *device, size_t room, pfld_error *err)
{
    const char *camera = l->f->camera ? l->f->camera : "0";
    bool numbered = is_number(camera);
    video_source source = {.path = camera, .stop = signals_stop};
    pfld_status status;

    if (numbered) {
        snprintf(device, room, "/dev/video%s", camera);
        source.path = device;
    }
    if (numbered || is_device(camera))
        source.device = "video4linux2,v4l2";
    status = video_open(&source, &l->reader, err);
    return status ? status : latest_start(l->reader, !source.device, &l->camera, err);
}

static pfld_status live_open(live *l, char *device, size_t room, pfld_error *err)
{
    const live_fields *f = l->f;
    pfld_track_options track;
    const video_info *info;
    pfld_status status = detect_setup_open(&l->setup, &f->d, err);

    l->setup.how.turns = 0;
    pfld_track_options_init(&track, sizeof track);
    track.max_faces = (int32_t)f->faces;
    track.smooth = f->smooth < 0 ? 0 : f->smooth > 0 ? f->smooth : -1;
    if (status == PFLD_OK)
        status = pfld_session_create(l->setup.landmarks, l->setup.detector, &l->setup.how,
                                     &l->session, err);
    if (status == PFLD_OK)
        status = pfld_tracker_create(&track, &l->tracker, err);
    if (status == PFLD_OK)
        status = open_camera(l, device, room, err);
    if (status)
        return status;
    l->style = f->d.draw.style < 0 ? DRAW_FULL : (draw_style)f->d.draw.style;
    l->how = draw_fields_options(&f->d.draw, l->setup.ellipse);
    l->ellipse =
        l->setup.ellipse > 0 ? l->setup.ellipse : pfld_ellipse_radius(l->setup.landmarks, ELLIPSES);
    info = video_reader_info(l->reader);
    return window_open("pfld live", info->width, info->height, &l->w, err);
}

static void live_close(live *l)
{
    latest_stop(l->camera);
    video_close(l->reader);
    window_close(l->w);
    media_image_free(&l->drawn);
    mem_free(l->mirrored.data);
    pfld_tracker_free(l->tracker);
    pfld_session_free(l->session);
    detect_setup_close(&l->setup);
}

static bool check(const live_fields *f)
{
    if (f->smooth > 1)
        message("live: --smooth: %g is not from 0 to 1", (double)f->smooth);
    else if (f->faces > FACES)
        message("live: --faces: %ld is more than %d", f->faces, FACES);
    else if (f->d.max_side > 4096)
        message("live: --max-side: %ld is more than 4096", f->d.max_side);
    else if (f->picture && (!media_is_writable(f->picture) || strcmp(f->picture, "-") == 0))
        message("live: --picture: '%.80s' must end in .png, .jpg or .jpeg", f->picture);
    else
        return draw_fields_check("live", &f->d.draw);
    return false;
}

static int run(const cli_command *self, int argc, char **argv)
{
    live_fields f = {.d = DETECT_FIELDS_START, .smooth = -1};
    cli_args args = {(size_t)argc, argv, false};
    char device[32];
    pfld_error err = {0};
    pfld_status status;
    live *l;
    int code;

    if (!cli_begin(self, &args, &f, &code))
        return code;
    if (!check(&f))
        return CLI_USAGE;
    l = mem_alloc(1, sizeof *l);
    if (!l) {
        message("out of memory");
        return CLI_INTERNAL;
    }
    l->f = &f;
    l->mirror = f.mirror;
    signals_catch();
    status = live_open(l, device, sizeof device, &err);
    if (status == PFLD_OK)
        status = play(l, &err);
    if (status)
        message("%s", err.msg);
    code = message_exit(status);
    if (status == PFLD_OK && f.frames && f.picture && !save(l))
        code = CLI_SOME_FAILED;
    live_close(l);
    mem_free(l);
    return code;
}

const cli_command command_live = {
    .name = "live",
    .brief = "shows the faces before a camera in a window",
    .synopsis = "[--camera N|FILE] [--mirror]",
    .about =
        "Opens a window with what a camera (V4L2) sees, and its faces: box, landmarks, the head's "
        "axes, id. The window's title tells frames a second. Frames that come faster than they can "
        "be worked on are left out, so that the picture is not late.\n\n"
        "Keys: d goes through the styles; l landmarks, b boxes, p axes, i labels with the id, f "
        "the five points, e ellipses: on and off; m mirror, s saves the picture, r forgets all "
        "faces, space stops and goes on, q or Escape ends.",
    .examples = "pfld live --mirror\n"
                "pfld live --camera talk.mp4",
    .options = options,
    .min_operands = 0,
    .max_operands = 0,
    .operand = "",
    .run = run,
};
