/* The pose truth of eq. 2, the classes of a face, and their weights. */
#ifndef DATA_FACEPOSE_H
#define DATA_FACEPOSE_H

#include "data/sample.h"
#include "geometry/pose.h"

#define TEMPLATE_RIGID 11 /* the paper's number of landmarks */

typedef struct face_template { /* the mean frontal face, ibug68, unit: outer eye corners' distance
                                */
    pose_point3 points[68];    /* x right, y down, z away from the camera */
} face_template;

/*
 * The mean of the frontal training faces (yaw and pitch within 10 degrees), their mirror images
 * included, with depth from a weak-perspective factorisation of all of them (DESIGN.md 5); only
 * ibug68 samples with all 68 points known are used, by their weights. Symmetric; the origin lies
 * between the outer eye corners. Yaw and roll 0 follow from the symmetry; pitch 0 is where the
 * rigid points lie nearest to geometry/pose's neutral face (least squares over turns about x), so
 * that it is AFLW2000-3D's. PFLD_ERR_FORMAT: too few faces, too few frontal, or too few that are
 * turned.
 */
pfld_status face_template_build(const data_set *set, face_template *out, pfld_error *err);
/* CSV: "point,x,y,z", then 68 lines, point counted from 0. "-" is stdout and stdin. */
pfld_status face_template_write(const face_template *t, const char *path, pfld_error *err);
pfld_status face_template_read(const char *path, face_template *out, pfld_error *err);

/* The 11 points (ibug68 indices) and why they are rigid: see facepose.c. */
extern const uint8_t face_rigid[TEMPLATE_RIGID];

/*
 * Fills pose (where the file has none) and classes of every sample. t NULL: the table of
 * geometry/pose, at the same points.
 *
 * The pose comes from the 11 points where the scheme has them and they are known, else from those
 * that correspond, with the inner ends of the brows where there are too few without (aflw19). It is
 * NaN for `five`, whose pose leans on the corners of the mouth (pitch 3.6 degrees off on average),
 * and where fewer than five points, or points of almost one plane, are left. Classes take the five
 * points' pose too: they are but weights.
 */
void data_set_derive(data_set *set, const face_template *t);

typedef struct class_weights {
    size_t count[DATA_CLASSES], total; /* faces in each class */
    double share[DATA_CLASSES];        /* of the faces; a face can be in several */
    double none;                       /* share of the faces that are in none */
    float weight[DATA_CLASSES];        /* inverse of the share, scaled: mean over the set is 1 */
} class_weights;

/* Call data_set_derive() before. Each sample counts once, whatever its weight. */
void class_weights_of(const data_set *set, class_weights *out);
/* Once, after class_weights_of(): counts in that augmentation is going to turn this part (0..1) of
 * the faces to the side (data/turn.h); the mean of the weights is then 1 over the faces so turned.
 * That a few look more or less up then is not counted. */
void class_weights_turn(class_weights *w, double part);
/* Once, after these: counts in that augmentation is going to paint an occlusion over
 * this part (0..1) of the faces; the mean of the weights is then 1 over the augmented faces. */
void class_weights_paint(class_weights *w, double part);
/* Sum over the sample's classes of their weights (eq. 2's sum over c); 1, the mean, for a face in
 * no class. Never 0. */
float class_weight(const class_weights *w, uint32_t classes);

extern const char *const data_class_names[DATA_CLASSES];

#endif
