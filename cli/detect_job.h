/* One picture of pfld detect: reading it, finding its faces, drawing them. */
#ifndef CLI_DETECT_JOB_H
#define CLI_DETECT_JOB_H

#include "cli/boxes.h"
#include "cli/detect_options.h"
#include "cli/hash_set.h"
#include "cli/output.h"

typedef struct detect_setup { /* what all pictures share; immutable while they are worked on */
    const detect_fields *f;
    boxes_table table;                /* of --boxes */
    pfld_model *landmarks, *detector; /* NULL: not wanted */
    pfld_options how;
    const char *scheme;         /* of the landmarks, or NULL */
    int32_t n_landmarks;        /* 0 without a model of them */
    float radii[OUTPUT_SHARES]; /* of output_shares; NaN where the model can't tell, 0 without */
    float ellipse;              /* of --ellipses; 0: none */
    hash_set originals; /* files that no picture may replace: path_identity() of all that come */
} detect_setup;         /* zeroed: nothing open */

typedef struct detect_worker { /* a thread's own; zeroed at first */
    pfld_session *session;
    pfld_face *found; /* [room] */
    size_t room;
} detect_worker;

typedef struct detect_item { /* a picture on its way; zeroed at first, and then used again */
    char *file;              /* [file_room]; "-": stdin */
    size_t file_room;
    char *target; /* [target_room], where it is drawn into a folder; else unused */
    size_t target_room;
    bool skipped;          /* there is nothing to do */
    bool done;             /* the rest is its result: */
    int32_t width, height; /* of the upright picture */
    pfld_face *faces;      /* [n] */
    size_t n, faces_room;
    char *said; /* [said_used] what went wrong, sentences that end with a 0 byte each */
    size_t said_used, said_room;
    int code; /* a cli_exit: the worst of it */
} detect_item;

/* Reads the models and the boxes that f names. */
pfld_status detect_setup_open(detect_setup *s, const detect_fields *f, pfld_error *err);
void detect_setup_close(detect_setup *s);

static inline bool detect_tells_spread(const detect_setup *s)
{
    return s->radii[0] > 0.0f;
}

/* Makes the worker's session, unless it has one. */
pfld_status detect_worker_start(detect_worker *w, const detect_setup *s, pfld_error *err);
void detect_worker_free(detect_worker *w);

/* Nothing of the picture before is left. */
void detect_item_reset(detect_item *item);
/* Notes a sentence about it, and that it failed. */
void detect_item_fail(detect_item *item, pfld_status status, const char *text);
void detect_item_free(detect_item *item);

/* Does what is to be done with item->file, draws it, and notes what failed. */
void detect_item_work(detect_item *item, const detect_setup *s, detect_worker *w);

/* True where f->picture names a folder, there or to be made. */
bool detect_draws_into_folder(const detect_fields *f);

#endif
