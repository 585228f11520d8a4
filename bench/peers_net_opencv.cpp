/*
 * Any net through OpenCV's DNN module on one thread, on noise, as one of bench/peers_nets.
 *
 *     peers_net_opencv MODEL.onnx DIM,DIM,...
 */
#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>
#include <sstream>
#include <vector>

#include "peers.h"

static cv::dnn::Net net;
static cv::Mat input;

static void peer_load(const peer_picture *)
{
    cv::theRNG().state = 1;
    cv::randu(input, cv::Scalar(-1), cv::Scalar(1));
}

static int peer_detect(const peer_picture *, peer_face *)
{
    std::vector<cv::Mat> out;

    net.setInput(input);
    net.forward(out, net.getUnconnectedOutLayersNames());
    return 0;
}

int main(int argc, char **argv)
{
    std::vector<int> dims;

    if (argc != 3)
        peer_fail("MODEL.onnx DIM,DIM,...", "peers_net_opencv");
    std::stringstream list(argv[2]);
    for (std::string dim; std::getline(list, dim, ',');)
        dims.push_back(std::stoi(dim));
    cv::setNumThreads(1);
    try {
        net = cv::dnn::readNetFromONNX(argv[1]);
        input.create(int(dims.size()), dims.data(), CV_32F);
        peer_load(nullptr);
        peer_detect(nullptr, nullptr);
    } catch (const cv::Exception &e) {
        peer_fail("OpenCV cannot run it", argv[1]);
    }
    return peer_main();
}
