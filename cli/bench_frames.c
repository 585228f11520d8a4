/* The part of pfld bench that measures whole pictures: faces found, and faces with landmarks. */
#include "cli/bench_frames.h"

#include <stdio.h>
#include <string.h>

#include "cli/model_default.h"
#include "cli/output.h"
#include "core/cpu.h"
#include "core/error.h"
#include "core/mem.h"
#include "core/rng.h"
#include "detect/detect_spec.h"
#include "image/image.h"

enum { STEP = 32, SMALLEST_SIDE = 32, LARGEST_SIDE = 4096, LEAST_MAX_SIDE = 64, GREY = 128 };

static const bench_size usual[] = {{320, 240}, {640, 480}};

typedef struct detector_cost { /* multiply-adds of the net */
    uint64_t macs;             /* on area pixels */
    uint64_t area;
    bool fixed; /* and never on others */
} detector_cost;

typedef struct frame_bench {
    const bench_frames *f;
    const char *detector_name, *landmarks_name;
    pfld_model *detector;
    detector_cost cost;
    pfld_session *session;
    pfld_image picture;
    media_image photo;
    bool with_landmarks;
    pfld_face face;
    size_t found;
} frame_bench;

pfld_status bench_frames_add(bench_frames *f, const char *size, pfld_error *err)
{
    int width = 0, height = 0, end = 0;

    if (f->n == BENCH_FRAMES)
        return error_set(err, PFLD_ERR_ARG, "--frame: %d sizes at most", BENCH_FRAMES);
    if (strlen(size) > 9 || sscanf(size, "%dx%d%n", &width, &height, &end) != 2 || size[end] ||
        width < SMALLEST_SIDE || height < SMALLEST_SIDE || width > LARGEST_SIDE ||
        height > LARGEST_SIDE)
        return error_set(err, PFLD_ERR_ARG,
                         "--frame: '%.80s' is no size like 320x240, sides %d to %d", size,
                         SMALLEST_SIDE, LARGEST_SIDE);
    f->at[f->n++] = (bench_size){width, height};
    return PFLD_OK;
}

/* ---- the detector and what it costs ---- */

static pfld_status find_cost(model_file *m, detector_cost *out, pfld_error *err)
{
    detect_spec how;
    const net_shape *in;
    pfld_status status = detect_spec_resolve(m->graph, NULL, &how, err);

    if (status == PFLD_OK)
        status = infer_create(m->graph, PFLD_ISA_AUTO, &m->mem, &m->net, err);
    if (status) {
        error_prefix(err, m->path);
        return status;
    }
    in = &m->graph->values[m->graph->inputs[0]].shape;
    *out = (detector_cost){model_macs(m), (uint64_t)in->dim[2] * (uint64_t)in->dim[3], how.fixed};
    return PFLD_OK;
}

static uint64_t stepped(int32_t side)
{
    return ((uint64_t)side + STEP - 1) / STEP * STEP;
}

/* A net of convolutions alone costs as many on each pixel, and sees multiples of STEP. */
static uint64_t cost_at(const detector_cost *c, bench_size s)
{
    return c->fixed ? c->macs : stepped(s.width) * stepped(s.height) * c->macs / c->area;
}

static pfld_status open_detector(frame_bench *b, pfld_error *err)
{
    model_file m;
    pfld_status status = model_open_or_default_detector(&m, b->f->detector_path, err);

    b->detector_name = m.path;
    if (status == PFLD_OK) {
        status = pfld_model_load_memory(m.data, m.size, NULL, &b->detector, err);
        if (status == PFLD_OK && pfld_model_kind(b->detector) != PFLD_KIND_DETECTOR)
            status = error_set(err, PFLD_ERR_ARG, "no face detector");
        if (status)
            error_prefix(err, m.path);
    }
    if (status == PFLD_OK)
        status = find_cost(&m, &b->cost, err);
    model_close(&m);
    return status;
}

/* ---- the picture ---- */

/* Without a photo noise, which shows no face. */
static void draw_noise(pfld_image *picture)
{
    rng r;

    rng_seed(&r, 2);
    for (ptrdiff_t i = 0; i < picture->stride * picture->height; i++)
        picture->data[i] = (uint8_t)(rng_u64(&r) >> 56);
}

/* Scaled to fit, from the upper left on. */
static void draw_photo(const pfld_image *photo, pfld_image *picture)
{
    float across = (float)photo->width / (float)picture->width;
    float down = (float)photo->height / (float)picture->height;
    float step = across > down ? across : down, shift = 0.5f * step - 0.5f;
    const affine to_photo = {step, 0, shift, 0, step, shift};
    pfld_image inner = *picture;

    memset(picture->data, GREY, (size_t)picture->stride * (size_t)picture->height);
    inner.width = (int32_t)((float)photo->width / step + 0.5f);
    inner.height = (int32_t)((float)photo->height / step + 0.5f);
    inner.width = inner.width < 1 ? 1 : inner.width < picture->width ? inner.width : picture->width;
    inner.height = inner.height < 1                 ? 1
                   : inner.height < picture->height ? inner.height
                                                    : picture->height;
    image_warp(photo, &to_photo, &inner);
}

