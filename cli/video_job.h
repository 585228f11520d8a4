/* One frame of pfld video on its way: read, its faces followed, drawn, written. */
#ifndef CLI_VIDEO_JOB_H
#define CLI_VIDEO_JOB_H

#include "cli/detect_job.h"
#include "cli/face_watch.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/video_options.h"
#include "media/codec.h"
#include "media/video.h"

enum {
    VIDEO_STEPS = 4,
    VIDEO_ITEMS = VIDEO_STEPS + 2,
    VIDEO_FACES = RECENT_IDS,
    VIDEO_OUTPUTS = 2
};

typedef struct video_item {
    video_frame frame;
    output_moment moment;
    pfld_face faces[VIDEO_FACES]; /* [n] */
    size_t n;
    output_measures measures[VIDEO_FACES]; /* [n] */
    media_image drawn;                     /* or empty: frame.view is what is to be written */
} video_item;

typedef struct video_job { /* each part belongs to one step; what comes first is the same for all */
    const video_fields *f;
    const char *in;
    detect_setup setup;
    /* read: */
    video_reader *reader;
    size_t frames;
    video_item *last; /* the one that held no frame: there may be sound in it */
    /* follow: */
    pfld_session *session;
    pfld_tracker *tracker;
    face_watch watch;
    /* draw: */
    recent_ids blurred;
    pfld_box blurred_boxes[RECENT_IDS]; /* by the places of blurred */
    /* write: */
    output outs[VIDEO_OUTPUTS]; /* [n_outs] */
    size_t n_outs;
    bool is_new[VIDEO_OUTPUTS]; /* [n_outs]: this run made the file */
    video_writer *writer;       /* NULL: none is wanted */
    bool is_new_video;          /* the same of its file */
    progress bar;
    uint32_t last_id; /* the highest so far: ids count the faces */

    pfld_status status[VIDEO_STEPS]; /* of each step, what ended it */
    pfld_error err[VIDEO_STEPS];
    video_item items[VIDEO_ITEMS];
} video_job;

/* All steps, until the video or the patience (a signal) ends. What failed first in the order of the
 * steps is the answer. */
pfld_status video_job_run(video_job *j, pfld_error *err);
void video_job_free_items(video_job *j);

#endif
