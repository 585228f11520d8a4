/* From a box to landmarks: crop, net, back to the picture's pixels, pose. */
#ifndef DETECT_LANDMARKS_H
#define DETECT_LANDMARKS_H

#include "core/arena.h"
#include "detect/spec.h"
#include "infer/infer.h"
#include "pfld/pfld.h"

typedef struct landmarks {
    const spec *how;
    infer_net *net;
    pfld_image crop;                   /* [size][size], in the net's channel order */
    uint8_t group[PFLD_MAX_LANDMARKS]; /* scheme_group_kind of each point, where it has a spread */
    double of_tail;                    /* spread_of_tail(), too */
} landmarks;

/* All memory from mem; g and how must outlive it. For several threads several are made of the same
 * g, how, cap and mem; weights (zeroed before the first) are what they share. */
pfld_status landmarks_create(const net_graph *g, const spec *how, pfld_isa cap,
                             infer_weights *weights, arena *mem, landmarks *out, pfld_error *err);

/* img and box are valid (image_check(), box_is_valid()); the crop is turned by roll degrees about
 * the box's centre. Fills in landmarks, their number, how far off they may be, and pose. */
void landmarks_find(landmarks *l, const pfld_image *img, const pfld_box *box, float roll,
                    pfld_face *face);

#endif
