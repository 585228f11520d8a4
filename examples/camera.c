/* camera: follows the faces before a camera, whose frames come as bare RGB on stdin:
 *   ffmpeg -f v4l2 -video_size 640x480 -i /dev/video0 -f rawvideo -pix_fmt rgb24 - |
 *       ./camera 640 480 */
#include <pfld/pfld.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int fail(const char *why)
{
    fprintf(stderr, "%s\n", why);
    return 1;
}

int main(int argc, char **argv)
{
    static pfld_face faces[8];
    int width = argc == 3 ? atoi(argv[1]) : 0, height = argc == 3 ? atoi(argv[2]) : 0;
    pfld_image frame = {NULL, width, height, 3 * (ptrdiff_t)width, PFLD_RGB8};
    size_t n, size = 3 * (size_t)width * (size_t)height;
    pfld_model *landmarks = NULL, *detector = NULL;
    pfld_session *session = NULL;
    pfld_tracker *tracker = NULL;
    pfld_error err;
    struct timespec now;

    if (width < 1 || height < 1)
        return fail("usage: camera WIDTH HEIGHT <FRAMES");
    frame.data = malloc(size);
    if (!frame.data)
        return fail("no memory for such a frame");
    if (pfld_model_load_default(NULL, &landmarks, &err) || /* 0 is PFLD_OK */
        pfld_model_load_default_detector(NULL, &detector, &err) ||
        pfld_session_create(landmarks, detector, NULL, &session, &err) ||
        pfld_tracker_create(NULL, &tracker, &err)) {
        free(frame.data);
        return fail(err.msg);
    }
    while (fread(frame.data, 1, size, stdin) == size) {
        timespec_get(&now, TIME_UTC);
        if (pfld_track(tracker, session, &frame, (double)now.tv_sec + 1e-9 * (double)now.tv_nsec,
                       faces, 8, &n, &err)) {
            free(frame.data);
            return fail(err.msg);
        }
        for (size_t i = 0; i < n && i < 8; i++)
            printf("face %u: yaw %+.0f pitch %+.0f roll %+.0f  ", (unsigned)faces[i].id,
                   (double)faces[i].pose.yaw, (double)faces[i].pose.pitch,
                   (double)faces[i].pose.roll);
        putchar('\n');
        fflush(stdout);
    }

    pfld_tracker_free(tracker);
    pfld_session_free(session);
    pfld_model_free(landmarks);
    pfld_model_free(detector);
    free(frame.data);
    return 0;
}
