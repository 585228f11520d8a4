/* The options of all commands that draw faces: what is drawn of each. */
#ifndef CLI_DRAW_FIELDS_H
#define CLI_DRAW_FIELDS_H

#include "cli/options.h"
#include "media/draw.h"

typedef struct draw_fields {
    int style;      /* a draw_style; -1: not given */
    float ellipses; /* percent; 0: not given */
} draw_fields;

/* Entries of a command's table of options, whose fields hold draw_fields at this offset. */
#define DRAW_FIELDS_OPTIONS(at)                                                                    \
  {.name = "style",                                                                                \
   .kind = CLI_CHOICE,                                                                             \
   .arg = "STYLE",                                                                                 \
   .choices = draw_style_names,                                                                    \
   .field = (at) + offsetof(draw_fields, style),                                                   \
   .help = "What is drawn of a face: full (box, landmarks and their contours, the five points, "   \
           "the head's axes, label; the default), mesh (triangles between the landmarks, and the " \
           "contours), points (the landmarks alone) or minimal (the contours alone)."},            \
  {                                                                                                \
    .name = "ellipses", .kind = CLI_REAL, .arg = "PERCENT",                                        \
    .field = (at) + offsetof(draw_fields, ellipses),                                               \
    .help = "Draws around each landmark the ellipse that holds its true place so surely, as 90, "  \
            "where the model can tell."                                                            \
  }

/* The name of what was given, without the dashes; NULL: nothing. */
static inline const char *draw_fields_given(const draw_fields *f)
{
    return f->style >= 0 ? "style" : f->ellipses > 0 ? "ellipses" : NULL;
}

/* False after a message. */
bool draw_fields_check(const char *command, const draw_fields *f);

/* What draw_faces() is to draw, ellipses of this radius (0: none). */
draw_options draw_fields_options(const draw_fields *f, float radius);

#endif
