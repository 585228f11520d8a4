/* Average precision of a detector in training: decoding, suppression, and a set of what is true. */
#ifndef TRAIN_DETECT_VAL_H
#define TRAIN_DETECT_VAL_H

#include "data/scene_loader.h"
#include "eval/detection.h"
#include "train/detect_loss.h"

typedef struct detect_val { /* zeroed: empty */
    scene_set truth;        /* photos and faces in the pixels of the pictures */
    detection_list found;
    size_t room_found, room_first;
    detection *list; /* [cells] of one picture, as the two below */
    pfld_box *boxes;
    uint32_t *keep;
    size_t cells;
} detect_val;

/* The batch's pictures, of this side, and what the maps find in them. */
pfld_status detect_val_add(detect_val *v, int size, const detect_maps *m, const scene_batch *b,
                           pfld_error *err);
/* 0..1; NaN without faces. */
pfld_status detect_val_ap(const detect_val *v, float iou, double *ap, pfld_error *err);
void detect_val_free(detect_val *v);

#endif
