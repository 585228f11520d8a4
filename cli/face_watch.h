/* What is measured of the faces of a video, and what happens in them: blinks, yawns. */
#ifndef CLI_FACE_WATCH_H
#define CLI_FACE_WATCH_H

#include "cli/output.h"
#include "cli/recent_ids.h"

typedef struct face_watch { /* zeroed: no face yet */
    recent_ids ids;
    pfld_events events[RECENT_IDS]; /* by the places of ids */
} face_watch;

/* A face of the frame at t seconds, later than the frames before. */
output_measures face_watch_add(face_watch *w, const pfld_face *face, double t);

#endif
