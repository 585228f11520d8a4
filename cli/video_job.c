/* One frame of pfld video on its way: read, its faces followed, drawn, written. */
#define _POSIX_C_SOURCE 200809L
#include "cli/video_job.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/signals.h"
#include "cli/stages.h"
#include "cli/threads.h"
#include "core/error.h"
#include "core/mem.h"
#include "geometry/affine.h"
#include "geometry/scheme.h"
#include "image/image.h"
#include "media/blur.h"
#include "media/draw.h"
#include "media/paths.h"

#define HELD      0.5 /* seconds for which --blur goes on where a face was seen last */
#define CROP      112 /* pixels */
#define LONG_PATH 4096

enum { STEP_READ, STEP_FOLLOW, STEP_DRAW, STEP_WRITE };

/* ---- read ---- */

static bool read_frame(void *ctx, void *p)
{
    video_job *j = ctx;
    video_item *item = p;
    bool more = false;

    j->last = item;
    if (signals_stop(NULL))
        return false;
    j->status[STEP_READ] = video_read(j->reader, &item->frame, &more, &j->err[STEP_READ]);
    item->moment = (output_moment){j->frames, item->frame.t};
    if (j->status[STEP_READ] || !more)
        return false;
    j->frames++;
    return true;
}

/* ---- follow ---- */

static bool follow_faces(void *ctx, void *p)
{
    video_job *j = ctx;
    video_item *item = p;

    j->status[STEP_FOLLOW] = pfld_track(j->tracker, j->session, &item->frame.view, item->frame.t,
                                        item->faces, VIDEO_FACES, &item->n, &j->err[STEP_FOLLOW]);
    if (item->n > VIDEO_FACES)
        item->n = VIDEO_FACES;
    for (size_t i = 0; i < item->n; i++)
        item->measures[i] = face_watch_add(&j->watch, &item->faces[i], item->frame.t);
    return j->status[STEP_FOLLOW] == PFLD_OK;
}

/* ---- draw: crops ---- */

/* Where nets for recognition want the five points in 112x112 pixels: ArcFace's reference points. */
static const pfld_point reference[5] = {{38.2946f, 51.6963f},
                                        {73.5318f, 51.5014f},
                                        {56.0252f, 71.7366f},
                                        {41.5493f, 92.3655f},
                                        {70.7299f, 92.2041f}};

static bool crop_map(const pfld_face *face, int32_t size, affine *to_photo)
{
    float k = (float)size / 112.0f;
    pfld_point points[5];

    for (int i = 0; i < 5; i++)
        points[i] =
            (pfld_point){(reference[i].x + 0.5f) * k - 0.5f, (reference[i].y + 0.5f) * k - 0.5f};
    return affine_fit_similarity(points, face->five, NULL, 5, to_photo);
}

static pfld_status write_crop(const video_job *j, const video_item *item, const pfld_face *face,
                              pfld_error *err)
{
    int32_t size = j->f->crop_size ? (int32_t)j->f->crop_size : CROP;
    char path[LONG_PATH], name[64], shown[ERROR_PATH + 1];
    struct stat st;
    affine to_photo;
    pfld_image crop = {NULL, size, size, 3 * (ptrdiff_t)size, PFLD_RGB8};
    pfld_status status;

    if (!crop_map(face, size, &to_photo))
        return PFLD_OK;
    snprintf(name, sizeof name, "%06zu-%u.png", item->moment.frame, face->id);
    status = media_path_in(j->f->crops, name, path, sizeof path, err);
    if (status == PFLD_OK && !j->f->force && lstat(path, &st) == 0)
        status = error_set(err, PFLD_ERR_IO, "%s is there already (--force replaces it)",
                           error_path(path, shown));
    if (status)
        return status;
    crop.data = mem_alloc((size_t)size * (size_t)size, 3);
    if (!crop.data)
        return error_nomem(err);
    image_warp(&item->frame.view, &to_photo, &crop);
    status = media_write(path, &crop, err);
    mem_free(crop.data);
    return status;
}

static pfld_status write_crops(const video_job *j, const video_item *item, pfld_error *err)
{
    size_t every = j->f->crop_every ? (size_t)j->f->crop_every : 1;
    pfld_status status = PFLD_OK;

    if (!j->f->crops || item->moment.frame % every)
        return PFLD_OK;
    for (size_t i = 0; i < item->n && status == PFLD_OK; i++)
        status = write_crop(j, item, &item->faces[i], err);
    return status;
}

