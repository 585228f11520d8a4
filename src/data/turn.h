/* Turns the face of a photo further to the side: new points, and the photo warped by a mesh. */
#ifndef DATA_TURN_H
#define DATA_TURN_H

#include "core/rng.h"
#include "data/facepose.h"
#include "data/turn_mesh.h"
#include "geometry/affine.h"

typedef struct turn_angles { /* degrees, about the head's own axes, as those of pfld_pose */
    float yaw, pitch;
} turn_angles;

typedef struct turn_vertex { /* of the mesh */
    pfld_point from, to;     /* in the photo, and in the plane of the photo as it becomes */
    float depth;             /* there, pixels */
} turn_vertex;

typedef struct turned_face {
    data_sample sample; /* as it becomes; its points are the array below */
    pfld_point points[68];
    turn_vertex vertex[TURN_VERTICES];
} turned_face;

/* By how much more, so that the yaw is far from the camera afterwards: evenly, to the side to which
 * the face is turned already, a frontal one to either. */
turn_angles turn_draw(const pfld_pose *pose, rng *r);

/* Not where not all 68 points of ibug68 are known and finite, s has no pose, or the face is turned
 * by more than 75 degrees already. */
bool turn_suits(const data_sample *s, const face_template *face);

/*
 * False, and *out undefined, where turn_suits() is false. Inner points stay where they are on the
 * head, hidden or not; those of the jaw on the far side slide to the cheek's contour, as annotators
 * mark it. Allocates nothing.
 */
bool turn_face(const data_sample *s, const face_template *face, const turn_angles *by,
               turned_face *out);

/* Formats of photos that turn_paint() takes: RGB8 and GRAY8. */
bool turn_paints(pfld_format format);
/* crop (RGB8) as image_warp() would fill it from the photo as it becomes, by to_plane; view is the
 * photo as it is, which from_photo leads to. */
void turn_paint(const turned_face *t, const affine *to_plane, const pfld_image *view,
                const affine *from_photo, pfld_image *crop);

#endif
