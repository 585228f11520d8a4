/* What is measured of the faces of a video, and what happens in them: blinks, yawns. */
#include "cli/face_watch.h"

#include <math.h>

/* A model without landmarks, or with as many as no scheme has: nothing is known. */
static const pfld_measures unknown = {
    .eye_open = {NAN, NAN}, .mouth_open = NAN, .asymmetry = NAN, .inter_pupil = NAN, .facing = NAN};

output_measures face_watch_add(face_watch *w, const pfld_face *face, double t)
{
    output_measures out;
    bool is_new;
    size_t at = recent_ids_place(&w->ids, face->id, t, &is_new);

    if (is_new)
        w->events[at] = (pfld_events){0};
    if (pfld_measure(face, &out.m, NULL) != PFLD_OK)
        out.m = unknown;
    out.happened = pfld_events_update(&w->events[at], &out.m, t);
    out.events = w->events[at];
    return out;
}
