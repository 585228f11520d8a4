/*
 * OpenCV's Haar cascades as one of bench/peers, on grey, with the defaults of detectMultiScale()
 * and faces of 30 pixels at least; and the maker of the pictures that all of them see.
 *
 *     peers_opencv CASCADE.xml
 *     peers_opencv --picture PHOTO WIDTHxHEIGHT OUT.ppm   scaled to fit, upper left, grey beside it
 */
#include <algorithm>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include "peers.h"

static cv::CascadeClassifier cascade;
static cv::Mat grey;

static void peer_load(const peer_picture *p)
{
    cv::cvtColor(cv::Mat(p->height, p->width, CV_8UC3, p->rgb), grey, cv::COLOR_RGB2GRAY);
}

static int peer_detect(const peer_picture *, peer_face *faces)
{
    std::vector<cv::Rect> found;
    int n = 0;

    cascade.detectMultiScale(grey, found, 1.1, 3, 0, cv::Size(30, 30));
    for (const cv::Rect &f : found)
        if (n < PEER_FACES)
            faces[n++] = {double(f.x), double(f.y), double(f.width), double(f.height), 1};
    return n;
}

static int make_picture(const char *photo, const char *size, const char *out)
{
    cv::Mat image = cv::imread(photo, cv::IMREAD_COLOR), scaled;
    int width, height;

    if (image.empty())
        peer_fail("no picture that OpenCV reads", photo);
    if (sscanf(size, "%dx%d", &width, &height) != 2 || width < 1 || height < 1)
        peer_fail("WIDTHxHEIGHT wanted", size);
    double scale = std::min(double(width) / image.cols, double(height) / image.rows);
    cv::Mat frame(height, width, CV_8UC3, cv::Scalar(128, 128, 128));
    cv::Size inner(std::min(width, int(image.cols * scale + 0.5)),
                   std::min(height, int(image.rows * scale + 0.5)));
    cv::resize(image, scaled, inner, 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
    scaled.copyTo(frame(cv::Rect(cv::Point(0, 0), inner)));
    return cv::imwrite(out, frame) ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 5 && !strcmp(argv[1], "--picture"))
        return make_picture(argv[2], argv[3], argv[4]);
    cv::setNumThreads(1);
    if (argc != 2 || !cascade.load(argv[1]))
        peer_fail("no cascade", argc > 1 ? argv[1] : "CASCADE.xml");
    return peer_main();
}
