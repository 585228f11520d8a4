/* Head pose: rotation matrices, Euler angles, and weak perspective from landmarks. */
#ifndef GEOMETRY_POSE_H
#define GEOMETRY_POSE_H

#include <stdbool.h>
#include <stddef.h>

#include "geometry/scheme.h"
#include "pfld/pfld.h"

typedef struct pose_point3 { /* of the neutral face: x to the image's right, y down, z away from the
                                camera; unit: the outer eye corners' distance */
    float x, y, z;
} pose_point3;

enum { /* points of the neutral face; right and left are the subject's */
       POSE_RIGHT_EYE_OUTER,
       POSE_RIGHT_EYE_INNER,
       POSE_LEFT_EYE_INNER,
       POSE_LEFT_EYE_OUTER,
       POSE_RIGHT_BROW_INNER,
       POSE_LEFT_BROW_INNER,
       POSE_NOSE_ROOT, /* at the height of the eyes */
       POSE_NOSE_UPPER,
       POSE_NOSE_LOWER,
       POSE_NOSE_TIP,
       POSE_RIGHT_NOSTRIL,
       POSE_NOSE_BASE,
       POSE_LEFT_NOSTRIL,
       POSE_RIGHT_EYE_CENTRE, /* from here on for schemes that have nothing more rigid */
       POSE_LEFT_EYE_CENTRE,
       POSE_RIGHT_MOUTH_CORNER,
       POSE_LEFT_MOUTH_CORNER,
       POSE_NEUTRAL_COUNT
};

/* The neutral face: rigid points that schemes share. tools/measure_neutral prints the table. */
extern const pose_point3 pose_neutral[];
extern const int pose_neutral_count;

/*
 * Rotation of the neutral face, rows of a 3x3 matrix, from Euler angles in degrees, and back.
 *
 * AFLW2000-3D's (and 300W-LP's) order and signs, which are in these axes
 *     R = Rx(-pitch) Ry(yaw) Rz(roll)
 * with Rx, Ry, Rz the right-handed turns about x, y and z: pitch > 0 looks up, yaw > 0 turns
 * towards the image's left, roll > 0 is clockwise in the image. Yaw comes back within +-90; there,
 * where pitch and roll turn about the same axis, pitch is 0. A matrix of NaN gives NaN.
 */
void pose_to_matrix(const pfld_pose *pose, float r[3][3]);
pfld_pose pose_from_matrix(const float r[3][3]);

typedef struct pose_view { /* what is known of how points are seen; zeroed: nothing */
    const pfld_cov *cov;   /* [n]: of each point's error; NULL: all are alike */
    float focal;           /* the camera's focal length in pixels; 0: weak perspective */
    pfld_point centre;     /* the pixel that it looks at */
} pose_view;

/*
 * The rotation that, with one scale and one shift (weak perspective), or with one place before the
 * camera, explains best where the scheme's rigid points lie. Robust: points that are far from where
 * the others put them hardly count. A smooth function of the points and of their covariances. In
 * perspective the angles are those to the camera's axes, else to the line of sight.
 *
 * points [scheme->n], image pixels; view may be NULL. False (and NaN angles) where the scheme has
 * too few rigid points, or they coincide, lie on one line, or are not finite, or fill so much of
 * the camera's view that it would be inside the face, or where cov holds what is no covariance.
 * Allocates nothing; same points, same bits.
 */
bool pose_from_points(const scheme *s, const pfld_point *points, const pose_view *view,
                      pfld_pose *pose);

/* The same for any face: face [n] and points [n] are the same spots in 3D and in the image. n is 4
 * to PFLD_MAX_LANDMARKS, and the spots do not all lie in one plane. */
bool pose_from_pairs(const pose_point3 *face, const pfld_point *points, size_t n,
                     const pose_view *view, pfld_pose *pose);

/*
 * POSE_OPENCV     R = Rz(roll) Ry(yaw) Rx(pitch) of x right, y down, z forward: what
 *                 cv::RQDecomp3x3 and decomposeProjectionMatrix make of solvePnP's rotation, if the
 *                 object points are in the same axes (nose at negative z). Pitch > 0 looks down,
 *                 yaw > 0 turns towards the image's left, roll > 0 is clockwise.
 * POSE_MEDIAPIPE  R = Rx(pitch) Ry(yaw) Rz(roll) of x right, y up, z towards the camera, the axes
 * of its facial transformation matrix. All three signs are the opposite of ours. POSE_OPENFACE   R
 * = Rx Ry Rz of x right, y down, z away: pose_Rx, pose_Ry, pose_Rz (its RotationHelpers.h; wiki
 * "Output Format"; issues 66 and 966), but in degrees where its files have radians. Rx > 0 looks
 * down, Ry > 0 turns towards the image's left, Rz > 0 is clockwise: only the pitch has the other
 * sign.
 */
typedef enum pose_convention { POSE_OPENCV, POSE_MEDIAPIPE, POSE_OPENFACE } pose_convention;
/* The same head in another library's angles, in degrees. */
pfld_pose pose_convert(const pfld_pose *pose, pose_convention to);

#endif