/* ---- draw: faces ---- */

/* A face that is lost for a few frames is still there for whoever looks at it. */
static void blur_faces(video_job *j, video_item *item)
{
    const recent_ids *seen = &j->blurred;
    bool is_new;

    for (size_t i = 0; i < item->n; i++)
        j->blurred_boxes[recent_ids_place(&j->blurred, item->faces[i].id, item->frame.t, &is_new)] =
            item->faces[i].box;
    for (size_t i = 0; i < seen->n; i++)
        if (fabs(item->frame.t - seen->t[i]) <= HELD)
            blur_face(&item->frame.view, &j->blurred_boxes[i]);
}

static bool draw_frame(void *ctx, void *p)
{
    video_job *j = ctx;
    video_item *item = p;
    pfld_error *err = &j->err[STEP_DRAW];
    const draw_options how = draw_fields_options(&j->f->d.draw, j->setup.ellipse);
    pfld_status status = write_crops(j, item, err);

    if (status == PFLD_OK && j->writer && j->f->blur)
        blur_faces(j, item);
    else if (status == PFLD_OK && j->writer)
        status = draw_faces(&item->frame.view, scheme_find(j->setup.scheme), item->faces, item->n,
                            &how, &item->drawn, err);
    j->status[STEP_DRAW] = status;
    return status == PFLD_OK;
}

/* ---- write ---- */

static pfld_status write_results(video_job *j, const video_item *item, pfld_error *err)
{
    const output_result r = {.file = j->in,
                             .moment = &item->moment,
                             .width = item->frame.view.width,
                             .height = item->frame.view.height,
                             .scheme = j->setup.scheme,
                             .n_landmarks = j->setup.n_landmarks,
                             .faces = item->faces,
                             .n = item->n,
                             .measures = item->measures,
                             .radii = detect_tells_spread(&j->setup) ? j->setup.radii : NULL};
    pfld_status status = PFLD_OK;

    for (size_t i = 0; i < j->n_outs && status == PFLD_OK; i++)
        status = output_write(&j->outs[i], &r, err);
    return status;
}

static size_t count_new(video_job *j, const video_item *item)
{
    size_t n = 0;

    for (size_t i = 0; i < item->n; i++)
        if (item->faces[i].id > j->last_id) {
            j->last_id = item->faces[i].id;
            n++;
        }
    return n;
}

static bool write_frame(void *ctx, void *p)
{
    video_job *j = ctx;
    video_item *item = p;
    pfld_error *err = &j->err[STEP_WRITE];
    const pfld_image *picture = item->drawn.view.data ? &item->drawn.view : &item->frame.view;
    pfld_status status = write_results(j, item, err);

    if (status == PFLD_OK && j->writer)
        status = video_write(j->writer, &item->frame, picture, err);
    media_image_free(&item->drawn);
    item->drawn = (media_image){{0}};
    progress_step(&j->bar, count_new(j, item), false);
    j->status[STEP_WRITE] = status;
    return status == PFLD_OK;
}

/* ---- all of it ---- */

pfld_status video_job_run(video_job *j, pfld_error *err)
{
    static stages_step *const steps[VIDEO_STEPS] = {read_frame, follow_faces, draw_frame,
                                                    write_frame};
    const stages_work w = {.ctx = j,
                           .items = j->items,
                           .n_items = VIDEO_ITEMS,
                           .item_size = sizeof *j->items,
                           .steps = steps,
                           .n_steps = VIDEO_STEPS,
                           .alone = threads_or_cpus(j->f->threads) == 1};

    stages_run(&w);
    for (int i = 0; i < VIDEO_STEPS; i++)
        if (j->status[i]) {
            *err = j->err[i];
            return j->status[i];
        }
    return j->writer && j->last ? video_write(j->writer, &j->last->frame, NULL, err) : PFLD_OK;
}

void video_job_free_items(video_job *j)
{
    for (int i = 0; i < VIDEO_ITEMS; i++) {
        video_frame_free(&j->items[i].frame);
        media_image_free(&j->items[i].drawn);
    }
}
