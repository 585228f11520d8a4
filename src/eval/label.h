/* Labels that models give to faces: means over models, mirrors and boxes, and how far these agree.
 */
#ifndef EVAL_LABEL_H
#define EVAL_LABEL_H

#include "data/sample.h"
#include "pfld/pfld.h"

#define LABEL_MAX_MODELS 8
#define LABEL_MAX_DRAWS  16

typedef struct label_options {
    const pfld_model *models[LABEL_MAX_MODELS]; /* [n_models], all of one scheme */
    size_t n_models;
    size_t draws; /* boxes for each face, 1..LABEL_MAX_DRAWS: the first its own, the others moved */
    float jitter; /* by up to so much of its longer side, and scaled by 1 +- so much */
    /* A face is kept whose spread and off are no larger, in percent as below, and whose outer eye
     * corners are not closer together, in pixels. */
    float spread, off, smallest;
    float blend;    /* 0..1: how much the data set's own points count, where they are known */
    size_t threads; /* at least 1 */
    pfld_isa isa;
    uint64_t seed;
    void (*message)(void *ctx,
                    const char *text); /* of photos that fail, the first 10; may be NULL */
} label_options;

typedef struct label_face {
    const data_sample *sample;
    pfld_status status; /* of its photo and box; what follows counts where it is PFLD_OK */
    bool kept;
    pfld_point points[PFLD_MAX_LANDMARKS];
    double ocular; /* outer eye corners' distance, pixels */
    /* Percent of ocular: the mean distance of the single answers from their mean; the mean distance
     * from the data set's points, or, of another scheme, from its eyes, nose tip and mouth corners;
     * NaN where it labels none of them. */
    double spread, off;
    double lean; /* the same unit: how far answers lie right of the mirrored photo's, halved */
} label_face;

typedef struct label_run {
    label_face *faces; /* [n], in the set's order */
    size_t n;
    const scheme *scheme;
    /* Mean of lean over the faces kept: by so much of ocular all points lie to the right of what
     * they mark, as the labels did that the models learned from (docs/data.md). */
    double lean;
} label_run; /* zeroed: empty */

/*
 * Runs every model on each face's photo and on its mirror image, in boxes of face_box(). The points
 * are the mean of these, moved right by run->lean, so that they are labels of the kind that the
 * models had; with blend, moved so far towards the set's own points, which are taken to lie right
 * by their sample's offset. Same results for any threads. Photos that can't be read, and boxes
 * beside them, get a status. PFLD_ERR_ARG: models of several schemes; draws or numbers out of
 * range; no faces.
 */
pfld_status label_run_models(const data_set *set, const label_options *opt, label_run *out,
                             pfld_error *err);
void label_run_free(label_run *r);

#endif
