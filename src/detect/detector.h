/* A face detector at run time: pictures of any size onto canvases, through the net, to faces. */
#ifndef DETECT_DETECTOR_H
#define DETECT_DETECTOR_H

#include "core/arena.h"
#include "detect/canvas.h"
#include "detect/detect_spec.h"
#include "infer/infer.h"
#include "pfld/pfld.h"

typedef struct detector_options { /* as pfld_options, but with its defaults filled in */
    pfld_isa isa;
    int32_t max_side;
    float min_face, score_min;
} detector_options;

typedef struct detector_plan { /* the net compiled for one canvas */
    infer_net *net;
    canvas_size size;
} detector_plan;

enum { DETECTOR_PLANS = 12 };

typedef struct detector {
    const detect_spec *how;
    detector_options opt;
    detector_plan plans[DETECTOR_PLANS]; /* [n_plans]; their maps share one block of memory */
    size_t n_plans;
    detector_plan close; /* for the second look: one face */
    infer_weights weights;
    pfld_image drawn; /* [CLOSE_SIDE][CLOSE_SIDE] of the picture */
    candidates found;
    pfld_box *boxes;      /* [found.cap] */
    uint32_t *keep;       /* [PFLD_MAX_FACES] */
    detector_face *faces; /* [n] of the last search, best first */
    detector_face *other; /* [PFLD_MAX_FACES] */
    size_t n;             /* at most PFLD_MAX_FACES */
} detector;

/* g as detect_spec_resolve() left it; g and how must outlive the detector. All memory from mem. */
pfld_status detector_create(const net_graph *g, const detect_spec *how, const detector_options *opt,
                            arena *mem, detector *out, pfld_error *err);

/* One more for the second look alone, on another thread at the same time: it shares what first has
 * packed, and does not search. g and mem are first's. */
pfld_status detector_create_close(const detector *first, const net_graph *g, arena *mem,
                                  detector *out, pfld_error *err);

/* Searches a valid picture for upright faces, or turned: for those of the one of the three other
 * quarters that has the best one. The result is in d->faces. */
void detector_find(detector *d, const pfld_image *img);
void detector_find_turned(detector *d, const pfld_image *img);

/* The second look: how sure is the net of a face whose upright box is this square, turned by roll
 * degrees about its centre? 0..1. */
float detector_presence(detector *d, const pfld_image *img, const pfld_box *square, float roll);

typedef struct detector_view { /* of a face that is looked at */
    float score;               /* 0..1 */
    pfld_point five[5];        /* in the picture; NaN where the net sees no face or has no points */
} detector_view;

/* The same for four faces in that square: turned by roll, roll + 90, + 180 and + 270 degrees. */
void detector_quarters(detector *d, const pfld_image *img, const pfld_box *square, float roll,
                       detector_view out[4]);

pfld_isa detector_isa(const detector *d);

#endif
