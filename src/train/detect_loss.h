/* What a detector's maps are trained towards: which cells find which face, and the loss of that. */
#ifndef TRAIN_DETECT_LOSS_H
#define TRAIN_DETECT_LOSS_H

#include "core/pool.h"
#include "data/scene_loader.h"
#include "net/arch_detector.h"
#include "train/group.h"
#include "train/real.h"

typedef struct detect_loss detect_loss;

typedef struct detect_maps {                /* of a batch: the net's outputs, stride by stride */
    const real *predicted[DETECTOR_LEVELS]; /* [n][S/s][S/s][DETECTOR_CHANNELS] */
    real *grad[DETECTOR_LEVELS];            /* the same, out: of total */
} detect_maps;

typedef struct detect_value {
    double total;            /* what is minimised: score + 2 box + 2 five */
    double score, box, five; /* per assigned cell */
    double cells;            /* assigned, per face that is asked for */
} detect_value;

/* For batches of at most max_batch square pictures of this side. */
pfld_status detect_loss_create(size_t max_batch, int size, detect_loss **out, pfld_error *err);
void detect_loss_free(detect_loss *d);
/* Batches are shares of larger ones from now on: detect_loss_eval() is over the cells of all, and
 * returns what all processes' pictures add up to. NULL: as before. */
void detect_loss_join(detect_loss *d, const train_group *g);

/*
 * Assigns cells to faces (SimOTA of YOLOX, Ge et al. 2021): of the cells whose centre is inside the
 * face's box and within 2.5 strides of its centre (or else the nearest ones), the k of least cost:
 * the score's cross-entropy + 3 ln(1 / IoU) + a penalty for strides that don't suit the face's
 * size; k is the sum of the 10 best IoUs. Then it stays fixed for detect_loss_eval(), also what the
 * scores of these cells should be: halfway between their IoU and 1.
 */
void detect_loss_assign(detect_loss *d, const detect_maps *m, const scene_batch *b, pool *p);

/*
 * score: quality focal loss (Li et al. 2020), beta 2, of all cells, but for those in ignored boxes;
 * box: 1 - GIoU (Rezatofighi et al. 2019); five: smooth l1 of known points, in sides of the true
 * box. Over the number of assigned cells of the batch, at least 1. Fills grad. The same bits for
 * any number of threads. p may be NULL.
 */
detect_value detect_loss_eval(detect_loss *d, const detect_maps *m, const scene_batch *b, pool *p);

#endif
