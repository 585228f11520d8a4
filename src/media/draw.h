/* The annotated picture: boxes, contours, points, pose axes and scores, sized to the face. */
#ifndef MEDIA_DRAW_H
#define MEDIA_DRAW_H

#include "geometry/scheme.h"
#include "media/codec.h"

typedef struct draw_options { /* zeroed: all that the face has */
    bool no_box, no_points, no_contours, no_pose, no_label, no_five;
} draw_options;

/*
 * A copy of img (RGB8, the same size, owned by *out; empty after a failure) with the n faces drawn
 * over it, anti-aliased. s tells the contours; NULL, or a scheme of another number of points than
 * the face's: points only. opt may be NULL. Pose: x red, y (down) green, and blue where the face
 * looks. The detector's five points are rings around the landmarks, or discs where there are none.
 * The label is the score, and the presence in brackets; then the pose, where the face is alone or
 * large enough for so long a line. What is not finite or far outside of the picture is left out.
 * PFLD_ERR_UNSUPPORTED: a side above 32767 pixels (cairo's limit).
 */
pfld_status draw_faces(const pfld_image *img, const scheme *s, const pfld_face *faces, size_t n,
                       const draw_options *opt, media_image *out, pfld_error *err);

#endif
