/* The options of pfld detect, and which of them go together. */
#ifndef CLI_DETECT_OPTIONS_H
#define CLI_DETECT_OPTIONS_H

#include "cli/draw_fields.h"
#include "cli/inputs.h"
#include "cli/options.h"

typedef struct detect_fields {
    cli_boxes boxes;
    const char *boxes_file;
    int box_from;              /* a pfld_box_kind; -1: not given */
    const char *detector;      /* NULL: the one built in */
    float threshold, presence; /* below 0: not given */
    float min_face;            /* 0: not given, and so below */
    long max_faces, max_side;
    bool turns, no_turns, no_landmarks;
    const char *model; /* of landmarks, and what is told about it: */
    const char *scheme, *input, *landmarks;
    float crop;
    const char *list;
    bool null_ended, recursive;
    bool json;
    int format; /* an output_format; -1: not given */
    const char *results;
    bool resume, force;
    const char *picture;
    float draw_scale; /* 0: not given */
    draw_fields draw;
    long jobs;
    bool quiet;
    pfld_isa isa;
} detect_fields;

#define DETECT_FIELDS_START                                                                        \
  {                                                                                                \
    .box_from = -1, .threshold = -1, .presence = -1, .format = -1, .draw.style = -1                \
  }

extern const cli_option detect_options[];

/* The boxes come from the caller, and no face is looked for. */
static inline bool detect_has_boxes(const detect_fields *f)
{
    return f->boxes.n > 0 || f->boxes_file;
}

/* False after a message about what contradicts itself or is missing. */
bool detect_check(const detect_fields *f, const inputs_spec *in);

#endif
