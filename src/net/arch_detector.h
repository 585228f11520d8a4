/* Builder of our face detector: a fully convolutional net with heads at strides 8, 16 and 32. */
#ifndef NET_ARCH_DETECTOR_H
#define NET_ARCH_DETECTOR_H

#include "net/graph.h"

enum {
    DETECTOR_LEVELS = 3,
    /* of an output, from its first channel: the score's logit; the centre's dx, dy from the cell's
       in strides, ln(width / stride), ln(height / stride); the five points' dx, dy in strides */
    DETECTOR_SCORE = 0,
    DETECTOR_BOX = 1,
    DETECTOR_FIVE = 5,
    DETECTOR_CHANNELS = 15
};
extern const int detector_strides[DETECTOR_LEVELS]; /* 8, 16, 32 */

typedef struct arch_detector {
    double width; /* channels times this, rounded to multiples of 8; above 0, at most 8 */
    int size;     /* side of the square input of the training form: a multiple of 32, 64..512 */
} arch_detector;

/*
 * The training form: batch normalisation and ReLU as nodes of their own, batch dimension open.
 * Input "input" [B][3][S][S]; outputs "stride8", "stride16" and "stride32" [B][15][S/s][S/s]. The
 * cell of row i and column j has its centre at ((j + 0.5) s - 0.5, (i + 0.5) s - 0.5).
 *
 * Blocks are a depthwise 3x3 and a 1x1 convolution, each with batch normalisation and ReLU, and the
 * input added before the last ReLU where nothing shrinks (MobileNet v1's with ResNet's shortcut). A
 * top-down path (FPN, Lin et al. 2017) adds what the coarse maps know to the finer ones. A head is
 * one block and one 1x1 convolution. At width 1: 92,621 parameters, 64 M multiply-adds for 320x240.
 *
 * Weights: as arch_pfld_build(); all cells start with a score of 0.01 (Lin et al. 2017, RetinaNet)
 * and a box of three strides. Fails with PFLD_ERR_ARG and PFLD_ERR_NOMEM.
 */
pfld_status arch_detector_build(const arch_detector *a, uint64_t seed, net_graph **out,
                                pfld_error *err);
/* Multiply-adds and parameters, normalisation folded; false where it can't be built. */
bool arch_detector_cost(const arch_detector *a, uint64_t *macs, uint64_t *parameters);

#endif
