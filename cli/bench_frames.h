/* The part of pfld bench that measures whole pictures: faces found, and faces with landmarks. */
#ifndef CLI_BENCH_FRAMES_H
#define CLI_BENCH_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "cli/model.h"
#include "cli/stopwatch.h"
#include "media/codec.h"
#include "pfld/pfld.h"

enum { BENCH_FRAMES = 16 };

typedef struct bench_size {
    int32_t width, height; /* pixels */
} bench_size;

typedef struct bench_frames {
    const char *detector_path; /* NULL: the detector inside the library */
    const char *landmarks_path, *photo;
    pfld_isa isa;
    int32_t threads;              /* that read the faces found */
    bool has_detector, has_frame; /* what is to be measured */
    bench_size at[BENCH_FRAMES];  /* [n]; none: 320x240 and 640x480 */
    size_t n;
} bench_frames;

/* Adds "320x240". PFLD_ERR_ARG: it is no size, or there are too many. */
pfld_status bench_frames_add(bench_frames *f, const char *size, pfld_error *err);

/*
 * Measures what f says at each of its sizes and writes a line of JSON for each. landmarks, and its
 * multiply-adds, are for has_frame. PFLD_ERR_UNSUPPORTED, among others, where no detector was named
 * and none is inside the library.
 */
pfld_status bench_frames_run(const bench_frames *f, const pfld_model *landmarks,
                             uint64_t landmark_macs, stopwatch *watch, pfld_error *err);

#endif
