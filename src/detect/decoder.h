/* What the outputs of face detectors mean: a table of the kinds that are known. */
#ifndef DETECT_DECODER_H
#define DETECT_DECODER_H

#include <stdbool.h>
#include <stddef.h>

#include "detect/candidates.h"
#include "net/graph.h"
#include "pfld/pfld.h"

enum {
    DECODER_OUTPUTS = 12,
    DECODER_STEP = 32, /* canvases have sides of multiples of this, the coarsest stride */
};

typedef struct decoder_maps {
    const float *out[DECODER_OUTPUTS]; /* maps lie as [h][w][C] */
    int width, height;                 /* of the canvas, pixels */
} decoder_maps;

/* Gets a face in canvas pixels; its numbers may be anything. */
typedef void decoder_take(void *ctx, const detector_face *f);

typedef struct decoder {
    const char *name;
    const char *outputs[DECODER_OUTPUTS]; /* their names; NULL behind the last */
    const char *input;                    /* where the file does not say it */
    pfld_box_kind frame;                  /* how it frames a face, where the file does not say it */
    float overlap; /* IoU above which a face is taken for another one's twin */
    bool any_size; /* convolutional, though its files state one size */
    bool has_five;
    /* The shape of output i over a canvas. */
    net_shape (*shape)(size_t i, int width, int height);
    /* Calls take for every cell whose score is at least least, 0..1. */
    void (*decode)(const decoder_maps *m, float least, decoder_take *take, void *ctx);
} decoder;

/* By the names of its outputs; their places in the graph into output. NULL where no kind fits. */
const decoder *decoder_find(const net_graph *g, size_t output[DECODER_OUTPUTS]);
/* False where an output has another shape or kind than those of a canvas of this size; *wrong is
 * the first that does. */
bool decoder_fits(const decoder *d, const net_graph *g, const size_t output[DECODER_OUTPUTS],
                  int width, int height, size_t *wrong);

#endif
