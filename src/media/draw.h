/* The annotated picture: boxes, contours, points, pose axes and scores, sized to the face. */
#ifndef MEDIA_DRAW_H
#define MEDIA_DRAW_H

#include "geometry/scheme.h"
#include "media/codec.h"

typedef struct draw_options { /* zeroed: DRAW_FULL, on a picture of the same size */
    bool no_box, no_points, no_contours, no_pose, no_label, no_five;
    bool mesh;     /* triangles between the landmarks */
    float scale;   /* of the drawn picture over img; 0: 1 */
    float ellipse; /* around each landmark, of this radius (pfld_ellipse_radius()); 0: none */
} draw_options;

typedef enum draw_style {
    DRAW_FULL,    /* box, five points, contours, landmarks, axes, label */
    DRAW_MESH,    /* triangles between the landmarks, contours over them */
    DRAW_POINTS,  /* the landmarks alone */
    DRAW_MINIMAL, /* the contours alone */
    DRAW_STYLES
} draw_style;
extern const char *const draw_style_names[DRAW_STYLES + 1]; /* "full" ...; NULL behind the last */

/* Switches the parts of a face on and off; scale and ellipses stay as they are. */
void draw_set_style(draw_options *opt, draw_style style);

/*
 * A copy of img (RGB8, of the same size but for opt->scale, owned by *out; empty after a failure)
 * with the n faces drawn over it, anti-aliased. Faces are in pixels of img; lines and letters are
 * sized to the faces as drawn, so that an enlarged picture shows them as finely as a large one. s
 * tells the contours; NULL, or a scheme of another number of points than the face's: points in
 * their place. opt may be NULL. Pose: x red, y (down) green, and blue where the face looks. The
 * detector's five points are rings below the landmarks (none on a face of less than 64 pixels,
 * which they would hide), or discs where there are none. Ellipses are those of the landmarks'
 * covariances. The label is the id where the face has one, the score, and the presence in brackets;
 * then the pose, where the face is alone or large enough for so long a line. It lies above its
 * face, or below it where it would hide another. What is not finite or far outside of the picture
 * is left out. PFLD_ERR_UNSUPPORTED: a side above 32767 pixels (cairo's limit), or an enlarged
 * picture above 64 megapixels (each pixel takes 7 bytes meanwhile). PFLD_ERR_ARG: scale is no
 * number above 0.
 */
pfld_status draw_faces(const pfld_image *img, const scheme *s, const pfld_face *faces, size_t n,
                       const draw_options *opt, media_image *out, pfld_error *err);

#endif
