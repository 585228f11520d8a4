/* dlib's frontal HOG detector as one of bench/peers; on grey, which its examples call faster. */
#include <dlib/array2d.h>
#include <dlib/image_processing/frontal_face_detector.h>
#include <dlib/pixel.h>

#include "peers.h"

static dlib::frontal_face_detector detector = dlib::get_frontal_face_detector();
static dlib::array2d<unsigned char> grey;

static void peer_load(const peer_picture *p)
{
    grey.set_size(p->height, p->width);
    for (long y = 0; y < p->height; y++)
        for (long x = 0; x < p->width; x++) {
            const unsigned char *rgb = p->rgb + (y * p->width + x) * 3;

            dlib::assign_pixel(grey[y][x], dlib::rgb_pixel(rgb[0], rgb[1], rgb[2]));
        }
}

static int peer_detect(const peer_picture *, peer_face *faces)
{
    std::vector<dlib::rect_detection> found;
    int n = 0;

    detector(grey, found);
    for (const auto &f : found)
        if (n < PEER_FACES)
            faces[n++] = {double(f.rect.left()), double(f.rect.top()), double(f.rect.width()),
                          double(f.rect.height()), f.detection_confidence};
    return n;
}

int main()
{
    return peer_main();
}
