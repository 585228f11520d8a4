/* blinks: counts them in a video, whose frames come as bare RGB on stdin, so many a second:
 *   ffmpeg -i talk.mp4 -vf scale=640:480,fps=30 -f rawvideo -pix_fmt rgb24 - |
 *       ./blinks 640 480 30 */
#include <pfld/pfld.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char *why)
{
    fprintf(stderr, "%s\n", why);
    return 1;
}

int main(int argc, char **argv)
{
    int width = argc == 4 ? atoi(argv[1]) : 0, height = argc == 4 ? atoi(argv[2]) : 0;
    double rate = argc == 4 ? atof(argv[3]) : 0;
    pfld_image frame = {NULL, width, height, 3 * (ptrdiff_t)width, PFLD_RGB8};
    size_t n, size = 3 * (size_t)width * (size_t)height;
    pfld_model *landmarks = NULL, *detector = NULL;
    pfld_session *session = NULL;
    pfld_track_options one;
    pfld_tracker *tracker = NULL;
    pfld_face face = {0};
    pfld_measures measures;
    pfld_events events = {0}; /* of one face over time */
    pfld_error err;
    uint32_t id = 0;

    pfld_track_options_init(&one, sizeof one);
    one.max_faces = 1;
    if (width < 1 || height < 1 || !(rate > 0))
        return fail("usage: blinks WIDTH HEIGHT RATE <FRAMES");
    frame.data = malloc(size);
    if (!frame.data)
        return fail("no memory for such a frame");
    if (pfld_model_load_default(NULL, &landmarks, &err) || /* 0 is PFLD_OK */
        pfld_model_load_default_detector(NULL, &detector, &err) ||
        pfld_session_create(landmarks, detector, NULL, &session, &err) ||
        pfld_tracker_create(&one, &tracker, &err)) {
        free(frame.data);
        return fail(err.msg);
    }
    for (int i = 0; fread(frame.data, 1, size, stdin) == size; i++) {
        double t = i / rate; /* seconds */

        if (pfld_track(tracker, session, &frame, t, &face, 1, &n, &err)) {
            free(frame.data);
            return fail(err.msg);
        }
        if (n == 0 || pfld_measure(&face, &measures, NULL))
            continue;
        if (face.id != id) /* somebody else */
            events = (pfld_events){0};
        id = face.id;
        if (pfld_events_update(&events, &measures, t) & PFLD_EVENT_BLINK)
            printf("%.2f s: face %u, blink %u\n", t, (unsigned)id, (unsigned)events.blinks);
    }

    pfld_tracker_free(tracker);
    pfld_session_free(session);
    pfld_model_free(landmarks);
    pfld_model_free(detector);
    free(frame.data);
    return 0;
}
