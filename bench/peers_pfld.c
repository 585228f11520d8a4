/*
 * pfld as one of bench/peers.
 *
 *     peers_pfld detector|frame [DETECTOR.onnx]
 *
 * detector: boxes and five points; frame: landmarks and pose, too, of every face. The picture is
 * searched at its own size. Without a file, the detector inside the library.
 */
#define _POSIX_C_SOURCE 200809L /* clock_gettime() */

#include <pfld/pfld.h>

#include "peers.h"

static pfld_model *landmarks, *detector;
static pfld_session *session;

static void check(pfld_status status, const pfld_error *err)
{
    if (status)
        peer_fail(err->msg, "pfld");
}

static void peer_load(const peer_picture *p)
{
    pfld_options opt;
    pfld_error err = {0};

    pfld_options_init(&opt, sizeof opt);
    opt.max_side = p->width > p->height ? p->width : p->height;
    if (opt.max_side < 64)
        opt.max_side = 64;
    pfld_session_free(session);
    check(pfld_session_create(landmarks, detector, &opt, &session, &err), &err);
}

static int peer_detect(const peer_picture *p, peer_face *faces)
{
    static pfld_face found[PEER_FACES];
    const pfld_image image = {p->rgb, p->width, p->height, (ptrdiff_t)3 * p->width, PFLD_RGB8};
    pfld_error err = {0};
    size_t n;

    check(pfld_detect(session, &image, found, PEER_FACES, &n, &err), &err);
    if (n > PEER_FACES)
        n = PEER_FACES;
    for (size_t i = 0; i < n; i++) {
        const pfld_box *b = &found[i].box;

        faces[i] = (peer_face){(double)b->x, (double)b->y, (double)b->w, (double)b->h,
                               (double)found[i].score};
    }
    return (int)n;
}

int main(int argc, char **argv)
{
    pfld_error err = {0};
    int code;

    if (argc < 2 || argc > 3)
        peer_fail("detector|frame [DETECTOR.onnx]", "peers_pfld");
    check(argc > 2 ? pfld_model_load(argv[2], NULL, &detector, &err)
                   : pfld_model_load_default_detector(NULL, &detector, &err),
          &err);
    if (!strcmp(argv[1], "frame"))
        check(pfld_model_load_default(NULL, &landmarks, &err), &err);
    code = peer_main();
    pfld_session_free(session);
    pfld_model_free(landmarks);
    pfld_model_free(detector);
    return code;
}
