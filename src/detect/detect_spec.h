/* How a face detector wants its picture and frames its faces: from metadata keys or options. */
#ifndef DETECT_DETECT_SPEC_H
#define DETECT_DETECT_SPEC_H

#include "detect/decoder.h"
#include "detect/spec.h"

typedef struct detect_spec {
    const decoder *kind;
    spec_input input;
    size_t output[DECODER_OUTPUTS]; /* indices of the graph's outputs, as kind names them */
    crop_rule face; /* from the longer side and the centre of its box to the landmarks' square */
    bool roll;      /* the five points say how the face is turned */
    bool fixed;     /* the canvas has the size of the graph's input and no other */
} detect_spec;

/* True for a graph, as read, that says that it is a detector or has the outputs of a known one. */
bool detect_spec_is_detector(const net_graph *g);

/*
 * Makes g, as read, a folded one of a closed input, and finds all facts about it. given: as
 * pfld_model_options.input, or NULL. PFLD_ERR_ARG where given is wrong, else _FORMAT or
 * _UNSUPPORTED or _NOMEM.
 */
pfld_status detect_spec_resolve(net_graph *g, const char *given, detect_spec *out, pfld_error *err);

#endif
