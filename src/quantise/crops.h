/* Faces of a data set as a landmark net sees them: what a quantised net is calibrated on. */
#ifndef QUANTISE_CROPS_H
#define QUANTISE_CROPS_H

#include "data/sample.h"
#include "detect/spec.h"

typedef struct crops {
    uint8_t *pixels; /* [n][side][side][channels], in the net's order */
    size_t n;
    int32_t side;
    pfld_format order;
} crops; /* zeroed: empty */

/*
 * At most `most` faces, drawn evenly by the seed and kept in the set's order, each as
 * pfld_landmarks() crops it from face_box(). A photo that can't be read ends this with its name.
 */
pfld_status crops_make(const data_set *set, const spec *how, int32_t side, size_t most,
                       uint64_t seed, crops *out, pfld_error *err);
void crops_free(crops *c);

/* Crop i; its pixels are the crops'. */
pfld_image crops_at(const crops *c, size_t i);

#endif
