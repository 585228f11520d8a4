/* The options of pfld video, and which of them go together. */
#ifndef CLI_VIDEO_OPTIONS_H
#define CLI_VIDEO_OPTIONS_H

#include "cli/detect_options.h"

typedef struct video_fields {
    detect_fields d;                  /* models, and how faces are found: as in pfld detect */
    long faces;                       /* 0: not given, and so below */
    float smooth, search_every, hold; /* below 0: not given */
    const char *video;                /* to be written */
    const char *csv, *jsonl;
    int format; /* an output_format; -1: not given */
    bool blur;
    const char *crops; /* a folder */
    long crop_every, crop_size;
    bool force;
    long threads;
    bool quiet;
} video_fields;

#define VIDEO_FIELDS_START                                                                         \
  {                                                                                                \
    .d = DETECT_FIELDS_START, .smooth = -1, .search_every = -1, .hold = -1, .format = -1           \
  }

extern const cli_option video_options[];

/* False after a message about what contradicts itself or is missing. */
bool video_check(const video_fields *f, const char *in);

/* What pfld_tracker_create() is to get. */
pfld_track_options video_track_options(const video_fields *f);

#endif