static pfld_status make_picture(frame_bench *b, bench_size size, pfld_error *err)
{
    ptrdiff_t stride = (ptrdiff_t)3 * size.width;
    uint8_t *data = mem_alloc((size_t)stride, (size_t)size.height);

    if (!data)
        return error_nomem(err);
    b->picture = (pfld_image){data, size.width, size.height, stride, PFLD_RGB8};
    if (b->f->photo)
        draw_photo(&b->photo.view, &b->picture);
    else
        draw_noise(&b->picture);
    return PFLD_OK;
}

/* ---- measuring ---- */

static pfld_status look(frame_bench *b, pfld_error *err)
{
    const float w = (float)b->picture.width, h = (float)b->picture.height;
    const pfld_box middle = {w / 2 - h / 4, h / 4, h / 2, h / 2};
    pfld_status status = pfld_detect(b->session, &b->picture, &b->face, 1, &b->found, err);

    if (status == PFLD_OK && b->with_landmarks && b->found == 0)
        status = pfld_landmarks(b->session, &b->picture, &middle, &b->face, err);
    return status;
}

static void body(void *with)
{
    look(with, NULL);
}

static json_t *result(const frame_bench *b, const stopwatch *w, uint64_t macs)
{
    json_t *o =
        json_pack("{s:i,s:s,s:o,s:s,s:i,s:i,s:o,s:o,s:I,s:I,s:i,s:i,s:I}", "v", 1, "what",
                  b->with_landmarks ? "frame" : "detector", "model",
                  output_string(b->with_landmarks ? b->landmarks_name : b->detector_name), "isa",
                  cpu_isa_name(pfld_session_isa(b->session)), "threads", (int)b->f->threads,
                  "batch", 1, "min_ms", output_number(stopwatch_min(w), 5), "median_ms",
                  output_number(stopwatch_median(w), 5), "macs", (json_int_t)macs, "runs",
                  (json_int_t)w->n, "width", (int)b->picture.width, "height",
                  (int)b->picture.height, "faces", (json_int_t)b->found);

    if (o && b->with_landmarks &&
        json_object_set_new(o, "detector", output_string(b->detector_name))) {
        json_decref(o);
        return NULL;
    }
    return o;
}

static pfld_status measure(frame_bench *b, stopwatch *w, uint64_t macs, pfld_error *err)
{
    pfld_status status = look(b, err);

    if (status == PFLD_OK)
        status = stopwatch_measure(w, body, b, err);
    if (status)
        return status;
    fprintf(stderr,
            "%-10s %9.4f ms at best, %9.4f median of %zu runs, %dx%d, faces found: %zu, %s\n",
            b->with_landmarks ? "frame" : "detector", stopwatch_min(w), stopwatch_median(w), w->n,
            (int)b->picture.width, (int)b->picture.height, b->found,
            cpu_isa_name(pfld_session_isa(b->session)));
    return output_json(stdout, result(b, w, macs), err);
}

/* One size, without landmarks or with them: NULL is without. */
static pfld_status measure_with(frame_bench *b, const pfld_model *landmarks, stopwatch *w,
                                uint64_t macs, pfld_error *err)
{
    int32_t side = b->picture.width > b->picture.height ? b->picture.width : b->picture.height;
    pfld_options opt;
    pfld_status status;

    pfld_options_init(&opt, sizeof opt);
    opt.isa = b->f->isa;
    opt.threads = b->f->threads;
    opt.max_side = side > LEAST_MAX_SIDE ? side : LEAST_MAX_SIDE;
    opt.presence_min = -1; /* the second look costs the same, and no face is lost to it */
    opt.turns = -1;        /* no way up is looked for in noise */
    status = pfld_session_create(landmarks, b->detector, &opt, &b->session, err);
    b->with_landmarks = landmarks != NULL;
    if (status == PFLD_OK)
        status = measure(b, w, macs, err);
    pfld_session_free(b->session);
    b->session = NULL;
    return status;
}

static pfld_status run_size(frame_bench *b, bench_size size, const pfld_model *landmarks,
                            uint64_t landmark_macs, stopwatch *w, pfld_error *err)
{
    uint64_t macs = cost_at(&b->cost, size);
    pfld_status status = make_picture(b, size, err);

    if (status == PFLD_OK && b->f->has_detector)
        status = measure_with(b, NULL, w, macs, err);
    if (status == PFLD_OK && b->f->has_frame)
        status = measure_with(b, landmarks, w, macs + landmark_macs, err);
    mem_free(b->picture.data);
    b->picture.data = NULL;
    return status;
}

pfld_status bench_frames_run(const bench_frames *f, const pfld_model *landmarks,
                             uint64_t landmark_macs, stopwatch *watch, pfld_error *err)
{
    frame_bench b = {.f = f, .landmarks_name = f->landmarks_path};
    const bench_size *sizes = f->n ? f->at : usual;
    size_t n = f->n ? f->n : sizeof usual / sizeof usual[0];
    pfld_status status = open_detector(&b, err);

    if (status == PFLD_OK && f->photo)
        status = media_read(f->photo, &b.photo, err);
    for (size_t i = 0; i < n && status == PFLD_OK; i++)
        status = run_size(&b, sizes[i], landmarks, landmark_macs, watch, err);
    media_image_free(&b.photo);
    pfld_model_free(b.detector);
    return status;
}
