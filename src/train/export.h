/* From training form to the ONNX file that inference loads. */
#ifndef TRAIN_EXPORT_H
#define TRAIN_EXPORT_H

#include "train/engine.h"

typedef struct export_facts { /* metadata, see docs/models.md; NULL: left out */
    const char *kind, *outputs, *spread, *scheme, *crop, *face, *training, *metrics, *licence;
    bool any_size; /* height and width are left open, too */
    bool angles;   /* the auxiliary net stays, its output "angles" with it */
} export_facts;

/* Without the auxiliary net (unless asked), batch normalisation folded, batch dimension open;
 * atomically. */
pfld_status export_onnx(const train_net *net, const export_facts *facts, const char *path,
                        pfld_error *err);

/* g as an ONNX file, atomically. */
pfld_status export_graph(const net_graph *g, const char *path, pfld_error *err);

/* What a byte of the crop becomes in training and, by metadata, in inference: 0..255 to -1..1. */
#define EXPORT_INPUT "rgb,-1..1"
static inline float export_input(uint8_t byte)
{
    return (2.0f / 255.0f) * (float)byte - 1.0f;
}

#endif
