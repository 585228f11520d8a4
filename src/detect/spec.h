/* How a landmark net wants its picture and says its points: from metadata keys or options. */
#ifndef DETECT_SPEC_H
#define DETECT_SPEC_H

#include "geometry/affine.h"
#include "geometry/scheme.h"
#include "geometry/spread.h"
#include "infer/infer.h"
#include "net/graph.h"
#include "pfld/pfld.h"

typedef struct spec_input {
    pfld_format order;         /* PFLD_RGB8, PFLD_BGR8, or PFLD_GRAY8 for one channel */
    float scale[3], offset[3]; /* net's value = scale * byte + offset, channels in that order */
} spec_input;

typedef struct spec {
    const scheme *points;
    spec_input input;
    crop_rule crop;
    bool roll;     /* the crop turns with the face, where it is known how that is turned */
    size_t output; /* index of the graph's output that holds the landmarks */
    bool has_spread;
    size_t
        spread; /* of the one that says how far off they may be: 3N numbers (geometry/spread.h) */
    spread_rule rule;
} spec;

/* The same for the engine. */
infer_pixels spec_pixels(const spec_input *input);

/*
 * "ORDER,RANGE" as pfld_model_options.input says; channels is that of the net (1 or 3).
 * PFLD_ERR_ARG, naming what is wrong, else.
 */
pfld_status spec_parse_input(const char *text, int channels, spec_input *out, pfld_error *err);

/* The value of pfld.crop or pfld.face: "1.1" or "scale=1.1 shift=0,0.05 roll=five", where shift and
 * roll (five, the default, or none) may be missing. PFLD_ERR_FORMAT, naming key, else. */
pfld_status spec_parse_square(const char *key, const char *text, crop_rule *out, bool *roll,
                              pfld_error *err);

/* The input that the caller gives, else that of the metadata, else otherwise: PFLD_ERR_ARG where
 * given is wrong, _FORMAT where the file is. */
pfld_status spec_resolve_input(const net_graph *g, const char *given, const char *otherwise,
                               spec_input *out, pfld_error *err);

/* All facts about g, whose shapes are known: opt (may be NULL) overrides the metadata, which
 * overrides the defaults. The only input must be [1][1 or 3][S][S]. PFLD_ERR_ARG where opt is
 * wrong, _FORMAT or _UNSUPPORTED where the file is. */
pfld_status spec_resolve(const net_graph *g, const pfld_model_options *opt, spec *out,
                         pfld_error *err);

#endif
