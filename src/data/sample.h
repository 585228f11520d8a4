/* One labelled face, and sets of them: what every reader makes and everything else takes. */
#ifndef DATA_SAMPLE_H
#define DATA_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "geometry/scheme.h"
#include "pfld/pfld.h"

typedef enum data_class { /* the classes of eq. 2; a face can be in several */
                          DATA_PROFILE,
                          DATA_FRONTAL,
                          DATA_HEAD_UP,
                          DATA_HEAD_DOWN,
                          DATA_EXPRESSION,
                          DATA_OCCLUSION,
                          DATA_CLASSES
} data_class;

typedef enum data_flag {                     /* what the data set itself says of a face; bits */
                         DATA_FLAG_POSE = 1, /* large pose */
                         DATA_FLAG_EXPRESSION = 2,
                         DATA_FLAG_ILLUMINATION = 4,
                         DATA_FLAG_MAKE_UP = 8,
                         DATA_FLAG_OCCLUSION = 16,
                         DATA_FLAG_BLUR = 32,
} data_flag;

typedef struct data_sample {
    const char *image;    /* path; several samples may share one (and its pointer) */
    const char *where;    /* "train.csv:17": for messages */
    const scheme *scheme; /* of the points */
    pfld_point *points;   /* [scheme->n], image pixels; undefined where not known */
    uint8_t *known;       /* [scheme->n]: 1 where the data set labels the point */
    pfld_box box;         /* the data set's own, or around the known points */
    bool has_box;         /* the data set's own */
    bool has_pose;        /* pose is the data set's truth, not derived from the points */
    pfld_pose pose;       /* the truth of eq. 2: NaN until data_set_derive() or if unknown */
    uint32_t flags;       /* data_flag bits */
    uint32_t classes;     /* 1u << data_class bits, after data_set_derive() */
    float weight;         /* of the sample in the epoch, from "@W"; 1 */
    float offset; /* pixels by which the labels lie right of what they mark, as in "@1,offset=X" */
    int32_t source; /* index into data_set.sources */
} data_sample;

typedef struct data_source {
    const char *spec;    /* "300w:train.txt@2" */
    size_t n, n_skipped; /* samples; broken lines left out by skip_bad */
    uint64_t hash;       /* FNV-1a 64 of the list file's bytes: for the model's card */
} data_source;

typedef struct data_set {
    arena mem; /* owns all below but the samples array */
    data_sample *samples;
    size_t n, room;
    data_source *sources;
    size_t n_sources;
} data_set;

typedef struct data_options {
    bool skip_bad; /* leave broken lines out, counted, with a message each (the first 10) */
    void (*message)(void *ctx, const char *text); /* may be NULL */
    void *ctx;
} data_options;

/*
 * Appends the list FORMAT:PATH[@WEIGHT[,offset=X][,shift=X]]; the formats are those of
 * docs/data.md: 300w, csv68, mtfl (its training part), mtfl-test, wflw, coco, imglab, aflw2000. opt
 * may be NULL.
 *
 * The first broken line fails with file, line and reason, unless skip_bad leaves it out. A picture
 * that is missing or empty is such a line; pictures are not decoded. On failure samples and sources
 * are what they were. PFLD_ERR_ARG: the spec itself is wrong. PFLD_ERR_FORMAT: a broken list, and a
 * list of 0 faces, too.
 */
pfld_status data_set_add(data_set *set, const char *spec, const data_options *opt, pfld_error *err);
/* Of all samples' points, poses and weights: two sets of one hash train alike, if their photos do.
 * before: the hash of a set that goes before, or 0. */
uint64_t data_set_hash(const data_set *set, uint64_t before);
/* The zeroed set is empty; so is a freed one. */
void data_set_free(data_set *set);

#endif
