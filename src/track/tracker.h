/* Faces from frame to frame: who is who, where to look next, and when to search again. */
#ifndef TRACK_TRACKER_H
#define TRACK_TRACKER_H

#include "detect/faces.h"
#include "track/cuts.h"
#include "track/filter.h"

#define TRACKER_MAX_FACES 64

typedef struct tracker_options { /* as pfld_track_options, but with its defaults filled in */
    int32_t max_faces;           /* 1..TRACKER_MAX_FACES */
    float smooth;                /* 0..1 */
    float search_every;          /* seconds between searches while all faces are seen */
    float hold;                  /* seconds for which a face that is not seen keeps its id */
} tracker_options;

typedef struct track_place {
    face_square square;  /* around its landmarks as they were measured, in the landmarks' frame */
    pfld_point velocity; /* of the square's centre, pixels a second */
    double t;
} track_place;

typedef struct track {
    uint32_t id;
    bool seen;        /* in the last frame */
    bool doubted;     /* ... and covered (less surely a face than usual), or just back */
    bool known;       /* a search has been sure of it */
    track_place now;  /* where it was seen last */
    track_place sure; /* where it last was surely a face */
    float usual;      /* presence */
    double born;      /* when it came, ... */
    double since;     /* ... and since when it has been followed without a break */
    double confirmed; /* when a search last found it where it was, ... */
    double backed;    /* ... and was sure of it, since then; or -INFINITY */
    filter points;
    pfld_face face; /* as it was given out last */
} track;

typedef struct tracker {
    tracker_options opt;
    track tracks[TRACKER_MAX_FACES]; /* [n], by id */
    size_t n;
    uint32_t last_id;
    cuts cuts;
    bool begun;
    double t, searched;                 /* of the last frame, and of the last search */
    pfld_face found[TRACKER_MAX_FACES]; /* of a search */
} tracker;

/* Zeroed but for opt: nothing seen yet. */
void tracker_reset(tracker *tr);

/*
 * The next frame, at t seconds: writes the first cap of the faces seen in it, by id; returns how
 * many there are, at most opt.max_faces. Both nets are there. A t that is not later than the last
 * frame's begins anew, as after a jump back. Allocates nothing.
 */
size_t tracker_step(tracker *tr, faces *f, const pfld_image *img, double t, pfld_face *out,
                    size_t cap);

#endif
